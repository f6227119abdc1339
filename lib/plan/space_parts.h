/* What the parts of making a space share: the keys of a plan as read, and the builder. */
#ifndef PLAN_SPACE_PARTS_H
#define PLAN_SPACE_PARTS_H

#include "estimate/scenario_parts.h"
#include "plan/space.h"

/* A list that a plan, or the space that stands for what it leaves out, has in its text. */
struct list_node {
    const struct yaml_tree *tree;
    uint32_t node; /* 0: none */
};

struct plan_record {
    uint64_t present;
    const char *model, *stack, *defaults;
    struct length sequence;
    int32_t packing;
    double global_batch, tokens, deadline, budget, power, confidence, top;
    double output_longest, request_rate;
    struct length prompt, output;
    struct targets_record targets;
    bool fixed_lengths, uneven;
    int32_t objective;
    struct list_node systems, prices, axes[AXES], optimizations, choices, front;
    struct choices without;
};

/* One of several things to choose: optimizations, none or many. */
struct alternatives {
    struct choices *items;
    size_t count;
};

struct builder {
    speedup_context *context;
    speedup_context *quiet; /* for what a choice rules out: nobody reads its problems */
    speedup_space *space;
    struct yaml_tree *tree;
    uint32_t section;
    struct plan_record *r;
    const struct space_defaults *defaults;
    struct choices always;       /* of every plan */
    struct alternatives *lists;  /* one of each is chosen */
    size_t list_count;
};

/* A space to be made from a tree in its arena, with settings put over it: handed over, or
 * ended after a problem, also after one from before. */
speedup_space *space_allocate(speedup_context *context);
speedup_status space_make(speedup_context *context, const speedup_catalog *catalog, speedup_space *made, struct yaml_tree *tree, const char *path,
                          const char *const *settings, size_t setting_count, speedup_space **space);

/* The table of the builder's kind of plan. */
const struct record_table *plan_table_of(const struct builder *b);

/* Tokens of a row, without padding. */
double row_of(const struct plan_record *r);

/* Is there a value of a key, given or taken? */
bool plan_has(const struct builder *b, const char *key);

/* The key that makes a plan one of a service; NULL when it has none. */
const char *plan_serving_key(const struct yaml_tree *tree, uint32_t section);

/* Reads the keys of the builder's kind of plan; one of the other kind is told with the key
 * that decided the kind. */
void plan_read(const struct builder *b);

/* Takes what stands for the keys left out into the record, before the plan's own are read. */
void assume_keys(struct builder *b);

/* What follows from others for keys left out: lengths that the model allows, tokens, the
 * global batch, and the least accelerators that hold the model. */
void assume_values(struct builder *b);

/* The price that stands for a system where the plan names none; NULL when there is none. */
const struct price *assume_price(const struct builder *b, const struct system *system);

/* Records a value that was taken; texts are copied. */
void assume_tell(const struct builder *b, const char *key, const char *value, const char *why);

#endif
