/* Peak memory of a training step, by component, on the fullest accelerator: the
 * first pipeline stage (most micro-batches in flight) or the last (head and loss),
 * whichever needs more. What lives at once adds up. Sizes in bytes.
 *
 * Activations follow Korthikanti et al. (arXiv 2205.05198, sec. 4), written with
 * the model's own widths instead of multiples of h. */
#include "estimate/job.h"

#define C(name) (job->c[COEFFICIENT_##name])
#define E(name) (e[TARGET_##name])
#define V(name) (v[VARIABLE_##name])
#define ONE_LANE lanes_of(1.0)

/* Activations of `blocks` layers for `flights` micro-batches in flight. */
struct kept {
    lanes residual, sharded, scores, gone; /* gone: to the host */
};

/* Activations of one layer and one micro-batch. */
struct layer {
    lanes residual, sharded, scores, checkpoint;
};

static void measure_layer(const struct job *job, const lanes v[VARIABLES], const lanes e[TARGETS],
                          struct layer *layer)
{
    const struct shape *s = &job->shape;
    double width = job->activation_bytes, n = job->sequence;
    lanes sequences = job->global_batch / (V(DATA) * V(ACCUMULATION));
    lanes tokens = sequences * n / V(CONTEXT);
    /* Queries, keys, values and the attention's output; inputs and inner widths of
     * the feed-forward block; both sharded by tensor parallelism. */
    double mixers = s->collective_layers < s->layers ? s->attention_layers / s->layers : 1;
    double attention = mixers * width * (s->heads * (s->query_dim + s->value_dim) + s->kv_heads * (s->query_dim + s->value_dim)) +
                       3 * width * s->state_space_width / s->layers;
    double feed_forward = (2 + s->gated) * width * s->feed_forward / s->layers;
    double routed = s->experts > 0 ? s->expert_layers / s->layers * s->active * width * s->expert_width : 0;
    /* Copies of tokens for experts are as many on every rank, however narrow the products. */
    layer->sharded = tokens * (attention + feed_forward + routed) / V(TENSOR);
    /* Inputs of the two norms and of the two blocks, and one dropout mask byte each. */
    lanes fused = lanes_min(E(MEMORY_SCORES), ONE_LANE);
    layer->residual = tokens * width / 2 * (8 + 2 * fused) * s->hidden;
    layer->scores = C(MEMORY_SCORE_BYTES) * width / 2 * sequences * s->heads / V(TENSOR) * n * n / V(CONTEXT);
    layer->checkpoint = C(MEMORY_CHECKPOINT) * width * tokens * s->hidden;
}

/* Without recomputation every layer keeps everything; with it, a checkpoint each
 * and one layer's working set; attention alone can be recomputed too. */
static void keep(const struct job *job, const lanes e[TARGETS], const struct layer *layer, lanes blocks, lanes flights,
                 struct kept *kept)
{
    lanes again = lanes_min(E(RECOMPUTE_LAYER), ONE_LANE);
    lanes again_attention = lanes_max(again, lanes_min(E(RECOMPUTE_ATTENTION), ONE_LANE));
    lanes all = blocks * flights, working = C(MEMORY_WORKING) * ONE_LANE;
    kept->residual = ((1 - again) * layer->residual * all + again * (layer->checkpoint * all + working * layer->residual)) *
                     E(MEMORY_RESIDUAL);
    kept->sharded = layer->sharded * ((1 - again) * all + again * working) * E(MEMORY_ACTIVATIONS);
    kept->scores = layer->scores * ((1 - again_attention) * all + again_attention) * E(MEMORY_SCORES);
    /* What goes to the host leaves the layer that is at work here. */
    lanes gone = lanes_min(E(HOST_ACTIVATIONS), ONE_LANE);
    lanes residual = kept->residual, sharded = kept->sharded;
    kept->residual = residual * (1 - gone) + gone * lanes_min(residual, layer->residual * E(MEMORY_RESIDUAL));
    kept->sharded = sharded * (1 - gone) + gone * lanes_min(sharded, layer->sharded * E(MEMORY_ACTIVATIONS));
    kept->gone = gone * (residual + sharded);
}

void training_kept(const struct job *job, const lanes v[VARIABLES], const lanes e[TARGETS], lanes *bytes)
{
    struct layer layer;
    measure_layer(job, v, e, &layer);
    lanes again = lanes_min(E(RECOMPUTE_LAYER), ONE_LANE), blocks = job->shape.layers / V(PIPELINE);
    *bytes = blocks * (((1 - again) * layer.residual + again * layer.checkpoint) * E(MEMORY_RESIDUAL) +
                       (1 - again) * layer.sharded * E(MEMORY_ACTIVATIONS));
}

