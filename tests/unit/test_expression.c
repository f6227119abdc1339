/* Effect expressions: what they say, that folding changes no bit, and their limits. */
#include "helper.h"

#include "catalog/expression.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* The names of these tests: a, b and c are lanes 0 to 2; k is a number known to folding. */
static bool find(const void *user, const char *name, size_t length, struct operation *operation)
{
    (void)user;
    if (length != 1 || !strchr("abck", *name))
        return false;
    operation->kind = NAME_VARIABLE;
    operation->index = (uint16_t)(*name == 'k' ? 3 : *name - 'a');
    return true;
}

static void offer(const void *user, struct nearest *nearest)
{
    (void)user;
    nearest_offer(nearest, "abacus");
}

static const struct expression_scope scope = {find, offer, NULL};
static struct arena arena;

static bool compiles(const char *text, struct expression *expression)
{
    static const struct place place = {.file = "t"};
    diagnostics_clear(world.context);
    return expression_compile(world.context, &arena, &place, text, &scope, expression);
}

static double value(const char *text)
{
    struct expression expression;
    const lanes variables[4] = {{2, 2, 2, 2}, {3, 3, 3, 3}, {-1, -1, -1, -1}, {7, 7, 7, 7}};
    lanes result;
    if (!compiles(text, &expression))
        assert_ok(world.context->first);
    expression_evaluate(&expression, variables, &result);
    for (int lane = 1; lane < LANES; lane++)
        assert_bits(result[lane], result[0]);
    return result[0];
}

static void products_bind_stronger_than_sums(void **state)
{
    (void)state;
    assert_bits(value("1 + 2 * 3"), 7);
    assert_bits(value("(1 + 2) * 3"), 9);
    assert_bits(value("2 * 3 - 4 / 2"), 4);
}

static void equal_operators_go_from_left_to_right(void **state)
{
    (void)state;
    assert_bits(value("10 - 4 - 3"), 3);
    assert_bits(value("24 / 4 / 3"), 2);
    assert_bits(value("24 / 4 * 3"), 18);
}

static void a_power_goes_from_right_to_left(void **state)
{
    (void)state;
    assert_bits(value("2 ^ 3 ^ 2"), 512);
    assert_bits(value("(2 ^ 3) ^ 2"), 64);
}

static void a_sign_binds_weaker_than_a_power(void **state)
{
    (void)state;
    assert_bits(value("-2 ^ 2"), -4);
    assert_bits(value("(-2) ^ 2"), 4);
    assert_bits(value("2 ^ -1"), 0.5);
    assert_bits(value("- - 2"), 2);
    assert_bits(value("+2"), 2);
    assert_bits(value("3 - -2"), 5);
}

static void a_comparison_is_one_or_zero(void **state)
{
    (void)state;
    assert_bits(value("2 < 3"), 1);
    assert_bits(value("3 <= 3"), 1);
    assert_bits(value("2 > 3"), 0);
    assert_bits(value("3 >= 4"), 0);
    assert_bits(value("2 == 2"), 1);
    assert_bits(value("2 != 2"), 0);
    assert_bits(value("1 + 1 == 4 / 2"), 1); /* binds weakest */
}

static void functions_do_what_they_say(void **state)
{
    (void)state;
    assert_bits(value("min(3, 1, 2)"), 1);
    assert_bits(value("max(3, 1, 2)"), 3);
    assert_bits(value("ceil(1.2) + floor(-1.2) + round(2.5)"), 2 - 2 + 3);
    assert_bits(value("sqrt(9) + abs(-4)"), 7);
    assert_bits(value("exp(0) + log(1)"), 1);
    assert_bits(value("if(a > b, 10, 20)"), 20);
    assert_bits(value("if(a, 1 / a, 0)"), 0.5);
    assert_near(value("log(e)"), 1, 1e-15);
    assert_near(value("phi ^ 2 - phi"), 1, 1e-14);
    assert_near(value("pi"), 3.141592653589793, 1e-16);
}

static void names_are_read(void **state)
{
    (void)state;
    assert_bits(value("a + b * c"), -1);
    assert_bits(value("a*b"), 6);
    assert_bits(value("\t a\n/b"), 2.0 / 3);
}

static void an_untaken_branch_may_divide_by_zero(void **state)
{
    (void)state;
    assert_bits(value("if(a > 0, 5, 1 / 0)"), 5);
}

