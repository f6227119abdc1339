/* Threads: one piece of work done by several at once. Knows nothing of the work, and
 * lives no longer than the call. */
#include "base/threads.h"

#include <pthread.h>
#include <signal.h>

struct worker {
    pthread_t thread;
    uint32_t number;
    void (*work)(void *user, uint32_t worker);
    void *user;
};

static void *run(void *pointer)
{
    const struct worker *worker = pointer;
    worker->work(worker->user, worker->number);
    return NULL;
}

void threads_run(uint32_t threads, void (*work)(void *user, uint32_t worker), void *user)
{
    struct worker workers[MOST_THREADS];
    uint32_t started = 1;
    if (threads > 1) {
        /* The program's signals are handled on its own threads, never on these; but for those that a thread brings on
         * itself: were they blocked, the system would end the program, although it may live by handling them. */
        static const int own[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT};
        sigset_t others, before;
        sigfillset(&others);
        for (size_t i = 0; i < sizeof own / sizeof *own; i++)
            sigdelset(&others, own[i]);
        /* What the caller itself blocks stays so. */
        pthread_sigmask(SIG_BLOCK, &others, &before);
        for (; started < threads && started < MOST_THREADS; started++) {
            workers[started] = (struct worker){.number = started, .work = work, .user = user};
            if (pthread_create(&workers[started].thread, NULL, run, &workers[started]))
                break;
        }
        pthread_sigmask(SIG_SETMASK, &before, NULL);
    }
    work(user, 0);
    while (--started)
        pthread_join(workers[started].thread, NULL);
}
