/* Training scenarios: the format of `train:`, and what makes its layout impossible.
 * Knows no formula of the estimate. */
#include "estimate/scenario_parts.h"

struct layout_record {
    uint64_t present;
    double tensor, pipeline, context, expert, virtual_stages;
    bool ends_as_layers;
};

struct train_record {
    struct job_record job;
    double sequence, global_batch, micro_batch, tokens, checkpoint, restart;
    struct layout_record layout;
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

#define COUNT(name_, most_, required_, shown_, doc_) JOB_COUNT(train_record, name_, most_, required_, shown_, doc_)

static const struct field train_fields[] = {
    JOB_FRONT(train_record, job),
    COUNT(sequence, 1e9, true, NULL, "tokens per sequence"),
    COUNT(global_batch, 1e9, true, NULL, "sequences per step"),
    COUNT(micro_batch, 1e6, false, "1", "sequences per micro-batch"),
    {.key = "tokens", .type = FIELD_NUMBER, .dimension = DIMENSION_COUNT, .least = 1, .most = 1e18,
     .offset = offsetof(struct train_record, tokens), .shown = "no run", .doc = "tokens of the whole run"},
    {.key = "layout", .type = FIELD_RECORD, .record = &layout_table, .offset = offsetof(struct train_record, layout),
     .doc = "degrees of parallelism"},
    {.key = "checkpoint", .type = FIELD_NUMBER, .dimension = DIMENSION_SECONDS, .least = 0, .most = 1e6,
     .offset = offsetof(struct train_record, checkpoint), .shown = "60 s", .doc = "time that writing a checkpoint holds the job up"},
    {.key = "restart", .type = FIELD_NUMBER, .dimension = DIMENSION_SECONDS, .least = 0, .most = 1e7,
     .offset = offsetof(struct train_record, restart), .shown = "600 s", .doc = "time from a failure to the next step"},
    JOB_BACK(train_record, job),
    {.key = NULL},
};
const struct record_table train_table = {"train", "A training job.", train_fields};

/* A layout that cannot be is told with the numbers that do not divide. */
static void check_layout(speedup_context *context, const speedup_scenario *scenario, const struct train_record *r)
{
    struct place place = scenario_place(scenario, "layout");
    const struct layout_record *l = &r->layout;
    double ranks = l->tensor * l->pipeline * l->context, data = r->job.accelerators / ranks;
    if (data != floor(data) || data < 1) {
        problem(context, SPEEDUP_DOES_NOT_DIVIDE, &place,
                "tensor x pipeline x context = %.0f does not divide %.0f accelerators", ranks, r->job.accelerators);
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
    uint32_t batch = yaml_find(&scenario->tree, scenario->section, "micro_batch");
    place = yaml_place(&scenario->tree, batch ? batch : yaml_find(&scenario->tree, scenario->section, "global_batch"));
    if (fmod(r->global_batch, data * r->micro_batch) != 0)
        problem(context, SPEEDUP_DOES_NOT_DIVIDE, &place,
                "data x micro_batch = %.0f x %.0f does not divide a global batch of %.0f sequences", data,
                r->micro_batch, r->global_batch);
}

static speedup_status complete(speedup_context *context, speedup_scenario *scenario, const struct train_record *r)
{
    double data = r->job.accelerators / (r->layout.tensor * r->layout.pipeline * r->layout.context);
    const double layout[VARIABLES] = {
        [VARIABLE_ACCELERATORS] = r->job.accelerators,
        [VARIABLE_TENSOR] = r->layout.tensor,
        [VARIABLE_PIPELINE] = r->layout.pipeline,
        [VARIABLE_DATA] = data,
        [VARIABLE_CONTEXT] = r->layout.context,
        [VARIABLE_EXPERT] = r->layout.expert,
        [VARIABLE_VIRTUAL_STAGES] = r->layout.virtual_stages,
        [VARIABLE_MICRO_BATCH] = r->micro_batch,
        [VARIABLE_ENDS_AS_LAYERS] = r->layout.ends_as_layers,
        [VARIABLE_ACCUMULATION] = ceil(r->global_batch / (data * r->micro_batch) - 1e-9),
        [VARIABLE_ATTENTION_DATA] = 1,
    };
    return scenario_complete(context, scenario, layout);
}

speedup_status training_read(speedup_context *context, speedup_scenario *scenario)
{
    struct job *job = &scenario->job;
    struct train_record r = {.job = {.confidence = 0.9}, .micro_batch = 1, .checkpoint = 60, .restart = 600, .layout = {0, 1, 1, 1, 1, 1, false}};
    record_read(context, &scenario->tree, scenario->section, &train_table, NULL, &r);
    record_require(context, &scenario->tree, scenario->section, &train_table, &r);
    job->kind = JOB_TRAINING;
    job->sequence = r.sequence;
    job->global_batch = r.global_batch;
    job->tokens = r.tokens;
    job->checkpoint_seconds = r.checkpoint;
    job->restart_seconds = r.restart;
    scenario_gather(context, scenario, &r.job);
    scenario_check_length(context, scenario, "sequence", r.sequence);
    if (scenario->model && r.job.accelerators >= 1 && r.global_batch >= 1 && !r.job.uneven && !scenario->open_layout)
        check_layout(context, scenario, &r);
    return complete(context, scenario, &r);
}
