/* What makes a training job fit, and how large a job can be, as a report. Knows no optimization by name. */
#include "report/report.h"

#include "base/struct.h"
#include "catalog/plain.h"

#include <math.h>

static const char *join(struct arena *arena, const char *said, const char *with, const char *more)
{
    return said ? report_say(arena, "%s%s%s", said, with, more) : more;
}

/* A set of means as it is told: "flash-attention-2 + micro_batch 2". */
static const char *name_of(struct arena *arena, const speedup_remedy *row, double micro_batch)
{
    bool smaller = row->micro_batch < micro_batch || !row->id_count;
    const char *said = smaller ? report_say(arena, "micro_batch %.0f", row->micro_batch) : NULL, *replaced = NULL;
    for (size_t i = 0; i < row->id_count; i++)
        said = join(arena, said, " + ", row->ids[i]);
    for (size_t i = 0; i < row->replaced_count; i++)
        replaced = join(arena, replaced, ", ", row->replaced[i]);
    return replaced ? report_say(arena, "%s (for %s)", said, replaced) : said;
}

static void put_ids(struct arena *arena, struct node *row, const char *key, const char *const *ids, size_t count)
{
    struct node *list = put_list(arena, row, key, NULL);
    for (size_t i = 0; i < count; i++)
        put_text(arena, list, NULL, NULL, ids[i]);
}

/* Why a means is none here. */
static const char *why_not(speedup_status status)
{
    return status == SPEEDUP_EXISTS     ? "the job has it, or more"
           : status == SPEEDUP_EXCLUDED ? "excluded by what it has"
                                        : speedup_status_text(status);
}

static void put_row(struct arena *arena, struct node *list, const speedup_remedy *remedy, double micro_batch, bool alone)
{
    struct node *row = put_object(arena, list, NULL, NULL);
    bool applies = !remedy->status, fits = remedy->fits != 0;
    put_text(arena, row, "means", alone ? "means" : "mends it", name_of(arena, remedy, micro_batch));
    put_ids(arena, row, "optimizations", remedy->ids, remedy->id_count);
    put_ids(arena, row, "replaced", remedy->replaced, remedy->replaced_count);
    put_number(arena, row, "micro_batch", NULL, remedy->micro_batch, "1");
    put_number(arena, row, "memory_needed", "needs", applies ? remedy->memory_needed : (double)NAN, "B");
    put_number(arena, row, "memory_peak", NULL, applies ? remedy->memory_peak : (double)NAN, "B");
    put_number(arena, row, "step_seconds", "one step", applies ? remedy->step_seconds : (double)NAN, "s");
    put_number(arena, row, "out_of_memory", NULL, applies ? remedy->out_of_memory : (double)NAN, "%");
    put_number(arena, row, "memory_host", NULL, applies ? remedy->memory_host : (double)NAN, "B");
    put_number(arena, row, "lacking", NULL, applies ? remedy->lacking : (double)NAN, "B");
    put_bool(arena, row, "applies", NULL, applies);
    put_bool(arena, row, "fits", NULL, fits);
    put_text(arena, row, "note", alone ? "fits" : NULL, !applies ? why_not(remedy->status)
                                                        : fits   ? "yes"
                                                                 : report_say(arena, "no, by %s", report_quantity(arena, "B", remedy->lacking)));
    put_bool(arena, row, "alters_training", NULL, remedy->alters_training != 0);
    put_text(arena, row, "training", "training", remedy->alters_training ? "altered" : "as it is");
}

size_t report_remedies(struct arena *arena, struct node *root, const speedup_remedies *remedies, const char *title)
{
    speedup_remedy own = {.struct_size = sizeof own}, row = own;
    size_t count = 0;
    speedup_remedies_without(remedies, &own);
    while (!speedup_remedies_at(remedies, count, &row))
        count++;
    struct node *list = put_list(arena, root, "remedies", count ? title : NULL);
    for (size_t i = 0; !speedup_remedies_at(remedies, i, &row); i++)
        put_row(arena, list, &row, own.micro_batch, false);
    return count;
}

/* The largest numbers of keys; a key that is none ends it. */
static speedup_status put_largest(speedup_context *context, struct arena *arena, struct node *root, const speedup_remedies *remedies,
                                  const char *const *keys, size_t count)
{
    static const char *const limits[] = {
        [SPEEDUP_LIMIT_MEMORY] = "memory", [SPEEDUP_LIMIT_WINDOW] = "window", [SPEEDUP_LIMIT_RANGE] = "range", [SPEEDUP_LIMIT_RULE] = "rule"};
    static const char *const reasons[] = {
        [SPEEDUP_LIMIT_MEMORY] = "with more it does not fit", [SPEEDUP_LIMIT_WINDOW] = "the model's window; memory allows more",
        [SPEEDUP_LIMIT_RANGE] = "the range of the key; memory allows more", [SPEEDUP_LIMIT_RULE] = "larger numbers do not divide"};
    struct node *list = put_list(arena, root, "largest", count ? "Largest with which it fits, all else as it is" : NULL);
    for (size_t i = 0; i < count; i++) {
        double value = 0;
        int32_t limit = 0;
        speedup_status status = speedup_scenario_largest(context, remedies->scenario, keys[i], remedies->confidence, &value, &limit);
        if (status && status != SPEEDUP_NOT_FOUND)
            return status;
        struct node *row = put_object(arena, list, NULL, NULL);
        put_text(arena, row, "key", "key", keys[i]);
        put_number(arena, row, "value", "largest", status ? (double)NAN : value, "1");
        put_text(arena, row, "limit", NULL, status ? NULL : limits[limit]);
        put_text(arena, row, "reason", "because", status ? "it fits with none" : reasons[limit]);
    }
    diagnostics_clear(context);
    return SPEEDUP_OK;
}

