/* The keys of a plan, by kind of job, and how a plan says which kind it is. Knows
 * nothing of what a search makes of them. */
#include "plan/space_parts.h"

#include <string.h>

static const char *const objectives[] = {"time", "cost", "energy", "accelerator-hours", NULL};
static const char *const serving_objectives[] = {"time", "cost", "energy", "throughput", NULL};

#define AT(member) .offset = offsetof(struct plan_record, member)
#define LIST(key_, member, shown_, doc_) {.key = key_, .type = FIELD_NODE, AT(member), .shown = shown_, .doc = doc_}
#define TOKENS(name_, doc_)                                                                                   \
    {.key = #name_, .type = FIELD_COUNT, .dimension = DIMENSION_COUNT, .least = 1, .most = 1e9, AT(name_), .shown = "by the space", .doc = doc_}

/* What both kinds of plans have in front of their own keys, and behind them. */
#define FRONT                                                                                                 \
    {.key = "model", .type = FIELD_TEXT, AT(model), .required = true, .doc = "id of the model"},              \
    {.key = "stack", .type = FIELD_TEXT, AT(stack), .shown = "by the space", .doc = "id of the software"},    \
    {.key = "space", .type = FIELD_TEXT, AT(defaults), .shown = "training or serving", .doc = "id of the space that stands for keys left out"}, \
    LIST("systems", systems, "[id, ...]; by the space", "systems to choose from"),                            \
    LIST("prices", prices, "[id, ...] or one amount such as 2.50 USD/h; the catalog's newest, where one is needed", "prices to choose from, each for the systems of its accelerator"), \
    LIST("accelerators", axes[AXIS_ACCELERATORS], "[count, ...]; by the space, from the least that hold the model", "numbers of accelerators")
#define BACK(choices_, budget_, budget_doc_)                                                                  \
    LIST("optimizations", optimizations, "[id, ...]; by the space, when there are no choices either", "optimizations of every plan"), \
    LIST("without", without, "[id, ...]", "of what the software always has, what no plan has"), \
    LIST("choices", choices, "[[none, id, id: {parameter: value}, [id, id]], ...]; by the space, when there are no optimizations either", "lists of alternatives: one of each is chosen"), \
    {.key = "objective", .type = FIELD_CHOICE, .choices = choices_, AT(objective), .shown = "by the space", .doc = "what is made least; throughput, most"}, \
    {.key = "budget", .type = FIELD_NUMBER, .dimension = budget_, .least = 1e-9, .most = 1e15, AT(budget), .shown = "none", .doc = budget_doc_}, \
    {.key = "power", .type = FIELD_NUMBER, .dimension = DIMENSION_WATTS, .least = 1, .most = 1e12, AT(power), .shown = "none", .doc = "most power of all machines"}, \
    {.key = "confidence", .type = FIELD_NUMBER, .least = 0.01, .most = 0.999, AT(confidence), .shown = "by the space", .doc = "probability with which a plan must fit in memory"}, \
    {.key = "top", .type = FIELD_COUNT, .least = 1, .most = MOST_TOP, AT(top), .shown = "10", .doc = "plans to give"}, \
    LIST("front", front, "[metric, metric]", "metrics of a Pareto front: less is better, of rates more"),     \
    {.key = NULL}

static const struct field plan_fields[] = {
    FRONT,
    TOKENS(sequence, "tokens per sequence"),
    TOKENS(global_batch, "sequences per step"),
    {.key = "tokens", .type = FIELD_NUMBER, .dimension = DIMENSION_COUNT, .least = 1, .most = 1e18, AT(tokens), .shown = "by the space, from the model's parameters", .doc = "tokens of the whole run"},
    LIST("tensor", axes[AXIS_TENSOR], "[degree, ...]; by the space", "tensor-parallel degrees"),
    LIST("pipeline", axes[AXIS_PIPELINE], "[degree, ...]; by the space", "pipeline stages"),
    LIST("context", axes[AXIS_CONTEXT], "[degree, ...]; by the space", "context-parallel degrees"),
    LIST("expert", axes[AXIS_EXPERT], "[degree, ...]; by the space", "expert-parallel degrees"),
    LIST("virtual_stages", axes[AXIS_VIRTUAL_STAGES], "[count, ...]; by the space", "model chunks per stage"),
    LIST("micro_batch", axes[AXIS_MICRO_BATCH], "[count, ...]; by the space", "sequences per micro-batch"),
    {.key = "uneven", .type = FIELD_BOOL, AT(uneven), .shown = "false", .doc = "take stages whose chunks differ in layers"},
    {.key = "deadline", .type = FIELD_NUMBER, .dimension = DIMENSION_SECONDS, .least = 1e-9, .most = 1e12, AT(deadline), .shown = "none", .doc = "longest run"},
    BACK(objectives, DIMENSION_USD, "most money"),
};
const struct record_table plan_table = {"plan", "A space of training runs, an objective and constraints.", plan_fields};

static const struct field serving_plan_fields[] = {
    FRONT,
    LIST("prompt", prompt_node, "tokens, or a length; by the space", "tokens of a prompt, mean"),
    LIST("output", output_node, "tokens, or a length; by the space", "tokens generated for a request, mean"),
    {.key = "output_longest", .type = FIELD_COUNT, .dimension = DIMENSION_COUNT, .least = 1, .most = 1e9, AT(output_longest), .shown = "output", .doc = "longest output"},
    {.key = "fixed_lengths", .type = FIELD_BOOL, AT(fixed_lengths), .shown = "false", .doc = "all requests have the same lengths, so that they stay in step"},
    LIST("concurrency", axes[AXIS_CONCURRENCY], "[requests, ...]; by the space, when there is no request_rate", "requests in flight, in all"),
    {.key = "request_rate", .type = FIELD_NUMBER, .dimension = DIMENSION_RATE, .least = 1e-9, .most = 1e9, AT(request_rate), .shown = "by concurrency", .doc = "requests that arrive, in all: a plan must serve them"},
    {.key = "targets", .type = FIELD_RECORD, .record = &targets_table, AT(targets), .doc = "what the service must hold"},
    LIST("tensor", axes[AXIS_TENSOR], "[degree, ...]; by the space", "tensor-parallel degrees"),
    LIST("pipeline", axes[AXIS_PIPELINE], "[degree, ...]; by the space", "pipeline stages"),
    LIST("expert", axes[AXIS_EXPERT], "[degree, ...]; by the space", "expert-parallel degrees"),
    LIST("attention_data", axes[AXIS_ATTENTION_DATA], "[degree, ...]; by the space", "groups of ranks that share the batch of attention out"),
    BACK(serving_objectives, DIMENSION_USD_PER_HOUR, "most money for an hour of all accelerators"),
};
const struct record_table serving_plan_table = {
    "plan of a service",
    "A space of services. `prompt`, `output` or another key that only this table has makes a plan one of a service.",
    serving_plan_fields};

static bool has(const struct record_table *table, const char *key)
{
    const struct field *field = table->fields;
    while (field->key && strcmp(field->key, key))
        field++;
    return field->key != NULL;
}

const char *plan_serving_key(const struct yaml_tree *tree, uint32_t section)
{
    for (const struct field *field = serving_plan_fields; field->key; field++)
        if (!has(&plan_table, field->key) && yaml_find(tree, section, field->key))
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
        if (has(&plan_table, name) && !has(&serving_plan_table, name))
            problem(b->context, SPEEDUP_INCONSISTENT, &place,
                    "'%s' is a key of training plans, and '%s' makes this one a plan of a service; keep one of them", name, decided);
    }
}

void plan_read(const struct builder *b)
{
    const char *training_only[sizeof plan_fields / sizeof *plan_fields];
    size_t count = 0;
    for (const struct field *field = plan_fields; field->key; field++)
        if (!has(&serving_plan_table, field->key))
            training_only[count++] = field->key;
    training_only[count] = NULL;
    bool serving = b->space->kind == JOB_INFERENCE;
    const struct record_table *table = serving ? &serving_plan_table : &plan_table;
    record_read(b->context, b->tree, b->section, table, serving ? training_only : NULL, b->r);
    record_require(b->context, b->tree, b->section, table, b->r);
    if (!serving)
        return;
    refuse_training_keys(b);
    length_read(b->context, b->tree, b->r->prompt_node, "prompt", &b->r->prompt);
    length_read(b->context, b->tree, b->r->output_node, "output", &b->r->output);
}
