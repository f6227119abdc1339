/* Why the best plan is the best: what binds it, what a little more of that is worth, and
 * when nothing is possible, what would make it so. Asks the search again with other
 * limits; knows no optimization by name. */
#include "plan/why.h"

#include "base/struct.h"
#include "plan/attribution.h"
#include "plan/change.h"

#include <string.h>

speedup_status speedup_space_scenario(speedup_context *context, const speedup_space *space, uint64_t index,
                                      speedup_scenario **scenario)
{
    if (scenario)
        *scenario = NULL;
    REQUIRE_GIVEN(context, context);
    REQUIRE_GIVEN(context, space);
    REQUIRE_GIVEN(context, scenario);
    diagnostics_clear(context);
    double layout[VARIABLES];
    speedup_status status = speedup_space_estimate(space, index, layout, VARIABLES, NULL, 0);
    if (status) {
        problem(context, status, NULL, "plan %zu of the space cannot be: %s", (size_t)index, speedup_status_text(status));
        return status;
    }
    const struct program *program = &space->programs[index / space->layouts];
    speedup_scenario *made = scenario_allocate(context);
    if (!made)
        return SPEEDUP_OUT_OF_MEMORY;
    struct arena arena = made->arena;
    memcpy(made, program->scenario, sizeof *made);
    atomic_init(&made->references, 1);
    made->allocator = context->allocator;
    made->arena = arena;
    made->base = speedup_scenario_ref(program->scenario);
    made->catalog = speedup_catalog_ref(made->catalog);
    made->price = program->price;
    made->job.price = program->per_hour;
    for (int i = 0; i < VARIABLES; i++)
        made->variables[i] = lanes_of(layout[i]);
    *scenario = made;
    return SPEEDUP_OK;
}

/* The best plans within some limits, in the order of the limits. */
static speedup_status ask(speedup_context *context, const speedup_space *space, const struct limits *limits, size_t count,
                          uint32_t threads, struct found found[MOST_LIMITS])
{
    const struct question question = {limits, count};
    speedup_result *result = NULL;
    speedup_status status = search_range(context, space, &question, 0, speedup_space_size(space), threads, NULL, NULL, &result);
    if (!status)
        memcpy(found, result->within, sizeof result->within);
    speedup_result_destroy(result);
    return status;
}

/* The same space for one number of accelerators, as long as the space lives. */
static void with_accelerators(const speedup_space *space, double *accelerators, speedup_space *other)
{
    memcpy(other, space, sizeof *other);
    atomic_init(&other->references, 1);
    other->values[AXIS_ACCELERATORS] = accelerators;
    other->counts[AXIS_ACCELERATORS] = 1;
    other->layouts = space->layouts / space->counts[AXIS_ACCELERATORS];
}

/* The divisors of a batch, ascending: no other number of data-parallel ranks divides it. */
enum { MOST_DIVISORS = 1344 }; /* of the numbers up to 1e9, 735134400 has the most */

static size_t divisors_of(double batch, double divisors[MOST_DIVISORS])
{
    size_t count = 0;
    for (double d = 1; d * d <= batch; d++)
        if (fmod(batch, d) == 0 && count < MOST_DIVISORS)
            divisors[count++] = d;
    for (size_t i = count; i-- && count < MOST_DIVISORS;)
        if (divisors[i] * divisors[i] != batch)
            divisors[count++] = batch / divisors[i];
    return count;
}

/* The next number of accelerators that a layout divides, of those up to twice as many. Of the axes that say
 * nothing of that number, the first value is the one that asks for the least. */
