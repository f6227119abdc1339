/* Time of one training step, kernels first: the products of a micro-batch by their shapes, attention,
 * passes over memory, launches and the host beside them; then the collectives, the pipeline and the step.
 * Knows layouts and rates, but no optimization, model, chip or software by name.
 *
 * Symbols: b sequences and m tokens of a micro-batch, s tokens of a sequence or row,
 * t p d c x degrees of tensor, pipeline, data, context and expert parallelism,
 * M micro-batches a step, L layers, h hidden width. Times in seconds, sizes in
 * bytes, rates per second. Coefficients (c[]) are described in data/coefficients. */
#include "estimate/job.h"

#define C(name) (job->c[COEFFICIENT_##name])
#define E(name) (e[TARGET_##name])
#define V(name) (v[VARIABLE_##name])

#define ZERO lanes_of(0.0)
#define ONE lanes_of(1.0)

/* Rates of products under a power limit, over that at the rated power: the least, and how often its range is halved
 * (chips have clocks a hundredth apart). */
#define LEAST_RATE 0.125
enum { HALVINGS = 10 };

/* A pass over all layers of the model, and its backward pass; the operations of its products. */
struct passes {
    lanes forward, backward;
    lanes work_forward, work_backward;
};

/* What one micro-batch costs in all layers of the model, shared between the parts of the step. */
struct microbatch {
    lanes sequences, tokens;
    lanes row, attended;              /* tokens of a row, and those that a token attends over */
    struct passes matmul, expert, attention, pointwise, head, launch, host;
    struct passes scores, moving;     /* of attention, and of experts and head, what only reads and writes */
    struct {
        lanes matmul, pointwise;
        lanes weights;
    } spared;                         /* of the forward pass when it is done again */
    lanes tensor, context, exchange;  /* collectives of one pass */
    lanes wide;                       /* share of the weights that are kept wider than they are multiplied in */
    lanes stream;                     /* B/s of kernels that only read and write */
    lanes slow;                       /* how much longer products take at a lower clock than the rated power allows */
};

/* ---- kernels ---------------------------------------------------------------------------------- */

/* How fast products of one format are. */
struct product {
    lanes seconds;  /* for one operation */
    double depth;   /* operations beside those of k, in k: filling and draining of tiles */
    double bytes;   /* of an element of the inputs */
    double byte;    /* s, to move one */
    double fixed;   /* s, of a launch, and of quantizing */
};

static struct product product_of(const struct job *job, double rate, double bytes, double fixed, lanes slow)
{
    return (struct product){.seconds = 2 / (rate * C(MATMUL_EFFICIENCY) * C(MATMUL_SUSTAINED) * C(LIBRARY_RATE)) * slow,
                            .depth = (C(MATMUL_DEPTH) + C(LIBRARY_DEPTH)) * (bytes > 2 ? 2 / bytes : 1),
                            .bytes = bytes,
                            .byte = 1 / (job->bandwidth * C(MATMUL_STREAM)),
                            .fixed = C(MATMUL_SECONDS) + fixed};
}

/* One product of m x k by k x n: its operations, or what it reads and writes (16 bits at least). */
__attribute__((noinline)) static lanes multiply(const struct product *p, lanes m, lanes n, lanes k)
{
    lanes work = m * n * (k + p->depth) * p->seconds;
    lanes moved = (p->bytes * (m + n) * k + fmax(p->bytes, 2) * m * n) * p->byte;
    return p->fixed + lanes_max(work, moved);
}

/* A linear layer: the product, and in the backward pass those of the gradients of its input and of its weights. */
static inline void linear(const struct product *p, lanes m, lanes n, lanes k, lanes trained, struct passes *out, lanes count)
{
    out->forward += count * multiply(p, m, n, k);
    out->backward += count * (multiply(p, m, k, n) + trained * multiply(p, n, k, m));
    lanes work = 2 * count * m * n * k;
    out->work_forward += work;
    out->work_backward += work * (1 + trained);
}

static void matmul(const struct job *job, const lanes v[VARIABLES], const lanes e[TARGETS], struct microbatch *mb)
{
    const struct shape *s = &job->shape;
    double bytes = precisions[job->matmul_precision].bytes;
    struct product p = product_of(job, job->matmul_peak, bytes, bytes < 2 ? C(NARROW_PRODUCT) : 0, mb->slow);
    lanes split = 1 / V(TENSOR);
    struct passes all = {ZERO, ZERO, ZERO, ZERO};
    lanes inputs = ZERO, outputs = ZERO; /* of all linear layers, for a token */
    for (size_t i = 0; i < s->matrix_count; i++) {
        const struct matrix *w = &s->matrices[i];
        lanes n = w->shard == SHARD_OUTPUT ? w->n * split : lanes_of(w->n), k = w->shard == SHARD_INPUT ? w->k * split : lanes_of(w->k);
        linear(&p, mb->tokens, n, k, E(UPDATE_FLOPS), &all, lanes_of(w->count));
        inputs += w->count * w->parts * k;
        outputs += w->count * n;
    }
    lanes adapters = E(ADAPTERS) * mb->tokens / mb->stream;
    lanes dropped = lanes_min(E(ADAPTERS_DROPOUT), ONE) * C(ADAPTER_DROPOUT) * adapters * inputs;
    mb->matmul.forward = all.forward * E(MATMUL_FLOPS_FORWARD) / E(MATMUL_EFFICIENCY_FORWARD) + C(ADAPTER_FORWARD) * adapters * (inputs + outputs) + dropped;
    mb->matmul.backward = all.backward * E(MATMUL_FLOPS_BACKWARD) / E(MATMUL_EFFICIENCY_BACKWARD) + C(ADAPTER_BACKWARD) * adapters * (inputs + outputs) + dropped;
    mb->matmul.work_forward = all.work_forward * E(MATMUL_FLOPS_FORWARD);
    mb->matmul.work_backward = all.work_backward * E(MATMUL_FLOPS_BACKWARD);
    /* The last product of a block is not needed to go back through the block, but where adapters come behind it. */
    const struct matrix *last = &s->matrices[s->last_matrix];
    lanes k = last->shard == SHARD_INPUT ? last->k * split : lanes_of(last->k), stops = C(RECOMPUTE_STOPS) * lanes_min(E(RECOMPUTE_SPARED), ONE) * (1 - lanes_min(E(ADAPTERS_DOWN), ONE));
    lanes spared = last->count * multiply(&p, mb->tokens, lanes_of(last->n), k);
    mb->spared.matmul = stops * spared * E(MATMUL_FLOPS_FORWARD) / E(MATMUL_EFFICIENCY_FORWARD);
    mb->spared.weights = stops * last->count * last->n * k;
}

