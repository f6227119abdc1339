/* A search as a report: the best plans, the front, and what was left out. */
#include "report/report.h"

#include "plan/space.h"

#include <string.h>

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
    for (int axis = 0; axis < AXES; axis++) {
        static const char *const labels[AXES] = {"accelerators", "t", "p", "c", "x", "v", "b"};
        bool shown = axis == AXIS_ACCELERATORS || axis == AXIS_TENSOR || axis == AXIS_PIPELINE ||
                     axis == AXIS_MICRO_BATCH || space->counts[axis] > 1;
        put_number(arena, row, variables[axis_variables[axis]].name, shown ? labels[axis] : NULL, layout[axis_variables[axis]], "1");
        if (axis == AXIS_PIPELINE)
            put_number(arena, row, "data", "d", layout[VARIABLE_DATA], "1");
    }
    put_number(arena, row, "step_seconds", "one step", values[SPEEDUP_METRIC_STEP_SECONDS], "s");
    put_number(arena, row, "run_expected_seconds", "run", values[SPEEDUP_METRIC_RUN_EXPECTED_SECONDS], "s");
    if (program->per_hour > 0)
        put_number(arena, row, "cost", "cost", values[SPEEDUP_METRIC_COST], "USD");
    put_number(arena, row, "energy", NULL, values[SPEEDUP_METRIC_ENERGY], "kWh");
    put_number(arena, row, "model_utilization", "MFU", values[SPEEDUP_METRIC_MODEL_UTILIZATION], "%");
    put_number(arena, row, "memory_peak", "peak memory", values[SPEEDUP_METRIC_MEMORY_PEAK], "B");
    struct text ids;
    text_begin(&ids, &arena->allocator);
    for (size_t i = 0; i < scenario->selection_count; i++)
        text_format(&ids, "%s%s", i ? " " : "", scenario->selections[i].optimization->head.id);
    arena->failed |= ids.failed;
    put_text(arena, row, "optimizations", "optimizations", ids.length ? report_say(arena, "%s", ids.bytes) : "none");
    text_end(&ids);
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
        {"feasible", "possible", counts.feasible},
    };
    struct node *list = put_object(&arena, root, "plans", "Plans");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        put_number(&arena, list, rows[i].key, rows[i].label, (double)rows[i].count, "1");
    uint64_t index;
    list = put_list(&arena, root, "best", counts.feasible ? "Best (t tensor, p pipeline, d data, b micro-batch)" : "Best: no plan is possible");
    for (size_t rank = 0; !speedup_result_best(result, rank, &index); rank++)
        put_plan(&arena, list, space, index);
    if (space->front_count) {
        list = put_list(&arena, root, "front", "Front: nothing is better in every one of its metrics");
        for (size_t rank = 0; rank < MOST_TOP && !speedup_result_front(result, rank, &index); rank++)
            put_plan(&arena, list, space, index);
    }
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
        bool told = figures[i].asked <= 0 || figures[i].nearest > 0; /* a cost without a price is not */
        if (told)
            put_number(&arena, row, "needs", "needs", figures[i].needs, figures[i].unit);
        else
            put_text(&arena, row, "needs", "needs", NULL);
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
