/* Rules of the estimate, one a test and named by it: what a wrong formula would break
 * is said here as it is meant, by closed form or by what must not matter, not by the
 * figures that came out once. tests/mutations breaks each and expects its test to tell. */
#include "base/memory.h"
#include "helper.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { LAYERS = 16, HIDDEN = 2048, HEADS = 32, FFN = 8192, VOCAB = 32000, SEQUENCE = 2048, BATCH = 64, NODE = 8 };
enum { MOST_TEXT = 5000 };
static const double link = 300, network = 200, host_link = 32e9; /* GB/s, of an accelerator and of a node */

/* A training job on a machine whose rates can be told apart; what is left out is as usual. */
struct trial {
    const char *model;         /* one of MODELS; NULL: dense */
    double accelerators, link, network;
    const char *layout, *optimizations, *calibration;
};

#define MODELS                                                                                                            \
    "models:\n"                                                                                                           \
    "  dense: {layers: 16, hidden: 2048, heads: 32, ffn: 8192, ffn_kind: plain, vocab: 32000}\n"                          \
    "  half: {layers: 8, hidden: 2048, heads: 32, ffn: 8192, ffn_kind: plain, vocab: 32000}\n"                            \
    "  fourteen: {layers: 14, hidden: 2048, heads: 32, ffn: 8192, ffn_kind: plain, vocab: 32000}\n"                       \
    "  tied: {layers: 16, hidden: 2048, heads: 32, ffn: 8192, ffn_kind: plain, vocab: 32000, tied_embeddings: true}\n"    \
    "  experts: {layers: 8, hidden: 2048, heads: 32, ffn: 4096, ffn_kind: gated, vocab: 32000,"                           \
    " experts: {count: 8, active: 2, ffn: 1024}}\n"                                                                       \
    "  more-experts: {layers: 8, hidden: 2048, heads: 32, ffn: 4096, ffn_kind: gated, vocab: 32000,"                      \
    " experts: {count: 16, active: 2, ffn: 1024}}\n"                                                                      \
    "optimizations:\n"                                                                                                    \
    "  own-fp8: {effects: {weights.precision: fp8, matmul.precision: fp8}, source: here}\n"                               \
    "  own-int8: {effects: {weights.precision: int8, matmul.precision: int8}, source: here}\n"                            \
    "  products-fp8: {effects: {matmul.precision: fp8}, source: here}\n"                                                  \
    "  products-int8: {effects: {matmul.precision: int8}, source: here}\n"                                                \
    "  grouped: {applies_to: [training], effects: {comm.data.shard_group: 8, comm.reduce.bytes: 1 / 2, comm.gather.rounds: 2}, source: here}\n" \
    "  some-overlap: {applies_to: [training], effects: {comm.data.overlap: 'if(data > 1, 0.25, 0)'}, source: here}\n"     \
    "  more-overlap: {applies_to: [training], effects: {comm.data.overlap: 'if(data > 1, 0.5, 0)'}, source: here}\n"      \
    "  first: {effects: {launch.count: 1}, source: here}\n"                                                           \
    "  second: {base: first}\n"                                                                                      \
    "  third: {base: second}\n"                                                                                      \
    "  other: {base: first}\n"                                                                                       \
    "  one-excludes: {excludes: [is-excluded], effects: {launch.count: 1}, source: here}\n"                               \
    "  is-excluded: {effects: {launch.seconds: 1}, source: here}\n"

/* Every collective at the rate of its link alone. */
#define IDEAL(kind) kind "_fixed: 0, " kind "_rank: 0, " kind "_wire: 1, " kind "_buffer: 0, " kind "_ramp: 0"
#define IDEAL_COLLECTIVES \
    IDEAL("all_reduce") ", " IDEAL("all_gather") ", " IDEAL("reduce_scatter") ", " IDEAL("all_to_all") ", " IDEAL("send")

static void write_trial(const struct trial *trial, char yaml[MOST_TEXT])
{
    snprintf(yaml, MOST_TEXT,
             MODELS "systems: {pod: {base: dgx-a100-80gb, link: %g GB/s, network: %g GB/s}}\n"
             "train:\n  model: %s\n  system: pod\n  accelerators: %.0f\n  sequence: 2048\n  global_batch: 64\n  tokens: 1 B\n  layout: {%s}\n"
             "  calibration: {link_fraction: 1, network_fraction: 1, data_latency: 0, contention_link: 0, contention_network: 0, " IDEAL_COLLECTIVES "%s}\n"
             "  optimizations: [%s]\n",
             trial->link > 0 ? trial->link : link, trial->network > 0 ? trial->network : network, trial->model ? trial->model : "dense",
             trial->accelerators, trial->layout ? trial->layout : "", trial->calibration ? trial->calibration : "",
             trial->optimizations ? trial->optimizations : "bf16-mixed-precision");
}

static void try(struct trial trial, double v[SPEEDUP_METRIC_COUNT])
{
    char yaml[MOST_TEXT];
    write_trial(&trial, yaml);
    estimate_of(world.catalog, yaml, PLAIN, v);
}

static double metric(int32_t metric, struct trial trial)
{
    double v[SPEEDUP_METRIC_COUNT];
    try(trial, v);
    return v[metric];
}

#define METRIC(NAME, ...) metric(SPEEDUP_METRIC_##NAME, (struct trial){__VA_ARGS__})

/* What a time becomes when only a rate is doubled. */
struct doubled {
    double link, network;
};

