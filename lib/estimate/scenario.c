/* Scenarios: from a YAML text to a job ready to estimate. Knows the format of a
 * job, not how it is estimated. */
#include "estimate/scenario.h"

#include "base/number.h"

#include <float.h>
#include <string.h>

const char *const scenario_sections[] = {"train", "serve", "generate", NULL};

struct layout_record {
    uint64_t present;
    double tensor, pipeline, context, expert, virtual_stages;
    bool ends_as_layers;
};

struct train_record {
    uint64_t present;
    const char *model, *system, *stack;
    double accelerators, sequence, global_batch, micro_batch, tokens, checkpoint, restart, confidence;
    struct layout_record layout;
    bool uneven;
    uint32_t optimizations, baseline, price, calibration, published;
};

#define DEGREE(name_, doc_)                                                                                   \
    {.key = #name_, .type = FIELD_COUNT, .dimension = DIMENSION_COUNT, .least = 1, .most = 1e6,              \
     .offset = offsetof(struct layout_record, name_), .shown = "1", .doc = doc_}

static const struct field layout_fields[] = {
    DEGREE(tensor, "tensor-parallel degree"),
    DEGREE(pipeline, "pipeline stages"),
    DEGREE(context, "context-parallel degree"),
    DEGREE(expert, "expert-parallel degree"),
    DEGREE(virtual_stages, "model chunks per stage (interleaved schedule)"),
    {.key = "ends_as_layers", .type = FIELD_BOOL, .offset = offsetof(struct layout_record, ends_as_layers),
     .shown = "false", .doc = "embedding and head take the place of a layer each in the pipeline"},
    {.key = NULL},
};
const struct record_table layout_table = {
    "layout", "Degrees of parallelism; data parallelism takes what is left of the accelerators.", layout_fields};

#define TEXT(name_, required_, shown_, doc_)                                                                 \
    {.key = #name_, .type = FIELD_TEXT, .required = required_, .shown = shown_,                              \
     .offset = offsetof(struct train_record, name_), .doc = doc_}
#define COUNT(name_, most_, required_, shown_, doc_)                                                         \
    {.key = #name_, .type = FIELD_COUNT, .dimension = DIMENSION_COUNT, .least = 1, .most = most_,            \
     .required = required_, .shown = shown_, .offset = offsetof(struct train_record, name_), .doc = doc_}
