/* Rows of optimizations: the parts that a field table cannot say. Compiles their
 * expressions; knows nothing of what the effects lead to. */
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

/* How many children a list or mapping has, or none after a problem. */
static uint32_t count_items(speedup_context *context, const struct yaml_tree *tree, uint32_t node,
                            enum yaml_kind kind, const char *what)
{
    if (!node || !expect_kind(context, tree, node, kind, what))
        return 0;
    uint32_t count = yaml_at(tree, node)->length;
    if (count <= MOST_ITEMS)
        return count;
    struct place place = yaml_place(tree, node);
    problem(context, SPEEDUP_TOO_MANY_NODES, &place, "'%s' has more than %d entries", what, MOST_ITEMS);
    return 0;
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
        if (valid_id(id)) {
            ids[n++] = id;
        } else {
            struct place place = yaml_place(tree, item);
            problem(context, SPEEDUP_BAD_NAME, &place, "'%.70s' is not a name of an optimization", id);
        }
    }
    return ids;
}

static void read_applies(speedup_context *context, struct optimization *optimization,
                         const struct yaml_tree *tree, uint32_t node)
{
    static const char *const jobs[] = {"training", "inference", NULL};
    if (!expect_kind(context, tree, node, YAML_SEQUENCE, "applies_to"))
        return;
    optimization->applies[JOB_TRAINING] = optimization->applies[JOB_INFERENCE] = false;
    for (uint32_t item = yaml_at(tree, node)->first; item; item = yaml_at(tree, item)->next) {
        int32_t job;
        if (read_choice(context, tree, item, "applies_to", jobs, &job))
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
        if (!valid_name(parameter->name))
            problem(context, SPEEDUP_BAD_NAME, &place, "'%.70s' cannot name a parameter: letters, digits and '_'",
                    parameter->name);
        size_t before = context->count;
        if (yaml_at(tree, value)->kind == YAML_SCALAR) {
            read_number(context, tree, value, parameter->name, DIMENSION_NONE, -DBL_MAX, DBL_MAX, &parameter->value);
        } else {
            record_read(context, tree, value, &parameter_table, NULL, parameter);
            record_require(context, tree, value, &parameter_table, parameter);
        }
        if (context->count == before && (parameter->value < parameter->least || parameter->value > parameter->most))
            problem(context, SPEEDUP_OUT_OF_RANGE, &place, "parameter '%s' has a value outside its own range",
                    parameter->name);
    }
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
        struct requirement *requirement = &optimization->requirements[optimization->requirement_count];
        uint32_t value = yaml_at(tree, key)->next;
        const char *condition;
        if (!read_text(context, tree, value, yaml_text(tree, key), &condition))
            continue;
        requirement->place = yaml_place(tree, value);
        if (!strchr("<>=!", condition[0])) {
            problem(context, SPEEDUP_EXPRESSION, &requirement->place,
                    "a requirement is a comparison, such as \">= %.40s\"", condition);
            continue;
        }
        struct text text;
        text_begin(&text, &context->allocator);
        text_format(&text, "%s %s", yaml_text(tree, key), condition);
        requirement->text = text.failed ? NULL : arena_copy(arena, text.bytes, text.length);
        text_end(&text);
        if (!requirement->text)
            no_memory(context);
        else if (expression_compile(context, arena, &requirement->place, requirement->text, scope,
                                    &requirement->condition))
            optimization->requirement_count++;
    }
}

