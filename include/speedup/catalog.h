/** @file catalog.h
 *  @brief Catalogs: accelerators, systems, models, optimizations, prices.
 *  @ingroup speedup_catalog
 */
#ifndef SPEEDUP_CATALOG_H
#define SPEEDUP_CATALOG_H

#include <speedup/optimization.h>

SPEEDUP_BEGIN

/** @addtogroup speedup_catalog
 *  @{
 */

/** What is known: an immutable set of entries by kind ("accelerators", "systems",
 *  "stacks", "models", "prices", "optimizations", "coefficients") and id. A catalog
 *  that extends another keeps it alive, and leaves it as it was.
 *
 *  Ownership: reference-counted.
 *  Thread-safety: may be used from any thread at any time. @since 0.1 */
typedef struct speedup_catalog speedup_catalog;

/** The catalog of the data built into the library; no file is read.
 *  @param context where problems are told
 *  @param[out] catalog a new reference
 *  @return SPEEDUP_OK, SPEEDUP_OUT_OF_MEMORY or SPEEDUP_INVALID_ARGUMENT
 *  Thread-safety: as the context. @since 0.1 */
SPEEDUP_API speedup_status speedup_catalog_create(speedup_context *context, speedup_catalog **catalog);

/** A catalog with everything of @p base and the entries of a YAML text.
 *  @param context where problems are told, all of the text's at once
 *  @param base unchanged, whatever happens
 *  @param name of the text in diagnostics
 *  @param text UTF-8, need not end with NUL
 *  @param length of the text in bytes
 *  @param[out] catalog a new reference; NULL after an error
 *  @return SPEEDUP_OK or the code of the first problem
 *  Thread-safety: as the context. @since 0.1 */
SPEEDUP_API speedup_status speedup_catalog_extend(speedup_context *context, const speedup_catalog *base,
                                                  const char *name, const char *text, size_t length,
                                                  speedup_catalog **catalog);

/** As speedup_catalog_extend(), with the text of a file.
 *  @param context where problems are told
 *  @param base unchanged
 *  @param path a regular file of at most 1 MiB
 *  @param[out] catalog a new reference; NULL after an error
 *  @return SPEEDUP_OK or the code of the first problem
 *  Thread-safety: as the context. @since 0.1 */
SPEEDUP_API speedup_status speedup_catalog_extend_file(speedup_context *context, const speedup_catalog *base,
                                                       const char *path, speedup_catalog **catalog);

/** A catalog with everything of @p base and one optimization built from C.
 *  @param context where problems are told, all at once
 *  @param base unchanged
 *  @param optimization copied; still the caller's
 *  @param[out] catalog a new reference; NULL after an error
 *  @return SPEEDUP_OK or the code of the first problem
 *  Thread-safety: as the context and the optimization. @since 0.1 */
SPEEDUP_API speedup_status speedup_catalog_register(speedup_context *context, const speedup_catalog *base,
                                                    const speedup_optimization *optimization,
                                                    speedup_catalog **catalog);

/** A catalog with everything of @p base and one model, from the config.json of a
 *  Hugging Face repository. The published numbers of parameters are not in such a
 *  file; those of the shape are used. Serving takes the
 *  precision that the file says it has, unless the scenario names another. What the file leaves out or
 *  what is not known of its type is told by warnings.
 *  @param context where problems are told, all of the text's at once
 *  @param base unchanged, whatever happens
 *  @param name of the text in diagnostics; may be NULL
 *  @param text JSON in UTF-8, need not end with NUL
 *  @param length of the text in bytes
 *  @param id of the new model: lower-case letters, digits, '-', '_' and '.'
 *  @param[out] catalog a new reference; NULL after an error
 *  @return SPEEDUP_OK, SPEEDUP_UNSUPPORTED_MODEL for an architecture or a feature that
 *          cannot be expressed (the diagnostic names the field), SPEEDUP_EXISTS when
 *          @p base has the id, or the code of the first problem
 *  Thread-safety: as the context. @since 0.1 */
