/* Mappings described by calls. Knows no key. */
#include "yaml/described.h"

#include "yaml/edit.h"
#include "yaml/record.h"

#include <string.h>

enum { FEW_NODES = 4096, FEW_BYTES = 1 << 17 };

void described_begin(const speedup_allocator *allocator, const char *section, const char *id,
                     struct described *described)
{
    static const struct yaml_node empty[] = {{0}, {.kind = YAML_MAPPING}};
    *described = (struct described){.section = section, .id = id, .most_nodes = FEW_NODES, .most_bytes = FEW_BYTES};
    described->tree = (struct yaml_tree){.nodes = empty, .node_count = 2, .bytes = "", .root = 1};
    arena_begin(&described->arena, allocator);
}

bool described_tidy(speedup_context *context, struct described *described)
{
    if (described->tree.node_count <= described->most_nodes && described->tree.byte_count <= described->most_bytes)
        return true;
    struct arena arena;
    struct yaml_tree tree;
    arena_begin(&arena, &described->arena.allocator);
    if (!yaml_copy(&arena, &described->tree, &tree)) {
        arena_end(&arena);
        return no_memory(context) == SPEEDUP_OK;
    }
    arena_end(&described->arena);
    described->arena = arena;
    described->tree = tree;
    described->most_nodes = 2 * tree.node_count > FEW_NODES ? 2 * tree.node_count : FEW_NODES;
    described->most_bytes = 2 * tree.byte_count > FEW_BYTES ? 2 * tree.byte_count : FEW_BYTES;
    return true;
}

/* A key as it is told: a plan has its own, of an entry there are many. */
static void put_name(const struct described *described, const char *key, struct text *text)
{
    if (described->id)
        text_format(text, "%s.%s%s%.200s", described->section, described->id, key ? "." : "", key ? key : "");
    else if (key)
        text_format(text, "%.200s", key);
    else
        text_format(text, "<%s>", described->section);
}

static uint32_t find_keys(const struct described *described)
{
    uint32_t node = yaml_find(&described->tree, described->tree.root, described->section);
    return node && described->id ? yaml_find(&described->tree, node, described->id) : node;
}

/* A change of what has the keys, from their section on; false after a problem. */
static bool begin(speedup_context *context, struct described *described, struct edit *edit, size_t nodes, size_t bytes)
{
    edit->context = context;
    edit->arena = &described->arena;
    edit->tree = &described->tree;
    enum edit_result result = edit_begin(edit, nodes, bytes);
    const struct place place = {.file = edit->origin};
    if (result == EDIT_NO_WAY)
        problem(context, SPEEDUP_UNKNOWN_KEY, &place, "'%.80s' leads through something that has no such key",
                edit->path);
    return result == EDIT_FINE;
}

/* The mapping of the keys, made where there is none; 0 after a problem. */
static uint32_t open_keys(speedup_context *context, struct described *described)
{
    uint32_t keys = find_keys(described);
    if (keys)
        return keys;
    struct text name;
    text_begin(&name, &context->allocator);
    put_name(described, NULL, &name);
    const char *id = described->id;
    struct edit edit = {.from = described->tree.root,
                        .path = described->section,
                        .length = strlen(described->section),
                        .origin = name.bytes};
    if (name.failed)
        no_memory(context);
    else if (begin(context, described, &edit, 3, id ? edit_room_text(id) : 0)) {
        uint32_t top = keys = edit_container(&edit, YAML_MAPPING);
        if (id) {
            keys = edit_container(&edit, YAML_MAPPING);
            edit_add_key(&edit, top, id, strlen(id), keys);
        }
        edit_put(&edit, top);
    }
    text_end(&name);
    return keys;
}

bool described_open(speedup_context *context, struct described *described)
{
    return open_keys(context, described) != 0;
}

/* What puts a value: made with the change open, and room for it. */
struct value {
    enum { VALUE_NUMBER, VALUE_TEXT, VALUE_LIST } kind;
    double number;
    const char *text; /* or the id of an item */
    const char *const *names;
    const double *numbers;
    size_t count;
};

