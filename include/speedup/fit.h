/** @file fit.h
 *  @brief What makes a training job fit the accelerators that it has, and how large a job can be on them.
 *  @ingroup speedup_plan
 */
#ifndef SPEEDUP_FIT_H
#define SPEEDUP_FIT_H

#include <speedup/report.h>

SPEEDUP_BEGIN

/** @addtogroup speedup_plan
 *  @{
 */

/** What a training job lacks of memory, and which of the usual means mend it. Immutable.
 *
 *  The usual means are the optimizations of the catalog that say `mends`, in that order, and a smaller micro-batch
 *  with more accumulation: the global batch stays. Accelerators are never added, and the layout stays.
 *
 *  "Fits" is what admission asks: with a probability (the confidence) peak memory stays within the accelerator's, and
 *  what is offloaded within the host's.
 *
 *  Ownership: the caller's, until speedup_remedies_destroy(); keeps its scenario alive.
 *  Thread-safety: may be read from any thread at any time. @since 0.3 */
typedef struct speedup_remedies speedup_remedies;

/** A means or a set of means, and the job with it. @since 0.3 */
typedef struct speedup_remedy {
    size_t struct_size;          /**< sizeof(speedup_remedy), set by the caller */
    const char *const *ids;      /**< optimizations that the job gets, the cheapest first; owned by the remedies */
    size_t id_count;             /**< how many; 0 for a smaller micro-batch alone */
    const char *const *replaced; /**< optimizations of the job whose place they take; owned by the remedies */
    size_t replaced_count;       /**< how many */
    double micro_batch;          /**< sequences; the largest that fits where it is less than the job's own */
    double memory_peak;          /**< B: of an accelerator, mean; 0 without an estimate */
    double memory_needed;        /**< B: of it, what the allocator cannot give back; what has to fit */
    double memory_host;          /**< B: of a node's host */
    double lacking;              /**< B: that it lacks to fit as surely as asked; 0 when it fits */
    double step_seconds;         /**< s: of a step of the same global batch */
    double out_of_memory;        /**< probability that it runs out of memory */
    int32_t status;              /**< SPEEDUP_OK, or why the means does not apply: SPEEDUP_EXISTS (the job has it, or what takes
                                  *   its place), SPEEDUP_EXCLUDED, SPEEDUP_REQUIREMENT, ... */
    int32_t fits;                /**< 1: as surely as asked */
    int32_t alters_training;     /**< 1: a model may come out otherwise, as with adapters or sums in fewer bits */
    int32_t reserved;            /**< 0 */
} speedup_remedy;

/** Look for what makes a training job fit. All sets are looked at: each of those given is enough, and is faster by a
 *  hundredth than every part of it that is. The cheapest 14 of the means that apply are put together, fewer where they
 *  have many effects; each of the 16384 sets at most takes some microseconds.
 *  @param context where problems are told
 *  @param scenario of training
 *  @param confidence with which a job must fit, over 0 and below 1; admission asks for 0.9
 *  @param[out] remedies new remedies, also of a job that fits; NULL after an error
 *  @return SPEEDUP_OK, SPEEDUP_NOT_APPLICABLE for a job of inference, the status of an estimate of the job,
 *          SPEEDUP_OUT_OF_MEMORY or SPEEDUP_INVALID_ARGUMENT
 *  Thread-safety: as the context. @since 0.3 */
SPEEDUP_API speedup_status speedup_scenario_remedies(speedup_context *context, const speedup_scenario *scenario,
                                                     double confidence, speedup_remedies **remedies);

/** End remedies.
 *  @param remedies may be NULL
 *  Thread-safety: no other thread may use them. @since 0.3 */
SPEEDUP_API void speedup_remedies_destroy(speedup_remedies *remedies);

/** The job as it is: `ids` has none.
 *  @param remedies the remedies
 *  @param[in,out] remedy struct_size set by the caller, the rest by the library; `lacking` is what the job lacks
 *  @return SPEEDUP_OK or SPEEDUP_INVALID_ARGUMENT
 *  Thread-safety: may be called from any thread at any time. @since 0.3 */
SPEEDUP_API speedup_status speedup_remedies_without(const speedup_remedies *remedies, speedup_remedy *remedy);

/** A usual means alone, the cheapest first; also those that do not apply, whose `status` says why. A smaller micro-batch
 *  is one of them when the job's own is more than 1.
 *  @param remedies the remedies
 *  @param index from 0
 *  @param[in,out] remedy struct_size set by the caller, the rest by the library
 *  @return SPEEDUP_OK, SPEEDUP_NOT_FOUND past the end, or SPEEDUP_INVALID_ARGUMENT
 *  Thread-safety: may be called from any thread at any time. @since 0.3 */
