/* Jobs described by calls: the same bits as from YAML, the same refusals, and what a
 * scenario or a plan says of what it was made of. */
#include "helper.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const training_yaml =
    "train: {model: llama-2-7b, system: dgx-a100-80gb, stack: megatron-core, accelerators: 16, sequence: 2048, global_batch: 64,\n"
    "  micro_batch: 2, tokens: 1 B, layout: {tensor: 2}, price: 1.5 USD/h, confidence: 0.8, calibration: {step_seconds: 0.01},\n"
    "  baseline: [fused-optimizer], optimizations: [bf16-mixed-precision, flash-attention-2, zero-1, {activation-offload: {share: 0.5}}]}\n";

static speedup_job *training(void)
{
    speedup_job *made;
    const char *const share[] = {"share"};
    const double half[] = {0.5};
    const struct {
        const char *key;
        double value;
    } numbers[] = {{"accelerators", 16}, {"sequence", 2048}, {"global_batch", 64}, {"micro_batch", 2}, {"layout.tensor", 2},
                   {"price", 1.5}, {"confidence", 0.8}, {"calibration.step_seconds", 0.01}};
    assert_ok(speedup_job_create(world.context, "train", &made));
    assert_ok(speedup_job_set_text(world.context, made, "model", "llama-2-7b"));
    assert_ok(speedup_job_set_text(world.context, made, "system", "dgx-a100-80gb"));
    assert_ok(speedup_job_set_text(world.context, made, "stack", "megatron-core"));
    assert_ok(speedup_job_set_text(world.context, made, "tokens", "1 B"));
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        assert_ok(speedup_job_set_number(world.context, made, numbers[i].key, numbers[i].value));
    assert_ok(speedup_job_add(world.context, made, "baseline", "fused-optimizer", NULL, NULL, 0));
    assert_ok(speedup_job_add(world.context, made, "optimizations", "bf16-mixed-precision", NULL, NULL, 0));
    assert_ok(speedup_job_add(world.context, made, "optimizations", "flash-attention-2", NULL, NULL, 0));
    assert_ok(speedup_job_add(world.context, made, "optimizations", "zero-1", NULL, NULL, 0));
    assert_ok(speedup_job_add(world.context, made, "optimizations", "activation-offload", share, half, 1));
    return made;
}

static void same_estimate(const speedup_job *described, const char *yaml)
{
    double expected[SPEEDUP_METRIC_COUNT], values[SPEEDUP_METRIC_COUNT];
    speedup_scenario *scenario;
    estimate_of(world.catalog, yaml, PLAIN, expected);
    assert_ok(speedup_scenario_create_job(world.context, world.catalog, described, &scenario));
    assert_ok(speedup_scenario_estimate(scenario, values, SPEEDUP_METRIC_COUNT));
    for (int i = 0; i < SPEEDUP_METRIC_COUNT; i++)
        assert_bits(values[i], expected[i]);
    speedup_scenario_unref(scenario);
}

static void a_described_training_is_the_one_written(void **state)
{
    (void)state;
    speedup_job *made = training();
    same_estimate(made, training_yaml);
    speedup_job_destroy(made);
}

static void a_described_service_is_the_one_written(void **state)
{
    (void)state;
    speedup_job *made;
    assert_ok(speedup_job_create(world.context, "serve", &made));
    assert_ok(speedup_job_set_text(world.context, made, "model", "llama-3-1-70b"));
    assert_ok(speedup_job_set_text(world.context, made, "system", "dgx-h100"));
    assert_ok(speedup_job_set_text(world.context, made, "request_rate", "2 /s"));
    assert_ok(speedup_job_set_text(world.context, made, "targets.time_to_first_token", "900 ms"));
    assert_ok(speedup_job_set_number(world.context, made, "accelerators", 8));
    assert_ok(speedup_job_set_number(world.context, made, "layout.tensor", 4));
    assert_ok(speedup_job_set_number(world.context, made, "prompt.mean", 1000));
    assert_ok(speedup_job_set_number(world.context, made, "prompt.deviation", 300));
    assert_ok(speedup_job_set_number(world.context, made, "output", 200));
    assert_ok(speedup_job_set_number(world.context, made, "prefill.accelerators", 4));
    assert_ok(speedup_job_set_number(world.context, made, "prefill.tensor", 4));
    same_estimate(made, "serve: {model: llama-3-1-70b, system: dgx-h100, accelerators: 8, layout: {tensor: 4}, request_rate: 2 /s,\n"
                        "  prompt: {mean: 1000, deviation: 300}, output: 200, prefill: {accelerators: 4, tensor: 4},\n"
                        "  targets: {time_to_first_token: 900 ms}}");
    speedup_job_destroy(made);
}

