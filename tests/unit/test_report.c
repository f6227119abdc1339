/* Reports: aligned text, strict JSON with exact numbers, and the one-call answer. */
#include "helper.h"

#include "json.h"
#include "report/tree.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static void is_json(const char *text)
{
    size_t where = 0;
    if (!json_valid(text, &where))
        fail_msg("no JSON from byte %zu on: %.60s", where, text + where);
}

static void the_checker_itself_is_strict(void **state)
{
    (void)state;
    static const char *const good[] = {"{}", "[]", "0", "-1.5e-3", "\"a\\u00e4\\n\"", "{\"a\": [1, null, true, false, {\"b\": {}}]}", " [ ] \n"};
    static const char *const bad[] = {"", "{", "[1,]", "{\"a\":1,}", "01", "1.", ".5", "+1", "nan", "\"\n\"", "\"\\x\"", "\"\xFF\"", "\"\xC3\"",
                                      "{\"a\":1,\"a\":2}", "{a:1}", "[1] 2", "'a'", "tru", "\"\xED\xA0\x80\"", "1e", "\"\\u12g4\""};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(json_valid(good[i], NULL));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(json_valid(bad[i], NULL));
}

static void every_report_is_json(void **state)
{
    (void)state;
    speedup_text *text = NULL;
    speedup_scenario *scenario = scenario_of(world.catalog, job, WITH("train.published={step_seconds: 1 s, source: 'a \"b\" \\\\ \t'}"));
    assert_ok(speedup_report_estimate(world.context, scenario, SPEEDUP_FORMAT_JSON, &text));
    is_json(speedup_text_get(text));
    speedup_text_destroy(text);
    assert_ok(speedup_report_composition(world.context, scenario, SPEEDUP_FORMAT_JSON, &text));
    is_json(speedup_text_get(text));
    speedup_text_destroy(text);
    speedup_scenario_unref(scenario);
    speedup_word kind = {.struct_size = sizeof kind};
    for (size_t k = 0; speedup_kind_at(k, &kind) == SPEEDUP_OK; k++) {
        const char *id;
        assert_ok(speedup_report_catalog(world.context, world.catalog, kind.name, NULL, SPEEDUP_FORMAT_JSON, &text));
        is_json(speedup_text_get(text));
        assert_int_equal(json_count(speedup_text_get(text), kind.name), speedup_catalog_count(world.catalog, kind.name));
        speedup_text_destroy(text);
        for (size_t i = 0; speedup_catalog_at(world.catalog, kind.name, i, &id, NULL) == SPEEDUP_OK; i++) {
            assert_ok(speedup_report_catalog(world.context, world.catalog, kind.name, id, SPEEDUP_FORMAT_JSON, &text));
            is_json(speedup_text_get(text));
            speedup_text_destroy(text);
            assert_ok(speedup_report_catalog(world.context, world.catalog, kind.name, id, SPEEDUP_FORMAT_TEXT, &text));
            assert_contains(speedup_text_get(text), id);
            speedup_text_destroy(text);
        }
    }
    assert_ok(speedup_report_catalog(world.context, world.catalog, NULL, NULL, SPEEDUP_FORMAT_JSON, &text));
    is_json(speedup_text_get(text));
    speedup_text_destroy(text);
}