static struct doubled double_rates(int32_t m, struct trial trial)
{
    trial.link = link;
    trial.network = network;
    double once = metric(m, trial);
    assert_true(once > 0);
    trial.link = 2 * link;
    double faster_link = metric(m, trial);
    trial.link = link;
    trial.network = 2 * network;
    return (struct doubled){faster_link / once, metric(m, trial) / once};
}

#define DOUBLED(NAME, ...) double_rates(SPEEDUP_METRIC_##NAME, (struct trial){__VA_ARGS__})

static void assert_takes_the_link(struct doubled time)
{
    assert_near(time.link, 0.5, 1e-12);
    assert_near(time.network, 1, 1e-12);
}

static void assert_takes_the_network(struct doubled time)
{
    assert_near(time.link, 1, 1e-12);
    assert_near(time.network, 0.5, 1e-12);
}

/* --- INT8 --- */

static const char bf16[] = "bf16-mixed-precision";

static double trained_on(const char *chip, const char *products, const char *calibration)
{
    char yaml[MOST_TEXT];
    snprintf(yaml, sizeof yaml,
             MODELS "accelerators: {chip: {base: h100-sxm-80gb, peak: {bf16: 900 TFLOP/s, fp16: 900 TFLOP/s, %s}}}\n"
             "systems: {pod: {base: dgx-h100, accelerator: chip}}\n"
             "train:\n  model: dense\n  system: pod\n  accelerators: 8\n  sequence: 2048\n  global_batch: 64\n"
             "  calibration: {narrow_product: 0, matmul_seconds: 0%s}\n  optimizations: [%s]\n", chip, calibration, products);
    return metric_of(world.catalog, yaml, PLAIN, SPEEDUP_METRIC_TIME_MATMUL);
}

static void int8_products_run_at_the_peak_of_int8(void **state)
{
    (void)state;
    double once = trained_on("fp8: 1000 TFLOP/s, int8: 1000 TFLOP/s", "products-int8", "");
    assert_near(trained_on("fp8: 1000 TFLOP/s, int8: 2000 TFLOP/s", "products-int8", ""), once / 2, 1e-12);
    assert_bits(trained_on("fp8: 2000 TFLOP/s, int8: 1000 TFLOP/s", "products-int8", ""), once);
}

static void int8_products_of_training_have_a_gain_of_their_own(void **state)
{
    (void)state;
    static const char chip[] = "fp8: 1000 TFLOP/s, int8: 1000 TFLOP/s";
    assert_near(trained_on(chip, "products-int8", ", matmul_gain_int8: 0.5"), trained_on(chip, "products-int8", ", matmul_gain_int8: 1") * 2, 1e-12);
    assert_bits(trained_on(chip, "products-int8", ", matmul_gain_fp8: 0.5"), trained_on(chip, "products-int8", ", matmul_gain_fp8: 1"));
    assert_bits(trained_on(chip, "products-int8", ", matmul_gain_int8: 0.8"), trained_on(chip, "products-fp8", ", matmul_gain_fp8: 0.8"));
}

struct service {
    const char *model, *system, *layout, *optimizations, *rest;
    double accelerators;
};

static void serve(struct service s, double v[SPEEDUP_METRIC_COUNT])
{
    char yaml[MOST_TEXT];
    snprintf(yaml, sizeof yaml, MODELS "generate: {model: %s, system: %s, accelerators: %.0f, batch: 64, prompt: 1000, output: 100, "
             "output_longest: 100, layout: {%s}, optimizations: [%s]%s}\n",
             s.model ? s.model : "dense", s.system ? s.system : "dgx-h100", s.accelerators, s.layout ? s.layout : "",
             s.optimizations ? s.optimizations : "", s.rest ? s.rest : "");
    estimate_of(world.catalog, yaml, PLAIN, v);
}

static double served(int32_t metric, struct service s)
{
    double v[SPEEDUP_METRIC_COUNT];
    serve(s, v);
    return v[metric];
}

#define SERVED(NAME, ...) served(SPEEDUP_METRIC_##NAME, (struct service){__VA_ARGS__})

static void int8_products_of_a_service_reach_the_rate_of_eight_bits(void **state)
{
    (void)state;
    /* Kernels of 8 bits and of 16 were measured apart; an H100 has one peak for FP8 and INT8. */
    static const char slow[] = ", calibration: {rate_8: 0.25, stream_8: 0.5}";
    assert_bits(SERVED(TIME_MATMUL, .accelerators = 1, .optimizations = "own-int8", .rest = slow),
                SERVED(TIME_MATMUL, .accelerators = 1, .optimizations = "own-fp8", .rest = slow));
    assert_true(SERVED(TIME_MATMUL, .accelerators = 1, .optimizations = "own-int8", .rest = slow) >
                SERVED(TIME_MATMUL, .accelerators = 1, .optimizations = "own-int8", .rest = ", calibration: {rate_8: 0.5, stream_8: 0.9}"));
}

/* --- windows --- */

static double imported(const char *json, const char *field)
{
    speedup_catalog *catalog = NULL;
    double value = -1;
    assert_ok(speedup_catalog_import_model(world.context, world.catalog, "config.json", json, strlen(json), "imported", &catalog));
    speedup_catalog_number(catalog, "models", "imported", field, &value);
    speedup_catalog_unref(catalog);
    return value;
}

#define CONFIG "\"hidden_size\": 2048, \"num_attention_heads\": 8, \"num_key_value_heads\": 4, \"head_dim\": 256, " \
               "\"intermediate_size\": 8192, \"vocab_size\": 32000, \"max_position_embeddings\": 8192, "

