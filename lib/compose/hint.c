/* Hints: the nearest that works, where an optimization does not. Looks through the catalog, and knows no optimization by
 * name. */
#include "compose/hint.h"

#include "base/number.h"
#include "catalog/operation.h"

#include <stdio.h>

enum { MOST_NAMES = 3, MOST_OTHERS = 6 };

/* The values of a selection, or of an optimization with its own parameters. */
struct known {
    const struct fixed *fixed;
    const double *parameters;
    const lanes *layout;
};

static bool value_of(const void *user, const struct operation *name, double *value)
{
    const struct known *known = user;
    if (name->kind == NAME_PARAMETER)
        *value = known->parameters[name->index];
    else if (name->kind == NAME_COEFFICIENT)
        *value = known->fixed->coefficients[name->index];
    else if (variables[name->index].scope != SCOPE_LAYOUT)
        *value = known->fixed->variables[name->index];
    else if (known->layout)
        *value = known->layout[name->index][0];
    else
        return false;
    return true;
}

/* Could an optimization be selected here, beside all others but one? What the layout says is left open. */
static bool could_be(struct arena *arena, const struct selected *selected, size_t except, const struct optimization *optimization)
{
    if (!optimization->applies[selected->job] || (optimization->needs && *optimization->needs))
        return false;
    for (size_t i = 0; i < selected->count; i++) {
        const struct optimization *other = selected->selections[i].optimization;
        if (i != except && !selected->selections[i].always && (other == optimization || optimizations_exclude(other, optimization)))
            return false;
    }
    double *parameters = arena_zeroed(arena, optimization->parameter_count, sizeof *parameters);
    for (uint32_t i = 0; parameters && i < optimization->parameter_count; i++)
        parameters[i] = optimization->parameters[i].value;
    const struct known known = {selected->fixed, parameters, NULL};
    for (uint32_t i = 0; parameters && i < optimization->requirement_count; i++) {
        struct expression folded;
        if (!expression_fold(arena, &optimization->requirements[i].condition, value_of, &known, &folded) ||
            (folded.constant && !(folded.operations[0].value != 0)))
            return false;
    }
    return parameters != NULL;
}

/* Does another act on a third of what one acts on? What is excluded for less is not of its kind. */
static bool akin(const struct optimization *own, const struct optimization *other)
{
    uint32_t shared = 0;
    for (uint32_t i = 0; i < own->effect_count; i++) {
        uint32_t k = 0;
        while (k < other->effect_count && other->effects[k].target != own->effects[i].target)
            k++;
        shared += k < other->effect_count;
    }
    return 3 * shared >= own->effect_count;
}

/* Adds those that stand in the place of a selection and could be here; how many. */
static int put_others(struct text *text, struct arena *arena, const struct selected *selected, size_t index, const char *before)
{
    const speedup_catalog *catalog = selected->fixed->catalog;
    const struct optimization *own = selected->selections[index].optimization;
    int others = 0;
    for (size_t i = 0; catalog && i < catalog->entries[KIND_OPTIMIZATION].count && others < MOST_OTHERS; i++) {
        const struct optimization *other = (const struct optimization *)catalog->entries[KIND_OPTIMIZATION].items[i];
        bool instead = optimizations_exclude(own, other) || optimization_supersedes(own, other->head.id) ||
                       optimization_supersedes(other, own->head.id);
        if (other != own && instead && akin(own, other) && could_be(arena, selected, index, other))
            text_format(text, "%s '%s'", others++ ? "," : before, other->head.id);
    }
    return others;
}

/* Adds "name is value" for each name that a requirement reads, where they are few; kinds of names that it reads, as bits. */
static unsigned put_names(struct text *text, const struct requirement *requirement, const struct optimization *optimization, const struct known *known)
{
    const struct operation *names[MOST_NAMES];
    unsigned read = 0;
    int count = 0;
    for (int i = 0; i < requirement->condition.count; i++) {
        const struct operation *name = &requirement->condition.operations[i];
        double value;
        if (name->code != NAME)
            continue;
        read |= 1u << name->kind;
        if (name->kind != NAME_COEFFICIENT && count < MOST_NAMES && value_of(known, name, &value))
            names[count++] = name;
        else
            count = MOST_NAMES + 1;
    }
    for (int i = 0; i < count && count <= MOST_NAMES; i++) {
        char digits[NUMBER_TEXT];
        double value = 0;
        value_of(known, names[i], &value);
        text_format(text, "%s%s is %s", i ? ", " : "", names[i]->kind == NAME_PARAMETER ? optimization->parameters[names[i]->index].name : variable_name(names[i]->index),
                    number_digits(digits, value, 6));
    }
    return read;
}

/* The most that a parameter can be, where it is compared with one name. */
static void put_limit(struct text *text, const struct requirement *requirement, const struct known *known)
{
    const struct expression *condition = &requirement->condition;
    const struct operation *o = condition->operations;
    double most;
    char digits[NUMBER_TEXT];
    if (condition->count == 3 && o[0].code == NAME && o[0].kind == NAME_PARAMETER && o[1].code == NAME && o[2].code == LESS_EQUAL &&
        value_of(known, &o[1], &most))
        text_format(text, "%sgive %s or less", text->length ? "; " : "", number_digits(digits, most, 6));
}

/* A word that sets more than it takes, where parameters set too little. */
static void put_word(struct text *text, const struct optimization *optimization, const struct requirement *requirement)
{
    if (!text->length && optimization->word_count && requirement->condition.count > MOST_NAMES)
        text_format(text, "give others, such as %s: %s", optimization->words[0].key, optimization->words[0].word);
}

static void keep(speedup_context *context, struct text *text)
{
    if (text->failed)
        no_memory(context);
    else if (text->length)
        problem_remedy(context, "%s", text->bytes);
    text_end(text);
}

void hint_requirement(speedup_context *context, struct arena *arena, const struct selected *selected, size_t index,
                      const struct requirement *requirement, const lanes *layout)
{
    if (context->quiet || problems_full(context))
        return;
    const struct selection *selection = &selected->selections[index];
    const struct known known = {selected->fixed, selection->parameters, layout};
    struct text text;
    text_begin(&text, &context->allocator);
    unsigned read = put_names(&text, requirement, selection->optimization, &known);
    uint64_t of_layout = expression_variables(&requirement->condition);
    if (layout && (of_layout >> VARIABLE_ACCUMULATION & 1)) {
        char digits[NUMBER_TEXT];
        text_format(&text, "%smicro_batch %s leaves one", text.length ? "; " : "",
                    number_digits(digits, layout[VARIABLE_MICRO_BATCH][0] * layout[VARIABLE_ACCUMULATION][0], 6));
    }
    put_limit(&text, requirement, &known);
    /* A parameter and a layout are put right; what the chip or the model lacks is not. */
    if (read >> NAME_PARAMETER & 1)
        put_word(&text, selection->optimization, requirement);
    else if (!layout)
        put_others(&text, arena, selected, index, text.length ? "; in its place there can be" : "in its place there can be");
    keep(context, &text);
}

void hint_excluded(speedup_context *context, struct arena *arena, const struct selected *selected, size_t first, size_t second)
{
    if (context->quiet || problems_full(context))
        return;
    char before[200];
    struct text text;
    snprintf(before, sizeof before, "keep one of them; in place of '%.64s', beside '%.64s' there can be", selected->selections[second].optimization->head.id,
             selected->selections[first].optimization->head.id);
    text_begin(&text, &context->allocator);
    put_others(&text, arena, selected, second, before);
    keep(context, &text);
}
