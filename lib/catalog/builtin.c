/* The data built into the library: the trees of data/, packed when it is built
 * (tools/embed.c writes what this reads).
 *
 * Texts: each once, ended by NUL; a byte that has a pair stands for two bytes, each
 * perhaps of a pair again. Trees: numbers of seven bits a byte, the lowest first. A
 * file is the number of its name and a tree; a tree is what it is in the two lowest
 * bits of a number, above them the number of a text or the count of its items. */
#include "catalog/catalog.h"

#include <string.h>

extern const unsigned char builtin_pairs[][2], builtin_texts[], builtin_trees[];
extern const size_t builtin_bytes, builtin_room, builtin_text_count, builtin_files, builtin_nodes;

enum packed_kind { PACKED_PLAIN, PACKED_QUOTED, PACKED_SEQUENCE, PACKED_MAPPING };

struct unpacker {
    const unsigned char *at;
    const uint32_t *texts; /* where each begins, and where the last ends */
    struct yaml_node *nodes;
    uint32_t count;
};

static char *unpack_byte(unsigned char byte, char *out)
{
    const unsigned char *pair = builtin_pairs[byte];
    if (*pair)
        return unpack_byte(pair[1], unpack_byte(pair[0], out));
    *out++ = (char)byte;
    return out;
}

static void unpack_texts(char *bytes, uint32_t *begins)
{
    char *end = bytes;
    for (size_t i = 0; i < builtin_bytes; i++) {
        end = unpack_byte(builtin_texts[i], end);
        if (!builtin_texts[i])
            *++begins = (uint32_t)(end - bytes);
    }
}

static uint32_t take(struct unpacker *unpacker)
{
    uint32_t number = 0;
    for (int shift = 0;; shift += 7) {
        uint32_t byte = *unpacker->at++;
        number |= (byte & 127) << shift;
        if (byte < 128)
            return number;
    }
}

static uint32_t unpack_node(struct unpacker *unpacker)
{
    uint32_t made = unpacker->count++, packed = take(unpacker), number = packed >> 2, last = 0;
    struct yaml_node *node = &unpacker->nodes[made];
    enum packed_kind kind = packed & 3;
    if (kind == PACKED_PLAIN || kind == PACKED_QUOTED) {
        const uint32_t *begin = &unpacker->texts[number];
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
    char *bytes = arena_zeroed(arena, builtin_room, 1);
    uint32_t *texts = arena_zeroed(arena, builtin_text_count + 1, sizeof *texts);
    struct unpacker unpacker = {.at = builtin_trees, .texts = texts, .count = 1};
    unpacker.nodes = arena_zeroed(arena, builtin_nodes + 1, sizeof *unpacker.nodes);
    *trees = arena_zeroed(arena, builtin_files, sizeof **trees);
    *count = builtin_files;
    if (!bytes || !texts || !unpacker.nodes || !*trees)
        return false;
    unpack_texts(bytes, texts);
    for (size_t i = 0; i < builtin_files; i++) {
        const char *name = bytes + texts[take(&unpacker)];
        uint32_t root = unpack_node(&unpacker);
        (*trees)[i] = (struct yaml_tree){.file = name, .nodes = unpacker.nodes, .node_count = builtin_nodes + 1, .bytes = bytes, .root = root};
    }
    return true;
}