/* Routed experts: grouped products, each of the tokens that an expert sees, and the traffic of sorting tokens to
 * experts and back. Gradients of their weights are added in memory. */
static void expert(const struct job *job, const lanes v[VARIABLES], const lanes e[TARGETS], struct microbatch *mb)
{
    const struct shape *s = &job->shape;
    mb->expert = (struct passes){ZERO, ZERO, ZERO, ZERO};
    if (s->experts <= 0)
        return;
    double bytes = precisions[job->expert_precision].bytes, narrow = bytes < job->activation_bytes ? 4 * C(CAST_PASSES) : 0;
    struct product p = product_of(job, job->expert_peak * C(EXPERT_EFFICIENCY), bytes, 0, mb->slow);
    p.fixed = 0; /* one kernel for all experts: in EXPERT_LAYER */
    lanes routed = mb->tokens / V(TENSOR) * s->active, own = s->experts / V(EXPERT); /* token copies and experts of a rank */
    lanes seen = routed / own + C(EXPERT_ROWS), sums = C(EXPERT_SUMS) / mb->stream * E(UPDATE_FLOPS);
    const double shapes[2][2] = {{s->expert_ffn * (1 + s->gated), s->expert_width}, {s->expert_width, s->expert_ffn}};
    lanes forward = ZERO, backward = ZERO;
    for (int i = 0; i < 2; i++) {
        lanes n = lanes_of(shapes[i][0]), k = lanes_of(shapes[i][1]);
        forward += multiply(&p, seen, n, k);
        backward += multiply(&p, seen, k, n) + lanes_max(E(UPDATE_FLOPS) * multiply(&p, n, k, seen), sums * n * k);
    }
    lanes element = routed * (job->activation_bytes / 2) / mb->stream, casts = mb->wide * E(CAST_BYTES);
    double inner = (s->gated > 0 ? C(GATED_INNER) : 1) * s->expert_ffn;
    lanes sorted = element * s->expert_width * E(EXPERT_BYTES), fixed = (C(EXPERT_FIXED) * own + C(EXPERT_LAYER)) * E(EXPERT_BYTES);
    lanes quantized = E(CAST_BYTES) * element * narrow * (s->expert_width + s->expert_ffn);
    forward = own * forward * E(MATMUL_FLOPS_FORWARD) / (E(MATMUL_EFFICIENCY_FORWARD) * E(EXPERT_EFFICIENCY));
    backward = own * backward * E(MATMUL_FLOPS_BACKWARD) / (E(MATMUL_EFFICIENCY_BACKWARD) * E(EXPERT_EFFICIENCY));
    mb->expert.forward = s->expert_layers * (forward + sorted * (C(ROUTED_FORWARD) + C(ROUTED_CASTS) * casts) +
                                             element * inner * C(INNER_FORWARD) + quantized + fixed / 3);
    mb->expert.backward = s->expert_layers * (backward + sorted * (C(ROUTED_BACKWARD) + C(ROUTED_CASTS_BACKWARD) * casts) +
                                              element * inner * C(INNER_BACKWARD) + quantized + fixed * 2 / 3);
    mb->moving.forward = mb->expert.forward - s->expert_layers * (forward + fixed / 3);
    mb->moving.backward = mb->expert.backward - s->expert_layers * (backward + fixed * 2 / 3);
    lanes work = s->expert_layers * 2 * routed * (shapes[0][0] * shapes[0][1] + shapes[1][0] * shapes[1][1]);
    mb->expert.work_forward = work * E(MATMUL_FLOPS_FORWARD);
    mb->expert.work_backward = work * (1 + E(UPDATE_FLOPS)) * E(MATMUL_FLOPS_BACKWARD);
}

/* Attention: two products over the whole s x s square, and the traffic of the
 * scores; what skips half of the square or keeps it on the chip is an effect.
 * A kernel with a window costs as if the window were somewhat longer. */
static void attention(const struct job *job, const lanes v[VARIABLES], const lanes e[TARGETS], struct microbatch *mb)
{
    const struct shape *s = &job->shape;
    /* Misalignment costs the unfused products alone; a fused kernel has no scores to move, and keeps to documents. */
    lanes unfused = lanes_min(E(SCORES_BYTES_FORWARD), ONE), n = mb->attended + unfused * job->rows.masked;
    lanes windowed = s->window > 0 ? lanes_min(ONE, 2 * (s->window + C(WINDOW_EXTRA)) / n) : ONE;
    lanes layers = s->attention_layers - s->window_layers + s->window_layers * windowed;
    lanes heads = s->heads / V(TENSOR);
    lanes elements = mb->sequences * heads * mb->row * n / V(CONTEXT);
    lanes flops = 2 * elements * (s->query_dim + s->value_dim) * layers;
    lanes odd = lanes_select(lanes_floor(heads / 4) != heads / 4, lanes_of(C(MISALIGNED_HEADS)), ONE);
    double misaligned = fmod(s->query_dim, 8) != 0 ? C(MISALIGNED_HEAD) : 1;
    lanes penalty = 1 + (misaligned - 1 + odd - 1) * unfused;
    double rate = job->attention_peak * C(UNFUSED_ATTENTION);
    lanes product = flops * penalty / rate * mb->slow, casts = mb->wide * E(CAST_BYTES);
    lanes scores = layers * elements * (job->activation_bytes / 2) / mb->stream;
    /* Context parallelism cuts fused kernels into shorter ones, and merges what they give (arXiv 2310.01889). */
    lanes c = V(CONTEXT), cut = (n + C(FUSED_DEPTH) * c) / (n + C(FUSED_DEPTH));
    lanes merges = (c - 1) * C(CONTEXT_MERGE) * mb->tokens * heads * s->value_dim * layers / mb->stream;
    product *= lanes_select(unfused < 1, cut, ONE);
    lanes forward = scores * (C(SCORE_PASSES) + C(SCORE_CASTS) * casts) * E(SCORES_BYTES_FORWARD);
    lanes backward = scores * (C(SCORE_BACKWARD) + C(SCORE_CASTS_BACKWARD) * casts) * E(SCORES_BYTES_BACKWARD);
    /* On 32-bit numbers fused kernels have a rate of their own, whatever the products beside them run at. */
    lane_mask wide = (unfused == 0) & (lanes_of(job->wide_peak) > 0);
    lanes own = job->wide_peak * C(WIDE_ATTENTION) / (1 + C(WIDE_DEPTH) / n) / rate;
    lanes reached = lanes_select(wide, own, E(ATTENTION_EFFICIENCY_FORWARD)), reached_backward = lanes_select(wide, own, E(ATTENTION_EFFICIENCY_BACKWARD));
    mb->attention.forward = merges + product * E(ATTENTION_FLOPS_FORWARD) / reached + forward;
    mb->attention.backward = merges + 2 * product * E(ATTENTION_FLOPS_BACKWARD) / reached_backward + backward;
    mb->scores.forward = merges + forward;
    mb->scores.backward = merges + backward;
}

