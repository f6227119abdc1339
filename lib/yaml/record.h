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
    FIELD_VALUE,    /* what the field's own functions fill */
};

struct record_table;

/* Of a FIELD_VALUE: filled from a node, or by a call with a number. `member` is what
 * follows the key in "key.member", NULL for the value as a whole; false after a problem,
 * told with the place. */
typedef bool (*field_reader)(speedup_context *context, struct arena *arena, const struct yaml_tree *tree, uint32_t node,
                             const char *key, void *out);
typedef bool (*field_setter)(speedup_context *context, struct arena *arena, const struct place *place, const char *key,
                             const char *member, double value, void *out);

struct field {
    const char *key;
    uint8_t type; /* enum field_type */
    uint8_t dimension;
    bool required;
    size_t offset;
    double least, most;
    const char *const *choices; /* ended by NULL */
    const struct record_table *record;
    field_reader read;
    field_setter set; /* NULL: no number can be given */
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

/* The same, of a table that has values with readers of their own; these live in the arena. */
void record_read_in(speedup_context *context, struct arena *arena, const struct yaml_tree *tree, uint32_t node,
                    const struct record_table *table, const char *const *ignored, void *out);

/* One field of a record from a node that is its value. */
bool record_read_field(speedup_context *context, struct arena *arena, const struct yaml_tree *tree, uint32_t node,
                       const struct record_table *table, const struct field *field, void *out);

/* Reports required fields that are still missing, at the mapping or, without a tree, at the place. */
void record_require(speedup_context *context, const struct yaml_tree *tree, uint32_t node,
                    const struct record_table *table, const void *record);
void record_require_at(speedup_context *context, const struct place *place, const struct record_table *table,
                       const void *record);

/* The field of "key" or "key.key" and the record that it is in; NULL after telling what there is.
 * `member` gets what a value's own setter is to make of the rest, or NULL. */
const struct field *record_field(speedup_context *context, const struct place *place, const struct record_table **table,
                                 void **record, const char *path, const char **member);

/* A number given by a call instead of a text: the same checks. */
bool record_set_number(speedup_context *context, struct arena *arena, const struct place *place, const struct record_table *table,
                       const struct field *field, const char *member, double value, void *record);

/* Puts another record's fields in place of one's own; of a table without values of their own readers. */
void record_put(const struct record_table *table, const void *from, void *to);

bool check_range(speedup_context *context, const struct place *place, const char *what, enum dimension dimension, double value,
                 double least, double most);

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