static uint32_t make(struct edit *edit, const struct value *value)
{
    if (value->kind == VALUE_NUMBER)
        return edit_number(edit, value->number);
    if (value->kind == VALUE_LIST)
        return edit_container(edit, YAML_SEQUENCE);
    if (!value->count)
        return edit_text(edit, value->text, strlen(value->text));
    uint32_t item = edit_container(edit, YAML_MAPPING), parameters = edit_container(edit, YAML_MAPPING);
    for (size_t i = 0; i < value->count; i++)
        edit_add_key(edit, parameters, value->names[i], strlen(value->names[i]), edit_number(edit, value->numbers[i]));
    edit_add_key(edit, item, value->text, strlen(value->text), parameters);
    return item;
}

/* Can texts be those of a document? */
static bool check(speedup_context *context, const struct place *place, const char *key, const struct value *value)
{
    bool good = text_is_utf8(key) && (!value->text || text_is_utf8(value->text));
    for (size_t i = 0; i < value->count; i++)
        good = good && text_is_utf8(value->names[i]);
    if (!good)
        problem(context, SPEEDUP_NOT_TEXT, text_is_utf8(key) ? place : NULL, "a text that is not UTF-8");
    else if (value->kind == VALUE_TEXT)
        return check_text(context, place, key, value->text);
    return good;
}

static void give(speedup_context *context, struct described *described, const char *key, bool item,
                 const struct value *value)
{
    struct text name;
    text_begin(&name, &context->allocator);
    put_name(described, key, &name);
    const struct place place = {.file = name.bytes};
    struct edit edit = {.path = key, .length = strlen(key), .lists = true, .origin = name.bytes};
    size_t bytes = EDIT_ROOM_NUMBER + (value->text ? edit_room_text(value->text) : 0);
    for (size_t i = 0; i < value->count; i++)
        bytes += edit_room_text(value->names[i]) + EDIT_ROOM_NUMBER;
    if (name.failed)
        no_memory(context);
    else if (check(context, &place, key, value) && described_tidy(context, described) &&
             (edit.from = open_keys(context, described)) &&
             begin(context, described, &edit, 4 + 2 * value->count, bytes)) {
        uint32_t made = make(&edit, value);
        if (item)
            edit_append(&edit, made);
        else
            edit_put(&edit, made);
    }
    text_end(&name);
}

void described_number(speedup_context *context, struct described *described, const char *key, double value)
{
    give(context, described, key, false, &(struct value){.kind = VALUE_NUMBER, .number = value});
}

void described_text(speedup_context *context, struct described *described, const char *key, const char *text)
{
    give(context, described, key, false, &(struct value){.kind = VALUE_TEXT, .text = text});
}

void described_list(speedup_context *context, struct described *described, const char *key)
{
    give(context, described, key, false, &(struct value){.kind = VALUE_LIST});
}

void described_add_number(speedup_context *context, struct described *described, const char *list, double value)
{
    give(context, described, list, true, &(struct value){.kind = VALUE_NUMBER, .number = value});
}

void described_add(speedup_context *context, struct described *described, const char *list, const char *id,
                   const char *const *names, const double *values, size_t count)
{
    give(context, described, list, true,
         &(struct value){.kind = VALUE_TEXT, .text = id, .names = names, .numbers = values, .count = count});
}

void described_widen(speedup_context *context, struct described *described, const char *key, const char *own)
{
    uint32_t keys = find_keys(described), node = keys ? yaml_find(&described->tree, keys, key) : 0;
    if (!node || yaml_at(&described->tree, node)->kind != YAML_SCALAR)
        return;
    struct edit edit = {.from = keys, .path = key, .length = strlen(key), .origin = key};
    if (begin(context, described, &edit, 3, edit_room_text(own)))
        edit_wrap(&edit, own);
}
