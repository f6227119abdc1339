/* A set of optimizations on one scenario: who acts, who is superseded, what
 * conflicts, and the value of every entry of the ledger that they act on. */
#ifndef COMPOSE_EFFECTS_H
#define COMPOSE_EFFECTS_H

#include "catalog/catalog.h"

/* ledger.c is compiled more than once (see estimate/kernel.c). */
#ifdef KERNEL_NAME
#define effect_evaluate KERNEL_NAME(effect_evaluate)
#define effects_begin KERNEL_NAME(effects_begin)
#define effects_evaluate KERNEL_NAME(effects_evaluate)
#endif

/* What a callback sees of a layout. */
struct speedup_view {
    const double *values; /* of variables, the layout's own of each `stride` */
    int lane, stride;
};

/* An optimization as a scenario selects it, with the values of its parameters. One that the
 * software always has does nothing where its requirements do not hold; one that the job names
 * is wrong there. */
struct selection {
    const struct optimization *optimization;
    double *parameters;
    struct place place;
    bool always;
    bool published; /* the model's file has it */
    bool stands_in; /* for what it has, of which the chip has no products */
};

/* What is fixed by the scenario: values of variables outside the layout, and of
 * all coefficients. */
struct fixed {
    double variables[VARIABLES];
    const double *coefficients; /* by slot */
    const speedup_catalog *catalog; /* for hints; NULL for none */
};

/* An entry whose value follows from the layout: contributions in order. */
struct dynamic_effect {
    enum target target;
    const struct expression *value; /* or */
    speedup_effect_function callback;
    void *user;
    struct place place;
    const struct expression *conditions; /* all not 0, or the entry stays as it is */
    size_t condition_count;
};

struct dynamic_requirement {
    struct expression condition;
    const struct requirement *wanted;
    size_t selection; /* of those selected */
};

struct selected;

struct effects {
    double base[TARGETS];         /* by rule, with all constant contributions */
    int32_t precision[TARGETS];   /* of a target that chooses: enum precision, or -1 when nobody chose */
    struct dynamic_effect *dynamic;
    struct dynamic_requirement *requirements;
    size_t dynamic_count, requirement_count;
    const struct selected *selected;
};

/* One of those that each needs must be there; asked of a whole job, not of a part of its optimizations. */
void check_needs(speedup_context *context, const struct selection *selections, size_t count);

/* Resolves the selections; every problem is told. */
speedup_status effects_resolve(speedup_context *context, struct arena *arena, const struct selection *selections,
                               size_t count, enum job_kind job, const struct fixed *fixed, struct effects *effects);

/* The value that one effect has. */
void effect_evaluate(const struct dynamic_effect *effect, const lanes *values, lanes *result);

/* The constant values, for all lanes; then the layout's own, for each block. Lanes
 * that a requirement or an unusable value rules out get a status code. */
void effects_begin(const struct effects *effects, lanes out[TARGETS]);
void effects_evaluate(const struct effects *effects, const lanes variables_[VARIABLES], lanes out[TARGETS],
                      lanes *status);

/* Tells why the first lane is unusable. */
speedup_status effects_explain(speedup_context *context, struct arena *arena, const struct effects *effects,
                               const lanes variables_[VARIABLES]);

/* Does something that the software always has act in the first lane's layout? */
bool selection_acts(struct arena *arena, const struct selection *selection, const struct fixed *fixed,
                    const lanes variables_[VARIABLES]);

/* Can two not be together; and does one take the place of another wherever both are? */
bool optimizations_exclude(const struct optimization *a, const struct optimization *b);
bool optimization_supersedes(const struct optimization *optimization, const char *id);

/* Is the effect of one selection switched off by another of the set? */
bool selection_superseded(const struct selection *selections, size_t count, size_t index);

/* The value an entry has when nothing acts on it. */
double target_base(enum target target);

#endif
