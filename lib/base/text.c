/* Text: a growing string, and the nearest of some names. Knows no locale. */
#include "base/text.h"

#include <stdio.h>
#include <string.h>

enum { LONGEST_COMPARED = 48 };

void text_begin(struct text *text, const speedup_allocator *allocator)
{
    *text = (struct text){.allocator = *allocator};
}

void text_end(struct text *text)
{
    if (text->bytes)
        text->allocator.release(text->allocator.user, text->bytes);
    text->bytes = NULL;
    text->length = text->room = 0;
}

void text_add(struct text *text, const char *bytes, size_t length)
{
    if (text->failed)
        return;
    while (text->room < text->length + length + 1) {
        void *memory = text->bytes;
        size_t room = text->room;
        if (!memory_grow(&text->allocator, &memory, &room, room, 1)) {
            text_end(text);
            text->failed = true;
            return;
        }
        text->bytes = memory;
        text->room = room;
    }
    memcpy(text->bytes + text->length, bytes, length);
    text->length += length;
    text->bytes[text->length] = '\0';
}

void text_put(struct text *text, const char *string)
{
    text_add(text, string, strlen(string));
}

/* How many bytes the character at `at` has; 0 when it is no UTF-8. */
static size_t character_length(const char *at, const char *end)
{
    unsigned char lead = (unsigned char)*at;
    size_t length = lead < 0x80 ? 1 : lead >= 0xC2 && lead < 0xE0 ? 2 : lead >= 0xE0 && lead < 0xF0 ? 3 : lead >= 0xF0 && lead < 0xF5 ? 4 : 0;
    if (length > (size_t)(end - at))
        return 0;
    for (size_t i = 1; i < length; i++)
        if (((unsigned char)at[i] & 0xC0) != 0x80)
            return 0;
    return length;
}

bool text_is_utf8(const char *text)
{
    const char *end = text + strlen(text);
    while (text < end) {
        size_t length = character_length(text, end);
        unsigned char lead = (unsigned char)text[0], next = (unsigned char)text[length > 1];
        /* A longer form than needed, half of a pair, or past the last character. */
        if (!length || (lead == 0xE0 && next < 0xA0) || (lead == 0xED && next >= 0xA0) || (lead == 0xF0 && next < 0x90) ||
            (lead == 0xF4 && next >= 0x90))
            return false;
        text += length;
    }
    return true;
}

/* A precision such as %.60s may cut a character in two, a path need not be UTF-8,
 * and a value may hold what moves a terminal: all become question marks. */
static void mend(struct text *text, size_t from)
{
    if (text->failed)
        return;
    char *end = text->bytes + text->length;
    for (char *at = text->bytes + from; at < end;) {
        size_t length = character_length(at, end);
        if (((unsigned char)*at < 0x20 && *at != '\n' && *at != '\t') || *at == 0x7F)
            *at = '?';
        if (!length) {
            *at = '?';
            /* The rest of a cut character goes with it. */
            char *rest = at + 1;
            while (rest < end && ((unsigned char)*rest & 0xC0) == 0x80)
                rest++;
            memmove(at + 1, rest, (size_t)(end - rest) + 1);
            text->length -= (size_t)(rest - at - 1);
            end = text->bytes + text->length;
            length = 1;
        }
        at += length;
    }
}

void text_vformat(struct text *text, const char *format, va_list arguments)
{
    size_t from = text->length;
    char small[256];
    va_list again;
    va_copy(again, arguments);
    int length = vsnprintf(small, sizeof small, format, arguments);
    if (length >= 0 && (size_t)length < sizeof small) {
        text_add(text, small, (size_t)length);
    } else if (length >= 0) {
        size_t size = (size_t)length + 1;
        char *large = text->allocator.allocate(text->allocator.user, size);
        if (large) {
            vsnprintf(large, size, format, again);
            text_add(text, large, (size_t)length);
            text->allocator.release(text->allocator.user, large);
        } else {
            text_end(text);
            text->failed = true;
        }
    }
    va_end(again);
    mend(text, from);
}

