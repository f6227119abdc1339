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
#define FEWEST_CHANNELS 0.125 /* two of sixteen (NCCL's least), over PCIe */

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

lanes training_sequences(const struct job *job, const lanes v[VARIABLES], const lanes e[TARGETS])
{
    return job->global_batch / (V(DATA) * V(ACCUMULATION)) * E(BATCH_SEQUENCES);
}

lanes training_state(const lanes e[TARGETS])
{
    return 2 * E(MOMENTS) * (4 - lanes_min(E(MOMENT_SAVED), lanes_of(4.0))) + E(MASTER_BYTES);
}

static void choose_way(const lanes e[TARGETS], struct way *way)
{
    way->frozen = one_where((E(UPDATE_FLOPS) < 1) | (E(ADAPTERS) > 0));
    way->sharded = one_where(E(GATHER_LAYERS) > 0);
    way->wide = E(CAST_WEIGHTS) * (1 - way->sharded);
    way->stream = way->wide * (1 - way->frozen);
    way->again = lanes_min(E(RECOMPUTE_LAYER), ONE);
}

/* Adapters by what goes into them; frozen layers without adapters are trained in part, and keep all. */
struct adapters {
    lanes attention, output, feed_forward, down, dropped;
};

static struct adapters adapters_of(const lanes e[TARGETS])
{
    lane_mask any = E(ADAPTERS) > 0;
    return (struct adapters){
        .attention = lanes_select(any, E(ADAPTERS_ATTENTION), ONE),
        .output = lanes_select(any, lanes_min(E(ADAPTERS_OUTPUT), ONE), ONE),
        .feed_forward = lanes_select(any, E(ADAPTERS_FEED_FORWARD), ONE),
        .down = lanes_select(any, lanes_min(E(ADAPTERS_DOWN), ONE), ONE),
        .dropped = lanes_select(any, lanes_min(E(ADAPTERS_DROPOUT), ONE), ZERO),
    };
}

