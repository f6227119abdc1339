/* Why a plan is the best, what binds it, what would make one possible, and what admission
 * says of services: figures held against estimates and searches made anew. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <speedup/speedup.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static speedup_context *context;
static speedup_catalog *catalog;

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

static void tell(void)
{
    for (size_t i = 0; i < speedup_diagnostic_count(context); i++)
        print_error("%s\n", speedup_diagnostic_text(context, i));
}

/* A job with these optimizations, separated by commas. */
static speedup_scenario *make_job(const char *optimizations)
{
    char text[1000];
    speedup_scenario *scenario;
    snprintf(text, sizeof text, "train: {model: llama-2-70b, system: dgx-h100, accelerators: 256, sequence: 4096, global_batch: 1024, "
             "layout: {tensor: 8, pipeline: 4}, optimizations: [%s]}", optimizations);
    if (speedup_scenario_create(context, catalog, "job", text, strlen(text), NULL, 0, &scenario)) {
        tell();
        fail();
    }
    return scenario;
}

static const char *const twelve[] = {"bf16-mixed-precision", "flash-attention-2", "selective-checkpointing", "kernel-fusion",
                                     "sequence-parallelism", "distributed-optimizer", "communication-overlap", "tensor-overlap",
                                     "fused-optimizer", "activation-offload", "fused-casts", "lora"};

enum { TWELVE = sizeof twelve / sizeof *twelve };

/* The list without one of them; past the end, all. */
static const char *list_without(size_t left_out)
{
    static char list[1000];
    *list = '\0';
    for (size_t i = 0; i < TWELVE; i++)
        if (i != left_out) {
            strcat(list, *list ? ", " : "");
            strcat(list, twelve[i]);
        }
    return list;
}

static void estimate(const speedup_scenario *scenario, double values[SPEEDUP_METRIC_COUNT])
{
    assert_int_equal(speedup_scenario_estimate(scenario, values, SPEEDUP_METRIC_COUNT), SPEEDUP_OK);
}

static void contributions_are_differences_of_estimates(void **state)
{
    (void)state;
    double whole[SPEEDUP_METRIC_COUNT], without[SPEEDUP_METRIC_COUNT], base[SPEEDUP_METRIC_COUNT], sum = 0;
    speedup_scenario *all = make_job(list_without(TWELVE)), *none = make_job("");
    estimate(all, whole);
    estimate(none, base);
    speedup_contribution c[TWELVE] = {{.struct_size = sizeof *c}};
    size_t count = TWELVE;
    assert_int_equal(speedup_scenario_attribute(context, all, c, &count), SPEEDUP_OK);
    assert_int_equal(count, TWELVE);
    for (size_t i = 0; i < TWELVE; i++) {
        speedup_scenario *other = make_job(list_without(i));
        estimate(other, without);
        speedup_scenario_unref(other);
        double old = without[SPEEDUP_METRIC_STEP_SECONDS], new = whole[SPEEDUP_METRIC_STEP_SECONDS];
        assert_string_equal(c[i].id, twelve[i]);
        assert_true(fabs(c[i].marginal - old / new) < 1e-12 && c[i].seconds == old - new);
        assert_true(c[i].bytes == without[SPEEDUP_METRIC_MEMORY_PEAK] - whole[SPEEDUP_METRIC_MEMORY_PEAK]);
        assert_true((c[i].lacking > 0) == (without[SPEEDUP_METRIC_FITS] == 0));
        if (c[i].term)
            assert_true(c[i].term_before == without[c[i].term] && c[i].term_after == whole[c[i].term] && c[i].term_share == c[i].term_before / old);
        if (c[i].component)
            assert_true(c[i].component_bytes == without[c[i].component] - whole[c[i].component]);
        sum += c[i].shapley;
    }
    assert_true(fabs(sum - log(base[SPEEDUP_METRIC_STEP_SECONDS] / whole[SPEEDUP_METRIC_STEP_SECONDS])) < 1e-9);
    speedup_scenario_unref(all);
    speedup_scenario_unref(none);
}

