/** @file version.h
 *  @brief The version of the header and of the library that is loaded.
 *  @ingroup speedup_base
 */
#ifndef SPEEDUP_VERSION_H
#define SPEEDUP_VERSION_H

#include <speedup/export.h>

SPEEDUP_BEGIN

/** @addtogroup speedup_base
 *  @{
 */

/** Version of these headers. @since 0.1 */
#define SPEEDUP_VERSION_MAJOR 0
/** Version of these headers. @since 0.1 */
#define SPEEDUP_VERSION_MINOR 1
/** Version of these headers. @since 0.1 */
#define SPEEDUP_VERSION_PATCH 0

/** The version of the library that is loaded, as "major.minor.patch".
 *  @return a static string
 *  Thread-safety: may be called from any thread at any time. @since 0.1 */
SPEEDUP_API const char *speedup_version(void);

/** @} */

SPEEDUP_END

#endif
