/* What no service can do, whatever its model, machine, engine and load: hold more requests than come, compute more than its
 * accelerators can, decode faster than its steps, or serve less for having more of what it lacks. On random services; the
 * environment variable SERVICES gives how many loads. */
#include "helper.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define METRIC(name) SPEEDUP_METRIC_##name

enum { LOADS = 32, MOST_TEXT = 1200 };
static const int32_t asked[] = {METRIC(STATUS), METRIC(FITS), METRIC(TIME_TO_FIRST_TOKEN), METRIC(TIME_PER_OUTPUT_TOKEN), METRIC(REQUEST_SECONDS),
                                METRIC(DECODE_SECONDS), METRIC(BATCH), METRIC(REQUESTS_PER_SECOND), METRIC(MAX_CONCURRENCY), METRIC(LOAD),
                                METRIC(PREFILL_SECONDS), METRIC(TIME_PER_OUTPUT_TOKEN_P50), METRIC(TIME_PER_OUTPUT_TOKEN_P90), METRIC(TIME_PER_OUTPUT_TOKEN_P99),
                                METRIC(TIME_TO_FIRST_TOKEN_P50), METRIC(TIME_TO_FIRST_TOKEN_P99), METRIC(REQUEST_SECONDS_P50), METRIC(REQUEST_SECONDS_P99)};
enum { ASKED = sizeof asked / sizeof *asked };
struct served {
    double status, fits, first, token, request, step, batch, rate, room, load, prefill, token_p50, token_p90, token_p99, first_p50, first_p99, request_p50, request_p99;
};
_Static_assert(sizeof(struct served) == ASKED * sizeof(double), "one number for each metric");

struct service {
    const char *model, *accelerator, *stack;
    double peak, active; /* FLOP/s of the fastest format; parameters */
    double prompt, output, accelerators, tensor, data, acceptance;
    char text[MOST_TEXT];
};

static const struct {
    const char *id;
    double peak;
} cards[] = {{"h100-sxm-80gb", 1978.9e12}, {"a100-sxm-80gb", 624e12}, {"b200", 10e15}, {"rtx-4090", 1321e12}, {"mi300x", 2614.9e12}};
static const struct {
    const char *id;
    double active; /* parameters that work on a token, at least */
} models[] = {{"llama-3-1-8b", 6.9e9}, {"llama-3-1-70b", 68e9}, {"llama-2-7b", 6.4e9}, {"qwen3-32b", 30e9},
              {"mixtral-8x7b", 12e9}, {"gpt-oss-120b", 3.5e9}, {"deepseek-v3", 34e9}, {"gemma-2-27b", 25e9}};
static const char *const stacks[] = {"vllm", "vllm-0-14", "sglang", "sglang-0-5-5", "tensorrt-llm", "serving-engine", "llama-cpp", ""};
static const char *const choices[] = {"", "fp8-weights", "awq", "speculative-decoding", "fp8-kv-cache"};

#define ONE_OF(random, list) list[random_below(random, sizeof list / sizeof *list)]

static double power_of_two(struct random *random, uint64_t most)
{
    return (double)(1 << random_below(random, most + 1));
}

static void draw(struct random *random, struct service *s)
{
    size_t card = random_below(random, sizeof cards / sizeof *cards);
    size_t model = random_below(random, sizeof models / sizeof *models);
    s->model = models[model].id;
    s->active = models[model].active;
    s->accelerator = cards[card].id;
    s->peak = cards[card].peak;
    s->stack = ONE_OF(random, stacks);
    s->prompt = floor(exp(random_between(random, log(8), log(8000))));
    s->output = floor(exp(random_between(random, log(2), log(4000))));
    s->tensor = power_of_two(random, 3);
    s->data = power_of_two(random, 1);
    s->accelerators = s->tensor * s->data;
    double spread = random_below(random, 3) ? 0 : random_between(random, 0, 0.3);
    bool fixed = !random_below(random, 4);
    const char *choice = ONE_OF(random, choices);
    snprintf(s->text, sizeof s->text,
             "accelerators: {roomy: {base: %s, memory: 400 GiB}}\n"
             "systems: {here: {accelerator: %s, accelerators_per_node: 8, scale_up_domain: 8, network: 400 GB/s},\n"
             " large: {accelerator: roomy, accelerators_per_node: 8, scale_up_domain: 8, network: 400 GB/s}}\n"
             "serve: {model: %s, system: here, %s%s%s accelerators: %.0f, layout: {tensor: %.0f}, concurrency: 1, fixed_lengths: %s,\n"
             " prompt: {mean: %.0f, deviation: %.0f}, output: %.0f, optimizations: [%s], uneven: true}\n",
             s->accelerator, s->accelerator, s->model, *s->stack ? "stack: " : "", s->stack, *s->stack ? "," : "", s->accelerators, s->tensor,
             fixed ? "true" : "false", s->prompt, s->prompt * spread, s->output, choice);
}

