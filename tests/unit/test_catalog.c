/* Catalogs: entries by kind, extended without touching the base, replaced, based on
 * one another, and read by path. */
#include "helper.h"

#include <stdio.h>
#include <string.h>

#define CHIP                                                                                                  \
    "accelerators:\n  chip: {peak: {bf16: 100 TFLOP/s}, memory: 16 GB, bandwidth: 1 TB/s}\n"

static double number(const speedup_catalog *catalog, const char *kind, const char *id, const char *field)
{
    double value = 0;
    assert_int_equal(speedup_catalog_number(catalog, kind, id, field, &value), SPEEDUP_OK);
    return value;
}

static speedup_status lookup(const speedup_catalog *catalog, const char *kind, const char *id, const char *field)
{
    double value = 0;
    return speedup_catalog_number(catalog, kind, id, field, &value);
}

static void the_data_is_built_in(void **state)
{
    (void)state;
    assert_true(speedup_catalog_count(world.catalog, "accelerators") >= 20);
    assert_true(speedup_catalog_count(world.catalog, "systems") >= 10);
    assert_true(speedup_catalog_count(world.catalog, "models") >= 50);
    assert_true(speedup_catalog_count(world.catalog, "optimizations") >= 25);
    assert_true(speedup_catalog_count(world.catalog, "prices") >= 5);
    assert_int_equal(speedup_catalog_count(world.catalog, "nonsense"), 0);
    assert_bits(number(world.catalog, "accelerators", "h100-sxm-80gb", "peak.bf16"), 989.4e12);
    assert_bits(number(world.catalog, "accelerators", "a100-sxm-80gb", "bandwidth"), 2039e9);
    assert_bits(number(world.catalog, "models", "llama-65b", "layers"), 80);
}

static void entries_are_listed_in_order_of_their_ids(void **state)
{
    (void)state;
    speedup_word kind = {.struct_size = sizeof kind};
    for (size_t k = 0; speedup_kind_at(k, &kind) == SPEEDUP_OK; k++) {
        const char *last = "", *id, *name;
        size_t i = 0;
        for (; speedup_catalog_at(world.catalog, kind.name, i, &id, &name) == SPEEDUP_OK; i++) {
            assert_true(strcmp(last, id) < 0);
            assert_non_null(name);
            last = id;
        }
        assert_int_equal(i, speedup_catalog_count(world.catalog, kind.name));
    }
    const char *id;
    assert_int_equal(speedup_catalog_at(world.catalog, "models", 100000, &id, NULL), SPEEDUP_NOT_FOUND);
    assert_int_equal(speedup_catalog_at(world.catalog, "nonsense", 0, &id, NULL), SPEEDUP_NOT_FOUND);
}

static void numbers_are_found_by_the_path_of_their_field(void **state)
{
    (void)state;
    assert_int_equal(lookup(world.catalog, "accelerators", "a100-sxm-80gb", "memory"), SPEEDUP_OK);
    assert_int_equal(lookup(world.catalog, "accelerators", "a100-sxm-80gb", "peak"), SPEEDUP_NOT_FOUND);
    assert_int_equal(lookup(world.catalog, "accelerators", "a100-sxm-80gb", "peak."), SPEEDUP_NOT_FOUND);
    assert_int_equal(lookup(world.catalog, "accelerators", "a100-sxm-80gb", "peak.fp8"), SPEEDUP_NOT_FOUND);
    assert_int_equal(lookup(world.catalog, "accelerators", "a100-sxm-80gb", "peak.bf16.x"), SPEEDUP_NOT_FOUND);
    assert_int_equal(lookup(world.catalog, "accelerators", "a100-sxm-80gb", "vendor"), SPEEDUP_NOT_FOUND);
    assert_int_equal(lookup(world.catalog, "accelerators", "a100-sxm-80gb", ""), SPEEDUP_NOT_FOUND);
    assert_int_equal(lookup(world.catalog, "accelerators", "nonsense", "memory"), SPEEDUP_NOT_FOUND);
    assert_int_equal(lookup(world.catalog, "nonsense", "nonsense", "memory"), SPEEDUP_NOT_FOUND);
    assert_int_equal(lookup(world.catalog, "models", "mixtral-8x7b", "experts.active"), SPEEDUP_OK);
}

