/* From the columns of published training rows to jobs.
 *
 * What words stand for is said by the tables of words/, with reasons. Here is how they come
 * together. A column always goes before a default, and what no rule reads is a reason to skip.
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
 *    (Of scores that do not fit, training_rows.c takes fewer.)
 *  - Software: what shards the optimizer names the stack. What that always does (how wide its
 *    gradients are, what it fuses and overlaps) stands in the catalog: the row says only what
 *    it has beyond that, or does without.
 *  - Plain (GELU) rows ran fused kernels; what was compiled, as everything on TPUs, ran those of
 *    the compiler.
 *  - Sequence parallelism goes with selective recomputation. */
#include "rows.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

const char *const training_columns[] = {"id", "source", "model", "gpu", "n_gpus", "tp", "pp", "dp", "seq",
                                        "global_batch_seqs", NULL};

/* ---- columns ---------------------------------------------------------------------- */

enum kind { TEXT, NUMBER, COUNT };

static const struct {
    const char *name;
    enum kind kind;
    size_t offset;
} columns[] = {
#define COLUMN(name_, kind_, member) {name_, kind_, offsetof(struct published_job, member)}
    COLUMN("params", NUMBER, params), COLUMN("layers", COUNT, layers), COLUMN("hidden", COUNT, hidden), COLUMN("heads", COUNT, heads),
    COLUMN("kv_heads", COUNT, kv_heads), COLUMN("ffn", COUNT, ffn), COLUMN("vocab", COUNT, vocab), COLUMN("seq", COUNT, seq),
    COLUMN("n_gpus", COUNT, n_gpus), COLUMN("gpus_per_node", COUNT, gpus_per_node), COLUMN("tp", COUNT, tp), COLUMN("pp", COUNT, pp),
    COLUMN("cp", COUNT, cp), COLUMN("dp", COUNT, dp), COLUMN("ep", COUNT, ep), COLUMN("vpp", COUNT, vpp),
    COLUMN("micro_batch", COUNT, micro_batch), COLUMN("global_batch_seqs", COUNT, global_batch),
    COLUMN("node_network_gb_per_s", NUMBER, network), COLUMN("scaleup_domain", COUNT, domain),
    COLUMN("model", TEXT, model), COLUMN("gpu", TEXT, gpu), COLUMN("ffn_kind", TEXT, ffn_kind), COLUMN("zero_stage", TEXT, zero_stage),
    COLUMN("precision", TEXT, precision), COLUMN("attention", TEXT, attention), COLUMN("recompute", TEXT, recompute),
    COLUMN("comm_overlap", TEXT, comm_overlap), COLUMN("launch_blocking", TEXT, launch_blocking), COLUMN("compiled", TEXT, compiled),
    COLUMN("sequence_parallel", TEXT, sequence_parallel), COLUMN("fused_kernels", TEXT, fused_kernels), COLUMN("notes", TEXT, notes),
#undef COLUMN
};
enum { COLUMNS = sizeof columns / sizeof *columns };

static const char **text_at(struct published_job *job, size_t column)
{
    return (const char **)(void *)((char *)job + columns[column].offset);
}

static double *number_at(struct published_job *job, size_t column)
{
    return (double *)(void *)((char *)job + columns[column].offset);
}

bool published_read(const struct csv *csv, size_t row, struct published_job *job, char why[REASON_TEXT])
{
    bool good = true;
    for (size_t i = 0; i < COLUMNS; i++) {
        int at = csv_column(csv, columns[i].name);
        if (columns[i].kind == TEXT)
            *text_at(job, i) = csv_text(csv, row, at);
        else if (good)
            good = (columns[i].kind == COUNT ? csv_count : csv_number)(csv, row, at, 0, why, REASON_TEXT, number_at(job, i));
    }
    return good;
}