#define HOLDS(condition)                                                                                            \
    do {                                                                                                            \
        if (!(condition)) {                                                                                         \
            fprintf(stderr, "violated: %s\nconcurrency %.17g of\n%s", #condition, concurrency, s->text);            \
            fail();                                                                                                 \
        }                                                                                                           \
    } while (0)

/* Of one load alone. */
static void check_one(const struct service *s, const struct served *m, double concurrency)
{
    const double near = 1e-9, rounding = 1 + 1e-6;
    HOLDS(fabs(m->rate * m->request / concurrency - 1) < 1e-6);                      /* Little's law */
    HOLDS(m->batch <= fmin(concurrency, fmax(m->room, s->data)) * rounding + s->data); /* slots; the room is a whole number */
    HOLDS(m->token > 0 && m->first > 0 && m->step > 0);
    HOLDS(m->rate * (s->prompt + s->output) * 2 * s->active <= s->accelerators * s->peak); /* products of prompts and of outputs */
    HOLDS(m->rate * (s->output - 1) * m->token <= concurrency * rounding);            /* decoding is a part of a request's life */
    HOLDS(m->request >= (m->first + (s->output - 1) * m->token) * (1 - 1e-6) - near);
    HOLDS(m->token_p50 <= m->token * rounding && m->token_p50 <= m->token_p90 && m->token_p90 <= m->token_p99);
    HOLDS(m->first_p50 <= m->first * rounding && m->first_p50 <= m->first_p99);
    HOLDS(m->request_p50 <= m->request * rounding && m->request_p50 <= m->request_p99);
}

/* More requests in flight: as many served, no sooner. */
static void check_more(const struct service *s, const struct served *less, const struct served *more, double concurrency)
{
    HOLDS(more->rate >= less->rate * (1 - 1e-4));
    HOLDS(more->token >= less->token * (1 - 1e-4));
}

/* The loads of a scenario; false where there is no such service. */
static bool serve_loads(const struct service *s, const char *const *settings, size_t setting_count, const double concurrency[LOADS], struct served m[LOADS])
{
    double columns[ASKED][LOADS];
    speedup_scenario *scenario = NULL;
    if (speedup_scenario_create(world.context, world.catalog, "service", s->text, strlen(s->text), settings, setting_count, &scenario))
        return false;
    const speedup_column in = {sizeof in, SPEEDUP_VARIABLE_CONCURRENCY, 0, (double *)(uintptr_t)concurrency};
    speedup_column out[ASKED];
    for (size_t i = 0; i < ASKED; i++)
        out[i] = (speedup_column){sizeof *out, asked[i], 0, columns[i]};
    assert_ok(speedup_scenario_estimate_batch(scenario, &in, 1, out, ASKED, LOADS, 1));
    for (size_t i = 0; i < LOADS; i++)
        for (size_t k = 0; k < ASKED; k++)
            ((double *)&m[i])[k] = columns[k][i];
    speedup_scenario_unref(scenario);
    return true;
}

static bool runs(const struct served *m)
{
    return m->status == 0 && m->fits == 1;
}

static void random_services_conserve_work_and_requests(void **state)
{
    (void)state;
    const char *wanted = getenv("SERVICES");
    size_t count = wanted ? strtoull(wanted, NULL, 10) : 500000, loads = 0, refused = 0;
    struct random random = {20261128};
    double concurrency[LOADS];
    for (size_t i = 0; i < LOADS; i++)
        concurrency[i] = pow(1.3, (double)i);
    while (loads < count) {
        struct service s;
        struct served m[LOADS];
        draw(&random, &s);
        if (!serve_loads(&s, NULL, 0, concurrency, m)) {
            refused++; /* FP8 on a chip without it, heads that do not divide */
            assert_true(refused < 1000 + loads);
            continue;
        }
        for (size_t i = 0; i < LOADS; i++) {
            if (!runs(&m[i]))
                continue;
            loads++;
            check_one(&s, &m[i], concurrency[i]);
            if (i && runs(&m[i - 1]))
                check_more(&s, &m[i - 1], &m[i], concurrency[i]);
        }
    }
}

static void more_memory_serves_no_less(void **state)
{
    (void)state;
    struct random random = {7};
    double concurrencies[LOADS];
    for (size_t i = 0; i < LOADS; i++)
        concurrencies[i] = pow(1.3, (double)i);
    for (size_t round = 0; round < 2000; round++) {
        struct service service, *s = &service;
        struct served tight[LOADS], roomy[LOADS];
        draw(&random, s);
        if (!serve_loads(s, NULL, 0, concurrencies, tight) || !serve_loads(s, WITH("serve.system=large"), 1, concurrencies, roomy))
            continue;
        for (size_t i = 0; i < LOADS; i++) {
            double concurrency = concurrencies[i];
            if (runs(&tight[i]))
                HOLDS(runs(&roomy[i]) && roomy[i].rate >= tight[i].rate * (1 - 1e-4));
        }
    }
}

/* What is asked is served up to the most that there is; who asks more waits longer. */
static void a_higher_rate_is_served_as_far_as_there_is_room(void **state)
{
    (void)state;
    struct random random = {11};
    for (size_t round = 0; round < 1500; round++) {
        struct service service, *s = &service;
        double before[SPEEDUP_METRIC_COUNT] = {0}, m[SPEEDUP_METRIC_COUNT];
        draw(&random, s);
        if (!*s->stack)
            continue; /* a static batch has no steady state at a rate */
        char *load = strstr(s->text, "concurrency: 1,");
        memcpy(load, "burstiness:  1,", strlen("burstiness:  1,"));
        for (double rate = 0.01; rate < 2000; rate *= 1.7) {
            char text[60];
            double concurrency = rate; /* for HOLDS */
            snprintf(text, sizeof text, "serve.request_rate=%.17g /s", rate);
            speedup_scenario *scenario = NULL;
            if (speedup_scenario_create(world.context, world.catalog, "service", s->text, strlen(s->text), WITH(text), 1, &scenario))
                break;
            assert_ok(speedup_scenario_estimate(scenario, m, SPEEDUP_METRIC_COUNT));
            speedup_scenario_unref(scenario);
            if (m[METRIC(STATUS)] != 0 || m[METRIC(FITS)] != 1)
                break;
            HOLDS(m[METRIC(REQUESTS_PER_SECOND)] <= rate * (1 + 1e-5));
            HOLDS(m[METRIC(REQUESTS_PER_SECOND)] >= before[METRIC(REQUESTS_PER_SECOND)] * (1 - 5e-3)); /* too much load may cost a little */
            HOLDS(m[METRIC(REQUESTS_PER_SECOND)] * (s->prompt + s->output) * 2 * s->active <= s->accelerators * s->peak);
            bool served = m[METRIC(LOAD)] <= 1.01;
            HOLDS((m[METRIC(REQUEST_SECONDS)] > 0) == served);
            if (!served)
                break;
            HOLDS(m[METRIC(REQUEST_SECONDS)] >= before[METRIC(REQUEST_SECONDS)] * (1 - 1e-3));
            HOLDS(m[METRIC(TIME_PER_OUTPUT_TOKEN)] >= before[METRIC(TIME_PER_OUTPUT_TOKEN)] * (1 - 1e-3));
            HOLDS(m[METRIC(REQUEST_SECONDS_P50)] <= m[METRIC(REQUEST_SECONDS_P90)] && m[METRIC(REQUEST_SECONDS_P90)] <= m[METRIC(REQUEST_SECONDS_P99)]);
            memcpy(before, m, sizeof m);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(random_services_conserve_work_and_requests), cmocka_unit_test(more_memory_serves_no_less),
                                       cmocka_unit_test(a_higher_rate_is_served_as_far_as_there_is_room)};
    return cmocka_run_group_tests(tests, world_begin, world_end);
}
