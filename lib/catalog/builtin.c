/* The data built into the library: the trees of data/, packed when it is built. */
#include "catalog/builtin.h"
#include "catalog/catalog.h"

#include <string.h>

struct unpacker {
    const unsigned char *at;
    const uint32_t *texts; /* where each begins, and where the last ends */
    uint32_t next;         /* of those that are used once */
    struct yaml_node *nodes;
    uint32_t count;
};

static uint32_t take(const unsigned char **at)
{
    uint32_t number = 0;
    for (int shift = 0;; shift += 7) {
        uint32_t byte = *(*at)++;
        number |= (byte & 127) << shift;
        if (byte < 128)
            return number;
    }
}

static void unpack(const unsigned char *packed, char *out, size_t room)
{
    for (const char *end = out + room; out < end;) {
        uint32_t step = take(&packed), length = step & COPY_LONG;
        for (uint32_t count = step >> COPY_BITS; count; count--)
            *out++ = (char)*packed++;
        if (!length)
            continue;
        if (length == COPY_LONG)
            length += take(&packed);
        const char *from = out - take(&packed);
        for (length += COPY_LEAST - 1; length; length--)
            *out++ = *from++;
    }
}

static const uint32_t *unpack_text(struct unpacker *unpacker, uint32_t packed)
{
    return &unpacker->texts[packed ? packed - 1 : unpacker->next++];
}

static uint32_t unpack_node(struct unpacker *unpacker)
{
    uint32_t made = unpacker->count++, packed = take(&unpacker->at), number = packed >> 2, last = 0;
    struct yaml_node *node = &unpacker->nodes[made];
    enum packed_kind kind = packed & 3;
    if (kind == PACKED_PLAIN || kind == PACKED_QUOTED) {
        const uint32_t *begin = unpack_text(unpacker, number);
        *node = (struct yaml_node){.kind = YAML_SCALAR, .plain = kind == PACKED_PLAIN, .text = begin[0],
                                   .length = begin[1] - begin[0] - 1};
        return made;
    }
    node->kind = kind == PACKED_SEQUENCE ? YAML_SEQUENCE : YAML_MAPPING;
    node->length = number;
    for (uint32_t i = 0; i < (kind == PACKED_SEQUENCE ? number : 2 * number); i++) {
        uint32_t child = unpack_node(unpacker);
        if (last)
            unpacker->nodes[last].next = child;
        else
            node->first = child;
        last = child;
    }
    return made;
}

bool builtin_read(struct arena *arena, struct yaml_tree **trees, size_t *count)
{
    char *bytes = arena_zeroed(arena, builtin_texts_room, 1), *packed = arena_zeroed(arena, builtin_trees_room, 1);
    uint32_t *begins = arena_zeroed(arena, builtin_text_count + 1, sizeof *begins);
    struct yaml_node *nodes = arena_zeroed(arena, builtin_nodes + 1, sizeof *nodes);
    *count = builtin_files;
    *trees = arena_zeroed(arena, builtin_files, sizeof **trees);
    if (!bytes || !packed || !begins || !nodes || !*trees)
        return false;
    unpack(builtin_texts, bytes, builtin_texts_room);
    unpack(builtin_trees, packed, builtin_trees_room);
    for (size_t i = 0; i < builtin_text_count; i++)
        begins[i + 1] = begins[i] + (uint32_t)strlen(bytes + begins[i]) + 1;
    struct unpacker unpacker = {.at = (const unsigned char *)packed, .texts = begins, .next = (uint32_t)builtin_shared,
                                .nodes = nodes, .count = 1};
    for (size_t i = 0; i < builtin_files; i++) {
        const char *name = bytes + *unpack_text(&unpacker, take(&unpacker.at));
        uint32_t root = unpack_node(&unpacker);
        (*trees)[i] = (struct yaml_tree){.file = name, .nodes = nodes, .node_count = builtin_nodes + 1, .bytes = bytes, .root = root};
    }
    return true;
}
