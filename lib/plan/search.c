/* Search: every plan of a range is looked at or ruled out; memory, power and what no
 * layout can beat rule out before time is computed. Any division into ranges or threads
 * gives the same bits: the best are ordered by value, then by index, a front does not
 * depend on an order, and what a plan counts as is its own affair, however it was told. */
#include "plan/search.h"

#include "base/struct.h"
#include "plan/bound.h"

#include <float.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK = 1 << 14 };

double space_data(const double at[AXES])
{
    return at[AXIS_ACCELERATORS] / (at[AXIS_TENSOR] * at[AXIS_PIPELINE] * at[AXIS_CONTEXT] * at[AXIS_ATTENTION_DATA]);
}

static bool whole(double value)
{
    return value == (double)(int64_t)value;
}

bool space_divides(const struct job *job, const double at[AXES])
{
    const struct model *model = job->model;
    double data = space_data(at), local = model->experts.count / at[AXIS_EXPERT];
    if (data < 1 || !whole(data) || !whole(model->heads / at[AXIS_TENSOR]) || at[AXIS_PIPELINE] > model->layers)
        return false;
    double ranks = at[AXIS_TENSOR] * at[AXIS_CONTEXT] * at[AXIS_ATTENTION_DATA]; /* that experts are spread over */
    if (job->kind == JOB_TRAINING) {
        double chunks = model->layers / (at[AXIS_PIPELINE] * at[AXIS_VIRTUAL_STAGES]);
        if (!whole(job->global_batch / (data * at[AXIS_MICRO_BATCH])) ||
            (at[AXIS_VIRTUAL_STAGES] > 1 && (at[AXIS_PIPELINE] < 2 || chunks < 1 || (!job->relaxed && !whole(chunks)))))
            return false;
        ranks *= data;
    }
    return at[AXIS_EXPERT] <= 1 || (local >= 1 && whole(local) && at[AXIS_EXPERT] <= ranks);
}

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

static int by_values(const void *a, const void *b)
{
    const struct found *x = a, *y = b;
    for (int m = 0; m < MOST_FRONT_METRICS; m++)
        if (x->value[m] != y->value[m])
            return x->value[m] < y->value[m] ? -1 : 1;
    return x->index < y->index ? -1 : x->index != y->index;
}

