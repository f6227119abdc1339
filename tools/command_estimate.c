/* The `estimate` and `fit` commands: a scenario from a file, or one made from a model, a machine
 * and a load on the command line, on the smallest number of accelerators that fits. */
#include "command.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NO_EXIT = -1 }; /* of a command that goes on */

int command_import(const struct session *session, const char *path, char *id, size_t room, speedup_catalog **more)
{
    FILE *file = fopen(path, "rb");
    if (!file) {
        speedup_text *none = NULL;
        speedup_report_catalog(session->context, session->catalog, "models", path, SPEEDUP_FORMAT_TEXT, &none);
        speedup_text_destroy(none);
        fprintf(stderr, "speedup: '%s' is neither a model of the catalog nor a file that can be read\n", path);
        return tell_problems(session);
    }
    fclose(file);
    /* The name of the file without its ending, or of its folder, as an id; with a number where the catalog has it. */
    const char *end = path + strlen(path), *usual = "/config.json";
    size_t length = strlen(path), ending = strlen(usual);
    if (length > ending && !strcmp(end - ending, usual))
        end -= ending; /* a folder has a name, where all configurations have the same */
    while (end > path + 1 && end[-1] == '/')
        end--;
    const char *name = end;
    while (name > path && name[-1] != '/')
        name--;
    int stem = (int)(end - name);
    if (stem > 5 && !strncmp(end - 5, ".json", 5))
        stem -= 5;
    speedup_status status = SPEEDUP_EXISTS;
    for (int number = 1; status == SPEEDUP_EXISTS && number < 100; number++) {
        if (number == 1)
            snprintf(id, room, "%.*s", stem, name);
        else
            snprintf(id, room, "%.*s-%d", stem, name, number);
        for (char *c = id; *c; c++)
            *c = isalnum((unsigned char)*c) ? (char)tolower((unsigned char)*c) : '-';
        if (!isalnum((unsigned char)*id))
            *id = 'm';
        status = speedup_catalog_import_model_file(session->context, session->catalog, path, id, more);
    }
    if (status)
        return tell_problems(session);
    for (size_t i = 0; i < speedup_diagnostic_count(session->context); i++) /* warnings */
        fprintf(stderr, "%s\n", speedup_diagnostic_text(session->context, i));
    return EXIT_FINE;
}

bool command_has(const struct session *session, const char *kind, const char *id)
{
    const char *have;
    for (size_t i = 0; !speedup_catalog_at(session->catalog, kind, i, &have, NULL); i++)
        if (!strcmp(have, id))
            return true;
    return false;
}

size_t command_load(const char *text, double load[3])
{
    size_t count = 0;
    for (const char *c = text;; c++) {
        double value = 0;
        const char *first = c;
        for (; isdigit((unsigned char)*c) && value < 1e9; c++)
            value = value * 10 + (*c - '0');
        if (c == first || count == 3)
            return 0;
        load[count++] = value;
        if (!*c)
            return count;
        if (*c != 'x')
            return 0;
    }
}

/* The kinds of jobs that the command line can say. */
struct request {
    const char *section, *text, *shown, *keys[3]; /* as on the command line, as it should be, and the keys of its numbers */
    size_t numbers;
    const char *stack, *optimizations; /* that hold when nothing else is said */
};

/* One way to lay a job out. */
struct attempt {
    int accelerators, tensor, pipeline;
    speedup_scenario *scenario; /* NULL: none yet */
    double values[SPEEDUP_METRIC_COUNT];
    bool fits, room; /* the job; and all its requests at once */
};

/* The user's list of optimizations. */
static speedup_status choose(const struct session *session, const struct request *request, speedup_job *job)
{
    struct command_item item;
    speedup_status status = SPEEDUP_OK;
    for (const char *list = session->options->optimize ? session->options->optimize : request->optimizations; *list && !status;) {
        list = command_item(list, &item);
        status = speedup_job_add(session->context, job, "optimizations", item.id, item.names, item.values, item.count);
    }
    return status;
}

