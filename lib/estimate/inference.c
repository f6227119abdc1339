/* The metrics of serving and generating: times by cause, memory, money. Knows no formula of a
 * pass or of a load. */
#include "estimate/pass.h"

/* What a pass, and what comes to it from other requests, spends most on. */
static lanes largest(const struct pass *pass, lanes interference, lanes draft)
{
    const lanes bound[BOUNDS] = {
        [BOUND_BANDWIDTH] = pass->reading,
        [BOUND_PRODUCTS] = pass->matmul + pass->head + pass->expert + pass->attention - pass->reading,
        [BOUND_FIXED] = pass->fixed + pass->launch,
        [BOUND_COMMUNICATION] = pass->tensor + pass->exchange,
        [BOUND_PREFILL] = interference,
        [BOUND_DRAFT] = draft,
    };
    lanes best = bound[0], which = ONE;
    for (int i = 1; i < BOUNDS; i++) {
        which = lanes_select(bound[i] > best, lanes_of(i + 1.0), which);
        best = lanes_max(bound[i], best);
    }
    return which;
}

/* The time between two tokens by cause; together they are the whole. */
static void put_causes(const struct job *job, const struct split *at, const lanes e[TARGETS],
                       const struct answer *a, lanes out[METRICS])
{
    const struct pass *pass = &a->decode;
    lanes steps = tokens_per_step(e), share = 1 / steps, draft = pass_total(pass) * drafting(e);
    out[SPEEDUP_METRIC_TIME_MATMUL] = pass->matmul * share;
    out[SPEEDUP_METRIC_TIME_HEAD] = pass->head * share;
    out[SPEEDUP_METRIC_TIME_EXPERT] = pass->expert * share;
    out[SPEEDUP_METRIC_TIME_ATTENTION] = pass->attention * share;
    out[SPEEDUP_METRIC_TIME_TENSOR] = pass->tensor * share;
    out[SPEEDUP_METRIC_TIME_EXCHANGE] = pass->exchange * share;
    out[SPEEDUP_METRIC_TIME_FIXED] = pass->fixed * share;
    out[SPEEDUP_METRIC_TIME_LAUNCH] = pass->launch * share;
    out[SPEEDUP_METRIC_TIME_DRAFT] = draft * share;
    out[SPEEDUP_METRIC_TIME_INTERFERENCE] = a->interference;
    out[SPEEDUP_METRIC_DECODE_BOUND] = largest(pass, a->interference * steps, draft);
    out[SPEEDUP_METRIC_PREFILL_BOUND] = largest(&a->prefill, ZERO, ZERO);
    lanes passes = micro_batches(at, a->batch) / at->p; /* of a stage, in the time of one */
    out[SPEEDUP_METRIC_BANDWIDTH_USED] = passes * pass->bytes / pass_total(pass) / job->bandwidth;
}

/* Money and energy of a million tokens. A request's share of the accelerators' time
 * goes to its prompt for the time of its prefill, and to its output for the rest; a pool
 * of its own for prefill goes to prompts. */
static void put_money(const struct job *job, const struct split *at, const lanes v[VARIABLES],
                      const struct answer *a, lanes out[METRICS])
{
    const struct inference *m = &job->inference;
    lanes request = V(ACCELERATORS) / out[SPEEDUP_METRIC_REQUESTS_PER_SECOND]; /* accelerator-seconds */
    lanes prompt = lanes_min(a->prompt_stage * at->n * at->p, request);
    if (m->front.accelerators > 0)
        prompt = request * (m->front.accelerators / V(ACCELERATORS));
    double watts = inference_watts(job);
    lanes input = prompt / m->prompt * 1e6, output = (request - prompt) / m->output * 1e6;
    inference_money(job, request, out);
    out[SPEEDUP_METRIC_COST_INPUT] = input / 3600 * job->price;
    out[SPEEDUP_METRIC_COST_OUTPUT] = output / 3600 * job->price;
    out[SPEEDUP_METRIC_ENERGY_INPUT] = input * watts;
    out[SPEEDUP_METRIC_ENERGY_OUTPUT] = output * watts;
}

