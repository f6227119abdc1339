/* Prefill, decode, a serving engine in steady state and a static batch: times,
 * memory and money. Knows layouts and rates, but no optimization, model, engine or
 * chip by name.
 *
 * Symbols: T tokens of a step on a rank, B sequences that decode at once on a rank of
 * attention, S tokens of a sequence in the cache; n tensor-parallel degree, d ranks
 * that share the batch of attention out among them, p pipeline stages; L layers, h
 * hidden width. Times in seconds, sizes in bytes, rates per second. What the
 * coefficients (c[]) are and how they were found stands in data/coefficients. */
#include "estimate/job.h"

#define C(name) (job->c[COEFFICIENT_##name])
#define E(name) (e[TARGET_##name])
#define V(name) (v[VARIABLE_##name])

#define ZERO lanes_of(0.0)
#define ONE lanes_of(1.0)

/* What binds, as the metrics number it. */
enum { BOUND_BANDWIDTH, BOUND_PRODUCTS, BOUND_FIXED, BOUND_COMMUNICATION, BOUND_PREFILL, BOUND_DRAFT, BOUNDS };

/* How the entries of the ledger scale the products of a pass. */
struct scale {
    lanes bytes, work, expert_work, vector; /* vector: 1 in a decode step */
};

/* A collective: seconds whatever it carries, and for each byte of one rank's tokens. */
struct wire {
    lanes fixed, byte;
};

/* How a layout splits the work, and what does not change between its rounds. */
struct split {
    lanes n, d, p, ranks;     /* ranks: of one copy of the model in one stage */
    lanes copies;
    lanes of_n, of_ranks;     /* a rank's share */
    struct wire reduce, exchange; /* of all layers */
    struct scale decode;
    lanes cache_bytes, cache_seconds, cache_work; /* of one sequence in a decode step, and of one query of it */
    lanes fixed;              /* time of a step that does not follow from its tokens */
};

/* What a pass over all layers costs, by cause. */
struct pass {
    lanes matmul, head, expert, attention, tensor, exchange, fixed, launch;
    lanes reading; /* of all these, what memory bandwidth binds */
    lanes bytes;   /* read from memory on a rank */
};

/* Reading and computing overlap; a smooth maximum is what shows. */
static lanes overlapped(lanes read, lanes work, struct pass *pass)
{
    lanes seconds = lanes_root(read * read + work * work);
    pass->reading += lanes_select(read >= work, seconds, ZERO);
    return seconds;
}

/* Linear layers in one format: `share` is the parameters that a rank has of them. */
static lanes product(const struct format *format, lanes share, lanes tokens, const struct scale *scale, struct pass *pass)
{
    pass->bytes += share * format->bytes * scale->bytes;
    lanes work = tokens * share * (format->work * scale->work) + share * (format->vector * scale->vector);
    return overlapped(share * (format->read * scale->bytes), work, pass);
}

static void linear_layers(const struct job *job, const struct split *at, lanes tokens, const struct scale *scale,
                          struct pass *pass)
{
    const struct inference *m = &job->inference;
    lanes attention = m->attention * at->of_n + m->replicated, feed_forward = m->feed_forward * at->of_n;
    if (m->one_format)
        pass->matmul = product(&m->feed_forward_format, attention + feed_forward, tokens, scale, pass);
    else
        pass->matmul = product(&m->attention_format, attention, tokens, scale, pass) +
                       product(&m->feed_forward_format, feed_forward, tokens, scale, pass);
}

static void vocabulary_head(const struct job *job, const struct split *at, lanes tokens, const struct scale *scale,
                            struct pass *pass)
{
    const struct inference *m = &job->inference;
    lanes router = lanes_of(m->router * 2 / (job->bandwidth * C(BANDWIDTH_FRACTION)));
    pass->head = product(&m->head_format, m->head * at->of_n, tokens, scale, pass) + router;
    pass->reading += router;
}

