/* Why the best plan is the best, in words: made by rule from differences of estimates,
 * and from searches with other limits. Knows no optimization by name. */
#include "report/report.h"

#include "base/struct.h"

#include "plan/why.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* What changes less than this share is not told as a reason. */
static const double notable = 1e-3;

/* A clause more of a reason. */
static const char *also(struct arena *arena, const char *said, const char *clause)
{
    return *said ? report_say(arena, "%s; %s", said, clause) : clause;
}

const char *report_reason(struct arena *arena, const speedup_contribution *c)
{
    const char *said = "";
    if (c->superseded)
        return "superseded by another of the plan";
    if (c->term && fabs(c->marginal - 1) > notable) { /* marginal 0: there is no time to compare */
        const char *what = report_word(c->term).text, *old = report_quantity(arena, "s", c->term_before),
                   *new = report_quantity(arena, "s", c->term_after), *share = report_quantity(arena, "%", c->term_share);
        said = c->seconds < 0 ? report_say(arena, "costs time: %s: %s instead of %s", what, new, old)
                              : report_say(arena, "%s: %s instead of %s (%s of the time without it: the most there is to save)",
                                           what, new, old, share);
    }
    /* A megabyte: less is no reason on any accelerator. */
    if (fabs(c->bytes) > 1e6)
        said = also(arena, said, report_say(arena, "%s %s, mostly of %s", c->bytes > 0 ? "saves" : "takes",
                                            report_quantity(arena, "B", fabs(c->bytes)), report_word(c->component).text));
    if (c->lacking > 0)
        said = also(arena, said, report_say(arena, "without it the job does not fit, by %s", report_quantity(arena, "B", c->lacking)));
    return *said ? said : "changes nothing here: no term of time and no component of memory differs by a notable part";
}

void report_step_reason(struct arena *arena, struct node *row, const speedup_scenario *scenario,
                        const struct waterfall_step *step, const double *before)
{
    speedup_contribution c = {.superseded = step->superseded};
    bool timed = scenario->job.kind == JOB_TRAINING || (before && before[SPEEDUP_METRIC_FITS] != 0 && step->values[SPEEDUP_METRIC_FITS] != 0);
    if (step->added && timed)
        plan_contribution(&scenario->job, before, step->values, &c);
    c.lacking = 0; /* the row says what fits */
    put_text(arena, row, "reason", NULL, step->added && timed ? report_reason(arena, &c) : NULL);
}

speedup_status speedup_report_contribution(speedup_context *context, const speedup_contribution *contribution,
                                           speedup_text **text)
{
    if (text)
        *text = NULL;
    speedup_contribution own;
    REQUIRE_GIVEN(context, context);
    REQUIRE_GIVEN(context, contribution);
    REQUIRE_GIVEN(context, text);
    REQUIRE_IN(context, speedup_contribution, &own, contribution);
    REQUIRE(context, !own.reserved, "argument 'contribution': reserved is 0");
    REQUIRE(context, own.term >= 0 && own.term < METRICS, "argument 'contribution' has the term %d, which there is not", own.term);
    REQUIRE(context, own.component >= 0 && own.component < METRICS,
            "argument 'contribution' has the component %d, which there is not", own.component);
    diagnostics_clear(context);
    struct arena arena;
    struct text built;
    arena_begin(&arena, &context->allocator);
    text_begin(&built, &context->allocator);
    text_put(&built, report_reason(&arena, &own));
    built.failed |= arena.failed;
    arena_end(&arena);
    return report_hand_over(context, &built, text);
}

static void put_figures(struct arena *arena, struct node *row, const speedup_contribution *c)
{
    put_number(arena, row, "seconds", NULL, c->seconds, "s");
    put_number(arena, row, "bytes", NULL, c->bytes, "B");
    put_number(arena, row, "lacking", NULL, c->lacking, "B");
    put_text(arena, row, "term", NULL, c->term ? report_word(c->term).name : NULL);
    put_number(arena, row, "term_share", NULL, c->term_share, "%");
    put_number(arena, row, "term_before", NULL, c->term_before, "s");
    put_number(arena, row, "term_after", NULL, c->term_after, "s");
    put_text(arena, row, "component", NULL, c->component ? report_word(c->component).name : NULL);
    put_number(arena, row, "component_bytes", NULL, c->component_bytes, "B");
    put_text(arena, row, "reason", "because", report_reason(arena, c));
}

