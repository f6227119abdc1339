/* Optimizations built from C: plain values, which registering puts through the checks
 * that a row of YAML passes. */
#include "catalog/catalog.h"

#include <math.h>
#include <string.h>

/* The user pointers of functions, with what destroys them. */
struct callback_users {
    atomic_uint references;
    speedup_allocator allocator;
    struct callback_user {
        void *user;
        speedup_destroy_function destroy;
    } *items;
    size_t count, room;
};

/* A growing list of things of one size, in the arena of the optimization. */
struct list {
    void *items;
    size_t count, room;
};

struct speedup_optimization {
    speedup_allocator allocator;
    struct arena arena; /* all that was told is copied to it */
    const char *id, *name, *source;
    bool applies[JOB_KINDS];
    struct list excludes, supersedes, requirements; /* const char * */
    struct list parameters, claims, effects, callbacks;
    struct callback_users *users; /* NULL while none is to be destroyed */
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

/* Adds an item to a list. */
static speedup_status append(speedup_optimization *optimization, struct list *list, const void *item, size_t size)
{
    if (list->count == list->room) {
        size_t room = list->room ? 2 * list->room : 8;
        void *items = arena_zeroed(&optimization->arena, room, size);
        if (!items)
            return SPEEDUP_OUT_OF_MEMORY;
        if (list->count)
            memcpy(items, list->items, list->count * size);
        list->items = items;
        list->room = room;
    }
    memcpy((char *)list->items + list->count * size, item, size);
    list->count++;
    return SPEEDUP_OK;
}

/* A copy of a text, NULL for NULL; false without memory. */
static bool copy(struct arena *arena, const char *text, const char **made)
{
    *made = text ? arena_copy(arena, text, strlen(text)) : NULL;
    return *made || !text;
}

static speedup_status append_text(speedup_optimization *optimization, struct list *list, const char *text)
{
    const char *made;
    return copy(&optimization->arena, text, &made) ? append(optimization, list, &made, sizeof made) : SPEEDUP_OUT_OF_MEMORY;
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
    callback_users_unref(optimization->users);
    arena_end(&optimization->arena);
    allocator.release(allocator.user, optimization);
}

speedup_status speedup_optimization_set_source(speedup_optimization *optimization, const char *source)
{
    if (!optimization || !source)
        return SPEEDUP_INVALID_ARGUMENT;
    return copy(&optimization->arena, source, &optimization->source) ? SPEEDUP_OK : SPEEDUP_OUT_OF_MEMORY;
}

speedup_status speedup_optimization_applies_to(speedup_optimization *optimization, const char *job)
{
    if (!optimization || !job)
        return SPEEDUP_INVALID_ARGUMENT;
    for (int kind = 0; kind < JOB_KINDS; kind++)
        if (!strcmp(job_kind_names[kind], job)) {
            optimization->applies[kind] = true;
            return SPEEDUP_OK;
        }
    return SPEEDUP_UNKNOWN_CHOICE;
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
    const struct parameter *parameters = optimization->parameters.items;
    for (size_t i = 0; i < optimization->parameters.count; i++)
        if (!strcmp(parameters[i].name, name))
            return SPEEDUP_EXISTS;
    struct parameter made = {.value = value, .least = least, .most = most};
    if (!copy(&optimization->arena, name, &made.name) || !copy(&optimization->arena, text, &made.text))
        return SPEEDUP_OUT_OF_MEMORY;
    return append(optimization, &optimization->parameters, &made, sizeof made);
}

speedup_status speedup_optimization_effect(speedup_optimization *optimization, const char *target,
                                           const char *value)
{
    if (!optimization || !target || !value)
        return SPEEDUP_INVALID_ARGUMENT;
    struct told_effect made;
    if (!copy(&optimization->arena, target, &made.target) || !copy(&optimization->arena, value, &made.value))
        return SPEEDUP_OUT_OF_MEMORY;
    return append(optimization, &optimization->effects, &made, sizeof made);
}

static speedup_status add_callback(speedup_optimization *optimization, const char *target,
                                   speedup_effect_function function, void *user, speedup_destroy_function destroy)
{
    if (!optimization || !target || !function)
        return SPEEDUP_INVALID_ARGUMENT;
    if (destroy && !users_grow(optimization))
        return SPEEDUP_OUT_OF_MEMORY;
    struct callback made = {.function = function, .user = user};
    if (!copy(&optimization->arena, target, &made.target))
        return SPEEDUP_OUT_OF_MEMORY;
    speedup_status status = append(optimization, &optimization->callbacks, &made, sizeof made);
    if (!status && destroy)
        optimization->users->items[optimization->users->count++] = (struct callback_user){user, destroy};
    return status;
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
    return append_text(optimization, &optimization->requirements, condition);
}

speedup_status speedup_optimization_exclude(speedup_optimization *optimization, const char *id)
{
    return optimization && id ? append_text(optimization, &optimization->excludes, id) : SPEEDUP_INVALID_ARGUMENT;
}

speedup_status speedup_optimization_supersede(speedup_optimization *optimization, const char *id)
{
    return optimization && id ? append_text(optimization, &optimization->supersedes, id) : SPEEDUP_INVALID_ARGUMENT;
}

speedup_status speedup_optimization_claim(speedup_optimization *optimization, const char *resource, double factor,
                                          const char *source)
{
    if (!optimization || !resource)
        return SPEEDUP_INVALID_ARGUMENT;
    /* The least of a row is for registering to tell. */
    if (!(factor > 0 && factor <= record_field(&claim_table, "factor")->most))
        return SPEEDUP_OUT_OF_RANGE;
    struct claim made = {.factor = factor};
    if (!copy(&optimization->arena, resource, &made.resource) || !copy(&optimization->arena, source, &made.source))
        return SPEEDUP_OUT_OF_MEMORY;
    return append(optimization, &optimization->claims, &made, sizeof made);
}

/* The texts of a list, copied and ended by NULL; NULL without memory. */
static const char **copy_texts(struct arena *arena, const struct list *list)
{
    const char *const *from = list->items;
    const char **made = arena_zeroed(arena, list->count + 1, sizeof *made);
    for (size_t i = 0; made && i < list->count; i++)
        copy(arena, from[i], &made[i]);
    return made;
}

/* The items of a list as they are; their texts must be copied too. */
static void *copy_items(struct arena *arena, const struct list *list, size_t size)
{
    void *made = arena_zeroed(arena, list->count + 1, size);
    if (made && list->count)
        memcpy(made, list->items, list->count * size);
    return made;
}

static const struct told *copy_told(struct arena *arena, const speedup_optimization *from)
{
    struct told_effect *effects = copy_items(arena, &from->effects, sizeof *effects);
    struct callback *callbacks = copy_items(arena, &from->callbacks, sizeof *callbacks);
    const char **requirements = copy_texts(arena, &from->requirements);
    struct told *made = arena_zeroed(arena, 1, sizeof *made);
    if (!effects || !callbacks || !requirements || !made)
        return NULL;
    for (size_t i = 0; i < from->effects.count; i++) {
        copy(arena, effects[i].target, &effects[i].target);
        copy(arena, effects[i].value, &effects[i].value);
    }
    for (size_t i = 0; i < from->callbacks.count; i++)
        copy(arena, callbacks[i].target, &callbacks[i].target);
    *made = (struct told){.requirements = requirements,
                          .effects = effects,
                          .callbacks = callbacks,
                          .requirement_count = from->requirements.count,
                          .effect_count = from->effects.count,
                          .callback_count = from->callbacks.count};
    return made;
}

/* Problems are told of "<registered>" and the keys from there on. */
static const struct origin *make_origin(speedup_context *context, struct arena *arena, const char *id)
{
    struct origin *made = arena_zeroed(arena, 1, sizeof *made);
    struct text text;
    text_begin(&text, &context->allocator);
    text_format(&text, "<registered>: %s.%s", kinds[KIND_OPTIMIZATION].section, id);
    if (made && !text.failed)
        made->place.file = arena_copy(arena, text.bytes, text.length);
    text_end(&text);
    return made && made->place.file ? made : NULL;
}

/* The optimization as an entry in the arena of its catalog; NULL without memory. */
static struct optimization *make_entry(speedup_context *context, struct arena *arena, const speedup_optimization *from)
{
    struct optimization *made = arena_zeroed(arena, 1, sizeof *made);
    if (!made)
        return NULL;
    const char *name, *source;
    copy(arena, from->id, &made->head.id);
    copy(arena, from->name, &name);
    copy(arena, from->source, &source);
    memcpy(made->applies, from->applies, sizeof made->applies);
    made->head.origin = make_origin(context, arena, from->id);
    made->told = copy_told(arena, from);
    made->excludes = copy_texts(arena, &from->excludes);
    made->supersedes = copy_texts(arena, &from->supersedes);
    made->parameters = copy_items(arena, &from->parameters, sizeof *made->parameters);
    made->claims = copy_items(arena, &from->claims, sizeof *made->claims);
    if (!made->head.origin || !made->told || arena->failed)
        return NULL;
    made->parameter_count = (uint32_t)from->parameters.count;
    made->claim_count = (uint32_t)from->claims.count;
    for (uint32_t i = 0; i < made->parameter_count; i++) {
        copy(arena, made->parameters[i].name, &made->parameters[i].name);
        copy(arena, made->parameters[i].text, &made->parameters[i].text);
    }
    for (uint32_t i = 0; i < made->claim_count; i++) {
        copy(arena, made->claims[i].resource, &made->claims[i].resource);
        copy(arena, made->claims[i].source, &made->claims[i].source);
    }
    if (arena->failed)
        return NULL;
    const struct record_table *table = kinds[KIND_OPTIMIZATION].table;
    record_set_text(context, NULL, table, made, "name", name, &made->head.origin->place);
    if (source)
        record_set_text(context, NULL, table, made, "source", source, &made->head.origin->place);
    return made;
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
    speedup_catalog *made = catalog_allocate(context);
    struct optimization *entry = made ? make_entry(context, &made->arena, optimization) : NULL;
    speedup_status status = entry ? catalog_extend_by_value(context, base, made, KIND_OPTIMIZATION, &entry->head)
                                  : no_memory(context);
    if (status) {
        speedup_catalog_unref(made);
        return status;
    }
    made->users = callback_users_ref(optimization->users);
    *catalog = made;
    return SPEEDUP_OK;
}
