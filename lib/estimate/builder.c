/* Jobs described by calls, through the tables that read YAML; and what a scenario was
 * made of, asked by calls. */
#include "estimate/scenario.h"

#include <speedup/job.h>

#include <string.h>

struct speedup_job {
    speedup_allocator allocator;
    struct arena arena;
    struct job_description described;
    size_t most; /* bytes of the arena, over which it is written anew */
};

enum { FEW_BYTES = 1 << 16, LONGEST_KEY = 200 };

/* What later calls have replaced is given up, before it is more than what is left. Without memory all stays as it is. */
static void tidy(speedup_job *job)
{
    if (arena_bytes(&job->arena) <= job->most)
        return;
    struct arena arena;
    struct job_description kept;
    arena_begin(&arena, &job->allocator);
    if (!description_copy(&arena, &job->described, &kept)) {
        arena_end(&arena);
        return;
    }
    arena_end(&job->arena);
    job->arena = arena;
    job->described = kept;
    job->most = 2 * arena_bytes(&arena) > FEW_BYTES ? 2 * arena_bytes(&arena) : FEW_BYTES;
}

static void begin_call(speedup_context *context, speedup_job *job)
{
    diagnostics_clear(context);
    tidy(job);
}

speedup_status speedup_job_create(speedup_context *context, const char *section, speedup_job **job)
{
    if (job)
        *job = NULL;
    REQUIRE_GIVEN(context, context);
    REQUIRE_GIVEN(context, section);
    REQUIRE_GIVEN(context, job);
    diagnostics_clear(context);
    int found = 0;
    while (scenario_sections[found] && strcmp(scenario_sections[found], section))
        found++;
    if (!scenario_sections[found]) {
        problem(context, SPEEDUP_UNKNOWN_CHOICE, NULL, "'%.40s' is no kind of job; there are train, serve and generate", section);
        return SPEEDUP_UNKNOWN_CHOICE;
    }
    speedup_job *made = context->allocator.allocate(context->allocator.user, sizeof *made);
    if (!made)
        return no_memory(context);
    *made = (speedup_job){.allocator = context->allocator, .most = FEW_BYTES};
    arena_begin(&made->arena, &context->allocator);
    description_begin((enum section)found, &made->described);
    *job = made;
    return SPEEDUP_OK;
}

void speedup_job_destroy(speedup_job *job)
{
    if (!job)
        return;
    speedup_allocator allocator = job->allocator;
    arena_end(&job->arena);
    allocator.release(allocator.user, job);
}

/* A problem with a call is told of the key that the call names, made harmless and of a length to be read. */
static bool call_place(speedup_context *context, speedup_job *job, const char *key, struct place *place)
{
    struct text text;
    text_begin(&text, &job->allocator);
    text_format(&text, "%.*s", LONGEST_KEY, key);
    *place = (struct place){.file = text.failed ? NULL : arena_copy(&job->arena, text.bytes ? text.bytes : "", text.length)};
    text_end(&text);
    if (!place->file)
        no_memory(context);
    return place->file != NULL;
}

speedup_status speedup_job_set_number(speedup_context *context, speedup_job *job, const char *key, double value)
{
    REQUIRE_GIVEN(context, context);
    REQUIRE_GIVEN(context, job);
    REQUIRE_GIVEN(context, key);
    begin_call(context, job);
    struct place place;
    struct job_description *d = &job->described;
    if (call_place(context, job, key, &place))
        record_set_number(context, &job->arena, job_tables[d->section], d, key, value, &place);
    return context->first;
}

speedup_status speedup_job_set_text(speedup_context *context, speedup_job *job, const char *key, const char *text)
{
    REQUIRE_GIVEN(context, context);
    REQUIRE_GIVEN(context, job);
    REQUIRE_GIVEN(context, key);
    REQUIRE_GIVEN(context, text);
    begin_call(context, job);
    struct place place;
    struct job_description changed = job->described;
    const char *kept = arena_copy(&job->arena, text, strlen(text));
    if (!kept)
        return no_memory(context);
    if (call_place(context, job, key, &place) &&
        record_set_text(context, &job->arena, job_tables[changed.section], &changed, key, kept, &place) && !context->first)
        job->described = changed;
    return context->first;
}

speedup_status speedup_job_add(speedup_context *context, speedup_job *job, const char *list, const char *id,
                               const char *const *names, const double *values, size_t count)
{
    REQUIRE_GIVEN(context, context);
    REQUIRE_GIVEN(context, job);
    REQUIRE_GIVEN(context, list);
    REQUIRE_GIVEN(context, id);
    REQUIRE_NAMED(context, names, values, count);
    begin_call(context, job);
    struct job_description *d = &job->described;
    struct choices *choices = !strcmp(list, "optimizations") ? &d->optimizations
                              : !strcmp(list, "baseline")    ? &d->baseline
                              : !strcmp(list, "without")     ? &d->without
                              : !strcmp(list, "rollout.optimizations") && d->section == SECTION_TRAIN ? &d->rollout.optimizations
                                                             : NULL;
    if (!choices) {
        problem(context, SPEEDUP_UNKNOWN_CHOICE, NULL, "'%.40s' is no list of a job; there are optimizations, baseline and without", list);
        return SPEEDUP_UNKNOWN_CHOICE;
    }
    static const struct place nowhere = {.file = "<job>"};
    struct arena *arena = &job->arena;
    struct choice choice = {.id = arena_copy(arena, id, strlen(id)), .place = nowhere};
    struct named_number *items = arena_zeroed(arena, count, sizeof *items);
    for (size_t i = 0; items && i < count; i++) {
        if (!isfinite(values[i])) {
            problem(context, SPEEDUP_NOT_FINITE, &nowhere, "'%.60s' must be a finite number", names[i]);
            return SPEEDUP_NOT_FINITE;
        }
        items[i] = (struct named_number){arena_copy(arena, names[i], strlen(names[i])), values[i], nowhere, nowhere, NULL};
    }
    choice.parameters = (struct named_numbers){items, count};
    if (arena->failed || !choices_append(arena, choices, &choice, 1))
        return no_memory(context);
    return SPEEDUP_OK;
}

