/* Calibration from measured kernels: matrix products of m x n x k with their latency.
 * A product takes F / (P e) + bytes / (B b) + t0: its operations at a share of the
 * peak, its bytes at a share of the bandwidth, and a fixed time. */
#include "fit.h"

#include "csv.h"

#include <cminpack.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Large products of a training step reach this share of what the kernel alone does
 * (doc/validation.md): the rule for accelerators without training runs. */
static const double training_over_kernel = 0.8477;

enum { HELD_BACK = 4, SMALLEST = 1024 };

struct product {
    double work, traffic, seconds; /* seconds at the peak, at the bandwidth, and measured */
    bool held;
};

struct products {
    struct product *items;
    size_t count;
};

static double predicted(const struct product *p, const double *x)
{
    return p->work * exp(x[0]) + p->traffic * exp(x[1]) + exp(x[2]);
}

static int residuals(void *user, int m, int n, const double *x, double *out, int flag)
{
    const struct products *all = user;
    (void)m;
    (void)n;
    (void)flag;
    size_t at = 0;
    for (size_t i = 0; i < all->count; i++)
        if (!all->items[i].held) {
            double r = log(predicted(&all->items[i], x) / all->items[i].seconds) / 0.05;
            out[at++] = copysign(sqrt(2 * (sqrt(1 + r * r) - 1)), r);
        }
    return 0;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The median error of the products held back, in percent. */
static double median_error(const struct products *all, const double *x)
{
    double *errors = calloc(all->count + 1, sizeof *errors), median = 0;
    size_t count = 0;
    for (size_t i = 0; errors && i < all->count; i++)
        if (all->items[i].held)
            errors[count++] = 100 * fabs(predicted(&all->items[i], x) / all->items[i].seconds - 1);
    if (count) {
        qsort(errors, count, sizeof *errors, ascending);
        median = errors[count / 2];
    }
    free(errors);
    return median;
}

static bool read_products(const struct csv *csv, double peak, double bandwidth, struct products *all)
{
    int m = csv_column(csv, "m"), n = csv_column(csv, "n"), k = csv_column(csv, "k"), t = csv_column(csv, "latency"),
        format = csv_column(csv, "gemm_dtype");
    *all = (struct products){calloc(csv->rows + 1, sizeof *all->items), 0};
    for (size_t i = 0; all->items && i < csv->rows; i++) {
        double a, b, c, ms;
        char why[REASON_TEXT];
        if (!csv_number(csv, i, m, 0, why, sizeof why, &a) || !csv_number(csv, i, n, 0, why, sizeof why, &b) ||
            !csv_number(csv, i, k, 0, why, sizeof why, &c) || !csv_number(csv, i, t, 0, why, sizeof why, &ms)) {
            fprintf(stderr, "%s:%zu: row passed over: %s\n", csv->path, csv->lines[i], why);
            continue;
        }
        const char *name = csv_text(csv, i, format);
        bool half = !*name || !strcmp(name, "bfloat16") || !strcmp(name, "float16") || !strcmp(name, "half");
        if (!half || a < SMALLEST || b < SMALLEST || c < SMALLEST / 2 || ms <= 0)
            continue;
        all->items[all->count] = (struct product){2 * a * b * c / peak, 2 * (a * c + b * c + a * b) / bandwidth, ms / 1e3,
                                                  i % HELD_BACK == 0};
        all->count++;
    }
    return all->items != NULL;
}

bool calibrates_kernels(const struct csv *csv)
{
    return csv_column(csv, "m") >= 0 && csv_column(csv, "n") >= 0 && csv_column(csv, "k") >= 0 && csv_column(csv, "latency") >= 0;
}

int calibrate_kernels(const struct session *session, const struct csv *csv)
{
    const char *id = session->options->accelerator;
    double peak = 0, bandwidth = 0, shipped[3] = {-log(0.72), 0, log(5e-6)};
    if (speedup_catalog_number(session->catalog, "accelerators", id, "peak.bf16", &peak))
        speedup_catalog_number(session->catalog, "accelerators", id, "peak.fp16", &peak);
    speedup_catalog_number(session->catalog, "accelerators", id, "bandwidth", &bandwidth);
    struct products all = {0};
    bool good = peak > 0 && bandwidth > 0 && read_products(csv, peak, bandwidth, &all);
    size_t fitted = 0;
    for (size_t i = 0; good && i < all.count; i++)
        fitted += !all.items[i].held;
    if (good && fitted < 8) {
        fprintf(stderr, "speedup: %zu 16-bit products of at least %d x %d; at least 8 are needed\n", fitted, SMALLEST, SMALLEST);
        good = false;
    }
    double x[3] = {0.2, 0.2, log(5e-6)}, *memory = good ? calloc(2 * fitted + 3 * fitted + 16, sizeof *memory) : NULL;
    if (memory) {
        double *jacobian = memory + 2 * fitted, *rest = jacobian + 3 * fitted;
        int pivot[3], evaluations, rows = (int)fitted;
        good = lmdif(residuals, &all, rows, 3, x, memory, 1e-10, 1e-10, 0, 2000, 1e-8, rest, 1, 10, 0, &evaluations, jacobian, rows,
                     pivot, rest + 3, rest + 6, rest + 9, rest + 12, memory + fitted) > 0;
    } else {
        good = false;
    }
    if (good) {
        double share = exp(-x[0]);
        fprintf(stderr, "%zu products fitted, %zu held back; they reach %.3f of the peak\n", fitted, all.count - fitted, share);
        fprintf(stderr, "held back, median error: %.1f %% without calibration, %.1f %% fitted\n", median_error(&all, shipped),
                median_error(&all, x));
        printf("accelerators:\n  %s:\n    base: %s\n    replaces: true\n    provenance: measured\n    calibration:\n", id, id);
        printf("      matmul_efficiency: %.4g      # %.3f of the kernel's %.4g\n", training_over_kernel * share, training_over_kernel,
               share);
        printf("    source: fitted by 'speedup calibrate' to %zu measured products; median error on %zu held back %.1f %%\n", fitted,
               all.count - fitted, median_error(&all, x));
    }
    free(memory);
    free(all.items);
    return good ? EXIT_FINE : EXIT_ERROR;
}