static void numbers_in_json_are_the_estimates_bits(void **state)
{
    (void)state;
    static const char *const shown[] = {"answer.step_seconds.value", "answer.memory_peak.value", "run.run_seconds.value", "run.steps"};
    static const int metrics[] = {SPEEDUP_METRIC_STEP_SECONDS, SPEEDUP_METRIC_MEMORY_PEAK, SPEEDUP_METRIC_RUN_SECONDS, SPEEDUP_METRIC_STEPS};
    speedup_text *text = NULL;
    double values[SPEEDUP_METRIC_COUNT], value, low, high;
    speedup_scenario *scenario = scenario_of(world.catalog, job, PLAIN);
    assert_ok(speedup_scenario_estimate(scenario, values, SPEEDUP_METRIC_COUNT));
    assert_ok(speedup_report_estimate(world.context, scenario, SPEEDUP_FORMAT_JSON, &text));
    for (int i = 0; i < 4; i++) {
        assert_true(json_number(speedup_text_get(text), shown[i], &value));
        assert_bits(value, values[metrics[i]]);
    }
    assert_int_equal(speedup_metric_interval(values, SPEEDUP_METRIC_COUNT, SPEEDUP_METRIC_STEP_SECONDS, 0.9, &low, &high), SPEEDUP_OK);
    assert_true(json_number(speedup_text_get(text), "answer.step_seconds.low", &value));
    assert_bits(value, low);
    assert_true(json_number(speedup_text_get(text), "answer.step_seconds.high", &value));
    assert_bits(value, high);
    speedup_text_destroy(text);
    speedup_scenario_unref(scenario);
}

static void the_waterfall_ends_at_the_answer(void **state)
{
    (void)state;
    speedup_text *text = NULL;
    double last = 0, step = 0, first = 0, cumulative = 0, memory = 0, peak = 0;
    char name[60];
    speedup_scenario *scenario = scenario_of(world.catalog, job, WITH("train.baseline=[kernel-fusion]"));
    assert_ok(speedup_report_estimate(world.context, scenario, SPEEDUP_FORMAT_JSON, &text));
    const char *json = speedup_text_get(text);
    assert_int_equal(json_count(json, "waterfall"), 3);
    assert_true(json_string(json, "waterfall[0].optimization", name, sizeof name));
    assert_string_equal(name, "(baseline)");
    assert_true(json_number(json, "waterfall[2].step_seconds", &last) && json_number(json, "answer.step_seconds.value", &step));
    assert_bits(last, step);
    assert_true(json_number(json, "waterfall[2].memory_peak", &memory) && json_number(json, "answer.memory_peak.value", &peak));
    assert_bits(memory, peak);
    assert_true(json_number(json, "waterfall[0].step_seconds", &first) && json_number(json, "waterfall[2].cumulative", &cumulative));
    assert_bits(cumulative, first / last);
    speedup_text_destroy(text);
    speedup_scenario_unref(scenario);
}

static void what_does_not_fit_is_said(void **state)
{
    (void)state;
    speedup_text *text = NULL;
    speedup_scenario *scenario = scenario_of(world.catalog, job, WITH("train.optimizations=[]"));
    assert_ok(speedup_report_estimate(world.context, scenario, SPEEDUP_FORMAT_TEXT, &text));
    assert_contains(speedup_text_get(text), "NO: it needs ");
    speedup_text_destroy(text);
    speedup_scenario_unref(scenario);
}

static void text_is_aligned(void **state)
{
    (void)state;
    struct arena arena;
    struct text text;
    arena_begin(&arena, &memory_default);
    text_begin(&text, &memory_default);
    struct node *root = report_begin(&arena);
    put_text(&arena, root, "a", "short", "x");
    put_number(&arena, root, "b", "a longer label", 2, "1");
    put_text(&arena, root, "hidden", NULL, "only in JSON");
    put_text(&arena, root, "none", "nothing", NULL);
    put_bool(&arena, root, "yes", "is it", true);
    struct node *list = put_list(&arena, root, "rows", "Rows");
    for (int i = 0; i < 2; i++) {
        struct node *row = put_object(&arena, list, NULL, NULL);
        put_text(&arena, row, "name", "name", i ? "\xC3\xA4\xC3\xB6\xC3\xBC" : "longer name");
        put_number(&arena, row, "value", "number", i ? 1 : 1234, "1");
        if (i)
            put_text(&arena, row, "note", "note", "last");
    }
    struct node *plain = put_list(&arena, root, "plain", "Plain");
    put_text(&arena, plain, NULL, NULL, "one");
    put_interval(&arena, plain, NULL, NULL, 2, 1, 4, "s");
    put_list(&arena, root, "empty", "Empty");
    show_text(root, &text);
    assert_string_equal(text.bytes, "short           x\n"
                                    "a longer label  2\n"
                                    "nothing         -\n"
                                    "is it           yes\n"
                                    "\nRows\n"
                                    "  name         number  note\n"
                                    "  longer name    1234  \n"
                                    "  \xC3\xA4\xC3\xB6\xC3\xBC               1  last\n"
                                    "\nPlain\n"
                                    "  one\n"
                                    "  2 s  (1 s to 4 s)\n"
                                    "\nEmpty\n");
    text.length = 0;
    show_json(root, &text);
    is_json(text.bytes);
    text_end(&text);
    arena_end(&arena);
}

