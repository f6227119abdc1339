/* Completions that a training step makes of its prompts with the policy itself: how long an engine on the same
 * accelerators takes for them, and what memory it holds beside the training state. Knows the engine as an inference job,
 * and of the update only what stays in memory. Compiled twice (see kernel.c). */
#include "estimate/pass.h"

/* What the completions of a step take of an accelerator. */
struct rolled {
    lanes seconds, running;                  /* running: sequences of an engine at once */
    lanes weights, runtime, cache;           /* of the engine */
    lanes needed;                            /* the least that it does with */
};

/* Seconds of N sequences on an engine that takes B at once, of whose prompts a share is computed. A step costs a fixed time,
 * and one for every sequence in it; so all tokens cost what they do in full steps, and the steps that run on with fewer
 * sequences, to the end of the last ones, the fixed time more. A static batch waits for its longest each time. */
static lanes complete(const struct job *job, const struct split *at, const lanes e[TARGETS], lanes N, lanes B, lanes computed)
{
    const struct inference *m = &job->inference;
    struct answer a;
    struct pass alone;
    prefill(job, at, e, ONE, ONE, ZERO, &a.prefill);
    a.prompt = a.prompt_stage = pass_total(&a.prefill);
    a.chunks = lanes_ceil(prompt_chunks(job, e));
    a.passage = a.arrivals = ONE;
    a.company = B;
    a.bring = computed;
    decode_among(job, at, e, B - 1, &a);
    decode(job, at, e, ONE, &alone);
    lanes waves = N / B, whole = lanes_ceil(waves), beyond = beyond_mean(job, B), continuous = lanes_min(E(BATCHING), ONE);
    lanes fixed = pass_total(&alone) * (1 + drafting(e)) / tokens_per_step(e), host = lanes_of(C(FIRST_TOKEN));
    lanes steady = waves * a.decoding + lanes_max((whole - waves) * m->output, beyond) * fixed + host;
    lanes batches = whole * (a.decoding + beyond * a.token + host);
    return continuous * steady + (1 - continuous) * batches;
}

/* New weights come to the engine from the ranks that share them out, or from the same memory. */
static lanes take_weights(const struct job *job, lanes accelerators, lanes weights)
{
    double link = C(LINK_FRACTION) * job->link, network = fmin(link, C(NETWORK_FRACTION) * job->network / job->node);
    lanes rate = lanes_select(accelerators > job->domain, lanes_of(network), lanes_of(link));
    return weights / lanes_select(accelerators > 1, rate, lanes_of(job->bandwidth * C(BANDWIDTH_FRACTION) / 2));
}

/* The engine where `staying` bytes of the training state stay in memory. Its samples of a prompt share the prompt's keys and
 * values (arXiv 2309.06180, sec. 4.4), as long as it pages its cache, which those do that batch continuously. */
static void roll(const struct rollout *r, lanes accelerators, lanes sequences, lanes staying, struct rolled *out)
{
    const struct job *job = r->engine;
    const struct inference *m = &job->inference;
    lanes v[VARIABLES], e[TARGETS], status = ZERO, copies = accelerators / r->tensor;
    for (int i = 0; i < VARIABLES; i++)
        v[i] = lanes_of(r->variables[i][0]);
    v[VARIABLE_ACCELERATORS] = accelerators;
    v[VARIABLE_DATA] = copies;
    effects_begin(&job->effects, e);
    effects_evaluate(&job->effects, v, e, &status);
    struct split at = {.n = lanes_of(r->tensor), .d = ONE, .p = ONE, .copies = copies};
    struct memory memory;
    prepare(job, e, &at);
    lanes computed = 1 - lanes_min(E(BATCHING), ONE) * (1 - 1 / r->samples);
    lanes room = r->memory > 0 ? lanes_of(r->memory * job->memory) : job->memory - staying;
    hold(job, &at, e, room, m->prompt * computed + m->output, &memory);
    lanes N = lanes_max(lanes_ceil(sequences / copies), ONE), B = lanes_min(N, lanes_max(lanes_floor(lanes_min(memory.capacity, N)), ONE));
    if (r->concurrency > 0)
        B = lanes_min(B, lanes_of(r->concurrency));
    lanes cache = B * memory.sequence, reserved = r->memory > 0 ? room - memory.weights - memory.runtime : ZERO;
    lanes least = memory.weights + least_runtime(job) * E(MEMORY_RUNTIME) + memory.sequence;
    out->running = B;
    out->weights = memory.weights;
    out->runtime = memory.runtime;
    out->cache = lanes_max(cache, reserved);
    out->needed = staying + (r->memory > 0 ? lanes_max(room, least) : least);
    out->seconds = (complete(job, &at, e, N, B, computed) + take_weights(job, accelerators, memory.weights)) / r->steps;
}

