/* What to change so that a job fits: single changes of the layout, of the batch, or
 * an optimization of the catalog more; two together when no single one does. */
#ifndef PLAN_CHANGE_H
#define PLAN_CHANGE_H

#include "estimate/scenario.h"

struct change {
    enum variable degree;             /* VARIABLES: no variable changes */
    double value;                     /* of the degree */
    double front;                     /* tensor-parallel degree of a pool for prefill; 0: as it is */
    const struct optimization *added; /* NULL: none */
    double values[METRICS];           /* with the change */
    double accelerators;              /* that it takes */
};

enum { MOST_OPTIMIZATIONS_TOLD = 3, MOST_CHANGES = 4 + MOST_OPTIMIZATIONS_TOLD };

/* The changes that make a scenario fit which does not: the nearest value of each degree,
 * then optimizations on the fewest accelerators, the fastest first. Problems of what
 * cannot be are not told. */
speedup_status plan_changes(speedup_context *context, const speedup_scenario *scenario, struct arena *arena,
                            struct change changes[MOST_CHANGES], size_t *count);

#endif
