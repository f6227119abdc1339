/* What must hold whatever the figures are, on random layouts of random jobs: more of a
 * resource never slows or unfits, a part is not larger than the whole, and times scale
 * with rates. At least 100,000 layouts a run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <speedup/speedup.h>
#include <stdio.h>
#include <string.h>

enum { JOBS = 60, LAYOUTS = 500, METRIC_COUNT = 3 };
static const int32_t asked[METRIC_COUNT] = {SPEEDUP_METRIC_STATUS, SPEEDUP_METRIC_STEP_SECONDS, SPEEDUP_METRIC_MEMORY_PEAK};

static speedup_context *context;
static speedup_catalog *catalog;
static uint32_t seed = 11;
static size_t cases;

static uint32_t any(uint32_t below)
{
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 8) % below;
}

static int set_up(void **state)
{
    (void)state;
    return speedup_context_create(NULL, &context) || speedup_catalog_create(context, &catalog);
}

static int tear_down(void **state)
{
    (void)state;
    print_message("%zu layouts compared\n", cases);
    speedup_catalog_unref(catalog);
    speedup_context_destroy(context);
    return 0;
}

/* Rates of an accelerator and its system, to be scaled one by one. */
struct machine {
    double peak, bandwidth, link, network, memory, host_link;
};

static const struct machine usual = {312e12, 2039e9, 300e9, 200e9, 80, 32e9};

struct job {
    const char *model;
    uint32_t batch;
    char optimizations[200];
};

static struct job random_job(void)
{
    static const char *const models[] = {"llama-2-7b", "gpt-3-13b", "llama-2-70b", "mixtral-8x7b", "gpt-3-175b"};
    static const char *const more[] = {"flash-attention-2", "activation-checkpointing", "selective-checkpointing", "kernel-fusion",
                                       "communication-overlap", "fused-optimizer"};
    struct job job = {models[any(5)], 64u << any(4), "bf16-mixed-precision"};
    for (size_t i = 0; i < sizeof more / sizeof *more; i++)
        if (any(2) && !(i == 2 && strstr(job.optimizations, "activation")))
            snprintf(job.optimizations + strlen(job.optimizations), sizeof job.optimizations - strlen(job.optimizations), ", %s", more[i]);
    return job;
}

static speedup_scenario *make(const struct job *job, const struct machine *m, const char *also, const char *calibration)
{
    char yaml[2000];
    snprintf(yaml, sizeof yaml,
             "accelerators:\n  x:\n    compute_capability: 8.0\n    peak: {bf16: %.17g TFLOP/s, fp32: 19.5 TFLOP/s}\n    memory: %.17g GiB\n"
             "    bandwidth: %.17g GB/s\n    link: %.17g GB/s\n    host_link: %.17g GB/s\n"
             "systems:\n  s: {accelerator: x, accelerators_per_node: 8, network: %.17g GB/s}\n"
             "train:\n  model: %s\n  system: s\n  accelerators: 8\n  sequence: 2048\n  global_batch: %u\n  uneven: true\n"
             "  optimizations: [%s%s]\n  calibration: {%s}\n",
             m->peak / 1e12, m->memory, m->bandwidth / 1e9, m->link / 1e9, m->host_link / 1e9, m->network / 1e9, job->model,
             job->batch, job->optimizations, also, calibration);
    speedup_scenario *scenario;
    if (speedup_scenario_create(context, catalog, "job", yaml, strlen(yaml), NULL, 0, &scenario)) {
        print_error("%s\n%s\n", speedup_diagnostic_text(context, 0), yaml);
        fail();
    }
    return scenario;
}

struct layouts {
    double accelerators[LAYOUTS], tensor[LAYOUTS], pipeline[LAYOUTS], micro_batch[LAYOUTS];
};

static void random_layouts(struct layouts *l)
{
    for (int i = 0; i < LAYOUTS; i++) {
        l->tensor[i] = 1 << any(4);
        l->pipeline[i] = 1 << any(4);
        l->accelerators[i] = l->tensor[i] * l->pipeline[i] * (1 << any(6));
        l->micro_batch[i] = 1 << any(3);
    }
}

static void estimate(const speedup_scenario *scenario, struct layouts *l, double out[METRIC_COUNT][LAYOUTS])
{
    const speedup_column in[] = {{sizeof *in, SPEEDUP_VARIABLE_ACCELERATORS, 0, l->accelerators},
                                 {sizeof *in, SPEEDUP_VARIABLE_TENSOR, 0, l->tensor},
                                 {sizeof *in, SPEEDUP_VARIABLE_PIPELINE, 0, l->pipeline},
                                 {sizeof *in, SPEEDUP_VARIABLE_MICRO_BATCH, 0, l->micro_batch}};
    speedup_column columns[METRIC_COUNT];
    for (int m = 0; m < METRIC_COUNT; m++)
        columns[m] = (speedup_column){sizeof *columns, asked[m], 0, out[m]};
    assert_int_equal(speedup_scenario_estimate_batch(scenario, in, 4, columns, METRIC_COUNT, LAYOUTS, 1), SPEEDUP_OK);
    cases += LAYOUTS;
}

