/* What makes a training job fit on the accelerators that it has: the usual means, as the catalog lists them, alone and
 * in sets. Knows no optimization by name. */
#include "plan/fit.h"

#include "base/struct.h"

#include <stdlib.h>
#include <string.h>

enum {
    MOST_JOINED = 14,    /* means that are put together: 2^14 sets are looked at */
    MOST_KEPT = 64,      /* of sets that fit, the fastest of each kind */
    MOST_TOLD = 4,       /* of each kind */
    MOST_SELECTED = 128, /* a scenario has 64 */
    MOST_EFFECTS = 1 << 22, /* that are composed for all sets: some tenths of a second */
};

/* A smaller micro-batch is behind fused attention and before what computes anything twice: it costs launches alone. */
static const double micro_batch_place = 20;

/* Of the time of a step: what gains less is no reason for one means more. */
static const double notable = 0.01;

struct means {
    const struct optimization *optimization; /* NULL: a smaller micro-batch */
    struct selection selection;
    double place;
    uint64_t drops;     /* the scenario's selections whose place it takes */
    uint32_t conflicts; /* of those joined, which exclude it */
};

struct finder {
    speedup_remedies *found;
    const speedup_scenario *scenario;
    speedup_context *quiet; /* for what cannot be: nobody reads its problems */
    struct arena scratch;   /* of one set */
    struct job job;         /* with the set that is looked at */
    double per_rank;        /* sequences of a rank and step */
};

/* ---- Which means there are ---- */

static bool acts_as(const struct optimization *a, const struct optimization *b)
{
    for (uint32_t i = 0; i < a->effect_count; i++)
        for (uint32_t j = 0; j < b->effect_count; j++)
            if (a->effects[i].target == b->effects[j].target && targets[a->effects[i].target].rule == RULE_CHOOSE)
                return true;
    return false;
}

/* Does a means take the place of what it excludes? Of the same choice of precisions, and of a cheaper means. */
static bool takes_place(const struct optimization *added, const struct optimization *old)
{
    return acts_as(added, old) || (old->mends > 0 && old->mends < added->mends);
}

/* The parameters have their defaults, or what the same had in what it takes the place of. */
static void set_parameters(const struct finder *f, struct means *means)
{
    const struct optimization *o = means->optimization;
    for (uint32_t p = 0; p < o->parameter_count; p++) {
        means->selection.parameters[p] = o->parameters[p].value;
        for (size_t i = 0; i < f->scenario->selection_count; i++) {
            const struct selection *s = &f->scenario->selections[i];
            for (uint32_t q = 0; (means->drops >> i & 1) && q < s->optimization->parameter_count; q++)
                if (!strcmp(s->optimization->parameters[q].name, o->parameters[p].name))
                    means->selection.parameters[p] = fmin(fmax(s->parameters[q], o->parameters[p].least), o->parameters[p].most);
        }
    }
}

/* How a means stands to what the job has. */
static speedup_status compare_to_job(const struct finder *f, struct means *means)
{
    const struct selection *own = f->scenario->selections;
    size_t count = f->scenario->selection_count;
    for (size_t i = 0; i < count; i++) {
        const struct optimization *old = own[i].optimization;
        if (old == means->optimization || optimization_supersedes(old, means->optimization->head.id))
            return SPEEDUP_EXISTS;
        if (!optimizations_exclude(old, means->optimization) || selection_superseded(own, count, i) ||
            optimization_supersedes(means->optimization, old->head.id))
            continue;
        if (!takes_place(means->optimization, old)) {
            means->drops = 0;
            return own[i].always ? SPEEDUP_EXISTS : SPEEDUP_EXCLUDED; /* software has one of its own */
        }
        means->drops |= UINT64_C(1) << i;
    }
    return SPEEDUP_OK;
}

static int by_place(const void *a, const void *b)
{
    const struct means *x = a, *y = b;
    if (x->place != y->place)
        return (x->place > y->place) - (x->place < y->place);
    return x->optimization && y->optimization ? strcmp(x->optimization->head.id, y->optimization->head.id) : !y->optimization - !x->optimization;
}

