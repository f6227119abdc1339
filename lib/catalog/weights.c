/* Headers of files of weights: what GGUF says of a model as a tree that families read, and the bytes of all tensors, exactly.
 * Formats: ggml's docs/gguf.md; huggingface/safetensors README. Bounded, whatever the header says. */
#include "catalog/weights.h"

#include "base/number.h"
#include "yaml/reader.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST_KEY = 80, MOST_ITEMS = 4096, DIMENSIONS = 4 };

/* ---- GGUF ---- */

enum gguf_type { U8, I8, U16, I16, U32, I32, F32, BOOLEAN, STRING, ARRAY, U64, I64, F64, GGUF_TYPES };

/* Parts of a model that files keep in formats of their own. */
enum part { PART_ATTENTION, PART_FEED_FORWARD, PART_EXPERTS, PART_HEAD, PART_TABLES, PART_ENCODERS, PARTS, PART_SMALL = PARTS };

struct gguf {
    const unsigned char *at, *end;
    struct reader *reader;
    const char *architecture;
    size_t architecture_length;
    uint32_t column;
    char key[LONGEST_KEY];                  /* the last */
    double file, files;                     /* of a model that is split; the first is 0 */
    double numbers[PARTS + 1], bytes[PARTS + 1]; /* of tensors */
    double rows[2];                         /* of the tables of words and of positions */
    double end_of_last;                     /* tensor: they lie one after the other */
    bool bad, typed, gated, unknown;        /* unknown: there is a format whose bytes are not known */
};

static uint64_t take(struct gguf *g, size_t bytes)
{
    uint64_t value = 0;
    if ((size_t)(g->end - g->at) < bytes) {
        g->bad = true;
        return 0;
    }
    for (size_t i = 0; i < bytes; i++)
        value |= (uint64_t)g->at[i] << 8 * i;
    g->at += bytes;
    return value;
}

static const char *take_string(struct gguf *g, size_t *length)
{
    uint64_t size = take(g, 8);
    if (g->bad || size > (uint64_t)(g->end - g->at)) {
        g->bad = true;
        *length = 0;
        return "";
    }
    const char *text = (const char *)g->at;
    g->at += size;
    *length = (size_t)size;
    return text;
}

static const uint8_t sizes[GGUF_TYPES] = {[U8] = 1, [I8] = 1, [U16] = 2, [I16] = 2, [U32] = 4, [I32] = 4, [F32] = 4, [BOOLEAN] = 1, [U64] = 8, [I64] = 8, [F64] = 8};

static double take_number(struct gguf *g, enum gguf_type type)
{
    uint64_t bits = take(g, sizes[type]);
    unsigned width = 8u * sizes[type];
    if (type == F32) {
        uint32_t half = (uint32_t)bits;
        float value;
        memcpy(&value, &half, sizeof value);
        return (double)value;
    }
    if (type == F64) {
        double value;
        memcpy(&value, &bits, sizeof value);
        return value;
    }
    bool negative = (type == I8 || type == I16 || type == I32 || type == I64) && bits >> (width - 1) & 1;
    return negative ? -(double)((~bits & (width < 64 ? ((uint64_t)1 << width) - 1 : UINT64_MAX)) + 1) : (double)bits;
}

static struct reader_mark mark_of(struct gguf *g)
{
    return (struct reader_mark){1, ++g->column};
}

static void put_text(struct gguf *g, const char *text, size_t length, bool plain)
{
    if (reader_scalar(g->reader, mark_of(g), text, length, plain))
        g->bad = true;
}

static void put_number(struct gguf *g, double value)
{
    char number[NUMBER_TEXT];
    struct place place = {.file = g->reader->file, .line = 1, .column = g->column};
    g->bad |= !check_number(g->reader->context, &place, g->key, DIMENSION_NONE, -HUGE_VAL, HUGE_VAL, false, value);
    number_exact(number, g->bad ? 0 : value);
    put_text(g, number, strlen(number), true);
}

