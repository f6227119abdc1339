/* Estimates: precisions and rates of a training job, blocks of layouts through the
 * model, and how sure the answer is. Allocates nothing. */
#include "estimate/layout.h"
#include "estimate/scenario.h"

#include "base/processor.h"
#include "base/struct.h"
#include "base/threads.h"

#include <float.h>
#include <string.h>

/* Layouts that a thread takes at a time: some 100 us of work, against some 20 to make a thread. */
enum { SHARE = 1024 };

/* Whose uncertainty a metric has: the metric that is its sigma; STATUS for none. */
enum { INTERVAL_NONE = SPEEDUP_METRIC_STATUS, INTERVAL_TIME = SPEEDUP_METRIC_TIME_SIGMA, INTERVAL_MEMORY = SPEEDUP_METRIC_MEMORY_SIGMA,
       INTERVAL_FIRST_TOKEN = SPEEDUP_METRIC_FIRST_TOKEN_SIGMA, INTERVAL_ENERGY = SPEEDUP_METRIC_ENERGY_SIGMA };

/* Words of all metrics in one block, each ended by a zero: no address to relocate. */
enum word { WORD_NAME, WORD_UNIT, WORD_JOB, WORD_TEXT };

#define TRAINING "training"
#define INFERENCE "inference"
#define BOTH "both"
static const struct metric_words {
#define SPEEDUP_METRIC(NAME, name, unit, job, better, interval, text) char NAME[sizeof name "\0" unit "\0" job "\0" text];
#include <speedup/metric.def>
#undef SPEEDUP_METRIC
} metric_words = {
#define SPEEDUP_METRIC(NAME, name, unit, job, better, interval, text) name "\0" unit "\0" job "\0" text,
#include <speedup/metric.def>
#undef SPEEDUP_METRIC
};

static const struct {
    uint16_t at; /* its words in the block */
    uint8_t better, sigma;
} metrics[METRICS] = {
#define SPEEDUP_METRIC(NAME, name, unit, job, better, interval, text) {offsetof(struct metric_words, NAME), BETTER_##better, INTERVAL_##interval},
#include <speedup/metric.def>
#undef SPEEDUP_METRIC
};

static const char *metric_word(int metric, enum word word)
{
    return text_word((const char *)&metric_words + metrics[metric].at, (int)word);
}

speedup_status speedup_metric_at(size_t index, speedup_word *word)
{
    if (index >= METRICS)
        return SPEEDUP_NOT_FOUND;
    /* A share is shown as a percentage, but given as a plain number. */
    int metric = (int)index;
    const char *unit = metric_word(metric, WORD_UNIT);
    unit = !strcmp(unit, "%") ? "1" : unit;
    static const char *const better[] = {[BETTER_NEITHER] = "", [BETTER_LESS] = "less", [BETTER_MORE] = "more"};
    int32_t sigma = metrics[index].sigma;
    const char *interval = sigma == INTERVAL_TIME ? "time" : sigma == INTERVAL_MEMORY ? "memory" : sigma == INTERVAL_FIRST_TOKEN ? "first token"
                           : sigma == INTERVAL_ENERGY ? "energy" : "";
    return word_fill_metric(word, metric_word(metric, WORD_NAME), "", metric_word(metric, WORD_JOB), unit, metric_word(metric, WORD_TEXT),
                            better[metrics[index].better], interval);
}

int metric_find(const char *name)
{
    int metric = 0;
    while (metric < METRICS && strcmp(metric_word(metric, WORD_NAME), name))
        metric++;
    return metric;
}

/* The metric that a name from elsewhere means; METRICS when it means none. */
static int metric_meant(const char *name)
{
    static const struct {
        const char *name;
        int metric;
    } aliases[] = {
#define ALIAS(name, METRIC) {name, SPEEDUP_METRIC_##METRIC},
#include "estimate/alias.def"
#undef ALIAS
    };
    char plain[32];
    size_t length = 0;
    for (; length < sizeof plain - 1 && name[length]; length++) {
        char c = name[length];
        plain[length] = c == '-' || c == ' ' ? '_' : c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
    }
    plain[length] = '\0';
    for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++)
        if (!name[length] && !strcmp(aliases[i].name, plain))
            return aliases[i].metric;
    return METRICS;
}

