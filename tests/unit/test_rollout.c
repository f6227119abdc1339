/* Training steps that begin with completions of their own policy, and state on the drives of a node: one rule a test. */
#include "helper.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { METRICS = SPEEDUP_METRIC_COUNT, BATCH = 512, PROMPT = 512, OUTPUT = 1024 };

static const char grpo[] =
    "train: {model: qwen2-5-7b, system: dgx-h100, accelerators: 8, global_batch: 512, micro_batch: 4, stack: pytorch-fsdp,"
    " optimizations: [bf16-mixed-precision, flash-attention-2, activation-checkpointing, zero-3, grpo],"
    " rollout: {prompt: 512, output: 1024, samples: 8, stack: vllm}}\n";

/* The same update alone, and a service that keeps the same sequences in flight. */
static const char update[] =
    "train: {model: qwen2-5-7b, system: dgx-h100, accelerators: 8, global_batch: 512, micro_batch: 4, stack: pytorch-fsdp, sequence: 1536,"
    " optimizations: [bf16-mixed-precision, flash-attention-2, activation-checkpointing, zero-3, grpo]}\n";
static const char service[] =
    "serve: {model: qwen2-5-7b, system: dgx-h100, accelerators: 8, concurrency: 512, prompt: 512, output: 1024, stack: vllm,"
    " optimizations: [prefix-cache: {share: 0.875}]}\n";

static double rollout_of(const char *const *settings)
{
    return metric_of(world.catalog, grpo, settings, SPEEDUP_METRIC_TIME_ROLLOUT);
}

static void a_step_is_its_completions_and_its_update(void **state)
{
    (void)state;
    double both[METRICS], alone[METRICS], sum = 0;
    estimate_of(world.catalog, grpo, PLAIN, both);
    estimate_of(world.catalog, update, PLAIN, alone);
    for (int m = SPEEDUP_METRIC_TIME_MATMUL; m <= SPEEDUP_METRIC_TIME_FIXED; m++) {
        assert_bits(both[m], alone[m]);
        sum += both[m];
    }
    assert_true(both[SPEEDUP_METRIC_TIME_ROLLOUT] > 0 && alone[SPEEDUP_METRIC_TIME_ROLLOUT] == 0);
    assert_near(both[SPEEDUP_METRIC_STEP_SECONDS], alone[SPEEDUP_METRIC_STEP_SECONDS] + both[SPEEDUP_METRIC_TIME_ROLLOUT], 1e-12);
    assert_true(sum + both[SPEEDUP_METRIC_TIME_ROLLOUT] <= both[SPEEDUP_METRIC_STEP_SECONDS] * (1 + 1e-9));
    /* What is counted a second is what is trained. */
    assert_near(both[SPEEDUP_METRIC_TOKENS_PER_SECOND], BATCH * (PROMPT + OUTPUT) / both[SPEEDUP_METRIC_STEP_SECONDS], 1e-12);
    double share = alone[SPEEDUP_METRIC_STEP_SECONDS] / both[SPEEDUP_METRIC_STEP_SECONDS];
    assert_near(both[SPEEDUP_METRIC_MODEL_UTILIZATION], share * alone[SPEEDUP_METRIC_MODEL_UTILIZATION], 1e-12);
    /* Errors of the two have nothing in common. */
    assert_true(both[SPEEDUP_METRIC_TIME_SIGMA] > share * alone[SPEEDUP_METRIC_TIME_SIGMA]);
    assert_true(both[SPEEDUP_METRIC_TIME_SIGMA] < fmax(alone[SPEEDUP_METRIC_TIME_SIGMA], metric_of(world.catalog, service, PLAIN, SPEEDUP_METRIC_TIME_SIGMA)));
}

static void a_sequence_is_a_prompt_and_its_completion_where_none_is_given(void **state)
{
    (void)state;
    static const char varied[] = "train.rollout.output={mean: 1024, deviation: 300, longest: 2048}";
    double derived[METRICS], given[METRICS];
    estimate_of(world.catalog, grpo, WITH(varied), derived);
    estimate_of(world.catalog, grpo, WITH(varied, "train.sequence={mean: 1536, deviation: 300, longest: 2560}"), given);
    for (int m = 0; m < METRICS; m++)
        assert_bits(derived[m], given[m]);
    estimate_of(world.catalog, grpo, WITH("train.sequence=2048"), given);
    assert_true(given[SPEEDUP_METRIC_STEP_SECONDS] > derived[SPEEDUP_METRIC_STEP_SECONDS] - derived[SPEEDUP_METRIC_TIME_ROLLOUT]);
    assert_int_equal(refused_scenario(world.catalog, "train: {model: llama-7b, system: dgx-h100, accelerators: 8, global_batch: 64}\n", PLAIN), SPEEDUP_MISSING_KEY);
}