enum { SUM_BYTES = 10 }; /* that the sum behind a block moves for an element of 16 bits */

/* Norms, activation functions, residual sums, scans of state spaces: passes over what
 * they read and write.
 * The residual part is whole on every tensor-parallel rank. */
static void pointwise(const struct job *job, const lanes v[VARIABLES], const lanes e[TARGETS], struct microbatch *mb)
{
    const struct shape *s = &job->shape;
    double narrow = precisions[job->matmul_precision].bytes < job->activation_bytes ? 2 * C(CAST_PASSES) : 0;
    lanes whole = s->hidden * s->norm_layers * E(RESIDUAL_BYTES);
    lanes split = (s->gated > 0 ? C(GATED_INNER) : 1) * (s->feed_forward - s->expert_layers * s->active * s->expert_ffn) / V(TENSOR);
    double forward = C(HIDDEN_FORWARD) + s->gated * C(GATED_FORWARD), backward = C(HIDDEN_BACKWARD) + s->gated * C(GATED_BACKWARD);
    lanes scans = 2 * C(STATE_SPACE_PASSES) * s->state_space_width / V(TENSOR);
    lanes element = mb->tokens * (job->activation_bytes / 2) / mb->stream;
    lanes casts = E(CAST_BYTES) * element * narrow * (whole + split);
    lanes autocast = mb->wide * E(CAST_BYTES) * element * whole;
    mb->pointwise.forward = element * (forward * whole + C(INNER_FORWARD) * split + scans) * E(POINTWISE_BYTES_FORWARD) +
                            casts + (C(AUTOCAST_FORWARD) + s->gated * C(GATED_CASTS)) * autocast;
    mb->pointwise.backward = element * (backward * whole + C(INNER_BACKWARD) * split + 2 * scans) * E(POINTWISE_BYTES_BACKWARD) +
                             2 * casts + (C(AUTOCAST_BACKWARD) + s->gated * C(GATED_CASTS_BACKWARD)) * autocast;
    /* Nor is the sum behind the last product of a block: two terms read, one written, and the mask of dropout. */
    mb->spared.pointwise = C(RECOMPUTE_STOPS) * lanes_min(E(RECOMPUTE_SPARED), ONE) * element * fmin(SUM_BYTES, forward) * whole * E(POINTWISE_BYTES_FORWARD);
}

/* Vocabulary head and loss. */
static void head(const struct job *job, const lanes v[VARIABLES], const lanes e[TARGETS], struct microbatch *mb)
{
    const struct shape *s = &job->shape;
    struct product p = product_of(job, job->half_peak, job->activation_bytes, 0, mb->slow);
    lanes outputs = s->vocab * E(HEAD_OUTPUTS) / V(TENSOR), logits = s->head_layers * mb->tokens * outputs * E(LOSS_BYTES) / mb->stream;
    mb->head = (struct passes){ZERO, ZERO, ZERO, ZERO};
    /* In parts, each reads all of the table, and adds to its gradient. */
    lanes parts = lanes_max(E(LOSS_CHUNKS), ONE), table = outputs * s->hidden;
    linear(&p, mb->tokens / parts, outputs, lanes_of(s->hidden), E(UPDATE_FLOPS), &mb->head, s->head_layers * parts);
    mb->head.backward += s->head_layers * E(UPDATE_FLOPS) * (parts - 1) * p.bytes * table * p.byte;
    double misaligned = fmod(s->vocab, 8) != 0 ? C(MISALIGNED_PRODUCT) : 1;
    mb->head.forward *= misaligned;
    mb->head.backward *= misaligned;
    mb->head.forward += C(LOSS_FORWARD) * logits;
    mb->head.backward += C(LOSS_BACKWARD) * logits;
    mb->moving.forward += C(LOSS_FORWARD) * logits;
    mb->moving.backward += C(LOSS_BACKWARD) * logits;
}

/* Kernels that are not products, one after the other, and what the host does to launch them all. */
static void launch(const struct job *job, const lanes v[VARIABLES], const lanes e[TARGETS], struct microbatch *mb)
{
    double layers = job->shape.layers, gated = job->shape.gated > 0 ? C(GATED_HOST) : 1;
    lanes gap = layers * C(KERNEL_SECONDS) * E(LAUNCH_COUNT);
    lanes casts = C(CAST_LAUNCHES) * mb->wide;
    mb->launch = (struct passes){(C(LAUNCHES_FORWARD) + casts) * gap, (C(LAUNCHES_BACKWARD) + 2 * casts) * gap, ZERO, ZERO};
    double slow = 1 / job->host_speed;
    lanes again = lanes_min(E(RECOMPUTE_LAYER), ONE), host = layers * gated * E(HOST_LAYER) * E(LAUNCH_SECONDS);
    lanes tensor = lanes_select(V(TENSOR) > 1, lanes_of(layers * gated * C(HOST_TENSOR) / 2), ZERO);
    lanes gathers = lanes_select(E(GATHER_LAYERS) > 0, layers * (C(HOST_SHARD) + C(HOST_GATHER) * E(GATHER_ROUNDS) / V(ACCUMULATION)), ZERO);
    lanes adapters = E(ADAPTERS_ATTENTION) + E(ADAPTERS_OUTPUT) + E(ADAPTERS_FEED_FORWARD) + E(ADAPTERS_DOWN);
    tensor += layers * C(HOST_ADAPTER) / 2 * adapters;
    mb->host.forward = slow * (C(HOST_FORWARD) * host + tensor + C(HOST_BATCH) / 2);
    lanes backward = C(HOST_BACKWARD) + again * (C(HOST_FORWARD) + C(HOST_AGAIN) * E(RECOMPUTE_HOOKS));
    mb->host.backward = slow * (backward * host + tensor * (1 + again) + gathers + C(HOST_BATCH) / 2);
}

/* ---- collectives ------------------------------------------------------------------------------ */

/* A collective within a scale-up domain, of `bytes` a rank, `wire` of them over the link (NCCL's rings:
 * github.com/NVIDIA/nccl-tests, doc/PERFORMANCE.md). */
enum { CURVE_FIXED, CURVE_RANK, CURVE_WIRE, CURVE_BUFFER, CURVE_RAMP }; /* as the coefficients of a kind stand in order */