static void tells(const char *text, speedup_status code, const char *message)
{
    struct expression expression;
    assert_false(compiles(text, &expression));
    assert_int_equal(world.context->first, code);
    assert_int_equal(speedup_diagnostic_count(world.context), 1);
    assert_string_equal(speedup_diagnostic_message(world.context, 0), message);
}

static void what_is_no_expression_is_refused_at_its_place(void **state)
{
    (void)state;
    tells("", SPEEDUP_EXPRESSION, "in '' at character 1: the expression ends too early");
    tells("1 +", SPEEDUP_EXPRESSION, "in '1 +' at character 4: the expression ends too early");
    tells("1 2", SPEEDUP_EXPRESSION, "in '1 2' at character 3: something is left over");
    tells("(1", SPEEDUP_EXPRESSION, "in '(1' at character 3: expected ')'");
    tells("1 * / 2", SPEEDUP_EXPRESSION, "in '1 * / 2' at character 5: expected a number, a name or '('");
    tells("min(1)", SPEEDUP_EXPRESSION, "in 'min(1)' at character 7: wrong number of arguments");
    tells("sqrt(1, 2)", SPEEDUP_EXPRESSION, "in 'sqrt(1, 2)' at character 11: wrong number of arguments");
    tells("a < b < c", SPEEDUP_EXPRESSION, "in 'a < b < c' at character 7: something is left over");
    tells("1e999", SPEEDUP_NOT_FINITE, "in '1e999' at character 1: a number that is not finite");
}

static void an_unknown_name_is_refused_with_the_nearest(void **state)
{
    (void)state;
    tells("abacu + 1", SPEEDUP_UNKNOWN_NAME, "in 'abacu + 1': nothing is named 'abacu'; did you mean 'abacus'?");
    tells("sqr(4)", SPEEDUP_UNKNOWN_NAME, "in 'sqr(4)': nothing is named 'sqr'; did you mean 'sqrt'?");
    tells("a(4)", SPEEDUP_UNKNOWN_NAME, "in 'a(4)': nothing is named 'a'");
}

static void constant_division_by_zero_is_refused(void **state)
{
    (void)state;
    tells("1 / 0", SPEEDUP_DIVISION_BY_ZERO, "'1 / 0' divides by zero");
    tells("a * (0 / 0)", SPEEDUP_DIVISION_BY_ZERO, "'a * (0 / 0)' divides by zero");
    tells("exp(1000)", SPEEDUP_NOT_FINITE, "'exp(1000)' is not a finite number");
    tells("log(0)", SPEEDUP_NOT_FINITE, "'log(0)' is not a finite number");
    tells("(0 - 1) ^ 0.5", SPEEDUP_NOT_FINITE, "'(0 - 1) ^ 0.5' is not a finite number");
}

static void length_and_depth_are_bounded(void **state)
{
    (void)state;
    char text[4000] = "a";
    struct expression expression;
    for (int i = 0; i < 63; i++)
        strcat(text, " + a");
    assert_true(compiles(text, &expression)); /* 127 operations */
    strcat(text, " + a + a");
    assert_false(compiles(text, &expression));
    assert_int_equal(world.context->first, SPEEDUP_TOO_COMPLEX);

    /* Values that wait: a + (a + (a + ... */
    strcpy(text, "");
    for (int i = 0; i < 15; i++)
        strcat(text, "a + (");
    strcat(text, "a");
    for (int i = 0; i < 15; i++)
        strcat(text, ")");
    assert_true(compiles(text, &expression));
    memmove(text + 5, text, strlen(text) + 1);
    memcpy(text, "a + (", 5);
    strcat(text, ")");
    assert_false(compiles(text, &expression));
    assert_int_equal(world.context->first, SPEEDUP_TOO_COMPLEX);

    memset(text, '(', 3000);
    text[3000] = '\0';
    assert_false(compiles(text, &expression));
    assert_int_equal(world.context->first, SPEEDUP_TOO_COMPLEX);
    memset(text, '-', 3000);
    assert_false(compiles(text, &expression));
    assert_int_equal(world.context->first, SPEEDUP_TOO_COMPLEX);
}

static const double known_values[4] = {1.7, 0.3, -2.9, 7.1};

static bool known(const void *user, const struct operation *name, double *number)
{
    unsigned mask = *(const unsigned *)user;
    *number = known_values[name->index];
    return mask >> name->index & 1;
}

