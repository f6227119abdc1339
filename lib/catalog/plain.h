/* Systems by name, and plain machines of an accelerator that is named in place of one. */
#ifndef CATALOG_PLAIN_H
#define CATALOG_PLAIN_H

#include "catalog/catalog.h"

/* The system of a name: the catalog's of that id; or, in `room`, a plain machine of the accelerator that is called so, behind a
 * count of them or not; NULL where there is none, or where several are called so. What is in `room` refers to the catalog and
 * to `name`. */
const struct system *system_find(const speedup_catalog *catalog, const char *name, struct system *room);

/* The accelerators that a name counts ("2x rtx-4090"); 0 of one that counts none, or is the id of a system. */
double plain_count(const speedup_catalog *catalog, const char *name);

/* What was taken for a plain machine, for an answer. */
void system_say(const speedup_catalog *catalog, const struct system *system, struct text *text);

/* For a name that no system has: the accelerators that it may be the beginning of, told; and the one that is spelled nearest. */
bool system_put_like(const speedup_catalog *catalog, const char *name, struct text *text);
void system_nearest(const speedup_catalog *catalog, const char *name, struct nearest *nearest);

#endif
