/* Tables of gains: their product, their algebra, and what the model makes of each row.
 * Knows no optimization by name. */
#include "plan/auditor.h"

#include "plan/attribution.h"

#include <string.h>

struct gains_record {
    uint64_t present;
    const char *name, *quantity;
    double overall;
    uint32_t rows, job;
};
static const struct field gains_fields[] = {
#define GAINS(name_, type_, needed, shown_, doc_) \
    {FIELD_WORDS(#name_, shown_, doc_), \
     .type = type_, .least = 1e-6, .most = 1e9, .required = needed, .offset = offsetof(struct gains_record, name_)}
    GAINS(name, FIELD_TEXT, true, "", "what the table is about"),
    GAINS(quantity, FIELD_TEXT, true, "", "what gets better: throughput, memory ..."),
    GAINS(overall, FIELD_NUMBER, true, "", "factor claimed for all together"),
    GAINS(rows, FIELD_LIST, true, "[gain, ...]", "the factors, in order"),
    GAINS(job, FIELD_MAPPING, false, "{train: ...}, {serve: ...} or {generate: ...}", "a job to model the claims on; its optimizations are the baseline"),
    {.key = NULL},
};
const struct record_table gains_table = {"gains", "Factors that are said to compose.", gains_fields};

struct gain_record {
    uint64_t present;
    const char *optimization;
    double factor, cumulative;
    uint32_t acts_on;
};
static const struct field gain_fields[] = {
#define GAIN(name_, type_, needed, shown_, doc_) \
    {FIELD_WORDS(#name_, shown_, doc_), \
     .type = type_, .least = 1e-6, .most = 1e9, .required = needed, .offset = offsetof(struct gain_record, name_)}
    GAIN(optimization, FIELD_TEXT, true, "", "id of an optimization, or any name"),
    GAIN(factor, FIELD_NUMBER, true, "", "factor claimed for it"),
    GAIN(cumulative, FIELD_NUMBER, false, "-", "factor claimed for it and all above"),
    GAIN(acts_on, FIELD_LIST, true, "[resource, ...]", "what it acts on"),
    {.key = NULL},
};
const struct record_table gain_table = {"gain", "One factor.", gain_fields};

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
        for (size_t p = 0; memory && p < gains->part_count && peak > 0; p++) {
            int part = metric_find(gains->parts[p].resource);
            if (part >= SPEEDUP_METRIC_MEMORY_WEIGHTS && part <= SPEEDUP_METRIC_MEMORY_RUNTIME)
                gains->parts[p].modelled_share = steps[0].values[part] / peak;
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

static void compose(const struct auditor *a, const struct place *place, struct gains *gains)
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
    if (speedup_claims_compose(claims, gains->count, total > 0 ? shares : NULL, total > 0 ? gains->part_count : 0,
                               &gains->composition) == SPEEDUP_OUT_OF_RANGE)
        problem(a->context, SPEEDUP_OUT_OF_RANGE, place, "the factors of '%s' multiply to more, or to less, than a number can hold", gains->name);
    gains->modelled_effective = gains->composition.effective;
}

/* The overall figure: the product, or at least between what is sure and the product. */
static struct judgement judge_overall(const struct auditor *a, const struct gains *gains)
{
    struct judgement product = auditor_compare(a, gains->overall, gains->product, "the product");
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

void audit_gains(const struct auditor *a, uint32_t node, struct gains *gains)
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
    struct place place = yaml_place(a->tree, r.rows);
    compose(a, &place, gains);
    for (size_t i = 0; i < gains->count; i++) {
        struct gain *gain = &gains->rows[i];
        if (gain->claimed_cumulative > 0)
            gain->judgement = auditor_compare(a, gain->claimed_cumulative, gain->cumulative, "the product so far");
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
