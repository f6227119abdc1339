/* What speedup.measure writes, row by row. Fits nothing. */
#ifndef TOOLS_CALIBRATE_MEASURED_H
#define TOOLS_CALIBRATE_MEASURED_H

#include "../validation/csv.h"

struct measured {
    const char *kind, *name, *precision;
    double m, n, k, batch, heads, kv, seq, width, causal, layers, bytes, ranks, seconds, spread, watts;
};

struct measured_rows {
    struct measured *rows;
    size_t count, bad; /* rows passed over, each of which has been told */
    const char *gpu, *torch, *cuda, *driver, *date, *processor; /* of the machine; "" where unknown */
    double gpu_memory, capability, power_limit;                  /* B, as compute capability, W; 0 where unknown */
};

/* Is it a table of speedup.measure? */
bool is_measured(const struct csv *csv);

/* Reads all rows; what cannot be used is passed over, and told with file, line, column and reason. False when
 * nothing is left, or the rows are of several machines. */
bool measured_read(const struct csv *csv, FILE *errors, struct measured_rows *rows);
void measured_free(struct measured_rows *rows);

#endif
