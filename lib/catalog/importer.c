/* Fields of a configuration by the roles that they play, as its family says, and the fields of the model that they set. */
#include "catalog/importer.h"

#include "base/number.h"

#include <math.h>
#include <string.h>

/* A plain number, whole. */
bool field_is_number(const char *text, double *value)
{
    size_t used, length = strlen(text);
    return length && number_parse(text, length, value, &used) == NUMBER_OK && used == length;
}

/* ---- Families ---- */

uint32_t family_node(const struct family *family, uint32_t mapping, const char *key)
{
    return mapping ? yaml_find(family->head.tree, mapping, key) : 0;
}

static bool list_has(const struct family *family, uint32_t list, const char *word)
{
    const struct yaml_tree *tree = family->head.tree;
    for (uint32_t item = list ? yaml_at(tree, list)->first : 0; item; item = yaml_at(tree, item)->next)
        if (!strcmp(yaml_text(tree, item), word))
            return true;
    return false;
}

const struct family *family_at(const speedup_catalog *catalog, size_t i)
{
    return (const struct family *)catalog->entries[KIND_FAMILY].items[i];
}

const struct family *family_of_type(const speedup_catalog *catalog, const char *type)
{
    for (size_t i = 0; i < catalog->entries[KIND_FAMILY].count; i++)
        if (list_has(family_at(catalog, i), family_at(catalog, i)->types_node, type))
            return family_at(catalog, i);
    return NULL;
}

const char *family_text(const struct family *family, size_t mapping, const char *key)
{
    for (; family; family = family->parent) {
        uint32_t node = *(const uint32_t *)(const void *)((const char *)family + mapping);
        uint32_t found = family_node(family, node, key);
        if (found)
            return yaml_text(family->head.tree, found);
    }
    return NULL;
}

/* ---- Fields ---- */

bool field_matches(const char *pattern, const char *name)
{
    size_t length = strlen(pattern), given = strlen(name);
    if (*pattern == '*' && length > 2 && pattern[length - 1] == '*') {
        for (; *name; name++)
            if (!strncmp(name, pattern + 1, length - 2))
                return true;
        return false;
    }
    if (length && pattern[length - 1] == '*')
        return !strncmp(pattern, name, length - 1);
    if (*pattern == '*')
        return given >= length - 1 && !strcmp(name + given - (length - 1), pattern + 1);
    return !strcmp(pattern, name);
}

bool field_is_null(const struct importer *importer, uint32_t node)
{
    const struct yaml_node *at = yaml_at(importer->tree, node);
    return at->kind == YAML_SCALAR && at->plain && (!strcmp(yaml_text(importer->tree, node), "null") || !at->length);
}

uint32_t field_under(const struct yaml_tree *tree, uint32_t node, const char *field, size_t length)
{
    char key[LONGEST_FIELD];
    while (node && length) {
        size_t part = 0;
        while (part < length && field[part] != '.')
            part++;
        if (part >= sizeof key)
            return 0;
        memcpy(key, field, part);
        key[part] = '\0';
        node = yaml_find(tree, node, key);
        field += part + (part < length);
        length -= part + (part < length);
    }
    return node;
}

uint32_t field_of(const struct importer *importer, const char *field, size_t length)
{
    if (length && *field == '/')
        return field_under(importer->tree, importer->outer, field + 1, length - 1);
    uint32_t own = field_under(importer->tree, importer->inner, field, length);
    if (importer->inner == importer->outer || (own && !field_is_null(importer, own)))
        return own;
    uint32_t outer = field_under(importer->tree, importer->outer, field, length);
    return outer ? outer : own;
}

/* The first field of a list that the file has, a null one only after `null`. */
static uint32_t first_field(const struct importer *importer, const char *fields, uint32_t *null, const char **name, size_t *length)
{
    for (const char *at = fields ? fields : ""; *at;) {
        size_t part = strcspn(at, "|");
        uint32_t node = field_of(importer, at, strcspn(at, "|="));
        if (node && (!field_is_null(importer, node) || !*null)) {
            *name = at;
            *length = part;
            if (!field_is_null(importer, node))
                return node;
            *null = node;
        }
        at += part + (at[part] == '|');
    }
    return 0;
}

/* A number of a file's format that is 0 is one that the file does not have, where the family knows it. */
static bool is_said(const struct importer *importer, uint32_t node, enum role role)
{
    const struct yaml_node *at = yaml_at(importer->tree, node);
    double value;
    return at->kind != YAML_SCALAR || !field_is_number(yaml_text(importer->tree, node), &value) || value != 0 ||
           !FAMILY_TEXT(importer->family, has_node, role_name(role));
}

