/* Spaces of plans inside: programs (a system, a price and a choice of optimizations,
 * compiled) and axes of layouts. A plan's index is its program's times the layouts
 * of one program, plus its layout's. */
#ifndef PLAN_SPACE_H
#define PLAN_SPACE_H

#include "estimate/layout.h"
#include "estimate/scenario.h"

#include <speedup/plan.h>

/* What is made least: a metric, or its opposite where more is better. */
struct goal {
    int32_t metric;
    double sign;
};

/* What a plan must not exceed beside memory. */
enum plan_limit { LIMIT_DEADLINE, LIMIT_BUDGET, LIMIT_POWER, LIMIT_FIRST_TOKEN, LIMIT_TOKEN, LIMIT_RATE, LIMITS };

/* A key that the plan left out, what was taken for it, and why. */
struct assumption {
    const char *key, *value, *why;
};

enum { MOST_ASSUMPTIONS = 40 };

enum { MOST_FRONT_METRICS = 3, MOST_TOP = 1000, MOST_PROGRAMS = 20000, MOST_VALUES = 4096 };

struct program {
    speedup_scenario *scenario; /* NULL when the choice cannot be */
    const struct price *price;
    double per_hour;
    speedup_status why_not;
    double memory_margin; /* in training, factor on the peak, for the confidence of the space */
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
    enum job_kind kind;
    struct goal goal;
    double limits[LIMITS]; /* 0: none */
    double confidence;
    struct goal front[MOST_FRONT_METRICS];
    size_t front_count, top;
    struct assumption assumed[MOST_ASSUMPTIONS];
    size_t assumed_count;
};

/* What a plan that fits takes of a limit: over 1 it is outside. */
double space_limit_ratio(const speedup_space *space, const struct job *job, enum plan_limit limit, double accelerators,
                         const lanes values[METRICS], int lane);

/* The keys of a plan by kind of job. */
extern const struct record_table plan_table, serving_plan_table;
extern const struct section_keys plan_sections[];

#endif