/* The usual means of the catalog, and a smaller micro-batch, in their order. */
static bool list_means(struct finder *f)
{
    const speedup_catalog *catalog = f->scenario->catalog;
    speedup_remedies *r = f->found;
    size_t count = catalog->entries[KIND_OPTIMIZATION].count;
    struct means *list = arena_zeroed(&r->arena, count + 1, sizeof *list);
    for (size_t i = 0; list && i < count; i++) {
        const struct optimization *o = (const struct optimization *)catalog->entries[KIND_OPTIMIZATION].items[i];
        struct means *means = &list[r->mean_count];
        if (!(o->mends > 0) || !o->applies[JOB_TRAINING])
            continue;
        double *parameters = arena_zeroed(&r->arena, o->parameter_count, sizeof *parameters);
        *means = (struct means){.optimization = o, .selection = {.optimization = o, .parameters = parameters}, .place = o->mends};
        r->mean_count++;
    }
    if (r->arena.failed)
        return false;
    if (f->scenario->variables[VARIABLE_MICRO_BATCH][0] > 1)
        list[r->mean_count++] = (struct means){.place = micro_batch_place};
    qsort(list, r->mean_count, sizeof *list, by_place);
    r->means = list;
    return true;
}

/* ---- The job with some of them ---- */

/* The set's own optimizations behind those of the scenario that stay. */
static size_t select_set(const struct finder *f, const struct means *const *joined, uint32_t members, struct selection all[MOST_SELECTED])
{
    uint64_t drops = 0;
    size_t count = 0;
    for (uint32_t m = members, i = 0; m; m >>= 1, i++)
        drops |= m & 1 ? joined[i]->drops : 0;
    for (size_t i = 0; i < f->scenario->selection_count; i++)
        if (!(drops >> i & 1))
            all[count++] = f->scenario->selections[i];
    for (uint32_t m = members, i = 0; m; m >>= 1, i++)
        if (m & 1 && joined[i]->optimization)
            all[count++] = joined[i]->selection;
    return count;
}

static speedup_status estimate(struct finder *f, double micro_batch, double values[METRICS])
{
    lanes v[VARIABLES];
    memcpy(v, f->scenario->variables, sizeof v);
    v[VARIABLE_MICRO_BATCH] = lanes_of(micro_batch);
    f->job.kernel->derive(&f->job, v);
    return job_values(&f->job, v, values);
}

static enum fit_look look_at_batch(void *user, double micro_batch)
{
    struct finder *f = user;
    double values[METRICS];
    if (!f->job.relaxed && fmod(f->per_rank, micro_batch) != 0)
        return FIT_NOT_POSSIBLE;
    if (estimate(f, micro_batch, values))
        return FIT_NOT_POSSIBLE;
    return fit_lacking(&f->job, values, f->found->confidence) > 0 ? FIT_TOO_MUCH : FIT_FITS;
}

/* The job with a set of means; of a smaller micro-batch the largest that fits, or 1 when none does. */
static void look_at(struct finder *f, const struct means *const *joined, uint32_t members, struct mended *mended)
{
    struct selection all[MOST_SELECTED];
    size_t count = select_set(f, joined, members, all);
    bool smaller = false;
    for (uint32_t m = members, i = 0; m; m >>= 1, i++)
        smaller |= m & 1 && !joined[i]->optimization;
    double own = f->scenario->variables[VARIABLE_MICRO_BATCH][0];
    const struct place nowhere = {0};
    *mended = (struct mended){.members = members, .micro_batch = smaller ? 1 : own};
    diagnostics_clear(f->quiet);
    arena_reset(&f->scratch);
    f->job = f->scenario->job;
    check_needs(f->quiet, all, count);
    mended->status = effects_resolve(f->quiet, &f->scratch, all, count, JOB_TRAINING, &f->scenario->fixed, &f->job.effects);
    if (!mended->status) {
        job_set_precisions(f->quiet, &f->job, &nowhere);
        mended->status = f->quiet->first;
    }
    if (!mended->status)
        mended->status = estimate(f, mended->micro_batch, mended->values);
    if (!smaller || mended->status || fit_lacking(&f->job, mended->values, f->found->confidence) > 0)
        return;
    mended->micro_batch = fit_largest(look_at_batch, f, 1, own);
    mended->status = estimate(f, mended->micro_batch, mended->values);
}

