/* Rules, one a test: what the arithmetic must obey whatever its coefficients are. Each is
 * caught by no golden alone. */
#include "../unit/helper.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void estimate(const char *yaml, double values[SPEEDUP_METRIC_COUNT])
{
    estimate_of(world.catalog, yaml, PLAIN, values);
}

static double metric(const char *yaml, int metric)
{
    return metric_of(world.catalog, yaml, PLAIN, metric);
}

static void near(double a, double b)
{
    assert_near(a, b, 1e-9);
}

/* The status of one layout in a batch, its axes in pairs. */
static int batch_status(const char *yaml, size_t count, const int32_t *axes, double *values)
{
    speedup_scenario *scenario = scenario_of(world.catalog, yaml, PLAIN);
    speedup_column in[4], out;
    double status;
    for (size_t i = 0; i < count; i++)
        in[i] = (speedup_column){sizeof *in, axes[i], 0, &values[i]};
    out = (speedup_column){sizeof out, SPEEDUP_METRIC_STATUS, 0, &status};
    assert_int_equal(speedup_scenario_estimate_batch(scenario, in, count, &out, 1, 1, 1), SPEEDUP_OK);
    speedup_scenario_unref(scenario);
    return (int)status;
}

static speedup_counts counts_of(const char *yaml)
{
    speedup_space *space = space_of(world.catalog, yaml);
    speedup_result *result;
    speedup_counts counts = {.struct_size = sizeof counts};
    assert_int_equal(speedup_space_search(world.context, space, 0, UINT64_MAX, 1, NULL, NULL, &result), SPEEDUP_OK);
    assert_int_equal(speedup_result_counts(result, &counts), SPEEDUP_OK);
    speedup_result_destroy(result);
    speedup_space_unref(space);
    return counts;
}

#define MIXTRAL "model: mixtral-8x7b, sequence: 2048, global_batch: 64, optimizations: [bf16-mixed-precision]"

static void experts_spread_over_no_more_ranks_than_a_stage_has(void **state)
{
    (void)state;
    static const int32_t expert[] = {SPEEDUP_VARIABLE_EXPERT};
    double four[] = {4}, eight[] = {8};
    assert_int_equal(batch_status("train: {" MIXTRAL ", system: dgx-h100, accelerators: 4}", 1, expert, four), SPEEDUP_OK);
    assert_int_equal(batch_status("train: {" MIXTRAL ", system: dgx-h100, accelerators: 4}", 1, expert, eight), SPEEDUP_DOES_NOT_DIVIDE);
    assert_int_equal(counts_of("plan: {" MIXTRAL ", systems: [dgx-h100], accelerators: [4], expert: [8]}").not_dividing, counts_of("plan: {" MIXTRAL ", systems: [dgx-h100], accelerators: [4], expert: [8]}").size);
    assert_int_equal(counts_of("plan: {" MIXTRAL ", systems: [dgx-h100], accelerators: [4], tensor: [1], pipeline: [1], context: [1], micro_batch: [1], virtual_stages: [1], expert: [4]}").not_dividing, 0);
    static const char served[] = "serve: {model: mixtral-8x7b, system: dgx-h100, accelerators: 4, layout: {tensor: 2}, prompt: 100, output: 100, concurrency: 4}";
    double two[] = {2};
    assert_int_equal(batch_status(served, 1, expert, two), SPEEDUP_OK);
    assert_int_equal(batch_status(served, 1, expert, four), SPEEDUP_DOES_NOT_DIVIDE);
}

static void a_pipeline_has_no_more_stages_than_the_model_has_layers(void **state)
{
    (void)state;
    static const char trial[] = "models: {small: {layers: 3, hidden: 1024, heads: 8, ffn: 4096, ffn_kind: gated, vocab: 32000}}\n"
                              "train: {model: small, system: dgx-h100, accelerators: 12, sequence: 1024, global_batch: 12}";
    static const char space[] = "models: {small: {layers: 3, hidden: 1024, heads: 8, ffn: 4096, ffn_kind: gated, vocab: 32000}}\n"
                                "plan: {model: small, systems: [dgx-h100], accelerators: [12], sequence: 1024, global_batch: 12, tensor: [1],"
                                " context: [1], micro_batch: [1], virtual_stages: [1], pipeline: [3, 4], choices: [[none]]}";
    static const int32_t pipeline[] = {SPEEDUP_VARIABLE_PIPELINE};
    double three[] = {3}, four[] = {4};
    assert_int_equal(batch_status(trial, 1, pipeline, three), SPEEDUP_OK);
    assert_int_equal(batch_status(trial, 1, pipeline, four), SPEEDUP_DOES_NOT_DIVIDE);
    speedup_counts counts = counts_of(space);
    assert_int_equal(counts.size, 2);
    assert_int_equal(counts.not_dividing, 1);
}

