/* Estimates every row of a file of published measurements, and says how far off they
 * are: by source and overall, time and memory, with what had to be skipped and why. */
#include "validate.h"

#include "ablations.h"
#include "plans.h"
#include "reasons.h"
#include "serving.h"
#include "training_rows.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { WORST = 10 };
static const double confidence = 0.9;

/* One figure beside its estimate. */
struct figure {
    double measured, predicted, low, high; /* measured 0: not published */
};

/* What rows are grouped by: an inference row has more than its source. */
enum label { LABEL_SOURCE, LABEL_KIND, LABEL_ENGINE, LABEL_PHASE, LABELS };

struct judged {
    const char *id, *suspect;
    const char *labels[LABELS]; /* "" for none */
    struct figure value; /* seconds of a step, a token or a phase, or the ratio of an ablation */
    struct figure memory, first; /* first: seconds to the first token */
    int32_t metric;      /* that the value is, or is the inverse of */
    bool impossible;     /* a run that took place is said not to fit */
    bool open;           /* whether activations were recomputed is not published, and taken as what fits */
    bool unjudged;       /* so its peak memory, though published, is judged by nothing */
    char skipped[REASON_TEXT];
};

struct score {
    size_t n, skipped, impossible, wrong_side;
    double mean, median, p90, bias, coverage;
};

