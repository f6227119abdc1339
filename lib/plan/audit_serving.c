/* The serving part of the audit: where in a small space of systems, tensor-parallel
 * degrees and loads a claim is most nearly true, and the verdict that follows. */
#include "plan/auditor.h"

#include "catalog/plain.h"

#include "plan/attribution.h"

#include <string.h>

struct serving_record {
    uint64_t present;
    const char *name;
    double cost, tokens_per_second;
    uint32_t job;
};
static const struct field serving_fields[] = {
#define SERVING(name_, type_, dim, needed, shown_, doc_) \
    {FIELD_WORDS(#name_, shown_, doc_), \
     .type = type_, .dimension = dim, .least = 1e-6, .most = 1e9, .required = needed, \
     .offset = offsetof(struct serving_record, name_)}
    SERVING(name, FIELD_TEXT, 0, true, "", "what the row is"),
    SERVING(cost, FIELD_NUMBER, DIMENSION_USD, false, "-", "per million tokens, as claimed"),
    SERVING(tokens_per_second, FIELD_NUMBER, DIMENSION_NONE, false, "-", "tokens per second, as claimed"),
    SERVING(job, FIELD_MAPPING, 0, false, "{serve: ...} or {generate: ...}",
            "a job to model the claim on; a system, layout and load that it leaves open are looked for"),
    {.key = NULL},
};
const struct record_table serving_table = {"serving cost", "Money or speed of generated tokens.", serving_fields};

struct space_record {
    uint64_t present;
    uint32_t systems, tensor, concurrency;
};
static const struct field space_fields[] = {
#define SPACE(name_, shown_, doc_) \
    {FIELD_WORDS(#name_, shown_, doc_), .type = FIELD_LIST, .offset = offsetof(struct space_record, name_)}
    SPACE(systems, "[id, ...]", "systems; usual ones when absent"),
    SPACE(tensor, "[degree, ...]", "tensor-parallel degrees of the one copy of the model; 1 to 8 when absent"),
    SPACE(concurrency, "[requests, ...]", "requests in flight, or the batch; 1 to 256 when absent"),
    {.key = NULL},
};
const struct record_table serving_space_table = {"serving_space", "Where jobs that serve are looked for.", space_fields};

static const double usual_tensor[] = {1, 2, 4, 8}, usual_concurrency[] = {1, 4, 16, 64, 256};

static void read_counts(const struct auditor *a, uint32_t list, const char *what, const double *usual, size_t usual_count,
                        double **values, size_t *count)
{
    bool given = list && expect_kind(a->context, a->tree, list, YAML_SEQUENCE, what);
    size_t most = given ? yaml_at(a->tree, list)->length : usual_count;
    *values = arena_zeroed(a->arena, most, sizeof **values);
    if (!*values)
        return;
    if (!given) {
        memcpy(*values, usual, usual_count * sizeof **values);
        *count = usual_count;
        return;
    }
    for (uint32_t item = yaml_at(a->tree, list)->first; item; item = yaml_at(a->tree, item)->next)
        if (read_number(a->context, a->tree, item, what, DIMENSION_COUNT, 1, 1e6, &(*values)[*count]))
            ++*count;
}

void audit_serving_space(const struct auditor *a, uint32_t node, struct serving_space *space)
{
    struct space_record r = {0};
    if (node)
        auditor_read(a, node, &serving_space_table, &r);
    space->systems = auditor_names(a, r.systems, "systems", &space->system_count);
    struct system plain;
    for (size_t i = 0; i < space->system_count; i++)
        if (!system_find(a->catalog, space->systems[i], &plain)) {
            struct place place = yaml_place(a->tree, r.systems);
            catalog_missing(a->context, a->catalog, KIND_SYSTEM, space->systems[i], &place);
        }
    read_counts(a, r.tensor, "tensor", usual_tensor, sizeof usual_tensor / sizeof *usual_tensor, &space->tensor,
                &space->tensor_count);
    read_counts(a, r.concurrency, "concurrency", usual_concurrency, sizeof usual_concurrency / sizeof *usual_concurrency,
                &space->concurrency, &space->concurrency_count);
}

/* One place of the space, with what the model gives there. */
struct candidate {
    const char *system;
    double tensor, concurrency;
    const speedup_scenario *scenario;
    double first[METRICS], values[METRICS]; /* before the optimizations, and with them */
};

/* The job at a place. With others to go to, a layout that does not divide, a format
 * that a chip lacks or a requirement that is not met is no place of the space. */
static speedup_scenario *model_place(const struct auditor *a, const struct audited_job *job, bool others)
{
    if (!others)
        return auditor_model(a->context, job);
    speedup_context *quiet;
    if (context_quiet(a->context, &quiet)) {
        no_memory(a->context);
        return NULL;
    }
    speedup_scenario *scenario = auditor_model(quiet, job);
    speedup_status status = quiet->first;
    speedup_context_destroy(quiet);
    if (!status || status == SPEEDUP_DOES_NOT_DIVIDE || status == SPEEDUP_UNSUPPORTED_PRECISION || status == SPEEDUP_REQUIREMENT)
        return scenario;
    return auditor_model(a->context, job); /* a problem of the document: told this time */
}

/* Visits every place of the space where the job fits, before and after. */
static size_t visit(const struct auditor *a, const struct audited_job *job, const struct place *place,
                    void (*look)(void *user, const struct candidate *candidate), void *user)
{
    const struct serving_space *space = a->space;
    size_t seen = 0;
    if (job->described.section == SECTION_TRAIN) {
        problem(a->context, SPEEDUP_NO_JOB, place, "a claim about serving is modelled on a 'serve:' or a 'generate:'");
        return 0;
    }
    if (job->open_system && !space->system_count) {
        problem(a->context, SPEEDUP_MISSING_KEY, place, "the job leaves 'system' open, and the document has no 'serving_space: {systems: ...}'");
        return 0;
    }
    size_t systems = job->open_system ? space->system_count : 1, layouts = job->open_layout ? space->tensor_count : 1;
    size_t loads = job->open_load ? space->concurrency_count : 1;
    for (size_t i = 0; i < systems * layouts && !a->context->first; i++) {
        struct candidate c = {.system = job->open_system ? space->systems[i / layouts] : NULL,
                              .tensor = job->open_layout ? space->tensor[i % layouts] : 0};
        struct audited_job here = *job;
        auditor_place(&here, c.system, c.tensor, 1);
        speedup_scenario *scenario = model_place(a, &here, systems * layouts > 1);
        for (size_t l = 0; scenario && l < loads; l++) {
            struct waterfall_step *steps;
            size_t step_count;
            struct arena scratch;
            if (job->open_load)
                scenario->variables[VARIABLE_CONCURRENCY] = lanes_of(space->concurrency[l]);
            c.concurrency = scenario->variables[VARIABLE_CONCURRENCY][0];
            c.scenario = scenario;
            arena_begin(&scratch, &a->context->allocator);
            if (!plan_waterfall(a->context, scenario, &scratch, &steps, &step_count)) {
                memcpy(c.first, steps[0].values, sizeof c.first);
                memcpy(c.values, steps[step_count - 1].values, sizeof c.values);
                if (c.values[SPEEDUP_METRIC_FITS] != 0) {
                    seen++;
                    look(user, &c);
                }
            }
            arena_end(&scratch);
        }
        speedup_scenario_unref(scenario);
    }
    return seen;
}

/* The same of a job that stands in the document. */
static size_t visit_node(const struct auditor *a, uint32_t node, void (*look)(void *user, const struct candidate *candidate), void *user)
{
    struct audited_job job;
    struct place place = yaml_place(a->tree, node);
    size_t seen = auditor_job(a, node, &job) ? visit(a, &job, &place, look, user) : 0;
    auditor_job_end(&job);
    return seen;
}

static const char *name_of(const struct auditor *a, const struct candidate *c)
{
    const speedup_scenario *s = c->scenario;
    return auditor_say(a, "%s on %.0f x %s (tensor %.0f), %.0f at once", s->model->head.name, s->variables[VARIABLE_ACCELERATORS][0],
                       s->accelerator->head.name, s->variables[VARIABLE_TENSOR][0], c->concurrency);
}

/* The place nearest to a claimed figure. */
struct search {
    const struct auditor *a;
    struct serving_cost *cost;
    int metric;
    double distance;       /* of logarithms */
    size_t seen, covering; /* figures looked at; of them those whose interval covers the claim */
    const char *price;     /* of the nearest; NULL when the job's own */
};

static void consider(struct search *s, const struct candidate *c, double price, const char *price_id)
{
    struct serving_cost *cost = s->cost;
    double low, high, value = c->values[s->metric];
    if (value <= 0)
        return;
    speedup_metric_interval(c->values, METRICS, s->metric, c->scenario->confidence, &low, &high);
    s->seen++;
    s->covering += low <= cost->claimed && cost->claimed <= high;
    double distance = fabs(log(value / cost->claimed));
    if (s->seen > 1 && distance >= s->distance)
        return;
    s->distance = distance;
    cost->modelled = value;
    cost->low = low;
    cost->high = high;
    cost->price = price;
    s->price = price_id;
    cost->configuration = name_of(s->a, c);
}

static void look_for_cost(void *user, const struct candidate *c)
{
    struct search *s = user;
    const struct job *job = &c->scenario->job;
    if (s->metric != SPEEDUP_METRIC_COST) {
        consider(s, c, 0, NULL);
    } else if (job->price > 0) {
        consider(s, c, job->price, NULL);
    } else {
        /* Costs scale with the price: every dated price of the accelerator. */
        const speedup_catalog *catalog = s->a->catalog;
        double hours = c->values[SPEEDUP_METRIC_TOKENS_PER_SECOND] > 0
                           ? c->scenario->variables[VARIABLE_ACCELERATORS][0] / c->values[SPEEDUP_METRIC_TOKENS_PER_SECOND] * 1e6 / 3600
                           : 0;
        for (size_t i = 0; i < catalog->entries[KIND_PRICE].count; i++) {
            const struct price *price = (const struct price *)catalog->entries[KIND_PRICE].items[i];
            if (strcmp(price->accelerator_id, job->accelerator->head.id))
                continue;
            struct candidate priced = *c;
            priced.values[SPEEDUP_METRIC_COST] = hours * price->per_hour;
            consider(s, &priced, price->per_hour, price->head.id);
        }
    }
}

/* True of every place: agrees. True of some: depends on which. Not within a factor of
 * two of any: contradicts. */
static struct judgement judge(const struct search *s)
{
    const struct auditor *a = s->a;
    const struct serving_cost *cost = s->cost;
    const char *where = cost->configuration;
    if (!s->seen)
        return (struct judgement){VERDICT_UNTESTED, "the job fits nowhere in the space"};
    if (cost->price > 0)
        where = auditor_say(a, "%s at %s USD/h%s%s", where, auditor_digits(a, cost->price, 3), s->price ? ", " : "", s->price ? s->price : "");
    if (s->covering == s->seen)
        return (struct judgement){VERDICT_AGREES, auditor_say(a, "within the modelled interval; %s", where)};
    if (s->covering)
        return (struct judgement){VERDICT_DEPENDS, auditor_say(a, "true of %zu of %zu configurations, most nearly of %s", s->covering, s->seen, where)};
    double times = exp(s->distance);
    if (times <= 2)
        return (struct judgement){VERDICT_DEPENDS, auditor_say(a, "%s times %s on the nearest of %zu configurations, %s", auditor_digits(a, times, 3),
                                                               cost->modelled > cost->claimed ? "more" : "less", s->seen, where)};
    return (struct judgement){VERDICT_CONTRADICTS, auditor_say(a, "%s times %s even on the nearest of %zu configurations, %s", auditor_digits(a, times, 3),
                                                               cost->modelled > cost->claimed ? "more" : "less", s->seen, where)};
}

void audit_serving(const struct auditor *a, uint32_t list, struct audit *audit)
{
    uint32_t *items;
    audit->serving_count = auditor_items(a, list, "serving_costs", &items);
    audit->serving = arena_zeroed(a->arena, audit->serving_count, sizeof *audit->serving);
    for (size_t i = 0; audit->serving && i < audit->serving_count; i++) {
        struct serving_record r = {0};
        struct serving_cost *cost = &audit->serving[i];
        auditor_read(a, items[i], &serving_table, &r);
        bool money = r.cost > 0;
        *cost = (struct serving_cost){.name = r.name, .claimed = money ? r.cost : r.tokens_per_second,
                                      .unit = money ? "USD" : "tokens/s",
                                      .judgement = {VERDICT_UNTESTED, "no job to model it on is named"}};
        if (!r.job || a->context->first)
            continue;
        struct search search = {.a = a, .cost = cost, .metric = money ? SPEEDUP_METRIC_COST : SPEEDUP_METRIC_TOKENS_PER_SECOND};
        visit_node(a, r.job, look_for_cost, &search);
        if (cost->claimed > 0)
            cost->judgement = judge(&search);
    }
}

/* The place where both ends of a gain, or the gain alone, are nearest to what is claimed. */
struct gain_search {
    const struct auditor *a;
    double from, to, factor; /* as claimed; from and to may be 0 */
    double distance;
    size_t seen;
    const char *system;
    double tensor, concurrency, modelled_from, modelled_to;
    bool covered;
    const char *configuration;
};

static void look_for_gain(void *user, const struct candidate *c)
{
    struct gain_search *s = user;
    double before = c->first[SPEEDUP_METRIC_TOKENS_PER_SECOND], after = c->values[SPEEDUP_METRIC_TOKENS_PER_SECOND];
    if (before <= 0 || after <= 0)
        return;
    double distance = s->from > 0 ? fmax(fabs(log(before / s->from)), fabs(log(after / s->to))) : fabs(log(after / before / s->factor));
    if (s->seen++ && distance >= s->distance)
        return;
    double first_low, first_high, low, high;
    speedup_metric_interval(c->first, METRICS, SPEEDUP_METRIC_TOKENS_PER_SECOND, c->scenario->confidence, &first_low, &first_high);
    speedup_metric_interval(c->values, METRICS, SPEEDUP_METRIC_TOKENS_PER_SECOND, c->scenario->confidence, &low, &high);
    s->covered = first_low <= s->from && s->from <= first_high && low <= s->to && s->to <= high;
    s->distance = distance;
    s->system = c->system;
    s->tensor = c->tensor;
    s->concurrency = c->concurrency;
    s->modelled_from = before;
    s->modelled_to = after;
    s->configuration = name_of(s->a, c);
}

void audit_served_headline(const struct auditor *a, uint32_t job, double from, double to, struct headline *headline)
{
    struct gain_search s = {.a = a, .from = from, .to = to, .factor = to / from};
    visit_node(a, job, look_for_gain, &s);
    if (!s.seen)
        return;
    headline->modelled_from = s.modelled_from;
    headline->modelled_to = s.modelled_to;
    headline->modelled = s.modelled_to / s.modelled_from;
    headline->configuration = s.configuration;
    const char *figures = auditor_say(a, "%s to %s tokens/s, on %s, where both ends are nearest", auditor_digits(a, s.modelled_from, 3),
                                      auditor_digits(a, s.modelled_to, 3), s.configuration);
    const char *ratio = headline->judgement.why;
    if (headline->judgement.verdict == VERDICT_CONTRADICTS)
        return;
    if (exp(s.distance) > 2)
        headline->judgement = (struct judgement){VERDICT_CONTRADICTS, auditor_say(a, "%s, but modelled %s", ratio, figures)};
    else if (!s.covered || s.seen > 1)
        headline->judgement = (struct judgement){VERDICT_DEPENDS, auditor_say(a, "%s; modelled %s", ratio, figures)};
}

bool audit_served_gains(const struct auditor *a, struct audited_job *job, const struct place *place, double overall)
{
    if (!job->open_system && !job->open_layout && !job->open_load)
        return false;
    struct gain_search s = {.a = a, .factor = overall};
    visit(a, job, place, look_for_gain, &s);
    if (s.seen)
        auditor_place(job, s.system, s.tensor, s.concurrency);
    else if (!a->context->first)
        problem(a->context, SPEEDUP_INCONSISTENT, place, "this job fits nowhere in the space, so that the gains cannot be modelled");
    return s.seen;
}
