/* Entries of a catalog, and the format of files, from the field tables. */
#include "report/report.h"

#include "catalog/plain.h"
#include "plan/space.h"

#include <math.h>
#include <string.h>

static const char *unit_of(const struct field *field)
{
    static const char *const units[DIMENSION_COUNT_OF] = {"1", "1", "B", "B/s", "FLOP/s", "s", "W", "USD", "USD/h", "USD/kWh", "1/s"};
    return units[field->dimension];
}

/* What only its own kind can show. */
static bool is_open(const struct field *field)
{
    return field->type == FIELD_LIST || field->type == FIELD_MAPPING || field->type == FIELD_VALUE;
}

/* Fields that an entry has not are null: those of records as the others. What a node or a value becomes, its kind puts. */
static void put_absent(struct arena *arena, struct node *parent, const struct record_table *table)
{
    for (const struct field *field = table->fields; field->key; field++) {
        if (!is_open(field))
            put_missing(arena, parent, field->key, strlen(field->key));
    }
}

static void put_record(struct arena *arena, struct node *parent, const struct record_table *table, const void *record)
{
    uint64_t present = ((const struct record *)record)->present;
    for (const struct field *field = table->fields; field->key; field++) {
        const void *at = (const char *)record + field->offset;
        bool given = (present >> (field - table->fields)) & 1;
        double number = 0;
        const char *string;
        switch ((enum field_type)field->type) {
        case FIELD_NUMBER:
        case FIELD_COUNT:
            memcpy(&number, at, sizeof number);
            if (given || number != 0)
                put_number(arena, parent, field->key, field->key, number, unit_of(field));
            break;
        case FIELD_TEXT:
            memcpy(&string, at, sizeof string);
            if (string)
                put_text(arena, parent, field->key, field->key, string);
            break;
        case FIELD_BOOL:
            if (given)
                put_bool(arena, parent, field->key, field->key, *(const bool *)at);
            break;
        case FIELD_CHOICE:
            if (given)
                put_text(arena, parent, field->key, field->key, field->choices[*(const int32_t *)at]);
            break;
        case FIELD_RECORD:
            if (given) {
                struct node *inner = put_object(arena, parent, field->key, field->key);
                put_record(arena, inner, field->record, at);
                put_absent(arena, inner, field->record);
            }
            break;
        case FIELD_LIST:
        case FIELD_MAPPING:
        case FIELD_VALUE:
            break;
        }
    }
}

static void put_calibration(struct arena *arena, struct node *parent, const speedup_catalog *catalog,
                            const struct calibration *calibration)
{
    if (!calibration->count)
        return;
    struct node *block = put_object(arena, parent, "calibration", "calibration");
    for (uint32_t i = 0; i < calibration->count; i++)
        for (size_t c = 0; c < catalog->entries[KIND_COEFFICIENT].count; c++) {
            const struct coefficient *coefficient = (const struct coefficient *)catalog->entries[KIND_COEFFICIENT].items[c];
            if (coefficient->slot == calibration->settings[i].slot)
                put_number(arena, block, coefficient->head.id, coefficient->head.id, calibration->settings[i].value, coefficient->unit);
        }
}

static void put_ids(struct arena *arena, struct node *parent, const char *key, const char *const *ids)
{
    if (!ids || !*ids)
        return;
    struct node *list = put_list(arena, parent, key, key);
    for (; *ids; ids++)
        put_text(arena, list, NULL, NULL, *ids);
}

