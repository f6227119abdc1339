/* Admission: an untrusted scenario weighed against what was asked for. A verdict
 * always has its reasons. */
#include "base/struct.h"
#include "estimate/scenario.h"
#include "plan/change.h"
#include "plan/fit.h"
#include "plan/space.h"

#include <string.h>

/* The interval of a metric that holds with a probability; there is none of 0 or 1. */
static void interval(const double *values, int metric, double probability, double *low, double *high)
{
    speedup_metric_interval(values, METRICS, metric, fmin(fmax(probability, 1e-12), 1 - 1e-12), low, high);
}

struct limit {
    uint32_t reason;
    bool known;        /* the scenario says what it takes */
    double need, have; /* have 0: nothing is asked */
    double most;       /* that a request can grant; 0: any */
    double *nearest;   /* NULL: no request can grant more */
};

/* Is this a number that may be asked for? */
static bool askable(double number)
{
    return number >= 0 && number < INFINITY; /* false for NaN */
}

static void miss(const struct limit *limit, int32_t degree, speedup_verdict *verdict)
{
    verdict->reasons |= limit->reason;
    if (degree < verdict->verdict) /* the stricter ones are lower */
        verdict->verdict = degree;
    if (!limit->nearest || (limit->known && limit->most > 0 && limit->need > limit->most))
        verdict->admissible = 0;
}

static void judge(const struct limit *limit, double slack, speedup_verdict *verdict)
{
    if (limit->have <= 0)
        return;
    if (!limit->known) {
        miss(limit, SPEEDUP_REFUSE, verdict);
        if (limit->nearest)
            *limit->nearest = 0;
        return;
    }
    if (limit->nearest)
        *limit->nearest = fmax(limit->have, limit->need);
    if (!(limit->need <= limit->have))
        miss(limit, limit->need <= limit->have * (1 + slack) ? SPEEDUP_WARN : SPEEDUP_REFUSE, verdict);
}

/* What stands in a verdict of a whole run, or of a request: metrics by kind of job. */
struct figures {
    int seconds, cost;
    bool timed, priced; /* the scenario says so much that there is such a figure */
};

static struct figures figures_of(const struct job *job, const double *values)
{
    bool whole = job->tokens > 0, fits = values[SPEEDUP_METRIC_FITS] != 0;
    if (job->kind == JOB_INFERENCE) /* a rate that is not served has no mean time of a request */
        return (struct figures){SPEEDUP_METRIC_REQUEST_SECONDS, SPEEDUP_METRIC_COST,
                                fits && values[SPEEDUP_METRIC_REQUEST_SECONDS] > 0, fits && job->price > 0};
    return (struct figures){whole ? SPEEDUP_METRIC_RUN_EXPECTED_SECONDS : SPEEDUP_METRIC_STEP_SECONDS, SPEEDUP_METRIC_COST, whole, whole && job->price > 0};
}

/* What a service must hold whatever is asked: its own targets, and its load. */
static void judge_service(const struct job *job, const double *values, double slack, speedup_verdict *verdict)
{
    const struct inference *m = &job->inference;
    bool fits = values[SPEEDUP_METRIC_FITS] != 0;
    const struct limit waits[] = {
        {SPEEDUP_REASON_TARGETS, verdict->first_token > 0, verdict->first_token, m->first_target, 0, NULL},
        {SPEEDUP_REASON_TARGETS, verdict->token > 0, verdict->token, m->token_target, 0, NULL},
    };
    for (size_t i = 0; i < sizeof waits / sizeof *waits; i++)
        judge(&waits[i], slack, verdict);
    if (!m->serving || !fits)
        return;
    verdict->load = values[SPEEDUP_METRIC_LOAD];
    const struct limit load = {SPEEDUP_REASON_LOAD, true, verdict->load, 1, 0, NULL};
    bool endless = m->request_rate > 0 && !(values[SPEEDUP_METRIC_TIME_TO_FIRST_TOKEN] > 0);
    /* Requests in flight beyond those that fit only wait; a rate that is not served never ends. */
    if (endless)
        miss(&load, SPEEDUP_REFUSE, verdict);
    else if (!(m->request_rate > 0) && verdict->load > 1)
        miss(&load, SPEEDUP_WARN, verdict);
}

