/* Changes to a tree. Knows no key, and of values only how they are kept. */
#include "yaml/edit.h"

#include "base/number.h"

#include <math.h>
#include <string.h>

/* Arrays that may be changed are the arena's, and only ever reached through their tree. */
static struct yaml_node *nodes_of(const struct edit *edit)
{
    return (struct yaml_node *)(uintptr_t)edit->tree->nodes;
}

static char *bytes_of(const struct edit *edit)
{
    return (char *)(uintptr_t)edit->tree->bytes;
}

/* ---- Ways ---- */

static size_t segment(const char *at, const char *end)
{
    const char *point = memchr(at, '.', (size_t)(end - at));
    return (size_t)((point ? point : end) - at);
}

/* The number that a segment is; false when it is none. */
static bool is_index(const char *text, size_t length, uint32_t *index)
{
    *index = 0;
    for (size_t i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9' || i == 9)
            return false;
        *index = *index * 10 + (uint32_t)(text[i] - '0');
    }
    return length > 0;
}

/* What a mapping or list has by that name; 0 for nothing. */
static uint32_t child_of(const struct yaml_tree *tree, uint32_t parent, const char *name, size_t length)
{
    const struct yaml_node *nodes = tree->nodes;
    uint32_t at = nodes[parent].first, index;
    if (nodes[parent].kind == YAML_MAPPING) {
        while (at && (nodes[at].length != length || memcmp(yaml_text(tree, at), name, length) != 0))
            at = nodes[nodes[at].next].next;
        return at ? nodes[at].next : 0;
    }
    if (nodes[parent].kind != YAML_SEQUENCE || !is_index(name, length, &index))
        return 0;
    while (at && index--)
        at = nodes[at].next;
    return at;
}

/* What a way that is not there yet has to be, for its next segment. */
static enum yaml_kind wanted(const struct edit *edit, const char *name, size_t length)
{
    uint32_t index;
    return edit->lists && is_index(name, length, &index) ? YAML_SEQUENCE : YAML_MAPPING;
}

/* Does every segment lead on? Counts them. */
static bool passable(const struct edit *edit, size_t *segments)
{
    const struct yaml_tree *tree = edit->tree;
    const char *at = edit->path, *end = at + edit->length;
    uint32_t node = edit->from, index;
    for (*segments = 0;; at++) {
        size_t length = segment(at, end);
        enum yaml_kind kind = node ? (enum yaml_kind)yaml_at(tree, node)->kind : wanted(edit, at, length);
        uint32_t items = node && kind == YAML_SEQUENCE ? yaml_at(tree, node)->length : 0;
        bool leads = kind == YAML_MAPPING ||
                     (kind == YAML_SEQUENCE && edit->lists && is_index(at, length, &index) && index <= items);
        if (!length || !leads || ++*segments > YAML_DEEPEST)
            return false;
        node = node ? child_of(tree, node, at, length) : 0;
        at += length;
        if (at == end)
            return true;
    }
}

/* ---- Room ---- */

size_t edit_room_text(const char *text)
{
    return strlen(text) + 1;
}

size_t edit_room_tree(const struct yaml_tree *tree)
{
    size_t bytes = 0;
    for (size_t i = 1; i < tree->node_count; i++)
        if (tree->nodes[i].kind == YAML_SCALAR && tree->nodes[i].text + tree->nodes[i].length + 1 > bytes)
            bytes = tree->nodes[i].text + tree->nodes[i].length + 1;
    return bytes;
}

/* An array with room for `more`, the old one or one twice as large; NULL without memory. */
static void *grown(struct arena *arena, const void *items, size_t count, size_t *room, size_t more, size_t size)
{
    if (*room - count >= more && *room)
        return (void *)(uintptr_t)items;
    size_t wanted_room = count + more > 2 * count ? count + more : 2 * count;
    void *made = arena_zeroed(arena, wanted_room, size);
    if (!made)
        return NULL;
    if (count)
        memcpy(made, items, count * size);
    *room = wanted_room;
    return made;
}

static bool reserve(struct edit *edit, size_t nodes, size_t bytes)
{
    struct yaml_tree *tree = edit->tree;
    if (!tree->node_room)
        tree->byte_count = edit_room_tree(tree);
    bool many = tree->node_count + nodes > EDITED_MOST_NODES, large = bytes > EDITED_MOST_BYTES - tree->byte_count;
    if (many || large) {
        const struct place place = {.file = edit->origin};
        problem(edit->context, many ? SPEEDUP_TOO_MANY_NODES : SPEEDUP_TOO_LARGE, &place,
                "more than %d %s in one document", many ? EDITED_MOST_NODES : EDITED_MOST_BYTES,
                many ? "values" : "bytes");
        return false;
    }
    struct yaml_node *own_nodes =
        grown(edit->arena, tree->nodes, tree->node_count, &tree->node_room, nodes, sizeof *own_nodes);
    if (own_nodes)
        tree->nodes = own_nodes;
    char *own_bytes = own_nodes ? grown(edit->arena, tree->bytes, tree->byte_count, &tree->byte_room, bytes, 1) : NULL;
    if (own_bytes)
        tree->bytes = own_bytes;
    const char **settings =
        own_bytes ? grown(edit->arena, tree->settings, tree->setting_count, &tree->setting_room, 1, sizeof *settings)
                  : NULL;
    if (settings)
        tree->settings = settings;
    if (!settings)
        no_memory(edit->context);
    return settings != NULL;
}

