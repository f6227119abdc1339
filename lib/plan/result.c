/* Results of searches: what they gathered, read, and put together over threads and machines,
 * with the same bits in any order. */
#include "plan/search.h"

#include "base/struct.h"

#include <float.h>
#include <string.h>

void best_add(struct speedup_result *result, double value, uint64_t index)
{
    size_t top = result->space->top, at = result->best_count;
    if (at == top && !found_before(value, index, result->best[at - 1].value[0], result->best[at - 1].index))
        return;
    if (at == top)
        at--;
    else
        result->best_count++;
    for (; at && found_before(value, index, result->best[at - 1].value[0], result->best[at - 1].index); at--)
        result->best[at] = result->best[at - 1];
    result->best[at] = (struct found){{value}, index};
}

speedup_result *result_allocate(const speedup_allocator *allocator, const speedup_space *space)
{
    speedup_result *made = allocator->allocate(allocator->user, sizeof *made);
    if (!made)
        return NULL;
    *made = (speedup_result){.allocator = *allocator, .space = speedup_space_ref((speedup_space *)(uintptr_t)space)};
    for (int i = 0; i <= NEEDS; i++)
        made->near[i] = (struct found){{HUGE_VAL}, UINT64_MAX};
    for (int i = 0; i < MOST_LIMITS; i++)
        made->within[i] = (struct found){{HUGE_VAL}, UINT64_MAX};
    made->unseen = HUGE_VAL;
    made->best = allocator->allocate(allocator->user, space->top * sizeof *made->best);
    if (!made->best) {
        speedup_result_destroy(made);
        return NULL;
    }
    return made;
}

void speedup_result_destroy(speedup_result *result)
{
    if (!result)
        return;
    speedup_allocator allocator = result->allocator;
    if (result->best)
        allocator.release(allocator.user, result->best);
    if (result->front)
        allocator.release(allocator.user, result->front);
    speedup_space_unref(result->space);
    allocator.release(allocator.user, result);
}

void result_absorb(speedup_result *into, const speedup_result *from)
{
    for (size_t i = 0; i < from->best_count; i++)
        best_add(into, from->best[i].value[0], from->best[i].index);
    for (size_t i = 0; i < from->front_count; i++)
        front_add(into, &from->front[i]);
    for (int i = 0; i <= NEEDS; i++)
        found_least(&into->near[i], from->near[i].value[0], from->near[i].index);
    for (int i = 0; i < MOST_LIMITS; i++)
        found_least(&into->within[i], from->within[i].value[0], from->within[i].index);
    into->unseen = fmin(into->unseen, from->unseen);
    into->counts.size += from->counts.size;
    into->counts.searched += from->counts.searched;
    into->counts.conflicting += from->counts.conflicting;
    into->counts.not_dividing += from->counts.not_dividing;
    into->counts.not_fitting += from->counts.not_fitting;
    into->counts.constrained += from->counts.constrained;
    into->counts.feasible += from->counts.feasible;
    into->counts.off_target += from->counts.off_target;
    into->failed |= from->failed;
}

speedup_status speedup_result_merge(speedup_context *context, const speedup_result *a, const speedup_result *b,
                                    speedup_result **result)
{
    if (result)
        *result = NULL;
    REQUIRE_GIVEN(context, context);
    REQUIRE_GIVEN(context, a);
    REQUIRE_GIVEN(context, b);
    REQUIRE_GIVEN(context, result);
    REQUIRE(context, a->space == b->space, "arguments 'a' and 'b' are results of different spaces");
    diagnostics_clear(context);
    speedup_result *made = result_allocate(&context->allocator, a->space);
    if (!made)
        return no_memory(context);
    result_absorb(made, a);
    result_absorb(made, b);
    front_reduce(made);
    if (made->failed) {
        speedup_result_destroy(made);
        return no_memory(context);
    }
    *result = made;
    return SPEEDUP_OK;
}