static void extending_leaves_the_base_as_it_was(void **state)
{
    (void)state;
    size_t count = speedup_catalog_count(world.catalog, "accelerators");
    speedup_catalog *catalog = extend(world.catalog, CHIP);
    assert_int_equal(speedup_catalog_count(catalog, "accelerators"), count + 1);
    assert_int_equal(speedup_catalog_count(world.catalog, "accelerators"), count);
    assert_int_equal(lookup(world.catalog, "accelerators", "chip", "memory"), SPEEDUP_NOT_FOUND);
    assert_bits(number(catalog, "accelerators", "chip", "memory"), 16e9);
    assert_bits(number(catalog, "accelerators", "a100-sxm-80gb", "memory"), 80. * 1073741824);
    speedup_catalog_unref(catalog);
}

static void a_file_with_errors_adds_nothing(void **state)
{
    (void)state;
    size_t count = speedup_catalog_count(world.catalog, "accelerators");
    assert_int_equal(refused_catalog(world.catalog, CHIP "  bad: {memory: 1 GB}\n"), SPEEDUP_MISSING_KEY);
    assert_int_equal(speedup_diagnostic_count(world.context), 2); /* peak and bandwidth */
    assert_int_equal(speedup_catalog_count(world.catalog, "accelerators"), count);
}

static void an_entry_overrides_another_only_by_saying_so(void **state)
{
    (void)state;
    assert_int_equal(refused_catalog(world.catalog, "accelerators:\n  a100-sxm-80gb: {base: h100-sxm-80gb}\n"), SPEEDUP_EXISTS);
    speedup_catalog *catalog =
        extend(world.catalog, "accelerators:\n  a100-sxm-80gb: {base: a100-sxm-80gb, replaces: true, memory: 96 GB}\n");
    assert_bits(number(catalog, "accelerators", "a100-sxm-80gb", "memory"), 96e9);
    assert_bits(number(catalog, "accelerators", "a100-sxm-80gb", "bandwidth"), 2039e9);
    assert_bits(number(world.catalog, "accelerators", "a100-sxm-80gb", "memory"), 80. * 1073741824);
    assert_int_equal(speedup_catalog_count(catalog, "accelerators"), speedup_catalog_count(world.catalog, "accelerators"));
    assert_int_equal(refused_catalog(world.catalog, "models:\n  mine: {base: llama-7b, replaces: true}\n"),
                     SPEEDUP_NOTHING_TO_REPLACE);
    speedup_catalog_unref(catalog);
}

static void a_base_is_reused_with_what_is_given_put_over_it(void **state)
{
    (void)state;
    speedup_catalog *catalog = extend(world.catalog, "accelerators:\n"
                                                     "  c: {base: b, bandwidth: 3 TB/s}\n"
                                                     "  b: {base: a, memory: 32 GB, peak: {fp8: 200 TFLOP/s}}\n"
                                                     "  a: {peak: {bf16: 100 TFLOP/s}, memory: 16 GB, bandwidth: 1 TB/s}\n");
    assert_bits(number(catalog, "accelerators", "c", "memory"), 32e9);
    assert_bits(number(catalog, "accelerators", "c", "bandwidth"), 3e12);
    assert_bits(number(catalog, "accelerators", "c", "peak.bf16"), 100e12);
    assert_bits(number(catalog, "accelerators", "c", "peak.fp8"), 200e12);
    assert_int_equal(lookup(catalog, "accelerators", "a", "peak.fp8"), SPEEDUP_NOT_FOUND);
    speedup_catalog_unref(catalog);
}

