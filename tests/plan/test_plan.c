/* The planner against brute force: on random spaces the optimum, the best k and the
 * front are those that estimating every plan on its own gives, for any division.
 * usage: test_plan [SPACES] */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <speedup/speedup.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_PLANS = 6000 };
static size_t most_spaces = 1000;

static speedup_context *context;
static speedup_catalog *catalog;
static uint32_t seed;

static uint32_t any(uint32_t below)
{
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 8) % below;
}

static int set_up(void **state)
{
    (void)state;
    return speedup_context_create(NULL, &context) || speedup_catalog_create(context, &catalog);
}

static int tear_down(void **state)
{
    (void)state;
    speedup_catalog_unref(catalog);
    speedup_context_destroy(context);
    return 0;
}

static speedup_space *make_space(const char *yaml)
{
    speedup_space *space;
    if (speedup_space_create(context, catalog, "test", yaml, strlen(yaml), NULL, 0, &space)) {
        for (size_t i = 0; i < speedup_diagnostic_count(context); i++)
            print_error("%s\n%s\n", speedup_diagnostic_text(context, i), yaml);
        fail();
    }
    return space;
}

/* A random subset of values in flow YAML, never empty. */
static void write_values(char *out, const char *name, const int *values, uint32_t count)
{
    out += strlen(out);
    out += sprintf(out, "  %s: [%d", name, values[any(count)]);
    for (uint32_t i = 0; i < count; i++)
        if (any(2))
            out += sprintf(out, ", %d", values[i]);
    strcpy(out, "]\n");
}

static void random_space(char *yaml)
{
    static const char *const models[] = {"llama-2-7b", "gpt-3-13b", "llama-2-70b", "mixtral-8x7b"};
    static const char *const systems[] = {"dgx-a100-80gb", "dgx-h100", "dgx-a100-40gb"};
    static const char *const objectives[] = {"time", "cost", "energy", "accelerator-hours"};
    static const int degrees[] = {1, 2, 4, 8}, stages[] = {1, 2, 3, 4, 8}, chunks[] = {1, 2, 4}, batches[] = {1, 2, 3, 4},
                     rings[] = {1, 2}, experts[] = {1, 2, 8, 16}, counts[] = {8, 16, 24, 64};
    /* One by one: a compiler may take arguments in any order. */
    uint32_t model = any(4), system = any(2), batch = 48 * (1 + any(3)), objective = any(4), top = 1 + any(8);
    sprintf(yaml, "plan:\n  model: %s\n  systems: [%s, %s]\n  prices: 2.50 USD/h\n  sequence: 2048\n  global_batch: %u\n"
                  "  optimizations: [bf16-mixed-precision]\n  objective: %s\n  top: %u\n",
            models[model], systems[system], systems[2], batch, objectives[objective], top);
    write_values(yaml, "accelerators", counts, 4);
    write_values(yaml, "tensor", degrees, 4);
    write_values(yaml, "pipeline", stages, 5);
    write_values(yaml, "virtual_stages", chunks, 3);
    write_values(yaml, "micro_batch", batches, 4);
    write_values(yaml, "context", rings, 2);
    if (model == 3 || any(8) == 0)
        write_values(yaml, "expert", experts, 4);
    strcat(yaml, any(2) ? "  choices: [[none, zero-1, fsdp], [none, sequence-parallelism]]\n"
                        : "  choices: [[none, flash-attention-2], [none, activation-checkpointing]]\n");
    static const char *const fronts[] = {"run_expected_seconds, memory_peak", "cost, memory_peak, energy", "memory_headroom, out_of_memory, step_seconds"};
    sprintf(yaml + strlen(yaml), "  front: [%s]\n", fronts[any(3)]);
    strcat(yaml, "  tokens: 98304\n"); /* a step or two or three */
    if (any(3) == 0)
        strcat(yaml, any(2) ? "  deadline: 20 s\n" : "  deadline: 2 s\n");
    if (any(6) == 0)
        strcat(yaml, "  budget: 0.02 USD\n");
    strcat(yaml, any(3) == 0 ? "  confidence: 0.9\n" : "  confidence: 0.5\n");
}

/* A space of services, now with requests in flight, now with a rate that must be served. */
static void random_service(char *yaml)
{
    static const char *const models[] = {"llama-2-7b", "llama-2-70b", "mixtral-8x7b", "deepseek-v2-lite"};
    static const char *const systems[] = {"dgx-a100-80gb", "dgx-h100", "dgx-a100-40gb"};
    static const char *const objectives[] = {"time", "cost", "energy", "throughput"};
    static const int degrees[] = {1, 2, 4, 8, 16}, stages[] = {1, 2, 3, 4}, experts[] = {1, 2, 4}, counts[] = {1, 2, 8, 12, 16},
                     flights[] = {1, 7, 32, 200, 1500};
    uint32_t model = any(4), system = any(2), stack = any(2), prompt = 100 + any(1900), output = 20 + any(1000), objective = any(4),
             top = 1 + any(8);
    sprintf(yaml, "plan:\n  model: %s\n  systems: [%s, %s]\n  prices: 2.50 USD/h\n  stack: %s\n  prompt: %u\n  output: %u\n"
                  "  objective: %s\n  top: %u\n",
            models[model], systems[system], systems[2], stack ? "serving-engine" : "vllm", prompt, output, objectives[objective], top);
    write_values(yaml, "accelerators", counts, 5);
    write_values(yaml, "tensor", degrees, 5);
    write_values(yaml, "pipeline", stages, 4);
    write_values(yaml, "expert", experts, 3);
    write_values(yaml, "attention_data", degrees, 3);
    if (any(2))
        write_values(yaml, "concurrency", flights, 5);
    else
        sprintf(yaml + strlen(yaml), "  request_rate: %u /s\n", 1 + any(40));
    strcat(yaml, any(2) ? "  choices: [[none, fp8-weights, awq], [none, speculative-decoding]]\n"
                        : "  choices: [[none, w8a8-int8, int8-weights], [none, fp8-kv-cache]]\n");
    static const char *const fronts[] = {"time_per_output_token, tokens_per_second_per_accelerator", "cost, memory_peak, time_to_first_token",
                                         "prefill_utilization, batch, requests_per_second"};
    sprintf(yaml + strlen(yaml), "  front: [%s]\n", fronts[any(3)]);
    if (any(3) == 0)
        strcat(yaml, "  targets: {time_to_first_token: 500 ms, time_per_output_token: 25 ms}\n");
    if (any(4) == 0)
        strcat(yaml, "  budget: 25 USD/h\n");
    strcat(yaml, any(4) == 0 ? "  confidence: 0.9\n" : "  confidence: 0.5\n");
    if (any(3) == 0)
        strcat(yaml, "  fixed_lengths: true\n  output_longest: 2000\n");
}

