/* Which family a configuration is of: by its type, else by the marks of its fields. */
#include "catalog/importer.h"

#include "base/number.h"

#include <math.h>
#include <string.h>

/* ---- The family of a file ---- */

static const char *type_of(const struct importer *importer, uint32_t mapping, uint32_t *node)
{
    *node = yaml_find(importer->tree, mapping, "model_type");
    if (!*node || field_is_null(importer, *node) || !expect_kind(importer->context, importer->tree, *node, YAML_SCALAR, "model_type"))
        return NULL;
    return yaml_text(importer->tree, *node);
}

static void name_families(const struct importer *importer, const char *what)
{
    struct text text;
    text_begin(&text, &importer->context->allocator);
    for (size_t i = 0; i < importer->catalog->entries[KIND_FAMILY].count; i++)
        if (family_at(importer->catalog, i)->types_node)
            text_format(&text, "%s%s", text.length ? ", " : "", family_at(importer->catalog, i)->head.id);
    problem_remedy(importer->context, "%s; the families are %s", what, text.failed || !text.bytes ? "those of 'speedup catalog list families'" : text.bytes);
    text_end(&text);
}

static bool spelled(const char *fields, const char *name)
{
    size_t length = strlen(name);
    for (const char *at = fields; *at;) {
        size_t part = strcspn(at, "|.=");
        if (part == length && !memcmp(at, name, part))
            return true;
        at += strcspn(at, "|");
        at += *at == '|';
    }
    return false;
}

/* Does a family know a field: as one that plays a role, or as one that says nothing? */
static bool knows(const struct family *family, const char *name)
{
    if (strlen(name) >= LONGEST_FIELD)
        return false;
    for (; family; family = family->parent) {
        const struct yaml_tree *tree = family->head.tree;
        for (uint32_t key = family->fields_node ? yaml_at(tree, family->fields_node)->first : 0; key; key = yaml_at(tree, yaml_at(tree, key)->next)->next)
            if (spelled(yaml_text(tree, yaml_at(tree, key)->next), name))
                return true;
        for (uint32_t item = family->ignores_node ? yaml_at(tree, family->ignores_node)->first : 0; item; item = yaml_at(tree, item)->next)
            if (field_matches(yaml_text(tree, item), name))
                return true;
        if (family_node(family, family->cannot_node, name))
            return true;
    }
    return false;
}

/* A value that may say something of the structure. */
static bool says(const struct importer *importer, uint32_t node)
{
    const struct yaml_node *at = yaml_at(importer->tree, node);
    const char *text = at->kind == YAML_SCALAR ? yaml_text(importer->tree, node) : "";
    double number;
    if (at->kind != YAML_SCALAR)
        return at->first != 0;
    if (!at->plain || field_is_null(importer, node) || !strcmp(text, "false"))
        return false;
    return !field_is_number(text, &number) || number >= 1;
}

enum { MOST_FIELDS = 1000 };

/* A type that nobody knows: the family whose marks the file has most of, where it knows all that the file says. NULL for a
 * file without: of a family that has that among its marks. */
static void find_nearest(struct importer *importer, const char *type, uint32_t node)
{
    const struct yaml_tree *tree = importer->tree;
    size_t most = 0;
    /* Files of models have a hundred fields; each is looked up in all families. */
    bool many = yaml_at(tree, importer->inner)->length > MOST_FIELDS;
    for (size_t i = 0; i < importer->catalog->entries[KIND_FAMILY].count && !many && !importer->whole; i++) {
        const struct family *family = family_at(importer->catalog, i);
        size_t marks = 0;
        bool typeless = false, all = family->marks_node != 0;
        for (uint32_t item = all ? yaml_at(family->head.tree, family->marks_node)->first : 0; item && all; item = yaml_at(family->head.tree, item)->next) {
            const char *mark = yaml_text(family->head.tree, item);
            bool without = *mark == '!';
            uint32_t found = field_under(tree, importer->inner, mark + without, strlen(mark + without));
            all = without != (found && !field_is_null(importer, found));
            typeless |= without;
            marks++;
        }
        if (all && marks > most && (type || typeless)) {
            most = marks;
            importer->family = family;
        }
    }
    struct place place = importer_place(importer, node);
    if (importer->whole) /* of a model that is known, and of whose kind its text model is */
        importer->family = importer->whole;
    if (!importer->family) {
        if (type)
            problem(importer->context, SPEEDUP_UNSUPPORTED_MODEL, &place, "'model_type' is '%.60s', of which no family is known, and %s", type,
                    many ? "it has over 1000 fields" : "no family is like it");
        else
            problem(importer->context, SPEEDUP_UNSUPPORTED_MODEL, &place, "'model_type' is missing, so that the architecture is not known");
        name_families(importer, type ? "say how it is read in 'families:' of a catalog file" : "give 'model_type'");
        return;
    }
    bool typed = type != NULL;
    type = typed ? type : "none";
    for (uint32_t key = yaml_at(tree, importer->inner)->first; key; key = yaml_at(tree, yaml_at(tree, key)->next)->next) {
        const char *name = yaml_text(tree, key);
        if (!says(importer, yaml_at(tree, key)->next) || knows(importer->family, name))
            continue;
        struct place at = yaml_place(tree, key);
        problem(importer->context, SPEEDUP_UNSUPPORTED_MODEL, &at, "'%.60s' is not known of '%.60s', which no family is for: nearest is '%s'", name, type,
                importer->family->head.id);
        char what[400];
        struct text text;
        text_begin(&text, &importer->context->allocator);
        text_format(&text, "say it in an entry: families: {mine: {base: %s, types: [%.60s], fields: {ROLE: %.60s}}}, or 'ignores: [%.60s]' where it says nothing of sizes",
                    importer->family->head.id, type, name, name);
        size_t length = text.failed || !text.bytes ? 0 : text.length < sizeof what - 1 ? text.length : sizeof what - 1;
        memcpy(what, length ? text.bytes : "", length);
        what[length] = '\0';
        text_end(&text);
        name_families(importer, what);
        return;
    }
    if (typed)
        warning(importer->context, SPEEDUP_UNSUPPORTED_MODEL, &place, "'model_type' is '%.60s', of which no family is known: read as '%s'", type,
                importer->family->head.id);
}