static void completions_take_as_long_as_in_a_service(void **state)
{
    (void)state;
    double served = metric_of(world.catalog, service, PLAIN, SPEEDUP_METRIC_TOKENS_PER_SECOND);
    /* But for what a request of a service waits for prefill of others before its first token. */
    assert_near(rollout_of(PLAIN), (double)BATCH * OUTPUT / served, 0.15);
}

static void one_token_costs_next_to_nothing(void **state)
{
    (void)state;
    assert_true(rollout_of(WITH("train.rollout.output=1")) < 0.02 * rollout_of(PLAIN));
}

static void twice_the_completions_take_twice_as_long_in_full_batches(void **state)
{
    (void)state;
    double once = rollout_of(WITH("train.rollout.concurrency=16")), twice = rollout_of(WITH("train.rollout.concurrency=16", "train.global_batch=1024", "train.rollout.samples=16"));
    assert_near(twice, 2 * once, 0.02);
    /* Side by side they share the reading of weights. */
    double beside = rollout_of(WITH("train.global_batch=1024", "train.rollout.samples=16")), few = rollout_of(PLAIN);
    assert_true(beside > few && beside < 2 * few);
}

static void a_batch_ends_with_its_longest_completion(void **state)
{
    (void)state;
    double alike = rollout_of(PLAIN), varied = rollout_of(WITH("train.rollout.output={mean: 1024, deviation: 400, longest: 4096}"));
    assert_true(varied > 1.2 * alike && varied < 3 * alike);
    /* The last wave, with few sequences, takes as many steps. */
    double three = rollout_of(WITH("train.rollout.concurrency=32", "train.global_batch=768")), less = rollout_of(WITH("train.rollout.concurrency=32", "train.global_batch=544"));
    double two = rollout_of(WITH("train.rollout.concurrency=32"));
    assert_true(two < less && less < three);
    assert_true(less - two > (three - two) / 2);
}

static void samples_share_their_prompt(void **state)
{
    (void)state;
    assert_true(rollout_of(PLAIN) < rollout_of(WITH("train.rollout.samples=1")));
    /* As prefixes that are found in a cache do. */
    double shared = rollout_of(WITH("train.rollout.samples=4")), cached = rollout_of(WITH("train.rollout.samples=1", "train.rollout.optimizations=[prefix-cache: {share: 0.75}]"));
    assert_near(shared, cached, 0.02);
}

static void steps_that_share_a_rollout_share_its_time(void **state)
{
    (void)state;
    double four = rollout_of(WITH("train.rollout.steps=4")), large = rollout_of(WITH("train.global_batch=2048", "train.micro_batch=4"));
    assert_near(4 * four, large, 1e-12);
}

static void the_peak_is_the_larger_of_rollout_and_update(void **state)
{
    (void)state;
    static const char *const settings[][2] = {{"train.micro_batch=1", NULL}, {"train.micro_batch=16", "train.rollout.tensor=4"}};
    for (int i = 0; i < 2; i++) {
        const char *const put[] = {settings[i][0], settings[i][1], NULL};
        double v[METRICS], alone[METRICS], sum = 0;
        estimate_of(world.catalog, grpo, put, v);
        estimate_of(world.catalog, update, WITH(settings[i][0]), alone);
        for (int m = SPEEDUP_METRIC_MEMORY_WEIGHTS; m <= SPEEDUP_METRIC_MEMORY_RUNTIME; m++)
            sum += v[m];
        assert_near(sum, v[SPEEDUP_METRIC_MEMORY_PEAK], 1e-9);
        assert_near(v[SPEEDUP_METRIC_MEMORY_PEAK], fmax(v[SPEEDUP_METRIC_MEMORY_ROLLOUT], alone[SPEEDUP_METRIC_MEMORY_PEAK]), 1e-12);
        assert_int_equal(v[SPEEDUP_METRIC_MEMORY_KV] > 0, i == 0);
        assert_true(v[SPEEDUP_METRIC_MEMORY_ALLOCATED] <= v[SPEEDUP_METRIC_MEMORY_RESERVED] * (1 + 1e-12));
        assert_true(v[SPEEDUP_METRIC_MEMORY_RESERVED] <= v[SPEEDUP_METRIC_MEMORY_PEAK]);
    }
}

