/* The catalog inside: sorted entries by kind, shared arenas, and how it grows. */
#ifndef CATALOG_CATALOG_H
#define CATALOG_CATALOG_H

#include "catalog/entity.h"

#include <speedup/catalog.h>
#include <stdatomic.h>

enum { LONGEST_ID = 64 };

struct speedup_catalog {
    atomic_uint references;
    speedup_allocator allocator;
    struct arena arena;
    speedup_catalog *base; /* keeps the older entries alive */
    struct callback_users *users;
    struct {
        struct entry **items; /* by id */
        size_t count;
    } entries[KINDS];
    uint32_t coefficient_slots;
    uint32_t known_slots[KNOWN_COEFFICIENTS]; /* of the coefficients that the estimator reads */
};

/* The user pointers of an optimization's functions, each destroyed once when neither the optimization nor a catalog
 * that took it in holds them any more. */
struct callback_users;
struct callback_users *callback_users_ref(struct callback_users *users);
void callback_users_unref(struct callback_users *users);

/* Extends by trees that must live as long as the result: give them in its arena.
 * Sections of `ignored` (ended by NULL) belong to somebody else. */
speedup_status catalog_extend(speedup_context *context, const speedup_catalog *base, speedup_catalog *made,
                              const struct yaml_tree *trees, size_t tree_count, const char *const *ignored);

/* Extends by an entry that is a value, in the arena of the result: its fields set, with
 * what stands under keys of lists and mappings already read, an id and an origin. It passes what an
 * entry of a tree passes from there on. */
speedup_status catalog_extend_by_value(speedup_context *context, const speedup_catalog *base, speedup_catalog *made,
                                       enum kind kind, struct entry *entry);

/* A reference to the catalog with a tree's own entries, or to the catalog itself when
 * the tree has none. Sections of `ignored` belong to somebody else. */
speedup_status catalog_with(speedup_context *context, const speedup_catalog *catalog, const struct yaml_tree *tree,
                            const char *const *ignored, speedup_catalog **with);

/* Ends a call that makes a catalog of trees: extends what was read well, and hands it over or lets it go. */
speedup_status catalog_finish(speedup_context *context, speedup_status read, const speedup_catalog *base, speedup_catalog *made,
                              const struct yaml_tree *trees, size_t count, speedup_catalog **catalog);

/* An empty catalog whose arena the caller may fill before catalog_extend. */
speedup_catalog *catalog_allocate(speedup_context *context);

/* The catalog with the model of a file, or of a folder that has a config.json, under any text as its id. */
speedup_status catalog_with_file(speedup_context *context, const speedup_catalog *base, const char *path, const char *id, speedup_catalog **catalog);

/* The catalog with the model of the file that a section of a document names as its `model`, relative to the document's own file; NULL
 * where it names none. Only for a document whose host named its file; `below`: only a file below the folder of that. */
speedup_status catalog_with_models(speedup_context *context, const speedup_catalog *catalog, const struct yaml_tree *tree, const char *from,
                                   bool below, const char *const *sections, speedup_catalog **with);

/* NULL when there is none; `report` then also tells the nearest name. */
const struct entry *catalog_find(const speedup_catalog *catalog, enum kind kind, const char *id);
void catalog_missing(speedup_context *context, const speedup_catalog *catalog, enum kind kind, const char *id,
                     const struct place *place);

/* The same of an optimization for a kind of job: what is for that kind comes before what is spelled as near. */
void optimization_missing(speedup_context *context, const speedup_catalog *catalog, enum job_kind job, const char *id,
                          const struct place *place);

/* Reads what the field table of an optimization leaves as nodes, or takes what was told. */
void optimization_read(speedup_context *context, speedup_catalog *catalog, struct optimization *optimization);

/* The command whose documents have a section, NULL for none: to send what is given to another there. */
const char *document_command(const char *section);

/* Reads `calibration:` over what the base entry gave, into the arena. */
void calibration_read(speedup_context *context, const speedup_catalog *catalog, struct arena *arena,
                      const struct yaml_tree *tree, uint32_t node, struct calibration *calibration);

/* Fills in what follows from the other fields of a model, and checks that they agree. */
void model_finish(speedup_context *context, struct model *model);

/* The node of a key of an entry, 0 for none. */
uint32_t entry_node(const struct entry *entry, const char *key);

/* The place of a path in an entry: as far along as something stands, NULL for all of it. */
struct place entry_place(const struct entry *entry, const char *path);

/* Is this name fit for an entry or a parameter? */
bool valid_id(const char *id);
bool valid_name(const char *name);

/* The trees of the data built into the library, in the arena; false without memory. */
bool builtin_read(struct arena *arena, struct yaml_tree **trees, size_t *count);

#endif
