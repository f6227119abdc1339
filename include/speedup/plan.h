/** @file plan.h
 *  @brief The best plan of a space, why it is best, and whether to admit a job.
 *  @ingroup speedup_plan
 */
#ifndef SPEEDUP_PLAN_H
#define SPEEDUP_PLAN_H

#include <speedup/report.h>

SPEEDUP_BEGIN

/** @addtogroup speedup_plan
 *  @{
 */

/** A space of plans: systems x prices x choices of optimizations x layouts, with an
 *  objective and constraints. Immutable.
 *
 *  Ownership: reference-counted; keeps its catalog alive.
 *  Thread-safety: may be used from any thread at any time. @since 0.1 */
typedef struct speedup_space speedup_space;

/** What a search found. Immutable.
 *
 *  Ownership: the caller's, until speedup_result_free(); keeps its space alive.
 *  Thread-safety: may be read from any thread at any time. @since 0.1 */
typedef struct speedup_result speedup_result;

/** Called now and then during a search.
 *  @param user as given
 *  @param done,total plans looked at, of how many
 *  @return 0 to go on; anything else stops the search with the best so far
 *  @since 0.1 */
typedef int32_t (*speedup_progress_function)(void *user, uint64_t done, uint64_t total);

/** Why plans were left out, counted. @since 0.1 */
typedef struct speedup_counts {
    size_t struct_size;     /**< sizeof(speedup_counts), set by the caller */
    uint64_t size;          /**< plans in the range searched */
    uint64_t searched;      /**< of them looked at; fewer after a stop */
    uint64_t conflicting;   /**< optimizations exclude each other or lack what they require */
    uint64_t not_dividing;  /**< the layout does not divide */
    uint64_t not_fitting;   /**< more memory than there is; their time was not computed */
    uint64_t constrained;   /**< outside a deadline, budget or other constraint */
    uint64_t feasible;      /**< what was left */
} speedup_counts;

/** Make a space from the `plan:` section of a YAML text.
 *  @param context where problems are told, all of the text's at once
 *  @param catalog what the names mean
 *  @param name of the text in diagnostics
 *  @param text UTF-8, need not end with NUL
 *  @param length of the text in bytes
 *  @param settings "path=value" each, put over the text; may be NULL
 *  @param setting_count how many
 *  @param[out] space a new reference; NULL after an error
 *  @return SPEEDUP_OK or the code of the first problem
 *  Thread-safety: as the context. @since 0.1 */
SPEEDUP_API speedup_status speedup_space_create(speedup_context *context, const speedup_catalog *catalog,
                                                const char *name, const char *text, size_t length,
                                                const char *const *settings, size_t setting_count,
                                                speedup_space **space);

/** As speedup_space_create(), with the text of a file.
 *  @param context where problems are told
 *  @param catalog what the names mean
 *  @param path a regular file of at most 1 MiB
 *  @param settings "path=value" each; may be NULL
 *  @param setting_count how many
 *  @param[out] space a new reference; NULL after an error
 *  @return SPEEDUP_OK or the code of the first problem
 *  Thread-safety: as the context. @since 0.1 */
SPEEDUP_API speedup_status speedup_space_create_file(speedup_context *context, const speedup_catalog *catalog,
                                                     const char *path, const char *const *settings,
                                                     size_t setting_count, speedup_space **space);

/** One more reference.
 *  @param space may be NULL
 *  @return the same space
 *  Thread-safety: may be called from any thread at any time. @since 0.1 */
SPEEDUP_API speedup_space *speedup_space_ref(speedup_space *space);

/** One reference less; with the last the space ends.
 *  @param space may be NULL
 *  Thread-safety: may be called from any thread at any time. @since 0.1 */
SPEEDUP_API void speedup_space_unref(speedup_space *space);

/** How many plans a space has: their indices are 0 to size - 1.
 *  @param space may be NULL
 *  @return how many; 0 for NULL
 *  Thread-safety: may be called from any thread at any time. @since 0.1 */
SPEEDUP_API uint64_t speedup_space_size(const speedup_space *space);

/** Search a range of a space, exactly: every plan of it is looked at or ruled out.
 *  @param context where problems are told
 *  @param space the space
 *  @param begin,end indices, begin not above end; an end past the size means the size
 *  @param threads how many threads may work, from 1 to 256; the result has the same
 *         bits for any number
 *  @param progress may be NULL; called on the caller's thread
 *  @param user passed on to @p progress
 *  @param[out] result what was found; also after a stop (SPEEDUP_CANCELLED)
 *  @return SPEEDUP_OK, SPEEDUP_CANCELLED, SPEEDUP_OUT_OF_MEMORY or SPEEDUP_INVALID_ARGUMENT
 *  Thread-safety: as the context. @since 0.1 */
