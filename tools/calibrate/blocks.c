/* Whole blocks, forward and backward, against the estimate: products, attention, passes and casts together, as a step
 * has them. */
#include "kernels.h"

#include <math.h>
#include <string.h>

enum { YAML = 2000 };

/* Spread over median of a block that the accelerator alone is timed by. */
static const double steady = 0.2;

static bool named(const struct measured *row, const char *word)
{
    return strstr(row->name, word) != NULL;
}

/* The other pass of the block that a forward pass belongs to. */
static const struct measured *backward_of(const struct measured_rows *rows, size_t forward)
{
    const struct measured *f = &rows->rows[forward];
    size_t length = strlen(f->name) - strlen("forward");
    for (size_t i = forward + 1; i < rows->count; i++) {
        const struct measured *b = &rows->rows[i];
        if (!strcmp(b->kind, "block") && !strncmp(b->name, f->name, length) && !strcmp(b->name + length, "backward") &&
            !strcmp(b->precision, f->precision) && b->m == f->m && b->seq == f->seq)
            return b;
    }
    return NULL;
}

static int block_yaml(const struct measured *r, const char *accelerator, char text[YAML])
{
    bool gated = named(r, "llama");
    return snprintf(text, YAML,
                    "models: {block: {layers: %.0f, hidden: %.0f, heads: %.0f, kv_heads: %.0f, head_dim: %.0f, ffn: %.0f, vocab: 64, "
                    "ffn_kind: %s, bias: %s, tied_embeddings: true, source: measured}}\n"
                    "systems: {block: {accelerator: %s, accelerators_per_node: 1, network: 50 GB/s, source: measured}}\n"
                    "train: {model: block, system: block, stack: pytorch, accelerators: 1, sequence: %.0f, global_batch: %.0f, micro_batch: %.0f, "
                    "calibration: {host_forward: 0, host_backward: 0, host_batch: 0, host_step: 0}, optimizations: [%s, flash-attention-2%s]}\n",
                    r->layers, r->k, r->heads, r->kv, r->width, r->n, gated ? "gated" : "plain", gated ? "false" : "true", accelerator, r->seq,
                    r->batch, r->batch, strcmp(r->precision, "amp") ? "pure-bf16" : "bf16-mixed-precision",
                    named(r, "compiled") ? ", torch-compile" : "");
}

static double block_seconds(const struct session *session, const struct measured *row, const char *accelerator)
{
    static const int parts[] = {SPEEDUP_METRIC_TIME_MATMUL, SPEEDUP_METRIC_TIME_ATTENTION, SPEEDUP_METRIC_TIME_POINTWISE,
                                SPEEDUP_METRIC_TIME_LAUNCH, SPEEDUP_METRIC_TIME_CAST};
    char text[YAML];
    double values[SPEEDUP_METRIC_COUNT], seconds = 0;
    speedup_scenario *scenario = NULL;
    int length = block_yaml(row, accelerator, text);
    if (length <= 0 || length >= YAML ||
        speedup_scenario_create(session->context, session->catalog, "block", text, (size_t)length, NULL, 0, &scenario))
        return 0;
    if (!speedup_scenario_estimate(scenario, values, SPEEDUP_METRIC_COUNT))
        for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
            seconds += values[parts[i]];
    speedup_scenario_unref(scenario);
    return seconds;
}

struct judged blocks_judge(const struct session *session, const struct measured_rows *rows, const char *accelerator, size_t *unsteady)
{
    struct samples samples = {0};
    *unsteady = 0;
    for (size_t i = 0; i < rows->count; i++) {
        const struct measured *f = &rows->rows[i];
        size_t length = strlen(f->name);
        if (strcmp(f->kind, "block") || length < 8 || strcmp(f->name + length - 7, "forward"))
            continue;
        const struct measured *b = backward_of(rows, i);
        if (b && (f->spread > steady || b->spread > steady)) {
            ++*unsteady;
            continue;
        }
        double seconds = b ? block_seconds(session, f, accelerator) : 0;
        struct sample *s = seconds > 0 ? samples_add(&samples) : NULL;
        if (!s)
            continue;
        s->held = true;
        s->predicted = seconds;
        s->seconds = f->seconds + b->seconds;
    }
    struct judged judged = samples_judge(&samples);
    samples_free(&samples);
    return judged;
}
