/* A log has one line a step: step_seconds, and any settings put over the job, in columns named by their paths
 * (train.micro_batch). Steps of the same settings are one configuration. */
#include "site.h"

#include "curve.h"
#include "profile.h"
#include "progress.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Configurations held back that an interval of the site's own needs, and steps that say something of their scatter. */
enum { SUPPORTED = 5, MOST_SETTINGS = 64, SETTING = 256, REASON = 240 };

static const double mad_to_sigma = 1.4826;

struct step {
    size_t row;
    double seconds;
};

struct configuration {
    char *name;           /* of all settings */
    struct step *steps;
    size_t count, room;
    double predicted, sigma; /* as estimated before; of the logarithm */
    double median, scatter;  /* of log(measured / predicted) */
    bool good, held, experts;
    char accelerator[80], stack[80];
};

struct log {
    const struct session *session;
    const struct csv *csv;
    int settings[MOST_SETTINGS], seconds;
    size_t setting_count, bad, good;
    struct configuration *configurations;
    size_t count, room;
};

bool is_steps(const struct csv *csv)
{
    return csv_column(csv, "step_seconds") >= 0;
}

/* Columns named by a path are settings; others are the log's own business. */
static bool find_settings(struct log *log)
{
    const struct csv *csv = log->csv;
    size_t unused = 0;
    log->seconds = csv_column(csv, "step_seconds");
    for (size_t i = 0; i < csv->columns; i++) {
        if ((int)i == log->seconds)
            continue;
        if (!strchr(csv->fields[i], '.') || strchr(csv->fields[i], '\n')) {
            fprintf(stderr, "%s%.40s", unused++ ? ", " : "columns that are no settings, and not used: ", csv->fields[i]);
        } else if (log->setting_count == MOST_SETTINGS) {
            fprintf(stderr, "%s:1: error: more than %d columns of settings\n", csv->path, MOST_SETTINGS);
            return false;
        } else {
            log->settings[log->setting_count++] = (int)i;
        }
    }
    if (unused)
        fprintf(stderr, "\n");
    return true;
}

static bool pass_over(struct log *log, size_t row, const char *why)
{
    fprintf(stderr, "%s:%zu: row passed over: %s\n", log->csv->path, log->csv->lines[row], why);
    log->bad++;
    return false;
}

/* The settings of a row, "path=value" one after the other, each ended by a newline; NULL without memory. */
static char *row_name(const struct log *log, size_t row)
{
    size_t length = 1, at = 0;
    for (size_t i = 0; i < log->setting_count; i++)
        length += strlen(log->csv->fields[log->settings[i]]) + strlen(csv_text(log->csv, row, log->settings[i])) + 2;
    char *name = calloc(length, 1);
    for (size_t i = 0; name && i < log->setting_count; i++) {
        const char *value = csv_text(log->csv, row, log->settings[i]);
        if (*value)
            at += (size_t)snprintf(name + at, length - at, "%s=%s\n", log->csv->fields[log->settings[i]], value);
    }
    return name;
}

static struct configuration *configuration_of(struct log *log, char *name)
{
    for (size_t i = log->count; name && i-- > 0;)
        if (!strcmp(log->configurations[i].name, name)) {
            free(name);
            return &log->configurations[i];
        }
    if (log->count == log->room && name) {
        size_t room = log->room ? 2 * log->room : 64;
        struct configuration *more = realloc(log->configurations, room * sizeof *more);
        if (!more) {
            free(name);
            return NULL;
        }
        log->configurations = more;
        log->room = room;
    }
    if (!name)
        return NULL;
    struct configuration *added = &log->configurations[log->count++];
    *added = (struct configuration){.name = name};
    return added;
}

