/* A mapping described by calls: the plan that somebody wants, an entry of a catalog. It is
 * kept as the tree that a text would give, so that one reader takes both (yaml_copy() hands it on); what is wrong
 * with a value is told when it is read, of the key that a call gave. */
#ifndef YAML_DESCRIBED_H
#define YAML_DESCRIBED_H

#include "yaml/tree.h"

struct described {
    struct arena arena;
    struct yaml_tree tree;
    const char *section, *id;      /* where the keys are: in the section, or in its entry of this id (else NULL) */
    size_t most_nodes, most_bytes; /* from which on what no longer belongs to it is dropped */
};

/* An empty document; section and id must stay as long as it. described_open() gives it its
 * section and entry, as the first value does; false after a problem. */
bool described_open(speedup_context *context, struct described *described);
void described_begin(const speedup_allocator *allocator, const char *section, const char *id,
                     struct described *described);

/* Drops what others took the place of, once there is much of it: before each change. False without memory. */
bool described_tidy(speedup_context *context, struct described *described);

/* The values of calls, each in place of what the key had; after a problem all is as before.
 * An item is added behind those of a list, which takes the place of what is none. */
void described_number(speedup_context *context, struct described *described, const char *key, double value);
void described_text(speedup_context *context, struct described *described, const char *key, const char *text);
void described_list(speedup_context *context, struct described *described, const char *key);
void described_add_number(speedup_context *context, struct described *described, const char *list, double value);
void described_add(speedup_context *context, struct described *described, const char *list, const char *id,
                   const char *const *names, const double *values, size_t count);

/* A plain value that a key has becomes a key of its own, so that it can have others beside. */
void described_widen(speedup_context *context, struct described *described, const char *key, const char *own);

#endif
