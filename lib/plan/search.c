/* Search: every plan of a range is looked at or ruled out; memory, power and what no
 * layout can beat rule out before time is computed. Any division into ranges or threads
 * gives the same bits: the best are ordered by value, then by index, a front does not
 * depend on an order, and what a plan counts as is its own affair, however it was told. */
#include "plan/walker.h"

#include <string.h>

enum { CHUNK = 1 << 14 };

static double most_experts(const speedup_space *space)
{
    return space->values[AXIS_EXPERT][space->counts[AXIS_EXPERT] - 1];
}

static void enter_program(struct walker *w, size_t program)
{
    const struct program *p = &w->space->programs[program];
    w->program = program;
    w->job = p->scenario->job;
    w->job.price = p->per_hour;
    memcpy(w->v, p->scenario->variables, sizeof w->v);
    effects_begin(&w->job.effects, w->e);
    if (w->space->kind == JOB_TRAINING)
        bound_step(&w->job, w->v, most_experts(w->space), &w->bound);
    else
        bound_request(&w->job, &w->bound);
    w->finite = bound_finite(&w->job);
}

static void keep(struct walker *w, const lanes out[METRICS], int lane)
{
    const speedup_space *space = w->space;
    speedup_result *result = w->result;
    best_add(result, objective_of(w, out, lane), w->waiting[lane]);
    if (space->front_count) {
        struct found point = {.index = w->waiting[lane]};
        for (size_t m = 0; m < space->front_count; m++)
            point.value[m] = space->front[m].sign * out[space->front[m].metric][lane];
        front_add(result, &point);
    }
}

/* What a plan counts as. */
enum fate { FATE_CONFLICTING, FATE_NOT_FITTING, FATE_CONSTRAINED, FATE_OFF_TARGET, FATE_FEASIBLE };

static void count(struct walker *w, enum fate fate)
{
    speedup_counts *c = &w->result->counts;
    uint64_t *const by_fate[] = {&c->conflicting, &c->not_fitting, &c->constrained, &c->off_target, &c->feasible};
    ++*by_fate[fate];
}

/* Lanes left over repeat the first. */
static void fill_block(struct walker *w)
{
    for (int i = 0; i < VARIABLES; i++)
        for (int lane = w->count; lane < LANES && variables[i].scope == SCOPE_LAYOUT; lane++)
            w->v[i][lane] = w->v[i][0];
}

/* A plan whose objective is no less than this cannot be among the best. */
static bool beaten(const struct walker *w, double least)
{
    const speedup_result *result = w->result;
    return result->best_count == w->space->top && least > result->best[result->best_count - 1].value[0];
}

/* Is the bound of a plan that fits enough to say what it counts as, and that it is none
 * to keep? What it counts as must not hang on whether its time is computed: only a time
 * that is surely finite, and that no limit is held against, can be spared. */
static bool is_told(const struct walker *w, const lanes out[METRICS], int lane, enum fate *fate)
{
    const speedup_space *space = w->space;
    double miss[NEEDS], worst = walker_misses(w, out, lane, miss);
    bool limited = space->limits[LIMIT_DEADLINE] > 0 || space->limits[LIMIT_BUDGET] > 0;
    if (worst > 1) {
        *fate = FATE_CONSTRAINED;
        return !may_be_near(w, miss, worst);
    }
    return w->finite && !limited && !space->front_count && space->goal.sign > 0 && beaten(w, objective_of(w, out, lane));
}

/* Counts the training runs that wait, and keeps those that are the best so far. */
static void flush_training(struct walker *w)
{
    lanes out[METRICS];
    lane_mask possible, fits;
    compute_memory(w, out, &possible, &fits);
    enum fate fates[LANES];
    bool none = !w->result->counts.feasible, any = none, timed = false;
    for (int lane = 0; lane < w->count; lane++) {
        fates[lane] = !possible[lane] ? FATE_CONFLICTING : !fits[lane] ? FATE_NOT_FITTING : FATE_FEASIBLE;
        any |= fates[lane] == FATE_FEASIBLE;
    }
    if (any)
        bound_time(w, out);
    for (int lane = 0; lane < w->count && any; lane++) {
        if (fates[lane] == FATE_FEASIBLE) {
            timed |= !is_told(w, out, lane, &fates[lane]);
        } else if (none && fates[lane] == FATE_NOT_FITTING) {
            double miss[NEEDS], worst = walker_misses(w, out, lane, miss);
            timed |= may_be_near(w, miss, worst);
        }
    }
    /* A front may be of metrics that no limit asks for. */
    if (timed && w->space->front_count)
        job_evaluate(&w->job, w->v, out);
    else if (timed)
        compute_time(w, out);
    for (int lane = 0; lane < w->count; lane++) {
        if (timed && fates[lane] == FATE_FEASIBLE && !usable_time(out, lane))
            fates[lane] = FATE_CONFLICTING;
        if (timed && fates[lane] != FATE_CONFLICTING && usable_time(out, lane)) {
            double miss[NEEDS], worst = walker_misses(w, out, lane, miss);
            if (fates[lane] == FATE_FEASIBLE && worst > 1)
                fates[lane] = FATE_CONSTRAINED;
            if (fates[lane] == FATE_FEASIBLE)
                keep(w, out, lane);
            else
                near_add(w, miss, worst, w->waiting[lane]);
        }
        count(w, fates[lane]);
    }
}

