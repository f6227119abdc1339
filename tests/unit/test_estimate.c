/* Estimates: batch and single, what cannot be, intervals, and what must follow when a
 * machine or a job changes. */
#include "estimate/scenario.h"

#include "helper.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MOST = 64 };

static const int layout_variables[] = {
    SPEEDUP_VARIABLE_ACCELERATORS, SPEEDUP_VARIABLE_TENSOR, SPEEDUP_VARIABLE_PIPELINE, SPEEDUP_VARIABLE_CONTEXT,
    SPEEDUP_VARIABLE_EXPERT, SPEEDUP_VARIABLE_VIRTUAL_STAGES, SPEEDUP_VARIABLE_MICRO_BATCH};
static const char *const layout_paths[] = {"train.accelerators", "train.layout.tensor", "train.layout.pipeline",
                                           "train.layout.context", "train.layout.expert", "train.layout.virtual_stages",
                                           "train.micro_batch"};
enum { LAYOUT = 7 };

/* All metrics of `count` layouts given by columns. */
static speedup_status batch(const speedup_scenario *scenario, double columns[LAYOUT][MOST], size_t count,
                            double out[METRICS][MOST])
{
    speedup_column inputs[LAYOUT], outputs[METRICS];
    for (int i = 0; i < LAYOUT; i++)
        inputs[i] = (speedup_column){sizeof *inputs, layout_variables[i], 0, columns[i]};
    for (int m = 0; m < METRICS; m++)
        outputs[m] = (speedup_column){sizeof *outputs, m, 0, out[m]};
    return speedup_scenario_estimate_batch(scenario, inputs, LAYOUT, outputs, METRICS, count, 1);
}

static const char moe[] = "train: {model: mixtral-8x7b, system: dgx-h100, accelerators: 64, sequence: 4096, "
                          "global_batch: 128, tokens: 1 T, price: 2 USD/h, optimizations: [bf16-mixed-precision, "
                          "flash-attention-2, zero-1, communication-overlap]}\n";

static const char eager[] = "train: {model: llama-13b, system: dgx-h100, stack: pytorch-ddp, accelerators: 64, sequence: 2048, global_batch: 384, "
                            "tokens: 1 T, price: 2 USD/h, optimizations: [bf16-mixed-precision, activation-checkpointing, zero-1]}\n";

static const char serving[] = "serve: {model: deepseek-v3, system: dgx-h200, accelerators: 8, layout: {tensor: 8}, prompt: 1000, "
                              "output: 300, concurrency: 16, optimizations: [fp8-weights]}\n";

static void a_batch_gives_the_bits_of_single_estimates(const char *yaml)
{
    static const double choices[LAYOUT][4] = {{64, 128, 96, 32}, {1, 2, 8, 4}, {1, 2, 4, 3}, {1, 1, 2, 4},
                                              {1, 1, 2, 8},      {1, 1, 2, 4}, {1, 2, 4, 3}};
    struct random random = {11};
    speedup_scenario *scenario = scenario_of(world.catalog, yaml, PLAIN);
    double columns[LAYOUT][MOST], out[METRICS][MOST];
    size_t fine = 0, refused = 0;
    for (size_t count = 1; count <= 13; count++) { /* with every length of the last block */
        for (size_t i = 0; i < count; i++)
            for (int l = 0; l < LAYOUT; l++)
                columns[l][i] = choices[l][random_below(&random, 4)];
        memset(out, 0xFF, sizeof out);
        assert_int_equal(batch(scenario, columns, count, out), SPEEDUP_OK);
        for (int m = 0; m < METRICS; m++)
            assert_true(isnan(out[m][count])); /* nothing is written past the end */
        for (size_t i = 0; i < count; i++) {
            char text[LAYOUT][60];
            const char *settings[LAYOUT + 1] = {0};
            for (int l = 0; l < LAYOUT; l++) {
                snprintf(text[l], sizeof text[l], "%s=%.0f", layout_paths[l], columns[l][i]);
                settings[l] = text[l];
            }
            speedup_scenario *single = NULL;
            speedup_status status = speedup_scenario_create(world.context, world.catalog, "t", yaml, strlen(yaml), settings,
                                                            LAYOUT, &single);
            if (status) {
                /* What a scenario refuses, a batch rules out, for the same reason. */
                refused++;
                if (out[SPEEDUP_METRIC_STATUS][i] != status)
                    for (int l = 0; l < LAYOUT; l++)
                        print_error("%s\n", settings[l]);
                assert_bits(out[SPEEDUP_METRIC_STATUS][i], status);
                for (int m = 0; m < METRICS; m++)
                    assert_bits(out[m][i], m == SPEEDUP_METRIC_STATUS ? status : 0.0);
                continue;
            }
            double values[METRICS];
            assert_ok(speedup_scenario_estimate(single, values, METRICS));
            for (int m = 0; m < METRICS; m++)
                assert_bits(out[m][i], values[m]);
            speedup_scenario_unref(single);
            fine++;
        }
    }
    assert_true(fine > 5 && refused > 5);
    speedup_scenario_unref(scenario);
}

static void a_batch_gives_the_bits_of_single_estimates_of_a_dense_model(void **state)
{
    (void)state;
    a_batch_gives_the_bits_of_single_estimates("train: {model: llama-13b, system: meta-rsc, accelerators: 64, sequence: 2048, "
                                               "global_batch: 384, tokens: 1 T, price: 2 USD/h, optimizations: "
                                               "[bf16-mixed-precision, flash-attention-2, activation-checkpointing]}\n");
}

static void a_batch_gives_the_bits_of_single_estimates_of_experts(void **state)
{
    (void)state;
    a_batch_gives_the_bits_of_single_estimates(moe);
}

/* With a host that is waited for, casts and gathers that show. */
static void a_batch_gives_the_bits_of_single_estimates_of_software_as_people_write_it(void **state)
{
    (void)state;
    a_batch_gives_the_bits_of_single_estimates(eager);
}

