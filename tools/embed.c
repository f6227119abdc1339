/* Packs YAML files into a C source, for the data built into the library.
 * usage: embed OUTPUT.c ROOT FILE.yaml ... (see lib/catalog/builtin.c for the form) */
#include "yaml/tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Texts stand once each, in front of the trees that refer to them by place. */
struct packer {
    unsigned char *texts, *trees;
    size_t text_bytes, tree_bytes, nodes;
};

enum { MOST = 1 << 22 };

static uint32_t place_of(struct packer *packer, const char *string)
{
    size_t length = strlen(string) + 1, at = 0;
    while (at < packer->text_bytes) {
        const char *known = (const char *)packer->texts + at;
        if (!strcmp(known, string))
            return (uint32_t)at;
        at += strlen(known) + 1;
    }
    if (at + length > MOST)
        exit(1);
    memcpy(packer->texts + at, string, length);
    packer->text_bytes += length;
    return (uint32_t)at;
}

static void put_number(struct packer *packer, uint32_t number, int bytes)
{
    if (packer->tree_bytes + 4 > MOST)
        exit(1);
    for (; bytes--; number >>= 8)
        packer->trees[packer->tree_bytes++] = number & 0xFF;
}

static void pack(struct packer *packer, const struct yaml_tree *tree, uint32_t at)
{
    const struct yaml_node *node = yaml_at(tree, at);
    packer->nodes++;
    if (node->kind == YAML_SCALAR) {
        put_number(packer, node->plain ? 's' : 'q', 1);
        put_number(packer, place_of(packer, yaml_text(tree, at)), 3);
        return;
    }
    put_number(packer, node->kind == YAML_SEQUENCE ? 'l' : 'm', 1);
    put_number(packer, node->length, 2);
    for (uint32_t child = node->first; child; child = yaml_at(tree, child)->next)
        pack(packer, tree, child);
}

static void put_bytes(FILE *out, const unsigned char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        fprintf(out, "%u,%s", bytes[i], (i + 1) % 24 ? "" : "\n");
}

int main(int argc, char **argv)
{
    speedup_context *context;
    if (argc < 4 || speedup_context_create(NULL, &context))
        return 2;
    struct packer packer = {.texts = calloc(MOST, 1), .trees = calloc(MOST, 1)};
    FILE *out = fopen(argv[1], "w");
    if (!out || !packer.texts || !packer.trees)
        return 2;
    struct arena arena;
    arena_begin(&arena, &memory_default);
    size_t root = strlen(argv[2]);
    for (int i = 3; i < argc; i++) {
        struct yaml_tree tree;
        if (yaml_read_file(context, &arena, argv[i], &tree)) {
            for (size_t d = 0; d < speedup_diagnostic_count(context); d++)
                fprintf(stderr, "%s\n", speedup_diagnostic_text(context, d));
            fclose(out);
            remove(argv[1]);
            return 1;
        }
        const char *name = strncmp(argv[i], argv[2], root) ? argv[i] : argv[i] + root;
        put_number(&packer, place_of(&packer, name + strspn(name, "/")), 3);
        pack(&packer, &tree, tree.root);
    }
    fprintf(out, "/* made by tools/embed.c */\n#include <stddef.h>\n"
                 "extern const unsigned char builtin_bytes[];\n"
                 "extern const size_t builtin_texts, builtin_files, builtin_nodes;\n"
                 "const unsigned char builtin_bytes[] = {\n");
    put_bytes(out, packer.texts, packer.text_bytes);
    put_bytes(out, packer.trees, packer.tree_bytes);
    fprintf(out, "};\nconst size_t builtin_texts = %zu, builtin_files = %d, builtin_nodes = %zu;\n", packer.text_bytes,
            argc - 3, packer.nodes);
    arena_end(&arena);
    speedup_context_destroy(context);
    free(packer.texts);
    free(packer.trees);
    return fclose(out) ? 1 : 0;
}
