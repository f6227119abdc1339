/* From the columns of published inference rows to scenarios.
 *
 * Rules, in the order of the functions below.
 *  - Names: accelerators by `accelerators`, else as training rows are found; one that
 *    begins with a digit is an RTX. Models by `models`, or by the longest id of the
 *    catalog that their name holds, letters and digits alone; a smaller or distilled
 *    relative (`relatives`) is another model. A shape in columns goes before the catalog.
 *  - Software: the engine names the stack (`engines`); one that is not in the table is a
 *    serving engine in general, whose intervals are wider. SGLang before 0.5.6 does not
 *    mix prefill with decode, which shows where requests stay in step.
 *  - Requests stay in step where all have the same lengths. Column `fixed_lengths` says
 *    so (yes or no); without it a source_locator with "epnone" does, the mark of a client
 *    that sends exact lengths (the others draw theirs).
 *  - Precisions: labels have one spelling (`labels`), which goes to optimizations
 *    (`put_precisions`). gpt-oss is MXFP4 whatever its label. NVFP4 checkpoints of mixtures
 *    of experts keep attention in BF16, INT4 ones also what all tokens share. FP8 is scaled
 *    by block where the model was published so (`in_blocks`) or its experts are labelled so.
 *  - Cache: 8 bits where an engine's recipe turns that on with a quantized checkpoint:
 *    TensorRT-LLM always, all engines on Blackwell, vLLM for dense FP8. Rows of static
 *    batches have a column.
 *  - Layout: attention_data as published, tensor parallelism over the rest. llama.cpp
 *    splits layers, so its accelerators are pipeline stages. Static rows that publish no
 *    degree are taken as tensor parallel.
 *  - Offline rows (a maximum throughput, the batch chosen by the engine) are a service
 *    with more requests than it takes: 2,048 a rank, as that engine's benchmark asks. */
#include "validate_serving.h"

#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

const char *const serving_columns[] = {"id", "source", "model", "gpu", "n_gpus", "weights_precision", "concurrency",
                                       "in_len", "out_len", "engine", "measured_tpot_ms", NULL};
const char *const generation_columns[] = {"id", "source", "model", "gpu", "n_gpus", "weights_precision", "batch",
                                          "in_len", "out_len", "engine", NULL};

/* What the rule below does not decide. */
static const struct {
    const char *name, *id;
} accelerators[] = {
    {"a100", "a100-pcie-80gb"}, /* where its form is not said */
};

/* Software by what the engine's name holds, letters and digits alone; the first that fits. */
static const struct engine {
    const char *holds, *stack;
} engines[] = {
    {"tensorrtllmv0", "tensorrt-llm-0"}, {"tensorrtllm0", "tensorrt-llm-0"}, {"trtllmv0", "tensorrt-llm-0"},
    {"trtllm0", "tensorrt-llm-0"},       {"tensorrtllm", "tensorrt-llm"},    {"trtllm", "tensorrt-llm"},
    {"vllm", "vllm"},                    {"sglang", "sglang"},               {"fastertransformer", "fastertransformer"},
    {"llamacpp", "llama-cpp"},           {"llamabench", "llama-cpp"},        {"ollama", "llama-cpp"},
    {"tinychat", "tinychat"},            {"megatron", "megatron-lm-generation"},
    {"tgi", "serving-engine"},           {"textgeneration", "serving-engine"},
    {"transformers", "hugging-face"},    {"huggingface", "hugging-face"},    {"jax", "xla-loop"},    {"pathways", "xla-loop"},
    {"", "serving-engine"}, /* and of static rows "unknown-engine", which is wider */
};

/* Labels of precisions by how they begin, letters and digits alone, and the spelling used
 * below; the first that fits. The formats of llama.cpp are those of the catalog that
 * come nearest in bits: 4.5 to 4.9 of a weight, and 8.5. */
static const struct {
    const char *begins, *label;
} labels[] = {
    {"bf16", "bf16"},       {"fp16", "bf16"},     {"f16", "bf16"},      {"bfloat16", "bf16"}, {"float16", "bf16"}, {"half", "bf16"},
    {"fp8block", "fp8_block"}, {"fp8", "fp8"},    {"w8a8fp8", "fp8"},   {"w8a8float8", "fp8"}, {"float8", "fp8"},
    {"nvfp4", "nvfp4"},     {"fp4", "nvfp4"},     {"w4a4nvfp4", "nvfp4"}, {"int4", "int4_wo"}, {"awq", "int4_wo"},  {"gptq", "int4_wo"},
    {"w4a16", "int4_wo"},   {"4bit", "int4_wo"},  {"q40", "q4-k-m"},    {"q4k", "q4-k-m"},   {"iq4", "q4-k-m"},   {"q80", "int8_wo"},
    {"int8w", "int8_wo"},   {"w8a16", "int8_wo"}, {"int8", "int8"},     {"w8a8", "int8"},    {"smoothquant", "int8"}, {"nf4", "nf4"},
};