static double next_accelerators(const speedup_space *space, const struct job *job, double now)
{
    double next = 2 * now, divisors[MOST_DIVISORS], at[VARIABLES] = {0};
    bool any = false, training = job->kind == JOB_TRAINING;
    size_t count = training ? divisors_of(job->global_batch, divisors) : 1, digits[AXES] = {0};
    for (bool more = true; more;) {
        lanes v[VARIABLES];
        for (int axis = 0; axis < AXES; axis++) {
            at[layout_axes[axis].variable] = space->values[axis][digits[axis]];
            v[layout_axes[axis].variable] = lanes_of(space->values[axis][digits[axis]]);
        }
        double ranks = layout_ranks(v)[0];
        for (size_t i = 0; i < count; i++) {
            double data = training ? divisors[i] : floor(now / ranks) + 1;
            at[VARIABLE_ACCELERATORS] = data * ranks;
            if (at[VARIABLE_ACCELERATORS] > next)
                break;
            if (at[VARIABLE_ACCELERATORS] > now && layout_is_possible(job, at)) {
                next = at[VARIABLE_ACCELERATORS];
                any = true;
                break;
            }
        }
        more = false;
        for (int axis = 0; axis < AXES && !more; axis++) {
            if (!layout_axes[axis].spreads && axis != AXIS_MICRO_BATCH)
                continue;
            more = ++digits[axis] < space->counts[axis];
            digits[axis] = more ? digits[axis] : 0;
        }
    }
    return any ? next : 0;
}

/* A scenario's job on a machine with another rate; effects in the arena. */
static speedup_status with_rate(speedup_context *context, const speedup_scenario *scenario, struct arena *arena, int32_t resource,
                                double factor, struct accelerator *accelerator, double values[METRICS])
{
    struct job job = scenario->job;
    struct fixed fixed = scenario->fixed;
    *accelerator = *job.accelerator;
    job.accelerator = accelerator;
    switch (resource) {
    case SPEEDUP_RESOURCE_PRODUCTS:
        for (int i = 0; i < PEAKS; i++)
            accelerator->peak.rate[i] *= factor;
        fixed.variables[VARIABLE_PEAK_FP4] *= factor;
        break;
    case SPEEDUP_RESOURCE_BANDWIDTH:
        accelerator->bandwidth = job.bandwidth *= factor;
        fixed.variables[VARIABLE_BANDWIDTH] = job.bandwidth;
        break;
    case SPEEDUP_RESOURCE_LINK:
        accelerator->link = job.link *= factor;
        fixed.variables[VARIABLE_LINK] = job.link;
        break;
    default:
        job.network *= factor;
        fixed.variables[VARIABLE_NETWORK] = job.network;
    }
    struct place nowhere = {0};
    speedup_status status = effects_resolve(context, arena, scenario->selections, scenario->selection_count, job.kind, &fixed, &job.effects);
    if (status)
        return status;
    job_set_precisions(context, &job, &nowhere);
    lanes v[VARIABLES];
    memcpy(v, scenario->variables, sizeof v);
    for (int i = 0; i < VARIABLES; i++)
        if (variables[i].scope != SCOPE_LAYOUT)
            v[i] = lanes_of(fixed.variables[i]);
    job_values(&job, v, values);
    return context->first;
}

static double rate_of(const struct job *job, int32_t resource)
{
    const double rates[] = {job->half_peak, job->bandwidth, job->link, job->network};
    return rates[resource - SPEEDUP_RESOURCE_PRODUCTS];
}

/* Rates, by estimating the plan again; the one that a share more of helps most binds. */
static speedup_status worth_of_rates(speedup_context *context, const speedup_space *space, const speedup_scenario *plan,
                                     speedup_worth *worths, size_t *count)
{
    enum { ENDLESS = 1000000 };
    const double share = 1.01;
    const struct goal *goal = &space->goal;
    struct arena arena;
    struct accelerator accelerator;
    double most = 0;
    size_t best = SIZE_MAX;
    arena_begin(&arena, &context->allocator);
    speedup_status status = SPEEDUP_OK;
    for (int32_t r = SPEEDUP_RESOURCE_PRODUCTS; r <= SPEEDUP_RESOURCE_NETWORK && !status; r++) {
        double now[METRICS], more[METRICS], endless[METRICS], little[METRICS], have = rate_of(&plan->job, r);
        double amount = r == SPEEDUP_RESOURCE_PRODUCTS ? 1e12 : 1e9; /* a teraflop, a gigabyte a second */
        if (!(have > 0))
            continue;
        status = with_rate(context, plan, &arena, r, 1, &accelerator, now);
        if (!status)
            status = with_rate(context, plan, &arena, r, 1 + amount / have, &accelerator, more);
        if (!status)
            status = with_rate(context, plan, &arena, r, share, &accelerator, little);
        if (!status)
            status = with_rate(context, plan, &arena, r, ENDLESS, &accelerator, endless);
        if (status)
            break;
        speedup_worth *w = &worths[*count];
        w->resource = r;
        w->have = have;
        w->more = amount;
        w->objective = more[goal->metric];
        w->unlimited = endless[goal->metric];
        w->gain = fmax(goal->sign * (now[goal->metric] - w->objective), 0);
        double helps = goal->sign * (now[goal->metric] - little[goal->metric]);
        if (helps > most) {
            most = helps;
            best = *count;
        }
        ++*count;
    }
    if (best != SIZE_MAX)
        worths[best].binds = 1;
    arena_end(&arena);
    return status;
}

