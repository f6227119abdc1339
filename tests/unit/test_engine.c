/* What engines leave for their caches, beside what their start-up logs said in public (tests/reports/serving.csv has the
 * sources), and what their settings do. */
#include "helper.h"

#include <stdio.h>
#include <string.h>

#define METRIC(name) SPEEDUP_METRIC_##name

static const char one[] = "serve: {model: llama-3-1-8b, system: a100-sxm-40gb, stack: vllm-0-19, accelerators: 1, concurrency: 1, prompt: 512, output: 512}";

static void tokens_of_cache_are_those_of_start_up_logs(void **state)
{
    (void)state;
    static const struct {
        const char *model, *system, *stack, *also;
        double accelerators, tokens;
    } logs[] = {
        {"llama-3-1-8b", "a100-sxm-40gb", "vllm-0-19", "serve.concurrency=1", 1, 163168},
        {"llama-3-1-8b", "a6000", "vllm-0-19", "serve.concurrency=1", 1, 221824},
        {"llama-3-1-8b", "h100-nvl-94gb", "vllm-0-19", "serve.concurrency=1", 1, 545456},
        {"qwen3-235b-a22b", "dgx-h100", "vllm-0-10", "serve.optimizations=[block-fp8-weights]", 4, 178880},
        {"qwen3-235b-a22b", "dgx-h100", "sglang-0-4", "serve={mem_fraction_static: 0.93, optimizations: [block-fp8-weights]}", 4, 367404},
    };
    for (size_t i = 0; i < sizeof logs / sizeof *logs; i++) {
        char yaml[400];
        bool fraction = strstr(logs[i].also, "fraction");
        snprintf(yaml, sizeof yaml, "serve: {model: %s, system: %s, stack: %s, accelerators: %.0f, layout: {tensor: %.0f}, concurrency: 1, prompt: 512, output: 512%s}",
                 logs[i].model, logs[i].system, logs[i].stack, logs[i].accelerators, logs[i].accelerators,
                 fraction ? ", mem_fraction_static: 0.93, optimizations: [block-fp8-weights]" : "");
        assert_near(metric_of(world.catalog, yaml, fraction ? PLAIN : WITH(logs[i].also), METRIC(CACHE_TOKENS)), logs[i].tokens, 0.025);
    }
}

static void an_engine_without_room_for_its_cache_does_not_start(void **state)
{
    (void)state;
    static const char large[] = "serve: {model: gpt-oss-120b, system: dgx-h100, stack: vllm-0-10, accelerators: 1, concurrency: 1, prompt: 512, output: 512,"
                                " optimizations: [mxfp4-experts]}";
    assert_bits(metric_of(world.catalog, large, PLAIN, METRIC(FITS)), 0);
    /* The sampler's room for 1,024 sequences is what lacks. */
    assert_bits(metric_of(world.catalog, large, WITH("serve.max_num_seqs=64"), METRIC(FITS)), 1);
}

static void the_longest_request_is_the_longest_that_starts(void **state)
{
    (void)state;
    double longest = metric_of(world.catalog, one, PLAIN, METRIC(LONGEST_REQUEST));
    char text[60];
    assert_true(longest > 1000);
    snprintf(text, sizeof text, "serve.max_model_len=%.0f", longest);
    assert_bits(metric_of(world.catalog, one, WITH(text), METRIC(FITS)), 1);
    snprintf(text, sizeof text, "serve.max_model_len=%.0f", longest + 16);
    assert_bits(metric_of(world.catalog, one, WITH(text), METRIC(FITS)), 0);
}

static void a_larger_share_of_memory_is_all_the_cache_s(void **state)
{
    (void)state;
    double less = metric_of(world.catalog, one, WITH("serve.gpu_memory_utilization=0.8"), METRIC(CACHE_BYTES));
    double more = metric_of(world.catalog, one, WITH("serve.gpu_memory_utilization=0.9"), METRIC(CACHE_BYTES));
    assert_near(more - less, 0.1 * 39.4 * 1024 * 1024 * 1024, 1e-9);
}

