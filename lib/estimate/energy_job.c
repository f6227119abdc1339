/* What a job's accelerator draws, as numbers, from the coefficients and the datasheet. */
#include "estimate/job.h"

#define C(name) (job->c[COEFFICIENT_##name])

/* J of an operation: narrower formats do more of them with the same watts. */
static double joules_of(const struct job *job, double peak)
{
    return peak > 0 ? C(POWER_PRODUCT) * job->accelerator->power / peak : 0;
}

static double peak_in(const struct job *job, enum precision precision)
{
    double peak = job->accelerator->peak.rate[precisions[precision].peak];
    return peak > 0 ? peak : job->half_peak;
}

void energy_measure(struct job *job)
{
    double rated = job->accelerator->power, node = job->power;
    job->energy = (struct energy){
        .rated = rated,
        .limit = job->power_limit > 0 ? job->power_limit : rated,
        .idle = C(POWER_IDLE) * rated,
        .host = fmax(node - rated, 0),
        .linear = joules_of(job, peak_in(job, job->matmul_precision)),
        .expert = joules_of(job, peak_in(job, job->expert_precision)),
        .head = joules_of(job, job->half_peak),
        .attention = C(POWER_ATTENTION) * rated,
        .moving = C(POWER_MOVING) * rated,
        .wire = C(POWER_LINK) * rated,
        .held = C(POWER_HELD),
        .rate = C(POWER_RATE),
    };
}
