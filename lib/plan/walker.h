/* What the parts of a search share: one thread's walk through the space, and its block of
 * layouts from memory to time. */
#ifndef PLAN_WALKER_H
#define PLAN_WALKER_H

#include "plan/bound.h"
#include "plan/search.h"

/* One thread's place in the space: a program, and layouts waiting for a full block. */
struct walker {
    const speedup_space *space;
    const struct question *question; /* may be NULL */
    speedup_result *result;
    size_t program;
    struct job job;
    struct bound bound;
    bool finite; /* of the program: the time of every layout */
    lanes v[VARIABLES], e[TARGETS];
    uint64_t waiting[LANES];
    int count;
    lanes next[VARIABLES]; /* layouts of which it is not known yet whether they are possible */
};

static inline bool usable_time(const lanes out[METRICS], int lane)
{
    double seconds = out[SPEEDUP_METRIC_STEP_SECONDS][lane];
    return seconds > 0 && seconds < LONGEST_TIME;
}

static inline double objective_of(const struct walker *w, const lanes out[METRICS], int lane)
{
    return w->space->goal.sign * out[w->space->goal.metric][lane];
}

/* Memory of the layouts that wait, and whether each fits. */
static inline void compute_memory(struct walker *w, lanes out[METRICS], lane_mask *possible, lane_mask *fits)
{
    lanes status = lanes_of(0.0);
    w->job.kernel->effects(&w->job.effects, w->v, w->e, &status);
    w->job.kernel->training_memory(&w->job, w->v, w->e, out);
    lanes needed = out[SPEEDUP_METRIC_MEMORY_NEEDED] * w->space->programs[w->program].memory_margin;
    *possible = status == 0;
    *fits = job_fits(&w->job, needed, out[SPEEDUP_METRIC_MEMORY_HOST]) & *possible;
    /* Limits of services read these, though none is held against a training run. */
    out[SPEEDUP_METRIC_TIME_TO_FIRST_TOKEN] = out[SPEEDUP_METRIC_TIME_PER_OUTPUT_TOKEN] = out[SPEEDUP_METRIC_LOAD] = lanes_of(0.0);
}

/* The run as it will not be better, then as it is. */
static inline void bound_time(struct walker *w, lanes out[METRICS])
{
    out[SPEEDUP_METRIC_STEP_SECONDS] = w->bound.work / w->v[VARIABLE_ACCELERATORS] + w->bound.fixed;
    out[SPEEDUP_METRIC_POWER] = lanes_of(w->job.energy.idle); /* whatever the work, no less */
    out[SPEEDUP_METRIC_TIME_SIGMA] = lanes_of(0.0); /* of a time that is no estimate */
    w->job.kernel->training_run(&w->job, w->v, out);
}

/* A service as it will not be better; at a rate no more requests share the accelerators. */
static inline void bound_service(struct walker *w, lanes out[METRICS])
{
    const struct inference *m = &w->job.inference;
    lanes n = w->v[VARIABLE_ACCELERATORS], request = lanes_of(w->bound.request);
    if (m->request_rate > 0)
        request = lanes_max(request, n / m->request_rate * BOUND_BELOW);
    inference_money(&w->job, request, out);
    out[SPEEDUP_METRIC_TOKENS_PER_SECOND_PER_ACCELERATOR] = m->output / request;
    const double *tensor = w->space->values[AXIS_TENSOR];
    out[SPEEDUP_METRIC_TIME_PER_OUTPUT_TOKEN] = w->bound.fixed + w->bound.token / lanes_min(n, lanes_of(tensor[w->space->counts[AXIS_TENSOR] - 1]));
}

static inline void compute_time(struct walker *w, lanes out[METRICS])
{
    w->job.kernel->training_time(&w->job, w->v, w->e, out);
    w->job.kernel->training_run(&w->job, w->v, out);
}

/* By which factors the plan in a lane misses the limits as they are; returns the worst. */
double walker_misses(const struct walker *w, const lanes out[METRICS], int lane, double miss[NEEDS]);

/* Could a plan that is not possible, whose misses are at least these, be the nearest? */
bool may_be_near(const struct walker *w, const double miss[NEEDS], double worst);

/* Keeps a plan that is not possible where it is the nearest so far. */
void near_add(struct walker *w, const double miss[NEEDS], double worst, uint64_t index);

/* Which of the plans that wait are the best within the limits of the walk's question? */
void ask_training(struct walker *w);
void ask_services(struct walker *w);

#endif
