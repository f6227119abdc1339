/* Which layouts are possible, and what follows from them, for blocks of layouts: the rules
 * of layout.def over lanes. Compiled twice (see kernel.c); allocates nothing. */
#include "estimate/layout.h"

/* Set where they hold; no branches, as lanes differ. */
#define WHOLE(x) (lanes_floor(x) == (x))
/* Exact: a quotient of whole numbers is whole when it should be, and times the part is the whole only then. */
#define DIVIDES(part, whole) (lanes_floor((whole) / (part)) * (part) == (whole))

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
    const lane_mask uneven = job->relaxed ? data == data : data != data;
    const lanes pool = v[VARIABLE_ACCELERATORS] - front, ranks = layout_ranks(v), global_batch = lanes_of(job->global_batch);
    const lanes heads = lanes_of(job->model->heads), layers = lanes_of(job->model->layers), experts = lanes_of(job->model->experts.count);
    lane_mask good = pool > 0;
#define AXIS(NAME, name, ...)               \
    const lanes name = v[VARIABLE_##NAME]; \
    (void)name;
#include "estimate/axis.def"
#undef AXIS
    (void)ranks;
#define LAYOUT_RULE(NAME, KINDS, PLACE, condition, ...) \
    if (KINDS_##KINDS >> kind & 1)                      \
        good &= (condition);
#include "estimate/layout.def"
#undef LAYOUT_RULE
    return good;
}

static inline lane_mask examine(const struct job *job, enum job_kind kind, double front, const lanes v[VARIABLES], lanes data)
{
    return in_range(job, kind, v) & keeps_rules(job, kind, front, v, data);
}

/* The job's pool for prefill is laid out by the rules of its kind. */
static lane_mask front_possible(const struct job *job)
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
    return examine(job, JOB_INFERENCE, 0, v, data_of(0, v));
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
    lanes data = data_of(front, v);
    if (job->kind == JOB_TRAINING)
        *possible = examine(job, JOB_TRAINING, 0, v, data) & (v[VARIABLE_DATA] == data) &
                    (v[VARIABLE_ACCUMULATION] == accumulation_of(job, JOB_TRAINING, data, v[VARIABLE_MICRO_BATCH]));
    else
        *possible = examine(job, JOB_INFERENCE, front, v, data) & (v[VARIABLE_DATA] == data) & (v[VARIABLE_ACCUMULATION] == 1.0);
    if (front > 0)
        *possible &= front_possible(job);
}

void layout_complete(const struct job *job, lanes v[VARIABLES], lane_mask *possible)
{
    layout_derive(job, v);
    if (job->kind == JOB_TRAINING)
        *possible = examine(job, JOB_TRAINING, 0, v, v[VARIABLE_DATA]);
    else
        layout_possible(job, v, possible);
}
