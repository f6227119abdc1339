/* What an inference job is in numbers before any layout: the model's parameters by
 * how they are spread, and rates that follow from the precisions chosen. Knows no
 * layout and no load. */
#include "estimate/job.h"

#define C(name) (job->c[COEFFICIENT_##name])

/* Keys and values of a token, and the operations on one that is cached: latent
 * attention works on the compressed ones, shared by all heads (arXiv 2405.04434, sec. 2.1). */
static void measure_cache(const struct model *model, struct inference *inference)
{
    const struct attention *a = &model->attention;
    bool latent = a->kind == ATTENTION_LATENT;
    const struct state_space *ss = &model->state_space;
    struct cache_size cache;
    cache_measure(model, &cache);
    double key = latent ? a->nope_dim + a->rope_dim : model->head_dim, value = latent ? a->value_dim : model->head_dim;
    inference->cache_full = cache.full;
    inference->cache_window = cache.window;
    inference->cache_shards = latent ? 1 : model->kv_heads;
    inference->cache_flops =
        latent ? 2 * model->heads * (2 * a->kv_rank + a->rope_dim) : 4 * model->heads * model->head_dim;
    inference->score_width = model->heads * (key + value);
    inference->window = a->window;
    inference->top_k = a->index_top_k;
    inference->index_elements = cache.index;
    inference->index_width = a->index_heads * a->index_dim;
    /* The state of linear attention and of state spaces is kept in 32 bits. */
    double states = ss->kind == STATE_SPACE_CONVOLUTION ? 0 : ss->layers * ss->heads * ss->head_dim * ss->state;
    inference->state_bytes = a->linear_layers * 4 * a->linear_value_heads * a->linear_key_dim * a->linear_value_dim + 4 * states;
}

void inference_measure(const struct model *model, struct inference *inference)
{
    const struct attention *a = &model->attention;
    const struct experts *x = &model->experts;
    struct attention_size attention;
    struct model_size size;
    attention_measure(model, &attention);
    model_measure(model, &size);
    double standard = size.attention_layers, router = x->count > 0 ? model->hidden * x->count : 0;
    inference->layers = model->layers;
    inference->dense_layers = size.dense_layers;
    inference->expert_layers = size.expert_layers;
    inference->window_layers = a->window_layers;
    inference->full_layers = standard - a->window_layers;
    inference->attention = standard * attention.sharded + a->linear_layers * attention.linear + model->state_space.layers * size.state_space;
    inference->replicated = standard * attention.replicated;
    inference->feed_forward = size.dense_layers * size.dense_ffn + size.expert_layers * (size.shared_ffn - router);
    inference->router = size.expert_layers * router;
    inference->head = size.head;
    inference->expert = size.expert_ffn;
    inference->experts = x->count;
    inference->active = x->active;
    inference->norm = a->qk_norm;
    inference->latent = a->kind == ATTENTION_LATENT;
    inference->sparse = a->index_top_k > 0;
    inference->attention_products = inference->latent ? 4 : 2;
    measure_cache(model, inference);
}

/* Kernels were measured in five classes of formats. */
enum kernels { KERNELS_16, KERNELS_8, KERNELS_8_BLOCK, KERNELS_NVFP4, KERNELS_4, KERNEL_CLASSES };

static enum kernels kernels_of(enum precision precision)
{
    static const uint8_t classes[PRECISIONS] = {
        [PRECISION_FP8] = KERNELS_8,           [PRECISION_FP8_BLOCK] = KERNELS_8_BLOCK,
        [PRECISION_MXFP8] = KERNELS_8_BLOCK,   [PRECISION_INT8] = KERNELS_8,
        [PRECISION_INT4_WEIGHTS] = KERNELS_4,  [PRECISION_INT4_GROUP32] = KERNELS_4,
        [PRECISION_NF4] = KERNELS_4,           [PRECISION_MXFP4] = KERNELS_4,
        [PRECISION_NVFP4] = KERNELS_NVFP4,
    };
    return (enum kernels)classes[precision];
}

static enum precision chosen_or(const struct job *job, enum target target, enum precision otherwise)
{
    int32_t chosen = job->effects.precision[target];
    return chosen >= 0 ? (enum precision)chosen : otherwise;
}

/* The rate of products; a chip without the default format runs at what it has. */
static double rate_of(speedup_context *context, const struct job *job, enum target target, enum precision precision,
                      const struct place *place)
{
    double rate = job_peak(context, job, precision, job->effects.precision[target] >= 0, place);
    return rate > 0 ? rate : job->half_peak;
}

/* How much faster products in 16 bits are where an engine accumulates in as many. */
static double accumulation(const struct job *job)
{
    return 1 + C(ACCUMULATES_HALF) * (C(HALF_ACCUMULATION) - 1);
}

