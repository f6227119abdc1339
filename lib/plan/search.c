/* Search: every plan of a range is looked at or ruled out; memory rules out before
 * time is computed. Any division into ranges or threads gives the same bits: the best
 * are ordered by value, then by index, and a front does not depend on an order. */
#include "plan/space.h"

#include "base/threads.h"

#include <stdlib.h>
#include <string.h>

enum { CHUNK = 1 << 14 };

struct found {
    double value[MOST_FRONT_METRICS];
    uint64_t index;
};

struct speedup_result {
    speedup_allocator allocator;
    speedup_space *space;
    speedup_counts counts;
    struct found *best; /* room for the space's top */
    struct found *front;
    size_t best_count, front_count, front_room;
    bool failed; /* no memory */
};

/* Better: less, or the lower index. */
static bool before(double a, uint64_t i, double b, uint64_t j)
{
    return a < b || (a == b && i < j);
}

static void add_best(struct speedup_result *result, double value, uint64_t index)
{
    size_t top = result->space->top, at = result->best_count;
    if (at == top && !before(value, index, result->best[at - 1].value[0], result->best[at - 1].index))
        return;
    if (at == top)
        at--;
    else
        result->best_count++;
    for (; at && before(value, index, result->best[at - 1].value[0], result->best[at - 1].index); at--)
        result->best[at] = result->best[at - 1];
    result->best[at] = (struct found){{value}, index};
}

/* Is `a` at least as good in everything, and better in something or earlier? */
static bool dominates(const struct found *a, const struct found *b, size_t metrics)
{
    bool better = false;
    for (size_t m = 0; m < metrics; m++) {
        if (a->value[m] > b->value[m])
            return false;
        better |= a->value[m] < b->value[m];
    }
    return better || a->index <= b->index;
}

static void add_front(struct speedup_result *result, const struct found *point)
{
    size_t metrics = result->space->front_count, kept = 0;
    for (size_t i = 0; i < result->front_count; i++)
        if (dominates(&result->front[i], point, metrics))
            return;
    for (size_t i = 0; i < result->front_count; i++)
        if (!dominates(point, &result->front[i], metrics))
            result->front[kept++] = result->front[i];
    result->front_count = kept;
    void *items = result->front;
    if (!memory_grow(&result->allocator, &items, &result->front_room, kept, sizeof *result->front)) {
        result->failed = true;
        return;
    }
    result->front = items;
    result->front[result->front_count++] = *point;
}

static speedup_result *result_allocate(const speedup_allocator *allocator, const speedup_space *space)
{
    speedup_result *made = allocator->allocate(allocator->user, sizeof *made);
    if (!made)
        return NULL;
    *made = (speedup_result){.allocator = *allocator, .space = speedup_space_ref((speedup_space *)(uintptr_t)space)};
    made->best = allocator->allocate(allocator->user, space->top * sizeof *made->best);
    if (!made->best) {
        speedup_result_free(made);
        return NULL;
    }
    return made;
}

void speedup_result_free(speedup_result *result)
{
    if (!result)
        return;
    speedup_allocator allocator = result->allocator;
    if (result->best)
        allocator.release(allocator.user, result->best);
    if (result->front)
        allocator.release(allocator.user, result->front);
    speedup_space_unref(result->space);
    allocator.release(allocator.user, result);
}

static void absorb(speedup_result *into, const speedup_result *from)
{
    for (size_t i = 0; i < from->best_count; i++)
        add_best(into, from->best[i].value[0], from->best[i].index);
    for (size_t i = 0; i < from->front_count; i++)
        add_front(into, &from->front[i]);
    into->counts.size += from->counts.size;
    into->counts.searched += from->counts.searched;
    into->counts.conflicting += from->counts.conflicting;
    into->counts.not_dividing += from->counts.not_dividing;
    into->counts.not_fitting += from->counts.not_fitting;
    into->counts.constrained += from->counts.constrained;
    into->counts.feasible += from->counts.feasible;
    into->failed |= from->failed;
}

