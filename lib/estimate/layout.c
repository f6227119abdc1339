/* Which layouts are possible, and what follows from them, for blocks of layouts: the rules
 * of layout.def over lanes. Compiled twice (see kernel.c); allocates nothing. */
#include "estimate/layout.h"

/* Whole numbers from 0 to 2^51 are what the rounding of an addition leaves as they are. */
#define LARGE 4503599627370496.0
#define WHOLE(x) (((x) + LARGE) - LARGE == (x))
/* Exact: a quotient of whole numbers that is not whole is further from one than a rounding. */
#define DIVIDES(part, whole) WHOLE((whole) / (part))

/* The copies of the model. */
static inline lanes data_of(double front, const lanes v[VARIABLES])
{
    return (v[VARIABLE_ACCELERATORS] - front) / layout_ranks(v);
}

/* Micro-batches of a rank, the last of them as whole as the batch allows. The one rounding: of whole
 * numbers a quotient that should be whole is, and no other is within a rounding of one. */
static inline lanes accumulation_of(const struct job *job, enum job_kind kind, lanes data, lanes micro_batch)
{
    return kind == JOB_TRAINING ? lanes_ceil(job->global_batch / (data * micro_batch)) : lanes_of(1.0);
}

static inline lane_mask within(lanes x, double least, double most)
{
    return (x >= least) & (x <= most);
}

/* Each axis alone: within its range where the kind of job has it, else where it stands when nothing is said. */
static inline lane_mask in_range(const struct job *job, enum job_kind kind, const lanes v[VARIABLES])
{
    /* A rate of requests stands for the load; a static batch is whole. */
    bool by_rate = job->inference.request_rate > 0;
    lane_mask good = v[VARIABLE_ACCELERATORS] == v[VARIABLE_ACCELERATORS];
#define RANGE_COUNT(x, first, least, most) (within(x, least, most) & WHOLE(x))
#define RANGE_FLAG(x, first, least, most) ((x == (double)(least)) | (x == (double)(most)))
#define RANGE_LOAD(x, first, least, most) \
    (by_rate ? x == (double)(first) : job->inference.serving ? within(x, least, most) : within(x, least, most) & WHOLE(x))
#define AXIS(NAME, name, KINDS, SECTION, TYPE, RANKS, first, least, most, ...) \
    good &= KINDS_##KINDS >> kind & 1 ? RANGE_##TYPE(v[VARIABLE_##NAME], first, least, most) : v[VARIABLE_##NAME] == (double)(first);
#include "estimate/axis.def"
#undef AXIS
    return good;
}

static inline lane_mask keeps_rules(const struct job *job, enum job_kind kind, double front, const lanes v[VARIABLES], lanes data)
{
    const lane_mask uneven = job->relaxed ? data == data : data != data, splits = job->unsplit ? data != data : data == data;
    const lanes pool = v[VARIABLE_ACCELERATORS] - front, ranks = layout_ranks(v), global_batch = lanes_of(job->global_batch);
    /* Of heads that are a mean over layers that differ, the whole part. */
    const lanes heads = lanes_of(floor(job->model->heads)), layers = lanes_of(job->model->layers), experts = lanes_of(job->model->experts.count);
    const lanes engine = lanes_of(job->rollout ? job->rollout->tensor : 1);
    lane_mask good = pool > 0;
#define AXIS(NAME, name, ...)               \
    const lanes name = v[VARIABLE_##NAME]; \
    (void)name;
#include "estimate/axis.def"
#undef AXIS
    (void)ranks;
    (void)engine;
#define LAYOUT_RULE(NAME, KINDS, PLACE, condition, ...) \
    if (KINDS_##KINDS >> kind & 1)                      \
        good &= (condition);
#include "estimate/layout.def"
#undef LAYOUT_RULE
    return good;
}

static inline lane_mask examine(const struct job *job, enum job_kind kind, double front, const lanes v[VARIABLES])
{
    lanes data = data_of(front, v);
    return in_range(job, kind, v) & keeps_rules(job, kind, front, v, data) & (v[VARIABLE_DATA] == data) &
           (v[VARIABLE_ACCUMULATION] == accumulation_of(job, kind, data, v[VARIABLE_MICRO_BATCH]));
}

static __attribute__((noinline)) void examine_training(const struct job *job, const lanes v[VARIABLES], lane_mask *possible)
{
    *possible = examine(job, JOB_TRAINING, 0, v);
}

static __attribute__((noinline)) void examine_serving(const struct job *job, double front, const lanes v[VARIABLES], lane_mask *possible)
{
    *possible = examine(job, JOB_INFERENCE, front, v);
}

/* The job's pool for prefill is laid out by the rules of its kind. */
static void examine_front(const struct job *job, lane_mask *possible)
{
    const struct front *front = &job->inference.front;
    lanes v[VARIABLES];
#define AXIS(NAME, name, KINDS, SECTION, TYPE, RANKS, first, ...) v[VARIABLE_##NAME] = lanes_of((double)(first));
#include "estimate/axis.def"
#undef AXIS
    v[VARIABLE_ACCELERATORS] = lanes_of(front->accelerators);
    v[VARIABLE_TENSOR] = lanes_of(front->tensor);
    v[VARIABLE_PIPELINE] = lanes_of(front->pipeline);
    v[VARIABLE_ATTENTION_DATA] = lanes_of(front->attention_data);
    v[VARIABLE_CONCURRENCY] = lanes_of(job->inference.request_rate > 0 ? 0.0 : 1.0);
    v[VARIABLE_DATA] = data_of(0, v);
    v[VARIABLE_ACCUMULATION] = lanes_of(1.0);
    examine_serving(job, 0, v, possible);
}

void layout_derive(const struct job *job, lanes v[VARIABLES])
{
    lanes data = data_of(job->inference.front.accelerators, v);
    v[VARIABLE_DATA] = data;
    v[VARIABLE_ACCUMULATION] = accumulation_of(job, job->kind, data, v[VARIABLE_MICRO_BATCH]);
}

void layout_possible(const struct job *job, const lanes v[VARIABLES], lane_mask *possible)
{
    double front = job->inference.front.accelerators;
    if (job->kind == JOB_TRAINING) {
        examine_training(job, v, possible);
        return;
    }
    examine_serving(job, front, v, possible);
    if (front > 0) {
        lane_mask other;
        examine_front(job, &other);
        *possible &= other;
    }
}

void layout_complete(const struct job *job, lanes v[VARIABLES], lane_mask *possible)
{
    layout_derive(job, v);
    layout_possible(job, v, possible);
}
