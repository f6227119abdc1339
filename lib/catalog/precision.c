/* The precision that a published file keeps its weights and cache in, as words that optimizations answer to (`files:` of
 * their entries). Knows how files say it, and no optimization. */
#include "catalog/precision.h"

#include "base/number.h"

#include <math.h>
#include <string.h>

enum { LONGEST_WORD = 48 };


static bool is_scalar(const struct yaml_tree *tree, uint32_t node)
{
    return node && yaml_at(tree, node)->kind == YAML_SCALAR;
}

static bool is_null(const struct yaml_tree *tree, uint32_t node)
{
    return is_scalar(tree, node) && yaml_at(tree, node)->plain && !strcmp(yaml_text(tree, node), "null");
}

/* The text of the first of some keys, in lower case, with '-' for '_'; false where none is there. */
static bool word_at(const struct yaml_tree *tree, uint32_t mapping, const char *const *keys, char word[LONGEST_WORD])
{
    for (; *keys; keys++) {
        uint32_t node = yaml_find(tree, mapping, *keys);
        if (!is_scalar(tree, node) || is_null(tree, node) || !yaml_at(tree, node)->length || yaml_at(tree, node)->length >= LONGEST_WORD)
            continue;
        const char *text = yaml_text(tree, node);
        size_t i = 0;
        for (; text[i]; i++)
            word[i] = text[i] >= 'A' && text[i] <= 'Z' ? (char)(text[i] - 'A' + 'a') : text[i] == '_' ? '-' : text[i];
        word[i] = '\0';
        if (valid_id(word))
            return true;
    }
    return false;
}

#define WORD(tree, mapping, word, ...) word_at(tree, mapping, (const char *const[]){__VA_ARGS__, NULL}, word)

/* A number of the first of some keys, 0 where none is there. */
static double number_at(const struct yaml_tree *tree, uint32_t mapping, const char *const *keys)
{
    for (; *keys; keys++) {
        uint32_t node = yaml_find(tree, mapping, *keys);
        double number;
        size_t used;
        if (is_scalar(tree, node) && number_parse(yaml_text(tree, node), yaml_at(tree, node)->length, &number, &used) == NUMBER_OK &&
            used == yaml_at(tree, node)->length && number < 1000)
            return number;
    }
    return 0;
}

#define NUMBER(tree, mapping, ...) number_at(tree, mapping, (const char *const[]){__VA_ARGS__, NULL})

static bool is_true(const struct yaml_tree *tree, uint32_t mapping, const char *key)
{
    uint32_t node = yaml_find(tree, mapping, key);
    return is_scalar(tree, node) && (!strcmp(yaml_text(tree, node), "true") || !strcmp(yaml_text(tree, node), "True"));
}

/* Bits of a weight with the scale and the zero of its group. */
static double with_scales(double bits, double group)
{
    return bits + (group > 0 ? (16 + bits) / group : 0);
}

/* A scheme of weights by its bits, type and strategy (compressed-tensors, modelopt). */
static const char *scheme_word(const struct yaml_tree *tree, uint32_t weights, uint32_t activations)
{
    char type[LONGEST_WORD] = "int", strategy[LONGEST_WORD] = "";
    double bits = NUMBER(tree, weights, "num_bits"), group = NUMBER(tree, weights, "group_size");
    WORD(tree, weights, type, "type");
    WORD(tree, weights, strategy, "strategy");
    bool both = activations && yaml_at(tree, activations)->kind == YAML_MAPPING, real = !strcmp(type, "float");
    if (bits == 8)
        return real ? !strcmp(strategy, "block") ? "fp8-block" : "fp8" : both ? "int8" : "int8-weights";
    return bits != 4 ? NULL : !real ? "int4" : group == 32 ? "mxfp4" : "nvfp4";
}

/* A scheme by the name of its type ("fp8_e4m3", "int4_weight_only", "Int8DynamicActivationInt4WeightConfig"); `both` where
 * activations have it too. NULL for none that is known. */
