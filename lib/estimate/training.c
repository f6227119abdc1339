/* Time of one training step: the ledger of a micro-batch on its roofline, the
 * collectives, the pipeline and the step. Knows layouts and rates, but no
 * optimization, model or chip by name.
 *
 * Symbols: b sequences and m tokens of a micro-batch, s tokens of a sequence,
 * t p d c x degrees of tensor, pipeline, data, context and expert parallelism,
 * M micro-batches a step, L layers, h hidden width. Times in seconds, sizes in
 * bytes, rates per second. Coefficients (c[]) are described in data/coefficients. */
#include "estimate/job.h"

#define C(name) (job->c[COEFFICIENT_##name])
#define E(name) (e[TARGET_##name])
#define V(name) (v[VARIABLE_##name])

#define ZERO lanes_of(0.0)
#define ONE lanes_of(1.0)

/* What one micro-batch costs in all layers of the model, one pass forward unless
 * it says otherwise; shared between the parts of the step. */
struct microbatch {
    lanes sequences, tokens;
    lanes matmul, expert, attention_forward, attention_backward, pointwise_forward, pointwise_backward;
    lanes head, tensor, context, exchange, launch; /* head and launch: forward and backward */
    lanes bandwidth;
};

/* Linear layers: 2 operations a parameter and token over the rate that is reached, and in
 * formats below 16 bits a fixed time for each of a layer's four products. */
static void matmul(const struct job *job, const lanes v[VARIABLES], struct microbatch *mb)
{
    double narrow = precisions[job->matmul_precision].bytes < 2 ? 4 * job->shape.layers * C(NARROW_PRODUCT) : 0;
    mb->matmul = 2 * mb->tokens * job->shape.dense / V(TENSOR) / (job->matmul_peak * C(MATMUL_EFFICIENCY)) + narrow;
}

/* Routed experts: grouped products whose rate falls when an expert sees few tokens,
 * tiles of 256, and the traffic of sorting tokens to experts and back. */
static void expert(const struct job *job, const lanes v[VARIABLES], const lanes e[TARGETS], struct microbatch *mb)
{
    const struct shape *s = &job->shape;
    mb->expert = ZERO;
    if (s->experts <= 0)
        return;
    double tiles = ceil(s->expert_width / 256) * 256 / s->expert_width * (ceil(s->expert_ffn / 256) * 256 / s->expert_ffn);
    lanes routed = mb->tokens / V(TENSOR) * s->active; /* token copies on a rank */
    lanes seen = lanes_max(routed * V(EXPERT) / s->experts, ONE);
    lanes flops = 2 * routed * s->expert_layers * s->expert * tiles;
    lanes rate = job->expert_peak * C(MATMUL_EFFICIENCY) * C(EXPERT_EFFICIENCY) * E(EXPERT_EFFICIENCY);
    lanes dispatch = routed * C(EXPERT_DISPATCH) * s->expert_width / mb->bandwidth + C(EXPERT_FIXED) * s->experts / V(EXPERT);
    mb->expert = flops * (1 + C(EXPERT_HALF_TOKENS) / seen) / rate + s->expert_layers * dispatch * E(EXPERT_BYTES);
}

/* Attention: two products over the whole s x s square, and the traffic of the
 * scores; what skips half of the square or keeps it on the chip is an effect.
 * A kernel with a window costs as if the window were somewhat longer. */
static void attention(const struct job *job, const lanes v[VARIABLES], const lanes e[TARGETS], struct microbatch *mb)
{
    const struct shape *s = &job->shape;
    double n = job->sequence;
    double windowed = s->window > 0 ? fmin(1, 2 * (s->window + C(WINDOW_EXTRA)) / n) : 1;
    double layers = s->attention_layers - s->window_layers + s->window_layers * windowed;
    lanes heads = s->heads / V(TENSOR);
    lanes elements = mb->sequences * heads * n * n / V(CONTEXT);
    lanes flops = 2 * elements * (s->query_dim + s->value_dim) * layers;
    lanes odd = lanes_select(lanes_floor(heads / 4) != heads / 4, lanes_of(C(MISALIGNED_HEADS)), ONE);
    double misaligned = fmod(s->query_dim, 8) != 0 ? C(MISALIGNED_HEAD) : 1;
    /* Misalignment costs the unfused products alone; a fused kernel has no scores to move. */
    lanes unfused = lanes_min(E(SCORES_BYTES_FORWARD), ONE);
    lanes penalty = 1 + (misaligned - 1 + odd - 1) * unfused;
    double rate = job->attention_peak * C(UNFUSED_ATTENTION);
    lanes product = flops * penalty / rate;
    lanes scores = layers * C(SCORE_PASSES) * elements * (job->activation_bytes / 2) / mb->bandwidth;
    mb->attention_forward =
        product * E(ATTENTION_FLOPS_FORWARD) / E(ATTENTION_EFFICIENCY_FORWARD) + scores * E(SCORES_BYTES_FORWARD);
    mb->attention_backward = 2 * (product * E(ATTENTION_FLOPS_BACKWARD) / E(ATTENTION_EFFICIENCY_BACKWARD) +
                                  scores * E(SCORES_BYTES_BACKWARD));
}