__attribute__((noinline)) static lanes collective(const struct job *job, int kind, lanes ranks, lanes wire, lanes bytes)
{
    const double *c = &job->c[kind];
    return c[CURVE_FIXED] + c[CURVE_RANK] * (ranks - 1) + wire * bytes / (c[CURVE_WIRE] * job->link) + c[CURVE_BUFFER] * bytes / job->link +
           c[CURVE_RAMP] * lanes_root(bytes * 1e-6);
}

/* Tensor parallelism: two all-reduces a layer and pass (arXiv 1909.08053, sec. 3),
 * each 2 (t-1)/t of the activations over the link. Context parallelism: keys and
 * values go around the ring once a pass. */
static void layer_collectives(const struct job *job, const lanes v[VARIABLES], const lanes e[TARGETS],
                              struct microbatch *mb)
{
    const struct shape *s = &job->shape;
    double link = C(LINK_FRACTION) * job->link, node_network = C(NETWORK_FRACTION) * job->network;
    lanes network = lanes_of(fmin(link, node_network / job->node));
    lanes activations = mb->tokens * s->hidden * job->activation_bytes;
    lanes t = V(TENSOR), x = V(EXPERT), c = V(CONTEXT);

    lanes moved = activations * E(TENSOR_BYTES), share = (t - 1) / t;
    lanes within = collective(job, COEFFICIENT_ALL_REDUCE_FIXED, t, 2 * share, moved);
    lanes beyond = 2 * share * moved / network + C(ALL_REDUCE_FIXED) + C(ALL_REDUCE_RANK) * (t - 1);
    mb->tensor = lanes_select(t > 1, s->collective_layers * 2 * lanes_select(t > job->domain, beyond, within), ZERO);

    lanes keys = mb->tokens * s->kv_heads * (s->query_dim + s->value_dim) * job->activation_bytes / t;
    lanes context_rate = lanes_select(c * t > job->domain, network, lanes_of(link));
    lanes ring = s->attention_layers * (c - 1) * keys * E(CONTEXT_BYTES) / context_rate;
    mb->context = lanes_select(c > 1, ring, ZERO);

    mb->exchange = ZERO;
    if (s->experts <= 0)
        return;
    /* A copy of a token goes once to every place that it has an expert in; places are ranks, or scale-up domains
     * where the group leaves one. */
    lane_mask inside = x <= lanes_of(job->domain);
    lanes reach, places = lanes_max(lanes_select(inside, x, lanes_ceil(x / job->domain)), lanes_of(2.0));
    LANES_EACH(reach, places[lane_] * (1 - pow(1 - 1 / places[lane_], s->active)));
    lanes rate = lanes_select(inside, lanes_of(link), network), share_away = 1 - 1 / places;
    lanes exchange = 2 * C(EXPERT_EXCHANGE) * activations * (s->expert_width / s->hidden) / t * reach * s->expert_layers * share_away *
                     E(EXPERT_COMM_BYTES) / rate;
    mb->exchange = lanes_select(x > 1, exchange, ZERO);
}

/* What of a communication stays visible when a share of it may hide behind work. */
static inline lanes exposed(lanes communication, lanes overlap, lanes work)
{
    return lanes_max(communication - overlap * work, communication * (1 - lanes_min(overlap, ONE)));
}

/* What of gradients reduced and weights gathered over data-parallel ranks shows: once a step, or with every
 * micro-batch where weights are sharded. */
struct data {
    lanes once, each;
    lanes least; /* of each, however much there is to hide behind */
    lanes wire; /* of a step, hidden or not */
};

/* Parameters of a rank: those of every token's layers with the tables of the fullest stage, and routed experts. */
struct held {
    lanes dense, routed;
};

static struct held held_by(const struct job *job, const lanes v[VARIABLES], const lanes e[TARGETS])
{
    const struct shape *s = &job->shape;
    lanes tables = lanes_select(V(PIPELINE) > 1, ONE, 1 + (1 - s->tied) * lanes_min(E(HEAD_OUTPUTS), ONE));
    return (struct held){(s->dense + tables * s->embedding) / V(TENSOR) / V(PIPELINE), s->routed / V(PIPELINE) / V(EXPERT)};
}

/* Steps of a collective over d ranks: a ring's, as far as rings of so many were measured, and those of a tree from there. */
static lanes hops(lanes d)
{
    enum { LONGEST_RING = 1024 };
    lanes turns = ZERO;
    if (lanes_all(d <= LONGEST_RING))
        return d - 1;
    LANES_EACH(turns, log2(fmax(d[lane_] / LONGEST_RING, 1)));
    return lanes_min(d, lanes_of((double)LONGEST_RING)) * (1 + turns) - 1;
}

/* A reduction is a reduce-scatter and a gather (2 (d-1)/d of the bytes); sharding replaces parts of it. What hides
 * behind work slows it down, and the last of it cannot hide. */
