/* A catalog while it grows by the entries of a file. */
#ifndef CATALOG_EXTEND_H
#define CATALOG_EXTEND_H

#include "catalog/catalog.h"

struct draft;

struct extension {
    speedup_context *context;
    const speedup_catalog *base;
    speedup_catalog *made;
    struct draft *drafts[KINDS];
    size_t count[KINDS];
    int chain;
};

/* The entry as seen from the file being read: its own entries before older ones. */
const struct entry *find_either(const struct extension *extension, enum kind kind, const char *id);

/* What follows from the fields of an entry, by kind; what is wrong is told. */
void entry_finish(struct extension *extension, enum kind kind, struct entry *entry);

#endif
