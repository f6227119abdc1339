/* Diagnostics and the context that keeps them. Knows nothing of what is read. */
#include "base/diagnostic.h"

#include "base/struct.h"

#include <string.h>

enum { MOST_DIAGNOSTICS = 200, LONGEST_LINE = 160 };

speedup_status speedup_context_create(const speedup_allocator *allocator, speedup_context **context)
{
    if (!context)
        return SPEEDUP_INVALID_ARGUMENT;
    *context = NULL;
    if (!allocator)
        allocator = &memory_default;
    speedup_allocator own;
    if (!STRUCT_IN(speedup_allocator, &own, allocator) || !own.allocate || !own.resize || !own.release)
        return SPEEDUP_INVALID_ARGUMENT;
    speedup_context *made = own.allocate(own.user, sizeof *made);
    if (!made)
        return SPEEDUP_OUT_OF_MEMORY;
    *made = (speedup_context){.allocator = own};
    arena_begin(&made->arena, &own);
    text_begin(&made->message, &own);
    *context = made;
    return SPEEDUP_OK;
}

speedup_status context_quiet(const speedup_context *told, speedup_context **quiet)
{
    speedup_status status = speedup_context_create(&told->allocator, quiet);
    if (!status)
        (*quiet)->quiet = true;
    return status;
}

void speedup_context_destroy(speedup_context *context)
{
    if (!context)
        return;
    speedup_allocator allocator = context->allocator;
    if (context->log_destroy)
        context->log_destroy(context->log_user);
    arena_end(&context->arena);
    text_end(&context->message);
    if (context->items)
        allocator.release(allocator.user, context->items);
    allocator.release(allocator.user, context);
}

speedup_status speedup_context_set_log(speedup_context *context, speedup_log_function function, void *user,
                                       speedup_destroy_function destroy)
{
    if (!context) {
        if (destroy)
            destroy(user);
        return SPEEDUP_INVALID_ARGUMENT;
    }
    if (context->log_destroy)
        context->log_destroy(context->log_user);
    context->log = function;
    context->log_user = user;
    context->log_destroy = destroy;
    return SPEEDUP_OK;
}

void diagnostics_clear(speedup_context *context)
{
    arena_end(&context->arena);
    arena_begin(&context->arena, &context->allocator);
    context->count = context->unlisted = 0;
    context->first = SPEEDUP_OK;
}

speedup_status no_memory(speedup_context *context)
{
    context->first = SPEEDUP_OUT_OF_MEMORY;
    return SPEEDUP_OUT_OF_MEMORY;
}

struct text *problem_begin(speedup_context *context)
{
    context->message.length = 0;
    context->message.failed = false;
    return &context->message;
}

/* Where the line ends: at LF, CR LF or CR, as YAML has it. */
static const char *line_end(const char *at, const char *end)
{
    while (at < end && *at != '\n' && *at != '\r')
        at++;
    return at;
}

/* The line of the source that a place is in. */
static void find_line(const struct place *place, const char **line, size_t *length)
{
    const char *at = place->source, *end = place->source + place->source_length;
    for (uint32_t n = 1; n < place->line && at < end; n++) {
        at = line_end(at, end);
        at += end - at > 1 && at[0] == '\r' && at[1] == '\n' ? 2 : at < end;
    }
    const char *stop = line_end(at, end);
    *line = at;
    *length = (size_t)(stop - at);
}

/* The source line and a caret under the column; long lines are cut around it. */
static void put_caret(struct text *text, const struct place *place)
{
    const char *line;
    size_t length, from = 0, column = place->column ? place->column - 1 : 0;
    find_line(place, &line, &length);
    for (size_t seen = 0; column > LONGEST_LINE / 2 && seen + LONGEST_LINE / 2 < column && from < length; from++)
        seen += ((unsigned char)line[from] & 0xC0) != 0x80;
    while (from < length && ((unsigned char)line[from] & 0xC0) == 0x80)
        from++;
    size_t skipped = text_width(line, from);
    size_t shown = length - from < LONGEST_LINE ? length - from : LONGEST_LINE;
    while (shown > 0 && from + shown < length && ((unsigned char)line[from + shown] & 0xC0) == 0x80)
        shown--;
    text_format(text, "\n  %.*s\n  ", (int)shown, line + from);
    for (size_t i = skipped; i < column && i < skipped + shown; i++)
        text_put(text, " ");
    text_put(text, "^");
}