static double error_of(const struct figure *figure)
{
    return figure->predicted / figure->measured - 1;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The quantile of a sorted list, between neighbours linearly. */
static double quantile(const double *sorted, size_t count, double share)
{
    double at = share * (double)(count - 1);
    size_t below = (size_t)at;
    double next = below + 1 < count ? sorted[below + 1] : sorted[below];
    return sorted[below] + (at - (double)below) * (next - sorted[below]);
}

enum part { PART_VALUE, PART_MEMORY, PART_FIRST };

static const struct figure *part_of(const struct judged *row, enum part part)
{
    return part == PART_MEMORY ? &row->memory : part == PART_FIRST ? &row->first : &row->value;
}

/* The score of the rows with a label (NULL: of all), suspect ones or the others. */
static struct score score_with(const struct judged *rows, size_t count, enum label label, const char *name, bool suspect,
                               enum part part)
{
    struct score s = {0};
    double *errors = malloc((count + 1) * sizeof *errors), inside = 0, sum = 0;
    for (size_t i = 0; errors && i < count; i++) {
        const struct figure *f = part_of(&rows[i], part);
        if ((name && strcmp(name, rows[i].labels[label])) || (*rows[i].suspect != 0) != suspect)
            continue;
        s.skipped += rows[i].skipped[0] != 0;
        if (rows[i].skipped[0] || f->measured <= 0)
            continue;
        s.impossible += rows[i].impossible;
        s.wrong_side += (f->measured - 1) * (f->predicted - 1) < 0;
        sum += error_of(f);
        inside += f->measured >= f->low && f->measured <= f->high;
        errors[s.n++] = fabs(error_of(f));
    }
    if (s.n) {
        qsort(errors, s.n, sizeof *errors, ascending);
        for (size_t i = 0; i < s.n; i++)
            s.mean += errors[i] / (double)s.n;
        s.median = quantile(errors, s.n, 0.5);
        s.p90 = quantile(errors, s.n, 0.9);
        s.bias = sum / (double)s.n;
        s.coverage = inside / (double)s.n;
    }
    free(errors);
    return s;
}

static struct score score_of(const struct judged *rows, size_t count, const char *source, bool suspect, enum part part)
{
    return score_with(rows, count, LABEL_SOURCE, source, suspect, part);
}

/* ---- estimating ------------------------------------------------------------------------ */

static void take(struct figure *figure, const double *values, int32_t metric)
{
    figure->predicted = values[metric];
    speedup_metric_interval(values, SPEEDUP_METRIC_COUNT, metric, confidence, &figure->low, &figure->high);
}

/* A run fits if it fits with what its row leaves open taken as what needs least memory. */
static bool is_impossible(const struct session *session, const struct published_job *job, const double *values)
{
    struct job mapped;
    double again[SPEEDUP_METRIC_COUNT];
    char why[REASON_TEXT];
    if (values[SPEEDUP_METRIC_FITS] > 0)
        return false;
    map_least_memory(session, job, &mapped);
    return !job_estimate(session, &mapped, again, why) || again[SPEEDUP_METRIC_FITS] <= 0;
}

/* A job as the file of a user, where files are wanted. */
static void write_job(const struct session *session, const char *id, const char *side, const struct job *job)
{
    char text[JOB_YAML], path[600], name[100];
    size_t length = job_yaml(job, text), i = 0;
    if (!session->options->write || job->skipped[0])
        return;
    for (; id[i] && i + 1 < sizeof name; i++)
        name[i] = strchr("/\\:", id[i]) ? '-' : id[i];
    name[i] = 0;
    snprintf(path, sizeof path, "%s/%s%s.yaml", session->options->write, name, side);
    FILE *file = fopen(path, "w");
    bool good = file && fwrite(text, 1, length, file) == length;
    if (file && fclose(file))
        good = false;
    if (!good)
        fprintf(stderr, "speedup-validate: '%s' cannot be written: %s\n", path, strerror(errno));
}

static void judge_training(const struct session *session, const struct csv *csv, size_t at, struct judged *row)
{
    struct published_job job;
    struct published_result result;
    struct job mapped;
    double values[SPEEDUP_METRIC_COUNT];
    if (!published_read(csv, at, &job, row->skipped))
        return;
    row->open = recompute_unknown(session->words, &job);
    map_job(session, &job, &mapped);
    if (!result_read(session->words, csv, at, &job, &result, row->skipped)) /* of the micro-batch that can have run */
        return;
    if (result.step_seconds <= 0)
        job_skip(&mapped, "%s", "no step time, rate or TFLOP/s");
    memcpy(row->skipped, mapped.skipped, sizeof row->skipped);
    if (row->skipped[0] || !job_estimate(session, &mapped, values, row->skipped))
        return;
    write_job(session, row->id, "", &mapped);
    row->metric = SPEEDUP_METRIC_STEP_SECONDS;
    row->labels[LABEL_KIND] = number_in_catalog(session->words, "models", job_get(&mapped, "model"), "experts.count") > 0 ? "mixtures of experts"
                                                                                                                        : "dense models";
    row->value.measured = result.step_seconds;
    row->unjudged = row->open && result.memory_bytes > 0;
    row->memory.measured = row->open ? 0 : result.memory_bytes;
    take(&row->value, values, SPEEDUP_METRIC_STEP_SECONDS);
    take(&row->memory, values, SPEEDUP_METRIC_MEMORY_PEAK);
    row->impossible = is_impossible(session, &job, values);
}

/* Nothing is said of a job that does not fit, so a run that took place has no error then. */
static bool is_out_of_memory(struct judged *row, const double *values)
{
    row->impossible = values[SPEEDUP_METRIC_FITS] <= 0;
    row->memory.predicted = values[SPEEDUP_METRIC_MEMORY_PEAK];
    if (row->impossible)
        snprintf(row->skipped, sizeof row->skipped, "said not to fit");
    return row->impossible;
}

static void judge_inference(const struct session *session, const struct inference_run *run, struct judged *row)
{
    double values[SPEEDUP_METRIC_COUNT];
    row->labels[LABEL_KIND] = run->kind;
    row->labels[LABEL_ENGINE] = run->engine;
    row->labels[LABEL_PHASE] = run->phase;
    if (*run->suspect)
        row->suspect = run->suspect;
    memcpy(row->skipped, run->job.skipped, sizeof row->skipped);
    if (row->skipped[0] || !job_estimate(session, &run->job, values, row->skipped) || is_out_of_memory(row, values))
        return;
    write_job(session, row->id, "", &run->job);
    row->metric = run->metric;
    row->value.measured = run->measured;
    row->first.measured = run->first_measured;
    take(&row->value, values, run->metric);
    take(&row->first, values, SPEEDUP_METRIC_TIME_TO_FIRST_TOKEN);
    if (run->is_rate) /* errors are those of a time, as everywhere */
        row->value = (struct figure){1 / run->measured, 1 / row->value.predicted, 1 / row->value.high, 1 / row->value.low};
}

static void judge_serving(const struct session *session, const struct csv *csv, size_t at, struct judged *row)
{
    struct inference_run run;
    serving_read(session->words, csv, at, &run);
    judge_inference(session, &run, row);
}

static void judge_generation(const struct session *session, const struct csv *csv, size_t at, struct judged *row)
{
    struct inference_run run;
    generation_read(session->words, csv, at, &run);
    judge_inference(session, &run, row);
}

/* Where the two sides of a comparison come to one job, what differs has not been understood,
 * and the ratio would be 1 whatever the library says. */
static bool is_one_job(const struct job *without, const struct job *with, char skipped[REASON_TEXT])
{
    if (!skipped[0] && job_equal(without, with))
        snprintf(skipped, REASON_TEXT, "what differs is not understood: both sides are one job");
    return skipped[0] != 0;
}

static void judge_inference_ablation(const struct session *session, const struct inference_ablation *inference,
                                     double measured, struct judged *row)
{
    double values[2][SPEEDUP_METRIC_COUNT];
    memcpy(row->skipped, inference->job[0].skipped[0] ? inference->job[0].skipped : inference->job[1].skipped, sizeof row->skipped);
    if (is_one_job(&inference->job[0], &inference->job[1], row->skipped))
        return;
    for (int side = 0; side < 2; side++)
        if (!job_estimate(session, &inference->job[side], values[side], row->skipped) || is_out_of_memory(row, values[side]))
            return;
    for (int side = 0; side < 2; side++)
        write_job(session, row->id, side ? "-with" : "-without", &inference->job[side]);
    double ratio = values[1][inference->metric] / values[0][inference->metric];
    ratio = inference->is_rate ? 1 / ratio : ratio;
    row->metric = inference->metric;
    row->value = (struct figure){measured, ratio, ratio, ratio};
}

static void judge_ablation(const struct session *session, const struct csv *csv, size_t at, struct judged *row)
{
    struct ablation ablation;
    ablation_read(session->words, csv, at, &ablation);
    struct inference_ablation inference;
    row->labels[LABEL_KIND] = "training";
    if (inference_ablation_read(session->words, csv, at, &inference)) {
        row->labels[LABEL_KIND] = "inference";
        if (ablation.ratio <= 0)
            memcpy(row->skipped, ablation.skipped, sizeof row->skipped);
        else
            judge_inference_ablation(session, &inference, ablation.ratio, row);
        return;
    }
    memcpy(row->skipped, ablation.skipped, sizeof row->skipped);
    double values[2][SPEEDUP_METRIC_COUNT], seconds[2] = {0, 0};
    struct job jobs[2];
    for (int side = 0; side < 2 && !row->skipped[0]; side++) {
        map_job(session, &ablation.job[side], &jobs[side]);
        memcpy(row->skipped, jobs[side].skipped, sizeof row->skipped);
    }
    if (row->skipped[0] || is_one_job(&jobs[0], &jobs[1], row->skipped))
        return;
    for (int side = 0; side < 2 && !row->skipped[0]; side++) {
        if (job_estimate(session, &jobs[side], values[side], row->skipped))
            seconds[side] = values[side][ablation.metric];
        if (!row->skipped[0] && ablation.job[side].layers > 0 && ablation.per_layer) {
            /* A layer alone: the difference that half the layers make. */
            struct published_job half = ablation.job[side];
            struct job fewer;
            half.layers = half.layers / 2;
            map_training(session->words, &half, &fewer);
            if (job_estimate(session, &fewer, values[side], row->skipped))
                seconds[side] -= values[side][ablation.metric];
        }
    }
    if (row->skipped[0])
        return;
    for (int side = 0; side < 2; side++)
        write_job(session, row->id, side ? "-with" : "-without", &jobs[side]);
    double ratio = seconds[1] / seconds[0];
    row->metric = ablation.metric;
    /* A rate is the inverse of a time, for as much work on as many accelerators. */
    row->value = (struct figure){ablation.ratio, ablation.is_rate ? ablation.work / ratio : ratio, 0, 0};
    row->value.low = row->value.high = row->value.predicted;
}

static void show_refits(size_t done, size_t total)
{
    if (isatty(STDERR_FILENO))
        fprintf(stderr, "\rfitted anew for %zu of %zu rows%s", done, total, done < total ? "" : "\n");
}

/* Another prediction, with an interval as wide. */
static void replace(struct figure *figure, double predicted)
{
    double change = predicted / figure->predicted;
    figure->predicted *= change;
    figure->low *= change;
    figure->high *= change;
}

/* Has another source rows of the accelerators and the software of this one? */
static bool is_familiar(const struct training_rows *fit, size_t row)
{
    const struct fit_row *own = &fit->rows[row];
    for (size_t i = 0; i < fit->count; i++)
        if (strcmp(fit->rows[i].source, own->source) && !strcmp(fit->rows[i].group, own->group) && !strcmp(fit->rows[i].stack, own->stack))
            return true;
    return false;
}

/* Replaces the predictions by those of fits that did not see the row's source, its model, or its
 * configuration. */
static bool refit(const struct session *session, const struct csv *csv, struct judged *rows)
{
    const char *what = session->options->leave_out;
    struct training_rows fit;
    bool good = training_rows_read(session, csv, NULL, NULL, &fit);
    for (size_t i = 0; good && i < fit.count; i++) {
        if (!strcmp(what, "source") && !is_familiar(&fit, i))
            rows[fit.which[i]].labels[LABEL_KIND] = "chip and software of no other source";
        if (!strcmp(what, "model"))
            fit.rows[i].source = csv_text(csv, fit.which[i], csv_column(csv, "model"));
    }
    good = good && fit_leave_out(session, fit.rows, fit.count, strcmp(what, "configuration") != 0, show_refits);
    for (size_t i = 0; good && i < fit.count; i++)
        replace(&rows[fit.which[i]].value, fit.rows[i].predicted);
    training_rows_free(&fit);
    return good;
}

/* A shape goes by many names: the first model of the catalog that has it. */
static const char *shape_of(const struct words *words, const char *model)
{
    static const char *const numbers[] = {"layers", "hidden", "heads", "kv_heads", "ffn", "vocab", "experts.count"};
    const char *id;
    for (size_t i = 0; !speedup_catalog_at(words->catalog, "models", i, &id, NULL); i++) {
        bool same = true;
        for (size_t k = 0; k < sizeof numbers / sizeof *numbers; k++)
            same &= number_in_catalog(words, "models", id, numbers[k]) == number_in_catalog(words, "models", model, numbers[k]);
        if (same)
            return id;
    }
    return model;
}

/* What serving rows are left out by: the model's shape, the accelerator, or a tenth of
 * the configurations (rows that differ in their load alone). */
static bool refit_serving(const struct session *session, const struct csv *csv, struct judged *rows)
{
    const char *what = session->options->leave_out;
    struct fit_row *fit = calloc(csv->rows + 1, sizeof *fit);
    struct inference_run *runs = calloc(csv->rows + 1, sizeof *runs);
    size_t *which = calloc(csv->rows + 1, sizeof *which), count = 0;
    bool good = fit && runs && which;
    for (size_t i = 0; good && i < csv->rows; i++) {
        struct inference_run *run = &runs[count];
        if (rows[i].skipped[0] || *rows[i].suspect || rows[i].value.measured <= 0)
            continue;
        serving_read(session->words, csv, i, run);
        const char *shape = shape_of(session->words, run->model);
        fit[count] = (struct fit_row){.job = &run->job, .group = run->generation, .stack = job_get(&run->job, "stack"),
                                      .source = strcmp(what, "gpu") ? shape : run->accelerator, .serving = true,
                                      .measured = rows[i].value.measured, .weight = 1,
                                      .first_measured = rows[i].first.measured,
                                      .configuration = job_hash(&run->job, "concurrency") >> 8};
        which[count++] = i;
    }
    if (good && !strcmp(what, "nothing"))
        good = fit_all(session, fit, count);
    else
        good = good && fit_leave_out(session, fit, count, strcmp(what, "configuration") != 0, show_refits);
    for (size_t i = 0; good && i < count && fit[i].predicted > 0; i++) {
        replace(&rows[which[i]].value, fit[i].predicted);
        replace(&rows[which[i]].first, fit[i].first_predicted);
    }
    free(fit);
    free(runs);
    free(which);
    return good;
}

/* The kinds of rows. */
static const struct kind {
    const char *name, *const *columns, *heading;
    bool ratios;
    void (*judge)(const struct session *session, const struct csv *csv, size_t at, struct judged *row);
} kinds[] = {
    {"training", training_columns, "step time, errors in %", false, judge_training},
    {"ablation", ablation_columns, "ratio with / without, errors in %", true, judge_ablation},
    {"serving", serving_columns, "time per output token, errors in %", false, judge_serving},
    {"inference", generation_columns, "time of a phase, errors in %", false, judge_generation},
    {"plans", training_columns, NULL, false, NULL},
};

static const struct kind *kind_named(const char *name)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (!strcmp(name, kinds[i].name))
            return &kinds[i];
    return NULL;
}

