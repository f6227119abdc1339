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
 *  Ownership: the caller's, until speedup_result_destroy(); keeps its space alive.
 *  Thread-safety: may be read from any thread at any time. @since 0.1 */
typedef struct speedup_result speedup_result;

/** Called now and then during a search.
 *  @param user as given
 *  @param done plans looked at
 *  @param total of how many
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
    uint64_t not_fitting;   /**< more memory than there is */
    uint64_t constrained;   /**< outside a deadline, budget or power, or surely so by their bound */
    uint64_t feasible;      /**< what was left, also what surely is none of the best */
    uint64_t off_target;    /**< of services: a target of time is missed, or the request rate not served */
} speedup_counts;

/** Make a space from the `plan:` section of a YAML text: of training runs, or of services when it
 *  has a key that only they have. What it leaves out comes from the catalog's `spaces`, and is told
 *  by speedup_report_plan().
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

/** As speedup_space_create(), with the text of a file. Its `model` may be the path of a
 *  model's file or of a repository's folder, relative to it (see speedup_catalog_import_model_file());
 *  a text that a program hands over reads no file. That path may lead anywhere: hand over what others
 *  wrote as a text.
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
 *  @param begin first index, not above @p end
 *  @param end index behind the last; past the size it means the size
 *  @param threads how many threads may work, from 1 to 256; the result has the same
 *         bits for any number
 *  @param progress may be NULL; called on the caller's thread
 *  @param user passed on to @p progress, and not used after the call
 *  @param[out] result what was found; also after a stop (SPEEDUP_CANCELLED)
 *  @return SPEEDUP_OK, SPEEDUP_CANCELLED, SPEEDUP_OUT_OF_MEMORY or SPEEDUP_INVALID_ARGUMENT
 *  Thread-safety: as the context. @since 0.1 */
SPEEDUP_API speedup_status speedup_space_search(speedup_context *context, const speedup_space *space,
                                                uint64_t begin, uint64_t end, uint32_t threads,
                                                speedup_progress_function progress, void *user,
                                                speedup_result **result);

/** An objective that no plan of a range can be below, without looking at any: products
 *  and passes over memory alone, spread evenly and with nothing to wait for. Of services
 *  nothing is known before they are looked at.
 *  @param space the space
 *  @param begin first index, not above @p end
 *  @param end index behind the last; past the size it means the size
 *  @param[out] bound in the unit of the objective; 0 where none is known
 *  @return SPEEDUP_OK, SPEEDUP_NOT_FOUND when no plan of the range is possible, or
 *          SPEEDUP_INVALID_ARGUMENT
 *  Thread-safety: may be called from any thread at any time. @since 0.1 */
SPEEDUP_API speedup_status speedup_space_bound(const speedup_space *space, uint64_t begin, uint64_t end,
                                               double *bound);

/** Put the results of two ranges together: associative, with ties going to the lower
 *  index, so that any division of a space merges to the same bits.
 *  @param context where problems are told
 *  @param a a result; still the caller's
 *  @param b a result of the same space over a range without a common plan; still the caller's
 *  @param[out] result a new result
 *  @return SPEEDUP_OK, SPEEDUP_OUT_OF_MEMORY or SPEEDUP_INVALID_ARGUMENT
 *  Thread-safety: as the context. @since 0.1 */
SPEEDUP_API speedup_status speedup_result_merge(speedup_context *context, const speedup_result *a,
                                                const speedup_result *b, speedup_result **result);

/** A result as bytes, the same on every machine: to be loaded and merged in another process, elsewhere or later.
 *  @param result the result
 *  @param[out] bytes room for them; NULL for none
 *  @param room of bytes; with too little, what is written is of no use
 *  @return how many bytes it takes; 0 without a result
 *  Thread-safety: may be called from any thread at any time. @since 0.3 */
SPEEDUP_API size_t speedup_result_save(const speedup_result *result, void *bytes, size_t room);

/** A result from its bytes. They are checked: that they are whole, and of the same space.
 *  @param context where problems are told
 *  @param space made from the same plan, settings and catalog as that which was searched
 *  @param bytes as speedup_result_save() wrote them
 *  @param length of the bytes
 *  @param[out] result a new result; NULL after an error
 *  @return SPEEDUP_OK, SPEEDUP_SYNTAX, SPEEDUP_INCONSISTENT (of another space), SPEEDUP_OUT_OF_MEMORY or
 *          SPEEDUP_INVALID_ARGUMENT
 *  Thread-safety: as the context. @since 0.3 */
