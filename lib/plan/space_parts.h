/* What the parts of making a space share: the keys of a plan as read, and the builder. */
#ifndef PLAN_SPACE_PARTS_H
#define PLAN_SPACE_PARTS_H

#include "estimate/scenario_parts.h"
#include "plan/space.h"

struct plan_record {
    uint64_t present;
    const char *model, *stack, *defaults;
    double sequence, global_batch, tokens, deadline, budget, power, confidence, top;
    double output_longest, request_rate;
    struct length prompt, output;
    struct targets_record targets;
    bool fixed_lengths, uneven;
    int32_t objective;
    uint32_t prompt_node, output_node, systems, prices, axes[AXES], optimizations, without, choices, front;
};

struct builder {
    speedup_context *context;
    speedup_space *space;
    struct yaml_tree *tree;
    uint32_t section;
    struct plan_record *r;
    const struct space_defaults *defaults;
};

/* The key that makes a plan one of a service; NULL when it has none. */
const char *plan_serving_key(const struct yaml_tree *tree, uint32_t section);

/* Reads the keys of the builder's kind of plan; one of the other kind is told with the key
 * that decided the kind. */
void plan_read(const struct builder *b);

/* Puts what stands for the keys left out into the tree, before they are read. */
void assume_keys(struct builder *b);

/* What follows from others for keys left out: lengths that the model allows, tokens, the
 * global batch, and the least accelerators that hold the model. */
void assume_values(struct builder *b);

/* The price that stands for a system where the plan names none; NULL when there is none. */
const struct price *assume_price(const struct builder *b, const struct system *system);

/* Records a value that was taken; texts are copied. */
void assume_tell(const struct builder *b, const char *key, const char *value, const char *why);

#endif
