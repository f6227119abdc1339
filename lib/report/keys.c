/* The keys that each object of an answer has, from keys.def. Knows no answer. */
#include "report/keys.h"

#define KEYS(name, answer, place, ...) static const char *const of_##name[] = {__VA_ARGS__, NULL};
#include "report/keys.def"
#undef KEYS

static const char *const *const objects[] = {
#define KEYS(name, answer, place, ...) of_##name,
#include "report/keys.def"
#undef KEYS
};

void put_nulls(struct arena *arena, struct node *object, enum keys keys)
{
    put_missing(arena, object, objects[keys]);
}
