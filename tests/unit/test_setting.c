/* Settings: "path=value" put over a scenario before it is read. */
#include "helper.h"

#include <string.h>

static double accelerators(const char *const *settings)
{
    double v[SPEEDUP_METRIC_COUNT];
    estimate_of(world.catalog, job, settings, v);
    return v[SPEEDUP_METRIC_TOKENS_PER_SECOND] / v[SPEEDUP_METRIC_TOKENS_PER_SECOND_PER_ACCELERATOR];
}

static void a_setting_takes_the_place_of_a_value(void **state)
{
    (void)state;
    assert_near(accelerators(PLAIN), 16, 1e-12);
    assert_near(accelerators(WITH("train.accelerators=32")), 32, 1e-12);
}

static void the_last_of_two_settings_holds(void **state)
{
    (void)state;
    assert_near(accelerators(WITH("train.accelerators=32", "train.accelerators=64")), 64, 1e-12);
}

static void a_setting_adds_a_key_and_the_way_to_it(void **state)
{
    (void)state;
    assert_near(metric_of(world.catalog, job, WITH("train.price=3 USD/h"), SPEEDUP_METRIC_COST),
                3 * metric_of(world.catalog, job, PLAIN, SPEEDUP_METRIC_ACCELERATOR_HOURS), 1e-12);
    static const char bare[] = "train: {model: llama-7b, system: dgx-a100-80gb, accelerators: 16, sequence: 2048, global_batch: 64}";
    assert_bits(metric_of(world.catalog, bare, WITH("train.layout.tensor=2"), SPEEDUP_METRIC_STEP_SECONDS),
                metric_of(world.catalog, bare, WITH("train.layout={tensor: 2}"), SPEEDUP_METRIC_STEP_SECONDS));
}

static void a_setting_may_be_a_list_or_a_mapping(void **state)
{
    (void)state;
    assert_bits(metric_of(world.catalog, job, WITH("train.optimizations=[]"), SPEEDUP_METRIC_MEMORY_SCORES) > 0, 1);
    assert_bits(metric_of(world.catalog, job, WITH("train.optimizations=[bf16-mixed-precision, flash-attention-2]"), SPEEDUP_METRIC_STEP_SECONDS),
                metric_of(world.catalog, job, PLAIN, SPEEDUP_METRIC_STEP_SECONDS));
}

static void a_setting_may_begin_a_section(void **state)
{
    (void)state;
    assert_near(metric_of(world.catalog, job, WITH("systems.mine={base: dgx-a100-80gb, network: 1 GB/s}", "train.system=mine"),
                          SPEEDUP_METRIC_STEPS),
                metric_of(world.catalog, job, PLAIN, SPEEDUP_METRIC_STEPS), 0);
}

static void settings_of_every_shape_come_to_the_same(void **state)
{
    (void)state;
    const char *const whole[] = {"train={model: llama-7b, system: dgx-a100-80gb, accelerators: 16, sequence: 2048, global_batch: 64, "
                                 "micro_batch: 2, tokens: 1 T, layout: {tensor: 2}, optimizations: [bf16-mixed-precision, flash-attention-2]}",
                                 NULL};
    double a[SPEEDUP_METRIC_COUNT], b[SPEEDUP_METRIC_COUNT];
    estimate_of(world.catalog, job, PLAIN, a);
    estimate_of(world.catalog, "train: {}", whole, b);
    assert_memory_equal(a, b, sizeof a);
}

static void what_is_no_setting_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "=", "=1", "train", "train.model.x=1", "train..model=1", ".train=1", "train.=1"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(refused_scenario(world.catalog, job, WITH(bad[i])), SPEEDUP_BAD_SETTING);
    const char *const hole[] = {NULL};
    speedup_scenario *scenario;
    assert_int_equal(speedup_scenario_create(world.context, world.catalog, "t", job, strlen(job), hole, 1, &scenario), SPEEDUP_BAD_SETTING);
}

static void a_value_that_is_no_yaml_is_refused(void **state)
{
    (void)state;
    assert_int_equal(refused_scenario(world.catalog, job, WITH("train.layout={tensor: 2")), SPEEDUP_SYNTAX);
    assert_int_equal(refused_scenario(world.catalog, job, WITH("train.tokens=#")), SPEEDUP_EMPTY);
    assert_int_equal(refused_scenario(world.catalog, job, WITH("train.tokens=")), SPEEDUP_BAD_SETTING);
    assert_int_equal(refused_scenario(world.catalog, job, WITH("train.tokens=&a 1")), SPEEDUP_ALIAS);
}

static void a_wrong_value_says_which_setting_it_came_from(void **state)
{
    (void)state;
    assert_int_equal(refused_scenario(world.catalog, job, WITH("train.tokens=many")), SPEEDUP_BAD_NUMBER);
    assert_int_equal(speedup_diagnostic_count(world.context), 1);
    assert_contains(speedup_diagnostic_text(world.context, 0),
                    "setting 'train.tokens=many': error[SPD-201]: 'tokens' must be a number, not 'many'");
    assert_int_equal(refused_scenario(world.catalog, job, WITH("train.micro_bach=2")), SPEEDUP_UNKNOWN_KEY);
    assert_contains(speedup_diagnostic_text(world.context, 0), "did you mean 'micro_batch'?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_setting_takes_the_place_of_a_value),
        cmocka_unit_test(the_last_of_two_settings_holds),
        cmocka_unit_test(a_setting_adds_a_key_and_the_way_to_it),
        cmocka_unit_test(a_setting_may_be_a_list_or_a_mapping),
        cmocka_unit_test(a_setting_may_begin_a_section),
        cmocka_unit_test(settings_of_every_shape_come_to_the_same),
        cmocka_unit_test(what_is_no_setting_is_refused),
        cmocka_unit_test(a_value_that_is_no_yaml_is_refused),
        cmocka_unit_test(a_wrong_value_says_which_setting_it_came_from),
    };
    return cmocka_run_group_tests(tests, world_begin, world_end);
}
