/* The planner beside fact: for every published training configuration, the best plan of
 * a space around it, for the same model, accelerators and software. A plan that is
 * predicted slower than what somebody ran is a fault of the search; one that is
 * predicted very much faster is more often a hole in the model than a better plan. */
#include "plans.h"

#include "reasons.h"
#include "training_rows.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { CHOICE_TEXT = 200, WORST = 10 };

/* What the search may choose instead of what a row ran. The rest of a row's
 * optimizations (precision, kernels, overlap) is its software, and stays. */
static const struct {
    const char *begins[4]; /* how a row's own choice begins */
    const char *others[4]; /* what else there is to choose */
} free_choices[] = {
    {{"activation-checkpointing", "selective-checkpointing"}, {"none", "selective-checkpointing", "activation-checkpointing"}},
    {{"zero-", "fsdp", "distributed-optimizer"}, {"none", "distributed-optimizer", "zero-3"}},
    {{"sequence-parallelism"}, {"none", "sequence-parallelism"}},
};
enum { FREE_CHOICES = sizeof free_choices / sizeof *free_choices };

static const struct {
    const char *key;
    int32_t variable;
    double values[12]; /* tried beside the row's own */
} axes[] = {
    {"tensor", SPEEDUP_VARIABLE_TENSOR, {1, 2, 4, 8}},
    {"pipeline", SPEEDUP_VARIABLE_PIPELINE, {1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 64}},
    {"context", SPEEDUP_VARIABLE_CONTEXT, {1, 2}},
    {"expert", SPEEDUP_VARIABLE_EXPERT, {1, 2, 4, 8, 16, 32, 64}},
    {"virtual_stages", SPEEDUP_VARIABLE_VIRTUAL_STAGES, {1, 2, 3, 4, 6, 8, 12}},
    {"micro_batch", SPEEDUP_VARIABLE_MICRO_BATCH, {1, 2, 4, 8, 16}},
};
enum { AXES = sizeof axes / sizeof *axes };

struct compared {
    const char *id, *source;
    double published, best; /* predicted seconds of a step; best 0: nothing to compare */
    double layout[2][AXES]; /* published, best */
    char optimizations[CHOICE_TEXT];
    bool chunks;  /* its chunks differ in layers, which a plan must allow */
    bool uneven;  /* the published layout does not divide evenly, so no space has it */
    bool unfit;   /* said not to fit as described: what is left open is then taken as what needs least memory */
    bool impossible; /* nor then */
    char skipped[REASON_TEXT];
};

/* Of those, what software always has. */
static const char free_always[] = "sequence-parallelism";

/* A job's own degree of an axis. */
static double axis_of(const struct job *job, int axis)
{
    char key[40];
    snprintf(key, sizeof key, "layout.%s", axes[axis].key);
    return *job_get(job, key) ? job_number(job, key) : job_number(job, axes[axis].key);
}

static int choice_of(const char *item)
{
    for (int c = 0; c < FREE_CHOICES; c++)
        for (int i = 0; i < 4 && free_choices[c].begins[i]; i++)
            if (begins(item, free_choices[c].begins[i]))
                return c;
    return -1;
}

static speedup_status add_pick(speedup_context *context, speedup_space_builder *plan, const char *list, const struct job_pick *pick)
{
    const char *names[JOB_PARAMETERS];
    double values[JOB_PARAMETERS];
    size_t count = job_parameters(pick, names, values);
    return speedup_space_builder_add(context, plan, list, pick->id, names, values, count);
}

static speedup_status add_id(speedup_context *context, speedup_space_builder *plan, const char *list, const char *id)
{
    return speedup_space_builder_add(context, plan, list, id, NULL, NULL, 0);
}

/* What of the job stays: its model and load, on as many accelerators. */
static speedup_status keep_load(speedup_context *context, const struct job *job, bool uneven, speedup_space_builder *plan)
{
    static const char *const texts[] = {"model", "stack"}, *const numbers[] = {"sequence", "global_batch", "accelerators"};
    const struct {
        const char *key;
        double value;
    } wanted[] = {{"top", 1}, {"confidence", 0.5}, {"uneven", uneven}};
    speedup_status status = add_id(context, plan, "systems", "published");
    for (size_t i = 0; i < sizeof texts / sizeof *texts && !status; i++)
        if (*job_get(job, texts[i]))
            status = speedup_space_builder_set_text(context, plan, texts[i], job_get(job, texts[i]));
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers && !status; i++)
        if (*job_get(job, numbers[i]))
            status = speedup_space_builder_set_number(context, plan, numbers[i], job_number(job, numbers[i]));
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted && !status; i++)
        status = speedup_space_builder_set_number(context, plan, wanted[i].key, wanted[i].value);
    return status;
}

