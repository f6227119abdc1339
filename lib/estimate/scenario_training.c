/* Training jobs. Knows no formula of the estimate, no rule of layouts, and no text. */
#include "estimate/scenario_parts.h"

/* A limit must leave something to work with, and cannot lift what the chip is rated for. */
static void check_power_limit(speedup_context *context, const speedup_scenario *scenario)
{
    const struct job_description *r = &scenario->asked;
    const struct accelerator *accelerator = scenario->accelerator;
    if (!(r->power_limit > 0) || !accelerator)
        return;
    double idle = scenario->job.c[COEFFICIENT_POWER_IDLE] * accelerator->power;
    struct place place = description_place(r, "power_limit");
    if (!(accelerator->power > 0))
        problem(context, SPEEDUP_OUT_OF_RANGE, &place, "the catalog has no power of '%s' that a limit could be under", accelerator->head.id);
    else if (!(r->power_limit > idle && r->power_limit <= accelerator->power))
        problem(context, SPEEDUP_OUT_OF_RANGE, &place, "a power limit of '%s' is over %.0f W, which it draws idle, and %.0f W at most",
                accelerator->head.id, idle, accelerator->power);
}

speedup_status training_make(speedup_context *context, speedup_scenario *scenario)
{
    struct job *job = &scenario->job;
    const struct job_description *r = &scenario->asked;
    job->kind = JOB_TRAINING;
    job->global_batch = r->global_batch;
    job->tokens = r->tokens;
    job->checkpoint_seconds = r->checkpoint;
    job->restart_seconds = r->restart;
    job->power_limit = r->power_limit;
    job->evaluation_tokens = r->evaluation.tokens;
    job->evaluation_every = r->evaluation.every;
    scenario_gather(context, scenario);
    job->unsplit = scenario->stack && scenario->stack->whole_models;
    check_power_limit(context, scenario);
    struct place sequence = description_place(r, "sequence"), packing = description_place(r, "packing");
    const struct model *model = scenario->model;
    enum packing how = (enum packing)r->packing;
    double reaches = length_reaches(&r->sequence, how);
    length_rows(&r->sequence, how, model ? model->max_sequence : 0, &job->sequence, &job->rows);
    length_check_packing(context, &packing, how, &r->sequence);
    if (!check_window(context, model, job->kind, reaches, &sequence))
        scenario->beyond = reaches;
    rollout_make(context, scenario);
    double layout[VARIABLES] = {0};
    layout_of(&r->layout, layout);
    layout[VARIABLE_ACCELERATORS] = r->accelerators;
    layout[VARIABLE_MICRO_BATCH] = r->micro_batch;
    layout_follow(job, layout);
    static const char *const layout_keys[] = {"layout", "accelerators", NULL},
                             *const batch_keys[] = {"micro_batch", "global_batch", "layout", "accelerators", NULL};
    struct place where = description_place_of(r, layout_keys), batch = description_place_of(r, batch_keys);
    if (scenario->model && r->accelerators >= 1 && r->global_batch >= 1 && !scenario->open_layout)
        layout_explain(context, job, layout, &where, &batch);
    return scenario_complete(context, scenario, layout);
}