/* Limits, by searching again with more of each, and without each. */
static speedup_status worth_of_limits(speedup_context *context, const speedup_space *space, const struct job *job, double now,
                                      uint64_t index, uint32_t threads, speedup_worth *worths, size_t *count)
{
    enum { DAY = 86400, GIGABYTE = 1000000000 };
    const double hundredth = 0.01, sign = space->goal.sign;
    struct limits limits[MOST_LIMITS];
    struct found found[MOST_LIMITS];
    double have[NEEDS] = {job->memory, job->host_memory}, more[NEEDS] = {GIGABYTE, GIGABYTE};
    for (int i = 0; i < LIMITS; i++) {
        have[NEED_ASKED + i] = space->limits[i];
        more[NEED_ASKED + i] = i == LIMIT_DEADLINE ? DAY : hundredth * space->limits[i];
    }
    int of[NEEDS];
    size_t asks = 0;
    for (int i = 0; i < NEEDS; i++) {
        /* A host of which nothing is known does not bind; a rate is no limit to have more of. */
        if (!(have[i] > 0) || have[i] >= 1e300 || i == NEED_ASKED + LIMIT_RATE || (i == NEED_HOST && job->kind != JOB_TRAINING))
            continue;
        of[asks / 2] = i;
        limits[asks] = limits[asks + 1] = limits_as_they_are;
        limits[asks++].of[i] += i < NEED_ASKED ? more[i] : more[i] / have[i];
        limits[asks++].of[i] = HUGE_VAL;
    }
    speedup_status status = ask(context, space, limits, asks, threads, found);
    for (size_t i = 0; i < asks && !status; i += 2) {
        speedup_worth *w = &worths[(*count)++];
        w->resource = of[i / 2];
        w->searched = 1;
        w->have = have[w->resource];
        w->more = more[w->resource];
        bool better = found[i].value[0] < now;
        double best = better ? found[i].value[0] : now, free = fmin(found[i + 1].value[0], now);
        w->objective = sign * best;
        w->index = better ? found[i].index : index;
        w->gain = now - best;
        w->unlimited = sign * free;
        w->binds = free < now;
    }
    return status;
}

static speedup_status worth_of_accelerators(speedup_context *context, const speedup_space *space, const speedup_scenario *plan,
                                            double now, uint32_t threads, speedup_worth *worths, size_t *count)
{
    double have = plan->variables[VARIABLE_ACCELERATORS][0], next = next_accelerators(space, &plan->job, have);
    if (!(next > 0))
        return SPEEDUP_OK;
    speedup_space other;
    struct found found[MOST_LIMITS];
    with_accelerators(space, &next, &other);
    speedup_status status = ask(context, &other, &limits_as_they_are, 1, threads, found);
    speedup_worth *w = &worths[*count];
    w->resource = SPEEDUP_RESOURCE_ACCELERATORS;
    w->searched = 1;
    w->have = have;
    w->more = next - have;
    double best = fmin(found[0].value[0], now);
    w->gain = now - best;
    w->unlimited = w->objective = space->goal.sign * best;
    w->binds = w->gain > 0;
    ++*count;
    return status;
}