void metric_missing(speedup_context *context, const struct place *place, const char *name)
{
    struct nearest nearest;
    nearest_begin(&nearest, name, strlen(name));
    for (int metric = 0; metric < METRICS; metric++)
        nearest_offer(&nearest, metric_word(metric, WORD_NAME));
    struct text *text = problem_begin(context);
    text_format(text, "'%.60s' is no metric", name);
    int meant = metric_meant(name);
    if (meant < METRICS)
        text_format(text, "; did you mean '%s'?", metric_word(meant, WORD_NAME));
    else
        nearest_put(&nearest, text);
    problem_end(context, SPEEDUP_UNKNOWN_KEY, place);
    problem_remedy(context, "name a metric; 'speedup metrics' lists them");
}

enum better metric_better(int metric)
{
    return (enum better)metrics[metric].better;
}

const char *metric_shown_unit(int metric)
{
    return metric_word(metric, WORD_UNIT);
}

static void matrix_add(struct shape *shape, double n, double k, double count, double parts, enum shard shard)
{
    if (n > 0 && k > 0 && count > 0 && shape->matrix_count < MOST_MATRICES)
        shape->matrices[shape->matrix_count++] = (struct matrix){n, k, count, parts, shard};
}

/* Projections of one kind. */
static void ends_add(struct shape *shape, enum adapted kind, double n, double k, double count)
{
    if (n > 0 && k > 0)
        shape->ends[kind] += count * (n + k);
}

/* Means over layers with a window and those without: of a head, and of all keys. */
struct widths {
    double head_dim, kv;
};

static struct widths widths_of(const struct model *model)
{
    const struct attention *a = &model->attention;
    double width = model->head_dim, kv = model->kv_heads * width, layers = attention_layers(model), full = layers - a->window_layers;
    if ((a->full_head_dim <= 0 && a->full_kv_heads <= 0) || layers <= 0)
        return (struct widths){width, kv};
    double other = a->full_head_dim > 0 ? a->full_head_dim : width, heads = a->full_kv_heads > 0 ? a->full_kv_heads : model->kv_heads;
    return (struct widths){(a->window_layers * width + full * other) / layers, (a->window_layers * kv + full * heads * other) / layers};
}

/* Inputs and outputs of the linear layers that adapters stand beside: low-rank adapters of rank r have r parameters for
 * each (arXiv 2106.09685, sec. 4.2). Layers of state spaces count with the queries and outputs of attention. */
static void ends_measure(const struct model *model, const struct model_size *size, double extra, struct shape *shape)
{
    const struct attention *a = &model->attention;
    const struct state_space *ss = &model->state_space;
    const struct experts *x = &model->experts;
    double h = model->hidden, heads = model->heads, attention = size->attention_layers + extra;
    struct widths w = widths_of(model);
    double q = heads * w.head_dim, kv = w.kv, out = q;
    if (a->kind == ATTENTION_LATENT) {
        double key = heads * (a->nope_dim + a->rope_dim);
        ends_add(shape, ADAPTED_QUERY, a->query_rank, h, attention);
        ends_add(shape, ADAPTED_QUERY, key, a->query_rank > 0 ? a->query_rank : h, attention);
        ends_add(shape, ADAPTED_KEY, a->kv_rank + a->rope_dim, h, attention);
        ends_add(shape, ADAPTED_VALUE, heads * (a->nope_dim + a->value_dim), a->kv_rank, attention);
        out = heads * a->value_dim;
    } else {
        ends_add(shape, ADAPTED_QUERY, q * (1 + a->output_gate), h, attention);
        ends_add(shape, ADAPTED_KEY, kv, h, attention);
        ends_add(shape, ADAPTED_VALUE, kv, h, attention);
    }
    ends_add(shape, ADAPTED_OUTPUT, h, out, attention);
    double keys = a->linear_key_heads * a->linear_key_dim, values = a->linear_value_heads * a->linear_value_dim;
    ends_add(shape, ADAPTED_QUERY, keys, h, a->linear_layers);
    ends_add(shape, ADAPTED_KEY, keys, h, a->linear_layers);
    ends_add(shape, ADAPTED_VALUE, 2 * values, h, a->linear_layers);
    ends_add(shape, ADAPTED_OUTPUT, h, values, a->linear_layers);
    double inner = ss->heads * ss->head_dim;
    ends_add(shape, ADAPTED_QUERY, 2 * inner + 2 * ss->groups * ss->state + ss->heads, h, ss->layers);
    ends_add(shape, ADAPTED_OUTPUT, h, inner, ss->layers);
    double dense = size->dense_layers + (size->expert_layers > 0 ? 0 : extra);
    const double widths[3][2] = {{model->ffn, dense}, {x->shared * x->shared_ffn, shape->expert_layers}, {x->ffn, shape->expert_layers * x->count}};
    for (int i = 0; i < 3; i++) {
        double width = i < 2 ? h : shape->expert_width, n = widths[i][0], count = widths[i][1];
        ends_add(shape, i < 2 ? ADAPTED_GATE : ADAPTED_EXPERT, n, width, count * shape->gated);
        ends_add(shape, i < 2 ? ADAPTED_UP : ADAPTED_EXPERT, n, width, count);
        ends_add(shape, i < 2 ? ADAPTED_DOWN : ADAPTED_EXPERT, n, width, count);
    }
}

