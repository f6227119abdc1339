/* Reports of inference jobs, the changes that make a job fit, and the audit of claims
 * about serving: read back from JSON. */
#include "helper.h"

#include "json.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static char report[200000];

static void keep(speedup_text *text, int32_t format)
{
    size_t where;
    assert_true(format == SPEEDUP_FORMAT_TEXT || json_valid(speedup_text_get(text), &where));
    assert_true(strlen(speedup_text_get(text)) < sizeof report);
    strcpy(report, speedup_text_get(text));
    speedup_text_destroy(text);
}

static void estimate(const char *yaml, const char *const *settings, int32_t format)
{
    speedup_scenario *scenario = scenario_of(world.catalog, yaml, settings);
    speedup_text *text = NULL;
    assert_ok(speedup_report_estimate(world.context, scenario, format, &text));
    speedup_scenario_unref(scenario);
    keep(text, format);
}

static void audit(const char *yaml)
{
    speedup_text *text = NULL;
    assert_ok(speedup_report_audit(world.context, world.catalog, "c.yaml", yaml, strlen(yaml), SPEEDUP_FORMAT_JSON, &text));
    keep(text, SPEEDUP_FORMAT_JSON);
}

static void has_keys(const char *keys)
{
    char key[40];
    for (; *keys; keys += strcspn(keys, " ") + (keys[strcspn(keys, " ")] == ' ')) {
        snprintf(key, sizeof key, "\"%.*s\": ", (int)strcspn(keys, " "), keys);
        assert_non_null(strstr(report, key));
    }
}

/* Without a place, of a space that would take long: tests/plan/test_limits.c. */
static void an_error_has_all_keys(void **state)
{
    (void)state;
    static const char *const texts[] = {"train: {model: nothing}", "train: [", "", "plan: {model: nothing}", "claims: {gains: 1}"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        speedup_text *text = NULL;
        assert_int_not_equal(speedup_answer(world.context, texts[i], strlen(texts[i]), &text), SPEEDUP_OK);
        keep(text, SPEEDUP_FORMAT_JSON);
        has_keys("errors code name message file line column remedy");
    }
}

static double number(const char *path)
{
    double value = 0;
    if (!json_number(report, path, &value))
        fail_msg("no number at %s in %s", path, report);
    return value;
}

static const char *string(const char *path)
{
    static char value[400];
    if (!json_string(report, path, value, sizeof value))
        fail_msg("no text at %s in %s", path, report);
    return value;
}

static const char serving[] = "serve:\n"
                              "  model: llama-3-1-70b\n"
                              "  system: dgx-h100\n"
                              "  stack: vllm\n"
                              "  accelerators: 8\n"
                              "  concurrency: 64\n"
                              "  prompt: 1024\n"
                              "  output: 1024\n"
                              "  layout: {tensor: 8}\n"
                              "  optimizations: [fp8-weights, fp8-kv-cache]\n"
                              "  price: 2.00 USD/h\n";

static void an_interval_stands_around_each_time(void **state)
{
    (void)state;
    static const char *const times[] = {"time_to_first_token", "time_per_output_token", "request_seconds", "tokens_per_second",
                                        "tokens_per_second_per_accelerator", "requests_per_second"};
    estimate(serving, PLAIN, SPEEDUP_FORMAT_JSON);
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        char path[100];
        snprintf(path, sizeof path, "answer.%s.value", times[i]);
        double value = number(path);
        snprintf(path, sizeof path, "answer.%s.low", times[i]);
        assert_true(number(path) < value);
        snprintf(path, sizeof path, "answer.%s.high", times[i]);
        assert_true(number(path) > value);
    }
    assert_near(number("answer.tokens_per_second.value"), 8 * number("answer.tokens_per_second_per_accelerator.value"), 1e-12);
}