static speedup_status open_layout(speedup_context *context, const struct job *job, speedup_space_builder *plan)
{
    speedup_status status = SPEEDUP_OK;
    for (int axis = 0; axis < AXES && !status; axis++) {
        for (size_t i = 0; i < sizeof axes[axis].values / sizeof *axes[axis].values && axes[axis].values[i] > 0 && !status; i++)
            status = speedup_space_builder_add_number(context, plan, axes[axis].key, axes[axis].values[i]);
        if (!status)
            status = speedup_space_builder_add_number(context, plan, axes[axis].key, axis_of(job, axis));
    }
    return status;
}

/* What the search may choose is left to it, also where the software always has it; the rest is as the job has it. */
static speedup_status open_choices(speedup_context *context, const struct job *job, speedup_space_builder *plan)
{
    const struct job_pick *own[FREE_CHOICES] = {NULL};
    speedup_status status = speedup_space_builder_set_list(context, plan, "optimizations");
    if (!status)
        status = add_id(context, plan, "without", free_always);
    for (size_t i = 0; i < job->pick_count && !status; i++) {
        const struct job_pick *pick = &job->picks[i];
        int choice = choice_of(pick->id);
        if (choice < 0)
            status = add_pick(context, plan, pick->without ? "without" : "optimizations", pick);
        else if (!pick->without)
            own[choice] = pick;
    }
    for (int c = 0; c < FREE_CHOICES; c++) {
        char list[24];
        snprintf(list, sizeof list, "choices.%d", c);
        for (int i = 0; free_choices[c].others[i] && !status; i++)
            status = add_id(context, plan, list, free_choices[c].others[i]);
        if (own[c] && !status)
            status = add_pick(context, plan, list, own[c]);
    }
    return status;
}

/* The space around a job. */
static speedup_status space_around(const struct session *session, const struct job *job, bool uneven, speedup_space **space)
{
    const struct options *o = session->options;
    speedup_context *context = session->context;
    speedup_catalog *catalog = NULL;
    speedup_space_builder *plan = NULL;
    speedup_status status = job_catalog(session, job, &catalog);
    if (!status)
        status = speedup_space_builder_create(context, &plan);
    if (!status)
        status = keep_load(context, job, uneven, plan);
    if (!status)
        status = open_layout(context, job, plan);
    if (!status)
        status = open_choices(context, job, plan);
    for (size_t i = 0; i < o->setting_count && !status; i++)
        status = speedup_space_builder_apply(context, plan, o->settings[i]);
    if (!status)
        status = speedup_space_build(context, catalog, plan, space);
    speedup_space_builder_destroy(plan);
    speedup_catalog_unref(catalog);
    return status;
}

/* The optimizations of the best plan, from its report: what the choices came to. */
static void name_choices(const struct session *session, const speedup_result *result,
                         char names[CHOICE_TEXT])
{
    static const char key[] = "\"optimizations\": \"";
    speedup_text *report = NULL;
    names[0] = 0;
    if (speedup_report_plan(session->context, result, SPEEDUP_FORMAT_JSON, &report))
        return;
    const char *at = strstr(speedup_text_get(report), key);
    size_t length = 0;
    for (at = at ? at + sizeof key - 1 : "\""; *at != '"';) {
        size_t word = strcspn(at, " \"");
        if (choice_of(at) >= 0 && length + word + 2 < CHOICE_TEXT)
            length += (size_t)snprintf(names + length, CHOICE_TEXT - length, "%s%.*s", length ? " " : "", (int)word, at);
        at += word + (at[word] == ' ');
    }
    speedup_text_destroy(report);
}

static speedup_status search(const struct session *session, const struct job *job, struct compared *row)
{
    const struct options *o = session->options;
    speedup_space *space = NULL;
    speedup_result *result = NULL;
    double values[SPEEDUP_METRIC_COUNT], layout[SPEEDUP_VARIABLE_COUNT];
    uint64_t best;
    speedup_status status = space_around(session, job, row->chunks, &space);
    if (!status)
        status = speedup_space_search(session->context, space, 0, UINT64_MAX, o->threads, NULL, NULL, &result);
    if (!status && !(status = speedup_result_best(result, 0, &best)) &&
        !(status = speedup_space_estimate(space, best, layout, SPEEDUP_VARIABLE_COUNT, values, SPEEDUP_METRIC_COUNT))) {
        row->best = values[SPEEDUP_METRIC_STEP_SECONDS];
        for (int i = 0; i < AXES; i++)
            row->layout[1][i] = layout[axes[i].variable];
        name_choices(session, result, row->optimizations);
    }
    speedup_result_destroy(result);
    speedup_space_unref(space);
    return status;
}