/* Blocks follow each other here that fit and that do not: nothing of one is left in the next. */
static void a_batch_of_services_gives_the_bits_of_single_estimates(void **state)
{
    (void)state;
    static const double tensors[] = {1, 2, 4, 8, 3}, in_flight[] = {8, 64, 1000, 100000};
    enum { SERVICES = 40 };
    double tensor[SERVICES], concurrency[SERVICES], out[METRICS][SERVICES], values[METRICS];
    speedup_column outputs[METRICS];
    for (size_t i = 0; i < SERVICES; i++) {
        tensor[i] = tensors[i / 4 % 5];
        concurrency[i] = in_flight[(i + i / 20) % 4];
    }
    const speedup_column inputs[] = {{sizeof *inputs, SPEEDUP_VARIABLE_TENSOR, 0, tensor},
                                     {sizeof *inputs, SPEEDUP_VARIABLE_CONCURRENCY, 0, concurrency}};
    for (int m = 0; m < METRICS; m++)
        outputs[m] = (speedup_column){sizeof *outputs, m, 0, out[m]};
    speedup_scenario *scenario = scenario_of(world.catalog, serving, PLAIN);
    assert_int_equal(speedup_scenario_estimate_batch(scenario, inputs, 2, outputs, METRICS, SERVICES, 1), SPEEDUP_OK);
    size_t fit = 0, good = 0;
    for (size_t i = 0; i < SERVICES; i++) {
        char degree[40], requests[40];
        snprintf(degree, sizeof degree, "serve.layout.tensor=%.0f", tensor[i]);
        snprintf(requests, sizeof requests, "serve.concurrency=%.0f", concurrency[i]);
        speedup_scenario *single = NULL;
        speedup_status status = speedup_scenario_create(world.context, world.catalog, "t", serving, strlen(serving),
                                                        WITH(degree, requests), 2, &single);
        assert_bits(out[SPEEDUP_METRIC_STATUS][i], status);
        if (status)
            continue;
        assert_ok(speedup_scenario_estimate(single, values, METRICS));
        for (int m = 0; m < METRICS; m++)
            assert_bits(out[m][i], values[m]);
        good++;
        fit += values[SPEEDUP_METRIC_FITS] == 1;
        speedup_scenario_unref(single);
    }
    assert_true(good < SERVICES && fit > 0 && fit < good);
    speedup_scenario_unref(scenario);
}

/* All that a kernel does, of one block of layouts. */
struct block_answer {
    lanes v[VARIABLES], e[TARGETS], status, out[METRICS], parts[METRICS];
    lane_mask possible;
};

static void ask_kernel(const struct kernel *kernel, const struct job *asked, const lanes v[VARIABLES], struct block_answer *a)
{
    memset(a, 0, sizeof *a);
    memcpy(a->v, v, sizeof a->v);
    effects_begin(&asked->effects, a->e);
    kernel->evaluate(asked, a->v, a->e, a->out);
    kernel->derive(asked, a->v);
    kernel->complete(asked, a->v, &a->possible);
    kernel->effects(&asked->effects, v, a->e, &a->status);
    if (asked->kind != JOB_TRAINING)
        return;
    kernel->training_memory(asked, v, a->e, a->parts);
    kernel->training_time(asked, v, a->e, a->parts);
    kernel->training_run(asked, v, a->parts);
}

static void every_kernel_gives_the_same_bits(void **state)
{
    (void)state;
    static const char *const jobs[] = {job, moe, eager, serving};
    if (!&kernel_wide || kernel_choose() != &kernel_wide)
        skip();
    for (size_t j = 0; j < sizeof jobs / sizeof *jobs; j++) {
        speedup_scenario *scenario = scenario_of(world.catalog, jobs[j], PLAIN);
        lanes v[VARIABLES];
        struct block_answer plain, wide;
        for (int tensor = 1; tensor <= 8; tensor++) {
            memcpy(v, scenario->variables, sizeof v);
            v[VARIABLE_TENSOR] = (lanes){tensor, 1, 2, 4};
            v[VARIABLE_PIPELINE] = (lanes){1, 2, 1, 3};
            ask_kernel(&kernel_plain, &scenario->job, v, &plain);
            ask_kernel(&kernel_wide, &scenario->job, v, &wide);
            assert_memory_equal(&plain, &wide, sizeof plain);
        }
        speedup_scenario_unref(scenario);
    }
}

static void every_lane_gives_the_same_bits(void **state)
{
    (void)state;
    speedup_scenario *scenario = scenario_of(world.catalog, moe, PLAIN);
    double columns[LAYOUT][MOST], out[METRICS][MOST], values[METRICS];
    for (int i = 0; i < MOST; i++) {
        static const double own[LAYOUT] = {64, 1, 1, 1, 1, 1, 1};
        for (int l = 0; l < LAYOUT; l++)
            columns[l][i] = own[l];
    }
    assert_int_equal(batch(scenario, columns, MOST, out), SPEEDUP_OK);
    assert_ok(speedup_scenario_estimate(scenario, values, METRICS));
    for (int m = 0; m < METRICS; m++)
        for (int i = 0; i < MOST; i++)
            assert_bits(out[m][i], values[m]);
    speedup_scenario_unref(scenario);
}

static void a_layout_that_cannot_be_does_not_disturb_its_neighbours(void **state)
{
    (void)state;
    speedup_scenario *scenario = scenario_of(world.catalog, job, PLAIN);
    double tensor[] = {2, 3, -1, 2, NAN, INFINITY, 0, 2, 1e300, 2}, step[10], status[10], alone;
    speedup_column in = {sizeof in, SPEEDUP_VARIABLE_TENSOR, 0, tensor};
    speedup_column out[] = {{sizeof *out, SPEEDUP_METRIC_STEP_SECONDS, 0, step}, {sizeof *out, SPEEDUP_METRIC_STATUS, 0, status}};
    assert_int_equal(speedup_scenario_estimate_batch(scenario, &in, 1, out, 2, 10, 1), SPEEDUP_OK);
    alone = metric_of(world.catalog, job, PLAIN, SPEEDUP_METRIC_STEP_SECONDS);
    for (int i = 0; i < 10; i++) {
        assert_bits(status[i], tensor[i] == 2 ? 0.0 : SPEEDUP_DOES_NOT_DIVIDE);
        assert_bits(step[i], tensor[i] == 2 ? alone : 0.0);
    }
    speedup_scenario_unref(scenario);
}

