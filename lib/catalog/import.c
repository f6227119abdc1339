/* A model from the config.json that Hugging Face repositories carry. How a file is read, its family says
 * (data/families): this knows roles that fields play (role.def), what follows from them, and no family by name. Sets the
 * fields of the model by the catalog's own table, each told of where the configuration has it. */
#include "catalog/precision.h"
#include "catalog/weights.h"

#include "base/number.h"

#include <math.h>
#include <string.h>

/* A number and the node that gave it, 0 where it follows from others. */
struct found {
    double value;
    uint32_t node;
};

enum { MOST_WRONG = 32, MOST_PATHS = 64, LONGEST_FIELD = 80, MOST_LAYERS = 100000 };

/* Layers by kind. */
struct layers {
    double count[LAYER_KINDS];
    uint32_t node;
};

struct importer {
    speedup_context *context;
    const speedup_catalog *catalog;
    const struct yaml_tree *tree;
    uint32_t inner, outer; /* of a text model inside a larger one, and the larger one; else both the root */
    const struct family *family, *whole; /* of the inner and of the outer one, which may be NULL */
    struct model *model;
    struct arena *arena;
    uint32_t wrong[MOST_WRONG]; /* values that were told wrong: not again when they are read again */
    size_t wrong_count;
    struct path_place *paths; /* where the configuration has the fields of the model */
    size_t path_count;
    const struct yaml_tree *beside;   /* what says how weights are quantized in a file of its own; may be NULL */
    uint64_t told[(ROLES + 63) / 64]; /* roles whose default was taken */
    struct text taken;                /* and what it is */
    struct layers layers;
};

/* A plain number, whole. */
static bool is_number(const char *text, double *value)
{
    size_t used, length = strlen(text);
    return length && number_parse(text, length, value, &used) == NUMBER_OK && used == length;
}

/* ---- Families ---- */

static uint32_t family_node(const struct family *family, uint32_t mapping, const char *key)
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

static const struct family *family_at(const speedup_catalog *catalog, size_t i)
{
    return (const struct family *)catalog->entries[KIND_FAMILY].items[i];
}

static const struct family *family_of_type(const speedup_catalog *catalog, const char *type)
{
    for (size_t i = 0; i < catalog->entries[KIND_FAMILY].count; i++)
        if (list_has(family_at(catalog, i), family_at(catalog, i)->types_node, type))
            return family_at(catalog, i);
    return NULL;
}

/* The text of a key that the family or the nearest of its bases has, NULL for none. */
static const char *family_text(const struct family *family, size_t mapping, const char *key)
{
    for (; family; family = family->parent) {
        uint32_t node = *(const uint32_t *)(const void *)((const char *)family + mapping);
        uint32_t found = family_node(family, node, key);
        if (found)
            return yaml_text(family->head.tree, found);
    }
    return NULL;
}

#define FAMILY_TEXT(of, member, key) family_text(of, offsetof(struct family, member), key)

/* ---- Fields ---- */

static bool is_null(const struct importer *importer, uint32_t node)
{
    const struct yaml_node *at = yaml_at(importer->tree, node);
    return at->kind == YAML_SCALAR && at->plain && (!strcmp(yaml_text(importer->tree, node), "null") || !at->length);
}

/* The node of a field ("a.b" of one in a mapping) under a mapping, 0 for none. */
static uint32_t node_under(const struct yaml_tree *tree, uint32_t node, const char *field, size_t length)
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

/* A field that is there, the text model's own first; a null one only where nothing else is. "/a" is the outer one's alone. */
static uint32_t field_of(const struct importer *importer, const char *field, size_t length)
{
    if (length && *field == '/')
        return node_under(importer->tree, importer->outer, field + 1, length - 1);
    uint32_t own = node_under(importer->tree, importer->inner, field, length);
    if (importer->inner == importer->outer || (own && !is_null(importer, own)))
        return own;
    uint32_t outer = node_under(importer->tree, importer->outer, field, length);
    return outer ? outer : own;
}

/* What a role is called in this file: the first of its fields that the file has, else the first of all. */
static uint32_t role_node(const struct importer *importer, enum role role, const char **name, size_t *length)
{
    const char *fields = FAMILY_TEXT(importer->family, fields_node, role_name(role));
    uint32_t null = 0;
    fields = fields && !strcmp(fields, "none") ? NULL : fields;
    *name = fields ? fields : role_name(role);
    *length = strcspn(*name, "|");
    for (const char *at = fields ? fields : ""; *at;) {
        size_t part = strcspn(at, "|");
        uint32_t node = field_of(importer, at, part);
        if (node && (!is_null(importer, node) || !null)) {
            *name = at;
            *length = part;
            if (!is_null(importer, node))
                return node;
            null = node;
        }
        at += part + (at[part] == '|');
    }
    return null;
}

static struct place place_of_node(const struct importer *importer, uint32_t node)
{
    return yaml_place(importer->tree, node ? node : importer->inner);
}

static void refuse_at(const struct importer *importer, uint32_t node, const char *what, size_t length, const char *why)
{
    struct place place = place_of_node(importer, node);
    problem(importer->context, SPEEDUP_UNSUPPORTED_MODEL, &place, "'%.*s' of family '%s' %s", (int)length, what,
            importer->family->head.id, why);
}

static void refuse(const struct importer *importer, enum role role, const char *why)
{
    const char *name;
    size_t length;
    uint32_t node = role_node(importer, role, &name, &length);
    refuse_at(importer, node, name, length, why);
}

static bool was_wrong(const struct importer *importer, uint32_t node)
{
    for (size_t i = 0; i < importer->wrong_count; i++)
        if (importer->wrong[i] == node)
            return true;
    return false;
}

static bool read_one(struct importer *importer, uint32_t node, const char *key, double *value)
{
    const struct yaml_node *at = yaml_at(importer->tree, node);
    bool flag;
    if (at->kind == YAML_SCALAR && at->plain && (!strcmp(yaml_text(importer->tree, node), "true") || !strcmp(yaml_text(importer->tree, node), "false"))) {
        flag = yaml_text(importer->tree, node)[0] == 't';
        *value = flag;
        return true;
    }
    return read_number(importer->context, importer->tree, node, key, DIMENSION_NONE, 0, 1e15, value);
}

/* The number of a node: of a list with one for each layer, their mean, from which the sums over layers follow. */
static bool read_value(struct importer *importer, uint32_t node, const char *key, double *value)
{
    const struct yaml_tree *tree = importer->tree;
    if (yaml_at(tree, node)->kind != YAML_SEQUENCE || !yaml_at(tree, node)->first)
        return read_one(importer, node, key, value);
    double sum = 0;
    for (uint32_t item = yaml_at(tree, node)->first; item; item = yaml_at(tree, item)->next) {
        double one;
        if (!read_one(importer, item, key, &one))
            return false;
        sum += one;
    }
    *value = sum / yaml_at(tree, node)->length;
    return true;
}

/* Remembers that a default was taken for a field that a file may leave out. */
static void take_default(struct importer *importer, enum role role, const char *name, size_t length, const char *value)
{
    if (importer->told[role / 64] >> role % 64 & 1)
        return;
    importer->told[role / 64] |= UINT64_C(1) << role % 64;
    text_format(&importer->taken, "%s%.*s %s", importer->taken.length ? ", " : "", (int)length, name,
                strcmp(value, "0") ? value : role == ROLE_KV_HEADS ? "as many as heads" : "none");
}

static double parse_default(const char *text)
{
    double value = 0;
    return is_number(text, &value) ? value : !strcmp(text, "true");
}

/* What a family usually has there, as what to do about the problem that was just told. */
static void tell_usual(struct importer *importer, enum role role)
{
    const char *name, *usual = FAMILY_TEXT(importer->family, defaults_node, role_name(role));
    size_t length;
    role_node(importer, role, &name, &length);
    if (usual)
        problem_remedy(importer->context, "give '%.*s' as the family '%s' has it; usual is %s", (int)length, name, importer->family->head.id, usual);
}

