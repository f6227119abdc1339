/* Training rows as jobs that can have run, estimated, and ready to be fitted: what
 * `validate` and `calibrate` share. */
#ifndef TOOLS_VALIDATION_TRAINING_ROWS_H
#define TOOLS_VALIDATION_TRAINING_ROWS_H

#include "fit.h"

/* The job of a published row. Unfused attention keeps scores: where they do not fit,
 * and the publication says neither, a run had fewer sequences at once, or computed
 * attention again; `job` then says so. */
void map_job(const struct session *session, struct published_job *job, struct job *mapped);

/* The same with all that the row leaves open taken as what needs least memory: recomputation
 * where that is unknown, and sharded weights where the sharding is. */
void map_least_memory(const struct session *session, const struct published_job *job, struct job *mapped);

struct training_rows {
    struct fit_row *rows; /* weighted: a row counts less the more of its configuration there are */
    size_t *which;        /* the line of the table that each came from */
    struct job *jobs;
    char (*groups)[40];
    size_t count;
};

/* The rows that can be estimated and are not suspect, of one group of accelerators or
 * (NULL) of all; `predicted` is the estimate as shipped. What cannot be used is passed over, and
 * said on `errors` (NULL: nowhere) with its line. False without memory. */
bool training_rows_read(const struct session *session, const struct csv *csv, const char *group, FILE *errors,
                        struct training_rows *rows);
void training_rows_free(struct training_rows *rows);

#endif