/* A class of 'architectures' that is of another family than the file says. */
static void check_architecture(struct importer *importer)
{
    uint32_t list = yaml_find(importer->tree, importer->outer, "architectures");
    uint32_t first = list && yaml_at(importer->tree, list)->kind == YAML_SEQUENCE ? yaml_at(importer->tree, list)->first : 0;
    if (!first || yaml_at(importer->tree, first)->kind != YAML_SCALAR || !importer->whole)
        return;
    const char *name = yaml_text(importer->tree, first), *end = strstr(name, "For");
    size_t length = end ? (size_t)(end - name) : strlen(name);
    for (size_t i = 0; i < importer->catalog->entries[KIND_FAMILY].count; i++) {
        const struct family *family = family_at(importer->catalog, i);
        const struct yaml_tree *tree = family->head.tree;
        for (uint32_t item = family->types_node ? yaml_at(tree, family->types_node)->first : 0; item; item = yaml_at(tree, item)->next) {
            const char *type = yaml_text(tree, item);
            size_t at = 0;
            for (; *type && at < length; type++) {
                if (*type == '_' || *type == '-')
                    continue;
                char c = name[at] >= 'A' && name[at] <= 'Z' ? (char)(name[at] - 'A' + 'a') : name[at], t = *type >= 'A' && *type <= 'Z' ? (char)(*type - 'A' + 'a') : *type;
                if (c != t)
                    break;
                at++;
            }
            if (*type || at != length || family == importer->whole || family == importer->family)
                continue;
            struct place place = importer_place(importer, first);
            warning(importer->context, SPEEDUP_INCONSISTENT, &place, "'architectures' has '%.60s', of family '%s', but 'model_type' is of '%s', which is taken", name,
                    family->head.id, importer->whole->head.id);
            return;
        }
    }
}

/* The family whose types have the class of the file, NULL for none. */
static const struct family *family_of_class(const struct importer *importer)
{
    uint32_t list = yaml_find(importer->tree, importer->outer, "architectures");
    bool given = list && !field_is_null(importer, list) && expect_kind(importer->context, importer->tree, list, YAML_SEQUENCE, "architectures");
    uint32_t first = given ? yaml_at(importer->tree, list)->first : 0;
    return first && yaml_at(importer->tree, first)->kind == YAML_SCALAR ? family_of_type(importer->catalog, yaml_text(importer->tree, first)) : NULL;
}

void import_family(struct importer *importer)
{
    uint32_t node, outer;
    importer->family = importer->whole = family_of_class(importer);
    if (importer->family)
        return;
    const char *whole = type_of(importer, importer->outer, &outer), *type = type_of(importer, importer->inner, &node);
    if (whole)
        importer->whole = family_of_type(importer->catalog, whole);
    if (type)
        importer->family = family_of_type(importer->catalog, type);
    if (importer->context->first)
        return;
    if (!importer->family && importer->whole && !type)
        importer->family = importer->whole;
    if (importer->family) {
        check_architecture(importer);
        return;
    }
    uint32_t adapter = yaml_find(importer->tree, importer->outer, "peft_type"), of = yaml_find(importer->tree, importer->outer, "base_model_name_or_path");
    if (!type && !whole && adapter) {
        struct place place = importer_place(importer, adapter);
        problem(importer->context, SPEEDUP_UNSUPPORTED_MODEL, &place, "this is an adapter to a model (%.80s), not a model",
                of && yaml_at(importer->tree, of)->kind == YAML_SCALAR ? yaml_text(importer->tree, of) : "of which it does not say the name");
        problem_remedy(importer->context, "import the model that it is for; 'lora' is an optimization of its training");
        return;
    }
    find_nearest(importer, type ? type : whole, node && (type || !whole) ? node : outer);
}

void import_foreign(struct importer *importer)
{
    for (const struct family *family = importer->family; family; family = family->parent) {
        const struct yaml_tree *tree = family->head.tree;
        for (uint32_t key = family->cannot_node ? yaml_at(tree, family->cannot_node)->first : 0; key; key = yaml_at(tree, yaml_at(tree, key)->next)->next) {
            const char *name = yaml_text(tree, key);
            uint32_t node = field_of(importer, name, strlen(name));
            if (node && says(importer, node))
                field_refuse(importer, node, name, strlen(name), yaml_text(tree, yaml_at(tree, key)->next));
        }
    }
}
