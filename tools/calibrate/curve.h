/* Curves of a few parameters, fitted to measured times and judged on what was held back. Knows
 * no kernel: what a sample holds is between the curve and whoever made the sample. */
#ifndef TOOLS_CALIBRATE_CURVE_H
#define TOOLS_CALIBRATE_CURVE_H

#include <stdbool.h>
#include <stddef.h>

enum { SAMPLE_NUMBERS = 6, SAMPLE_NAME = 80, CURVE_PARAMETERS = 6, LEAST_NAMES = 4 };

struct sample {
    char name[SAMPLE_NAME]; /* equal for samples that are fitted, or held back, together */
    double x[SAMPLE_NUMBERS], seconds, predicted;
    bool held;
};

struct samples {
    struct sample *items;
    size_t count, room;
};

/* One more sample, for the caller to fill; NULL without memory. */
struct sample *samples_add(struct samples *samples);
void samples_free(struct samples *samples);

/* Holds back every fourth name in their order, whatever was measured; how many names there are. */
size_t samples_hold_back(struct samples *samples);

/* A parameter is over 0. At 0 it is left alone. */
struct parameter {
    const char *name;
    double value, sigma; /* centre of the prior, the value after a fit; standard deviation of its logarithm */
};

typedef double curve(const void *chip, const double *values, const struct sample *sample);

/* Fits to the logarithms of what is not held back, robustly, and predicts all. False where it cannot. */
bool curve_fit(curve *function, const void *chip, struct parameter *parameters, size_t count, struct samples *samples);

/* |predicted / measured - 1| of what was held back, as shares; rms is of the logarithms. */
struct judged {
    size_t count;
    double mean, median, rms;
};

struct judged samples_judge(const struct samples *samples);

/* The least value of a standard deviation is what `count` errors of this root mean square support: its upper limit at 90 %. */
double sigma_supported(double rms, size_t count);

/* Median, sorting the values. */
double median_of(double *values, size_t count);

#endif
