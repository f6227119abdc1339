/* Units: what a number in a YAML text may be followed by. */
#ifndef BASE_UNIT_H
#define BASE_UNIT_H

#include "base/text.h"

enum dimension {
    DIMENSION_NONE,
    DIMENSION_COUNT,          /* 1.4 T, 70 B, 4 M */
    DIMENSION_BYTES,          /* 80 GB, 80 GiB */
    DIMENSION_BYTES_PER_S,    /* 3.35 TB/s, 400 Gbit/s */
    DIMENSION_FLOPS_PER_S,    /* 989 TFLOP/s */
    DIMENSION_SECONDS,        /* 25 us, 14 days */
    DIMENSION_WATTS,          /* 700 W */
    DIMENSION_USD,            /* 2 MUSD */
    DIMENSION_USD_PER_HOUR,   /* 2.99 USD/h */
    DIMENSION_USD_PER_KWH,    /* 0.08 USD/kWh */
    DIMENSION_RATE,           /* 3 per second: 1/s, 1/h, 1/day */
    DIMENSION_COUNT_OF,       /* how many dimensions there are */
};

const char *dimension_name(enum dimension dimension);

/* The dimension of an SI unit, as metrics have it; DIMENSION_NONE for another. */
enum dimension dimension_of(const char *unit);

/* The units of a dimension, for a message: "B, kB, MB …". */
void dimension_list(enum dimension dimension, struct text *text);

/* The factor to SI of a unit; false when the dimension has none of that name.
 * `*other` is then a dimension that does, or DIMENSION_NONE. */
bool unit_factor(enum dimension dimension, const char *unit, size_t length, double *factor,
                 enum dimension *other);

/* A quantity as a file would give it: in the largest unit that loses nothing. */
void dimension_put(struct text *text, enum dimension dimension, double value);

/* A quantity for people: 79.4 GiB, 1.36 PFLOP/s, 21.3 days. */
void unit_put(struct text *text, const char *unit, double value);

#endif
