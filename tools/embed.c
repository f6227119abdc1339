/* Packs the YAML files below a folder into a C source, for the data built into the library.
 * usage: embed OUTPUT.c DEPFILE ROOT (see lib/catalog/builtin.c for the form)
 * The depfile names the folders as well, whose time changes when a file comes or goes. */
#include "yaml/tree.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 1 << 22, MOST_TEXTS = 1 << 16, BYTES = 256 };

struct packed_text {
    const char *string;
    size_t uses;
};

/* Everything that is packed; what it refers to lives until the end. */
struct packer {
    struct packed_text texts[MOST_TEXTS]; /* each once */
    unsigned char bytes[MOST], trees[MOST];
    unsigned char pairs[BYTES][2]; /* what a byte that no text has stands for */
    size_t text_count, byte_count, room, tree_bytes, nodes;
};

static void fail(const char *what)
{
    fprintf(stderr, "embed: %s\n", what);
    exit(1);
}

static size_t number_of(const struct packer *packer, const char *string)
{
    size_t i = 0;
    while (i < packer->text_count && strcmp(packer->texts[i].string, string))
        i++;
    return i;
}

static void use_text(struct packer *packer, const char *string)
{
    size_t i = number_of(packer, string);
    if (i == MOST_TEXTS)
        fail("too many texts");
    if (i == packer->text_count)
        packer->texts[packer->text_count++].string = string;
    packer->texts[i].uses++;
}

static void use_texts(struct packer *packer, const struct yaml_tree *tree, uint32_t at)
{
    const struct yaml_node *node = yaml_at(tree, at);
    packer->nodes++;
    if (node->kind == YAML_SCALAR)
        use_text(packer, yaml_text(tree, at));
    else
        for (uint32_t child = node->first; child; child = yaml_at(tree, child)->next)
            use_texts(packer, tree, child);
}

/* What is used most has the shortest numbers. */
static int by_uses(const void *a, const void *b)
{
    const struct packed_text *x = a, *y = b;
    return x->uses != y->uses ? (x->uses < y->uses ? 1 : -1) : strcmp(x->string, y->string);
}

/* Seven bits a byte, the lowest first; the eighth says that more follow. */
static void put_number(struct packer *packer, size_t number)
{
    if (packer->tree_bytes + 8 > MOST)
        fail("too much data");
    for (; number >= 128; number >>= 7)
        packer->trees[packer->tree_bytes++] = (number & 127) | 128;
    packer->trees[packer->tree_bytes++] = number & 127;
}

static void pack_tree(struct packer *packer, const struct yaml_tree *tree, uint32_t at)
{
    const struct yaml_node *node = yaml_at(tree, at);
    if (node->kind == YAML_SCALAR) {
        put_number(packer, number_of(packer, yaml_text(tree, at)) << 2 | (node->plain ? 0 : 1));
        return;
    }
    put_number(packer, (size_t)node->length << 2 | (node->kind == YAML_SEQUENCE ? 2 : 3));
    for (uint32_t child = node->first; child; child = yaml_at(tree, child)->next)
        pack_tree(packer, tree, child);
}

/* The pair of neighbours that is most frequent, and how often it is there. */
static size_t frequent_pair(const struct packer *packer, unsigned char pair[2])
{
    static size_t counts[BYTES][BYTES];
    size_t most = 0;
    memset(counts, 0, sizeof counts);
    for (size_t i = 0; i + 1 < packer->byte_count; i++) {
        unsigned char a = packer->bytes[i], b = packer->bytes[i + 1];
        if (a && b && ++counts[a][b] > most) {
            most = counts[a][b];
            pair[0] = a;
            pair[1] = b;
        }
    }
    return most;
}

/* Gives bytes that no text has to pairs of neighbours, the most frequent first
 * (P. Gage, A New Algorithm for Data Compression, 1994). */
static void pack_texts(struct packer *packer)
{
    bool used[BYTES] = {true};
    for (size_t i = 0; i < packer->text_count; i++) {
        size_t length = strlen(packer->texts[i].string) + 1;
        if (packer->byte_count + length > MOST)
            fail("too much text");
        memcpy(packer->bytes + packer->byte_count, packer->texts[i].string, length);
        packer->byte_count += length;
    }
    packer->room = packer->byte_count;
    for (size_t i = 0; i < packer->byte_count; i++)
        used[packer->bytes[i]] = true;
    for (int byte = 0; byte < BYTES; byte++) {
        unsigned char pair[2];
        if (used[byte] || frequent_pair(packer, pair) < 3)
            continue;
        memcpy(packer->pairs[byte], pair, 2);
        size_t kept = 0;
        for (size_t i = 0; i < packer->byte_count; i++) {
            bool both = i + 1 < packer->byte_count && !memcmp(packer->bytes + i, pair, 2);
            packer->bytes[kept++] = both ? (unsigned char)byte : packer->bytes[i];
            i += both;
        }
        packer->byte_count = kept;
    }
}