/* Words that a reason has to have, by the figures of its contribution alone. */
static void reasons_say_what_changes(void **state)
{
    (void)state;
    speedup_scenario *all = make_job(list_without(TWELVE));
    speedup_contribution c[TWELVE] = {{.struct_size = sizeof *c}};
    size_t count = TWELVE;
    assert_int_equal(speedup_scenario_attribute(context, all, c, &count), SPEEDUP_OK);
    for (size_t i = 0; i < TWELVE; i++) {
        speedup_text *text;
        assert_int_equal(speedup_report_contribution(context, &c[i], &text), SPEEDUP_OK);
        const char *said = speedup_text_get(text);
        assert_true(strlen(said) > 10);
        speedup_word word = {.struct_size = sizeof word};
        speedup_metric_at((size_t)c[i].term, &word);
        if (fabs(c[i].marginal - 1) > 1e-3)
            assert_non_null(strstr(said, word.text));
        assert_true((strstr(said, "costs time") != NULL) == (c[i].marginal < 1 - 1e-3));
        assert_true((strstr(said, "saves") != NULL) == (c[i].bytes > 1e6));
        assert_true((strstr(said, "does not fit") != NULL) == (c[i].lacking > 0));
        assert_null(strstr(said, c[i].id)); /* the figures do not know the name, nor does the rule */
        speedup_text_destroy(text);
    }
    speedup_scenario_unref(all);
}

static void what_the_catalog_would_add_is_what_it_adds(void **state)
{
    (void)state;
    enum { MOST = 200 };
    static speedup_contribution c[MOST];
    static const char few[] = "bf16-mixed-precision, flash-attention-2, distributed-optimizer, sequence-parallelism, selective-checkpointing";
    speedup_scenario *job = make_job(few);
    double now[SPEEDUP_METRIC_COUNT], then[SPEEDUP_METRIC_COUNT];
    estimate(job, now);
    c[0].struct_size = sizeof *c;
    size_t count = MOST, rows = 0;
    assert_int_equal(speedup_scenario_next(context, job, NULL, &rows), SPEEDUP_OK);
    assert_true(rows > 20 && rows <= MOST);
    assert_int_equal(speedup_scenario_next(context, job, c, &count), SPEEDUP_OK);
    assert_true(count > 5 && count < rows);
    for (size_t i = 0; i < count; i++) {
        char more[1000];
        snprintf(more, sizeof more, "%s, %s", few, c[i].id);
        speedup_scenario *with = make_job(more);
        estimate(with, then);
        speedup_scenario_unref(with);
        assert_true(then[SPEEDUP_METRIC_FITS] != 0);
        assert_true(fabs(c[i].marginal - now[SPEEDUP_METRIC_STEP_SECONDS] / then[SPEEDUP_METRIC_STEP_SECONDS]) < 1e-12);
        assert_true(!i || c[i].marginal <= c[i - 1].marginal);
    }
    /* With little room the best stay. */
    speedup_contribution two[2] = {{.struct_size = sizeof *two}};
    size_t room = 2;
    assert_int_equal(speedup_scenario_next(context, job, two, &room), SPEEDUP_OK);
    assert_true(room == 2 && !strcmp(two[0].id, c[0].id) && !strcmp(two[1].id, c[1].id));
    speedup_scenario_unref(job);
}

static const char space_text[] =
    "plan:\n  model: llama-2-70b\n  systems: [dgx-a100-80gb]\n  accelerators: [64]\n  sequence: 4096\n  global_batch: 512\n"
    "  tokens: 100 B\n  prices: 2 USD/h\n  tensor: [1, 2, 4, 8]\n  pipeline: [1, 2, 4, 8]\n  micro_batch: [1, 2, 4]\n"
    "  optimizations: [bf16-mixed-precision]\n  choices: [[none, flash-attention-2], [none, zero-1, fsdp], "
    "[none, activation-checkpointing], [none, sequence-parallelism]]\n";