/* How names of models begin that hold no id of the catalog, or another's. The first four
 * are vision-language models by the language model they are built on (arXiv 2312.07533,
 * 2412.04468); distilled ones have the shape of what they were distilled into. */
static const struct {
    const char *name, *id;
} models[] = {
    {"nvila8b", "qwen2-5-7b"}, {"nvila2b", "qwen2-5-1-5b"}, {"vila7b", "llama-2-7b"}, {"vila13b", "llama-2-13b"},
    {"vicuna7b", "llama-2-7b"}, {"vicuna13b", "llama-2-13b"}, {"gpt175b", "gpt-3-175b"}, {"llama30b", "llama-33b"},
    {"deepseekr1distillqwen7b", "qwen2-5-7b"}, {"deepseekr1distillqwen14b", "qwen2-5-14b"},
    {"deepseekr1distillqwen32b", "qwen2-5-32b"}, {"deepseekr1distillllama8b", "llama-3-1-8b"},
    {"deepseekr1distillllama70b", "llama-3-3-70b"}, {"qwen27b", "qwen2-5-7b"}, {"qwen272b", "qwen2-5-72b"},
};

static const char *const relatives[] = {"mini", "distill", "lite", "vl"};

/* Published with FP8 weights scaled by block: quantization_config.weight_block_size of
 * their config.json. */
static const char *const in_blocks[] = {"deepseek-v3", "deepseek-r1", "minimax-m2"};

/* ---- names ---------------------------------------------------------------------------- */

/* Lower-case letters and digits alone, behind the organization. */
static struct name squeezed(const char *text)
{
    struct name name = {{0}};
    const char *slash = strrchr(text, '/');
    size_t length = 0;
    for (text = slash ? slash + 1 : text; *text && length + 1 < sizeof name.text; text++)
        if (isalnum((unsigned char)*text))
            name.text[length++] = (char)tolower((unsigned char)*text);
    return name;
}

static const char *find_accelerator(const speedup_catalog *catalog, const char *published)
{
    struct name name = id_like(published);
    for (size_t i = 0; i < sizeof accelerators / sizeof *accelerators; i++)
        if (!strcmp(name.text, accelerators[i].name))
            return accelerator_id(catalog, accelerators[i].id);
    char card[64];
    snprintf(card, sizeof card, "RTX %s", published);
    const char *id = accelerator_id(catalog, published);
    return id ? id : isdigit((unsigned char)published[0]) ? accelerator_id(catalog, card) : NULL;
}

static const char *find_model(const speedup_catalog *catalog, const char *published)
{
    struct name name = squeezed(published);
    for (size_t i = 0; i < sizeof models / sizeof *models; i++)
        if (begins(name.text, models[i].name))
            return model_id(catalog, models[i].id);
    const char *best = NULL, *id, *rest = "";
    size_t longest = 0;
    for (size_t i = 0; speedup_catalog_at(catalog, "models", i, &id, NULL) == SPEEDUP_OK; i++) {
        struct name known = squeezed(id);
        size_t length = strlen(known.text);
        const char *at = strstr(name.text, known.text);
        if (at && length > longest) {
            best = id;
            longest = length;
            rest = at + length;
        }
    }
    for (size_t i = 0; i < sizeof relatives / sizeof *relatives; i++)
        if (strstr(rest, relatives[i]))
            return NULL;
    return best;
}

static double of_model(const speedup_catalog *catalog, const char *model, const char *field)
{
    double value = 0;
    return speedup_catalog_number(catalog, "models", model, field, &value) == SPEEDUP_OK ? value : 0;
}

static const char *kind_of(const speedup_catalog *catalog, const char *model)
{
    if (of_model(catalog, model, "attention.kv_rank") > 0)
        return "latent";
    return of_model(catalog, model, "experts.count") > 0 ? "expert" : "dense";
}

