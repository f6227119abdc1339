/* Training against closed forms: activations as their paper counts them, and what
 * sharding within a group and adapters on frozen weights must come to. */
#include "helper.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* The 22 billion model of arXiv 2205.05198, table 3, with b sequences on t ranks. */
enum { HEADS = 64, HIDDEN = 6144, LAYERS = 48, SEQUENCE = 2048, SEQUENCES = 4 };

/* Bytes of activations without logits; what is fitted is set to what the paper has. */
static double activations(double tensor, double pipeline, double chunks, const char *optimizations)
{
    char yaml[1000];
    snprintf(yaml, sizeof yaml,
             "models: {paper: {layers: %d, hidden: %d, heads: %d, ffn: %d, ffn_kind: plain, vocab: 51200, tied_embeddings: true}}\n"
             "train:\n  model: paper\n  system: dgx-a100-80gb\n  accelerators: %.0f\n  sequence: %d\n  global_batch: %d\n  micro_batch: %d\n"
             "  layout: {tensor: %.0f, pipeline: %.0f, virtual_stages: %.0f}\n"
             "  calibration: {memory_score_bytes: 5, memory_checkpoint: 1, memory_working: 0, memory_logit_bytes: 0}\n"
             "  optimizations: [bf16-mixed-precision%s]\n",
             LAYERS, HIDDEN, HEADS, 4 * HIDDEN, tensor * pipeline, SEQUENCE, 64 * SEQUENCES, SEQUENCES, tensor, pipeline, chunks, optimizations);
    double v[SPEEDUP_METRIC_COUNT];
    estimate_of(world.catalog, yaml, PLAIN, v);
    return v[SPEEDUP_METRIC_MEMORY_ACTIVATIONS] + v[SPEEDUP_METRIC_MEMORY_RESIDUAL] + v[SPEEDUP_METRIC_MEMORY_SCORES];
}

/* Korthikanti et al., arXiv 2205.05198, table 2. */
static void activations_follow_their_closed_form(void **state)
{
    (void)state;
    const double sbh = (double)SEQUENCE * SEQUENCES * HIDDEN, scores = 5.0 * HEADS * SEQUENCE / HIDDEN;
    for (double t = 1; t <= 8; t *= 2) {
        assert_near(activations(t, 1, 1, ""), LAYERS * sbh * (10 + 24 / t + scores / t), 1e-12);
        /* Of attention that is done again, the layer at work has its scores. */
        assert_near(activations(t, 1, 1, ", selective-checkpointing"), LAYERS * sbh * (10 + 24 / t) + sbh * scores / t, 1e-12);
        assert_near(activations(t, 1, 1, ", activation-checkpointing"), LAYERS * sbh * 2 + sbh * scores / t, 1e-12);
        if (t == 1)
            continue;
        assert_near(activations(t, 1, 1, ", sequence-parallelism"), LAYERS * sbh / t * (34 + scores), 1e-12);
        assert_near(activations(t, 1, 1, ", sequence-parallelism, selective-checkpointing"), LAYERS * sbh * 34 / t + sbh * scores / t, 1e-12);
        assert_near(activations(t, 1, 1, ", sequence-parallelism, activation-checkpointing"), LAYERS * sbh * 2 / t + sbh * scores / t, 1e-12);
    }
    /* Fused attention keeps neither scores nor the masks of their dropout. */
    assert_near(activations(8, 1, 1, ", flash-attention-2"), LAYERS * sbh * (8 + 24 / 8.0), 1e-12);
}

/* The same paper, section 4.2.3: the first stage keeps as much whatever the stages, and
 * 1 + (p - 1) / (p m) times that in m chunks. */
static void the_first_stage_keeps_the_micro_batches_in_flight(void **state)
{
    (void)state;
    double one = activations(8, 1, 1, ", sequence-parallelism");
    for (double p = 2; p <= 8; p *= 2) {
        assert_near(activations(8, p, 1, ", sequence-parallelism"), one, 1e-12);
        for (double m = 2; m <= 3; m++)
            assert_near(activations(8, p, m, ", sequence-parallelism"), one * (1 + (p - 1) / (p * m)), 1e-12);
    }
}