/* What changes one after another come from is kept once. */
static bool keep_origin(struct edit *edit)
{
    struct yaml_tree *tree = edit->tree;
    const char **settings = (const char **)(uintptr_t)tree->settings;
    if (!tree->setting_count || strcmp(settings[tree->setting_count - 1], edit->origin) != 0) {
        const char *kept = arena_copy(edit->arena, edit->origin, strlen(edit->origin));
        if (!kept)
            return no_memory(edit->context) == SPEEDUP_OK;
        settings[tree->setting_count++] = kept;
    }
    edit->number = (uint32_t)tree->setting_count;
    return true;
}

enum edit_result edit_begin(struct edit *edit, size_t nodes, size_t bytes)
{
    size_t segments;
    if (!edit->from || !passable(edit, &segments))
        return EDIT_NO_WAY;
    return reserve(edit, nodes + 2 * segments, bytes + edit->length + segments) && keep_origin(edit) ? EDIT_FINE
                                                                                                     : EDIT_TOLD;
}

/* ---- Values ---- */

uint32_t edit_container(struct edit *edit, enum yaml_kind kind)
{
    uint32_t made = (uint32_t)edit->tree->node_count++;
    nodes_of(edit)[made] = (struct yaml_node){.column = edit->number, .kind = (uint8_t)kind};
    return made;
}

uint32_t edit_text(struct edit *edit, const char *text, size_t length)
{
    struct yaml_tree *tree = edit->tree;
    uint32_t made = edit_container(edit, YAML_SCALAR);
    nodes_of(edit)[made].text = (uint32_t)tree->byte_count;
    nodes_of(edit)[made].length = (uint32_t)length;
    memcpy(bytes_of(edit) + tree->byte_count, text, length);
    bytes_of(edit)[tree->byte_count + length] = '\0';
    tree->byte_count += length + 1;
    return made;
}

uint32_t edit_number(struct edit *edit, double value)
{
    char text[NUMBER_TEXT];
    memcpy(bytes_of(edit) + edit->tree->byte_count, &value, sizeof value);
    edit->tree->byte_count += sizeof value;
    if (isfinite(value))
        number_exact(text, value);
    else
        number_digits(text, value, 6);
    uint32_t made = edit_text(edit, text, strlen(text));
    nodes_of(edit)[made].number = nodes_of(edit)[made].plain = 1;
    return made;
}

uint32_t edit_tree(struct edit *edit, const struct yaml_tree *value, size_t bytes)
{
    struct yaml_tree *tree = edit->tree;
    uint32_t shift = (uint32_t)tree->node_count - 1;
    memcpy(bytes_of(edit) + tree->byte_count, value->bytes, bytes);
    for (size_t i = 1; i < value->node_count; i++) {
        struct yaml_node node = value->nodes[i];
        node.line = 0;
        node.column = edit->number;
        node.text += node.kind == YAML_SCALAR ? (uint32_t)tree->byte_count : 0;
        node.first += node.first ? shift : 0;
        node.next += node.next ? shift : 0;
        nodes_of(edit)[tree->node_count++] = node;
    }
    tree->byte_count += bytes;
    return value->root + shift;
}

/* ---- Places ---- */

void edit_add(struct edit *edit, uint32_t list, uint32_t value)
{
    struct yaml_node *nodes = nodes_of(edit);
    uint32_t *last = &nodes[list].first;
    while (*last)
        last = &nodes[*last].next;
    *last = value;
    nodes[list].length++;
}

void edit_add_key(struct edit *edit, uint32_t mapping, const char *key, size_t length, uint32_t value)
{
    uint32_t made = edit_text(edit, key, length);
    nodes_of(edit)[made].next = value;
    edit_add(edit, mapping, made);
}

static void add_named(struct edit *edit, uint32_t parent, const char *name, size_t length, uint32_t value)
{
    if (nodes_of(edit)[parent].kind == YAML_MAPPING)
        edit_add_key(edit, parent, name, length, value);
    else
        edit_add(edit, parent, value);
}

