/* What a training step waits for the memory of its host. Knows what is kept there, but not by which optimization.
 * Times in seconds, sizes in bytes, rates per second. */
#include "estimate/job.h"

#define C(name) (job->c[COEFFICIENT_##name])
#define E(name) (e[TARGET_##name])
#define V(name) (v[VARIABLE_##name])
#define ZERO lanes_of(0.0)
#define ONE lanes_of(1.0)

/* Activations, weights and gradients cross the host link behind the work of their micro-batch. State crosses it once each
 * way, or is updated where it is, by the host (arXiv 2101.06840, sec. 4); pages cross where there is no room. `row` is
 * that of time over that of memory. */
struct offload training_offload(const struct job *job, const lanes v[VARIABLES], const lanes e[TARGETS], lanes parameters, lanes row,
                                lanes passes, lanes stage)
{
    struct offload offload = {ZERO, ZERO};
    lanes trained = parameters * E(UPDATE_FLOPS), crossing = ZERO, alone = ZERO;
    if (!lanes_all(E(HOST_ACTIVATIONS) == 0)) {
        lanes kept;
        training_kept(job, v, e, &kept);
        crossing = 2 * lanes_min(E(HOST_ACTIVATIONS), ONE) * kept * row;
        alone = lanes_min(E(HOST_SERIAL), ONE) * crossing;
        crossing -= alone;
    }
    lanes width = job->weight_bytes * (1 + E(CAST_WEIGHTS) * E(UPDATE_FLOPS)); /* autocast keeps in fp32 what is trained */
    lanes fetched = lanes_min(E(HOST_WEIGHTS), ONE) * passes * parameters * width * E(MEMORY_WEIGHTS);
    crossing += fetched;
    crossing += lanes_min(E(HOST_GRADIENTS), ONE) * trained * job->gradient_bytes * E(MEMORY_GRADIENTS);
    double link = C(HOST_LINK_RATE) * job->host_link;
    /* Drives of a node are shared by its accelerators; reading ahead hides as crossing to the host does (ZeRO-Infinity, arXiv
     * 2104.07857, sec. 6.2). */
    lanes drive = lanes_min(V(ACCELERATORS), lanes_of(job->node)) / (job->nvme > 0 ? job->nvme : C(NVME_BANDWIDTH));
    lanes read = lanes_min(E(NVME_WEIGHTS), ONE) * fetched * drive;
    offload.each = alone / (C(HOST_LINK_SERIAL) * job->host_link) + lanes_max(lanes_max(crossing / link, read) - stage, ZERO);
    lanes states = trained * E(MEMORY_OPTIMIZER) * training_state(e), runs = lanes_min(E(HOST_RUNS), ONE);
    offload.once = 2 * E(HOST_OPTIMIZER) * (1 - runs) * states / link;
    if (!lanes_all(runs == 0)) {
        lanes ranks = lanes_min(V(ACCELERATORS), lanes_of(job->node)), own = runs * trained * lanes_min(E(MEMORY_OPTIMIZER), ONE);
        double host = C(HOST_UPDATE_RATE) * (job->host_bandwidth > 0 ? job->host_bandwidth : C(HOST_BANDWIDTH));
        offload.once += own * (C(HOST_UPDATE_BYTES) * ranks / host + width / link);
    }
    /* The state is read and written once, and the new weights are written (sec. 5.1). */
    offload.once += drive * (2 * lanes_min(E(NVME_OPTIMIZER), ONE) * states + lanes_min(E(NVME_WEIGHTS), ONE) * trained * job->weight_bytes * E(MEMORY_WEIGHTS));
    if (!lanes_all(E(HOST_PAGED) == 0)) {
        lanes memory[METRICS], paged = lanes_min(E(HOST_PAGED), ONE) * states;
        training_memory(job, v, e, memory);
        lanes spilled = lanes_max(lanes_min(memory[SPEEDUP_METRIC_MEMORY_NEEDED] + paged - job->memory, paged), ZERO);
        offload.once += 2 * spilled / link;
    }
    return offload;
}