/* A set as it is handed out. */
static bool fill_row(struct finder *f, const struct means *const *joined, const struct mended *mended, speedup_remedy *row)
{
    struct arena *arena = &f->found->arena;
    const struct selection *own = f->scenario->selections;
    const char **ids = arena_zeroed(arena, MOST_JOINED, sizeof *ids), **replaced = arena_zeroed(arena, f->scenario->selection_count, sizeof *replaced);
    uint64_t drops = 0;
    if (!ids || !replaced)
        return false;
    *row = (speedup_remedy){.ids = ids, .replaced = replaced, .micro_batch = mended->micro_batch, .status = mended->status};
    for (uint32_t m = mended->members, i = 0; m; m >>= 1, i++) {
        const struct means *means = joined[i];
        if (!(m & 1) || !means->optimization)
            continue;
        ids[row->id_count++] = means->optimization->head.id;
        row->alters_training |= means->optimization->alters_training;
        drops |= means->drops;
    }
    for (size_t s = 0; s < f->scenario->selection_count; s++)
        if (drops >> s & 1)
            replaced[row->replaced_count++] = own[s].optimization->head.id;
    if (row->status)
        return true;
    row->memory_peak = mended->values[SPEEDUP_METRIC_MEMORY_PEAK];
    row->memory_needed = mended->values[SPEEDUP_METRIC_MEMORY_NEEDED];
    row->memory_host = mended->values[SPEEDUP_METRIC_MEMORY_HOST];
    row->step_seconds = mended->values[SPEEDUP_METRIC_STEP_SECONDS];
    row->out_of_memory = mended->values[SPEEDUP_METRIC_OUT_OF_MEMORY];
    row->lacking = fit_lacking(&f->scenario->job, mended->values, f->found->confidence);
    row->fits = !(row->lacking > 0);
    return true;
}

/* An untrusted text may bring means of its own, of many effects: the sets that are looked at take a time that is bounded. */
static void leave_out_dearest(struct finder *f)
{
    speedup_remedies *r = f->found;
    double effects = 1;
    for (size_t i = 0; i < f->scenario->selection_count; i++)
        effects += f->scenario->selections[i].optimization->effect_count;
    for (size_t i = 0; i < r->joined_count; i++)
        effects += r->joined[i]->optimization ? r->joined[i]->optimization->effect_count : 0;
    while (r->joined_count && effects * (double)(UINT32_C(1) << r->joined_count) > MOST_EFFECTS)
        r->joined_count--;
}

/* Each means alone; those that apply are put together, the cheapest first. */
static bool look_at_each(struct finder *f)
{
    speedup_remedies *r = f->found;
    struct means *list = (struct means *)(uintptr_t)r->means;
    r->single = arena_zeroed(&r->arena, r->mean_count, sizeof *r->single);
    r->joined = arena_zeroed(&r->arena, MOST_JOINED, sizeof *r->joined);
    if (!r->single || !r->joined)
        return false;
    for (size_t i = 0; i < r->mean_count; i++) {
        const struct means *alone[] = {&list[i]};
        struct mended mended = {.members = 1, .micro_batch = f->scenario->variables[VARIABLE_MICRO_BATCH][0]};
        if (list[i].optimization) {
            mended.status = compare_to_job(f, &list[i]);
            set_parameters(f, &list[i]);
        }
        if (!mended.status)
            look_at(f, alone, 1, &mended);
        if (mended.status == SPEEDUP_OUT_OF_MEMORY || !fill_row(f, alone, &mended, &r->single[i]))
            return false;
        if (!mended.status && r->joined_count < MOST_JOINED)
            r->joined[r->joined_count++] = &list[i];
    }
    leave_out_dearest(f);
    for (size_t i = 0; i < r->joined_count; i++)
        for (size_t j = 0; j < r->joined_count; j++) {
            const struct optimization *a = r->joined[i]->optimization, *b = r->joined[j]->optimization;
            if (i != j && a && b && optimizations_exclude(a, b))
                ((struct means *)(uintptr_t)r->joined[i])->conflicts |= UINT32_C(1) << j;
        }
    return true;
}

