/* What stands for the keys that a plan leaves out: values of a space of the catalog, what
 * follows from the model, and dated prices. Everything taken is recorded, to be told. */
#include "plan/space_parts.h"

#include "base/number.h"
#include "catalog/plain.h"

#include <string.h>

static const char *copy(const struct builder *b, const char *text)
{
    const char *kept = text ? arena_copy(&b->space->arena, text, strlen(text)) : NULL;
    return kept ? kept : "";
}

void assume_tell(const struct builder *b, const char *key, const char *value, const char *why)
{
    speedup_space *space = b->space;
    size_t at = 0;
    while (at < space->assumed_count && strcmp(space->assumed[at].key, key))
        at++;
    if (at == MOST_ASSUMPTIONS)
        return;
    space->assumed[at] = (struct assumption){copy(b, key), copy(b, value), copy(b, why)};
    space->assumed_count += at == space->assumed_count;
}

static bool was_assumed(const struct builder *b, const char *key)
{
    for (size_t i = 0; i < b->space->assumed_count; i++)
        if (!strcmp(b->space->assumed[i].key, key))
            return true;
    return false;
}

/* The reason that the space gives for a key. */
static const char *reason(const struct builder *b, const char *key)
{
    const struct yaml_tree *tree = b->defaults->why_tree;
    uint32_t node = tree ? yaml_find(tree, b->defaults->why_node, key) : 0;
    return node && yaml_at(tree, node)->kind == YAML_SCALAR ? yaml_text(tree, node) : "";
}

static bool given(const struct builder *b, const char *key)
{
    return yaml_find(b->tree, b->section, key) != 0;
}

/* Takes a value of the space into the record, to be told as it is written there. */
static void take(const struct builder *b, uint32_t key)
{
    const struct yaml_tree *from = b->defaults->plan_tree;
    const char *name = yaml_text(from, key);
    const struct plan_record begun = {.present = 0};
    struct place place = yaml_place(from, key);
    if (!record_set_node(b->context, &b->space->arena, plan_table_of(b), b->r, &begun, name, from, yaml_at(from, key)->next, &place))
        return;
    struct text value;
    text_begin(&value, &b->context->allocator);
    yaml_flow(from, yaml_at(from, key)->next, &value);
    if (value.failed)
        no_memory(b->context);
    else
        assume_tell(b, name, value.bytes, reason(b, name));
    text_end(&value);
}

void assume_keys(struct builder *b)
{
    const struct yaml_tree *from = b->defaults->plan_tree;
    uint32_t keys = from ? b->defaults->plan_node : 0;
    if (!keys || !expect_kind(b->context, from, keys, YAML_MAPPING, "plan"))
        return;
    /* What a plan says of optimizations is all; machines that are there cost what they cost,
     * so that their fastest use is wanted. */
    bool chosen = given(b, "optimizations") || given(b, "choices"), rate = given(b, "request_rate");
    bool machines = b->space->kind == JOB_TRAINING && given(b, "accelerators");
    for (uint32_t key = yaml_at(from, keys)->first; key && !problems_full(b->context) && b->space->assumed_count < MOST_ASSUMPTIONS;
         key = yaml_at(from, yaml_at(from, key)->next)->next) {
        const char *name = yaml_text(from, key);
        bool optimization = !strcmp(name, "optimizations") || !strcmp(name, "choices");
        if (given(b, name) || (optimization && chosen) || (!strcmp(name, "concurrency") && rate))
            continue;
        if (!strcmp(name, "objective") && machines) {
            assume_tell(b, name, "time", "the accelerators are given: their fastest use");
            continue;
        }
        take(b, key);
    }
}