/* The first layer has the window, the second sees all, and so on. */
static void of_an_odd_number_of_alternating_layers_one_more_has_the_window(void **state)
{
    (void)state;
    for (int layers = 1; layers <= 43; layers++) {
        char json[500];
        snprintf(json, sizeof json, "{\"model_type\": \"gemma2\", " CONFIG "\"sliding_window\": 4096, \"num_hidden_layers\": %d}", layers);
        int windowed = 0;
        for (int layer = 0; layer < layers; layer++)
            windowed += layer % 2 == 0;
        assert_true(imported(json, "attention.window_layers") == windowed);
    }
}

static void every_layer_of_a_pattern_but_the_last_has_the_window(void **state)
{
    (void)state;
    for (int layers = 7; layers <= 26; layers++) {
        char json[500];
        snprintf(json, sizeof json, "{\"model_type\": \"gemma3_text\", " CONFIG "\"sliding_window\": 512, \"sliding_window_pattern\": 6, "
                 "\"num_hidden_layers\": %d}", layers);
        int windowed = 0;
        for (int layer = 1; layer <= layers; layer++)
            windowed += layer % 6 != 0;
        assert_true(imported(json, "attention.window_layers") == windowed);
    }
}

static void every_layer_of_an_interval_but_the_last_is_linear(void **state)
{
    (void)state;
    for (int layers = 5; layers <= 12; layers++) {
        char json[700];
        snprintf(json, sizeof json, "{\"model_type\": \"qwen3_next\", " CONFIG "\"full_attention_interval\": 4, \"linear_num_key_heads\": 16, "
                 "\"linear_num_value_heads\": 32, \"linear_key_head_dim\": 128, \"linear_value_head_dim\": 128, \"linear_conv_kernel_dim\": 4, "
                 "\"num_hidden_layers\": %d}", layers);
        int linear = 0;
        for (int layer = 1; layer <= layers; layer++)
            linear += layer % 4 != 0;
        assert_true(imported(json, "attention.linear_layers") == linear);
    }
}

/* Five layers, so many with a window of an eighth of the sequence. */
static void write_windowed(char *yaml, int windowed, const char *section)
{
    char attention[80] = "";
    if (windowed)
        sprintf(attention, ", attention: {window: 256, window_layers: %d}", windowed);
    snprintf(yaml, MOST_TEXT, "models: {windowed: {layers: 5, hidden: 1024, heads: 8, kv_heads: 4, head_dim: 128, ffn: 4096, ffn_kind: gated, "
             "vocab: 32000%s}}\n%s", attention, section);
}

static void a_window_shortens_the_attention_of_its_layers_alone(void **state)
{
    (void)state;
    static const char section[] = "train: {model: windowed, system: dgx-a100-80gb, accelerators: 8, sequence: 2048, global_batch: 8, "
                              "calibration: {window_extra: 0}, optimizations: [bf16-mixed-precision]}\n";
    char yaml[MOST_TEXT];
    write_windowed(yaml, 0, section);
    double all = metric_of(world.catalog, yaml, PLAIN, SPEEDUP_METRIC_TIME_ATTENTION);
    for (int windowed = 1; windowed <= 5; windowed++) {
        write_windowed(yaml, windowed, section);
        /* Two windows' width of the square: what a kernel of blocks looks at. */
        assert_near(metric_of(world.catalog, yaml, PLAIN, SPEEDUP_METRIC_TIME_ATTENTION), all * (1 - windowed / 5.0 * (1 - 2 * 256.0 / 2048)), 1e-12);
    }
}

static void a_window_bounds_the_cache_of_its_layers_alone(void **state)
{
    (void)state;
    static const char section[] = "generate: {model: windowed, system: dgx-h100, accelerators: 1, batch: 3, prompt: 1900, output: 100, output_longest: 100}\n";
    for (int windowed = 0; windowed <= 5; windowed++) {
        char yaml[MOST_TEXT];
        write_windowed(yaml, windowed, section);
        double keys_and_values = 2 * 4 * 128 * 2; /* bytes of a token and a layer */
        assert_near(metric_of(world.catalog, yaml, PLAIN, SPEEDUP_METRIC_MEMORY_KV),
                    3 * keys_and_values * ((5 - windowed) * 2000.0 + windowed * 256.0), 1e-12);
    }
}

/* --- huge numbers --- */

static int asked_for_memory;

static void *no_allocation(void *user, size_t size)
{
    (void)user;
    (void)size;
    asked_for_memory++;
    return NULL;
}

static void *no_resizing(void *user, void *memory, size_t size)
{
    (void)memory;
    return no_allocation(user, size);
}

static void no_release(void *user, void *memory)
{
    (void)user;
    (void)memory;
}

static const speedup_allocator refusing = {
    .struct_size = sizeof refusing, .allocate = no_allocation, .resize = no_resizing, .release = no_release};

static void an_arena_gives_nothing_for_a_size_that_would_wrap(void **state)
{
    (void)state;
    struct arena arena;
    arena_begin(&arena, &refusing);
    asked_for_memory = 0;
    assert_null(arena_zeroed(&arena, SIZE_MAX / 8 + 2, 8));
    assert_true(arena.failed);
    assert_int_equal(asked_for_memory, 0); /* it is not asked for the 8 bytes that the product wraps to */
    arena_end(&arena);
}

