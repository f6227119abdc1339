/* Arguments that are no arguments: every public function refuses them, leaves nothing
 * behind and does not crash. */
#include "helper.h"

#include <string.h>

#define REFUSED(call) assert_int_equal((call), SPEEDUP_INVALID_ARGUMENT)

/* Refused, and the context tells which argument and why. */
#define TOLD(call, wanted)                                                                  \
    do {                                                                                    \
        REFUSED(call);                                                                      \
        assert_int_equal(speedup_diagnostic_count(world.context), 1);                       \
        assert_string_equal(speedup_diagnostic_message(world.context, 0), wanted);          \
    } while (0)

static void contexts_and_diagnostics(void **state)
{
    (void)state;
    speedup_context *context;
    speedup_allocator none = {.struct_size = sizeof none}, small = {.struct_size = 4};
    REFUSED(speedup_context_create(NULL, NULL));
    REFUSED(speedup_context_create(&none, &context));
    assert_null(context);
    REFUSED(speedup_context_create(&small, &context));
    REFUSED(speedup_context_set_log(NULL, NULL, NULL, NULL));
    REFUSED(speedup_diagnostic_place(NULL, 0, NULL, NULL, NULL, NULL));
    REFUSED(speedup_status_at(0, NULL));
    REFUSED(speedup_metric_at(0, NULL));
    REFUSED(speedup_target_at(0, NULL));
    REFUSED(speedup_rule_at(0, NULL));
    REFUSED(speedup_variable_at(0, NULL));
    REFUSED(speedup_precision_at(0, NULL));
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
    REFUSED(speedup_catalog_import_model_file(NULL, c, "n", "m", &out));
    REFUSED(speedup_catalog_import_model_file(x, NULL, "n", "m", &out));
    REFUSED(speedup_catalog_import_model_file(x, c, NULL, "m", &out));
    REFUSED(speedup_catalog_import_model_file(x, c, "n", NULL, &out));
    REFUSED(speedup_catalog_import_model_file(x, c, "n", "m", NULL));
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
    speedup_entry *e;
    const char *const hole[] = {NULL};
    REFUSED(speedup_entry_create(NULL, "models", "m", &e));
    REFUSED(speedup_entry_create(x, NULL, "m", &e));
    REFUSED(speedup_entry_create(x, "models", NULL, &e));
    REFUSED(speedup_entry_create(x, "models", "m", NULL));
    assert_ok(speedup_entry_create(x, "models", "m", &e));
    REFUSED(speedup_entry_set_number(NULL, e, "layers", 1));
    REFUSED(speedup_entry_set_number(x, NULL, "layers", 1));
    REFUSED(speedup_entry_set_number(x, e, NULL, 1));
    REFUSED(speedup_entry_set_text(NULL, e, "name", "n"));
    REFUSED(speedup_entry_set_text(x, NULL, "name", "n"));
    REFUSED(speedup_entry_set_text(x, e, NULL, "n"));
    REFUSED(speedup_entry_set_text(x, e, "name", NULL));
    REFUSED(speedup_entry_set_list(NULL, e, "l"));
    REFUSED(speedup_entry_set_list(x, NULL, "l"));
    REFUSED(speedup_entry_set_list(x, e, NULL));
    REFUSED(speedup_entry_add(NULL, e, "l", "i", NULL, NULL, 0));
    REFUSED(speedup_entry_add(x, NULL, "l", "i", NULL, NULL, 0));
    REFUSED(speedup_entry_add(x, e, NULL, "i", NULL, NULL, 0));
    REFUSED(speedup_entry_add(x, e, "l", NULL, NULL, NULL, 0));
    REFUSED(speedup_entry_add(x, e, "l", "i", NULL, &value, 1));
    TOLD(speedup_entry_add(x, e, "l", "i", hole, &value, 1), "argument 'names' has NULL at 0");
    REFUSED(speedup_entry_add_number(NULL, e, "l", 1));
    REFUSED(speedup_entry_add_number(x, NULL, "l", 1));
    REFUSED(speedup_entry_add_number(x, e, NULL, 1));
    REFUSED(speedup_catalog_add(NULL, c, e, &out));
    REFUSED(speedup_catalog_add(x, NULL, e, &out));
    REFUSED(speedup_catalog_add(x, c, NULL, &out));
    REFUSED(speedup_catalog_add(x, c, e, NULL));
    speedup_entry_destroy(e);
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
    REFUSED(speedup_optimization_callback(o, NULL, one, NULL, NULL));
    REFUSED(speedup_optimization_callback(o, "loss.bytes", NULL, NULL, NULL));
    REFUSED(speedup_optimization_callback(NULL, "loss.bytes", one, NULL, NULL));
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
    speedup_text_destroy(NULL);
    speedup_scenario_unref(s);
}

