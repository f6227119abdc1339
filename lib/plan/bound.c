/* The bound: the job without communication, launches, bubbles and waiting, its work
 * spread evenly over all accelerators. Knows the model of a step by its terms alone.
 *
 * Why no layout is faster: a step lasts M micro-batches of the slowest stage, which is
 * no faster than the mean stage, which does 1/p of the products of its micro-batch. One
 * rank meets 1/(d c M) of the tokens and 1/t of the widths, so M micro-batches are 1/n
 * of the products of the whole batch on one accelerator (n = t p d c). What is not divided
 * (the residual stream without sequence parallelism, the depth and the weights of products,
 * fixed times and rows of experts) only adds; what recomputation spares is a part of what is
 * done again, divided alike. Padding only adds: none is counted. A term is left out where its size is the layout's to say. */
#include "plan/bound.h"

#include "estimate/layout.h"

#include <math.h>
#include <string.h>

/* Terms that count, and the entries that they are divided by. */
static const struct {
    int metric;
    enum target divisors[3];
    size_t count;
} terms[] = {
    {SPEEDUP_METRIC_TIME_MATMUL, {TARGET_MATMUL_EFFICIENCY_FORWARD, TARGET_MATMUL_EFFICIENCY_BACKWARD}, 2},
    {SPEEDUP_METRIC_TIME_EXPERT, {TARGET_MATMUL_EFFICIENCY_FORWARD, TARGET_MATMUL_EFFICIENCY_BACKWARD, TARGET_EXPERT_EFFICIENCY}, 3},
    {SPEEDUP_METRIC_TIME_ATTENTION, {TARGET_ATTENTION_EFFICIENCY_FORWARD, TARGET_ATTENTION_EFFICIENCY_BACKWARD}, 2},
    {SPEEDUP_METRIC_TIME_POINTWISE, {0}, 0},
    {SPEEDUP_METRIC_TIME_HEAD, {0}, 0},
};

enum { TERMS = sizeof terms / sizeof *terms };

static bool is_divisor(enum target target)
{
    for (size_t i = 0; i < TERMS; i++)
        for (size_t k = 0; k < terms[i].count; k++)
            if (terms[i].divisors[k] == target)
                return true;
    return false;
}

void bound_step(const struct job *job, const lanes layout[VARIABLES], double experts, struct bound *bound)
{
    *bound = (struct bound){0};
    lanes v[VARIABLES], e[TARGETS], out[METRICS];
    bool open[TARGETS] = {false};
    memcpy(v, layout, sizeof v);
    for (int axis = 0; axis < AXES; axis++)
        v[layout_axes[axis].variable] = lanes_of(layout_axes[axis].first);
    v[VARIABLE_DATA] = v[VARIABLE_ACCUMULATION] = lanes_of(1.0);
    v[VARIABLE_EXPERT] = lanes_of(experts);
    v[VARIABLE_MICRO_BATCH] = lanes_of(job->global_batch);
    effects_begin(&job->effects, e);
    /* What the layout says is no less than nothing where factors multiply, and no less
     * than the constant part where the largest holds; but what takes work away may be all of it. */
    for (size_t i = 0; i < job->effects.dynamic_count; i++) {
        enum target target = job->effects.dynamic[i].target;
        if (target == TARGET_GATHER_LAYERS || target == TARGET_RECOMPUTE_SPARED)
            e[target] = lanes_of(1.0);
        if (targets[target].rule == RULE_LARGEST || target == TARGET_RECOMPUTE_SPARED)
            continue;
        open[target] = true;
        e[target] = lanes_of(is_divisor(target) ? 1.0 : 0.0);
    }
    struct job unpadded = *job;
    unpadded.rows.shape = 0;
    job->kernel->training_time(&unpadded, v, e, out);
    for (size_t i = 0; i < TERMS; i++) {
        bool known = true;
        for (size_t k = 0; k < terms[i].count; k++)
            known &= !open[terms[i].divisors[k]];
        double seconds = out[terms[i].metric][0];
        if (known && seconds > 0 && seconds < LONGEST_TIME)
            bound->work += seconds * BOUND_BELOW;
    }
}

/* s of reading or multiplying (`work`) the linear layers that one token meets, head apart. */
static double layers_of(const struct inference *m, bool work)
{
    const struct format *attention = &m->attention_format, *feed_forward = &m->feed_forward_format;
    return work ? m->attention * attention->work + m->feed_forward * feed_forward->work
                : m->attention * attention->read + m->feed_forward * feed_forward->read;
}

