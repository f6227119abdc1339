/* What must hold whatever the figures are, on random layouts of random jobs: more of a
 * resource never slows or unfits, a part is not larger than the whole, times scale with
 * rates, micro-batches add up, and the order of what is equal changes no bit. At least
 * 100,000 layouts a run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <speedup/speedup.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { JOBS = 60, LAYOUTS = 500, MOST_NAMES = 12 };

/* A metric of all layouts at once. */
#define STATUS SPEEDUP_METRIC_STATUS
#define STEP SPEEDUP_METRIC_STEP_SECONDS
#define PEAK SPEEDUP_METRIC_MEMORY_PEAK

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
    const char *optimizations[MOST_NAMES];
    size_t count;
    const char *stack; /* "": no one's in particular */
};

static struct job random_job(void)
{
    static const char *const models[] = {"llama-2-7b", "gpt-3-13b", "llama-2-70b", "mixtral-8x7b", "gpt-3-175b"};
    static const char *const more[] = {"flash-attention-2", "activation-checkpointing", "selective-checkpointing", "kernel-fusion",
                                       "communication-overlap", "fused-optimizer", "sequence-parallelism", "optimizer-offload", "activation-offload"};
    /* One whose host and casts are far from nothing, and one that shards its weights. */
    static const char *const stacks[] = {"", "stack: pytorch", "stack: pytorch-fsdp", "stack: torchtitan"};
    struct job job = {models[any(5)], 64u << any(4), {"bf16-mixed-precision"}, 1, stacks[any(4)]};
    for (size_t i = 0; i < sizeof more / sizeof *more; i++)
        if (any(2))
            job.optimizations[job.count++] = more[i];
    return job;
}

/* One of the ways to shard, or none. */
static void shard(struct job *job)
{
    static const char *const ways[] = {"distributed-optimizer", "zero-1", "zero-2", "zero-3", "fsdp", "zero-1-grouped: {group: 4}"};
    size_t way = any(7);
    if (way < 6)
        job->optimizations[job->count++] = ways[way];
}

static void write_names(const struct job *job, char *out)
{
    *out = '\0';
    for (size_t i = 0; i < job->count; i++)
        strcat(strcat(out, i ? ", " : ""), job->optimizations[i]);
}

static speedup_scenario *read(const char *yaml)
{
    speedup_scenario *scenario;
    if (speedup_scenario_create(context, catalog, "job", yaml, strlen(yaml), NULL, 0, &scenario)) {
        print_error("%s\n%s\n", speedup_diagnostic_text(context, 0), yaml);
        fail();
    }
    return scenario;
}

static speedup_scenario *make(const struct job *job, const struct machine *m, const char *also, const char *calibration)
{
    char yaml[5000], names[600];
    write_names(job, names);
    snprintf(yaml, sizeof yaml,
             "accelerators:\n  x:\n    compute_capability: 8.0\n    peak: {bf16: %.17g TFLOP/s, fp32: 19.5 TFLOP/s}\n    memory: %.17g GiB\n"
             "    bandwidth: %.17g GB/s\n    link: %.17g GB/s\n    host_link: %.17g GB/s\n"
             "systems:\n  s: {accelerator: x, accelerators_per_node: 8, network: %.17g GB/s}\n"
             "train:\n  model: %s\n  system: s\n  accelerators: 8\n  sequence: 2048\n  global_batch: %u\n  layout: {tensor: 2}\n  uneven: true\n  %s\n"
             "  optimizations: [%s%s]\n  calibration: {%s}\n",
             m->peak / 1e12, m->memory, m->bandwidth / 1e9, m->link / 1e9, m->host_link / 1e9, m->network / 1e9, job->model,
             job->batch, job->stack, names, also, calibration);
    return read(yaml);
}

struct layouts {
    double accelerators[LAYOUTS], tensor[LAYOUTS], pipeline[LAYOUTS], context[LAYOUTS], micro_batch[LAYOUTS];
};

