/* Rules of power and energy, one a test and named by it. */
#include "helper.h"

#include <math.h>
#include <stdio.h>

enum { RATED = 700, NODE = 8 };
static const double IDLE = 0.2; /* of RATED */

/* One dense model on H100s, whose power is set here so that it can be told what it must be. */
static const char own[] =
    "models: {dense: {layers: 16, hidden: 2048, heads: 32, ffn: 8192, ffn_kind: plain, vocab: 32000}}\n"
    "systems:\n"
    "  pod: {base: dgx-h100, node_power: 9 kW}\n"
    "  bare: {base: dgx-h100, node_power: 5.6 kW}\n"
    "  unknown: {base: dgx-a100-80gb, node_power: 3.2 kW}\n";

static const char text[] = "train: {model: dense, system: bare, accelerators: 8, sequence: 2048, global_batch: 64, micro_batch: 4, tokens: 1 B, "
                           "stack: pytorch, optimizations: [bf16-mixed-precision, flash-attention-2, fused-optimizer], "
                           "calibration: {power_idle: 0.2, step_seconds: 0}}\n";

static speedup_catalog *catalog;

static int begin(void **state)
{
    world_begin(state);
    catalog = extend(world.catalog, own);
    return 0;
}

static int end(void **state)
{
    speedup_catalog_unref(catalog);
    return world_end(state);
}

#define ESTIMATE(v, ...) estimate_of(catalog, text, WITH(__VA_ARGS__), v)

static void energy_is_power_by_time_with_what_stands_beside_and_what_the_building_takes(void **state)
{
    (void)state;
    double v[SPEEDUP_METRIC_COUNT];
    ESTIMATE(v, "train.system=pod", "train.calibration.power_overhead=1.25");
    double beside = 9000.0 / NODE - RATED;
    assert_true(v[SPEEDUP_METRIC_POWER] > IDLE * RATED && v[SPEEDUP_METRIC_POWER] < RATED);
    assert_near(v[SPEEDUP_METRIC_ENERGY], v[SPEEDUP_METRIC_ACCELERATOR_HOURS] * (v[SPEEDUP_METRIC_POWER] + beside) / 1000 * 1.25, 1e-12);
}

static void an_accelerator_that_waits_for_its_host_draws_little_more_than_idle(void **state)
{
    (void)state;
    double v[SPEEDUP_METRIC_COUNT];
    ESTIMATE(v, "train.calibration.host_batch=1", "train.global_batch=8", "train.micro_batch=1", "train.sequence=256");
    assert_true(v[SPEEDUP_METRIC_POWER] > IDLE * RATED && v[SPEEDUP_METRIC_POWER] < 1.1 * IDLE * RATED);
}

static void copies_draw_less_than_the_rated_power(void **state)
{
    (void)state;
    double v[SPEEDUP_METRIC_COUNT];
    /* A sequence so short that the update of the weights is nearly all. */
    ESTIMATE(v, "train.sequence=16", "train.global_batch=8", "train.micro_batch=1", "train.stack=megatron-core", "train.calibration.optimizer_bytes=1000");
    assert_true(v[SPEEDUP_METRIC_TIME_OPTIMIZER] > 0.9 * v[SPEEDUP_METRIC_STEP_SECONDS]);
    assert_true(v[SPEEDUP_METRIC_POWER] > 0.5 * RATED && v[SPEEDUP_METRIC_POWER] < 0.85 * RATED);
}

static void products_of_half_the_width_take_less_energy(void **state)
{
    (void)state;
    double wide[SPEEDUP_METRIC_COUNT], narrow[SPEEDUP_METRIC_COUNT];
    ESTIMATE(wide, "train.calibration.power_held=1.1", "train.calibration.power_product=0.5");
    ESTIMATE(narrow, "train.calibration.power_held=1.1", "train.calibration.power_product=0.5",
             "train.optimizations=[bf16-mixed-precision, fp8-mixed-precision, flash-attention-2, fused-optimizer]");
    assert_true(narrow[SPEEDUP_METRIC_ENERGY] < wide[SPEEDUP_METRIC_ENERGY]);
}

static void the_rated_power_is_no_limit(void **state)
{
    (void)state;
    double without[SPEEDUP_METRIC_COUNT], with[SPEEDUP_METRIC_COUNT];
    ESTIMATE(without, "train.uneven=false");
    ESTIMATE(with, "train.power_limit=700 W");
    for (int m = 0; m < SPEEDUP_METRIC_COUNT; m++)
        assert_bits(with[m], without[m]);
}

