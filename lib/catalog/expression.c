/* Effect expressions: parser and folding. Knows no name but pi, e and phi. */
#include "catalog/operation.h"

#include "base/number.h"

#include <string.h>

static const struct function {
    const char *name;
    uint8_t code;
    int arguments; /* at least; min and max take more */
} functions[] = {
    {"min", MIN, 2},     {"max", MAX, 2},   {"ceil", CEIL, 1}, {"floor", FLOOR, 1}, {"round", ROUND, 1},
    {"sqrt", SQRT, 1},   {"exp", EXP, 1},   {"log", LOG, 1},   {"abs", ABS, 1},     {"if", IF, 3},
};

static const struct {
    const char *name;
    double value;
} constants[] = {
    {"pi", 3.14159265358979323846},
    {"e", 2.71828182845904523536},
    {"phi", 1.61803398874989484820},
};

struct parser {
    speedup_context *context;
    const struct place *place;
    const struct expression_scope *scope;
    const char *text, *at;
    struct operation code[EXPRESSION_LONGEST];
    int count, depth, deepest, nesting;
    bool failed;
};

static void fail(struct parser *parser, speedup_status status, const char *what)
{
    if (!parser->failed)
        problem(parser->context, status, parser->place, "in '%.80s' at character %zu: %s", parser->text,
                text_width(parser->text, (size_t)(parser->at - parser->text)) + 1, what);
    parser->failed = true;
}

static void emit(struct parser *parser, struct operation operation)
{
    if (parser->failed)
        return;
    parser->depth += 1 - operation_arity(operation.code);
    if (parser->depth > EXPRESSION_DEEPEST || parser->count >= EXPRESSION_LONGEST) {
        fail(parser, SPEEDUP_TOO_COMPLEX, "the expression is too long or too deep");
        return;
    }
    parser->code[parser->count++] = operation;
}

static void emit_code(struct parser *parser, uint8_t code)
{
    emit(parser, (struct operation){.code = code});
}

static void skip(struct parser *parser)
{
    while (*parser->at == ' ' || *parser->at == '\t' || *parser->at == '\n')
        parser->at++;
}

static bool accept(struct parser *parser, const char *token)
{
    skip(parser);
    size_t length = strlen(token);
    if (strncmp(parser->at, token, length))
        return false;
    parser->at += length;
    return true;
}

static bool starts_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool in_name(char c)
{
    return starts_name(c) || (c >= '0' && c <= '9');
}

static void comparison(struct parser *parser);

static void call(struct parser *parser, const struct function *function)
{
    int arguments = 0;
    do {
        comparison(parser);
        if (++arguments > 1 && (function->code == MIN || function->code == MAX))
            emit_code(parser, function->code);
    } while (!parser->failed && accept(parser, ","));
    if (!parser->failed && !accept(parser, ")"))
        fail(parser, SPEEDUP_EXPRESSION, "expected ')'");
    if (function->code == MIN || function->code == MAX ? arguments < 2 : arguments != function->arguments)
        fail(parser, SPEEDUP_EXPRESSION, "wrong number of arguments");
    if (function->code != MIN && function->code != MAX)
        emit_code(parser, function->code);
}

static void offer_all(struct parser *parser, struct nearest *nearest)
{
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
        nearest_offer(nearest, functions[i].name);
    for (size_t i = 0; i < sizeof constants / sizeof *constants; i++)
        nearest_offer(nearest, constants[i].name);
    if (parser->scope && parser->scope->offer)
        parser->scope->offer(parser->scope->user, nearest);
}

static void name(struct parser *parser)
{
    const char *start = parser->at;
    while (in_name(*parser->at))
        parser->at++;
    size_t length = (size_t)(parser->at - start);
    if (accept(parser, "(")) {
        for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
            if (strlen(functions[i].name) == length && !memcmp(functions[i].name, start, length)) {
                call(parser, &functions[i]);
                return;
            }
    } else {
        for (size_t i = 0; i < sizeof constants / sizeof *constants; i++)
            if (strlen(constants[i].name) == length && !memcmp(constants[i].name, start, length)) {
                emit(parser, (struct operation){.code = PUSH, .value = constants[i].value});
                return;
            }
        struct operation operation = {.code = NAME};
        if (parser->scope && parser->scope->find(parser->scope->user, start, length, &operation)) {
            emit(parser, operation);
            return;
        }
    }
    struct nearest nearest;
    nearest_begin(&nearest, start, length);
    offer_all(parser, &nearest);
    struct text *text = problem_begin(parser->context);
    text_format(text, "in '%.80s': nothing is named '%.*s'", parser->text, (int)(length < 60 ? length : 60), start);
    nearest_put(&nearest, text);
    if (!parser->failed)
        problem_end(parser->context, SPEEDUP_UNKNOWN_NAME, parser->place);
    parser->failed = true;
}

