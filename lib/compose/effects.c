/* Composition: one rule per entry of the ledger, whoever acts on it. Knows no
 * optimization by name. */
#include "compose/effects.h"

#include "base/number.h"
#include "compose/hint.h"

#include <string.h>

double speedup_view_variable(const speedup_view *view, int32_t variable)
{
    if (!view || variable < 0 || variable >= VARIABLES)
        return 0;
    return view->values[variable * view->stride + view->lane];
}

double target_base(enum target target)
{
    /* Gradients are reduced once a step where nothing says otherwise. */
    return targets[target].rule == RULE_LARGEST ? target == TARGET_REDUCE_ROUNDS : 1;
}

static bool names(const char *const *ids, const char *id)
{
    for (; ids && *ids; ids++)
        if (!strcmp(*ids, id))
            return true;
    return false;
}

bool optimization_supersedes(const struct optimization *optimization, const char *id)
{
    return names(optimization->supersedes, id);
}

bool selection_superseded(const struct selection *selections, size_t count, size_t index)
{
    const char *id = selections[index].optimization->head.id;
    for (size_t i = 0; i < count; i++)
        if (i != index && optimization_supersedes(selections[i].optimization, id))
            return true;
    return false;
}

/* The selection with the least id above another; NULL for none. */
static const struct selection *next_by_id(const struct selection *selections, size_t count, const char *id)
{
    const struct selection *next = NULL;
    for (size_t i = 0; i < count; i++) {
        const char *own = selections[i].optimization->head.id;
        if (strcmp(own, id) > 0 && (!next || strcmp(own, next->optimization->head.id) < 0))
            next = &selections[i];
    }
    return next;
}

static const char *line_of(const struct optimization *o)
{
    return o->line ? o->line : o->head.id;
}

/* What is made from another by `base:` stands in its place. */
bool optimizations_exclude(const struct optimization *a, const struct optimization *b)
{
    return (a != b && !strcmp(line_of(a), line_of(b))) || names(a->excludes, b->head.id) || names(b->excludes, a->head.id);
}

/* Marks all selections whose place another takes; NULL without memory. */
static const bool *find_superseded(struct arena *arena, const struct selection *selections, size_t count)
{
    bool *superseded = arena_zeroed(arena, count, sizeof *superseded);
    for (size_t i = 0; i < count && superseded; i++)
        for (const char *const *id = selections[i].optimization->supersedes; id && *id; id++)
            for (size_t j = 0; j < count; j++)
                superseded[j] |= j != i && !strcmp(selections[j].optimization->head.id, *id);
    return superseded;
}

static void check_pairs(speedup_context *context, struct arena *arena, const struct selected *selected, const bool *superseded)
{
    const struct selection *selections = selected->selections;
    size_t count = selected->count;
    for (size_t i = 0; i < count; i++) {
        const struct optimization *a = selections[i].optimization;
        for (size_t j = 0; j < i; j++) {
            const struct optimization *b = selections[j].optimization;
            if (!strcmp(a->head.id, b->head.id)) {
                problem(context, SPEEDUP_EXCLUDED, &selections[i].place, "'%s' is selected twice", a->head.id);
            } else if (!superseded[i] && !superseded[j] && optimizations_exclude(a, b)) {
                problem(context, SPEEDUP_EXCLUDED, &selections[i].place,
                        "'%s' and '%s' exclude each other; keep one of them", b->head.id, a->head.id);
                hint_excluded(context, arena, selected, j, i);
            }
        }
    }
}

/* One of those that an optimization needs must be there. */
void check_needs(speedup_context *context, const struct selection *selections, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct optimization *o = selections[i].optimization;
        bool met = !o->needs || !*o->needs;
        for (size_t j = 0; j < count && !met; j++)
            met = names(o->needs, selections[j].optimization->head.id);
        if (met)
            continue;
        struct text *text = problem_begin(context);
        text_format(text, "'%s' needs", o->head.id);
        for (const char *const *id = o->needs; *id; id++)
            text_format(text, "%s '%s'", id == o->needs ? "" : " or", *id);
        text_format(text, " beside it");
        problem_end(context, SPEEDUP_REQUIREMENT, &selections[i].place);
        problem_remedy(context, "add '%s' to the optimizations", *o->needs);
    }
}