static void slack_is_given_once(void **state)
{
    (void)state;
    static const char trial[] = "train: {model: llama-2-7b, system: dgx-h100, accelerators: 8, sequence: 2048, global_batch: 64, tokens: 1 B, price: 2 USD/h,"
                              " optimizations: [bf16-mixed-precision, zero-1]}";
    speedup_request request = {.struct_size = sizeof request};
    speedup_policy policy = {.struct_size = sizeof policy, .confidence = 0.9, .slack = 0.1};
    speedup_verdict verdict = {.struct_size = sizeof verdict};
    assert_int_equal(speedup_admit(world.context, world.catalog, trial, strlen(trial), &request, &policy, &verdict), SPEEDUP_OK);
    double need = verdict.seconds, cost = verdict.cost;
    const struct {
        double over;
        int32_t verdict;
    } cases[] = {{0.999, SPEEDUP_ADMIT}, {1.05, SPEEDUP_WARN}, {1.099, SPEEDUP_WARN}, {1.101, SPEEDUP_REFUSE}, {1.2, SPEEDUP_REFUSE}, {1.209, SPEEDUP_REFUSE}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        request.budget = 0;
        request.time_limit = need / cases[i].over;
        assert_int_equal(speedup_admit(world.context, world.catalog, trial, strlen(trial), &request, &policy, &verdict), SPEEDUP_OK);
        assert_int_equal(verdict.verdict, cases[i].verdict);
        request.time_limit = 0;
        request.budget = cost / cases[i].over;
        assert_int_equal(speedup_admit(world.context, world.catalog, trial, strlen(trial), &request, &policy, &verdict), SPEEDUP_OK);
        assert_int_equal(verdict.verdict, cases[i].verdict);
    }
}

/* A worth of accelerators for a space of one number of them; its `more`, or 0. */
static double more_accelerators(int accelerators, int batch)
{
    char yaml[500];
    snprintf(yaml, sizeof yaml, "plan: {model: llama-2-7b, systems: [dgx-h100], accelerators: [%d], sequence: 2048, global_batch: %d, tokens: 1 M, tensor: [1],"
             " pipeline: [1], context: [1], micro_batch: [1], virtual_stages: [1], optimizations: [bf16-mixed-precision, fsdp]}", accelerators, batch);
    speedup_space *space = space_of(world.catalog, yaml);
    speedup_result *result;
    assert_int_equal(speedup_space_search(world.context, space, 0, UINT64_MAX, 1, NULL, NULL, &result), SPEEDUP_OK);
    speedup_worth worths[SPEEDUP_RESOURCE_COUNT] = {{.struct_size = sizeof *worths}};
    size_t count = SPEEDUP_RESOURCE_COUNT;
    assert_int_equal(speedup_result_worth(world.context, result, 1, worths, &count), SPEEDUP_OK);
    double more = 0;
    for (size_t i = 0; i < count; i++)
        if (worths[i].resource == SPEEDUP_RESOURCE_ACCELERATORS)
            more = worths[i].more;
    speedup_result_destroy(result);
    speedup_space_unref(space);
    return more;
}

static void the_next_number_of_accelerators_is_at_most_twice_as_many(void **state)
{
    (void)state;
    near(more_accelerators(8, 48), 4);                 /* 12 is the next that divides 48 */
    near(more_accelerators(16, 32), 16);               /* 32: just twice */
    assert_true(more_accelerators(9, 27) == 0);        /* 27 would be three times */
    assert_true(more_accelerators(5, 25) == 0);
}

#define INT8_CHIP(bf16, int8)                                                                                              \
    "accelerators: {mine: {base: a100-sxm-80gb, peak: {bf16: " bf16 " TFLOP/s, int8: " int8 " TFLOP/s}}}\n"                  \
    "systems: {mine: {base: dgx-a100-80gb, accelerator: mine}}\n"                                                          \
    "generate: {model: llama-2-13b, system: mine, accelerators: 1, prompt: 2048, output: 8, batch: 32, optimizations: [w8a8-int8]}"