static void put_optimization(struct arena *arena, struct node *parent, const struct optimization *o)
{
    put_bool(arena, parent, "training", "for training", o->applies[JOB_TRAINING]);
    put_bool(arena, parent, "inference", "for inference", o->applies[JOB_INFERENCE]);
    put_ids(arena, parent, "also", (const char *const *)o->also);
    put_ids(arena, parent, "files", (const char *const *)o->files);
    put_ids(arena, parent, "instead", (const char *const *)o->instead);
    put_ids(arena, parent, "needs", (const char *const *)o->needs);
    put_ids(arena, parent, "excludes", (const char *const *)o->excludes);
    put_ids(arena, parent, "supersedes", (const char *const *)o->supersedes);
    struct node *list = o->requirement_count ? put_list(arena, parent, "requires", "requires") : NULL;
    for (uint32_t i = 0; i < o->requirement_count; i++)
        put_text(arena, list, NULL, NULL, o->requirements[i].text);
    list = o->parameter_count ? put_list(arena, parent, "parameters", "parameters") : NULL;
    for (uint32_t i = 0; i < o->parameter_count; i++) {
        struct node *row = put_object(arena, list, NULL, NULL);
        put_text(arena, row, "name", "name", o->parameters[i].name);
        put_number(arena, row, "value", "value", o->parameters[i].value, "1");
        put_number(arena, row, "least", "least", o->parameters[i].least, "1");
        put_number(arena, row, "most", "most", o->parameters[i].most, "1");
        put_text(arena, row, "text", "what it is", o->parameters[i].text);
    }
    list = o->word_count ? put_list(arena, parent, "words", "words for parameters") : NULL;
    for (uint32_t i = 0; i < o->word_count; i++) {
        const struct parameter_word *word = &o->words[i];
        struct node *row = put_object(arena, list, NULL, NULL);
        const char *named = NULL;
        for (uint32_t p = 0; p < o->parameter_count && p < MOST_WORDED; p++)
            if (word->parameters >> p & 1)
                named = named ? report_say(arena, "%s, %s", named, o->parameters[p].name) : o->parameters[p].name;
        put_text(arena, row, "key", "key", word->key);
        put_text(arena, row, "word", "word", word->word);
        put_text(arena, row, "parameters", "that are 1", named);
    }
    list = put_list(arena, parent, "effects", "effects");
    for (uint32_t i = 0; i < o->effect_count; i++) {
        const struct effect *effect = &o->effects[i];
        const struct target_info *target = &targets[effect->target];
        struct node *row = put_object(arena, list, NULL, NULL);
        put_text(arena, row, "target", "entry", *target->phase ? report_say(arena, "%s@%s", target_name((int)(target - targets)), target->phase) : target_name((int)(target - targets)));
        put_text(arena, row, "rule", "rule", rules[target->rule].name);
        put_text(arena, row, "value", "value", target->rule == RULE_CHOOSE ? precision_names[effect->precision] : effect->callback ? "(a function)" : effect->value.text);
    }
    list = o->claim_count ? put_list(arena, parent, "claims", "claims") : NULL;
    for (uint32_t i = 0; i < o->claim_count; i++) {
        struct node *row = put_object(arena, list, NULL, NULL);
        put_text(arena, row, "resource", "resource", o->claims[i].resource);
        put_number(arena, row, "factor", "factor", o->claims[i].factor, "x");
        put_text(arena, row, "source", "source", o->claims[i].source);
    }
}

static void put_model(struct arena *arena, struct node *parent, const struct model *model)
{
    struct model_size size;
    model_measure(model, &size);
    struct cache_size cache;
    cache_measure(model, &cache);
    /* Where no numbers were published, those of the shape stand for them. */
    if (model->parameters <= 0)
        put_number(arena, parent, "parameters", "parameters", size.total, "1");
    if (model->parameters_active <= 0)
        put_number(arena, parent, "parameters_active", "active for a token", size.active, "1");
    struct node *counted = put_object(arena, parent, "counted", "counted from the shape");
    put_number(arena, counted, "parameters", "parameters", size.total, "1");
    put_number(arena, counted, "parameters_active", "active for a token", size.active, "1");
    put_number(arena, counted, "active_without_tables", "the same without vocabulary tables", size.active - size.embedding - (model->tied_embeddings ? 0 : size.head), "1");
    put_number(arena, counted, "cache_bytes", "cache of a token", 2 * (cache.full + cache.window) + cache.index, "B");
}