static bool can_leave_out(const struct kind *kind, const char *what)
{
    if (kind->judge == judge_serving)
        return !strcmp(what, "model") || !strcmp(what, "gpu") || !strcmp(what, "nothing") || !strcmp(what, "configuration");
    return kind->judge == judge_training && (!strcmp(what, "source") || !strcmp(what, "model") || !strcmp(what, "configuration"));
}

/* A line on a terminal once it takes long enough to wonder. */
static void show_progress(time_t begun, size_t done, size_t count, bool *shown)
{
    if (!isatty(STDERR_FILENO) || time(NULL) - begun <= 2)
        return;
    *shown = true;
    fprintf(stderr, "\r%zu of %zu rows", done, count);
}

/* ---- text ------------------------------------------------------------------------------ */

static void print_score(const char *name, const struct score *s, bool ratios)
{
    if (!s->n) {
        printf("%-44.44s %5d %s%zu skipped\n", name, 0, "                                          ", s->skipped);
        return;
    }
    printf("%-44.44s %5zu %7.1f %7.1f %7.1f %+7.1f ", name, s->n, 100 * s->mean, 100 * s->median, 100 * s->p90, 100 * s->bias);
    if (ratios)
        printf("%9.1f %8zu\n", 100 * (1 - (double)s->wrong_side / (double)s->n), s->skipped);
    else
        printf("%9.1f %8zu\n", 100 * s->coverage, s->skipped);
}