static void products_of_8_bit_integers_run_at_the_rate_for_them(void **state)
{
    (void)state;
    double plain = metric(INT8_CHIP("312", "624"), SPEEDUP_METRIC_PREFILL_SECONDS);
    double faster = metric(INT8_CHIP("312", "1248"), SPEEDUP_METRIC_PREFILL_SECONDS);
    double other = metric(INT8_CHIP("312", "312"), SPEEDUP_METRIC_PREFILL_SECONDS);
    assert_true(faster < 0.75 * plain);
    assert_true(other > 1.4 * plain);
}

/* Gemma 2: every layer with an even number, from 0, has a window. */
static void of_an_odd_number_of_alternating_layers_the_greater_half_has_a_window(void **state)
{
    (void)state;
    for (int layers = 25; layers <= 28; layers++) {
        char config[600];
        snprintf(config, sizeof config, "{\"model_type\": \"gemma2\", \"hidden_size\": 2304, \"intermediate_size\": 9216, \"num_attention_heads\": 8,"
                 " \"num_hidden_layers\": %d, \"num_key_value_heads\": 4, \"head_dim\": 256, \"vocab_size\": 256000, \"max_position_embeddings\": 8192,"
                 " \"sliding_window\": 4096, \"hidden_activation\": \"gelu_pytorch_tanh\"}", layers);
        speedup_catalog *with = NULL;
        assert_ok(speedup_catalog_import_model(world.context, world.catalog, "config.json", config, strlen(config), "alternating", &with));
        double windows = 0;
        assert_int_equal(speedup_catalog_number(with, "models", "alternating", "attention.window_layers", &windows), SPEEDUP_OK);
        assert_int_equal(windows, (layers + 1) / 2);
        speedup_catalog_unref(with);
    }
}

static void huge_spaces_are_refused_before_they_are_made(void **state)
{
    (void)state;
    static char yaml[400000];
    speedup_space *space;
    /* 4096 values an axis, on four axes: 2^48 layouts. */
    strcpy(yaml, "plan: {model: llama-2-7b, systems: [dgx-h100], sequence: 2048, global_batch: 64, optimizations: []");
    static const char *const axes[] = {"accelerators", "tensor", "pipeline", "micro_batch"};
    char *at = yaml + strlen(yaml);
    for (size_t a = 0; a < 4; a++) {
        at += sprintf(at, ", %s: [1", axes[a]);
        for (int i = 2; i <= 4096; i++)
            at += sprintf(at, ",%d", i);
        at += sprintf(at, "]");
    }
    strcpy(at, "}");
    assert_int_equal(speedup_space_create(world.context, world.catalog, "huge", yaml, strlen(yaml), NULL, 0, &space), SPEEDUP_TOO_COMPLEX);
    assert_null(space);
    /* 2^15 ways to choose, of 20000 programs at most; and so many lists that a product would wrap. */
    for (int lists = 15; lists <= 70; lists += 55) {
        strcpy(yaml, "plan: {model: llama-2-7b, systems: [dgx-h100], accelerators: [8], sequence: 2048, global_batch: 64, choices: [");
        for (int i = 0; i < lists; i++)
            strcat(yaml, i ? ", [none, none]" : "[none, none]");
        strcat(yaml, "]}");
        assert_int_equal(speedup_space_create(world.context, world.catalog, "huge", yaml, strlen(yaml), NULL, 0, &space), SPEEDUP_TOO_COMPLEX);
    }
}

/* A layout whose products leave 2^53 is no layout, whatever a rounding says of it. */
static void huge_layouts_are_not_possible(void **state)
{
    (void)state;
    static const int32_t axes[] = {SPEEDUP_VARIABLE_ACCELERATORS, SPEEDUP_VARIABLE_TENSOR, SPEEDUP_VARIABLE_PIPELINE, SPEEDUP_VARIABLE_CONTEXT};
    static const char trial[] = "train: {model: llama-2-7b, system: dgx-h100, accelerators: 8, sequence: 2048, global_batch: 64}";
    double huge[] = {1e7, 1e6, 1e6, 1e6}, beyond[] = {2e9, 1, 1, 1}, wide[] = {8, 32, 1, 1};
    assert_int_equal(batch_status(trial, 4, axes, huge), SPEEDUP_DOES_NOT_DIVIDE);
    assert_int_equal(batch_status(trial, 4, axes, beyond), SPEEDUP_DOES_NOT_DIVIDE);
    assert_int_equal(batch_status(trial, 4, axes, wide), SPEEDUP_DOES_NOT_DIVIDE);
}

