/* Published training rows as rows to fit to. */
#include "fit_training.h"

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

/* The estimate as shipped; 0 when there is none. */
static double predict_shipped(const struct session *session, const struct mapped_job *job)
{
    speedup_scenario *scenario;
    double values[SPEEDUP_METRIC_COUNT] = {0};
    if (speedup_scenario_create(session->context, session->catalog, "row", job->text, job->length, session->options->settings,
                                session->options->setting_count, &scenario))
        return 0;
    speedup_status status = speedup_scenario_estimate(scenario, values, SPEEDUP_METRIC_COUNT);
    speedup_scenario_unref(scenario);
    return status ? 0 : values[SPEEDUP_METRIC_STEP_SECONDS];
}

static void weigh(struct training_rows *rows)
{
    for (size_t i = 0; i < rows->count; i++) {
        double repeats = 0;
        for (size_t j = 0; j < rows->count; j++)
            repeats += rows->rows[j].configuration == rows->rows[i].configuration;
        rows->rows[i].weight = pow(repeats, -0.4);
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
        if (!published_read(csv, i, stderr, &job) || !result_read(csv, i, &job, stderr, &result))
            return false;
        const char *id = accelerator_id(session->catalog, job.gpu);
        struct mapped_job *mapped = &out->jobs[out->count];
        char(*names)[40] = out->names[out->count];
        if (!id || *csv_text(csv, i, suspect) || result.step_seconds <= 0)
            continue;
        map_training(session->catalog, &job, mapped);
        fit_group(id, names[0], sizeof names[0]);
        if (mapped->skipped[0] || (group && strcmp(names[0], group)))
            continue;
        double shipped = predict_shipped(session, mapped);
        if (shipped <= 0)
            continue;
        fit_stack(mapped->text, names[1], sizeof names[1]);
        uint32_t hash = 2166136261u;
        for (size_t c = 0; c < mapped->length; c++)
            hash = (hash ^ (unsigned char)mapped->text[c]) * 16777619u;
        out->rows[out->count] = (struct fit_row){.text = mapped->text, .length = mapped->length, .group = names[0], .stack = names[1],
                                                 .source = csv_text(csv, i, source), .measured = result.step_seconds,
                                                 .configuration = hash >> 8, .predicted = shipped};
        out->which[out->count++] = i;
    }
    if (good)
        weigh(out);
    return good;
}