/* A key as families spell it: without the architecture, with '_' for points. */
static void put_key(struct gguf *g, const char *name, size_t length)
{
    char *key = g->key;
    size_t skip = g->architecture_length;
    if (skip && length > skip + 1 && !memcmp(name, g->architecture, skip) && name[skip] == '.') {
        name += skip + 1;
        length -= skip + 1;
    }
    for (size_t i = 0; i < length; i++)
        key[i] = name[i] == '.' ? '_' : name[i];
    key[length] = '\0';
    if (!text_is_utf8(key) || memchr(key, '\0', length))
        g->bad = true;
    else
        put_text(g, key, length, true);
}

static bool named(const char *name, size_t length, const char *wanted)
{
    return length == strlen(wanted) && !memcmp(name, wanted, length);
}

/* Passes over the items of an array; of numbers, as many as there are layers at most are kept. */
static void take_array(struct gguf *g, const char *name, size_t length)
{
    uint64_t type = take(g, 4), count = take(g, 8);
    size_t unused;
    bool tokens = named(name, length, "tokenizer.ggml.tokens");
    if (type >= GGUF_TYPES || type == ARRAY || count > (uint64_t)(g->end - g->at)) {
        g->bad = true;
        return;
    }
    bool keeps = type != STRING && count > 0 && count <= MOST_ITEMS && length < LONGEST_KEY;
    if (keeps) {
        put_key(g, name, length);
        g->bad |= reader_open(g->reader, YAML_SEQUENCE, mark_of(g)) != SPEEDUP_OK;
    } else if (tokens) {
        put_key(g, "gguf.tokens", strlen("gguf.tokens"));
        put_number(g, (double)count);
    }
    for (uint64_t i = 0; i < count && !g->bad; i++) {
        if (type == STRING)
            take_string(g, &unused);
        else if (keeps)
            put_number(g, take_number(g, (enum gguf_type)type));
        else
            take(g, sizes[type]);
    }
    if (keeps && !g->bad)
        g->bad |= reader_close(g->reader) != SPEEDUP_OK;
}

static void take_pair(struct gguf *g)
{
    size_t length, size;
    const char *name = take_string(g, &length), *text;
    uint64_t type = take(g, 4);
    if (g->bad || type >= GGUF_TYPES) {
        g->bad = true;
    } else if (type == ARRAY) {
        take_array(g, name, length);
    } else if (type == STRING) {
        text = take_string(g, &size);
        if (named(name, length, "general.architecture") && !g->bad && size < LONGEST_KEY) {
            g->architecture = text;
            g->architecture_length = size;
            put_key(g, "model_type", strlen("model_type"));
            char type_text[LONGEST_KEY];
            memcpy(type_text, text, size);
            type_text[size] = '\0';
            put_text(g, text_is_utf8(type_text) && !memchr(text, '\0', size) ? text : "?", text_is_utf8(type_text) && !memchr(text, '\0', size) ? size : 1, false);
        }
    } else {
        double value = take_number(g, (enum gguf_type)type);
        g->typed |= named(name, length, "general.file_type");
        if (named(name, length, "split.count"))
            g->files = value;
        else if (named(name, length, "split.no"))
            g->file = value;
        if (length > 0 && length < LONGEST_KEY) {
            put_key(g, name, length);
            if (!g->bad)
                put_number(g, value);
        }
    }
}

/* Numbers of a block of a tensor's format, and its bytes; 0 where there is no such format. Files that are mostly of it (ggml.h,
 * ggml_type and llama_ftype). */
static const struct {
    uint16_t numbers, bytes, file_type;
} formats[] = {
    [0] = {1, 4, 0},       [1] = {1, 2, 1},        [2] = {32, 18, 2},     [3] = {32, 20, 3},     [6] = {32, 22, 8},     [7] = {32, 24, 9},
    [8] = {32, 34, 7},     [9] = {32, 36, 7},      [10] = {256, 84, 10},  [11] = {256, 110, 12}, [12] = {256, 144, 15}, [13] = {256, 176, 17},
    [14] = {256, 210, 18}, [15] = {256, 292, 7},   [16] = {256, 66, 19},  [17] = {256, 74, 20},  [18] = {256, 98, 23},  [19] = {256, 50, 24},
    [20] = {32, 18, 25},   [21] = {256, 110, 26},  [22] = {256, 82, 28},  [23] = {256, 136, 30}, [24] = {1, 1, 7},      [25] = {1, 2, 1},
    [26] = {1, 4, 0},      [27] = {1, 8, 0},       [28] = {1, 8, 0},      [29] = {256, 56, 31},  [30] = {1, 2, 32},     [31] = {32, 18, 2},
    [32] = {32, 18, 2},    [33] = {32, 18, 2},     [34] = {256, 54, 36},  [35] = {256, 66, 37},  [36] = {32, 18, 25},   [37] = {32, 18, 25},
    [38] = {32, 18, 25},   [39] = {32, 17, 38},
};

