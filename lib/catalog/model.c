/* A model by its shape: what follows from the fields, whether they agree, and how
 * many parameters there are. */
#include "catalog/catalog.h"

#include "base/number.h"

#include <math.h>

/* Latent attention (arXiv 2405.04434, sec. 2.1): the down-projections, and the indexer
 * of sparse attention (arXiv 2512.02556, sec. 2.1), work for all heads at once; the
 * up-projections belong to heads. */
static void measure_latent(const struct model *model, struct attention_size *size)
{
    const struct attention *a = &model->attention;
    double h = model->hidden, heads = model->heads, key = a->nope_dim + a->rope_dim;
    double query = a->query_rank > 0 ? a->query_rank : h;
    double layers = attention_layers(model), indexers = a->index_layers > 0 && layers > 0 ? a->index_layers / layers : 1;
    size->replicated = h * a->query_rank + h * (a->kv_rank + a->rope_dim) +
                       indexers * (query * a->index_heads * a->index_dim + h * a->index_dim + h * a->index_heads);
    size->sharded = query * heads * key + a->kv_rank * heads * (a->nope_dim + a->value_dim) + heads * a->value_dim * h;
}

/* Query, key, value and output matrices, and a gate on the output, of one kind of layers. */
static double measure_standard(const struct model *model, double head_dim, double kv_heads, bool values)
{
    const struct attention *a = &model->attention;
    double h = model->hidden, q = model->heads * head_dim, kv = kv_heads * head_dim;
    double bias = model->bias ? q + 2 * kv + h : a->qkv_bias ? q + 2 * kv : 0;
    double norm = a->qk_norm ? 2 * head_dim : 0;
    return h * q * (2 + a->output_gate) + (1 + values) * h * kv + bias + norm;
}

double attention_layers(const struct model *model)
{
    const struct state_space *ss = &model->state_space;
    return model->layers - model->attention.linear_layers - model->attention.absent_layers - (ss->layers > 0 ? ss->layers + ss->feed_forward_layers : 0);
}

static double full_head_dim(const struct model *model)
{
    return model->attention.full_head_dim > 0 ? model->attention.full_head_dim : model->head_dim;
}

static double full_kv_heads(const struct model *model)
{
    return model->attention.full_kv_heads > 0 ? model->attention.full_kv_heads : model->kv_heads;
}

/* The mean over layers with a window and those without. */
static double mean_standard(const struct model *model)
{
    const struct attention *a = &model->attention;
    double one = measure_standard(model, model->head_dim, model->kv_heads, true), layers = attention_layers(model);
    if ((a->full_head_dim <= 0 && a->full_kv_heads <= 0 && !a->shared_values) || layers <= 0)
        return one;
    double full = layers - a->window_layers;
    return (a->window_layers * one + full * measure_standard(model, full_head_dim(model), full_kv_heads(model), !a->shared_values)) / layers;
}

void attention_measure(const struct model *model, struct attention_size *size)
{
    const struct attention *a = &model->attention;
    *size = (struct attention_size){0};
    if (a->kind == ATTENTION_LATENT)
        measure_latent(model, size);
    else
        size->sharded = mean_standard(model);
    size->linear = size->sharded + size->replicated;
    size->sharded *= 1 + a->cross;
    if (a->linear_value_heads <= 0)
        return;
    /* Gated delta net (arXiv 2412.06464, sec. 3): queries and keys, values and their
     * gate, two gates a value head, the output, and a convolution over all but gates. */
    double keys = a->linear_key_heads * a->linear_key_dim, values = a->linear_value_heads * a->linear_value_dim;
    double gates = a->linear_gate > 0 ? 2 * a->linear_gate * (1 + values / model->hidden) : values;
    size->linear = model->hidden * (2 * keys + 2 * values + gates + 2 * a->linear_value_heads) +
                   a->linear_convolution * (2 * keys + values);
}

