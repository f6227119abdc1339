/* Progress on a terminal, of what takes longer than two seconds. */
#ifndef TOOLS_CALIBRATE_PROGRESS_H
#define TOOLS_CALIBRATE_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

struct progress {
    const char *what;
    struct timespec begun, last;
    bool shown;
};

struct progress progress_begin(const char *what);
void progress_show(struct progress *progress, size_t done, size_t total); /* total 0: unknown */
void progress_end(struct progress *progress);

#endif
