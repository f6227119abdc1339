/* Spaces described by calls: the same bits as from YAML, over a file too, and what is wrong
 * told of the keys that were given. */
#include "../unit/helper.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char training_yaml[] =
    "plan: {model: llama-2-7b, stack: megatron-core, systems: [dgx-a100-80gb, dgx-h100], accelerators: [8, 16], tensor: [1, 2, 4], micro_batch: 2,\n"
    "  sequence: 2048, global_batch: 64, tokens: 1 B, deadline: 30 d, prices: 2 USD/h, objective: cost, uneven: true, top: 3, front: [cost, memory_peak],\n"
    "  without: [kernel-fusion], optimizations: [flash-attention-2],\n"
    "  choices: [[bf16-mixed-precision], [none, zero-1, [zero-3, activation-offload: {share: 0.5}]]]}";

struct given {
    const char *key, *text; /* NULL: the number */
    double number;
};

static speedup_space_builder *described(const struct given *given)
{
    speedup_space_builder *made;
    assert_ok(speedup_space_builder_create(world.context, &made));
    for (; given->key; given++)
        assert_ok(given->text ? speedup_space_builder_set_text(world.context, made, given->key, given->text)
                              : speedup_space_builder_set_number(world.context, made, given->key, given->number));
    return made;
}

static speedup_space_builder *training(void)
{
    static const struct given keys[] = {
        {"model", "llama-2-7b", 0}, {"stack", "megatron-core", 0}, {"micro_batch", NULL, 2}, {"sequence", NULL, 2048}, {"global_batch", NULL, 64},
        {"tokens", "1 B", 0}, {"deadline", NULL, 30 * 86400.0}, {"prices", "2 USD/h", 0}, {"objective", "cost", 0}, {"uneven", NULL, 1},
        {"top", NULL, 3}, {NULL, NULL, 0}};
    static const struct {
        const char *list, *id;
    } ids[] = {{"systems", "dgx-a100-80gb"}, {"systems", "dgx-h100"}, {"front", "cost"}, {"front", "memory_peak"}, {"without", "kernel-fusion"},
               {"optimizations", "flash-attention-2"}, {"choices.0", "bf16-mixed-precision"}, {"choices.1", "none"}, {"choices.1", "zero-1"},
               {"choices.1.2", "zero-3"}};
    static const struct {
        const char *list;
        double value;
    } numbers[] = {{"accelerators", 8}, {"accelerators", 16}, {"tensor", 1}, {"tensor", 2}, {"tensor", 4}};
    static const char *const share[] = {"share"};
    static const double half[] = {0.5};
    speedup_space_builder *made = described(keys);
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++)
        assert_ok(speedup_space_builder_add(world.context, made, ids[i].list, ids[i].id, NULL, NULL, 0));
    assert_ok(speedup_space_builder_add(world.context, made, "choices.1.2", "activation-offload", share, half, 1));
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        assert_ok(speedup_space_builder_add_number(world.context, made, numbers[i].list, numbers[i].value));
    return made;
}

/* The whole answer is the same, assumptions and all. */
static void same_space(const speedup_space_builder *builder, const char *yaml)
{
    speedup_space *spaces[2] = {space_of(world.catalog, yaml), NULL};
    speedup_text *texts[2];
    assert_ok(speedup_space_build(world.context, world.catalog, builder, &spaces[1]));
    assert_int_equal(speedup_space_size(spaces[0]), speedup_space_size(spaces[1]));
    for (int i = 0; i < 2; i++) {
        speedup_result *result;
        assert_ok(speedup_space_search(world.context, spaces[i], 0, UINT64_MAX, 1, NULL, NULL, &result));
        assert_ok(speedup_report_plan(world.context, result, SPEEDUP_FORMAT_JSON, &texts[i]));
        speedup_result_destroy(result);
        speedup_space_unref(spaces[i]);
    }
    assert_string_equal(speedup_text_get(texts[0]), speedup_text_get(texts[1]));
    speedup_text_destroy(texts[0]);
    speedup_text_destroy(texts[1]);
}

static speedup_status refused(const speedup_space_builder *builder)
{
    speedup_space *space;
    speedup_status status = speedup_space_build(world.context, world.catalog, builder, &space);
    assert_null(space);
    return status;
}

static void a_described_space_is_the_one_written(void **state)
{
    (void)state;
    speedup_space_builder *made = training();
    same_space(made, training_yaml);
    same_space(made, training_yaml);
    speedup_space_builder_destroy(made);
    speedup_space_builder_destroy(NULL);
}

