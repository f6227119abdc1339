/* Fuzzes what reads files of models: any bytes become a model that can be shown and estimated, or are refused with a place. */
#include "harness.h"

#include "catalog/weights.h"

#include <speedup/speedup.h>

#include <math.h>
#include <string.h>

static speedup_context *setup;
static speedup_catalog *base;

static const char *const jobs[] = {
    "serve: {model: m, system: dgx-h100, stack: vllm, accelerators: 8, prompt: 128, output: 16, concurrency: 4, layout: {tensor: 1}}",
    "train: {model: m, system: dgx-h100, accelerators: 8, sequence: 128, global_batch: 8}",
};

/* A model that was read can be asked anything; what cannot be estimated is told. */
static void use(speedup_context *context, const speedup_catalog *catalog)
{
    speedup_text *text = NULL;
    double number;
    require(!speedup_catalog_number(catalog, "models", "m", "layers", &number) && isfinite(number), "layers are finite", NULL);
    require(!speedup_report_catalog(context, catalog, "models", "m", SPEEDUP_FORMAT_JSON, &text), "a model can be shown", NULL);
    speedup_text_destroy(text);
    for (size_t i = 0; i < sizeof jobs / sizeof *jobs; i++) {
        speedup_scenario *scenario = NULL;
        double values[SPEEDUP_METRIC_COUNT];
        if (speedup_scenario_create(context, catalog, "job.yaml", jobs[i], strlen(jobs[i]), NULL, 0, &scenario)) {
            require(speedup_diagnostic_count(context) > 0, "a refusal has a diagnostic", NULL);
            continue;
        }
        if (!speedup_scenario_estimate(scenario, values, SPEEDUP_METRIC_COUNT))
            for (int metric = 0; metric < SPEEDUP_METRIC_COUNT; metric++)
                require(!isnan(values[metric]), "a metric is a number", jobs[i]);
        speedup_scenario_unref(scenario);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!setup)
        require(!speedup_context_create(NULL, &setup) && !speedup_catalog_create(setup, &base), "it begins", NULL);
    speedup_context *context;
    if (speedup_context_create(NULL, &context))
        return 0;
    speedup_catalog *catalog = NULL;
    bool failing = failing_begin(&data, &size);
    speedup_status status = speedup_catalog_import_model(context, base, "config.json", (const char *)data, size, "m", &catalog);
    failing_end();
    require(!status == !!catalog, "a catalog or an error", speedup_status_name(status));
    if (status && !failing)
        require(speedup_diagnostic_count(context) > 0, "a refusal has a diagnostic", NULL);
    if (!status && !failing)
        use(context, catalog);
    speedup_catalog_unref(catalog);
    if (!failing) {
        struct arena arena;
        arena_begin(&arena, &context->allocator);
        double bytes = safetensors_bytes(context, &arena, "model.safetensors", (const char *)data, size, (double)size);
        require(bytes >= 0 && bytes <= 1e16, "bytes are counted, or none are", NULL);
        arena_end(&arena);
    }
    speedup_context_destroy(context);
    return 0;
}
