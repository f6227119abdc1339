/* The words that data may use, by table. Knows nothing of who uses them. */
#include "catalog/vocabulary.h"

#include "base/struct.h"

#include <stddef.h>
#include <string.h>

enum word { WORD_NAME, WORD_UNIT, WORD_TEXT };

/* Words in blocks, and where each begins: no address for the loader. */
static const struct target_words {
#define SPEEDUP_TARGET(NAME, name, phase, RULE, unit, text) char NAME[sizeof name "\0" unit "\0" text];
#include <speedup/target.def>
#undef SPEEDUP_TARGET
} target_words = {
#define SPEEDUP_TARGET(NAME, name, phase, RULE, unit, text) name "\0" unit "\0" text,
#include <speedup/target.def>
#undef SPEEDUP_TARGET
};

const struct target_info targets[TARGETS] = {
#define SPEEDUP_TARGET(NAME, name, phase, RULE, unit, text) {offsetof(struct target_words, NAME), phase, RULE_##RULE},
#include <speedup/target.def>
#undef SPEEDUP_TARGET
};

static const struct variable_words {
#define SPEEDUP_VARIABLE(NAME, name, scope, unit, text) char NAME[sizeof name "\0" unit "\0" text];
#include <speedup/variable.def>
#undef SPEEDUP_VARIABLE
} variable_words = {
#define SPEEDUP_VARIABLE(NAME, name, scope, unit, text) name "\0" unit "\0" text,
#include <speedup/variable.def>
#undef SPEEDUP_VARIABLE
};

const struct rule_info rules[RULES] = {
#define SPEEDUP_RULE(NAME, name, least, most, rule, why) {name, rule, why, least, most},
#include <speedup/rule.def>
#undef SPEEDUP_RULE
};

const struct variable_info variables[VARIABLES] = {
#define SPEEDUP_VARIABLE(NAME, name, scope, unit, text) {offsetof(struct variable_words, NAME), SCOPE_##scope},
#include <speedup/variable.def>
#undef SPEEDUP_VARIABLE
};

const struct precision_info precisions[PRECISIONS] = {
#define SPEEDUP_PRECISION(NAME, name, bytes, PEAK, text) {name "\0" text, bytes, PEAK_##PEAK},
#include <speedup/precision.def>
#undef SPEEDUP_PRECISION
};

const char known_coefficients[] =
#define COEFFICIENT(NAME, name) name "\0"
#include "catalog/coefficient.def"
#undef COEFFICIENT
    ;

const char *const precision_names[PRECISIONS + 1] = {
#define SPEEDUP_PRECISION(NAME, name, bytes, PEAK, text) name,
#include <speedup/precision.def>
#undef SPEEDUP_PRECISION
};

const char *const peak_names[PEAKS + 1] = {"fp32", "tf32", "bf16", "fp16", "fp8", "int8", "fp4", "int4"};

const char *target_name(int target)
{
    return (const char *)&target_words + targets[target].words;
}

const char *variable_name(int variable)
{
    return (const char *)&variable_words + variables[variable].words;
}

const char *target_text(int target)
{
    return text_word(target_name(target), WORD_TEXT);
}

const char *variable_unit(int variable)
{
    return text_word(variable_name(variable), WORD_UNIT);
}

const char *variable_text(int variable)
{
    return text_word(variable_name(variable), WORD_TEXT);
}

const char *precision_text(int precision)
{
    return text_word(precisions[precision].name, 1);
}

int target_find(const char *text, int from)
{
    const char *at = strchr(text, '@');
    size_t length = at ? (size_t)(at - text) : strlen(text);
    for (; from < TARGETS; from++)
        if (strlen(target_name(from)) == length && !memcmp(target_name(from), text, length) &&
            (!at || !strcmp(targets[from].phase, at + 1)))
            return from;
    return TARGETS;
}

void target_offer(struct nearest *nearest)
{
    const char *phase = memchr(nearest->wanted, '@', nearest->wanted_length);
    if (phase)
        nearest->wanted_length = (size_t)(phase - nearest->wanted);
    for (int i = 0; i < TARGETS; i++)
        nearest_offer(nearest, target_name(i));
}

int32_t word_fill(speedup_word *word, const char *name, const char *phase, const char *rule, const char *unit,
                  const char *text)
{
    return word_fill_metric(word, name, phase, rule, unit, text, "", "");
}

int32_t word_fill_metric(speedup_word *word, const char *name, const char *phase, const char *rule, const char *unit,
                         const char *text, const char *better, const char *interval)
{
    if (!STRUCT_GOOD(speedup_word, word))
        return SPEEDUP_INVALID_ARGUMENT;
    const speedup_word filled = {.name = name, .phase = phase, .rule = rule, .unit = unit, .text = text, .better = better,
                                 .interval = interval};
    struct_out(word, &filled, sizeof filled);
    return SPEEDUP_OK;
}

speedup_status speedup_target_at(size_t index, speedup_word *word)
{
    if (index >= TARGETS)
        return SPEEDUP_NOT_FOUND;
    const struct target_info *t = &targets[index];
    return word_fill(word, target_name((int)index), t->phase, rules[t->rule].name, text_word(target_name((int)index), WORD_UNIT), target_text((int)index));
}

speedup_status speedup_rule_at(size_t index, speedup_word *word)
{
    if (index >= RULES)
        return SPEEDUP_NOT_FOUND;
    return word_fill(word, rules[index].name, "", rules[index].rule, "1", rules[index].why);
}

speedup_status speedup_variable_at(size_t index, speedup_word *word)
{
    static const char *const scopes[] = {"layout", "job", "model", "hardware"};
    if (index >= VARIABLES)
        return SPEEDUP_NOT_FOUND;
    const struct variable_info *v = &variables[index];
    return word_fill(word, variable_name((int)index), "", scopes[v->scope], variable_unit((int)index), variable_text((int)index));
}

speedup_status speedup_precision_at(size_t index, speedup_word *word)
{
    if (index >= PRECISIONS)
        return SPEEDUP_NOT_FOUND;
    const struct precision_info *p = &precisions[index];
    return word_fill(word, p->name, "", peak_names[p->peak], "1", precision_text((int)index));
}