static double before[METRIC_COUNT][LAYOUTS], after[METRIC_COUNT][LAYOUTS];
static struct layouts layouts;

static void more_of_a_resource_never_slows_or_unfits(void **state)
{
    (void)state;
    for (int j = 0; j < JOBS; j++) {
        struct job job = random_job();
        random_layouts(&layouts);
        speedup_scenario *base = make(&job, &usual, "", "");
        estimate(base, &layouts, before);
        for (int resource = 0; resource < 5; resource++) {
            struct machine m = usual;
            double *rates[] = {&m.peak, &m.bandwidth, &m.link, &m.network, &m.memory};
            *rates[resource] *= 1 + any(300) / 100.0;
            speedup_scenario *better = make(&job, &m, "", "");
            estimate(better, &layouts, after);
            for (int i = 0; i < LAYOUTS; i++) {
                assert_true(before[0][i] == after[0][i]);
                assert_true(after[1][i] <= before[1][i] * (1 + 1e-12));
                assert_true(after[2][i] <= before[2][i] * (1 + 1e-12));
            }
            speedup_scenario_unref(better);
        }
        speedup_scenario_unref(base);
    }
}

static void rates_scaled_by_c_scale_time_by_its_inverse(void **state)
{
    (void)state;
    /* Without what is a fixed time. */
    static const char no_fixed[] = "tensor_latency: 0, data_latency: 0, step_seconds: 0, host_seconds: 0, expert_fixed: 0, tree_latency: 0";
    for (int j = 0; j < JOBS; j++) {
        struct job job = random_job();
        double c = 1 + any(400) / 100.0;
        const struct machine m = {usual.peak * c, usual.bandwidth * c, usual.link * c, usual.network * c, usual.memory, usual.host_link * c};
        random_layouts(&layouts);
        speedup_scenario *base = make(&job, &usual, "", no_fixed), *scaled = make(&job, &m, "", no_fixed);
        estimate(base, &layouts, before);
        estimate(scaled, &layouts, after);
        for (int i = 0; i < LAYOUTS; i++)
            assert_true(before[0][i] != 0 || fabs(before[1][i] / after[1][i] / c - 1) < 1e-9);
        speedup_scenario_unref(base);
        speedup_scenario_unref(scaled);
    }
}

static void a_shard_is_not_larger_than_the_whole(void **state)
{
    (void)state;
    static const char *const shards[] = {", zero-1", ", zero-2", ", zero-3", ", fsdp"};
    for (int j = 0; j < JOBS; j++) {
        struct job job = random_job();
        random_layouts(&layouts);
        for (int i = 0; i < LAYOUTS; i++) /* they require more than one data-parallel rank */
            layouts.accelerators[i] *= 2;
        speedup_scenario *base = make(&job, &usual, "", "");
        estimate(base, &layouts, before);
        for (size_t s = 0; s < sizeof shards / sizeof *shards; s++) {
            /* Buffers of gathered layers apart, which sharded weights need. */
            speedup_scenario *sharded = make(&job, &usual, shards[s], "");
            estimate(sharded, &layouts, after);
            for (int i = 0; i < LAYOUTS; i++)
                assert_true(after[0][i] != 0 || s >= 2 || after[2][i] <= before[2][i] * (1 + 1e-12));
            speedup_scenario_unref(sharded);
        }
        speedup_scenario_unref(base);
    }
}

/* A step of more micro-batches grows by the same amount for each. */
static void accumulation_is_linear(void **state)
{
    (void)state;
    for (int j = 0; j < JOBS; j++) {
        struct job job = random_job();
        double seconds[3];
        for (uint32_t k = 0; k < 3; k++) {
            struct job larger = job;
            larger.batch = 64 * (4 + k);
            speedup_scenario *scenario = make(&larger, &usual, "", "");
            struct layouts one = {{8}, {2}, {1}, {2}};
            for (int i = 0; i < LAYOUTS; i++) {
                one.accelerators[i] = 8;
                one.tensor[i] = 2;
                one.pipeline[i] = 1;
                one.micro_batch[i] = 2;
            }
            estimate(scenario, &one, before);
            seconds[k] = before[1][0];
            speedup_scenario_unref(scenario);
        }
        assert_true(fabs((seconds[2] - seconds[1]) / (seconds[1] - seconds[0]) - 1) < 1e-9);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(more_of_a_resource_never_slows_or_unfits),
        cmocka_unit_test(rates_scaled_by_c_scale_time_by_its_inverse),
        cmocka_unit_test(a_shard_is_not_larger_than_the_whole),
        cmocka_unit_test(accumulation_is_linear),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