SPEEDUP_API speedup_status speedup_catalog_import_model(speedup_context *context, const speedup_catalog *base,
                                                        const char *name, const char *text, size_t length,
                                                        const char *id, speedup_catalog **catalog);

/** The same from a file: a config.json, the header of a GGUF file, or weights in safetensors beside a config.json;
 *  at most 16 MiB are read. Or from a folder, by its config.json, else its GGUF file. What hf_quant_config.json
 *  beside it says of precision is read too.
 *  @param context where problems are told
 *  @param base unchanged, whatever happens
 *  @param path of the file or the folder
 *  @param id of the new model
 *  @param[out] catalog a new reference; NULL after an error
 *  @return as speedup_catalog_import_model(), or that the file cannot be read
 *  Thread-safety: as the context. @since 0.3 */
SPEEDUP_API speedup_status speedup_catalog_import_model_file(speedup_context *context, const speedup_catalog *base,
                                                             const char *path, const char *id,
                                                             speedup_catalog **catalog);

/** One more reference.
 *  @param catalog may be NULL
 *  @return the same catalog
 *  Thread-safety: may be called from any thread at any time. @since 0.1 */
SPEEDUP_API speedup_catalog *speedup_catalog_ref(speedup_catalog *catalog);

/** One reference less; with the last the catalog ends.
 *  @param catalog may be NULL
 *  Thread-safety: may be called from any thread at any time. @since 0.1 */
SPEEDUP_API void speedup_catalog_unref(speedup_catalog *catalog);

/** The kinds of entries, listed.
 *  @param index from 0
 *  @param[in,out] word struct_size set by the caller; @c name is the kind
 *  @return SPEEDUP_OK, SPEEDUP_NOT_FOUND past the end, or SPEEDUP_INVALID_ARGUMENT
 *  Thread-safety: may be called from any thread at any time. @since 0.1 */
SPEEDUP_API speedup_status speedup_kind_at(size_t index, speedup_word *word);

/** How many entries of a kind there are.
 *  @param catalog the catalog
 *  @param kind for example "models"
 *  @return 0 for a kind that does not exist
 *  Thread-safety: may be called from any thread at any time. @since 0.1 */
SPEEDUP_API size_t speedup_catalog_count(const speedup_catalog *catalog, const char *kind);

/** An entry of a kind, in order of ids.
 *  @param catalog the catalog
 *  @param kind for example "models"
 *  @param index from 0
 *  @param[out] id owned by the catalog
 *  @param[out] name owned by the catalog; may be NULL
 *  @return SPEEDUP_OK, SPEEDUP_NOT_FOUND or SPEEDUP_INVALID_ARGUMENT
 *  Thread-safety: may be called from any thread at any time. @since 0.1 */
SPEEDUP_API speedup_status speedup_catalog_at(const speedup_catalog *catalog, const char *kind, size_t index,
                                              const char **id, const char **name);

/** A number of an entry, by the path of its field: "peak.bf16", "memory", "layers"; of an accelerator
 *  or a stack also a coefficient of its calibration: "calibration.matmul_efficiency". Parameters of a model
 *  that nobody published are those of its shape.
 *  @param catalog the catalog
 *  @param kind for example "accelerators"
 *  @param id of the entry; of a system also an accelerator's, with a count ("2x rtx-4090") or without: a plain machine of it
 *  @param field path of a field that holds a number
 *  @param[out] value in SI units (bytes, bytes/s, FLOP/s, s, W), USD, or 1
 *  @return SPEEDUP_OK, SPEEDUP_NOT_FOUND (also when the entry does not give it) or SPEEDUP_INVALID_ARGUMENT
 *  Thread-safety: may be called from any thread at any time. @since 0.1 */
SPEEDUP_API speedup_status speedup_catalog_number(const speedup_catalog *catalog, const char *kind, const char *id,
                                                  const char *field, double *value);

/** @} */

SPEEDUP_END

#endif