static void a_variant_has_what_was_measured_on_its_base(void **state)
{
    (void)state;
    speedup_catalog *catalog = extend(world.catalog, "accelerators:\n"
                                                     "  mine: {base: h100-sxm-80gb, memory: 96 GiB, bandwidth: 4 TB/s, power: 500 W, calibration: {copy_rate: 0.9}}\n"
                                                     "  slot: {base: rtx-4090, host_link: 8 GB/s}\n");
    assert_bits(number(catalog, "accelerators", "mine", "memory"), 96 * 1073741824.);
    assert_bits(number(catalog, "accelerators", "mine", "calibration.copy_rate"), 0.9);
    assert_bits(number(catalog, "accelerators", "mine", "calibration.matmul_efficiency"),
                number(world.catalog, "accelerators", "h100-sxm-80gb", "calibration.matmul_efficiency"));
    assert_bits(number(catalog, "accelerators", "mine", "link"), 450e9);
    /* The cards of a slower slot meet over it too. */
    assert_bits(number(catalog, "systems", "2x slot", "accelerators_per_node"), 2);
    assert_bits(number(catalog, "accelerators", "slot", "link"), 8e9);
    speedup_catalog_unref(catalog);
}

static void a_plain_machine_of_an_accelerator_is_no_entry(void **state)
{
    (void)state;
    size_t count = speedup_catalog_count(world.catalog, "systems");
    assert_bits(number(world.catalog, "systems", "rtx-4090", "scale_up_domain"), 8);
    assert_bits(number(world.catalog, "systems", "rtx-4090", "network"), 12.5e9);
    assert_bits(number(world.catalog, "systems", "2x RTX 4090", "scale_up_domain"), 2);
    assert_bits(number(world.catalog, "systems", "2x RTX 4090", "network"), 1.25e9);
    assert_bits(number(world.catalog, "systems", "4x h100-sxm-80gb", "network"), 100e9);
    assert_bits(number(world.catalog, "systems", "2x m4-max", "accelerators_per_node"), 1);
    assert_int_equal(lookup(world.catalog, "systems", "rtx-3080", "network"), SPEEDUP_NOT_FOUND);
    assert_int_equal(lookup(world.catalog, "accelerators", "2x rtx-4090", "memory"), SPEEDUP_NOT_FOUND);
    assert_int_equal(speedup_catalog_count(world.catalog, "systems"), count);
}

static void a_calibration_says_each_coefficient_once(void **state)
{
    (void)state;
    speedup_catalog *made = extend(world.catalog, "stacks:\n  a: {calibration: {layer_seconds: 1e-5, layer_expert: 2e-5}}\n"
                                                  "  b: {base: a, calibration: {layer_seconds: 3e-5}}\n");
    speedup_text *text = NULL;
    assert_ok(speedup_report_catalog(world.context, made, "stacks", "b", SPEEDUP_FORMAT_JSON, &text));
    const char *first = strstr(speedup_text_get(text), "\"layer_seconds\": 3e-5");
    assert_non_null(first);
    assert_null(strstr(first + 1, "\"layer_seconds\""));
    assert_null(strstr(speedup_text_get(text), "1e-5"));
    assert_non_null(strstr(speedup_text_get(text), "\"layer_expert\": 2e-5"));
    speedup_text_destroy(text);
    assert_bits(number(made, "stacks", "b", "calibration.layer_seconds"), 3e-5);
    assert_bits(number(made, "stacks", "b", "calibration.layer_expert"), 2e-5);
    assert_int_equal(lookup(made, "stacks", "b", "calibration.library_rate"), SPEEDUP_NOT_FOUND);
    assert_int_equal(lookup(made, "stacks", "b", "calibration.no_such"), SPEEDUP_NOT_FOUND);
    assert_int_equal(lookup(made, "models", "llama-7b", "calibration.layer_seconds"), SPEEDUP_NOT_FOUND);
    speedup_catalog_unref(made);
}

static void a_circle_of_bases_is_refused(void **state)
{
    (void)state;
    assert_int_equal(refused_catalog(world.catalog, "models:\n  a: {base: a}\n"), SPEEDUP_CIRCULAR_BASE);
    assert_int_equal(refused_catalog(world.catalog, "models:\n  a: {base: b}\n  b: {base: c}\n  c: {base: a}\n"),
                     SPEEDUP_CIRCULAR_BASE);
    char text[4000] = "models:\n";
    for (int i = 0; i < 60; i++)
        snprintf(text + strlen(text), 60, "  m%02d: {base: m%02d}\n", i, i + 1);
    strcat(text, "  m60: {base: llama-7b}\n");
    assert_int_equal(refused_catalog(world.catalog, text), SPEEDUP_CIRCULAR_BASE);
}