enum { FORMATS = sizeof formats / sizeof *formats };

/* Where a tensor belongs, by words of its name. */
static enum part part_of(const char *name, size_t length, bool *gated)
{
    static const struct {
        const char *word;
        uint8_t part;
    } words[] = {{"token_embd", PART_TABLES}, {"position_embd", PART_TABLES}, {"token_types", PART_TABLES}, {"output.", PART_HEAD}, {"enc.", PART_ENCODERS}};
    static const char *const mixers[] = {"attn", "ssm", "shortconv", "time_mix"};
    char text[LONGEST_KEY];
    size_t kept = length < sizeof text - 1 ? length : sizeof text - 1;
    memcpy(text, name, kept);
    text[kept] = '\0';
    *gated |= strstr(text, "ffn_gate.") || strstr(text, "ffn_gate_exps.");
    if (strstr(text, "gate_inp"))
        return PART_SMALL; /* routers are in 32 bits, whatever the rest is */
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (!strncmp(text, words[i].word, strlen(words[i].word)))
            return (enum part)words[i].part;
    if (strstr(text, "_exps"))
        return PART_EXPERTS;
    for (size_t i = 0; i < sizeof mixers / sizeof *mixers; i++)
        if (strstr(text, mixers[i]))
            return PART_ATTENTION;
    return PART_FEED_FORWARD;
}

/* Counts a tensor for its part, and its numbers for its format. */
static void take_tensor(struct gguf *g, double counts[FORMATS])
{
    size_t length;
    const char *name = take_string(g, &length);
    uint64_t dimensions = take(g, 4), numbers = 1;
    enum part part = part_of(name, g->bad ? 0 : length, &g->gated);
    if (dimensions > DIMENSIONS)
        g->bad = true;
    if (dimensions < 2)
        part = PART_SMALL;
    for (uint64_t i = 0; i < dimensions && !g->bad; i++) {
        uint64_t size = take(g, 8);
        if (!size || numbers > ((uint64_t)1 << 52) / size) {
            g->bad = true;
            break;
        }
        numbers *= size;
        for (int table = 0; table < 2 && i == 1; table++)
            if (named(name, length, table ? "position_embd.weight" : "token_embd.weight"))
                g->rows[table] = (double)size;
    }
    uint64_t format = take(g, 4);
    double from = (double)take(g, 8);
    if (g->bad || format >= FORMATS || !formats[format].numbers) {
        g->unknown = true;
        return;
    }
    g->bad |= numbers % formats[format].numbers != 0;
    double bytes = (double)(numbers / formats[format].numbers * formats[format].bytes);
    if (from < g->end_of_last && !g->bad) {
        struct place place = {.file = g->reader->file, .line = 1, .column = ++g->column};
        problem(g->reader->context, SPEEDUP_INCONSISTENT, &place, "a tensor begins at byte %.0f, but the one before it ends at %.0f", from, g->end_of_last);
        g->bad = true;
    }
    g->end_of_last = from + bytes;
    g->numbers[part] += (double)numbers;
    g->bytes[part] += bytes;
    counts[format] += (double)numbers;
}

static void put_named(struct gguf *g, const char *name, double value)
{
    put_text(g, name, strlen(name), true);
    put_number(g, value);
}

