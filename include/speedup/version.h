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
#define SPEEDUP_VERSION_MINOR 2
/** Version of these headers. @since 0.1 */
#define SPEEDUP_VERSION_PATCH 0
/** Version of these headers as one number that can be compared: 10000 major + 100 minor + patch. @since 0.2 */
#define SPEEDUP_VERSION_NUMBER (SPEEDUP_VERSION_MAJOR * 10000 + SPEEDUP_VERSION_MINOR * 100 + SPEEDUP_VERSION_PATCH)

/** The version of the library that is loaded, as "major.minor.patch".
 *  @return a static string
 *  Thread-safety: may be called from any thread at any time. @since 0.1 */
SPEEDUP_API const char *speedup_version(void);

/** The version of the library that is loaded, as one number that can be compared with @c SPEEDUP_VERSION_NUMBER.
 *  @return 10000 major + 100 minor + patch
 *  Thread-safety: may be called from any thread at any time. @since 0.2 */
SPEEDUP_API int32_t speedup_version_number(void);

/** Does the library that is loaded serve a program that was built with headers of a version?
 *  `speedup_version_check(SPEEDUP_VERSION_MAJOR, SPEEDUP_VERSION_MINOR, SPEEDUP_VERSION_PATCH)` asks it of the
 *  headers at hand. An older library lacks what a newer header declares; of another major version it may
 *  mean something else by the same name.
 *  @param major of the headers
 *  @param minor of the headers
 *  @param patch of the headers
 *  @return 1 when the library is of that major version and not older; 0 when it is not
 *  Thread-safety: may be called from any thread at any time. @since 0.2 */
SPEEDUP_API int32_t speedup_version_check(int32_t major, int32_t minor, int32_t patch);

/** @} */

SPEEDUP_END

#endif
