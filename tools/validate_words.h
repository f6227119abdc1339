/* The words of publications: what accelerators, models and software are called. */
#ifndef TOOLS_VALIDATE_WORDS_H
#define TOOLS_VALIDATE_WORDS_H

#include <speedup/speedup.h>
#include <stdbool.h>

/* Does the text begin with a word, whatever the case of either? */
bool begins(const char *text, const char *word);

/* Where the text holds such a word; NULL for nowhere. */
const char *find(const char *text, const char *word);

/* Does the text hold one of some words, "zero3|fsdp"? They are written in small letters and
 * digits; the text may have what it likes between these ("ZeRO-3"). Without words, yes. */
bool holds(const char *text, const char *words);

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
const char *accelerator_id(const speedup_catalog *catalog, const char *name);
const char *model_id(const speedup_catalog *catalog, const char *name);

/* The catalog's system that an accelerator usually stands in; NULL where none is usual. */
const char *usual_system(const char *accelerator);

#endif