static void a_lower_limit_is_never_faster_and_is_kept(void **state)
{
    (void)state;
    double before[SPEEDUP_METRIC_COUNT], v[SPEEDUP_METRIC_COUNT];
    ESTIMATE(before, "train.power_limit=700 W");
    for (int watts = 699; watts > 200; watts -= 7) {
        char limit[40];
        snprintf(limit, sizeof limit, "train.power_limit=%d W", watts);
        ESTIMATE(v, limit);
        assert_true(v[SPEEDUP_METRIC_STEP_SECONDS] >= before[SPEEDUP_METRIC_STEP_SECONDS]);
        assert_true(v[SPEEDUP_METRIC_POWER] <= before[SPEEDUP_METRIC_POWER] && v[SPEEDUP_METRIC_POWER] <= watts);
        for (int m = 0; m < SPEEDUP_METRIC_COUNT; m++)
            before[m] = v[m];
    }
}

static void a_lower_limit_saves_energy(void **state)
{
    (void)state;
    double rated[SPEEDUP_METRIC_COUNT], limited[SPEEDUP_METRIC_COUNT];
    ESTIMATE(rated, "train.power_limit=700 W");
    ESTIMATE(limited, "train.power_limit=500 W");
    assert_true(limited[SPEEDUP_METRIC_STEP_SECONDS] > rated[SPEEDUP_METRIC_STEP_SECONDS]);
    assert_true(limited[SPEEDUP_METRIC_ENERGY] < rated[SPEEDUP_METRIC_ENERGY]);
}

static void a_limit_slows_products_and_not_passes_over_memory(void **state)
{
    (void)state;
    double rated[SPEEDUP_METRIC_COUNT], limited[SPEEDUP_METRIC_COUNT];
    ESTIMATE(rated, "train.power_limit=700 W");
    ESTIMATE(limited, "train.power_limit=500 W");
    assert_true(limited[SPEEDUP_METRIC_TIME_MATMUL] > 1.1 * rated[SPEEDUP_METRIC_TIME_MATMUL]);
    assert_true(limited[SPEEDUP_METRIC_TIME_ATTENTION] > 1.1 * rated[SPEEDUP_METRIC_TIME_ATTENTION]);
    assert_bits(limited[SPEEDUP_METRIC_TIME_POINTWISE], rated[SPEEDUP_METRIC_TIME_POINTWISE]);
    assert_bits(limited[SPEEDUP_METRIC_TIME_OPTIMIZER], rated[SPEEDUP_METRIC_TIME_OPTIMIZER]);
    assert_bits(limited[SPEEDUP_METRIC_MEMORY_PEAK], rated[SPEEDUP_METRIC_MEMORY_PEAK]);
}

static void a_limit_that_does_not_bind_changes_no_time(void **state)
{
    (void)state;
    double rated[SPEEDUP_METRIC_COUNT], limited[SPEEDUP_METRIC_COUNT];
    ESTIMATE(rated, "train.calibration.host_batch=1", "train.global_batch=8", "train.micro_batch=1");
    ESTIMATE(limited, "train.calibration.host_batch=1", "train.global_batch=8", "train.micro_batch=1", "train.power_limit=300 W");
    assert_bits(limited[SPEEDUP_METRIC_STEP_SECONDS], rated[SPEEDUP_METRIC_STEP_SECONDS]);
}

static void many_layouts_under_a_limit_are_each_alone(void **state)
{
    (void)state;
    enum { COUNT = 4 };
    double tensor[COUNT] = {1, 2, 4, 8}, steps[COUNT], watts[COUNT];
    speedup_scenario *scenario = scenario_of(catalog, text, WITH("train.power_limit=450 W"));
    const speedup_column inputs[] = {{.struct_size = sizeof *inputs, .id = SPEEDUP_VARIABLE_TENSOR, .values = tensor}};
    const speedup_column outputs[] = {{.struct_size = sizeof *outputs, .id = SPEEDUP_METRIC_STEP_SECONDS, .values = steps},
                                      {.struct_size = sizeof *outputs, .id = SPEEDUP_METRIC_POWER, .values = watts}};
    assert_ok(speedup_scenario_estimate_batch(scenario, inputs, 1, outputs, 2, COUNT, 1));
    for (int i = 0; i < COUNT; i++) {
        char layout[40];
        double v[SPEEDUP_METRIC_COUNT];
        snprintf(layout, sizeof layout, "train.layout.tensor=%.0f", tensor[i]);
        ESTIMATE(v, "train.power_limit=450 W", layout);
        assert_bits(steps[i], v[SPEEDUP_METRIC_STEP_SECONDS]);
        assert_bits(watts[i], v[SPEEDUP_METRIC_POWER]);
    }
    speedup_scenario_unref(scenario);
}