/* The linear layers that every token meets, with the outputs of what is multiplied by the same input side by side.
 * Routers, biases and norms are too small to count. */
static void matrices_measure(const struct model *model, const struct model_size *size, double extra, struct shape *shape)
{
    const struct attention *a = &model->attention;
    const struct state_space *ss = &model->state_space;
    const struct experts *x = &model->experts;
    double h = model->hidden, heads = model->heads, attention = size->attention_layers + extra, gates = 1 + shape->gated;
    if (a->kind == ATTENTION_LATENT) { /* arXiv 2405.04434, sec. 2.1 */
        double key = a->nope_dim + a->rope_dim, query = a->query_rank > 0 ? a->query_rank : h;
        matrix_add(shape, a->query_rank + a->kv_rank + a->rope_dim, h, attention, 1, SHARD_NONE);
        matrix_add(shape, heads * key, query, attention, 1, SHARD_OUTPUT);
        matrix_add(shape, heads * (a->nope_dim + a->value_dim), a->kv_rank, attention, 1, SHARD_OUTPUT);
        matrix_add(shape, a->index_heads * a->index_dim, query, attention, 1, SHARD_NONE);
        matrix_add(shape, h, heads * a->value_dim, attention, 1, SHARD_INPUT);
    } else {
        struct widths w = widths_of(model);
        double q = heads * w.head_dim, kv = w.kv;
        matrix_add(shape, q * (1 + a->output_gate) + 2 * kv, h, attention, 3, SHARD_OUTPUT);
        matrix_add(shape, h, q, attention, 1, SHARD_INPUT);
    }
    double keys = a->linear_key_heads * a->linear_key_dim, values = a->linear_value_heads * a->linear_value_dim;
    matrix_add(shape, 2 * keys + 2 * values, h, a->linear_layers, 4, SHARD_OUTPUT);
    matrix_add(shape, h, values, a->linear_layers, 1, SHARD_INPUT);
    double inner = ss->heads * ss->head_dim;
    matrix_add(shape, 2 * inner + 2 * ss->groups * ss->state + ss->heads, h, ss->layers, 1, SHARD_OUTPUT);
    matrix_add(shape, h, inner, ss->layers, 1, SHARD_INPUT);
    double expert_layers = shape->expert_layers, dense_layers = size->dense_layers + (size->expert_layers > 0 ? 0 : extra);
    if (x->shared > 0) {
        matrix_add(shape, x->shared * x->shared_ffn * gates, h, expert_layers, gates, SHARD_OUTPUT);
        matrix_add(shape, h, x->shared * x->shared_ffn, expert_layers, 1, SHARD_INPUT);
    }
    matrix_add(shape, 2 * x->latent, h, expert_layers, 1, SHARD_NONE);
    matrix_add(shape, model->ffn * gates, h, dense_layers, gates, SHARD_OUTPUT);
    matrix_add(shape, h, model->ffn, dense_layers, 1, SHARD_INPUT);
    shape->last_matrix = shape->matrix_count ? shape->matrix_count - 1 : 0;
}

