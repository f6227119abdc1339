/* A model from the config.json that Hugging Face repositories carry. How a file is read, its family says
 * (data/families): this knows roles that fields play (role.def), what follows from them, and no family by name. Sets the
 * fields of the model by the catalog's own table, each told of where the configuration has it. */
#include "catalog/importer.h"
#include "catalog/precision.h"
#include "catalog/weights.h"

#include "base/number.h"

#include <math.h>
#include <string.h>

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
    struct found type = role_find(importer, ROLE_FILE_TYPE);
    const char *word = type.node ? file_word(type.value) : NULL;
    double bits = importer->model->file_bits.feed_forward;
    if (!word && bits > 0 && fabs(bits - 16) > 0.5)
        word = "gguf"; /* its type does not say so, but its tensors do */
    if (word) {
        import_text(importer, "quantized", type.node, word);
        return;
    }
    const uint32_t places[] = {importer->inner, importer->outer};
    const char *spared = importer->model->experts.count > 0 ? "-experts" : "-feed-forward";
    struct kept_precision said = {.node = 0}, beside = {.node = 0};
    text_begin(&said.words, &importer->context->allocator);
    text_begin(&beside.words, &importer->context->allocator);
    precision_read(importer->tree, places, spared, &said);
    if (importer->beside) {
        const uint32_t root[] = {importer->beside->root, importer->beside->root};
        precision_read(importer->beside, root, spared, &beside);
    }
    bool other = said.words.length && beside.words.length && strcmp(said.words.bytes, beside.words.bytes) != 0;
    struct kept_precision *taken = said.node ? &said : &beside;
    struct text *words = &taken->words;
    const char *kept = words->failed || !words->length ? NULL : arena_copy(importer->arena, words->bytes, words->length);
    struct place place = importer_place(importer, taken->node);
    if (words->failed || (words->length && !kept))
        no_memory(importer->context);
    if (kept) {
        import_text(importer, "quantized", said.node, kept);
        memcpy(importer->bits, taken->bits, sizeof importer->bits);
        importer->head_bits = taken->head;
        if (taken->mixed)
            warning(importer->context, SPEEDUP_UNSUPPORTED_MODEL, &place, "layers are kept in several precisions: '%s' is taken, %s", kept,
                    taken->bits[0] > 0 ? "with the bytes of each part" : "with attention in 16 bits");
        if (other)
            warning(importer->context, SPEEDUP_INCONSISTENT, &place, "'%s' is taken; hf_quant_config.json beside it says '%s'", kept, beside.words.bytes);
    }
    uint32_t strange = kept ? 0 : precision_strange(importer->tree, places);
    if (strange) {
        place = importer_place(importer, strange);
        warning(importer->context, SPEEDUP_UNSUPPORTED_MODEL, &place, "this says nothing of the weights' precision that is known: they are taken in 16 bits");
    }
    text_end(&said.words);
    text_end(&beside.words);
}

/* The text model of one that also sees or hears. */
static uint32_t inner_model(const struct importer *importer)
{
    static const char *const keys[] = {"text_config", "language_config", "llm_config", "thinker_config", "text_model_config"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        uint32_t node = mapping_under(importer, importer->outer, keys[i]), deeper = node ? mapping_under(importer, node, "text_config") : 0;
        if (node)
            return deeper ? deeper : node;
    }
    return importer->outer;
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
        import_text(importer, "source", 0, source);
    else
        no_memory(importer->context);
}

static void tell_taken(struct importer *importer)
{
    if (importer->taken.failed) {
        no_memory(importer->context);
        return;
    }
    struct place place = importer_place(importer, 0);
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
        import_text(importer, "notes", 0, notes);
}