/* Records a number with a sentence, and gives it. */
static double taken(const struct builder *b, const char *key, double value, const char *format, double of, const char *more)
{
    struct text shown, why;
    char number[NUMBER_TEXT];
    text_begin(&shown, &b->context->allocator);
    text_begin(&why, &b->context->allocator);
    /* Counts of tokens are read in T and B, four digits being enough. */
    double factor = value >= 1e12 ? 1e12 : value >= 1e9 ? 1e9 : 1;
    text_format(&shown, "%s%s", number_digits(number, value / factor, factor > 1 ? 4 : 15), factor > 1e9 ? " T" : factor > 1 ? " B" : "");
    text_format(&why, format, number_digits(number, of, 4));
    if (*more)
        text_format(&why, "; %s", more);
    if (shown.failed || why.failed)
        no_memory(b->context);
    else
        assume_tell(b, key, shown.bytes, why.bytes);
    text_end(&shown);
    text_end(&why);
    return value;
}

/* A length that was taken is no more than a part of the model's window. */
static void shorten(const struct builder *b, const struct model *model, const char *key, double *tokens, double parts)
{
    double most = floor(model->max_sequence / parts);
    if (model->max_sequence > 0 && *tokens > most && most >= 1 && was_assumed(b, key))
        *tokens = taken(b, key, most, parts > 1 ? "half of the model's window of %s" : "the model's window of %s", model->max_sequence, "");
}

static void shorten_length(const struct builder *b, const struct model *model, const char *key, struct length *length, double parts)
{
    if (length->longest != length->mean) /* one that varies is as it is */
        return;
    shorten(b, model, key, &length->mean, parts);
    length->longest = length->mean;
}

/* Numbers of accelerators that were taken: those too few to hold the model go. */
static void drop_too_few(const struct builder *b, double parameters)
{
    speedup_space *space = b->space;
    double memory = 0, *values = space->values[AXIS_ACCELERATORS];
    size_t *count = &space->counts[AXIS_ACCELERATORS], dropped = 0;
    const struct yaml_tree *tree = b->r->systems.tree;
    uint32_t systems = b->r->systems.node;
    bool list = systems && yaml_at(tree, systems)->kind == YAML_SEQUENCE;
    if (!was_assumed(b, "accelerators") || !*count || !list)
        return;
    for (uint32_t item = yaml_at(tree, systems)->first; item; item = yaml_at(tree, item)->next) {
        bool scalar = yaml_at(tree, item)->kind == YAML_SCALAR;
        struct system plain;
        const struct system *system = scalar ? system_find(space->catalog, yaml_text(tree, item), &plain) : NULL;
        const struct accelerator *accelerator =
            system ? (const struct accelerator *)catalog_find(space->catalog, KIND_ACCELERATOR, system->accelerator_id) : NULL;
        memory = accelerator ? fmax(memory, accelerator->memory) : memory;
    }
    while (dropped + 1 < *count && values[dropped] * memory < b->defaults->bytes_per_parameter * parameters)
        dropped++;
    values = space->values[AXIS_ACCELERATORS] += dropped;
    *count -= dropped;
    struct text shown, why;
    char number[NUMBER_TEXT];
    text_begin(&shown, &b->context->allocator);
    text_begin(&why, &b->context->allocator);
    for (size_t i = 0; i < *count; i++)
        text_format(&shown, "%s%s", i ? ", " : "[", number_digits(number, values[i], 15));
    text_put(&shown, "]");
    text_format(&why, "from the least that hold %s bytes a parameter", number_digits(number, b->defaults->bytes_per_parameter, 3));
    if (*reason(b, "bytes_per_parameter"))
        text_format(&why, "; %s", reason(b, "bytes_per_parameter"));
    if (shown.failed || why.failed)
        no_memory(b->context);
    else
        assume_tell(b, "accelerators", shown.bytes, why.bytes);
    text_end(&shown);
    text_end(&why);
}

/* Degrees that were taken for experts, where the model has none: every one but the first
 * would only repeat other plans, or not divide. */