static speedup_status describe(const struct session *session, const struct request *request, const double load[3],
                               const char *model, const struct attempt *attempt, speedup_job *job)
{
    const struct options *o = session->options;
    speedup_context *context = session->context;
    const struct {
        const char *key, *text;
    } texts[] = {{"model", model}, {"system", o->hardware}, {"stack", o->stack ? o->stack : request->stack}, {"price", o->price}};
    const struct {
        const char *key;
        double value;
    } numbers[] = {{"accelerators", attempt->accelerators}, {"layout.tensor", attempt->tensor}, {"layout.pipeline", attempt->pipeline}};
    speedup_status status = SPEEDUP_OK;
    for (size_t i = 0; i < sizeof texts / sizeof *texts && !status; i++)
        status = texts[i].text ? speedup_job_set_text(context, job, texts[i].key, texts[i].text) : SPEEDUP_OK;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers && !status; i++)
        status = speedup_job_set_number(context, job, numbers[i].key, numbers[i].value);
    for (size_t i = 0; i < request->numbers && !status; i++)
        status = speedup_job_set_number(context, job, request->keys[i], load[i]);
    if (!status)
        status = choose(session, request, job);
    for (size_t i = 0; i < o->setting_count && !status; i++)
        status = speedup_job_apply(context, job, o->settings[i]);
    return status;
}

static speedup_status make(const struct session *session, const struct request *request, const double load[3],
                           const char *model, struct attempt *attempt)
{
    speedup_job *job = NULL;
    speedup_status status = speedup_job_create(session->context, request->section, &job);
    if (!status)
        status = describe(session, request, load, model, attempt, job);
    if (!status)
        status = speedup_scenario_create_job(session->context, session->catalog, job, &attempt->scenario);
    speedup_job_destroy(job);
    if (status)
        return status;
    status = speedup_scenario_estimate(attempt->scenario, attempt->values, SPEEDUP_METRIC_COUNT);
    attempt->fits = !status && attempt->values[SPEEDUP_METRIC_FITS] != 0;
    attempt->room = attempt->fits && (attempt->values[SPEEDUP_METRIC_MAX_CONCURRENCY] <= 0 || attempt->values[SPEEDUP_METRIC_LOAD] <= 1);
    return status;
}

/* How many accelerators are asked for, by --accelerators or by a count in --hardware ("2x rtx-4090"); 0 for what fits. */
static int asked_accelerators(const struct session *session)
{
    const struct options *o = session->options;
    char *rest;
    long counted = strtol(o->hardware, &rest, 10);
    rest += strspn(rest, " ");
    double node;
    bool counts = rest > o->hardware && counted > 0 && counted <= 1000000 && *rest && strchr("xX\303", *rest) && !command_has(session, "systems", o->hardware) &&
                  !speedup_catalog_number(session->catalog, "systems", o->hardware, "accelerators_per_node", &node);
    return o->request.accelerators > 0 || !counts ? (int)o->request.accelerators : (int)counted;
}

/* The job on the accelerators that are asked for, or on one: nobody is given more. */
static speedup_status make_plain(const struct session *session, const struct request *request, const double load[3],
                                 const char *model, speedup_scenario **scenario)
{
    int asked = asked_accelerators(session);
    struct attempt plain = {.accelerators = asked ? asked : 1, .tensor = 1, .pipeline = 1};
    speedup_status status = make(session, request, load, model, &plain);
    *scenario = plain.scenario;
    return status;
}

static double degree_of_fit(const struct attempt *a)
{
    return (a->room ? 2e12 : a->fits ? 1e12 : 0) + a->values[SPEEDUP_METRIC_TOKENS_PER_SECOND];
}

/* A layout that is none for this job, where another may be. */
static bool passed_over(speedup_status status)
{
    return status == SPEEDUP_DOES_NOT_DIVIDE || status == SPEEDUP_REQUIREMENT;
}

/* The fastest of the layouts of so many accelerators, if it is better than `best`. One that
 * cannot be is passed over; any other problem ends it. */