/* The best objective of the space under some settings; infinite when nothing is possible. */
static double best_with(const speedup_catalog *of, const char *const *settings, size_t count, int metric)
{
    speedup_space *space;
    speedup_result *result;
    uint64_t index;
    double values[SPEEDUP_METRIC_COUNT] = {0}, best = (double)INFINITY;
    if (speedup_space_create(context, of, "space", space_text, sizeof space_text - 1, settings, count, &space)) {
        tell();
        fail();
    }
    assert_int_equal(speedup_space_search(context, space, 0, UINT64_MAX, 1, NULL, NULL, &result), SPEEDUP_OK);
    if (!speedup_result_best(result, 0, &index)) {
        assert_int_equal(speedup_space_estimate(space, index, NULL, 0, values, SPEEDUP_METRIC_COUNT), SPEEDUP_OK);
        best = values[metric];
    }
    speedup_result_destroy(result);
    speedup_space_unref(space);
    return best;
}

static void worth_is_what_a_search_with_more_finds(void **state)
{
    (void)state;
    enum { DAYS = 20 };
    /* Cost is least on a plan that the deadline rules out: so a day more is worth something. */
    char deadline[40], budget[60];
    snprintf(deadline, sizeof deadline, "plan.deadline=%d d", DAYS);
    const char *settings[] = {"plan.objective=energy", deadline, "plan.budget=1 MUSD", "plan.accelerators=[64, 128, 256, 512]", NULL};
    enum { GIVEN = 4, METRIC = SPEEDUP_METRIC_ENERGY };
    speedup_space *space;
    speedup_result *result;
    assert_int_equal(speedup_space_create(context, catalog, "space", space_text, sizeof space_text - 1, settings, GIVEN, &space), SPEEDUP_OK);
    assert_int_equal(speedup_space_search(context, space, 0, UINT64_MAX, 2, NULL, NULL, &result), SPEEDUP_OK);
    speedup_worth w[SPEEDUP_RESOURCE_COUNT] = {{.struct_size = sizeof *w}}, again[SPEEDUP_RESOURCE_COUNT] = {{.struct_size = sizeof *again}};
    size_t count = SPEEDUP_RESOURCE_COUNT, same = count, binding = 0;
    assert_int_equal(speedup_result_worth(context, result, 1, w, &count), SPEEDUP_OK);
    assert_int_equal(speedup_result_worth(context, result, 3, again, &same), SPEEDUP_OK);
    assert_int_equal(count, same);
    size_t one = 1;
    assert_int_equal(speedup_result_worth(context, result, 1, again, &one), SPEEDUP_OK);
    assert_true(one == 1 && again[0].resource == w[0].resource && again[0].gain == w[0].gain);
    double now = best_with(catalog, settings, GIVEN, METRIC);
    for (size_t i = 0; i < count; i++) {
        assert_memory_equal(&w[i], &again[i], sizeof *w);
        assert_true(w[i].gain >= 0 && w[i].more > 0 && w[i].unlimited <= w[i].objective + 1e-9 * now && w[i].objective <= now);
        double found;
        switch (w[i].resource) {
        case SPEEDUP_RESOURCE_DEADLINE:
            assert_true(w[i].have == DAYS * 86400.0 && w[i].more == 86400);
            snprintf(deadline, sizeof deadline, "plan.deadline=%d d", DAYS + 1);
            found = best_with(catalog, settings, GIVEN, METRIC);
            assert_true(found == w[i].objective);
            snprintf(deadline, sizeof deadline, "plan.deadline=%d d", 100 * DAYS);
            found = best_with(catalog, settings, GIVEN, METRIC);
            assert_true(found == w[i].unlimited && w[i].binds == (found < now));
            snprintf(deadline, sizeof deadline, "plan.deadline=%d d", DAYS);
            break;
        case SPEEDUP_RESOURCE_BUDGET:
            snprintf(budget, sizeof budget, "plan.budget=%.0f USD", w[i].have + w[i].more);
            settings[2] = budget;
            assert_true(best_with(catalog, settings, GIVEN, METRIC) == w[i].objective);
            settings[2] = "plan.budget=1 MUSD";
            break;
        default:
            break;
        }
        binding += w[i].resource < SPEEDUP_RESOURCE_ACCELERATORS && w[i].binds;
    }
    assert_true(binding > 0);
    speedup_result_destroy(result);
    speedup_space_unref(space);
}

