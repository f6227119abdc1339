/* The keys of a plan, by kind of job, and how a plan says which kind it is. Knows
 * nothing of what a search makes of them. */
#include "plan/space_parts.h"

#include <string.h>

static const char *const objectives[] = {"time", "cost", "energy", "accelerator-hours", NULL};
static const char *const serving_objectives[] = {"time", "cost", "energy", "throughput", NULL};

/* A list stays where it is, until its owner reads it. */
static bool list_read(speedup_context *context, struct arena *arena, const struct yaml_tree *tree, uint32_t node, const char *key,
                      void *out)
{
    (void)context, (void)arena, (void)key;
    *(struct list_node *)out = (struct list_node){tree, node};
    return true;
}

#define AT(member) .offset = offsetof(struct plan_record, member)
#define LIST(key_, takes_, member, shown_, doc_) {.key = key_, .type = FIELD_VALUE, .takes = takes_, .read = list_read, AT(member), .shown = shown_, .doc = doc_}
#define TOKENS(name_, doc_)                                                                                   \
    {.key = #name_, .type = FIELD_COUNT, .dimension = DIMENSION_COUNT, .least = 1, .most = 1e9, AT(name_), .shown = "by the space", .doc = doc_}

/* The lists of an axis, by kind of plan. */
#define AXIS_LIST(NAME, name, values, doc) LIST(#name, "a list or a number", axes[AXIS_##NAME], values, doc),
#define AXIS_OF_TRAINING(NAME, name, KINDS, SECTION, TYPE, RANKS, first, least, most, label, SHOWN, legend, values, doc) \
    AXIS_OF_TRAINING_##KINDS(AXIS_SEARCHED_##TYPE(AXIS_LIST(NAME, name, values, doc)))
#define AXIS_OF_SERVING(NAME, name, KINDS, SECTION, TYPE, RANKS, first, least, most, label, SHOWN, legend, values, doc) \
    AXIS_OF_INFERENCE_##KINDS(AXIS_SEARCHED_##TYPE(AXIS_LIST(NAME, name, values, doc)))

/* What both kinds of plans have in front of their own keys, and behind them. */
#define FRONT                                                                                                 \
    {.key = "model", .type = FIELD_TEXT, AT(model), .required = true, .doc = "id of the model"},              \
    {.key = "stack", .type = FIELD_TEXT, AT(stack), .shown = "by the space", .doc = "id of the software"},    \
    {.key = "space", .type = FIELD_TEXT, AT(defaults), .shown = "training or serving", .doc = "id of the space that stands for keys left out"}, \
    LIST("systems", "a list", systems, "[id, ...]; by the space", "systems to choose from"),                            \
    LIST("prices", "a list or a plain value", prices, "[id, ...] or one amount such as 2.50 USD/h; the catalog's newest, where one is needed", "prices to choose from, each for the systems of its accelerator")
#define BACK(choices_, budget_, budget_doc_)                                                                  \
    LIST("optimizations", "a list", optimizations, "[id, ...]; by the space, when there are no choices either", "optimizations of every plan"), \
    {.key = "without", .type = FIELD_VALUE, .takes = "a list", .read = choices_read, AT(without), .shown = "[id, ...]", .doc = "of what the software always has, what no plan has"}, \
    LIST("choices", "a list", choices, "[[none, id, id: {parameter: value}, [id, id]], ...]; by the space, when there are no optimizations either", "lists of alternatives: one of each is chosen"), \
    {.key = "objective", .type = FIELD_CHOICE, .choices = choices_, AT(objective), .shown = "by the space", .doc = "what is made least; throughput, most"}, \
    {.key = "budget", .type = FIELD_NUMBER, .dimension = budget_, .least = 1e-9, .most = 1e15, AT(budget), .shown = "none", .doc = budget_doc_}, \
    {.key = "power", .type = FIELD_NUMBER, .dimension = DIMENSION_WATTS, .least = 1, .most = 1e12, AT(power), .shown = "none", .doc = "most power of all machines"}, \
    {.key = "confidence", .type = FIELD_NUMBER, .least = 0.01, .most = 0.999, AT(confidence), .shown = "by the space", .doc = "probability with which a plan must fit in memory"}, \
    {.key = "top", .type = FIELD_COUNT, .least = 1, .most = MOST_TOP, AT(top), .shown = "10", .doc = "plans to give"}, \
    LIST("front", "a list", front, "[metric, metric]", "metrics of a Pareto front, each the way that it is better"),     \
    {.key = NULL}

static const struct field plan_fields[] = {
    FRONT,
    {.key = "sequence", .type = FIELD_VALUE, .takes = "a number or a mapping", .read = length_read, .set = length_set, AT(sequence), .shown = "tokens, or a length; by the space", .doc = "tokens per sequence"},
    {.key = "packing", .type = FIELD_CHOICE, .choices = packing_names, AT(packing), .shown = "padded", .doc = PACKING_DOC},
    TOKENS(global_batch, "sequences, or filled rows, per step"),
    {.key = "tokens", .type = FIELD_NUMBER, .dimension = DIMENSION_COUNT, .least = 1, .most = 1e18, AT(tokens), .shown = "by the space, from the model's parameters", .doc = "tokens of the whole run"},
#define AXIS AXIS_OF_TRAINING
#include "estimate/axis.def"
#undef AXIS
    {.key = "uneven", .type = FIELD_BOOL, AT(uneven), .shown = "false", .doc = "take a batch, heads or chunks of layers that do not divide evenly, at their mean"},
    {.key = "deadline", .type = FIELD_NUMBER, .dimension = DIMENSION_SECONDS, .least = 1e-9, .most = 1e12, AT(deadline), .shown = "none", .doc = "longest run"},
    BACK(objectives, DIMENSION_USD, "most money"),
};
const struct record_table plan_table = {"plan", "A space of training runs, an objective and constraints.", plan_fields};

static const struct field serving_plan_fields[] = {
    FRONT,
    {.key = "prompt", .type = FIELD_VALUE, .takes = "a number or a mapping", .read = length_read, .set = length_set, AT(prompt), .shown = "tokens, or a length; by the space", .doc = "tokens of a prompt, mean"},
    {.key = "output", .type = FIELD_VALUE, .takes = "a number or a mapping", .read = length_read, .set = length_set, AT(output), .shown = "tokens, or a length; by the space", .doc = "tokens generated for a request, mean"},
    {.key = "output_longest", .type = FIELD_COUNT, .dimension = DIMENSION_COUNT, .least = 1, .most = 1e9, AT(output_longest), .shown = "output", .doc = "longest output"},
    {.key = "fixed_lengths", .type = FIELD_BOOL, AT(fixed_lengths), .shown = "false", .doc = "all requests have the same lengths, so that they stay in step"},
#define AXIS AXIS_OF_SERVING
#include "estimate/axis.def"
#undef AXIS
    {.key = "request_rate", .type = FIELD_NUMBER, .dimension = DIMENSION_RATE, .least = 1e-9, .most = 1e9, AT(request_rate), .shown = "by concurrency", .doc = "requests that arrive, in all: a plan must serve them"},
    {.key = "targets", .type = FIELD_RECORD, .record = &targets_table, AT(targets), .doc = "what the service must hold"},
    BACK(serving_objectives, DIMENSION_USD_PER_HOUR, "most money for an hour of all accelerators"),
};
const struct record_table serving_plan_table = {
    "plan of a service",
    "A space of services. `prompt`, `output` or another key that only this table has makes a plan one of a service.",
    serving_plan_fields};

const char *plan_serving_key(const struct yaml_tree *tree, uint32_t section)
{
    for (const struct field *field = serving_plan_fields; field->key; field++)
        if (!record_field(&plan_table, field->key) && yaml_find(tree, section, field->key))
            return field->key;
    return NULL;
}

/* A key that only the other kind of plan has is told with what decided the kind. */
static void refuse_training_keys(const struct builder *b)
{
    const char *decided = plan_serving_key(b->tree, b->section);
    for (uint32_t key = yaml_at(b->tree, b->section)->first; key; key = yaml_at(b->tree, yaml_at(b->tree, key)->next)->next) {
        const char *name = yaml_text(b->tree, key);
        struct place place = yaml_place(b->tree, key);
        if (record_field(&plan_table, name) && !record_field(&serving_plan_table, name))
            problem(b->context, SPEEDUP_INCONSISTENT, &place,
                    "'%s' is a key of training plans, and '%s' makes this one a plan of a service; keep one of them", name, decided);
    }
}

const struct record_table *plan_table_of(const struct builder *b)
{
    return b->space->kind == JOB_INFERENCE ? &serving_plan_table : &plan_table;
}

bool plan_has(const struct builder *b, const char *key)
{
    const struct record_table *table = plan_table_of(b);
    const struct field *field = record_field(table, key);
    return field && FIELD_GIVEN(b->r, field - table->fields);
}

void plan_read(const struct builder *b)
{
    const char *training_only[sizeof plan_fields / sizeof *plan_fields];
    size_t count = 0;
    for (const struct field *field = plan_fields; field->key; field++)
        if (!record_field(&serving_plan_table, field->key))
            training_only[count++] = field->key;
    training_only[count] = NULL;
    bool serving = b->space->kind == JOB_INFERENCE;
    const struct record_table *table = plan_table_of(b);
    record_read_in(b->context, &b->space->arena, b->tree, b->section, table, serving ? training_only : NULL, b->r);
    record_require(b->context, b->tree, b->section, table, b->r);
    if (serving)
        refuse_training_keys(b);
}

const struct section_keys plan_sections[] = {{"plan", &plan_table}, {"plan", &serving_plan_table}, {NULL, NULL}};