/* Norms, activation functions, residual sums, scans of state spaces: passes over what
 * they read and write.
 * The residual part is whole on every tensor-parallel rank. */
static void pointwise(const struct job *job, const lanes v[VARIABLES], const lanes e[TARGETS], struct microbatch *mb)
{
    const struct shape *s = &job->shape;
    lanes casts = precisions[job->matmul_precision].bytes < job->activation_bytes ? C(CAST_PASSES) * E(CAST_BYTES) : ZERO;
    lanes eager = C(EAGER_PASSES) * E(POINTWISE_BYTES_FORWARD);
    lanes residual = (eager * C(RESIDUAL_PASSES) + casts) * s->hidden * s->norm_layers * E(RESIDUAL_BYTES);
    lanes inner = (eager * C(FEED_FORWARD_PASSES) + casts) * (1 + 0.5 * s->gated) * s->feed_forward / V(TENSOR);
    lanes scans = C(STATE_SPACE_PASSES) * s->state_space_width / V(TENSOR);
    lanes seconds = mb->tokens * job->activation_bytes * (residual + inner + scans) / mb->bandwidth;
    mb->pointwise_forward = seconds;
    mb->pointwise_backward = 2 * seconds * E(POINTWISE_BYTES_BACKWARD) / lanes_max(E(POINTWISE_BYTES_FORWARD), lanes_of(1e-9));
}

/* Vocabulary head and loss, forward and backward. */
static void head(const struct job *job, const lanes v[VARIABLES], const lanes e[TARGETS], struct microbatch *mb)
{
    const struct shape *s = &job->shape;
    lanes logits = mb->tokens * s->vocab / V(TENSOR);
    mb->head = s->head_layers *
               (2 * logits * s->hidden * (2 + E(UPDATE_FLOPS)) / (job->half_peak * C(MATMUL_EFFICIENCY)) +
                C(LOSS_PASSES) * 2 * logits * E(LOSS_BYTES) / mb->bandwidth);
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

    lanes tensor_rate = lanes_select(t > job->domain, network, lanes_of(link));
    lanes tensor = s->collective_layers * 2 * (2 * (t - 1) / t * activations * E(TENSOR_BYTES) / tensor_rate + C(TENSOR_LATENCY));
    mb->tensor = lanes_select(t > 1, tensor, ZERO);

    lanes keys = mb->tokens * s->kv_heads * (s->query_dim + s->value_dim) * job->activation_bytes / t;
    lanes context_rate = lanes_select(c * t > job->domain, network, lanes_of(link));
    lanes ring = s->attention_layers * (c - 1) * keys * E(CONTEXT_BYTES) / context_rate;
    mb->context = lanes_select(c > 1, ring, ZERO);

    mb->exchange = ZERO;
    if (s->experts <= 0)
        return;
    /* A copy of a token goes once to every place that it has an expert in; places
     * are ranks, or nodes where the group leaves the scale-up domain. */
    lane_mask inside = x * t <= lanes_of(job->domain);
    lanes reach, places = lanes_max(lanes_select(inside, x, lanes_ceil(x * t / job->node)), lanes_of(2.0));
    LANES_EACH(reach, places[lane_] * (1 - pow(1 - 1 / places[lane_], s->active)));
    lanes rate = lanes_select(inside, lanes_of(link), network);
    lanes exchange = 2 * C(EXPERT_EXCHANGE) * activations * (s->expert_width / s->hidden) / t * reach * s->expert_layers * (x - 1) / x *
                     E(EXPERT_COMM_BYTES) / rate;
    mb->exchange = lanes_select(x > 1, exchange, ZERO);
}

