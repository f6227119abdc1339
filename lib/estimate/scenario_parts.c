/* What all job sections of a scenario share: names, optimizations, prices, published
 * figures, coefficients and hardware. Knows no kind of job but by its number. */
#include "estimate/scenario_parts.h"

#include <float.h>
#include <string.h>

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

bool selection_read(speedup_context *context, const speedup_catalog *catalog, struct arena *arena,
                    const struct yaml_tree *tree, uint32_t item, struct selection *selection)
{
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
    selection->always = false;
    selection->place = yaml_place(tree, id);
    selection->optimization =
        (const struct optimization *)catalog_find(catalog, KIND_OPTIMIZATION, yaml_text(tree, id));
    if (!selection->optimization) {
        catalog_missing(context, catalog, KIND_OPTIMIZATION, yaml_text(tree, id), &selection->place);
        return false;
    }
    uint32_t count = selection->optimization->parameter_count;
    selection->parameters = arena_zeroed(arena, count, sizeof *selection->parameters);
    if (!selection->parameters)
        return false;
    for (uint32_t i = 0; i < count; i++)
        selection->parameters[i] = selection->optimization->parameters[i].value;
    for (uint32_t key = parameters ? yaml_at(tree, parameters)->first : 0; key;
         key = yaml_at(tree, yaml_at(tree, key)->next)->next)
        read_parameter(context, tree, key, selection->optimization, selection->parameters);
    return true;
}

/* What a job does without must exist; whether its software has it is nobody's business. */
static void check_without(speedup_context *context, const speedup_scenario *scenario, uint32_t node)
{
    const struct yaml_tree *tree = &scenario->tree;
    if (!node || !expect_kind(context, tree, node, YAML_SEQUENCE, "without"))
        return;
    for (uint32_t item = yaml_at(tree, node)->first; item && !problems_full(context); item = yaml_at(tree, item)->next) {
        if (!expect_kind(context, tree, item, YAML_SCALAR, "without"))
            continue;
        struct place place = yaml_place(tree, item);
        if (!catalog_find(scenario->catalog, KIND_OPTIMIZATION, yaml_text(tree, item)))
            catalog_missing(context, scenario->catalog, KIND_OPTIMIZATION, yaml_text(tree, item), &place);
    }
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
        if (selection_read(context, scenario->catalog, &scenario->arena, &scenario->tree, item,
                           &scenario->selections[scenario->selection_count]))
            scenario->selection_count++;
    }
}

/* The id of an item of a list of optimizations. */
static const char *item_id(const struct yaml_tree *tree, uint32_t item)
{
    return yaml_text(tree, yaml_at(tree, item)->kind == YAML_MAPPING ? yaml_at(tree, item)->first : item);
}

static bool lists(const struct yaml_tree *tree, uint32_t list, const char *id)
{
    if (!list || yaml_at(tree, list)->kind != YAML_SEQUENCE)
        return false;
    for (uint32_t item = yaml_at(tree, list)->first; item; item = yaml_at(tree, item)->next)
        if (yaml_at(tree, item)->kind != YAML_SEQUENCE && !strcmp(item_id(tree, item), id))
            return true;
    return false;
}

/* What the software always has: part of the baseline, but where the job itself says
 * more, or does without it, or when it is for another kind of job. */