/* Distinct experts that tokens x active draws meet. Routing is uneven: draws follow a
 * negative binomial of shape a, which is even for large a. */
static lanes experts_met(const struct job *job, lanes tokens)
{
    const struct inference *m = &job->inference;
    double a = C(ROUTE_SHAPE);
    lanes draws = tokens * m->active, base = 1 + draws / (m->experts * a), missed;
    LANES_EACH(missed, pow(base[lane_], -a));
    return lanes_max(lanes_min(lanes_of(m->active), draws), m->experts * (1 - missed));
}

/* Routed experts, spread over all ranks: weights of those met, and rows of tiles that
 * are partly filled, for every one. `tokens` are those of all ranks. */
static void routed_experts(const struct job *job, const struct split *at, lanes tokens, const struct scale *scale,
                           struct pass *pass)
{
    const struct inference *m = &job->inference;
    pass->expert = ZERO;
    if (m->experts <= 0)
        return;
    lanes met = experts_met(job, tokens), one = m->expert_layers * m->expert * at->of_ranks;
    lanes read = met * one * m->expert_format.read * scale->bytes;
    lanes rows = tokens * m->active + C(TILE_ROWS) * met;
    pass->bytes += met * one * m->expert_format.bytes * scale->bytes;
    pass->expert = overlapped(read, rows * one * m->expert_format.work * scale->expert_work, pass);
}

/* A ring in graphs: a fixed time, one for every further rank, (m-1)/m of the bytes
 * over the link; beyond the scale-up domain a step between domains on top. */
static struct wire collective(const struct job *job, double times, lanes ranks, lanes span, lanes bytes)
{
    lanes inside = lanes_min(ranks, lanes_of(job->domain)), far = span / job->domain;
    double network = job->network / job->node * job->domain * C(REDUCE_NETWORK);
    lane_mask any = ranks > 1, leaves = any & (far > 1);
    lanes fixed = C(REDUCE_FIXED) + C(REDUCE_RANK) * (inside - 1) + lanes_select(leaves, lanes_of(C(REDUCE_NODE)), ZERO);
    lanes byte = (inside - 1) / inside / (job->link * C(REDUCE_LINK)) + lanes_select(leaves, (far - 1) / far / network, ZERO);
    return (struct wire){lanes_select(any, times * fixed, ZERO), lanes_select(any, times * byte * bytes, ZERO)};
}

/* Two all-reduces a layer (arXiv 1909.08053, sec. 3), each moving its bytes twice.
 * Attention ranks with batches of their own gather all tokens before the experts and
 * scatter the sums after them. */
static void prepare_collectives(const struct job *job, const lanes e[TARGETS], struct split *at)
{
    const struct inference *m = &job->inference;
    at->reduce = collective(job, 2 * m->layers, at->n, at->n, 2 * E(TENSOR_BYTES));
    at->exchange = collective(job, 2 * m->expert_layers, at->d, at->ranks, at->d * E(EXPERT_COMM_BYTES));
}

/* What of a communication stays visible when a share of it may hide behind work. */
static lanes exposed(lanes communication, lanes overlap, lanes work)
{
    return lanes_max(communication - overlap * work, communication * (1 - lanes_min(overlap, ONE)));
}

static void communication(const struct job *job, const struct split *at, const lanes e[TARGETS], lanes tokens,
                          struct pass *pass)
{
    lanes bytes = tokens * (job->model->hidden * 2), work = pass->matmul + pass->expert + pass->attention;
    pass->tensor = exposed(at->reduce.fixed + bytes * at->reduce.byte, E(TENSOR_OVERLAP), work);
    pass->exchange = exposed(at->exchange.fixed + bytes * at->exchange.byte, E(EXPERT_OVERLAP), work);
}

/* Time that does not follow from the tokens of a step: latency of kernels, of
 * quantizing activations, of the host's step. */