void bound_request(const struct job *job, struct bound *bound)
{
    *bound = (struct bound){0};
    const struct inference *m = &job->inference;
    const double *e = job->effects.base;
    bool open[TARGETS] = {false};
    for (size_t i = 0; i < job->effects.dynamic_count; i++)
        open[job->effects.dynamic[i].target] = true;
    bool decodes = !open[TARGET_MATMUL_FLOPS_DECODE] && !open[TARGET_MATMUL_EFFICIENCY_DECODE];
    bool prefills = !open[TARGET_MATMUL_FLOPS_PREFILL] && !open[TARGET_MATMUL_EFFICIENCY_PREFILL] && !open[TARGET_PREFIX_CACHED];
    bool routes = !open[TARGET_EXPERT_EFFICIENCY];
    double layers = layers_of(m, true), experts = m->experts > 0 ? m->active * m->expert_layers * m->expert * m->expert_format.work : 0;
    double head = m->head * m->head_format.work;
    if (routes)
        layers += experts / e[TARGET_EXPERT_EFFICIENCY];
    if (decodes)
        bound->request += fmax(m->output - 1, 0) * (layers + head) * e[TARGET_MATMUL_FLOPS_DECODE] / e[TARGET_MATMUL_EFFICIENCY_DECODE];
    if (prefills)
        bound->request += m->prompt * (1 - fmin(e[TARGET_PREFIX_CACHED], 0.999)) * layers * e[TARGET_MATMUL_FLOPS_PREFILL] / e[TARGET_MATMUL_EFFICIENCY_PREFILL];
    double share = open[TARGET_SPECULATION_TOKENS] ? 0 : BOUND_BELOW / (1 + e[TARGET_SPECULATION_TOKENS]);
    if (!open[TARGET_MATMUL_BYTES_DECODE])
        bound->token = share * (layers_of(m, false) + m->head * m->head_format.read) * e[TARGET_MATMUL_BYTES_DECODE];
    if (!open[TARGET_LAYER_SECONDS])
        bound->fixed = share * (m->layer_seconds * e[TARGET_LAYER_SECONDS] * job->c[COEFFICIENT_LAYER_LATENCY] + job->c[COEFFICIENT_DECODE_STEP]);
    bound->request *= BOUND_BELOW;
}

bool bound_finite(const struct job *job)
{
    enum { LEAST_RATE = 1 };                       /* FLOP/s or B/s */
    const double least = 1e-6, most = 1e9;         /* of a factor: with such, no sum of products leaves the doubles */
    const double *c = job->c, *base = job->effects.base;
    const double product = c[COEFFICIENT_MATMUL_EFFICIENCY] * c[COEFFICIENT_MATMUL_SUSTAINED] * c[COEFFICIENT_LIBRARY_RATE];
    const double rates[] = {
        job->matmul_peak * product, job->half_peak * product, job->expert_peak * product * c[COEFFICIENT_EXPERT_EFFICIENCY],
        job->bandwidth * c[COEFFICIENT_MATMUL_STREAM], job->bandwidth * c[COEFFICIENT_COPY_RATE],
        job->attention_peak * c[COEFFICIENT_UNFUSED_ATTENTION], job->network * c[COEFFICIENT_NETWORK_FRACTION] / job->node,
        job->link, job->link * c[COEFFICIENT_LINK_FRACTION], job->link * c[COEFFICIENT_ALL_REDUCE_WIRE],
        job->link * c[COEFFICIENT_ALL_GATHER_WIRE], job->link * c[COEFFICIENT_REDUCE_SCATTER_WIRE],
        job->link * c[COEFFICIENT_SEND_WIRE], job->host_link,
    };
    if (job->kind != JOB_TRAINING)
        return false;
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++)
        if (!(rates[i] > LEAST_RATE))
            return false;
    for (int i = 0; i < TARGETS; i++)
        if (targets[i].rule != RULE_CHOOSE && (!(base[i] <= most) || (is_divisor((enum target)i) && base[i] < least)))
            return false;
    /* What the layout says is bounded by its rule, but not so a product of many. */
    int uses[TARGETS] = {0};
    for (size_t i = 0; i < job->effects.dynamic_count; i++) {
        enum target target = job->effects.dynamic[i].target;
        if (is_divisor(target) || ++uses[target] > 2)
            return false;
    }
    return true;
}
