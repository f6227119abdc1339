/* For programs that were built with older headers: what has changed since stands here as it was, under the version that
 * such programs ask for. Part of the shared library alone; the headers no longer declare it. */
#include "base/struct.h"

#if defined(__has_attribute)
#if __has_attribute(symver)
#define WAS(name, version) __attribute__((symver(#name "@" version)))
#endif
#endif
#ifndef WAS
#define WAS(name, version)
#define ASSEMBLED 1
#endif

/* OLD(result, name, parameters) of 0.1, defined as name_0_1. */
#ifdef ASSEMBLED
#define OLD(result, name, ...)                                        \
    __asm__(".symver " #name "_0_1, " #name "@SPEEDUP_0.1");          \
    SPEEDUP_API result name##_0_1(__VA_ARGS__);                       \
    result name##_0_1(__VA_ARGS__)
#else
#define OLD(result, name, ...)                                        \
    SPEEDUP_API WAS(name, "SPEEDUP_0.1") result name##_0_1(__VA_ARGS__); \
    result name##_0_1(__VA_ARGS__)
#endif

/* Without a destroy function. */
OLD(speedup_status, speedup_context_set_log, speedup_context *context, speedup_log_function function, void *user)
{
    return speedup_context_set_log(context, function, user, NULL);
}

OLD(speedup_status, speedup_optimization_callback, speedup_optimization *optimization, const char *target,
    speedup_effect_function function, void *user)
{
    return speedup_optimization_callback(optimization, target, function, user, NULL);
}

/* Verdicts had the numbers the other way round: 0 admitted. */
static int32_t turned(int32_t verdict)
{
    return SPEEDUP_ADMIT - verdict;
}

OLD(speedup_status, speedup_admit, speedup_context *context, const speedup_catalog *catalog, const char *text,
    size_t length, const speedup_request *request, const speedup_policy *policy, speedup_verdict *verdict)
{
    speedup_status status = speedup_admit(context, catalog, text, length, request, policy, verdict);
    if (STRUCT_GOOD(speedup_verdict, verdict))
        verdict->verdict = turned(verdict->verdict);
    return status;
}

OLD(speedup_status, speedup_report_verdict, speedup_context *context, const speedup_request *request,
    const speedup_verdict *verdict, int32_t format, speedup_text **text)
{
    speedup_verdict now;
    if (!STRUCT_IN(speedup_verdict, &now, verdict))
        return speedup_report_verdict(context, request, verdict, format, text);
    now.verdict = turned(now.verdict);
    return speedup_report_verdict(context, request, &now, format, text);
}

/* Under another name. */
OLD(void, speedup_result_free, speedup_result *result)
{
    speedup_result_destroy(result);
}

OLD(void, speedup_text_free, speedup_text *text)
{
    speedup_text_destroy(text);
}
