/* A model from the config.json that Hugging Face repositories carry (JSON is YAML).
 * Writes the model as an entry of the catalog's own format and reads that; knows the
 * names of configurations' fields, and refuses what an entry cannot say. */
#include "catalog/catalog.h"

#include "base/number.h"

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

struct importer {
    speedup_context *context;
    const struct yaml_tree *tree;
    uint32_t inner; /* of a text model inside a larger one; else the root */
    const struct family *family;
    struct text text;
    double layers, heads, head_dim; /* as they are read, for what follows from them */
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

/* The number of the first of some fields ("a|b") that is there, else `otherwise`. */
static double number_of(const struct importer *importer, const char *keys, double otherwise)
{
    char key[64];
    for (const char *at = keys; *at;) {
        size_t length = strcspn(at, "|");
        memcpy(key, at, length);
        key[length] = '\0';
        uint32_t node = field_of(importer, key);
        double value;
        if (node)
            return read_number(importer->context, importer->tree, node, key, DIMENSION_NONE, 0, 1e15, &value) ? value : otherwise;
        at += length + (at[length] == '|');
    }
    return otherwise;
}

static bool is_true(const struct importer *importer, const char *key, bool otherwise)
{
    uint32_t node = field_of(importer, key);
    bool value = otherwise;
    if (node)
        read_bool(importer->context, importer->tree, node, key, &value);
    return value;
}

static void put_number(struct importer *importer, const char *indent, const char *key, double value)
{
    char number[NUMBER_TEXT];
    text_format(&importer->text, "%s%s: %s\n", indent, key, number_exact(number, value));
}

static void put_flag(struct importer *importer, const char *indent, const char *key, bool value)
{
    if (value)
        text_format(&importer->text, "%s%s: true\n", indent, key);
}

/* A number of the model: its key in the catalog's format and in configurations. */
struct renamed {
    const char *key, *from;
    bool required;
};

static void put_renamed(struct importer *importer, const char *indent, const struct renamed *fields, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        double value = number_of(importer, fields[i].from, 0);
        if (value > 0) {
            put_number(importer, indent, fields[i].key, value);
        } else if (fields[i].required && !importer->context->first) {
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
static void refuse_foreign(const struct importer *importer)
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

/* Layers by their type, from a list that names each. */
struct layer_types {
    double window, linear;
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
            types->window++;
        } else if (!strcmp(type, "linear_attention")) {
            types->linear++;
        } else if (strcmp(type, "full_attention") != 0) {
            refuse(importer, item, "layer_types", "holds a type of layer that is not known");
            return;
        }
    }
}

static void find_layer_types(const struct importer *importer, struct layer_types *types)
{
    uint32_t list = field_of(importer, "layer_types");
    double every = number_of(importer, "full_attention_interval", 0), pattern = number_of(importer, "sliding_window_pattern", 0);
    bool window = number_of(importer, "sliding_window", 0) > 0 && is_true(importer, "use_sliding_window", true);
    if (list)
        count_layer_types(importer, list, types);
    else if (every > 0)
        types->linear = importer->layers - floor(importer->layers / every);
    else if (window && pattern > 0)
        types->window = importer->layers - floor(importer->layers / pattern);
    else if (window && (importer->family->has & FAMILY_ALTERNATE))
        types->window = importer->layers - floor(importer->layers / 2);
    else if (window && (importer->family->has & FAMILY_WINDOW))
        types->window = importer->layers;
}

/* Rotated width: given, or as a share of a head, which newer files keep among others. */
static double rotary_dim(const struct importer *importer)
{
    const struct yaml_tree *tree = importer->tree;
    double share = number_of(importer, "partial_rotary_factor|rotary_pct", 0);
    uint32_t rope = field_of(importer, "rope_parameters");
    uint32_t inside = rope && yaml_at(tree, rope)->kind == YAML_MAPPING ? yaml_find(tree, rope, "partial_rotary_factor") : 0;
    if (inside)
        read_number(importer->context, tree, inside, "partial_rotary_factor", DIMENSION_NONE, 0, 1, &share);
    double given = number_of(importer, "rotary_dim", 0);
    return given > 0 ? given : share < 1 ? floor(share * importer->head_dim) : 0;
}

static void put_latent(struct importer *importer)
{
    static const struct renamed fields[] = {
        {"query_rank", "q_lora_rank", false},    {"kv_rank", "kv_lora_rank", true},
        {"rope_dim", "qk_rope_head_dim", true},  {"nope_dim", "qk_nope_head_dim", true},
        {"value_dim", "v_head_dim", true},       {"index_top_k", "index_topk", false},
        {"index_heads", "index_n_heads", false}, {"index_dim", "index_head_dim", false},
    };
    text_put(&importer->text, "      kind: latent\n");
    put_renamed(importer, "      ", fields, sizeof fields / sizeof *fields);
}

static void put_attention(struct importer *importer)
{
    static const struct renamed linear[] = {
        {"linear_key_heads", "linear_num_key_heads", true},     {"linear_key_dim", "linear_key_head_dim", true},
        {"linear_value_heads", "linear_num_value_heads", true}, {"linear_value_dim", "linear_value_head_dim", true},
        {"linear_convolution", "linear_conv_kernel_dim", false},
    };
    struct layer_types types = {0};
    bool latent = number_of(importer, "kv_lora_rank", 0) > 0;
    int has = importer->family->has;
    find_layer_types(importer, &types);
    text_put(&importer->text, "    attention:\n");
    if (latent)
        put_latent(importer);
    else
        text_put(&importer->text, "      kind: standard\n");
    put_flag(importer, "      ", "qk_norm", is_true(importer, "use_qk_norm", has & FAMILY_NORM));
    put_flag(importer, "      ", "output_gate", is_true(importer, "attn_output_gate", false));
    put_flag(importer, "      ", "qkv_bias", is_true(importer, "attention_bias", has & FAMILY_QKV_BIAS));
    double rotary = latent ? 0 : rotary_dim(importer);
    if (rotary > 0)
        put_number(importer, "      ", "rotary_dim", rotary);
    if (types.window > 0) {
        put_number(importer, "      ", "window", number_of(importer, "sliding_window|attention_chunk_size", 0));
        put_number(importer, "      ", "window_layers", types.window);
    }
    if (types.linear > 0) {
        put_number(importer, "      ", "linear_layers", types.linear);
        put_renamed(importer, "      ", linear, sizeof linear / sizeof *linear);
    }
}

static void put_experts(struct importer *importer)
{
    double count = number_of(importer, "n_routed_experts|num_local_experts|num_experts", 0);
    if (count <= 0)
        return;
    double width = number_of(importer, "moe_intermediate_size|intermediate_size", 0);
    double shared = number_of(importer, "n_shared_experts|num_shared_experts", 0);
    double shared_width = number_of(importer, "shared_expert_intermediate_size|shared_intermediate_size", 0);
    uint32_t dense_list = field_of(importer, "mlp_only_layers");
    double dense = number_of(importer, "first_k_dense_replace", 0);
    if (dense_list && yaml_at(importer->tree, dense_list)->kind == YAML_SEQUENCE)
        dense += yaml_at(importer->tree, dense_list)->length;
    static const struct renamed active[] = {{"active", "num_experts_per_tok|experts_per_token|moe_topk", true}};
    text_put(&importer->text, "    experts:\n");
    put_number(importer, "      ", "count", count);
    put_renamed(importer, "      ", active, 1);
    put_number(importer, "      ", "ffn", width);
    if (shared > 0 || shared_width > 0)
        put_number(importer, "      ", "shared", shared > 0 ? shared : 1);
    if (shared_width > 0)
        put_number(importer, "      ", "shared_ffn", shared_width);
    if (dense > 0)
        put_number(importer, "      ", "dense_layers", dense);
}

/* A file may say that its weights are kept in less than 16 bits, and by which method. */
static void put_quantized(struct importer *importer)
{
    uint32_t node = field_of(importer, "quantization_config");
    uint32_t method = node && yaml_at(importer->tree, node)->kind == YAML_MAPPING ? yaml_find(importer->tree, node, "quant_method") : 0;
    if (!method || yaml_at(importer->tree, method)->kind != YAML_SCALAR)
        return;
    const char *text = yaml_text(importer->tree, method);
    if (valid_id(text))
        text_format(&importer->text, "    quantized: \"%s\"\n", text);
}

static void put_model(struct importer *importer, const char *id, const char *name)
{
    static const struct renamed shape[] = {
        {"layers", "num_hidden_layers|n_layer", true}, {"hidden", "hidden_size|n_embd", true},
        {"heads", "num_attention_heads|n_head", true}, {"vocab", "vocab_size", true},
        {"max_sequence", "max_position_embeddings|n_positions", false},
        {"prediction_layers", "num_nextn_predict_layers|mtp_num_hidden_layers", false},
    };
    int has = importer->family->has;
    bool latent = number_of(importer, "kv_lora_rank", 0) > 0;
    double hidden = number_of(importer, shape[1].from, 0), kv_heads = number_of(importer, "num_key_value_heads", 0);
    double positions = number_of(importer, shape[4].from, 0);
    importer->layers = number_of(importer, shape[0].from, 0);
    importer->heads = number_of(importer, shape[2].from, 0);
    importer->head_dim = number_of(importer, "head_dim", importer->heads > 0 ? hidden / importer->heads : 0);
    text_format(&importer->text, "models:\n  %s:\n    source: imported from %s\n", id, strpbrk(name, "\n\r'\"#:{}[]") ? "a config.json" : name);
    put_renamed(importer, "    ", shape, sizeof shape / sizeof *shape);
    put_number(importer, "    ", "ffn", number_of(importer, "intermediate_size|n_inner|moe_intermediate_size", 4 * hidden));
    text_format(&importer->text, "    ffn_kind: %s\n", feed_forward_names[has & FAMILY_PLAIN ? FEED_FORWARD_PLAIN : FEED_FORWARD_GATED]);
    if (!latent && kv_heads > 0)
        put_number(importer, "    ", "kv_heads", kv_heads);
    if (importer->head_dim > 0 && importer->head_dim == floor(importer->head_dim))
        put_number(importer, "    ", "head_dim", importer->head_dim);
    if ((has & FAMILY_POSITIONS) && positions > 0)
        put_number(importer, "    ", "learned_positions", positions);
    put_flag(importer, "    ", "tied_embeddings", is_true(importer, "tie_word_embeddings", has & FAMILY_TIED));
    put_flag(importer, "    ", "bias", is_true(importer, "mlp_bias", has & FAMILY_BIAS));
    put_flag(importer, "    ", "parallel_block", has & FAMILY_PARALLEL);
    put_attention(importer);
    put_experts(importer);
    put_quantized(importer);
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

/* The entry that a configuration becomes, as a text of the catalog's format. */
static bool translate(struct importer *importer, const char *id, const char *name)
{
    if (!expect_kind(importer->context, importer->tree, importer->tree->root, YAML_MAPPING, "the document"))
        return false;
    importer->inner = inner_model(importer->tree);
    find_family(importer);
    if (!importer->context->first)
        refuse_foreign(importer);
    if (!importer->context->first)
        put_model(importer, id, name);
    if (importer->text.failed)
        no_memory(importer->context);
    return !importer->context->first;
}

/* What problems with the translated entry are told of: not a place in the user's text. */
static const char *entry_name(const struct importer *importer, struct arena *arena, const char *name)
{
    struct text text;
    text_begin(&text, &importer->context->allocator);
    text_format(&text, "%s, as imported", name);
    const char *copy = text.failed ? NULL : arena_copy(arena, text.bytes, text.length);
    text_end(&text);
    return copy ? copy : name;
}

static speedup_status import(speedup_context *context, const speedup_catalog *base, speedup_catalog *made,
                             const char *name, const char *text, size_t length, const char *id)
{
    struct yaml_tree config, *tree = arena_zeroed(&made->arena, 1, sizeof *tree);
    struct importer importer = {.context = context, .tree = &config};
    if (!tree)
        return no_memory(context);
    if (yaml_read(context, &made->arena, name, text, length, &config))
        return context->first;
    text_begin(&importer.text, &context->allocator);
    if (translate(&importer, id, name) &&
        !yaml_read(context, &made->arena, entry_name(&importer, &made->arena, name), importer.text.bytes,
                   importer.text.length, tree))
        catalog_extend(context, base, made, tree, 1, NULL, NULL, 0);
    text_end(&importer.text);
    return context->first;
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
