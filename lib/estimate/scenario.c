/* Scenarios: from a YAML text to a job ready to estimate, and the life of the
 * handle. Knows which sections hold jobs, not what is in them. */
#include "estimate/scenario_parts.h"

#include "catalog/plain.h"

#include <string.h>

enum section scenario_section(speedup_context *context, const struct yaml_tree *tree, uint32_t mapping, uint32_t *node)
{
    int found = SECTIONS;
    for (int i = 0; i < SECTIONS; i++) {
        uint32_t section = yaml_find(tree, mapping, scenario_sections[i]);
        struct place place = yaml_place(tree, section ? section : mapping);
        if (section && found < SECTIONS) {
            problem(context, SPEEDUP_INCONSISTENT, &place, "'%s:' and '%s:' in one scenario; keep one job",
                    scenario_sections[found], scenario_sections[i]);
            return SECTIONS;
        }
        if (section) {
            found = i;
            *node = section;
        }
    }
    struct place place = yaml_place(tree, mapping);
    if (found == SECTIONS)
        problem(context, SPEEDUP_NO_JOB, &place, "there is no 'train:', 'serve:' or 'generate:' section");
    return (enum section)found;
}

static void make_job(speedup_context *context, speedup_scenario *made)
{
    description_derive(&made->asked);
    const double count = made->asked.system && !(made->asked.accelerators > 0) ? plain_count(made->catalog, made->asked.system) : 0;
    if (count > 0) {
        made->asked.accelerators = count;
        description_give(&made->asked, "accelerators");
    }
    description_require(context, &made->asked);
    (made->asked.section == SECTION_TRAIN ? training_make : inference_make)(context, made);
}

/* Reads and makes the job of the scenario's own tree. */
static void read_scenario(speedup_context *context, speedup_scenario *made)
{
    uint32_t node = 0;
    enum section section = scenario_section(context, &made->tree, made->tree.root, &node);
    if (section == SECTIONS)
        return;
    description_begin(section, &made->asked);
    description_read(context, &made->arena, &made->tree, node, &made->asked);
    make_job(context, made);
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
                                    const char *path, bool below, const char *const *settings, size_t setting_count,
                                    speedup_scenario **scenario)
{
    speedup_catalog *more = NULL;
    for (size_t i = 0; i < setting_count && !context->first; i++)
        setting_apply(context, &made->arena, &made->tree, settings[i] ? settings[i] : "", job_sections);
    if (!context->first && path)
        catalog_with_models(context, catalog, &made->tree, path, below, scenario_sections, &more);
    if (!context->first)
        catalog_with(context, more ? more : catalog, &made->tree, scenario_sections, &made->catalog);
    speedup_catalog_unref(more);
    if (!context->first)
        read_scenario(context, made);
    if (context->first) {
        speedup_scenario_unref(made);
        return context->first;
    }
    *scenario = made;
    return SPEEDUP_OK;
}

speedup_status scenario_make(speedup_context *context, const speedup_catalog *catalog, speedup_scenario *made,
                             speedup_scenario **scenario)
{
    made->catalog = speedup_catalog_ref((speedup_catalog *)(uintptr_t)catalog);
    make_job(context, made);
    if (context->first)
        speedup_scenario_unref(made);
    else
        *scenario = made;
    return context->first;
}

bool scenario_describe(struct arena *arena, const speedup_scenario *scenario, struct job_description *d)
{
    const lanes *v = scenario->variables;
    if (!description_copy(arena, &scenario->asked, d))
        return false;
    if (!scenario->base)
        return true;
    description_give_required(d);
    d->accelerators = v[VARIABLE_ACCELERATORS][0];
    d->micro_batch = v[VARIABLE_MICRO_BATCH][0];
    d->concurrency = v[VARIABLE_CONCURRENCY][0];
    d->price = (struct asked_price){.per_hour = scenario->job.price};
#define DEGREE_COUNT(x) (x)
#define DEGREE_FLAG(x) ((x) != 0)
#define AXIS(NAME, name, KINDS, SECTION, TYPE, ...) AXIS_IN_LAYOUT_##SECTION(d->layout.name = DEGREE_##TYPE(v[VARIABLE_##NAME][0]);)
#include "estimate/axis.def"
#undef AXIS
#undef DEGREE_COUNT
#undef DEGREE_FLAG
    return true;
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
    yaml_read(context, &made->arena, name ? name : "<text>", text ? text : "", length, &made->tree);
    return finish_create(context, catalog, made, NULL, false, settings, setting_count, scenario);
}

static speedup_status create_file(speedup_context *context, const speedup_catalog *catalog, const char *path, bool below,
                                  const char *const *settings, size_t setting_count, speedup_scenario **scenario)
{
    diagnostics_clear(context);
    speedup_scenario *made = scenario_allocate(context);
    if (!made)
        return SPEEDUP_OUT_OF_MEMORY;
    yaml_read_file(context, &made->arena, path, &made->tree);
    return finish_create(context, catalog, made, path, below, settings, setting_count, scenario);
}

speedup_status scenario_create_below(speedup_context *context, const speedup_catalog *catalog, const char *path, speedup_scenario **scenario)
{
    *scenario = NULL;
    return create_file(context, catalog, path, true, NULL, 0, scenario);
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
    return create_file(context, catalog, path, false, settings, setting_count, scenario);
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
    speedup_scenario_unref(scenario->rollout);
    speedup_catalog_unref(scenario->catalog);
    arena_end(&scenario->arena);
    allocator.release(allocator.user, scenario);
}
