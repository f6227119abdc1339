/* One optimization in three ways: as a row of YAML, by the builder, and with a
 * function for its effect. All three give the same bits. */
#include <speedup/speedup.h>

#include <stdio.h>
#include <string.h>

/* Gradients squeezed to a quarter of their bytes before they are reduced, where there
 * is more than one node to reduce over. */
static const char row[] = "optimizations:\n"
                          "  squeezed-gradients:\n"
                          "    name: Gradients squeezed on the wire\n"
                          "    applies_to: [training]\n"
                          "    requires: {data: \"> 1\"}\n"
                          "    parameters:\n"
                          "      ratio: {value: 4, least: 1, most: 32, text: bytes before over bytes after}\n"
                          "    effects:\n"
                          "      comm.reduce.width: if(accelerators > node_accelerators, 1 / ratio, 1)\n";

static const char job[] = "train:\n"
                          "  model: llama-2-7b\n"
                          "  system: dgx-a100-80gb\n"
                          "  accelerators: 64\n"
                          "  sequence: 4096\n"
                          "  global_batch: 64\n"
                          "  optimizations: [bf16-mixed-precision, flash-attention-2, squeezed-gradients]\n";

/* The same effect as a function: for what no expression can say. */
static double squeezed(void *user, const speedup_view *view)
{
    const double *ratio = user;
    double accelerators = speedup_view_variable(view, SPEEDUP_VARIABLE_ACCELERATORS);
    double node = speedup_view_variable(view, SPEEDUP_VARIABLE_NODE_ACCELERATORS);
    return accelerators > node ? 1 / *ratio : 1;
}

static speedup_status build(speedup_context *context, double *ratio, const speedup_catalog *base,
                            speedup_catalog **catalog)
{
    speedup_optimization *o;
    *catalog = NULL;
    speedup_status status = speedup_optimization_create(context, "squeezed-gradients", "Gradients squeezed on the wire", &o);
    if (status)
        return status;
    status = speedup_optimization_applies_to(o, "training");
    if (!status)
        status = speedup_optimization_require(o, "data > 1");
    if (!status && ratio)
        status = speedup_optimization_callback(o, "comm.reduce.width", squeezed, ratio, NULL);
    if (!status && !ratio)
        status = speedup_optimization_parameter(o, "ratio", 4, 1, 32, "bytes before over bytes after");
    if (!status && !ratio)
        status = speedup_optimization_effect(o, "comm.reduce.width", "if(accelerators > node_accelerators, 1 / ratio, 1)");
    if (!status)
        status = speedup_catalog_register(context, base, o, catalog);
    speedup_optimization_destroy(o);
    return status;
}

/* The estimate of the job with a catalog; the catalog is given up. */
static speedup_status estimate(speedup_context *context, speedup_catalog *catalog, double values[SPEEDUP_METRIC_COUNT])
{
    speedup_scenario *scenario;
    speedup_status status = speedup_scenario_create(context, catalog, "job", job, strlen(job), NULL, 0, &scenario);
    if (!status)
        status = speedup_scenario_estimate(scenario, values, SPEEDUP_METRIC_COUNT);
    speedup_scenario_unref(scenario);
    speedup_catalog_unref(catalog);
    return status;
}

int main(void)
{
    static const char *const ways[] = {"YAML", "builder", "callback"};
    double values[3][SPEEDUP_METRIC_COUNT], ratio = 4;
    speedup_context *context;
    speedup_catalog *base, *catalogs[3] = {NULL};
    if (speedup_context_create(NULL, &context) || speedup_catalog_create(context, &base))
        return 1;
    speedup_status status = speedup_catalog_extend(context, base, "row", row, strlen(row), &catalogs[0]);
    if (!status)
        status = build(context, NULL, base, &catalogs[1]);
    if (!status)
        status = build(context, &ratio, base, &catalogs[2]);
    for (int i = 0; i < 3 && !status; i++) {
        status = estimate(context, catalogs[i], values[i]);
        if (!status)
            printf("%-8s  one step %a s, peak %a B\n", ways[i], values[i][SPEEDUP_METRIC_STEP_SECONDS], values[i][SPEEDUP_METRIC_MEMORY_PEAK]);
    }
    for (size_t i = 0; i < speedup_diagnostic_count(context); i++)
        fprintf(stderr, "%s\n", speedup_diagnostic_text(context, i));
    if (!status) {
        int same = !memcmp(values[0], values[1], sizeof values[0]) && !memcmp(values[0], values[2], sizeof values[0]);
        printf("%s\n", same ? "all metrics are the same, bit for bit" : "THEY DIFFER");
        status = !same;
    }
    speedup_catalog_unref(base);
    speedup_context_destroy(context);
    return status != 0;
}
