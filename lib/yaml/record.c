/* Trees and values to records, by tables of fields. Knows nothing of what the records mean. */
#include "yaml/record.h"

#include "base/number.h"

#include <float.h>
#include <math.h>
#include <string.h>

bool problems_full(const speedup_context *context)
{
    return context->unlisted > 0;
}

static const char *kind_name(const struct yaml_node *node)
{
    return node->kind == YAML_MAPPING ? "a mapping" : node->kind == YAML_SEQUENCE ? "a list" : "a plain value";
}

bool expect_kind(speedup_context *context, const struct yaml_tree *tree, uint32_t node, enum yaml_kind kind,
                 const char *what)
{
    const struct yaml_node *at = yaml_at(tree, node);
    if (at->kind == kind)
        return true;
    const struct yaml_node wanted = {.kind = (uint8_t)kind};
    struct place place = yaml_place(tree, node);
    if (at->kind == YAML_SCALAR && !at->length && at->plain)
        problem(context, SPEEDUP_WRONG_TYPE, &place, "'%s' has no value; it takes %s", what, kind_name(&wanted));
    else
        problem(context, SPEEDUP_WRONG_TYPE, &place, "'%s' takes %s, not %s", what, kind_name(&wanted),
                kind_name(at));
    return false;
}

/* A scalar with something in it. */
static bool expect_value(speedup_context *context, const struct yaml_tree *tree, uint32_t node, const char *what)
{
    if (!expect_kind(context, tree, node, YAML_SCALAR, what))
        return false;
    if (yaml_at(tree, node)->length)
        return true;
    struct place place = yaml_place(tree, node);
    problem(context, SPEEDUP_WRONG_TYPE, &place, "'%s' has no value", what);
    return false;
}

bool read_text(speedup_context *context, const struct yaml_tree *tree, uint32_t node, const char *what,
               const char **value)
{
    if (!expect_value(context, tree, node, what))
        return false;
    struct place place = yaml_place(tree, node);
    if (yaml_at(tree, node)->number)
        problem(context, SPEEDUP_WRONG_TYPE, &place, "'%s' takes a text, not a number", what);
    else
        *value = yaml_text(tree, node);
    return !yaml_at(tree, node)->number;
}

bool check_text(speedup_context *context, const struct place *place, const char *what, const char *text)
{
    if (!text || !*text)
        problem(context, SPEEDUP_WRONG_TYPE, place, "'%s' has no value", what);
    else if (!text_is_utf8(text))
        problem(context, SPEEDUP_NOT_TEXT, place, "'%s' is not a text in UTF-8", what);
    else
        return true;
    return false;
}

static bool bad_unit(speedup_context *context, const struct place *place, const char *what,
                     enum dimension dimension, const char *unit, size_t length)
{
    double factor;
    enum dimension other;
    unit_factor(dimension, unit, length, &factor, &other);
    speedup_status code = other != DIMENSION_NONE ? SPEEDUP_WRONG_DIMENSION : SPEEDUP_BAD_UNIT;
    struct text *text = problem_begin(context);
    if (dimension == DIMENSION_NONE) {
        text_format(text, "'%s' takes a plain number, without '%.*s'", what, (int)(length < 40 ? length : 40), unit);
    } else if (!length) {
        text_format(text, "'%s' needs a unit: ", what);
        dimension_list(dimension, text);
    } else {
        text_format(text, "'%.*s' is ", (int)(length < 40 ? length : 40), unit);
        if (other != DIMENSION_NONE)
            text_format(text, "a unit of %s", dimension_name(other));
        else
            text_put(text, "no unit that is known");
        text_format(text, "; '%s' takes %s: ", what, dimension_name(dimension));
        dimension_list(dimension, text);
    }
    problem_end(context, code, place);
    return false;
}

static bool in_range(speedup_context *context, const struct place *place, const char *what,
                     enum dimension dimension, double value, double least, double most)
{
    if (value >= least && value <= most)
        return true;
    struct text *text = problem_begin(context);
    text_format(text, "'%s' is ", what);
    dimension_put(text, dimension, value);
    text_put(text, isinf(most) ? "; it must be at least " : "; it must be from ");
    dimension_put(text, dimension, least);
    if (!isinf(most)) {
        text_put(text, " to ");
        dimension_put(text, dimension, most);
    }
    problem_end(context, SPEEDUP_OUT_OF_RANGE, place);
    return false;
}

