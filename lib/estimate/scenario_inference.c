/* Inference scenarios: the format of `serve:` and `generate:`. Knows no formula of the estimate. */
#include "estimate/scenario_parts.h"

/* A pool's own accelerators behind its layout, so that both read alike. */
struct prefill_record {
    struct layout_record layout;
    double accelerators;
};

/* The keys of both sections behind those of any job. */
struct requests_record {
    struct job_record job;
    struct layout_record layout;
    uint32_t prompt, output;
    double output_longest;
};

struct serve_record {
    struct requests_record requests;
    double concurrency, request_rate;
    struct prefill_record prefill;
    struct targets_record targets;
    bool fixed_lengths;
};

struct generate_record {
    struct requests_record requests;
    double batch;
};

static const struct field prefill_fields[] = {
    JOB_COUNT(prefill_record, accelerators, 1e7, true, NULL, "accelerators of the pool, out of those of the job"),
#define AXIS LAYOUT_ROW_OF_SERVING
#include "estimate/axis.def"
#undef AXIS
    {.key = NULL},
};
const struct record_table prefill_table = {
    "prefill", "A pool that does prefill alone and hands keys and values on to the rest of the accelerators, which decode.", prefill_fields};

#define TARGET(name_, doc_)                                                                                  \
    {.key = #name_, .type = FIELD_NUMBER, .dimension = DIMENSION_SECONDS, .least = 1e-6, .most = 1e6,        \
     .offset = offsetof(struct targets_record, name_), .shown = "none", .doc = doc_}

static const struct field targets_fields[] = {
    TARGET(time_to_first_token, "longest mean time to the first token"),
    TARGET(time_per_output_token, "longest mean time from one token to the next"),
    {.key = NULL},
};
const struct record_table targets_table = {"targets", "What the service must hold.", targets_fields};

/* The rows of both sections, with `requests` the way to their record. */
#define REQUEST_COUNT(record, name_, required_, shown_, doc_)                                                 \
    {.key = #name_, .type = FIELD_COUNT, .dimension = DIMENSION_COUNT, .least = 1, .most = 1e9,              \
     .required = required_, .shown = shown_, .offset = offsetof(struct record, requests.name_), .doc = doc_}
#define REQUEST_LENGTH(record, name_, doc_)                                                                   \
    {.key = #name_, .type = FIELD_NODE, .required = true, .shown = "1024, or {mean: 1024, deviation: 400}",                    \
     .offset = offsetof(struct record, requests.name_), .doc = doc_}
#define REQUESTS(owner)                                                                                       \
    REQUEST_LENGTH(owner, prompt, "tokens of a prompt, mean"),                                                     \
    REQUEST_LENGTH(owner, output, "tokens generated for a request, mean"),                                         \
    REQUEST_COUNT(owner, output_longest, false, "output", "longest output, to which a static batch runs on"), \
    {.key = "layout", .type = FIELD_RECORD, .record = &serving_layout_table,                                 \
     .offset = offsetof(struct owner, requests.layout), .doc = "degrees of parallelism"}

static const struct field serve_fields[] = {
    JOB_FRONT(serve_record, requests.job),
    {.key = "concurrency", .type = FIELD_NUMBER, .dimension = DIMENSION_COUNT, .least = 1, .most = 1e9,
     .offset = offsetof(struct serve_record, concurrency), .shown = "by request_rate", .doc = "requests in flight, in all"},
    {.key = "request_rate", .type = FIELD_NUMBER, .dimension = DIMENSION_RATE, .least = 1e-9, .most = 1e9,
     .offset = offsetof(struct serve_record, request_rate), .shown = "by concurrency", .doc = "requests that arrive, in all"},
    REQUESTS(serve_record),
    {.key = "fixed_lengths", .type = FIELD_BOOL, .offset = offsetof(struct serve_record, fixed_lengths), .shown = "false",
     .doc = "all requests have the same lengths, so that they stay in step"},
    {.key = "prefill", .type = FIELD_RECORD, .record = &prefill_table, .offset = offsetof(struct serve_record, prefill),
     .doc = "a pool of its own for prefill; 'layout' is then that of decoding"},
    {.key = "targets", .type = FIELD_RECORD, .record = &targets_table, .offset = offsetof(struct serve_record, targets),
     .doc = "what the service must hold"},
    JOB_BACK(serve_record, requests.job),
    {.key = NULL},
};
const struct record_table serve_table = {"serve", "A service in steady state: requests come as others end.", serve_fields};

static const struct field generate_fields[] = {
    JOB_FRONT(generate_record, requests.job),
    JOB_COUNT(generate_record, batch, 1e9, true, NULL, "prompts of a static batch, in all"),
    REQUESTS(generate_record),
    JOB_BACK(generate_record, requests.job),
    {.key = NULL},
};
const struct record_table generate_table = {"generate", "A static batch, from prompts to last tokens.", generate_fields};

/* The mean of the squares over the square of the mean: exactly 1 where all are alike. */
static double spread(const struct length *length)
{
    double deviation = length->deviation / length->mean;
    return 1 + deviation * deviation;
}

/* Lengths within the model's window cannot vary more than this (see length_read). */
static void check_spread(speedup_context *context, const speedup_scenario *scenario, const char *key, const struct length *length)
{
    const struct model *model = scenario->model;
    if (!model || model->max_sequence <= length->mean || length->longest > 0)
        return;
    double widest = sqrt((model->max_sequence - length->mean) * (length->mean - 1));
    struct place place = scenario_place(scenario, key);
    if (length->deviation > widest)
        problem(context, SPEEDUP_TOO_LONG, &place, "a deviation of %.4g about %.4g tokens takes lengths beyond the %.0f of '%s'", length->deviation,
                length->mean, model->max_sequence, model->head.id);
}

