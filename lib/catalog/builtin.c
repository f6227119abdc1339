/* The data built into the library: the trees of data/, packed when it is built
 * (tools/embed.c writes what this reads). Each file is its name and a tree; a tree
 * is 's' or 'q' and a text, or 'l' or 'm', a count in two bytes, and its items. */
#include "catalog/catalog.h"

#include <string.h>

extern const unsigned char builtin_bytes[];
extern const size_t builtin_length, builtin_files, builtin_nodes;

struct unpacker {
    size_t at;
    struct yaml_node *nodes;
    uint32_t count;
};

static uint32_t unpack_node(struct unpacker *unpacker)
{
    uint32_t made = unpacker->count++;
    struct yaml_node *node = &unpacker->nodes[made];
    unsigned char kind = builtin_bytes[unpacker->at++];
    if (kind == 's' || kind == 'q') {
        size_t length = strlen((const char *)builtin_bytes + unpacker->at);
        *node = (struct yaml_node){.kind = YAML_SCALAR, .plain = kind == 's', .text = (uint32_t)unpacker->at, .length = (uint32_t)length};
        unpacker->at += length + 1;
        return made;
    }
    uint32_t items = builtin_bytes[unpacker->at] | (uint32_t)builtin_bytes[unpacker->at + 1] << 8, last = 0;
    unpacker->at += 2;
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
    struct unpacker unpacker = {.count = 1};
    unpacker.nodes = arena_zeroed(arena, builtin_nodes + 1, sizeof *unpacker.nodes);
    *trees = arena_zeroed(arena, builtin_files, sizeof **trees);
    *count = builtin_files;
    if (!unpacker.nodes || !*trees)
        return false;
    for (size_t i = 0; i < builtin_files; i++) {
        const char *name = (const char *)builtin_bytes + unpacker.at;
        unpacker.at += strlen(name) + 1;
        uint32_t root = unpack_node(&unpacker);
        (*trees)[i] = (struct yaml_tree){.file = name, .nodes = unpacker.nodes, .node_count = builtin_nodes + 1, .bytes = (const char *)builtin_bytes, .root = root};
    }
    return true;
}