/* The model that a configuration becomes; what is wrong is told. */
static bool translate(struct importer *importer, const char *name)
{
    speedup_context *context = importer->context;
    if (!expect_kind(context, importer->tree, importer->tree->root, YAML_MAPPING, "the document"))
        return false;
    importer->outer = importer->tree->root;
    importer->inner = inner_model(importer);
    text_begin(&importer->taken, &context->allocator);
    if (!context->first)
        import_family(importer);
    if (!context->first)
        import_foreign(importer);
    if (!context->first)
        set_source(importer, name);
    if (!context->first) {
        import_shape(importer);
        set_quantized(importer);
    }
    if (!context->first && !importer->format) /* towers are in files of their own */
        import_towers(importer);
    if (!context->first)
        tell_taken(importer);
    if (!context->first)
        set_notes(importer);
    text_end(&importer->taken);
    return !context->first;
}

static bool ends(const char *text, const char *ending)
{
    size_t length = strlen(text), least = strlen(ending);
    return length >= least && !strcmp(text + length - least, ending);
}

/* A document that names a file of a model; NULL where the host names it. */
struct reach {
    const char *document;
    bool below; /* only what is below the folder of the document, by whatever way */
};

/* May a file be read? One that a document leads to must not lead elsewhere itself: where it is a link, what it ends at is
 * below the folder that the document stands in, or below its own: in a hub's cache, whose files are links to blobs beside its
 * snapshots, below that of the repository. */
static bool may_read(speedup_context *context, const char *path, const struct reach *reach)
{
    if (!reach || yaml_leads_below(path, reach->document, 1))
        return true;
    if (!reach->below && (yaml_leads_below(path, path, 1) || (yaml_is_snapshot(path) && yaml_leads_below(path, path, 3))))
        return true;
    struct place place = {.file = path};
    problem(context, SPEEDUP_UNREADABLE, &place, "this is a link that leads out of its folder");
    problem_remedy(context, "name the file that it leads to, if you trust it");
    return false;
}

/* What stands in a repository for a file that is kept elsewhere. */
static bool is_pointer(const char *bytes, size_t length)
{
    static const char begins[] = "version https://git-lfs";
    return length >= sizeof begins - 1 && !memcmp(bytes, begins, sizeof begins - 1);
}

static bool load_part(speedup_context *context, struct arena *arena, const char *path, const struct reach *reach, bool head, char **bytes, size_t *length)
{
    return may_read(context, path, reach) && !(head ? yaml_load_head : yaml_load_file)(context, arena, path, JSON_MOST_BYTES, bytes, length);
}

/* Is this JSON, or another file of a model? What cannot be one is not quoted. */
static bool check_part(speedup_context *context, const char *path, const char *bytes, size_t length)
{
    struct place whole = {.file = path};
    size_t at = length >= 3 && !memcmp(bytes, "\xEF\xBB\xBF", 3) ? 3 : 0;
    while (at < length && strchr(" \t\r\n", bytes[at]) && bytes[at])
        at++;
    if (is_pointer(bytes, length)) {
        problem(context, SPEEDUP_SYNTAX, &whole, "this is a pointer of Git LFS, not the file itself");
        problem_remedy(context, "fetch the file with 'git lfs pull', or from the page of the repository");
    } else if (ends(path, ".gguf") && !gguf_begins(bytes, length)) {
        problem(context, SPEEDUP_SYNTAX, &whole, "this is no GGUF file: it does not begin with 'GGUF'");
        problem_remedy(context, "convert the model with a llama.cpp of today, or fetch the file again");
    } else if (!(at < length && bytes[at] == '{') && !gguf_begins(bytes, length) && !ends(path, ".safetensors")) {
        problem(context, SPEEDUP_UNSUPPORTED_MODEL, &whole, "this is no model file: a configuration begins with '{', a GGUF file with 'GGUF'");
        problem_remedy(context, "name a config.json, the folder of one, a GGUF or a safetensors file");
    } else {
        return true;
    }
    return false;
}

