/* The audit: reads a claims document and has each part of it audited; headlines and
 * identities are its own. Verdicts follow from rules over figures; no claim is known by name. */
#include "plan/auditor.h"

#include "base/number.h"

#include <float.h>
#include <stdio.h>
#include <string.h>

const char *const verdict_names[] = {"agrees", "rounding", "depends", "contradicts", "untested"};

struct claims_record {
    uint64_t present;
    const char *title, *source;
    uint32_t headlines, gains, training, serving, serving_space, identities;
};
static const struct field claims_fields[] = {
#define PART(name_, member, type_, shown_, doc_) \
    {FIELD_WORDS(name_, shown_, doc_), .type = type_, .offset = offsetof(struct claims_record, member)}
    PART("title", title, FIELD_TEXT, "", "what the document is"),
    PART("source", source, FIELD_TEXT, "", "where the claims were made"),
    PART("headlines", headlines, FIELD_LIST, "[headline, ...]", "from one figure to another"),
    PART("gains", gains, FIELD_LIST, "[gains, ...]", "tables of factors that are said to compose"),
    PART("training_costs", training, FIELD_MAPPING, "training_costs", "runs with accelerators, days and money"),
    PART("serving_costs", serving, FIELD_LIST, "[serving cost, ...]", "money or speed of generated tokens"),
    PART("serving_space", serving_space, FIELD_MAPPING, "serving_space", "where jobs that serve are looked for, when they leave it open"),
    PART("identities", identities, FIELD_LIST, "[identity, ...]", "numbers said to be expressions"),
    {.key = NULL},
};
static const struct record_table claims_table = {"claims", "A document of published claims.", claims_fields};