/* What the tensors say together: bits of a weight by part, and of all of them bytes and numbers. */
static void put_tensors(struct gguf *g, const double counts[FORMATS])
{
    static const char *const names[PARTS] = {"attention", "feed_forward", "experts", "head", "tables", "encoders"};
    double bytes = 0, numbers = 0, most = 0;
    bool head = g->numbers[PART_HEAD] > 0;
    for (int i = 0; i <= PART_SMALL; i++) {
        bytes += g->bytes[i];
        numbers += g->numbers[i];
    }
    if (g->numbers[PART_TABLES] > 0 || head) {
        put_text(g, "tie_word_embeddings", strlen("tie_word_embeddings"), true);
        put_text(g, head ? "false" : "true", head ? 5 : 4, true);
    }
    /* Of tables that are one, the head is that; of two, the tables are both. */
    enum part other = head ? PART_HEAD : PART_TABLES;
    double both[2] = {g->numbers[PART_TABLES] + g->numbers[PART_HEAD], g->bytes[PART_TABLES] + g->bytes[PART_HEAD]};
    g->numbers[PART_HEAD] = g->numbers[other];
    g->bytes[PART_HEAD] = g->bytes[other];
    g->numbers[PART_TABLES] = both[0];
    g->bytes[PART_TABLES] = both[1];
    if (g->rows[0] > 0)
        put_named(g, "gguf_rows", g->rows[0]);
    if (g->rows[1] > 0)
        put_named(g, "gguf_positions", g->rows[1]);
    if (g->gated)
        put_named(g, "gguf_gated", 1);
    if (g->unknown || numbers <= 0)
        return;
    put_text(g, "gguf_bits", strlen("gguf_bits"), true);
    g->bad |= reader_open(g->reader, YAML_MAPPING, mark_of(g)) != SPEEDUP_OK;
    for (int i = 0; i < PARTS && !g->bad; i++)
        put_named(g, names[i], 8 * (g->numbers[i] > 0 ? g->bytes[i] / g->numbers[i] : bytes / numbers));
    g->bad |= !g->bad && reader_close(g->reader) != SPEEDUP_OK;
    if (g->files <= 1) {
        put_named(g, "gguf_bytes", bytes);
        put_named(g, "gguf_parameters", numbers);
    }
    for (int i = 0; i < FORMATS && !g->typed; i++)
        most = counts[i] > most ? counts[i] : most;
    for (int i = 0; i < FORMATS && most > 0; i++)
        if (counts[i] == most) {
            put_named(g, "general_file_type", formats[i].file_type);
            return;
        }
}

bool gguf_begins(const char *bytes, size_t length)
{
    return length >= 4 && !memcmp(bytes, "GGUF", 4);
}

static void scan(struct gguf *g)
{
    double counts[FORMATS] = {0};
    uint64_t version = take(g, 4), tensors = take(g, 8), pairs = take(g, 8);
    g->bad |= reader_open(g->reader, YAML_MAPPING, mark_of(g)) != SPEEDUP_OK;
    for (uint64_t i = 0; i < pairs && !g->bad; i++)
        take_pair(g);
    for (uint64_t i = 0; i < tensors && !g->bad; i++)
        take_tensor(g, counts);
    if (!g->bad && version)
        put_tensors(g, counts);
    g->bad |= !g->bad && reader_close(g->reader) != SPEEDUP_OK;
}

speedup_status gguf_read(speedup_context *context, struct arena *arena, const char *file, const char *bytes, size_t length, struct yaml_tree *tree)
{
    struct reader reader = {.context = context, .file = file, .source = "", .deepest = READER_DEEPEST, .most = YAML_MOST_NODES};
    struct gguf g = {.at = (const unsigned char *)bytes + 4, .end = (const unsigned char *)bytes + length, .reader = &reader};
    struct place whole = {.file = file};
    uint64_t version = take(&g, 4);
    g.at -= g.bad ? 0 : 4;
    speedup_status status = reader_begin(&reader);
    if (!status && !g.bad && (version < 2 || version > 3)) {
        problem(context, SPEEDUP_SYNTAX, &whole, "the header of this GGUF file is of version %u; 2 and 3 are known", (unsigned)version);
        problem_remedy(context, "convert the model again with a llama.cpp of today");
        status = context->first;
    }
    if (!status)
        scan(&g);
    if (!status && g.bad) {
        if (!context->first) {
            problem(context, SPEEDUP_SYNTAX, &whole, "the header of this GGUF file is broken, cut off, or over %d MiB", JSON_MOST_BYTES >> 20);
            problem_remedy(context, "fetch the file again: its download may have stopped");
        }
        status = context->first;
    }
    if (!status && g.files > 1 && !g.architecture) {
        problem(context, SPEEDUP_UNSUPPORTED_MODEL, &whole, "this is file %.0f of the %.0f that a model is split into, and only the first says what it is", g.file + 1, g.files);
        problem_remedy(context, "give the first, whose name ends in -00001-of-%05.0f.gguf", g.files);
        status = context->first;
    }
    return reader_end(&reader, status, arena, tree);
}