/* What a file of weights, or the index of several, says of their bytes; 0 for nothing. */
static double read_bytes(speedup_context *context, struct arena *arena, const char *path, const struct reach *reach)
{
    struct yaml_tree tree;
    char *bytes;
    size_t length;
    if (!load_part(context, arena, path, reach, true, &bytes, &length))
        return 0;
    if (is_pointer(bytes, length)) {
        struct place whole = {.file = path};
        warning(context, SPEEDUP_INCONSISTENT, &whole, "this is a pointer of Git LFS, not the weights: their bytes are not known until 'git lfs pull' brings them");
        return 0;
    }
    if (!check_part(context, path, bytes, length))
        return 0;
    if (!ends(path, ".json"))
        return safetensors_bytes(context, arena, path, bytes, length, yaml_file_bytes(path));
    return json_read_large(context, arena, path, bytes, length, &tree) ? 0 : index_bytes(context, &tree);
}

/* Bits of a weight in the precision that a word begins with, 0 for none. */
static double bits_of_word(const char *word)
{
    double bits = 0;
    size_t longest = 0;
    for (int i = 0; i < PRECISIONS; i++) {
        size_t length = strlen(precisions[i].name);
        if (length > longest && !strncmp(word, precisions[i].name, length) && (!word[length] || strchr("- ", word[length]))) {
            longest = length;
            bits = 8 * precisions[i].bytes;
        }
    }
    return bits;
}

static void set_bits(struct importer *importer, const char *path, double bits, bool quantized)
{
    struct place place = importer_place(importer, 0);
    if (quantized && bits > 0)
        record_set_number(importer->context, NULL, kinds[KIND_MODEL].table, importer->model, path, bits, &place);
}

/* Bits of a weight from the bytes of a file whose precision is narrow: tables, towers, and attention or all but experts
 * where the words spare them, are in 16. Else those that its configuration says. A file that is not of the model's shape is told. */
static void weigh(struct importer *importer)
{
    const struct model *m = importer->model;
    const char *quantized = m->quantized ? m->quantized : "";
    struct model_size size;
    model_measure(m, &size);
    if (importer->format) {
        double numbers = role_number(importer, ROLE_FILE_PARAMETERS);
        struct place place = importer_place(importer, role_find(importer, ROLE_FILE_PARAMETERS).node);
        if (numbers > 0 && fabs(numbers / size.total - 1) > 0.05)
            warning(importer->context, SPEEDUP_INCONSISTENT, &place, "the tensors of the file have %.4g G parameters, but the shape that it says has %.4g G", numbers / 1e9,
                    size.total / 1e9);
        return;
    }
    size_t length = strcspn(quantized, " ");
    bool narrow = length && !(length > 6 && !memcmp(quantized + length - 6, "-cache", 6));
    bool experts = length > 8 && !memcmp(quantized + length - 8, "-experts", 8), spared = experts || (length > 13 && !memcmp(quantized + length - 13, "-feed-forward", 13));
    double routed = size.expert_layers * m->experts.count * size.expert_ffn, attention = m->layers * size.attention;
    double wide = experts ? size.total - routed : size.embedding + (m->tied_embeddings ? 0 : size.head) + m->encoders + spared * attention;
    double bits = m->file_bytes > 0 ? 8 * (m->file_bytes - 2 * wide) / (size.total - wide) : 0, mean = 8 * m->file_bytes / size.total, head = importer->head_bits;
    bool tables = narrow && m->file_bytes > 0 && bits < 1.5 && mean >= 1.5; /* they are narrow too */
    struct place place = importer_place(importer, 0);
    if (m->file_bytes > 0 && (narrow ? bits > 16.8 || mean < 1 : fabs(mean - 16) > 0.8 && fabs(mean - 32) > 1.6)) {
        warning(importer->context, SPEEDUP_INCONSISTENT, &place, "the file has %.4g GB, which is %.3g bits for each of the %.4g G parameters of this shape", m->file_bytes / 1e9, mean,
                size.total / 1e9);
        return;
    }
    bits = tables ? mean : bits;
    if (bits <= 0 && importer->bits[1] <= 0 && m->experts.count <= 0)
        bits = bits_of_word(quantized);
    bool known = bits > 0;
    set_bits(importer, "file_bits.attention", known ? experts || spared ? 16 : bits : importer->bits[0], narrow);
    set_bits(importer, "file_bits.feed_forward", known ? experts ? 16 : bits : importer->bits[1], narrow);
    set_bits(importer, "file_bits.experts", known ? bits : importer->bits[2], narrow);
    set_bits(importer, "file_bits.head", known && tables ? bits : known ? 0 : head, narrow);
    set_bits(importer, "file_bits.tables", known && tables ? bits : known || head <= 0 ? 0 : m->tied_embeddings ? 16 : (16 + head) / 2, narrow);
}

