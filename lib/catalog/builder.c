/* Optimizations built from C. The builder writes the YAML row that the calls
 * describe, and registering reads it: one door for every optimization. */
#include "catalog/catalog.h"

#include "base/number.h"

#include <string.h>

struct callback_users {
    atomic_uint references;
    speedup_allocator allocator;
    struct callback_user {
        void *user;
        speedup_destroy_function destroy;
    } *items;
    size_t count, room;
};

struct speedup_optimization {
    speedup_allocator allocator;
    struct arena arena;
    const char *id, *name, *source;
    struct text applies, parameters, requirements, excludes, supersedes, effects, claims;
    struct callback *callbacks;
    size_t callback_count, callback_room;
    struct callback_users *users; /* NULL while none is to be destroyed */
    const char **parameter_names;
    size_t parameter_count, parameter_room, requirement_count;
};

struct callback_users *callback_users_ref(struct callback_users *users)
{
    if (users)
        atomic_fetch_add_explicit(&users->references, 1, memory_order_relaxed);
    return users;
}

void callback_users_unref(struct callback_users *users)
{
    if (!users || atomic_fetch_sub_explicit(&users->references, 1, memory_order_acq_rel) > 1)
        return;
    speedup_allocator allocator = users->allocator;
    for (size_t i = 0; i < users->count; i++)
        users->items[i].destroy(users->items[i].user);
    if (users->items)
        allocator.release(allocator.user, users->items);
    allocator.release(allocator.user, users);
}

/* Room for one more; false without memory. */
static bool users_grow(speedup_optimization *optimization)
{
    const speedup_allocator *allocator = &optimization->allocator;
    struct callback_users *users = optimization->users;
    if (!users) {
        users = allocator->allocate(allocator->user, sizeof *users);
        if (!users)
            return false;
        *users = (struct callback_users){.allocator = *allocator};
        atomic_init(&users->references, 1);
        optimization->users = users;
    }
    void *items = users->items;
    bool grown = memory_grow(allocator, &items, &users->room, users->count, sizeof *users->items);
    users->items = items;
    return grown;
}

static struct text *const *every_text(speedup_optimization *o, struct text *out[7])
{
    struct text *all[7] = {&o->applies,    &o->parameters, &o->requirements, &o->excludes,
                           &o->supersedes, &o->effects,    &o->claims};
    memcpy(out, all, sizeof all);
    return out;
}

speedup_status speedup_optimization_create(speedup_context *context, const char *id, const char *name,
                                           speedup_optimization **optimization)
{
    if (optimization)
        *optimization = NULL;
    REQUIRE_GIVEN(context, context);
    REQUIRE_GIVEN(context, id);
    REQUIRE_GIVEN(context, optimization);
    diagnostics_clear(context);
    if (!valid_id(id)) {
        problem(context, SPEEDUP_BAD_NAME, NULL, "'%.70s' cannot name an optimization", id);
        return SPEEDUP_BAD_NAME;
    }
    speedup_optimization *made = context->allocator.allocate(context->allocator.user, sizeof *made);
    if (!made)
        return no_memory(context);
    *made = (speedup_optimization){.allocator = context->allocator};
    arena_begin(&made->arena, &context->allocator);
    struct text *texts[7];
    every_text(made, texts);
    for (int i = 0; i < 7; i++)
        text_begin(texts[i], &context->allocator);
    made->id = arena_copy(&made->arena, id, strlen(id));
    made->name = name ? arena_copy(&made->arena, name, strlen(name)) : made->id;
    if (!made->id || !made->name) {
        speedup_optimization_destroy(made);
        return no_memory(context);
    }
    *optimization = made;
    return SPEEDUP_OK;
}

void speedup_optimization_destroy(speedup_optimization *optimization)
{
    if (!optimization)
        return;
    speedup_allocator allocator = optimization->allocator;
    struct text *texts[7];
    every_text(optimization, texts);
    for (int i = 0; i < 7; i++)
        text_end(texts[i]);
    if (optimization->callbacks)
        allocator.release(allocator.user, optimization->callbacks);
    if (optimization->parameter_names)
        allocator.release(allocator.user, optimization->parameter_names);
    callback_users_unref(optimization->users);
    arena_end(&optimization->arena);
    allocator.release(allocator.user, optimization);
}

/* A YAML double-quoted scalar. */
static void put_quoted(struct text *text, const char *string)
{
    text_put(text, "\"");
    for (const char *c = string; *c; c++) {
        if (*c == '"' || *c == '\\')
            text_format(text, "\\%c", *c);
        else if ((unsigned char)*c < 0x20 || *c == 0x7F)
            text_format(text, "\\x%02X", (unsigned)(unsigned char)*c);
        else
            text_add(text, c, 1);
    }
    text_put(text, "\"");
}