/* A number as it is written, with its unit. */
static bool parse_number(speedup_context *context, const struct place *place, const char *what,
                         enum dimension dimension, const char *text, size_t length, double least, double most,
                         double *value)
{
    size_t used = 0;
    double number = 0;
    enum number_result result = number_parse(text, length, &number, &used);
    if (result == NUMBER_NOT_FINITE) {
        problem(context, SPEEDUP_NOT_FINITE, place, "'%s' must be a finite number, not '%.40s'", what, text);
        return false;
    }
    if (result == NUMBER_BAD) {
        problem(context, SPEEDUP_BAD_NUMBER, place, "'%s' must be a number, not '%.40s'", what, text);
        return false;
    }
    const char *unit = text + used;
    size_t unit_length = length - used;
    while (unit_length && *unit == ' ') {
        unit++;
        unit_length--;
    }
    while (unit_length && unit[unit_length - 1] == ' ')
        unit_length--;
    if (unit_length && (*unit == ',' || *unit == '.' || *unit == '_')) {
        problem(context, SPEEDUP_BAD_NUMBER, place,
                "'%s': '%.40s' is not a number; the decimal separator is a point, and thousands are not separated",
                what, text);
        return false;
    }
    double factor = 1;
    enum dimension other;
    bool bare = dimension == DIMENSION_NONE || dimension == DIMENSION_COUNT;
    if (unit_length ? !unit_factor(dimension, unit, unit_length, &factor, &other) : !bare && number != 0)
        return bad_unit(context, place, what, dimension, unit, unit_length);
    number *= factor;
    if (!isfinite(number)) {
        problem(context, SPEEDUP_NOT_FINITE, place, "'%s' is too large: '%.40s'", what, text);
        return false;
    }
    if (!in_range(context, place, what, dimension, number, least, most))
        return false;
    *value = number;
    return true;
}

bool read_number(speedup_context *context, const struct yaml_tree *tree, uint32_t node, const char *what,
                 enum dimension dimension, double least, double most, double *value)
{
    struct place place = yaml_place(tree, node);
    if (yaml_at(tree, node)->number) {
        double number = yaml_number(tree, node);
        bool good = check_number(context, &place, what, dimension, least, most, false, number);
        if (good)
            *value = number;
        return good;
    }
    return expect_value(context, tree, node, what) &&
           parse_number(context, &place, what, dimension, yaml_text(tree, node), yaml_at(tree, node)->length, least,
                        most, value);
}

static bool is_whole(speedup_context *context, const struct place *place, const char *what, double number,
                     const char *text)
{
    if (number == floor(number))
        return true;
    problem(context, SPEEDUP_NOT_WHOLE, place, "'%s' must be a whole number, not '%.40s'", what, text);
    return false;
}

bool check_number(speedup_context *context, const struct place *place, const char *what, enum dimension dimension,
                  double least, double most, bool whole, double value)
{
    char text[NUMBER_TEXT];
    if (isfinite(value))
        return in_range(context, place, what, dimension, value, least, most) &&
               (!whole || is_whole(context, place, what, value, number_exact(text, value)));
    problem(context, SPEEDUP_NOT_FINITE, place, "'%s' must be a finite number, not '%s'", what,
            isnan(value) ? "nan" : value > 0 ? "inf" : "-inf");
    return false;
}

bool read_count(speedup_context *context, const struct yaml_tree *tree, uint32_t node, const char *what, double least,
                double most, double *value)
{
    double number;
    struct place place = yaml_place(tree, node);
    if (!read_number(context, tree, node, what, DIMENSION_COUNT, least, most, &number) ||
        !is_whole(context, &place, what, number, yaml_text(tree, node)))
        return false;
    *value = number;
    return true;
}