static void random_layouts(struct layouts *l)
{
    for (int i = 0; i < LAYOUTS; i++) {
        l->tensor[i] = 1 << any(4);
        l->pipeline[i] = 1 << any(4);
        l->context[i] = 1 << any(3);
        l->accelerators[i] = l->tensor[i] * l->pipeline[i] * l->context[i] * (1 << any(6));
        l->micro_batch[i] = 1 << any(3);
    }
}

/* All metrics of all layouts, the columns of both beginning with the one given. */
static void estimate_from(const speedup_scenario *scenario, struct layouts *l, double out[SPEEDUP_METRIC_COUNT][LAYOUTS], size_t begin)
{
    enum { INPUTS = 5 };
    const speedup_column in[INPUTS] = {{sizeof *in, SPEEDUP_VARIABLE_ACCELERATORS, 0, l->accelerators},
                                       {sizeof *in, SPEEDUP_VARIABLE_TENSOR, 0, l->tensor},
                                       {sizeof *in, SPEEDUP_VARIABLE_PIPELINE, 0, l->pipeline},
                                       {sizeof *in, SPEEDUP_VARIABLE_CONTEXT, 0, l->context},
                                       {sizeof *in, SPEEDUP_VARIABLE_MICRO_BATCH, 0, l->micro_batch}};
    speedup_column turned[INPUTS], columns[SPEEDUP_METRIC_COUNT];
    for (size_t i = 0; i < INPUTS; i++)
        turned[i] = in[(i + begin) % INPUTS];
    for (size_t i = 0; i < SPEEDUP_METRIC_COUNT; i++) {
        size_t metric = (i + begin) % SPEEDUP_METRIC_COUNT;
        columns[i] = (speedup_column){sizeof *columns, (int32_t)metric, 0, out[metric]};
    }
    assert_int_equal(speedup_scenario_estimate_batch(scenario, turned, INPUTS, columns, SPEEDUP_METRIC_COUNT, LAYOUTS, 1), SPEEDUP_OK);
    cases += LAYOUTS;
}

static void estimate(const speedup_scenario *scenario, struct layouts *l, double out[SPEEDUP_METRIC_COUNT][LAYOUTS])
{
    estimate_from(scenario, l, out, 0);
}

static double before[SPEEDUP_METRIC_COUNT][LAYOUTS], after[SPEEDUP_METRIC_COUNT][LAYOUTS];
static struct layouts layouts;

static void more_of_a_resource_never_slows_or_unfits(void **state)
{
    (void)state;
    for (int j = 0; j < JOBS; j++) {
        struct job job = random_job();
        shard(&job);
        random_layouts(&layouts);
        speedup_scenario *base = make(&job, &usual, "", "");
        estimate(base, &layouts, before);
        for (int resource = 0; resource < 6; resource++) {
            struct machine m = usual;
            double *rates[] = {&m.peak, &m.bandwidth, &m.link, &m.network, &m.memory, &m.host_link};
            *rates[resource] *= 1 + any(300) / 100.0;
            speedup_scenario *better = make(&job, &m, "", "");
            estimate(better, &layouts, after);
            for (int i = 0; i < LAYOUTS; i++) {
                assert_true(before[STATUS][i] == after[STATUS][i]);
                assert_true(before[STATUS][i] != 0 || after[STEP][i] <= before[STEP][i] * (1 + 1e-12));
                if (rates[resource] == &m.link)
                    continue; /* a faster link has more channels, whose buffers take memory */
                assert_true(before[STATUS][i] != 0 || after[SPEEDUP_METRIC_MEMORY_NEEDED][i] <= before[SPEEDUP_METRIC_MEMORY_NEEDED][i] * (1 + 1e-12));
                assert_true(before[STATUS][i] != 0 || after[SPEEDUP_METRIC_FITS][i] >= before[SPEEDUP_METRIC_FITS][i]);
            }
            speedup_scenario_unref(better);
        }
        speedup_scenario_unref(base);
    }
}

