/* Search: every plan of a range is looked at or ruled out; memory, power and what no
 * layout can beat rule out before time is computed. Any division into ranges or threads
 * gives the same bits: the best are ordered by value, then by index, a front does not
 * depend on an order, and what a plan counts as is its own affair, however it was told. */
#include "plan/search.h"

#include "plan/bound.h"

#include <float.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK = 1 << 14, MOST_THREADS = 256 };

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

static void add_least(struct found *least, double value, uint64_t index)
{
    if (before(value, index, least->value[0], least->index))
        *least = (struct found){{value}, index};
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
    for (int i = 0; i <= LIMITS; i++)
        made->near[i] = (struct found){{HUGE_VAL}, UINT64_MAX};
    for (int i = 0; i < MOST_LIMITS; i++)
        made->within[i] = (struct found){{HUGE_VAL}, UINT64_MAX};
    made->unseen = HUGE_VAL;
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
    for (int i = 0; i <= LIMITS; i++)
        add_least(&into->near[i], from->near[i].value[0], from->near[i].index);
    for (int i = 0; i < MOST_LIMITS; i++)
        add_least(&into->within[i], from->within[i].value[0], from->within[i].index);
    into->unseen = fmin(into->unseen, from->unseen);
    into->counts.size += from->counts.size;
    into->counts.searched += from->counts.searched;
    into->counts.conflicting += from->counts.conflicting;
    into->counts.not_dividing += from->counts.not_dividing;
    into->counts.not_fitting += from->counts.not_fitting;
    into->counts.constrained += from->counts.constrained;
    into->counts.feasible += from->counts.feasible;
    into->counts.off_target += from->counts.off_target;
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
    const struct question *question; /* may be NULL */
    speedup_result *result;
    struct limits limits; /* the space's */
    size_t program;
    struct job job;
    struct bound bound;
    bool finite; /* of the program: the time of every layout */
    lanes v[VARIABLES], e[TARGETS];
    uint64_t waiting[LANES];
    int count;
};

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
    if (w->job.kind == JOB_INFERENCE)
        return;
    bound_step(&w->job, w->v, most_experts(w->space), &w->bound);
    w->finite = bound_finite(&w->job);
}

void space_limits(const speedup_space *space, struct limits *limits)
{
    for (int i = 0; i < LIMITS; i++)
        limits->of[i] = space->asked[i] > 0 || i < LIMITS_OF_MACHINE ? space->asked[i] : HUGE_VAL;
}

/* Memory that a service lacks, or would have to have to be as sure as is asked. */
static double service_memory(const speedup_space *space, const struct job *job, const lanes out[METRICS], int lane)
{
    if (out[SPEEDUP_METRIC_FITS][lane] == 0)
        return job->memory - out[SPEEDUP_METRIC_MEMORY_HEADROOM][lane];
    bool sure = out[SPEEDUP_METRIC_OUT_OF_MEMORY][lane] <= 1 - space->confidence;
    /* A cache that fills what there is may be rounded to more. */
    return sure ? fmin(out[SPEEDUP_METRIC_MEMORY_PEAK][lane], job->memory) : job->memory * space->memory_margin;
}

static void service_needs(const speedup_space *space, const struct job *job, const lanes v[VARIABLES], const lanes out[METRICS],
                          int lane, double need[LIMITS])
{
    /* A rate that is not served has no time to first token. */
    double first = out[SPEEDUP_METRIC_TIME_TO_FIRST_TOKEN][lane], load = out[SPEEDUP_METRIC_LOAD][lane];
    need[LIMIT_MEMORY] = service_memory(space, job, out, lane);
    need[LIMIT_BUDGET] = job->price * v[VARIABLE_ACCELERATORS][lane];
    need[LIMIT_FIRST_TOKEN] = first;
    need[LIMIT_TOKEN] = out[SPEEDUP_METRIC_TIME_PER_OUTPUT_TOKEN][lane];
    need[LIMIT_RATE] = first > 0 ? 0 : load * space->asked[LIMIT_RATE];
}