speedup_status speedup_job_apply(speedup_context *context, speedup_job *job, const char *setting)
{
    REQUIRE_GIVEN(context, context);
    REQUIRE_GIVEN(context, job);
    REQUIRE_GIVEN(context, setting);
    begin_call(context, job);
    const char *section = scenario_sections[job->described.section], *equals = strchr(setting, '=');
    size_t length = strlen(section);
    if (!equals || strncmp(setting, section, length) || setting[length] != '.' || equals == setting + length + 1) {
        problem(context, SPEEDUP_BAD_SETTING, NULL, "setting '%.80s': write %s.key=value", setting, section);
        return SPEEDUP_BAD_SETTING;
    }
    const char *key = arena_copy(&job->arena, setting + length + 1, (size_t)(equals - setting) - length - 1);
    struct yaml_tree *tree = arena_zeroed(&job->arena, 1, sizeof *tree);
    struct place place, whole;
    if (!key || !tree || !call_place(context, job, key, &place) || !call_place(context, job, setting, &whole))
        return no_memory(context);
    struct job_description changed = job->described, begun;
    description_begin(changed.section, &begun);
    if (!yaml_read(context, &job->arena, whole.file, equals + 1, strlen(equals + 1), tree) &&
        record_set_node(context, &job->arena, job_tables[changed.section], &changed, &begun, key, tree, tree->root, &place) && !context->first)
        job->described = changed;
    return context->first;
}

speedup_status speedup_scenario_create_job(speedup_context *context, const speedup_catalog *catalog, const speedup_job *job,
                                           speedup_scenario **scenario)
{
    if (scenario)
        *scenario = NULL;
    REQUIRE_GIVEN(context, context);
    REQUIRE_GIVEN(context, catalog);
    REQUIRE_GIVEN(context, job);
    REQUIRE_GIVEN(context, scenario);
    diagnostics_clear(context);
    speedup_scenario *made = scenario_allocate(context);
    if (!made)
        return SPEEDUP_OUT_OF_MEMORY;
    if (!description_copy(&made->arena, &job->described, &made->asked)) {
        speedup_scenario_unref(made);
        return no_memory(context);
    }
    const struct job_description *d = &made->asked;
    struct place place = description_place(d, NULL);
    length_check(context, &place, "sequence", &d->sequence);
    length_check(context, &place, "prompt", &d->prompt);
    length_check(context, &place, "output", &d->output);
    length_check(context, &place, "rollout.prompt", &d->rollout.prompt);
    length_check(context, &place, "rollout.output", &d->rollout.output);
    return scenario_make(context, catalog, made, scenario);
}

speedup_status speedup_scenario_entry(const speedup_scenario *scenario, int32_t entry, const char **id)
{
    if (!scenario || !id || entry < 0 || entry > SPEEDUP_ENTRY_PRICE)
        return SPEEDUP_INVALID_ARGUMENT;
    const struct entry *const entries[] = {
        [SPEEDUP_ENTRY_MODEL] = &scenario->model->head,
        [SPEEDUP_ENTRY_SYSTEM] = &scenario->system->head,
        [SPEEDUP_ENTRY_ACCELERATOR] = &scenario->accelerator->head,
        [SPEEDUP_ENTRY_STACK] = scenario->stack ? &scenario->stack->head : NULL,
        [SPEEDUP_ENTRY_PRICE] = scenario->price ? &scenario->price->head : NULL,
    };
    *id = entries[entry] ? entries[entry]->id : NULL;
    return *id ? SPEEDUP_OK : SPEEDUP_NOT_FOUND;
}

speedup_status speedup_scenario_price(const speedup_scenario *scenario, double *per_hour)
{
    if (!scenario || !per_hour)
        return SPEEDUP_INVALID_ARGUMENT;
    *per_hour = scenario->job.price;
    return scenario->job.price > 0 ? SPEEDUP_OK : SPEEDUP_NOT_FOUND;
}

speedup_status speedup_scenario_variable(const speedup_scenario *scenario, int32_t variable, double *value)
{
    if (!scenario || !value || variable < 0 || variable >= VARIABLES)
        return SPEEDUP_INVALID_ARGUMENT;
    *value = scenario->variables[variable][0];
    return SPEEDUP_OK;
}

speedup_status speedup_scenario_optimization_at(const speedup_scenario *scenario, size_t index, const char **id, int32_t *baseline)
{
    if (!scenario || !id)
        return SPEEDUP_INVALID_ARGUMENT;
    *id = NULL;
    if (index >= scenario->selection_count)
        return SPEEDUP_NOT_FOUND;
    *id = scenario->selections[index].optimization->head.id;
    if (baseline)
        *baseline = index < scenario->baseline_count;
    return SPEEDUP_OK;
}