static void a_list_does_not_grow_to_a_size_that_would_wrap(void **state)
{
    (void)state;
    void *items = NULL;
    size_t room = SIZE_MAX / 16 + 1;
    asked_for_memory = 0;
    assert_false(memory_grow(&refusing, &items, &room, room, 16));
    assert_int_equal(asked_for_memory, 0);
}

static void resources_of_all_claims_count_together(void **state)
{
    (void)state;
    enum { HALF = 2048 };
    static const char *resources[HALF + 1];
    for (size_t i = 0; i <= HALF; i++)
        resources[i] = "time";
    speedup_claim claims[2] = {{.struct_size = sizeof *claims, .factor = 2, .resources = resources, .resource_count = HALF},
                               {.struct_size = sizeof *claims, .factor = 2, .resources = resources, .resource_count = HALF}};
    speedup_composition composition = {.struct_size = sizeof composition};
    assert_int_equal(speedup_claims_compose(claims, 2, NULL, 0, &composition), SPEEDUP_OK);
    claims[1].resource_count = HALF + 1;
    assert_int_equal(speedup_claims_compose(claims, 2, NULL, 0, &composition), SPEEDUP_INVALID_ARGUMENT);
}

/* --- groups that shard --- */

/* Sharded among 8 of 64 ranks, gathered twice a step, gradients reduced once. */
static void a_shard_group_within_a_node_scatters_and_gathers_over_the_link(void **state)
{
    (void)state;
    struct trial trial = {.accelerators = 64, .optimizations = "bf16-mixed-precision, grouped"};
    double v[SPEEDUP_METRIC_COUNT], faster[SPEEDUP_METRIC_COUNT];
    try(trial, v);
    trial.link = 2 * link;
    try(trial, faster);
    double moved = (v[SPEEDUP_METRIC_MEMORY_GRADIENTS] + 2 * v[SPEEDUP_METRIC_MEMORY_WEIGHTS]) * 7 / 8;
    assert_near(v[SPEEDUP_METRIC_TIME_DATA] - faster[SPEEDUP_METRIC_TIME_DATA], moved / (link * 1e9) / 2, 1e-9);
}

static void groups_reduce_their_shards_across_the_network(void **state)
{
    (void)state;
    struct trial trial = {.accelerators = 64, .optimizations = "bf16-mixed-precision, grouped", .network = network / 2};
    double v[SPEEDUP_METRIC_COUNT], slower[SPEEDUP_METRIC_COUNT];
    try(trial, slower);
    trial.network = network;
    try(trial, v);
    /* An all-reduce of an eighth among eight groups, by each of the eight ranks that share a node's network. */
    double moved = 8 * 2 * v[SPEEDUP_METRIC_MEMORY_GRADIENTS] / 8 * (64 - 8) / 64;
    assert_near(slower[SPEEDUP_METRIC_TIME_DATA] - v[SPEEDUP_METRIC_TIME_DATA], moved / (network * 1e9), 1e-9);
}

/* --- experts --- */

static void the_state_of_experts_is_sharded_over_their_replicas_alone(void **state)
{
    (void)state;
    /* Spread over x of 8 ranks, experts have 8 / x replicas: together always 8 shares of the state. */
    static const char sharded[] = "bf16-mixed-precision, distributed-optimizer";
    double alone = METRIC(MEMORY_OPTIMIZER, .model = "experts", .accelerators = 8, .optimizations = sharded);
    assert_near(METRIC(MEMORY_OPTIMIZER, .model = "experts", .accelerators = 8, .layout = "expert: 4", .optimizations = sharded), alone, 1e-12);
    assert_near(METRIC(MEMORY_OPTIMIZER, .model = "experts", .accelerators = 8, .layout = "expert: 8", .optimizations = sharded), alone, 1e-12);
}

static void gradients_of_experts_are_reduced_over_their_replicas_alone(void **state)
{
    (void)state;
    double v[SPEEDUP_METRIC_COUNT], wide[SPEEDUP_METRIC_COUNT];
    try((struct trial){.model = "experts", .accelerators = 8, .layout = "tensor: 2, expert: 4", .optimizations = bf16}, v);
    try((struct trial){.model = "experts", .accelerators = 8, .layout = "tensor: 2, expert: 8", .optimizations = bf16}, wide);
    /* Twice as wide, a rank has half of the experts' gradients. */
    double routed = v[SPEEDUP_METRIC_MEMORY_GRADIENTS] - wide[SPEEDUP_METRIC_MEMORY_GRADIENTS], dense = wide[SPEEDUP_METRIC_MEMORY_GRADIENTS] - routed;
    assert_near(wide[SPEEDUP_METRIC_TIME_DATA], 2 * dense * 3 / 4 / (link * 1e9), 1e-12);
    assert_near(v[SPEEDUP_METRIC_TIME_DATA], 2 * (dense * 3 / 4 + 2 * routed / 2) / (link * 1e9), 1e-12);
}

/* --- gathered once more --- */

static void a_sharded_residual_stream_is_gathered_again_in_the_backward_pass(void **state)
{
    (void)state;
    /* A pass forward and one backward; half a collective is a gather. */
    assert_near(METRIC(TIME_TENSOR, .accelerators = 8, .layout = "tensor: 4", .optimizations = "bf16-mixed-precision, sequence-parallelism"),
                METRIC(TIME_TENSOR, .accelerators = 8, .layout = "tensor: 4") * 2.5 / 2, 1e-12);
    assert_near(METRIC(TIME_TENSOR, .accelerators = 8, .layout = "tensor: 4", .optimizations = "bf16-mixed-precision, sequence-parallelism, activation-checkpointing"),
                METRIC(TIME_TENSOR, .accelerators = 8, .layout = "tensor: 4") * 3.5 / 2, 1e-12);
}