SPEEDUP_API speedup_status speedup_result_load(speedup_context *context, const speedup_space *space, const void *bytes,
                                               size_t length, speedup_result **result);

/** End a result.
 *  @param result may be NULL
 *  Thread-safety: no other thread may use the result. @since 0.2, as speedup_result_free() 0.1 */
SPEEDUP_API void speedup_result_destroy(speedup_result *result);

/** Why plans were left out.
 *  @param result the result
 *  @param[in,out] counts struct_size set by the caller, the rest by the library
 *  @return SPEEDUP_OK or SPEEDUP_INVALID_ARGUMENT
 *  Thread-safety: may be called from any thread at any time. @since 0.1 */
SPEEDUP_API speedup_status speedup_result_counts(const speedup_result *result, speedup_counts *counts);

/** How far the best plan can be from the optimum of the range, after a stop too.
 *  @param result the result
 *  @param[out] bound no plan of the range has a lower objective (of throughput, a higher):
 *         the best plan's own once all were looked at, else a proven bound; 0 when none is known
 *  @param[out] gap best / bound - 1, 0 when the best is proven to be the best; DBL_MAX without a bound
 *  @return SPEEDUP_OK, SPEEDUP_NOT_FOUND when no plan was found yet, so that there is a
 *          bound alone, or SPEEDUP_INVALID_ARGUMENT
 *  Thread-safety: may be called from any thread at any time. @since 0.1 */
SPEEDUP_API speedup_status speedup_result_gap(const speedup_result *result, double *bound, double *gap);

/** While no plan is possible: the plan that misses one limit alone, and by the least.
 *  @param result the result
 *  @param resource SPEEDUP_RESOURCE_MEMORY to SPEEDUP_RESOURCE_RATE: the limit; or
 *         SPEEDUP_RESOURCE_ANY: whatever it misses, the plan whose worst miss is the least
 *  @param[out] index of the plan in its space
 *  @param[out] factor what it needs over what there is: over 1
 *  @return SPEEDUP_OK, SPEEDUP_NOT_FOUND when a plan is possible or none is so near, or
 *          SPEEDUP_INVALID_ARGUMENT
 *  Thread-safety: may be called from any thread at any time. @since 0.1 */
SPEEDUP_API speedup_status speedup_result_near(const speedup_result *result, int32_t resource, uint64_t *index,
                                               double *factor);

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

/** One plan of a space as a scenario, to be attributed, reported or estimated as any
 *  other.
 *  @param context where problems are told
 *  @param space the space
 *  @param index below its size
 *  @param[out] scenario a new reference; NULL after an error
 *  @return SPEEDUP_OK, SPEEDUP_NOT_FOUND for an index past the end, SPEEDUP_INVALID_ARGUMENT,
 *          or the code that says why this plan cannot be
 *  Thread-safety: as the context. @since 0.1 */
SPEEDUP_API speedup_status speedup_space_scenario(speedup_context *context, const speedup_space *space,
                                                  uint64_t index, speedup_scenario **scenario);

/** What a plan can have more or less of. @since 0.1 */
enum {
    SPEEDUP_RESOURCE_ANY = -1,         /**< whichever it is */
    SPEEDUP_RESOURCE_MEMORY = 0,       /**< B of an accelerator */
    SPEEDUP_RESOURCE_HOST_MEMORY = 1,  /**< B of a node */
    SPEEDUP_RESOURCE_DEADLINE = 2,     /**< s of the whole run */
    SPEEDUP_RESOURCE_BUDGET = 3,       /**< USD of the whole run; of a service, for an hour */
    SPEEDUP_RESOURCE_POWER = 4,        /**< W of all machines */
    SPEEDUP_RESOURCE_FIRST_TOKEN = 5,  /**< s to the first token of a service */
    SPEEDUP_RESOURCE_TOKEN = 6,        /**< s for an output token of a service */
    SPEEDUP_RESOURCE_RATE = 7,         /**< requests a second that a service must serve */
    SPEEDUP_RESOURCE_ACCELERATORS = 8, /**< accelerators */
    SPEEDUP_RESOURCE_PRODUCTS = 9,     /**< FLOP/s of an accelerator, in every precision */
    SPEEDUP_RESOURCE_BANDWIDTH = 10,   /**< B/s of an accelerator's memory */
    SPEEDUP_RESOURCE_LINK = 11,        /**< B/s of an accelerator's scale-up link */
    SPEEDUP_RESOURCE_NETWORK = 12,     /**< B/s of a node's network */
    SPEEDUP_RESOURCE_COUNT = 13        /**< how many there are in this version */
};

