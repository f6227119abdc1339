/* Formulas are those of lib/estimate/training.c; symbols are explained there. */
#include "kernels.h"

#include <math.h>
#include <string.h>

/* Rows of fewer tokens tell how fast weights are read, those of more how fast they are multiplied. */
enum { FEW_TOKENS = 128, MANY_TOKENS = 512, LARGE_PASS = 1 << 24, SUPPORTED = 20 };

/* What PyTorch's 16-bit products reach over tuned kernels of the same chip: recorded rows of H100 and H200 over
 * their matmul_efficiency, which is from tuned kernels. For chips whose tuned kernels nobody measured. */
static const double library_over_tuned = 0.966;

/* Where bytes counted from operands alone understate what a pass does, and how far a step's passes go with each kernel:
 * rate over copy_rate of the accelerator, geometric mean of the recorded rows of H100 and H200 (tests/lab). */
static const struct {
    const char *name, *precision;
    double share;
} passes[] = {
    {"add", "bf16", 1.018},
    {"scale", "fp32", 1.027},
    {"mixed add", "amp", 0.769},
    {"cast", "fp32 to bf16", 1.030},
    {"cast", "bf16 to fp32", 0.592},
    {"silu times", "bf16", 0.997},
    {"gelu both", "bf16", 0.827},
    {"gelu both backward", "bf16", 0.913},
    {"layer norm", "bf16", 0.599},
    {"layer norm backward", "bf16", 0.390},
    {"layer norm", "fp32", 0.697},
    {"layer norm backward", "fp32", 0.453},
    {"rms norm written out", "bf16", 0.069},
    {"rms norm written out backward", "bf16", 0.055},
    {"rms norm of PyTorch", "bf16", 0.710},
    {"rms norm of PyTorch backward", "bf16", 0.410},
    {"loss in fp32", "bf16", 0.080},
    {"loss in fp32 backward", "bf16", 0.162},
};

/* The hosts whose steps gave the stacks their host times: seconds of a layer, geometric mean of the same files. */
static const struct {
    const char *name, *precision;
    double seconds;
} hosts[] = {
    {"gpt-1024 eager forward", "amp", 950e-6},     {"gpt-1024 eager backward", "amp", 1281e-6},
    {"llama-2048 eager forward", "amp", 1112e-6},  {"llama-2048 eager backward", "amp", 1915e-6},
    {"gpt-1024 eager forward", "pure", 522e-6},    {"gpt-1024 eager backward", "pure", 984e-6},
    {"llama-2048 eager forward", "pure", 1149e-6}, {"llama-2048 eager backward", "pure", 1577e-6},
    {"gpt-1024 compiled forward", "amp", 892e-6},  {"gpt-1024 compiled backward", "amp", 1154e-6},
    {"llama-2048 compiled forward", "amp", 739e-6}, {"llama-2048 compiled backward", "amp", 1113e-6},
};

#define COUNT(array) (sizeof(array) / sizeof *(array))

static void tell(FILE *to, const char *kind, const struct samples *samples, size_t names)
{
    struct judged j = samples_judge(samples);
    fprintf(to, "  %-28s%5zu fitted%5zu held back of %3zu shapes", kind, samples->count - j.count, j.count, names);
    if (j.count)
        fprintf(to, "   mean %5.1f %%   median %5.1f %%", 100 * j.mean, 100 * j.median);
    fprintf(to, "\n");
}

/* Fits, and tells how well; false, and told, where there is too little. */
static bool fit(FILE *to, const char *kind, curve *function, const struct chip *chip, struct parameter *parameters, size_t count,
                struct samples *samples)
{
    size_t names = samples_hold_back(samples);
    if (!samples->count)
        return false;
    if (names < LEAST_NAMES || !curve_fit(function, chip, parameters, count, samples)) {
        fprintf(to, "  %-28s%5zu rows of %zu shapes: at least %d shapes are needed; what the catalog has stays\n", kind, samples->count, names,
                (int)LEAST_NAMES);
        return false;
    }
    tell(to, kind, samples, names);
    return true;
}

/* ---- products --------------------------------------------------------------------------------- */

enum { X_M, X_N, X_K, X_BACKWARD, X_EXPERTS };

static const double format_bytes[] = {2, 1, 4, 4};

