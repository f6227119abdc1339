/* The keys that each object of an answer has, from keys.def. Knows no answer. */
#include "report/keys.h"

#include <stddef.h>
#include <string.h>

/* As they are written there, in quotes and with commas between, in one block: no address for the loader. */
static const struct key_words {
#define KEYS(name, answer, place, ...) char name[sizeof #__VA_ARGS__];
#include "report/keys.def"
#undef KEYS
} key_words = {
#define KEYS(name, answer, place, ...) #__VA_ARGS__,
#include "report/keys.def"
#undef KEYS
};

static const uint16_t objects[] = {
#define KEYS(name, answer, place, ...) offsetof(struct key_words, name),
#include "report/keys.def"
#undef KEYS
};

void put_nulls(struct arena *arena, struct node *object, enum keys keys)
{
    for (const char *key = strchr((const char *)&key_words + objects[keys], '"'); key; key = strchr(key, '"')) {
        size_t length = strcspn(++key, "\"");
        put_missing(arena, object, key, length);
        key += length + 1;
    }
}
