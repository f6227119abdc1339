/** @file context.h
 *  @brief The context: allocator, log callback and diagnostics.
 *  @ingroup speedup_base
 */
#ifndef SPEEDUP_CONTEXT_H
#define SPEEDUP_CONTEXT_H

#include <speedup/status.h>

SPEEDUP_BEGIN

/** @addtogroup speedup_base
 *  @{
 */

/** Where a call leaves what went wrong, and where memory comes from.
 *
 *  Ownership: made by speedup_context_create(), ended by
 *  speedup_context_destroy(); objects built with it may outlive it.
 *  Thread-safety: one thread at a time; give each thread its own.
 *  @since 0.1 */
typedef struct speedup_context speedup_context;

/** Memory for everything that the library keeps, but not for what libyaml uses
 *  while it reads a text (that comes from malloc).
 *  The three functions are called from any thread that uses an object built
 *  with them. @since 0.1 */
typedef struct speedup_allocator {
    size_t struct_size;                                     /**< sizeof(speedup_allocator) */
    void *user;                                             /**< passed on to the functions */
    void *(*allocate)(void *user, size_t size);             /**< like malloc; NULL when there is none */
    void *(*resize)(void *user, void *memory, size_t size); /**< like realloc */
    void (*release)(void *user, void *memory);              /**< like free; never called with NULL */
} speedup_allocator;

/** Called once for every diagnostic as it is recorded, on the thread that uses the
 *  context; it must not use the context itself.
 *  @param user as given to speedup_context_set_log()
 *  @param code of the diagnostic
 *  @param text the same as speedup_diagnostic_text() gives, valid during the call
 *  @since 0.1 */
typedef void (*speedup_log_function)(void *user, speedup_status code, const char *text);

/** Told that the library needs a user pointer no more. Called exactly once for each pointer that
 *  was given with it, also when the call that gave it fails.
 *  @param user as given
 *  @since 0.2 */
typedef void (*speedup_destroy_function)(void *user);

/** Make a context.
 *  @param allocator copied; NULL for malloc, realloc and free
 *  @param[out] context the new context
 *  @return SPEEDUP_OK, SPEEDUP_OUT_OF_MEMORY, or SPEEDUP_INVALID_ARGUMENT
 *  Thread-safety: may be called from any thread at any time. @since 0.1 */
SPEEDUP_API speedup_status speedup_context_create(const speedup_allocator *allocator, speedup_context **context);

/** End a context. Objects built with it stay valid.
 *  @param context may be NULL
 *  Thread-safety: no other thread may use the context. @since 0.1 */
SPEEDUP_API void speedup_context_destroy(speedup_context *context);

/** Have diagnostics told to a function as well as kept, in place of the one before.
 *  @param context the context
 *  @param function NULL for none
 *  @param user passed on
 *  @param destroy called with @p user when another function takes the place of this one, when the
 *         context ends, or when this call fails; NULL for none
 *  @return SPEEDUP_OK or SPEEDUP_INVALID_ARGUMENT
 *  Thread-safety: as the context. @since 0.2, without destroy 0.1 */
SPEEDUP_API speedup_status speedup_context_set_log(speedup_context *context, speedup_log_function function,
                                                   void *user, speedup_destroy_function destroy);

/** How many diagnostics the last call left. Every call that takes the context
 *  and can fail forgets those of the call before. A call that gives SPEEDUP_OK may leave warnings,
 *  whose text says `warning` in place of `error`; answers have them as notes.
 *  @param context may be NULL
 *  @return how many, at most 200; 0 for NULL
 *  Thread-safety: as the context. @since 0.1 */
SPEEDUP_API size_t speedup_diagnostic_count(const speedup_context *context);

/** One diagnostic in full: place, code, message, the line of text and a caret.
 *  `file:line:col: error[SPD-107]: unknown key 'facter'; did you mean 'factor'?`
 *  @param context the context
 *  @param index from 0
 *  @return text owned by the context, valid until its next call; NULL past the end
 *  Thread-safety: as the context. @since 0.1 */
SPEEDUP_API const char *speedup_diagnostic_text(const speedup_context *context, size_t index);

/** The message of one diagnostic without place and caret.
 *  @param context the context
 *  @param index from 0
 *  @return text owned by the context, valid until its next call; NULL past the end
 *  Thread-safety: as the context. @since 0.1 */
SPEEDUP_API const char *speedup_diagnostic_message(const speedup_context *context, size_t index);

/** What to do next about one diagnostic: its own remedy, or else that of its code.
 *  @param context the context
 *  @param index from 0
 *  @return text owned by the context, valid until its next call; NULL past the end
 *  Thread-safety: as the context. @since 0.2 */
SPEEDUP_API const char *speedup_diagnostic_remedy(const speedup_context *context, size_t index);

/** Code and place of one diagnostic.
 *  @param context the context
 *  @param index from 0
 *  @param[out] code its code; may be NULL
 *  @param[out] file name of the text, NULL when there is no place; may be NULL
 *  @param[out] line from 1, 0 when there is no place; may be NULL
 *  @param[out] column from 1, in characters; may be NULL
 *  @return SPEEDUP_OK or SPEEDUP_NOT_FOUND
 *  Thread-safety: as the context. @since 0.1 */
SPEEDUP_API speedup_status speedup_diagnostic_place(const speedup_context *context, size_t index,
                                                    speedup_status *code, const char **file, uint32_t *line,
                                                    uint32_t *column);

/** @} */

SPEEDUP_END

#endif