uint32_t role_node(const struct importer *importer, enum role role, const char **name, size_t *length)
{
    const char *own = FAMILY_TEXT(importer->family, fields_node, role_name(role));
    bool none = own && !strcmp(own, "none");
    const char *format = importer->format && !none ? FAMILY_TEXT(importer->format, fields_node, role_name(role)) : NULL;
    uint32_t null = 0;
    *name = format ? format : own && !none ? own : role_name(role);
    *length = strcspn(*name, "|");
    const char *first = *name;
    uint32_t node = first_field(importer, format, &null, name, length);
    if (node && is_said(importer, node, role))
        return node;
    *name = first;
    *length = strcspn(*name, "|");
    node = first_field(importer, none ? NULL : own, &null, name, length);
    return node ? node : null;
}

struct place importer_place(const struct importer *importer, uint32_t node)
{
    return yaml_place(importer->tree, node ? node : importer->inner);
}

void field_refuse(const struct importer *importer, uint32_t node, const char *what, size_t length, const char *why)
{
    struct place place = importer_place(importer, node);
    problem(importer->context, SPEEDUP_UNSUPPORTED_MODEL, &place, "'%.*s' of family '%s' %s", (int)length, what,
            importer->family->head.id, why);
}

void role_refuse(const struct importer *importer, enum role role, const char *why)
{
    const char *name;
    size_t length;
    uint32_t node = role_node(importer, role, &name, &length);
    field_refuse(importer, node, name, length, why);
}

static bool was_wrong(const struct importer *importer, uint32_t node)
{
    for (size_t i = 0; i < importer->wrong_count; i++)
        if (importer->wrong[i] == node)
            return true;
    return false;
}

/* Is a value that cannot be one of its type told? */
static bool refuse_value(const struct importer *importer, uint32_t node, const char *key, enum role_type type, double value)
{
    struct place place = importer_place(importer, node);
    if (type == ROLE_FLAG && value != 0 && value != 1)
        problem(importer->context, SPEEDUP_WRONG_TYPE, &place, "'%.60s' must be true or false, not %.10g", key, value);
    else if (type < ROLE_FACTOR && value != floor(value))
        problem(importer->context, SPEEDUP_NOT_WHOLE, &place, "'%.60s' must be a whole number, not %.10g", key, value);
    else if ((type == ROLE_SIZE || type == ROLE_PERIOD) && value < 1)
        problem(importer->context, SPEEDUP_OUT_OF_RANGE, &place, "'%.60s' must be 1 or more, not 0", key);
    else
        return false;
    return true;
}

bool field_read(struct importer *importer, uint32_t node, const char *key, enum role_type type, double *value)
{
    const struct yaml_node *at = yaml_at(importer->tree, node);
    const char *text = at->kind == YAML_SCALAR ? yaml_text(importer->tree, node) : "";
    if (at->kind == YAML_SCALAR && !at->plain) {
        struct place place = importer_place(importer, node);
        problem(importer->context, SPEEDUP_WRONG_TYPE, &place, "'%.60s' must be %s, not a text", key, type == ROLE_FLAG ? "true or false" : "a number");
        problem_remedy(importer->context, "write it without quotes");
        return false;
    }
    if ((type == ROLE_FLAG && !strcmp(text, "true")) || ((type == ROLE_FLAG || type < ROLE_SIZE) && !strcmp(text, "false"))) {
        *value = *text == 't'; /* a number that is false is none */
        return true;
    }
    return read_number(importer->context, importer->tree, node, key, DIMENSION_NONE, 0, 1e15, value) && !refuse_value(importer, node, key, type, *value);
}

uint32_t mapping_under(const struct importer *importer, uint32_t node, const char *field)
{
    uint32_t found = field_under(importer->tree, node, field, strlen(field));
    bool given = found && !field_is_null(importer, found);
    return given && expect_kind(importer->context, importer->tree, found, YAML_MAPPING, field) ? found : 0;
}

/* Does the text of a field match the pattern behind its name ("feed_forward_proj=gated-*")? */
static bool match_value(const struct importer *importer, uint32_t node, const char *field, size_t length, double *value)
{
    char pattern[LONGEST_FIELD];
    const char *is = memchr(field, '=', length);
    if (!is || yaml_at(importer->tree, node)->kind != YAML_SCALAR || length >= sizeof pattern)
        return false;
    size_t kept = length - (size_t)(is + 1 - field);
    memcpy(pattern, is + 1, kept);
    pattern[kept] = '\0';
    *value = field_matches(pattern, yaml_text(importer->tree, node));
    return true;
}

/* The number of a node: of a list with one for each layer, their mean, from which the sums over layers follow. Layers that
 * have none of it are counted apart where they are layers of another kind. */
