/* The parts of an optimization, for the two that give them: a row of a tree
 * (optimization.c) and a caller (told.c). Each check stands here, once. */
#ifndef CATALOG_PART_H
#define CATALOG_PART_H

#include "catalog/catalog.h"

/* An optimization being read into an arena, and what names mean in its expressions. */
struct part_reader {
    speedup_context *context;
    struct arena *arena;
    const speedup_catalog *catalog;
    struct optimization *optimization;
    struct expression_scope scope;
};

void part_begin(struct part_reader *reader, speedup_context *context, speedup_catalog *catalog,
                struct optimization *optimization);

/* What is wrong is told of the place. */
bool part_few_enough(speedup_context *context, const struct place *place, size_t count, const char *what);
bool part_check_id(speedup_context *context, const struct place *place, const char *id);
void part_check_parameter_name(const struct part_reader *reader, const struct place *place, const char *name);
void part_check_parameter_range(speedup_context *context, const struct place *place,
                                const struct parameter *parameter);

/* A requirement of two texts with a space between, or of the first alone; there is room for it. */
void part_add_requirement(const struct part_reader *reader, const struct place *place, const char *name,
                          const char *comparison);

/* The value of an effect whose target is set: a choice or an expression, within the range of its rule. */
bool part_effect_value(const struct part_reader *reader, const struct place *place, const char *text,
                       struct effect *effect);
void part_unknown_target(speedup_context *context, const struct place *place, const char *name);

/* How many entries of the ledger a name acts on: one for each phase it leaves open. */
size_t part_entries(const char *name);

/* Adds the effect once for every entry it acts on; there is room for all. */
void part_add_effect(struct optimization *optimization, const char *name, struct effect effect);

/* Takes what a caller told. */
void told_read(const struct part_reader *reader);

#endif
