/* What the commands of the `speedup` tool share. */
#ifndef TOOLS_COMMAND_H
#define TOOLS_COMMAND_H

#include <speedup/speedup.h>

#include <stdbool.h>
#include <stddef.h>

enum { EXIT_FINE = 0, EXIT_ERROR = 1, EXIT_USAGE = 2, EXIT_WARN = 3, EXIT_REFUSE = 4, EXIT_NO_PLAN = 5 };

/* A key of a plan that an option stands for, given after so many settings. */
struct plan_key {
    const char *key, *value;
    bool list;
    size_t after;
};

struct options {
    bool json;
    const char *catalogs[32], *settings[64];
    size_t catalog_count, setting_count;
    struct plan_key keys[16];
    size_t key_count;
    const char *arguments[8];
    size_t argument_count;
    uint32_t threads;
    bool why;
    const char *accelerator, *job;
    const char *kind, *leave_out, *write; /* of speedup-validate */
    const char *model, *hardware, *stack, *serve, *generate, *train, *optimize, *price; /* of a job without a file */
    const char *largest[16]; /* keys whose largest number is asked for */
    size_t largest_count;
    speedup_request request;
    speedup_policy policy;
};

struct words;

/* What every command works with. */
struct session {
    speedup_context *context;
    speedup_catalog *catalog;
    const struct options *options;
    const struct words *words; /* of publications, where rows are read; else NULL */
    int32_t format;
};

/* A context, and the catalog with the files that the options name. */
speedup_status session_open(struct session *session);
void session_close(struct session *session);

/* Prints a report, or what went wrong; returns the exit code. */
int print_report(const struct session *session, speedup_status status, speedup_text *text);

/* The text of a file of at most 1 MiB, until the next one is read; NULL after telling why not:
 * `missing` says what a path is that cannot be opened. */
const char *command_text(const char *path, const char *missing, size_t *length);

/* A text as a JSON string. */
void print_string(const char *text);

/* A catalog with the model of a config.json too; `id` is what it is called there. */
int command_import(const struct session *session, const char *path, char *id, size_t room, speedup_catalog **more);

bool command_has(const struct session *session, const char *kind, const char *id);

/* A load such as 64x1024x1024; how many numbers there are, 0 when it is none. */
size_t command_load(const char *text, double load[3]);

/* An item of a list on the command line: "zero-3", or "lora: {share: 0.01}". */
struct command_item {
    char id[128], text[8][64];
    const char *names[8]; /* of parameters */
    double values[8];
    size_t count;
};

/* The item that a list begins with; gives what is behind its comma. What is no item as these are
 * is the id of one, which nobody knows. */
const char *command_item(const char *list, struct command_item *item);

/* Letters to insert, to remove and to change to make one word the other. */
size_t command_distance(const char *a, const char *b);

int run_estimate(const struct session *session);
int run_fit(const struct session *session);
int run_plan(const struct session *session);
int run_calibrate(const struct session *session);

/* Prints what the context has recorded on standard error; returns EXIT_ERROR. */
int tell_problems(const struct session *session);

#endif
