/* From a row of published measurements to a job: the one place where the columns of a
 * training row become configuration. */
#ifndef TOOLS_VALIDATION_ROWS_H
#define TOOLS_VALIDATION_ROWS_H

#include "csv.h"
#include "job.h"
#include "words.h"

/* What a row publishes of its configuration; 0 and "" where it says nothing. There is
 * no field for the publication: it is never an input. */
struct published_job {
    const char *model, *gpu, *ffn_kind, *zero_stage, *precision, *attention, *recompute, *comm_overlap,
        *launch_blocking, *compiled, *sequence_parallel, *fused_kernels, *notes;
    double params, layers, hidden, heads, kv_heads, ffn, vocab, seq, n_gpus, gpus_per_node, tp, pp, cp, dp, ep, vpp,
        micro_batch, global_batch, network, domain;
};

/* What a row has to be judged by. */
struct published_result {
    double step_seconds, memory_bytes; /* 0 where nothing was published */
};

/* Columns that a file of training rows must have, ended by NULL. */
extern const char *const training_columns[];

/* Reads a row; false where a field is no number that can be, which `why` then says. */
bool published_read(const struct csv *csv, size_t row, struct published_job *job, char why[REASON_TEXT]);
bool result_read(const struct words *words, const struct csv *csv, size_t row, const struct published_job *job,
                 struct published_result *result, char why[REASON_TEXT]);

/* Puts a value over that of a column, for as long as the value's text lives; false for no column. */
bool published_set(struct published_job *job, const char *column, const char *value);

/* The shape of a dense model of the catalog as columns, where they are empty. */
void published_fill(const struct words *words, const char *model, struct published_job *job);

/* The job of a published row. */
void map_training(const struct words *words, const struct published_job *published, struct job *job);

/* Does the row leave open whether activations are recomputed? */
bool recompute_unknown(const struct words *words, const struct published_job *job);

/* Is what shards its optimizer and weights a default of its software, and not published? */
bool sharding_unknown(const struct words *words, const struct published_job *job);

#endif
