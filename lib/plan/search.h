/* Searches inside: what a search finds beside the best, and searches of the same space
 * with other limits. */
#ifndef PLAN_SEARCH_H
#define PLAN_SEARCH_H

#include "base/threads.h"
#include "plan/space.h"

/* What a plan has to stay within: memories of its machine, then what the space asks
 * (enum plan_limit); numbered as the resources of plan.h. */
enum need { NEED_MEMORY, NEED_HOST, NEED_ASKED, NEEDS = NEED_ASKED + LIMITS };

struct found {
    double value[MOST_FRONT_METRICS];
    uint64_t index;
};

/* Other limits to judge the same plans by: B more of the machine's memories, factors on
 * what is asked; HUGE_VAL: no limit. */
struct limits {
    double of[NEEDS];
};

enum { MOST_LIMITS = 2 * NEEDS };

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
    size_t front_sorted; /* of the front's points: in order, and none dominates another */
    /* While nothing is possible: the plan that misses one limit alone, by the least
     * factor, for each; last, the one whose worst miss is the least. Of no meaning once
     * a plan is possible, as then not every miss is looked at. */
    struct found near[NEEDS + 1];
    struct found within[MOST_LIMITS]; /* best of a question, by its limits */
    double unseen;                    /* no plan that was not looked at has a lower objective */
    bool failed;                      /* no memory */
};

/* The limits of a space as they are. */
extern const struct limits limits_as_they_are;

/* By which factor a plan misses each limit, 1 and less when it does not; returns the worst. */
double plan_misses(const speedup_space *space, const struct program *program, const struct job *job, const struct limits *limits,
                   const lanes v[VARIABLES], const lanes out[METRICS], int lane, double miss[NEEDS]);

/* Does a service lack memory, for the confidence that is asked? */
bool service_lacks_memory(const speedup_space *space, const lanes out[METRICS], int lane);

/* Is this the better: less, or the lower index? */
static inline bool found_before(double a, uint64_t i, double b, uint64_t j)
{
    return a < b || (a == b && i < j);
}

static inline void found_least(struct found *least, double value, uint64_t index)
{
    if (found_before(value, index, least->value[0], least->index))
        *least = (struct found){{value}, index};
}

/* Keeps a plan that is among the best so far. */
void best_add(speedup_result *result, double value, uint64_t index);

/* Adds a point to the front. */
void front_add(speedup_result *result, const struct found *point);

/* Drops points that another is at least as good as in everything, of equal ones all but the first. */
void front_reduce(speedup_result *result);

/* An empty result; NULL without memory. */
speedup_result *result_allocate(const speedup_allocator *allocator, const speedup_space *space);

/* What one result has found, added to another of the same space. */
void result_absorb(speedup_result *into, const speedup_result *from);

/* The values of a program's layout by its number, and where on their axes they stand. */
void layout_at(const speedup_space *space, uint64_t layout, size_t digits[AXES], double at[AXES]);

/* As speedup_space_search(); with a question, that is all it answers. */
speedup_status search_range(speedup_context *context, const speedup_space *space, const struct question *question,
                            uint64_t begin, uint64_t end, uint32_t threads, speedup_progress_function progress,
                            void *user, speedup_result **result);

#endif
