/* What all job sections of a scenario share: their common keys, and how names,
 * optimizations, prices and coefficients become a job. */
#ifndef ESTIMATE_SCENARIO_PARTS_H
#define ESTIMATE_SCENARIO_PARTS_H

#include "estimate/scenario.h"

/* The keys that every job section has; first in the record of each. */
struct job_record {
    uint64_t present; /* first: see struct record */
    const char *model, *system, *stack;
    double accelerators, confidence;
    bool uneven;
    uint32_t optimizations, baseline, without, price, calibration, published;
};

#define JOB_TEXT(record, path, name_, required_, shown_, doc_)                                                      \
    {.key = #name_, .type = FIELD_TEXT, .required = required_, .shown = shown_,                              \
     .offset = offsetof(struct record, path.name_), .doc = doc_}
#define JOB_NODE(record, path, name_, shown_, doc_)                                                                 \
    {.key = #name_, .type = FIELD_NODE, .shown = shown_, .offset = offsetof(struct record, path.name_), .doc = doc_}

/* Rows of a section's table, in front of its own and behind them; `path` leads from
 * its record to the common one. */
#define JOB_FRONT(record, path)                                                                                \
    JOB_TEXT(record, path, model, true, NULL, "id of the model"),                                                   \
    JOB_TEXT(record, path, system, true, NULL, "id of the system"),                                                 \
    JOB_TEXT(record, path, stack, false, "none", "id of the software"),                                             \
    {.key = "accelerators", .type = FIELD_COUNT, .dimension = DIMENSION_COUNT, .least = 1, .most = 1e7,      \
     .required = true, .offset = offsetof(struct record, path.accelerators), .doc = "accelerators in the job"}

#define JOB_BACK(record, path)                                                                                 \
    JOB_NODE(record, path, optimizations, "[id, id: {parameter: value}, ...]",                                      \
             "optimizations, in the order of the waterfall"),                                                 \
    JOB_NODE(record, path, baseline, "[id, ...]", "optimizations that the baseline has already"),                   \
    JOB_NODE(record, path, without, "[id, ...]", "of what the software always has, what this job does not have"),   \
    JOB_NODE(record, path, price, "id of a price, or an amount such as 2.50 USD/h", "price of an accelerator-hour"), \
    JOB_NODE(record, path, calibration, "coefficient: value", "coefficients of this very site"),                    \
    JOB_NODE(record, path, published, "metric: value, and source: text",                                            \
             "figures published for this job, shown beside the estimate"),                                    \
    {.key = "uneven", .type = FIELD_BOOL, .offset = offsetof(struct record, path.uneven), .shown = "false",    \
     .doc = "take a batch or heads that do not divide evenly, at their mean"},                               \
    {.key = "confidence", .type = FIELD_NUMBER, .least = 0.01, .most = 0.999,                                \
     .offset = offsetof(struct record, path.confidence), .shown = "0.9", .doc = "probability of the intervals"}

/* A count of a section's own. */
#define JOB_COUNT(record, name_, most_, required_, shown_, doc_)                                              \
    {.key = #name_, .type = FIELD_COUNT, .dimension = DIMENSION_COUNT, .least = 1, .most = most_,            \
     .required = required_, .shown = shown_, .offset = offsetof(struct record, name_), .doc = doc_}

/* One item of a list of optimizations: an id, or an id with parameters, which live in the
 * arena; false after telling what is wrong. */
bool selection_read(speedup_context *context, const speedup_catalog *catalog, struct arena *arena,
                    const struct yaml_tree *tree, uint32_t item, struct selection *selection);

/* Finds what the record names, and reads what it leaves as nodes; all problems are told. */
void scenario_gather(speedup_context *context, speedup_scenario *scenario, const struct job_record *record);

/* Makes the job of a section without problems; `layout` gives the layout's variables by number. */
speedup_status scenario_complete(speedup_context *context, speedup_scenario *scenario, const double layout[VARIABLES]);

/* Where a problem with the layout, or with a key of the section, is shown. */
struct place scenario_place(const speedup_scenario *scenario, const char *key);

/* Tells of a sequence longer than the model's window. */
void scenario_check_length(speedup_context *context, const speedup_scenario *scenario, const char *key, double tokens);

/* Tokens of a prompt or an output; `longest` is 0 where nothing but the model limits it. */
struct length {
    double mean, deviation, longest;
};

/* Reads a number or a record of length_table; all problems are told. Without a node nothing is read. */
void length_read(speedup_context *context, const struct yaml_tree *tree, uint32_t node, const char *key, struct length *length);

/* The sections, each read into a job. */
speedup_status training_read(speedup_context *context, speedup_scenario *scenario);
speedup_status serving_read(speedup_context *context, speedup_scenario *scenario);
speedup_status generation_read(speedup_context *context, speedup_scenario *scenario);

#endif
