/* A search as a report: the best plans, the front, and what was left out. */
#include "report/report.h"

#include "plan/search.h"

#include <string.h>

/* A plan's degrees, as a table has them: those that differ, and those that everybody asks for. */
static void put_layout(struct arena *arena, struct node *row, const speedup_space *space, const double *layout)
{
    for (int i = 0; i < AXES; i++) {
        const struct axis_info *axis = &layout_axes[i];
        double value = layout[axis->variable];
        bool shown = axis->shown >> space->kind & 1 || space->counts[i] > 1;
        if (axis->searched && axis_has((enum axis)i, space->kind) && value > 0) /* a rate has no number in flight */
            put_number(arena, row, variable_name((int)axis->variable), shown ? axis->label : NULL, value, "1");
        if (i == AXIS_PIPELINE)
            put_number(arena, row, "data", "d", layout[VARIABLE_DATA], "1");
    }
}

/* The title of the best plans, with what the heads of its columns mean. */
static const char *best_title(struct arena *arena, const speedup_space *space, bool any)
{
    bool training = space->kind == JOB_TRAINING;
    const char *legend = "";
    for (int i = 0; i < AXES; i++) {
        const struct axis_info *axis = &layout_axes[i];
        if (axis->searched && axis_has((enum axis)i, space->kind) && *axis->legend)
            legend = report_say(arena, "%s%s%s %s", legend, *legend ? ", " : "", axis->label, axis->legend);
        if (i == AXIS_PIPELINE)
            legend = report_say(arena, training ? "%s, d data" : "%s, d copies of the model", legend);
    }
    return !any ? "Best: no plan is possible"
                : report_say(arena, training ? "Best (%s; MFU of the dense 16-bit peak)" : "Best (%s)", legend);
}

/* The figures of a plan, by kind of job. */
static const struct plan_figure {
    int8_t kind;
    const char *key, *label, *unit;
    int32_t metric;
} plan_figures[] = {
    {JOB_TRAINING, "step_seconds", "one step", "s", SPEEDUP_METRIC_STEP_SECONDS},
    {JOB_TRAINING, "run_expected_seconds", "run", "s", SPEEDUP_METRIC_RUN_EXPECTED_SECONDS},
    {JOB_TRAINING, "cost", "cost", "USD", SPEEDUP_METRIC_COST},
    {JOB_TRAINING, "energy", NULL, "kWh", SPEEDUP_METRIC_ENERGY},
    {JOB_TRAINING, "model_utilization", "MFU", "%", SPEEDUP_METRIC_MODEL_UTILIZATION},
    {JOB_INFERENCE, "time_to_first_token", "first token", "s", SPEEDUP_METRIC_TIME_TO_FIRST_TOKEN},
    {JOB_INFERENCE, "time_per_output_token", "per token", "s", SPEEDUP_METRIC_TIME_PER_OUTPUT_TOKEN},
    {JOB_INFERENCE, "requests_per_second", NULL, "1/s", SPEEDUP_METRIC_REQUESTS_PER_SECOND},
    {JOB_INFERENCE, "tokens_per_second", NULL, "tokens/s", SPEEDUP_METRIC_TOKENS_PER_SECOND},
    {JOB_INFERENCE, "tokens_per_second_per_accelerator", "per accelerator", "tokens/s", SPEEDUP_METRIC_TOKENS_PER_SECOND_PER_ACCELERATOR},
    {JOB_INFERENCE, "load", NULL, "1", SPEEDUP_METRIC_LOAD},
    {JOB_INFERENCE, "cost", "1 M tokens", "USD", SPEEDUP_METRIC_COST},
    {JOB_INFERENCE, "energy", NULL, "kWh", SPEEDUP_METRIC_ENERGY},
    {JOB_KINDS, "memory_peak", "peak memory", "B", SPEEDUP_METRIC_MEMORY_PEAK},
    {JOB_TRAINING, "out_of_memory", "out of memory", "%", SPEEDUP_METRIC_OUT_OF_MEMORY},
    {JOB_INFERENCE, "out_of_memory", NULL, "%", SPEEDUP_METRIC_OUT_OF_MEMORY}, /* its cache takes what there is */
};