/* Names of a label, each once, in order of the first row. */
static size_t list_names(const struct judged *rows, size_t count, enum label label, const char **names)
{
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        size_t j = 0;
        while (j < found && strcmp(names[j], rows[i].labels[label]))
            j++;
        if (j == found && (label == LABEL_SOURCE || *rows[i].labels[label]))
            names[found++] = rows[i].labels[label];
    }
    return found;
}

/* A line for each name of the labels that are not the source. */
static void print_groups(const struct judged *rows, size_t count, enum part part, bool ratios)
{
    const char **names = calloc(count + 1, sizeof *names);
    for (int label = LABEL_KIND; names && label < LABELS; label++) {
        size_t found = list_names(rows, count, (enum label)label, names);
        for (size_t i = 0; i < found; i++) {
            struct score s = score_with(rows, count, (enum label)label, names[i], false, part);
            if (s.n)
                print_score(names[i], &s, ratios);
        }
    }
    free(names);
}

static void print_row(const struct judged *row, enum part part)
{
    const struct figure *f = part_of(row, part);
    double unit = part == PART_MEMORY ? 1e9 : 1;
    printf("  %-12s %10.4g %10.4g %+7.1f%%  %s\n", row->id, f->measured / unit, f->predicted / unit, 100 * error_of(f),
           row->labels[LABEL_SOURCE]);
}

