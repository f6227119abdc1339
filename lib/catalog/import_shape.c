/* The shape of a model from its configuration: layers by kind, attention, feed-forward, experts, state spaces. */
#include "catalog/importer.h"

#include "base/number.h"

#include <limits.h>
#include <math.h>
#include <string.h>

/* ---- Layers ---- */

static enum layer_kind kind_of_word(const struct importer *importer, const char *word)
{
    const char *kind = FAMILY_TEXT(importer->format, words_node, word);
    int i = 0;
    kind = kind ? kind : FAMILY_TEXT(importer->family, words_node, word);
    while (kind && layer_kind_names[i] && strcmp(layer_kind_names[i], kind))
        i++;
    return kind && layer_kind_names[i] ? (enum layer_kind)i : LAYER_KINDS;
}

static enum layer_kind others_of(const struct family *family)
{
    return (enum layer_kind)family->others;
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

/* Which layers the list of a role names by number, from `base` on; NULL without such a list. */
static const bool *listed_layers(struct importer *importer, enum role role, double base, double layers)
{
    const struct yaml_tree *tree = importer->tree;
    char key[LONGEST_FIELD];
    uint32_t list = role_key(importer, role, key);
    if (!list || field_is_null(importer, list) || !expect_kind(importer->context, tree, list, YAML_SEQUENCE, key))
        return NULL;
    bool *marks = arena_zeroed(importer->arena, (size_t)layers + 1, sizeof *marks);
    for (uint32_t item = marks ? yaml_at(tree, list)->first : 0; item; item = yaml_at(tree, item)->next) {
        double value;
        if (!field_read(importer, item, key, ROLE_NUMBER, &value))
            return NULL;
        if (value < base || value - base >= layers) {
            struct place place = importer_place(importer, item);
            problem(importer->context, SPEEDUP_INCONSISTENT, &place, "'%s' has layer %.0f, but there are %.0f, from %.0f on", key, value, layers, base);
            return NULL;
        }
        marks[(size_t)(value - base)] = true;
    }
    return marks;
}

/* How often a layer comes, and its place in that period: the last where nothing says. */
static double find_period(struct importer *importer, enum role role, enum role place_role, double *offset)
{
    struct found every = role_find(importer, role), at = role_find(importer, place_role);
    if (at.node && every.value > 0 && at.value >= every.value)
        role_refuse(importer, place_role, "must be less than the period that it is a place in");
    *offset = role_is_said(importer, place_role) ? at.value : every.value - 1;
    return every.value;
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
    bool used = !role_is_said(importer, ROLE_WINDOW_USED) || role_is_true(importer, ROLE_WINDOW_USED);
    /* A file of a format that has all says its window, but that of a family whose layers differ by a rule. */
    used &= !importer->format || role_is_said(importer, ROLE_FULL_EVERY) || role_node(importer, ROLE_WINDOW, &name, &length);
    *by = (struct rules){.windowed = used && (others_of(importer->family) == LAYER_WINDOW || role_is_said(importer, ROLE_WINDOW)) && role_number(importer, ROLE_WINDOW) > 0};
    by->full = listed_layers(importer, ROLE_FULL_LIST, role_number(importer, ROLE_FULL_BASE), layers);
    by->every = by->full ? 0 : find_period(importer, ROLE_FULL_EVERY, ROLE_FULL_OFFSET, &by->offset);
    by->from = by->windowed ? role_number(importer, ROLE_WINDOW_FROM) : 0;
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
    unsigned char letters[UCHAR_MAX + 1] = {0}; /* kinds that were looked up, and 1 */
    words_begin(&words, importer, node, again);
    for (const char *word; (count < layers || !again) && (word = words_next(&words, &item)); count++) {
        /* A letter may come a million times. */
        unsigned char letter = word[0] && !word[1] ? (unsigned char)word[0] : 0;
        enum layer_kind kind = letter && letters[letter] ? (enum layer_kind)(letters[letter] - 1) : kind_of_word(importer, word);
        letters[letter] = (unsigned char)(kind + 1);
        if (kind == LAYER_KINDS) {
            struct place place = importer_place(importer, item);
            problem(importer->context, SPEEDUP_UNSUPPORTED_MODEL, &place, "'%.*s' of family '%s' has a layer of kind '%.40s', which is not known",
                    (int)length, name, importer->family->head.id, word);
            problem_remedy(importer->context, "say what it is in 'words' of a family: families: {mine: {base: %s, types: [...], words: {%.40s: full}}}",
                           importer->family->head.id, word);
            return;
        }
        importer->layers.count[kind]++;
    }
    if (count != layers) {
        struct place place = importer_place(importer, node);
        problem(importer->context, SPEEDUP_INCONSISTENT, &place, "'%.*s' lists %.0f layers, but there are %.0f", (int)length, name, count, layers);
    }
}

static uint32_t every_text(const struct importer *importer, const char **name, size_t *length)
{
    uint32_t node = role_node(importer, ROLE_FULL_EVERY, name, length);
    const struct yaml_node *at = node ? yaml_at(importer->tree, node) : NULL;
    return at && (at->kind == YAML_SEQUENCE || (at->kind == YAML_SCALAR && !at->plain)) && at->length ? node : 0;
}

/* A number of a list of one for each layer; 1 without a list. */
static double item_of(const struct importer *importer, uint32_t *item)
{
    double value = 1;
    if (!*item)
        return value;
    field_is_number(yaml_text(importer->tree, *item), &value);
    *item = yaml_at(importer->tree, *item)->next;
    return value;
}

/* Layers by their own numbers of keys and values: one with none attends not. It is of the family's other kind; or, where
 * none has attention and a feed-forward block both, the block alone, or a state space. */
static bool count_by_heads(struct importer *importer, double layers)
{
    const struct yaml_tree *tree = importer->tree;
    uint32_t keys, widths;
    if (!role_has_zeros(importer, ROLE_KV_HEADS, &keys) || yaml_at(tree, keys)->length != (uint32_t)layers)
        return false;
    if (!role_has_zeros(importer, ROLE_FFN, &widths) || yaml_at(tree, widths)->length != (uint32_t)layers)
        widths = 0;
    bool spaces = role_number(importer, ROLE_SPACE_STATE) > 0 || others_of(importer->family) != LAYER_FULL;
    importer->layers.node = keys;
    importer->apart = spaces && widths;
    uint32_t key = yaml_at(tree, keys)->first, width = widths ? yaml_at(tree, widths)->first : 0;
    for (double layer = 0; layer < layers; layer++) {
        bool attends = item_of(importer, &key) > 0, feeds = item_of(importer, &width) > 0;
        enum layer_kind other = others_of(importer->family);
        if (importer->apart)
            other = feeds ? LAYER_FEED_FORWARD : LAYER_STATE_SPACE;
        importer->absent += !attends && !spaces;
        importer->layers.count[attends || !spaces ? LAYER_FULL : other]++;
    }
    return true;
}

static void count_layers(struct importer *importer, double layers)
{
    const char *name;
    size_t length;
    uint32_t list = role_node(importer, ROLE_LAYER_KINDS, &name, &length);
    bool again = false;
    if (layers > MOST_LAYERS || count_by_heads(importer, layers))
        return; /* too many are told when they are set */
    if (!list || field_is_null(importer, list)) {
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
    struct found window = by.windowed ? role_find(importer, ROLE_WINDOW) : (struct found){0, 0};
    if (window.node && window.value > 0 && others_of(importer->family) == LAYER_FULL) {
        struct place place = importer_place(importer, window.node);
        warning(importer->context, SPEEDUP_UNSUPPORTED_MODEL, &place, "a window of %.0f tokens is given, but which layers have it neither the file nor family '%s' says: none is taken to",
                window.value, importer->family->head.id);
    }
    for (double layer = 0; layer < layers; layer++)
        importer->layers.count[kind_by_rules(importer, &by, layer)]++;
}

/* Layers without experts, by all the ways that files have to say it. */
static double count_dense(struct importer *importer, double layers)
{
    char key[LONGEST_FIELD];
    uint32_t node;
    double dense = 0, offset, first = role_number(importer, ROLE_DENSE_FIRST), last = role_is_said(importer, ROLE_EXPERT_LAST) ? role_number(importer, ROLE_EXPERT_LAST) : layers;
    if (layers > MOST_LAYERS)
        return 0; /* told when it is set */
    const bool *without = listed_layers(importer, ROLE_DENSE_LIST, 0, layers), *with = listed_layers(importer, ROLE_EXPERT_LIST, 0, layers);
    uint32_t each = role_key(importer, ROLE_EXPERT_KINDS, key);
    struct words words;
    bool list = each && yaml_at(importer->tree, each)->kind == YAML_SEQUENCE;
    if (list)
        words_begin(&words, importer, each, false);
    double every = list ? 1 : find_period(importer, ROLE_EXPERT_EVERY, ROLE_EXPERT_OFFSET, &offset);
    offset = every >= 1 && !list ? fmod(offset, every) : 0;
    every = fmax(every, 1);
    if (list && yaml_at(importer->tree, each)->length != layers) {
        struct place place = importer_place(importer, each);
        problem(importer->context, SPEEDUP_INCONSISTENT, &place, "'%s' lists %u layers, but there are %.0f", key, (unsigned)yaml_at(importer->tree, each)->length, layers);
        return 0;
    }
    for (double layer = 0; layer < layers; layer++) {
        const char *word = list ? words_next(&words, &node) : NULL;
        bool bare = word && (!strcmp(word, "0") || !strcmp(word, "dense") || !strcmp(word, "false"));
        if (word && !bare && strcmp(word, "1") && strcmp(word, "sparse") && strcmp(word, "moe") && strcmp(word, "true")) {
            field_refuse(importer, node, key, strlen(key), "has a layer that is neither dense (0) nor sparse (1)");
            return 0;
        }
        bool has = layer >= first && layer <= last && is_counted(layer, every, offset) && !(without && without[(size_t)layer]) && (!with || with[(size_t)layer]) && !bare;
        dense += !has;
    }
    return dense;
}

/* ---- Parts of a model ---- */

/* Rotated width: given, or as a share of a head. */
static struct found find_rotary(struct importer *importer, double head_dim)
{
    struct found given = role_find(importer, ROLE_ROTARY_DIM), share = role_find(importer, ROLE_ROTARY_SHARE);
    if (given.value > 0)
        return given;
    if (share.value > 1)
        role_refuse(importer, ROLE_ROTARY_SHARE, "is a share of 1 or less");
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
    import_number(importer, "attention.linear_layers", (struct found){layers, importer->layers.node});
    for (int i = 0; i < 2; i++) {
        struct found heads = role_find(importer, sides[i].heads), width = role_find(importer, sides[i].width);
        if (heads.value <= 0)
            heads.value = model->heads;
        if (width.value <= 0)
            width.value = model->head_dim > 0 ? model->head_dim : model->heads > 0 ? model->hidden / model->heads : 0;
        import_number(importer, sides[i].paths[0], heads);
        import_number(importer, sides[i].paths[1], width);
    }
    import_role(importer, ROLE_LINEAR_CONVOLUTION);
    import_role(importer, ROLE_LINEAR_GATE);
}

static void set_index_layers(struct importer *importer)
{
    const char *name, *word;
    size_t length;
    uint32_t node, list = role_node(importer, ROLE_INDEX_KINDS, &name, &length);
    struct words words;
    double own = 0;
    if (!list || field_is_null(importer, list))
        return;
    words_begin(&words, importer, list, false);
    while ((word = words_next(&words, &node)))
        own += !strcmp(word, "full");
    if (own > 0 && own < importer->model->layers)
        import_number(importer, "attention.index_layers", (struct found){own, list});
}

static void set_window(struct importer *importer)
{
    struct found window = role_find(importer, ROLE_WINDOW);
    if (window.value <= 0) {
        role_refuse(importer, ROLE_WINDOW, "is missing, and layers have a window");
        return;
    }
    import_number(importer, "attention.window", window);
    import_number(importer, "attention.window_layers", (struct found){importer->layers.count[LAYER_WINDOW], importer->layers.node});
    struct found width = role_find(importer, ROLE_FULL_HEAD_DIM), heads = role_find(importer, ROLE_FULL_KV_HEADS);
    if (width.value > 0)
        import_number(importer, "attention.full_head_dim", width);
    if (heads.value > 0)
        import_number(importer, "attention.full_kv_heads", heads);
    import_flag(importer, "attention.shared_values", role_find(importer, ROLE_SHARED_VALUES));
}

static bool has_latent(struct importer *importer)
{
    return role_number(importer, ROLE_KV_RANK) > 0 && (!role_is_said(importer, ROLE_LATENT) || role_is_true(importer, ROLE_LATENT));
}

/* Rotated and unrotated width of a head may be given together; values are as wide as what is unrotated, where nothing says. */
static struct found find_unrotated(struct importer *importer)
{
    struct found key = role_find(importer, ROLE_KEY_DIM);
    return key.value > 0 ? (struct found){key.value - role_number(importer, ROLE_ROPE_DIM), key.node} : role_find(importer, ROLE_NOPE_DIM);
}

static void set_attention(struct importer *importer)
{
    bool latent = has_latent(importer);
    if (latent) {
        bool joined = role_find(importer, ROLE_KEY_DIM).value > 0;
        role_require(importer, ROLE_ROPE_DIM);
        if (!joined) {
            role_require(importer, ROLE_NOPE_DIM);
            role_require(importer, ROLE_VALUE_DIM);
        }
        import_text(importer, "attention.kind", role_find(importer, ROLE_KV_RANK).node, attention_names[ATTENTION_LATENT]);
        const char *name;
        size_t length;
        bool valued = !joined || role_node(importer, ROLE_VALUE_DIM, &name, &length);
        import_roles(importer, ROLE_QUERY_RANK, ROLE_ROPE_DIM);
        import_number(importer, "attention.nope_dim", find_unrotated(importer));
        import_number(importer, "attention.value_dim", valued ? role_find(importer, ROLE_VALUE_DIM) : find_unrotated(importer));
        import_roles(importer, ROLE_INDEX_TOP_K, ROLE_INDEX_DIM);
        if (role_number(importer, ROLE_INDEX_TOP_K) > 0)
            set_index_layers(importer);
    } else {
        import_text(importer, "attention.kind", 0, attention_names[ATTENTION_STANDARD]);
        import_role(importer, ROLE_OUTPUT_GATE);
        const struct model *model = importer->model;
        struct found rotary = find_rotary(importer, model->head_dim > 0 ? model->head_dim : model->heads > 0 ? model->hidden / model->heads : 0);
        if (rotary.value > 0)
            import_number(importer, "attention.rotary_dim", rotary);
    }
    import_role(importer, ROLE_QK_NORM);
    import_role(importer, ROLE_QKV_BIAS);
    import_role(importer, ROLE_CROSS);
    import_role(importer, ROLE_BIDIRECTIONAL);
    if (importer->absent > 0)
        import_number(importer, "attention.absent_layers", (struct found){importer->absent, importer->layers.node});
    if (importer->layers.count[LAYER_WINDOW] > 0)
        set_window(importer);
    if (importer->layers.count[LAYER_LINEAR] > 0)
        set_linear(importer, importer->layers.count[LAYER_LINEAR]);
}

static void set_experts(struct importer *importer, double layers, double feed_forward)
{
    struct found count = role_find(importer, ROLE_EXPERTS);
    if (count.value <= 1 && importer->layers.count[LAYER_EXPERTS] <= 0)
        return;
    struct found ffn = role_find(importer, ROLE_EXPERT_FFN), shared = role_find(importer, ROLE_SHARED), width = role_find(importer, ROLE_SHARED_FFN);
    const char *name;
    size_t length;
    uint32_t lists = role_node(importer, ROLE_DENSE_LIST, &name, &length);
    struct found dense = {feed_forward > 0 || importer->layers.count[LAYER_EXPERTS] > 0 ? feed_forward : count_dense(importer, layers), role_find(importer, ROLE_DENSE_FIRST).node};
    dense.node = dense.node ? dense.node : lists;
    role_require(importer, ROLE_EXPERTS);
    role_require(importer, ROLE_ACTIVE);
    import_number(importer, "experts.count", count);
    struct found active = role_find(importer, ROLE_ACTIVE);
    double zero = role_number(importer, ROLE_ZERO_EXPERTS);
    if (zero > 0 && count.value > 0)
        active.value = floor(active.value * count.value / (count.value + zero) + 0.5);
    import_number(importer, "experts.active", active);
    import_number(importer, "experts.ffn", ffn.value > 0 ? ffn : role_find(importer, ROLE_FFN));
    if (shared.value > 0)
        import_number(importer, "experts.shared", shared);
    else if (width.value > 0)
        import_number(importer, "experts.shared", (struct found){1, width.node});
    if (width.value > 0)
        import_number(importer, "experts.shared_ffn", width);
    if (dense.value > 0)
        import_number(importer, "experts.dense_layers", dense);
    import_role(importer, ROLE_EXPERT_LATENT);
}

/* State spaces stand in an entry beside blocks that are layers of their own. */
static void set_state_space(struct importer *importer, double layers)
{
    const struct layers *by = &importer->layers;
    const struct model *model = importer->model;
    double blocks = fmax(role_number(importer, ROLE_SPACE_BLOCKS), 1), spaces = blocks == 3 ? layers : by->count[LAYER_STATE_SPACE];
    double kind = role_number(importer, ROLE_SPACE_KIND);
    struct found heads = role_find(importer, ROLE_SPACE_HEADS), inner = role_find(importer, ROLE_SPACE_INNER);
    struct found width = heads.node && inner.node ? (struct found){0, 0} : role_find(importer, ROLE_SPACE_HEAD_DIM);
    if (inner.value <= 0)
        inner.value = fmax(role_number(importer, ROLE_SPACE_TIMES), 1) * model->hidden;
    if (kind > 0) {
        heads = inner;
        width.value = 1;
    } else if (heads.value <= 0 && width.value > 0) {
        heads.value = inner.value / width.value;
    } else if (width.value <= 0 && heads.value > 0) {
        width.value = inner.value / heads.value;
    }
    import_number(importer, "layers", (struct found){layers * blocks, 0});
    import_number(importer, "state_space.layers", (struct found){spaces, by->node});
    struct place place = importer_place(importer, by->node);
    record_set_number(importer->context, NULL, kinds[KIND_MODEL].table, importer->model, "state_space.feed_forward_layers",
                      blocks > 1 ? layers : by->count[LAYER_FEED_FORWARD] + by->count[LAYER_EXPERTS], &place);
    if (kind > 0)
        import_text(importer, "state_space.kind", 0, state_space_names[(int)fmin(kind, 2)]);
    import_number(importer, "state_space.heads", heads);
    import_number(importer, "state_space.head_dim", width);
    static const enum role roles_of[] = {ROLE_SPACE_GROUPS, ROLE_SPACE_STATE};
    for (int i = 0; i < 2; i++) {
        struct found found = role_find(importer, roles_of[i]);
        found.value = fmax(found.value, 1);
        import_number(importer, role_path(roles_of[i]), found);
    }
    if (kind == STATE_SPACE_MAMBA_1) {
        struct found rank = role_find(importer, ROLE_SPACE_RANK);
        rank.value = rank.value > 0 ? rank.value : ceil(model->hidden / 16);
        import_number(importer, "state_space.rank", rank);
    }
}

/* Positions that are stretched beyond what they were trained for. */
static void set_positions(struct importer *importer)
{
    struct found most = role_find(importer, ROLE_MAX_SEQUENCE), stretch = role_find(importer, ROLE_STRETCH), positions = role_find(importer, ROLE_POSITIONS);
    double from = role_number(importer, ROLE_STRETCH_FROM);
    if (stretch.node && !field_is_null(importer, stretch.node) && stretch.value < 1 && !importer->context->first)
        role_refuse(importer, ROLE_STRETCH, "is a factor of 1 or more");
    if (!(from > 0) && !importer->format)
        from = most.value;
    if (stretch.value > 1 && stretch.value * from > most.value && !role_is_true(importer, ROLE_STRETCHED))
        most = (struct found){floor(stretch.value * from), stretch.node};
    if (most.value > 0)
        import_number(importer, "max_sequence", most);
    if (positions.value > 0) {
        positions.value += role_number(importer, ROLE_POSITIONS_MORE);
        import_number(importer, "learned_positions", positions);
    }
}

/* Layers as a search has left them (Puzzle, arXiv 2411.19146): each its own group of heads and width, or no such block. Means
 * are kept of what differs, from which the sums over layers follow. False where the file has no such list. */
static bool set_block_configs(struct importer *importer)
{
    const struct yaml_tree *tree = importer->tree;
    struct model *m = importer->model;
    char key[LONGEST_FIELD];
    uint32_t list = role_key(importer, ROLE_BLOCK_CONFIGS, key);
    double layers = 0, attending = 0, kv = 0, width = 0, one;
    if (!list || field_is_null(importer, list))
        return false;
    if (!expect_kind(importer->context, tree, list, YAML_SEQUENCE, key))
        return true;
    for (uint32_t item = yaml_at(tree, list)->first; item; item = yaml_at(tree, item)->next, layers++) {
        uint32_t attention = mapping_under(importer, item, "attention"), ffn = mapping_under(importer, item, "ffn");
        uint32_t group = attention ? yaml_find(tree, attention, "n_heads_in_group") : 0, heads = attention ? yaml_find(tree, attention, "num_key_value_heads") : 0;
        uint32_t times = ffn ? yaml_find(tree, ffn, "ffn_mult") : 0, whole = ffn ? yaml_find(tree, ffn, "intermediate_size") : 0;
        bool grouped = group && !field_is_null(importer, group), given = heads && !field_is_null(importer, heads);
        if ((grouped || given) && field_read(importer, grouped ? group : heads, key, ROLE_NUMBER, &one) && one >= 1) {
            if (grouped && fmod(m->heads, one) != 0)
                field_refuse(importer, group, key, strlen(key), "must have a group that the heads are a multiple of");
            attending++;
            kv += grouped ? m->heads / one : one;
        }
        if (times && !field_is_null(importer, times) && field_read(importer, times, "ffn_mult", ROLE_FACTOR, &one))
            width += ceil(floor(2 * one * m->hidden / 3) / 256) * 256;
        else if (whole && !field_is_null(importer, whole) && field_read(importer, whole, "intermediate_size", ROLE_NUMBER, &one))
            width += one;
    }
    if (importer->context->first)
        return true;
    if (layers != m->layers || attending < 1 || width < layers || kv > 1e9 || width > 1e12) {
        field_refuse(importer, list, key, strlen(key), "must have a block of attention or more, a feed-forward block or more, and as many items as there are layers");
        return true;
    }
    if (attending < layers)
        import_number(importer, "attention.absent_layers", (struct found){layers - attending, list});
    import_number(importer, "kv_heads", (struct found){floor(kv / attending), list});
    import_number(importer, "ffn", (struct found){floor(width / layers), list});
    m->varied = true;
    m->kv_heads = kv / attending;
    m->ffn = width / layers;
    return true;
}

/* Widths as multiples of the residual stream's, each rounded (OpenELM, arXiv 2404.14619, make_divisible): their mean. */
static double width_of_times(struct importer *importer)
{
    const struct yaml_tree *tree = importer->tree;
    struct found times = role_find(importer, ROLE_FFN_TIMES);
    double divisor = role_number(importer, ROLE_FFN_DIVISOR), sum = 0, count = 0, one = times.value;
    bool list = times.node && yaml_at(tree, times.node)->kind == YAML_SEQUENCE;
    if (divisor <= 0 || one <= 0)
        return one * importer->model->hidden;
    for (uint32_t item = list ? yaml_at(tree, times.node)->first : times.node; item || count == 0; item = list ? yaml_at(tree, item)->next : 0, count++) {
        if (list)
            field_is_number(yaml_text(tree, item), &one);
        double exact = one * importer->model->hidden, width = fmax(floor(exact / divisor + 0.5), 1) * divisor;
        sum += width < 0.9 * exact ? width + divisor : width;
    }
    return sum / count;
}

static void set_feed_forward(struct importer *importer, double experts)
{
    import_text(importer, "ffn_kind", 0, feed_forward_names[role_is_true(importer, ROLE_GATED) ? FEED_FORWARD_GATED : FEED_FORWARD_PLAIN]);
    if (set_block_configs(importer))
        return;
    struct found ffn = role_find(importer, ROLE_FFN), dense = role_find(importer, ROLE_DENSE_FFN);
    if (experts > 1 && dense.value > 0)
        ffn = dense;
    double scale = role_number(importer, ROLE_FFN_SCALE), multiple = role_number(importer, ROLE_FFN_MULTIPLE);
    if (scale > 0 && (!role_is_said(importer, ROLE_FFN_SCALED) || role_is_true(importer, ROLE_FFN_SCALED)))
        ffn.value = floor(scale * ffn.value + 1e-6);
    if (scale > 0 && multiple > 0)
        ffn.value = ceil(ffn.value / multiple) * multiple;
    if (ffn.value <= 0)
        ffn.value = width_of_times(importer);
    if (ffn.value <= 0)
        ffn = experts > 1 ? role_find(importer, ROLE_EXPERT_FFN) : role_find(importer, ROLE_SPACE_INNER);
    /* No block is one where all layers are state spaces. */
    if (ffn.value <= 0 && importer->layers.count[LAYER_STATE_SPACE] > 0)
        ffn.value = importer->model->hidden;
    bool mean = !ffn.node || yaml_at(importer->tree, ffn.node)->kind == YAML_SEQUENCE;
    if (ffn.value <= 0)
        role_require(importer, ROLE_FFN);
    else if (import_number(importer, "ffn", (struct found){mean ? fmax(floor(ffn.value), 1) : ffn.value, ffn.node}) && mean)
        importer->model->ffn = ffn.value; /* of layers that differ */
}

/* Does the class of the file end as one of the family's endings? The first that fits decides. */
static bool is_headless(const struct importer *importer)
{
    uint32_t own = yaml_find(importer->tree, importer->inner, "architectures"), list = own ? own : yaml_find(importer->tree, importer->outer, "architectures");
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
    double layers = role_number(importer, ROLE_ENCODER_LAYERS), ffn = role_number(importer, ROLE_ENCODER_FFN);
    if (layers <= 0)
        return;
    struct model part = {.layers = layers, .hidden = m->hidden, .heads = m->heads, .kv_heads = m->heads, .ffn = ffn > 0 ? ffn : m->ffn,
                         .head_dim = m->head_dim > 0 ? m->head_dim : m->hidden / fmax(m->heads, 1),
                         .ffn_kind = m->ffn_kind, .bias = m->bias, .learned_positions = m->learned_positions, .tied_embeddings = true};
    struct model_size size;
    model_measure(&part, &size);
    import_number(importer, "encoders", (struct found){m->encoders + size.total, role_find(importer, ROLE_ENCODER_LAYERS).node});
}

void import_shape(struct importer *importer)
{
    static const enum role needed[] = {ROLE_LAYERS, ROLE_HIDDEN, ROLE_HEADS, ROLE_VOCAB};
    static const enum role shape[] = {ROLE_LAYERS, ROLE_HIDDEN, ROLE_HEADS, ROLE_KV_HEADS, ROLE_VOCAB, ROLE_PREDICTION,
                                      ROLE_TIED, ROLE_BIAS, ROLE_PARALLEL, ROLE_HEADLESS, ROLE_FILE_BYTES};
    struct model *model = importer->model;
    const char *name;
    size_t length;
    uint32_t list = role_node(importer, ROLE_LAYER_KINDS, &name, &length);
    importer->layers = (struct layers){.node = 0};
    bool listed = !role_node(importer, ROLE_LAYERS, &name, &length) && list && !field_is_null(importer, list);
    struct found layers = listed ? (struct found){yaml_at(importer->tree, list)->length, list} : role_find(importer, ROLE_LAYERS);
    importer->counted = layers.value;
    /* What is wrong is told before what is missing. */
    for (size_t i = 1; i < sizeof shape / sizeof *shape; i++)
        role_find(importer, shape[i]);
    double times = fmax(role_number(importer, ROLE_LAYERS_TIMES), 1);
    layers.value *= times;
    if (role_is_true(importer, ROLE_PREDICTION_COUNTED))
        layers.value -= role_number(importer, ROLE_PREDICTION);
    struct found heads = role_find(importer, ROLE_HEADS), width = role_find(importer, ROLE_HEAD_DIM);
    bool divided = !heads.node && heads.value <= 0 && width.value > 0;
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
        if (!(listed && needed[i] == ROLE_LAYERS) && !(divided && needed[i] == ROLE_HEADS))
            role_require(importer, needed[i]);
    bool latent = has_latent(importer), single = role_is_true(importer, ROLE_MULTI_QUERY) && !role_is_true(importer, ROLE_GROUPED);
    for (size_t i = 0; i < sizeof shape / sizeof *shape; i++)
        if (!((latent || single) && shape[i] == ROLE_KV_HEADS) && !(listed && shape[i] == ROLE_LAYERS))
            import_role(importer, shape[i]);
    if (listed)
        import_number(importer, "layers", layers);
    if (single)
        import_number(importer, "kv_heads", (struct found){1, role_find(importer, ROLE_MULTI_QUERY).node});
    struct found embedding = role_find(importer, ROLE_EMBEDDING);
    if (embedding.value > 0 && embedding.value != model->hidden && model->hidden > 0)
        role_refuse(importer, ROLE_EMBEDDING, "is another width than that of the layers, which an entry cannot say");
    if (layers.value != role_number(importer, ROLE_LAYERS) && !listed)
        import_number(importer, "layers", layers);
    if (divided)
        import_number(importer, "heads", (struct found){floor(model->hidden / width.value), width.node});
    struct found head_dim = role_find(importer, ROLE_HEAD_DIM);
    if (latent && (head_dim.value <= 0 || role_number(importer, ROLE_KEY_DIM) > 0))
        head_dim.value = find_unrotated(importer).value;
    else if (head_dim.value <= 0 && model->heads > 0)
        head_dim.value = model->hidden / model->heads;
    if (head_dim.value > 0 && (head_dim.node || head_dim.value == floor(head_dim.value)))
        import_number(importer, "head_dim", head_dim);
    if (!model->headless && is_headless(importer))
        import_flag(importer, "headless", (struct found){1, 0});
    count_layers(importer, layers.value);
    double experts = role_number(importer, ROLE_EXPERTS);
    set_positions(importer);
    set_feed_forward(importer, experts);
    set_attention(importer);
    set_experts(importer, layers.value, importer->layers.count[LAYER_FEED_FORWARD]);
    if (importer->layers.count[LAYER_STATE_SPACE] > 0 || role_number(importer, ROLE_SPACE_BLOCKS) == 3)
        set_state_space(importer, layers.value);
    import_roles(importer, ROLE_BITS_ATTENTION, ROLE_BITS_ENCODERS);
    if (!importer->context->first)
        set_encoder(importer);
}