void cache_measure(const struct model *model, struct cache_size *size)
{
    const struct attention *a = &model->attention;
    double layers = a->bidirectional ? 0 : attention_layers(model), windowed = a->bidirectional ? 0 : a->window_layers;
    bool latent = a->kind == ATTENTION_LATENT;
    double token = latent ? a->kv_rank + a->rope_dim : 2 * model->kv_heads * model->head_dim;
    double full = latent ? token : (2 - a->shared_values) * full_kv_heads(model) * full_head_dim(model);
    *size = (struct cache_size){.full = (layers - windowed) * full, .window = windowed * token};
    if (a->index_top_k > 0)
        size->index = (a->index_layers > 0 ? a->index_layers : layers - windowed) * a->index_dim;
}

/* Mamba-2 (arXiv 2405.21060, sec. 7), Mamba (arXiv 2312.00752, sec. 3) or a short convolution between two gates. */
static double measure_state_space(const struct model *model)
{
    const struct state_space *ss = &model->state_space;
    double h = model->hidden, inner = ss->heads * ss->head_dim;
    if (ss->kind == STATE_SPACE_CONVOLUTION)
        return 4 * h * inner;
    if (ss->kind == STATE_SPACE_MAMBA_1)
        return 3 * h * inner + inner * (2 * ss->rank + 3 * ss->state);
    return h * (2 * inner + 2 * ss->groups * ss->state + ss->heads) + inner * h;
}

void model_measure(const struct model *model, struct model_size *size)
{
    const struct experts *x = &model->experts;
    double h = model->hidden, matrices = model->ffn_kind == FEED_FORWARD_GATED ? 3 : 2;
    double ffn_bias = model->bias ? model->ffn * (matrices - 1) + h : 0;
    double norm = model->bias ? 2 * h : h;
    *size = (struct model_size){.embedding = model->vocab * h, .head = model->headless ? 0 : model->vocab * h};
    struct attention_size attention;
    attention_measure(model, &attention);
    /* Beside state spaces, a layer is one block of one kind. */
    const struct state_space *ss = &model->state_space;
    double blocks = ss->layers > 0 ? ss->feed_forward_layers : model->layers, linear = model->attention.linear_layers;
    size->attention_layers = attention_layers(model);
    size->state_space = measure_state_space(model);
    size->attention = (size->attention_layers * (attention.sharded + attention.replicated) + linear * attention.linear +
                       ss->layers * size->state_space) / model->layers;
    size->dense_ffn = matrices * h * model->ffn + ffn_bias;
    size->expert_layers = x->count > 0 ? blocks - x->dense_layers : 0;
    size->dense_layers = blocks - size->expert_layers;
    double expert_bias = model->bias ? x->ffn * (matrices - 1) + h : 0;
    size->expert_ffn = x->count > 0 ? matrices * (x->latent > 0 ? x->latent : h) * x->ffn + expert_bias : 0;
    size->shared_ffn = x->count > 0 ? matrices * h * x->shared * x->shared_ffn + h * (x->count + 2 * x->latent) : 0;
    double common = size->embedding + (model->tied_embeddings ? 0 : size->head) + model->learned_positions * h +
                    model->layers * (size->attention + 2 * norm) + norm + size->dense_layers * size->dense_ffn +
                    size->expert_layers * size->shared_ffn;
    size->total = common + model->encoders + size->expert_layers * x->count * size->expert_ffn;
    size->active = common + size->expert_layers * x->active * size->expert_ffn;
}

static void disagree(speedup_context *context, const struct model *model, const char *path, const char *what)
{
    struct place place = entry_place(&model->head, path);
    problem(context, SPEEDUP_INCONSISTENT, &place, "model '%s': %s", model->head.id, what);
}

