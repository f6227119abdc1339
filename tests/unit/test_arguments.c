/* Arguments that are no arguments: every public function refuses them, leaves nothing
 * behind and does not crash. */
#include "helper.h"

#include <string.h>

#define REFUSED(call) assert_int_equal((call), SPEEDUP_INVALID_ARGUMENT)

static void contexts_and_diagnostics(void **state)
{
    (void)state;
    speedup_context *context;
    speedup_allocator none = {.struct_size = sizeof none}, small = {.struct_size = 4};
    REFUSED(speedup_context_create(NULL, NULL));
    REFUSED(speedup_context_create(&none, &context));
    assert_null(context);
    REFUSED(speedup_context_create(&small, &context));
    REFUSED(speedup_context_set_log(NULL, NULL, NULL));
    REFUSED(speedup_diagnostic_place(NULL, 0, NULL, NULL, NULL, NULL));
    REFUSED(speedup_status_at(0, NULL));
    assert_int_equal(speedup_diagnostic_count(NULL), 0);
    assert_null(speedup_diagnostic_text(NULL, 0));
    assert_null(speedup_diagnostic_message(NULL, 0));
    speedup_context_destroy(NULL);
}

static void catalogs(void **state)
{
    (void)state;
    speedup_context *x = world.context;
    speedup_catalog *c = world.catalog, *out;
    speedup_optimization *o;
    const char *id;
    double value;
    REFUSED(speedup_catalog_create(NULL, &out));
    REFUSED(speedup_catalog_create(x, NULL));
    REFUSED(speedup_catalog_extend(NULL, c, "n", "a", 1, &out));
    REFUSED(speedup_catalog_extend(x, NULL, "n", "a", 1, &out));
    REFUSED(speedup_catalog_extend(x, c, "n", NULL, 1, &out));
    REFUSED(speedup_catalog_extend(x, c, "n", "a", 1, NULL));
    REFUSED(speedup_catalog_extend_file(NULL, c, "n", &out));
    REFUSED(speedup_catalog_extend_file(x, NULL, "n", &out));
    REFUSED(speedup_catalog_extend_file(x, c, NULL, &out));
    REFUSED(speedup_catalog_extend_file(x, c, "n", NULL));
    REFUSED(speedup_catalog_import_model(NULL, c, "n", "{}", 2, "m", &out));
    REFUSED(speedup_catalog_import_model(x, NULL, "n", "{}", 2, "m", &out));
    REFUSED(speedup_catalog_import_model(x, c, "n", NULL, 2, "m", &out));
    REFUSED(speedup_catalog_import_model(x, c, "n", "{}", 2, NULL, &out));
    REFUSED(speedup_catalog_import_model(x, c, "n", "{}", 2, "m", NULL));
    assert_ok(speedup_optimization_create(x, "o", NULL, &o));
    REFUSED(speedup_catalog_register(NULL, c, o, &out));
    REFUSED(speedup_catalog_register(x, NULL, o, &out));
    REFUSED(speedup_catalog_register(x, c, NULL, &out));
    REFUSED(speedup_catalog_register(x, c, o, NULL));
    speedup_optimization_destroy(o);
    REFUSED(speedup_catalog_at(NULL, "models", 0, &id, NULL));
    REFUSED(speedup_catalog_at(c, NULL, 0, &id, NULL));
    REFUSED(speedup_catalog_at(c, "models", 0, NULL, NULL));
    REFUSED(speedup_catalog_number(NULL, "models", "llama-7b", "layers", &value));
    REFUSED(speedup_catalog_number(c, NULL, "llama-7b", "layers", &value));
    REFUSED(speedup_catalog_number(c, "models", NULL, "layers", &value));
    REFUSED(speedup_catalog_number(c, "models", "llama-7b", NULL, &value));
    REFUSED(speedup_catalog_number(c, "models", "llama-7b", "layers", NULL));
    assert_int_equal(speedup_catalog_count(NULL, "models"), 0);
    assert_int_equal(speedup_catalog_count(c, NULL), 0);
}

static double one(void *user, const speedup_view *view)
{
    (void)user;
    (void)view;
    return 1;
}

static void optimizations(void **state)
{
    (void)state;
    speedup_context *x = world.context;
    speedup_optimization *o;
    REFUSED(speedup_optimization_create(NULL, "o", NULL, &o));
    REFUSED(speedup_optimization_create(x, NULL, NULL, &o));
    REFUSED(speedup_optimization_create(x, "o", NULL, NULL));
    assert_ok(speedup_optimization_create(x, "o", NULL, &o));
    REFUSED(speedup_optimization_set_source(o, NULL));
    REFUSED(speedup_optimization_set_source(NULL, "s"));
    REFUSED(speedup_optimization_applies_to(o, NULL));
    REFUSED(speedup_optimization_applies_to(NULL, "training"));
    REFUSED(speedup_optimization_parameter(o, NULL, 0, 0, 0, NULL));
    REFUSED(speedup_optimization_parameter(NULL, "a", 0, 0, 0, NULL));
    REFUSED(speedup_optimization_effect(o, NULL, "1"));
    REFUSED(speedup_optimization_effect(o, "loss.bytes", NULL));
    REFUSED(speedup_optimization_effect(NULL, "loss.bytes", "1"));
    REFUSED(speedup_optimization_callback(o, NULL, one, NULL));
    REFUSED(speedup_optimization_callback(o, "loss.bytes", NULL, NULL));
    REFUSED(speedup_optimization_callback(NULL, "loss.bytes", one, NULL));
    REFUSED(speedup_optimization_require(o, NULL));
    REFUSED(speedup_optimization_require(NULL, "1"));
    REFUSED(speedup_optimization_exclude(o, NULL));
    REFUSED(speedup_optimization_exclude(NULL, "a"));
    REFUSED(speedup_optimization_supersede(o, NULL));
    REFUSED(speedup_optimization_supersede(NULL, "a"));
    REFUSED(speedup_optimization_claim(o, NULL, 1, NULL));
    REFUSED(speedup_optimization_claim(NULL, "throughput", 1, NULL));
    speedup_optimization_destroy(o);
    speedup_optimization_destroy(NULL);
    assert_bits(speedup_view_variable(NULL, 0), 0.0);
}

