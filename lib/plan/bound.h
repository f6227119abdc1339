/* What no layout of a job can beat, known before any layout is looked at. */
#ifndef PLAN_BOUND_H
#define PLAN_BOUND_H

#include "estimate/job.h"

/* Rounding must not lift a bound over the value it bounds. */
#define BOUND_BELOW (1 - 1e-9)

/* Every layout on n accelerators takes at least work / n + fixed seconds a step; a request takes at least so many seconds of
 * accelerators together, and an output token takes at least fixed + token / n seconds where n ranks of a tensor share the weights. */
struct bound {
    double work;  /* s: of all products and passes over memory, on one accelerator */
    double fixed; /* s */
    double request, token; /* s, on one accelerator: of the products of a request; of reading the weights that every token meets */
};

/* `layout` is any layout's variables; no layout has more ranks of experts than `experts`. */
void bound_step(const struct job *job, const lanes layout[VARIABLES], double experts, struct bound *bound);

/* The same of inference. Prompt and output go through the products at the rates of their formats, whatever runs beside them, however
 * they are laid out: a rank has a share of the weights, and a step takes no less than the products of all that it does. */
void bound_request(const struct job *job, struct bound *bound);

/* Is the time of every layout a finite number? Then it need not be computed to be counted. */
bool bound_finite(const struct job *job);

#endif
