/* Whole blocks, forward and backward, against the estimate: products, attention, passes and casts together, as a step
 * has them. */
#include "kernels.h"

#include "../validation/job.h"

#include <string.h>

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
    for (size_t i = 0; i < rows->count; i++) {
        const struct measured *b = &rows->rows[i];
        if (!strcmp(b->kind, "block") && !strncmp(b->name, f->name, length) && !strcmp(b->name + length, "backward") &&
            !strcmp(b->precision, f->precision) && b->m == f->m && b->seq == f->seq)
            return b;
    }
    return NULL;
}

static void block_job(const struct measured *r, const char *accelerator, struct job *job)
{
    bool gated = named(r, "llama"), half = strcmp(r->precision, "amp") != 0;
    const struct {
        const char *key, *text; /* NULL: the number */
        double number;
    } fields[] = {
        {"models.block.layers", NULL, r->layers},
        {"models.block.hidden", NULL, r->k},
        {"models.block.heads", NULL, r->heads},
        {"models.block.kv_heads", NULL, r->kv},
        {"models.block.head_dim", NULL, r->width},
        {"models.block.ffn", NULL, r->n},
        {"models.block.vocab", NULL, 64}, /* so that the head takes no time */
        {"models.block.ffn_kind", gated ? "gated" : "plain", 0},
        {"models.block.bias", NULL, !gated},
        {"models.block.tied_embeddings", NULL, 1},
        {"models.block.source", "measured", 0},
        {"systems.block.accelerator", accelerator, 0},
        {"systems.block.accelerators_per_node", NULL, 1},
        {"systems.block.source", "measured", 0},
        {"model", "block", 0},
        {"system", "block", 0},
        {"stack", "pytorch", 0},
        {"accelerators", NULL, 1},
        {"sequence", NULL, r->seq},
        {"global_batch", NULL, r->batch},
        {"micro_batch", NULL, r->batch},
        {"calibration.host_forward", NULL, 0}, /* the accelerator's time alone was measured */
        {"calibration.host_backward", NULL, 0},
        {"calibration.host_batch", NULL, 0},
        {"calibration.host_step", NULL, 0},
    };
    *job = (struct job){.section = "train"};
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if (fields[i].text)
            job_set(job, fields[i].key, fields[i].text);
        else
            job_set_number(job, fields[i].key, fields[i].number);
    job_add(job, half ? "pure-bf16" : "bf16-mixed-precision");
    job_add(job, "flash-attention-2");
    if (named(r, "compiled"))
        job_add(job, "torch-compile");
}

static double block_seconds(const struct session *session, const struct measured *row, const char *accelerator)
{
    static const int parts[] = {SPEEDUP_METRIC_TIME_MATMUL, SPEEDUP_METRIC_TIME_ATTENTION, SPEEDUP_METRIC_TIME_POINTWISE,
                                SPEEDUP_METRIC_TIME_LAUNCH, SPEEDUP_METRIC_TIME_CAST};
    struct job job;
    double values[SPEEDUP_METRIC_COUNT], seconds = 0;
    speedup_scenario *scenario = NULL;
    block_job(row, accelerator, &job);
    if (job_scenario(session, &job, NULL, 0, &scenario))
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
