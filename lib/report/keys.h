/* One set of keys for each object of each kind of answer: keys.def has them. */
#ifndef REPORT_KEYS_H
#define REPORT_KEYS_H

#include "report/tree.h"

enum keys {
#define KEYS(name, answer, place, ...) KEYS_##name,
#include "report/keys.def"
#undef KEYS
};

/* What the object has not of its keys is null in JSON, and left out of text. */
void put_nulls(struct arena *arena, struct node *object, enum keys keys);

#endif
