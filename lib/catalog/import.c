/* A model from the config.json that Hugging Face repositories carry (JSON is YAML).
 * Sets the fields of the model by the catalog's own table, each told of where the
 * configuration has it; knows the names of configurations' fields, and refuses what an
 * entry cannot say. */
#include "catalog/catalog.h"

#include <math.h>
#include <string.h>

/* What a family of architectures has without saying so in its fields. */
enum {
    FAMILY_PLAIN = 1,      /* two feed-forward matrices */
    FAMILY_BIAS = 2,       /* biases on all linear layers */
    FAMILY_QKV_BIAS = 4,   /* biases on query, key and value */
    FAMILY_NORM = 8,       /* queries and keys are normalized */
    FAMILY_WINDOW = 16,    /* 'sliding_window' holds for all layers */
    FAMILY_ALTERNATE = 32, /* … for every second layer */
    FAMILY_TIED = 64,      /* tied embeddings unless 'tie_word_embeddings' says otherwise */
    FAMILY_POSITIONS = 128, /* learned positions */
    FAMILY_PARALLEL = 256, /* attention and feed-forward side by side */
};

static const struct family {
    const char *type; /* 'model_type' */
    int has;
} families[] = {
    {"llama", 0},
    {"mistral", FAMILY_WINDOW},
    {"mixtral", FAMILY_WINDOW},
    {"qwen2", FAMILY_QKV_BIAS},
    {"qwen2_moe", FAMILY_QKV_BIAS},
    {"qwen3", FAMILY_NORM},
    {"qwen3_moe", FAMILY_NORM},
    {"qwen3_next", FAMILY_NORM},
    {"qwen3_5", FAMILY_NORM},
    {"qwen3_5_text", FAMILY_NORM},
    {"qwen3_5_moe", FAMILY_NORM},
    {"qwen3_5_moe_text", FAMILY_NORM},
    {"deepseek_v2", 0},
    {"deepseek_v3", 0},
    {"deepseek_v32", 0},
    {"kimi_k2", 0},
    {"glm4_moe", 0},
    {"glm_moe_dsa", 0},
    {"gpt_oss", FAMILY_BIAS},
    {"minimax_m2", 0},
    {"gemma", FAMILY_TIED},
    {"gemma2", FAMILY_TIED | FAMILY_ALTERNATE},
    {"gemma3_text", FAMILY_TIED | FAMILY_NORM},
    {"phi3", FAMILY_WINDOW},
    {"olmo2", FAMILY_NORM},
    {"starcoder2", FAMILY_PLAIN | FAMILY_BIAS | FAMILY_WINDOW | FAMILY_TIED},
    {"gpt2", FAMILY_PLAIN | FAMILY_BIAS | FAMILY_TIED | FAMILY_POSITIONS},
    {"gpt_neox", FAMILY_PLAIN | FAMILY_BIAS | FAMILY_PARALLEL},
    {"phi", FAMILY_PLAIN | FAMILY_BIAS | FAMILY_PARALLEL},
};

/* A number and the node that gave it, 0 where it follows from others. */
struct found {
    double value;
    uint32_t node;
};

enum { MOST_WRONG = 32, MOST_PATHS = 64 };

struct importer {
    speedup_context *context;
    const struct yaml_tree *tree;
    uint32_t inner; /* of a text model inside a larger one; else the root */
    const struct family *family;
    struct model *model;
    struct arena *arena;
    uint32_t wrong[MOST_WRONG]; /* values that were told wrong: not again when they are read again */
    size_t wrong_count;
    struct path_place *paths; /* where the configuration has the fields of the model */
    size_t path_count;
    struct found head_dim; /* as read, whole or not, for what follows from it */
};

/* The value of a field, 0 when it is absent or null; the text model's own comes first. */
static uint32_t field_of(const struct importer *importer, const char *key)
{
    const uint32_t places[] = {importer->inner, importer->tree->root};
    for (int i = 0; i < 2; i++) {
        uint32_t node = yaml_find(importer->tree, places[i], key);
        if (node && !(yaml_at(importer->tree, node)->plain && !strcmp(yaml_text(importer->tree, node), "null")))
            return node;
    }
    return 0;
}

static void refuse(const struct importer *importer, uint32_t node, const char *key, const char *why)
{
    struct place place = yaml_place(importer->tree, node ? node : importer->inner);
    problem(importer->context, SPEEDUP_UNSUPPORTED_MODEL, &place, "'%s' %s", key, why);
}