static void put_times(const struct job *job, const struct split *at, const lanes v[VARIABLES],
                      const struct answer *a, lanes out[METRICS])
{
    const struct inference *m = &job->inference;
    lanes ranks = at->d * at->copies, requests = a->requests * ranks;
    /* What is served to a search's last digits is served: layouts that serve one rate cost the same. */
    lanes off = requests - m->request_rate, close = lanes_of(10 * SETTLED_SHARE * m->request_rate);
    requests = lanes_select((off <= close) & (off >= -close), lanes_of(m->request_rate), requests);
    out[SPEEDUP_METRIC_TIME_TO_FIRST_TOKEN] = a->first;
    out[SPEEDUP_METRIC_TIME_PER_OUTPUT_TOKEN] = a->token;
    out[SPEEDUP_METRIC_REQUEST_SECONDS] = a->in_flight / a->requests;
    out[SPEEDUP_METRIC_PREFILL_SECONDS] = a->prompt;
    out[SPEEDUP_METRIC_DECODE_SECONDS] = a->step;
    out[SPEEDUP_METRIC_LONGEST_GAP] = a->gap;
    out[SPEEDUP_METRIC_QUEUE_SECONDS] = a->queue;
    out[SPEEDUP_METRIC_BATCH] = a->batch * ranks;
    out[SPEEDUP_METRIC_OCCUPANCY] = a->batch / a->in_flight * a->occupied;
    out[SPEEDUP_METRIC_REQUESTS_PER_SECOND] = requests;
    out[SPEEDUP_METRIC_TOKENS_PER_SECOND] = requests * m->output;
    out[SPEEDUP_METRIC_TOKENS_PER_SECOND_PER_ACCELERATOR] = requests * m->output / V(ACCELERATORS);
}

/* Times that a share of the requests does not exceed, log-normal with a mean and a deviation. */
static void put_percentiles(const struct answer *a, lanes out[METRICS])
{
    const struct {
        int mean, first; /* metrics: the first of three shares */
        lanes spread;
    } times[] = {
        {SPEEDUP_METRIC_TIME_TO_FIRST_TOKEN, SPEEDUP_METRIC_TIME_TO_FIRST_TOKEN_P50, a->spread},
        {SPEEDUP_METRIC_TIME_PER_OUTPUT_TOKEN, SPEEDUP_METRIC_TIME_PER_OUTPUT_TOKEN_P50, a->token_spread},
        {SPEEDUP_METRIC_REQUEST_SECONDS, SPEEDUP_METRIC_REQUEST_SECONDS_P50, a->life_spread},
    };
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        lanes ratio = times[i].spread / out[times[i].mean], square = 1 + ratio * ratio, median = out[times[i].mean] / lanes_root(square);
        lanes sigma, nine;
        LANES_EACH(sigma, sqrt(log(square[lane_])));
        LANES_EACH(nine, exp(1.2815515655446004 * sigma[lane_]));
        out[times[i].first] = median;
        out[times[i].first + 1] = median * nine;
        LANES_EACH(nine, exp(2.3263478740408408 * sigma[lane_]));
        out[times[i].first + 2] = median * nine;
    }
}

/* Peak memory with the sequences that run; with none, that of one that does not fit. */
static void put_memory(const struct job *job, const struct memory *memory, lanes running, lane_mask fits, lane_mask told,
                       lanes out[METRICS])
{
    lanes kept = memory->sequence * running, peak = memory->weights + memory->runtime + kept;
    lanes headroom = job->memory - peak; /* of a full cache 0, however it was rounded */
    out[SPEEDUP_METRIC_MEMORY_HEADROOM] = lanes_select(fits, lanes_max(headroom, ZERO), lanes_min(headroom, lanes_of(-1.0)));
    out[SPEEDUP_METRIC_FITS] = lanes_select(fits, ONE, ZERO);
    out[SPEEDUP_METRIC_MEMORY_WEIGHTS] = memory->weights;
    out[SPEEDUP_METRIC_MEMORY_RUNTIME] = memory->runtime;
    out[SPEEDUP_METRIC_MEMORY_KV] = kept;
    out[SPEEDUP_METRIC_MEMORY_PEAK] = peak;
    out[SPEEDUP_METRIC_MEMORY_NEEDED] = peak;
    out[SPEEDUP_METRIC_MEMORY_SIGMA] = lanes_of(C(MEMORY_SIGMA));
    /* An engine gives its cache what is left over: it is short of memory when one
     * sequence does not fit, a static batch when the batch does not. */
    lanes beside = lanes_select(told, memory->runtime, lanes_of(least_runtime(job)));
    lanes needed = memory->weights + beside + (job->inference.serving ? memory->sequence : kept), p;
    double sigma = C(MEMORY_SIGMA);
    /* Beyond six standard deviations it is nothing, and would be a number too small to be fast. */
    lanes spare = job->memory / needed;
    double enough = exp(6 * sigma * sqrt(2.0));
    LANES_EACH(p, spare[lane_] > enough ? 0 : 0.5 * erfc(log(spare[lane_]) / (sigma * sqrt(2.0))));
    out[SPEEDUP_METRIC_OUT_OF_MEMORY] = p;
}

