/* Costs of training runs: money by hours and prices, operations by the chip's peak, and
 * what the model needs. */
#include "plan/auditor.h"

#include "catalog/plain.h"

#include <string.h>

struct costs_record {
    uint64_t present;
    const char *model;
    double tokens, sequence, global_batch;
    uint32_t rows;
};
static const struct field costs_fields[] = {
#define COSTS(name_, type_, dim, doc_) \
    {FIELD_WORDS(#name_, "", doc_), \
     .type = type_, .dimension = dim, .least = 1, .most = 1e18, .required = true, \
     .offset = offsetof(struct costs_record, name_)}
    COSTS(model, FIELD_TEXT, 0, "id of the model"),
    COSTS(tokens, FIELD_NUMBER, DIMENSION_COUNT, "tokens of the run"),
    COSTS(sequence, FIELD_COUNT, DIMENSION_COUNT, "tokens per sequence, for the modelled run"),
    COSTS(global_batch, FIELD_COUNT, DIMENSION_COUNT, "sequences per step, for the modelled run"),
    COSTS(rows, FIELD_LIST, 0, "[training cost, ...]"),
    {.key = NULL},
};
const struct record_table costs_table = {"training_costs", "Runs of one model.", costs_fields};

struct cost_record {
    uint64_t present;
    const char *name, *system;
    double accelerators, days, cost;
    int32_t precision;
    uint32_t optimizations;
};
static const struct field cost_fields[] = {
#define COST(name_, type_, dim, low, high, needed, doc_)                                                      \
    {FIELD_WORDS(#name_, "", doc_), \
     .type = type_, .dimension = dim, .least = low, .most = high, .required = needed, .choices = precision_names, \
     .offset = offsetof(struct cost_record, name_)}
    COST(name, FIELD_TEXT, 0, 0, 0, true, "what the row is"),
    COST(system, FIELD_TEXT, 0, 0, 0, true, "id of the system"),
    COST(accelerators, FIELD_COUNT, DIMENSION_COUNT, 1, 1e7, true, "how many"),
    COST(days, FIELD_NUMBER, DIMENSION_SECONDS, 1, 1e12, true, "time of the run, as claimed"),
    COST(cost, FIELD_NUMBER, DIMENSION_USD, 0.01, 1e15, true, "money, as claimed"),
    COST(precision, FIELD_CHOICE, 0, 0, 0, true, "precision of the products"),
    COST(optimizations, FIELD_LIST, 0, 0, 0, false, "ids of optimizations"),
    {.key = NULL},
};
const struct record_table cost_table = {"training cost", "One run.", cost_fields};

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
    description_give_required(d);
    d->model = costs->model;
    d->system = r->system;
    d->accelerators = r->accelerators;
    d->sequence = (struct length){costs->sequence, 0, costs->sequence};
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

void audit_training(const struct auditor *a, uint32_t node, struct audit *audit)
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
        struct system plain;
        const struct system *system = r.system ? system_find(a->catalog, r.system, &plain) : NULL;
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