static void a_gigabyte_is_worth_what_a_larger_accelerator_finds(void **state)
{
    (void)state;
    static const char own[] = "accelerators: {a100-81: {base: a100-sxm-80gb, memory: %.0f B}}\n"
                              "systems: {dgx-81: {base: dgx-a100-80gb, accelerator: a100-81}}\n";
    speedup_space *space;
    speedup_result *result;
    assert_int_equal(speedup_space_create(context, catalog, "space", space_text, sizeof space_text - 1, NULL, 0, &space), SPEEDUP_OK);
    assert_int_equal(speedup_space_search(context, space, 0, UINT64_MAX, 1, NULL, NULL, &result), SPEEDUP_OK);
    speedup_worth w[SPEEDUP_RESOURCE_COUNT] = {{.struct_size = sizeof *w}};
    size_t count = SPEEDUP_RESOURCE_COUNT;
    assert_int_equal(speedup_result_worth(context, result, 1, w, &count), SPEEDUP_OK);
    assert_int_equal(w[0].resource, SPEEDUP_RESOURCE_MEMORY);
    const double memories[] = {w[0].have + w[0].more, 9e12}, want[] = {w[0].objective, w[0].unlimited};
    for (size_t i = 0; i < 2; i++) {
        char text[400];
        snprintf(text, sizeof text, own, memories[i]);
        speedup_catalog *larger;
        if (speedup_catalog_extend(context, catalog, "own", text, strlen(text), &larger)) {
            tell();
            fail();
        }
        const char *const settings[] = {"plan.systems=[dgx-81]"};
        assert_true(best_with(larger, settings, 1, SPEEDUP_METRIC_RUN_EXPECTED_SECONDS) == want[i]);
        speedup_catalog_unref(larger);
    }
    speedup_result_destroy(result);
    speedup_space_unref(space);
}

/* A space in which nothing is possible, and the setting that one limit is raised by. */
static void the_nearest_limit_makes_a_plan_possible(void **state)
{
    (void)state;
    static const struct {
        const char *settings[2], *raised;
        int32_t resource;
        double unit, have;
    } cases[] = {
        {{"plan.deadline=3 d", "plan.budget=10 MUSD"}, "plan.deadline=%.17g s", SPEEDUP_RESOURCE_DEADLINE, 1, 3 * 86400},
        {{"plan.deadline=900 d", "plan.budget=1 kUSD"}, "plan.budget=%.17g USD", SPEEDUP_RESOURCE_BUDGET, 1, 1000},
        {{"plan.deadline=900 d", "plan.power=10 kW"}, "plan.power=%.17g W", SPEEDUP_RESOURCE_POWER, 1, 10000},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        speedup_space *space;
        speedup_result *result;
        uint64_t index;
        double factor;
        assert_int_equal(speedup_space_create(context, catalog, "space", space_text, sizeof space_text - 1, cases[i].settings, 2, &space), SPEEDUP_OK);
        assert_int_equal(speedup_space_search(context, space, 0, UINT64_MAX, 1, NULL, NULL, &result), SPEEDUP_OK);
        assert_int_equal(speedup_result_best(result, 0, &index), SPEEDUP_NOT_FOUND);
        assert_int_equal(speedup_result_near(result, cases[i].resource, &index, &factor), SPEEDUP_OK);
        for (int more = -1; more <= 1; more += 2) {
            char raised[100];
            snprintf(raised, sizeof raised, cases[i].raised, cases[i].have * factor * (1 + more * 1e-9));
            const char *const settings[] = {cases[i].settings[0], cases[i].settings[1], raised};
            assert_true(isfinite(best_with(catalog, settings, 3, SPEEDUP_METRIC_COST)) == (more > 0));
        }
        speedup_text *text;
        assert_int_equal(speedup_report_plan(context, result, SPEEDUP_FORMAT_TEXT, &text), SPEEDUP_OK);
        assert_non_null(strstr(speedup_text_get(text), "alone would make a plan possible"));
        speedup_text_destroy(text);
        speedup_result_destroy(result);
        speedup_space_unref(space);
    }
}