struct plan {
    uint64_t index;
    double objective, front[3];
};

static int by_objective(const void *a, const void *b)
{
    const struct plan *x = a, *y = b;
    if (x->objective != y->objective)
        return x->objective < y->objective ? -1 : 1;
    return x->index < y->index ? -1 : 1;
}

/* A number behind a key of the text; 0 without it. */
static double number_of(const char *yaml, const char *key)
{
    const char *at = strstr(yaml, key);
    return at ? atof(at + strlen(key)) : 0;
}

/* The least miss of each limit alone, and the least of the worst misses. */
enum { WORST_MISS = SPEEDUP_RESOURCE_RATE + 1, MISSES };
struct misses {
    double least[MISSES];
    uint64_t index[MISSES];
};

static void add_miss(struct misses *misses, int limit, double miss, uint64_t index)
{
    if (misses->least[limit] > 0 && misses->least[limit] <= miss)
        return;
    misses->least[limit] = miss;
    misses->index[limit] = index;
}

static void brute_misses(const double *layout, const double *v, const char *yaml, uint64_t index, struct misses *misses)
{
    bool service = strstr(yaml, "prompt") != NULL;
    double deadline = number_of(yaml, "deadline: "), budget = number_of(yaml, "budget: "), miss[WORST_MISS] = {0};
    miss[SPEEDUP_RESOURCE_MEMORY] = v[SPEEDUP_METRIC_MEMORY_PEAK] / (v[SPEEDUP_METRIC_MEMORY_HEADROOM] + v[SPEEDUP_METRIC_MEMORY_PEAK]);
    miss[SPEEDUP_RESOURCE_DEADLINE] = deadline > 0 ? v[SPEEDUP_METRIC_RUN_EXPECTED_SECONDS] / deadline : 0;
    miss[SPEEDUP_RESOURCE_BUDGET] = budget > 0 ? v[SPEEDUP_METRIC_COST] / budget : 0;
    if (service) {
        double first = v[SPEEDUP_METRIC_TIME_TO_FIRST_TOKEN];
        bool targets = strstr(yaml, "targets") != NULL;
        miss[SPEEDUP_RESOURCE_BUDGET] = budget > 0 ? layout[SPEEDUP_VARIABLE_ACCELERATORS] * 2.5 / budget : 0;
        miss[SPEEDUP_RESOURCE_FIRST_TOKEN] = targets ? first / 0.5 : 0;
        miss[SPEEDUP_RESOURCE_TOKEN] = targets ? v[SPEEDUP_METRIC_TIME_PER_OUTPUT_TOKEN] / 0.025 : 0;
        miss[SPEEDUP_RESOURCE_RATE] = v[SPEEDUP_METRIC_FITS] != 0 && !(first > 0) ? v[SPEEDUP_METRIC_LOAD] : 0;
    }
    double worst = 0;
    int missed = 0, which = 0;
    for (int i = 0; i < WORST_MISS; i++) {
        worst = fmax(worst, miss[i]);
        if (miss[i] > 1) {
            missed++;
            which = i;
        }
    }
    add_miss(misses, WORST_MISS, worst, index);
    if (missed == 1)
        add_miss(misses, which, worst, index);
}

/* May a plan be, by the text's own words? */
static bool allowed(const char *yaml, const double *layout, const double *v)
{
    bool sure = strstr(yaml, "confidence: 0.9") != NULL;
    if (v[SPEEDUP_METRIC_FITS] == 0 || (sure && v[SPEEDUP_METRIC_OUT_OF_MEMORY] > 1 - 0.9))
        return false;
    bool service = strstr(yaml, "prompt") != NULL;
    double deadline = number_of(yaml, "deadline: "), budget = number_of(yaml, "budget: ");
    if (deadline > 0 && v[SPEEDUP_METRIC_RUN_EXPECTED_SECONDS] > deadline)
        return false;
    if (budget > 0 && (service ? layout[SPEEDUP_VARIABLE_ACCELERATORS] * 2.5 : v[SPEEDUP_METRIC_COST]) > budget)
        return false;
    if (!service)
        return true;
    /* A rate that is not served has no time to first token. */
    double first = v[SPEEDUP_METRIC_TIME_TO_FIRST_TOKEN], token = v[SPEEDUP_METRIC_TIME_PER_OUTPUT_TOKEN];
    bool met = first > 0 && (!strstr(yaml, "targets") || (first <= 0.5 && token <= 0.025));
    assert_int_equal(met, v[SPEEDUP_METRIC_MEETS_TARGETS] != 0);
    return met;
}

