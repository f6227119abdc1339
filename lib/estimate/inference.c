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
    /* Sequences that run are found in proportion to how long they run: their outputs have
     * the mean E[O^2]/E[O], of which half is there (length-biased sampling: Cox, Renewal Theory, 1962). */
    double running = m->serving ? m->output * m->output_spread : m->output;
    double context = m->prompt + running / 2, attended = m->sparse ? fmin(context, m->top_k) : context;
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

/* What follows from a layout's degrees. */
static void prepare(const struct job *job, const lanes e[TARGETS], struct split *at)
{
    lanes work = E(MATMUL_FLOPS_DECODE) / E(MATMUL_EFFICIENCY_DECODE);
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
 * meet all before them, so that prompts that differ count by their mean square. Both products over the whole square, and the traffic of the
 * scores; what skips half of the square or keeps it on the chip is an effect. */
static void prefill_attention(const struct job *job, const struct split *at, const lanes e[TARGETS],
                              lanes sequences, lanes cached, lanes chunks, struct pass *pass)
{
    const struct inference *m = &job->inference;
    double I = m->prompt;
    lanes square = sequences * I * I * m->prompt_spread * (1 - cached * cached), fresh = sequences * I * (1 - cached);
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

/* By how much the longest of n outputs passes the mean. Where a deviation is known, as
 * the longest of a minimum and an exponential time do: by deviation (H_n - 1) (Renyi
 * 1953), H_n = 1 + 1/2 + ... + 1/n. With the longest alone, lengths are even on both sides
 * of the mean, and a static batch is meant to have it. */
static lanes beyond_mean(const struct job *job, lanes n)
{
    const struct inference *m = &job->inference;
    lanes longer = lanes_of(fmax(m->output_longest - m->output, 0)), others = lanes_max(n - 1, ZERO), harmonic;
    if (m->output_deviation <= 0)
        return m->serving ? longer * (others / (others + 2)) : longer;
    const double euler = 0.57721566490153286;
    n = others + 1.5;
    LANES_EACH(harmonic, log(n[lane_]));
    harmonic += euler + 1 / (24 * n * n); /* Euler-Maclaurin, to a thousandth from n = 1 on */
    return lanes_min(longer, m->output_deviation * lanes_max(harmonic - 1, ZERO));
}

/* What a rank holds. */
struct memory {
    lanes weights, runtime, sequence; /* sequence: cache reserved for one, all ranks of its attention in the same way */
    lanes capacity;                   /* sequences on a rank of attention; may be below 1 */
};

/* An engine has its context, libraries and buffers, however little the weights leave; a
 * static batch runs also in programs that do with next to nothing. */
static double least_runtime(const struct job *job)
{
    return job->inference.serving ? C(MEMORY_RUNTIME) : 0;
}

/* Weights of a rank, and how many sequences of so many tokens the rest holds. A cache that reserves for
 * the longest output wastes a share of what it reserves (arXiv 2309.06180, sec. 1). */
static void hold(const struct job *job, const struct split *at, const lanes e[TARGETS], lanes tokens, struct memory *memory)
{
    const struct inference *m = &job->inference;
    lanes split = m->attention * m->attention_format.bytes + m->feed_forward * m->feed_forward_format.bytes +
                  m->tables * m->head * lanes_of(2.0);
    lanes experts = lanes_of(m->expert_layers * m->experts * m->expert * m->expert_format.bytes);
    lanes weights = split / at->n + m->replicated * m->attention_format.bytes + 2 * m->router + experts / at->ranks;
    memory->weights = weights / at->p * E(MEMORY_WEIGHTS);
    lanes wasted = m->serving ? lanes_min(C(CACHE_RESERVED) * E(KV_RESERVED), lanes_of(0.99)) : ZERO;
    memory->sequence = cache_of_sequence(job, at, tokens) / at->p / (1 - wasted) * E(MEMORY_KV);
    lanes left = job->memory - memory->weights;
    memory->runtime = lanes_max((1 - C(CACHE_SHARE)) * left, lanes_of(least_runtime(job))) * E(MEMORY_RUNTIME);
    memory->capacity = (left - memory->runtime) / memory->sequence;
}

/* The answer of one layout, for one rank of attention. */
struct answer {
    lanes first, token, step, queue, gap, interference, batch, in_flight, requests, occupied;
    lanes decoding, share; /* from a request's first token to its last: time, and share of its life */
    lanes wanted;               /* sequences that would decode at once, had they room */
    lanes prompt, prompt_stage; /* prefill of a prompt, or of the static batch; of one prompt in one stage */
    lanes between;              /* of the latter, what comes between steps of decoding */
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
    /* One finds long prompts at work more often than short ones (Pollaczek-Khinchine). */
    lanes queue = 1 + C(QUEUE_SHARE) * (admitted - 1 + (m->prompt_spread - 1) * others);
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
 * output, and continuous batching gives the slots that end early to new requests. */
static lanes occupied_slots(const struct job *job, const lanes e[TARGETS], lanes B)
{
    const struct inference *m = &job->inference;
    lanes own = m->output / (m->output + beyond_mean(job, B));
    return own + (1 - own) * (m->serving ? lanes_min(E(BATCHING), ONE) : ZERO);
}

/* Steps of B sequences, and the life of a request among them. */
static void decode_among(const struct job *job, const struct split *at, const lanes e[TARGETS], lanes B, struct answer *a)
{
    const struct inference *m = &job->inference;
    /* Requests of one length on an engine that prefills first: half of the prefills fall
     * before a request's own first token. */
    double met = m->fixed_lengths && C(PREFILL_FIRST) > 0 ? 0.5 : 1;
    B = lanes_max(B, lanes_of(0.5)); /* there is no step without a sequence */
    decode(job, at, e, B / micro_batches(at, B), &a->decode);
    a->step = pass_total(&a->decode) * (1 + drafting(e));
    a->interference = met * B / m->output * a->between;
    a->token = a->step / tokens_per_step(e) + a->interference;
    a->batch = B;
    a->decoding = m->output * a->token;
    a->share = a->decoding / (a->decoding + (1.5 * a->prompt + a->step) * lanes_min(E(BATCHING), ONE));
}

/* What `asked` requests in flight wait for, of which `admitted` have room. */
static void request_times(const struct job *job, const lanes e[TARGETS], lanes asked, lanes admitted, struct answer *a)
{
    a->in_flight = asked;
    a->occupied = occupied_slots(job, e, admitted);
    a->queue = (asked / admitted - 1) * a->decoding;
    a->first = first_token(job, e, asked, admitted, a);
    a->requests = asked / (a->first + a->decoding / a->occupied);
}

/* The batch that a load keeps is the one whose steps lead to it. First the guess that
 * follows from a step is taken, then the secant rule, within what is known to enclose
 * the answer. A lane that has settled stays as it is, whatever the others do. */
struct search {
    lanes at, low, high; /* the batch to look at next; what encloses the answer */
    lanes last, miss;    /* the batch before, and how far it was off */
    int round;
};

enum { ROUNDS = 12 };
static const double settled_share = 1e-6; /* far below what the model is off, so that a search leaves no trace */

/* Looks on when the batch missed by so much, in a measure that grows with it; false once
 * no lane needs to. `guess` is the batch that its steps lead to. */
static bool search_on(struct search *s, lanes miss, lanes guess)
{
    lanes B = s->at, step = B - s->last, rise = miss - s->miss, off = B - guess, close = settled_share * B;
    lane_mask settled = (off <= close) & (off >= -close);
    s->low = lanes_select(miss < 0, B, s->low);
    s->high = lanes_select(miss < 0, s->high, B);
    lanes slope = rise / lanes_select(step != 0, step, ONE), next = B - miss / lanes_select(slope > 0, slope, ONE);
    lane_mask usable = (slope > 0) & (next >= s->low) & (next <= s->high);
    /* Where the rule leads astray: as far again as the guess, to the end if both were short of it; else half-way. */
    lanes farther = guess * (guess / B);
    farther = lanes_select((miss < 0) & (s->miss < 0), lanes_min(farther, s->high), farther);
    farther = lanes_select((farther > s->low) & (farther <= s->high), farther, 0.5 * (s->low + s->high));
    next = s->round++ ? lanes_select(usable, next, farther) : guess;
    s->last = B;
    s->miss = miss;
    s->at = lanes_select(settled, B, next);
    return s->round < ROUNDS && !lanes_all(settled);
}

/* Steady state of a closed loop of `asked` requests on a rank of attention: by Little's
 * law, as many of them decode as decoding is of a request's life. A full cache fixes B. */
static void closed_loop(const struct job *job, const struct split *at, const lanes e[TARGETS], lanes asked,
                        const struct memory *memory, struct answer *a)
{
    lanes admitted = lanes_min(asked, lanes_max(memory->capacity, ONE)), guess;
    struct search s = {.at = admitted, .high = admitted};
    do {
        decode_among(job, at, e, s.at, a);
        guess = lanes_select(admitted < asked, s.at, admitted * a->share);
    } while (search_on(&s, s.at - guess, guess));
    request_times(job, e, asked, admitted, a);
}

/* Requests that arrive at a rate: the closed loop that serves it, found by its batch, from
 * which the number in flight follows by the same law; or the largest that has room. */
static void open_loop(const struct job *job, const struct split *at, const lanes e[TARGETS], lanes rate,
                      const struct memory *memory, struct answer *a)
{
    const double first_batch = 8; /* where steps of experts and of dense layers both have left their ends */
    lanes most = lanes_max(memory->capacity, ONE), asked, wanted;
    struct search s = {.at = lanes_min(lanes_of(first_batch), most), .high = most};
    do {
        decode_among(job, at, e, s.at, a);
        asked = s.at / a->share;
        request_times(job, e, asked, asked, a);
        wanted = lanes_min(rate * (asked / a->requests), most);
    } while (search_on(&s, asked - wanted, wanted * a->share));
}

/* A pool that does prefill alone, as a rank of attention of the decode pool sees it. */
struct pool {
    struct split at;
    struct memory memory;
    lanes share;           /* ranks of attention of this pool for one of the other */
    lanes busy, most;      /* seconds that a prompt takes a rank; prompts a second, for a rank that decodes */
    lanes other_most;      /* requests a second of a rank that decodes, with its cache full */
    lanes bytes, transfer; /* of a prompt's keys and values; the time that shows */
    lanes latency;         /* from a request to its first token, but for what it waits */
    lanes wait, in_use;    /* for prefill; share of `most` */
};

/* Keys and values of a prompt go from rank to rank, over the link within a scale-up domain
 * and else over each accelerator's share of the network, as fast as collectives do. The
 * pool's next prompt waits for whichever takes longer, prefill or moving the one before. */
static void prepare_pool(const struct job *job, const struct split *at, const lanes v[VARIABLES], const lanes e[TARGETS],
                         const struct answer *a, struct pool *pool)
{
    const struct inference *m = &job->inference;
    struct split whole = {.n = ONE};
    lanes I = lanes_of(m->prompt), host = lanes_of(C(FIRST_TOKEN_LAYER) * m->layers);
    lanes sent = cache_of_sequence(job, &pool->at, I) / pool->at.p, received = cache_of_sequence(job, at, I) / at->p;
    double link = job->link * C(REDUCE_LINK), network = job->network / job->node * C(REDUCE_NETWORK);
    lanes seconds = lanes_max(sent, received) / lanes_select(V(ACCELERATORS) <= job->domain, lanes_of(link), lanes_of(network));
    pool->share = pool->at.d * pool->at.copies / (at->d * at->copies);
    pool->bytes = cache_of_sequence(job, &whole, I);
    pool->busy = lanes_max(a->prompt_stage + host, seconds);
    pool->most = pool->share / pool->busy;
    pool->transfer = exposed(seconds, E(CACHE_OVERLAP), a->prompt);
    pool->latency = a->prompt + host + pool->transfer + C(FIRST_TOKEN);
}

/* Mean wait for prefill when so much of the pool is in use: Pollaczek and Khinchine's for
 * requests that come at random to a rank (M/G/1; DistServe, arXiv 2401.09670, sec. 3.1,
 * has M/D/1, which this is for prompts of one length; prefill is taken to vary as they
 * do). `others` is the share of the requests in flight that an arrival finds there: 1 for
 * many (Bard 1979, Schweitzer 1979). */
static lanes prefill_wait(const struct job *job, const struct pool *pool, lanes in_use, lanes others)
{
    in_use = lanes_min(in_use, lanes_of(0.999));
    return others * in_use / (1 - in_use) * pool->busy * (job->inference.prompt_spread / 2);
}

/* Requests a second of a closed loop: asked = rate x (wait + life), with the wait above, is
 * a quadratic equation in the share of the pool that is in use. */
static lanes closed_rate(const struct job *job, const struct pool *pool, lanes asked, lanes others, lanes life)
{
    lanes a = pool->most * life, b = pool->share * others * (job->inference.prompt_spread / 2);
    return pool->most * 2 * asked / (a + asked + lanes_root((a - asked) * (a - asked) + 4 * b * asked));
}

/* Steady state of two pools (Splitwise, arXiv 2311.18677; DistServe): prefill does not come
 * between steps of decoding; requests come at `rate`, or `asked` are in flight when that
 * is 0. The batch follows from rate x time of decoding; the pool that is full limits both. */
static void two_pools(const struct job *job, const struct split *at, const lanes e[TARGETS], lanes asked, double rate,
                      const struct memory *memory, struct pool *pool, struct answer *a)
{
    lanes most = lanes_max(memory->capacity, ONE), ranks = at->d * at->copies, guess, life;
    lanes others = rate > 0 ? ONE : lanes_max(1 - 1 / (asked * ranks), ZERO);
    struct search s = {.at = most, .high = most};
    do {
        decode_among(job, at, e, s.at, a);
        pool->other_most = s.round ? pool->other_most : most / a->decoding;
        life = a->decoding + pool->latency + a->step;
        a->requests = rate > 0 ? lanes_min(rate / ranks, pool->most) : closed_rate(job, pool, asked, others, life);
        a->wanted = a->requests * a->decoding;
        guess = lanes_min(a->wanted, most);
    } while (search_on(&s, s.at - guess, guess));
    a->requests = guess / a->decoding;
    pool->in_use = a->requests / pool->most;
    pool->wait = prefill_wait(job, pool, pool->in_use, others);
    a->occupied = ONE;
    a->in_flight = rate > 0 ? a->requests * (life + pool->wait) : asked;
    /* Who is in flight and neither served nor decoding waits: for room where it is short, else for prefill. */
    lanes waiting = lanes_max(a->in_flight / a->requests - life, ZERO);
    pool->wait = lanes_select(a->wanted > most, lanes_min(pool->wait, waiting), waiting);
    a->queue = waiting - pool->wait;
    a->first = pool->latency + a->step + pool->wait + a->queue;
    a->gap = a->step;
}

/* The closed loop in which B sequences decode behind a prefill pool, and the share of the
 * pool in use over the share at which waiting for it uses up the target; both follow from
 * the wait above. */
static lanes behind_pool(const struct job *job, const struct split *at, const struct pool *pool, lanes B, struct answer *a,
                         lanes *asked)
{
    const struct inference *m = &job->inference;
    lanes ranks = at->d * at->copies, soonest = pool->latency + a->step, life = a->decoding + soonest;
    a->requests = B / a->decoding;
    lanes in_use = a->requests / pool->most, wait = prefill_wait(job, pool, in_use, ONE), b = a->requests * (life + wait);
    *asked = 0.5 * (b + lanes_root(lanes_max(b * b - 4 * a->requests * wait / ranks, ZERO)));
    if (m->first_target <= 0)
        return in_use;
    lanes others = 1 - 1 / lanes_max(*asked * ranks, ONE), one = pool->busy * (m->prompt_spread / 2) * others;
    lanes left = m->first_target - soonest, allowed = left / lanes_max(left + one, lanes_of(1e-12));
    return lanes_select(left > 0, lanes_max(in_use, in_use / allowed), 1 + soonest);
}

/* The largest closed loop that meets the targets and has room, by its batch; `pool` is NULL
 * where the same accelerators prefill. */
static void load_at_targets(const struct job *job, const struct split *at, const lanes e[TARGETS], const struct memory *memory,
                            const struct pool *pool, struct answer a, lanes out[METRICS])
{
    const struct inference *m = &job->inference;
    const double close = 1 + 1e-5; /* a search ends on either side */
    lanes most = lanes_max(memory->capacity, ONE), ranks = at->d * at->copies, best = ZERO, rate = ZERO, worst, asked;
    struct search s = {.at = pool ? lanes_min(most, pool->most * a.decoding) : most, .high = most};
    do {
        decode_among(job, at, e, s.at, &a);
        if (pool) {
            worst = lanes_max(s.at / most, behind_pool(job, at, pool, s.at, &a, &asked));
        } else {
            asked = s.at / a.share;
            request_times(job, e, asked, asked, &a);
            worst = asked / most;
            if (m->first_target > 0)
                worst = lanes_max(worst, a.first / m->first_target);
        }
        if (m->token_target > 0)
            worst = lanes_max(worst, a.token / m->token_target);
        lane_mask better = (worst <= close) & (asked > best);
        best = lanes_select(better, asked, best);
        rate = lanes_select(better, a.requests, rate);
    } while (search_on(&s, worst - 1, s.at / worst));
    best = lanes_floor(lanes_min(best * ranks * close, lanes_of(1e12)));
    out[SPEEDUP_METRIC_CONCURRENCY_AT_TARGETS] = best;
    out[SPEEDUP_METRIC_REQUESTS_AT_TARGETS] = lanes_select(best >= 1, rate * ranks, ZERO);
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
    a->wanted = sequences;
    a->gap = a->step;
    a->first = a->prompt;
    a->batch = a->in_flight = sequences;
    a->occupied = occupied_slots(job, e, sequences);
    a->requests = sequences / (a->first + (m->output + beyond_mean(job, sequences) - 1) * a->token);
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
    /* What is served to a search's last digits is served: layouts that serve one rate cost the same. */
    lanes off = requests - m->request_rate, close = lanes_of(10 * settled_share * m->request_rate);
    requests = lanes_select((off <= close) & (off >= -close), lanes_of(m->request_rate), requests);
    out[SPEEDUP_METRIC_TIME_TO_FIRST_TOKEN] = a->first;
    out[SPEEDUP_METRIC_TIME_PER_OUTPUT_TOKEN] = a->token;
    out[SPEEDUP_METRIC_REQUEST_SECONDS] = a->in_flight / a->requests;
    out[SPEEDUP_METRIC_PREFILL_SECONDS] = a->prompt;
    out[SPEEDUP_METRIC_DECODE_SECONDS] = a->step;
    out[SPEEDUP_METRIC_LONGEST_GAP] = a->gap;
    out[SPEEDUP_METRIC_QUEUE_SECONDS] = a->queue;
    /* A step has a sequence at least, also of a rank that mostly has none. */
    lanes batch = lanes_min(a->batch, a->in_flight);
    out[SPEEDUP_METRIC_BATCH] = batch * ranks;
    out[SPEEDUP_METRIC_OCCUPANCY] = batch / a->in_flight * a->occupied;
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
    lanes needed = memory->weights + least_runtime(job) + (job->inference.serving ? memory->sequence : kept), p;
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
                    i == SPEEDUP_METRIC_MEMORY_SIGMA || i == SPEEDUP_METRIC_PREFILL_MEMORY;
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
    hold(job, &at, e, m->prompt + output, &memory);
    if (front) {
        pool.at = (struct split){.n = lanes_of(f->tensor), .d = lanes_of(f->attention_data), .p = lanes_of(f->pipeline)};
        pool.at.copies = lanes_of(f->accelerators / (f->tensor * f->attention_data * f->pipeline));
        prepare(job, e, &pool.at);
        hold(job, &pool.at, e, lanes_of(m->prompt), &pool.memory);
    }
    if (m->serving) {
        const struct split *where = front ? &pool.at : &at;
        /* Chunks share the weights that decode steps read. */
        prefill(job, where, e, ONE, ONE, &a.prefill);
        a.prompt = pass_total(&a.prefill) * pipelined(job, where, e, prompt_chunks(job, e), ONE);
        a.prompt_stage = pass_total(&a.prefill) / where->p;
        a.between = front ? ZERO : a.prompt_stage * lanes_min(E(BATCHING), ONE);
        if (front) {
            prepare_pool(job, &at, v, e, &a, &pool);
            two_pools(job, &at, e, asked, m->request_rate, &memory, &pool, &a);
        } else {
            if (m->request_rate > 0)
                open_loop(job, &at, e, m->request_rate / ranks, &memory, &a);
            else
                closed_loop(job, &at, e, asked, &memory, &a);
            a.wanted = a.in_flight;
            a.gap = a.step + lanes_max(a.prompt / prompt_chunks(job, e) * lanes_min(E(BATCHING), ONE), a.interference);
        }
    } else {
        static_batch(job, &at, e, asked, &a);
    }
    put_times(job, &at, v, &a, out);
    put_causes(job, &at, e, &a, out);
    put_money(job, &at, v, &a, out);
    if (m->first_target > 0 || m->token_target > 0)
        load_at_targets(job, &at, e, &memory, front, a, out);
    if (front)
        put_pools(&pool, &a, &memory, out);
    lanes running = front ? a.batch : m->serving ? lanes_min(a.in_flight, memory.capacity) : a.in_flight;
    running = lanes_max(lanes_select(memory.capacity < 1, ONE, running), ONE);
    lane_mask fits = memory.capacity >= running;
    put_memory(job, &memory, running, fits, out);
    lanes room = lanes_floor(lanes_min(lanes_select(memory.capacity >= 1, memory.capacity, ZERO), lanes_of(1e12)) * ranks);
    lanes served = out[SPEEDUP_METRIC_REQUESTS_PER_SECOND];
    lanes load = m->request_rate > 0 ? m->request_rate / served : a.wanted / memory.capacity;
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