/* 7B on 64 A100 of 8 nodes, two micro-batches a step. */
static void estimate_with(const char *optimizations, double v[SPEEDUP_METRIC_COUNT])
{
    char yaml[600];
    snprintf(yaml, sizeof yaml,
             "train: {model: llama-2-7b, system: dgx-a100-80gb, accelerators: 64, sequence: 4096, global_batch: 128, micro_batch: 1, "
             "optimizations: [bf16-mixed-precision, flash-attention-2%s]}\n", optimizations);
    estimate_of(world.catalog, yaml, PLAIN, v);
}

static void a_group_of_all_ranks_shards_as_everybody_does(void **state)
{
    (void)state;
    double whole[SPEEDUP_METRIC_COUNT], group[SPEEDUP_METRIC_COUNT], node[SPEEDUP_METRIC_COUNT];
    estimate_with(", fsdp", whole);
    estimate_with(", hybrid-shard: {group: 64}", group);
    for (int m = SPEEDUP_METRIC_MEMORY_WEIGHTS; m <= SPEEDUP_METRIC_MEMORY_PEAK; m++)
        assert_near(group[m], whole[m], 1e-12);
    /* But for the latency of long rings, which a group does not count. */
    assert_true(group[SPEEDUP_METRIC_TIME_DATA] <= whole[SPEEDUP_METRIC_TIME_DATA]);
    /* Within a node less is sent over the network, and eight times as much is kept. */
    estimate_with(", hybrid-shard", node);
    assert_near(node[SPEEDUP_METRIC_MEMORY_OPTIMIZER], 8 * whole[SPEEDUP_METRIC_MEMORY_OPTIMIZER], 1e-12);
    assert_near(node[SPEEDUP_METRIC_MEMORY_WEIGHTS], 8 * whole[SPEEDUP_METRIC_MEMORY_WEIGHTS], 1e-12);
    assert_true(node[SPEEDUP_METRIC_TIME_DATA] < group[SPEEDUP_METRIC_TIME_DATA]);
}

static void frozen_weights_are_gathered_where_they_are_sharded(void **state)
{
    (void)state;
    double adapters[SPEEDUP_METRIC_COUNT], sharded[SPEEDUP_METRIC_COUNT], narrow[SPEEDUP_METRIC_COUNT], kept[SPEEDUP_METRIC_COUNT];
    estimate_with(", lora, zero-1", adapters);
    estimate_with(", lora, zero-3: {prefetch: 0}", sharded);
    assert_true(sharded[SPEEDUP_METRIC_TIME_DATA] > 10 * adapters[SPEEDUP_METRIC_TIME_DATA]);
    /* Weights in NF4 take about a quarter of the room, and of the wire; vocabulary tables stay as they are. */
    double tables = 2. * 32000 * 4096 / 6738415616, quarter = 0.515625 / 2;
    estimate_with(", lora", kept);
    estimate_with(", qlora", narrow);
    assert_near(narrow[SPEEDUP_METRIC_MEMORY_OPTIMIZER], kept[SPEEDUP_METRIC_MEMORY_OPTIMIZER], 1e-12);
    double beside = 2 * kept[SPEEDUP_METRIC_MEMORY_OPTIMIZER] / 12; /* adapters, which keep their width */
    assert_near(narrow[SPEEDUP_METRIC_MEMORY_WEIGHTS] - beside, (kept[SPEEDUP_METRIC_MEMORY_WEIGHTS] - beside) * (tables + (1 - tables) * quarter), 1e-4);
    /* Adapters are work, whatever the format of what they are added to. */
    assert_true(narrow[SPEEDUP_METRIC_STEP_SECONDS] >= kept[SPEEDUP_METRIC_STEP_SECONDS]);
    estimate_with(", qlora, fsdp", narrow);
    estimate_with(", lora, fsdp", sharded);
    assert_true(narrow[SPEEDUP_METRIC_TIME_DATA] < sharded[SPEEDUP_METRIC_TIME_DATA]);
    assert_true(narrow[SPEEDUP_METRIC_MEMORY_PEAK] < sharded[SPEEDUP_METRIC_MEMORY_PEAK]);
}

