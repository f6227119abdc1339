/* Rules of a training step made of kernels, collectives and a host: one a test, each alone.
 * Every coefficient stands where it costs nothing, but those that a test sets. */
#include "estimate/scenario.h"
#include "plan/bound.h"

#include "helper.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { LAYERS = 4, HIDDEN = 1024, HEADS = 8, FFN = 4096, VOCAB = 32000, EXPERT_FFN = 1024, EXPERTS = 16, ACTIVE = 2 };
enum { MOST_TEXT = 8000 };
static const double peak = 1000e12, bandwidth = 2000e9, link = 400e9, network = 100e9, node = 8;
static const double dense = LAYERS * (4.0 * HIDDEN * HIDDEN + 2.0 * HIDDEN * FFN), table = (double)VOCAB * HIDDEN;
static const double parameters = LAYERS * (4.0 * HIDDEN * HIDDEN + 2.0 * HIDDEN * FFN) + 2.0 * VOCAB * HIDDEN;

/* Linear layers of a plain block: outputs, inputs, and how many stand side by side. */
static const double matrices[4][3] = {{3 * HIDDEN, HIDDEN, 3}, {HIDDEN, HIDDEN, 1}, {FFN, HIDDEN, 1}, {HIDDEN, FFN, 1}};

static const struct {
    const char *name, *value;
} still[] = {
    {"matmul_efficiency", "1"}, {"library_rate", "1"}, {"library_depth", "0"}, {"matmul_depth", "0"}, {"matmul_stream", "2"},
    {"unfused_attention", "1"}, {"score_passes", "0"}, {"score_backward", "0"}, {"score_casts", "0"}, {"score_casts_backward", "0"},
    {"misaligned_head", "1"}, {"misaligned_heads", "1"}, {"attention_again", "1"}, {"flash_attention_2", "0.5"}, {"flash_backward", "2"},
    {"fused_depth", "0"}, {"fused_depth_backward", "0"}, {"fused_width", "0"},
    {"copy_rate", "1"}, {"hidden_forward", "0"}, {"hidden_backward", "0"}, {"inner_forward", "0"}, {"inner_backward", "0"},
    {"gated_forward", "0"}, {"gated_backward", "0"}, {"gated_casts", "0"}, {"gated_casts_backward", "0"}, {"gated_inner", "1"}, {"gated_host", "1"},
    {"autocast", "0"}, {"autocast_forward", "0"}, {"autocast_backward", "0"}, {"cast_weights", "0"}, {"cast_passes", "0"}, {"narrow_product", "0"},
    {"loss_forward", "0"}, {"loss_backward", "0"}, {"table_gradient", "0"}, {"adapter_forward", "0"}, {"adapter_backward", "0"}, {"widen_weight", "0"},
    {"kernel_seconds", "0"}, {"matmul_seconds", "0"}, {"cast_launches", "0"}, {"context_merge", "0"}, {"host_forward", "0"}, {"host_backward", "0"}, {"host_again", "0"}, {"host_gather", "0"}, {"host_tensor", "0"},
    {"host_optimizer", "0"}, {"host_step", "0"}, {"host_batch", "0"}, {"host_adapter", "0"}, {"step_seconds", "0"}, {"blocking_seconds", "0"},
    {"optimizer_bytes", "0"}, {"accumulate_bytes", "0"}, {"recompute_stops", "0"}, {"kept_gradient", "2"}, {"reduced_gradient", "2"},
    {"expert_efficiency", "1"}, {"expert_fixed", "0"}, {"expert_layer", "0"}, {"expert_rows", "0"}, {"expert_sums", "0"}, {"expert_exchange", "1"},
    {"routed_forward", "0"}, {"routed_backward", "0"}, {"routed_casts", "0"}, {"routed_casts_backward", "0"},
    {"fused_dispatch", "0.25"}, {"fused_experts", "1.25"}, {"fused_exchange", "0.5"},
    {"link_fraction", "1"}, {"network_fraction", "1"}, {"data_latency", "0"}, {"contention_link", "0"}, {"contention_network", "0"},
    {"bucket_copy", "0"}, {"gather_copy", "0"}, {"gather_shows", "0"}, {"pipeline_send", "0"},
#define IDEAL(kind) {kind "_fixed", "0"}, {kind "_rank", "0"}, {kind "_wire", "1"}, {kind "_buffer", "0"}, {kind "_ramp", "0"}
    IDEAL("all_reduce"), IDEAL("all_gather"), IDEAL("reduce_scatter"), IDEAL("send"),
};

/* What is left out: one accelerator, 8 sequences of 2048 tokens in one micro-batch, in bf16. */
struct trial {
    const char *model, *layout, *optimizations, *calibration;
    int accelerators, sequence, batch, micro_batch;
};

static void write_calibration(const char *own, char *out)
{
    size_t length = 0;
    for (size_t i = 0; i < sizeof still / sizeof *still; i++) {
        char name[60], first[60];
        snprintf(name, sizeof name, " %s: ", still[i].name);
        snprintf(first, sizeof first, "%s: ", still[i].name);
        if (!strstr(own, name) && strncmp(own, first, strlen(first)))
            length += (size_t)sprintf(out + length, "%s: %s, ", still[i].name, still[i].value);
    }
    strcpy(out + length, own);
}

static void write_trial(const struct trial *t, char yaml[MOST_TEXT])
{
    char calibration[4000];
    write_calibration(t->calibration ? t->calibration : "", calibration);
    snprintf(yaml, MOST_TEXT,
             "accelerators: {chip: {compute_capability: 9.0, peak: {bf16: 1000 TFLOP/s, fp32: 100 TFLOP/s}, memory: 80 GiB, bandwidth: 2000 GB/s, "
             "link: 400 GB/s, host_link: 50 GB/s}}\n"
             "systems: {pod: {accelerator: chip, accelerators_per_node: 8, network: 100 GB/s}}\n"
             "models:\n"
             "  plain: {layers: 4, hidden: 1024, heads: 8, ffn: 4096, ffn_kind: plain, vocab: 32000}\n"
             "  tied: {layers: 4, hidden: 1024, heads: 8, ffn: 4096, ffn_kind: plain, vocab: 32000, tied_embeddings: true}\n"
             "  gated: {layers: 4, hidden: 1024, heads: 8, ffn: 4096, ffn_kind: gated, vocab: 32000}\n"
             "  narrow: {layers: 4, hidden: 1024, heads: 16, ffn: 4096, ffn_kind: plain, vocab: 32000}\n"
             "  experts: {layers: 4, hidden: 1024, heads: 8, ffn: 4096, ffn_kind: gated, vocab: 32000, experts: {count: 16, active: 2, ffn: 1024}}\n"
             "optimizations:\n"
             "  frozen: {applies_to: [training], effects: {trainable.share: 0}, source: here}\n"
             "  whole: {applies_to: [training], effects: {recompute.spared: 0}, source: here}\n"
             "  spares: {applies_to: [training], effects: {recompute.spared: 'if(tensor > 1, 1, 0)', comm.tensor.bytes: 0}, source: here}\n"
             "  hides: {applies_to: [training], effects: {comm.data.overlap: 1}, source: here}\n"
             "train:\n  model: %s\n  system: pod\n  accelerators: %d\n  sequence: %d\n  global_batch: %d\n  micro_batch: %d\n  layout: {%s}\n"
             "  optimizations: [%s]\n  calibration: {%s}\n",
             t->model ? t->model : "plain", t->accelerators ? t->accelerators : 1, t->sequence ? t->sequence : 2048, t->batch ? t->batch : 8,
             t->micro_batch ? t->micro_batch : 8, t->layout ? t->layout : "", t->optimizations ? t->optimizations : "bf16-mixed-precision", calibration);
}

