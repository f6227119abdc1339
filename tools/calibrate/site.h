/* The way back from a running job: measured steps against the estimate, and one number for what is left. */
#ifndef TOOLS_CALIBRATE_SITE_H
#define TOOLS_CALIBRATE_SITE_H

#include "../command.h"
#include "../validation/csv.h"

/* Is it a log of measured steps? */
bool is_steps(const struct csv *csv);

/* Corrects what the job of --job takes by the steps of the log; returns the exit code. */
int calibrate_site(const struct session *session, const struct csv *csv);

#endif
