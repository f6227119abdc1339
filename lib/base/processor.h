/* What the processor can do. */
#ifndef BASE_PROCESSOR_H
#define BASE_PROCESSOR_H

#include <stdbool.h>

/* Has it registers of 256 bits with AVX2, that the operating system keeps? False where it is no x86-64. */
bool processor_has_avx2(void);

#endif
