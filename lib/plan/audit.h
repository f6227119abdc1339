/* Published claims laid beside arithmetic and the model. A claims document holds
 * tables of gains, costs and identities; rules decide every verdict. */
#ifndef PLAN_AUDIT_H
#define PLAN_AUDIT_H

#include "estimate/scenario.h"

#include <speedup/claims.h>

enum verdict { VERDICT_AGREES, VERDICT_ROUNDING, VERDICT_DEPENDS, VERDICT_CONTRADICTS, VERDICT_UNTESTED };
extern const char *const verdict_names[];

/* A sentence of why, in the arena. */
struct judgement {
    enum verdict verdict;
    const char *why;
};

struct headline {
    const char *name, *from, *to;
    double factor, implied; /* claimed, and the ratio of the two figures */
    double modelled_from, modelled_to, modelled; /* 0: not modelled */
    const char *configuration;
    struct judgement judgement;
};

struct gain {
    const char *name;
    struct place place;
    double factor, claimed_cumulative, cumulative, modelled, modelled_cumulative; /* 0: not known */
    const char *const *acts_on;
    size_t acts_count;
    struct judgement judgement;
};

/* One resource that a table's claims touch. */
struct part {
    const char *resource;
    double factor;        /* of all claims on it */
    double largest_share; /* it may have for the overall figure to hold; 1 when any */
    double modelled_share;
};

struct gains {
    const char *name, *quantity;
    double overall, product;
    speedup_composition composition;
    double modelled_effective; /* with the model's shares; 0 when not known */
    struct gain *rows;
    struct part *parts;
    size_t count, part_count;
    const char *configuration; /* that was modelled */
    bool searched;             /* it is the one that comes nearest to the overall factor */
    struct judgement judgement;
};

struct training_cost {
    const char *name, *precision;
    double accelerators, days, cost;
    double per_hour, price_low, price_high; /* implied, and dated prices of the catalog; 0 when none */
    double needed, peak;                    /* FLOP/s an accelerator must sustain, and its peak */
    double modelled_days, modelled_low, modelled_high, modelled_cost;
    bool modelled_fits;
    const char *configuration;
    struct judgement judgement;
};

struct serving_cost {
    const char *name;
    double claimed, modelled, low, high; /* USD per million output tokens, or tokens/s; an interval */
    double price;                        /* USD/h of an accelerator, where it matters */
    const char *unit, *configuration;
    struct judgement judgement;
};

struct identity {
    const char *name, *expression;
    double claimed, value, error, base, exponent; /* base^exponent is the claimed number exactly */
    size_t free_parameters;
    struct judgement judgement;
};

struct audit {
    const char *title, *source;
    struct headline *headlines;
    struct gains *gains;
    struct training_cost *training;
    struct serving_cost *serving;
    struct identity *identities;
    size_t headline_count, gains_count, training_count, serving_count, identity_count;
};

/* Reads and audits the document of a tree; everything lives in the arena. */
speedup_status plan_audit(speedup_context *context, const speedup_catalog *catalog, struct arena *arena,
                          const struct yaml_tree *tree, struct audit *audit);

/* The tables of a claims document, for the reference page; ended by NULL. */
extern const struct record_table *const audit_tables[];

#endif