static double metric(int32_t metric, struct trial trial)
{
    char yaml[MOST_TEXT];
    write_trial(&trial, yaml);
    return metric_of(world.catalog, yaml, PLAIN, metric);
}

#define METRIC(NAME, ...) metric(SPEEDUP_METRIC_##NAME, (struct trial){__VA_ARGS__})

static const char checkpointing[] = "bf16-mixed-precision, activation-checkpointing";
static const double tokens = 8 * 2048;

/* --- products --- */

static double product(double m, double n, double k)
{
    return 2 * m * n * k / peak;
}

/* The products of all layers: forward, backward by the gradient of the input, and by that of the weights. */
static void products(double depth, double out[3])
{
    memset(out, 0, 3 * sizeof *out);
    for (int i = 0; i < 4; i++) {
        double n = matrices[i][0], k = matrices[i][1];
        out[0] += LAYERS * product(tokens, n, k + depth);
        out[1] += LAYERS * product(tokens, k, n + depth);
        out[2] += LAYERS * product(n, k, tokens + depth);
    }
}

static void a_product_with_a_short_inner_dimension_is_slower_per_operation(void **state)
{
    (void)state;
    double p[3];
    products(512, p);
    assert_near(METRIC(TIME_MATMUL, .optimizations = "bf16-mixed-precision, frozen", .calibration = "matmul_depth: 512"), p[0] + p[1], 1e-12);
    assert_near(METRIC(TIME_MATMUL, .optimizations = "bf16-mixed-precision, frozen",
                .calibration = "matmul_depth: 500, library_depth: 12"), p[0] + p[1], 1e-12);
    /* Tensor parallelism halves the inner dimension of what it splits by inputs: half the operations take more than half the time. */
    assert_true(METRIC(TIME_MATMUL, .accelerators = 2, .layout = "tensor: 2", .calibration = "matmul_depth: 512") >
                1.01 * METRIC(TIME_MATMUL, .calibration = "matmul_depth: 512") / 2);
}

static void a_product_has_a_time_of_its_own_beside_its_work(void **state)
{
    (void)state;
    /* Four linear layers in four layers, and the head: forward, and twice backward. */
    double none = METRIC(TIME_MATMUL, .calibration = "matmul_seconds: 0");
    assert_near(METRIC(TIME_MATMUL, .calibration = "matmul_seconds: 1e-6") - none, 4 * 4 * 3 * 1e-6, 1e-12);
}

static void a_linear_layer_goes_back_through_two_products(void **state)
{
    (void)state;
    double p[3];
    products(512, p);
    assert_near(METRIC(TIME_MATMUL, .calibration = "matmul_depth: 512"), p[0] + p[1] + p[2], 1e-12);
    products(0, p);
    assert_near(METRIC(TIME_MATMUL, .accelerators = 1), p[0] + p[1] + p[2], 1e-12);
}

static void products_that_read_more_than_they_compute_take_the_bandwidth(void **state)
{
    (void)state;
    const double m = 32;
    double bytes = 0;
    for (int i = 0; i < 4; i++) {
        double n = matrices[i][0], k = matrices[i][1];
        bytes += 3 * 2 * LAYERS * (m * n + n * k + m * k);
    }
    assert_near(METRIC(TIME_MATMUL, .sequence = 32, .batch = 1, .micro_batch = 1,
                .calibration = "matmul_stream: 0.5"), bytes / (bandwidth * 0.5), 1e-12);
    /* Whatever the rate of operations. */
    assert_near(METRIC(TIME_MATMUL, .sequence = 32, .batch = 1, .micro_batch = 1, .calibration = "matmul_stream: 0.5, library_rate: 0.5"),
                bytes / (bandwidth * 0.5), 1e-12);
}

static void products_of_four_bytes_fill_their_tiles_in_half_the_depth(void **state)
{
    (void)state;
    double p[3];
    products(256, p);
    assert_near(METRIC(TIME_MATMUL, .optimizations = "flash-attention-2",
                .calibration = "matmul_depth: 512, matmul_gain_fp32: 1"), 10 * (p[0] + p[1] + p[2]), 1e-12);
}

static void frozen_weights_have_no_product_of_their_gradient(void **state)
{
    (void)state;
    assert_near(METRIC(TIME_MATMUL, .optimizations = "bf16-mixed-precision, frozen"), METRIC(TIME_MATMUL, .accelerators = 1) * 2 / 3, 1e-12);
    assert_near(METRIC(TIME_HEAD, .optimizations = "bf16-mixed-precision, frozen"), METRIC(TIME_HEAD, .accelerators = 1) * 2 / 3, 1e-12);
}

static void frozen_weights_are_four_operations_for_a_parameter_and_a_token(void **state)
{
    (void)state;
    static const char frozen[] = "bf16-mixed-precision, frozen";
    double all = METRIC(MODEL_FLOPS_PER_SECOND, .accelerators = 1) * METRIC(STEP_SECONDS, .accelerators = 1) / tokens;
    double least = METRIC(MODEL_FLOPS_PER_SECOND, .optimizations = frozen) * METRIC(STEP_SECONDS, .optimizations = frozen) / tokens;
    const double attention = 6 * LAYERS * HEADS * 256.0 * 2048 / 2;
    assert_near(least - attention, (all - attention) * 4 / 6, 1e-12);
}

static void the_rate_of_the_library_is_that_of_all_products(void **state)
{
    (void)state;
    assert_near(METRIC(TIME_MATMUL, .calibration = "matmul_sustained: 0.5"), 2 * METRIC(TIME_MATMUL, .accelerators = 1), 1e-12);
    assert_near(METRIC(TIME_MATMUL, .calibration = "library_rate: 0.5"), 2 * METRIC(TIME_MATMUL, .accelerators = 1), 1e-12);
    assert_near(METRIC(TIME_HEAD, .calibration = "library_rate: 0.5"), 2 * METRIC(TIME_HEAD, .accelerators = 1), 1e-12);
    assert_near(METRIC(TIME_EXPERT, .model = "experts", .calibration = "library_rate: 0.5"), 2 * METRIC(TIME_EXPERT, .model = "experts"), 1e-12);
}

/* --- recomputation --- */

static void recomputation_stops_before_the_last_product_of_a_block(void **state)
{
    (void)state;
    double p[3];
    products(0, p);
    double all = 2 * p[0] + p[1] + p[2], last = LAYERS * product(tokens, HIDDEN, FFN);
    assert_near(METRIC(TIME_MATMUL, .optimizations = checkpointing), all, 1e-12);
    assert_near(METRIC(TIME_MATMUL, .optimizations = checkpointing, .calibration = "recompute_stops: 1"), all - last, 1e-12);
    assert_near(METRIC(TIME_MATMUL, .optimizations = "bf16-mixed-precision, activation-checkpointing: {share: 0.5}",
                .calibration = "recompute_stops: 1"),
                all - p[0] / 2 - last / 2, 1e-12);
    /* Nothing is spared where nothing is done again, nor where a compiler takes the block as a whole. */
    assert_near(METRIC(TIME_MATMUL, .calibration = "recompute_stops: 1"), p[0] + p[1] + p[2], 1e-12);
    assert_near(METRIC(TIME_MATMUL, .optimizations = "bf16-mixed-precision, activation-checkpointing, torch-compile",
                .calibration = "recompute_stops: 1"), all, 1e-12);
}

static void recomputation_stops_before_the_sum_behind_a_block(void **state)
{
    (void)state;
    double element = tokens * HIDDEN * LAYERS / bandwidth;
    assert_near(METRIC(TIME_POINTWISE, .optimizations = checkpointing,
                .calibration = "hidden_forward: 40, recompute_stops: 1"), (80 - 10) * element, 1e-12);
    assert_near(METRIC(TIME_POINTWISE, .optimizations = "bf16-mixed-precision, activation-checkpointing, whole",
                .calibration = "hidden_forward: 40, recompute_stops: 1"),
                80 * element, 1e-12);
    /* No more is spared than there is. */
    assert_near(METRIC(TIME_POINTWISE, .optimizations = checkpointing, .calibration = "hidden_forward: 4, recompute_stops: 1"), 4 * element, 1e-12);
}

