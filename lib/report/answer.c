/* Texts handed to callers, and the one call that answers a document. */
#include "report/report.h"

#include "base/number.h"

#include <speedup/plan.h>
#include <string.h>

struct speedup_text {
    struct text text;
};

speedup_status report_hand_over(speedup_context *context, struct text *built, speedup_text **text)
{
    speedup_text *made =
        built->failed ? NULL : context->allocator.allocate(context->allocator.user, sizeof *made);
    if (!made) {
        text_end(built);
        return no_memory(context);
    }
    made->text = *built;
    *text = made;
    return SPEEDUP_OK;
}

speedup_status report_finish(speedup_context *context, const struct arena *arena, const struct node *root,
                             int32_t format, speedup_text **text)
{
    REQUIRE(context, format == SPEEDUP_FORMAT_TEXT || format == SPEEDUP_FORMAT_JSON,
            "argument 'format' is %d: there are SPEEDUP_FORMAT_TEXT (0) and SPEEDUP_FORMAT_JSON (1)", format);
    if (context->first)
        return context->first;
    if (arena->failed)
        return no_memory(context);
    struct text built;
    text_begin(&built, &context->allocator);
    if (format == SPEEDUP_FORMAT_JSON)
        show_json(root, &built);
    else
        show_text(root, &built);
    return report_hand_over(context, &built, text);
}

const char *speedup_text_get(const speedup_text *text)
{
    return text ? text->text.bytes : NULL;
}

void speedup_text_destroy(speedup_text *text)
{
    if (!text)
        return;
    speedup_allocator allocator = text->text.allocator;
    text_end(&text->text);
    allocator.release(allocator.user, text);
}

const char *report_say(struct arena *arena, const char *format, ...)
{
    struct text text;
    text_begin(&text, &arena->allocator);
    va_list arguments;
    va_start(arguments, format);
    text_vformat(&text, format, arguments);
    va_end(arguments);
    char *kept = text.failed || !text.bytes ? NULL : arena_copy(arena, text.bytes, text.length);
    if (!kept)
        arena->failed = true;
    text_end(&text);
    return kept ? kept : "";
}

const char *report_quantity(struct arena *arena, const char *unit, double value)
{
    struct text text;
    text_begin(&text, &arena->allocator);
    unit_put(&text, unit, value);
    char *kept = text.failed || !text.bytes ? NULL : arena_copy(arena, text.bytes, text.length);
    if (!kept)
        arena->failed = true;
    text_end(&text);
    return kept ? kept : "";
}

/* The diagnostics of the context as a report of their own. */
static speedup_status report_errors(speedup_context *context, speedup_text **json)
{
    struct arena arena;
    arena_begin(&arena, &context->allocator);
    struct node *root = report_begin(&arena);
    struct node *list = put_list(&arena, root, "errors", "Errors");
    for (size_t i = 0; i < context->count; i++) {
        const struct diagnostic *d = &context->items[i];
        if (d->warning)
            continue;
        struct node *error = put_object(&arena, list, NULL, NULL);
        put_number(&arena, error, "code", "code", d->code, "1");
        put_text(&arena, error, "name", NULL, speedup_status_name(d->code));
        put_text(&arena, error, "message", "message", d->message);
        if (d->file)
            put_text(&arena, error, "file", NULL, d->file);
        if (d->line) {
            put_number(&arena, error, "line", NULL, d->line, "1");
            put_number(&arena, error, "column", NULL, d->column, "1");
        }
        put_text(&arena, error, "remedy", NULL, speedup_diagnostic_remedy(context, i));
        put_nulls(&arena, error, KEYS_ERROR);
    }
    struct text built;
    text_begin(&built, &context->allocator);
    if (root && !arena.failed)
        show_json(root, &built);
    else
        built.failed = true;
    arena_end(&arena);
    speedup_status first = context->first;
    speedup_status status = report_hand_over(context, &built, json);
    return status ? status : first;
}

/* What a document holds; errors are told when it is read in earnest. */
enum document { DOCUMENT_JOB, DOCUMENT_CLAIMS, DOCUMENT_PLAN };

static speedup_status document_kind(speedup_context *context, const char *yaml, size_t length, enum document *kind)
{
    struct arena arena;
    struct yaml_tree tree;
    speedup_log_function log = context->log;
    context->log = NULL;
    arena_begin(&arena, &context->allocator);
    speedup_status status = yaml_read(context, &arena, "<text>", yaml, length, &tree);
    if (!status)
        *kind = yaml_find(&tree, tree.root, "claims") ? DOCUMENT_CLAIMS : yaml_find(&tree, tree.root, "plan") ? DOCUMENT_PLAN : DOCUMENT_JOB;
    arena_end(&arena);
    context->log = log;
    return status == SPEEDUP_OUT_OF_MEMORY ? status : SPEEDUP_OK;
}

static speedup_status answer_job(speedup_context *context, const speedup_catalog *catalog, const char *yaml, size_t length,
                                 speedup_text **json)
{
    speedup_scenario *scenario;
    speedup_status status = speedup_scenario_create(context, catalog, "<text>", yaml, length, NULL, 0, &scenario);
    if (!status)
        status = speedup_report_estimate(context, scenario, SPEEDUP_FORMAT_JSON, json);
    speedup_scenario_unref(scenario);
    return status;
}

/* Who asks for one answer waits for it, and may not be trusted: some seconds at most. */
enum { MOST_PLANS_ANSWERED = 1 << 22 };

static speedup_status answer_plan(speedup_context *context, const speedup_catalog *catalog, const char *yaml, size_t length,
                                  speedup_text **json)
{
    speedup_space *space;
    speedup_result *result = NULL;
    speedup_status status = speedup_space_create(context, catalog, "<text>", yaml, length, NULL, 0, &space);
    if (!status && speedup_space_size(space) > MOST_PLANS_ANSWERED) {
        problem(context, SPEEDUP_TOO_COMPLEX, NULL, "a space of more than %d plans is searched with speedup_space_search", MOST_PLANS_ANSWERED);
        status = context->first;
    }
    if (!status)
        status = speedup_space_search(context, space, 0, UINT64_MAX, 1, NULL, NULL, &result);
    if (!status)
        status = speedup_report_plan(context, result, SPEEDUP_FORMAT_JSON, json);
    speedup_result_destroy(result);
    speedup_space_unref(space);
    return status;
}

speedup_status speedup_answer(speedup_context *context, const char *yaml, size_t length, speedup_text **json)
{
    if (json)
        *json = NULL;
    REQUIRE_GIVEN(context, context);
    REQUIRE_GIVEN(context, json);
    REQUIRE_ROOM(context, yaml, length);
    speedup_catalog *catalog;
    speedup_status status = speedup_catalog_create(context, &catalog);
    if (!yaml)
        yaml = "";
    enum document kind = DOCUMENT_JOB;
    if (!status)
        status = document_kind(context, yaml, length, &kind);
    switch (kind) {
    case DOCUMENT_CLAIMS:
        status = speedup_report_audit(context, catalog, "<text>", yaml, length, SPEEDUP_FORMAT_JSON, json);
        break;
    case DOCUMENT_PLAN:
        status = answer_plan(context, catalog, yaml, length, json);
        break;
    case DOCUMENT_JOB:
        status = status ? status : answer_job(context, catalog, yaml, length, json);
    }
    speedup_catalog_unref(catalog);
    return status && context->count ? report_errors(context, json) : status;
}
