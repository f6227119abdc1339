/* The parts of an optimization that no field table can say: their tables, names and
 * checks, whoever gives them. Compiles their expressions; knows nothing of what the
 * effects lead to. */
#include "catalog/part.h"

#include "base/number.h"

#include <float.h>
#include <string.h>

enum { MOST_ITEMS = 256 };

const char *const job_kind_names[] = {"training", "inference", NULL};

static const struct field parameter_fields[] = {
    {FIELD_WORDS("value", "", "value where a scenario gives none"),
     .type = FIELD_NUMBER, .least = -DBL_MAX, .most = DBL_MAX, .required = true,
     .offset = offsetof(struct parameter, value)},
    {FIELD_WORDS("least", "0", "least value that a scenario may give"),
     .type = FIELD_NUMBER, .least = -DBL_MAX, .most = DBL_MAX, .offset = offsetof(struct parameter, least)},
    {FIELD_WORDS("most", "1e18", "largest value that a scenario may give"),
     .type = FIELD_NUMBER, .least = -DBL_MAX, .most = DBL_MAX, .offset = offsetof(struct parameter, most)},
    {FIELD_WORDS("text", "", "what it is"), .type = FIELD_TEXT, .offset = offsetof(struct parameter, text)},
    {.key = NULL},
};
const struct record_table parameter_table = {"parameter", "A number that a scenario may set.", parameter_fields};

static const struct field claim_fields[] = {
    {FIELD_WORDS("factor", "", "how many times better, as claimed"),
     .type = FIELD_NUMBER, .least = 1e-6, .most = 1e6, .required = true, .offset = offsetof(struct claim, factor)},
    {FIELD_WORDS("source", "", "where it is claimed"), .type = FIELD_TEXT, .offset = offsetof(struct claim, source)},
    {.key = NULL},
};
const struct record_table claim_table = {"claim", "A published factor on one resource.", claim_fields};

static const struct field condition_fields[] = {
    {FIELD_WORDS("is", "", "a comparison"), .type = FIELD_TEXT, .required = true, .offset = offsetof(struct condition, is)},
    {FIELD_WORDS("text", "", "what is required, in words"), .type = FIELD_TEXT, .offset = offsetof(struct condition, text)},
    {.key = NULL},
};
const struct record_table condition_table = {"requirement", "What a requirement is where a comparison alone would say little.", condition_fields};

/* ---- Names in expressions ---- */

/* What a name in an effect means: a parameter of the optimization before a
 * variable before a coefficient. */
static bool find_name(const void *user, const char *name, size_t length, struct operation *operation)
{
    const struct part_reader *names = user;
    for (uint32_t i = 0; i < names->optimization->parameter_count; i++) {
        const char *known = names->optimization->parameters[i].name;
        if (strlen(known) == length && !memcmp(known, name, length)) {
            operation->kind = NAME_PARAMETER;
            operation->index = (uint16_t)i;
            return true;
        }
    }
    for (int i = 0; i < VARIABLES; i++)
        if (strlen(variable_name(i)) == length && !memcmp(variable_name(i), name, length)) {
            operation->kind = NAME_VARIABLE;
            operation->index = (uint16_t)i;
            return true;
        }
    char id[72];
    if (length >= sizeof id)
        return false;
    memcpy(id, name, length);
    id[length] = '\0';
    const struct entry *entry = catalog_find(names->catalog, KIND_COEFFICIENT, id);
    if (entry) {
        operation->kind = NAME_COEFFICIENT;
        operation->index = (uint16_t)((const struct coefficient *)entry)->slot;
    }
    return entry != NULL;
}

static void offer_names(const void *user, struct nearest *nearest)
{
    const struct part_reader *names = user;
    for (uint32_t i = 0; i < names->optimization->parameter_count; i++)
        nearest_offer(nearest, names->optimization->parameters[i].name);
    for (int i = 0; i < VARIABLES; i++)
        nearest_offer(nearest, variable_name(i));
    for (size_t i = 0; i < names->catalog->entries[KIND_COEFFICIENT].count; i++)
        nearest_offer(nearest, names->catalog->entries[KIND_COEFFICIENT].items[i]->id);
}

void part_begin(struct part_reader *reader, speedup_context *context, speedup_catalog *catalog,
                struct optimization *optimization)
{
    *reader = (struct part_reader){context, &catalog->arena, catalog, optimization, {find_name, offer_names, reader}};
}

