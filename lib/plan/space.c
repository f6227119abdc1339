/* Spaces of plans: from a YAML text to compiled programs and axes. Knows no
 * optimization, model or system by name. */
#include "plan/space.h"

#include "base/number.h"
#include "estimate/scenario_parts.h"

#include <float.h>
#include <string.h>

const enum variable axis_variables[AXES] = {
    [AXIS_ACCELERATORS] = VARIABLE_ACCELERATORS, [AXIS_TENSOR] = VARIABLE_TENSOR,
    [AXIS_PIPELINE] = VARIABLE_PIPELINE,         [AXIS_CONTEXT] = VARIABLE_CONTEXT,
    [AXIS_EXPERT] = VARIABLE_EXPERT,             [AXIS_VIRTUAL_STAGES] = VARIABLE_VIRTUAL_STAGES,
    [AXIS_MICRO_BATCH] = VARIABLE_MICRO_BATCH,
};

static const char *const objectives[] = {"time", "cost", "energy", "accelerator-hours", NULL};

struct plan_record {
    uint64_t present;
    const char *model, *stack;
    double sequence, global_batch, tokens, deadline, budget, power, confidence, top;
    int32_t objective;
    uint32_t systems, prices, axes[AXES], optimizations, choices, front;
};

#define AT(member) .offset = offsetof(struct plan_record, member)
#define LIST(key_, member, shown_, doc_) {.key = key_, .type = FIELD_NODE, AT(member), .shown = shown_, .doc = doc_}

static const struct field plan_fields[] = {
    {.key = "model", .type = FIELD_TEXT, AT(model), .required = true, .doc = "id of the model"},
    {.key = "stack", .type = FIELD_TEXT, AT(stack), .shown = "none", .doc = "id of the training software"},
    {.key = "systems", .type = FIELD_NODE, AT(systems), .required = true, .shown = "[id, ...]", .doc = "systems to choose from"},
    LIST("prices", prices, "[id, ...] or one amount such as 2.50 USD/h", "prices to choose from, each for the systems of its accelerator"),
    {.key = "accelerators", .type = FIELD_NODE, AT(axes[AXIS_ACCELERATORS]), .required = true, .shown = "[count, ...]", .doc = "numbers of accelerators"},
    {.key = "sequence", .type = FIELD_COUNT, .dimension = DIMENSION_COUNT, .least = 1, .most = 1e9, .required = true, AT(sequence), .doc = "tokens per sequence"},
    {.key = "global_batch", .type = FIELD_COUNT, .dimension = DIMENSION_COUNT, .least = 1, .most = 1e9, .required = true, AT(global_batch), .doc = "sequences per step"},
    {.key = "tokens", .type = FIELD_NUMBER, .dimension = DIMENSION_COUNT, .least = 1, .most = 1e18, AT(tokens), .shown = "one step", .doc = "tokens of the whole run"},
    LIST("tensor", axes[AXIS_TENSOR], "[degree, ...]; [1, 2, 4, 8]", "tensor-parallel degrees"),
    LIST("pipeline", axes[AXIS_PIPELINE], "[degree, ...]; [1, 2, 4, 8, 16]", "pipeline stages"),
    LIST("context", axes[AXIS_CONTEXT], "[degree, ...]; [1]", "context-parallel degrees"),
    LIST("expert", axes[AXIS_EXPERT], "[degree, ...]; [1]", "expert-parallel degrees"),
    LIST("virtual_stages", axes[AXIS_VIRTUAL_STAGES], "[count, ...]; [1]", "model chunks per stage"),
    LIST("micro_batch", axes[AXIS_MICRO_BATCH], "[count, ...]; [1, 2, 4, 8]", "sequences per micro-batch"),
    LIST("optimizations", optimizations, "[id, ...]", "optimizations of every plan"),
    LIST("choices", choices, "[[none, id, id: {parameter: value}, [id, id]], ...]", "lists of alternatives: one of each is chosen"),
    {.key = "objective", .type = FIELD_CHOICE, .choices = objectives, AT(objective), .shown = "time", .doc = "what is made least"},
    {.key = "deadline", .type = FIELD_NUMBER, .dimension = DIMENSION_SECONDS, .least = 1e-9, .most = 1e12, AT(deadline), .shown = "none", .doc = "longest run"},
    {.key = "budget", .type = FIELD_NUMBER, .dimension = DIMENSION_USD, .least = 1e-9, .most = 1e15, AT(budget), .shown = "none", .doc = "most money"},
    {.key = "power", .type = FIELD_NUMBER, .dimension = DIMENSION_WATTS, .least = 1, .most = 1e12, AT(power), .shown = "none", .doc = "most power of all machines"},
    {.key = "confidence", .type = FIELD_NUMBER, .least = 0.01, .most = 0.999, AT(confidence), .shown = "0.5", .doc = "probability with which a plan must fit in memory"},
    {.key = "top", .type = FIELD_COUNT, .least = 1, .most = MOST_TOP, AT(top), .shown = "10", .doc = "plans to give"},
    LIST("front", front, "[metric, metric]", "metrics of a Pareto front, less being better"),
    {.key = NULL},
};
const struct record_table plan_table = {"plan", "A space of plans, an objective and constraints.", plan_fields};

