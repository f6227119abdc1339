/** @file optimization.h
 *  @brief Optimizations built from C: the same rows that YAML gives.
 *  @ingroup speedup_catalog
 */
#ifndef SPEEDUP_OPTIMIZATION_H
#define SPEEDUP_OPTIMIZATION_H

#include <speedup/context.h>
#include <speedup/vocabulary.h>

SPEEDUP_BEGIN

/** @addtogroup speedup_catalog
 *  @{
 */

/** An optimization being built. It becomes part of a catalog by
 *  speedup_catalog_register(), which copies it.
 *
 *  Ownership: the caller's, until speedup_optimization_destroy().
 *  Thread-safety: one thread at a time. @since 0.1 */
typedef struct speedup_optimization speedup_optimization;

/** What a callback may look at: one layout of one scenario. @since 0.1 */
typedef struct speedup_view speedup_view;

/** The value of an effect, by a function of the caller's, for effects that no
 *  expression can say. Called while an estimate runs, on the thread that runs it,
 *  perhaps on several at once; it must not block and must give the same value for
 *  the same view.
 *  @param user as given at registration
 *  @param view the layout, valid during the call
 *  @return the effect's value; one outside the target's range, or not finite, makes
 *          the estimate fail with SPEEDUP_CALLBACK
 *  @since 0.1 */
typedef double (*speedup_effect_function)(void *user, const speedup_view *view);

/** The value of a variable for the layout of a view.
 *  @param view as given to the callback
 *  @param variable a SPEEDUP_VARIABLE number
 *  @return the value in the variable's unit; 0 for a number that is no variable
 *  Thread-safety: during the callback, on its thread. @since 0.1 */
SPEEDUP_API double speedup_view_variable(const speedup_view *view, int32_t variable);

/** Begin an optimization.
 *  @param context where problems are told
 *  @param id lower-case letters, digits, '-', '_' and '.', as it is named in scenarios
 *  @param name for people; NULL for the id
 *  @param[out] optimization the new one
 *  @return SPEEDUP_OK, SPEEDUP_OUT_OF_MEMORY, SPEEDUP_BAD_NAME or SPEEDUP_INVALID_ARGUMENT
 *  Thread-safety: as the context. @since 0.1 */
SPEEDUP_API speedup_status speedup_optimization_create(speedup_context *context, const char *id, const char *name,
                                                       speedup_optimization **optimization);

/** End an optimization; a catalog that took it in keeps its copy.
 *  @param optimization may be NULL
 *  Thread-safety: as the optimization. @since 0.1 */
SPEEDUP_API void speedup_optimization_destroy(speedup_optimization *optimization);

/** Say where the figures come from.
 *  @param optimization the optimization
 *  @param source copied
 *  @return SPEEDUP_OK, SPEEDUP_OUT_OF_MEMORY or SPEEDUP_INVALID_ARGUMENT
 *  Thread-safety: as the optimization. @since 0.1 */
SPEEDUP_API speedup_status speedup_optimization_set_source(speedup_optimization *optimization, const char *source);

/** Say which jobs it is for. Without a call it is for both kinds.
 *  @param optimization the optimization
 *  @param job "training" or "inference"
 *  @return SPEEDUP_OK, SPEEDUP_UNKNOWN_CHOICE or SPEEDUP_INVALID_ARGUMENT
 *  Thread-safety: as the optimization. @since 0.1 */
SPEEDUP_API speedup_status speedup_optimization_applies_to(speedup_optimization *optimization, const char *job);

/** Add a parameter that scenarios may set and expressions may read.
 *  @param optimization the optimization
 *  @param name letters, digits and '_'
 *  @param value default
 *  @param least that a scenario may set
 *  @param most that a scenario may set, not below least
 *  @param text what it is; copied; NULL for none
 *  @return SPEEDUP_OK, SPEEDUP_OUT_OF_MEMORY, SPEEDUP_OUT_OF_RANGE, SPEEDUP_BAD_NAME, SPEEDUP_EXISTS or SPEEDUP_INVALID_ARGUMENT
 *  Thread-safety: as the optimization. @since 0.1 */