static void tensor_parallelism_divides_the_heads(void **state)
{
    (void)state;
    static const int32_t axes[] = {SPEEDUP_VARIABLE_ACCELERATORS, SPEEDUP_VARIABLE_TENSOR};
    static const char trial[] = "train: {model: llama-2-7b, system: dgx-h100, accelerators: 8, sequence: 2048, global_batch: 64}";
    double four[] = {8, 4}, three[] = {24, 3}; /* of 32 heads */
    assert_int_equal(batch_status(trial, 2, axes, four), SPEEDUP_OK);
    assert_int_equal(batch_status(trial, 2, axes, three), SPEEDUP_DOES_NOT_DIVIDE);
}

/* ---- memory and time ------------------------------------------------------------------ */

#define JOB7(more) "train: {model: llama-2-7b, system: dgx-a100-80gb, accelerators: 32, sequence: 2048, global_batch: 64, " more "}"

static void a_group_shards_by_its_size_and_no_more(void **state)
{
    (void)state;
    double whole = metric(JOB7("optimizations: [bf16-mixed-precision]"), SPEEDUP_METRIC_MEMORY_OPTIMIZER);
    near(metric(JOB7("optimizations: [bf16-mixed-precision, hybrid-shard: {group: 4}]"), SPEEDUP_METRIC_MEMORY_OPTIMIZER), whole / 4);
    near(metric(JOB7("optimizations: [bf16-mixed-precision, hybrid-shard: {group: 8}]"), SPEEDUP_METRIC_MEMORY_OPTIMIZER), whole / 8);
    near(metric(JOB7("optimizations: [bf16-mixed-precision, hybrid-shard: {group: 100}]"), SPEEDUP_METRIC_MEMORY_OPTIMIZER), whole / 32);
    near(metric(JOB7("optimizations: [bf16-mixed-precision, fsdp]"), SPEEDUP_METRIC_MEMORY_OPTIMIZER), whole / 32);
}

/* Over the network go the gradients of a node, an eighth by each rank, and no weights: half of what a rank of all shards moves. */
static void a_group_within_a_node_gathers_on_its_link(void **state)
{
    (void)state;
    static const char yaml[] = "systems: {slow: {base: dgx-a100-80gb, network: 2 GB/s}}\n"
                               "train: {model: llama-2-7b, system: slow, accelerators: 32, sequence: 2048, global_batch: 64, optimizations: [bf16-mixed-precision, %s]}";
    char group[500], all[500];
    snprintf(group, sizeof group, yaml, "hybrid-shard: {group: 8}");
    snprintf(all, sizeof all, yaml, "fsdp");
    double inside = metric(group, SPEEDUP_METRIC_TIME_DATA), across = metric(all, SPEEDUP_METRIC_TIME_DATA);
    assert_true(inside < across * 0.6 && inside > across * 0.4);
}

/* The state of an expert is on the ranks that have a copy of it, which are fewer than those of a dense layer. */
static void the_state_of_experts_is_sharded_over_their_own_copies(void **state)
{
    (void)state;
    static const char yaml[] = "train: {model: mixtral-8x7b, system: dgx-h100, accelerators: 16, sequence: 2048, global_batch: 64, layout: {expert: %d}, optimizations: [bf16-mixed-precision%s]}";
    char text[500];
    double whole[2], sharded[2];
    const int experts[] = {1, 8};
    for (int i = 0; i < 2; i++) {
        snprintf(text, sizeof text, yaml, experts[i], "");
        whole[i] = metric(text, SPEEDUP_METRIC_MEMORY_OPTIMIZER);
        snprintf(text, sizeof text, yaml, experts[i], ", zero-1");
        sharded[i] = metric(text, SPEEDUP_METRIC_MEMORY_OPTIMIZER);
    }
    near(sharded[0], whole[0] / 16);
    /* With 8 ranks for the experts there are two copies of each: what is sharded in all is the same. */
    near(sharded[1], sharded[0]);
    assert_true(sharded[1] > whole[1] / 16);
}

static void weights_given_back_after_the_forward_pass_are_gathered_again(void **state)
{
    (void)state;
    double twice = metric(JOB7("optimizations: [bf16-mixed-precision, hybrid-shard: {group: 32}]"), SPEEDUP_METRIC_TIME_DATA);
    double once = metric(JOB7("optimizations: [bf16-mixed-precision, hybrid-shard: {group: 32, reshard: 0}]"), SPEEDUP_METRIC_TIME_DATA);
    assert_true(twice > once * 1.05);
    assert_true(metric(JOB7("optimizations: [bf16-mixed-precision, fsdp: {reshard: 0}]"), SPEEDUP_METRIC_MEMORY_WEIGHTS) >
                31 * metric(JOB7("optimizations: [bf16-mixed-precision, fsdp]"), SPEEDUP_METRIC_MEMORY_WEIGHTS));
}