speedup_status speedup_result_counts(const speedup_result *result, speedup_counts *counts)
{
    if (!result || !STRUCT_GOOD(speedup_counts, counts))
        return SPEEDUP_INVALID_ARGUMENT;
    struct_out(counts, &result->counts, sizeof result->counts);
    return SPEEDUP_OK;
}

speedup_status speedup_result_gap(const speedup_result *result, double *bound, double *gap)
{
    if (!result || !bound || !gap)
        return SPEEDUP_INVALID_ARGUMENT;
    double best = result->best_count ? result->best[0].value[0] : HUGE_VAL, least = fmin(best, result->unseen);
    *bound = isfinite(least) ? result->space->goal.sign * least : 0;
    *gap = 0;
    if (!result->best_count)
        return SPEEDUP_NOT_FOUND;
    if (least < best)
        *gap = least > 0 ? fmin(best / least - 1, DBL_MAX) : DBL_MAX;
    return SPEEDUP_OK;
}

speedup_status speedup_result_near(const speedup_result *result, int32_t resource, uint64_t *index, double *factor)
{
    bool any = resource == SPEEDUP_RESOURCE_ANY;
    if (!result || !index || !factor || ((resource < 0 || resource >= NEEDS) && !any))
        return SPEEDUP_INVALID_ARGUMENT;
    const struct found *near = &result->near[any ? NEEDS : resource];
    if (result->counts.feasible || !isfinite(near->value[0]))
        return SPEEDUP_NOT_FOUND;
    *index = near->index;
    *factor = near->value[0];
    return SPEEDUP_OK;
}

speedup_status speedup_result_best(const speedup_result *result, size_t rank, uint64_t *index)
{
    if (!result || !index)
        return SPEEDUP_INVALID_ARGUMENT;
    if (rank >= result->best_count)
        return SPEEDUP_NOT_FOUND;
    *index = result->best[rank].index;
    return SPEEDUP_OK;
}

speedup_status speedup_result_front(const speedup_result *result, size_t rank, uint64_t *index)
{
    if (!result || !index)
        return SPEEDUP_INVALID_ARGUMENT;
    if (rank >= result->front_count)
        return SPEEDUP_NOT_FOUND;
    *index = result->front[rank].index;
    return SPEEDUP_OK;
}

void layout_at(const speedup_space *space, uint64_t layout, size_t digits[AXES], double at[AXES])
{
    for (int axis = AXES - 1; axis >= 0; axis--) {
        digits[axis] = (size_t)(layout % space->counts[axis]);
        layout /= space->counts[axis];
        at[axis] = space->values[axis][digits[axis]];
    }
}

speedup_status speedup_space_estimate(const speedup_space *space, uint64_t index, double *layout, size_t layout_count,
                                      double *values, size_t value_count)
{
    if (!space || (!layout && layout_count) || (!values && value_count))
        return SPEEDUP_INVALID_ARGUMENT;
    if (index >= speedup_space_size(space))
        return SPEEDUP_NOT_FOUND;
    const struct program *program = &space->programs[index / space->layouts];
    if (!program->scenario)
        return program->why_not;
    struct job job = program->scenario->job;
    job.price = program->per_hour;
    lanes v[VARIABLES];
    lane_mask possible;
    size_t digits[AXES];
    double at[AXES], all[METRICS];
    memcpy(v, program->scenario->variables, sizeof v);
    layout_at(space, index % space->layouts, digits, at);
    for (int axis = 0; axis < AXES; axis++)
        v[layout_axes[axis].variable] = lanes_of(at[axis]);
    job.kernel->complete(&job, v, &possible);
    if (!possible[0])
        return SPEEDUP_DOES_NOT_DIVIDE;
    speedup_status status = job_values(&job, v, all);
    for (size_t i = 0; i < layout_count; i++)
        layout[i] = i < VARIABLES ? v[i][0] : 0;
    for (size_t i = 0; i < value_count; i++)
        values[i] = i < METRICS ? all[i] : 0;
    return status;
}