static void json_has_no_number_that_is_not_finite(void **state)
{
    (void)state;
    struct arena arena;
    struct text text;
    arena_begin(&arena, &memory_default);
    text_begin(&text, &memory_default);
    struct node *root = report_begin(&arena);
    put_number(&arena, root, "nan", NULL, NAN, "1");
    put_interval(&arena, root, "high", NULL, 1, 0, INFINITY, "1");
    put_text(&arena, root, "control", NULL, "\x01\x1f\"\\");
    show_json(root, &text);
    is_json(text.bytes);
    assert_contains(text.bytes, "\"nan\": null");
    assert_contains(text.bytes, "\"\\u0001\\u001f\\\"\\\\\"");
    text_end(&text);
    arena_end(&arena);
}

static void the_format_page_names_every_field_and_word(void **state)
{
    (void)state;
    speedup_text *text = NULL;
    speedup_word word = {.struct_size = sizeof word};
    assert_ok(speedup_report_format(world.context, &text));
    for (size_t i = 0; speedup_variable_at(i, &word) == SPEEDUP_OK; i++)
        assert_contains(speedup_text_get(text), word.name);
    for (size_t i = 0; speedup_target_at(i, &word) == SPEEDUP_OK; i++)
        assert_contains(speedup_text_get(text), word.name);
    for (size_t i = 0; speedup_kind_at(i, &word) == SPEEDUP_OK; i++)
        assert_contains(speedup_text_get(text), word.name);
    speedup_text_destroy(text);
}

/* What a value may be is said as it is: no key takes a mapping and a list alike. */
static void the_format_page_says_what_each_value_is(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "| `price` | plain value: `id of a price, or an amount such as 2.50 USD/h`", "| `prompt` | number or a mapping: `", "| `optimizations` | list: `[id,",
        "| `calibration` | mapping: `", "| `tensor` | list or a number: `[degree, ...]", "| `prices` | list or a plain value: `", "| `effects` | mapping: `",
    };
    speedup_text *text = NULL;
    assert_ok(speedup_report_format(world.context, &text));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_contains(speedup_text_get(text), rows[i]);
    assert_null(strstr(speedup_text_get(text), "mapping or list"));
    assert_null(strstr(speedup_text_get(text), "(null)"));
    speedup_text_destroy(text);
}

static void an_unknown_entry_or_kind_is_told(void **state)
{
    (void)state;
    speedup_text *text = (speedup_text *)(uintptr_t)1;
    assert_int_equal(speedup_report_catalog(world.context, world.catalog, "model", "lama-7b", SPEEDUP_FORMAT_TEXT, &text), SPEEDUP_UNKNOWN_ENTRY);
    assert_null(text);
    assert_contains(speedup_diagnostic_message(world.context, 0), "did you mean 'llama-7b'?");
    assert_int_equal(speedup_report_catalog(world.context, world.catalog, "modles", NULL, SPEEDUP_FORMAT_TEXT, &text), SPEEDUP_UNKNOWN_ENTRY);
    assert_contains(speedup_diagnostic_message(world.context, 0), "did you mean 'models'?");
}

static speedup_status answer(const char *yaml, size_t length, char *out, size_t room)
{
    speedup_text *text = NULL;
    speedup_status status = speedup_answer(world.context, yaml, length, &text);
    assert_non_null(text);
    is_json(speedup_text_get(text));
    snprintf(out, room, "%s", speedup_text_get(text));
    speedup_text_destroy(text);
    return status;
}