struct builder {
    speedup_context *context;
    speedup_space *space;
    const struct yaml_tree *tree;
    uint32_t section;
    const struct plan_record *r;
};

/* The numbers of an axis, ascending and each once. */
static void read_axis(const struct builder *b, enum axis axis, uint32_t node, const double *otherwise, size_t count)
{
    speedup_space *space = b->space;
    const char *name = variables[axis_variables[axis]].name;
    uint32_t single = node && yaml_at(b->tree, node)->kind == YAML_SCALAR ? node : 0;
    if (node && !single && !expect_kind(b->context, b->tree, node, YAML_SEQUENCE, name))
        return;
    size_t room = node ? (single ? 1 : yaml_at(b->tree, node)->length) : count;
    struct place place = yaml_place(b->tree, node ? node : b->section);
    if (!room || room > MOST_VALUES) {
        problem(b->context, SPEEDUP_OUT_OF_RANGE, &place, "'%s' takes from 1 to %d values", name, MOST_VALUES);
        return;
    }
    double *values = space->values[axis] = arena_zeroed(&space->arena, room, sizeof *values);
    if (!values)
        return;
    size_t n = 0;
    uint32_t item = single ? single : node ? yaml_at(b->tree, node)->first : 0;
    for (size_t i = 0; i < room; i++) {
        double value = node ? 0 : otherwise[i];
        if (node && !read_number(b->context, b->tree, item, name, DIMENSION_COUNT, 1, 1e7, &value))
            value = 1;
        if (node && value != floor(value)) {
            struct place at = yaml_place(b->tree, item);
            problem(b->context, SPEEDUP_NOT_WHOLE, &at, "'%s' must be a whole number", name);
        }
        item = node ? yaml_at(b->tree, item)->next : 0;
        size_t at = 0;
        while (at < n && values[at] < value)
            at++;
        if (at < n && values[at] == value)
            continue;
        memmove(values + at + 1, values + at, (n - at) * sizeof *values);
        values[at] = value;
        n++;
    }
    space->counts[axis] = n;
}

static void read_front(const struct builder *b)
{
    uint32_t node = b->r->front;
    if (!node || !expect_kind(b->context, b->tree, node, YAML_SEQUENCE, "front"))
        return;
    for (uint32_t item = yaml_at(b->tree, node)->first; item; item = yaml_at(b->tree, item)->next) {
        const char *name;
        struct place place = yaml_place(b->tree, item);
        if (!read_text(b->context, b->tree, item, "front", &name))
            continue;
        speedup_word word = {.struct_size = sizeof word};
        struct nearest nearest;
        nearest_begin(&nearest, name, strlen(name));
        size_t metric = 0;
        while (!speedup_metric_at(metric, &word) && strcmp(word.name, name)) {
            nearest_offer(&nearest, word.name);
            metric++;
        }
        if (metric == METRICS) {
            struct text *text = problem_begin(b->context);
            text_format(text, "'%.60s' is no metric", name);
            nearest_put(&nearest, text);
            problem_end(b->context, SPEEDUP_UNKNOWN_KEY, &place);
        } else if (b->space->front_count == MOST_FRONT_METRICS) {
            problem(b->context, SPEEDUP_OUT_OF_RANGE, &place, "a front has at most %d metrics", MOST_FRONT_METRICS);
            return;
        } else {
            b->space->front[b->space->front_count++] = (int32_t)metric;
        }
    }
}

static bool is_none(const struct yaml_tree *tree, uint32_t node)
{
    return yaml_at(tree, node)->kind == YAML_SCALAR && !strcmp(yaml_text(tree, node), "none");
}

/* An alternative, added to a list in flow YAML: an optimization, as scenarios write it,
 * or a list of them. */