static struct data data_parallel(const struct job *job, const lanes v[VARIABLES], const lanes e[TARGETS], const struct microbatch *mb,
                                 const struct held *held, lanes stage, lanes pace)
{
    const struct shape *s = &job->shape;
    lanes d = V(DATA) * V(CONTEXT), t = V(TENSOR), p = V(PIPELINE), M = V(ACCUMULATION);
    double link = C(LINK_FRACTION) * job->link;
    lanes ranks = lanes_max(lanes_min(job->node / t, d), ONE); /* of the group on one node, sharing its network */
    lane_mask inside = d * t <= lanes_of(job->domain);
    lanes network = lanes_min(lanes_of(link), C(NETWORK_FRACTION) * job->network / job->node * ranks);
    lanes rate = lanes_select(inside, lanes_of(link), network);

    /* A ring moves (d-1)/d of the bytes; experts are replicated over fewer ranks. */
    lanes copies = lanes_max(d * t / V(EXPERT), ONE), dense = held->dense, routed = held->routed;
    lanes moved = dense * (d - 1) / d + routed * (copies - 1) / copies, trained = (dense + routed) * E(UPDATE_FLOPS);
    lanes alike = moved * d / lanes_max(d - 1, ONE); /* parameters over all ranks that move as many */
    lane_mask sharded = E(GATHER_LAYERS) > 0;
    lanes pieces = lanes_max(s->layers / p * E(DATA_MESSAGES), ONE), latency = C(DATA_LATENCY) * hops(d) * pieces;
    lanes reduced = trained * job->gradient_bytes * E(REDUCE_WIDTH);
    /* Weights gathered as they are needed are all of them; after an update, those trained, as wide as they are kept. */
    lanes kept = lanes_select(sharded, ONE, E(UPDATE_FLOPS) * (1 + mb->wide));
    lanes gathered = kept * job->weight_bytes * E(GATHER_BYTES), weights = (dense + routed) * gathered;
    lanes scatter = moved * E(UPDATE_FLOPS) * job->gradient_bytes * E(REDUCE_WIDTH) / rate + latency;
    lanes gather = moved * gathered / rate + latency;
    /* Within a domain, in as many pieces as there are layers. */
    lanes piece = 1 / pieces, wire = (d - 1) / d;
    lanes summed = alike * E(UPDATE_FLOPS) * job->gradient_bytes * E(REDUCE_WIDTH), fetched = alike * gathered;
    scatter = lanes_select(inside, pieces * (collective(job, COEFFICIENT_REDUCE_SCATTER_FIXED, d, wire, summed * piece)), scatter);
    lanes whole = lanes_select(inside, pieces * (collective(job, COEFFICIENT_ALL_REDUCE_FIXED, d, 2 * wire, summed * piece)), 2 * scatter);
    lanes sent = collective(job, COEFFICIENT_SEND_FIXED, d, ONE, fetched), all = pieces * (collective(job, COEFFICIENT_ALL_GATHER_FIXED, d, wire, fetched * piece));
    gather = lanes_select(inside, C(GATHER_SHOWS) > 0 ? lanes_select(sharded, all, sent) : all, gather);
    lanes reduce = lanes_select(E(REDUCE_BYTES) < 1, 2 * E(REDUCE_BYTES) * scatter, E(REDUCE_BYTES) * whole);

    /* Inside a shard group: scatter and gather there, over the link where it stays within,
     * and the shards reduced across groups. */
    lanes g = lanes_max(lanes_min(E(SHARD_GROUP), d), ONE);
    lanes group_rate = lanes_select(g * t <= lanes_of(job->domain), lanes_of(link), rate);
    lanes within = (g - 1) / g / group_rate;
    /* All shards cross at once: a rank has its part of the node's network, and that of ranks of other groups with the same shard. */
    lanes crossing = lanes_min(lanes_of(link), C(NETWORK_FRACTION) * job->network / job->node * lanes_max(ranks / g, ONE));
    lanes across = 2 * reduced / g * (d - g) / d / lanes_select(inside, rate, crossing);
    reduce = lanes_select(g > 1, 2 * reduced * E(REDUCE_BYTES) * within + across, reduce);
    gather = lanes_select(g > 1, weights * within, gather);

    /* What copies into buckets and out of gathered pieces cost on the accelerator. */
    lanes copied = C(BUCKET_COPY) * trained / mb->stream, spread = lanes_select(sharded, C(GATHER_COPY) * lanes_min(E(GATHER_BYTES), ONE) * (dense + routed) / mb->stream, ZERO);
    lanes rounds = lanes_max(E(REDUCE_ROUNDS), ONE), gathers = E(GATHER_ROUNDS);
    lanes shows = lanes_select(sharded, ZERO, C(GATHER_SHOWS) * gather * gathers);
    lanes hidden = rounds * reduce + gathers * gather - shows;
    lanes contention = lanes_select(inside, lanes_of(C(CONTENTION_LINK)), lanes_of(C(CONTENTION_NETWORK)));
    /* The table's gradient is the last; of sharded weights, the first layer's and the last's. */
    lanes table = s->embedding / t / p / lanes_max(dense + routed, ONE);
    lanes last = lanes_select(sharded, hidden / (pieces + 1), rounds * reduce * lanes_min(table, ONE));
    /* It hides behind a stage that waits for its host as well as behind one that works. */
    lanes behind = E(DATA_OVERLAP) * lanes_select(sharded, stage, pace) * rounds;
    lanes copies_seconds = rounds * copied + gathers * spread, least = contention * (hidden - last) + last;
    least = lanes_select(E(DATA_OVERLAP) > 0, least, hidden);
    lanes seconds = lanes_select(E(DATA_OVERLAP) > 0, lanes_max(hidden - behind, least), hidden) + copies_seconds;
    struct data data = {.once = shows};
    if (!lanes_all(E(TREE_ROUNDS) == 0)) {
        lanes nodes = lanes_max(d * t / job->node, ONE), depth;
        LANES_EACH(depth, log(nodes[lane_]));
        data.once += E(TREE_ROUNDS) * C(TREE_LATENCY) * depth;
    }
    data.wire = lanes_select(d > 1, rounds * reduce + gathers * gather, ZERO);
    data.each = lanes_select(sharded & (d > 1), seconds / M, ZERO);
    data.least = lanes_select(sharded & (d > 1), (least + copies_seconds) / M, ZERO);
    data.once = lanes_select(d > 1, data.once + lanes_select(sharded, ZERO, seconds), ZERO);
    return data;
}

/* ---- the step --------------------------------------------------------------------------------- */

/* Bytes that the update moves, over the rate of copies, and its products; and the host beside it. */
static lanes update(const struct job *job, const lanes v[VARIABLES], const lanes e[TARGETS], const struct microbatch *mb, const struct held *held,
                    lanes *moving)
{
    lanes updated = (held->dense + held->routed) * E(UPDATE_FLOPS) * (1 - lanes_min(E(HOST_RUNS), ONE));
    lanes seconds = C(OPTIMIZER_BYTES) * updated * E(OPTIMIZER_BYTES) / mb->stream;
    *moving = seconds;
    seconds += updated * E(OPTIMIZER_FLOPS) / (job->half_peak * C(MATMUL_EFFICIENCY)) * mb->slow;
    return lanes_max(seconds, job->shape.layers / V(PIPELINE) * lanes_max(E(UPDATE_SECONDS), lanes_of(C(HOST_OPTIMIZER))) / job->host_speed);
}

/* What the micro-batches of a step share with the host that launches them. */
struct pace {
    lanes micro_batches;
    lanes summed;           /* s, of adding gradients */
    lanes host, last;       /* s, of the host for a micro-batch, and for the end of a step */
    lanes update;           /* s, that the end of the host hides behind */
    lanes ahead, backward;  /* s, of the host for the first forward pass, and of the pass behind it; 0 in a pipeline */
};

/* Time of the micro-batches of a step that take `each` of the accelerator, with a host so many times slower. The host runs
 * ahead, and shows only where it is the slower one, with them or with the whole of the step; but the first micro-batch, whose
 * forward pass waits for every launch, has none before it. */
static lanes paced_by(const struct pace *pace, double slower, lanes each)
{
    lanes M = pace->micro_batches, host = M * slower * pace->host + lanes_max(slower * pace->last - pace->update, ZERO);
    lanes rest = lanes_max((M - 1) * slower * pace->host, (M - 1) * each + pace->summed), first = slower * pace->ahead + pace->backward;
    return lanes_max(lanes_max(M * each + pace->summed, host), lanes_select(pace->ahead > 0, first + rest, ZERO));
}

