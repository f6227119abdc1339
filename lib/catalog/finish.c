/* What follows from the fields of an entry that was read, by kind, and whether they agree. */
#include "catalog/command.h"
#include "catalog/extend.h"

#include <string.h>

static void expect_entry(struct extension *extension, const struct entry *entry, const char *key, enum kind kind,
                         const char *id)
{
    if (!id || find_either(extension, kind, id))
        return;
    struct place place = entry_place(entry, key);
    catalog_missing(extension->context, extension->base ? extension->base : extension->made, kind, id, &place);
}

static void finish_coefficient(struct extension *extension, struct coefficient *coefficient)
{
    const struct entry *older = catalog_find(extension->base, KIND_COEFFICIENT, coefficient->head.id);
    coefficient->slot = older ? ((const struct coefficient *)older)->slot : extension->made->coefficient_slots++;
    if (!FIELD_GIVEN(&coefficient->head, 6))
        coefficient->most = 1e18;
    if (!FIELD_GIVEN(&coefficient->head, 9))
        coefficient->provenance = PROVENANCE_GENERIC;
    struct place place = entry_place(&coefficient->head, NULL);
    if (!valid_name(coefficient->head.id))
        problem(extension->context, SPEEDUP_BAD_NAME, &place, "'%s' cannot be read in expressions: use letters, digits and '_'",
                coefficient->head.id);
    if (coefficient->value < coefficient->least || coefficient->value > coefficient->most)
        problem(extension->context, SPEEDUP_OUT_OF_RANGE, &place, "'value' of '%s' lies outside its own range",
                coefficient->head.id);
}

static void finish_accelerator(struct extension *extension, struct accelerator *accelerator)
{
    struct place place = entry_place(&accelerator->head, NULL);
    bool any = false;
    for (int i = 0; i < PEAKS; i++)
        any |= accelerator->peak.rate[i] > 0;
    if (!any && accelerator->peak.present)
        any = true; /* a wrong value has been told already */
    if (!any && entry_node(&accelerator->head, "peak"))
        problem(extension->context, SPEEDUP_MISSING_KEY, &place, "accelerator '%s' lists no peak", accelerator->head.id);
    if (accelerator->host_link <= 0)
        accelerator->host_link = 32e9;
    const struct field *fields = kinds[KIND_ACCELERATOR].table->fields;
    if (!FIELD_GIVEN(&accelerator->head, record_field(kinds[KIND_ACCELERATOR].table, "link") - fields))
        accelerator->link = accelerator->host_link; /* also of one based on another */
    calibration_read(extension->context, extension->made, &extension->made->arena, accelerator->head.tree,
                     entry_node(&accelerator->head, "calibration"),
                     &accelerator->calibration);
    accelerator->calibration.provenance =
        accelerator->calibration.count ? accelerator->provenance : PROVENANCE_GENERIC;
}

static void finish_system(struct extension *extension, struct system *system)
{
    expect_entry(extension, &system->head, "accelerator", KIND_ACCELERATOR, system->accelerator_id);
    if (system->domain <= 0)
        system->domain = system->node_accelerators;
    if (system->network <= 0)
        system->network = 25e9 * system->node_accelerators;
}

static bool is_role(const char *name)
{
    for (int role = 0; role < ROLES; role++)
        if (!strcmp(role_name((enum role)role), name))
            return true;
    return false;
}

/* Keys of a mapping are words, or else roles; values are texts. */
static void check_family_mapping(struct extension *extension, const struct family *family, uint32_t mapping, bool names, const char *const *choices)
{
    const struct yaml_tree *tree = family->head.tree;
    for (uint32_t key = mapping ? yaml_at(tree, mapping)->first : 0; key; key = yaml_at(tree, yaml_at(tree, key)->next)->next) {
        const char *name = yaml_text(tree, key), *value;
        struct place place = yaml_place(tree, key);
        int32_t choice;
        if (names && !is_role(name)) {
            struct nearest nearest;
            nearest_begin(&nearest, name, strlen(name));
            for (int role = 0; role < ROLES; role++)
                nearest_offer(&nearest, role_name((enum role)role));
            struct text *text = problem_begin(extension->context);
            text_format(text, "'%.60s' is no role that a field can play", name);
            nearest_put(&nearest, text);
            problem_end(extension->context, SPEEDUP_UNKNOWN_KEY, &place);
        } else if (choices) {
            read_choice(extension->context, tree, yaml_at(tree, key)->next, name, choices, &choice);
        } else {
            read_text(extension->context, tree, yaml_at(tree, key)->next, name, &value);
        }
    }
}

