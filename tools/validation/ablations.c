/* From published comparisons to two jobs. The columns say little: `workload` names the
 * job, `optimization` what changed as "without -> with". Numbers in either are read by
 * their keyword ("TP8", "seq2048", "gbs144"); phrases, and what a workload's name stands for
 * in its publication, by words/phrases.csv. */
#include "ablations.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *const ablation_columns[] = {"id", "source", "category", "optimization", "workload", "hardware", "n_gpus",
                                        "metric", "better", "ratio", NULL};

/* Puts what a rule of phrases.csv sets over what was: "tp=8; recompute=full". */
static void put_over(struct published_job *job, const char *sets, struct set_values *values)
{
    while (*sets) {
        char column[40];
        size_t name = strcspn(sets, "="), length = strcspn(sets, ";");
        char *value = values->text + values->length;
        snprintf(column, sizeof column, "%.*s", (int)name, sets);
        int written = snprintf(value, sizeof values->text - values->length, "%.*s", (int)(length - name - 1), sets + name + 1);
        if (values->length + (size_t)written + 1 >= sizeof values->text)
            return;
        values->length += (size_t)written + 1;
        published_set(job, column, value);
        sets += length + strspn(sets + length, "; ");
    }
}

/* Puts the phrases that a column holds over a job; the batch for each replica that the last
 * of them says, 0 for none. */
static double put_phrases(const struct words *words, const char *column, const char *text, struct published_job *job,
                          struct set_values *values)
{
    double per_replica = 0;
    for (size_t i = 0; i < words_count(words, TABLE_PHRASES); i++)
        if (word_is(words, TABLE_PHRASES, i, "column", column) && find(text, word_of(words, TABLE_PHRASES, i, "holds"))) {
            put_over(job, word_of(words, TABLE_PHRASES, i, "sets"), values);
            per_replica = word_number(words, TABLE_PHRASES, i, "batch_per_replica");
        }
    return per_replica;
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
static const char *known_word(const struct words *words, const char *text,
                              const char *(*id)(const struct words *, const char *))
{
    char word[64];
    while (*text) {
        size_t length = strcspn(text, " ,;("), kept = length < sizeof word ? length : sizeof word - 1;
        memcpy(word, text, kept);
        word[kept] = 0;
        /* "8xA100" is eight of them */
        const char *bare = isdigit((unsigned char)word[0]) && strchr(word, 'x') ? strchr(word, 'x') + 1 : word;
        const char *found = kept ? id(words, bare) : NULL;
        if (found)
            return found;
        text += length + (text[length] != 0);
    }
    return NULL;
}

static void read_side(const struct words *words, const char *text, const char *workload, struct published_job *job, char *zero,
                      struct set_values *values)
{
    put_phrases(words, "side", text, job, values);
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

/* Why a comparison is none of two training steps of decoders; NULL for one that is. */
static const char *elsewhere(const struct words *words, const struct csv *csv, size_t row)
{
    const char *reason = NULL;
    for (size_t i = 0; i < words_count(words, TABLE_ELSEWHERE); i++)
        if (holds(csv_text(csv, row, csv_column(csv, word_of(words, TABLE_ELSEWHERE, i, "column"))), word_of(words, TABLE_ELSEWHERE, i, "words")))
            reason = word_of(words, TABLE_ELSEWHERE, i, "reason");
    return reason;
}

void ablation_read(const struct words *words, const struct csv *csv, size_t row, struct ablation *ablation)
{
    const char *workload = csv_text(csv, row, csv_column(csv, "workload"));
    const char *hardware = csv_text(csv, row, csv_column(csv, "hardware"));
    const char *metric = csv_text(csv, row, csv_column(csv, "metric"));
    const char *change = csv_text(csv, row, csv_column(csv, "optimization")), *arrow = strstr(change, "->");
    double n_gpus = strtod(csv_text(csv, row, csv_column(csv, "n_gpus")), NULL); /* "8->2" stands for inference */
    *ablation = (struct ablation){.work = 1};
    if (!csv_number(csv, row, csv_column(csv, "ratio"), 0, ablation->skipped, sizeof ablation->skipped, &ablation->ratio))
        return;
    const char *other = elsewhere(words, csv, row);
    if (other)
        skip(ablation, other);
    if (ablation->ratio <= 0 || !arrow)
        skip(ablation, "no ratio of one configuration over another");
    const char *gpu = known_word(words, hardware, accelerator_id);
    if (!ablation->skipped[0] && !gpu)
        skip(ablation, "accelerator not in the catalog");
    if (ablation->skipped[0])
        return;

    struct published_job base = {.gpu = gpu, .model = known_word(words, workload, model_id), .n_gpus = n_gpus,
                                 .seq = 2048, .ffn_kind = "gelu", .precision = "bf16", .recompute = "",
                                 .zero_stage = "", .attention = "", .comm_overlap = "",
                                 .launch_blocking = "", .compiled = "", .sequence_parallel = "no", .fused_kernels = "", .notes = ""};
    put_phrases(words, "hardware", hardware, &base, &ablation->values);
    double per_replica = put_phrases(words, "workload", workload, &base, &ablation->values);
    if (!base.model)
        base.model = "";
    read_numbers(workload, &base);
    const char *known = model_id(words, base.model);
    if (known)
        published_fill(words, known, &base); /* free of its longest sequence */
    if (base.hidden <= 0 || (base.n_gpus <= 0 && base.tp <= 0)) {
        skip(ablation, "model or layout not published");
        return;
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
        read_side(words, sides[i], workload, job, ablation->zero_stage[i], &ablation->values);
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
}