/** What a little more of a resource is worth to the best plan of a space. Limits and
 *  accelerators are found by searching the whole space again with that much more of
 *  them; rates by estimating the best plan again, its layout and optimizations as they
 *  are. @since 0.1 */
typedef struct speedup_worth {
    size_t struct_size;  /**< sizeof(speedup_worth), set by the caller */
    int32_t resource;    /**< SPEEDUP_RESOURCE_ */
    int32_t searched;    /**< 1: the space was searched again; 0: the best plan estimated again */
    int32_t binds;       /**< 1: without this limit there is a better plan; of the rates: a share more of this one helps most */
    int32_t reserved;    /**< 0 */
    double have;         /**< what there is of it, in its unit; 0 for nothing asked */
    double more;         /**< how much more was tried */
    double objective;    /**< the objective of the best plan with so much more */
    double gain;         /**< by how much that is lower, or of throughput higher; 0 or more */
    double unlimited;    /**< the objective without this limit, or with this rate without end */
    uint64_t index;      /**< the best plan of the space with so much more; for accelerators and rates the one at hand */
} speedup_worth;

/** What binds the best plan of a space, and what a little more would buy: a gigabyte of
 *  memory, a gigabyte a second or a teraflop a second, a day of the deadline, a hundredth of
 *  budget, power and targets, and the next number of accelerators that some layout divides into.
 *  Takes somewhat longer than another search.
 *  @param context where problems are told
 *  @param result of the whole space: the best of a part says nothing of what binds it
 *  @param threads how many threads may work, from 1 to 256
 *  @param[in,out] worths struct_size set by the caller in the first
 *  @param[in,out] count in: room, SPEEDUP_RESOURCE_COUNT is enough; out: how many were
 *         written, limits before accelerators before rates
 *  @return SPEEDUP_OK, SPEEDUP_NOT_FOUND when the result has no plan,
 *          SPEEDUP_OUT_OF_MEMORY or SPEEDUP_INVALID_ARGUMENT
 *  Thread-safety: as the context. @since 0.1 */
SPEEDUP_API speedup_status speedup_result_worth(speedup_context *context, const speedup_result *result,
                                                uint32_t threads, speedup_worth *worths, size_t *count);

/** The result of a search, explained: the best plans, the front, what was left out, and
 *  what the best has from each optimization; when none is possible, the nearest changes
 *  that make one so, for which it searches about twice more, on the caller's thread.
 *  @param context where problems are told
 *  @param result the result
 *  @param format SPEEDUP_FORMAT_TEXT or SPEEDUP_FORMAT_JSON
 *  @param[out] text a new text; NULL after an error
 *  @return SPEEDUP_OK or the code of the first problem
 *  Thread-safety: as the context. @since 0.1 */
SPEEDUP_API speedup_status speedup_report_plan(speedup_context *context, const speedup_result *result,
                                               int32_t format, speedup_text **text);

/** As speedup_report_plan(), on several threads, and what binds the best plan and what more
 *  of it is worth: see speedup_result_worth().
 *  @param context where problems are told
 *  @param result the result
 *  @param threads to search again with, from 1 to 256
 *  @param format SPEEDUP_FORMAT_TEXT or SPEEDUP_FORMAT_JSON
 *  @param[out] text a new text; NULL after an error
 *  @return SPEEDUP_OK or the code of the first problem
 *  Thread-safety: as the context. @since 0.1 */
SPEEDUP_API speedup_status speedup_report_plan_why(speedup_context *context, const speedup_result *result,
                                                   uint32_t threads, int32_t format, speedup_text **text);

/** What a job asked for, to be weighed against what it will take. Numbers are finite,
 *  from 0; 0 asks for nothing. @since 0.1 */
typedef struct speedup_request {
    size_t struct_size;    /**< sizeof(speedup_request) */
    double accelerators;   /**< granted; fewer than the scenario's is a refusal */
    double memory;         /**< B per accelerator; less than the accelerator's own */
    double time_limit;     /**< s for the whole run; in inference for a request, first to last token, mean */
    double budget;         /**< USD for the whole run; in inference for a million output tokens */
} speedup_request;