static speedup_status put_pair(struct text *text, const char *key, const char *value)
{
    text_put(text, "\n      ");
    put_quoted(text, key);
    text_put(text, ": ");
    put_quoted(text, value);
    return text->failed ? SPEEDUP_OUT_OF_MEMORY : SPEEDUP_OK;
}

static speedup_status put_item(struct text *text, const char *item)
{
    text_put(text, text->length ? ", " : "");
    put_quoted(text, item);
    return text->failed ? SPEEDUP_OUT_OF_MEMORY : SPEEDUP_OK;
}

speedup_status speedup_optimization_set_source(speedup_optimization *optimization, const char *source)
{
    if (!optimization || !source)
        return SPEEDUP_INVALID_ARGUMENT;
    char *copy = arena_copy(&optimization->arena, source, strlen(source));
    if (!copy)
        return SPEEDUP_OUT_OF_MEMORY;
    optimization->source = copy;
    return SPEEDUP_OK;
}

speedup_status speedup_optimization_applies_to(speedup_optimization *optimization, const char *job)
{
    if (!optimization || !job)
        return SPEEDUP_INVALID_ARGUMENT;
    if (strcmp(job, "training") && strcmp(job, "inference"))
        return SPEEDUP_UNKNOWN_CHOICE;
    return put_item(&optimization->applies, job);
}

speedup_status speedup_optimization_parameter(speedup_optimization *optimization, const char *name, double value,
                                              double least, double most, const char *text)
{
    if (!optimization || !name)
        return SPEEDUP_INVALID_ARGUMENT;
    if (!valid_name(name))
        return SPEEDUP_BAD_NAME;
    if (!isfinite(least) || !isfinite(most) || !(value >= least && value <= most))
        return SPEEDUP_OUT_OF_RANGE;
    for (size_t i = 0; i < optimization->parameter_count; i++)
        if (!strcmp(optimization->parameter_names[i], name))
            return SPEEDUP_EXISTS;
    void *names = optimization->parameter_names;
    bool grown = memory_grow(&optimization->allocator, &names, &optimization->parameter_room,
                             optimization->parameter_count, sizeof *optimization->parameter_names);
    optimization->parameter_names = names;
    char *copy = arena_copy(&optimization->arena, name, strlen(name));
    if (!grown || !copy)
        return SPEEDUP_OUT_OF_MEMORY;
    optimization->parameter_names[optimization->parameter_count++] = copy;
    char a[NUMBER_TEXT], b[NUMBER_TEXT], c[NUMBER_TEXT];
    text_format(&optimization->parameters, "\n      %s: {value: %s, least: %s, most: %s", name,
                number_exact(a, value), number_exact(b, least), number_exact(c, most));
    if (text) {
        text_put(&optimization->parameters, ", text: ");
        put_quoted(&optimization->parameters, text);
    }
    text_put(&optimization->parameters, "}");
    return optimization->parameters.failed ? SPEEDUP_OUT_OF_MEMORY : SPEEDUP_OK;
}

speedup_status speedup_optimization_effect(speedup_optimization *optimization, const char *target,
                                           const char *value)
{
    if (!optimization || !target || !value)
        return SPEEDUP_INVALID_ARGUMENT;
    return put_pair(&optimization->effects, target, value);
}

static speedup_status add_callback(speedup_optimization *optimization, const char *target,
                                   speedup_effect_function function, void *user, speedup_destroy_function destroy)
{
    if (!optimization || !target || !function)
        return SPEEDUP_INVALID_ARGUMENT;
    if (destroy && !users_grow(optimization))
        return SPEEDUP_OUT_OF_MEMORY;
    void *callbacks = optimization->callbacks;
    bool grown = memory_grow(&optimization->allocator, &callbacks, &optimization->callback_room,
                             optimization->callback_count, sizeof *optimization->callbacks);
    optimization->callbacks = callbacks;
    char *copy = arena_copy(&optimization->arena, target, strlen(target));
    if (!grown || !copy)
        return SPEEDUP_OUT_OF_MEMORY;
    optimization->callbacks[optimization->callback_count++] = (struct callback){copy, function, user};
    if (destroy)
        optimization->users->items[optimization->users->count++] = (struct callback_user){user, destroy};
    return SPEEDUP_OK;
}

speedup_status speedup_optimization_callback(speedup_optimization *optimization, const char *target,
                                             speedup_effect_function function, void *user,
                                             speedup_destroy_function destroy)
{
    speedup_status status = add_callback(optimization, target, function, user, destroy);
    if (status && destroy)
        destroy(user);
    return status;
}

