/* Inference jobs: services and static batches. Knows no formula of the estimate, no rule
 * of layouts, and no text. */
#include "estimate/scenario_parts.h"

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
    struct place place = description_place(&scenario->asked, key);
    if (length->deviation > widest)
        problem(context, SPEEDUP_TOO_LONG, &place, "a deviation of %.4g about %.4g tokens takes lengths beyond the %.0f of '%s'", length->deviation,
                length->mean, model->max_sequence, model->head.id);
}

/* A pool of its own for prefill leaves some accelerators to decode. */
static void take_front(speedup_context *context, speedup_scenario *scenario)
{
    const struct degrees *l = &scenario->asked.prefill.layout;
    double accelerators = scenario->asked.accelerators, own = scenario->asked.prefill.accelerators;
    if (own < 1 || accelerators < 1)
        return;
    if (own >= accelerators) {
        struct place place = description_place(&scenario->asked, "prefill");
        problem(context, SPEEDUP_INCONSISTENT, &place, "prefill takes %.0f of %.0f accelerators; leave some to decode", own, accelerators);
        return;
    }
    scenario->job.inference.front = (struct front){own, l->tensor, l->pipeline, l->attention_data};
}

/* How many requests there are at once, or how fast they come. */
static void take_load(speedup_context *context, speedup_scenario *scenario)
{
    const struct job_description *d = &scenario->asked;
    struct inference *inference = &scenario->job.inference;
    struct place place = description_place(d, NULL);
    if (!context->first && d->concurrency <= 0 && d->request_rate <= 0)
        problem(context, SPEEDUP_MISSING_KEY, &place, "serve needs 'concurrency' or 'request_rate'");
    if (d->concurrency > 0 && d->request_rate > 0)
        problem(context, SPEEDUP_INCONSISTENT, &place, "'concurrency' follows from 'request_rate'; give one of them");
    inference->serving = true;
    inference->request_rate = d->request_rate;
    inference->burstiness = d->burstiness > 0 ? d->burstiness : 1;
    inference->requests = d->requests;
    inference->client_latency = d->client_latency;
    inference->fixed_lengths = d->fixed_lengths;
    inference->first_target = d->targets.time_to_first_token;
    inference->token_target = d->targets.time_per_output_token;
    take_front(context, scenario);
}

static void take_lengths(speedup_context *context, speedup_scenario *scenario)
{
    const struct job_description *d = &scenario->asked;
    struct inference *inference = &scenario->job.inference;
    struct length prompt = d->prompt, output = d->output;
    output.longest = fmax(output.longest, d->output_longest);
    struct place place = description_place_of(d, (const char *const[]){"prompt", "output", NULL});
    check_window(context, scenario->model, JOB_INFERENCE, fmax(prompt.mean, prompt.longest) + fmax(output.mean, output.longest), &place);
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
}

speedup_status inference_make(speedup_context *context, speedup_scenario *scenario)
{
    const struct job_description *d = &scenario->asked;
    struct inference *inference = &scenario->job.inference;
    scenario->job.kind = JOB_INFERENCE;
    if (d->section == SECTION_SERVE)
        take_load(context, scenario);
    if (d->output_longest > 0 && d->output_longest < d->output.mean) {
        struct place place = description_place(d, "output_longest");
        problem(context, SPEEDUP_INCONSISTENT, &place, "'output_longest' is less than 'output'");
    }
    scenario_gather(context, scenario);
    take_lengths(context, scenario);
    double in_flight = d->section == SECTION_SERVE ? d->concurrency : d->batch, front = inference->front.accelerators;
    double layout[VARIABLES] = {0}, pool[VARIABLES] = {0};
    layout_of(&d->layout, layout);
    layout[VARIABLE_ACCELERATORS] = d->accelerators;
    layout[VARIABLE_CONCURRENCY] = in_flight;
    layout_follow(&scenario->job, layout);
    static const char *const keys[] = {"layout", "accelerators", "tensor", NULL};
    struct place where = description_place_of(d, keys), prefill = description_place(d, "prefill");
    bool known = scenario->model && (in_flight > 0) != (inference->request_rate > 0);
    if (known && d->accelerators - front >= 1 && !scenario->open_layout)
        layout_explain(context, &scenario->job, layout, &where, &where);
    if (known && front > 0) {
        layout_of(&d->prefill.layout, pool);
        pool[VARIABLE_ACCELERATORS] = front;
        pool[VARIABLE_CONCURRENCY] = in_flight;
        layout_explain_front(context, &scenario->job, pool, &prefill);
    }
    return scenario_complete(context, scenario, layout);
}
