/* Words of fine-tuning: memory of each against bytes counted by hand for a small model, and what each costs in time. */
#include "estimate/scenario.h"

#include "helper.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { LAYERS = 6, HIDDEN = 2048, HEADS = 16, KEYS = 4, WIDTH = 128, INNER = 5632, VOCAB = 32000, SEQUENCE = 1024 };
enum { EXPERTS = 8, EXPERT_WIDTH = 1024, QUERY_RANK = 768, KEY_RANK = 512, NOPE = 128, ROPE = 64, VALUE = 128 };
enum { MOST_TEXT = 4000 };

static const double bandwidth = 2000e9, host_link = 0.855 * 10e9, host_bandwidth = 400e9, peak = 1000e12, memory = 80.0 * (1 << 30);
static const double table = (double)VOCAB * HIDDEN;
static const double blocks = 12.0 * LAYERS * HIDDEN * HIDDEN;                       /* parameters of the plain model's products */
static const double plain = 12.0 * LAYERS * HIDDEN * HIDDEN + (double)VOCAB * HIDDEN; /* and of its tied table */

/* What is left out: the plain model with a tied table, 32 sequences on one accelerator, PyTorch with autocast to bf16. */
struct trial {
    const char *model, *words, *precision, *stack, *system, *calibration, *layout;
    double accelerators, sequences, batch;
};

static void write_trial(const struct trial *t, char yaml[MOST_TEXT])
{
    double sequences = t->sequences > 0 ? t->sequences : 32, accelerators = t->accelerators > 0 ? t->accelerators : 1;
    snprintf(yaml, MOST_TEXT,
             "accelerators:\n"
             "  chip: {compute_capability: 9.0, peak: {bf16: 1000 TFLOP/s}, memory: 80 GiB, bandwidth: 2000 GB/s, link: 400 GB/s, host_link: 10 GB/s}\n"
             "  old: {base: chip, compute_capability: 7.5}\n"
             "  small: {base: chip, memory: 8 GiB}\n"
             "  other: {peak: {bf16: 1000 TFLOP/s}, memory: 80 GiB, bandwidth: 2000 GB/s, link: 400 GB/s, host_link: 10 GB/s}\n"
             "systems:\n"
             "  pod: {accelerator: chip, accelerators_per_node: 8, network: 100 GB/s, host_bandwidth: 400 GB/s}\n"
             "  older: {base: pod, accelerator: old}\n"
             "  smaller: {base: pod, accelerator: small}\n"
             "  others: {base: pod, accelerator: other}\n"
             "models:\n"
             "  plain: {layers: %d, hidden: %d, heads: %d, ffn: %d, ffn_kind: plain, vocab: %d, tied_embeddings: true}\n"
             "  untied: {base: plain, tied_embeddings: false}\n"
             "  grouped: {base: plain, ffn_kind: gated, kv_heads: %d, ffn: %d}\n"
             "  experts: {base: grouped, experts: {count: %d, active: 2, ffn: %d}}\n"
             "  latent: {base: plain, attention: {kind: latent, query_rank: %d, kv_rank: %d, nope_dim: %d, rope_dim: %d, value_dim: %d}}\n"
             "  direct: {base: plain, attention: {kind: latent, kv_rank: %d, nope_dim: %d, rope_dim: %d, value_dim: %d}}\n"
             "train:\n  model: %s\n  system: %s\n  stack: %s\n  accelerators: %.0f\n  sequence: %d\n  global_batch: %.0f\n"
             "  micro_batch: %.0f\n  layout: {%s}\n  optimizations: [%s%s%s]\n  calibration: {%s}\n",
             LAYERS, HIDDEN, HEADS, 4 * HIDDEN, VOCAB, KEYS, INNER, EXPERTS, EXPERT_WIDTH, QUERY_RANK, KEY_RANK, NOPE, ROPE, VALUE, KEY_RANK, NOPE,
             ROPE, VALUE, t->model ? t->model : "plain", t->system ? t->system : "pod", t->stack ? t->stack : "pytorch", accelerators, SEQUENCE,
             t->batch > 0 ? t->batch : sequences * accelerators, sequences, t->layout ? t->layout : "",
             t->precision ? t->precision : "bf16-mixed-precision", t->words ? ", " : "", t->words ? t->words : "", t->calibration ? t->calibration : "");
}

static void try(const struct trial *t, double v[SPEEDUP_METRIC_COUNT])
{
    char yaml[MOST_TEXT];
    write_trial(t, yaml);
    estimate_of(world.catalog, yaml, PLAIN, v);
}

static double metric(int32_t metric, struct trial t)
{
    double v[SPEEDUP_METRIC_COUNT];
    try(&t, v);
    return v[metric];
}

static speedup_status refused(struct trial t)
{
    char yaml[MOST_TEXT];
    write_trial(&t, yaml);
    return refused_scenario(world.catalog, yaml, PLAIN);
}

#define TRY(v, ...) try(&(struct trial){__VA_ARGS__}, v)
#define METRIC(NAME, ...) metric(SPEEDUP_METRIC_##NAME, (struct trial){__VA_ARGS__})
#define REFUSED(...) refused((struct trial){__VA_ARGS__})
#define FLASH "flash-attention-2"

/* At the end of the backward pass, which is the fullest moment of one sequence whose layers are checkpointed. */
#define END "flash-attention-2, activation-checkpointing"

static const double norms = 1e-3; /* of shares: norms are parameters of the model that no product has */

/* --- adapters --- */

/* Adapters by the state of Adam, of which each has eight bytes. */
static double adapters(const char *model, const char *words)
{
    char all[400];
    snprintf(all, sizeof all, FLASH ", lora: {%s}", words);
    return METRIC(MEMORY_OPTIMIZER, .model = model, .words = all) / 8;
}

static void adapters_are_counted_by_rank_and_by_what_they_stand_beside(void **state)
{
    (void)state;
    double h = HIDDEN;
    assert_near(adapters("plain", "rank: 8, targets: [q_proj, v_proj]"), 8 * LAYERS * 4 * h, norms);
    assert_near(adapters("plain", "rank: 64, targets: [q_proj, v_proj]"), 64 * LAYERS * 4 * h, norms);
    assert_near(adapters("plain", "rank: 8, targets: attention"), 8 * LAYERS * 8 * h, norms);
    /* Inputs and outputs of five widths, up and down; what is not there has no gate. */
    assert_near(adapters("plain", "rank: 8, targets: feed-forward"), 8 * LAYERS * 10 * h, norms);
    assert_near(adapters("plain", "rank: 8, targets: all-linear"), 8 * LAYERS * 18 * h, norms);
    assert_near(adapters("plain", "rank: 8"), 8 * LAYERS * 18 * h, norms);
    assert_near(adapters("plain", "rank: 8, targets: [q_proj, v_proj], tables: 1"), 8 * LAYERS * 4 * h + 2 * table, norms);
}

