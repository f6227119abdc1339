/* What a catalog holds: one struct per kind of entry. */
#ifndef CATALOG_ENTITY_H
#define CATALOG_ENTITY_H

#include "catalog/expression.h"
#include "catalog/vocabulary.h"
#include "yaml/record.h"

#include <speedup/optimization.h>

enum kind { KIND_COEFFICIENT, KIND_ACCELERATOR, KIND_SYSTEM, KIND_STACK, KIND_MODEL, KIND_PRICE, KIND_OPTIMIZATION, KIND_SPACE, KIND_FAMILY, KINDS };

/* Where an entry comes from that no text of this format gives: a place for all of it,
 * and for what stands somewhere of its own (paths as in yaml/record.h). */
struct origin {
    struct place place;
    size_t count;
    const struct path_place {
        const char *path;
        struct place place;
    } *paths;
};

/* First in every entry, so that any entry can be handled as one. */
struct entry {
    uint64_t present; /* first: see struct record */
    const char *id;
    const char *name;
    const char *source;
    const char *notes;
    const struct yaml_tree *tree; /* NULL for an entry that came as a value */
    uint32_t node;                /* the entry's mapping */
    const struct origin *origin;  /* of an entry without a tree */
    bool replaces;
};

/* Provenance of a coefficient, from most to least trusted; it sets the interval. */
enum provenance { PROVENANCE_DATASHEET, PROVENANCE_MEASURED, PROVENANCE_FITTED, PROVENANCE_GENERIC };
extern const char *const provenance_names[];

struct coefficient {
    struct entry head;
    double value, least, most;
    const char *unit;
    const char *text;
    int32_t provenance;
    uint32_t slot; /* where scenarios keep its value */
};

struct calibration {
    uint32_t count;
    struct setting {
        uint32_t slot;
        double value;
    } *settings;
    int32_t provenance;
};

struct accelerator {
    struct entry head;
    const char *vendor, *architecture;
    double compute_capability;
    struct peaks {
        uint64_t present;
        double rate[PEAKS]; /* FLOP/s, 0 where the chip has none */
    } peak;
    double memory;    /* B */
    double memory_shown; /* B; 0 for unknown */
    double bandwidth; /* B/s */
    double cache;     /* B */
    double link;      /* B/s per direction, 0 without a scale-up link */
    double host_link; /* B/s per direction */
    double power;     /* W */
    int32_t provenance;
    uint32_t calibration_node;
    struct calibration calibration;
    double machine_most; /* in a plain machine, 0 for the usual number */
};

struct system {
    struct entry head;
    const char *accelerator_id;
    double node_accelerators, domain;
    double link;        /* B/s per direction, 0: the accelerator's */
    double network;     /* B/s per node and direction */
    double host_memory; /* B */
    double host_bandwidth; /* B/s */
    double nvme;        /* B/s of a node, reading or writing */
    double host_speed;
    double node_power;  /* W */
    double failures;    /* per accelerator and second */
    bool plain;         /* made of an accelerator that was named in its place: no entry */
};

struct stack {
    struct entry head;
    int32_t provenance;
    uint32_t calibration_node, always_node;
    bool whole_models; /* in training */
    const char *command, *benchmark; /* texts of catalog/command.h, NULL where it has none */
    struct calibration calibration;
    const struct yaml_tree *always_tree; /* where always_node is: a base may be in another text */
};

enum price_tier { TIER_ON_DEMAND };
extern const char *const price_tiers[];

struct price {
    struct entry head;
    const char *provider, *accelerator_id, *system_id, *date;
    int32_t tier;
    double per_hour; /* USD per accelerator-hour */
};

enum feed_forward { FEED_FORWARD_GATED, FEED_FORWARD_PLAIN };
enum attention_kind { ATTENTION_STANDARD, ATTENTION_LATENT };
enum state_space_kind { STATE_SPACE_MAMBA_2, STATE_SPACE_MAMBA_1, STATE_SPACE_CONVOLUTION };
extern const char *const feed_forward_names[], *const attention_names[], *const state_space_names[];

struct model {
    struct entry head;
    double layers, hidden, heads, kv_heads, head_dim, ffn, vocab, max_sequence, learned_positions;
    const char *repository;
    int32_t ffn_kind;
    bool tied_embeddings, bias, parallel_block;
    struct attention {
        uint64_t present;
        int32_t kind;
        double query_rank, kv_rank, rope_dim, nope_dim, value_dim;
        double window, window_layers, linear_layers, index_top_k;
        double rotary_dim, index_heads, index_dim, index_layers;
        double full_head_dim, full_kv_heads; /* of layers without the window, 0: as those with it */
        double linear_key_heads, linear_key_dim, linear_value_heads, linear_value_dim, linear_convolution, linear_gate;
        double absent_layers;
        bool qk_norm, output_gate, qkv_bias, shared_values, cross, bidirectional;
    } attention;
    struct experts {
        uint64_t present;
        double count, active, ffn, shared, shared_ffn, dense_layers, latent;
    } experts;
    struct state_space {
        uint64_t present;
        double layers, feed_forward_layers, heads, head_dim, groups, state, rank;
        int32_t kind;
    } state_space;
    double prediction_layers;
    double file_bytes; /* of its tensors, as its file has them */
    struct file_bits {
        uint64_t present;
        double attention, feed_forward, experts, head, tables, encoders; /* bits of a weight; 0: not known */
    } file_bits;
    double encoders; /* parameters of encoders beside the layers */
    bool headless;   /* no vocabulary head */
    bool varied;     /* heads, keys and widths are means over layers that differ */
    double parameters, parameters_active; /* as published, 0 when not */
    const char *quantized;                /* the format that its weights are published in; NULL: 16 bits */
};