static double product_seconds(const struct chip *chip, enum format format, double gain, double m, double n, double k)
{
    double bytes = format_bytes[format], depth = chip->depth * (bytes > 2 ? 2 / bytes : 1);
    double work = m * n * (k + depth) * 2 / (chip->peak[format] * chip->efficiency * gain);
    double moved = (bytes * (m + n) * k + fmax(bytes, 2) * m * n) / (chip->bandwidth * chip->stream);
    return chip->seconds + fmax(work, moved);
}

static double stream_curve(const void *user, const double *values, const struct sample *s)
{
    const struct chip *chip = user;
    const double *x = s->x;
    return chip->seconds + 2 * ((x[X_M] + x[X_N]) * x[X_K] + x[X_M] * x[X_N]) / (chip->bandwidth * values[0]);
}

static double product_curve(const void *user, const double *values, const struct sample *s)
{
    struct chip chip = *(const struct chip *)user;
    chip.efficiency = values[0];
    chip.depth = values[1];
    chip.seconds = values[2];
    return product_seconds(&chip, FORMAT_16, 1, s->x[X_M], s->x[X_N], s->x[X_K]);
}

static double gain_8_curve(const void *chip, const double *values, const struct sample *s)
{
    return product_seconds(chip, FORMAT_8, values[0], s->x[X_M], s->x[X_N], s->x[X_K]);
}

static double gain_tf32_curve(const void *chip, const double *values, const struct sample *s)
{
    return product_seconds(chip, FORMAT_TF32, values[0], s->x[X_M], s->x[X_N], s->x[X_K]) * (s->x[X_BACKWARD] > 0 ? values[1] : 1);
}

static double gain_fp32_curve(const void *chip, const double *values, const struct sample *s)
{
    return product_seconds(chip, FORMAT_FP32, values[0], s->x[X_M], s->x[X_N], s->x[X_K]);
}

static double grouped_curve(const void *user, const double *values, const struct sample *s)
{
    struct chip own = *(const struct chip *)user, *chip = &own;
    const double *x = s->x;
    own.seconds = 0; /* one kernel for all experts */
    double seconds = s->x[X_BACKWARD] > 0 ? product_seconds(chip, FORMAT_16, values[0], x[X_M], x[X_K], x[X_N]) +
                                                product_seconds(chip, FORMAT_16, values[0], x[X_N], x[X_K], x[X_M])
                                          : product_seconds(chip, FORMAT_16, values[0], x[X_M], x[X_N], x[X_K]);
    return x[X_EXPERTS] * seconds;
}

/* Products of a precision with tokens in a range, each as the m x k by k x n that it is. Their name is the layer's, so
 * that the three products of a layer, with any number of tokens, are held back together. */
static struct samples products_of(const struct measured_rows *rows, const char *precision, double least, double most)
{
    struct samples samples = {0};
    for (size_t i = 0; i < rows->count; i++) {
        const struct measured *r = &rows->rows[i];
        if (strcmp(r->kind, "product") || strcmp(r->precision, precision) || r->m < least || r->m > most)
            continue;
        struct sample *s = samples_add(&samples);
        if (!s)
            return samples;
        bool input = !strcmp(r->name, "input"), weight = !strcmp(r->name, "weight");
        s->x[X_M] = weight ? r->n : r->m;
        s->x[X_N] = input || weight ? r->k : r->n;
        s->x[X_K] = weight ? r->m : input ? r->n : r->k;
        s->x[X_BACKWARD] = input || weight;
        s->seconds = r->seconds;
        snprintf(s->name, sizeof s->name, least > 0 ? "%.0fx%.0f" : "%.0fx%.0f, %.0f", r->n, r->k, r->m);
    }
    return samples;
}

/* Few tokens: the weights are read. */
static void fit_stream(const struct measured_rows *rows, struct chip *chip, struct profile *profile, FILE *to)
{
    struct samples samples = products_of(rows, "bf16", 0, FEW_TOKENS);
    struct parameter stream = {"matmul_stream", 0.7, 1};
    if (fit(to, "products of few tokens", stream_curve, chip, &stream, 1, &samples)) {
        chip->stream = stream.value;
        profile_put(profile, "matmul_stream", stream.value);
    }
    samples_free(&samples);
}