static void plans(void **state)
{
    (void)state;
    static const char yaml[] = "plan: {model: llama-2-7b, systems: [dgx-h100], accelerators: [8], tokens: 1e9, top: 1, choices: [[fsdp]]}";
    speedup_context *x = world.context;
    speedup_catalog *c = world.catalog;
    speedup_space *s = space_of(c, yaml), *space;
    speedup_result *r, *out;
    speedup_scenario *scenario;
    speedup_counts small = {.struct_size = 4};
    speedup_worth worths[SPEEDUP_RESOURCE_COUNT] = {{.struct_size = 4}};
    speedup_text *text;
    uint64_t index;
    double value;
    size_t count = SPEEDUP_RESOURCE_COUNT;
    assert_ok(speedup_space_search(x, s, 0, UINT64_MAX, 1, NULL, NULL, &r));
    REFUSED(speedup_space_create(NULL, c, "n", yaml, 1, NULL, 0, &space));
    REFUSED(speedup_space_create(x, NULL, "n", yaml, 1, NULL, 0, &space));
    REFUSED(speedup_space_create(x, c, "n", NULL, 1, NULL, 0, &space));
    REFUSED(speedup_space_create(x, c, "n", yaml, 1, NULL, 1, &space));
    REFUSED(speedup_space_create(x, c, "n", yaml, 1, NULL, 0, NULL));
    REFUSED(speedup_space_create_file(NULL, c, "n", NULL, 0, &space));
    REFUSED(speedup_space_create_file(x, NULL, "n", NULL, 0, &space));
    REFUSED(speedup_space_create_file(x, c, NULL, NULL, 0, &space));
    REFUSED(speedup_space_create_file(x, c, "n", NULL, 1, &space));
    REFUSED(speedup_space_create_file(x, c, "n", NULL, 0, NULL));
    assert_null(space);
    speedup_space_builder *b;
    const char *const hole[] = {NULL};
    REFUSED(speedup_space_builder_create(NULL, &b));
    REFUSED(speedup_space_builder_create(x, NULL));
    REFUSED(speedup_space_builder_create_file(NULL, "n", &b));
    REFUSED(speedup_space_builder_create_file(x, NULL, &b));
    REFUSED(speedup_space_builder_create_file(x, "n", NULL));
    assert_ok(speedup_space_builder_create(x, &b));
    REFUSED(speedup_space_builder_set_number(NULL, b, "top", 1));
    REFUSED(speedup_space_builder_set_number(x, NULL, "top", 1));
    REFUSED(speedup_space_builder_set_number(x, b, NULL, 1));
    REFUSED(speedup_space_builder_set_text(NULL, b, "model", "n"));
    REFUSED(speedup_space_builder_set_text(x, NULL, "model", "n"));
    REFUSED(speedup_space_builder_set_text(x, b, NULL, "n"));
    REFUSED(speedup_space_builder_set_text(x, b, "model", NULL));
    REFUSED(speedup_space_builder_set_list(NULL, b, "systems"));
    REFUSED(speedup_space_builder_set_list(x, NULL, "systems"));
    REFUSED(speedup_space_builder_set_list(x, b, NULL));
    REFUSED(speedup_space_builder_add(NULL, b, "systems", "i", NULL, NULL, 0));
    REFUSED(speedup_space_builder_add(x, NULL, "systems", "i", NULL, NULL, 0));
    REFUSED(speedup_space_builder_add(x, b, NULL, "i", NULL, NULL, 0));
    REFUSED(speedup_space_builder_add(x, b, "systems", NULL, NULL, NULL, 0));
    REFUSED(speedup_space_builder_add(x, b, "systems", "i", NULL, &value, 1));
    TOLD(speedup_space_builder_add(x, b, "systems", "i", hole, &value, 1), "argument 'names' has NULL at 0");
    REFUSED(speedup_space_builder_add_number(NULL, b, "tensor", 1));
    REFUSED(speedup_space_builder_add_number(x, NULL, "tensor", 1));
    REFUSED(speedup_space_builder_add_number(x, b, NULL, 1));
    REFUSED(speedup_space_builder_apply(NULL, b, "plan.top=1"));
    REFUSED(speedup_space_builder_apply(x, NULL, "plan.top=1"));
    REFUSED(speedup_space_builder_apply(x, b, NULL));
    REFUSED(speedup_space_build(NULL, c, b, &space));
    REFUSED(speedup_space_build(x, NULL, b, &space));
    REFUSED(speedup_space_build(x, c, NULL, &space));
    REFUSED(speedup_space_build(x, c, b, NULL));
    speedup_space_builder_destroy(b);
    REFUSED(speedup_space_search(NULL, s, 0, 1, 1, NULL, NULL, &out));
    REFUSED(speedup_space_search(x, NULL, 0, 1, 1, NULL, NULL, &out));
    REFUSED(speedup_space_search(x, s, 1, 0, 1, NULL, NULL, &out));
    REFUSED(speedup_space_search(x, s, 0, 1, 0, NULL, NULL, &out));
    REFUSED(speedup_space_search(x, s, 0, 1, 257, NULL, NULL, &out));
    REFUSED(speedup_space_search(x, s, 0, 1, 1, NULL, NULL, NULL));
    REFUSED(speedup_space_bound(NULL, 0, 1, &value));
    REFUSED(speedup_space_bound(s, 1, 0, &value));
    REFUSED(speedup_space_bound(s, 0, 1, NULL));
    REFUSED(speedup_space_estimate(NULL, 0, &value, 1, &value, 1));
    REFUSED(speedup_space_estimate(s, 0, NULL, 1, &value, 1));
    REFUSED(speedup_space_estimate(s, 0, &value, 1, NULL, 1));
    assert_int_equal(speedup_space_estimate(s, UINT64_MAX, NULL, 0, NULL, 0), SPEEDUP_NOT_FOUND);
    REFUSED(speedup_space_scenario(NULL, s, 0, &scenario));
    REFUSED(speedup_space_scenario(x, NULL, 0, &scenario));
    REFUSED(speedup_space_scenario(x, s, 0, NULL));
    REFUSED(speedup_result_worth(NULL, r, 1, worths, &count));
    REFUSED(speedup_result_worth(x, r, 1, worths, &count)); /* too small */
    worths[0].struct_size = sizeof *worths;
    REFUSED(speedup_result_worth(x, NULL, 1, worths, &count));
    REFUSED(speedup_result_worth(x, r, 0, worths, &count));
    REFUSED(speedup_result_worth(x, r, 1, NULL, &count));
    REFUSED(speedup_result_worth(x, r, 1, worths, NULL));
    assert_int_equal(speedup_space_size(NULL), 0);
    REFUSED(speedup_result_merge(NULL, r, r, &out));
    REFUSED(speedup_result_merge(x, NULL, r, &out));
    REFUSED(speedup_result_merge(x, r, NULL, &out));
    REFUSED(speedup_result_merge(x, r, r, NULL));
    assert_null(out);
    REFUSED(speedup_result_counts(r, NULL));
    REFUSED(speedup_result_counts(r, &small));
    REFUSED(speedup_result_gap(NULL, &value, &value));
    REFUSED(speedup_result_gap(r, NULL, &value));
    REFUSED(speedup_result_gap(r, &value, NULL));
    REFUSED(speedup_result_near(NULL, SPEEDUP_RESOURCE_ANY, &index, &value));
    REFUSED(speedup_result_near(r, -2, &index, &value));
    REFUSED(speedup_result_near(r, SPEEDUP_RESOURCE_ACCELERATORS, &index, &value));
    REFUSED(speedup_result_near(r, SPEEDUP_RESOURCE_ANY, NULL, &value));
    REFUSED(speedup_result_near(r, SPEEDUP_RESOURCE_ANY, &index, NULL));
    REFUSED(speedup_result_best(NULL, 0, &index));
    REFUSED(speedup_result_best(r, 0, NULL));
    REFUSED(speedup_result_front(NULL, 0, &index));
    REFUSED(speedup_result_front(r, 0, NULL));
    REFUSED(speedup_report_plan(NULL, r, 0, &text));
    REFUSED(speedup_report_plan(x, NULL, 0, &text));
    REFUSED(speedup_report_plan(x, r, 7, &text));
    REFUSED(speedup_report_plan(x, r, 0, NULL));
    text = (speedup_text *)(void *)&small;
    REFUSED(speedup_report_plan_why(x, r, 0, 0, &text));
    assert_null(text);
    REFUSED(speedup_report_plan_why(x, r, 257, 0, &text));
    speedup_result_destroy(r);
    speedup_result_destroy(NULL);
    speedup_space_unref(s);
    speedup_space_unref(NULL);
}