static void rates_scaled_by_c_scale_time_by_its_inverse(void **state)
{
    (void)state;
    static const char *const fixed[] = {"data_latency", "tree_latency", "step_seconds", "expert_fixed", "expert_layer", "kernel_seconds", "matmul_seconds",
                                        "host_forward", "host_backward", "all_reduce_fixed", "all_reduce_rank", "all_reduce_ramp",
                                        "all_gather_fixed", "all_gather_rank", "all_gather_ramp", "reduce_scatter_fixed",
                                        "reduce_scatter_rank", "reduce_scatter_ramp", "send_fixed", "send_rank", "send_ramp"};
    for (int j = 0; j < JOBS; j++) {
        struct job job = random_job();
        shard(&job);
        job.stack = ""; /* with times of its own */
        double c = 1 + any(400) / 100.0;
        const struct machine m = {usual.peak * c, usual.bandwidth * c, usual.link * c, usual.network * c, usual.memory, usual.host_link * c};
        /* What takes a time whatever the rates are takes as much less. */
        char shorter[1500] = "";
        for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++) {
            double value;
            assert_int_equal(speedup_catalog_number(catalog, "coefficients", fixed[i], "value", &value), SPEEDUP_OK);
            snprintf(shorter + strlen(shorter), sizeof shorter - strlen(shorter), "%s%s: %.17g", i ? ", " : "", fixed[i], value / c);
        }
        random_layouts(&layouts);
        speedup_scenario *base = make(&job, &usual, "", ""), *scaled = make(&job, &m, "", shorter);
        estimate(base, &layouts, before);
        estimate(scaled, &layouts, after);
        for (int i = 0; i < LAYOUTS; i++)
            assert_true(before[STATUS][i] != 0 || fabs(before[STEP][i] / after[STEP][i] / c - 1) < 1e-9);
        speedup_scenario_unref(base);
        speedup_scenario_unref(scaled);
    }
}

static void a_shard_is_not_larger_than_the_whole(void **state)
{
    (void)state;
    static const char *const shards[] = {", distributed-optimizer", ", zero-1", ", zero-1-broadcast", ", zero-1-grouped", ", zero-2", ", zero-3", ", fsdp"};
    for (int j = 0; j < JOBS; j++) {
        struct job job = random_job();
        random_layouts(&layouts);
        for (int i = 0; i < LAYOUTS; i++) /* they require more than one data-parallel rank */
            layouts.accelerators[i] *= 2;
        speedup_scenario *base = make(&job, &usual, "", "");
        estimate(base, &layouts, before);
        for (size_t s = 0; s < sizeof shards / sizeof *shards; s++) {
            speedup_scenario *sharded = make(&job, &usual, shards[s], "");
            estimate(sharded, &layouts, after);
            for (int i = 0; i < LAYOUTS; i++) {
                assert_true(before[STATUS][i] == after[STATUS][i]);
                /* Buffers of gathered layers are apart: sharded weights need them. So are parts of
                 * memory where another moment of a step may be its peak. */
                for (int m = SPEEDUP_METRIC_MEMORY_WEIGHTS; m <= SPEEDUP_METRIC_MEMORY_RUNTIME && before[STATUS][i] == 0 && !*job.stack; m++)
                    assert_true(m == SPEEDUP_METRIC_MEMORY_BUFFERS || after[m][i] <= before[m][i] * (1 + 1e-12));
            }
            speedup_scenario_unref(sharded);
        }
        speedup_scenario_unref(base);
    }
}

static bool selects(const struct job *job, const char *id)
{
    for (size_t i = 0; i < job->count; i++)
        if (!strcmp(job->optimizations[i], id))
            return true;
    return false;
}

