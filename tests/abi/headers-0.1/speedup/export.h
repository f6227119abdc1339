/** @file export.h
 *  @brief Marks the symbols that the library exports.
 *  @ingroup speedup_base
 */
#ifndef SPEEDUP_EXPORT_H
#define SPEEDUP_EXPORT_H

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define SPEEDUP_API __attribute__((visibility("default")))
#else
#define SPEEDUP_API
#endif

#ifdef __cplusplus
#define SPEEDUP_BEGIN extern "C" {
#define SPEEDUP_END }
#else
#define SPEEDUP_BEGIN
#define SPEEDUP_END
#endif

#endif
