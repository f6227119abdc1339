/* Operations of compiled expressions: their codes, and what they do to lanes. */
#ifndef CATALOG_OPERATION_H
#define CATALOG_OPERATION_H

#include "catalog/expression.h"

/* machine.c is compiled more than once (see estimate/kernel.c). */
#ifdef KERNEL_NAME
#define operation_apply KERNEL_NAME(operation_apply)
#endif

enum operation_code {
    PUSH, NAME,
    ADD, SUBTRACT, MULTIPLY, DIVIDE, POWER, MIN, MAX, LESS, LESS_EQUAL, GREATER, GREATER_EQUAL, EQUAL, NOT_EQUAL,
    NEGATE, CEIL, FLOOR, ROUND, SQRT, EXP, LOG, ABS,
    IF,
};

static inline int operation_arity(uint8_t code)
{
    return code <= NAME ? 0 : code < NEGATE ? 2 : code < IF ? 1 : 3;
}

/* One operation on its operands, the first as many of a, b and c as it has; the result
 * may take the place of a. A constant that is folded has the bits of one that is
 * evaluated, as both are made here. */
void operation_apply(uint8_t code, const lanes *a, const lanes *b, const lanes *c, lanes *result);

#endif
