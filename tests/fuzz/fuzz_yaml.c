/* Fuzzes what reads catalogs: any bytes extend the built-in catalog or are refused with a place. */
#include "harness.h"

#include <speedup/speedup.h>

#include <math.h>

static speedup_context *setup;
static speedup_catalog *base;

static void check_diagnostics(const speedup_context *context)
{
    size_t count = speedup_diagnostic_count(context);
    require(count > 0, "a refusal has a diagnostic", NULL);
    for (size_t i = 0; i < count; i++) {
        const char *text = speedup_diagnostic_text(context, i), *file = NULL;
        speedup_status code = 0;
        uint32_t line = 0, column = 0;
        require(text && speedup_diagnostic_message(context, i), "a diagnostic has a text", NULL);
        require(!speedup_diagnostic_place(context, i, &code, &file, &line, &column), "and a place", text);
        require(speedup_status_name(code) && code, "its code is in the table", text);
        require(!line == !column, "a line comes with a column", text);
    }
}

/* Every entry of every kind can be listed and read. */
static void walk(const speedup_catalog *catalog)
{
    speedup_word kind = {.struct_size = sizeof kind};
    for (size_t k = 0; !speedup_kind_at(k, &kind); k++) {
        size_t count = speedup_catalog_count(catalog, kind.name);
        require(count >= speedup_catalog_count(base, kind.name), "a catalog only grows", kind.name);
        for (size_t i = 0; i < count; i++) {
            const char *id = NULL, *name = NULL;
            require(!speedup_catalog_at(catalog, kind.name, i, &id, &name) && id && *id, "an entry has an id", kind.name);
            double memory = 0;
            if (!speedup_catalog_number(catalog, kind.name, id, "memory", &memory))
                require(isfinite(memory), "a number is finite", id);
        }
        const char *id;
        require(speedup_catalog_at(catalog, kind.name, count, &id, NULL) == SPEEDUP_NOT_FOUND, "a list ends", kind.name);
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
    speedup_status status = speedup_catalog_extend(context, base, "input.yaml", (const char *)data, size, &catalog);
    failing_end();
    require(!status == !!catalog, "a catalog or an error", speedup_status_name(status));
    require(speedup_status_name(status), "the status is in the table", NULL);
    if (status && !failing)
        check_diagnostics(context);
    if (!status && !failing)
        require(!speedup_diagnostic_count(context), "no error, no diagnostic", speedup_diagnostic_text(context, 0));
    if (catalog)
        walk(catalog);
    speedup_catalog_unref(catalog);
    speedup_context_destroy(context);
    return 0;
}
