/* A YAML text as a tree of nodes with their places: bounded, and with nothing of
 * YAML left that a configuration does not need (no anchors, tags, documents). */
#ifndef YAML_TREE_H
#define YAML_TREE_H

#include "base/diagnostic.h"

enum yaml_kind { YAML_SCALAR, YAML_SEQUENCE, YAML_MAPPING };

enum {
    YAML_MOST_BYTES = 1 << 20,
    JSON_MOST_BYTES = 1 << 24,
    YAML_MOST_NODES = 100000,
    JSON_MOST_NODES = 1 << 20,
    YAML_DEEPEST = 24,
};

/* Indices instead of pointers: the same tree is read from text at run time and
 * laid out in constants at build time, for the data inside the library. */
struct yaml_node {
    uint32_t line, column;
    uint32_t text;   /* scalar: where in the tree's bytes, ended by NUL */
    uint32_t length; /* scalar: bytes; sequence: items; mapping: keys */
    uint32_t first;  /* first child, 0 for none; a mapping's children are key, value, key, value … */
    uint32_t next;   /* next sibling, 0 for none */
    uint8_t kind;
    uint8_t plain; /* scalar without quotes */
    uint8_t keyed; /* value of a mapping: its key is the node before */
    uint8_t number; /* scalar that a call gave: the double in the bytes before its text, in SI units */
};

struct yaml_tree {
    const char *file;
    const char *source; /* for caret lines, NULL for the data inside the library */
    size_t source_length;
    const struct yaml_node *nodes; /* nodes[0] is never used, so that 0 can say none */
    size_t node_count;
    const char *bytes;
    uint32_t root;
    const char *const *settings; /* a node of line 0 and column n came from settings[n - 1] */
    size_t setting_count, setting_room;        /* rooms: of what may be changed (yaml/edit.h); */
    size_t node_room, byte_count, byte_room;   /* 0 as long as nodes and bytes are those of a text */
};

/* Reads a text into a tree that lives in the arena, its bytes copied. Problems go
 * to the context; the result is SPEEDUP_OK only without any. */
speedup_status yaml_read(speedup_context *context, struct arena *arena, const char *file, const char *text,
                         size_t length, struct yaml_tree *tree);

/* The same of JSON, which may be deeper and longer; json_read_large() of as many as JSON_MOST_NODES values. */
speedup_status json_read(speedup_context *context, struct arena *arena, const char *file, const char *text, size_t length,
                         struct yaml_tree *tree);
speedup_status json_read_large(speedup_context *context, struct arena *arena, const char *file, const char *text, size_t length,
                               struct yaml_tree *tree);

/* Does a text begin as JSON does: with a brace or a bracket? */
bool json_begins(const char *text, size_t length);

/* Reads a file, bounded, and hands it to yaml_read. */
speedup_status yaml_read_file(speedup_context *context, struct arena *arena, const char *path,
                              struct yaml_tree *tree);

/* The same of at most so many bytes at its beginning, however long it is. */
speedup_status yaml_load_head(speedup_context *context, struct arena *arena, const char *path, size_t most, char **bytes, size_t *length);

/* Is there such a file, or such a folder? */
bool yaml_is_file(const char *path);
bool yaml_is_folder(const char *path);

/* The bytes of a file, 0 where there is none. */
double yaml_file_bytes(const char *path);

/* Does a path end, by whatever links, below the folder that another file stands in, or so many levels up from it? Yes where
 * there is nothing at its end. */
bool yaml_leads_below(const char *path, const char *file, int levels);

/* Is a file in a snapshot of a hub's cache: REPOSITORY/snapshots/COMMIT/FILE? */
bool yaml_is_snapshot(const char *path);

/* How many names in a folder have an ending, and the first of them by its letters. */
size_t yaml_folder_find(const char *folder, const char *ending, char *name, size_t room);

/* The bytes of a regular file, ended by NUL, in the arena. */
speedup_status yaml_load_file(speedup_context *context, struct arena *arena, const char *path, size_t most,
                              char **bytes, size_t *length);

static inline const struct yaml_node *yaml_at(const struct yaml_tree *tree, uint32_t node)
{
    return &tree->nodes[node];
}

static inline const char *yaml_text(const struct yaml_tree *tree, uint32_t node)
{
    return tree->bytes + tree->nodes[node].text;
}

/* The number of a node that is one. */
double yaml_number(const struct yaml_tree *tree, uint32_t node);

/* The value of a key of a mapping, 0 when it has none. */
uint32_t yaml_find(const struct yaml_tree *tree, uint32_t mapping, const char *key);

/* A scalar, in quotes where it needs them; the text of a node as flow YAML, so that a part of a document can be read like a
 * document of its own. */
void yaml_quoted(const char *scalar, struct text *out);
void yaml_flow(const struct yaml_tree *tree, uint32_t at, struct text *out);

struct place yaml_place(const struct yaml_tree *tree, uint32_t node);

/* The last setting that something in the node came from, 0 for none; and its place. */
uint32_t yaml_setting(const struct yaml_tree *tree, uint32_t node);
struct place yaml_setting_place(const struct yaml_tree *tree, uint32_t setting);

#endif