#define WITH_NETWORK(rate, accelerators)                                                                                     \
    "systems: {mine: {base: dgx-a100-80gb, network: " rate "}}\n"                                                            \
    "train: {model: llama-2-7b, system: mine, accelerators: " accelerators ", sequence: 2048, global_batch: 64, optimizations: [bf16-mixed-precision]}"

static void only_what_leaves_a_node_takes_the_network(void **state)
{
    (void)state;
    double inside = metric(WITH_NETWORK("200 GB/s", "8"), SPEEDUP_METRIC_TIME_DATA);
    near(metric(WITH_NETWORK("20 GB/s", "8"), SPEEDUP_METRIC_TIME_DATA), inside);
    double across = metric(WITH_NETWORK("200 GB/s", "16"), SPEEDUP_METRIC_TIME_DATA);
    assert_true(metric(WITH_NETWORK("20 GB/s", "16"), SPEEDUP_METRIC_TIME_DATA) > 5 * across);
}

static void pools_cost_all_their_accelerators(void **state)
{
    (void)state;
    double v[SPEEDUP_METRIC_COUNT];
    estimate("serve: {model: llama-3-1-70b, system: dgx-h100, accelerators: 16, layout: {tensor: 4}, prompt: 1024, output: 256, request_rate: 2 /s,"
             " prefill: {accelerators: 8, tensor: 4}, price: 3 USD/h, optimizations: [fp8-weights]}", v);
    near(v[SPEEDUP_METRIC_COST], 16 * 3.0 / 3600 / v[SPEEDUP_METRIC_TOKENS_PER_SECOND] * 1e6);
}

static void a_bubble_is_as_long_as_the_other_stages_of_a_micro_batch(void **state)
{
    (void)state;
    static const char plain[] = "train: {model: gpt-3-13b, system: dgx-a100-80gb, accelerators: 8, sequence: 2048, global_batch: %d, layout: {pipeline: 4, virtual_stages: %d}, optimizations: [bf16-mixed-precision]}";
    char few[400], many[400], chunks[400];
    snprintf(few, sizeof few, plain, 16, 1);
    snprintf(many, sizeof many, plain, 64, 1);
    snprintf(chunks, sizeof chunks, plain, 16, 2);
    double bubble = metric(few, SPEEDUP_METRIC_TIME_BUBBLE);
    /* Whatever the micro-batches, and half with two chunks a stage, but for what a rate of a smaller share is. */
    assert_true(fabs(metric(many, SPEEDUP_METRIC_TIME_BUBBLE) / bubble - 1) < 0.001);
    assert_true(fabs(metric(chunks, SPEEDUP_METRIC_TIME_BUBBLE) / bubble - 0.5) < 0.001);
}

static void recomputed_layers_are_no_model_operations(void **state)
{
    (void)state;
    double v[SPEEDUP_METRIC_COUNT], again[SPEEDUP_METRIC_COUNT];
    estimate(JOB7("optimizations: [bf16-mixed-precision]"), v);
    estimate(JOB7("optimizations: [bf16-mixed-precision, activation-checkpointing]"), again);
    near(v[SPEEDUP_METRIC_HARDWARE_UTILIZATION], v[SPEEDUP_METRIC_MODEL_UTILIZATION]);
    /* All but the head are done once more. */
    double head = 32000.0 * 4096 / (6738415616.0 - 32000.0 * 4096 + 32 * 4096 * 2048.0);
    assert_true(fabs(again[SPEEDUP_METRIC_HARDWARE_UTILIZATION] / again[SPEEDUP_METRIC_MODEL_UTILIZATION] - (4 - head) / 3) < 1e-4);
    near(again[SPEEDUP_METRIC_MODEL_UTILIZATION] * again[SPEEDUP_METRIC_STEP_SECONDS], v[SPEEDUP_METRIC_MODEL_UTILIZATION] * v[SPEEDUP_METRIC_STEP_SECONDS]);
}