void plan_needs(const speedup_space *space, const struct job *job, const lanes v[VARIABLES], const lanes out[METRICS],
                int lane, double need[LIMITS])
{
    memset(need, 0, LIMITS * sizeof *need);
    need[LIMIT_POWER] = job->power * v[VARIABLE_ACCELERATORS][lane];
    if (space->kind == JOB_INFERENCE) {
        service_needs(space, job, v, out, lane, need);
        return;
    }
    need[LIMIT_MEMORY] = out[SPEEDUP_METRIC_MEMORY_PEAK][lane] * space->memory_margin;
    need[LIMIT_HOST] = out[SPEEDUP_METRIC_MEMORY_HOST][lane];
    need[LIMIT_DEADLINE] = out[SPEEDUP_METRIC_RUN_EXPECTED_SECONDS][lane];
    need[LIMIT_BUDGET] = out[SPEEDUP_METRIC_COST][lane];
}

static void needs(const struct walker *w, const lanes out[METRICS], int lane, double need[LIMITS])
{
    plan_needs(w->space, &w->job, w->v, out, lane, need);
}

double limit_of(const struct job *job, const struct limits *limits, enum plan_limit limit)
{
    double machine = limit == LIMIT_MEMORY ? job->memory : limit == LIMIT_HOST ? job->host_memory : 0;
    return machine + limits->of[limit];
}

bool limits_hold(const struct job *job, const struct limits *limits, const double need[LIMITS])
{
    bool within = true;
    for (int i = 0; i < LIMITS; i++)
        within &= need[i] <= limit_of(job, limits, (enum plan_limit)i);
    return within;
}

/* By which factor a plan misses each limit; 1 and less when it does not. */
static double misses(const struct walker *w, const double need[LIMITS], double miss[LIMITS])
{
    double worst = 0;
    for (int i = 0; i < LIMITS; i++) {
        miss[i] = need[i] / limit_of(&w->job, &w->limits, (enum plan_limit)i);
        worst = fmax(worst, miss[i]);
    }
    return worst;
}

/* Could a plan that is not possible, whose needs are at least these, be the nearest? */
static bool may_be_near(const struct walker *w, const double need[LIMITS])
{
    const speedup_result *result = w->result;
    double miss[LIMITS], worst = misses(w, need, miss);
    if (result->counts.feasible)
        return false;
    bool near = worst < result->near[LIMITS].value[0];
    for (int i = 0; i < LIMITS; i++)
        near |= miss[i] < result->near[i].value[0] && worst <= fmax(miss[i], 1);
    return near;
}

static void add_near(struct walker *w, const double need[LIMITS], uint64_t index)
{
    speedup_result *result = w->result;
    double miss[LIMITS], worst = misses(w, need, miss);
    if (result->counts.feasible || !(worst > 1) || !isfinite(worst))
        return;
    add_least(&result->near[LIMITS], worst, index);
    int missed = 0, which = 0;
    for (int i = 0; i < LIMITS; i++)
        if (miss[i] > 1) {
            missed++;
            which = i;
        }
    if (missed == 1)
        add_least(&result->near[which], worst, index);
}

static bool usable_time(const lanes out[METRICS], int lane)
{
    double seconds = out[SPEEDUP_METRIC_STEP_SECONDS][lane];
    return seconds > 0 && seconds < 1e300;
}

static void keep(struct walker *w, const lanes out[METRICS], int lane)
{
    const speedup_space *space = w->space;
    speedup_result *result = w->result;
    add_best(result, space_objective(space, out, lane), w->waiting[lane]);
    if (space->front_count) {
        struct found point = {.index = w->waiting[lane]};
        for (size_t m = 0; m < space->front_count; m++)
            point.value[m] = space->front[m].sign * out[space->front[m].metric][lane];
        add_front(result, &point);
    }
}

/* What a plan counts as. */
enum fate { FATE_CONFLICTING, FATE_NOT_FITTING, FATE_CONSTRAINED, FATE_FEASIBLE };

/* Lanes left over repeat the first. */
static void fill_block(struct walker *w)
{
    for (int i = 0; i < VARIABLES; i++)
        for (int lane = w->count; lane < LANES && variables[i].scope == SCOPE_LAYOUT; lane++)
            w->v[i][lane] = w->v[i][0];
}