/* Makes the way to the last segment; gives what that one is in. */
static uint32_t open_way(struct edit *edit, const char **last, size_t *length)
{
    const char *at = edit->path, *end = at + edit->length;
    uint32_t node = edit->from;
    for (;;) {
        size_t here = segment(at, end);
        if (at + here == end) {
            *last = at;
            *length = here;
            return node;
        }
        const char *next = at + here + 1;
        uint32_t child = child_of(edit->tree, node, at, here);
        if (!child) {
            child = edit_container(edit, wanted(edit, next, segment(next, end)));
            add_named(edit, node, at, here, child);
        }
        node = child;
        at = next;
    }
}

void edit_put(struct edit *edit, uint32_t value)
{
    const char *name;
    size_t length;
    uint32_t parent = open_way(edit, &name, &length), old = child_of(edit->tree, parent, name, length);
    struct yaml_node *nodes = nodes_of(edit);
    if (!old) {
        add_named(edit, parent, name, length, value);
        return;
    }
    uint32_t *before = &nodes[parent].first;
    while (*before != old)
        before = &nodes[*before].next;
    nodes[value].next = nodes[old].next;
    *before = value;
}

void edit_append(struct edit *edit, uint32_t value)
{
    const char *name;
    size_t length;
    uint32_t parent = open_way(edit, &name, &length), list = child_of(edit->tree, parent, name, length);
    if (!list || nodes_of(edit)[list].kind != YAML_SEQUENCE) {
        list = edit_container(edit, YAML_SEQUENCE);
        edit_put(edit, list);
    }
    edit_add(edit, list, value);
}

void edit_wrap(struct edit *edit, const char *key)
{
    const char *name;
    size_t length;
    uint32_t parent = open_way(edit, &name, &length), old = child_of(edit->tree, parent, name, length);
    uint32_t mapping = edit_container(edit, YAML_MAPPING);
    edit_put(edit, mapping);
    nodes_of(edit)[old].next = 0;
    edit_add_key(edit, mapping, key, strlen(key), old);
}

/* ---- Copies ---- */

struct copier {
    struct arena *arena;
    const struct yaml_tree *from;
    struct yaml_tree *to;
    struct yaml_node *nodes;
    char *bytes;
    const char **settings;
    uint32_t *numbers; /* of the settings, in the copy; 0: not there yet */
};

static uint32_t copy_node(struct copier *copier, uint32_t node)
{
    const struct yaml_tree *from = copier->from;
    struct yaml_tree *to = copier->to;
    uint32_t made = (uint32_t)to->node_count++, last = 0;
    struct yaml_node *own = &copier->nodes[made];
    *own = *yaml_at(from, node);
    own->next = own->first = 0;
    if (!own->line && own->column) {
        uint32_t *number = &copier->numbers[own->column - 1];
        if (!*number) {
            const char *name = from->settings[own->column - 1];
            copier->settings[to->setting_count++] = arena_copy(copier->arena, name, strlen(name));
            *number = (uint32_t)to->setting_count;
        }
        own->column = *number;
    }
    if (own->kind == YAML_SCALAR) {
        size_t before = own->number ? sizeof(double) : 0;
        memcpy(copier->bytes + to->byte_count, yaml_text(from, node) - before, before + own->length + 1);
        own->text = (uint32_t)(to->byte_count + before);
        to->byte_count += before + own->length + 1;
        return made;
    }
    for (uint32_t child = yaml_at(from, node)->first; child; child = yaml_at(from, child)->next) {
        uint32_t copied = copy_node(copier, child);
        if (last)
            copier->nodes[last].next = copied;
        else
            own->first = copied;
        last = copied;
    }
    return made;
}

bool yaml_copy(struct arena *arena, const struct yaml_tree *from, struct yaml_tree *to)
{
    size_t bytes = 0; /* at most: nodes that no longer belong to the tree are not copied */
    for (size_t i = 1; i < from->node_count; i++)
        if (from->nodes[i].kind == YAML_SCALAR)
            bytes += from->nodes[i].length + 1 + (from->nodes[i].number ? sizeof(double) : 0);
    struct copier copier = {.arena = arena, .from = from, .to = to};
    *to = (struct yaml_tree){.node_count = 1, .source_length = from->source_length};
    copier.nodes = arena_zeroed(arena, from->node_count, sizeof *copier.nodes);
    copier.bytes = arena_zeroed(arena, bytes + 1, 1);
    copier.settings = arena_zeroed(arena, from->setting_count + 1, sizeof *copier.settings);
    copier.numbers = arena_zeroed(arena, from->setting_count + 1, sizeof *copier.numbers);
    to->file = from->file ? arena_copy(arena, from->file, strlen(from->file)) : NULL;
    to->source = from->source ? arena_copy(arena, from->source, from->source_length) : NULL;
    if (arena->failed)
        return false;
    to->root = copy_node(&copier, from->root);
    to->nodes = copier.nodes;
    to->node_room = from->node_count;
    to->bytes = copier.bytes;
    to->byte_room = bytes + 1;
    to->settings = copier.settings;
    to->setting_room = from->setting_count + 1;
    return !arena->failed;
}
