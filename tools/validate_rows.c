/* From the columns of published training rows to scenarios.
 *
 * Rules, in the order of the functions below. A column always goes before a default.
 *  - Names: accelerators and models are found by their id in the catalog, after lower
 *    case and '-' for other separators; `aliases` holds the names that need more.
 *  - Shapes: columns first, then the catalog, then: heads of 128, an inner width of 4
 *    hidden widths, 51,200 words, layers from the number of parameters. A model that is
 *    more than columns can say (experts, latent attention) is the catalog's.
 *  - Batch: where no micro-batch is published, 1 with a pipeline, else the largest that
 *    divides and stays within 8,192 tokens; where no batch is published, 8 micro-batches.
 *  - Software: what shards the optimizer names the stack (`stacks`).
 *  - Plain (GELU) rows ran fused kernels; gated rows ran them on Megatron Core alone.
 *  - Sequence parallelism goes with selective recomputation and with Megatron Core.
 *    (Columns `fused_kernels` and `sequence_parallel`, yes or no, go before both.)
 *  - Gradients are exchanged in fp32 by Megatron Core, and where the precision says so. */
#include "validate_rows.h"

#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

const char *const training_columns[] = {"id", "source", "model", "gpu", "n_gpus", "tp", "pp", "dp", "seq",
                                        "global_batch_seqs", NULL};

/* Published names that are no id of the catalog. */
static const struct {
    const char *name, *id;
} aliases[] = {
    {"a800-80gb", "a800-sxm-80gb"},   {"h100", "h100-sxm-80gb"},         {"h200", "h200-sxm-141gb"},
    {"deepseekv3", "deepseek-v3"},    {"gpt3-125m", "gpt-3-125m"},
    {"gpt3-760m", "gpt-3-760m"},      {"gpt3-1-3b", "gpt-3-1-3b"},       {"gpt3-2-7b", "gpt-3-2-7b"},
    {"gpt3-175b", "gpt-3-175b"},      {"llama3-8b", "llama-3-8b"},       {"llama3-70b", "llama-3-70b"},
    {"llama3-1-405b", "llama-3-1-405b"}, {"turing-530b", "megatron-530b"},
    {"gpt-530b", "megatron-530b"},    {"gpt-175b", "gpt-3-175b"},
};

/* Models of which a publication gives the size alone. */
static const struct {
    const char *name;
    double layers, hidden;
} sizes[] = {
    /* Layers and width of a GPT with heads of 128 that come nearest to the size. */
    {"gpt-18b", 40, 6144},  {"gpt-22b", 48, 6144},  {"gpt-25b", 30, 8192},   {"gpt-39b", 48, 8192},
    {"gpt-52b", 64, 8192},  {"gpt-97b", 120, 8192}, {"gpt-116b", 144, 8192}, {"gpt-206b", 256, 8192},
};
static const double size_vocab = 50304; /* of GPT-2, padded */

/* Software by the text of `zero_stage`, the first that fits; `*` stands for any text. */
static const struct stack_rule {
    const char *begins, *holds, *stack, *optimization;
    bool core, sharded_weights;
    double gradient_bytes; /* as kept */
} stack_rules[] = {
    {"", "zero2", "pytorch-fsdp", "fsdp: {reshard: 0}", false, true, 4},
    {"", "fsdp", "pytorch-fsdp", "fsdp", false, true, 4},
    {"", "distributed", "megatron-core", "distributed-optimizer", true, false, 4},
    {"1 (", "shard group", NULL, "zero-1-grouped", false, false, 2},
    {"1 (", "", NULL, "zero-1-broadcast", false, false, 2},
    {"3", "", NULL, "zero-3: {prefetch: 0}", false, true, 2},
    {"2", "", NULL, "zero-2", false, false, 2},
    {"1", "", "deepspeed-pipeline", "zero-1", false, false, 2},
    {"", "", NULL, NULL, false, false, 2},
};

