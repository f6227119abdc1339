/* Reads the texts of commands. Knows no software and no optimization, and of a job no more than the names of its words. */
#include "catalog/command.h"

#include <string.h>

static const struct {
    const char *name, *otherwise;
} words[COMMAND_WORDS] = {
#define COMMAND_WORD(NAME, name, otherwise, text) {name, otherwise},
#include "catalog/command.def"
#undef COMMAND_WORD
};

/* What stands in braces. */
struct braced {
    const char *name, *end; /* the end is behind the brace */
    size_t length;
    int word;   /* COMMAND_WORDS: none of them */
    bool asked; /* with a question mark: not shown */
};

static struct braced braced_at(const char *at)
{
    struct braced b = {.asked = at[1] == '?', .word = COMMAND_WORDS};
    b.name = at + 1 + b.asked;
    b.length = strcspn(b.name, "{}[]");
    b.end = b.name + b.length + (b.name[b.length] == '}');
    for (int i = 0; i < COMMAND_WORDS; i++)
        if (strlen(words[i].name) == b.length && !strncmp(words[i].name, b.name, b.length))
            b.word = i;
    return b;
}

static void tell_unknown(speedup_context *context, const struct place *place, const struct braced *b)
{
    struct nearest nearest;
    nearest_begin(&nearest, b->name, b->length);
    for (int i = 0; i < COMMAND_WORDS; i++)
        nearest_offer(&nearest, words[i].name);
    struct text *message = problem_begin(context);
    text_format(message, "'%.*s' is no word of a command%s", (int)(b->length < 40 ? b->length : 40), b->name,
                b->asked ? ", and no optimization" : "");
    nearest_put(&nearest, message);
    problem_end(context, SPEEDUP_UNKNOWN_NAME, place);
    problem_remedy(context, "use a word of the list in the format reference");
}

bool command_check(speedup_context *context, const struct place *place, const char *text, const struct command_ids *ids)
{
    bool inside = false, well = true;
    const char *c = text;
    while (*c && well) {
        if (*c == '{') {
            struct braced b = braced_at(c);
            well = b.end > b.name + b.length;
            if (well && b.word == COMMAND_WORDS && !(b.asked && ids->has(ids->user, b.name, b.length))) {
                tell_unknown(context, place, &b);
                return false;
            }
            c = b.end;
            continue;
        }
        if (*c == '[' || *c == ']') {
            well = inside == (*c == ']');
            inside = *c == '[';
        }
        c++;
    }
    if (well && !inside)
        return true;
    problem(context, SPEEDUP_EXPRESSION, place,
            "a brace or a bracket of a command is not closed, or a bracket stands within another");
    problem_remedy(context, "close them, and put each part that may be left out in brackets of its own");
    return false;
}

/* Has all that a part names a value that is not its default? */
static bool part_said(const char *part, const char *end, const char *const values[COMMAND_WORDS],
                      const struct command_ids *ids)
{
    for (const char *c = memchr(part, '{', (size_t)(end - part)); c; c = memchr(c, '{', (size_t)(end - c))) {
        struct braced b = braced_at(c);
        bool said = b.word < COMMAND_WORDS ? values[b.word] && strcmp(values[b.word], words[b.word].otherwise) != 0
                                           : ids->has(ids->user, b.name, b.length);
        if (!said)
            return false;
        c = b.end;
    }
    return true;
}

bool command_fill(const char *text, const char *const values[COMMAND_WORDS], const struct command_ids *ids,
                  struct text *filled)
{
    const char *c = text;
    while (*c) {
        if (*c == '{') {
            struct braced b = braced_at(c);
            c = b.end;
            if (b.asked)
                continue;
            if (!values[b.word])
                return false;
            text_put(filled, values[b.word]);
        } else if (*c == '[' && !part_said(c, strchr(c, ']'), values, ids)) {
            c = strchr(c, ']') + 1;
        } else {
            bool space = *c == ' ',
                 again = !filled->length || filled->bytes[filled->length - 1] == ' '; /* where a part was left out */
            if (*c != '[' && *c != ']' && !(space && again))
                text_add(filled, c, 1);
            c++;
        }
    }
    while (filled->length && filled->bytes[filled->length - 1] == ' ')
        filled->bytes[--filled->length] = '\0';
    return true;
}

bool command_asks(const char *text, const char *id)
{
    for (const char *c = text ? strchr(text, '{') : NULL; c; c = strchr(c, '{')) {
        struct braced b = braced_at(c);
        if (b.asked && strlen(id) == b.length && !strncmp(id, b.name, b.length))
            return true;
        c = b.end;
    }
    return false;
}