/* ---- Sets ---- */

static bool alters(const speedup_remedies *r, uint32_t members)
{
    for (uint32_t m = members, i = 0; m; m >>= 1, i++)
        if (m & 1 && r->joined[i]->optimization && r->joined[i]->optimization->alters_training)
            return true;
    return false;
}

static bool excluded(const speedup_remedies *r, uint32_t members)
{
    for (uint32_t m = members, i = 0; m; m >>= 1, i++)
        if (m & 1 && r->joined[i]->conflicts & members)
            return true;
    return false;
}

static bool is_faster(const struct mended *a, const struct mended *b)
{
    double x = a->values[SPEEDUP_METRIC_STEP_SECONDS], y = b->values[SPEEDUP_METRIC_STEP_SECONDS];
    return x != y ? x < y : a->members < b->members;
}

static void keep(struct mended kept[MOST_KEPT], size_t *count, const struct mended *mended)
{
    size_t at = *count;
    if (at == MOST_KEPT) {
        if (!is_faster(mended, &kept[at - 1]))
            return;
        at--;
    } else {
        ++*count;
    }
    for (; at > 0 && is_faster(mended, &kept[at - 1]); at--)
        kept[at] = kept[at - 1];
    kept[at] = *mended;
}

/* Is a slower set simpler than one before it: of fewer means, or without the dearest of its own? */
static bool is_simpler(uint32_t members, uint32_t before)
{
    return __builtin_popcount(members) < __builtin_popcount(before) || members < before; /* a higher bit is dearer */
}

/* Of the sets that fit, the fastest, and slower ones as long as they are simpler than all before. */
static void tell_some(speedup_remedies *r, const struct mended *kept, size_t count)
{
    size_t first = r->set_count;
    for (size_t i = 0; i < count && r->set_count < first + MOST_TOLD; i++) {
        bool simpler = true;
        for (size_t j = first; j < r->set_count; j++)
            simpler &= is_simpler(kept[i].members, r->kept[j].members);
        if (simpler)
            r->kept[r->set_count++] = kept[i];
    }
}

/* The least time of the parts of a set that fit. The numbers of parts are less than its own, so that they have been
 * looked at before. */
static double fastest_part(const double *fastest, uint32_t members)
{
    double least = (double)INFINITY;
    for (uint32_t m = members; m; m &= m - 1)
        least = fmin(least, fastest[members & ~(m & -m)]);
    return least;
}

