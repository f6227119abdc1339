/* From the columns of published training rows to scenarios.
 *
 * Rules, in the order of the functions below. A column always goes before a default, and
 * what cannot be read is a reason to skip, never a guess.
 *  - Names: validate_words.h says how ids of the catalog are found in published names.
 *  - Shapes: columns first, then the catalog, then: heads of 128, an inner width of 4
 *    hidden widths, gated when it is no multiple of them, 51,200 words, layers from the
 *    number of parameters. A model that is more than columns can say (experts, latent
 *    attention) is the catalog's.
 *  - Machines: where node, domain or network are not published, those of the system that
 *    the accelerator usually stands in, else 8 to a node, and 25 GB/s for each.
 *  - Layout: one accelerator, or weights that are sharded with nothing else said, is data
 *    parallelism alone.
 *  - Batch: where no micro-batch is published, 1 with a pipeline, else the largest that
 *    divides and stays within 8,192 tokens; where no batch is published, 8 micro-batches.
 *    (Of scores that do not fit, validate.c takes fewer.)
 *  - Software: what shards the optimizer names the stack (`stack_rules`); nothing sharded
 *    with attention of Transformer Engine is Megatron Core too.
 *    ZeRO-1 alone is the DeepSpeed pipeline engine on plain models, and ZeRO-3 fetches tensor
 *    by tensor there, as in the years of both; on gated models neither.
 *  - Precision: where none is published, 16 bits.
 *  - Attention: where none is published, unfused on plain models up to compute capability
 *    8, as before 2022; fused everywhere else.
 *  - Plain (GELU) rows ran fused kernels; gated rows ran them on Megatron Core alone; what
 *    was compiled, as everything on TPUs, ran those of the compiler.
 *  - Sequence parallelism goes with selective recomputation, with Megatron Core, and with
 *    the tensor parallelism of PyTorch beside FSDP. (Columns `fused_kernels` and
 *    `sequence_parallel`, yes or no, go before both.)
 *  - Megatron Core hides tensor-parallel communication behind products on dense models.
 *  - Gradients are exchanged in fp32 by Megatron Core, and where the precision says so. */
#include "validate_rows.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

const char *const training_columns[] = {"id", "source", "model", "gpu", "n_gpus", "tp", "pp", "dp", "seq",
                                        "global_batch_seqs", NULL};

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

/* Software by the text of `zero_stage`, the first that fits: it begins with one text,
 * and holds one of some words of each kind. */
static const struct stack_rule {
    const char *begins, *words, *more, *stack, *optimization;
    bool core, sharded_weights;
    double gradient_bytes; /* as kept */
} stack_rules[] = {
    {"1 (", "shardgroup", "", NULL, "zero-1-grouped", false, false, 2},
    {"", "hsdp|hybridshard|hybridfsdp", "", "pytorch-fsdp", "hybrid-shard", false, true, 4},
    {"", "fsdp", "zero2|shardgrad|gradop", "pytorch-fsdp", "fsdp: {reshard: 0}", false, true, 4},
    {"", "noshard|ddp|distributeddataparallel", "", NULL, "communication-overlap", false, false, 4},
    {"", "fsdp|fullshard|fullyshard", "", "pytorch-fsdp", "fsdp", false, true, 4},
    {"", "distributed|distopt", "", "megatron-core", "distributed-optimizer", true, false, 4},
    {"1 (", "", "", NULL, "zero-1-broadcast", false, false, 2},
    {"3", "", "", NULL, "zero-3: {prefetch: 0}", false, true, 2},
    {"", "zero3|stage3|gemini", "", NULL, "zero-3: {prefetch: 0}", false, true, 2},
    {"2", "", "", NULL, "zero-2", false, false, 2},
    {"", "zero2|stage2", "", NULL, "zero-2", false, false, 2},
    {"1", "", "", "deepspeed-pipeline", "zero-1", false, false, 2},
    {"", "zero1|stage1", "", "deepspeed-pipeline", "zero-1", false, false, 2},
    {"", "zero0|stage0", "", NULL, NULL, false, false, 2},
    {"0", "", "", NULL, NULL, false, false, 2},
    {"no", "", "", NULL, NULL, false, false, 2},
    {"off", "", "", NULL, NULL, false, false, 2},
    {"false", "", "", NULL, NULL, false, false, 2},
};
static const struct stack_rule nothing_sharded = {"", "", "", NULL, NULL, false, false, 2};
static const struct stack_rule core_unsharded = {"", "", "", "megatron-core", NULL, true, false, 4};