static bool read_effect_value(speedup_context *context, struct arena *arena, const struct expression_scope *scope,
                              const struct yaml_tree *tree, uint32_t value, struct effect *effect)
{
    const char *text, *name = targets[effect->target].name;
    effect->place = yaml_place(tree, value);
    if (targets[effect->target].rule == RULE_CHOOSE)
        return read_choice(context, tree, value, name, precision_names, &effect->precision);
    if (!read_text(context, tree, value, name, &text) ||
        !expression_compile(context, arena, &effect->place, text, scope, &effect->value))
        return false;
    const struct rule_info *rule = &rules[targets[effect->target].rule];
    double constant = effect->value.constant ? effect->value.operations[0].value : rule->least;
    if (constant >= rule->least && constant <= rule->most)
        return true;
    char least[NUMBER_TEXT], most[NUMBER_TEXT];
    problem(context, SPEEDUP_BAD_EFFECT, &effect->place, "'%.60s' for '%s': an effect of rule '%s' is from %s to %s", text,
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
                         const struct expression_scope *scope, const struct yaml_tree *tree, uint32_t node,
                         const struct callback *callbacks, size_t callback_count)
{
    size_t entries = 0;
    uint32_t count = count_items(context, tree, node, YAML_MAPPING, "effects"), first = count ? yaml_at(tree, node)->first : 0;
    for (uint32_t key = first; key; key = yaml_at(tree, yaml_at(tree, key)->next)->next)
        entries += entries_of(yaml_text(tree, key));
    for (size_t i = 0; i < callback_count; i++)
        entries += entries_of(callbacks[i].target);
    optimization->effects = arena_zeroed(arena, entries, sizeof *optimization->effects);
    optimization->effect_count = 0;
    if (!optimization->effects)
        return;
    for (uint32_t key = first; key && !problems_full(context); key = yaml_at(tree, yaml_at(tree, key)->next)->next) {
        const char *name = yaml_text(tree, key);
        struct place place = yaml_place(tree, key);
        int target = target_find(name, 0);
        struct effect effect = {.target = (enum target)target};
        if (target == TARGETS)
            unknown_target(context, name, &place);
        else if (read_effect_value(context, arena, scope, tree, yaml_at(tree, key)->next, &effect))
            add_effect(optimization, name, effect);
    }
    for (size_t i = 0; i < callback_count; i++) {
        const struct callback *callback = &callbacks[i];
        int target = target_find(callback->target, 0);
        struct place place = yaml_place(tree, optimization->head.node);
        if (target == TARGETS)
            unknown_target(context, callback->target, &place);
        else if (targets[target].rule == RULE_CHOOSE)
            problem(context, SPEEDUP_BAD_EFFECT, &place, "a function cannot choose '%s'; name a precision instead",
                    callback->target);
        else
            add_effect(optimization, callback->target,
                       (struct effect){.callback = callback->function, .user = callback->user, .place = place});
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

void optimization_read(speedup_context *context, speedup_catalog *catalog, struct optimization *optimization,
                       const struct callback *callbacks, size_t callback_count)
{
    const struct yaml_tree *tree = optimization->head.tree;
    uint32_t row = optimization->head.node, node;
    struct arena *arena = &catalog->arena;
    const struct names names = {catalog, optimization};
    const struct expression_scope scope = {find_name, offer_names, &names};

    /* A part that the row does not give stays as its base has it. */
    if (!optimization->applies[JOB_TRAINING] && !optimization->applies[JOB_INFERENCE])
        optimization->applies[JOB_TRAINING] = optimization->applies[JOB_INFERENCE] = true;
    if ((node = yaml_find(tree, row, "applies_to")))
        read_applies(context, optimization, tree, node);
    if ((node = yaml_find(tree, row, "excludes")) || !optimization->excludes)
        optimization->excludes = read_ids(context, arena, tree, node, "excludes");
    if ((node = yaml_find(tree, row, "supersedes")) || !optimization->supersedes)
        optimization->supersedes = read_ids(context, arena, tree, node, "supersedes");
    if ((node = yaml_find(tree, row, "parameters")))
        read_parameters(context, arena, optimization, tree, node);
    if ((node = yaml_find(tree, row, "requires")))
        read_requirements(context, arena, optimization, &scope, tree, node);
    if ((node = yaml_find(tree, row, "effects")) || callback_count)
        read_effects(context, arena, optimization, &scope, tree, node, callbacks, callback_count);
    if ((node = yaml_find(tree, row, "claims")))
        read_claims(context, arena, optimization, tree, node);
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