/* A model from its text, and from what stands beside it. */
static speedup_status import(speedup_context *context, const speedup_catalog *base, speedup_catalog *made, const char *name, const char *text,
                             size_t length, const struct yaml_tree *beside, const char *weights, const struct reach *reach, const char *id)
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
    if (gguf_begins(text, length))
        importer.format = (const struct family *)catalog_find(base, KIND_FAMILY, "gguf");
    if ((gguf_begins(text, length) ? gguf_read : json_begins(text, length) ? json_read : yaml_read)(context, arena, name, text, length, &config) ||
        !translate(&importer, name))
        return context->first;
    if (weights)
        importer.model->file_bytes = read_bytes(context, arena, weights, reach);
    if (context->first)
        return context->first;
    *origin = (struct origin){.place = yaml_place(&config, importer.inner), .count = importer.path_count, .paths = importer.paths};
    importer.model->head.id = own;
    importer.model->head.origin = origin;
    if (!catalog_extend_by_value(context, base, made, KIND_MODEL, &importer.model->head))
        weigh(&importer);
    return context->first;
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
static struct yaml_tree *read_beside(speedup_context *context, struct arena *arena, const char *path, const struct reach *reach)
{
    const char *slash = strrchr(path, '/'), *name = "hf_quant_config.json";
    const char *beside = slash ? join(arena, path, (size_t)(slash - path) + 1, name) : name;
    struct yaml_tree *tree = arena_zeroed(arena, 1, sizeof *tree);
    char *bytes;
    size_t length;
    if (!beside || !tree || !yaml_is_file(beside) || !load_part(context, arena, beside, reach, false, &bytes, &length) ||
        !check_part(context, beside, bytes, length) ||
        json_read(context, arena, beside, bytes, length, tree))
        return NULL;
    return tree;
}

/* The file of a model in a folder: its config.json, else its only GGUF file, or the first of one that is split. NULL after
 * telling what there is instead. */
static const char *file_in(speedup_context *context, struct arena *arena, const char *folder)
{
    char name[256];
    struct place place = {.file = folder};
    const char *path = join(arena, folder, strlen(folder), "config.json");
    if (!path || yaml_is_file(path))
        return path;
    size_t count = yaml_folder_find(folder, ".gguf", name, sizeof name);
    if (count == 1 || (count && strstr(name, "-00001-of-")))
        return join(arena, folder, strlen(folder), name);
    if (count)
        problem(context, SPEEDUP_UNREADABLE, &place, "there is no config.json in this folder, but %zu GGUF files: name one of them, such as %s", count, name);
    else if (yaml_folder_find(folder, "adapter_config.json", name, sizeof name))
        return join(arena, folder, strlen(folder), name);
    else if (yaml_folder_find(folder, ".safetensors", name, sizeof name) || yaml_folder_find(folder, ".safetensors.index.json", name, sizeof name))
        problem(context, SPEEDUP_UNREADABLE, &place, "there is no config.json in this folder, but weights (%s), which do not say of what model they are", name);
    else
        problem(context, SPEEDUP_UNREADABLE, &place, "there is no config.json in this folder, and no GGUF file");
    problem_remedy(context, count ? "name the file in place of the folder" : "fetch config.json from where the model is published");
    return NULL;
}