static const char *stack_of(const char *engine)
{
    struct name name = squeezed(engine);
    size_t i = 0;
    while (!strstr(name.text, engines[i].holds))
        i++;
    return engines[i].stack;
}

/* A label of a precision in its one spelling; as it is where none is known. */
static const char *label_of(const char *label)
{
    struct name name = squeezed(label);
    if (!*label)
        return "bf16";
    for (size_t i = 0; i < sizeof labels / sizeof *labels; i++)
        if (begins(name.text, labels[i].begins))
            return labels[i].label;
    return label;
}

/* Is a version of three numbers below another? Anything else is recent. */
static bool before(const char *version, int major, int minor, int patch)
{
    int a, b, c;
    if (sscanf(version, "%d.%d.%d", &a, &b, &c) != 3)
        return false;
    return a != major ? a < major : b != minor ? b < minor : c < patch;
}

/* ---- the text of a scenario --------------------------------------------------------------- */

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
    if (!mapped->skipped[0])
        snprintf(mapped->skipped, sizeof mapped->skipped, format, what);
}

/* A dense model in numbers, as the columns of static rows give it. */
struct shape {
    double layers, hidden, heads, kv_heads, ffn, vocab;
    bool gated;
};

static void put_shape(struct mapped_job *mapped, const struct shape *s)
{
    put(mapped, "models:\n  published: {layers: %.0f, hidden: %.0f, heads: %.0f, kv_heads: %.0f, ffn: %.0f, ffn_kind: %s, "
                "vocab: %.0f}\n",
        s->layers, s->hidden, s->heads, s->kv_heads, s->ffn, s->gated ? "gated" : "plain", s->vocab);
}

/* Nodes of eight, and the racks of Grace Blackwell; the network matters beyond them alone. */
static void put_system(struct mapped_job *mapped, const char *accelerator, double network)
{
    put(mapped, "systems:\n  published: {accelerator: %s, accelerators_per_node: 8, scale_up_domain: %d, network: %g GB/s}\n",
        accelerator, begins(accelerator, "gb") ? 72 : 8, network);
}

/* A job of either section: its head, requests and layout. */
struct requests {
    const char *section, *model, *stack, *load; /* load: the key of `count` */
    double accelerators, count, prompt, output, tensor, pipeline, attention_data;
};

static void put_requests(struct mapped_job *mapped, const struct requests *r)
{
    put(mapped, "%s:\n  model: %s\n  system: published\n%s%s%s  accelerators: %.0f\n  %s: %.12g\n  prompt: %.0f\n"
                "  output: %.0f\n  uneven: true\n  layout: {tensor: %.12g, pipeline: %.0f, attention_data: %.0f}\n",
        r->section, r->model, r->stack ? "  stack: " : "", r->stack ? r->stack : "", r->stack ? "\n" : "",
        r->accelerators, r->load, r->count, fmax(r->prompt, 1), fmax(r->output, 1), r->tensor, r->pipeline, r->attention_data);
}

/* ---- precisions --------------------------------------------------------------------------- */

/* What decides on precisions. */
struct checkpoint {
    const char *model; /* id in the catalog, or NULL for a dense shape */
    const char *weights, *experts; /* labels; experts "" as the weights */
    bool mixture, gpt_oss, blackwell;
};

static bool is(const char *label, const char *name)
{
    return !strcmp(label, name);
}

static bool is_in_blocks(const struct checkpoint *c)
{
    for (size_t i = 0; c->model && i < sizeof in_blocks / sizeof *in_blocks; i++)
        if (!strncmp(c->model, in_blocks[i], strlen(in_blocks[i])))
            return true;
    return is(c->experts, "fp8_block");
}

/* The optimization for a checkpoint's labels; NULL for plain 16 bits, "" for none known. */
static const char *precision_of(const struct checkpoint *c)
{
    const char *w = c->weights, *x = *c->experts ? c->experts : w;
    if (c->gpt_oss)
        return c->blackwell ? "mxfp4-experts-fp8" : "mxfp4-experts";
    if (c->mixture && is(x, "nvfp4") && (is(w, "nvfp4") || is(w, "bf16")))
        return "nvfp4-feed-forward";
    if (c->mixture && is(x, "int4_wo") && (is(w, "int4_wo") || is(w, "bf16")))
        return "int4-experts";
    if (c->mixture && !is(w, x) && !(begins(w, "fp8") && begins(x, "fp8")))
        return "";
    if (is(w, "fp8"))
        return is_in_blocks(c) ? "fp8-weights: {block: 1}" : "fp8-weights";
    static const struct {
        const char *label, *optimization;
    } plain[] = {
        {"bf16", NULL},      {"fp8_block", "block-fp8-weights"}, {"nvfp4", "nvfp4-weights"}, {"int4_wo", "awq"},
        {"q4-k-m", "q4-k-m"}, {"int8", "w8a8-int8"},             {"int8_wo", "int8-weights"}, {"nf4", "nf4-weights"},
    };
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        if (is(w, plain[i].label))
            return plain[i].optimization;
    return "";
}

