/* The `calibrate` command: what a CSV measured becomes entries of a catalog, judged on rows held back. By its
 * columns the CSV is one of speedup.measure, a log of a job's steps, a table of tuned products, or published rows. */
#include "calibrate/guess.h"
#include "calibrate/kernels.h"
#include "calibrate/progress.h"
#include "calibrate/site.h"
#include "calibrate/table.h"
#include "validation/training_rows.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { HELD_BACK = 4 /* one configuration in so many */, LEAST_ROWS = 10, SUPPORTED = 5 };

static struct judged score(const struct training_rows *rows, const bool *used)
{
    struct samples samples = {0};
    for (size_t i = 0; i < rows->count; i++) {
        struct sample *s = used[i] ? NULL : samples_add(&samples);
        if (!s)
            continue;
        s->held = true;
        s->predicted = rows->rows[i].predicted;
        s->seconds = rows->rows[i].measured;
    }
    struct judged judged = samples_judge(&samples);
    samples_free(&samples);
    return judged;
}

static void show_fitting(void *progress, size_t evaluations)
{
    progress_show(progress, evaluations, 0);
}

/* Fits, and shows that it does where that takes long. */
static bool fit_shown(const struct session *session, struct fit *fit, struct training_rows *rows, const bool *used)
{
    struct progress progress = progress_begin("fitting, trials");
    fit->progress = show_fitting;
    fit->user = &progress;
    bool good = fit_rows(session, fit, rows->rows, rows->count, used);
    progress_end(&progress);
    fit->progress = NULL;
    fit->user = NULL;
    return good;
}

/* Fits one accelerator's own coefficients, judged on a quarter of its configurations, and
 * writes them as an entry that replaces the one there is. */
static bool calibrate_accelerator(const struct session *session, struct training_rows *rows, const char *group)
{
    const char *id = session->options->accelerator;
    struct fit fit = {0};
    struct judged before = {0}, after;
    if (rows->count < 4) {
        fprintf(stderr, "speedup: %zu usable rows of '%s'; at least 4 are needed\n", rows->count, group);
        return false;
    }
    bool *used = calloc(rows->count, sizeof *used), good = used != NULL;
    for (size_t i = 0; good && i < rows->count; i++) {
        used[i] = rows->rows[i].configuration % HELD_BACK != 0;
        rows->rows[i].weight = 1;
    }
    if (good) {
        before = score(rows, used);
        good = fit_begin(&fit, rows->rows, rows->count, group) && fit_shown(session, &fit, rows, used);
    }
    if (good) {
        after = score(rows, used);
        bool supported = after.count >= SUPPORTED;
        double sigma = catalog_value(session, "coefficients", "time_sigma", "value", 0);
        fprintf(stderr, "%zu rows fitted, %zu held back by configuration\n", rows->count - after.count, after.count);
        fprintf(stderr, "held back, mean / median error: %.1f / %.1f %% as shipped, %.1f / %.1f %% fitted\n", 100 * before.mean,
                100 * before.median, 100 * after.mean, 100 * after.median);
        if (!supported)
            fprintf(stderr, "fewer than %d rows held back: the accelerator's intervals stay as they are\n", SUPPORTED);
        printf("accelerators:\n  %s:\n    base: %s\n    replaces: true\n%s    calibration:\n", id, id,
               supported ? "    provenance: fitted\n" : "");
        for (size_t i = 0; i < fit.count; i++)
            printf("      %s: %.4g\n", fit.free[i].name, fit_group_value(&fit, i, group));
        if (after.count && after.rms > sigma)
            printf("      time_sigma: %.4g\n", after.rms);
        printf("    source: fitted by 'speedup calibrate' to %zu rows; mean error on %zu held back %.1f %%\n", rows->count - after.count,
               after.count, 100 * after.mean);
    }
    fit_end(&fit);
    free(used);
    return good;
}

/* The number of free coefficients whose scope is the group's or the stack's. */
static size_t count_scope(const struct fit *fit, const char *scope)
{
    size_t count = 0;
    for (size_t i = 0; i < fit->count; i++)
        count += !strcmp(fit->free[i].scope, scope);
    return count;
}

