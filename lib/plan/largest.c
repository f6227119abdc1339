/* The largest whole number of a key with which a job still fits. Knows keys by their tables, and of one alone what
 * follows from it. */
#include "plan/fit.h"

#include <string.h>

struct prober {
    speedup_context *context; /* where the next scenario's problems are told */
    const speedup_scenario *scenario;
    const char *key, *parameter; /* parameter: of the optimization of the job that the key begins with; else NULL */
    size_t length;               /* of its id in the key */
    double confidence, lacking;
    int32_t limit;           /* of the least number that is too large so far */
    speedup_status status;   /* of the last number */
    bool failed;             /* an allocation found no memory */
    double least, own;
};

static const struct choices *lists_of(const struct job_description *d, int i)
{
    return i ? &d->baseline : &d->optimizations;
}

static bool is_id(const struct prober *p, const char *id)
{
    return strlen(id) == p->length && !memcmp(id, p->key, p->length);
}

static bool set_parameter(struct arena *arena, const struct prober *p, struct job_description *d, double value)
{
    for (int list = 0; list < 2; list++)
        for (size_t i = 0; i < lists_of(d, list)->count; i++) {
            struct choice *choice = &lists_of(d, list)->items[i];
            if (!is_id(p, choice->id))
                continue;
            size_t count = choice->parameters.count;
            struct named_number *items = arena_zeroed(arena, count + 1, sizeof *items);
            if (!items)
                return false;
            if (count)
                memcpy(items, choice->parameters.items, count * sizeof *items);
            items[count] = (struct named_number){.name = p->parameter, .value = value}; /* the last counts */
            choice->parameters = (struct named_numbers){items, count + 1};
            return true;
        }
    return true;
}

/* The estimate of the job with a number. */
static speedup_status estimate(struct prober *p, double value, double values[METRICS])
{
    speedup_context *context = p->context;
    diagnostics_clear(context);
    speedup_scenario *made = scenario_allocate(context), *scenario = NULL;
    if (!made)
        return SPEEDUP_OUT_OF_MEMORY;
    struct job_description *d = &made->asked;
    const struct place place = {0};
    const struct record_table *table = job_tables[p->scenario->asked.section];
    bool good = scenario_describe(&made->arena, p->scenario, d);
    if (good && p->parameter)
        good = set_parameter(&made->arena, p, d, value);
    else if (good)
        record_set_number(context, &made->arena, table, d, p->key, value, &place);
    /* As many micro-batches as before. */
    const lanes *v = p->scenario->variables;
    if (good && !p->parameter && !context->first && record_field(table, p->key)->offset == offsetof(struct job_description, micro_batch))
        d->global_batch = v[VARIABLE_DATA][0] * v[VARIABLE_ACCUMULATION][0] * value;
    if (good)
        length_check(context, &place, "sequence", &d->sequence);
    if (!good || context->first) {
        speedup_scenario_unref(made);
        return good ? context->first : no_memory(context);
    }
    speedup_status status = scenario_make(context, p->scenario->catalog, made, &scenario);
    if (!status)
        status = speedup_scenario_estimate(scenario, values, METRICS);
    if (!status && scenario->beyond > 0 && !(p->scenario->beyond > 0))
        status = SPEEDUP_TOO_LONG; /* which is a warning where the job itself asks for it */
    if (!status)
        p->lacking = fit_lacking(&scenario->job, values, p->confidence);
    speedup_scenario_unref(scenario);
    return status;
}

static enum fit_look look(void *user, double value)
{
    struct prober *p = user;
    double values[METRICS];
    p->status = estimate(p, value, values);
    p->failed |= p->status == SPEEDUP_OUT_OF_MEMORY;
    if (p->status == SPEEDUP_DOES_NOT_DIVIDE)
        return FIT_NOT_POSSIBLE;
    if (!p->status && !(p->lacking > 0))
        return FIT_FITS;
    p->limit = !p->status                          ? SPEEDUP_LIMIT_MEMORY
               : p->status == SPEEDUP_TOO_LONG     ? SPEEDUP_LIMIT_WINDOW
               : p->status == SPEEDUP_OUT_OF_RANGE ? SPEEDUP_LIMIT_RANGE
                                                   : SPEEDUP_LIMIT_RULE;
    return FIT_TOO_MUCH;
}