static bool parse_bool(speedup_context *context, const struct place *place, const char *what, const char *text,
                       bool *value)
{
    bool yes = !strcmp(text, "true");
    if (yes || !strcmp(text, "false")) {
        *value = yes;
        return true;
    }
    problem(context, SPEEDUP_WRONG_TYPE, place, "'%s' is true or false, not '%.40s'", what, text);
    return false;
}

bool read_bool(speedup_context *context, const struct yaml_tree *tree, uint32_t node, const char *what, bool *value)
{
    struct place place = yaml_place(tree, node);
    if (yaml_at(tree, node)->number && (yaml_number(tree, node) == 0 || yaml_number(tree, node) == 1)) {
        *value = yaml_number(tree, node) != 0;
        return true;
    }
    return expect_value(context, tree, node, what) && parse_bool(context, &place, what, yaml_text(tree, node), value);
}

bool check_choice(speedup_context *context, const struct place *place, const char *what, const char *const *choices,
                  const char *text, int32_t *value)
{
    struct nearest nearest;
    nearest_begin(&nearest, text, strlen(text));
    for (int32_t i = 0; choices[i]; i++) {
        if (!strcmp(choices[i], text)) {
            *value = i;
            return true;
        }
        nearest_offer(&nearest, choices[i]);
    }
    struct text *message = problem_begin(context);
    text_format(message, "'%s' is not a choice of '%s' (", text_width(text, strlen(text)) > 40 ? "that" : text, what);
    for (size_t i = 0; choices[i]; i++)
        text_format(message, "%s%s", i ? ", " : "", choices[i]);
    text_put(message, ")");
    nearest_put(&nearest, message);
    problem_end(context, SPEEDUP_UNKNOWN_CHOICE, place);
    return false;
}

bool read_choice(speedup_context *context, const struct yaml_tree *tree, uint32_t node, const char *what,
                 const char *const *choices, int32_t *value)
{
    struct place place = yaml_place(tree, node);
    return expect_value(context, tree, node, what) &&
           check_choice(context, &place, what, choices, yaml_text(tree, node), value);
}

static bool read_field(speedup_context *context, struct arena *arena, const struct yaml_tree *tree, uint32_t node,
                       const struct field *field, void *out)
{
    void *at = (char *)out + field->offset;
    switch ((enum field_type)field->type) {
    case FIELD_TEXT:
        return read_text(context, tree, node, field->key, at);
    case FIELD_NUMBER:
        return read_number(context, tree, node, field->key, (enum dimension)field->dimension, field->least,
                           field->most, at);
    case FIELD_COUNT:
        return read_count(context, tree, node, field->key, field->least, field->most, at);
    case FIELD_BOOL:
        return read_bool(context, tree, node, field->key, at);
    case FIELD_CHOICE:
        return read_choice(context, tree, node, field->key, field->choices, at);
    case FIELD_RECORD: {
        size_t before = context->count + context->unlisted;
        record_read_in(context, arena, tree, node, field->record, NULL, at);
        record_require(context, tree, node, field->record, at);
        return context->count + context->unlisted == before;
    }
    case FIELD_LIST:
    case FIELD_MAPPING:
        memcpy(at, &node, sizeof node);
        return true;
    case FIELD_VALUE:
        return field->value->read(context, arena, tree, node, field->key, at);
    }
    return false;
}

static bool is_ignored(const char *key, const char *const *ignored)
{
    for (; ignored && *ignored; ignored++)
        if (!strcmp(*ignored, key))
            return true;
    return false;
}

static void unknown_key(speedup_context *context, const struct place *place, const char *key,
                        const struct record_table *table, const char *const *ignored)
{
    struct nearest nearest;
    nearest_begin(&nearest, key, strlen(key));
    const struct field *field = table->fields;
    for (; field->key; field++)
        nearest_offer(&nearest, field->key);
    for (const char *const *pair = field->choices; pair && *pair; pair += 2)
        nearest_offer_as(&nearest, pair[0], pair[1]);
    for (; ignored && *ignored; ignored++)
        nearest_offer(&nearest, *ignored);
    struct text *text = problem_begin(context);
    text_format(text, "unknown key '%.60s' in %s", key, table->name);
    nearest_put(&nearest, text);
    problem_end(context, SPEEDUP_UNKNOWN_KEY, place);
}

