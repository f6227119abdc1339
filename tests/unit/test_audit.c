/* The audit: which rule gives which verdict. */
#include "helper.h"

#include "json.h"

#include <stdio.h>
#include <string.h>

static char report[100000];

/* The audit of claims as JSON, in `report`. */
static void audit(const char *yaml)
{
    speedup_text *text = NULL;
    size_t where;
    assert_ok(speedup_report_audit(world.context, world.catalog, "c.yaml", yaml, strlen(yaml), SPEEDUP_FORMAT_JSON, &text));
    assert_true(json_valid(speedup_text_get(text), &where));
    assert_true(strlen(speedup_text_get(text)) < sizeof report);
    strcpy(report, speedup_text_get(text));
    speedup_text_destroy(text);
}

static speedup_status refused(const char *yaml)
{
    speedup_text *text = (speedup_text *)(uintptr_t)1;
    speedup_status status =
        speedup_report_audit(world.context, world.catalog, "c.yaml", yaml, strlen(yaml), SPEEDUP_FORMAT_JSON, &text);
    if (!status)
        speedup_text_destroy(text);
    else
        assert_null(text);
    return status;
}

static void says(const char *path, const char *expected)
{
    char value[300];
    assert_true(json_string(report, path, value, sizeof value));
    assert_string_equal(value, expected);
}

static double number(const char *path)
{
    double value = 0;
    if (!json_number(report, path, &value))
        fail_msg("no number at %s in %s", path, report);
    return value;
}

static void a_headline_agrees_is_rounded_or_contradicts(void **state)
{
    (void)state;
    audit("claims: {headlines: ["
          "{name: a, from: 100 days, to: 50 days, factor: 2},"
          "{name: b, from: 100 days, to: 14 days, factor: 7},"
          "{name: c, from: 10, to: 150, factor: 20},"
          "{name: d, from: 10 MUSD, to: 2000 kUSD, factor: 5}]}");
    says("headlines[0].verdict", "agrees");
    says("headlines[1].verdict", "rounding");
    says("headlines[2].verdict", "contradicts");
    says("headlines[2].why", "the ratio is 15, not 20");
    says("headlines[3].verdict", "agrees");
    assert_near(number("headlines[1].ratio"), 100.0 / 14, 1e-15);
}

static void a_cumulative_column_is_recomputed(void **state)
{
    (void)state;
    audit("claims: {gains: [{name: t, quantity: throughput, overall: 6, rows: ["
          "{optimization: x, factor: 2, acts_on: [a]},"
          "{optimization: y, factor: 3, cumulative: 6, acts_on: [a]},"
          "{optimization: z, factor: 1.1, cumulative: 6.5, acts_on: [a]},"
          "{optimization: w, factor: 1, cumulative: 9, acts_on: [a]}]}]}");
    says("gains.t.rows[0].verdict", "untested");
    says("gains.t.rows[1].verdict", "agrees");
    says("gains.t.rows[2].verdict", "rounding");
    says("gains.t.rows[3].verdict", "contradicts");
    assert_near(number("gains.t.rows[3].cumulative"), 6.6, 1e-15);
}

static void an_overall_figure_below_the_product_depends_on_the_shares(void **state)
{
    (void)state;
    audit("claims: {gains: [{name: memory, quantity: memory, overall: 4, rows: ["
          "{optimization: x, factor: 8, acts_on: [weights]}, {optimization: y, factor: 2, acts_on: [activations]},"
          "{optimization: z, factor: 4, acts_on: [weights]}]}]}");
    says("gains.memory.verdict", "depends");
    assert_bits(number("gains.memory.nominal"), 64);
    assert_bits(number("gains.memory.guaranteed"), 2);
    /* 1/4 = a/2 + (1-a)/32 */
    assert_near(number("gains.memory.shares[1].largest_share"), (0.25 - 1.0 / 32) / (0.5 - 1.0 / 32), 1e-12);
}

static void an_overall_figure_out_of_all_bounds_contradicts(void **state)
{
    (void)state;
    audit("claims: {gains: [{name: m, quantity: memory, overall: 100, rows: ["
          "{optimization: x, factor: 8, acts_on: [weights]}, {optimization: y, factor: 2, acts_on: [activations]}]}]}");
    says("gains.m.verdict", "contradicts");
}

