/* A job as it is asked for, before any name is looked up: plain values, which a YAML
 * text, calls, a search or an audit fill alike. */
#ifndef ESTIMATE_DESCRIPTION_H
#define ESTIMATE_DESCRIPTION_H

#include "estimate/layout.h"

/* A number that has a name of the catalog: a parameter, a coefficient. */
struct named_number {
    const char *name;
    double value;
    struct place place, value_place;
    const char **words; /* in place of the value: words of the optimization, ended by NULL */
};

struct named_numbers {
    struct named_number *items;
    size_t count;
};

/* An optimization that is asked for; what parameters are left out have their defaults. */
struct choice {
    const char *id;
    struct named_numbers parameters;
    struct place place;
};

struct choices {
    struct choice *items;
    size_t count;
};

/* Tokens of a sequence, a prompt or an output; `longest` is 0 where nothing but the model limits it. */
struct length {
    double mean, deviation, longest;
};

/* What becomes of sequences that differ in length. */
enum packing { PACKING_PADDED, PACKING_DOCUMENTS, PACKING_JOINED };
extern const char *const packing_names[];
#define PACKING_DOC "sequences of several lengths in a micro-batch: each padded to its longest; rows of the longest filled with whole "\
                    "documents, which attend within themselves (FlashAttention by lengths); or such rows joined, with attention over all"

/* What a service must hold; 0 for nothing. */
struct targets_record {
    uint64_t present;
    double time_to_first_token, time_per_output_token; /* s */
};

/* The keys of `layout:`; a kind of job reads those that it has. */
struct degrees {
    uint64_t present;
#define LAYOUT_KEY_COUNT double
#define LAYOUT_KEY_FLAG bool
#define AXIS(NAME, name, KINDS, SECTION, TYPE, ...) AXIS_IN_LAYOUT_##SECTION(LAYOUT_KEY_##TYPE name;)
#include "estimate/axis.def"
#undef AXIS
};

extern const struct degrees layout_unsaid;

/* The axes of a record, and those that it does not have where they stand when nothing is said. */
void layout_of(const struct degrees *degrees, double layout[VARIABLES]);