/* All sets that fit and are notably faster than every part of theirs that does. */
static bool look_at_sets(struct finder *f)
{
    speedup_remedies *r = f->found;
    uint32_t sets = UINT32_C(1) << r->joined_count;
    double *fastest = arena_zeroed(&r->arena, sets, sizeof *fastest); /* s: of a set and its parts, with those that fit */
    struct mended *kept[2] = {NULL, NULL}, mended;                      /* by whether training is altered */
    size_t counts[2] = {0, 0};
    for (int k = 0; k < 2; k++)
        kept[k] = arena_zeroed(&r->arena, MOST_KEPT, sizeof **kept);
    r->kept = arena_zeroed(&r->arena, 2 * MOST_TOLD, sizeof *r->kept);
    r->sets = arena_zeroed(&r->arena, 2 * MOST_TOLD, sizeof *r->sets);
    if (r->arena.failed)
        return false;
    fastest[0] = (double)INFINITY;
    for (uint32_t members = 1; members < sets; members++) {
        fastest[members] = fastest_part(fastest, members);
        if (excluded(r, members))
            continue;
        look_at(f, r->joined, members, &mended);
        if (mended.status == SPEEDUP_OUT_OF_MEMORY)
            return false;
        double seconds = mended.values[SPEEDUP_METRIC_STEP_SECONDS];
        double part = fastest[members];
        if (mended.status || fit_lacking(&f->job, mended.values, r->confidence) > 0)
            continue;
        fastest[members] = fmin(part, seconds);
        if (!(seconds < part * (1 - notable)))
            continue;
        bool altered = alters(r, members);
        keep(kept[altered], &counts[altered], &mended);
    }
    for (int k = 0; k < 2; k++)
        tell_some(r, kept[k], counts[k]);
    for (size_t i = 0; i < r->set_count; i++)
        if (!fill_row(f, r->joined, &r->kept[i], &r->sets[i]))
            return false;
    return true;
}

/* ---- Calls ---- */

static speedup_status find(speedup_context *context, struct finder *f)
{
    struct mended own;
    f->per_rank = f->scenario->job.global_batch / f->scenario->variables[VARIABLE_DATA][0];
    if (context_quiet(context, &f->quiet))
        return no_memory(context);
    look_at(f, NULL, 0, &own);
    if (own.status && own.status != SPEEDUP_OUT_OF_MEMORY) {
        problem(context, own.status, NULL, "there is nothing to mend: this job cannot be estimated: %s", speedup_status_text(own.status));
        return own.status;
    }
    bool good = !own.status && fill_row(f, NULL, &own, &f->found->own) && list_means(f) && look_at_each(f) &&
                (f->found->own.fits || look_at_sets(f));
    return good ? SPEEDUP_OK : no_memory(context);
}

speedup_status speedup_scenario_remedies(speedup_context *context, const speedup_scenario *scenario, double confidence,
                                         speedup_remedies **remedies)
{
    if (remedies)
        *remedies = NULL;
    REQUIRE_GIVEN(context, context);
    REQUIRE_GIVEN(context, scenario);
    REQUIRE_GIVEN(context, remedies);
    REQUIRE(context, confidence > 0 && confidence < 1, "argument 'confidence' is over 0 and below 1");
    diagnostics_clear(context);
    if (scenario->job.kind != JOB_TRAINING) {
        problem(context, SPEEDUP_NOT_APPLICABLE, NULL, "the usual means are those of training; of a service, ask for the largest that fits");
        return context->first;
    }
    speedup_remedies *made = context->allocator.allocate(context->allocator.user, sizeof *made);
    struct finder *finder = made ? context->allocator.allocate(context->allocator.user, sizeof *finder) : NULL;
    if (!finder) {
        if (made)
            context->allocator.release(context->allocator.user, made);
        return no_memory(context);
    }
    *made = (speedup_remedies){.allocator = context->allocator, .confidence = confidence,
                               .scenario = speedup_scenario_ref((speedup_scenario *)(uintptr_t)scenario)};
    arena_begin(&made->arena, &context->allocator);
    memset(finder, 0, sizeof *finder);
    finder->found = made;
    finder->scenario = scenario;
    arena_begin(&finder->scratch, &context->allocator);
    speedup_status status = find(context, finder);
    arena_end(&finder->scratch);
    speedup_context_destroy(finder->quiet);
    context->allocator.release(context->allocator.user, finder);
    if (status)
        speedup_remedies_destroy(made);
    else
        *remedies = made;
    return status;
}

void speedup_remedies_destroy(speedup_remedies *remedies)
{
    if (!remedies)
        return;
    speedup_allocator allocator = remedies->allocator;
    speedup_scenario_unref((speedup_scenario *)(uintptr_t)remedies->scenario);
    arena_end(&remedies->arena);
    allocator.release(allocator.user, remedies);
}