static void primary(struct parser *parser)
{
    skip(parser);
    char c = *parser->at;
    if (parser->failed)
        return;
    if (++parser->nesting > EXPRESSION_DEEPEST * 2) {
        fail(parser, SPEEDUP_TOO_COMPLEX, "the expression is too long or too deep");
    } else if (accept(parser, "(")) {
        comparison(parser);
        if (!parser->failed && !accept(parser, ")"))
            fail(parser, SPEEDUP_EXPRESSION, "expected ')'");
    } else if (starts_name(c)) {
        name(parser);
    } else {
        double value;
        size_t used;
        enum number_result result =
            c == '-' || c == '+' ? NUMBER_BAD : number_parse(parser->at, strlen(parser->at), &value, &used);
        if (result == NUMBER_OK) {
            parser->at += used;
            emit(parser, (struct operation){.code = PUSH, .value = value});
        } else if (result == NUMBER_NOT_FINITE) {
            fail(parser, SPEEDUP_NOT_FINITE, "a number that is not finite");
        } else {
            fail(parser, SPEEDUP_EXPRESSION, c ? "expected a number, a name or '('" : "the expression ends too early");
        }
    }
    parser->nesting--;
}

static void unary(struct parser *parser);

/* Right-associative, and stronger than a sign in front: -2^2 is -4. */
static void power(struct parser *parser)
{
    primary(parser);
    if (!parser->failed && accept(parser, "^")) {
        unary(parser);
        emit_code(parser, POWER);
    }
}

static void unary(struct parser *parser)
{
    if (++parser->nesting > EXPRESSION_DEEPEST * 2) {
        fail(parser, SPEEDUP_TOO_COMPLEX, "the expression is too long or too deep");
    } else if (accept(parser, "-")) {
        unary(parser);
        emit_code(parser, NEGATE);
    } else {
        accept(parser, "+");
        power(parser);
    }
    parser->nesting--;
}

static void product(struct parser *parser)
{
    unary(parser);
    while (!parser->failed) {
        uint8_t code = accept(parser, "*") ? MULTIPLY : accept(parser, "/") ? DIVIDE : 0;
        if (!code)
            return;
        unary(parser);
        emit_code(parser, code);
    }
}

static void sum(struct parser *parser)
{
    product(parser);
    while (!parser->failed) {
        uint8_t code = accept(parser, "+") ? ADD : accept(parser, "-") ? SUBTRACT : 0;
        if (!code)
            return;
        product(parser);
        emit_code(parser, code);
    }
}

static void comparison(struct parser *parser)
{
    static const struct {
        const char *token;
        uint8_t code;
    } comparisons[] = {
        {"<=", LESS_EQUAL}, {">=", GREATER_EQUAL}, {"==", EQUAL}, {"!=", NOT_EQUAL}, {"<", LESS}, {">", GREATER},
    };
    sum(parser);
    for (size_t i = 0; i < sizeof comparisons / sizeof *comparisons && !parser->failed; i++)
        if (accept(parser, comparisons[i].token)) {
            sum(parser);
            emit_code(parser, comparisons[i].code);
            return;
        }
}

static bool keep(struct arena *arena, const struct operation *code, int count, struct expression *expression)
{
    struct operation *kept = arena_zeroed(arena, (size_t)count, sizeof *kept);
    if (!kept)
        return false;
    memcpy(kept, code, (size_t)count * sizeof *kept);
    expression->operations = kept;
    expression->count = (uint16_t)count;
    expression->constant = count == 1 && code[0].code == PUSH;
    return true;
}

