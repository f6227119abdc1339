/* The audit: reads a claims document, recomputes, composes and models it. Verdicts
 * follow from rules over figures; no claim is known by name. */
#include "plan/auditor.h"

#include "plan/attribution.h"

#include "base/number.h"

#include <float.h>
#include <stdio.h>
#include <string.h>

const char *const verdict_names[] = {"agrees", "rounding", "depends", "contradicts", "untested"};

/* A figure agrees within half a percent; within five it may have been rounded. */
static const double agreement = 0.005, rounding = 0.05;

struct claims_record {
    uint64_t present;
    const char *title, *source;
    uint32_t headlines, gains, training, serving, serving_space, identities;
};
static const struct field claims_fields[] = {
#define PART(name_, member, type_, shown_, doc_) \
    {.key = name_, .type = type_, .offset = offsetof(struct claims_record, member), .shown = shown_, .doc = doc_}
    PART("title", title, FIELD_TEXT, NULL, "what the document is"),
    PART("source", source, FIELD_TEXT, NULL, "where the claims were made"),
    PART("headlines", headlines, FIELD_NODE, "[headline, ...]", "from one figure to another"),
    PART("gains", gains, FIELD_NODE, "[gains, ...]", "tables of factors that are said to compose"),
    PART("training_costs", training, FIELD_NODE, "training_costs", "runs with accelerators, days and money"),
    PART("serving_costs", serving, FIELD_NODE, "[serving cost, ...]", "money or speed of generated tokens"),
    PART("serving_space", serving_space, FIELD_NODE, "serving_space", "where jobs that serve are looked for, when they leave it open"),
    PART("identities", identities, FIELD_NODE, "[identity, ...]", "numbers said to be expressions"),
    {.key = NULL},
};
static const struct record_table claims_table = {"claims", "A document of published claims.", claims_fields};