static const char *type_word(const char *type, bool both)
{
    static const struct {
        const char *part, *alone, *both;
    } types[] = {
        {"int4", "int4", "int4"},       {"nvfp4", "nvfp4", "nvfp4"},      {"fp4", "mxfp4", "mxfp4"}, {"float4", "mxfp4", "mxfp4"}, {"fp8", "int8-weights", "fp8"},
        {"float8", "int8-weights", "fp8"}, {"e4m3", "int8-weights", "fp8"}, {"int8", "int8-weights", "int8"},
    };
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strstr(type, types[i].part))
            return both ? types[i].both : types[i].alone;
    return NULL;
}

/* Does a pattern of modules mean the projections of attention? */
static bool means_attention(const char *pattern)
{
    static const char *const names[] = {"self_attn", "linear_attn", ".attn", "attention"};
    static const char *const endings[] = {"", "*", ".*", "_proj", "_proj.*"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *at = strstr(pattern, names[i]);
        if (!at || strstr(at, "norm") || strstr(at, "index"))
            continue;
        size_t length = strlen(at);
        for (size_t j = 0; j < sizeof endings / sizeof *endings; j++) {
            size_t least = strlen(endings[j]);
            if (least ? length >= least && !strcmp(at + length - least, endings[j]) : length == strlen(names[i]))
                return true;
        }
    }
    return false;
}

/* Which part of a layer a pattern of modules means: 0 attention, 1 feed-forward blocks, 2 experts, 3 all of them. */
static int part_meant(const char *pattern)
{
    if (strstr(pattern, "attn") || strstr(pattern, "attention"))
        return 0;
    return strstr(pattern, "expert") ? 2 : strstr(pattern, "mlp") || strstr(pattern, "ffn") || strstr(pattern, "feed_forward") ? 1 : 3;
}

static void put_bits(struct kept_precision *said, int part, double bits)
{
    for (int i = 0; i < 3; i++)
        if (part == i || part == 3 || (part == 1 && i == 2 && said->bits[2] <= 0))
            said->bits[i] = bits;
}

/* The narrowest scheme of some groups of layers; where they differ, bits of each part. */
static const char *groups_word(const struct yaml_tree *tree, uint32_t groups, struct kept_precision *said)
{
    const char *word = NULL;
    double least = 0;
    if (!groups || yaml_at(tree, groups)->kind != YAML_MAPPING)
        return NULL;
    for (uint32_t key = yaml_at(tree, groups)->first; key; key = yaml_at(tree, yaml_at(tree, key)->next)->next) {
        uint32_t group = yaml_at(tree, key)->next, weights = yaml_find(tree, group, "weights"), modules = yaml_find(tree, group, "targets");
        const char *other = weights && yaml_at(tree, weights)->kind == YAML_MAPPING
                                ? scheme_word(tree, weights, yaml_find(tree, group, "input_activations")) : NULL;
        double bits = other ? NUMBER(tree, weights, "num_bits") : 0;
        said->mixed |= other && word && strcmp(other, word);
        for (uint32_t item = other && modules && yaml_at(tree, modules)->kind == YAML_SEQUENCE ? yaml_at(tree, modules)->first : 0; item; item = yaml_at(tree, item)->next)
            if (is_scalar(tree, item))
                put_bits(said, part_meant(yaml_text(tree, item)), with_scales(bits, NUMBER(tree, weights, "group_size")));
        if (other && (!word || bits < least)) {
            word = other;
            least = bits;
        }
    }
    for (int i = 0; i < 3 && !said->mixed; i++)
        said->bits[i] = 0; /* as the word says */
    return word;
}

/* What most layers are kept in where each says it for itself (modelopt), and the mean bits of each part. */
static bool layers_word(const struct yaml_tree *tree, uint32_t layers, struct kept_precision *said, char word[LONGEST_WORD])
{
    double sum[3] = {0}, count[3] = {0}, narrowest = 16;
    if (!layers || yaml_at(tree, layers)->kind != YAML_MAPPING)
        return false;
    for (uint32_t key = yaml_at(tree, layers)->first; key; key = yaml_at(tree, yaml_at(tree, key)->next)->next) {
        char one[LONGEST_WORD];
        int part = part_meant(yaml_text(tree, key));
        if (!WORD(tree, yaml_at(tree, key)->next, one, "quant_algo"))
            continue;
        double bits = strstr(one, "4") ? with_scales(4, 32) : 8;
        sum[part % 3] += bits; /* what is neither goes with attention: projections beside it */
        count[part % 3]++;
        if (bits < narrowest) {
            narrowest = bits;
            strcpy(word, one);
        }
    }
    for (int i = 0; i < 3; i++)
        said->bits[i] = count[i] > 0 ? sum[i] / count[i] : 16;
    if (count[2] <= 0)
        said->bits[2] = said->bits[1];
    return narrowest < 16;
}