static void a_setting_is_put_over_a_description(void **state)
{
    (void)state;
    speedup_job *made = training();
    assert_ok(speedup_job_apply(world.context, made, "train.layout={pipeline: 2}"));
    assert_ok(speedup_job_apply(world.context, made, "train.optimizations=[bf16-mixed-precision, zero-1: {}]"));
    assert_ok(speedup_job_apply(world.context, made, "train.layout.context=2"));
    same_estimate(made, "train: {model: llama-2-7b, system: dgx-a100-80gb, stack: megatron-core, accelerators: 16, sequence: 2048, global_batch: 64,\n"
                        "  micro_batch: 2, tokens: 1 B, layout: {pipeline: 2, context: 2}, price: 1.5 USD/h, confidence: 0.8,\n"
                        "  calibration: {step_seconds: 0.01}, baseline: [fused-optimizer], optimizations: [bf16-mixed-precision, zero-1]}");
    assert_int_equal(speedup_job_apply(world.context, made, "serve.layout={}"), SPEEDUP_BAD_SETTING);
    assert_int_equal(speedup_job_apply(world.context, made, "train.layout"), SPEEDUP_BAD_SETTING);
    assert_int_equal(speedup_job_apply(world.context, made, "train.layout=[1"), SPEEDUP_SYNTAX);
    speedup_job_destroy(made);
}

static void a_wrong_call_is_told_and_changes_nothing(void **state)
{
    (void)state;
    speedup_job *made = training(), *none;
    assert_int_equal(speedup_job_create(world.context, "training", &none), SPEEDUP_UNKNOWN_CHOICE);
    assert_int_equal(speedup_job_set_number(world.context, made, "layout.tensr", 4), SPEEDUP_UNKNOWN_KEY);
    assert_contains(speedup_diagnostic_text(world.context, 0), "layout.tensr: error[SPD-107]: unknown key 'tensr' in layout; did you mean 'tensor'?");
    assert_int_equal(speedup_job_set_number(world.context, made, "layout.tensor", 0), SPEEDUP_OUT_OF_RANGE);
    assert_int_equal(speedup_job_set_number(world.context, made, "layout.tensor", 1.5), SPEEDUP_NOT_WHOLE);
    assert_int_equal(speedup_job_set_number(world.context, made, "sequence", 0.0 / 0.0), SPEEDUP_NOT_FINITE);
    assert_int_equal(speedup_job_set_number(world.context, made, "model", 7), SPEEDUP_WRONG_TYPE);
    assert_int_equal(speedup_job_set_number(world.context, made, "tokens.mean", 7), SPEEDUP_UNKNOWN_KEY);
    assert_int_equal(speedup_job_set_text(world.context, made, "tokens", "many"), SPEEDUP_BAD_NUMBER);
    assert_contains(speedup_diagnostic_text(world.context, 0), "tokens: error[SPD-201]: 'tokens' must be a number, not 'many'");
    assert_int_equal(speedup_job_set_text(world.context, made, "optimizations", "[zero-1]"), SPEEDUP_WRONG_TYPE);
    assert_int_equal(speedup_job_add(world.context, made, "optimisations", "zero-1", NULL, NULL, 0), SPEEDUP_UNKNOWN_CHOICE);
    same_estimate(made, training_yaml);
    speedup_job_destroy(made);
}

