/* Rows of optimizations: the parts that a field table cannot say, from a tree. */
#include "catalog/part.h"

#include <float.h>
#include <string.h>

/* How many children a list or mapping has, or none after a problem. */
static uint32_t count_items(speedup_context *context, const struct yaml_tree *tree, uint32_t node,
                            enum yaml_kind kind, const char *what)
{
    if (!node || !expect_kind(context, tree, node, kind, what))
        return 0;
    struct place place = yaml_place(tree, node);
    return part_few_enough(context, &place, yaml_at(tree, node)->length, what) ? yaml_at(tree, node)->length : 0;
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
        if (part_check_id(context, &place, id))
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

/* The parameter of that name: an inherited one to be given again, or a new one. */
static struct parameter *place_parameter(struct optimization *optimization, const char *name)
{
    for (uint32_t i = 0; i < optimization->parameter_count; i++)
        if (!strcmp(optimization->parameters[i].name, name))
            return &optimization->parameters[i];
    return &optimization->parameters[optimization->parameter_count++];
}

/* Those of the base stay, each at its place: inherited effects read them by place. */
static void read_parameters(const struct part_reader *reader, const struct yaml_tree *tree, uint32_t node)
{
    speedup_context *context = reader->context;
    struct arena *arena = reader->arena;
    struct optimization *optimization = reader->optimization;
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
        if (parameter >= optimization->parameters + inherited)
            part_check_parameter_name(reader, &place, parameter->name);
        size_t before = context->count;
        if (yaml_at(tree, value)->kind == YAML_SCALAR) {
            read_number(context, tree, value, parameter->name, DIMENSION_NONE, -DBL_MAX, DBL_MAX, &parameter->value);
        } else {
            record_read(context, tree, value, &parameter_table, NULL, parameter);
            record_require(context, tree, value, &parameter_table, parameter);
        }
        if (context->count == before)
            part_check_parameter_range(context, &place, parameter);
    }
}

/* The parameters of a word. */
static void read_word(const struct part_reader *reader, const struct yaml_tree *tree, uint32_t node, struct parameter_word *word)
{
    speedup_context *context = reader->context;
    const struct optimization *optimization = reader->optimization;
    uint32_t count = count_items(context, tree, node, YAML_SEQUENCE, word->word);
    for (uint32_t item = count ? yaml_at(tree, node)->first : 0; item; item = yaml_at(tree, item)->next) {
        const char *name;
        uint32_t i = 0;
        if (!read_text(context, tree, item, word->word, &name))
            continue;
        while (i < optimization->parameter_count && strcmp(optimization->parameters[i].name, name))
            i++;
        struct place place = yaml_place(tree, item);
        const struct parameter *named = &optimization->parameters[i];
        if (i < optimization->parameter_count && i < MOST_WORDED && (named->least > 0 || named->most < 1))
            problem(context, SPEEDUP_OUT_OF_RANGE, &place, "a word makes '%.60s' 0 or 1, which is outside its range", name);
        else if (i == optimization->parameter_count)
            problem(context, SPEEDUP_UNKNOWN_PARAMETER, &place, "'%s' has no parameter '%.60s'", optimization->head.id, name);
        else if (i >= MOST_WORDED)
            problem(context, SPEEDUP_TOO_MANY_NODES, &place, "words can stand for the first %d parameters alone", MOST_WORDED);
        else
            word->parameters |= (uint64_t)1 << i;
    }
    struct place place = yaml_place(tree, node);
    if (!word->parameters && !context->first)
        problem(context, SPEEDUP_WRONG_TYPE, &place, "the word '%.60s' names no parameter", word->word);
}

static void read_words(const struct part_reader *reader, const struct yaml_tree *tree, uint32_t node)
{
    struct optimization *optimization = reader->optimization;
    uint32_t keys = count_items(reader->context, tree, node, YAML_MAPPING, "words"), count = 0;
    uint32_t first = keys ? yaml_at(tree, node)->first : 0;
    for (uint32_t key = first; key; key = yaml_at(tree, yaml_at(tree, key)->next)->next)
        count += count_items(reader->context, tree, yaml_at(tree, key)->next, YAML_MAPPING, yaml_text(tree, key));
    optimization->words = arena_zeroed(reader->arena, count, sizeof *optimization->words);
    optimization->word_count = 0;
    if (!optimization->words || reader->context->first)
        return;
    for (uint32_t key = first; key; key = yaml_at(tree, yaml_at(tree, key)->next)->next) {
        uint32_t words = yaml_at(tree, key)->next;
        for (uint32_t at = yaml_at(tree, words)->first; at; at = yaml_at(tree, yaml_at(tree, at)->next)->next) {
            struct parameter_word *word = &optimization->words[optimization->word_count++];
            *word = (struct parameter_word){yaml_text(tree, key), yaml_text(tree, at), 0};
            read_word(reader, tree, yaml_at(tree, at)->next, word);
        }
    }
}