static void a_described_space_of_services_is_the_one_written(void **state)
{
    (void)state;
    static const struct given keys[] = {
        {"model", "llama-2-7b", 0}, {"prompt", NULL, 1000}, {"prompt.deviation", NULL, 300}, {"output.mean", NULL, 200}, {"output.longest", NULL, 400},
        {"request_rate", "20 /s", 0}, {"targets.time_to_first_token", "900 ms", 0}, {"budget", NULL, 40}, {"objective", "throughput", 0},
        {"tensor", NULL, 2}, {NULL, NULL, 0}};
    speedup_space_builder *made = described(keys);
    assert_ok(speedup_space_builder_add(world.context, made, "systems", "dgx-h100", NULL, NULL, 0));
    same_space(made, "plan: {model: llama-2-7b, prompt: {mean: 1000, deviation: 300}, output: {mean: 200, longest: 400}, request_rate: 20 /s,\n"
                     "  targets: {time_to_first_token: 900 ms}, budget: 40 USD/h, objective: throughput, tensor: 2, systems: [dgx-h100]}");
    assert_ok(speedup_space_builder_set_number(world.context, made, "prompt", 500));
    same_space(made, "plan: {model: llama-2-7b, prompt: 500, output: {mean: 200, longest: 400}, request_rate: 20 /s,\n"
                     "  targets: {time_to_first_token: 900 ms}, budget: 40 USD/h, objective: throughput, tensor: 2, systems: [dgx-h100]}");
    speedup_space_builder_destroy(made);
}

static void what_a_description_leaves_out_is_assumed(void **state)
{
    (void)state;
    static const struct given keys[] = {{"model", "llama-2-7b", 0}, {"accelerators", NULL, 64}, {NULL, NULL, 0}};
    speedup_space_builder *made = described(keys);
    same_space(made, "plan: {model: llama-2-7b, accelerators: 64}");
    assert_ok(speedup_space_builder_set_list(world.context, made, "optimizations"));
    same_space(made, "plan: {model: llama-2-7b, accelerators: 64, optimizations: []}");
    speedup_space_builder_destroy(made);
}

static void settings_and_values_take_the_place_of_each_other(void **state)
{
    (void)state;
    speedup_space_builder *made = training();
    assert_ok(speedup_space_builder_apply(world.context, made, "plan.choices=[[bf16-mixed-precision]]"));
    assert_ok(speedup_space_builder_apply(world.context, made, "plan.tensor=[8]"));
    assert_ok(speedup_space_builder_apply(world.context, made, "systems.mine={base: dgx-h100, network: 100 GB/s}"));
    assert_ok(speedup_space_builder_add_number(world.context, made, "tensor", 4));
    assert_ok(speedup_space_builder_set_number(world.context, made, "accelerators", 32));
    assert_ok(speedup_space_builder_set_list(world.context, made, "systems"));
    assert_ok(speedup_space_builder_add(world.context, made, "systems", "mine", NULL, NULL, 0));
    same_space(made, "systems: {mine: {base: dgx-h100, network: 100 GB/s}}\n"
                     "plan: {model: llama-2-7b, stack: megatron-core, systems: [mine], accelerators: 32, tensor: [4, 8], micro_batch: 2,\n"
                     "  sequence: 2048, global_batch: 64, tokens: 1 B, deadline: 30 d, prices: 2 USD/h, objective: cost, uneven: true, top: 3,\n"
                     "  front: [cost, memory_peak], without: [kernel-fusion], optimizations: [flash-attention-2], choices: [[bf16-mixed-precision]]}");
    assert_int_equal(speedup_space_builder_apply(world.context, made, "plan.tensor"), SPEEDUP_BAD_SETTING);
    assert_int_equal(speedup_space_builder_apply(world.context, made, "plan.tensor=[1"), SPEEDUP_SYNTAX);
    assert_int_equal(speedup_space_builder_apply(world.context, made, "plan.tensor.0=1"), SPEEDUP_BAD_SETTING);
    speedup_space_builder_destroy(made);
}

static void values_are_put_over_those_of_a_file(void **state)
{
    (void)state;
    char path[] = "/tmp/speedup-space-XXXXXX";
    int descriptor = mkstemp(path);
    assert_true(descriptor >= 0);
    FILE *file = fdopen(descriptor, "w");
    fputs("plan:\n  model: llama-2-7b\n  prompt: 1000\n  output: 200\n  concurrency: [8, 16]\n  systems: [dgx-h100, none-such]\n  colour: red\n", file);
    fclose(file);
    speedup_space_builder *made, *none;
    assert_ok(speedup_space_builder_create_file(world.context, path, &made));
    assert_int_equal(refused(made), SPEEDUP_UNKNOWN_KEY);
    assert_contains(speedup_diagnostic_text(world.context, 0), ":7:3: error[SPD-107]: unknown key 'colour' in plan of a service");
    unlink(path);
    assert_ok(speedup_space_builder_set_list(world.context, made, "systems"));
    assert_ok(speedup_space_builder_add(world.context, made, "systems", "dgx-a100-80gb", NULL, NULL, 0));
    assert_ok(speedup_space_builder_set_number(world.context, made, "prompt.deviation", 100));
    assert_ok(speedup_space_builder_add_number(world.context, made, "concurrency", 0.5));
    assert_int_equal(refused(made), SPEEDUP_UNKNOWN_KEY);
    assert_contains(speedup_diagnostic_text(world.context, 1), "concurrency: error[SPD-204]: 'concurrency' is 0.5");
    speedup_space_builder_destroy(made);
    assert_int_equal(speedup_space_builder_create_file(world.context, path, &none), SPEEDUP_UNREADABLE);
    assert_null(none);
}

