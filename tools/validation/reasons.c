/* Counts rows by the reason that they were skipped for, in the order of their first row. Knows no reason. */
#include "reasons.h"

#include "../command.h"

#include <stdlib.h>
#include <string.h>

bool reasons_add(struct reasons *reasons, const char *text)
{
    size_t i = 0;
    while (i < reasons->count && strcmp(reasons->items[i].text, text))
        i++;
    if (i == reasons->room) {
        size_t room = i ? 2 * i : 16;
        struct reason *items = realloc(reasons->items, room * sizeof *items);
        if (!items)
            return false;
        reasons->items = items;
        reasons->room = room;
    }
    if (i == reasons->count) {
        reasons->items[i] = (struct reason){.rows = 0};
        snprintf(reasons->items[i].text, sizeof reasons->items[i].text, "%s", text);
        reasons->count++;
    }
    reasons->items[i].rows++;
    return true;
}

void reasons_free(struct reasons *reasons)
{
    free(reasons->items);
    *reasons = (struct reasons){.count = 0};
}

void reasons_print(const struct reasons *reasons)
{
    if (reasons->count)
        printf("\nskipped\n");
    for (size_t i = 0; i < reasons->count; i++)
        printf("  %4zu  %s\n", reasons->items[i].rows, reasons->items[i].text);
}

void reasons_print_json(const struct reasons *reasons)
{
    printf("{");
    for (size_t i = 0; i < reasons->count; i++) {
        printf("%s", i ? ", " : "");
        print_string(reasons->items[i].text);
        printf(": %zu", reasons->items[i].rows);
    }
    printf("}");
}