/* --- casts and sums of gradients --- */

#define CAST "autocast: 1, cast_weights: 6"

static void autocast_casts_weights_in_every_pass(void **state)
{
    (void)state;
    double pass = 6 * parameters / bandwidth;
    assert_near(METRIC(TIME_CAST, .calibration = CAST), 2 * pass, 1e-12);
    assert_near(METRIC(TIME_CAST, .batch = 24, .calibration = CAST), 3 * 2 * pass, 1e-12);
    /* A layer that is done again casts what it multiplies again: not its last matrix, where it stops before that. */
    double last = LAYERS * (double)FFN * HIDDEN;
    assert_near(METRIC(TIME_CAST, .optimizations = checkpointing, .calibration = CAST), (2 + dense / parameters) * pass, 1e-12);
    assert_near(METRIC(TIME_CAST, .optimizations = checkpointing, .calibration = CAST ", recompute_stops: 1"), (2 + (dense - last) / parameters) * pass, 1e-12);
}

static void weights_kept_in_16_bits_are_not_cast(void **state)
{
    (void)state;
    assert_bits(METRIC(TIME_CAST, .calibration = "autocast: 0, cast_weights: 6"), 0);
    assert_bits(METRIC(TIME_CAST, .optimizations = "pure-bf16", .calibration = CAST), 0);
    assert_bits(METRIC(TIME_CAST, .optimizations = "bf16-mixed-precision, frozen", .calibration = CAST), 0);
}

static void weights_gathered_layer_by_layer_arrive_cast(void **state)
{
    (void)state;
    assert_bits(METRIC(TIME_CAST, .accelerators = 8, .batch = 64, .optimizations = "bf16-mixed-precision, fsdp", .calibration = CAST), 0);
    assert_bits(METRIC(TIME_CAST, .accelerators = 8, .batch = 64, .optimizations = "bf16-mixed-precision, zero-3", .calibration = CAST), 0);
    assert_true(METRIC(TIME_CAST, .accelerators = 8, .batch = 64, .optimizations = "bf16-mixed-precision, zero-1", .calibration = CAST) > 0);
}

static void autocast_casts_activations_with_the_weights(void **state)
{
    (void)state;
    double element = tokens * HIDDEN * LAYERS / bandwidth;
    static const char casts[] = "autocast: 1, autocast_forward: 28, autocast_backward: 91";
    assert_near(METRIC(TIME_POINTWISE, .calibration = casts), (28 + 91) * element, 1e-12);
    assert_bits(METRIC(TIME_POINTWISE, .optimizations = "pure-bf16", .calibration = casts), 0);
    assert_near(METRIC(TIME_POINTWISE, .model = "gated", .calibration = "autocast: 1, autocast_forward: 28, gated_casts: 5, gated_casts_backward: 7"),
                (28 + 5 + 7) * element, 1e-12);
}

static void gradients_are_added_once_less_than_there_are_micro_batches(void **state)
{
    (void)state;
    double once = 12 * parameters / bandwidth;
    assert_bits(METRIC(TIME_CAST, .calibration = "accumulate_bytes: 12, reduced_gradient: 4"), 0);
    assert_near(METRIC(TIME_CAST, .batch = 32, .calibration = "accumulate_bytes: 12, reduced_gradient: 4"), 3 * once, 1e-12);
    assert_near(METRIC(TIME_CAST, .batch = 32, .calibration = "accumulate_bytes: 12, reduced_gradient: 2"), 3 * once / 2, 1e-12);
    assert_bits(METRIC(TIME_CAST, .batch = 32, .optimizations = "bf16-mixed-precision, frozen", .calibration = "accumulate_bytes: 12"), 0);
}

static void a_tied_table_adds_its_two_gradients(void **state)
{
    (void)state;
    static const char sums[] = "table_gradient: 16, reduced_gradient: 4";
    assert_near(METRIC(TIME_CAST, .model = "tied", .calibration = sums), 16 * table / bandwidth, 1e-12);
    assert_bits(METRIC(TIME_CAST, .calibration = sums), 0);
}

static void weights_of_four_bits_are_widened_for_every_pass(void **state)
{
    (void)state;
    double pass = 5 * dense / bandwidth;
    assert_near(METRIC(TIME_CAST, .optimizations = "bf16-mixed-precision, qlora", .calibration = "widen_weight: 5"), 2 * pass, 1e-12);
    assert_near(METRIC(TIME_CAST, .optimizations = "bf16-mixed-precision, qlora, activation-checkpointing",
                .calibration = "widen_weight: 5"), 3 * pass, 1e-12);
    assert_bits(METRIC(TIME_CAST, .optimizations = "bf16-mixed-precision, lora", .calibration = "widen_weight: 5"), 0);
}

/* --- passes over memory --- */

static void adapters_move_what_goes_into_their_layers_and_out(void **state)
{
    (void)state;
    double ends = 0;
    for (int i = 0; i < 4; i++)
        ends += LAYERS * (matrices[i][0] + matrices[i][2] * matrices[i][1]);
    static const char lora[] = "bf16-mixed-precision, lora";
    double none = METRIC(TIME_MATMUL, .optimizations = lora);
    assert_near(METRIC(TIME_MATMUL, .optimizations = lora, .calibration = "adapter_forward: 100") - none, 100 * tokens * ends / bandwidth, 1e-9);
    assert_near(METRIC(TIME_MATMUL, .optimizations = lora, .calibration = "adapter_backward: 200") - none, 200 * tokens * ends / bandwidth, 1e-9);
    assert_bits(METRIC(TIME_MATMUL, .calibration = "adapter_forward: 100, adapter_backward: 200"), METRIC(TIME_MATMUL, .accelerators = 1));
}

static void passes_move_their_bytes_at_the_rate_of_copies(void **state)
{
    (void)state;
    double residual = tokens * HIDDEN * LAYERS / (0.5 * bandwidth), inner = tokens * FFN * LAYERS / (0.5 * bandwidth);
    assert_near(METRIC(TIME_POINTWISE, .calibration = "copy_rate: 0.5, hidden_forward: 20, hidden_backward: 30"), 50 * residual, 1e-12);
    assert_near(METRIC(TIME_POINTWISE, .calibration = "copy_rate: 0.5, inner_forward: 4, inner_backward: 6"), 10 * inner, 1e-12);
    assert_near(METRIC(TIME_POINTWISE, .model = "gated",
                .calibration = "copy_rate: 0.5, inner_forward: 4, inner_backward: 6, gated_inner: 1.5"), 15 * inner, 1e-12);
    assert_near(METRIC(TIME_POINTWISE, .model = "gated", .calibration = "copy_rate: 0.5, gated_forward: 7, gated_backward: 8"), 15 * residual, 1e-12);
    assert_near(METRIC(TIME_HEAD, .calibration = "copy_rate: 0.5, loss_forward: 10, loss_backward: 20") - METRIC(TIME_HEAD, .accelerators = 1),
                30 * tokens * VOCAB / (0.5 * bandwidth), 1e-9);
    assert_near(METRIC(TIME_OPTIMIZER, .calibration = "copy_rate: 0.5, optimizer_bytes: 40"), 40 * parameters / (0.5 * bandwidth), 1e-12);
}

/* --- fused attention --- */

/* A causal half of the square; two products forward, and what flash_backward says of both backward. */
static double fused(double sequence, double heads, double width, double forward, double backward)
{
    double half = 4 * tokens / sequence * heads * sequence * sequence * width * LAYERS / 2 / (0.5 * peak);
    return half * (forward + 2 * backward);
}