/* Whichever end of a pipeline is the fuller, and at whichever moment of the step. */
static void more_micro_batches_take_no_less_memory(void **state)
{
    (void)state;
    static const char *const models[] = {"gemma-2b", "gemma-2-9b", "llama-2-13b"};
    static const char *const ways[] = {"", ", flash-attention-2", ", activation-checkpointing"};
    for (int model = 0; model < 3; model++)
        for (int way = 0; way < 3; way++)
            for (int stages = 1; stages <= 8; stages *= 2) {
                double first = 0, before = 0;
                for (int count = 1; count <= 16; count++) {
                    char yaml[400];
                    snprintf(yaml, sizeof yaml, "train: {model: %s, system: dgx-h100, accelerators: 8, stack: pytorch, sequence: 4096, micro_batch: 4, global_batch: %d,"
                             " uneven: true, layout: {pipeline: %d}, optimizations: [bf16-mixed-precision%s]}", models[model], count * 4 * 8 / stages, stages, ways[way]);
                    double peak = metric(yaml, SPEEDUP_METRIC_MEMORY_PEAK);
                    assert_true(peak >= before * (1 - 1e-12));
                    first = count == 2 ? peak : first;
                    before = peak;
                }
                assert_true(stages < 8 || model < 2 || before > 1.01 * first); /* the first stage, which holds them */
            }
}

/* gemma-3-1b: 26 layers, 22 of which see 512 positions. Of the square below the diagonal those leave 3/4 at 1,024 and 7/16 at 2,048. */
static void model_operations_count_windows(void **state)
{
    (void)state;
    double token[3];
    for (int i = 0; i < 3; i++) {
        char yaml[300];
        snprintf(yaml, sizeof yaml, "train: {model: gemma-3-1b, system: dgx-h100, accelerators: 8, sequence: %d, global_batch: 8, optimizations: [bf16-mixed-precision]}", 512 << i);
        double v[SPEEDUP_METRIC_COUNT];
        estimate(yaml, v);
        token[i] = v[SPEEDUP_METRIC_MODEL_UTILIZATION] * v[SPEEDUP_METRIC_STEP_SECONDS] / (512 << i);
    }
    near((token[2] - token[0]) / (token[1] - token[0]),
         ((4 + 22 * 7.0 / 16) * 2048 - 26 * 512) / ((4 + 22 * 3.0 / 4) * 1024 - 26 * 512));
}

#define SERVED(model, tensor)                                                                                                   \
    "serve: {model: " model ", system: dgx-h100, accelerators: " tensor ", layout: {tensor: " tensor "}, prompt: 1024, output: 256, concurrency: 16}"

static void a_cache_is_split_over_no_more_ranks_than_it_has_heads(void **state)
{
    (void)state;
    double whole = metric(SERVED("qwen2-5-7b", "1"), SPEEDUP_METRIC_MEMORY_KV);                /* 4 heads of keys and values */
    near(metric(SERVED("qwen2-5-7b", "2"), SPEEDUP_METRIC_MEMORY_KV), whole / 2);
    near(metric(SERVED("qwen2-5-7b", "4"), SPEEDUP_METRIC_MEMORY_KV), whole / 4);
    near(metric(SERVED("gemma-2b", "4"), SPEEDUP_METRIC_MEMORY_KV), metric(SERVED("gemma-2b", "1"), SPEEDUP_METRIC_MEMORY_KV)); /* one head */
    near(metric(SERVED("deepseek-v2-lite", "4"), SPEEDUP_METRIC_MEMORY_KV), metric(SERVED("deepseek-v2-lite", "1"), SPEEDUP_METRIC_MEMORY_KV)); /* latent */
}

/* However products are cut, they are the same operations: what a cut costs is their depth. */
static void micro_batches_change_no_share_of_the_work(void **state)
{
    (void)state;
#define CUT(more) JOB7(more ", calibration: {matmul_depth: 0, library_depth: 0, matmul_seconds: 0}, optimizations: [bf16-mixed-precision]")
    double one = metric(CUT("micro_batch: 1"), SPEEDUP_METRIC_TIME_MATMUL);
    near(metric(CUT("micro_batch: 2"), SPEEDUP_METRIC_TIME_MATMUL), one);
    near(metric(CUT("layout: {tensor: 2}"), SPEEDUP_METRIC_TIME_MATMUL), one);
#undef CUT
    assert_true(metric(JOB7("layout: {tensor: 2}, calibration: {matmul_depth: 100}"), SPEEDUP_METRIC_TIME_MATMUL) >
                metric(JOB7("calibration: {matmul_depth: 100}"), SPEEDUP_METRIC_TIME_MATMUL));
}