/* Formats of products by the text of `precision`, the first that fits. "" for fp32. */
static const struct {
    const char *words, *more, *optimization;
} formats[] = {
    {"nvfp4|fp4", "", "nvfp4-mixed-precision"},
    {"mxfp8|fp8mx", "", "mxfp8-mixed-precision"},
    {"fp8|float8", "block|fp8sc|subchannel", "block-fp8-mixed-precision"},
    {"fp8|float8|e4m3", "", "fp8-mixed-precision"},
    {"bf16|bfloat16|fp16|float16|half|16mixed|16bit|amp|nf4", "", "bf16-mixed-precision"},
    {"tf32", "", "tf32"},
    {"fp32|float32|32true|32bit", "", ""},
};

/* Attention by the text of `attention`, the first that fits; "" for unfused. */
static const struct {
    const char *words, *optimization;
} attentions[] = {
    {"tefused|cudnn|transformerengine", "cudnn-attention"},
    {"flash3|fa3|flashattention3|flashattn3|flashattnv3", "flash-attention-3"},
    {"flash2|fa2|flashattention2|flashattn2|flashattnv2", "flash-attention-2"},
    {"flash|xformers|memoryefficient|memeff|triton", "flash-attention-1"},
    {"sdpa|scaleddotproduct|splash|pallas|aiter|ck|fusedattention", "fused-attention"},
    {"math|unfused|eager|naive|standard|fusedsoftmax|none|local", ""},
};

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
        {"model", &job->model},
        {"gpu", &job->gpu},
        {"ffn_kind", &job->ffn_kind},
        {"zero_stage", &job->zero_stage},
        {"precision", &job->precision},
        {"attention", &job->attention},
        {"recompute", &job->recompute},
        {"comm_overlap", &job->comm_overlap},
        {"launch_blocking", &job->launch_blocking},
        {"compiled", &job->compiled},
        {"sequence_parallel", &job->sequence_parallel},
        {"fused_kernels", &job->fused_kernels},
        {"notes", &job->notes},
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

