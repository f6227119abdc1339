/* Pareto fronts of a search: points gather, and those that another is at least as good as
 * in everything go. Knows nothing of what the points stand for. */
#include "plan/search.h"

#include <stdlib.h>

static int by_values(const void *a, const void *b)
{
    const struct found *x = a, *y = b;
    for (int m = 0; m < MOST_FRONT_METRICS; m++)
        if (x->value[m] != y->value[m])
            return x->value[m] < y->value[m] ? -1 : 1;
    return x->index < y->index ? -1 : x->index != y->index;
}

static int by_number(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

/* How many of the numbers, ascending, are not over one. */
static size_t rank_of(const double *numbers, size_t count, double number)
{
    size_t low = 0;
    while (low < count) {
        size_t middle = low + (count - low) / 2;
        if (numbers[middle] <= number)
            low = middle + 1;
        else
            count = middle;
    }
    return low;
}

/* In order of values a point is dominated only by one before it: that with the least
 * third value among those whose second is no greater (a tree of prefix minima; Fenwick 1994). */
void front_reduce(struct speedup_result *result)
{
    size_t count = result->front_count, kept = 0;
    if (result->front_sorted == count)
        return;
    double *seconds = result->allocator.allocate(result->allocator.user, (2 * count + 1) * sizeof *seconds);
    if (!seconds) {
        result->failed = true;
        return;
    }
    double *least = seconds + count; /* from 1 */
    qsort(result->front, count, sizeof *result->front, by_values);
    for (size_t i = 0; i < count; i++) {
        seconds[i] = result->front[i].value[1];
        least[i + 1] = HUGE_VAL;
    }
    qsort(seconds, count, sizeof *seconds, by_number);
    for (size_t i = 0; i < count; i++) {
        const struct found point = result->front[i];
        size_t rank = rank_of(seconds, count, point.value[1]);
        bool dominated = false;
        for (size_t at = rank; at && !dominated; at &= at - 1)
            dominated = least[at] <= point.value[2];
        if (dominated)
            continue;
        for (size_t at = rank; at <= count; at += at & (~at + 1))
            least[at] = fmin(least[at], point.value[2]);
        result->front[kept++] = point;
    }
    result->front_count = result->front_sorted = kept;
    result->allocator.release(result->allocator.user, seconds);
}

/* Points gather until they are twice as many as the last reduction left. */
void front_add(struct speedup_result *result, const struct found *point)
{
    enum { FEW = 256 };
    if (result->front_count >= 2 * result->front_sorted + FEW)
        front_reduce(result);
    void *items = result->front;
    if (result->failed || !memory_grow(&result->allocator, &items, &result->front_room, result->front_count, sizeof *result->front)) {
        result->failed = true;
        return;
    }
    result->front = items;
    result->front[result->front_count++] = *point;
}