static void put_precisions(struct mapped_job *mapped, const struct checkpoint *c, bool narrow_cache)
{
    const char *precision = precision_of(c);
    if (precision && !*precision) {
        char said[80];
        snprintf(said, sizeof said, "%.25s%s%.25s", c->weights, *c->experts ? ", experts " : "", c->experts);
        skip(mapped, "precision '%s'", said);
    }
    if (precision || narrow_cache)
        put(mapped, "  optimizations:\n");
    if (precision)
        put(mapped, "    - %s\n", precision);
    if (narrow_cache)
        put(mapped, "    - fp8-kv-cache\n");
}

/* Does an engine's recipe keep the cache in 8 bits? */
static bool is_cache_narrow(const struct checkpoint *c, const char *stack)
{
    bool quantized = begins(c->weights, "fp8") || is(c->weights, "nvfp4");
    return quantized && (is(stack, "tensorrt-llm") || c->blackwell || (is(stack, "vllm") && is(c->weights, "fp8") && !c->mixture));
}

static bool is_blackwell(const speedup_catalog *catalog, const char *accelerator)
{
    double peak;
    return speedup_catalog_number(catalog, "accelerators", accelerator, "peak.fp4", &peak) == SPEEDUP_OK;
}

/* ---- serving ------------------------------------------------------------------------------ */

static const char *text_of(const struct csv *csv, size_t row, const char *column)
{
    return csv_text(csv, row, csv_column(csv, column));
}

static bool number_of(const struct csv *csv, size_t row, const char *column, double otherwise, FILE *errors, double *value)
{
    return csv_number(csv, row, csv_column(csv, column), otherwise, errors, value);
}

static bool has_fixed_lengths(const struct csv *csv, size_t row)
{
    const char *said = text_of(csv, row, "fixed_lengths");
    return *said ? begins(said, "y") : find(text_of(csv, row, "source_locator"), "epnone") != NULL;
}

bool serving_read(const speedup_catalog *catalog, const struct csv *csv, size_t row, FILE *errors, struct inference_run *run)
{
    double gpus, data, concurrency, prompt, output, token, first;
    /* All are read, so that all that is wrong is told. */
    bool good = number_of(csv, row, "n_gpus", 0, errors, &gpus);
    good &= number_of(csv, row, "attention_dp", 1, errors, &data);
    good &= number_of(csv, row, "concurrency", 0, errors, &concurrency);
    good &= number_of(csv, row, "in_len", 0, errors, &prompt);
    good &= number_of(csv, row, "out_len", 0, errors, &output);
    good &= number_of(csv, row, "measured_tpot_ms", 0, errors, &token);
    good &= number_of(csv, row, "measured_ttft_ms", 0, errors, &first);
    *run = (struct inference_run){.kind = "", .engine = "", .phase = "", .suspect = "", .metric = SPEEDUP_METRIC_TIME_PER_OUTPUT_TOKEN,
                                  .measured = token / 1e3, .first_measured = first / 1e3};
    if (!good)
        return false;
    struct mapped_job *job = &run->job;
    const char *published = text_of(csv, row, "model"), *gpu = text_of(csv, row, "gpu");
    const char *model = find_model(catalog, published), *accelerator = find_accelerator(catalog, gpu);
    if (!model)
        skip(job, "model '%.60s' is not in the catalog", published);
    if (!accelerator)
        skip(job, "accelerator '%.40s' is not in the catalog", gpu);
    if (gpus <= 0 || concurrency <= 0 || prompt <= 0 || output <= 0)
        skip(job, "%s", "accelerators, concurrency or lengths not published");
    if (token <= 0)
        skip(job, "%s", "no time per output token");
    if (job->skipped[0])
        return true;
    bool fixed = has_fixed_lengths(csv, row);
    const char *stack = stack_of(text_of(csv, row, "engine"));
    run->engine = stack;
    if (fixed && is(stack, "sglang") && before(text_of(csv, row, "engine_version"), 0, 5, 6))
        stack = "sglang-0-5-5";
    run->kind = kind_of(catalog, model);
    run->model = model;
    run->accelerator = accelerator;
    run->generation = is_blackwell(catalog, accelerator) ? "blackwell" : "before-blackwell";
    data = fmax(1, data);
    const char *experts = text_of(csv, row, "moe_precision");
    struct checkpoint checkpoint = {.model = model, .weights = label_of(text_of(csv, row, "weights_precision")),
                                    .experts = *experts ? label_of(experts) : "",
                                    .mixture = of_model(catalog, model, "experts.count") > 0,
                                    .gpt_oss = begins(model, "gpt-oss"), .blackwell = is_blackwell(catalog, accelerator)};
    put_system(job, accelerator, 400);
    put_requests(job, &(struct requests){.section = "serve", .model = model, .stack = stack, .load = "concurrency",
                                         .accelerators = gpus, .count = concurrency, .prompt = prompt, .output = output,
                                         .tensor = gpus / data, .pipeline = 1, .attention_data = data});
    put(job, "  fixed_lengths: %s\n", fixed ? "true" : "false");
    put_precisions(job, &checkpoint, is_cache_narrow(&checkpoint, run->engine));
    return true;
}