static void the_terms_add_up_to_the_time_of_a_token(void **state)
{
    (void)state;
    estimate(serving, PLAIN, SPEEDUP_FORMAT_JSON);
    double sum = 0, share = 0;
    for (size_t i = 0; i < json_count(report, "time"); i++) {
        char path[100];
        snprintf(path, sizeof path, "time[%zu].seconds", i);
        sum += number(path);
        snprintf(path, sizeof path, "time[%zu].share", i);
        share += number(path);
    }
    assert_near(sum, number("answer.time_per_output_token.value"), 1e-9);
    assert_near(share, 1, 1e-9);
}

static void what_binds_a_term_follows_the_load(void **state)
{
    (void)state;
    estimate(serving, PLAIN, SPEEDUP_FORMAT_JSON);
    assert_string_equal(string("time[0].bound_by"), "memory bandwidth");
    estimate(serving, WITH("serve.concurrency=4096", "serve.prompt=64", "serve.output=64"), SPEEDUP_FORMAT_JSON);
    assert_string_equal(string("time[0].bound_by"), "compute");
}

static void money_and_energy_come_per_million_tokens(void **state)
{
    (void)state;
    estimate(serving, PLAIN, SPEEDUP_FORMAT_JSON);
    /* 8 accelerators at 2 USD an hour, over the tokens of an hour. */
    double tokens = number("answer.tokens_per_second.value") * 3600;
    assert_near(number("per_million[2].cost.value"), 16 / tokens * 1e6, 1e-9);
    assert_near(number("per_million[0].cost.value") + number("per_million[1].cost.value"), number("per_million[2].cost.value"), 1e-9);
    assert_near(number("per_million[1].joules.value"), 3.6e6 * number("per_million[1].kilowatt_hours"), 1e-12);
}

static void without_a_price_no_money_is_named(void **state)
{
    (void)state;
    double value;
    estimate(serving, WITH("serve.price=0 USD/h"), SPEEDUP_FORMAT_JSON);
    assert_false(json_number(report, "per_million[0].cost.value", &value));
}

static void the_waterfall_multiplies_to_the_whole_gain(void **state)
{
    (void)state;
    estimate(serving, PLAIN, SPEEDUP_FORMAT_JSON);
    assert_int_equal(json_count(report, "waterfall"), 3);
    assert_near(number("waterfall[1].gain") * number("waterfall[2].gain"), number("waterfall[2].cumulative"), 1e-12);
    assert_near(number("waterfall[2].tokens_per_second"), number("answer.tokens_per_second.value"), 1e-12);
    assert_near(number("waterfall[0].time_per_output_token") / number("waterfall[2].token_cumulative"),
                number("answer.time_per_output_token.value"), 1e-12);
}

static void more_requests_than_fit_are_told(void **state)
{
    (void)state;
    estimate(serving, WITH("serve.concurrency=9000"), SPEEDUP_FORMAT_JSON);
    assert_true(number("answer.max_concurrency") < 9000);
    assert_contains(string("answer.room"), "the rest wait");
}

static void a_rate_that_is_not_served_has_no_mean_wait(void **state)
{
    (void)state;
    char text[200];
    static const char rate[] = "serve: {model: llama-3-1-8b, system: dgx-h100, accelerators: 1, request_rate: 1000 /s, prompt: 512, output: 512}";
    estimate(rate, PLAIN, SPEEDUP_FORMAT_JSON);
    assert_contains(string("answer.room"), "without end");
    assert_false(json_string(report, "answer.time_to_first_token", text, sizeof text));
}

static void targets_are_met_or_not(void **state)
{
    (void)state;
    estimate(serving, WITH("serve.targets={time_per_output_token: 1 s}"), SPEEDUP_FORMAT_TEXT);
    assert_contains(report, "meets its targets      yes");
    estimate(serving, WITH("serve.targets={time_per_output_token: 1 ms}"), SPEEDUP_FORMAT_TEXT);
    assert_contains(report, "meets its targets      no");
}

