/* Tables of tuned matrix products: columns m, n, k, latency in ms, gemm_dtype. */
#ifndef TOOLS_CALIBRATE_TABLE_H
#define TOOLS_CALIBRATE_TABLE_H

#include "../command.h"
#include "../validation/csv.h"

bool is_product_table(const struct csv *csv);

/* Fits the products of the accelerator that --accelerator names; returns the exit code. */
int calibrate_table(const struct session *session, const struct csv *csv);

#endif
