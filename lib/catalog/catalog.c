/* Catalogs: sorted entries by kind, made of the built-in data or by extending another, and what callers ask of them. */
#include "catalog/catalog.h"
#include "catalog/plain.h"

#include <string.h>

speedup_catalog *catalog_allocate(speedup_context *context)
{
    speedup_catalog *made = context->allocator.allocate(context->allocator.user, sizeof *made);
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

speedup_status catalog_finish(speedup_context *context, speedup_status read, const speedup_catalog *base, speedup_catalog *made,
                              const struct yaml_tree *trees, size_t count, speedup_catalog **catalog)
{
    if (!read)
        read = catalog_extend(context, base, made, trees, count, NULL);
    if (read)
        speedup_catalog_unref(made);
    else
        *catalog = made;
    return read;
}

speedup_status speedup_catalog_create(speedup_context *context, speedup_catalog **catalog)
{
    if (catalog)
        *catalog = NULL;
    REQUIRE_GIVEN(context, context);
    REQUIRE_GIVEN(context, catalog);
    diagnostics_clear(context);
    speedup_catalog *made = catalog_allocate(context);
    if (!made)
        return SPEEDUP_OUT_OF_MEMORY;
    struct yaml_tree *trees = NULL;
    size_t count = 0;
    speedup_status read = builtin_read(&made->arena, &trees, &count) ? SPEEDUP_OK : no_memory(context);
    return catalog_finish(context, read, NULL, made, trees, count, catalog);
}

speedup_status speedup_catalog_extend(speedup_context *context, const speedup_catalog *base, const char *name,
                                      const char *text, size_t length, speedup_catalog **catalog)
{
    if (catalog)
        *catalog = NULL;
    REQUIRE_GIVEN(context, context);
    REQUIRE_GIVEN(context, base);
    REQUIRE_GIVEN(context, catalog);
    REQUIRE_ROOM(context, text, length);
    diagnostics_clear(context);
    speedup_catalog *made = catalog_allocate(context);
    if (!made)
        return SPEEDUP_OUT_OF_MEMORY;
    struct yaml_tree *tree = arena_zeroed(&made->arena, 1, sizeof *tree);
    speedup_status status =
        tree ? yaml_read(context, &made->arena, name ? name : "<text>", text ? text : "", length, tree)
             : no_memory(context);
    return catalog_finish(context, status, base, made, tree, 1, catalog);
}

speedup_status speedup_catalog_extend_file(speedup_context *context, const speedup_catalog *base, const char *path,
                                           speedup_catalog **catalog)
{
    if (catalog)
        *catalog = NULL;
    REQUIRE_GIVEN(context, context);
    REQUIRE_GIVEN(context, base);
    REQUIRE_GIVEN(context, path);
    REQUIRE_GIVEN(context, catalog);
    diagnostics_clear(context);
    speedup_catalog *made = catalog_allocate(context);
    if (!made)
        return SPEEDUP_OUT_OF_MEMORY;
    struct yaml_tree *tree = arena_zeroed(&made->arena, 1, sizeof *tree);
    speedup_status status = tree ? yaml_read_file(context, &made->arena, path, tree) : no_memory(context);
    return catalog_finish(context, status, base, made, tree, 1, catalog);
}

speedup_catalog *speedup_catalog_ref(speedup_catalog *catalog)
{
    if (catalog)
        atomic_fetch_add_explicit(&catalog->references, 1, memory_order_relaxed);
    return catalog;
}

void speedup_catalog_unref(speedup_catalog *catalog)
{
    while (catalog && atomic_fetch_sub_explicit(&catalog->references, 1, memory_order_acq_rel) == 1) {
        speedup_catalog *base = catalog->base;
        speedup_allocator allocator = catalog->allocator;
        callback_users_unref(catalog->users);
        arena_end(&catalog->arena);
        allocator.release(allocator.user, catalog);
        catalog = base;
    }
}

static int find_kind(const char *name)
{
    for (int kind = 0; name && kind < KINDS; kind++)
        if (!strcmp(kinds[kind].section, name))
            return kind;
    return KINDS;
}

speedup_status speedup_kind_at(size_t index, speedup_word *word)
{
    if (index >= KINDS)
        return SPEEDUP_NOT_FOUND;
    return word_fill(word, kinds[index].section, "", "", "1", kinds[index].text);
}

size_t speedup_catalog_count(const speedup_catalog *catalog, const char *kind)
{
    int found = find_kind(kind);
    return catalog && found < KINDS ? catalog->entries[found].count : 0;
}

speedup_status speedup_catalog_at(const speedup_catalog *catalog, const char *kind, size_t index, const char **id,
                                  const char **name)
{
    int found = find_kind(kind);
    if (!catalog || !kind || !id)
        return SPEEDUP_INVALID_ARGUMENT;
    if (found == KINDS || index >= catalog->entries[found].count)
        return SPEEDUP_NOT_FOUND;
    *id = catalog->entries[found].items[index]->id;
    if (name)
        *name = catalog->entries[found].items[index]->name;
    return SPEEDUP_OK;
}

/* A coefficient as an accelerator's or a stack's own calibration has it. */
static speedup_status calibration_number(const speedup_catalog *catalog, enum kind kind, const struct entry *entry, const char *name,
                                         double *value)
{
    const struct coefficient *coefficient = (const struct coefficient *)catalog_find(catalog, KIND_COEFFICIENT, name);
    const struct calibration *calibration = kind == KIND_ACCELERATOR ? &((const struct accelerator *)entry)->calibration
                                            : kind == KIND_STACK     ? &((const struct stack *)entry)->calibration
                                                                     : NULL;
    for (uint32_t i = 0; coefficient && calibration && i < calibration->count; i++)
        if (calibration->settings[i].slot == coefficient->slot) {
            *value = calibration->settings[i].value;
            return SPEEDUP_OK;
        }
    return SPEEDUP_NOT_FOUND;
}

speedup_status speedup_catalog_number(const speedup_catalog *catalog, const char *kind, const char *id,
                                      const char *field, double *value)
{
    if (!catalog || !kind || !id || !field || !value)
        return SPEEDUP_INVALID_ARGUMENT;
    int found = find_kind(kind);
    struct system plain;
    const struct entry *entry = found == KIND_SYSTEM ? (const struct entry *)system_find(catalog, id, &plain)
                                : found < KINDS      ? catalog_find(catalog, (enum kind)found, id)
                                                     : NULL;
    struct record_value got;
    static const char calibration[] = "calibration.";
    if (entry && !strncmp(field, calibration, sizeof calibration - 1))
        return calibration_number(catalog, (enum kind)found, entry, field + sizeof calibration - 1, value);
    /* Where no numbers were published, those of the shape stand for them. */
    bool parameters = !strcmp(field, "parameters"), active = !strcmp(field, "parameters_active");
    if (entry && found == KIND_MODEL && (parameters || active) && record_get(kinds[found].table, entry, field, &got) && got.number <= 0) {
        struct model_size size;
        model_measure((const struct model *)entry, &size);
        *value = parameters ? size.total : size.active;
        return SPEEDUP_OK;
    }
    if (!entry || !record_get(kinds[found].table, entry, field, &got) ||
        (got.field->type != FIELD_NUMBER && got.field->type != FIELD_COUNT) || (!got.given && got.number == 0))
        return SPEEDUP_NOT_FOUND;
    *value = got.number;
    return SPEEDUP_OK;
}
