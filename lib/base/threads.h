/* Threads: one piece of work done by several at once. */
#ifndef BASE_THREADS_H
#define BASE_THREADS_H

#include <stdint.h>

enum { MOST_THREADS = 256 };

/* See REQUIRE. */
#define REQUIRE_THREADS(context, threads)                                                                     \
    REQUIRE(context, (threads) >= 1 && (threads) <= MOST_THREADS, "argument '%s' is %u: it is from 1 to %d", #threads, \
            threads, MOST_THREADS)

/* Calls work(user, i) once for each worker i below `threads`, 0 on the caller's thread and each other on a thread of
 * its own, and returns when all have ended; with 1 no thread is made. A worker whose thread cannot be made is left
 * out, so the workers must take their shares from one counter. */
void threads_run(uint32_t threads, void (*work)(void *user, uint32_t worker), void *user);

#endif