/* ---- what software always has -------------------------------------------------------- */

static void stack_estimate(const char *stack, const char *tensor, const char *more, double values[SPEEDUP_METRIC_COUNT])
{
    char yaml[800];
    snprintf(yaml, sizeof yaml,
             "stacks: {mine: {always: [sequence-parallelism, tensor-overlap]}}\n"
             "train: {model: llama-2-7b, system: dgx-a100-80gb, %s accelerators: 16, sequence: 2048, global_batch: 64, micro_batch: 1,"
             " layout: {tensor: %s}, %s}\n",
             stack, tensor, more);
    estimate_of(world.catalog, yaml, PLAIN, values);
}

static void same(const double a[SPEEDUP_METRIC_COUNT], const double b[SPEEDUP_METRIC_COUNT])
{
    for (int i = 0; i < SPEEDUP_METRIC_COUNT; i++)
        if (!isnan(a[i]) || !isnan(b[i]))
            assert_bits(a[i], b[i]);
}

static void what_software_always_has_acts_where_its_requirements_hold(void **state)
{
    (void)state;
    double always[SPEEDUP_METRIC_COUNT], named[SPEEDUP_METRIC_COUNT], plain[SPEEDUP_METRIC_COUNT];
    stack_estimate("stack: mine,", "2", "optimizations: [bf16-mixed-precision]", always);
    stack_estimate("", "2", "optimizations: [bf16-mixed-precision, sequence-parallelism, tensor-overlap]", named);
    stack_estimate("", "2", "optimizations: [bf16-mixed-precision]", plain);
    same(always, named);
    assert_true(always[SPEEDUP_METRIC_STEP_SECONDS] < plain[SPEEDUP_METRIC_STEP_SECONDS]);
    /* Both require tensor parallelism: without it they are not there, and the job is no error. */
    stack_estimate("stack: mine,", "1", "optimizations: [bf16-mixed-precision]", always);
    stack_estimate("", "1", "optimizations: [bf16-mixed-precision]", plain);
    same(always, plain);
}

static void a_job_can_do_without_what_its_software_always_has(void **state)
{
    (void)state;
    double less[SPEEDUP_METRIC_COUNT], plain[SPEEDUP_METRIC_COUNT], part[SPEEDUP_METRIC_COUNT], one[SPEEDUP_METRIC_COUNT];
    stack_estimate("", "2", "optimizations: [bf16-mixed-precision]", plain);
    stack_estimate("stack: mine,", "2", "without: [tensor-overlap, sequence-parallelism], optimizations: [bf16-mixed-precision]", less);
    same(less, plain);
    stack_estimate("", "2", "optimizations: [bf16-mixed-precision, tensor-overlap]", one);
    stack_estimate("stack: mine,", "2", "without: [sequence-parallelism], optimizations: [bf16-mixed-precision]", part);
    same(part, one);
    /* What the job names with parameters of its own goes before what the software has. */
    stack_estimate("stack: mine,", "2", "without: [sequence-parallelism], optimizations: [bf16-mixed-precision, tensor-overlap: {share: 0}]", part);
    stack_estimate("", "2", "optimizations: [bf16-mixed-precision, tensor-overlap: {share: 0}]", one);
    same(part, one);
}