/* ---- static batches ----------------------------------------------------------------------- */

/* What was measured, and the metric that is. */
static bool measure(const struct csv *csv, size_t row, double batch, double output, double gpus, FILE *errors,
                    struct inference_run *run)
{
    double prefill, first, token, rate;
    /* All are read, so that all that is wrong is told. */
    bool good = number_of(csv, row, "measured_prefill_ms", 0, errors, &prefill);
    good &= number_of(csv, row, "measured_ttft_ms", 0, errors, &first);
    good &= number_of(csv, row, "measured_decode_ms_per_token", 0, errors, &token);
    good &= number_of(csv, row, "measured_tokens_per_s", 0, errors, &rate);
    if (!good)
        return false;
    if (is(text_of(csv, row, "measured_tokens_per_s_kind"), "per_gpu_out"))
        rate *= gpus;
    if (is(run->phase, "offline")) {
        run->metric = SPEEDUP_METRIC_TOKENS_PER_SECOND;
        run->measured = rate;
        run->is_rate = true;
    } else if (prefill > 0 || first > 0) {
        run->phase = "prefill";
        run->metric = SPEEDUP_METRIC_PREFILL_SECONDS;
        run->measured = (prefill > 0 ? prefill : first) / 1e3;
    } else if (token > 0) {
        run->phase = "decode";
        run->metric = SPEEDUP_METRIC_TIME_PER_OUTPUT_TOKEN;
        run->measured = token / 1e3;
    } else {
        run->phase = "whole";
        run->metric = SPEEDUP_METRIC_REQUEST_SECONDS;
        run->measured = rate > 0 ? batch * output / rate : 0;
    }
    return true;
}

/* Prefill rows of llama.cpp in 16 bits that look broken at their source, by the notes of
 * those who collected them. */
static const char *suspect_of(const struct inference_run *run, const char *accelerator, const char *weights)
{
    bool broken = is(run->engine, "llama-cpp") && is(run->phase, "prefill") && is(weights, "bf16") &&
                  (is(accelerator, "a100-sxm-80gb") || is(accelerator, "l40s"));
    return broken ? "prefill in 16 bits looks broken at its source" : "";
}

/* Requests of an offline run, all sent at once: those of the benchmark whose rows are
 * offline, by their lengths (NVIDIA/TensorRT-LLM@00f37686aa, docs/source/performance/
 * perf-overview.md, "Preparing a Dataset"). No more of them are in flight. */
static double offline_requests(double prompt, double output)
{
    static const struct {
        double prompt, output, requests;
    } runs[] = {
        {128, 128, 30000}, {128, 2048, 3000}, {128, 4096, 1500},  {500, 2000, 3000}, {1000, 1000, 3000},
        {1000, 2000, 1500}, {2048, 128, 3000}, {2048, 2048, 1500}, {5000, 500, 1500}, {20000, 2000, 1000},
    };
    for (size_t i = 0; i < sizeof runs / sizeof *runs; i++)
        if (runs[i].prompt == prompt && runs[i].output == output)
            return runs[i].requests;
    return 1e9;
}

