/* Trees to records, by tables of fields. Knows nothing of what the records mean. */
#include "yaml/record.h"

#include "base/number.h"

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
    *value = yaml_text(tree, node);
    return true;
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

bool check_range(speedup_context *context, const struct place *place, const char *what, enum dimension dimension, double value,
                 double least, double most)
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

bool read_number(speedup_context *context, const struct yaml_tree *tree, uint32_t node, const char *what,
                 enum dimension dimension, double least, double most, double *value)
{
    if (!expect_value(context, tree, node, what))
        return false;
    const char *text = yaml_text(tree, node);
    size_t length = yaml_at(tree, node)->length, used = 0;
    struct place place = yaml_place(tree, node);
    double number = 0;
    enum number_result result = number_parse(text, length, &number, &used);
    if (result == NUMBER_NOT_FINITE) {
        problem(context, SPEEDUP_NOT_FINITE, &place, "'%s' must be a finite number, not '%.40s'", what, text);
        return false;
    }
    if (result == NUMBER_BAD) {
        problem(context, SPEEDUP_BAD_NUMBER, &place, "'%s' must be a number, not '%.40s'", what, text);
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
        problem(context, SPEEDUP_BAD_NUMBER, &place,
                "'%s': '%.40s' is not a number; the decimal separator is a point, and thousands are not separated",
                what, text);
        return false;
    }
    double factor = 1;
    enum dimension other;
    bool bare = dimension == DIMENSION_NONE || dimension == DIMENSION_COUNT;
    if (unit_length ? !unit_factor(dimension, unit, unit_length, &factor, &other) : !bare && number != 0)
        return bad_unit(context, &place, what, dimension, unit, unit_length);
    number *= factor;
    if (!isfinite(number)) {
        problem(context, SPEEDUP_NOT_FINITE, &place, "'%s' is too large: '%.40s'", what, text);
        return false;
    }
    if (!check_range(context, &place, what, dimension, number, least, most))
        return false;
    *value = number;
    return true;
}

bool read_count(speedup_context *context, const struct yaml_tree *tree, uint32_t node, const char *what, double least,
                double most, double *value)
{
    double number;
    if (!read_number(context, tree, node, what, DIMENSION_COUNT, least, most, &number))
        return false;
    if (number != floor(number)) {
        struct place place = yaml_place(tree, node);
        problem(context, SPEEDUP_NOT_WHOLE, &place, "'%s' must be a whole number, not '%.40s'", what,
                yaml_text(tree, node));
        return false;
    }
    *value = number;
    return true;
}

bool read_bool(speedup_context *context, const struct yaml_tree *tree, uint32_t node, const char *what, bool *value)
{
    if (!expect_value(context, tree, node, what))
        return false;
    const char *text = yaml_text(tree, node);
    *value = !strcmp(text, "true");
    if (*value || !strcmp(text, "false"))
        return true;
    struct place place = yaml_place(tree, node);
    problem(context, SPEEDUP_WRONG_TYPE, &place, "'%s' is true or false, not '%.40s'", what, text);
    return false;
}

bool read_choice(speedup_context *context, const struct yaml_tree *tree, uint32_t node, const char *what,
                 const char *const *choices, int32_t *value)
{
    if (!expect_value(context, tree, node, what))
        return false;
    const char *text = yaml_text(tree, node);
    struct nearest nearest;
    nearest_begin(&nearest, text, yaml_at(tree, node)->length);
    for (int32_t i = 0; choices[i]; i++) {
        if (!strcmp(choices[i], text)) {
            *value = i;
            return true;
        }
        nearest_offer(&nearest, choices[i]);
    }
    struct place place = yaml_place(tree, node);
    struct text *message = problem_begin(context);
    text_format(message, "'%s' is not a choice of '%s' (", text_width(text, strlen(text)) > 40 ? "that" : text, what);
    for (size_t i = 0; choices[i]; i++)
        text_format(message, "%s%s", i ? ", " : "", choices[i]);
    text_put(message, ")");
    nearest_put(&nearest, message);
    problem_end(context, SPEEDUP_UNKNOWN_CHOICE, &place);
    return false;
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
    case FIELD_NODE:
        memcpy(at, &node, sizeof node);
        return true;
    case FIELD_VALUE:
        return field->read(context, arena, tree, node, field->key, at);
    }
    return false;
}

bool record_read_field(speedup_context *context, struct arena *arena, const struct yaml_tree *tree, uint32_t node,
                       const struct record_table *table, const struct field *field, void *out)
{
    /* A wrong value is still a given one: it is told once, not twice. */
    ((struct record *)out)->present |= UINT64_C(1) << (field - table->fields);
    return read_field(context, arena, tree, node, field, out);
}

static bool is_ignored(const char *key, const char *const *ignored)
{
    for (; ignored && *ignored; ignored++)
        if (!strcmp(*ignored, key))
            return true;
    return false;
}