/* Has memory run out? What else stands in the way of a part of the report leaves it out. */
static bool is_over(speedup_context *context)
{
    if (context->first == SPEEDUP_OUT_OF_MEMORY)
        return true;
    diagnostics_clear(context);
    return false;
}

/* What each optimization of a plan brings, and what those of the catalog would add. */
static void put_attribution(speedup_context *context, struct arena *arena, struct node *root, const speedup_scenario *plan)
{
    enum { MOST_NEXT = 3 };
    size_t count = 0;
    speedup_scenario_attribute(context, plan, NULL, &count);
    speedup_contribution *all = arena_zeroed(arena, count + 1, sizeof *all);
    if (!all)
        return;
    all[0].struct_size = sizeof *all;
    /* Where some subset does not fit or cannot be, there is no order to share the gain over. */
    bool training = plan->job.kind == JOB_TRAINING;
    /* What the reasons' times are of: see plan_seconds(). */
    const char *times = training ? "times of a step" : "times of a token, shared by all requests in flight";
    const char *title = report_say(arena, "What the best plan has from each optimization (%s)", times);
    bool shared = !speedup_scenario_attribute(context, plan, all, &count);
    if (!shared) {
        title = report_say(arena, "What the best plan would lose without each optimization (%s; no shares: %s)",
                           times, context->count ? context->items[0].message : "");
        if (is_over(context))
            return;
        if (plan_losses(context, plan, all, count)) {
            is_over(context);
            return;
        }
    }
    double whole = 0;
    for (size_t i = 0; i < count; i++)
        whole += all[i].shapley;
    struct node *list = put_list(arena, root, "why", count ? title : NULL);
    for (size_t i = 0; i < count; i++) {
        struct node *row = put_object(arena, list, NULL, NULL);
        put_text(arena, row, "optimization", "optimization", all[i].id);
        if (shared)
            put_number(arena, row, "waterfall", "in this order", all[i].waterfall, "x");
        put_number(arena, row, "marginal", "lost without it", all[i].marginal > 0 ? all[i].marginal : (double)INFINITY, "x");
        if (shared) {
            put_number(arena, row, "shapley", NULL, all[i].shapley, "1");
            put_number(arena, row, "share", "share of the gain", whole > 0 ? all[i].shapley / whole : 0, "%");
        }
        put_figures(arena, row, &all[i]);
        put_nulls(arena, row, KEYS_PLAN_WHY);
    }
    if (shared)
        put_number(arena, root, "gain", count ? "in all" : NULL, exp(whole), "x");
    speedup_contribution next[MOST_NEXT] = {{.struct_size = sizeof *next}};
    count = MOST_NEXT;
    if (speedup_scenario_next(context, plan, next, &count)) {
        is_over(context);
        return;
    }
    bool any = count && next[0].marginal > 1 + notable;
    list = put_list(arena, root, "next", !any ? NULL : report_say(arena, "What others of the catalog would add to this very layout (%s; %s not estimated)",
                                                                  times, training ? "whether it trains as well is" : "what they do to answers is"));
    for (size_t i = 0; i < count && next[i].marginal > 1 + notable; i++) {
        struct node *row = put_object(arena, list, NULL, NULL);
        put_text(arena, row, "optimization", "optimization", next[i].id);
        put_number(arena, row, "gain", "gain", next[i].marginal, "x");
        put_figures(arena, row, &next[i]);
    }
}