static void a_front_goes_the_way_that_is_better(void **state)
{
    (void)state;
    static const char yaml[] = "plan: {model: llama-2-7b, systems: [dgx-h100], accelerators: [8, 16], sequence: 2048, global_batch: 64, tokens: 1 M, tensor: [1, 2, 4],"
                               " pipeline: [1, 2], micro_batch: [1, 2], optimizations: [bf16-mixed-precision, zero-1], front: [model_utilization, memory_headroom]}";
    speedup_space *space = space_of(world.catalog, yaml);
    speedup_result *result;
    assert_int_equal(speedup_space_search(world.context, space, 0, UINT64_MAX, 1, NULL, NULL, &result), SPEEDUP_OK);
    double most[2] = {0}, front[2] = {0}, v[SPEEDUP_METRIC_COUNT];
    for (uint64_t i = 0; i < speedup_space_size(space); i++)
        if (!speedup_space_estimate(space, i, NULL, 0, v, SPEEDUP_METRIC_COUNT) && v[SPEEDUP_METRIC_FITS] != 0) {
            most[0] = fmax(most[0], v[SPEEDUP_METRIC_MODEL_UTILIZATION]);
            most[1] = fmax(most[1], v[SPEEDUP_METRIC_MEMORY_HEADROOM]);
        }
    uint64_t index;
    for (size_t rank = 0; !speedup_result_front(result, rank, &index); rank++) {
        assert_int_equal(speedup_space_estimate(space, index, NULL, 0, v, SPEEDUP_METRIC_COUNT), SPEEDUP_OK);
        front[0] = fmax(front[0], v[SPEEDUP_METRIC_MODEL_UTILIZATION]);
        front[1] = fmax(front[1], v[SPEEDUP_METRIC_MEMORY_HEADROOM]);
    }
    assert_true(most[0] > 0 && front[0] == most[0] && front[1] == most[1]);
    speedup_result_destroy(result);
    speedup_space_unref(space);
    static const char neither[] = "plan: {model: llama-2-7b, systems: [dgx-h100], front: [status, step_seconds]}";
    assert_int_equal(speedup_space_create(world.context, world.catalog, "rule", neither, sizeof neither - 1, NULL, 0, &space), SPEEDUP_INCONSISTENT);
}

static void every_metric_knows_itself(void **state)
{
    (void)state;
    speedup_word word = {.struct_size = sizeof word};
    double values[SPEEDUP_METRIC_COUNT], low, high;
    for (int m = 0; m < SPEEDUP_METRIC_COUNT; m++)
        values[m] = 1;
    for (int32_t m = 0; !speedup_metric_at((size_t)m, &word); m++) {
        assert_true(!strcmp(word.better, "less") || !strcmp(word.better, "more") || !*word.better);
        assert_int_equal(speedup_metric_interval(values, SPEEDUP_METRIC_COUNT, m, 0.9, &low, &high), SPEEDUP_OK);
        assert_int_equal(*word.interval != 0, low < high);
    }
}

/* Kaplan et al., arXiv 2001.08361, sec. 2.1: 6 for each parameter that works on a token; attention beside it, causal. */
static void model_operations_are_six_for_a_parameter_and_a_token(void **state)
{
    (void)state;
    double v[SPEEDUP_METRIC_COUNT], parameters;
    estimate("train: {model: llama-2-7b, system: dgx-a100-80gb, accelerators: 32, sequence: 1, global_batch: 64, micro_batch: 2, optimizations: [bf16-mixed-precision]}", v);
    assert_int_equal(speedup_catalog_number(world.catalog, "models", "llama-2-7b", "parameters", &parameters), SPEEDUP_OK);
    double counted = v[SPEEDUP_METRIC_MODEL_FLOPS_PER_SECOND] * 32 * v[SPEEDUP_METRIC_STEP_SECONDS] / 64;
    /* Without the input table, 32000 x 4096, and with a handful for the one token that attention sees. */
    assert_true(fabs(counted / (6 * (parameters - 32000.0 * 4096)) - 1) < 0.001);
}

static void overlap_is_counted_once(void **state)
{
    (void)state;
    /* Both say how much of the data-parallel communication may hide: the larger holds. */
    double both = metric("optimizations: {own: {applies_to: [training], effects: {comm.data.overlap: 0.3}}}\n" JOB7("optimizations: [bf16-mixed-precision, zero-1, communication-overlap, own]"), SPEEDUP_METRIC_TIME_DATA);
    near(both, metric(JOB7("optimizations: [bf16-mixed-precision, zero-1, communication-overlap]"), SPEEDUP_METRIC_TIME_DATA));
    /* Nor does the order matter: what is smaller and comes last does not hold. */
    near(metric("optimizations: {own: {applies_to: [training], effects: {recompute.layer: 0.3}}}\n" JOB7("optimizations: [bf16-mixed-precision, activation-checkpointing, own]"), SPEEDUP_METRIC_STEP_SECONDS),
         metric(JOB7("optimizations: [bf16-mixed-precision, activation-checkpointing]"), SPEEDUP_METRIC_STEP_SECONDS));
    double half = metric("optimizations: {own: {applies_to: [training], effects: {recompute.layer: 0.3}}}\n" JOB7("optimizations: [bf16-mixed-precision, activation-checkpointing: {share: 0.4}, own]"), SPEEDUP_METRIC_STEP_SECONDS);
    near(half, metric(JOB7("optimizations: [bf16-mixed-precision, activation-checkpointing: {share: 0.4}]"), SPEEDUP_METRIC_STEP_SECONDS));
}