static int by_value(const void *a, const void *b)
{
    const struct found *x = a, *y = b;
    return before(x->value[0], x->index, y->value[0], y->index) ? -1 : x->index != y->index;
}

/* A front is kept in no order while it grows. */
static void sort_front(speedup_result *result)
{
    if (result->front_count)
        qsort(result->front, result->front_count, sizeof *result->front, by_value);
}

/* One thread's place in the space: a program, and layouts waiting for a full block. */
struct walker {
    const speedup_space *space;
    speedup_result *result;
    size_t program;
    struct job job;
    lanes v[VARIABLES], e[TARGETS];
    uint64_t waiting[LANES];
    int count;
};

static void enter_program(struct walker *w, size_t program)
{
    const struct program *p = &w->space->programs[program];
    w->program = program;
    w->job = p->scenario->job;
    w->job.price = p->per_hour;
    memcpy(w->v, p->scenario->variables, sizeof w->v);
    effects_begin(&w->job.effects, w->e);
}

static void keep(struct walker *w, const lanes out[METRICS], int lane)
{
    const speedup_space *space = w->space;
    speedup_result *result = w->result;
    double seconds = out[SPEEDUP_METRIC_RUN_EXPECTED_SECONDS][lane], cost = out[SPEEDUP_METRIC_COST][lane];
    if ((space->deadline > 0 && seconds > space->deadline) || (space->budget > 0 && cost > space->budget) ||
        (space->power > 0 && w->job.power * w->v[VARIABLE_ACCELERATORS][lane] > space->power)) {
        result->counts.constrained++;
        return;
    }
    result->counts.feasible++;
    add_best(result, out[space_objective_metric(space)][lane], w->waiting[lane]);
    if (space->front_count) {
        struct found point = {.index = w->waiting[lane]};
        for (size_t m = 0; m < space->front_count; m++)
            point.value[m] = out[space->front[m]][lane];
        add_front(result, &point);
    }
}

/* Estimates the layouts that wait; lanes left over repeat the first. */
static void flush(struct walker *w)
{
    lanes out[METRICS], status = lanes_of(0.0);
    if (!w->count)
        return;
    for (int i = 0; i < VARIABLES; i++)
        for (int lane = w->count; lane < LANES && variables[i].scope == SCOPE_LAYOUT; lane++)
            w->v[i][lane] = w->v[i][0];
    w->job.kernel->effects(&w->job.effects, w->v, w->e, &status);
    w->job.kernel->training_memory(&w->job, w->v, w->e, out);
    lanes peak = out[SPEEDUP_METRIC_MEMORY_PEAK] * w->space->memory_margin;
    lane_mask fits = job_fits(&w->job, peak, out[SPEEDUP_METRIC_MEMORY_HOST]) & (status == 0);
    bool any = false;
    for (int lane = 0; lane < w->count; lane++)
        any |= fits[lane] != 0;
    if (any) {
        w->job.kernel->training_time(&w->job, w->v, w->e, out);
        w->job.kernel->training_run(&w->job, w->v, out);
    }
    for (int lane = 0; lane < w->count; lane++) {
        if (status[lane] != 0)
            w->result->counts.conflicting++;
        else if (!fits[lane])
            w->result->counts.not_fitting++;
        else if (!(out[SPEEDUP_METRIC_STEP_SECONDS][lane] > 0 && out[SPEEDUP_METRIC_STEP_SECONDS][lane] < 1e300))
            w->result->counts.conflicting++;
        else
            keep(w, out, lane);
    }
    w->count = 0;
}