/* ---- safetensors ---- */

/* The most that the field of the bytes may be. */
static const double MOST_BYTES = 1e16;

/* A whole number that is none in quotes; without a unit. */
static bool read_whole(speedup_context *context, const struct yaml_tree *tree, uint32_t node, const char *what, double *value)
{
    if (!expect_kind(context, tree, node, YAML_SCALAR, what))
        return false;
    if (yaml_at(tree, node)->plain)
        return read_count(context, tree, node, what, 0, MOST_BYTES, value);
    struct place place = yaml_place(tree, node);
    problem(context, SPEEDUP_WRONG_TYPE, &place, "'%s' must be a whole number, not a text", what);
    return false;
}

double index_bytes(speedup_context *context, const struct yaml_tree *tree)
{
    double bytes = 0;
    if (!expect_kind(context, tree, tree->root, YAML_MAPPING, "the document"))
        return 0;
    uint32_t metadata = yaml_find(tree, tree->root, "metadata"), size = 0;
    if (metadata && expect_kind(context, tree, metadata, YAML_MAPPING, "metadata"))
        size = yaml_find(tree, metadata, "total_size");
    return size && read_whole(context, tree, size, "total_size", &bytes) ? bytes : 0;
}

/* Where a tensor lies behind the header. */
struct extent {
    double from, to;
    uint32_t key;
};

static int by_extent(const void *a, const void *b)
{
    const struct extent *x = a, *y = b;
    int order = (x->from > y->from) - (x->from < y->from);
    return order ? order : (x->to > y->to) - (x->to < y->to);
}

/* Bits of a number of a type, 0 for one that is not known. */
static double type_bits(const char *type)
{
    static const struct {
        const char *name;
        uint8_t bits;
    } types[] = {
        {"BF16", 16}, {"F16", 16}, {"F32", 32}, {"F8_E4M3", 8}, {"F8_E5M2", 8}, {"F8_E8M0", 8}, {"F8_E4M3FNUZ", 8}, {"F8_E5M2FNUZ", 8}, {"I8", 8},
        {"U8", 8}, {"I32", 32}, {"U32", 32}, {"I64", 64}, {"U64", 64}, {"I16", 16}, {"U16", 16}, {"F64", 64}, {"BOOL", 8}, {"F4", 4},
        {"F6_E2M3", 6}, {"F6_E3M2", 6}, {"C64", 64},
    };
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (!strcmp(types[i].name, type))
            return types[i].bits;
    return 0;
}

static void broken(speedup_context *context, const struct yaml_tree *tree, uint32_t key, uint32_t node, const char *what)
{
    struct place place = yaml_place(tree, node);
    problem(context, SPEEDUP_INCONSISTENT, &place, "tensor '%.60s' %s", yaml_text(tree, key), what);
}

