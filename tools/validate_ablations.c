/* From published comparisons to two jobs. The columns say little: `workload` names the
 * job, `optimization` what changed as "without -> with". Numbers in either are read by
 * their keyword ("TP8", "seq2048", "gbs144"); phrases by the table `phrases`; what a
 * workload's name stands for, in its publication, is in the table `workloads`. */
#include "validate_ablations.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *const ablation_columns[] = {"id", "source", "category", "optimization", "workload", "hardware", "n_gpus",
                                        "metric", "better", "ratio", NULL};

/* Categories that are no training step on a transformer decoder. */
static const struct {
    const char *word, *reason;
} elsewhere[] = {
    {"weight-only", "inference"},     {"speculative", "inference"},  {"fused-inference", "inference"},
    {"paged", "inference"},           {"continuous", "inference"},   {"gqa", "inference"},
    {"cuda-graphs+compile", "inference"}, {"collective-algorithm", "choice of a collective's algorithm"},
};

/* What the workloads are, as far as their publications say it elsewhere. */
static const struct {
    const char *fragment;
    double batch_per_replica; /* 0: the batch stays, whatever the replicas */
    struct published_job known;
} workloads[] = {
    /* arXiv 2205.05198, table 3: 280 accelerators a replica */
    {"Turing-NLG 530B", 280, {.model = "megatron-530b", .tp = 8, .pp = 35, .vpp = 3, .recompute = "selective", .sequence_parallel = "yes"}},
    /* arXiv 2104.04473, table 2; recomputation is on in all of its runs (sec. 3.5) */
    {"GPT 530B", 0, {.model = "megatron-530b", .recompute = "full"}},
    {"GPT-3 175B", 0, {.model = "megatron-175b", .tp = 8, .pp = 12, .n_gpus = 384, .global_batch = 1536, .recompute = "full"}},
    /* The 22 billion model of arXiv 2205.05198, table 3 */
    {"22B single layer", 0, {.model = "megatron-22b", .global_batch = 4, .recompute = "none"}},
    /* InternEvo: as many sequences an accelerator as in its training rows of this model, 8; 2 of them at once is assumed */
    {"7B bf16 seq2048 (tp=2", 16, {.model = "internlm-7b", .ffn_kind = "swiglu", .tp = 2, .micro_batch = 4, .attention = "flash"}},
    /* Prototypes of BLOOM: heads and batch of training rows of the same source and shape */
    {"187B H13824", 0, {.heads = 64, .params = 187e9}},
    {"182B H13824", 0, {.params = 182e9, .global_batch = 2048}},
    {"181B H14336", 0, {.heads = 64, .params = 181e9, .global_batch = 2048}},
    {"200B H14400", 0, {.heads = 96, .params = 200e9, .global_batch = 2048}},
    {"MPT-", 0, {.attention = "flash2", .network = 400}},
};

/* Clusters: what every job on them shares. */
static const struct {
    const char *fragment;
    struct published_job known;
} clusters[] = {
    {"Jean Zay", {.vocab = 250880, .network = 50, .zero_stage = "1", .launch_blocking = "yes", .recompute = "full"}},
    {"4x100Gb", {.network = 50}},
};

/* What the two sides of "without -> with" say. */
static const struct {
    const char *phrase;
    struct published_job says;
} phrases[] = {
    {"no recompute, no SP", {.recompute = "none"}},
    {"full recompute", {.recompute = "full"}},
    {"selective recompute", {.recompute = "selective"}},
    {"selective + sequence", {.recompute = "selective", .sequence_parallel = "yes"}},
    {"sequence parallelism", {.sequence_parallel = "yes"}},
    {"ZeRO-1 over all DP ranks", {.zero_stage = "1 (all DP ranks)"}},
    {"ZeRO-3 only", {.zero_stage = "3", .tp = 1, .pp = 1}},
    {"ZeRO-1 off", {.zero_stage = "0"}},
    {"standard attention", {.attention = "math"}},
    {"FlashAttention-2", {.attention = "flash2"}},
    {"FlashAttention", {.attention = "flash"}},
    {"TransformerEngine FP8", {.precision = "fp8"}},
    {"bf16", {.precision = "bf16"}},
    {"unfused", {.fused_kernels = "no"}},
};

