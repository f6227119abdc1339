/** @file estimate.h
 *  @brief Scenarios and what they will take: time, memory, money, energy.
 *  @ingroup speedup_estimate
 */
#ifndef SPEEDUP_ESTIMATE_H
#define SPEEDUP_ESTIMATE_H

#include <speedup/catalog.h>

SPEEDUP_BEGIN

/** @addtogroup speedup_estimate
 *  @{
 */

/** The metrics, from metric.def. @since 0.1 */
enum {
#define SPEEDUP_METRIC(NAME, name, unit, job, better, interval, text) SPEEDUP_METRIC_##NAME, /**< text */
#include <speedup/metric.def>
#undef SPEEDUP_METRIC
    SPEEDUP_METRIC_COUNT /**< how many there are in this version */
};

/** The metrics, listed; the index is the SPEEDUP_METRIC number. @c rule says which
 *  kind of job has it: "training", "inference" or "both"; @c better whether "less" or "more" of it
 *  is better, "" where neither is; @c interval whose uncertainty it has: "time", "memory",
 *  "first token", "energy", or "" when it has none.
 *  @param index from 0
 *  @param[in,out] word struct_size set by the caller, the rest by the library
 *  @return SPEEDUP_OK, SPEEDUP_NOT_FOUND past the end, or SPEEDUP_INVALID_ARGUMENT
 *  Thread-safety: may be called from any thread at any time. @since 0.1 */
SPEEDUP_API speedup_status speedup_metric_at(size_t index, speedup_word *word);

/** A job on a machine, ready to be estimated. Immutable.
 *
 *  Ownership: reference-counted; keeps its catalog alive.
 *  Thread-safety: may be used from any thread at any time. @since 0.1 */
typedef struct speedup_scenario speedup_scenario;

/** Make a scenario from a YAML text, which may also hold catalog sections of its own.
 *  @param context where problems are told, all of the text's at once
 *  @param catalog what the scenario's names mean
 *  @param name of the text in diagnostics
 *  @param text UTF-8, need not end with NUL
 *  @param length of the text in bytes
 *  @param settings "path=value" each, put over the text: "train.micro_batch=2"; may be NULL
 *  @param setting_count how many
 *  @param[out] scenario a new reference; NULL after an error
 *  @return SPEEDUP_OK or the code of the first problem
 *  Thread-safety: as the context. @since 0.1 */
SPEEDUP_API speedup_status speedup_scenario_create(speedup_context *context, const speedup_catalog *catalog,
                                                   const char *name, const char *text, size_t length,
                                                   const char *const *settings, size_t setting_count,
                                                   speedup_scenario **scenario);

/** As speedup_scenario_create(), with the text of a file. Its `model` may be the path of a
 *  model's file or of a repository's folder, relative to it (see speedup_catalog_import_model_file());
 *  a text that a program hands over reads no file. That path may lead anywhere: hand over what others
 *  wrote as a text.
 *  @param context where problems are told
 *  @param catalog what the scenario's names mean
 *  @param path a regular file of at most 1 MiB
 *  @param settings "path=value" each; may be NULL
 *  @param setting_count how many
 *  @param[out] scenario a new reference; NULL after an error
 *  @return SPEEDUP_OK or the code of the first problem
 *  Thread-safety: as the context. @since 0.1 */
SPEEDUP_API speedup_status speedup_scenario_create_file(speedup_context *context, const speedup_catalog *catalog,
                                                        const char *path, const char *const *settings,
                                                        size_t setting_count, speedup_scenario **scenario);

/** One more reference.
 *  @param scenario may be NULL
 *  @return the same scenario
 *  Thread-safety: may be called from any thread at any time. @since 0.1 */
SPEEDUP_API speedup_scenario *speedup_scenario_ref(speedup_scenario *scenario);

/** One reference less; with the last the scenario ends.
 *  @param scenario may be NULL
 *  Thread-safety: may be called from any thread at any time. @since 0.1 */
SPEEDUP_API void speedup_scenario_unref(speedup_scenario *scenario);

/** Estimate the scenario's own layout. No memory is allocated.
 *  @param scenario the scenario
 *  @param[out] values SPEEDUP_METRIC_COUNT numbers by metric, or fewer
 *  @param count room in @p values
 *  @return SPEEDUP_OK, or what values[SPEEDUP_METRIC_STATUS] says, or SPEEDUP_INVALID_ARGUMENT
 *  Thread-safety: may be called from any thread at any time. @since 0.1 */
SPEEDUP_API speedup_status speedup_scenario_estimate(const speedup_scenario *scenario, double *values,
                                                     size_t count);

/** A column of layouts or of answers. @since 0.1 */
typedef struct speedup_column {
    size_t struct_size; /**< sizeof(speedup_column) */
    int32_t id;         /**< in: a layout's SPEEDUP_VARIABLE number; out: a SPEEDUP_METRIC number */
    int32_t reserved;   /**< 0 */
    double *values;     /**< one number per layout; the caller's */
} speedup_column;

/** Estimate many layouts of a scenario. No memory is allocated.
 *  No column may overlap another that is filled. A variable without a column stays as in the scenario, but @c data and
 *  @c accumulation follow from the others. A column of @c data says how many accelerators there are, when
 *  @c accelerators has none: data x the ranks of one copy of the model, and those of a pool for prefill. A column of
 *  @c data beside one of @c accelerators, or one of @c accumulation, must agree with the rest (accumulation is
 *  global_batch / (data x micro_batch), rounded up in a job that may be uneven).
 *  A layout is possible by the rules by which a scenario's own is refused: every variable whole and in its range, at its
 *  default when the kind of job does not have it, dividing what it splits; any number is allowed in a column, and one
 *  that cannot be (also a NaN) makes its layout impossible (SPEEDUP_DOES_NOT_DIVIDE).
 *  @param scenario the scenario
 *  @param inputs columns of layout variables, each once
 *  @param input_count how many
 *  @param outputs columns to fill
 *  @param output_count how many
 *  @param count layouts in every column
 *  @param threads how many threads may work, from 1 to 256; the results have the same
 *         bits for any number. With 1 no thread is started, and few layouts start fewer
 *         than allowed; a thread that cannot be started leaves its work to the others.
 *  @return SPEEDUP_OK, also when some layouts cannot be (their SPEEDUP_METRIC_STATUS
 *          says why, and their other metrics are 0), or SPEEDUP_INVALID_ARGUMENT
 *  Thread-safety: may be called from any thread at any time. @since 0.1 */
SPEEDUP_API speedup_status speedup_scenario_estimate_batch(const speedup_scenario *scenario,
                                                           const speedup_column *inputs, size_t input_count,
                                                           const speedup_column *outputs, size_t output_count,
                                                           size_t count, uint32_t threads);

/** The interval of a metric: where it lies with a probability.
 *  @param values as speedup_scenario_estimate() gave them
 *  @param count of them; enough for the sigma of the metric
 *  @param metric a SPEEDUP_METRIC number
 *  @param probability over 0 and below 1, for example 0.9
 *  @param[out] low lower bound; the value itself for a metric without an interval (shares, counts, parts of memory)
 *  @param[out] high upper bound
 *  @return SPEEDUP_OK or SPEEDUP_INVALID_ARGUMENT
 *  Thread-safety: may be called from any thread at any time. @since 0.1 */
SPEEDUP_API speedup_status speedup_metric_interval(const double *values, size_t count, int32_t metric,
                                                   double probability, double *low, double *high);

/** @} */

SPEEDUP_END

#endif
