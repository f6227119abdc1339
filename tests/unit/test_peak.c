/* Memory of training in plain PyTorch, against what autograd keeps when its operations are counted one by one, and the
 * moments of a step at which different things are there. */
#include "helper.h"

#include <stdio.h>
#include <string.h>

enum { LAYERS = 6, HIDDEN = 2048, HEADS = 16, KEYS = 4, WIDTH = 128, INNER = 5632, VOCAB = 32000, SEQUENCE = 1024 };

struct trial {
    const char *model;          /* plain */
    const char *optimizations;  /* after the precision */
    const char *precision;      /* bf16-mixed-precision */
    const char *stack;          /* pytorch */
    const char *layout;
    double accelerators, sequences, batch;
};

static void try(const struct trial *t, double v[SPEEDUP_METRIC_COUNT])
{
    char yaml[1600];
    snprintf(yaml, sizeof yaml,
             "models:\n"
             "  plain: {layers: %d, hidden: %d, heads: %d, ffn: %d, ffn_kind: plain, vocab: %d, tied_embeddings: true}\n"
             "  untied: {base: plain, tied_embeddings: false}\n"
             "  grouped: {base: plain, ffn_kind: gated, kv_heads: %d, ffn: %d}\n"
             "  experts: {base: grouped, experts: {count: 8, active: 2, ffn: 1024}}\n"
             "train:\n  model: %s\n  system: dgx-a100-80gb\n  stack: %s\n  accelerators: %.0f\n  sequence: %d\n  global_batch: %.0f\n"
             "  micro_batch: %.0f\n  layout: {%s}\n  optimizations: [%s%s]\n",
             LAYERS, HIDDEN, HEADS, 4 * HIDDEN, VOCAB, KEYS, INNER, t->model ? t->model : "plain", t->stack ? t->stack : "pytorch",
             t->accelerators > 0 ? t->accelerators : 1, SEQUENCE, t->batch > 0 ? t->batch : t->sequences * (t->accelerators > 0 ? t->accelerators : 1),
             t->sequences, t->layout ? t->layout : "", t->precision ? t->precision : "bf16-mixed-precision",
             t->optimizations ? t->optimizations : ", flash-attention-2");
    estimate_of(world.catalog, yaml, PLAIN, v);
}

#define TRY(v, ...) try(&(struct trial){__VA_ARGS__}, v)

/* Activations of a layer, for a token; what the last norm and the head keep beside them is taken off. */
static double kept(double last, struct trial t)
{
    double v[SPEEDUP_METRIC_COUNT];
    t.sequences = 32;
    try(&t, v);
    double tokens = 32 * SEQUENCE;
    double all = v[SPEEDUP_METRIC_MEMORY_ACTIVATIONS] + v[SPEEDUP_METRIC_MEMORY_RESIDUAL] + v[SPEEDUP_METRIC_MEMORY_SCORES];
    return (all / tokens - last * HIDDEN) / LAYERS;
}

#define KEPT(last, ...) kept(last, (struct trial){__VA_ARGS__})
#define FLASH ", flash-attention-2"
#define COMPILED ", flash-attention-2, torch-compile"

static void a_plain_block_keeps_what_its_operations_keep(void **state)
{
    (void)state;
    /* Inputs of two norms in fp32, four casts for products, queries, keys, values and output, two of the inner width. */
    assert_near(KEPT(6, .optimizations = FLASH), 40. * HIDDEN, 1e-12);
    assert_near(KEPT(4, .optimizations = FLASH, .precision = "pure-bf16"), 32. * HIDDEN, 1e-12);
    assert_near(KEPT(8, .optimizations = "fused-attention", .precision = ""), 64. * HIDDEN, 1e-12);
    /* Compiled: one cast for products that share an input, and the stream in fp32 once. */
    assert_near(KEPT(6, .optimizations = COMPILED), 34. * HIDDEN, 1e-12);
    assert_near(KEPT(4, .optimizations = COMPILED, .precision = "pure-bf16"), 32. * HIDDEN, 1e-12);
}

