/* A job made ready to estimate: everything that does not change from one layout to
 * the next stands here as a number, so that an estimate is arithmetic alone. */
#ifndef ESTIMATE_JOB_H
#define ESTIMATE_JOB_H

#include "compose/effects.h"

#include <speedup/estimate.h>

enum { METRICS = SPEEDUP_METRIC_COUNT };

/* The model, as the ledger counts it: per token, multiply-adds are parameters. */
struct shape {
    double layers;       /* with prediction layers */
    double hidden, heads, kv_heads, vocab;
    double query_dim;    /* width of a head's queries and keys */
    double value_dim;    /* width of a head's values */
    double attention;    /* parameters of the attention of one layer */
    double dense;        /* parameters of all layers that every token meets */
    double expert;       /* parameters of one routed expert */
    double routed;       /* parameters of all routed experts */
    double embedding;    /* parameters of the vocabulary table */
    double tied;         /* 1 when the head is the embedding */
    double expert_layers, experts, active, expert_ffn;
    double feed_forward; /* sum over layers of the widths that work on a token */
    double gated;
    double window, window_layers;
    double head_layers;  /* vocabulary heads: 1 and one for each prediction layer */
    double parameters, parameters_active;
};

struct job {
    enum job_kind kind;
    const struct model *model;
    const struct accelerator *accelerator;
    struct shape shape;

    /* hardware, per accelerator and direction where it applies; SI */
    double memory, bandwidth, link, network /* of a node */, host_link, node, domain, power;
    double failures;

    /* run */
    double sequence, global_batch, tokens, price, checkpoint_seconds, restart_seconds;

    /* rates that follow from the precisions chosen; FLOP/s at efficiency 1 */
    double matmul_peak, expert_peak, attention_peak, half_peak;
    enum precision matmul_precision;
    double weight_bytes, gradient_bytes, activation_bytes;

    double c[KNOWN_COEFFICIENTS];
    bool generic;          /* the accelerator has no calibration of its own */
    bool relaxed;          /* take layouts that do not divide evenly, as published runs did */
    struct effects effects;
};

/* The unit that a metric is shown in: "%" for shares. */
const char *metric_shown_unit(int metric);

/* Derives what follows from the model. */
void shape_measure(const struct model *model, struct shape *shape);

/* What follows from the precisions that the effects chose; told when the chip lacks one. */
void job_set_precisions(speedup_context *context, struct job *job, const struct place *place);

/* Time and memory of one step of training, for a block of layouts. `e` are the
 * values of the ledger's entries; metrics are written, none is read. */
void training_time(const struct job *job, const lanes v[VARIABLES], const lanes e[TARGETS], lanes out[METRICS]);
void training_memory(const struct job *job, const lanes v[VARIABLES], const lanes e[TARGETS], lanes out[METRICS]);

/* The whole run from the step, and how sure it all is. */
void training_run(const struct job *job, const lanes v[VARIABLES], lanes out[METRICS]);

/* One block of layouts from variables to metrics. Lanes that cannot be have a status. */
void job_evaluate(const struct job *job, lanes v[VARIABLES], lanes out[METRICS]);

#endif