static void adapters_of_grouped_keys_and_of_a_gate_have_their_widths(void **state)
{
    (void)state;
    double h = HIDDEN, kv = KEYS * WIDTH;
    assert_near(adapters("grouped", "rank: 8, targets: [q_proj]"), 8 * LAYERS * 2 * h, norms);
    assert_near(adapters("grouped", "rank: 8, targets: [k_proj, v_proj]"), 8 * LAYERS * 2 * (h + kv), norms);
    assert_near(adapters("grouped", "rank: 8, targets: [o_proj]"), 8 * LAYERS * 2 * h, norms);
    assert_near(adapters("grouped", "rank: 8, targets: [gate_proj]"), 8 * LAYERS * (h + INNER), norms);
    assert_near(adapters("grouped", "rank: 8, targets: all-linear"), 8 * LAYERS * (4 * h + 2 * (h + kv) + 3 * (h + INNER)), norms);
}

static void a_layer_of_query_key_and_value_has_one_adapter(void **state)
{
    (void)state;
    double h = HIDDEN, kv = KEYS * WIDTH;
    static const char *const names[] = {"c_attn", "Wqkv", "query_key_value", "qkv_proj"};
    for (int i = 0; i < 4; i++) {
        char words[100];
        snprintf(words, sizeof words, "rank: 8, targets: [%s]", names[i]);
        assert_near(adapters("plain", words), 8 * LAYERS * (h + 3 * h), norms);
        assert_near(adapters("grouped", words), 8 * LAYERS * (h + h + 2 * kv), norms);
    }
}

static void adapters_of_latent_attention_stand_beside_its_down_and_up_projections(void **state)
{
    (void)state;
    double h = HIDDEN, keys = HEADS * (NOPE + ROPE);
    double queries = h + QUERY_RANK + QUERY_RANK + keys, down = h + KEY_RANK + ROPE, up = KEY_RANK + HEADS * (NOPE + VALUE), out = HEADS * VALUE + h;
    assert_near(adapters("latent", "rank: 8, targets: [q_a_proj, q_b_proj]"), 8 * LAYERS * queries, norms);
    assert_near(adapters("latent", "rank: 8, targets: [kv_a_proj_with_mqa]"), 8 * LAYERS * down, norms);
    assert_near(adapters("latent", "rank: 8, targets: [kv_b_proj]"), 8 * LAYERS * up, norms);
    assert_near(adapters("latent", "rank: 8, targets: attention"), 8 * LAYERS * (queries + down + up + out), norms);
    assert_near(adapters("direct", "rank: 8, targets: [q_proj]"), 8 * LAYERS * (h + keys), norms);
}

static void adapters_of_experts_are_those_of_every_one(void **state)
{
    (void)state;
    double h = HIDDEN, kv = KEYS * WIDTH;
    double attention = 4 * h + 2 * (h + kv), each = 3 * (h + EXPERT_WIDTH);
    assert_near(adapters("experts", "rank: 8, targets: [experts]"), 8 * LAYERS * EXPERTS * each, norms);
    assert_near(adapters("experts", "rank: 8, targets: [attention, experts]"), 8 * LAYERS * (attention + EXPERTS * each), norms);
    /* Other projections are not of experts. */
    assert_near(adapters("experts", "rank: 8, targets: all-linear"), 8 * LAYERS * attention, norms);
}

static void adapters_are_beside_the_weights_and_as_wide_as_they_are_trained(void **state)
{
    (void)state;
    double beside = 64 * LAYERS * 18. * HIDDEN;
    assert_near(METRIC(MEMORY_WEIGHTS, .words = FLASH ", lora: {rank: 64}", .precision = "pure-bf16"), 2 * plain + 2 * beside, norms / 10);
    /* In fp32, and in 16 bits for the products. */
    assert_near(METRIC(MEMORY_WEIGHTS, .words = FLASH ", lora: {rank: 64}"), 2 * plain + (4 + 2) * beside, norms / 10);
    /* Sharded with the weights, however narrow these are. */
    double shards = METRIC(MEMORY_WEIGHTS, .words = FLASH ", qlora: {rank: 64}, zero-3", .precision = "pure-bf16", .accelerators = 8);
    assert_near(shards, METRIC(MEMORY_WEIGHTS, .words = FLASH ", qlora: {rank: 64}", .precision = "pure-bf16") / 8, 1e-12);
    /* They alone have gradients. */
    assert_near(METRIC(MEMORY_GRADIENTS, .words = END ", lora: {rank: 64}", .sequences = 1, .batch = 2), 4 * beside, norms);
}

/* --- what is kept for adapters --- */

/* Activations of a layer, for a token, in 16 bits; what the last norm and the head keep beside them is taken off. */
static double kept(double last, struct trial t)
{
    double v[SPEEDUP_METRIC_COUNT];
    try(&t, v);
    double all = v[SPEEDUP_METRIC_MEMORY_ACTIVATIONS] + v[SPEEDUP_METRIC_MEMORY_RESIDUAL] + v[SPEEDUP_METRIC_MEMORY_SCORES];
    return (all / (32 * SEQUENCE) - last * HIDDEN) / LAYERS;
}

#define KEPT(last, ...) kept(last, (struct trial){.model = "grouped", __VA_ARGS__})
#define PURE .precision = "pure-bf16"

static void inputs_are_kept_where_adapters_read_them(void **state)
{
    (void)state;
    double attention = 4. * (HEADS + KEYS) * WIDTH;
    double all = KEPT(6, PURE, .words = FLASH ", lora");
    assert_near(all, 12. * HIDDEN + attention + 8. * INNER, 1e-12);
    /* Of queries and values alone: not the input of the feed-forward block, nor that of its last product. */
    assert_near(KEPT(6, PURE, .words = FLASH ", lora: {targets: [q_proj, v_proj]}"), 10. * HIDDEN + attention + 6. * INNER, 1e-12);
    assert_near(KEPT(6, PURE, .words = FLASH ", lora: {targets: [down_proj]}"), 8. * HIDDEN + attention + 8. * INNER, 1e-12);
    assert_near(KEPT(6, PURE, .words = FLASH ", lora: {targets: [up_proj]}"), 10. * HIDDEN + attention + 6. * INNER, 1e-12);
    /* What attention keeps itself, adapters read for nothing. */
    assert_near(KEPT(6, PURE, .words = FLASH ", lora: {targets: [o_proj]}"), 8. * HIDDEN + attention + 6. * INNER, 1e-12);
}

static void adapters_in_fp32_cast_their_inputs_each_for_itself(void **state)
{
    (void)state;
    double attention = 4. * (HEADS + KEYS) * WIDTH;
    assert_near(KEPT(6, .words = FLASH ", lora: {targets: [q_proj, v_proj]}"), 12. * HIDDEN + attention + 6. * INNER, 1e-12);
    assert_near(KEPT(6, .words = FLASH ", lora: {targets: [q_proj]}"), 10. * HIDDEN + attention + 6. * INNER, 1e-12);
    assert_near(KEPT(6, .words = FLASH ", lora: {targets: [q_proj, o_proj]}"), 10. * HIDDEN + attention + 2. * HEADS * WIDTH + 6. * INNER, 1e-12);
    /* One layer of all three reads it once. */
    assert_near(KEPT(6, .words = FLASH ", lora: {targets: [qkv_proj]}"), 10. * HIDDEN + attention + 6. * INNER, 1e-12);
}

