/* A machine's profile from what speedup.measure measured: each kind of row fitted with the formula that the
 * estimator has for it (lib/estimate/training.c), and judged on every fourth shape. */
#ifndef TOOLS_CALIBRATE_KERNELS_H
#define TOOLS_CALIBRATE_KERNELS_H

#include "curve.h"
#include "measured.h"
#include "profile.h"

/* What a chip has by its datasheet; SI. */
struct chip {
    double peak[4]; /* FLOP/s, by enum format */
    double bandwidth, link, power;
    /* of 16-bit products, once they are fitted */
    double efficiency, depth, stream;
    double seconds; /* of a product beside its work */
};

enum format { FORMAT_16, FORMAT_8, FORMAT_TF32, FORMAT_FP32 };

/* Fits all that the rows tell, fills the profile, and tells the errors on `to`. */
void kernels_fit(const struct measured_rows *rows, struct profile *profile, FILE *to);

/* Whole blocks, which nothing was fitted to, as a catalog with the profile predicts them. `unsteady` is how many were
 * left out because their times scatter: those waited for the host. */
struct judged blocks_judge(const struct session *session, const struct measured_rows *rows, const char *accelerator, size_t *unsteady);

#endif