static void one_call_answers_a_scenario_or_claims(void **state)
{
    (void)state;
    static char json[60000];
    double value;
    assert_int_equal(answer(job, strlen(job), json, sizeof json), SPEEDUP_OK);
    assert_true(json_number(json, "answer.step_seconds.value", &value));
    assert_bits(value, metric_of(world.catalog, job, PLAIN, SPEEDUP_METRIC_STEP_SECONDS));
    static const char claims[] = "# a comment\nclaims:\n  headlines: [{name: a, from: 2, to: 1, factor: 2}]\n";
    assert_int_equal(answer(claims, sizeof claims - 1, json, sizeof json), SPEEDUP_OK);
    assert_int_equal(json_count(json, "headlines"), 1);
}

static void claims_are_known_however_they_are_written(void **state)
{
    (void)state;
    static char json[60000];
    static const char *const claims[] = {"{claims: {headlines: []}}", "\"claims\": {headlines: []}", "\xEF\xBB\xBF\x63laims: {headlines: []}",
                                         "claims : {headlines: []}"};
    for (size_t i = 0; i < sizeof claims / sizeof *claims; i++)
        assert_int_equal(answer(claims[i], strlen(claims[i]), json, sizeof json), SPEEDUP_OK);
}

static void an_answer_to_errors_lists_them(void **state)
{
    (void)state;
    static char json[60000];
    static const char yaml[] = "train: {model: lama-7b, sistem: x}\n";
    char text[200];
    double number;
    assert_int_equal(answer(yaml, sizeof yaml - 1, json, sizeof json), SPEEDUP_UNKNOWN_KEY);
    assert_int_equal(json_count(json, "errors"), speedup_diagnostic_count(world.context));
    assert_true(json_string(json, "errors[0].name", text, sizeof text));
    assert_string_equal(text, "UNKNOWN_KEY");
    assert_true(json_number(json, "errors[0].column", &number));
    assert_bits(number, 25);
    assert_true(json_string(json, "errors[0].remedy", text, sizeof text));
}

/* Whatever is in a text, the answer is JSON. */
static void an_answer_to_rubbish_is_json(void **state)
{
    (void)state;
    static char json[200000];
    static const char long_name[] = /* whose 60th byte is within a character */
        "train: {model: \"\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4"
        "\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4x\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4"
        "\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\"}";
    const char *const rubbish[] = {"", "\xFF", "a: \"\\u0001\"", "{", "- [", "train: &a 1", "train: 5", "claims: 5", "\"\xC3\xA4\": 1", long_name};
    for (size_t i = 0; i < sizeof rubbish / sizeof *rubbish; i++)
        assert_int_not_equal(answer(rubbish[i], strlen(rubbish[i]), json, sizeof json), SPEEDUP_OK);
    struct random random = {3};
    for (int i = 0; i < 300; i++) { /* the job with some bytes changed */
        char text[sizeof "" + 2000];
        strcpy(text, job);
        for (int n = 0; n < 3; n++)
            text[random_below(&random, strlen(text))] = (char)(1 + random_below(&random, 255));
        answer(text, strlen(text), json, sizeof json);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_checker_itself_is_strict),
        cmocka_unit_test(every_report_is_json),
        cmocka_unit_test(numbers_in_json_are_the_estimates_bits),
        cmocka_unit_test(the_waterfall_ends_at_the_answer),
        cmocka_unit_test(what_does_not_fit_is_said),
        cmocka_unit_test(text_is_aligned),
        cmocka_unit_test(json_has_no_number_that_is_not_finite),
        cmocka_unit_test(the_format_page_names_every_field_and_word),
        cmocka_unit_test(the_format_page_says_what_each_value_is),
        cmocka_unit_test(an_unknown_entry_or_kind_is_told),
        cmocka_unit_test(one_call_answers_a_scenario_or_claims),
        cmocka_unit_test(claims_are_known_however_they_are_written),
        cmocka_unit_test(an_answer_to_errors_lists_them),
        cmocka_unit_test(an_answer_to_rubbish_is_json),
    };
    return cmocka_run_group_tests(tests, world_begin, world_end);
}