bool begins(const char *text, const char *word)
{
    while (*word && tolower((unsigned char)*text) == tolower((unsigned char)*word)) {
        text++;
        word++;
    }
    return !*word;
}

const char *find(const char *text, const char *word)
{
    for (;; text++) {
        if (begins(text, word))
            return text;
        if (!*text)
            return NULL;
    }
}

struct name id_like(const char *text)
{
    struct name name = {{0}};
    for (size_t i = 0; text[i] && i + 1 < sizeof name.text; i++)
        name.text[i] = isalnum((unsigned char)text[i]) ? (char)tolower((unsigned char)text[i]) : '-';
    return name;
}

static const char *find_id(const speedup_catalog *catalog, const char *kind, const char *published)
{
    struct name name = id_like(published);
    const char *wanted = name.text, *id;
    for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++)
        if (!strcmp(aliases[i].name, wanted))
            wanted = aliases[i].id;
    for (size_t i = 0; speedup_catalog_at(catalog, kind, i, &id, NULL) == SPEEDUP_OK; i++)
        if (!strcmp(id, wanted))
            return id;
    return NULL;
}

const char *accelerator_id(const speedup_catalog *catalog, const char *name)
{
    return find_id(catalog, "accelerators", name);
}

const char *model_id(const speedup_catalog *catalog, const char *name)
{
    return find_id(catalog, "models", name);
}

/* ---- columns ---------------------------------------------------------------------- */

bool published_read(const struct csv *csv, size_t row, FILE *errors, struct published_job *job)
{
    const struct {
        const char *column;
        double *value;
    } numbers[] = {
        {"params", &job->params}, {"layers", &job->layers}, {"hidden", &job->hidden}, {"heads", &job->heads},
        {"kv_heads", &job->kv_heads}, {"ffn", &job->ffn}, {"vocab", &job->vocab}, {"seq", &job->seq},
        {"n_gpus", &job->n_gpus}, {"gpus_per_node", &job->gpus_per_node}, {"tp", &job->tp}, {"pp", &job->pp},
        {"cp", &job->cp}, {"dp", &job->dp}, {"ep", &job->ep}, {"vpp", &job->vpp}, {"micro_batch", &job->micro_batch},
        {"global_batch_seqs", &job->global_batch}, {"node_network_gb_per_s", &job->network},
        {"scaleup_domain", &job->domain},
    };
    const struct {
        const char *column;
        const char **value;
    } texts[] = {
        {"model", &job->model}, {"gpu", &job->gpu}, {"ffn_kind", &job->ffn_kind}, {"zero_stage", &job->zero_stage},
        {"precision", &job->precision}, {"attention", &job->attention}, {"recompute", &job->recompute},
        {"comm_overlap", &job->comm_overlap}, {"launch_blocking", &job->launch_blocking},
        {"sequence_parallel", &job->sequence_parallel}, {"fused_kernels", &job->fused_kernels}, {"notes", &job->notes},
    };
    bool good = true;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        good &= csv_number(csv, row, csv_column(csv, numbers[i].column), 0, errors, numbers[i].value);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        *texts[i].value = csv_text(csv, row, csv_column(csv, texts[i].column));
    return good;
}

static double or_else(double value, double otherwise)
{
    return value > 0 ? value : otherwise;
}

static double data_degree(const struct published_job *job)
{
    double ranks = or_else(job->tp, 1) * or_else(job->pp, 1) * or_else(job->cp, 1);
    return job->dp > 0 ? job->dp : fmax(1, floor(job->n_gpus / ranks));
}

/* The batch of a row that publishes only a rate: any will do, as only the rate is judged. */
static double batch_of(const struct published_job *job)
{
    double micro_batch = or_else(job->micro_batch, fmax(1, rint(8192 / job->seq)));
    return or_else(job->global_batch, 8 * micro_batch * data_degree(job));
}

