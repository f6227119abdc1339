/* Laws that every estimate of serving obeys, whatever its coefficients: what a rate, a
 * spread of lengths, pools and optimizations change, and in which direction. */
#include "helper.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define METRIC(name) SPEEDUP_METRIC_##name

/* A service of every kind of attention and feed-forward block, far from its capacity and near it. */
static const char *const services[] = {
    "serve: {model: llama-3-1-8b, system: dgx-h100, stack: vllm, accelerators: 1, prompt: 1024, output: 256, concurrency: 1}",
    "serve: {model: llama-3-1-70b, system: dgx-h100, stack: vllm, accelerators: 8, layout: {tensor: 4}, prompt: 1024, output: 1024, concurrency: 1}",
    "serve: {model: deepseek-v3, system: dgx-h200, stack: sglang, accelerators: 8, layout: {tensor: 2, attention_data: 4}, prompt: 4000, output: 500,"
    " optimizations: [block-fp8-weights], concurrency: 1}",
    "serve: {model: mixtral-8x7b, system: dgx-b200, stack: tensorrt-llm, accelerators: 8, layout: {tensor: 4, pipeline: 2}, prompt: 16000, output: 100, concurrency: 1}",
    "serve: {model: gpt-oss-120b, system: dgx-h100, accelerators: 4, layout: {tensor: 4}, prompt: 128, output: 2000, fixed_lengths: true,"
    " optimizations: [speculative-decoding], concurrency: 1}",
};
enum { SERVICES = sizeof services / sizeof *services };

static void serve(const char *yaml, const char *const *settings, double values[SPEEDUP_METRIC_COUNT])
{
    estimate_of(world.catalog, yaml, settings, values);
}

static const char *setting(char text[100], const char *key, double value)
{
    snprintf(text, 100, "serve.%s=%.17g", key, value);
    return text;
}

/* With a rate in place of the concurrency. */
static void serve_rate(const char *yaml, double rate, double values[SPEEDUP_METRIC_COUNT])
{
    char copy[600], text[100];
    snprintf(copy, sizeof copy, "%.*s request_rate: 1 /s}", (int)strlen(yaml) - (int)strlen(" concurrency: 1}"), yaml);
    snprintf(text, sizeof text, "serve.request_rate=%.17g /s", rate);
    serve(copy, WITH(text), values);
}

static void a_rate_is_served_by_the_closed_loop_that_has_it(void **state)
{
    (void)state;
    double closed[SPEEDUP_METRIC_COUNT], open[SPEEDUP_METRIC_COUNT];
    char text[100];
    size_t compared = 0;
    for (size_t i = 0; i < SERVICES; i++)
        for (double concurrency = 1; concurrency < 4096; concurrency *= 2) {
            serve(services[i], WITH(setting(text, "concurrency", concurrency)), closed);
            if (closed[METRIC(LOAD)] > 0.95)
                break;
            serve_rate(services[i], closed[METRIC(REQUESTS_PER_SECOND)], open);
            /* Where more requests bring no higher rate, no rate tells how many there are. */
            double more[SPEEDUP_METRIC_COUNT];
            serve(services[i], WITH(setting(text, "concurrency", concurrency * 1.01)), more);
            assert_near(open[METRIC(REQUESTS_PER_SECOND)], closed[METRIC(REQUESTS_PER_SECOND)], 1e-3);
            if (more[METRIC(REQUESTS_PER_SECOND)] < closed[METRIC(REQUESTS_PER_SECOND)] * 1.0005)
                continue;
            assert_near(open[METRIC(REQUESTS_PER_SECOND)] * open[METRIC(REQUEST_SECONDS)], concurrency, 0.01);
            assert_near(open[METRIC(TIME_TO_FIRST_TOKEN)], closed[METRIC(TIME_TO_FIRST_TOKEN)], 0.01);
            assert_near(open[METRIC(TIME_PER_OUTPUT_TOKEN)], closed[METRIC(TIME_PER_OUTPUT_TOKEN)], 0.01);
            compared++;
        }
    assert_true(compared > 30);
}