static void scenarios(void **state)
{
    (void)state;
    speedup_context *x = world.context;
    speedup_catalog *c = world.catalog;
    speedup_scenario *s = scenario_of(c, job, PLAIN), *out;
    double values[4], low;
    REFUSED(speedup_scenario_create(NULL, c, "n", job, 1, NULL, 0, &out));
    REFUSED(speedup_scenario_create(x, NULL, "n", job, 1, NULL, 0, &out));
    REFUSED(speedup_scenario_create(x, c, "n", NULL, 1, NULL, 0, &out));
    REFUSED(speedup_scenario_create(x, c, "n", job, 1, NULL, 1, &out));
    REFUSED(speedup_scenario_create(x, c, "n", job, 1, NULL, 0, NULL));
    REFUSED(speedup_scenario_create_file(NULL, c, "n", NULL, 0, &out));
    REFUSED(speedup_scenario_create_file(x, NULL, "n", NULL, 0, &out));
    REFUSED(speedup_scenario_create_file(x, c, NULL, NULL, 0, &out));
    REFUSED(speedup_scenario_create_file(x, c, "n", NULL, 1, &out));
    REFUSED(speedup_scenario_create_file(x, c, "n", NULL, 0, NULL));
    REFUSED(speedup_scenario_estimate(NULL, values, 4));
    REFUSED(speedup_scenario_estimate(s, NULL, 4));
    REFUSED(speedup_scenario_estimate_batch(NULL, NULL, 0, NULL, 0, 0, 1));
    REFUSED(speedup_scenario_estimate_batch(s, NULL, 1, NULL, 0, 1, 1));
    REFUSED(speedup_scenario_estimate_batch(s, NULL, 0, NULL, 1, 1, 1));
    REFUSED(speedup_scenario_estimate_batch(s, NULL, 0, NULL, 0, 1, 0));
    REFUSED(speedup_scenario_estimate_batch(s, NULL, 0, NULL, 0, 1, 257));
    REFUSED(speedup_metric_interval(NULL, 4, 0, 0.9, &low, &low));
    REFUSED(speedup_metric_interval(values, 4, 0, 0.9, NULL, &low));
    REFUSED(speedup_metric_interval(values, 4, 0, 0.9, &low, NULL));
    speedup_scenario_unref(s);
}

static void reports(void **state)
{
    (void)state;
    speedup_context *x = world.context;
    speedup_catalog *c = world.catalog;
    speedup_scenario *s = scenario_of(c, job, PLAIN);
    speedup_text *out;
    REFUSED(speedup_report_estimate(NULL, s, 0, &out));
    REFUSED(speedup_report_estimate(x, NULL, 0, &out));
    REFUSED(speedup_report_estimate(x, s, 0, NULL));
    REFUSED(speedup_report_composition(NULL, s, 0, &out));
    REFUSED(speedup_report_composition(x, NULL, 0, &out));
    REFUSED(speedup_report_composition(x, s, 0, NULL));
    REFUSED(speedup_report_audit(NULL, c, "n", "a", 1, 0, &out));
    REFUSED(speedup_report_audit(x, NULL, "n", "a", 1, 0, &out));
    REFUSED(speedup_report_audit(x, c, "n", NULL, 1, 0, &out));
    REFUSED(speedup_report_audit(x, c, "n", "a", 1, 0, NULL));
    REFUSED(speedup_report_audit_file(NULL, c, "n", 0, &out));
    REFUSED(speedup_report_audit_file(x, NULL, "n", 0, &out));
    REFUSED(speedup_report_audit_file(x, c, NULL, 0, &out));
    REFUSED(speedup_report_audit_file(x, c, "n", 0, NULL));
    REFUSED(speedup_report_catalog(NULL, c, NULL, NULL, 0, &out));
    REFUSED(speedup_report_catalog(x, NULL, NULL, NULL, 0, &out));
    REFUSED(speedup_report_catalog(x, c, NULL, "id", 0, &out));
    REFUSED(speedup_report_catalog(x, c, NULL, NULL, 0, NULL));
    REFUSED(speedup_report_format(NULL, &out));
    REFUSED(speedup_report_format(x, NULL));
    REFUSED(speedup_answer(NULL, "a", 1, &out));
    REFUSED(speedup_answer(x, NULL, 1, &out));
    REFUSED(speedup_answer(x, "a", 1, NULL));
    /* A format that does not exist. */
    REFUSED(speedup_report_estimate(x, s, 7, &out));
    assert_null(out);
    REFUSED(speedup_report_composition(x, s, -1, &out));
    REFUSED(speedup_report_catalog(x, c, NULL, NULL, 2, &out));
    REFUSED(speedup_report_audit(x, c, "n", "claims: {}", 10, 2, &out));
    assert_null(speedup_text_get(NULL));
    speedup_text_free(NULL);
    speedup_scenario_unref(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(contexts_and_diagnostics), cmocka_unit_test(catalogs), cmocka_unit_test(optimizations),
        cmocka_unit_test(scenarios),                cmocka_unit_test(reports),
    };
    return cmocka_run_group_tests(tests, world_begin, world_end);
}
