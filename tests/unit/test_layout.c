/* Layouts: scenarios, batches and spaces hold the same ones possible, and give them the same
 * bits, on random layouts of every axis. usage: test_layout [LAYOUTS] */
#include "helper.h"

#include <speedup/plan.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { METRICS = SPEEDUP_METRIC_COUNT, MOST_AXES = 8, MOST_VALUES = 8 };
static size_t most_layouts = 20000;

/* An axis, where scenarios have it, and values that a space may list. */
struct axis {
    const char *name, *path;
    int32_t variable;
    double values[MOST_VALUES]; /* ascending, ended by 0 */
};

struct kind {
    const char *section, *stack, *keys, *plan_keys; /* plan_keys: NULL when it cannot be planned */
    const struct axis *axes; /* outermost first, as plans are numbered */
    size_t axis_count;
};

static const struct axis training_axes[] = {
    {"accelerators", "accelerators", SPEEDUP_VARIABLE_ACCELERATORS, {8, 16, 24, 64, 96, 256}},
    {"tensor", "layout.tensor", SPEEDUP_VARIABLE_TENSOR, {1, 2, 3, 5, 8}},
    {"pipeline", "layout.pipeline", SPEEDUP_VARIABLE_PIPELINE, {1, 2, 3, 4, 16, 64}},
    {"context", "layout.context", SPEEDUP_VARIABLE_CONTEXT, {1, 2, 3}},
    {"expert", "layout.expert", SPEEDUP_VARIABLE_EXPERT, {1, 2, 3, 4, 8, 16}},
    {"virtual_stages", "layout.virtual_stages", SPEEDUP_VARIABLE_VIRTUAL_STAGES, {1, 2, 3, 4, 20}},
    {"micro_batch", "micro_batch", SPEEDUP_VARIABLE_MICRO_BATCH, {1, 2, 3, 4, 5}},
};
static const struct axis serving_axes[] = {
    {"accelerators", "accelerators", SPEEDUP_VARIABLE_ACCELERATORS, {1, 2, 4, 6, 8, 16, 32}},
    {"tensor", "layout.tensor", SPEEDUP_VARIABLE_TENSOR, {1, 2, 3, 4, 8}},
    {"pipeline", "layout.pipeline", SPEEDUP_VARIABLE_PIPELINE, {1, 2, 3, 64}},
    {"expert", "layout.expert", SPEEDUP_VARIABLE_EXPERT, {1, 2, 3, 8, 16}},
    {"attention_data", "layout.attention_data", SPEEDUP_VARIABLE_ATTENTION_DATA, {1, 2, 3, 8}},
    {"concurrency", "concurrency", SPEEDUP_VARIABLE_CONCURRENCY, {1, 7, 64}},
};
/* A static batch is a load that must be whole. */
static const struct axis generation_axes[] = {
    {"accelerators", "accelerators", SPEEDUP_VARIABLE_ACCELERATORS, {1, 2, 4, 8}},
    {"tensor", "layout.tensor", SPEEDUP_VARIABLE_TENSOR, {1, 2, 3, 8}},
    {"pipeline", "layout.pipeline", SPEEDUP_VARIABLE_PIPELINE, {1, 2, 3, 64}},
    {"batch", "batch", SPEEDUP_VARIABLE_CONCURRENCY, {1, 1.5, 7, 64}},
};
#define COUNT(array) (sizeof(array) / sizeof *(array))
static const struct kind kinds[] = {
    {"train", "megatron-core", "sequence: 2048, global_batch: 480, tokens: 1e9, ", "sequence: 2048, global_batch: 480, tokens: 1e9, objective: time, ",
     training_axes, COUNT(training_axes)},
    {"serve", "vllm", "prompt: 512, output: 128, concurrency: 1, ", "prompt: 512, output: 128, objective: throughput, ", serving_axes, COUNT(serving_axes)},
    {"generate", "vllm", "prompt: 512, output: 128, batch: 1, ", NULL, generation_axes, COUNT(generation_axes)},
};
static const char *const models[] = {"llama-2-7b", "gpt-3-13b", "mixtral-8x7b"};