static speedup_status import_file(speedup_context *context, const speedup_catalog *base, speedup_catalog *made, const char *path, const struct reach *reach,
                                  const char *id)
{
    struct arena *arena = &made->arena;
    const char *weights = NULL, *slash = strrchr(path, '/');
    char *bytes;
    size_t length;
    if (yaml_is_folder(path)) {
        const char *index = join(arena, path, strlen(path), "model.safetensors.index.json"), *single = join(arena, path, strlen(path), "model.safetensors");
        weights = index && yaml_is_file(index) ? index : single && yaml_is_file(single) ? single : NULL;
        path = file_in(context, arena, path);
    } else if (ends(path, ".safetensors") || ends(path, ".safetensors.index.json")) {
        weights = path;
        path = slash ? join(arena, path, (size_t)(slash - path) + 1, "config.json") : "config.json";
    }
    if (!path)
        return context->first ? context->first : no_memory(context);
    if (!load_part(context, arena, path, reach, ends(path, ".gguf"), &bytes, &length) || !check_part(context, path, bytes, length))
        return context->first;
    const struct yaml_tree *beside = read_beside(context, arena, path, reach);
    return context->first ? context->first : import(context, base, made, path, bytes, length, beside, weights, reach, id);
}

static speedup_status with_file(speedup_context *context, const speedup_catalog *base, const char *path, const struct reach *reach, const char *id,
                                speedup_catalog **catalog)
{
    speedup_catalog *made = catalog_allocate(context);
    if (!made)
        return SPEEDUP_OUT_OF_MEMORY;
    speedup_status status = import_file(context, base, made, path, reach, id);
    if (status)
        speedup_catalog_unref(made);
    else
        *catalog = made;
    return status;
}

speedup_status catalog_with_file(speedup_context *context, const speedup_catalog *base, const char *path, const char *id, speedup_catalog **catalog)
{
    return with_file(context, base, path, NULL, id, catalog);
}

/* Is a text of a job the name of a file? */
static bool is_path(const char *text)
{
    return strchr(text, '/') || ends(text, ".json") || ends(text, ".gguf") || ends(text, ".safetensors");
}

speedup_status catalog_with_models(speedup_context *context, const speedup_catalog *catalog, const struct yaml_tree *tree, const char *from,
                                   bool below, const char *const *sections, speedup_catalog **with)
{
    *with = NULL;
    uint32_t own = yaml_find(tree, tree->root, kinds[KIND_MODEL].section);
    for (; *sections; sections++) {
        uint32_t section = yaml_find(tree, tree->root, *sections), model = section ? yaml_find(tree, section, "model") : 0;
        const char *text = model && yaml_at(tree, model)->kind == YAML_SCALAR ? yaml_text(tree, model) : "";
        if (!*text || catalog_find(catalog, KIND_MODEL, text) || (own && yaml_find(tree, own, text)))
            continue;
        struct arena arena;
        arena_begin(&arena, &context->allocator);
        const char *slash = *text == '/' ? NULL : strrchr(from, '/'), *path = slash ? join(&arena, from, (size_t)(slash - from) + 1, text) : text;
        /* A name of elsewhere has a '/' too: who has no such file is told the nearest entry. */
        const struct reach reach = {from, below};
        bool led = path && (!below || yaml_leads_below(path, from, 1));
        if (led && ((is_path(text) && yaml_is_file(path)) || yaml_is_folder(path)))
            with_file(context, catalog, path, &reach, text, with);
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
    speedup_status status = import(context, base, made, name ? name : "<text>", text ? text : "", length, NULL, NULL, NULL, id);
    if (status)
        speedup_catalog_unref(made);
    else
        *catalog = made;
    return status;
}
