/* Estimates beside published measurements. */
#ifndef TOOLS_VALIDATION_VALIDATE_H
#define TOOLS_VALIDATION_VALIDATE_H

struct session;

/* The scorecard of the file of the command line, on standard output; returns the exit code. */
int run_validate(const struct session *session);

#endif
