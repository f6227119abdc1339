/* Trees to records by field tables: types, units, ranges, and all errors at once. */
#include "helper.h"

#include "yaml/record.h"

#include <math.h>
#include <string.h>

struct inner {
    uint64_t present;
    double depth;
};

struct thing {
    uint64_t present;
    const char *name;
    double size, count, plain;
    bool on;
    int32_t color;
    struct inner inner;
    uint32_t rest;
};

static const char *const colors[] = {"red", "green", NULL};
static const struct field inner_fields[] = {
    {FIELD_WORDS("depth", "", "how deep"),
     .type = FIELD_NUMBER, .dimension = DIMENSION_SECONDS, .most = 100, .required = true,
     .offset = offsetof(struct inner, depth)},
    {.key = NULL},
};
static const struct record_table inner_table = {"inner", "", inner_fields};
static const struct field fields[] = {
    {FIELD_WORDS("name", "", "its name"), .type = FIELD_TEXT, .required = true, .offset = offsetof(struct thing, name)},
    {FIELD_WORDS("size", "", ""),
     .type = FIELD_NUMBER, .dimension = DIMENSION_BYTES, .least = 1, .most = 1e12, .offset = offsetof(struct thing,
     size)},
    {FIELD_WORDS("count", "", ""),
     .type = FIELD_COUNT, .dimension = DIMENSION_COUNT, .least = 1, .most = 1e12, .offset = offsetof(struct thing,
     count)},
    {FIELD_WORDS("plain", "", ""),
     .type = FIELD_NUMBER, .least = -1e300, .most = 1e300, .offset = offsetof(struct thing, plain)},
    {FIELD_WORDS("on", "", ""), .type = FIELD_BOOL, .offset = offsetof(struct thing, on)},
    {FIELD_WORDS("color", "", ""), .type = FIELD_CHOICE, .choices = colors, .offset = offsetof(struct thing, color)},
    {FIELD_WORDS("inner", "", ""),
     .type = FIELD_RECORD, .record = &inner_table, .offset = offsetof(struct thing, inner)},
    {FIELD_WORDS("rest", "", ""), .type = FIELD_LIST, .offset = offsetof(struct thing, rest)},
    {.key = NULL},
};
static const struct record_table table = {"thing", "", fields};

static struct arena arena;
static struct thing thing;

static speedup_status load(const char *text)
{
    struct yaml_tree tree;
    diagnostics_clear(world.context);
    arena_end(&arena);
    arena_begin(&arena, &memory_default);
    memset(&thing, 0, sizeof thing);
    assert_ok(yaml_read(world.context, &arena, "t.yaml", text, strlen(text), &tree));
    record_read(world.context, &tree, tree.root, &table, NULL, &thing);
    record_require(world.context, &tree, tree.root, &table, &thing);
    return world.context->first;
}

static void tells(const char *text, speedup_status code, const char *message)
{
    assert_int_equal(load(text), code);
    assert_int_equal(speedup_diagnostic_count(world.context), 1);
    assert_string_equal(speedup_diagnostic_message(world.context, 0), message);
}

static void fields_are_read_by_type(void **state)
{
    (void)state;
    assert_ok(load("{name: a, count: 4 k, plain: -1.6e2, on: true, color: green, inner: {depth: 1 min}, rest: [x]}"));
    assert_bits(thing.count, 4000);
    assert_bits(thing.plain, -160);
    assert_true(thing.on);
    assert_int_equal(thing.color, 1);
    assert_bits(thing.inner.depth, 60);
    assert_true(FIELD_GIVEN(&thing, 0));
    assert_false(FIELD_GIVEN(&thing, 1));
    assert_true(thing.rest > 0);
}

static void units_may_stand_close_or_apart(void **state)
{
    (void)state;
    assert_ok(load("{name: a, size: 80GB}"));
    assert_bits(thing.size, 80e9);
    assert_ok(load("{name: a, size: \"80  GiB \"}"));
    assert_bits(thing.size, 80. * 1073741824);
}

static void wrong_types_are_told(void **state)
{
    (void)state;
    tells("{name: [a]}", SPEEDUP_WRONG_TYPE, "'name' takes a plain value, not a list");
    tells("{name: {a: b}}", SPEEDUP_WRONG_TYPE, "'name' takes a plain value, not a mapping");
    tells("{name: }", SPEEDUP_WRONG_TYPE, "'name' has no value");
    tells("{name: a, inner: 5}", SPEEDUP_WRONG_TYPE, "'inner' takes a mapping, not a plain value");
    tells("{name: a, inner: }", SPEEDUP_WRONG_TYPE, "'inner' has no value; it takes a mapping");
    tells("{name: a, on: yes}", SPEEDUP_WRONG_TYPE, "'on' is true or false, not 'yes'");
    tells("[a]", SPEEDUP_WRONG_TYPE, "'thing' takes a mapping, not a list");
}

