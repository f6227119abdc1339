/* What the parts of an import share. A configuration's fields play roles (role.def) by the words of its family; importer.c
 * finds them and sets the model's own fields by the catalog's table. import_family.c finds the family, import_shape.c the
 * layers and what they are made of, import_towers.c the encoders beside them; import.c reads files and calls these in turn. */
#ifndef CATALOG_IMPORTER_H
#define CATALOG_IMPORTER_H

#include "catalog/catalog.h"

#include <stddef.h>

/* A number and the node that gave it, 0 where it follows from others. */
struct found {
    double value;
    uint32_t node;
};

enum { MOST_WRONG = 32, MOST_PATHS = 64, LONGEST_FIELD = 80, MOST_LAYERS = 100000 };

/* Layers by kind. */
struct layers {
    double count[LAYER_KINDS];
    uint32_t node;
};

struct importer {
    speedup_context *context;
    const speedup_catalog *catalog;
    const struct yaml_tree *tree;
    uint32_t inner, outer; /* of a text model inside a larger one, and the larger one; else both the root */
    const struct family *family, *whole; /* of the inner and of the outer one, which may be NULL */
    const struct family *format;         /* what all files of a format have in common, before its family; NULL: nothing */
    struct model *model;
    struct arena *arena;
    uint32_t wrong[MOST_WRONG]; /* values that were told wrong: not again when they are read again */
    size_t wrong_count;
    struct path_place *paths; /* where the configuration has the fields of the model */
    size_t path_count;
    const struct yaml_tree *beside;   /* what says how weights are quantized in a file of its own; may be NULL */
    uint64_t told[(ROLES + 63) / 64]; /* roles whose default was taken */
    struct text taken;                /* and what it is */
    struct layers layers;
    double bits[3], head_bits;        /* of weights, as the configuration says */
    double counted;                   /* layers that the file says, as many as its lists have; 0: not known */
    double absent;                    /* layers without attention that have all else */
    bool apart;                       /* feed-forward blocks are layers of their own */
};

/* ---- importer.c: fields by their roles, and fields of the model ---- */

/* Does a name match a pattern: "abc*", "*abc", "*abc*" or the name itself? */
bool field_matches(const char *pattern, const char *name);

/* A plain number, whole. */
bool field_is_number(const char *text, double *value);

/* The node of a key in a mapping of a family, 0 for none. */
uint32_t family_node(const struct family *family, uint32_t mapping, const char *key);

/* Family number i of a catalog. */
const struct family *family_at(const speedup_catalog *catalog, size_t i);

/* The family that has a type among its own, NULL for none. */
const struct family *family_of_type(const speedup_catalog *catalog, const char *type);

/* The text of a key that the family or the nearest of its bases has, NULL for none. */
const char *family_text(const struct family *family, size_t mapping, const char *key);
#define FAMILY_TEXT(of, member, key) family_text(of, offsetof(struct family, member), key)

bool field_is_null(const struct importer *importer, uint32_t node);

/* The node of a field ("a.b" of one in a mapping) under a mapping, 0 for none. */
uint32_t field_under(const struct yaml_tree *tree, uint32_t node, const char *field, size_t length);

/* A field that is there, the text model's own first; a null one only where nothing else is. "/a" is the outer one's alone. */
uint32_t field_of(const struct importer *importer, const char *field, size_t length);

/* What a role is called in this file: the first of its fields that the file has, else the first of all. */
uint32_t role_node(const struct importer *importer, enum role role, const char **name, size_t *length);

/* The same, and its text that ends. */
uint32_t role_key(const struct importer *importer, enum role role, char key[LONGEST_FIELD]);

struct place importer_place(const struct importer *importer, uint32_t node);

/* Tells that an entry cannot say what a field says. */
void field_refuse(const struct importer *importer, uint32_t node, const char *what, size_t length, const char *why);

/* The same of the field of a role. */
void role_refuse(const struct importer *importer, enum role role, const char *why);

/* Reads a number of a type. */
bool field_read(struct importer *importer, uint32_t node, const char *key, enum role_type type, double *value);

/* The mapping that a field ("a.b") under another is, 0 for none; what is something else is told. */
uint32_t mapping_under(const struct importer *importer, uint32_t node, const char *field);

/* The number or flag of a role: of the file, else of the family; 0 where neither has one. A default that a file may
 * leave out is told, where somebody wants it. */
struct found role_find(struct importer *importer, enum role role);

double role_number(struct importer *importer, enum role role);

bool role_is_true(struct importer *importer, enum role role);

/* Is a role played at all: by a field that is not null, or by the family? */
bool role_is_said(const struct importer *importer, enum role role);

bool import_number(struct importer *importer, const char *path, struct found found);

/* Sets a text of the model. */
void import_text(struct importer *importer, const char *path, uint32_t node, const char *value);

/* Sets a flag of the model. */
void import_flag(struct importer *importer, const char *path, struct found found);

const char *role_path(enum role role);

void import_role(struct importer *importer, enum role role);

void import_roles(struct importer *importer, enum role first, enum role last);

/* What a model cannot be without: told by its field, with what is usual where some family has a default. */
void role_require(struct importer *importer, enum role role);

/* Has a list of numbers, one for each layer, one that is 0? */
bool role_has_zeros(const struct importer *importer, enum role role, uint32_t *node);

/* ---- import_family.c ---- */

void import_family(struct importer *importer);

/* What a file of a known family says, but an entry cannot. */
void import_foreign(struct importer *importer);

/* ---- import_shape.c ---- */

void import_shape(struct importer *importer);

/* ---- import_towers.c ---- */

void import_towers(struct importer *importer);

#endif