/* What of a communication stays visible when a share of it may hide behind work. */
static inline lanes exposed(lanes communication, lanes overlap, lanes work)
{
    return lanes_max(communication - overlap * work, communication * (1 - lanes_min(overlap, ONE)));
}

/* Gradients reduced and weights gathered over data-parallel ranks. A reduction is a
 * reduce-scatter and a gather (2 (d-1)/d of the bytes); sharding replaces parts of it. */
static lanes data_parallel(const struct job *job, const lanes v[VARIABLES], const lanes e[TARGETS], lanes stage)
{
    const struct shape *s = &job->shape;
    lanes d = V(DATA) * V(CONTEXT), t = V(TENSOR), p = V(PIPELINE);
    double link = C(LINK_FRACTION) * job->link;
    lanes ranks = lanes_max(lanes_min(job->node / t, d), ONE); /* of the group on one node, sharing its network */
    lane_mask inside = d * t <= lanes_of(job->domain);
    lanes network = lanes_min(lanes_of(link), C(NETWORK_FRACTION) * job->network / job->node * ranks);
    lanes rate = lanes_select(inside, lanes_of(link), network);

    lanes tables = lanes_select(p > 1, ONE, lanes_of(2.0 - s->tied)); /* vocabulary tables on the fullest stage */
    lanes dense = (s->dense + tables * s->embedding) / t / p, routed = s->routed / p / V(EXPERT);
    /* A ring moves (d-1)/d of the bytes; experts are replicated over fewer ranks. */
    lanes copies = lanes_max(d * t / V(EXPERT), ONE);
    lanes moved = dense * (d - 1) / d + routed * (copies - 1) / copies;
    lanes trained = (dense + routed) * E(UPDATE_FLOPS);
    lanes latency = C(DATA_LATENCY) * (d - 1) * s->layers / p * E(DATA_MESSAGES);
    lanes scatter = moved * E(UPDATE_FLOPS) * job->gradient_bytes * E(REDUCE_WIDTH) / rate + latency;
    /* Weights gathered as they are needed are all of them; after an update, those trained. */
    lanes gathered = lanes_select(E(GATHER_ROUNDS) > 1, ONE, E(UPDATE_FLOPS)) * job->weight_bytes * E(GATHER_BYTES);
    lanes gather = moved * gathered / rate + latency;
    lanes communication = E(REDUCE_ROUNDS) * 2 * scatter * E(REDUCE_BYTES) + E(GATHER_ROUNDS) * gather;

    /* Inside a shard group: scatter and gather there, over the link where it stays within,
     * and the shards reduced across groups. */
    lanes g = lanes_max(lanes_min(E(SHARD_GROUP), d), ONE), reduced = trained * job->gradient_bytes * E(REDUCE_WIDTH);
    lanes group_rate = lanes_select(g * t <= lanes_of(job->domain), lanes_of(link), rate);
    lanes within = (E(REDUCE_ROUNDS) * 2 * reduced * E(REDUCE_BYTES) + E(GATHER_ROUNDS) * (dense + routed) * gathered) *
                   (g - 1) / g / group_rate;
    lanes across = E(REDUCE_ROUNDS) * 2 * reduced / g * (d - g) / d / rate;
    communication = lanes_select(g > 1, within + across, communication);

    lanes rounds = lanes_max(E(REDUCE_ROUNDS), ONE);
    lanes contention = lanes_select(inside, lanes_of(C(CONTENTION_LINK)), lanes_of(C(CONTENTION_NETWORK)));
    lanes hidden = lanes_max(communication - E(DATA_OVERLAP) * stage * rounds, ZERO) + contention * communication;
    lanes seconds = lanes_select(E(DATA_OVERLAP) > 0, hidden, communication);
    if (!lanes_all(E(TREE_ROUNDS) == 0)) {
        lanes nodes = lanes_max(d * t / job->node, ONE), depth;
        LANES_EACH(depth, log(nodes[lane_]));
        seconds += E(TREE_ROUNDS) * C(TREE_LATENCY) * depth;
    }
    return lanes_select(d > 1, seconds, ZERO);
}