speedup_status speedup_result_worth(speedup_context *context, const speedup_result *result, uint32_t threads,
                                    speedup_worth *worths, size_t *count)
{
    REQUIRE_GIVEN(context, context);
    REQUIRE_GIVEN(context, result);
    REQUIRE_GIVEN(context, worths);
    REQUIRE_GIVEN(context, count);
    REQUIRE(context, *count, "argument 'count' says that there is no room in 'worths'");
    REQUIRE_STRUCT(context, speedup_worth, worths);
    REQUIRE_THREADS(context, threads);
    REQUIRE(context, result->counts.searched == speedup_space_size(result->space),
            "argument 'result' is not of the whole space: the best of a part says nothing of what binds it");
    const speedup_space *space = result->space;
    diagnostics_clear(context);
    size_t room = *count, made = 0;
    *count = 0;
    if (!result->best_count)
        return SPEEDUP_NOT_FOUND;
    double now = result->best[0].value[0];
    uint64_t index = result->best[0].index;
    speedup_worth all[SPEEDUP_RESOURCE_COUNT];
    for (size_t i = 0; i < SPEEDUP_RESOURCE_COUNT; i++)
        all[i] = (speedup_worth){.index = index};
    speedup_scenario *plan;
    speedup_status status = speedup_space_scenario(context, space, index, &plan);
    if (!status)
        status = worth_of_limits(context, space, &plan->job, now, index, threads, all, &made);
    if (!status)
        status = worth_of_accelerators(context, space, plan, now, threads, all, &made);
    if (!status)
        status = worth_of_rates(context, space, plan, all, &made);
    speedup_scenario_unref(plan);
    if (status)
        return status;
    *count = made < room ? made : room;
    struct_out_all(worths, all, sizeof *all, *count);
    return SPEEDUP_OK;
}

speedup_status why_accelerators(speedup_context *context, const speedup_space *space, uint32_t threads, struct remedy *remedy)
{
    static const double multiples[] = {2, 4, 8, 16, 32};
    *remedy = (struct remedy){0};
    /* No longer than two more searches of a large space; a small one is soon searched. */
    enum { SOON = 1 << 18 };
    uint64_t each = speedup_space_size(space) / space->counts[AXIS_ACCELERATORS], left = 2 * speedup_space_size(space);
    left = left < SOON ? SOON : left;
    double most = space->values[AXIS_ACCELERATORS][space->counts[AXIS_ACCELERATORS] - 1];
    for (size_t i = 0; i < sizeof multiples / sizeof *multiples && left >= each; i++, left -= each) {
        double accelerators = most * multiples[i];
        speedup_space other;
        struct found found[MOST_LIMITS];
        with_accelerators(space, &accelerators, &other);
        speedup_status status = ask(context, &other, &limits_as_they_are, 1, threads, found);
        if (status)
            return status;
        remedy->most = accelerators;
        if (!isfinite(found[0].value[0]))
            continue;
        remedy->accelerators = accelerators;
        return speedup_space_estimate(&other, found[0].index, remedy->layout, VARIABLES, remedy->values, METRICS);
    }
    return SPEEDUP_OK;
}

speedup_status why_additions(speedup_context *context, const speedup_space *space, uint64_t index, struct arena *arena,
                             struct cure cures[MOST_CURES], size_t *count)
{
    speedup_scenario *plan;
    struct additions additions;
    struct job job;
    *count = 0;
    speedup_status status = speedup_space_scenario(context, space, index, &plan);
    if (status)
        return status;
    const struct goal *goal = &space->goal;
    status = additions_begin(context, plan, arena, &additions);
    for (const struct optimization *added; !status && (added = additions_next(&additions, &job));) {
        lanes v[VARIABLES], out[METRICS];
        double miss[NEEDS];
        struct cure cure = {.added = added};
        memcpy(v, plan->variables, sizeof v);
        job_evaluate(&job, v, out);
        for (int m = 0; m < METRICS; m++)
            cure.values[m] = out[m][0];
        struct limits limits = limits_as_they_are;
        bool service = job.kind == JOB_INFERENCE;
        if (service) /* the estimate itself tells whether it fits */
            limits.of[NEED_MEMORY] = limits.of[NEED_HOST] = HUGE_VAL;
        if (out[SPEEDUP_METRIC_STATUS][0] != 0 || (service && service_lacks_memory(space, out, 0)) ||
            plan_misses(space, &space->programs[index / space->layouts], &job, &limits, v, out, 0, miss) > 1)
            continue;
        size_t at = *count < MOST_CURES ? (*count)++ : MOST_CURES;
        for (; at && goal->sign * cure.values[goal->metric] < goal->sign * cures[at - 1].values[goal->metric]; at--)
            if (at < MOST_CURES)
                cures[at] = cures[at - 1];
        if (at < MOST_CURES)
            cures[at] = cure;
    }
    additions_end(&additions);
    speedup_scenario_unref(plan);
    return status;
}