static void a_plan_is_a_scenario(void **state)
{
    (void)state;
    speedup_space *space;
    assert_int_equal(speedup_space_create(context, catalog, "space", space_text, sizeof space_text - 1, NULL, 0, &space), SPEEDUP_OK);
    size_t made = 0;
    for (uint64_t i = 0; i < speedup_space_size(space); i += 7) {
        double values[SPEEDUP_METRIC_COUNT], same[SPEEDUP_METRIC_COUNT];
        speedup_scenario *scenario;
        speedup_status status = speedup_space_estimate(space, i, NULL, 0, values, SPEEDUP_METRIC_COUNT);
        assert_int_equal(speedup_space_scenario(context, space, i, &scenario), status);
        if (status)
            continue;
        estimate(scenario, same);
        assert_memory_equal(values, same, sizeof values);
        speedup_scenario_unref(scenario);
        made++;
    }
    assert_true(made > 10);
    /* It outlives its space. */
    speedup_result *result;
    uint64_t index;
    speedup_scenario *best;
    speedup_text *text;
    assert_int_equal(speedup_space_search(context, space, 0, UINT64_MAX, 1, NULL, NULL, &result), SPEEDUP_OK);
    assert_int_equal(speedup_result_best(result, 0, &index), SPEEDUP_OK);
    assert_int_equal(speedup_space_scenario(context, space, index, &best), SPEEDUP_OK);
    assert_int_equal(speedup_report_plan_why(context, result, 2, SPEEDUP_FORMAT_TEXT, &text), SPEEDUP_OK);
    static const char *const parts[] = {"What the best plan has from each optimization", "because", "What binds the best plan", "searching again"};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        assert_non_null(strstr(speedup_text_get(text), parts[i]));
    speedup_text_destroy(text);
    speedup_result_destroy(result);
    speedup_space_unref(space);
    assert_int_equal(speedup_report_estimate(context, best, SPEEDUP_FORMAT_TEXT, &text), SPEEDUP_OK);
    speedup_text_destroy(text);
    speedup_scenario_unref(best);
}