/* Memory of the layouts that wait, and whether each fits. */
static void compute_memory(struct walker *w, lanes out[METRICS], lane_mask *possible, lane_mask *fits)
{
    lanes status = lanes_of(0.0);
    fill_block(w);
    effects_evaluate(&w->job.effects, w->v, w->e, &status);
    w->job.kernel->training_memory(&w->job, w->v, w->e, out);
    lanes peak = out[SPEEDUP_METRIC_MEMORY_PEAK] * w->space->memory_margin;
    *possible = status == 0;
    *fits = job_fits(&w->job, peak, out[SPEEDUP_METRIC_MEMORY_HOST]) & *possible;
}

/* The run as it will not be better, then as it is. */
static void bound_time(struct walker *w, lanes out[METRICS])
{
    out[SPEEDUP_METRIC_STEP_SECONDS] = w->bound.work / w->v[VARIABLE_ACCELERATORS] + w->bound.fixed;
    w->job.kernel->training_run(&w->job, w->v, out);
}

static void compute_time(struct walker *w, lanes out[METRICS])
{
    w->job.kernel->training_time(&w->job, w->v, w->e, out);
    w->job.kernel->training_run(&w->job, w->v, out);
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
    double need[LIMITS];
    needs(w, out, lane, need);
    bool limited = isfinite(w->limits.of[LIMIT_DEADLINE]) || isfinite(w->limits.of[LIMIT_BUDGET]);
    if (!limits_hold(&w->job, &w->limits, need)) {
        *fate = FATE_CONSTRAINED;
        return !may_be_near(w, need);
    }
    return w->finite && !limited && !w->space->front_count && beaten(w, space_objective(w->space, out, lane));
}

/* Counts the layouts that wait, and keeps those that are the best so far. */
static void flush(struct walker *w)
{
    lanes out[METRICS];
    lane_mask possible, fits;
    speedup_counts *counts = &w->result->counts;
    compute_memory(w, out, &possible, &fits);
    enum fate fates[LANES];
    bool any = !counts->feasible, timed = false;
    for (int lane = 0; lane < w->count; lane++) {
        fates[lane] = !possible[lane] ? FATE_CONFLICTING : !fits[lane] ? FATE_NOT_FITTING : FATE_FEASIBLE;
        any |= fates[lane] == FATE_FEASIBLE;
    }
    if (any)
        bound_time(w, out);
    for (int lane = 0; lane < w->count && any; lane++) {
        double need[LIMITS];
        if (fates[lane] == FATE_FEASIBLE) {
            timed |= !is_told(w, out, lane, &fates[lane]);
        } else if (!counts->feasible && fates[lane] == FATE_NOT_FITTING) {
            needs(w, out, lane, need);
            timed |= may_be_near(w, need);
        }
    }
    if (timed)
        compute_time(w, out);
    for (int lane = 0; lane < w->count; lane++) {
        double need[LIMITS];
        if (timed && fates[lane] == FATE_FEASIBLE && !usable_time(out, lane))
            fates[lane] = FATE_CONFLICTING;
        if (timed && fates[lane] != FATE_CONFLICTING && usable_time(out, lane)) {
            needs(w, out, lane, need);
            if (fates[lane] == FATE_FEASIBLE && !limits_hold(&w->job, &w->limits, need))
                fates[lane] = FATE_CONSTRAINED;
            if (fates[lane] == FATE_FEASIBLE)
                keep(w, out, lane);
            else
                add_near(w, need, w->waiting[lane]);
        }
        uint64_t *const by_fate[] = {&counts->conflicting, &counts->not_fitting, &counts->constrained, &counts->feasible};
        ++*by_fate[fates[lane]];
    }
    w->count = 0;
}

/* Services, counted and kept: an estimate as it stands, since there is little to spare
 * before memory is known. */