static bool was_wrong(const struct importer *importer, uint32_t node)
{
    for (size_t i = 0; i < importer->wrong_count; i++)
        if (importer->wrong[i] == node)
            return true;
    return false;
}

/* The number of the first of some fields ("a|b") that is there, else `otherwise`. */
static struct found find_number(struct importer *importer, const char *keys, double otherwise)
{
    char key[64];
    for (const char *at = keys; *at;) {
        size_t length = strcspn(at, "|");
        memcpy(key, at, length);
        key[length] = '\0';
        uint32_t node = field_of(importer, key);
        struct found found = {otherwise, node};
        if (node && !was_wrong(importer, node) &&
            !read_number(importer->context, importer->tree, node, key, DIMENSION_NONE, 0, 1e15, &found.value) &&
            importer->wrong_count < MOST_WRONG)
            importer->wrong[importer->wrong_count++] = node;
        if (node)
            return found;
        at += length + (at[length] == '|');
    }
    return (struct found){otherwise, 0};
}

static double number_of(struct importer *importer, const char *keys, double otherwise)
{
    return find_number(importer, keys, otherwise).value;
}

static bool is_true(struct importer *importer, const char *key, bool otherwise)
{
    uint32_t node = field_of(importer, key);
    bool value = otherwise;
    if (node)
        read_bool(importer->context, importer->tree, node, key, &value);
    return value;
}

/* Where problems with a field of the model are told, kept for those that are found later. */
static struct place place_of(struct importer *importer, const char *path, uint32_t node)
{
    struct place place = yaml_place(importer->tree, node ? node : importer->inner);
    if (node && importer->path_count < MOST_PATHS)
        importer->paths[importer->path_count++] = (struct path_place){path, place};
    return place;
}

static void set_number(struct importer *importer, const char *path, struct found found)
{
    /* What follows from a number that is wrong or missing would only repeat that. */
    if (found.value <= 0 && importer->context->first)
        return;
    struct place place = place_of(importer, path, found.node);
    record_set_number(importer->context, NULL, kinds[KIND_MODEL].table, importer->model, path, found.value, &place);
}

static void set_text(struct importer *importer, const char *path, uint32_t node, const char *value)
{
    struct place place = place_of(importer, path, node);
    record_set_text(importer->context, NULL, kinds[KIND_MODEL].table, importer->model, path, value, &place);
}

/* A flag by a field of the configuration (NULL: none), else by what the family has. */
static void set_flag(struct importer *importer, const char *path, const char *key, bool otherwise)
{
    if (key ? !is_true(importer, key, otherwise) : !otherwise)
        return;
    struct place place = place_of(importer, path, key ? field_of(importer, key) : 0);
    record_set_bool(importer->context, kinds[KIND_MODEL].table, importer->model, path, true, &place);
}

/* A number of the model: its path in the catalog's format and its names in configurations. */
struct renamed {
    const char *path, *from;
    bool required;
};

static void set_renamed(struct importer *importer, const struct renamed *fields, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct found found = find_number(importer, fields[i].from, 0);
        if (found.value > 0) {
            set_number(importer, fields[i].path, found);
        } else if (fields[i].required && (!found.node || !importer->context->first)) {
            char key[64];
            size_t length = strcspn(fields[i].from, "|");
            memcpy(key, fields[i].from, length);
            key[length] = '\0';
            refuse(importer, 0, key, "is missing, and a model needs it");
        }
    }
}

static void find_family(struct importer *importer)
{
    uint32_t node = field_of(importer, "model_type");
    const char *type = "";
    if (!node) {
        refuse(importer, 0, "model_type", "is missing, so that the architecture is not known");
        return;
    }
    if (!read_text(importer->context, importer->tree, node, "model_type", &type))
        return;
    for (size_t i = 0; i < sizeof families / sizeof *families; i++)
        if (!strcmp(families[i].type, type))
            importer->family = &families[i];
    if (importer->family)
        return;
    struct place place = yaml_place(importer->tree, node);
    problem(importer->context, SPEEDUP_UNSUPPORTED_MODEL, &place, "'model_type' is '%.60s', an architecture that is not known", type);
}