/* The parameter that a key means, with its value and range; false where the key is none of an optimization of the job. */
static bool find_parameter(struct prober *p)
{
    const speedup_scenario *s = p->scenario;
    const char *point = strrchr(p->key, '.');
    for (size_t i = 0; point && i < s->selection_count; i++) {
        const struct optimization *o = s->selections[i].optimization;
        p->length = (size_t)(point - p->key);
        if (!is_id(p, o->head.id) || s->selections[i].always)
            continue;
        p->parameter = point + 1;
        for (uint32_t k = 0; k < o->parameter_count; k++)
            if (!strcmp(o->parameters[k].name, p->parameter)) {
                p->least = ceil(o->parameters[k].least);
                p->own = s->selections[i].parameters[k];
            }
        return true;
    }
    return false;
}

/* An optimization that the job has not is told as such, not as an unknown key. */
static bool lacks_optimization(speedup_context *context, const struct prober *p)
{
    const char *point = strrchr(p->key, '.');
    const speedup_catalog *catalog = p->scenario->catalog;
    for (size_t i = 0; point && i < catalog->entries[KIND_OPTIMIZATION].count; i++) {
        const char *id = catalog->entries[KIND_OPTIMIZATION].items[i]->id;
        if (strlen(id) != (size_t)(point - p->key) || memcmp(id, p->key, strlen(id)) != 0)
            continue;
        problem(context, SPEEDUP_UNKNOWN_KEY, NULL, "the job has no '%s' whose '%.60s' could be larger", id, point + 1);
        problem_remedy(context, "add '%s' to the job's optimizations", id);
        return true;
    }
    return false;
}

static void find_key(struct prober *p)
{
    const struct job_description *d = &p->scenario->asked;
    const char *section = scenario_sections[d->section];
    size_t length = strlen(section);
    if (!strncmp(p->key, section, length) && p->key[length] == '.')
        p->key += length + 1;
    p->least = 1;
    if (find_parameter(p))
        return;
    struct record_value value;
    if (!record_get(job_tables[d->section], d, p->key, &value))
        return;
    const lanes *v = p->scenario->variables;
    for (int i = 0; i < VARIABLES && p->scenario->base; i++) /* what a search has chosen */
        if (!strcmp(variable_name(i), value.field->key))
            value.number = v[i][0];
    p->own = value.field->type == FIELD_BOOL ? value.flag : value.number;
    if (value.field->type == FIELD_BOOL || value.field->type == FIELD_NUMBER || value.field->type == FIELD_COUNT)
        p->least = ceil(value.field->least);
}

static speedup_status search(struct prober *p, double *best)
{
    double low = fmax(floor(p->own), p->least), high = low;
    enum fit_look looked = look(p, low);
    if (p->status)
        return p->status; /* told: a key that is none, or takes no such number */
    speedup_context *told = p->context, *quiet = NULL;
    if (context_quiet(told, &quiet))
        return no_memory(told);
    p->context = quiet;
    if (looked == FIT_TOO_MUCH)
        low = p->least - 1; /* as if that did: what is found then is more */
    while (looked == FIT_FITS) {
        high = fmax(2 * low, 1);
        double number = fit_possible(look, p, high, low, &looked);
        if (looked == FIT_FITS)
            low = number;
        else if (looked == FIT_NOT_POSSIBLE)
            p->limit = SPEEDUP_LIMIT_RULE;
        else
            high = number;
    }
    double found = fit_largest(look, p, low, high);
    p->context = told;
    speedup_context_destroy(quiet);
    diagnostics_clear(told);
    if (p->failed)
        return no_memory(told);
    if (found >= p->least) {
        *best = found;
        return SPEEDUP_OK;
    }
    struct text *text = problem_begin(told);
    text_format(text, "with no '%.80s' the job fits", p->key);
    problem_end(told, SPEEDUP_NOT_FOUND, NULL);
    problem_remedy(told, "change something else: speedup_scenario_remedies() and 'speedup fit' say what");
    return told->first;
}

speedup_status speedup_scenario_largest(speedup_context *context, const speedup_scenario *scenario, const char *key,
                                        double confidence, double *value, int32_t *limit)
{
    if (value)
        *value = 0;
    REQUIRE_GIVEN(context, context);
    REQUIRE_GIVEN(context, scenario);
    REQUIRE_GIVEN(context, key);
    REQUIRE_GIVEN(context, value);
    REQUIRE(context, confidence > 0 && confidence < 1, "argument 'confidence' is over 0 and below 1");
    diagnostics_clear(context);
    struct prober prober = {.context = context, .scenario = scenario, .key = key, .confidence = confidence};
    find_key(&prober);
    if (!prober.parameter && !record_field(job_tables[scenario->asked.section], prober.key) && lacks_optimization(context, &prober))
        return context->first;
    speedup_status status = search(&prober, value);
    if (limit && !status)
        *limit = prober.limit;
    return status;
}
