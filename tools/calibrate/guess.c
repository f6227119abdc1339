#include "guess.h"

#include "profile.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

enum { MOST = 16, WORD = 24 };

/* A driver reserves some memory, and counts in other units than a datasheet. */
static const double memory_slack = 0.09, power_slack = 0.02;

/* The next word of letters and digits, in lower case; false at the end. */
static bool next_word(const char **at, char word[WORD])
{
    size_t length = 0;
    while (**at && !isalnum((unsigned char)**at))
        ++*at;
    for (; isalnum((unsigned char)**at); ++*at)
        if (length + 1 < WORD)
            word[length++] = (char)tolower((unsigned char)**at);
    word[length] = 0;
    return length > 0;
}

static bool has_word(const char *text, const char *wanted)
{
    char word[WORD];
    while (next_word(&text, word))
        if (!strcmp(word, wanted))
            return true;
    return false;
}

/* Drivers name the socket "SXM4", "PCIe" or "NVL", or nothing; an H100 with HBM3 sits in a socket. */
static const char *form_of(const char *gpu)
{
    char word[WORD];
    for (const char *at = gpu; next_word(&at, word);) {
        if (!strncmp(word, "sxm", 3) || !strcmp(word, "hbm3"))
            return "sxm";
        if (!strcmp(word, "pcie") || !strcmp(word, "nvl"))
            return !strcmp(word, "pcie") ? "pcie" : "nvl";
    }
    return "";
}

static bool is_form(const char *word)
{
    return !strcmp(word, "sxm") || !strcmp(word, "pcie") || !strcmp(word, "nvl");
}

/* How many words of an id a GPU's name has; 0 when one of them is missing. */
static size_t words_in_common(const char *id, const char *gpu)
{
    char word[WORD];
    size_t common = 0;
    const char *form = form_of(gpu);
    while (next_word(&id, word)) {
        size_t length = strlen(word);
        if (length > 2 && !strcmp(word + length - 2, "gb") && isdigit((unsigned char)*word))
            continue; /* the driver says how much memory there is */
        if (is_form(word)) {
            if (*form && strcmp(form, word))
                return 0;
            continue;
        }
        if (!has_word(gpu, word))
            return 0;
        common++;
    }
    return common;
}

static bool near_to(double known, double value, double slack)
{
    return !(known > 0) || !(value > 0) || fabs(value / known - 1) < slack;
}

/* Keeps the candidates that are rated at a limit, if there are any. */
static size_t keep_by_power(const struct session *session, const char **found, size_t count, double power)
{
    size_t kept = 0;
    const char *rated[MOST];
    for (size_t i = 0; i < count; i++) {
        double own = catalog_value(session, "accelerators", found[i], "power", 0);
        if (own > 0 && power > 0 && near_to(power, own, power_slack))
            rated[kept++] = found[i];
    }
    if (!kept)
        return count;
    memcpy(found, rated, kept * sizeof *found);
    return kept;
}

const char *guess_accelerator(const struct session *session, const char *gpu, double memory, double capability, double power)
{
    const char *id, *found[MOST];
    size_t count = 0, best = 1;
    for (size_t i = 0; speedup_catalog_at(session->catalog, "accelerators", i, &id, NULL) == SPEEDUP_OK; i++) {
        size_t common = words_in_common(id, gpu);
        if (common < best || !near_to(memory, catalog_value(session, "accelerators", id, "memory", 0), memory_slack) ||
            !near_to(capability, catalog_value(session, "accelerators", id, "compute_capability", 0), 0.001))
            continue;
        if (common > best)
            count = 0;
        best = common;
        if (count < MOST)
            found[count++] = id;
    }
    if (count > 1)
        count = keep_by_power(session, found, count, power);
    if (count == 1)
        return found[0];
    fprintf(stderr, "speedup: which accelerator is '%.60s'? Name it with --accelerator ID", *gpu ? gpu : "this GPU");
    for (size_t i = 0; i < count; i++)
        fprintf(stderr, "%s%s", i ? ", " : "; it may be ", found[i]);
    fprintf(stderr, "%s\n", count ? "" : "; 'speedup catalog list accelerators' lists them, and --catalog FILE.yaml adds one that is not there");
    return NULL;
}