static void a_gated_block_with_grouped_keys_keeps_by_its_own_widths(void **state)
{
    (void)state;
    double attention = 4. * (HEADS + KEYS) * WIDTH, inner = 2. * INNER;
    assert_near(KEPT(10, .model = "grouped", .optimizations = FLASH), 26. * HIDDEN + attention + 4 * inner, 1e-12);
    assert_near(KEPT(8, .model = "grouped", .optimizations = FLASH, .precision = "pure-bf16"), 16. * HIDDEN + attention + 4 * inner, 1e-12);
    assert_near(KEPT(6, .model = "grouped", .optimizations = COMPILED), 10. * HIDDEN + attention + 3 * inner, 1e-12);
    assert_near(KEPT(4, .model = "grouped", .optimizations = COMPILED, .precision = "pure-bf16"), 8. * HIDDEN + attention + 3 * inner, 1e-12);
    /* Two copies of a token: before the experts, behind them, and as they are summed. */
    double routed = 2 * (3 * 2. * HIDDEN + 4 * 2. * 1024);
    assert_near(KEPT(8, .model = "experts", .optimizations = FLASH, .precision = "pure-bf16"), 16. * HIDDEN + attention + routed, 1e-12);
}

static void scores_written_out_are_kept_in_fp32_and_cast_under_autocast(void **state)
{
    (void)state;
    double elements = (double)HEADS * SEQUENCE, masks = (double)SEQUENCE / 32; /* of a token; a mask is of all sequences */
    assert_near(KEPT(6, .optimizations = "") - KEPT(6, .optimizations = FLASH), 6 * elements + masks, 1e-12);
    assert_near(KEPT(4, .optimizations = "", .precision = "pure-bf16") - KEPT(4, .optimizations = FLASH, .precision = "pure-bf16"),
                2 * elements + masks, 1e-12);
    /* Products want keys and values for every head, and so does a kernel that knows no groups. */
    double repeated = 4. * (HEADS - KEYS) * WIDTH;
    assert_near(KEPT(8, .model = "grouped", .optimizations = ", efficient-attention", .precision = "pure-bf16") -
                    KEPT(8, .model = "grouped", .optimizations = FLASH, .precision = "pure-bf16"), repeated, 1e-12);
}

static void a_checkpointed_layer_keeps_its_input(void **state)
{
    (void)state;
    assert_near(KEPT(6, .optimizations = FLASH ", activation-checkpointing"), 4. * HIDDEN, 1e-12);
    assert_near(KEPT(4, .optimizations = FLASH ", activation-checkpointing", .precision = "pure-bf16"), 2. * HIDDEN, 1e-12);
}

/* Parameters, from the weights of a job in which they take two bytes each. */
static double parameters(const char *model)
{
    double v[SPEEDUP_METRIC_COUNT];
    TRY(v, .model = model, .sequences = 32, .precision = "pure-bf16");
    return v[SPEEDUP_METRIC_MEMORY_WEIGHTS] / 2;
}

static void autocast_keeps_copies_of_all_that_it_multiplies_by(void **state)
{
    (void)state;
    double v[SPEEDUP_METRIC_COUNT], n = parameters(NULL), table = (double)VOCAB * HIDDEN;
    TRY(v, .sequences = 32);
    assert_near(v[SPEEDUP_METRIC_MEMORY_WEIGHTS], 4 * n + 2 * n, 1e-12);
    TRY(v, .model = "untied", .sequences = 32); /* the input's table is looked up */
    assert_near(v[SPEEDUP_METRIC_MEMORY_WEIGHTS], 4 * (n + table) + 2 * n, 1e-12);
    /* After the backward pass none is left, of a checkpointed layer none but while it is at work. */
    TRY(v, .sequences = 1, .optimizations = FLASH ", activation-checkpointing");
    assert_near(v[SPEEDUP_METRIC_MEMORY_WEIGHTS], 4 * n, 1e-12);
    TRY(v, .sequences = 64, .optimizations = FLASH ", activation-checkpointing");
    assert_near(v[SPEEDUP_METRIC_MEMORY_WEIGHTS], 4 * n + 2 * table, 1e-12);
}