SPEEDUP_API speedup_status speedup_remedies_means_at(const speedup_remedies *remedies, size_t index, speedup_remedy *remedy);

/** A set of means with which the job fits; none for a job that does. First those that leave training as it is, then
 *  those that alter it, each the fastest first. Of each kind four at most, each slower than those before it and simpler:
 *  of fewer means, or without the dearest of theirs.
 *  @param remedies the remedies
 *  @param index from 0
 *  @param[in,out] remedy struct_size set by the caller, the rest by the library
 *  @return SPEEDUP_OK, SPEEDUP_NOT_FOUND past the end, or SPEEDUP_INVALID_ARGUMENT
 *  Thread-safety: may be called from any thread at any time. @since 0.3 */
SPEEDUP_API speedup_status speedup_remedies_at(const speedup_remedies *remedies, size_t index, speedup_remedy *remedy);

/** The job with a set of means.
 *  @param context where problems are told
 *  @param remedies the remedies
 *  @param index as of speedup_remedies_at()
 *  @param[out] scenario a new reference; NULL after an error
 *  @return SPEEDUP_OK, SPEEDUP_NOT_FOUND past the end, SPEEDUP_OUT_OF_MEMORY or SPEEDUP_INVALID_ARGUMENT
 *  Thread-safety: as the context. @since 0.3 */
SPEEDUP_API speedup_status speedup_remedies_scenario(speedup_context *context, const speedup_remedies *remedies, size_t index,
                                                     speedup_scenario **scenario);

/** What keeps a number from being larger. @since 0.3 */
enum {
    SPEEDUP_LIMIT_MEMORY = 1, /**< with more the job does not fit */
    SPEEDUP_LIMIT_WINDOW = 2, /**< the model's window; memory would allow more */
    SPEEDUP_LIMIT_RANGE = 3,  /**< the range of the key or parameter; memory would allow more */
    SPEEDUP_LIMIT_RULE = 4    /**< larger numbers, as far as they were looked at, do not divide or do not agree with the rest */
};

/** The largest whole number of a key with which a job fits, all else as it is. It is looked for by doubling and halving,
 *  as if a job that fits with a number did with each below it; of numbers that do not divide, up to 64 below are tried
 *  as well. Of "micro_batch" accumulation stays, and the global batch follows. A service must also have room for all of its
 *  requests.
 *  @param context where problems are told
 *  @param scenario the scenario
 *  @param key of the job, "micro_batch", "sequence", "layout.tensor", also with its section before it; or a parameter of one of
 *         its optimizations, "lora.share"
 *  @param confidence with which the job must fit, over 0 and below 1
 *  @param[out] value the largest number; 0 after an error
 *  @param[out] limit a SPEEDUP_LIMIT number; may be NULL
 *  @return SPEEDUP_OK, SPEEDUP_NOT_FOUND when the job fits with none, SPEEDUP_UNKNOWN_KEY, SPEEDUP_UNKNOWN_PARAMETER, SPEEDUP_WRONG_TYPE,
 *          SPEEDUP_OUT_OF_RANGE for a key without whole numbers, SPEEDUP_OUT_OF_MEMORY or SPEEDUP_INVALID_ARGUMENT
 *  Thread-safety: as the context. @since 0.3 */
SPEEDUP_API speedup_status speedup_scenario_largest(speedup_context *context, const speedup_scenario *scenario, const char *key,
                                                    double confidence, double *value, int32_t *limit);

/** Remedies, explained: what the job lacks, each usual means alone, and the sets that make it fit; and the largest
 *  numbers of some keys with which the job fits as it is.
 *  @param context where problems are told
 *  @param remedies the remedies
 *  @param keys as of speedup_scenario_largest(); may be NULL
 *  @param key_count how many
 *  @param format SPEEDUP_FORMAT_TEXT or SPEEDUP_FORMAT_JSON
 *  @param[out] text a new text; NULL after an error
 *  @return SPEEDUP_OK or the code of the first problem
 *  Thread-safety: as the context. @since 0.3 */
SPEEDUP_API speedup_status speedup_report_remedies(speedup_context *context, const speedup_remedies *remedies,
                                                   const char *const *keys, size_t key_count, int32_t format, speedup_text **text);

/** @} */

SPEEDUP_END

#endif