static void add_layout(struct walker *w, uint64_t index, const double at[AXES])
{
    int lane = w->count++;
    w->waiting[lane] = index;
    double data = at[AXIS_ACCELERATORS] / (at[AXIS_TENSOR] * at[AXIS_PIPELINE] * at[AXIS_CONTEXT]);
    for (int axis = 0; axis < AXES; axis++)
        w->v[axis_variables[axis]][lane] = at[axis];
    w->v[VARIABLE_DATA][lane] = data;
    w->v[VARIABLE_ACCUMULATION][lane] = w->job.global_batch / (data * at[AXIS_MICRO_BATCH]);
    if (w->count == LANES)
        flush(w);
}

/* Walks a range of indices like an odometer. */
static void walk(struct walker *w, uint64_t begin, uint64_t end)
{
    const speedup_space *space = w->space;
    for (uint64_t index = begin; index < end;) {
        size_t program = (size_t)(index / space->layouts);
        uint64_t layout = index % space->layouts, stop = index - layout + space->layouts;
        if (stop > end)
            stop = end;
        w->result->counts.searched += stop - index;
        if (!space->programs[program].scenario) {
            w->result->counts.conflicting += stop - index;
            index = stop;
            continue;
        }
        enter_program(w, program);
        size_t digits[AXES];
        double at[AXES];
        for (int axis = AXES - 1; axis >= 0; axis--) {
            digits[axis] = (size_t)(layout % space->counts[axis]);
            layout /= space->counts[axis];
            at[axis] = space->values[axis][digits[axis]];
        }
        for (; index < stop; index++) {
            if (space_divides(&w->job, at))
                add_layout(w, index, at);
            else
                w->result->counts.not_dividing++;
            for (int axis = AXES - 1; axis >= 0; axis--) {
                if (++digits[axis] < space->counts[axis]) {
                    at[axis] = space->values[axis][digits[axis]];
                    break;
                }
                digits[axis] = 0;
                at[axis] = space->values[axis][0];
            }
        }
        flush(w);
    }
}

/* What the threads of one search share. */
struct search {
    const speedup_space *space;
    uint64_t begin, end;
    atomic_uint_fast64_t next;
    atomic_bool stop;
    speedup_progress_function progress;
    void *user;
    speedup_result **results; /* by worker */
};

static void work(void *pointer, uint32_t worker)
{
    struct search *search = pointer;
    struct walker walker = {.space = search->space, .result = search->results[worker]};
    while (!atomic_load(&search->stop)) {
        uint64_t at = atomic_fetch_add(&search->next, CHUNK);
        if (at >= search->end)
            break;
        walk(&walker, at, search->end - at < CHUNK ? search->end : at + CHUNK);
        /* Progress is told on the caller's thread. */
        if (!worker && search->progress &&
            search->progress(search->user, at - search->begin, search->end - search->begin))
            atomic_store(&search->stop, true);
    }
}

speedup_status speedup_space_search(speedup_context *context, const speedup_space *space, uint64_t begin, uint64_t end,
                                    uint32_t threads, speedup_progress_function progress, void *user,
                                    speedup_result **result)
{
    if (result)
        *result = NULL;
    if (!context || !space || !result || begin > end || !threads || threads > MOST_THREADS)
        return SPEEDUP_INVALID_ARGUMENT;
    diagnostics_clear(context);
    if (end > speedup_space_size(space))
        end = speedup_space_size(space);
    if (begin > end)
        begin = end;
    struct search search = {.space = space, .begin = begin, .end = end, .progress = progress, .user = user};
    atomic_init(&search.next, begin);
    atomic_init(&search.stop, false);
    speedup_result *results[MOST_THREADS];
    search.results = results;
    bool memory = true;
    for (uint32_t i = 0; i < threads; i++) {
        results[i] = memory ? result_allocate(&context->allocator, space) : NULL;
        memory = results[i] != NULL;
    }
    if (memory)
        threads_run(threads, work, &search);
    speedup_result *whole = results[0];
    for (uint32_t i = 1; i < threads; i++) {
        if (memory)
            absorb(whole, results[i]);
        speedup_result_free(results[i]);
    }
    if (!memory || whole->failed) {
        speedup_result_free(whole);
        return no_memory(context);
    }
    sort_front(whole);
    whole->counts.size = end - begin;
    *result = whole;
    return atomic_load(&search.stop) && whole->counts.searched < whole->counts.size ? SPEEDUP_CANCELLED : SPEEDUP_OK;
}

