/* The precision that a published file keeps its weights in. */
#ifndef CATALOG_PRECISION_H
#define CATALOG_PRECISION_H

#include "catalog/catalog.h"

/* Words of what a file says of its weights and cache ("fp8-block fp8-cache"), nothing where it says nothing; the node that
 * says it, 0 for none. `mixed` where parts differ in a way that the words cannot say. */
uint32_t precision_words(const struct yaml_tree *tree, const uint32_t places[2], bool experts, bool *mixed, struct text *out);

#endif