void rollout_join(const struct job *job, const lanes v[VARIABLES], const struct staying *s, lanes out[METRICS])
{
    const struct rollout *r = job->rollout;
    struct rolled engine;
    lanes state = s->weights + s->gradients + s->optimizer, staying = state + s->buffers;
    roll(r, V(ACCELERATORS), lanes_of(job->global_batch * r->steps), staying, &engine);
    lanes used = state + engine.weights + engine.cache, peak = used + s->buffers + engine.runtime;
    /* An engine that does not sleep keeps weights and cache during the update. */
    if (!r->sleeps) {
        lanes kept = engine.weights + engine.cache, all = out[SPEEDUP_METRIC_MEMORY_PEAK] + kept;
        out[SPEEDUP_METRIC_MEMORY_WEIGHTS] += engine.weights;
        out[SPEEDUP_METRIC_MEMORY_KV] += engine.cache;
        out[SPEEDUP_METRIC_MEMORY_NEEDED] += kept;
        out[SPEEDUP_METRIC_MEMORY_PEAK] = lanes_max(out[SPEEDUP_METRIC_MEMORY_NEEDED], lanes_min(all, lanes_of(job->memory)));
        out[SPEEDUP_METRIC_MEMORY_RUNTIME] -= all - out[SPEEDUP_METRIC_MEMORY_PEAK];
        out[SPEEDUP_METRIC_MEMORY_ALLOCATED] += kept;
        out[SPEEDUP_METRIC_MEMORY_RESERVED] += kept - (all - out[SPEEDUP_METRIC_MEMORY_PEAK]);
    }
    const struct {
        int metric;
        lanes bytes;
    } parts[] = {
        {SPEEDUP_METRIC_MEMORY_WEIGHTS, s->weights + engine.weights}, {SPEEDUP_METRIC_MEMORY_GRADIENTS, s->gradients},
        {SPEEDUP_METRIC_MEMORY_OPTIMIZER, s->optimizer},               {SPEEDUP_METRIC_MEMORY_ACTIVATIONS, ZERO},
        {SPEEDUP_METRIC_MEMORY_RESIDUAL, ZERO},                        {SPEEDUP_METRIC_MEMORY_SCORES, ZERO},
        {SPEEDUP_METRIC_MEMORY_LOGITS, ZERO},                          {SPEEDUP_METRIC_MEMORY_KV, engine.cache},
        {SPEEDUP_METRIC_MEMORY_BUFFERS, s->buffers},                   {SPEEDUP_METRIC_MEMORY_RUNTIME, engine.runtime},
        {SPEEDUP_METRIC_MEMORY_ALLOCATED, used},                       {SPEEDUP_METRIC_MEMORY_RESERVED, used},
        {SPEEDUP_METRIC_MEMORY_PEAK, peak},
    };
    lane_mask larger = peak > out[SPEEDUP_METRIC_MEMORY_PEAK];
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        out[parts[i].metric] = lanes_select(larger, parts[i].bytes, out[parts[i].metric]);
    out[SPEEDUP_METRIC_MEMORY_NEEDED] = lanes_max(out[SPEEDUP_METRIC_MEMORY_NEEDED], engine.needed);
    out[SPEEDUP_METRIC_MEMORY_ROLLOUT] = peak;
    out[SPEEDUP_METRIC_TIME_ROLLOUT] = engine.seconds;
    out[SPEEDUP_METRIC_BATCH] = engine.running * (V(ACCELERATORS) / r->tensor);
}