SPEEDUP_API speedup_status speedup_space_search(speedup_context *context, const speedup_space *space,
                                                uint64_t begin, uint64_t end, uint32_t threads,
                                                speedup_progress_function progress, void *user,
                                                speedup_result **result);

/** Put the results of two ranges together: associative, with ties going to the lower
 *  index, so that any division of a space merges to the same bits.
 *  @param context where problems are told
 *  @param a,b results of one space over ranges without a common plan; still the caller's
 *  @param[out] result a new result
 *  @return SPEEDUP_OK, SPEEDUP_OUT_OF_MEMORY or SPEEDUP_INVALID_ARGUMENT
 *  Thread-safety: as the context. @since 0.1 */
SPEEDUP_API speedup_status speedup_result_merge(speedup_context *context, const speedup_result *a,
                                                const speedup_result *b, speedup_result **result);

/** End a result.
 *  @param result may be NULL
 *  Thread-safety: no other thread may use the result. @since 0.1 */
SPEEDUP_API void speedup_result_free(speedup_result *result);

/** Why plans were left out.
 *  @param result the result
 *  @param[in,out] counts struct_size set by the caller, the rest by the library
 *  @return SPEEDUP_OK or SPEEDUP_INVALID_ARGUMENT
 *  Thread-safety: may be called from any thread at any time. @since 0.1 */
SPEEDUP_API speedup_status speedup_result_counts(const speedup_result *result, speedup_counts *counts);

/** The best plans, best first.
 *  @param result the result
 *  @param rank from 0
 *  @param[out] index of the plan in its space
 *  @return SPEEDUP_OK, SPEEDUP_NOT_FOUND past the end, or SPEEDUP_INVALID_ARGUMENT
 *  Thread-safety: may be called from any thread at any time. @since 0.1 */
SPEEDUP_API speedup_status speedup_result_best(const speedup_result *result, size_t rank, uint64_t *index);

/** The Pareto front of the metrics that the space names, in order of the first of them.
 *  @param result the result
 *  @param rank from 0
 *  @param[out] index of the plan in its space
 *  @return SPEEDUP_OK, SPEEDUP_NOT_FOUND past the end, or SPEEDUP_INVALID_ARGUMENT
 *  Thread-safety: may be called from any thread at any time. @since 0.1 */
SPEEDUP_API speedup_status speedup_result_front(const speedup_result *result, size_t rank, uint64_t *index);

/** One plan of a space, estimated.
 *  @param space the space
 *  @param index below its size
 *  @param[out] layout SPEEDUP_VARIABLE_COUNT numbers by variable, or fewer; may be NULL
 *  @param layout_count room in @p layout
 *  @param[out] values SPEEDUP_METRIC_COUNT numbers by metric, or fewer; may be NULL
 *  @param value_count room in @p values
 *  @return SPEEDUP_OK, SPEEDUP_NOT_FOUND for an index past the end, SPEEDUP_INVALID_ARGUMENT,
 *          or the code that says why this plan cannot be
 *  Thread-safety: may be called from any thread at any time. @since 0.1 */
SPEEDUP_API speedup_status speedup_space_estimate(const speedup_space *space, uint64_t index, double *layout,
                                                  size_t layout_count, double *values, size_t value_count);

/** The result of a search, explained: the best plans, the front, what was left out.
 *  @param context where problems are told
 *  @param space the space
 *  @param result of it
 *  @param format SPEEDUP_FORMAT_TEXT or SPEEDUP_FORMAT_JSON
 *  @param[out] text a new text; NULL after an error
 *  @return SPEEDUP_OK or the code of the first problem
 *  Thread-safety: as the context. @since 0.1 */
SPEEDUP_API speedup_status speedup_report_plan(speedup_context *context, const speedup_space *space,
                                               const speedup_result *result, int32_t format, speedup_text **text);

/** What a job asked for, to be weighed against what it will take. Numbers are finite,
 *  from 0; 0 asks for nothing. @since 0.1 */
typedef struct speedup_request {
    size_t struct_size;    /**< sizeof(speedup_request) */
    double accelerators;   /**< granted; fewer than the scenario's is a refusal */
    double memory;         /**< B per accelerator; less than the accelerator's own */
    double time_limit;     /**< s for the whole run */
    double budget;         /**< USD for the whole run */
} speedup_request;

/** How strict admission is. @since 0.1 */
typedef struct speedup_policy {
    size_t struct_size;   /**< sizeof(speedup_policy) */
    double confidence;    /**< probability with which the job must stay within its request; over 0 and below 1 */
    double slack;         /**< share by which a limit may be missed with a warning alone, 0 or more */
    int32_t warn_only;    /**< not 0: a refusal becomes a warning */
    int32_t reserved;     /**< 0 */
} speedup_policy;