static void fused_attention_is_slower_on_short_sequences(void **state)
{
    (void)state;
    static const char flash[] = "bf16-mixed-precision, flash-attention-2", depths[] = "fused_depth: 1024, fused_depth_backward: 512";
    assert_near(METRIC(TIME_ATTENTION, .optimizations = flash), fused(2048, HEADS, 128, 1, 1), 1e-12);
    assert_near(METRIC(TIME_ATTENTION, .optimizations = flash, .calibration = depths), fused(2048, HEADS, 128, 1.5, 1.25), 1e-12);
    assert_near(METRIC(TIME_ATTENTION, .sequence = 512, .batch = 32, .micro_batch = 32, .optimizations = flash, .calibration = depths),
                fused(512, HEADS, 128, 3, 2), 1e-12);
}

static void context_parallelism_cuts_fused_attention_into_shorter_pieces(void **state)
{
    (void)state;
    static const char flash[] = "bf16-mixed-precision, flash-attention-2", depths[] = "fused_depth: 1024, fused_depth_backward: 1024";
    /* Two pieces of half of the sequence fill the chip as one of that length would. */
    double whole = METRIC(TIME_ATTENTION, .optimizations = flash, .calibration = depths);
    assert_near(METRIC(TIME_ATTENTION, .accelerators = 2, .layout = "context: 2", .optimizations = flash, .calibration = depths),
                whole / 2 * (1 + 1024 / 1024.0) / (1 + 1024 / 2048.0), 1e-12);
    /* What is not fused is cut at no cost. */
    assert_near(METRIC(TIME_ATTENTION, .accelerators = 2, .layout = "context: 2", .calibration = depths), METRIC(TIME_ATTENTION, .calibration = depths) / 2, 1e-12);
    /* Results of two pieces are merged once a pass. */
    double none = METRIC(TIME_ATTENTION, .accelerators = 2, .layout = "context: 2", .optimizations = flash);
    assert_near(METRIC(TIME_ATTENTION, .accelerators = 2, .layout = "context: 2", .optimizations = flash, .calibration = "context_merge: 100") - none,
                2 * 100 * tokens / 2 * HIDDEN * LAYERS / bandwidth, 1e-9);
}

static void fused_attention_is_slower_with_narrow_heads(void **state)
{
    (void)state;
    static const char flash[] = "bf16-mixed-precision, flash-attention-2";
    assert_near(METRIC(TIME_ATTENTION, .model = "narrow", .optimizations = flash, .calibration = "fused_width: 0.5"),
                fused(2048, 16, 64, 1, 1) * sqrt(2), 1e-12);
    assert_near(METRIC(TIME_ATTENTION, .optimizations = flash, .calibration = "fused_width: 0.5"), fused(2048, HEADS, 128, 1, 1), 1e-12);
}

static void fused_attention_on_wide_numbers_has_a_rate_of_its_own(void **state)
{
    (void)state;
    /* The chip has no TF32: half of its 100 TFLOP/s in fp32, and half of that again at 2048 tokens. What is not fused stays as it is. */
    static const char half[] = "wide_attention: 0.5, wide_depth: 2048", all[] = "wide_attention: 1, wide_depth: 0";
    assert_near(METRIC(TIME_ATTENTION, .optimizations = "efficient-attention", .calibration = half), fused(2048, HEADS, 128, 1, 1) * 10 * 2, 1e-12);
    assert_near(METRIC(TIME_ATTENTION, .optimizations = "bf16-mixed-precision, flash-attention-2", .calibration = half), fused(2048, HEADS, 128, 1, 1), 1e-12);
    assert_near(METRIC(TIME_ATTENTION, .optimizations = "unfused-attention", .calibration = half), METRIC(TIME_ATTENTION, .optimizations = "unfused-attention", .calibration = all), 1e-12);
}

/* --- the host --- */

static void the_host_shows_only_where_it_is_slower(void **state)
{
    (void)state;
    double device = METRIC(STEP_SECONDS, .batch = 32) / 4;
    for (double share = 0.25; share <= 4; share *= 2) {
        char host[60];
        snprintf(host, sizeof host, "host_backward: %.17g", share * device / LAYERS);
        double step = METRIC(STEP_SECONDS, .batch = 32, .calibration = host);
        assert_near(step, 4 * device * fmax(share, 1), 1e-12);
        assert_near(1 + METRIC(TIME_LAUNCH, .batch = 32, .calibration = host), 1 + step - 4 * device, 1e-12);
    }
}

static void the_first_micro_batch_waits_for_the_host_in_its_forward_pass(void **state)
{
    (void)state;
    /* Backward, the device works twice as long as forward. */
    double device = METRIC(STEP_SECONDS, .accelerators = 1);
    for (int micro_batches = 1; micro_batches <= 3; micro_batches++)
        for (double share = 0.25; share < 1; share += 0.25) {
            char host[60];
            snprintf(host, sizeof host, "host_forward: %.17g", share * device / LAYERS);
            assert_near(METRIC(STEP_SECONDS, .batch = 8 * micro_batches,
                .calibration = host), device * (micro_batches + fmax(share - 1.0 / 3, 0)), 1e-12);
        }
    /* A host that is slower all along has its forward pass once and the device's backward pass at the end, or its own. */
    char host[100];
    snprintf(host, sizeof host, "host_forward: %.17g, host_backward: %.17g", 2 * device / LAYERS, 0.1 * device / LAYERS);
    assert_near(METRIC(STEP_SECONDS, .batch = 24, .calibration = host), device * (2 * 2.1 + 2 + 2.0 / 3), 1e-12);
}

static void a_step_is_as_unsure_as_hosts_differ(void **state)
{
    (void)state;
    /* With a host of 2 times its speed, and of half: from none to all of it shows. A host alone has no spread but its own. */
    static const struct {
        double share, slow, fast;
    } hosts[] = {{0.25, 1, 1}, {0.5, 1, 1}, {0.8, 1.6, 1}, {1, 2, 1}, {1.5, 3, 1}, {3, 6, 1.5}};
    double device = METRIC(STEP_SECONDS, .accelerators = 1);
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        char host[120];
        snprintf(host, sizeof host, "host_backward: %.17g, sigma_host: 1, time_sigma: 0.001, sigma_chip: 0, sigma_stack: 0", hosts[i].share * device / LAYERS);
        double expected = hypot(0.001, (hosts[i].slow - hosts[i].fast) / (2 * fmax(hosts[i].share, 1)));
        assert_near(METRIC(TIME_SIGMA, .accelerators = 1, .calibration = host), expected, 1e-12);
    }
}

static void a_stage_waits_for_the_host_of_its_own_layers(void **state)
{
    (void)state;
    assert_near(METRIC(TIME_OPTIMIZER, .calibration = "host_optimizer: 0.01"), LAYERS * 0.01, 1e-12);
    assert_near(METRIC(TIME_OPTIMIZER, .accelerators = 2, .layout = "pipeline: 2", .calibration = "host_optimizer: 0.01"), LAYERS * 0.01 / 2, 1e-12);
    /* Two micro-batches of two layers. */
    const struct trial halves = {.accelerators = 2, .batch = 16, .layout = "pipeline: 2", .calibration = "host_backward: 1"};
    assert_near(metric(SPEEDUP_METRIC_STEP_SECONDS, halves) - metric(SPEEDUP_METRIC_TIME_BUBBLE, halves), 2 * LAYERS / 2, 1e-12);
}

static void launches_leave_gaps_between_small_kernels(void **state)
{
    (void)state;
    static const char gaps[] = "kernel_seconds: 1e-5, launches_forward: 10, launches_backward: 30";
    assert_near(METRIC(TIME_LAUNCH, .calibration = gaps), LAYERS * 40e-5, 1e-12);
    assert_near(METRIC(TIME_LAUNCH, .optimizations = checkpointing, .calibration = gaps), LAYERS * 50e-5, 1e-12);
}

