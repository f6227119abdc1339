/* The words of publications: what accelerators, models and software are called. */
#ifndef TOOLS_VALIDATION_WORDS_H
#define TOOLS_VALIDATION_WORDS_H

#include "csv.h"

#include <speedup/speedup.h>
#include <stdbool.h>

/* One for each file of words/, in the order of their names. */
enum table {
    TABLE_ADAPTERS, TABLE_ATTENTIONS, TABLE_BOARDS, TABLE_CACHES, TABLE_CARDS, TABLE_CHECKPOINTS, TABLE_COMPARISONS, TABLE_DRAFTS,
    TABLE_ELSEWHERE, TABLE_ENGINE_VERSIONS, TABLE_ENGINES, TABLE_FEED_FORWARD, TABLE_FLAGS, TABLE_GRADIENTS, TABLE_LABELS, TABLE_MODELS, TABLE_NAMES,
    TABLE_NOTES, TABLE_OFFLINE, TABLE_OVERLAP, TABLE_PHRASES, TABLE_PRECISIONS, TABLE_RECOMPUTATION, TABLE_RELATIVES,
    TABLE_RELEASES, TABLE_SHAPES, TABLE_SHARDING, TABLE_SIZES, TABLE_SUSPECTS, TABLE_SYSTEMS, TABLES
};

/* The rules, and the catalog whose entries they name. */
struct words {
    const speedup_catalog *catalog;
    struct csv tables[TABLES];
    char paths[TABLES][512];
};

/* Reads a folder such as words/; false after telling what is wrong. */
bool words_read(const char *folder, const speedup_catalog *catalog, FILE *errors, struct words *words);
void words_free(struct words *words);

size_t words_count(const struct words *words, enum table table);

/* A field of a rule, "" or 0 for none, and behind the last rule. */
const char *word_of(const struct words *words, enum table table, size_t row, const char *column);
double word_number(const struct words *words, enum table table, size_t row, const char *column);
bool word_is(const struct words *words, enum table table, size_t row, const char *column, const char *value);

/* Does a field that says yes, no or nothing allow what is so? */
bool word_allows(const char *said, bool is);

/* The first rule from a row on that fits a text, as words/README.md says; the count of rules
 * where none does. */
size_t word_rule(const struct words *words, enum table table, const char *text, size_t from);

/* Does the text begin with a word, whatever the case of either? */
bool begins(const char *text, const char *word);

/* Where the text holds such a word; NULL for nowhere. */
const char *find(const char *text, const char *word);

/* Does the text hold one of some words, "zero3|fsdp"? They are written in small letters and
 * digits; the text may have what it likes between these ("ZeRO-3"). Without words, yes. */
bool holds(const char *text, const char *words);

/* Are all words of a text, and (unless `numbers`) all its numbers, among "full|layer|0"? */
bool holds_only(const char *text, const char *list, bool numbers);

/* Is the text one of "bf16|fp8"? */
bool is_one_of(const char *text, const char *list);

/* The number behind the first of some words that a digit follows ("block 4", "group=8");
 * 0 for none. */
double number_behind(const char *text, const char *words);

/* A name as ids are written: what is no ASCII letter or digit is a '-'. */
struct name {
    char text[96];
};
struct name id_like(const char *text);

/* The catalog's id of an accelerator or a model by its published name; NULL for none.
 *
 * A name fits an id whose letters and digits stand in it as whole words: "NVIDIA GB200
 * NVL72" has gb200, "meta-llama/Llama-3.1-8B" has llama-3-1-8b; the longest id goes first.
 * Of an accelerator's boards, memory and form (SXM, PCIe, NVL) must not contradict; where
 * they are not said, SXM and the larger memory are meant. */
const char *accelerator_id(const struct words *words, const char *name);
const char *model_id(const struct words *words, const char *name);

/* The catalog's system that an accelerator usually stands in; NULL where none is usual. */
const char *usual_system(const struct words *words, const char *accelerator);

/* A number of the catalog, 0 for none; `id` may be NULL. */
double number_in_catalog(const struct words *words, const char *kind, const char *id, const char *field);

#endif
