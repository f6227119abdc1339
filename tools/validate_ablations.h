/* From a published comparison, one optimization with and without, to two jobs. */
#ifndef TOOLS_VALIDATE_ABLATIONS_H
#define TOOLS_VALIDATE_ABLATIONS_H

#include "validate_rows.h"

struct ablation {
    struct published_job job[2]; /* without, with */
    char zero_stage[2][80];      /* what the jobs may point to */
    double ratio;                /* with / without, as measured */
    double work;                 /* work of a step with over that without */
    int32_t metric;
    bool is_rate, per_layer;
    char skipped[REASON_TEXT];
};

extern const char *const ablation_columns[];

bool ablation_read(const speedup_catalog *catalog, const struct csv *csv, size_t row, FILE *errors,
                   struct ablation *ablation);

#endif
