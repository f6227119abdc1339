/* What every consumer here prints: the time of a step and the memory, as the library of its linking says. Also C++. */
#include <speedup/speedup.h>

#include <stdio.h>
#include <string.h>

int main(void)
{
    static const char job[] = "train: {model: llama-2-7b, system: dgx-h100, accelerators: 64, sequence: 4096, global_batch: 512,"
                              " optimizations: [bf16-mixed-precision, flash-attention-2, zero-1]}";
    double values[SPEEDUP_METRIC_COUNT];
    speedup_context *context = NULL;
    speedup_catalog *catalog = NULL;
    speedup_scenario *scenario = NULL;
    int failed = speedup_context_create(NULL, &context) || speedup_catalog_create(context, &catalog) ||
                 speedup_scenario_create(context, catalog, "job", job, strlen(job), NULL, 0, &scenario) ||
                 speedup_scenario_estimate(scenario, values, SPEEDUP_METRIC_COUNT);
    if (!failed)
        printf("%.4f s, %.3f GB\n", values[SPEEDUP_METRIC_STEP_SECONDS], values[SPEEDUP_METRIC_MEMORY_PEAK] / 1e9);
    speedup_scenario_unref(scenario);
    speedup_catalog_unref(catalog);
    speedup_context_destroy(context);
    return failed;
}