static void compare(const struct session *session, const struct published_job *job, const struct job *mapped, struct compared *row)
{
    double values[SPEEDUP_METRIC_COUNT];
    speedup_scenario *scenario = NULL;
    speedup_status status = SPEEDUP_OK;
    struct job least;
    bool estimated = job_estimate(session, mapped, values, row->skipped);
    row->unfit = estimated && values[SPEEDUP_METRIC_FITS] == 0;
    if (row->unfit) {
        map_least_memory(session, job, &least);
        mapped = &least;
        estimated = job_estimate(session, mapped, values, row->skipped);
        row->impossible = estimated && values[SPEEDUP_METRIC_FITS] == 0;
    }
    if (estimated) {
        row->published = values[SPEEDUP_METRIC_STEP_SECONDS];
        bool ends = !strcmp(job_get(mapped, "layout.ends_as_layers"), "true");
        for (int i = 0; i < AXES; i++)
            row->layout[0][i] = axis_of(mapped, i);
        /* The same job must be possible without leave to be uneven. */
        static const char *const even[] = {"train.uneven=false", "train.layout.ends_as_layers=false",
                                           "train.layout.virtual_stages=1"};
        status = job_scenario(session, mapped, even, 2, &scenario);
        row->uneven = status != SPEEDUP_OK || ends;
        speedup_scenario_unref(scenario);
        if (row->uneven) { /* by its chunks alone? */
            status = job_scenario(session, mapped, even, 3, &scenario);
            row->chunks = status == SPEEDUP_OK && !ends;
            row->uneven = !row->chunks;
            speedup_scenario_unref(scenario);
        }
        status = search(session, mapped, row);
    }
    const char *message = speedup_diagnostic_message(session->context, 0);
    if (estimated && status)
        snprintf(row->skipped, sizeof row->skipped, "%s", status == SPEEDUP_NOT_FOUND ? "no plan fits" : message ? message : speedup_status_text(status));
}

/* ---- what came of it ---------------------------------------------------------------- */

static double gain_of(const struct compared *row)
{
    return row->published / row->best;
}

static bool comparable(const struct compared *row)
{
    return !row->uneven && !row->unfit;
}

/* Rows that can be compared first, and of them the largest gain. */
static int by_gain(const void *a, const void *b)
{
    const struct compared *x = a, *y = b;
    if (comparable(x) != comparable(y))
        return comparable(x) ? -1 : 1;
    return (gain_of(x) < gain_of(y)) - (gain_of(x) > gain_of(y));
}

struct summary {
    size_t all, n, slower, uneven, unfit, skipped; /* n: comparable */
    double least, median, p90, most;
};

static struct summary summarize(const struct compared *sorted, size_t count)
{
    struct summary s = {.all = count};
    for (size_t i = 0; i < count; i++) {
        s.n += comparable(&sorted[i]);
        s.uneven += sorted[i].uneven;
        s.unfit += !sorted[i].uneven && sorted[i].unfit;
        s.slower += !sorted[i].uneven && !sorted[i].impossible && gain_of(&sorted[i]) < 1;
    }
    if (s.n) {
        s.most = gain_of(&sorted[0]);
        s.p90 = gain_of(&sorted[s.n / 10]);
        s.median = gain_of(&sorted[s.n / 2]);
        s.least = gain_of(&sorted[s.n - 1]);
    }
    return s;
}

static void print_layout(const double layout[AXES])
{
    for (int i = 0; i < AXES; i++)
        printf(" %4.0f", layout[i]);
}