static void a_requirement_of_the_layout_rules_lanes_out(void **state)
{
    (void)state;
    speedup_scenario *scenario = scenario_of(world.catalog, job, WITH("train.optimizations=[zero-1]"));
    double accelerators[] = {2, 16, 2}, status[3];
    speedup_column in = {sizeof in, SPEEDUP_VARIABLE_ACCELERATORS, 0, accelerators};
    speedup_column out = {sizeof out, SPEEDUP_METRIC_STATUS, 0, status};
    assert_int_equal(speedup_scenario_estimate_batch(scenario, &in, 1, &out, 1, 3, 1), SPEEDUP_OK);
    assert_bits(status[0], SPEEDUP_REQUIREMENT);
    assert_bits(status[1], 0.0);
    assert_bits(status[2], SPEEDUP_REQUIREMENT);
    speedup_scenario_unref(scenario);
}

static void columns_of_data_must_agree_with_the_rest(void **state)
{
    (void)state;
    speedup_scenario *scenario = scenario_of(world.catalog, job, PLAIN);
    double data[] = {8, 4, 16, 8}, accumulation[] = {4, 8, 2, 3}, accelerators[] = {16, 8, 32, 16}, status[4];
    speedup_column in[] = {{sizeof *in, SPEEDUP_VARIABLE_DATA, 0, data}, {sizeof *in, SPEEDUP_VARIABLE_ACCUMULATION, 0, accumulation},
                           {sizeof *in, SPEEDUP_VARIABLE_ACCELERATORS, 0, accelerators}};
    speedup_column out = {sizeof out, SPEEDUP_METRIC_STATUS, 0, status};
    /* Accelerators follow from the copies where nothing else says how many there are. */
    for (size_t inputs = 2; inputs <= 3; inputs++) {
        assert_int_equal(speedup_scenario_estimate_batch(scenario, in, inputs, &out, 1, 4, 1), SPEEDUP_OK);
        for (int i = 0; i < 3; i++)
            assert_bits(status[i], 0.0);
        assert_bits(status[3], SPEEDUP_DOES_NOT_DIVIDE); /* 8 ranks x 3 x 2 sequences are not 64 */
    }
    accelerators[1] = 16; /* 4 x 2 are not 16 */
    assert_int_equal(speedup_scenario_estimate_batch(scenario, in, 3, &out, 1, 4, 1), SPEEDUP_OK);
    assert_bits(status[1], SPEEDUP_DOES_NOT_DIVIDE);
    speedup_scenario_unref(scenario);
}

static void numbers_that_no_layout_has_are_refused(void **state)
{
    (void)state;
    static const struct {
        int32_t variable;
        double value;
    } cases[] = {
        {SPEEDUP_VARIABLE_PIPELINE, 1.5}, {SPEEDUP_VARIABLE_ATTENTION_DATA, 1.5}, {SPEEDUP_VARIABLE_ATTENTION_DATA, 2},
        {SPEEDUP_VARIABLE_EXPERT, 3},     {SPEEDUP_VARIABLE_EXPERT, 1e6},         {SPEEDUP_VARIABLE_ENDS_AS_LAYERS, 7.5},
        {SPEEDUP_VARIABLE_ENDS_AS_LAYERS, (double)NAN}, {SPEEDUP_VARIABLE_CONCURRENCY, 4}, {SPEEDUP_VARIABLE_CONCURRENCY, -1},
        {SPEEDUP_VARIABLE_TENSOR, 0},     {SPEEDUP_VARIABLE_TENSOR, (double)INFINITY}, {SPEEDUP_VARIABLE_ACCELERATORS, 1e300},
        {SPEEDUP_VARIABLE_DATA, 2.5},     {SPEEDUP_VARIABLE_DATA, (double)NAN}, {SPEEDUP_VARIABLE_ACCUMULATION, 0.5},
    };
    const char *const leave[] = {"train.uneven=false", "train.uneven=true"};
    for (int uneven = 0; uneven < 2; uneven++) {
        speedup_scenario *scenario = scenario_of(world.catalog, job, WITH(leave[uneven]));
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
            double value = cases[i].value, status, fits = 1;
            speedup_column in = {sizeof in, cases[i].variable, 0, &value};
            speedup_column out[] = {{sizeof *out, SPEEDUP_METRIC_STATUS, 0, &status}, {sizeof *out, SPEEDUP_METRIC_FITS, 0, &fits}};
            assert_int_equal(speedup_scenario_estimate_batch(scenario, &in, 1, out, 2, 1, 1), SPEEDUP_OK);
            assert_bits(status, SPEEDUP_DOES_NOT_DIVIDE);
            assert_bits(fits, 0.0);
        }
        speedup_scenario_unref(scenario);
    }
}

static void columns_are_checked(void **state)
{
    (void)state;
    speedup_scenario *scenario = scenario_of(world.catalog, job, PLAIN);
    double one[1] = {2};
    const speedup_column good = {sizeof good, SPEEDUP_VARIABLE_TENSOR, 0, one}, answer = {sizeof good, SPEEDUP_METRIC_FITS, 0, one};
    const speedup_column bad[] = {{4, SPEEDUP_VARIABLE_TENSOR, 0, one}, {sizeof good, -1, 0, one}, {sizeof good, 100000, 0, one},
                                  {sizeof good, SPEEDUP_VARIABLE_TENSOR, 0, NULL}, {sizeof good, SPEEDUP_VARIABLE_TENSOR, 1, one},
                                  {sizeof good, SPEEDUP_VARIABLE_HIDDEN, 0, one}}, twice[] = {good, good};
    assert_int_equal(speedup_scenario_estimate_batch(scenario, twice, 2, &answer, 1, 1, 1), SPEEDUP_INVALID_ARGUMENT);
    for (int i = 0; i < 6; i++)
        assert_int_equal(speedup_scenario_estimate_batch(scenario, &bad[i], 1, &answer, 1, 1, 1), SPEEDUP_INVALID_ARGUMENT);
    for (int i = 0; i < 5; i++)
        assert_int_equal(speedup_scenario_estimate_batch(scenario, &good, 1, &bad[i], 1, 1, 1), SPEEDUP_INVALID_ARGUMENT);
    assert_int_equal(speedup_scenario_estimate_batch(scenario, NULL, 0, NULL, 0, 0, 1), SPEEDUP_OK);
    assert_int_equal(speedup_scenario_estimate_batch(scenario, &good, 1, &answer, 1, 0, 1), SPEEDUP_OK);
    speedup_scenario_unref(scenario);
}

