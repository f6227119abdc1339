/* What the parts of the audit share: the document, sentences, and modelling a job
 * that stands in the document. */
#ifndef PLAN_AUDITOR_H
#define PLAN_AUDITOR_H

#include "plan/audit.h"

struct auditor {
    speedup_context *context;
    const speedup_catalog *catalog;
    struct arena *arena;
    const struct yaml_tree *tree;
    struct serving_space *space;
};

/* Where claims about serving are looked for: systems, tensor-parallel degrees of one
 * copy of the model, and requests in flight. */
struct serving_space {
    const char **systems;
    double *tensor, *concurrency;
    size_t system_count, tensor_count, concurrency_count;
};

/* A sentence in the arena, and a number for one. */
const char *auditor_say(const struct auditor *a, const char *format, ...) __attribute__((format(printf, 2, 3)));
const char *auditor_digits(const struct auditor *a, double value, int count);

/* Compares a claimed figure with a recomputed one. */
struct judgement auditor_compare(const struct auditor *a, double claimed, double computed, const char *what);

/* A list's items as an array of nodes; every one must be a mapping. */
size_t auditor_items(const struct auditor *a, uint32_t list, const char *what, uint32_t **items);
void auditor_read(const struct auditor *a, uint32_t node, const struct record_table *table, void *record);
/* Texts of a list, ended by NULL. */
const char **auditor_names(const struct auditor *a, uint32_t list, const char *what, size_t *count);

/* A job of the document, the catalog with what it brings of its own, and what it leaves
 * open for a space to say: a service's system, its layout, its load. */
struct audited_job {
    struct job_description described;
    speedup_catalog *catalog;
    bool open_system, open_layout, open_load;
};

/* Reads a job; false after telling what is wrong. To be ended in either case. */
bool auditor_job(const struct auditor *a, uint32_t node, struct audited_job *job);
void auditor_job_end(struct audited_job *job);

/* Puts something in place of what a description says of its layout or its load. */
void auditor_place(struct audited_job *job, const char *system, double tensor, double load);

/* The scenario of a job, for modelling; NULL after a problem, told to the context. */
speedup_scenario *auditor_model(speedup_context *context, const struct audited_job *job);

/* The kinds of claims, each with the tables that read it. */
void audit_gains(const struct auditor *a, uint32_t node, struct gains *gains);
void audit_training(const struct auditor *a, uint32_t node, struct audit *audit);
extern const struct record_table gains_table, gain_table, costs_table, cost_table;

/* Reads the space; what is not given is taken from short lists of usual values. */
void audit_serving_space(const struct auditor *a, uint32_t node, struct serving_space *space);
/* Costs and speeds of generated tokens; a headline's two ends; a table of gains. */
void audit_serving(const struct auditor *a, uint32_t list, struct audit *audit);
void audit_served_headline(const struct auditor *a, uint32_t job, double from, double to, struct headline *headline);
/* Puts a serving job where in the space it comes nearest to the overall gain; false when
 * nothing is left open, or after a problem. */
bool audit_served_gains(const struct auditor *a, struct audited_job *job, const struct place *place, double overall);

extern const struct record_table serving_table, serving_space_table;

#endif