static bool read_step(struct log *log, size_t row)
{
    char why[REASON];
    struct step step = {.row = row};
    if (!csv_number(log->csv, row, log->seconds, 0, why, sizeof why, &step.seconds))
        return pass_over(log, row, why);
    if (!(step.seconds > 0))
        return pass_over(log, row, "column 'step_seconds': a step takes more than 0 s");
    for (size_t i = 0; i < log->setting_count; i++)
        if (strchr(csv_text(log->csv, row, log->settings[i]), '\n')) {
            snprintf(why, sizeof why, "column '%.80s': a setting is one line", log->csv->fields[log->settings[i]]);
            return pass_over(log, row, why);
        }
    struct configuration *c = configuration_of(log, row_name(log, row));
    if (c && c->count == c->room) {
        size_t room = c->room ? 2 * c->room : 16;
        struct step *more = realloc(c->steps, room * sizeof *more);
        if (more) {
            c->steps = more;
            c->room = room;
        }
    }
    if (!c || c->count == c->room)
        return pass_over(log, row, "out of memory");
    c->steps[c->count++] = step;
    return true;
}

/* The column of the settings that a message is about; NULL when it names none. */
static const char *column_of(const struct log *log, const char *message)
{
    for (size_t i = 0; i < log->setting_count; i++) {
        const char *column = log->csv->fields[log->settings[i]], *last = strrchr(column, '.') + 1;
        if (strstr(message, column) || (strlen(last) > 3 && strstr(message, last)))
            return column;
    }
    return NULL;
}

/* Estimates a configuration; its rows are passed over, each with the reason, when it is no job. */
static void estimate(struct log *log, struct configuration *c)
{
    const struct session *s = log->session;
    const char *settings[2 * MOST_SETTINGS], *id;
    char text[MOST_SETTINGS * SETTING];
    size_t count = 0;
    double values[SPEEDUP_METRIC_COUNT];
    speedup_scenario *scenario = NULL;
    for (; count < s->options->setting_count; count++)
        settings[count] = s->options->settings[count];
    bool fits = strlen(c->name) < sizeof text;
    if (fits)
        strcpy(text, c->name);
    for (char *at = text; fits && *at;) {
        char *end = strchr(at, '\n');
        settings[count++] = at;
        *end = 0;
        at = end + 1;
    }
    speedup_status status = fits ? speedup_scenario_create_file(s->context, s->catalog, s->options->job, settings, count, &scenario)
                                 : SPEEDUP_INVALID_ARGUMENT;
    if (!status)
        status = speedup_scenario_estimate(scenario, values, SPEEDUP_METRIC_COUNT);
    c->good = !status && values[SPEEDUP_METRIC_STEP_SECONDS] > 0;
    if (c->good) {
        c->predicted = values[SPEEDUP_METRIC_STEP_SECONDS];
        c->sigma = values[SPEEDUP_METRIC_TIME_SIGMA];
        c->experts = values[SPEEDUP_METRIC_TIME_EXPERT] > 0;
        if (!speedup_scenario_entry(scenario, SPEEDUP_ENTRY_ACCELERATOR, &id))
            snprintf(c->accelerator, sizeof c->accelerator, "%s", id);
        if (!speedup_scenario_entry(scenario, SPEEDUP_ENTRY_STACK, &id) && id)
            snprintf(c->stack, sizeof c->stack, "%s", id);
    }
    speedup_scenario_unref(scenario);
    if (c->good)
        return;
    const char *message = status ? speedup_diagnostic_message(s->context, 0) : "is no training job";
    message = message ? message : speedup_status_text(status);
    const char *column = column_of(log, message);
    char why[REASON], others[64] = "";
    if (c->count > 1)
        snprintf(others, sizeof others, " (and %zu more of these settings)", c->count - 1);
    snprintf(why, sizeof why, "%s%s%s%s%s", column ? "column '" : "", column ? column : "", column ? "': " : "", message, others);
    pass_over(log, c->steps[0].row, why);
    log->bad += c->count - 1;
}

