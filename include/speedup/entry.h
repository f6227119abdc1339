/** @file entry.h
 *  @brief An entry of a catalog built by calls instead of YAML.
 *  @ingroup speedup_catalog
 */
#ifndef SPEEDUP_ENTRY_H
#define SPEEDUP_ENTRY_H

#include <speedup/catalog.h>

SPEEDUP_BEGIN

/** @addtogroup speedup_catalog
 *  @{
 */

/** An entry as it is described, before it is looked at: a model, a system, an accelerator,
 *  a price, a stack, a coefficient or a space, with the keys that it has in YAML, `base` and
 *  `replaces` among them. Optimizations have speedup_optimization_create().
 *
 *  Calls keep what they are given; speedup_catalog_add() looks at it, and tells all that is
 *  wrong at once, each of its key ("models.mine.layers").
 *
 *  Ownership: made by speedup_entry_create(), ended by speedup_entry_destroy(); a catalog
 *  made with it keeps nothing of it, so that one description can be changed and added again.
 *  Thread-safety: one thread at a time. @since 0.2 */
typedef struct speedup_entry speedup_entry;

/** Begin a description; every key has its default or is not given.
 *  @param context where problems are told
 *  @param kind a section of YAML: "models", "systems", ..., any that speedup_kind_at()
 *         lists but "optimizations"
 *  @param id of the entry: lower-case letters, digits, '-', '_' and '.'; copied
 *  @param[out] entry a new description; NULL after an error
 *  @return SPEEDUP_OK, SPEEDUP_UNKNOWN_CHOICE for another kind, SPEEDUP_BAD_NAME,
 *          SPEEDUP_OUT_OF_MEMORY or SPEEDUP_INVALID_ARGUMENT
 *  Thread-safety: as the context. @since 0.2 */
SPEEDUP_API speedup_status speedup_entry_create(speedup_context *context, const char *kind, const char *id,
                                                speedup_entry **entry);

/** End a description.
 *  @param entry may be NULL
 *  Thread-safety: no other thread may use the description. @since 0.2 */
SPEEDUP_API void speedup_entry_destroy(speedup_entry *entry);

/** Give a key a number, in SI units: bytes, bytes per second, FLOP/s, watts; prices in USD
 *  per hour. Of a key that takes true or false, 1 or 0.
 *  @param context where problems are told
 *  @param entry the description
 *  @param key as in YAML, with a point between a key and one of its own: "memory",
 *         "peak.bf16", "calibration.matmul_efficiency"
 *  @param value looked at by speedup_catalog_add(); it takes the place of what was there
 *  @return SPEEDUP_OK, SPEEDUP_UNKNOWN_KEY for a key that leads through a plain value,
 *          SPEEDUP_NOT_TEXT, SPEEDUP_TOO_MANY_NODES or SPEEDUP_TOO_LARGE for more than
 *          200000 values or 4 MiB, SPEEDUP_OUT_OF_MEMORY or SPEEDUP_INVALID_ARGUMENT; after
 *          an error the key is as before
 *  Thread-safety: as the context and the description. @since 0.2 */
SPEEDUP_API speedup_status speedup_entry_set_number(speedup_context *context, speedup_entry *entry, const char *key,
                                                    double value);

/** Give a key a text: an id, a name, or what a plain value of YAML may be, with its unit:
 *  "3.35 TB/s", "80 GB", "true". The text is one value, whatever characters are in it.
 *  @param context where problems are told
 *  @param entry the description
 *  @param key as in YAML, with a point between a key and one of its own
 *  @param text UTF-8, copied, not empty; it takes the place of what was there
 *  @return as speedup_entry_set_number(), or SPEEDUP_WRONG_TYPE for an empty text
 *  Thread-safety: as the context and the description. @since 0.2 */
SPEEDUP_API speedup_status speedup_entry_set_text(speedup_context *context, speedup_entry *entry, const char *key,
                                                  const char *text);

/** Give a key a list without items.
 *  @param context where problems are told
 *  @param entry the description
 *  @param key as in YAML, with a point between a key and one of its own
 *  @return as speedup_entry_set_number()
 *  Thread-safety: as the context and the description. @since 0.2 */
SPEEDUP_API speedup_status speedup_entry_set_list(speedup_context *context, speedup_entry *entry, const char *key);

/** Add a text behind the items of a list, or an optimization with values of its parameters:
 *  to "always" of a stack.
 *  @param context where problems are told
 *  @param entry the description
 *  @param list its key; one that has no list gets one
 *  @param id the item
 *  @param names of parameters; may be NULL when @p count is 0
 *  @param values of the parameters
 *  @param count how many; the others have their defaults
 *  @return as speedup_entry_set_text()
 *  Thread-safety: as the context and the description. @since 0.2 */
SPEEDUP_API speedup_status speedup_entry_add(speedup_context *context, speedup_entry *entry, const char *list,
                                             const char *id, const char *const *names, const double *values,
                                             size_t count);

/** Add a number behind the items of a list: to "plan.tensor" of a space.
 *  @param context where problems are told
 *  @param entry the description
 *  @param list its key; one that has no list gets one
 *  @param value the item, in SI units
 *  @return as speedup_entry_set_number()
 *  Thread-safety: as the context and the description. @since 0.2 */
SPEEDUP_API speedup_status speedup_entry_add_number(speedup_context *context, speedup_entry *entry, const char *list,
                                                    double value);

/** A catalog with everything of @p base and one entry built by calls: the same as from YAML
 *  with these values.
 *  @param context where problems are told, all at once
 *  @param base unchanged
 *  @param entry the description, which can be changed and used again
 *  @param[out] catalog a new reference; NULL after an error
 *  @return SPEEDUP_OK or the code of the first problem
 *  Thread-safety: as the context and the description. @since 0.2 */
SPEEDUP_API speedup_status speedup_catalog_add(speedup_context *context, const speedup_catalog *base,
                                               const speedup_entry *entry, speedup_catalog **catalog);

/** @} */

SPEEDUP_END

#endif