static void remedies_and_the_largest(void **state)
{
    (void)state;
    speedup_context *x = world.context;
    speedup_scenario *s = scenario_of(world.catalog, job, PLAIN), *other;
    speedup_remedies *r, *none;
    speedup_remedy small = {.struct_size = 4};
    speedup_text *text;
    double value;
    const char *const hole[] = {NULL};
    assert_ok(speedup_scenario_remedies(x, s, 0.9, &r));
    REFUSED(speedup_scenario_remedies(NULL, s, 0.9, &none));
    REFUSED(speedup_scenario_remedies(x, NULL, 0.9, &none));
    REFUSED(speedup_scenario_remedies(x, s, 0.9, NULL));
    TOLD(speedup_scenario_remedies(x, s, 0, &none), "argument 'confidence' is over 0 and below 1");
    REFUSED(speedup_scenario_remedies(x, s, 1, &none));
    REFUSED(speedup_scenario_remedies(x, s, 0.0 / 0.0, &none));
    assert_null(none);
    REFUSED(speedup_remedies_without(NULL, &small));
    REFUSED(speedup_remedies_without(r, NULL));
    REFUSED(speedup_remedies_without(r, &small));
    REFUSED(speedup_remedies_means_at(NULL, 0, &small));
    REFUSED(speedup_remedies_means_at(r, 0, NULL));
    REFUSED(speedup_remedies_means_at(r, 0, &small));
    REFUSED(speedup_remedies_at(NULL, 0, &small));
    REFUSED(speedup_remedies_at(r, 0, NULL));
    REFUSED(speedup_remedies_at(r, 0, &small));
    REFUSED(speedup_remedies_scenario(NULL, r, 0, &other));
    REFUSED(speedup_remedies_scenario(x, NULL, 0, &other));
    REFUSED(speedup_remedies_scenario(x, r, 0, NULL));
    REFUSED(speedup_scenario_largest(NULL, s, "sequence", 0.9, &value, NULL));
    REFUSED(speedup_scenario_largest(x, NULL, "sequence", 0.9, &value, NULL));
    REFUSED(speedup_scenario_largest(x, s, NULL, 0.9, &value, NULL));
    REFUSED(speedup_scenario_largest(x, s, "sequence", 0.9, NULL, NULL));
    REFUSED(speedup_scenario_largest(x, s, "sequence", 1, &value, NULL));
    REFUSED(speedup_scenario_largest(x, s, "sequence", 0.0 / 0.0, &value, NULL));
    REFUSED(speedup_report_remedies(NULL, r, NULL, 0, SPEEDUP_FORMAT_TEXT, &text));
    REFUSED(speedup_report_remedies(x, NULL, NULL, 0, SPEEDUP_FORMAT_TEXT, &text));
    REFUSED(speedup_report_remedies(x, r, NULL, 1, SPEEDUP_FORMAT_TEXT, &text));
    TOLD(speedup_report_remedies(x, r, hole, 1, SPEEDUP_FORMAT_TEXT, &text), "argument 'keys' has NULL at 0");
    REFUSED(speedup_report_remedies(x, r, NULL, 0, 7, &text));
    assert_null(text);
    REFUSED(speedup_report_remedies(x, r, NULL, 0, SPEEDUP_FORMAT_TEXT, NULL));
    speedup_remedies_destroy(r);
    speedup_remedies_destroy(NULL);
    speedup_scenario_unref(s);
}

