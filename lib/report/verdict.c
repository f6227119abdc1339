/* A verdict of admission as a report: reasons, what the job needs, and what would help. */
#include "report/report.h"

#include "base/struct.h"

#include <speedup/plan.h>

#include <math.h>

/* Has a call filled the verdict? What is not admitted has reasons. */
static bool is_judged(const speedup_verdict *verdict)
{
    return verdict->verdict == SPEEDUP_ADMIT || verdict->reasons;
}

/* Does it have the figures of a job? */
static bool has_figures(const speedup_verdict *verdict)
{
    return is_judged(verdict) && !(verdict->reasons & SPEEDUP_REASON_INPUT);
}

static void put_reasons(struct arena *arena, struct node *root, const speedup_verdict *verdict, int32_t format)
{
    static const struct {
        uint32_t bit;
        const char *name, *text;
    } reasons[] = {
        {SPEEDUP_REASON_MEMORY, "memory", "it may not fit in memory"},
        {SPEEDUP_REASON_TIME, "time", "it may not end in time"},
        {SPEEDUP_REASON_BUDGET, "budget", "it may cost more than the budget"},
        {SPEEDUP_REASON_ACCELERATORS, "accelerators", "it needs more accelerators than granted"},
        {SPEEDUP_REASON_INPUT, "input", "the scenario has errors"},
        {SPEEDUP_REASON_TARGETS, "targets", "it may miss its own targets"},
        {SPEEDUP_REASON_LOAD, "load", "its load is more than it serves at once"},
    };
    bool judged = is_judged(verdict);
    struct node *list = put_list(arena, root, "reasons", verdict->reasons || !judged ? "because" : NULL);
    if (!judged)
        put_text(arena, list, NULL, NULL, format == SPEEDUP_FORMAT_JSON ? "nothing" : "nothing was judged: no call has filled this verdict");
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        if (verdict->reasons & reasons[i].bit)
            put_text(arena, list, NULL, NULL, format == SPEEDUP_FORMAT_JSON ? reasons[i].name : reasons[i].text);
}

/* What a service has beside what was requested. */
static void put_service(struct arena *arena, struct node *root, const speedup_verdict *verdict)
{
    const struct {
        const char *key, *label, *unit;
        double value;
    } figures[] = {
        {"time_to_first_token", "first token", "s", verdict->first_token},
        {"time_per_output_token", "per output token", "s", verdict->token},
        {"load", "load", "1", verdict->load},
    };
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++)
        if (figures[i].value > 0)
            put_number(arena, root, figures[i].key, figures[i].label, figures[i].value, figures[i].unit);
}

static void put_needs(struct arena *arena, struct node *root, const speedup_request *request, const speedup_verdict *v)
{
    const struct {
        const char *name, *unit;
        double needs, asked, nearest, low, high;
    } figures[] = {
        {"memory", "B", v->memory, request->memory, v->nearest_memory, v->memory_low, v->memory_high},
        {"time", "s", v->seconds, request->time_limit, v->nearest_time_limit, v->seconds_low, v->seconds_high},
        {"cost", "USD", v->cost, request->budget, v->nearest_budget, v->cost_low, v->cost_high},
        {"accelerators", "1", v->accelerators, request->accelerators, v->nearest_accelerators, 0, 0},
    };
    struct node *list = put_list(arena, root, "figures", has_figures(v) ? "Needs, as sure as the policy asks" : NULL);
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++) {
        struct node *row = put_object(arena, list, NULL, NULL);
        const char *unit = figures[i].unit;
        double asked = figures[i].asked, nearest = figures[i].nearest;
        bool told = figures[i].needs > 0 && (asked <= 0 || nearest > 0); /* a cost without a price is not */
        bool interval = told && figures[i].low < figures[i].high, raise = v->admissible && asked > 0 && nearest > asked;
        put_text(arena, row, "name", "", figures[i].name);
        put_number(arena, row, "needs", "needs", told ? figures[i].needs : NAN, unit);
        put_number(arena, row, "requested", "requested", asked > 0 ? asked : NAN, unit);
        put_number(arena, row, "low", "from", interval ? figures[i].low : NAN, unit);
        put_number(arena, row, "high", "to", interval ? figures[i].high : NAN, unit);
        put_number(arena, row, "nearest", "would be admitted", raise ? nearest : NAN, unit);
    }
}

speedup_status speedup_report_verdict(speedup_context *context, const speedup_request *request,
                                      const speedup_verdict *verdict, int32_t format, speedup_text **text)
{
    static const char *const verdicts[] = {"refuse", "warn", "admit"};
    if (text)
        *text = NULL;
    speedup_request asked;
    speedup_verdict given;
    REQUIRE_GIVEN(context, context);
    REQUIRE_GIVEN(context, request);
    REQUIRE_GIVEN(context, verdict);
    REQUIRE_GIVEN(context, text);
    REQUIRE_IN(context, speedup_request, &asked, request);
    REQUIRE_IN(context, speedup_verdict, &given, verdict);
    REQUIRE(context, !given.reserved, "argument 'verdict': reserved is 0");
    request = &asked;
    verdict = &given;
    REQUIRE(context, verdict->verdict >= SPEEDUP_REFUSE && verdict->verdict <= SPEEDUP_ADMIT,
            "argument 'verdict' has the verdict %d, which there is not", verdict->verdict);
    diagnostics_clear(context);
    struct arena arena;
    arena_begin(&arena, &context->allocator);
    struct node *root = report_begin(&arena);
    put_text(&arena, root, "verdict", "verdict", verdicts[verdict->verdict]);
    put_number(&arena, root, "out_of_memory", NULL, has_figures(verdict) ? verdict->out_of_memory : NAN, "%");
    put_reasons(&arena, root, verdict, format);
    if (verdict->notes & SPEEDUP_NOTE_UNCALIBRATED)
        put_text(&arena, root, "note", "note", "the estimate is not calibrated for this hardware or software: its intervals are wide");
    if (verdict->notes & SPEEDUP_NOTE_LONG)
        put_text(&arena, root, "window_note", "note", "sequences are longer than the model's window: " WINDOW_REMEDY);
    put_bool(&arena, root, "admissible", NULL, verdict->admissible != 0);
    if (!verdict->admissible && has_figures(verdict))
        put_text(&arena, root, "remedy", "remedy",
                 verdict->change >= 0 && verdict->change < VARIABLES && verdict->change_accelerators > 0
                     ? report_say(&arena, "no request would be admitted, but with %s %.0f on %.0f accelerators it would fit",
                                  variable_name((int)verdict->change), verdict->change_value, verdict->change_accelerators)
                     : "no request would be admitted: the job must change");
    put_service(&arena, root, verdict);
    put_needs(&arena, root, request, verdict);
    put_nulls(&arena, root, KEYS_VERDICT);
    speedup_status status = report_finish(context, &arena, root, format, text);
    arena_end(&arena);
    return status;
}