bool result_read(const struct csv *csv, size_t row, const struct published_job *job, FILE *errors,
                 struct published_result *result)
{
    double step, tokens, flops, memory;
    bool good = csv_number(csv, row, csv_column(csv, "measured_step_s"), 0, errors, &step);
    good = csv_number(csv, row, csv_column(csv, "measured_tokens_per_s_per_gpu"), 0, errors, &tokens) && good;
    good = csv_number(csv, row, csv_column(csv, "measured_tflops_per_gpu"), 0, errors, &flops) && good;
    good = csv_number(csv, row, csv_column(csv, "measured_peak_mem_gb"), 0, errors, &memory) && good;
    result->memory_bytes = memory * 1e9;
    result->step_seconds = step;
    if (step > 0 || job->seq <= 0)
        return good;
    if (tokens > 0 && job->n_gpus > 0)
        result->step_seconds = batch_of(job) * job->seq / (tokens * job->n_gpus);
    else if (flops > 0 && job->global_batch > 0 && find(job->notes, "factor 4/3"))
        /* The row says that its rate counts 96 b s l h^2 operations a step, recomputation included. */
        result->step_seconds = 96 * job->layers * job->hidden * job->hidden * job->seq * job->global_batch /
                               (flops * 1e12 * job->n_gpus);
    return good;
}

bool recompute_unknown(const struct published_job *job)
{
    return !*job->recompute;
}

/* ---- the text of a scenario ---------------------------------------------------------- */

static void put(struct mapped_job *mapped, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int written = vsnprintf(mapped->text + mapped->length, sizeof mapped->text - mapped->length, format, arguments);
    va_end(arguments);
    mapped->length += written > 0 ? (size_t)written : 0;
    if (mapped->length >= sizeof mapped->text)
        mapped->length = sizeof mapped->text - 1;
}

static void skip(struct mapped_job *mapped, const char *format, const char *what)
{
    snprintf(mapped->skipped, sizeof mapped->skipped, format, what);
}

static const struct stack_rule *stack_of(const struct published_job *job)
{
    const struct stack_rule *rule = stack_rules;
    while (!begins(job->zero_stage, rule->begins) || !find(job->zero_stage, rule->holds))
        rule++;
    return rule;
}

static double from_catalog(const speedup_catalog *catalog, const char *model, const char *field)
{
    double value = 0;
    return model && speedup_catalog_number(catalog, "models", model, field, &value) == SPEEDUP_OK ? value : 0;
}

static bool is_gated(const struct published_job *job)
{
    return find(job->ffn_kind, "glu") || find(job->ffn_kind, "gated");
}

/* The model's section and its id in the scenario; NULL when the shape is not known. */
static const char *put_model(const speedup_catalog *catalog, const struct published_job *job, struct mapped_job *mapped)
{
    const char *known = model_id(catalog, job->model);
    if (known && (job->hidden <= 0 || from_catalog(catalog, known, "experts.count") > 0 ||
                  from_catalog(catalog, known, "attention.kv_rank") > 0))
        return known;
    struct name name = id_like(job->model);
    double layers = job->layers, hidden = job->hidden, vocab = or_else(job->vocab, from_catalog(catalog, known, "vocab"));
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes && hidden <= 0; i++)
        if (!strcmp(name.text, sizes[i].name)) {
            layers = sizes[i].layers;
            hidden = sizes[i].hidden;
            vocab = size_vocab;
        }
    if (hidden <= 0) {
        skip(mapped, "shape of the model '%.60s'", job->model);
        return NULL;
    }
    vocab = or_else(vocab, 51200);
    double stages = or_else(job->pp, 1);
    layers = or_else(layers, from_catalog(catalog, known, "layers"));
    if (layers <= 0) /* 12 h^2 parameters a layer, and stages of equal size */
        layers = fmax(stages, rint((job->params - vocab * hidden) / (12 * hidden * hidden) / stages) * stages);
    double heads = or_else(or_else(job->heads, from_catalog(catalog, known, "heads")), rint(hidden / 128));
    bool gated = is_gated(job);
    put(mapped, "models:\n  published:\n    layers: %.0f\n    hidden: %.0f\n    heads: %.0f\n    kv_heads: %.0f\n"
                "    ffn: %.0f\n    ffn_kind: %s\n    vocab: %.0f\n    tied_embeddings: %s\n",
        layers, hidden, heads, or_else(or_else(job->kv_heads, from_catalog(catalog, known, "kv_heads")), heads),
        or_else(job->ffn, 4 * hidden), gated ? "gated" : "plain", vocab, gated ? "false" : "true");
    return "published";
}