bool sharding_unknown(const struct published_job *job)
{
    return find(job->zero_stage, "not in table") != NULL;
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

/* NULL for text that no rule knows. */
static const struct stack_rule *stack_of(const struct published_job *job)
{
    bool engine = holds(job->attention, attentions[0].words);
    if (!*job->zero_stage)
        return engine ? &core_unsharded : &nothing_sharded;
    for (size_t i = 0; i < sizeof stack_rules / sizeof *stack_rules; i++) {
        const struct stack_rule *rule = &stack_rules[i];
        if (begins(job->zero_stage, rule->begins) && holds(job->zero_stage, rule->words) &&
            holds(job->zero_stage, rule->more))
            return engine && !rule->optimization ? &core_unsharded : rule;
    }
    return NULL;
}

static double from_catalog(const speedup_catalog *catalog, const char *model, const char *field)
{
    double value = 0;
    return model && speedup_catalog_number(catalog, "models", model, field, &value) == SPEEDUP_OK ? value : 0;
}

/* Whether a feed-forward block is gated, of the catalog's models by their number of
 * parameters: gated ones have half as many more in it. */
static bool is_gated(const speedup_catalog *catalog, const struct published_job *job)
{
    if (*job->ffn_kind)
        return holds(job->ffn_kind, "glu|gated");
    if (job->hidden > 0)
        return fmod(job->ffn, job->hidden) != 0;
    const char *known = model_id(catalog, job->model);
    double hidden = from_catalog(catalog, known, "hidden"), layers = from_catalog(catalog, known, "layers"),
           heads = from_catalog(catalog, known, "heads"),
           head = or_else(from_catalog(catalog, known, "head_dim"), hidden / heads),
           ffn = from_catalog(catalog, known, "ffn"), parameters = from_catalog(catalog, known, "parameters");
    double plain =
        layers * hidden * (2 * head * (heads + or_else(from_catalog(catalog, known, "kv_heads"), heads)) + 2 * ffn) +
        from_catalog(catalog, known, "vocab") * hidden;
    return from_catalog(catalog, known, "experts.count") > 0 || parameters - plain > 0.5 * layers * hidden * ffn;
}

/* The columns of a dense model of the catalog, free of its longest sequence. */
static void fill_shape(const speedup_catalog *catalog, const char *known, struct published_job *job)
{
    const struct {
        const char *field;
        double *value;
    } fields[] = {{"layers", &job->layers},     {"hidden", &job->hidden}, {"heads", &job->heads},
                  {"kv_heads", &job->kv_heads}, {"ffn", &job->ffn},       {"vocab", &job->vocab}};
    job->ffn_kind = is_gated(catalog, job) ? "gated" : "plain";
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        *fields[i].value = or_else(*fields[i].value, from_catalog(catalog, known, fields[i].field));
}

/* More parameters than the columns give by over this are experts that they do not tell. */
static const double most_parameters = 1.4;

/* The model's section and its id in the scenario; NULL when the shape is not known. */
static const char *put_model(const speedup_catalog *catalog, struct published_job *job, struct mapped_job *mapped)
{
    const char *known = model_id(catalog, job->model);
    bool special =
        from_catalog(catalog, known, "experts.count") > 0 || from_catalog(catalog, known, "attention.kv_rank") > 0;
    double longest = from_catalog(catalog, known, "max_sequence");
    if (known && !special && job->hidden <= 0 && longest > 0 && job->seq > longest)
        fill_shape(catalog, known, job);
    bool same = job->hidden > 0 && job->hidden == from_catalog(catalog, known, "hidden") &&
                (job->layers <= 0 || job->layers == from_catalog(catalog, known, "layers"));
    if (known && (job->hidden <= 0 || special || (same && !*job->ffn_kind)))
        return known;
    known = same ? known : NULL;
    struct name name = id_like(job->model);
    double layers = job->layers, hidden = job->hidden,
           vocab = or_else(job->vocab, from_catalog(catalog, known, "vocab"));
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
    double kv_heads = or_else(or_else(job->kv_heads, from_catalog(catalog, known, "kv_heads")), heads);
    double head = or_else(from_catalog(catalog, known, "head_dim"), hidden / heads);
    double ffn = or_else(or_else(job->ffn, from_catalog(catalog, known, "ffn")), 4 * hidden);
    bool gated = is_gated(catalog, job);
    double parameters =
        layers * hidden * (2 * head * (heads + kv_heads) + (2 + gated) * ffn) + (1 + gated) * vocab * hidden;
    if (job->ep > 1 || job->params > most_parameters * parameters) {
        skip(mapped, "experts of the model '%.60s'", job->model);
        return NULL;
    }
    put(mapped, "models:\n  published:\n    layers: %.0f\n    hidden: %.0f\n    heads: %.0f\n    kv_heads: %.0f\n",
        layers, hidden, heads, kv_heads);
    if (head != hidden / heads)
        put(mapped, "    head_dim: %.0f\n", head);
    put(mapped, "    ffn: %.0f\n    ffn_kind: %s\n    vocab: %.0f\n    tied_embeddings: %s\n", ffn,
        gated ? "gated" : "plain", vocab, gated ? "false" : "true");
    return "published";
}

static double accelerator_number(const speedup_catalog *catalog, const char *accelerator, const char *field)
{
    double value = 0;
    return speedup_catalog_number(catalog, "accelerators", accelerator, field, &value) == SPEEDUP_OK ? value : 0;
}

/* NULL for a format that is not known here. */
static const char *precision_of(const speedup_catalog *catalog, const struct published_job *job,
                                const char *accelerator)
{
    const char *text = *job->precision ? job->precision : "bf16";
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        if (!holds(text, formats[i].words) || !holds(text, formats[i].more))
            continue;
        if (!strcmp(formats[i].optimization, "bf16-mixed-precision") &&
            accelerator_number(catalog, accelerator, "peak.bf16") <= 0)
            return "fp16-mixed-precision"; /* equally fast */
        return formats[i].optimization;
    }
    return NULL;
}

/* NULL for unfused attention. */
static const char *attention_of(const speedup_catalog *catalog, const struct published_job *job,
                                const char *accelerator)
{
    double capability = accelerator_number(catalog, accelerator, "compute_capability");
    const char *fused = capability >= 8 ? "flash-attention-2" : "fused-attention";
    if (!*job->attention)
        return capability > 0 && capability < 9 && !is_gated(catalog, job) ? NULL : fused;
    for (size_t i = 0; i < sizeof attentions / sizeof *attentions; i++) {
        const char *found = attentions[i].optimization;
        if (!holds(job->attention, attentions[i].words))
            continue;
        if (!*found)
            return NULL;
        /* What is named for one chip alone, and what stands for whatever a library has. */
        bool third = !strcmp(found, "flash-attention-3"), any = !strcmp(found, "fused-attention");
        return capability < 7.5 || any || (third && capability != 9) ? fused : found;
    }
    return fused;
}

/* What of the forward pass is done again. */
struct again {
    double layers; /* share of all layers */
    bool attention, unknown;
};