/* What an entry itself says, without its base. */
static void put_mapping(struct arena *arena, struct node *parent, const char *key, const struct family *family, uint32_t mapping)
{
    struct node *object = mapping ? put_object(arena, parent, key, key) : NULL;
    const struct yaml_tree *tree = family->head.tree;
    for (uint32_t at = mapping ? yaml_at(tree, mapping)->first : 0; at; at = yaml_at(tree, yaml_at(tree, at)->next)->next)
        put_text(arena, object, yaml_text(tree, at), yaml_text(tree, at), yaml_text(tree, yaml_at(tree, at)->next));
}

static void put_family(struct arena *arena, struct node *parent, const struct family *family)
{
    const struct yaml_tree *tree = family->head.tree;
    if (family->parent)
        put_text(arena, parent, "base", "base", family->parent->head.id);
    struct node *list = family->types_node ? put_list(arena, parent, "types", "types") : NULL;
    for (uint32_t item = list ? yaml_at(tree, family->types_node)->first : 0; item; item = yaml_at(tree, item)->next)
        put_text(arena, list, NULL, NULL, yaml_text(tree, item));
    put_mapping(arena, parent, "fields", family, family->fields_node);
    put_mapping(arena, parent, "defaults", family, family->defaults_node);
    put_mapping(arena, parent, "has", family, family->has_node);
    put_nulls(arena, parent, KEYS_FAMILY);
}

/* How many layers are what, as the counts above have them. */
static void put_layers(struct arena *arena, struct node *parent, const struct model *model)
{
    struct model_size size;
    model_measure(model, &size);
    const struct attention *a = &model->attention;
    struct node *layers = put_object(arena, parent, "layer_kinds", "layers by kind");
    put_number(arena, layers, "full", "full attention", size.attention_layers - a->window_layers, "1");
    put_number(arena, layers, "window", "attention in a window", a->window_layers, "1");
    put_number(arena, layers, "linear", "linear attention", a->linear_layers, "1");
    put_number(arena, layers, "state_space", "state space", model->state_space.layers, "1");
    put_number(arena, layers, "dense", "dense feed-forward", size.dense_layers, "1");
    put_number(arena, layers, "experts", "experts", size.expert_layers, "1");
}

static void put_entry(struct arena *arena, struct node *root, const speedup_catalog *catalog, enum kind kind,
                      const struct entry *entry)
{
    put_text(arena, root, "id", "id", entry->id);
    put_record(arena, root, kinds[kind].table, entry);
    if (kind == KIND_ACCELERATOR) {
        put_calibration(arena, root, catalog, &((const struct accelerator *)entry)->calibration);
        put_nulls(arena, root, KEYS_ACCELERATOR);
    }
    if (kind == KIND_STACK) {
        put_calibration(arena, root, catalog, &((const struct stack *)entry)->calibration);
        put_nulls(arena, root, KEYS_STACK);
    }
    if (kind == KIND_OPTIMIZATION) {
        put_optimization(arena, root, (const struct optimization *)entry);
        put_nulls(arena, root, KEYS_OPTIMIZATION);
    }
    if (kind == KIND_FAMILY)
        put_family(arena, root, (const struct family *)entry);
    if (kind == KIND_MODEL) {
        put_model(arena, root, (const struct model *)entry);
        put_layers(arena, root, (const struct model *)entry);
    }
    put_absent(arena, root, kinds[kind].table);
}

static int find_kind(const char *name)
{
    for (int kind = 0; kind < KINDS; kind++)
        if (!strcmp(kinds[kind].section, name) || !strcmp(kinds[kind].singular, name))
            return kind;
    return KINDS;
}