static void write_alternative(const struct yaml_tree *tree, uint32_t node, struct text *out)
{
    if (yaml_at(tree, node)->kind == YAML_SEQUENCE) {
        for (uint32_t item = yaml_at(tree, node)->first; item; item = yaml_at(tree, item)->next)
            write_alternative(tree, item, out);
    } else if (!is_none(tree, node) && !out->failed) {
        text_put(out, out->bytes[out->length - 1] == '[' ? "" : ", ");
        yaml_flow(tree, node, out);
    }
}

/* How many ways the choices can be made; 0 after a problem. */
static size_t count_choices(const struct builder *b)
{
    size_t ways = 1;
    uint32_t node = b->r->choices;
    if (!node)
        return 1;
    if (!expect_kind(b->context, b->tree, node, YAML_SEQUENCE, "choices"))
        return 0;
    for (uint32_t list = yaml_at(b->tree, node)->first; list; list = yaml_at(b->tree, list)->next) {
        struct place place = yaml_place(b->tree, list);
        if (!expect_kind(b->context, b->tree, list, YAML_SEQUENCE, "choices"))
            return 0;
        size_t n = yaml_at(b->tree, list)->length;
        if (!n || ways > MOST_PROGRAMS / n) {
            problem(b->context, n ? SPEEDUP_TOO_COMPLEX : SPEEDUP_OUT_OF_RANGE, &place,
                    n ? "more than %d ways to choose" : "an empty list of alternatives; at most %d ways", MOST_PROGRAMS);
            return 0;
        }
        ways *= n;
    }
    return ways;
}

/* Every optimization that the plan names must exist and take its parameters, even in a
 * choice that another rules out. `deepest` counts the lists that may stand around it. */
static void check_alternatives(const struct builder *b, uint32_t node, int deepest)
{
    struct selection selection;
    if (!node || is_none(b->tree, node))
        return;
    if (yaml_at(b->tree, node)->kind != YAML_SEQUENCE || !deepest) {
        selection_read(b->context, b->space->catalog, &b->space->arena, b->tree, node, &selection);
        return;
    }
    for (uint32_t item = yaml_at(b->tree, node)->first; item && !problems_full(b->context); item = yaml_at(b->tree, item)->next)
        check_alternatives(b, item, deepest - 1);
}

/* The scenario of one system and one way to choose, its layout left open. */
static void compile(const struct builder *b, const char *system, size_t way, struct program *program)
{
    struct text yaml;
    char number[NUMBER_TEXT];
    text_begin(&yaml, &b->context->allocator);
    text_format(&yaml, "{train: {model: \"%s\", system: \"%s\", accelerators: 1, sequence: %.0f, global_batch: %.0f, ",
                b->r->model, system, b->r->sequence, b->r->global_batch);
    /* Without tokens the run is one step. */
    double tokens = b->r->tokens > 0 ? b->r->tokens : b->r->sequence * b->r->global_batch;
    text_format(&yaml, "tokens: %s, ", number_exact(number, tokens));
    if (b->r->stack)
        text_format(&yaml, "stack: \"%s\", ", b->r->stack);
    text_put(&yaml, "optimizations: [");
    if (b->r->optimizations)
        write_alternative(b->tree, b->r->optimizations, &yaml);
    uint32_t choices = b->r->choices;
    for (uint32_t list = choices ? yaml_at(b->tree, choices)->first : 0; list; list = yaml_at(b->tree, list)->next) {
        size_t n = yaml_at(b->tree, list)->length, pick = way % n;
        uint32_t item = yaml_at(b->tree, list)->first;
        way /= n;
        while (pick--)
            item = yaml_at(b->tree, item)->next;
        write_alternative(b->tree, item, &yaml);
    }
    text_put(&yaml, "]}}");
    /* Problems here are conflicts of this choice alone: they rule it out, and are counted. */
    size_t before = b->context->count, unlisted = b->context->unlisted;
    speedup_status first = b->context->first;
    speedup_log_function log = b->context->log;
    b->context->first = SPEEDUP_OK;
    b->context->log = NULL;
    speedup_scenario *made = yaml.failed ? NULL : scenario_allocate(b->context);
    if (made) {
        made->open_layout = true;
        scenario_build(b->context, b->space->catalog, made, "<choice>", yaml.bytes, yaml.length, NULL, 0, &program->scenario);
    } else {
        no_memory(b->context);
    }
    program->why_not = b->context->first;
    b->context->count = before;
    b->context->unlisted = unlisted;
    b->context->log = log;
    b->context->first = program->why_not == SPEEDUP_OUT_OF_MEMORY ? SPEEDUP_OUT_OF_MEMORY : first;
    text_end(&yaml);
}