void text_format(struct text *text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    text_vformat(text, format, arguments);
    va_end(arguments);
}

size_t text_width(const char *bytes, size_t length)
{
    size_t width = 0;
    for (size_t i = 0; i < length; i++)
        width += ((unsigned char)bytes[i] & 0xC0) != 0x80;
    return width;
}

/* Edits (insert, delete, replace, swap neighbours) between two short strings. */
static size_t edit_distance(const char *a, size_t n, const char *b, size_t m)
{
    size_t before[LONGEST_COMPARED + 1], last[LONGEST_COMPARED + 1], now[LONGEST_COMPARED + 1];
    for (size_t j = 0; j <= m; j++) {
        before[j] = 0;
        last[j] = j;
    }
    for (size_t i = 1; i <= n; i++) {
        now[0] = i;
        for (size_t j = 1; j <= m; j++) {
            size_t least = last[j - 1] + (a[i - 1] != b[j - 1]);
            if (last[j] + 1 < least)
                least = last[j] + 1;
            if (now[j - 1] + 1 < least)
                least = now[j - 1] + 1;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && before[j - 2] + 1 < least)
                least = before[j - 2] + 1;
            now[j] = least;
        }
        memcpy(before, last, sizeof before);
        memcpy(last, now, sizeof last);
    }
    return last[m];
}

const char *text_word(const char *words, int index)
{
    for (; index > 0; index--)
        words += strlen(words) + 1;
    return words;
}

void nearest_begin(struct nearest *nearest, const char *wanted, size_t length)
{
    *nearest = (struct nearest){.wanted = wanted, .wanted_length = length, .distance = SIZE_MAX};
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

const char *text_after_letters(const char *wanted, size_t length, const char *name)
{
    const char *end = wanted + length, *between = "-_. ";
    bool digit = false;
    for (;;) {
        const char *here = wanted, *there = name;
        while (wanted < end && *wanted && strchr(between, *wanted))
            wanted++;
        if (wanted == end)
            return name;
        while (*name && strchr(between, *name))
            name++;
        if (!*name)
            return NULL;
        /* What stands between two digits parts numbers: 13 is not 1.3. */
        if (digit && *name >= '0' && *name <= '9' && (wanted > here) != (name > there))
            return NULL;
        digit = *name >= '0' && *name <= '9';
        if (lower(*wanted++) != lower(*name++))
            return NULL;
    }
}

bool text_same_letters(const char *wanted, size_t length, const char *name)
{
    const char *rest = text_after_letters(wanted, length, name);
    return rest && !rest[strspn(rest, "-_. ")];
}

void nearest_offer(struct nearest *nearest, const char *name)
{
    nearest_offer_as(nearest, name, name);
}

void nearest_offer_as(struct nearest *nearest, const char *spelled, const char *name)
{
    size_t length = strlen(spelled);
    if (length > LONGEST_COMPARED || nearest->wanted_length > LONGEST_COMPARED)
        return;
    size_t distance = edit_distance(nearest->wanted, nearest->wanted_length, spelled, length);
    if (distance && text_same_letters(nearest->wanted, nearest->wanted_length, spelled))
        distance = 0;
    else if (nearest->wanted_length >= 3 && distance > 1 && !strncmp(spelled, nearest->wanted, nearest->wanted_length))
        distance = 1;
    if (distance < nearest->distance) {
        nearest->distance = distance;
        nearest->name = name;
    }
}

void nearest_put(const struct nearest *nearest, struct text *text)
{
    size_t most = nearest->wanted_length < 6 ? 1 : (nearest->wanted_length + 2) / 4;
    if (nearest->name && nearest->distance <= most && nearest->distance < nearest->wanted_length)
        text_format(text, "; did you mean '%s'?", nearest->name);
}