static void fewer_or_more_values_may_be_asked(void **state)
{
    (void)state;
    speedup_scenario *scenario = scenario_of(world.catalog, job, PLAIN);
    double all[METRICS], some[METRICS + 3] = {0};
    assert_ok(speedup_scenario_estimate(scenario, all, METRICS));
    assert_ok(speedup_scenario_estimate(scenario, some, 3));
    assert_bits(some[2], all[2]);
    assert_bits(some[3], 0.0);
    some[METRICS] = 5;
    assert_ok(speedup_scenario_estimate(scenario, some, METRICS + 3)); /* of a later version */
    assert_memory_equal(some, all, sizeof all);
    assert_bits(some[METRICS], 0.0);
    speedup_scenario_unref(scenario);
}

static void an_interval_is_log_normal(void **state)
{
    (void)state;
    double values[METRICS] = {0}, low, high;
    values[SPEEDUP_METRIC_STEP_SECONDS] = 2;
    values[SPEEDUP_METRIC_TIME_SIGMA] = 0.1;
    static const struct {
        double probability, z;
    } normal[] = {{0.5, 0.6744897501960817}, {0.9, 1.6448536269514722}, {0.99, 2.5758293035489004}, {0.999, 3.2905267314919255},
                  {0.01, 0.012533469508069276}};
    for (int i = 0; i < 5; i++) {
        assert_int_equal(speedup_metric_interval(values, METRICS, SPEEDUP_METRIC_STEP_SECONDS, normal[i].probability, &low, &high),
                         SPEEDUP_OK);
        assert_near(high, 2 * exp(0.1 * normal[i].z), 1e-9);
        assert_near(low * high, 4, 1e-12);
    }
}

static void only_times_and_the_peak_memory_have_intervals(void **state)
{
    (void)state;
    double values[METRICS], low, high;
    estimate_of(world.catalog, job, PLAIN, values);
    for (int m = 0; m < METRICS; m++) {
        assert_int_equal(speedup_metric_interval(values, METRICS, m, 0.9, &low, &high), SPEEDUP_OK);
        assert_true(low <= values[m] && values[m] <= high);
    }
    speedup_metric_interval(values, METRICS, SPEEDUP_METRIC_MEMORY_PEAK, 0.9, &low, &high);
    assert_true(low < high);
    speedup_metric_interval(values, METRICS, SPEEDUP_METRIC_RUN_SECONDS, 0.9, &low, &high);
    assert_true(low < high);
    speedup_metric_interval(values, METRICS, SPEEDUP_METRIC_STEPS, 0.9, &low, &high);
    assert_bits(low, high);
}

static void an_interval_has_a_probability_between_0_and_1(void **state)
{
    (void)state;
    double values[METRICS] = {0}, low, high;
    static const double bad[] = {0, 1, -1, 2, NAN};
    for (int i = 0; i < 5; i++)
        assert_int_equal(speedup_metric_interval(values, METRICS, 2, bad[i], &low, &high), SPEEDUP_INVALID_ARGUMENT);
    assert_int_equal(speedup_metric_interval(values, METRICS, METRICS, 0.9, &low, &high), SPEEDUP_INVALID_ARGUMENT);
    assert_int_equal(speedup_metric_interval(values, METRICS, -1, 0.9, &low, &high), SPEEDUP_INVALID_ARGUMENT);
    assert_int_equal(speedup_metric_interval(values, 2, 2, 0.9, &low, &high), SPEEDUP_INVALID_ARGUMENT);
    assert_int_equal(speedup_metric_interval(values, 3, 2, 0.9, &low, &high), SPEEDUP_INVALID_ARGUMENT); /* its sigma is not among them */
}

static void the_components_of_memory_add_up_to_the_peak(void **state)
{
    (void)state;
    static const char *const layouts[] = {"train.layout={tensor: 1}", "train.layout={tensor: 2, pipeline: 4}", "train.layout={context: 2}",
                                          "train.layout={pipeline: 2, virtual_stages: 2}"};
    for (int i = 0; i < 4; i++) {
        double values[METRICS], sum = 0;
        estimate_of(world.catalog, job, WITH(layouts[i]), values);
        for (int m = SPEEDUP_METRIC_MEMORY_WEIGHTS; m <= SPEEDUP_METRIC_MEMORY_RUNTIME; m++) {
            assert_true(values[m] >= 0);
            sum += values[m];
        }
        assert_bits(sum, values[SPEEDUP_METRIC_MEMORY_PEAK]);
        assert_near(values[SPEEDUP_METRIC_MEMORY_HEADROOM], 80. * 1073741824 - sum, 1e-12);
        assert_bits(values[SPEEDUP_METRIC_FITS], values[SPEEDUP_METRIC_MEMORY_HEADROOM] >= 0);
    }
}

static void the_terms_of_time_add_up_to_the_step(void **state)
{
    (void)state;
    static const char *const layouts[] = {"train.layout={tensor: 1}", "train.layout={tensor: 2, pipeline: 4}", "train.layout={context: 2}",
                                          "train.layout={pipeline: 2, virtual_stages: 2}", "train.layout={pipeline: 2, ends_as_layers: true}"};
    for (int i = 0; i < 5; i++) {
        double values[METRICS], sum = 0;
        estimate_of(world.catalog, job, WITH(layouts[i]), values);
        for (int m = SPEEDUP_METRIC_TIME_MATMUL; m <= SPEEDUP_METRIC_TIME_FIXED; m++)
            sum += values[m];
        assert_near(sum, values[SPEEDUP_METRIC_STEP_SECONDS], 1e-9);
    }
}

