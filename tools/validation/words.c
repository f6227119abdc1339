/* The words of publications as tables, how a text is matched with them, and how entries of the
 * catalog are found by what publications call them. Knows no word itself, and no scenario. */
#include "words.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const files[TABLES] = {
    "adapters", "attentions", "boards", "caches", "cards", "checkpoints", "comparisons", "drafts", "elsewhere", "engine_versions", "engines",
    "feed_forward", "flags", "gradients", "labels", "models", "names", "notes", "offline", "overlap", "phrases", "precisions",
    "recomputation", "relatives", "releases", "shapes", "sharding", "sizes", "suspects", "systems",
};

/* ---- tables ------------------------------------------------------------------------------ */

bool words_read(const char *folder, const speedup_catalog *catalog, FILE *errors, struct words *words)
{
    *words = (struct words){.catalog = catalog};
    bool good = true;
    for (int t = 0; t < TABLES; t++) {
        snprintf(words->paths[t], sizeof words->paths[t], "%s/%s.csv", folder, files[t]);
        good &= csv_read(words->paths[t], errors, &words->tables[t]);
    }
    return good;
}

void words_free(struct words *words)
{
    for (int t = 0; t < TABLES; t++)
        csv_free(&words->tables[t]);
}

size_t words_count(const struct words *words, enum table table)
{
    return words->tables[table].rows;
}

const char *word_of(const struct words *words, enum table table, size_t row, const char *column)
{
    const struct csv *csv = &words->tables[table];
    return row < csv->rows ? csv_text(csv, row, csv_column(csv, column)) : "";
}

double word_number(const struct words *words, enum table table, size_t row, const char *column)
{
    return strtod(word_of(words, table, row, column), NULL);
}

bool word_is(const struct words *words, enum table table, size_t row, const char *column, const char *value)
{
    return !strcmp(word_of(words, table, row, column), value);
}

bool word_allows(const char *said, bool is)
{
    return !*said || (*said == 'y') == is;
}

/* Is a run of letters, or of digits, one of "full|layer|0"? */
static bool is_among(const char *token, size_t length, const char *list)
{
    while (*list) {
        size_t own = strcspn(list, "|");
        if (own == length) {
            size_t same = 0;
            while (same < length && tolower((unsigned char)token[same]) == list[same])
                same++;
            if (same == length)
                return true;
        }
        list += own + (list[own] == '|');
    }
    return false;
}

bool holds_only(const char *text, const char *list, bool numbers)
{
    while (*text) {
        size_t length = 0;
        bool digits = isdigit((unsigned char)*text);
        while (isalnum((unsigned char)text[length]) && !isdigit((unsigned char)text[length]) == !digits)
            length++;
        if (length && !(digits && numbers) && !is_among(text, length, list))
            return false;
        text += length ? length : 1;
    }
    return true;
}

bool is_one_of(const char *text, const char *list)
{
    return is_among(text, strlen(text), list);
}

static bool fits(const struct words *words, enum table table, size_t row, const char *text)
{
    const char *only = word_of(words, table, row, "only"), *number = word_of(words, table, row, "number"),
               *without = word_of(words, table, row, "without_words");
    if (word_is(words, table, row, "said", "no"))
        return !*text;
    return *text && begins(text, word_of(words, table, row, "begins")) && holds(text, word_of(words, table, row, "words")) &&
           holds(text, word_of(words, table, row, "more")) && !(*without && holds(text, without)) &&
           (!*only || holds_only(text, only, *number)) && (!*number || number_behind(text, number) > 0);
}

size_t word_rule(const struct words *words, enum table table, const char *text, size_t from)
{
    while (from < words_count(words, table) && !fits(words, table, from, text))
        from++;
    return from;
}

bool begins(const char *text, const char *word)
{
    while (*word && tolower((unsigned char)*text) == tolower((unsigned char)*word)) {
        text++;
        word++;
    }
    return !*word;
}

const char *find(const char *text, const char *word)
{
    for (;; text++) {
        if (begins(text, word))
            return text;
        if (!*text)
            return NULL;
    }
}

/* Where a word of some letters ends that a text begins with, whatever separates them there;
 * NULL for another text. */
static const char *end_of_word(const char *text, const char *word, size_t length)
{
    for (size_t i = 0; i < length; i++, text++) {
        while (i && *text && !isalnum((unsigned char)*text))
            text++;
        if (tolower((unsigned char)*text) != word[i])
            return NULL;
    }
    return text;
}

/* Where the first of some words ends in a text; NULL for none. */
static const char *end_of(const char *text, const char *words)
{
    while (*words) {
        size_t length = strcspn(words, "|");
        for (const char *at = text; *at; at++) {
            const char *end = end_of_word(at, words, length);
            if (end)
                return end;
        }
        words += length + (words[length] == '|');
    }
    return NULL;
}

bool holds(const char *text, const char *words)
{
    return !*words || end_of(text, words);
}

double number_behind(const char *text, const char *words)
{
    const char *at = end_of(text, words);
    at = at ? at + strspn(at, " =:-_(") : "";
    return isdigit((unsigned char)*at) ? strtod(at, NULL) : 0;
}

struct name id_like(const char *text)
{
    struct name name = {{0}};
    for (size_t i = 0; text[i] && i + 1 < sizeof name.text; i++)
        name.text[i] = isalnum((unsigned char)text[i]) ? (char)tolower((unsigned char)text[i]) : '-';
    return name;
}

/* ---- names as words ------------------------------------------------------------------- */

/* Letters and digits of a name in lower case, and where its words begin. */
struct spelling {
    char text[96];
    bool begins[97];
    size_t length;
};

