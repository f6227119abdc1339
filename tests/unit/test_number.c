/* Numbers to text and back: exact, and the same under every locale. */
#include "helper.h"

#include "base/number.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static double parsed(const char *text)
{
    double value = NAN;
    size_t used = 0;
    assert_int_equal(number_parse(text, strlen(text), &value, &used), NUMBER_OK);
    assert_int_equal(used, strlen(text));
    return value;
}

static void reads_decimal_numbers(void **state)
{
    (void)state;
    assert_bits(parsed("0"), 0.0);
    assert_bits(parsed("-0"), -0.0);
    assert_bits(parsed("1.6"), 1.6);
    assert_bits(parsed("+1.6"), 1.6);
    assert_bits(parsed(".5"), 0.5);
    assert_bits(parsed("5."), 5.0);
    assert_bits(parsed("3.35e3"), 3350.0);
    assert_bits(parsed("1E-3"), 0.001);
    assert_bits(parsed("00012.50"), 12.5);
    assert_bits(parsed("0.1000000000000000055511151231257827"), 0.1);
    assert_bits(parsed("179769313486231570000e288"), 1.7976931348623157e308);
    assert_bits(parsed("4.9406564584124654e-324"), 4.9406564584124654e-324);
    assert_bits(parsed("1e-400"), 0.0);
}

static void stops_where_the_number_ends(void **state)
{
    (void)state;
    double value = 0;
    size_t used = 0;
    assert_int_equal(number_parse("80 GB", 5, &value, &used), NUMBER_OK);
    assert_int_equal(used, 2);
    assert_int_equal(number_parse("1.4T", 4, &value, &used), NUMBER_OK);
    assert_int_equal(used, 3);
    assert_int_equal(number_parse("1e", 2, &value, &used), NUMBER_OK);
    assert_int_equal(used, 1);
    assert_int_equal(number_parse("1e+", 3, &value, &used), NUMBER_OK);
    assert_int_equal(used, 1);
    assert_int_equal(number_parse("1.2.3", 5, &value, &used), NUMBER_OK);
    assert_int_equal(used, 3);
    assert_int_equal(number_parse("123456", 3, &value, &used), NUMBER_OK);
    assert_bits(value, 123);
}

static void refuses_what_is_no_finite_number(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "x", "-", "+", ".", "-.", "e5", ",5", "--1"};
    static const char *const infinite[] = {"inf", "-inf", ".inf", "-.Inf", "nan", ".NaN", "infinity", "1e309", "-1e999999"};
    double value;
    size_t used;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(number_parse(bad[i], strlen(bad[i]), &value, &used), NUMBER_BAD);
    for (size_t i = 0; i < sizeof infinite / sizeof *infinite; i++)
        assert_int_equal(number_parse(infinite[i], strlen(infinite[i]), &value, &used), NUMBER_NOT_FINITE);
    char digits[501];
    memset(digits, '9', 500);
    digits[500] = '\0';
    assert_int_equal(number_parse(digits, 500, &value, &used), NUMBER_BAD);
}

static void exact_text_reads_back_as_the_same_double(void **state)
{
    (void)state;
    struct random random = {1};
    char buffer[NUMBER_TEXT];
    for (int i = 0; i < 20000; i++) {
        uint64_t bits = random_next(&random) << 11 ^ random_next(&random);
        double value;
        memcpy(&value, &bits, sizeof value);
        if (!isfinite(value))
            continue;
        assert_bits(parsed(number_exact(buffer, value)), value == 0 ? 0.0 : value);
    }
}

static void exact_text_is_the_shortest(void **state)
{
    (void)state;
    char buffer[NUMBER_TEXT];
    assert_string_equal(number_exact(buffer, 0.1), "0.1");
    assert_string_equal(number_exact(buffer, 100), "100");
    assert_string_equal(number_exact(buffer, -2.5), "-2.5");
    assert_string_equal(number_exact(buffer, 1e15), "1000000000000000");
    assert_string_equal(number_exact(buffer, 1e16), "1e16");
    assert_string_equal(number_exact(buffer, 0.0001), "0.0001");
    assert_string_equal(number_exact(buffer, 0.00001), "1e-5");
    assert_string_equal(number_exact(buffer, 1.0 / 3), "0.3333333333333333");
    assert_string_equal(number_exact(buffer, 1.7976931348623157e308), "1.7976931348623157e308");
}