/* The chip's own efficiency is that of tuned kernels, for all software; what PyTorch's library has of it is the stack's. */
static void split_products(const struct chip *chip, struct profile *profile)
{
    const struct session *session = profile->session;
    double tuned = catalog_value(session, "accelerators", profile->accelerator, "calibration.matmul_efficiency", 0);
    double depth = catalog_value(session, "accelerators", profile->accelerator, "calibration.matmul_depth",
                                 catalog_value(session, "coefficients", "matmul_depth", "value", 0));
    if (!(tuned > 0)) {
        tuned = fmin(chip->efficiency / library_over_tuned, 1);
        profile_put_chip(profile, "matmul_efficiency", tuned);
    }
    if (chip->depth < depth)
        profile_put_chip(profile, "matmul_depth", depth = chip->depth);
    profile_put_software(profile, "library_rate", chip->efficiency / tuned);
    profile_put_software(profile, "library_depth", chip->depth - depth);
}

/* How many rows of 16-bit products were held back; 0 when they were not fitted. */
static size_t fit_products(const struct measured_rows *rows, struct chip *chip, struct profile *profile, FILE *to)
{
    struct samples samples = products_of(rows, "bf16", MANY_TOKENS, INFINITY);
    struct parameter p[] = {{"matmul_efficiency", 0.75, 1}, {"matmul_depth", 150, 2}, {"matmul_seconds", 3e-6, 0.5}};
    struct judged judged = {0};
    if (fit(to, "products, 16 bits", product_curve, chip, p, COUNT(p), &samples)) {
        chip->efficiency = p[0].value;
        chip->depth = p[1].value;
        chip->seconds = p[2].value;
        profile_put(profile, "matmul_seconds", chip->seconds);
        split_products(chip, profile);
        judged = samples_judge(&samples);
        char text[40];
        snprintf(text, sizeof text, "%.1f", 100 * judged.mean);
        profile_say(profile, "; 16-bit products held back: mean error %s %%", text);
    }
    samples_free(&samples);
    return judged.count;
}

static void fit_formats(const struct measured_rows *rows, const struct chip *chip, struct profile *profile, FILE *to)
{
    static const struct {
        enum format format;
        const char *precision, *kind, *names[2];
        curve *function;
    } formats[] = {
        {FORMAT_8, "fp8", "products, fp8", {"matmul_gain_fp8", NULL}, gain_8_curve},
        {FORMAT_TF32, "tf32", "products, tf32", {"matmul_gain_tf32", "tf32_backward"}, gain_tf32_curve},
        {FORMAT_FP32, "fp32", "products, fp32", {"matmul_gain_fp32", NULL}, gain_fp32_curve},
    };
    for (size_t i = 0; i < COUNT(formats); i++) {
        if (!(chip->peak[formats[i].format] > 0))
            continue;
        struct samples samples = products_of(rows, formats[i].precision, MANY_TOKENS, INFINITY);
        struct parameter p[] = {{formats[i].names[0], 0.9, 1}, {formats[i].names[1], 1.2, 1}};
        size_t count = 1 + (formats[i].names[1] != NULL);
        if (fit(to, formats[i].kind, formats[i].function, chip, p, count, &samples))
            for (size_t k = 0; k < count; k++)
                profile_put_software(profile, p[k].name, p[k].value);
        samples_free(&samples);
    }
}

static void fit_grouped(const struct measured_rows *rows, const struct chip *chip, struct profile *profile, FILE *to)
{
    struct samples samples = {0};
    double extra = profile_get(profile, "expert_rows");
    for (size_t i = 0; i < rows->count; i++) {
        const struct measured *r = &rows->rows[i];
        struct sample *s = strcmp(r->kind, "grouped") ? NULL : samples_add(&samples);
        if (!s)
            continue;
        s->x[X_M] = r->m / r->batch + extra;
        s->x[X_N] = r->n;
        s->x[X_K] = r->k;
        s->x[X_BACKWARD] = !strcmp(r->name, "backward");
        s->x[X_EXPERTS] = r->batch;
        s->seconds = r->seconds;
        snprintf(s->name, sizeof s->name, "%.0f of %.0fx%.0f, %.0f", r->batch, r->n, r->k, r->m);
    }
    struct parameter p = {"expert_efficiency", 0.9, 1};
    if (fit(to, "grouped products", grouped_curve, chip, &p, 1, &samples))
        profile_put(profile, "expert_efficiency", p.value);
    samples_free(&samples);
}

/* ---- attention -------------------------------------------------------------------------------- */

enum { X_FLOP, X_LENGTH, X_WIDTH, X_AGAIN };