bool published_set(struct published_job *job, const char *column, const char *value)
{
    size_t i = 0;
    while (i < COLUMNS && strcmp(columns[i].name, column))
        i++;
    if (i == COLUMNS)
        return false;
    if (columns[i].kind == TEXT)
        *text_at(job, i) = value;
    else
        *number_at(job, i) = strtod(value, NULL);
    return true;
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

/* Does the row say something of notes.csv? */
static bool notes_say(const struct words *words, const struct published_job *job, const char *what)
{
    for (size_t i = 0; i < words_count(words, TABLE_NOTES); i++) {
        const char *text = word_is(words, TABLE_NOTES, i, "column", "zero_stage") ? job->zero_stage : job->notes;
        if (word_is(words, TABLE_NOTES, i, "what", what) && holds(text, word_of(words, TABLE_NOTES, i, "words")))
            return true;
    }
    return false;
}

bool result_read(const struct words *words, const struct csv *csv, size_t row, const struct published_job *job,
                 struct published_result *result, char why[REASON_TEXT])
{
    double step, tokens, flops, memory;
    *result = (struct published_result){0};
    if (!csv_number(csv, row, csv_column(csv, "measured_step_s"), 0, why, REASON_TEXT, &step) ||
        !csv_number(csv, row, csv_column(csv, "measured_tokens_per_s_per_gpu"), 0, why, REASON_TEXT, &tokens) ||
        !csv_number(csv, row, csv_column(csv, "measured_tflops_per_gpu"), 0, why, REASON_TEXT, &flops) ||
        !csv_number(csv, row, csv_column(csv, "measured_peak_mem_gb"), 0, why, REASON_TEXT, &memory))
        return false;
    result->memory_bytes = memory * 1e9;
    result->step_seconds = step;
    if (step > 0 || job->seq <= 0)
        return true;
    if (tokens > 0 && job->n_gpus > 0)
        result->step_seconds = batch_of(job) * job->seq / (tokens * job->n_gpus);
    else if (flops > 0 && job->global_batch > 0 && notes_say(words, job, "counts_recomputation"))
        result->step_seconds = 96 * job->layers * job->hidden * job->hidden * job->seq * job->global_batch /
                               (flops * 1e12 * job->n_gpus);
    return true;
}

bool sharding_unknown(const struct words *words, const struct published_job *job)
{
    return notes_say(words, job, "sharding_open");
}

/* ---- what words stand for ------------------------------------------------------------- */

static double of_model(const struct words *words, const char *model, const char *field)
{
    return number_in_catalog(words, "models", model, field);
}

static double of_accelerator(const struct words *words, const char *accelerator, const char *field)
{
    return number_in_catalog(words, "accelerators", accelerator, field);
}

/* What a column that says yes or no says; `otherwise` where it says nothing. */
static bool says(const struct words *words, struct job *mapped, const char *column, const char *text, bool otherwise)
{
    for (size_t i = 0; (i = word_rule(words, TABLE_FLAGS, text, i)) < words_count(words, TABLE_FLAGS); i++)
        if (word_is(words, TABLE_FLAGS, i, "column", column))
            return *word_of(words, TABLE_FLAGS, i, "says") ? word_is(words, TABLE_FLAGS, i, "says", "yes") : otherwise;
    char why[REASON_TEXT];
    snprintf(why, sizeof why, "%s '%.60s'", column, text);
    job_skip(mapped, "%s", why);
    return otherwise;
}

/* Whether a feed-forward block is gated, of the catalog's models by their number of
 * parameters: gated ones have half as many more in it. */
static bool is_gated(const struct words *words, const struct published_job *job)
{
    size_t rule = word_rule(words, TABLE_FEED_FORWARD, job->ffn_kind, 0);
    if (rule < words_count(words, TABLE_FEED_FORWARD))
        return word_is(words, TABLE_FEED_FORWARD, rule, "kind", "gated");
    if (job->hidden > 0)
        return fmod(job->ffn, job->hidden) != 0;
    const char *known = model_id(words, job->model);
    double hidden = of_model(words, known, "hidden"), layers = of_model(words, known, "layers"), heads = of_model(words, known, "heads"),
           head = or_else(of_model(words, known, "head_dim"), hidden / heads), ffn = of_model(words, known, "ffn"),
           parameters = of_model(words, known, "parameters");
    double plain = layers * hidden * (2 * head * (heads + or_else(of_model(words, known, "kv_heads"), heads)) + 2 * ffn) +
                   of_model(words, known, "vocab") * hidden;
    return of_model(words, known, "experts.count") > 0 || parameters - plain > 0.5 * layers * hidden * ffn;
}

/* The rule for what is sharded; the count of rules where none fits. */
static size_t sharding_of(const struct words *words, const struct published_job *job)
{
    size_t i = 0;
    while ((i = word_rule(words, TABLE_SHARDING, job->zero_stage, i)) < words_count(words, TABLE_SHARDING) &&
           !holds(job->attention, word_of(words, TABLE_SHARDING, i, "attention")))
        i++;
    return i;
}

/* NULL for a format that no rule knows. */
static const char *precision_of(const struct words *words, const struct published_job *job, const char *accelerator, bool *gradients)
{
    size_t rule = word_rule(words, TABLE_PRECISIONS, job->precision, 0);
    if (rule == words_count(words, TABLE_PRECISIONS))
        return NULL;
    const char *peak = word_of(words, TABLE_PRECISIONS, rule, "peak");
    bool has = !*peak || of_accelerator(words, accelerator, peak) > 0;
    *gradients = word_is(words, TABLE_PRECISIONS, rule, "gradients", "yes");
    return word_of(words, TABLE_PRECISIONS, rule, has ? "optimization" : "otherwise");
}

/* "" for unfused attention, NULL for text that no rule knows. */
static const char *attention_of(const struct words *words, const struct published_job *job, const char *accelerator)
{
    double capability = of_accelerator(words, accelerator, "compute_capability");
    bool gated = is_gated(words, job);
    for (size_t i = 0; (i = word_rule(words, TABLE_ATTENTIONS, job->attention, i)) < words_count(words, TABLE_ATTENTIONS); i++) {
        double least = word_number(words, TABLE_ATTENTIONS, i, "least"), most = word_number(words, TABLE_ATTENTIONS, i, "most");
        if (capability >= least && (most <= 0 || capability <= most) && word_allows(word_of(words, TABLE_ATTENTIONS, i, "gated"), gated))
            return word_of(words, TABLE_ATTENTIONS, i, "optimization");
    }
    return NULL;
}

/* What of the forward pass is done again. */
struct again {
    double layers; /* share of all layers */
    bool attention, open, unknown;
    bool sequence; /* goes with sequence parallelism */
};

static struct again again_of(const struct words *words, const struct published_job *job)
{
    size_t rule = word_rule(words, TABLE_RECOMPUTATION, job->recompute, 0);
    if (rule == words_count(words, TABLE_RECOMPUTATION))
        return (struct again){.unknown = true};
    const char *what = word_of(words, TABLE_RECOMPUTATION, rule, "what");
    double number = number_behind(job->recompute, word_of(words, TABLE_RECOMPUTATION, rule, "number"));
    double layers = or_else(job->layers, of_model(words, model_id(words, job->model), "layers"));
    if (!strcmp(what, "blocks") && layers <= 0)
        return (struct again){.unknown = true};
    return (struct again){.layers = !strcmp(what, "all")      ? 1
                                    : !strcmp(what, "share")  ? word_number(words, TABLE_RECOMPUTATION, rule, "share")
                                    : !strcmp(what, "every")  ? 1 / number
                                    : !strcmp(what, "blocks") ? fmin(1, number * or_else(job->pp, 1) * or_else(job->vpp, 1) / layers)
                                                              : 0,
                          .attention = !strcmp(what, "attention"),
                          .sequence = word_is(words, TABLE_RECOMPUTATION, rule, "sequence_parallel", "yes"),
                          .open = !strcmp(what, "open")};
}

bool recompute_unknown(const struct words *words, const struct published_job *job)
{
    return again_of(words, job).open;
}

/* ---- the job -------------------------------------------------------------------------- */

void published_fill(const struct words *words, const char *model, struct published_job *job)
{
    const struct {
        const char *field;
        double *value;
    } fields[] = {{"layers", &job->layers},     {"hidden", &job->hidden}, {"heads", &job->heads},
                  {"kv_heads", &job->kv_heads}, {"ffn", &job->ffn},       {"vocab", &job->vocab}};
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        *fields[i].value = or_else(*fields[i].value, of_model(words, model, fields[i].field));
}

/* More parameters than the columns give by over this are experts that they do not tell. */
static const double most_parameters = 1.4;

/* The model's entry and its id in the job; NULL when the shape is not known. */
static const char *put_model(const struct words *words, struct published_job *job, struct job *mapped)
{
    const char *known = model_id(words, job->model);
    bool special = of_model(words, known, "experts.count") > 0 || of_model(words, known, "attention.kv_rank") > 0;
    double longest = of_model(words, known, "max_sequence");
    if (known && !special && job->hidden <= 0 && longest > 0 && job->seq > longest) { /* free of its longest sequence */
        job->ffn_kind = is_gated(words, job) ? "gated" : "plain";
        published_fill(words, known, job);
    }
    bool same = job->hidden > 0 && job->hidden == of_model(words, known, "hidden") &&
                (job->layers <= 0 || job->layers == of_model(words, known, "layers"));
    if (known && (job->hidden <= 0 || special || (same && !*job->ffn_kind)))
        return known;
    known = same ? known : NULL;
    struct name name = id_like(job->model);
    double layers = job->layers, hidden = job->hidden, vocab = or_else(job->vocab, of_model(words, known, "vocab"));
    for (size_t i = 0; i < words_count(words, TABLE_SIZES) && hidden <= 0; i++)
        if (word_is(words, TABLE_SIZES, i, "name", name.text)) {
            layers = word_number(words, TABLE_SIZES, i, "layers");
            hidden = word_number(words, TABLE_SIZES, i, "hidden");
            vocab = word_number(words, TABLE_SIZES, i, "vocab");
        }
    if (hidden <= 0) {
        job_skip(mapped, "shape of the model '%.60s'", job->model);
        return NULL;
    }
    vocab = or_else(vocab, 51200);
    double stages = or_else(job->pp, 1);
    layers = or_else(layers, of_model(words, known, "layers"));
    if (layers <= 0) /* 12 h^2 parameters a layer, and stages of equal size */
        layers = fmax(stages, rint((job->params - vocab * hidden) / (12 * hidden * hidden) / stages) * stages);
    double heads = or_else(or_else(job->heads, of_model(words, known, "heads")), rint(hidden / 128));
    double kv_heads = or_else(or_else(job->kv_heads, of_model(words, known, "kv_heads")), heads);
    double head = or_else(of_model(words, known, "head_dim"), hidden / heads);
    double ffn = or_else(or_else(job->ffn, of_model(words, known, "ffn")), 4 * hidden);
    bool gated = is_gated(words, job);
    double parameters = layers * hidden * (2 * head * (heads + kv_heads) + (2 + gated) * ffn) + (1 + gated) * vocab * hidden;
    if (job->ep > 1 || job->params > most_parameters * parameters) {
        job_skip(mapped, "experts of the model '%.60s'", job->model);
        return NULL;
    }
    job_set_number(mapped, "models.published.layers", rint(layers));
    job_set_number(mapped, "models.published.hidden", rint(hidden));
    job_set_number(mapped, "models.published.heads", rint(heads));
    job_set_number(mapped, "models.published.kv_heads", rint(kv_heads));
    if (head != hidden / heads)
        job_set_number(mapped, "models.published.head_dim", rint(head));
    job_set_number(mapped, "models.published.ffn", rint(ffn));
    job_set(mapped, "models.published.ffn_kind", gated ? "gated" : "plain");
    job_set_number(mapped, "models.published.vocab", rint(vocab));
    job_set(mapped, "models.published.tied_embeddings", gated ? "false" : "true");
    return "published";
}

/* A field of the system that an accelerator usually stands in; 0 for none. */
static double usually(const struct words *words, const char *accelerator, const char *field)
{
    return number_in_catalog(words, "systems", usual_system(words, accelerator), field);
}

static void put_system(const struct words *words, const struct published_job *job, const char *accelerator, struct job *mapped)
{
    double usual_node = or_else(usually(words, accelerator, "accelerators_per_node"), 8);
    double each = or_else(usually(words, accelerator, "network") / 1e9 / usual_node, 25);
    double node = or_else(job->gpus_per_node, usual_node), domain = usually(words, accelerator, "scale_up_domain");
    char network[32];
    snprintf(network, sizeof network, "%g GB/s", or_else(job->network, each * node));
    job_set(mapped, "systems.published.accelerator", accelerator);
    job_set_number(mapped, "systems.published.accelerators_per_node", rint(node));
    job_set_number(mapped, "systems.published.scale_up_domain", rint(or_else(job->domain, domain > usual_node ? domain : node)));
    job_set(mapped, "systems.published.network", network);
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

/* The stack by what is sharded, by the release of its container, or by how it was run; "" for none. */
static const char *stack_of(const struct words *words, const struct published_job *job, size_t sharding, struct job *mapped)
{
    const char *stack = word_of(words, TABLE_SHARDING, sharding, is_gated(words, job) ? "stack_gated" : "stack");
    double domain = job_number(mapped, "systems.published.scale_up_domain");
    bool experts = of_model(words, model_id(words, job->model), "experts.count") > 0;
    for (size_t i = 0; i < words_count(words, TABLE_RELEASES); i++) {
        /* "release 26.06": years and months, which compare as numbers */
        double release = number_behind(job->notes, word_of(words, TABLE_RELEASES, i, "word"));
        if (word_is(words, TABLE_RELEASES, i, "stack", stack) && release >= word_number(words, TABLE_RELEASES, i, "least") &&
            word_allows(word_of(words, TABLE_RELEASES, i, "experts"), experts) && domain > word_number(words, TABLE_RELEASES, i, "domain_over"))
            return word_of(words, TABLE_RELEASES, i, "becomes");
    }
    return says(words, mapped, "launch_blocking", job->launch_blocking, false) && !*stack ? "launch-blocking" : stack;
}

static void put_precision(const struct words *words, const struct published_job *job, const char *precision, bool gradients, struct job *mapped)
{
    char rule[160];
    size_t wider = word_rule(words, TABLE_GRADIENTS, job->precision, 0);
    bool has = gradients && wider < words_count(words, TABLE_GRADIENTS);
    snprintf(rule, sizeof rule, "%s %s", precision, has ? word_of(words, TABLE_GRADIENTS, wider, "parameters") : "");
    job_add(mapped, rule);
}

static void put_again(const struct again *again, bool fused, struct job *mapped)
{
    if (again->layers > 0) {
        struct job_pick *added = job_add(mapped, "activation-checkpointing");
        char share[32];
        snprintf(share, sizeof share, "%.4g", again->layers);
        if (again->layers < 1)
            job_parameter(mapped, added, "share", share);
    }
    if (again->attention && !fused)
        job_add(mapped, "selective-checkpointing");
}

/* What is compiled, or fused by hand. */
static void put_kernels(const struct words *words, const struct published_job *job, const char *accelerator, struct job *mapped)
{
    bool compiled = says(words, mapped, "compiled", job->compiled, false) || begins(accelerator, "tpu");
    bool plain = !is_gated(words, job), fused = says(words, mapped, "fused_kernels", job->fused_kernels, plain);
    if (compiled)
        job_add(mapped, "torch-compile");
    else if (fused)
        job_add(mapped, "kernel-fusion");
    else if (*job->fused_kernels)
        job_without(mapped, "kernel-fusion");
}

static void put_sequence_parallelism(const struct words *words, const struct published_job *job, const struct again *again, struct job *mapped)
{
    if (says(words, mapped, "sequence_parallel", job->sequence_parallel, again->sequence) && job->tp > 1)
        job_add(mapped, "sequence-parallelism");
    else if (*job->sequence_parallel && !says(words, mapped, "sequence_parallel", job->sequence_parallel, true))
        job_without(mapped, "sequence-parallelism");
}

/* What shards, where there is more than one replica to share it among. */
static void put_sharding(const struct words *words, const struct published_job *job, size_t sharding, struct job *mapped)
{
    const char *rule = word_of(words, TABLE_SHARDING, sharding, is_gated(words, job) ? "optimization_gated" : "optimization");
    double group = number_behind(job->zero_stage, "shardgroup|dpshard|group");
    if (!*rule || data_degree(job) * or_else(job->cp, 1) <= 1)
        return;
    struct job_pick *added = job_add(mapped, rule);
    char text[32];
    snprintf(text, sizeof text, "%.0f", fmax(2, group));
    if (group > 0)
        job_parameter(mapped, added, "group", text);
}

static void put_overlap(const struct words *words, const struct published_job *job, size_t sharding, struct job *mapped)
{
    size_t rule = word_rule(words, TABLE_OVERLAP, job->comm_overlap, 0), count = words_count(words, TABLE_OVERLAP);
    if (rule == count)
        job_skip(mapped, "comm_overlap '%.60s'", job->comm_overlap);
    for (; rule < count; rule = word_rule(words, TABLE_OVERLAP, job->comm_overlap, rule + 1)) {
        const char *has = word_of(words, TABLE_OVERLAP, rule, "optimization");
        bool tensor = !strcmp(has, "tensor-overlap");
        /* What gathers its weights overlaps by itself, or cannot. */
        if (tensor ? job->tp > 1 : !word_is(words, TABLE_SHARDING, sharding, "sharded_weights", "yes"))
            job_add(mapped, has);
        job_without(mapped, word_of(words, TABLE_OVERLAP, rule, "without"));
        if (*word_of(words, TABLE_OVERLAP, rule, "without"))
            return;
    }
}

static void put_adapters(const struct words *words, const struct published_job *job, struct job *mapped)
{
    for (size_t i = 0; i < words_count(words, TABLE_ADAPTERS); i++) {
        const char *column = word_of(words, TABLE_ADAPTERS, i, "column");
        const char *text = !strcmp(column, "model") ? job->model : !strcmp(column, "precision") ? job->precision : job->notes;
        if (holds(text, word_of(words, TABLE_ADAPTERS, i, "words"))) {
            job_add(mapped, word_of(words, TABLE_ADAPTERS, i, "optimization"));
            return;
        }
    }
}

/* Degrees that are not published where they can be nothing else. */
static bool layout_known(const struct words *words, const struct published_job *job, size_t sharding)
{
    return job->tp > 0 || job->dp > 0 || job->n_gpus == 1 ||
           (job->n_gpus > 0 && word_is(words, TABLE_SHARDING, sharding, "sharded_weights", "yes"));
}

void map_training(const struct words *words, const struct published_job *published, struct job *mapped)
{
    *mapped = (struct job){.section = "train"};
    struct published_job own = *published;
    const struct published_job *job = &own;
    const char *accelerator = accelerator_id(words, job->gpu);
    bool gradients = false;
    const char *precision = accelerator ? precision_of(words, job, accelerator, &gradients) : NULL;
    const char *attention = accelerator ? attention_of(words, job, accelerator) : NULL;
    size_t sharding = sharding_of(words, job), rules = words_count(words, TABLE_SHARDING);
    struct again again = again_of(words, job);
    if (job->seq <= 0)
        job_skip(mapped, "%s", "no sequence length");
    else if (sharding < rules ? !layout_known(words, job, sharding) : job->tp <= 0 && job->dp <= 0 && job->n_gpus != 1)
        job_skip(mapped, "%s", "no layout published");
    else if (!accelerator)
        job_skip(mapped, "accelerator '%.40s' is not in the catalog", job->gpu);
    else if (!precision)
        job_skip(mapped, "precision '%.40s'", job->precision);
    else if (sharding == rules)
        job_skip(mapped, "what is sharded: '%.60s'", job->zero_stage);
    else if (again.unknown)
        job_skip(mapped, "recomputation '%.60s'", job->recompute);
    else if (!attention)
        job_skip(mapped, "attention '%.60s'", job->attention);
    else if (*job->ffn_kind && word_rule(words, TABLE_FEED_FORWARD, job->ffn_kind, 0) == words_count(words, TABLE_FEED_FORWARD))
        job_skip(mapped, "ffn_kind '%.60s'", job->ffn_kind);
    const char *model = mapped->skipped[0] ? NULL : put_model(words, &own, mapped);
    if (!model)
        return;
    put_system(words, published, accelerator, mapped);
    double tp = or_else(job->tp, 1), pp = or_else(job->pp, 1), cp = or_else(job->cp, 1);
    bool experts = !strcmp(model, "published") ? false : of_model(words, model, "experts.count") > 0;
    bool interleaved = pp > 1 && notes_say(words, job, "interleaved");
    const char *stack = stack_of(words, job, sharding, mapped);
    job_set(mapped, "model", model);
    job_set(mapped, "system", "published");
    if (*stack)
        job_set(mapped, "stack", stack);
    /* Where the degrees do not multiply up to the accelerators, the degrees are believed. */
    job_set_number(mapped, "accelerators", rint(tp * pp * cp * data_degree(job)));
    job_set_number(mapped, "sequence", rint(job->seq));
    job_set_number(mapped, "global_batch", rint(batch_of(job)));
    job_set_number(mapped, "micro_batch", rint(micro_batch_of(job)));
    job_set(mapped, "uneven", "true");
    job_set_number(mapped, "layout.tensor", rint(tp));
    job_set_number(mapped, "layout.pipeline", rint(pp));
    job_set_number(mapped, "layout.context", rint(cp));
    job_set_number(mapped, "layout.expert", rint(experts ? or_else(job->ep, 1) : 1));
    job_set_number(mapped, "layout.virtual_stages", rint(or_else(job->vpp, interleaved ? 2 : 1)));
    job_set(mapped, "layout.ends_as_layers", notes_say(words, job, "ends_as_layers") ? "true" : "false");
    put_precision(words, job, precision, gradients, mapped);
    job_add(mapped, attention);
    put_kernels(words, job, accelerator, mapped);
    put_again(&again, *attention, mapped);
    put_sequence_parallelism(words, job, &again, mapped);
    put_sharding(words, job, sharding, mapped);
    put_overlap(words, job, sharding, mapped);
    put_adapters(words, job, mapped);
}
