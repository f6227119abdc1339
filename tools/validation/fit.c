/* Fitting coefficients to published step times, with cminpack's Levenberg-Marquardt. */
#include "fit.h"

#include <cminpack.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Residuals beyond this logarithm count linearly: soft L1. */
static const double robust = 0.025, robust_serving = 0.15, robust_first = 0.2, weight_first = 0.2;

enum { FOLDS = 10, SETTING = 4096 };

/* Which rows a coefficient belongs to. */
enum scope { EVERY, ACCELERATOR, STACK, OWN, SERVING = 4 }; /* OWN: of an accelerator that is fitted alone; SERVING is added to one of the others */

/* Priors: measured kernels, bytes counted in kernels, the papers named in data/coefficients, and experience. Centres were
 * moved after errors of published rows had been seen. */
static const struct {
    const char *name;
    int scope;
    const char *stack; /* or the group, where a chip's coefficient is that of one group alone */
    double prior, sigma;
} priors[] = {
    {"library_rate", EVERY, NULL, 0.92, 0.05},           /* of that of tuned kernels alone */
    {"library_rate", STACK, "pytorch-fsdp", 1, 0.05},
    {"library_rate", STACK, "megatron-core", 1.08, 0.05},
    {"library_rate", STACK, "deepspeed-pipeline", 1, 0.05},
    {"matmul_sustained", ACCELERATOR, "b200", 1, 0.05},
    {"matmul_sustained", ACCELERATOR, "gb200", 1, 0.05},
    {"matmul_sustained", ACCELERATOR, "b300", 1, 0.05},
    {"matmul_sustained", ACCELERATOR, "gb300", 1, 0.05},
    {"matmul_efficiency", OWN, NULL, 1, 0.05},           /* of that of the kernel alone */
    {"flash_attention_1", EVERY, NULL, 0.34, 0.2},
    {"flash_attention_2", STACK, "pytorch-fsdp", 0.25, 0.2}, /* Triton's */
    {"copy_rate", OWN, NULL, 0.8, 0.1},
    {"expert_efficiency", EVERY, NULL, 0.7, 0.12},
    {"expert_rows", EVERY, NULL, 30, 0.5},
    {"routed_forward", EVERY, NULL, 18, 0.3},
    {"routed_backward", EVERY, NULL, 36, 0.3},
    {"fused_dispatch", EVERY, NULL, 0.25, 0.3},
    {"fused_experts", EVERY, NULL, 1.14, 0.08},
    {"fused_exchange", EVERY, NULL, 0.7, 0.15},
    {"expert_fixed", EVERY, NULL, 180e-6, 0.4},
    {"expert_layer", EVERY, NULL, 500e-6, 0.5},
    {"expert_exchange", EVERY, NULL, 0.6, 0.3},
    {"misaligned_head", EVERY, NULL, 8, 0.3},
    {"misaligned_heads", EVERY, NULL, 2.2, 0.2},
    {"unfused_attention", EVERY, NULL, 0.4, 0.3},
    {"score_passes", EVERY, NULL, 10, 0.4},
    {"score_backward", EVERY, NULL, 17, 0.4},
    {"flash_backward", EVERY, NULL, 2.8, 0.1},
    {"cudnn_backward", EVERY, NULL, 2.5, 0.1},
    {"attention_again", EVERY, NULL, 0.9, 0.05},
    {"hidden_forward", EVERY, NULL, 55, 0.3},
    {"hidden_backward", EVERY, NULL, 125, 0.3},
    {"inner_forward", EVERY, NULL, 6, 0.3},
    {"inner_backward", EVERY, NULL, 12, 0.3},
    {"fused_pointwise", EVERY, NULL, 0.5, 0.12},
    {"fused_gated", EVERY, NULL, 0.7, 0.3},
    {"adapter_forward", EVERY, NULL, 3, 0.5},
    {"adapter_backward", EVERY, NULL, 4, 0.5},
    {"cast_passes", EVERY, NULL, 1.5, 0.3},
    {"narrow_product", EVERY, NULL, 10e-6, 0.4},
    {"state_space_passes", EVERY, NULL, 87, 0.5},
    {"loss_forward", EVERY, NULL, 12, 0.3},
    {"loss_backward", EVERY, NULL, 20, 0.3},
    {"network_fraction", EVERY, NULL, 0.6, 0.12},
    {"data_latency", EVERY, NULL, 7.5e-6, 0.5},
    {"zero3_messages", EVERY, NULL, 12, 0.4},
    {"tree_latency", EVERY, NULL, 0.1, 0.7},
    {"pipeline_send", EVERY, NULL, 0.3, 0.5},
    {"contention_link", EVERY, NULL, 0.4, 0.3},
    {"contention_network", EVERY, NULL, 0.35, 0.3},
    {"optimizer_bytes", EVERY, NULL, 40, 0.15},
    {"step_seconds", EVERY, NULL, 0.02, 0.7},
    {"blocking_seconds", STACK, "deepspeed-pipeline", 17e-3, 0.3},
    {"blocking_seconds", STACK, "launch-blocking", 20e-3, 0.3},
    /* Serving, fitted to the time per output token. These centres were set while its
     * structure was sought, after errors had been seen. */
    {"stream_gain", SERVING + EVERY, NULL, 1.15, 0.3},
    {"rate_gain", SERVING + EVERY, NULL, 0.95, 0.3},
    {"routed_rate", SERVING + EVERY, NULL, 0.3, 0.3},
    {"tile_rows", SERVING + EVERY, NULL, 16, 0.3},
    {"route_shape", SERVING + EVERY, NULL, 2.5, 0.3},
    {"layer_latent", SERVING + EVERY, NULL, 30e-6, 0.3},
    {"layer_norm", SERVING + EVERY, NULL, 6e-6, 0.3},
    {"layer_index", SERVING + EVERY, NULL, 45e-6, 0.3},
    {"first_token", SERVING + STACK, "tensorrt-llm", 5e-3, 1},
    {"first_token", SERVING + STACK, "vllm", 5e-3, 1},
    {"first_token", SERVING + STACK, "sglang", 5e-3, 2},
    {"arrival_spread", SERVING + EVERY, NULL, 0.1, 1},
    {"run_start", SERVING + EVERY, NULL, 0.5, 0.5},
    {"queue_clump", SERVING + EVERY, NULL, 0.5, 0.5},
    {"sequence_seconds", SERVING + STACK, "tensorrt-llm", 17e-6, 0.3},
    {"sequence_seconds", SERVING + STACK, "vllm", 20e-6, 0.3},
    {"sequence_seconds", SERVING + STACK, "vllm-0-14", 1, 0.3}, /* over that of later ones */
    {"sequence_seconds", SERVING + STACK, "sglang", 20e-6, 0.3},
    {"quantize_block", SERVING + EVERY, NULL, 5e-6, 0.3},
    {"quantize_8", SERVING + EVERY, NULL, 2e-6, 0.3},
    {"quantize_nvfp4", SERVING + EVERY, NULL, 2e-6, 0.3},
    {"layer_latency", SERVING + ACCELERATOR, "before-blackwell", 1.35, 0.3},
    {"layer_seconds", SERVING + STACK, "tensorrt-llm", 29e-6, 0.3},
    {"layer_seconds", SERVING + STACK, "vllm", 40e-6, 0.3},
    {"layer_seconds", SERVING + STACK, "sglang", 27e-6, 0.3},
    {"layer_expert", SERVING + STACK, "tensorrt-llm", 10e-6, 0.3},
    {"layer_expert", SERVING + STACK, "vllm", 14e-6, 0.3},
    {"layer_expert", SERVING + STACK, "sglang", 20e-6, 0.3},
};