void training_memory(const struct job *job, const lanes v[VARIABLES], const lanes e[TARGETS], lanes out[METRICS])
{
    const struct shape *s = &job->shape;
    lanes p = V(PIPELINE), t = V(TENSOR), d = V(DATA) * V(CONTEXT);
    struct layer layer;
    measure_layer(job, v, e, &layer);

    /* Layers of the fullest stage, and of the ends when embedding and head take a place. */
    lanes per_stage = s->layers / p, slots = lanes_ceil((s->layers + 2) / p);
    lanes blocks = lanes_select(((lanes_floor(per_stage) == per_stage) & (V(ENDS_AS_LAYERS) == 0)) | (p <= 1), per_stage, lanes_max(slots - 1, ONE_LANE));

    /* Parameters held by a rank. */
    lanes one_dense = s->dense / s->layers / t;
    lanes one_routed = s->routed / s->layers / lanes_max(V(EXPERT), ONE_LANE);
    lanes tables = lanes_select(p > 1, ONE_LANE, lanes_of(2.0 - s->tied));
    lanes routed = blocks * one_routed;
    lanes held = blocks * one_dense + routed + tables * s->embedding / t;
    lanes trained = held * E(UPDATE_FLOPS);

    lanes weights = held * job->weight_bytes * E(MEMORY_WEIGHTS);
    lanes gradients = trained * job->gradient_bytes * E(MEMORY_GRADIENTS);
    /* Experts live on fewer data-parallel ranks, so their state is sharded over fewer: a floor. */
    lanes away = lanes_min(E(HOST_OPTIMIZER), ONE_LANE);
    lanes replicas = lanes_max(d * t / lanes_max(V(EXPERT), ONE_LANE), ONE_LANE);
    lanes routed_state = lanes_max(E(MEMORY_OPTIMIZER), lanes_min(E(MEMORY_OPTIMIZER), ONE_LANE) * d / replicas);
    lanes state = 8 * E(UPDATE_FLOPS) * ((held - routed) * E(MEMORY_OPTIMIZER) + routed * routed_state);
    /* Weights gathered as they are needed: two layers at a time. */
    lanes gathered = lanes_select(E(GATHER_ROUNDS) > 1, 2 * job->weight_bytes * (one_dense + one_routed), lanes_of(0.0));

    /* 1F1B keeps up to p micro-batches on the first stage (arXiv 2104.04473, sec. 2.2);
     * an interleaved schedule 1 + (p-1)/(p v) times that (arXiv 2205.05198, sec. 4.2.3). */
    lanes flights = lanes_min(V(ACCUMULATION), p);
    lanes interleaved = 1 + (p - 1) / (p * V(VIRTUAL_STAGES));
    flights = lanes_min(flights * lanes_select(V(VIRTUAL_STAGES) > 1, interleaved, ONE_LANE), V(ACCUMULATION));
    struct kept first, last;
    keep(job, e, &layer, blocks, flights, &first);
    keep(job, e, &layer, blocks, lanes_min(ONE_LANE, V(ACCUMULATION)), &last);
    lanes tokens = job->global_batch / (V(DATA) * V(ACCUMULATION)) * job->sequence / V(CONTEXT);
    lanes logits = C(MEMORY_LOGIT_BYTES) * tokens * s->vocab / t * E(MEMORY_LOGITS);
    lanes first_total = first.residual + first.sharded + first.scores;
    lanes last_total = last.residual + last.sharded + last.scores + logits;
    lane_mask at_end = (p <= 1) | (last_total >= first_total);

    out[SPEEDUP_METRIC_MEMORY_WEIGHTS] = weights;
    out[SPEEDUP_METRIC_MEMORY_GRADIENTS] = gradients;
    out[SPEEDUP_METRIC_MEMORY_OPTIMIZER] = state * (1 - away);
    out[SPEEDUP_METRIC_MEMORY_ACTIVATIONS] = lanes_select(at_end, last.sharded, first.sharded);
    out[SPEEDUP_METRIC_MEMORY_RESIDUAL] = lanes_select(at_end, last.residual, first.residual);
    out[SPEEDUP_METRIC_MEMORY_SCORES] = lanes_select(at_end, last.scores, first.scores);
    out[SPEEDUP_METRIC_MEMORY_LOGITS] = lanes_select(at_end, logits, lanes_of(0.0));
    out[SPEEDUP_METRIC_MEMORY_KV] = lanes_of(0.0);
    out[SPEEDUP_METRIC_MEMORY_BUFFERS] = (gathered + C(MEMORY_BUFFERS)) * E(MEMORY_BUFFERS);
    out[SPEEDUP_METRIC_MEMORY_RUNTIME] = (C(MEMORY_RUNTIME) + C(MEMORY_SLACK) * weights) * E(MEMORY_RUNTIME);
    lanes peak = lanes_of(0.0);
    for (int i = SPEEDUP_METRIC_MEMORY_WEIGHTS; i <= SPEEDUP_METRIC_MEMORY_RUNTIME; i++)
        peak += out[i];
    out[SPEEDUP_METRIC_MEMORY_PEAK] = peak;
    out[SPEEDUP_METRIC_MEMORY_HOST] = job->node * (state * away + lanes_max(first.gone, last.gone));
}
