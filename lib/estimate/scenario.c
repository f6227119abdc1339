/* Scenarios: from a YAML text to a job ready to estimate, and the life of the
 * handle. Knows which sections hold jobs, not what is in them. */
#include "estimate/scenario_parts.h"

#include <string.h>

const char *const scenario_sections[] = {"train", "serve", "generate", NULL};

const struct record_table *const job_tables[] = {&train_table, &serve_table, &generate_table, NULL};

speedup_status scenario_read(speedup_context *context, speedup_scenario *scenario)
{
    static speedup_status (*const readers[])(speedup_context *, speedup_scenario *) = {training_read, serving_read,
                                                                                      generation_read};
    const struct yaml_tree *tree = &scenario->tree;
    int found = -1;
    for (int i = 0; scenario_sections[i]; i++) {
        uint32_t section = yaml_find(tree, tree->root, scenario_sections[i]);
        if (section && found >= 0) {
            struct place place = yaml_place(tree, section);
            problem(context, SPEEDUP_INCONSISTENT, &place, "'%s:' and '%s:' in one scenario; keep one job",
                    scenario_sections[found], scenario_sections[i]);
            return SPEEDUP_INCONSISTENT;
        }
        if (section) {
            found = i;
            scenario->section = section;
        }
    }
    if (found >= 0)
        return readers[found](context, scenario);
    struct place place = yaml_place(tree, tree->root);
    problem(context, SPEEDUP_NO_JOB, &place, "there is no 'train:', 'serve:' or 'generate:' section");
    return SPEEDUP_NO_JOB;
}

speedup_scenario *scenario_allocate(speedup_context *context)
{
    speedup_scenario *made = context->allocator.allocate(context->allocator.user, sizeof *made);
    if (!made) {
        no_memory(context);
        return NULL;
    }
    memset(made, 0, sizeof *made);
    atomic_init(&made->references, 1);
    made->allocator = context->allocator;
    arena_begin(&made->arena, &context->allocator);
    return made;
}

static speedup_status finish_create(speedup_context *context, const speedup_catalog *catalog, speedup_scenario *made,
                                    const char *const *settings, size_t setting_count, speedup_scenario **scenario)
{
    for (size_t i = 0; i < setting_count && !context->first; i++)
        setting_apply(context, &made->arena, &made->tree, settings[i] ? settings[i] : "");
    if (!context->first)
        catalog_with(context, catalog, &made->tree, scenario_sections, &made->catalog);
    if (!context->first)
        scenario_read(context, made);
    if (context->first) {
        speedup_scenario_unref(made);
        return context->first;
    }
    *scenario = made;
    return SPEEDUP_OK;
}

void scenario_build(speedup_context *context, const speedup_catalog *catalog, speedup_scenario *made, const char *file,
                    const char *text, size_t length, const char *const *settings, size_t setting_count,
                    speedup_scenario **scenario)
{
    yaml_read(context, &made->arena, file, text, length, &made->tree);
    finish_create(context, catalog, made, settings, setting_count, scenario);
}

speedup_status speedup_scenario_create(speedup_context *context, const speedup_catalog *catalog, const char *name,
                                       const char *text, size_t length, const char *const *settings,
                                       size_t setting_count, speedup_scenario **scenario)
{
    if (scenario)
        *scenario = NULL;
    REQUIRE_GIVEN(context, context);
    REQUIRE_GIVEN(context, catalog);
    REQUIRE_GIVEN(context, scenario);
    REQUIRE_ROOM(context, text, length);
    REQUIRE_ROOM(context, settings, setting_count);
    diagnostics_clear(context);
    speedup_scenario *made = scenario_allocate(context);
    if (!made)
        return SPEEDUP_OUT_OF_MEMORY;
    scenario_build(context, catalog, made, name ? name : "<text>", text ? text : "", length, settings, setting_count, scenario);
    return context->first;
}

speedup_status speedup_scenario_create_file(speedup_context *context, const speedup_catalog *catalog, const char *path,
                                            const char *const *settings, size_t setting_count,
                                            speedup_scenario **scenario)
{
    if (scenario)
        *scenario = NULL;
    REQUIRE_GIVEN(context, context);
    REQUIRE_GIVEN(context, catalog);
    REQUIRE_GIVEN(context, path);
    REQUIRE_GIVEN(context, scenario);
    REQUIRE_ROOM(context, settings, setting_count);
    diagnostics_clear(context);
    speedup_scenario *made = scenario_allocate(context);
    if (!made)
        return SPEEDUP_OUT_OF_MEMORY;
    yaml_read_file(context, &made->arena, path, &made->tree);
    return finish_create(context, catalog, made, settings, setting_count, scenario);
}

speedup_scenario *speedup_scenario_ref(speedup_scenario *scenario)
{
    if (scenario)
        atomic_fetch_add_explicit(&scenario->references, 1, memory_order_relaxed);
    return scenario;
}

void speedup_scenario_unref(speedup_scenario *scenario)
{
    if (!scenario || atomic_fetch_sub_explicit(&scenario->references, 1, memory_order_acq_rel) != 1)
        return;
    speedup_allocator allocator = scenario->allocator;
    speedup_scenario_unref(scenario->base);
    speedup_catalog_unref(scenario->catalog);
    arena_end(&scenario->arena);
    allocator.release(allocator.user, scenario);
}
