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

/* A list's items as an array of nodes; every one must be a mapping. */
size_t auditor_items(const struct auditor *a, uint32_t list, const char *what, uint32_t **items);
void auditor_read(const struct auditor *a, uint32_t node, const struct record_table *table, void *record);
/* Texts of a list, ended by NULL. */
const char **auditor_names(const struct auditor *a, uint32_t list, const char *what, size_t *count);

/* A scenario for modelling; problems in it are the document's. */
speedup_scenario *auditor_model(const struct auditor *a, const struct text *yaml, const char *const *settings,
                                size_t setting_count);

/* Reads the space; what is not given is taken from short lists of usual values. */
void audit_serving_space(const struct auditor *a, uint32_t node, struct serving_space *space);
/* Costs and speeds of generated tokens; a headline's two ends; a table of gains. */
void audit_serving(const struct auditor *a, uint32_t list, struct audit *audit);
void audit_served_headline(const struct auditor *a, uint32_t job, double from, double to, struct headline *headline);
/* Finds where in the space a serving job comes nearest to the overall gain; its settings
 * are then to be put over the job. 0 when nothing is left open. */
size_t audit_served_gains(const struct auditor *a, uint32_t job, const char *const *settings, size_t setting_count,
                          double overall, const char *found[4]);

extern const struct record_table serving_table, serving_space_table;

#endif
