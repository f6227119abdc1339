/* The nearest changes that make a job fit. Tries what the catalog has; knows no
 * optimization by name. */
#include "plan/change.h"

#include "estimate/layout.h"

#include <string.h>

struct seeker {
    const speedup_scenario *scenario;
    double confidence; /* with which a change must fit; 0: at its mean */
    struct change *changes;
    size_t count;
};

/* Is one change nearer than another: fewer accelerators, then faster? */
static bool nearer(const struct change *a, const struct change *b)
{
    if (a->accelerators != b->accelerators)
        return a->accelerators < b->accelerators;
    return a->values[SPEEDUP_METRIC_TOKENS_PER_SECOND] > b->values[SPEEDUP_METRIC_TOKENS_PER_SECOND];
}

/* Keeps a change among the nearest `most` of those from `first` on. */
static void keep(struct seeker *s, size_t first, size_t most, const struct change *change)
{
    size_t at = s->count;
    if (at == first + most) {
        if (!nearer(change, &s->changes[at - 1]))
            return;
        at--;
    } else {
        s->count++;
    }
    for (; at > first && nearer(change, &s->changes[at - 1]); at--)
        s->changes[at] = s->changes[at - 1];
    s->changes[at] = *change;
}

speedup_status additions_begin(speedup_context *context, const speedup_scenario *scenario, struct arena *arena,
                               struct additions *additions)
{
    *additions = (struct additions){.scenario = scenario, .arena = arena};
    additions->selections = arena_zeroed(arena, scenario->selection_count + 1, sizeof *additions->selections);
    if (!additions->selections || context_quiet(context, &additions->quiet))
        return no_memory(context);
    if (scenario->selection_count)
        memcpy(additions->selections, scenario->selections, scenario->selection_count * sizeof *additions->selections);
    return SPEEDUP_OK;
}

void additions_end(struct additions *additions)
{
    speedup_context_destroy(additions->quiet);
}

/* The job with one optimization more; false when the two cannot be. */
static bool with_optimization(struct additions *s, const struct optimization *added, struct job *job)
{
    const speedup_scenario *scenario = s->scenario;
    size_t count = scenario->selection_count;
    *job = scenario->job;
    if (!added->applies[job->kind])
        return false;
    for (size_t i = 0; i < count; i++)
        if (scenario->selections[i].optimization == added)
            return false;
    struct selection *more = &s->selections[count];
    *more = (struct selection){.optimization = added, .parameters = arena_zeroed(s->arena, added->parameter_count, sizeof(double))};
    if (!more->parameters)
        return false;
    for (uint32_t i = 0; i < added->parameter_count; i++)
        more->parameters[i] = added->parameters[i].value;
    diagnostics_clear(s->quiet);
    check_needs(s->quiet, s->selections, count + 1);
    if (effects_resolve(s->quiet, s->arena, s->selections, count + 1, job->kind, &scenario->fixed, &job->effects))
        return false;
    struct place nowhere = {0};
    job_set_precisions(s->quiet, job, &nowhere);
    return !s->quiet->first;
}

const struct optimization *additions_next(struct additions *additions, struct job *job)
{
    const speedup_catalog *catalog = additions->scenario->catalog;
    while (additions->next < catalog->entries[KIND_OPTIMIZATION].count) {
        const struct optimization *added =
            (const struct optimization *)catalog->entries[KIND_OPTIMIZATION].items[additions->next++];
        if (with_optimization(additions, added, job))
            return added;
    }
    return NULL;
}

/* The variables of a layout with one degree changed, on as many accelerators as there
 * are, or on as many as one copy of the model then takes. */
static void with_degree(const struct seeker *s, const struct job *job, enum variable degree, double value, lanes v[VARIABLES])
{
    memcpy(v, s->scenario->variables, sizeof(lanes[VARIABLES]));
    if (degree == VARIABLES)
        return;
    v[degree] = lanes_of(value);
    double front = job->inference.front.accelerators, others = v[VARIABLE_ACCELERATORS][0] - s->scenario->job.inference.front.accelerators;
    v[VARIABLE_ACCELERATORS] = lanes_of(fmax(others, layout_ranks(v)[0]) + front);
    job->kernel->derive(job, v);
}

