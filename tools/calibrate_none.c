/* In place of calibration where the solver it uses is missing. */
#include "command.h"

#include <stdio.h>

int run_calibrate(const struct session *session)
{
    (void)session;
    fprintf(stderr, "speedup: built without cminpack, so nothing can be fitted; install libcminpack-dev and build again\n");
    return EXIT_ERROR;
}