/* Coefficients are the catalog's: what is wrong with one is told when there is a catalog, of its key, and can be mended. */
static void the_last_value_of_a_coefficient_counts(void **state)
{
    (void)state;
    speedup_job *made = training();
    speedup_scenario *scenario;
    assert_ok(speedup_job_set_number(world.context, made, "calibration.matmul_efficiency", 5));
    assert_int_equal(speedup_scenario_create_job(world.context, world.catalog, made, &scenario), SPEEDUP_OUT_OF_RANGE);
    assert_contains(speedup_diagnostic_text(world.context, 0), "calibration.matmul_efficiency: error[SPD-204]: 'matmul_efficiency' is 5");
    assert_ok(speedup_job_set_number(world.context, made, "calibration.matmul_efficiency", 0.5));
    assert_ok(speedup_scenario_create_job(world.context, world.catalog, made, &scenario));
    speedup_scenario_unref(scenario);
    assert_ok(speedup_job_set_number(world.context, made, "calibration.matmul_eficiency", 0.5));
    assert_int_equal(speedup_scenario_create_job(world.context, world.catalog, made, &scenario), SPEEDUP_UNKNOWN_ENTRY);
    assert_contains(speedup_diagnostic_text(world.context, 0), "calibration.matmul_eficiency: error[SPD-301]");
    speedup_job_destroy(made);
}

static void a_key_is_told_at_a_length_to_be_read(void **state)
{
    (void)state;
    enum { LONG = 5000000 };
    speedup_job *made = training();
    char *key = test_malloc(LONG + 1);
    memset(key, 'k', LONG);
    key[LONG] = '\0';
    memcpy(key, "\x1b[2J\xff", 5);
    assert_int_equal(speedup_job_set_number(world.context, made, key, 1), SPEEDUP_UNKNOWN_KEY);
    const char *text = speedup_diagnostic_text(world.context, 0), *file;
    assert_true(strlen(text) < 1000);
    assert_ok(speedup_diagnostic_place(world.context, 0, NULL, &file, NULL, NULL));
    assert_memory_equal(file, "?[2J?k", 6);
    assert_int_equal(speedup_job_set_text(world.context, made, key, "x"), SPEEDUP_UNKNOWN_KEY);
    assert_true(strlen(speedup_diagnostic_text(world.context, 0)) < 1000);
    memcpy(key, "train.", 6);
    memcpy(key + LONG - 3, "=[1", 3);
    assert_int_equal(speedup_job_apply(world.context, made, key), SPEEDUP_SYNTAX);
    assert_true(strlen(speedup_diagnostic_text(world.context, 0)) < 1000);
    memcpy(key + LONG - 3, "=11", 3);
    assert_int_equal(speedup_job_apply(world.context, made, key), SPEEDUP_UNKNOWN_KEY);
    assert_true(strlen(speedup_diagnostic_text(world.context, 0)) < 1000);
    test_free(key);
    speedup_job_destroy(made);
}

static size_t taken, taken_most;

static void *count_allocate(void *user, size_t size)
{
    (void)user;
    size_t *memory = malloc(size + 16);
    assert_non_null(memory);
    *memory = size;
    taken += size;
    taken_most = taken > taken_most ? taken : taken_most;
    return (char *)memory + 16;
}

static void count_release(void *user, void *memory)
{
    (void)user;
    size_t *own = (void *)((char *)memory - 16);
    taken -= *own;
    free(own);
}

static void *count_resize(void *user, void *memory, size_t size)
{
    void *made = count_allocate(user, size);
    size_t before = *(size_t *)(void *)((char *)memory - 16);
    memcpy(made, memory, before < size ? before : size);
    count_release(user, memory);
    return made;
}

