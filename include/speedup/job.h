/** @file job.h
 *  @brief A job built by calls instead of YAML, and what a scenario was made of.
 *  @ingroup speedup_estimate
 */
#ifndef SPEEDUP_JOB_H
#define SPEEDUP_JOB_H

#include <speedup/estimate.h>

SPEEDUP_BEGIN

/** @addtogroup speedup_estimate
 *  @{
 */

/** A job as it is described, before any name is looked up in a catalog: the values that
 *  a `train:`, `serve:` or `generate:` section of YAML has, with the same keys.
 *
 *  Ownership: made by speedup_job_create(), ended by speedup_job_destroy(); a scenario
 *  made from it keeps nothing of it, so that one description can be changed and made
 *  into many scenarios.
 *  Thread-safety: one thread at a time. @since 0.2 */
typedef struct speedup_job speedup_job;

/** Begin a description; every key has its default or is not given.
 *  @param context where problems are told
 *  @param section "train", "serve" or "generate"
 *  @param[out] job a new description; NULL after an error
 *  @return SPEEDUP_OK, SPEEDUP_UNKNOWN_CHOICE, SPEEDUP_OUT_OF_MEMORY or SPEEDUP_INVALID_ARGUMENT
 *  Thread-safety: as the context. @since 0.2 */
SPEEDUP_API speedup_status speedup_job_create(speedup_context *context, const char *section, speedup_job **job);

/** End a description.
 *  @param job may be NULL
 *  Thread-safety: no other thread may use the description. @since 0.2 */
SPEEDUP_API void speedup_job_destroy(speedup_job *job);

/** Give a key a number, in SI units: seconds, bytes, USD per hour. Of a key that takes
 *  true or false, 1 or 0.
 *  @param context where problems are told
 *  @param job the description
 *  @param key as in YAML, with a point between a key and one of its own: "sequence",
 *         "layout.tensor", "targets.time_to_first_token", "prompt", "prompt.deviation",
 *         "price", "calibration.matmul_efficiency"
 *  @param value in the range of the key; a later value of a key takes the place of an earlier one
 *  @return SPEEDUP_OK, SPEEDUP_UNKNOWN_KEY, SPEEDUP_OUT_OF_RANGE, SPEEDUP_NOT_WHOLE,
 *          SPEEDUP_NOT_FINITE, SPEEDUP_WRONG_TYPE, SPEEDUP_OUT_OF_MEMORY or
 *          SPEEDUP_INVALID_ARGUMENT; after an error the key is as before. Coefficients are a
 *          catalog's, which is not known here: the name and the range of a "calibration" are
 *          checked by speedup_scenario_create_job(), and told of the key
 *  Thread-safety: as the context and the description. @since 0.2 */
SPEEDUP_API speedup_status speedup_job_set_number(speedup_context *context, speedup_job *job, const char *key, double value);

/** Give a key a text: the id of a model, a system, a stack or a price, or what a plain
 *  value of YAML may be, with its unit: "2.50 USD/h", "500 ms", "1.4 T", "true".
 *  The text is one value, whatever characters are in it.
 *  @param context where problems are told
 *  @param job the description
 *  @param key as in YAML, with a point between a key and one of its own
 *  @param text UTF-8, copied
 *  @return SPEEDUP_OK, SPEEDUP_UNKNOWN_KEY, the code of what is wrong with the text,
 *          SPEEDUP_OUT_OF_MEMORY or SPEEDUP_INVALID_ARGUMENT
 *  Thread-safety: as the context and the description. @since 0.2 */
SPEEDUP_API speedup_status speedup_job_set_text(speedup_context *context, speedup_job *job, const char *key, const char *text);

/** Add an optimization behind those that a list has.
 *  @param context where problems are told
 *  @param job the description
 *  @param list "optimizations", "baseline", or "without": what the software has and the job has not
 *  @param id of the optimization, looked up when a scenario is made
 *  @param names of parameters; may be NULL when @p count is 0
 *  @param values of the parameters
 *  @param count how many; the others have their defaults
 *  @return SPEEDUP_OK, SPEEDUP_UNKNOWN_CHOICE for another list, SPEEDUP_OUT_OF_MEMORY or
 *          SPEEDUP_INVALID_ARGUMENT
 *  Thread-safety: as the context and the description. @since 0.2 */