enum { PRIORS = sizeof priors / sizeof *priors };

/* Share of the dense 16-bit peak that large products alone reach, measured kernels (doc/validation.md). Chips
 * that are not listed have the mean. */
static const struct {
    const char *group;
    double matmul;
} kernels[] = {
    {"a100", 0.813}, {"a800", 0.813}, {"h100", 0.789}, {"h200", 0.796}, {"b200", 0.662}, {"gb200", 0.636},
    {"b300", 0.698}, {"gb300", 0.738}, {"l40s", 0.574}, {NULL, 0.73},
};

static double kernel_share(const char *group, const char *coefficient)
{
    size_t k = 0;
    while (kernels[k].group && strcmp(kernels[k].group, group))
        k++;
    return !strcmp(coefficient, "matmul_efficiency") ? kernels[k].matmul : 1;
}

void fit_group(const char *accelerator, char *group, size_t room)
{
    snprintf(group, room, "%.*s", (int)strcspn(accelerator, "-"), accelerator);
}

/* A stack, or a later one that is named after it. */
static bool is_stack(const char *stack, const char *row)
{
    size_t length = strlen(stack);
    return !strncmp(stack, row, length) && (!row[length] || row[length] == '-');
}

static bool in_scope(const struct fit_coefficient *c, const struct fit_row *row)
{
    if (!c->scope[0])
        return true;
    return !strncmp(c->scope, "stack:", 6) ? is_stack(c->scope + 6, row->stack) : !strcmp(c->scope, row->group);
}