static void all_that_is_wrong_is_told_at_once_of_its_keys(void **state)
{
    (void)state;
    static const struct given wrong[] = {{"modle", "llama-2-7b", 0}, {"sequence", NULL, 0.5}, {"global_batch", "7 d", 0}, {"deadline", "3 USD", 0},
                                         {"objective", "speed", 0}, {"confidence", NULL, 1}, {"uneven", NULL, 2}, {"tensor", NULL, 1.5}, {NULL, NULL, 0}};
    static const char *const told[] = {
        "modle: error[SPD-107]: unknown key 'modle' in plan; did you mean 'model'?", "sequence: error[SPD-204]: 'sequence' is 0.5; it must be from 1 to ",
        "global_batch: error[SPD-20", "deadline: error[SPD-203]: 'USD' is a unit of an amount; 'deadline' takes a time: ",
        "objective: error[SPD-206]: 'speed' is not a choice of 'objective'", "confidence: error[SPD-204]: 'confidence' is 1; it must be from 0.01 to 0.999",
        "uneven: error[SPD-110]: 'uneven' is true or false, not '2'", "tensor: error[SPD-207]: 'tensor' must be a whole number",
        "front: error[SPD-107]: 'mfuu' is no metric", "systems: error[SPD-301]: there is no system 'dgx-h10'; did you mean 'dgx-h100'?",
        "choices.0: error[SPD-301]: there is no optimization 'zero-9'", "<plan>: error[SPD-109]: plan lacks 'model': id of the model"};
    speedup_space_builder *made = described(wrong);
    assert_ok(speedup_space_builder_add(world.context, made, "front", "mfuu", NULL, NULL, 0));
    assert_ok(speedup_space_builder_add(world.context, made, "systems", "dgx-h10", NULL, NULL, 0));
    assert_ok(speedup_space_builder_add(world.context, made, "choices.0", "zero-9", NULL, NULL, 0));
    assert_int_not_equal(refused(made), SPEEDUP_OK);
    char all[8000] = "";
    for (size_t i = 0; i < speedup_diagnostic_count(world.context); i++)
        strcat(strcat(all, speedup_diagnostic_text(world.context, i)), "\n");
    for (size_t i = 0; i < sizeof told / sizeof *told; i++)
        assert_contains(all, told[i]);
    speedup_space_builder_destroy(made);
}

static void keys_of_both_kinds_of_plans_are_refused(void **state)
{
    (void)state;
    static const struct given both[] = {{"model", "llama-2-7b", 0}, {"tokens", "1 T", 0}, {"prompt", NULL, 100}, {"output", NULL, 100}, {NULL, NULL, 0}};
    speedup_space_builder *made = described(both);
    assert_int_equal(refused(made), SPEEDUP_INCONSISTENT);
    assert_contains(speedup_diagnostic_text(world.context, 0), "tokens: error[SPD-305]: 'tokens' is a key of training plans, and 'prompt' makes this one");
    speedup_space_builder_destroy(made);
}

static void what_cannot_be_a_call_changes_nothing(void **state)
{
    (void)state;
    static const char *const keys[] = {"", ".", "tensor.4", "tensor.x", "model.x", "choices.3", "choices.1.4", "choices.x", "choices.99999999999"};
    speedup_space_builder *made = training();
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        assert_int_equal(speedup_space_builder_add(world.context, made, keys[i], "zero-1", NULL, NULL, 0), SPEEDUP_UNKNOWN_KEY);
    assert_contains(speedup_diagnostic_text(world.context, 0), "'choices.99999999999' leads through something that has no such key");
    assert_int_equal(speedup_space_builder_add(world.context, made, "systems", "", NULL, NULL, 0), SPEEDUP_WRONG_TYPE);
    same_space(made, training_yaml);
    speedup_space_builder_destroy(made);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_described_space_is_the_one_written),
        cmocka_unit_test(a_described_space_of_services_is_the_one_written),
        cmocka_unit_test(what_a_description_leaves_out_is_assumed),
        cmocka_unit_test(settings_and_values_take_the_place_of_each_other),
        cmocka_unit_test(values_are_put_over_those_of_a_file),
        cmocka_unit_test(all_that_is_wrong_is_told_at_once_of_its_keys),
        cmocka_unit_test(keys_of_both_kinds_of_plans_are_refused),
        cmocka_unit_test(what_cannot_be_a_call_changes_nothing),
    };
    return cmocka_run_group_tests_name("space", tests, world_begin, world_end);
}
