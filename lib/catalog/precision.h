/* The precision that a published file keeps its weights in. */
#ifndef CATALOG_PRECISION_H
#define CATALOG_PRECISION_H

#include "catalog/catalog.h"

/* What a file says of its weights and cache. */
struct kept_precision {
    struct text words;    /* "fp8-block fp8-cache", nothing where it says nothing */
    uint32_t node;        /* that says it, 0 for none */
    bool mixed;           /* layers differ in a way that the words cannot say */
    double bits[3], head; /* of a weight of attention, of a feed-forward block and of an expert, and of the head, where the words do not say; 0: not known */
};

/* `spared`: what comes behind the words where attention is not narrow. */
void precision_read(const struct yaml_tree *tree, const uint32_t places[2], const char *spared, struct kept_precision *said);

/* A key that says how weights are quantized, in a form that is not known; 0 for none. */
uint32_t precision_strange(const struct yaml_tree *tree, const uint32_t places[2]);

#endif
