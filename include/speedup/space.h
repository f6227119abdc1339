/** @file space.h
 *  @brief A space of plans built by calls instead of YAML.
 *  @ingroup speedup_plan
 */
#ifndef SPEEDUP_SPACE_H
#define SPEEDUP_SPACE_H

#include <speedup/plan.h>

SPEEDUP_BEGIN

/** @addtogroup speedup_plan
 *  @{
 */

/** A space of plans as it is described, before any name is looked up in a catalog: the keys
 *  that a `plan:` section of YAML has. As there, it is one of services when it has a key that
 *  only they have, and what it leaves out comes from the catalog's `spaces`.
 *
 *  Calls keep what they are given; speedup_space_build() looks at it, and tells all that is
 *  wrong at once, each of its key.
 *
 *  Ownership: made by speedup_space_builder_create(), ended by speedup_space_builder_destroy();
 *  a space made from it keeps nothing of it, so that one description can be changed and made
 *  into many spaces.
 *  Thread-safety: one thread at a time. @since 0.2 */
typedef struct speedup_space_builder speedup_space_builder;

/** Begin a description without any key.
 *  @param context where problems are told
 *  @param[out] builder a new description; NULL after an error
 *  @return SPEEDUP_OK, SPEEDUP_OUT_OF_MEMORY or SPEEDUP_INVALID_ARGUMENT
 *  Thread-safety: as the context. @since 0.2 */
SPEEDUP_API speedup_status speedup_space_builder_create(speedup_context *context, speedup_space_builder **builder);

/** Begin with what a file has: its `plan:` section, and the entries of a catalog beside it. Its `model` may be the path of a
 *  model's file or of a repository's folder, relative to it (see speedup_catalog_import_model_file());
 *  a text that a program hands over reads no file.
 *  What is wrong with the file's own values is told of its lines, by speedup_space_build().
 *  @param context where problems are told
 *  @param path a regular file of at most 1 MiB
 *  @param[out] builder a new description; NULL after an error
 *  @return SPEEDUP_OK or the code of what is wrong with the file
 *  Thread-safety: as the context. @since 0.2 */
SPEEDUP_API speedup_status speedup_space_builder_create_file(speedup_context *context, const char *path,
                                                             speedup_space_builder **builder);

/** End a description.
 *  @param builder may be NULL
 *  Thread-safety: no other thread may use the description. @since 0.2 */
SPEEDUP_API void speedup_space_builder_destroy(speedup_space_builder *builder);

/** Give a key a number, in SI units: seconds, USD, watts. Of a key that takes true or false,
 *  1 or 0; of an axis, the one value that it has.
 *  @param context where problems are told
 *  @param builder the description
 *  @param key as in YAML, with a point between a key and one of its own: "sequence",
 *         "accelerators", "targets.time_to_first_token", "prompt", "prompt.deviation"
 *  @param value looked at by speedup_space_build(); it takes the place of what was there
 *  @return SPEEDUP_OK, SPEEDUP_UNKNOWN_KEY for a key that leads through a plain value,
 *          SPEEDUP_NOT_TEXT, SPEEDUP_TOO_MANY_NODES or SPEEDUP_TOO_LARGE for more than
 *          200000 values or 4 MiB, SPEEDUP_OUT_OF_MEMORY or SPEEDUP_INVALID_ARGUMENT; after
 *          an error the key is as before
 *  Thread-safety: as the context and the description. @since 0.2 */
SPEEDUP_API speedup_status speedup_space_builder_set_number(speedup_context *context, speedup_space_builder *builder,
                                                            const char *key, double value);

/** Give a key a text: the id of a model, a stack or a space, an objective, or what a plain
 *  value of YAML may be, with its unit: "30 d", "20 kUSD", "1 T". The text is one value,
 *  whatever characters are in it.
 *  @param context where problems are told
 *  @param builder the description
 *  @param key as in YAML, with a point between a key and one of its own
 *  @param text UTF-8, copied, not empty; it takes the place of what was there
 *  @return as speedup_space_builder_set_number(), or SPEEDUP_WRONG_TYPE for an empty text
 *  Thread-safety: as the context and the description. @since 0.2 */
SPEEDUP_API speedup_status speedup_space_builder_set_text(speedup_context *context, speedup_space_builder *builder,
                                                          const char *key, const char *text);

/** Give a key a list without items: of "optimizations", that a plan has none.
 *  @param context where problems are told
 *  @param builder the description
 *  @param key as in YAML: "systems", "prices", "optimizations", "choices", "front", an axis
 *  @return as speedup_space_builder_set_number()
 *  Thread-safety: as the context and the description. @since 0.2 */
SPEEDUP_API speedup_status speedup_space_builder_set_list(speedup_context *context, speedup_space_builder *builder,
                                                          const char *key);

/** Add an id behind the items of a list, or an optimization with values of its parameters.
 *  Lists in a list are counted from 0: "choices.0" is the first list of alternatives and
 *  "choices.0.2" the optimizations of its third alternative; the next number begins another.
 *  @param context where problems are told
 *  @param builder the description
 *  @param list "systems", "prices", "optimizations", "without", "front", "choices.0", ...; one
 *         that is not there is begun
 *  @param id of a system, price, optimization or metric; of alternatives, "none" for nothing
 *  @param names of parameters; may be NULL when @p count is 0
 *  @param values of the parameters
 *  @param count how many; the others have their defaults
 *  @return as speedup_space_builder_set_text()
 *  Thread-safety: as the context and the description. @since 0.2 */
SPEEDUP_API speedup_status speedup_space_builder_add(speedup_context *context, speedup_space_builder *builder,
                                                     const char *list, const char *id, const char *const *names,
                                                     const double *values, size_t count);

/** Add a number behind those of an axis.
 *  @param context where problems are told
 *  @param builder the description
 *  @param list "accelerators", "tensor", "micro_batch", ...; one that is not there is begun
 *  @param value the number
 *  @return as speedup_space_builder_set_number()
 *  Thread-safety: as the context and the description. @since 0.2 */
SPEEDUP_API speedup_status speedup_space_builder_add_number(speedup_context *context, speedup_space_builder *builder,
                                                            const char *list, double value);

/** Put a setting over a description, as `--set` does over a file: "plan.tensor=[1, 2]". The
 *  value is YAML, and takes the place of what was there.
 *  @param context where problems are told
 *  @param builder the description
 *  @param setting "path=value"
 *  @return SPEEDUP_OK, SPEEDUP_BAD_SETTING, the code of what is wrong with the value as YAML,
 *          SPEEDUP_OUT_OF_MEMORY or SPEEDUP_INVALID_ARGUMENT
 *  Thread-safety: as the context and the description. @since 0.2 */
SPEEDUP_API speedup_status speedup_space_builder_apply(speedup_context *context, speedup_space_builder *builder,
                                                       const char *setting);

/** Make a space from a description: the same, to the bit, as from YAML with these values.
 *  @param context where problems are told, all at once
 *  @param catalog what the description's names mean
 *  @param builder the description, which can be changed and used again
 *  @param[out] space a new reference; NULL after an error
 *  @return SPEEDUP_OK or the code of the first problem
 *  Thread-safety: as the context and the description. @since 0.2 */
SPEEDUP_API speedup_status speedup_space_build(speedup_context *context, const speedup_catalog *catalog,
                                               const speedup_space_builder *builder, speedup_space **space);

/** @} */

SPEEDUP_END

#endif