static void the_run_follows_from_the_step(void **state)
{
    (void)state;
    double v[METRICS];
    estimate_of(world.catalog, job, WITH("train.price=2 USD/h"), v);
    assert_bits(v[SPEEDUP_METRIC_STEPS], ceil(1e12 / (64 * 2048))); /* whole ones */
    assert_near(v[SPEEDUP_METRIC_RUN_SECONDS], v[SPEEDUP_METRIC_STEPS] * v[SPEEDUP_METRIC_STEP_SECONDS], 1e-12);
    assert_near(v[SPEEDUP_METRIC_ACCELERATOR_HOURS], v[SPEEDUP_METRIC_RUN_EXPECTED_SECONDS] * 16 / 3600, 1e-12);
    assert_near(v[SPEEDUP_METRIC_COST], 2 * v[SPEEDUP_METRIC_ACCELERATOR_HOURS], 1e-12);
    assert_near(v[SPEEDUP_METRIC_TOKENS_PER_SECOND], 64 * 2048 / v[SPEEDUP_METRIC_STEP_SECONDS], 1e-12);
    assert_near(v[SPEEDUP_METRIC_TOKENS_PER_SECOND], 16 * v[SPEEDUP_METRIC_TOKENS_PER_SECOND_PER_ACCELERATOR], 1e-12);
}

static void failures_cost_time_as_young_and_daly_say(void **state)
{
    (void)state;
    speedup_catalog *catalog = extend(world.catalog, "systems:\n  frail: {base: dgx-a100-80gb, failures: 0.01 /day}\n");
    double v[METRICS];
    estimate_of(catalog, job, WITH("train.system=frail", "train.checkpoint=100 s", "train.restart=500 s"), v);
    double mtbf = 86400 / (0.01 * 16), interval = sqrt(2 * 100 * mtbf);
    assert_near(v[SPEEDUP_METRIC_RUN_EXPECTED_SECONDS],
                v[SPEEDUP_METRIC_RUN_SECONDS] * (1 + 100 / interval) / (1 - (interval / 2 + 500) / mtbf), 1e-9);
    speedup_catalog_unref(catalog);
}

/* A system with one quantity of its accelerator changed. */
static double step_with(const char *change, const char *layout)
{
    char yaml[400];
    snprintf(yaml, sizeof yaml,
             "accelerators:\n  own: {base: a100-sxm-80gb, %s}\nsystems:\n  own: {base: dgx-a100-80gb, accelerator: own}\n%s", change, job);
    return metric_of(world.catalog, yaml, WITH("train.system=own", layout), SPEEDUP_METRIC_STEP_SECONDS);
}

static void a_faster_chip_is_never_slower(void **state)
{
    (void)state;
    static const char *const layouts[] = {"train.layout={tensor: 1}", "train.layout={tensor: 8}", "train.layout={pipeline: 4}", "train.layout={context: 4}"};
    for (int l = 0; l < 4; l++) {
        double last[3] = {HUGE_VAL, HUGE_VAL, HUGE_VAL};
        for (double factor = 0.25; factor <= 16; factor *= 2) {
            char change[3][80];
            snprintf(change[0], sizeof change[0], "bandwidth: %.0f GB/s", 2000 * factor);
            snprintf(change[1], sizeof change[1], "peak: {bf16: %.0f TFLOP/s}", 300 * factor);
            snprintf(change[2], sizeof change[2], "link: %.0f GB/s", 300 * factor);
            for (int c = 0; c < 3; c++) {
                double now = step_with(change[c], layouts[l]);
                assert_true(now <= last[c] * (1 + 1e-12));
                last[c] = now;
            }
        }
    }
}

static void a_faster_network_is_never_slower(void **state)
{
    (void)state;
    double last = HUGE_VAL;
    for (double network = 10; network < 10000; network *= 2) {
        char yaml[500];
        snprintf(yaml, sizeof yaml, "systems:\n  own: {base: dgx-a100-80gb, network: %.0f GB/s}\n%s", network, job);
        double now = metric_of(world.catalog, yaml, WITH("train.system=own"), SPEEDUP_METRIC_STEP_SECONDS);
        assert_true(now <= last * (1 + 1e-12));
        last = now;
    }
}

/* With every fixed time at 0, a machine c times as fast takes 1/c of every term. */
static void time_scales_with_the_rates_of_the_machine(void **state)
{
    (void)state;
    static const char still[] = "train.calibration={data_latency: 0, tree_latency: 0, kernel_seconds: 0, matmul_seconds: 0, host_forward: 0, host_backward: 0, "
                                "blocking_seconds: 0, step_seconds: 0, all_reduce_fixed: 0, all_reduce_rank: 0, all_reduce_ramp: 0}";
    static const char *const layouts[] = {"train.layout={tensor: 2}", "train.layout={pipeline: 4, tensor: 2}", "train.layout={context: 2}"};
    for (int l = 0; l < 3; l++) {
        double terms[2][METRICS];
        for (int i = 0; i < 2; i++) {
            double c = i ? 3 : 1;
            char yaml[1000];
            snprintf(yaml, sizeof yaml,
                     "accelerators:\n  own: {base: a100-sxm-80gb, peak: {fp32: %.1f TFLOP/s, bf16: %.0f TFLOP/s}, bandwidth: %.0f GB/s, "
                     "link: %.0f GB/s, host_link: %.0f GB/s}\nsystems:\n  own: {base: dgx-a100-80gb, accelerator: own, network: %.0f GB/s}\n%s",
                     19.5 * c, 312 * c, 2000 * c, 300 * c, 32 * c, 200 * c, job);
            estimate_of(world.catalog, yaml, WITH("train.system=own", still, layouts[l], "train.optimizations=[bf16-mixed-precision, optimizer-offload]"), terms[i]);
        }
        for (int m = SPEEDUP_METRIC_TIME_MATMUL; m <= SPEEDUP_METRIC_TIME_FIXED; m++)
            assert_near(terms[1][m] * 3, terms[0][m], 1e-9);
    }
}

