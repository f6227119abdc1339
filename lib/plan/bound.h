/* A time that no layout of a job can beat, known before any layout is looked at. */
#ifndef PLAN_BOUND_H
#define PLAN_BOUND_H

#include "estimate/job.h"

/* Every layout on n accelerators takes at least work / n + fixed seconds a step. */
struct bound {
    double work;  /* s: of all products and passes over memory, on one accelerator */
    double fixed; /* s */
};

/* `layout` is any layout's variables; no layout has more ranks of experts than `experts`. */
void bound_step(const struct job *job, const lanes layout[VARIABLES], double experts, struct bound *bound);

/* Is the time of every layout a finite number? Then it need not be computed to be counted. */
bool bound_finite(const struct job *job);

#endif
