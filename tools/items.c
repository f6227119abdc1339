/* Words on the command line: lists, ids with commas between, each with its parameters in braces; and how far apart two are. */
#include "command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t skip_spaces(const char *text, size_t at, size_t end)
{
    while (at < end && text[at] == ' ')
        at++;
    return at;
}

/* Takes "{name: number, ...}"; false when the text is not that. */
static bool take_parameters(const char *text, size_t at, size_t end, struct command_item *item)
{
    for (char before = '{'; item->count < sizeof item->names / sizeof *item->names; before = ',') {
        at = skip_spaces(text, at, end);
        if (at == end || text[at] != before)
            return false;
        at = skip_spaces(text, at + 1, end);
        size_t length = strcspn(text + at, ": ,}"), colon = skip_spaces(text, at + length, end);
        if (!length || length >= sizeof item->text[0] || colon >= end || text[colon] != ':')
            return false;
        char *after;
        double value = strtod(text + colon + 1, &after);
        if (after == text + colon + 1)
            return false;
        memcpy(item->text[item->count], text + at, length);
        item->text[item->count][length] = '\0';
        item->names[item->count] = item->text[item->count];
        item->values[item->count++] = value;
        at = skip_spaces(text, (size_t)(after - text), end);
        if (at < end && text[at] == '}')
            return skip_spaces(text, at + 1, end) == end;
    }
    return false;
}

const char *command_item(const char *list, struct command_item *item)
{
    size_t end = 0;
    for (bool braces = false; list[end] && (braces || list[end] != ','); end++)
        braces = list[end] == '{' || (braces && list[end] != '}');
    const char *rest = list + end + (list[end] == ',');
    size_t begin = skip_spaces(list, 0, end), length = strcspn(list, ":");
    item->count = 0;
    bool whole = length <= begin || length >= end || !take_parameters(list, length + 1, end, item);
    if (whole) {
        item->count = 0;
        length = end;
    }
    while (length > begin && list[length - 1] == ' ')
        length--;
    snprintf(item->id, sizeof item->id, "%.*s", (int)(length - begin), list + begin);
    return rest;
}

size_t command_distance(const char *a, const char *b)
{
    enum { LONGEST = 32 };
    size_t n = strlen(a), m = strlen(b), row[LONGEST + 1];
    if (n > LONGEST || m > LONGEST)
        return LONGEST;
    for (size_t j = 0; j <= m; j++)
        row[j] = j;
    for (size_t i = 1; i <= n; i++) {
        size_t before = row[0]++;
        for (size_t j = 1; j <= m; j++) {
            size_t changed = before + (a[i - 1] != b[j - 1]), least = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
            before = row[j];
            row[j] = changed < least ? changed : least;
        }
    }
    return row[m];
}
