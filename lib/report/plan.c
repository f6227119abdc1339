/* A search as a report: the best plans, the front, and what was left out. */
#include "report/report.h"

#include "plan/space.h"

#include <string.h>

/* A plan's degrees, as a table has them: those that differ, and those that everybody asks for. */
static void put_layout(struct arena *arena, struct node *row, const speedup_space *space, const double *layout)
{
    static const struct {
        const char *label;
        bool training, serving; /* shown though it has one value */
    } axes[AXES] = {
        [AXIS_ACCELERATORS] = {"accelerators", true, true}, [AXIS_TENSOR] = {"t", true, true},
        [AXIS_PIPELINE] = {"p", true, true},                [AXIS_CONTEXT] = {"c", false, false},
        [AXIS_EXPERT] = {"x", false, false},                [AXIS_VIRTUAL_STAGES] = {"v", false, false},
        [AXIS_MICRO_BATCH] = {"b", true, false},            [AXIS_ATTENTION_DATA] = {"a", false, false},
        [AXIS_CONCURRENCY] = {"in flight", false, true},
    };
    bool serving = space->kind == JOB_INFERENCE;
    for (int axis = 0; axis < AXES; axis++) {
        double value = layout[axis_variables[axis]];
        bool shown = (serving ? axes[axis].serving : axes[axis].training) || space->counts[axis] > 1;
        bool has = axis <= AXIS_PIPELINE || axis == AXIS_EXPERT || serving == (axis >= AXIS_ATTENTION_DATA);
        if (has && value > 0) /* a rate has no number in flight */
            put_number(arena, row, variables[axis_variables[axis]].name, shown ? axes[axis].label : NULL, value, "1");
        if (axis == AXIS_PIPELINE)
            put_number(arena, row, "data", "d", layout[VARIABLE_DATA], "1");
    }
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
    {JOB_KINDS, "out_of_memory", NULL, "%", SPEEDUP_METRIC_OUT_OF_MEMORY},
};

