/* Why rows were skipped: each reason once, with its rows counted. */
#ifndef TOOLS_VALIDATION_REASONS_H
#define TOOLS_VALIDATION_REASONS_H

#include "job.h"

/* Begins as nothing, {.count = 0}. */
struct reasons {
    struct reason {
        char text[REASON_TEXT];
        size_t rows;
    } *items;
    size_t count, room;
};

/* Counts a row; false without memory. */
bool reasons_add(struct reasons *reasons, const char *text);
void reasons_free(struct reasons *reasons);

/* As the end of a scorecard, nothing where no row was skipped; and as a JSON object. */
void reasons_print(const struct reasons *reasons);
void reasons_print_json(const struct reasons *reasons);

#endif
