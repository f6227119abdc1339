/* Finds the catalog's entries by what publications call them. Knows no scenario. */
#include "validate_words.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Names that have nothing in common with the id. */
static const struct {
    const char *name, *id;
} aliases[] = {
    {"gpt-175b", "gpt-3-175b"},        {"gpt-530b", "megatron-530b"},     {"turing-530b", "megatron-530b"},
    {"turing-nlg-530b", "megatron-530b"}, {"llama-30b", "llama-33b"},     {"llama-70b", "llama-2-70b"},
    {"mistral-8x7b", "mixtral-8x7b"},  {"neox-20b", "gpt-neox-20b"},      {"trillium", "tpu-v6e"},
    {"tpuv5-lite", "tpu-v5e"},         {"v5litepod", "tpu-v5e"},          {"v5e", "tpu-v5e"},
    {"v5p", "tpu-v5p"},                {"v6e", "tpu-v6e"},                {"trn1", "trainium1"},
    {"trn2", "trainium2"},
};

/* Where published rows of an accelerator usually ran. */
static const struct {
    const char *accelerator, *system;
} usual[] = {
    {"h100-sxm-80gb", "dgx-h100"},   {"h200-sxm-141gb", "dgx-h200"},   {"h800-sxm-80gb", "deepseek-h800"},
    {"b200", "dgx-b200"},            {"b300", "dgx-b300"},             {"gb200", "gb200-nvl72"},
    {"gb300", "gb300-nvl72"},        {"mi300x", "mi300x-platform"},    {"mi325x", "mi325x-platform"},
    {"mi355x", "mi355x-platform"},   {"gaudi2", "hls-gaudi2"},         {"gaudi3", "hls-gaudi3"},
    {"tpu-v4", "tpu-v4-pod"},        {"tpu-v5e", "tpu-v5e-pod"},       {"tpu-v5p", "tpu-v5p-pod"},
    {"tpu-v6e", "tpu-v6e-pod"},      {"trainium1", "aws-trn1"},        {"trainium2", "aws-trn2"},
    {"v100-sxm-32gb", "dgx-1-v100"}, {"v100-sxm-16gb", "dgx-1-v100-16gb"}, {"l40s", "server-l40s-8"},
    {"a10g", "aws-g5"},              {"l4", "aws-g6"},                 {"a6000", "server-a6000-8"},
};

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
struct words {
    char text[96];
    bool begins[97];
    size_t length;
};

static struct words words_of(const char *name)
{
    struct words w = {.length = 0};
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
static bool has_words(const struct words *name, const struct words *id)
{
    for (size_t at = 0; id->length && at + id->length <= name->length; at++)
        if (name->begins[at] && name->begins[at + id->length] && !memcmp(name->text + at, id->text, id->length))
            return true;
    return false;
}

/* The id of a kind that an alias in the name stands for; NULL for none. */
static const char *alias_of(const struct words *name)
{
    for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++) {
        struct words alias = words_of(aliases[i].name);
        if (has_words(name, &alias))
            return aliases[i].id;
    }
    return NULL;
}

const char *model_id(const speedup_catalog *catalog, const char *name)
{
    const char *distilled = end_of(name, "distill"); /* into the model behind it */
    struct words words = words_of(distilled ? distilled : name);
    const char *id, *alias = alias_of(&words), *best = NULL;
    size_t longest = 0;
    for (size_t i = 0; speedup_catalog_at(catalog, "models", i, &id, NULL) == SPEEDUP_OK; i++) {
        struct words own = words_of(id);
        if (alias && !strcmp(alias, id) && !longest)
            best = id;
        if (own.length > longest && has_words(&words, &own)) {
            longest = own.length;
            best = id;
        }
    }
    return best;
}

enum form { FORM_UNSAID, FORM_SXM, FORM_PCIE, FORM_NVL };

/* What a name says of a board beside its chip. */
struct board {
    struct words chip; /* the name without what follows */
    enum form form;
    double memory; /* GB, 0: not said */
};

static struct board board_of(const char *name)
{
    static const struct {
        const char *begin;
        enum form form;
        bool whole;
    } forms[] = {{"sxm", FORM_SXM, false},
                 {"hgx", FORM_SXM, true},
                 {"dgx", FORM_SXM, true},
                 {"pcie", FORM_PCIE, false},
                 {"nvl", FORM_NVL, true}};
    struct board board = {.form = FORM_UNSAID};
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
        for (size_t i = 0; i < sizeof forms / sizeof *forms && length; i++)
            if (begins(word, forms[i].begin) && (!forms[i].whole || strlen(word) == strlen(forms[i].begin))) {
                board.form = forms[i].form;
                own = false;
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
    board.chip = words_of(chip);
    return board;
}

const char *accelerator_id(const speedup_catalog *catalog, const char *name)
{
    struct board board = board_of(name);
    const char *id, *alias = alias_of(&board.chip), *best = NULL;
    double most = 0;
    for (size_t i = 0; speedup_catalog_at(catalog, "accelerators", i, &id, NULL) == SPEEDUP_OK; i++) {
        struct board own = board_of(id);
        bool named = has_words(&board.chip, &own.chip);
        if ((!named && !(alias && !strcmp(alias, id))) || (own.form && board.form && own.form != board.form) ||
            (own.memory > 0 && board.memory > 0 &&
             (own.memory > 1.05 * board.memory || board.memory > 1.05 * own.memory)))
            continue;
        /* The longer name, then what is said, then what is usual. */
        double rank = 1000 * (double)own.chip.length + 100 * (own.form == board.form) +
                      100 * (own.memory > 0 && board.memory > 0) + 50 * (!board.form && own.form == FORM_SXM) +
                      own.memory / 10;
        if (rank > most) {
            most = rank;
            best = id;
        }
    }
    return best;
}

const char *usual_system(const char *accelerator)
{
    for (size_t i = 0; i < sizeof usual / sizeof *usual; i++)
        if (!strcmp(usual[i].accelerator, accelerator))
            return usual[i].system;
    return NULL;
}