static void casts_are_launches_of_their_own(void **state)
{
    (void)state;
    static const char casts[] = "autocast: 1, kernel_seconds: 1e-5, launches_forward: 0, launches_backward: 0, cast_launches: 10";
    assert_near(METRIC(TIME_LAUNCH, .calibration = casts), LAYERS * 30e-5, 1e-12); /* twice as many backward */
    assert_bits(METRIC(TIME_LAUNCH, .optimizations = "pure-bf16", .calibration = casts), 0);
}

static void a_host_hides_behind_what_waits_for_its_link(void **state)
{
    (void)state;
    static const char offload[] = "bf16-mixed-precision, activation-offload";
    double waits = METRIC(TIME_HOST, .optimizations = offload), device = METRIC(STEP_SECONDS, .accelerators = 1);
    assert_true(waits > 0);
    char host[60];
    snprintf(host, sizeof host, "host_backward: %.17g", (device + waits / 2) / LAYERS);
    assert_near(METRIC(STEP_SECONDS, .optimizations = offload, .calibration = host), device + waits, 1e-12);
    snprintf(host, sizeof host, "host_backward: %.17g", (device + 2 * waits) / LAYERS);
    assert_near(METRIC(STEP_SECONDS, .optimizations = offload, .calibration = host), device + 2 * waits, 1e-12);
}

static void a_step_waits_for_the_slowest_of_many_nodes(void **state)
{
    (void)state;
    assert_bits(METRIC(TIME_FIXED, .accelerators = 8, .batch = 64, .calibration = "step_seconds: 0.5"), 0);
    assert_bits(METRIC(TIME_FIXED, .accelerators = 16, .batch = 128, .calibration = "step_seconds: 0.5"), 0.5);
    assert_near(METRIC(STEP_SECONDS, .accelerators = 16, .batch = 128, .calibration = "step_seconds: 0.5") -
                METRIC(STEP_SECONDS, .accelerators = 16, .batch = 128), 0.5, 1e-9);
}

static void what_the_host_does_besides_takes_its_time(void **state)
{
    (void)state;
    double slow = METRIC(STEP_SECONDS, .calibration = "host_backward: 1");
    assert_near(slow, LAYERS, 1e-12);
    assert_near(METRIC(STEP_SECONDS, .model = "gated", .calibration = "host_backward: 1, gated_host: 1.5"), 1.5 * slow, 1e-12);
    assert_near(METRIC(STEP_SECONDS, .calibration = "host_backward: 1, host_batch: 0.5"), slow + 0.5, 1e-12);
    assert_near(METRIC(STEP_SECONDS, .accelerators = 2, .layout = "tensor: 2",
                .calibration = "host_backward: 1, host_tensor: 0.5"), slow + LAYERS * 0.5, 1e-12);
    assert_near(METRIC(STEP_SECONDS, .optimizations = checkpointing, .calibration = "host_backward: 1, host_again: 0.5"), slow + LAYERS * 0.5, 1e-12);
    assert_near(METRIC(STEP_SECONDS, .accelerators = 8, .batch = 64, .optimizations = "bf16-mixed-precision, fsdp",
                .calibration = "host_backward: 1, host_gather: 0.5"),
                slow + 2 * LAYERS * 0.5, 1e-12);
    assert_near(METRIC(STEP_SECONDS, .calibration = "host_backward: 1, host_step: 0.5"), slow + 0.5, 1e-12);
    assert_near(METRIC(STEP_SECONDS, .optimizations = "bf16-mixed-precision, lora",
                .calibration = "host_backward: 1, host_adapter: 0.5"), slow + 6 * LAYERS * 0.5, 1e-12);
    assert_near(METRIC(STEP_SECONDS, .optimizations = "bf16-mixed-precision, lora: {targets: [q_proj, v_proj]}",
                .calibration = "host_backward: 1, host_adapter: 0.5"), slow + 2 * LAYERS * 0.5, 1e-12);
    assert_near(METRIC(STEP_SECONDS, .optimizations = "bf16-mixed-precision, activation-checkpointing: {reentrant: 1}",
                .calibration = "host_backward: 1, host_again: 0.5"), slow, 1e-12);
    assert_near(METRIC(STEP_SECONDS, .calibration = "host_backward: 1, host_adapter: 0.5"), slow, 1e-12);
}

/* --- collectives --- */

static void a_collective_follows_the_curve_of_its_kind(void **state)
{
    (void)state;
    static const char scattered[] = "bf16-mixed-precision, distributed-optimizer";
    const struct {
        const char *kind, *optimizations, *layout, *also;
        int32_t metric;
        double pieces, bytes, wire;
    } cases[] = {
        /* Two a layer and pass. */
        {"all_reduce", "bf16-mixed-precision", "tensor: 8", "", SPEEDUP_METRIC_TIME_TENSOR, 4 * LAYERS, 8 * tokens * HIDDEN * 2, 2 * 7 / 8.0},
        {"all_reduce", "bf16-mixed-precision", "", "", SPEEDUP_METRIC_TIME_DATA, LAYERS, 2 * parameters / LAYERS, 2 * 7 / 8.0},
        {"reduce_scatter", scattered, "", "", SPEEDUP_METRIC_TIME_DATA, LAYERS, 2 * parameters / LAYERS, 7 / 8.0},
        {"all_gather", scattered, "", "", SPEEDUP_METRIC_TIME_DATA, LAYERS, 2 * parameters / LAYERS, 7 / 8.0},
        {"send", "bf16-mixed-precision, zero-1", "", ", gather_shows: 1", SPEEDUP_METRIC_TIME_DATA, 1, 2 * parameters, 1},
    };
    static const char *const parts[] = {"fixed: 0.001", "rank: 0.001", "wire: 0.5", "buffer: 1", "ramp: 0.001"};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int micro_batch = strlen(cases[i].layout) ? 64 : 8;
        double seconds[6];
        for (int part = 0; part < 6; part++) {
            char calibration[100];
            snprintf(calibration, sizeof calibration, "%s_%s%s", cases[i].kind, part < 5 ? parts[part] : "wire: 1", cases[i].also);
            seconds[part] = metric(cases[i].metric, (struct trial){.accelerators = 8, .batch = 64, .micro_batch = micro_batch, .layout = cases[i].layout,
                                                                    .optimizations = cases[i].optimizations, .calibration = calibration});
        }
        const double more[] = {0.001, 0.007, cases[i].wire * cases[i].bytes / link, cases[i].bytes / link, 0.001 * sqrt(cases[i].bytes / 1e6)};
        for (int part = 0; part < 5; part++)
            assert_near(seconds[part] - seconds[5], cases[i].pieces * more[part], 1e-9);
    }
}

static void sharded_layers_are_gathered_for_every_micro_batch(void **state)
{
    (void)state;
    /* Twice gathered and once scattered. */
    static const char zero[] = "bf16-mixed-precision, zero-3: {prefetch: 0}";
    double collective = 7 / 8.0 * 2 * parameters / link;
    assert_near(METRIC(TIME_DATA, .accelerators = 8, .batch = 64, .optimizations = zero), 3 * collective, 1e-12);
    assert_near(METRIC(TIME_DATA, .accelerators = 8, .batch = 256, .optimizations = zero), 4 * 3 * collective, 1e-12);
    /* Reduced once a step, where nothing is sharded. */
    assert_near(METRIC(TIME_DATA, .accelerators = 8, .batch = 256), 2 * collective, 1e-12);
}

