/* One block of layouts from variables to metrics. This file and the models that it
 * calls are compiled for registers of 32 bytes (KERNEL_WIDE) and of 16 (KERNEL_NARROW, by
 * halves of a block) where a processor may have either, which give the same bits; nothing
 * here may call across the two but by arrays. */
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

#ifdef KERNEL_NARROW
/* A half of what a block is answered from and with. */
struct half {
    lanes v[VARIABLES], e[TARGETS], out[METRICS];
};

static void take(lanes *half, const lane_block *whole, int from, int count)
{
    for (int i = 0; i < count; i++)
        half[i] = (lanes){whole[i][from], whole[i][from + 1]};
}

static void give(lane_block *whole, const lanes *half, int from, int count)
{
    for (int i = 0; i < count; i++)
        for (int lane = 0; lane < LANES; lane++)
            whole[i][from + lane] = half[i][lane];
}

static void evaluate_halves(const struct job *job, const lane_block v[VARIABLES], lane_block e[TARGETS], lane_block out[METRICS])
{
    for (int from = 0; from < BLOCK; from += LANES) {
        struct half half;
        take(half.v, v, from, VARIABLES);
        take(half.e, e, from, TARGETS);
        take(half.out, out, from, METRICS);
        evaluate(job, half.v, half.e, half.out);
        give(e, half.e, from, TARGETS);
        give(out, half.out, from, METRICS);
    }
}

static void effects_halves(const struct effects *effects, const lane_block v[VARIABLES], lane_block e[TARGETS], lane_block *status)
{
    for (int from = 0; from < BLOCK; from += LANES) {
        struct half half;
        lanes found;
        take(half.v, v, from, VARIABLES);
        take(half.e, e, from, TARGETS);
        take(&found, status, from, 1);
        effects_evaluate(effects, half.v, half.e, &found);
        give(e, half.e, from, TARGETS);
        give(status, &found, from, 1);
    }
}

static void part_halves(void (*part)(const struct job *job, const lanes v[VARIABLES], const lanes e[TARGETS], lanes out[METRICS]),
                        const struct job *job, const lane_block v[VARIABLES], const lane_block e[TARGETS], lane_block out[METRICS])
{
    for (int from = 0; from < BLOCK; from += LANES) {
        struct half half;
        take(half.v, v, from, VARIABLES);
        take(half.e, e, from, TARGETS);
        take(half.out, out, from, METRICS);
        part(job, half.v, half.e, half.out);
        give(out, half.out, from, METRICS);
    }
}

static void memory_halves(const struct job *job, const lane_block v[VARIABLES], const lane_block e[TARGETS], lane_block out[METRICS])
{
    part_halves(training_memory, job, v, e, out);
}

static void time_halves(const struct job *job, const lane_block v[VARIABLES], const lane_block e[TARGETS], lane_block out[METRICS])
{
    part_halves(training_time, job, v, e, out);
}

static void run_halves(const struct job *job, const lane_block v[VARIABLES], lane_block out[METRICS])
{
    for (int from = 0; from < BLOCK; from += LANES) {
        struct half half;
        take(half.v, v, from, VARIABLES);
        take(half.out, out, from, METRICS);
        training_run(job, half.v, half.out);
        give(out, half.out, from, METRICS);
    }
}

static void derive_halves(const struct job *job, lane_block v[VARIABLES])
{
    for (int from = 0; from < BLOCK; from += LANES) {
        struct half half;
        take(half.v, v, from, VARIABLES);
        layout_derive(job, half.v);
        give(v, half.v, from, VARIABLES);
    }
}

static void complete_halves(const struct job *job, lane_block v[VARIABLES], block_mask *possible)
{
    for (int from = 0; from < BLOCK; from += LANES) {
        struct half half;
        lane_mask can = {(*possible)[from], (*possible)[from + 1]};
        take(half.v, v, from, VARIABLES);
        layout_complete(job, half.v, &can);
        give(v, half.v, from, VARIABLES);
        for (int lane = 0; lane < LANES; lane++)
            (*possible)[from + lane] = can[lane];
    }
}
#define BY_BLOCKS(whole, halves) halves
#else
#define BY_BLOCKS(whole, halves) whole
#endif

const struct kernel KERNEL_TABLE = {
    .evaluate = BY_BLOCKS(evaluate, evaluate_halves),
    .effects = BY_BLOCKS(effects_evaluate, effects_halves),
    .training_memory = BY_BLOCKS(training_memory, memory_halves),
    .training_time = BY_BLOCKS(training_time, time_halves),
    .training_run = BY_BLOCKS(training_run, run_halves),
    .derive = BY_BLOCKS(layout_derive, derive_halves),
    .complete = BY_BLOCKS(layout_complete, complete_halves),
};