void record_read(speedup_context *context, const struct yaml_tree *tree, uint32_t node,
                 const struct record_table *table, const char *const *ignored, void *out)
{
    record_read_in(context, NULL, tree, node, table, ignored, out);
}

void record_read_in(speedup_context *context, struct arena *arena, const struct yaml_tree *tree, uint32_t node,
                    const struct record_table *table, const char *const *ignored, void *out)
{
    if (!expect_kind(context, tree, node, YAML_MAPPING, table->name))
        return;
    for (uint32_t key = yaml_at(tree, node)->first; key && !problems_full(context);
         key = yaml_at(tree, yaml_at(tree, key)->next)->next) {
        const char *name = yaml_text(tree, key);
        const struct field *field = table->fields;
        while (field->key && strcmp(field->key, name))
            field++;
        if (field->key) {
            /* A wrong value is still a given one: it is told once, not twice. */
            ((struct record *)out)->present |= UINT64_C(1) << (field - table->fields);
            read_field(context, arena, tree, yaml_at(tree, key)->next, field, out);
        } else if (!is_ignored(name, ignored)) {
            struct place place = yaml_place(tree, key);
            unknown_key(context, &place, name, table, ignored);
        }
    }
}

static bool is_given(const struct record_table *table, const struct field *field, const void *record)
{
    return (((const struct record *)record)->present >> (field - table->fields)) & 1;
}

static void tell_missing(speedup_context *context, const struct place *place, const struct record_table *table,
                         const void *record)
{
    for (const struct field *field = table->fields; field->key; field++)
        if (field->required && !is_given(table, field, record))
            problem(context, SPEEDUP_MISSING_KEY, place, "%s lacks '%s': %s", table->name, field->key, field_doc(field));
}

void record_require(speedup_context *context, const struct yaml_tree *tree, uint32_t node,
                    const struct record_table *table, const void *record)
{
    struct place place = yaml_place(tree, node);
    if (yaml_at(tree, node)->kind == YAML_MAPPING)
        tell_missing(context, &place, table, record);
}

void record_complete(speedup_context *context, const struct place *place, const struct record_table *table,
                     const void *record)
{
    tell_missing(context, place, table, record);
    for (const struct field *field = table->fields; field->key; field++)
        if (field->type == FIELD_RECORD && is_given(table, field, record))
            record_complete(context, place, field->record, (const char *)record + field->offset);
}

/* ---- Values by path ---- */

/* Where following a path has come to. */
struct walk {
    const struct record_table *table;
    const char *key;    /* the rest of the path */
    const char *member; /* of a value that has its own: what is behind its key; else NULL */
    size_t offset;      /* of the record in the outermost one */
};

/* The field at the end of the path; NULL where the rest of it leads nowhere. With `out`,
 * it and the records on the way are marked as given. */
static const struct field *follow(struct walk *walk, void *out)
{
    for (;;) {
        size_t length = strcspn(walk->key, ".");
        const struct field *field = walk->table->fields;
        while (field->key && (strlen(field->key) != length || memcmp(field->key, walk->key, length) != 0))
            field++;
        bool last = !walk->key[length];
        bool own = field->key && field->type == FIELD_VALUE && field->value->set;
        if (!field->key || (!last && field->type != FIELD_RECORD && !own))
            return NULL;
        if (out) {
            struct record *record = (void *)((char *)out + walk->offset);
            record->present |= UINT64_C(1) << (field - walk->table->fields);
        }
        if (own && !last)
            walk->member = walk->key + length + 1;
        if (last || own)
            return field;
        walk->offset += field->offset;
        walk->table = field->record;
        walk->key += length + 1;
    }
}

const struct field *record_field(const struct record_table *table, const char *path)
{
    struct walk walk = {.table = table, .key = path};
    return follow(&walk, NULL);
}

