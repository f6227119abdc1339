/* In place of calibration where the solver it uses is missing. */
#include "fit.h"

#include <stdio.h>

static bool refuse(void)
{
    fprintf(stderr, "speedup: built without cminpack, so nothing can be fitted; install libcminpack-dev and build again\n");
    return false;
}

void fit_group(const char *accelerator, char *group, size_t room)
{
    snprintf(group, room, "%s", accelerator);
}

void fit_stack(const char *text, char *stack, size_t room)
{
    snprintf(stack, room, "%.0s", text);
}

bool fit_leave_out(const struct session *session, struct fit_row *rows, size_t count, bool by_source,
                   void (*progress)(size_t done, size_t total))
{
    (void)session;
    (void)rows;
    (void)count;
    (void)by_source;
    (void)progress;
    return refuse();
}

int run_calibrate(const struct session *session)
{
    (void)session;
    refuse();
    return EXIT_ERROR;
}
