/* The axes as a table, and why a layout is not possible: the rules of layout.def over the
 * numbers of one layout, with their reasons. */
#include "estimate/layout.h"

const struct axis_info layout_axes[AXES] = {
#define WHOLE_COUNT true
#define WHOLE_FLAG true
#define WHOLE_LOAD false
#define SPREADS true
#define STAYS false
#define SEARCHED_COUNT true
#define SEARCHED_LOAD true
#define SEARCHED_FLAG false
#define AXIS(NAME, name, KINDS, SECTION, TYPE, RANKS, first, least, most, label, SHOWN, legend, ...) \
    {VARIABLE_##NAME, KINDS_##KINDS, KINDS_##SHOWN, WHOLE_##TYPE, RANKS, SEARCHED_##TYPE, first, least, most, label, legend},
#include "estimate/axis.def"
#undef AXIS
};

void layout_begin(double layout[VARIABLES])
{
    for (int axis = 0; axis < AXES; axis++)
        layout[layout_axes[axis].variable] = layout_axes[axis].first;
}

/* One layout in every lane. */
static void spread(const double layout[VARIABLES], lanes v[VARIABLES])
{
    for (int i = 0; i < VARIABLES; i++)
        v[i] = lanes_of(layout[i]);
}

void layout_follow(const struct job *job, double layout[VARIABLES])
{
    lanes v[VARIABLES];
    spread(layout, v);
    kernel_plain.derive(job, v);
    layout[VARIABLE_DATA] = v[VARIABLE_DATA][0];
    layout[VARIABLE_ACCUMULATION] = v[VARIABLE_ACCUMULATION][0];
}

bool layout_is_possible(const struct job *job, const double layout[VARIABLES])
{
    lanes v[VARIABLES];
    lane_mask possible;
    spread(layout, v);
    kernel_plain.complete(job, v, &possible);
    return possible[0];
}

/* What no field of YAML lets through, but a caller may. */
static bool explain_ranges(speedup_context *context, const struct job *job, const double layout[VARIABLES], const struct place *where)
{
    bool good = true;
    for (int i = 0; i < AXES; i++) {
        const struct axis_info *axis = &layout_axes[i];
        double value = layout[axis->variable];
        bool has = axis_has((enum axis)i, job->kind) && !(i == AXIS_CONCURRENCY && job->inference.request_rate > 0);
        bool whole = axis->whole || !job->inference.serving;
        if (has ? value >= axis->least && value <= axis->most && (!whole || value == floor(value)) : value == axis->first)
            continue;
        good = false;
        if (has)
            problem(context, SPEEDUP_OUT_OF_RANGE, where, "'%s' must be a%s number from %.0f to %.0f", variable_name((int)axis->variable),
                    whole ? " whole" : "", axis->least, axis->most);
        else
            problem(context, SPEEDUP_INCONSISTENT, where, "'%s' is not of this job", variable_name((int)axis->variable));
    }
    return good;
}

#define WHOLE(x) ((x) == floor(x))
#define DIVIDES(part, whole) WHOLE((whole) / (part))

static void explain(speedup_context *problems, const struct job *job, double front, const double layout[VARIABLES],
                    const struct place *where, const struct place *batch)
{
    const struct place *const place_LAYOUT = where, *const place_BATCH = batch;
    const int uneven = job->relaxed, splits = !job->unsplit;
    const double heads = floor(job->model->heads), layers = job->model->layers, experts = job->model->experts.count, global_batch = job->global_batch;
    const double engine = job->rollout ? job->rollout->tensor : 1;
    double ranks = 1;
    if (!explain_ranges(problems, job, layout, where))
        return;
    for (int axis = 0; axis < AXES; axis++)
        if (layout_axes[axis].spreads)
            ranks *= layout[layout_axes[axis].variable];
    const double pool = layout[VARIABLE_ACCELERATORS] - front, data = pool / ranks;
    const bool copies = WHOLE(data) && data >= 1;
#define AXIS(NAME, name, ...)                      \
    const double name = layout[VARIABLE_##NAME]; \
    (void)name;
#include "estimate/axis.def"
#undef AXIS
#define LAYOUT_RULE(NAME, KINDS, PLACE, condition, ...)                        \
    if ((KINDS_##KINDS >> job->kind & 1) && !(condition)) {                    \
        problem(problems, SPEEDUP_DOES_NOT_DIVIDE, place_##PLACE, __VA_ARGS__); \
        if (!copies)                                                           \
            return;                                                            \
    }
#include "estimate/layout.def"
#undef LAYOUT_RULE
}

void layout_explain(speedup_context *context, const struct job *job, const double layout[VARIABLES], const struct place *where,
                    const struct place *batch)
{
    explain(context, job, job->inference.front.accelerators, layout, where, batch);
}

void layout_explain_front(speedup_context *context, const struct job *job, const double layout[VARIABLES], const struct place *where)
{
    explain(context, job, 0, layout, where, where);
}