/* Accelerators with fitted coefficients: `group` tells whose. */
static void write_accelerators(const struct session *session, const struct fit *fit)
{
    const char *id, *section = "accelerators:\n";
    for (size_t i = 0; speedup_catalog_at(session->catalog, "accelerators", i, &id, NULL) == SPEEDUP_OK; i++) {
        char group[40];
        fit_group(id, group, sizeof group);
        if (!count_scope(fit, group))
            continue;
        printf("%s  %s:\n    base: %s\n    replaces: true\n    calibration:\n", section, id, id);
        section = "";
        for (size_t c = 0; c < fit->count; c++)
            if (fit_is_of_group(fit, c, group))
                printf("      %s: %.4g\n", fit->free[c].name, fit_group_value(fit, c, group));
    }
}

/* Each stack once, with all of its own. */
static void write_stacks(const struct fit *fit)
{
    const char *section = "stacks:\n";
    for (size_t i = 0; i < fit->count; i++) {
        const char *scope = fit->free[i].scope;
        size_t first = 0;
        while (strcmp(fit->free[first].scope, scope))
            first++;
        if (first < i || strncmp(scope, "stack:", 6))
            continue;
        printf("%s  %s:\n    base: %s\n    replaces: true\n    calibration:\n", section, scope + 6, scope + 6);
        section = "";
        for (size_t c = i; c < fit->count; c++)
            if (!strcmp(fit->free[c].scope, scope))
                printf("      %s: %.4g\n", fit->free[c].name, fit_stack_value(fit, c));
    }
}

/* Fits everything that training rows can tell, to all of them, and writes it as a catalog
 * file. This made the coefficients that ship. */
static bool calibrate_all(const struct session *session, struct training_rows *rows)
{
    struct fit fit = {0};
    bool *used = calloc(rows->count + 1, sizeof *used), good = used != NULL;
    for (size_t i = 0; good && i < rows->count; i++)
        used[i] = true;
    if (good && rows->count < LEAST_ROWS) {
        fprintf(stderr, "speedup: %zu usable rows; at least %d are needed to fit everything\n", rows->count, LEAST_ROWS);
        good = false;
    }
    good = good && fit_begin(&fit, rows->rows, rows->count, NULL) && fit_shown(session, &fit, rows, used);
    if (good) {
        fprintf(stderr, "%zu coefficients fitted to %zu rows; 'speedup-validate --leave-out' judges such fits\n", fit.count, rows->count);
        printf("# Fitted by 'speedup calibrate' to %zu rows of published runs.\ncoefficients:\n", rows->count);
        for (size_t i = 0; i < fit.count; i++)
            if (!fit.free[i].scope[0])
                printf("  %s: {base: %s, replaces: true, value: %.4g, provenance: fitted}\n", fit.free[i].name, fit.free[i].name,
                       fit_group_value(&fit, i, ""));
        write_accelerators(session, &fit);
        write_stacks(&fit);
    }
    fit_end(&fit);
    free(used);
    return good;
}

/* The words of publications: as installed, else where this was built. */
static const char *words_folder(void)
{
    return access(WORDS_INSTALLED, R_OK) ? WORDS_SOURCE : WORDS_INSTALLED;
}

/* Where and with what it was measured, as the profile's source. */
static void say_machine(struct profile *profile, const struct measured_rows *rows)
{
    snprintf(profile->source, sizeof profile->source, "measured by speedup.measure");
    const struct {
        const char *format, *words;
    } said[] = {{" on %s", rows->date},    {": %s", rows->gpu},        {", PyTorch %s", rows->torch},
                {", CUDA %s", rows->cuda}, {", driver %s", rows->driver}, {"; host %s", rows->processor}};
    for (size_t i = 0; i < sizeof said / sizeof *said; i++)
        if (*said[i].words)
            profile_say(profile, said[i].format, said[i].words);
}