static void an_unknown_base_is_told_with_the_nearest(void **state)
{
    (void)state;
    assert_int_equal(refused_catalog(world.catalog, "models:\n  a: {base: lama-7b}\n"), SPEEDUP_UNKNOWN_ENTRY);
    assert_contains(speedup_diagnostic_message(world.context, 0), "did you mean 'llama-7b'?");
}

static void names_have_a_form(void **state)
{
    (void)state;
    static const char *const bad[] = {"Mine", "-a", ".a", "a b", "\xC3\xA4", "a/b", "''",
                                      "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char text[200];
        snprintf(text, sizeof text, "models:\n  %s: {base: llama-7b}\n", bad[i]);
        assert_int_equal(refused_catalog(world.catalog, text), SPEEDUP_BAD_NAME);
    }
    speedup_catalog_unref(extend(world.catalog, "models:\n  7b_my-model.v2: {base: llama-7b}\n"));
}

static void a_catalog_outlives_the_base_it_extends(void **state)
{
    (void)state;
    speedup_catalog *base = extend(world.catalog, CHIP);
    speedup_catalog *catalog = extend(base, "accelerators:\n  chip2: {base: chip, memory: 32 GB}\n");
    speedup_catalog_unref(base);
    assert_bits(number(catalog, "accelerators", "chip2", "bandwidth"), 1e12);
    assert_bits(number(catalog, "accelerators", "chip", "memory"), 16e9);
    assert_ptr_equal(speedup_catalog_ref(catalog), catalog);
    speedup_catalog_unref(catalog);
    assert_bits(number(catalog, "accelerators", "chip", "memory"), 16e9);
    speedup_catalog_unref(catalog);
    assert_null(speedup_catalog_ref(NULL));
    speedup_catalog_unref(NULL);
}

static void a_catalog_outlives_its_context(void **state)
{
    (void)state;
    speedup_context *context;
    speedup_catalog *catalog;
    assert_int_equal(speedup_context_create(NULL, &context), SPEEDUP_OK);
    assert_int_equal(speedup_catalog_extend(context, world.catalog, NULL, CHIP, strlen(CHIP), &catalog), SPEEDUP_OK);
    speedup_context_destroy(context);
    assert_bits(number(catalog, "accelerators", "chip", "memory"), 16e9);
    speedup_catalog_unref(catalog);
}

static void a_model_must_agree_with_itself(void **state)
{
    (void)state;
    assert_int_equal(refused_catalog(world.catalog, "models:\n  m: {base: llama-7b, parameters: 13 B}\n"), SPEEDUP_INCONSISTENT);
    assert_int_equal(refused_catalog(world.catalog, "models:\n  m: {layers: 2, hidden: 100, heads: 3, ffn: 100, ffn_kind: plain, vocab: 10}\n"),
                     SPEEDUP_INCONSISTENT);
    assert_int_equal(refused_catalog(world.catalog, "models:\n  m: {layers: 2, hidden: 96, heads: 6, kv_heads: 4, ffn: 100, ffn_kind: plain, vocab: 10}\n"),
                     SPEEDUP_INCONSISTENT);
    assert_int_equal(refused_catalog(world.catalog, "models:\n  m: {layers: 2, hidden: 96, heads: 6, ffn: 100, ffn_kind: plain, vocab: 10, attention: {kind: latent}}\n"),
                     SPEEDUP_INCONSISTENT);
    assert_int_equal(refused_catalog(world.catalog, "models:\n  m: {layers: 2, hidden: 96, heads: 6, ffn: 100, ffn_kind: plain, vocab: 10, experts: {count: 4, active: 8, ffn: 10}}\n"),
                     SPEEDUP_INCONSISTENT);
}

static void a_calibration_names_coefficients_in_their_range(void **state)
{
    (void)state;
    speedup_catalog_unref(extend(world.catalog, "accelerators:\n  c: {base: h100-sxm-80gb, calibration: {matmul_efficiency: 0.7}}\n"));
    assert_int_equal(refused_catalog(world.catalog, "accelerators:\n  c: {base: h100-sxm-80gb, calibration: {matmul_efficency: 0.7}}\n"),
                     SPEEDUP_UNKNOWN_ENTRY);
    assert_int_equal(refused_catalog(world.catalog, "accelerators:\n  c: {base: h100-sxm-80gb, calibration: {matmul_efficiency: 70}}\n"),
                     SPEEDUP_OUT_OF_RANGE);
}