/* A random expression over a, b, c, k. */
static void grow(struct random *random, char *out, int depth)
{
    static const char *const leaves[] = {"a", "b", "c", "k", "2", "0.1", "3.7e-2", "pi"};
    static const char *const shapes[] = {"(%s + %s)", "(%s - %s)", "(%s * %s)", "(%s / %s)", "min(%s, %s)", "max(%s, %s)",
                                         "(%s <= %s)", "if(%s, %s, 1)", "(%s ^ %s)", "(sqrt(abs(%s)) + exp(-%s))",
                                         "(ceil(%s) - floor(%s))", "(log(%s) * round(%s))"};
    if (depth == 0 || random_below(random, 6) == 0) {
        strcpy(out, leaves[random_below(random, 8)]);
        return;
    }
    char left[1000], right[1000];
    grow(random, left, depth - 1);
    grow(random, right, depth - 1);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(out, 1000, shapes[random_below(random, 12)], left, right);
#pragma GCC diagnostic pop
}

static bool same(double a, double b)
{
    return !memcmp(&a, &b, sizeof a) || (isnan(a) && isnan(b));
}

static void folding_changes_no_bit(void **state)
{
    (void)state;
    struct random random = {42};
    lanes variables[4];
    for (int i = 0; i < 4; i++)
        variables[i] = lanes_of(known_values[i]);
    int compared = 0;
    for (int i = 0; i < 3000; i++) {
        char text[1000];
        struct expression expression, folded;
        lanes plain, result;
        arena_end(&arena);
        arena_begin(&arena, &memory_default);
        grow(&random, text, 4);
        if (!compiles(text, &expression))
            continue; /* a constant that is not finite */
        expression_evaluate(&expression, variables, &plain);
        for (unsigned mask = 0; mask < 16; mask++) {
            assert_true(expression_fold(&arena, &expression, known, &mask, &folded));
            assert_true(folded.count <= expression.count);
            assert_true(mask < 15 || folded.constant);
            expression_evaluate(&folded, variables, &result);
            assert_true(same(plain[0], result[0]));
            compared++;
        }
    }
    assert_true(compared > 20000);
}

static void each_lane_is_a_layout_of_its_own(void **state)
{
    (void)state;
    struct expression expression;
    assert_true(compiles("if(a > 2, a / b, min(b, a ^ 2))", &expression));
    const lanes variables[2] = {{1, 2, 3, 4}, {0.5, 10, 7, 0.1}};
    lanes result;
    expression_evaluate(&expression, variables, &result);
    assert_bits(result[0], 0.5);
    assert_bits(result[1], 4);
    assert_bits(result[2], 3.0 / 7);
    assert_bits(result[3], 4 / 0.1);
}

static void the_names_that_are_read_are_known(void **state)
{
    (void)state;
    struct expression expression;
    assert_true(compiles("a + c * 2", &expression));
    assert_int_equal(expression_variables(&expression), 1 | 4);
    assert_true(compiles("0.5 * 3", &expression));
    assert_true(expression.constant);
    assert_int_equal(expression_variables(&expression), 0);
}

static void lane_rounding_is_that_of_the_library(void **state)
{
    (void)state;
    struct random random = {7};
    for (int i = 0; i < 10000; i++) {
        double x = random_below(&random, 3) ? random_between(&random, 0, 1e6) : floor(random_between(&random, 0, 1e6));
        lanes low = lanes_floor(lanes_of(x)), high = lanes_ceil(lanes_of(x));
        assert_bits(low[3], floor(x));
        assert_bits(high[0], ceil(x));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(products_bind_stronger_than_sums),
        cmocka_unit_test(equal_operators_go_from_left_to_right),
        cmocka_unit_test(a_power_goes_from_right_to_left),
        cmocka_unit_test(a_sign_binds_weaker_than_a_power),
        cmocka_unit_test(a_comparison_is_one_or_zero),
        cmocka_unit_test(functions_do_what_they_say),
        cmocka_unit_test(names_are_read),
        cmocka_unit_test(an_untaken_branch_may_divide_by_zero),
        cmocka_unit_test(what_is_no_expression_is_refused_at_its_place),
        cmocka_unit_test(an_unknown_name_is_refused_with_the_nearest),
        cmocka_unit_test(constant_division_by_zero_is_refused),
        cmocka_unit_test(length_and_depth_are_bounded),
        cmocka_unit_test(folding_changes_no_bit),
        cmocka_unit_test(each_lane_is_a_layout_of_its_own),
        cmocka_unit_test(the_names_that_are_read_are_known),
        cmocka_unit_test(lane_rounding_is_that_of_the_library),
    };
    arena_begin(&arena, &memory_default);
    int failed = cmocka_run_group_tests(tests, world_begin, world_end);
    arena_end(&arena);
    return failed;
}
