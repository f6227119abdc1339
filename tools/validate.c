/* Estimates every row of a file of published measurements, and says how far off they
 * are: by source and overall, time and memory, with what had to be skipped and why. */
#include "validate.h"

#include "command.h"
#include "csv.h"
#include "validate_ablations.h"
#include "validate_rows.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { WORST = 10, REASONS = 64 };
static const double confidence = 0.9;

/* One figure beside its estimate. */
struct figure {
    double measured, predicted, low, high; /* measured 0: not published */
};

struct judged {
    const char *id, *source, *suspect;
    struct figure value; /* seconds of a step, or the ratio of an ablation */
    struct figure memory;
    bool impossible;     /* a run that took place is said not to fit */
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

enum part { PART_VALUE, PART_MEMORY };

static const struct figure *part_of(const struct judged *row, enum part part)
{
    return part == PART_MEMORY ? &row->memory : &row->value;
}

/* The score of the rows of a source (NULL: of all), suspect ones or the others. */
static struct score score_of(const struct judged *rows, size_t count, const char *source, bool suspect, enum part part)
{
    struct score s = {0};
    double *errors = malloc((count + 1) * sizeof *errors), inside = 0, sum = 0;
    for (size_t i = 0; errors && i < count; i++) {
        const struct figure *f = part_of(&rows[i], part);
        if ((source && strcmp(source, rows[i].source)) || (*rows[i].suspect != 0) != suspect)
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

/* ---- estimating ------------------------------------------------------------------------ */

static void take(struct figure *figure, const double *values, int32_t metric)
{
    figure->predicted = values[metric];
    speedup_metric_interval(values, SPEEDUP_METRIC_COUNT, metric, confidence, &figure->low, &figure->high);
}

/* Reads and estimates a scenario; the library's own words say why it cannot. */
static bool estimate(const struct session *session, const struct mapped_job *mapped, double *values, char *why)
{
    const struct options *o = session->options;
    speedup_scenario *scenario = NULL;
    speedup_status status = speedup_scenario_create(session->context, session->catalog, "row", mapped->text,
                                                    mapped->length, o->settings, o->setting_count, &scenario);
    if (!status)
        status = speedup_scenario_estimate(scenario, values, SPEEDUP_METRIC_COUNT);
    if (status) {
        const char *text = speedup_diagnostic_message(session->context, 0);
        snprintf(why, REASON_TEXT, "%s", text ? text : speedup_status_text(status));
    }
    speedup_scenario_unref(scenario);
    return !status;
}

/* Where recomputation is unknown, a run fits if it fits with recomputation. */
static bool is_impossible(const struct session *session, const struct published_job *job, const double *values)
{
    if (values[SPEEDUP_METRIC_FITS] > 0)
        return false;
    struct published_job full = *job;
    struct mapped_job mapped;
    double again[SPEEDUP_METRIC_COUNT];
    char why[REASON_TEXT];
    full.recompute = "full";
    map_training(session->catalog, &full, &mapped);
    return !recompute_unknown(job) || !estimate(session, &mapped, again, why) || again[SPEEDUP_METRIC_FITS] <= 0;
}

static bool judge_training(const struct session *session, const struct csv *csv, size_t at, struct judged *row)
{
    struct published_job job;
    struct published_result result;
    struct mapped_job mapped;
    double values[SPEEDUP_METRIC_COUNT];
    if (!published_read(csv, at, stderr, &job) || !result_read(csv, at, &job, stderr, &result))
        return false;
    map_training(session->catalog, &job, &mapped);
    if (!mapped.skipped[0] && result.step_seconds <= 0)
        snprintf(mapped.skipped, sizeof mapped.skipped, "no step time, rate or TFLOP/s");
    memcpy(row->skipped, mapped.skipped, sizeof row->skipped);
    if (row->skipped[0] || !estimate(session, &mapped, values, row->skipped))
        return true;
    row->value.measured = result.step_seconds;
    row->memory.measured = result.memory_bytes;
    take(&row->value, values, SPEEDUP_METRIC_STEP_SECONDS);
    take(&row->memory, values, SPEEDUP_METRIC_MEMORY_PEAK);
    row->impossible = is_impossible(session, &job, values);
    return true;
}

static bool judge_ablation(const struct session *session, const struct csv *csv, size_t at, struct judged *row)
{
    struct ablation ablation;
    if (!ablation_read(session->catalog, csv, at, stderr, &ablation))
        return false;
    memcpy(row->skipped, ablation.skipped, sizeof row->skipped);
    double values[2][SPEEDUP_METRIC_COUNT], seconds[2] = {0, 0};
    for (int side = 0; side < 2 && !row->skipped[0]; side++) {
        struct mapped_job mapped;
        map_training(session->catalog, &ablation.job[side], &mapped);
        memcpy(row->skipped, mapped.skipped, sizeof row->skipped);
        if (!row->skipped[0] && estimate(session, &mapped, values[side], row->skipped))
            seconds[side] = values[side][ablation.metric];
        if (!row->skipped[0] && ablation.job[side].layers > 0 && ablation.per_layer) {
            /* A layer alone: the difference that half the layers make. */
            struct published_job half = ablation.job[side];
            half.layers = half.layers / 2;
            map_training(session->catalog, &half, &mapped);
            if (estimate(session, &mapped, values[side], row->skipped))
                seconds[side] -= values[side][ablation.metric];
        }
    }
    if (row->skipped[0])
        return true;
    double ratio = seconds[1] / seconds[0];
    /* A rate is the inverse of a time, for as much work on as many accelerators. */
    row->value = (struct figure){ablation.ratio, ablation.is_rate ? ablation.work / ratio : ratio, 0, 0};
    row->value.low = row->value.high = row->value.predicted;
    return true;
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

/* Sources, each once, in order of the first row. */
static size_t list_sources(const struct judged *rows, size_t count, const char **sources)
{
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        size_t j = 0;
        while (j < found && strcmp(sources[j], rows[i].source))
            j++;
        if (j == found)
            sources[found++] = rows[i].source;
    }
    return found;
}

static void print_row(const struct judged *row, enum part part)
{
    const struct figure *f = part_of(row, part);
    double unit = part == PART_MEMORY ? 1e9 : 1;
    printf("  %-12s %10.4g %10.4g %+7.1f%%  %s\n", row->id, f->measured / unit, f->predicted / unit, 100 * error_of(f),
           row->source);
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

/* Rows skipped by reason, each reason once. */
struct reasons {
    const char *text[REASONS];
    size_t count[REASONS], found;
};

static struct reasons list_reasons(const struct judged *rows, size_t count)
{
    struct reasons r = {.found = 0};
    for (size_t i = 0; i < count; i++) {
        size_t j = 0;
        while (rows[i].skipped[0] && j < r.found && strcmp(r.text[j], rows[i].skipped))
            j++;
        if (!rows[i].skipped[0] || j == REASONS)
            continue;
        r.text[j] = rows[i].skipped;
        r.found += j == r.found;
        r.count[j]++;
    }
    return r;
}

static const char left_out_note[] = "The coefficients stay as shipped: they were fitted on rows of these sources, and nothing is fitted anew.";

static void print_text(const struct session *session, const struct judged *rows, size_t count, const char **sources,
                       size_t source_count, bool ratios)
{
    printf("%-44s %5s %7s %7s %7s %7s %9s %8s\n", ratios ? "ratio with / without, errors in %" : "step time, errors in %", "n",
           "mean", "median", "p90", "bias", ratios ? "right side" : "within 90%", "skipped");
    struct score all = score_of(rows, count, NULL, false, PART_VALUE), suspect = score_of(rows, count, NULL, true, PART_VALUE);
    for (size_t i = 0; i < source_count; i++) {
        struct score s = score_of(rows, count, sources[i], false, PART_VALUE);
        if (s.n + s.skipped)
            print_score(sources[i], &s, ratios);
    }
    print_score("overall", &all, ratios);
    if (suspect.n + suspect.skipped)
        print_score("suspect rows, apart", &suspect, ratios);
    struct score memory = score_of(rows, count, NULL, false, PART_MEMORY);
    if (memory.n)
        print_score("peak memory", &memory, ratios);
    if (!ratios) {
        size_t impossible = 0;
        for (size_t i = 0; i < count; i++)
            impossible += rows[i].impossible && !*rows[i].suspect;
        printf("\nruns that took place and are said not to fit: %zu\n", impossible);
        for (size_t i = 0; i < count; i++)
            if (rows[i].impossible && !*rows[i].suspect)
                printf("  %-12s needs %.0f GB by the estimate  %s\n", rows[i].id, rows[i].memory.predicted / 1e9, rows[i].source);
    }
    printf("\nworst rows: measured, predicted, error\n");
    print_worst(rows, count, PART_VALUE);
    if (memory.n) {
        printf("\nworst rows of peak memory, GB\n");
        print_worst(rows, count, PART_MEMORY);
    }
    struct reasons reasons = list_reasons(rows, count);
    if (reasons.found)
        printf("\nskipped\n");
    for (size_t i = 0; i < reasons.found; i++)
        printf("  %4zu  %s\n", reasons.count[i], reasons.text[i]);
    if (session->options->leave_out)
        printf("\n--leave-out source: %s\n", left_out_note);
}

/* ---- JSON ------------------------------------------------------------------------------- */

static void print_string(const char *text)
{
    putchar('"');
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\')
            printf("\\%c", c);
        else if (c < 32)
            printf("\\u%04x", c);
        else
            putchar(c);
    }
    putchar('"');
}

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

static void print_json_row(const struct judged *row)
{
    const struct figure *f = &row->value, *m = &row->memory;
    printf("{\"id\": ");
    print_string(row->id);
    printf(", \"measured\": %.10g, \"predicted\": %.10g, \"low\": %.10g, \"high\": %.10g, \"error\": %.6g, \"source\": ",
           f->measured, f->predicted, f->low, f->high, error_of(f));
    print_string(row->source);
    printf(", \"suspect\": %s", *row->suspect ? "true" : "false");
    if (m->predicted > 0)
        printf(", \"memory_predicted\": %.10g, \"fits\": %s", m->predicted, row->impossible ? "false" : "true");
    if (m->measured > 0)
        printf(", \"memory_measured\": %.10g, \"memory_error\": %.6g", m->measured, error_of(m));
    printf("}");
}

static void print_json(const struct session *session, const struct judged *rows, size_t count, const char **sources,
                       size_t source_count, bool ratios)
{
    struct score all = score_of(rows, count, NULL, false, PART_VALUE), suspect = score_of(rows, count, NULL, true, PART_VALUE);
    struct score memory = score_of(rows, count, NULL, false, PART_MEMORY);
    struct reasons reasons = list_reasons(rows, count);
    all.skipped += suspect.skipped;
    printf("{\"overall\": ");
    print_json_score(&all, ratios);
    printf(", \"skipped_by_reason\": {");
    for (size_t i = 0; i < reasons.found; i++) {
        printf("%s", i ? ", " : "");
        print_string(reasons.text[i]);
        printf(": %zu", reasons.count[i]);
    }
    printf("}, \"suspect\": ");
    print_json_score(&suspect, ratios);
    printf("}, \"coefficients\": \"as shipped\", \"left_out\": %s},\n \"by_source\": {",
           session->options->leave_out ? "\"none: nothing is fitted anew\"" : "null");
    for (size_t i = 0; i < source_count; i++) {
        struct score s = score_of(rows, count, sources[i], false, PART_VALUE);
        printf("%s\n  ", i ? "," : "");
        print_string(sources[i]);
        printf(": ");
        print_json_score(&s, ratios);
        printf("}");
    }
    memory.skipped = 0;
    printf("},\n \"memory\": ");
    print_json_score(&memory, false);
    size_t impossible = 0, printed = 0;
    for (size_t i = 0; i < count; i++)
        impossible += rows[i].impossible && !*rows[i].suspect;
    printf(", \"called_impossible\": %zu},\n \"rows\": [", impossible);
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
    fprintf(stderr, "speedup: %s\n", text);
    return EXIT_USAGE;
}

int run_validate(const struct session *session)
{
    const struct options *o = session->options;
    bool ratios = o->kind && !strcmp(o->kind, "ablation");
    if (o->kind && !ratios && strcmp(o->kind, "training"))
        return usage("--kind is 'training' or 'ablation'");
    if (o->leave_out && strcmp(o->leave_out, "source"))
        return usage("--leave-out takes 'source'");
    struct csv csv;
    if (!csv_read(o->arguments[0], stderr, &csv))
        return EXIT_ERROR;
    if (!csv_require(&csv, ratios ? ablation_columns : training_columns, stderr)) {
        csv_free(&csv);
        return EXIT_ERROR;
    }
    struct judged *rows = calloc(csv.rows, sizeof *rows);
    const char **sources = calloc(csv.rows, sizeof *sources);
    bool good = rows && sources, shown = false;
    time_t begun = time(NULL);
    int id = csv_column(&csv, "id"), source = csv_column(&csv, "source"), suspect = csv_column(&csv, "suspect");
    /* All rows are read even after a bad one, so that all that is wrong is told at once. */
    for (size_t i = 0; rows && sources && i < csv.rows; i++) {
        rows[i].id = csv_text(&csv, i, id);
        rows[i].source = csv_text(&csv, i, source);
        rows[i].suspect = csv_text(&csv, i, suspect);
        good &= ratios ? judge_ablation(session, &csv, i, &rows[i]) : judge_training(session, &csv, i, &rows[i]);
        show_progress(begun, i + 1, csv.rows, &shown);
    }
    if (shown)
        fputc('\n', stderr);
    if (good) {
        size_t source_count = list_sources(rows, csv.rows, sources);
        (o->json ? print_json : print_text)(session, rows, csv.rows, sources, source_count, ratios);
    }
    free(rows);
    free(sources);
    csv_free(&csv);
    return good && !fflush(stdout) && !ferror(stdout) ? EXIT_FINE : EXIT_ERROR;
}
