/* The algebra of claims. Knows no optimization and no resource by name. */
#include "base/struct.h"

#include <math.h>
#include <string.h>

enum { MOST_CLAIMS = 4096 };

/* The caller's claims and shares, checked: their fields of the first version may be read. */
static const speedup_claim *claim_at(const speedup_claim *claims, size_t index)
{
    return struct_at(claims, index);
}

static const speedup_share *share_at(const speedup_share *shares, size_t index)
{
    return struct_at(shares, index);
}

static bool touches(const speedup_claim *claim, const char *resource)
{
    for (size_t i = 0; i < claim->resource_count; i++)
        if (!strcmp(claim->resources[i], resource))
            return true;
    return false;
}

/* The factor of one resource: those of all claims on it multiply. */
static double factor_of(const speedup_claim *claims, size_t count, const char *resource)
{
    double factor = 1;
    for (size_t i = 0; i < count; i++)
        if (touches(claim_at(claims, i), resource))
            factor *= claim_at(claims, i)->factor;
    return factor;
}

/* Products of many factors may leave what a double holds, at either end. */
static bool is_factor(double product)
{
    return product > 0 && isfinite(product);
}

static speedup_status check(const speedup_claim *claims, size_t claim_count, const speedup_share *shares,
                            size_t share_count)
{
    double total = 0;
    size_t touched = 0;
    for (size_t i = 0; i < claim_count; i++) {
        speedup_claim claim;
        if (!STRUCT_ELEMENT_IN(speedup_claim, &claim, claims, i) || !claim.resources || !claim.resource_count ||
            claim.resource_count > MOST_CLAIMS - touched)
            return SPEEDUP_INVALID_ARGUMENT;
        touched += claim.resource_count;
        for (size_t r = 0; r < claim.resource_count; r++)
            if (!claim.resources[r])
                return SPEEDUP_INVALID_ARGUMENT;
        if (!(claim.factor > 0) || !isfinite(claim.factor))
            return SPEEDUP_OUT_OF_RANGE;
    }
    for (size_t i = 0; i < share_count; i++) {
        speedup_share share;
        if (!STRUCT_ELEMENT_IN(speedup_share, &share, shares, i) || !share.resource)
            return SPEEDUP_INVALID_ARGUMENT;
        if (!(share.share >= 0 && share.share <= 1))
            return SPEEDUP_OUT_OF_RANGE;
        total += share.share;
    }
    return total <= 1 + 1e-9 ? SPEEDUP_OK : SPEEDUP_OUT_OF_RANGE;
}

speedup_status speedup_claims_compose(const speedup_claim *claims, size_t claim_count, const speedup_share *shares,
                                      size_t share_count, speedup_composition *composition)
{
    if (!STRUCT_GOOD(speedup_composition, composition) || (!claims && claim_count) ||
        (!shares && share_count) || claim_count > MOST_CLAIMS || share_count > MOST_CLAIMS)
        return SPEEDUP_INVALID_ARGUMENT;
    speedup_status status = check(claims, claim_count, shares, share_count);
    if (status)
        return status;

    double nominal = 1, least = HUGE_VAL, most = 0;
    for (size_t i = 0; i < claim_count; i++) {
        const speedup_claim *claim = claim_at(claims, i);
        nominal *= claim->factor;
        for (size_t r = 0; r < claim->resource_count; r++) {
            double factor = factor_of(claims, claim_count, claim->resources[r]);
            least = fmin(least, factor);
            most = fmax(most, factor);
        }
    }
    double left = 0, total = 0;
    for (size_t i = 0; i < share_count; i++) {
        const speedup_share *share = share_at(shares, i);
        left += share->share / factor_of(claims, claim_count, share->resource);
        total += share->share;
    }
    left += fmax(0, 1 - total);
    bool shared = shares != NULL;
    if (!is_factor(nominal) || (claim_count && !(is_factor(least) && is_factor(most))) || (shared && !is_factor(1 / left)))
        return SPEEDUP_OUT_OF_RANGE;
    const speedup_composition composed = {
        .nominal = nominal,
        .guaranteed = claim_count ? least : 1,
        .effective = shared ? 1 / left : 0,
        .most = claim_count ? most : 1,
    };
    struct_out(composition, &composed, sizeof composed);
    return SPEEDUP_OK;
}