static void unknown_key(speedup_context *context, const struct yaml_tree *tree, uint32_t node,
                        const struct record_table *table, const char *const *ignored)
{
    const char *key = yaml_text(tree, node);
    struct nearest nearest;
    nearest_begin(&nearest, key, yaml_at(tree, node)->length);
    for (const struct field *field = table->fields; field->key; field++)
        nearest_offer(&nearest, field->key);
    for (; ignored && *ignored; ignored++)
        nearest_offer(&nearest, *ignored);
    struct place place = yaml_place(tree, node);
    struct text *text = problem_begin(context);
    text_format(text, "unknown key '%.60s' in %s", key, table->name);
    nearest_put(&nearest, text);
    problem_end(context, SPEEDUP_UNKNOWN_KEY, &place);
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
            record_read_field(context, arena, tree, yaml_at(tree, key)->next, table, field, out);
        } else if (!is_ignored(name, ignored)) {
            unknown_key(context, tree, key, table, ignored);
        }
    }
}

void record_require(speedup_context *context, const struct yaml_tree *tree, uint32_t node,
                    const struct record_table *table, const void *record)
{
    struct place place = yaml_place(tree, node);
    if (yaml_at(tree, node)->kind == YAML_MAPPING)
        record_require_at(context, &place, table, record);
}

void record_require_at(speedup_context *context, const struct place *place, const struct record_table *table,
                       const void *record)
{
    uint64_t present = ((const struct record *)record)->present;
    for (const struct field *field = table->fields; field->key; field++)
        if (field->required && !((present >> (field - table->fields)) & 1))
            problem(context, SPEEDUP_MISSING_KEY, place, "%s lacks '%s': %s", table->name, field->key, field->doc);
}

const struct field *record_field(speedup_context *context, const struct place *place, const struct record_table **table,
                                 void **record, const char *path, const char **member)
{
    *member = NULL;
    for (;;) {
        size_t length = strcspn(path, ".");
        const struct field *field = (*table)->fields;
        while (field->key && (strlen(field->key) != length || strncmp(field->key, path, length)))
            field++;
        if (!field->key) {
            struct nearest nearest;
            nearest_begin(&nearest, path, length);
            for (field = (*table)->fields; field->key; field++)
                nearest_offer(&nearest, field->key);
            struct text *text = problem_begin(context);
            text_format(text, "unknown key '%.*s' in %s", (int)(length < 60 ? length : 60), path, (*table)->name);
            nearest_put(&nearest, text);
            problem_end(context, SPEEDUP_UNKNOWN_KEY, place);
            return NULL;
        }
        path += length;
        if (!*path)
            return field;
        path++;
        if (field->type == FIELD_VALUE && field->set) {
            *member = path;
            return field;
        }
        if (field->type != FIELD_RECORD) {
            problem(context, SPEEDUP_WRONG_TYPE, place, "'%s' has no keys of its own", field->key);
            return NULL;
        }
        ((struct record *)*record)->present |= UINT64_C(1) << (field - (*table)->fields);
        *record = (char *)*record + field->offset;
        *table = field->record;
    }
}

bool record_set_number(speedup_context *context, struct arena *arena, const struct place *place, const struct record_table *table,
                       const struct field *field, const char *member, double value, void *record)
{
    void *at = (char *)record + field->offset;
    bool number = field->type == FIELD_NUMBER || field->type == FIELD_COUNT;
    if (!isfinite(value)) {
        problem(context, SPEEDUP_NOT_FINITE, place, "'%s' must be a finite number", field->key);
        return false;
    }
    if (field->type == FIELD_VALUE && field->set) {
        if (!field->set(context, arena, place, field->key, member, value, at))
            return false;
    } else if (number) {
        if (!check_range(context, place, field->key, (enum dimension)field->dimension, value, field->least, field->most))
            return false;
        if (field->type == FIELD_COUNT && value != floor(value)) {
            problem(context, SPEEDUP_NOT_WHOLE, place, "'%s' must be a whole number", field->key);
            return false;
        }
        memcpy(at, &value, sizeof value);
    } else if (field->type == FIELD_BOOL && (value == 0 || value == 1)) {
        *(bool *)at = value != 0;
    } else {
        problem(context, SPEEDUP_WRONG_TYPE, place, "'%s' takes %s", field->key, field->type == FIELD_BOOL ? "0 or 1" : "no number");
        return false;
    }
    ((struct record *)record)->present |= UINT64_C(1) << (field - table->fields);
    return true;
}

void record_put(const struct record_table *table, const void *from, void *to)
{
    static const size_t sizes[] = {[FIELD_TEXT] = sizeof(char *), [FIELD_NUMBER] = sizeof(double), [FIELD_COUNT] = sizeof(double),
                                   [FIELD_BOOL] = sizeof(bool), [FIELD_CHOICE] = sizeof(int32_t), [FIELD_NODE] = sizeof(uint32_t),
                                   [FIELD_RECORD] = 0, [FIELD_VALUE] = 0};
    ((struct record *)to)->present = ((const struct record *)from)->present;
    for (const struct field *field = table->fields; field->key; field++) {
        const char *source = (const char *)from + field->offset;
        if (field->type == FIELD_RECORD)
            record_put(field->record, source, (char *)to + field->offset);
        else
            memcpy((char *)to + field->offset, source, sizes[field->type]);
    }
}