static void verdicts_and_contributions(void **state)
{
    (void)state;
    speedup_context *x = world.context;
    speedup_scenario *s = scenario_of(world.catalog, job, PLAIN);
    speedup_request request = {.struct_size = sizeof request}, short_request = {.struct_size = 4};
    speedup_verdict verdict = {.struct_size = sizeof verdict}, short_verdict = {.struct_size = 4};
    speedup_contribution c[8] = {{.struct_size = 4}};
    speedup_text *text;
    size_t count = 8;
    REFUSED(speedup_admit(x, world.catalog, job, 1, &request, NULL, NULL));
    REFUSED(speedup_admit(x, world.catalog, job, 1, &request, NULL, &short_verdict));
    REFUSED(speedup_admit(x, world.catalog, job, 1, &short_request, NULL, &verdict));
    assert_int_equal(verdict.verdict, SPEEDUP_REFUSE);
    REFUSED(speedup_report_verdict(NULL, &request, &verdict, 0, &text));
    REFUSED(speedup_report_verdict(x, NULL, &verdict, 0, &text));
    REFUSED(speedup_report_verdict(x, &request, &short_verdict, 0, &text));
    REFUSED(speedup_report_verdict(x, &request, &verdict, 7, &text));
    REFUSED(speedup_report_verdict(x, &request, &verdict, 0, NULL));
    REFUSED(speedup_scenario_attribute(NULL, s, NULL, &count));
    REFUSED(speedup_scenario_attribute(x, NULL, NULL, &count));
    REFUSED(speedup_scenario_attribute(x, s, NULL, NULL));
    REFUSED(speedup_scenario_next(NULL, s, c, &count));
    REFUSED(speedup_scenario_next(x, NULL, c, &count));
    REFUSED(speedup_scenario_next(x, s, c, NULL));
    REFUSED(speedup_scenario_next(x, s, c, &count)); /* too small */
    REFUSED(speedup_report_contribution(NULL, c, &text));
    REFUSED(speedup_report_contribution(x, NULL, &text));
    REFUSED(speedup_report_contribution(x, c, &text)); /* too small */
    c[0].struct_size = sizeof *c;
    REFUSED(speedup_report_contribution(x, c, NULL));
    c[0].term = SPEEDUP_METRIC_COUNT;
    REFUSED(speedup_report_contribution(x, c, &text));
    assert_null(text);
    speedup_scenario_unref(s);
}