static void weights_given_back_after_the_forward_pass_are_gathered_again(void **state)
{
    (void)state;
    /* A link so slow that nothing of it hides but behind the work of one pass. */
    struct trial trial = {.accelerators = 8, .link = 0.1, .network = 1000, .layout = ""};
    double given_back[SPEEDUP_METRIC_COUNT], kept[SPEEDUP_METRIC_COUNT], v[SPEEDUP_METRIC_COUNT];
    trial.calibration = "";
    trial.optimizations = "bf16-mixed-precision";
    try(trial, v);
    double gather = v[SPEEDUP_METRIC_MEMORY_WEIGHTS] * 7 / 8 / 0.1e9;
    trial.optimizations = "bf16-mixed-precision, fsdp: {reshard: 0}";
    try(trial, kept);
    trial.optimizations = "bf16-mixed-precision, fsdp";
    try(trial, given_back);
    /* Eight micro-batches a step. */
    assert_near(given_back[SPEEDUP_METRIC_TIME_DATA] - kept[SPEEDUP_METRIC_TIME_DATA], 8 * gather, 1e-9);
    trial.optimizations = "bf16-mixed-precision, zero-3";
    assert_near(metric(SPEEDUP_METRIC_TIME_DATA, trial), given_back[SPEEDUP_METRIC_TIME_DATA], 1e-12);
}

static void two_layers_of_gathered_weights_are_held_at_a_time(void **state)
{
    (void)state;
    double layer = (METRIC(MEMORY_WEIGHTS, .accelerators = 8) - METRIC(MEMORY_WEIGHTS, .model = "half", .accelerators = 8)) / 8;
    assert_near(METRIC(MEMORY_BUFFERS, .accelerators = 8, .optimizations = "bf16-mixed-precision, fsdp") - METRIC(MEMORY_BUFFERS, .accelerators = 8),
                2 * layer, 1e-9);
}

/* --- link and network: eight accelerators share the link --- */

static void tensor_collectives_beyond_the_domain_take_the_network(void **state)
{
    (void)state;
    assert_takes_the_link(DOUBLED(TIME_TENSOR, .accelerators = 16, .layout = "tensor: 8"));
    assert_takes_the_network(DOUBLED(TIME_TENSOR, .accelerators = 16, .layout = "tensor: 16"));
}

static void context_rings_beyond_the_domain_take_the_network(void **state)
{
    (void)state;
    assert_takes_the_link(DOUBLED(TIME_CONTEXT, .accelerators = 16, .layout = "tensor: 4, context: 2"));
    assert_takes_the_network(DOUBLED(TIME_CONTEXT, .accelerators = 16, .layout = "tensor: 8, context: 2"));
}

static void expert_exchanges_beyond_the_domain_take_the_network(void **state)
{
    (void)state;
    /* Eight ranks of experts are next to each other, whatever tensor parallelism splits. */
    assert_takes_the_link(DOUBLED(TIME_EXCHANGE, .model = "more-experts", .accelerators = 16, .layout = "tensor: 2, expert: 4"));
    assert_takes_the_link(DOUBLED(TIME_EXCHANGE, .model = "more-experts", .accelerators = 16, .layout = "tensor: 2, expert: 8"));
    assert_takes_the_network(DOUBLED(TIME_EXCHANGE, .model = "more-experts", .accelerators = 16, .layout = "expert: 16"));
}

static void gradient_reductions_beyond_the_domain_take_the_network(void **state)
{
    (void)state;
    assert_takes_the_link(DOUBLED(TIME_DATA, .accelerators = 8, .layout = "tensor: 4"));
    assert_takes_the_network(DOUBLED(TIME_DATA, .accelerators = 16, .layout = "tensor: 4"));
}

static void sends_between_stages_beyond_the_domain_take_the_network(void **state)
{
    (void)state;
    assert_takes_the_link(DOUBLED(TIME_SEND, .accelerators = 8, .layout = "tensor: 2, pipeline: 4"));
    assert_takes_the_network(DOUBLED(TIME_SEND, .accelerators = 16, .layout = "tensor: 4, pipeline: 4"));
}

static double service_on(double network_rate, double accelerators, const char *layout)
{
    char yaml[MOST_TEXT];
    snprintf(yaml, sizeof yaml, MODELS "systems: {pod: {base: dgx-a100-80gb, network: %g GB/s}}\n"
             "generate: {model: dense, system: pod, accelerators: %.0f, batch: 64, prompt: 1000, output: 100, layout: {%s}}\n",
             network_rate, accelerators, layout);
    return metric_of(world.catalog, yaml, PLAIN, SPEEDUP_METRIC_TIME_TENSOR);
}

static void collectives_of_a_service_beyond_the_domain_take_the_network(void **state)
{
    (void)state;
    assert_bits(service_on(2 * network, 16, "tensor: 8"), service_on(network, 16, "tensor: 8"));
    assert_true(service_on(2 * network, 16, "tensor: 16") < service_on(network, 16, "tensor: 16"));
}

/* Two pools, with keys and values that all show on their way. */
static void estimate_pools(double accelerators, double network_rate, double v[SPEEDUP_METRIC_COUNT])
{
    char yaml[MOST_TEXT];
    snprintf(yaml, sizeof yaml, MODELS "systems: {pod: {base: dgx-a100-80gb, network: %g GB/s}}\n"
             "serve: {model: dense, system: pod, accelerators: %.0f, prompt: 1000, output: 100, concurrency: 64, price: 2 USD/h, "
             "prefill: {accelerators: 2}}\n", network_rate, accelerators);
    estimate_of(world.catalog, yaml, PLAIN, v);
}