static void weigh(const speedup_scenario *scenario, const double *values, const speedup_request *request,
                  const speedup_policy *policy, speedup_verdict *verdict)
{
    const struct job *job = &scenario->job;
    const struct figures figures = figures_of(job, values);
    double c = policy->confidence;
    verdict->memory = fit_upper(values, SPEEDUP_METRIC_MEMORY_NEEDED, c);
    verdict->seconds = fit_upper(values, figures.seconds, c);
    verdict->cost = job->tokens > 0 || job->kind == JOB_INFERENCE ? fit_upper(values, figures.cost, c) : 0;
    verdict->accelerators = scenario->variables[VARIABLE_ACCELERATORS][0];
    verdict->out_of_memory = values[SPEEDUP_METRIC_OUT_OF_MEMORY];
    verdict->first_token = fit_upper(values, SPEEDUP_METRIC_TIME_TO_FIRST_TOKEN, c);
    verdict->token = fit_upper(values, SPEEDUP_METRIC_TIME_PER_OUTPUT_TOKEN, c);
    interval(values, SPEEDUP_METRIC_MEMORY_NEEDED, c, &verdict->memory_low, &verdict->memory_high);
    /* A service gives its cache what is left over, so that it takes no more than there is. */
    if (job->inference.serving && verdict->out_of_memory <= 1 - c) {
        verdict->memory = fmin(verdict->memory, job->memory);
        verdict->memory_high = fmin(verdict->memory_high, job->memory);
    }
    interval(values, figures.seconds, c, &verdict->seconds_low, &verdict->seconds_high);
    if (verdict->cost > 0)
        interval(values, figures.cost, c, &verdict->cost_low, &verdict->cost_high);
    if (job->generic || (job->kind == JOB_INFERENCE && job->generic_stack))
        verdict->notes |= SPEEDUP_NOTE_UNCALIBRATED;
    if (scenario->beyond > 0)
        verdict->notes |= SPEEDUP_NOTE_LONG;
    /* The accelerator's own memory is a limit whether asked for or not; so is its host's. */
    double memory = request->memory > 0 ? fmin(request->memory, job->memory) : job->memory;
    const struct limit limits[] = {
        {SPEEDUP_REASON_MEMORY, true, verdict->memory, memory, job->memory, &verdict->nearest_memory},
        {SPEEDUP_REASON_MEMORY, true, values[SPEEDUP_METRIC_MEMORY_HOST], job->host_memory, 0, NULL},
        {SPEEDUP_REASON_TIME, figures.timed, verdict->seconds, request->time_limit, 0, &verdict->nearest_time_limit},
        {SPEEDUP_REASON_BUDGET, figures.priced, verdict->cost, request->budget, 0, &verdict->nearest_budget},
        {SPEEDUP_REASON_ACCELERATORS, true, verdict->accelerators, request->accelerators, 0, &verdict->nearest_accelerators},
    };
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
        judge(&limits[i], policy->slack, verdict);
    /* What does not fit at its mean has no times, however lax the confidence is. */
    if (job->kind == JOB_INFERENCE && values[SPEEDUP_METRIC_FITS] == 0)
        miss(&(struct limit){.reason = SPEEDUP_REASON_MEMORY}, SPEEDUP_REFUSE, verdict);
    struct change change;
    if (verdict->reasons & SPEEDUP_REASON_MEMORY && !verdict->admissible && plan_nearest_degree(scenario, c, &change)) {
        verdict->change = (int32_t)change.degree;
        verdict->change_value = change.value;
        verdict->change_accelerators = change.accelerators;
    }
    if (job->kind == JOB_INFERENCE)
        judge_service(job, values, policy->slack, verdict);
    if (policy->warn_only && verdict->verdict == SPEEDUP_REFUSE)
        verdict->verdict = SPEEDUP_WARN;
}

/* Of a text, or of the file `path`, which may name files of models. */
static speedup_status admit(speedup_context *context, const speedup_catalog *catalog, const char *path, const char *text, size_t length,
                            const speedup_request *request, const speedup_policy *policy, speedup_verdict *verdict)
{
    static const speedup_policy usual = {.struct_size = sizeof usual, .confidence = 0.9};
    speedup_request own_request;
    speedup_policy own_policy;
    if (!policy)
        policy = &usual;
    REQUIRE_GIVEN(context, context);
    REQUIRE_GIVEN(context, catalog);
    REQUIRE_ROOM(context, text, length);
    REQUIRE_GIVEN(context, request);
    REQUIRE_IN(context, speedup_request, &own_request, request);
    REQUIRE_IN(context, speedup_policy, &own_policy, policy);
    request = &own_request;
    policy = &own_policy;
    REQUIRE(context, askable(request->accelerators) && askable(request->memory) && askable(request->time_limit) &&
            askable(request->budget), "argument 'request': what is asked for is from 0, and finite");
    REQUIRE(context, policy->confidence > 0 && policy->confidence < 1, "argument 'policy': confidence is over 0 and below 1");
    REQUIRE(context, !policy->reserved, "argument 'policy': reserved is 0");
    REQUIRE(context, policy->slack >= 0 && policy->slack < 1e6, "argument 'policy': slack is 0 or more, below a million");
    verdict->nearest_accelerators = request->accelerators;
    verdict->nearest_memory = request->memory;
    verdict->nearest_time_limit = request->time_limit;
    verdict->nearest_budget = request->budget;
    speedup_scenario *scenario;
    double values[METRICS];
    speedup_status status = path ? scenario_create_below(context, catalog, path, &scenario)
                                 : speedup_scenario_create(context, catalog, "<request>", text, length, NULL, 0, &scenario);
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
    verdict->admissible = 1;
    weigh(scenario, values, request, policy, verdict);
    speedup_scenario_unref(scenario);
    return SPEEDUP_OK;
}

/* Whoever reads the verdict of a wrong call, not its status, is not told to admit. */
static const speedup_verdict refused = {.verdict = SPEEDUP_REFUSE, .reasons = SPEEDUP_REASON_INPUT, .change = -1};

speedup_status speedup_admit(speedup_context *context, const speedup_catalog *catalog, const char *text, size_t length,
                             const speedup_request *request, const speedup_policy *policy, speedup_verdict *verdict)
{
    REQUIRE_GIVEN(context, verdict);
    REQUIRE_STRUCT(context, speedup_verdict, verdict);
    speedup_verdict own = refused;
    speedup_status status = admit(context, catalog, NULL, text, length, request, policy, &own);
    struct_out(verdict, &own, sizeof own);
    return status;
}

speedup_status speedup_admit_file(speedup_context *context, const speedup_catalog *catalog, const char *path,
                                  const speedup_request *request, const speedup_policy *policy, speedup_verdict *verdict)
{
    REQUIRE_GIVEN(context, verdict);
    REQUIRE_STRUCT(context, speedup_verdict, verdict);
    speedup_verdict own = refused;
    speedup_status status = SPEEDUP_INVALID_ARGUMENT;
    if (path)
        status = admit(context, catalog, path, "", 0, request, policy, &own);
    struct_out(verdict, &own, sizeof own);
    REQUIRE_GIVEN(context, path);
    return status;
}
