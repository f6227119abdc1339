/* Peak memory of a training step, by component, on the fullest accelerator: the
 * first pipeline stage (most micro-batches in flight) or the last (head and loss),
 * whichever needs more, at the moment that needs most. What lives at once adds up.
 * Sizes in bytes. Knows no software by name: what a stack keeps and when it frees it
 * are coefficients (data/coefficients/memory.yaml).
 *
 * Activations follow Korthikanti et al. (arXiv 2205.05198, sec. 4), written with
 * the model's own widths instead of multiples of h. */
#include "estimate/job.h"

#define C(name) (job->c[COEFFICIENT_##name])
#define E(name) (e[TARGET_##name])
#define V(name) (v[VARIABLE_##name])
#define ZERO lanes_of(0.0)
#define ONE lanes_of(1.0)

enum { COPY_BYTES = 2 }; /* of a 16-bit copy */

/* What decides how things are kept: 1 or 0 in each lane. */
struct way {
    lanes frozen;  /* some weights are not trained */
    lanes sharded; /* weights, gathered in 16 bits when they are needed */
    lanes wide;    /* weights in fp32, cast to 16 bits for the products */
    lanes stream;  /* so that the residual stream is in fp32 */
    lanes again;   /* share of the layers that is recomputed */
};

/* Activations of one layer and one micro-batch. */
struct layer {
    lanes residual, sharded, scores, checkpoint;
    lanes score_work; /* of the scores' own backward pass */
    lanes last;       /* the last norm, and the input of the head */
};

/* Activations of `blocks` layers for `flights` micro-batches in flight. */
struct kept {
    lanes residual, sharded, scores, gone; /* gone: to the host */
};

/* What lives at one moment beside optimizer state and the gradients that stay, and what the allocator holds beyond it. */
struct moment {
    lanes copies, gradients, activations, residual, scores, logits, buffers, slack;
};

static inline lanes one_where(lane_mask mask)
{
    return lanes_select(mask, ONE, ZERO);
}

static void choose_way(const lanes e[TARGETS], struct way *way)
{
    way->frozen = one_where(E(UPDATE_FLOPS) < 1);
    way->sharded = one_where(E(GATHER_LAYERS) > 0);
    way->wide = E(CAST_WEIGHTS) * (1 - way->sharded);
    way->stream = way->wide * (1 - way->frozen);
    way->again = lanes_min(E(RECOMPUTE_LAYER), ONE);
}

