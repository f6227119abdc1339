/* Attribution: in the order given, from the end, and over all orders. Knows no
 * optimization by name. */
#include "plan/attribution.h"

#include "base/struct.h"
#include "plan/change.h"

#include <stdlib.h>
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
        job_values(&job, scenario->variables, step->values);
        if (i) {
            step->added = scenario->selections[selected - 1].optimization;
            step->superseded =
                selection_superseded(scenario->selections, scenario->selection_count, selected - 1);
        }
    }
    return SPEEDUP_OK;
}

enum { MOST_PLAYERS = 16 };

double plan_seconds(const struct job *job, const double values[METRICS])
{
    /* In inference the time of a token in all; what does not fit has none. */
    return job->kind == JOB_TRAINING ? values[SPEEDUP_METRIC_STEP_SECONDS] : 1 / values[SPEEDUP_METRIC_TOKENS_PER_SECOND];
}

/* The terms of a time by cause, so that they add up to plan_seconds(). */
static double term_seconds(const struct job *job, const double values[METRICS], int metric)
{
    if (job->kind == JOB_TRAINING)
        return values[metric];
    /* A token's time is shared by all requests that decode beside it. */
    double token = values[SPEEDUP_METRIC_TIME_PER_OUTPUT_TOKEN];
    return token > 0 ? values[metric] / token * plan_seconds(job, values) : 0;
}

static bool is_term(int metric)
{
    return (metric >= SPEEDUP_METRIC_TIME_MATMUL && metric <= SPEEDUP_METRIC_TIME_FIXED) ||
           metric == SPEEDUP_METRIC_TIME_ROLLOUT || metric == SPEEDUP_METRIC_TIME_INTERFERENCE || metric == SPEEDUP_METRIC_TIME_DRAFT;
}

static bool is_component(int metric)
{
    return metric >= SPEEDUP_METRIC_MEMORY_WEIGHTS && metric <= SPEEDUP_METRIC_MEMORY_RUNTIME;
}

double plan_lacking(const struct job *job, const double values[METRICS])
{
    if (values[SPEEDUP_METRIC_FITS] != 0)
        return 0;
    /* A byte at least: of a service that does not fit by a rounding. */
    double needed = values[SPEEDUP_METRIC_MEMORY_NEEDED] - job->memory, host = values[SPEEDUP_METRIC_MEMORY_HOST] - job->host_memory;
    return fmax(needed > 0 ? needed : host, 1);
}

void plan_contribution(const struct job *job, const double without[METRICS], const double with[METRICS],
                       speedup_contribution *c)
{
    double before = plan_seconds(job, without), largest = 0;
    c->lacking = plan_lacking(job, without);
    if (job->kind == JOB_INFERENCE && c->lacking > 0)
        return; /* what does not fit has no time, nor a load to have memory for */
    c->seconds = before - plan_seconds(job, with);
    c->marginal = before / plan_seconds(job, with);
    c->bytes = without[SPEEDUP_METRIC_MEMORY_PEAK] - with[SPEEDUP_METRIC_MEMORY_PEAK];
    for (int m = 0; m < METRICS; m++) {
        if (is_term(m)) {
            double old = term_seconds(job, without, m), new = term_seconds(job, with, m);
            /* A term that rises is no reason of a gain, nor one that falls of a loss. */
            double change = c->seconds < 0 ? new - old : old - new;
            if (change > largest) {
                largest = change;
                c->term = m;
                c->term_before = old;
                c->term_after = new;
                c->term_share = old / before;
            }
        } else if (is_component(m)) {
            double change = without[m] - with[m];
            if (fabs(change) > fabs(c->component_bytes)) {
                c->component = m;
                c->component_bytes = change;
            }
        }
    }
}

/* The estimate with a subset of the optimizations, a bit for each; `apart` takes also what
 * does not fit, and so has no time. */
