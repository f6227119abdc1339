/* Units, growing text, the nearest name, arenas, diagnostics and status codes. */
#include "helper.h"

#include "base/diagnostic.h"
#include "base/unit.h"

#include <stdio.h>
#include <string.h>

static double factor(enum dimension dimension, const char *unit)
{
    double value = 0;
    enum dimension other;
    assert_true(unit_factor(dimension, unit, strlen(unit), &value, &other));
    return value;
}

static void a_unit_has_the_factor_of_its_dimension(void **state)
{
    (void)state;
    assert_bits(factor(DIMENSION_BYTES, "GB"), 1e9);
    assert_bits(factor(DIMENSION_BYTES, "GiB"), 1073741824);
    assert_bits(factor(DIMENSION_BYTES, "B"), 1);
    assert_bits(factor(DIMENSION_COUNT, "B"), 1e9);
    assert_bits(factor(DIMENSION_BYTES_PER_S, "Gbit/s"), 125e6);
    assert_bits(factor(DIMENSION_FLOPS_PER_S, "TFLOP/s"), 1e12);
    assert_bits(factor(DIMENSION_SECONDS, "days"), 86400);
    assert_bits(factor(DIMENSION_USD, "MUSD"), 1e6);
}

static void a_unit_of_another_dimension_is_told_apart_from_none(void **state)
{
    (void)state;
    double value;
    enum dimension other;
    assert_false(unit_factor(DIMENSION_BYTES, "TFLOP/s", 7, &value, &other));
    assert_int_equal(other, DIMENSION_FLOPS_PER_S);
    assert_false(unit_factor(DIMENSION_BYTES, "gb", 2, &value, &other));
    assert_int_equal(other, DIMENSION_NONE);
}

static void shown(const char *unit, double value, const char *expected)
{
    struct text text;
    text_begin(&text, &memory_default);
    unit_put(&text, unit, value);
    assert_string_equal(text.bytes, expected);
    text_end(&text);
}

static void quantities_are_shown_as_people_write_them(void **state)
{
    (void)state;
    shown("B", 80. * 1073741824, "80 GiB");
    shown("B", 512, "512 B");
    shown("B", -1073741824., "-1 GiB");
    shown("s", 21.3 * 86400, "21.3 days");
    shown("s", 0.0025, "2.5 ms");
    shown("s", 3e-6, "3 us");
    shown("s", 0, "0 s");
    shown("FLOP/s", 1.4e14, "140 TFLOP/s");
    shown("B/s", 3.35e12, "3.35 TB/s");
    shown("USD", 2.5e6, "2.5 MUSD");
    shown("kWh", 1.5e6, "1.5 GWh");
    shown("h", 1022362, "1022362 h");
    shown("%", 0.4567, "45.7 %");
    shown("1", 8, "8");
    shown("x", 2.5, "2.5 x");
}

static void every_dimension_has_a_name_and_units(void **state)
{
    (void)state;
    for (int i = DIMENSION_COUNT; i < DIMENSION_COUNT_OF; i++) {
        struct text text;
        text_begin(&text, &memory_default);
        assert_non_null(dimension_name((enum dimension)i));
        dimension_list((enum dimension)i, &text);
        assert_true(text.length > 0);
        text_end(&text);
    }
}

static void text_grows_and_stays_ended(void **state)
{
    (void)state;
    struct text text;
    char large[1000];
    memset(large, 'x', sizeof large - 1);
    large[sizeof large - 1] = '\0';
    text_begin(&text, &memory_default);
    text_put(&text, "a");
    text_format(&text, "%s-%d", large, 7);
    assert_int_equal(text.length, 1 + 999 + 2);
    assert_int_equal(strlen(text.bytes), text.length);
    assert_false(text.failed);
    text_end(&text);
}

static void a_cut_never_leaves_half_a_character(void **state)
{
    (void)state;
    struct text text;
    text_begin(&text, &memory_default);
    text_format(&text, "'%.3s'", "\xC3\xA4\xC3\xB6"); /* a umlaut and half an o umlaut */
    assert_string_equal(text.bytes, "'\xC3\xA4?'");
    text_end(&text);
}

static void width_counts_characters_not_bytes(void **state)
{
    (void)state;
    assert_int_equal(text_width("abc", 3), 3);
    assert_int_equal(text_width("\xC3\xA4\xE2\x82\xAC", 5), 2);
}