void shape_measure(const struct model *model, struct shape *shape)
{
    struct model_size size;
    model_measure(model, &size);
    const struct attention *a = &model->attention;
    bool latent = a->kind == ATTENTION_LATENT;
    double extra = model->prediction_layers;
    double expert_layers = size.expert_layers + (size.expert_layers > 0 ? extra : 0);
    double dense_layers = size.dense_layers + (size.expert_layers > 0 ? 0 : extra);
    const struct state_space *ss = &model->state_space;
    bool one_block = ss->layers > 0; /* a layer is one block, with one norm, where others have two */
    *shape = (struct shape){
        .layers = model->layers + extra,
        .hidden = model->hidden,
        .heads = model->heads,
        .kv_heads = latent ? model->heads : model->kv_heads,
        .vocab = model->vocab,
        .query_dim = latent ? a->nope_dim + a->rope_dim : widths_of(model).head_dim,
        .value_dim = latent ? a->value_dim : widths_of(model).head_dim,
        .attention = size.attention,
        .dense = (model->layers + extra) * size.attention + dense_layers * size.dense_ffn + expert_layers * size.shared_ffn,
        .expert = size.expert_ffn,
        .routed = expert_layers * model->experts.count * size.expert_ffn,
        .embedding = size.embedding,
        .tied = model->tied_embeddings,
        .expert_layers = expert_layers,
        .experts = model->experts.count,
        .active = model->experts.active,
        .expert_ffn = model->experts.ffn,
        .feed_forward = dense_layers * model->ffn +
                        expert_layers * (model->experts.shared * model->experts.shared_ffn + model->experts.active * model->experts.ffn),
        .gated = model->ffn_kind == FEED_FORWARD_GATED,
        .window = a->window,
        .window_layers = a->window_layers,
        .attention_layers = size.attention_layers + extra,
        .norm_layers = (one_block ? (model->layers + size.attention_layers) / 2 : model->layers) + extra,
        .collective_layers = (one_block ? size.attention_layers + ss->layers : model->layers) + extra,
        .encoders = model->encoders,
        .state_space_width = ss->layers * ss->heads * ss->head_dim,
        .expert_width = model->experts.latent > 0 ? model->experts.latent : model->hidden,
        .head_layers = (model->headless ? 0 : 1) + extra,
        .parameters = size.total,
        .parameters_active = size.active,
    };
    matrices_measure(model, &size, extra, shape);
    ends_measure(model, &size, extra, shape);
}

/* The peak that products in a precision run at; 16-bit formats stand in for each other
 * when only weights are narrow. 0 when the chip has none. */
double peak_of(const struct accelerator *accelerator, enum precision precision)
{
    const double *rate = accelerator->peak.rate;
    enum peak peak = precisions[precision].peak;
    if (rate[peak] > 0)
        return rate[peak];
    bool only_weights = peak == PEAK_BF16 && precisions[precision].bytes < 2;
    return only_weights ? rate[PEAK_FP16] : 0;
}

double job_peak(speedup_context *context, const struct job *job, enum precision precision, bool chosen,
                const struct place *place)
{
    double peak = peak_of(job->accelerator, precision);
    if (peak > 0 || !chosen)
        return peak;
    struct text *text = problem_begin(context);
    text_format(text, "'%s' has no products in %s; it has", job->accelerator->head.id, precision_names[precision]);
    for (int i = 0; i < PEAKS; i++)
        if (job->accelerator->peak.rate[i] > 0)
            text_format(text, " %s", peak_names[i]);
    problem_end(context, SPEEDUP_UNSUPPORTED_PRECISION, place);
    return 0;
}

static double gain_of(const struct job *job, enum precision precision)
{
    static const int gains[PRECISIONS] = {
        [PRECISION_FP32] = COEFFICIENT_MATMUL_GAIN_FP32 + 1,   [PRECISION_TF32] = COEFFICIENT_MATMUL_GAIN_TF32 + 1,
        [PRECISION_FP8] = COEFFICIENT_MATMUL_GAIN_FP8 + 1,     [PRECISION_FP8_BLOCK] = COEFFICIENT_MATMUL_GAIN_FP8_BLOCK + 1,
        [PRECISION_MXFP8] = COEFFICIENT_MATMUL_GAIN_MXFP8 + 1, [PRECISION_INT8] = COEFFICIENT_MATMUL_GAIN_INT8 + 1,
        [PRECISION_MXFP4] = COEFFICIENT_MATMUL_GAIN_NVFP4 + 1, [PRECISION_NVFP4] = COEFFICIENT_MATMUL_GAIN_NVFP4 + 1,
    };
    return gains[precision] ? job->c[gains[precision] - 1] : 1;
}

/* The rate of products: as chosen, or as `otherwise` where nobody chose; a chip
 * without that default runs at what it has. */
