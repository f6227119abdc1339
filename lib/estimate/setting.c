/* Settings: "path=value" put over a tree before it is read. Knows no key but by tables. */
#include "estimate/scenario.h"

#include "yaml/edit.h"

#include <string.h>

static bool bad_setting(speedup_context *context, const char *setting, const char *why)
{
    problem(context, SPEEDUP_BAD_SETTING, NULL, "setting '%.80s': %s", setting, why);
    return false;
}

/* What the value is told to come from; NULL without memory. */
static const char *shown(struct arena *arena, const char *setting)
{
    struct text text;
    text_begin(&text, &arena->allocator);
    text_format(&text, "setting '%.80s'", setting);
    const char *kept = text.failed ? NULL : arena_copy(arena, text.bytes, text.length);
    text_end(&text);
    return kept;
}

static bool is_kind(const char *name, size_t length)
{
    for (int kind = 0; kind < KINDS; kind++)
        if (strlen(kinds[kind].section) == length && !memcmp(kinds[kind].section, name, length))
            return true;
    return false;
}

/* A path that leaves out the section of its key is told; one that the document or the catalog has is none. */
static bool lacks_section(speedup_context *context, struct arena *arena, const struct yaml_tree *tree, const char *setting,
                          const struct yaml_tree *value, const struct section_keys *sections)
{
    size_t length = strcspn(setting, "="), first = strcspn(setting, ".=");
    const char *path = arena_copy(arena, setting, length), *top = arena_copy(arena, setting, first);
    if (!path || !top)
        return no_memory(context) != SPEEDUP_OK;
    if (yaml_find(tree, tree->root, top) ||
        (is_kind(top, first) && (first < length || yaml_at(value, value->root)->kind == YAML_MAPPING)))
        return false;
    for (; sections->name; sections++)
        if (yaml_find(tree, tree->root, sections->name) && record_field(sections->table, path)) {
            problem(context, SPEEDUP_BAD_SETTING, NULL, "setting '%.80s': '%.60s' is a key of '%s'; did you mean '%s.%.80s'?", setting, top, sections->name,
                    sections->name, path);
            problem_remedy(context, "write %s.%.80s", sections->name, setting);
            return true;
        }
    return false;
}

bool setting_apply(speedup_context *context, struct arena *arena, struct yaml_tree *tree, const char *setting,
                   const struct section_keys *sections)
{
    const char *equals = strchr(setting, '=');
    if (!equals || equals == setting)
        return bad_setting(context, setting, "write path=value, for example train.micro_batch=2");
    if (!equals[1])
        return bad_setting(context, setting, "it has no value");
    struct yaml_tree value;
    struct edit edit = {.context = context,
                        .arena = arena,
                        .tree = tree,
                        .from = tree->root,
                        .path = setting,
                        .length = (size_t)(equals - setting),
                        .origin = shown(arena, setting)};
    if (!edit.origin)
        return no_memory(context) == SPEEDUP_OK;
    if (yaml_read(context, arena, edit.origin, equals + 1, strlen(equals + 1), &value))
        return false;
    if (lacks_section(context, arena, tree, setting, &value, sections))
        return false;
    size_t bytes = edit_room_tree(&value);
    enum edit_result result = edit_begin(&edit, value.node_count, bytes);
    if (result == EDIT_NO_WAY)
        return bad_setting(context, setting, "the path leads through something that is no mapping");
    if (result == EDIT_FINE)
        edit_put(&edit, edit_tree(&edit, &value, bytes));
    return result == EDIT_FINE;
}