static void dropout_keeps_a_mask_of_a_byte_for_every_adapter(void **state)
{
    (void)state;
    static const char with[] = FLASH ", lora: {dropout: 0.1}", without[] = FLASH ", lora";
    /* Three of attention and two of the feed-forward block read the hidden state; one each its width and the inner one. */
    double masks = 5. * HIDDEN + HEADS * WIDTH + INNER;
    assert_near(KEPT(6, .words = with) - KEPT(6, .words = without), masks, 1e-12);
    assert_near(KEPT(6, .words = FLASH ", lora: {dropout: 0.1, targets: [q_proj, v_proj]}") - KEPT(6, .words = FLASH ", lora: {targets: [q_proj, v_proj]}"),
                2. * HIDDEN, 1e-12);
    /* What was one input in 16 bits is another for each. */
    assert_near(KEPT(6, PURE, .words = with) - KEPT(6, PURE, .words = without), masks + 2 * (3. * HIDDEN + HEADS * WIDTH), 1e-12);
    assert_near(KEPT(6, PURE, .words = FLASH ", lora: {dropout: 0}"), KEPT(6, PURE, .words = without), 1e-12);
}

/* --- narrow weights --- */

static double frozen(const char *model, const char *words)
{
    char all[300];
    snprintf(all, sizeof all, FLASH ", %s", words);
    double beside = 16 * LAYERS * 18. * HIDDEN;
    return METRIC(MEMORY_WEIGHTS, .model = model, .words = all, PURE) - 2 * beside;
}

static void narrow_weights_leave_the_tables_in_16_bits(void **state)
{
    (void)state;
    const double nf4 = 0.5 + 1 / 64.; /* a scale in 8 bits for 64 weights, which have scales themselves */
    assert_near(frozen("plain", "lora"), 2 * plain, 1e-4);
    assert_near(frozen("plain", "qlora"), nf4 * blocks + 2 * table, norms);
    assert_near(frozen("untied", "qlora"), nf4 * blocks + 4 * table, norms);
    assert_near(frozen("plain", "lora, int8-base"), blocks + 2 * table, norms);
    assert_near(frozen("untied", "lora, int8-base"), blocks + 4 * table, norms);
    /* PEFT widens tables and head to fp32. */
    static const char *const bases[] = {"qlora", "lora, int8-base"};
    for (size_t i = 0; i < 2; i++) {
        char words[100];
        snprintf(words, sizeof words, FLASH ", %s", bases[i]);
        assert_near(METRIC(MEMORY_WEIGHTS, PURE, .model = "untied", .words = words, .calibration = "frozen_tables: 1") -
                        METRIC(MEMORY_WEIGHTS, PURE, .model = "untied", .words = words), 4 * table, norms);
    }
}

static void weights_in_groups_have_a_scale_and_a_zero_for_each(void **state)
{
    (void)state;
    assert_near(frozen("plain", "lora, int4-base"), (0.5 + 2.5 / 128) * blocks + 2 * table, norms);
    assert_near(frozen("untied", "lora, int4-base: {group: 32}"), (0.5 + 2.5 / 32) * blocks + 4 * table, norms);
}

static void full_precision_in_16_bits_is_eight_bytes_for_a_parameter(void **state)
{
    (void)state;
    double v[SPEEDUP_METRIC_COUNT];
    TRY(v, PURE, .model = "untied", .words = END, .sequences = 1);
    assert_near(v[SPEEDUP_METRIC_MEMORY_WEIGHTS], 2 * (plain + table), 1e-12);
    assert_near(v[SPEEDUP_METRIC_MEMORY_GRADIENTS], 2 * (plain + table), 1e-12);
    assert_near(v[SPEEDUP_METRIC_MEMORY_OPTIMIZER], 4 * (plain + table), 1e-12);
}

/* --- states of optimizers --- */

static double state_of(const char *model, const char *word)
{
    char all[300];
    snprintf(all, sizeof all, FLASH ", %s", word);
    return METRIC(MEMORY_OPTIMIZER, .model = model, .words = all);
}

static void an_optimizer_keeps_as_many_moments_as_it_has(void **state)
{
    (void)state;
    assert_near(state_of("plain", "fused-optimizer"), 8 * plain, 1e-12);
    assert_bits(state_of("plain", "sgd"), 0);
    assert_near(state_of("plain", "lion"), 4 * plain, 1e-12);
    assert_near(state_of("plain", "lion") + 4 * plain, state_of("plain", "fused-optimizer"), 1e-12);
}

static void moments_in_8_bits_have_a_scale_for_256(void **state)
{
    (void)state;
    const double moment = 1 + 4 / 256.;
    assert_near(state_of("plain", "adam-8bit"), 2 * moment * plain, 1e-12);
    assert_near(METRIC(MEMORY_OPTIMIZER, PURE, .words = FLASH ", adam-8bit"), 2 * moment * plain, 1e-12);
    assert_near(METRIC(MEMORY_HOST, .words = FLASH ", paged-adam-8bit"), 2 * moment * plain, 1e-12);
    /* The embedding of a Trainer has wide ones; its head is a layer like others, where it is another table. */
    assert_near(METRIC(MEMORY_OPTIMIZER, .words = "adam-8bit", .stack = "hugging-face"), 2 * (moment * blocks + 4 * table), norms);
    assert_near(METRIC(MEMORY_OPTIMIZER, .model = "untied", .words = "adam-8bit", .stack = "hugging-face"),
                2 * (moment * (blocks + table) + 4 * table), norms);
    /* Masters in fp32 stay. */
    assert_near(METRIC(MEMORY_OPTIMIZER, .words = "adam-8bit", .stack = "deepspeed"), (2 * moment + 4) * plain, 1e-12);
}

static void adafactor_keeps_sums_of_rows_and_columns(void **state)
{
    (void)state;
    double h = HIDDEN, kv = KEYS * WIDTH;
    assert_near(state_of("plain", "adafactor"), 4 * (LAYERS * 18 * h + VOCAB + h), norms);
    assert_near(state_of("untied", "adafactor"), 4 * (LAYERS * 18 * h + 2 * (VOCAB + h)), norms);
    assert_near(state_of("grouped", "adafactor"), 4 * (LAYERS * (4 * h + 2 * (h + kv) + 3 * (h + INNER)) + VOCAB + h), norms);
}

static void muon_has_a_momentum_and_adam_for_the_tables(void **state)
{
    (void)state;
    assert_near(state_of("plain", "muon"), 4 * blocks + 8 * table, norms);
    assert_near(state_of("untied", "muon"), 4 * blocks + 8 * 2 * table, norms);
}