static void the_largest_load_that_meets_the_targets_is_told(void **state)
{
    (void)state;
    estimate(serving, WITH("serve.targets={time_per_output_token: 20 ms}"), SPEEDUP_FORMAT_JSON);
    double most = number("answer.concurrency_at_targets");
    assert_true(most > 64);
    assert_contains(string("answer.load_at_targets"), "requests at once");
    char text[100];
    snprintf(text, sizeof text, "serve.concurrency=%.0f", most * 1.1);
    estimate(serving, WITH("serve.targets={time_per_output_token: 20 ms}", text), SPEEDUP_FORMAT_TEXT);
    assert_contains(report, "meets its targets      no");
    estimate(serving, WITH("serve.targets={time_per_output_token: 1 ms}"), SPEEDUP_FORMAT_JSON);
    assert_near(number("answer.concurrency_at_targets"), 0, 0);
    assert_contains(string("answer.load_at_targets"), "one request alone misses them");
}

static void pools_stand_beside_each_other(void **state)
{
    (void)state;
    double value;
    estimate(serving, PLAIN, SPEEDUP_FORMAT_JSON);
    assert_int_equal(json_count(report, "pools"), 0);
    static const char *const apart[] = {"serve.accelerators=16", "serve.prefill={accelerators: 4, tensor: 4}", "serve.layout={tensor: 4}", "serve.prompt=8000", NULL};
    estimate(serving, apart, SPEEDUP_FORMAT_JSON);
    assert_int_equal(json_count(report, "pools"), 2);
    assert_near(number("pools[0].accelerators") + number("pools[1].accelerators"), 16, 0);
    assert_string_equal(string("pools[0].limits"), "yes");
    assert_string_equal(string("pools[1].limits"), "no");
    assert_true(number("pools[0].requests_per_second") >= number("answer.requests_per_second.value"));
    assert_true(number("pools[1].requests_per_second") >= number("pools[0].requests_per_second"));
    assert_near(number("answer.transfer_bytes"), 8000.0 * 80 * 2 * 8 * 128, 1e-12);
    /* A pool that does not hold the model says so, and by how much. */
    static const char *const small[] = {"serve.accelerators=9", "serve.prefill={accelerators: 1}", "serve.layout={tensor: 4}", "serve.optimizations=[]", NULL};
    estimate(serving, small, SPEEDUP_FORMAT_JSON);
    assert_contains(string("answer.verdict"), "NO: it needs");
    assert_false(json_number(report, "pools[0].utilization", &value));
    assert_false(json_number(report, "pools[1].memory_peak", &value));
    assert_near(number("pools[0].memory_peak"), number("answer.memory_peak.value"), 1e-3);
    /* What is told to fit does: the pool's own degree and accelerators. */
    bool told = false;
    for (size_t i = 0; i < json_count(report, "changes"); i++) {
        char path[100], degree[100], accelerators[100], total[100];
        double all;
        snprintf(path, sizeof path, "changes[%zu].prefill_tensor", i);
        if (!json_number(report, path, &value))
            continue;
        snprintf(path, sizeof path, "changes[%zu].accelerators", i);
        assert_true(json_number(report, path, &all));
        snprintf(degree, sizeof degree, "serve.prefill.tensor=%.0f", value);
        snprintf(accelerators, sizeof accelerators, "serve.prefill.accelerators=%.0f", value);
        snprintf(total, sizeof total, "serve.accelerators=%.0f", all);
        static const char *const as_before[] = {"serve.layout={tensor: 4}", "serve.optimizations=[]", "serve.prefill={accelerators: 1}"};
        assert_near(all, 8 + value, 0);
        assert_true(metric_of(world.catalog, serving, WITH(as_before[0], as_before[1], as_before[2], degree, accelerators, total),
                              SPEEDUP_METRIC_FITS) == 1);
        told = true;
    }
    assert_true(told);
}