/* Features that a known family may still turn on. */
static void refuse_foreign(struct importer *importer)
{
    static const struct {
        const char *key, *why;
        double most;
    } limits[] = {
        {"decoder_sparse_step", "over 1 spreads experts over some layers, which an entry cannot say", 1},
        {"interleave_moe_layer_step", "over 1 spreads experts over some layers, which an entry cannot say", 1},
        {"num_kv_shared_layers", "over 0 shares caches between layers, which an entry cannot say", 0},
    };
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
        if (number_of(importer, limits[i].key, 0) > limits[i].most)
            refuse(importer, field_of(importer, limits[i].key), limits[i].key, limits[i].why);
    if (is_true(importer, "is_encoder_decoder", false))
        refuse(importer, field_of(importer, "is_encoder_decoder"), "is_encoder_decoder", "is true; only decoders are known");
    uint32_t every = field_of(importer, "moe_layer_freq");
    if (every && (yaml_at(importer->tree, every)->kind != YAML_SCALAR || number_of(importer, "moe_layer_freq", 1) > 1))
        refuse(importer, every, "moe_layer_freq", "spreads experts over some layers, which an entry cannot say");
}

/* Layers by their type, from a list that names each or from a rule. */
struct layer_types {
    struct found window, linear;
};

static void count_layer_types(const struct importer *importer, uint32_t list, struct layer_types *types)
{
    const struct yaml_tree *tree = importer->tree;
    if (!expect_kind(importer->context, tree, list, YAML_SEQUENCE, "layer_types"))
        return;
    for (uint32_t item = yaml_at(tree, list)->first; item; item = yaml_at(tree, item)->next) {
        const char *type;
        if (!read_text(importer->context, tree, item, "layer_types", &type))
            return;
        if (!strcmp(type, "sliding_attention") || !strcmp(type, "chunked_attention")) {
            types->window.value++;
        } else if (!strcmp(type, "linear_attention")) {
            types->linear.value++;
        } else if (strcmp(type, "full_attention") != 0) {
            refuse(importer, item, "layer_types", "holds a type of layer that is not known");
            return;
        }
    }
}

static void find_layer_types(struct importer *importer, struct layer_types *types)
{
    uint32_t list = field_of(importer, "layer_types");
    struct found every = find_number(importer, "full_attention_interval", 0);
    struct found pattern = find_number(importer, "sliding_window_pattern", 0);
    struct found wide = find_number(importer, "sliding_window", 0);
    double layers = importer->model->layers;
    bool window = wide.value > 0 && is_true(importer, "use_sliding_window", true);
    types->window.node = types->linear.node = list;
    if (list)
        count_layer_types(importer, list, types);
    else if (every.value > 0)
        types->linear = (struct found){layers - floor(layers / every.value), every.node};
    else if (window && pattern.value > 0)
        types->window = (struct found){layers - floor(layers / pattern.value), pattern.node};
    else if (window && (importer->family->has & FAMILY_ALTERNATE))
        types->window = (struct found){layers - floor(layers / 2), wide.node};
    else if (window && (importer->family->has & FAMILY_WINDOW))
        types->window = (struct found){layers, wide.node};
}

/* Rotated width: given, or as a share of a head, which newer files keep among others. */
static struct found find_rotary(struct importer *importer)
{
    const struct yaml_tree *tree = importer->tree;
    struct found given = find_number(importer, "rotary_dim", 0);
    struct found share = find_number(importer, "partial_rotary_factor|rotary_pct", 0);
    uint32_t rope = field_of(importer, "rope_parameters");
    uint32_t inside = rope && yaml_at(tree, rope)->kind == YAML_MAPPING ? yaml_find(tree, rope, "partial_rotary_factor") : 0;
    if (inside && read_number(importer->context, tree, inside, "partial_rotary_factor", DIMENSION_NONE, 0, 1, &share.value))
        share.node = inside;
    if (given.value > 0)
        return given;
    return (struct found){share.value < 1 ? floor(share.value * importer->head_dim.value) : 0, share.node};
}

static void set_latent(struct importer *importer, uint32_t node)
{
    static const struct renamed fields[] = {
        {"attention.query_rank", "q_lora_rank", false},    {"attention.kv_rank", "kv_lora_rank", true},
        {"attention.rope_dim", "qk_rope_head_dim", true},  {"attention.nope_dim", "qk_nope_head_dim", true},
        {"attention.value_dim", "v_head_dim", true},       {"attention.index_top_k", "index_topk", false},
        {"attention.index_heads", "index_n_heads", false}, {"attention.index_dim", "index_head_dim", false},
    };
    set_text(importer, "attention.kind", node, attention_names[ATTENTION_LATENT]);
    set_renamed(importer, fields, sizeof fields / sizeof *fields);
}