static void an_engine_has_the_room_that_the_training_state_leaves(void **state)
{
    (void)state;
    static const char much[] = "train.rollout.output=8192", one[] = "train.micro_batch=1", none[] = "train.optimizations=[bf16-mixed-precision, flash-attention-2, activation-checkpointing, zero-3, adam-8bit]";
    double v[METRICS], more[METRICS];
    estimate_of(world.catalog, grpo, WITH(much, one, "train.global_batch=4096"), v);
    estimate_of(world.catalog, grpo, WITH(much, one, "train.global_batch=4096", none), more);
    assert_true(v[SPEEDUP_METRIC_BATCH] < 4096 && v[SPEEDUP_METRIC_BATCH] < more[SPEEDUP_METRIC_BATCH]);
    double memory;
    assert_ok(speedup_catalog_number(world.catalog, "accelerators", "h100-sxm-80gb", "memory", &memory));
    assert_true(v[SPEEDUP_METRIC_MEMORY_ROLLOUT] <= memory);
    /* A cache that is full is no lack of memory. */
    assert_true(v[SPEEDUP_METRIC_MEMORY_NEEDED] < v[SPEEDUP_METRIC_MEMORY_ROLLOUT]);
}

static void what_an_engine_takes_for_itself_must_be_there(void **state)
{
    (void)state;
    assert_bits(metric_of(world.catalog, grpo, WITH("train.rollout.memory=0.5"), SPEEDUP_METRIC_FITS), 1);
    assert_bits(metric_of(world.catalog, grpo, WITH("train.rollout.memory=0.95"), SPEEDUP_METRIC_FITS), 0);
    assert_bits(metric_of(world.catalog, grpo, WITH("train.optimizations=[bf16-mixed-precision, flash-attention-2, activation-checkpointing]"), SPEEDUP_METRIC_FITS), 0);
}

static void an_engine_that_does_not_sleep_stays_beside_the_update(void **state)
{
    (void)state;
    static const char little[] = "train.rollout.concurrency=1", large[] = "train.micro_batch=16";
    double asleep[METRICS], awake[METRICS], sum = 0;
    estimate_of(world.catalog, grpo, WITH(little, large), asleep);
    estimate_of(world.catalog, grpo, WITH(little, large, "train.rollout.sleep=false"), awake);
    for (int m = SPEEDUP_METRIC_MEMORY_WEIGHTS; m <= SPEEDUP_METRIC_MEMORY_RUNTIME; m++)
        sum += awake[m];
    assert_near(sum, awake[SPEEDUP_METRIC_MEMORY_PEAK], 1e-9);
    /* At least its weights, in 16 bits. */
    assert_true(awake[SPEEDUP_METRIC_MEMORY_NEEDED] - asleep[SPEEDUP_METRIC_MEMORY_NEEDED] > 2 * 7.0e9);
    assert_bits(awake[SPEEDUP_METRIC_TIME_ROLLOUT], asleep[SPEEDUP_METRIC_TIME_ROLLOUT]);
}

static void other_layouts_have_the_rollout_of_their_own(void **state)
{
    (void)state;
    speedup_scenario *scenario = scenario_of(world.catalog, grpo, WITH("train.rollout.tensor=2"));
    double accelerators[] = {8, 16, 64, 9}, step[4], status[4], rollout[4], memory[4];
    const speedup_column inputs[] = {{sizeof *inputs, SPEEDUP_VARIABLE_ACCELERATORS, 0, accelerators}};
    const speedup_column outputs[] = {{sizeof *outputs, SPEEDUP_METRIC_STEP_SECONDS, 0, step}, {sizeof *outputs, SPEEDUP_METRIC_STATUS, 0, status},
                                      {sizeof *outputs, SPEEDUP_METRIC_TIME_ROLLOUT, 0, rollout}, {sizeof *outputs, SPEEDUP_METRIC_MEMORY_PEAK, 0, memory}};
    assert_ok(speedup_scenario_estimate_batch(scenario, inputs, 1, outputs, 4, 4, 1));
    for (int i = 0; i < 3; i++) {
        char setting[40];
        double v[METRICS];
        snprintf(setting, sizeof setting, "train.accelerators=%.0f", accelerators[i]);
        estimate_of(world.catalog, grpo, WITH("train.rollout.tensor=2", setting), v);
        assert_bits(step[i], v[SPEEDUP_METRIC_STEP_SECONDS]);
        assert_bits(rollout[i], v[SPEEDUP_METRIC_TIME_ROLLOUT]);
        assert_bits(memory[i], v[SPEEDUP_METRIC_MEMORY_PEAK]);
    }
    assert_true(rollout[2] < rollout[1] && rollout[1] < rollout[0]);
    assert_bits(status[3], SPEEDUP_DOES_NOT_DIVIDE); /* nine are no whole number of engines */
    speedup_scenario_unref(scenario);
}