static bool spares_attention(const struct yaml_tree *tree, uint32_t config)
{
    static const char *const keys[] = {"ignore", "modules_to_not_convert", "exclude_modules", "ignored_layers", "exclude"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        uint32_t list = yaml_find(tree, config, keys[i]);
        for (uint32_t item = list && yaml_at(tree, list)->kind == YAML_SEQUENCE ? yaml_at(tree, list)->first : 0; item; item = yaml_at(tree, item)->next)
            if (is_scalar(tree, item) && means_attention(yaml_text(tree, item)))
                return true;
    }
    return false;
}

/* The word of a method, with its bits where they are not the usual ones. */
static void method_word(const struct yaml_tree *tree, uint32_t config, char word[LONGEST_WORD], struct kept_precision *said)
{
    static const char *const inner[] = {"quant_config", "weight_quant_params"};
    uint32_t at = config, block = yaml_find(tree, config, "weight_block_size"), node;
    for (size_t i = 0; i < sizeof inner / sizeof *inner; i++)
        if ((node = yaml_find(tree, at, inner[i])) && yaml_at(tree, node)->kind == YAML_MAPPING)
            at = node;
    double bits = NUMBER(tree, at, "bits", "w_bit", "num_bits", "nbits", "weight_bits"), group = NUMBER(tree, at, "group_size", "q_group_size");
    double books = NUMBER(tree, config, "nbits_per_codebook") * NUMBER(tree, config, "num_codebooks"), in = NUMBER(tree, config, "in_group_size");
    char type[LONGEST_WORD];
    bool real = !strncmp(word, "fp8", 3) || !strncmp(word, "fbgemm", 6) || strstr(word, "fp4");
    if (books > 0 && in > 0)
        bits = books / in;
    else if (bits <= 0 && WORD(tree, config, type, "weights")) /* "int2", "float8" */
        bits = type[strcspn(type, "0123456789")] ? type[strcspn(type, "0123456789")] - '0' : 0;
    else if (!strcmp(word, "bitnet")) /* ternary, four in a byte */
        bits = 2;
    text_put(&said->words, word);
    if (block && yaml_at(tree, block)->kind == YAML_SEQUENCE)
        text_put(&said->words, "-block");
    else if (!real && bits > 0 && bits != 4 && bits == floor(bits))
        text_format(&said->words, ".%.0f", bits);
    bool usual = bits == 4 && (group == 0 || group == 128); /* as the word says */
    if (!real && bits > 0 && !usual) /* groups of 128 are usual; one below 0 is a whole row */
        put_bits(said, 3, with_scales(bits, group == 0 && bits < 8 ? 128 : group));
    said->head = NUMBER(tree, config, "head_bits");
}