/** How strict admission is. @since 0.1 */
typedef struct speedup_policy {
    size_t struct_size;   /**< sizeof(speedup_policy) */
    double confidence;    /**< probability with which the job must stay within its request; over 0 and below 1 */
    double slack;         /**< share by which a limit may be missed with a warning alone, 0 or more */
    int32_t warn_only;    /**< not 0: a refusal becomes a warning */
    int32_t reserved;     /**< 0; anything else is refused */
} speedup_policy;

/** Verdicts of admission. @since 0.1, with these numbers 0.2 */
enum {
    SPEEDUP_REFUSE = 0, /**< outside a limit; also what a verdict says that no call has filled */
    SPEEDUP_WARN = 1,   /**< outside a limit, but within the slack, or only warnings are wanted */
    SPEEDUP_ADMIT = 2   /**< within every limit */
};

/** Reasons of a verdict, as bits. @since 0.1 */
enum {
    SPEEDUP_REASON_MEMORY = 1,       /**< it does not fit, or not surely enough */
    SPEEDUP_REASON_TIME = 2,         /**< it will not end in time, not surely enough, or training has no tokens to end with */
    SPEEDUP_REASON_BUDGET = 4,       /**< it will cost more, not surely less, or has no price or no tokens to tell by */
    SPEEDUP_REASON_ACCELERATORS = 8, /**< it needs more accelerators than granted */
    SPEEDUP_REASON_INPUT = 16,       /**< the scenario has errors, told in the context */
    SPEEDUP_REASON_TARGETS = 32,     /**< a service misses its own targets of time, or does not surely meet them */
    SPEEDUP_REASON_LOAD = 64         /**< requests come faster than they are served (refused), or more are in flight than fit (warned) */
};

/** What to know beside a verdict; changes none, as intervals have it in. @since 0.1 */
enum {
    SPEEDUP_NOTE_UNCALIBRATED = 1, /**< accelerator or software without a calibration of its own: a generic one serves */
    SPEEDUP_NOTE_LONG = 2          /**< it trains on sequences longer than the model's window. @since 0.3 */
};

/** A verdict with its figures, and the nearest request that would be admitted. @since 0.1 */
typedef struct speedup_verdict {
    size_t struct_size;        /**< sizeof(speedup_verdict), set by the caller */
    int32_t verdict;           /**< SPEEDUP_ADMIT, SPEEDUP_WARN or SPEEDUP_REFUSE */
    uint32_t reasons;          /**< SPEEDUP_REASON bits; 0 only when admitted */
    double memory;             /**< B: peak memory, as sure as the policy asks */
    double seconds;            /**< s: the whole run (one step without tokens; in inference a request), as sure as the policy asks */
    double cost;               /**< USD: the whole run (in inference a million output tokens), as sure as the policy asks; 0 without a price */
    double out_of_memory;      /**< probability that it runs out of memory */
    double accelerators;       /**< accelerators that it uses */
    double nearest_accelerators; /**< the least request that would be admitted, where there is one */
    double nearest_memory;     /**< B: of it */
    double nearest_time_limit; /**< s: of it */
    double nearest_budget;     /**< USD: of it */
    int32_t admissible;        /**< 1: that request would be admitted; 0: no request would, the job must change */
    uint32_t notes;            /**< SPEEDUP_NOTE bits */
    double memory_low;         /**< B: least peak memory, with the policy's confidence */
    double memory_high;        /**< B: most */
    double seconds_low;        /**< s: least time, with the policy's confidence */
    double seconds_high;       /**< s: most */
    double cost_low;           /**< USD: least cost, with the policy's confidence; 0 without a price */
    double cost_high;          /**< USD: most */
    double first_token;        /**< s: of a service, to the first token, as sure as the policy asks; 0 when none is served */
    double token;              /**< s: of inference, for an output token, as sure as the policy asks */
    double load;               /**< of a service: its load over what fits or is served */
    int32_t change;            /**< where the job does not fit whatever is granted: the variable whose change alone makes it fit, at its
                                *   nearest and as surely as the policy asks (SPEEDUP_VARIABLE_TENSOR, ...); -1 for none */
    int32_t reserved;          /**< 0 */
    double change_value;       /**< of that variable */
    double change_accelerators; /**< that the job then takes */
} speedup_verdict;

/** Weigh a scenario against a request. Untrusted text is fine. A service or a static
 *  batch has no whole run: its time limit is for a request, its budget for a million
 *  output tokens. A service is also held to its own targets, and to the load it serves.
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
 *  Thread-safety: as the context. @since 0.2, with other numbers of verdicts 0.1 */