/* Every plan on its own, through the public interface. */
static size_t brute_force(const speedup_space *space, const char *yaml, struct plan *plans, struct misses *misses)
{
    bool service = strstr(yaml, "prompt") != NULL;
    const struct {
        const char *word;
        int metric;
        double sign;
    } objectives[] = {
        {"objective: time", service ? SPEEDUP_METRIC_TIME_PER_OUTPUT_TOKEN : SPEEDUP_METRIC_RUN_EXPECTED_SECONDS, 1},
        {"objective: cost", SPEEDUP_METRIC_COST, 1},
        {"objective: energy", SPEEDUP_METRIC_ENERGY, 1},
        {"objective: acc", SPEEDUP_METRIC_ACCELERATOR_HOURS, 1},
        {"objective: throughput", SPEEDUP_METRIC_TOKENS_PER_SECOND_PER_ACCELERATOR, -1},
    }, fronts[][3] = {
        {{"front: [run", SPEEDUP_METRIC_RUN_EXPECTED_SECONDS, 1}, {"", SPEEDUP_METRIC_MEMORY_PEAK, 1}, {"", SPEEDUP_METRIC_STATUS, 1}},
        {{"front: [cost, memory_peak, energy", SPEEDUP_METRIC_COST, 1}, {"", SPEEDUP_METRIC_MEMORY_PEAK, 1}, {"", SPEEDUP_METRIC_ENERGY, 1}},
        {{"front: [cost, memory_peak, time", SPEEDUP_METRIC_COST, 1}, {"", SPEEDUP_METRIC_MEMORY_PEAK, 1}, {"", SPEEDUP_METRIC_TIME_TO_FIRST_TOKEN, 1}},
        {{"front: [memory", SPEEDUP_METRIC_MEMORY_HEADROOM, -1}, {"", SPEEDUP_METRIC_OUT_OF_MEMORY, 1}, {"", SPEEDUP_METRIC_STEP_SECONDS, 1}},
        {{"front: [prefill", SPEEDUP_METRIC_PREFILL_UTILIZATION, -1}, {"", SPEEDUP_METRIC_BATCH, -1}, {"", SPEEDUP_METRIC_REQUESTS_PER_SECOND, -1}},
        {{"front: [time", SPEEDUP_METRIC_TIME_PER_OUTPUT_TOKEN, 1}, {"", SPEEDUP_METRIC_TOKENS_PER_SECOND_PER_ACCELERATOR, -1}, {"", SPEEDUP_METRIC_STATUS, 1}},
    };
    size_t count = 0, objective = 0, front = 0;
    *misses = (struct misses){0};
    while (!strstr(yaml, objectives[objective].word))
        objective++;
    while (!strstr(yaml, fronts[front][0].word))
        front++;
    for (uint64_t i = 0; i < speedup_space_size(space); i++) {
        double layout[SPEEDUP_VARIABLE_COUNT], v[SPEEDUP_METRIC_COUNT];
        if (speedup_space_estimate(space, i, layout, SPEEDUP_VARIABLE_COUNT, v, SPEEDUP_METRIC_COUNT))
            continue;
        brute_misses(layout, v, yaml, i, misses);
        if (!allowed(yaml, layout, v))
            continue;
        double bound;
        assert_int_equal(speedup_space_bound(space, i, i + 1, &bound), SPEEDUP_OK);
        assert_true(bound != 0 && bound <= objectives[objective].sign * v[objectives[objective].metric]);
        struct plan *p = &plans[count++];
        p->index = i;
        p->objective = objectives[objective].sign * v[objectives[objective].metric];
        for (int m = 0; m < 3; m++)
            p->front[m] = fronts[front][m].sign * v[fronts[front][m].metric];
    }
    qsort(plans, count, sizeof *plans, by_objective);
    return count;
}

static bool on_front(const struct plan *plans, size_t count, const struct plan *p)
{
    for (size_t i = 0; i < count; i++) {
        const struct plan *q = &plans[i];
        bool no_worse = q->front[0] <= p->front[0] && q->front[1] <= p->front[1] && q->front[2] <= p->front[2];
        bool better = q->front[0] < p->front[0] || q->front[1] < p->front[1] || q->front[2] < p->front[2];
        if (q != p && no_worse && (better || q->index < p->index))
            return false;
    }
    return true;
}

static void check(const speedup_result *result, const struct plan *plans, size_t count, size_t top)
{
    uint64_t index;
    speedup_counts counts = {.struct_size = sizeof counts};
    assert_int_equal(speedup_result_counts(result, &counts), SPEEDUP_OK);
    assert_int_equal(counts.feasible, count);
    assert_int_equal(counts.size, counts.searched);
    assert_int_equal(counts.size, counts.conflicting + counts.not_dividing + counts.not_fitting + counts.constrained + counts.off_target + counts.feasible);
    for (size_t rank = 0; rank < top && rank < count; rank++) {
        assert_int_equal(speedup_result_best(result, rank, &index), SPEEDUP_OK);
        assert_int_equal(index, plans[rank].index);
    }
    assert_int_equal(speedup_result_best(result, top < count ? top : count, &index), SPEEDUP_NOT_FOUND);
    size_t front = 0;
    for (size_t i = 0; i < count; i++)
        if (on_front(plans, count, &plans[i])) {
            bool found = false;
            for (size_t rank = 0; !speedup_result_front(result, rank, &index); rank++)
                found |= index == plans[i].index;
            assert_true(found);
            front++;
        }
    assert_int_equal(speedup_result_front(result, front, &index), SPEEDUP_NOT_FOUND);
}

/* Misses are those of brute force while nothing is possible; with a confidence memory
 * is held against a factor that only the library knows. */
static void check_near(const speedup_result *result, const struct misses *misses, size_t count, bool sure)
{
    for (int r = SPEEDUP_RESOURCE_ANY; r <= SPEEDUP_RESOURCE_RATE; r++) {
        uint64_t index;
        double factor;
        int i = r == SPEEDUP_RESOURCE_ANY ? WORST_MISS : r;
        speedup_status status = speedup_result_near(result, r, &index, &factor);
        if (count || (!sure && !(misses->least[i] > 0))) {
            assert_int_equal(status, SPEEDUP_NOT_FOUND);
        } else if (!sure) {
            assert_int_equal(status, SPEEDUP_OK);
            assert_int_equal(index, misses->index[i]);
            assert_true(fabs(factor - misses->least[i]) <= 1e-12 * factor && factor > 1);
        }
    }
}

static void check_gap(const speedup_result *result, const struct plan *plans, size_t count)
{
    double bound, gap;
    assert_int_equal(speedup_result_gap(result, &bound, &gap), count ? SPEEDUP_OK : SPEEDUP_NOT_FOUND);
    assert_true(gap == 0);
    assert_true(bound == (count ? fabs(plans[0].objective) : 0));
}

/* Do two results tell the same of what is neither best nor front? */
static void check_same(const speedup_result *a, const speedup_result *b)
{
    uint64_t i = 0, j = 0;
    double x = 0, y = 0;
    speedup_counts c = {.struct_size = sizeof c}, d = c;
    speedup_result_counts(a, &c);
    speedup_result_counts(b, &d);
    assert_memory_equal(&c, &d, sizeof c);
    for (int r = SPEEDUP_RESOURCE_ANY; r <= SPEEDUP_RESOURCE_RATE; r++) {
        assert_int_equal(speedup_result_near(a, r, &i, &x), speedup_result_near(b, r, &j, &y));
        assert_true(i == j && x == y);
    }
    assert_int_equal(speedup_result_gap(a, &x, &y), speedup_result_gap(b, &x, &y));
}