static void the_peak_is_at_the_loss_or_at_the_end_of_the_backward_pass(void **state)
{
    (void)state;
    double loss[SPEEDUP_METRIC_COUNT], end[SPEEDUP_METRIC_COUNT], n = parameters(NULL), table = (double)VOCAB * HIDDEN;
    TRY(loss, .sequences = 32);
    assert_bits(loss[SPEEDUP_METRIC_MEMORY_GRADIENTS], 0);
    assert_near(loss[SPEEDUP_METRIC_MEMORY_LOGITS], 12. * 32 * SEQUENCE * VOCAB, 1e-12);
    TRY(end, .sequences = 1, .optimizations = FLASH ", activation-checkpointing");
    assert_bits(end[SPEEDUP_METRIC_MEMORY_ACTIVATIONS] + end[SPEEDUP_METRIC_MEMORY_RESIDUAL] + end[SPEEDUP_METRIC_MEMORY_LOGITS], 0);
    /* The gradients of a tied table are two until they are summed. */
    assert_near(end[SPEEDUP_METRIC_MEMORY_GRADIENTS], 4 * (n + table), 1e-12);
    TRY(end, .model = "untied", .sequences = 1, .optimizations = FLASH ", activation-checkpointing");
    assert_near(end[SPEEDUP_METRIC_MEMORY_GRADIENTS], 4 * (n + table), 1e-12);
    /* Gradients of the micro-batches before are there at the loss. */
    TRY(loss, .sequences = 32, .batch = 64);
    assert_near(loss[SPEEDUP_METRIC_MEMORY_GRADIENTS], 4 * n, 1e-12);
}

static void gradients_have_buckets_where_they_are_exchanged_whole(void **state)
{
    (void)state;
    double alone[SPEEDUP_METRIC_COUNT], data[SPEEDUP_METRIC_COUNT], n = parameters(NULL);
    TRY(alone, .sequences = 32);
    TRY(data, .sequences = 32, .accelerators = 2);
    assert_near(data[SPEEDUP_METRIC_MEMORY_ALLOCATED] - alone[SPEEDUP_METRIC_MEMORY_ALLOCATED], 4 * n, 1e-12);
    /* Those of the first step stay with the allocator. */
    assert_near(data[SPEEDUP_METRIC_MEMORY_RESERVED] - alone[SPEEDUP_METRIC_MEMORY_RESERVED], 8 * n, 1e-12);
}

static void a_lone_accelerator_has_no_buffers(void **state)
{
    (void)state;
    double v[SPEEDUP_METRIC_COUNT];
    static const char *const stacks[] = {"pytorch", "megatron-core", "torchtitan"};
    for (int i = 0; i < 3; i++) {
        TRY(v, .sequences = 1, .stack = stacks[i]);
        assert_bits(v[SPEEDUP_METRIC_MEMORY_BUFFERS], 0);
        TRY(v, .sequences = 1, .stack = stacks[i], .accelerators = 2, .layout = "tensor: 2", .batch = 1);
        assert_true(v[SPEEDUP_METRIC_MEMORY_BUFFERS] > 0);
    }
}

static void sharded_weights_are_gathered_in_16_bits_and_cast_no_more(void **state)
{
    (void)state;
    double whole[SPEEDUP_METRIC_COUNT], shard[SPEEDUP_METRIC_COUNT], all[SPEEDUP_METRIC_COUNT], n = parameters(NULL);
    TRY(whole, .sequences = 32, .accelerators = 2, .precision = "pure-bf16");
    TRY(shard, .sequences = 32, .accelerators = 2, .optimizations = FLASH ", fsdp");
    assert_near(shard[SPEEDUP_METRIC_MEMORY_WEIGHTS], 4 * n / 2, 1e-12);
    assert_bits(shard[SPEEDUP_METRIC_MEMORY_RESIDUAL], whole[SPEEDUP_METRIC_MEMORY_RESIDUAL]);
    TRY(all, .sequences = 32, .accelerators = 2, .optimizations = FLASH ", fsdp: {reshard: 0}");
    assert_near(all[SPEEDUP_METRIC_MEMORY_WEIGHTS], 4 * n / 2 + 2 * n, 1e-12);
    /* While they are accumulated, gradients are whole. */
    TRY(shard, .sequences = 32, .batch = 128, .accelerators = 2, .optimizations = FLASH ", fsdp");
    assert_near(shard[SPEEDUP_METRIC_MEMORY_GRADIENTS], 4 * n, 1e-12);
}