static void print_worst(const struct judged *rows, size_t count, enum part part)
{
    bool *printed = calloc(count + 1, sizeof *printed);
    for (int place = 0; printed && place < WORST; place++) {
        size_t worst = count;
        for (size_t i = 0; i < count; i++)
            if (!printed[i] && !rows[i].skipped[0] && !*rows[i].suspect && part_of(&rows[i], part)->measured > 0 &&
                (worst == count || fabs(error_of(part_of(&rows[i], part))) > fabs(error_of(part_of(&rows[worst], part)))))
                worst = i;
        if (worst == count)
            break;
        printed[worst] = true;
        print_row(&rows[worst], part);
    }
    free(printed);
}

static struct reasons list_reasons(const struct judged *rows, size_t count)
{
    struct reasons reasons = {.count = 0};
    for (size_t i = 0; i < count; i++)
        if (rows[i].skipped[0] && !reasons_add(&reasons, rows[i].skipped))
            break;
    return reasons;
}

/* Rows of which something was taken, because it is not published. */
static struct score score_open(const struct judged *rows, size_t count, size_t *unjudged)
{
    struct judged *open = calloc(count + 1, sizeof *open);
    size_t n = 0;
    *unjudged = 0;
    for (size_t i = 0; open && i < count; i++) {
        *unjudged += rows[i].unjudged && !*rows[i].suspect;
        if (rows[i].open)
            open[n++] = rows[i];
    }
    struct score score = score_of(open, n, NULL, false, PART_VALUE);
    free(open);
    return score;
}

