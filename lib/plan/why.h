/* Why a search ended as it did: its plans as scenarios, and what would make one possible. */
#ifndef PLAN_WHY_H
#define PLAN_WHY_H

#include "plan/search.h"

/* A search that found nothing, tried with more: the first number of accelerators, of a
 * few multiples of the largest asked for, with which a plan is possible. */
struct remedy {
    double accelerators; /* 0: none of those tried */
    double most;         /* that were tried */
    double layout[VARIABLES], values[METRICS]; /* of the best plan with so many */
};

speedup_status why_accelerators(speedup_context *context, const speedup_space *space, uint32_t threads,
                                struct remedy *remedy);

/* The optimizations of the catalog with which one plan is possible as it is, fastest first. */
struct cure {
    const struct optimization *added;
    double values[METRICS];
};

enum { MOST_CURES = 3 };

speedup_status why_additions(speedup_context *context, const speedup_space *space, uint64_t index, struct arena *arena,
                             struct cure cures[MOST_CURES], size_t *count);

#endif