static void measure_layer(const struct job *job, const lanes v[VARIABLES], const lanes e[TARGETS], const struct way *way,
                          struct layer *layer)
{
    const struct shape *s = &job->shape;
    double width = job->activation_bytes, n = job->rows.longest, routed_layers = s->expert_layers / s->layers;
    lanes sequences = training_sequences(job, v, e);
    lanes tokens = sequences * n / V(CONTEXT), unfused = lanes_min(E(MEMORY_SCORES), ONE), apart = E(MEMORY_APART);
    /* Queries, keys, values and the attention's output; inputs and inner widths of
     * the feed-forward block; both sharded by tensor parallelism. Products written out
     * need keys and values for each head. */
    double mixers = s->collective_layers < s->layers ? s->attention_layers / s->layers : 1;
    lanes kv = s->kv_heads + (s->heads - s->kv_heads) * lanes_max(unfused, lanes_min(E(MEMORY_KEYS), ONE));
    lanes attention = mixers * width * (s->query_dim + s->value_dim) * (s->heads + kv) + 3 * width * s->state_space_width / s->layers;
    /* What goes into a frozen product is kept where it goes into adapters too, for each of those that cast it; a mask of
     * dropout beside. */
    struct adapters on = adapters_of(e);
    double joined = mixers * s->heads * s->value_dim, inner = s->feed_forward / s->layers;
    lanes apiece = lanes_max(way->wide, way->frozen * on.dropped); /* 1 where products that share an input have it each for itself */
    lanes adapters = way->frozen * on.output * (apiece * width + on.dropped) * joined + way->frozen * on.down * on.dropped * inner;
    lanes feed_forward = (2 + s->gated * (1 + C(MEMORY_GATE) * apart) - way->frozen * (1 - on.down)) * width * inner;
    double routed = s->experts > 0 ? C(MEMORY_ROUTED) * routed_layers * s->active * width * s->expert_width : 0;
    /* Copies of tokens for experts are as many on every rank, however narrow the products. */
    layer->sharded = tokens * (attention + adapters + feed_forward + routed) / V(TENSOR);
    /* Inputs of the two norms and of the two blocks, and one dropout mask byte each; what a norm written out keeps, half
     * of it for the gradient of its weights; the stream in fp32; the input of products that share one, cast for each. */
    lanes norm = s->gated * C(MEMORY_NORM) * apart * (1 - way->frozen * width / 4);
    lanes shared = way->frozen * (lanes_max(on.attention - 1, ZERO) + lanes_max(on.feed_forward - 1, ZERO)) +
                   (1 - way->frozen) * (2 + s->gated * (1 - routed_layers));
    lanes stream = C(MEMORY_STREAM) * way->stream, copies = C(MEMORY_COPY) * apart * apiece * shared;
    copies += way->frozen * on.dropped * (on.attention + on.feed_forward);
    lanes blocks = 1 - way->frozen * (2 - lanes_min(on.attention, ONE) - lanes_min(on.feed_forward, ONE)) / 4; /* half are norms' */
    lanes hidden = width / 2 * (C(MEMORY_HIDDEN) * blocks + C(MEMORY_DROPOUT) * unfused);
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

/* Parameters of a rank, of one of its layers, and of its tables. */
struct held {
    lanes blocks, dense, routed, tables, table, head, all;
};

static void hold(const struct job *job, const lanes v[VARIABLES], const lanes e[TARGETS], struct held *held)
{
    const struct shape *s = &job->shape;
    lanes p = V(PIPELINE), t = V(TENSOR);
    /* Layers of the fullest stage, and of the ends when embedding and head take a place. */
    lanes per_stage = s->layers / p, slots = lanes_ceil((s->layers + 2) / p);
    lane_mask even = (lanes_floor(per_stage) == per_stage) & (V(ENDS_AS_LAYERS) == 0);
    held->blocks = lanes_select(even | (p <= 1), per_stage, lanes_max(slots - 1, ONE));
    held->dense = s->dense / s->layers / t;
    held->routed = s->routed / s->layers / lanes_max(V(EXPERT), ONE);
    held->table = s->embedding / t;
    held->head = held->table * lanes_min(E(HEAD_OUTPUTS), ONE);
    held->tables = lanes_select(p > 1, held->table, held->table + (1 - s->tied) * held->head) + s->encoders / t;
    held->all = held->blocks * held->dense + held->blocks * held->routed + held->tables;
}

/* What those parameters bring, whatever the micro-batch. */
struct state {
    lanes weights, optimizer, gradients;
    lanes away;                    /* weights in the host's memory */
    lanes gradient, head;          /* of one parameter before it is sharded; of the head, where it is the first one new */
    lanes copies, few, one_copy;   /* in 16 bits: of all layers and the head; of what is not recomputed; of one layer */
    lanes gathered, buckets;
    lanes update;                  /* what the update itself needs for a time */
    lanes reserve;
};

static void measure_state(const struct job *job, const lanes v[VARIABLES], const lanes e[TARGETS], const struct way *way,
                          const struct held *held, struct state *state)
{
    lanes d = V(DATA) * V(CONTEXT), trained = E(UPDATE_FLOPS), layer = held->dense + held->routed;
    /* What is trained is kept in fp32 where it is cast for the products; what is frozen is not. */
    lanes group = lanes_select(E(SHARD_GROUP) > 0, lanes_min(E(SHARD_GROUP), d), d), shards = lanes_select(way->sharded > 0, group, ONE);
    /* Adapters are beside the model, as wide, whatever its weights are kept in. */
    lanes beside = way->frozen * one_where(E(ADAPTERS) > 0), kept = job->weight_bytes * held->all;
    state->weights = kept * E(MEMORY_WEIGHTS) * (1 + (1 - beside) * trained * E(CAST_WEIGHTS)) + beside * kept * trained * (1 + E(CAST_WEIGHTS)) / shards;
    state->away = lanes_min(E(HOST_WEIGHTS), ONE) * state->weights;
    state->weights += E(FROZEN_WEIGHTS) * (1 - way->frozen * lanes_min(E(FROZEN_SHARED), ONE)) * held->all * COPY_BYTES / shards - state->away;
    /* Those that go to the host are here while two layers make them. */
    lanes gone = lanes_min(E(HOST_GRADIENTS), ONE), passing = lanes_min(2 / lanes_max(held->blocks, ONE), ONE);
    state->gradients = held->all * trained * job->gradient_bytes * E(MEMORY_GRADIENTS) * (1 - gone * (1 - passing));
    state->gradient = job->gradient_bytes * E(MEMORY_GRADIENTS) * shards * (1 - way->frozen);
    /* Whole, where gradients are used as soon as they are there. */
    lanes head = lanes_max(E(MEMORY_GRADIENTS), lanes_min((1 - way->sharded) * (1 + E(CAST_WEIGHTS)), state->gradients / (job->gradient_bytes * held->table))) *
                 job->gradient_bytes;
    lanes first = lanes_select(way->sharded > 0, state->gradient, head * (1 - way->frozen));
    state->head = first * held->head * (1 - C(MEMORY_GRADIENTS_STAY));
    /* Experts live on fewer data-parallel ranks, so their state is sharded over fewer: a floor. */
    lanes routed = held->blocks * held->routed;
    lanes replicas = lanes_max(d * V(TENSOR) / lanes_max(V(EXPERT), ONE), ONE);
    lanes routed_state = lanes_max(E(MEMORY_OPTIMIZER), lanes_min(E(MEMORY_OPTIMIZER) * d / replicas, ONE));
    state->optimizer = training_state(e) * trained * ((held->all - routed) * E(MEMORY_OPTIMIZER) + routed * routed_state);
    lanes updated = trained * held->all * lanes_min(E(MEMORY_OPTIMIZER), ONE) * (1 - lanes_min(E(HOST_RUNS), ONE));
    state->update = C(MEMORY_UPDATE) * lanes_min(E(MASTER_BYTES) / 4, ONE) * lanes_select(way->sharded > 0, lanes_min(updated, lanes_of(C(MEMORY_UPDATE_GROUP))), updated);
    /* Sharded weights are gathered two layers at a time, and the tables where they are gathered too; or all, and kept until the
     * backward pass is over. */
    lane_mask given_back = (way->sharded > 0) & (E(GATHER_ROUNDS) > V(ACCUMULATION));
    /* In the width that they are stored in; the largest product of a layer is widened at a time. */
    lanes stored = lanes_min(E(GATHER_BYTES), ONE), largest = one_where(stored < 1) * layer / 3;
    lanes gathered = job->weight_bytes * (2 * layer * stored + largest + C(MEMORY_GATHERED_TABLES) * held->tables);
    state->gathered = lanes_select(given_back, gathered, lanes_min(E(HOST_WEIGHTS), ONE) * job->weight_bytes * 2 * layer);
    /* Copies in 16 bits of what is trained, where weights are kept wider: of all layers and the head, until they are used
     * for the last time; a recomputed layer's are made again. */
    lanes copy = lanes_select(given_back, ZERO, COPY_BYTES * E(CAST_WEIGHTS) * trained);
    lanes tables = copy * lanes_select(way->sharded > 0, held->tables, held->head);
    state->one_copy = copy * layer;
    state->copies = held->blocks * state->one_copy + tables;
    state->few = (1 - way->again * (1 - way->sharded)) * held->blocks * state->one_copy + tables;
    /* Gradients that are exchanged whole have buckets; those of the first step stay with the allocator. */
    state->buckets = lanes_select((V(DATA) > 1) & (way->sharded == 0), C(MEMORY_BUCKETS) * state->gradients, ZERO);
    state->reserve = C(MEMORY_RESERVE) + C(MEMORY_BUCKETS_AGAIN) * state->buckets + C(MEMORY_SHARD_RESERVE) * state->gathered;
}

/* Activations of a stage at its fullest: of the first, which holds the most micro-batches, and of the last, which has the head. */
struct stage {
    lanes activations, residual, scores, gone;
    lanes logit;        /* elements */
};

enum { LAST, FIRST, ENDS };

static void fill_stage(const struct job *job, const lanes v[VARIABLES], const lanes e[TARGETS], const struct way *way,
                       const struct layer *layer, lanes blocks, int end, struct stage *stage)
{
    lanes p = V(PIPELINE), M = V(ACCUMULATION);
    /* 1F1B keeps up to p micro-batches on the first stage (arXiv 2104.04473, sec. 2.2);
     * an interleaved schedule 1 + (p-1)/(p v) times that (arXiv 2205.05198, sec. 4.2.3). */
    lanes interleaved = 1 + (p - 1) / (p * V(VIRTUAL_STAGES));
    lanes flights = lanes_min(lanes_min(M, p) * lanes_select(V(VIRTUAL_STAGES) > 1, interleaved, ONE), M);
    struct kept kept;
    keep(job, e, way, layer, blocks, end == FIRST ? flights : lanes_min(ONE, M), &kept);
    lanes tokens = training_sequences(job, v, e) * job->rows.longest / V(CONTEXT);
    lanes split = C(MEMORY_LOGITS_WHOLE) > 0 ? ONE : V(TENSOR);
    *stage = (struct stage){
        .activations = kept.sharded,
        .residual = kept.residual + (end == LAST ? layer->last * E(MEMORY_RESIDUAL) : ZERO),
        .scores = kept.scores,
        .gone = kept.gone,
        .logit = end == LAST ? tokens * job->shape.vocab / split * E(MEMORY_LOGITS) : ZERO,
    };
}

/* ---- the moments of a step -------------------------------------------------------------------- */

/* The loss is taken. Gradients that are freed between steps are there from the second micro-batch on, of sharded weights
 * perhaps whole until the last; where the logits are small, the first gradient of the head takes more, and a loss in parts
 * adds to it with each. */
static void at_the_loss(const struct job *job, const lanes v[VARIABLES], const lanes e[TARGETS], const struct way *way,
                        const struct layer *layer, const struct state *state, const struct stage *stage, int end, struct moment *m)
{
    lane_mask earlier = V(ACCUMULATION) > 1;
    lanes d = V(DATA) * V(CONTEXT), group = lanes_select(E(SHARD_GROUP) > 0, lanes_min(E(SHARD_GROUP), d), d);
    lanes whole = 1 + C(MEMORY_GRADIENTS_WHOLE) * way->sharded * (group - 1);
    lanes logits = C(MEMORY_LOGIT_BYTES) * stage->logit;
    *m = (struct moment){
        .copies = state->few,
        .gradients = state->gradients * lanes_select(earlier, whole, lanes_of(C(MEMORY_GRADIENTS_STAY))),
        .activations = stage->activations,
        .residual = stage->residual,
        .scores = stage->scores,
        .logits = end == LAST ? lanes_select(E(LOSS_CHUNKS) > 1, logits + state->head, lanes_max(logits, state->head)) : ZERO,
        .buffers = state->gathered + state->buckets,
        .slack = state->reserve + C(MEMORY_SHARD_RESERVE) * way->sharded * state->gradients +
                 C(MEMORY_LOGIT_RESERVE) * logits * (1 + way->again * (1 - way->frozen)) +
                 C(MEMORY_SCORE_RESERVE) * layer->score_work * E(MEMORY_SCORES),
    };
}

/* Just before, where autocast still holds all of its copies. */
static void before_the_loss(const struct job *job, const lanes e[TARGETS], const struct state *state, const struct stage *stage,
                            struct moment *m)
{
    m->copies = state->copies * E(MEMORY_APART) + state->few * (1 - E(MEMORY_APART));
    m->logits = C(MEMORY_LOGITS_FORWARD) * stage->logit;
}

/* In the last layer's backward pass, when the logits are gone. */
static void going_back(const struct job *job, const lanes e[TARGETS], const struct way *way, const struct layer *layer,
                       const struct state *state, int end, struct moment *m)
{
    lanes again = C(MEMORY_REBUILT) * way->again;
    lanes again_scores = C(MEMORY_REBUILT) * lanes_max(way->again, lanes_min(E(RECOMPUTE_ATTENTION), ONE));
    m->copies = state->few + way->again * (1 - way->sharded) * state->one_copy;
    m->logits = end == LAST ? state->head : ZERO;
    m->activations += again * layer->sharded * E(MEMORY_ACTIVATIONS);
    m->residual += (again * layer->residual - (end == LAST ? layer->last : ZERO)) * E(MEMORY_RESIDUAL);
    m->scores += (again_scores * layer->scores + layer->score_work) * E(MEMORY_SCORES);
}

/* After the backward pass: all gradients, a tied table's once more while its two are summed, and those of sharded weights
 * before they are reduced. */
static void at_the_end(const struct job *job, const lanes v[VARIABLES], const struct way *way, const struct held *held,
                       const struct state *state, struct moment *m)
{
    lanes tied = lanes_select(V(PIPELINE) > 1, ZERO, job->shape.tied * (2 - way->wide) * held->head);
    lanes more = C(MEMORY_TABLE_GRADIENTS) * state->gradient;
    *m = (struct moment){
        .gradients = state->gradients + state->update + more * lanes_select(way->sharded > 0, held->tables, tied),
        .buffers = state->buckets + more * way->sharded * (held->dense + held->routed),
        .slack = state->reserve + more * (held->table + held->routed),
    };
}

static inline lanes sum_of(const struct moment *m)
{
    return m->copies + m->gradients + m->activations + m->residual + m->scores + m->logits + m->buffers;
}

/* Takes a moment for the fullest if it is; what is the most in use at any, and with the share of the slack that stays. */
static inline void consider(const struct moment *other, lanes stays, struct moment *most, lanes *allocated, lanes *needed)
{
    lanes sum = sum_of(other);
    lane_mask larger = sum + other->slack > sum_of(most) + most->slack;
    *allocated = lanes_max(*allocated, sum);
    *needed = lanes_max(*needed, sum + stays * other->slack);
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
    struct way way;
    struct layer layer;
    struct held held;
    struct state state;
    choose_way(e, &way);
    measure_layer(job, v, e, &way, &layer);
    hold(job, v, e, &held);
    measure_state(job, v, e, &way, &held, &state);

    struct moment most, other;
    at_the_end(job, v, &way, &held, &state, &most);
    /* The allocator holds what it may, and gives most of it back before it fails; buckets that were used once, all. */
    bool gives = C(MEMORY_GIVEN_BACK) > 0;
    lanes stays = (1 - C(MEMORY_GIVEN_BACK)) * E(MEMORY_RUNTIME), once = C(MEMORY_BUCKETS_AGAIN) * state.buckets;
    lanes allocated = sum_of(&most), needed = allocated + stays * most.slack, gone = ZERO;
    for (int end = LAST; end < ENDS; end++) {
        struct stage stage;
        fill_stage(job, v, e, &way, &layer, held.blocks, end, &stage);
        gone = lanes_max(gone, stage.gone);
        at_the_loss(job, v, e, &way, &layer, &state, &stage, end, &other);
        consider(&other, stays, &most, &allocated, &needed);
        before_the_loss(job, e, &state, &stage, &other);
        consider(&other, stays, &most, &allocated, &needed);
        going_back(job, e, &way, &layer, &state, end, &other);
        consider(&other, stays, &most, &allocated, &needed);
    }

    /* Nothing is exchanged where there is nobody else. */
    lanes ranks = lanes_min(V(ACCELERATORS), lanes_of(job->node));
    lanes away = lanes_min(lanes_max(E(HOST_OPTIMIZER), E(HOST_PAGED)), ONE);
    double fewer = C(MEMORY_BUFFERS_LINK) > 0 ? fmax(fmin(job->link / C(MEMORY_BUFFERS_LINK), 1), FEWEST_CHANNELS) : 1;
    lanes channels = lanes_select(V(ACCELERATORS) > 1, fewer * (C(MEMORY_BUFFERS) + C(MEMORY_BUFFERS_RANK) * ranks), ZERO);
    lanes held_back = most.slack + C(MEMORY_SLACK) * state.weights, optimizer = state.optimizer * (1 - away);
    out[SPEEDUP_METRIC_MEMORY_WEIGHTS] = state.weights + most.copies;
    out[SPEEDUP_METRIC_MEMORY_GRADIENTS] = most.gradients;
    out[SPEEDUP_METRIC_MEMORY_OPTIMIZER] = optimizer;
    out[SPEEDUP_METRIC_MEMORY_ACTIVATIONS] = most.activations;
    out[SPEEDUP_METRIC_MEMORY_RESIDUAL] = most.residual;
    out[SPEEDUP_METRIC_MEMORY_SCORES] = most.scores;
    out[SPEEDUP_METRIC_MEMORY_LOGITS] = most.logits;
    out[SPEEDUP_METRIC_MEMORY_KV] = ZERO;
    out[SPEEDUP_METRIC_MEMORY_BUFFERS] = (most.buffers + channels) * E(MEMORY_BUFFERS);
    out[SPEEDUP_METRIC_MEMORY_RUNTIME] = (C(MEMORY_RUNTIME) + C(MEMORY_WORKSPACE) + held_back) * E(MEMORY_RUNTIME);
    lanes all = ZERO;
    for (int i = SPEEDUP_METRIC_MEMORY_WEIGHTS; i <= SPEEDUP_METRIC_MEMORY_RUNTIME; i++)
        all += out[i];
    lanes fullest = sum_of(&most) + held_back * E(MEMORY_RUNTIME);
    needed = gives ? all - fullest + needed + stays * (C(MEMORY_SLACK) * state.weights - once) : all;
    lanes peak = lanes_max(needed, lanes_min(all, lanes_of(job->memory)));
    out[SPEEDUP_METRIC_MEMORY_RUNTIME] -= all - peak;
    out[SPEEDUP_METRIC_MEMORY_NEEDED] = needed;
    out[SPEEDUP_METRIC_MEMORY_PEAK] = peak;
    out[SPEEDUP_METRIC_MEMORY_ALLOCATED] = state.weights + optimizer + allocated + C(MEMORY_WORKSPACE);
    out[SPEEDUP_METRIC_MEMORY_RESERVED] = peak - C(MEMORY_RUNTIME) * E(MEMORY_RUNTIME) - channels * E(MEMORY_BUFFERS);
    lanes gradients = lanes_min(E(HOST_GRADIENTS), ONE) * held.all * E(UPDATE_FLOPS) * job->gradient_bytes * E(MEMORY_GRADIENTS);
    lanes optimizer_away = state.optimizer * away * (1 - lanes_min(E(NVME_OPTIMIZER), ONE)), weights_away = state.away * (1 - lanes_min(E(NVME_WEIGHTS), ONE));
    out[SPEEDUP_METRIC_MEMORY_HOST] = ranks * (optimizer_away + weights_away + gradients + gone);
    if (job->rollout) {
        const struct staying staying = {state.weights, C(MEMORY_GRADIENTS_STAY) * state.gradients, optimizer, channels * E(MEMORY_BUFFERS)};
        rollout_join(job, v, &staying, out);
    }
}