static void a_critic_is_a_model_more(void **state)
{
    (void)state;
    static const char before[] = "train.optimizations=[bf16-mixed-precision, flash-attention-2, activation-checkpointing, zero-3%s]";
    double grouped[METRICS], judged[METRICS], free[METRICS];
    char setting[200];
    snprintf(setting, sizeof setting, before, ", grpo: {reference: 1, old: 1}");
    estimate_of(world.catalog, update, WITH(setting), grouped);
    snprintf(setting, sizeof setting, before, ", ppo: {critic: 0}");
    estimate_of(world.catalog, update, WITH(setting), free);
    snprintf(setting, sizeof setting, before, ", ppo");
    estimate_of(world.catalog, update, WITH(setting), judged);
    for (int m = 0; m < METRICS; m++)
        assert_bits(free[m], grouped[m]);
    assert_near(judged[SPEEDUP_METRIC_MEMORY_OPTIMIZER], 2 * grouped[SPEEDUP_METRIC_MEMORY_OPTIMIZER], 1e-12);
    assert_true(judged[SPEEDUP_METRIC_STEP_SECONDS] > 1.5 * grouped[SPEEDUP_METRIC_STEP_SECONDS]);
}

static void state_on_drives_waits_for_them(void **state)
{
    (void)state;
    static const char own[] =
        "systems: {own: {base: dgx-h100, nvme: %g GB/s}}\n"
        "train: {model: llama-2-7b, system: own, accelerators: 8, sequence: 4096, global_batch: 64,"
        " optimizations: [bf16-mixed-precision, flash-attention-2, zero-3, %s]}\n";
    char slow[500], fast[500], kept[500], weights[500];
    snprintf(slow, sizeof slow, own, 20.0, "nvme-offload");
    snprintf(fast, sizeof fast, own, 40.0, "nvme-offload");
    snprintf(kept, sizeof kept, own, 20.0, "zero-offload");
    snprintf(weights, sizeof weights, own, 20.0, "nvme-offload: {weights: 1}");
    double a[METRICS], b[METRICS], host[METRICS], all[METRICS];
    estimate_of(world.catalog, slow, PLAIN, a);
    estimate_of(world.catalog, fast, PLAIN, b);
    estimate_of(world.catalog, kept, PLAIN, host);
    estimate_of(world.catalog, weights, PLAIN, all);
    /* Of all parameters the moments and fp32 weights, read once and written once, for the node as a whole. */
    double parameters, bytes = 2 * (a[SPEEDUP_METRIC_TIME_HOST] - host[SPEEDUP_METRIC_TIME_HOST]) * 20e9;
    assert_ok(speedup_catalog_number(world.catalog, "models", "llama-2-7b", "parameters", &parameters));
    assert_near(bytes / 2, 2 * 12 * parameters, 0.01);
    assert_near(a[SPEEDUP_METRIC_TIME_HOST] - host[SPEEDUP_METRIC_TIME_HOST], 2 * (b[SPEEDUP_METRIC_TIME_HOST] - host[SPEEDUP_METRIC_TIME_HOST]), 1e-9);
    /* Neither the accelerators have it nor the host's memory. */
    assert_bits(a[SPEEDUP_METRIC_MEMORY_OPTIMIZER], 0);
    assert_bits(a[SPEEDUP_METRIC_MEMORY_PEAK], host[SPEEDUP_METRIC_MEMORY_PEAK]);
    assert_near(host[SPEEDUP_METRIC_MEMORY_HOST] - a[SPEEDUP_METRIC_MEMORY_HOST], 12 * parameters, 0.01);
    assert_true(all[SPEEDUP_METRIC_MEMORY_WEIGHTS] < a[SPEEDUP_METRIC_MEMORY_WEIGHTS]);
    assert_bits(all[SPEEDUP_METRIC_MEMORY_HOST], a[SPEEDUP_METRIC_MEMORY_HOST]);
    assert_true(all[SPEEDUP_METRIC_TIME_HOST] > a[SPEEDUP_METRIC_TIME_HOST]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_step_is_its_completions_and_its_update),
        cmocka_unit_test(a_sequence_is_a_prompt_and_its_completion_where_none_is_given),
        cmocka_unit_test(completions_take_as_long_as_in_a_service),
        cmocka_unit_test(one_token_costs_next_to_nothing),
        cmocka_unit_test(twice_the_completions_take_twice_as_long_in_full_batches),
        cmocka_unit_test(a_batch_ends_with_its_longest_completion),
        cmocka_unit_test(samples_share_their_prompt),
        cmocka_unit_test(steps_that_share_a_rollout_share_its_time),
        cmocka_unit_test(the_peak_is_the_larger_of_rollout_and_update),
        cmocka_unit_test(an_engine_has_the_room_that_the_training_state_leaves),
        cmocka_unit_test(what_an_engine_takes_for_itself_must_be_there),
        cmocka_unit_test(an_engine_that_does_not_sleep_stays_beside_the_update),
        cmocka_unit_test(other_layouts_have_the_rollout_of_their_own),
        cmocka_unit_test(a_critic_is_a_model_more),
        cmocka_unit_test(state_on_drives_waits_for_them),
    };
    return cmocka_run_group_tests(tests, world_begin, world_end);
}
