/* Training jobs, and what makes their layouts impossible. Knows no formula of the
 * estimate, and no text. */
#include "estimate/scenario_parts.h"

/* A layout that cannot be is told with the numbers that do not divide. */
static void check_layout(speedup_context *context, const speedup_scenario *scenario, const struct job_description *r)
{
    struct place place = description_place(&scenario->asked, "layout");
    const struct degrees *l = &r->layout;
    double ranks = l->tensor * l->pipeline * l->context, data = r->accelerators / ranks;
    if (data != floor(data) || data < 1) {
        problem(context, SPEEDUP_DOES_NOT_DIVIDE, &place,
                "tensor x pipeline x context = %.0f does not divide %.0f accelerators", ranks, r->accelerators);
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
    bool given = r->tree && yaml_find(r->tree, r->node, "micro_batch");
    place = description_place(r, given ? "micro_batch" : "global_batch");
    if (fmod(r->global_batch, data * r->micro_batch) != 0)
        problem(context, SPEEDUP_DOES_NOT_DIVIDE, &place,
                "data x micro_batch = %.0f x %.0f does not divide a global batch of %.0f sequences", data,
                r->micro_batch, r->global_batch);
}

static speedup_status complete(speedup_context *context, speedup_scenario *scenario, const struct job_description *r)
{
    double data = r->accelerators / (r->layout.tensor * r->layout.pipeline * r->layout.context);
    const double layout[VARIABLES] = {
        [VARIABLE_ACCELERATORS] = r->accelerators,
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

speedup_status training_make(speedup_context *context, speedup_scenario *scenario)
{
    struct job *job = &scenario->job;
    const struct job_description *r = &scenario->asked;
    job->kind = JOB_TRAINING;
    job->sequence = r->sequence;
    job->global_batch = r->global_batch;
    job->tokens = r->tokens;
    job->checkpoint_seconds = r->checkpoint;
    job->restart_seconds = r->restart;
    scenario_gather(context, scenario);
    scenario_check_length(context, scenario, "sequence", r->sequence);
    if (scenario->model && r->accelerators >= 1 && r->global_batch >= 1 && !r->uneven && !scenario->open_layout)
        check_layout(context, scenario, r);
    return complete(context, scenario, r);
}