static void flush_service(struct walker *w)
{
    lanes out[METRICS];
    speedup_counts *counts = &w->result->counts;
    fill_block(w);
    w->job.kernel->evaluate(&w->job, w->v, out);
    for (int lane = 0; lane < w->count; lane++) {
        double need[LIMITS], miss[LIMITS];
        if (out[SPEEDUP_METRIC_STATUS][lane] != 0) {
            counts->conflicting++;
            continue;
        }
        needs(w, out, lane, need);
        misses(w, need, miss);
        bool fits = miss[LIMIT_MEMORY] <= 1, on_target = true;
        for (int i = LIMITS_OF_SERVICE; i < LIMITS; i++)
            on_target &= miss[i] <= 1;
        if (limits_hold(&w->job, &w->limits, need)) {
            counts->feasible++;
            keep(w, out, lane);
            continue;
        }
        ++*(!fits ? &counts->not_fitting : !on_target ? &counts->off_target : &counts->constrained);
        add_near(w, need, w->waiting[lane]);
    }
    w->count = 0;
}

/* What of the plans that wait is within a question's limits? Of services only plans that fit have times. */
static void flush_service_question(struct walker *w)
{
    lanes out[METRICS];
    fill_block(w);
    w->job.kernel->evaluate(&w->job, w->v, out);
    for (int lane = 0; lane < w->count; lane++) {
        double need[LIMITS];
        needs(w, out, lane, need);
        for (size_t i = 0; i < w->question->count && out[SPEEDUP_METRIC_STATUS][lane] == 0 && out[SPEEDUP_METRIC_FITS][lane] != 0; i++)
            if (limits_hold(&w->job, &w->question->limits[i], need))
                add_least(&w->result->within[i], space_objective(w->space, out, lane), w->waiting[lane]);
    }
    w->count = 0;
}

/* The same for a question: which plans are the best within its limits? */
static void flush_question(struct walker *w)
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
        for (int lane = 0; lane < w->count; lane++) {
            double need[LIMITS];
            needs(w, out, lane, need);
            for (size_t i = 0; i < w->question->count && possible[lane]; i++) {
                double objective = space_objective(w->space, out, lane);
                bool better = objective <= best[i].value[0] && limits_hold(&w->job, &w->question->limits[i], need);
                timed |= better;
                if (better && pass && usable_time(out, lane))
                    add_least(&best[i], objective, w->waiting[lane]);
            }
        }
    }
    w->count = 0;
}

static void flush_block(struct walker *w)
{
    static void (*const flushes[JOB_KINDS][2])(struct walker *) = {{flush, flush_question}, {flush_service, flush_service_question}};
    if (w->count)
        flushes[w->space->kind][w->question != NULL](w);
}

static void add_layout(struct walker *w, uint64_t index, const double at[AXES])
{
    int lane = w->count++;
    w->waiting[lane] = index;
    double data = space_data(at);
    for (int axis = 0; axis < AXES; axis++)
        w->v[axis_variables[axis]][lane] = at[axis];
    w->v[VARIABLE_DATA][lane] = data;
    if (w->job.kind == JOB_TRAINING)
        w->v[VARIABLE_ACCUMULATION][lane] = w->job.global_batch / (data * at[AXIS_MICRO_BATCH]);
    if (w->count == LANES)
        flush_block(w);
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
        flush_block(w);
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
};

struct worker {
    struct search *search;
    speedup_result *result;
    bool first; /* on the caller's thread: tells progress */
    pthread_t thread;
};

