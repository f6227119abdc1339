/* Spaces of plans inside: programs (a system, a price and a choice of optimizations,
 * compiled) and axes of layouts. A plan's index is its program's times the layouts
 * of one program, plus its layout's. */
#ifndef PLAN_SPACE_H
#define PLAN_SPACE_H

#include "estimate/scenario.h"

#include <speedup/plan.h>

/* Axes of the layout, outermost first. */
enum axis { AXIS_ACCELERATORS, AXIS_TENSOR, AXIS_PIPELINE, AXIS_CONTEXT, AXIS_EXPERT, AXIS_VIRTUAL_STAGES, AXIS_MICRO_BATCH, AXES };
extern const enum variable axis_variables[AXES];

enum objective { OBJECTIVE_TIME, OBJECTIVE_COST, OBJECTIVE_ENERGY, OBJECTIVE_ACCELERATOR_HOURS, OBJECTIVES };

enum { MOST_FRONT_METRICS = 3, MOST_TOP = 1000, MOST_PROGRAMS = 20000, MOST_VALUES = 4096 };

struct program {
    speedup_scenario *scenario; /* NULL when the choice cannot be */
    const struct price *price;
    double per_hour;
    speedup_status why_not;
};

struct speedup_space {
    atomic_uint references;
    speedup_allocator allocator;
    struct arena arena;
    speedup_catalog *catalog;
    struct program *programs;
    size_t program_count;
    double *values[AXES];
    size_t counts[AXES];
    uint64_t layouts; /* of one program */
    enum objective objective;
    double deadline, budget, power, confidence; /* 0: none */
    double memory_margin;                       /* factor on the peak, for the confidence */
    int32_t front[MOST_FRONT_METRICS];
    size_t front_count, top;
};

/* The metric that the objective means for this space. */
int space_objective_metric(const speedup_space *space);

/* Does this layout divide? */
bool space_divides(const struct job *job, const double at[AXES]);

extern const struct record_table plan_table;

#endif