/* Services: an estimate as it stands, since there is little to spare before memory is known.
 * Of one that does not fit, nothing but its memory is known. */
static void flush_services(struct walker *w)
{
    lanes out[METRICS];
    if (w->space->front_count)
        memset(out, 0, sizeof out); /* figures of pools are left out where there are none */
    w->job.kernel->evaluate(&w->job, w->v, w->e, out);
    for (int lane = 0; lane < w->count; lane++) {
        double miss[NEEDS], worst = walker_misses(w, out, lane, miss);
        enum fate fate = FATE_FEASIBLE;
        if (out[SPEEDUP_METRIC_STATUS][lane] != 0) {
            fate = FATE_CONFLICTING;
        } else if (service_lacks_memory(w->space, out, lane)) {
            fate = FATE_NOT_FITTING;
            miss[NEED_MEMORY] = fmax(miss[NEED_MEMORY], 1 + 1e-9); /* its peak may fit, but not surely enough */
            worst = fmax(worst, miss[NEED_MEMORY]);
        } else {
            for (int i = 0; i < LIMITS; i++) {
                double asked = miss[NEED_ASKED + i];
                if (asked > 1 && fate != FATE_OFF_TARGET)
                    fate = i >= LIMIT_FIRST_TOKEN ? FATE_OFF_TARGET : FATE_CONSTRAINED;
            }
        }
        if (fate == FATE_FEASIBLE)
            keep(w, out, lane);
        else if (fate != FATE_CONFLICTING)
            near_add(w, miss, worst, w->waiting[lane]);
        count(w, fate);
    }
}

/* Estimates the layouts that wait. */
static void flush(struct walker *w)
{
    bool training = w->job.kind == JOB_TRAINING;
    if (!w->count)
        return;
    fill_block(w);
    if (w->question)
        (training ? ask_training : ask_services)(w);
    else
        (training ? flush_training : flush_services)(w);
    w->count = 0;
}

/* Of the next layouts, those that are possible wait for an estimate. */
static void sift(struct walker *w, uint64_t first, int count)
{
    lane_mask possible;
    w->job.kernel->complete(&w->job, w->next, &possible);
    for (int lane = 0; lane < count; lane++) {
        if (!possible[lane]) {
            w->result->counts.not_dividing++;
            continue;
        }
        int to = w->count++;
        w->waiting[to] = first + (uint64_t)lane;
#define AXIS(NAME, ...) w->v[VARIABLE_##NAME][to] = w->next[VARIABLE_##NAME][lane];
#include "estimate/axis.def"
#undef AXIS
        w->v[VARIABLE_DATA][to] = w->next[VARIABLE_DATA][lane];
        w->v[VARIABLE_ACCUMULATION][to] = w->next[VARIABLE_ACCUMULATION][lane];
        if (w->count == LANES)
            flush(w);
    }
}

/* Sets an axis of the next layouts from a lane on. */
static inline void set_from(struct walker *w, int axis, int lane, double value)
{
    lanes *values = &w->next[layout_axes[axis].variable];
    for (; lane < LANES; lane++)
        (*values)[lane] = value;
}

/* The layouts of one program from `index` to before `stop`, like an odometer. What does not turn is
 * not written again: of a lane and those behind it only the axes that do. */
static void walk_program(struct walker *w, uint64_t index, uint64_t stop)
{
    const speedup_space *space = w->space;
    size_t digits[AXES];
    double at[AXES];
    int last = AXES - 1;
    layout_at(space, index % space->layouts, digits, at);
    for (int axis = 0; axis < AXES; axis++)
        set_from(w, axis, 0, at[axis]);
    while (last && space->counts[last] == 1)
        last--;
    uint64_t first = index;
    int turned = AXES; /* the outermost axis that differs among the next layouts */
    for (int lane = 0; index < stop; index++) {
        if (++lane == LANES) {
            sift(w, first, lane);
            first = index + 1;
            lane = 0;
            for (; turned <= last; turned++)
                set_from(w, turned, 0, at[turned]);
            turned = AXES;
        }
        for (int axis = last; axis >= 0; axis--) {
            bool over = ++digits[axis] == space->counts[axis];
            digits[axis] = over ? 0 : digits[axis];
            at[axis] = space->values[axis][digits[axis]];
            set_from(w, axis, lane, at[axis]);
            turned = lane && axis < turned ? axis : turned;
            if (!over)
                break;
        }
    }
    if (first < stop)
        sift(w, first, (int)(stop - first));
}