static lanes fixed_seconds(const struct job *job, const lanes e[TARGETS])
{
    const struct inference *m = &job->inference;
    lanes quantize = m->layers * m->attention_products * E(QUANTIZE_ATTENTION) +
                     2 * m->dense_layers * E(QUANTIZE_FEED_FORWARD) + 2 * m->expert_layers * E(QUANTIZE_EXPERT);
    lanes layers = m->layer_seconds * E(LAYER_SECONDS) + quantize + m->expert_layers * E(EXPERT_SECONDS);
    return layers * C(LAYER_LATENCY) + C(DECODE_STEP);
}

/* Bytes of cache that one sequence of S tokens keeps on a rank. */
static lanes cache_of_sequence(const struct job *job, const struct split *at, lanes S)
{
    const struct inference *m = &job->inference;
    lanes tokens = m->cache_full * S + m->cache_window * lanes_min(S, lanes_of(m->window));
    lanes shards = lanes_min(at->n, lanes_of(m->cache_shards));
    return (tokens * m->cache_bytes + m->index_elements * S) / shards + m->state_bytes / at->n;
}

/* Reading the cache of one sequence in a decode step, and computing on it; a sparse
 * indexer reads its own entries of all tokens, then the chosen ones. */
static void prepare_cache(const struct job *job, const lanes e[TARGETS], struct split *at)
{
    const struct inference *m = &job->inference;
    double context = m->prompt + m->output / 2, attended = m->sparse ? fmin(context, m->top_k) : context;
    double kept = (m->cache_full * attended + m->cache_window * fmin(context, m->window)) * m->cache_bytes +
                  m->index_elements * context;
    lanes bytes = kept / lanes_min(at->n, lanes_of(m->cache_shards)) + 2 * m->state_bytes * at->of_n;
    at->cache_bytes = bytes * E(ATTENTION_BYTES_DECODE);
    at->cache_seconds = at->cache_bytes * m->cache_read;
    at->cache_work = m->full_layers * attended * m->cache_flops / m->cache_rate * at->of_n;
}

static void decode_attention(const struct split *at, lanes sequences, lanes queries, struct pass *pass)
{
    pass->bytes += sequences * at->cache_bytes;
    pass->attention = overlapped(sequences * at->cache_seconds, sequences * queries * at->cache_work, pass);
}

static lanes pass_total(const struct pass *pass)
{
    return pass->matmul + pass->head + pass->expert + pass->attention + pass->tensor + pass->exchange + pass->fixed + pass->launch;
}

static void prepare(const struct job *job, const lanes v[VARIABLES], const lanes e[TARGETS], struct split *at)
{
    lanes work = E(MATMUL_FLOPS_DECODE) / E(MATMUL_EFFICIENCY_DECODE);
    at->n = V(TENSOR);
    at->d = V(ATTENTION_DATA);
    at->p = V(PIPELINE);
    at->copies = V(DATA);
    at->ranks = at->n * at->d;
    at->of_n = 1 / at->n;
    at->of_ranks = 1 / at->ranks;
    at->decode = (struct scale){E(MATMUL_BYTES_DECODE), work, work / E(EXPERT_EFFICIENCY), ONE};
    at->fixed = fixed_seconds(job, e);
    prepare_collectives(job, e, at);
    prepare_cache(job, e, at);
}

/* A host that launches kernel by kernel shows where the accelerator is the faster one. */
static void launches(const struct job *job, const lanes e[TARGETS], struct pass *pass)
{
    lanes host = job->inference.layers * C(EAGER_LAYER) * E(LAUNCH_COUNT) * E(LAUNCH_SECONDS);
    pass->launch = lanes_max(host - pass_total(pass), ZERO);
}

/* One decode step with B sequences on every rank of attention. A step that verifies
 * drafted tokens takes them all through the products, but reads the cache once. */
