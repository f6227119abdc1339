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

static const struct field_value list_value = {"a list", list_read, NULL}, list_or_number = {"a list or a number", list_read, NULL},
                                list_or_plain = {"a list or a plain value", list_read, NULL};

#define AT(member) .offset = offsetof(struct plan_record, member)
#define LIST(key_, value_, member, shown_, doc_) \
    {FIELD_WORDS(key_, shown_, doc_), .type = FIELD_VALUE, .value = &value_, AT(member)}
#define TOKENS(name_, doc_)                                                                                   \
    {FIELD_WORDS(#name_, "by the space", doc_), \
     .type = FIELD_COUNT, .dimension = DIMENSION_COUNT, .least = 1, .most = 1e9, AT(name_)}

/* The lists of an axis, by kind of plan. */
#define AXIS_LIST(NAME, name, values, doc) LIST(#name, list_or_number, axes[AXIS_##NAME], values, doc),
#define AXIS_OF_TRAINING(NAME, name, KINDS, SECTION, TYPE, RANKS, first, least, most, label, SHOWN, legend, values, doc) \
    AXIS_OF_TRAINING_##KINDS(AXIS_SEARCHED_##TYPE(AXIS_LIST(NAME, name, values, doc)))
#define AXIS_OF_SERVING(NAME, name, KINDS, SECTION, TYPE, RANKS, first, least, most, label, SHOWN, legend, values, doc) \
    AXIS_OF_INFERENCE_##KINDS(AXIS_SEARCHED_##TYPE(AXIS_LIST(NAME, name, values, doc)))

/* What both kinds of plans have in front of their own keys, and behind them. */
#define FRONT                                                                                                 \
    {FIELD_WORDS("model", "", "id of the model"), .type = FIELD_TEXT, AT(model), .required = true}, \
    {FIELD_WORDS("stack", "by the space", "id of the software"), .type = FIELD_TEXT, AT(stack)}, \
    {FIELD_WORDS("space", "training or serving", "id of the space that stands for keys left out"), \
     .type = FIELD_TEXT, AT(defaults)}, \
    LIST("systems", list_value, systems, "[id, ...]; by the space", "systems to choose from, or accelerators for plain machines of them"), \
    LIST("prices", list_or_plain, prices, "[id, ...] or one amount such as 2.50 USD/h; the catalog's newest, where one is needed", "prices to choose from, each for the systems of its accelerator")
#define BACK(choices_, budget_, budget_doc_)                                                                  \
    LIST("optimizations", list_value, optimizations, "[id, ...]; by the space, when there are no choices either", "optimizations of every plan"), \
    {FIELD_WORDS("without", "[id, ...]", "of what the software always has, what no plan has"), \
     .type = FIELD_VALUE, .value = &choices_value, AT(without)}, \
    LIST("choices", list_value, choices, "[[none, id, id: {parameter: value}, [id, id]], ...]; by the space, when there are no optimizations either", "lists of alternatives: one of each is chosen"), \
    {FIELD_WORDS("objective", "by the space", "what is made least; throughput, most"), \
     .type = FIELD_CHOICE, .choices = choices_, AT(objective)}, \
    {FIELD_WORDS("budget", "none", budget_doc_), \
     .type = FIELD_NUMBER, .dimension = budget_, .least = 1e-9, .most = 1e15, AT(budget)}, \
    {FIELD_WORDS("power", "none", "most power of all machines"), \
     .type = FIELD_NUMBER, .dimension = DIMENSION_WATTS, .least = 1, .most = 1e12, AT(power)}, \
    {FIELD_WORDS("confidence", "by the space", "probability with which a plan must fit in memory"), \
     .type = FIELD_NUMBER, .least = 0.01, .most = 0.999, AT(confidence)}, \
    {FIELD_WORDS("top", "10", "plans to give"), .type = FIELD_COUNT, .least = 1, .most = MOST_TOP, AT(top)}, \
    LIST("front", list_value, front, "[metric, metric]", "metrics of a Pareto front, each the way that it is better"),     \
    {.key = NULL}

static const struct field plan_fields[] = {
    FRONT,
    {FIELD_WORDS("sequence", "tokens, or a length; by the space", "tokens per sequence"), .type = FIELD_VALUE, .value = &length_value, AT(sequence)},
    {FIELD_WORDS("packing", "padded", PACKING_DOC), .type = FIELD_CHOICE, .choices = packing_names, AT(packing)},
    TOKENS(global_batch, "sequences, or filled rows, per step"),
    {FIELD_WORDS("tokens", "by the space, from the model's parameters", "tokens of the whole run"),
     .type = FIELD_NUMBER, .dimension = DIMENSION_COUNT, .least = 1, .most = 1e18, AT(tokens)},
#define AXIS AXIS_OF_TRAINING
#include "estimate/axis.def"
#undef AXIS
    {FIELD_WORDS("uneven", "false", "take a batch, heads or chunks of layers that do not divide evenly, at their mean"),
     .type = FIELD_BOOL, AT(uneven)},
    {FIELD_WORDS("deadline", "none", "longest run"),
     .type = FIELD_NUMBER, .dimension = DIMENSION_SECONDS, .least = 1e-9, .most = 1e12, AT(deadline)},
    BACK(objectives, DIMENSION_USD, "most money"),
};
const struct record_table plan_table = {"plan", "A space of training runs, an objective and constraints.", plan_fields};

static const struct field serving_plan_fields[] = {
    FRONT,
    {FIELD_WORDS("prompt", "tokens, or a length; by the space", "tokens of a prompt, mean"),
     .type = FIELD_VALUE, .value = &length_value, AT(prompt)},
    {FIELD_WORDS("output", "tokens, or a length; by the space", "tokens generated for a request, mean"),
     .type = FIELD_VALUE, .value = &length_value, AT(output)},
    {FIELD_WORDS("output_longest", "output", "longest output"),
     .type = FIELD_COUNT, .dimension = DIMENSION_COUNT, .least = 1, .most = 1e9, AT(output_longest)},
    {FIELD_WORDS("fixed_lengths", "false", "all requests have the same lengths, so that they stay in step"),
     .type = FIELD_BOOL, AT(fixed_lengths)},
#define AXIS AXIS_OF_SERVING
#include "estimate/axis.def"
#undef AXIS
    {FIELD_WORDS("request_rate", "by concurrency", "requests that arrive, in all: a plan must serve them"),
     .type = FIELD_NUMBER, .dimension = DIMENSION_RATE, .least = 1e-9, .most = 1e9, AT(request_rate)},
    {FIELD_WORDS("targets", "", "what the service must hold"),
     .type = FIELD_RECORD, .record = &targets_table, AT(targets)},
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
