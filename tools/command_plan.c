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

/* A list that an option has takes the place of a file's. */
static speedup_status set_list(speedup_context *context, speedup_space_builder *plan, const char *key, const char *list)
{
    struct command_item item;
    speedup_status status = speedup_space_builder_set_list(context, plan, key);
    while (*list && !status) {
        list = command_item(list, &item);
        status = speedup_space_builder_add(context, plan, key, item.id, item.names, item.values, item.count);
    }
    return status;
}

/* A load on the command line, and the keys of its numbers. */
struct load {
    double numbers[3];
    const char *const *keys;
    size_t count;
};

/* False after telling what is wrong. */
static bool take_load(const struct options *o, struct load *load)
{
    static const char *const service[] = {"concurrency", "prompt", "output"}, *const step[] = {"global_batch", "sequence"};
    bool rate = false;
    for (size_t i = 0; i < o->setting_count; i++)
        rate |= !strncmp(o->settings[i], "plan.request_rate=", strlen("plan.request_rate="));
    for (size_t i = 0; i < o->key_count; i++)
        rate |= !strcmp(o->keys[i].key, "request_rate");
    const char *text = o->serve ? o->serve : o->train;
    *load = (struct load){.keys = o->serve ? service + rate : step, .count = !text ? 0 : o->serve && !rate ? 3 : 2};
    if ((!o->serve || !o->train) && (!text || command_load(text, load->numbers) == load->count))
        return true;
    fprintf(stderr, "speedup: write one of --serve %s and --train BATCHxSEQUENCE, with numbers such as 64x1024x1024\n",
            rate ? "PROMPTxOUTPUT" : "CONCURRENCYxPROMPTxOUTPUT");
    return false;
}

/* Settings, and the options that stand for one key each, in the order in which they are given. */
static speedup_status apply_in_order(speedup_context *context, const struct options *o, speedup_space_builder *plan)
{
    speedup_status status = SPEEDUP_OK;
    for (size_t setting = 0, key = 0; (setting < o->setting_count || key < o->key_count) && !status;) {
        const struct plan_key *next = &o->keys[key];
        if (key == o->key_count || next->after > setting) {
            status = speedup_space_builder_apply(context, plan, o->settings[setting++]);
            continue;
        }
        status = next->list ? set_list(context, plan, next->key, next->value)
                            : speedup_space_builder_set_text(context, plan, next->key, next->value);
        key++;
    }
    return status;
}

static speedup_status describe(speedup_context *context, const struct options *o, const char *model, const struct load *load,
                               speedup_space_builder *plan)
{
    bool amount = o->price && *o->price >= '0' && *o->price <= '9';
    const struct {
        const char *key, *text;
        bool list;
    } texts[] = {{"model", model, false}, {"stack", o->stack, false}, {"prices", o->price, !amount}, {"optimizations", o->optimize, true}};
    speedup_status status = apply_in_order(context, o, plan);
    for (size_t i = 0; i < sizeof texts / sizeof *texts && !status; i++)
        if (texts[i].text)
            status = texts[i].list ? set_list(context, plan, texts[i].key, texts[i].text)
                                   : speedup_space_builder_set_text(context, plan, texts[i].key, texts[i].text);
    if (o->request.accelerators > 0 && !status)
        status = speedup_space_builder_set_number(context, plan, "accelerators", o->request.accelerators);
    if (o->request.budget > 0 && !status)
        status = speedup_space_builder_set_number(context, plan, "budget", o->request.budget);
    for (size_t i = 0; i < load->count && !status; i++)
        status = speedup_space_builder_set_number(context, plan, load->keys[i], load->numbers[i]);
    return status;
}

static speedup_status make_space(const struct session *session, const char *model, const struct load *load, speedup_space **space)
{
    const struct options *o = session->options;
    speedup_space_builder *plan = NULL;
    speedup_status status = o->argument_count ? speedup_space_builder_create_file(session->context, o->arguments[0], &plan)
                                              : speedup_space_builder_create(session->context, &plan);
    if (!status)
        status = describe(session->context, o, model, load, plan);
    if (!status)
        status = speedup_space_build(session->context, session->catalog, plan, space);
    speedup_space_builder_destroy(plan);
    return status;
}

static int search_plans(const struct session *session, const char *model)
{
    const struct options *o = session->options;
    struct load load;
    if (!take_load(o, &load))
        return EXIT_USAGE;
    speedup_space *space = NULL;
    speedup_result *result = NULL;
    speedup_text *text = NULL;
    struct progress progress = {0};
    clock_gettime(CLOCK_MONOTONIC, &progress.start);
    speedup_status status = make_space(session, model, &load, &space);
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