/* Puts what is known over what was: numbers over 0, texts that are not empty. */
static void put_over(struct published_job *job, const struct published_job *known)
{
    double *to[] = {&job->params, &job->layers, &job->hidden, &job->heads, &job->kv_heads, &job->ffn, &job->vocab,
                    &job->seq, &job->n_gpus, &job->tp, &job->pp, &job->vpp, &job->dp, &job->micro_batch,
                    &job->global_batch, &job->network};
    const double from[] = {known->params, known->layers, known->hidden, known->heads, known->kv_heads, known->ffn,
                           known->vocab, known->seq, known->n_gpus, known->tp, known->pp, known->vpp, known->dp,
                           known->micro_batch, known->global_batch, known->network};
    const char **text_to[] = {&job->model, &job->ffn_kind, &job->zero_stage, &job->precision, &job->attention,
                              &job->recompute, &job->launch_blocking, &job->sequence_parallel, &job->fused_kernels};
    const char *const text_from[] = {known->model, known->ffn_kind, known->zero_stage, known->precision, known->attention,
                                     known->recompute, known->launch_blocking, known->sequence_parallel,
                                     known->fused_kernels};
    for (size_t i = 0; i < sizeof to / sizeof *to; i++)
        *to[i] = from[i] > 0 ? from[i] : *to[i];
    for (size_t i = 0; i < sizeof text_to / sizeof *text_to; i++)
        *text_to[i] = text_from[i] ? text_from[i] : *text_to[i];
}

/* Numbers behind keywords; a keyword stands at the begin of a word, or behind a digit
 * or 'x' as in TP8xPP35. */
static void read_numbers(const char *text, struct published_job *job)
{
    const struct {
        const char *word;
        double *value;
    } keywords[] = {
        {"TP", &job->tp}, {"tp=", &job->tp}, {"PP", &job->pp}, {"DP", &job->dp}, {"MBS", &job->micro_batch},
        {"MBS ", &job->micro_batch}, {"mbs", &job->micro_batch}, {"GBS", &job->global_batch}, {"gbs", &job->global_batch},
        {"seq", &job->seq}, {"ctx ", &job->seq}, {"S", &job->seq}, {"H", &job->hidden}, {"L", &job->layers},
        {"heads ", &job->heads},
    };
    for (const char *at = text; *at; at++)
        for (size_t i = 0; i < sizeof keywords / sizeof *keywords; i++) {
            size_t length = strlen(keywords[i].word);
            bool begin = at == text || !isalpha((unsigned char)at[-1]) || at[-1] == 'x';
            if (begin && !strncmp(at, keywords[i].word, length) && isdigit((unsigned char)at[length]))
                *keywords[i].value = strtod(at + length, NULL);
        }
}

/* The first word of a text that the catalog knows. */
static const char *known_word(const speedup_catalog *catalog, const char *text,
                              const char *(*id)(const speedup_catalog *, const char *))
{
    char word[64];
    while (*text) {
        size_t length = strcspn(text, " ,;("), kept = length < sizeof word ? length : sizeof word - 1;
        memcpy(word, text, kept);
        word[kept] = 0;
        /* "8xA100" is eight of them */
        const char *bare = isdigit((unsigned char)word[0]) && strchr(word, 'x') ? strchr(word, 'x') + 1 : word;
        const char *found = kept ? id(catalog, bare) : NULL;
        if (found)
            return found;
        text += length + (text[length] != 0);
    }
    return NULL;
}

/* The shape of a dense model of the catalog, as columns, free of its longest sequence. */
static void fill_shape(const speedup_catalog *catalog, struct published_job *job)
{
    const char *id = model_id(catalog, job->model);
    const struct {
        const char *field;
        double *value;
    } fields[] = {{"layers", &job->layers}, {"hidden", &job->hidden}, {"heads", &job->heads},
                  {"kv_heads", &job->kv_heads}, {"ffn", &job->ffn}, {"vocab", &job->vocab}};
    for (size_t i = 0; id && i < sizeof fields / sizeof *fields; i++)
        if (*fields[i].value <= 0)
            speedup_catalog_number(catalog, "models", id, fields[i].field, fields[i].value);
}

static void read_side(const char *text, const char *workload, struct published_job *job, char *zero)
{
    for (size_t i = sizeof phrases / sizeof *phrases; i-- > 0;)
        if (find(text, phrases[i].phrase))
            put_over(job, &phrases[i].says);
    if (find(text, "shard group") && find(workload, "zero1=")) {
        const char *last = workload, *next;
        while ((next = find(last + 1, "zero1=")))
            last = next;
        snprintf(zero, 80, "1 (shard group %ld)", strtol(last + 6, NULL, 10));
        job->zero_stage = zero;
    }
    read_numbers(text, job);
}

static void skip(struct ablation *ablation, const char *reason)
{
    snprintf(ablation->skipped, sizeof ablation->skipped, "%s", reason);
}