SPEEDUP_API speedup_status speedup_admit(speedup_context *context, const speedup_catalog *catalog,
                                         const char *text, size_t length, const speedup_request *request,
                                         const speedup_policy *policy, speedup_verdict *verdict);

/** The same of the text of a file: its `model` may be the path of a model's file or of a repository's folder, relative to it
 *  and below its folder, by whatever links. A text that a program hands over reads no file.
 *  @param context where problems of the scenario are told
 *  @param catalog what the names mean
 *  @param path a regular file of at most 1 MiB
 *  @param request what is asked for
 *  @param policy how strict; NULL for confidence 0.9, no slack
 *  @param[in,out] verdict as of speedup_admit()
 *  @return as speedup_admit(), or that the file cannot be read
 *  Thread-safety: as the context. @since 0.3 */
SPEEDUP_API speedup_status speedup_admit_file(speedup_context *context, const speedup_catalog *catalog, const char *path,
                                              const speedup_request *request, const speedup_policy *policy,
                                              speedup_verdict *verdict);

/** A verdict, explained: reasons, figures, and the nearest request that would be admitted.
 *  @param context where problems are told
 *  @param request as given to speedup_admit()
 *  @param verdict as speedup_admit() gave it
 *  @param format SPEEDUP_FORMAT_TEXT or SPEEDUP_FORMAT_JSON
 *  @param[out] text a new text; NULL after an error
 *  @return SPEEDUP_OK, SPEEDUP_OUT_OF_MEMORY or SPEEDUP_INVALID_ARGUMENT
 *  Thread-safety: as the context. @since 0.2, with other numbers of verdicts 0.1 */
SPEEDUP_API speedup_status speedup_report_verdict(speedup_context *context, const speedup_request *request,
                                                  const speedup_verdict *verdict, int32_t format,
                                                  speedup_text **text);

/** What an optimization brings, and from where: differences of estimates with and
 *  without it. Times are of a step, in inference of an output token. @since 0.1 */
typedef struct speedup_contribution {
    size_t struct_size;     /**< sizeof(speedup_contribution), set by the caller */
    const char *id;         /**< owned by the scenario */
    double waterfall;       /**< old time / new time when added in the order given */
    double marginal;        /**< time without it / time with all: what is lost without it */
    double shapley;         /**< share of the logarithm of the whole gain, averaged over all orders */
    double seconds;         /**< s: time without it less time with all */
    double term_share;      /**< share of the time without it that the term has which changes most */
    double term_before;     /**< s: that term without it */
    double term_after;      /**< s: that term with all */
    double bytes;           /**< B: peak memory without it less that with all */
    double component_bytes; /**< B: of them, in the component that changes most */
    double lacking;         /**< B: more than there is that the job needs without it; 0 when it fits */
    int32_t term;           /**< metric of the term; 0 when no term changes */
    int32_t component;      /**< metric of the component; 0 when none changes */
    int32_t superseded;     /**< 1: another of the scenario's supersedes it, so that it does not act */
    int32_t reserved;       /**< 0 */
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

/** What the optimizations of the catalog that a scenario lacks would bring, one alone
 *  added to it: those with which it still can be, trains as many parameters and fits,
 *  the largest gain first.
 *  @param context where problems are told
 *  @param scenario the scenario, which must fit
 *  @param[in,out] contributions best first, struct_size set by the caller in the first; as
 *         if each were the last of the scenario: waterfall and marginal are its gain, shapley
 *         is 0, "without it" is the scenario; ids are owned by its catalog; may be NULL
 *  @param[in,out] count in: room; out: how many were written, or without room how many there can be
 *  @return SPEEDUP_OK or the code of the first problem
 *  Thread-safety: as the context. @since 0.1 */
SPEEDUP_API speedup_status speedup_scenario_next(speedup_context *context, const speedup_scenario *scenario,
                                                 speedup_contribution *contributions, size_t *count);

/** The reason of a contribution in words, made from its figures alone: what takes less
 *  time or memory, how much of the whole that is, and whether the job fits without it.
 *  @param context where problems are told
 *  @param contribution as the library gave it
 *  @param[out] text a new text; NULL after an error
 *  @return SPEEDUP_OK, SPEEDUP_OUT_OF_MEMORY or SPEEDUP_INVALID_ARGUMENT
 *  Thread-safety: as the context. @since 0.1 */
SPEEDUP_API speedup_status speedup_report_contribution(speedup_context *context,
                                                       const speedup_contribution *contribution,
                                                       speedup_text **text);

/** @} */

SPEEDUP_END

#endif