/* A comparison, or one with its words. */
static bool read_condition(speedup_context *context, const struct yaml_tree *tree, uint32_t node, const char *key, struct condition *condition)
{
    if (yaml_at(tree, node)->kind != YAML_MAPPING)
        return read_text(context, tree, node, key, &condition->is);
    record_read(context, tree, node, &condition_table, NULL, condition);
    record_require(context, tree, node, &condition_table, condition);
    return condition->is != NULL;
}

/* "compute_capability: '>= 8.0'" is the condition "compute_capability >= 8.0". */
static void read_requirements(const struct part_reader *reader, const struct yaml_tree *tree, uint32_t node)
{
    speedup_context *context = reader->context;
    struct optimization *optimization = reader->optimization;
    uint32_t count = count_items(context, tree, node, YAML_MAPPING, "requires");
    optimization->requirements = arena_zeroed(reader->arena, count, sizeof *optimization->requirements);
    optimization->requirement_count = 0;
    if (!count || !optimization->requirements)
        return;
    for (uint32_t key = yaml_at(tree, node)->first; key; key = yaml_at(tree, yaml_at(tree, key)->next)->next) {
        uint32_t value = yaml_at(tree, key)->next;
        struct place place = yaml_place(tree, value);
        struct condition condition = {0};
        if (!read_condition(context, tree, value, yaml_text(tree, key), &condition))
            continue;
        uint32_t before = optimization->requirement_count;
        if (strchr("<>=!", condition.is[0]))
            part_add_requirement(reader, &place, yaml_text(tree, key), condition.is);
        else
            problem(context, SPEEDUP_EXPRESSION, &place, "a requirement is a comparison, such as \">= %.40s\"",
                    condition.is);
        if (condition.text && optimization->requirement_count > before)
            optimization->requirements[before].text = condition.text;
    }
}

static void read_effects(const struct part_reader *reader, const struct yaml_tree *tree, uint32_t node)
{
    speedup_context *context = reader->context;
    struct optimization *optimization = reader->optimization;
    size_t entries = 0;
    uint32_t count = count_items(context, tree, node, YAML_MAPPING, "effects"), first = count ? yaml_at(tree, node)->first : 0;
    for (uint32_t key = first; key; key = yaml_at(tree, yaml_at(tree, key)->next)->next)
        entries += part_entries(yaml_text(tree, key));
    optimization->effects = arena_zeroed(reader->arena, entries, sizeof *optimization->effects);
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
            part_unknown_target(context, &place, name);
        else if (read_text(context, tree, value, target_name(target), &text) &&
                 part_effect_value(reader, &at, text, &effect))
            part_add_effect(optimization, name, effect);
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

/* A part that the row does not give stays as its base has it. */
static void read_row(const struct part_reader *reader)
{
    speedup_context *context = reader->context;
    struct arena *arena = reader->arena;
    struct optimization *optimization = reader->optimization;
    const struct yaml_tree *tree = optimization->head.tree;
    uint32_t row = optimization->head.node, node;
    if ((node = yaml_find(tree, row, "applies_to")))
        read_applies(context, optimization, tree, node);
    if ((node = yaml_find(tree, row, "also")))
        optimization->also = read_ids(context, arena, tree, node, "also");
    if ((node = yaml_find(tree, row, "files")))
        optimization->files = read_ids(context, arena, tree, node, "files");
    if ((node = yaml_find(tree, row, "instead")))
        optimization->instead = read_ids(context, arena, tree, node, "instead");
    if ((node = yaml_find(tree, row, "needs")))
        optimization->needs = read_ids(context, arena, tree, node, "needs");
    if ((node = yaml_find(tree, row, "excludes")) || !optimization->excludes)
        optimization->excludes = read_ids(context, arena, tree, node, "excludes");
    if ((node = yaml_find(tree, row, "supersedes")) || !optimization->supersedes)
        optimization->supersedes = read_ids(context, arena, tree, node, "supersedes");
    if ((node = yaml_find(tree, row, "parameters")))
        read_parameters(reader, tree, node);
    if ((node = yaml_find(tree, row, "words")))
        read_words(reader, tree, node);
    if ((node = yaml_find(tree, row, "requires")))
        read_requirements(reader, tree, node);
    if ((node = yaml_find(tree, row, "effects")))
        read_effects(reader, tree, node);
    if ((node = yaml_find(tree, row, "claims")))
        read_claims(context, arena, optimization, tree, node);
}

void optimization_read(speedup_context *context, speedup_catalog *catalog, struct optimization *optimization)
{
    struct part_reader reader;
    part_begin(&reader, context, catalog, optimization);
    if (!optimization->applies[JOB_TRAINING] && !optimization->applies[JOB_INFERENCE])
        optimization->applies[JOB_TRAINING] = optimization->applies[JOB_INFERENCE] = true;
    if (optimization->head.tree)
        read_row(&reader);
    else
        told_read(&reader);
}
