/* The engine that makes completions for the steps of a training job: an inference job of the same model and machine, made
 * of plain values. Knows no formula of the estimate. */
#include "estimate/scenario_parts.h"

/* The service that an engine's part of the rollout is. Where the job was read from a text, so are its places: a key of
 * `rollout:` is found there. */
static void describe(const struct job_description *r, struct job_description *d)
{
    const struct asked_rollout *asked = &r->rollout;
    description_begin(SECTION_SERVE, d);
    description_give_required(d);
    d->tree = r->tree;
    d->node = r->tree ? yaml_find(r->tree, r->node, "rollout") : 0;
    d->model = r->model;
    d->system = r->system;
    d->stack = asked->stack;
    d->accelerators = r->accelerators;
    d->layout.tensor = asked->tensor;
    d->uneven = r->uneven;
    d->prompt = asked->prompt;
    d->output = asked->output;
    d->concurrency = fmin(r->global_batch * asked->steps, 1e9);
    d->optimizations = asked->optimizations;
    d->calibration = r->calibration;
}

/* What a batch of completions must be. */
static void check(speedup_context *context, const speedup_scenario *scenario, const speedup_scenario *engine)
{
    const struct job_description *r = &scenario->asked;
    const struct asked_rollout *asked = &r->rollout;
    double completions = r->global_batch * asked->steps;
    struct place samples = description_place(&engine->asked, "samples"), stack = description_place(&engine->asked, "stack");
    if (asked->samples > completions)
        problem(context, SPEEDUP_INCONSISTENT, &samples, "%.0f samples of a prompt are more than the batch of %.0f sequences", asked->samples, completions);
    else if (fmod(completions, asked->samples) != 0 && !r->uneven)
        problem(context, SPEEDUP_DOES_NOT_DIVIDE, &samples, "%.0f samples of a prompt do not divide the batch of %.0f sequences", asked->samples, completions);
    if (!context->first && !stack_serves(engine)) {
        problem(context, SPEEDUP_INCONSISTENT, &stack, "'%s' makes no completions: nothing is known of it in inference", asked->stack);
        problem_remedy(context, "name the engine that serves the policy in 'rollout.stack'");
    }
}

void rollout_make(speedup_context *context, speedup_scenario *scenario)
{
    const struct asked_rollout *asked = &scenario->asked.rollout;
    if (!asked->present || context->first)
        return;
    speedup_scenario *engine = scenario->rollout = scenario_allocate(context);
    struct rollout *made = arena_zeroed(&scenario->arena, 1, sizeof *made);
    if (!engine || !made)
        return;
    engine->catalog = speedup_catalog_ref(scenario->catalog);
    describe(&scenario->asked, &engine->asked);
    inference_make(context, engine);
    check(context, scenario, engine);
    *made = (struct rollout){.engine = &engine->job,
                             .variables = engine->variables,
                             .tensor = asked->tensor,
                             .samples = asked->samples,
                             .steps = asked->steps,
                             .concurrency = asked->concurrency,
                             .memory = asked->memory,
                             .sleeps = asked->sleep};
    if (!context->first)
        scenario->job.rollout = made;
}