static const char *nearest_of(const char *wanted, const char *const *names, char *out)
{
    struct nearest nearest;
    struct text text;
    nearest_begin(&nearest, wanted, strlen(wanted));
    for (; *names; names++)
        nearest_offer(&nearest, *names);
    text_begin(&text, &memory_default);
    text_put(&text, "");
    nearest_put(&nearest, &text);
    strcpy(out, text.bytes ? text.bytes : "");
    text_end(&text);
    return out;
}

static void the_nearest_name_is_offered_only_when_it_may_be_meant(void **state)
{
    (void)state;
    char out[100];
    assert_string_equal(nearest_of("facter", WITH("factor", "actor"), out), "; did you mean 'factor'?");
    assert_string_equal(nearest_of("latyer", WITH("layers", "heads"), out), "; did you mean 'layers'?");
    assert_string_equal(nearest_of("zzz", WITH("factor"), out), "");
    assert_string_equal(nearest_of("a", WITH("b"), out), "");
    assert_string_equal(nearest_of("", WITH("b"), out), "");
    /* Swapped neighbours are one edit. */
    assert_string_equal(nearest_of("tain", WITH("serve", "train"), out), "; did you mean 'train'?");
    assert_string_equal(nearest_of("trian", WITH("trains", "train"), out), "; did you mean 'train'?");
}

static void an_arena_gives_zeroed_aligned_memory_of_any_size(void **state)
{
    (void)state;
    struct arena arena;
    arena_begin(&arena, &memory_default);
    for (size_t size = 0; size < 200000; size = size * 2 + 1) {
        unsigned char *memory = arena_zeroed(&arena, size, 1);
        assert_non_null(memory);
        assert_int_equal((uintptr_t)memory % 16, 0);
        for (size_t i = 0; i < size; i++)
            assert_int_equal(memory[i], 0);
        memset(memory, 0xFF, size);
    }
    assert_false(arena.failed);
    assert_null(arena_zeroed(&arena, SIZE_MAX, 16));
    assert_true(arena.failed);
    arena_end(&arena);
}

static void a_diagnostic_shows_place_code_message_line_and_caret(void **state)
{
    (void)state;
    static const char source[] = "first\r\n  b\xC3\xA4r: baz\n";
    struct place place = {"x.yaml", source, sizeof source - 1, 2, 8};
    diagnostics_clear(world.context);
    problem(world.context, SPEEDUP_WRONG_TYPE, &place, "no %s", "good");
    assert_int_equal(speedup_diagnostic_count(world.context), 1);
    assert_string_equal(speedup_diagnostic_message(world.context, 0), "no good");
    assert_string_equal(speedup_diagnostic_text(world.context, 0),
                        "x.yaml:2:8: error[SPD-110]: no good\n    b\xC3\xA4r: baz\n         ^");
    speedup_status code;
    const char *file;
    uint32_t line, column;
    assert_int_equal(speedup_diagnostic_place(world.context, 0, &code, &file, &line, &column), SPEEDUP_OK);
    assert_int_equal(code, SPEEDUP_WRONG_TYPE);
    assert_string_equal(file, "x.yaml");
    assert_int_equal(line, 2);
    assert_int_equal(column, 8);
    assert_null(speedup_diagnostic_text(world.context, 1));
    assert_null(speedup_diagnostic_message(world.context, 1));
    assert_int_equal(speedup_diagnostic_place(world.context, 1, &code, &file, &line, &column), SPEEDUP_NOT_FOUND);
}

static void the_caret_of_a_long_line_stands_under_its_column(void **state)
{
    (void)state;
    char source[1000];
    for (uint32_t column = 1; column < 900; column += 7) {
        memset(source, 'x', sizeof source);
        source[column - 1] = '!';
        struct place place = {"x", source, sizeof source, 1, column};
        diagnostics_clear(world.context);
        problem(world.context, SPEEDUP_SYNTAX, &place, "here");
        const char *line = strchr(speedup_diagnostic_text(world.context, 0), '\n') + 1, *caret = strchr(line, '\n') + 1;
        assert_int_equal(strchr(line, '!') - line, strchr(caret, '^') - caret);
        assert_true(strlen(caret) < 200);
    }
}

static void lines_of_an_old_macintosh_are_lines(void **state)
{
    (void)state;
    static const char source[] = "one\rtwo\rthree";
    struct place place = {"x", source, sizeof source - 1, 2, 1};
    diagnostics_clear(world.context);
    problem(world.context, SPEEDUP_SYNTAX, &place, "here");
    assert_contains(speedup_diagnostic_text(world.context, 0), "\n  two\n  ^");
}