static int by_number(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

/* How many of the numbers, ascending, are not over one. */
static size_t rank_of(const double *numbers, size_t count, double number)
{
    size_t low = 0;
    while (low < count) {
        size_t middle = low + (count - low) / 2;
        if (numbers[middle] <= number)
            low = middle + 1;
        else
            count = middle;
    }
    return low;
}

/* Drops points that another is at least as good as in everything, of equal ones all but the
 * first. In order of values a point is dominated only by one before it: that with the least
 * third value among those whose second is no greater (a tree of prefix minima; Fenwick 1994). */
static void reduce_front(struct speedup_result *result)
{
    size_t count = result->front_count, kept = 0;
    if (result->front_sorted == count)
        return;
    double *seconds = result->allocator.allocate(result->allocator.user, (2 * count + 1) * sizeof *seconds);
    if (!seconds) {
        result->failed = true;
        return;
    }
    double *least = seconds + count; /* from 1 */
    qsort(result->front, count, sizeof *result->front, by_values);
    for (size_t i = 0; i < count; i++) {
        seconds[i] = result->front[i].value[1];
        least[i + 1] = HUGE_VAL;
    }
    qsort(seconds, count, sizeof *seconds, by_number);
    for (size_t i = 0; i < count; i++) {
        const struct found point = result->front[i];
        size_t rank = rank_of(seconds, count, point.value[1]);
        bool dominated = false;
        for (size_t at = rank; at && !dominated; at &= at - 1)
            dominated = least[at] <= point.value[2];
        if (dominated)
            continue;
        for (size_t at = rank; at <= count; at += at & (~at + 1))
            least[at] = fmin(least[at], point.value[2]);
        result->front[kept++] = point;
    }
    result->front_count = result->front_sorted = kept;
    result->allocator.release(result->allocator.user, seconds);
}

/* Points gather until they are twice as many as the last reduction left. */
static void add_front(struct speedup_result *result, const struct found *point)
{
    enum { FEW = 256 };
    if (result->front_count >= 2 * result->front_sorted + FEW)
        reduce_front(result);
    void *items = result->front;
    if (result->failed || !memory_grow(&result->allocator, &items, &result->front_room, result->front_count, sizeof *result->front)) {
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
    for (int i = 0; i <= NEEDS; i++)
        made->near[i] = (struct found){{HUGE_VAL}, UINT64_MAX};
    for (int i = 0; i < MOST_LIMITS; i++)
        made->within[i] = (struct found){{HUGE_VAL}, UINT64_MAX};
    made->unseen = HUGE_VAL;
    made->best = allocator->allocate(allocator->user, space->top * sizeof *made->best);
    if (!made->best) {
        speedup_result_destroy(made);
        return NULL;
    }
    return made;
}

void speedup_result_destroy(speedup_result *result)
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
    for (int i = 0; i <= NEEDS; i++)
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

/* One thread's place in the space: a program, and layouts waiting for a full block. */
struct walker {
    const speedup_space *space;
    const struct question *question; /* may be NULL */
    speedup_result *result;
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
    bound_step(&w->job, w->v, most_experts(w->space), &w->bound);
    w->finite = bound_finite(&w->job);
}

const struct limits limits_as_they_are = {{0, 0, 1, 1, 1, 1, 1, 1}};
_Static_assert(NEEDS == 8, "a factor of 1 for each limit that is asked");

double plan_misses(const speedup_space *space, const struct job *job, const struct limits *limits,
                   const lanes v[VARIABLES], const lanes out[METRICS], int lane, double miss[NEEDS])
{
    double margin = space->kind == JOB_TRAINING ? space->memory_margin : 1;
    miss[NEED_MEMORY] = out[SPEEDUP_METRIC_MEMORY_PEAK][lane] * margin / (job->memory + limits->of[NEED_MEMORY]);
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

static double misses(const struct walker *w, const lanes out[METRICS], int lane, double miss[NEEDS])
{
    return plan_misses(w->space, &w->job, &limits_as_they_are, w->v, out, lane, miss);
}

/* Could a plan that is not possible, whose misses are at least these, be the nearest? */
static bool may_be_near(const struct walker *w, const double miss[NEEDS], double worst)
{
    const speedup_result *result = w->result;
    if (result->counts.feasible)
        return false;
    bool near = worst < result->near[NEEDS].value[0];
    for (int i = 0; i < NEEDS; i++)
        near |= miss[i] < result->near[i].value[0] && worst <= fmax(miss[i], 1);
    return near;
}

static void add_near(struct walker *w, const double miss[NEEDS], double worst, uint64_t index)
{
    speedup_result *result = w->result;
    if (result->counts.feasible || !(worst > 1) || !isfinite(worst))
        return;
    add_least(&result->near[NEEDS], worst, index);
    int missed = 0, which = 0;
    for (int i = 0; i < NEEDS; i++)
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
    return seconds > 0 && seconds < LONGEST_TIME;
}

static double objective_of(const struct walker *w, const lanes out[METRICS], int lane)
{
    return w->space->goal.sign * out[w->space->goal.metric][lane];
}

static void keep(struct walker *w, const lanes out[METRICS], int lane)
{
    const speedup_space *space = w->space;
    speedup_result *result = w->result;
    add_best(result, objective_of(w, out, lane), w->waiting[lane]);
    if (space->front_count) {
        struct found point = {.index = w->waiting[lane]};
        for (size_t m = 0; m < space->front_count; m++)
            point.value[m] = space->front[m].sign * out[space->front[m].metric][lane];
        add_front(result, &point);
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

/* Memory of the layouts that wait, and whether each fits. */
static void compute_memory(struct walker *w, lanes out[METRICS], lane_mask *possible, lane_mask *fits)
{
    lanes status = lanes_of(0.0);
    w->job.kernel->effects(&w->job.effects, w->v, w->e, &status);
    w->job.kernel->training_memory(&w->job, w->v, w->e, out);
    lanes peak = out[SPEEDUP_METRIC_MEMORY_PEAK] * w->space->memory_margin;
    *possible = status == 0;
    *fits = job_fits(&w->job, peak, out[SPEEDUP_METRIC_MEMORY_HOST]) & *possible;
    /* Limits of services read these, though none is held against a training run. */
    out[SPEEDUP_METRIC_TIME_TO_FIRST_TOKEN] = out[SPEEDUP_METRIC_TIME_PER_OUTPUT_TOKEN] = out[SPEEDUP_METRIC_LOAD] = lanes_of(0.0);
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
    const speedup_space *space = w->space;
    double miss[NEEDS], worst = misses(w, out, lane, miss);
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
            double miss[NEEDS], worst = misses(w, out, lane, miss);
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
            double miss[NEEDS], worst = misses(w, out, lane, miss);
            if (fates[lane] == FATE_FEASIBLE && worst > 1)
                fates[lane] = FATE_CONSTRAINED;
            if (fates[lane] == FATE_FEASIBLE)
                keep(w, out, lane);
            else
                add_near(w, miss, worst, w->waiting[lane]);
        }
        count(w, fates[lane]);
    }
}

bool service_lacks_memory(const speedup_space *space, const lanes out[METRICS], int lane)
{
    return out[SPEEDUP_METRIC_FITS][lane] == 0 || out[SPEEDUP_METRIC_OUT_OF_MEMORY][lane] > 1 - space->confidence;
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
        double miss[NEEDS], worst = misses(w, out, lane, miss);
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
            add_near(w, miss, worst, w->waiting[lane]);
        count(w, fate);
    }
}

/* Which plans are the best within the limits of a question? */
static void ask_training(struct walker *w)
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
                              plan_misses(w->space, &w->job, &w->question->limits[i], w->v, out, lane, miss) <= 1;
                timed |= better;
                if (better && pass && usable_time(out, lane))
                    add_least(&best[i], objective, w->waiting[lane]);
            }
    }
}