/* Nothing is said of a configuration that cannot be, but how much it lacks. */
static void withhold(lane_mask fits, lanes out[METRICS])
{
    if (lanes_all(fits))
        return;
    for (int i = 0; i < METRICS; i++) {
        bool said = (i >= SPEEDUP_METRIC_MEMORY_PEAK && i <= SPEEDUP_METRIC_OUT_OF_MEMORY) || i == SPEEDUP_METRIC_MAX_CONCURRENCY ||
                    i == SPEEDUP_METRIC_MEMORY_SIGMA || i >= SPEEDUP_METRIC_CACHE_BYTES || i == SPEEDUP_METRIC_PREFILL_MEMORY || i == SPEEDUP_METRIC_MEMORY_NEEDED;
        if (!said)
            out[i] = lanes_select(fits, out[i], ZERO);
    }
}

/* What is told of two pools, and of the one that lacks memory. */
static void put_pools(const struct pool *pool, const struct answer *a, struct memory *memory, lanes out[METRICS])
{
    /* One prompt in prefill, and those that are on their way. */
    lanes prompts = lanes_max(1 + a->requests / pool->share * pool->transfer, ONE);
    lane_mask holds = pool->memory.capacity >= 1;
    out[SPEEDUP_METRIC_PREFILL_UTILIZATION] = pool->in_use;
    out[SPEEDUP_METRIC_DECODE_UTILIZATION] = a->requests / pool->other_most;
    out[SPEEDUP_METRIC_PREFILL_QUEUE_SECONDS] = pool->wait;
    out[SPEEDUP_METRIC_TRANSFER_SECONDS] = pool->transfer;
    out[SPEEDUP_METRIC_TRANSFER_BYTES] = pool->bytes;
    out[SPEEDUP_METRIC_PREFILL_MEMORY] = pool->memory.weights + pool->memory.runtime + prompts * pool->memory.sequence;
    memory->weights = lanes_select(holds, memory->weights, pool->memory.weights);
    memory->runtime = lanes_select(holds, memory->runtime, pool->memory.runtime);
    memory->sequence = lanes_select(holds, memory->sequence, pool->memory.sequence);
    memory->capacity = lanes_select(holds, memory->capacity, pool->memory.capacity);
}