enum job_kind { JOB_TRAINING, JOB_INFERENCE, JOB_KINDS };
extern const char *const job_kind_names[];

struct parameter {
    uint64_t present;
    const char *name;
    const char *text;
    double value, least, most;
};

/* A word that stands for parameters which are 1, while others of its key are 0. */
struct parameter_word {
    const char *key, *word;
    uint64_t parameters; /* by place */
};

enum { MOST_WORDED = 64 }; /* parameters of an optimization that words can stand for */

/* One effect; with a phase left open it stands once for each entry it acts on. */
struct effect {
    enum target target;
    struct expression value;             /* without callback */
    int32_t precision;                   /* for a target of rule CHOOSE */
    speedup_effect_function callback;    /* instead of an expression */
    void *user;
    struct place place;
};

struct requirement {
    struct expression condition; /* not 0 when met */
    const char *text;
    struct place place;
};

/* The comparison of a requirement, and its words. */
struct condition {
    uint64_t present;
    const char *is, *text;
};

/* A published claim: a factor on one resource. */
struct claim {
    uint64_t present;
    const char *resource;
    double factor;
    const char *source;
};

/* An effect of a registered optimization that is a function. */
struct callback {
    const char *target;
    speedup_effect_function function;
    void *user;
};

/* What is told of an optimization without a tree, and must be looked up and compiled. */
struct told {
    const char *const *requirements;
    const struct told_effect {
        const char *target, *value;
    } *effects;
    const struct callback *callbacks;
    size_t requirement_count, effect_count, callback_count;
};

struct optimization {
    struct entry head;
    const struct told *told; /* of one without a tree; its other parts are in place */
    bool applies[JOB_KINDS];
    double mends;                         /* place among the usual means of a job that does not fit, 0: none of them */
    bool alters_training;                 /* a model may come out otherwise */
    const char **excludes, **supersedes; /* ids, ended by NULL */
    const char *line;                     /* id of the first of its line of bases; NULL: its own. Of one line one alone can be chosen */
    const char **needs;                   /* ids, of which one must be there; NULL for none */
    const char **also;                    /* other names that people use, ended by NULL; NULL for none */
    const char **files, **instead;        /* words of models' files, ended by NULL; NULL for none */
    struct parameter *parameters;
    struct parameter_word *words;
    struct requirement *requirements;
    struct effect *effects;
    struct claim *claims;
    uint32_t parameter_count, word_count, requirement_count, effect_count, claim_count;
    uint32_t applies_node, also_node, files_node, instead_node, needs_node, excludes_node, supersedes_node, parameters_node, words_node, requires_node, effects_node, claims_node;
};

/* What a plan takes for the keys that it leaves out, and why. */
struct space_defaults {
    struct entry head;
    double tokens_per_parameter, tokens_per_step, bytes_per_parameter;
    int32_t price_tier;
    uint32_t plan_node, why_node;
    const struct yaml_tree *plan_tree, *why_tree; /* where the nodes are: a base may be in another text */
};

/* What a number, a flag or a list of a published file can be (role.def). */
enum role {
#define ROLE(NAME, ...) ROLE_##NAME,
#include "catalog/role.def"
#undef ROLE
    ROLES
};

enum role_type { ROLE_NUMBER, ROLE_AMONG, ROLE_SIZE, ROLE_PERIOD, ROLE_FACTOR, ROLE_FLAG, ROLE_LIST };

/* With the path of the model's field behind it, "" for none (text_word). */
const char *role_name(enum role role);
enum role_type role_type(enum role role);

/* What a layer of a file is. */
enum layer_kind { LAYER_FULL, LAYER_WINDOW, LAYER_LINEAR, LAYER_STATE_SPACE, LAYER_FEED_FORWARD, LAYER_EXPERTS, LAYER_NONE, LAYER_KINDS };
extern const char *const layer_kind_names[];

/* How published files of one kind are read. What an entry does not say, its base does. */
struct family {
    struct entry head;
    const struct family *parent; /* its base */
    int32_t others;              /* enum layer_kind */
    bool tower;
    uint32_t types_node, marks_node, fields_node, defaults_node, has_node, words_node, towers_node, headless_node, ignores_node, cannot_node;
};

struct kind_info {
    const char *section; /* the key of the section in a file */
    const char *singular;
    const struct record_table *table;
    size_t size;
    const char *text;
};

extern const struct kind_info kinds[KINDS];

extern const struct record_table parameter_table, condition_table, claim_table;

/* Parameters of the model by its shape: all, and those that work on one token. */
struct model_size {
    double total, active;
    double embedding;    /* input table */
    double head;         /* output projection, also when tied */
    double attention;    /* of one layer, the mean where some have linear attention, a state space or none */
    double dense_ffn;    /* of one dense layer */
    double expert_ffn;   /* of one routed expert */
    double shared_ffn;   /* shared experts and router of one layer */
    double expert_layers, dense_layers;
    double attention_layers; /* neither linear nor state spaces */
    double state_space;      /* of one state space */
};

void model_measure(const struct model *model, struct model_size *size);

/* Parameters of attention by what a layer does: the standard or latent block, the
 * part of it that tensor parallelism leaves whole on every rank, and a linear one. */
struct attention_size {
    double sharded, replicated, linear;
};

void attention_measure(const struct model *model, struct attention_size *size);
double attention_layers(const struct model *model);

/* Elements that a token keeps in the layers of a kind: with full attention, with a window, and of indexers, whose are of 8 bits. */
struct cache_size {
    double full, window, index;
};

void cache_measure(const struct model *model, struct cache_size *size);

#endif