static void ask_services(struct walker *w)
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
                plan_misses(w->space, &w->job, &asked, w->v, out, lane, miss) <= 1)
                add_least(&w->result->within[i], objective_of(w, out, lane), w->waiting[lane]);
        }
    }
    w->job.memory = memory;
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

/* The values of a program's layout by its number, and where on their axes they stand. */
static void layout_at(const speedup_space *space, uint64_t layout, size_t digits[AXES], double at[AXES])
{
    for (int axis = AXES - 1; axis >= 0; axis--) {
        digits[axis] = (size_t)(layout % space->counts[axis]);
        layout /= space->counts[axis];
        at[axis] = space->values[axis][digits[axis]];
    }
}

static void set_layout(const struct job *job, const double at[AXES], lanes v[VARIABLES], int lane)
{
    double data = space_data(at);
    for (int axis = 0; axis < AXES; axis++)
        v[axis_variables[axis]][lane] = at[axis];
    v[VARIABLE_DATA][lane] = data;
    if (job->kind == JOB_TRAINING)
        v[VARIABLE_ACCUMULATION][lane] = job->global_batch / (data * at[AXIS_MICRO_BATCH]);
}

static void add_layout(struct walker *w, uint64_t index, const double at[AXES])
{
    int lane = w->count++;
    w->waiting[lane] = index;
    set_layout(&w->job, at, w->v, lane);
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
        layout_at(space, layout, digits, at);
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
    /* Nothing is known of services before they are estimated, but that no time is negative. */
    if (space->kind != JOB_TRAINING)
        return begin == end ? HUGE_VAL : space->goal.sign > 0 ? 0 : -HUGE_VAL;
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
        out[SPEEDUP_METRIC_STEP_SECONDS] = w.bound.work / w.v[VARIABLE_ACCELERATORS] + w.bound.fixed;
        w.job.kernel->training_run(&w.job, w.v, out);
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
            absorb(whole, results[i]);
        speedup_result_destroy(results[i]);
    }
    if (memory)
        reduce_front(whole);
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

speedup_status speedup_result_merge(speedup_context *context, const speedup_result *a, const speedup_result *b,
                                    speedup_result **result)
{
    if (result)
        *result = NULL;
    REQUIRE_GIVEN(context, context);
    REQUIRE_GIVEN(context, a);
    REQUIRE_GIVEN(context, b);
    REQUIRE_GIVEN(context, result);
    REQUIRE(context, a->space == b->space, "arguments 'a' and 'b' are results of different spaces");
    diagnostics_clear(context);
    speedup_result *made = result_allocate(&context->allocator, a->space);
    if (!made)
        return no_memory(context);
    absorb(made, a);
    absorb(made, b);
    reduce_front(made);
    if (made->failed) {
        speedup_result_destroy(made);
        return no_memory(context);
    }
    *result = made;
    return SPEEDUP_OK;
}

speedup_status speedup_result_counts(const speedup_result *result, speedup_counts *counts)
{
    if (!result || !STRUCT_GOOD(speedup_counts, counts))
        return SPEEDUP_INVALID_ARGUMENT;
    struct_out(counts, &result->counts, sizeof result->counts);
    return SPEEDUP_OK;
}

speedup_status speedup_result_gap(const speedup_result *result, double *bound, double *gap)
{
    if (!result || !bound || !gap)
        return SPEEDUP_INVALID_ARGUMENT;
    double best = result->best_count ? result->best[0].value[0] : HUGE_VAL, least = fmin(best, result->unseen);
    *bound = isfinite(least) ? result->space->goal.sign * least : 0;
    *gap = 0;
    if (!result->best_count)
        return SPEEDUP_NOT_FOUND;
    if (least < best)
        *gap = least > 0 ? fmin(best / least - 1, DBL_MAX) : DBL_MAX;
    return SPEEDUP_OK;
}

speedup_status speedup_result_near(const speedup_result *result, int32_t resource, uint64_t *index, double *factor)
{
    bool any = resource == SPEEDUP_RESOURCE_ANY;
    if (!result || !index || !factor || ((resource < 0 || resource >= NEEDS) && !any))
        return SPEEDUP_INVALID_ARGUMENT;
    const struct found *near = &result->near[any ? NEEDS : resource];
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
    lanes v[VARIABLES];
    size_t digits[AXES];
    double at[AXES], all[METRICS];
    memcpy(v, program->scenario->variables, sizeof v);
    layout_at(space, index % space->layouts, digits, at);
    if (!space_divides(&job, at))
        return SPEEDUP_DOES_NOT_DIVIDE;
    for (int lane = 0; lane < LANES; lane++)
        set_layout(&job, at, v, lane);
    speedup_status status = job_values(&job, v, all);
    for (size_t i = 0; i < layout_count; i++)
        layout[i] = i < VARIABLES ? v[i][0] : 0;
    for (size_t i = 0; i < value_count; i++)
        values[i] = i < METRICS ? all[i] : 0;
    return status;
}