bool record_get(const struct record_table *table, const void *record, const char *path, struct record_value *value)
{
    struct walk walk = {.table = table, .key = path};
    const struct field *field = follow(&walk, NULL);
    if (!field)
        return false;
    const void *owner = (const char *)record + walk.offset, *at = (const char *)owner + field->offset;
    *value = (struct record_value){.field = field, .at = at, .given = is_given(walk.table, field, owner)};
    switch ((enum field_type)field->type) {
    case FIELD_TEXT:
        memcpy(&value->text, at, sizeof value->text);
        break;
    case FIELD_NUMBER:
    case FIELD_COUNT:
        memcpy(&value->number, at, sizeof value->number);
        break;
    case FIELD_BOOL:
        memcpy(&value->flag, at, sizeof value->flag);
        break;
    case FIELD_CHOICE:
        memcpy(&value->choice, at, sizeof value->choice);
        value->text = field->choices[value->choice];
        break;
    case FIELD_RECORD:
    case FIELD_LIST:
    case FIELD_MAPPING:
    case FIELD_VALUE:
        break;
    }
    return true;
}

const char *field_takes(const struct field *field)
{
    switch ((enum field_type)field->type) {
    case FIELD_TEXT: return "a text";
    case FIELD_NUMBER:
    case FIELD_COUNT: return "a number";
    case FIELD_BOOL: return "true or false";
    case FIELD_CHOICE: return "a choice";
    case FIELD_RECORD: return "a mapping";
    case FIELD_LIST: return "a list";
    case FIELD_MAPPING: return "a mapping";
    case FIELD_VALUE: return field->value->takes;
    }
    return "";
}

static void wrong_type(speedup_context *context, const struct place *place, const struct field *field,
                       const char *given)
{
    problem(context, SPEEDUP_WRONG_TYPE, place, "'%s' takes %s, not %s", field->key, field_takes(field), given);
}

/* The field to set and where it is; NULL after a problem. */
static const struct field *open_field(speedup_context *context, const struct record_table *table, void *record,
                                      const char *path, const struct place *place, const char **member, void **at)
{
    struct walk walk = {.table = table, .key = path};
    const struct field *field = follow(&walk, NULL);
    *member = walk.member;
    if (field) {
        *at = (char *)record + walk.offset + field->offset;
        return field;
    }
    char key[80];
    size_t length = strcspn(walk.key, "."), kept = length < sizeof key - 1 ? length : sizeof key - 1;
    memcpy(key, walk.key, kept);
    key[kept] = '\0';
    const struct field *plain = record_field(walk.table, key);
    if (plain)
        problem(context, SPEEDUP_UNKNOWN_KEY, place, "'%s' takes %s; it has no key '%.60s'", key, field_takes(plain),
                walk.key + length + 1);
    else
        unknown_key(context, place, key, walk.table, NULL);
    return NULL;
}

static bool give(const struct record_table *table, void *record, const char *path)
{
    struct walk walk = {.table = table, .key = path};
    return follow(&walk, record) != NULL;
}

bool record_set_number(speedup_context *context, struct arena *arena, const struct record_table *table, void *record,
                       const char *path, double value, const struct place *place)
{
    void *at;
    const char *member;
    const struct field *field = open_field(context, table, record, path, place, &member, &at);
    if (!field)
        return false;
    if (field->type == FIELD_VALUE && field->value->set)
        return check_number(context, place, field->key, DIMENSION_NONE, -DBL_MAX, DBL_MAX, false, value) &&
               field->value->set(context, arena, place, field->key, member, value, at) && give(table, record, path);
    if (field->type == FIELD_BOOL && (value == 0 || value == 1))
        return record_set_bool(context, table, record, path, value != 0, place);
    if (field->type != FIELD_NUMBER && field->type != FIELD_COUNT) {
        wrong_type(context, place, field, "a number");
        return false;
    }
    if (!check_number(context, place, field->key, (enum dimension)field->dimension, field->least, field->most,
                      field->type == FIELD_COUNT, value))
        return false;
    memcpy(at, &value, sizeof value);
    return give(table, record, path);
}

bool record_set_bool(speedup_context *context, const struct record_table *table, void *record, const char *path,
                     bool value, const struct place *place)
{
    void *at;
    const char *member;
    const struct field *field = open_field(context, table, record, path, place, &member, &at);
    if (!field)
        return false;
    if (field->type != FIELD_BOOL) {
        wrong_type(context, place, field, "true or false");
        return false;
    }
    memcpy(at, &value, sizeof value);
    return give(table, record, path);
}