speedup_status speedup_result_merge(speedup_context *context, const speedup_result *a, const speedup_result *b,
                                    speedup_result **result)
{
    if (result)
        *result = NULL;
    if (!context || !a || !b || !result || a->space != b->space)
        return SPEEDUP_INVALID_ARGUMENT;
    diagnostics_clear(context);
    speedup_result *made = result_allocate(&context->allocator, a->space);
    if (!made)
        return no_memory(context);
    absorb(made, a);
    absorb(made, b);
    if (made->failed) {
        speedup_result_free(made);
        return no_memory(context);
    }
    sort_front(made);
    *result = made;
    return SPEEDUP_OK;
}

speedup_status speedup_result_counts(const speedup_result *result, speedup_counts *counts)
{
    if (!result || !counts || counts->struct_size < sizeof *counts)
        return SPEEDUP_INVALID_ARGUMENT;
    size_t size = counts->struct_size;
    *counts = result->counts;
    counts->struct_size = size;
    return SPEEDUP_OK;
}

speedup_status speedup_result_best(const speedup_result *result, size_t rank, uint64_t *index)
{
    if (!result || !index)
        return SPEEDUP_INVALID_ARGUMENT;
    if (rank >= result->best_count)
        return SPEEDUP_NOT_FOUND;
    *index = result->best[rank].index;
    return SPEEDUP_OK;
}

speedup_status speedup_result_front(const speedup_result *result, size_t rank, uint64_t *index)
{
    if (!result || !index)
        return SPEEDUP_INVALID_ARGUMENT;
    if (rank >= result->front_count)
        return SPEEDUP_NOT_FOUND;
    *index = result->front[rank].index;
    return SPEEDUP_OK;
}

speedup_status speedup_space_estimate(const speedup_space *space, uint64_t index, double *layout, size_t layout_count,
                                      double *values, size_t value_count)
{
    if (!space || (!layout && layout_count) || (!values && value_count))
        return SPEEDUP_INVALID_ARGUMENT;
    if (index >= speedup_space_size(space))
        return SPEEDUP_NOT_FOUND;
    const struct program *program = &space->programs[index / space->layouts];
    if (!program->scenario)
        return program->why_not;
    struct job job = program->scenario->job;
    job.price = program->per_hour;
    lanes v[VARIABLES], out[METRICS];
    memcpy(v, program->scenario->variables, sizeof v);
    uint64_t rest = index % space->layouts;
    double at[AXES];
    for (int axis = AXES - 1; axis >= 0; axis--) {
        at[axis] = space->values[axis][rest % space->counts[axis]];
        rest /= space->counts[axis];
        v[axis_variables[axis]] = lanes_of(at[axis]);
    }
    if (!space_divides(&job, at))
        return SPEEDUP_DOES_NOT_DIVIDE;
    v[VARIABLE_DATA] = v[VARIABLE_ACCELERATORS] / (v[VARIABLE_TENSOR] * v[VARIABLE_PIPELINE] * v[VARIABLE_CONTEXT]);
    v[VARIABLE_ACCUMULATION] = job.global_batch / (v[VARIABLE_DATA] * v[VARIABLE_MICRO_BATCH]);
    job_evaluate(&job, v, out);
    for (size_t i = 0; i < layout_count; i++)
        layout[i] = i < VARIABLES ? v[i][0] : 0;
    for (size_t i = 0; i < value_count; i++)
        values[i] = i < METRICS ? out[i][0] : 0;
    return (speedup_status)out[SPEEDUP_METRIC_STATUS][0];
}
