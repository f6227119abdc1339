/* The format of catalog entries: one table of fields per kind. The reference page
 * is made from these tables. */
#include "catalog/entity.h"

#include <float.h>

const char *const provenance_names[] = {"datasheet", "measured", "fitted", "generic", NULL};
const char *const price_tiers[] = {"on-demand", "reserved-1y", "reserved-3y", "spot", "capacity-block", "marketplace", NULL};
const char *const feed_forward_names[] = {"gated", "plain", NULL};
const char *const attention_names[] = {"standard", "latent", NULL};
const char *const state_space_names[] = {"mamba-2", "mamba-1", "convolution", NULL};
const char *const layer_kind_names[] = {"full", "window", "linear", "state-space", "feed-forward", "experts", "none", NULL};

/* Names in one block, and where each begins: no address for the loader. The texts are for doc/families.md. */
static const struct role_words {
#define ROLE(NAME, name, TYPE, path, text) char NAME[sizeof name "\0" path];
#include "catalog/role.def"
#undef ROLE
} role_words = {
#define ROLE(NAME, name, TYPE, path, text) name "\0" path,
#include "catalog/role.def"
#undef ROLE
};

static const struct {
    uint16_t at;
    uint8_t type;
} role_rows[ROLES] = {
#define ROLE(NAME, name, TYPE, path, text) {offsetof(struct role_words, NAME), ROLE_##TYPE},
#include "catalog/role.def"
#undef ROLE
};

const char *role_name(enum role role)
{
    return (const char *)&role_words + role_rows[role].at;
}

enum role_type role_type(enum role role)
{
    return (enum role_type)role_rows[role].type;
}

#define HEAD(entity)                                                                                          \
    {FIELD_WORDS("name", "the id", "name for people"), \
     .type = FIELD_TEXT, .offset = offsetof(struct entity, head.name)}, \
    {FIELD_WORDS("source", "", "where the figures come from"), \
     .type = FIELD_TEXT, .offset = offsetof(struct entity, head.source)}, \
    {FIELD_WORDS("notes", "", "anything a reader should know"), \
     .type = FIELD_TEXT, .offset = offsetof(struct entity, head.notes)}, \
    {FIELD_WORDS("replaces", "false", "overrides the entry of the same id from before"), \
     .type = FIELD_BOOL, .offset = offsetof(struct entity, head.replaces)}

#define TEXT(name_, member, required_, doc_) \
    {FIELD_WORDS(name_, "", doc_), .type = FIELD_TEXT, .offset = offsetof(struct ENTITY, member), .required = required_}
#define NUMBER(name_, member, dimension_, low, high, required_, default_, doc_)                              \
    {FIELD_WORDS(name_, default_, doc_), \
     .type = FIELD_NUMBER, .dimension = DIMENSION_##dimension_, .least = low, .most = high, \
     .offset = offsetof(struct ENTITY, member), .required = required_}
#define COUNT(name_, member, low, high, required_, default_, doc_)                                           \
    {FIELD_WORDS(name_, default_, doc_), \
     .type = FIELD_COUNT, .dimension = DIMENSION_COUNT, .least = low, .most = high, \
     .offset = offsetof(struct ENTITY, member), .required = required_}
#define CHOICE(name_, member, choices_, required_, default_, doc_)                                           \
    {FIELD_WORDS(name_, default_, doc_), \
     .type = FIELD_CHOICE, .choices = choices_, .offset = offsetof(struct ENTITY, member), .required = required_}
#define BOOLEAN(name_, member, doc_)                                                                         \
    {FIELD_WORDS(name_, "false", doc_), .type = FIELD_BOOL, .offset = offsetof(struct ENTITY, member)}
#define RECORD(name_, member, table_, required_, doc_)                                                       \
    {FIELD_WORDS(name_, "", doc_), \
     .type = FIELD_RECORD, .record = &table_, .offset = offsetof(struct ENTITY, member), .required = required_}
