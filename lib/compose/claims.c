/* The algebra of claims. Knows no optimization and no resource by name. */
#include <speedup/claims.h>

#include <math.h>
#include <stdbool.h>
#include <string.h>

enum { MOST_CLAIMS = 4096 };

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
        if (touches(&claims[i], resource))
            factor *= claims[i].factor;
    return factor;
}

static speedup_status check(const speedup_claim *claims, size_t claim_count, const speedup_share *shares,
                            size_t share_count)
{
    double total = 0;
    size_t touched = 0;
    for (size_t i = 0; i < claim_count; i++) {
        if (claims[i].struct_size < sizeof *claims || !claims[i].resources || !claims[i].resource_count ||
            claims[i].resource_count > MOST_CLAIMS - touched)
            return SPEEDUP_INVALID_ARGUMENT;
        touched += claims[i].resource_count;
        for (size_t r = 0; r < claims[i].resource_count; r++)
            if (!claims[i].resources[r])
                return SPEEDUP_INVALID_ARGUMENT;
        if (!(claims[i].factor > 0) || !isfinite(claims[i].factor))
            return SPEEDUP_OUT_OF_RANGE;
    }
    for (size_t i = 0; i < share_count; i++) {
        if (shares[i].struct_size < sizeof *shares || !shares[i].resource)
            return SPEEDUP_INVALID_ARGUMENT;
        if (!(shares[i].share >= 0 && shares[i].share <= 1))
            return SPEEDUP_OUT_OF_RANGE;
        total += shares[i].share;
    }
    return total <= 1 + 1e-9 ? SPEEDUP_OK : SPEEDUP_OUT_OF_RANGE;
}

speedup_status speedup_claims_compose(const speedup_claim *claims, size_t claim_count, const speedup_share *shares,
                                      size_t share_count, speedup_composition *composition)
{
    if (!composition || composition->struct_size < sizeof *composition || (!claims && claim_count) ||
        (!shares && share_count) || claim_count > MOST_CLAIMS || share_count > MOST_CLAIMS)
        return SPEEDUP_INVALID_ARGUMENT;
    speedup_status status = check(claims, claim_count, shares, share_count);
    if (status)
        return status;

    double nominal = 1, least = HUGE_VAL, most = 0;
    for (size_t i = 0; i < claim_count; i++) {
        nominal *= claims[i].factor;
        for (size_t r = 0; r < claims[i].resource_count; r++) {
            double factor = factor_of(claims, claim_count, claims[i].resources[r]);
            least = fmin(least, factor);
            most = fmax(most, factor);
        }
    }
    double left = 0, total = 0;
    for (size_t i = 0; i < share_count; i++) {
        left += shares[i].share / factor_of(claims, claim_count, shares[i].resource);
        total += shares[i].share;
    }
    left += fmax(0, 1 - total);
    composition->nominal = nominal;
    composition->guaranteed = claim_count ? least : 1;
    composition->most = claim_count ? most : 1;
    composition->effective = shares && left > 0 ? 1 / left : 0;
    return SPEEDUP_OK;
}
