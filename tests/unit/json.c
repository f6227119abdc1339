/* A small strict JSON reader for the tests. */
#include "json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEEPEST = 64, MOST_KEYS = 512 };

struct cursor {
    const char *at;
    int depth;
};

static bool value(struct cursor *c);

static void skip_space(struct cursor *c)
{
    while (*c->at == ' ' || *c->at == '\n' || *c->at == '\t' || *c->at == '\r')
        c->at++;
}

static bool digits(struct cursor *c)
{
    if (*c->at < '0' || *c->at > '9')
        return false;
    while (*c->at >= '0' && *c->at <= '9')
        c->at++;
    return true;
}

static bool number(struct cursor *c)
{
    if (*c->at == '-')
        c->at++;
    if (*c->at == '0')
        c->at++;
    else if (!digits(c))
        return false;
    if (*c->at == '.') {
        c->at++;
        if (!digits(c))
            return false;
    }
    if (*c->at == 'e' || *c->at == 'E') {
        c->at++;
        if (*c->at == '+' || *c->at == '-')
            c->at++;
        return digits(c);
    }
    return true;
}

/* One character of UTF-8, not overlong, no surrogate, at most U+10FFFF. */
static bool character(struct cursor *c)
{
    const unsigned char *s = (const unsigned char *)c->at;
    size_t n = s[0] < 0x80 ? 1 : s[0] >= 0xC2 && s[0] < 0xE0 ? 2 : (s[0] & 0xF0) == 0xE0 ? 3 : s[0] >= 0xF0 && s[0] < 0xF5 ? 4 : 0;
    if (!n)
        return false;
    for (size_t i = 1; i < n; i++)
        if ((s[i] & 0xC0) != 0x80)
            return false;
    if ((s[0] == 0xE0 && s[1] < 0xA0) || (s[0] == 0xED && s[1] > 0x9F) || (s[0] == 0xF0 && s[1] < 0x90) ||
        (s[0] == 0xF4 && s[1] > 0x8F))
        return false;
    c->at += n;
    return true;
}

static bool string(struct cursor *c)
{
    if (*c->at != '"')
        return false;
    c->at++;
    while (*c->at != '"') {
        if ((unsigned char)*c->at < 0x20)
            return false;
        if (*c->at != '\\') {
            if (!character(c))
                return false;
            continue;
        }
        c->at++;
        if (*c->at == 'u') {
            c->at++;
            for (int i = 0; i < 4; i++)
                if (!strchr("0123456789abcdefABCDEF", *c->at) || !*c->at++)
                    return false;
        } else if (!*c->at || !strchr("\"\\/bfnrt", *c->at)) {
            return false;
        } else {
            c->at++;
        }
    }
    c->at++;
    return true;
}

static bool object(struct cursor *c)
{
    struct {
        const char *at;
        size_t length;
    } keys[MOST_KEYS];
    size_t count = 0;
    c->at++;
    skip_space(c);
    if (*c->at == '}')
        return c->at++;
    for (;;) {
        skip_space(c);
        const char *key = c->at;
        if (!string(c) || count == MOST_KEYS)
            return false;
        size_t length = (size_t)(c->at - key);
        for (size_t i = 0; i < count; i++)
            if (keys[i].length == length && !memcmp(keys[i].at, key, length)) {
                c->at = key;
                return false;
            }
        keys[count].at = key;
        keys[count++].length = length;
        skip_space(c);
        if (*c->at++ != ':' || !value(c))
            return false;
        if (*c->at == '}')
            return c->at++;
        if (*c->at++ != ',')
            return false;
    }
}

static bool list(struct cursor *c)
{
    c->at++;
    skip_space(c);
    if (*c->at == ']')
        return c->at++;
    for (;;) {
        if (!value(c))
            return false;
        if (*c->at == ']')
            return c->at++;
        if (*c->at++ != ',')
            return false;
    }
}

static bool word(struct cursor *c, const char *expected)
{
    size_t length = strlen(expected);
    if (strncmp(c->at, expected, length))
        return false;
    c->at += length;
    return true;
}

static bool value(struct cursor *c)
{
    skip_space(c);
    bool good = false;
    if (c->depth++ < DEEPEST)
        good = *c->at == '{'   ? object(c)
               : *c->at == '[' ? list(c)
               : *c->at == '"' ? string(c)
               : *c->at == 't' ? word(c, "true")
               : *c->at == 'f' ? word(c, "false")
               : *c->at == 'n' ? word(c, "null")
                               : number(c);
    c->depth--;
    if (good)
        skip_space(c);
    return good;
}

bool json_valid(const char *text, size_t *where)
{
    struct cursor c = {text, 0};
    bool good = value(&c) && !*c.at;
    if (where)
        *where = (size_t)(c.at - text);
    return good;
}

/* Where the value at a path begins; NULL when there is none. The text must be valid. */
static const char *find(const char *text, const char *path)
{
    struct cursor c = {text, 0};
    skip_space(&c);
    while (*path) {
        bool item = *path == '[';
        long index = item ? strtol(path + 1, NULL, 10) : 0;
        size_t length = item ? strcspn(path, "]") + 1 : strcspn(path, ".[");
        if (*c.at != (item ? '[' : '{'))
            return NULL;
        c.at++;
        skip_space(&c);
        for (bool found = false; !found;) {
            if (*c.at == '}' || *c.at == ']')
                return NULL;
            if (item) {
                found = index-- == 0;
            } else {
                const char *key = c.at + 1;
                string(&c);
                found = (size_t)(c.at - key) == length + 1 && !memcmp(key, path, length);
                skip_space(&c);
                c.at++;
                skip_space(&c);
            }
            if (!found) {
                value(&c);
                if (*c.at == ',')
                    c.at++;
                skip_space(&c);
            }
        }
        path += length;
        path += *path == '.';
    }
    return c.at;
}

bool json_number(const char *text, const char *path, double *out)
{
    const char *at = find(text, path);
    if (!at || !strchr("-0123456789", *at))
        return false;
    *out = strtod(at, NULL);
    return true;
}

bool json_string(const char *text, const char *path, char *out, size_t room)
{
    const char *at = find(text, path);
    if (!at || *at++ != '"')
        return false;
    while (*at != '"' && room > 1) {
        at += *at == '\\';
        *out++ = *at++;
        room--;
    }
    *out = '\0';
    return true;
}

size_t json_count(const char *text, const char *path)
{
    char item[200];
    size_t count = 0;
    do
        snprintf(item, sizeof item, "%s[%zu]", path, count++);
    while (find(text, item));
    return count - 1;
}
