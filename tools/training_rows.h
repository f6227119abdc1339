/* Training rows as scenarios that can have run, estimated, and ready to be fitted: what
 * `validate` and `calibrate` share. */
#ifndef TOOLS_TRAINING_ROWS_H
#define TOOLS_TRAINING_ROWS_H

#include "fit.h"

/* Reads and estimates a scenario; false with the library's own words why it cannot. */
bool estimate_mapped(const struct session *session, const struct mapped_job *mapped, double *values, char why[REASON_TEXT]);

/* The scenario of a published job. Unfused attention keeps scores: where they do not fit,
 * and the publication says neither, a run had fewer sequences at once, or computed
 * attention again; `job` then says so. */
void map_job(const struct session *session, struct published_job *job, struct mapped_job *mapped);

/* The same with all that the row leaves open taken as what needs least memory: recomputation
 * where that is unknown, and sharded weights where the sharding is. */
void map_least_memory(const struct session *session, const struct published_job *job, struct mapped_job *mapped);

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