/* Resources as they are told; units of what there is, and of what was added. */
static const struct {
    const char *name, *text, *unit;
} resources[SPEEDUP_RESOURCE_COUNT] = {
    [SPEEDUP_RESOURCE_MEMORY] = {"memory", "memory of an accelerator", "B"},
    [SPEEDUP_RESOURCE_HOST_MEMORY] = {"host_memory", "memory of a host", "B"},
    [SPEEDUP_RESOURCE_DEADLINE] = {"deadline", "deadline", "s"},
    [SPEEDUP_RESOURCE_BUDGET] = {"budget", "budget", "USD"},
    [SPEEDUP_RESOURCE_POWER] = {"power", "power", "W"},
    [SPEEDUP_RESOURCE_FIRST_TOKEN] = {"time_to_first_token", "target of the first token", "s"},
    [SPEEDUP_RESOURCE_TOKEN] = {"time_per_output_token", "target of an output token", "s"},
    [SPEEDUP_RESOURCE_RATE] = {"request_rate", "request rate", "1/s"},
    [SPEEDUP_RESOURCE_ACCELERATORS] = {"accelerators", "accelerators", "1"},
    [SPEEDUP_RESOURCE_PRODUCTS] = {"products", "peak of products", "FLOP/s"},
    [SPEEDUP_RESOURCE_BANDWIDTH] = {"bandwidth", "memory bandwidth", "B/s"},
    [SPEEDUP_RESOURCE_LINK] = {"link", "scale-up link", "B/s"},
    [SPEEDUP_RESOURCE_NETWORK] = {"network", "network of a node", "B/s"},
};

static const char *unit_of(const speedup_space *space, int32_t resource)
{
    return resource == SPEEDUP_RESOURCE_BUDGET && space->kind == JOB_INFERENCE ? "USD/h" : resources[resource].unit;
}

static void put_worth(speedup_context *context, struct arena *arena, struct node *root, const speedup_result *result,
                      uint32_t threads)
{
    const speedup_space *space = result->space;
    speedup_worth worths[SPEEDUP_RESOURCE_COUNT] = {{.struct_size = sizeof *worths}};
    size_t count = SPEEDUP_RESOURCE_COUNT;
    if (speedup_result_worth(context, result, threads, worths, &count))
        return;
    const char *unit = report_word(space->goal.metric).unit;
    const char *limits = "", *rate = "nothing that is modelled";
    for (size_t i = 0; i < count; i++) {
        const char *text = resources[worths[i].resource].text;
        if (worths[i].binds && worths[i].resource < SPEEDUP_RESOURCE_PRODUCTS)
            limits = report_say(arena, "%s%s%s", limits, *limits ? ", " : "", text);
        else if (worths[i].binds)
            rate = text;
    }
    struct node *binds = put_object(arena, root, "binds", "What binds the best plan");
    put_text(arena, binds, "limits", "limits", *limits ? limits : "none: without any of them the best is the same");
    put_text(arena, binds, "rate", "rate", rate);
    struct node *list = put_list(arena, root, "worth", "What a little more would be worth");
    for (size_t i = 0; i < count; i++) {
        const speedup_worth *w = &worths[i];
        struct node *row = put_object(arena, list, NULL, NULL);
        put_text(arena, row, "resource", NULL, resources[w->resource].name);
        put_text(arena, row, "text", "of", resources[w->resource].text);
        put_number(arena, row, "have", "there is", w->have, unit_of(space, w->resource));
        put_number(arena, row, "more", "more", w->more, unit_of(space, w->resource));
        put_number(arena, row, "objective", "best then", w->objective, unit);
        put_number(arena, row, "gain", space->goal.sign > 0 ? "saves" : "brings", w->gain, unit);
        put_number(arena, row, "unlimited", "without end", w->unlimited, unit);
        put_bool(arena, row, "binds", "binds", w->binds != 0);
        put_bool(arena, row, "searched", NULL, w->searched != 0);
        put_text(arena, row, "how", "found by", w->searched ? "searching again" : "estimating the best plan again");
        put_number(arena, row, "index", NULL, (double)w->index, "1");
    }
}

