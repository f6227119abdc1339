/* The `plan` command: the best plans of a file's space, or of one that options and the
 * catalog describe. */
#include "command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Progress on a terminal, from two seconds on, at most ten times a second. */
struct progress {
    struct timespec start, last;
    bool shown;
};

static double since(const struct timespec *from, const struct timespec *to)
{
    return (double)(to->tv_sec - from->tv_sec) + 1e-9 * (double)(to->tv_nsec - from->tv_nsec);
}

static int32_t show_progress(void *user, uint64_t done, uint64_t total)
{
    struct progress *progress = user;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (since(&progress->start, &now) < 2 || since(&progress->last, &now) < 0.1)
        return 0;
    progress->last = now;
    progress->shown = true;
    fprintf(stderr, "\rsearching: %3.0f %% of %llu plans", 100 * (double)done / (double)total, (unsigned long long)total);
    return 0;
}

enum { MOST_SETTINGS = 80, LONGEST_SETTING = 4000 };

/* The settings of a plan: those of the command line, and what its options stand for. */
struct settings {
    const char *items[MOST_SETTINGS];
    size_t count;
    char made[8][LONGEST_SETTING];
    size_t made_count;
};

static void add(struct settings *settings, const char *key, const char *value, const char *around)
{
    char *made = settings->made[settings->made_count++];
    snprintf(made, LONGEST_SETTING, "plan.%s=%.1s%s%s", key, around, value, *around ? around + 1 : "");
    settings->items[settings->count++] = made;
}

static bool add_load(struct settings *settings, const char *text, const char *const *keys, size_t count)
{
    double load[3];
    char number[32];
    if (command_load(text, load) != count)
        return false;
    for (size_t i = 0; i < count; i++) {
        snprintf(number, sizeof number, "%.0f", load[i]);
        add(settings, keys[i], number, "");
    }
    return true;
}

/* What options say, as settings; false after telling what is wrong. */
static bool gather(const struct options *o, const char *model, struct settings *settings)
{
    static const char *const service[] = {"concurrency", "prompt", "output"}, *const step[] = {"global_batch", "sequence"};
    char number[64];
    bool rate = false;
    for (size_t i = 0; i < o->setting_count; i++) {
        settings->items[settings->count++] = o->settings[i];
        rate |= !strncmp(o->settings[i], "plan.request_rate=", strlen("plan.request_rate="));
    }
    if (model)
        add(settings, "model", model, "");
    if (o->stack)
        add(settings, "stack", o->stack, "");
    if (o->price)
        add(settings, "prices", o->price, *o->price >= '0' && *o->price <= '9' ? "" : "[]");
    if (o->optimize)
        add(settings, "optimizations", o->optimize, "[]");
    if (o->request.accelerators > 0) {
        snprintf(number, sizeof number, "%.0f", o->request.accelerators);
        add(settings, "accelerators", number, "[]");
    }
    if (o->request.budget > 0) {
        snprintf(number, sizeof number, "%.17g %s", o->request.budget, o->serve || rate ? "USD/h" : "USD");
        add(settings, "budget", number, "");
    }
    if ((o->serve && o->train) || (o->serve && !add_load(settings, o->serve, service + rate, rate ? 2 : 3)) ||
        (o->train && !add_load(settings, o->train, step, 2))) {
        fprintf(stderr, "speedup: write one of --serve %s and --train BATCHxSEQUENCE, with numbers such as 64x1024x1024\n",
                rate ? "PROMPTxOUTPUT" : "CONCURRENCYxPROMPTxOUTPUT");
        return false;
    }
    return true;
}

static int search_plans(const struct session *session, const char *model)
{
    static struct settings settings;
    const struct options *o = session->options;
    if (!gather(o, model, &settings))
        return EXIT_USAGE;
    speedup_space *space = NULL;
    speedup_result *result = NULL;
    speedup_text *text = NULL;
    struct progress progress = {0};
    clock_gettime(CLOCK_MONOTONIC, &progress.start);
    static const char empty[] = "plan: {}";
    speedup_status status =
        o->argument_count ? speedup_space_create_file(session->context, session->catalog, o->arguments[0], settings.items, settings.count, &space)
                          : speedup_space_create(session->context, session->catalog, "<command line>", empty, strlen(empty),
                                                 settings.items, settings.count, &space);
    if (!status)
        status = speedup_space_search(session->context, space, 0, UINT64_MAX, o->threads,
                                      isatty(STDERR_FILENO) ? show_progress : NULL, &progress, &result);
    if (progress.shown)
        fprintf(stderr, "\r%*s\r", 60, "");
    uint64_t best;
    bool none = !status && speedup_result_best(result, 0, &best) != SPEEDUP_OK;
    if (!status)
        status = o->why ? speedup_report_plan_why(session->context, result, o->threads, session->format, &text)
                        : speedup_report_plan(session->context, result, session->format, &text);
    speedup_result_destroy(result);
    speedup_space_unref(space);
    int code = print_report(session, status, text);
    return code ? code : none ? EXIT_NO_PLAN : EXIT_FINE;
}

int run_plan(const struct session *session)
{
    const char *model = session->options->model;
    if (!model && !session->options->argument_count) {
        fprintf(stderr, "speedup: give a file, or --model and what is known of the job\n");
        return EXIT_USAGE;
    }
    if (!model || command_has(session, "models", model))
        return search_plans(session, model);
    char id[128];
    struct session own = *session;
    own.catalog = NULL;
    int code = command_import(session, model, id, sizeof id, &own.catalog);
    if (!code)
        code = search_plans(&own, id);
    speedup_catalog_unref(own.catalog);
    return code;
}
