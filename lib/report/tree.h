/* What a report says, as a tree that is shown as text or as JSON. */
#ifndef REPORT_TREE_H
#define REPORT_TREE_H

#include "base/text.h"

enum node_kind { NODE_OBJECT, NODE_LIST, NODE_NUMBER, NODE_TEXT, NODE_BOOL, NODE_NONE };

struct node {
    enum node_kind kind;
    const char *key;   /* in JSON; NULL in a list */
    const char *label; /* in text; NULL to leave it out there */
    const char *unit;  /* of a number: as in metric.def */
    const char *text;
    double value, low, high; /* low < high: an interval */
    struct node *first, *last, *next;
};

struct node *report_begin(struct arena *arena);

/* Each adds a child and returns it; NULL, with arena->failed set, without memory. A
 * NULL parent is ignored, so that a report is built without checks and checked once. */
struct node *put_object(struct arena *arena, struct node *parent, const char *key, const char *label);
struct node *put_list(struct arena *arena, struct node *parent, const char *key, const char *label);
struct node *put_number(struct arena *arena, struct node *parent, const char *key, const char *label, double value,
                        const char *unit);
struct node *put_interval(struct arena *arena, struct node *parent, const char *key, const char *label, double value,
                          double low, double high, const char *unit);
struct node *put_text(struct arena *arena, struct node *parent, const char *key, const char *label, const char *text);
struct node *put_bool(struct arena *arena, struct node *parent, const char *key, const char *label, bool value);

/* A kind of answer has the same keys whatever it says: one that the object has not is null in
 * JSON, and left out of text. It is copied. */
void put_missing(struct arena *arena, struct node *object, const char *key, size_t length);

/* An object as aligned lines, a list of objects as a table. */
void show_text(const struct node *node, struct text *text);
void show_json(const struct node *node, struct text *text);

#endif