static void caches_handed_on_beyond_the_domain_take_the_network(void **state)
{
    (void)state;
    double v[SPEEDUP_METRIC_COUNT], faster[SPEEDUP_METRIC_COUNT];
    estimate_pools(8, network, v);
    estimate_pools(8, 2 * network, faster);
    assert_bits(faster[SPEEDUP_METRIC_TRANSFER_SECONDS], v[SPEEDUP_METRIC_TRANSFER_SECONDS]);
    estimate_pools(9, network, v);
    estimate_pools(9, 2 * network, faster);
    assert_near(faster[SPEEDUP_METRIC_TRANSFER_SECONDS], v[SPEEDUP_METRIC_TRANSFER_SECONDS] / 2, 1e-12);
}

/* --- money --- */

static void a_pool_for_prefill_is_paid_by_prompts(void **state)
{
    (void)state;
    double v[SPEEDUP_METRIC_COUNT];
    estimate_pools(8, network, v);
    double second = 2 / 3600.0, requests = v[SPEEDUP_METRIC_REQUESTS_PER_SECOND];
    assert_near(v[SPEEDUP_METRIC_COST_INPUT] * 1000 / 1e6, 2 * second / requests, 1e-12);
    assert_near(v[SPEEDUP_METRIC_COST_OUTPUT] * 100 / 1e6, 6 * second / requests, 1e-12);
}

static void both_pools_are_paid(void **state)
{
    (void)state;
    double v[SPEEDUP_METRIC_COUNT];
    estimate_pools(8, network, v);
    assert_near(v[SPEEDUP_METRIC_COST] * 100 / 1e6, 8 * 2 / 3600.0 / v[SPEEDUP_METRIC_REQUESTS_PER_SECOND], 1e-12);
}

static void a_prompt_pays_for_its_prefill_on_all_ranks_that_it_takes(void **state)
{
    (void)state;
    char yaml[MOST_TEXT];
    double v[SPEEDUP_METRIC_COUNT];
    snprintf(yaml, sizeof yaml, MODELS "serve: {model: dense, system: dgx-a100-80gb, accelerators: 8, prompt: 1000, output: 100, concurrency: 64, "
             "price: 2 USD/h, layout: {tensor: 4}}\n");
    estimate_of(world.catalog, yaml, PLAIN, v);
    assert_near(v[SPEEDUP_METRIC_COST_INPUT] * 1000 / 1e6, 4 * v[SPEEDUP_METRIC_PREFILL_SECONDS] * 2 / 3600, 1e-12);
}

/* --- memory of training --- */

static void a_stage_of_several_holds_one_vocabulary_table(void **state)
{
    (void)state;
    const double table = 2.0 * VOCAB * HIDDEN;
    double untied = METRIC(MEMORY_WEIGHTS, .accelerators = 8), tied = METRIC(MEMORY_WEIGHTS, .model = "tied", .accelerators = 8);
    assert_near(untied - tied, table, 1e-12);
    assert_near(METRIC(MEMORY_WEIGHTS, .accelerators = 8, .layout = "pipeline: 2"), (untied - 2 * table) / 2 + table, 1e-12);
    assert_near(METRIC(MEMORY_WEIGHTS, .model = "tied", .accelerators = 8, .layout = "pipeline: 2"), (tied - table) / 2 + table, 1e-12);
}

static void the_ends_take_the_place_of_a_layer_each_when_asked(void **state)
{
    (void)state;
    /* Fourteen layers, an embedding and a head in four stages of four places. */
    const double table = 2.0 * VOCAB * HIDDEN;
    double layer = (METRIC(MEMORY_WEIGHTS, .accelerators = 8) - METRIC(MEMORY_WEIGHTS, .model = "half", .accelerators = 8)) / 8;
    assert_near(METRIC(MEMORY_WEIGHTS, .model = "fourteen", .accelerators = 8, .layout = "pipeline: 4"), 3 * layer + table, 1e-12);
    assert_near(METRIC(MEMORY_WEIGHTS, .model = "fourteen", .accelerators = 8, .layout = "pipeline: 4, ends_as_layers: true"), 3 * layer + table, 1e-12);
    /* Where layers divide, they are spread evenly unless asked otherwise. */
    assert_near(METRIC(MEMORY_WEIGHTS, .model = "fourteen", .accelerators = 8, .layout = "pipeline: 2"), 7 * layer + table, 1e-12);
    assert_near(METRIC(MEMORY_WEIGHTS, .accelerators = 8, .layout = "pipeline: 8"), 2 * layer + table, 1e-12);
    assert_near(METRIC(MEMORY_WEIGHTS, .accelerators = 8, .layout = "pipeline: 8, ends_as_layers: true"), 2 * layer + table, 1e-12);
}

static void a_host_keeps_what_all_its_accelerators_offload(void **state)
{
    (void)state;
    double kept = METRIC(MEMORY_OPTIMIZER, .accelerators = 8);
    static const char offload[] = "bf16-mixed-precision, optimizer-offload";
    assert_near(METRIC(MEMORY_HOST, .accelerators = 8, .optimizations = offload), NODE * kept, 1e-12);
    assert_near(METRIC(MEMORY_HOST, .accelerators = 16, .optimizations = offload), NODE * kept, 1e-12);
}

