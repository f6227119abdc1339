/** @file status.h
 *  @brief Status codes: what a call returns, and the number in a diagnostic.
 *  @ingroup speedup_base
 */
#ifndef SPEEDUP_STATUS_H
#define SPEEDUP_STATUS_H

#include <speedup/export.h>

SPEEDUP_BEGIN

/** @addtogroup speedup_base
 *  @{
 */

/** What a call returns: 0 (@c SPEEDUP_OK) or the code of the first error. The
 *  others of the same call stand in the context's diagnostics.
 *  @since 0.1 */
typedef int32_t speedup_status;

/** The codes, from status.def. @since 0.1 */
enum {
#define SPEEDUP_STATUS(name, number, text, remedy) SPEEDUP_##name = number, /**< text */
#include <speedup/status.def>
#undef SPEEDUP_STATUS
};

/** The name of a code, for example "UNKNOWN_KEY".
 *  @param status any number
 *  @return a static string, or NULL for a number that is no code
 *  Thread-safety: may be called from any thread at any time. @since 0.1 */
SPEEDUP_API const char *speedup_status_name(speedup_status status);

/** What a code means, in one short phrase.
 *  @param status any number
 *  @return a static string, or NULL for a number that is no code
 *  Thread-safety: may be called from any thread at any time. @since 0.1 */
SPEEDUP_API const char *speedup_status_text(speedup_status status);

/** What to do next about a code, in one sentence.
 *  @param status any number
 *  @return a static string, or NULL for a number that is no code
 *  Thread-safety: may be called from any thread at any time. @since 0.1 */
SPEEDUP_API const char *speedup_status_remedy(speedup_status status);

/** The codes, listed.
 *  @param index 0, 1, …
 *  @param[out] status the code at that place of the table
 *  @return SPEEDUP_OK, or SPEEDUP_NOT_FOUND past the end
 *  Thread-safety: may be called from any thread at any time. @since 0.1 */
SPEEDUP_API speedup_status speedup_status_at(size_t index, speedup_status *status);

/** @} */

SPEEDUP_END

#endif