static void galore_has_moments_of_its_rank_and_a_projection(void **state)
{
    (void)state;
    /* Four of h x h, and two of h x 4h: a projection of h x rank, two moments of rank by the other width. */
    double h = HIDDEN, r = 128;
    double layer = 4 * (h * r + 2 * r * h) + 2 * (h * r + 2 * r * 4 * h);
    assert_near(state_of("plain", "galore"), 4 * LAYERS * layer + 8 * table, norms);
    assert_near(state_of("untied", "galore: {rank: 512}"), 4 * 4 * LAYERS * layer + 8 * 2 * table, norms);
    /* Of few keys the longer side is the model's. */
    double kv = KEYS * WIDTH, grouped = 2 * (h * r + 2 * r * h) + 2 * (kv * r + 2 * r * h) + 3 * (h * r + 2 * r * INNER);
    assert_near(state_of("grouped", "galore"), 4 * LAYERS * grouped + 8 * table, norms);
}

/* --- gradients --- */

static void an_update_in_the_backward_pass_leaves_one_gradient(void **state)
{
    (void)state;
    assert_near(METRIC(MEMORY_GRADIENTS, .model = "untied", .words = END, .sequences = 1), 4 * (plain + table), 1e-12);
    /* The largest tensor's: the head's, as wide as its weights, while the last layer is done again. */
    double v[SPEEDUP_METRIC_COUNT];
    TRY(v, .model = "untied", .words = END ", optimizer-in-backward, fused-loss, torch-compile", .sequences = 1);
    assert_near(v[SPEEDUP_METRIC_MEMORY_LOGITS], 4 * table, norms);
    TRY(v, PURE, .model = "untied", .words = END ", optimizer-in-backward, fused-loss", .sequences = 1);
    assert_near(v[SPEEDUP_METRIC_MEMORY_LOGITS], 2 * table, norms);
}

/* --- logits --- */

static void logits_in_parts_are_those_of_one_part(void **state)
{
    (void)state;
    double whole = 12. * 32 * SEQUENCE * VOCAB;
    assert_near(METRIC(MEMORY_LOGITS, .words = FLASH), whole, 1e-12);
    assert_near(METRIC(MEMORY_LOGITS, .words = FLASH ", fused-loss: {chunks: 4}"), whole / 4 + 4 * table, 1e-12);
    /* As many as leave logits as large as the hidden states: 32000 of 2048, in sixteen; beside the gradient of the table. */
    assert_near(METRIC(MEMORY_LOGITS, .words = FLASH ", fused-loss"), whole / 16 + 4 * table, 1e-12);
    /* A frozen table has none. */
    assert_near(METRIC(MEMORY_LOGITS, .words = FLASH ", lora, fused-loss"), whole / 16, 1e-12);
}

/* --- the host --- */

static void state_and_gradients_that_are_in_the_host_are_not_here(void **state)
{
    (void)state;
    double v[SPEEDUP_METRIC_COUNT];
    TRY(v, .model = "untied", .words = END ", fused-loss, zero-offload", .sequences = 1);
    assert_bits(v[SPEEDUP_METRIC_MEMORY_OPTIMIZER], 0);
    /* Gradients of two of six layers' share are here. */
    assert_near(v[SPEEDUP_METRIC_MEMORY_GRADIENTS], 4 * (plain + table) / 3, 1e-12);
    assert_near(v[SPEEDUP_METRIC_MEMORY_HOST], (8 + 4) * (plain + table), 1e-12);
    /* DeepSpeed keeps masters of weights in 16 bits with it. */
    TRY(v, .model = "untied", .words = "zero-offload", .stack = "deepspeed");
    assert_bits(v[SPEEDUP_METRIC_MEMORY_OPTIMIZER], 0);
    assert_near(v[SPEEDUP_METRIC_MEMORY_HOST], (12 + 2) * (plain + table), 1e-12);
    TRY(v, .words = FLASH ", optimizer-offload");
    assert_bits(v[SPEEDUP_METRIC_MEMORY_OPTIMIZER], 0);
    assert_near(v[SPEEDUP_METRIC_MEMORY_HOST], 8 * plain, 1e-12);
}

static void a_host_keeps_what_the_accelerators_of_a_job_leave_there(void **state)
{
    (void)state;
    double one = METRIC(MEMORY_HOST, .words = FLASH ", optimizer-offload");
    assert_near(METRIC(MEMORY_HOST, .words = FLASH ", optimizer-offload", .accelerators = 2), 2 * one, 1e-12);
    assert_near(METRIC(MEMORY_HOST, .words = FLASH ", optimizer-offload", .accelerators = 16), 8 * one, 1e-12);
    assert_near(METRIC(MEMORY_HOST, .words = FLASH ", optimizer-offload, zero-1", .accelerators = 8), one, 1e-12);
}

static void weights_in_the_host_leave_two_layers_here(void **state)
{
    (void)state;
    double v[SPEEDUP_METRIC_COUNT], layer = 12. * HIDDEN * HIDDEN;
    TRY(v, PURE, .words = FLASH ", parameter-offload");
    assert_bits(v[SPEEDUP_METRIC_MEMORY_WEIGHTS], 0);
    assert_near(v[SPEEDUP_METRIC_MEMORY_BUFFERS], 2 * 2 * layer, 1e-12);
    assert_near(v[SPEEDUP_METRIC_MEMORY_HOST], 2 * plain, 1e-12);
    TRY(v, PURE, .words = FLASH ", parameter-offload: {share: 0.25}");
    assert_near(v[SPEEDUP_METRIC_MEMORY_WEIGHTS], 2 * plain * 0.75, 1e-12);
    assert_near(v[SPEEDUP_METRIC_MEMORY_HOST], 2 * plain / 4, 1e-12);
}

static void activations_in_the_host_leave_those_of_a_layer_here(void **state)
{
    (void)state;
    double all[SPEEDUP_METRIC_COUNT], v[SPEEDUP_METRIC_COUNT], tokens = 32. * SEQUENCE;
    TRY(all, PURE, .words = FLASH);
    TRY(v, PURE, .words = FLASH ", activation-offload");
    assert_near(v[SPEEDUP_METRIC_MEMORY_ACTIVATIONS], all[SPEEDUP_METRIC_MEMORY_ACTIVATIONS] / LAYERS, 1e-12);
    double layers = 32. * HIDDEN * tokens * LAYERS; /* as a plain block keeps them, counted in test_peak.c */
    assert_near(v[SPEEDUP_METRIC_MEMORY_HOST], layers, 1e-12);
    TRY(v, PURE, .words = FLASH ", activation-offload: {share: 0.5}");
    assert_near(v[SPEEDUP_METRIC_MEMORY_HOST], layers / 2, 1e-12);
}

static void state_in_pages_is_not_part_of_the_peak(void **state)
{
    (void)state;
    double all[SPEEDUP_METRIC_COUNT], v[SPEEDUP_METRIC_COUNT];
    TRY(all, .words = FLASH);
    TRY(v, .words = FLASH ", paged-adam");
    assert_bits(v[SPEEDUP_METRIC_MEMORY_OPTIMIZER], 0);
    assert_near(v[SPEEDUP_METRIC_MEMORY_HOST], 8 * plain, 1e-12);
    assert_near(all[SPEEDUP_METRIC_MEMORY_PEAK] - v[SPEEDUP_METRIC_MEMORY_PEAK], 8 * plain, 1e-9);
}

/* --- methods --- */