static void set_attention(struct importer *importer, struct found latent)
{
    static const struct renamed linear[] = {
        {"attention.linear_key_heads", "linear_num_key_heads", true},
        {"attention.linear_key_dim", "linear_key_head_dim", true},
        {"attention.linear_value_heads", "linear_num_value_heads", true},
        {"attention.linear_value_dim", "linear_value_head_dim", true},
        {"attention.linear_convolution", "linear_conv_kernel_dim", false},
    };
    struct layer_types types = {0};
    int has = importer->family->has;
    find_layer_types(importer, &types);
    if (latent.value > 0)
        set_latent(importer, latent.node);
    else
        set_text(importer, "attention.kind", 0, attention_names[ATTENTION_STANDARD]);
    set_flag(importer, "attention.qk_norm", "use_qk_norm", has & FAMILY_NORM);
    set_flag(importer, "attention.output_gate", "attn_output_gate", false);
    set_flag(importer, "attention.qkv_bias", "attention_bias", has & FAMILY_QKV_BIAS);
    struct found rotary = {0};
    if (!(latent.value > 0))
        rotary = find_rotary(importer);
    if (rotary.value > 0)
        set_number(importer, "attention.rotary_dim", rotary);
    if (types.window.value > 0) {
        set_number(importer, "attention.window", find_number(importer, "sliding_window|attention_chunk_size", 0));
        set_number(importer, "attention.window_layers", types.window);
    }
    if (types.linear.value > 0) {
        set_number(importer, "attention.linear_layers", types.linear);
        set_renamed(importer, linear, sizeof linear / sizeof *linear);
    }
}

static void set_experts(struct importer *importer)
{
    static const struct renamed active[] = {{"experts.active", "num_experts_per_tok|experts_per_token|moe_topk", true}};
    struct found count = find_number(importer, "n_routed_experts|num_local_experts|num_experts", 0);
    if (count.value <= 0)
        return;
    struct found shared = find_number(importer, "n_shared_experts|num_shared_experts", 0);
    struct found shared_width = find_number(importer, "shared_expert_intermediate_size|shared_intermediate_size", 0);
    struct found dense = find_number(importer, "first_k_dense_replace", 0);
    uint32_t dense_list = field_of(importer, "mlp_only_layers");
    if (dense_list && yaml_at(importer->tree, dense_list)->kind == YAML_SEQUENCE) {
        dense.value += yaml_at(importer->tree, dense_list)->length;
        dense.node = dense.node ? dense.node : dense_list;
    }
    set_number(importer, "experts.count", count);
    set_renamed(importer, active, 1);
    set_number(importer, "experts.ffn", find_number(importer, "moe_intermediate_size|intermediate_size", 0));
    if (shared.value > 0)
        set_number(importer, "experts.shared", shared);
    else if (shared_width.value > 0)
        set_number(importer, "experts.shared", (struct found){1, shared_width.node});
    if (shared_width.value > 0)
        set_number(importer, "experts.shared_ffn", shared_width);
    if (dense.value > 0)
        set_number(importer, "experts.dense_layers", dense);
}

/* A file may say that its weights are kept in less than 16 bits, and by which method. */
static void set_quantized(struct importer *importer)
{
    uint32_t node = field_of(importer, "quantization_config");
    uint32_t method = node && yaml_at(importer->tree, node)->kind == YAML_MAPPING ? yaml_find(importer->tree, node, "quant_method") : 0;
    if (!method || yaml_at(importer->tree, method)->kind != YAML_SCALAR)
        return;
    const char *text = yaml_text(importer->tree, method);
    if (valid_id(text))
        set_text(importer, "quantized", method, text);
}