static const char left_out_note[] = "every row was predicted by a fit that did not see its";

static void print_text(const struct session *session, const struct judged *rows, size_t count, const char **sources,
                       size_t source_count, const struct kind *kind)
{
    static const char head[] = "%-44s %5s %7s %7s %7s %7s %9s %8s\n";
    bool ratios = kind->ratios;
    printf(head, kind->heading, "n", "mean", "median", "p90", "bias", ratios ? "right side" : "within 90%", "skipped");
    struct score all = score_of(rows, count, NULL, false, PART_VALUE), suspect = score_of(rows, count, NULL, true, PART_VALUE);
    for (size_t i = 0; i < source_count; i++) {
        struct score s = score_of(rows, count, sources[i], false, PART_VALUE);
        if (s.n + s.skipped)
            print_score(sources[i], &s, ratios);
    }
    print_groups(rows, count, PART_VALUE, ratios);
    print_score("overall", &all, ratios);
    if (suspect.n + suspect.skipped)
        print_score("suspect rows, apart", &suspect, ratios);
    size_t unjudged;
    struct score open = score_open(rows, count, &unjudged), memory = score_of(rows, count, NULL, false, PART_MEMORY);
    if (open.n)
        print_score("of all, recomputation not published", &open, ratios);
    if (memory.n)
        print_score("peak memory", &memory, ratios);
    if (unjudged)
        printf("peak memory is published and not judged, as recomputation is not: %zu\n", unjudged);
    struct score first = score_of(rows, count, NULL, false, PART_FIRST), odd = score_of(rows, count, NULL, true, PART_FIRST);
    if (first.n) {
        printf("\n");
        printf(head, "time to first token, errors in %", "n", "mean", "median", "p90", "bias", "within 90%", "skipped");
        print_groups(rows, count, PART_FIRST, false);
        print_score("overall", &first, false);
        if (odd.n)
            print_score("suspect rows, apart", &odd, false);
    }
    if (!ratios) {
        size_t impossible = 0;
        for (size_t i = 0; i < count; i++)
            impossible += rows[i].impossible && !*rows[i].suspect;
        printf("\nruns that took place and are said not to fit: %zu\n", impossible);
        for (size_t i = 0; i < count; i++)
            if (rows[i].impossible && !*rows[i].suspect)
                printf("  %-12s needs %.0f GB by the estimate  %s\n", rows[i].id, rows[i].memory.predicted / 1e9, rows[i].labels[LABEL_SOURCE]);
    }
    printf("\nworst rows: measured, predicted, error\n");
    print_worst(rows, count, PART_VALUE);
    if (first.n) {
        printf("\nworst rows of the time to first token\n");
        print_worst(rows, count, PART_FIRST);
    }
    if (memory.n) {
        printf("\nworst rows of peak memory, GB\n");
        print_worst(rows, count, PART_MEMORY);
    }
    struct reasons reasons = list_reasons(rows, count);
    reasons_print(&reasons);
    reasons_free(&reasons);
    if (session->options->leave_out)
        printf("\nleft out: %s %s; %s as shipped\n", left_out_note, session->options->leave_out,
               kind->judge == judge_serving ? "the time to first token is" : "peak memory is");
}

/* ---- JSON ------------------------------------------------------------------------------- */

