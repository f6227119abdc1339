/* Spaces of plans: from a YAML text to compiled programs and axes. Knows no
 * optimization, model or system by name. */
#include "plan/space_parts.h"

#include "base/number.h"
#include "catalog/plain.h"

#include <float.h>
#include <string.h>

/* The numbers of an axis, ascending and each once. An axis that is not the kind's has one. */
static void read_axis(const struct builder *b, enum axis axis, const struct list_node *list)
{
    const struct yaml_tree *tree = list->tree;
    uint32_t node = list->node;
    speedup_space *space = b->space;
    const struct axis_info *info = &layout_axes[axis];
    const char *name = variable_name((int)info->variable);
    if (!node) {
        struct place place = yaml_place(b->tree, b->section);
        if (axis == AXIS_ACCELERATORS)
            problem(b->context, SPEEDUP_MISSING_KEY, &place, "plan lacks '%s', and its space has none either", name);
        double *one = space->values[axis] = arena_zeroed(&space->arena, 1, sizeof *one);
        if (one)
            *one = info->first;
        space->counts[axis] = 1;
        return;
    }
    uint32_t single = yaml_at(tree, node)->kind == YAML_SCALAR ? node : 0;
    if (!single && !expect_kind(b->context, tree, node, YAML_SEQUENCE, name))
        return;
    size_t room = single ? 1 : yaml_at(tree, node)->length;
    struct place place = yaml_place(tree, node);
    if (!room || room > MOST_VALUES) {
        problem(b->context, SPEEDUP_OUT_OF_RANGE, &place, "'%s' takes from 1 to %d values", name, MOST_VALUES);
        return;
    }
    double *values = space->values[axis] = arena_zeroed(&space->arena, room, sizeof *values);
    if (!values)
        return;
    size_t n = 0;
    uint32_t item = single ? single : yaml_at(tree, node)->first;
    for (size_t i = 0; i < room; i++) {
        double value = 0;
        if (!read_number(b->context, tree, item, name, DIMENSION_COUNT, info->least, info->most, &value))
            value = info->least;
        if (info->whole && value != floor(value)) {
            struct place at = yaml_place(tree, item);
            problem(b->context, SPEEDUP_NOT_WHOLE, &at, "'%s' must be a whole number", name);
        }
        item = yaml_at(tree, item)->next;
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

static struct goal goal_of(int32_t metric)
{
    return (struct goal){metric, metric_better(metric) == BETTER_MORE ? -1 : 1};
}

static void read_front(const struct builder *b)
{
    const struct yaml_tree *tree = b->r->front.tree;
    uint32_t node = b->r->front.node;
    if (!node || !expect_kind(b->context, tree, node, YAML_SEQUENCE, "front"))
        return;
    for (uint32_t item = yaml_at(tree, node)->first; item; item = yaml_at(tree, item)->next) {
        const char *name;
        struct place place = yaml_place(tree, item);
        if (!read_text(b->context, tree, item, "front", &name))
            continue;
        int metric = metric_find(name);
        speedup_word word = {.struct_size = sizeof word};
        if (metric == METRICS) {
            metric_missing(b->context, &place, name);
            continue;
        }
        speedup_metric_at((size_t)metric, &word);
        if (strcmp(word.rule, "both") && strcmp(word.rule, job_kind_names[b->space->kind])) {
            problem(b->context, SPEEDUP_INCONSISTENT, &place, "'%s' is a metric of %s, and this is a plan of %s", name, word.rule,
                    job_kind_names[b->space->kind]);
        } else if (metric_better(metric) == BETTER_NEITHER) {
            problem(b->context, SPEEDUP_INCONSISTENT, &place, "neither more nor less of '%s' is better, so that a front cannot have it", name);
        } else if (b->space->front_count == MOST_FRONT_METRICS) {
            problem(b->context, SPEEDUP_OUT_OF_RANGE, &place, "a front has at most %d metrics", MOST_FRONT_METRICS);
            return;
        } else {
            b->space->front[b->space->front_count++] = goal_of(metric);
        }
    }
}

static bool is_none(const struct yaml_tree *tree, uint32_t node)
{
    return yaml_at(tree, node)->kind == YAML_SCALAR && !strcmp(yaml_text(tree, node), "none");
}

/* How many ways the choices can be made; 0 after a problem. */
static size_t count_choices(const struct builder *b)
{
    size_t ways = 1;
    const struct yaml_tree *tree = b->r->choices.tree;
    uint32_t node = b->r->choices.node;
    if (!node)
        return 1;
    if (!expect_kind(b->context, tree, node, YAML_SEQUENCE, "choices"))
        return 0;
    for (uint32_t list = yaml_at(tree, node)->first; list; list = yaml_at(tree, list)->next) {
        struct place place = yaml_place(tree, list);
        if (!expect_kind(b->context, tree, list, YAML_SEQUENCE, "choices"))
            return 0;
        size_t n = yaml_at(tree, list)->length;
        if (!n || ways > MOST_PROGRAMS / n) {
            problem(b->context, n ? SPEEDUP_TOO_COMPLEX : SPEEDUP_OUT_OF_RANGE, &place,
                    n ? "more than %d ways to choose" : "an empty list of alternatives; at most %d ways", MOST_PROGRAMS);
            return 0;
        }
        ways *= n;
    }
    return ways;
}

/* Reads an alternative: an optimization, as jobs write it, or a list of them, in which lists
 * may stand `deepest` deep. Every one must exist and take its parameters, even in a choice
 * that another rules out. */
static void read_alternative(const struct builder *b, const struct yaml_tree *tree, uint32_t node, int deepest, struct choices *out)
{
    if (is_none(tree, node))
        return;
    if (yaml_at(tree, node)->kind == YAML_SEQUENCE && deepest) {
        for (uint32_t item = yaml_at(tree, node)->first; item && !problems_full(b->context); item = yaml_at(tree, item)->next)
            read_alternative(b, tree, item, deepest - 1, out);
        return;
    }
    struct choice choice;
    struct selection selection;
    struct arena *arena = &b->space->arena;
    if (choice_read(b->context, arena, tree, node, &choice) &&
        selection_make(b->context, b->space->catalog, b->space->kind, arena, &choice, &selection))
        choices_append(arena, out, &choice, 1);
}

static bool any_chooses_weights(const struct builder *b, const struct choices *choices)
{
    for (size_t i = 0; i < choices->count; i++) {
        const struct entry *entry = catalog_find(b->space->catalog, KIND_OPTIMIZATION, choices->items[i].id);
        if (entry && chooses_weights((const struct optimization *)entry))
            return true;
    }
    return false;
}

/* The optimizations of every plan, and the lists of which each takes one. */
static void read_choices(struct builder *b)
{
    const struct list_node *always = &b->r->optimizations, *choices = &b->r->choices;
    if (always->node)
        read_alternative(b, always->tree, always->node, 1, &b->always);
    if (!choices->node || yaml_at(choices->tree, choices->node)->kind != YAML_SEQUENCE)
        return;
    /* What a file has stays, unless the plan itself says otherwise. */
    const struct model *model = b->r->model ? (const struct model *)catalog_find(b->space->catalog, KIND_MODEL, b->r->model) : NULL;
    bool fixed = choices->tree != b->tree && b->space->kind == JOB_INFERENCE && model && has_narrow_weights(model);
    if (fixed)
        assume_tell(b, "weights", model->quantized, "as the model's file has them; 'choices' of the plan may say otherwise");
    const struct yaml_tree *tree = choices->tree;
    b->lists = arena_zeroed(&b->space->arena, yaml_at(tree, choices->node)->length, sizeof *b->lists);
    for (uint32_t list = b->lists ? yaml_at(tree, choices->node)->first : 0; list && !problems_full(b->context);
         list = yaml_at(tree, list)->next) {
        struct alternatives *one = &b->lists[b->list_count++];
        bool several = yaml_at(tree, list)->kind == YAML_SEQUENCE;
        one->items = arena_zeroed(&b->space->arena, several ? yaml_at(tree, list)->length : 1, sizeof *one->items);
        for (uint32_t item = one->items && several ? yaml_at(tree, list)->first : 0; item; item = yaml_at(tree, item)->next)
            read_alternative(b, tree, item, 1, &one->items[one->count++]);
        for (size_t i = one->count; fixed && i--;)
            if (any_chooses_weights(b, &one->items[i]))
                memmove(&one->items[i], &one->items[i + 1], (--one->count - i) * sizeof *one->items);
        if (fixed && !one->count)
            one->items[one->count++] = (struct choices){0};
    }
}

double row_of(const struct plan_record *r)
{
    return r->packing == PACKING_PADDED || !(r->sequence.longest > 0) ? r->sequence.mean : r->sequence.longest;
}

/* The job of one system and one way to choose, its layout left open. */
static void describe(const struct builder *b, struct arena *arena, const char *system, size_t way, struct job_description *d)
{
    const struct plan_record *r = b->r;
    bool serving = b->space->kind == JOB_INFERENCE;
    description_begin(serving ? SECTION_SERVE : SECTION_TRAIN, d);
    description_give_required(d);
    d->model = r->model;
    d->system = system;
    d->stack = r->stack;
    d->accelerators = 1;
    d->uneven = r->uneven;
    d->sequence = r->sequence;
    d->packing = r->packing;
    d->global_batch = r->global_batch;
    d->tokens = r->tokens > 0 ? r->tokens : row_of(r) * r->global_batch; /* without tokens the run is one step */
    d->prompt = r->prompt;
    d->output = r->output;
    d->output_longest = r->output_longest;
    d->fixed_lengths = r->fixed_lengths;
    d->request_rate = r->request_rate;
    d->concurrency = r->request_rate > 0 ? 0 : 1;
    d->targets = r->targets;
    d->optimizations = b->always;
    d->without = r->without;
    for (size_t i = 0; i < b->list_count; i++) {
        const struct choices *pick = &b->lists[i].items[way % b->lists[i].count];
        way /= b->lists[i].count;
        choices_append(arena, &d->optimizations, pick->items, pick->count);
    }
}

/* Problems here are conflicts of this choice alone: they rule it out, and are counted. */
static void compile(const struct builder *b, const char *system, size_t way, struct program *program)
{
    struct job_description d;
    diagnostics_clear(b->quiet);
    speedup_scenario *made = scenario_allocate(b->quiet);
    if (made) {
        made->open_layout = true;
        describe(b, &made->arena, system, way, &d);
        if (!description_copy(&made->arena, &d, &made->asked))
            no_memory(b->quiet);
        scenario_make(b->quiet, b->space->catalog, made, &program->scenario);
    }
    program->why_not = b->quiet->first;
    if (program->why_not == SPEEDUP_OUT_OF_MEMORY)
        no_memory(b->context);
}

/* The prices of a system: those named for its accelerator, or the one amount. */
static size_t prices_of(const struct builder *b, const struct system *system, const struct price **prices,
                        double *amount)
{
    const struct yaml_tree *tree = b->r->prices.tree;
    uint32_t node = b->r->prices.node;
    size_t count = 0;
    *amount = 0;
    if (node && yaml_at(tree, node)->kind == YAML_SCALAR) {
        read_number(b->context, tree, node, "prices", DIMENSION_USD_PER_HOUR, 0, 1e5, amount);
        return 0;
    }
    for (uint32_t item = node ? yaml_at(tree, node)->first : 0; item; item = yaml_at(tree, item)->next) {
        const struct price *price =
            (const struct price *)catalog_find(b->space->catalog, KIND_PRICE, yaml_text(tree, item));
        if (price && !strcmp(price->accelerator_id, system->accelerator_id))
            prices[count++] = price;
    }
    return count;
}

/* Does anything that the plan asks for need a price? */
static bool needs_price(const struct builder *b)
{
    const speedup_space *space = b->space;
    bool needs = space->goal.metric == SPEEDUP_METRIC_COST || space->limits[LIMIT_BUDGET] > 0;
    for (size_t i = 0; i < space->front_count; i++)
        needs |= space->front[i].metric == SPEEDUP_METRIC_COST;
    return needs;
}

static void no_price(const struct builder *b, const struct system *system, const struct place *place)
{
    problem(b->context, SPEEDUP_MISSING_KEY, place, "the catalog has no %s price of '%s', and the plan needs one; give 'prices', such as 2.50 USD/h",
            price_tiers[b->defaults->price_tier], system->accelerator_id);
    problem_remedy(b->context, "write 'prices: 2.50 USD/h' in the plan, or --price '2.50 USD/h' on the command line");
}

/* A dated price that stands for one that the plan does not name, added to what is told. */
static const struct price *take_price(const struct builder *b, const struct system *system, const struct place *place,
                                      struct text *told)
{
    const struct price *price = assume_price(b, system);
    char number[NUMBER_TEXT];
    if (!price)
        no_price(b, system, place);
    else
        text_format(told, "%s%s (%s USD/h%s%s)", told->length ? ", " : "", price->head.id, number_digits(number, price->per_hour, 6),
                    price->date ? ", " : "", price->date ? price->date : "");
    return price;
}

/* The prices of the plan that the catalog does not have are told; how many it names. */
static size_t check_prices(const struct builder *b)
{
    const struct yaml_tree *tree = b->r->prices.tree;
    uint32_t prices = b->r->prices.node;
    if (!prices || yaml_at(tree, prices)->kind == YAML_SCALAR)
        return 0;
    for (uint32_t item = yaml_at(tree, prices)->first; item; item = yaml_at(tree, item)->next) {
        const char *id;
        struct place place = yaml_place(tree, item);
        if (read_text(b->context, tree, item, "prices", &id) && !catalog_find(b->space->catalog, KIND_PRICE, id))
            catalog_missing(b->context, b->space->catalog, KIND_PRICE, id, &place);
    }
    return yaml_at(tree, prices)->length;
}

/* The prices that a plan names, and whether and what the catalog's stand for where it names none. */
struct pricing {
    const struct price **named; /* room for those of one system */
    size_t count;               /* of all that the plan names */
    bool take;
    struct text told;
};

/* A plain machine is told with what else was taken. */
static void tell_plain(const struct builder *b, const struct system *system)
{
    struct text key, text;
    text_begin(&key, &b->context->allocator);
    text_begin(&text, &b->context->allocator);
    text_format(&key, "system %s", system->head.id);
    system_say(b->space->catalog, system, &text);
    if (key.failed || text.failed)
        no_memory(b->context);
    else
        assume_tell(b, key.bytes, "plain machine", text.bytes);
    text_end(&key);
    text_end(&text);
}

/* The programs of one system: every way to choose, at each of its prices. */
static void add_system(const struct builder *b, uint32_t item, size_t ways, struct pricing *pricing)
{
    speedup_space *space = b->space;
    const char *id;
    const struct yaml_tree *tree = b->r->systems.tree;
    struct place at = yaml_place(tree, item);
    if (!read_text(b->context, tree, item, "systems", &id))
        return;
    struct system plain;
    const struct system *system = system_find(space->catalog, id, &plain);
    if (!system) {
        catalog_missing(b->context, space->catalog, KIND_SYSTEM, id, &at);
        return;
    }
    if (system == &plain)
        tell_plain(b, system);
    double amount;
    const struct price **named = pricing->named;
    size_t count = prices_of(b, system, named, &amount);
    if (pricing->count && !count) {
        problem(b->context, SPEEDUP_INCONSISTENT, &at, "none of the prices is for '%s' of '%s'", system->accelerator_id, id);
        return;
    }
    if (pricing->take && !(count = (named[0] = take_price(b, system, &at, &pricing->told)) != NULL))
        return;
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

static void build_programs(struct builder *b)
{
    speedup_space *space = b->space;
    const struct yaml_tree *tree = b->r->systems.tree;
    uint32_t systems = b->r->systems.node, prices = b->r->prices.node;
    size_t ways = count_choices(b);
    read_choices(b);
    for (size_t i = 0, all = 1; ways && i < b->list_count; i++)
        ways = all *= b->lists[i].count;
    struct place section = yaml_place(b->tree, b->section);
    if (!systems)
        problem(b->context, SPEEDUP_MISSING_KEY, &section, "plan lacks 'systems', and its space has none either");
    bool amount = prices && yaml_at(b->r->prices.tree, prices)->kind == YAML_SCALAR;
    if (!systems || !expect_kind(b->context, tree, systems, YAML_SEQUENCE, "systems") ||
        (prices && !amount && !expect_kind(b->context, b->r->prices.tree, prices, YAML_SEQUENCE, "prices")))
        return;
    size_t price_count = check_prices(b), most = yaml_at(tree, systems)->length * (price_count ? price_count : 1);
    struct place place = yaml_place(tree, systems);
    if (!most || !ways || most > MOST_PROGRAMS / ways) {
        if (ways)
            problem(b->context, most ? SPEEDUP_TOO_COMPLEX : SPEEDUP_OUT_OF_RANGE, &place,
                    most ? "systems x prices x choices are more than %d" : "no system to choose from; at most %d programs", MOST_PROGRAMS);
        return;
    }
    struct pricing pricing = {.named = arena_zeroed(&space->arena, price_count + 1, sizeof *pricing.named),
                              .count = price_count,
                              .take = needs_price(b) && !price_count && !amount};
    space->programs = arena_zeroed(&space->arena, most * ways, sizeof *space->programs);
    if (!space->programs || !pricing.named)
        return;
    text_begin(&pricing.told, &b->context->allocator);
    for (uint32_t item = yaml_at(tree, systems)->first; item; item = yaml_at(tree, item)->next)
        add_system(b, item, ways, &pricing);
    if (pricing.told.failed)
        no_memory(b->context);
    else if (pricing.told.length)
        assume_tell(b, "prices", pricing.told.bytes, "the newest of the catalog, of several of one day the lowest");
    text_end(&pricing.told);
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

static void check_entry(const struct builder *b, enum kind kind, const char *key, const char *id)
{
    if (!id || catalog_find(b->space->catalog, kind, id))
        return;
    struct place place = yaml_place(b->tree, yaml_find(b->tree, b->section, key));
    catalog_missing(b->context, b->space->catalog, kind, id, &place);
}

/* Lengths must be there, and within the model's window. */
static void check_length(const struct builder *b, const char *key, double tokens, double in_all)
{
    const struct model *model = b->r->model ? (const struct model *)catalog_find(b->space->catalog, KIND_MODEL, b->r->model) : NULL;
    uint32_t at = yaml_find(b->tree, b->section, key);
    struct place place = yaml_place(b->tree, at ? at : b->section);
    if (tokens <= 0 && !at)
        problem(b->context, SPEEDUP_MISSING_KEY, &place, "plan lacks '%s', and its space has none either", key);
    else
        check_window(b->context, model, b->space->kind, in_all, &place);
}

static void read_service(const struct builder *b)
{
    const struct plan_record *r = b->r;
    bool rate = plan_has(b, "request_rate");
    uint32_t rate_at = yaml_find(b->tree, b->section, "request_rate"), longest = yaml_find(b->tree, b->section, "output_longest");
    struct place place = yaml_place(b->tree, rate_at ? rate_at : b->section);
    double output = fmax(fmax(r->output.mean, r->output.longest), r->output_longest);
    check_length(b, "output", r->output.mean, 0);
    check_length(b, "prompt", r->prompt.mean, fmax(r->prompt.mean, r->prompt.longest) + output);
    if (rate && r->axes[AXIS_CONCURRENCY].node)
        problem(b->context, SPEEDUP_INCONSISTENT, &place, "'concurrency' follows from 'request_rate'; give one of them");
    if (!rate && !r->axes[AXIS_CONCURRENCY].node)
        problem(b->context, SPEEDUP_MISSING_KEY, &place, "plan of a service needs 'concurrency' or 'request_rate'");
    if (longest && r->output_longest > 0 && r->output_longest < r->output.mean) {
        struct place at = yaml_place(b->tree, longest);
        problem(b->context, SPEEDUP_INCONSISTENT, &at, "'output_longest' is less than 'output'");
    }
}

/* What an axis multiplies this by stays far from the end of 64 bits. */
#define MOST_LAYOUTS (UINT64_C(1) << 40)

/* What the record says, in the space. */
static void read_plan(struct builder *b)
{
    static const struct goal goals[JOB_KINDS][4] = {
        {{SPEEDUP_METRIC_RUN_EXPECTED_SECONDS, 1}, {SPEEDUP_METRIC_COST, 1}, {SPEEDUP_METRIC_ENERGY, 1}, {SPEEDUP_METRIC_ACCELERATOR_HOURS, 1}},
        {{SPEEDUP_METRIC_TIME_PER_OUTPUT_TOKEN, 1}, {SPEEDUP_METRIC_COST, 1}, {SPEEDUP_METRIC_ENERGY, 1}, {SPEEDUP_METRIC_TOKENS_PER_SECOND_PER_ACCELERATOR, -1}},
    };
    speedup_space *space = b->space;
    const struct plan_record *r = b->r;
    plan_read(b);
    for (int axis = 0; axis < AXES; axis++)
        read_axis(b, (enum axis)axis, &r->axes[axis]);
    assume_values(b);
    space->layouts = 1;
    for (int axis = 0; axis < AXES && space->layouts <= MOST_LAYOUTS; axis++)
        space->layouts *= space->counts[axis];
    space->goal = goals[space->kind][r->objective];
    const double limits[LIMITS] = {
        [LIMIT_DEADLINE] = r->deadline,
        [LIMIT_BUDGET] = r->budget,
        [LIMIT_POWER] = r->power,
        [LIMIT_FIRST_TOKEN] = r->targets.time_to_first_token,
        [LIMIT_TOKEN] = r->targets.time_per_output_token,
        [LIMIT_RATE] = r->request_rate,
    };
    memcpy(space->limits, limits, sizeof limits);
    space->confidence = r->confidence;
    space->top = (size_t)r->top;
    read_front(b);
    struct place place = yaml_place(b->tree, b->section);
    if (space->layouts > MOST_LAYOUTS)
        problem(b->context, SPEEDUP_TOO_COMPLEX, &place, "more than 2^40 layouts");
    check_entry(b, KIND_MODEL, "model", r->model);
    check_entry(b, KIND_STACK, "stack", r->stack);
    if (space->kind == JOB_INFERENCE) {
        read_service(b);
        return;
    }
    enum packing packing = (enum packing)r->packing;
    uint32_t packing_at = yaml_find(b->tree, b->section, "packing");
    struct place packed = yaml_place(b->tree, packing_at ? packing_at : b->section);
    check_length(b, "sequence", r->sequence.mean, r->sequence.mean > 0 ? length_reaches(&r->sequence, packing) : 0);
    length_check_packing(b->context, &packed, packing, &r->sequence);
    check_length(b, "global_batch", r->global_batch, 0);
}

/* Finds the kind of plan, and the space that stands for what it leaves out. */
static bool begin_plan(struct builder *b)
{
    static const char *const spaces[JOB_KINDS] = {"training", "serving"};
    b->space->kind = plan_serving_key(b->tree, b->section) ? JOB_INFERENCE : JOB_TRAINING;
    const char *id = spaces[b->space->kind];
    uint32_t named = yaml_find(b->tree, b->section, "space");
    if (named && !read_text(b->context, b->tree, named, "space", &id))
        return false;
    b->defaults = (const struct space_defaults *)catalog_find(b->space->catalog, KIND_SPACE, id);
    struct place place = yaml_place(b->tree, named ? named : b->section);
    if (!b->defaults)
        catalog_missing(b->context, b->space->catalog, KIND_SPACE, id, &place);
    return b->defaults != NULL;
}

static void no_plan(speedup_context *context, const struct place *place)
{
    problem(context, SPEEDUP_NO_JOB, place, "there is no 'plan:' section");
    problem_remedy(context, "add 'plan:'");
}

/* The peak must stay below memory with the confidence: a log-normal quantile, as sure as this system's memory is known. */
static double margin_of(const struct job *job, double confidence)
{
    double values[METRICS] = {0}, low, high, two_sided = fabs(2 * confidence - 1);
    values[SPEEDUP_METRIC_MEMORY_PEAK] = 1;
    values[SPEEDUP_METRIC_MEMORY_SIGMA] = job->c[COEFFICIENT_MEMORY_SIGMA];
    speedup_metric_interval(values, METRICS, SPEEDUP_METRIC_MEMORY_PEAK, fmax(two_sided, 1e-12), &low, &high);
    return two_sided <= 0 ? 1 : confidence >= 0.5 ? high : low;
}

speedup_status space_make(speedup_context *context, const speedup_catalog *catalog, speedup_space *made, struct yaml_tree *tree,
                          const char *path, const char *const *settings, size_t setting_count, speedup_space **space)
{
    static const char *const sections[] = {"plan", NULL};
    speedup_catalog *more = NULL;
    for (size_t i = 0; i < setting_count && !context->first; i++)
        setting_apply(context, &made->arena, tree, settings[i] ? settings[i] : "", plan_sections);
    if (!context->first && path)
        catalog_with_models(context, catalog, tree, path, false, sections, &more);
    if (!context->first)
        catalog_with(context, more ? more : catalog, tree, sections, &made->catalog);
    speedup_catalog_unref(more);
    if (!context->first) {
        struct plan_record r = {.confidence = 0.5, .top = 10};
        struct builder b = {.context = context, .space = made, .tree = tree, .section = yaml_find(tree, tree->root, "plan"), .r = &r};
        struct place place = yaml_place(tree, b.section ? b.section : tree->root);
        if (!b.section)
            no_plan(context, &place);
        else if (expect_kind(context, tree, b.section, YAML_MAPPING, "plan") && begin_plan(&b)) {
            assume_keys(&b);
            read_plan(&b);
            if (context_quiet(context, &b.quiet))
                no_memory(context);
            else
                build_programs(&b);
            speedup_context_destroy(b.quiet);
            require_some(&b);
        }
    }
    for (size_t i = 0; i < made->program_count; i++)
        if (made->programs[i].scenario)
            made->programs[i].memory_margin = margin_of(&made->programs[i].scenario->job, made->confidence);
    if (made->arena.failed)
        no_memory(context);
    if (context->first) {
        speedup_space_unref(made);
        return context->first;
    }
    *space = made;
    return SPEEDUP_OK;
}

speedup_space *space_allocate(speedup_context *context)
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
    REQUIRE_GIVEN(context, context);
    REQUIRE_GIVEN(context, catalog);
    REQUIRE_GIVEN(context, space);
    REQUIRE_ROOM(context, text, length);
    REQUIRE_ROOM(context, settings, setting_count);
    diagnostics_clear(context);
    speedup_space *made = space_allocate(context);
    struct yaml_tree *tree = made ? arena_zeroed(&made->arena, 1, sizeof *tree) : NULL;
    if (!tree)
        no_memory(context);
    else
        yaml_read(context, &made->arena, name ? name : "<text>", text ? text : "", length, tree);
    if (!made)
        return SPEEDUP_OUT_OF_MEMORY;
    return space_make(context, catalog, made, tree, NULL, settings, setting_count, space);
}

speedup_status speedup_space_create_file(speedup_context *context, const speedup_catalog *catalog, const char *path,
                                         const char *const *settings, size_t setting_count, speedup_space **space)
{
    if (space)
        *space = NULL;
    REQUIRE_GIVEN(context, context);
    REQUIRE_GIVEN(context, catalog);
    REQUIRE_GIVEN(context, path);
    REQUIRE_GIVEN(context, space);
    REQUIRE_ROOM(context, settings, setting_count);
    diagnostics_clear(context);
    speedup_space *made = space_allocate(context);
    struct yaml_tree *tree = made ? arena_zeroed(&made->arena, 1, sizeof *tree) : NULL;
    if (!tree)
        no_memory(context);
    else
        yaml_read_file(context, &made->arena, path, tree);
    if (!made)
        return SPEEDUP_OUT_OF_MEMORY;
    return space_make(context, catalog, made, tree, path, settings, setting_count, space);
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

double space_limit_ratio(const speedup_space *space, const struct job *job, enum plan_limit limit, double accelerators,
                         const lanes values[METRICS], int lane)
{
    double first = values[SPEEDUP_METRIC_TIME_TO_FIRST_TOKEN][lane];
    const double taken[LIMITS] = {
        [LIMIT_DEADLINE] = values[SPEEDUP_METRIC_RUN_EXPECTED_SECONDS][lane],
        [LIMIT_BUDGET] = space->kind == JOB_TRAINING ? values[SPEEDUP_METRIC_COST][lane] : job->price * accelerators,
        [LIMIT_POWER] = job->power * accelerators,
        [LIMIT_FIRST_TOKEN] = first,
        [LIMIT_TOKEN] = values[SPEEDUP_METRIC_TIME_PER_OUTPUT_TOKEN][lane],
    };
    /* A rate that is not served has no time to first token. */
    if (limit == LIMIT_RATE)
        return first > 0 ? 0 : values[SPEEDUP_METRIC_LOAD][lane];
    return taken[limit] / space->limits[limit];
}