static speedup_status try_layouts(const struct session *session, const struct request *request, const double load[3],
                                  const char *model, int accelerators, double domain, struct attempt *best)
{
    struct attempt found = {0};
    speedup_status last = SPEEDUP_OK;
    for (int tensor = 1; tensor <= accelerators && tensor <= domain; tensor *= 2)
        for (int pipeline = 1; tensor * pipeline <= accelerators; pipeline *= 2) {
            struct attempt now = {.accelerators = accelerators, .tensor = tensor, .pipeline = pipeline};
            speedup_status status = make(session, request, load, model, &now);
            last = status && !found.scenario ? status : SPEEDUP_OK;
            if (status && !passed_over(status)) {
                speedup_scenario_unref(now.scenario);
                speedup_scenario_unref(found.scenario);
                return status;
            }
            bool better = !status && (!found.scenario || degree_of_fit(&now) > degree_of_fit(&found));
            if (better) {
                speedup_scenario_unref(found.scenario);
                found = now;
            } else {
                speedup_scenario_unref(now.scenario);
            }
        }
    /* More accelerators are for fitting alone: what they gain in speed is not asked for. */
    bool better = found.scenario && (!best->scenario || (found.room && !best->room) || (found.fits && !best->fits));
    if (better) {
        speedup_scenario_unref(best->scenario);
        *best = found;
    } else {
        speedup_scenario_unref(found.scenario);
    }
    return best->scenario ? SPEEDUP_OK : last;
}

static bool sets_layout(const struct options *o, const char *section)
{
    size_t length = strlen(section);
    for (size_t i = 0; i < o->setting_count; i++)
        if (!strncmp(o->settings[i], section, length) && !strncmp(o->settings[i] + length, ".layout", strlen(".layout")))
            return true;
    return false;
}

/* Why no layout can be: what was tried that nobody asked for, and what is wrong with the plainest of it. */
static speedup_status tell_layouts(const struct session *session, const struct request *request, const double load[3],
                                   const char *model, int most)
{
    const struct options *o = session->options;
    int asked = asked_accelerators(session);
    speedup_scenario *plain;
    speedup_status status = make_plain(session, request, load, model, &plain);
    speedup_scenario_unref(plain);
    bool layout = sets_layout(o, request->section);
    if (!asked || !layout)
        fprintf(stderr, "speedup: no layout is possible of those that were tried:");
    if (!asked)
        fprintf(stderr, " 1 to %d accelerators in powers of two, as --accelerators does not say%s", most, layout ? "" : ";");
    if (!layout)
        fprintf(stderr, " tensor and pipeline parallelism in powers of two, as no --set %s.layout.tensor=N says", request->section);
    if (!asked || !layout)
        fprintf(stderr, ". The plainest:\n");
    return status;
}

static int search_layouts(const struct session *session, const struct request *request, const double load[3],
                          const char *model)
{
    enum { MOST = 1024 };
    const struct options *o = session->options;
    double domain = 1;
    speedup_catalog_number(session->catalog, "systems", o->hardware, "scale_up_domain", &domain);
    struct attempt best = {0};
    int asked = asked_accelerators(session);
    speedup_status status = SPEEDUP_OK;
    for (int n = asked ? asked : 1; n <= (asked ? asked : MOST) && !best.room; n *= 2) {
        status = try_layouts(session, request, load, model, n, domain, &best);
        if (status && !passed_over(status))
            break;
    }
    speedup_text *text = NULL;
    if (best.scenario)
        status = speedup_report_estimate(session->context, best.scenario, session->format, &text);
    else if (passed_over(status))
        status = tell_layouts(session, request, load, model, MOST);
    speedup_scenario_unref(best.scenario);
    return print_report(session, status, text);
}

/* Prints what a job lacks, what mends it, and how large it can be; takes the scenario over. */
static int tell_fit(const struct session *session, speedup_status status, speedup_scenario *scenario)
{
    const struct options *o = session->options;
    const char *keys[sizeof o->largest / sizeof *o->largest];
    speedup_remedies *remedies = NULL;
    speedup_text *text = NULL;
    speedup_remedy own = {.struct_size = sizeof own};
    if (!status)
        status = speedup_scenario_remedies(session->context, scenario, o->policy.confidence, &remedies);
    speedup_scenario_unref(scenario);
    for (size_t i = 0; i < o->largest_count; i++)
        keys[i] = o->largest[i];
    if (status == SPEEDUP_INVALID_ARGUMENT) {
        fprintf(stderr, "speedup: --confidence is over 0 and below 1\n");
        return EXIT_USAGE;
    }
    if (!status)
        status = speedup_report_remedies(session->context, remedies, keys, o->largest_count, session->format, &text);
    int code = print_report(session, status, text);
    bool fits = !code && !speedup_remedies_without(remedies, &own) && own.fits;
    bool mended = !code && !speedup_remedies_at(remedies, 0, &own);
    speedup_remedies_destroy(remedies);
    return code || fits ? code : mended ? EXIT_WARN : EXIT_REFUSE;
}