/* What both sections give to the job; `front` is the layout of a prefill pool, or NULL;
 * `in_flight` requests or prompts. */
static speedup_status complete(speedup_context *context, speedup_scenario *scenario, const struct requests_record *r,
                               const struct layout_record *front, double in_flight)
{
    struct inference *inference = &scenario->job.inference;
    const struct layout_record *l = &r->layout;
    struct length prompt = {1, 0, 1}, output = {1, 0, 1};
    length_read(context, &scenario->tree, r->prompt, "prompt", &prompt);
    length_read(context, &scenario->tree, r->output, "output", &output);
    if (r->output_longest > 0 && r->output_longest < output.mean) {
        struct place place = scenario_place(scenario, "output_longest");
        problem(context, SPEEDUP_INCONSISTENT, &place, "'output_longest' is less than 'output'");
    }
    scenario_gather(context, scenario, &r->job);
    output.longest = fmax(output.longest, r->output_longest);
    scenario_check_length(context, scenario, "prompt", fmax(prompt.mean, prompt.longest) + fmax(output.mean, output.longest));
    check_spread(context, scenario, "prompt", &prompt);
    check_spread(context, scenario, "output", &output);
    /* What nothing else limits ends where the model's window does. */
    double window = scenario->model && scenario->model->max_sequence > 0 ? scenario->model->max_sequence - prompt.mean : 1e9;
    inference->prompt = prompt.mean;
    inference->output = output.mean;
    inference->prompt_spread = spread(&prompt);
    inference->output_spread = spread(&output);
    inference->output_deviation = output.deviation;
    inference->output_longest = output.longest > 0 ? output.longest : fmax(window, output.mean);
    double layout[VARIABLES] = {0}, pool[VARIABLES] = {0};
    layout_of(l, layout);
    layout[VARIABLE_ACCELERATORS] = r->job.accelerators;
    layout[VARIABLE_CONCURRENCY] = in_flight;
    layout_follow(&scenario->job, layout);
    struct place where = scenario_place(scenario, "layout"), prefill = scenario_place(scenario, "prefill");
    bool known = scenario->model && (in_flight > 0) != (inference->request_rate > 0);
    if (known && r->job.accelerators - inference->front.accelerators >= 1 && !scenario->open_layout)
        layout_explain(context, &scenario->job, layout, &where, &where);
    if (known && front) {
        layout_of(front, pool);
        pool[VARIABLE_ACCELERATORS] = inference->front.accelerators;
        pool[VARIABLE_CONCURRENCY] = in_flight;
        layout_explain_front(context, &scenario->job, pool, &prefill);
    }
    return scenario_complete(context, scenario, layout);
}

/* A pool of its own for prefill leaves some accelerators to decode. */
static void read_front(speedup_context *context, speedup_scenario *scenario, const struct serve_record *r)
{
    const struct layout_record *l = &r->prefill.layout;
    double accelerators = r->requests.job.accelerators, own = r->prefill.accelerators;
    if (own < 1 || accelerators < 1)
        return;
    if (own >= accelerators) {
        struct place place = scenario_place(scenario, "prefill");
        problem(context, SPEEDUP_INCONSISTENT, &place, "prefill takes %.0f of %.0f accelerators; leave some to decode", own, accelerators);
        return;
    }
    scenario->job.inference.front = (struct front){own, l->tensor, l->pipeline, l->attention_data};
}

speedup_status serving_read(speedup_context *context, speedup_scenario *scenario)
{
    struct inference *inference = &scenario->job.inference;
    struct serve_record r = {.requests = {.job = {.confidence = 0.9}, .layout = layout_unsaid}, .prefill.layout = layout_unsaid};
    record_read(context, &scenario->tree, scenario->section, &serve_table, NULL, &r);
    record_require(context, &scenario->tree, scenario->section, &serve_table, &r);
    struct place place = yaml_place(&scenario->tree, scenario->section);
    if (!context->first && r.concurrency <= 0 && r.request_rate <= 0)
        problem(context, SPEEDUP_MISSING_KEY, &place, "serve needs 'concurrency' or 'request_rate'");
    if (r.concurrency > 0 && r.request_rate > 0)
        problem(context, SPEEDUP_INCONSISTENT, &place, "'concurrency' follows from 'request_rate'; give one of them");
    scenario->job.kind = JOB_INFERENCE;
    inference->serving = true;
    inference->request_rate = r.request_rate;
    inference->fixed_lengths = r.fixed_lengths;
    inference->first_target = r.targets.time_to_first_token;
    inference->token_target = r.targets.time_per_output_token;
    read_front(context, scenario, &r);
    return complete(context, scenario, &r.requests, inference->front.accelerators > 0 ? &r.prefill.layout : NULL, r.concurrency);
}

speedup_status generation_read(speedup_context *context, speedup_scenario *scenario)
{
    struct generate_record r = {.requests = {.job = {.confidence = 0.9}, .layout = layout_unsaid}};
    record_read(context, &scenario->tree, scenario->section, &generate_table, NULL, &r);
    record_require(context, &scenario->tree, scenario->section, &generate_table, &r);
    scenario->job.kind = JOB_INFERENCE;
    return complete(context, scenario, &r.requests, NULL, r.batch);
}