/* The plan that misses one limit alone, and by the least, for each limit. */
static void put_near(struct arena *arena, struct node *root, const speedup_result *result)
{
    const speedup_space *space = result->space;
    struct node *list = put_list(arena, root, "nearest", NULL);
    bool shown = false;
    for (int32_t r = 0; r <= NEEDS && list; r++) {
        uint64_t index;
        double factor, layout[VARIABLES], values[METRICS], miss[NEEDS];
        bool all = r == NEEDS; /* told only when no limit alone would do */
        if (all && shown)
            break;
        if (speedup_result_near(result, all ? SPEEDUP_RESOURCE_ANY : r, &index, &factor) ||
            speedup_space_estimate(space, index, layout, VARIABLES, values, METRICS))
            continue;
        const struct program *program = &space->programs[index / space->layouts];
        struct job job = program->scenario->job;
        lanes v[VARIABLES], out[METRICS];
        job.price = program->per_hour;
        for (int i = 0; i < VARIABLES; i++)
            v[i] = lanes_of(layout[i]);
        for (int i = 0; i < METRICS; i++)
            out[i] = lanes_of(values[i]);
        plan_misses(space, program, &job, &limits_as_they_are, v, out, 0, miss);
        if (!all)
            miss[r] = factor;
        for (int i = 0; i < NEEDS; i++) {
            double have = i == NEED_MEMORY ? job.memory : i == NEED_HOST ? job.host_memory : space->limits[i - NEED_ASKED];
            if (all ? !(miss[i] > 1) : i != r)
                continue;
            struct node *row = put_object(arena, list, NULL, NULL);
            put_text(arena, row, "resource", NULL, resources[i].name);
            put_text(arena, row, "text", "change", resources[i].text);
            put_number(arena, row, "have", "from", have, unit_of(space, i));
            put_number(arena, row, "need", "to", i == SPEEDUP_RESOURCE_RATE ? have / miss[i] : have * miss[i], unit_of(space, i));
            put_number(arena, row, "factor", "by", miss[i], "x");
            report_plan_row(arena, row, space, index);
        }
        shown = true;
        list->label = all ? "Nearest: all of these together would make a plan possible" : "Nearest: any of these alone would make a plan possible";
    }
}

/* What would make a plan possible, when none is. */
static void put_remedies(speedup_context *context, struct arena *arena, struct node *root, const speedup_result *result,
                         uint32_t threads)
{
    const speedup_space *space = result->space;
    put_near(arena, root, result);
    struct remedy remedy;
    if (why_accelerators(context, space, threads, &remedy))
        return;
    if (remedy.accelerators > 0) {
        struct node *more = put_list(arena, root, "more_accelerators", report_say(arena, "Or %.0f accelerators", remedy.accelerators));
        struct node *row = put_object(arena, more, NULL, NULL);
        put_number(arena, row, "accelerators", "accelerators", remedy.accelerators, "1");
        report_figures(arena, row, space, remedy.values);
        put_nulls(arena, row, space->kind == JOB_TRAINING ? KEYS_RUN_ACCELERATORS : KEYS_SERVICE_ACCELERATORS);
    } else {
        put_text(arena, root, "more_accelerators_note", "more accelerators", report_say(arena, "no; up to %.0f were tried", remedy.most));
    }
    uint64_t index;
    double factor;
    struct cure cures[MOST_CURES];
    size_t count;
    if (speedup_result_near(result, SPEEDUP_RESOURCE_ANY, &index, &factor) ||
        why_additions(context, space, index, arena, cures, &count))
        return;
    struct node *list = put_list(arena, root, "additions", count ? "Or one of these added to the nearest plan" : NULL);
    for (size_t i = 0; i < count; i++) {
        struct node *row = put_object(arena, list, NULL, NULL);
        put_text(arena, row, "optimization", "optimization", cures[i].added->head.id);
        report_figures(arena, row, space, cures[i].values);
        put_number(arena, row, "index", NULL, (double)index, "1");
        put_nulls(arena, row, space->kind == JOB_TRAINING ? KEYS_RUN_ADDITION : KEYS_SERVICE_ADDITION);
    }
}

void report_why(speedup_context *context, struct arena *arena, struct node *root, const speedup_result *result,
                uint32_t threads)
{
    uint64_t index;
    speedup_scenario *plan;
    if (speedup_result_best(result, 0, &index)) {
        speedup_counts counts = {.struct_size = sizeof counts};
        speedup_result_counts(result, &counts);
        /* After a stop nothing is known of what was not looked at. */
        if (counts.searched == counts.size)
            put_remedies(context, arena, root, result, threads ? threads : 1);
        return;
    }
    if (speedup_space_scenario(context, result->space, index, &plan))
        return;
    put_attribution(context, arena, root, plan);
    speedup_scenario_unref(plan);
    if (threads && !context->first)
        put_worth(context, arena, root, result, threads);
}