static void sharding_more_never_needs_more_memory(void **state)
{
    (void)state;
    static const char *const stages[] = {"", "zero-1", "zero-2", "zero-3"};
    double last[METRICS];
    for (int i = 0; i < 4; i++) {
        char setting[200];
        double v[METRICS];
        snprintf(setting, sizeof setting, "train.optimizations=[bf16-mixed-precision, flash-attention-2%s%s]", i ? ", " : "", stages[i]);
        estimate_of(world.catalog, job, WITH(setting, "train.layout={tensor: 1}"), v);
        static const int held[] = {SPEEDUP_METRIC_MEMORY_WEIGHTS, SPEEDUP_METRIC_MEMORY_GRADIENTS, SPEEDUP_METRIC_MEMORY_OPTIMIZER, SPEEDUP_METRIC_MEMORY_PEAK};
        for (int h = 0; i && h < 4; h++)
            assert_true(v[held[h]] <= last[held[h]]);
        memcpy(last, v, sizeof last);
    }
    /* And with more ranks to shard over, less for each. */
    double before = HUGE_VAL;
    for (int n = 2; n <= 64; n *= 2) {
        char accelerators[60];
        snprintf(accelerators, sizeof accelerators, "train.accelerators=%d", n);
        double now = metric_of(world.catalog, job, WITH(accelerators, "train.layout={tensor: 1}", "train.micro_batch=1", "train.optimizations=[bf16-mixed-precision, zero-3]"),
                               SPEEDUP_METRIC_MEMORY_OPTIMIZER);
        assert_true(now < before);
        before = now;
    }
}

static void gradient_accumulation_is_linear(void **state)
{
    (void)state;
    double t[4];
    for (int m = 1; m <= 3; m++) {
        char batch_setting[60];
        snprintf(batch_setting, sizeof batch_setting, "train.global_batch=%d", 16 * m);
        t[m] = metric_of(world.catalog, job, WITH(batch_setting), SPEEDUP_METRIC_STEP_SECONDS);
    }
    assert_near(t[2] - t[1], t[3] - t[2], 1e-9);
}

static void the_bubble_of_a_pipeline_shrinks_with_accumulation(void **state)
{
    (void)state;
    double share = 1;
    for (int b = 64; b <= 1024; b *= 2) {
        char setting[60];
        double v[METRICS];
        snprintf(setting, sizeof setting, "train.global_batch=%d", b);
        estimate_of(world.catalog, job, WITH(setting, "train.layout={pipeline: 4}"), v);
        double now = v[SPEEDUP_METRIC_TIME_BUBBLE] / v[SPEEDUP_METRIC_STEP_SECONDS];
        assert_true(now > 0 && now < share);
        share = now;
    }
}

static void recomputation_trades_time_for_memory(void **state)
{
    (void)state;
    double plain[METRICS], again[METRICS];
    estimate_of(world.catalog, job, PLAIN, plain);
    estimate_of(world.catalog, job, WITH("train.optimizations=[bf16-mixed-precision, flash-attention-2, activation-checkpointing]"), again);
    assert_true(again[SPEEDUP_METRIC_STEP_SECONDS] > plain[SPEEDUP_METRIC_STEP_SECONDS]);
    assert_true(again[SPEEDUP_METRIC_MEMORY_PEAK] < plain[SPEEDUP_METRIC_MEMORY_PEAK]);
    assert_true(again[SPEEDUP_METRIC_HARDWARE_UTILIZATION] > again[SPEEDUP_METRIC_MODEL_UTILIZATION]);
}

static void an_evaluation_is_forward_passes_between_steps(void **state)
{
    (void)state;
    double plain[METRICS], v[METRICS], twice[METRICS], again[METRICS];
    const char *checkpointing = "train.optimizations=[bf16-mixed-precision, flash-attention-2, activation-checkpointing]";
    estimate_of(world.catalog, job, PLAIN, plain);
    estimate_of(world.catalog, job, WITH("train.evaluation={tokens: 131072, every: 1000}"), v); /* the tokens of a step */
    estimate_of(world.catalog, job, WITH("train.evaluation={tokens: 262144, every: 1000}"), twice);
    estimate_of(world.catalog, job, WITH("train.evaluation={tokens: 131072, every: 1000}", checkpointing), again);
    double step = plain[SPEEDUP_METRIC_STEP_SECONDS], evaluation = v[SPEEDUP_METRIC_TIME_EVALUATION];
    assert_bits(plain[SPEEDUP_METRIC_TIME_EVALUATION], 0);
    assert_bits(v[SPEEDUP_METRIC_STEP_SECONDS], step);
    assert_true(evaluation > 0.25 * step && evaluation < 0.36 * step);
    assert_near(twice[SPEEDUP_METRIC_TIME_EVALUATION], 2 * evaluation, 1e-12);
    /* What is done again to go back is not done. */
    assert_near(again[SPEEDUP_METRIC_TIME_EVALUATION], evaluation, 0.05);
    assert_near(v[SPEEDUP_METRIC_RUN_SECONDS], plain[SPEEDUP_METRIC_RUN_SECONDS] + floor(v[SPEEDUP_METRIC_STEPS] / 1000) * evaluation, 1e-12);
}

static const char offloaded[] =
    "train: {model: gpt-3-175b, system: dgx-a100-80gb, accelerators: 64, sequence: 2048, global_batch: 1536, micro_batch: 12, "
    "optimizations: [bf16-mixed-precision, flash-attention-2, zero-3, activation-offload]}\n";

static void what_is_offloaded_must_fit_into_the_host(void **state)
{
    (void)state;
    double full[METRICS], small[METRICS], state_of_adam[METRICS], without[METRICS];
    estimate_of(world.catalog, offloaded, PLAIN, full);
    assert_true(full[SPEEDUP_METRIC_MEMORY_HEADROOM] > 0 && full[SPEEDUP_METRIC_MEMORY_HOST] > 2e12);
    assert_bits(full[SPEEDUP_METRIC_FITS], 0);
    estimate_of(world.catalog, offloaded, WITH("train.micro_batch=3"), small);
    assert_true(small[SPEEDUP_METRIC_MEMORY_HOST] < 2e12);
    assert_bits(small[SPEEDUP_METRIC_FITS], 1);
    /* What leaves the accelerators is found in their host. */
    estimate_of(world.catalog, offloaded, WITH("train.optimizations=[bf16-mixed-precision, zero-3]"), without);
    estimate_of(world.catalog, offloaded, WITH("train.optimizations=[bf16-mixed-precision, zero-3, optimizer-offload]"), state_of_adam);
    assert_true(fabs(8 * without[SPEEDUP_METRIC_MEMORY_OPTIMIZER] / state_of_adam[SPEEDUP_METRIC_MEMORY_HOST] - 1) < 1e-12);
    assert_bits(state_of_adam[SPEEDUP_METRIC_MEMORY_OPTIMIZER], 0);
    assert_bits(without[SPEEDUP_METRIC_MEMORY_HOST], 0);
}