/* Median and scatter of the logarithms of a range of a configuration's steps over their estimate: first steps of a run
 * are slow, and an odd one is no news. */
static void measure(struct configuration *c, size_t first, size_t every, bool those)
{
    double *logs = calloc(c->count + 1, sizeof *logs);
    size_t n = 0;
    for (size_t i = 0; logs && i < c->count; i++)
        if (every == 0 || (i % every == first) == those)
            logs[n++] = log(c->steps[i].seconds / c->predicted);
    c->median = logs ? median_of(logs, n) : 0;
    for (size_t i = 0; i < n; i++)
        logs[i] = fabs(logs[i] - c->median);
    c->scatter = logs ? mad_to_sigma * median_of(logs, n) : 0;
    free(logs);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct configuration *)a)->name, ((const struct configuration *)b)->name);
}

struct found {
    double factor, mean[2], median[2]; /* errors before and after */
    double rms, sigma;                 /* of what was held back, and the upper limit that it supports */
    size_t fitted, held;                      /* configurations, or steps where there is but one to four of them */
    bool by_step;
};

/* The factor is the median over configurations, and is judged on every fourth of them in the order of their
 * settings; where there are fewer than four, on every fourth step of each. */
static bool judge(struct configuration *c, size_t count, struct found *found)
{
    double *logs = calloc(count + 1, sizeof *logs), *errors[2] = {calloc(count + 1, sizeof **errors), calloc(count + 1, sizeof **errors)};
    bool good = logs && errors[0] && errors[1];
    size_t n = 0, held = 0;
    double squares = 0;
    found->by_step = count < LEAST_NAMES;
    for (size_t i = 0; good && i < count; i++) {
        c[i].held = !found->by_step && i % LEAST_NAMES == LEAST_NAMES - 1;
        measure(&c[i], LEAST_NAMES - 1, found->by_step ? LEAST_NAMES : 0, false);
        found->fitted += found->by_step ? c[i].count - c[i].count / LEAST_NAMES : !c[i].held;
        if (!c[i].held)
            logs[n++] = c[i].median;
    }
    double shift = good ? median_of(logs, n) : 0;
    found->factor = exp(shift);
    for (size_t i = 0; good && i < count; i++) {
        size_t steps = c[i].count / LEAST_NAMES;
        if (found->by_step ? !steps : !c[i].held)
            continue;
        measure(&c[i], LEAST_NAMES - 1, found->by_step ? LEAST_NAMES : 0, true);
        errors[0][held] = fabs(exp(-c[i].median) - 1);
        errors[1][held] = fabs(exp(shift - c[i].median) - 1);
        squares += pow(c[i].median - shift, 2) + pow(c[i].scatter, 2);
        for (int k = 0; k < 2; k++)
            found->mean[k] += errors[k][held];
        held++;
        found->held += found->by_step ? steps : 1;
    }
    for (int k = 0; good && k < 2 && held; k++) {
        found->mean[k] /= (double)held;
        found->median[k] = median_of(errors[k], held);
    }
    found->rms = held ? sqrt(squares / (double)held) : 0;
    found->sigma = held ? sigma_supported(found->rms, held) : 0;
    free(logs);
    free(errors[0]);
    free(errors[1]);
    return good;
}