static void admission_holds_a_service_to_its_targets_and_its_load(void **state)
{
    (void)state;
    static const struct {
        const char *load, *targets;
        uint32_t reasons;
        int32_t verdict;
    } cases[] = {
        {"concurrency: 16", "", 0, SPEEDUP_ADMIT},
        {"concurrency: 100000", "", SPEEDUP_REASON_LOAD, SPEEDUP_WARN},
        {"request_rate: 1 /s", "", 0, SPEEDUP_ADMIT},
        {"request_rate: 10000 /s", "", SPEEDUP_REASON_LOAD, SPEEDUP_REFUSE},
        {"concurrency: 16", "targets: {time_per_output_token: 1 ms}, ", SPEEDUP_REASON_TARGETS, SPEEDUP_REFUSE},
        {"concurrency: 16", "targets: {time_to_first_token: 1 us, time_per_output_token: 10 s}, ", SPEEDUP_REASON_TARGETS, SPEEDUP_REFUSE},
    };
    const speedup_request nothing = {.struct_size = sizeof nothing};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[500];
        snprintf(text, sizeof text, "serve: {model: llama-2-7b, system: dgx-h100, accelerators: 1, prompt: 512, output: 128, %s, %sstack: serving-engine, price: 2 USD/h}",
                 cases[i].load, cases[i].targets);
        speedup_verdict v = {.struct_size = sizeof v};
        speedup_status status = speedup_admit(context, catalog, text, strlen(text), &nothing, NULL, &v);
        tell();
        assert_int_equal(status, SPEEDUP_OK);
        assert_int_equal(v.reasons, cases[i].reasons);
        assert_int_equal(v.verdict, cases[i].verdict);
        assert_int_equal(v.admissible, !cases[i].reasons);
        speedup_text *report;
        assert_int_equal(speedup_report_verdict(context, &nothing, &v, SPEEDUP_FORMAT_JSON, &report), SPEEDUP_OK);
        assert_true(!(cases[i].reasons & SPEEDUP_REASON_LOAD) || strstr(speedup_text_get(report), "\"load\""));
        speedup_text_destroy(report);
    }
    /* A time limit is for one request, a budget for a million tokens. */
    static const char service[] = "serve: {model: llama-2-7b, system: dgx-h100, accelerators: 1, prompt: 512, output: 128, concurrency: 16, stack: serving-engine, price: 2 USD/h}";
    speedup_verdict v = {.struct_size = sizeof v};
    assert_int_equal(speedup_admit(context, catalog, service, sizeof service - 1, &nothing, NULL, &v), SPEEDUP_OK);
    assert_true(v.seconds > v.token && v.seconds_low < v.seconds && v.cost_low < v.cost && v.cost < v.cost_high);
    const speedup_request tight = {.struct_size = sizeof tight, .time_limit = v.seconds / 2, .budget = v.cost / 2};
    assert_int_equal(speedup_admit(context, catalog, service, sizeof service - 1, &tight, NULL, &v), SPEEDUP_OK);
    assert_int_equal(v.reasons, SPEEDUP_REASON_TIME | SPEEDUP_REASON_BUDGET);
    assert_int_equal(v.admissible, 1);
}