static void a_reference_is_a_second_model_but_under_adapters(void **state)
{
    (void)state;
    double alone = METRIC(MEMORY_WEIGHTS, PURE, .words = FLASH, .sequences = 64);
    assert_near(METRIC(MEMORY_WEIGHTS, PURE, .words = FLASH ", dpo"), alone + 2 * plain, 1e-12);
    assert_near(METRIC(MEMORY_WEIGHTS, PURE, .words = FLASH ", dpo: {reference: 0}"), alone, 1e-12);
    assert_near(METRIC(MEMORY_WEIGHTS, PURE, .words = FLASH ", dpo, zero-3", .accelerators = 8), (alone + 2 * plain) / 8, 1e-12);
    assert_near(METRIC(MEMORY_WEIGHTS, PURE, .words = FLASH ", orpo"), alone, 1e-12);
    double adapted = METRIC(MEMORY_WEIGHTS, PURE, .words = FLASH ", lora");
    assert_near(METRIC(MEMORY_WEIGHTS, PURE, .words = FLASH ", lora, dpo"), adapted, 1e-12);
    /* A teacher is another model. */
    assert_near(METRIC(MEMORY_WEIGHTS, PURE, .words = FLASH ", distillation: {teacher: 3}"), alone + 3 * 2 * plain, 1e-12);
    assert_near(METRIC(MEMORY_WEIGHTS, PURE, .words = FLASH ", lora, distillation: {teacher: 3}"), adapted + 3 * 2 * plain, 1e-12);
    assert_near(METRIC(MEMORY_WEIGHTS, PURE, .words = FLASH ", qlora, distillation") - METRIC(MEMORY_WEIGHTS, PURE, .words = FLASH ", qlora"), 2 * plain, 1e-12);
}

static void a_pair_is_two_sequences(void **state)
{
    (void)state;
    static const char *const words[] = {FLASH ", dpo", FLASH ", orpo"};
    double v[SPEEDUP_METRIC_COUNT], two[SPEEDUP_METRIC_COUNT];
    TRY(two, PURE, .words = FLASH, .sequences = 32);
    for (int i = 0; i < 2; i++) {
        TRY(v, PURE, .words = words[i], .sequences = 16);
        assert_bits(v[SPEEDUP_METRIC_MEMORY_ACTIVATIONS], two[SPEEDUP_METRIC_MEMORY_ACTIVATIONS]);
        assert_bits(v[SPEEDUP_METRIC_MEMORY_RESIDUAL], two[SPEEDUP_METRIC_MEMORY_RESIDUAL]);
        assert_bits(v[SPEEDUP_METRIC_MEMORY_LOGITS], two[SPEEDUP_METRIC_MEMORY_LOGITS]);
    }
    assert_bits(METRIC(TIME_MATMUL, PURE, .words = FLASH ", orpo", .sequences = 16), two[SPEEDUP_METRIC_TIME_MATMUL]);
    /* The reference goes forward alone: four thirds of the products of a step, and no gradient of theirs. */
    double once = METRIC(TIME_MATMUL, PURE, .words = FLASH ", dpo", .sequences = 16) - two[SPEEDUP_METRIC_TIME_MATMUL];
    double again = METRIC(TIME_MATMUL, PURE, .words = FLASH ", activation-checkpointing", .calibration = "recompute_stops: 0") - two[SPEEDUP_METRIC_TIME_MATMUL];
    assert_near(once, again, 1e-9);
    assert_bits(METRIC(TIME_MATMUL, PURE, .words = FLASH ", dpo: {reference: 0}", .sequences = 16), two[SPEEDUP_METRIC_TIME_MATMUL]);
}

static void a_reward_model_has_one_output_in_place_of_a_head(void **state)
{
    (void)state;
    double v[SPEEDUP_METRIC_COUNT], two[SPEEDUP_METRIC_COUNT];
    TRY(two, PURE, .model = "untied", .words = END, .sequences = 2);
    TRY(v, PURE, .model = "untied", .words = END ", reward-model", .sequences = 1);
    assert_near(v[SPEEDUP_METRIC_MEMORY_WEIGHTS], 2 * plain, 1e-12);
    assert_near(v[SPEEDUP_METRIC_MEMORY_OPTIMIZER], 4 * plain, 1e-12);
    assert_bits(v[SPEEDUP_METRIC_MEMORY_LOGITS], 0);
    assert_bits(v[SPEEDUP_METRIC_TIME_MATMUL], two[SPEEDUP_METRIC_TIME_MATMUL]);
    assert_true(v[SPEEDUP_METRIC_TIME_HEAD] < 0.1 * two[SPEEDUP_METRIC_TIME_HEAD]);
    /* A tied table is the embedding, and stays. */
    TRY(v, PURE, .words = END ", reward-model", .sequences = 1);
    assert_near(v[SPEEDUP_METRIC_MEMORY_WEIGHTS], 2 * plain, 1e-12);
    assert_near(v[SPEEDUP_METRIC_MEMORY_GRADIENTS], 2 * plain, 1e-12);
}

static void a_teacher_goes_forward_by_its_own_size(void **state)
{
    (void)state;
    double alone = METRIC(TIME_MATMUL, PURE, .words = FLASH);
    double one = METRIC(TIME_MATMUL, PURE, .words = FLASH ", distillation") - alone;
    assert_near(METRIC(TIME_MATMUL, PURE, .words = FLASH ", distillation: {teacher: 4}") - alone, 4 * one, 1e-9);
    assert_near(METRIC(MEMORY_LOGITS, PURE, .words = FLASH ", distillation"), 2 * 12. * 32 * SEQUENCE * VOCAB, 1e-12);
}

/* --- times of updates --- */

#define IDLE "copy_rate: 1, host_optimizer: 0, loop_update: 0, backward_update: 0, matmul_efficiency: 1, optimizer_bytes: 40, fused_optimizer: 0.5, "  \
             "host_forward: 0, host_backward: 0, host_batch: 0, host_step: 0, host_adapter: 0, host_again: 0"

#define UPDATE(words_) METRIC(TIME_OPTIMIZER, .words = FLASH words_, .calibration = IDLE)

static void an_update_moves_the_bytes_of_its_state(void **state)
{
    (void)state;
    double adam = 40 * plain / bandwidth;
    assert_near(UPDATE(""), adam, 1e-12);
    assert_near(UPDATE(", fused-optimizer"), adam / 2, 1e-12);
    assert_near(METRIC(TIME_OPTIMIZER, .words = FLASH ", sgd", .calibration = IDLE ", sgd_optimizer: 0.25"), adam / 4, 1e-12);
    assert_near(METRIC(TIME_OPTIMIZER, .words = FLASH ", adam-8bit", .calibration = IDLE ", adam_8bit_update: 0.5"), adam / 4, 1e-12);
    assert_near(METRIC(TIME_OPTIMIZER, .words = FLASH ", paged-adam-8bit", .calibration = IDLE ", adam_8bit_update: 0.5"), adam / 4, 1e-12);
    assert_near(UPDATE(", paged-adam"), adam / 2, 1e-12);
    assert_near(METRIC(TIME_OPTIMIZER, PURE, .words = FLASH, .calibration = IDLE ", pure_optimizer: 0.25"), adam / 4, 1e-12);
    assert_near(METRIC(TIME_OPTIMIZER, .words = FLASH ", adafactor", .calibration = IDLE ", adafactor_update: 2"), 2 * adam, 1e-12);
    /* A moment less to read and to write: 20 of 28 bytes. */
    assert_near(UPDATE(", lion"), adam * 20 / 28, 1e-12);
    /* What takes the place of Adam takes that of its fused update. */
    assert_near(UPDATE(", lion, fused-optimizer"), adam * 20 / 28, 1e-12);
}