bool generation_read(const speedup_catalog *catalog, const struct csv *csv, size_t row, FILE *errors, struct inference_run *run)
{
    struct shape shape = {.gated = find(text_of(csv, row, "ffn_kind"), "glu") || is(text_of(csv, row, "ffn_kind"), "silu")};
    double gpus, tensor, pipeline, batch = 0, prompt, output;
    const char *engine = text_of(csv, row, "engine"), *gpu = text_of(csv, row, "gpu");
    const char *weights = label_of(text_of(csv, row, "weights_precision"));
    *run = (struct inference_run){.kind = "dense", .engine = "", .phase = "", .suspect = ""};
    bool offline = begins(text_of(csv, row, "batch"), "max");
    /* All are read, so that all that is wrong is told. */
    bool good = number_of(csv, row, "layers", 0, errors, &shape.layers);
    good &= number_of(csv, row, "hidden", 0, errors, &shape.hidden);
    good &= number_of(csv, row, "heads", 0, errors, &shape.heads);
    good &= number_of(csv, row, "kv_heads", 0, errors, &shape.kv_heads);
    good &= number_of(csv, row, "ffn", 0, errors, &shape.ffn);
    good &= number_of(csv, row, "vocab", 32000, errors, &shape.vocab);
    good &= number_of(csv, row, "n_gpus", 1, errors, &gpus);
    good &= number_of(csv, row, "tp", 1, errors, &tensor);
    good &= number_of(csv, row, "pp", 1, errors, &pipeline);
    good &= number_of(csv, row, "in_len", 0, errors, &prompt);
    good &= number_of(csv, row, "out_len", 0, errors, &output);
    good &= offline || number_of(csv, row, "batch", 0, errors, &batch);
    run->phase = offline ? "offline" : "";
    if (!good || !measure(csv, row, batch, output, gpus, errors, run))
        return false;
    struct mapped_job *job = &run->job;
    const char *stack = stack_of(engine), *accelerator = find_accelerator(catalog, gpu);
    if (is(stack, "serving-engine"))
        stack = "unknown-engine";
    const char *published = text_of(csv, row, "model"), *known = find_model(catalog, published);
    bool columns = shape.layers > 0 && shape.hidden > 0 && shape.heads > 0 && shape.kv_heads > 0 && shape.ffn > 0;
    if (!accelerator)
        skip(job, "accelerator '%.40s' is not in the catalog", gpu);
    if (!columns && !known)
        skip(job, "shape of the model '%.60s'", published);
    if (!offline && batch <= 0)
        skip(job, "%s", "no batch");
    if (run->measured <= 0)
        skip(job, "%s", "no time or rate");
    if (job->skipped[0])
        return true;
    run->engine = stack;
    run->suspect = suspect_of(run, accelerator, weights);
    const char *model = columns ? "published" : known;
    if (columns)
        put_shape(job, &shape);
    else
        run->kind = kind_of(catalog, known);
    put_system(job, accelerator, 200); /* 8 x 200 Gbit/s, as the notes of the rows over several nodes say */
    struct requests requests = {.section = "generate", .model = model, .stack = stack, .load = "batch", .accelerators = gpus,
                                .count = batch, .prompt = prompt, .output = output, .tensor = tensor, .pipeline = pipeline,
                                .attention_data = 1};
    struct checkpoint checkpoint = {.model = columns ? NULL : known, .weights = weights, .experts = "",
                                    .mixture = !columns && of_model(catalog, known, "experts.count") > 0,
                                    .blackwell = is_blackwell(catalog, accelerator)};
    if (!*text_of(csv, row, "tp") && !*text_of(csv, row, "pp"))
        requests.tensor = gpus;
    if (is(stack, "llama-cpp")) {
        requests.tensor = 1;
        requests.pipeline = gpus;
    }
    if (offline) {
        requests.section = "serve";
        requests.load = "concurrency";
        requests.attention_data = checkpoint.mixture ? gpus : 1;
        requests.tensor = gpus / requests.attention_data;
        requests.count = fmin(2048 * requests.attention_data, offline_requests(prompt, output));
    }
    put_requests(job, &requests);
    put_precisions(job, &checkpoint, begins(text_of(csv, row, "kv_precision"), "fp8"));
    return true;
}

/* ---- comparisons -------------------------------------------------------------------------- */