/* Walks a range of indices. */
static void walk(struct walker *w, uint64_t begin, uint64_t end)
{
    const speedup_space *space = w->space;
    for (uint64_t index = begin, stop; index < end; index = stop) {
        size_t program = (size_t)(index / space->layouts);
        stop = (program + 1) * space->layouts;
        if (stop > end)
            stop = end;
        w->result->counts.searched += stop - index;
        if (!space->programs[program].scenario) {
            w->result->counts.conflicting += stop - index;
            continue;
        }
        enter_program(w, program);
        walk_program(w, index, stop);
        flush(w);
    }
}

/* What the threads of one search share. */
struct search {
    const speedup_space *space;
    const struct question *question;
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
    struct walker walker = {.space = search->space, .question = search->question, .result = search->results[worker]};
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

/* The lowest objective that the plans of a range may have: of each program, and of each
 * number of accelerators, that has a plan in it. */
static double least_objective(const speedup_space *space, uint64_t begin, uint64_t end)
{
    uint64_t block = space->layouts / space->counts[AXIS_ACCELERATORS];
    double least = HUGE_VAL;
    struct walker w = {.space = space, .program = SIZE_MAX};
    for (uint64_t at = begin - begin % block; begin < end && at < end; at += block) {
        size_t program = (size_t)(at / space->layouts);
        if (!space->programs[program].scenario) {
            at += space->layouts - at % space->layouts - block;
            continue;
        }
        if (program != w.program)
            enter_program(&w, program);
        lanes out[METRICS];
        w.v[VARIABLE_ACCELERATORS] = lanes_of(space->values[AXIS_ACCELERATORS][at % space->layouts / block]);
        if (space->kind == JOB_TRAINING)
            bound_time(&w, out);
        else
            bound_service(&w, out);
        least = fmin(least, objective_of(&w, out, 0));
    }
    return least;
}

speedup_status search_range(speedup_context *context, const speedup_space *space, const struct question *question,
                            uint64_t begin, uint64_t end, uint32_t threads, speedup_progress_function progress,
                            void *user, speedup_result **result)
{
    if (end > speedup_space_size(space))
        end = speedup_space_size(space);
    if (begin > end)
        begin = end;
    struct search search = {.space = space, .question = question, .begin = begin, .end = end, .progress = progress, .user = user};
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
            result_absorb(whole, results[i]);
        speedup_result_destroy(results[i]);
    }
    if (memory)
        front_reduce(whole);
    if (!memory || whole->failed) {
        speedup_result_destroy(whole);
        return no_memory(context);
    }
    whole->counts.size = end - begin;
    /* Ranges are taken in order and finished: what was not looked at is the rest. */
    uint64_t rest = atomic_load(&search.next);
    if (rest < end)
        whole->unseen = least_objective(space, rest, end);
    *result = whole;
    return atomic_load(&search.stop) && whole->counts.searched < whole->counts.size ? SPEEDUP_CANCELLED : SPEEDUP_OK;
}

speedup_status speedup_space_search(speedup_context *context, const speedup_space *space, uint64_t begin, uint64_t end,
                                    uint32_t threads, speedup_progress_function progress, void *user,
                                    speedup_result **result)
{
    if (result)
        *result = NULL;
    REQUIRE_GIVEN(context, context);
    REQUIRE_GIVEN(context, space);
    REQUIRE_GIVEN(context, result);
    REQUIRE(context, begin <= end, "argument 'begin' is above 'end'");
    REQUIRE_THREADS(context, threads);
    diagnostics_clear(context);
    return search_range(context, space, NULL, begin, end, threads, progress, user, result);
}

speedup_status speedup_space_bound(const speedup_space *space, uint64_t begin, uint64_t end, double *bound)
{
    if (!space || !bound || begin > end)
        return SPEEDUP_INVALID_ARGUMENT;
    uint64_t size = speedup_space_size(space);
    double least = least_objective(space, begin < size ? begin : size, end < size ? end : size);
    *bound = isfinite(least) ? least : 0; /* of a throughput that nothing bounds, least is without end too */
    return least < HUGE_VAL ? SPEEDUP_OK : SPEEDUP_NOT_FOUND;
}
