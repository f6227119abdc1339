/* From a row of published inference measurements to a job: the one place where its
 * columns become configuration. */
#ifndef TOOLS_VALIDATION_SERVING_H
#define TOOLS_VALIDATION_SERVING_H

#include "rows.h"

/* A published run, ready to be estimated, and what it is judged by. */
struct inference_run {
    struct job job;
    const char *kind;   /* of the model: dense, expert or latent */
    const char *engine; /* the stack, by its id */
    const char *model, *accelerator; /* ids */
    const char *generation; /* of accelerators, as the coefficients of serving tell them apart */
    const char *phase;  /* of a static batch: prefill, decode, whole, or offline */
    const char *suspect; /* why a row is judged apart, beyond its column; "" for none */
    int32_t metric;
    double measured;       /* s, or tokens/s where is_rate; 0: not published */
    double first_measured; /* s until the first token; 0: not published */
    bool is_rate;
};

/* A comparison: two jobs that differ in one optimization. */
struct inference_ablation {
    struct job job[2]; /* without, with */
    int32_t metric;
    bool is_rate; /* more is better: the ratio is that of rates */
};

/* Columns that files of such rows must have, ended by NULL. */
extern const char *const serving_columns[];
extern const char *const generation_columns[];

/* Read a row; the job says why there is none. */
void serving_read(const struct words *words, const struct csv *csv, size_t row, struct inference_run *run);
void generation_read(const struct words *words, const struct csv *csv, size_t row, struct inference_run *run);

/* A comparison in inference; false for one in training. Why there is none stands in the first job. */
bool inference_ablation_read(const struct words *words, const struct csv *csv, size_t row,
                             struct inference_ablation *ablation);

#endif