static void put_plan(struct arena *arena, struct node *list, const speedup_space *space, uint64_t index)
{
    double layout[VARIABLES], values[METRICS];
    if (speedup_space_estimate(space, index, layout, VARIABLES, values, METRICS))
        return;
    const struct program *program = &space->programs[index / space->layouts];
    const speedup_scenario *scenario = program->scenario;
    struct node *row = put_object(arena, list, NULL, NULL);
    put_number(arena, row, "index", NULL, (double)index, "1");
    put_text(arena, row, "system", "system", scenario->system->head.id);
    if (program->price)
        put_text(arena, row, "price", NULL, program->price->head.id);
    put_layout(arena, row, space, layout);
    for (size_t i = 0; i < sizeof plan_figures / sizeof *plan_figures; i++) {
        const struct plan_figure *figure = &plan_figures[i];
        bool has = figure->kind == JOB_KINDS || figure->kind == (int8_t)space->kind;
        if (has && (figure->metric != SPEEDUP_METRIC_COST || program->per_hour > 0))
            put_number(arena, row, figure->key, figure->label, values[figure->metric], figure->unit);
    }
    /* What the software always has is no choice. */
    size_t first = scenario->baseline_count;
    struct text ids;
    text_begin(&ids, &arena->allocator);
    for (size_t i = first; i < scenario->selection_count; i++)
        text_format(&ids, "%s%s", i > first ? " " : "", scenario->selections[i].optimization->head.id);
    arena->failed |= ids.failed;
    put_text(arena, row, "optimizations", "optimizations", ids.length ? report_say(arena, "%s", ids.bytes) : "none");
    text_end(&ids);
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

/* When nothing is possible: the plan that comes nearest, and what it misses most. */
static void put_nearest(struct arena *arena, struct node *root, const speedup_space *space, const speedup_result *result)
{
    struct miss miss;
    if (!result_nearest(result, &miss))
        return;
    double values[METRICS] = {0};
    speedup_space_estimate(space, miss.index, NULL, 0, values, METRICS);
    const speedup_scenario *scenario = space->programs[miss.index / space->layouts].scenario;
    const struct limit_info memory = {"memory", "B", "it needs"}, *info = miss.limit < LIMITS ? &limit_infos[miss.limit] : &memory;
    double allowed = miss.limit < LIMITS ? space->limits[miss.limit] : scenario->job.memory;
    double taken = miss.limit == LIMIT_RATE ? allowed / miss.ratio : miss.ratio * allowed;
    const char *unit = miss.limit == LIMIT_BUDGET && space->kind == JOB_INFERENCE ? "USD/h" : info->unit;
    struct node *object = put_object(arena, root, "nearest", "Nearest to being possible");
    put_text(arena, object, "constraint", "misses", info->key);
    put_number(arena, object, "needs", info->text, taken, unit);
    put_number(arena, object, "allowed", "where there is", allowed, unit);
    put_number(arena, object, "ratio", "by a factor of", miss.ratio, "1");
    if (miss.limit == LIMITS)
        put_number(arena, object, "out_of_memory", "out of memory", values[SPEEDUP_METRIC_OUT_OF_MEMORY], "%");
    struct node *list = put_list(arena, root, "nearest_plan", "With");
    put_plan(arena, list, space, miss.index);
}

speedup_status speedup_report_plan(speedup_context *context, const speedup_space *space, const speedup_result *result,
                                   int32_t format, speedup_text **text)
{
    if (text)
        *text = NULL;
    if (!context || !space || !result || !text)
        return SPEEDUP_INVALID_ARGUMENT;
    diagnostics_clear(context);
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
    struct node *list = put_object(&arena, root, "plans", "Plans");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        put_number(&arena, list, rows[i].key, rows[i].label, (double)rows[i].count, "1");
    uint64_t index;
    list = put_list(&arena, root, "best", !counts.feasible                  ? "Best: no plan is possible"
                                            : space->kind == JOB_TRAINING ? "Best (t tensor, p pipeline, d data, b micro-batch)"
                                                                          : "Best (t tensor, p pipeline, d copies of the model)");
    for (size_t rank = 0; !speedup_result_best(result, rank, &index); rank++)
        put_plan(&arena, list, space, index);
    if (!counts.feasible)
        put_nearest(&arena, root, space, result);
    if (space->front_count) {
        list = put_list(&arena, root, "front", "Front: nothing is better in every one of its metrics");
        for (size_t rank = 0; rank < MOST_TOP && !speedup_result_front(result, rank, &index); rank++)
            put_plan(&arena, list, space, index);
    }
    put_assumed(&arena, root, space, format);
    speedup_status status = report_finish(context, &arena, root, format, text);
    arena_end(&arena);
    return status;
}

speedup_status speedup_report_verdict(speedup_context *context, const speedup_request *request,
                                      const speedup_verdict *verdict, int32_t format, speedup_text **text)
{
    static const char *const verdicts[] = {"admit", "warn", "refuse"};
    static const struct {
        uint32_t bit;
        const char *name, *text;
    } reasons[] = {
        {SPEEDUP_REASON_MEMORY, "memory", "it may not fit in memory"},
        {SPEEDUP_REASON_TIME, "time", "it may not end in time"},
        {SPEEDUP_REASON_BUDGET, "budget", "it may cost more than the budget"},
        {SPEEDUP_REASON_ACCELERATORS, "accelerators", "it needs more accelerators than granted"},
        {SPEEDUP_REASON_INPUT, "input", "the scenario has errors"},
    };
    if (text)
        *text = NULL;
    if (!context || !request || request->struct_size < sizeof *request || !verdict ||
        verdict->struct_size < sizeof *verdict || verdict->verdict < 0 || verdict->verdict > SPEEDUP_REFUSE || !text)
        return SPEEDUP_INVALID_ARGUMENT;
    diagnostics_clear(context);
    const struct {
        uint32_t bit;
        const char *name, *unit;
        double needs, asked, nearest;
    } figures[] = {
        {SPEEDUP_REASON_MEMORY, "memory", "B", verdict->memory, request->memory, verdict->nearest.memory},
        {SPEEDUP_REASON_TIME, "time", "s", verdict->seconds, request->time_limit, verdict->nearest.time_limit},
        {SPEEDUP_REASON_BUDGET, "cost", "USD", verdict->cost, request->budget, verdict->nearest.budget},
        {SPEEDUP_REASON_ACCELERATORS, "accelerators", "1", verdict->accelerators, request->accelerators, verdict->nearest.accelerators},
    };
    struct arena arena;
    arena_begin(&arena, &context->allocator);
    struct node *root = report_begin(&arena);
    put_text(&arena, root, "verdict", "verdict", verdicts[verdict->verdict]);
    put_number(&arena, root, "out_of_memory", NULL, verdict->out_of_memory, "%");
    struct node *list = verdict->reasons ? put_list(&arena, root, "reasons", "because") : put_list(&arena, root, "reasons", NULL);
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        if (verdict->reasons & reasons[i].bit)
            put_text(&arena, list, NULL, NULL, format == SPEEDUP_FORMAT_JSON ? reasons[i].name : reasons[i].text);
    list = put_list(&arena, root, "figures", verdict->reasons & SPEEDUP_REASON_INPUT ? NULL : "Needs, as sure as the policy asks");
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++) {
        struct node *row = put_object(&arena, list, NULL, NULL);
        put_text(&arena, row, "name", "", figures[i].name);
        put_number(&arena, row, "needs", "needs", figures[i].needs, figures[i].unit);
        if (figures[i].asked > 0)
            put_number(&arena, row, "requested", "requested", figures[i].asked, figures[i].unit);
        else
            put_text(&arena, row, "requested", "requested", NULL);
        bool raise = figures[i].asked > 0 && figures[i].nearest > figures[i].asked;
        if (raise)
            put_number(&arena, row, "nearest", "would be admitted", figures[i].nearest, figures[i].unit);
        else
            put_text(&arena, row, "nearest", "would be admitted", NULL);
    }
    speedup_status status = report_finish(context, &arena, root, format, text);
    arena_end(&arena);
    return status;
}