static void every_layout_of_a_plan_has_what_its_software_has_there(void **state)
{
    (void)state;
    static const char plan[] = "plan: {model: llama-2-7b, systems: [dgx-a100-80gb], %s accelerators: [16], sequence: 2048, global_batch: 64,"
                               " tensor: [1, 2, 4], pipeline: [1], context: [1], expert: [1], virtual_stages: [1], micro_batch: [1], optimizations: [bf16-mixed-precision]}";
    const struct {
        const char *stack;
        bool less;
    } spaces[] = {{"stack: megatron-core,", false}, {"stack: megatron-core, without: [sequence-parallelism],", true}};
    for (size_t s = 0; s < sizeof spaces / sizeof *spaces; s++) {
        char text[600], job_text[600];
        snprintf(text, sizeof text, plan, spaces[s].stack);
        speedup_space *space = NULL;
        assert_ok(speedup_space_create(world.context, world.catalog, "plan", text, strlen(text), NULL, 0, &space));
        for (uint64_t i = 0; i < 3; i++) {
            double layout[SPEEDUP_VARIABLE_COUNT], found[SPEEDUP_METRIC_COUNT], wanted[SPEEDUP_METRIC_COUNT];
            assert_ok(speedup_space_estimate(space, i, layout, SPEEDUP_VARIABLE_COUNT, found, SPEEDUP_METRIC_COUNT));
            snprintf(job_text, sizeof job_text,
                     "train: {model: llama-2-7b, system: dgx-a100-80gb, %s accelerators: 16, sequence: 2048, global_batch: 64, micro_batch: 1,"
                     " layout: {tensor: %.0f}, optimizations: [bf16-mixed-precision]}",
                     spaces[s].stack, layout[SPEEDUP_VARIABLE_TENSOR]);
            estimate_of(world.catalog, job_text, PLAIN, wanted);
            assert_bits(found[SPEEDUP_METRIC_STEP_SECONDS], wanted[SPEEDUP_METRIC_STEP_SECONDS]);
            assert_bits(found[SPEEDUP_METRIC_MEMORY_PEAK], wanted[SPEEDUP_METRIC_MEMORY_PEAK]);
        }
        speedup_space_unref(space);
    }
}

static void gradients_are_as_wide_as_the_software_keeps_them(void **state)
{
    (void)state;
    static const struct {
        const char *stack;
        double bytes, update; /* update: of gradients widened for it */
    } kept[] = {{"", 2, 0}, {"stack: deepspeed,", 2, 6}, {"stack: megatron-core,", 4, 0}, {"stack: pytorch-fsdp,", 4, 0}, {"stack: pytorch-ddp,", 4, 0}};
    double plain[SPEEDUP_METRIC_COUNT], values[SPEEDUP_METRIC_COUNT];
    stack_estimate("", "1", "optimizations: [bf16-mixed-precision]", plain);
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
        stack_estimate(kept[i].stack, "1", "optimizations: [bf16-mixed-precision]", values);
        assert_near(values[SPEEDUP_METRIC_MEMORY_GRADIENTS], plain[SPEEDUP_METRIC_MEMORY_GRADIENTS] * (kept[i].bytes + kept[i].update) / 2, 1e-15);
        /* What the job says itself goes before. */
        stack_estimate(kept[i].stack, "1", "optimizations: [bf16-mixed-precision: {gradient_bytes: 3}]", values);
        assert_near(values[SPEEDUP_METRIC_MEMORY_GRADIENTS], plain[SPEEDUP_METRIC_MEMORY_GRADIENTS] * (3 + kept[i].update) / 2, 1e-15);
        /* In fp32 there is nothing to widen. */
        stack_estimate(kept[i].stack, "1", "optimizations: []", values);
        assert_near(values[SPEEDUP_METRIC_MEMORY_GRADIENTS], plain[SPEEDUP_METRIC_MEMORY_GRADIENTS] * 2, 1e-15);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(activations_follow_their_closed_form),
        cmocka_unit_test(the_first_stage_keeps_the_micro_batches_in_flight),
        cmocka_unit_test(a_group_of_all_ranks_shards_as_everybody_does),
        cmocka_unit_test(frozen_weights_are_gathered_where_they_are_sharded),
        cmocka_unit_test(what_software_always_has_acts_where_its_requirements_hold),
        cmocka_unit_test(a_job_can_do_without_what_its_software_always_has),
        cmocka_unit_test(every_layout_of_a_plan_has_what_its_software_has_there),
        cmocka_unit_test(gradients_are_as_wide_as_the_software_keeps_them),
    };
    return cmocka_run_group_tests(tests, world_begin, world_end);
}