/* A gain of an engine over kernels is one for all widths of weights. */
static const char *also_of(const char *name)
{
    return !strcmp(name, "stream_gain") ? "stream_gain_4bit" : !strcmp(name, "rate_gain") ? "rate_gain_4bit" : NULL;
}

static bool add(struct fit *fit, size_t prior, const char *scope)
{
    for (size_t i = 0; i < fit->count; i++)
        if (!strcmp(fit->free[i].name, priors[prior].name) && !strcmp(fit->free[i].scope, scope))
            return true;
    struct fit_coefficient *grown = realloc(fit->free, (fit->count + 1) * sizeof *grown);
    if (!grown)
        return false;
    fit->free = grown;
    struct fit_coefficient *c = &fit->free[fit->count++];
    *c = (struct fit_coefficient){.name = priors[prior].name, .also = also_of(priors[prior].name), .prior = priors[prior].prior,
                                  .sigma = priors[prior].sigma, .value = priors[prior].prior};
    snprintf(c->scope, sizeof c->scope, "%s", scope);
    return true;
}

bool fit_begin(struct fit *fit, const struct fit_row *rows, size_t count, const char *only)
{
    *fit = (struct fit){0};
    bool memory = true;
    for (size_t p = 0; p < PRIORS && memory; p++) {
        char stack[40];
        if ((priors[p].scope >= SERVING) != (count > 0 && rows[0].serving))
            continue;
        int scope = priors[p].scope % SERVING;
        snprintf(stack, sizeof stack, "stack:%s", priors[p].stack ? priors[p].stack : "");
        if (scope == EVERY && !only)
            memory = add(fit, p, "");
        for (size_t i = 0; i < count && memory; i++) {
            if (scope == ACCELERATOR && (!priors[p].stack || !strcmp(priors[p].stack, rows[i].group)) && (!only || !strcmp(only, rows[i].group)))
                memory = add(fit, p, rows[i].group);
            if (scope == OWN && only && !strcmp(only, rows[i].group))
                memory = add(fit, p, rows[i].group);
            if (scope == STACK && !only && is_stack(priors[p].stack, rows[i].stack))
                memory = add(fit, p, stack);
        }
    }
    return memory;
}

void fit_end(struct fit *fit)
{
    free(fit->free);
    fit->free = NULL;
    fit->count = 0;
}

static bool general_is_free(const struct fit *fit, const char *name)
{
    for (size_t i = 0; i < fit->count; i++)
        if (!fit->free[i].scope[0] && !strcmp(fit->free[i].name, name))
            return true;
    return false;
}

/* The coefficient that a free one is the first part of, for a row; negative when it is
 * out of the row's scope, or a later part. */
static double fit_value(const struct fit *fit, const double *x, size_t index, const struct fit_row *row)
{
    const char *name = fit->free[index].name;
    double value = kernel_share(row->group, name);
    bool any = false;
    if (!in_scope(&fit->free[index], row))
        return -1;
    for (size_t i = 0; i < fit->count; i++) {
        if (strcmp(fit->free[i].name, name) || !in_scope(&fit->free[i], row))
            continue;
        if (i < index)
            return -1;
        any = true;
        value *= fit->free[i].prior * exp(x[i]);
    }
    /* In a fit of one group the general part stays at its prior. */
    for (size_t p = 0; p < PRIORS && any && !general_is_free(fit, name); p++)
        if (priors[p].scope % SERVING == EVERY && !strcmp(priors[p].name, name))
            value *= priors[p].prior;
    return any ? value : -1;
}

/* What a row is judged by. */
struct times {
    double time, first; /* s; to the first token, where it serves */
};

