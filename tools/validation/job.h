/* A job that a row of a publication describes, as a value: what a user would write of it. Two
 * functions hand it on, one to the library and one to a file. Knows no publication. */
#ifndef TOOLS_VALIDATION_JOB_H
#define TOOLS_VALIDATION_JOB_H

#include "../command.h"

#include <stdio.h>

enum { JOB_FIELDS = 40, JOB_PICKS = 24, JOB_PARAMETERS = 3, JOB_TEXT = 64, JOB_YAML = 4096, REASON_TEXT = 160 };

/* One key and its value, "layout.tensor" and "2". */
struct job_field {
    char key[40], value[JOB_TEXT];
};

/* An optimization that the job has, or (without) does without although its software has it. */
struct job_pick {
    char id[JOB_TEXT];
    char names[JOB_PARAMETERS][24], values[JOB_PARAMETERS][24];
    size_t parameter_count;
    bool without;
};

struct job {
    const char *section; /* train, serve or generate */
    struct job_field fields[JOB_FIELDS]; /* models.NAME.KEY and systems.NAME.KEY are entries of its own catalog */
    struct job_pick picks[JOB_PICKS];
    size_t field_count, pick_count;
    char skipped[REASON_TEXT]; /* why there is none; "" when there is one */
};

/* Why a job cannot be had; the first reason stays. */
void job_skip(struct job *job, const char *format, const char *what);

/* Fields, in the order in which they shall stand. A number has as many digits as it needs. */
void job_set(struct job *job, const char *key, const char *value);
void job_set_number(struct job *job, const char *key, double value);

/* The value of a field; "" and 0 for one that is not there. */
const char *job_get(const struct job *job, const char *key);
double job_number(const struct job *job, const char *key);

/* One more optimization, as a rule has it: "zero-3 prefetch=0". One that is there already only
 * takes parameters. */
struct job_pick *job_add(struct job *job, const char *rule);
void job_parameter(struct job *job, struct job_pick *pick, const char *name, const char *value);

/* And what it does without: "kernel-fusion tensor-overlap". */
void job_without(struct job *job, const char *ids);

bool job_equal(const struct job *a, const struct job *b);

/* Equal for equal jobs, whatever a field (NULL: none) says. */
uint32_t job_hash(const struct job *job, const char *but);

/* The job as the file that a user would write. */
size_t job_yaml(const struct job *job, char text[JOB_YAML]);

/* The session's catalog, with the entries that the job brings; a new reference, NULL after an error. */
speedup_status job_catalog(const struct session *session, const struct job *job, speedup_catalog **catalog);

/* The parameters of a pick as numbers; how many. */
size_t job_parameters(const struct job_pick *pick, const char *names[JOB_PARAMETERS], double values[JOB_PARAMETERS]);

/* The job to the library, with settings put over it. */
speedup_status job_scenario(const struct session *session, const struct job *job, const char *const *settings, size_t count,
                            speedup_scenario **scenario);

/* Its estimate, with the settings of the command line; false with the library's own words why
 * there is none. */
bool job_estimate(const struct session *session, const struct job *job, double *values, char why[REASON_TEXT]);

#endif
