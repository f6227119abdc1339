/* What the fuzzers share. A harness linked with failing.c says so by a first byte pair of its
 * input: the number of the allocation that fails, of the library's and of libyaml's alike. */
#ifndef FUZZ_HARNESS_H
#define FUZZ_HARNESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Take the number from the input, when this harness has failing allocations. */
bool failing_begin(const uint8_t **data, size_t *size);
void failing_end(void);

/* Aborts with what and the text unless the condition holds. */
void require(bool condition, const char *what, const char *text);

/* Is the text one valid JSON value? So it holds no nan and no infinity either. */
bool json_valid(const char *text);

#endif
