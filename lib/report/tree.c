/* Reports as text and as JSON from one tree. Knows nothing of what is reported. */
#include "report/tree.h"

#include "base/number.h"
#include "base/unit.h"

#include <math.h>
#include <string.h>

enum { MOST_COLUMNS = 20, INDENT = 2, CELL = 96 };

struct node *report_begin(struct arena *arena)
{
    struct node *root = arena_zeroed(arena, 1, sizeof *root);
    if (root)
        root->kind = NODE_OBJECT;
    return root;
}

static struct node *put(struct arena *arena, struct node *parent, enum node_kind kind, const char *key,
                        const char *label)
{
    struct node *node = parent ? arena_zeroed(arena, 1, sizeof *node) : NULL;
    if (!node)
        return NULL;
    node->kind = kind;
    node->key = key;
    node->label = label;
    if (parent->last)
        parent->last->next = node;
    else
        parent->first = node;
    parent->last = node;
    return node;
}

struct node *put_object(struct arena *arena, struct node *parent, const char *key, const char *label)
{
    return put(arena, parent, NODE_OBJECT, key, label);
}

struct node *put_list(struct arena *arena, struct node *parent, const char *key, const char *label)
{
    return put(arena, parent, NODE_LIST, key, label);
}

void put_missing(struct arena *arena, struct node *object, const char *key, size_t length)
{
    const struct node *child = object ? object->first : NULL;
    while (child && (!child->key || strncmp(child->key, key, length) || child->key[length]))
        child = child->next;
    if (object && !child)
        put(arena, object, NODE_NONE, arena_copy(arena, key, length), NULL);
}

struct node *put_number(struct arena *arena, struct node *parent, const char *key, const char *label, double value,
                        const char *unit)
{
    return put_interval(arena, parent, key, label, value, value, value, unit);
}

struct node *put_interval(struct arena *arena, struct node *parent, const char *key, const char *label, double value,
                          double low, double high, const char *unit)
{
    struct node *node = put(arena, parent, isfinite(value) ? NODE_NUMBER : NODE_NONE, key, label);
    if (node) {
        node->value = value;
        node->low = low;
        node->high = high;
        node->unit = unit;
    }
    return node;
}

struct node *put_text(struct arena *arena, struct node *parent, const char *key, const char *label, const char *text)
{
    struct node *node = put(arena, parent, text ? NODE_TEXT : NODE_NONE, key, label);
    if (node)
        node->text = text;
    return node;
}

struct node *put_bool(struct arena *arena, struct node *parent, const char *key, const char *label, bool value)
{
    struct node *node = put(arena, parent, NODE_BOOL, key, label);
    if (node)
        node->value = value;
    return node;
}

static void put_json_string(struct text *text, const char *string)
{
    text_put(text, "\"");
    for (const char *c = string; *c; c++) {
        unsigned char byte = (unsigned char)*c;
        if (byte == '"' || byte == '\\')
            text_format(text, "\\%c", *c);
        else if (byte < 0x20)
            text_format(text, "\\u%04x", byte);
        else
            text_add(text, c, 1);
    }
    text_put(text, "\"");
}

static void put_json_number(struct text *text, double value)
{
    char buffer[NUMBER_TEXT];
    text_put(text, isfinite(value) ? number_exact(buffer, value) : "null");
}

static void newline(struct text *text, int depth)
{
    text_put(text, "\n");
    for (int i = 0; i < depth * INDENT; i++)
        text_put(text, " ");
}

static void json(const struct node *node, struct text *text, int depth)
{
    switch (node->kind) {
    case NODE_OBJECT:
    case NODE_LIST:
        text_put(text, node->kind == NODE_OBJECT ? "{" : "[");
        for (const struct node *child = node->first; child; child = child->next) {
            newline(text, depth + 1);
            if (child->key && node->kind == NODE_OBJECT) {
                put_json_string(text, child->key);
                text_put(text, ": ");
            }
            json(child, text, depth + 1);
            if (child->next)
                text_put(text, ",");
        }
        if (node->first)
            newline(text, depth);
        text_put(text, node->kind == NODE_OBJECT ? "}" : "]");
        break;
    case NODE_NUMBER:
        if (!(node->low < node->high)) {
            put_json_number(text, node->value);
            break;
        }
        text_put(text, "{\"value\": ");
        put_json_number(text, node->value);
        text_put(text, ", \"low\": ");
        put_json_number(text, node->low);
        text_put(text, ", \"high\": ");
        put_json_number(text, node->high);
        text_put(text, ", \"unit\": ");
        put_json_string(text, !strcmp(node->unit, "%") ? "1" : node->unit); /* shares are plain numbers */
        text_put(text, "}");
        break;
    case NODE_TEXT:
        put_json_string(text, node->text);
        break;
    case NODE_BOOL:
        text_put(text, node->value != 0 ? "true" : "false");
        break;
    case NODE_NONE:
        text_put(text, "null");
        break;
    }
}

