/* What to do about optimizations that cannot be as they are asked for. */
#ifndef COMPOSE_HINT_H
#define COMPOSE_HINT_H

#include "compose/effects.h"

/* A set of selections of one job. */
struct selected {
    const struct selection *selections;
    size_t count;
    enum job_kind job;
    const struct fixed *fixed;
};

/* Adds to the last problem what the names of a requirement are here, and what works in place of the selection;
 * `layout` is NULL where the requirement reads none of it. */
void hint_requirement(speedup_context *context, struct arena *arena, const struct selected *selected, size_t index,
                      const struct requirement *requirement, const lanes *layout);

/* Of two that exclude each other, what the first goes with in place of the second. */
void hint_excluded(speedup_context *context, struct arena *arena, const struct selected *selected, size_t first, size_t second);

#endif