struct headline_record {
    uint64_t present;
    const char *name, *from, *to, *unit;
    double factor;
    uint32_t job;
};
static const struct field headline_fields[] = {
#define HEADLINE(name_, type_, needed, doc_) \
    {FIELD_WORDS(#name_, "", doc_), \
     .type = type_, .least = 1e-6, .most = 1e9, .required = needed, .offset = offsetof(struct headline_record, name_)}
    HEADLINE(name, FIELD_TEXT, true, "what is claimed"),
    HEADLINE(from, FIELD_TEXT, true, "figure before, with its unit"),
    HEADLINE(to, FIELD_TEXT, true, "figure after, in the same unit"),
    HEADLINE(unit, FIELD_TEXT, false, "unit of both, where they carry none"),
    HEADLINE(factor, FIELD_NUMBER, true, "how many times better, as claimed"),
    HEADLINE(job, FIELD_MAPPING, false, "{serve: ...} or {generate: ...}: both figures are its tokens per second, before its optimizations and with them"),
    {.key = NULL},
};
static const struct record_table headline_table = {"headline", "One claim from a figure to a figure.", headline_fields};

struct identity_record {
    uint64_t present;
    const char *name, *expression;
    double claimed;
    uint32_t parameters;
};
static const struct field identity_fields[] = {
#define IDENTITY(name_, type_, needed, doc_) \
    {FIELD_WORDS(#name_, "", doc_), \
     .type = type_, .least = 1e-300, .most = 1e300, .required = needed, \
     .offset = offsetof(struct identity_record, name_)}
    IDENTITY(name, FIELD_TEXT, true, "what it is said of"),
    IDENTITY(expression, FIELD_TEXT, true, "an expression"),
    IDENTITY(claimed, FIELD_NUMBER, false, "the number it is said to be"),
    IDENTITY(parameters, FIELD_LIST, false, "[name, ...]: numbers of the expression that are free"),
    {.key = NULL},
};
static const struct record_table identity_table = {"identity", "A number said to be an expression.", identity_fields};

const struct record_table *const audit_tables[] = {&claims_table, &headline_table, &gains_table,    &gain_table,
                                                   &costs_table,  &cost_table,     &serving_table, &serving_space_table, &identity_table, NULL};

/* A figure with any unit: its number in SI, so that two of one unit can be divided. */
static bool read_figure(const struct auditor *a, uint32_t node, const char *text, double *value)
{
    if (!text)
        return false; /* which has been told */
    size_t used, length = strlen(text);
    if (number_parse(text, length, value, &used) == NUMBER_OK && *value > 0) {
        while (text[used] == ' ')
            used++;
        if (!text[used])
            return true;
        for (int d = DIMENSION_COUNT; d < DIMENSION_COUNT_OF; d++) {
            double factor;
            enum dimension other;
            if (unit_factor((enum dimension)d, text + used, length - used, &factor, &other)) {
                *value *= factor;
                return true;
            }
        }
    }
    struct place place = yaml_place(a->tree, node);
    problem(a->context, SPEEDUP_BAD_NUMBER, &place, "'%.40s' is not a figure over 0 with a known unit", text);
    return false;
}

static void audit_headlines(const struct auditor *a, uint32_t list, struct audit *audit)
{
    uint32_t *items;
    audit->headline_count = auditor_items(a, list, "headlines", &items);
    audit->headlines = arena_zeroed(a->arena, audit->headline_count, sizeof *audit->headlines);
    for (size_t i = 0; audit->headlines && i < audit->headline_count; i++) {
        struct headline_record r = {0};
        double from = 1, to = 1;
        auditor_read(a, items[i], &headline_table, &r);
        bool figures = read_figure(a, yaml_find(a->tree, items[i], "from"), r.from, &from);
        figures &= read_figure(a, yaml_find(a->tree, items[i], "to"), r.to, &to);
        if (!figures || a->context->first)
            continue;
        double implied = from > to ? from / to : to / from;
        audit->headlines[i] = (struct headline){.name = r.name, .from = r.unit ? auditor_say(a, "%s %s", r.from, r.unit) : r.from,
                                                .to = r.unit ? auditor_say(a, "%s %s", r.to, r.unit) : r.to,
                                                .factor = r.factor, .implied = implied,
                                                .judgement = auditor_compare(a, r.factor, implied, "the ratio")};
        if (r.job)
            audit_served_headline(a, r.job, from, to, &audit->headlines[i]);
    }
}

static bool free_name(const void *user, const char *name, size_t length, struct operation *operation)
{
    for (const char *const *names = user; names && *names; names++)
        if (strlen(*names) == length && !memcmp(*names, name, length)) {
            operation->kind = NAME_PARAMETER;
            return true;
        }
    return false;
}

/* Is it a name or number, '^', and a name or number? */
static bool is_plain_power(const char *expression)
{
    static const char word[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_. ";
    size_t base = strspn(expression, word);
    if (expression[base] != '^')
        return false;
    const char *exponent = expression + base + 1;
    exponent += strspn(exponent, " ");
    exponent += *exponent == '-';
    return exponent[strspn(exponent, word)] == '\0';
}

static void audit_identities(const struct auditor *a, uint32_t list, struct audit *audit)
{
    uint32_t *items;
    audit->identity_count = auditor_items(a, list, "identities", &items);
    audit->identities = arena_zeroed(a->arena, audit->identity_count, sizeof *audit->identities);
    for (size_t i = 0; audit->identities && i < audit->identity_count; i++) {
        struct identity_record r = {0};
        struct identity *identity = &audit->identities[i];
        auditor_read(a, items[i], &identity_table, &r);
        if (!r.expression)
            continue;
        size_t names;
        const char **free_names = auditor_names(a, r.parameters, "parameters", &names);
        const struct expression_scope scope = {free_name, NULL, free_names};
        uint32_t node = yaml_find(a->tree, items[i], "expression");
        struct place place = yaml_place(a->tree, node);
        struct expression expression;
        *identity = (struct identity){.name = r.name, .expression = r.expression, .claimed = r.claimed, .free_parameters = names};
        if (!expression_compile(a->context, a->arena, &place, r.expression, &scope, &expression))
            continue;
        if (!expression.constant) {
            identity->judgement = (struct judgement){
                VERDICT_DEPENDS, auditor_say(a, "depends on %zu free numbers: it can be any number, and so says nothing", names)};
            continue;
        }
        identity->value = expression.operations[0].value;
        identity->error = r.claimed > 0 ? identity->value / r.claimed - 1 : 0;
        /* The exponent that would make it exact: of the base in front of '^'. */
        char base[64];
        size_t length = strcspn(r.expression, "^");
        if (r.claimed > 0 && length < sizeof base && is_plain_power(r.expression)) {
            memcpy(base, r.expression, length);
            base[length] = '\0';
            struct expression front;
            if (expression_compile(a->context, a->arena, &place, auditor_say(a, "%s", base), &scope, &front) && front.constant &&
                front.operations[0].value > 0 && front.operations[0].value != 1) {
                identity->base = front.operations[0].value;
                identity->exponent = log(r.claimed) / log(identity->base);
            }
        }
        if (r.claimed > 0)
            identity->judgement = auditor_compare(a, r.claimed, identity->value, "the expression");
        else
            identity->judgement = (struct judgement){VERDICT_UNTESTED, "no number is claimed"};
    }
}

speedup_status plan_audit(speedup_context *context, const speedup_catalog *catalog, struct arena *arena,
                          const struct yaml_tree *tree, struct audit *audit)
{
    struct serving_space space = {0};
    const struct auditor a = {context, catalog, arena, tree, &space};
    *audit = (struct audit){0};
    if (!expect_kind(context, tree, tree->root, YAML_MAPPING, "the document"))
        return context->first;
    uint32_t node = yaml_find(tree, tree->root, "claims");
    if (!node) {
        struct place place = yaml_place(tree, tree->root);
        problem(context, SPEEDUP_NO_CLAIMS, &place, "there is no 'claims:' section");
        for (uint32_t key = yaml_at(tree, tree->root)->first; key; key = yaml_at(tree, yaml_at(tree, key)->next)->next)
            if (document_command(yaml_text(tree, key)))
                problem_remedy(context, "give this file to 'speedup %s'", document_command(yaml_text(tree, key)));
        return SPEEDUP_NO_CLAIMS;
    }
    struct claims_record r = {0};
    auditor_read(&a, node, &claims_table, &r);
    audit->title = r.title;
    audit->source = r.source;
    audit_serving_space(&a, r.serving_space, &space);
    audit_headlines(&a, r.headlines, audit);
    uint32_t *items;
    audit->gains_count = auditor_items(&a, r.gains, "gains", &items);
    audit->gains = arena_zeroed(arena, audit->gains_count, sizeof *audit->gains);
    for (size_t i = 0; audit->gains && i < audit->gains_count; i++) {
        audit_gains(&a, items[i], &audit->gains[i]);
        for (size_t j = 0; j < i && audit->gains[i].name; j++)
            if (audit->gains[j].name && !strcmp(audit->gains[j].name, audit->gains[i].name)) {
                struct place place = yaml_place(tree, items[i]);
                problem(context, SPEEDUP_EXISTS, &place, "there is a table of gains '%.60s' already", audit->gains[i].name);
                break;
            }
    }
    audit_training(&a, r.training, audit);
    audit_serving(&a, r.serving, audit);
    audit_identities(&a, r.identities, audit);
    if (arena->failed)
        return no_memory(context);
    return context->first;
}
