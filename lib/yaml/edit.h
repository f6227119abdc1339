/* Changes to a tree: values put where a path leads, each with the name of what put it there
 * in place of a line. Nothing is taken apart on the way: what a call gives is one value. */
#ifndef YAML_EDIT_H
#define YAML_EDIT_H

#include "yaml/tree.h"

enum {
    EDITED_MOST_NODES = 2 * YAML_MOST_NODES, /* those of a text, and as many by calls */
    EDITED_MOST_BYTES = 4 * YAML_MOST_BYTES,
};

/* One change, from edit_begin() on. The tree is in the arena, and nobody else reads it. */
struct edit {
    speedup_context *context;
    struct arena *arena;
    struct yaml_tree *tree;
    uint32_t from; /* the mapping that the path begins in */
    const char *path;
    size_t length;
    bool lists; /* a number in the path is that of an item of a list, or of one behind the last */
    const char *origin;
    uint32_t number; /* of the origin in the tree */
};

enum edit_result {
    EDIT_FINE,
    EDIT_NO_WAY, /* the path leads through something that has no keys; nothing is told */
    EDIT_TOLD,   /* no memory, or more than a tree may have */
};

/* Looks whether there is a way, and takes the room for it and for so many nodes and bytes
 * more. After it nothing can fail; until it nothing is changed. */
enum edit_result edit_begin(struct edit *edit, size_t nodes, size_t bytes);

/* Room that a value takes, in bytes. */
size_t edit_room_text(const char *text);
enum { EDIT_ROOM_NUMBER = 64 };

/* New nodes, which are nowhere yet. */
uint32_t edit_text(struct edit *edit, const char *text, size_t length);
uint32_t edit_number(struct edit *edit, double value);
uint32_t edit_container(struct edit *edit, enum yaml_kind kind);
uint32_t edit_tree(struct edit *edit, const struct yaml_tree *value, size_t bytes);
size_t edit_room_tree(const struct yaml_tree *tree);

/* Puts a node behind the last of a list, or with its key behind the last of a mapping. */
void edit_add(struct edit *edit, uint32_t list, uint32_t value);
void edit_add_key(struct edit *edit, uint32_t mapping, const char *key, size_t length, uint32_t value);

/* Puts a node where the path leads, in place of what is there; or behind the items of the
 * list there, which takes the place of what is none, and for which one node is needed. */
void edit_put(struct edit *edit, uint32_t value);
void edit_append(struct edit *edit, uint32_t value);

/* What is where the path leads becomes a key's in a mapping there: three nodes, and room for the key. */
void edit_wrap(struct edit *edit, const char *key);

/* What the tree has of its own, without what no longer belongs to it; false without memory. */
bool yaml_copy(struct arena *arena, const struct yaml_tree *from, struct yaml_tree *to);

#endif
