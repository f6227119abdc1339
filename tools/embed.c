/* Packs the YAML files below a folder into a C source, for the data built into the library.
 * usage: embed OUTPUT.c DEPFILE ROOT (see lib/catalog/builtin.h for the form)
 * The depfile names the folders as well, whose time changes when a file comes or goes. */
#include "catalog/builtin.h"
#include "yaml/tree.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 1 << 22, MOST_TEXTS = 1 << 16, HASHES = 1 << 16 };

struct packed_text {
    const char *string;
    size_t uses, first; /* how often, and when */
};

struct bytes {
    unsigned char at[MOST];
    size_t count;
};

/* How to go on from a byte: with a copy from before, or with the byte as it is (length 1). */
struct step {
    size_t length, distance, cost; /* in bytes, of all that follows too */
};

/* Everything that is packed; what it refers to lives until the end. */
struct packer {
    struct packed_text texts[MOST_TEXTS]; /* each once */
    struct bytes strings, trees, packed;
    struct step steps[MOST + 1];
    size_t before[MOST], newest[HASHES]; /* where three bytes of a hash stood last, one more than that; 0 for nowhere */
    size_t text_count, shared, nodes;
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
    if (i == packer->text_count) {
        packer->texts[i] = (struct packed_text){.string = string, .first = i};
        packer->text_count++;
    }
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

/* What is used most has the shortest numbers; what is used once needs none. */
static int by_uses(const void *a, const void *b)
{
    const struct packed_text *x = a, *y = b;
    if (x->uses != y->uses)
        return x->uses < y->uses ? 1 : -1;
    return x->uses > 1 ? strcmp(x->string, y->string) : x->first < y->first ? -1 : 1;
}

/* Seven bits a byte, the lowest first; the eighth says that more follow. */
static void put_number(struct bytes *out, size_t number)
{
    if (out->count + 8 > MOST)
        fail("too much data");
    for (; number >= 128; number >>= 7)
        out->at[out->count++] = (number & 127) | 128;
    out->at[out->count++] = number & 127;
}

static size_t number_bytes(size_t number)
{
    size_t bytes = 1;
    for (; number >= 128; number >>= 7)
        bytes++;
    return bytes;
}

static size_t packed_number(const struct packer *packer, const char *string)
{
    size_t number = number_of(packer, string);
    return number < packer->shared ? number + 1 : 0;
}

static void pack_tree(struct packer *packer, const struct yaml_tree *tree, uint32_t at)
{
    const struct yaml_node *node = yaml_at(tree, at);
    if (node->kind == YAML_SCALAR) {
        put_number(&packer->trees, packed_number(packer, yaml_text(tree, at)) << 2 | (node->plain ? PACKED_PLAIN : PACKED_QUOTED));
        return;
    }
    put_number(&packer->trees, (size_t)node->length << 2 | (node->kind == YAML_SEQUENCE ? PACKED_SEQUENCE : PACKED_MAPPING));
    for (uint32_t child = node->first; child; child = yaml_at(tree, child)->next)
        pack_tree(packer, tree, child);
}

static void put_strings(struct packer *packer)
{
    struct bytes *out = &packer->strings;
    for (size_t i = 0; i < packer->text_count; i++) {
        size_t length = strlen(packer->texts[i].string) + 1;
        if (out->count + length > MOST)
            fail("too much text");
        memcpy(out->at + out->count, packer->texts[i].string, length);
        out->count += length;
    }
}

static size_t hash_of(const unsigned char *three)
{
    return (three[0] * 2654435761u ^ three[1] * 40503u ^ three[2] * 97u) % HASHES;
}

/* For every byte, where the same three began before. */
static void find_before(struct packer *packer, const struct bytes *in)
{
    memset(packer->newest, 0, sizeof packer->newest);
    for (size_t i = 0; i + COPY_LEAST <= in->count; i++) {
        size_t *newest = &packer->newest[hash_of(in->at + i)];
        packer->before[i] = *newest;
        *newest = i + 1;
    }
}

/* The cheapest way from byte i to the end, the ways from all later ones being known: of each length, the nearest copy. */
static void choose_step(struct packer *packer, const struct bytes *in, size_t i)
{
    struct step *steps = packer->steps, best = {1, 0, 1 + steps[i + 1].cost};
    size_t tried = COPY_LEAST - 1;
    for (size_t j = i + COPY_LEAST <= in->count ? packer->before[i] : 0; j; j = packer->before[j - 1]) {
        const unsigned char *from = in->at + j - 1;
        size_t length = 0, distance = i - (j - 1);
        while (i + length < in->count && from[length] == in->at[i + length])
            length++;
        for (; tried < length; tried++) {
            size_t coded = tried + 2 - COPY_LEAST;
            size_t cost = 1 + number_bytes(distance) + (coded < COPY_LONG ? 0 : number_bytes(coded - COPY_LONG)) + steps[i + tried + 1].cost;
            if (cost < best.cost)
                best = (struct step){tried + 1, distance, cost};
        }
    }
    steps[i] = best;
}

static void pack(struct packer *packer, const struct bytes *in)
{
    struct bytes *out = &packer->packed;
    find_before(packer, in);
    packer->steps[in->count].cost = 0;
    for (size_t i = in->count; i--;)
        choose_step(packer, in, i);
    out->count = 0;
    for (size_t i = 0; i < in->count;) {
        size_t plain = i;
        while (i < in->count && packer->steps[i].length == 1)
            i++;
        const struct step *copy = i < in->count ? &packer->steps[i] : NULL;
        size_t coded = copy ? copy->length + 1 - COPY_LEAST : 0, count = i - plain;
        put_number(out, count << COPY_BITS | (coded < COPY_LONG ? coded : COPY_LONG));
        if (out->count + count > MOST)
            fail("too much data");
        memcpy(out->at + out->count, in->at + plain, count);
        out->count += count;
        if (coded >= COPY_LONG)
            put_number(out, coded - COPY_LONG);
        if (copy) {
            put_number(out, copy->distance);
            i += copy->length;
        }
    }
}

static void write_packed(FILE *out, const char *name, struct packer *packer, const struct bytes *in)
{
    pack(packer, in);
    fprintf(out, "const size_t %s_room = %zu;\nconst unsigned char %s[] = {\n", name, in->count, name);
    for (size_t i = 0; i < packer->packed.count; i++)
        fprintf(out, "%u,%s", packer->packed.at[i], (i + 1) % 24 ? "" : "\n");
    fprintf(out, "};\n");
}

static bool write_source(struct packer *packer, const char *path, size_t files)
{
    FILE *out = fopen(path, "w");
    if (!out)
        return false;
    fprintf(out, "/* made by tools/embed.c */\n#include <stddef.h>\n"
                 "extern const unsigned char builtin_texts[], builtin_trees[];\n"
                 "extern const size_t builtin_texts_room, builtin_trees_room, builtin_text_count, builtin_shared, builtin_files, "
                 "builtin_nodes;\n");
    write_packed(out, "builtin_texts", packer, &packer->strings);
    write_packed(out, "builtin_trees", packer, &packer->trees);
    fprintf(out, "const size_t builtin_text_count = %zu, builtin_shared = %zu, builtin_files = %zu, builtin_nodes = %zu;\n",
            packer->text_count, packer->shared, files, packer->nodes);
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
    while (packer->shared < packer->text_count && packer->texts[packer->shared].uses > 1)
        packer->shared++;
    for (size_t i = 0; i < files.count; i++) {
        put_number(&packer->trees, packed_number(packer, trees[i].file));
        pack_tree(packer, &trees[i], trees[i].root);
    }
    put_strings(packer);
    bool written = write_source(packer, argv[1], files.count) && write_dependencies(argv[2], argv[1], &files, &folders);
    arena_end(&arena);
    speedup_context_destroy(context);
    free(packer);
    free(trees);
    free_paths(&files);
    free_paths(&folders);
    return !written;
}
