/* Makes the nth allocation fail, and every later one too when n is odd. Linked with
 * -Wl,--wrap for malloc, calloc, realloc and strdup, so that libyaml's own fail as well. */
#include "harness.h"

#include <stdlib.h>
#include <string.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
char *__real_strdup(const char *text);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
char *__wrap_strdup(const char *text);

static bool armed, onward;
static unsigned left;

static bool fails(void)
{
    if (!armed)
        return false;
    if (left) {
        left--;
        return false;
    }
    armed = onward;
    return true;
}

bool failing_begin(const uint8_t **data, size_t *size)
{
    if (*size < 2)
        return false;
    unsigned number = (*data)[0] | (unsigned)(*data)[1] << 8;
    *data += 2;
    *size -= 2;
    onward = number & 1;
    left = number >> 1;
    armed = true;
    return true;
}

void failing_end(void)
{
    armed = false;
}

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
    return fails() ? NULL : __real_realloc(memory, size);
}

char *__wrap_strdup(const char *text)
{
    return fails() ? NULL : __real_strdup(text);
}