/* What is replaced is given up: a scheduler may change one description for ever. */
static void a_description_that_is_changed_does_not_grow(void **state)
{
    (void)state;
    const speedup_allocator counting = {sizeof counting, NULL, count_allocate, count_resize, count_release};
    speedup_context *context;
    speedup_job *made;
    assert_ok(speedup_context_create(&counting, &context));
    assert_ok(speedup_job_create(context, "train", &made));
    assert_ok(speedup_job_add(context, made, "optimizations", "zero-1", NULL, NULL, 0));
    for (int i = 0; i < 20000; i++) {
        assert_ok(speedup_job_set_number(context, made, "layout.tensor", 1 + i % 8));
        assert_ok(speedup_job_set_number(context, made, "calibration.matmul_efficiency", 0.5));
        assert_ok(speedup_job_set_text(context, made, "model", "llama-2-7b"));
        assert_ok(speedup_job_apply(context, made, "train.layout={tensor: 2}"));
        assert_int_equal(speedup_job_set_number(context, made, "no such key", 1), SPEEDUP_UNKNOWN_KEY);
    }
    assert_true(taken_most < 1 << 20);
    speedup_job_destroy(made);
    speedup_context_destroy(context);
    assert_int_equal(taken, 0);
}

/* A text is one value: nothing in it is read as YAML. */
static void a_text_stays_a_text(void **state)
{
    (void)state;
    speedup_job *made = training();
    speedup_scenario *scenario;
    assert_ok(speedup_job_set_text(world.context, made, "model", "llama-2-7b, accelerators: 1"));
    assert_int_equal(speedup_scenario_create_job(world.context, world.catalog, made, &scenario), SPEEDUP_UNKNOWN_ENTRY);
    assert_null(scenario);
    speedup_job_destroy(made);
}

static void what_is_missing_is_told_at_once(void **state)
{
    (void)state;
    speedup_job *made;
    speedup_scenario *scenario;
    assert_ok(speedup_job_create(world.context, "generate", &made));
    assert_int_equal(speedup_scenario_create_job(world.context, world.catalog, made, &scenario), SPEEDUP_MISSING_KEY);
    assert_int_equal(speedup_diagnostic_count(world.context), 6);
    speedup_job_destroy(made);
    speedup_job_destroy(NULL);
}

/* Of a length each moment is given alone: whether they can be together is seen when they are all there. */
static void lengths_that_cannot_be_are_told(void **state)
{
    (void)state;
    static const struct {
        double mean, deviation, longest;
        bool good;
    } lengths[] = {{100, 0, 100, true}, {100, 99, 200, true}, {100, 200, 110, false}, {100, 0, 50, false}, {100, 50, 0, true}};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        speedup_job *made;
        speedup_scenario *scenario;
        assert_ok(speedup_job_create(world.context, "serve", &made));
        assert_ok(speedup_job_set_text(world.context, made, "model", "llama-2-7b"));
        assert_ok(speedup_job_set_text(world.context, made, "system", "dgx-h100"));
        assert_ok(speedup_job_set_number(world.context, made, "accelerators", 1));
        assert_ok(speedup_job_set_number(world.context, made, "concurrency", 8));
        assert_ok(speedup_job_set_number(world.context, made, "prompt", 100));
        assert_ok(speedup_job_set_number(world.context, made, "output", lengths[i].mean));
        assert_ok(speedup_job_set_number(world.context, made, "output.deviation", lengths[i].deviation));
        if (lengths[i].longest > 0)
            assert_ok(speedup_job_set_number(world.context, made, "output.longest", lengths[i].longest));
        assert_int_equal(speedup_scenario_create_job(world.context, world.catalog, made, &scenario),
                         lengths[i].good ? SPEEDUP_OK : SPEEDUP_INCONSISTENT);
        speedup_scenario_unref(scenario);
        speedup_job_destroy(made);
    }
    /* Values at both ends have the widest spread that there is. */
    speedup_job *made;
    speedup_scenario *scenario;
    assert_ok(speedup_job_create(world.context, "generate", &made));
    static const char *const settings[] = {"generate.model=llama-2-7b", "generate.system=dgx-h100", "generate.accelerators=1", "generate.batch=4",
                                           "generate.prompt={values: [1, 1000], shares: [0.3, 0.7]}", "generate.output=100"};
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
        assert_ok(speedup_job_apply(world.context, made, settings[i]));
    assert_ok(speedup_scenario_create_job(world.context, world.catalog, made, &scenario));
    speedup_scenario_unref(scenario);
    speedup_job_destroy(made);
}

