/* Training jobs. Knows no formula of the estimate, no rule of layouts, and no text. */
#include "estimate/scenario_parts.h"

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
    struct place sequence = description_place(r, "sequence");
    check_window(context, scenario->model, r->sequence, &sequence);
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