/* What a site's own steps take over those of the model, in every part alike. */
static void at_site(double factor, lanes out[METRICS])
{
    static const int parts[] = {
        SPEEDUP_METRIC_STEP_SECONDS,  SPEEDUP_METRIC_TIME_MATMUL,    SPEEDUP_METRIC_TIME_EXPERT,    SPEEDUP_METRIC_TIME_ATTENTION,
        SPEEDUP_METRIC_TIME_POINTWISE, SPEEDUP_METRIC_TIME_HEAD,     SPEEDUP_METRIC_TIME_CAST,      SPEEDUP_METRIC_TIME_LAUNCH,
        SPEEDUP_METRIC_TIME_TENSOR,   SPEEDUP_METRIC_TIME_CONTEXT,   SPEEDUP_METRIC_TIME_EXCHANGE,  SPEEDUP_METRIC_TIME_SEND,
        SPEEDUP_METRIC_TIME_IMBALANCE, SPEEDUP_METRIC_TIME_BUBBLE,   SPEEDUP_METRIC_TIME_DATA,      SPEEDUP_METRIC_TIME_OPTIMIZER,
        SPEEDUP_METRIC_TIME_HOST,     SPEEDUP_METRIC_TIME_FIXED,     SPEEDUP_METRIC_TIME_EVALUATION,
    };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        out[parts[i]] *= factor;
}

/* The step where products take `slow` times as long as at the rated power, and what an accelerator does in it. */
static void take_step(const struct job *job, const lanes v[VARIABLES], const lanes e[TARGETS], lanes slow, lanes out[METRICS],
                 struct work *work_done)
{
    const struct shape *s = &job->shape;
    lanes p = V(PIPELINE), M = V(ACCUMULATION), chunks = V(VIRTUAL_STAGES);
    struct microbatch mb = {.stream = lanes_of(C(COPY_RATE) * job->bandwidth), .slow = slow};
    mb.sequences = training_sequences(job, v, e);
    rows_of(job, mb.sequences, &mb.row, &mb.attended);
    mb.tokens = mb.sequences * mb.row / V(CONTEXT);
    /* Frozen weights stay narrow; those gathered layer by layer arrive as the products take them. */
    mb.wide = lanes_select(E(GATHER_LAYERS) > 0, ZERO, E(CAST_WEIGHTS) * E(UPDATE_FLOPS));
    matmul(job, v, e, &mb);
    expert(job, v, e, &mb);
    attention(job, v, e, &mb);
    pointwise(job, v, e, &mb);
    head(job, v, e, &mb);
    launch(job, v, e, &mb);
    layer_collectives(job, v, e, &mb);

    /* All layers of one micro-batch, forward, backward and what is done again. */
    lanes again = lanes_min(E(RECOMPUTE_LAYER), ONE), frozen = E(FROZEN_PASSES);
    /* Attention that is done again with its layer finds its inputs in the cache. */
    lanes again_attention = lanes_max(again * C(ATTENTION_AGAIN), lanes_min(E(RECOMPUTE_ATTENTION), ONE));
    lanes matmul_seconds = mb.matmul.forward * (1 + again + frozen) + mb.matmul.backward - again * mb.spared.matmul;
    lanes expert_seconds = mb.expert.forward * (1 + again + frozen) + mb.expert.backward;
    lanes attention_seconds = mb.attention.forward * (1 + again_attention + frozen) + mb.attention.backward;
    lanes pointwise_seconds = mb.pointwise.forward * (1 + again + frozen) + mb.pointwise.backward - again * mb.spared.pointwise;
    lanes head_seconds = mb.head.forward * (1 + frozen) + mb.head.backward;
    lanes gaps = mb.launch.forward * (1 + again + frozen) + mb.launch.backward;
    lanes work = matmul_seconds + expert_seconds + attention_seconds + pointwise_seconds + gaps;

    /* Weights kept wide are cast once a pass; of a layer that is done again, those that are multiplied again. */
    struct held held = held_by(job, v, e);
    lanes parameters = held.dense + held.routed;
    lanes casts = mb.wide * C(CAST_WEIGHTS) * parameters / mb.stream;
    lanes layers = s->dense / V(TENSOR) / p + held.routed;
    lanes cast = 2 * casts + again * mb.wide * C(CAST_WEIGHTS) * (layers - mb.spared.weights / p) / mb.stream;
    cast += E(WIDEN) * C(WIDEN_WEIGHT) * layers * (2 + again + frozen) / mb.stream;
    lanes sum = C(ACCUMULATE_BYTES) * (job->gradient_bytes * E(REDUCE_WIDTH) / 4) * parameters * E(UPDATE_FLOPS) / mb.stream;
    cast += s->tied * lanes_min(E(HEAD_OUTPUTS), ONE) * C(TABLE_GRADIENT) * (job->gradient_bytes * E(REDUCE_WIDTH) / 4) * s->embedding / V(TENSOR) * E(UPDATE_FLOPS) / mb.stream;

    /* Where the residual stream is sharded, its input is gathered once more in the backward
     * pass. It is meant to hide (arXiv 2205.05198, sec. 4.2.2), but the backward pass gains
     * 0.1 ms of 11.9 there (table 4), less than by the norms alone: it shows. */
    lanes regather = lanes_select(E(MEMORY_RESIDUAL) < 1, lanes_of(0.5), ZERO);
    lanes tensor_seconds = exposed(mb.tensor * (2 + again + regather + frozen), E(TENSOR_OVERLAP), work);
    lanes context_seconds = exposed(mb.context * (3 + again + frozen), E(CONTEXT_OVERLAP), attention_seconds);
    lanes exchange_seconds = exposed(mb.exchange * (2 + again + frozen), E(EXPERT_OVERLAP), work);
    lanes joined = tensor_seconds + context_seconds + exchange_seconds;

    /* The host runs ahead of the accelerator; it shows only where it is the slower one,
     * or where every launch waits for the one before. */
    lanes blocking = C(BLOCKING_SECONDS) * s->layers * E(LAUNCH_COUNT) * E(LAUNCH_SECONDS);
    lanes host = mb.host.forward * (1 + frozen) + mb.host.backward;
    lanes backward = work - (mb.matmul.forward + mb.expert.forward + mb.attention.forward + mb.pointwise.forward + mb.launch.forward);
    backward += head_seconds - mb.head.forward + cast - casts + exposed(mb.tensor * (1 + again + regather), E(TENSOR_OVERLAP), backward) +
                exposed(mb.context * (2 + again), E(CONTEXT_OVERLAP), attention_seconds - mb.attention.forward) +
                exposed(mb.exchange * (1 + again), E(EXPERT_OVERLAP), backward);