static void write_site(const struct log *log, const struct configuration *c, const struct found *found)
{
    struct profile profile = {.session = log->session, .accelerator = c->accelerator, .stack = c->stack};
    const char *sigma_name = c->experts ? "time_sigma_expert" : "time_sigma";
    bool supported = !found->by_step && found->held >= SUPPORTED, wider = found->rms > c->sigma;
    double sigma = supported ? found->sigma : found->rms;
    profile_put(&profile, "site_factor", profile_get(&profile, "site_factor") * found->factor);
    if (profile_doubtful(&profile, stderr))
        fprintf(stderr, "  are the steps of this job, and in seconds?\n");
    if (supported || wider) {
        profile_put_chip(&profile, sigma_name, sigma); /* which says that the accelerator has been measured */
        profile_put(&profile, sigma_name, sigma);
        profile.provenance = "fitted";
        fprintf(stderr, "standard deviation of the logarithm of a step: %.3f, %s; it was %.3f\n", sigma,
                supported ? "the upper 90 % limit of what was held back" : "as what was held back shows at least", c->sigma);
    }
    if (!supported) {
        fprintf(stderr, "intervals get no narrower: that takes %d configurations held back (%d in the log)\n", SUPPORTED, SUPPORTED * LEAST_NAMES);
    }
    snprintf(profile.source, sizeof profile.source, "'speedup calibrate' of %zu measured steps; mean error held back %.1f %%, before %.1f %%",
             log->good, 100 * found->mean[1], 100 * found->mean[0]);
    profile_write(&profile, stdout);
}

static int report(struct log *log)
{
    size_t good = 0;
    struct found found = {0};
    for (size_t i = 0; i < log->count; i++)
        if (log->configurations[i].good) {
            log->configurations[good] = log->configurations[i]; /* those before have been freed or moved */
            log->good += log->configurations[good++].count;
        } else {
            free(log->configurations[i].name);
            free(log->configurations[i].steps);
        }
    log->count = good;
    if (log->good < LEAST_NAMES) {
        fprintf(stderr, "speedup: %zu usable steps; at least %d are needed: log more steps, or mend the rows above\n", log->good, (int)LEAST_NAMES);
        return EXIT_ERROR;
    }
    qsort(log->configurations, good, sizeof *log->configurations, by_name);
    for (size_t i = 1; i < good; i++)
        if (strcmp(log->configurations[i].accelerator, log->configurations[0].accelerator) ||
            strcmp(log->configurations[i].stack, log->configurations[0].stack) ||
            log->configurations[i].experts != log->configurations[0].experts) {
            fprintf(stderr, "speedup: the steps are of several accelerators or stacks, or of models with and without experts: give a log of each\n");
            return EXIT_ERROR;
        }
    if (!judge(log->configurations, good, &found))
        return EXIT_ERROR;
    fprintf(stderr, "%zu steps of %zu configurations; %zu rows passed over\n", log->good, good, log->bad);
    fprintf(stderr, "measured over estimated: %.4f (site_factor), from %zu %s\n", found.factor, found.fitted, found.by_step ? "steps" : "configurations");
    fprintf(stderr, "held back, %zu %s, mean / median error: %.1f / %.1f %% as it was, %.1f / %.1f %% with the factor\n", found.held,
            found.by_step ? "steps" : "configurations", 100 * found.mean[0], 100 * found.median[0], 100 * found.mean[1], 100 * found.median[1]);
    write_site(log, &log->configurations[0], &found);
    return EXIT_FINE;
}

int calibrate_site(const struct session *session, const struct csv *csv)
{
    struct log log = {.session = session, .csv = csv, .bad = csv->bad};
    struct progress progress = progress_begin("steps");
    int code = EXIT_ERROR;
    if (!is_steps(csv))
        fprintf(stderr, "%s:1: error: column 'step_seconds' is missing: a log has one line a step, with its seconds\n", csv->path);
    else if (access(session->options->job, R_OK))
        fprintf(stderr, "speedup: '%s' cannot be read: --job takes the file of the job that the steps are of\n", session->options->job);
    else if (find_settings(&log)) {
        for (size_t i = 0; i < csv->rows; i++)
            read_step(&log, i);
        for (size_t i = 0; i < log.count; i++) {
            estimate(&log, &log.configurations[i]);
            progress_show(&progress, i + 1, log.count);
        }
        progress_end(&progress);
        code = report(&log);
    }
    for (size_t i = 0; i < log.count; i++) {
        free(log.configurations[i].name);
        free(log.configurations[i].steps);
    }
    free(log.configurations);
    return code;
}
