/* Units, growing text, the nearest name, arenas, diagnostics and status codes. */
#include "helper.h"

#include "base/diagnostic.h"
#include "base/struct.h"
#include "base/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

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

/* What stands under a place, found by counting from the beginning. */
static void quote_plainly(const char *source, size_t length, uint32_t line, uint32_t column, char *out, size_t room)
{
    const char *at = source, *end = source + length;
    for (uint32_t n = 1; n < line && at < end; n++) {
        at += strcspn(at, "\r\n");
        at += end - at > 1 && at[0] == '\r' && at[1] == '\n' ? 2 : at < end;
    }
    size_t all = strcspn(at, "\r\n"), from = 0, before = 0;
    while (column > 81 && before + 81 < column && from < all)
        before += (at[from++] & 0xC0) != 0x80;
    while (from < all && (at[from] & 0xC0) == 0x80)
        from++;
    size_t shown = all - from < 160 ? all - from : 160, spaces = column - 1 < before ? 0 : column - 1 - before;
    while (shown > 0 && from + shown < all && (at[from + shown] & 0xC0) == 0x80)
        shown--;
    snprintf(out, room, "\n  %.*s\n  %*s^", (int)shown, at + from, (int)(spaces < shown ? spaces : shown), "");
}

static void any_place_of_a_source_is_quoted_in_any_order(void **state)
{
    (void)state;
    static const char *const parts[] = {"\n", "\r\n", "\r", "\n\n", "\xC3\xA4", "\xE2\x82\xAC", "x", "a long word ", "key: [1, 2]"};
    static char source[20000], expected[1000];
    struct random random = {7};
    for (int round = 0; round < 200; round++) {
        size_t length = 0, most = random_below(&random, 12000) + 1, kinds = round % 2 ? 9 : 200;
        while (length < most) {
            size_t part = random_below(&random, kinds);
            const char *text = parts[part < 9 ? part : 4 + part % 5];
            memcpy(source + length, text, strlen(text));
            length += strlen(text);
        }
        source[length] = '\0';
        diagnostics_clear(world.context);
        for (size_t i = 0; i < 60; i++) {
            struct place place = {"f", source, length, (uint32_t)random_below(&random, round % 2 ? 900 : 60) + 1, (uint32_t)random_below(&random, i % 2 ? 30 : 3000) + 1};
            quote_plainly(source, length, place.line, place.column, expected, sizeof expected);
            problem(world.context, SPEEDUP_SYNTAX, &place, "here");
            const char *told = strchr(speedup_diagnostic_text(world.context, i), '\n');
            assert_string_equal(told, expected);
        }
    }
}

/* Each of them once took a pass over the source. */
static void many_diagnostics_of_a_long_source_are_told_at_once(void **state)
{
    (void)state;
    enum { LENGTH = 1 << 24 };
    char *source = malloc(LENGTH);
    assert_non_null(source);
    struct timespec begin, end;
    for (int lines = 0; lines < 2; lines++) {
        memset(source, 'x', LENGTH);
        for (size_t i = 0; lines && i < LENGTH; i += 2)
            source[i] = '\n';
        diagnostics_clear(world.context);
        clock_gettime(CLOCK_MONOTONIC, &begin);
        for (uint32_t i = 0; i < 200; i++) {
            uint32_t far = i % 2 ? LENGTH / 2 - 1000 + i : i * 1000 + 1;
            struct place place = {"f", source, LENGTH, lines ? far : 1, lines ? 1 : far};
            problem(world.context, SPEEDUP_SYNTAX, &place, "here");
        }
        clock_gettime(CLOCK_MONOTONIC, &end);
        /* Generous, for sanitizers: before, it was 4 s without them. */
        assert_true((double)(end.tv_sec - begin.tv_sec) + 1e-9 * (double)(end.tv_nsec - begin.tv_nsec) < 1.5);
    }
    free(source);
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

static void count_end(void *user)
{
    ++*(int *)user;
}

static void a_log_function_gives_its_user_back_once(void **state)
{
    (void)state;
    int first = 0, second = 0, failed = 0;
    speedup_context *context;
    assert_ok(speedup_context_create(NULL, &context));
    assert_ok(speedup_context_set_log(context, remember, &first, count_end));
    assert_int_equal(first, 0);
    assert_ok(speedup_context_set_log(context, remember, &second, count_end));
    assert_int_equal(first, 1);
    assert_int_equal(second, 0);
    speedup_context_destroy(context);
    assert_int_equal(first, 1);
    assert_int_equal(second, 1);
    assert_int_equal(speedup_context_set_log(NULL, remember, &failed, count_end), SPEEDUP_INVALID_ARGUMENT);
    assert_int_equal(failed, 1);
}

/* A word as callers of other versions have it: shorter than it was at first, as it is, longer, and no size at all. */
static void a_struct_is_copied_by_the_size_of_the_caller(void **state)
{
    (void)state;
    struct {
        speedup_word word;
        size_t more, guard;
    } theirs = {.word = {.struct_size = sizeof theirs.word + sizeof theirs.more}, .more = 7, .guard = 8};
    assert_ok(speedup_metric_at(0, &theirs.word));
    assert_int_equal(theirs.word.struct_size, sizeof theirs.word + sizeof theirs.more);
    assert_int_equal(theirs.more, 0); /* a field that is not known is 0 */
    assert_int_equal(theirs.guard, 8);
    assert_string_equal(theirs.word.name, "status");
    static const size_t none[] = {0, 8, LEAST_speedup_word - 8, sizeof(speedup_word) + 1, 4104, SIZE_MAX};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        theirs.word.struct_size = none[i];
        assert_int_equal(speedup_metric_at(0, &theirs.word), SPEEDUP_INVALID_ARGUMENT);
    }

    struct {
        speedup_share share;
        size_t more;
    } longer = {.share = {.struct_size = sizeof longer, .resource = "a", .share = 0.5}};
    speedup_share ours;
    assert_true(STRUCT_IN(speedup_share, &ours, &longer));
    assert_int_equal(ours.struct_size, sizeof ours);
    assert_string_equal(ours.resource, "a");
    longer.more = 1; /* asks for what this version cannot do */
    assert_false(STRUCT_IN(speedup_share, &ours, &longer));

    /* A struct of ours that has grown since the caller's: what the caller lacks is 0. */
    struct {
        speedup_share share;
        double added;
    } grown = {.added = 9};
    longer.share.struct_size = sizeof longer.share;
    assert_true(struct_in(&grown, sizeof grown, &longer, LEAST_speedup_share));
    assert_bits(grown.added, 0);
    assert_bits(grown.share.share, 0.5);
}