static const char *precision_of(const speedup_catalog *catalog, const struct published_job *job, const char *accelerator)
{
    const char *text = job->precision;
    double peak;
    bool half = speedup_catalog_number(catalog, "accelerators", accelerator, "peak.bf16", &peak) != SPEEDUP_OK;
    if (begins(text, "nvfp4"))
        return "nvfp4-mixed-precision";
    if (begins(text, "mxfp8"))
        return "mxfp8-mixed-precision";
    if (begins(text, "fp8"))
        return "fp8-mixed-precision";
    if (begins(text, "bf16") || begins(text, "bfloat16") || begins(text, "fp16") ||
        begins(text, "float16"))
        return half ? "fp16-mixed-precision" : "bf16-mixed-precision"; /* equally fast */
    return NULL;
}

/* Nothing said is unfused attention, as everybody ran before 2022. */
static const char *attention_of(const struct published_job *job)
{
    const char *text = job->attention;
    if (find(text, "te fused") || find(text, "cudnn"))
        return "cudnn-attention";
    if (begins(text, "flash3"))
        return "flash-attention-3";
    if (begins(text, "flash2"))
        return "flash-attention-2";
    return begins(text, "flash") ? "flash-attention-1" : NULL;
}

/* Year and month of a container's "release yy.mm", as 100 yy + mm; 0 for none. */
static int release_of(const char *notes)
{
    const char *at = find(notes, "release ");
    int year, month;
    return at && sscanf(at, "release %2d.%2d", &year, &month) == 2 ? 100 * year + month : 0;
}

/* A column that says yes or no, or nothing. */
static bool says(const char *text, bool otherwise)
{
    return *text ? begins(text, "y") : otherwise;
}

static void put_optimizations(const speedup_catalog *catalog, const struct published_job *job, const char *precision,
                              struct mapped_job *mapped)
{
    const struct stack_rule *stack = stack_of(job);
    const char *attention = attention_of(job);
    bool single = find(job->precision, "fp32 grad"), narrow = !find(precision, "16");
    double data = data_degree(job);
    /* Accumulation in fp32 keeps 4 bytes beside the 2 of the backward pass, and half a byte of copies (fitted). */
    put(mapped, "  optimizations:\n    - %s: {gradient_bytes: %g, reduce_bytes: %d}\n", precision,
        single ? 6.483 : stack->gradient_bytes, single || stack->core ? 4 : 2);
    if (narrow && stack->core)
        put(mapped, "    - fused-casts\n");
    if (attention)
        put(mapped, "    - %s\n", attention);
    if (says(job->fused_kernels, stack->core || !is_gated(job)))
        put(mapped, "    - kernel-fusion\n");
    if (!strcmp(job->recompute, "full"))
        put(mapped, "    - activation-checkpointing\n");
    if (!strcmp(job->recompute, "selective") && !attention)
        put(mapped, "    - selective-checkpointing\n");
    if (job->tp > 1 && says(job->sequence_parallel, stack->core || !strcmp(job->recompute, "selective")))
        put(mapped, "    - sequence-parallelism\n");
    const char *group = find(job->zero_stage, "shard group ");
    if (data > 1 && stack->optimization && group)
        put(mapped, "    - %s: {group: %.0f}\n", stack->optimization, fmax(2, strtod(group + 12, NULL)));
    else if (data > 1 && stack->optimization)
        put(mapped, "    - %s\n", stack->optimization);
    if (stack->core && strcmp(job->comm_overlap, "none"))
        put(mapped, "    - communication-overlap\n%s", job->tp > 1 ? "    - tensor-overlap\n" : "");
    /* Containers from June 2026 on dispatch tokens in fused kernels, across the links of a rack. */
    const char *known = model_id(catalog, job->model);
    if (from_catalog(catalog, known, "experts.count") > 0 && job->domain > 8 && release_of(job->notes) >= 2606)
        put(mapped, "    - fused-dispatch\n");
    if (find(job->notes, "task lora"))
        put(mapped, "    - lora\n");
}