static void set_model(struct importer *importer)
{
    static const struct renamed shape[] = {
        {"layers", "num_hidden_layers|n_layer", true}, {"hidden", "hidden_size|n_embd", true},
        {"heads", "num_attention_heads|n_head", true}, {"vocab", "vocab_size", true},
        {"max_sequence", "max_position_embeddings|n_positions", false},
        {"prediction_layers", "num_nextn_predict_layers|mtp_num_hidden_layers", false},
    };
    const struct model *model = importer->model;
    int has = importer->family->has;
    /* What is wrong is told before what is missing. */
    for (size_t i = 0; i < sizeof shape / sizeof *shape; i++)
        find_number(importer, shape[i].from, 0);
    set_renamed(importer, shape, sizeof shape / sizeof *shape);
    struct found latent = find_number(importer, "kv_lora_rank", 0), kv_heads = find_number(importer, "num_key_value_heads", 0);
    importer->head_dim = find_number(importer, "head_dim", model->heads > 0 ? model->hidden / model->heads : 0);
    set_number(importer, "ffn", find_number(importer, "intermediate_size|n_inner|moe_intermediate_size", 4 * model->hidden));
    set_text(importer, "ffn_kind", 0, feed_forward_names[has & FAMILY_PLAIN ? FEED_FORWARD_PLAIN : FEED_FORWARD_GATED]);
    if (latent.value <= 0 && kv_heads.value > 0)
        set_number(importer, "kv_heads", kv_heads);
    if (importer->head_dim.value > 0 && importer->head_dim.value == floor(importer->head_dim.value))
        set_number(importer, "head_dim", importer->head_dim);
    if ((has & FAMILY_POSITIONS) && model->max_sequence > 0)
        set_number(importer, "learned_positions", find_number(importer, shape[4].from, 0));
    set_flag(importer, "tied_embeddings", "tie_word_embeddings", has & FAMILY_TIED);
    set_flag(importer, "bias", "mlp_bias", has & FAMILY_BIAS);
    set_flag(importer, "parallel_block", NULL, has & FAMILY_PARALLEL);
    set_attention(importer, latent);
    set_experts(importer);
    set_quantized(importer);
}

/* The text model of one that also sees or hears. */
static uint32_t inner_model(const struct yaml_tree *tree)
{
    static const char *const keys[] = {"text_config", "language_config", "llm_config"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        uint32_t node = yaml_find(tree, tree->root, keys[i]);
        if (node && yaml_at(tree, node)->kind == YAML_MAPPING)
            return node;
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

/* The model that a configuration becomes; what is wrong is told. */
static bool translate(struct importer *importer, const char *name)
{
    if (!expect_kind(importer->context, importer->tree, importer->tree->root, YAML_MAPPING, "the document"))
        return false;
    importer->inner = inner_model(importer->tree);
    find_family(importer);
    if (!importer->context->first)
        refuse_foreign(importer);
    if (!importer->context->first)
        set_source(importer, name);
    if (!importer->context->first)
        set_model(importer);
    return !importer->context->first;
}

static speedup_status import(speedup_context *context, const speedup_catalog *base, speedup_catalog *made,
                             const char *name, const char *text, size_t length, const char *id)
{
    struct arena *arena = &made->arena;
    struct yaml_tree config;
    struct origin *origin = arena_zeroed(arena, 1, sizeof *origin);
    struct importer importer = {.context = context, .tree = &config, .arena = arena};
    importer.model = arena_zeroed(arena, 1, sizeof *importer.model);
    importer.paths = arena_zeroed(arena, MOST_PATHS, sizeof *importer.paths);
    const char *own = arena_copy(arena, id, strlen(id));
    if (!origin || !importer.model || !importer.paths || !own)
        return no_memory(context);
    if (yaml_read(context, arena, name, text, length, &config) || !translate(&importer, name))
        return context->first;
    *origin = (struct origin){.place = yaml_place(&config, importer.inner), .count = importer.path_count, .paths = importer.paths};
    importer.model->head.id = own;
    importer.model->head.origin = origin;
    return catalog_extend_by_value(context, base, made, KIND_MODEL, &importer.model->head);
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
    if (!valid_id(id)) {
        problem(context, SPEEDUP_BAD_NAME, NULL, "'%.70s' cannot name model: lower-case letters, digits, '-', '_' and '.'", id);
        return SPEEDUP_BAD_NAME;
    }
    speedup_catalog *made = catalog_allocate(context);
    if (!made)
        return SPEEDUP_OUT_OF_MEMORY;
    speedup_status status = import(context, base, made, name ? name : "<text>", text ? text : "", length, id);
    if (status)
        speedup_catalog_unref(made);
    else
        *catalog = made;
    return status;
}