SPEEDUP_API speedup_status speedup_job_add(speedup_context *context, speedup_job *job, const char *list, const char *id,
                                           const char *const *names, const double *values, size_t count);

/** Put a setting over a description, as `--set` does over a file: "train.micro_batch=2",
 *  "serve.layout={tensor: 2}". The value is YAML, and takes the place of what was there.
 *  @param context where problems are told
 *  @param job the description
 *  @param setting "section.key=value", the section that of the description
 *  @return SPEEDUP_OK, SPEEDUP_BAD_SETTING, SPEEDUP_UNKNOWN_KEY, the code of what is wrong
 *          with the value, SPEEDUP_OUT_OF_MEMORY or SPEEDUP_INVALID_ARGUMENT
 *  Thread-safety: as the context and the description. @since 0.2 */
SPEEDUP_API speedup_status speedup_job_apply(speedup_context *context, speedup_job *job, const char *setting);

/** Make a scenario from a description: the same, to the bit, as from YAML with these values.
 *  @param context where problems are told, all at once
 *  @param catalog what the description's names mean
 *  @param job the description, which can be changed and used again
 *  @param[out] scenario a new reference; NULL after an error
 *  @return SPEEDUP_OK or the code of the first problem
 *  Thread-safety: as the context and the description. @since 0.2 */
SPEEDUP_API speedup_status speedup_scenario_create_job(speedup_context *context, const speedup_catalog *catalog,
                                                       const speedup_job *job, speedup_scenario **scenario);

/** The entries that a scenario names. @since 0.2 */
enum {
    SPEEDUP_ENTRY_MODEL = 0,       /**< its model */
    SPEEDUP_ENTRY_SYSTEM = 1,      /**< its system */
    SPEEDUP_ENTRY_ACCELERATOR = 2, /**< the accelerator of its system */
    SPEEDUP_ENTRY_STACK = 3,       /**< its software */
    SPEEDUP_ENTRY_PRICE = 4        /**< the price of the catalog that it is counted at */
};

/** The id of an entry that a scenario, or the plan that it is, was made with.
 *  @param scenario the scenario
 *  @param entry a SPEEDUP_ENTRY number
 *  @param[out] id owned by the scenario
 *  @return SPEEDUP_OK, SPEEDUP_NOT_FOUND when it names none, or SPEEDUP_INVALID_ARGUMENT
 *  Thread-safety: may be called from any thread at any time. @since 0.2 */
SPEEDUP_API speedup_status speedup_scenario_entry(const speedup_scenario *scenario, int32_t entry, const char **id);

/** What an accelerator-hour costs.
 *  @param scenario the scenario
 *  @param[out] per_hour USD for an accelerator and an hour
 *  @return SPEEDUP_OK, SPEEDUP_NOT_FOUND when nothing is known of it, or SPEEDUP_INVALID_ARGUMENT
 *  Thread-safety: may be called from any thread at any time. @since 0.2 */
SPEEDUP_API speedup_status speedup_scenario_price(const speedup_scenario *scenario, double *per_hour);

/** The value of a variable: of the layout, the job, the model or the hardware.
 *  @param scenario the scenario
 *  @param variable a SPEEDUP_VARIABLE number
 *  @param[out] value in the variable's unit
 *  @return SPEEDUP_OK or SPEEDUP_INVALID_ARGUMENT
 *  Thread-safety: may be called from any thread at any time. @since 0.2 */
SPEEDUP_API speedup_status speedup_scenario_variable(const speedup_scenario *scenario, int32_t variable, double *value);

/** The optimizations of a scenario, in their order: first those of its baseline, the
 *  software's among them, then its own.
 *  @param scenario the scenario
 *  @param index from 0
 *  @param[out] id owned by the scenario
 *  @param[out] baseline 1 when the baseline has it; may be NULL
 *  @return SPEEDUP_OK, SPEEDUP_NOT_FOUND past the end, or SPEEDUP_INVALID_ARGUMENT
 *  Thread-safety: may be called from any thread at any time. @since 0.2 */
SPEEDUP_API speedup_status speedup_scenario_optimization_at(const speedup_scenario *scenario, size_t index, const char **id,
                                                            int32_t *baseline);

/** @} */

SPEEDUP_END

#endif