/* The type of weights where a method has several: a text of its own, or in a mapping of what it is for. */
static const char *typed_word(const struct yaml_tree *tree, uint32_t config)
{
    uint32_t global = yaml_find(tree, config, "global_quant_config"), weight = global ? yaml_find(tree, global, "weight") : 0;
    uint32_t type = weight ? yaml_find(tree, weight, "dtype") : yaml_find(tree, config, "quant_type");
    if (type && yaml_at(tree, type)->kind == YAML_MAPPING) {
        uint32_t first = yaml_find(tree, type, "default");
        type = first ? yaml_find(tree, first, "_type") : 0;
    }
    if (!is_scalar(tree, type) || yaml_at(tree, type)->length >= 2 * LONGEST_WORD)
        return NULL;
    char text[2 * LONGEST_WORD] = "";
    for (uint32_t i = 0; i < yaml_at(tree, type)->length; i++) {
        char c = yaml_text(tree, type)[i];
        text[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
    }
    uint32_t inputs = global ? yaml_find(tree, global, "input_tensors") : 0;
    bool both = weight ? inputs && yaml_at(tree, inputs)->kind == YAML_MAPPING : strstr(text, "activation") != NULL;
    return type_word(text, both);
}

static void put_weights(const struct yaml_tree *tree, uint32_t config, const char *spared, struct kept_precision *said)
{
    char word[LONGEST_WORD];
    struct text *out = &said->words;
    const char *scheme = groups_word(tree, yaml_find(tree, config, "config_groups"), said);
    if (!scheme)
        scheme = typed_word(tree, config);
    if (scheme)
        text_put(out, scheme);
    else if (is_true(tree, config, "load_in_4bit") || is_true(tree, config, "_load_in_4bit"))
        text_put(out, "nf4");
    else if (is_true(tree, config, "load_in_8bit") || is_true(tree, config, "_load_in_8bit"))
        text_put(out, "int8-weights");
    else if (said->mixed && layers_word(tree, yaml_find(tree, config, "quantized_layers"), said, word))
        text_put(out, word);
    else if (WORD(tree, config, word, "quant_algo", "quantization"))
        text_put(out, word);
    else if (WORD(tree, config, word, "quant_method") && strcmp(word, "compressed-tensors"))
        method_word(tree, config, word, said);
    else if (WORD(tree, config, word, "format") && strcmp(word, "dense"))
        text_put(out, word);
    else if (NUMBER(tree, config, "bits") > 0) /* MLX names no method */
        method_word(tree, config, strcpy(word, "int4"), said);
    if (out->length && (spares_attention(tree, config) || (said->mixed && said->bits[0] <= 0))) {
        text_put(out, spared);
        said->bits[0] = said->bits[0] > 0 ? 16 : 0;
    }
}

static void put_cache(const struct yaml_tree *tree, uint32_t config, struct text *out)
{
    char word[LONGEST_WORD];
    uint32_t scheme = yaml_find(tree, config, "kv_cache_scheme");
    if (scheme && yaml_at(tree, scheme)->kind == YAML_MAPPING) {
        bool real = WORD(tree, scheme, word, "type") && !strcmp(word, "float");
        if (NUMBER(tree, scheme, "num_bits") == 8)
            text_format(out, "%s%s-cache", out->length ? " " : "", real ? "fp8" : "int8");
    } else if (WORD(tree, config, word, "kv_cache_scheme", "kv_cache_quant_algo") && strcmp(word, "none")) {
        text_format(out, "%s%s-cache", out->length ? " " : "", word);
    }
}

static const char *const keys[] = {"quantization_config", "compression_config", "quantization"};

enum { KEYS = sizeof keys / sizeof *keys };

void precision_read(const struct yaml_tree *tree, const uint32_t places[2], const char *spared, struct kept_precision *said)
{
    for (size_t i = 0; i < 2; i++)
        for (size_t k = 0; k < KEYS; k++) {
            uint32_t config = yaml_find(tree, places[i], keys[k]), inner;
            char word[LONGEST_WORD];
            if (is_scalar(tree, config) && !yaml_at(tree, config)->plain && WORD(tree, places[i], word, keys[k]))
                text_put(&said->words, word);
            else if (!config || yaml_at(tree, config)->kind != YAML_MAPPING)
                continue;
            said->node = config;
            if (said->words.length)
                return;
            if ((inner = yaml_find(tree, config, "quantization")) && yaml_at(tree, inner)->kind == YAML_MAPPING)
                config = inner;
            if (WORD(tree, config, word, "quant_algo"))
                said->mixed = !strcmp(word, "mixed-precision");
            put_weights(tree, config, spared, said);
            put_cache(tree, config, &said->words);
            return;
        }
}

uint32_t precision_strange(const struct yaml_tree *tree, const uint32_t places[2])
{
    for (size_t k = 0; k < 2 * KEYS; k++) {
        uint32_t node = yaml_find(tree, places[k / KEYS], keys[k % KEYS]);
        if (node && !is_null(tree, node) && yaml_at(tree, node)->kind != YAML_MAPPING)
            return node;
    }
    return 0;
}
