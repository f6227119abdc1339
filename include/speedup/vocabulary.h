/** @file vocabulary.h
 *  @brief The words that optimizations are written in, listed by the library itself.
 *  @ingroup speedup_catalog
 */
#ifndef SPEEDUP_VOCABULARY_H
#define SPEEDUP_VOCABULARY_H

#include <speedup/status.h>

SPEEDUP_BEGIN

/** @addtogroup speedup_catalog
 *  @{
 */

/** The variables that expressions and callbacks read, from variable.def. @since 0.1 */
enum {
#define SPEEDUP_VARIABLE(NAME, name, scope, unit, text) SPEEDUP_VARIABLE_##NAME, /**< text */
#include <speedup/variable.def>
#undef SPEEDUP_VARIABLE
    SPEEDUP_VARIABLE_COUNT /**< how many there are in this version */
};

/** One word, as the library describes it. All strings are static and never NULL.
 *  @since 0.1 */
typedef struct speedup_word {
    size_t struct_size;  /**< sizeof(speedup_word), set by the caller */
    const char *name;    /**< as written in YAML, for example "attention.flops" */
    const char *phase;   /**< of a target: "forward", …; else "" */
    const char *rule;    /**< of a target: the name of its composition rule; of a variable: its scope; else "" */
    const char *unit;    /**< "1" for a plain number */
    const char *text;    /**< what it is */
    const char *better;  /**< of a metric: "less" or "more"; else "". @since 0.2 */
    const char *interval; /**< of a metric: whose uncertainty it has; else "". @since 0.2 */
} speedup_word;

/** The targets of effects, listed: the entries of the ledger.
 *  @param index from 0
 *  @param[in,out] word struct_size set by the caller, the rest by the library
 *  @return SPEEDUP_OK, SPEEDUP_NOT_FOUND past the end, or SPEEDUP_INVALID_ARGUMENT
 *  Thread-safety: may be called from any thread at any time. @since 0.1 */
SPEEDUP_API speedup_status speedup_target_at(size_t index, speedup_word *word);

/** The composition rules, listed: @c name, what the rule says in @c rule, why in @c text.
 *  @param index from 0
 *  @param[in,out] word struct_size set by the caller, the rest by the library
 *  @return SPEEDUP_OK, SPEEDUP_NOT_FOUND past the end, or SPEEDUP_INVALID_ARGUMENT
 *  Thread-safety: may be called from any thread at any time. @since 0.1 */
SPEEDUP_API speedup_status speedup_rule_at(size_t index, speedup_word *word);

/** The variables of expressions, listed; the index is the SPEEDUP_VARIABLE number.
 *  @param index from 0
 *  @param[in,out] word struct_size set by the caller, the rest by the library
 *  @return SPEEDUP_OK, SPEEDUP_NOT_FOUND past the end, or SPEEDUP_INVALID_ARGUMENT
 *  Thread-safety: may be called from any thread at any time. @since 0.1 */
SPEEDUP_API speedup_status speedup_variable_at(size_t index, speedup_word *word);

/** The number formats, listed.
 *  @param index from 0
 *  @param[in,out] word struct_size set by the caller, the rest by the library
 *  @return SPEEDUP_OK, SPEEDUP_NOT_FOUND past the end, or SPEEDUP_INVALID_ARGUMENT
 *  Thread-safety: may be called from any thread at any time. @since 0.1 */
SPEEDUP_API speedup_status speedup_precision_at(size_t index, speedup_word *word);

/** @} */

SPEEDUP_END

#endif