static void utilization_stays_below_one(void **state)
{
    (void)state;
    const char *id;
    for (size_t i = 0; speedup_catalog_at(world.catalog, "systems", i, &id, NULL) == SPEEDUP_OK; i++) {
        char setting[120];
        double v[METRICS];
        snprintf(setting, sizeof setting, "train.system=%s", id);
        estimate_of(world.catalog, job, WITH(setting, "train.layout={tensor: 1}", "train.optimizations=[]"), v);
        assert_true(v[SPEEDUP_METRIC_MODEL_UTILIZATION] > 0 && v[SPEEDUP_METRIC_MODEL_UTILIZATION] < 1);
    }
}

static void every_model_can_be_estimated(void **state)
{
    (void)state;
    const char *id;
    for (size_t i = 0; speedup_catalog_at(world.catalog, "models", i, &id, NULL) == SPEEDUP_OK; i++) {
        char setting[120];
        double v[METRICS];
        snprintf(setting, sizeof setting, "train.model=%s", id);
        estimate_of(world.catalog, job, WITH(setting, "train.layout={tensor: 1}", "train.sequence=512"), v);
        assert_true(v[SPEEDUP_METRIC_STEP_SECONDS] > 0 && isfinite(v[SPEEDUP_METRIC_STEP_SECONDS]));
        assert_true(v[SPEEDUP_METRIC_MEMORY_PEAK] > 0 && isfinite(v[SPEEDUP_METRIC_MEMORY_PEAK]));
    }
}

static void the_chance_to_run_out_of_memory_is_one_half_at_the_edge(void **state)
{
    (void)state;
    double peak = metric_of(world.catalog, job, PLAIN, SPEEDUP_METRIC_MEMORY_PEAK);
    char yaml[1000];
    for (double factor = 0.5; factor <= 2; factor *= 2) {
        snprintf(yaml, sizeof yaml, "accelerators:\n  own: {base: a100-sxm-80gb, memory: %.0f B}\nsystems:\n  own: {base: dgx-a100-80gb, accelerator: own}\n%s",
                 peak * factor, job);
        double chance = metric_of(world.catalog, yaml, WITH("train.system=own"), SPEEDUP_METRIC_OUT_OF_MEMORY);
        if (factor < 1)
            assert_true(chance > 0.99);
        else if (factor > 1)
            assert_true(chance < 0.01);
        else
            assert_near(chance, 0.5, 1e-6);
    }
}

static void layouts_that_cannot_be_are_refused_with_their_numbers(void **state)
{
    (void)state;
    assert_int_equal(refused_scenario(world.catalog, job, WITH("train.layout={tensor: 3}")), SPEEDUP_DOES_NOT_DIVIDE);
    assert_int_equal(refused_scenario(world.catalog, job, WITH("train.layout={tensor: 64}", "train.accelerators=64")), SPEEDUP_DOES_NOT_DIVIDE);
    assert_int_equal(refused_scenario(world.catalog, job, WITH("train.layout={pipeline: 64}", "train.accelerators=64")), SPEEDUP_DOES_NOT_DIVIDE);
    assert_int_equal(refused_scenario(world.catalog, job, WITH("train.layout={virtual_stages: 2}")), SPEEDUP_DOES_NOT_DIVIDE);
    assert_int_equal(refused_scenario(world.catalog, job, WITH("train.layout={expert: 2}")), SPEEDUP_DOES_NOT_DIVIDE);
    assert_int_equal(refused_scenario(world.catalog, job, WITH("train.global_batch=63")), SPEEDUP_DOES_NOT_DIVIDE);
    assert_int_equal(refused_scenario(world.catalog, job, WITH("train.model=gpt-2-xl", "train.layout={}", "train.sequence=4096")), SPEEDUP_TOO_LONG);
}

static void uneven_jobs_may_be_asked_for(void **state)
{
    (void)state;
    double v[METRICS];
    estimate_of(world.catalog, job, WITH("train.uneven=true", "train.global_batch=63"), v);
    assert_true(v[SPEEDUP_METRIC_STEP_SECONDS] > 0);
}

/* One prompt through an engine that launches chunks of 512 tokens ahead. */
static double generation(const char *job_of, const char *calibration, int32_t metric)
{
    char yaml[700], setting[200];
    snprintf(yaml, sizeof yaml, "accelerators:\n  small: {base: a100-sxm-80gb, cache: 1 kB}\n  large: {base: a100-sxm-80gb, cache: 1 TB}\n"
                                "systems:\n  small: {base: dgx-a100-80gb, accelerator: small}\n  large: {base: dgx-a100-80gb, accelerator: large}\n"
                                "generate: {stack: llama-cpp, batch: 1, %s}\n", job_of);
    snprintf(setting, sizeof setting, "generate.calibration={%s}", calibration);
    return metric_of(world.catalog, yaml, WITH(setting), metric);
}

static void a_full_queue_of_launches_stalls_a_pipeline(void **state)
{
    (void)state;
    static const char stages[] = "model: llama-3-1-70b, system: small, accelerators: 4, prompt: 4096, output: 2, layout: {pipeline: 4}";
    /* 8 chunks, 20 layers a stage; a chunk follows another after `every` times of a stage. */
    static const struct {
        const char *calibration;
        double every;
    } cases[] = {
        {"queued_layers: 1e9, queued_batches: 1e9", 1}, {"queued_layers: 10, queued_batches: 1e9", 4 - 0.5},
        {"queued_layers: 20, queued_batches: 1e9", 3},  {"queued_layers: 40, queued_batches: 1e9", 1.5},
        {"queued_layers: 1e9, queued_batches: 2", 2},
    };
    double free = generation(stages, cases[0].calibration, SPEEDUP_METRIC_PREFILL_SECONDS);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_near(generation(stages, cases[i].calibration, SPEEDUP_METRIC_PREFILL_SECONDS) / free, (7 * cases[i].every + 4) / 11, 1e-9);
}