static void put_lists(struct arena *arena, struct node *root, const speedup_catalog *catalog, int only)
{
    struct node *list = only < KINDS ? put_list(arena, root, kinds[only].section, kinds[only].section)
                                     : put_list(arena, root, "kinds", "Kinds of entries");
    if (only == KINDS) {
        for (int kind = 0; kind < KINDS; kind++) {
            struct node *row = put_object(arena, list, NULL, NULL);
            put_text(arena, row, "kind", "kind", kinds[kind].section);
            put_number(arena, row, "entries", "entries", (double)catalog->entries[kind].count, "1");
            put_text(arena, row, "text", "what they are", kinds[kind].text);
        }
        return;
    }
    for (size_t i = 0; i < catalog->entries[only].count; i++) {
        const struct entry *entry = catalog->entries[only].items[i];
        struct node *row = put_object(arena, list, NULL, NULL);
        put_text(arena, row, "id", "id", entry->id);
        put_text(arena, row, "name", "name", entry->name);
    }
}

speedup_status speedup_report_catalog(speedup_context *context, const speedup_catalog *catalog, const char *kind,
                                      const char *id, int32_t format, speedup_text **text)
{
    if (text)
        *text = NULL;
    REQUIRE_GIVEN(context, context);
    REQUIRE_GIVEN(context, catalog);
    REQUIRE_GIVEN(context, text);
    REQUIRE(context, kind || !id, "argument 'kind' is NULL but id is '%.70s'", id);
    diagnostics_clear(context);
    int found = kind ? find_kind(kind) : KINDS;
    if (kind && found == KINDS) {
        struct nearest nearest;
        nearest_begin(&nearest, kind, strlen(kind));
        struct text *message = problem_begin(context);
        text_format(message, "there is no kind '%.60s'; the kinds are", kind);
        for (int i = 0; i < KINDS; i++) {
            text_format(message, "%s %s", i ? "," : "", kinds[i].section);
            nearest_offer(&nearest, kinds[i].section);
        }
        nearest_put(&nearest, message);
        problem_end(context, SPEEDUP_UNKNOWN_ENTRY, NULL);
        return context->first;
    }
    struct system plain;
    const struct entry *entry = !id                    ? NULL
                                : found == KIND_SYSTEM ? (const struct entry *)system_find(catalog, id, &plain)
                                                       : catalog_find(catalog, (enum kind)found, id);
    if (id && !entry) {
        catalog_missing(context, catalog, (enum kind)found, id, NULL);
        return context->first;
    }
    struct arena arena;
    arena_begin(&arena, &context->allocator);
    struct node *root = report_begin(&arena);
    if (entry)
        put_entry(&arena, root, catalog, (enum kind)found, entry);
    else
        put_lists(&arena, root, catalog, found);
    speedup_status status = report_finish(context, &arena, root, format, text);
    arena_end(&arena);
    return status;
}

static const char *type_of(const struct field *field)
{
    switch ((enum field_type)field->type) {
    case FIELD_TEXT: return "text";
    case FIELD_NUMBER: return field->dimension == DIMENSION_NONE ? "number" : dimension_name((enum dimension)field->dimension);
    case FIELD_COUNT: return "whole number";
    case FIELD_BOOL: return "true or false";
    case FIELD_CHOICE: return "choice";
    case FIELD_RECORD: return "mapping, below";
    case FIELD_LIST:
    case FIELD_MAPPING:
    case FIELD_VALUE: return field_takes(field) + strlen("a ");
    }
    return "";
}

