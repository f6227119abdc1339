/* What the commands of the `speedup` tool share. */
#ifndef TOOLS_COMMAND_H
#define TOOLS_COMMAND_H

#include <speedup/speedup.h>

#include <stdbool.h>
#include <stddef.h>

enum { EXIT_FINE = 0, EXIT_ERROR = 1, EXIT_USAGE = 2, EXIT_WARN = 3, EXIT_REFUSE = 4, EXIT_NO_PLAN = 5 };

struct options {
    bool json;
    const char *catalogs[32], *settings[64];
    size_t catalog_count, setting_count;
    const char *arguments[8];
    size_t argument_count;
    uint32_t threads;
    const char *kind, *leave_out, *accelerator;
    const char *model, *hardware, *stack, *serve, *generate, *train, *optimize, *price; /* of a job without a file */
    speedup_request request;
    speedup_policy policy;
};

/* What every command works with. */
struct session {
    speedup_context *context;
    speedup_catalog *catalog;
    const struct options *options;
    int32_t format;
};

/* Prints a report, or what went wrong; returns the exit code. */
int print_report(const struct session *session, speedup_status status, speedup_text *text);

/* A text as a JSON string. */
void print_string(const char *text);

/* A catalog with the model of a config.json too; `id` is what it is called there. */
int command_import(const struct session *session, const char *path, char *id, size_t room, speedup_catalog **more);

int run_estimate(const struct session *session);

/* Prints what the context has recorded on standard error; returns EXIT_ERROR. */
int tell_problems(const struct session *session);

#endif