/* Reads one tensor of the header; what is wrong is told. */
static void read_tensor(speedup_context *context, const struct yaml_tree *tree, uint32_t key, struct extent *extent, const char **unknown)
{
    static const char *const names[] = {"dtype", "shape", "data_offsets"};
    uint32_t tensor = yaml_at(tree, key)->next, found[3] = {0};
    double numbers = 1, size, offsets[2];
    if (!expect_kind(context, tree, tensor, YAML_MAPPING, "a tensor"))
        return;
    for (uint32_t at = yaml_at(tree, tensor)->first; at; at = yaml_at(tree, yaml_at(tree, at)->next)->next)
        for (size_t i = 0; i < 3; i++)
            if (!strcmp(yaml_text(tree, at), names[i]))
                found[i] = yaml_at(tree, at)->next;
    for (size_t i = 0; i < 3; i++)
        if (!found[i]) {
            broken(context, tree, key, key, i == 0 ? "has no 'dtype'" : i == 1 ? "has no 'shape'" : "has no 'data_offsets'");
            return;
        }
    if (!expect_kind(context, tree, found[0], YAML_SCALAR, names[0]) || !expect_kind(context, tree, found[1], YAML_SEQUENCE, names[1]) ||
        !expect_kind(context, tree, found[2], YAML_SEQUENCE, names[2]))
        return;
    if (yaml_at(tree, found[2])->length != 2) {
        broken(context, tree, key, found[2], "must have two 'data_offsets': where it begins, and where it ends");
        return;
    }
    for (uint32_t i = 0, item = yaml_at(tree, found[2])->first; i < 2; i++, item = yaml_at(tree, item)->next)
        if (!read_whole(context, tree, item, names[2], &offsets[i]))
            return;
    for (uint32_t item = yaml_at(tree, found[1])->first; item; item = yaml_at(tree, item)->next) {
        if (!read_whole(context, tree, item, names[1], &size))
            return;
        numbers *= size;
    }
    const char *type = yaml_text(tree, found[0]);
    double bits = type_bits(type);
    *extent = (struct extent){offsets[0], offsets[1], key};
    if (offsets[1] < offsets[0]) {
        broken(context, tree, key, found[2], "ends before it begins");
    } else if (bits > 0 && numbers * bits != 8 * (offsets[1] - offsets[0])) {
        broken(context, tree, key, found[2], "has other bytes between its 'data_offsets' than its 'shape' and 'dtype' make");
    } else if (bits <= 0 && !*unknown) {
        struct place place = yaml_place(tree, found[0]);
        warning(context, SPEEDUP_UNSUPPORTED_MODEL, &place, "'dtype' is '%.40s', which is not known: its bytes count by 'data_offsets'", type);
        *unknown = type;
    }
}

double safetensors_bytes(speedup_context *context, struct arena *arena, const char *file, const char *bytes, size_t length, double file_length)
{
    enum { MOST_TOLD = 20 };
    struct yaml_tree tree;
    struct place whole = {.file = file};
    struct gguf g = {.at = (const unsigned char *)bytes, .end = (const unsigned char *)bytes + length};
    uint64_t header = take(&g, 8);
    if (g.bad || header > length - 8 || !header || bytes[8] != '{') {
        problem(context, SPEEDUP_SYNTAX, &whole, "the header of this safetensors file is broken, or over %d MiB", JSON_MOST_BYTES >> 20);
        return 0;
    }
    if (json_read_large(context, arena, file, bytes + 8, (size_t)header, &tree))
        return 0;
    struct extent *extents = arena_zeroed(arena, yaml_at(&tree, tree.root)->length + 1, sizeof *extents);
    if (!extents) {
        no_memory(context);
        return 0;
    }
    size_t count = 0, before = context->count + context->unlisted;
    const char *unknown = NULL;
    for (uint32_t key = yaml_at(&tree, tree.root)->first; key; key = yaml_at(&tree, yaml_at(&tree, key)->next)->next) {
        if (!strcmp(yaml_text(&tree, key), "__metadata__"))
            continue;
        read_tensor(context, &tree, key, &extents[count++], &unknown);
        if (context->count + context->unlisted >= before + MOST_TOLD)
            break;
    }
    if (context->first)
        return 0;
    /* As the format has it: one tensor after the other, from the first byte to the last. */
    qsort(extents, count, sizeof *extents, by_extent);
    double end = 0;
    for (size_t i = 0; i < count; i++) {
        if (extents[i].from != end) {
            broken(context, &tree, extents[i].key, extents[i].key, extents[i].from < end ? "overlaps another" : "lies behind bytes that no tensor has");
            return 0;
        }
        end = extents[i].to;
    }
    double kept = file_length - 8 - (double)header;
    if (end != kept)
        warning(context, SPEEDUP_INCONSISTENT, &whole, "the header has tensors of %.0f bytes, but %.0f bytes follow it", end, kept);
    return end;
}
