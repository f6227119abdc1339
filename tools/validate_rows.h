/* From a row of published measurements to a scenario: the one place where free text
 * of a publication becomes configuration. */
#ifndef TOOLS_VALIDATE_ROWS_H
#define TOOLS_VALIDATE_ROWS_H

#include "csv.h"

#include <speedup/speedup.h>

enum { SCENARIO_TEXT = 4096, REASON_TEXT = 120 };

/* What a row publishes of its configuration; 0 and "" where it says nothing. There is
 * no field for the publication: it is never an input. */
struct published_job {
    const char *model, *gpu, *ffn_kind, *zero_stage, *precision, *attention, *recompute, *comm_overlap,
        *launch_blocking, *sequence_parallel, *fused_kernels, *notes;
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

/* Does the text begin with a word, whatever the case of either? */
bool begins(const char *text, const char *word);

/* Where the text holds such a word; NULL for nowhere. */
const char *find(const char *text, const char *word);

/* A name as ids are written: what is no ASCII letter or digit is a '-'. */
struct name {
    char text[96];
};
struct name id_like(const char *text);

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

/* The catalog's id of an accelerator or a model by its published name; NULL for none. */
const char *accelerator_id(const speedup_catalog *catalog, const char *name);
const char *model_id(const speedup_catalog *catalog, const char *name);

#endif