/* How far a figure may be off, nine times in ten: within a factor of one and this. */
static double width_of(const double *values, int32_t metric)
{
    const double usual = 0.9;
    double low, high;
    bool known = values[metric] > 0 && !speedup_metric_interval(values, METRICS, metric, usual, &low, &high);
    return known ? high / values[metric] - 1 : 0;
}

void report_figures(struct arena *arena, struct node *row, const speedup_space *space, const double *values)
{
    for (size_t i = 0; i < sizeof plan_figures / sizeof *plan_figures; i++) {
        const struct plan_figure *figure = &plan_figures[i];
        bool has = figure->kind == JOB_KINDS || figure->kind == (int8_t)space->kind;
        if (has && (figure->metric != SPEEDUP_METRIC_COST || values[figure->metric] > 0)) /* not without a price */
            put_number(arena, row, figure->key, figure->label, values[figure->metric], figure->unit);
    }
    int32_t time = space->kind == JOB_TRAINING ? SPEEDUP_METRIC_STEP_SECONDS : SPEEDUP_METRIC_TIME_PER_OUTPUT_TOKEN;
    put_number(arena, row, "time_width", "time within", width_of(values, time), "%");
    put_number(arena, row, "memory_width", NULL, width_of(values, SPEEDUP_METRIC_MEMORY_PEAK), "%");
}

void report_plan_row(struct arena *arena, struct node *row, const speedup_space *space, uint64_t index)
{
    double layout[VARIABLES], values[METRICS];
    if (speedup_space_estimate(space, index, layout, VARIABLES, values, METRICS))
        return;
    const struct program *program = &space->programs[index / space->layouts];
    const speedup_scenario *scenario = program->scenario;
    put_number(arena, row, "index", NULL, (double)index, "1");
    put_text(arena, row, "system", "system", scenario->system->head.id);
    if (program->price)
        put_text(arena, row, "price", NULL, program->price->head.id);
    put_layout(arena, row, space, layout);
    report_figures(arena, row, space, values);
    /* What the software always has is no choice. */
    size_t first = scenario->baseline_count;
    struct text ids;
    text_begin(&ids, &arena->allocator);
    for (size_t i = first; i < scenario->selection_count; i++)
        text_format(&ids, "%s%s", i > first ? " " : "", scenario->selections[i].optimization->head.id);
    arena->failed |= ids.failed;
    put_text(arena, row, "optimizations", "optimizations", ids.length ? report_say(arena, "%s", ids.bytes) : "none");
    text_end(&ids);
    put_nulls(arena, row, space->kind == JOB_TRAINING ? KEYS_RUN : KEYS_SERVICE);
}

/* Of the best plan. */
static void put_commands(struct arena *arena, struct node *root, const speedup_space *space, uint64_t index)
{
    double layout[VARIABLES], values[METRICS];
    if (!speedup_space_estimate(space, index, layout, VARIABLES, values, METRICS))
        report_commands(arena, root, space->programs[index / space->layouts].scenario, layout, values);
}

/* Of what was not said, what was taken. */
static void put_assumed(struct arena *arena, struct node *root, const speedup_space *space, int32_t format)
{
    struct node *list = space->assumed_count ? put_list(arena, root, "assumed", "Taken, because the plan does not say") : NULL;
    for (size_t i = 0; i < space->assumed_count; i++) {
        const struct assumption *a = &space->assumed[i];
        if (format == SPEEDUP_FORMAT_TEXT) {
            /* Long lists and reasons make no table. */
            put_text(arena, list, NULL, NULL, report_say(arena, *a->why ? "%s: %s  # %s" : "%s: %s", a->key, a->value, a->why));
            continue;
        }
        struct node *row = put_object(arena, list, NULL, NULL);
        put_text(arena, row, "key", NULL, a->key);
        put_text(arena, row, "value", NULL, a->value);
        put_text(arena, row, "why", NULL, a->why);
    }
}