static void a_job_lays_the_model_beside_the_claims(void **state)
{
    (void)state;
    audit("claims: {gains: [{name: t, quantity: throughput, overall: 2, rows: ["
          "{optimization: activation-checkpointing, factor: 1.5, acts_on: [matmul]},"
          "{optimization: flash-attention-2, factor: 1.33, acts_on: [attention]}],"
          "job: {train: {model: llama-7b, system: dgx-a100-80gb, accelerators: 16, sequence: 2048, global_batch: 64, optimizations: [bf16-mixed-precision]}}}]}");
    says("gains.t.rows[0].verdict", "contradicts"); /* recomputation makes it slower */
    assert_true(number("gains.t.rows[0].modelled") < 1);
    assert_true(number("gains.t.rows[1].modelled") > 1);
    says("gains.t.configuration", "LLaMA 7B on 16 x NVIDIA A100 SXM 80GB");
}

#define RUN(row)                                                                                              \
    "claims: {training_costs: {model: llama-2-70b, tokens: 1.4 T, sequence: 4096, global_batch: 1024, rows: [" row "]}}"

static void a_run_that_needs_more_than_the_peak_contradicts(void **state)
{
    (void)state;
    audit(RUN("{name: r, system: dgx-h100, accelerators: 64, days: 14 days, cost: 2 MUSD, precision: bf16}"));
    says("training_costs[0].verdict", "contradicts");
    assert_contains(report, "times the peak");
    assert_near(number("training_costs[0].usd_per_hour"), 2e6 / (64 * 14 * 24), 1e-12);
    double parameters = 0;
    assert_int_equal(speedup_catalog_number(world.catalog, "models", "llama-2-70b", "parameters", &parameters), SPEEDUP_OK);
    assert_near(number("training_costs[0].needed_flops_per_second"), 6 * parameters * 1.4e12 / (64 * 14 * 86400.0), 0.01);
}

static void a_run_within_the_modelled_interval_agrees(void **state)
{
    (void)state;
    static const char format[] = RUN("{name: r, system: dgx-h100, accelerators: 512, days: %.3f s, cost: 2 MUSD, precision: bf16, "
                                     "optimizations: [bf16-mixed-precision, flash-attention-2, distributed-optimizer, activation-checkpointing]}");
    char yaml[1000];
    snprintf(yaml, sizeof yaml, format, 86400. * 40);
    audit(yaml);
    double modelled = number("training_costs[0].modelled_seconds.value");
    snprintf(yaml, sizeof yaml, format, modelled);
    audit(yaml);
    says("training_costs[0].verdict", "agrees");
    snprintf(yaml, sizeof yaml, format, modelled * 3);
    audit(yaml);
    says("training_costs[0].verdict", "depends");
    snprintf(yaml, sizeof yaml, format, number("training_costs[0].modelled_seconds.low") * 0.95);
    audit(yaml);
    says("training_costs[0].verdict", "contradicts");
}

static void a_run_that_fits_nowhere_contradicts(void **state)
{
    (void)state;
    audit(RUN("{name: r, system: dgx-a100-40gb, accelerators: 8, days: 4000 days, cost: 2 MUSD, precision: bf16, optimizations: [bf16-mixed-precision]}"));
    says("training_costs[0].verdict", "contradicts");
    says("training_costs[0].why", "fits no plain layout of this many accelerators");
}

static void an_identity_is_evaluated(void **state)
{
    (void)state;
    audit("claims: {identities: ["
          "{name: a, claimed: 7, expression: phi ^ 4},"
          "{name: b, claimed: 15, expression: phi ^ 6},"
          "{name: c, claimed: 8, expression: 2 ^ 3},"
          "{name: v, expression: n * 3 ^ k, parameters: [n, k]},"
          "{name: w, claimed: 5, expression: (1 + 2 ^ 2)},"
          "{name: x, expression: 2 ^ 5}]}");
    says("identities[0].verdict", "rounding");
    says("identities[1].verdict", "contradicts");
    assert_near(number("identities[1].exponent"), 5.6276, 1e-4);
    says("identities[2].verdict", "agrees");
    says("identities[3].verdict", "depends");
    says("identities[4].verdict", "agrees");
    says("identities[5].verdict", "untested"); /* nothing is claimed */
    assert_near(number("identities[5].value"), 32, 0);
}