/* Of what a causal mask leaves; the backward pass is counted in times of the forward one. */
static double flash_curve(const void *user, const double *v, const struct sample *s)
{
    const struct chip *chip = user;
    const double *x = s->x;
    double depth = x[X_AGAIN] > 0 ? v[2] : v[1], width = fmin(1, pow(x[X_WIDTH] / 128, v[3]));
    return x[X_FLOP] * (x[X_AGAIN] > 0 ? v[4] : 1) * (1 + depth / x[X_LENGTH]) / (chip->peak[FORMAT_16] * v[0] * width);
}

static double cudnn_curve(const void *user, const double *v, const struct sample *s)
{
    const struct chip *chip = user;
    const double *x = s->x;
    return x[X_FLOP] * (x[X_AGAIN] > 0 ? v[2] : 1) * (1 + v[1] / x[X_LENGTH]) / (chip->peak[FORMAT_16] * v[0] * (x[X_WIDTH] <= 64 ? v[3] : 1));
}

struct efficient {
    const struct chip *chip;
    const double *flash;
};

static double efficient_curve(const void *user, const double *v, const struct sample *s)
{
    const struct efficient *e = user;
    return flash_curve(e->chip, e->flash, s) / v[0];
}

/* Of causal attention; `plain` is with as many key heads as query heads, and heads up to 128 wide: for others the
 * memory-efficient kernel is another. */
static struct samples attention_of(const struct measured_rows *rows, const char *kernel, bool plain)
{
    struct samples samples = {0};
    for (size_t i = 0; i < rows->count; i++) {
        const struct measured *r = &rows->rows[i];
        size_t length = strlen(kernel);
        if (strcmp(r->kind, "attention") || strncmp(r->name, kernel, length) || r->name[length] != ' ' || !(r->causal > 0) ||
            (plain && (r->kv != r->heads || r->width > 128)))
            continue;
        struct sample *s = samples_add(&samples);
        if (!s)
            return samples;
        s->x[X_FLOP] = 2 * r->batch * r->heads * r->seq * r->seq * r->width;
        s->x[X_LENGTH] = r->seq;
        s->x[X_WIDTH] = r->width;
        s->x[X_AGAIN] = !strcmp(r->name + length + 1, "backward");
        s->seconds = r->seconds;
        snprintf(s->name, sizeof s->name, "%.0fx%.0fx%.0fx%.0f", r->seq, r->width, r->heads, r->batch);
    }
    return samples;
}

static void fit_attention(const struct measured_rows *rows, const struct chip *chip, struct profile *profile, FILE *to)
{
    struct parameter flash[] = {{"flash_attention_2", 0.35, 1}, {"fused_depth", 900, 1}, {"fused_depth_backward", 1200, 1},
                                {"fused_width", 0.3, 1},        {"flash_backward", 2.6, 0.5}};
    struct parameter cudnn[] = {{"cudnn_attention", 0.6, 1}, {"cudnn_depth", 1000, 1}, {"cudnn_backward", 2.8, 0.5}, {"cudnn_narrow", 0.7, 0.5}};
    struct samples samples = attention_of(rows, "flash", false);
    if (fit(to, "attention, FlashAttention-2", flash_curve, chip, flash, COUNT(flash), &samples)) {
        for (size_t i = 0; i < COUNT(flash); i++)
            profile_put(profile, flash[i].name, flash[i].value);
        double values[COUNT(flash)];
        for (size_t i = 0; i < COUNT(flash); i++)
            values[i] = flash[i].value;
        struct efficient both = {chip, values};
        struct parameter share = {"efficient_attention", 0.5, 1};
        samples_free(&samples);
        samples = attention_of(rows, "efficient", true);
        size_t names = samples_hold_back(&samples);
        if (names >= LEAST_NAMES && curve_fit(efficient_curve, &both, &share, 1, &samples)) {
            tell(to, "attention, memory-efficient", &samples, names);
            profile_put(profile, share.name, share.value);
        }
    }
    samples_free(&samples);
    samples = attention_of(rows, "cudnn", false);
    if (fit(to, "attention, cuDNN", cudnn_curve, chip, cudnn, COUNT(cudnn), &samples))
        for (size_t i = 0; i < COUNT(cudnn); i++)
            profile_put(profile, cudnn[i].name, cudnn[i].value);
    samples_free(&samples);
}

/* ---- passes, host ------------------------------------------------------------------------------ */

enum { X_BYTES, X_SHARE, X_RANKS };