static speedup_status report_plan(speedup_context *context, const speedup_result *result, uint32_t threads, int32_t format,
                                  speedup_text **text)
{
    if (text)
        *text = NULL;
    REQUIRE_GIVEN(context, context);
    REQUIRE_GIVEN(context, result);
    REQUIRE_GIVEN(context, text);
    diagnostics_clear(context);
    const speedup_space *space = result->space;
    struct arena arena;
    arena_begin(&arena, &context->allocator);
    struct node *root = report_begin(&arena);
    speedup_counts counts = {.struct_size = sizeof counts};
    speedup_result_counts(result, &counts);
    const struct {
        const char *key, *label;
        uint64_t count;
    } rows[] = {
        {"size", "in the space", counts.size},
        {"searched", "looked at", counts.searched},
        {"conflicting", "optimizations conflict or lack something", counts.conflicting},
        {"not_dividing", "layout does not divide", counts.not_dividing},
        {"not_fitting", "memory does not suffice", counts.not_fitting},
        {"constrained", "outside the constraints", counts.constrained},
        {"off_target", space->kind == JOB_INFERENCE ? "a target is missed, or the rate not served" : NULL, counts.off_target},
        {"feasible", "possible", counts.feasible},
    };
    size_t first = 0;
    while (first < space->program_count && !space->programs[first].scenario)
        first++;
    if (first < space->program_count)
        report_window(&arena, root, space->programs[first].scenario);
    struct node *list = put_object(&arena, root, "plans", "Plans");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        put_number(&arena, list, rows[i].key, rows[i].label, (double)rows[i].count, "1");
    /* After a stop the best so far is told with how far it can be from the optimum. */
    double bound, gap;
    speedup_status found = speedup_result_gap(result, &bound, &gap);
    const char *unit = report_word(space->goal.metric).unit;
    bool stopped = counts.searched < counts.size;
    bool known = bound != 0;
    put_number(&arena, list, "bound", stopped && known ? "no plan is below" : NULL, known ? bound : (double)INFINITY, unit);
    put_number(&arena, list, "gap", stopped && known && !found ? "the best is above the optimum by at most" : NULL,
               found || !known ? (double)INFINITY : gap, "%");
    uint64_t index;
    list = put_list(&arena, root, "best", best_title(&arena, space, counts.feasible > 0));
    for (size_t rank = 0; !speedup_result_best(result, rank, &index); rank++)
        report_plan_row(&arena, put_object(&arena, list, NULL, NULL), space, index);
    if (space->front_count) {
        if (result->front_count > MOST_TOP)
            put_number(&arena, root, "front_size", "The front has more plans than are told", (double)result->front_count, "1");
        list = put_list(&arena, root, "front", "Front: nothing is better in every one of its metrics");
        for (size_t rank = 0; rank < MOST_TOP && !speedup_result_front(result, rank, &index); rank++)
            report_plan_row(&arena, put_object(&arena, list, NULL, NULL), space, index);
    }
    report_why(context, &arena, root, result, threads);
    if (!speedup_result_best(result, 0, &index))
        put_commands(&arena, root, space, index);
    put_assumed(&arena, root, space, format);
    put_nulls(&arena, root, KEYS_PLAN);
    speedup_status status = report_finish(context, &arena, root, format, text);
    arena_end(&arena);
    return status;
}

speedup_status speedup_report_plan(speedup_context *context, const speedup_result *result, int32_t format, speedup_text **text)
{
    return report_plan(context, result, 0, format, text);
}

speedup_status speedup_report_plan_why(speedup_context *context, const speedup_result *result, uint32_t threads,
                                       int32_t format, speedup_text **text)
{
    if (text)
        *text = NULL;
    REQUIRE_THREADS(context, threads);
    return report_plan(context, result, threads, format, text);
}