static void check_published(speedup_context *context, const struct model *model, const char *key,
                            double published, double least, double most)
{
    if (published <= 0 || (published >= least && published <= most))
        return;
    char a[NUMBER_TEXT], b[NUMBER_TEXT], c[NUMBER_TEXT];
    struct place place = entry_place(&model->head, key);
    problem(context, SPEEDUP_INCONSISTENT, &place, "model '%s': '%s' is %s billion, the shape gives %s to %s billion",
            model->head.id, key, number_digits(a, published / 1e9, 5), number_digits(b, least / 1e9, 5),
            number_digits(c, most / 1e9, 5));
}

void model_finish(speedup_context *context, struct model *model)
{
    if (context->first || model->hidden <= 0 || model->heads <= 0)
        return; /* what is wrong has been told; derived values would only repeat it */
    if (model->kv_heads <= 0)
        model->kv_heads = model->heads;
    struct attention *a = &model->attention;
    if (a->kind == ATTENTION_LATENT) {
        if (a->kv_rank <= 0 || a->nope_dim <= 0 || a->value_dim <= 0)
            disagree(context, model, "attention.kind", "latent attention needs 'kv_rank', 'nope_dim' and 'value_dim'");
        if (model->head_dim <= 0)
            model->head_dim = a->nope_dim + a->rope_dim;
    } else if (a->kv_rank > 0 || a->query_rank > 0) {
        disagree(context, model, "attention", "'kv_rank' and 'query_rank' belong to 'kind: latent'");
    }
    if (model->head_dim <= 0) {
        model->head_dim = model->hidden / model->heads;
        if (model->head_dim != floor(model->head_dim))
            disagree(context, model, "heads", "'hidden' is not a multiple of 'heads'; give 'head_dim'");
    }
    if (!model->varied && fmod(model->heads, model->kv_heads) != 0)
        disagree(context, model, "kv_heads", "'heads' is not a multiple of 'kv_heads'");
    if (a->window_layers + a->linear_layers + a->absent_layers > model->layers)
        disagree(context, model, "attention.window_layers", "more layers with a window or linear attention than there are layers");
    const struct state_space *ss = &model->state_space;
    if (ss->layers > 0 && ss->layers + ss->feed_forward_layers + a->window_layers + a->linear_layers > model->layers)
        disagree(context, model, "state_space", "more layers of all kinds than there are layers");
    if (a->index_top_k > 0 && a->kind != ATTENTION_LATENT)
        disagree(context, model, "attention.index_top_k", "'index_top_k' belongs to 'kind: latent'");
    if ((a->linear_key_heads > 0 || a->linear_value_heads > 0) &&
        (a->linear_layers <= 0 || a->linear_key_heads * a->linear_key_dim * a->linear_value_heads * a->linear_value_dim <= 0))
        disagree(context, model, "attention.linear_layers", "linear attention needs 'linear_layers', and heads and widths of keys and of values");
    if (a->rotary_dim > model->head_dim)
        disagree(context, model, "attention.rotary_dim", "'rotary_dim' is more than 'head_dim'");
    if (a->window_layers > 0 && a->window <= 0)
        disagree(context, model, "attention.window_layers", "'window_layers' without 'window'");
    struct experts *x = &model->experts;
    if (x->count > 0) {
        if (x->active > x->count)
            disagree(context, model, "experts.active", "more active experts than there are");
        if (x->dense_layers > (ss->layers > 0 ? ss->feed_forward_layers : model->layers))
            disagree(context, model, "experts.dense_layers", "more dense layers than there are feed-forward layers");
        if (x->shared > 0 && x->shared_ffn <= 0)
            x->shared_ffn = x->ffn;
    }
    struct model_size size;
    model_measure(model, &size);
    if (!context->first) {
        check_published(context, model, "parameters", model->parameters, size.total / 1.03, size.total * 1.03);
        /* Active parameters are published with or without the vocabulary tables. */
        double least = size.active - size.embedding - size.head;
        check_published(context, model, "parameters_active", model->parameters_active, 0.8 * least, 1.1 * size.active);
    }
}