static void read_always(speedup_context *context, speedup_scenario *scenario, const struct job_record *record)
{
    const struct stack *stack = scenario->stack;
    const struct yaml_tree *tree = stack ? stack->always_tree : NULL;
    if (!tree || !expect_kind(context, tree, stack->always_node, YAML_SEQUENCE, "always"))
        return;
    for (uint32_t item = yaml_at(tree, stack->always_node)->first; item; item = yaml_at(tree, item)->next) {
        struct selection selection;
        if (scenario->selection_count == MOST_SELECTIONS ||
            !selection_read(context, scenario->catalog, &scenario->arena, tree, item, &selection))
            return;
        const char *id = selection.optimization->head.id;
        selection.always = true;
        if (selection.optimization->applies[scenario->job.kind] && !lists(&scenario->tree, record->baseline, id) &&
            !lists(&scenario->tree, record->optimizations, id) && !lists(&scenario->tree, record->without, id))
            scenario->selections[scenario->selection_count++] = selection;
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

static bool calibrates(const struct calibration *calibration, uint32_t slot)
{
    for (uint32_t i = 0; i < calibration->count; i++)
        if (calibration->settings[i].slot == slot)
            return true;
    return false;
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
    calibration_read(context, catalog, &scenario->arena, &scenario->tree, calibration_node, &own);
    apply_calibration(values, &own);
    scenario->fixed.coefficients = values;
    for (int i = 0; i < KNOWN_COEFFICIENTS; i++)
        scenario->job.c[i] = values[catalog->known_slots[i]];
    bool training = scenario->job.kind == JOB_TRAINING;
    uint32_t chip = catalog->known_slots[training ? COEFFICIENT_MATMUL_EFFICIENCY : COEFFICIENT_STREAM_16];
    uint32_t stack = catalog->known_slots[COEFFICIENT_LAYER_SECONDS];
    scenario->job.generic = !calibrates(&scenario->accelerator->calibration, chip) && !own.count;
    scenario->job.generic_stack = !(scenario->stack && calibrates(&scenario->stack->calibration, stack)) && !own.count;
}

static void fix_variables(speedup_scenario *scenario)
{
    const struct job *job = &scenario->job;
    double *fixed = scenario->fixed.variables;
    fixed[VARIABLE_SEQUENCE] = job->sequence;
    fixed[VARIABLE_GLOBAL_BATCH] = job->global_batch;
    fixed[VARIABLE_PROMPT] = job->inference.prompt;
    fixed[VARIABLE_OUTPUT] = job->inference.output;
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
    fixed[VARIABLE_PEAK_FP4] = job->accelerator->peak.rate[PEAK_FP4];
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
    /* A host of which nothing is known is not held to be full. */
    job->host_memory = system->host_memory > 0 ? system->host_memory : 1e300;
    job->node = system->node_accelerators;
    job->domain = system->domain;
    job->failures = system->failures;
    job->power = system->node_power > 0 ? system->node_power / system->node_accelerators : accelerator->power;
}

struct place scenario_place(const speedup_scenario *scenario, const char *key)
{
    uint32_t at = yaml_find(&scenario->tree, scenario->section, key);
    return yaml_place(&scenario->tree, at ? at : scenario->section);
}

void scenario_check_length(speedup_context *context, const speedup_scenario *scenario, const char *key, double tokens)
{
    const struct model *model = scenario->model;
    if (!model || model->max_sequence <= 0 || tokens <= model->max_sequence)
        return;
    struct place place = scenario_place(scenario, key);
    problem(context, SPEEDUP_TOO_LONG, &place, "%.0f tokens are longer than the %.0f of '%s'", tokens, model->max_sequence,
            model->head.id);
}

void scenario_gather(speedup_context *context, speedup_scenario *scenario, const struct job_record *record)
{
    scenario->confidence = record->confidence;
    scenario->job.relaxed = record->uneven;
    scenario->model = named(context, scenario, KIND_MODEL, "model", record->model);
    scenario->system = named(context, scenario, KIND_SYSTEM, "system", record->system);
    scenario->stack = named(context, scenario, KIND_STACK, "stack", record->stack);
    if (scenario->system)
        scenario->accelerator =
            (const struct accelerator *)catalog_find(scenario->catalog, KIND_ACCELERATOR, scenario->system->accelerator_id);
    scenario->selections = arena_zeroed(&scenario->arena, MOST_SELECTIONS, sizeof *scenario->selections);
    if (!scenario->selections)
        return;
    check_without(context, scenario, record->without);
    read_always(context, scenario, record);
    read_selections(context, scenario, record->baseline, "baseline");
    scenario->baseline_count = scenario->selection_count;
    read_selections(context, scenario, record->optimizations, "optimizations");
    read_price(context, scenario, record->price);
    read_published(context, scenario, record->published);
    if (scenario->accelerator)
        gather_coefficients(context, scenario, record->calibration);
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

/* What can be made can be estimated: a layout that leaves nothing finite is told here, with its place. */
static speedup_status check_estimate(speedup_context *context, const speedup_scenario *scenario)
{
    lanes out[METRICS];
    job_evaluate(&scenario->job, scenario->variables, out);
    speedup_status status = (speedup_status)out[SPEEDUP_METRIC_STATUS][0];
    struct place place = yaml_place(&scenario->tree, scenario->section);
    if (status)
        problem(context, status, &place, "this job cannot be estimated: %s", speedup_status_text(status));
    return status;
}

speedup_status scenario_complete(speedup_context *context, speedup_scenario *scenario, const double layout[VARIABLES])
{
    struct job *job = &scenario->job, whole;
    if (scenario->arena.failed)
        return no_memory(context);
    if (context->first)
        return context->first;
    job->kernel = kernel_choose();
    job->model = scenario->model;
    if (job->kind == JOB_INFERENCE && (job->model->state_space.layers > 0 || job->model->experts.latent > 0)) {
        struct place place = yaml_place(&scenario->tree, yaml_find(&scenario->tree, scenario->section, "model"));
        problem(context, SPEEDUP_UNSUPPORTED_MODEL, &place,
                "'%s' has state-space layers or experts of a latent width, which are estimated in training alone",
                job->model->head.id);
        return context->first;
    }
    if (layout[VARIABLE_DATA] < 1 && !scenario->open_layout) { /* an uneven job's; others have been told */
        struct place place = scenario_place(scenario, "layout");
        problem(context, SPEEDUP_DOES_NOT_DIVIDE, &place, "the layout takes %.0f accelerators; the job has %.0f",
                layout[VARIABLE_ACCELERATORS] / layout[VARIABLE_DATA], layout[VARIABLE_ACCELERATORS]);
        return context->first;
    }
    shape_measure(job->model, &job->shape);
    inference_measure(job->model, &job->inference);
    fill_hardware(scenario);
    fix_variables(scenario);
    for (int i = 0; i < VARIABLES; i++)
        scenario->variables[i] =
            lanes_of(variables[i].scope == SCOPE_LAYOUT ? layout[i] : scenario->fixed.variables[i]);
    speedup_status status = scenario_prefix(context, scenario, &scenario->arena, scenario->selection_count, &whole);
    if (status)
        return status;
    *job = whole;
    if (scenario->open_layout)
        return SPEEDUP_OK;
    status = effects_explain(context, &job->effects, scenario->variables);
    return status ? status : check_estimate(context, scenario);
}