/* Whole blocks were not fitted: where they scatter more than steps are held to, so may steps. */
static bool judge_blocks(struct profile *profile, const struct measured_rows *rows)
{
    speedup_catalog *with = NULL;
    if (profile_catalog(profile, &with)) {
        tell_problems(profile->session);
        speedup_catalog_unref(with);
        return false;
    }
    struct session judging = *profile->session;
    judging.catalog = with;
    size_t unsteady;
    struct judged blocks = blocks_judge(&judging, rows, profile->accelerator, &unsteady);
    double sigma = profile_get(profile, "time_sigma");
    if (blocks.count)
        fprintf(stderr, "  %-28s%5d fitted%5zu held back%15s   mean %5.1f %%   median %5.1f %%\n", "whole blocks", 0, blocks.count, "",
                100 * blocks.mean, 100 * blocks.median);
    if (unsteady)
        fprintf(stderr, "  %zu blocks waited for the host, by the scatter of their times, and were left out\n", unsteady);
    if (blocks.count && blocks.rms > sigma) {
        fprintf(stderr, "  blocks scatter by %.3f, more than the %.3f of steps: the profile's time_sigma is wider\n", blocks.rms, sigma);
        profile_put(profile, "time_sigma", blocks.rms);
    }
    speedup_catalog_unref(with);
    return true;
}

static int calibrate_measured(const struct session *session, const struct csv *csv)
{
    struct measured_rows rows;
    struct profile profile = {.session = session, .accelerator = session->options->accelerator,
                              .stack = "pytorch", .shared = true};
    int code = EXIT_ERROR;
    if (!measured_read(csv, stderr, &rows)) {
        measured_free(&rows);
        return EXIT_ERROR;
    }
    if (!profile.accelerator)
        profile.accelerator = guess_accelerator(session, rows.gpu, rows.gpu_memory, rows.capability, rows.power_limit);
    if (profile.accelerator) {
        fprintf(stderr, "%s: %zu rows of %.60s, for '%s'; %zu passed over\n", csv->path, rows.count, rows.gpu, profile.accelerator,
                rows.bad + csv->bad);
        say_machine(&profile, &rows);
        kernels_fit(&rows, &profile, stderr);
        if (!profile.chip_count && !profile.software_count && !(profile.host > 0)) {
            fprintf(stderr, "speedup: nothing could be fitted; run python3 -m speedup.measure for as long as it takes\n");
        } else if (judge_blocks(&profile, &rows)) {
            profile_write(&profile, stdout);
            code = fflush(stdout) ? EXIT_ERROR : EXIT_FINE;
        }
    }
    measured_free(&rows);
    return code;
}

int run_calibrate(const struct session *session)
{
    const struct options *o = session->options;
    struct training_rows rows = {0};
    struct csv csv;
    char group[40];
    double memory;
    if (o->accelerator && speedup_catalog_number(session->catalog, "accelerators", o->accelerator, "memory", &memory)) {
        fprintf(stderr, "speedup: there is no accelerator '%s'; 'speedup catalog list accelerators' lists them\n", o->accelerator);
        return EXIT_ERROR;
    }
    if (!csv_read_good(o->arguments[0], stderr, &csv))
        return EXIT_ERROR;
    if (o->job || is_measured(&csv)) {
        int code = o->job ? calibrate_site(session, &csv) : calibrate_measured(session, &csv);
        csv_free(&csv);
        return code;
    }
    if (csv.bad) {
        csv_free(&csv);
        return EXIT_ERROR;
    }
    if (is_steps(&csv)) {
        fprintf(stderr, "speedup: name the job that these steps are of with --job FILE.yaml\n");
        csv_free(&csv);
        return EXIT_USAGE;
    }
    if (is_product_table(&csv)) {
        int code = o->accelerator ? calibrate_table(session, &csv) : EXIT_USAGE;
        if (!o->accelerator)
            fprintf(stderr, "speedup: name the accelerator of these kernels with --accelerator ID\n");
        csv_free(&csv);
        return code;
    }
    if (o->accelerator)
        fit_group(o->accelerator, group, sizeof group);
    struct words words;
    struct session reading = *session;
    reading.words = &words;
    bool good = words_read(words_folder(), session->catalog, stderr, &words) && csv_require(&csv, training_columns, stderr) &&
                training_rows_read(&reading, &csv, o->accelerator ? group : NULL, stderr, &rows);
    if (good)
        good = o->accelerator ? calibrate_accelerator(session, &rows, group) : calibrate_all(session, &rows);
    if (!good && speedup_diagnostic_count(session->context))
        tell_problems(session);
    training_rows_free(&rows);
    words_free(&words);
    csv_free(&csv);
    return good ? EXIT_FINE : EXIT_ERROR;
}