static void drop_experts(const struct builder *b, const struct model *model)
{
    static const enum axis axes[] = {AXIS_EXPERT, AXIS_ATTENTION_DATA};
    for (size_t i = 0; i < sizeof axes / sizeof *axes && model->experts.count <= 0; i++) {
        const char *name = variable_name((int)layout_axes[axes[i]].variable);
        if (!was_assumed(b, name) || b->space->counts[axes[i]] < 2)
            continue;
        b->space->counts[axes[i]] = 1;
        taken(b, name, b->space->values[axes[i]][0], "of models with experts, and this one has %s", 0, "");
    }
}

/* The least number that the odd parts of all counts of accelerators divide; 1 when that
 * is more than a batch would be made of for its sake. */
static double odd_part(const double *values, size_t count)
{
    const uint64_t most = 1000;
    uint64_t all = 1;
    for (size_t i = 0; i < count; i++) {
        uint64_t odd = (uint64_t)values[i], a, b;
        while (odd && odd % 2 == 0)
            odd /= 2;
        for (a = all, b = odd; b;) {
            uint64_t rest = a % b;
            a = b;
            b = rest;
        }
        all *= odd / a;
        if (all > most)
            return 1;
    }
    return (double)all;
}

/* A power of two, which degrees of parallelism divide, times the odd part of the
 * accelerators, which is data parallelism's. */
static void assume_batch(const struct builder *b)
{
    const speedup_space *space = b->space;
    double wanted = b->defaults->tokens_per_step / row_of(b->r);
    double odd = odd_part(space->values[AXIS_ACCELERATORS], space->counts[AXIS_ACCELERATORS]);
    if (odd > wanted)
        odd = 1;
    b->r->global_batch = taken(b, "global_batch", odd * exp2(fmax(round(log2(wanted / odd)), 0)),
                               odd > 1 ? "a power of two times the odd part of the accelerators, nearest to %s tokens a step"
                                       : "the power of two nearest to %s tokens a step",
                               b->defaults->tokens_per_step, reason(b, "global_batch"));
}

void assume_values(struct builder *b)
{
    struct plan_record *r = b->r;
    const struct space_defaults *defaults = b->defaults;
    const struct model *model = r->model ? (const struct model *)catalog_find(b->space->catalog, KIND_MODEL, r->model) : NULL;
    if (!model)
        return;
    struct model_size size;
    model_measure(model, &size);
    drop_too_few(b, size.total);
    drop_experts(b, model);
    if (b->space->kind == JOB_INFERENCE) {
        shorten_length(b, model, "prompt", &r->prompt, 2);
        shorten_length(b, model, "output", &r->output, 2);
        return;
    }
    shorten_length(b, model, "sequence", &r->sequence, 1);
    if (!plan_has(b, "global_batch") && row_of(r) > 0 && defaults->tokens_per_step > 0)
        assume_batch(b);
    if (!plan_has(b, "tokens") && defaults->tokens_per_parameter > 0)
        r->tokens = taken(b, "tokens", fmax(floor(defaults->tokens_per_parameter * size.active), 1), "%s tokens for each parameter that works on a token",
                          defaults->tokens_per_parameter, reason(b, "tokens"));
    else if (!plan_has(b, "tokens"))
        assume_tell(b, "tokens", "one step", "");
}

const struct price *assume_price(const struct builder *b, const struct system *system)
{
    const speedup_catalog *catalog = b->space->catalog;
    const struct price *best = NULL;
    bool own = false; /* a price of this very system goes before those of its accelerator */
    for (size_t i = 0; i < catalog->entries[KIND_PRICE].count; i++) {
        const struct price *price = (const struct price *)catalog->entries[KIND_PRICE].items[i];
        bool mine = price->system_id && !strcmp(price->system_id, system->head.id);
        if (price->tier != b->defaults->price_tier || strcmp(price->accelerator_id, system->accelerator_id) || (own && !mine))
            continue;
        /* Dates are written year first, so that their order is that of their texts. */
        int order = best ? strcmp(price->date ? price->date : "", best->date ? best->date : "") : 1;
        if ((mine && !own) || order > 0 || (order == 0 && price->per_hour < best->per_hour))
            best = price;
        own |= mine;
    }
    return best;
}
