/* The `validate` command: estimates beside published measurements. */
#ifndef TOOLS_VALIDATE_H
#define TOOLS_VALIDATE_H

struct session;

int run_validate(const struct session *session);

#endif