/* A table of Markdown for a record, then those of the records in it. */
static void format_record(struct text *out, const char *heading, const struct record_table *table)
{
    text_format(out, "\n%s %s\n\n%s\n\n| key | value | default | what it is |\n|---|---|---|---|\n", heading,
                table->name, table->doc);
    for (const struct field *field = table->fields; field->key; field++) {
        bool open = is_open(field);
        text_format(out, "| `%s` | %s", field->key, type_of(field));
        if (field->type == FIELD_CHOICE) {
            text_put(out, ": ");
            for (size_t i = 0; field->choices[i]; i++)
                text_format(out, "%s%s", i ? ", " : "", field->choices[i]);
        } else if (field->type == FIELD_NUMBER && field->dimension > DIMENSION_COUNT) {
            text_put(out, ": ");
            dimension_list((enum dimension)field->dimension, out);
        } else if (open && *field_shown(field)) {
            text_format(out, ": `%s`", field_shown(field));
        }
        text_format(out, " | %s | %s |\n", field->required ? "required" : !open && *field_shown(field) ? field_shown(field) : "-",
                    field_doc(field));
    }
    for (const struct field *field = table->fields; field->key; field++)
        if (field->type == FIELD_RECORD)
            format_record(out, heading, field->record);
}

speedup_status speedup_report_format(speedup_context *context, speedup_text **text)
{
    if (text)
        *text = NULL;
    REQUIRE_GIVEN(context, context);
    REQUIRE_GIVEN(context, text);
    diagnostics_clear(context);
    struct text out;
    text_begin(&out, &context->allocator);
    text_put(&out, "# Format of YAML files {#format}\n\nMade from the tables that read the files. Numbers carry their "
                   "unit; `base: id` reuses an entry, `replaces: true` overrides one.\n\n## Jobs\n");
    for (const struct record_table *const *table = job_tables; *table; table++)
        format_record(&out, "###", *table);
    format_record(&out, "###", &length_table);
    format_record(&out, "###", &plan_table);
    format_record(&out, "###", &serving_plan_table);
    text_put(&out, "\n## Catalog sections\n");
    for (int kind = 0; kind < KINDS; kind++) {
        text_format(&out, "\n`%s:` holds entries of kind %s by id.\n", kinds[kind].section, kinds[kind].singular);
        format_record(&out, "###", kinds[kind].table);
    }
    format_record(&out, "###", &parameter_table);
    format_record(&out, "###", &condition_table);
    format_record(&out, "###", &claim_table);
    text_put(&out, "\n## Claims documents\n");
    for (const struct record_table *const *table = audit_tables; *table; table++)
        format_record(&out, "###", *table);
    text_put(&out, "\n## Targets of effects\n\n| target | rule | what it is |\n|---|---|---|\n");
    for (int i = 0; i < TARGETS; i++)
        text_format(&out, "| `%s%s%s` | %s | %s |\n", target_name(i), *targets[i].phase ? "@" : "", targets[i].phase,
                    rules[targets[i].rule].name, target_text(i));
    text_put(&out, "\n## Composition rules\n\n| rule | how effects combine | why |\n|---|---|---|\n");
    for (int i = 0; i < RULES; i++)
        text_format(&out, "| %s | %s | %s |\n", rules[i].name, rules[i].rule, rules[i].why);
    text_put(&out, "\n## Variables of expressions\n\n| variable | unit | what it is |\n|---|---|---|\n");
    for (int i = 0; i < VARIABLES; i++)
        text_format(&out, "| `%s` | %s | %s |\n", variable_name(i), variable_unit(i), variable_text(i));
    text_put(&out, "\nFunctions: `min`, `max`, `ceil`, `floor`, `round`, `sqrt`, `exp`, `log`, `abs`, `if(condition, "
                   "yes, no)`; operators `+ - * / ^ < <= > >= == !=`; constants `pi`, `e`, `phi`; every coefficient by "
                   "its id.\n\n## Precisions\n\n| precision | bytes | what it is |\n|---|---|---|\n");
    for (int i = 0; i < PRECISIONS; i++)
        text_format(&out, "| `%s` | %s | %s |\n", precisions[i].name,
                    precisions[i].bytes >= 1 && precisions[i].bytes == floor(precisions[i].bytes) ? (precisions[i].bytes > 3 ? "4" : precisions[i].bytes > 1 ? "2" : "1") : "with block scales",
                    precision_text(i));
    return report_hand_over(context, &out, text);
}