speedup_status speedup_optimization_require(speedup_optimization *optimization, const char *condition)
{
    if (!optimization || !condition)
        return SPEEDUP_INVALID_ARGUMENT;
    /* The row has the name as key and the comparison as value. Spaces behind the
     * name keep the keys apart when one name has several conditions. */
    size_t name = strcspn(condition, "<>=!");
    struct text *text = &optimization->requirements;
    text_put(text, "\n      \"");
    size_t length = name;
    while (length && condition[length - 1] == ' ')
        length--;
    for (size_t i = 0; i < length; i++)
        if (condition[i] != '"' && condition[i] != '\\' && (unsigned char)condition[i] >= 0x20)
            text_add(text, &condition[i], 1);
    for (size_t i = 0; i < optimization->requirement_count; i++)
        text_put(text, " ");
    optimization->requirement_count++;
    text_put(text, "\": ");
    put_quoted(text, condition[name] ? condition + name : "!= 0");
    return text->failed ? SPEEDUP_OUT_OF_MEMORY : SPEEDUP_OK;
}

speedup_status speedup_optimization_exclude(speedup_optimization *optimization, const char *id)
{
    return optimization && id ? put_item(&optimization->excludes, id) : SPEEDUP_INVALID_ARGUMENT;
}

speedup_status speedup_optimization_supersede(speedup_optimization *optimization, const char *id)
{
    return optimization && id ? put_item(&optimization->supersedes, id) : SPEEDUP_INVALID_ARGUMENT;
}

speedup_status speedup_optimization_claim(speedup_optimization *optimization, const char *resource, double factor,
                                          const char *source)
{
    if (!optimization || !resource)
        return SPEEDUP_INVALID_ARGUMENT;
    if (!(factor > 0 && factor <= 1e6))
        return SPEEDUP_OUT_OF_RANGE;
    char number[NUMBER_TEXT];
    struct text *text = &optimization->claims;
    text_put(text, "\n      ");
    put_quoted(text, resource);
    text_format(text, ": {factor: %s", number_exact(number, factor));
    if (source) {
        text_put(text, ", source: ");
        put_quoted(text, source);
    }
    text_put(text, "}");
    return text->failed ? SPEEDUP_OUT_OF_MEMORY : SPEEDUP_OK;
}

static void put_block(struct text *row, const char *key, const struct text *block, const char *open,
                      const char *close)
{
    if (block->length)
        text_format(row, "    %s:%s%s%s\n", key, open, block->bytes, close);
}

speedup_status speedup_catalog_register(speedup_context *context, const speedup_catalog *base,
                                        const speedup_optimization *optimization, speedup_catalog **catalog)
{
    if (catalog)
        *catalog = NULL;
    REQUIRE_GIVEN(context, context);
    REQUIRE_GIVEN(context, base);
    REQUIRE_GIVEN(context, optimization);
    REQUIRE_GIVEN(context, catalog);
    diagnostics_clear(context);
    struct text row;
    text_begin(&row, &context->allocator);
    text_format(&row, "optimizations:\n  %s:\n    name: ", optimization->id);
    put_quoted(&row, optimization->name);
    text_put(&row, "\n");
    if (optimization->source) {
        text_put(&row, "    source: ");
        put_quoted(&row, optimization->source);
        text_put(&row, "\n");
    }
    put_block(&row, "applies_to", &optimization->applies, " [", "]");
    put_block(&row, "excludes", &optimization->excludes, " [", "]");
    put_block(&row, "supersedes", &optimization->supersedes, " [", "]");
    put_block(&row, "parameters", &optimization->parameters, "", "");
    put_block(&row, "requires", &optimization->requirements, "", "");
    put_block(&row, "effects", &optimization->effects, "", "");
    put_block(&row, "claims", &optimization->claims, "", "");

    speedup_catalog *made = catalog_allocate(context);
    struct yaml_tree *tree = made ? arena_zeroed(&made->arena, 1, sizeof *tree) : NULL;
    speedup_status status = SPEEDUP_OK;
    if (!tree || row.failed)
        status = no_memory(context);
    if (!status)
        status = yaml_read(context, &made->arena, "<registered>", row.bytes, row.length, tree);
    if (!status)
        status = catalog_extend(context, base, made, tree, 1, NULL, optimization->callbacks,
                                optimization->callback_count);
    text_end(&row);
    if (status) {
        speedup_catalog_unref(made);
        return status;
    }
    made->users = callback_users_ref(optimization->users);
    *catalog = made;
    return SPEEDUP_OK;
}