/* A key of `layout:` as a row of a table; those of serving, which a pool for prefill has too. */
#define LAYOUT_ROW_COUNT(name, first, least_, most_, doc_)                                               \
    {FIELD_WORDS(#name, #first, doc_), \
     .type = FIELD_COUNT, .dimension = DIMENSION_COUNT, .least = least_, .most = most_, \
     .offset = offsetof(struct degrees, name)},
#define LAYOUT_ROW_FLAG(name, first, least_, most_, doc_) \
    {FIELD_WORDS(#name, "false", doc_), .type = FIELD_BOOL, .offset = offsetof(struct degrees, name)},
#define LAYOUT_ROW_OF_SERVING(NAME, name, KINDS, SECTION, TYPE, RANKS, first, least, most, label, SHOWN, legend, values, doc) \
    AXIS_OF_INFERENCE_##KINDS(AXIS_IN_LAYOUT_##SECTION(LAYOUT_ROW_##TYPE(name, first, least, most, doc)))

/* A pool's own accelerators behind its layout, so that both read alike. */
struct asked_pool {
    struct degrees layout;
    double accelerators;
};

/* An accelerator-hour: a price of the catalog, or an amount. */
struct asked_price {
    const char *id;
    double per_hour; /* USD */
    struct place place;
};

/* A figure that somebody published for this very job, shown beside the estimate. */
struct published {
    int32_t metric;
    double value;
};

struct published_figures {
    struct published *items;
    size_t count;
    const char *source;
};

/* Tokens that are evaluated every so many steps; 0 for none. */
struct asked_evaluation {
    uint64_t present;
    double tokens, every;
};

/* Completions that a training step makes of its prompts; 0 where nothing is said. */
struct asked_rollout {
    uint64_t present;
    struct length prompt, output;
    double samples, steps, tensor, concurrency, memory;
    const char *stack;
    struct choices optimizations;
    bool sleep;
};

enum section { SECTION_TRAIN, SECTION_SERVE, SECTION_GENERATE, SECTIONS };

struct job_description {
    uint64_t present; /* first: see struct record; by the section's table */
    enum section section;

    /* of any job */
    const char *model, *system, *stack;
    double accelerators, confidence;
    bool uneven;
    struct degrees layout;
    struct choices optimizations, baseline, without; /* without: of what the software always has */
    struct asked_price price;
    struct named_numbers calibration;
    struct published_figures published;

    /* of training */
    struct length sequence;
    int32_t packing; /* enum packing */
    double global_batch, micro_batch, tokens, checkpoint, restart, power_limit;
    struct asked_evaluation evaluation;
    struct asked_rollout rollout;

    /* of inference */
    struct length prompt, output;
    double output_longest, concurrency, request_rate, batch, burstiness, requests, client_latency;
    double gpu_memory_utilization, mem_fraction_static, free_gpu_memory_fraction, max_model_len, max_num_seqs, max_num_batched_tokens;
    const char *kv_cache_dtype;
    bool enforce_eager;
    bool fixed_lengths;
    struct asked_pool prefill;
    struct targets_record targets;

    /* where it stands: NULL when calls filled it */
    const struct yaml_tree *tree;
    uint32_t node;
};

/* The sections by number: their keys in a file, ended by NULL, and their tables. */
extern const char *const scenario_sections[];
extern const struct record_table *const job_tables[];

/* A section of a document and its keys. */
struct section_keys {
    const char *name;
    const struct record_table *table;
};
extern const struct section_keys job_sections[]; /* the same, ended by one without a name */
extern const struct record_table layout_table, serving_layout_table, prefill_table, rollout_table, evaluation_table, targets_table, length_table;

/* A description with the defaults of its section and nothing else. */
void description_begin(enum section section, struct job_description *d);

/* Reads the section at the node; every problem is told. The tree must live as long. */
void description_read(speedup_context *context, struct arena *arena, const struct yaml_tree *tree, uint32_t node,
                      struct job_description *d);

/* Marks a key as given, whose value was filled in; or all that a job must have. */
void description_give(struct job_description *d, const char *key);
void description_give_required(struct job_description *d);

/* Keys that follow from others: without a sequence, one with a rollout is a prompt and its completion. */
void description_derive(struct job_description *d);

/* Tells of required keys that nobody gave. */
void description_require(speedup_context *context, const struct job_description *d);

/* Another that shares nothing with the first, and so has no places in its text; false
 * without memory. */
bool description_copy(struct arena *arena, const struct job_description *from, struct job_description *to);

/* Where a key stands, or the section where it has none. */
struct place description_place(const struct job_description *d, const char *key);

/* Where what several keys make together is shown: at the last setting that changed one of them, or else at the first of them
 * that is given. */
struct place description_place_of(const struct job_description *d, const char *const *keys);

/* Is an optimization asked for in a list? */
bool choices_have(const struct choices *choices, const char *id);

/* A list of optimizations. */
extern const struct field_value choices_value;

/* Reads a list of optimizations; `choice_read` one of its items: an id, or an id with parameters. */
bool choices_read(speedup_context *context, struct arena *arena, const struct yaml_tree *tree, uint32_t node, const char *key,
                  void *out);
bool choice_read(speedup_context *context, struct arena *arena, const struct yaml_tree *tree, uint32_t node,
                 struct choice *choice);

/* Adds items behind those that there are, in the arena. */
bool choices_append(struct arena *arena, struct choices *choices, const struct choice *more, size_t count);

/* A number or a record of length_table. */
extern const struct field_value length_value;

/* The rows that sequences make, and the tokens that a token attends over; window: of the model, 0 for none. */
void length_rows(const struct length *length, enum packing packing, double window, double *attended, struct rows *rows);

/* Tells of rows that are filled, and of which nobody says how long they are. */
void length_check_packing(speedup_context *context, const struct place *place, enum packing packing, const struct length *length);

/* The least that the longest of a job's sequences can be. */
double length_reaches(const struct length *length, enum packing packing);

/* Tells of moments that cannot be together, which calls gave one by one. */
void length_check(speedup_context *context, const struct place *place, const char *key, const struct length *length);

#endif
