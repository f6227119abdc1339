/* The tree while it grows: bounded, each key once. Knows no syntax. */
#include "yaml/reader.h"

#include <stdlib.h>
#include <string.h>

struct place reader_place(const struct reader *reader, struct reader_mark mark)
{
    return (struct place){
        .file = reader->file,
        .source = reader->source,
        .source_length = reader->source_length,
        .line = mark.line,
        .column = mark.column,
    };
}

speedup_status reader_refuse(struct reader *reader, speedup_status code, struct reader_mark mark, const char *message)
{
    struct place place = reader_place(reader, mark);
    problem(reader->context, code, &place, "%s", message);
    return code;
}

static speedup_status add_node(struct reader *reader, enum yaml_kind kind, struct reader_mark mark, uint32_t *node)
{
    if (reader->count >= reader->most) {
        struct place place = reader_place(reader, mark);
        problem(reader->context, SPEEDUP_TOO_MANY_NODES, &place, "more than %zu values in one document",
                reader->most);
        return SPEEDUP_TOO_MANY_NODES;
    }
    void *nodes = reader->nodes;
    bool grown =
        memory_grow(&reader->context->allocator, &nodes, &reader->room, reader->count, sizeof *reader->nodes);
    reader->nodes = nodes;
    if (!grown)
        return no_memory(reader->context);
    uint32_t made = (uint32_t)reader->count++;
    reader->nodes[made] = (struct yaml_node){
        .kind = (uint8_t)kind, .line = mark.line, .column = mark.column};
    if (reader->depth) {
        uint32_t parent = reader->open[reader->depth].node, last = reader->open[reader->depth].last;
        if (last)
            reader->nodes[last].next = made;
        else
            reader->nodes[parent].first = made;
        reader->open[reader->depth].last = made;
        reader->nodes[made].keyed = reader->nodes[parent].kind == YAML_MAPPING && reader->nodes[parent].length % 2;
        reader->nodes[parent].length++;
    } else {
        reader->root = made;
    }
    *node = made;
    return SPEEDUP_OK;
}

speedup_status reader_scalar(struct reader *reader, struct reader_mark mark, const char *text, size_t length, bool plain)
{
    uint32_t node;
    speedup_status status = add_node(reader, YAML_SCALAR, mark, &node);
    if (status)
        return status;
    while (reader->bytes_room < reader->used + length + 1) {
        void *bytes = reader->bytes;
        size_t room = reader->bytes_room;
        bool grown = memory_grow(&reader->context->allocator, &bytes, &room, room, 1);
        reader->bytes = bytes;
        reader->bytes_room = room;
        if (!grown)
            return no_memory(reader->context);
    }
    memcpy(reader->bytes + reader->used, text, length);
    reader->bytes[reader->used + length] = '\0';
    reader->nodes[node].text = (uint32_t)reader->used;
    reader->nodes[node].length = (uint32_t)length;
    reader->nodes[node].plain = plain;
    reader->used += length + 1;
    if (memchr(text, '\0', length))
        return reader_refuse(reader, SPEEDUP_NOT_TEXT, mark, "a NUL character in a value");
    return SPEEDUP_OK;
}

speedup_status reader_open(struct reader *reader, enum yaml_kind kind, struct reader_mark mark)
{
    if (reader->depth >= reader->deepest) {
        struct place place = reader_place(reader, mark);
        problem(reader->context, SPEEDUP_TOO_DEEP, &place, "nested more than %d deep", reader->deepest);
        return SPEEDUP_TOO_DEEP;
    }
    uint32_t node;
    speedup_status status = add_node(reader, kind, mark, &node);
    if (status)
        return status;
    reader->depth++;
    reader->open[reader->depth].node = node;
    reader->open[reader->depth].last = 0;
    return SPEEDUP_OK;
}

struct key {
    const char *text;
    uint32_t node;
};

static int by_text(const void *a, const void *b)
{
    const struct key *x = a, *y = b;
    int order = strcmp(x->text, y->text);
    return order ? order : (x->node > y->node) - (x->node < y->node);
}