static size_t count_of(const struct axis *axis)
{
    size_t count = 0;
    while (count < MOST_VALUES && axis->values[count] > 0)
        count++;
    return count;
}

/* The status of a layout in a batch, and its values. */
static speedup_status in_batch(const speedup_scenario *scenario, const struct kind *kind, double layout[MOST_AXES], double values[METRICS])
{
    speedup_column in[MOST_AXES], out[METRICS];
    for (size_t i = 0; i < kind->axis_count; i++)
        in[i] = (speedup_column){sizeof *in, kind->axes[i].variable, 0, &layout[i]};
    for (int32_t m = 0; m < METRICS; m++)
        out[m] = (speedup_column){sizeof *out, m, 0, &values[m]};
    assert_int_equal(speedup_scenario_estimate_batch(scenario, in, kind->axis_count, out, METRICS, 1, 1), SPEEDUP_OK);
    return (speedup_status)values[SPEEDUP_METRIC_STATUS];
}

/* The same as a scenario of its own. */
static speedup_status as_scenario(const struct kind *kind, const char *yaml, const double layout[MOST_AXES], double values[METRICS])
{
    char text[MOST_AXES][64];
    const char *settings[MOST_AXES];
    for (size_t i = 0; i < kind->axis_count; i++) {
        snprintf(text[i], sizeof text[i], "%s.%s=%.17g", kind->section, kind->axes[i].path, layout[i]);
        settings[i] = text[i];
    }
    speedup_scenario *scenario;
    speedup_status status =
        speedup_scenario_create(world.context, world.catalog, "layout", yaml, strlen(yaml), settings, kind->axis_count, &scenario);
    if (!status)
        status = speedup_scenario_estimate(scenario, values, METRICS);
    speedup_scenario_unref(scenario);
    return status;
}

static speedup_space *space_around(const struct kind *kind, const char *model, bool uneven)
{
    char yaml[2000];
    int n = snprintf(yaml, sizeof yaml, "plan: {model: %s, systems: [dgx-h100], stack: %s, optimizations: [], %s", model, kind->stack, kind->plan_keys);
    for (size_t i = 0; i < kind->axis_count; i++) {
        n += snprintf(yaml + n, sizeof yaml - (size_t)n, "%s: [", kind->axes[i].name);
        for (size_t k = 0; k < count_of(&kind->axes[i]); k++)
            n += snprintf(yaml + n, sizeof yaml - (size_t)n, "%s%.0f", k ? ", " : "", kind->axes[i].values[k]);
        n += snprintf(yaml + n, sizeof yaml - (size_t)n, "], ");
    }
    snprintf(yaml + n, sizeof yaml - (size_t)n, "%s}", uneven ? "uneven: true" : "");
    speedup_space *space;
    assert_ok(speedup_space_create(world.context, world.catalog, "space", yaml, strlen(yaml), NULL, 0, &space));
    return space;
}