static void decode(const struct job *job, const struct split *at, const lanes e[TARGETS], lanes B,
                   struct pass *pass)
{
    lanes queries = 1 + E(SPECULATION_DRAFT), tokens = B * queries;
    pass->head = pass->fixed = pass->launch = pass->reading = pass->bytes = ZERO;
    linear_layers(job, at, tokens, &at->decode, pass);
    vocabulary_head(job, at, tokens, &at->decode, pass);
    routed_experts(job, at, tokens * at->d, &at->decode, pass);
    decode_attention(at, B, queries, pass);
    communication(job, at, e, tokens, pass);
    pass->fixed = at->fixed + B * C(SEQUENCE_SECONDS) + (at->p - 1) * C(STAGE_SECONDS);
    launches(job, e, pass);
}

/* Attention of `sequences` prompts, of which a share is in a prefix cache: new tokens
 * meet all before them. Both products over the whole square, and the traffic of the
 * scores; what skips half of the square or keeps it on the chip is an effect. */
static void prefill_attention(const struct job *job, const struct split *at, const lanes e[TARGETS],
                              lanes sequences, lanes cached, lanes chunks, struct pass *pass)
{
    const struct inference *m = &job->inference;
    double I = m->prompt;
    lanes square = sequences * I * I * (1 - cached * cached), fresh = sequences * I * (1 - cached);
    lanes windowed = fresh * fmin(I, 2 * m->window) * m->window_layers;
    lanes gathered = ZERO, pairs = square * m->full_layers + windowed, scores = pairs;
    if (m->sparse) {
        /* Every token gathers the entries chosen for it, on every rank. */
        lanes index = m->full_layers * m->index_width * square / (job->half_peak * C(INDEX_PRODUCTS));
        gathered = fresh * fmin(I, m->top_k) * m->cache_full * 2 / (job->bandwidth * C(ROUTED_STREAM)) + index;
        pairs = scores = windowed;
    }
    /* A chunk does not see what is behind it. */
    lanes seen = 0.5 + 0.5 / chunks;
    scores *= seen;
    lanes flops = 2 * pairs * m->score_width * lanes_min(E(ATTENTION_FLOPS_PREFILL), seen) / at->n;
    lanes products = flops / (m->attention_rate * C(UNFUSED_ATTENTION) * E(ATTENTION_EFFICIENCY_PREFILL));
    lanes traffic = scores * job->model->heads / at->n * C(SCORE_PASSES) * E(SCORES_BYTES_PREFILL) /
                    (job->bandwidth * C(BANDWIDTH_FRACTION));
    pass->attention = products + traffic + gathered;
    pass->reading += traffic + gathered;
}

/* What kernels that are not fused move between the products, of a chunk of tokens: none
 * of it to memory as long as the widest of it, in 32 bits, is small beside the last cache. */
static lanes between_products(const struct job *job, const struct split *at, lanes tokens, lanes chunks)
{
    const struct shape *s = &job->shape;
    lanes bytes = tokens * (s->layers * s->hidden * C(HIDDEN_BYTES) + s->feed_forward * C(FEED_FORWARD_BYTES) * at->of_n);
    lanes held = tokens / chunks * (s->feed_forward / s->layers * 4) * at->of_n;
    double cache = job->accelerator->cache;
    return bytes * (held * held / (held * held + cache * cache)) / (job->bandwidth * C(BANDWIDTH_FRACTION));
}

/* Prefill of `sequences` prompts at once on every rank of attention, in chunks that each
 * read the weights anew. */
