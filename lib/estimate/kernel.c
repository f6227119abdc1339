/* One block of layouts from variables to metrics. This file and the models that it
 * calls are compiled once more for wide registers (KERNEL_WIDE), which give the same
 * bits; nothing here may call across the two but by arrays. */
#include "estimate/job.h"

/* The whole run from the step and the power in it, and how sure it all is. */
void training_run(const struct job *job, const lanes v[VARIABLES], lanes out[METRICS])
{
    const double *c = job->c;
    lanes n = v[VARIABLE_ACCELERATORS];
    double steps = ceil(job->tokens / (job->global_batch * job->rows.tokens) * (1 - 1e-12)); /* whole ones */
    lanes seconds = steps * out[SPEEDUP_METRIC_STEP_SECONDS];
    if (job->evaluation_every > 0)
        seconds += floor(steps / job->evaluation_every) * out[SPEEDUP_METRIC_TIME_EVALUATION];
    /* Young (1974), Daly (2006): checkpoints every sqrt(2 C MTBF); each failure costs
     * half an interval and a restart. */
    lanes expected = seconds;
    if (job->failures > 0 && job->checkpoint_seconds > 0) {
        lanes mtbf = 1 / (job->failures * n), interval;
        LANES_EACH(interval, sqrt(2 * job->checkpoint_seconds * mtbf[lane_]));
        lanes busy = seconds * (1 + job->checkpoint_seconds / interval);
        lanes loss = lanes_min((interval / 2 + job->restart_seconds) / mtbf, lanes_of(0.99));
        expected = busy / (1 - loss);
    }
    lanes hours = expected * n / 3600;
    out[SPEEDUP_METRIC_STEPS] = lanes_of(steps);
    out[SPEEDUP_METRIC_RUN_SECONDS] = seconds;
    out[SPEEDUP_METRIC_RUN_EXPECTED_SECONDS] = expected;
    out[SPEEDUP_METRIC_ACCELERATOR_HOURS] = hours;
    out[SPEEDUP_METRIC_COST] = hours * job->price;
    out[SPEEDUP_METRIC_ENERGY] =
        hours * (out[SPEEDUP_METRIC_POWER] + job->energy.host) / 1000 * c[COEFFICIENT_POWER_OVERHEAD];
    lanes time = out[SPEEDUP_METRIC_TIME_SIGMA], power = lanes_of(c[COEFFICIENT_ENERGY_SIGMA]);
    out[SPEEDUP_METRIC_ENERGY_SIGMA] = lanes_root(time * time + power * power);
    out[SPEEDUP_METRIC_MEMORY_SIGMA] = lanes_of(c[COEFFICIENT_MEMORY_SIGMA]);
}

static void training_answer(const struct job *job, const lanes v[VARIABLES], const lanes e[TARGETS], lanes out[METRICS])
{
    training_time(job, v, e, out);
    training_memory(job, v, e, out);
    training_run(job, v, out);
    lanes headroom = job->memory - out[SPEEDUP_METRIC_MEMORY_NEEDED];
    out[SPEEDUP_METRIC_MEMORY_HEADROOM] = headroom;
    out[SPEEDUP_METRIC_FITS] = lanes_select(job_fits(job, out[SPEEDUP_METRIC_MEMORY_NEEDED], out[SPEEDUP_METRIC_MEMORY_HOST]), lanes_of(1.0), lanes_of(0.0));
}

static void evaluate(const struct job *job, const lanes v[VARIABLES], lanes e[TARGETS], lanes out[METRICS])
{
    bool training = job->kind == JOB_TRAINING;
    lane_mask possible;
    layout_possible(job, v, &possible);
    lanes status = lanes_select(possible, lanes_of(0.0), lanes_of((double)SPEEDUP_DOES_NOT_DIVIDE));
    effects_evaluate(&job->effects, v, e, &status);
    if (training)
        training_answer(job, v, e, out);
    else
        inference_answer(job, v, e, out);
    lanes time = out[training ? SPEEDUP_METRIC_STEP_SECONDS : SPEEDUP_METRIC_TIME_PER_OUTPUT_TOKEN];
    lanes peak = out[SPEEDUP_METRIC_MEMORY_PEAK];
    /* What does not fit has no times in inference. */
    lane_mask timed = (time > 0) | (training ? lanes_of(0.0) != 0 : out[SPEEDUP_METRIC_FITS] == 0);
    if (!training)
        time += out[SPEEDUP_METRIC_PREFILL_SECONDS] + out[SPEEDUP_METRIC_REQUEST_SECONDS];
    lane_mask finite = timed & (time < LONGEST_TIME) & (peak >= 0) & (peak < LONGEST_TIME);
    out[SPEEDUP_METRIC_STATUS] = lanes_select(finite | (status != 0), status, lanes_of((double)SPEEDUP_BAD_EFFECT));
}

const struct kernel KERNEL_TABLE = {
    .evaluate = evaluate,
    .effects = effects_evaluate,
    .training_memory = training_memory,
    .training_time = training_time,
    .training_run = training_run,
    .derive = layout_derive,
    .complete = layout_complete,
};
