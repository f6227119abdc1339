/* Why a plan takes what it takes: what each optimization brought, in the order given. */
#ifndef PLAN_ATTRIBUTION_H
#define PLAN_ATTRIBUTION_H

#include "estimate/scenario.h"

struct waterfall_step {
    const struct optimization *added; /* NULL for the baseline */
    bool superseded;                  /* by one that comes after, so that it ends without effect */
    double values[METRICS];
};

/* The job with its baseline, and then with each optimization more; steps in the arena. */
speedup_status plan_waterfall(speedup_context *context, const speedup_scenario *scenario, struct arena *arena,
                              struct waterfall_step **steps, size_t *count);

#endif