static void copies_of_buckets_and_pieces_take_the_bandwidth(void **state)
{
    (void)state;
    static const char zero[] = "bf16-mixed-precision, zero-3: {prefetch: 0}";
    double copy = 10 * parameters / bandwidth;
    assert_near(METRIC(TIME_DATA, .accelerators = 8, .batch = 128, .optimizations = zero, .calibration = "gather_copy: 10") -
                METRIC(TIME_DATA, .accelerators = 8, .batch = 128, .optimizations = zero), 4 * copy, 1e-9);
    assert_near(METRIC(TIME_DATA, .accelerators = 8, .batch = 128, .optimizations = zero, .calibration = "bucket_copy: 10") -
                METRIC(TIME_DATA, .accelerators = 8, .batch = 128, .optimizations = zero), 2 * copy, 1e-9);
    assert_near(METRIC(TIME_DATA, .accelerators = 8, .batch = 128, .calibration = "bucket_copy: 10, gather_copy: 10") -
                METRIC(TIME_DATA, .accelerators = 8, .batch = 128), copy, 1e-9);
}

static void weights_gathered_after_the_update_show_where_they_are_waited_for(void **state)
{
    (void)state;
    static const char zero[] = "bf16-mixed-precision, zero-1, hides";
    double last = METRIC(TIME_DATA, .accelerators = 8, .batch = 64, .optimizations = zero);
    assert_near(METRIC(TIME_DATA, .accelerators = 8, .batch = 64, .optimizations = zero,
                .calibration = "gather_shows: 1") - last, 2 * parameters / link, 1e-9);
    /* As wide as they are kept. */
    assert_near(METRIC(TIME_DATA, .accelerators = 8, .batch = 64, .optimizations = zero,
                .calibration = "gather_shows: 1, autocast: 1") - last, 4 * parameters / link, 1e-9);
    /* What is gathered layer by layer is fetched ahead. */
    static const char sharded[] = "bf16-mixed-precision, zero-3";
    assert_bits(METRIC(TIME_DATA, .accelerators = 8, .batch = 64, .optimizations = sharded, .calibration = "gather_shows: 1"),
                METRIC(TIME_DATA, .accelerators = 8, .batch = 64, .optimizations = sharded));
}

static void the_gradient_of_the_table_cannot_hide(void **state)
{
    (void)state;
    static const char hides[] = "bf16-mixed-precision, hides";
    double all = METRIC(TIME_DATA, .accelerators = 8, .batch = 64);
    assert_near(METRIC(TIME_DATA, .accelerators = 8, .batch = 64, .optimizations = hides), all * table / parameters, 1e-12);
    /* What hides slows the work. */
    assert_near(METRIC(TIME_DATA, .accelerators = 8, .batch = 64, .optimizations = hides, .calibration = "contention_link: 0.5"),
                all * (table / parameters + 0.5 * (1 - table / parameters)), 1e-12);
}

static void what_shows_of_a_reduction_is_no_more_than_all_of_it(void **state)
{
    (void)state;
    for (double wire = 0.01; wire < 1; wire *= 3) {
        char calibration[100];
        snprintf(calibration, sizeof calibration, "all_reduce_wire: %g, contention_link: 0.9", wire);
        assert_true(METRIC(TIME_DATA, .accelerators = 8, .batch = 8, .micro_batch = 1, .optimizations = "bf16-mixed-precision, hides",
                .calibration = calibration) <=
                    METRIC(TIME_DATA, .accelerators = 8, .batch = 8, .micro_batch = 1, .calibration = calibration));
    }
}

static void a_reduction_hides_behind_work_that_waits_for_its_host(void **state)
{
    (void)state;
    static const char hides[] = "bf16-mixed-precision, hides";
    double table_alone = METRIC(TIME_DATA, .accelerators = 8, .batch = 64, .optimizations = hides, .calibration = "all_reduce_wire: 0.01, host_backward: 1");
    double shown = METRIC(TIME_DATA, .accelerators = 8, .batch = 64, .optimizations = hides, .calibration = "all_reduce_wire: 0.01");
    assert_near(table_alone, 100 * METRIC(TIME_DATA, .accelerators = 8, .batch = 64) * table / parameters, 1e-12);
    assert_true(shown > 1.2 * table_alone);
}

/* --- experts --- */

static void grouped_products_are_of_the_tokens_that_an_expert_sees(void **state)
{
    (void)state;
    const double weights = 3.0 * EXPERT_FFN * HIDDEN;
    for (int rows = 0; rows <= 256; rows += 128) {
        char calibration[60];
        snprintf(calibration, sizeof calibration, "expert_rows: %d", rows);
        double seen = tokens * ACTIVE / EXPERTS + rows;
        assert_near(METRIC(TIME_EXPERT, .model = "experts", .calibration = calibration), LAYERS * EXPERTS * 3 * product(seen, weights, 1), 1e-12);
        /* Four ranks have four experts each, of the tokens of all. */
        assert_near(METRIC(TIME_EXPERT, .model = "experts", .accelerators = 4, .batch = 32, .layout = "expert: 4", .calibration = calibration),
                    LAYERS * EXPERTS / 4 * 3 * product(4 * tokens * ACTIVE / EXPERTS + rows, weights, 1), 1e-12);
    }
    assert_near(METRIC(TIME_EXPERT, .model = "experts", .calibration = "expert_efficiency: 0.5"), 2 * METRIC(TIME_EXPERT, .model = "experts"), 1e-12);
}

static void gradients_of_experts_are_added_in_memory(void **state)
{
    (void)state;
    const double weights = 3.0 * EXPERT_FFN * HIDDEN;
    double sums = LAYERS * EXPERTS * 60 * weights / bandwidth;
    double without = METRIC(TIME_EXPERT, .model = "experts", .sequence = 64, .batch = 8, .optimizations = "bf16-mixed-precision, frozen");
    assert_near(METRIC(TIME_EXPERT, .model = "experts", .sequence = 64, .batch = 8, .calibration = "expert_sums: 60") - without, sums, 1e-9);
    assert_bits(METRIC(TIME_EXPERT, .model = "experts", .sequence = 64, .batch = 8, .optimizations = "bf16-mixed-precision, frozen",
                .calibration = "expert_sums: 60"), without);
}

static void experts_have_fixed_times_by_expert_and_by_layer(void **state)
{
    (void)state;
    double none = METRIC(TIME_EXPERT, .model = "experts");
    assert_near(METRIC(TIME_EXPERT, .model = "experts", .calibration = "expert_fixed: 0.01") - none, LAYERS * EXPERTS * 0.01, 1e-9);
    assert_near(METRIC(TIME_EXPERT, .model = "experts", .calibration = "expert_layer: 0.01") - none, LAYERS * 0.01, 1e-9);
    /* A third of them forward, which recomputation does again. */
    double again = METRIC(TIME_EXPERT, .model = "experts", .optimizations = checkpointing);
    assert_near(METRIC(TIME_EXPERT, .model = "experts", .optimizations = checkpointing,
                .calibration = "expert_layer: 0.03") - again, LAYERS * 0.04, 1e-9);
    none = METRIC(TIME_EXPERT, .model = "experts", .accelerators = 4, .batch = 32, .layout = "expert: 4");
    assert_near(METRIC(TIME_EXPERT, .model = "experts", .accelerators = 4, .batch = 32, .layout = "expert: 4",
                .calibration = "expert_fixed: 0.01") - none,
                LAYERS * EXPERTS / 4 * 0.01, 1e-9);
}

static void sorting_tokens_to_experts_moves_their_copies(void **state)
{
    (void)state;
    double none = METRIC(TIME_EXPERT, .model = "experts"), copies = LAYERS * tokens * ACTIVE * HIDDEN / bandwidth;
    assert_near(METRIC(TIME_EXPERT, .model = "experts", .calibration = "routed_forward: 100, routed_backward: 200") - none, 300 * copies, 1e-9);
    assert_near(METRIC(TIME_EXPERT, .model = "experts",
                .calibration = "autocast: 1, routed_casts: 100, routed_casts_backward: 200") - none, 300 * copies, 1e-9);
    assert_bits(METRIC(TIME_EXPERT, .model = "experts", .calibration = "routed_casts: 100, routed_casts_backward: 200"), none);
}

