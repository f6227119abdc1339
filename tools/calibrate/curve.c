/* Levenberg-Marquardt of cminpack over a curve's parameters, on logarithms. */
#include "curve.h"

#include <cminpack.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HELD_BACK = 4 };

/* Residuals beyond this logarithm count linearly: soft L1. */
static const double robust = 0.05;

struct sample *samples_add(struct samples *samples)
{
    if (samples->count == samples->room) {
        size_t room = samples->room ? 2 * samples->room : 64;
        struct sample *more = realloc(samples->items, room * sizeof *more);
        if (!more)
            return NULL;
        samples->items = more;
        samples->room = room;
    }
    struct sample *added = &samples->items[samples->count++];
    *added = (struct sample){0};
    return added;
}

void samples_free(struct samples *samples)
{
    free(samples->items);
    *samples = (struct samples){0};
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

size_t samples_hold_back(struct samples *samples)
{
    const char **names = calloc(samples->count + 1, sizeof *names);
    size_t count = 0;
    for (size_t i = 0; names && i < samples->count; i++)
        names[i] = samples->items[i].name;
    if (names && samples->count)
        qsort(names, samples->count, sizeof *names, by_name);
    for (size_t i = 0; names && i < samples->count; i++)
        if (!i || strcmp(names[i], names[count - 1]))
            names[count++] = names[i];
    for (size_t i = 0; names && i < samples->count; i++) {
        const char *name = samples->items[i].name, **found = bsearch(&name, names, count, sizeof *names, by_name);
        samples->items[i].held = found && (size_t)(found - names) % HELD_BACK == HELD_BACK - 1;
    }
    free(names);
    return count;
}

struct problem {
    curve *function;
    const void *chip;
    const struct parameter *parameters;
    const struct samples *samples;
    const size_t *free; /* indices of the parameters that are fitted */
    size_t count, free_count;
};

static void values_at(const struct problem *p, const double *x, double values[CURVE_PARAMETERS])
{
    for (size_t i = 0; i < p->count; i++)
        values[i] = p->parameters[i].value;
    for (size_t i = 0; i < p->free_count; i++)
        values[p->free[i]] *= exp(x[i]);
}

static int residuals(void *user, int m, int n, const double *x, double *out, int flag)
{
    const struct problem *p = user;
    double values[CURVE_PARAMETERS];
    size_t at = 0;
    (void)m;
    (void)flag;
    values_at(p, x, values);
    for (size_t i = 0; i < p->samples->count; i++) {
        const struct sample *s = &p->samples->items[i];
        if (s->held)
            continue;
        double seconds = p->function(p->chip, values, s);
        if (!(seconds > 0 && isfinite(seconds)))
            return -1;
        double r = log(seconds / s->seconds) / robust;
        out[at++] = copysign(sqrt(2 * (sqrt(1 + r * r) - 1)), r);
    }
    for (int i = 0; i < n; i++)
        out[at++] = x[i] / p->parameters[p->free[i]].sigma;
    return 0;
}

bool curve_fit(curve *function, const void *chip, struct parameter *parameters, size_t count, struct samples *samples)
{
    size_t free_of[CURVE_PARAMETERS], n = 0, fitted = 0;
    for (size_t i = 0; i < count; i++)
        if (parameters[i].value > 0)
            free_of[n++] = i;
    for (size_t i = 0; i < samples->count; i++)
        fitted += !samples->items[i].held;
    if (!n || fitted < n)
        return false;
    struct problem p = {function, chip, parameters, samples, free_of, count, n};
    double x[CURVE_PARAMETERS] = {0}, values[CURVE_PARAMETERS], scale[CURVE_PARAMETERS], qtf[CURVE_PARAMETERS], w1[CURVE_PARAMETERS],
           w2[CURVE_PARAMETERS], w3[CURVE_PARAMETERS];
    int pivot[CURVE_PARAMETERS], evaluations = 0, rows = (int)(fitted + n);
    double *memory = calloc((size_t)rows * (n + 2), sizeof *memory);
    bool good = memory && lmdif(residuals, &p, rows, (int)n, x, memory, 1e-9, 1e-9, 0, 2000, 1e-7, scale, 1, 10, 0, &evaluations,
                                memory + 2 * rows, rows, pivot, qtf, w1, w2, w3, memory + rows) > 0;
    free(memory);
    values_at(&p, x, values);
    for (size_t i = 0; i < count && good; i++)
        parameters[i].value = values[i];
    for (size_t i = 0; i < samples->count && good; i++)
        samples->items[i].predicted = function(chip, values, &samples->items[i]);
    return good;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double median_of(double *values, size_t count)
{
    if (!count)
        return 0;
    qsort(values, count, sizeof *values, ascending);
    return (values[(count - 1) / 2] + values[count / 2]) / 2;
}

struct judged samples_judge(const struct samples *samples)
{
    struct judged judged = {0};
    double *errors = calloc(samples->count + 1, sizeof *errors);
    for (size_t i = 0; errors && i < samples->count; i++) {
        const struct sample *s = &samples->items[i];
        if (!s->held || !(s->predicted > 0))
            continue;
        double error = fabs(s->predicted / s->seconds - 1), l = log(s->predicted / s->seconds);
        errors[judged.count++] = error;
        judged.mean += error;
        judged.rms += l * l;
    }
    if (judged.count) {
        judged.mean /= (double)judged.count;
        judged.rms = sqrt(judged.rms / (double)judged.count);
        judged.median = median_of(errors, judged.count);
    }
    free(errors);
    return judged;
}

double sigma_supported(double rms, size_t count)
{
    /* A tenth of chi-square lies below n (1 - 2/(9n) + z sqrt(2/(9n)))^3 (Wilson and Hilferty, 1931). */
    const double z = -1.2816;
    double share = 2 / (9 * (double)count), root = 1 - share + z * sqrt(share);
    return root > 0 ? rms / sqrt(root * root * root) : INFINITY;
}