/* The number or flag of a role: of the file, else of the family; 0 where neither has one. A default that a file may
 * leave out is told, where somebody wants it. */
static struct found find(struct importer *importer, enum role role)
{
    const char *name;
    size_t length;
    char key[LONGEST_FIELD];
    struct found found = {0, role_node(importer, role, &name, &length)};
    size_t kept = length < sizeof key - 1 ? length : sizeof key - 1;
    memcpy(key, name, kept);
    key[kept] = '\0';
    if (found.node) {
        if (!is_null(importer, found.node) && !was_wrong(importer, found.node) && !read_value(importer, found.node, key, &found.value) &&
            importer->wrong_count < MOST_WRONG) {
            importer->wrong[importer->wrong_count++] = found.node;
            tell_usual(importer, role);
        }
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

static double number_of(struct importer *importer, enum role role)
{
    return find(importer, role).value;
}

static bool is_true(struct importer *importer, enum role role)
{
    return find(importer, role).value != 0;
}

/* Is a role played at all: by a field that is not null, or by the family? */
static bool is_said(const struct importer *importer, enum role role)
{
    const char *name;
    size_t length;
    uint32_t node = role_node(importer, role, &name, &length);
    return node ? !is_null(importer, node)
                : FAMILY_TEXT(importer->family, has_node, role_name(role)) || FAMILY_TEXT(importer->family, defaults_node, role_name(role));
}

/* ---- Fields of the model ---- */

static struct place place_of(struct importer *importer, const char *path, uint32_t node)
{
    struct place place = place_of_node(importer, node);
    if (node && importer->path_count < MOST_PATHS)
        importer->paths[importer->path_count++] = (struct path_place){path, place};
    return place;
}

static bool set_number(struct importer *importer, const char *path, struct found found)
{
    /* What follows from a number that is wrong or missing would only repeat that. */
    if (found.value <= 0 && importer->context->first)
        return true;
    struct place place = place_of(importer, path, found.node);
    return record_set_number(importer->context, NULL, kinds[KIND_MODEL].table, importer->model, path, found.value, &place);
}

static void set_text(struct importer *importer, const char *path, uint32_t node, const char *value)
{
    struct place place = place_of(importer, path, node);
    record_set_text(importer->context, NULL, kinds[KIND_MODEL].table, importer->model, path, value, &place);
}

static void set_flag(struct importer *importer, const char *path, struct found found)
{
    if (found.value == 0)
        return;
    struct place place = place_of(importer, path, found.node);
    record_set_bool(importer->context, kinds[KIND_MODEL].table, importer->model, path, true, &place);
}

static const char *role_path(enum role role)
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

static void set_role(struct importer *importer, enum role role)
{
    struct found found = find(importer, role);
    double *mean = mean_of(importer, role, found);
    if (mean) {
        found.value = floor(found.value);
        set_number(importer, role_path(role), found);
        *mean = find(importer, role).value;
        importer->model->varied |= *mean != found.value;
    } else if (role_type(role) == ROLE_FLAG)
        set_flag(importer, role_path(role), found);
    else if (found.value > 0 && !set_number(importer, role_path(role), found))
        tell_usual(importer, role);
}

static void set_roles(struct importer *importer, enum role first, enum role last)
{
    for (int role = (int)first; role <= (int)last; role++)
        if (*role_path((enum role)role))
            set_role(importer, (enum role)role);
}

/* What a model cannot be without: told by its field, with what is usual where some family has a default. */
static void require(struct importer *importer, enum role role)
{
    struct found found = find(importer, role);
    if (found.value > 0 || (found.node && importer->context->first))
        return;
    const char *name;
    size_t length;
    uint32_t node = role_node(importer, role, &name, &length);
    struct place place = place_of_node(importer, node);
    problem(importer->context, SPEEDUP_UNSUPPORTED_MODEL, &place, "'%.*s' is %s, and a model of family '%s' needs it", (int)length, name,
            node && !is_null(importer, node) ? "0" : "missing", importer->family->head.id);
    tell_usual(importer, role);
}

/* ---- Layers ---- */

static enum layer_kind kind_of_word(const struct importer *importer, const char *word)
{
    const char *kind = FAMILY_TEXT(importer->family, words_node, word);
    int i = 0;
    while (kind && layer_kind_names[i] && strcmp(layer_kind_names[i], kind))
        i++;
    return kind && layer_kind_names[i] ? (enum layer_kind)i : LAYER_KINDS;
}

/* Words of a list of layers, one after the other: items of a list, or letters of a text, which may be repeated. */
struct words {
    const struct importer *importer;
    uint32_t node, item;
    const char *letter;
    bool again;
    char word[LONGEST_FIELD];
};

static void words_begin(struct words *words, const struct importer *importer, uint32_t node, bool again)
{
    const struct yaml_node *at = yaml_at(importer->tree, node);
    *words = (struct words){.importer = importer, .node = node, .again = again};
    if (at->kind == YAML_SEQUENCE)
        words->item = at->first;
    else if (at->kind == YAML_SCALAR)
        words->letter = yaml_text(importer->tree, node);
}

/* The next word, NULL at the end; `node` is where it stands. */
static const char *words_next(struct words *words, uint32_t *node)
{
    const struct yaml_tree *tree = words->importer->tree;
    *node = words->node;
    if (words->letter) {
        if (!*words->letter && words->again)
            words->letter = yaml_text(tree, words->node);
        if (!*words->letter)
            return NULL;
        words->word[0] = *words->letter++;
        words->word[1] = '\0';
        return words->word;
    }
    if (!words->item && words->again)
        words->item = yaml_at(tree, words->node)->first;
    if (!words->item)
        return NULL;
    *node = words->item;
    words->item = yaml_at(tree, words->item)->next;
    return yaml_at(tree, *node)->kind == YAML_SCALAR ? yaml_text(tree, *node) : "";
}

static bool is_counted(double number, double every, double offset)
{
    return every >= 1 && fmod(number, every) == offset;
}

/* Which layers a list names by number, from `base` on; NULL without such a list. */
static const bool *listed_layers(struct importer *importer, uint32_t list, double base, double layers)
{
    const struct yaml_tree *tree = importer->tree;
    bool *marks = list && yaml_at(tree, list)->kind == YAML_SEQUENCE ? arena_zeroed(importer->arena, (size_t)layers + 1, sizeof *marks) : NULL;
    for (uint32_t item = marks ? yaml_at(tree, list)->first : 0; item; item = yaml_at(tree, item)->next) {
        double value;
        const char *text = yaml_at(tree, item)->kind == YAML_SCALAR ? yaml_text(tree, item) : "";
        if (is_number(text, &value) && value >= base && value - base < layers && value == floor(value))
            marks[(size_t)(value - base)] = true;
    }
    return marks;
}

static enum layer_kind others_of(const struct family *family)
{
    return (enum layer_kind)family->others;
}

/* The kind of one layer by the rules of its family, where no list has it. */
struct rules {
    double every, offset, from;
    const bool *full; /* listed */
    bool windowed;
};

static void find_rules(struct importer *importer, double layers, struct rules *by)
{
    const char *name;
    size_t length;
    bool used = !is_said(importer, ROLE_WINDOW_USED) || is_true(importer, ROLE_WINDOW_USED);
    *by = (struct rules){.windowed = used && (others_of(importer->family) == LAYER_WINDOW || is_said(importer, ROLE_WINDOW)) && number_of(importer, ROLE_WINDOW) > 0};
    by->full = listed_layers(importer, role_node(importer, ROLE_FULL_LIST, &name, &length), number_of(importer, ROLE_FULL_BASE), layers);
    by->every = by->full ? 0 : number_of(importer, ROLE_FULL_EVERY);
    by->offset = is_said(importer, ROLE_FULL_OFFSET) ? number_of(importer, ROLE_FULL_OFFSET) : by->every - 1;
    by->from = by->windowed ? number_of(importer, ROLE_WINDOW_FROM) : 0;
}

static enum layer_kind kind_by_rules(const struct importer *importer, const struct rules *by, double layer)
{
    bool full = is_counted(layer, by->every, by->offset) || (by->full && by->full[(size_t)layer]);
    enum layer_kind kind = full ? LAYER_FULL : others_of(importer->family);
    return kind == LAYER_WINDOW && (!by->windowed || layer < by->from) ? LAYER_FULL : kind;
}

/* Counts what a list says, which must be as long as there are layers. */
static void count_list(struct importer *importer, uint32_t node, const char *name, size_t length, bool again, double layers)
{
    struct words words;
    uint32_t item;
    double count = 0;
    words_begin(&words, importer, node, again);
    for (const char *word; (count < layers || !again) && (word = words_next(&words, &item)); count++) {
        enum layer_kind kind = kind_of_word(importer, word);
        if (kind == LAYER_KINDS) {
            struct place place = place_of_node(importer, item);
            problem(importer->context, SPEEDUP_UNSUPPORTED_MODEL, &place, "'%.*s' of family '%s' has a layer of kind '%.40s', which is not known",
                    (int)length, name, importer->family->head.id, word);
            problem_remedy(importer->context, "say what it is in 'words' of a family: families: {mine: {base: %s, types: [...], words: {%.40s: full}}}",
                           importer->family->head.id, word);
            return;
        }
        importer->layers.count[kind]++;
    }
    if (count != layers) {
        struct place place = place_of_node(importer, node);
        problem(importer->context, SPEEDUP_INCONSISTENT, &place, "'%.*s' lists %.0f layers, but there are %.0f", (int)length, name, count, layers);
    }
}

static uint32_t every_text(const struct importer *importer, const char **name, size_t *length)
{
    uint32_t node = role_node(importer, ROLE_FULL_EVERY, name, length);
    const struct yaml_node *at = node ? yaml_at(importer->tree, node) : NULL;
    return at && (at->kind == YAML_SEQUENCE || (at->kind == YAML_SCALAR && !at->plain)) && at->length ? node : 0;
}

static void count_layers(struct importer *importer, double layers)
{
    const char *name;
    size_t length;
    uint32_t list = role_node(importer, ROLE_LAYER_KINDS, &name, &length);
    bool again = false;
    if (layers > MOST_LAYERS)
        return; /* told when it is set */
    if (!list || is_null(importer, list)) {
        list = every_text(importer, &name, &length);
        again = list != 0;
    }
    importer->layers.node = list;
    if (list) {
        count_list(importer, list, name, length, again, layers);
        return;
    }
    struct rules by;
    find_rules(importer, layers, &by);
    struct found window = find(importer, ROLE_WINDOW);
    if (window.node && window.value > 0 && by.windowed && others_of(importer->family) == LAYER_FULL) {
        struct place place = place_of_node(importer, window.node);
        warning(importer->context, SPEEDUP_UNSUPPORTED_MODEL, &place, "a window of %.0f tokens is given, but which layers have it neither the file nor family '%s' says: none is taken to",
                window.value, importer->family->head.id);
    }
    for (double layer = 0; layer < layers; layer++)
        importer->layers.count[kind_by_rules(importer, &by, layer)]++;
}

/* Layers without experts, by all the ways that files have to say it. */
static double count_dense(struct importer *importer, double layers)
{
    const char *name;
    size_t length;
    uint32_t node;
    double dense = 0, first = number_of(importer, ROLE_DENSE_FIRST), last = is_said(importer, ROLE_EXPERT_LAST) ? number_of(importer, ROLE_EXPERT_LAST) : layers;
    if (layers > MOST_LAYERS)
        return 0; /* told when it is set */
    const bool *without = listed_layers(importer, role_node(importer, ROLE_DENSE_LIST, &name, &length), 0, layers);
    const bool *with = listed_layers(importer, role_node(importer, ROLE_EXPERT_LIST, &name, &length), 0, layers);
    uint32_t each = role_node(importer, ROLE_EXPERT_KINDS, &name, &length);
    struct words words;
    bool list = each && yaml_at(importer->tree, each)->kind == YAML_SEQUENCE;
    if (list)
        words_begin(&words, importer, each, false);
    double every = list ? 1 : fmax(number_of(importer, ROLE_EXPERT_EVERY), 1);
    double offset = is_said(importer, ROLE_EXPERT_OFFSET) ? number_of(importer, ROLE_EXPERT_OFFSET) : every - 1;
    for (double layer = 0; layer < layers; layer++) {
        const char *word = list ? words_next(&words, &node) : NULL;
        bool has = layer >= first && layer <= last && is_counted(layer, every, fmod(offset, every)) && !(without && without[(size_t)layer]) && (!with || with[(size_t)layer]) &&
                   !(word && (!strcmp(word, "0") || !strcmp(word, "dense") || !strcmp(word, "false")));
        dense += !has;
    }
    return dense;
}

/* ---- Parts of a model ---- */

/* Rotated width: given, or as a share of a head. */
static struct found find_rotary(struct importer *importer, double head_dim)
{
    struct found given = find(importer, ROLE_ROTARY_DIM), share = find(importer, ROLE_ROTARY_SHARE);
    if (given.value > 0)
        return given;
    return (struct found){share.value < 1 ? floor(share.value * head_dim) : 0, share.node};
}

static void set_linear(struct importer *importer, double layers)
{
    static const struct {
        enum role heads, width;
        const char *paths[2];
    } sides[] = {
        {ROLE_LINEAR_KEY_HEADS, ROLE_LINEAR_KEY_DIM, {"attention.linear_key_heads", "attention.linear_key_dim"}},
        {ROLE_LINEAR_VALUE_HEADS, ROLE_LINEAR_VALUE_DIM, {"attention.linear_value_heads", "attention.linear_value_dim"}},
    };
    const struct model *model = importer->model;
    set_number(importer, "attention.linear_layers", (struct found){layers, importer->layers.node});
    for (int i = 0; i < 2; i++) {
        struct found heads = find(importer, sides[i].heads), width = find(importer, sides[i].width);
        if (heads.value <= 0)
            heads.value = model->heads;
        if (width.value <= 0)
            width.value = model->head_dim > 0 ? model->head_dim : model->heads > 0 ? model->hidden / model->heads : 0;
        set_number(importer, sides[i].paths[0], heads);
        set_number(importer, sides[i].paths[1], width);
    }
    set_role(importer, ROLE_LINEAR_CONVOLUTION);
    set_role(importer, ROLE_LINEAR_GATE);
}

static void set_index_layers(struct importer *importer)
{
    const char *name, *word;
    size_t length;
    uint32_t node, list = role_node(importer, ROLE_INDEX_KINDS, &name, &length);
    struct words words;
    double own = 0;
    if (!list || is_null(importer, list))
        return;
    words_begin(&words, importer, list, false);
    while ((word = words_next(&words, &node)))
        own += !strcmp(word, "full");
    if (own > 0 && own < importer->model->layers)
        set_number(importer, "attention.index_layers", (struct found){own, list});
}

static void set_window(struct importer *importer)
{
    struct found window = find(importer, ROLE_WINDOW);
    if (window.value <= 0) {
        refuse(importer, ROLE_WINDOW, "is missing, and layers have a window");
        return;
    }
    set_number(importer, "attention.window", window);
    set_number(importer, "attention.window_layers", (struct found){importer->layers.count[LAYER_WINDOW], importer->layers.node});
    struct found width = find(importer, ROLE_FULL_HEAD_DIM), heads = find(importer, ROLE_FULL_KV_HEADS);
    if (width.value > 0)
        set_number(importer, "attention.full_head_dim", width);
    if (heads.value > 0)
        set_number(importer, "attention.full_kv_heads", heads);
    set_flag(importer, "attention.shared_values", find(importer, ROLE_SHARED_VALUES));
}

static bool has_latent(struct importer *importer)
{
    return number_of(importer, ROLE_KV_RANK) > 0 && (!is_said(importer, ROLE_LATENT) || is_true(importer, ROLE_LATENT));
}

static void set_attention(struct importer *importer)
{
    bool latent = has_latent(importer);
    if (latent) {
        require(importer, ROLE_ROPE_DIM);
        require(importer, ROLE_NOPE_DIM);
        require(importer, ROLE_VALUE_DIM);
        set_text(importer, "attention.kind", find(importer, ROLE_KV_RANK).node, attention_names[ATTENTION_LATENT]);
        set_roles(importer, ROLE_QUERY_RANK, ROLE_INDEX_DIM);
        if (number_of(importer, ROLE_INDEX_TOP_K) > 0)
            set_index_layers(importer);
    } else {
        set_text(importer, "attention.kind", 0, attention_names[ATTENTION_STANDARD]);
        set_role(importer, ROLE_OUTPUT_GATE);
        const struct model *model = importer->model;
        struct found rotary = find_rotary(importer, model->head_dim > 0 ? model->head_dim : model->heads > 0 ? model->hidden / model->heads : 0);
        if (rotary.value > 0)
            set_number(importer, "attention.rotary_dim", rotary);
    }
    set_role(importer, ROLE_QK_NORM);
    set_role(importer, ROLE_QKV_BIAS);
    set_role(importer, ROLE_CROSS);
    set_role(importer, ROLE_BIDIRECTIONAL);
    if (importer->layers.count[LAYER_WINDOW] > 0)
        set_window(importer);
    if (importer->layers.count[LAYER_LINEAR] > 0)
        set_linear(importer, importer->layers.count[LAYER_LINEAR]);
}

static void set_experts(struct importer *importer, double layers, double feed_forward)
{
    struct found count = find(importer, ROLE_EXPERTS);
    if (count.value <= 1 && importer->layers.count[LAYER_EXPERTS] <= 0)
        return;
    struct found ffn = find(importer, ROLE_EXPERT_FFN), shared = find(importer, ROLE_SHARED), width = find(importer, ROLE_SHARED_FFN);
    const char *name;
    size_t length;
    uint32_t lists = role_node(importer, ROLE_DENSE_LIST, &name, &length);
    struct found dense = {feed_forward > 0 || importer->layers.count[LAYER_EXPERTS] > 0 ? feed_forward : count_dense(importer, layers), find(importer, ROLE_DENSE_FIRST).node};
    dense.node = dense.node ? dense.node : lists;
    require(importer, ROLE_EXPERTS);
    require(importer, ROLE_ACTIVE);
    set_number(importer, "experts.count", count);
    struct found active = find(importer, ROLE_ACTIVE);
    active.value = floor(active.value * count.value / (count.value + number_of(importer, ROLE_ZERO_EXPERTS)) + 0.5);
    set_number(importer, "experts.active", active);
    set_number(importer, "experts.ffn", ffn.value > 0 ? ffn : find(importer, ROLE_FFN));
    if (shared.value > 0)
        set_number(importer, "experts.shared", shared);
    else if (width.value > 0)
        set_number(importer, "experts.shared", (struct found){1, width.node});
    if (width.value > 0)
        set_number(importer, "experts.shared_ffn", width);
    if (dense.value > 0)
        set_number(importer, "experts.dense_layers", dense);
    set_role(importer, ROLE_EXPERT_LATENT);
}

/* State spaces stand in an entry beside blocks that are layers of their own. */
static void set_state_space(struct importer *importer, double layers)
{
    const struct layers *by = &importer->layers;
    const struct model *model = importer->model;
    double blocks = fmax(number_of(importer, ROLE_SPACE_BLOCKS), 1), spaces = blocks == 3 ? layers : by->count[LAYER_STATE_SPACE];
    double kind = number_of(importer, ROLE_SPACE_KIND);
    struct found heads = find(importer, ROLE_SPACE_HEADS), width = find(importer, ROLE_SPACE_HEAD_DIM), inner = find(importer, ROLE_SPACE_INNER);
    if (inner.value <= 0)
        inner.value = fmax(number_of(importer, ROLE_SPACE_TIMES), 1) * model->hidden;
    if (kind > 0) {
        heads = inner;
        width.value = 1;
    } else if (heads.value <= 0 && width.value > 0) {
        heads.value = inner.value / width.value;
    } else if (width.value <= 0 && heads.value > 0) {
        width.value = inner.value / heads.value;
    }
    set_number(importer, "layers", (struct found){layers * blocks, 0});
    set_number(importer, "state_space.layers", (struct found){spaces, by->node});
    struct place place = place_of_node(importer, by->node);
    record_set_number(importer->context, NULL, kinds[KIND_MODEL].table, importer->model, "state_space.feed_forward_layers",
                      blocks > 1 ? layers : by->count[LAYER_FEED_FORWARD] + by->count[LAYER_EXPERTS], &place);
    if (kind > 0)
        set_text(importer, "state_space.kind", 0, state_space_names[(int)fmin(kind, 2)]);
    set_number(importer, "state_space.heads", heads);
    set_number(importer, "state_space.head_dim", width);
    static const enum role roles_of[] = {ROLE_SPACE_GROUPS, ROLE_SPACE_STATE};
    for (int i = 0; i < 2; i++) {
        struct found found = find(importer, roles_of[i]);
        found.value = fmax(found.value, 1);
        set_number(importer, role_path(roles_of[i]), found);
    }
    if (kind == STATE_SPACE_MAMBA_1) {
        struct found rank = find(importer, ROLE_SPACE_RANK);
        rank.value = rank.value > 0 ? rank.value : ceil(model->hidden / 16);
        set_number(importer, "state_space.rank", rank);
    }
}

/* Positions that are stretched beyond what they were trained for. */
static void set_positions(struct importer *importer)
{
    struct found most = find(importer, ROLE_MAX_SEQUENCE), stretch = find(importer, ROLE_STRETCH), positions = find(importer, ROLE_POSITIONS);
    double from = number_of(importer, ROLE_STRETCH_FROM);
    if (stretch.value > 1 && from > 0 && stretch.value * from > most.value)
        most = (struct found){floor(stretch.value * from), stretch.node};
    if (most.value > 0)
        set_number(importer, "max_sequence", most);
    if (positions.value > 0) {
        positions.value += number_of(importer, ROLE_POSITIONS_MORE);
        set_number(importer, "learned_positions", positions);
    }
}

/* Layers as a search has left them (Puzzle, arXiv 2411.19146): each its own group of heads and width, or no such block. Means
 * are kept of what differs, from which the sums over layers follow. False where the file has no such list. */
static bool set_block_configs(struct importer *importer)
{
    const struct yaml_tree *tree = importer->tree;
    struct model *m = importer->model;
    const char *name;
    size_t length;
    uint32_t list = role_node(importer, ROLE_BLOCK_CONFIGS, &name, &length);
    double layers = 0, attending = 0, kv = 0, width = 0, one;
    if (!list || yaml_at(tree, list)->kind != YAML_SEQUENCE)
        return false;
    for (uint32_t item = yaml_at(tree, list)->first; item; item = yaml_at(tree, item)->next, layers++) {
        uint32_t attention = yaml_find(tree, item, "attention"), ffn = yaml_find(tree, item, "ffn");
        uint32_t group = attention ? yaml_find(tree, attention, "n_heads_in_group") : 0, heads = attention ? yaml_find(tree, attention, "num_key_value_heads") : 0;
        uint32_t times = ffn ? yaml_find(tree, ffn, "ffn_mult") : 0, whole = ffn ? yaml_find(tree, ffn, "intermediate_size") : 0;
        bool grouped = group && !is_null(importer, group), given = heads && !is_null(importer, heads);
        if ((grouped || given) && read_one(importer, grouped ? group : heads, "block_configs", &one) && one >= 1) {
            attending++;
            kv += grouped ? m->heads / one : one;
        }
        if (times && !is_null(importer, times) && read_one(importer, times, "ffn_mult", &one))
            width += ceil(floor(2 * one * m->hidden / 3) / 256) * 256;
        else if (whole && !is_null(importer, whole) && read_one(importer, whole, "intermediate_size", &one))
            width += one;
    }
    if (importer->context->first)
        return true;
    if (layers != m->layers || attending < 1 || width < layers || kv > 1e9 || width > 1e12) {
        refuse_at(importer, list, name, length, "must have a block of attention or more, a feed-forward block or more, and as many items as there are layers");
        return true;
    }
    if (attending < layers)
        set_number(importer, "attention.absent_layers", (struct found){layers - attending, list});
    set_number(importer, "kv_heads", (struct found){floor(kv / attending), list});
    set_number(importer, "ffn", (struct found){floor(width / layers), list});
    m->varied = true;
    m->kv_heads = kv / attending;
    m->ffn = width / layers;
    return true;
}

static void set_feed_forward(struct importer *importer, double experts)
{
    set_text(importer, "ffn_kind", 0, feed_forward_names[is_true(importer, ROLE_GATED) ? FEED_FORWARD_GATED : FEED_FORWARD_PLAIN]);
    if (set_block_configs(importer))
        return;
    struct found ffn = find(importer, ROLE_FFN), dense = find(importer, ROLE_DENSE_FFN);
    if (experts > 1 && dense.value > 0)
        ffn = dense;
    double scale = number_of(importer, ROLE_FFN_SCALE), multiple = number_of(importer, ROLE_FFN_MULTIPLE);
    if (scale > 0 && (!is_said(importer, ROLE_FFN_SCALED) || is_true(importer, ROLE_FFN_SCALED)))
        ffn.value = floor(scale * ffn.value + 1e-6);
    if (scale > 0 && multiple > 0)
        ffn.value = ceil(ffn.value / multiple) * multiple;
    if (ffn.value <= 0 && number_of(importer, ROLE_FFN_TIMES) > 0)
        ffn.value = number_of(importer, ROLE_FFN_TIMES) * importer->model->hidden;
    if (ffn.value <= 0)
        ffn = experts > 1 ? find(importer, ROLE_EXPERT_FFN) : find(importer, ROLE_SPACE_INNER);
    /* No block is one where all layers are state spaces. */
    if (ffn.value <= 0 && importer->layers.count[LAYER_STATE_SPACE] > 0)
        ffn.value = importer->model->hidden;
    bool mean = !ffn.node || yaml_at(importer->tree, ffn.node)->kind == YAML_SEQUENCE;
    if (ffn.value <= 0)
        require(importer, ROLE_FFN);
    else if (set_number(importer, "ffn", (struct found){mean ? fmax(floor(ffn.value), 1) : ffn.value, ffn.node}) && mean)
        importer->model->ffn = ffn.value; /* of layers that differ */
}

/* Does the class of the file end as one of the family's endings? The first that fits decides. */
static bool is_headless(const struct importer *importer)
{
    uint32_t list = yaml_find(importer->tree, importer->outer, "architectures");
    uint32_t first = list && yaml_at(importer->tree, list)->kind == YAML_SEQUENCE ? yaml_at(importer->tree, list)->first : 0;
    if (!first || yaml_at(importer->tree, first)->kind != YAML_SCALAR)
        return false;
    const char *text = yaml_text(importer->tree, first);
    size_t length = strlen(text);
    const struct family *family = importer->family;
    while (family && !family->headless_node)
        family = family->parent;
    for (uint32_t item = family ? yaml_at(family->head.tree, family->headless_node)->first : 0; item; item = yaml_at(family->head.tree, item)->next) {
        const char *ending = yaml_text(family->head.tree, item);
        bool head = *ending == '!';
        size_t least = strlen(ending += head);
        if (length >= least && !strcmp(text + length - least, ending))
            return !head;
    }
    return false;
}

static void set_encoder(struct importer *importer)
{
    const struct model *m = importer->model;
    double layers = number_of(importer, ROLE_ENCODER_LAYERS), ffn = number_of(importer, ROLE_ENCODER_FFN);
    if (layers <= 0)
        return;
    struct model part = {.layers = layers, .hidden = m->hidden, .heads = m->heads, .kv_heads = m->heads, .ffn = ffn > 0 ? ffn : m->ffn,
                         .head_dim = m->head_dim > 0 ? m->head_dim : m->hidden / fmax(m->heads, 1),
                         .ffn_kind = m->ffn_kind, .bias = m->bias, .learned_positions = m->learned_positions, .tied_embeddings = true};
    struct model_size size;
    model_measure(&part, &size);
    set_number(importer, "encoders", (struct found){m->encoders + size.total, find(importer, ROLE_ENCODER_LAYERS).node});
}

static void set_model(struct importer *importer)
{
    static const enum role needed[] = {ROLE_LAYERS, ROLE_HIDDEN, ROLE_HEADS, ROLE_VOCAB};
    static const enum role shape[] = {ROLE_LAYERS, ROLE_HIDDEN, ROLE_HEADS, ROLE_KV_HEADS, ROLE_VOCAB, ROLE_PREDICTION,
                                      ROLE_TIED, ROLE_BIAS, ROLE_PARALLEL, ROLE_HEADLESS, ROLE_FILE_BYTES};
    struct model *model = importer->model;
    const char *name;
    size_t length;
    uint32_t list = role_node(importer, ROLE_LAYER_KINDS, &name, &length);
    struct found layers = {0, 0};
    importer->layers = (struct layers){.node = 0};
    /* What is wrong is told before what is missing. */
    for (size_t i = 1; i < sizeof shape / sizeof *shape; i++)
        find(importer, shape[i]);
    bool listed = !role_node(importer, ROLE_LAYERS, &name, &length) && list && !is_null(importer, list);
    if (listed)
        layers = (struct found){yaml_at(importer->tree, list)->length, list};
    else
        layers = find(importer, ROLE_LAYERS);
    double times = fmax(number_of(importer, ROLE_LAYERS_TIMES), 1);
    layers.value *= times;
    struct found heads = find(importer, ROLE_HEADS), width = find(importer, ROLE_HEAD_DIM);
    bool divided = !heads.node && heads.value <= 0 && width.value > 0;
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
        if (!(listed && needed[i] == ROLE_LAYERS) && !(divided && needed[i] == ROLE_HEADS))
            require(importer, needed[i]);
    bool latent = has_latent(importer), single = is_true(importer, ROLE_MULTI_QUERY) && !is_true(importer, ROLE_GROUPED);
    for (size_t i = 0; i < sizeof shape / sizeof *shape; i++)
        if (!((latent || single) && shape[i] == ROLE_KV_HEADS) && !(listed && shape[i] == ROLE_LAYERS))
            set_role(importer, shape[i]);
    if (listed)
        set_number(importer, "layers", layers);
    if (single)
        set_number(importer, "kv_heads", (struct found){1, find(importer, ROLE_MULTI_QUERY).node});
    struct found embedding = find(importer, ROLE_EMBEDDING);
    if (embedding.value > 0 && embedding.value != model->hidden && model->hidden > 0)
        refuse(importer, ROLE_EMBEDDING, "is another width than that of the layers, which an entry cannot say");
    if (times > 1)
        set_number(importer, "layers", layers);
    if (divided)
        set_number(importer, "heads", (struct found){floor(model->hidden / width.value), width.node});
    struct found head_dim = find(importer, ROLE_HEAD_DIM);
    if (head_dim.value <= 0 && latent)
        head_dim.value = number_of(importer, ROLE_NOPE_DIM);
    else if (head_dim.value <= 0 && model->heads > 0)
        head_dim.value = model->hidden / model->heads;
    if (head_dim.value > 0 && head_dim.value == floor(head_dim.value))
        set_number(importer, "head_dim", head_dim);
    if (!model->headless && is_headless(importer))
        set_flag(importer, "headless", (struct found){1, 0});
    count_layers(importer, layers.value);
    double experts = number_of(importer, ROLE_EXPERTS);
    set_positions(importer);
    set_feed_forward(importer, experts);
    set_attention(importer);
    set_experts(importer, layers.value, importer->layers.count[LAYER_FEED_FORWARD]);
    if (importer->layers.count[LAYER_STATE_SPACE] > 0 || number_of(importer, ROLE_SPACE_BLOCKS) == 3)
        set_state_space(importer, layers.value);
    if (!importer->context->first)
        set_encoder(importer);
}

/* ---- Towers ---- */

/* Parameters of an encoder for images or sound: its layers, patches, positions, and what brings its output to the text
 * model's width. */
static double measure_tower(struct importer *tower, double text_hidden)
{
    struct model part = {.hidden = number_of(tower, ROLE_HIDDEN), .layers = number_of(tower, ROLE_LAYERS), .ffn = number_of(tower, ROLE_FFN),
                         .tied_embeddings = true};
    if (part.ffn <= 0)
        part.ffn = fmax(number_of(tower, ROLE_FFN_TIMES), 4) * part.hidden;
    part.heads = part.kv_heads = 1;
    part.head_dim = part.hidden;
    part.bias = is_true(tower, ROLE_BIAS);
    part.ffn_kind = is_true(tower, ROLE_GATED) ? FEED_FORWARD_GATED : FEED_FORWARD_PLAIN;
    part.learned_positions = number_of(tower, ROLE_POSITIONS);
    if (part.hidden <= 0 || part.layers <= 0)
        return 0;
    struct model_size size;
    model_measure(&part, &size);
    double patch = number_of(tower, ROLE_TOWER_PATCH), merge = fmax(number_of(tower, ROLE_TOWER_MERGE), 1);
    double in = part.hidden * merge * merge, out = number_of(tower, ROLE_TOWER_OUT), middle = number_of(tower, ROLE_TOWER_MIDDLE);
    out = out > 0 ? out : text_hidden;
    double projector = middle <= 0 ? 0 : middle == 1 ? in * out : middle == 2 ? in * in + in * out : in * out + out * out;
    return size.total + patch * patch * fmax(number_of(tower, ROLE_TOWER_CHANNELS), 3) * part.hidden +
           fmax(number_of(tower, ROLE_TOWER_MERGERS), 1) * projector + number_of(tower, ROLE_TOWER_MORE);
}

/* The tower under a key: by what its own mapping says it is, else as the family of the whole has it. */
static void add_tower(struct importer *importer, uint32_t node, const char *usual, const char *key)
{
    const struct yaml_tree *tree = importer->tree;
    uint32_t type = node ? yaml_find(tree, node, "model_type") : 0;
    const struct family *family = type && yaml_at(tree, type)->kind == YAML_SCALAR ? family_of_type(importer->catalog, yaml_text(tree, type)) : NULL;
    if (usual && !strcmp(usual, "none"))
        family = NULL;
    else if (!family || !family->tower)
        family = usual && *usual ? (const struct family *)catalog_find(importer->catalog, KIND_FAMILY, usual) : NULL;
    struct place place = place_of_node(importer, node);
    if (!family) {
        if (node)
            warning(importer->context, SPEEDUP_UNSUPPORTED_MODEL, &place, "'%s' is not counted in the parameters%s", key,
                    usual ? ": its publisher counts it apart" : ": of no known kind");
        return;
    }
    struct importer tower = *importer;
    tower.inner = tower.outer = node ? node : importer->outer;
    tower.family = family;
    /* Nothing of a tower that is left out stands in its file. */
    static const struct yaml_node nothing[] = {{0}, {.kind = YAML_MAPPING}};
    static const struct yaml_tree empty = {.file = "", .nodes = nothing, .node_count = 2, .bytes = "", .root = 1};
    if (!node) {
        tower.tree = &empty;
        tower.inner = tower.outer = 1;
    }
    text_begin(&tower.taken, &importer->context->allocator);
    double parameters = measure_tower(&tower, importer->model->hidden);
    text_end(&tower.taken);
    importer->model->encoders += parameters;
    if (importer->path_count < MOST_PATHS && node)
        importer->paths[importer->path_count++] = (struct path_place){"encoders", place};
}

/* Low-rank adapters that a file brings for images and sound: inputs and outputs of all projections of its layers. */
static double measure_adapters(struct importer *importer)
{
    const struct model *m = importer->model;
    double rank = number_of(importer, ROLE_ADAPTERS) + number_of(importer, ROLE_ADAPTERS_MORE), q = m->heads * m->head_dim;
    double kv = (m->kv_heads > 0 ? m->kv_heads : m->heads) * m->head_dim;
    return rank * m->layers * (m->hidden + q + 2 * kv + q + m->hidden + m->hidden + 2 * m->ffn + m->ffn + m->hidden);
}

static void set_towers(struct importer *importer)
{
    const struct yaml_tree *tree = importer->tree;
    static const char *const keys[] = {"vision_config", "audio_config", "vision_tower_config"};
    uint32_t seen = 0;
    double before = importer->model->encoders;
    for (const struct family *family = importer->whole; family; family = family->parent) {
        const struct yaml_tree *own = family->head.tree;
        for (uint32_t key = family->towers_node ? yaml_at(own, family->towers_node)->first : 0; key; key = yaml_at(own, yaml_at(own, key)->next)->next) {
            const char *name = yaml_text(own, key);
            uint32_t node = node_under(tree, importer->outer, name, strlen(name));
            bool nearer = false;
            for (const struct family *other = importer->whole; other != family; other = other->parent)
                nearer |= family_node(other, other->towers_node, name) != 0;
            if (nearer)
                continue;
            for (uint32_t i = 0; i < sizeof keys / sizeof *keys; i++)
                seen |= !strcmp(keys[i], name) ? 1u << i : 0;
            if (!node || yaml_at(tree, node)->kind == YAML_MAPPING)
                add_tower(importer, node, yaml_text(own, yaml_at(own, key)->next), name);
        }
    }
    for (uint32_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        uint32_t node = yaml_find(tree, importer->outer, keys[i]);
        if (node && !(seen >> i & 1) && yaml_at(tree, node)->kind == YAML_MAPPING)
            add_tower(importer, node, NULL, keys[i]);
    }
    importer->model->encoders += measure_adapters(importer);
    double parameters = importer->model->encoders;
    if (parameters > before) {
        importer->model->encoders = before;
        set_number(importer, "encoders", (struct found){parameters, 0});
    }
}

/* ---- The family of a file ---- */

static const char *type_of(const struct importer *importer, uint32_t mapping, uint32_t *node)
{
    *node = yaml_find(importer->tree, mapping, "model_type");
    if (!*node || is_null(importer, *node) || yaml_at(importer->tree, *node)->kind != YAML_SCALAR)
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

static bool matches(const char *pattern, const char *name)
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

static bool spelled(const char *fields, const char *name)
{
    size_t length = strlen(name);
    for (const char *at = fields; *at;) {
        size_t part = strcspn(at, "|.");
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
    for (; family; family = family->parent) {
        const struct yaml_tree *tree = family->head.tree;
        for (uint32_t key = family->fields_node ? yaml_at(tree, family->fields_node)->first : 0; key; key = yaml_at(tree, yaml_at(tree, key)->next)->next)
            if (spelled(yaml_text(tree, yaml_at(tree, key)->next), name))
                return true;
        for (uint32_t item = family->ignores_node ? yaml_at(tree, family->ignores_node)->first : 0; item; item = yaml_at(tree, item)->next)
            if (matches(yaml_text(tree, item), name))
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
    if (!at->plain || is_null(importer, node) || !strcmp(text, "false"))
        return false;
    return !is_number(text, &number) || number >= 1;
}

/* A type that nobody knows: the family whose marks the file has most of, where it knows all that the file says. */
static void find_nearest(struct importer *importer, const char *type, uint32_t node)
{
    const struct yaml_tree *tree = importer->tree;
    size_t most = 0;
    for (size_t i = 0; i < importer->catalog->entries[KIND_FAMILY].count; i++) {
        const struct family *family = family_at(importer->catalog, i);
        size_t marks = 0;
        bool all = family->marks_node != 0;
        for (uint32_t item = all ? yaml_at(family->head.tree, family->marks_node)->first : 0; item && all; item = yaml_at(family->head.tree, item)->next) {
            const char *mark = yaml_text(family->head.tree, item);
            uint32_t found = node_under(tree, importer->inner, mark, strlen(mark));
            all = found && !is_null(importer, found);
            marks++;
        }
        if (all && marks > most) {
            most = marks;
            importer->family = family;
        }
    }
    struct place place = place_of_node(importer, node);
    if (!importer->family) {
        problem(importer->context, SPEEDUP_UNSUPPORTED_MODEL, &place, "'model_type' is '%.60s', of which no family is known, and no family is like it", type);
        name_families(importer, "say how it is read in 'families:' of a catalog file");
        return;
    }
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
            struct place place = place_of_node(importer, first);
            warning(importer->context, SPEEDUP_INCONSISTENT, &place, "'architectures' has '%.60s', of family '%s', but 'model_type' is of '%s', which is taken", name,
                    family->head.id, importer->whole->head.id);
            return;
        }
    }
}

static void find_family(struct importer *importer)
{
    uint32_t node, outer;
    const char *whole = type_of(importer, importer->outer, &outer), *type = type_of(importer, importer->inner, &node);
    if (whole)
        importer->whole = family_of_type(importer->catalog, whole);
    if (type)
        importer->family = family_of_type(importer->catalog, type);
    if (!importer->family && importer->whole && (!type || importer->inner != importer->outer))
        importer->family = importer->whole;
    if (importer->family) {
        check_architecture(importer);
        return;
    }
    if (!type && !whole) {
        struct place place = place_of_node(importer, node ? node : outer);
        problem(importer->context, SPEEDUP_UNSUPPORTED_MODEL, &place, "'model_type' is missing, so that the architecture is not known");
        name_families(importer, "give 'model_type'");
        return;
    }
    find_nearest(importer, type ? type : whole, type ? node : outer);
}

/* What a file of a known family says, but an entry cannot. */
static void refuse_foreign(struct importer *importer)
{
    for (const struct family *family = importer->family; family; family = family->parent) {
        const struct yaml_tree *tree = family->head.tree;
        for (uint32_t key = family->cannot_node ? yaml_at(tree, family->cannot_node)->first : 0; key; key = yaml_at(tree, yaml_at(tree, key)->next)->next) {
            const char *name = yaml_text(tree, key);
            uint32_t node = field_of(importer, name, strlen(name));
            if (node && says(importer, node))
                refuse_at(importer, node, name, strlen(name), yaml_text(tree, yaml_at(tree, key)->next));
        }
    }
}

/* ---- The file ---- */

/* The word of GGUF's general.file_type (ggml.h, llama_ftype), NULL for 16 bits and more, and for what is not known. */
static const char *file_word(double type)
{
    static const char words[] = "\0\0q4-0\0q4-1\0\0\0\0q8-0\0q5-0\0q5-1\0q2-k\0q3-k-s\0q3-k-m\0q3-k-l\0q4-k-s\0q4-k-m\0q5-k-s\0q5-k-m\0q6-k\0iq2-xxs\0iq2-xs\0"
                                "q2-k-s\0iq3-xs\0iq3-xxs\0iq1-s\0iq4-nl\0iq3-s\0iq3-m\0iq2-s\0iq2-m\0iq4-xs\0iq1-m\0\0\0\0\0tq1-0\0tq2-0\0mxfp4-experts\0";
    const char *word = type >= 0 && type <= 38 ? text_word(words, (int)type) : "";
    return *word ? word : NULL;
}

/* A file may say that its weights are kept in less than 16 bits, and how. */
static void set_quantized(struct importer *importer)
{
    struct found type = find(importer, ROLE_FILE_TYPE);
    const char *word = type.node ? file_word(type.value) : NULL;
    if (word) {
        set_text(importer, "quantized", type.node, word);
        return;
    }
    const uint32_t places[] = {importer->inner, importer->outer};
    bool mixed = false;
    struct text words;
    text_begin(&words, &importer->context->allocator);
    bool experts = importer->model->experts.count > 0;
    uint32_t node = precision_words(importer->tree, places, experts, &mixed, &words);
    if (!node && importer->beside) {
        const uint32_t root[] = {importer->beside->root, importer->beside->root};
        precision_words(importer->beside, root, experts, &mixed, &words);
    }
    const char *kept = words.failed || !words.length ? NULL : arena_copy(importer->arena, words.bytes, words.length);
    bool failed = words.failed || (words.length && !kept);
    text_end(&words);
    if (failed) {
        no_memory(importer->context);
    } else if (kept) {
        set_text(importer, "quantized", node, kept);
        struct place place = place_of_node(importer, node);
        if (mixed)
            warning(importer->context, SPEEDUP_UNSUPPORTED_MODEL, &place, "layers are kept in several precisions: '%s' is taken, with attention in 16 bits", kept);
    }
}

/* The text model of one that also sees or hears. */
static uint32_t inner_model(const struct yaml_tree *tree)
{
    static const char *const keys[] = {"text_config", "language_config", "llm_config", "thinker_config", "text_model_config"};
    for (uint32_t at = tree->root, i = 0; i < sizeof keys / sizeof *keys; i++) {
        uint32_t node = yaml_find(tree, at, keys[i]);
        if (node && yaml_at(tree, node)->kind == YAML_MAPPING) {
            uint32_t deeper = yaml_find(tree, node, "text_config");
            return deeper && yaml_at(tree, deeper)->kind == YAML_MAPPING ? deeper : node;
        }
    }
    return tree->root;
}

/* The name of the configuration, where it can be shown in a line. */
static void set_source(struct importer *importer, const char *name)
{
    bool shown = *name && text_is_utf8(name);
    for (const char *c = name; *c; c++)
        shown &= (unsigned char)*c >= 0x20 && *c != 0x7F;
    struct text text;
    text_begin(&text, &importer->context->allocator);
    text_format(&text, "imported from %s", shown ? name : "a config.json");
    const char *source = text.failed ? NULL : arena_copy(importer->arena, text.bytes, text.length);
    text_end(&text);
    if (source)
        set_text(importer, "source", 0, source);
    else
        no_memory(importer->context);
}

static void tell_taken(struct importer *importer)
{
    if (importer->taken.failed) {
        no_memory(importer->context);
        return;
    }
    struct place place = place_of_node(importer, 0);
    if (importer->taken.length)
        warning(importer->context, SPEEDUP_MISSING_KEY, &place, "left out, and taken as the default of family '%s': %s", importer->family->head.id,
                importer->taken.bytes);
}

/* What was told without stopping, as the notes of the model. */
static void set_notes(struct importer *importer)
{
    const speedup_context *context = importer->context;
    struct text text;
    text_begin(&text, &context->allocator);
    for (size_t i = 0; i < context->count; i++)
        text_format(&text, "%s%s", text.length ? "; " : "", context->items[i].message);
    const char *notes = text.failed || !text.bytes ? NULL : arena_copy(importer->arena, text.bytes, text.length);
    bool failed = text.failed || (text.bytes && !notes);
    text_end(&text);
    if (failed)
        no_memory(importer->context);
    else if (notes)
        set_text(importer, "notes", 0, notes);
}

/* The model that a configuration becomes; what is wrong is told. */
static bool translate(struct importer *importer, const char *name)
{
    speedup_context *context = importer->context;
    if (!expect_kind(context, importer->tree, importer->tree->root, YAML_MAPPING, "the document"))
        return false;
    importer->outer = importer->tree->root;
    importer->inner = inner_model(importer->tree);
    text_begin(&importer->taken, &context->allocator);
    find_family(importer);
    if (!context->first)
        refuse_foreign(importer);
    if (!context->first)
        set_source(importer, name);
    if (!context->first) {
        set_model(importer);
        set_quantized(importer);
    }
    if (!context->first)
        set_towers(importer);
    if (!context->first)
        tell_taken(importer);
    if (!context->first)
        set_notes(importer);
    text_end(&importer->taken);
    return !context->first;
}

/* What a file of weights, or the index of several, says of their bytes; 0 for nothing. */
static double weigh(speedup_context *context, struct arena *arena, const char *path)
{
    size_t length = strlen(path);
    struct yaml_tree tree;
    char *bytes;
    bool index = length > 5 && !strcmp(path + length - 5, ".json");
    if (yaml_load_head(context, arena, path, JSON_MOST_BYTES, &bytes, &length))
        return 0;
    if (!index)
        return safetensors_bytes(context, arena, path, bytes, length);
    return json_read_large(context, arena, path, bytes, length, &tree) ? 0 : index_bytes(&tree);
}

/* A model from its text, and from what stands beside it. */
static speedup_status import(speedup_context *context, const speedup_catalog *base, speedup_catalog *made, const char *name, const char *text,
                             size_t length, const struct yaml_tree *beside, const char *weights, const char *id)
{
    struct arena *arena = &made->arena;
    struct yaml_tree config;
    struct origin *origin = arena_zeroed(arena, 1, sizeof *origin);
    struct importer importer = {.context = context, .catalog = base, .tree = &config, .beside = beside, .arena = arena};
    importer.model = arena_zeroed(arena, 1, sizeof *importer.model);
    importer.paths = arena_zeroed(arena, MOST_PATHS, sizeof *importer.paths);
    const char *own = arena_copy(arena, id, strlen(id));
    if (!origin || !importer.model || !importer.paths || !own)
        return no_memory(context);
    if ((gguf_begins(text, length) ? gguf_read : json_begins(text, length) ? json_read : yaml_read)(context, arena, name, text, length, &config) ||
        !translate(&importer, name))
        return context->first;
    if (weights)
        importer.model->file_bytes = weigh(context, arena, weights);
    if (context->first)
        return context->first;
    *origin = (struct origin){.place = yaml_place(&config, importer.inner), .count = importer.path_count, .paths = importer.paths};
    importer.model->head.id = own;
    importer.model->head.origin = origin;
    return catalog_extend_by_value(context, base, made, KIND_MODEL, &importer.model->head);
}

static const char *join(struct arena *arena, const char *folder, size_t length, const char *name)
{
    char *path = arena_zeroed(arena, length + strlen(name) + 2, 1);
    if (path) {
        memcpy(path, folder, length);
        path[length] = '/';
        strcpy(path + length + (length && folder[length - 1] != '/'), name);
    }
    return path;
}

/* What modelopt writes beside a configuration; NULL where there is nothing that can be read. */
static struct yaml_tree *read_beside(speedup_context *context, struct arena *arena, const char *path)
{
    const char *slash = strrchr(path, '/'), *name = "hf_quant_config.json";
    const char *beside = slash ? join(arena, path, (size_t)(slash - path) + 1, name) : name;
    struct yaml_tree *tree = arena_zeroed(arena, 1, sizeof *tree);
    char *bytes;
    size_t length;
    if (!beside || !tree || !yaml_is_file(beside) || yaml_load_file(context, arena, beside, YAML_MOST_BYTES, &bytes, &length) ||
        json_read(context, arena, beside, bytes, length, tree))
        return NULL;
    return tree;
}

static bool ends(const char *text, const char *ending)
{
    size_t length = strlen(text), least = strlen(ending);
    return length >= least && !strcmp(text + length - least, ending);
}

static speedup_status import_file(speedup_context *context, const speedup_catalog *base, speedup_catalog *made, const char *path, const char *id)
{
    struct arena *arena = &made->arena;
    const char *weights = NULL, *slash = strrchr(path, '/');
    char *bytes;
    size_t length;
    if (yaml_is_folder(path)) {
        const char *index = join(arena, path, strlen(path), "model.safetensors.index.json"), *single = join(arena, path, strlen(path), "model.safetensors");
        weights = index && yaml_is_file(index) ? index : single && yaml_is_file(single) ? single : NULL;
        path = join(arena, path, strlen(path), "config.json");
    } else if (ends(path, ".safetensors") || ends(path, ".safetensors.index.json")) {
        weights = path;
        path = slash ? join(arena, path, (size_t)(slash - path) + 1, "config.json") : "config.json";
    }
    if (!path)
        return no_memory(context);
    if ((ends(path, ".gguf") ? yaml_load_head : yaml_load_file)(context, arena, path, JSON_MOST_BYTES, &bytes, &length))
        return context->first;
    const struct yaml_tree *beside = read_beside(context, arena, path);
    return context->first ? context->first : import(context, base, made, path, bytes, length, beside, weights, id);
}

speedup_status catalog_with_file(speedup_context *context, const speedup_catalog *base, const char *path, const char *id, speedup_catalog **catalog)
{
    speedup_catalog *made = catalog_allocate(context);
    if (!made)
        return SPEEDUP_OUT_OF_MEMORY;
    speedup_status status = import_file(context, base, made, path, id);
    if (status)
        speedup_catalog_unref(made);
    else
        *catalog = made;
    return status;
}

/* Is a text of a job the name of a file? */
static bool is_path(const char *text)
{
    return strchr(text, '/') || ends(text, ".json") || ends(text, ".gguf") || ends(text, ".safetensors");
}

speedup_status catalog_with_models(speedup_context *context, const speedup_catalog *catalog, const struct yaml_tree *tree, const char *from,
                                   const char *const *sections, speedup_catalog **with)
{
    *with = NULL;
    uint32_t own = yaml_find(tree, tree->root, kinds[KIND_MODEL].section);
    for (; *sections; sections++) {
        uint32_t section = yaml_find(tree, tree->root, *sections), model = section ? yaml_find(tree, section, "model") : 0;
        const char *text = model && yaml_at(tree, model)->kind == YAML_SCALAR ? yaml_text(tree, model) : "";
        if (!is_path(text) || catalog_find(catalog, KIND_MODEL, text) || (own && yaml_find(tree, own, text)))
            continue;
        struct arena arena;
        arena_begin(&arena, &context->allocator);
        const char *slash = *text == '/' ? NULL : strrchr(from, '/'), *path = slash ? join(&arena, from, (size_t)(slash - from) + 1, text) : text;
        /* A name of elsewhere has a '/' too: who has no such file is told the nearest entry. */
        if (path && (yaml_is_file(path) || yaml_is_folder(path)))
            catalog_with_file(context, catalog, path, text, with);
        arena_end(&arena);
        return path ? context->first : no_memory(context);
    }
    return SPEEDUP_OK;
}

static speedup_status check_id(speedup_context *context, const char *id)
{
    if (!valid_id(id))
        problem(context, SPEEDUP_BAD_NAME, NULL, "'%.70s' cannot name model: lower-case letters, digits, '-', '_' and '.'", id);
    return context->first;
}

speedup_status speedup_catalog_import_model_file(speedup_context *context, const speedup_catalog *base, const char *path, const char *id,
                                                 speedup_catalog **catalog)
{
    if (catalog)
        *catalog = NULL;
    REQUIRE_GIVEN(context, context);
    REQUIRE_GIVEN(context, base);
    REQUIRE_GIVEN(context, path);
    REQUIRE_GIVEN(context, id);
    REQUIRE_GIVEN(context, catalog);
    diagnostics_clear(context);
    return check_id(context, id) ? context->first : catalog_with_file(context, base, path, id, catalog);
}

speedup_status speedup_catalog_import_model(speedup_context *context, const speedup_catalog *base, const char *name,
                                            const char *text, size_t length, const char *id, speedup_catalog **catalog)
{
    if (catalog)
        *catalog = NULL;
    REQUIRE_GIVEN(context, context);
    REQUIRE_GIVEN(context, base);
    REQUIRE_GIVEN(context, id);
    REQUIRE_GIVEN(context, catalog);
    REQUIRE_ROOM(context, text, length);
    diagnostics_clear(context);
    if (check_id(context, id))
        return context->first;
    speedup_catalog *made = catalog_allocate(context);
    if (!made)
        return SPEEDUP_OUT_OF_MEMORY;
    speedup_status status = import(context, base, made, name ? name : "<text>", text ? text : "", length, NULL, NULL, id);
    if (status)
        speedup_catalog_unref(made);
    else
        *catalog = made;
    return status;
}