#define NODE(name_, shown_, doc_)                                                                            \
    {.key = #name_, .type = FIELD_NODE, .shown = shown_, .offset = offsetof(struct train_record, name_), .doc = doc_}

static const struct field train_fields[] = {
    TEXT(model, true, NULL, "id of the model"),
    TEXT(system, true, NULL, "id of the system"),
    TEXT(stack, false, "none", "id of the training software"),
    COUNT(accelerators, 1e7, true, NULL, "accelerators in the job"),
    COUNT(sequence, 1e9, true, NULL, "tokens per sequence"),
    COUNT(global_batch, 1e9, true, NULL, "sequences per step"),
    COUNT(micro_batch, 1e6, false, "1", "sequences per micro-batch"),
    {.key = "tokens", .type = FIELD_NUMBER, .dimension = DIMENSION_COUNT, .least = 1, .most = 1e18,
     .offset = offsetof(struct train_record, tokens), .shown = "no run", .doc = "tokens of the whole run"},
    {.key = "layout", .type = FIELD_RECORD, .record = &layout_table, .offset = offsetof(struct train_record, layout),
     .doc = "degrees of parallelism"},
    NODE(optimizations, "[id, id: {parameter: value}, ...]", "optimizations, in the order of the waterfall"),
    NODE(baseline, "[id, ...]", "optimizations that the baseline has already"),
    NODE(price, "id of a price, or an amount such as 2.50 USD/h", "price of an accelerator-hour"),
    NODE(calibration, "coefficient: value", "coefficients of this very site"),
    NODE(published, "metric: value, and source: text", "figures published for this job, shown beside the estimate"),
    {.key = "checkpoint", .type = FIELD_NUMBER, .dimension = DIMENSION_SECONDS, .least = 0, .most = 1e6,
     .offset = offsetof(struct train_record, checkpoint), .shown = "60 s", .doc = "time that writing a checkpoint holds the job up"},
    {.key = "restart", .type = FIELD_NUMBER, .dimension = DIMENSION_SECONDS, .least = 0, .most = 1e7,
     .offset = offsetof(struct train_record, restart), .shown = "600 s", .doc = "time from a failure to the next step"},
    {.key = "uneven", .type = FIELD_BOOL, .offset = offsetof(struct train_record, uneven), .shown = "false",
     .doc = "take a batch or heads that do not divide evenly, at their mean"},
    {.key = "confidence", .type = FIELD_NUMBER, .least = 0.01, .most = 0.999,
     .offset = offsetof(struct train_record, confidence), .shown = "0.9", .doc = "probability of the intervals"},
    {.key = NULL},
};
const struct record_table train_table = {"train", "A training job.", train_fields};
const struct record_table *const job_tables[] = {&train_table, NULL};

/* An entry that the job names; told when there is none. */
static const void *named(speedup_context *context, const speedup_scenario *scenario, enum kind kind, const char *key,
                         const char *id)
{
    if (!id)
        return NULL;
    const struct entry *entry = catalog_find(scenario->catalog, kind, id);
    if (!entry) {
        struct place place = yaml_place(&scenario->tree, yaml_find(&scenario->tree, scenario->section, key));
        catalog_missing(context, scenario->catalog, kind, id, &place);
    }
    return entry;
}

static void read_parameter(speedup_context *context, const struct yaml_tree *tree, uint32_t key,
                           const struct optimization *optimization, double *values)
{
    const char *name = yaml_text(tree, key);
    struct nearest nearest;
    nearest_begin(&nearest, name, yaml_at(tree, key)->length);
    for (uint32_t i = 0; i < optimization->parameter_count; i++) {
        const struct parameter *parameter = &optimization->parameters[i];
        nearest_offer(&nearest, parameter->name);
        if (!strcmp(parameter->name, name)) {
            read_number(context, tree, yaml_at(tree, key)->next, name, DIMENSION_NONE, parameter->least,
                        parameter->most, &values[i]);
            return;
        }
    }
    struct place place = yaml_place(tree, key);
    struct text *text = problem_begin(context);
    text_format(text, "'%s' has no parameter '%.60s'", optimization->head.id, name);
    nearest_put(&nearest, text);
    problem_end(context, SPEEDUP_UNKNOWN_PARAMETER, &place);
}

/* One item of a list of optimizations: an id, or an id with parameters. */
static bool read_selection(speedup_context *context, speedup_scenario *scenario, uint32_t item,
                           struct selection *selection)
{
    const struct yaml_tree *tree = &scenario->tree;
    const struct yaml_node *node = yaml_at(tree, item);
    uint32_t id = item, parameters = 0;
    if (node->kind == YAML_MAPPING && node->length == 1) {
        id = node->first;
        parameters = yaml_at(tree, id)->next;
        if (!expect_kind(context, tree, parameters, YAML_MAPPING, yaml_text(tree, id)))
            return false;
    } else if (!expect_kind(context, tree, item, YAML_SCALAR, "optimizations")) {
        return false;
    }
    selection->place = yaml_place(tree, id);
    selection->optimization =
        (const struct optimization *)catalog_find(scenario->catalog, KIND_OPTIMIZATION, yaml_text(tree, id));
    if (!selection->optimization) {
        catalog_missing(context, scenario->catalog, KIND_OPTIMIZATION, yaml_text(tree, id), &selection->place);
        return false;
    }
    uint32_t count = selection->optimization->parameter_count;
    selection->parameters = arena_zeroed(&scenario->arena, count, sizeof *selection->parameters);
    if (!selection->parameters)
        return false;
    for (uint32_t i = 0; i < count; i++)
        selection->parameters[i] = selection->optimization->parameters[i].value;
    for (uint32_t key = parameters ? yaml_at(tree, parameters)->first : 0; key;
         key = yaml_at(tree, yaml_at(tree, key)->next)->next)
        read_parameter(context, tree, key, selection->optimization, selection->parameters);
    return true;
}

enum { MOST_SELECTIONS = 64 };

static void read_selections(speedup_context *context, speedup_scenario *scenario, uint32_t node, const char *what)
{
    if (!node || !expect_kind(context, &scenario->tree, node, YAML_SEQUENCE, what))
        return;
    for (uint32_t item = yaml_at(&scenario->tree, node)->first; item; item = yaml_at(&scenario->tree, item)->next) {
        if (scenario->selection_count == MOST_SELECTIONS) {
            struct place place = yaml_place(&scenario->tree, item);
            problem(context, SPEEDUP_TOO_MANY_NODES, &place, "more than %d optimizations", MOST_SELECTIONS);
            return;
        }
        if (read_selection(context, scenario, item, &scenario->selections[scenario->selection_count]))
            scenario->selection_count++;
    }
}

static void read_price(speedup_context *context, speedup_scenario *scenario, uint32_t node)
{
    if (!node || !expect_kind(context, &scenario->tree, node, YAML_SCALAR, "price"))
        return;
    const char *text = yaml_text(&scenario->tree, node);
    if (*text >= '0' && *text <= '9') {
        read_number(context, &scenario->tree, node, "price", DIMENSION_USD_PER_HOUR, 0, 1e5, &scenario->job.price);
        return;
    }
    scenario->price = (const struct price *)catalog_find(scenario->catalog, KIND_PRICE, text);
    struct place place = yaml_place(&scenario->tree, node);
    if (!scenario->price) {
        catalog_missing(context, scenario->catalog, KIND_PRICE, text, &place);
        return;
    }
    scenario->job.price = scenario->price->per_hour;
    if (scenario->accelerator && strcmp(scenario->price->accelerator_id, scenario->accelerator->head.id))
        problem(context, SPEEDUP_INCONSISTENT, &place, "price '%s' is for '%s', but the job runs on '%s'", text,
                scenario->price->accelerator_id, scenario->accelerator->head.id);
}

static int metric_find(const char *name)
{
    speedup_word word = {.struct_size = sizeof word};
    for (size_t i = 0; speedup_metric_at(i, &word) == SPEEDUP_OK; i++)
        if (!strcmp(word.name, name))
            return (int)i;
    return METRICS;
}

static void read_published(speedup_context *context, speedup_scenario *scenario, uint32_t node)
{
    const struct yaml_tree *tree = &scenario->tree;
    if (!node || !expect_kind(context, tree, node, YAML_MAPPING, "published"))
        return;
    scenario->published =
        arena_zeroed(&scenario->arena, yaml_at(tree, node)->length, sizeof *scenario->published);
    if (!scenario->published)
        return;
    for (uint32_t key = yaml_at(tree, node)->first; key && !problems_full(context);
         key = yaml_at(tree, yaml_at(tree, key)->next)->next) {
        const char *name = yaml_text(tree, key);
        uint32_t value = yaml_at(tree, key)->next;
        if (!strcmp(name, "source")) {
            read_text(context, tree, value, name, &scenario->published_source);
            continue;
        }
        int metric = metric_find(name);
        if (metric < METRICS) {
            struct published *published = &scenario->published[scenario->published_count++];
            published->metric = metric;
            speedup_word word = {.struct_size = sizeof word};
            speedup_metric_at((size_t)metric, &word);
            enum dimension dimension = !strcmp(word.unit, "s") ? DIMENSION_SECONDS
                                       : !strcmp(word.unit, "B") ? DIMENSION_BYTES
                                       : !strcmp(word.unit, "USD") ? DIMENSION_USD
                                       : !strcmp(word.unit, "FLOP/s") ? DIMENSION_FLOPS_PER_S
                                                                      : DIMENSION_NONE;
            read_number(context, tree, value, name, dimension, 0, DBL_MAX, &published->value);
            continue;
        }
        struct nearest nearest;
        nearest_begin(&nearest, name, strlen(name));
        speedup_word word = {.struct_size = sizeof word};
        for (size_t i = 0; speedup_metric_at(i, &word) == SPEEDUP_OK; i++)
            nearest_offer(&nearest, word.name);
        struct place place = yaml_place(tree, key);
        struct text *text = problem_begin(context);
        text_format(text, "'%.60s' is no metric", name);
        nearest_put(&nearest, text);
        problem_end(context, SPEEDUP_UNKNOWN_KEY, &place);
    }
}

static void apply_calibration(double *values, const struct calibration *calibration)
{
    for (uint32_t i = 0; i < calibration->count; i++)
        values[calibration->settings[i].slot] = calibration->settings[i].value;
}

/* Coefficients, from the general to the particular: catalog, accelerator, stack, job. */
static void gather_coefficients(speedup_context *context, speedup_scenario *scenario, uint32_t calibration_node)
{
    const speedup_catalog *catalog = scenario->catalog;
    double *values = arena_zeroed(&scenario->arena, catalog->coefficient_slots, sizeof *values);
    struct calibration own = {0};
    if (!values)
        return;
    for (size_t i = 0; i < catalog->entries[KIND_COEFFICIENT].count; i++) {
        const struct coefficient *coefficient = (const struct coefficient *)catalog->entries[KIND_COEFFICIENT].items[i];
        values[coefficient->slot] = coefficient->value;
    }
    apply_calibration(values, &scenario->accelerator->calibration);
    if (scenario->stack)
        apply_calibration(values, &scenario->stack->calibration);
    calibration_read(context, scenario->catalog, &scenario->tree, calibration_node, &own);
    apply_calibration(values, &own);
    scenario->fixed.coefficients = values;
    for (int i = 0; i < KNOWN_COEFFICIENTS; i++)
        scenario->job.c[i] = values[catalog->known_slots[i]];
    scenario->job.generic = !scenario->accelerator->calibration.count && !own.count;
}

static void fix_variables(speedup_scenario *scenario)
{
    const struct job *job = &scenario->job;
    double *fixed = scenario->fixed.variables;
    fixed[VARIABLE_SEQUENCE] = job->sequence;
    fixed[VARIABLE_GLOBAL_BATCH] = job->global_batch;
    fixed[VARIABLE_LAYERS] = job->model->layers;
    fixed[VARIABLE_HIDDEN] = job->model->hidden;
    fixed[VARIABLE_HEADS] = job->model->heads;
    fixed[VARIABLE_KV_HEADS] = job->model->kv_heads;
    fixed[VARIABLE_HEAD_DIM] = job->model->head_dim;
    fixed[VARIABLE_FFN] = job->model->ffn;
    fixed[VARIABLE_VOCAB] = job->model->vocab;
    fixed[VARIABLE_EXPERTS] = job->model->experts.count;
    fixed[VARIABLE_ACTIVE_EXPERTS] = job->model->experts.active;
    fixed[VARIABLE_GATED] = job->model->ffn_kind == FEED_FORWARD_GATED;
    fixed[VARIABLE_PARAMETERS] = job->shape.parameters;
    fixed[VARIABLE_MEMORY] = job->memory;
    fixed[VARIABLE_BANDWIDTH] = job->bandwidth;
    fixed[VARIABLE_LINK] = job->link;
    fixed[VARIABLE_NETWORK] = job->network;
    fixed[VARIABLE_HOST_LINK] = job->host_link;
    fixed[VARIABLE_NODE_ACCELERATORS] = job->node;
    fixed[VARIABLE_DOMAIN] = job->domain;
    fixed[VARIABLE_COMPUTE_CAPABILITY] = job->accelerator->compute_capability;
}

static void fill_hardware(speedup_scenario *scenario)
{
    struct job *job = &scenario->job;
    const struct accelerator *accelerator = scenario->accelerator;
    const struct system *system = scenario->system;
    job->accelerator = accelerator;
    job->memory = accelerator->memory;
    job->bandwidth = accelerator->bandwidth;
    job->link = system->link > 0 ? system->link : accelerator->link;
    job->network = system->network;
    job->host_link = accelerator->host_link;
    job->node = system->node_accelerators;
    job->domain = system->domain;
    job->failures = system->failures;
    job->power = system->node_power > 0 ? system->node_power / system->node_accelerators : accelerator->power;
}

/* A layout that cannot be is told with the numbers that do not divide. */
static void check_layout(speedup_context *context, const speedup_scenario *scenario, const struct train_record *r)
{
    const struct yaml_tree *tree = &scenario->tree;
    uint32_t at = yaml_find(tree, scenario->section, "layout");
    struct place place = yaml_place(tree, at ? at : scenario->section);
    const struct layout_record *l = &r->layout;
    double ranks = l->tensor * l->pipeline * l->context, data = r->accelerators / ranks;
    if (data != floor(data) || data < 1) {
        problem(context, SPEEDUP_DOES_NOT_DIVIDE, &place,
                "tensor x pipeline x context = %.0f does not divide %.0f accelerators", ranks, r->accelerators);
        return;
    }
    if (fmod(scenario->model->heads, l->tensor) != 0)
        problem(context, SPEEDUP_DOES_NOT_DIVIDE, &place, "tensor = %.0f does not divide the model's %.0f heads",
                l->tensor, scenario->model->heads);
    if (l->pipeline > scenario->model->layers)
        problem(context, SPEEDUP_DOES_NOT_DIVIDE, &place, "%.0f pipeline stages are more than the model's %.0f layers",
                l->pipeline, scenario->model->layers);
    if (l->virtual_stages > 1 && (l->pipeline < 2 || fmod(scenario->model->layers, l->pipeline * l->virtual_stages) != 0))
        problem(context, SPEEDUP_DOES_NOT_DIVIDE, &place,
                "virtual_stages = %.0f needs pipeline over 1, and pipeline x virtual_stages to divide %.0f layers",
                l->virtual_stages, scenario->model->layers);
    if (l->expert > 1 && (scenario->model->experts.count <= 0 || fmod(scenario->model->experts.count, l->expert) != 0))
        problem(context, SPEEDUP_DOES_NOT_DIVIDE, &place, "expert = %.0f does not divide the model's %.0f experts",
                l->expert, scenario->model->experts.count);
    if (l->expert > data * l->tensor * l->context)
        problem(context, SPEEDUP_DOES_NOT_DIVIDE, &place, "expert = %.0f is more than the %.0f ranks of a pipeline stage",
                l->expert, data * l->tensor * l->context);
    if (fmod(r->global_batch, data * r->micro_batch) != 0)
        problem(context, SPEEDUP_DOES_NOT_DIVIDE, &place,
                "data x micro_batch = %.0f x %.0f does not divide a global batch of %.0f sequences", data,
                r->micro_batch, r->global_batch);
}

static void set_layout(speedup_scenario *scenario, const struct train_record *r)
{
    double data = r->accelerators / (r->layout.tensor * r->layout.pipeline * r->layout.context);
    const double values[] = {
        [VARIABLE_ACCELERATORS] = r->accelerators,
        [VARIABLE_TENSOR] = r->layout.tensor,
        [VARIABLE_PIPELINE] = r->layout.pipeline,
        [VARIABLE_DATA] = data,
        [VARIABLE_CONTEXT] = r->layout.context,
        [VARIABLE_EXPERT] = r->layout.expert,
        [VARIABLE_VIRTUAL_STAGES] = r->layout.virtual_stages,
        [VARIABLE_MICRO_BATCH] = r->micro_batch,
        [VARIABLE_ENDS_AS_LAYERS] = r->layout.ends_as_layers,
        [VARIABLE_ACCUMULATION] = ceil(r->global_batch / (data * r->micro_batch) - 1e-9),
    };
    for (int i = 0; i < VARIABLES; i++)
        scenario->variables[i] =
            lanes_of(variables[i].scope == SCOPE_LAYOUT ? values[i] : scenario->fixed.variables[i]);
}

speedup_status scenario_prefix(speedup_context *context, const speedup_scenario *scenario, struct arena *arena,
                               size_t count, struct job *job)
{
    *job = scenario->job;
    speedup_status status = effects_resolve(context, arena, scenario->selections, count, job->kind, &scenario->fixed,
                                            &job->effects);
    struct place place = yaml_place(&scenario->tree, scenario->section);
    if (!status)
        job_set_precisions(context, job, &place);
    return context->first;
}

speedup_status scenario_read(speedup_context *context, speedup_scenario *scenario)
{
    struct yaml_tree *tree = &scenario->tree;
    struct job *job = &scenario->job;
    scenario->section = yaml_find(tree, tree->root, "train");
    if (!scenario->section) {
        struct place place = yaml_place(tree, tree->root);
        problem(context, SPEEDUP_NO_JOB, &place, "there is no 'train:' section");
        return SPEEDUP_NO_JOB;
    }
    struct train_record r = {
        .micro_batch = 1, .checkpoint = 60, .restart = 600, .confidence = 0.9, .layout = {0, 1, 1, 1, 1, 1, false}};
    record_read(context, tree, scenario->section, &train_table, NULL, &r);
    record_require(context, tree, scenario->section, &train_table, &r);
    job->kind = JOB_TRAINING;
    job->sequence = r.sequence;
    job->global_batch = r.global_batch;
    job->tokens = r.tokens;
    job->checkpoint_seconds = r.checkpoint;
    job->restart_seconds = r.restart;
    scenario->confidence = r.confidence;
    scenario->model = named(context, scenario, KIND_MODEL, "model", r.model);
    scenario->system = named(context, scenario, KIND_SYSTEM, "system", r.system);
    scenario->stack = named(context, scenario, KIND_STACK, "stack", r.stack);
    if (scenario->system)
        scenario->accelerator =
            (const struct accelerator *)catalog_find(scenario->catalog, KIND_ACCELERATOR, scenario->system->accelerator_id);
    scenario->selections = arena_zeroed(&scenario->arena, MOST_SELECTIONS, sizeof *scenario->selections);
    if (!scenario->selections)
        return no_memory(context);
    read_selections(context, scenario, r.baseline, "baseline");
    scenario->baseline_count = scenario->selection_count;
    read_selections(context, scenario, r.optimizations, "optimizations");
    read_price(context, scenario, r.price);
    read_published(context, scenario, r.published);
    if (scenario->accelerator)
        gather_coefficients(context, scenario, r.calibration);
    if (scenario->model && r.sequence > 0 && scenario->model->max_sequence > 0 && r.sequence > scenario->model->max_sequence) {
        struct place place = yaml_place(tree, yaml_find(tree, scenario->section, "sequence"));
        problem(context, SPEEDUP_TOO_LONG, &place, "%.0f tokens are longer than the %.0f of '%s'", r.sequence,
                scenario->model->max_sequence, scenario->model->head.id);
    }
    job->relaxed = r.uneven;
    if (scenario->model && r.accelerators >= 1 && r.global_batch >= 1 && !r.uneven && !scenario->open_layout)
        check_layout(context, scenario, &r);
    if (scenario->arena.failed)
        return no_memory(context);
    if (context->first)
        return context->first;

    job->model = scenario->model;
    shape_measure(job->model, &job->shape);
    fill_hardware(scenario);
    fix_variables(scenario);
    set_layout(scenario, &r);
    struct job whole;
    speedup_status status =
        scenario_prefix(context, scenario, &scenario->arena, scenario->selection_count, &whole);
    if (status)
        return status;
    *job = whole;
    return scenario->open_layout ? SPEEDUP_OK : effects_explain(context, &job->effects, scenario->variables);
}

speedup_scenario *scenario_allocate(speedup_context *context)
{
    speedup_scenario *made = context->allocator.allocate(context->allocator.user, sizeof *made);
    if (!made) {
        no_memory(context);
        return NULL;
    }
    memset(made, 0, sizeof *made);
    atomic_init(&made->references, 1);
    made->allocator = context->allocator;
    arena_begin(&made->arena, &context->allocator);
    return made;
}

/* Are there sections of the catalog's own in this file? */
static bool has_entries(const struct yaml_tree *tree)
{
    for (int kind = 0; kind < KINDS; kind++)
        if (yaml_find(tree, tree->root, kinds[kind].section))
            return true;
    return false;
}

static speedup_status finish_create(speedup_context *context, const speedup_catalog *catalog, speedup_scenario *made,
                                    const char *const *settings, size_t setting_count, speedup_scenario **scenario)
{
    for (size_t i = 0; i < setting_count && !context->first; i++)
        setting_apply(context, &made->arena, &made->tree, settings[i] ? settings[i] : "");
    if (!context->first && !expect_kind(context, &made->tree, made->tree.root, YAML_MAPPING, "the document"))
        made->catalog = NULL;
    if (!context->first) {
        /* The file's own entries first; a file without any only has its sections checked. */
        speedup_catalog *own = catalog_allocate(context);
        if (own && catalog_extend(context, catalog, own, &made->tree, 1, scenario_sections, NULL, 0) == SPEEDUP_OK) {
            if (has_entries(&made->tree)) {
                made->catalog = speedup_catalog_ref(own);
            } else {
                made->catalog = speedup_catalog_ref((speedup_catalog *)(uintptr_t)catalog);
            }
        }
        speedup_catalog_unref(own);
    }
    if (!context->first)
        scenario_read(context, made);
    if (context->first) {
        speedup_scenario_unref(made);
        return context->first;
    }
    *scenario = made;
    return SPEEDUP_OK;
}

void scenario_build(speedup_context *context, const speedup_catalog *catalog, speedup_scenario *made, const char *file,
                    const char *text, size_t length, const char *const *settings, size_t setting_count,
                    speedup_scenario **scenario)
{
    yaml_read(context, &made->arena, file, text, length, &made->tree);
    finish_create(context, catalog, made, settings, setting_count, scenario);
}

speedup_status speedup_scenario_create(speedup_context *context, const speedup_catalog *catalog, const char *name,
                                       const char *text, size_t length, const char *const *settings,
                                       size_t setting_count, speedup_scenario **scenario)
{
    if (scenario)
        *scenario = NULL;
    if (!context || !catalog || !scenario || (!text && length) || (!settings && setting_count))
        return SPEEDUP_INVALID_ARGUMENT;
    diagnostics_clear(context);
    speedup_scenario *made = scenario_allocate(context);
    if (!made)
        return SPEEDUP_OUT_OF_MEMORY;
    scenario_build(context, catalog, made, name ? name : "<text>", text ? text : "", length, settings, setting_count, scenario);
    return context->first;
}

speedup_status speedup_scenario_create_file(speedup_context *context, const speedup_catalog *catalog, const char *path,
                                            const char *const *settings, size_t setting_count,
                                            speedup_scenario **scenario)
{
    if (scenario)
        *scenario = NULL;
    if (!context || !catalog || !scenario || !path || (!settings && setting_count))
        return SPEEDUP_INVALID_ARGUMENT;
    diagnostics_clear(context);
    speedup_scenario *made = scenario_allocate(context);
    if (!made)
        return SPEEDUP_OUT_OF_MEMORY;
    yaml_read_file(context, &made->arena, path, &made->tree);
    return finish_create(context, catalog, made, settings, setting_count, scenario);
}

speedup_scenario *speedup_scenario_ref(speedup_scenario *scenario)
{
    if (scenario)
        atomic_fetch_add_explicit(&scenario->references, 1, memory_order_relaxed);
    return scenario;
}

void speedup_scenario_unref(speedup_scenario *scenario)
{
    if (!scenario || atomic_fetch_sub_explicit(&scenario->references, 1, memory_order_acq_rel) != 1)
        return;
    speedup_allocator allocator = scenario->allocator;
    speedup_catalog_unref(scenario->catalog);
    arena_end(&scenario->arena);
    allocator.release(allocator.user, scenario);
}
