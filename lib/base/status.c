/* Status codes by table, and the version of the library. */
#include <speedup/status.h>
#include <speedup/version.h>

#include "base/text.h"

enum word { WORD_NAME, WORD_TEXT, WORD_REMEDY };

static const struct {
    const char *words; /* one address in place of three */
    speedup_status status;
} statuses[] = {
#define SPEEDUP_STATUS(name, number, text, remedy) {#name "\0" text "\0" remedy, number},
#include <speedup/status.def>
#undef SPEEDUP_STATUS
};

enum { STATUSES = sizeof statuses / sizeof *statuses };

/* NULL for a number that is no status. */
static const char *word_of(speedup_status status, enum word word)
{
    size_t i = 0;
    while (i < STATUSES && statuses[i].status != status)
        i++;
    return i < STATUSES ? text_word(statuses[i].words, (int)word) : NULL;
}

const char *speedup_status_name(speedup_status status)
{
    return word_of(status, WORD_NAME);
}

const char *speedup_status_text(speedup_status status)
{
    return word_of(status, WORD_TEXT);
}

const char *speedup_status_remedy(speedup_status status)
{
    return word_of(status, WORD_REMEDY);
}

speedup_status speedup_status_at(size_t index, speedup_status *status)
{
    if (!status)
        return SPEEDUP_INVALID_ARGUMENT;
    if (index >= STATUSES)
        return SPEEDUP_NOT_FOUND;
    *status = statuses[index].status;
    return SPEEDUP_OK;
}

_Static_assert(SPEEDUP_VERSION_MINOR < 100 && SPEEDUP_VERSION_PATCH < 100, "a version is not one number");

int32_t speedup_version_number(void)
{
    return SPEEDUP_VERSION_NUMBER;
}

int32_t speedup_version_check(int32_t major, int32_t minor, int32_t patch)
{
    return major == SPEEDUP_VERSION_MAJOR &&
           (minor < SPEEDUP_VERSION_MINOR || (minor == SPEEDUP_VERSION_MINOR && patch <= SPEEDUP_VERSION_PATCH));
}

#define TEXT_OF(x) #x
#define VERSION_TEXT(major, minor, patch) TEXT_OF(major) "." TEXT_OF(minor) "." TEXT_OF(patch)

const char *speedup_version(void)
{
    return VERSION_TEXT(SPEEDUP_VERSION_MAJOR, SPEEDUP_VERSION_MINOR, SPEEDUP_VERSION_PATCH);
}