static void what_kernels_move_and_compute_takes_its_time(void **state)
{
    (void)state;
    static const char half[] = "model: llama-2-7b, system: small, accelerators: 1, prompt: 1024, output: 2";
    static const char narrow[] = "model: llama-2-7b, system: small, accelerators: 1, prompt: 1024, output: 2, optimizations: [q4-k-m]";
    static const char cached[] = "model: llama-2-7b, system: large, accelerators: 1, prompt: 1024, output: 2";
    const double weights = 32 * (4 * 4096.0 * 4096 + 3 * 4096.0 * 11008), head = 32000 * 4096.0, bandwidth = 2039e9 * 0.79;
    const int32_t prefill = SPEEDUP_METRIC_PREFILL_SECONDS, step = SPEEDUP_METRIC_DECODE_SECONDS;
    /* Weights are widened in both chunks. */
    double widened = generation(narrow, "unpack_bytes: 3", prefill) - generation(narrow, "unpack_bytes: 1", prefill);
    assert_near(widened, 2 * 2 * weights / bandwidth, 1e-9);
    assert_near(generation(half, "unpack_bytes: 3", prefill), generation(half, "unpack_bytes: 0", prefill), 1e-12);
    /* Tokens cross memory between products, unless the last cache holds them. */
    double moved = generation(half, "hidden_bytes: 200", prefill) - generation(half, "hidden_bytes: 100", prefill);
    assert_near(moved, 100 * 1024 * 32 * 4096.0 / bandwidth, 1e-6);
    assert_near(generation(cached, "hidden_bytes: 200", prefill), generation(cached, "hidden_bytes: 100", prefill), 1e-6);
    /* Of an operation that takes 100 pJ, 400 W pay for 4 TFLOP/s. */
    assert_near(generation(half, "product_energy: 1e-10", prefill), 2 * weights * 1024 / 4e12, 0.06);
    /* Twice the rate is for who accumulates in 16 bits. */
    double wide = generation(half, "half_accumulation: 2, accumulates_half: 0", prefill);
    assert_true(generation(half, "half_accumulation: 2", prefill) < 0.9 * wide);
    assert_near(generation(half, "half_accumulation: 1", prefill), wide, 1e-12);
    /* A thousand operations a weight at 19.5 TFLOP/s, in decode alone. */
    assert_near(generation(half, "vector_work: 1000", step), 1000 * (weights + head) / 19.5e12, 0.03);
    assert_near(generation(half, "vector_work: 1000", prefill), generation(half, "vector_work: 0", prefill), 1e-12);
}

static void a_scenario_outlives_its_catalog_and_context(void **state)
{
    (void)state;
    speedup_context *context;
    speedup_catalog *catalog;
    speedup_scenario *scenario;
    double values[METRICS], before[METRICS];
    assert_int_equal(speedup_context_create(NULL, &context), SPEEDUP_OK);
    assert_int_equal(speedup_catalog_create(context, &catalog), SPEEDUP_OK);
    assert_int_equal(speedup_scenario_create(context, catalog, "t", job, strlen(job), NULL, 0, &scenario), SPEEDUP_OK);
    assert_int_equal(speedup_scenario_estimate(scenario, before, METRICS), SPEEDUP_OK);
    speedup_catalog_unref(catalog);
    speedup_context_destroy(context);
    assert_ptr_equal(speedup_scenario_ref(scenario), scenario);
    speedup_scenario_unref(scenario);
    assert_int_equal(speedup_scenario_estimate(scenario, values, METRICS), SPEEDUP_OK);
    assert_memory_equal(values, before, sizeof values);
    speedup_scenario_unref(scenario);
    assert_null(speedup_scenario_ref(NULL));
    speedup_scenario_unref(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_batch_gives_the_bits_of_single_estimates_of_a_dense_model),
        cmocka_unit_test(a_batch_gives_the_bits_of_single_estimates_of_experts),
        cmocka_unit_test(a_batch_gives_the_bits_of_single_estimates_of_software_as_people_write_it),
        cmocka_unit_test(a_batch_of_services_gives_the_bits_of_single_estimates),
        cmocka_unit_test(every_kernel_gives_the_same_bits),
        cmocka_unit_test(every_lane_gives_the_same_bits),
        cmocka_unit_test(a_layout_that_cannot_be_does_not_disturb_its_neighbours),
        cmocka_unit_test(a_requirement_of_the_layout_rules_lanes_out),
        cmocka_unit_test(columns_of_data_must_agree_with_the_rest),
        cmocka_unit_test(numbers_that_no_layout_has_are_refused),
        cmocka_unit_test(columns_are_checked),
        cmocka_unit_test(fewer_or_more_values_may_be_asked),
        cmocka_unit_test(an_interval_is_log_normal),
        cmocka_unit_test(only_times_and_the_peak_memory_have_intervals),
        cmocka_unit_test(an_interval_has_a_probability_between_0_and_1),
        cmocka_unit_test(the_components_of_memory_add_up_to_the_peak),
        cmocka_unit_test(the_terms_of_time_add_up_to_the_step),
        cmocka_unit_test(the_run_follows_from_the_step),
        cmocka_unit_test(failures_cost_time_as_young_and_daly_say),
        cmocka_unit_test(a_faster_chip_is_never_slower),
        cmocka_unit_test(a_faster_network_is_never_slower),
        cmocka_unit_test(time_scales_with_the_rates_of_the_machine),
        cmocka_unit_test(sharding_more_never_needs_more_memory),
        cmocka_unit_test(gradient_accumulation_is_linear),
        cmocka_unit_test(the_bubble_of_a_pipeline_shrinks_with_accumulation),
        cmocka_unit_test(recomputation_trades_time_for_memory),
        cmocka_unit_test(an_evaluation_is_forward_passes_between_steps),
        cmocka_unit_test(what_is_offloaded_must_fit_into_the_host),
        cmocka_unit_test(utilization_stays_below_one),
        cmocka_unit_test(every_model_can_be_estimated),
        cmocka_unit_test(the_chance_to_run_out_of_memory_is_one_half_at_the_edge),
        cmocka_unit_test(layouts_that_cannot_be_are_refused_with_their_numbers),
        cmocka_unit_test(uneven_jobs_may_be_asked_for),
        cmocka_unit_test(a_full_queue_of_launches_stalls_a_pipeline),
        cmocka_unit_test(what_kernels_move_and_compute_takes_its_time),
        cmocka_unit_test(a_scenario_outlives_its_catalog_and_context),
    };
    return cmocka_run_group_tests(tests, world_begin, world_end);
}
