/** @file claims.h
 *  @brief The algebra of published claims: nominal, guaranteed, effective.
 *  @ingroup speedup_compose
 */
#ifndef SPEEDUP_CLAIMS_H
#define SPEEDUP_CLAIMS_H

#include <speedup/status.h>

SPEEDUP_BEGIN

/** @addtogroup speedup_compose
 *  @{
 */

/** "X makes these resources N times better." @since 0.1 */
typedef struct speedup_claim {
    size_t struct_size;            /**< sizeof(speedup_claim) */
    const char *const *resources;  /**< what it acts on, for example "memory.weights"; borrowed during the call */
    size_t resource_count;         /**< at least 1 */
    double factor;                 /**< over 0; 8 means an eighth of the bytes or of the time */
} speedup_claim;

/** The share that one resource has in the whole, before any claim. @since 0.1 */
typedef struct speedup_share {
    size_t struct_size;   /**< sizeof(speedup_share) */
    const char *resource; /**< borrowed during the call */
    double share;         /**< from 0 to 1; what is missing to 1 is touched by no claim */
} speedup_share;

/** Claims composed. @since 0.1 */
typedef struct speedup_composition {
    size_t struct_size; /**< sizeof(speedup_composition), set by the caller */
    double nominal;     /**< the plain product of all factors */
    double guaranteed;  /**< min-bound: the least factor over the resources touched, true whatever their shares */
    double effective;   /**< 1 / sum(share / factor) where shares are known; 0 where they are not */
    double most;        /**< the largest factor over the resources touched */
} speedup_composition;

/** Compose claims.
 *
 *  Factors on one resource multiply. Over resources, the whole gains no more than
 *  its parts let it: a whole of parts m_i that shrink by f_i shrinks by
 *  sum(m_i) / sum(m_i / f_i), which lies between the least and the largest f_i.
 *  @param claims the claims
 *  @param claim_count how many, at most 4096, touching at most 4096 resources in all
 *  @param shares what the whole is made of; NULL when it is not known
 *  @param share_count how many, at most 4096
 *  @param[in,out] composition struct_size set by the caller, the rest by the library
 *  @return SPEEDUP_OK, SPEEDUP_INVALID_ARGUMENT, or SPEEDUP_OUT_OF_RANGE (a factor not
 *          over 0 or not finite, or factors whose product is; a share outside 0 to 1, shares
 *          over 1 in all); after an error the composition is as before
 *  Thread-safety: may be called from any thread at any time. @since 0.1 */
SPEEDUP_API speedup_status speedup_claims_compose(const speedup_claim *claims, size_t claim_count,
                                                  const speedup_share *shares, size_t share_count,
                                                  speedup_composition *composition);

/** @} */

SPEEDUP_END

#endif