static void muon_multiplies_and_adam_does_not(void **state)
{
    (void)state;
    double adam = 40 * plain / bandwidth, h = HIDDEN;
    /* An iteration of n x k, n <= k: 4 n n k + 2 n n n; here counted as of h x 4h. */
    double products = 5 * (4 * h * h * 4 * h + 2 * h * h * h) / (h * 4 * h) * blocks / peak;
    assert_near(UPDATE(", muon") - adam, products, norms);
    assert_near(UPDATE(", muon: {iterations: 10}") - adam, 2 * products, norms);
    /* GaLore goes into the subspace and back. */
    assert_near(UPDATE(", galore: {rank: 256}") - UPDATE(", galore: {rank: 128}"), 8 * 128 * plain / peak, 1e-9);
}

static void updates_one_by_one_take_the_time_of_the_host(void **state)
{
    (void)state;
    static const char *const words[] = {FLASH ", adafactor", FLASH ", muon", FLASH ", loop-optimizer"};
    for (int i = 0; i < 3; i++)
        assert_near(METRIC(TIME_OPTIMIZER, .words = words[i], .calibration = "loop_update: 0.5"), LAYERS * 0.5, 1e-12);
    assert_near(METRIC(TIME_OPTIMIZER, .words = FLASH ", optimizer-in-backward", .calibration = "backward_update: 0.5"), LAYERS * 0.5, 1e-12);
}

/* --- times of the host link --- */

/* Seconds of a micro-batch that the link can hide behind. */
static double behind(struct trial t)
{
    double v[SPEEDUP_METRIC_COUNT];
    t.calibration = IDLE;
    try(&t, v);
    return v[SPEEDUP_METRIC_STEP_SECONDS] - v[SPEEDUP_METRIC_TIME_OPTIMIZER];
}

static void the_host_updates_at_the_rate_of_its_memory(void **state)
{
    (void)state;
    /* What it moves for a parameter at half the bandwidth, and the weight in 16 bits back over the link. */
    double work = behind((struct trial){PURE, .words = FLASH}), gradients = fmax(2 * plain / host_link - work, 0);
    static const char host[] = IDLE ", host_update_bytes: 30, host_update_rate: 0.5";
    double one = METRIC(TIME_HOST, PURE, .words = FLASH ", zero-offload", .calibration = host);
    assert_near(one, 30 * plain / (0.5 * host_bandwidth) + 2 * plain / host_link + gradients, 1e-9);
    assert_bits(METRIC(TIME_OPTIMIZER, PURE, .words = FLASH ", zero-offload", .calibration = host), 0);
    /* Accelerators of a node share its memory. */
    double four = METRIC(TIME_HOST, PURE, .words = FLASH ", zero-offload", .calibration = host, .accelerators = 4);
    assert_near(four - one, 3 * 30 * plain / (0.5 * host_bandwidth), 1e-2);
}

static void gradients_cross_the_link_behind_the_work(void **state)
{
    (void)state;
    static const char host[] = IDLE ", host_update_bytes: 0";
    double work = behind((struct trial){PURE, .words = FLASH, .sequences = 1});
    assert_true(2 * plain / host_link > work);
    assert_near(METRIC(TIME_HOST, PURE, .words = FLASH ", zero-offload", .sequences = 1, .calibration = host),
                2 * plain / host_link - work + 2 * plain / host_link, 1e-9);
}

static void weights_are_fetched_for_every_pass_behind_the_work(void **state)
{
    (void)state;
    double work = behind((struct trial){PURE, .words = FLASH, .sequences = 1});
    assert_near(METRIC(TIME_HOST, PURE, .words = FLASH ", parameter-offload", .sequences = 1, .calibration = IDLE), 2 * 2 * plain / host_link - work, 1e-9);
    work = behind((struct trial){PURE, .words = END, .sequences = 1});
    assert_near(METRIC(TIME_HOST, PURE, .words = END ", parameter-offload", .sequences = 1, .calibration = IDLE), 3 * 2 * plain / host_link - work, 1e-9);
    /* Autocast keeps them in fp32. */
    work = behind((struct trial){.words = FLASH, .sequences = 1});
    assert_near(METRIC(TIME_HOST, .words = FLASH ", parameter-offload", .sequences = 1, .calibration = IDLE), 2 * 4 * plain / host_link - work, 1e-9);
    /* With enough to do there is nothing to see. */
    assert_bits(METRIC(TIME_HOST, PURE, .words = END ", parameter-offload: {share: 0.1}", .sequences = 64, .calibration = IDLE), 0);
}

static void activations_cross_behind_the_work_or_alone(void **state)
{
    (void)state;
    double crossing = 2 * 32. * HIDDEN * LAYERS * SEQUENCE / host_link, work = behind((struct trial){PURE, .words = FLASH, .sequences = 1});
    assert_near(METRIC(TIME_HOST, PURE, .words = FLASH ", activation-offload", .sequences = 1, .calibration = IDLE), crossing - work, 1e-9);
    assert_near(METRIC(TIME_HOST, PURE, .words = FLASH ", activation-offload: {overlap: 0}", .sequences = 1, .calibration = IDLE), crossing * 0.855 / 0.45, 1e-9);
}

static void pages_cross_the_link_where_there_is_no_room(void **state)
{
    (void)state;
    assert_bits(METRIC(TIME_HOST, .words = END ", paged-adam"), 0);
    double v[SPEEDUP_METRIC_COUNT], moments = 8 * plain, room = memory / 10;
    for (double sequences = 8; sequences <= 32; sequences *= 2) {
        TRY(v, .words = END ", paged-adam", .sequences = sequences, .system = "smaller");
        double spilled = fmin(fmax(v[SPEEDUP_METRIC_MEMORY_NEEDED] + moments - room, 0), moments);
        assert_near(v[SPEEDUP_METRIC_TIME_HOST], 2 * spilled / host_link, 1e-12);
    }
    assert_near(v[SPEEDUP_METRIC_TIME_HOST], 2 * moments / host_link, 1e-12);
}

/* --- times of adapters, of loss and of attention --- */

static void adapters_cost_by_the_projections_that_have_them(void **state)
{
    (void)state;
    double tokens = 32. * SEQUENCE, h = HIDDEN;
    static const struct {
        const char *words;
        double ends;
    } cases[] = {{"q_proj", 2}, {"attention", 8}, {"up_proj", 5}, {"feed-forward", 10}, {"all-linear", 18}, {"c_attn", 4}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char words[100];
        snprintf(words, sizeof words, FLASH ", lora: {targets: %s}", cases[i].words);
        double none = METRIC(TIME_MATMUL, .words = words, .calibration = "copy_rate: 1, adapter_forward: 0, adapter_backward: 0");
        double some = METRIC(TIME_MATMUL, .words = words, .calibration = "copy_rate: 1, adapter_forward: 100, adapter_backward: 200");
        assert_near(some - none, 300 * tokens * LAYERS * cases[i].ends * h / bandwidth, 1e-9);
    }
}