static void serving_costs_without_a_job_are_untested(void **state)
{
    (void)state;
    audit("claims: {serving_costs: [{name: fp16, cost: 10 USD}, {name: fast, tokens_per_second: 100}]}");
    says("serving_costs[0].verdict", "untested");
    assert_bits(number("serving_costs[0].claimed"), 10);
    assert_bits(number("serving_costs[1].claimed"), 100);
}

static void wrong_documents_are_refused(void **state)
{
    (void)state;
    assert_int_equal(refused("a: 1"), SPEEDUP_NO_CLAIMS);
    assert_int_equal(refused("[a]"), SPEEDUP_WRONG_TYPE);
    assert_int_equal(refused("claims: {headline: []}"), SPEEDUP_UNKNOWN_KEY);
    assert_int_equal(refused("claims: {headlines: [{name: a}]}"), SPEEDUP_MISSING_KEY);
    assert_int_equal(refused("claims: {headlines: [{name: a, from: x, to: 5, factor: 2}]}"), SPEEDUP_BAD_NUMBER);
    assert_int_equal(refused("claims: {identities: [{name: a, claimed: 1, expression: 1 +}]}"), SPEEDUP_EXPRESSION);
    assert_int_equal(refused("claims: {identities: [{name: a, claimed: 1, expression: n ^ 2}]}"), SPEEDUP_UNKNOWN_NAME);
    assert_int_equal(refused(RUN("{name: r, system: dgx-h10, accelerators: 64, days: 14 days, cost: 2 MUSD, precision: bf16}")), SPEEDUP_UNKNOWN_ENTRY);
    assert_int_equal(refused(RUN("{name: r, system: dgx-a100-80gb, accelerators: 64, days: 14 days, cost: 2 MUSD, precision: fp8}")),
                     SPEEDUP_UNSUPPORTED_PRECISION);
    assert_int_equal(refused("claims: {gains: [{name: t, quantity: q, overall: 2, rows: [{optimization: x, factor: 0, acts_on: [a]}]}]}"),
                     SPEEDUP_OUT_OF_RANGE);
    /* Two tables of one name would be one key of the JSON. */
    assert_int_equal(refused("claims: {gains: [{name: t, quantity: q, overall: 2, rows: []}, {name: t, quantity: q, overall: 2, rows: []}]}"),
                     SPEEDUP_EXISTS);
}

static void all_errors_of_a_document_are_told(void **state)
{
    (void)state;
    assert_int_equal(refused("claims: {headlines: [{name: a, from: 1, to: 2, factor: x}], identities: [{name: b}], "
                             "training_costs: {model: nope, tokens: 1, sequence: 1, global_batch: 1, rows: []}}"),
                     SPEEDUP_BAD_NUMBER);
    assert_int_equal(speedup_diagnostic_count(world.context), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_headline_agrees_is_rounded_or_contradicts),
        cmocka_unit_test(a_cumulative_column_is_recomputed),
        cmocka_unit_test(an_overall_figure_below_the_product_depends_on_the_shares),
        cmocka_unit_test(an_overall_figure_out_of_all_bounds_contradicts),
        cmocka_unit_test(a_job_lays_the_model_beside_the_claims),
        cmocka_unit_test(a_run_that_needs_more_than_the_peak_contradicts),
        cmocka_unit_test(a_run_within_the_modelled_interval_agrees),
        cmocka_unit_test(a_run_that_fits_nowhere_contradicts),
        cmocka_unit_test(an_identity_is_evaluated),
        cmocka_unit_test(serving_costs_without_a_job_are_untested),
        cmocka_unit_test(wrong_documents_are_refused),
        cmocka_unit_test(all_errors_of_a_document_are_told),
    };
    return cmocka_run_group_tests(tests, world_begin, world_end);
}