static void no_more_run_at_once_than_an_engine_takes(void **state)
{
    (void)state;
    double few[SPEEDUP_METRIC_COUNT], all[SPEEDUP_METRIC_COUNT];
    estimate_of(world.catalog, one, WITH("serve.concurrency=64", "serve.max_num_seqs=8"), few);
    estimate_of(world.catalog, one, WITH("serve.concurrency=64"), all);
    assert_true(few[METRIC(BATCH)] <= 8 && all[METRIC(BATCH)] > 32);
    assert_true(few[METRIC(QUEUE_SECONDS)] > 0 && all[METRIC(QUEUE_SECONDS)] == 0);
    assert_true(few[METRIC(REQUESTS_PER_SECOND)] < all[METRIC(REQUESTS_PER_SECOND)]);
}

static void a_cache_of_8_bits_holds_twice_the_tokens(void **state)
{
    (void)state;
    double wide = metric_of(world.catalog, one, PLAIN, METRIC(CACHE_TOKENS));
    assert_near(metric_of(world.catalog, one, WITH("serve.kv_cache_dtype=fp8_e4m3"), METRIC(CACHE_TOKENS)), 2 * wide, 1e-9);
    assert_near(metric_of(world.catalog, one, WITH("serve.kv_cache_dtype=auto"), METRIC(CACHE_TOKENS)), wide, 1e-12);
    assert_near(metric_of(world.catalog, one, WITH("serve.kv_cache_dtype=fp8", "serve.optimizations=[int8-kv-cache]"), METRIC(CACHE_TOKENS)), 2 * wide, 1e-9);
}

static void without_graphs_the_host_launches_every_kernel(void **state)
{
    (void)state;
    double eager = metric_of(world.catalog, one, WITH("serve.enforce_eager=true"), METRIC(TIME_LAUNCH));
    assert_true(eager > 0.001 && metric_of(world.catalog, one, PLAIN, METRIC(TIME_LAUNCH)) == 0);
}

static void a_lone_request_meets_no_prompt(void **state)
{
    (void)state;
    assert_bits(metric_of(world.catalog, one, WITH("serve.prompt=30000", "serve.output=64"), METRIC(TIME_INTERFERENCE)), 0);
}

/* A prompt in a step that reads the weights anyway takes less than alone. */
static void prompts_and_decoding_read_weights_once(void **state)
{
    (void)state;
    double m[SPEEDUP_METRIC_COUNT];
    estimate_of(world.catalog, one, WITH("serve.concurrency=16", "serve.prompt=128", "serve.output=256"), m);
    double added = m[METRIC(TIME_INTERFERENCE)] * 255 / (m[METRIC(BATCH)] * 15 / 16);
    assert_true(added < 0.6 * m[METRIC(PREFILL_SECONDS)]);
}

static void a_setting_that_an_engine_lacks_is_refused(void **state)
{
    (void)state;
    assert_int_equal(refused_scenario(world.catalog, one, WITH("serve.mem_fraction_static=0.9")), SPEEDUP_UNKNOWN_KEY);
    assert_int_equal(refused_scenario(world.catalog, one, WITH("serve.kv_cache_dtype=q5_1")), SPEEDUP_NOT_FOUND);
    assert_int_equal(refused_scenario(world.catalog, one, WITH("serve.stack=sglang", "serve.gpu_memory_utilization=0.9")), SPEEDUP_UNKNOWN_KEY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tokens_of_cache_are_those_of_start_up_logs),
        cmocka_unit_test(an_engine_without_room_for_its_cache_does_not_start),
        cmocka_unit_test(the_longest_request_is_the_longest_that_starts),
        cmocka_unit_test(a_larger_share_of_memory_is_all_the_cache_s),
        cmocka_unit_test(no_more_run_at_once_than_an_engine_takes),
        cmocka_unit_test(a_cache_of_8_bits_holds_twice_the_tokens),
        cmocka_unit_test(without_graphs_the_host_launches_every_kernel),
        cmocka_unit_test(a_lone_request_meets_no_prompt),
        cmocka_unit_test(prompts_and_decoding_read_weights_once),
        cmocka_unit_test(a_setting_that_an_engine_lacks_is_refused),
    };
    return cmocka_run_group_tests(tests, world_begin, world_end);
}
