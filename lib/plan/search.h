/* Searches inside: what a search finds beside the best, and searches of the same space
 * with other limits. */
#ifndef PLAN_SEARCH_H
#define PLAN_SEARCH_H

#include "plan/space.h"

struct found {
    double value[MOST_FRONT_METRICS];
    uint64_t index;
};

/* Other limits to judge the same plans by. */
struct limits {
    double of[LIMITS]; /* of the machine's: how much more there is; HUGE_VAL: no limit */
};

enum { MOST_LIMITS = 2 * LIMITS };

/* A search that asks nothing but the best plan within each of some limits. */
struct question {
    const struct limits *limits;
    size_t count;
};

struct speedup_result {
    speedup_allocator allocator;
    speedup_space *space;
    speedup_counts counts;
    struct found *best; /* room for the space's top */
    struct found *front;
    size_t best_count, front_count, front_room;
    /* While nothing is possible: the plan that misses one limit alone, by the least
     * factor, for each; last, the one whose worst miss is the least. Of no meaning once
     * a plan is possible, as then not every miss is looked at. */
    struct found near[LIMITS + 1];
    struct found within[MOST_LIMITS]; /* best of a question, by its limits */
    double unseen;                    /* no plan that was not looked at has a lower objective */
    bool failed;                      /* no memory */
};

/* The limits of a space; HUGE_VAL where there is none. */
void space_limits(const speedup_space *space, struct limits *limits);

/* What a plan needs of each, how much of each there is, and whether it suffices. */
void plan_needs(const speedup_space *space, const struct job *job, const lanes v[VARIABLES], const lanes out[METRICS],
                int lane, double need[LIMITS]);
double limit_of(const struct job *job, const struct limits *limits, enum plan_limit limit);
bool limits_hold(const struct job *job, const struct limits *limits, const double need[LIMITS]);

/* As speedup_space_search(); with a question, that is all it answers. */
speedup_status search_range(speedup_context *context, const speedup_space *space, const struct question *question,
                            uint64_t begin, uint64_t end, uint32_t threads, speedup_progress_function progress,
                            void *user, speedup_result **result);

#endif
