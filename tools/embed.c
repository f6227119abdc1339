/* Packs YAML files into a C source, for the data built into the library.
 * usage: embed OUTPUT.c ROOT FILE.yaml ... (see lib/catalog/builtin.c for the form) */
#include "yaml/tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct packer {
    FILE *out;
    size_t bytes, nodes;
};

static void put_byte(struct packer *packer, unsigned char byte)
{
    fprintf(packer->out, "%u,%s", byte, ++packer->bytes % 24 ? "" : "\n");
}

static void put_string(struct packer *packer, const char *string)
{
    do
        put_byte(packer, (unsigned char)*string);
    while (*string++);
}

static void pack(struct packer *packer, const struct yaml_tree *tree, uint32_t at)
{
    const struct yaml_node *node = yaml_at(tree, at);
    packer->nodes++;
    if (node->kind == YAML_SCALAR) {
        put_byte(packer, node->plain ? 's' : 'q');
        put_string(packer, yaml_text(tree, at));
        return;
    }
    put_byte(packer, node->kind == YAML_SEQUENCE ? 'l' : 'm');
    put_byte(packer, node->length & 0xFF);
    put_byte(packer, (unsigned char)(node->length >> 8));
    for (uint32_t child = node->first; child; child = yaml_at(tree, child)->next)
        pack(packer, tree, child);
}

int main(int argc, char **argv)
{
    speedup_context *context;
    if (argc < 4 || speedup_context_create(NULL, &context))
        return 2;
    struct packer packer = {.out = fopen(argv[1], "w")};
    if (!packer.out)
        return 2;
    struct arena arena;
    arena_begin(&arena, &memory_default);
    fprintf(packer.out, "/* made by tools/embed.c */\n#include <stddef.h>\n"
                        "extern const unsigned char builtin_bytes[];\n"
                        "extern const size_t builtin_length, builtin_files, builtin_nodes;\n"
                        "const unsigned char builtin_bytes[] = {\n");
    size_t root = strlen(argv[2]);
    for (int i = 3; i < argc; i++) {
        struct yaml_tree tree;
        if (yaml_read_file(context, &arena, argv[i], &tree)) {
            for (size_t d = 0; d < speedup_diagnostic_count(context); d++)
                fprintf(stderr, "%s\n", speedup_diagnostic_text(context, d));
            fclose(packer.out);
            remove(argv[1]);
            return 1;
        }
        const char *name = strncmp(argv[i], argv[2], root) ? argv[i] : argv[i] + root;
        put_string(&packer, name + strspn(name, "/"));
        pack(&packer, &tree, tree.root);
    }
    fprintf(packer.out, "};\nconst size_t builtin_length = sizeof builtin_bytes, builtin_files = %d, builtin_nodes = %zu;\n",
            argc - 3, packer.nodes);
    arena_end(&arena);
    speedup_context_destroy(context);
    return fclose(packer.out) ? 1 : 0;
}