/* ---- Checks ---- */

bool part_few_enough(speedup_context *context, const struct place *place, size_t count, const char *what)
{
    if (count <= MOST_ITEMS)
        return true;
    problem(context, SPEEDUP_TOO_MANY_NODES, place, "'%s' has more than %d entries", what, MOST_ITEMS);
    return false;
}

bool part_check_id(speedup_context *context, const struct place *place, const char *id)
{
    if (!valid_id(id))
        problem(context, SPEEDUP_BAD_NAME, place, "'%.70s' is not a name of an optimization", id);
    return valid_id(id);
}

void part_check_parameter_name(const struct part_reader *reader, const struct place *place, const char *name)
{
    speedup_context *context = reader->context;
    if (!valid_name(name))
        problem(context, SPEEDUP_BAD_NAME, place, "'%.70s' cannot name a parameter: letters, digits and '_'", name);
    /* The built-in rows stay as they are: scenarios give their parameters by name. */
    for (int i = 0; i < VARIABLES && reader->catalog->base; i++)
        if (!strcmp(variable_name(i), name))
            problem(context, SPEEDUP_BAD_NAME, place,
                    "'%s' cannot name a parameter: expressions have a variable of that name (%s)", name, variable_text(i));
}

void part_check_parameter_range(speedup_context *context, const struct place *place,
                                  const struct parameter *parameter)
{
    if (parameter->value < parameter->least || parameter->value > parameter->most)
        problem(context, SPEEDUP_OUT_OF_RANGE, place, "parameter '%s' has a value outside its own range",
                parameter->name);
}

void part_add_requirement(const struct part_reader *reader, const struct place *place, const char *name,
                          const char *comparison)
{
    struct optimization *optimization = reader->optimization;
    struct requirement *requirement = &optimization->requirements[optimization->requirement_count];
    struct text text;
    text_begin(&text, &reader->context->allocator);
    text_put(&text, name);
    text_put(&text, *comparison ? " " : "");
    text_put(&text, comparison);
    requirement->text = text.failed ? NULL : arena_copy(reader->arena, text.bytes, text.length);
    text_end(&text);
    requirement->place = *place;
    if (!requirement->text)
        no_memory(reader->context);
    else if (expression_compile(reader->context, reader->arena, place, requirement->text, &reader->scope,
                                &requirement->condition))
        optimization->requirement_count++;
}

bool part_effect_value(const struct part_reader *reader, const struct place *place, const char *text,
                       struct effect *effect)
{
    speedup_context *context = reader->context;
    const char *name = target_name((int)effect->target);
    effect->place = *place;
    if (targets[effect->target].rule == RULE_CHOOSE)
        return check_choice(context, place, name, precision_names, text, &effect->precision);
    if (!expression_compile(context, reader->arena, place, text, &reader->scope, &effect->value))
        return false;
    const struct rule_info *rule = &rules[targets[effect->target].rule];
    double constant = effect->value.constant ? effect->value.operations[0].value : rule->least;
    if (constant >= rule->least && constant <= rule->most)
        return true;
    char least[NUMBER_TEXT], most[NUMBER_TEXT];
    problem(context, SPEEDUP_BAD_EFFECT, place, "'%.60s' for '%s': an effect of rule '%s' is from %s to %s", text,
            name, rule->name, number_digits(least, rule->least, 6), number_digits(most, rule->most, 6));
    return false;
}

void part_unknown_target(speedup_context *context, const struct place *place, const char *name)
{
    struct nearest nearest;
    nearest_begin(&nearest, name, strlen(name));
    target_offer(&nearest);
    struct text *text = problem_begin(context);
    text_format(text, "an effect on an unknown target '%.60s'", name);
    nearest_put(&nearest, text);
    problem_end(context, SPEEDUP_UNKNOWN_TARGET, place);
}

size_t part_entries(const char *name)
{
    size_t entries = 0;
    for (int target = target_find(name, 0); target < TARGETS; target = target_find(name, target + 1))
        entries++;
    return entries;
}

void part_add_effect(struct optimization *optimization, const char *name, struct effect effect)
{
    for (int target = target_find(name, 0); target < TARGETS; target = target_find(name, target + 1)) {
        effect.target = (enum target)target;
        optimization->effects[optimization->effect_count++] = effect;
    }
}
