/* What one pass over the layers costs, in prefill or in decode, and what a rank holds. Knows
 * layouts and rates, but no load, and no optimization, model, engine or chip by name. */
#include "estimate/pass.h"

static const double GIB = 1073741824;

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

void vocabulary_head(const struct job *job, const struct split *at, lanes tokens, const struct scale *scale,
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
 * are partly filled, for every one. `tokens` are those of all ranks, in so many steps. */
static void routed_experts(const struct job *job, const struct split *at, lanes tokens, lanes steps, const struct scale *scale,
                           struct pass *pass)
{
    const struct inference *m = &job->inference;
    pass->expert = ZERO;
    if (m->experts <= 0)
        return;
    lanes met = steps * experts_met(job, tokens / steps), one = m->expert_layers * m->expert * at->of_ranks;
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
lanes exposed(lanes communication, lanes overlap, lanes work)
{
    return lanes_max(communication - overlap * work, communication * (1 - lanes_min(overlap, ONE)));
}

static void communication(const struct job *job, const struct split *at, const lanes e[TARGETS], lanes tokens, lanes steps,
                          struct pass *pass)
{
    lanes bytes = tokens * (job->model->hidden * 2), work = pass->matmul + pass->expert + pass->attention;
    pass->tensor = exposed(steps * at->reduce.fixed + bytes * at->reduce.byte, E(TENSOR_OVERLAP), work);
    pass->exchange = exposed(steps * at->exchange.fixed + bytes * at->exchange.byte, E(EXPERT_OVERLAP), work);
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
lanes cache_of_sequence(const struct job *job, const struct split *at, lanes S)
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

lanes pass_total(const struct pass *pass)
{
    return pass->matmul + pass->head + pass->expert + pass->attention + pass->tensor + pass->exchange + pass->fixed + pass->launch;
}

/* What follows from a layout's degrees. */
void prepare(const struct job *job, const lanes e[TARGETS], struct split *at)
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
void launches(const struct job *job, const lanes e[TARGETS], struct pass *pass)
{
    lanes host = job->inference.layers * C(EAGER_LAYER) * E(LAUNCH_COUNT) * E(LAUNCH_SECONDS);
    pass->launch = lanes_max(host - pass_total(pass), ZERO);
}

/* One decode step with B sequences on every rank of attention. A step that verifies
 * drafted tokens takes them all through the products, but reads the cache once. */
void decode(const struct job *job, const struct split *at, const lanes e[TARGETS], lanes B,
            struct pass *pass)
{
    lanes queries = 1 + E(SPECULATION_DRAFT), tokens = B * queries;
    pass->head = pass->fixed = pass->launch = pass->reading = pass->bytes = ZERO;
    linear_layers(job, at, tokens, &at->decode, pass);
    vocabulary_head(job, at, tokens, &at->decode, pass);
    routed_experts(job, at, tokens * at->d, ONE, &at->decode, pass);
    decode_attention(at, B, queries, pass);
    communication(job, at, e, tokens, ONE, pass);
    pass->fixed = at->fixed + B * C(SEQUENCE_SECONDS) + (at->p - 1) * C(STAGE_SECONDS);
    launches(job, e, pass);
}

/* Attention of `sequences` prompts, of which a share is in a prefix cache: new tokens meet all
 * before them, so that prompts that differ count by their mean square. Both products over the
 * whole square, and the traffic of the scores; what skips half of the square or keeps it on the
 * chip is an effect. */
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

/* Prefill of `sequences` prompts at once on every rank of attention, in so many steps; in each of them `beside` tokens
 * of sequences that decode go through the same products, which read their weights once for both. */
void prefill(const struct job *job, const struct split *at, const lanes e[TARGETS], lanes sequences,
             lanes steps, lanes beside, struct pass *pass)
{
    const struct inference *m = &job->inference;
    lanes cached = lanes_min(E(PREFIX_CACHED), lanes_of(0.999));
    lanes fresh = sequences * m->prompt * (1 - cached), others = steps * beside, tokens = fresh + others;
    lanes work = (fresh * (E(MATMUL_FLOPS_PREFILL) / E(MATMUL_EFFICIENCY_PREFILL)) + others * at->decode.work) / tokens;
    /* Weights that were not met for the sequences that decode are read as prefill reads them. */
    struct scale scale = {E(MATMUL_BYTES_PREFILL) * steps, work, work / E(EXPERT_EFFICIENCY), ZERO}, routed = scale;
    routed.bytes = E(MATMUL_BYTES_PREFILL);
    pass->head = pass->fixed = pass->launch = pass->reading = pass->bytes = ZERO;
    linear_layers(job, at, tokens, &scale, pass);
    lanes unpack = (m->attention * m->attention_format.unpack + m->feed_forward * m->feed_forward_format.unpack) * at->of_n;
    lanes moved = unpack * steps + between_products(job, at, fresh, steps);
    pass->matmul += moved;
    pass->reading += moved;
    routed_experts(job, at, tokens * at->d, steps, &routed, pass);
    prefill_attention(job, at, e, sequences, cached, steps, pass);
    communication(job, at, e, tokens, steps, pass);
}

/* What those prompts add to the steps that they share with the sequences that decode in them. */
lanes added(const struct pass *prompts, lanes steps, const struct pass *decode)
{
    lanes shared = decode->matmul + decode->expert + decode->tensor + decode->exchange;
    return lanes_max(pass_total(prompts) - steps * shared, ZERO);
}

/* By how much the longest of n outputs passes the mean. Where a deviation is known, as
 * the longest of a minimum and an exponential time do: by deviation (H_n - 1) (Renyi
 * 1953), H_n = 1 + 1/2 + ... + 1/n. With the longest alone, lengths are even on both sides
 * of the mean, and a static batch is meant to have it. */
lanes beyond_mean(const struct job *job, lanes n)
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

/* An engine has its context, libraries and buffers, however little the weights leave; a
 * static batch runs also in programs that do with next to nothing. */
double least_runtime(const struct job *job)
{
    return job->inference.serving ? C(MEMORY_RUNTIME) : 0;
}

/* Tokens of the longest sequence that so many bytes of cache hold: with a window, and beyond it. */
lanes longest_sequence(const struct job *job, const struct split *at, const lanes e[TARGETS], lanes cache)
{
    const double far = 1e7, most = 1e9;
    lanes bytes = cache * at->p / E(MEMORY_KV), none = cache_of_sequence(job, at, ZERO), first = cache_of_sequence(job, at, ONE) - none;
    lanes beyond = cache_of_sequence(job, at, lanes_of(far)), each = cache_of_sequence(job, at, lanes_of(far + 1)) - beyond;
    lanes within = (bytes - none) / lanes_max(first, lanes_of(1e-3)), after = far + (bytes - beyond) / lanes_max(each, lanes_of(1e-3));
    lanes longest = lanes_select(within <= job->inference.window, within, after);
    return lanes_floor(lanes_max(lanes_min(longest, lanes_of(most)), ZERO));
}

/* What an engine takes of an accelerator for weights, cache and all else. */
lanes engine_room(const struct job *job, const lanes e[TARGETS])
{
    return lanes_select(E(ENGINE_SHARE) > 0, E(ENGINE_SHARE) * (job->memory * job->shown), lanes_of(job->memory));
}

/* Weights of a rank, and how many sequences of so many tokens the rest of its room holds. A cache that reserves for
 * the longest output wastes a share of what it reserves (arXiv 2309.06180, sec. 1). */
void hold(const struct job *job, const struct split *at, const lanes e[TARGETS], lanes room, lanes tokens, struct memory *memory)
{
    const struct inference *m = &job->inference;
    lanes split = m->attention * m->attention_format.bytes + m->feed_forward * m->feed_forward_format.bytes +
                  m->tables * lanes_of(2.0);
    lanes experts = lanes_of(m->expert_layers * m->experts * m->expert * m->expert_format.bytes);
    lanes weights = split / at->n + m->replicated * m->attention_format.bytes + 2 * m->router + experts / at->ranks;
    memory->weights = weights / at->p * E(MEMORY_WEIGHTS);
    lanes wasted = m->serving ? lanes_min(C(CACHE_RESERVED) * E(KV_RESERVED), lanes_of(0.99)) : ZERO;
    lane_mask told = E(ENGINE_SHARE) > 0; /* an engine counts in whole blocks, and keeps to them */
    memory->sequence = cache_of_sequence(job, at, tokens) / at->p / lanes_select(told, ONE, 1 - wasted) * E(MEMORY_KV);
    lanes left = room - memory->weights, beside = (E(ENGINE_ACTIVATIONS) + E(ENGINE_CONTEXT)) * GIB;
    lanes generic = lanes_max((1 - C(CACHE_SHARE)) * left, lanes_of(least_runtime(job))), share = lanes_select(E(ENGINE_LEFT) > 0, E(ENGINE_LEFT), ONE);
    memory->runtime = lanes_select(told, left - share * (left - beside), generic) * E(MEMORY_RUNTIME);
    memory->cache = left - memory->runtime;
    lanes long_one = cache_of_sequence(job, at, 1024 * E(ENGINE_WINDOW)) / at->p * E(MEMORY_KV), room_for_one = memory->cache / lanes_max(long_one, lanes_of(1.0));
    memory->capacity = memory->cache / lanes_max(memory->sequence, lanes_of(1.0)); /* an encoder keeps nothing */
    /* An engine that has no room for the longest request that it is to take does not start. */
    memory->capacity = lanes_select((E(ENGINE_WINDOW) > 0) & (room_for_one < 1), lanes_min(room_for_one, memory->capacity), memory->capacity);
    memory->tokens = memory->cache / lanes_max(memory->sequence, lanes_of(1.0)) * tokens;
    memory->most = lanes_select(E(ENGINE_SEQUENCES) > 0, lanes_min(memory->capacity, E(ENGINE_SEQUENCES)), memory->capacity);
}