/* The values that folding may put in place of names. */
struct values {
    const struct fixed *fixed;
    const double *parameters;
};

static bool known_value(const void *user, const struct operation *name, double *value)
{
    const struct values *values = user;
    switch ((enum name_kind)name->kind) {
    case NAME_PARAMETER:
        *value = values->parameters[name->index];
        return true;
    case NAME_COEFFICIENT:
        *value = values->fixed->coefficients[name->index];
        return true;
    case NAME_VARIABLE:
        *value = values->fixed->variables[name->index];
        return variables[name->index].scope != SCOPE_LAYOUT;
    case NAME_CONSTANT:
        break;
    }
    return false;
}

static bool in_rule(enum target target, double value)
{
    const struct rule_info *rule = &rules[targets[target].rule];
    return value >= rule->least && value <= rule->most; /* false for NaN */
}

static double combine(enum target target, double old, double value)
{
    return targets[target].rule == RULE_LARGEST ? (value > old ? value : old) : old * value;
}

static void bad_value(speedup_context *context, const struct dynamic_effect *effect, double value)
{
    char number[NUMBER_TEXT], least[NUMBER_TEXT], most[NUMBER_TEXT];
    bool divides = effect->value && !isfinite(value);
    speedup_status code = effect->callback ? SPEEDUP_CALLBACK : divides ? SPEEDUP_DIVISION_BY_ZERO : SPEEDUP_BAD_EFFECT;
    const struct target_info *target = &targets[effect->target];
    problem(context, code, &effect->place, "the effect on '%s%s%s' is %s here%s; rule '%s' takes from %s to %s",
            target_name((int)(target - targets)), *target->phase ? "@" : "", target->phase, number_digits(number, value, 4),
            divides ? ": it divides by zero, or grows without bounds" : "", rules[target->rule].name,
            number_digits(least, rules[target->rule].least, 4), number_digits(most, rules[target->rule].most, 4));
}

/* Where something that the software always has acts: what its requirements leave open. */
struct conditions {
    struct expression *list;
    size_t count;
};

/* Adds one effect of an optimization to its entry. */
static void add_effect(speedup_context *context, struct arena *arena, const struct effect *effect, const struct place *selected,
                       const struct values *values, const struct conditions *conditions, bool dynamic_before[TARGETS],
                       struct effects *effects)
{
    /* A built-in effect stands in no text of the caller's; what selects it does. */
    struct dynamic_effect added = {.target = effect->target, .callback = effect->callback, .user = effect->user,
                                   .place = effect->place.line ? effect->place : *selected,
                                   .conditions = conditions->list, .condition_count = conditions->count};
    if (!effect->callback) {
        struct expression *folded = arena_zeroed(arena, 1, sizeof *folded);
        if (!folded || !expression_fold(arena, &effect->value, known_value, values, folded))
            return;
        added.value = folded;
        if (folded->constant && !in_rule(effect->target, folded->operations[0].value)) {
            bad_value(context, &added, folded->operations[0].value);
            return;
        }
        /* Constants are combined now, unless something open comes before them:
         * the order of factors must not depend on what was foldable. */
        if (folded->constant && !conditions->count && !dynamic_before[effect->target]) {
            effects->base[effect->target] =
                combine(effect->target, effects->base[effect->target], folded->operations[0].value);
            return;
        }
    }
    dynamic_before[effect->target] = true;
    effects->dynamic[effects->dynamic_count++] = added;
}

