/* Spaces of plans described by calls, and read as those of a text. */
#include "plan/space_parts.h"
#include "yaml/described.h"
#include "yaml/edit.h"

#include <speedup/space.h>

#include <string.h>

struct speedup_space_builder {
    speedup_allocator allocator;
    struct described described;
    const char *path; /* of the file that it began with, whose plan may name files of models; else NULL */
};

static speedup_space_builder *begin(speedup_context *context)
{
    speedup_space_builder *made = context->allocator.allocate(context->allocator.user, sizeof *made);
    if (!made) {
        no_memory(context);
        return NULL;
    }
    made->allocator = context->allocator;
    made->path = NULL;
    described_begin(&made->allocator, "plan", NULL, &made->described);
    return made;
}

/* Hands over what has been begun, or ends it after a problem. */
static speedup_status hand_over(speedup_context *context, speedup_space_builder *made, speedup_space_builder **builder)
{
    if (context->first)
        speedup_space_builder_destroy(made);
    else
        *builder = made;
    return context->first;
}

speedup_status speedup_space_builder_create(speedup_context *context, speedup_space_builder **builder)
{
    if (builder)
        *builder = NULL;
    REQUIRE_GIVEN(context, context);
    REQUIRE_GIVEN(context, builder);
    diagnostics_clear(context);
    speedup_space_builder *made = begin(context);
    if (made)
        described_open(context, &made->described);
    return hand_over(context, made, builder);
}

speedup_status speedup_space_builder_create_file(speedup_context *context, const char *path,
                                                 speedup_space_builder **builder)
{
    if (builder)
        *builder = NULL;
    REQUIRE_GIVEN(context, context);
    REQUIRE_GIVEN(context, path);
    REQUIRE_GIVEN(context, builder);
    diagnostics_clear(context);
    speedup_space_builder *made = begin(context);
    if (made && !yaml_read_file(context, &made->described.arena, path, &made->described.tree) &&
        !(made->path = arena_copy(&made->described.arena, path, strlen(path))))
        no_memory(context);
    return hand_over(context, made, builder);
}

void speedup_space_builder_destroy(speedup_space_builder *builder)
{
    if (!builder)
        return;
    speedup_allocator allocator = builder->allocator;
    arena_end(&builder->described.arena);
    allocator.release(allocator.user, builder);
}

speedup_status speedup_space_builder_set_number(speedup_context *context, speedup_space_builder *builder,
                                                const char *key, double value)
{
    REQUIRE_GIVEN(context, context);
    REQUIRE_GIVEN(context, builder);
    REQUIRE_GIVEN(context, key);
    diagnostics_clear(context);
    /* A length that is given whole has its mean, beside which others of its keys may be given. */
    static const char *const lengths[] = {"prompt", "output"};
    for (size_t i = 0; i < 2; i++) {
        size_t length = strlen(lengths[i]);
        if (!strncmp(key, lengths[i], length) && key[length] == '.')
            described_widen(context, &builder->described, lengths[i], "mean");
    }
    if (!context->first)
        described_number(context, &builder->described, key, value);
    return context->first;
}

speedup_status speedup_space_builder_set_text(speedup_context *context, speedup_space_builder *builder, const char *key,
                                              const char *text)
{
    REQUIRE_GIVEN(context, context);
    REQUIRE_GIVEN(context, builder);
    REQUIRE_GIVEN(context, key);
    REQUIRE_GIVEN(context, text);
    diagnostics_clear(context);
    described_text(context, &builder->described, key, text);
    return context->first;
}

speedup_status speedup_space_builder_set_list(speedup_context *context, speedup_space_builder *builder, const char *key)
{
    REQUIRE_GIVEN(context, context);
    REQUIRE_GIVEN(context, builder);
    REQUIRE_GIVEN(context, key);
    diagnostics_clear(context);
    described_list(context, &builder->described, key);
    return context->first;
}

speedup_status speedup_space_builder_add(speedup_context *context, speedup_space_builder *builder, const char *list,
                                         const char *id, const char *const *names, const double *values, size_t count)
{
    REQUIRE_GIVEN(context, context);
    REQUIRE_GIVEN(context, builder);
    REQUIRE_GIVEN(context, list);
    REQUIRE_GIVEN(context, id);
    REQUIRE_NAMED(context, names, values, count);
    diagnostics_clear(context);
    described_add(context, &builder->described, list, id, names, values, count);
    return context->first;
}

speedup_status speedup_space_builder_add_number(speedup_context *context, speedup_space_builder *builder,
                                                const char *list, double value)
{
    REQUIRE_GIVEN(context, context);
    REQUIRE_GIVEN(context, builder);
    REQUIRE_GIVEN(context, list);
    diagnostics_clear(context);
    described_add_number(context, &builder->described, list, value);
    return context->first;
}

speedup_status speedup_space_builder_apply(speedup_context *context, speedup_space_builder *builder,
                                           const char *setting)
{
    REQUIRE_GIVEN(context, context);
    REQUIRE_GIVEN(context, builder);
    REQUIRE_GIVEN(context, setting);
    diagnostics_clear(context);
    if (described_tidy(context, &builder->described))
        setting_apply(context, &builder->described.arena, &builder->described.tree, setting, plan_sections);
    return context->first;
}

speedup_status speedup_space_build(speedup_context *context, const speedup_catalog *catalog,
                                   const speedup_space_builder *builder, speedup_space **space)
{
    if (space)
        *space = NULL;
    REQUIRE_GIVEN(context, context);
    REQUIRE_GIVEN(context, catalog);
    REQUIRE_GIVEN(context, builder);
    REQUIRE_GIVEN(context, space);
    diagnostics_clear(context);
    speedup_space *made = space_allocate(context);
    if (!made)
        return SPEEDUP_OUT_OF_MEMORY;
    struct yaml_tree *tree = arena_zeroed(&made->arena, 1, sizeof *tree);
    if (!tree || !yaml_copy(&made->arena, &builder->described.tree, tree))
        no_memory(context);
    return space_make(context, catalog, made, tree, builder->path, NULL, 0, space);
}