static void what_no_request_can_grant_is_not_admissible(void **state)
{
    (void)state;
    static const char large[] = "train: {model: llama-2-70b, system: dgx-h100, accelerators: 8, sequence: 4096, global_batch: 8}";
    const speedup_request nothing = {.struct_size = sizeof nothing};
    speedup_verdict v = {.struct_size = sizeof v};
    assert_int_equal(speedup_admit(context, catalog, large, sizeof large - 1, &nothing, NULL, &v), SPEEDUP_OK);
    assert_int_equal(v.verdict, SPEEDUP_REFUSE);
    assert_int_equal(v.reasons, SPEEDUP_REASON_MEMORY);
    assert_int_equal(v.admissible, 0);
    assert_int_equal(v.change, -1); /* no single degree is enough */
    /* The change that is told makes it fit. */
    static const char *const layouts[] = {"tensor: 1", "tensor: 2", "pipeline: 2"}, *const batches[] = {"1", "2", "8"};
    size_t changed = 0;
    for (size_t i = 0; i < 9; i++) {
        static const char form[] = "train: {model: llama-2-13b, system: dgx-h100, accelerators: %.0f, sequence: 4096, global_batch: 512, micro_batch: %s, layout: {%s%s}, "
                                   "optimizations: [bf16-mixed-precision, flash-attention-2]}";
        char text[600], more[60] = "";
        snprintf(text, sizeof text, form, 64.0, batches[i % 3], layouts[i / 3], "");
        assert_int_equal(speedup_admit(context, catalog, text, strlen(text), &nothing, NULL, &v), SPEEDUP_OK);
        if (v.admissible || v.change < 0)
            continue;
        const char *batch = batches[i % 3], *layout = layouts[i / 3];
        char value[20];
        snprintf(value, sizeof value, "%.0f", v.change_value);
        if (v.change == SPEEDUP_VARIABLE_MICRO_BATCH)
            batch = value;
        else
            snprintf(more, sizeof more, v.change == SPEEDUP_VARIABLE_TENSOR ? "tensor: %s" : "pipeline: %s", value);
        if (*more && strncmp(layout, more, 4) == 0) {
            layout = more;
        } else if (*more) {
            memmove(more + 2, more, strlen(more) + 1);
            memcpy(more, ", ", 2);
        }
        snprintf(text, sizeof text, form, v.change_accelerators, batch, layout, layout == more ? "" : more);
        assert_int_equal(speedup_admit(context, catalog, text, strlen(text), &nothing, NULL, &v), SPEEDUP_OK);
        assert_int_equal(v.verdict, SPEEDUP_ADMIT);
        changed++;
    }
    assert_true(changed >= 3);
    /* An accelerator without a calibration: the verdict says so. */
    static const char own[] = "accelerators: {own: {name: own, vendor: own, source: none, peak: {bf16: 1000 TFLOP/s}, memory: 200 GB, bandwidth: 4 TB/s, power: 1 kW, link: 400 GB/s}}\n"
                              "systems: {own: {accelerator: own, name: own, accelerators_per_node: 8, scale_up_domain: 8, network: 400 GB/s, source: none}}\n"
                              "train: {model: llama-2-7b, system: own, accelerators: 8, sequence: 4096, global_batch: 8, optimizations: [bf16-mixed-precision]}";
    speedup_status status = speedup_admit(context, catalog, own, sizeof own - 1, &nothing, NULL, &v);
    tell();
    assert_int_equal(status, SPEEDUP_OK);
    assert_int_equal(v.notes, SPEEDUP_NOTE_UNCALIBRATED);
}

/* Effects that follow from the layout, or that are no use, and models of every kind: no plan is below its bound. */
static void no_plan_is_below_its_bound(void **state)
{
    (void)state;
    static const char own[] =
        "optimizations:\n  a: {effects: {matmul.efficiency: 1 + tensor / 8, attention.flops: 1 / tensor}}\n"
        "  b: {effects: {pointwise.bytes@forward: 1 / data, residual.bytes: 1 / tensor, loss.bytes: 1 / pipeline}}\n"
        "  c: {effects: {attention.efficiency@backward: 'if(pipeline > 1, 3, 1)', trainable.share: 1 / micro_batch}}\n"
        "  d: {effects: {matmul.flops: 0, expert.efficiency: 2, scores.bytes: 0, recompute.layer: 1 / pipeline}}\n"
        "  e: {effects: {matmul.efficiency: 4, pointwise.bytes: 0, launch.count: 0}}\n";
    static const char *const models[] = {"llama-2-7b", "mixtral-8x7b", "deepseek-v3", "gpt-3-175b"};
    speedup_catalog *with;
    if (speedup_catalog_extend(context, catalog, "own", own, sizeof own - 1, &with)) {
        tell();
        fail();
    }
    size_t plans = 0, bounded = 0;
    for (size_t m = 0; m < sizeof models / sizeof *models; m++) {
        char text[700];
        snprintf(text, sizeof text, "plan: {model: %s, systems: [dgx-h100, dgx-a100-80gb], accelerators: [16, 64], sequence: 2048, global_batch: 64, tensor: [1, 2, 8], "
                 "pipeline: [1, 2, 4], context: [1, 2], expert: [1, 2, 8], virtual_stages: [1, 2], micro_batch: [1, 4], optimizations: [bf16-mixed-precision], "
                 "choices: [[none, a, c], [none, b, e], [none, d, sequence-parallelism], [none, activation-checkpointing]]}", models[m]);
        speedup_space *space;
        if (speedup_space_create(context, with, "space", text, strlen(text), NULL, 0, &space)) {
            tell();
            fail();
        }
        double whole, bound, values[SPEEDUP_METRIC_COUNT];
        assert_int_equal(speedup_space_bound(space, 0, UINT64_MAX, &whole), SPEEDUP_OK);
        for (uint64_t i = 0; i < speedup_space_size(space); i += 3) {
            if (speedup_space_estimate(space, i, NULL, 0, values, SPEEDUP_METRIC_COUNT))
                continue;
            assert_int_equal(speedup_space_bound(space, i, i + 1, &bound), SPEEDUP_OK);
            assert_true(whole <= bound && bound <= values[SPEEDUP_METRIC_RUN_EXPECTED_SECONDS]);
            plans++;
            bounded += bound > 0;
        }
        speedup_space_unref(space);
    }
    assert_true(plans > 1000 && bounded > plans / 2);
    speedup_catalog_unref(with);
}

