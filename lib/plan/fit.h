/* Does a job fit, as surely as somebody asks; and the largest number with which it does. */
#ifndef PLAN_FIT_H
#define PLAN_FIT_H

#include "estimate/scenario.h"

#include <speedup/fit.h>

struct means;

/* A set of means, a bit for each of those that are put together. */
struct mended {
    uint32_t members;
    double micro_batch;
    double values[METRICS]; /* where the status is SPEEDUP_OK */
    speedup_status status;
};

struct speedup_remedies {
    speedup_allocator allocator;
    struct arena arena;
    const speedup_scenario *scenario;
    double confidence;
    const struct means *means; /* in the order of their places; the first `joined` that apply are put together */
    size_t mean_count;
    const struct means **joined;
    size_t joined_count;
    speedup_remedy own, *single, *sets; /* rows as they are handed out */
    struct mended *kept;                /* of the sets */
    size_t set_count;
};

/* The bound that a metric does not pass with a probability. */
double fit_upper(const double values[METRICS], int metric, double confidence);

/* B that a job lacks to fit with a probability, as admission asks: of its accelerator, or else of its host; 0 when it
 * fits. Of a service that has no room for all its requests, or does not fit by a rounding, a byte at least. */
double fit_lacking(const struct job *job, const double values[METRICS], double confidence);

/* What one number of a job leads to. */
enum fit_look { FIT_FITS, FIT_TOO_MUCH, FIT_NOT_POSSIBLE };

/* Looks for the largest whole number in [low, high) that fits, of which low does and high does not, by halves, as if
 * each below one that fits did. Of a number that is not possible it takes the next below that is, of the next 64. */
typedef enum fit_look (*fit_function)(void *user, double number);
double fit_largest(fit_function look, void *user, double low, double high);

/* The next number that is possible, down from one to above another; -1 for none of the next 64, and then `looked` says
 * that it is not possible. */
double fit_possible(fit_function look, void *user, double number, double above, enum fit_look *looked);

#endif
