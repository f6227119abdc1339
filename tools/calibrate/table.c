/* What tuned kernels reach is the chip's own; a stack has what its library makes of it. */
#include "table.h"

#include "curve.h"
#include "profile.h"

#include <math.h>
#include <string.h>

enum { SMALLEST = 1024, SUPPORTED = 20, REASON = 160 };
enum { X_M, X_N, X_K };

struct chip {
    double peak, bandwidth;
};

/* As in lib/estimate/training.c. */
static double product_curve(const void *user, const double *v, const struct sample *s)
{
    const struct chip *chip = user;
    const double *x = s->x;
    double work = 2 * x[X_M] * x[X_N] * (x[X_K] + v[1]) / (chip->peak * v[0]);
    return fmax(work, 2 * ((x[X_M] + x[X_N]) * x[X_K] + x[X_M] * x[X_N]) / (chip->bandwidth * v[2]));
}

bool is_product_table(const struct csv *csv)
{
    return csv_column(csv, "m") >= 0 && csv_column(csv, "n") >= 0 && csv_column(csv, "k") >= 0 && csv_column(csv, "latency") >= 0;
}

static void read_products(const struct csv *csv, struct samples *samples)
{
    static const char *const columns[] = {"m", "n", "k", "latency"};
    int format = csv_column(csv, "gemm_dtype");
    for (size_t i = 0; i < csv->rows; i++) {
        double numbers[4];
        char why[REASON];
        bool good = true;
        for (int c = 0; c < 4 && good; c++)
            good = csv_number(csv, i, csv_column(csv, columns[c]), 0, why, sizeof why, &numbers[c]);
        if (!good) {
            fprintf(stderr, "%s:%zu: row passed over: %s\n", csv->path, csv->lines[i], why);
            continue;
        }
        const char *name = csv_text(csv, i, format);
        bool half = !*name || !strcmp(name, "bfloat16") || !strcmp(name, "float16") || !strcmp(name, "half");
        if (!half || numbers[0] < SMALLEST || numbers[1] < SMALLEST || numbers[2] < SMALLEST / 2 || !(numbers[3] > 0))
            continue;
        struct sample *s = samples_add(samples);
        if (!s)
            return;
        memcpy(s->x, numbers, 3 * sizeof *numbers);
        s->seconds = numbers[3] / 1e3;
        snprintf(s->name, sizeof s->name, "%.0fx%.0f", numbers[1], numbers[2]);
    }
}

int calibrate_table(const struct session *session, const struct csv *csv)
{
    const char *id = session->options->accelerator;
    struct profile profile = {.session = session, .accelerator = id, .stack = ""};
    struct chip chip = {catalog_value(session, "accelerators", id, "peak.bf16", catalog_value(session, "accelerators", id, "peak.fp16", 0)),
                        catalog_value(session, "accelerators", id, "bandwidth", 0)};
    struct parameter p[] = {{"matmul_efficiency", 0.75, 1}, {"matmul_depth", 100, 2}, {"matmul_stream", profile_get(&profile, "matmul_stream"), 0.2}};
    struct samples samples = {0};
    read_products(csv, &samples);
    size_t shapes = samples_hold_back(&samples);
    bool good = chip.peak > 0 && chip.bandwidth > 0 && shapes >= LEAST_NAMES && curve_fit(product_curve, &chip, p, 3, &samples);
    if (good) {
        struct judged judged = samples_judge(&samples);
        fprintf(stderr, "%zu products fitted, %zu held back of %zu shapes (n x k): mean / median error %.1f / %.1f %%\n",
                samples.count - judged.count, judged.count, shapes, 100 * judged.mean, 100 * judged.median);
        for (size_t i = 0; i < 3; i++)
            profile_put_chip(&profile, p[i].name, p[i].value);
        profile.provenance = judged.count >= SUPPORTED ? "measured" : NULL;
        if (!profile.provenance)
            fprintf(stderr, "fewer than %d products held back: the accelerator's intervals stay as they are\n", SUPPORTED);
        snprintf(profile.source, sizeof profile.source, "fitted by 'speedup calibrate' to %zu measured products; mean error on %zu held back %.1f %%",
                 samples.count - judged.count, judged.count, 100 * judged.mean);
        profile_write(&profile, stdout);
    } else {
        fprintf(stderr, "speedup: %zu 16-bit products of at least %d x %d in %zu shapes (n x k); at least %d shapes are needed\n", samples.count,
                SMALLEST, SMALLEST, shapes, (int)LEAST_NAMES);
    }
    samples_free(&samples);
    return good ? EXIT_FINE : EXIT_ERROR;
}