static void offloaded_state_crosses_the_host_link_once_each_way(void **state)
{
    (void)state;
    double v[SPEEDUP_METRIC_COUNT];
    try((struct trial){.accelerators = 8, .optimizations = "bf16-mixed-precision, optimizer-offload"}, v);
    assert_near(v[SPEEDUP_METRIC_TIME_HOST], 2 * v[SPEEDUP_METRIC_MEMORY_HOST] / NODE / (0.855 * host_link), 1e-12);
}

/* --- times of training --- */

static void each_of_four_narrow_products_of_a_layer_has_a_fixed_time(void **state)
{
    (void)state;
    char yaml[MOST_TEXT];
    snprintf(yaml, sizeof yaml, MODELS "train: {model: dense, system: dgx-h100, accelerators: 8, sequence: 2048, global_batch: 64, micro_batch: 2, "
             "optimizations: [products-fp8]}\n");
    double none = metric_of(world.catalog, yaml, WITH("train.calibration.narrow_product=0"), SPEEDUP_METRIC_TIME_MATMUL);
    double some = metric_of(world.catalog, yaml, WITH("train.calibration.narrow_product=0.00001"), SPEEDUP_METRIC_TIME_MATMUL);
    /* Four micro-batches a rank; once forward, and twice backward: by inputs and by weights. */
    assert_near(some - none, 4 * 3 * 4 * LAYERS * 0.00001, 1e-9);
}

static void an_interleaved_schedule_sends_as_often_again_for_every_chunk(void **state)
{
    (void)state;
    /* So slow a network that sends outlast the work that they hide behind. */
    struct trial trial = {.accelerators = 16, .network = 1, .layout = "tensor: 8, pipeline: 2", .calibration = ", pipeline_send: 1"};
    double plain = metric(SPEEDUP_METRIC_TIME_SEND, trial);
    trial.layout = "tensor: 8, pipeline: 2, virtual_stages: 2";
    double two = metric(SPEEDUP_METRIC_TIME_SEND, trial);
    trial.layout = "tensor: 8, pipeline: 2, virtual_stages: 8";
    assert_near(metric(SPEEDUP_METRIC_TIME_SEND, trial) - two, 6 * plain, 1e-9);
}

static void a_broadcast_goes_along_a_tree_of_nodes(void **state)
{
    (void)state;
    for (double nodes = 1; nodes <= 4; nodes *= 2) {
        struct trial trial = {.accelerators = NODE * nodes, .optimizations = "bf16-mixed-precision, zero-1-broadcast", .calibration = ", tree_latency: 0"};
        double none = metric(SPEEDUP_METRIC_TIME_DATA, trial);
        trial.calibration = ", tree_latency: 0.001";
        assert_near(1 + metric(SPEEDUP_METRIC_TIME_DATA, trial) - none, 1 + 0.001 * log(nodes), 1e-12);
    }
}

static void model_operations_are_six_for_a_parameter_and_a_token(void **state)
{
    (void)state;
    double v[SPEEDUP_METRIC_COUNT];
    try((struct trial){.accelerators = 8}, v);
    const double h = HIDDEN, norms = LAYERS * 2 * h + h;
    /* All but the embedding, which is looked up; attention sees half of the sequence on average. */
    double parameters = LAYERS * (4 * h * h + 2 * h * FFN) + norms + VOCAB * h, attention = 2 * LAYERS * h * SEQUENCE / 2;
    assert_near(v[SPEEDUP_METRIC_MODEL_FLOPS_PER_SECOND] * v[SPEEDUP_METRIC_STEP_SECONDS] * 8,
                6 * (parameters + attention) * BATCH * SEQUENCE, 1e-12);
}

/* --- memory of services --- */

static void no_rank_keeps_less_than_one_head_of_keys_and_values(void **state)
{
    (void)state;
    double eight = SERVED(MEMORY_KV, .model = "llama-2-70b", .accelerators = 8, .layout = "tensor: 8");
    assert_near(SERVED(MEMORY_KV, .model = "llama-2-70b", .accelerators = 4, .layout = "tensor: 4"), 2 * eight, 1e-12);
    assert_near(SERVED(MEMORY_KV, .model = "llama-2-70b", .accelerators = 16, .layout = "tensor: 16"), eight, 1e-12);
}

static void experts_of_a_service_are_spread_over_all_ranks_of_a_copy(void **state)
{
    (void)state;
    double one = SERVED(MEMORY_WEIGHTS, .model = "experts", .accelerators = 1),
           two = SERVED(MEMORY_WEIGHTS, .model = "experts", .accelerators = 2, .layout = "attention_data: 2"),
           four = SERVED(MEMORY_WEIGHTS, .model = "experts", .accelerators = 4, .layout = "attention_data: 4");
    /* Eight layers of eight experts of three matrices, in 16 bits. */
    const double experts = 8.0 * 8 * 3 * HIDDEN * 1024 * 2;
    assert_near(one - two, experts / 2, 1e-12);
    assert_near(one - four, experts * 3 / 4, 1e-12);
}

static void tied_embeddings_are_one_table(void **state)
{
    (void)state;
    assert_near(SERVED(MEMORY_WEIGHTS, .accelerators = 1) - SERVED(MEMORY_WEIGHTS, .model = "tied", .accelerators = 1), 2.0 * VOCAB * HIDDEN, 1e-12);
}

/* --- composition --- */