/* T5-XXL's decoder, which has nearly all of the cache and, at one token a step, of the
 * work: 24 layers, 4096 wide, 64 heads of 64, 10240 gated (arXiv 1910.10683; T5 1.1). */
static struct shape t5_xxl(double kv_heads)
{
    return (struct shape){24, 4096, 64, kv_heads, 10240, 32128, true};
}

/* Time of drafting a token over that of a step, of the T5 of arXiv 2211.17192, sec. 4.1. */
static const struct {
    const char *draft;
    double cost;
} drafts[] = {{"t5-small", 0.02}, {"t5-base", 0.04}, {"t5-large", 0.11}};

/* The number behind a word, as in "batch8", "alpha=0.7"; 0 without. */
static double behind(const char *text, const char *word)
{
    for (const char *at = text; (at = find(at, word)) && *at; at++) {
        const char *rest = at + strlen(word);
        rest += strspn(rest, " =");
        if (isdigit((unsigned char)*rest))
            return strtod(rest, NULL);
    }
    return 0;
}

/* The first run of words of the workload that names a model. */
static const char *model_in(const speedup_catalog *catalog, const char *workload)
{
    char words[96];
    snprintf(words, sizeof words, "%.*s", (int)strcspn(workload, ",;("), workload);
    const char *stop = find(words, " batch");
    if (stop)
        words[stop - words] = 0;
    const char *found = find_model(catalog, words);
    char *blank = strchr(words, ' ');
    if (!found && blank) {
        *blank = 0;
        found = find_model(catalog, words);
    }
    return found;
}

static void put_speculation(const char *change, const char *workload, struct inference_ablation *ablation)
{
    double cost = 0;
    for (size_t i = 0; i < sizeof drafts / sizeof *drafts; i++)
        cost = find(change, drafts[i].draft) ? drafts[i].cost : cost;
    double acceptance = behind(workload, "alpha"), tokens = behind(change, "gamma");
    if (acceptance <= 0 || tokens <= 0 || cost <= 0)
        skip(&ablation->job[0], "%s", "acceptance, length or cost of the draft not published");
    put(&ablation->job[1], "  optimizations:\n    - speculative-decoding: {acceptance: %g, draft_tokens: %g, draft_cost: %g}\n",
        acceptance, tokens, cost);
}

/* One job twice, with a stack each. */
static void put_sides(struct inference_ablation *ablation, const char *accelerator, const struct shape *shape,
                      const struct requests *both, const char *without, const char *with)
{
    for (int side = 0; side < 2; side++) {
        struct mapped_job *job = &ablation->job[side];
        struct requests r = *both;
        r.stack = side ? with : without;
        if (shape)
            put_shape(job, &shape[side]);
        put_system(job, accelerator, 200);
        put_requests(job, &r);
    }
}

static void four_bits(const speedup_catalog *catalog, const char *accelerator, const char *change, const char *workload,
                      const char *metric, struct requests *r, struct inference_ablation *ablation)
{
    bool cpp = find(change, "llama.cpp") != NULL;
    if (!find(change, "q4_k_m") && !find(change, "awq") && !find(change, "gptq")) {
        skip(&ablation->job[0], "%s", "format of the weights is not in the catalog");
        return;
    }
    r->model = model_in(catalog, workload);
    if (!r->model) {
        skip(&ablation->job[0], "model of '%.60s' is not in the catalog", workload);
        return;
    }
    r->prompt = cpp ? behind(metric, "pp") : 4;
    r->output = cpp ? behind(metric, "tg") : 1;
    ablation->metric = r->prompt > 4 ? SPEEDUP_METRIC_PREFILL_SECONDS : SPEEDUP_METRIC_TIME_PER_OUTPUT_TOKEN;
    put_sides(ablation, accelerator, NULL, r, cpp ? "llama-cpp" : find(change, "(hf)") ? "hugging-face" : NULL,
              cpp ? "llama-cpp" : find(change, "tinychat") ? "tinychat" : NULL);
    put(&ablation->job[1], "  optimizations: [%s]\n", cpp ? "q4-k-m" : find(change, "awq") ? "awq" : "gptq");
}