static void numbers_are_checked(void **state)
{
    (void)state;
    tells("{name: a, plain: x}", SPEEDUP_BAD_NUMBER, "'plain' must be a number, not 'x'");
    tells("{name: a, plain: .inf}", SPEEDUP_NOT_FINITE, "'plain' must be a finite number, not '.inf'");
    tells("{name: a, plain: 1e999}", SPEEDUP_NOT_FINITE, "'plain' must be a finite number, not '1e999'");
    tells("{name: a, plain: '1,6'}", SPEEDUP_BAD_NUMBER,
          "'plain': '1,6' is not a number; the decimal separator is a point, and thousands are not separated");
    tells("{name: a, plain: 1_000}", SPEEDUP_BAD_NUMBER,
          "'plain': '1_000' is not a number; the decimal separator is a point, and thousands are not separated");
    tells("{name: a, count: 1.5}", SPEEDUP_NOT_WHOLE, "'count' must be a whole number, not '1.5'");
    tells("{name: a, count: 0}", SPEEDUP_OUT_OF_RANGE, "'count' is 0; it must be from 1 to 1 T");
}

static void units_are_checked(void **state)
{
    (void)state;
    tells("{name: a, size: 80}", SPEEDUP_BAD_UNIT, "'size' needs a unit: B, kB, MB, GB, TB, KiB, MiB, GiB, TiB");
    tells("{name: a, size: 80 TFLOP/s}", SPEEDUP_WRONG_DIMENSION,
          "'TFLOP/s' is a unit of a rate of operations; 'size' takes a size in bytes: B, kB, MB, GB, TB, KiB, MiB, GiB, TiB");
    tells("{name: a, plain: 80 GB}", SPEEDUP_WRONG_DIMENSION, "'plain' takes a plain number, without 'GB'");
    assert_int_equal(load("{name: a, size: 80 gb}"), SPEEDUP_BAD_UNIT);
}

static void a_choice_lists_what_there_is(void **state)
{
    (void)state;
    tells("{name: a, color: gren}", SPEEDUP_UNKNOWN_CHOICE,
          "'gren' is not a choice of 'color' (red, green); did you mean 'green'?");
}

static void unknown_and_missing_keys_are_told(void **state)
{
    (void)state;
    tells("{name: a, sise: 1 GB}", SPEEDUP_UNKNOWN_KEY, "unknown key 'sise' in thing; did you mean 'size'?");
    tells("{size: 1 GB}", SPEEDUP_MISSING_KEY, "thing lacks 'name': its name");
    tells("{name: a, inner: {}}", SPEEDUP_MISSING_KEY, "inner lacks 'depth': how deep");
}

static void all_errors_are_told_in_one_pass(void **state)
{
    (void)state;
    assert_int_equal(load("{size: x, count: 1.5, color: blue, nam: a, inner: {depth: 1}}"), SPEEDUP_BAD_NUMBER);
    assert_int_equal(speedup_diagnostic_count(world.context), 6);
}

static void a_wrong_value_is_told_once(void **state)
{
    (void)state;
    tells("{name: []}", SPEEDUP_WRONG_TYPE, "'name' takes a plain value, not a list");
}

/* What a value given by path is told, beside what the same value in a file is told. */
static void refuses(bool set, speedup_status code, const char *message)
{
    assert_false(set);
    assert_int_equal(world.context->first, code);
    assert_int_equal(speedup_diagnostic_count(world.context), 1);
    assert_string_equal(speedup_diagnostic_message(world.context, 0), message);
    diagnostics_clear(world.context);
}