const char *report_job(struct arena *arena, const speedup_scenario *scenario)
{
    const lanes *v = scenario->variables;
    return report_say(arena, "%s on %.0f x %s (%s), tensor %.0f, pipeline %.0f", scenario->model->head.name, v[VARIABLE_ACCELERATORS][0],
                      scenario->accelerator->head.name, scenario->system->head.name, v[VARIABLE_TENSOR][0], v[VARIABLE_PIPELINE][0]);
}

void report_system(struct arena *arena, struct node *root, const speedup_scenario *scenario)
{
    struct text text;
    if (!scenario->system->plain)
        return;
    text_begin(&text, &arena->allocator);
    system_say(scenario->catalog, scenario->system, &text);
    put_text(arena, root, "system_note", "note", report_say(arena, "%s", text.failed ? "" : text.bytes));
    arena->failed |= text.failed;
    text_end(&text);
}

const char *report_lacking(struct arena *arena, const speedup_scenario *scenario, const speedup_remedy *own)
{
    const struct job *job = &scenario->job;
    bool host = own->memory_host > job->host_memory && own->memory_needed <= job->memory;
    return report_say(arena, "lacks %s beyond the %s there are%s", report_quantity(arena, "B", own->lacking),
                      report_quantity(arena, "B", host ? job->host_memory : job->memory), host ? " in the host" : "");
}

static speedup_status put_all(speedup_context *context, struct arena *arena, struct node *root, const speedup_remedies *remedies,
                              const char *const *keys, size_t key_count)
{
    speedup_remedy own = {.struct_size = sizeof own}, row = own;
    speedup_remedies_without(remedies, &own);
    put_text(arena, root, "job", "", report_job(arena, remedies->scenario));
    report_system(arena, root, remedies->scenario);
    put_bool(arena, root, "fits", NULL, own.fits != 0);
    put_text(arena, root, "verdict", "fits", own.fits ? "yes" : report_say(arena, "NO: it %s", report_lacking(arena, remedies->scenario, &own)));
    put_number(arena, root, "confidence", "as sure as", remedies->confidence, "%");
    put_number(arena, root, "lacking", NULL, own.lacking, "B");
    put_number(arena, root, "memory_needed", "needs", own.memory_needed, "B");
    put_number(arena, root, "memory_peak", "peak memory", own.memory_peak, "B");
    put_number(arena, root, "memory_host", NULL, own.memory_host, "B");
    put_number(arena, root, "out_of_memory", "out of memory", own.out_of_memory, "%");
    put_number(arena, root, "step_seconds", "one step", own.step_seconds, "s");
    speedup_status status = put_largest(context, arena, root, remedies, keys, key_count);
    if (status)
        return status;
    bool told = !own.fits || !key_count; /* who asks how large a job that fits can be does not ask for means */
    struct node *list = put_list(arena, root, "means", told ? "The usual means, each alone, the cheapest first" : NULL);
    for (size_t i = 0; !speedup_remedies_means_at(remedies, i, &row); i++)
        put_row(arena, list, &row, own.micro_batch, true);
    if (!report_remedies(arena, root, remedies, "What makes it fit, the fastest first; what alters training behind the rest") && !own.fits)
        put_text(arena, root, "remedies_note", "mends it", "nothing that is usual, on these accelerators");
    put_nulls(arena, root, KEYS_FIT);
    return SPEEDUP_OK;
}

speedup_status speedup_report_remedies(speedup_context *context, const speedup_remedies *remedies, const char *const *keys,
                                       size_t key_count, int32_t format, speedup_text **text)
{
    if (text)
        *text = NULL;
    REQUIRE_GIVEN(context, context);
    REQUIRE_GIVEN(context, remedies);
    REQUIRE_GIVEN(context, text);
    REQUIRE_ROOM(context, keys, key_count);
    for (size_t i = 0; i < key_count; i++)
        REQUIRE(context, keys[i], "argument 'keys' has NULL at %zu", i);
    diagnostics_clear(context);
    struct arena arena;
    arena_begin(&arena, &context->allocator);
    struct node *root = report_begin(&arena);
    speedup_status status = put_all(context, &arena, root, remedies, keys, key_count);
    if (!status)
        status = report_finish(context, &arena, root, format, text);
    arena_end(&arena);
    return status;
}