static void frozen_weights_have_no_gradient_no_state_and_no_copy(void **state)
{
    (void)state;
    double v[SPEEDUP_METRIC_COUNT], n = parameters("grouped"), share = 0.005;
    TRY(v, .model = "grouped", .sequences = 32, .optimizations = FLASH ", lora: {share: 0.005}");
    assert_near(v[SPEEDUP_METRIC_MEMORY_OPTIMIZER], 8 * n * share, 1e-12);
    assert_near(v[SPEEDUP_METRIC_MEMORY_WEIGHTS], 2 * n + (4 + 2) * n * share, 1e-12); /* adapters are beside them */
    /* A frozen norm does not keep what its weight is multiplied by; adapters keep what goes into them. */
    double attention = 4. * (HEADS + KEYS) * WIDTH, inner = 8. * INNER;
    assert_near(KEPT(6, .model = "grouped", .optimizations = FLASH ", lora", .precision = "pure-bf16"), 12. * HIDDEN + attention + inner, 1e-12);
    /* In fp32 beside weights in 16 bits, they cast it, each for itself. */
    assert_near(KEPT(6, .model = "grouped", .optimizations = FLASH ", lora"), 18. * HIDDEN + attention + 2. * HEADS * WIDTH + inner, 1e-12);
}

static void what_is_in_use_is_part_of_what_is_reserved_and_that_of_the_peak(void **state)
{
    (void)state;
    static const char *const more[] = {"", FLASH, COMPILED, FLASH ", activation-checkpointing", FLASH ", fsdp", FLASH ", zero-1"};
    static const char *const stacks[] = {"pytorch", "hugging-face", "megatron-core"};
    double v[SPEEDUP_METRIC_COUNT];
    for (int i = 0; i < 6; i++)
        for (int k = 0; k < 3; k++)
            for (double sequences = 1; sequences < 100; sequences *= 8) {
                TRY(v, .sequences = sequences, .accelerators = 4, .optimizations = more[i], .stack = stacks[k]);
                double sum = 0;
                for (int m = SPEEDUP_METRIC_MEMORY_WEIGHTS; m <= SPEEDUP_METRIC_MEMORY_RUNTIME; m++)
                    sum += v[m];
                assert_bits(sum, v[SPEEDUP_METRIC_MEMORY_PEAK]);
                assert_true(v[SPEEDUP_METRIC_MEMORY_ALLOCATED] <= v[SPEEDUP_METRIC_MEMORY_RESERVED] * (1 + 1e-12));
                assert_true(v[SPEEDUP_METRIC_MEMORY_RESERVED] < v[SPEEDUP_METRIC_MEMORY_PEAK]);
            }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plain_block_keeps_what_its_operations_keep),
        cmocka_unit_test(a_gated_block_with_grouped_keys_keeps_by_its_own_widths),
        cmocka_unit_test(scores_written_out_are_kept_in_fp32_and_cast_under_autocast),
        cmocka_unit_test(a_checkpointed_layer_keeps_its_input),
        cmocka_unit_test(autocast_keeps_copies_of_all_that_it_multiplies_by),
        cmocka_unit_test(the_peak_is_at_the_loss_or_at_the_end_of_the_backward_pass),
        cmocka_unit_test(gradients_have_buckets_where_they_are_exchanged_whole),
        cmocka_unit_test(a_lone_accelerator_has_no_buffers),
        cmocka_unit_test(sharded_weights_are_gathered_in_16_bits_and_cast_no_more),
        cmocka_unit_test(frozen_weights_have_no_gradient_no_state_and_no_copy),
        cmocka_unit_test(what_is_in_use_is_part_of_what_is_reserved_and_that_of_the_peak),
    };
    return cmocka_run_group_tests(tests, world_begin, world_end);
}