static void equal_brute_force(void (*random)(char *yaml))
{
    static struct plan plans[MOST_PLANS];
    struct misses misses;
    size_t spaces = 0, impossible = 0;
    for (seed = 1; spaces < most_spaces;) {
        char yaml[2000];
        random(yaml);
        speedup_space *space = make_space(yaml);
        uint64_t size = speedup_space_size(space);
        if (size <= MOST_PLANS) {
            size_t count = brute_force(space, yaml, plans, &misses), top = (size_t)atoi(strstr(yaml, "top: ") + 5);
            speedup_result *whole, *part[3], *front, *back, *merged, *other;
            bool sure = strstr(yaml, "confidence: 0.9") != NULL;
            assert_int_equal(speedup_space_search(context, space, 0, size, 1 + any(3), NULL, NULL, &whole), SPEEDUP_OK);
            check(whole, plans, count, top);
            check_near(whole, &misses, count, sure);
            check_gap(whole, plans, count);
            uint64_t cut = any((uint32_t)size + 1), later = cut + any((uint32_t)(size - cut) + 1);
            assert_int_equal(speedup_space_search(context, space, 0, cut, 1, NULL, NULL, &part[0]), SPEEDUP_OK);
            assert_int_equal(speedup_space_search(context, space, cut, later, 1, NULL, NULL, &part[1]), SPEEDUP_OK);
            assert_int_equal(speedup_space_search(context, space, later, size, 1, NULL, NULL, &part[2]), SPEEDUP_OK);
            assert_int_equal(speedup_result_merge(context, part[0], part[1], &front), SPEEDUP_OK);
            assert_int_equal(speedup_result_merge(context, part[2], front, &merged), SPEEDUP_OK);
            assert_int_equal(speedup_result_merge(context, part[1], part[2], &back), SPEEDUP_OK);
            assert_int_equal(speedup_result_merge(context, back, part[0], &other), SPEEDUP_OK);
            check(merged, plans, count, top);
            check(other, plans, count, top);
            check_gap(merged, plans, count);
            check_same(merged, whole);
            check_same(other, whole);
            speedup_result *const made[] = {whole, part[0], part[1], part[2], front, back, merged, other};
            for (size_t i = 0; i < sizeof made / sizeof *made; i++)
                speedup_result_destroy(made[i]);
            impossible += !count;
            spaces++;
        }
        speedup_space_unref(space);
    }
    assert_true(impossible > most_spaces / 20 && impossible < most_spaces / 2);
}

static void random_spaces_equal_brute_force(void **state)
{
    (void)state;
    equal_brute_force(random_space);
}

static void random_services_equal_brute_force(void **state)
{
    (void)state;
    equal_brute_force(random_service);
}

/* A plan has the bits of a scenario that says the same. */
static void a_plan_is_the_scenario_of_its_layout(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        "model: llama-2-70b, fixed_lengths: true, prompt: 700, output: 300, concurrency: %s, targets: {time_per_output_token: 30 ms}",
        "model: mixtral-8x7b, stack: vllm, prompt: 2000, output: 100, request_rate: 3 /s",
    };
    for (size_t i = 0; i < 2; i++) {
        char yaml[2000], body[400];
        snprintf(body, sizeof body, bodies[i], "[3, 64]");
        snprintf(yaml, sizeof yaml, "plan: {%s, systems: [dgx-h100], prices: 2 USD/h, accelerators: [4, 16], tensor: [2, 4], pipeline: [1, 2], "
                                    "attention_data: [1, 2], expert: [1, 2], optimizations: [fp8-weights]}", body);
        speedup_space *space = make_space(yaml);
        size_t compared = 0;
        for (uint64_t index = 0; index < speedup_space_size(space); index++) {
            double l[SPEEDUP_VARIABLE_COUNT], v[SPEEDUP_METRIC_COUNT], w[SPEEDUP_METRIC_COUNT];
            speedup_status status = speedup_space_estimate(space, index, l, SPEEDUP_VARIABLE_COUNT, v, SPEEDUP_METRIC_COUNT);
            if (status) {
                assert_int_equal(status, SPEEDUP_DOES_NOT_DIVIDE);
                continue;
            }
            char flights[20];
            snprintf(flights, sizeof flights, "%.0f", l[SPEEDUP_VARIABLE_CONCURRENCY]);
            snprintf(body, sizeof body, bodies[i], flights);
            snprintf(yaml, sizeof yaml, "serve: {%s, %s system: dgx-h100, price: 2 USD/h, accelerators: %.0f, optimizations: [fp8-weights], "
                                        "layout: {tensor: %.0f, pipeline: %.0f, attention_data: %.0f, expert: %.0f}}",
                     body, i ? "" : "stack: serving-engine, ", l[SPEEDUP_VARIABLE_ACCELERATORS], l[SPEEDUP_VARIABLE_TENSOR],
                     l[SPEEDUP_VARIABLE_PIPELINE], l[SPEEDUP_VARIABLE_ATTENTION_DATA], l[SPEEDUP_VARIABLE_EXPERT]);
            speedup_scenario *scenario;
            assert_int_equal(speedup_scenario_create(context, catalog, "test", yaml, strlen(yaml), NULL, 0, &scenario), SPEEDUP_OK);
            assert_int_equal(speedup_scenario_estimate(scenario, w, SPEEDUP_METRIC_COUNT), SPEEDUP_OK);
            assert_memory_equal(v, w, sizeof v);
            speedup_scenario_unref(scenario);
            compared++;
        }
        assert_true(compared >= 8);
        speedup_space_unref(space);
    }
}

static bool says(const speedup_result *result, const char *words)
{
    speedup_text *text;
    assert_int_equal(speedup_report_plan(context, result, SPEEDUP_FORMAT_JSON, &text), SPEEDUP_OK);
    bool found = strstr(speedup_text_get(text), words) != NULL;
    if (!found)
        print_error("%s", speedup_text_get(text));
    speedup_text_destroy(text);
    return found;
}