static void print_text(const struct compared *rows, const struct summary *s, const struct reasons *reasons)
{
    printf("the best plan beside the published layout, both predicted\n"
           "  configurations, each once         %5zu\n"
           "  layers or batch not even          %5zu  (no space has them)\n"
           "  more memory than there is         %5zu  (taken with all recomputed)\n"
           "  the others                        %5zu\n"
           "  best plan predicted slower        %5zu  (of all but the uneven)\n"
           "  gain: least, median, 90 %%, most   %5.3f  %.3f  %.3f  %.3f\n"
           "  rows skipped                      %5zu\n",
           s->all, s->uneven, s->unfit, s->n, s->slower, s->least, s->median, s->p90, s->most, s->skipped);
    printf("\nlargest gains (t tensor, p pipeline, c context, x expert, v virtual stages, b micro-batch)\n"
           "  %-12s %9s %9s %6s     t    p    c    x    v    b  %s\n", "row", "published", "best", "gain", "choices of the best; source");
    for (size_t i = 0; i < s->n && i < WORST; i++) {
        const struct compared *row = &rows[i];
        printf("  %-12s %9.4g %9s %6.3f ", row->id, row->published, "", gain_of(row));
        print_layout(row->layout[0]);
        printf("\n  %-12s %9s %9.4g %6s ", "", "", row->best, "");
        print_layout(row->layout[1]);
        printf("  %s; %s\n", *row->optimizations ? row->optimizations : "none", row->source);
    }
    reasons_print(reasons);
}

static void print_json_layout(const char *key, const double layout[AXES])
{
    printf(", \"%s\": {", key);
    for (int i = 0; i < AXES; i++)
        printf("%s\"%s\": %.0f", i ? ", " : "", axes[i].key, layout[i]);
    printf("}");
}

static void print_json(const struct compared *rows, const struct summary *s, const struct reasons *reasons)
{
    printf("{\"overall\": {\"configurations\": %zu, \"uneven\": %zu, \"unfit\": %zu, \"n\": %zu, \"slower\": %zu, \"least\": %.6g, \"median\": %.6g, \"p90\": %.6g, "
           "\"most\": %.6g, \"skipped\": %zu, \"skipped_by_reason\": ",
           s->all, s->uneven, s->unfit, s->n, s->slower, s->least, s->median, s->p90, s->most, s->skipped);
    reasons_print_json(reasons);
    printf("},\n \"rows\": [");
    for (size_t i = 0; i < s->all; i++) {
        const struct compared *row = &rows[i];
        printf("%s\n  {\"id\": ", i ? "," : "");
        print_string(row->id);
        printf(", \"source\": ");
        print_string(row->source);
        printf(", \"published\": %.17g, \"best\": %.17g, \"gain\": %.6g, \"uneven\": %s, \"unfit\": %s", row->published, row->best, gain_of(row),
               row->uneven ? "true" : "false", row->unfit ? "true" : "false");
        print_json_layout("published_layout", row->layout[0]);
        print_json_layout("best_layout", row->layout[1]);
        printf(", \"best_choices\": \"%s\"}", row->optimizations);
    }
    printf("]}\n");
}

static void show_progress(time_t begun, size_t done, size_t count)
{
    if (isatty(STDERR_FILENO) && time(NULL) - begun > 2)
        fprintf(stderr, "\rplanned %zu of %zu rows%s", done, count, done < count ? "" : "\n");
}

bool validate_plans(const struct session *session, const struct csv *csv)
{
    struct compared *rows = calloc(csv->rows + 1, sizeof *rows);
    struct job *jobs = calloc(csv->rows + 1, sizeof *jobs);
    struct reasons reasons = {.count = 0};
    size_t count = 0, skipped = 0;
    bool good = rows && jobs;
    time_t begun = time(NULL);
    int id = csv_column(csv, "id"), source = csv_column(csv, "source");
    for (size_t i = 0; rows && jobs && i < csv->rows; i++) {
        struct published_job job;
        struct compared *row = &rows[count];
        char why[REASON_TEXT];
        if (!published_read(csv, i, &job, why)) {
            skipped++;
            good &= reasons_add(&reasons, why);
            continue;
        }
        map_job(session, &job, &jobs[count]);
        bool known = jobs[count].skipped[0] != 0;
        skipped += known;
        good &= !known || reasons_add(&reasons, jobs[count].skipped);
        for (size_t j = 0; j < count && !known; j++)
            known = job_equal(&jobs[j], &jobs[count]);
        if (known)
            continue;
        *row = (struct compared){.id = csv_text(csv, i, id), .source = csv_text(csv, i, source)};
        compare(session, &job, &jobs[count], row);
        if (row->skipped[0]) {
            skipped++;
            good &= reasons_add(&reasons, row->skipped);
        } else {
            count++;
        }
        show_progress(begun, i + 1, csv->rows);
    }
    if (good) {
        qsort(rows, count, sizeof *rows, by_gain);
        struct summary s = summarize(rows, count);
        s.skipped = skipped;
        (session->options->json ? print_json : print_text)(rows, &s, &reasons);
    }
    reasons_free(&reasons);
    free(rows);
    free(jobs);
    return good;
}
