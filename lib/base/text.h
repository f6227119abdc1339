/* Text: a growing string, and the nearest of some names. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include "base/memory.h"

#include <stdarg.h>

/* A growing string on an allocator, always ended by NUL once something was
 * added. After a failed allocation it stays empty and `failed` says so. */
struct text {
    speedup_allocator allocator;
    char *bytes;
    size_t length;
    size_t room;
    bool failed;
};

void text_begin(struct text *text, const speedup_allocator *allocator);
void text_end(struct text *text);
void text_add(struct text *text, const char *bytes, size_t length);
void text_put(struct text *text, const char *string);

/* Like printf, for %s %.*s %d %u %zu %c and %%; numbers with a fraction come
 * from number.h, so that no locale reaches the text. */
void text_format(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_vformat(struct text *text, const char *format, va_list arguments);

/* How many characters (code points) the bytes hold. */
size_t text_width(const char *bytes, size_t length);

/* Is a text that ends with NUL in UTF-8? */
bool text_is_utf8(const char *text);

/* One of several words in a row, each ended by a zero: tables keep them so, for one address in place of many. */
const char *text_word(const char *words, int index);

/* Where a name goes on behind all letters and digits of another, whatever stands between them; NULL where it begins otherwise. */
const char *text_after_letters(const char *wanted, size_t length, const char *name);

/* Are two names the same but for what stands between their letters and digits? */
bool text_same_letters(const char *wanted, size_t length, const char *name);

/* Keeps the nearest of the names offered to it. */
struct nearest {
    const char *wanted;
    size_t wanted_length;
    const char *name;
    size_t distance;
};

void nearest_begin(struct nearest *nearest, const char *wanted, size_t length);
void nearest_offer(struct nearest *nearest, const char *name);

/* A name that is spelled otherwise too: it is compared as it is spelled. */
void nearest_offer_as(struct nearest *nearest, const char *spelled, const char *name);

/* Adds "; did you mean 'name'?" when a name is near enough to be meant. */
void nearest_put(const struct nearest *nearest, struct text *text);

#endif
