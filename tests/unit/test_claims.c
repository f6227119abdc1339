/* The algebra of claims: nominal, guaranteed, effective. */
#include "helper.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static speedup_claim claim(const char *const *resources, double factor)
{
    size_t count = 0;
    while (resources[count])
        count++;
    return (speedup_claim){sizeof(speedup_claim), resources, count, factor};
}

static speedup_share share(const char *resource, double part)
{
    return (speedup_share){sizeof(speedup_share), resource, part};
}

static speedup_composition compose(const speedup_claim *claims, size_t count, const speedup_share *shares, size_t share_count)
{
    speedup_composition composition = {.struct_size = sizeof composition};
    assert_int_equal(speedup_claims_compose(claims, count, shares, share_count, &composition), SPEEDUP_OK);
    return composition;
}

static void the_nominal_factor_is_the_plain_product(void **state)
{
    (void)state;
    const speedup_claim claims[] = {claim(WITH("weights"), 8), claim(WITH("activations"), 2), claim(WITH("weights"), 4),
                                    claim(WITH("kv"), 1.5)};
    assert_bits(compose(claims, 4, NULL, 0).nominal, 96);
}

static void factors_on_one_resource_compound_and_the_least_is_guaranteed(void **state)
{
    (void)state;
    const speedup_claim claims[] = {claim(WITH("weights", "gradients"), 8), claim(WITH("weights"), 4), claim(WITH("kv"), 1.5)};
    speedup_composition c = compose(claims, 3, NULL, 0);
    assert_bits(c.guaranteed, 1.5);
    assert_bits(c.most, 32);
    assert_bits(c.effective, 0); /* no shares are known */
}

static void known_shares_give_the_effective_factor(void **state)
{
    (void)state;
    const speedup_claim claims[] = {claim(WITH("weights"), 8), claim(WITH("activations"), 2)};
    const speedup_share half[] = {share("weights", 0.5), share("activations", 0.5)};
    assert_near(compose(claims, 2, half, 2).effective, 1 / (0.5 / 8 + 0.5 / 2), 1e-15);
    /* What no claim touches stays. */
    const speedup_share some[] = {share("weights", 0.5)};
    assert_near(compose(claims, 2, some, 1).effective, 1 / (0.5 / 8 + 0.5), 1e-15);
    const speedup_share other[] = {share("other", 1)};
    assert_bits(compose(claims, 2, other, 1).effective, 1);
}

static void no_claims_gain_nothing(void **state)
{
    (void)state;
    speedup_composition c = compose(NULL, 0, NULL, 0);
    assert_bits(c.nominal, 1);
    assert_bits(c.guaranteed, 1);
    assert_bits(c.most, 1);
}

/* Over random claims and shares of touched resources: guaranteed <= effective <= most. */
static void the_effective_factor_lies_within_its_bounds(void **state)
{
    (void)state;
    static const char *const names[] = {"a", "b", "c", "d", "e"};
    struct random random = {5};
    for (int round = 0; round < 2000; round++) {
        speedup_claim claims[8];
        const char *resources[8][5];
        bool touched[5] = {false};
        size_t count = 1 + random_below(&random, 8);
        for (size_t i = 0; i < count; i++) {
            size_t n = 0;
            for (int r = 0; r < 5; r++)
                if (random_below(&random, 2)) {
                    resources[i][n++] = names[r];
                    touched[r] = true;
                }
            if (!n) {
                resources[i][n++] = names[0];
                touched[0] = true;
            }
            claims[i] = (speedup_claim){sizeof(speedup_claim), resources[i], n, random_between(&random, 0.5, 9)};
        }
        speedup_share shares[5];
        double weights[5], total = 0;
        size_t parts = 0;
        for (int r = 0; r < 5; r++)
            if (touched[r])
                total += weights[parts++] = random_between(&random, 0, 1);
        parts = 0;
        for (int r = 0; r < 5; r++)
            if (touched[r]) {
                shares[parts] = share(names[r], weights[parts] / total);
                parts++;
            }
        speedup_composition c = compose(claims, count, shares, parts);
        assert_true(c.guaranteed <= c.effective * (1 + 1e-9));
        assert_true(c.effective <= c.most * (1 + 1e-9));
        /* The order of claims and shares does not matter beyond rounding. */
        speedup_claim turned[8];
        for (size_t i = 0; i < count; i++)
            turned[i] = claims[count - 1 - i];
        speedup_composition d = compose(turned, count, shares, parts);
        assert_near(c.nominal, d.nominal, 1e-12);
        assert_near(c.effective, d.effective, 1e-12);
        /* With a single resource all four are one number. */
        const speedup_claim one = claim(WITH("a"), claims[0].factor);
        const speedup_share whole = share("a", 1);
        c = compose(&one, 1, &whole, 1);
        assert_near(c.nominal, c.effective, 1e-15);
        assert_bits(c.guaranteed, c.most);
    }
}

