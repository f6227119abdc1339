/* The data built into the library: the trees of data/, packed when it is built
 * (tools/embed.c writes what this reads). First all texts, each once; then the files,
 * each the place of its name and a tree. A tree is 's' or 'q' and the place of a text
 * in three bytes, or 'l' or 'm', a count in two, and its items. */
#include "catalog/catalog.h"

#include <string.h>

extern const unsigned char builtin_bytes[];
extern const size_t builtin_texts, builtin_files, builtin_nodes;

struct unpacker {
    size_t at;
    struct yaml_node *nodes;
    uint32_t count;
};

static uint32_t take(struct unpacker *unpacker, int bytes)
{
    uint32_t number = 0;
    for (int i = 0; i < bytes; i++)
        number |= (uint32_t)builtin_bytes[unpacker->at++] << (8 * i);
    return number;
}

static uint32_t unpack_node(struct unpacker *unpacker)
{
    uint32_t made = unpacker->count++;
    struct yaml_node *node = &unpacker->nodes[made];
    uint32_t kind = take(unpacker, 1);
    if (kind == 's' || kind == 'q') {
        uint32_t text = take(unpacker, 3);
        *node = (struct yaml_node){.kind = YAML_SCALAR, .plain = kind == 's', .text = text,
                                   .length = (uint32_t)strlen((const char *)builtin_bytes + text)};
        return made;
    }
    uint32_t items = take(unpacker, 2), last = 0;
    node->kind = kind == 'l' ? YAML_SEQUENCE : YAML_MAPPING;
    node->length = items;
    for (uint32_t i = 0; i < (kind == 'l' ? items : 2 * items); i++) {
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
    struct unpacker unpacker = {.at = builtin_texts, .count = 1};
    unpacker.nodes = arena_zeroed(arena, builtin_nodes + 1, sizeof *unpacker.nodes);
    *trees = arena_zeroed(arena, builtin_files, sizeof **trees);
    *count = builtin_files;
    if (!unpacker.nodes || !*trees)
        return false;
    for (size_t i = 0; i < builtin_files; i++) {
        const char *name = (const char *)builtin_bytes + take(&unpacker, 3);
        uint32_t root = unpack_node(&unpacker);
        (*trees)[i] = (struct yaml_tree){.file = name, .nodes = unpacker.nodes, .node_count = builtin_nodes + 1, .bytes = (const char *)builtin_bytes, .root = root};
    }
    return true;
}