    /* The slowest stage. Where layers do not divide by stages, the embedding and the
     * head take the place of a layer each. */
    lanes blocks = work + joined + blocking;
    lanes per_stage = s->layers / p, slots = lanes_ceil((s->layers + 2) / p);
    lanes mean = (blocks + head_seconds) / p + cast;
    lanes even = per_stage * blocks / s->layers + head_seconds + cast;
    lanes uneven = lanes_max(slots * blocks / s->layers, mean);
    lanes stage = lanes_select((lanes_floor(per_stage) == per_stage) & (V(ENDS_AS_LAYERS) == 0), even, uneven);
    stage = lanes_select(p > 1, stage, blocks + head_seconds + cast);
    /* What a micro-batch waits for its host is time that communication and launches can hide behind. */
    struct offload away = training_offload(job, v, e, parameters, mb.row / job->rows.longest, 2 + again + frozen, stage);
    lanes paused = away.each;
    lanes summed = (M - 1) * sum;
    lanes updating, optimizer = update(job, v, e, &mb, &held, &updating);
    struct pace pace = {.micro_batches = M, .summed = summed, .host = host / p, .last = lanes_of(C(HOST_STEP) / job->host_speed), .update = optimizer,
                        .ahead = lanes_select(p > 1, ZERO, mb.host.forward), .backward = backward};
    lanes paced = (paced_by(&pace, 1, stage + paused) - summed) / M;
    struct data data = data_parallel(job, v, e, &mb, &held, stage + paused, paced);

    /* Sends between stages show in part in a plain 1F1B; an interleaved schedule sends as
     * often again for every chunk (arXiv 2104.04473, sec. 2.2), behind its work. */
    lanes send_rate = lanes_select(V(TENSOR) * p <= job->domain, lanes_of(C(LINK_FRACTION) * job->link),
                                   lanes_of(C(NETWORK_FRACTION) * job->network / job->node));
    lanes send = 2 * mb.tokens * s->hidden * job->activation_bytes * E(PIPELINE_BYTES) * lanes_min(E(MEMORY_RESIDUAL), ONE) /
                 send_rate;
    send = lanes_select(chunks <= 1, send * C(PIPELINE_SEND), lanes_max(send * chunks - paced, ZERO));
    send = lanes_select(p > 1, send, ZERO);
    /* Fill and drain of 1F1B, divided by the chunks of an interleaved schedule
     * (arXiv 2104.04473, sec. 2.2). */
    lanes bubble = (p - 1) / chunks * (mean + send) * E(BUBBLE);

    lanes offload = away.once + M * paused;
    /* Waiting for the slowest of many nodes. */
    lanes fixed = lanes_select(V(ACCELERATORS) > job->node, lanes_of(C(STEP_SECONDS)), ZERO);
    lanes communication = M * data.each + data.once;
    lanes each = stage + paused + data.each, alone = M * each + summed;
    pace.backward += data.least;
    lanes waiting = paced_by(&pace, 1, each) - alone;

    out[SPEEDUP_METRIC_STEP_SECONDS] =
        M * (stage + send) + waiting + summed + bubble + communication + optimizer + offload + fixed;
    out[SPEEDUP_METRIC_TIME_MATMUL] = M * matmul_seconds / p;
    out[SPEEDUP_METRIC_TIME_EXPERT] = M * expert_seconds / p;
    out[SPEEDUP_METRIC_TIME_ATTENTION] = M * attention_seconds / p;
    out[SPEEDUP_METRIC_TIME_POINTWISE] = M * pointwise_seconds / p;
    out[SPEEDUP_METRIC_TIME_HEAD] = M * head_seconds / p;
    out[SPEEDUP_METRIC_TIME_CAST] = M * cast + summed;
    out[SPEEDUP_METRIC_TIME_LAUNCH] = M * (gaps + blocking) / p + waiting;
    out[SPEEDUP_METRIC_TIME_TENSOR] = M * tensor_seconds / p;
    out[SPEEDUP_METRIC_TIME_CONTEXT] = M * context_seconds / p;
    out[SPEEDUP_METRIC_TIME_EXCHANGE] = M * exchange_seconds / p;
    out[SPEEDUP_METRIC_TIME_SEND] = M * send;
    out[SPEEDUP_METRIC_TIME_IMBALANCE] = lanes_max(M * (stage - mean), ZERO); /* rounded, it may be below none */
    out[SPEEDUP_METRIC_TIME_BUBBLE] = bubble;
    out[SPEEDUP_METRIC_TIME_DATA] = communication;
    out[SPEEDUP_METRIC_TIME_OPTIMIZER] = optimizer;
    out[SPEEDUP_METRIC_TIME_HOST] = offload;
    out[SPEEDUP_METRIC_TIME_FIXED] = fixed;

    /* An evaluation is the forward pass's part of what micro-batches take, with all that they wait for. */
    lanes forward = mb.matmul.forward + mb.expert.forward + mb.attention.forward + mb.pointwise.forward + mb.launch.forward + mb.head.forward;
    lanes passed = out[SPEEDUP_METRIC_STEP_SECONDS] - summed - data.once - optimizer - away.once - fixed;
    out[SPEEDUP_METRIC_TIME_EVALUATION] = job->evaluation_tokens / lanes_max(job->global_batch * E(BATCH_SEQUENCES) * job->rows.tokens, ONE) * passed * forward / (work + head_seconds);

    lanes scores = mb.scores.forward * (1 + again_attention + frozen) + mb.scores.backward;
    lanes moving = scores + mb.moving.forward * (1 + again + frozen) + mb.moving.backward + pointwise_seconds;
    *work_done = (struct work){
        .linear = M / p * (mb.matmul.work_forward * (1 + again + frozen) + mb.matmul.work_backward),
        .expert = M / p * (mb.expert.work_forward * (1 + again + frozen) + mb.expert.work_backward),
        .head = M / p * (mb.head.work_forward * (1 + frozen) + mb.head.work_backward),
        .attention = M / p * (attention_seconds - scores),
        .moving = M * (moving / p + cast) + summed + updating,
        .wire = M / p * (mb.tensor * (2 + again + regather + frozen) + mb.context * (3 + again + frozen) + mb.exchange * (2 + again + frozen)) + data.wire,
    };

