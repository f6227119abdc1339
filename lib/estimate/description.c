/* Descriptions of jobs: the format of `train:`, `serve:` and `generate:`, and reading
 * it. Looks nothing up in a catalog, and knows no rule of layouts. */
#include "estimate/description.h"

#include <float.h>
#include <string.h>

#define AT(member) .offset = offsetof(struct job_description, member)

/* ---- values with readers of their own ------------------------------------------------- */

/* A mapping of names to plain numbers. */
/* A parameter in words, alone or a list of them: what does not begin as a number. */
static bool words_read(speedup_context *context, struct arena *arena, const struct yaml_tree *tree, uint32_t node, const char *key,
                       const char ***words)
{
    bool list = yaml_at(tree, node)->kind == YAML_SEQUENCE;
    uint32_t first = list ? yaml_at(tree, node)->first : node, n = 0;
    *words = arena_zeroed(arena, (list ? yaml_at(tree, node)->length : 1) + 1, sizeof **words);
    for (uint32_t at = *words ? first : 0; at && !problems_full(context); at = list ? yaml_at(tree, at)->next : 0)
        n += read_text(context, tree, at, key, &(*words)[n]);
    return *words != NULL;
}

static bool is_words(const struct yaml_tree *tree, uint32_t node)
{
    const struct yaml_node *value = yaml_at(tree, node);
    return value->kind == YAML_SEQUENCE || (value->kind == YAML_SCALAR && !strchr("0123456789+-.", *yaml_text(tree, node)));
}

static bool parameters_read(speedup_context *context, struct arena *arena, const struct yaml_tree *tree, uint32_t node, const char *key,
                            bool words, void *out)
{
    struct named_numbers *numbers = out;
    if (!expect_kind(context, tree, node, YAML_MAPPING, key))
        return false;
    *numbers = (struct named_numbers){arena_zeroed(arena, yaml_at(tree, node)->length, sizeof *numbers->items), 0};
    for (uint32_t at = numbers->items ? yaml_at(tree, node)->first : 0; at && !problems_full(context);
         at = yaml_at(tree, yaml_at(tree, at)->next)->next) {
        uint32_t value = yaml_at(tree, at)->next;
        struct named_number number = {yaml_text(tree, at), 0, yaml_place(tree, at), yaml_place(tree, value), NULL};
        if (words && is_words(tree, value)) {
            if (words_read(context, arena, tree, value, number.name, &number.words))
                numbers->items[numbers->count++] = number;
        } else if (read_number(context, tree, value, number.name, DIMENSION_NONE, -DBL_MAX, DBL_MAX, &number.value))
            numbers->items[numbers->count++] = number;
    }
    return numbers->items != NULL;
}

static bool numbers_read(speedup_context *context, struct arena *arena, const struct yaml_tree *tree, uint32_t node, const char *key,
                         void *out)
{
    return parameters_read(context, arena, tree, node, key, false, out);
}

bool choice_read(speedup_context *context, struct arena *arena, const struct yaml_tree *tree, uint32_t node, struct choice *choice)
{
    const struct yaml_node *item = yaml_at(tree, node);
    bool has_parameters = item->kind == YAML_MAPPING && item->length == 1;
    if (!has_parameters && item->kind != YAML_SCALAR) {
        struct place place = yaml_place(tree, node);
        problem(context, SPEEDUP_WRONG_TYPE, &place, "an optimization of a list is an id, or 'id: {parameter: value}', not %s",
                item->kind == YAML_SEQUENCE ? "a list" : "a mapping of several");
        return false;
    }
    uint32_t id = has_parameters ? item->first : node;
    *choice = (struct choice){.id = yaml_text(tree, id), .place = yaml_place(tree, id)};
    return !has_parameters || parameters_read(context, arena, tree, yaml_at(tree, id)->next, choice->id, true, &choice->parameters);
}

bool choices_append(struct arena *arena, struct choices *choices, const struct choice *more, size_t count)
{
    struct choice *items = arena_zeroed(arena, choices->count + count, sizeof *items);
    if (!items)
        return false;
    if (choices->count)
        memcpy(items, choices->items, choices->count * sizeof *items);
    if (count)
        memcpy(items + choices->count, more, count * sizeof *items);
    *choices = (struct choices){items, choices->count + count};
    return true;
}

