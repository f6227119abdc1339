/* From a row of published measurements to a scenario: the one place where free text
 * of a publication becomes configuration. */
#ifndef TOOLS_VALIDATE_ROWS_H
#define TOOLS_VALIDATE_ROWS_H

#include "csv.h"
#include "validate_words.h"

#include <speedup/speedup.h>

enum { SCENARIO_TEXT = 4096, REASON_TEXT = 120 };

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

/* A scenario ready to be read, or why there is none. */
struct mapped_job {
    char text[SCENARIO_TEXT];
    size_t length;
    char skipped[REASON_TEXT]; /* the concept that is missing; "" when there is a scenario */
};

/* Columns that a file of training rows must have, ended by NULL. */
extern const char *const training_columns[];

/* Reads a row; false after telling what is no number. */
bool published_read(const struct csv *csv, size_t row, FILE *errors, struct published_job *job);
bool result_read(const struct csv *csv, size_t row, const struct published_job *job, FILE *errors,
                 struct published_result *result);

/* The scenario of a published job. */
void map_training(const speedup_catalog *catalog, const struct published_job *job, struct mapped_job *mapped);

/* Does the row leave open whether activations are recomputed? */
bool recompute_unknown(const struct published_job *job);

/* Is what shards its optimizer and weights a default of its software, and not published? */
bool sharding_unknown(const struct published_job *job);

#endif