/* Keeps what was begun, with its place and code; a problem makes the call fail. */
static void keep(speedup_context *context, speedup_status code, const struct place *place, bool goes_on)
{
    if (context->first == SPEEDUP_OK && !goes_on)
        context->first = code;
    if (context->count >= MOST_DIAGNOSTICS) {
        context->unlisted++;
        return;
    }
    struct text *text = &context->message;
    size_t message_length = text->length;
    if (text->failed) {
        no_memory(context);
        return;
    }
    const char *message = arena_copy(&context->arena, text->bytes ? text->bytes : "", message_length);
    text->length = 0;
    if (place && place->file && place->line)
        text_format(text, "%s:%u:%u: ", place->file, place->line, place->column);
    else if (place && place->file)
        text_format(text, "%s: ", place->file);
    text_format(text, "%s[SPD-%03d]: %s", goes_on ? "warning" : "error", (int)code, message ? message : "");
    if (place && place->source && place->line)
        put_caret(text, place);
    void *items = context->items;
    bool grown = memory_grow(&context->allocator, &items, &context->room, context->count, sizeof *context->items);
    context->items = items;
    const char *full = text->failed ? NULL : arena_copy(&context->arena, text->bytes, text->length);
    const char *file =
        place && place->file ? arena_copy(&context->arena, place->file, strlen(place->file)) : NULL;
    if (!grown || !message || !full || (place && place->file && !file)) {
        no_memory(context);
        return;
    }
    context->items[context->count++] = (struct diagnostic){
        .code = code,
        .warning = goes_on,
        .line = place ? place->line : 0,
        .column = place ? place->column : 0,
        .file = file,
        .message = message,
        .full = full,
    };
    if (context->log)
        context->log(context->log_user, code, full);
}

void problem_end(speedup_context *context, speedup_status code, const struct place *place)
{
    keep(context, code, place, false);
}

void warning(speedup_context *context, speedup_status code, const struct place *place, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    text_vformat(problem_begin(context), format, arguments);
    va_end(arguments);
    keep(context, code, place, true);
}

void problem(speedup_context *context, speedup_status code, const struct place *place, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    text_vformat(problem_begin(context), format, arguments);
    va_end(arguments);
    problem_end(context, code, place);
}

void problem_remedy(speedup_context *context, const char *format, ...)
{
    if (context->unlisted || !context->count || context->first == SPEEDUP_OUT_OF_MEMORY)
        return;
    va_list arguments;
    va_start(arguments, format);
    struct text *text = problem_begin(context);
    text_vformat(text, format, arguments);
    va_end(arguments);
    const char *kept = text->failed ? NULL : arena_copy(&context->arena, text->bytes, text->length);
    if (!kept)
        no_memory(context);
    context->items[context->count - 1].remedy = kept;
}

speedup_status bad_argument(speedup_context *context, const char *format, ...)
{
    if (!context)
        return SPEEDUP_INVALID_ARGUMENT;
    diagnostics_clear(context);
    va_list arguments;
    va_start(arguments, format);
    text_vformat(problem_begin(context), format, arguments);
    va_end(arguments);
    problem_end(context, SPEEDUP_INVALID_ARGUMENT, NULL);
    return SPEEDUP_INVALID_ARGUMENT;
}

size_t speedup_diagnostic_count(const speedup_context *context)
{
    return context ? context->count : 0;
}

const char *speedup_diagnostic_text(const speedup_context *context, size_t index)
{
    return context && index < context->count ? context->items[index].full : NULL;
}

const char *speedup_diagnostic_message(const speedup_context *context, size_t index)
{
    return context && index < context->count ? context->items[index].message : NULL;
}

const char *speedup_diagnostic_remedy(const speedup_context *context, size_t index)
{
    if (!context || index >= context->count)
        return NULL;
    const struct diagnostic *d = &context->items[index];
    return d->remedy ? d->remedy : speedup_status_remedy(d->code);
}

speedup_status speedup_diagnostic_place(const speedup_context *context, size_t index, speedup_status *code,
                                        const char **file, uint32_t *line, uint32_t *column)
{
    if (!context)
        return SPEEDUP_INVALID_ARGUMENT;
    if (index >= context->count)
        return SPEEDUP_NOT_FOUND;
    const struct diagnostic *d = &context->items[index];
    if (code)
        *code = d->code;
    if (file)
        *file = d->file;
    if (line)
        *line = d->line;
    if (column)
        *column = d->column;
    return SPEEDUP_OK;
}
