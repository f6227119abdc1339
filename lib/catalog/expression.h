/* Effect expressions: small arithmetic over named quantities, compiled once to
 * code for a stack of lanes. What a name means is the caller's: it gives a scope. */
#ifndef CATALOG_EXPRESSION_H
#define CATALOG_EXPRESSION_H

#include "base/diagnostic.h"
#include "base/lanes.h"

/* Compiled more than once (see estimate/kernel.c). */
#ifdef KERNEL_NAME
#define expression_evaluate KERNEL_NAME(expression_evaluate)
#endif

enum {
    EXPRESSION_DEEPEST = 16,   /* values on the stack at once */
    EXPRESSION_LONGEST = 128,  /* operations */
};

enum name_kind { NAME_CONSTANT, NAME_VARIABLE, NAME_COEFFICIENT, NAME_PARAMETER };

struct operation {
    uint8_t code;
    uint8_t kind;   /* enum name_kind, of a name */
    uint16_t index; /* of a name */
    double value;   /* of a constant */
};

struct expression {
    const char *text;
    const struct operation *operations;
    uint16_t count;
    bool constant; /* one constant is all there is */
};

/* What the names of an expression mean. `find` fills the operation for a name
 * and says whether it knows it; `offer` tells all names, for "did you mean". */
struct expression_scope {
    bool (*find)(const void *user, const char *name, size_t length, struct operation *operation);
    void (*offer)(const void *user, struct nearest *nearest);
    const void *user;
};

/* Compiles text into the arena; false after a problem. */
bool expression_compile(speedup_context *context, struct arena *arena, const struct place *place,
                        const char *text, const struct expression_scope *scope, struct expression *expression);

/* Puts known values in place of names and folds what then is constant. `known`
 * gives the value of a name, or false to leave it open. False when there is no memory. */
bool expression_fold(struct arena *arena, const struct expression *expression,
                     bool (*known)(const void *user, const struct operation *name, double *value),
                     const void *user, struct expression *folded);

/* The value of one layout per lane; `variables` are lanes by variable number. */
void expression_evaluate(const struct expression *expression, const lanes *variables, lanes *result);

/* The names an expression still reads: a bit for each variable number below 64. */
uint64_t expression_variables(const struct expression *expression);

bool expression_divides(const struct expression *expression);
bool expression_chooses(const struct expression *expression);

#endif