/* Tries one change; true when the job then fits. */
static bool try(struct seeker *s, const struct job *job, enum variable degree, double value,
                const struct optimization *added, struct change *change)
{
    lanes v[VARIABLES];
    with_degree(s, job, degree, value, v);
    *change = (struct change){.degree = degree, .value = value, .added = added, .accelerators = v[VARIABLE_ACCELERATORS][0]};
    return !job_values(job, v, change->values) && change->values[SPEEDUP_METRIC_FITS] != 0 &&
           change->values[SPEEDUP_METRIC_OUT_OF_MEMORY] <= 1 - s->confidence;
}

/* The first value of each degree that makes the job fit, on its way up or down. */
static void try_degrees(struct seeker *s, const struct job *job, const struct optimization *added, size_t most)
{
    const lanes *v = s->scenario->variables;
    enum variable load = job->kind == JOB_TRAINING ? VARIABLE_MICRO_BATCH : VARIABLE_CONCURRENCY;
    const struct {
        enum variable degree;
        double factor, last;
    } ways[] = {
        /* Tensor parallelism stays on the scale-up link. */
        {VARIABLE_TENSOR, 2, fmax(job->domain, job->node)},
        {VARIABLE_PIPELINE, 2, job->model->layers},
        {load, 0.5, 1},
    };
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        double factor = ways[i].factor, last = ways[i].last, value = floor(v[ways[i].degree][0] * factor);
        for (; factor > 1 ? value <= last : value >= last; value = floor(value * factor)) {
            struct change change;
            if (!try(s, job, ways[i].degree, value, added, &change))
                continue;
            keep(s, 0, most, &change);
            break;
        }
    }
}

/* The first degree of a pool for prefill that makes both pools fit; the other pool has it
 * too where its own is less. */
static void try_front(struct seeker *s, const struct job *job, const struct optimization *added, size_t most)
{
    const struct front *now = &job->inference.front;
    double other = s->scenario->variables[VARIABLE_TENSOR][0];
    for (double value = now->tensor * 2; now->accelerators > 0 && value <= fmax(job->domain, job->node); value *= 2) {
        struct job changed = *job;
        struct front *front = &changed.inference.front;
        double ranks = value * front->pipeline * front->attention_data;
        struct change change;
        front->tensor = value;
        front->accelerators = fmax(front->accelerators, ranks);
        if (!try(s, &changed, VARIABLE_TENSOR, fmax(other, value), added, &change))
            continue;
        change.front = value;
        if (other >= value)
            change.degree = VARIABLES;
        keep(s, 0, most, &change);
        return;
    }
}

/* One optimization more, with each degree at its nearest if the job does not fit by it alone. */
static void try_optimizations(struct seeker *s, struct additions *additions, bool with_degrees)
{
    size_t first = s->count;
    struct job job;
    additions->next = 0;
    for (const struct optimization *added; (added = additions_next(additions, &job));) {
        struct change change;
        if (with_degrees) {
            try_degrees(s, &job, added, MOST_OPTIMIZATIONS_TOLD);
            try_front(s, &job, added, MOST_OPTIMIZATIONS_TOLD);
        } else if (try(s, &job, VARIABLES, 0, added, &change))
            keep(s, first, MOST_OPTIMIZATIONS_TOLD, &change);
    }
}

speedup_status plan_changes(speedup_context *context, const speedup_scenario *scenario, struct arena *arena,
                            struct change changes[MOST_CHANGES], size_t *count)
{
    struct seeker s = {.scenario = scenario, .changes = changes};
    struct additions additions;
    *count = 0;
    speedup_status status = additions_begin(context, scenario, arena, &additions);
    if (!status) {
        try_degrees(&s, &scenario->job, NULL, MOST_CHANGES);
        try_front(&s, &scenario->job, NULL, MOST_CHANGES);
        try_optimizations(&s, &additions, false);
        if (!s.count)
            try_optimizations(&s, &additions, true);
    }
    additions_end(&additions);
    *count = s.count;
    return status || arena->failed ? no_memory(context) : SPEEDUP_OK;
}

bool plan_nearest_degree(const speedup_scenario *scenario, double confidence, struct change *change)
{
    struct seeker s = {.scenario = scenario, .confidence = confidence, .changes = change};
    try_degrees(&s, &scenario->job, NULL, 1);
    return s.count != 0;
}