void show_json(const struct node *node, struct text *text)
{
    json(node, text, 0);
    text_put(text, "\n");
}

/* One value as a cell of a table or the right side of a line. */
static void put_cell(struct text *text, const struct node *node)
{
    switch (node->kind) {
    case NODE_NUMBER:
        unit_put(text, node->unit, node->value);
        if (node->low < node->high) {
            text_put(text, "  (");
            unit_put(text, node->unit, node->low);
            text_put(text, " to ");
            unit_put(text, node->unit, node->high);
            text_put(text, ")");
        }
        break;
    case NODE_TEXT:
        text_put(text, node->text);
        break;
    case NODE_BOOL:
        text_put(text, node->value != 0 ? "yes" : "no");
        break;
    default:
        text_put(text, "-");
    }
}

static void pad(struct text *text, size_t width, size_t wanted)
{
    for (; width < wanted; width++)
        text_put(text, " ");
}

/* A list of objects: a column for each labelled key, wide enough for its cells;
 * numbers to the right. */
static void show_table(const struct node *list, struct text *text, int depth)
{
    const char *keys[MOST_COLUMNS], *labels[MOST_COLUMNS];
    size_t widths[MOST_COLUMNS], columns = 0;
    bool right[MOST_COLUMNS];
    struct text cell;
    text_begin(&cell, &text->allocator);
    for (const struct node *row = list->first; row; row = row->next)
        for (const struct node *field = row->first; field; field = field->next) {
            size_t c = 0;
            if (!field->label || field->kind == NODE_LIST || field->kind == NODE_OBJECT)
                continue;
            while (c < columns && strcmp(keys[c], field->key))
                c++;
            if (c == MOST_COLUMNS)
                continue;
            if (c == columns) {
                keys[c] = field->key;
                labels[c] = field->label;
                widths[c] = text_width(field->label, strlen(field->label));
                right[c] = false;
                columns++;
            }
            right[c] |= field->kind == NODE_NUMBER;
            cell.length = 0;
            put_cell(&cell, field);
            size_t width = cell.length ? text_width(cell.bytes, cell.length) : 0;
            if (width > widths[c])
                widths[c] = width;
        }
    for (const struct node *row = NULL;; row = row ? row->next : list->first) {
        if (row == NULL && text->failed)
            break;
        pad(text, 0, (size_t)depth * INDENT);
        for (size_t c = 0; c < columns; c++) {
            cell.length = 0;
            const struct node *field = row ? row->first : NULL;
            while (field && strcmp(field->key, keys[c]))
                field = field->next;
            if (!row)
                text_put(&cell, labels[c]);
            else if (field && (field->label || field->kind != NODE_NONE)) /* what JSON alone says to be missing is no cell */
                put_cell(&cell, field);
            size_t width = cell.length ? text_width(cell.bytes, cell.length) : 0;
            if (right[c])
                pad(text, width, widths[c]);
            text_add(text, cell.length ? cell.bytes : "", cell.length);
            if (!right[c] && c + 1 < columns)
                pad(text, width, widths[c]);
            if (c + 1 < columns)
                text_put(text, "  ");
        }
        text_put(text, "\n");
        if (row ? !row->next : !list->first)
            break;
    }
    if (cell.failed) {
        text_end(text);
        text->failed = true;
    }
    text_end(&cell);
}

static void show(const struct node *node, struct text *text, int depth)
{
    size_t widest = 0;
    for (const struct node *child = node->first; child; child = child->next)
        if (child->label && child->kind != NODE_OBJECT && child->kind != NODE_LIST &&
            text_width(child->label, strlen(child->label)) > widest)
            widest = text_width(child->label, strlen(child->label));
    for (const struct node *child = node->first; child; child = child->next) {
        if (!child->label)
            continue;
        if (child->kind == NODE_OBJECT || child->kind == NODE_LIST) {
            if (text->length && depth == 0)
                text_put(text, "\n");
            if (*child->label) {
                pad(text, 0, (size_t)depth * INDENT);
                text_format(text, "%s\n", child->label);
            }
            if (child->kind == NODE_OBJECT) {
                show(child, text, depth + 1);
            } else if (child->first && child->first->kind == NODE_OBJECT) {
                show_table(child, text, depth + 1);
            } else {
                for (const struct node *item = child->first; item; item = item->next) {
                    pad(text, 0, (size_t)(depth + 1) * INDENT);
                    put_cell(text, item);
                    text_put(text, "\n");
                }
            }
            continue;
        }
        pad(text, 0, (size_t)depth * INDENT);
        text_put(text, child->label);
        if (*child->label)
            pad(text, text_width(child->label, strlen(child->label)), widest + 2);
        put_cell(text, child);
        text_put(text, "\n");
    }
}

void show_text(const struct node *node, struct text *text)
{
    show(node, text, 0);
}