static void values_are_set_by_path_with_the_checks_of_a_file(void **state)
{
    (void)state;
    speedup_context *x = world.context;
    struct thing t = {0};
    diagnostics_clear(x);
    assert_true(record_set_number(x, NULL, &table, &t, "count", 4000, NULL));
    assert_true(record_set_text(x, NULL, &table, &t, "size", "80 GB", NULL));
    assert_true(record_set_text(x, NULL, &table, &t, "color", "green", NULL));
    assert_true(record_set_text(x, NULL, &table, &t, "name", "a", NULL));
    assert_true(record_set_bool(x, &table, &t, "on", true, NULL));
    assert_false(FIELD_GIVEN(&t, 6));
    assert_true(record_set_number(x, NULL, &table, &t, "inner.depth", 60, NULL));
    assert_bits(t.count, 4000);
    assert_bits(t.size, 80e9);
    assert_int_equal(t.color, 1);
    assert_bits(t.inner.depth, 60);
    assert_int_equal(t.present, 0x77);
    assert_int_equal(t.inner.present, 1);

    refuses(record_set_number(x, NULL, &table, &t, "count", 1.5, NULL), SPEEDUP_NOT_WHOLE, "'count' must be a whole number, not '1.5'");
    refuses(record_set_number(x, NULL, &table, &t, "count", 0, NULL), SPEEDUP_OUT_OF_RANGE, "'count' is 0; it must be from 1 to 1 T");
    refuses(record_set_number(x, NULL, &table, &t, "plain", (double)NAN, NULL), SPEEDUP_NOT_FINITE, "'plain' must be a finite number, not 'nan'");
    refuses(record_set_text(x, NULL, &table, &t, "size", "80", NULL), SPEEDUP_BAD_UNIT, "'size' needs a unit: B, kB, MB, GB, TB, KiB, MiB, GiB, TiB");
    refuses(record_set_text(x, NULL, &table, &t, "count", "1.5", NULL), SPEEDUP_NOT_WHOLE, "'count' must be a whole number, not '1.5'");
    refuses(record_set_text(x, NULL, &table, &t, "on", "yes", NULL), SPEEDUP_WRONG_TYPE, "'on' is true or false, not 'yes'");
    refuses(record_set_text(x, NULL, &table, &t, "name", "", NULL), SPEEDUP_WRONG_TYPE, "'name' has no value");
    refuses(record_set_text(x, NULL, &table, &t, "name", "\xC0", NULL), SPEEDUP_NOT_TEXT, "'name' is not a text in UTF-8");
    refuses(record_set_text(x, NULL, &table, &t, "rest", "a", NULL), SPEEDUP_WRONG_TYPE, "'rest' takes a list, not a plain value");
    refuses(record_set_number(x, NULL, &table, &t, "inner", 1, NULL), SPEEDUP_WRONG_TYPE, "'inner' takes a mapping, not a number");
    refuses(record_set_bool(x, &table, &t, "count", true, NULL), SPEEDUP_WRONG_TYPE, "'count' takes a number, not true or false");
    refuses(record_set_number(x, NULL, &table, &t, "cuont", 1, NULL), SPEEDUP_UNKNOWN_KEY, "unknown key 'cuont' in thing; did you mean 'count'?");
    refuses(record_set_number(x, NULL, &table, &t, "inner.dept", 1, NULL), SPEEDUP_UNKNOWN_KEY, "unknown key 'dept' in inner; did you mean 'depth'?");
    refuses(record_set_number(x, NULL, &table, &t, "count.depth", 1, NULL), SPEEDUP_UNKNOWN_KEY, "'count' takes a number; it has no key 'depth'");
    assert_bits(t.count, 4000); /* a wrong value changes nothing */
    assert_int_equal(t.present, 0x77);
}

static void values_are_got_by_path(void **state)
{
    (void)state;
    struct record_value value;
    assert_ok(load("{name: a, size: 1 GB, color: green, on: true, inner: {depth: 1 min}}"));
    assert_true(record_get(&table, &thing, "inner.depth", &value));
    assert_bits(value.number, 60);
    assert_true(value.given);
    assert_int_equal(value.field->dimension, DIMENSION_SECONDS);
    assert_true(record_get(&table, &thing, "color", &value));
    assert_string_equal(value.text, "green");
    assert_true(record_get(&table, &thing, "name", &value));
    assert_string_equal(value.text, "a");
    assert_true(record_get(&table, &thing, "on", &value));
    assert_true(value.flag);
    assert_true(record_get(&table, &thing, "count", &value));
    assert_false(value.given);
    assert_false(record_get(&table, &thing, "inner.size", &value));
    assert_false(record_get(&table, &thing, "", &value));
    assert_false(record_get(&table, &thing, "inner.", &value));
}

static void a_record_of_values_lacks_what_a_file_would(void **state)
{
    (void)state;
    struct thing t = {0};
    const struct place place = {.file = "here"};
    diagnostics_clear(world.context);
    record_complete(world.context, &place, &table, &t);
    assert_int_equal(speedup_diagnostic_count(world.context), 1);
    assert_string_equal(speedup_diagnostic_text(world.context, 0), "here: error[SPD-109]: thing lacks 'name': its name");
    t.present = 1 << 6;
    diagnostics_clear(world.context);
    record_complete(world.context, NULL, &table, &t);
    assert_int_equal(speedup_diagnostic_count(world.context), 2);
    assert_string_equal(speedup_diagnostic_message(world.context, 1), "inner lacks 'depth': how deep");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_are_read_by_type),
        cmocka_unit_test(units_may_stand_close_or_apart),
        cmocka_unit_test(wrong_types_are_told),
        cmocka_unit_test(numbers_are_checked),
        cmocka_unit_test(units_are_checked),
        cmocka_unit_test(a_choice_lists_what_there_is),
        cmocka_unit_test(unknown_and_missing_keys_are_told),
        cmocka_unit_test(all_errors_are_told_in_one_pass),
        cmocka_unit_test(a_wrong_value_is_told_once),
        cmocka_unit_test(values_are_set_by_path_with_the_checks_of_a_file),
        cmocka_unit_test(values_are_got_by_path),
        cmocka_unit_test(a_record_of_values_lacks_what_a_file_would),
    };
    arena_begin(&arena, &memory_default);
    int failed = cmocka_run_group_tests(tests, world_begin, world_end);
    arena_end(&arena);
    return failed;
}