static void measure_layer(const struct job *job, const lanes v[VARIABLES], const lanes e[TARGETS], const struct way *way,
                          struct layer *layer)
{
    const struct shape *s = &job->shape;
    double width = job->activation_bytes, n = job->sequence, routed_layers = s->expert_layers / s->layers;
    lanes sequences = job->global_batch / (V(DATA) * V(ACCUMULATION));
    lanes tokens = sequences * n / V(CONTEXT), unfused = lanes_min(E(MEMORY_SCORES), ONE), apart = E(MEMORY_APART);
    /* Queries, keys, values and the attention's output; inputs and inner widths of
     * the feed-forward block; both sharded by tensor parallelism. Products written out
     * need keys and values for each head. */
    double mixers = s->collective_layers < s->layers ? s->attention_layers / s->layers : 1;
    lanes kv = s->kv_heads + (s->heads - s->kv_heads) * lanes_max(unfused, lanes_min(E(MEMORY_KEYS), ONE));
    lanes attention = mixers * width * (s->query_dim + s->value_dim) * (s->heads + kv) + 3 * width * s->state_space_width / s->layers;
    /* Adapters that are cast keep what goes into the last product of attention once more. */
    lanes adapters = one_where(E(ADAPTERS) > 0) * way->wide * mixers * width * s->heads * s->value_dim;
    lanes feed_forward = (2 + s->gated * (1 + C(MEMORY_GATE) * apart)) * width * s->feed_forward / s->layers;
    double routed = s->experts > 0 ? C(MEMORY_ROUTED) * routed_layers * s->active * width * s->expert_width : 0;
    /* Copies of tokens for experts are as many on every rank, however narrow the products. */
    layer->sharded = tokens * (attention + adapters + feed_forward + routed) / V(TENSOR);
    /* Inputs of the two norms and of the two blocks, and one dropout mask byte each; what a norm written out keeps, half
     * of it for the gradient of its weights; the stream in fp32; the input of products that share one, cast for each. */
    lanes norm = s->gated * C(MEMORY_NORM) * apart * (1 - way->frozen * width / 4);
    lanes stream = C(MEMORY_STREAM) * way->stream, copies = C(MEMORY_COPY) * apart * way->wide * (2 + s->gated * (1 - routed_layers));
    lanes hidden = width / 2 * (C(MEMORY_HIDDEN) + C(MEMORY_DROPOUT) * unfused);
    layer->residual = tokens * s->hidden * (hidden + norm + stream * (1 + apart) + copies);
    layer->last = C(MEMORY_LAST) * tokens * s->hidden * (width / 2 * C(MEMORY_HIDDEN) + norm + 2 * stream);
    lanes elements = sequences * s->heads / V(TENSOR) * n * n / V(CONTEXT), cast = C(MEMORY_SCORE_CAST) * way->wide;
    layer->scores = elements * (C(MEMORY_SCORE_BYTES) * width / 2 + cast) + C(MEMORY_MASK) * n * n / V(CONTEXT);
    layer->score_work = elements * (C(MEMORY_SCORE_WORK) * width / 2 + cast) * unfused;
    layer->checkpoint = C(MEMORY_CHECKPOINT) * (width + stream) * tokens * s->hidden;
}

/* Without recomputation every layer keeps everything; with it, a checkpoint each
 * and one layer's working set; attention alone can be recomputed too. */
static void keep(const struct job *job, const lanes e[TARGETS], const struct way *way, const struct layer *layer, lanes blocks, lanes flights,
                 struct kept *kept)
{
    lanes again = way->again, again_attention = lanes_max(again, lanes_min(E(RECOMPUTE_ATTENTION), ONE));
    lanes all = blocks * flights, working = C(MEMORY_WORKING) * ONE;
    kept->residual = ((1 - again) * layer->residual * all + again * (layer->checkpoint * all + working * layer->residual)) *
                     E(MEMORY_RESIDUAL);
    kept->sharded = layer->sharded * ((1 - again) * all + again * working) * E(MEMORY_ACTIVATIONS);
    kept->scores = layer->scores * ((1 - again_attention) * all + again_attention * (1 - fmin(C(MEMORY_REBUILT), 1))) * E(MEMORY_SCORES);
    /* What goes to the host leaves the layer that is at work here. */
    lanes gone = lanes_min(E(HOST_ACTIVATIONS), ONE);
    lanes residual = kept->residual, sharded = kept->sharded;
    kept->residual = residual * (1 - gone) + gone * lanes_min(residual, layer->residual * E(MEMORY_RESIDUAL));
    kept->sharded = sharded * (1 - gone) + gone * lanes_min(sharded, layer->sharded * E(MEMORY_ACTIVATIONS));
    kept->gone = gone * (residual + sharded);
}

void training_kept(const struct job *job, const lanes v[VARIABLES], const lanes e[TARGETS], lanes *bytes)
{
    struct way way;
    struct layer layer;
    choose_way(e, &way);
    measure_layer(job, v, e, &way, &layer);
    lanes again = way.again, blocks = job->shape.layers / V(PIPELINE);
    *bytes = blocks * (((1 - again) * layer.residual + again * layer.checkpoint) * E(MEMORY_RESIDUAL) +
                       (1 - again) * layer.sharded * E(MEMORY_ACTIVATIONS));
}

/* Parameters and what they bring: those of a rank, of one of its layers, of its tables. */
struct held {
    lanes blocks, dense, routed, tables, table, all;
};