static bool read_value(struct importer *importer, enum role role, uint32_t node, const char *key, double *value)
{
    const struct yaml_node *at = yaml_at(importer->tree, node);
    struct place place = importer_place(importer, node);
    enum role_type type = role_type(role);
    if (at->kind != YAML_SEQUENCE || !at->first || type == ROLE_FLAG || role == ROLE_LAYERS || role == ROLE_HIDDEN || role == ROLE_VOCAB) {
        if (!field_read(importer, node, key, type, value))
            return false;
        if ((type != ROLE_AMONG && type != ROLE_PERIOD) || *value <= importer->counted || importer->counted <= 0)
            return true;
        problem(importer->context, SPEEDUP_INCONSISTENT, &place, "'%s' is %.0f, but there are %.0f layers", key, *value, importer->counted);
        return false;
    }
    double sum = 0, count = 0, one;
    if (importer->counted > 0 && at->length != importer->counted) {
        problem(importer->context, SPEEDUP_INCONSISTENT, &place, "'%s' lists %u layers, but there are %.0f", key, (unsigned)at->length, importer->counted);
        return false;
    }
    for (uint32_t item = at->first; item; item = yaml_at(importer->tree, item)->next) {
        if (!field_read(importer, item, key, type == ROLE_SIZE ? ROLE_NUMBER : type, &one))
            return false;
        sum += one;
        count += one > 0 || (role == ROLE_FFN && !importer->apart);
    }
    *value = sum / (count > 0 ? count : 1);
    return true;
}

static const char *shown_default(enum role role, const char *value)
{
    return strcmp(value, "0") ? value : role == ROLE_KV_HEADS ? "as many as heads" : "none";
}

/* Remembers that a default was taken for a field that a file may leave out. */
static void take_default(struct importer *importer, enum role role, const char *name, size_t length, const char *value)
{
    if (importer->told[role / 64] >> role % 64 & 1)
        return;
    importer->told[role / 64] |= UINT64_C(1) << role % 64;
    for (int other = 0; other < ROLES; other++) { /* one field may play two roles */
        const char *same;
        size_t as_long;
        if (other != (int)role && importer->told[other / 64] >> other % 64 & 1 && (role_node(importer, (enum role)other, &same, &as_long), same == name))
            return;
    }
    text_format(&importer->taken, "%s%.*s %s", importer->taken.length ? ", " : "", (int)length, name,
                shown_default(role, value));
}

static double parse_default(const char *text)
{
    double value = 0;
    return field_is_number(text, &value) ? value : !strcmp(text, "true");
}

/* What a family usually has there, as what to do about the problem that was just told. */
static void tell_usual(struct importer *importer, enum role role)
{
    const char *name, *usual = FAMILY_TEXT(importer->family, defaults_node, role_name(role));
    size_t length;
    role_node(importer, role, &name, &length);
    if (usual)
        problem_remedy(importer->context, "give '%.*s' as the family '%s' has it; usual is %s", (int)length, name, importer->family->head.id, shown_default(role, usual));
}

uint32_t role_key(const struct importer *importer, enum role role, char key[LONGEST_FIELD])
{
    const char *name;
    size_t length;
    uint32_t node = role_node(importer, role, &name, &length);
    length = length < LONGEST_FIELD - 1 ? length : LONGEST_FIELD - 1;
    memcpy(key, name, length);
    key[length] = '\0';
    return node;
}

static void add_wrong(struct importer *importer, uint32_t node)
{
    if (importer->wrong_count < MOST_WRONG)
        importer->wrong[importer->wrong_count++] = node;
}

/* A field in a mapping ("a.b") of which the first part is something else: told. */
static void check_parts(struct importer *importer, const char *fields)
{
    char key[LONGEST_FIELD];
    for (const char *at = fields; *at; at += *at == '|') {
        size_t part = strcspn(at, ".|=");
        uint32_t node = part < sizeof key && at[part] == '.' ? field_of(importer, at, part) : 0;
        if (node && !field_is_null(importer, node) && yaml_at(importer->tree, node)->kind != YAML_MAPPING && !was_wrong(importer, node)) {
            memcpy(key, at, part);
            key[part] = '\0';
            expect_kind(importer->context, importer->tree, node, YAML_MAPPING, key);
            add_wrong(importer, node);
        }
        at += strcspn(at, "|");
    }
}

struct found role_find(struct importer *importer, enum role role)
{
    const char *name;
    size_t length;
    char key[LONGEST_FIELD];
    role_key(importer, role, key);
    struct found found = {0, role_node(importer, role, &name, &length)};
    if (found.node) {
        if (match_value(importer, found.node, name, length, &found.value))
            return found;
        if (!field_is_null(importer, found.node) && !was_wrong(importer, found.node) && !read_value(importer, role, found.node, key, &found.value)) {
            found.value = 0;
            add_wrong(importer, found.node);
            tell_usual(importer, role);
        }
        return found;
    }
    check_parts(importer, name);
    const char *always = FAMILY_TEXT(importer->format, has_node, role_name(role));
    if (always) {
        found.value = parse_default(always);
        return found;
    }
    for (const struct family *family = importer->family; family; family = family->parent) {
        uint32_t has = family_node(family, family->has_node, role_name(role));
        uint32_t usual = has ? 0 : family_node(family, family->defaults_node, role_name(role));
        const char *text = has || usual ? yaml_text(family->head.tree, has ? has : usual) : NULL;
        if (!text)
            continue;
        found.value = parse_default(text);
        if (usual)
            take_default(importer, role, name, length, text);
        return found;
    }
    return found;
}