static double pass_curve(const void *user, const double *v, const struct sample *s)
{
    const struct chip *chip = user;
    return s->x[X_BYTES] / (chip->bandwidth * v[0] * s->x[X_SHARE]);
}

static void fit_passes(const struct measured_rows *rows, const struct chip *chip, struct profile *profile, FILE *to)
{
    struct samples samples = {0};
    for (size_t i = 0; i < rows->count; i++) {
        const struct measured *r = &rows->rows[i];
        size_t k = 0;
        while (k < COUNT(passes) && (strcmp(passes[k].name, r->name) || strcmp(passes[k].precision, r->precision)))
            k++;
        if (strcmp(r->kind, "pass") || k == COUNT(passes) || r->m * r->n < LARGE_PASS)
            continue;
        struct sample *s = samples_add(&samples);
        if (!s)
            break;
        s->x[X_BYTES] = r->bytes;
        s->x[X_SHARE] = passes[k].share;
        s->seconds = r->seconds;
        snprintf(s->name, sizeof s->name, "%s, %s", r->name, r->precision);
    }
    struct parameter p = {"copy_rate", 0.8, 1};
    if (fit(to, "passes over memory", pass_curve, chip, &p, 1, &samples))
        profile_put(profile, "copy_rate", p.value);
    samples_free(&samples);
}

static double host_curve(const void *chip, const double *v, const struct sample *s)
{
    (void)chip;
    return v[0] * s->x[0];
}

static void fit_host(const struct measured_rows *rows, struct profile *profile, FILE *to)
{
    struct samples samples = {0};
    for (size_t i = 0; i < rows->count; i++) {
        const struct measured *r = &rows->rows[i];
        size_t k = 0;
        while (k < COUNT(hosts) && (strcmp(hosts[k].name, r->name) || strcmp(hosts[k].precision, r->precision)))
            k++;
        struct sample *s = strcmp(r->kind, "host") || k == COUNT(hosts) || !(r->layers > 0) ? NULL : samples_add(&samples);
        if (!s)
            continue;
        s->x[0] = hosts[k].seconds * r->layers;
        s->seconds = r->seconds;
        snprintf(s->name, sizeof s->name, "%s, %s", r->name, r->precision);
    }
    struct parameter p = {"host", 1, 1};
    if (fit(to, "host, layers", host_curve, NULL, &p, 1, &samples)) {
        profile->host = p.value;
        fprintf(to, "  the host takes %.2f times what the hosts took whose steps the stacks were fitted to\n", p.value);
    }
    samples_free(&samples);
}

/* ---- collectives ------------------------------------------------------------------------------- */

enum { FIXED, RANK, WIRE, BUFFER, RAMP, COLLECTIVE_PARAMETERS };

static double collective_curve(const void *user, const double *v, const struct sample *s)
{
    const struct chip *chip = user;
    double bytes = s->x[X_BYTES];
    return v[FIXED] + v[RANK] * (s->x[X_RANKS] - 1) + s->x[X_SHARE] * bytes / (v[WIRE] * chip->link) + v[BUFFER] * bytes / chip->link +
           v[RAMP] * sqrt(bytes * 1e-6);
}