/* A step of more micro-batches grows by the same amount for each. The one gather of ZeRO-2
 * may hide behind them all, so there it may grow by less at first. Where a host is slower
 * than the accelerator, the first is not as the others, but each takes its time. */
static void accumulation_is_linear(void **state)
{
    (void)state;
    static double seconds[3][LAYOUTS];
    for (int j = 0; j < JOBS; j++) {
        struct job job = random_job();
        shard(&job);
        random_layouts(&layouts);
        for (uint32_t k = 0; k < 3; k++) {
            job.batch = 128 * (2 + k);
            speedup_scenario *scenario = make(&job, &usual, "", "");
            estimate(scenario, &layouts, before);
            memcpy(seconds[k], before[STEP], sizeof seconds[k]);
            speedup_scenario_unref(scenario);
        }
        for (int i = 0; i < LAYOUTS; i++) {
            double first = seconds[1][i] - seconds[0][i], second = seconds[2][i] - seconds[1][i];
            bool hides = selects(&job, "zero-2") && selects(&job, "communication-overlap");
            double bend = second - first, rounding = 1e-9 * seconds[2][i];
            assert_true(before[STATUS][i] != 0 || (first > 0 && second > 0 && (*job.stack || bend > -rounding) && (*job.stack || hides || bend < rounding)));
        }
    }
}

/* ---- permuting what is equal ------------------------------------------------------- */

static void shuffle(const char **items, size_t count)
{
    for (size_t i = count; i > 1; i--) {
        size_t j = any((uint32_t)i);
        const char *item = items[i - 1];
        items[i - 1] = items[j];
        items[j] = item;
    }
}

static void assert_same_bits(int layout_before, int layout_after)
{
    for (int m = 0; m < SPEEDUP_METRIC_COUNT; m++)
        assert_memory_equal(&before[m][layout_before], &after[m][layout_after], sizeof(double));
}

/* The columns of a batch, and its layouts. */
static void the_order_of_a_batch_changes_no_bit(void **state)
{
    (void)state;
    static struct layouts turned;
    for (int j = 0; j < JOBS; j++) {
        struct job job = random_job();
        shard(&job);
        random_layouts(&layouts);
        speedup_scenario *scenario = make(&job, &usual, "", "");
        estimate(scenario, &layouts, before);
        estimate_from(scenario, &layouts, after, 1 + any(4));
        for (int i = 0; i < LAYOUTS; i++)
            assert_same_bits(i, i);
        int by = (int)(1 + any(LAYOUTS - 1));
        for (int i = 0; i < LAYOUTS; i++) {
            int to = (i + by) % LAYOUTS;
            turned.accelerators[to] = layouts.accelerators[i];
            turned.tensor[to] = layouts.tensor[i];
            turned.pipeline[to] = layouts.pipeline[i];
            turned.context[to] = layouts.context[i];
            turned.micro_batch[to] = layouts.micro_batch[i];
        }
        estimate(scenario, &turned, after);
        for (int i = 0; i < LAYOUTS; i++)
            assert_same_bits(i, (i + by) % LAYOUTS);
        speedup_scenario_unref(scenario);
    }
}

