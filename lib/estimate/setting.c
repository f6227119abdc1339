/* Settings: "path=value" put over a tree before it is read. Knows no key. */
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

bool setting_apply(speedup_context *context, struct arena *arena, struct yaml_tree *tree, const char *setting)
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
    size_t bytes = edit_room_tree(&value);
    enum edit_result result = edit_begin(&edit, value.node_count, bytes);
    if (result == EDIT_NO_WAY)
        return bad_setting(context, setting, "the path leads through something that is no mapping");
    if (result == EDIT_FINE)
        edit_put(&edit, edit_tree(&edit, &value, bytes));
    return result == EDIT_FINE;
}