static void dropout_of_adapters_moves_their_inputs(void **state)
{
    (void)state;
    static const char way[] = "copy_rate: 1, adapter_dropout: 9";
    double none = METRIC(TIME_MATMUL, .words = FLASH ", lora", .calibration = way);
    double some = METRIC(TIME_MATMUL, .words = FLASH ", lora: {dropout: 0.05}", .calibration = way);
    /* Forward and backward: five inputs of the hidden width and one of the inner. */
    assert_near(some - none, 2 * 9 * 32. * SEQUENCE * LAYERS * (5 + 4) * HIDDEN / bandwidth, 1e-9);
}

static void recomputation_by_a_function_spares_the_host(void **state)
{
    (void)state;
    static const char way[] = "host_backward: 1, gated_host: 1, host_forward: 0, host_again: 0.5, host_batch: 0, host_step: 0";
    double hooks = METRIC(STEP_SECONDS, .words = FLASH ", activation-checkpointing", .calibration = way);
    assert_near(hooks - METRIC(STEP_SECONDS, .words = FLASH ", activation-checkpointing: {reentrant: 1}", .calibration = way), LAYERS * 0.5, 1e-9);
}

static void parts_of_the_loss_read_the_table_again_and_add_to_its_gradient(void **state)
{
    (void)state;
    static const char way[] = "matmul_depth: 0, library_depth: 0, matmul_seconds: 0, matmul_stream: 1, loss_forward: 0, loss_backward: 0";
    double one = METRIC(TIME_HEAD, PURE, .words = FLASH ", fused-loss: {chunks: 1}", .calibration = way);
    double four = METRIC(TIME_HEAD, PURE, .words = FLASH ", fused-loss: {chunks: 4}", .calibration = way);
    assert_near(four - one, 3 * 2 * table / bandwidth, 1e-9); /* products of many tokens are as fast as of more */
    /* Of one token each, a part is as long as the table takes to be read, forward and backward, and its gradient to be written. */
    double parts = 1024, part = 2 * (table + HIDDEN + VOCAB) / bandwidth;
    assert_near(METRIC(TIME_HEAD, PURE, .words = FLASH ", fused-loss: {chunks: 1024}", .sequences = 1, .calibration = way),
                parts * 3 * part + (parts - 1) * 2 * table / bandwidth, 1e-9);
}

static void sdpa_is_flash_attention_from_ampere_on(void **state)
{
    (void)state;
    double v[SPEEDUP_METRIC_COUNT], other[SPEEDUP_METRIC_COUNT];
    TRY(v, .model = "grouped", .words = "sdpa");
    TRY(other, .model = "grouped", .words = FLASH);
    assert_near(v[SPEEDUP_METRIC_TIME_ATTENTION], other[SPEEDUP_METRIC_TIME_ATTENTION], 1e-12);
    assert_bits(v[SPEEDUP_METRIC_MEMORY_ACTIVATIONS], other[SPEEDUP_METRIC_MEMORY_ACTIVATIONS]);
    assert_bits(v[SPEEDUP_METRIC_MEMORY_SCORES], 0);
    TRY(v, .model = "grouped", .words = "sdpa", .system = "older");
    TRY(other, .model = "grouped", .words = "efficient-attention", .system = "older");
    assert_near(v[SPEEDUP_METRIC_TIME_ATTENTION], other[SPEEDUP_METRIC_TIME_ATTENTION], 1e-12);
    assert_bits(v[SPEEDUP_METRIC_MEMORY_SCORES], 0);
    /* Keys and values are repeated for every head, of bf16 two bytes each. */
    double flash = METRIC(MEMORY_ACTIVATIONS, .model = "grouped", .words = FLASH);
    assert_near(v[SPEEDUP_METRIC_MEMORY_ACTIVATIONS] - flash, 4. * (HEADS - KEYS) * WIDTH * 32 * SEQUENCE * LAYERS, 1e-9);
}

/* --- what software always has --- */

static bool has(struct trial t, const char *id)
{
    char yaml[MOST_TEXT];
    write_trial(&t, yaml);
    speedup_scenario *scenario = scenario_of(world.catalog, yaml, PLAIN);
    const char *found = NULL;
    bool there = false;
    for (size_t i = 0; speedup_scenario_optimization_at(scenario, i, &found, NULL) == SPEEDUP_OK; i++)
        there |= !strcmp(found, id);
    speedup_scenario_unref(scenario);
    return there;
}

static void what_software_always_has_yields_to_what_the_job_names(void **state)
{
    (void)state;
    assert_true(has((struct trial){.stack = "hugging-face"}, "sdpa"));
    static const char *const words[] = {"unfused-attention", "flash-attention-2", "flash-attention-3", "cudnn-attention", "efficient-attention", "fused-attention"};
    for (int i = 0; i < 6; i++) {
        assert_false(has((struct trial){.stack = "hugging-face", .words = words[i]}, "sdpa"));
        assert_true(has((struct trial){.stack = "hugging-face", .words = words[i]}, words[i]));
    }
    assert_bits(METRIC(MEMORY_SCORES, .stack = "hugging-face", .model = "grouped"), 0);
    assert_true(METRIC(MEMORY_SCORES, .stack = "hugging-face", .model = "grouped", .words = "unfused-attention") > 0);
    assert_true(has((struct trial){.stack = "hugging-face", .words = "lora"}, "sdpa"));
}

/* --- words of words --- */

static void a_word_alone_is_a_list_of_one(void **state)
{
    (void)state;
    assert_bits(adapters("plain", "targets: q_proj"), adapters("plain", "targets: [q_proj]"));
    assert_bits(adapters("plain", "targets: [q_proj, k_proj, v_proj, o_proj]"), adapters("plain", "targets: attention"));
    assert_bits(adapters("plain", "targets: [attention, feed-forward]"), adapters("plain", "rank: 16"));
    assert_bits(adapters("plain", "targets: [q_proj, q_proj]"), adapters("plain", "targets: q_proj"));
    /* Numbers beside words add to them. */
    assert_bits(adapters("plain", "targets: q_proj, value: 1"), adapters("plain", "targets: [q_proj, v_proj]"));
}