/* Optimizations in a list, keys of a section, sections of a text. */
static void the_order_of_a_text_changes_no_bit(void **state)
{
    (void)state;
    for (int j = 0; j < JOBS; j++) {
        struct job job = random_job();
        shard(&job);
        random_layouts(&layouts);
        for (int turn = 0; turn < 2; turn++) {
            char names[700], batch[60], text[3000] = "";
            strcpy(names, "optimizations: [");
            write_names(&job, names + strlen(names));
            strcat(names, "]");
            snprintf(batch, sizeof batch, "global_batch: %u", job.batch);
            char model[60];
            snprintf(model, sizeof model, "model: %s", job.model);
            const char *keys[] = {model, batch, names, "system: s", "accelerators: 8", "sequence: 2048", "uneven: true",
                                  "layout: {tensor: 2, pipeline: 2, context: 2}", "price: 2 USD/h"};
            const char *axes[] = {"layout: {context: 2, tensor: 2, pipeline: 2}", "layout: {pipeline: 2, context: 2, tensor: 2}"};
            enum { KEYS = sizeof keys / sizeof *keys };
            const char *system = "systems: {s: {network: 200 GB/s, accelerator: h100-sxm-80gb, accelerators_per_node: 8}}\n";
            if (turn) {
                keys[7] = axes[any(2)];
                shuffle(keys, KEYS);
            } else
                strcat(text, system);
            strcat(text, "train:\n");
            for (size_t i = 0; i < KEYS; i++)
                strcat(strcat(strcat(text, "  "), keys[i]), "\n");
            if (turn)
                strcat(text, system);
            speedup_scenario *scenario = read(text);
            estimate(scenario, &layouts, turn ? after : before);
            speedup_scenario_unref(scenario);
            shuffle(job.optimizations, job.count);
        }
        for (int i = 0; i < LAYOUTS; i++)
            assert_same_bits(i, i);
    }
}

/* Data and context parallelism divide the tokens of a step alike, and replicate the
 * weights alike: ranks of one given to the other change neither the work of a rank, nor
 * its memory, nor what is exchanged for gradients. Only keys go around a longer ring. */
static void ranks_of_data_and_context_may_change_places(void **state)
{
    (void)state;
    static const int32_t same[] = {SPEEDUP_METRIC_TIME_MATMUL, SPEEDUP_METRIC_TIME_EXPERT, SPEEDUP_METRIC_TIME_ATTENTION,
                                   SPEEDUP_METRIC_TIME_POINTWISE, SPEEDUP_METRIC_TIME_HEAD, SPEEDUP_METRIC_TIME_LAUNCH,
                                   SPEEDUP_METRIC_TIME_TENSOR, SPEEDUP_METRIC_TIME_SEND, SPEEDUP_METRIC_TIME_DATA,
                                   SPEEDUP_METRIC_TIME_OPTIMIZER, SPEEDUP_METRIC_TIME_HOST, SPEEDUP_METRIC_TIME_FIXED};
    static const char *const sharded[] = {", distributed-optimizer", ", zero-1", ", zero-2", ", zero-3: {prefetch: 0}", ""};
    for (int j = 0; j < JOBS; j++) {
        struct job job = random_job();
        const char *also = sharded[any(5)];
        static struct layouts exchanged;
        random_layouts(&layouts);
        for (int i = 0; i < LAYOUTS; i++) {
            double ranks = layouts.tensor[i] * layouts.pipeline[i], data = 1 << any(4);
            layouts.accelerators[i] = ranks * layouts.context[i] * data;
            layouts.micro_batch[i] = layouts.context[i];
            exchanged.accelerators[i] = layouts.accelerators[i];
            exchanged.tensor[i] = layouts.tensor[i];
            exchanged.pipeline[i] = layouts.pipeline[i];
            exchanged.context[i] = data;
            exchanged.micro_batch[i] = data; /* as many tokens on a rank */
        }
        /* What hides behind a stage depends on the ring within it. */
        for (size_t i = job.count; i-- > 0;)
            if (!strcmp(job.optimizations[i], "communication-overlap") || !strcmp(job.optimizations[i], "activation-offload"))
                job.optimizations[i] = job.optimizations[--job.count];
        /* Nor do fused kernels take as long in pieces. */
        speedup_scenario *scenario = make(&job, &usual, also, "fused_depth: 0, context_merge: 0");
        estimate(scenario, &layouts, before);
        estimate(scenario, &exchanged, after);
        for (int i = 0; i < LAYOUTS; i++) {
            assert_true(before[STATUS][i] == after[STATUS][i]);
            for (size_t m = 0; m < sizeof same / sizeof *same; m++) /* so does how long the host is waited for */
                if (same[m] != SPEEDUP_METRIC_TIME_LAUNCH || !*job.stack)
                    assert_memory_equal(&before[same[m]][i], &after[same[m]][i], sizeof(double));
            for (int m = SPEEDUP_METRIC_MEMORY_WEIGHTS; m <= PEAK; m++)
                assert_memory_equal(&before[m][i], &after[m][i], sizeof(double));
        }
        speedup_scenario_unref(scenario);
    }
}

