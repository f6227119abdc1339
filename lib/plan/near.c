/* Near misses: by how much a plan misses each limit, the plans that miss the least while
 * nothing is possible, and the best within the limits of a question. */
#include "plan/walker.h"

const struct limits limits_as_they_are = {{0, 0, 1, 1, 1, 1, 1, 1}};
_Static_assert(NEEDS == 8, "a factor of 1 for each limit that is asked");

double plan_misses(const speedup_space *space, const struct program *program, const struct job *job, const struct limits *limits,
                   const lanes v[VARIABLES], const lanes out[METRICS], int lane, double miss[NEEDS])
{
    double margin = space->kind == JOB_TRAINING ? program->memory_margin : 1;
    miss[NEED_MEMORY] = out[SPEEDUP_METRIC_MEMORY_NEEDED][lane] * margin / (job->memory + limits->of[NEED_MEMORY]);
    /* The cache of a service takes what is left over, and no more, however it was rounded. */
    if (space->kind == JOB_INFERENCE && out[SPEEDUP_METRIC_FITS][lane] != 0)
        miss[NEED_MEMORY] = fmin(miss[NEED_MEMORY], 1);
    miss[NEED_HOST] = space->kind == JOB_TRAINING ? out[SPEEDUP_METRIC_MEMORY_HOST][lane] / (job->host_memory + limits->of[NEED_HOST]) : 0;
    double worst = fmax(miss[NEED_MEMORY], miss[NEED_HOST]), accelerators = v[VARIABLE_ACCELERATORS][lane];
    for (int i = 0; i < LIMITS; i++) {
        double ratio = space->limits[i] > 0 ? space_limit_ratio(space, job, (enum plan_limit)i, accelerators, out, lane) : 0;
        miss[NEED_ASKED + i] = ratio / limits->of[NEED_ASKED + i];
        worst = fmax(worst, miss[NEED_ASKED + i]);
    }
    return worst;
}

double walker_misses(const struct walker *w, const lanes out[METRICS], int lane, double miss[NEEDS])
{
    return plan_misses(w->space, &w->space->programs[w->program], &w->job, &limits_as_they_are, w->v, out, lane, miss);
}

bool may_be_near(const struct walker *w, const double miss[NEEDS], double worst)
{
    const speedup_result *result = w->result;
    if (result->counts.feasible)
        return false;
    bool near = worst < result->near[NEEDS].value[0];
    for (int i = 0; i < NEEDS; i++)
        near |= miss[i] < result->near[i].value[0] && worst <= fmax(miss[i], 1);
    return near;
}

void near_add(struct walker *w, const double miss[NEEDS], double worst, uint64_t index)
{
    speedup_result *result = w->result;
    if (result->counts.feasible || !(worst > 1) || !isfinite(worst))
        return;
    found_least(&result->near[NEEDS], worst, index);
    int missed = 0, which = 0;
    for (int i = 0; i < NEEDS; i++)
        if (miss[i] > 1) {
            missed++;
            which = i;
        }
    if (missed == 1)
        found_least(&result->near[which], worst, index);
}

bool service_lacks_memory(const speedup_space *space, const lanes out[METRICS], int lane)
{
    return out[SPEEDUP_METRIC_FITS][lane] == 0 || out[SPEEDUP_METRIC_OUT_OF_MEMORY][lane] > 1 - space->confidence;
}

void ask_training(struct walker *w)
{
    lanes out[METRICS];
    lane_mask possible, fits;
    struct found *best = w->result->within;
    compute_memory(w, out, &possible, &fits);
    bound_time(w, out);
    bool timed = false;
    for (int pass = 0; pass < 2 && (!pass || timed); pass++) {
        if (pass)
            compute_time(w, out);
        for (int lane = 0; lane < w->count; lane++)
            for (size_t i = 0; i < w->question->count && possible[lane]; i++) {
                double miss[NEEDS], objective = objective_of(w, out, lane);
                bool better = objective <= best[i].value[0] &&
                              plan_misses(w->space, &w->space->programs[w->program], &w->job, &w->question->limits[i], w->v, out, lane, miss) <= 1;
                timed |= better;
                if (better && pass && usable_time(out, lane))
                    found_least(&best[i], objective, w->waiting[lane]);
            }
    }
}

void ask_services(struct walker *w)
{
    const double boundless = 1e15; /* B: more than any accelerator has, and small enough to count with */
    double memory = w->job.memory;
    for (size_t i = 0; i < w->question->count; i++) {
        lanes out[METRICS];
        struct limits asked = w->question->limits[i];
        w->job.memory = fmin(memory + asked.of[NEED_MEMORY], boundless);
        asked.of[NEED_MEMORY] = HUGE_VAL; /* told by the estimate itself */
        w->job.kernel->evaluate(&w->job, w->v, w->e, out);
        for (int lane = 0; lane < w->count; lane++) {
            double miss[NEEDS];
            if (out[SPEEDUP_METRIC_STATUS][lane] == 0 && !service_lacks_memory(w->space, out, lane) &&
                plan_misses(w->space, &w->space->programs[w->program], &w->job, &asked, w->v, out, lane, miss) <= 1)
                found_least(&w->result->within[i], objective_of(w, out, lane), w->waiting[lane]);
        }
    }
    w->job.memory = memory;
}