static void prefill(const struct job *job, const struct split *at, const lanes e[TARGETS], lanes sequences,
                    lanes chunks, struct pass *pass)
{
    const struct inference *m = &job->inference;
    lanes work = E(MATMUL_FLOPS_PREFILL) / E(MATMUL_EFFICIENCY_PREFILL);
    struct scale scale = {E(MATMUL_BYTES_PREFILL) * chunks, work, work / E(EXPERT_EFFICIENCY), ZERO};
    lanes cached = lanes_min(E(PREFIX_CACHED), lanes_of(0.999));
    lanes tokens = sequences * m->prompt * (1 - cached);
    pass->head = pass->fixed = pass->launch = pass->reading = pass->bytes = ZERO;
    linear_layers(job, at, tokens, &scale, pass);
    lanes unpack = (m->attention * m->attention_format.unpack + m->feed_forward * m->feed_forward_format.unpack) * at->of_n;
    lanes moved = unpack * chunks + between_products(job, at, tokens, chunks);
    pass->matmul += moved;
    pass->reading += moved;
    routed_experts(job, at, tokens * at->d, &scale, pass);
    prefill_attention(job, at, e, sequences, cached, chunks, pass);
    communication(job, at, e, tokens, pass);
}

/* What a rank holds. */
struct memory {
    lanes weights, runtime, sequence; /* sequence: cache reserved for one, all ranks of its attention in the same way */
    lanes capacity;                   /* sequences on a rank of attention; may be below 1 */
};

/* Weights of a rank, and how many sequences the rest holds. A cache that reserves for
 * the longest output wastes a share of what it reserves (arXiv 2309.06180, sec. 1). */
static void hold(const struct job *job, const struct split *at, const lanes e[TARGETS], struct memory *memory)
{
    const struct inference *m = &job->inference;
    lanes split = m->attention * m->attention_format.bytes + m->feed_forward * m->feed_forward_format.bytes +
                  m->tables * m->head * lanes_of(2.0);
    lanes experts = lanes_of(m->expert_layers * m->experts * m->expert * m->expert_format.bytes);
    lanes weights = split / at->n + m->replicated * m->attention_format.bytes + 2 * m->router + experts / at->ranks;
    memory->weights = weights / at->p * E(MEMORY_WEIGHTS);
    double output = m->serving ? C(RESERVE_OUTPUT) * m->output : fmax(m->output, m->output_longest);
    lanes wasted = m->serving ? lanes_min(C(CACHE_RESERVED) * E(KV_RESERVED), lanes_of(0.99)) : ZERO;
    memory->sequence = cache_of_sequence(job, at, lanes_of(m->prompt + output)) / at->p / (1 - wasted) * E(MEMORY_KV);
    lanes left = job->memory - memory->weights;
    memory->runtime = lanes_max((1 - C(CACHE_SHARE)) * left, ZERO) * E(MEMORY_RUNTIME);
    memory->capacity = (left - memory->runtime) / memory->sequence;
}

/* The answer of one layout, for one rank of attention. */
struct answer {
    lanes first, token, step, queue, gap, interference, batch, in_flight, requests, occupied;
    lanes prompt, prompt_stage; /* prefill of a prompt, or of the static batch; of one prompt in one stage */
    struct pass decode, prefill;
};

/* How many micro-batches go through the stages of a pipeline at once. */
static lanes micro_batches(const struct split *at, lanes B)
{
    return lanes_max(lanes_min(at->p, B), ONE);
}

/* Chunks of prompts and micro-batches follow each other through p stages. A host that
 * launches ahead fills the queue of a stage that waits for those before it, and then
 * launches to none until that one works: of x micro-batches that a queue holds, every
 * ceil(x) take the stages one after the other, less what was launched before. */
static lanes pipelined(const struct job *job, const struct split *at, const lanes e[TARGETS], lanes chunks, lanes micro)
{
    lanes held = at->p * (C(QUEUED_LAYERS) / job->inference.layers) / lanes_max(E(LAUNCH_COUNT), lanes_of(1e-3));
    lanes group = lanes_ceil(held), stalled = (at->p - 1 + group - held) / group;
    lanes every = lanes_max(lanes_max(stalled, at->p / C(QUEUED_BATCHES)), ONE);
    return ((micro * chunks - 1) * every + at->p) / (at->p * chunks);
}