/* A search: its axes, the values on each, and the choices. */
static void the_order_of_axes_changes_no_plan(void **state)
{
    (void)state;
    const char *axes[] = {"accelerators: [8, 16, 32]", "tensor: [1, 2, 4]", "pipeline: [1, 2, 4]", "micro_batch: [1, 2]",
                          "virtual_stages: [1, 2]",
                          "choices: [[zero-1, none, fsdp], [none, sequence-parallelism], [flash-attention-2, none]]"};
    static const char *const turned[] = {"accelerators: [32, 8, 16]", "tensor: [4, 1, 2]", "pipeline: [2, 4, 1]", "micro_batch: [2, 1]",
                                         "virtual_stages: [2, 1]",
                                         "choices: [[none, flash-attention-2], [sequence-parallelism, none], [none, fsdp, zero-1]]"};
    enum { COUNT = sizeof axes / sizeof *axes };
    double best[2][SPEEDUP_METRIC_COUNT];
    uint64_t feasible[2];
    for (int j = 0; j < JOBS; j++) {
        struct job job = random_job();
        for (int turn = 0; turn < 2; turn++) {
            const char *written[COUNT];
            for (size_t i = 0; i < COUNT; i++)
                written[i] = turn && any(2) ? turned[i] : axes[i];
            if (turn)
                shuffle(written, COUNT);
            char text[2000];
            snprintf(text, sizeof text, "plan:\n  model: %s\n  systems: [dgx-h100]\n  prices: 2 USD/h\n  sequence: 2048\n"
                     "  global_batch: %u\n  optimizations: [bf16-mixed-precision]\n  objective: time\n", job.model, job.batch);
            for (size_t i = 0; i < COUNT; i++)
                strcat(strcat(strcat(text, "  "), written[i]), "\n");
            speedup_space *space;
            assert_int_equal(speedup_space_create(context, catalog, "plan", text, strlen(text), NULL, 0, &space), SPEEDUP_OK);
            speedup_result *result;
            assert_int_equal(speedup_space_search(context, space, 0, UINT64_MAX, 1, NULL, NULL, &result), SPEEDUP_OK);
            speedup_counts counts = {.struct_size = sizeof counts};
            assert_int_equal(speedup_result_counts(result, &counts), SPEEDUP_OK);
            feasible[turn] = counts.feasible;
            cases += counts.feasible;
            uint64_t index;
            memset(best[turn], 0, sizeof best[turn]);
            if (!speedup_result_best(result, 0, &index))
                assert_int_equal(speedup_space_estimate(space, index, NULL, 0, best[turn], SPEEDUP_METRIC_COUNT), SPEEDUP_OK);
            speedup_result_destroy(result);
            speedup_space_unref(space);
        }
        assert_true(feasible[0] == feasible[1]);
        assert_memory_equal(&best[0][STEP], &best[1][STEP], sizeof(double));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(more_of_a_resource_never_slows_or_unfits),
        cmocka_unit_test(rates_scaled_by_c_scale_time_by_its_inverse),
        cmocka_unit_test(a_shard_is_not_larger_than_the_whole),
        cmocka_unit_test(accumulation_is_linear),
        cmocka_unit_test(the_order_of_a_batch_changes_no_bit),
        cmocka_unit_test(the_order_of_a_text_changes_no_bit),
        cmocka_unit_test(ranks_of_data_and_context_may_change_places),
        cmocka_unit_test(the_order_of_axes_changes_no_plan),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