static void many_diagnostics_are_kept_up_to_a_limit(void **state)
{
    (void)state;
    diagnostics_clear(world.context);
    for (int i = 0; i < 1000; i++)
        problem(world.context, SPEEDUP_SYNTAX, NULL, "number %d", i);
    assert_int_equal(speedup_diagnostic_count(world.context), 200);
    assert_string_equal(speedup_diagnostic_text(world.context, 199), "error[SPD-101]: number 199");
}

struct told {
    size_t count;
    char text[200];
};

static void remember(void *user, speedup_status code, const char *text)
{
    struct told *told = user;
    assert_int_equal(code, SPEEDUP_EMPTY);
    told->count++;
    strncpy(told->text, text, sizeof told->text - 1);
}

static void the_log_function_is_told_every_diagnostic(void **state)
{
    (void)state;
    struct told told = {0};
    assert_int_equal(speedup_context_set_log(world.context, remember, &told, NULL), SPEEDUP_OK);
    assert_int_equal(refused_catalog(world.catalog, ""), SPEEDUP_EMPTY);
    assert_int_equal(told.count, 1);
    assert_string_equal(told.text, speedup_diagnostic_text(world.context, 0));
    assert_int_equal(speedup_context_set_log(world.context, NULL, NULL, NULL), SPEEDUP_OK);
    assert_int_equal(refused_catalog(world.catalog, ""), SPEEDUP_EMPTY);
    assert_int_equal(told.count, 1);
}

static void a_call_forgets_the_diagnostics_of_the_one_before(void **state)
{
    (void)state;
    assert_int_equal(refused_catalog(world.catalog, "a: 1\nb: 2"), SPEEDUP_UNKNOWN_KEY);
    assert_int_equal(speedup_diagnostic_count(world.context), 2);
    speedup_catalog_unref(extend(world.catalog, "models: {}"));
    assert_int_equal(speedup_diagnostic_count(world.context), 0);
}

static void every_status_has_a_number_of_its_own_and_texts(void **state)
{
    (void)state;
    speedup_status status, other;
    size_t count = 0;
    for (; speedup_status_at(count, &status) == SPEEDUP_OK; count++) {
        assert_true(strlen(speedup_status_name(status)) > 0);
        assert_true(strlen(speedup_status_text(status)) > 0);
        assert_true(strlen(speedup_status_remedy(status)) > 0);
        for (size_t i = 0; i < count; i++) {
            assert_int_equal(speedup_status_at(i, &other), SPEEDUP_OK);
            assert_int_not_equal(other, status);
        }
    }
    assert_true(count > 40);
    assert_int_equal(speedup_status_at(count, &status), SPEEDUP_NOT_FOUND);
    assert_null(speedup_status_name(-1));
    assert_null(speedup_status_text(99999));
    assert_null(speedup_status_remedy(99999));
}

static void the_loaded_library_has_the_version_of_the_header(void **state)
{
    (void)state;
    char expected[40];
    snprintf(expected, sizeof expected, "%d.%d.%d", SPEEDUP_VERSION_MAJOR, SPEEDUP_VERSION_MINOR, SPEEDUP_VERSION_PATCH);
    assert_string_equal(speedup_version(), expected);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_unit_has_the_factor_of_its_dimension),
        cmocka_unit_test(a_unit_of_another_dimension_is_told_apart_from_none),
        cmocka_unit_test(quantities_are_shown_as_people_write_them),
        cmocka_unit_test(every_dimension_has_a_name_and_units),
        cmocka_unit_test(text_grows_and_stays_ended),
        cmocka_unit_test(a_cut_never_leaves_half_a_character),
        cmocka_unit_test(width_counts_characters_not_bytes),
        cmocka_unit_test(the_nearest_name_is_offered_only_when_it_may_be_meant),
        cmocka_unit_test(an_arena_gives_zeroed_aligned_memory_of_any_size),
        cmocka_unit_test(a_diagnostic_shows_place_code_message_line_and_caret),
        cmocka_unit_test(the_caret_of_a_long_line_stands_under_its_column),
        cmocka_unit_test(lines_of_an_old_macintosh_are_lines),
        cmocka_unit_test(many_diagnostics_are_kept_up_to_a_limit),
        cmocka_unit_test(the_log_function_is_told_every_diagnostic),
        cmocka_unit_test(a_call_forgets_the_diagnostics_of_the_one_before),
        cmocka_unit_test(every_status_has_a_number_of_its_own_and_texts),
        cmocka_unit_test(the_loaded_library_has_the_version_of_the_header),
    };
    return cmocka_run_group_tests(tests, world_begin, world_end);
}
