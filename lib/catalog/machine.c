/* The stack machine that expressions run on, over lanes of layouts. Knows no names. */
#include "catalog/operation.h"

void operation_apply(uint8_t code, const lanes *a, const lanes *b, const lanes *c, lanes *result)
{
    const lanes one = lanes_of(1.0), zero = lanes_of(0.0);
    switch ((enum operation_code)code) {
    case ADD: *result = *a + *b; break;
    case SUBTRACT: *result = *a - *b; break;
    case MULTIPLY: *result = *a * *b; break;
    case DIVIDE: *result = *a / *b; break;
    case POWER: LANES_EACH(*result, pow((*a)[lane_], (*b)[lane_])); break;
    case MIN: *result = lanes_min(*a, *b); break;
    case MAX: *result = lanes_max(*a, *b); break;
    case LESS: *result = lanes_select(*a < *b, one, zero); break;
    case LESS_EQUAL: *result = lanes_select(*a <= *b, one, zero); break;
    case GREATER: *result = lanes_select(*a > *b, one, zero); break;
    case GREATER_EQUAL: *result = lanes_select(*a >= *b, one, zero); break;
    case EQUAL: *result = lanes_select(*a == *b, one, zero); break;
    case NOT_EQUAL: *result = lanes_select(*a != *b, one, zero); break;
    case NEGATE: *result = -*a; break;
    case CEIL: LANES_EACH(*result, ceil((*a)[lane_])); break;
    case FLOOR: LANES_EACH(*result, floor((*a)[lane_])); break;
    case ROUND: LANES_EACH(*result, round((*a)[lane_])); break;
    case SQRT: LANES_EACH(*result, sqrt((*a)[lane_])); break;
    case EXP: LANES_EACH(*result, exp((*a)[lane_])); break;
    case LOG: LANES_EACH(*result, log((*a)[lane_])); break;
    case ABS: LANES_EACH(*result, fabs((*a)[lane_])); break;
    case IF: *result = lanes_select(*a != zero, *b, *c); break;
    case PUSH:
    case NAME: break;
    }
}

void expression_evaluate(const struct expression *expression, const lanes *variables, lanes *result)
{
    lanes stack[EXPRESSION_DEEPEST + 3]; /* an operation looks at three places */
    int top = 0;
    for (int i = 0; i < expression->count; i++) {
        const struct operation *operation = &expression->operations[i];
        if (operation->code == PUSH) {
            stack[top++] = lanes_of(operation->value);
        } else if (operation->code == NAME) {
            stack[top++] = variables[operation->index];
        } else {
            top -= operation_arity(operation->code);
            operation_apply(operation->code, &stack[top], &stack[top + 1], &stack[top + 2], &stack[top]);
            top++;
        }
    }
    *result = stack[0];
}