/* Errors, bias and coverage as fractions, as everywhere in JSON. */
static void print_json_score(const struct score *s, bool ratios)
{
    printf("{\"n\": %zu, \"mape\": %.6g, \"median\": %.6g, \"p90\": %.6g, \"bias\": %.6g, \"coverage90\": ", s->n, s->mean,
           s->median, s->p90, s->bias);
    if (ratios)
        printf("null, \"right_side\": %.6g", s->n ? 1 - (double)s->wrong_side / (double)s->n : 0);
    else
        printf("%.6g", s->coverage);
    printf(", \"skipped\": %zu", s->skipped);
}

/* A member with a score for each name of a label, after a comma; nothing without names. */
static void print_json_groups(const struct judged *rows, size_t count, enum label label, const char *key, enum part part,
                              bool ratios)
{
    const char **names = calloc(count + 1, sizeof *names);
    size_t found = names ? list_names(rows, count, label, names) : 0;
    for (size_t i = 0; i < found; i++) {
        struct score s = score_with(rows, count, label, names[i], false, part);
        printf(i ? ",\n  " : ", \"%s\": {\n  ", key);
        print_string(names[i]);
        printf(": ");
        print_json_score(&s, ratios);
        printf("}");
    }
    if (found)
        printf("}");
    free(names);
}

static const char *const label_keys[LABELS] = {"source", "kind", "engine", "phase"};

static void print_json_row(const struct judged *row)
{
    const struct figure *f = &row->value, *m = &row->memory, *t = &row->first;
    printf("{\"id\": ");
    print_string(row->id);
    printf(", \"measured\": %.17g, \"predicted\": %.17g, \"low\": %.17g, \"high\": %.17g, \"error\": %.6g, \"source\": ",
           f->measured, f->predicted, f->low, f->high, error_of(f));
    print_string(row->labels[LABEL_SOURCE]);
    for (int label = LABEL_KIND; label < LABELS; label++)
        if (*row->labels[label]) {
            printf(", \"%s\": ", label_keys[label]);
            print_string(row->labels[label]);
        }
    speedup_word metric = {.struct_size = sizeof metric};
    if (!speedup_metric_at((size_t)row->metric, &metric))
        printf(", \"metric\": \"%s\"", metric.name);
    printf(", \"suspect\": %s", *row->suspect ? "true" : "false");
    if (row->open)
        printf(", \"recomputation\": \"not published\"");
    if (t->measured > 0)
        printf(", \"first_measured\": %.17g, \"first_predicted\": %.17g, \"first_low\": %.17g, \"first_high\": %.17g, "
               "\"first_error\": %.6g",
               t->measured, t->predicted, t->low, t->high, error_of(t));
    if (m->predicted > 0)
        printf(", \"memory_predicted\": %.17g, \"fits\": %s", m->predicted, row->impossible ? "false" : "true");
    if (m->measured > 0)
        printf(", \"memory_measured\": %.17g, \"memory_error\": %.6g", m->measured, error_of(m));
    printf("}");
}

