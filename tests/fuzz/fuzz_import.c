/* Fuzzes what reads files of models: any bytes become a model that can be shown and estimated, or are refused with a place.
 * One file, or the files of a folder. */
#define _XOPEN_SOURCE 700
#include "harness.h"

#include "catalog/weights.h"

#include <speedup/speedup.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

/* The files of a folder, one after the other with RS between; the last may hold any byte. */
static const char *const names[] = {"config.json", "hf_quant_config.json", "model.safetensors.index.json", "model.safetensors"};
enum { FILES = sizeof names / sizeof *names, SEPARATOR = 0x1E };
static char folder[] = "/tmp/fuzz-import-XXXXXX";

static const char *file_path(int file)
{
    static char path[100];
    snprintf(path, sizeof path, "%s/%s", folder, names[file]);
    return path;
}

static void remove_folder(void)
{
    for (int i = 0; i < FILES; i++)
        unlink(file_path(i));
    rmdir(folder);
}

/* Writes the files, those of no bytes not; false where the input is one file. */
static bool write_folder(const uint8_t *data, size_t size)
{
    if (!size || !memchr(data, SEPARATOR, size))
        return false;
    for (int i = 0; i < FILES; i++) {
        const uint8_t *end = size && i < FILES - 1 ? memchr(data, SEPARATOR, size) : NULL;
        size_t length = end ? (size_t)(end - data) : size;
        unlink(file_path(i));
        FILE *file = length ? fopen(file_path(i), "wb") : NULL;
        require(!length || (file && fwrite(data, 1, length, file) == length && !fclose(file)), "a file is written", names[i]);
        data += length + (end != NULL);
        size -= length + (end != NULL);
    }
    return true;
}

/* What says how many bytes weights have. */
static void weigh(const speedup_context *told, const char *data, size_t size)
{
    speedup_context *context;
    struct arena arena;
    struct yaml_tree tree;
    if (context_quiet(told, &context))
        return;
    arena_begin(&arena, &context->allocator);
    double bytes = safetensors_bytes(context, &arena, "model.safetensors", data, size, (double)size);
    require(bytes >= 0 && bytes <= 1e16, "bytes are counted, or none are", NULL);
    if (!json_read_large(context, &arena, "model.safetensors.index.json", data, size, &tree))
        bytes = index_bytes(context, &tree);
    require(bytes >= 0 && bytes <= 1e16, "bytes of an index are counted, or none are", NULL);
    arena_end(&arena);
    speedup_context_destroy(context);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!setup)
        require(!speedup_context_create(NULL, &setup) && !speedup_catalog_create(setup, &base) && mkdtemp(folder) && !atexit(remove_folder), "it begins", NULL);
    speedup_context *context;
    if (speedup_context_create(NULL, &context))
        return 0;
    speedup_catalog *catalog = NULL;
    const uint8_t *whole = data;
    size_t whole_size = size;
    bool failing = failing_begin(&data, &size);
    failing_end();
    bool files = write_folder(data, size);
    data = whole;
    size = whole_size;
    failing_begin(&data, &size);
    speedup_status status = files ? speedup_catalog_import_model_file(context, base, folder, "m", &catalog)
                                  : speedup_catalog_import_model(context, base, "config.json", (const char *)data, size, "m", &catalog);
    failing_end();
    require(!status == !!catalog, "a catalog or an error", speedup_status_name(status));
    if (status && !failing)
        require(speedup_diagnostic_count(context) > 0, "a refusal has a diagnostic", NULL);
    if (!status && !failing)
        use(context, catalog);
    speedup_catalog_unref(catalog);
    if (!failing && !files)
        weigh(context, (const char *)data, size);
    speedup_context_destroy(context);
    return 0;
}