/* The prices of a system: those named for its accelerator, or the one amount. */
static size_t prices_of(const struct builder *b, const struct system *system, const struct price **prices,
                        double *amount)
{
    uint32_t node = b->r->prices;
    size_t count = 0;
    *amount = 0;
    if (node && yaml_at(b->tree, node)->kind == YAML_SCALAR) {
        read_number(b->context, b->tree, node, "prices", DIMENSION_USD_PER_HOUR, 0, 1e5, amount);
        return 0;
    }
    for (uint32_t item = node ? yaml_at(b->tree, node)->first : 0; item; item = yaml_at(b->tree, item)->next) {
        const struct price *price =
            (const struct price *)catalog_find(b->space->catalog, KIND_PRICE, yaml_text(b->tree, item));
        if (price && !strcmp(price->accelerator_id, system->accelerator_id))
            prices[count++] = price;
    }
    return count;
}

static void build_programs(const struct builder *b)
{
    speedup_space *space = b->space;
    uint32_t systems = b->r->systems, prices = b->r->prices;
    size_t ways = count_choices(b);
    check_alternatives(b, b->r->optimizations, 1);
    check_alternatives(b, b->r->choices, 3);
    if (!expect_kind(b->context, b->tree, systems, YAML_SEQUENCE, "systems") ||
        (prices && yaml_at(b->tree, prices)->kind != YAML_SCALAR &&
         !expect_kind(b->context, b->tree, prices, YAML_SEQUENCE, "prices")))
        return;
    size_t price_count = prices && yaml_at(b->tree, prices)->kind == YAML_SEQUENCE ? yaml_at(b->tree, prices)->length : 0;
    for (uint32_t item = price_count ? yaml_at(b->tree, prices)->first : 0; item; item = yaml_at(b->tree, item)->next) {
        const char *id;
        struct place place = yaml_place(b->tree, item);
        if (read_text(b->context, b->tree, item, "prices", &id) && !catalog_find(space->catalog, KIND_PRICE, id))
            catalog_missing(b->context, space->catalog, KIND_PRICE, id, &place);
    }
    const struct price **named = arena_zeroed(&space->arena, price_count + 1, sizeof *named);
    size_t most = yaml_at(b->tree, systems)->length * (price_count ? price_count : 1);
    struct place place = yaml_place(b->tree, systems);
    if (!most || !ways || most > MOST_PROGRAMS / ways) {
        if (ways)
            problem(b->context, most ? SPEEDUP_TOO_COMPLEX : SPEEDUP_OUT_OF_RANGE, &place,
                    most ? "systems x prices x choices are more than %d" : "no system to choose from; at most %d programs", MOST_PROGRAMS);
        return;
    }
    space->programs = arena_zeroed(&space->arena, most * ways, sizeof *space->programs);
    if (!space->programs || !named)
        return;
    for (uint32_t item = yaml_at(b->tree, systems)->first; item; item = yaml_at(b->tree, item)->next) {
        const char *id;
        struct place at = yaml_place(b->tree, item);
        if (!read_text(b->context, b->tree, item, "systems", &id))
            continue;
        const struct system *system = (const struct system *)catalog_find(space->catalog, KIND_SYSTEM, id);
        if (!system) {
            catalog_missing(b->context, space->catalog, KIND_SYSTEM, id, &at);
            continue;
        }
        double amount;
        size_t count = prices_of(b, system, named, &amount);
        if (price_count && !count) {
            problem(b->context, SPEEDUP_INCONSISTENT, &at, "none of the prices is for '%s' of '%s'", system->accelerator_id, id);
            continue;
        }
        for (size_t way = 0; way < ways && !b->context->first; way++) {
            struct program compiled = {.per_hour = amount};
            compile(b, id, way, &compiled);
            for (size_t p = 0; p < (count ? count : 1); p++) {
                struct program *program = &space->programs[space->program_count++];
                *program = compiled;
                if (p)
                    speedup_scenario_ref(program->scenario);
                program->price = count ? named[p] : NULL;
                program->per_hour = count ? named[p]->per_hour : amount;
            }
        }
    }
}