static void a_higher_rate_makes_requests_wait_longer(void **state)
{
    (void)state;
    for (size_t i = 0; i < SERVICES; i++) {
        double before[SPEEDUP_METRIC_COUNT], now[SPEEDUP_METRIC_COUNT];
        serve_rate(services[i], 1e-3, before);
        for (double rate = 2e-3; rate < 1e4; rate *= 1.3) {
            serve_rate(services[i], rate, now);
            /* What is not served has no mean wait, and its rate is the most there is. */
            bool served = now[METRIC(LOAD)] <= 1.01;
            assert_true(now[METRIC(REQUESTS_PER_SECOND)] >= before[METRIC(REQUESTS_PER_SECOND)] * (1 - 1e-4));
            assert_true((now[METRIC(REQUEST_SECONDS)] > 0) == served);
            if (served)
                assert_true(now[METRIC(REQUEST_SECONDS)] >= before[METRIC(REQUEST_SECONDS)] * (1 - 1e-6));
            memcpy(before, now, sizeof now);
            if (!served)
                break;
        }
        assert_true(before[METRIC(LOAD)] > 1.01);
    }
}

static void a_number_and_a_length_without_spread_give_the_same_bits(void **state)
{
    (void)state;
    static const char *const same[] = {"serve.prompt={mean: 700}", "serve.prompt={mean: 700, deviation: 0, longest: 700}",
                                       "serve.prompt={values: [700]}", "serve.prompt={values: [700, 1], shares: [1, 0]}"};
    for (size_t i = 0; i < SERVICES; i++)
        for (size_t form = 0; form < sizeof same / sizeof *same; form++) {
            double plain[SPEEDUP_METRIC_COUNT], given[SPEEDUP_METRIC_COUNT];
            serve(services[i], WITH("serve.prompt=700", "serve.output=300"), plain);
            serve(services[i], WITH(same[form], "serve.output={mean: 300, longest: 300}"), given);
            for (size_t m = 0; m < SPEEDUP_METRIC_COUNT; m++)
                assert_bits(plain[m], given[m]);
        }
}

static void values_are_their_moments(void **state)
{
    (void)state;
    double moments[SPEEDUP_METRIC_COUNT], values[SPEEDUP_METRIC_COUNT];
    for (size_t i = 0; i < SERVICES; i++) {
        serve(services[i], WITH("serve.output={mean: 250, deviation: 150, longest: 400}"), moments);
        serve(services[i], WITH("serve.output={values: [100, 400]}"), values);
        for (size_t m = 0; m < SPEEDUP_METRIC_COUNT; m++)
            assert_near(moments[m], values[m], 1e-12);
    }
}

static void outputs_that_vary_hold_more_cache_and_take_longer(void **state)
{
    (void)state;
    for (size_t i = 0; i < SERVICES; i++) {
        double even[SPEEDUP_METRIC_COUNT], varied[SPEEDUP_METRIC_COUNT];
        serve(services[i], WITH("serve.concurrency=32", "serve.output=1000"), even);
        serve(services[i], WITH("serve.concurrency=32", "serve.output={mean: 1000, deviation: 1000}"), varied);
        assert_true(varied[METRIC(TIME_ATTENTION)] > even[METRIC(TIME_ATTENTION)]);
        assert_true(varied[METRIC(MAX_CONCURRENCY)] < even[METRIC(MAX_CONCURRENCY)]);
        assert_true(varied[METRIC(TOKENS_PER_SECOND)] < even[METRIC(TOKENS_PER_SECOND)]);
        assert_bits(varied[METRIC(PREFILL_SECONDS)], even[METRIC(PREFILL_SECONDS)]);
    }
}

