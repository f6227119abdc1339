/* Texts of commands, as software's entries have them: words in braces, of a fixed list, and optional parts in brackets. */
#ifndef CATALOG_COMMAND_H
#define CATALOG_COMMAND_H

#include "base/diagnostic.h"
#include "base/text.h"

enum command_word {
#define COMMAND_WORD(NAME, name, otherwise, text) COMMAND_##NAME,
#include "catalog/command.def"
#undef COMMAND_WORD
    COMMAND_WORDS
};

/* Is there an optimization of that id: in the catalog, or in a job? */
struct command_ids {
    bool (*has)(const void *user, const char *id, size_t length);
    const void *user;
};

/* Is a text well formed, and are all its words known? Tells what is not. */
bool command_check(speedup_context *context, const struct place *place, const char *text,
                   const struct command_ids *ids);

/* The text with values in place of its words, NULL for one that is not known. A part in brackets is left out where a word in it
 * is not known or has its default, or the job lacks an optimization. False where a word outside brackets is not known. */
bool command_fill(const char *text, const char *const values[COMMAND_WORDS], const struct command_ids *ids,
                  struct text *filled);

/* Does a text ask for an optimization? */
bool command_asks(const char *text, const char *id);

#endif