static speedup_result *search(const speedup_space *space, speedup_counts *counts)
{
    speedup_result *result;
    assert_int_equal(speedup_space_search(context, space, 0, UINT64_MAX, 2, NULL, NULL, &result), SPEEDUP_OK);
    *counts = (speedup_counts){.struct_size = sizeof *counts};
    speedup_result_counts(result, counts);
    return result;
}

static void a_model_alone_is_planned_and_what_was_taken_is_told(void **state)
{
    (void)state;
    static const char *const plans[] = {"plan: {model: llama-2-7b}", "plan: {model: llama-2-7b, prompt: 512}"},
                      *const told[] = {"\"key\": \"tokens\"", "\"key\": \"concurrency\""};
    for (size_t i = 0; i < 2; i++) {
        speedup_counts counts;
        speedup_space *space = make_space(plans[i]);
        speedup_result *result = search(space, &counts);
        assert_true(counts.feasible > 0);
        assert_true(says(result, told[i]) && says(result, "\"key\": \"prices\""));
        speedup_result_destroy(result);
        speedup_space_unref(space);
    }
}

/* Every model of the catalog that is estimated gives a plan, or says what stands in the way. */
static void every_model_of_the_catalog_is_planned(void **state)
{
    (void)state;
    const char *id;
    size_t possible = 0;
    for (size_t i = 0; !speedup_catalog_at(catalog, "models", i, &id, NULL); i++)
        for (int service = 0; service < 2; service++) {
            char yaml[200];
            snprintf(yaml, sizeof yaml, "plan: {model: %s%s}", id, service ? ", concurrency: 16" : ", accelerators: 512");
            speedup_space *space;
            speedup_status status = speedup_space_create(context, catalog, "test", yaml, strlen(yaml), NULL, 0, &space);
            if (status == SPEEDUP_UNSUPPORTED_MODEL)
                continue;
            assert_int_equal(status, SPEEDUP_OK);
            speedup_counts counts;
            speedup_result *result = search(space, &counts);
            possible += counts.feasible > 0;
            assert_true(counts.feasible > 0 || says(result, "\"nearest\"") || counts.not_dividing + counts.conflicting == counts.size);
            speedup_result_destroy(result);
            speedup_space_unref(space);
        }
    assert_true(possible > 100);
}

