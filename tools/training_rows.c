/* Published training rows as scenarios, and as rows to fit to. */
#include "training_rows.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void training_rows_free(struct training_rows *rows)
{
    free(rows->rows);
    free(rows->which);
    free(rows->jobs);
    free(rows->names);
    *rows = (struct training_rows){0};
}

bool estimate_mapped(const struct session *session, const struct mapped_job *mapped, double *values, char why[REASON_TEXT])
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

static bool does_not_fit(const struct session *session, const struct mapped_job *mapped)
{
    double values[SPEEDUP_METRIC_COUNT];
    char why[REASON_TEXT];
    return !mapped->skipped[0] && estimate_mapped(session, mapped, values, why) && values[SPEEDUP_METRIC_FITS] <= 0;
}

void map_job(const struct session *session, struct published_job *job, struct mapped_job *mapped)
{
    struct published_job again = *job;
    struct mapped_job other;
    map_training(session->catalog, job, mapped);
    if (!recompute_unknown(job))
        return;
    again.recompute = "attention";
    map_training(session->catalog, &again, &other);
    if (!strcmp(other.text, mapped->text)) /* attention is fused */
        return;
    double largest = job->micro_batch > 0 || job->pp > 1 ? 0 : floor(8192 / job->seq / 2);
    for (; largest >= 1 && does_not_fit(session, mapped); largest = floor(largest / 2)) {
        again.micro_batch = job->micro_batch = largest;
        map_training(session->catalog, job, mapped);
    }
    if (does_not_fit(session, mapped)) {
        *job = again;
        map_training(session->catalog, job, mapped);
    }
}

void map_least_memory(const struct session *session, const struct published_job *job, struct mapped_job *mapped)
{
    struct published_job least = *job;
    if (recompute_unknown(job))
        least.recompute = "full";
    if (sharding_unknown(job))
        least.zero_stage = "fsdp";
    map_training(session->catalog, &least, mapped);
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

bool training_rows_read(const struct session *session, const struct csv *csv, const char *group, struct training_rows *out)
{
    *out = (struct training_rows){.rows = calloc(csv->rows + 1, sizeof *out->rows),
                                  .which = calloc(csv->rows + 1, sizeof *out->which),
                                  .jobs = calloc(csv->rows + 1, sizeof *out->jobs),
                                  .names = calloc(csv->rows + 1, sizeof *out->names)};
    int suspect = csv_column(csv, "suspect"), source = csv_column(csv, "source");
    bool good = out->rows && out->which && out->jobs && out->names;
    for (size_t i = 0; good && i < csv->rows; i++) {
        struct published_job job;
        struct published_result result;
        struct mapped_job *mapped = &out->jobs[out->count];
        double shipped[SPEEDUP_METRIC_COUNT];
        char why[REASON_TEXT];
        if (!published_read(csv, i, stderr, &job))
            return false;
        map_job(session, &job, mapped);
        if (!result_read(csv, i, &job, stderr, &result))
            return false;
        const char *id = accelerator_id(session->catalog, job.gpu);
        char(*names)[40] = out->names[out->count];
        if (!id || *csv_text(csv, i, suspect) || result.step_seconds <= 0)
            continue;
        fit_group(id, names[0], sizeof names[0]);
        if (mapped->skipped[0] || (group && strcmp(names[0], group)))
            continue;
        if (!estimate_mapped(session, mapped, shipped, why))
            continue;
        fit_stack(mapped->text, names[1], sizeof names[1]);
        uint32_t hash = 2166136261u;
        for (size_t c = 0; c < mapped->length; c++)
            hash = (hash ^ (unsigned char)mapped->text[c]) * 16777619u;
        out->rows[out->count] = (struct fit_row){.text = mapped->text, .length = mapped->length, .group = names[0], .stack = names[1],
                                                 .source = csv_text(csv, i, source), .measured = result.step_seconds,
                                                 .configuration = hash >> 8, .predicted = shipped[SPEEDUP_METRIC_STEP_SECONDS]};
        out->which[out->count++] = i;
    }
    if (good)
        weigh(out);
    return good;
}
