/* The keys that each object of an answer has, from keys.def. Knows no answer. */
#include "report/keys.h"

#include <string.h>

/* As they are written there, in quotes and with commas between: an address of an object in place of one of each key. */
static const char *const objects[] = {
#define KEYS(name, answer, place, ...) #__VA_ARGS__,
#include "report/keys.def"
#undef KEYS
};

void put_nulls(struct arena *arena, struct node *object, enum keys keys)
{
    for (const char *key = strchr(objects[keys], '"'); key; key = strchr(key, '"')) {
        size_t length = strcspn(++key, "\"");
        put_missing(arena, object, key, length);
        key += length + 1;
    }
}
