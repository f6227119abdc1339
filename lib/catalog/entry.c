/* Entries described by calls, read by the tables that read YAML. */
#include "catalog/catalog.h"
#include "yaml/described.h"
#include "yaml/edit.h"

#include <speedup/entry.h>

#include <string.h>

struct speedup_entry {
    speedup_allocator allocator;
    struct described described;
    char id[]; /* what is described stands under it */
};

/* Optimizations are no records: what they have has keys with points, and functions. */
static bool described_kind(speedup_context *context, const char *name, const char **section)
{
    struct nearest nearest;
    nearest_begin(&nearest, name, strlen(name));
    for (int kind = 0; kind < KINDS; kind++) {
        *section = kinds[kind].section;
        if (kind != KIND_OPTIMIZATION && !strcmp(*section, name))
            return true;
        if (kind != KIND_OPTIMIZATION)
            nearest_offer(&nearest, *section);
    }
    struct text *text = problem_begin(context);
    text_format(text, "'%.40s' is no kind of entry that is built by keys", name);
    if (strcmp(name, kinds[KIND_OPTIMIZATION].section) != 0)
        nearest_put(&nearest, text);
    else
        text_put(text, "; see speedup_optimization_create()");
    problem_end(context, SPEEDUP_UNKNOWN_CHOICE, NULL);
    return false;
}

speedup_status speedup_entry_create(speedup_context *context, const char *kind, const char *id, speedup_entry **entry)
{
    if (entry)
        *entry = NULL;
    REQUIRE_GIVEN(context, context);
    REQUIRE_GIVEN(context, kind);
    REQUIRE_GIVEN(context, id);
    REQUIRE_GIVEN(context, entry);
    diagnostics_clear(context);
    const char *section;
    if (!described_kind(context, kind, &section))
        return context->first;
    if (!valid_id(id)) {
        problem(context, SPEEDUP_BAD_NAME, NULL,
                "'%.70s' cannot name an entry: lower-case letters, digits, '-', '_' and '.'", id);
        return SPEEDUP_BAD_NAME;
    }
    size_t length = strlen(id);
    speedup_entry *made = context->allocator.allocate(context->allocator.user, sizeof *made + length + 1);
    if (!made)
        return no_memory(context);
    made->allocator = context->allocator;
    memcpy(made->id, id, length + 1);
    described_begin(&made->allocator, section, made->id, &made->described);
    if (!described_open(context, &made->described)) {
        speedup_entry_destroy(made);
        return context->first;
    }
    *entry = made;
    return SPEEDUP_OK;
}

void speedup_entry_destroy(speedup_entry *entry)
{
    if (!entry)
        return;
    speedup_allocator allocator = entry->allocator;
    arena_end(&entry->described.arena);
    allocator.release(allocator.user, entry);
}

speedup_status speedup_entry_set_number(speedup_context *context, speedup_entry *entry, const char *key, double value)
{
    REQUIRE_GIVEN(context, context);
    REQUIRE_GIVEN(context, entry);
    REQUIRE_GIVEN(context, key);
    diagnostics_clear(context);
    described_number(context, &entry->described, key, value);
    return context->first;
}

speedup_status speedup_entry_set_text(speedup_context *context, speedup_entry *entry, const char *key, const char *text)
{
    REQUIRE_GIVEN(context, context);
    REQUIRE_GIVEN(context, entry);
    REQUIRE_GIVEN(context, key);
    REQUIRE_GIVEN(context, text);
    diagnostics_clear(context);
    described_text(context, &entry->described, key, text);
    return context->first;
}

speedup_status speedup_entry_set_list(speedup_context *context, speedup_entry *entry, const char *key)
{
    REQUIRE_GIVEN(context, context);
    REQUIRE_GIVEN(context, entry);
    REQUIRE_GIVEN(context, key);
    diagnostics_clear(context);
    described_list(context, &entry->described, key);
    return context->first;
}

speedup_status speedup_entry_add(speedup_context *context, speedup_entry *entry, const char *list, const char *id,
                                 const char *const *names, const double *values, size_t count)
{
    REQUIRE_GIVEN(context, context);
    REQUIRE_GIVEN(context, entry);
    REQUIRE_GIVEN(context, list);
    REQUIRE_GIVEN(context, id);
    REQUIRE_NAMED(context, names, values, count);
    diagnostics_clear(context);
    described_add(context, &entry->described, list, id, names, values, count);
    return context->first;
}

speedup_status speedup_entry_add_number(speedup_context *context, speedup_entry *entry, const char *list, double value)
{
    REQUIRE_GIVEN(context, context);
    REQUIRE_GIVEN(context, entry);
    REQUIRE_GIVEN(context, list);
    diagnostics_clear(context);
    described_add_number(context, &entry->described, list, value);
    return context->first;
}

speedup_status speedup_catalog_add(speedup_context *context, const speedup_catalog *base, const speedup_entry *entry,
                                   speedup_catalog **catalog)
{
    if (catalog)
        *catalog = NULL;
    REQUIRE_GIVEN(context, context);
    REQUIRE_GIVEN(context, base);
    REQUIRE_GIVEN(context, entry);
    REQUIRE_GIVEN(context, catalog);
    diagnostics_clear(context);
    speedup_catalog *made = catalog_allocate(context);
    if (!made)
        return SPEEDUP_OUT_OF_MEMORY;
    struct yaml_tree *tree = arena_zeroed(&made->arena, 1, sizeof *tree);
    speedup_status read = tree && yaml_copy(&made->arena, &entry->described.tree, tree) ? SPEEDUP_OK : no_memory(context);
    return catalog_finish(context, read, base, made, tree, 1, catalog);
}