static struct again again_of(const speedup_catalog *catalog, const struct published_job *job)
{
    const char *text = job->recompute;
    double layers = or_else(job->layers, from_catalog(catalog, model_id(catalog, job->model), "layers"));
    double blocks = number_behind(text, "block|numlayers"), every = number_behind(text, "selective");
    if (!*text || begins(text, "no") || begins(text, "off") || begins(text, "false") || begins(text, "0") ||
        begins(text, "minimal"))
        return (struct again){0};
    if (!holds(text, "uniform") && blocks > 0 && layers > 0) /* so many layers of a stage */
        return (struct again){.layers = fmin(1, blocks * or_else(job->pp, 1) * or_else(job->vpp, 1) / layers)};
    if (begins(text, "full") ||
        holds(text, "uniform|everylayer|alllayers|yes|true|activationcheckpointing|gradientcheckpointing"))
        return (struct again){.layers = 1};
    if (holds(text, "opsac|perop|selectiveop")) /* every second product is kept */
        return (struct again){.layers = 0.5};
    if (every >= 1)
        return (struct again){.layers = 1 / every};
    if (holds(text, "selective|core|attn|attention|moe|mlp|norm"))
        return (struct again){.attention = true};
    return (struct again){.unknown = true};
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

/* One more optimization of the list. */
static void add(struct mapped_job *mapped, bool when, const char *optimization)
{
    if (when)
        put(mapped, "    - %s\n", optimization);
}

static void put_optimizations(const speedup_catalog *catalog, const struct published_job *job, const char *accelerator,
                              const char *precision, struct mapped_job *mapped)
{
    const struct stack_rule *stack = stack_of(job);
    const char *attention = attention_of(catalog, job, accelerator), *overlap = job->comm_overlap;
    struct again again = again_of(catalog, job);
    bool single = find(job->precision, "fp32 grad"), mixed = strstr(precision, "mixed") != NULL,
         narrow = mixed && !find(precision, "16");
    bool compiled = begins(job->compiled, "t") || begins(job->compiled, "y") || begins(job->compiled, "1") ||
                    begins(accelerator, "tpu");
    bool silent = begins(overlap, "no") || begins(overlap, "off") || begins(overlap, "false");
    bool torch = stack->stack && !strcmp(stack->stack, "pytorch-fsdp");
    double replicas = data_degree(job) * or_else(job->cp, 1);
    put(mapped, "  optimizations:\n");
    /* Accumulation in fp32 keeps 4 bytes beside the 2 of the backward pass, and half a byte of copies (fitted). */
    if (mixed)
        put(mapped, "    - %s: {gradient_bytes: %g, reduce_bytes: %d}\n", precision,
            single ? 6.483 : stack->gradient_bytes, single || stack->core ? 4 : 2);
    else
        add(mapped, *precision, precision);
    add(mapped, narrow && stack->core, "fused-casts");
    if (attention)
        add(mapped, true, attention);
    add(mapped, compiled, "torch-compile");
    add(mapped, !compiled && says(job->fused_kernels, stack->core || !is_gated(catalog, job)), "kernel-fusion");
    add(mapped, again.layers >= 1, "activation-checkpointing");
    if (again.layers > 0 && again.layers < 1)
        put(mapped, "    - activation-checkpointing: {share: %.4g}\n", again.layers);
    add(mapped, again.attention && !attention, "selective-checkpointing");
    add(mapped, job->tp > 1 && says(job->sequence_parallel, stack->core || torch || holds(job->recompute, "selective")),
        "sequence-parallelism");
    double group = number_behind(job->zero_stage, "shardgroup|dpshard|group");
    const char *sharding = stack->optimization;
    if (sharding && begins(sharding, "zero-3") && is_gated(catalog, job))
        sharding = "zero-3";
    if (replicas > 1 && sharding && group > 0)
        put(mapped, "    - %s: {group: %.0f}\n", sharding, fmax(2, group));
    else
        add(mapped, replicas > 1 && sharding, sharding);
    bool own = stack->optimization && (stack->sharded_weights || !strcmp(stack->optimization, "communication-overlap"));
    add(mapped, !own && !silent && (stack->core || holds(overlap, "dp|data|grad|yes|true|reduce")),
        "communication-overlap");
    add(mapped, job->tp > 1 && !silent && ((stack->core && job->ep <= 1) || holds(overlap, "tp|tensor|userbuffer")),
        "tensor-overlap");
    /* Containers from June 2026 on dispatch tokens in fused kernels, across the links of a rack. */
    const char *known = model_id(catalog, job->model);
    add(mapped, from_catalog(catalog, known, "experts.count") > 0 && job->domain > 8 && release_of(job->notes) >= 2606,
        "fused-dispatch");
    bool quantized = holds(job->model, "qlora") || holds(job->notes, "qlora") || holds(job->precision, "nf4");
    add(mapped, quantized, "qlora");
    add(mapped, !quantized && (holds(job->model, "lora") || holds(job->notes, "tasklora")), "lora");
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

/* Degrees that are not published where they can be nothing else. */
static bool layout_known(const struct published_job *job, const struct stack_rule *stack)
{
    return job->tp > 0 || job->dp > 0 || job->n_gpus == 1 || (job->n_gpus > 0 && stack && stack->sharded_weights);
}

/* A field of the system that an accelerator usually stands in; 0 for none. */
static double usually(const speedup_catalog *catalog, const char *accelerator, const char *field)
{
    const char *system = usual_system(accelerator);
    double value = 0;
    return system && speedup_catalog_number(catalog, "systems", system, field, &value) == SPEEDUP_OK ? value : 0;
}

static void put_system(const speedup_catalog *catalog, const struct published_job *job, const char *accelerator,
                       struct mapped_job *mapped)
{
    double usual_node = or_else(usually(catalog, accelerator, "accelerators_per_node"), 8);
    double each = or_else(usually(catalog, accelerator, "network") / 1e9 / usual_node, 25);
    double node = or_else(job->gpus_per_node, usual_node), domain = usually(catalog, accelerator, "scale_up_domain");
    put(mapped,
        "systems:\n  published:\n    accelerator: %s\n    accelerators_per_node: %.0f\n    scale_up_domain: %.0f\n"
        "    network: %g GB/s\n",
        accelerator, node, or_else(job->domain, domain > usual_node ? domain : node),
        or_else(job->network, each * node));
}

void map_training(const speedup_catalog *catalog, const struct published_job *published, struct mapped_job *mapped)
{
    *mapped = (struct mapped_job){.length = 0};
    struct published_job own = *published;
    const struct published_job *job = &own;
    const char *accelerator = accelerator_id(catalog, job->gpu);
    const char *precision = accelerator ? precision_of(catalog, job, accelerator) : NULL;
    const struct stack_rule *stack = stack_of(job);
    if (job->seq <= 0)
        skip(mapped, "%s", "no sequence length");
    else if (!layout_known(job, stack))
        skip(mapped, "%s", "no layout published");
    else if (!accelerator)
        skip(mapped, "accelerator '%.40s' is not in the catalog", job->gpu);
    else if (!precision)
        skip(mapped, "precision '%.40s'", job->precision);
    else if (!stack)
        skip(mapped, "what is sharded: '%.60s'", job->zero_stage);
    else if (again_of(catalog, job).unknown)
        skip(mapped, "recomputation '%.60s'", job->recompute);
    const char *model = mapped->skipped[0] ? NULL : put_model(catalog, &own, mapped);
    if (!model)
        return;
    if (job->domain <= 0) /* which fused dispatch depends on */
        own.domain = usually(catalog, accelerator, "scale_up_domain");
    put_system(catalog, published, accelerator, mapped);
    double tp = or_else(job->tp, 1), pp = or_else(job->pp, 1), cp = or_else(job->cp, 1);
    bool experts = !strcmp(model, "published") ? false : from_catalog(catalog, model, "experts.count") > 0;
    bool interleaved = pp > 1 && find(job->notes, "interleaved schedule");
    const char *software = stack->stack;
    if (software && !strcmp(software, "deepspeed-pipeline") && is_gated(catalog, job))
        software = NULL;
    if (!software && says(job->launch_blocking, false))
        software = "launch-blocking";
    /* Where the degrees do not multiply up to the accelerators, the degrees are believed. */
    put(mapped,
        "train:\n  model: %s\n  system: published\n%s%s%s  accelerators: %.0f\n  sequence: %.0f\n"
        "  global_batch: %.0f\n  micro_batch: %.0f\n  uneven: true\n",
        model, software ? "  stack: " : "", software ? software : "", software ? "\n" : "",
        tp * pp * cp * data_degree(job), job->seq, batch_of(job), micro_batch_of(job));
    put(mapped,
        "  layout: {tensor: %.0f, pipeline: %.0f, context: %.0f, expert: %.0f, virtual_stages: %.0f, ends_as_layers: %s}\n",
        tp, pp, cp, experts ? or_else(job->ep, 1) : 1, or_else(job->vpp, interleaved ? 2 : 1),
        find(job->notes, "embedding as own") ? "true" : "false");
    put_optimizations(catalog, job, accelerator, precision, mapped);
}
