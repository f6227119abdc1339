/* A small strict JSON reader for the tests: RFC 8259, no duplicate keys, valid UTF-8. */
#ifndef TESTS_JSON_H
#define TESTS_JSON_H

#include <stdbool.h>
#include <stddef.h>

/* Is the whole text one JSON value? `*where` is the first byte that is not. */
bool json_valid(const char *text, size_t *where);

/* The number at a path such as "answer.step_seconds.value" or "waterfall[2].gain". */
bool json_number(const char *text, const char *path, double *value);

/* The text at a path, without its quotes and escapes undone only for \" and \\. */
bool json_string(const char *text, const char *path, char *out, size_t room);

/* How many items the list at a path has; 0 when there is none. */
size_t json_count(const char *text, const char *path);

#endif
