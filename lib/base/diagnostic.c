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
    context->marks.source = NULL;
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

/* Does a line end with this byte? At LF, CR LF or CR, as YAML has it; at CR LF with its LF. */
static bool ends_line(const char *source, size_t length, size_t at)
{
    return source[at] == '\n' || (source[at] == '\r' && !(at + 1 < length && source[at + 1] == '\n'));
}

static bool begins_character(char byte)
{
    return ((unsigned char)byte & 0xC0) != 0x80;
}

/* Goes on from a mark to the character of a line, which may end before it. */
static size_t seek(const struct place *place, struct source_mark *mark, size_t at, uint32_t line, uint32_t column)
{
    const char *source = place->source;
    for (; at < place->source_length && (mark->line < line || (mark->line == line && mark->column < column)); at++) {
        if (!ends_line(source, place->source_length, at)) {
            mark->column += begins_character(source[at]);
            continue;
        }
        if (mark->line == line)
            break;
        mark->line++;
        mark->column = 0;
    }
    while (at < place->source_length && !begins_character(source[at]))
        at++;
    return at;
}

static bool is_before(const struct source_mark *mark, uint32_t line, uint32_t column)
{
    return mark->line < line || (mark->line == line && mark->column <= column);
}

/* Where a character of a line begins, counted from 0; beyond the line, where the line ends, with its last column. Each part
 * of a source is counted through once, however many problems are told of it. */
static size_t find(struct source_marks *m, const struct place *place, uint32_t line, uint32_t *column)
{
    if (m->source != place->source || m->length != place->source_length)
        *m = (struct source_marks){
            .source = place->source, .length = place->source_length, .step = place->source_length / SOURCE_MARKS + 1, .count = 1, .marks = {{1, 0}}};
    size_t last = m->count - 1;
    while (is_before(&m->marks[last], line, *column) && last + 1 < SOURCE_MARKS && (last + 1) * m->step < m->length) {
        struct source_mark mark = m->marks[last];
        for (size_t at = last * m->step; at < (last + 1) * m->step; at++) {
            bool ended = ends_line(m->source, m->length, at);
            mark.line += ended;
            mark.column = ended ? 0 : mark.column + begins_character(m->source[at]);
        }
        m->marks[++last] = mark;
        m->count = last + 1;
    }
    while (last > 0 && !is_before(&m->marks[last], line, *column))
        last--;
    struct source_mark mark = m->marks[last];
    size_t at = seek(place, &mark, last * m->step, line, *column);
    *column = mark.line == line ? mark.column : 0;
    return at;
}

/* The source line and a caret under the column; long lines are cut around it. */
static void put_caret(struct text *text, struct source_marks *marks, const struct place *place)
{
    uint32_t column = place->column ? place->column - 1 : 0, skipped = column > LONGEST_LINE / 2 ? column - LONGEST_LINE / 2 : 0;
    size_t from = find(marks, place, place->line, &skipped), shown = 0, rest = place->source_length - from;
    const char *line = place->source + from;
    while (shown < rest && shown < LONGEST_LINE && line[shown] != '\n' && line[shown] != '\r')
        shown++;
    while (shown > 0 && shown < rest && !begins_character(line[shown]))
        shown--;
    text_format(text, "\n  %.*s\n  ", (int)shown, line);
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
        put_caret(text, &context->marks, place);
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