static void agree_on(const struct kind *kind, const char *model, bool uneven, struct random *random, size_t layouts)
{
    char yaml[1000];
    snprintf(yaml, sizeof yaml, "%s: {model: %s, system: dgx-h100, stack: %s, accelerators: 8, %suneven: %s}", kind->section, model, kind->stack, kind->keys,
             uneven ? "true" : "false");
    speedup_scenario *scenario = scenario_of(world.catalog, yaml, PLAIN);
    bool has_space = kind->plan_keys && !(uneven && !strcmp(kind->section, "serve")); /* plans of services are even */
    speedup_space *space = has_space ? space_around(kind, model, uneven) : NULL;
    size_t possible = 0;
    for (size_t i = 0; i < layouts; i++) {
        double layout[MOST_AXES], batch[METRICS], alone[METRICS], planned[METRICS];
        uint64_t index = 0;
        for (size_t k = 0; k < kind->axis_count; k++) {
            size_t count = count_of(&kind->axes[k]), at = (size_t)random_below(random, count);
            if (random_below(random, 2)) /* plain values more often, so that more are possible */
                at = at > 2 ? at % 2 : at;
            layout[k] = kind->axes[k].values[at];
            index = index * count + at;
        }
        speedup_status status = in_batch(scenario, kind, layout, batch), other = as_scenario(kind, yaml, layout, alone);
        /* Everything that is refused is explained, each rule by a text of its own. */
        if (other && strstr(speedup_diagnostic_text(world.context, 0), "cannot be estimated"))
            fail_msg("%s of %s: %s", kind->section, model, speedup_diagnostic_text(world.context, 0));
        if (!status != !other)
            fail_msg("%s of %s: a batch says %d, a scenario %d: %s", kind->section, model, status, other, speedup_diagnostic_text(world.context, 0));
        if (space && (other = speedup_space_estimate(space, index, NULL, 0, planned, METRICS)) != status)
            fail_msg("%s of %s: a batch says %d, a space %d", kind->section, model, status, other);
        possible += !status;
        for (int m = 0; m < METRICS && !status; m++) {
            assert_bits(batch[m], alone[m]);
            if (space)
                assert_bits(batch[m], planned[m]);
        }
        /* What no axis takes is refused by both. */
        size_t wrong = (size_t)random_below(random, kind->axis_count);
        static const double never[] = {1.5, 0, 2e7, 0.25};
        layout[wrong] = never[random_below(random, kind->axes[wrong].variable == SPEEDUP_VARIABLE_CONCURRENCY ? 1 : 4)];
        if (kind->axes[wrong].variable == SPEEDUP_VARIABLE_CONCURRENCY)
            layout[wrong] = 0;
        assert_int_not_equal(in_batch(scenario, kind, layout, batch), SPEEDUP_OK);
        assert_int_not_equal(as_scenario(kind, yaml, layout, alone), SPEEDUP_OK);
    }
    assert_true((possible > 0 && possible < layouts) || layouts < 1000); /* of many, some */
    speedup_space_unref(space);
    speedup_scenario_unref(scenario);
}

static void scenarios_batches_and_spaces_agree(void **state)
{
    (void)state;
    struct random random = {9};
    size_t cases = 2 * COUNT(kinds) * COUNT(models);
    for (size_t i = 0; i < cases; i++)
        agree_on(&kinds[i % COUNT(kinds)], models[i / COUNT(kinds) % COUNT(models)], i >= cases / 2, &random, most_layouts / cases);
}

static void uneven_is_leave_for_batch_heads_and_chunks_alone(void **state)
{
    (void)state;
    static const struct {
        const char *layout;
        bool even, uneven;
    } cases[] = {
        {"train.layout={tensor: 2}", true, true},
        {"train.micro_batch=3", false, true},
        {"train.layout={pipeline: 2, virtual_stages: 3}", false, true},
        {"train.layout={tensor: 3}", false, false}, /* 5.3 copies */
        {"train.layout={pipeline: 1, virtual_stages: 2}", false, false},
        {"train.layout={pipeline: 2, virtual_stages: 17}", false, true}, /* chunks of 32 layers, of the embedding and of the head */
        {"train.layout={pipeline: 4, virtual_stages: 9}", false, false}, /* more than there are */
        {"train.layout={expert: 2}", false, false},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        for (int uneven = 0; uneven < 2; uneven++) {
            speedup_scenario *scenario;
            const char *settings[] = {cases[i].layout, uneven ? "train.uneven=true" : "train.uneven=false"};
            speedup_status status =
                speedup_scenario_create(world.context, world.catalog, "layout", job, strlen(job), settings, 2, &scenario);
            assert_int_equal(status, (uneven ? cases[i].uneven : cases[i].even) ? SPEEDUP_OK : SPEEDUP_DOES_NOT_DIVIDE);
            speedup_scenario_unref(scenario);
        }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scenarios_batches_and_spaces_agree),
        cmocka_unit_test(uneven_is_leave_for_batch_heads_and_chunks_alone),
    };
    if (argc > 1)
        most_layouts = strtoull(argv[1], NULL, 10) * 10; /* of as many spaces */
    return cmocka_run_group_tests(tests, world_begin, world_end);
}