/* Never a number for a service that cannot be: 0 requests fit, and none are served. */
static void what_does_not_fit_serves_nobody(void **state)
{
    (void)state;
    double value;
    estimate(serving, WITH("serve.layout={tensor: 1}", "serve.optimizations=[]", "serve.targets={time_per_output_token: 1 s}"), SPEEDUP_FORMAT_JSON);
    assert_near(number("answer.max_concurrency"), 0, 0);
    assert_false(json_number(report, "answer.requests_per_second.value", &value));
    assert_false(json_number(report, "answer.concurrency_at_targets", &value));
    assert_int_equal(json_count(report, "per_million"), 0);
}

static void what_does_not_fit_has_no_times_but_changes(void **state)
{
    (void)state;
    double value;
    estimate(serving, WITH("serve.accelerators=1", "serve.layout={tensor: 1}", "serve.optimizations=[]"), SPEEDUP_FORMAT_JSON);
    assert_false(json_number(report, "answer.time_per_output_token.value", &value));
    assert_int_equal(json_count(report, "time"), 0);
    assert_contains(string("answer.verdict"), "NO: it needs");
    assert_string_equal(string("changes[0].change"), "tensor 2");
    assert_near(number("changes[0].accelerators"), 2, 0);
    /* An optimization that chooses narrower weights fits on the one accelerator. */
    bool narrower = false;
    for (size_t i = 0; i < json_count(report, "changes"); i++) {
        char path[100], id[100];
        snprintf(path, sizeof path, "changes[%zu].optimization", i);
        if (json_string(report, path, id, sizeof id)) {
            snprintf(path, sizeof path, "changes[%zu].accelerators", i);
            narrower |= number(path) == 1;
        }
    }
    assert_true(narrower);
}

/* A change that is told makes the job fit when it is made. */
static void every_change_that_is_told_is_enough(void **state)
{
    (void)state;
    static const char training[] = "train: {model: llama-2-13b, system: dgx-a100-80gb, accelerators: 8, sequence: 4096, global_batch: 64,"
                                   " micro_batch: 8, optimizations: [bf16-mixed-precision, flash-attention-2]}";
    estimate(training, PLAIN, SPEEDUP_FORMAT_JSON);
    size_t count = json_count(report, "changes");
    assert_true(count > 0);
    char before[sizeof report];
    strcpy(before, report);
    for (size_t i = 0; i < count; i++) {
        char path[100], id[100], settings[4][200];
        const char *given[5] = {NULL};
        size_t n = 0;
        static const char *const degrees[][2] = {{"tensor", "train.layout.tensor"}, {"pipeline", "train.layout.pipeline"}, {"micro_batch", "train.micro_batch"}};
        double value;
        for (size_t d = 0; d < 3; d++) {
            snprintf(path, sizeof path, "changes[%zu].%s", i, degrees[d][0]);
            if (json_number(before, path, &value))
                snprintf(settings[n], sizeof settings[n], "%s=%.0f", degrees[d][1], value), given[n] = settings[n], n++;
        }
        snprintf(path, sizeof path, "changes[%zu].accelerators", i);
        assert_true(json_number(before, path, &value));
        snprintf(settings[n], sizeof settings[n], "train.accelerators=%.0f", value), given[n] = settings[n], n++;
        snprintf(path, sizeof path, "changes[%zu].optimization", i);
        if (json_string(before, path, id, sizeof id))
            snprintf(settings[n], sizeof settings[n], "train.optimizations=[bf16-mixed-precision, flash-attention-2, %s]", id), given[n] = settings[n], n++;
        assert_true(metric_of(world.catalog, training, given, SPEEDUP_METRIC_FITS) == 1);
    }
}

static void an_impossible_layout_is_refused_with_its_numbers(void **state)
{
    (void)state;
    assert_int_equal(refused_scenario(world.catalog, serving, WITH("serve.layout={tensor: 3}")), SPEEDUP_DOES_NOT_DIVIDE);
    assert_contains(speedup_diagnostic_text(world.context, 0), "3 does not divide 8 accelerators");
}

