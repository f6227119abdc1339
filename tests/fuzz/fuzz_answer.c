/* Fuzzes what answers documents: a scenario, a plan or claims, through a catalog made once. Whatever
 * comes in, a status with its reasons comes out, or a report that is JSON and figures that are numbers. */
#include "harness.h"

#include <speedup/plan.h>
#include <speedup/speedup.h>

#include <math.h>
#include <string.h>

static speedup_context *setup;
static speedup_catalog *catalog;

/* Plans of one input that are looked at: enough to meet every kind, few enough to go on fuzzing. */
enum { PLANS = 512 };

/* Does a line of the document begin with the key? */
static bool has(const char *key, const char *text, size_t length)
{
    size_t width = strlen(key);
    for (size_t i = 0; i + width <= length; i++)
        if ((i == 0 || text[i - 1] == '\n') && !memcmp(text + i, key, width))
            return true;
    return false;
}

static void check_text(speedup_status status, speedup_text *text)
{
    require(!status == !!text, "a text or an error", speedup_status_name(status));
    if (text)
        require(json_valid(speedup_text_get(text)), "a report is JSON", speedup_text_get(text));
    speedup_text_destroy(text);
}

/* One by one and in a batch, an estimate has the same bits; none holds a nan or an infinity. */
static void check_figures(const speedup_scenario *scenario)
{
    double one[SPEEDUP_METRIC_COUNT], many[SPEEDUP_METRIC_COUNT];
    speedup_column columns[SPEEDUP_METRIC_COUNT];
    for (int32_t i = 0; i < SPEEDUP_METRIC_COUNT; i++)
        columns[i] = (speedup_column){.struct_size = sizeof *columns, .id = i, .values = &many[i]};
    speedup_status status = speedup_scenario_estimate(scenario, one, SPEEDUP_METRIC_COUNT);
    require(!speedup_scenario_estimate_batch(scenario, NULL, 0, columns, SPEEDUP_METRIC_COUNT, 1, 1), "a batch runs", NULL);
    require((double)status == one[SPEEDUP_METRIC_STATUS], "the status is a metric", NULL);
    for (int32_t i = 0; i < SPEEDUP_METRIC_COUNT; i++) {
        speedup_word word = {.struct_size = sizeof word};
        speedup_metric_at((size_t)i, &word);
        require(isfinite(one[i]), "a figure is finite", word.name);
        require(one[i] >= 0 || i == SPEEDUP_METRIC_MEMORY_HEADROOM, "a figure is not negative", word.name);
        require(!memcmp(&one[i], &many[i], sizeof *one), "single and batch agree", word.name);
    }
}

static void answer_scenario(speedup_context *context, const char *data, size_t size, bool failing)
{
    speedup_scenario *scenario = NULL;
    speedup_status status =
        speedup_scenario_create(context, catalog, "input.yaml", data, size, NULL, 0, &scenario);
    require(!status == !!scenario, "a scenario or an error", speedup_status_name(status));
    require(!status || failing || speedup_diagnostic_count(context), "a refusal has a diagnostic", NULL);
    if (!scenario)
        return;
    speedup_text *text = NULL;
    status = speedup_report_estimate(context, scenario, SPEEDUP_FORMAT_JSON, &text);
    check_text(status, text);
    text = NULL;
    status = speedup_report_composition(context, scenario, SPEEDUP_FORMAT_JSON, &text);
    check_text(status, text);
    check_figures(scenario);
    speedup_scenario_unref(scenario);
}

static void answer_plan(speedup_context *context, const char *data, size_t size, bool failing)
{
    speedup_space *space = NULL;
    speedup_status status = speedup_space_create(context, catalog, "input.yaml", data, size, NULL, 0, &space);
    require(!status == !!space, "a space or an error", speedup_status_name(status));
    require(!status || failing || speedup_diagnostic_count(context), "a refusal has a diagnostic", NULL);
    if (!space)
        return;
    speedup_result *result = NULL;
    status = speedup_space_search(context, space, 0, PLANS, 1, NULL, NULL, &result);
    require(!status == !!result, "a result or an error", speedup_status_name(status));
    if (result) {
        speedup_text *text = NULL;
        status = speedup_report_plan(context, result, SPEEDUP_FORMAT_JSON, &text);
        check_text(status, text);
    }
    speedup_result_destroy(result);
    speedup_space_unref(space);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!setup)
        require(!speedup_context_create(NULL, &setup) && !speedup_catalog_create(setup, &catalog), "it begins", NULL);
    speedup_context *context;
    if (speedup_context_create(NULL, &context))
        return 0;
    bool failing = failing_begin(&data, &size);
    const char *text = (const char *)data;
    if (has("claims:", text, size)) {
        speedup_text *report = NULL;
        speedup_status status =
            speedup_report_audit(context, catalog, "input.yaml", text, size, SPEEDUP_FORMAT_JSON, &report);
        check_text(status, report);
    } else if (has("plan:", text, size)) {
        answer_plan(context, text, size, failing);
    } else {
        answer_scenario(context, text, size, failing);
    }
    failing_end();
    speedup_context_destroy(context);
    return 0;
}