static void rounds_to_digits_and_to_places(void **state)
{
    (void)state;
    char buffer[NUMBER_TEXT];
    assert_string_equal(number_digits(buffer, 1234.567, 4), "1235");
    assert_string_equal(number_digits(buffer, 0.00012345, 3), "0.000123");
    assert_string_equal(number_digits(buffer, 999.96, 4), "1000");
    assert_string_equal(number_digits(buffer, 123456, 3), "123000");
    assert_string_equal(number_digits(buffer, 0, 3), "0");
    assert_string_equal(number_fixed(buffer, 1234.567, 2), "1234.57");
    assert_string_equal(number_fixed(buffer, -0.5, 0), "-0");
    assert_string_equal(number_fixed(buffer, 12, 3), "12.000");
    assert_string_equal(number_fixed(buffer, 1e20, 3), "1e20");
}

static void says_what_is_not_finite(void **state)
{
    (void)state;
    char buffer[NUMBER_TEXT];
    assert_string_equal(number_exact(buffer, HUGE_VAL), "inf");
    assert_string_equal(number_fixed(buffer, -HUGE_VAL, 2), "-inf");
    assert_string_equal(number_digits(buffer, NAN, 3), "nan");
}

/* The build makes a German locale where it can, and LOCPATH leads to it. */
static bool german(void)
{
    return (setlocale(LC_ALL, "de_DE.UTF-8") || setlocale(LC_ALL, "de_DE.utf8")) && localeconv()->decimal_point[0] == ',';
}

static void is_the_same_under_a_german_locale(void **state)
{
    (void)state;
    if (!german())
        skip();
    char buffer[NUMBER_TEXT];
    assert_bits(parsed("1.6"), 1.6);
    assert_bits(parsed("0.1000000000000000055511151231257827"), 0.1);
    assert_string_equal(number_exact(buffer, 1.0 / 3), "0.3333333333333333");
    assert_string_equal(number_fixed(buffer, 1234.5, 1), "1234.5");
    assert_string_equal(number_digits(buffer, 0.00012345, 3), "0.000123");
    double value;
    size_t used;
    assert_int_equal(number_parse("1,6", 3, &value, &used), NUMBER_OK);
    assert_int_equal(used, 1);
    exact_text_reads_back_as_the_same_double(NULL);
    setlocale(LC_ALL, "C");
}

static void a_whole_answer_is_the_same_under_a_german_locale(void **state)
{
    (void)state;
    speedup_text *plain = NULL, *german_text = NULL;
    assert_ok(speedup_answer(world.context, job, strlen(job), &plain));
    if (!german()) {
        speedup_text_destroy(plain);
        skip();
    }
    assert_ok(speedup_answer(world.context, job, strlen(job), &german_text));
    setlocale(LC_ALL, "C");
    assert_string_equal(speedup_text_get(plain), speedup_text_get(german_text));
    speedup_text_destroy(plain);
    speedup_text_destroy(german_text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_decimal_numbers),
        cmocka_unit_test(stops_where_the_number_ends),
        cmocka_unit_test(refuses_what_is_no_finite_number),
        cmocka_unit_test(exact_text_reads_back_as_the_same_double),
        cmocka_unit_test(exact_text_is_the_shortest),
        cmocka_unit_test(rounds_to_digits_and_to_places),
        cmocka_unit_test(says_what_is_not_finite),
        cmocka_unit_test(is_the_same_under_a_german_locale),
        cmocka_unit_test(a_whole_answer_is_the_same_under_a_german_locale),
    };
    return cmocka_run_group_tests(tests, world_begin, world_end);
}
