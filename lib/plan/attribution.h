/* Why a plan takes what it takes: what each optimization brought, in the order given. */
#ifndef PLAN_ATTRIBUTION_H
#define PLAN_ATTRIBUTION_H

#include "estimate/scenario.h"

#include <speedup/plan.h>

struct waterfall_step {
    const struct optimization *added; /* NULL for the baseline */
    bool superseded;                  /* by one that comes after, so that it ends without effect */
    double values[METRICS];
};

/* The job with its baseline, and then with each optimization more; steps in the arena. */
speedup_status plan_waterfall(speedup_context *context, const speedup_scenario *scenario, struct arena *arena,
                              struct waterfall_step **steps, size_t *count);

/* The time that gains are of: of a step, or in inference of a token among all. */
double plan_seconds(const struct job *job, const double values[METRICS]);

/* B that the job needs more than there is, of the accelerator or of its host; 0 when it fits. */
double plan_lacking(const struct job *job, const double values[METRICS]);

/* The differences of two estimates, into what a contribution says of them. */
void plan_contribution(const struct job *job, const double without[METRICS], const double with[METRICS],
                       speedup_contribution *contribution);

/* What is lost without each optimization of a scenario, where not every subset of them has
 * a time: no waterfall and no shares. */
speedup_status plan_losses(speedup_context *context, const speedup_scenario *scenario, speedup_contribution *contributions,
                           size_t count);

#endif