static void an_impossible_plan_names_what_it_misses(void **state)
{
    (void)state;
    static const struct {
        const char *yaml, *constraint;
    } cases[] = {
        {"plan: {model: llama-2-70b, deadline: 1 h}", "\"resource\": \"deadline\""},
        {"plan: {model: llama-2-70b, budget: 10 USD}", "\"resource\": \"budget\""},
        {"plan: {model: llama-2-70b, power: 1 kW}", "\"resource\": \"power\""},
        {"plan: {model: llama-2-70b, accelerators: 1}", "\"resource\": \"memory\""},
        {"plan: {model: llama-2-70b, accelerators: 1, systems: [dgx-h100], prompt: 4000, output: 90, choices: []}", "\"resource\": \"memory\""},
        {"plan: {model: llama-2-70b, prompt: 4000, output: 90, targets: {time_to_first_token: 1 ms}}", "\"resource\": \"time_to_first_token\""},
        {"plan: {model: llama-2-70b, targets: {time_per_output_token: 10 us}}", "\"resource\": \"time_per_output_token\""},
        {"plan: {model: llama-2-70b, accelerators: 8, request_rate: 900 /s}", "\"resource\": \"request_rate\""},
        {"plan: {model: llama-2-70b, request_rate: 1 /s, budget: 1 USD/h}", "\"resource\": \"budget\""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        speedup_counts counts;
        speedup_space *space = make_space(cases[i].yaml);
        speedup_result *result = search(space, &counts);
        assert_int_equal(counts.feasible, 0);
        assert_true(says(result, cases[i].constraint));
        speedup_result_destroy(result);
        speedup_space_unref(space);
    }
}

/* What more of a service's limit is worth is what a space that asks for less finds. */
static void what_a_target_costs_a_service_is_what_a_search_without_it_finds(void **state)
{
    (void)state;
    static const char form[] = "plan: {model: llama-2-70b, systems: [dgx-h100], prices: 2 USD/h, concurrency: [16, 64], objective: %s, "
                               "targets: {time_to_first_token: %.17g s, time_per_output_token: %.17g s}, power: %.17g W}";
    static const char *const objectives[] = {"cost", "throughput", "energy"};
    static const int32_t resources[] = {SPEEDUP_RESOURCE_FIRST_TOKEN, SPEEDUP_RESOURCE_TOKEN, SPEEDUP_RESOURCE_POWER};
    const double asked[] = {0.5, 0.012, 40000};
    for (size_t o = 0; o < 3; o++) {
        char yaml[500];
        snprintf(yaml, sizeof yaml, form, objectives[o], asked[0], asked[1], asked[2]);
        speedup_counts counts;
        speedup_space *space = make_space(yaml);
        speedup_result *result = search(space, &counts);
        speedup_worth worths[SPEEDUP_RESOURCE_COUNT] = {{.struct_size = sizeof *worths}};
        size_t count = SPEEDUP_RESOURCE_COUNT, compared = 0;
        assert_int_equal(speedup_result_worth(context, result, 2, worths, &count), SPEEDUP_OK);
        for (size_t i = 0; i < count; i++)
            for (size_t r = 0; r < 3; r++) {
                if (worths[i].resource != resources[r])
                    continue;
                double more[] = {asked[0], asked[1], asked[2]}, bound, gap;
                more[r] += worths[i].more;
                snprintf(yaml, sizeof yaml, form, objectives[o], more[0], more[1], more[2]);
                speedup_space *wider = make_space(yaml);
                speedup_result *found = search(wider, &counts);
                assert_int_equal(speedup_result_gap(found, &bound, &gap), SPEEDUP_OK);
                assert_true(worths[i].have == asked[r] && fabs(bound / worths[i].objective - 1) < 1e-12);
                bool more_is_better = !strcmp(objectives[o], "throughput");
                assert_true(worths[i].gain >= 0 && (more_is_better ? worths[i].unlimited >= worths[i].objective : worths[i].unlimited <= worths[i].objective));
                speedup_result_destroy(found);
                speedup_space_unref(wider);
                compared++;
            }
        assert_int_equal(compared, 3);
        speedup_result_destroy(result);
        speedup_space_unref(space);
    }
}

static int32_t stop_soon(void *user, uint64_t done, uint64_t total)
{
    (void)done;
    (void)total;
    return ++*(int *)user >= 2;
}

static void a_stopped_search_gives_the_best_so_far(void **state)
{
    (void)state;
    speedup_space *space = make_space("plan:\n  model: gpt-3-13b\n  systems: [dgx-a100-80gb]\n  accelerators: [8, 16, 32, 64]\n"
                                      "  sequence: 2048\n  global_batch: 4096\n  tensor: [1, 2, 4, 8]\n  pipeline: [1, 2, 4, 5, 8, 10, 20]\n"
                                      "  micro_batch: [1, 2, 4, 8, 16, 32]\n  optimizations: [bf16-mixed-precision]\n"
                                      "  choices: [[none, flash-attention-1, flash-attention-2], [none, selective-checkpointing, activation-checkpointing],"
                                      " [none, zero-1, fsdp], [none, kernel-fusion], [none, communication-overlap], [none, fused-optimizer]]\n");
    int calls = 0;
    speedup_result *result;
    assert_int_equal(speedup_space_search(context, space, 0, UINT64_MAX, 1, stop_soon, &calls, &result), SPEEDUP_CANCELLED);
    speedup_counts counts = {.struct_size = sizeof counts};
    speedup_result_counts(result, &counts);
    assert_true(counts.searched > 0 && counts.searched < counts.size);
    /* What is left has a bound below the optimum, so that the gap is no smaller than it is. */
    double bound, gap, none, least[SPEEDUP_METRIC_COUNT], found[SPEEDUP_METRIC_COUNT];
    uint64_t index;
    assert_int_equal(speedup_result_gap(result, &bound, &gap), SPEEDUP_OK);
    assert_int_equal(speedup_result_best(result, 0, &index), SPEEDUP_OK);
    speedup_space_estimate(space, index, NULL, 0, found, SPEEDUP_METRIC_COUNT);
    speedup_result_destroy(result);
    assert_int_equal(speedup_space_search(context, space, 0, UINT64_MAX, 2, NULL, NULL, &result), SPEEDUP_OK);
    assert_int_equal(speedup_result_best(result, 0, &index), SPEEDUP_OK);
    speedup_space_estimate(space, index, NULL, 0, least, SPEEDUP_METRIC_COUNT);
    double optimum = least[SPEEDUP_METRIC_RUN_EXPECTED_SECONDS], best = found[SPEEDUP_METRIC_RUN_EXPECTED_SECONDS];
    assert_true(bound > optimum / 2 && bound <= optimum);
    assert_true(gap >= best / optimum - 1 && fabs(best / bound - 1 - gap) < 1e-12);
    assert_int_equal(speedup_result_gap(result, &bound, &none), SPEEDUP_OK);
    assert_true(none == 0 && bound == optimum);
    speedup_result_destroy(result);
    speedup_space_unref(space);
}

static const char job[] = "train:\n  model: llama-2-13b\n  system: dgx-a100-80gb\n  accelerators: 64\n  tokens: 1 T\n  sequence: 4096\n"
                          "  global_batch: 1024\n  layout: {tensor: 2}\n  optimizations: [bf16-mixed-precision, flash-attention-2, "
                          "kernel-fusion, sequence-parallelism, distributed-optimizer, communication-overlap, fused-optimizer]\n  price: 2 USD/h\n";

static void shapley_shares_add_up_to_the_whole_gain(void **state)
{
    (void)state;
    speedup_scenario *scenario;
    assert_int_equal(speedup_scenario_create(context, catalog, "job", job, strlen(job), NULL, 0, &scenario), SPEEDUP_OK);
    speedup_contribution c[16] = {{.struct_size = sizeof *c}};
    size_t count = 16;
    assert_int_equal(speedup_scenario_attribute(context, scenario, c, &count), SPEEDUP_OK);
    assert_int_equal(count, 7);
    double shares = 0, product = 1;
    for (size_t i = 0; i < count; i++) {
        shares += c[i].shapley;
        product *= c[i].waterfall;
    }
    assert_true(fabs(shares - log(product)) < 1e-9);
    speedup_scenario_unref(scenario);
}

static void admission_weighs_each_limit(void **state)
{
    (void)state;
    speedup_request none = {.struct_size = sizeof none}, r;
    speedup_policy policy = {.struct_size = sizeof policy, .confidence = 0.9};
    speedup_verdict v = {.struct_size = sizeof v};
    assert_int_equal(speedup_admit(context, catalog, job, strlen(job), &none, NULL, &v), SPEEDUP_OK);
    assert_int_equal(v.verdict, SPEEDUP_ADMIT);
    assert_int_equal(v.reasons, 0);
    double seconds = v.seconds, cost = v.cost;
    r = none;
    r.time_limit = seconds * 0.95;
    r.budget = cost * 0.5;
    assert_int_equal(speedup_admit(context, catalog, job, strlen(job), &r, &policy, &v), SPEEDUP_OK);
    assert_int_equal(v.verdict, SPEEDUP_REFUSE);
    assert_int_equal(v.reasons, SPEEDUP_REASON_TIME | SPEEDUP_REASON_BUDGET);
    assert_true(v.nearest_time_limit == seconds && v.nearest_budget == cost);
    r.budget = 0;
    policy.slack = 0.1;
    assert_int_equal(speedup_admit(context, catalog, job, strlen(job), &r, &policy, &v), SPEEDUP_OK);
    assert_int_equal(v.verdict, SPEEDUP_WARN);
    const speedup_request nearest = {sizeof nearest, v.nearest_accelerators, v.nearest_memory, v.nearest_time_limit, v.nearest_budget};
    assert_int_equal(speedup_admit(context, catalog, job, strlen(job), &nearest, NULL, &v), SPEEDUP_OK);
    assert_int_equal(v.verdict, SPEEDUP_ADMIT);
    r.accelerators = 32;
    policy = (speedup_policy){.struct_size = sizeof policy, .confidence = 0.9, .warn_only = 1};
    assert_int_equal(speedup_admit(context, catalog, job, strlen(job), &r, &policy, &v), SPEEDUP_OK);
    assert_int_equal(v.verdict, SPEEDUP_WARN);
    assert_true(v.reasons & SPEEDUP_REASON_ACCELERATORS);
}

static void what_cannot_be_told_meets_no_limit(void **state)
{
    (void)state;
    static const char run[] = "tokens: 1 T, ", price[] = "price: 2 USD/h, ";
    static const struct {
        const char *run, *price;
        uint32_t reasons;
    } cases[] = {
        {run, price, 0},
        {run, "", SPEEDUP_REASON_BUDGET},
        {"", price, SPEEDUP_REASON_TIME | SPEEDUP_REASON_BUDGET},
        {"", "", SPEEDUP_REASON_TIME | SPEEDUP_REASON_BUDGET},
    };
    const speedup_request r = {.struct_size = sizeof r, .time_limit = 1e9, .budget = 1e9};
    const speedup_policy lax = {.struct_size = sizeof lax, .confidence = 0.9, .slack = 1000};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[300];
        snprintf(text, sizeof text, "train: {model: llama-2-7b, system: dgx-h100, accelerators: 64, sequence: 4096, global_batch: 64, %s%s"
                 "optimizations: [bf16-mixed-precision, flash-attention-2, zero-3]}", cases[i].run, cases[i].price);
        speedup_verdict v = {.struct_size = sizeof v};
        assert_int_equal(speedup_admit(context, catalog, text, strlen(text), &r, &lax, &v), SPEEDUP_OK);
        assert_int_equal(v.reasons, cases[i].reasons);
        assert_int_equal(v.verdict, cases[i].reasons ? SPEEDUP_REFUSE : SPEEDUP_ADMIT);
    }
}