static void prompts_that_vary_take_longer_to_prefill_and_to_wait_for(void **state)
{
    (void)state;
    for (size_t i = 0; i < SERVICES; i++) {
        double even[SPEEDUP_METRIC_COUNT], varied[SPEEDUP_METRIC_COUNT];
        serve(services[i], WITH("serve.concurrency=32", "serve.prompt=4000"), even);
        serve(services[i], WITH("serve.concurrency=32", "serve.prompt={mean: 4000, deviation: 2000}"), varied);
        assert_true(varied[METRIC(PREFILL_SECONDS)] > even[METRIC(PREFILL_SECONDS)]);
        assert_true(varied[METRIC(TIME_TO_FIRST_TOKEN)] > even[METRIC(TIME_TO_FIRST_TOKEN)]);
        assert_bits(varied[METRIC(MAX_CONCURRENCY)], even[METRIC(MAX_CONCURRENCY)]);
    }
}

static const char batch[] = "generate: {model: llama-2-7b, system: dgx-a100-80gb, stack: fastertransformer, accelerators: 1, batch: 1, prompt: 128, output: 100}";

static void a_static_batch_runs_to_the_longest_of_its_outputs(void **state)
{
    (void)state;
    double even[SPEEDUP_METRIC_COUNT], varied[SPEEDUP_METRIC_COUNT], before = 0;
    char text[100];
    for (double size = 1; size <= 64; size *= 2) {
        snprintf(text, sizeof text, "generate.batch=%.0f", size);
        serve(batch, WITH(text), even);
        serve(batch, WITH(text, "generate.output={mean: 100, deviation: 50, longest: 300}"), varied);
        double longest = (varied[METRIC(REQUEST_SECONDS)] - varied[METRIC(TIME_TO_FIRST_TOKEN)]) / varied[METRIC(TIME_PER_OUTPUT_TOKEN)] + 1;
        double harmonic = 0;
        for (double k = 1; k <= size; k++)
            harmonic += 1 / k;
        assert_near(longest, 100 + 50 * (harmonic - 1), 2e-3);
        assert_near(varied[METRIC(OCCUPANCY)], 100 / longest, 1e-9);
        assert_true(longest >= before && varied[METRIC(REQUESTS_PER_SECOND)] <= even[METRIC(REQUESTS_PER_SECOND)]);
        before = longest;
    }
}

static void continuous_batching_gains_what_lengths_vary(void **state)
{
    (void)state;
    static const char *const outputs[] = {"serve.output=512", "serve.output={mean: 512, deviation: 256}", "serve.output={mean: 512, deviation: 512}"};
    double before = 0;
    for (size_t i = 0; i < sizeof outputs / sizeof *outputs; i++) {
        double with[SPEEDUP_METRIC_COUNT], without[SPEEDUP_METRIC_COUNT];
        serve(services[1], WITH("serve.stack=serving-engine", "serve.concurrency=16", outputs[i]), with);
        static const char bare[] = "serve: {model: llama-3-1-70b, system: dgx-h100, accelerators: 8, layout: {tensor: 4}, prompt: 1024, output: 1,"
                                   " concurrency: 16, optimizations: [paged-attention, cuda-graphs]}";
        serve(bare, WITH(outputs[i]), without);
        double gain = with[METRIC(TOKENS_PER_SECOND)] / without[METRIC(TOKENS_PER_SECOND)];
        assert_true(gain > before);
        before = gain;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rate_is_served_by_the_closed_loop_that_has_it),
        cmocka_unit_test(a_higher_rate_makes_requests_wait_longer),
        cmocka_unit_test(a_number_and_a_length_without_spread_give_the_same_bits),
        cmocka_unit_test(values_are_their_moments),
        cmocka_unit_test(outputs_that_vary_hold_more_cache_and_take_longer),
        cmocka_unit_test(prompts_that_vary_take_longer_to_prefill_and_to_wait_for),
        cmocka_unit_test(a_static_batch_runs_to_the_longest_of_its_outputs),
        cmocka_unit_test(continuous_batching_gains_what_lengths_vary),
    };
    return cmocka_run_group_tests(tests, world_begin, world_end);
}