static void a_scenario_says_what_it_was_made_of(void **state)
{
    (void)state;
    speedup_job *made = training();
    speedup_scenario *scenario;
    assert_ok(speedup_scenario_create_job(world.context, world.catalog, made, &scenario));
    speedup_job_destroy(made);
    const char *id;
    int32_t baseline;
    double value;
    const char *const entries[] = {"llama-2-7b", "dgx-a100-80gb", "a100-sxm-80gb", "megatron-core"};
    for (int32_t i = 0; i < 4; i++) {
        assert_ok(speedup_scenario_entry(scenario, i, &id));
        assert_string_equal(id, entries[i]);
    }
    assert_int_equal(speedup_scenario_entry(scenario, SPEEDUP_ENTRY_PRICE, &id), SPEEDUP_NOT_FOUND);
    assert_ok(speedup_scenario_price(scenario, &value));
    assert_bits(value, 1.5);
    assert_ok(speedup_scenario_variable(scenario, SPEEDUP_VARIABLE_DATA, &value));
    assert_bits(value, 8);
    size_t count = 0, own = 0;
    for (; !speedup_scenario_optimization_at(scenario, count, &id, &baseline); count++)
        own += !baseline;
    assert_int_equal(own, 4);
    assert_ok(speedup_scenario_optimization_at(scenario, count - 1, &id, NULL));
    assert_string_equal(id, "activation-offload");
    speedup_scenario_unref(scenario);
}

static void a_plan_says_what_it_was_made_of(void **state)
{
    (void)state;
    static const char yaml[] = "plan: {model: llama-2-7b, systems: [dgx-a100-80gb, dgx-h100], accelerators: [8, 16], tensor: [1, 2, 4],\n"
                               "  sequence: 2048, global_batch: 64, tokens: 1 B, prices: 2 USD/h, choices: [[bf16-mixed-precision], [none, zero-1]]}";
    speedup_space *space;
    speedup_result *result;
    uint64_t index;
    assert_ok(speedup_space_create(world.context, world.catalog, "plan", yaml, sizeof yaml - 1, NULL, 0, &space));
    assert_ok(speedup_space_search(world.context, space, 0, speedup_space_size(space), 1, NULL, NULL, &result));
    assert_ok(speedup_result_best(result, 0, &index));
    speedup_scenario *plan;
    double layout[SPEEDUP_VARIABLE_COUNT], value;
    assert_ok(speedup_space_estimate(space, index, layout, SPEEDUP_VARIABLE_COUNT, NULL, 0));
    assert_ok(speedup_space_scenario(world.context, space, index, &plan));
    speedup_result_destroy(result);
    speedup_space_unref(space);
    for (int32_t i = 0; i < SPEEDUP_VARIABLE_COUNT; i++) {
        assert_ok(speedup_scenario_variable(plan, i, &value));
        assert_bits(value, layout[i]);
    }
    const char *id;
    assert_ok(speedup_scenario_entry(plan, SPEEDUP_ENTRY_MODEL, &id));
    assert_string_equal(id, "llama-2-7b");
    assert_ok(speedup_scenario_price(plan, &value));
    assert_bits(value, 2);
    assert_ok(speedup_scenario_optimization_at(plan, 0, &id, NULL));
    assert_string_equal(id, "bf16-mixed-precision");
    speedup_scenario_unref(plan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_described_training_is_the_one_written),
        cmocka_unit_test(a_described_service_is_the_one_written),
        cmocka_unit_test(a_setting_is_put_over_a_description),
        cmocka_unit_test(a_wrong_call_is_told_and_changes_nothing),
        cmocka_unit_test(the_last_value_of_a_coefficient_counts),
        cmocka_unit_test(a_key_is_told_at_a_length_to_be_read),
        cmocka_unit_test(a_description_that_is_changed_does_not_grow),
        cmocka_unit_test(a_text_stays_a_text),
        cmocka_unit_test(what_is_missing_is_told_at_once),
        cmocka_unit_test(lengths_that_cannot_be_are_told),
        cmocka_unit_test(a_scenario_says_what_it_was_made_of),
        cmocka_unit_test(a_plan_says_what_it_was_made_of),
    };
    return cmocka_run_group_tests_name("job", tests, world_begin, world_end);
}