/* Sequences of a micro-batch. */
static double micro_batch_of(const struct published_job *job)
{
    if (job->micro_batch > 0)
        return job->micro_batch;
    double each = batch_of(job) / data_degree(job), most = job->pp > 1 ? 1 : fmax(1, 8192 / job->seq), best = 1;
    if (job->global_batch <= 0)
        return fmax(1, rint(8192 / job->seq));
    if (each != floor(each)) /* uneven anyway */
        return fmax(1, floor(fmin(each, most)));
    for (double k = 1; k <= most && k <= each; k++)
        best = fmod(each, k) == 0 ? k : best;
    return best;
}

void map_training(const speedup_catalog *catalog, const struct published_job *job, struct mapped_job *mapped)
{
    *mapped = (struct mapped_job){.length = 0};
    const char *accelerator = accelerator_id(catalog, job->gpu);
    const char *precision = accelerator ? precision_of(catalog, job, accelerator) : NULL;
    if (job->seq <= 0)
        skip(mapped, "%s", "no sequence length");
    else if (job->tp <= 0 && job->dp <= 0)
        skip(mapped, "%s", "no layout published");
    else if (!accelerator)
        skip(mapped, "accelerator '%.40s' is not in the catalog", job->gpu);
    else if (!precision)
        skip(mapped, "precision '%.40s' (empty: not published)", job->precision);
    const char *model = mapped->skipped[0] ? NULL : put_model(catalog, job, mapped);
    if (!model)
        return;
    double node = or_else(job->gpus_per_node, 8), tp = or_else(job->tp, 1), pp = or_else(job->pp, 1),
           cp = or_else(job->cp, 1);
    put(mapped, "systems:\n  published:\n    accelerator: %s\n    accelerators_per_node: %.0f\n    scale_up_domain: %.0f\n"
                "    network: %g GB/s\n",
        accelerator, node, or_else(job->domain, node), or_else(job->network, 200));
    bool experts = !strcmp(model, "published") ? false : from_catalog(catalog, model, "experts.count") > 0;
    bool interleaved = pp > 1 && find(job->notes, "interleaved schedule");
    const struct stack_rule *stack = stack_of(job);
    const char *software = stack->stack;
    if (!software && says(job->launch_blocking, false))
        software = "launch-blocking";
    /* Where the degrees do not multiply up to the accelerators, the degrees are believed. */
    put(mapped, "train:\n  model: %s\n  system: published\n%s%s%s  accelerators: %.0f\n  sequence: %.0f\n"
                "  global_batch: %.0f\n  micro_batch: %.0f\n  uneven: true\n",
        model, software ? "  stack: " : "", software ? software : "", software ? "\n" : "",
        tp * pp * cp * data_degree(job), job->seq, batch_of(job), micro_batch_of(job));
    put(mapped, "  layout: {tensor: %.0f, pipeline: %.0f, context: %.0f, expert: %.0f, virtual_stages: %.0f, ends_as_layers: %s}\n",
        tp, pp, cp, experts ? or_else(job->ep, 1) : 1, or_else(job->vpp, interleaved ? 2 : 1),
        find(job->notes, "embedding as own") ? "true" : "false");
    put_optimizations(catalog, job, precision, mapped);
}
