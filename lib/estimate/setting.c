/* Settings: "path=value" put over a tree before it is read. Knows no key. */
#include "estimate/scenario.h"

#include <string.h>

static bool bad_setting(speedup_context *context, const char *setting, const char *why)
{
    problem(context, SPEEDUP_BAD_SETTING, NULL, "setting '%.80s': %s", setting, why);
    return false;
}

/* One more setting that nodes may have come from; its number, or 0 without memory. */
static uint32_t add_setting(struct arena *arena, struct yaml_tree *tree, const char *setting)
{
    uint32_t count = 0;
    while (tree->settings && tree->settings[count])
        count++;
    const char **settings = arena_zeroed(arena, count + 2, sizeof *settings);
    struct text text;
    text_begin(&text, &arena->allocator);
    text_format(&text, "setting '%.80s'", setting);
    const char *kept = text.failed ? NULL : arena_copy(arena, text.bytes, text.length);
    text_end(&text);
    if (!settings || !kept)
        return 0;
    if (count)
        memcpy(settings, tree->settings, count * sizeof *settings);
    settings[count] = kept;
    tree->settings = settings;
    return count + 1;
}

/* Grafts the nodes of one tree behind those of another; the value's root gets a new
 * number. Grafted nodes have no line: their text is not in the file. */
static bool graft(struct arena *arena, struct yaml_tree *tree, uint32_t setting, const struct yaml_tree *value,
                  uint32_t *root)
{
    size_t count = tree->node_count + value->node_count, bytes = 0, value_bytes = 0;
    for (size_t i = 1; i < tree->node_count; i++)
        if (tree->nodes[i].kind == YAML_SCALAR && tree->nodes[i].text + tree->nodes[i].length + 1 > bytes)
            bytes = tree->nodes[i].text + tree->nodes[i].length + 1;
    for (size_t i = 1; i < value->node_count; i++)
        if (value->nodes[i].kind == YAML_SCALAR && value->nodes[i].text + value->nodes[i].length + 1 > value_bytes)
            value_bytes = value->nodes[i].text + value->nodes[i].length + 1;
    struct yaml_node *nodes = arena_zeroed(arena, count, sizeof *nodes);
    char *text = arena_zeroed(arena, bytes + value_bytes, 1);
    if (!nodes || !text)
        return false;
    uint32_t shift = (uint32_t)tree->node_count - 1;
    memcpy(nodes, tree->nodes, tree->node_count * sizeof *nodes);
    memcpy(text, tree->bytes, bytes);
    memcpy(text + bytes, value->bytes, value_bytes);
    for (size_t i = 1; i < value->node_count; i++) {
        struct yaml_node node = value->nodes[i];
        node.line = 0;
        node.column = setting;
        node.text += node.kind == YAML_SCALAR ? (uint32_t)bytes : 0;
        node.first += node.first ? shift : 0;
        node.next += node.next ? shift : 0;
        nodes[i + shift] = node;
    }
    *root = value->root + shift;
    tree->nodes = nodes;
    tree->node_count = count - 1;
    tree->bytes = text;
    return true;
}

/* Puts `value` in place of `old` in the mapping, or behind its last key. */
static void put_value(struct yaml_tree *tree, uint32_t mapping, uint32_t key, uint32_t old, uint32_t value)
{
    struct yaml_node *nodes = (struct yaml_node *)(uintptr_t)tree->nodes; /* our own copy, by graft */
    if (old) {
        nodes[value].next = nodes[old].next;
        uint32_t before = nodes[mapping].first;
        while (nodes[before].next != old)
            before = nodes[before].next;
        nodes[before].next = value;
        return;
    }
    nodes[key].next = value;
    uint32_t *last = &nodes[mapping].first;
    while (*last)
        last = &nodes[*last].next;
    *last = key;
    nodes[mapping].length++;
}

bool setting_apply(speedup_context *context, struct arena *arena, struct yaml_tree *tree, const char *setting)
{
    const char *equals = strchr(setting, '=');
    if (!equals || equals == setting)
        return bad_setting(context, setting, "write path=value, for example train.micro_batch=2");
    if (!equals[1])
        return bad_setting(context, setting, "it has no value");
    struct yaml_tree value;
    uint32_t node, mapping = tree->root, number = add_setting(arena, tree, setting);
    if (!number)
        return no_memory(context) == SPEEDUP_OK;
    if (yaml_read(context, arena, tree->settings[number - 1], equals + 1, strlen(equals + 1), &value))
        return false;
    if (!graft(arena, tree, number, &value, &node))
        return no_memory(context) == SPEEDUP_OK;
    const char *at = setting;
    for (;;) {
        size_t length = strcspn(at, ".=");
        bool last = at + length == equals;
        if (!length || yaml_at(tree, mapping)->kind != YAML_MAPPING)
            return bad_setting(context, setting, "the path leads through something that is no mapping");
        char *name = arena_copy(arena, at, length);
        if (!name)
            return no_memory(context) == SPEEDUP_OK;
        uint32_t found = yaml_find(tree, mapping, name);
        if (last || !found) {
            /* A key node, and for a path that goes on, an empty mapping under it. */
            struct yaml_node pair[3] = {{0}, {.kind = YAML_SCALAR, .length = (uint32_t)length}, {.kind = YAML_MAPPING}};
            struct yaml_tree made = {.nodes = pair, .node_count = 3, .bytes = name, .root = 1};
            uint32_t key;
            if (!graft(arena, tree, number, &made, &key))
                return no_memory(context) == SPEEDUP_OK;
            put_value(tree, mapping, key, found, last ? node : key + 1);
            found = last ? node : key + 1;
        }
        if (last)
            return true;
        mapping = found;
        at += length + 1;
    }
}
