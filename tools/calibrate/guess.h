/* Which accelerator of the catalog a GPU is, by what its driver calls it. */
#ifndef TOOLS_CALIBRATE_GUESS_H
#define TOOLS_CALIBRATE_GUESS_H

#include "../command.h"

/* The id, owned by the catalog; NULL after telling why there is not exactly one. Memory (B), compute
 * capability and power limit (W) are 0 where they are not known. */
const char *guess_accelerator(const struct session *session, const char *gpu, double memory, double capability, double power);

#endif