struct headline_record {
    uint64_t present;
    const char *name, *from, *to, *unit;
    double factor;
    uint32_t job;
};
static const struct field headline_fields[] = {
#define HEADLINE(name_, type_, needed, doc_) \
    {.key = #name_, .type = type_, .least = 1e-6, .most = 1e9, .required = needed, .offset = offsetof(struct headline_record, name_), .doc = doc_}
    HEADLINE(name, FIELD_TEXT, true, "what is claimed"),
    HEADLINE(from, FIELD_TEXT, true, "figure before, with its unit"),
    HEADLINE(to, FIELD_TEXT, true, "figure after, in the same unit"),
    HEADLINE(unit, FIELD_TEXT, false, "unit of both, where they carry none"),
    HEADLINE(factor, FIELD_NUMBER, true, "how many times better, as claimed"),
    HEADLINE(job, FIELD_NODE, false, "{serve: ...} or {generate: ...}: both figures are its tokens per second, before its optimizations and with them"),
    {.key = NULL},
};
static const struct record_table headline_table = {"headline", "One claim from a figure to a figure.", headline_fields};

struct gains_record {
    uint64_t present;
    const char *name, *quantity;
    double overall;
    uint32_t rows, job;
};
static const struct field gains_fields[] = {
#define GAINS(name_, type_, needed, shown_, doc_) \
    {.key = #name_, .type = type_, .least = 1e-6, .most = 1e9, .required = needed, .shown = shown_, .offset = offsetof(struct gains_record, name_), .doc = doc_}
    GAINS(name, FIELD_TEXT, true, NULL, "what the table is about"),
    GAINS(quantity, FIELD_TEXT, true, NULL, "what gets better: throughput, memory ..."),
    GAINS(overall, FIELD_NUMBER, true, NULL, "factor claimed for all together"),
    GAINS(rows, FIELD_NODE, true, "[gain, ...]", "the factors, in order"),
    GAINS(job, FIELD_NODE, false, "{train: ...}, {serve: ...} or {generate: ...}", "a job to model the claims on; its optimizations are the baseline"),
    {.key = NULL},
};
static const struct record_table gains_table = {"gains", "Factors that are said to compose.", gains_fields};

struct gain_record {
    uint64_t present;
    const char *optimization;
    double factor, cumulative;
    uint32_t acts_on;
};
static const struct field gain_fields[] = {
#define GAIN(name_, type_, needed, shown_, doc_) \
    {.key = #name_, .type = type_, .least = 1e-6, .most = 1e9, .required = needed, .shown = shown_, .offset = offsetof(struct gain_record, name_), .doc = doc_}
    GAIN(optimization, FIELD_TEXT, true, NULL, "id of an optimization, or any name"),
    GAIN(factor, FIELD_NUMBER, true, NULL, "factor claimed for it"),
    GAIN(cumulative, FIELD_NUMBER, false, "-", "factor claimed for it and all above"),
    GAIN(acts_on, FIELD_NODE, true, "[resource, ...]", "what it acts on"),
    {.key = NULL},
};
static const struct record_table gain_table = {"gain", "One factor.", gain_fields};

struct costs_record {
    uint64_t present;
    const char *model;
    double tokens, sequence, global_batch;
    uint32_t rows;
};
static const struct field costs_fields[] = {
#define COSTS(name_, type_, dim, doc_) \
    {.key = #name_, .type = type_, .dimension = dim, .least = 1, .most = 1e18, .required = true, .offset = offsetof(struct costs_record, name_), .doc = doc_}
    COSTS(model, FIELD_TEXT, 0, "id of the model"),
    COSTS(tokens, FIELD_NUMBER, DIMENSION_COUNT, "tokens of the run"),
    COSTS(sequence, FIELD_COUNT, DIMENSION_COUNT, "tokens per sequence, for the modelled run"),
    COSTS(global_batch, FIELD_COUNT, DIMENSION_COUNT, "sequences per step, for the modelled run"),
    COSTS(rows, FIELD_NODE, 0, "[training cost, ...]"),
    {.key = NULL},
};
static const struct record_table costs_table = {"training_costs", "Runs of one model.", costs_fields};

struct cost_record {
    uint64_t present;
    const char *name, *system;
    double accelerators, days, cost;
    int32_t precision;
    uint32_t optimizations;
};
static const struct field cost_fields[] = {
#define COST(name_, type_, dim, low, high, needed, doc_)                                                      \
    {.key = #name_, .type = type_, .dimension = dim, .least = low, .most = high, .required = needed,         \
     .choices = precision_names, .offset = offsetof(struct cost_record, name_), .doc = doc_}
    COST(name, FIELD_TEXT, 0, 0, 0, true, "what the row is"),
    COST(system, FIELD_TEXT, 0, 0, 0, true, "id of the system"),
    COST(accelerators, FIELD_COUNT, DIMENSION_COUNT, 1, 1e7, true, "how many"),
    COST(days, FIELD_NUMBER, DIMENSION_SECONDS, 1, 1e12, true, "time of the run, as claimed"),
    COST(cost, FIELD_NUMBER, DIMENSION_USD, 0.01, 1e15, true, "money, as claimed"),
    COST(precision, FIELD_CHOICE, 0, 0, 0, true, "precision of the products"),
    COST(optimizations, FIELD_NODE, 0, 0, 0, false, "ids of optimizations"),
    {.key = NULL},
};
static const struct record_table cost_table = {"training cost", "One run.", cost_fields};

struct identity_record {
    uint64_t present;
    const char *name, *expression;
    double claimed;
    uint32_t parameters;
};
static const struct field identity_fields[] = {
#define IDENTITY(name_, type_, needed, doc_) \
    {.key = #name_, .type = type_, .least = 1e-300, .most = 1e300, .required = needed, .offset = offsetof(struct identity_record, name_), .doc = doc_}
    IDENTITY(name, FIELD_TEXT, true, "what it is said of"),
    IDENTITY(expression, FIELD_TEXT, true, "an expression"),
    IDENTITY(claimed, FIELD_NUMBER, false, "the number it is said to be"),
    IDENTITY(parameters, FIELD_NODE, false, "[name, ...]: numbers of the expression that are free"),
    {.key = NULL},
};
static const struct record_table identity_table = {"identity", "A number said to be an expression.", identity_fields};

const struct record_table *const audit_tables[] = {&claims_table, &headline_table, &gains_table,    &gain_table,
                                                   &costs_table,  &cost_table,     &serving_table, &serving_space_table, &identity_table, NULL};

const char *auditor_say(const struct auditor *a, const char *format, ...)
{
    struct text text;
    text_begin(&text, &a->context->allocator);
    va_list arguments;
    va_start(arguments, format);
    text_vformat(&text, format, arguments);
    va_end(arguments);
    const char *kept = text.failed || !text.bytes ? NULL : arena_copy(a->arena, text.bytes, text.length);
    text_end(&text);
    if (!kept)
        a->arena->failed = true;
    return kept ? kept : "";
}

const char *auditor_digits(const struct auditor *a, double value, int count)
{
    char buffer[NUMBER_TEXT];
    return auditor_say(a, "%s", number_digits(buffer, value, count));
}

/* Compares a claimed figure with a recomputed one. */
static struct judgement compare(const struct auditor *a, double claimed, double computed, const char *what)
{
    double error = fabs(claimed / computed - 1);
    if (error <= agreement)
        return (struct judgement){VERDICT_AGREES, auditor_say(a, "%s is %s", what, auditor_digits(a, computed, 4))};
    if (error <= rounding)
        return (struct judgement){VERDICT_ROUNDING, auditor_say(a, "%s is %s", what, auditor_digits(a, computed, 4))};
    return (struct judgement){VERDICT_CONTRADICTS,
                              auditor_say(a, "%s is %s, not %s", what, auditor_digits(a, computed, 4), auditor_digits(a, claimed, 4))};
}

/* A list's items as an array of nodes; every one must be a mapping. */
size_t auditor_items(const struct auditor *a, uint32_t list, const char *what, uint32_t **items)
{
    *items = NULL;
    if (!list || !expect_kind(a->context, a->tree, list, YAML_SEQUENCE, what))
        return 0;
    size_t count = 0;
    *items = arena_zeroed(a->arena, yaml_at(a->tree, list)->length, sizeof **items);
    for (uint32_t item = *items ? yaml_at(a->tree, list)->first : 0; item; item = yaml_at(a->tree, item)->next)
        (*items)[count++] = item;
    return count;
}

void auditor_read(const struct auditor *a, uint32_t node, const struct record_table *table, void *record)
{
    record_read(a->context, a->tree, node, table, NULL, record);
    record_require(a->context, a->tree, node, table, record);
}

/* Texts of a list, ended by NULL. */
const char **auditor_names(const struct auditor *a, uint32_t list, const char *what, size_t *count)
{
    *count = 0;
    if (!list || !expect_kind(a->context, a->tree, list, YAML_SEQUENCE, what))
        return NULL;
    const char **names = arena_zeroed(a->arena, yaml_at(a->tree, list)->length + 1, sizeof *names);
    for (uint32_t item = names ? yaml_at(a->tree, list)->first : 0; item; item = yaml_at(a->tree, item)->next)
        if (read_text(a->context, a->tree, item, what, &names[*count]))
            ++*count;
    return names;
}

/* A figure with any unit: its number in SI, so that two of one unit can be divided. */
static bool read_figure(const struct auditor *a, uint32_t node, const char *text, double *value)
{
    if (!text)
        return false; /* which has been told */
    size_t used, length = strlen(text);
    if (number_parse(text, length, value, &used) == NUMBER_OK && *value > 0) {
        while (text[used] == ' ')
            used++;
        if (!text[used])
            return true;
        for (int d = DIMENSION_COUNT; d < DIMENSION_COUNT_OF; d++) {
            double factor;
            enum dimension other;
            if (unit_factor((enum dimension)d, text + used, length - used, &factor, &other)) {
                *value *= factor;
                return true;
            }
        }
    }
    struct place place = yaml_place(a->tree, node);
    problem(a->context, SPEEDUP_BAD_NUMBER, &place, "'%.40s' is not a figure over 0 with a known unit", text);
    return false;
}

static void audit_headlines(const struct auditor *a, uint32_t list, struct audit *audit)
{
    uint32_t *items;
    audit->headline_count = auditor_items(a, list, "headlines", &items);
    audit->headlines = arena_zeroed(a->arena, audit->headline_count, sizeof *audit->headlines);
    for (size_t i = 0; audit->headlines && i < audit->headline_count; i++) {
        struct headline_record r = {0};
        double from = 1, to = 1;
        auditor_read(a, items[i], &headline_table, &r);
        bool figures = read_figure(a, yaml_find(a->tree, items[i], "from"), r.from, &from);
        figures &= read_figure(a, yaml_find(a->tree, items[i], "to"), r.to, &to);
        if (!figures || a->context->first)
            continue;
        double implied = from > to ? from / to : to / from;
        audit->headlines[i] = (struct headline){.name = r.name, .from = r.unit ? auditor_say(a, "%s %s", r.from, r.unit) : r.from,
                                                .to = r.unit ? auditor_say(a, "%s %s", r.to, r.unit) : r.to,
                                                .factor = r.factor, .implied = implied,
                                                .judgement = compare(a, r.factor, implied, "the ratio")};
        if (r.job)
            audit_served_headline(a, r.job, from, to, &audit->headlines[i]);
    }
}

bool auditor_job(const struct auditor *a, uint32_t node, struct audited_job *job)
{
    *job = (struct audited_job){.catalog = NULL};
    if (!expect_kind(a->context, a->tree, node, YAML_MAPPING, "job"))
        return false;
    struct yaml_tree *tree = arena_zeroed(a->arena, 1, sizeof *tree);
    if (!tree)
        return no_memory(a->context) == SPEEDUP_OK;
    *tree = *a->tree;
    tree->root = node;
    uint32_t section = 0;
    if (catalog_with(a->context, a->catalog, tree, scenario_sections, &job->catalog))
        return false;
    struct job_description *d = &job->described;
    enum section found = scenario_section(a->context, tree, node, &section);
    if (found == SECTIONS)
        return false;
    description_begin(found, d);
    description_read(a->context, a->arena, tree, section, d);
    bool serving = found != SECTION_TRAIN;
    job->open_system = serving && !d->system;
    job->open_layout = serving && d->accelerators <= 0;
    job->open_load = serving && d->concurrency <= 0 && d->request_rate <= 0 && d->batch <= 0;
    return !a->context->first;
}

void auditor_job_end(struct audited_job *job)
{
    speedup_catalog_unref(job->catalog);
}

void auditor_place(struct audited_job *job, const char *system, double tensor, double load)
{
    struct job_description *d = &job->described, whole;
    description_begin(d->section, &whole);
    if (job->open_system)
        d->system = system;
    if (job->open_layout) {
        d->accelerators = tensor;
        d->layout = whole.layout;
        d->layout.tensor = tensor;
    }
    if (job->open_load)
        *(d->section == SECTION_SERVE ? &d->concurrency : &d->batch) = load;
    description_give(d, "system");
    description_give(d, "accelerators");
    description_give(d, d->section == SECTION_SERVE ? "concurrency" : "batch");
}

speedup_scenario *auditor_model(speedup_context *context, const struct audited_job *job)
{
    speedup_scenario *made = scenario_allocate(context), *scenario = NULL;
    if (!made)
        return NULL;
    made->asked = job->described;
    scenario_make(context, job->catalog, made, &scenario);
    return scenario;
}

/* The table's own optimizations on its job: what the model makes of each. */
static void model_gains(const struct auditor *a, uint32_t node, struct gains *gains)
{
    struct audited_job job;
    struct place place = yaml_place(a->tree, node);
    bool memory = !strcmp(gains->quantity, "memory"); /* only the shares of its baseline are wanted */
    bool read = auditor_job(a, node, &job);
    struct job_description *d = &job.described;
    if (read) {
        /* What the job has already is the baseline. */
        d->baseline = d->optimizations;
        d->optimizations = (struct choices){NULL, 0};
        for (size_t i = 0; i < gains->count && !memory; i++)
            choices_append(a->arena, &d->optimizations, &(struct choice){.id = gains->rows[i].name, .place = gains->rows[i].place}, 1);
        gains->searched = audit_served_gains(a, &job, &place, gains->overall);
    }
    speedup_scenario *scenario = a->context->first ? NULL : auditor_model(a->context, &job);
    struct waterfall_step *steps;
    size_t count;
    if (scenario && !plan_waterfall(a->context, scenario, a->arena, &steps, &count)) {
        gains->configuration = auditor_say(a, "%s on %.0f x %s%s", scenario->model->head.name,
                                           scenario->variables[VARIABLE_ACCELERATORS][0], scenario->accelerator->head.name,
                                           scenario->job.kind == JOB_TRAINING
                                               ? ""
                                               : auditor_say(a, ", %.0f at once", scenario->variables[VARIABLE_CONCURRENCY][0]));
        int metric = memory ? SPEEDUP_METRIC_MEMORY_PEAK : SPEEDUP_METRIC_TOKENS_PER_SECOND;
        for (size_t i = 1; !memory && i < count && i <= gains->count; i++) {
            double now = steps[i].values[metric], before = steps[i - 1].values[metric], base = steps[0].values[metric];
            gains->rows[i - 1].modelled = before > 0 ? now / before : 0;
            gains->rows[i - 1].modelled_cumulative = base > 0 ? now / base : 0;
        }
        /* Shares of the baseline: resources that are metrics of memory. */
        double peak = steps[0].values[SPEEDUP_METRIC_MEMORY_PEAK];
        for (size_t p = 0; memory && p < gains->part_count && peak > 0; p++)
            for (int m = SPEEDUP_METRIC_MEMORY_WEIGHTS; m <= SPEEDUP_METRIC_MEMORY_RUNTIME; m++) {
                speedup_word word = {.struct_size = sizeof word};
                speedup_metric_at((size_t)m, &word);
                if (!strcmp(word.name, gains->parts[p].resource))
                    gains->parts[p].modelled_share = steps[0].values[m] / peak;
            }
    }
    speedup_scenario_unref(scenario);
    auditor_job_end(&job);
}

/* The resources that the claims touch, each with its factor and the largest share it
 * may have for the overall figure: the rest would have to be what shrinks most. */
static void find_parts(const struct auditor *a, struct gains *gains)
{
    size_t most = 0;
    for (size_t i = 0; i < gains->count; i++)
        most += gains->rows[i].acts_count;
    gains->parts = arena_zeroed(a->arena, most, sizeof *gains->parts);
    for (size_t i = 0; gains->parts && i < gains->count; i++)
        for (size_t r = 0; r < gains->rows[i].acts_count; r++) {
            const char *resource = gains->rows[i].acts_on[r];
            size_t p = 0;
            while (p < gains->part_count && strcmp(gains->parts[p].resource, resource))
                p++;
            if (p == gains->part_count)
                gains->parts[gains->part_count++] = (struct part){.resource = resource, .factor = 1};
            gains->parts[p].factor *= gains->rows[i].factor;
        }
    double largest = 0;
    for (size_t p = 0; p < gains->part_count; p++)
        largest = fmax(largest, gains->parts[p].factor);
    for (size_t p = 0; p < gains->part_count; p++) {
        double rest = 1 / gains->parts[p].factor - 1 / largest, room = 1 / gains->overall - 1 / largest;
        gains->parts[p].largest_share = rest <= 0 ? 1 : fmax(0, fmin(1, room / rest));
    }
}

static void compose(const struct auditor *a, struct gains *gains)
{
    speedup_claim *claims = arena_zeroed(a->arena, gains->count, sizeof *claims);
    speedup_share *shares = arena_zeroed(a->arena, gains->part_count, sizeof *shares);
    if (!claims || !shares)
        return;
    for (size_t i = 0; i < gains->count; i++)
        claims[i] = (speedup_claim){sizeof *claims, gains->rows[i].acts_on, gains->rows[i].acts_count, gains->rows[i].factor};
    double total = 0;
    for (size_t p = 0; p < gains->part_count; p++) {
        shares[p] = (speedup_share){sizeof *shares, gains->parts[p].resource, gains->parts[p].modelled_share};
        total += gains->parts[p].modelled_share;
    }
    gains->composition.struct_size = sizeof gains->composition;
    speedup_claims_compose(claims, gains->count, total > 0 ? shares : NULL, total > 0 ? gains->part_count : 0,
                           &gains->composition);
    gains->modelled_effective = gains->composition.effective;
}

/* The overall figure: the product, or at least between what is sure and the product. */
static struct judgement judge_overall(const struct auditor *a, const struct gains *gains)
{
    struct judgement product = compare(a, gains->overall, gains->product, "the product");
    /* Where the model looked for the place that comes nearest, being twice off there decides. */
    double modelled = gains->searched && gains->count ? gains->rows[gains->count - 1].modelled_cumulative : 0;
    if (modelled > 0 && fabs(log(modelled / gains->overall)) > log(2.0))
        return (struct judgement){VERDICT_CONTRADICTS, auditor_say(a, "%s, but where the model comes nearest it gives %s", product.why,
                                                                   auditor_digits(a, modelled, 3))};
    if (product.verdict != VERDICT_CONTRADICTS)
        return product;
    if (gains->overall >= gains->composition.guaranteed && gains->overall <= gains->composition.most)
        return (struct judgement){
            VERDICT_DEPENDS, auditor_say(a, "depends on the shares of the baseline: %s is sure, %s at most%s%s",
                                 auditor_digits(a, gains->composition.guaranteed, 3), auditor_digits(a, gains->composition.most, 3),
                                 gains->modelled_effective > 0 ? ", and with the model's shares " : "",
                                 gains->modelled_effective > 0 ? auditor_digits(a, gains->modelled_effective, 3) : "")};
    return product;
}

static void audit_gains(const struct auditor *a, uint32_t node, struct gains *gains)
{
    struct gains_record r = {0};
    uint32_t *items;
    auditor_read(a, node, &gains_table, &r);
    gains->name = r.name;
    gains->quantity = r.quantity;
    gains->overall = r.overall;
    gains->count = auditor_items(a, r.rows, "rows", &items);
    gains->rows = arena_zeroed(a->arena, gains->count, sizeof *gains->rows);
    gains->product = 1;
    for (size_t i = 0; gains->rows && i < gains->count; i++) {
        struct gain_record row = {0};
        struct gain *gain = &gains->rows[i];
        auditor_read(a, items[i], &gain_table, &row);
        gain->name = row.optimization;
        gain->place = yaml_place(a->tree, items[i]);
        gain->factor = row.factor;
        gain->acts_on = (const char *const *)auditor_names(a, row.acts_on, "acts_on", &gain->acts_count);
        gain->claimed_cumulative = row.cumulative;
        gain->cumulative = gains->product *= row.factor;
    }
    if (a->context->first || !gains->rows)
        return;
    find_parts(a, gains);
    if (r.job && expect_kind(a->context, a->tree, r.job, YAML_MAPPING, "job") && yaml_at(a->tree, r.job)->length)
        model_gains(a, r.job, gains);
    compose(a, gains);
    for (size_t i = 0; i < gains->count; i++) {
        struct gain *gain = &gains->rows[i];
        if (gain->claimed_cumulative > 0)
            gain->judgement = compare(a, gain->claimed_cumulative, gain->cumulative, "the product so far");
        else
            gain->judgement = (struct judgement){VERDICT_UNTESTED, "no cumulative figure is claimed"};
        /* What is said of one factor is weighed by the model where it was modelled. */
        if (gain->modelled > 0 && (gain->factor - 1) * (gain->modelled - 1) < -0.02 * (gain->factor - 1))
            gain->judgement = (struct judgement){VERDICT_CONTRADICTS, auditor_say(a, "the wrong side of 1: on this job the model gives %s", auditor_digits(a, gain->modelled, 3))};
        else if (gain->modelled > 0 && gain->judgement.verdict != VERDICT_CONTRADICTS &&
            fabs(gain->factor / gain->modelled - 1) > 0.2)
            gain->judgement = (struct judgement){
                VERDICT_DEPENDS, auditor_say(a, "%s; on this job the model gives %s", gain->judgement.why, auditor_digits(a, gain->modelled, 3))};
    }
    gains->judgement = judge_overall(a, gains);
}

static void price_range(const struct auditor *a, const char *accelerator, double *low, double *high)
{
    for (size_t i = 0; i < a->catalog->entries[KIND_PRICE].count; i++) {
        const struct price *price = (const struct price *)a->catalog->entries[KIND_PRICE].items[i];
        if (strcmp(price->accelerator_id, accelerator))
            continue;
        *low = *low > 0 ? fmin(*low, price->per_hour) : price->per_hour;
        *high = fmax(*high, price->per_hour);
    }
}

/* The fastest plain layout that fits, or else the one that comes nearest to fitting. */
static void best_layout(const speedup_scenario *scenario, double accelerators, double values[METRICS],
                        double layout[3])
{
    double best = 0, least_memory = 0;
    for (double t = 1; t <= 8; t *= 2)
        for (double p = 1; p <= 16; p *= 2)
            for (double b = 1; b <= 8; b *= 2) {
                double out[METRICS];
                speedup_column in[] = {{sizeof *in, VARIABLE_TENSOR, 0, &t}, {sizeof *in, VARIABLE_PIPELINE, 0, &p},
                                       {sizeof *in, VARIABLE_MICRO_BATCH, 0, &b}, {sizeof *in, VARIABLE_ACCELERATORS, 0, &accelerators}};
                speedup_column columns[METRICS];
                for (int m = 0; m < METRICS; m++)
                    columns[m] = (speedup_column){sizeof *columns, m, 0, &out[m]};
                if (speedup_scenario_estimate_batch(scenario, in, 4, columns, METRICS, 1, 1) || out[SPEEDUP_METRIC_STATUS] != 0)
                    continue;
                bool fits = out[SPEEDUP_METRIC_FITS] != 0;
                bool better = fits ? best <= 0 || out[SPEEDUP_METRIC_STEP_SECONDS] < best
                                   : best <= 0 && (least_memory <= 0 || out[SPEEDUP_METRIC_MEMORY_PEAK] < least_memory);
                if (!better)
                    continue;
                if (fits)
                    best = out[SPEEDUP_METRIC_STEP_SECONDS];
                least_memory = out[SPEEDUP_METRIC_MEMORY_PEAK];
                memcpy(values, out, sizeof out);
                layout[0] = t;
                layout[1] = p;
                layout[2] = b;
            }
}

static void model_cost(const struct auditor *a, const struct costs_record *costs, const struct cost_record *r,
                       struct training_cost *cost)
{
    struct audited_job job = {.catalog = speedup_catalog_ref((speedup_catalog *)(uintptr_t)a->catalog)};
    struct job_description *d = &job.described;
    description_begin(SECTION_TRAIN, d);
    d->present = ~UINT64_C(0);
    d->model = costs->model;
    d->system = r->system;
    d->accelerators = r->accelerators;
    d->sequence = costs->sequence;
    d->global_batch = costs->global_batch;
    d->tokens = costs->tokens;
    d->uneven = true;
    if (r->optimizations)
        choices_read(a->context, a->arena, a->tree, r->optimizations, "optimizations", &d->optimizations);
    speedup_scenario *scenario = a->context->first ? NULL : auditor_model(a->context, &job);
    auditor_job_end(&job);
    if (!scenario)
        return;
    double values[METRICS] = {0}, layout[3] = {0}, low, high;
    best_layout(scenario, r->accelerators, values, layout);
    speedup_metric_interval(values, METRICS, SPEEDUP_METRIC_RUN_SECONDS, scenario->confidence, &low, &high);
    cost->modelled_days = values[SPEEDUP_METRIC_RUN_SECONDS];
    cost->modelled_low = low;
    cost->modelled_high = high;
    cost->modelled_fits = values[SPEEDUP_METRIC_FITS] != 0;
    cost->modelled_cost = values[SPEEDUP_METRIC_ACCELERATOR_HOURS] * cost->per_hour;
    cost->configuration = auditor_say(a, "tensor %.0f, pipeline %.0f, micro-batch %.0f", layout[0], layout[1], layout[2]);
    speedup_scenario_unref(scenario);
}

static struct judgement judge_cost(const struct auditor *a, const struct training_cost *cost)
{
    double times = cost->needed / cost->peak;
    if (times > 1)
        return (struct judgement){VERDICT_CONTRADICTS, auditor_say(a, "needs %s times the peak", auditor_digits(a, times, 3))};
    if (!cost->modelled_fits && cost->modelled_days > 0)
        return (struct judgement){VERDICT_CONTRADICTS, "fits no plain layout of this many accelerators"};
    if (cost->modelled_days <= 0)
        return (struct judgement){VERDICT_UNTESTED, "could not be modelled"};
    if (cost->days < cost->modelled_low)
        return (struct judgement){VERDICT_CONTRADICTS,
                                  auditor_say(a, "%s times faster than modelled", auditor_digits(a, cost->modelled_days / cost->days, 3))};
    if (cost->days > cost->modelled_high)
        return (struct judgement){VERDICT_DEPENDS, auditor_say(a, "a good layout takes %s times less",
                                                       auditor_digits(a, cost->days / cost->modelled_days, 3))};
    return (struct judgement){VERDICT_AGREES, "within the modelled interval"};
}

static void audit_training(const struct auditor *a, uint32_t node, struct audit *audit)
{
    struct costs_record costs = {0};
    uint32_t *items;
    if (!node)
        return;
    auditor_read(a, node, &costs_table, &costs);
    audit->training_count = auditor_items(a, costs.rows, "rows", &items);
    audit->training = arena_zeroed(a->arena, audit->training_count, sizeof *audit->training);
    const struct model *model = NULL;
    if (costs.model && !(model = (const struct model *)catalog_find(a->catalog, KIND_MODEL, costs.model))) {
        struct place place = yaml_place(a->tree, yaml_find(a->tree, node, "model"));
        catalog_missing(a->context, a->catalog, KIND_MODEL, costs.model, &place);
    }
    for (size_t i = 0; audit->training && i < audit->training_count; i++) {
        struct cost_record r = {0};
        struct training_cost *cost = &audit->training[i];
        auditor_read(a, items[i], &cost_table, &r);
        const struct system *system =
            r.system ? (const struct system *)catalog_find(a->catalog, KIND_SYSTEM, r.system) : NULL;
        if (r.system && !system) {
            struct place place = yaml_place(a->tree, yaml_find(a->tree, items[i], "system"));
            catalog_missing(a->context, a->catalog, KIND_SYSTEM, r.system, &place);
        }
        if (a->context->first || !model || !system)
            continue;
        const struct accelerator *accelerator =
            (const struct accelerator *)catalog_find(a->catalog, KIND_ACCELERATOR, system->accelerator_id);
        struct model_size size;
        model_measure(model, &size);
        *cost = (struct training_cost){.name = r.name, .precision = precision_names[r.precision],
                                       .accelerators = r.accelerators, .days = r.days, .cost = r.cost};
        cost->per_hour = r.cost / (r.accelerators * r.days / 3600);
        price_range(a, system->accelerator_id, &cost->price_low, &cost->price_high);
        /* 6 operations a parameter and token: 2 forward, 4 backward (arXiv 2001.08361, sec. 2.1). */
        cost->needed = 6 * size.active * costs.tokens / (r.accelerators * r.days);
        cost->peak = accelerator->peak.rate[precisions[r.precision].peak];
        if (cost->peak <= 0) {
            struct place place = yaml_place(a->tree, items[i]);
            problem(a->context, SPEEDUP_UNSUPPORTED_PRECISION, &place, "'%s' has no products in %s",
                    accelerator->head.id, cost->precision);
            continue;
        }
        model_cost(a, &costs, &r, cost);
        if (!a->context->first)
            cost->judgement = judge_cost(a, cost);
    }
}

static bool free_name(const void *user, const char *name, size_t length, struct operation *operation)
{
    for (const char *const *names = user; names && *names; names++)
        if (strlen(*names) == length && !memcmp(*names, name, length)) {
            operation->kind = NAME_PARAMETER;
            return true;
        }
    return false;
}

/* Is it a name or number, '^', and a name or number? */
static bool is_plain_power(const char *expression)
{
    static const char word[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_. ";
    size_t base = strspn(expression, word);
    if (expression[base] != '^')
        return false;
    const char *exponent = expression + base + 1;
    exponent += strspn(exponent, " ");
    exponent += *exponent == '-';
    return exponent[strspn(exponent, word)] == '\0';
}

static void audit_identities(const struct auditor *a, uint32_t list, struct audit *audit)
{
    uint32_t *items;
    audit->identity_count = auditor_items(a, list, "identities", &items);
    audit->identities = arena_zeroed(a->arena, audit->identity_count, sizeof *audit->identities);
    for (size_t i = 0; audit->identities && i < audit->identity_count; i++) {
        struct identity_record r = {0};
        struct identity *identity = &audit->identities[i];
        auditor_read(a, items[i], &identity_table, &r);
        if (!r.expression)
            continue;
        size_t names;
        const char **free_names = auditor_names(a, r.parameters, "parameters", &names);
        const struct expression_scope scope = {free_name, NULL, free_names};
        uint32_t node = yaml_find(a->tree, items[i], "expression");
        struct place place = yaml_place(a->tree, node);
        struct expression expression;
        *identity = (struct identity){.name = r.name, .expression = r.expression, .claimed = r.claimed, .free_parameters = names};
        if (!expression_compile(a->context, a->arena, &place, r.expression, &scope, &expression))
            continue;
        if (!expression.constant) {
            identity->judgement = (struct judgement){
                VERDICT_DEPENDS, auditor_say(a, "depends on %zu free numbers: it can be any number, and so says nothing", names)};
            continue;
        }
        identity->value = expression.operations[0].value;
        identity->error = r.claimed > 0 ? identity->value / r.claimed - 1 : 0;
        /* The exponent that would make it exact: of the base in front of '^'. */
        char base[64];
        size_t length = strcspn(r.expression, "^");
        if (r.claimed > 0 && length < sizeof base && is_plain_power(r.expression)) {
            memcpy(base, r.expression, length);
            base[length] = '\0';
            struct expression front;
            if (expression_compile(a->context, a->arena, &place, auditor_say(a, "%s", base), &scope, &front) && front.constant &&
                front.operations[0].value > 0 && front.operations[0].value != 1) {
                identity->base = front.operations[0].value;
                identity->exponent = log(r.claimed) / log(identity->base);
            }
        }
        if (r.claimed > 0)
            identity->judgement = compare(a, r.claimed, identity->value, "the expression");
        else
            identity->judgement = (struct judgement){VERDICT_UNTESTED, "no number is claimed"};
    }
}

speedup_status plan_audit(speedup_context *context, const speedup_catalog *catalog, struct arena *arena,
                          const struct yaml_tree *tree, struct audit *audit)
{
    struct serving_space space = {0};
    const struct auditor a = {context, catalog, arena, tree, &space};
    *audit = (struct audit){0};
    if (!expect_kind(context, tree, tree->root, YAML_MAPPING, "the document"))
        return context->first;
    uint32_t node = yaml_find(tree, tree->root, "claims");
    if (!node) {
        struct place place = yaml_place(tree, tree->root);
        problem(context, SPEEDUP_NO_CLAIMS, &place, "there is no 'claims:' section");
        return SPEEDUP_NO_CLAIMS;
    }
    struct claims_record r = {0};
    auditor_read(&a, node, &claims_table, &r);
    audit->title = r.title;
    audit->source = r.source;
    audit_serving_space(&a, r.serving_space, &space);
    audit_headlines(&a, r.headlines, audit);
    uint32_t *items;
    audit->gains_count = auditor_items(&a, r.gains, "gains", &items);
    audit->gains = arena_zeroed(arena, audit->gains_count, sizeof *audit->gains);
    for (size_t i = 0; audit->gains && i < audit->gains_count; i++) {
        audit_gains(&a, items[i], &audit->gains[i]);
        for (size_t j = 0; j < i && audit->gains[i].name; j++)
            if (audit->gains[j].name && !strcmp(audit->gains[j].name, audit->gains[i].name)) {
                struct place place = yaml_place(tree, items[i]);
                problem(context, SPEEDUP_EXISTS, &place, "there is a table of gains '%.60s' already", audit->gains[i].name);
                break;
            }
    }
    audit_training(&a, r.training, audit);
    audit_serving(&a, r.serving, audit);
    audit_identities(&a, r.identities, audit);
    if (arena->failed)
        return no_memory(context);
    return context->first;
}