#define SURE_AND_NOT "accelerators:\n" \
    "  sure: {base: h100-sxm-80gb, name: Sure, calibration: {memory_sigma: 0.001}}\n" \
    "  unsure: {base: h100-sxm-80gb, name: Unsure, calibration: {memory_sigma: 0.6}}\n" \
    "systems:\n" \
    "  on-sure: {base: dgx-h100, name: Sure, accelerator: sure}\n" \
    "  on-unsure: {base: dgx-h100, name: Unsure, accelerator: unsure}\n"
#define SYSTEMS(list) SURE_AND_NOT "plan: {systems: [" list "], model: llama-2-13b, accelerators: [64], sequence: 4096, global_batch: 512," \
    " tokens: 100 B, tensor: [1, 2, 4, 8], pipeline: [1, 2], context: [1], virtual_stages: [1], micro_batch: [1, 2, 4], confidence: 0.9," \
    " optimizations: [bf16-mixed-precision, flash-attention-2, kernel-fusion, zero-1], choices: [[none]]}"

/* What is sure of one system's memory says nothing of another's. */
static void each_system_fits_as_surely_as_its_own_memory_is_known(void **state)
{
    (void)state;
    speedup_counts sure = counts_of(SYSTEMS("on-sure")), unsure = counts_of(SYSTEMS("on-unsure"));
    speedup_counts both = counts_of(SYSTEMS("on-sure, on-unsure")), turned = counts_of(SYSTEMS("on-unsure, on-sure"));
    assert_true(sure.feasible > unsure.feasible);
    assert_int_equal(both.feasible, sure.feasible + unsure.feasible);
    assert_int_equal(turned.feasible, both.feasible);
    assert_int_equal(turned.not_fitting, both.not_fitting);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(experts_spread_over_no_more_ranks_than_a_stage_has),
        cmocka_unit_test(a_pipeline_has_no_more_stages_than_the_model_has_layers),
        cmocka_unit_test(slack_is_given_once),
        cmocka_unit_test(the_next_number_of_accelerators_is_at_most_twice_as_many),
        cmocka_unit_test(products_of_8_bit_integers_run_at_the_rate_for_them),
        cmocka_unit_test(of_an_odd_number_of_alternating_layers_the_greater_half_has_a_window),
        cmocka_unit_test(huge_spaces_are_refused_before_they_are_made),
        cmocka_unit_test(huge_layouts_are_not_possible),
        cmocka_unit_test(tensor_parallelism_divides_the_heads),
        cmocka_unit_test(a_group_shards_by_its_size_and_no_more),
        cmocka_unit_test(a_group_within_a_node_gathers_on_its_link),
        cmocka_unit_test(the_state_of_experts_is_sharded_over_their_own_copies),
        cmocka_unit_test(weights_given_back_after_the_forward_pass_are_gathered_again),
        cmocka_unit_test(only_what_leaves_a_node_takes_the_network),
        cmocka_unit_test(pools_cost_all_their_accelerators),
        cmocka_unit_test(a_bubble_is_as_long_as_the_other_stages_of_a_micro_batch),
        cmocka_unit_test(recomputed_layers_are_no_model_operations),
        cmocka_unit_test(model_operations_count_windows),
        cmocka_unit_test(more_micro_batches_take_no_less_memory),
        cmocka_unit_test(a_cache_is_split_over_no_more_ranks_than_it_has_heads),
        cmocka_unit_test(micro_batches_change_no_share_of_the_work),
        cmocka_unit_test(model_operations_are_six_for_a_parameter_and_a_token),
        cmocka_unit_test(overlap_is_counted_once),
        cmocka_unit_test(a_front_goes_the_way_that_is_better),
        cmocka_unit_test(every_metric_knows_itself),
        cmocka_unit_test(each_system_fits_as_surely_as_its_own_memory_is_known),
    };
    return cmocka_run_group_tests_name("rules", tests, world_begin, world_end);
}