#define NODE(type_, name_, member, shape, doc_) \
    {FIELD_WORDS(name_, shape, doc_), .type = FIELD_##type_, .offset = offsetof(struct ENTITY, member)}
#define END {.key = NULL}

static const struct field coefficient_fields[] = {
    HEAD(coefficient),
#define ENTITY coefficient
    NUMBER("value", value, NONE, -DBL_MAX, DBL_MAX, true, "", "value where no calibration gives another"),
    NUMBER("least", least, NONE, -DBL_MAX, DBL_MAX, false, "0", "least value that a calibration may give"),
    NUMBER("most", most, NONE, -DBL_MAX, DBL_MAX, false, "1e18", "largest value that a calibration may give"),
    TEXT("unit", unit, true, "unit, 1 for a plain number"),
    TEXT("text", text, true, "what it is"),
    CHOICE("provenance", provenance, provenance_names, false, "generic", "how the value was found"),
#undef ENTITY
    END,
};

static const struct field peak_fields[] = {
#define PEAK(name_, index)                                                                                   \
    {FIELD_WORDS(name_, "", "dense peak of products in " name_), \
     .type = FIELD_NUMBER, .dimension = DIMENSION_FLOPS_PER_S, .least = 1e9, .most = 1e18, \
     .offset = offsetof(struct peaks, rate[index])}
    PEAK("fp32", PEAK_FP32), PEAK("tf32", PEAK_TF32), PEAK("bf16", PEAK_BF16), PEAK("fp16", PEAK_FP16),
    PEAK("fp8", PEAK_FP8),   PEAK("int8", PEAK_INT8), PEAK("fp4", PEAK_FP4),   PEAK("int4", PEAK_INT4),
    END,
};

static const struct record_table peak_table = {"peak", "Dense peaks by number format, without sparsity.", peak_fields};

static const struct field accelerator_fields[] = {
    HEAD(accelerator),
#define ENTITY accelerator
    TEXT("vendor", vendor, false, "who makes it"),
    TEXT("architecture", architecture, false, "generation, as its vendor calls it"),
    NUMBER("compute_capability", compute_capability, NONE, 0, 100, false, "0", "CUDA compute capability"),
    RECORD("peak", peak, peak_table, true, "dense peaks by number format"),
    NUMBER("memory", memory, BYTES, 1e9, 1e13, true, "", "memory of the device"),
    NUMBER("memory_shown", memory_shown, BYTES, 1e8, 1e13, false, "98.5 % of memory", "memory of the device as its driver shows it, which serving engines share out"),
    NUMBER("bandwidth", bandwidth, BYTES_PER_S, 1e9, 1e15, true, "", "memory bandwidth"),
    NUMBER("cache", cache, BYTES, 0, 1e12, false, "0", "last-level cache"),
    NUMBER("link", link, BYTES_PER_S, 0, 1e14, false, "the host link", "scale-up link of the whole device, per direction"),
    NUMBER("host_link", host_link, BYTES_PER_S, 0, 1e13, false, "32 GB/s", "link to the host, per direction"),
    NUMBER("power", power, WATTS, 1, 1e5, false, "0", "power at full load"),
    CHOICE("provenance", provenance, provenance_names, false, "generic", "how the calibration was found"),
    NODE(MAPPING, "calibration", calibration_node, "coefficient: value", "coefficients of this accelerator"),
    COUNT("machine_most", machine_most, 1, 1e5, false, "8", "most of them in one machine, where a job names them in place of a system"),
#undef ENTITY
    END,
};

static const struct field system_fields[] = {
    HEAD(system),
#define ENTITY system
    TEXT("accelerator", accelerator_id, true, "id of its accelerator"),
    COUNT("accelerators_per_node", node_accelerators, 1, 1e5, true, "", "accelerators in a node"),
    COUNT("scale_up_domain", domain, 1, 1e5, false, "accelerators_per_node", "accelerators that share the scale-up link"),
    NUMBER("link", link, BYTES_PER_S, 1e6, 1e14, false, "the accelerator's", "scale-up link per accelerator and direction"),
    NUMBER("network", network, BYTES_PER_S, 1e6, 1e14, false, "25 GB/s per accelerator", "network of a node, per direction"),
    NUMBER("host_memory", host_memory, BYTES, 1e9, 1e15, false, "", "host memory of a node"),
    NUMBER("host_speed", host_speed, NONE, 0.01, 100, false, "1", "speed of its processors at launching work, over that of the virtual machines on which stacks were measured"),
    NUMBER("host_bandwidth", host_bandwidth, BYTES_PER_S, 1e9, 1e14, false, "", "bandwidth of that memory, all channels together"),
    NUMBER("nvme", nvme, BYTES_PER_S, 1e6, 1e14, false, "", "what its drives read or write, all together"),
    NUMBER("node_power", node_power, WATTS, 1, 1e6, false, "the accelerators'", "power of a whole node at full load"),
    NUMBER("failures", failures, RATE, 0, 1, false, "0 /day", "failures that stop a job, per accelerator"),
#undef ENTITY
    END,
};

static const struct field stack_fields[] = {
    HEAD(stack),
#define ENTITY stack
    CHOICE("provenance", provenance, provenance_names, false, "generic", "how the calibration was found"),
    NODE(MAPPING, "calibration", calibration_node, "coefficient: value", "coefficients of this software"),
    BOOLEAN("whole_models", whole_models, "training has no tensor and no pipeline parallelism in it: each accelerator works on all layers"),
    NODE(LIST, "always", always_node, "[id, id: {parameter: value}, ...]", "optimizations that this software has, and a job needs not name"),
    TEXT("command", command, false, "what starts it as a server of one copy of the model: words in braces, and in brackets what is left out where a word has its default"),
    TEXT("benchmark", benchmark, false, "what measures that server under the job's load, written alike"),
#undef ENTITY
    END,
};

static const struct field attention_fields[] = {
#define ENTITY attention
    CHOICE("kind", kind, attention_names, false, "standard", "latent: keys and values are kept compressed (MLA)"),
    COUNT("query_rank", query_rank, 0, 1e6, false, "0", "latent: rank of the query compression, 0 for none"),
    COUNT("kv_rank", kv_rank, 0, 1e6, false, "0", "latent: rank of the key and value compression"),
    COUNT("rope_dim", rope_dim, 0, 1e5, false, "0", "latent: rotated width of a head"),
    COUNT("nope_dim", nope_dim, 0, 1e5, false, "0", "latent: unrotated width of a head"),
    COUNT("value_dim", value_dim, 0, 1e5, false, "0", "latent: width of a head's values"),
    COUNT("window", window, 0, 1e8, false, "0", "sliding window in tokens, 0 for none"),
    COUNT("window_layers", window_layers, 0, 1e5, false, "0", "layers that use the window"),
    COUNT("linear_layers", linear_layers, 0, 1e5, false, "0", "layers with linear attention or a state space instead"),
    COUNT("index_top_k", index_top_k, 0, 1e8, false, "0", "sparse attention: tokens attended, 0 for all"),
    COUNT("index_heads", index_heads, 0, 1e5, false, "0", "sparse attention: heads of the indexer that chooses them"),
    COUNT("index_dim", index_dim, 0, 1e5, false, "0", "sparse attention: width of an indexer's head"),
    COUNT("linear_key_heads", linear_key_heads, 0, 1e5, false, "0", "linear attention: key heads, 0 where it is as wide as standard attention"),
    COUNT("linear_key_dim", linear_key_dim, 0, 1e5, false, "0", "linear attention: width of a key head"),
    COUNT("linear_value_heads", linear_value_heads, 0, 1e5, false, "0", "linear attention: value heads, each with a state"),
    COUNT("linear_value_dim", linear_value_dim, 0, 1e5, false, "0", "linear attention: width of a value head"),
    COUNT("linear_convolution", linear_convolution, 0, 1e3, false, "0", "linear attention: tokens of the short convolution before it"),
    COUNT("linear_gate", linear_gate, 0, 1e5, false, "full", "linear attention: rank of the gates on keys and on the output"),
    COUNT("absent_layers", absent_layers, 0, 1e5, false, "0", "layers without attention"),
    COUNT("rotary_dim", rotary_dim, 0, 1e5, false, "head_dim", "rotated width of a head; it moves neither sizes nor times"),
    COUNT("index_layers", index_layers, 0, 1e5, false, "all", "sparse attention: layers with an indexer of their own; the others share it"),
    COUNT("full_head_dim", full_head_dim, 0, 1e5, false, "head_dim", "width of a head in layers without the window"),
    COUNT("full_kv_heads", full_kv_heads, 0, 1e5, false, "kv_heads", "key and value heads of layers without the window"),
    BOOLEAN("shared_values", shared_values, "in layers without the window the keys are the values too: no matrix of their own, one cache"),
    BOOLEAN("cross", cross, "a layer attends to an encoder's output too, by as many matrices again"),
    BOOLEAN("bidirectional", bidirectional, "an encoder: tokens see those after them, and nothing is cached"),
    BOOLEAN("qk_norm", qk_norm, "queries and keys are normalized"),
    BOOLEAN("output_gate", output_gate, "standard attention: a gate as wide as the queries on the output"),
    BOOLEAN("qkv_bias", qkv_bias, "query, key and value carry biases, whatever 'bias' says of other layers"),
#undef ENTITY
    END,
};

static const struct record_table attention_table = {"attention", "How the model attends.", attention_fields};

static const struct field expert_fields[] = {
#define ENTITY experts
    COUNT("count", count, 1, 1e5, true, "", "routed experts of a layer"),
    COUNT("active", active, 1, 1e5, true, "", "routed experts that work on a token"),
    COUNT("ffn", ffn, 1, 1e7, true, "", "width of a routed expert"),
    COUNT("shared", shared, 0, 1e4, false, "0", "experts that work on every token"),
    COUNT("shared_ffn", shared_ffn, 0, 1e7, false, "ffn of a routed one", "width of a shared expert"),
    COUNT("dense_layers", dense_layers, 0, 1e5, false, "0", "leading layers without experts"),
    COUNT("latent", latent, 0, 1e6, false, "hidden", "width that tokens are projected to for the routed experts"),
#undef ENTITY
    END,
};

static const struct record_table expert_table = {"experts", "Mixture of experts.", expert_fields};

static const struct field state_space_fields[] = {
#define ENTITY state_space
    COUNT("layers", layers, 1, 1e5, true, "", "layers that are a state space"),
    COUNT("feed_forward_layers", feed_forward_layers, 0, 1e5, true, "", "layers that are a feed-forward block; the others attend"),
    CHOICE("kind", kind, state_space_names, false, "mamba-2", "mamba-1: steps of low rank, a state for each channel; convolution: a short gated one, without a state"),
    COUNT("heads", heads, 1, 1e5, true, "", "heads of a state space"),
    COUNT("head_dim", head_dim, 1, 1e5, true, "", "width of a head"),
    COUNT("groups", groups, 1, 1e5, true, "", "groups of heads that share input and output projections of the state"),
    COUNT("state", state, 1, 1e5, true, "", "size of the state"),
    COUNT("rank", rank, 0, 1e5, false, "0", "mamba-1: rank of the step sizes"),
#undef ENTITY
    END,
};

static const struct record_table state_space_table = {
    "state_space", "State-space layers (Mamba-2): every layer of the model is one block, of one of three kinds.",
    state_space_fields};

static const struct field file_bits_fields[] = {
#define ENTITY file_bits
    NUMBER("attention", attention, NONE, 0, 64, false, "", "of attention and state spaces"),
    NUMBER("feed_forward", feed_forward, NONE, 0, 64, false, "", "of feed-forward blocks and shared experts"),
    NUMBER("experts", experts, NONE, 0, 64, false, "", "of the routed experts"),
    NUMBER("head", head, NONE, 0, 64, false, "", "of the vocabulary head"),
    NUMBER("tables", tables, NONE, 0, 64, false, "", "of embedding and head together"),
    NUMBER("encoders", encoders, NONE, 0, 64, false, "16", "of encoders"),
#undef ENTITY
    END,
};

static const struct record_table file_bits_table = {"file_bits", "Bits of a weight in the model's file.", file_bits_fields};

static const struct field model_fields[] = {
    HEAD(model),
#define ENTITY model
    TEXT("repository", repository, false, "repository of its weights on Hugging Face, owner/name, which software loads it by"),
    COUNT("layers", layers, 1, 1e5, true, "", "transformer layers"),
    COUNT("hidden", hidden, 1, 1e7, true, "", "width of the residual stream"),
    COUNT("heads", heads, 1, 1e5, true, "", "attention heads"),
    COUNT("kv_heads", kv_heads, 1, 1e5, false, "heads", "key and value heads"),
    COUNT("head_dim", head_dim, 1, 1e5, false, "hidden / heads", "width of a head"),
    COUNT("ffn", ffn, 1, 1e8, true, "", "width of the feed-forward block"),
    CHOICE("ffn_kind", ffn_kind, feed_forward_names, true, "", "gated: three matrices (SwiGLU); plain: two (GELU)"),
    COUNT("vocab", vocab, 1, 1e8, true, "", "vocabulary"),
    COUNT("max_sequence", max_sequence, 1, 1e9, false, "no limit", "longest sequence"),
    COUNT("learned_positions", learned_positions, 0, 1e9, false, "0", "learned position embeddings"),
    BOOLEAN("tied_embeddings", tied_embeddings, "the output projection is the input table"),
    BOOLEAN("bias", bias, "linear layers carry biases"),
    BOOLEAN("parallel_block", parallel_block, "attention and feed-forward side by side"),
    RECORD("attention", attention, attention_table, false, "where it is not plain multi-head or grouped-query attention"),
    RECORD("experts", experts, expert_table, false, "mixture of experts"),
    RECORD("state_space", state_space, state_space_table, false, "layers that are a state space"),
    COUNT("prediction_layers", prediction_layers, 0, 100, false, "0", "extra layers that predict further tokens"),
    NUMBER("encoders", encoders, COUNT, 0, 1e13, false, "0", "parameters of encoders beside the layers: towers for images or sound, or the first half of an encoder-decoder"),
    NUMBER("file_bytes", file_bytes, BYTES, 0, 1e16, false, "", "bytes of the tensors in its file, exactly"),
    RECORD("file_bits", file_bits, file_bits_table, false, "bits of a weight in its file, by part, which serving takes with 'quantized'"),
    BOOLEAN("headless", headless, "no vocabulary head: an embedding or reward model"),
    NUMBER("parameters", parameters, COUNT, 1e5, 1e15, false, "", "published number of parameters; must agree with the shape within 3%"),
    NUMBER("parameters_active", parameters_active, COUNT, 1e5, 1e15, false, "", "published number that works on a token"),
    TEXT("quantized", quantized, false, "narrower formats that its file has, words of 'files' of optimizations: fp8, fp8-block, int4-experts, fp8-cache ...; used in serving"),
#undef ENTITY
    END,
};

static const struct field price_fields[] = {
    HEAD(price),
#define ENTITY price
    TEXT("provider", provider, false, "who sells it"),
    TEXT("accelerator", accelerator_id, true, "id of the accelerator"),
    TEXT("system", system_id, false, "id of the system"),
    CHOICE("tier", tier, price_tiers, true, "", "how it is bought"),
    NUMBER("price", per_hour, USD_PER_HOUR, 0, 1e5, true, "", "price of an accelerator-hour"),
    TEXT("date", date, false, "when the price held"),
#undef ENTITY
    END,
};

static const struct field optimization_fields[] = {
    HEAD(optimization),
#define ENTITY optimization
    NODE(LIST, "applies_to", applies_node, "[training, inference]", "kinds of job it is for; both by default"),
    NUMBER("mends", mends, NONE, 0, 1e6, false, "0", "place among the usual means when a training job does not fit, the cheapest first; 0: none of them"),
    BOOLEAN("alters_training", alters_training, "a model may come out otherwise: sums in fewer bits, or fewer weights trained"),
    NODE(LIST, "also", also_node, "[name, ...]", "other names that people use for it: who writes one is told this id"),
    NODE(LIST, "files", files_node, "[word, ...]", "words of a model's 'quantized' that it is used for in serving, unless the job names another; any: those that nothing else answers to, where 'file_bits' are known"),
    NODE(LIST, "instead", instead_node, "[word, ...]", "the same where the chip has no products for the first"),
    NODE(MAPPING, "requires", requires_node, "variable: \"> 1\"", "conditions on variables and parameters; each a comparison, or one with its words: {is, text}"),
    NODE(LIST, "needs", needs_node, "[id, ...]", "optimizations of which one must be selected with it"),
    NODE(LIST, "excludes", excludes_node, "[id, ...]", "optimizations that it cannot be used with"),
    NODE(LIST, "supersedes", supersedes_node, "[id, ...]", "optimizations whose effects it takes the place of"),
    NODE(MAPPING, "parameters", parameters_node, "name: {value, least, most, text}", "numbers that a scenario may set"),
    NODE(MAPPING, "words", words_node, "key: {word: [parameter, ...]}", "words for parameters that are 0 or 1: a job gives a word or a list of them, and the others are 0"),
    NODE(MAPPING, "effects", effects_node, "target[@phase]: expression", "what it does to the ledger"),
    NODE(MAPPING, "claims", claims_node, "resource: factor, or {factor, source}", "what is claimed for it"),
#undef ENTITY
    END,
};

static const struct field space_fields[] = {
    HEAD(space_defaults),
#define ENTITY space_defaults
    NUMBER("tokens_per_parameter", tokens_per_parameter, NONE, 0, 1e9, false, "0", "tokens of a run, for each parameter that works on a token; 0: a run is one step"),
    NUMBER("tokens_per_step", tokens_per_step, COUNT, 0, 1e12, false, "0", "tokens of a step, from which the global batch follows"),
    NUMBER("bytes_per_parameter", bytes_per_parameter, NONE, 0, 1e3, false, "0", "memory that a parameter takes at least: fewer accelerators than hold it are left out"),
    CHOICE("price_tier", price_tier, price_tiers, false, "on-demand", "how accelerators are bought: the newest price of this tier, of several the lowest"),
    NODE(MAPPING, "plan", plan_node, "key: value", "keys of a plan, and what stands for them"),
    NODE(MAPPING, "why", why_node, "key: text", "reasons and sources, told in the answer"),
#undef ENTITY
    END,
};

static const struct field family_fields[] = {
    HEAD(family),
#define ENTITY family
    NODE(LIST, "types", types_node, "[model_type, ...]", "values of 'model_type' that it is for"),
    NODE(LIST, "marks", marks_node, "[field, ...]", "a file of an unknown type that has all of these is taken for this family, with a warning; the most marks win; '!' before one that it must not have, and without a type only where '!model_type' is one"),
    NODE(MAPPING, "fields", fields_node, "role: field|field", "how fields are called, the first that a file has; a point leads into a mapping"),
    NODE(MAPPING, "defaults", defaults_node, "role: value", "class defaults of fields that files leave out, with a warning; 0 for none"),
    NODE(MAPPING, "has", has_node, "role: value", "the same without a warning: what no field says, and what files leave out rightly"),
    CHOICE("others", others, layer_kind_names, false, "full", "what layers are that neither a list nor 'full_every' makes full"),
    NODE(MAPPING, "words", words_node, "word: kind of layer", "words, letters or numbers of lists of layers"),
    NODE(MAPPING, "towers", towers_node, "field: family", "encoders beside the text model: the mapping of each, and the family where it does not say"),
    BOOLEAN("tower", tower, "such an encoder"),
    NODE(LIST, "headless", headless_node, "[ending, ...]", "endings of 'architectures' that have no vocabulary head"),
    NODE(LIST, "ignores", ignores_node, "[field, ...]", "fields that say nothing of sizes; '*' at an end stands for any text"),
    NODE(MAPPING, "cannot", cannot_node, "field: why", "fields that, when set, say what a model's entry cannot"),
#undef ENTITY
    END,
};

#define TABLE(kind_, section_, singular_, text_)                                                             \
    static const struct record_table kind_##_table = {singular_, text_, kind_##_fields};
TABLE(coefficient, "coefficients", "coefficient", "A named number of the model, which an accelerator's or a stack's calibration may set.")
TABLE(accelerator, "accelerators", "accelerator", "A chip: datasheet figures, and coefficients where it was measured.")
TABLE(system, "systems", "system", "A machine or cloud instance: accelerators, links and network.")
TABLE(stack, "stacks", "stack", "Training or serving software: coefficients that belong to it.")
TABLE(model, "models", "model", "A transformer by its shape.")
TABLE(price, "prices", "price", "A dated price of an accelerator-hour.")
TABLE(optimization, "optimizations", "optimization", "Effects on entries of the ledger, as data.")
TABLE(space, "spaces", "space", "What a plan takes for the keys that it leaves out: `training` and `serving`, or the one that it names.")

TABLE(family, "families", "family", "How published files of one kind of model are read: `config.json` of a Hugging Face repository.")

const struct kind_info kinds[KINDS] = {
    {"coefficients", "coefficient", &coefficient_table, sizeof(struct coefficient), "named numbers of the model"},
    {"accelerators", "accelerator", &accelerator_table, sizeof(struct accelerator), "chips"},
    {"systems", "system", &system_table, sizeof(struct system), "machines and cloud instances"},
    {"stacks", "stack", &stack_table, sizeof(struct stack), "training and serving software"},
    {"models", "model", &model_table, sizeof(struct model), "models"},
    {"prices", "price", &price_table, sizeof(struct price), "dated prices"},
    {"optimizations", "optimization", &optimization_table, sizeof(struct optimization), "optimizations"},
    {"spaces", "space", &space_table, sizeof(struct space_defaults), "what plans take for keys left out"},
    {"families", "family", &family_table, sizeof(struct family), "how files of models are read"},
};
