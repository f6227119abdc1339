/* Optimizations as a caller told them: plain values through the checks of a row, told of
 * keys in place of lines. */
#include "catalog/part.h"

#include <string.h>

/* The place of a part, by its keys from the entry on. */
static struct place told_place(const struct part_reader *reader, const char *part, const char *name)
{
    struct text text;
    text_begin(&text, &reader->context->allocator);
    text_format(&text, "%s.%s%s%s", reader->optimization->head.origin->place.file, part, *name ? "." : "", name);
    const char *file = text.failed ? NULL : arena_copy(reader->arena, text.bytes, text.length);
    text_end(&text);
    if (!file)
        no_memory(reader->context);
    return (struct place){.file = file};
}

static void take_ids(const struct part_reader *reader, const char ***ids, const char *what)
{
    size_t count = 0;
    struct place place = told_place(reader, what, "");
    while (*ids && (*ids)[count])
        part_check_id(reader->context, &place, (*ids)[count++]);
    part_few_enough(reader->context, &place, count, what);
    if (!*ids)
        *ids = arena_zeroed(reader->arena, 1, sizeof **ids);
}

static void take_parameters(const struct part_reader *reader)
{
    const struct optimization *optimization = reader->optimization;
    struct place all = told_place(reader, "parameters", "");
    if (!part_few_enough(reader->context, &all, optimization->parameter_count, "parameters"))
        return;
    for (uint32_t i = 0; i < optimization->parameter_count; i++) {
        struct parameter *parameter = &optimization->parameters[i], told = *parameter;
        struct place place = told_place(reader, "parameters", parameter->name);
        part_check_parameter_name(reader, &place, parameter->name);
        bool sound = record_set_number(reader->context, NULL, &parameter_table, parameter, "value", told.value, &place);
        sound &= record_set_number(reader->context, NULL, &parameter_table, parameter, "least", told.least, &place);
        sound &= record_set_number(reader->context, NULL, &parameter_table, parameter, "most", told.most, &place);
        if (told.text)
            sound &= record_set_text(reader->context, NULL, &parameter_table, parameter, "text", told.text, &place);
        if (sound)
            part_check_parameter_range(reader->context, &place, parameter);
    }
}

/* A condition that compares nothing is met when it is not 0. */
static void take_requirements(const struct part_reader *reader)
{
    const struct told *told = reader->optimization->told;
    struct place place = told_place(reader, "requires", "");
    if (!part_few_enough(reader->context, &place, told->requirement_count, "requires"))
        return;
    reader->optimization->requirements =
        arena_zeroed(reader->arena, told->requirement_count, sizeof *reader->optimization->requirements);
    for (size_t i = 0; i < told->requirement_count && reader->optimization->requirements; i++)
        part_add_requirement(reader, &place, told->requirements[i], strpbrk(told->requirements[i], "<>=!") ? "" : "!= 0");
}

/* The names that effects act on, as a row has them: those of expressions, then those of functions. */
static const char *effect_name(const struct told *told, size_t at)
{
    return at < told->effect_count ? told->effects[at].target : told->callbacks[at - told->effect_count].target;
}

/* A name is given once, whatever gives it. */
static bool is_new(const struct part_reader *reader, const struct place *place, size_t at)
{
    const struct told *told = reader->optimization->told;
    const char *name = effect_name(told, at);
    for (size_t i = 0; i < at; i++)
        if (!strcmp(effect_name(told, i), name)) {
            problem(reader->context, SPEEDUP_DUPLICATE_KEY, place, "'%.60s' is given twice", name);
            return false;
        }
    return true;
}

static void take_effect(const struct part_reader *reader, size_t at)
{
    const struct told *told = reader->optimization->told;
    const char *name = told->effects[at].target, *value = told->effects[at].value;
    struct place place = told_place(reader, "effects", name);
    int target = target_find(name, 0);
    struct effect effect = {.target = (enum target)target};
    if (!is_new(reader, &place, at))
        return;
    if (target == TARGETS)
        part_unknown_target(reader->context, &place, name);
    else if (check_text(reader->context, &place, target_name(target), value) &&
             part_effect_value(reader, &place, value, &effect))
        part_add_effect(reader->optimization, name, effect);
}

static void take_callback(const struct part_reader *reader, size_t at)
{
    const struct told *told = reader->optimization->told;
    const struct callback *callback = &told->callbacks[at];
    struct place place = told_place(reader, "effects", callback->target);
    int target = target_find(callback->target, 0);
    if (!is_new(reader, &place, told->effect_count + at))
        return;
    if (target == TARGETS)
        part_unknown_target(reader->context, &place, callback->target);
    else if (targets[target].rule == RULE_CHOOSE)
        problem(reader->context, SPEEDUP_BAD_EFFECT, &place,
                "a function cannot choose '%s'; name a precision instead", callback->target);
    else
        part_add_effect(reader->optimization, callback->target,
                   (struct effect){.callback = callback->function, .user = callback->user, .place = place});
}

static void take_effects(const struct part_reader *reader)
{
    const struct told *told = reader->optimization->told;
    struct place place = told_place(reader, "effects", "");
    size_t entries = 0;
    if (!part_few_enough(reader->context, &place, told->effect_count + told->callback_count, "effects"))
        return;
    for (size_t i = 0; i < told->effect_count; i++)
        entries += part_entries(told->effects[i].target);
    for (size_t i = 0; i < told->callback_count; i++)
        entries += part_entries(told->callbacks[i].target);
    reader->optimization->effects = arena_zeroed(reader->arena, entries, sizeof *reader->optimization->effects);
    if (!reader->optimization->effects)
        return;
    for (size_t i = 0; i < told->effect_count && !problems_full(reader->context); i++)
        take_effect(reader, i);
    for (size_t i = 0; i < told->callback_count && !problems_full(reader->context); i++)
        take_callback(reader, i);
}

static void take_claims(const struct part_reader *reader)
{
    struct optimization *optimization = reader->optimization;
    struct place all = told_place(reader, "claims", "");
    if (!part_few_enough(reader->context, &all, optimization->claim_count, "claims"))
        return;
    for (uint32_t i = 0; i < optimization->claim_count; i++) {
        struct claim *claim = &optimization->claims[i], told = *claim;
        struct place place = told_place(reader, "claims", claim->resource);
        for (uint32_t j = 0; j < i; j++)
            if (!strcmp(optimization->claims[j].resource, claim->resource))
                problem(reader->context, SPEEDUP_DUPLICATE_KEY, &place, "'%.60s' is given twice", claim->resource);
        if (*claim->resource)
            check_text(reader->context, &place, "claims", claim->resource);
        record_set_number(reader->context, NULL, &claim_table, claim, "factor", told.factor, &place);
        if (told.source)
            record_set_text(reader->context, NULL, &claim_table, claim, "source", told.source, &place);
        else
            claim->source = optimization->head.source;
    }
}

void told_read(const struct part_reader *reader)
{
    struct optimization *optimization = reader->optimization;
    take_ids(reader, &optimization->excludes, "excludes");
    take_ids(reader, &optimization->supersedes, "supersedes");
    take_parameters(reader);
    take_requirements(reader);
    take_effects(reader);
    take_claims(reader);
}