static void check_family_list(struct extension *extension, const struct family *family, uint32_t list, const char *what)
{
    const struct yaml_tree *tree = family->head.tree;
    const char *value;
    for (uint32_t item = list ? yaml_at(tree, list)->first : 0; item; item = yaml_at(tree, item)->next)
        read_text(extension->context, tree, item, what, &value);
}

static void finish_family(struct extension *extension, const struct family *family)
{
    /* Those built in are held by a test (tests/import), not each time that a program begins. */
    if (!extension->base || !family->head.tree)
        return;
    check_family_mapping(extension, family, family->fields_node, true, NULL);
    check_family_mapping(extension, family, family->defaults_node, true, NULL);
    check_family_mapping(extension, family, family->has_node, true, NULL);
    check_family_mapping(extension, family, family->words_node, false, layer_kind_names);
    check_family_mapping(extension, family, family->towers_node, false, NULL);
    check_family_mapping(extension, family, family->cannot_node, false, NULL);
    check_family_list(extension, family, family->types_node, "types");
    check_family_list(extension, family, family->marks_node, "marks");
    check_family_list(extension, family, family->headless_node, "headless");
    check_family_list(extension, family, family->ignores_node, "ignores");
}

static bool has_optimization(const void *extension, const char *id, size_t length)
{
    char name[LONGEST_ID + 1];
    if (length > LONGEST_ID)
        return false;
    memcpy(name, id, length);
    name[length] = '\0';
    return find_either(extension, KIND_OPTIMIZATION, name) != NULL;
}

/* A base's was checked with it. */
static void check_command(struct extension *extension, const struct entry *entry, const char *key, const char *text)
{
    struct place place = entry_place(entry, key);
    struct command_ids ids = {has_optimization, extension};
    if (text && (!entry->tree || entry_node(entry, key)))
        command_check(extension->context, &place, text, &ids);
}

void entry_finish(struct extension *extension, enum kind kind, struct entry *entry)
{
    switch (kind) {
    case KIND_COEFFICIENT:
        finish_coefficient(extension, (struct coefficient *)entry);
        break;
    case KIND_ACCELERATOR:
        finish_accelerator(extension, (struct accelerator *)entry);
        break;
    case KIND_SYSTEM:
        finish_system(extension, (struct system *)entry);
        break;
    case KIND_STACK: {
        struct stack *stack = (struct stack *)entry;
        calibration_read(extension->context, extension->made, &extension->made->arena, entry->tree,
                         entry_node(entry, "calibration"), &stack->calibration);
        if (entry_node(entry, "always"))
            stack->always_tree = entry->tree;
        check_command(extension, entry, "command", stack->command);
        check_command(extension, entry, "benchmark", stack->benchmark);
        stack->calibration.provenance = stack->provenance;
        break;
    }
    case KIND_MODEL:
        model_finish(extension->context, (struct model *)entry);
        break;
    case KIND_PRICE: {
        const struct price *price = (const struct price *)entry;
        expect_entry(extension, entry, "accelerator", KIND_ACCELERATOR, price->accelerator_id);
        expect_entry(extension, entry, "system", KIND_SYSTEM, price->system_id);
        break;
    }
    case KIND_OPTIMIZATION:
        optimization_read(extension->context, extension->made, (struct optimization *)entry);
        break;
    case KIND_FAMILY:
        finish_family(extension, (struct family *)entry);
        break;
    case KIND_SPACE: {
        struct space_defaults *space = (struct space_defaults *)entry;
        if (entry_node(entry, "plan"))
            space->plan_tree = entry->tree;
        if (entry_node(entry, "why"))
            space->why_tree = entry->tree;
        break;
    }
    case KINDS:
        break;
    }
}
