/** @file report.h
 *  @brief Answers to look at and to parse: estimates, audits, catalog entries.
 *  @ingroup speedup_report
 */
#ifndef SPEEDUP_REPORT_H
#define SPEEDUP_REPORT_H

#include <speedup/claims.h>
#include <speedup/estimate.h>

SPEEDUP_BEGIN

/** @addtogroup speedup_report
 *  @{
 */

/** How a report is written. @since 0.1 */
enum {
    SPEEDUP_FORMAT_TEXT = 0, /**< aligned text for people */
    SPEEDUP_FORMAT_JSON = 1  /**< JSON with the same content */
};

/** A text made by the library.
 *
 *  Ownership: the caller's, until speedup_text_destroy().
 *  Thread-safety: may be read from any thread at any time. @since 0.1 */
typedef struct speedup_text speedup_text;

/** The characters of a text.
 *  @param text may be NULL
 *  @return UTF-8 ended by NUL, owned by @p text; NULL for NULL
 *  Thread-safety: may be called from any thread at any time. @since 0.1 */
SPEEDUP_API const char *speedup_text_get(const speedup_text *text);

/** End a text.
 *  @param text may be NULL
 *  Thread-safety: no other thread may use the text. @since 0.2, as speedup_text_free() 0.1 */
SPEEDUP_API void speedup_text_destroy(speedup_text *text);

/** What a scenario will take, explained: answer, terms of time and memory, the
 *  waterfall of its optimizations, published figures beside it.
 *  @param context where problems are told
 *  @param scenario the scenario
 *  @param format SPEEDUP_FORMAT_TEXT or SPEEDUP_FORMAT_JSON
 *  @param[out] text a new text; NULL after an error
 *  @return SPEEDUP_OK or the code of the first problem
 *  Thread-safety: as the context. @since 0.1 */
SPEEDUP_API speedup_status speedup_report_estimate(speedup_context *context, const speedup_scenario *scenario,
                                                   int32_t format, speedup_text **text);

/** How a scenario's optimizations compose: every entry of the ledger they act on, by
 *  which rule, and who is superseded.
 *  @param context where problems are told
 *  @param scenario the scenario
 *  @param format SPEEDUP_FORMAT_TEXT or SPEEDUP_FORMAT_JSON
 *  @param[out] text a new text; NULL after an error
 *  @return SPEEDUP_OK or the code of the first problem
 *  Thread-safety: as the context. @since 0.1 */
SPEEDUP_API speedup_status speedup_report_composition(speedup_context *context, const speedup_scenario *scenario,
                                                      int32_t format, speedup_text **text);

/** Claims laid beside arithmetic and the model.
 *  @param context where problems are told
 *  @param catalog what the claims' names mean
 *  @param name of the text in diagnostics
 *  @param yaml a claims document, UTF-8
 *  @param length of it in bytes
 *  @param format SPEEDUP_FORMAT_TEXT or SPEEDUP_FORMAT_JSON
 *  @param[out] text a new text; NULL after an error
 *  @return SPEEDUP_OK or the code of the first problem
 *  Thread-safety: as the context. @since 0.1 */
SPEEDUP_API speedup_status speedup_report_audit(speedup_context *context, const speedup_catalog *catalog,
                                                const char *name, const char *yaml, size_t length, int32_t format,
                                                speedup_text **text);

/** As speedup_report_audit(), with the document of a file.
 *  @param context where problems are told
 *  @param catalog what the claims' names mean
 *  @param path a regular file of at most 1 MiB
 *  @param format SPEEDUP_FORMAT_TEXT or SPEEDUP_FORMAT_JSON
 *  @param[out] text a new text; NULL after an error
 *  @return SPEEDUP_OK or the code of the first problem
 *  Thread-safety: as the context. @since 0.1 */
SPEEDUP_API speedup_status speedup_report_audit_file(speedup_context *context, const speedup_catalog *catalog,
                                                     const char *path, int32_t format, speedup_text **text);

/** One entry of a catalog, or all of a kind.
 *  @param context where problems are told
 *  @param catalog the catalog
 *  @param kind for example "models"; NULL for a list of kinds
 *  @param id of the entry; NULL for a list of the kind
 *  @param format SPEEDUP_FORMAT_TEXT or SPEEDUP_FORMAT_JSON
 *  @param[out] text a new text; NULL after an error
 *  @return SPEEDUP_OK, SPEEDUP_UNKNOWN_ENTRY, SPEEDUP_OUT_OF_MEMORY or SPEEDUP_INVALID_ARGUMENT
 *  Thread-safety: as the context. @since 0.1 */
SPEEDUP_API speedup_status speedup_report_catalog(speedup_context *context, const speedup_catalog *catalog,
                                                  const char *kind, const char *id, int32_t format,
                                                  speedup_text **text);

/** The format of YAML files, from the tables that read them, as Markdown.
 *  @param context where problems are told
 *  @param[out] text a new text; NULL after an error
 *  @return SPEEDUP_OK, SPEEDUP_OUT_OF_MEMORY or SPEEDUP_INVALID_ARGUMENT
 *  Thread-safety: as the context. @since 0.1 */
SPEEDUP_API speedup_status speedup_report_format(speedup_context *context, speedup_text **text);

/** One call for everybody else: a scenario, a plan of at most 2^22 plans or a claims document in,
 *  the explained answer as JSON out. After an error the JSON has an "errors" list instead.
 *  @param context where problems are told as well
 *  @param yaml UTF-8
 *  @param length of it in bytes
 *  @param[out] json a new text; NULL only without memory or for an invalid argument
 *  @return SPEEDUP_OK or the code of the first problem
 *  Thread-safety: as the context. @since 0.1 */
SPEEDUP_API speedup_status speedup_answer(speedup_context *context, const char *yaml, size_t length,
                                          speedup_text **json);

/** @} */

SPEEDUP_END

#endif