double role_number(struct importer *importer, enum role role)
{
    return role_find(importer, role).value;
}

bool role_is_true(struct importer *importer, enum role role)
{
    return role_find(importer, role).value != 0;
}

bool role_is_said(const struct importer *importer, enum role role)
{
    const char *name;
    size_t length;
    uint32_t node = role_node(importer, role, &name, &length);
    return node ? !field_is_null(importer, node)
                : FAMILY_TEXT(importer->family, has_node, role_name(role)) || FAMILY_TEXT(importer->family, defaults_node, role_name(role));
}

bool role_has_zeros(const struct importer *importer, enum role role, uint32_t *node)
{
    const struct yaml_tree *tree = importer->tree;
    const char *name;
    size_t length;
    bool zeros = false;
    *node = role_node(importer, role, &name, &length);
    for (uint32_t item = *node && yaml_at(tree, *node)->kind == YAML_SEQUENCE ? yaml_at(tree, *node)->first : 0; item; item = yaml_at(tree, item)->next) {
        double value = 1;
        if (yaml_at(tree, item)->kind != YAML_SCALAR || !field_is_number(yaml_text(tree, item), &value))
            return false;
        zeros |= value == 0;
    }
    return zeros;
}

/* ---- Fields of the model ---- */

static struct place place_of(struct importer *importer, const char *path, uint32_t node)
{
    struct place place = importer_place(importer, node);
    if (node && importer->path_count < MOST_PATHS)
        importer->paths[importer->path_count++] = (struct path_place){path, place};
    return place;
}

bool import_number(struct importer *importer, const char *path, struct found found)
{
    /* What follows from a number that is wrong or missing would only repeat that. */
    if (found.value <= 0 && importer->context->first)
        return true;
    struct place place = place_of(importer, path, found.node);
    return record_set_number(importer->context, NULL, kinds[KIND_MODEL].table, importer->model, path, found.value, &place);
}

void import_text(struct importer *importer, const char *path, uint32_t node, const char *value)
{
    struct place place = place_of(importer, path, node);
    record_set_text(importer->context, NULL, kinds[KIND_MODEL].table, importer->model, path, value, &place);
}

void import_flag(struct importer *importer, const char *path, struct found found)
{
    if (found.value == 0)
        return;
    struct place place = place_of(importer, path, found.node);
    record_set_bool(importer->context, kinds[KIND_MODEL].table, importer->model, path, true, &place);
}

const char *role_path(enum role role)
{
    return text_word(role_name(role), 1);
}

/* Heads, and their keys and values, may be a mean over layers that differ: then no check of a whole number is passed. */
static double *mean_of(struct importer *importer, enum role role, struct found found)
{
    bool list = found.node && yaml_at(importer->tree, found.node)->kind == YAML_SEQUENCE;
    struct model *m = importer->model;
    return !list || found.value < 1 || found.value > 1e5 ? NULL : role == ROLE_HEADS ? &m->heads : role == ROLE_KV_HEADS ? &m->kv_heads : NULL;
}

void import_role(struct importer *importer, enum role role)
{
    struct found found = role_find(importer, role);
    double *mean = mean_of(importer, role, found);
    if (mean) {
        found.value = floor(found.value);
        import_number(importer, role_path(role), found);
        *mean = role_find(importer, role).value;
        importer->model->varied |= *mean != found.value;
    } else if (role_type(role) == ROLE_FLAG)
        import_flag(importer, role_path(role), found);
    else if (found.value > 0 && !import_number(importer, role_path(role), found))
        tell_usual(importer, role);
}

void import_roles(struct importer *importer, enum role first, enum role last)
{
    for (int role = (int)first; role <= (int)last; role++)
        if (*role_path((enum role)role))
            import_role(importer, (enum role)role);
}

void role_require(struct importer *importer, enum role role)
{
    struct found found = role_find(importer, role);
    if (found.value > 0 || (found.node && importer->context->first))
        return;
    const char *name;
    size_t length;
    uint32_t node = role_node(importer, role, &name, &length);
    struct place place = importer_place(importer, node);
    problem(importer->context, SPEEDUP_UNSUPPORTED_MODEL, &place, "'%.*s' is %s, and a model of family '%s' needs it", (int)length, name,
            node && !field_is_null(importer, node) ? "0" : "missing", importer->family->head.id);
    tell_usual(importer, role);
}