static void print_json(const struct session *session, const struct judged *rows, size_t count, const char **sources,
                       size_t source_count, const struct kind *kind)
{
    bool ratios = kind->ratios;
    struct score all = score_of(rows, count, NULL, false, PART_VALUE), suspect = score_of(rows, count, NULL, true, PART_VALUE);
    struct score memory = score_of(rows, count, NULL, false, PART_MEMORY);
    struct reasons reasons = list_reasons(rows, count);
    all.skipped += suspect.skipped;
    printf("{\"overall\": ");
    print_json_score(&all, ratios);
    printf(", \"skipped_by_reason\": ");
    reasons_print_json(&reasons);
    reasons_free(&reasons);
    printf(", \"suspect\": ");
    print_json_score(&suspect, ratios);
    const char *left_out = session->options->leave_out;
    printf("}, \"coefficients\": \"%s\", \"left_out\": %s%s%s},\n \"by_source\": {", left_out ? "fitted without the row" : "as shipped",
           left_out ? "\"" : "", left_out ? left_out : "null", left_out ? "\"" : "");
    for (size_t i = 0; i < source_count; i++) {
        struct score s = score_of(rows, count, sources[i], false, PART_VALUE);
        printf("%s\n  ", i ? "," : "");
        print_string(sources[i]);
        printf(": ");
        print_json_score(&s, ratios);
        printf("}");
    }
    memory.skipped = 0;
    printf("}");
    static const char *const groups[LABELS] = {NULL, "by_kind", "by_engine", "by_phase"};
    for (int label = LABEL_KIND; label < LABELS; label++)
        print_json_groups(rows, count, (enum label)label, groups[label], PART_VALUE, ratios);
    struct score first = score_of(rows, count, NULL, false, PART_FIRST), odd = score_of(rows, count, NULL, true, PART_FIRST);
    if (first.n || odd.n) {
        printf(",\n \"first_token\": ");
        print_json_score(&first, false);
        for (int label = LABEL_KIND; label < LABELS; label++)
            print_json_groups(rows, count, (enum label)label, groups[label], PART_FIRST, false);
        printf(", \"suspect\": ");
        print_json_score(&odd, false);
        printf("}}");
    }
    printf(",\n \"memory\": ");
    print_json_score(&memory, false);
    size_t impossible = 0, printed = 0;
    for (size_t i = 0; i < count; i++)
        impossible += rows[i].impossible && !*rows[i].suspect;
    size_t unjudged;
    struct score open = score_open(rows, count, &unjudged);
    printf(", \"called_impossible\": %zu, \"not_judged\": %zu},\n \"recomputation_not_published\": ", impossible, unjudged);
    print_json_score(&open, ratios);
    printf("},\n \"rows\": [");
    for (size_t i = 0; i < count; i++)
        if (!rows[i].skipped[0]) {
            printf("%s\n  ", printed++ ? "," : "");
            print_json_row(&rows[i]);
        }
    printf("]}\n");
}

/* ---- the command -------------------------------------------------------------------------- */

static int usage(const char *text)
{
    fprintf(stderr, "speedup-validate: %s\n", text);
    return EXIT_USAGE;
}

int run_validate(const struct session *session)
{
    const struct options *o = session->options;
    const struct kind *kind = kind_named(o->kind ? o->kind : "training");
    if (!kind)
        return usage("--kind is 'training', 'serving', 'inference', 'ablation' or 'plans'");
    if (o->leave_out && !can_leave_out(kind, o->leave_out))
        return usage("--leave-out takes 'source', 'model' or 'configuration' of training rows, 'model', 'gpu' or 'configuration' of serving rows");
    struct csv csv;
    if (!csv_read(o->arguments[0], stderr, &csv))
        return EXIT_ERROR;
    if (!csv_require(&csv, kind->columns, stderr)) {
        csv_free(&csv);
        return EXIT_ERROR;
    }
    if (!kind->judge) {
        bool planned = validate_plans(session, &csv);
        csv_free(&csv);
        return planned && !fflush(stdout) && !ferror(stdout) ? EXIT_FINE : EXIT_ERROR;
    }
    struct judged *rows = calloc(csv.rows, sizeof *rows);
    const char **sources = calloc(csv.rows, sizeof *sources);
    bool good = rows && sources, shown = false;
    time_t begun = time(NULL);
    int id = csv_column(&csv, "id"), source = csv_column(&csv, "source"), suspect = csv_column(&csv, "suspect");
    for (size_t i = 0; rows && sources && i < csv.rows; i++) {
        rows[i].id = csv_text(&csv, i, id);
        rows[i].labels[LABEL_SOURCE] = csv_text(&csv, i, source);
        rows[i].suspect = csv_text(&csv, i, suspect);
        for (int label = LABEL_KIND; label < LABELS; label++)
            rows[i].labels[label] = "";
        kind->judge(session, &csv, i, &rows[i]);
        show_progress(begun, i + 1, csv.rows, &shown);
    }
    if (shown)
        fputc('\n', stderr);
    if (good && o->leave_out)
        good = (kind->judge == judge_serving ? refit_serving : refit)(session, &csv, rows);
    if (good) {
        size_t source_count = list_names(rows, csv.rows, LABEL_SOURCE, sources);
        (o->json ? print_json : print_text)(session, rows, csv.rows, sources, source_count, kind);
    }
    free(rows);
    free(sources);
    csv_free(&csv);
    return good && !fflush(stdout) && !ferror(stdout) ? EXIT_FINE : EXIT_ERROR;
}