static void an_inference_job_is_attributed_by_throughput(void **state)
{
    (void)state;
    speedup_scenario *scenario = scenario_of(world.catalog, serving, PLAIN);
    speedup_contribution c[2] = {{.struct_size = sizeof *c}};
    size_t count = 2;
    assert_ok(speedup_scenario_attribute(world.context, scenario, c, &count));
    estimate(serving, PLAIN, SPEEDUP_FORMAT_JSON);
    assert_near(c[0].waterfall, number("waterfall[1].gain"), 1e-12);
    assert_near(exp(c[0].shapley + c[1].shapley), number("waterfall[2].cumulative"), 1e-12);
    speedup_scenario_unref(scenario);
}

static const char space[] = "claims: {serving_space: {systems: [dgx-h100], tensor: [1, 2, 8], concurrency: [1, 16]}, serving_costs: [";
static const char served[] = "job: {serve: {model: llama-3-1-8b, prompt: 512, output: 512}}";

static void a_claim_true_of_some_places_depends_on_them(void **state)
{
    (void)state;
    char yaml[1000];
    audit("claims: {serving_costs: [{name: x, tokens_per_second: 1, job: {serve: {model: llama-3-1-8b, system: dgx-h100,"
          " accelerators: 1, concurrency: 16, prompt: 512, output: 512}}}]}");
    assert_string_equal(string("serving_costs[0].verdict"), "contradicts");
    double modelled = number("serving_costs[0].modelled.value");
    snprintf(yaml, sizeof yaml, "%s{name: x, tokens_per_second: %.17g, %s}]}", space, modelled, served);
    audit(yaml);
    assert_string_equal(string("serving_costs[0].verdict"), "depends");
    assert_contains(string("serving_costs[0].configuration"), "1 x NVIDIA H100 SXM 80GB (tensor 1), 16 at once");
    assert_near(number("serving_costs[0].modelled.value"), modelled, 1e-12);
}

static void a_claim_true_of_the_one_place_agrees(void **state)
{
    (void)state;
    char yaml[1000];
    static const char form[] = "claims: {serving_costs: [{name: x, tokens_per_second: %.17g, job: {serve: {model: llama-3-1-8b,"
                               " system: dgx-h100, accelerators: 1, concurrency: 16, prompt: 512, output: 512}}}]}";
    snprintf(yaml, sizeof yaml, form, 1.0);
    audit(yaml);
    snprintf(yaml, sizeof yaml, form, number("serving_costs[0].modelled.value") * 1.01);
    audit(yaml);
    assert_string_equal(string("serving_costs[0].verdict"), "agrees");
}

static void a_claim_twice_off_everywhere_is_contradicted(void **state)
{
    (void)state;
    char yaml[1000];
    snprintf(yaml, sizeof yaml, "%s{name: x, cost: 0.0001 USD, %s}, {name: y, cost: 1000000 USD, %s}]}", space, served, served);
    audit(yaml);
    assert_string_equal(string("serving_costs[0].verdict"), "contradicts");
    assert_string_equal(string("serving_costs[1].verdict"), "contradicts");
}

static void without_a_job_a_serving_claim_is_untested(void **state)
{
    (void)state;
    audit("claims: {serving_costs: [{name: x, cost: 3 USD}]}");
    assert_string_equal(string("serving_costs[0].verdict"), "untested");
}

static void a_headline_names_where_both_its_ends_are_nearest(void **state)
{
    (void)state;
    audit("claims: {serving_space: {systems: [dgx-h100], tensor: [1, 2], concurrency: [1]}, headlines: [{name: h, from: 1, to: 1000,"
          " factor: 1000, job: {serve: {model: llama-3-1-8b, prompt: 512, output: 512, optimizations: [awq, cuda-graphs]}}}]}");
    assert_string_equal(string("headlines[0].verdict"), "contradicts");
    assert_near(number("headlines[0].modelled_to") / number("headlines[0].modelled_from"), number("headlines[0].modelled"), 1e-12);
}