static void a_wrong_call_is_not_told_to_admit(void **state)
{
    (void)state;
    const speedup_request fine = {.struct_size = sizeof fine}, negative = {.struct_size = sizeof negative, .budget = -1},
                          endless = {.struct_size = sizeof endless, .time_limit = (double)INFINITY},
                          none = {.struct_size = sizeof none, .memory = (double)NAN};
    const speedup_request *const wrong[] = {NULL, &negative, &endless, &none};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        speedup_verdict v = {.struct_size = sizeof v};
        assert_int_equal(speedup_admit(context, catalog, job, strlen(job), wrong[i], NULL, &v), SPEEDUP_INVALID_ARGUMENT);
        assert_int_equal(v.verdict, SPEEDUP_REFUSE);
        assert_int_equal(v.reasons, SPEEDUP_REASON_INPUT);
    }
    speedup_verdict v = {.struct_size = sizeof v};
    assert_int_equal(speedup_admit(NULL, catalog, job, strlen(job), &fine, NULL, &v), SPEEDUP_INVALID_ARGUMENT);
    assert_int_equal(v.verdict, SPEEDUP_REFUSE);
}

/* As a column's: what a later version may mean by it is not taken for nothing. */
static void what_is_reserved_is_0(void **state)
{
    (void)state;
    const speedup_request fine = {.struct_size = sizeof fine};
    const speedup_policy policy = {.struct_size = sizeof policy, .confidence = 0.9, .reserved = 7};
    speedup_verdict v = {.struct_size = sizeof v};
    speedup_text *text;
    assert_int_equal(speedup_admit(context, catalog, job, strlen(job), &fine, &policy, &v), SPEEDUP_INVALID_ARGUMENT);
    assert_int_equal(v.verdict, SPEEDUP_REFUSE);
    v.reserved = 7;
    assert_int_equal(speedup_report_verdict(context, &fine, &v, SPEEDUP_FORMAT_TEXT, &text), SPEEDUP_INVALID_ARGUMENT);
    const speedup_contribution c = {.struct_size = sizeof c, .reserved = 7};
    assert_int_equal(speedup_report_contribution(context, &c, &text), SPEEDUP_INVALID_ARGUMENT);
}

/* The report of a verdict, to be found in it what it says and not what it does not. */
static void check_report(const speedup_verdict *v, int32_t format, const char *has, const char *lacks)
{
    const speedup_request none = {.struct_size = sizeof none};
    speedup_text *text;
    assert_int_equal(speedup_report_verdict(context, &none, v, format, &text), SPEEDUP_OK);
    assert_non_null(strstr(speedup_text_get(text), has));
    assert_null(strstr(speedup_text_get(text), lacks));
    speedup_text_destroy(text);
}

static void a_verdict_that_no_call_has_filled_judges_nothing(void **state)
{
    (void)state;
    const speedup_verdict zeroed = {.struct_size = sizeof zeroed};
    check_report(&zeroed, SPEEDUP_FORMAT_TEXT, "nothing was judged", "would fit");
    check_report(&zeroed, SPEEDUP_FORMAT_TEXT, "refuse", "Needs");
    check_report(&zeroed, SPEEDUP_FORMAT_JSON, "\"out_of_memory\": null", "\"needs\": 0");
    check_report(&zeroed, SPEEDUP_FORMAT_JSON, "\"nothing\"", "accelerators 0");
    /* Nor is a change proposed that takes no accelerators. */
    const speedup_verdict made = {.struct_size = sizeof made, .reasons = SPEEDUP_REASON_MEMORY, .memory = 1e12};
    check_report(&made, SPEEDUP_FORMAT_TEXT, "the job must change", "would fit");
}

static void what_is_not_known_is_needed_by_nobody(void **state)
{
    (void)state;
    static const char unpriced[] = "train: {model: llama-2-7b, system: dgx-h100, accelerators: 64, sequence: 4096, global_batch: 64, tokens: 1 T,"
                                   "optimizations: [bf16-mixed-precision, flash-attention-2, zero-3]}";
    const speedup_request none = {.struct_size = sizeof none};
    speedup_verdict v = {.struct_size = sizeof v};
    assert_int_equal(speedup_admit(context, catalog, unpriced, strlen(unpriced), &none, NULL, &v), SPEEDUP_OK);
    check_report(&v, SPEEDUP_FORMAT_TEXT, "admit", " 0 USD");
    check_report(&v, SPEEDUP_FORMAT_JSON, "\"needs\": null", "\"needs\": 0");
    assert_int_not_equal(speedup_admit(context, catalog, "train: {}", 9, &none, NULL, &v), SPEEDUP_OK);
    check_report(&v, SPEEDUP_FORMAT_JSON, "\"out_of_memory\": null", "\"needs\": 0");
}