static lanes prompt_chunks(const struct job *job, const lanes e[TARGETS])
{
    return lanes_select(E(PREFILL_CHUNK) > 0, lanes_max(job->inference.prompt / lanes_max(E(PREFILL_CHUNK), ONE), ONE), ONE);
}

/* Tokens that a verified step gives, and its time over that of the step alone. */
static lanes tokens_per_step(const lanes e[TARGETS])
{
    return 1 + E(SPECULATION_TOKENS);
}

static lanes drafting(const lanes e[TARGETS])
{
    return E(SPECULATION_DRAFT) * E(SPECULATION_COST);
}

/* Time to first token: the prompt's own prefill, a share of the others that are found
 * waiting, clumps where all requests run in step, the host's time for every layer, the
 * step in flight, and waiting for room in the cache. */
static lanes first_token(const struct job *job, const lanes e[TARGETS], lanes asked, lanes admitted, const struct answer *a)
{
    const struct inference *m = &job->inference;
    lanes others = lanes_max(admitted - 1, ZERO), host = lanes_of(C(FIRST_TOKEN_LAYER) * m->layers);
    lanes queue = 1 + C(QUEUE_SHARE) * (admitted - 1);
    lanes clump = m->fixed_lengths ? C(QUEUE_CLUMP) * (lanes_min(admitted, lanes_of(8.0)) - 1) / 2 : ZERO;
    lanes mixed = a->prompt * (queue + clump) + host * queue;
    /* Prompts of a wave run one after the other before any decode; a place in the middle. */
    lanes waves = a->prompt * (1 + 0.5 * (admitted - 1)) + host;
    bool in_waves = m->fixed_lengths && C(PREFILL_WAVES) > 0;
    /* A static batch waits until all its prompts are done. */
    lanes batched = a->prompt * (1 + others) + host;
    lanes continuous = lanes_min(E(BATCHING), ONE);
    lanes first = continuous * (in_waves ? waves : mixed) + (1 - continuous) * batched;
    return first + a->step + C(FIRST_TOKEN) + (asked / admitted - 1) * m->output * a->token;
}

/* Slots of a step whose token somebody wants: a static batch runs on to its longest
 * output, and continuous batching gives the slots that end early to new requests. In
 * serving the batches differ: the longest of B lengths, even on both sides of the mean. */
static lanes occupied_slots(const struct job *job, const lanes e[TARGETS], lanes B)
{
    const struct inference *m = &job->inference;
    double longer = fmax(m->output_longest - m->output, 0);
    lanes others = lanes_max(B - 1, ZERO), of = m->serving ? others / (others + 2) : ONE;
    lanes own = m->output / (m->output + longer * of);
    return own + (1 - own) * (m->serving ? lanes_min(E(BATCHING), ONE) : ZERO);
}

/* Steady state of a closed loop of `asked` requests on a rank of attention. B follows
 * by Little's law from the time that a request decodes and that it takes before, in a
 * fixed number of rounds; a full cache fixes it. */
static void steady_state(const struct job *job, const struct split *at, const lanes e[TARGETS], lanes asked,
                         const struct memory *memory, struct answer *a)
{
    const struct inference *m = &job->inference;
    lanes admitted = lanes_min(asked, lanes_max(memory->capacity, ONE)), B = admitted, continuous = lanes_min(E(BATCHING), ONE);
    /* Requests of one length on an engine that prefills first: half of the prefills fall
     * before a request's own first token. */
    double share = m->fixed_lengths && C(PREFILL_FIRST) > 0 ? 0.5 : 1;
    for (int round = 0; round < 3; round++) {
        lanes micro = micro_batches(at, B);
        decode(job, at, e, B / micro, &a->decode);
        a->step = pass_total(&a->decode) * (1 + drafting(e));
        a->interference = share * B / m->output * a->prompt_stage * continuous;
        a->token = a->step / tokens_per_step(e) + a->interference;
        a->batch = B;
        lanes decoding = m->output * a->token;
        lanes elsewhere = (1.5 * a->prompt + a->step) * continuous;
        lanes little = lanes_max(admitted * decoding / (decoding + elsewhere), lanes_of(0.5));
        B = lanes_select(admitted >= asked, little, B);
    }
    a->in_flight = asked;
    a->occupied = occupied_slots(job, e, admitted);
    a->queue = (asked / admitted - 1) * m->output * a->token;
    a->first = first_token(job, e, asked, admitted, a);
    a->requests = asked / (a->first + m->output * a->token / a->occupied);
    a->gap = a->step + lanes_max(a->prompt / prompt_chunks(job, e) * continuous, a->interference);
}