static void write_bytes(FILE *out, const char *name, const unsigned char *bytes, size_t count)
{
    fprintf(out, "const unsigned char %s[] = {\n", name);
    for (size_t i = 0; i < count; i++)
        fprintf(out, "%u,%s", bytes[i], (i + 1) % 24 ? "" : "\n");
    fprintf(out, "};\n");
}

static bool write_source(const struct packer *packer, const char *path, size_t files)
{
    FILE *out = fopen(path, "w");
    if (!out)
        return false;
    fprintf(out, "/* made by tools/embed.c */\n#include <stddef.h>\n"
                 "extern const unsigned char builtin_pairs[], builtin_texts[], builtin_trees[];\n"
                 "extern const size_t builtin_bytes, builtin_room, builtin_text_count, builtin_files, builtin_nodes;\n");
    write_bytes(out, "builtin_pairs", packer->pairs[0], sizeof packer->pairs);
    write_bytes(out, "builtin_texts", packer->bytes, packer->byte_count);
    write_bytes(out, "builtin_trees", packer->trees, packer->tree_bytes);
    fprintf(out, "const size_t builtin_bytes = %zu, builtin_room = %zu, builtin_text_count = %zu, builtin_files = %zu, "
                 "builtin_nodes = %zu;\n", packer->byte_count, packer->room, packer->text_count, files, packer->nodes);
    return !fclose(out);
}

/* Paths that were found, in the order of their names. */
struct paths {
    char **items;
    size_t count, room;
};

static void add_path(struct paths *paths, char *path)
{
    void *items = paths->items;
    if (!path || !memory_grow(&memory_default, &items, &paths->room, paths->count, sizeof *paths->items))
        fail("out of memory");
    paths->items = items;
    paths->items[paths->count++] = path;
}

static char *join(const char *folder, const char *name)
{
    size_t length = strlen(folder) + strlen(name) + 2;
    char *path = malloc(length);
    if (path)
        snprintf(path, length, "%s/%s", folder, name);
    return path;
}

/* The YAML files below a folder, and the folders. */
static void find(const char *folder, struct paths *files, struct paths *folders)
{
    DIR *open = opendir(folder);
    if (!open)
        fail(folder);
    add_path(folders, join(folder, "."));
    for (const struct dirent *entry; (entry = readdir(open));) {
        size_t length = strlen(entry->d_name);
        char *path = join(folder, entry->d_name);
        DIR *below = entry->d_name[0] == '.' || !path ? NULL : opendir(path);
        if (below) {
            closedir(below);
            find(path, files, folders);
        }
        if (!below && entry->d_name[0] != '.' && length > 5 && !strcmp(entry->d_name + length - 5, ".yaml"))
            add_path(files, path);
        else
            free(path);
    }
    closedir(open);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* A rule of make: the output anew when one of these has changed. */
static bool write_dependencies(const char *path, const char *output, const struct paths *files, const struct paths *folders)
{
    FILE *out = fopen(path, "w");
    if (!out)
        return false;
    fprintf(out, "%s:", output);
    for (size_t i = 0; i < files->count + folders->count; i++) {
        fputc(' ', out);
        for (const char *c = i < files->count ? files->items[i] : folders->items[i - files->count]; *c; c++)
            fprintf(out, *c == ' ' || *c == '#' ? "\\%c" : *c == '$' ? "$%c" : "%c", *c);
    }
    fputc('\n', out);
    return !fclose(out);
}

static void free_paths(struct paths *paths)
{
    for (size_t i = 0; i < paths->count; i++)
        free(paths->items[i]);
    free(paths->items);
}

int main(int argc, char **argv)
{
    speedup_context *context;
    if (argc != 4 || speedup_context_create(NULL, &context))
        return 2;
    struct paths files = {0}, folders = {0};
    find(argv[3], &files, &folders);
    if (!files.count)
        fail("no data");
    qsort(files.items, files.count, sizeof *files.items, by_name);
    struct packer *packer = calloc(1, sizeof *packer);
    struct yaml_tree *trees = calloc(files.count, sizeof *trees);
    if (!packer || !trees)
        fail("out of memory");
    struct arena arena;
    arena_begin(&arena, &memory_default);
    size_t root = strlen(argv[3]) + 1;
    for (size_t i = 0; i < files.count; i++) {
        if (yaml_read_file(context, &arena, files.items[i], &trees[i])) {
            for (size_t d = 0; d < speedup_diagnostic_count(context); d++)
                fprintf(stderr, "%s\n", speedup_diagnostic_text(context, d));
            return 1;
        }
        trees[i].file = files.items[i] + root;
        use_text(packer, trees[i].file);
        use_texts(packer, &trees[i], trees[i].root);
    }
    qsort(packer->texts, packer->text_count, sizeof *packer->texts, by_uses);
    for (size_t i = 0; i < files.count; i++) {
        put_number(packer, number_of(packer, trees[i].file));
        pack_tree(packer, &trees[i], trees[i].root);
    }
    pack_texts(packer);
    bool written = write_source(packer, argv[1], files.count) && write_dependencies(argv[2], argv[1], &files, &folders);
    arena_end(&arena);
    speedup_context_destroy(context);
    free(packer);
    free(trees);
    free_paths(&files);
    free_paths(&folders);
    return !written;
}
