/* The scenario inside: a job, what it was made of, and what was published of it. */
#ifndef ESTIMATE_SCENARIO_H
#define ESTIMATE_SCENARIO_H

#include "estimate/job.h"

#include <stdatomic.h>

/* A figure that somebody published for this very job, shown beside the estimate. */
struct published {
    int32_t metric;
    double value;
};

struct speedup_scenario {
    atomic_uint references;
    speedup_allocator allocator;
    struct arena arena;
    speedup_catalog *catalog;
    struct yaml_tree tree;
    uint32_t section; /* of the job */
    const struct model *model;
    const struct system *system;
    const struct accelerator *accelerator;
    const struct stack *stack; /* may be NULL */
    const struct price *price; /* may be NULL */
    struct fixed fixed;
    struct selection *selections; /* of the software, of the baseline, then the optimizations in their order */
    size_t selection_count, baseline_count; /* the software's are part of the baseline */
    struct published *published;
    size_t published_count;
    const char *published_source;
    double confidence;
    bool open_layout; /* set before reading: the layout is a search's to choose */
    lanes variables[VARIABLES]; /* the scenario's own layout, in every lane */
    struct job job;             /* with all selections */
};

/* The scenario's job with only the first `count` selections; effects in the arena. */
speedup_status scenario_prefix(speedup_context *context, const speedup_scenario *scenario, struct arena *arena,
                               size_t count, struct job *job);

/* Reads a job from a tree that lives in the scenario's arena. */
speedup_status scenario_read(speedup_context *context, speedup_scenario *scenario);

/* A scenario from a text, added to the problems that there are; takes `made` over. */
void scenario_build(speedup_context *context, const speedup_catalog *catalog, speedup_scenario *made, const char *file,
                    const char *text, size_t length, const char *const *settings, size_t setting_count,
                    speedup_scenario **scenario);

speedup_scenario *scenario_allocate(speedup_context *context);

/* "path=value" put over a tree; both live in the arena. */
bool setting_apply(speedup_context *context, struct arena *arena, struct yaml_tree *tree, const char *setting);

/* The sections of a scenario file that are no catalog sections. */
extern const char *const scenario_sections[];

extern const struct record_table train_table, layout_table, serve_table, generate_table, serving_layout_table, prefill_table, targets_table, length_table;

/* The tables of the job sections, ended by NULL. */
extern const struct record_table *const job_tables[];

#endif