static void one_of_two_is_enough_to_exclude_the_other(void **state)
{
    (void)state;
    static const char *const orders[] = {"bf16-mixed-precision, one-excludes, is-excluded", "bf16-mixed-precision, is-excluded, one-excludes"};
    for (size_t i = 0; i < 2; i++) {
        char yaml[MOST_TEXT];
        const struct trial trial = {.accelerators = 8, .optimizations = orders[i]};
        write_trial(&trial, yaml);
        assert_int_equal(refused_scenario(world.catalog, yaml, PLAIN), SPEEDUP_EXCLUDED);
    }
}

static void of_a_line_of_bases_one_alone_is_chosen(void **state)
{
    (void)state;
    static const char *const pairs[] = {"first, second", "third, first", "third, other", "second, third"};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        char yaml[MOST_TEXT];
        const struct trial trial = {.accelerators = 8, .optimizations = pairs[i]};
        write_trial(&trial, yaml);
        assert_int_equal(refused_scenario(world.catalog, yaml, PLAIN), SPEEDUP_EXCLUDED);
    }
}

static void of_shares_that_follow_from_the_layout_the_largest_holds(void **state)
{
    (void)state;
    struct trial trial = {.accelerators = 8, .link = 0.1, .optimizations = "bf16-mixed-precision, more-overlap"};
    double larger = metric(SPEEDUP_METRIC_TIME_DATA, trial);
    trial.optimizations = "bf16-mixed-precision, some-overlap";
    assert_true(metric(SPEEDUP_METRIC_TIME_DATA, trial) > larger);
    trial.optimizations = "bf16-mixed-precision, some-overlap, more-overlap";
    assert_bits(metric(SPEEDUP_METRIC_TIME_DATA, trial), larger);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(int8_products_run_at_the_peak_of_int8),
        cmocka_unit_test(int8_products_of_training_have_a_gain_of_their_own),
        cmocka_unit_test(int8_products_of_a_service_reach_the_rate_of_eight_bits),
        cmocka_unit_test(of_an_odd_number_of_alternating_layers_one_more_has_the_window),
        cmocka_unit_test(every_layer_of_a_pattern_but_the_last_has_the_window),
        cmocka_unit_test(every_layer_of_an_interval_but_the_last_is_linear),
        cmocka_unit_test(a_window_shortens_the_attention_of_its_layers_alone),
        cmocka_unit_test(a_window_bounds_the_cache_of_its_layers_alone),
        cmocka_unit_test(an_arena_gives_nothing_for_a_size_that_would_wrap),
        cmocka_unit_test(a_list_does_not_grow_to_a_size_that_would_wrap),
        cmocka_unit_test(resources_of_all_claims_count_together),
        cmocka_unit_test(a_shard_group_within_a_node_scatters_and_gathers_over_the_link),
        cmocka_unit_test(groups_reduce_their_shards_across_the_network),
        cmocka_unit_test(the_state_of_experts_is_sharded_over_their_replicas_alone),
        cmocka_unit_test(gradients_of_experts_are_reduced_over_their_replicas_alone),
        cmocka_unit_test(a_sharded_residual_stream_is_gathered_again_in_the_backward_pass),
        cmocka_unit_test(weights_given_back_after_the_forward_pass_are_gathered_again),
        cmocka_unit_test(two_layers_of_gathered_weights_are_held_at_a_time),
        cmocka_unit_test(tensor_collectives_beyond_the_domain_take_the_network),
        cmocka_unit_test(context_rings_beyond_the_domain_take_the_network),
        cmocka_unit_test(expert_exchanges_beyond_the_domain_take_the_network),
        cmocka_unit_test(gradient_reductions_beyond_the_domain_take_the_network),
        cmocka_unit_test(sends_between_stages_beyond_the_domain_take_the_network),
        cmocka_unit_test(collectives_of_a_service_beyond_the_domain_take_the_network),
        cmocka_unit_test(caches_handed_on_beyond_the_domain_take_the_network),
        cmocka_unit_test(a_pool_for_prefill_is_paid_by_prompts),
        cmocka_unit_test(both_pools_are_paid),
        cmocka_unit_test(a_prompt_pays_for_its_prefill_on_all_ranks_that_it_takes),
        cmocka_unit_test(a_stage_of_several_holds_one_vocabulary_table),
        cmocka_unit_test(the_ends_take_the_place_of_a_layer_each_when_asked),
        cmocka_unit_test(a_host_keeps_what_all_its_accelerators_offload),
        cmocka_unit_test(offloaded_state_crosses_the_host_link_once_each_way),
        cmocka_unit_test(each_of_four_narrow_products_of_a_layer_has_a_fixed_time),
        cmocka_unit_test(an_interleaved_schedule_sends_as_often_again_for_every_chunk),
        cmocka_unit_test(a_broadcast_goes_along_a_tree_of_nodes),
        cmocka_unit_test(model_operations_are_six_for_a_parameter_and_a_token),
        cmocka_unit_test(no_rank_keeps_less_than_one_head_of_keys_and_values),
        cmocka_unit_test(experts_of_a_service_are_spread_over_all_ranks_of_a_copy),
        cmocka_unit_test(tied_embeddings_are_one_table),
        cmocka_unit_test(one_of_two_is_enough_to_exclude_the_other),
        cmocka_unit_test(of_a_line_of_bases_one_alone_is_chosen),
        cmocka_unit_test(of_shares_that_follow_from_the_layout_the_largest_holds),
    };
    return cmocka_run_group_tests(tests, world_begin, world_end);
}
