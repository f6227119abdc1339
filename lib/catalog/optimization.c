/* Optimizations: the parts that a field table cannot say, from a row or as a caller told
 * them. Compiles their expressions; knows nothing of what the effects lead to. */
#include "catalog/catalog.h"

#include "base/number.h"

#include <float.h>
#include <string.h>

enum { MOST_ITEMS = 256 };

struct names {
    const speedup_catalog *catalog;
    const struct optimization *optimization;
};

/* What a name in an effect means: a parameter of the optimization before a
 * variable before a coefficient. */
static bool find_name(const void *user, const char *name, size_t length, struct operation *operation)
{
    const struct names *names = user;
    for (uint32_t i = 0; i < names->optimization->parameter_count; i++) {
        const char *known = names->optimization->parameters[i].name;
        if (strlen(known) == length && !memcmp(known, name, length)) {
            operation->kind = NAME_PARAMETER;
            operation->index = (uint16_t)i;
            return true;
        }
    }
    for (int i = 0; i < VARIABLES; i++)
        if (strlen(variables[i].name) == length && !memcmp(variables[i].name, name, length)) {
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
    const struct names *names = user;
    for (uint32_t i = 0; i < names->optimization->parameter_count; i++)
        nearest_offer(nearest, names->optimization->parameters[i].name);
    for (int i = 0; i < VARIABLES; i++)
        nearest_offer(nearest, variables[i].name);
    for (size_t i = 0; i < names->catalog->entries[KIND_COEFFICIENT].count; i++)
        nearest_offer(nearest, names->catalog->entries[KIND_COEFFICIENT].items[i]->id);
}

const char *const job_kind_names[] = {"training", "inference", NULL};

static bool few_enough(speedup_context *context, const struct place *place, size_t count, const char *what)
{
    if (count <= MOST_ITEMS)
        return true;
    problem(context, SPEEDUP_TOO_MANY_NODES, place, "'%s' has more than %d entries", what, MOST_ITEMS);
    return false;
}

/* How many children a list or mapping has, or none after a problem. */
static uint32_t count_items(speedup_context *context, const struct yaml_tree *tree, uint32_t node,
                            enum yaml_kind kind, const char *what)
{
    if (!node || !expect_kind(context, tree, node, kind, what))
        return 0;
    struct place place = yaml_place(tree, node);
    return few_enough(context, &place, yaml_at(tree, node)->length, what) ? yaml_at(tree, node)->length : 0;
}

static bool check_id(speedup_context *context, const struct place *place, const char *id)
{
    if (!valid_id(id))
        problem(context, SPEEDUP_BAD_NAME, place, "'%.70s' is not a name of an optimization", id);
    return valid_id(id);
}

static const char **read_ids(speedup_context *context, struct arena *arena, const struct yaml_tree *tree,
                             uint32_t node, const char *what)
{
    uint32_t count = count_items(context, tree, node, YAML_SEQUENCE, what), n = 0;
    const char **ids = arena_zeroed(arena, count + 1, sizeof *ids);
    if (!ids)
        return NULL;
    for (uint32_t item = count ? yaml_at(tree, node)->first : 0; item; item = yaml_at(tree, item)->next) {
        const char *id;
        if (!read_text(context, tree, item, what, &id))
            continue;
        struct place place = yaml_place(tree, item);
        if (check_id(context, &place, id))
            ids[n++] = id;
    }
    return ids;
}

static void read_applies(speedup_context *context, struct optimization *optimization,
                         const struct yaml_tree *tree, uint32_t node)
{
    if (!expect_kind(context, tree, node, YAML_SEQUENCE, "applies_to"))
        return;
    optimization->applies[JOB_TRAINING] = optimization->applies[JOB_INFERENCE] = false;
    for (uint32_t item = yaml_at(tree, node)->first; item; item = yaml_at(tree, item)->next) {
        int32_t job;
        if (read_choice(context, tree, item, "applies_to", job_kind_names, &job))
            optimization->applies[job] = true;
    }
}

static const struct field parameter_fields[] = {
    {.key = "value", .type = FIELD_NUMBER, .least = -DBL_MAX, .most = DBL_MAX, .required = true,
     .offset = offsetof(struct parameter, value), .doc = "value where a scenario gives none"},
    {.key = "least", .type = FIELD_NUMBER, .least = -DBL_MAX, .most = DBL_MAX,
     .offset = offsetof(struct parameter, least), .shown = "0", .doc = "least value that a scenario may give"},
    {.key = "most", .type = FIELD_NUMBER, .least = -DBL_MAX, .most = DBL_MAX,
     .offset = offsetof(struct parameter, most), .shown = "1e18", .doc = "largest value that a scenario may give"},
    {.key = "text", .type = FIELD_TEXT, .offset = offsetof(struct parameter, text), .doc = "what it is"},
    {.key = NULL},
};
const struct record_table parameter_table = {"parameter", "A number that a scenario may set.", parameter_fields};

static const struct field claim_fields[] = {
    {.key = "factor", .type = FIELD_NUMBER, .least = 1e-6, .most = 1e6, .required = true,
     .offset = offsetof(struct claim, factor), .doc = "how many times better, as claimed"},
    {.key = "source", .type = FIELD_TEXT, .offset = offsetof(struct claim, source), .doc = "where it is claimed"},
    {.key = NULL},
};
const struct record_table claim_table = {"claim", "A published factor on one resource.", claim_fields};

/* The parameter of that name: an inherited one to be given again, or a new one. */
static struct parameter *place_parameter(struct optimization *optimization, const char *name)
{
    for (uint32_t i = 0; i < optimization->parameter_count; i++)
        if (!strcmp(optimization->parameters[i].name, name))
            return &optimization->parameters[i];
    return &optimization->parameters[optimization->parameter_count++];
}

static void check_parameter_name(speedup_context *context, const struct place *place, const char *name)
{
    if (!valid_name(name))
        problem(context, SPEEDUP_BAD_NAME, place, "'%.70s' cannot name a parameter: letters, digits and '_'", name);
}

static void check_parameter_range(speedup_context *context, const struct place *place,
                                  const struct parameter *parameter)
{
    if (parameter->value < parameter->least || parameter->value > parameter->most)
        problem(context, SPEEDUP_OUT_OF_RANGE, place, "parameter '%s' has a value outside its own range",
                parameter->name);
}

/* Those of the base stay, each at its place: inherited effects read them by place. */
static void read_parameters(speedup_context *context, struct arena *arena, struct optimization *optimization,
                            const struct yaml_tree *tree, uint32_t node)
{
    uint32_t count = count_items(context, tree, node, YAML_MAPPING, "parameters"), inherited = optimization->parameter_count;
    struct parameter *parameters = arena_zeroed(arena, inherited + count, sizeof *parameters);
    if (!count || !parameters)
        return;
    if (inherited)
        memcpy(parameters, optimization->parameters, inherited * sizeof *parameters);
    optimization->parameters = parameters;
    for (uint32_t key = yaml_at(tree, node)->first; key; key = yaml_at(tree, yaml_at(tree, key)->next)->next) {
        struct parameter *parameter = place_parameter(optimization, yaml_text(tree, key));
        struct place place = yaml_place(tree, key);
        uint32_t value = yaml_at(tree, key)->next;
        *parameter = (struct parameter){.name = yaml_text(tree, key), .most = 1e18};
        check_parameter_name(context, &place, parameter->name);
        size_t before = context->count;
        if (yaml_at(tree, value)->kind == YAML_SCALAR) {
            read_number(context, tree, value, parameter->name, DIMENSION_NONE, -DBL_MAX, DBL_MAX, &parameter->value);
        } else {
            record_read(context, tree, value, &parameter_table, NULL, parameter);
            record_require(context, tree, value, &parameter_table, parameter);
        }
        if (context->count == before)
            check_parameter_range(context, &place, parameter);
    }
}

/* A requirement of two parts with a space between; there is room for it. */
static void add_requirement(speedup_context *context, struct arena *arena, struct optimization *optimization,
                            const struct expression_scope *scope, const struct place *place, const char *name,
                            const char *comparison)
{
    struct requirement *requirement = &optimization->requirements[optimization->requirement_count];
    struct text text;
    text_begin(&text, &context->allocator);
    text_put(&text, name);
    text_put(&text, *comparison ? " " : "");
    text_put(&text, comparison);
    requirement->text = text.failed ? NULL : arena_copy(arena, text.bytes, text.length);
    text_end(&text);
    requirement->place = *place;
    if (!requirement->text)
        no_memory(context);
    else if (expression_compile(context, arena, place, requirement->text, scope, &requirement->condition))
        optimization->requirement_count++;
}

/* "compute_capability: '>= 8.0'" is the condition "compute_capability >= 8.0". */
static void read_requirements(speedup_context *context, struct arena *arena, struct optimization *optimization,
                              const struct expression_scope *scope, const struct yaml_tree *tree, uint32_t node)
{
    uint32_t count = count_items(context, tree, node, YAML_MAPPING, "requires");
    optimization->requirements = arena_zeroed(arena, count, sizeof *optimization->requirements);
    optimization->requirement_count = 0;
    if (!count || !optimization->requirements)
        return;
    for (uint32_t key = yaml_at(tree, node)->first; key; key = yaml_at(tree, yaml_at(tree, key)->next)->next) {
        uint32_t value = yaml_at(tree, key)->next;
        struct place place = yaml_place(tree, value);
        const char *condition;
        if (!read_text(context, tree, value, yaml_text(tree, key), &condition))
            continue;
        if (strchr("<>=!", condition[0]))
            add_requirement(context, arena, optimization, scope, &place, yaml_text(tree, key), condition);
        else
            problem(context, SPEEDUP_EXPRESSION, &place, "a requirement is a comparison, such as \">= %.40s\"",
                    condition);
    }
}

/* The value of an effect: a choice or an expression, within the range of its rule. */
static bool take_effect_value(speedup_context *context, struct arena *arena, const struct expression_scope *scope,
                              const struct place *place, const char *text, struct effect *effect)
{
    const char *name = targets[effect->target].name;
    effect->place = *place;
    if (targets[effect->target].rule == RULE_CHOOSE)
        return check_choice(context, place, name, precision_names, text, &effect->precision);
    if (!expression_compile(context, arena, place, text, scope, &effect->value))
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

static void unknown_target(speedup_context *context, const char *name, const struct place *place)
{
    struct nearest nearest;
    nearest_begin(&nearest, name, strlen(name));
    target_offer(&nearest);
    struct text *text = problem_begin(context);
    text_format(text, "an effect on an unknown target '%.60s'", name);
    nearest_put(&nearest, text);
    problem_end(context, SPEEDUP_UNKNOWN_TARGET, place);
}

/* How many entries of the ledger a name acts on: one for each phase it leaves open. */
static size_t entries_of(const char *name)
{
    size_t entries = 0;
    for (int target = target_find(name, 0); target < TARGETS; target = target_find(name, target + 1))
        entries++;
    return entries;
}

/* Adds the effect once for every entry it acts on; there is room for all. */
static void add_effect(struct optimization *optimization, const char *name, struct effect effect)
{
    for (int target = target_find(name, 0); target < TARGETS; target = target_find(name, target + 1)) {
        effect.target = (enum target)target;
        optimization->effects[optimization->effect_count++] = effect;
    }
}

static void read_effects(speedup_context *context, struct arena *arena, struct optimization *optimization,
                         const struct expression_scope *scope, const struct yaml_tree *tree, uint32_t node)
{
    size_t entries = 0;
    uint32_t count = count_items(context, tree, node, YAML_MAPPING, "effects"), first = count ? yaml_at(tree, node)->first : 0;
    for (uint32_t key = first; key; key = yaml_at(tree, yaml_at(tree, key)->next)->next)
        entries += entries_of(yaml_text(tree, key));
    optimization->effects = arena_zeroed(arena, entries, sizeof *optimization->effects);
    optimization->effect_count = 0;
    if (!optimization->effects)
        return;
    for (uint32_t key = first; key && !problems_full(context); key = yaml_at(tree, yaml_at(tree, key)->next)->next) {
        const char *name = yaml_text(tree, key), *text;
        uint32_t value = yaml_at(tree, key)->next;
        struct place place = yaml_place(tree, key), at = yaml_place(tree, value);
        int target = target_find(name, 0);
        struct effect effect = {.target = (enum target)target};
        if (target == TARGETS)
            unknown_target(context, name, &place);
        else if (read_text(context, tree, value, targets[target].name, &text) &&
                 take_effect_value(context, arena, scope, &at, text, &effect))
            add_effect(optimization, name, effect);
    }
}

static void read_claims(speedup_context *context, struct arena *arena, struct optimization *optimization,
                        const struct yaml_tree *tree, uint32_t node)
{
    uint32_t count = count_items(context, tree, node, YAML_MAPPING, "claims");
    optimization->claims = arena_zeroed(arena, count, sizeof *optimization->claims);
    optimization->claim_count = 0;
    if (!count || !optimization->claims)
        return;
    for (uint32_t key = yaml_at(tree, node)->first; key; key = yaml_at(tree, yaml_at(tree, key)->next)->next) {
        struct claim *claim = &optimization->claims[optimization->claim_count++];
        uint32_t value = yaml_at(tree, key)->next;
        claim->resource = yaml_text(tree, key);
        claim->source = optimization->head.source;
        if (yaml_at(tree, value)->kind == YAML_SCALAR) {
            read_number(context, tree, value, claim->resource, DIMENSION_NONE, 1e-6, 1e6, &claim->factor);
        } else {
            record_read(context, tree, value, &claim_table, NULL, claim);
            record_require(context, tree, value, &claim_table, claim);
        }
    }
}

/* ---- What a caller told ---- */

struct told_reader {
    speedup_context *context;
    struct arena *arena;
    struct optimization *optimization;
    const struct expression_scope *scope;
};

/* The place of a part, by its keys from the entry on. */
static struct place told_place(const struct told_reader *reader, const char *part, const char *name)
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

static void take_ids(const struct told_reader *reader, const char ***ids, const char *what)
{
    size_t count = 0;
    struct place place = told_place(reader, what, "");
    while (*ids && (*ids)[count])
        check_id(reader->context, &place, (*ids)[count++]);
    few_enough(reader->context, &place, count, what);
    if (!*ids)
        *ids = arena_zeroed(reader->arena, 1, sizeof **ids);
}

static void take_parameters(const struct told_reader *reader)
{
    const struct optimization *optimization = reader->optimization;
    struct place all = told_place(reader, "parameters", "");
    if (!few_enough(reader->context, &all, optimization->parameter_count, "parameters"))
        return;
    for (uint32_t i = 0; i < optimization->parameter_count; i++) {
        struct parameter *parameter = &optimization->parameters[i], told = *parameter;
        struct place place = told_place(reader, "parameters", parameter->name);
        check_parameter_name(reader->context, &place, parameter->name);
        bool sound = record_set_number(reader->context, &parameter_table, parameter, "value", told.value, &place);
        sound &= record_set_number(reader->context, &parameter_table, parameter, "least", told.least, &place);
        sound &= record_set_number(reader->context, &parameter_table, parameter, "most", told.most, &place);
        if (told.text)
            sound &= record_set_text(reader->context, &parameter_table, parameter, "text", told.text, &place);
        if (sound)
            check_parameter_range(reader->context, &place, parameter);
    }
}

/* A condition that compares nothing is met when it is not 0. */
static void take_requirements(const struct told_reader *reader)
{
    const struct told *told = reader->optimization->told;
    struct place place = told_place(reader, "requires", "");
    if (!few_enough(reader->context, &place, told->requirement_count, "requires"))
        return;
    reader->optimization->requirements =
        arena_zeroed(reader->arena, told->requirement_count, sizeof *reader->optimization->requirements);
    for (size_t i = 0; i < told->requirement_count && reader->optimization->requirements; i++)
        add_requirement(reader->context, reader->arena, reader->optimization, reader->scope, &place,
                        told->requirements[i], strpbrk(told->requirements[i], "<>=!") ? "" : "!= 0");
}

static void take_effect(const struct told_reader *reader, const char *name, const char *value)
{
    const struct told *told = reader->optimization->told;
    struct place place = told_place(reader, "effects", name);
    int target = target_find(name, 0);
    struct effect effect = {.target = (enum target)target};
    size_t same = 0;
    for (size_t i = 0; i < told->effect_count; i++)
        same += !strcmp(told->effects[i].target, name);
    if (same > 1)
        problem(reader->context, SPEEDUP_DUPLICATE_KEY, &place, "'%.60s' is given twice", name);
    else if (target == TARGETS)
        unknown_target(reader->context, name, &place);
    else if (check_text(reader->context, &place, targets[target].name, value) &&
             take_effect_value(reader->context, reader->arena, reader->scope, &place, value, &effect))
        add_effect(reader->optimization, name, effect);
}

static void take_callback(const struct told_reader *reader, const struct callback *callback)
{
    struct place place = told_place(reader, "effects", callback->target);
    int target = target_find(callback->target, 0);
    if (target == TARGETS)
        unknown_target(reader->context, callback->target, &place);
    else if (targets[target].rule == RULE_CHOOSE)
        problem(reader->context, SPEEDUP_BAD_EFFECT, &place,
                "a function cannot choose '%s'; name a precision instead", callback->target);
    else
        add_effect(reader->optimization, callback->target,
                   (struct effect){.callback = callback->function, .user = callback->user, .place = place});
}

static void take_effects(const struct told_reader *reader)
{
    const struct told *told = reader->optimization->told;
    struct place place = told_place(reader, "effects", "");
    size_t entries = 0;
    if (!few_enough(reader->context, &place, told->effect_count, "effects"))
        return;
    for (size_t i = 0; i < told->effect_count; i++)
        entries += entries_of(told->effects[i].target);
    for (size_t i = 0; i < told->callback_count; i++)
        entries += entries_of(told->callbacks[i].target);
    reader->optimization->effects = arena_zeroed(reader->arena, entries, sizeof *reader->optimization->effects);
    if (!reader->optimization->effects)
        return;
    for (size_t i = 0; i < told->effect_count && !problems_full(reader->context); i++)
        take_effect(reader, told->effects[i].target, told->effects[i].value);
    for (size_t i = 0; i < told->callback_count; i++)
        take_callback(reader, &told->callbacks[i]);
}

static void take_claims(const struct told_reader *reader)
{
    struct optimization *optimization = reader->optimization;
    struct place all = told_place(reader, "claims", "");
    if (!few_enough(reader->context, &all, optimization->claim_count, "claims"))
        return;
    for (uint32_t i = 0; i < optimization->claim_count; i++) {
        struct claim *claim = &optimization->claims[i], told = *claim;
        struct place place = told_place(reader, "claims", claim->resource);
        for (uint32_t j = 0; j < i; j++)
            if (!strcmp(optimization->claims[j].resource, claim->resource))
                problem(reader->context, SPEEDUP_DUPLICATE_KEY, &place, "'%.60s' is given twice", claim->resource);
        if (*claim->resource)
            check_text(reader->context, &place, "claims", claim->resource);
        record_set_number(reader->context, &claim_table, claim, "factor", told.factor, &place);
        if (told.source)
            record_set_text(reader->context, &claim_table, claim, "source", told.source, &place);
        else
            claim->source = optimization->head.source;
    }
}

static void take_told(const struct told_reader *reader)
{
    struct optimization *optimization = reader->optimization;
    take_ids(reader, &optimization->excludes, "excludes");
    take_ids(reader, &optimization->supersedes, "supersedes");
    take_parameters(reader);
    take_requirements(reader);
    take_effects(reader);
    take_claims(reader);
}

/* A part that the row does not give stays as its base has it. */
static void read_row(speedup_context *context, struct arena *arena, struct optimization *optimization,
                     const struct expression_scope *scope)
{
    const struct yaml_tree *tree = optimization->head.tree;
    uint32_t row = optimization->head.node, node;
    if ((node = yaml_find(tree, row, "applies_to")))
        read_applies(context, optimization, tree, node);
    if ((node = yaml_find(tree, row, "excludes")) || !optimization->excludes)
        optimization->excludes = read_ids(context, arena, tree, node, "excludes");
    if ((node = yaml_find(tree, row, "supersedes")) || !optimization->supersedes)
        optimization->supersedes = read_ids(context, arena, tree, node, "supersedes");
    if ((node = yaml_find(tree, row, "parameters")))
        read_parameters(context, arena, optimization, tree, node);
    if ((node = yaml_find(tree, row, "requires")))
        read_requirements(context, arena, optimization, scope, tree, node);
    if ((node = yaml_find(tree, row, "effects")))
        read_effects(context, arena, optimization, scope, tree, node);
    if ((node = yaml_find(tree, row, "claims")))
        read_claims(context, arena, optimization, tree, node);
}

void optimization_read(speedup_context *context, speedup_catalog *catalog, struct optimization *optimization)
{
    const struct names names = {catalog, optimization};
    const struct expression_scope scope = {find_name, offer_names, &names};
    if (!optimization->applies[JOB_TRAINING] && !optimization->applies[JOB_INFERENCE])
        optimization->applies[JOB_TRAINING] = optimization->applies[JOB_INFERENCE] = true;
    if (optimization->head.tree) {
        read_row(context, &catalog->arena, optimization, &scope);
    } else {
        const struct told_reader reader = {context, &catalog->arena, optimization, &scope};
        take_told(&reader);
    }
}

void calibration_read(speedup_context *context, const speedup_catalog *catalog, struct arena *arena,
                      const struct yaml_tree *tree, uint32_t node, struct calibration *calibration)
{
    if (!node || !expect_kind(context, tree, node, YAML_MAPPING, "calibration"))
        return;
    uint32_t inherited = calibration->count, own = yaml_at(tree, node)->length;
    struct setting *settings = arena_zeroed(arena, inherited + own, sizeof *settings);
    if (!settings)
        return;
    if (inherited)
        memcpy(settings, calibration->settings, inherited * sizeof *settings);
    calibration->settings = settings;
    for (uint32_t key = yaml_at(tree, node)->first; key && !problems_full(context);
         key = yaml_at(tree, yaml_at(tree, key)->next)->next) {
        const char *id = yaml_text(tree, key);
        const struct coefficient *coefficient =
            (const struct coefficient *)catalog_find(catalog, KIND_COEFFICIENT, id);
        if (!coefficient) {
            struct place place = yaml_place(tree, key);
            catalog_missing(context, catalog, KIND_COEFFICIENT, id, &place);
            continue;
        }
        double value;
        if (!read_number(context, tree, yaml_at(tree, key)->next, id, DIMENSION_NONE, coefficient->least,
                         coefficient->most, &value))
            continue;
        uint32_t at = 0;
        while (at < inherited && settings[at].slot != coefficient->slot)
            at++;
        settings[at < inherited ? at : calibration->count++] = (struct setting){coefficient->slot, value};
    }
}