/* The times of a row with coefficients at prior * exp(x); negative when it fails. */
static struct times predict(const struct session *session, const struct fit *fit, const double *x, const struct fit_row *row)
{
    char setting[SETTING];
    size_t at = (size_t)snprintf(setting, sizeof setting, "%s.calibration={", row->serving ? "serve" : "train");
    const char *between = "";
    for (size_t i = 0; i < fit->count && at + 160 < sizeof setting; i++) {
        double value = fit_value(fit, x, i, row);
        if (value < 0)
            continue;
        at += (size_t)snprintf(setting + at, sizeof setting - at, "%s%s: %.17g", between, fit->free[i].name, value);
        between = ", ";
        if (fit->free[i].also)
            at += (size_t)snprintf(setting + at, sizeof setting - at, ", %s: %.17g", fit->free[i].also, value);
    }
    snprintf(setting + at, sizeof setting - at, "}");
    const char *settings[] = {setting};
    speedup_scenario *scenario;
    double values[SPEEDUP_METRIC_COUNT] = {0};
    if (job_scenario(session, row->job, settings, 1, &scenario))
        return (struct times){-1, -1};
    speedup_status status = speedup_scenario_estimate(scenario, values, SPEEDUP_METRIC_COUNT);
    speedup_scenario_unref(scenario);
    if (status)
        return (struct times){-1, -1};
    return (struct times){values[row->serving ? SPEEDUP_METRIC_TIME_PER_OUTPUT_TOKEN : SPEEDUP_METRIC_STEP_SECONDS],
                          values[SPEEDUP_METRIC_TIME_TO_FIRST_TOKEN]};
}

/* Is the free coefficient the first part of one that differs between accelerators, and
 * does the fit say anything of this group's? At its prior it says nothing. */
bool fit_is_of_group(const struct fit *fit, size_t index, const char *group)
{
    const struct fit_coefficient *c = &fit->free[index];
    bool own = false;
    for (size_t i = 0; i < fit->count; i++) {
        if (strcmp(fit->free[i].name, c->name))
            continue;
        own |= !strcmp(fit->free[i].scope, group) && fabs(log(fit->free[i].value / fit->free[i].prior)) > 1e-4;
        if (i < index && (!fit->free[i].scope[0] || !strcmp(fit->free[i].scope, group)))
            return false;
    }
    return own && (!c->scope[0] || !strcmp(c->scope, group));
}

double fit_group_value(const struct fit *fit, size_t index, const char *group)
{
    double value = kernel_share(group, fit->free[index].name);
    for (size_t i = 0; i < fit->count; i++)
        if (!strcmp(fit->free[i].name, fit->free[index].name) && (!fit->free[i].scope[0] || !strcmp(fit->free[i].scope, group)))
            value *= fit->free[i].value;
    /* A fit of one group has the general part fixed at its prior. */
    for (size_t p = 0; p < PRIORS && !general_is_free(fit, fit->free[index].name); p++)
        if (priors[p].scope % SERVING == EVERY && !strcmp(priors[p].name, fit->free[index].name))
            value *= priors[p].prior;
    return value;
}

double fit_stack_value(const struct fit *fit, size_t index)
{
    double value = fit->free[index].value;
    for (size_t i = 0; i < fit->count; i++)
        if (!fit->free[i].scope[0] && !strcmp(fit->free[i].name, fit->free[index].name))
            value *= fit->free[i].value;
    return value;
}

struct problem {
    const struct session *session;
    const struct fit *fit;
    const struct fit_row *rows;
    const size_t *chosen;
    size_t count;
    double *last;     /* coefficients of the last full evaluation */
    struct times *computed; /* and its predictions, to reuse where a coefficient is out of scope */
    bool has_last;
    size_t evaluations;
};

/* Rows that the one coefficient which differs from the last evaluation cannot touch. */
static bool untouched(const struct problem *p, const double *x, const struct fit_row *row)
{
    if (!p->has_last)
        return false;
    for (size_t i = 0; i < p->fit->count; i++)
        if (x[i] != p->last[i] && in_scope(&p->fit->free[i], row))
            return false;
    return true;
}

/* Quadratic near nothing, linear far away. */
static double soft(double off, double scale)
{
    double r = off / scale;
    return copysign(sqrt(2 * (sqrt(1 + r * r) - 1)), r);
}