/* When no way to choose can be, the reason of the first is an error of the plan. */
static void require_some(const struct builder *b)
{
    const speedup_space *space = b->space;
    for (size_t i = 0; i < space->program_count; i++)
        if (space->programs[i].scenario)
            return;
    if (b->context->first || !space->program_count)
        return;
    struct place place = yaml_place(b->tree, b->section);
    speedup_status why = space->programs[0].why_not;
    problem(b->context, why, &place, "no choice of optimizations is possible; the first fails with: %s",
            speedup_status_text(why));
}

static void read_plan(const struct builder *b, struct plan_record *r)
{
    static const double tensor[] = {1, 2, 4, 8}, pipeline[] = {1, 2, 4, 8, 16}, one[] = {1}, micro[] = {1, 2, 4, 8};
    static const struct {
        const double *values;
        size_t count;
    } otherwise[AXES] = {{one, 1}, {tensor, 4}, {pipeline, 5}, {one, 1}, {one, 1}, {one, 1}, {micro, 4}};
    speedup_space *space = b->space;
    record_read(b->context, b->tree, b->section, &plan_table, NULL, r);
    record_require(b->context, b->tree, b->section, &plan_table, r);
    for (int axis = 0; axis < AXES; axis++)
        read_axis(b, (enum axis)axis, r->axes[axis], otherwise[axis].values, otherwise[axis].count);
    space->layouts = 1;
    for (int axis = 0; axis < AXES; axis++)
        space->layouts *= space->counts[axis];
    space->objective = (enum objective)r->objective;
    space->deadline = r->deadline;
    space->budget = r->budget;
    space->power = r->power;
    space->confidence = r->confidence;
    space->top = (size_t)r->top;
    read_front(b);
    struct place place = yaml_place(b->tree, b->section);
    if (space->layouts > UINT64_C(1) << 40)
        problem(b->context, SPEEDUP_TOO_COMPLEX, &place, "more than 2^40 layouts");
    if ((space->objective == OBJECTIVE_COST || space->budget > 0) && !r->prices)
        problem(b->context, SPEEDUP_MISSING_KEY, &place, "plan lacks 'prices', which its objective or budget needs");
    if (r->model && !catalog_find(space->catalog, KIND_MODEL, r->model)) {
        struct place at = yaml_place(b->tree, yaml_find(b->tree, b->section, "model"));
        catalog_missing(b->context, space->catalog, KIND_MODEL, r->model, &at);
    }
    if (r->stack && !catalog_find(space->catalog, KIND_STACK, r->stack)) {
        struct place at = yaml_place(b->tree, yaml_find(b->tree, b->section, "stack"));
        catalog_missing(b->context, space->catalog, KIND_STACK, r->stack, &at);
    }
}

static speedup_status build(speedup_context *context, const speedup_catalog *catalog, speedup_space *made,
                            struct yaml_tree *tree, const char *const *settings, size_t setting_count,
                            speedup_space **space)
{
    static const char *const sections[] = {"plan", NULL};
    for (size_t i = 0; i < setting_count && !context->first; i++)
        setting_apply(context, &made->arena, tree, settings[i] ? settings[i] : "");
    if (!context->first)
        catalog_with(context, catalog, tree, sections, &made->catalog);
    if (!context->first) {
        struct plan_record r = {.confidence = 0.5, .top = 10};
        struct builder b = {context, made, tree, yaml_find(tree, tree->root, "plan"), &r};
        if (!b.section) {
            struct place place = yaml_place(tree, tree->root);
            problem(context, SPEEDUP_NO_JOB, &place, "there is no 'plan:' section");
        } else {
            read_plan(&b, &r);
            if (!context->first)
                build_programs(&b);
            require_some(&b);
        }
    }
    /* The peak must stay below memory with the confidence: a log-normal quantile. */
    for (size_t i = 0; i < made->program_count && made->memory_margin <= 0; i++)
        if (made->programs[i].scenario) {
            double values[METRICS] = {0}, low, high;
            values[SPEEDUP_METRIC_MEMORY_PEAK] = 1;
            values[SPEEDUP_METRIC_MEMORY_SIGMA] = made->programs[i].scenario->job.c[COEFFICIENT_MEMORY_SIGMA];
            bool above = made->confidence >= 0.5;
            double two_sided = fabs(2 * made->confidence - 1);
            speedup_metric_interval(values, METRICS, SPEEDUP_METRIC_MEMORY_PEAK, fmax(two_sided, 1e-12), &low, &high);
            made->memory_margin = two_sided <= 0 ? 1 : above ? high : low;
        }
    if (made->arena.failed)
        no_memory(context);
    if (context->first) {
        speedup_space_unref(made);
        return context->first;
    }
    *space = made;
    return SPEEDUP_OK;
}