static double rate_of(speedup_context *context, const struct job *job, enum target target, enum precision otherwise,
                      const struct place *place)
{
    int32_t chosen = job->effects.precision[target];
    enum precision precision = chosen >= 0 ? (enum precision)chosen : otherwise;
    double rate = job_peak(context, job, precision, chosen >= 0, place) * gain_of(job, precision);
    return rate > 0 ? rate : job->half_peak;
}

static double bytes_of(const struct job *job, enum target target, enum precision otherwise)
{
    int32_t chosen = job->effects.precision[target];
    return precisions[chosen >= 0 ? (enum precision)chosen : otherwise].bytes;
}

static void training_set_precisions(speedup_context *context, struct job *job, const struct place *place)
{
    enum precision base = PRECISION_FP32;
    int32_t chosen = job->effects.precision[TARGET_MATMUL_PRECISION];
    enum precision products = chosen >= 0 ? (enum precision)chosen : base;
    job->matmul_precision = products;
    job->matmul_peak = rate_of(context, job, TARGET_MATMUL_PRECISION, base, place);
    int32_t experts = job->effects.precision[TARGET_EXPERT_PRECISION];
    job->expert_precision = experts >= 0 ? (enum precision)experts : products;
    job->expert_peak = rate_of(context, job, TARGET_EXPERT_PRECISION, products, place);
    /* Attention stays in 16 bits when only the linear layers are narrower. */
    job->attention_peak = precisions[products].bytes < 2 && job->effects.precision[TARGET_ATTENTION_PRECISION] < 0
                              ? job->half_peak
                              : rate_of(context, job, TARGET_ATTENTION_PRECISION, products, place);
    const double *rates = job->accelerator->peak.rate;
    bool wide = precisions[products].bytes > 2;
    if (wide)
        job->half_peak = job->matmul_peak;
    job->wide_peak = !wide ? 0 : rates[PEAK_TF32] > 0 ? rates[PEAK_TF32] / 3 : rates[PEAK_FP32];
    job->weight_bytes = bytes_of(job, TARGET_WEIGHTS_PRECISION, base);
    job->gradient_bytes = bytes_of(job, TARGET_GRADIENTS_PRECISION, base);
    job->activation_bytes = bytes_of(job, TARGET_ACTIVATIONS_PRECISION, base);
    energy_measure(job);
}

/* The bytes of weights that the model's file has, in place of those that its precision has in general. Kernels are those of
 * the precision. */
static void take_file_bits(struct job *job)
{
    const struct model *model = job->model;
    const struct file_bits *bits = &model->file_bits;
    struct inference *m = &job->inference;
    struct model_size size;
    model_measure(model, &size);
    double tables = size.embedding + (model->tied_embeddings ? 0 : size.head);
    m->tables = tables * (m->head_format.bytes / 2) + model->encoders; /* as if in 16 bits */
    if (!job->as_file || job->effects.precision[TARGET_WEIGHTS_PRECISION] != job->file_precision[0] ||
        job->effects.precision[TARGET_EXPERT_WEIGHTS_PRECISION] != job->file_precision[1])
        return;
    struct format *const formats[] = {&m->attention_format, &m->feed_forward_format, &m->expert_format, &m->head_format};
    const double parts[] = {bits->attention, bits->feed_forward, bits->experts, bits->head};
    for (int i = 0; i < 4; i++)
        if (parts[i] > 0) {
            formats[i]->read *= parts[i] / 8 / formats[i]->bytes;
            formats[i]->bytes = parts[i] / 8;
        }
    m->one_format &= m->attention_format.read == m->feed_forward_format.read;
    /* Those are in 16 bits elsewhere. */
    m->tables = tables * (bits->tables > 0 ? bits->tables / 16 : 1) + model->encoders * (bits->encoders > 0 ? bits->encoders / 16 : 1);
}

void job_set_precisions(speedup_context *context, struct job *job, const struct place *place)
{
    const double *rate = job->accelerator->peak.rate;
    job->half_peak = rate[PEAK_BF16] > 0 ? rate[PEAK_BF16] : rate[PEAK_FP16] > 0 ? rate[PEAK_FP16] : rate[PEAK_FP32];
    for (int i = 0; i < PEAKS && job->half_peak <= 0; i++)
        job->half_peak = rate[i];
    if (job->kind == JOB_INFERENCE) {
        inference_set_precisions(context, job, place);
        take_file_bits(job);
    } else {
        training_set_precisions(context, job, place);
    }
}

