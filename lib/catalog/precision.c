/* The precision that a published file keeps its weights and cache in, as words that optimizations answer to (`files:` of
 * their entries). Knows how files say it, and no optimization. */
#include "catalog/precision.h"

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

/* A small whole number of the first of some keys, 0 where none is there. */
static int number_at(const struct yaml_tree *tree, uint32_t mapping, const char *const *keys)
{
    char word[LONGEST_WORD];
    int number = 0;
    if (!word_at(tree, mapping, keys, word))
        return 0;
    for (const char *c = word; *c >= '0' && *c <= '9' && number < 1000; c++)
        number = 10 * number + (*c - '0');
    return number;
}

#define NUMBER(tree, mapping, ...) number_at(tree, mapping, (const char *const[]){__VA_ARGS__, NULL})

static bool is_true(const struct yaml_tree *tree, uint32_t mapping, const char *key)
{
    uint32_t node = yaml_find(tree, mapping, key);
    return is_scalar(tree, node) && (!strcmp(yaml_text(tree, node), "true") || !strcmp(yaml_text(tree, node), "True"));
}

/* A scheme of weights by its bits, type and strategy (compressed-tensors, modelopt). */
static const char *scheme_word(const struct yaml_tree *tree, uint32_t weights, uint32_t activations)
{
    char type[LONGEST_WORD] = "int", strategy[LONGEST_WORD] = "";
    int bits = NUMBER(tree, weights, "num_bits"), group = NUMBER(tree, weights, "group_size");
    WORD(tree, weights, type, "type");
    WORD(tree, weights, strategy, "strategy");
    bool both = activations && yaml_at(tree, activations)->kind == YAML_MAPPING, real = !strcmp(type, "float");
    if (bits == 8)
        return real ? !strcmp(strategy, "block") ? "fp8-block" : "fp8" : both ? "int8" : "int8-weights";
    return bits != 4 ? NULL : !real ? "int4" : group == 32 ? "mxfp4" : "nvfp4";
}

/* The narrowest scheme of some groups of layers; `mixed` where they differ. */
static const char *groups_word(const struct yaml_tree *tree, uint32_t groups, bool *mixed)
{
    const char *word = NULL;
    int least = 0;
    if (!groups || yaml_at(tree, groups)->kind != YAML_MAPPING)
        return NULL;
    for (uint32_t key = yaml_at(tree, groups)->first; key; key = yaml_at(tree, yaml_at(tree, key)->next)->next) {
        uint32_t group = yaml_at(tree, key)->next, weights = yaml_find(tree, group, "weights");
        const char *other = weights && yaml_at(tree, weights)->kind == YAML_MAPPING
                                ? scheme_word(tree, weights, yaml_find(tree, group, "input_activations")) : NULL;
        int bits = other ? NUMBER(tree, weights, "num_bits") : 0;
        *mixed |= other && word && strcmp(other, word);
        if (other && (!word || bits < least)) {
            word = other;
            least = bits;
        }
    }
    return word;
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
static void method_word(const struct yaml_tree *tree, uint32_t config, char word[LONGEST_WORD], struct text *out)
{
    int bits = NUMBER(tree, config, "bits", "w_bit", "num_bits", "nbits", "weight_bits");
    uint32_t block = yaml_find(tree, config, "weight_block_size");
    bool real = !strncmp(word, "fp8", 3) || !strncmp(word, "fbgemm", 6) || strstr(word, "fp4");
    text_put(out, word);
    if (block && yaml_at(tree, block)->kind == YAML_SEQUENCE)
        text_put(out, "-block");
    else if (!real && bits > 0 && bits != 4)
        text_format(out, ".%d", bits);
}

static void put_weights(const struct yaml_tree *tree, uint32_t config, bool experts, bool *mixed, struct text *out)
{
    char word[LONGEST_WORD];
    const char *scheme = groups_word(tree, yaml_find(tree, config, "config_groups"), mixed);
    if (scheme)
        text_put(out, scheme);
    else if (is_true(tree, config, "load_in_4bit") || is_true(tree, config, "_load_in_4bit"))
        text_put(out, "nf4");
    else if (is_true(tree, config, "load_in_8bit") || is_true(tree, config, "_load_in_8bit"))
        text_put(out, "int8-weights");
    else if (WORD(tree, config, word, "quant_algo", "quantization"))
        text_put(out, word);
    else if (WORD(tree, config, word, "quant_method") && strcmp(word, "compressed-tensors"))
        method_word(tree, config, word, out);
    else if (WORD(tree, config, word, "format"))
        text_put(out, word);
    else if (NUMBER(tree, config, "bits") > 0) /* MLX names no method */
        method_word(tree, config, strcpy(word, "int4"), out);
    if (out->length && (*mixed || spares_attention(tree, config)))
        text_put(out, experts ? "-experts" : "-feed-forward");
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

uint32_t precision_words(const struct yaml_tree *tree, const uint32_t places[2], bool experts, bool *mixed, struct text *out)
{
    static const char *const keys[] = {"quantization_config", "compression_config", "quantization"};
    for (size_t i = 0; i < 2; i++)
        for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) {
            uint32_t config = yaml_find(tree, places[i], keys[k]);
            if (!config || yaml_at(tree, config)->kind != YAML_MAPPING)
                continue;
            char word[LONGEST_WORD];
            if (WORD(tree, config, word, "quant_algo"))
                *mixed = !strcmp(word, "mixed-precision");
            put_weights(tree, config, experts, mixed, out);
            put_cache(tree, config, out);
            return config;
        }
    return 0;
}