static void hold(const struct job *job, const lanes v[VARIABLES], struct held *held)
{
    const struct shape *s = &job->shape;
    lanes p = V(PIPELINE), t = V(TENSOR);
    /* Layers of the fullest stage, and of the ends when embedding and head take a place. */
    lanes per_stage = s->layers / p, slots = lanes_ceil((s->layers + 2) / p);
    held->blocks = lanes_select(((lanes_floor(per_stage) == per_stage) & (V(ENDS_AS_LAYERS) == 0)) | (p <= 1), per_stage, lanes_max(slots - 1, ONE));
    held->dense = s->dense / s->layers / t;
    held->routed = s->routed / s->layers / lanes_max(V(EXPERT), ONE);
    held->table = s->embedding / t;
    held->tables = lanes_select(p > 1, ONE, lanes_of(2.0 - s->tied)) * held->table;
    held->all = held->blocks * held->dense + held->blocks * held->routed + held->tables;
}

static inline lanes sum_of(const struct moment *m)
{
    return m->copies + m->gradients + m->activations + m->residual + m->scores + m->logits + m->buffers;
}

static inline void take_larger(struct moment *most, const struct moment *other)
{
    lane_mask larger = sum_of(other) + other->slack > sum_of(most) + most->slack;
#define TAKE(part) most->part = lanes_select(larger, other->part, most->part)
    TAKE(copies);
    TAKE(gradients);
    TAKE(activations);
    TAKE(residual);
    TAKE(scores);
    TAKE(logits);
    TAKE(buffers);
    TAKE(slack);
#undef TAKE
}