bool choices_read(speedup_context *context, struct arena *arena, const struct yaml_tree *tree, uint32_t node, const char *key, void *out)
{
    struct choices *choices = out;
    if (!expect_kind(context, tree, node, YAML_SEQUENCE, key))
        return false;
    *choices = (struct choices){arena_zeroed(arena, yaml_at(tree, node)->length, sizeof *choices->items), 0};
    for (uint32_t item = choices->items ? yaml_at(tree, node)->first : 0; item && !problems_full(context); item = yaml_at(tree, item)->next)
        if (choice_read(context, arena, tree, item, &choices->items[choices->count]))
            choices->count++;
    return choices->items != NULL;
}

bool choices_have(const struct choices *choices, const char *id)
{
    for (size_t i = 0; i < choices->count; i++)
        if (!strcmp(choices->items[i].id, id))
            return true;
    return false;
}

static const double most_price = 1e5; /* USD/h */

static bool price_read(speedup_context *context, struct arena *arena, const struct yaml_tree *tree, uint32_t node, const char *key, void *out)
{
    (void)arena;
    struct asked_price *price = out;
    if (!expect_kind(context, tree, node, YAML_SCALAR, key))
        return false;
    const char *text = yaml_text(tree, node);
    *price = (struct asked_price){.place = yaml_place(tree, node)};
    if (*text >= '0' && *text <= '9')
        return read_number(context, tree, node, key, DIMENSION_USD_PER_HOUR, 0, most_price, &price->per_hour);
    price->id = text;
    return true;
}

static bool price_set(speedup_context *context, struct arena *arena, const struct place *place, const char *key, const char *member,
                      double value, void *out)
{
    (void)arena;
    struct asked_price *price = out;
    if (member) {
        problem(context, SPEEDUP_WRONG_TYPE, place, "'%s' has no keys of its own", key);
        return false;
    }
    if (!check_number(context, place, key, DIMENSION_USD_PER_HOUR, 0, most_price, false, value))
        return false;
    *price = (struct asked_price){.per_hour = value, .place = *place};
    return true;
}

static bool calibration_set(speedup_context *context, struct arena *arena, const struct place *place, const char *key,
                            const char *member, double value, void *out)
{
    struct named_numbers *numbers = out;
    if (!member) {
        problem(context, SPEEDUP_WRONG_TYPE, place, "'%s' takes a coefficient: '%s.NAME'", key, key);
        return false;
    }
    /* The last value that is given counts: one that the catalog refuses is mended by a better one. */
    for (size_t i = 0; i < numbers->count; i++)
        if (!strcmp(numbers->items[i].name, member)) {
            numbers->items[i].value = value;
            return true;
        }
    struct named_number *items = arena_zeroed(arena, numbers->count + 1, sizeof *items);
    const char *name = arena_copy(arena, member, strlen(member));
    if (!items || !name)
        return no_memory(context) == SPEEDUP_OK;
    if (numbers->count)
        memcpy(items, numbers->items, numbers->count * sizeof *items);
    items[numbers->count] = (struct named_number){name, value, *place, *place, NULL};
    *numbers = (struct named_numbers){items, numbers->count + 1};
    return true;
}

static bool published_read(speedup_context *context, struct arena *arena, const struct yaml_tree *tree, uint32_t node, const char *key, void *out)
{
    struct published_figures *figures = out;
    if (!expect_kind(context, tree, node, YAML_MAPPING, key))
        return false;
    *figures = (struct published_figures){arena_zeroed(arena, yaml_at(tree, node)->length, sizeof *figures->items), 0, NULL};
    for (uint32_t at = figures->items ? yaml_at(tree, node)->first : 0; at && !problems_full(context);
         at = yaml_at(tree, yaml_at(tree, at)->next)->next) {
        const char *name = yaml_text(tree, at);
        uint32_t value = yaml_at(tree, at)->next;
        if (!strcmp(name, "source")) {
            read_text(context, tree, value, name, &figures->source);
            continue;
        }
        int metric = metric_find(name);
        if (metric < METRICS) {
            struct published *published = &figures->items[figures->count++];
            published->metric = metric;
            read_number(context, tree, value, name, dimension_of(metric_shown_unit(metric)), 0, DBL_MAX, &published->value);
            continue;
        }
        struct place place = yaml_place(tree, at);
        metric_missing(context, &place, name);
    }
    return figures->items != NULL;
}

