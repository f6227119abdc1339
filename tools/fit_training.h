/* Training rows ready to be fitted: what `validate --leave-out` and `calibrate` share. */
#ifndef TOOLS_FIT_TRAINING_H
#define TOOLS_FIT_TRAINING_H

#include "fit.h"

struct training_rows {
    struct fit_row *rows; /* weighted: a row counts less the more of its configuration there are */
    size_t *which;        /* the line of the table that each came from */
    struct mapped_job *jobs;
    char (*names)[2][40];
    size_t count;
};

/* The rows that can be estimated and are not suspect, of one group of accelerators or
 * (NULL) of all; `predicted` is the estimate as shipped. False when memory or a number is
 * wrong. */
bool training_rows_read(const struct session *session, const struct csv *csv, const char *group, struct training_rows *rows);
void training_rows_free(struct training_rows *rows);

#endif
