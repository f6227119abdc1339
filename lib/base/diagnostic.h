/* Diagnostics: what went wrong, where, and the line it stands in. */
#ifndef BASE_DIAGNOSTIC_H
#define BASE_DIAGNOSTIC_H

#include "base/text.h"

/* A place in a text; all zero when there is none. */
struct place {
    const char *file;
    const char *source; /* the whole text, for the caret line; may be NULL */
    size_t source_length;
    uint32_t line;
    uint32_t column;
};

struct diagnostic {
    speedup_status code;
    uint32_t line, column;
    bool warning; /* the call went on */
    const char *file, *message, *full;
    const char *remedy; /* what to do next, where it is more than the code's; else NULL */
};

/* How far a source was counted through: line, and characters of it, at every so many bytes. */
enum { SOURCE_MARKS = 256 };
struct source_marks {
    const char *source; /* only compared */
    size_t length, step, count;
    struct source_mark {
        uint32_t line, column;
    } marks[SOURCE_MARKS];
};

struct speedup_context {
    speedup_allocator allocator;
    speedup_log_function log;
    void *log_user;
    speedup_destroy_function log_destroy;
    struct arena arena; /* texts of the diagnostics */
    struct diagnostic *items;
    size_t count, room;
    size_t unlisted; /* past the limit */
    speedup_status first;
    struct text message; /* being built between problem_begin and problem_end */
    struct source_marks marks; /* of the source that was quoted last */
    bool quiet;          /* nobody reads its problems: they need no hints */
};

/* Another context beside one, for trials of which only the status counts: its problems get no hints. */
speedup_status context_quiet(const speedup_context *told, speedup_context **quiet);

/* Forgets all; every public call that can fail begins with it. */
void diagnostics_clear(speedup_context *context);

/* Records one: begin, add to context->message, end. */
struct text *problem_begin(speedup_context *context);
void problem_end(speedup_context *context, speedup_status code, const struct place *place);

/* The three in one, for a plain message. */
void problem(speedup_context *context, speedup_status code, const struct place *place, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* The same of what a call goes on with. */
void warning(speedup_context *context, speedup_status code, const struct place *place, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* What to do next about the problem that was just told, in place of what its code says. */
void problem_remedy(speedup_context *context, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Tells of an argument that is none, where there is a context to tell in; gives SPEEDUP_INVALID_ARGUMENT. Forgets what
 * the call before left. */
speedup_status bad_argument(speedup_context *context, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* What a public function asks of its arguments; it returns where that is not so. */
#define REQUIRE(context, good, ...)                         \
    do {                                                    \
        if (!(good))                                        \
            return bad_argument(context, __VA_ARGS__);      \
    } while (0)
#define REQUIRE_GIVEN(context, argument) REQUIRE(context, argument, "argument '%s' is NULL", #argument)
#define REQUIRE_ROOM(context, array, count) \
    REQUIRE(context, (array) || !(count), "argument '%s' is NULL but %s is %zu", #array, #count, (size_t)(count))
/* Names and their values, `count` of each. */
#define REQUIRE_NAMED(context, names, values, count) \
    REQUIRE_ROOM(context, names, count);             \
    REQUIRE_ROOM(context, values, count);            \
    for (size_t i_ = 0; i_ < (count); i_++)          \
    REQUIRE(context, (names)[i_], "argument '%s' has NULL at %zu", #names, i_)

/* Marks the call as failed for want of memory; always works. */
speedup_status no_memory(speedup_context *context);

#endif
