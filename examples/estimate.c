/* The least that a program needs: a catalog, a scenario, an estimate. */
#include <speedup/speedup.h>

#include <stdio.h>
#include <string.h>

static const char job[] = "train:\n"
                          "  model: llama-2-7b\n"
                          "  system: dgx-h100\n"
                          "  accelerators: 64\n"
                          "  sequence: 4096\n"
                          "  global_batch: 512\n"
                          "  tokens: 1 T\n"
                          "  optimizations: [bf16-mixed-precision, flash-attention-2, distributed-optimizer]\n";

static int fail(const speedup_context *context)
{
    for (size_t i = 0; i < speedup_diagnostic_count(context); i++)
        fprintf(stderr, "%s\n", speedup_diagnostic_text(context, i));
    return 1;
}

int main(void)
{
    speedup_context *context;
    speedup_catalog *catalog = NULL;
    speedup_scenario *scenario = NULL;
    if (speedup_context_create(NULL, &context))
        return 1;
    int failed = 0;
    if (speedup_catalog_create(context, &catalog) ||
        speedup_scenario_create(context, catalog, "job", job, strlen(job), NULL, 0, &scenario))
        failed = fail(context);
    double values[SPEEDUP_METRIC_COUNT], low, high;
    if (!failed && !speedup_scenario_estimate(scenario, values, SPEEDUP_METRIC_COUNT)) {
        speedup_metric_interval(values, SPEEDUP_METRIC_COUNT, SPEEDUP_METRIC_STEP_SECONDS, 0.9, &low, &high);
        printf("one step      %.3f s (%.3f to %.3f with 90 %%)\n", values[SPEEDUP_METRIC_STEP_SECONDS], low, high);
        printf("whole run     %.1f days\n", values[SPEEDUP_METRIC_RUN_SECONDS] / 86400);
        printf("peak memory   %.1f GiB, %s\n", values[SPEEDUP_METRIC_MEMORY_PEAK] / 1073741824,
               values[SPEEDUP_METRIC_FITS] != 0 ? "it fits" : "it does not fit");
    }
    speedup_scenario_unref(scenario);
    speedup_catalog_unref(catalog);
    speedup_context_destroy(context);
    return failed;
}