static void factors_and_shares_have_ranges(void **state)
{
    (void)state;
    speedup_composition c = {.struct_size = sizeof c};
    static const double bad[] = {0, -1, INFINITY, NAN};
    for (int i = 0; i < 4; i++) {
        const speedup_claim claims[] = {claim(WITH("a"), bad[i])};
        assert_int_equal(speedup_claims_compose(claims, 1, NULL, 0, &c), SPEEDUP_OUT_OF_RANGE);
    }
    const speedup_claim good[] = {claim(WITH("a"), 2)};
    static const double bad_shares[] = {-0.1, 1.1, NAN};
    for (int i = 0; i < 3; i++) {
        const speedup_share shares[] = {share("a", bad_shares[i])};
        assert_int_equal(speedup_claims_compose(good, 1, shares, 1, &c), SPEEDUP_OUT_OF_RANGE);
    }
    const speedup_share over[] = {share("a", 0.6), share("b", 0.6)};
    assert_int_equal(speedup_claims_compose(good, 1, over, 2, &c), SPEEDUP_OUT_OF_RANGE);
}

/* What no number can hold is no answer. */
static void products_stay_finite(void **state)
{
    (void)state;
    static const double ends[] = {1e308, 1e-308};
    for (int i = 0; i < 2; i++) {
        speedup_composition c = {.struct_size = sizeof c, .nominal = 7};
        const speedup_claim same[] = {claim(WITH("a"), ends[i]), claim(WITH("a"), ends[i])};
        const speedup_claim apart[] = {claim(WITH("a"), ends[i]), claim(WITH("b"), ends[i])};
        const speedup_share shares[] = {share("a", 1)};
        assert_int_equal(speedup_claims_compose(same, 2, NULL, 0, &c), SPEEDUP_OUT_OF_RANGE);
        assert_int_equal(speedup_claims_compose(same, 2, shares, 1, &c), SPEEDUP_OUT_OF_RANGE);
        assert_int_equal(speedup_claims_compose(apart, 2, NULL, 0, &c), SPEEDUP_OUT_OF_RANGE);
        assert_true(c.nominal == 7);
        assert_int_equal(speedup_claims_compose(same, 1, shares, 1, &c), SPEEDUP_OK);
        assert_near(c.effective, ends[i], 1e-9);
    }
}

static void malformed_claims_are_refused(void **state)
{
    (void)state;
    speedup_composition c = {.struct_size = sizeof c}, small = {.struct_size = 8};
    const char *const hole[] = {"a", NULL};
    speedup_claim claims[] = {claim(WITH("a"), 2)};
    assert_int_equal(speedup_claims_compose(claims, 1, NULL, 0, NULL), SPEEDUP_INVALID_ARGUMENT);
    assert_int_equal(speedup_claims_compose(claims, 1, NULL, 0, &small), SPEEDUP_INVALID_ARGUMENT);
    assert_int_equal(speedup_claims_compose(NULL, 1, NULL, 0, &c), SPEEDUP_INVALID_ARGUMENT);
    assert_int_equal(speedup_claims_compose(claims, 1, NULL, 1, &c), SPEEDUP_INVALID_ARGUMENT);
    assert_int_equal(speedup_claims_compose(claims, 5000, NULL, 0, &c), SPEEDUP_INVALID_ARGUMENT);
    claims[0].resource_count = 0;
    assert_int_equal(speedup_claims_compose(claims, 1, NULL, 0, &c), SPEEDUP_INVALID_ARGUMENT);
    claims[0] = (speedup_claim){sizeof *claims, hole, 2, 2};
    assert_int_equal(speedup_claims_compose(claims, 1, NULL, 0, &c), SPEEDUP_INVALID_ARGUMENT);
    claims[0].struct_size = 4;
    assert_int_equal(speedup_claims_compose(claims, 1, NULL, 0, &c), SPEEDUP_INVALID_ARGUMENT);
    const speedup_share nameless[] = {share(NULL, 0.5)};
    const speedup_claim good[] = {claim(WITH("a"), 2)};
    assert_int_equal(speedup_claims_compose(good, 1, nameless, 1, &c), SPEEDUP_INVALID_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_nominal_factor_is_the_plain_product),
        cmocka_unit_test(factors_on_one_resource_compound_and_the_least_is_guaranteed),
        cmocka_unit_test(known_shares_give_the_effective_factor),
        cmocka_unit_test(no_claims_gain_nothing),
        cmocka_unit_test(the_effective_factor_lies_within_its_bounds),
        cmocka_unit_test(factors_and_shares_have_ranges),
        cmocka_unit_test(products_stay_finite),
        cmocka_unit_test(malformed_claims_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