static void the_first_of_an_array_has_the_size_of_all(void **state)
{
    (void)state;
    struct {
        speedup_share share;
        size_t more;
    } theirs[3] = {{.share = {.struct_size = sizeof *theirs}, .more = 5}, {.more = 5}, {.more = 5}};
    const speedup_share ours[2] = {{.share = 0.25}, {.share = 0.75}};
    speedup_share read;
    struct_out_all(theirs, ours, sizeof *ours, 2);
    assert_int_equal(theirs[1].share.struct_size, sizeof *theirs);
    assert_bits(theirs[1].share.share, 0.75);
    assert_int_equal(theirs[1].more, 0);
    assert_int_equal(theirs[2].more, 5);
    assert_true(STRUCT_ELEMENT_IN(speedup_share, &read, theirs, 1));
    assert_bits(read.share, 0.75);
    assert_false(STRUCT_ELEMENT_IN(speedup_share, &read, theirs, 2)); /* which has none */
}

static void the_version_is_also_a_number(void **state)
{
    (void)state;
    const int32_t major = SPEEDUP_VERSION_MAJOR, minor = SPEEDUP_VERSION_MINOR, patch = SPEEDUP_VERSION_PATCH;
    char text[40];
    snprintf(text, sizeof text, "%d.%d.%d", (int)major, (int)minor, (int)patch);
    assert_string_equal(speedup_version(), text);
    assert_int_equal(speedup_version_number(), SPEEDUP_VERSION_NUMBER);
    assert_true(SPEEDUP_VERSION_NUMBER >= 200);
    assert_true(speedup_version_check(major, minor, patch));
    assert_true(speedup_version_check(major, minor - 1, 99));
    assert_false(speedup_version_check(major, minor, patch + 1));
    assert_false(speedup_version_check(major, minor + 1, 0));
    assert_false(speedup_version_check(major + 1, 0, 0));
    assert_false(speedup_version_check(major - 1, minor, patch));
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
        cmocka_unit_test(a_log_function_gives_its_user_back_once),
        cmocka_unit_test(a_struct_is_copied_by_the_size_of_the_caller),
        cmocka_unit_test(the_first_of_an_array_has_the_size_of_all),
        cmocka_unit_test(the_version_is_also_a_number),
        cmocka_unit_test(an_arena_gives_zeroed_aligned_memory_of_any_size),
        cmocka_unit_test(a_diagnostic_shows_place_code_message_line_and_caret),
        cmocka_unit_test(the_caret_of_a_long_line_stands_under_its_column),
        cmocka_unit_test(lines_of_an_old_macintosh_are_lines),
        cmocka_unit_test(any_place_of_a_source_is_quoted_in_any_order),
        cmocka_unit_test(many_diagnostics_of_a_long_source_are_told_at_once),
        cmocka_unit_test(many_diagnostics_are_kept_up_to_a_limit),
        cmocka_unit_test(the_log_function_is_told_every_diagnostic),
        cmocka_unit_test(a_call_forgets_the_diagnostics_of_the_one_before),
        cmocka_unit_test(every_status_has_a_number_of_its_own_and_texts),
        cmocka_unit_test(the_loaded_library_has_the_version_of_the_header),
    };
    return cmocka_run_group_tests(tests, world_begin, world_end);
}