void inference_answer(const struct job *job, const lanes v[VARIABLES], const lanes e[TARGETS], lanes out[METRICS])
{
    const struct inference *m = &job->inference;
    const struct front *f = &m->front;
    struct split at = {.n = V(TENSOR), .d = V(ATTENTION_DATA), .p = V(PIPELINE), .copies = V(DATA)};
    struct memory memory;
    struct answer a;
    struct pool pool, *front = f->accelerators > 0 ? &pool : NULL;
    prepare(job, e, &at);
    lanes ranks = at.d * at.copies, asked = V(CONCURRENCY) / ranks;
    lanes output = m->serving ? lanes_of(C(RESERVE_OUTPUT) * m->output * m->output_spread) : m->output + beyond_mean(job, asked);
    lanes taken = m->serving ? engine_room(job, e) : lanes_of(job->memory), others = job->memory - taken; /* what an engine leaves */
    hold(job, &at, e, taken, m->prompt + output, &memory);
    memory.runtime += others;
    if (front) {
        pool.at = (struct split){.n = lanes_of(f->tensor), .d = lanes_of(f->attention_data), .p = lanes_of(f->pipeline)};
        pool.at.copies = lanes_of(f->accelerators / (f->tensor * f->attention_data * f->pipeline));
        prepare(job, e, &pool.at);
        hold(job, &pool.at, e, taken, lanes_of(m->prompt), &pool.memory);
        pool.memory.runtime += others;
    }
    if (m->serving) {
        const struct split *where = front ? &pool.at : &at;
        /* Chunks share the weights that decode steps read. */
        prefill(job, where, e, ONE, ONE, ZERO, &a.prefill);
        a.chunks = lanes_ceil(prompt_chunks(job, e));
        lanes whole = pipelined(job, where, e, a.chunks, ONE);
        a.prompt = pass_total(&a.prefill) * whole;
        a.prompt_stage = pass_total(&a.prefill) / where->p;
        a.passage = whole * where->p;
        a.company = ONE;
        a.bring = front ? ZERO : lanes_min(E(BATCHING), ONE);
        a.arrivals = lanes_of(m->prompt_spread - 1 + (m->request_rate > 0 ? 1 / m->burstiness : C(ARRIVAL_SPREAD)));
        if (front) {
            prepare_pool(job, &at, v, e, &a, &pool);
            two_pools(job, &at, e, asked, m->request_rate, &memory, &pool, &a);
        } else {
            if (m->request_rate > 0)
                open_loop(job, &at, e, m->request_rate / ranks, &memory, &a);
            else
                closed_loop(job, &at, e, asked, &memory, &a);
            a.wanted = a.in_flight;
            a.gap = a.step + lanes_max(a.prompt / a.chunks * a.bring, a.interference);
        }
    } else {
        static_batch(job, &at, e, asked, &a);
    }
    put_times(job, &at, v, &a, out);
    put_causes(job, &at, e, &a, out);
    put_money(job, &at, v, &a, out);
    if (m->serving)
        deviations(job, &at, e, &a);
    else
        a.spread = a.token_spread = a.life_spread = ZERO;
    put_percentiles(&a, out);
    if (m->first_target > 0 || m->token_target > 0)
        load_at_targets(job, &at, e, &memory, front, a, out);
    if (front)
        put_pools(&pool, &a, &memory, out);
    lanes running = front ? a.batch : m->serving ? lanes_min(a.in_flight, memory.most) : a.in_flight;
    running = lanes_max(lanes_select(memory.capacity < 1, ONE, running), ONE);
    lane_mask fits = memory.capacity >= running;
    put_memory(job, &memory, running, fits, E(ENGINE_SHARE) > 0, out);
    lanes cache = lanes_max(memory.cache, ZERO);
    out[SPEEDUP_METRIC_CACHE_BYTES] = cache;
    out[SPEEDUP_METRIC_CACHE_TOKENS] = lanes_max(memory.tokens, ZERO) * at.d;
    out[SPEEDUP_METRIC_LONGEST_REQUEST] = longest_sequence(job, &at, e, cache);
    lanes room = lanes_floor(lanes_min(lanes_select(memory.capacity >= 1, memory.capacity, ZERO), lanes_of(1e12)) * ranks);
    lanes served = out[SPEEDUP_METRIC_REQUESTS_PER_SECOND];
    lanes load = m->request_rate > 0 ? m->request_rate / served : a.wanted / memory.most;
    /* A rate that is not served lets the queue grow without end: there is no mean wait. */
    lane_mask lasting = m->request_rate > 0 ? load <= 1.01 : ONE > ZERO, met = fits & lasting;
    static const uint8_t waits[] = {SPEEDUP_METRIC_TIME_TO_FIRST_TOKEN,     SPEEDUP_METRIC_TIME_TO_FIRST_TOKEN_P50, SPEEDUP_METRIC_TIME_TO_FIRST_TOKEN_P90,
                                    SPEEDUP_METRIC_TIME_TO_FIRST_TOKEN_P99, SPEEDUP_METRIC_REQUEST_SECONDS,         SPEEDUP_METRIC_REQUEST_SECONDS_P50,
                                    SPEEDUP_METRIC_REQUEST_SECONDS_P90,     SPEEDUP_METRIC_REQUEST_SECONDS_P99,     SPEEDUP_METRIC_QUEUE_SECONDS};
    for (size_t i = 0; i < sizeof waits / sizeof *waits; i++)
        out[waits[i]] = lanes_select(lasting, out[waits[i]], ZERO);
    if (m->first_target > 0)
        met &= a.first <= lanes_of(m->first_target);
    if (m->token_target > 0)
        met &= a.token <= lanes_of(m->token_target);
    out[SPEEDUP_METRIC_MAX_CONCURRENCY] = room;
    out[SPEEDUP_METRIC_LOAD] = load;
    out[SPEEDUP_METRIC_MEETS_TARGETS] = lanes_select(met, ONE, ZERO);
    out[SPEEDUP_METRIC_TIME_SIGMA] = lanes_of(m->decode_sigma);
    out[SPEEDUP_METRIC_ENERGY_SIGMA] = lanes_of(m->decode_sigma);
    out[SPEEDUP_METRIC_FIRST_TOKEN_SIGMA] = lanes_of(m->first_sigma);
    withhold(fits, out);
}