/* Products whose weights are kept in one precision and multiplied in another. */
static struct format product_format(const struct job *job, enum precision weights, enum precision products, double peak)
{
    static const uint8_t streams[KERNEL_CLASSES] = {COEFFICIENT_STREAM_16, COEFFICIENT_STREAM_8, COEFFICIENT_STREAM_8_BLOCK,
                                                    COEFFICIENT_STREAM_NVFP4, COEFFICIENT_STREAM_4};
    static const uint8_t rates[KERNEL_CLASSES] = {COEFFICIENT_RATE_16, COEFFICIENT_RATE_8, COEFFICIENT_RATE_8_BLOCK,
                                                  COEFFICIENT_RATE_NVFP4, COEFFICIENT_RATE_4};
    enum kernels kernels = kernels_of(products);
    bool narrow = precisions[weights].bytes < 1;
    double stream = job->c[streams[kernels]] * (narrow ? C(STREAM_GAIN_4BIT) : C(STREAM_GAIN));
    double rate = job->c[rates[kernels]] * (narrow ? C(RATE_GAIN_4BIT) : C(RATE_GAIN));
    rate *= kernels == KERNELS_16 || kernels == KERNELS_4 ? accumulation(job) : 1;
    double vector = job->accelerator->peak.rate[PEAK_FP32], power = job->accelerator->power, joules = power > 0 ? C(PRODUCT_ENERGY) / power : 0;
    return (struct format){
        .bytes = precisions[weights].bytes,
        .read = precisions[weights].bytes / (job->bandwidth * fmin(stream, C(STREAM_MOST))),
        .work = 2 / (peak * fmin(rate, C(RATE_MOST))) + 2 * joules,
        .vector = vector > 0 ? (narrow ? C(VECTOR_WORK_4BIT) : C(VECTOR_WORK)) / vector : 0,
        .unpack = precisions[weights].bytes < 2 ? C(UNPACK_BYTES) / (job->bandwidth * C(BANDWIDTH_FRACTION)) : 0,
    };
}

/* Grouped products of the routed experts, whose rate was fitted on whole steps. */
static struct format expert_format(const struct job *job, enum precision weights, enum precision products, double peak)
{
    enum kernels kernels = kernels_of(products);
    double gain = kernels == KERNELS_NVFP4 ? C(ROUTED_RATE_NVFP4) : kernels == KERNELS_4 ? C(ROUTED_RATE_4) : 1;
    return (struct format){
        .bytes = precisions[weights].bytes,
        .read = precisions[weights].bytes / (job->bandwidth * C(ROUTED_STREAM)),
        .work = 2 / (peak * C(ROUTED_RATE) * gain),
    };
}

/* Fixed time of all layers: kernels' own latency, by what a layer has. */
static double layer_seconds(const struct job *job)
{
    const struct inference *m = &job->inference;
    return m->layers * (C(LAYER_SECONDS) + m->norm * C(LAYER_NORM) + m->latent * C(LAYER_LATENT) + m->sparse * C(LAYER_INDEX)) +
           m->expert_layers * C(LAYER_EXPERT);
}

static void set_sigmas(struct job *job)
{
    struct inference *m = &job->inference;
    double wider = (job->generic ? C(SIGMA_UNMEASURED_CHIP) : 1) * (job->generic_stack ? C(SIGMA_UNMEASURED_STACK) : 1);
    m->decode_sigma =
        wider * (m->latent ? C(DECODE_SIGMA_LATENT) : m->experts > 0 ? C(DECODE_SIGMA_EXPERT) : C(DECODE_SIGMA));
    m->first_sigma = wider * (m->latent ? C(FIRST_SIGMA_LATENT) : m->experts > 0 ? C(FIRST_SIGMA_EXPERT) : C(FIRST_SIGMA));
}

void inference_set_precisions(speedup_context *context, struct job *job, const struct place *place)
{
    struct inference *m = &job->inference;
    enum precision weights = chosen_or(job, TARGET_WEIGHTS_PRECISION, PRECISION_BF16);
    enum precision products = chosen_or(job, TARGET_MATMUL_PRECISION, PRECISION_BF16);
    enum precision attention = chosen_or(job, TARGET_ATTENTION_MATMUL_PRECISION, products);
    enum precision expert = chosen_or(job, TARGET_EXPERT_PRECISION, products);
    double peak = rate_of(context, job, TARGET_MATMUL_PRECISION, products, place);
    double attention_peak = attention == products ? peak : rate_of(context, job, TARGET_ATTENTION_MATMUL_PRECISION, attention, place);
    double expert_peak = expert == products ? peak : rate_of(context, job, TARGET_EXPERT_PRECISION, expert, place);
    enum precision scores = chosen_or(job, TARGET_ATTENTION_PRECISION, PRECISION_BF16);
    enum precision cache = chosen_or(job, TARGET_KV_PRECISION, PRECISION_BF16);
    enum precision head = chosen_or(job, TARGET_HEAD_WEIGHTS_PRECISION, PRECISION_BF16);
    m->feed_forward_format = product_format(job, weights, products, peak);
    m->attention_format =
        product_format(job, chosen_or(job, TARGET_ATTENTION_WEIGHTS_PRECISION, weights), attention, attention_peak);
    m->one_format = m->attention_format.read == m->feed_forward_format.read &&
                    m->attention_format.work == m->feed_forward_format.work;
    m->expert_format = expert_format(job, chosen_or(job, TARGET_EXPERT_WEIGHTS_PRECISION, weights), expert, expert_peak);
    m->head_format = product_format(job, head, PRECISION_BF16, job->half_peak);
    m->cache_bytes = precisions[cache].bytes;
    m->cache_read = 1 / (job->bandwidth * (m->cache_bytes < 1.5 ? C(CACHE_READ_8) : C(CACHE_READ_16)));
    m->attention_rate = rate_of(context, job, TARGET_ATTENTION_PRECISION, scores, place) * accumulation(job);
    m->cache_rate = m->attention_rate * C(CACHE_PRODUCTS);
    m->layer_seconds = layer_seconds(job);
    set_sigmas(job);
}