SPEEDUP_API speedup_status speedup_optimization_parameter(speedup_optimization *optimization, const char *name,
                                                          double value, double least, double most,
                                                          const char *text);

/** Add an effect by value or expression.
 *  @param optimization the optimization
 *  @param target for example "memory.weights" or "attention.flops@backward"
 *  @param value an expression, or the name of a precision for a target that chooses; copied.
 *         It is compiled by speedup_catalog_register(), which tells what is wrong with it.
 *  @return SPEEDUP_OK, SPEEDUP_OUT_OF_MEMORY or SPEEDUP_INVALID_ARGUMENT
 *  Thread-safety: as the optimization. @since 0.1 */
SPEEDUP_API speedup_status speedup_optimization_effect(speedup_optimization *optimization, const char *target,
                                                       const char *value);

/** Add an effect by a function.
 *  @param optimization the optimization
 *  @param target as above, but not one that chooses
 *  @param function called for every layout that is estimated; it must return, and throw nothing
 *  @param user passed on; must stay valid as long as the optimization, or a catalog that took it in, or what is made
 *         from such a catalog, is there
 *  @param destroy called with @p user when none of them is there any more, on the thread that ends the last, or when
 *         this call fails; NULL for none
 *  @return SPEEDUP_OK, SPEEDUP_OUT_OF_MEMORY or SPEEDUP_INVALID_ARGUMENT
 *  Thread-safety: as the optimization. @since 0.2, without destroy 0.1 */
SPEEDUP_API speedup_status speedup_optimization_callback(speedup_optimization *optimization, const char *target,
                                                         speedup_effect_function function, void *user,
                                                         speedup_destroy_function destroy);

/** Add a requirement, an expression that is not 0 when met: "data > 1".
 *  @param optimization the optimization
 *  @param condition copied; compiled by speedup_catalog_register()
 *  @return SPEEDUP_OK, SPEEDUP_OUT_OF_MEMORY or SPEEDUP_INVALID_ARGUMENT
 *  Thread-safety: as the optimization. @since 0.1 */
SPEEDUP_API speedup_status speedup_optimization_require(speedup_optimization *optimization, const char *condition);

/** Say that it cannot be used together with another.
 *  @param optimization the optimization
 *  @param id of the other, which need not exist; copied
 *  @return SPEEDUP_OK, SPEEDUP_OUT_OF_MEMORY or SPEEDUP_INVALID_ARGUMENT
 *  Thread-safety: as the optimization. @since 0.1 */
SPEEDUP_API speedup_status speedup_optimization_exclude(speedup_optimization *optimization, const char *id);

/** Say that it takes the place of another: where both are given, the other has no effect.
 *  @param optimization the optimization
 *  @param id of the other, which need not exist; copied
 *  @return SPEEDUP_OK, SPEEDUP_OUT_OF_MEMORY or SPEEDUP_INVALID_ARGUMENT
 *  Thread-safety: as the optimization. @since 0.1 */
SPEEDUP_API speedup_status speedup_optimization_supersede(speedup_optimization *optimization, const char *id);

/** Add a published claim.
 *  @param optimization the optimization
 *  @param resource what the factor acts on: "throughput", "memory.weights" …; copied
 *  @param factor over 0
 *  @param source where it is claimed; copied; NULL for none
 *  @return SPEEDUP_OK, SPEEDUP_OUT_OF_MEMORY, SPEEDUP_OUT_OF_RANGE or SPEEDUP_INVALID_ARGUMENT
 *  Thread-safety: as the optimization. @since 0.1 */
SPEEDUP_API speedup_status speedup_optimization_claim(speedup_optimization *optimization, const char *resource,
                                                      double factor, const char *source);

/** @} */

SPEEDUP_END

#endif
