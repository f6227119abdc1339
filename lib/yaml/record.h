/* Trees and values to records, by tables of fields. The tables are also what the reference
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
    FIELD_LIST,     /* uint32_t, the node of a list, read later by its owner */
    FIELD_MAPPING,  /* the same of a mapping */
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

/* What a FIELD_VALUE is. */
struct field_value {
    const char *takes; /* "a list" */
    field_reader read;
    field_setter set; /* NULL: no number can be given */
};

/* An address in a table costs the library 32 bytes, most of it for the loader to relocate it. So a field has one for
 * all of its words, and one for what only its type has. */
struct field {
    const char *key; /* made by FIELD_WORDS */
    uint8_t type; /* enum field_type */
    uint8_t dimension;
    bool required;
    uint32_t offset;
    double least, most;
    union {
        const char *const *choices; /* of a FIELD_CHOICE, ended by NULL */
        const struct record_table *record;
        const struct field_value *value;
    };
};

/* The words of a field: its key; the default, or the shape of a node, for the reference ("" for none); what it is. */
#define FIELD_WORDS(key_, shown_, doc_) .key = key_ "\0" shown_ "\0" doc_

static inline const char *field_shown(const struct field *field)
{
    return text_word(field->key, 1);
}

static inline const char *field_doc(const struct field *field)
{
    return text_word(field->key, 2);
}

struct record_table {
    const char *name;
    const char *doc;
    const struct field *fields; /* ended by a field without key, whose choices are pairs: what people write, and the key that it means */
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

/* Reports required fields that are still missing. */
void record_require(speedup_context *context, const struct yaml_tree *tree, uint32_t node,
                    const struct record_table *table, const void *record);

/* The same for a record that no mapping gave, and for the records in it that are given; told of `place`. */
void record_complete(speedup_context *context, const struct place *place, const struct record_table *table,
                     const void *record);

/* ---- Values by path ----
 * A path is keys with points between them ("layout.tensor"), through the records in a
 * record. What is set this way passes the checks of a value in a file, by the same
 * table: name of the key, type, unit, range, wholeness; it is given, and so are the
 * records around it. False after a problem, which is told of `place` (NULL: of none)
 * and leaves the record as it was. The node of a FIELD_LIST or FIELD_MAPPING is not set by path; what a
 * FIELD_VALUE makes of it lives in the arena (NULL: the table has none). */
bool record_set_number(speedup_context *context, struct arena *arena, const struct record_table *table, void *record,
                       const char *path, double value, const struct place *place);
bool record_set_bool(speedup_context *context, const struct record_table *table, void *record, const char *path,
                     bool value, const struct place *place);

/* As a file would have it: a text (kept, not copied), a number with its unit, a choice
 * by its name, "true" or "false". */
bool record_set_text(speedup_context *context, struct arena *arena, const struct record_table *table, void *record,
                     const char *path, const char *text, const struct place *place);

/* A node of a file, in place of what was there: a record that is given in part begins as
 * it does in `begun`. Of places in the tree; `place` is that of the path. After a problem
 * the record may be changed. */
bool record_set_node(speedup_context *context, struct arena *arena, const struct record_table *table, void *record,
                     const void *begun, const char *path, const struct yaml_tree *tree, uint32_t node, const struct place *place);

/* What stands in a record, given or not; for the type of the field, the others are 0. */
struct record_value {
    const struct field *field;
    const void *at; /* the member itself */
    bool given, flag;
    int32_t choice;
    double number;
    const char *text; /* of a choice too: its name */
};

/* False when the path leads to no field. */
bool record_get(const struct record_table *table, const void *record, const char *path, struct record_value *value);

/* What a field takes, as it is told: "a number", "a list". */
const char *field_takes(const struct field *field);

/* The field that a path leads to, NULL for none. */
const struct field *record_field(const struct record_table *table, const char *path);

/* The checks by themselves, for values that no table describes; false after a problem. */
bool check_text(speedup_context *context, const struct place *place, const char *what, const char *text);
bool check_number(speedup_context *context, const struct place *place, const char *what, enum dimension dimension,
                  double least, double most, bool whole, double value);
bool check_choice(speedup_context *context, const struct place *place, const char *what, const char *const *choices,
                  const char *text, int32_t *value);

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