static void choose(speedup_context *context, const struct selection *selections, size_t index,
                   const struct effect *effect, int32_t chooser[TARGETS], struct effects *effects)
{
    enum target target = effect->target;
    if (chooser[target] >= 0 && effects->precision[target] != effect->precision) {
        if (optimizations_exclude(selections[index].optimization, selections[chooser[target]].optimization))
            return; /* which has been told */
        problem(context, SPEEDUP_CHOICE_CONFLICT, &selections[index].place,
                "'%s' sets %s to %s, but '%s' sets it to %s, and neither supersedes the other",
                selections[index].optimization->head.id, target_name((int)target), precision_names[effect->precision],
                selections[chooser[target]].optimization->head.id, precision_names[effects->precision[target]]);
        return;
    }
    chooser[target] = (int32_t)index;
    effects->precision[target] = effect->precision;
}

static void require(speedup_context *context, struct arena *arena, const struct selected *selected, size_t index,
                    struct effects *effects)
{
    const struct selection *selection = &selected->selections[index];
    const struct optimization *optimization = selection->optimization;
    const struct values values = {selected->fixed, selection->parameters};
    for (uint32_t i = 0; i < optimization->requirement_count; i++) {
        struct dynamic_requirement *requirement = &effects->requirements[effects->requirement_count];
        const struct requirement *wanted = &optimization->requirements[i];
        if (!expression_fold(arena, &wanted->condition, known_value, &values, &requirement->condition))
            return;
        if (!requirement->condition.constant) {
            requirement->wanted = wanted;
            requirement->selection = index;
            effects->requirement_count++;
        } else if (!(requirement->condition.operations[0].value != 0)) {
            problem(context, SPEEDUP_REQUIREMENT, &selection->place, "'%s' requires %s", optimization->head.id, wanted->text);
            hint_requirement(context, arena, selected, index, wanted, NULL);
        }
    }
}

static bool chooses(const struct optimization *optimization)
{
    for (uint32_t e = 0; e < optimization->effect_count; e++)
        if (targets[optimization->effects[e].target].rule == RULE_CHOOSE)
            return true;
    return false;
}

/* Can the selection rule a layout out? A precision cannot be had in some layouts alone. */
static bool must_hold(const struct selection *selection)
{
    return !selection->always || chooses(selection->optimization);
}

/* What the requirements of something that the software always has leave open; false where
 * the job itself does not meet one. */
static bool find_conditions(struct arena *arena, const struct selection *selection, const struct fixed *fixed,
                            struct conditions *conditions)
{
    const struct optimization *optimization = selection->optimization;
    const struct values values = {fixed, selection->parameters};
    *conditions = (struct conditions){0};
    if (must_hold(selection) || !optimization->requirement_count)
        return true;
    conditions->list = arena_zeroed(arena, optimization->requirement_count, sizeof *conditions->list);
    for (uint32_t i = 0; conditions->list && i < optimization->requirement_count; i++) {
        struct expression *folded = &conditions->list[conditions->count];
        if (!expression_fold(arena, &optimization->requirements[i].condition, known_value, &values, folded))
            return true;
        if (folded->constant && !(folded->operations[0].value != 0))
            return false;
        conditions->count += !folded->constant;
    }
    return true;
}

bool selection_acts(struct arena *arena, const struct selection *selection, const struct fixed *fixed,
                    const lanes variables_[VARIABLES])
{
    struct conditions conditions;
    bool acts = find_conditions(arena, selection, fixed, &conditions);
    for (size_t i = 0; i < conditions.count && acts; i++) {
        lanes met;
        expression_evaluate(&conditions.list[i], variables_, &met);
        acts = met[0] != 0;
    }
    return acts;
}