/* A mapping is complete: its keys are scalars, each there once. */
static speedup_status check_keys(struct reader *reader, uint32_t mapping)
{
    struct yaml_node *node = &reader->nodes[mapping];
    node->length /= 2;
    size_t count = node->length;
    if (!count)
        return SPEEDUP_OK;
    const speedup_allocator *allocator = &reader->context->allocator;
    struct key *keys = allocator->allocate(allocator->user, count * sizeof *keys);
    if (!keys)
        return no_memory(reader->context);
    struct place place = {.file = reader->file, .source = reader->source, .source_length = reader->source_length};
    bool scalars = true;
    size_t n = 0;
    for (uint32_t key = node->first; key; key = reader->nodes[reader->nodes[key].next].next) {
        if (reader->nodes[key].kind != YAML_SCALAR) {
            place.line = reader->nodes[key].line;
            place.column = reader->nodes[key].column;
            problem(reader->context, SPEEDUP_WRONG_TYPE, &place, "a key must be plain text");
            scalars = false;
            break;
        }
        keys[n++] = (struct key){reader->bytes + reader->nodes[key].text, key};
    }
    if (scalars) {
        qsort(keys, n, sizeof *keys, by_text);
        for (size_t i = 1; i < n; i++)
            if (!strcmp(keys[i - 1].text, keys[i].text)) {
                place.line = reader->nodes[keys[i].node].line;
                place.column = reader->nodes[keys[i].node].column;
                problem(reader->context, SPEEDUP_DUPLICATE_KEY, &place, "'%.60s' is given twice; first in line %u",
                        keys[i].text, reader->nodes[keys[i - 1].node].line);
            }
    }
    allocator->release(allocator->user, keys);
    /* Duplicates are told all together; only a broken shape ends the reading. */
    return scalars ? SPEEDUP_OK : SPEEDUP_WRONG_TYPE;
}

speedup_status reader_close(struct reader *reader)
{
    uint32_t node = reader->open[reader->depth--].node;
    return reader->nodes[node].kind == YAML_MAPPING ? check_keys(reader, node) : SPEEDUP_OK;
}

speedup_status reader_begin(struct reader *reader)
{
    void *nodes = NULL;
    if (!memory_grow(&reader->context->allocator, &nodes, &reader->room, 0, sizeof *reader->nodes))
        return no_memory(reader->context);
    reader->nodes = nodes;
    reader->nodes[0] = (struct yaml_node){0};
    reader->count = 1;
    return SPEEDUP_OK;
}

/* What was read, copied into the arena. */
static speedup_status keep(struct reader *reader, struct arena *arena, struct yaml_tree *tree)
{
    struct yaml_node *kept = arena_zeroed(arena, reader->count, sizeof *kept);
    char *bytes = arena_copy(arena, reader->bytes ? reader->bytes : "", reader->used);
    char *source = arena_copy(arena, reader->source, reader->source_length);
    char *name = arena_copy(arena, reader->file, strlen(reader->file));
    if (!kept || !bytes || !source || !name)
        return no_memory(reader->context);
    memcpy(kept, reader->nodes, reader->count * sizeof *kept);
    *tree = (struct yaml_tree){.file = name,
                               .source = source,
                               .source_length = reader->source_length,
                               .nodes = kept,
                               .node_count = reader->count,
                               .bytes = bytes,
                               .root = reader->root};
    return SPEEDUP_OK;
}

speedup_status reader_end(struct reader *reader, speedup_status status, struct arena *arena, struct yaml_tree *tree)
{
    speedup_context *context = reader->context;
    if (!status && !reader->root) {
        struct place whole = {.file = reader->file};
        problem(context, SPEEDUP_EMPTY, &whole, "the document is empty");
        status = SPEEDUP_EMPTY;
    }
    if (!status)
        status = context->first;
    if (!status)
        status = keep(reader, arena, tree);
    if (reader->nodes)
        context->allocator.release(context->allocator.user, reader->nodes);
    if (reader->bytes)
        context->allocator.release(context->allocator.user, reader->bytes);
    return status;
}

speedup_status reader_check(speedup_context *context, const char *file, size_t most, const char **text, size_t *length)
{
    struct place whole = {.file = file};
    if (*length > most) {
        problem(context, SPEEDUP_TOO_LARGE, &whole, "%zu bytes; at most %zu are read", *length, most);
        return SPEEDUP_TOO_LARGE;
    }
    if (*length && memchr(*text, '\0', *length)) {
        problem(context, SPEEDUP_NOT_TEXT, &whole, "not a text: it holds NUL bytes");
        return SPEEDUP_NOT_TEXT;
    }
    if (*length >= 3 && !memcmp(*text, "\xEF\xBB\xBF", 3)) {
        *text += 3;
        *length -= 3;
    }
    return SPEEDUP_OK;
}