static struct spelling spelling_of(const char *name)
{
    struct spelling w = {.length = 0};
    bool open = true;
    for (; *name && w.length + 1 < sizeof w.text; name++) {
        bool letter = isalnum((unsigned char)*name);
        if (letter) {
            w.begins[w.length] = open;
            w.text[w.length++] = (char)tolower((unsigned char)*name);
        }
        open = !letter;
    }
    w.begins[w.length] = true;
    return w;
}

/* Do the letters and digits of an id stand in a name as whole words? */
static bool has_words(const struct spelling *name, const struct spelling *id)
{
    for (size_t at = 0; id->length && at + id->length <= name->length; at++)
        if (name->begins[at] && name->begins[at + id->length] && !memcmp(name->text + at, id->text, id->length))
            return true;
    return false;
}

/* The id of a kind that an alias in the name stands for; NULL for none. */
static const char *alias_of(const struct words *words, const struct spelling *name)
{
    for (size_t i = 0; i < words_count(words, TABLE_NAMES); i++) {
        struct spelling alias = spelling_of(word_of(words, TABLE_NAMES, i, "name"));
        if (has_words(name, &alias))
            return word_of(words, TABLE_NAMES, i, "id");
    }
    return NULL;
}

const char *model_id(const struct words *table, const char *name)
{
    const char *distilled = end_of(name, "distill"); /* into the model behind it */
    struct spelling words = spelling_of(distilled ? distilled : name);
    const char *id, *alias = alias_of(table, &words), *best = NULL;
    size_t longest = 0;
    for (size_t i = 0; speedup_catalog_at(table->catalog, "models", i, &id, NULL) == SPEEDUP_OK; i++) {
        struct spelling own = spelling_of(id);
        if (alias && !strcmp(alias, id) && !longest)
            best = id;
        if (own.length > longest && has_words(&words, &own)) {
            longest = own.length;
            best = id;
        }
    }
    return best;
}

/* What a name says of a board beside its chip. */
struct board {
    struct spelling chip; /* the name without what follows */
    const char *form;     /* "" for not said */
    double memory;        /* GB, 0: not said */
};

static struct board board_of(const struct words *words, const char *name)
{
    struct board board = {.form = ""};
    char chip[96] = "", word[40];
    while (*name) {
        size_t length = 0;
        while (isalnum((unsigned char)name[length]))
            length++;
        snprintf(word, sizeof word, "%.*s", (int)length, name);
        char *end;
        double number = strtod(word, &end);
        const char *unit = *end || isalnum((unsigned char)name[length]) ? end : name + length + (name[length] == ' ');
        bool own = true;
        for (size_t i = 0; i < words_count(words, TABLE_BOARDS) && length; i++) {
            const char *form = word_of(words, TABLE_BOARDS, i, "begins");
            if (begins(word, form) && (word_is(words, TABLE_BOARDS, i, "whole", "no") || strlen(word) == strlen(form))) {
                board.form = word_of(words, TABLE_BOARDS, i, "form");
                own = false;
            }
        }
        if (end > word && number >= 8 &&
            (begins(unit, "gb") || begins(unit, "gib") || (begins(unit, "g") && !unit[1]))) {
            board.memory = number;
            own = false;
        }
        if (end > word && begins(end, "x") && end[1] && isalpha((unsigned char)end[1]) && number >= 1)
            snprintf(word, sizeof word, "%.*s", (int)(length - (size_t)(end + 1 - word)),
                     name + (end + 1 - word)); /* "8xH100" */
        if (own && length && strlen(chip) + strlen(word) + 2 < sizeof chip)
            strcat(strcat(chip, " "), word);
        name += length + (name[length] != 0 && !isalnum((unsigned char)name[length]));
    }
    board.chip = spelling_of(chip);
    return board;
}

/* Of boards that a name leaves open, the one that is meant. */
static const char usual_form[] = "sxm";

const char *accelerator_id(const struct words *words, const char *name)
{
    struct board board = board_of(words, name);
    const char *id, *alias = alias_of(words, &board.chip), *best = NULL;
    double most = 0;
    for (size_t i = 0; speedup_catalog_at(words->catalog, "accelerators", i, &id, NULL) == SPEEDUP_OK; i++) {
        struct board own = board_of(words, id);
        bool named = has_words(&board.chip, &own.chip);
        if ((!named && !(alias && !strcmp(alias, id))) || (*own.form && *board.form && strcmp(own.form, board.form)) ||
            (own.memory > 0 && board.memory > 0 &&
             (own.memory > 1.05 * board.memory || board.memory > 1.05 * own.memory)))
            continue;
        /* The longer name, then what is said, then what is usual. */
        double rank = 1000 * (double)own.chip.length + 100 * !strcmp(own.form, board.form) +
                      100 * (own.memory > 0 && board.memory > 0) + 50 * (!*board.form && !strcmp(own.form, usual_form)) +
                      own.memory / 10;
        if (rank > most) {
            most = rank;
            best = id;
        }
    }
    return best;
}

const char *usual_system(const struct words *words, const char *accelerator)
{
    for (size_t i = 0; i < words_count(words, TABLE_SYSTEMS); i++)
        if (word_is(words, TABLE_SYSTEMS, i, "accelerator", accelerator))
            return word_of(words, TABLE_SYSTEMS, i, "system");
    return NULL;
}

double number_in_catalog(const struct words *words, const char *kind, const char *id, const char *field)
{
    double value = 0;
    return id && speedup_catalog_number(words->catalog, kind, id, field, &value) == SPEEDUP_OK ? value : 0;
}