/* Requests that arrive at a rate: the number in flight whose closed loop serves it, by
 * the secant rule; the largest that fits when no number does. */
static void open_loop(const struct job *job, const struct split *at, const lanes e[TARGETS], lanes rate,
                      const struct memory *memory, struct answer *a)
{
    lanes most = lanes_max(memory->capacity, ONE), low = lanes_of(0.01), high;
    steady_state(job, at, e, low, memory, a);
    lanes short_of = a->requests - rate;
    high = lanes_min(lanes_max(low * rate / a->requests, lanes_of(0.02)), most);
    for (int round = 0; round < 6; round++) {
        steady_state(job, at, e, high, memory, a);
        lanes now = a->requests - rate, rise = now - short_of;
        lanes next = high - now * (high - low) / lanes_select(rise != 0, rise, ONE);
        next = lanes_min(lanes_max(lanes_select(rise != 0, next, high), lanes_of(0.01)), most);
        /* A served rate that no longer rises asks for all there is. */
        next = lanes_select((now < 0) & (next <= high), most, next);
        low = high;
        short_of = now;
        high = next;
    }
    steady_state(job, at, e, high, memory, a);
}

/* A static batch of `sequences` on a rank of attention, from prompts to last tokens. */
static void static_batch(const struct job *job, const struct split *at, const lanes e[TARGETS], lanes sequences,
                         struct answer *a)
{
    const struct inference *m = &job->inference;
    struct scale plain = {ONE, ONE, ONE, ZERO};
    lanes micro = micro_batches(at, sequences), chunks = prompt_chunks(job, e);
    prefill(job, at, e, sequences / micro, chunks, &a->prefill);
    vocabulary_head(job, at, sequences / micro, &plain, &a->prefill);
    a->prefill.fixed = at->fixed * chunks;
    launches(job, e, &a->prefill);
    a->prompt = pass_total(&a->prefill) * pipelined(job, at, e, chunks, micro);
    a->prompt_stage = pass_total(&a->prefill) * micro / sequences / at->p;
    decode(job, at, e, sequences / micro, &a->decode);
    a->step = pass_total(&a->decode) * (1 + drafting(e));
    a->token = a->step / tokens_per_step(e);
    a->interference = a->queue = ZERO;
    a->gap = a->step;
    a->first = a->prompt;
    a->batch = a->in_flight = sequences;
    a->occupied = occupied_slots(job, e, sequences);
    a->requests = sequences / (a->first + (fmax(m->output, m->output_longest) - 1) * a->token);
}

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
 * goes to its prompt for the time of its prefill, and to its output for the rest. */
