/* Admission: an untrusted scenario weighed against what was asked for. A verdict
 * always has its reasons. */
#include "plan/space.h"

#include <string.h>

/* The upper bound of a metric: not passed with the policy's confidence. */
static double upper(const double *values, int metric, double confidence)
{
    double low, high;
    /* One-sided: a two-sided interval of 2c - 1 has c below its upper end; there is none of 0 or 1. */
    double two_sided = fmin(fmax(fabs(2 * confidence - 1), 1e-12), 1 - 1e-12);
    speedup_metric_interval(values, METRICS, metric, two_sided, &low, &high);
    return confidence >= 0.5 ? high : low;
}

struct limit {
    uint32_t reason;
    bool known;        /* the scenario says what it takes */
    double need, have; /* have 0: nothing is asked */
    double *nearest;
};

/* Is this a number that may be asked for? */
static bool askable(double number)
{
    return number >= 0 && number < INFINITY; /* false for NaN */
}

static void judge(const struct limit *limit, double slack, speedup_verdict *verdict)
{
    if (limit->have <= 0)
        return;
    if (!limit->known) {
        verdict->reasons |= limit->reason;
        verdict->verdict = SPEEDUP_REFUSE;
        *limit->nearest = 0;
        return;
    }
    *limit->nearest = fmax(limit->have, limit->need);
    if (limit->need <= limit->have)
        return;
    verdict->reasons |= limit->reason;
    int32_t degree = limit->need <= limit->have * (1 + slack) ? SPEEDUP_WARN : SPEEDUP_REFUSE;
    if (degree > verdict->verdict)
        verdict->verdict = degree;
}

speedup_status speedup_admit(speedup_context *context, const speedup_catalog *catalog, const char *text, size_t length,
                             const speedup_request *request, const speedup_policy *policy, speedup_verdict *verdict)
{
    static const speedup_policy usual = {.struct_size = sizeof usual, .confidence = 0.9};
    if (!policy)
        policy = &usual;
    if (!verdict || verdict->struct_size < sizeof *verdict)
        return SPEEDUP_INVALID_ARGUMENT;
    /* Whoever reads the verdict of a wrong call, not its status, is not told to admit. */
    *verdict = (speedup_verdict){.struct_size = verdict->struct_size, .verdict = SPEEDUP_REFUSE,
                                 .reasons = SPEEDUP_REASON_INPUT, .nearest = {.struct_size = sizeof *request}};
    if (!context || !catalog || (!text && length) || !request || request->struct_size < sizeof *request ||
        !askable(request->accelerators) || !askable(request->memory) || !askable(request->time_limit) ||
        !askable(request->budget) || policy->struct_size < sizeof *policy ||
        !(policy->confidence > 0 && policy->confidence < 1) || !(policy->slack >= 0 && policy->slack < 1e6))
        return SPEEDUP_INVALID_ARGUMENT;
    verdict->nearest = *request;
    speedup_scenario *scenario;
    double values[METRICS];
    speedup_status status = speedup_scenario_create(context, catalog, "<request>", text, length, NULL, 0, &scenario);
    if (!status)
        status = speedup_scenario_estimate(scenario, values, METRICS);
    if (status) {
        if (policy->warn_only)
            verdict->verdict = SPEEDUP_WARN;
        speedup_scenario_unref(scenario);
        return status;
    }
    verdict->verdict = SPEEDUP_ADMIT;
    verdict->reasons = 0;
    const struct job *job = &scenario->job;
    bool whole = job->tokens > 0, priced = whole && job->price > 0;
    double c = policy->confidence;
    verdict->memory = upper(values, SPEEDUP_METRIC_MEMORY_PEAK, c);
    verdict->seconds = upper(values, whole ? SPEEDUP_METRIC_RUN_EXPECTED_SECONDS : SPEEDUP_METRIC_STEP_SECONDS, c);
    verdict->cost = whole ? upper(values, SPEEDUP_METRIC_COST, c) : 0;
    verdict->accelerators = scenario->variables[VARIABLE_ACCELERATORS][0];
    verdict->out_of_memory = values[SPEEDUP_METRIC_OUT_OF_MEMORY];
    /* The accelerator's own memory is a limit whether asked for or not. */
    double memory = request->memory > 0 ? fmin(request->memory, job->memory) : job->memory;
    const struct limit limits[] = {
        {SPEEDUP_REASON_MEMORY, true, verdict->memory, memory, &verdict->nearest.memory},
        {SPEEDUP_REASON_TIME, whole || job->kind != JOB_TRAINING, verdict->seconds, request->time_limit, &verdict->nearest.time_limit},
        {SPEEDUP_REASON_BUDGET, priced, verdict->cost, request->budget, &verdict->nearest.budget},
        {SPEEDUP_REASON_ACCELERATORS, true, verdict->accelerators, request->accelerators, &verdict->nearest.accelerators},
    };
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
        judge(&limits[i], policy->slack, verdict);
    if (policy->warn_only && verdict->verdict == SPEEDUP_REFUSE)
        verdict->verdict = SPEEDUP_WARN;
    speedup_scenario_unref(scenario);
    return SPEEDUP_OK;
}
