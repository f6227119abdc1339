/* Many layouts of one job at once: columns in, columns out, on as many threads as are
 * allowed (so few layouts need one), no memory allocated. */
#include <speedup/speedup.h>

#include <stdio.h>
#include <string.h>

static const char job[] = "train:\n"
                          "  model: llama-2-70b\n"
                          "  system: dgx-h100\n"
                          "  accelerators: 128\n"
                          "  sequence: 4096\n"
                          "  global_batch: 512\n"
                          "  layout: {tensor: 2}\n"
                          "  optimizations: [bf16-mixed-precision, flash-attention-2, distributed-optimizer, sequence-parallelism]\n";

enum { MOST = 200, THREADS = 2 };

/* Every combination of tensor, pipeline and micro-batch; how many there are. */
static size_t list_layouts(double tensor[MOST], double pipeline[MOST], double micro_batch[MOST])
{
    size_t count = 0;
    for (double t = 1; t <= 8; t *= 2)
        for (double p = 1; p <= 16; p *= 2)
            for (double b = 1; b <= 4; b *= 2) {
                tensor[count] = t;
                pipeline[count] = p;
                micro_batch[count++] = b;
            }
    return count;
}

static void print_fastest(size_t count, const double *tensor, const double *pipeline, const double *micro_batch,
                          const double *step, const double *fits, const double *status)
{
    size_t best = count, possible = 0, fitting = 0;
    for (size_t i = 0; i < count; i++) {
        possible += status[i] == 0;
        fitting += fits[i] != 0;
        if (fits[i] != 0 && (best == count || step[i] < step[best]))
            best = i;
    }
    printf("%zu layouts, %zu possible, %zu fit\n", count, possible, fitting);
    if (best < count)
        printf("fastest: tensor %.0f, pipeline %.0f, micro-batch %.0f: %.3f s a step\n", tensor[best], pipeline[best],
               micro_batch[best], step[best]);
}

int main(void)
{
    static double tensor[MOST], pipeline[MOST], micro_batch[MOST], step[MOST], fits[MOST], status[MOST];
    speedup_context *context;
    speedup_catalog *catalog = NULL;
    speedup_scenario *scenario = NULL;
    if (speedup_context_create(NULL, &context))
        return 1;
    int failed = speedup_catalog_create(context, &catalog) ||
                 speedup_scenario_create(context, catalog, "job", job, strlen(job), NULL, 0, &scenario);
    for (size_t i = 0; i < speedup_diagnostic_count(context); i++)
        fprintf(stderr, "%s\n", speedup_diagnostic_text(context, i));
    if (!failed) {
        size_t count = list_layouts(tensor, pipeline, micro_batch);
        const speedup_column inputs[] = {{sizeof *inputs, SPEEDUP_VARIABLE_TENSOR, 0, tensor},
                                         {sizeof *inputs, SPEEDUP_VARIABLE_PIPELINE, 0, pipeline},
                                         {sizeof *inputs, SPEEDUP_VARIABLE_MICRO_BATCH, 0, micro_batch}};
        const speedup_column outputs[] = {{sizeof *outputs, SPEEDUP_METRIC_STEP_SECONDS, 0, step},
                                          {sizeof *outputs, SPEEDUP_METRIC_FITS, 0, fits},
                                          {sizeof *outputs, SPEEDUP_METRIC_STATUS, 0, status}};
        failed = speedup_scenario_estimate_batch(scenario, inputs, 3, outputs, 3, count, THREADS) != SPEEDUP_OK;
        if (!failed)
            print_fastest(count, tensor, pipeline, micro_batch, step, fits, status);
    }
    speedup_scenario_unref(scenario);
    speedup_catalog_unref(catalog);
    speedup_context_destroy(context);
    return failed;
}
