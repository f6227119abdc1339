/* The `calibrate` command: fits an accelerator's own coefficients to published step
 * times, or to measured kernels, judges them on rows held back, and writes them as an
 * entry of a catalog. */
#include "fit.h"

#include "csv.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HELD_BACK = 4 }; /* one configuration in so many */

struct rows {
    struct fit_row *rows;
    struct mapped_job *jobs;
    char (*groups)[40];
    size_t count;
};

static void free_rows(struct rows *rows)
{
    free(rows->rows);
    free(rows->jobs);
    free(rows->groups);
}

/* The rows of a group of accelerators that can be estimated and are not suspect. */
static bool read_rows(const struct session *session, const struct csv *csv, const char *group, struct rows *out)
{
    *out = (struct rows){calloc(csv->rows + 1, sizeof *out->rows), calloc(csv->rows + 1, sizeof *out->jobs),
                         calloc(csv->rows + 1, sizeof *out->groups), 0};
    bool good = out->rows && out->jobs && out->groups;
    int suspect = csv_column(csv, "suspect"), source = csv_column(csv, "source");
    for (size_t i = 0; good && i < csv->rows; i++) {
        struct published_job job;
        struct published_result result;
        if (!published_read(csv, i, stderr, &job) || !result_read(csv, i, &job, stderr, &result)) {
            good = false;
            break;
        }
        const char *id = accelerator_id(session->catalog, job.gpu);
        struct mapped_job *mapped = &out->jobs[out->count];
        if (!id || *csv_text(csv, i, suspect) || result.step_seconds <= 0)
            continue;
        fit_group(id, out->groups[out->count], sizeof *out->groups);
        map_training(session->catalog, &job, mapped);
        if (strcmp(out->groups[out->count], group) || mapped->skipped[0])
            continue;
        uint32_t hash = 2166136261u;
        for (size_t c = 0; c < mapped->length; c++)
            hash = (hash ^ (unsigned char)mapped->text[c]) * 16777619u;
        out->rows[out->count] = (struct fit_row){.text = mapped->text, .length = mapped->length,
                                                 .group = out->groups[out->count], .stack = "",
                                                 .source = csv_text(csv, i, source), .measured = result.step_seconds,
                                                 .weight = 1, .configuration = hash >> 8};
        out->count++;
    }
    return good;
}

/* Mean and median of |predicted / measured - 1| over the rows held back, in percent. */
static void score(const struct rows *rows, const bool *used, double *mean, double *median, size_t *count)
{
    double *errors = calloc(rows->count + 1, sizeof *errors);
    *count = 0;
    *mean = *median = 0;
    for (size_t i = 0; errors && i < rows->count; i++) {
        if (used[i])
            continue;
        double error = fabs(rows->rows[i].predicted / rows->rows[i].measured - 1), swap;
        size_t at = (*count)++;
        *mean += error;
        for (errors[at] = error; at && errors[at - 1] > errors[at]; at--) {
            swap = errors[at];
            errors[at] = errors[at - 1];
            errors[at - 1] = swap;
        }
    }
    if (*count) {
        *mean *= 100 / (double)*count;
        *median = 100 * errors[*count / 2];
    }
    free(errors);
}

static bool predict_shipped(const struct session *session, struct rows *rows)
{
    for (size_t i = 0; i < rows->count; i++) {
        speedup_scenario *scenario;
        double values[SPEEDUP_METRIC_COUNT] = {0};
        if (speedup_scenario_create(session->context, session->catalog, "row", rows->rows[i].text, rows->rows[i].length,
                                    NULL, 0, &scenario))
            return false;
        speedup_scenario_estimate(scenario, values, SPEEDUP_METRIC_COUNT);
        speedup_scenario_unref(scenario);
        rows->rows[i].predicted = values[SPEEDUP_METRIC_STEP_SECONDS];
    }
    return true;
}

int run_calibrate(const struct session *session)
{
    const struct options *o = session->options;
    struct csv csv;
    char group[40];
    if (!o->accelerator) {
        fprintf(stderr, "speedup: name the accelerator with --accelerator ID\n");
        return EXIT_USAGE;
    }
    double memory;
    if (speedup_catalog_number(session->catalog, "accelerators", o->accelerator, "memory", &memory)) {
        fprintf(stderr, "speedup: there is no accelerator '%s'; 'speedup catalog list accelerators' lists them\n", o->accelerator);
        return EXIT_ERROR;
    }
    if (!csv_read(o->arguments[0], stderr, &csv))
        return EXIT_ERROR;
    if (calibrates_kernels(&csv)) {
        int code = calibrate_kernels(session, &csv);
        csv_free(&csv);
        return code;
    }
    fit_group(o->accelerator, group, sizeof group);
    struct rows rows = {0};
    struct fit fit = {0};
    bool *used = NULL, good = csv_require(&csv, training_columns, stderr) && read_rows(session, &csv, group, &rows);
    size_t held = 0;
    if (good && rows.count < 4) {
        fprintf(stderr, "speedup: %zu usable rows of '%s'; at least 4 are needed\n", rows.count, group);
        good = false;
    }
    if (good)
        good = (used = calloc(rows.count, sizeof *used)) != NULL;
    for (size_t i = 0; good && i < rows.count; i++) {
        used[i] = rows.rows[i].configuration % HELD_BACK != 0;
        held += !used[i];
    }
    double before[2] = {0}, after[2] = {0};
    if (good)
        good = predict_shipped(session, &rows);
    if (good)
        score(&rows, used, &before[0], &before[1], &held);
    if (good)
        good = fit_begin(&fit, rows.rows, rows.count, group) && fit_rows(session, &fit, rows.rows, rows.count, used);
    if (good) {
        score(&rows, used, &after[0], &after[1], &held);
        fprintf(stderr, "%zu rows fitted, %zu held back by configuration\n", rows.count - held, held);
        fprintf(stderr, "held back, mean / median error: %.1f / %.1f %% as shipped, %.1f / %.1f %% fitted\n", before[0], before[1],
                after[0], after[1]);
        /* What goes into one coefficient is written as one. */
        printf("accelerators:\n  %s:\n    base: %s\n    replaces: true\n    provenance: fitted\n    calibration:\n", o->accelerator,
               o->accelerator);
        for (size_t i = 0; i < fit.count; i++)
            printf("      %s: %.4g\n", fit.free[i].name, fit_coefficient_value(&fit, i, group));
        printf("    source: fitted by 'speedup calibrate' to %zu rows; mean error on %zu held back %.1f %%\n", rows.count - held, held,
               after[0]);
    } else if (!speedup_diagnostic_count(session->context)) {
        fprintf(stderr, "speedup: nothing was fitted\n");
    } else {
        tell_problems(session);
    }
    fit_end(&fit);
    free(used);
    free_rows(&rows);
    csv_free(&csv);
    return good ? EXIT_FINE : EXIT_ERROR;
}