/* Two for each row, and one for each coefficient. */
static int residuals(void *user, int m, int n, const double *x, double *out, int flag)
{
    struct problem *p = user;
    (void)m;
    if (p->fit->progress)
        p->fit->progress(p->fit->user, ++p->evaluations);
    for (size_t i = 0; i < p->count; i++) {
        const struct fit_row *row = &p->rows[p->chosen[i]];
        struct times at = untouched(p, x, row) ? p->computed[i] : predict(p->session, p->fit, x, row);
        if (!(at.time > 0)) {
            for (int k = 0; k < n; k++) fprintf(stderr, "%s %g\n", p->fit->free[k].name, p->fit->free[k].prior * exp(x[k]));
            return -1;
        }
        if (flag == 1)
            p->computed[i] = at;
        double weight = sqrt(row->weight);
        out[2 * i] = soft(log(at.time / row->measured), row->serving ? robust_serving : robust) * weight;
        out[2 * i + 1] = row->first_measured > 0 ? soft(log(at.first / row->first_measured), robust_first) * weight * weight_first : 0;
    }
    if (flag == 1) {
        memcpy(p->last, x, (size_t)n * sizeof *x);
        p->has_last = true;
    }
    for (int i = 0; i < n; i++)
        out[2 * p->count + (size_t)i] = x[i] / p->fit->free[i].sigma;
    return 0;
}

bool fit_rows(const struct session *session, struct fit *fit, struct fit_row *rows, size_t count, const bool *used)
{
    bool left_out = false;
    for (size_t i = 0; i < count; i++)
        left_out |= !used[i];
    size_t n = fit->count, chosen_count = 0, m = 2 * count + n;
    size_t *chosen = calloc(count + 1, sizeof *chosen);
    double *memory = calloc(8 * n + 2 * m + m * n + 1, sizeof *memory);
    struct times *computed = calloc(count + 1, sizeof *computed);
    int *pivot = calloc(n + 1, sizeof *pivot);
    bool good = chosen && memory && computed && pivot;
    for (size_t i = 0; good && i < count; i++)
        if (used[i])
            chosen[chosen_count++] = i;
    if (good && n && chosen_count) {
        double *x = memory, *scale = x + n, *qtf = scale + n, *w1 = qtf + n, *w2 = w1 + n, *w3 = w2 + n, *last = w3 + n,
               *residual = last + n, *w4 = residual + m, *jacobian = w4 + m;
        struct problem p = {session, fit, rows, chosen, chosen_count, last, computed, false, 0};
        int evaluations = 0, rows_in_all = (int)(2 * chosen_count + n);
        for (size_t i = 0; i < n; i++)
            scale[i] = 1 / fit->free[i].sigma;
        int info = lmdif(residuals, &p, rows_in_all, (int)n, x, residual, 3e-4, 1e-3, 0, (int)(n + 1) * 25, 1e-8, scale, 2, 1,
                         0, &evaluations, jacobian, rows_in_all, pivot, qtf, w1, w2, w3, w4);
        good = info > 0;
        for (size_t i = 0; i < n && good; i++)
            fit->free[i].value = fit->free[i].prior * exp(x[i]);
        for (size_t i = 0; i < count && good; i++) {
            if (used[i] && left_out)
                continue;
            struct times at = predict(session, fit, x, &rows[i]);
            rows[i].predicted = at.time;
            rows[i].first_predicted = at.first;
        }
    }
    free(chosen);
    free(memory);
    free(computed);
    free(pivot);
    return good;
}

bool fit_all(const struct session *session, struct fit_row *rows, size_t count)
{
    struct fit fit;
    bool *used = calloc(count + 1, sizeof *used), good = used && fit_begin(&fit, rows, count, NULL);
    memset(used, true, count);
    good = good && fit_rows(session, &fit, rows, count, used);
    for (size_t i = 0; good && i < fit.count; i++)
        printf("%-20s %-24s %.4g\n", fit.free[i].scope, fit.free[i].name, fit.free[i].value);
    fit_end(&fit);
    free(used);
    return good;
}

bool fit_leave_out(const struct session *session, struct fit_row *rows, size_t count, bool by_source,
                   void (*progress)(size_t done, size_t total))
{
    bool *used = calloc(count + 1, sizeof *used), *done = calloc(count + 1, sizeof *done), good = used && done;
    size_t finished = 0;
    for (size_t first = 0; first < count && good; first++) {
        if (done[first])
            continue;
        for (size_t i = 0; i < count; i++) {
            bool out = by_source ? !strcmp(rows[i].source, rows[first].source)
                                 : rows[i].configuration % FOLDS == rows[first].configuration % FOLDS;
            used[i] = !out;
            done[i] |= out;
            finished += out;
        }
        struct fit fit;
        good = fit_begin(&fit, rows, count, NULL) && fit_rows(session, &fit, rows, count, used);
        fit_end(&fit);
        if (progress)
            progress(finished, count);
    }
    free(used);
    free(done);
    return good;
}