bool inference_ablation_read(const speedup_catalog *catalog, const struct csv *csv, size_t row,
                             struct inference_ablation *ablation)
{
    static const char *const categories[] = {"weight-only", "speculative", "fused-inference", "paged", "continuous", "gqa",
                                             "cuda-graphs"};
    const char *category = text_of(csv, row, "category"), *change = text_of(csv, row, "optimization");
    const char *workload = text_of(csv, row, "workload"), *hardware = text_of(csv, row, "hardware");
    const char *metric = text_of(csv, row, "metric");
    bool inference = false;
    for (size_t i = 0; i < sizeof categories / sizeof *categories; i++)
        inference |= find(category, categories[i]) != NULL;
    if (!inference)
        return false;
    *ablation = (struct inference_ablation){.metric = SPEEDUP_METRIC_TIME_PER_OUTPUT_TOKEN,
                                            .is_rate = is(text_of(csv, row, "better"), "higher")};
    /* "8xA100" is eight of them; a power cap in brackets is not followed. */
    double gpus = fmax(1, strtod(hardware, NULL));
    const char *card = isdigit((unsigned char)hardware[0]) && strchr(hardware, 'x') ? strchr(hardware, 'x') + 1 : hardware;
    char name[64];
    snprintf(name, sizeof name, "%.*s", (int)strcspn(card, "("), card);
    const char *accelerator = find_accelerator(catalog, name);
    gpus = card == hardware ? 1 : gpus;
    if (find(text_of(csv, row, "notes"), "formula"))
        skip(&ablation->job[0], "%s", "a formula, not a measurement");
    if (find(text_of(csv, row, "notes"), "maximum") || find(text_of(csv, row, "notes"), "range "))
        skip(&ablation->job[0], "%s", "a maximum or a range over jobs that are not published");
    if (!accelerator)
        skip(&ablation->job[0], "%s", "accelerator not in the catalog");
    if (find(category, "int3"))
        skip(&ablation->job[0], "%s", "weights in 3 bits");
    if (ablation->job[0].skipped[0])
        return true;
    struct requests r = {.section = "generate", .model = "published", .load = "batch", .accelerators = gpus,
                         .count = fmax(1, behind(workload, "batch")), .prompt = fmax(1, behind(workload, "in")),
                         .output = fmax(2, behind(workload, "out")), .tensor = gpus, .pipeline = 1, .attention_data = 1};
    if (find(category, "weight-only")) {
        four_bits(catalog, accelerator, change, workload, metric, &r, ablation);
    } else if (find(category, "speculative") && find(workload, "t5-xxl")) {
        r.prompt = 128;
        put_sides(ablation, accelerator, (struct shape[2]){t5_xxl(64), t5_xxl(64)}, &r, "xla-loop", "xla-loop");
        put_speculation(change, workload, ablation);
    } else if (find(category, "gqa") && find(workload, "t5-xxl")) {
        /* Summaries of 2,048 tokens, 32 prompts a chip (arXiv 2305.13245, sec. 3.1). What
         * the encoder does to a prompt is what a prefill of as many layers takes. */
        double heads = find(change, "gqa-") ? behind(change, "gqa-") : 1;
        r.count = 32 * gpus;
        r.prompt = 2048;
        r.output = 256;
        ablation->metric = SPEEDUP_METRIC_REQUEST_SECONDS;
        put_sides(ablation, accelerator, (struct shape[2]){t5_xxl(64), t5_xxl(heads)}, &r, "xla-loop", "xla-loop");
    } else if (find(category, "fused-inference") && find(change, "fastertransformer")) {
        /* FasterTransformer's GPT of 89 billion: 48 layers of 12288. */
        bool half = find(workload, "gpt-89b") != NULL;
        struct shape shape = {48, 12288, 96, 96, 49152, 51200, false};
        r.model = half ? "published" : model_in(catalog, workload);
        ablation->metric = SPEEDUP_METRIC_REQUEST_SECONDS;
        if (!r.model)
            skip(&ablation->job[0], "model of '%.60s' is not in the catalog", workload);
        else
            put_sides(ablation, accelerator, half ? (struct shape[2]){shape, shape} : NULL, &r, "megatron-lm-generation",
                      "fastertransformer");
    } else if (find(category, "cuda-graphs")) {
        r.model = model_in(catalog, workload);
        if (!r.model)
            skip(&ablation->job[0], "model of '%.60s' is not in the catalog", workload);
        else
            put_sides(ablation, accelerator, NULL, &r, NULL, NULL);
        put(&ablation->job[1], "  optimizations: [cuda-graphs, torch-compile]\n");
    } else {
        skip(&ablation->job[0], "%s", "workload not published");
    }
    return true;
}