static void put_money(const struct job *job, const struct split *at, const lanes v[VARIABLES],
                      const struct answer *a, lanes out[METRICS])
{
    const struct inference *m = &job->inference;
    lanes request = V(ACCELERATORS) / out[SPEEDUP_METRIC_REQUESTS_PER_SECOND]; /* accelerator-seconds */
    lanes prompt = lanes_min(a->prompt_stage * at->n * at->p, request);
    double watts = job->power * C(POWER_FRACTION) * C(POWER_OVERHEAD);
    lanes input = prompt / m->prompt * 1e6, output = (request - prompt) / m->output * 1e6, all = request / m->output * 1e6;
    out[SPEEDUP_METRIC_COST] = all / 3600 * job->price;
    out[SPEEDUP_METRIC_COST_INPUT] = input / 3600 * job->price;
    out[SPEEDUP_METRIC_COST_OUTPUT] = output / 3600 * job->price;
    out[SPEEDUP_METRIC_ENERGY] = all * watts / 3.6e6;
    out[SPEEDUP_METRIC_ENERGY_INPUT] = input * watts;
    out[SPEEDUP_METRIC_ENERGY_OUTPUT] = output * watts;
}

static void put_times(const struct job *job, const struct split *at, const lanes v[VARIABLES],
                      const struct answer *a, lanes out[METRICS])
{
    const struct inference *m = &job->inference;
    lanes ranks = at->d * at->copies, requests = a->requests * ranks;
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

/* Peak memory with the sequences that run; with none, that of one that does not fit. */
static void put_memory(const struct job *job, const struct memory *memory, lanes running, lane_mask fits,
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
    out[SPEEDUP_METRIC_MEMORY_SIGMA] = lanes_of(C(MEMORY_SIGMA));
    /* An engine gives its cache what is left over: it is short of memory when one
     * sequence does not fit, a static batch when the batch does not. */
    lanes needed = job->inference.serving ? memory->weights + memory->sequence : memory->weights + kept, p;
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
                    i == SPEEDUP_METRIC_MEMORY_SIGMA;
        if (!said)
            out[i] = lanes_select(fits, out[i], ZERO);
    }
}

void inference_answer(const struct job *job, const lanes v[VARIABLES], const lanes e[TARGETS], lanes out[METRICS])
{
    const struct inference *m = &job->inference;
    struct split at;
    prepare(job, v, e, &at);
    lanes ranks = at.d * at.copies, asked = V(CONCURRENCY) / ranks;
    struct memory memory;
    struct answer a;
    hold(job, &at, e, &memory);
    if (m->serving) {
        /* Chunks share the weights that decode steps read. */
        prefill(job, &at, e, ONE, ONE, &a.prefill);
        a.prompt = pass_total(&a.prefill) * pipelined(job, &at, e, prompt_chunks(job, e), ONE);
        a.prompt_stage = pass_total(&a.prefill) / at.p;
        if (m->request_rate > 0)
            open_loop(job, &at, e, m->request_rate / ranks, &memory, &a);
        else
            steady_state(job, &at, e, asked, &memory, &a);
    } else {
        static_batch(job, &at, e, asked, &a);
    }
    lanes running = lanes_max(m->serving ? lanes_min(a.in_flight, memory.capacity) : a.in_flight, ONE);
    lane_mask fits = memory.capacity >= running;
    put_times(job, &at, v, &a, out);
    put_causes(job, &at, e, &a, out);
    put_money(job, &at, v, &a, out);
    put_memory(job, &memory, running, fits, out);
    lanes room = lanes_floor(lanes_min(lanes_max(memory.capacity, ZERO), lanes_of(1e12)) * ranks);
    lanes served = out[SPEEDUP_METRIC_REQUESTS_PER_SECOND];
    lanes load = m->request_rate > 0 ? m->request_rate / served : asked / memory.capacity;
    /* A rate that is not served lets the queue grow without end: there is no mean wait. */
    lane_mask lasting = m->request_rate > 0 ? load <= 1.01 : ONE > ZERO, met = fits & lasting;
    static const int waits[] = {SPEEDUP_METRIC_TIME_TO_FIRST_TOKEN, SPEEDUP_METRIC_REQUEST_SECONDS, SPEEDUP_METRIC_QUEUE_SECONDS};
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
    out[SPEEDUP_METRIC_FIRST_TOKEN_SIGMA] = lanes_of(m->first_sigma);
    withhold(fits, out);
}
