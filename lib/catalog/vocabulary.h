/* The words that data may use: targets, rules, variables, precisions. */
#ifndef CATALOG_VOCABULARY_H
#define CATALOG_VOCABULARY_H

#include "base/text.h"

enum rule {
#define SPEEDUP_RULE(NAME, name, least, most, rule, why) RULE_##NAME,
#include <speedup/rule.def>
#undef SPEEDUP_RULE
    RULES
};

enum target {
#define SPEEDUP_TARGET(NAME, name, phase, RULE, unit, text) TARGET_##NAME,
#include <speedup/target.def>
#undef SPEEDUP_TARGET
    TARGETS
};

enum variable {
#define SPEEDUP_VARIABLE(NAME, name, scope, unit, text) VARIABLE_##NAME,
#include <speedup/variable.def>
#undef SPEEDUP_VARIABLE
    VARIABLES
};

enum known_coefficient {
#define COEFFICIENT(NAME, name) COEFFICIENT_##NAME,
#include "catalog/coefficient.def"
#undef COEFFICIENT
    KNOWN_COEFFICIENTS
};

enum variable_scope { SCOPE_LAYOUT, SCOPE_JOB, SCOPE_MODEL, SCOPE_HARDWARE };

enum peak { PEAK_FP32, PEAK_TF32, PEAK_BF16, PEAK_FP16, PEAK_FP8, PEAK_INT8, PEAK_FP4, PEAK_INT4, PEAKS };

enum precision {
#define SPEEDUP_PRECISION(NAME, name, bytes, PEAK, text) PRECISION_##NAME,
#include <speedup/precision.def>
#undef SPEEDUP_PRECISION
    PRECISIONS
};

struct speedup_word;

/* Fills a caller's word, as much of it as the caller's version of the struct has. */
int32_t word_fill(struct speedup_word *word, const char *name, const char *phase, const char *rule, const char *unit,
                  const char *text);

int32_t word_fill_metric(struct speedup_word *word, const char *name, const char *phase, const char *rule, const char *unit,
                         const char *text, const char *better, const char *interval);

/* Of a precision, behind its name stands its text (text_word): one address in place of two. */
struct target_info {
    uint16_t words;                /* where its words begin: target_name() */
    char phase[sizeof "backward"]; /* "" of any */
    uint8_t rule;                  /* enum rule */
};

struct rule_info {
    const char *name, *rule, *why;
    double least, most;
};

struct variable_info {
    uint16_t words; /* where its words begin: variable_name() */
    uint8_t scope;  /* enum variable_scope */
};

struct precision_info {
    const char *name;
    double bytes;
    enum peak peak;
};

extern const struct target_info targets[TARGETS];
extern const struct rule_info rules[RULES];
extern const struct variable_info variables[VARIABLES];
extern const struct precision_info precisions[PRECISIONS];
extern const char known_coefficients[]; /* their names, in order, each ended by a zero */
extern const char *const precision_names[PRECISIONS + 1];
extern const char *const peak_names[PEAKS + 1];

const char *target_name(int target);
const char *variable_name(int variable);
const char *target_text(int target);
const char *variable_unit(int variable);
const char *variable_text(int variable);
const char *precision_text(int precision);

/* The next target at or after `from` that "name" or "name@phase" means; TARGETS
 * when there is no other. */
int target_find(const char *text, int from);
void target_offer(struct nearest *nearest);

#endif