static speedup_status subset_values(speedup_context *context, const speedup_scenario *scenario, uint32_t subset,
                                    bool apart, double values[METRICS])
{
    struct arena arena;
    struct selection chosen[MOST_PLAYERS + 64];
    size_t count = 0;
    for (size_t i = 0; i < scenario->selection_count; i++)
        if (i < scenario->baseline_count || (subset >> (i - scenario->baseline_count)) & 1)
            chosen[count++] = scenario->selections[i];
    arena_begin(&arena, &context->allocator);
    struct job job = scenario->job;
    struct place place = {0};
    if (scenario->asked.tree)
        place = description_place(&scenario->asked, NULL);
    speedup_status status =
        effects_resolve(context, &arena, chosen, count, job.kind, &scenario->fixed, &job.effects);
    if (!status)
        job_set_precisions(context, &job, &place);
    if (!status && !(status = context->first)) {
        status = job_values(&job, scenario->variables, values);
        if (!status && !apart && job.kind == JOB_INFERENCE && values[SPEEDUP_METRIC_FITS] == 0)
            status = SPEEDUP_INCONSISTENT;
        if (status == SPEEDUP_INCONSISTENT)
            problem(context, status, &place, "with some of its optimizations the job does not fit, and has no time to compare");
        else if (status)
            problem(context, status, &place, "with some of its optimizations alone the job cannot be: %s", speedup_status_text(status));
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
    REQUIRE_GIVEN(context, context);
    REQUIRE_GIVEN(context, scenario);
    REQUIRE_GIVEN(context, count);
    diagnostics_clear(context);
    size_t n = scenario->selection_count - scenario->baseline_count, room = *count;
    *count = n;
    if (!contributions)
        return SPEEDUP_OK;
    REQUIRE(context, room >= n, "argument 'count' says that there is room for %zu in 'contributions', of %zu", room, n);
    if (n)
        REQUIRE_STRUCT(context, speedup_contribution, contributions);
    if (n > MOST_PLAYERS) {
        problem(context, SPEEDUP_TOO_COMPLEX, NULL, "%zu optimizations; attribution goes over all orders of at most %d", n, MOST_PLAYERS);
        return SPEEDUP_TOO_COMPLEX;
    }
    size_t subsets = (size_t)1 << n, all = subsets - 1; /* a bit for each */
    double *gain = context->allocator.allocate(context->allocator.user, subsets * sizeof *gain);
    if (!gain)
        return no_memory(context);
    speedup_status status = SPEEDUP_OK;
    double whole[METRICS] = {0}, values[METRICS] = {0};
    status = subset_values(context, scenario, (uint32_t)all, false, whole);
    speedup_contribution own[MOST_PLAYERS];
    for (size_t i = 0; i < n; i++)
        own[i] = (speedup_contribution){
            .id = scenario->selections[scenario->baseline_count + i].optimization->head.id,
            .superseded = selection_superseded(scenario->selections, scenario->selection_count, scenario->baseline_count + i),
        };
    for (size_t s = 0; s < subsets && !status; s++) {
        status = subset_values(context, scenario, (uint32_t)s, false, values);
        gain[s] = -log(plan_seconds(&scenario->job, values));
        for (size_t i = 0; i < n && !status; i++)
            if (s == (all & ~((size_t)1 << i)))
                plan_contribution(&scenario->job, values, whole, &own[i]);
    }
    for (size_t i = 0; i < n && !status; i++) {
        size_t before = ((size_t)1 << i) - 1;
        own[i].waterfall = exp(gain[before | (size_t)1 << i] - gain[before]);
    }
    if (!status) {
        shapley(gain, n, own);
        struct_out_all(contributions, own, sizeof *own, n);
    }
    context->allocator.release(context->allocator.user, gain);
    return status;
}

speedup_status plan_losses(speedup_context *context, const speedup_scenario *scenario, speedup_contribution *contributions,
                           size_t count)
{
    double whole[METRICS] = {0}, without[METRICS] = {0};
    if (count > MOST_PLAYERS)
        return SPEEDUP_TOO_COMPLEX;
    uint32_t all = (UINT32_C(1) << count) - 1;
    speedup_status status = subset_values(context, scenario, all, false, whole);
    for (size_t i = 0; i < count && !status; i++) {
        contributions[i] = (speedup_contribution){.id = scenario->selections[scenario->baseline_count + i].optimization->head.id};
        status = subset_values(context, scenario, all & ~(UINT32_C(1) << i), true, without);
        if (!status)
            plan_contribution(&scenario->job, without, whole, &contributions[i]);
    }
    return status;
}

static int by_gain(const void *a, const void *b)
{
    const speedup_contribution *x = a, *y = b;
    return x->marginal != y->marginal ? (x->marginal < y->marginal) - (x->marginal > y->marginal) : strcmp(x->id, y->id);
}

/* What trains a part of the parameters alone makes another job of it, not the same one faster. */
static bool trains_less(const struct optimization *optimization)
{
    for (uint32_t i = 0; i < optimization->effect_count; i++)
        if (optimization->effects[i].target == TARGET_UPDATE_FLOPS)
            return true;
    return false;
}

speedup_status speedup_scenario_next(speedup_context *context, const speedup_scenario *scenario,
                                     speedup_contribution *contributions, size_t *count)
{
    REQUIRE_GIVEN(context, context);
    REQUIRE_GIVEN(context, scenario);
    REQUIRE_GIVEN(context, count);
    if (contributions && *count)
        REQUIRE_STRUCT(context, speedup_contribution, contributions);
    diagnostics_clear(context);
    size_t room = contributions ? *count : 0, found = 0;
    *count = scenario->catalog->entries[KIND_OPTIMIZATION].count;
    if (!contributions)
        return SPEEDUP_OK;
    double now[METRICS];
    speedup_status status = speedup_scenario_estimate(scenario, now, METRICS);
    if (!status && now[SPEEDUP_METRIC_FITS] == 0)
        status = SPEEDUP_INCONSISTENT;
    if (status) {
        problem(context, status, NULL, "there is nothing to add an optimization to: %s",
                status == SPEEDUP_INCONSISTENT ? "the job does not fit" : speedup_status_text(status));
        return status;
    }
    struct arena arena;
    struct additions additions;
    struct job job;
    arena_begin(&arena, &context->allocator);
    room = room < *count ? room : *count;
    speedup_contribution *own = arena_zeroed(&arena, room, sizeof *own);
    if (!own) {
        arena_end(&arena);
        return no_memory(context);
    }
    status = additions_begin(context, scenario, &arena, &additions);
    for (const struct optimization *added; !status && (added = additions_next(&additions, &job));) {
        if (trains_less(added))
            continue;
        double values[METRICS];
        if (job_values(&job, scenario->variables, values) || values[SPEEDUP_METRIC_FITS] == 0)
            continue;
        speedup_contribution c = {.id = added->head.id};
        plan_contribution(&scenario->job, now, values, &c);
        c.waterfall = c.marginal;
        /* Without room for all, the best so far stay. */
        if (found < room)
            own[found++] = c;
        else if (room && by_gain(&c, &own[room - 1]) < 0)
            own[room - 1] = c;
        if (found == room)
            qsort(own, found, sizeof *own, by_gain);
    }
    additions_end(&additions);
    qsort(own, found, sizeof *own, by_gain);
    if (found)
        struct_out_all(contributions, own, sizeof *own, found);
    *count = found;
    if (arena.failed)
        status = no_memory(context);
    arena_end(&arena);
    return status;
}
