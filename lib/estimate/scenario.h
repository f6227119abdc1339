/* The scenario inside: a job, what it was made of, and what was published of it. */
#ifndef ESTIMATE_SCENARIO_H
#define ESTIMATE_SCENARIO_H

#include "estimate/description.h"

#include <stdatomic.h>

/* What to do about a job that is trained on sequences longer than its model's window. */
#define WINDOW_REMEDY "stretch its positions (rope scaling), or choose a model with a longer window"

struct speedup_scenario {
    atomic_uint references;
    speedup_allocator allocator;
    struct arena arena;
    speedup_scenario *base; /* that this one is another layout of, and takes all else from; may be NULL */
    speedup_scenario *rollout; /* the engine that makes completions for a step of training; may be NULL */
    speedup_catalog *catalog;
    struct yaml_tree tree; /* that it was read from, if it was */
    struct job_description asked;
    const struct model *model;
    const struct system *system;
    const struct accelerator *accelerator;
    const struct stack *stack; /* may be NULL */
    const struct price *price; /* may be NULL */
    struct fixed fixed;
    struct selection *selections; /* of the software, of the baseline, then the optimizations in their order */
    size_t selection_count, baseline_count; /* the software's are part of the baseline */
    double confidence;
    double beyond;    /* tokens of a sequence longer than the model's window, which training is warned of; else 0 */
    bool open_layout; /* set before reading: the layout is a search's to choose */
    lanes variables[VARIABLES]; /* the scenario's own layout, in every lane */
    struct job job;             /* with all selections */
};

/* The scenario's job with only the first `count` selections; effects in the arena. */
speedup_status scenario_prefix(speedup_context *context, const speedup_scenario *scenario, struct arena *arena,
                               size_t count, struct job *job);

/* As speedup_scenario_create_file(), of a file that is not trusted: what it names is read below its own folder alone. */
speedup_status scenario_create_below(speedup_context *context, const speedup_catalog *catalog, const char *path, speedup_scenario **scenario);

/* Makes the job that `asked` describes, with the catalog's entries; takes `made` over. */
speedup_status scenario_make(speedup_context *context, const speedup_catalog *catalog, speedup_scenario *made,
                             speedup_scenario **scenario);

/* What a scenario is, as it would be asked for: that of a plan has the layout and the price that a search chose. What it
 * shares with the catalog lives as long as that; false without memory. */
bool scenario_describe(struct arena *arena, const speedup_scenario *scenario, struct job_description *d);

/* The section of a document that describes a job; SECTIONS after telling that there is none, or several. */
enum section scenario_section(speedup_context *context, const struct yaml_tree *tree, uint32_t mapping, uint32_t *node);

speedup_scenario *scenario_allocate(speedup_context *context);

/* "path=value" put over a tree; both live in the arena. The sections, ended by one without a name, are those whose keys a
 * path may be meant for that leaves its section out. */
bool setting_apply(speedup_context *context, struct arena *arena, struct yaml_tree *tree, const char *setting,
                   const struct section_keys *sections);

#endif