static int fit_request(const struct session *session, const struct request *request, const double load[3], const char *model)
{
    speedup_scenario *scenario;
    speedup_status status = make_plain(session, request, load, model, &scenario);
    return tell_fit(session, status, scenario);
}

/* What is done with a job of the command line. */
typedef int request_function(const struct session *session, const struct request *request, const double load[3], const char *model);

static int run_request(const struct session *session, const struct request *request, request_function *run)
{
    const char *model = session->options->model;
    double load[3];
    if (command_load(request->text, load) != request->numbers) {
        fprintf(stderr, "speedup: --%s cannot be '%s'; write %s\n", request->section, request->text, request->shown);
        return EXIT_USAGE;
    }
    if (command_has(session, "models", model))
        return run(session, request, load, model);
    char id[128];
    struct session own = *session;
    own.catalog = NULL;
    int code = command_import(session, model, id, sizeof id, &own.catalog);
    if (!code)
        code = run(&own, request, load, id);
    speedup_catalog_unref(own.catalog);
    return code;
}

/* The job of the command line or of a file: one is run, the other made into a scenario; the exit code where neither is. */
static int run_job(const struct session *session, const char *command, request_function *run, speedup_status *status, speedup_scenario **scenario)
{
    const struct options *o = session->options;
    const struct request requests[] = {
        {"serve", o->serve, "CONCURRENCYxPROMPTxOUTPUT, such as 64x1024x1024", {"concurrency", "prompt", "output"}, 3, "serving-engine", ""},
        {"generate", o->generate, "BATCHxPROMPTxOUTPUT, such as 16x1024x256", {"batch", "prompt", "output"}, 3, "serving-engine", ""},
        {"train", o->train, "BATCHxSEQUENCE, such as 512x4096", {"global_batch", "sequence"}, 2, NULL, "bf16-mixed-precision"},
    };
    const struct request *asked = NULL;
    size_t count = 0;
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++)
        if (requests[i].text) {
            asked = &requests[i];
            count++;
        }
    bool single = o->model || o->hardware || count || o->stack || o->optimize || o->price || o->request.accelerators > 0;
    if (single && o->argument_count) {
        fprintf(stderr, "speedup: --model, --hardware and what goes with them stand in the place of a scenario file; "
                        "over one, write --set PATH=VALUE\n");
        return EXIT_USAGE;
    }
    if (single && (!o->model || !o->hardware || count != 1)) {
        fprintf(stderr, "speedup: without a scenario file, give --model, --hardware and %s\n",
                run == fit_request ? "--train" : "one of --serve, --generate and --train");
        return EXIT_USAGE;
    }
    if (single)
        return run_request(session, asked, run);
    if (!o->argument_count) {
        fprintf(stderr, "usage: speedup %s SCENARIO.yaml\n", command);
        return EXIT_USAGE;
    }
    *status = speedup_scenario_create_file(session->context, session->catalog, o->arguments[0], o->settings, o->setting_count, scenario);
    return NO_EXIT;
}

int run_estimate(const struct session *session)
{
    speedup_scenario *scenario = NULL;
    speedup_text *text = NULL;
    speedup_status status;
    int code = run_job(session, "estimate", search_layouts, &status, &scenario);
    if (code != NO_EXIT)
        return code;
    if (!status)
        status = speedup_report_estimate(session->context, scenario, session->format, &text);
    speedup_scenario_unref(scenario);
    return print_report(session, status, text);
}

int run_fit(const struct session *session)
{
    speedup_scenario *scenario = NULL;
    speedup_status status;
    int code = run_job(session, "fit", fit_request, &status, &scenario);
    return code == NO_EXIT ? tell_fit(session, status, scenario) : code;
}
