/* Attribution: in the order given, from the end, and over all orders. Knows no
 * optimization by name. */
#include "plan/attribution.h"

#include <speedup/plan.h>

#include <string.h>

speedup_status plan_waterfall(speedup_context *context, const speedup_scenario *scenario, struct arena *arena,
                              struct waterfall_step **steps, size_t *count)
{
    *count = scenario->selection_count - scenario->baseline_count + 1;
    *steps = arena_zeroed(arena, *count, sizeof **steps);
    if (!*steps)
        return no_memory(context);
    for (size_t i = 0; i < *count; i++) {
        struct waterfall_step *step = &(*steps)[i];
        size_t selected = scenario->baseline_count + i;
        struct job job;
        speedup_status status = scenario_prefix(context, scenario, arena, selected, &job);
        if (status)
            return status;
        lanes v[VARIABLES], out[METRICS];
        memcpy(v, scenario->variables, sizeof v);
        job_evaluate(&job, v, out);
        for (int m = 0; m < METRICS; m++)
            step->values[m] = out[m][0];
        if (i) {
            step->added = scenario->selections[selected - 1].optimization;
            step->superseded =
                selection_superseded(scenario->selections, scenario->selection_count, selected - 1);
        }
    }
    return SPEEDUP_OK;
}

enum { MOST_PLAYERS = 16 };

/* The logarithm of the step time with a subset of the optimizations, a bit for each. */
static speedup_status subset_time(speedup_context *context, const speedup_scenario *scenario, uint32_t subset,
                                  double *log_seconds)
{
    struct arena arena;
    struct selection chosen[MOST_PLAYERS + 64];
    size_t count = 0;
    for (size_t i = 0; i < scenario->selection_count; i++)
        if (i < scenario->baseline_count || (subset >> (i - scenario->baseline_count)) & 1)
            chosen[count++] = scenario->selections[i];
    arena_begin(&arena, &context->allocator);
    struct job job = scenario->job;
    struct place place = yaml_place(&scenario->tree, scenario->section);
    speedup_status status =
        effects_resolve(context, &arena, chosen, count, job.kind, &scenario->fixed, &job.effects);
    if (!status)
        job_set_precisions(context, &job, &place);
    if (!status && !(status = context->first)) {
        lanes v[VARIABLES], out[METRICS];
        memcpy(v, scenario->variables, sizeof v);
        job_evaluate(&job, v, out);
        status = (speedup_status)out[SPEEDUP_METRIC_STATUS][0];
        /* In inference the time of a token in all; what does not fit has none. */
        bool training = job.kind == JOB_TRAINING;
        double seconds = training ? out[SPEEDUP_METRIC_STEP_SECONDS][0] : 1 / out[SPEEDUP_METRIC_TOKENS_PER_SECOND][0];
        if (!status && !training && out[SPEEDUP_METRIC_FITS][0] == 0) {
            problem(context, SPEEDUP_INCONSISTENT, &place, "with some of its optimizations the job does not fit, and has no time to compare");
            status = SPEEDUP_INCONSISTENT;
        }
        *log_seconds = log(seconds);
    }
    arena_end(&arena);
    return status;
}

/* Shapley (1953): the mean over all orders of what an optimization brings when it is
 * its turn; a subset of k before it stands for k! (n-k-1)! of the n! orders. */
static void shapley(const double *gain, size_t n, speedup_contribution *contributions)
{
    double weight[MOST_PLAYERS + 1] = {0}, orders = 1;
    for (size_t i = 1; i <= n; i++)
        orders *= (double)i;
    for (size_t k = 0; k < n; k++) {
        weight[k] = 1 / orders;
        for (size_t i = 1; i <= k; i++)
            weight[k] *= (double)i;
        for (size_t i = 1; i < n - k; i++)
            weight[k] *= (double)i;
    }
    for (size_t i = 0; i < n; i++) {
        double sum = 0;
        for (uint32_t subset = 0; subset < UINT32_C(1) << n; subset++)
            if (!((subset >> i) & 1))
                sum += weight[__builtin_popcount(subset)] * (gain[subset | UINT32_C(1) << i] - gain[subset]);
        contributions[i].shapley = sum;
    }
}

speedup_status speedup_scenario_attribute(speedup_context *context, const speedup_scenario *scenario,
                                          speedup_contribution *contributions, size_t *count)
{
    if (!context || !scenario || !count)
        return SPEEDUP_INVALID_ARGUMENT;
    diagnostics_clear(context);
    size_t n = scenario->selection_count - scenario->baseline_count, room = *count;
    *count = n;
    if (!contributions)
        return SPEEDUP_OK;
    if (room < n || (n && contributions[0].struct_size < sizeof *contributions))
        return SPEEDUP_INVALID_ARGUMENT;
    if (n > MOST_PLAYERS) {
        problem(context, SPEEDUP_TOO_COMPLEX, NULL, "%zu optimizations; attribution goes over all orders of at most %d", n, MOST_PLAYERS);
        return SPEEDUP_TOO_COMPLEX;
    }
    size_t subsets = (size_t)1 << n, all = subsets - 1;
    double *gain = context->allocator.allocate(context->allocator.user, subsets * sizeof *gain);
    if (!gain)
        return no_memory(context);
    speedup_status status = SPEEDUP_OK;
    for (size_t s = 0; s < subsets && !status; s++) {
        double log_seconds = 0;
        status = subset_time(context, scenario, (uint32_t)s, &log_seconds);
        gain[s] = -log_seconds;
    }
    for (size_t i = 0; i < n && !status; i++) {
        size_t before = ((size_t)1 << i) - 1;
        contributions[i] = (speedup_contribution){
            .struct_size = sizeof *contributions,
            .id = scenario->selections[scenario->baseline_count + i].optimization->head.id,
            .waterfall = exp(gain[before | (size_t)1 << i] - gain[before]),
            .marginal = exp(gain[all] - gain[all & ~((size_t)1 << i)]),
        };
    }
    if (!status)
        shapley(gain, n, contributions);
    context->allocator.release(context->allocator.user, gain);
    return status;
}
