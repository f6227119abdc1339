#include "progress.h"

#include <stdio.h>
#include <unistd.h>

static const double silence = 2, between = 0.1;

static double since(const struct timespec *then, const struct timespec *now)
{
    return (double)(now->tv_sec - then->tv_sec) + 1e-9 * (double)(now->tv_nsec - then->tv_nsec);
}

struct progress progress_begin(const char *what)
{
    struct progress progress = {.what = what};
    clock_gettime(CLOCK_MONOTONIC, &progress.begun);
    return progress;
}

void progress_show(struct progress *progress, size_t done, size_t total)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (since(&progress->begun, &now) < silence || since(&progress->last, &now) < between || !isatty(STDERR_FILENO))
        return;
    progress->last = now;
    progress->shown = true;
    if (total)
        fprintf(stderr, "\r%s: %zu of %zu (%zu %%)", progress->what, done, total, 100 * done / total);
    else
        fprintf(stderr, "\r%s: %zu, %.0f s", progress->what, done, since(&progress->begun, &now));
    fflush(stderr);
}

void progress_end(struct progress *progress)
{
    if (progress->shown)
        fprintf(stderr, "\r\033[K");
    progress->shown = false;
}
