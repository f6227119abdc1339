/* Published training rows as jobs, and as rows to fit to. */
#include "training_rows.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void training_rows_free(struct training_rows *rows)
{
    free(rows->rows);
    free(rows->which);
    free(rows->jobs);
    free(rows->groups);
    *rows = (struct training_rows){0};
}

static bool does_not_fit(const struct session *session, const struct job *mapped)
{
    double values[SPEEDUP_METRIC_COUNT];
    char why[REASON_TEXT];
    return !mapped->skipped[0] && job_estimate(session, mapped, values, why) && values[SPEEDUP_METRIC_FITS] <= 0;
}

void map_job(const struct session *session, struct published_job *job, struct job *mapped)
{
    const struct words *words = session->words;
    struct published_job again = *job;
    struct job other;
    map_training(words, job, mapped);
    if (!recompute_unknown(words, job))
        return;
    again.recompute = "attention";
    map_training(words, &again, &other);
    if (job_equal(&other, mapped)) /* attention is fused */
        return;
    double largest = job->micro_batch > 0 || job->pp > 1 ? 0 : floor(8192 / job->seq / 2);
    for (; largest >= 1 && does_not_fit(session, mapped); largest = floor(largest / 2)) {
        again.micro_batch = job->micro_batch = largest;
        map_training(words, job, mapped);
    }
    if (does_not_fit(session, mapped)) {
        *job = again;
        map_training(words, job, mapped);
    }
}

void map_least_memory(const struct session *session, const struct published_job *job, struct job *mapped)
{
    struct published_job least = *job;
    if (recompute_unknown(session->words, job))
        least.recompute = "full";
    if (sharding_unknown(session->words, job))
        least.zero_stage = "fsdp";
    map_training(session->words, &least, mapped);
}

/* Repeats of a configuration tell of it less than as many others would, but more than one:
 * n of them weigh as n^0.6 rows. By judgement. */
static const double repeats_exponent = -0.4;

static void weigh(struct training_rows *rows)
{
    for (size_t i = 0; i < rows->count; i++) {
        double repeats = 0;
        for (size_t j = 0; j < rows->count; j++)
            repeats += rows->rows[j].configuration == rows->rows[i].configuration;
        rows->rows[i].weight = pow(repeats, repeats_exponent);
    }
}

/* One row to fit to; false with the reason why it is none. */
static bool read_row(const struct session *session, const struct csv *csv, size_t at, const char *group, struct job *mapped,
                     char own_group[40], struct fit_row *row, char why[REASON_TEXT])
{
    struct published_job job;
    struct published_result result;
    double shipped[SPEEDUP_METRIC_COUNT];
    why[0] = 0;
    if (!published_read(csv, at, &job, why))
        return false;
    const char *id = accelerator_id(session->words, job.gpu);
    if (!id || *csv_text(csv, at, csv_column(csv, "suspect")))
        return false;
    fit_group(id, own_group, 40);
    if (group && strcmp(own_group, group))
        return false;
    map_job(session, &job, mapped);
    if (!result_read(session->words, csv, at, &job, &result, why) || result.step_seconds <= 0)
        return false;
    snprintf(why, REASON_TEXT, "%s", mapped->skipped);
    if (mapped->skipped[0] || !job_estimate(session, mapped, shipped, why))
        return false;
    *row = (struct fit_row){.job = mapped, .group = own_group, .stack = job_get(mapped, "stack"),
                            .source = csv_text(csv, at, csv_column(csv, "source")), .measured = result.step_seconds,
                            .configuration = job_hash(mapped, NULL) >> 8, .predicted = shipped[SPEEDUP_METRIC_STEP_SECONDS]};
    return true;
}

bool training_rows_read(const struct session *session, const struct csv *csv, const char *group, FILE *errors,
                        struct training_rows *out)
{
    *out = (struct training_rows){.rows = calloc(csv->rows + 1, sizeof *out->rows),
                                  .which = calloc(csv->rows + 1, sizeof *out->which),
                                  .jobs = calloc(csv->rows + 1, sizeof *out->jobs),
                                  .groups = calloc(csv->rows + 1, sizeof *out->groups)};
    bool good = out->rows && out->which && out->jobs && out->groups;
    for (size_t i = 0; good && i < csv->rows; i++) {
        char why[REASON_TEXT];
        size_t n = out->count;
        if (read_row(session, csv, i, group, &out->jobs[n], out->groups[n], &out->rows[n], why))
            out->which[out->count++] = i;
        else if (errors && *why)
            fprintf(errors, "%s:%zu: row passed over: %s\n", csv->path, csv->lines[i], why);
    }
    if (good)
        weigh(out);
    return good;
}