/* ---- the tables --------------------------------------------------------------------- */

const struct field_value choices_value = {"a list", choices_read, NULL};
static const struct field_value price_value = {"a plain value", price_read, price_set},
                                calibration_value = {"a mapping", numbers_read, calibration_set},
                                published_value = {"a mapping", published_read, NULL};

static const struct field prefill_fields[] = {
    {FIELD_WORDS("accelerators", "", "accelerators of the pool, out of those of the job"),
     .type = FIELD_COUNT, .dimension = DIMENSION_COUNT, .least = 1, .most = 1e7, .required = true,
     .offset = offsetof(struct asked_pool, accelerators)},
#define AXIS LAYOUT_ROW_OF_SERVING
#include "estimate/axis.def"
#undef AXIS
    {.key = NULL},
};
const struct record_table prefill_table = {
    "prefill", "A pool that does prefill alone and hands keys and values on to the rest of the accelerators, which decode.", prefill_fields};

#define TARGET(name_, doc_)                                                                                  \
    {FIELD_WORDS(#name_, "none", doc_), \
     .type = FIELD_NUMBER, .dimension = DIMENSION_SECONDS, .least = 1e-6, .most = 1e6, \
     .offset = offsetof(struct targets_record, name_)}

static const struct field targets_fields[] = {
    TARGET(time_to_first_token, "longest mean time to the first token"),
    TARGET(time_per_output_token, "longest mean time from one token to the next"),
    {.key = NULL},
};
const struct record_table targets_table = {"targets", "What the service must hold.", targets_fields};

#define TEXT(name_, required_, shown_, doc_)                                                                  \
    {FIELD_WORDS(#name_, shown_, doc_), .type = FIELD_TEXT, AT(name_), .required = required_}
#define COUNT(name_, most_, required_, shown_, doc_)                                                          \
    {FIELD_WORDS(#name_, shown_, doc_), \
     .type = FIELD_COUNT, .dimension = DIMENSION_COUNT, .least = 1, .most = most_, AT(name_), .required = required_}
#define LENGTH(name_, shown_, doc_)                                                                           \
    {FIELD_WORDS(#name_, shown_, doc_), .type = FIELD_VALUE, AT(name_), .value = &length_value, .required = true}
#define VALUE(name_, value_, shown_, doc_)                                                       \
    {FIELD_WORDS(#name_, shown_, doc_), .type = FIELD_VALUE, AT(name_), .value = &value_}

/* Rows of every section's table, in front of its own and behind them. */
#define JOB_FRONT                                                                                             \
    TEXT(model, true, "", "id of the model"),                                                               \
    TEXT(system, true, "", "id of the system; or an accelerator, for plain machines of it: rtx-4090, 2x RTX 4090"), \
    TEXT(stack, false, "none", "id of the software"),                                                         \
    COUNT(accelerators, 1e7, true, "", "accelerators in the job")

#define JOB_BACK                                                                                              \
    VALUE(optimizations, choices_value, "[id, id: {parameter: value}, ...]", "optimizations, in the order of the waterfall"), \
    VALUE(baseline, choices_value, "[id, ...]", "optimizations that the baseline has already"),          \
    VALUE(without, choices_value, "[id, ...]", "of what the software always has, what this job does not have"), \
    VALUE(price, price_value, "id of a price, or an amount such as 2.50 USD/h", "price of an accelerator-hour"), \
    VALUE(calibration, calibration_value, "coefficient: value", "coefficients of this very site"), \
    VALUE(published, published_value, "metric: value, and source: text", "figures published for this job, shown beside the estimate"), \
    {FIELD_WORDS("uneven", "false", "take a batch, heads or chunks of layers that do not divide evenly, at their mean"), \
     .type = FIELD_BOOL, AT(uneven)}, \
    {FIELD_WORDS("confidence", "0.9", "probability of the intervals"), \
     .type = FIELD_NUMBER, .least = 0.01, .most = 0.999, AT(confidence)}

#define REQUEST_TOKENS "1024, or {mean: 1024, deviation: 400}"

#undef AT
#define AT(member) .offset = offsetof(struct asked_rollout, member)
static const struct field rollout_fields[] = {
    LENGTH(prompt, REQUEST_TOKENS, "tokens of a prompt, mean"),
    LENGTH(output, REQUEST_TOKENS, "tokens of a completion, mean"),
    COUNT(samples, 1e6, false, "1", "completions of a prompt"),
    TEXT(stack, true, "", "id of the software that makes them"),
    VALUE(optimizations, choices_value, "[id, id: {parameter: value}, ...]", "optimizations of inference that it has beside"),
    COUNT(tensor, 1e6, false, "1", "accelerators of an engine, tensor-parallel; the job's are shared out among as many engines as there can be"),
    COUNT(concurrency, 1e9, false, "all that fit", "most sequences that an engine takes at once (max_num_seqs)"),
    {FIELD_WORDS("memory", "what the training state leaves", "share of an accelerator's memory that the engine takes for itself (gpu_memory_utilization)"),
     .type = FIELD_NUMBER, .least = 0.01, .most = 1, AT(memory)},
    {FIELD_WORDS("sleep", "true", "the engine gives weights and cache back for the update, and takes new weights for every rollout; false: it keeps them"),
     .type = FIELD_BOOL, AT(sleep)},
    COUNT(steps, 1e6, false, "1", "steps that one rollout makes completions for (steps_per_generation; train_batch_size over ppo_mini_batch_size)"),
    {.key = NULL},
};
#undef AT
#define AT(member) .offset = offsetof(struct job_description, member)
const struct record_table rollout_table = {
    "rollout",
    "Completions that a step makes of its prompts with the policy, on the job's own accelerators, before it trains on them.", rollout_fields};

static const struct field evaluation_fields[] = {
    {FIELD_WORDS("tokens", "", "tokens of an evaluation"),
     .type = FIELD_NUMBER, .dimension = DIMENSION_COUNT, .least = 1, .most = 1e18, .required = true, .offset = offsetof(struct asked_evaluation, tokens)},
    {FIELD_WORDS("every", "", "steps from one to the next"),
     .type = FIELD_COUNT, .dimension = DIMENSION_COUNT, .least = 1, .most = 1e12, .required = true, .offset = offsetof(struct asked_evaluation, every)},
    {.key = NULL},
};
const struct record_table evaluation_table = {"evaluation", "Forward passes over held-out tokens between the steps of a run.", evaluation_fields};

/* As trainers have them in their own files. */
static const char *const train_also[] = {
    "per_device_train_batch_size", "micro_batch", "micro_batch_size", "micro_batch", "batch_size_per_device", "micro_batch",
    "gradient_accumulation_steps", "global_batch", "batch_size", "global_batch", "train_batch_size", "global_batch",
    "max_seq_length", "sequence", "sequence_len", "sequence", "seq_len", "sequence", "cutoff_len", "sequence", "max_length", "sequence",
    "gpus", "accelerators", "num_gpus", "accelerators", "world_size", "accelerators", "nproc_per_node", "accelerators",
    "hardware", "system", "machine", "system", "framework", "stack", "software", "stack", "trainer", "stack", "base_model", "model",
    "model_name_or_path", "model", "optimizer", "optimizations", "optim", "optimizations", "adapter", "optimizations", "peft", "optimizations",
    "gradient_checkpointing", "optimizations", "parallelism", "layout", "num_train_epochs", "tokens", "epochs", "tokens", "max_steps", "tokens",
    "sample_packing", "packing", NULL};

static const struct field train_fields[] = {
    JOB_FRONT,
    LENGTH(sequence, "4096, or {mean: 900, deviation: 600, longest: 4096}", "tokens per sequence"),
    {FIELD_WORDS("packing", "padded", PACKING_DOC), .type = FIELD_CHOICE, .choices = packing_names, AT(packing)},
    COUNT(global_batch, 1e9, true, "", "sequences, or filled rows, per step"),
    COUNT(micro_batch, 1e6, false, "1", "sequences, or filled rows, per micro-batch"),
    {FIELD_WORDS("tokens", "no run", "tokens of the whole run, without padding"),
     .type = FIELD_NUMBER, .dimension = DIMENSION_COUNT, .least = 1, .most = 1e18, AT(tokens)},
    {FIELD_WORDS("layout", "", "degrees of parallelism"), .type = FIELD_RECORD, .record = &layout_table, AT(layout)},
    {FIELD_WORDS("checkpoint", "60 s", "time that writing a checkpoint holds the job up"),
     .type = FIELD_NUMBER, .dimension = DIMENSION_SECONDS, .least = 0, .most = 1e6, AT(checkpoint)},
    {FIELD_WORDS("restart", "600 s", "time from a failure to the next step"),
     .type = FIELD_NUMBER, .dimension = DIMENSION_SECONDS, .least = 0, .most = 1e7, AT(restart)},
    {FIELD_WORDS("power_limit", "the rated power", "power limit set on each accelerator"),
     .type = FIELD_NUMBER, .dimension = DIMENSION_WATTS, .least = 1, .most = 1e5, AT(power_limit)},
    {FIELD_WORDS("evaluation", "none", "forward passes over held-out tokens every so many steps"), .type = FIELD_RECORD, .record = &evaluation_table, AT(evaluation)},
    {FIELD_WORDS("rollout", "", "completions that a step makes before it trains on them"), .type = FIELD_RECORD, .record = &rollout_table, AT(rollout)},
    JOB_BACK,
    {.choices = train_also},
};
static const struct record_table train_table = {"train", "A training job.", train_fields};

/* The rows of both sections of inference. */
#define REQUESTS                                                                                              \
    LENGTH(prompt, REQUEST_TOKENS, "tokens of a prompt, mean"),                                               \
    LENGTH(output, REQUEST_TOKENS, "tokens generated for a request, mean"),                                   \
    COUNT(output_longest, 1e9, false, "output", "longest output, to which a static batch runs on"),           \
    {FIELD_WORDS("layout", "", "degrees of parallelism"), \
     .type = FIELD_RECORD, .record = &serving_layout_table, AT(layout)}

/* Settings of an engine under its own names: parameters of what its entry always has. */
#define ENGINE(name_, type_, least_, most_, doc_) \
    {FIELD_WORDS(#name_, "the engine's", doc_), .type = type_, .dimension = DIMENSION_NONE, .least = least_, .most = most_, AT(name_)}
#define NUMBER_FIELD FIELD_NUMBER
#define COUNT_FIELD FIELD_COUNT

static const struct field serve_fields[] = {
    JOB_FRONT,
    {FIELD_WORDS("concurrency", "by request_rate", "requests in flight, in all"),
     .type = FIELD_NUMBER, .dimension = DIMENSION_COUNT, .least = 1, .most = 1e9, AT(concurrency)},
    {FIELD_WORDS("request_rate", "by concurrency", "requests that arrive, in all"),
     .type = FIELD_NUMBER, .dimension = DIMENSION_RATE, .least = 1e-9, .most = 1e9, AT(request_rate)},
    {FIELD_WORDS("burstiness", "1", "how evenly they arrive: 1 at random (Poisson), less in bursts, more evenly spaced; the shape of a gamma distribution"),
     .type = FIELD_NUMBER, .dimension = DIMENSION_NONE, .least = 0.01, .most = 1e6, AT(burstiness)},
    {FIELD_WORDS("requests", "without end", "requests of a run that is measured, such as the prompts of a benchmark: it starts with none in flight"),
     .type = FIELD_COUNT, .dimension = DIMENSION_COUNT, .least = 1, .most = 1e12, AT(requests)},
    {FIELD_WORDS("client_latency", "0 s", "from a client to the engine and back, which the first token takes: of a client elsewhere, or of a slow gateway"),
     .type = FIELD_NUMBER, .dimension = DIMENSION_SECONDS, .least = 0, .most = 1e4, AT(client_latency)},
    REQUESTS,
    {FIELD_WORDS("fixed_lengths", "false", "all requests have the same lengths, so that they stay in step"),
     .type = FIELD_BOOL, AT(fixed_lengths)},
    {FIELD_WORDS("prefill", "", "a pool of its own for prefill; 'layout' is then that of decoding"),
     .type = FIELD_RECORD, .record = &prefill_table, AT(prefill)},
    {FIELD_WORDS("targets", "", "what the service must hold"),
     .type = FIELD_RECORD, .record = &targets_table, AT(targets)},
    ENGINE(gpu_memory_utilization, NUMBER_FIELD, 0.05, 1, "share of an accelerator's memory that the engine takes for weights, cache and all else"),
    ENGINE(mem_fraction_static, NUMBER_FIELD, 0.05, 1, "share of the memory free at start that weights and cache take"),
    ENGINE(free_gpu_memory_fraction, NUMBER_FIELD, 0.05, 1, "share of what weights and a full step leave that the cache takes"),
    ENGINE(max_model_len, COUNT_FIELD, 1, 1e9, "tokens of the longest request, for which there must be room"),
    ENGINE(max_num_seqs, COUNT_FIELD, 1, 1e6, "requests that run at once on an engine"),
    ENGINE(max_num_batched_tokens, COUNT_FIELD, 1, 1e7, "tokens that a step takes"),
    TEXT(kv_cache_dtype, false, "auto", "what keys and values are kept in: auto, bf16, fp8, int8, or as a model's file would say"),
    {FIELD_WORDS("enforce_eager", "false", "kernels are launched one by one, without graphs"), .type = FIELD_BOOL, AT(enforce_eager)},
    JOB_BACK,
    {.key = NULL},
};
static const struct record_table serve_table = {"serve", "A service in steady state: requests come as others end.", serve_fields};

static const struct field generate_fields[] = {
    JOB_FRONT,
    COUNT(batch, 1e9, true, "", "prompts of a static batch, in all"),
    REQUESTS,
    JOB_BACK,
    {.key = NULL},
};
static const struct record_table generate_table = {"generate", "A static batch, from prompts to last tokens.", generate_fields};

const char *const scenario_sections[] = {"train", "serve", "generate", NULL};
const struct record_table *const job_tables[] = {&train_table, &serve_table, &generate_table, NULL};
const struct section_keys job_sections[] = {{"train", &train_table}, {"serve", &serve_table}, {"generate", &generate_table}, {NULL, NULL}};

/* ---- descriptions ------------------------------------------------------------------- */

void description_begin(enum section section, struct job_description *d)
{
    *d = (struct job_description){.section = section, .confidence = 0.9, .layout = layout_unsaid, .micro_batch = 1, .checkpoint = 60,
                                  .restart = 600, .sequence = {1, 0, 1}, .prompt = {1, 0, 1}, .output = {1, 0, 1}, .prefill.layout = layout_unsaid,
                                  .rollout = {.samples = 1, .steps = 1, .tensor = 1, .prompt = {1, 0, 1}, .output = {1, 0, 1}, .sleep = true}};
}

void description_read(speedup_context *context, struct arena *arena, const struct yaml_tree *tree, uint32_t node, struct job_description *d)
{
    d->tree = tree;
    d->node = node;
    record_read_in(context, arena, tree, node, job_tables[d->section], NULL, d);
}

void description_give(struct job_description *d, const char *key)
{
    const struct record_table *table = job_tables[d->section];
    const struct field *field = record_field(table, key);
    if (field)
        d->present |= UINT64_C(1) << (field - table->fields);
}

void description_give_required(struct job_description *d)
{
    const struct field *fields = job_tables[d->section]->fields;
    for (const struct field *field = fields; field->key; field++)
        if (field->required)
            d->present |= UINT64_C(1) << (field - fields);
}

void description_derive(struct job_description *d)
{
    const struct length *prompt = &d->rollout.prompt, *output = &d->rollout.output;
    const struct field *fields = job_tables[d->section]->fields, *sequence = record_field(job_tables[d->section], "sequence");
    if (!d->rollout.present || FIELD_GIVEN(d, sequence - fields))
        return;
    bool ends = prompt->longest > 0 && output->longest > 0;
    d->sequence = (struct length){prompt->mean + output->mean, hypot(prompt->deviation, output->deviation), ends ? prompt->longest + output->longest : 0};
    description_give(d, "sequence");
}

void description_require(speedup_context *context, const struct job_description *d)
{
    struct place place = description_place(d, NULL);
    if (d->tree)
        record_require(context, d->tree, d->node, job_tables[d->section], d);
    else
        record_complete(context, &place, job_tables[d->section], d);
}

static const struct place nowhere = {.file = "<job>"}; /* of what calls filled */

struct place description_place(const struct job_description *d, const char *key)
{
    if (!d->tree)
        return nowhere;
    return description_place_of(d, (const char *const[]){key, NULL});
}

struct place description_place_of(const struct job_description *d, const char *const *keys)
{
    if (!d->tree)
        return nowhere;
    uint32_t first = 0, last = 0;
    for (; *keys; keys++) {
        uint32_t at = yaml_find(d->tree, d->node, *keys), setting = at ? yaml_setting(d->tree, at) : 0;
        first = first ? first : at;
        last = setting > last ? setting : last;
    }
    return last ? yaml_setting_place(d->tree, last) : yaml_place(d->tree, first ? first : d->node);
}

static bool copy_text(struct arena *arena, const char **text)
{
    if (*text)
        *text = arena_copy(arena, *text, strlen(*text));
    return !arena->failed;
}

/* A number of a mapping, told of its keys where the mapping has one. */
static struct place number_place(struct arena *arena, const char *key, const char *name)
{
    struct text text;
    if (!key)
        return nowhere;
    text_begin(&text, &arena->allocator);
    text_format(&text, "%s.%.80s", key, name);
    const char *file = text.failed ? NULL : arena_copy(arena, text.bytes, text.length);
    arena->failed |= !file;
    text_end(&text);
    return file ? (struct place){.file = file} : nowhere;
}

static void copy_words(struct arena *arena, const char ***words)
{
    size_t count = 0;
    while (*words && (*words)[count])
        count++;
    const char **copy = *words ? arena_zeroed(arena, count + 1, sizeof *copy) : NULL;
    for (size_t i = 0; copy && i < count; i++) {
        copy[i] = (*words)[i];
        copy_text(arena, &copy[i]);
    }
    *words = copy;
}

static bool copy_numbers(struct arena *arena, const char *key, struct named_numbers *numbers)
{
    struct named_number *items = arena_zeroed(arena, numbers->count, sizeof *items);
    for (size_t i = 0; items && i < numbers->count; i++) {
        struct place place = number_place(arena, key, numbers->items[i].name);
        items[i] = (struct named_number){numbers->items[i].name, numbers->items[i].value, place, place, numbers->items[i].words};
        copy_text(arena, &items[i].name);
        copy_words(arena, &items[i].words);
    }
    numbers->items = items;
    return !arena->failed;
}

static bool copy_choices(struct arena *arena, struct choices *choices)
{
    struct choice *items = arena_zeroed(arena, choices->count, sizeof *items);
    for (size_t i = 0; items && i < choices->count; i++) {
        items[i] = choices->items[i];
        items[i].place = nowhere;
        copy_text(arena, &items[i].id);
        copy_numbers(arena, NULL, &items[i].parameters);
    }
    choices->items = items;
    return !arena->failed;
}

bool description_copy(struct arena *arena, const struct job_description *from, struct job_description *to)
{
    *to = *from;
    to->tree = NULL;
    to->price.place = nowhere;
    const char **texts[] = {&to->model, &to->system, &to->stack, &to->price.id, &to->published.source, &to->rollout.stack, &to->kv_cache_dtype};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        copy_text(arena, texts[i]);
    struct published *published = arena_zeroed(arena, from->published.count, sizeof *published);
    if (published && from->published.count)
        memcpy(published, from->published.items, from->published.count * sizeof *published);
    to->published.items = published;
    copy_choices(arena, &to->optimizations);
    copy_choices(arena, &to->baseline);
    copy_choices(arena, &to->without);
    copy_choices(arena, &to->rollout.optimizations);
    copy_numbers(arena, "calibration", &to->calibration);
    return !arena->failed;
}