bool ablation_read(const speedup_catalog *catalog, const struct csv *csv, size_t row, FILE *errors,
                   struct ablation *ablation)
{
    const char *category = csv_text(csv, row, csv_column(csv, "category"));
    const char *workload = csv_text(csv, row, csv_column(csv, "workload"));
    const char *hardware = csv_text(csv, row, csv_column(csv, "hardware"));
    const char *metric = csv_text(csv, row, csv_column(csv, "metric"));
    const char *change = csv_text(csv, row, csv_column(csv, "optimization")), *arrow = strstr(change, "->");
    double n_gpus = strtod(csv_text(csv, row, csv_column(csv, "n_gpus")), NULL); /* "8->2" stands for inference */
    *ablation = (struct ablation){.work = 1};
    if (!csv_number(csv, row, csv_column(csv, "ratio"), 0, errors, &ablation->ratio))
        return false;
    for (size_t i = 0; i < sizeof elsewhere / sizeof *elsewhere; i++)
        if (find(category, elsewhere[i].word))
            skip(ablation, elsewhere[i].reason);
    if (find(workload, "BERT") || find(workload, "T5-"))
        skip(ablation, "encoders");
    if (find(csv_text(csv, row, csv_column(csv, "notes")), "FORMULA"))
        skip(ablation, "a formula, not a measurement");
    if (ablation->ratio <= 0 || !arrow)
        skip(ablation, "no ratio of one configuration over another");
    const char *gpu = known_word(catalog, hardware, accelerator_id);
    if (!ablation->skipped[0] && !gpu)
        skip(ablation, "accelerator not in the catalog");
    if (ablation->skipped[0])
        return true;

    struct published_job base = {.gpu = gpu, .model = known_word(catalog, workload, model_id), .n_gpus = n_gpus,
                                 .seq = 2048, .ffn_kind = "gelu", .precision = "bf16", .recompute = "",
                                 .zero_stage = find(workload, "FSDP") ? "fsdp" : "", .attention = "", .comm_overlap = "",
                                 .launch_blocking = "", .compiled = "", .sequence_parallel = "no", .fused_kernels = "", .notes = ""};
    double per_replica = 0;
    for (size_t i = 0; i < sizeof clusters / sizeof *clusters; i++)
        if (find(hardware, clusters[i].fragment))
            put_over(&base, &clusters[i].known);
    for (size_t i = 0; i < sizeof workloads / sizeof *workloads; i++)
        if (find(workload, workloads[i].fragment)) {
            put_over(&base, &workloads[i].known);
            per_replica = workloads[i].batch_per_replica;
        }
    if (!base.model)
        base.model = "";
    read_numbers(workload, &base);
    fill_shape(catalog, &base);
    if (base.hidden <= 0 || (base.n_gpus <= 0 && base.tp <= 0)) {
        skip(ablation, "model or layout not published");
        return true;
    }
    char sides[2][160];
    snprintf(sides[0], sizeof sides[0], "%.*s", (int)(arrow - change), change);
    snprintf(sides[1], sizeof sides[1], "%s", arrow + 2);
    size_t blank = strspn(sides[1], " "), digits = strspn(sides[1] + blank, "0123456789");
    if (digits && !sides[1][blank + digits]) /* "MBS 1 -> 4": the keyword stands once */
        snprintf(sides[1], sizeof sides[1], "%.*s%s", (int)strcspn(sides[0], "0123456789"), sides[0], arrow + 2 + blank);
    for (int i = 0; i < 2; i++) {
        struct published_job *job = &ablation->job[i];
        *job = base;
        read_side(sides[i], workload, job, ablation->zero_stage[i]);
        double ranks = fmax(job->tp, 1) * fmax(job->pp, 1);
        job->dp = job->dp > 0 ? job->dp : fmax(1, floor(job->n_gpus / ranks));
        job->tp = fmax(job->tp, 1);
        job->n_gpus = ranks * job->dp;
        job->global_batch = per_replica > 0 ? per_replica * job->dp : job->global_batch > 0 ? job->global_batch : job->dp;
    }
    const struct published_job *with = &ablation->job[1], *without = &ablation->job[0];
    ablation->work = with->global_batch / with->n_gpus / (without->global_batch / without->n_gpus);
    ablation->is_rate = !strcmp(csv_text(csv, row, csv_column(csv, "better")), "higher");
    ablation->metric = find(metric, "memory") ? SPEEDUP_METRIC_MEMORY_PEAK : SPEEDUP_METRIC_STEP_SECONDS;
    ablation->per_layer = find(workload, "single layer") != NULL;
    return true;
}