static int32_t stop(void *user, uint64_t done, uint64_t size)
{
    (void)user, (void)done, (void)size;
    return 1;
}

static void products_bound_a_service_before_it_is_looked_at(void **state)
{
    (void)state;
    static const char *const objectives[] = {"time", "cost", "energy", "throughput"}, *const loads[] = {"concurrency: [1, 64, 512]", "request_rate: 4 /s"};
    for (size_t i = 0; i < sizeof objectives / sizeof *objectives; i++)
        for (size_t k = 0; k < 2; k++) {
            char yaml[400];
            double bound = 0, best, gap;
            speedup_space *space;
            speedup_result *whole, *stopped;
            snprintf(yaml, sizeof yaml, "plan: {model: llama-2-7b, systems: [dgx-h100, dgx-a100-80gb], stack: vllm, prompt: 500, output: 200, %s, prices: 2 USD/h, "
                     "objective: %s}", loads[k], objectives[i]);
            assert_int_equal(speedup_space_create(context, catalog, "space", yaml, strlen(yaml), NULL, 0, &space), SPEEDUP_OK);
            assert_int_equal(speedup_space_bound(space, 0, UINT64_MAX, &bound), SPEEDUP_OK);
            assert_int_equal(speedup_space_search(context, space, 0, UINT64_MAX, 1, NULL, NULL, &whole), SPEEDUP_OK);
            assert_int_equal(speedup_result_gap(whole, &best, &gap), SPEEDUP_OK);
            double ratio = i == 3 ? -bound / best : best / bound; /* throughput is to be more */
            print_message("%s, %s: the best is %.3g, its bound %.3g\n", objectives[i], loads[k], best, bound);
            assert_true(gap == 0 && ratio >= 1 && ratio < 3);
            speedup_status status = speedup_space_search(context, space, 0, UINT64_MAX, 1, stop, NULL, &stopped);
            if (status == SPEEDUP_CANCELLED) { /* else it was all in one chunk */
                speedup_result_gap(stopped, &best, &gap);
                assert_true(gap < 1e300);
            }
            assert_int_equal(speedup_space_bound(space, 0, 0, &bound), SPEEDUP_NOT_FOUND);
            speedup_result_destroy(stopped);
            speedup_result_destroy(whole);
            speedup_space_unref(space);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(contributions_are_differences_of_estimates),
        cmocka_unit_test(reasons_say_what_changes),
        cmocka_unit_test(what_the_catalog_would_add_is_what_it_adds),
        cmocka_unit_test(worth_is_what_a_search_with_more_finds),
        cmocka_unit_test(a_gigabyte_is_worth_what_a_larger_accelerator_finds),
        cmocka_unit_test(the_nearest_limit_makes_a_plan_possible),
        cmocka_unit_test(a_plan_is_a_scenario),
        cmocka_unit_test(no_plan_is_below_its_bound),
        cmocka_unit_test(products_bound_a_service_before_it_is_looked_at),
        cmocka_unit_test(admission_holds_a_service_to_its_targets_and_its_load),
        cmocka_unit_test(what_no_request_can_grant_is_not_admissible),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