/* A value's own reader is given the text as a plain node: nothing in it is read as YAML. */
static bool read_plain(speedup_context *context, struct arena *arena, const struct place *place, const struct field *field,
                       const char *text, void *at)
{
    const struct yaml_node nodes[] = {{0}, {.length = (uint32_t)strlen(text), .kind = YAML_SCALAR, .plain = 1}};
    const struct yaml_tree tree = {.file = place ? place->file : NULL, .nodes = nodes, .node_count = 2, .bytes = text, .root = 1};
    return field->value->read(context, arena, &tree, tree.root, field->key, at);
}

static bool set_text(speedup_context *context, struct arena *arena, const struct place *place, const struct field *field,
                     const char *text, void *at)
{
    const char *what = field->key;
    switch ((enum field_type)field->type) {
    case FIELD_TEXT:
        memcpy(at, &text, sizeof text);
        return true;
    case FIELD_NUMBER:
        return parse_number(context, place, what, (enum dimension)field->dimension, text, strlen(text), field->least,
                            field->most, at);
    case FIELD_COUNT: {
        double number;
        if (!parse_number(context, place, what, DIMENSION_COUNT, text, strlen(text), field->least, field->most,
                          &number) ||
            !is_whole(context, place, what, number, text))
            return false;
        memcpy(at, &number, sizeof number);
        return true;
    }
    case FIELD_BOOL:
        return parse_bool(context, place, what, text, at);
    case FIELD_CHOICE:
        return check_choice(context, place, what, field->choices, text, at);
    case FIELD_VALUE:
        return read_plain(context, arena, place, field, text, at);
    case FIELD_RECORD:
    case FIELD_LIST:
    case FIELD_MAPPING:
        wrong_type(context, place, field, "a plain value");
    }
    return false;
}

/* What is in a value takes no text by its name. */
static bool whole_value(speedup_context *context, const struct place *place, const char *member)
{
    if (member)
        problem(context, SPEEDUP_WRONG_TYPE, place, "'%s' takes a number here", member);
    return !member;
}

bool record_set_text(speedup_context *context, struct arena *arena, const struct record_table *table, void *record,
                     const char *path, const char *text, const struct place *place)
{
    void *at;
    const char *member;
    const struct field *field = open_field(context, table, record, path, place, &member, &at);
    return field && whole_value(context, place, member) && check_text(context, place, field->key, text) &&
           set_text(context, arena, place, field, text, at) && give(table, record, path);
}

/* Puts another record's fields in place of one's own. */
static void put(const struct record_table *table, const void *from, void *to)
{
    static const size_t sizes[] = {[FIELD_TEXT] = sizeof(char *), [FIELD_NUMBER] = sizeof(double), [FIELD_COUNT] = sizeof(double),
                                   [FIELD_BOOL] = sizeof(bool), [FIELD_CHOICE] = sizeof(int32_t), [FIELD_LIST] = sizeof(uint32_t), [FIELD_MAPPING] = sizeof(uint32_t),
                                   [FIELD_RECORD] = 0, [FIELD_VALUE] = 0};
    ((struct record *)to)->present = ((const struct record *)from)->present;
    for (const struct field *field = table->fields; field->key; field++) {
        const char *source = (const char *)from + field->offset;
        if (field->type == FIELD_RECORD)
            put(field->record, source, (char *)to + field->offset);
        else
            memcpy((char *)to + field->offset, source, sizes[field->type]);
    }
}

bool record_set_node(speedup_context *context, struct arena *arena, const struct record_table *table, void *record,
                     const void *begun, const char *path, const struct yaml_tree *tree, uint32_t node, const struct place *place)
{
    void *at;
    const char *member;
    const struct field *field = open_field(context, table, record, path, place, &member, &at);
    if (!field || !whole_value(context, place, member))
        return false;
    size_t offset = (size_t)((char *)at - (char *)record);
    if (field->type == FIELD_RECORD)
        put(field->record, (const char *)begun + offset, at);
    return read_field(context, arena, tree, node, field, (char *)at - field->offset) && give(table, record, path);
}