/* The kernel for this machine: the same arithmetic with wider registers where there
 * are any; every kernel gives the same bits. */
const struct kernel *kernel_choose(void)
{
#if defined(__x86_64__)
    if (&kernel_wide && processor_has_avx2())
        return &kernel_wide;
#endif
    return &kernel_plain;
}

void training_chance(const struct job *job, lanes out[METRICS])
{
    /* With a log-normal need. */
    lanes p;
    double sigma = job->c[COEFFICIENT_MEMORY_SIGMA];
    LANES_EACH(p, 0.5 * erfc(log(job->memory / out[SPEEDUP_METRIC_MEMORY_NEEDED][lane_]) / (sigma * sqrt(2.0))));
    out[SPEEDUP_METRIC_OUT_OF_MEMORY] = p;
}

void job_evaluate(const struct job *job, const lanes v[VARIABLES], lanes out[METRICS])
{
    lanes e[TARGETS];
    effects_begin(&job->effects, e);
    memset(out, 0, METRICS * sizeof *out); /* metrics of the other kind of job */
    job->kernel->evaluate(job, v, e, out);
    if (job->kind == JOB_TRAINING)
        training_chance(job, out);
    lanes status = out[SPEEDUP_METRIC_STATUS];
    for (int i = 0; i < METRICS && !lanes_all(status == 0); i++)
        out[i] = lanes_select(status == 0, out[i], lanes_of(0.0));
    out[SPEEDUP_METRIC_STATUS] = status;
}

speedup_status job_values(const struct job *job, const lanes v[VARIABLES], double values[METRICS])
{
    lanes out[METRICS];
    job_evaluate(job, v, out);
    for (int m = 0; m < METRICS; m++)
        values[m] = out[m][0];
    return (speedup_status)out[SPEEDUP_METRIC_STATUS][0];
}

speedup_status speedup_scenario_estimate(const speedup_scenario *scenario, double *values, size_t count)
{
    if (!scenario || (!values && count))
        return SPEEDUP_INVALID_ARGUMENT;
    double all[METRICS];
    speedup_status status = job_values(&scenario->job, scenario->variables, all);
    for (size_t i = 0; i < count; i++)
        values[i] = i < METRICS ? all[i] : 0;
    return status;
}

/* What follows from the other variables of a layout, unless it is given; then `evaluate` sees whether it agrees. */
static void derive(const struct job *job, const bool given[VARIABLES], lanes v[VARIABLES])
{
    lanes data = v[VARIABLE_DATA], accumulation = v[VARIABLE_ACCUMULATION];
    if (given[VARIABLE_DATA] && !given[VARIABLE_ACCELERATORS])
        v[VARIABLE_ACCELERATORS] = data * layout_ranks(v) + job->inference.front.accelerators;
    job->kernel->derive(job, v);
    if (given[VARIABLE_DATA])
        v[VARIABLE_DATA] = data;
    if (given[VARIABLE_ACCUMULATION])
        v[VARIABLE_ACCUMULATION] = accumulation;
}

/* A column of the caller's, checked. */
static const speedup_column *column_at(const speedup_column *columns, size_t index)
{
    return struct_at(columns, index);
}

/* Layouts in columns, and how many of them are taken. */
struct batch {
    const speedup_scenario *scenario;
    const speedup_column *inputs, *outputs;
    size_t input_count, output_count, count;
    bool given[VARIABLES], chance_asked;
    atomic_size_t next;
};

/* Estimates the layouts from `at` to before `end`. */
static void estimate_range(const struct batch *batch, size_t at, size_t end)
{
    const double impossible = 0.5; /* of every variable, and harmless to count with */
    const struct job *job = &batch->scenario->job;
    lanes v[VARIABLES], e[TARGETS], out[METRICS] = {{0}};
    memcpy(v, batch->scenario->variables, sizeof v);
    effects_begin(&job->effects, e);
    for (; at < end; at += LANES) {
        size_t count = end - at < LANES ? end - at : LANES;
        for (size_t i = 0; i < batch->input_count; i++) {
            const speedup_column *input = column_at(batch->inputs, i);
            for (size_t lane = 0; lane < LANES; lane++) {
                /* The last block repeats its last layout in the lanes left over. */
                double value = input->values[at + (lane < count ? lane : count - 1)];
                v[input->id][lane] = value >= 0 && value <= 1e9 ? value : impossible;
            }
        }
        derive(job, batch->given, v);
        job->kernel->evaluate(job, v, e, out);
        if (batch->chance_asked)
            training_chance(job, out);
        lane_mask good = out[SPEEDUP_METRIC_STATUS] == 0;
        for (size_t i = 0; i < batch->output_count; i++) {
            const speedup_column *output = column_at(batch->outputs, i);
            bool status = output->id == SPEEDUP_METRIC_STATUS;
            for (size_t lane = 0; lane < count; lane++)
                output->values[at + lane] = good[lane] || status ? out[output->id][lane] : 0;
        }
    }
}