static void an_unknown_word_or_parameter_is_told_with_the_nearest(void **state)
{
    (void)state;
    assert_int_equal(REFUSED(.words = "lora: {targets: [q_porj]}"), SPEEDUP_UNKNOWN_PARAMETER);
    assert_contains(speedup_diagnostic_text(world.context, 0), "'targets' of 'lora' has no word 'q_porj'; did you mean 'q_proj'?");
    assert_int_equal(REFUSED(.words = "lora: {targets: nothing_like_it}"), SPEEDUP_UNKNOWN_PARAMETER);
    assert_contains(speedup_diagnostic_remedy(world.context, 0), "all-linear");
    assert_int_equal(REFUSED(.words = "lora: {target: q_proj}"), SPEEDUP_UNKNOWN_PARAMETER);
    assert_contains(speedup_diagnostic_text(world.context, 0), "did you mean 'targets'?");
    assert_int_equal(REFUSED(.words = "lora: {rnak: 8}"), SPEEDUP_UNKNOWN_PARAMETER);
    assert_contains(speedup_diagnostic_text(world.context, 0), "did you mean 'rank'?");
    assert_int_equal(REFUSED(.words = "lora: {rank: q_proj}"), SPEEDUP_WRONG_TYPE);
}

static void a_word_that_needs_another_says_which(void **state)
{
    (void)state;
    static const char *const words[] = {"int8-base", "int4-base"};
    for (int i = 0; i < 2; i++) {
        assert_int_equal(REFUSED(.words = words[i]), SPEEDUP_REQUIREMENT);
        assert_contains(speedup_diagnostic_text(world.context, 0), "needs 'lora' beside it");
        assert_contains(speedup_diagnostic_remedy(world.context, 0), "add 'lora'");
    }
    assert_int_equal(REFUSED(.words = "lora, int8-base, int4-base"), SPEEDUP_EXCLUDED);
}

/* --- hints --- */

static void a_requirement_that_is_not_met_says_what_is_here_and_what_works(void **state)
{
    (void)state;
    assert_int_equal(REFUSED(.words = "lora: {rank: 4096}"), SPEEDUP_REQUIREMENT);
    assert_contains(speedup_diagnostic_text(world.context, 0), "'lora' requires rank <= hidden");
    assert_contains(speedup_diagnostic_remedy(world.context, 0), "rank is 4096, hidden is 2048");
    assert_int_equal(REFUSED(.words = "optimizer-in-backward", .batch = 64), SPEEDUP_REQUIREMENT);
    assert_contains(speedup_diagnostic_remedy(world.context, 0), "accumulation is 2");
    assert_int_equal(REFUSED(.words = "adam-8bit", .system = "others"), SPEEDUP_REQUIREMENT);
    assert_contains(speedup_diagnostic_remedy(world.context, 0), "compute_capability is 0");
    assert_contains(speedup_diagnostic_remedy(world.context, 0), "there can be 'adafactor', 'fused-optimizer', 'lion', 'sgd'");
    assert_null(strstr(speedup_diagnostic_remedy(world.context, 0), "paged-adam"));
    assert_int_equal(REFUSED(.words = "flash-attention-2", .system = "older"), SPEEDUP_REQUIREMENT);
    assert_contains(speedup_diagnostic_remedy(world.context, 0), "compute_capability is 7.5");
    assert_contains(speedup_diagnostic_remedy(world.context, 0), "'efficient-attention'");
    assert_null(strstr(speedup_diagnostic_remedy(world.context, 0), "cudnn-attention"));
    assert_int_equal(REFUSED(.words = "lora: {targets: gate_proj}"), SPEEDUP_REQUIREMENT);
    assert_contains(speedup_diagnostic_text(world.context, 0), "'lora' requires a projection that the model has");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(adapters_are_counted_by_rank_and_by_what_they_stand_beside),
        cmocka_unit_test(adapters_of_grouped_keys_and_of_a_gate_have_their_widths),
        cmocka_unit_test(a_layer_of_query_key_and_value_has_one_adapter),
        cmocka_unit_test(adapters_of_latent_attention_stand_beside_its_down_and_up_projections),
        cmocka_unit_test(adapters_of_experts_are_those_of_every_one),
        cmocka_unit_test(adapters_are_beside_the_weights_and_as_wide_as_they_are_trained),
        cmocka_unit_test(inputs_are_kept_where_adapters_read_them),
        cmocka_unit_test(adapters_in_fp32_cast_their_inputs_each_for_itself),
        cmocka_unit_test(dropout_keeps_a_mask_of_a_byte_for_every_adapter),
        cmocka_unit_test(narrow_weights_leave_the_tables_in_16_bits),
        cmocka_unit_test(weights_in_groups_have_a_scale_and_a_zero_for_each),
        cmocka_unit_test(full_precision_in_16_bits_is_eight_bytes_for_a_parameter),
        cmocka_unit_test(an_optimizer_keeps_as_many_moments_as_it_has),
        cmocka_unit_test(moments_in_8_bits_have_a_scale_for_256),
        cmocka_unit_test(adafactor_keeps_sums_of_rows_and_columns),
        cmocka_unit_test(muon_has_a_momentum_and_adam_for_the_tables),
        cmocka_unit_test(galore_has_moments_of_its_rank_and_a_projection),
        cmocka_unit_test(an_update_in_the_backward_pass_leaves_one_gradient),
        cmocka_unit_test(logits_in_parts_are_those_of_one_part),
        cmocka_unit_test(state_and_gradients_that_are_in_the_host_are_not_here),
        cmocka_unit_test(a_host_keeps_what_the_accelerators_of_a_job_leave_there),
        cmocka_unit_test(weights_in_the_host_leave_two_layers_here),
        cmocka_unit_test(activations_in_the_host_leave_those_of_a_layer_here),
        cmocka_unit_test(state_in_pages_is_not_part_of_the_peak),
        cmocka_unit_test(a_reference_is_a_second_model_but_under_adapters),
        cmocka_unit_test(a_pair_is_two_sequences),
        cmocka_unit_test(a_reward_model_has_one_output_in_place_of_a_head),
        cmocka_unit_test(a_teacher_goes_forward_by_its_own_size),
        cmocka_unit_test(an_update_moves_the_bytes_of_its_state),
        cmocka_unit_test(muon_multiplies_and_adam_does_not),
        cmocka_unit_test(updates_one_by_one_take_the_time_of_the_host),
        cmocka_unit_test(the_host_updates_at_the_rate_of_its_memory),
        cmocka_unit_test(gradients_cross_the_link_behind_the_work),
        cmocka_unit_test(weights_are_fetched_for_every_pass_behind_the_work),
        cmocka_unit_test(activations_cross_behind_the_work_or_alone),
        cmocka_unit_test(pages_cross_the_link_where_there_is_no_room),
        cmocka_unit_test(adapters_cost_by_the_projections_that_have_them),
        cmocka_unit_test(dropout_of_adapters_moves_their_inputs),
        cmocka_unit_test(recomputation_by_a_function_spares_the_host),
        cmocka_unit_test(parts_of_the_loss_read_the_table_again_and_add_to_its_gradient),
        cmocka_unit_test(sdpa_is_flash_attention_from_ampere_on),
        cmocka_unit_test(what_software_always_has_yields_to_what_the_job_names),
        cmocka_unit_test(a_word_alone_is_a_list_of_one),
        cmocka_unit_test(an_unknown_word_or_parameter_is_told_with_the_nearest),
        cmocka_unit_test(a_word_that_needs_another_says_which),
        cmocka_unit_test(a_requirement_that_is_not_met_says_what_is_here_and_what_works),
    };
    return cmocka_run_group_tests(tests, world_begin, world_end);
}