static void the_context_names_the_argument(void **state)
{
    (void)state;
    speedup_context *x = world.context;
    speedup_catalog *c = world.catalog, *catalog;
    speedup_scenario *s = scenario_of(c, job, PLAIN), *scenario;
    speedup_text *text;
    speedup_request request = {.struct_size = sizeof request, .budget = -1};
    speedup_verdict verdict = {.struct_size = sizeof verdict}, small = {.struct_size = 8};
    speedup_contribution few[1] = {{.struct_size = sizeof *few}};
    struct {
        speedup_request request;
        double more;
    } longer = {.request = {.struct_size = sizeof longer}, .more = 1};
    size_t count = 1;
    speedup_status code;
    const char *file;
    TOLD(speedup_scenario_create(x, c, "n", job, 4, NULL, 3, &scenario), "argument 'settings' is NULL but setting_count is 3");
    assert_ok(speedup_diagnostic_place(x, 0, &code, &file, NULL, NULL));
    assert_int_equal(code, SPEEDUP_INVALID_ARGUMENT);
    assert_null(file);
    assert_string_equal(speedup_diagnostic_text(x, 0), "error[SPD-002]: argument 'settings' is NULL but setting_count is 3");
    TOLD(speedup_scenario_create(x, NULL, "n", job, 4, NULL, 0, &scenario), "argument 'catalog' is NULL");
    TOLD(speedup_scenario_create(x, c, "n", NULL, 4, NULL, 0, &scenario), "argument 'text' is NULL but length is 4");
    TOLD(speedup_scenario_create_file(x, c, NULL, NULL, 0, &scenario), "argument 'path' is NULL");
    TOLD(speedup_catalog_extend(x, c, "n", "", 0, NULL), "argument 'catalog' is NULL");
    TOLD(speedup_catalog_import_model(x, c, "n", "{}", 2, NULL, &catalog), "argument 'id' is NULL");
    TOLD(speedup_report_catalog(x, c, NULL, "llama-7b", 0, &text), "argument 'kind' is NULL but id is 'llama-7b'");
    TOLD(speedup_report_estimate(x, s, 7, &text), "argument 'format' is 7: there are SPEEDUP_FORMAT_TEXT (0) and SPEEDUP_FORMAT_JSON (1)");
    TOLD(speedup_admit(x, c, job, 1, &request, NULL, &verdict), "argument 'request': what is asked for is from 0, and finite");
    TOLD(speedup_admit(x, c, job, 1, &request, NULL, NULL), "argument 'verdict' is NULL");
    TOLD(speedup_admit(x, c, job, 1, &request, NULL, &small), "argument 'verdict': struct_size is 8, not sizeof(speedup_verdict)");
    TOLD(speedup_admit(x, c, job, 1, &longer.request, NULL, &verdict),
         "argument 'request' has fields that this version does not know, and they are not 0");
    longer.more = 0;
    assert_ok(speedup_admit(x, c, job, strlen(job), &longer.request, NULL, &verdict));
    assert_int_equal(verdict.verdict, SPEEDUP_ADMIT);
    TOLD(speedup_scenario_attribute(x, s, few, &count), "argument 'count' says that there is room for 1 in 'contributions', of 2");
    speedup_scenario_unref(s);
}

static void a_verdict_that_no_call_has_filled_refuses(void **state)
{
    (void)state;
    const speedup_verdict untouched = {.struct_size = sizeof untouched};
    const speedup_request request = {.struct_size = sizeof request};
    speedup_text *text;
    assert_int_equal(untouched.verdict, SPEEDUP_REFUSE);
    assert_ok(speedup_report_verdict(world.context, &request, &untouched, SPEEDUP_FORMAT_JSON, &text));
    assert_contains(speedup_text_get(text), "\"verdict\": \"refuse\"");
    speedup_text_destroy(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(contexts_and_diagnostics), cmocka_unit_test(catalogs), cmocka_unit_test(optimizations),
        cmocka_unit_test(scenarios),                cmocka_unit_test(reports),  cmocka_unit_test(plans),
        cmocka_unit_test(remedies_and_the_largest),
        cmocka_unit_test(verdicts_and_contributions), cmocka_unit_test(the_context_names_the_argument),
        cmocka_unit_test(a_verdict_that_no_call_has_filled_refuses),
    };
    return cmocka_run_group_tests(tests, world_begin, world_end);
}