static void estimate_shares(void *pointer, uint32_t worker)
{
    (void)worker;
    struct batch *batch = pointer;
    for (size_t at; (at = atomic_fetch_add(&batch->next, SHARE)) < batch->count;)
        estimate_range(batch, at, batch->count - at < SHARE ? batch->count : at + SHARE);
}

speedup_status speedup_scenario_estimate_batch(const speedup_scenario *scenario, const speedup_column *inputs,
                                               size_t input_count, const speedup_column *outputs, size_t output_count,
                                               size_t count, uint32_t threads)
{
    if (!scenario || (!inputs && input_count) || (!outputs && output_count) || !threads || threads > MOST_THREADS)
        return SPEEDUP_INVALID_ARGUMENT;
    bool asked[METRICS] = {false};
    struct batch batch = {.scenario = scenario, .inputs = inputs, .outputs = outputs, .input_count = input_count,
                          .output_count = output_count, .count = count};
    for (size_t i = 0; i < input_count; i++) {
        speedup_column in;
        if (!STRUCT_ELEMENT_IN(speedup_column, &in, inputs, i) || (!in.values && count) || in.id < 0 || in.id >= VARIABLES ||
            variables[in.id].scope != SCOPE_LAYOUT || batch.given[in.id] || in.reserved)
            return SPEEDUP_INVALID_ARGUMENT;
        batch.given[in.id] = true;
    }
    for (size_t i = 0; i < output_count; i++) {
        speedup_column out;
        if (!STRUCT_ELEMENT_IN(speedup_column, &out, outputs, i) || (!out.values && count) || out.id < 0 || out.id >= METRICS ||
            out.reserved)
            return SPEEDUP_INVALID_ARGUMENT;
        asked[out.id] = true;
    }
    batch.chance_asked = asked[SPEEDUP_METRIC_OUT_OF_MEMORY] && scenario->job.kind == JOB_TRAINING;
    atomic_init(&batch.next, 0);
    size_t shares = count / SHARE + (count % SHARE > 0);
    threads_run(shares < threads ? (uint32_t)shares : threads, estimate_shares, &batch);
    return SPEEDUP_OK;
}

/* z with P(|N(0,1)| < z) = probability, by Newton's method on the error function. */
static double normal_quantile(double probability)
{
    double z = 1;
    for (int i = 0; i < 60; i++) {
        double error = erf(z / sqrt(2.0)) - probability;
        double slope = sqrt(2 / 3.14159265358979323846) * exp(-z * z / 2);
        double next = z - error / fmax(slope, 1e-12);
        next = next < 0 ? z / 2 : next > 8 ? 8 : next;
        if (fabs(next - z) < 1e-12)
            return next;
        z = next;
    }
    return z;
}

speedup_status speedup_metric_interval(const double *values, size_t count, int32_t metric, double probability,
                                       double *low, double *high)
{
    if (!values || !low || !high || metric < 0 || (size_t)metric >= count || metric >= METRICS ||
        !(probability > 0 && probability < 1))
        return SPEEDUP_INVALID_ARGUMENT;
    int32_t source = metrics[metric].sigma;
    bool varies = source != INTERVAL_NONE;
    if (varies && (size_t)source >= count)
        return SPEEDUP_INVALID_ARGUMENT;
    double value = values[metric], width = varies ? exp(normal_quantile(probability) * values[source]) : 1;
    if (!isfinite(value) || !(width >= 1))
        return SPEEDUP_INVALID_ARGUMENT;
    *low = value / width;
    *high = value != 0 ? fmin(fmax(value * width, -DBL_MAX), DBL_MAX) : 0;
    return SPEEDUP_OK;
}
