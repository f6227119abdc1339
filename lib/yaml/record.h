/* Trees to records, by tables of fields. The tables are also what the reference
 * page of the format is made from, so a field's text stands in one place. */
#ifndef YAML_RECORD_H
#define YAML_RECORD_H

#include "base/unit.h"
#include "yaml/tree.h"

enum field_type {
    FIELD_TEXT,     /* const char * */
    FIELD_NUMBER,   /* double, in SI units of its dimension */
    FIELD_COUNT,    /* double holding a whole number */
    FIELD_BOOL,     /* bool */
    FIELD_CHOICE,   /* int32_t, an index into choices */
    FIELD_RECORD,   /* a struct in place, read by its own table */
    FIELD_NODE,     /* uint32_t, the node itself, read later by its owner */
};

struct record_table;

struct field {
    const char *key;
    uint8_t type; /* enum field_type */
    uint8_t dimension;
    bool required;
    size_t offset;
    double least, most;
    const char *const *choices; /* ended by NULL */
    const struct record_table *record;
    const char *shown; /* the default, or the shape of a node, for the reference */
    const char *doc;
};

struct record_table {
    const char *name;
    const char *doc;
    const struct field *fields; /* ended by a field without key */
};

/* The presence bits stand first in every record. */
struct record {
    uint64_t present;
};

#define FIELD_GIVEN(record_pointer, index) (((record_pointer)->present >> (index)) & 1u)

/* Reads the mapping `node` into `out`. Keys not in the table are problems unless
 * `ignored` names them (ended by NULL). Fields already present stay unless given
 * again, so reading over a copied base overrides it. */
void record_read(speedup_context *context, const struct yaml_tree *tree, uint32_t node,
                 const struct record_table *table, const char *const *ignored, void *out);

/* Reports required fields that are still missing. */
void record_require(speedup_context *context, const struct yaml_tree *tree, uint32_t node,
                    const struct record_table *table, const void *record);

/* One value by type, for nodes that a table cannot describe; false after a problem. */
bool read_number(speedup_context *context, const struct yaml_tree *tree, uint32_t node, const char *what,
                 enum dimension dimension, double least, double most, double *value);
bool read_count(speedup_context *context, const struct yaml_tree *tree, uint32_t node, const char *what, double least,
                double most, double *value);
bool read_text(speedup_context *context, const struct yaml_tree *tree, uint32_t node, const char *what,
               const char **value);
bool read_choice(speedup_context *context, const struct yaml_tree *tree, uint32_t node, const char *what,
                 const char *const *choices, int32_t *value);
bool read_bool(speedup_context *context, const struct yaml_tree *tree, uint32_t node, const char *what,
               bool *value);
bool expect_kind(speedup_context *context, const struct yaml_tree *tree, uint32_t node, enum yaml_kind kind,
                 const char *what);

/* Have so many problems been found that reading on tells nobody anything? */
bool problems_full(const speedup_context *context);

#endif