/* Chunks of 61 layers over 4 stages of 4 cannot be equal; asked for, they are the scenario's. */
static void chunks_that_differ_are_taken_when_asked(void **state)
{
    (void)state;
    static const char plan[] = "plan:\n  model: deepseek-v3\n  systems: [dgx-h200]\n  accelerators: [1024]\n  sequence: 4096\n"
                               "  global_batch: 4096\n  tokens: 1 T\n  tensor: 1\n  pipeline: 4\n  expert: 64\n  virtual_stages: 4\n  micro_batch: 1\n"
                               "  objective: time\n  confidence: 0.5\n"
                               "  optimizations: [bf16-mixed-precision, flash-attention-2, zero-1, activation-checkpointing]\n";
    char uneven[sizeof plan + 32];
    snprintf(uneven, sizeof uneven, "%s  uneven: true\n", plan);
    speedup_space *even = make_space(plan), *any = make_space(uneven);
    double layout[SPEEDUP_VARIABLE_COUNT], values[SPEEDUP_METRIC_COUNT];
    assert_int_equal(speedup_space_estimate(even, 0, layout, SPEEDUP_VARIABLE_COUNT, values, SPEEDUP_METRIC_COUNT), SPEEDUP_DOES_NOT_DIVIDE);
    assert_int_equal(speedup_space_estimate(any, 0, layout, SPEEDUP_VARIABLE_COUNT, values, SPEEDUP_METRIC_COUNT), SPEEDUP_OK);
    assert_true(values[SPEEDUP_METRIC_STEP_SECONDS] > 0 && layout[SPEEDUP_VARIABLE_VIRTUAL_STAGES] == 4);
    speedup_result *result;
    assert_int_equal(speedup_space_search(context, any, 0, UINT64_MAX, 1, NULL, NULL, &result), SPEEDUP_OK);
    speedup_counts counts = {.struct_size = sizeof counts};
    assert_int_equal(speedup_result_counts(result, &counts), SPEEDUP_OK);
    assert_int_equal(counts.not_dividing, 0);
    speedup_result_destroy(result);
    speedup_space_unref(even);
    speedup_space_unref(any);
}

/* The numbers from 1 to `last` as a list. */
static void write_numbers(char *out, const char *name, int last)
{
    out += strlen(out);
    out += sprintf(out, "  %s: [1", name);
    for (int i = 2; i <= last; i++)
        out += sprintf(out, ", %d", i);
    strcpy(out, "]\n");
}

/* None of these may go over all numbers up to a count, nor over all pairs of a front: the
 * test's own limit of time would tell. */
static void what_a_small_space_asks_is_soon_answered(void **state)
{
    (void)state;
    static char yaml[1 << 16];
    speedup_result *result;
    strcpy(yaml, "plan:\n  model: llama-2-7b\n  systems: [dgx-h100]\n  accelerators: [5000011]\n  sequence: 4096\n"
                 "  global_batch: 5000011\n  tensor: 1\n  pipeline: 1\n  virtual_stages: 1\n  objective: time\n"
                 "  optimizations: [bf16-mixed-precision, zero-3, flash-attention-2, activation-checkpointing]\n");
    write_numbers(yaml, "micro_batch", 4096);
    speedup_space *space = make_space(yaml);
    assert_int_equal(speedup_space_search(context, space, 0, UINT64_MAX, 1, NULL, NULL, &result), SPEEDUP_OK);
    speedup_worth worths[SPEEDUP_RESOURCE_COUNT] = {{.struct_size = sizeof *worths}};
    size_t count = SPEEDUP_RESOURCE_COUNT;
    assert_int_equal(speedup_result_worth(context, result, 1, worths, &count), SPEEDUP_OK);
    for (size_t i = 0; i < count; i++)
        assert_int_not_equal(worths[i].resource, SPEEDUP_RESOURCE_ACCELERATORS); /* a prime batch divides no further */
    speedup_result_destroy(result);
    speedup_space_unref(space);

    strcpy(yaml, "plan:\n  model: llama-2-7b\n  systems: [dgx-h100]\n  prompt: 100\n  output: 100\n  tensor: 1\n  pipeline: 1\n"
                 "  prices: 2 USD/h\n  optimizations: [fp8-weights]\n  front: [request_seconds, tokens_per_second, cost]\n");
    write_numbers(yaml, "accelerators", 1024);
    write_numbers(yaml, "concurrency", 512);
    space = make_space(yaml);
    assert_int_equal(speedup_space_search(context, space, 0, UINT64_MAX, 1, NULL, NULL, &result), SPEEDUP_OK);
    uint64_t index;
    assert_int_equal(speedup_result_front(result, 10000, &index), SPEEDUP_OK);
    speedup_result_destroy(result);
    speedup_space_unref(space);
}

int main(int argc, char **argv)
{
    most_spaces = argc > 1 ? (size_t)atoi(argv[1]) : most_spaces;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_spaces_equal_brute_force),
        cmocka_unit_test(random_services_equal_brute_force),
        cmocka_unit_test(chunks_that_differ_are_taken_when_asked),
        cmocka_unit_test(a_plan_is_the_scenario_of_its_layout),
        cmocka_unit_test(a_model_alone_is_planned_and_what_was_taken_is_told),
        cmocka_unit_test(every_model_of_the_catalog_is_planned),
        cmocka_unit_test(an_impossible_plan_names_what_it_misses),
        cmocka_unit_test(what_a_target_costs_a_service_is_what_a_search_without_it_finds),
        cmocka_unit_test(a_stopped_search_gives_the_best_so_far),
        cmocka_unit_test(shapley_shares_add_up_to_the_whole_gain),
        cmocka_unit_test(admission_weighs_each_limit),
        cmocka_unit_test(what_cannot_be_told_meets_no_limit),
        cmocka_unit_test(a_wrong_call_is_not_told_to_admit),
        cmocka_unit_test(what_is_reserved_is_0),
        cmocka_unit_test(a_verdict_that_no_call_has_filled_judges_nothing),
        cmocka_unit_test(what_is_not_known_is_needed_by_nobody),
        cmocka_unit_test(what_a_small_space_asks_is_soon_answered),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