static void limits_that_no_accelerator_takes_are_refused(void **state)
{
    (void)state;
    assert_int_equal(refused_scenario(catalog, text, WITH("train.power_limit=701 W")), SPEEDUP_OUT_OF_RANGE);
    assert_int_equal(refused_scenario(catalog, text, WITH("train.power_limit=140 W")), SPEEDUP_OUT_OF_RANGE);
    assert_int_equal(refused_scenario(catalog, text, WITH("train.power_limit=0 W")), SPEEDUP_OUT_OF_RANGE);
    assert_int_equal(refused_scenario(catalog, text, WITH("train.power_limit=500 GB")), SPEEDUP_WRONG_DIMENSION);
    assert_int_equal(refused_scenario(catalog, text, WITH("train.power_limit=141 W")), SPEEDUP_OK);
}

static void a_limit_is_set_by_a_call_as_in_a_text(void **state)
{
    (void)state;
    double called[SPEEDUP_METRIC_COUNT], written[SPEEDUP_METRIC_COUNT];
    speedup_job *made;
    speedup_scenario *scenario;
    assert_ok(speedup_job_create(world.context, "train", &made));
    assert_ok(speedup_job_set_text(world.context, made, "model", "dense"));
    assert_ok(speedup_job_set_text(world.context, made, "system", "bare"));
    assert_ok(speedup_job_set_number(world.context, made, "accelerators", 8));
    assert_ok(speedup_job_set_number(world.context, made, "sequence", 2048));
    assert_ok(speedup_job_set_number(world.context, made, "global_batch", 64));
    assert_ok(speedup_job_set_number(world.context, made, "power_limit", 500));
    assert_ok(speedup_job_add(world.context, made, "optimizations", "bf16-mixed-precision", NULL, NULL, 0));
    assert_ok(speedup_scenario_create_job(world.context, catalog, made, &scenario));
    assert_ok(speedup_scenario_estimate(scenario, called, SPEEDUP_METRIC_COUNT));
    static const char same[] = "train: {model: dense, system: bare, accelerators: 8, sequence: 2048, global_batch: 64, power_limit: 0.5 kW, "
                               "optimizations: [bf16-mixed-precision]}\n";
    estimate_of(catalog, same, PLAIN, written);
    for (int m = 0; m < SPEEDUP_METRIC_COUNT; m++)
        assert_bits(called[m], written[m]);
    speedup_scenario_unref(scenario);
    speedup_job_destroy(made);
}

static void energy_is_less_sure_where_power_was_not_measured(void **state)
{
    (void)state;
    double measured[SPEEDUP_METRIC_COUNT], other[SPEEDUP_METRIC_COUNT], low, high;
    ESTIMATE(measured, "train.uneven=false");
    ESTIMATE(other, "train.system=unknown");
    assert_true(measured[SPEEDUP_METRIC_ENERGY_SIGMA] > measured[SPEEDUP_METRIC_TIME_SIGMA]);
    assert_true(other[SPEEDUP_METRIC_ENERGY_SIGMA] > 1.5 * measured[SPEEDUP_METRIC_ENERGY_SIGMA]);
    assert_ok(speedup_metric_interval(other, SPEEDUP_METRIC_COUNT, SPEEDUP_METRIC_ENERGY, 0.9, &low, &high));
    assert_near(log(high / low), 2 * 1.6448536269514722 * other[SPEEDUP_METRIC_ENERGY_SIGMA], 1e-9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(energy_is_power_by_time_with_what_stands_beside_and_what_the_building_takes),
        cmocka_unit_test(an_accelerator_that_waits_for_its_host_draws_little_more_than_idle),
        cmocka_unit_test(copies_draw_less_than_the_rated_power),
        cmocka_unit_test(products_of_half_the_width_take_less_energy),
        cmocka_unit_test(the_rated_power_is_no_limit),
        cmocka_unit_test(a_lower_limit_is_never_faster_and_is_kept),
        cmocka_unit_test(a_lower_limit_saves_energy),
        cmocka_unit_test(a_limit_slows_products_and_not_passes_over_memory),
        cmocka_unit_test(a_limit_that_does_not_bind_changes_no_time),
        cmocka_unit_test(many_layouts_under_a_limit_are_each_alone),
        cmocka_unit_test(limits_that_no_accelerator_takes_are_refused),
        cmocka_unit_test(a_limit_is_set_by_a_call_as_in_a_text),
        cmocka_unit_test(energy_is_less_sure_where_power_was_not_measured),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