void training_time(const struct job *job, const lanes v[VARIABLES], const lanes e[TARGETS], lanes out[METRICS])
{
    const struct shape *s = &job->shape;
    lanes p = V(PIPELINE), M = V(ACCUMULATION), chunks = V(VIRTUAL_STAGES);
    struct microbatch mb = {.bandwidth = lanes_of(C(BANDWIDTH_FRACTION) * job->bandwidth)};
    mb.sequences = job->global_batch / (V(DATA) * M);
    mb.tokens = mb.sequences * job->sequence / V(CONTEXT);
    matmul(job, v, &mb);
    expert(job, v, e, &mb);
    attention(job, v, e, &mb);
    pointwise(job, v, e, &mb);
    head(job, v, e, &mb);
    layer_collectives(job, v, e, &mb);

    /* All layers of one micro-batch, forward, backward and what is done again. */
    lanes again = lanes_min(E(RECOMPUTE_LAYER), ONE);
    /* Attention that is done again with its layer finds its inputs in the cache. */
    lanes again_attention = lanes_max(again * C(ATTENTION_AGAIN), lanes_min(E(RECOMPUTE_ATTENTION), ONE));
    lanes forward = E(MATMUL_FLOPS_FORWARD) / E(MATMUL_EFFICIENCY_FORWARD);
    lanes backward = (1 + E(UPDATE_FLOPS)) * E(MATMUL_FLOPS_BACKWARD) / E(MATMUL_EFFICIENCY_BACKWARD);
    lanes products = forward * (1 + again) + backward;
    lanes matmul_seconds = mb.matmul * products, expert_seconds = mb.expert * products;
    lanes attention_seconds = mb.attention_forward * (1 + again_attention) + mb.attention_backward;
    lanes pointwise_seconds = mb.pointwise_forward * (1 + again) + mb.pointwise_backward;
    /* The host runs ahead of the accelerator; it shows only where it is the slower one,
     * or where every launch waits for the one before. */
    lanes launches = s->layers * E(LAUNCH_COUNT) * E(LAUNCH_SECONDS);
    lanes work = matmul_seconds + expert_seconds + attention_seconds + pointwise_seconds;
    lanes launch_seconds = lanes_max(C(HOST_SECONDS) * launches - work, ZERO) + C(BLOCKING_SECONDS) * launches;
    /* Where the residual stream is sharded, its input is gathered once more in the backward
     * pass. It is meant to hide (arXiv 2205.05198, sec. 4.2.2), but the backward pass gains
     * 0.1 ms of 11.9 there (table 4), less than by the norms alone: it shows. */
    lanes regather = lanes_select(E(RESIDUAL_BYTES) < 1, lanes_of(0.5), ZERO);
    lanes tensor_seconds = exposed(mb.tensor * (2 + again + regather), E(TENSOR_OVERLAP), work);
    lanes context_seconds = exposed(mb.context * (3 + again), E(CONTEXT_OVERLAP), attention_seconds);
    lanes exchange_seconds = exposed(mb.exchange * (2 + again), E(EXPERT_OVERLAP), work);
    lanes blocks = work + launch_seconds + tensor_seconds + context_seconds + exchange_seconds;

    /* The slowest stage. Where layers do not divide by stages, the embedding and the
     * head take the place of a layer each. */
    lanes per_stage = s->layers / p, slots = lanes_ceil((s->layers + 2) / p);
    lanes mean = (blocks + mb.head) / p;
    lanes even = per_stage * blocks / s->layers + mb.head;
    lanes uneven = lanes_max(slots * blocks / s->layers, mean);
    lanes stage = lanes_select((lanes_floor(per_stage) == per_stage) & (V(ENDS_AS_LAYERS) == 0), even, uneven);
    stage = lanes_select(p > 1, stage, blocks + mb.head);

    /* Sends between stages show in part in a plain 1F1B; an interleaved schedule sends as
     * often again for every chunk (arXiv 2104.04473, sec. 2.2), behind its work. */
    lanes send_rate = lanes_select(V(TENSOR) * p <= job->domain, lanes_of(C(LINK_FRACTION) * job->link),
                                   lanes_of(C(NETWORK_FRACTION) * job->network / job->node));
    lanes send = 2 * mb.tokens * s->hidden * job->activation_bytes * E(PIPELINE_BYTES) * lanes_min(E(MEMORY_RESIDUAL), ONE) /
                 send_rate;
    send = lanes_select(chunks <= 1, send * C(PIPELINE_SEND), lanes_max(send * chunks - stage, ZERO));
    send = lanes_select(p > 1, send, ZERO);
    /* Fill and drain of 1F1B, divided by the chunks of an interleaved schedule
     * (arXiv 2104.04473, sec. 2.2). */
    lanes bubble = (p - 1) / chunks * (mean + send) * E(BUBBLE);

    lanes data = data_parallel(job, v, e, stage);
    lanes held = (s->dense + s->embedding * lanes_select(p > 1, ONE, lanes_of(2.0 - s->tied))) / V(TENSOR) / p +
                 s->routed / p / V(EXPERT);
    /* Adam keeps 8 bytes a parameter; other states and sharding are effects. */
    lanes states = 8 * held * E(UPDATE_FLOPS) * E(MEMORY_OPTIMIZER);
    lanes optimizer = C(OPTIMIZER_PASSES) * states * E(OPTIMIZER_BYTES) / mb.bandwidth;
    /* Offloaded state crosses the host link once each way. */
    lanes host = 2 * E(HOST_OPTIMIZER) * states / job->host_link;
    /* Offloaded activations too, behind the work of their own micro-batch. */
    if (!lanes_all(E(HOST_ACTIVATIONS) == 0)) {
        lanes kept;
        training_kept(job, v, e, &kept);
        host += M * lanes_max(2 * lanes_min(E(HOST_ACTIVATIONS), ONE) * kept / job->host_link - stage, ZERO);
    }

    out[SPEEDUP_METRIC_STEP_SECONDS] =
        M * (stage + send) + bubble + data + optimizer + host + C(STEP_SECONDS);
    out[SPEEDUP_METRIC_TIME_MATMUL] = M * matmul_seconds / p;
    out[SPEEDUP_METRIC_TIME_EXPERT] = M * expert_seconds / p;
    out[SPEEDUP_METRIC_TIME_ATTENTION] = M * attention_seconds / p;
    out[SPEEDUP_METRIC_TIME_POINTWISE] = M * pointwise_seconds / p;
    out[SPEEDUP_METRIC_TIME_HEAD] = M * mb.head / p;
    out[SPEEDUP_METRIC_TIME_LAUNCH] = M * launch_seconds / p;
    out[SPEEDUP_METRIC_TIME_TENSOR] = M * tensor_seconds / p;
    out[SPEEDUP_METRIC_TIME_CONTEXT] = M * context_seconds / p;
    out[SPEEDUP_METRIC_TIME_EXCHANGE] = M * exchange_seconds / p;
    out[SPEEDUP_METRIC_TIME_SEND] = M * send;
    out[SPEEDUP_METRIC_TIME_IMBALANCE] = lanes_max(M * (stage - mean), ZERO); /* rounded, it may be below none */
    out[SPEEDUP_METRIC_TIME_BUBBLE] = bubble;
    out[SPEEDUP_METRIC_TIME_DATA] = data;
    out[SPEEDUP_METRIC_TIME_OPTIMIZER] = optimizer;
    out[SPEEDUP_METRIC_TIME_HOST] = host;
    out[SPEEDUP_METRIC_TIME_FIXED] = lanes_of(C(STEP_SECONDS));

    /* Model operations as MFU counts them: 6 a parameter and token, causal attention. */
    double per_token = 6 * (s->parameters_active - s->embedding * (1 - s->tied)) +
                       6 * s->attention_layers * s->heads * (s->query_dim + s->value_dim) * job->sequence / 2;
    lanes rate = job->global_batch * job->sequence * per_token / V(ACCELERATORS) / out[SPEEDUP_METRIC_STEP_SECONDS];
    out[SPEEDUP_METRIC_MODEL_FLOPS_PER_SECOND] = rate;
    out[SPEEDUP_METRIC_MODEL_UTILIZATION] = rate / job->half_peak;
    out[SPEEDUP_METRIC_HARDWARE_UTILIZATION] = rate * (1 + again / 3) / job->half_peak;
    lanes tokens = job->global_batch * job->sequence / out[SPEEDUP_METRIC_STEP_SECONDS];
    out[SPEEDUP_METRIC_TOKENS_PER_SECOND] = tokens;
    out[SPEEDUP_METRIC_TOKENS_PER_SECOND_PER_ACCELERATOR] = tokens / V(ACCELERATORS);
}
