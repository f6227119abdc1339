/* What the unit tests share. */
#include "helper.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

struct world world;

const char job[] = "train:\n"
                   "  model: llama-7b\n"
                   "  system: dgx-a100-80gb\n"
                   "  accelerators: 16\n"
                   "  sequence: 2048\n"
                   "  global_batch: 64\n"
                   "  micro_batch: 2\n"
                   "  tokens: 1 T\n"
                   "  layout: {tensor: 2}\n"
                   "  optimizations: [bf16-mixed-precision, flash-attention-2]\n";

int world_begin(void **state)
{
    (void)state;
    if (speedup_context_create(NULL, &world.context))
        return -1;
    int status = speedup_catalog_create(world.context, &world.catalog);
    for (size_t i = 0; i < speedup_diagnostic_count(world.context); i++)
        print_error("%s\n", speedup_diagnostic_text(world.context, i));
    return status;
}

int world_end(void **state)
{
    (void)state;
    speedup_catalog_unref(world.catalog);
    speedup_context_destroy(world.context);
    return 0;
}

void assert_ok_at(speedup_status status, const char *file, int line)
{
    if (!status)
        return;
    for (size_t i = 0; i < speedup_diagnostic_count(world.context); i++)
        print_error("%s\n", speedup_diagnostic_text(world.context, i));
    print_error("status %d (%s)\n", (int)status, speedup_status_name(status));
    _fail(file, line);
}

void assert_bits_at(double a, double b, const char *file, int line)
{
    if (!memcmp(&a, &b, sizeof a))
        return;
    print_error("%.17g and %.17g differ\n", a, b);
    _fail(file, line);
}

void assert_near_at(double a, double b, double error, const char *file, int line)
{
    if (fabs(a - b) <= error * fmax(fabs(a), fabs(b)))
        return;
    print_error("%.17g and %.17g are more than %g apart\n", a, b, error);
    _fail(file, line);
}

void assert_contains_at(const char *text, const char *part, const char *file, int line)
{
    if (text && strstr(text, part))
        return;
    print_error("'%s' does not contain '%s'\n", text ? text : "(null)", part);
    _fail(file, line);
}

speedup_catalog *extend(const speedup_catalog *base, const char *yaml)
{
    speedup_catalog *catalog = NULL;
    assert_ok(speedup_catalog_extend(world.context, base, "test.yaml", yaml, strlen(yaml), &catalog));
    return catalog;
}

static size_t count_of(const char *const *settings)
{
    size_t count = 0;
    while (settings && settings[count])
        count++;
    return count;
}

speedup_scenario *scenario_of(const speedup_catalog *catalog, const char *yaml, const char *const *settings)
{
    speedup_scenario *scenario = NULL;
    assert_ok(speedup_scenario_create(world.context, catalog, "test.yaml", yaml, strlen(yaml), settings,
                                      count_of(settings), &scenario));
    return scenario;
}

void estimate_of(const speedup_catalog *catalog, const char *yaml, const char *const *settings,
                 double values[SPEEDUP_METRIC_COUNT])
{
    speedup_scenario *scenario = scenario_of(catalog, yaml, settings);
    assert_ok(speedup_scenario_estimate(scenario, values, SPEEDUP_METRIC_COUNT));
    speedup_scenario_unref(scenario);
}

double metric_of(const speedup_catalog *catalog, const char *yaml, const char *const *settings, int32_t metric)
{
    double values[SPEEDUP_METRIC_COUNT];
    estimate_of(catalog, yaml, settings, values);
    return values[metric];
}

speedup_status refused_catalog(const speedup_catalog *base, const char *yaml)
{
    speedup_catalog *catalog = (speedup_catalog *)(uintptr_t)1;
    speedup_status status =
        speedup_catalog_extend(world.context, base, "test.yaml", yaml, strlen(yaml), &catalog);
    if (status)
        assert_null(catalog);
    else
        speedup_catalog_unref(catalog);
    return status;
}

speedup_status refused_scenario(const speedup_catalog *catalog, const char *yaml, const char *const *settings)
{
    speedup_scenario *scenario = (speedup_scenario *)(uintptr_t)1;
    speedup_status status = speedup_scenario_create(world.context, catalog, "test.yaml", yaml, strlen(yaml), settings,
                                                    count_of(settings), &scenario);
    if (status)
        assert_null(scenario);
    else
        speedup_scenario_unref(scenario);
    return status;
}

speedup_space *space_of(const speedup_catalog *catalog, const char *yaml)
{
    speedup_space *space = NULL;
    assert_ok(speedup_space_create(world.context, catalog, "test.yaml", yaml, strlen(yaml), NULL, 0, &space));
    return space;
}

speedup_status refused_space(const speedup_catalog *catalog, const char *yaml)
{
    speedup_space *space = (speedup_space *)(uintptr_t)1;
    speedup_status status = speedup_space_create(world.context, catalog, "test.yaml", yaml, strlen(yaml), NULL, 0, &space);
    if (status)
        assert_null(space);
    else
        speedup_space_unref(space);
    return status;
}

/* Knuth's MMIX generator; the high bits are the random ones. */
uint64_t random_next(struct random *random)
{
    random->state = random->state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return random->state >> 11;
}

double random_between(struct random *random, double least, double most)
{
    return least + (most - least) * ((double)random_next(random) / 9007199254740992.0);
}

uint64_t random_below(struct random *random, uint64_t count)
{
    return (random_next(random) >> 20) % count;
}