static void data_may_define_coefficients_of_its_own(void **state)
{
    (void)state;
    speedup_catalog *catalog = extend(world.catalog, "coefficients:\n  my_factor: {value: 0.5, most: 1, unit: '1', text: mine}\n"
                                                     "optimizations:\n  mine: {effects: {loss.bytes: my_factor}}\n");
    assert_bits(number(catalog, "coefficients", "my_factor", "value"), 0.5);
    speedup_catalog_unref(catalog);
    assert_int_equal(refused_catalog(world.catalog, "coefficients:\n  my_factor: {value: 2, most: 1, unit: '1', text: mine}\n"),
                     SPEEDUP_OUT_OF_RANGE);
    assert_int_equal(refused_catalog(world.catalog, "coefficients:\n  my-factor: {value: 1, unit: '1', text: mine}\n"), SPEEDUP_BAD_NAME);
}

static void an_empty_extension_is_the_same_catalog(void **state)
{
    (void)state;
    speedup_catalog *catalog = extend(world.catalog, "models: {}\n");
    assert_int_equal(speedup_catalog_count(catalog, "models"), speedup_catalog_count(world.catalog, "models"));
    assert_bits(metric_of(catalog, job, PLAIN, SPEEDUP_METRIC_STEP_SECONDS),
                metric_of(world.catalog, job, PLAIN, SPEEDUP_METRIC_STEP_SECONDS));
    speedup_catalog_unref(catalog);
}

static void the_words_of_the_library_are_listed(void **state)
{
    (void)state;
    static speedup_status (*const lists[])(size_t, speedup_word *) = {
        speedup_kind_at, speedup_target_at, speedup_rule_at, speedup_variable_at, speedup_precision_at, speedup_metric_at};
    for (size_t l = 0; l < sizeof lists / sizeof *lists; l++) {
        speedup_word word = {.struct_size = sizeof word}, small = {.struct_size = 4};
        size_t i = 0;
        for (; lists[l](i, &word) == SPEEDUP_OK; i++)
            assert_true(word.name && *word.name && word.phase && word.rule && word.unit && *word.text);
        assert_true(i > 3);
        assert_int_equal(lists[l](i, &word), SPEEDUP_NOT_FOUND);
        assert_int_equal(lists[l](0, &small), SPEEDUP_INVALID_ARGUMENT);
        assert_int_equal(lists[l](0, NULL), SPEEDUP_INVALID_ARGUMENT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_data_is_built_in),
        cmocka_unit_test(entries_are_listed_in_order_of_their_ids),
        cmocka_unit_test(numbers_are_found_by_the_path_of_their_field),
        cmocka_unit_test(extending_leaves_the_base_as_it_was),
        cmocka_unit_test(a_file_with_errors_adds_nothing),
        cmocka_unit_test(an_entry_overrides_another_only_by_saying_so),
        cmocka_unit_test(a_base_is_reused_with_what_is_given_put_over_it),
        cmocka_unit_test(a_variant_has_what_was_measured_on_its_base),
        cmocka_unit_test(a_plain_machine_of_an_accelerator_is_no_entry),
        cmocka_unit_test(a_calibration_says_each_coefficient_once),
        cmocka_unit_test(a_circle_of_bases_is_refused),
        cmocka_unit_test(an_unknown_base_is_told_with_the_nearest),
        cmocka_unit_test(names_have_a_form),
        cmocka_unit_test(a_catalog_outlives_the_base_it_extends),
        cmocka_unit_test(a_catalog_outlives_its_context),
        cmocka_unit_test(a_model_must_agree_with_itself),
        cmocka_unit_test(a_calibration_names_coefficients_in_their_range),
        cmocka_unit_test(data_may_define_coefficients_of_its_own),
        cmocka_unit_test(an_empty_extension_is_the_same_catalog),
        cmocka_unit_test(the_words_of_the_library_are_listed),
    };
    return cmocka_run_group_tests(tests, world_begin, world_end);
}
