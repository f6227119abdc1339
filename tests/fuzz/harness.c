/* What the fuzzers check: conditions, and that a text is JSON. */
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void require(bool condition, const char *what, const char *text)
{
    if (condition)
        return;
    fprintf(stderr, "violated: %s\n%s\n", what, text ? text : "");
    abort();
}

/* Each reader moves past what it reads; NULL is what is not JSON. RFC 8259. */
enum { DEEPEST = 64 };

static const char *blank(const char *at)
{
    return at + strspn(at, " \t\r\n");
}

/* Well-formed UTF-8 (RFC 3629) past a byte over 0x7f. */
static const char *wide(const char *at)
{
    const unsigned char *b = (const unsigned char *)at;
    size_t more = b[0] >= 0xc2 && b[0] <= 0xdf ? 1 : (b[0] & 0xf0) == 0xe0 ? 2 : b[0] >= 0xf0 && b[0] <= 0xf4 ? 3 : 0;
    if (!more || (b[0] == 0xe0 && b[1] < 0xa0) || (b[0] == 0xed && b[1] > 0x9f) || (b[0] == 0xf0 && b[1] < 0x90) ||
        (b[0] == 0xf4 && b[1] > 0x8f))
        return NULL;
    for (size_t i = 1; i <= more; i++)
        if ((b[i] & 0xc0) != 0x80)
            return NULL;
    return at + 1 + more;
}

static const char *string(const char *at)
{
    if (*at++ != '"')
        return NULL;
    while (at && *at != '"') {
        if (*at == '\\' && at[1] == 'u')
            at = strspn(at + 2, "0123456789abcdefABCDEF") >= 4 ? at + 6 : NULL;
        else if (*at == '\\')
            at = at[1] && strchr("\"\\/bfnrt", at[1]) ? at + 2 : NULL;
        else if ((unsigned char)*at < 0x20)
            at = NULL;
        else
            at = (unsigned char)*at < 0x80 ? at + 1 : wide(at);
    }
    return at ? at + 1 : NULL;
}

static const char *digits(const char *at)
{
    size_t count = strspn(at, "0123456789");
    return count ? at + count : NULL;
}

static const char *number(const char *at)
{
    at += *at == '-';
    at = *at == '0' ? at + 1 : digits(at);
    if (at && *at == '.')
        at = digits(at + 1);
    if (at && (*at == 'e' || *at == 'E'))
        at = digits(at + 1 + (at[1] == '+' || at[1] == '-'));
    return at;
}

static const char *value(const char *at, int depth);

static const char *collection(const char *at, int depth)
{
    bool object = *at == '{';
    char close = object ? '}' : ']';
    at = blank(at + 1);
    if (*at == close)
        return at + 1;
    for (;;) {
        if (object) {
            at = string(at);
            at = at ? blank(at) : NULL;
            if (!at || *at != ':')
                return NULL;
            at = blank(at + 1);
        }
        at = value(at, depth + 1);
        if (!at)
            return NULL;
        at = blank(at);
        if (*at == close)
            return at + 1;
        if (*at != ',')
            return NULL;
        at = blank(at + 1);
    }
}

static const char *value(const char *at, int depth)
{
    static const char *const words[] = {"true", "false", "null"};
    if (depth > DEEPEST)
        return NULL;
    if (*at == '{' || *at == '[')
        return collection(at, depth);
    if (*at == '"')
        return string(at);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (!strncmp(at, words[i], strlen(words[i])))
            return at + strlen(words[i]);
    return number(at);
}

bool json_valid(const char *text)
{
    const char *end = value(blank(text), 0);
    return end && !*blank(end);
}
