/* Encoders and adapters beside the layers of a text model: their parameters. */
#include "catalog/importer.h"

#include "base/number.h"

#include <math.h>
#include <string.h>

/* ---- Towers ---- */

/* Parameters of an encoder for images or sound: its layers, patches, positions, and what brings its output to the text
 * model's width. */
static double measure_tower(struct importer *tower, double text_hidden)
{
    struct model part = {.hidden = role_number(tower, ROLE_HIDDEN), .layers = role_number(tower, ROLE_LAYERS), .ffn = role_number(tower, ROLE_FFN),
                         .tied_embeddings = true};
    if (part.ffn <= 0)
        part.ffn = fmax(role_number(tower, ROLE_FFN_TIMES), 4) * part.hidden;
    double heads = role_number(tower, ROLE_HEADS), width = role_number(tower, ROLE_HEAD_DIM), keys = role_number(tower, ROLE_KV_HEADS);
    part.heads = part.kv_heads = 1;
    part.head_dim = part.hidden;
    if (heads > 0 && width > 0 && keys > 0) {
        part.heads = heads;
        part.kv_heads = keys;
        part.head_dim = width;
    }
    part.bias = role_is_true(tower, ROLE_BIAS);
    part.ffn_kind = role_is_true(tower, ROLE_GATED) ? FEED_FORWARD_GATED : FEED_FORWARD_PLAIN;
    part.learned_positions = role_number(tower, ROLE_POSITIONS);
    if (part.hidden <= 0 || part.layers <= 0)
        return 0;
    struct model_size size;
    model_measure(&part, &size);
    double patch = role_number(tower, ROLE_TOWER_PATCH), merge = fmax(role_number(tower, ROLE_TOWER_MERGE), 1);
    double in = part.hidden * merge * merge, out = role_number(tower, ROLE_TOWER_OUT), middle = role_number(tower, ROLE_TOWER_MIDDLE);
    out = out > 0 ? out : text_hidden;
    double projector = middle <= 0 ? 0 : middle == 1 ? in * out : middle == 2 ? in * in + in * out : in * out + out * out;
    return size.total + patch * patch * fmax(role_number(tower, ROLE_TOWER_CHANNELS), 3) * part.hidden +
           fmax(role_number(tower, ROLE_TOWER_MERGERS), 1) * projector + role_number(tower, ROLE_TOWER_MORE);
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
    struct place place = importer_place(importer, node);
    if (!family) {
        if (node)
            warning(importer->context, SPEEDUP_UNSUPPORTED_MODEL, &place, "'%s' is not counted in the parameters%s", key,
                    usual ? ": its publisher counts it apart" : ": of no known kind");
        return;
    }
    struct importer tower = *importer;
    tower.counted = 0; /* its lists are no lists of layers */
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
    double rank = role_number(importer, ROLE_ADAPTERS) + role_number(importer, ROLE_ADAPTERS_MORE), q = m->heads * m->head_dim;
    double kv = (m->kv_heads > 0 ? m->kv_heads : m->heads) * m->head_dim;
    return rank * m->layers * (m->hidden + q + 2 * kv + q + m->hidden + m->hidden + 2 * m->ffn + m->ffn + m->hidden);
}

void import_towers(struct importer *importer)
{
    static const char *const keys[] = {"vision_config", "audio_config", "vision_tower_config"};
    uint32_t seen = 0;
    double before = importer->model->encoders;
    for (const struct family *family = importer->whole; family; family = family->parent) {
        const struct yaml_tree *own = family->head.tree;
        for (uint32_t key = family->towers_node ? yaml_at(own, family->towers_node)->first : 0; key; key = yaml_at(own, yaml_at(own, key)->next)->next) {
            const char *name = yaml_text(own, key);
            bool nearer = false;
            for (const struct family *other = importer->whole; other != family; other = other->parent)
                nearer |= family_node(other, other->towers_node, name) != 0;
            if (nearer)
                continue;
            for (uint32_t i = 0; i < sizeof keys / sizeof *keys; i++)
                seen |= !strcmp(keys[i], name) ? 1u << i : 0;
            add_tower(importer, mapping_under(importer, importer->outer, name), yaml_text(own, yaml_at(own, key)->next), name);
        }
    }
    for (uint32_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        uint32_t node = seen >> i & 1 ? 0 : mapping_under(importer, importer->outer, keys[i]);
        if (node)
            add_tower(importer, node, NULL, keys[i]);
    }
    importer->model->encoders += measure_adapters(importer);
    double parameters = importer->model->encoders;
    if (parameters > before) {
        importer->model->encoders = before;
        import_number(importer, "encoders", (struct found){parameters, 0});
    }
}