static speedup_status hand_out(const speedup_remedy *rows, size_t count, size_t index, speedup_remedy *row)
{
    if (!STRUCT_GOOD(speedup_remedy, row))
        return SPEEDUP_INVALID_ARGUMENT;
    if (index >= count)
        return SPEEDUP_NOT_FOUND;
    struct_out(row, &rows[index], sizeof *rows);
    return SPEEDUP_OK;
}

speedup_status speedup_remedies_without(const speedup_remedies *remedies, speedup_remedy *remedy)
{
    return remedies ? hand_out(&remedies->own, 1, 0, remedy) : SPEEDUP_INVALID_ARGUMENT;
}

speedup_status speedup_remedies_means_at(const speedup_remedies *remedies, size_t index, speedup_remedy *remedy)
{
    return remedies ? hand_out(remedies->single, remedies->mean_count, index, remedy) : SPEEDUP_INVALID_ARGUMENT;
}

speedup_status speedup_remedies_at(const speedup_remedies *remedies, size_t index, speedup_remedy *remedy)
{
    return remedies ? hand_out(remedies->sets, remedies->set_count, index, remedy) : SPEEDUP_INVALID_ARGUMENT;
}

static void drop(struct choices *choices, const char *id)
{
    size_t kept = 0;
    for (size_t i = 0; i < choices->count; i++)
        if (strcmp(choices->items[i].id, id) != 0)
            choices->items[kept++] = choices->items[i];
    choices->count = kept;
}

/* What a means does to what is asked for. */
static bool apply(struct arena *arena, const speedup_scenario *scenario, const struct means *means, struct job_description *d)
{
    const struct optimization *o = means->optimization;
    for (size_t i = 0; i < scenario->selection_count; i++) {
        const struct selection *old = &scenario->selections[i];
        if (!(means->drops >> i & 1))
            continue;
        drop(&d->baseline, old->optimization->head.id);
        drop(&d->optimizations, old->optimization->head.id);
        const struct choice without = {.id = old->optimization->head.id};
        if (old->always && !choices_append(arena, &d->without, &without, 1))
            return false;
    }
    struct named_number *items = arena_zeroed(arena, o->parameter_count, sizeof *items);
    const struct choice choice = {.id = o->head.id, .parameters = {items, o->parameter_count}};
    for (uint32_t i = 0; items && i < o->parameter_count; i++)
        items[i] = (struct named_number){.name = o->parameters[i].name, .value = means->selection.parameters[i]};
    return items && choices_append(arena, &d->optimizations, &choice, 1);
}

speedup_status speedup_remedies_scenario(speedup_context *context, const speedup_remedies *remedies, size_t index,
                                         speedup_scenario **scenario)
{
    if (scenario)
        *scenario = NULL;
    REQUIRE_GIVEN(context, context);
    REQUIRE_GIVEN(context, remedies);
    REQUIRE_GIVEN(context, scenario);
    diagnostics_clear(context);
    if (index >= remedies->set_count) {
        problem(context, SPEEDUP_NOT_FOUND, NULL, "there are %zu sets of means, and none of number %zu", remedies->set_count, index);
        return SPEEDUP_NOT_FOUND;
    }
    const speedup_scenario *own = remedies->scenario;
    const struct mended *mended = &remedies->kept[index];
    speedup_scenario *made = scenario_allocate(context);
    if (!made)
        return SPEEDUP_OUT_OF_MEMORY;
    bool good = scenario_describe(&made->arena, own, &made->asked);
    for (uint32_t m = mended->members, i = 0; m && good; m >>= 1, i++)
        good = !(m & 1) || !remedies->joined[i]->optimization || apply(&made->arena, own, remedies->joined[i], &made->asked);
    made->asked.micro_batch = mended->micro_batch;
    if (!good) {
        speedup_scenario_unref(made);
        return no_memory(context);
    }
    return scenario_make(context, own->catalog, made, scenario);
}
