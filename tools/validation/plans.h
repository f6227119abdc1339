/* The best plans beside what was run. */
#ifndef TOOLS_VALIDATION_PLANS_H
#define TOOLS_VALIDATION_PLANS_H

#include "csv.h"

struct session;

/* Plans around every training row, and prints how much faster the best is predicted;
 * false after telling what is wrong with the file. */
bool validate_plans(const struct session *session, const struct csv *csv);

#endif
