/* The planner against brute force: on random spaces the optimum, the best k and the
 * front are those that estimating every plan on its own gives, for any division. */
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

enum { SPACES = 1000, MOST_PLANS = 6000 };

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
                     counts[] = {8, 16, 24, 64};
    sprintf(yaml, "plan:\n  model: %s\n  systems: [%s, %s]\n  prices: 2.50 USD/h\n  sequence: 2048\n  global_batch: %u\n"
                  "  optimizations: [bf16-mixed-precision]\n  objective: %s\n  top: %u\n",
            models[any(4)], systems[any(2)], systems[2], 48 * (1 + any(3)), objectives[any(4)], 1 + any(8));
    write_values(yaml, "accelerators", counts, 4);
    write_values(yaml, "tensor", degrees, 4);
    write_values(yaml, "pipeline", stages, 5);
    write_values(yaml, "virtual_stages", chunks, 3);
    write_values(yaml, "micro_batch", batches, 4);
    strcat(yaml, any(2) ? "  choices: [[none, zero-1, fsdp], [none, sequence-parallelism]]\n"
                        : "  choices: [[none, flash-attention-2], [none, activation-checkpointing]]\n");
    strcat(yaml, any(2) ? "  front: [run_expected_seconds, memory_peak]\n" : "  front: [cost, memory_peak, energy]\n");
    if (any(3) == 0)
        strcat(yaml, "  deadline: 20 s\n");
    if (any(3) == 0)
        strcat(yaml, "  confidence: 0.9\n");
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

/* Every plan on its own, through the public interface and the text's own words. */
static size_t brute_force(const speedup_space *space, const char *yaml, struct plan *plans)
{
    static const int objective_metrics[] = {SPEEDUP_METRIC_RUN_EXPECTED_SECONDS, SPEEDUP_METRIC_COST, SPEEDUP_METRIC_ENERGY,
                                            SPEEDUP_METRIC_ACCELERATOR_HOURS};
    int objective = strstr(yaml, "objective: cost") ? 1 : strstr(yaml, "objective: energy") ? 2 : strstr(yaml, "objective: acc") ? 3 : 0;
    bool three = strstr(yaml, "front: [cost") != NULL, deadline = strstr(yaml, "deadline") != NULL,
         sure = strstr(yaml, "confidence") != NULL;
    size_t count = 0;
    for (uint64_t i = 0; i < speedup_space_size(space); i++) {
        double v[SPEEDUP_METRIC_COUNT];
        if (speedup_space_estimate(space, i, NULL, 0, v, SPEEDUP_METRIC_COUNT))
            continue;
        if (sure ? v[SPEEDUP_METRIC_OUT_OF_MEMORY] > 0.1 : v[SPEEDUP_METRIC_FITS] == 0)
            continue;
        if (deadline && v[SPEEDUP_METRIC_RUN_EXPECTED_SECONDS] > 20)
            continue;
        struct plan *p = &plans[count++];
        p->index = i;
        p->objective = v[objective_metrics[objective]];
        p->front[0] = v[three ? SPEEDUP_METRIC_COST : SPEEDUP_METRIC_RUN_EXPECTED_SECONDS];
        p->front[1] = v[SPEEDUP_METRIC_MEMORY_PEAK];
        p->front[2] = three ? v[SPEEDUP_METRIC_ENERGY] : 0;
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
    assert_int_equal(counts.size, counts.conflicting + counts.not_dividing + counts.not_fitting + counts.constrained + counts.feasible);
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

static void random_spaces_equal_brute_force(void **state)
{
    (void)state;
    static struct plan plans[MOST_PLANS];
    size_t spaces = 0;
    for (seed = 1; spaces < SPACES;) {
        char yaml[2000];
        random_space(yaml);
        speedup_space *space = make_space(yaml);
        uint64_t size = speedup_space_size(space);
        if (size <= MOST_PLANS) {
            size_t count = brute_force(space, yaml, plans), top = (size_t)atoi(strstr(yaml, "top: ") + 5);
            speedup_result *whole, *left, *right, *merged;
            assert_int_equal(speedup_space_search(context, space, 0, size, 1 + any(3), NULL, NULL, &whole), SPEEDUP_OK);
            check(whole, plans, count, top);
            uint64_t cut = any((uint32_t)size + 1);
            assert_int_equal(speedup_space_search(context, space, 0, cut, 1, NULL, NULL, &left), SPEEDUP_OK);
            assert_int_equal(speedup_space_search(context, space, cut, size, 1, NULL, NULL, &right), SPEEDUP_OK);
            assert_int_equal(speedup_result_merge(context, right, left, &merged), SPEEDUP_OK);
            check(merged, plans, count, top);
            speedup_result_free(whole);
            speedup_result_free(left);
            speedup_result_free(right);
            speedup_result_free(merged);
            spaces++;
        }
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
    speedup_result_free(result);
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
    assert_true(v.nearest.time_limit == seconds && v.nearest.budget == cost);
    r.budget = 0;
    policy.slack = 0.1;
    assert_int_equal(speedup_admit(context, catalog, job, strlen(job), &r, &policy, &v), SPEEDUP_OK);
    assert_int_equal(v.verdict, SPEEDUP_WARN);
    speedup_request nearest = v.nearest;
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_spaces_equal_brute_force),
        cmocka_unit_test(a_stopped_search_gives_the_best_so_far),
        cmocka_unit_test(shapley_shares_add_up_to_the_whole_gain),
        cmocka_unit_test(admission_weighs_each_limit),
        cmocka_unit_test(what_cannot_be_told_meets_no_limit),
        cmocka_unit_test(a_wrong_call_is_not_told_to_admit),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