static void *work(void *pointer)
{
    struct worker *worker = pointer;
    struct search *search = worker->search;
    struct walker walker = {.space = search->space, .question = search->question, .result = worker->result};
    space_limits(search->space, &walker.limits);
    while (!atomic_load(&search->stop)) {
        uint64_t at = atomic_fetch_add(&search->next, CHUNK);
        if (at >= search->end)
            break;
        walk(&walker, at, search->end - at < CHUNK ? search->end : at + CHUNK);
        if (worker->first && search->progress &&
            search->progress(search->user, at - search->begin, search->end - search->begin))
            atomic_store(&search->stop, true);
    }
    return NULL;
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
        if (space->kind == JOB_INFERENCE)
            return 0; /* no bound of services is known */
        if (program != w.program)
            enter_program(&w, program);
        lanes out[METRICS];
        w.v[VARIABLE_ACCELERATORS] = lanes_of(space->values[AXIS_ACCELERATORS][at % space->layouts / block]);
        out[SPEEDUP_METRIC_STEP_SECONDS] = w.bound.work / w.v[VARIABLE_ACCELERATORS] + w.bound.fixed;
        w.job.kernel->training_run(&w.job, w.v, out);
        least = fmin(least, space_objective(space, out, 0));
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
    struct worker *workers = context->allocator.allocate(context->allocator.user, threads * sizeof *workers);
    if (!workers)
        return no_memory(context);
    memset(workers, 0, threads * sizeof *workers);
    uint32_t started = 0;
    bool memory = true;
    for (uint32_t i = 0; i < threads && memory; i++) {
        workers[i] = (struct worker){.search = &search, .first = i == 0, .result = result_allocate(&context->allocator, space)};
        memory = workers[i].result != NULL;
    }
    /* A thread that cannot be started leaves its work to the others. */
    for (uint32_t i = 1; i < threads && memory; i++, started++)
        if (pthread_create(&workers[i].thread, NULL, work, &workers[i]))
            break;
    if (memory)
        work(&workers[0]);
    for (uint32_t i = 1; i <= started; i++)
        pthread_join(workers[i].thread, NULL);
    speedup_result *whole = workers[0].result;
    for (uint32_t i = 1; i < threads; i++) {
        if (memory)
            absorb(whole, workers[i].result);
        speedup_result_free(workers[i].result);
    }
    context->allocator.release(context->allocator.user, workers);
    if (!memory || whole->failed) {
        speedup_result_free(whole);
        return no_memory(context);
    }
    sort_front(whole);
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
    if (!context || !space || !result || begin > end || !threads || threads > MOST_THREADS)
        return SPEEDUP_INVALID_ARGUMENT;
    diagnostics_clear(context);
    return search_range(context, space, NULL, begin, end, threads, progress, user, result);
}

speedup_status speedup_space_bound(const speedup_space *space, uint64_t begin, uint64_t end, double *bound)
{
    if (!space || !bound || begin > end)
        return SPEEDUP_INVALID_ARGUMENT;
    uint64_t size = speedup_space_size(space);
    double least = least_objective(space, begin < size ? begin : size, end < size ? end : size);
    *bound = isfinite(least) ? least : 0;
    return isfinite(least) ? SPEEDUP_OK : SPEEDUP_NOT_FOUND;
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

speedup_status speedup_result_gap(const speedup_result *result, double *bound, double *gap)
{
    if (!result || !bound || !gap)
        return SPEEDUP_INVALID_ARGUMENT;
    double best = result->best_count ? result->best[0].value[0] : HUGE_VAL, least = fmin(best, result->unseen);
    *bound = isfinite(least) ? least : 0;
    *gap = 0;
    if (!result->best_count)
        return SPEEDUP_NOT_FOUND;
    *gap = least > 0 ? fmin(best / least - 1, DBL_MAX) : best > 0 ? DBL_MAX : 0;
    return SPEEDUP_OK;
}

speedup_status speedup_result_near(const speedup_result *result, int32_t resource, uint64_t *index, double *factor)
{
    bool any = resource == SPEEDUP_RESOURCE_COUNT;
    if (!result || !index || !factor || ((resource < 0 || resource >= LIMITS) && !any))
        return SPEEDUP_INVALID_ARGUMENT;
    const struct found *near = &result->near[any ? LIMITS : resource];
    if (result->counts.feasible || !isfinite(near->value[0]))
        return SPEEDUP_NOT_FOUND;
    *index = near->index;
    *factor = near->value[0];
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
    double data = space_data(at);
    v[VARIABLE_DATA] = lanes_of(data);
    if (job.kind == JOB_TRAINING)
        v[VARIABLE_ACCUMULATION] = lanes_of(job.global_batch / (data * at[AXIS_MICRO_BATCH]));
    job_evaluate(&job, v, out);
    for (size_t i = 0; i < layout_count; i++)
        layout[i] = i < VARIABLES ? v[i][0] : 0;
    for (size_t i = 0; i < value_count; i++)
        values[i] = i < METRICS ? out[i][0] : 0;
    return (speedup_status)out[SPEEDUP_METRIC_STATUS][0];
}