bool expression_compile(speedup_context *context, struct arena *arena, const struct place *place, const char *text,
                        const struct expression_scope *scope, struct expression *expression)
{
    struct parser parser = {.context = context, .place = place, .scope = scope, .text = text, .at = text};
    comparison(&parser);
    skip(&parser);
    if (!parser.failed && *parser.at)
        fail(&parser, SPEEDUP_EXPRESSION, "something is left over");
    if (parser.failed)
        return false;
    struct expression whole = {.text = text};
    if (!keep(arena, parser.code, parser.count, &whole)) {
        no_memory(context);
        return false;
    }
    struct expression folded;
    if (!expression_fold(arena, &whole, NULL, NULL, &folded)) {
        no_memory(context);
        return false;
    }
    /* A constant that came out infinite is a mistake, unless an if() may drop it. */
    for (int i = 0; i < folded.count; i++)
        if (folded.operations[i].code == PUSH && !isfinite(folded.operations[i].value) &&
            !expression_chooses(&folded)) {
            bool divides = expression_divides(&whole);
            problem(context, divides ? SPEEDUP_DIVISION_BY_ZERO : SPEEDUP_NOT_FINITE, place,
                    divides ? "'%.80s' divides by zero" : "'%.80s' is not a finite number", text);
            return false;
        }
    *expression = folded;
    return true;
}

/* Replaces the operands at the end of `code` by the result when all are constant. */
static int fold_tail(struct operation *code, int count)
{
    int operands = operation_arity(code[count - 1].code);
    if (!operands || count <= operands)
        return count;
    lanes values[3];
    for (int i = 0; i < operands; i++) {
        const struct operation *operand = &code[count - 1 - operands + i];
        if (operand->code != PUSH)
            return count;
        values[i] = lanes_of(operand->value);
    }
    lanes result;
    operation_apply(code[count - 1].code, &values[0], &values[1], &values[2], &result);
    count -= operands;
    code[count - 1] = (struct operation){.code = PUSH, .value = result[0]};
    return count;
}

/* Leaves of an if(), whose operands begin at those places, the branch that a constant condition takes. */
static int choose_branch(struct operation *code, int count, const int begins[3])
{
    if (begins[1] != begins[0] + 1 || code[begins[0]].code != PUSH)
        return count;
    bool yes = code[begins[0]].value != 0;
    int from = yes ? begins[1] : begins[2], length = (yes ? begins[2] : count - 1) - from;
    memmove(code + begins[0], code + from, (size_t)length * sizeof *code);
    return begins[0] + length;
}

bool expression_fold(struct arena *arena, const struct expression *expression,
                     bool (*known)(const void *user, const struct operation *name, double *value), const void *user,
                     struct expression *folded)
{
    struct operation code[EXPRESSION_LONGEST];
    int begins[EXPRESSION_LONGEST]; /* of what stands on the stack, where in the code */
    int count = 0, depth = 0;
    for (int i = 0; i < expression->count; i++) {
        struct operation operation = expression->operations[i];
        double value;
        if (operation.code == NAME && known && known(user, &operation, &value))
            operation = (struct operation){.code = PUSH, .value = value};
        int operands = operation_arity(operation.code);
        if (operands)
            depth -= operands - 1;
        else
            begins[depth++] = count;
        code[count++] = operation;
        count = fold_tail(code, count);
        if (operation.code == IF && code[count - 1].code == IF)
            count = choose_branch(code, count, &begins[depth - 1]);
    }
    folded->text = expression->text;
    return keep(arena, code, count, folded);
}

uint64_t expression_variables(const struct expression *expression)
{
    uint64_t variables = 0;
    for (int i = 0; i < expression->count; i++)
        if (expression->operations[i].code == NAME && expression->operations[i].kind == NAME_VARIABLE)
            variables |= UINT64_C(1) << expression->operations[i].index;
    return variables;
}

static bool has(const struct expression *expression, uint8_t code)
{
    for (int i = 0; i < expression->count; i++)
        if (expression->operations[i].code == code)
            return true;
    return false;
}

bool expression_divides(const struct expression *expression)
{
    return has(expression, DIVIDE);
}

bool expression_chooses(const struct expression *expression)
{
    return has(expression, IF);
}