static speedup_space *allocate(speedup_context *context)
{
    speedup_space *made = context->allocator.allocate(context->allocator.user, sizeof *made);
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

speedup_status speedup_space_create(speedup_context *context, const speedup_catalog *catalog, const char *name,
                                    const char *text, size_t length, const char *const *settings,
                                    size_t setting_count, speedup_space **space)
{
    if (space)
        *space = NULL;
    if (!context || !catalog || !space || (!text && length) || (!settings && setting_count))
        return SPEEDUP_INVALID_ARGUMENT;
    diagnostics_clear(context);
    speedup_space *made = allocate(context);
    struct yaml_tree *tree = made ? arena_zeroed(&made->arena, 1, sizeof *tree) : NULL;
    if (!tree)
        no_memory(context);
    else
        yaml_read(context, &made->arena, name ? name : "<text>", text ? text : "", length, tree);
    if (!made)
        return SPEEDUP_OUT_OF_MEMORY;
    return build(context, catalog, made, tree, settings, setting_count, space);
}

speedup_status speedup_space_create_file(speedup_context *context, const speedup_catalog *catalog, const char *path,
                                         const char *const *settings, size_t setting_count, speedup_space **space)
{
    if (space)
        *space = NULL;
    if (!context || !catalog || !space || !path || (!settings && setting_count))
        return SPEEDUP_INVALID_ARGUMENT;
    diagnostics_clear(context);
    speedup_space *made = allocate(context);
    struct yaml_tree *tree = made ? arena_zeroed(&made->arena, 1, sizeof *tree) : NULL;
    if (!tree)
        no_memory(context);
    else
        yaml_read_file(context, &made->arena, path, tree);
    if (!made)
        return SPEEDUP_OUT_OF_MEMORY;
    return build(context, catalog, made, tree, settings, setting_count, space);
}

speedup_space *speedup_space_ref(speedup_space *space)
{
    if (space)
        atomic_fetch_add_explicit(&space->references, 1, memory_order_relaxed);
    return space;
}

void speedup_space_unref(speedup_space *space)
{
    if (!space || atomic_fetch_sub_explicit(&space->references, 1, memory_order_acq_rel) != 1)
        return;
    speedup_allocator allocator = space->allocator;
    for (size_t i = 0; i < space->program_count; i++)
        speedup_scenario_unref(space->programs[i].scenario);
    speedup_catalog_unref(space->catalog);
    arena_end(&space->arena);
    allocator.release(allocator.user, space);
}

uint64_t speedup_space_size(const speedup_space *space)
{
    return space ? space->layouts * space->program_count : 0;
}

int space_objective_metric(const speedup_space *space)
{
    static const int metrics[OBJECTIVES] = {SPEEDUP_METRIC_RUN_EXPECTED_SECONDS, SPEEDUP_METRIC_COST,
                                            SPEEDUP_METRIC_ENERGY, SPEEDUP_METRIC_ACCELERATOR_HOURS};
    return metrics[space->objective];
}

bool space_divides(const struct job *job, const double at[AXES])
{
    double ranks = at[AXIS_TENSOR] * at[AXIS_PIPELINE] * at[AXIS_CONTEXT], data = at[AXIS_ACCELERATORS] / ranks;
    if (data < 1 || data != (double)(int64_t)data)
        return false;
    double sequences = job->global_batch / (data * at[AXIS_MICRO_BATCH]), heads = job->model->heads / at[AXIS_TENSOR];
    if (sequences != (double)(int64_t)sequences || heads != (double)(int64_t)heads || at[AXIS_PIPELINE] > job->model->layers)
        return false;
    double chunks = job->model->layers / (at[AXIS_PIPELINE] * at[AXIS_VIRTUAL_STAGES]);
    if (at[AXIS_VIRTUAL_STAGES] > 1 && (at[AXIS_PIPELINE] < 2 || chunks != (double)(int64_t)chunks))
        return false;
    double local = job->model->experts.count / at[AXIS_EXPERT];
    return at[AXIS_EXPERT] <= 1 ||
           (local >= 1 && local == (double)(int64_t)local && at[AXIS_EXPERT] <= data * at[AXIS_TENSOR] * at[AXIS_CONTEXT]);
}
