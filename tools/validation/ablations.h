/* From a published comparison, one optimization with and without, to two jobs. */
#ifndef TOOLS_VALIDATION_ABLATIONS_H
#define TOOLS_VALIDATION_ABLATIONS_H

#include "rows.h"

/* The values that phrases stand for. */
struct set_values {
    char text[1024];
    size_t length;
};

struct ablation {
    struct published_job job[2]; /* without, with */
    char zero_stage[2][80];      /* what the jobs may point to */
    struct set_values values;
    double ratio;                /* with / without, as measured */
    double work;                 /* work of a step with over that without */
    int32_t metric;
    bool is_rate, per_layer;
    char skipped[REASON_TEXT];
};

extern const char *const ablation_columns[];

/* Reads a row; `skipped` says why there are no two jobs. What the jobs point to lives in the
 * ablation, which must not move. */
void ablation_read(const struct words *words, const struct csv *csv, size_t row, struct ablation *ablation);

#endif