static void gains_are_modelled_where_they_come_nearest(void **state)
{
    (void)state;
    audit("claims: {serving_space: {systems: [dgx-h100], tensor: [1, 2], concurrency: [1, 64]}, gains: [{name: g, quantity: throughput, overall: 100,"
          " rows: [{optimization: awq, factor: 10, acts_on: [weights]}, {optimization: cuda-graphs, factor: 10, cumulative: 100, acts_on: [host]}],"
          " job: {serve: {model: llama-3-1-8b, prompt: 512, output: 512}}}]}");
    assert_true(number("gains.g.rows[1].modelled_cumulative") > 1);
    assert_string_equal(string("gains.g.verdict"), "contradicts");
    assert_contains(string("gains.g.configuration"), "at once");
}

static speedup_status refused(const char *yaml)
{
    speedup_text *text = NULL;
    speedup_status status = speedup_report_audit(world.context, world.catalog, "c.yaml", yaml, strlen(yaml), SPEEDUP_FORMAT_JSON, &text);
    speedup_text_destroy(text);
    return status;
}

static void a_space_without_systems_or_a_job_of_another_kind_is_refused(void **state)
{
    (void)state;
    assert_int_equal(refused("claims: {serving_costs: [{name: x, cost: 3 USD, job: {serve: {model: llama-3-1-8b, prompt: 1, output: 1}}}]}"), SPEEDUP_MISSING_KEY);
    assert_int_equal(refused("claims: {serving_costs: [{name: x, cost: 3 USD, job: {train: {model: llama-3-1-8b}}}]}"), SPEEDUP_NO_JOB);
    assert_int_equal(refused("claims: {serving_space: {systems: [dgx-h1000]}}"), SPEEDUP_UNKNOWN_ENTRY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_error_has_all_keys),
        cmocka_unit_test(an_interval_stands_around_each_time),
        cmocka_unit_test(the_terms_add_up_to_the_time_of_a_token),
        cmocka_unit_test(what_binds_a_term_follows_the_load),
        cmocka_unit_test(money_and_energy_come_per_million_tokens),
        cmocka_unit_test(without_a_price_no_money_is_named),
        cmocka_unit_test(the_waterfall_multiplies_to_the_whole_gain),
        cmocka_unit_test(more_requests_than_fit_are_told),
        cmocka_unit_test(a_rate_that_is_not_served_has_no_mean_wait),
        cmocka_unit_test(targets_are_met_or_not),
        cmocka_unit_test(the_largest_load_that_meets_the_targets_is_told),
        cmocka_unit_test(pools_stand_beside_each_other),
        cmocka_unit_test(what_does_not_fit_serves_nobody),
        cmocka_unit_test(what_does_not_fit_has_no_times_but_changes),
        cmocka_unit_test(every_change_that_is_told_is_enough),
        cmocka_unit_test(an_impossible_layout_is_refused_with_its_numbers),
        cmocka_unit_test(an_inference_job_is_attributed_by_throughput),
        cmocka_unit_test(a_claim_true_of_some_places_depends_on_them),
        cmocka_unit_test(a_claim_true_of_the_one_place_agrees),
        cmocka_unit_test(a_claim_twice_off_everywhere_is_contradicted),
        cmocka_unit_test(without_a_job_a_serving_claim_is_untested),
        cmocka_unit_test(a_headline_names_where_both_its_ends_are_nearest),
        cmocka_unit_test(gains_are_modelled_where_they_come_nearest),
        cmocka_unit_test(a_space_without_systems_or_a_job_of_another_kind_is_refused),
    };
    return cmocka_run_group_tests(tests, world_begin, world_end);
}