void training_memory(const struct job *job, const lanes v[VARIABLES], const lanes e[TARGETS], lanes out[METRICS])
{
    const struct shape *s = &job->shape;
    lanes p = V(PIPELINE), t = V(TENSOR), d = V(DATA) * V(CONTEXT), M = V(ACCUMULATION);
    struct way way;
    struct layer layer;
    struct held held;
    choose_way(e, &way);
    measure_layer(job, v, e, &way, &layer);
    hold(job, v, &held);

    /* What is trained is kept in fp32 where it is cast for the products; what is frozen is not. */
    lanes weights = held.all * job->weight_bytes * E(MEMORY_WEIGHTS) * (1 + E(UPDATE_FLOPS) * E(CAST_WEIGHTS));
    lanes trained_tables = 1 - way.frozen;
    lanes shards = lanes_select(way.sharded > 0, lanes_select(E(SHARD_GROUP) > 0, lanes_min(E(SHARD_GROUP), d), d), ONE);
    lanes gradient = job->gradient_bytes * E(MEMORY_GRADIENTS) * shards; /* B, before it is sharded */
    lanes gradients = held.all * E(UPDATE_FLOPS) * job->gradient_bytes * E(MEMORY_GRADIENTS);
    /* Experts live on fewer data-parallel ranks, so their state is sharded over fewer: a floor. */
    lanes away = lanes_min(E(HOST_OPTIMIZER), ONE), routed = held.blocks * held.routed;
    lanes replicas = lanes_max(d * t / lanes_max(V(EXPERT), ONE), ONE);
    lanes routed_state = lanes_max(E(MEMORY_OPTIMIZER), lanes_min(E(MEMORY_OPTIMIZER), ONE) * d / replicas);
    lanes state = 8 * E(UPDATE_FLOPS) * ((held.all - routed) * E(MEMORY_OPTIMIZER) + routed * routed_state);
    /* Weights gathered as they are needed: two layers at a time, and the tables where they are gathered too. */
    lanes gathered = job->weight_bytes * (2 * (held.dense + held.routed) + C(MEMORY_GATHERED_TABLES) * held.tables);
    gathered = lanes_select(E(GATHER_ROUNDS) > 1, gathered, ZERO);
    /* Copies in 16 bits of what is trained, where weights are kept wider: of all layers and the head, until they are used
     * for the last time; under recomputation a layer's are made again; of sharded ones, where they are not given back. */
    lane_mask given_back = (way.sharded > 0) & (E(GATHER_ROUNDS) > M);
    lanes copy = lanes_select(given_back, ZERO, COPY_BYTES * E(CAST_WEIGHTS) * E(UPDATE_FLOPS));
    lanes one_copy = copy * (held.dense + held.routed), table_copy = copy * held.table;
    lanes copies = held.blocks * one_copy + table_copy, few = (1 - way.again) * held.blocks * one_copy + table_copy;

    /* 1F1B keeps up to p micro-batches on the first stage (arXiv 2104.04473, sec. 2.2);
     * an interleaved schedule 1 + (p-1)/(p v) times that (arXiv 2205.05198, sec. 4.2.3). */
    lanes flights = lanes_min(M, p);
    lanes interleaved = 1 + (p - 1) / (p * V(VIRTUAL_STAGES));
    flights = lanes_min(flights * lanes_select(V(VIRTUAL_STAGES) > 1, interleaved, ONE), M);
    struct kept first, last;
    keep(job, e, &way, &layer, held.blocks, flights, &first);
    keep(job, e, &way, &layer, held.blocks, lanes_min(ONE, M), &last);
    last.residual += layer.last * E(MEMORY_RESIDUAL);
    lanes tokens = job->global_batch / (V(DATA) * M) * job->sequence / V(CONTEXT);
    lanes logit = tokens * s->vocab / (C(MEMORY_LOGITS_WHOLE) > 0 ? ONE : t) * E(MEMORY_LOGITS), logits = C(MEMORY_LOGIT_BYTES) * logit;
    lanes first_total = first.residual + first.sharded + first.scores;
    lanes last_total = last.residual + last.sharded + last.scores + logits;
    lane_mask at_end = (p <= 1) | (last_total >= first_total);

    /* When the loss is taken. Gradients that are freed between steps are there from the second micro-batch on, of sharded
     * weights perhaps whole until the last; then the first one new is that of the head. */
    lanes stays = lanes_select(M > 1, ONE, lanes_of(C(MEMORY_GRADIENTS_STAY))), head = gradient * held.table * trained_tables * (1 - C(MEMORY_GRADIENTS_STAY));
    lanes whole = lanes_select(M > 1, 1 + C(MEMORY_GRADIENTS_WHOLE) * (shards - 1), ONE);
    lanes buckets = lanes_select((V(DATA) > 1) & (way.sharded == 0), C(MEMORY_BUCKETS) * gradients, ZERO);
    lanes reserve = C(MEMORY_RESERVE) + C(MEMORY_BUCKETS_AGAIN) * buckets + C(MEMORY_SHARD_RESERVE) * way.sharded * gathered;
    struct moment most = {
        .copies = few,
        .gradients = gradients * stays * whole,
        .activations = lanes_select(at_end, last.sharded, first.sharded),
        .residual = lanes_select(at_end, last.residual, first.residual),
        .scores = lanes_select(at_end, last.scores, first.scores),
        .logits = lanes_select(at_end, lanes_max(logits, head), ZERO),
        .buffers = gathered + buckets,
        .slack = reserve + C(MEMORY_SHARD_RESERVE) * way.sharded * gradients + C(MEMORY_LOGIT_RESERVE) * logits * (1 + way.again * way.wide) +
                 C(MEMORY_SCORE_RESERVE) * layer.score_work * E(MEMORY_SCORES),
    };
    lanes allocated = sum_of(&most);

    /* Just before, where autocast still holds all of its copies. */
    struct moment other = most;
    other.copies = copies * E(MEMORY_APART) + few * (1 - E(MEMORY_APART));
    other.logits = lanes_select(at_end, C(MEMORY_LOGITS_FORWARD) * logit, ZERO);
    allocated = lanes_max(allocated, sum_of(&other));
    take_larger(&most, &other);

    /* In the last layer's backward pass, when the logits are gone. */
    lanes rebuilt = C(MEMORY_REBUILT) * way.again, rebuilt_scores = C(MEMORY_REBUILT) * lanes_max(way.again, lanes_min(E(RECOMPUTE_ATTENTION), ONE));
    other.copies = few + way.again * one_copy;
    other.logits = lanes_select(at_end, head, ZERO);
    other.activations += rebuilt * layer.sharded * E(MEMORY_ACTIVATIONS);
    other.residual += rebuilt * layer.residual * E(MEMORY_RESIDUAL) - lanes_select(at_end, layer.last * E(MEMORY_RESIDUAL), ZERO);
    other.scores += (rebuilt_scores * layer.scores + layer.score_work) * E(MEMORY_SCORES);
    allocated = lanes_max(allocated, sum_of(&other));
    take_larger(&most, &other);

    /* After the backward pass: all gradients, the table's once more while its two are summed, and those of sharded weights
     * before they are reduced. */
    lanes whole_layer = held.dense + held.routed, summed = lanes_select(p > 1, ZERO, s->tied * (2 - way.wide) * held.table);
    summed = gradient * trained_tables * lanes_select(way.sharded > 0, held.tables, summed);
    other = (struct moment){
        .copies = ZERO,
        .gradients = gradients + C(MEMORY_TABLE_GRADIENTS) * summed,
        .buffers = buckets + C(MEMORY_TABLE_GRADIENTS) * way.sharded * gradient * whole_layer,
        .slack = reserve + C(MEMORY_TABLE_GRADIENTS) * gradient * (trained_tables * held.table + held.routed),
    };
    allocated = lanes_max(allocated, sum_of(&other));
    take_larger(&most, &other);

    lanes ranks = lanes_min(V(ACCELERATORS), lanes_of(job->node));
    lanes channels = lanes_select(V(ACCELERATORS) > 1, C(MEMORY_BUFFERS) + C(MEMORY_BUFFERS_RANK) * ranks, ZERO);
    lanes slack = most.slack + C(MEMORY_SLACK) * weights;
    out[SPEEDUP_METRIC_MEMORY_WEIGHTS] = weights + most.copies;
    out[SPEEDUP_METRIC_MEMORY_GRADIENTS] = most.gradients;
    out[SPEEDUP_METRIC_MEMORY_OPTIMIZER] = state * (1 - away);
    out[SPEEDUP_METRIC_MEMORY_ACTIVATIONS] = most.activations;
    out[SPEEDUP_METRIC_MEMORY_RESIDUAL] = most.residual;
    out[SPEEDUP_METRIC_MEMORY_SCORES] = most.scores;
    out[SPEEDUP_METRIC_MEMORY_LOGITS] = most.logits;
    out[SPEEDUP_METRIC_MEMORY_KV] = ZERO;
    out[SPEEDUP_METRIC_MEMORY_BUFFERS] = (most.buffers + channels) * E(MEMORY_BUFFERS);
    out[SPEEDUP_METRIC_MEMORY_RUNTIME] = (C(MEMORY_RUNTIME) + C(MEMORY_WORKSPACE) + slack) * E(MEMORY_RUNTIME);
    lanes peak = ZERO;
    for (int i = SPEEDUP_METRIC_MEMORY_WEIGHTS; i <= SPEEDUP_METRIC_MEMORY_RUNTIME; i++)
        peak += out[i];
    out[SPEEDUP_METRIC_MEMORY_PEAK] = peak;
    out[SPEEDUP_METRIC_MEMORY_ALLOCATED] = weights + state * (1 - away) + allocated + C(MEMORY_WORKSPACE);
    out[SPEEDUP_METRIC_MEMORY_RESERVED] = peak - C(MEMORY_RUNTIME) * E(MEMORY_RUNTIME) - channels * E(MEMORY_BUFFERS);
    out[SPEEDUP_METRIC_MEMORY_HOST] = job->node * (state * away + lanes_max(first.gone, last.gone));
}
