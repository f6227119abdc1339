/* In place of fits where the solver they use is missing. */
#include "fit.h"

#include <stdio.h>

void fit_group(const char *accelerator, char *group, size_t room)
{
    snprintf(group, room, "%s", accelerator);
}

bool fit_leave_out(const struct session *session, struct fit_row *rows, size_t count, bool by_source,
                   void (*progress)(size_t done, size_t total))
{
    (void)session;
    (void)rows;
    (void)count;
    (void)by_source;
    (void)progress;
    fprintf(stderr, "speedup-validate: built without cminpack, so nothing can be fitted; install libcminpack-dev and build again\n");
    return false;
}

bool fit_all(const struct session *session, struct fit_row *rows, size_t count)
{
    (void)session;
    (void)rows;
    (void)count;
    return false;
}
