/* Inference scenarios: the format of `serve:` and `generate:`, and what makes their
 * layouts impossible. Knows no formula of the estimate. */
#include "estimate/scenario_parts.h"

struct serving_layout_record {
    uint64_t present;
    double tensor, pipeline, expert, attention_data;
};

/* The keys of both sections behind those of any job. */
struct requests_record {
    struct job_record job;
    struct serving_layout_record layout;
    double prompt, output, output_longest;
};

struct serve_record {
    struct requests_record requests;
    double concurrency, request_rate;
    struct targets_record targets;
    bool fixed_lengths;
};

struct generate_record {
    struct requests_record requests;
    double batch;
};

#define DEGREE(name_, doc_) JOB_COUNT(serving_layout_record, name_, 1e6, false, "1", doc_)

static const struct field serving_layout_fields[] = {
    DEGREE(tensor, "tensor-parallel degree of attention"),
    DEGREE(pipeline, "pipeline stages"),
    DEGREE(expert, "expert-parallel degree; experts are spread over all ranks of a copy, whole or in parts, and take the same time"),
    DEGREE(attention_data, "groups of ranks of one copy that share the batch of attention out among them, each with a cache of its own"),
    {.key = NULL},
};
const struct record_table serving_layout_table = {
    "layout", "Degrees of parallelism; copies of the model take what is left of the accelerators.", serving_layout_fields};

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
#define REQUESTS(owner)                                                                                       \
    REQUEST_COUNT(owner, prompt, true, NULL, "tokens of a prompt, mean"),                                    \
    REQUEST_COUNT(owner, output, true, NULL, "tokens generated for a request, mean"),                        \
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

/* A layout that cannot be is told with the numbers that do not divide. */
static void check_layout(speedup_context *context, const speedup_scenario *scenario, const struct requests_record *r)
{
    struct place place = scenario_place(scenario, "layout");
    const struct serving_layout_record *l = &r->layout;
    const struct model *model = scenario->model;
    double ranks = l->tensor * l->attention_data * l->pipeline, copies = r->job.accelerators / ranks;
    if (copies != floor(copies) || copies < 1) {
        problem(context, SPEEDUP_DOES_NOT_DIVIDE, &place,
                "tensor x attention_data x pipeline = %.0f does not divide %.0f accelerators", ranks, r->job.accelerators);
        return;
    }
    if (fmod(model->heads, l->tensor) != 0)
        problem(context, SPEEDUP_DOES_NOT_DIVIDE, &place, "tensor = %.0f does not divide the model's %.0f heads", l->tensor,
                model->heads);
    if (l->pipeline > model->layers)
        problem(context, SPEEDUP_DOES_NOT_DIVIDE, &place, "%.0f pipeline stages are more than the model's %.0f layers",
                l->pipeline, model->layers);
    if (l->expert > 1 && (model->experts.count <= 0 || fmod(model->experts.count, l->expert) != 0))
        problem(context, SPEEDUP_DOES_NOT_DIVIDE, &place, "expert = %.0f does not divide the model's %.0f experts", l->expert,
                model->experts.count);
    if (l->expert > l->tensor * l->attention_data)
        problem(context, SPEEDUP_DOES_NOT_DIVIDE, &place, "expert = %.0f is more than the %.0f ranks of a copy of the model",
                l->expert, l->tensor * l->attention_data);
}

/* What both sections give to the job; `in_flight` requests or prompts. */
static speedup_status complete(speedup_context *context, speedup_scenario *scenario, const struct requests_record *r,
                               double in_flight)
{
    struct inference *inference = &scenario->job.inference;
    const struct serving_layout_record *l = &r->layout;
    inference->prompt = r->prompt;
    inference->output = r->output;
    inference->output_longest = fmax(r->output, r->output_longest);
    scenario_gather(context, scenario, &r->job);
    scenario_check_length(context, scenario, "prompt", r->prompt + inference->output_longest);
    if (r->output_longest > 0 && r->output_longest < r->output) {
        struct place place = scenario_place(scenario, "output_longest");
        problem(context, SPEEDUP_INCONSISTENT, &place, "'output_longest' is less than 'output'");
    }
    if (scenario->model && r->job.accelerators >= 1 && !r->job.uneven && !scenario->open_layout)
        check_layout(context, scenario, r);
    const double layout[VARIABLES] = {
        [VARIABLE_ACCELERATORS] = r->job.accelerators,
        [VARIABLE_TENSOR] = l->tensor,
        [VARIABLE_PIPELINE] = l->pipeline,
        [VARIABLE_DATA] = r->job.accelerators / (l->tensor * l->attention_data * l->pipeline),
        [VARIABLE_CONTEXT] = 1,
        [VARIABLE_EXPERT] = l->expert,
        [VARIABLE_VIRTUAL_STAGES] = 1,
        [VARIABLE_MICRO_BATCH] = 1,
        [VARIABLE_ACCUMULATION] = 1,
        [VARIABLE_ATTENTION_DATA] = l->attention_data,
        [VARIABLE_CONCURRENCY] = in_flight,
    };
    return scenario_complete(context, scenario, layout);
}

static const struct requests_record requests_default = {.job = {.confidence = 0.9}, .layout = {0, 1, 1, 1, 1}};

speedup_status serving_read(speedup_context *context, speedup_scenario *scenario)
{
    struct inference *inference = &scenario->job.inference;
    struct serve_record r = {.requests = requests_default};
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
    return complete(context, scenario, &r.requests, r.concurrency);
}

speedup_status generation_read(speedup_context *context, speedup_scenario *scenario)
{
    struct generate_record r = {.requests = requests_default};
    record_read(context, &scenario->tree, scenario->section, &generate_table, NULL, &r);
    record_require(context, &scenario->tree, scenario->section, &generate_table, &r);
    scenario->job.kind = JOB_INFERENCE;
    return complete(context, scenario, &r.requests, r.batch);
}