static void fused_dispatch_leaves_a_part_of_sorting_and_of_fixed_times(void **state)
{
    (void)state;
    static const char fused[] = "bf16-mixed-precision, fused-dispatch";
    double none = METRIC(TIME_EXPERT, .model = "experts", .optimizations = fused);
    assert_near(none, METRIC(TIME_EXPERT, .model = "experts") / 1.25, 1e-12);
    assert_near(METRIC(TIME_EXPERT, .model = "experts", .optimizations = fused, .calibration = "expert_fixed: 0.01, expert_layer: 0.02") - none,
                LAYERS * (EXPERTS * 0.01 + 0.02) / 4, 1e-9);
    assert_near(METRIC(TIME_EXPERT, .model = "experts", .optimizations = fused, .calibration = "routed_forward: 400") - none,
                100 * LAYERS * tokens * ACTIVE * HIDDEN / bandwidth, 1e-9);
    assert_near(METRIC(TIME_EXCHANGE, .model = "experts", .accelerators = 4, .batch = 32, .layout = "expert: 4", .optimizations = fused),
                METRIC(TIME_EXCHANGE, .model = "experts", .accelerators = 4, .batch = 32, .layout = "expert: 4") / 2, 1e-12);
}

/* A copy to every place that a token has one of its two experts in, there and back, forward and backward. */
static double exchange(double places, double rate)
{
    double reach = places * (1 - pow(1 - 1 / places, ACTIVE));
    return 2 * 2 * LAYERS * tokens * HIDDEN * 2 * reach * (1 - 1 / places) / rate;
}

static void an_exchange_leaves_by_the_share_of_other_places(void **state)
{
    (void)state;
    assert_near(METRIC(TIME_EXCHANGE, .model = "experts", .accelerators = 4, .batch = 32, .layout = "expert: 4"), exchange(4, link), 1e-12);
    assert_near(METRIC(TIME_EXCHANGE, .model = "experts", .accelerators = 8, .batch = 64, .layout = "expert: 8"), exchange(8, link), 1e-12);
    /* Tensor parallelism divides what is exchanged, and adds no place. */
    assert_near(METRIC(TIME_EXCHANGE, .model = "experts", .accelerators = 16, .batch = 64, .layout = "tensor: 2, expert: 8"), exchange(8, link) / 2, 1e-12);
    /* Sixteen ranks are two nodes. */
    assert_near(METRIC(TIME_EXCHANGE, .model = "experts", .accelerators = 16, .batch = 128, .layout = "expert: 16"), exchange(2, network / node), 1e-12);
    assert_near(METRIC(TIME_EXCHANGE, .model = "experts", .accelerators = 4, .batch = 32, .layout = "expert: 4",
                .calibration = "expert_exchange: 0.5"),
                exchange(4, link) / 2, 1e-12);
    assert_bits(METRIC(TIME_EXCHANGE, .model = "experts", .accelerators = 4, .batch = 32), 0);
}

/* --- what a search takes for granted --- */

enum { LAYOUTS = 2000 };

static void no_layout_is_faster_than_its_bound(const char *yaml)
{
    static double columns[7][LAYOUTS], step[LAYOUTS], status[LAYOUTS];
    static const int32_t axes[] = {SPEEDUP_VARIABLE_ACCELERATORS, SPEEDUP_VARIABLE_TENSOR, SPEEDUP_VARIABLE_PIPELINE, SPEEDUP_VARIABLE_CONTEXT,
                                   SPEEDUP_VARIABLE_EXPERT, SPEEDUP_VARIABLE_VIRTUAL_STAGES, SPEEDUP_VARIABLE_MICRO_BATCH};
    speedup_scenario *scenario = scenario_of(world.catalog, yaml, PLAIN);
    struct random random = {7};
    for (int i = 0; i < LAYOUTS; i++) {
        for (int axis = 1; axis < 7; axis++)
            columns[axis][i] = pow(2, (double)random_below(&random, axis == 5 ? 2 : 4));
        if (scenario->job.shape.experts <= 0)
            columns[4][i] = 1;
        if (columns[2][i] <= 1)
            columns[5][i] = 1;
        columns[0][i] = columns[1][i] * columns[2][i] * columns[3][i] * pow(2, (double)random_below(&random, 5));
    }
    speedup_column in[7], out[] = {{sizeof *out, SPEEDUP_METRIC_STEP_SECONDS, 0, step}, {sizeof *out, SPEEDUP_METRIC_STATUS, 0, status}};
    for (int axis = 0; axis < 7; axis++)
        in[axis] = (speedup_column){sizeof *in, axes[axis], 0, columns[axis]};
    assert_ok(speedup_scenario_estimate_batch(scenario, in, 7, out, 2, LAYOUTS, 1));
    struct bound bound;
    bound_step(&scenario->job, scenario->variables, 8, &bound);
    assert_true(bound.work > 0);
    size_t possible = 0;
    for (int i = 0; i < LAYOUTS; i++) {
        if (status[i] != 0)
            continue;
        possible++;
        if (!(step[i] >= bound.work / columns[0][i] + bound.fixed))
            print_error("%g accelerators, tensor %g, pipeline %g, context %g, expert %g, micro-batch %g: %g s\n", columns[0][i], columns[1][i],
                        columns[2][i], columns[3][i], columns[4][i], columns[6][i], step[i]);
        assert_true(step[i] >= bound.work / columns[0][i] + bound.fixed);
    }
    assert_true(possible > LAYOUTS / 20);
    speedup_scenario_unref(scenario);
}

static void no_layout_of_any_software_is_faster_than_its_bound(void **state)
{
    (void)state;
    static const char *const models[] = {"llama-2-7b", "gpt-3-13b", "mixtral-8x7b", "deepseek-v2-lite"};
    static const char *const stacks[] = {"pytorch", "pytorch-fsdp", "hugging-face", "megatron-core"};
    static const char *const ways[] = {"bf16-mixed-precision", "bf16-mixed-precision, activation-checkpointing",
                                       "bf16-mixed-precision, lora, activation-checkpointing",
                                       "bf16-mixed-precision, activation-checkpointing, torch-compile", "pure-bf16, flash-attention-2"};
    for (size_t m = 0; m < 4; m++)
        for (size_t s = 0; s < 4; s++)
            for (size_t w = 0; w < 5; w++) {
                char yaml[600];
                snprintf(yaml, sizeof yaml, "train: {model: %s, system: dgx-h100, stack: %s, accelerators: 8, sequence: 2048, global_batch: 256, uneven: true, "
                         "optimizations: [%s]}\n", models[m], stacks[s], ways[w]);
                no_layout_is_faster_than_its_bound(yaml);
            }
}

/* Factors that the layout decides, in the direction that makes the step faster. */
static void a_bound_allows_for_what_the_layout_decides(void **state)
{
    (void)state;
    static const char *const effects[] = {"comm.gather.layers: 'if(data > 1, 1, 0)'", "recompute.spared: 'if(tensor > 1, 1, 0)'",
                                          "recompute.spared: 'tensor'", "residual.bytes: '1 / tensor'", "pointwise.bytes: '1 / data'",
                                          "trainable.share: '1 / pipeline'", "cast.bytes: '1 / data'", "cast.weights: 'if(data > 1, 0, 1)'"};
    for (size_t i = 0; i < sizeof effects / sizeof *effects; i++) {
        char yaml[900];
        snprintf(yaml, sizeof yaml, "optimizations: {own: {applies_to: [training], effects: {%s}, source: here}}\n"
                 "train: {model: gpt-2-xl, system: dgx-h100, stack: pytorch, accelerators: 8, sequence: 1024, global_batch: 256, uneven: true, "
                 "optimizations: [bf16-mixed-precision, activation-checkpointing, own]}\n", effects[i]);
        no_layout_is_faster_than_its_bound(yaml);
    }
}