static void fit_collectives(const struct measured_rows *rows, const struct chip *chip, struct profile *profile, FILE *to)
{
    /* The rows of kernels queued one behind the other: the host is counted elsewhere. */
    static const struct {
        const char *rows[2], *kind;
        double passes; /* of the bytes over the ring; 0: all of them once */
        const char *names[COLLECTIVE_PARAMETERS];
    } kinds[] = {
        {{"all-reduce queued"}, "all-reduce", 2,
         {"all_reduce_fixed", "all_reduce_rank", "all_reduce_wire", "all_reduce_buffer", "all_reduce_ramp"}},
        {{"all-gather queued"}, "all-gather", 1,
         {"all_gather_fixed", "all_gather_rank", "all_gather_wire", "all_gather_buffer", "all_gather_ramp"}},
        {{"reduce-scatter queued"}, "reduce-scatter", 1,
         {"reduce_scatter_fixed", "reduce_scatter_rank", "reduce_scatter_wire", "reduce_scatter_buffer", "reduce_scatter_ramp"}},
        {{"all-to-all queued"}, "all-to-all", 1,
         {"all_to_all_fixed", "all_to_all_rank", "all_to_all_wire", "all_to_all_buffer", "all_to_all_ramp"}},
        {{"broadcast queued", "send queued"}, "send and broadcast", 0,
         {"send_fixed", "send_rank", "send_wire", "send_buffer", "send_ramp"}},
    };
    for (size_t i = 0; i < COUNT(kinds) && chip->link > 0; i++) {
        struct samples samples = {0};
        for (size_t k = 0; k < rows->count; k++) {
            const struct measured *r = &rows->rows[k];
            bool own = !strcmp(r->name, kinds[i].rows[0]) || (kinds[i].rows[1] && !strcmp(r->name, kinds[i].rows[1]));
            struct sample *s = strcmp(r->kind, "collective") || !own ? NULL : samples_add(&samples);
            if (!s)
                continue;
            s->x[X_BYTES] = r->bytes;
            s->x[X_RANKS] = r->ranks;
            s->x[X_SHARE] = kinds[i].passes > 0 ? kinds[i].passes * (r->ranks - 1) / r->ranks : 1;
            s->seconds = r->seconds;
            snprintf(s->name, sizeof s->name, "%.0f bytes", r->bytes);
        }
        struct parameter p[COLLECTIVE_PARAMETERS];
        for (size_t k = 0; k < COLLECTIVE_PARAMETERS; k++)
            p[k] = (struct parameter){kinds[i].names[k], profile_get(profile, kinds[i].names[k]), 0.5};
        if (fit(to, kinds[i].kind, collective_curve, chip, p, COUNT(p), &samples))
            for (size_t k = 0; k < COLLECTIVE_PARAMETERS; k++)
                profile_put(profile, p[k].name, p[k].value);
        samples_free(&samples);
    }
}

/* ---- power ------------------------------------------------------------------------------------- */

/* One row, of a block forward and backward: taken as it was measured. */
static void take_power(const struct measured_rows *rows, const struct chip *chip, struct profile *profile, FILE *to)
{
    for (size_t i = 0; i < rows->count; i++) {
        const struct measured *r = &rows->rows[i];
        if (strcmp(r->kind, "power") || !strstr(r->name, "forward and backward") || !(chip->power > 0))
            continue;
        profile_put(profile, "power_fraction", r->watts / chip->power);
        fprintf(to, "  %-28s%5.0f W in a block, of %.0f W rated; one row, nothing to hold back\n", "power", r->watts, chip->power);
        return;
    }
}

void kernels_fit(const struct measured_rows *rows, struct profile *profile, FILE *to)
{
    const struct session *s = profile->session;
    const char *id = profile->accelerator;
    struct chip chip = {
        .peak = {catalog_value(s, "accelerators", id, "peak.bf16", catalog_value(s, "accelerators", id, "peak.fp16", 0)),
                 catalog_value(s, "accelerators", id, "peak.fp8", 0), catalog_value(s, "accelerators", id, "peak.tf32", 0),
                 catalog_value(s, "accelerators", id, "peak.fp32", 0)},
        .bandwidth = catalog_value(s, "accelerators", id, "bandwidth", 0),
        .link = catalog_value(s, "accelerators", id, "link", 0),
        .power = catalog_value(s, "accelerators", id, "power", 0),
        .efficiency = profile_get(profile, "matmul_efficiency") * profile_get(profile, "library_rate"),
        .depth = profile_get(profile, "matmul_depth") + profile_get(profile, "library_depth"),
        .stream = profile_get(profile, "matmul_stream"),
        .seconds = profile_get(profile, "matmul_seconds"),
    };
    size_t held = 0;
    fit_stream(rows, &chip, profile, to);
    if (chip.peak[FORMAT_16] > 0) {
        held = fit_products(rows, &chip, profile, to);
        fit_formats(rows, &chip, profile, to);
        fit_grouped(rows, &chip, profile, to);
        fit_attention(rows, &chip, profile, to);
    }
    fit_passes(rows, &chip, profile, to);
    fit_host(rows, profile, to);
    fit_collectives(rows, &chip, profile, to);
    take_power(rows, &chip, profile, to);
    if (profile_doubtful(profile, to))
        fprintf(to, "  were the times in seconds, and of '%s'? The accelerator's intervals stay as they are\n", id);
    else if (held >= SUPPORTED)
        profile->provenance = "measured";
    else
        fprintf(to, "  %zu rows of 16-bit products held back, fewer than %d: the accelerator's intervals stay as they are\n", held, (int)SUPPORTED);
}