    /* How sure: what scatters anyway, and what was never seen; independent of each other, so their squares add. */
    lanes step = out[SPEEDUP_METRIC_STEP_SECONDS];
    double slower = 1 + C(SIGMA_HOST);
    lanes host_part = (paced_by(&pace, slower, each) - paced_by(&pace, 1 / slower, each)) / (2 * step);
    lanes wire_part = C(SIGMA_WIRE) * (communication + M * (joined / p + send)) / step;
    double kind = s->experts > 0 ? C(TIME_SIGMA_EXPERT) : C(TIME_SIGMA), chip = job->generic ? C(SIGMA_CHIP) : 0,
           stack = job->generic_stack ? C(SIGMA_STACK) : 0, narrow = precisions[job->matmul_precision].bytes < 2 ? C(SIGMA_NARROW) : 0;
    double known = kind * kind + chip * chip + stack * stack + narrow * narrow;
    out[SPEEDUP_METRIC_TIME_SIGMA] = lanes_root(known + host_part * host_part + wire_part * wire_part);

    at_site(C(SITE_FACTOR), out);

    /* Model operations as MFU counts them: 6 a parameter and token, 2 less where it is frozen, causal attention; of the
     * square below the diagonal a window leaves a band. What pads is no token. */
    double reach = s->window > 0 ? fmin(s->window / job->sequence, 1) : 1;
    double attending = s->attention_layers - s->window_layers * (1 - reach * (2 - reach));
    lanes passes = 4 + 2 * E(UPDATE_FLOPS) + 2 * frozen;
    double head_outputs = s->head_layers * s->vocab * s->hidden;
    lanes multiplied = s->parameters_active - s->embedding * (1 - s->tied) - (1 - E(HEAD_OUTPUTS)) * head_outputs;
    double attended = attending * s->heads * (s->query_dim + s->value_dim) * job->sequence / 2;
    lanes per_token = passes * multiplied + (6 + 2 * frozen) * attended;
    lanes rate = job->global_batch * E(BATCH_SEQUENCES) * job->rows.tokens * per_token / V(ACCELERATORS) / out[SPEEDUP_METRIC_STEP_SECONDS];
    out[SPEEDUP_METRIC_MODEL_FLOPS_PER_SECOND] = rate;
    out[SPEEDUP_METRIC_MODEL_UTILIZATION] = rate / job->half_peak;
    /* And what is done again, but for the head and for what recomputation stops before. */
    lanes repeated = multiplied - E(HEAD_OUTPUTS) * head_outputs;
    lanes twice = 2 * again * (repeated - mb.spared.weights * V(TENSOR)) + 2 * lanes_max(again, lanes_min(E(RECOMPUTE_ATTENTION), ONE)) * attended;
    out[SPEEDUP_METRIC_HARDWARE_UTILIZATION] = rate * (1 + twice / per_token) / job->half_peak;
    lanes tokens = job->global_batch * E(BATCH_SEQUENCES) * job->rows.tokens / out[SPEEDUP_METRIC_STEP_SECONDS];
    out[SPEEDUP_METRIC_TOKENS_PER_SECOND] = tokens;
    out[SPEEDUP_METRIC_TOKENS_PER_SECOND_PER_ACCELERATOR] = tokens / V(ACCELERATORS);
}

/* Under a lower limit, products as much slower as it takes: found by halving, always between the same two ends,
 * so that a lower limit is never faster. */
static void limit(const struct job *job, const lanes v[VARIABLES], const lanes e[TARGETS], lanes out[METRICS], struct joules *joules)
{
    const struct energy *energy = &job->energy;
    struct work same;
    *joules = energy_at_rated(energy, joules, out[SPEEDUP_METRIC_STEP_SECONDS]);
    lanes most = ONE, least = lanes_of(LEAST_RATE);
    lane_mask held = energy_within(energy, joules, ONE, out[SPEEDUP_METRIC_STEP_SECONDS]);
    for (int i = 0; i < HALVINGS && !lanes_all(held); i++) {
        lanes rate = (least + most) / 2;
        take_step(job, v, e, 1 / rate, out, &same);
        lane_mask low = energy_within(energy, joules, rate, out[SPEEDUP_METRIC_STEP_SECONDS]);
        least = lanes_select(low, rate, least);
        most = lanes_select(low, most, rate);
    }
    lanes rate = lanes_select(held, ONE, least);
    take_step(job, v, e, 1 / rate, out, &same);
    *joules = energy_at(energy, joules, rate);
}

/* The completions of a step come before its update. What is said of a second is said of both; their errors have nothing in
 * common, so that the squares of the seconds that they are off add up. */
static void add_rollout(const struct job *job, const lanes v[VARIABLES], const lanes e[TARGETS], lanes out[METRICS])
{
    static const int rates[] = {SPEEDUP_METRIC_MODEL_FLOPS_PER_SECOND, SPEEDUP_METRIC_MODEL_UTILIZATION, SPEEDUP_METRIC_HARDWARE_UTILIZATION,
                                SPEEDUP_METRIC_TOKENS_PER_SECOND, SPEEDUP_METRIC_TOKENS_PER_SECOND_PER_ACCELERATOR};
    const struct job *engine = job->rollout->engine;
    lanes memory[METRICS];
    training_memory(job, v, e, memory);
    lanes rollout = memory[SPEEDUP_METRIC_TIME_ROLLOUT], step = out[SPEEDUP_METRIC_STEP_SECONDS] + rollout;
    lanes generating = rollout / step, updating = 1 - generating;
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++)
        out[rates[i]] *= updating;
    double watts = fmin(job->energy.rated * engine->c[COEFFICIENT_POWER_FRACTION], job->energy.limit);
    lanes off = updating * out[SPEEDUP_METRIC_TIME_SIGMA], engine_off = generating * engine->inference.decode_sigma;
    out[SPEEDUP_METRIC_POWER] = updating * out[SPEEDUP_METRIC_POWER] + generating * watts;
    out[SPEEDUP_METRIC_TIME_SIGMA] = lanes_root(off * off + engine_off * engine_off);
    out[SPEEDUP_METRIC_TIME_ROLLOUT] = rollout;
    out[SPEEDUP_METRIC_STEP_SECONDS] = step;
}

void training_time(const struct job *job, const lanes v[VARIABLES], const lanes e[TARGETS], lanes out[METRICS])
{
    const struct energy *energy = &job->energy;
    struct work work;
    take_step(job, v, e, ONE, out, &work);
    struct joules joules = energy_joules(energy, &work);
    if (energy->limit < energy->rated)
        limit(job, v, e, out, &joules);
    out[SPEEDUP_METRIC_POWER] = energy_watts(energy, &joules, out[SPEEDUP_METRIC_STEP_SECONDS], energy->limit);
    if (job->rollout)
        add_rollout(job, v, e, out);
}