speedup_status effects_resolve(speedup_context *context, struct arena *arena, const struct selection *all, size_t all_count,
                               enum job_kind job, const struct fixed *fixed, struct effects *effects)
{
    size_t most_effects = 0, most_requirements = 0, count = 0;
    struct selection *selections = arena_zeroed(arena, all_count, sizeof *selections);
    struct conditions *conditions = arena_zeroed(arena, all_count, sizeof *conditions);
    struct selected *selected = arena_zeroed(arena, 1, sizeof *selected);
    for (size_t i = 0; selections && conditions && i < all_count; i++)
        if (find_conditions(arena, &all[i], fixed, &conditions[count]))
            selections[count++] = all[i];
    for (size_t i = 0; i < count; i++) {
        most_effects += selections[i].optimization->effect_count;
        most_requirements += selections[i].optimization->requirement_count;
    }
    memset(effects, 0, sizeof *effects);
    effects->dynamic = arena_zeroed(arena, most_effects, sizeof *effects->dynamic);
    effects->requirements = arena_zeroed(arena, most_requirements, sizeof *effects->requirements);
    const bool *superseded = find_superseded(arena, selections, count);
    if (!selections || !conditions || !selected || !effects->dynamic || !effects->requirements || !superseded)
        return no_memory(context);
    bool dynamic_before[TARGETS] = {false};
    int32_t chooser[TARGETS];
    for (int i = 0; i < TARGETS; i++) {
        effects->base[i] = target_base((enum target)i);
        effects->precision[i] = chooser[i] = -1;
    }
    *selected = (struct selected){selections, count, job, fixed};
    effects->selected = selected;
    check_pairs(context, arena, selected, superseded);
    for (size_t i = 0; i < count; i++) {
        const struct optimization *optimization = selections[i].optimization;
        if (!optimization->applies[job]) {
            problem(context, SPEEDUP_NOT_APPLICABLE, &selections[i].place, "'%s' is not for %s",
                    optimization->head.id, job_kind_names[job]);
            continue;
        }
        if (superseded[i])
            continue;
        if (must_hold(&selections[i]))
            require(context, arena, selected, i, effects);
        for (uint32_t e = 0; e < optimization->effect_count; e++)
            if (targets[optimization->effects[e].target].rule == RULE_CHOOSE)
                choose(context, selections, i, &optimization->effects[e], chooser, effects);
    }
    /* Factors in the order of ids: that of selection changes no bit of a product. */
    for (const struct selection *s = next_by_id(selections, count, ""); s; s = next_by_id(selections, count, s->optimization->head.id)) {
        const struct optimization *optimization = s->optimization;
        const struct values values = {fixed, s->parameters};
        if (!optimization->applies[job] || superseded[s - selections])
            continue;
        for (uint32_t e = 0; e < optimization->effect_count; e++)
            if (targets[optimization->effects[e].target].rule != RULE_CHOOSE)
                add_effect(context, arena, &optimization->effects[e], &s->place, &values, &conditions[s - selections],
                           dynamic_before, effects);
    }
    return arena->failed ? no_memory(context) : context->first;
}

speedup_status effects_explain(speedup_context *context, struct arena *arena, const struct effects *effects,
                               const lanes variables_[VARIABLES])
{
    for (size_t i = 0; i < effects->requirement_count; i++) {
        const struct dynamic_requirement *requirement = &effects->requirements[i];
        const struct selection *selection = &effects->selected->selections[requirement->selection];
        lanes met;
        expression_evaluate(&requirement->condition, variables_, &met);
        if (met[0] != 0)
            continue;
        problem(context, SPEEDUP_REQUIREMENT, &selection->place, "'%s' requires %s", selection->optimization->head.id, requirement->wanted->text);
        hint_requirement(context, arena, effects->selected, requirement->selection, requirement->wanted, variables_);
    }
    for (size_t i = 0; i < effects->dynamic_count; i++) {
        lanes value;
        effect_evaluate(&effects->dynamic[i], variables_, &value);
        if (!in_rule(effects->dynamic[i].target, value[0]))
            bad_value(context, &effects->dynamic[i], value[0]);
    }
    return context->first;
}