static void a_bound_allows_for_all_that_recomputation_may_spare(void **state)
{
    (void)state;
    char yaml[MOST_TEXT];
    write_trial(&(struct trial){.accelerators = 2, .layout = "tensor: 2", .optimizations = "bf16-mixed-precision, activation-checkpointing, spares",
                                .calibration = "recompute_stops: 1"}, yaml);
    speedup_scenario *scenario = scenario_of(world.catalog, yaml, PLAIN);
    struct bound bound;
    bound_step(&scenario->job, scenario->variables, 1, &bound);
    double step = metric_of(world.catalog, yaml, PLAIN, SPEEDUP_METRIC_STEP_SECONDS), least = bound.work / 2 + bound.fixed;
    assert_true(step >= least && least > 0.99 * step);
    speedup_scenario_unref(scenario);
}

static void a_rate_that_is_next_to_nothing_is_not_taken_for_finite(void **state)
{
    (void)state;
    char yaml[MOST_TEXT];
    write_trial(&(struct trial){.accelerators = 8, .batch = 64}, yaml);
    speedup_scenario *scenario = scenario_of(world.catalog, yaml, PLAIN);
    assert_true(bound_finite(&scenario->job));
    static const int rates[] = {COEFFICIENT_MATMUL_EFFICIENCY, COEFFICIENT_LIBRARY_RATE, COEFFICIENT_MATMUL_STREAM, COEFFICIENT_COPY_RATE,
                                COEFFICIENT_UNFUSED_ATTENTION, COEFFICIENT_EXPERT_EFFICIENCY, COEFFICIENT_LINK_FRACTION, COEFFICIENT_NETWORK_FRACTION,
                                COEFFICIENT_ALL_REDUCE_WIRE, COEFFICIENT_ALL_GATHER_WIRE, COEFFICIENT_REDUCE_SCATTER_WIRE, COEFFICIENT_SEND_WIRE};
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
        struct job slow = scenario->job;
        slow.c[rates[i]] = 1e-300;
        assert_false(bound_finite(&slow));
    }
    speedup_scenario_unref(scenario);
}

static void a_message_is_not_cut_into_less_than_one(void **state)
{
    (void)state;
    /* However coarsely it is cut, one message is left, with its fixed time. */
    char yaml[MOST_TEXT];
    write_trial(&(struct trial){.accelerators = 8, .batch = 64, .optimizations = "bf16-mixed-precision, coarse", .calibration = "all_reduce_fixed: 0.001"}, yaml);
    char *at = strstr(yaml, "optimizations:\n");
    char text[MOST_TEXT + 200];
    snprintf(text, sizeof text, "%.*soptimizations:\n  coarse: {applies_to: [training], effects: {comm.data.messages: 0}, source: here}\n%s", (int)(at - yaml), yaml,
             at + strlen("optimizations:\n"));
    assert_near(metric_of(world.catalog, text, PLAIN, SPEEDUP_METRIC_TIME_DATA), 0.001 + METRIC(TIME_DATA, .accelerators = 8, .batch = 64), 1e-12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_product_with_a_short_inner_dimension_is_slower_per_operation),
        cmocka_unit_test(a_product_has_a_time_of_its_own_beside_its_work),
        cmocka_unit_test(a_linear_layer_goes_back_through_two_products),
        cmocka_unit_test(products_that_read_more_than_they_compute_take_the_bandwidth),
        cmocka_unit_test(products_of_four_bytes_fill_their_tiles_in_half_the_depth),
        cmocka_unit_test(frozen_weights_have_no_product_of_their_gradient),
        cmocka_unit_test(frozen_weights_are_four_operations_for_a_parameter_and_a_token),
        cmocka_unit_test(the_rate_of_the_library_is_that_of_all_products),
        cmocka_unit_test(recomputation_stops_before_the_last_product_of_a_block),
        cmocka_unit_test(recomputation_stops_before_the_sum_behind_a_block),
        cmocka_unit_test(autocast_casts_weights_in_every_pass),
        cmocka_unit_test(weights_kept_in_16_bits_are_not_cast),
        cmocka_unit_test(weights_gathered_layer_by_layer_arrive_cast),
        cmocka_unit_test(autocast_casts_activations_with_the_weights),
        cmocka_unit_test(gradients_are_added_once_less_than_there_are_micro_batches),
        cmocka_unit_test(a_tied_table_adds_its_two_gradients),
        cmocka_unit_test(weights_of_four_bits_are_widened_for_every_pass),
        cmocka_unit_test(adapters_move_what_goes_into_their_layers_and_out),
        cmocka_unit_test(passes_move_their_bytes_at_the_rate_of_copies),
        cmocka_unit_test(fused_attention_is_slower_on_short_sequences),
        cmocka_unit_test(context_parallelism_cuts_fused_attention_into_shorter_pieces),
        cmocka_unit_test(fused_attention_is_slower_with_narrow_heads),
        cmocka_unit_test(fused_attention_on_wide_numbers_has_a_rate_of_its_own),
        cmocka_unit_test(the_host_shows_only_where_it_is_slower),
        cmocka_unit_test(the_first_micro_batch_waits_for_the_host_in_its_forward_pass),
        cmocka_unit_test(a_step_is_as_unsure_as_hosts_differ),
        cmocka_unit_test(a_stage_waits_for_the_host_of_its_own_layers),
        cmocka_unit_test(launches_leave_gaps_between_small_kernels),
        cmocka_unit_test(casts_are_launches_of_their_own),
        cmocka_unit_test(a_host_hides_behind_what_waits_for_its_link),
        cmocka_unit_test(a_step_waits_for_the_slowest_of_many_nodes),
        cmocka_unit_test(what_the_host_does_besides_takes_its_time),
        cmocka_unit_test(a_collective_follows_the_curve_of_its_kind),
        cmocka_unit_test(sharded_layers_are_gathered_for_every_micro_batch),
        cmocka_unit_test(copies_of_buckets_and_pieces_take_the_bandwidth),
        cmocka_unit_test(weights_gathered_after_the_update_show_where_they_are_waited_for),
        cmocka_unit_test(the_gradient_of_the_table_cannot_hide),
        cmocka_unit_test(what_shows_of_a_reduction_is_no_more_than_all_of_it),
        cmocka_unit_test(a_reduction_hides_behind_work_that_waits_for_its_host),
        cmocka_unit_test(grouped_products_are_of_the_tokens_that_an_expert_sees),
        cmocka_unit_test(gradients_of_experts_are_added_in_memory),
        cmocka_unit_test(experts_have_fixed_times_by_expert_and_by_layer),
        cmocka_unit_test(sorting_tokens_to_experts_moves_their_copies),
        cmocka_unit_test(fused_dispatch_leaves_a_part_of_sorting_and_of_fixed_times),
        cmocka_unit_test(an_exchange_leaves_by_the_share_of_other_places),
        cmocka_unit_test(no_layout_of_any_software_is_faster_than_its_bound),
        cmocka_unit_test(a_bound_allows_for_what_the_layout_decides),
        cmocka_unit_test(a_bound_allows_for_all_that_recomputation_may_spare),
        cmocka_unit_test(a_rate_that_is_next_to_nothing_is_not_taken_for_finite),
        cmocka_unit_test(a_message_is_not_cut_into_less_than_one),
    };
    return cmocka_run_group_tests(tests, world_begin, world_end);
}