/** Verdicts of admission. @since 0.1 */
enum {
    SPEEDUP_ADMIT = 0, /**< within every limit */
    SPEEDUP_WARN = 1,  /**< outside a limit, but within the slack, or only warnings are wanted */
    SPEEDUP_REFUSE = 2 /**< outside a limit */
};

/** Reasons of a verdict, as bits. @since 0.1 */
enum {
    SPEEDUP_REASON_MEMORY = 1,       /**< it does not fit, or not surely enough */
    SPEEDUP_REASON_TIME = 2,         /**< it will not end in time, not surely enough, or training has no tokens to end with */
    SPEEDUP_REASON_BUDGET = 4,       /**< it will cost more, not surely less, or has no price or no tokens to tell by */
    SPEEDUP_REASON_ACCELERATORS = 8, /**< it needs more accelerators than granted */
    SPEEDUP_REASON_INPUT = 16        /**< the scenario has errors, told in the context */
};

/** A verdict with its figures, and the nearest request that would be admitted. @since 0.1 */
typedef struct speedup_verdict {
    size_t struct_size;        /**< sizeof(speedup_verdict), set by the caller */
    int32_t verdict;           /**< SPEEDUP_ADMIT, SPEEDUP_WARN or SPEEDUP_REFUSE */
    uint32_t reasons;          /**< SPEEDUP_REASON bits; 0 only when admitted */
    double memory;             /**< B: peak memory, as sure as the policy asks */
    double seconds;            /**< s: the whole run (or one step without tokens), as sure as the policy asks; 0 for inference */
    double cost;               /**< USD: the whole run, as sure as the policy asks; 0 without tokens, and for inference */
    double out_of_memory;      /**< probability that it runs out of memory */
    double accelerators;       /**< accelerators that it uses */
    speedup_request nearest;   /**< the least request that would be admitted */
} speedup_verdict;

/** Weigh a scenario against a request. Untrusted text is fine. A service or a static
 *  batch has no whole run: its memory and accelerators are weighed, but neither the
 *  time limit nor the budget.
 *  @param context where problems of the scenario are told
 *  @param catalog what the names mean
 *  @param text a scenario, UTF-8
 *  @param length of the text in bytes
 *  @param request what is asked for
 *  @param policy how strict; NULL for confidence 0.9, no slack
 *  @param[in,out] verdict struct_size set by the caller, the rest by the library; always
 *         a verdict with reasons, also when the scenario has errors or another argument
 *         is invalid (refused)
 *  @return SPEEDUP_OK, the code of the scenario's first problem, or SPEEDUP_INVALID_ARGUMENT
 *  Thread-safety: as the context. @since 0.1 */
SPEEDUP_API speedup_status speedup_admit(speedup_context *context, const speedup_catalog *catalog,
                                         const char *text, size_t length, const speedup_request *request,
                                         const speedup_policy *policy, speedup_verdict *verdict);

/** A verdict, explained: reasons, figures, and the nearest request that would be admitted.
 *  @param context where problems are told
 *  @param request as given to speedup_admit()
 *  @param verdict as speedup_admit() gave it
 *  @param format SPEEDUP_FORMAT_TEXT or SPEEDUP_FORMAT_JSON
 *  @param[out] text a new text; NULL after an error
 *  @return SPEEDUP_OK, SPEEDUP_OUT_OF_MEMORY or SPEEDUP_INVALID_ARGUMENT
 *  Thread-safety: as the context. @since 0.1 */
SPEEDUP_API speedup_status speedup_report_verdict(speedup_context *context, const speedup_request *request,
                                                  const speedup_verdict *verdict, int32_t format,
                                                  speedup_text **text);

/** What each optimization of a scenario brings: three ways to say it. @since 0.1 */
typedef struct speedup_contribution {
    size_t struct_size;    /**< sizeof(speedup_contribution), set by the caller */
    const char *id;        /**< owned by the scenario */
    double waterfall;      /**< old time / new time when added in the order given */
    double marginal;       /**< time without it / time with all: what is lost without it */
    double shapley;        /**< share of the logarithm of the whole gain, averaged over all orders */
} speedup_contribution;

/** Attribute the gain of a scenario to its optimizations, exactly over all orders.
 *  The Shapley shares add up to log(time of the baseline / time with all).
 *  @param context where problems are told
 *  @param scenario of at most 16 optimizations beyond its baseline
 *  @param[in,out] contributions one for each, in order, struct_size set by the caller in the first; may be NULL
 *  @param[in,out] count in: room; out: how many optimizations there are
 *  @return SPEEDUP_OK, SPEEDUP_TOO_COMPLEX for more than 16, or the code of the first problem
 *  Thread-safety: as the context. @since 0.1 */
SPEEDUP_API speedup_status speedup_scenario_attribute(speedup_context *context, const speedup_scenario *scenario,
                                                      speedup_contribution *contributions, size_t *count);

/** @} */

SPEEDUP_END

#endif
