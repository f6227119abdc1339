/* Training scenarios: the format of `train:`. Knows no formula of the estimate. */
#include "estimate/scenario_parts.h"

struct train_record {
    struct job_record job;
    double sequence, global_batch, micro_batch, tokens, checkpoint, restart;
    struct layout_record layout;
};

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

static speedup_status complete(speedup_context *context, speedup_scenario *scenario, const struct train_record *r)
{
    double layout[VARIABLES] = {0};
    layout_of(&r->layout, layout);
    layout[VARIABLE_ACCELERATORS] = r->job.accelerators;
    layout[VARIABLE_MICRO_BATCH] = r->micro_batch;
    layout_follow(&scenario->job, layout);
    if (scenario->model && r->job.accelerators >= 1 && r->global_batch >= 1 && !scenario->open_layout) {
        uint32_t batch = yaml_find(&scenario->tree, scenario->section, "micro_batch");
        struct place where = scenario_place(scenario, "layout"), at = scenario_place(scenario, batch ? "micro_batch" : "global_batch");
        layout_explain(context, &scenario->job, layout, &where, &at);
    }
    return scenario_complete(context, scenario, layout);
}

speedup_status training_read(speedup_context *context, speedup_scenario *scenario)
{
    struct job *job = &scenario->job;
    struct train_record r = {.job = {.confidence = 0.9}, .micro_batch = 1, .checkpoint = 60, .restart = 600, .layout = layout_unsaid};
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
    return complete(context, scenario, &r);
}
