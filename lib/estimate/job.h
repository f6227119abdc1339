/* A job made ready to estimate: everything that does not change from one layout to
 * the next stands here as a number, so that an estimate is arithmetic alone. */
#ifndef ESTIMATE_JOB_H
#define ESTIMATE_JOB_H

#include "compose/effects.h"

#include <speedup/estimate.h>

enum { METRICS = SPEEDUP_METRIC_COUNT };
/* s, and B of a peak: with less, no run and no price of one leaves the doubles. */
#define LONGEST_TIME 1e250

/* Files that are compiled more than once have their names apart (see kernel.c). */
#ifdef KERNEL_NAME
#define training_time KERNEL_NAME(training_time)
#define training_memory KERNEL_NAME(training_memory)
#define training_run KERNEL_NAME(training_run)
#define training_kept KERNEL_NAME(training_kept)
#define training_sequences KERNEL_NAME(training_sequences)
#define training_state KERNEL_NAME(training_state)
#define training_offload KERNEL_NAME(training_offload)
#define rollout_join KERNEL_NAME(rollout_join)
#define inference_answer KERNEL_NAME(inference_answer)
#define energy_joules KERNEL_NAME(energy_joules)
#define energy_watts KERNEL_NAME(energy_watts)
#define energy_at_rated KERNEL_NAME(energy_at_rated)
#define energy_at KERNEL_NAME(energy_at)
#define energy_within KERNEL_NAME(energy_within)
#define layout_derive KERNEL_NAME(layout_derive)
#define layout_possible KERNEL_NAME(layout_possible)
#define layout_complete KERNEL_NAME(layout_complete)
#endif
#ifdef KERNEL_WIDE
#define KERNEL_TABLE kernel_wide
#else
#define KERNEL_TABLE kernel_plain
#endif

struct job;

/* The arithmetic of an estimate, as compiled for one kind of processor. `evaluate` gives
 * every metric of the job's kind for a block of layouts, but the chance to run out of
 * memory in training; a lane that cannot be has a status, and nothing else of it counts.
 * The ledger e is as effects_begin() left it, or a block before. */
struct kernel {
    void (*evaluate)(const struct job *job, const lane_block v[VARIABLES], lane_block e[TARGETS], lane_block out[METRICS]);
    void (*effects)(const struct effects *effects, const lane_block v[VARIABLES], lane_block e[TARGETS], lane_block *status);
    void (*training_memory)(const struct job *job, const lane_block v[VARIABLES], const lane_block e[TARGETS], lane_block out[METRICS]);
    void (*training_time)(const struct job *job, const lane_block v[VARIABLES], const lane_block e[TARGETS], lane_block out[METRICS]);
    void (*training_run)(const struct job *job, const lane_block v[VARIABLES], lane_block out[METRICS]);
    void (*derive)(const struct job *job, lane_block v[VARIABLES]);
    void (*complete)(const struct job *job, lane_block v[VARIABLES], block_mask *possible);
};

extern const struct kernel kernel_plain;
extern const struct kernel kernel_wide __attribute__((weak)); /* not in every build */
const struct kernel *kernel_choose(void);

/* Linear layers of one kind: n outputs of k inputs, `count` of them in the model, and what tensor parallelism splits. */
struct matrix {
    double n, k, count, parts; /* parts: linear layers whose outputs stand side by side */
    enum shard { SHARD_NONE, SHARD_OUTPUT, SHARD_INPUT } shard;
};

enum { MOST_MATRICES = 16 };

/* What adapters can stand beside: projections of attention (or of what is in its place), of feed-forward blocks, and of
 * routed experts; numbered as the variables that they are. */
enum adapted { ADAPTED_QUERY, ADAPTED_KEY, ADAPTED_VALUE, ADAPTED_OUTPUT, ADAPTED_GATE, ADAPTED_UP, ADAPTED_DOWN, ADAPTED_EXPERT, ADAPTED };

/* The model, as the ledger counts it: per token, multiply-adds are parameters. */
struct shape {
    struct matrix matrices[MOST_MATRICES]; /* all that every token meets */
    size_t matrix_count, last_matrix;      /* the last of a block */

    double layers;       /* with prediction layers */
    double hidden, heads, kv_heads, vocab;
    double query_dim;    /* width of a head's queries and keys */
    double value_dim;    /* width of a head's values */
    double attention;    /* parameters of the attention of one layer */
    double dense;        /* parameters of all layers that every token meets */
    double expert;       /* parameters of one routed expert */
    double routed;       /* parameters of all routed experts */
    double embedding;    /* parameters of the vocabulary table */
    double tied;         /* 1 when the head is the embedding */
    double expert_layers, experts, active, expert_ffn;
    double feed_forward; /* sum over layers of the widths that work on a token */
    double gated;
    double window, window_layers;
    double attention_layers;  /* that attend to all tokens before, with prediction layers */
    double norm_layers;       /* pairs of norms */
    double collective_layers; /* that tensor parallelism has to join twice a pass */
    double encoders;          /* parameters of encoders beside the layers */
    double state_space_width; /* sum over layers of the inner widths of state spaces */
    double expert_width;      /* of a token as routed experts see it */
    double head_layers;  /* vocabulary heads: 1 and one for each prediction layer */
    double parameters, parameters_active;
    double ends[ADAPTED]; /* inputs and outputs of the projections of a kind, of all layers */
};

/* How one group of weights is read and multiplied by. */
struct format {
    double bytes;  /* of a weight */
    double read;   /* seconds to read a weight */
    double work;   /* seconds to multiply it by one token */
    double vector; /* seconds more of it in a decode step, outside the units for matrices */
    double unpack; /* seconds to widen it before it is multiplied by many */
};

/* A pool of accelerators that does prefill alone, and its layout; none when it has no accelerators. */
struct front {
    double accelerators, tensor, pipeline, attention_data;
};

/* An inference job: the model's parameters by how they are spread and read, sums
 * over layers; the requests; and what follows from the precisions chosen. */
struct inference {
    double layers, dense_layers, expert_layers, full_layers, window_layers;
    double attention, replicated, feed_forward, router, head; /* parameters; head: of one vocabulary table */
    double expert, experts, active;                           /* parameters of one expert; how many; for a token */
    double tables;                                            /* parameters of vocabulary tables, two unless tied, and of encoders */
    double cache_full, cache_window, index_elements, window, top_k; /* elements a token keeps in all layers of a kind */
    double cache_shards;                                      /* ranks that a cache can be split over */
    double state_bytes;                                       /* of a sequence in layers of linear attention */
    double score_width;                                       /* heads x (width of a key + width of a value) */
    double index_width;                                       /* heads x width of the indexer of sparse attention */
    double cache_flops;                                       /* operations for a cached token, in one layer */
    double attention_products;                                /* linear layers of attention whose inputs are quantized */
    bool norm, latent, sparse;

    double prompt, output, request_rate, first_target, token_target; /* tokens: means */
    double prompt_spread, output_spread;                              /* mean of the squares over the square of the mean */
    double output_deviation, output_longest;
    double burstiness, requests, client_latency; /* requests: of a run, 0 without end */
    struct front front;
    bool serving, fixed_lengths;
    bool one_format; /* attention and feed-forward blocks are read and multiplied alike */

    struct format attention_format, feed_forward_format, expert_format, head_format;
    double cache_bytes, cache_read, cache_rate, attention_rate; /* of an element; seconds for a byte; FLOP/s twice */
    double layer_seconds;                                       /* fixed, of all layers */
    double decode_sigma, first_sigma;
};

/* Completions that a step of training makes of its prompts before it trains on them, by an engine on the same accelerators. */
struct rollout {
    const struct job *engine;
    const lane_block *variables;       /* of the engine's scenario */
    double tensor, samples, steps;     /* accelerators of an engine; completions of a prompt; steps that they are for */
    double concurrency, memory;        /* most sequences of an engine at once; its share of an accelerator's memory; 0: as there is room */
    bool sleeps;                       /* its memory is given back for the update */
};

/* Rows of tokens that a step of training takes: a sequence each, or filled with several. */
struct rows {
    double tokens;                /* of a row, mean, without padding */
    double longest;               /* of the longest, which memory must hold */
    double masked;                /* that a token attends over beyond its document where the square of the row is written out */
    double gap, deviation, shape; /* of lengths that are padded: tokens from the mean to the longest; shape 0: none are */
};

/* What draws power in an accelerator: watts, and joules where no limit holds products back. */
struct energy {
    double rated, limit, idle, host; /* W of an accelerator; limit is rated where no job sets one; host: what stands beside it */
    double linear, expert, head;     /* J of an operation of products */
    double attention, moving, wire;  /* W above idle: of attention, of passes over memory, of collectives */
    double held;                     /* mean power over a limit that binds */
    double rate;                     /* exponent: energy of an operation by the rate of products */
};

/* What an accelerator does in a step: operations of products, and seconds of all else, hidden or not. */
struct work {
    lanes linear, expert, head, attention, moving, wire;
};

/* Joules above idle: of products and attention, whose clock a limit sets, and of all else. */
struct joules {
    lanes clocked, fixed;
};

struct job {
    const struct kernel *kernel;
    enum job_kind kind;
    const struct model *model;
    const struct accelerator *accelerator;
    struct shape shape;

    /* hardware, per accelerator and direction where it applies; SI */
    double memory, shown /* share of it that the driver shows */, bandwidth, link, network /* of a node */, host_link, host_memory /* of a node */, host_bandwidth /* same */, nvme /* same */, host_speed, node, domain, power;
    double failures;

    /* run */
    double sequence; /* tokens that a token attends over, mean: those of a sequence, where all have the same */
    struct rows rows;
    double global_batch, tokens, price, checkpoint_seconds, restart_seconds;
    double evaluation_tokens, evaluation_every; /* every: steps; 0: none */
    double power_limit; /* W of an accelerator, 0: none */

    /* rates that follow from the precisions chosen; FLOP/s at efficiency 1 */
    double matmul_peak, expert_peak, attention_peak, half_peak;
    double wide_peak; /* of fused attention on 32-bit numbers; 0 where they have 16 */
    enum precision matmul_precision, expert_precision;
    double weight_bytes, gradient_bytes, activation_bytes;

    double c[KNOWN_COEFFICIENTS];
    struct energy energy;
    bool generic;          /* the accelerator has no calibration of its own for this kind of job */
    bool generic_stack;    /* nor has the software */
    bool unsplit;          /* the software has no tensor and no pipeline parallelism in training */
    bool as_file;          /* weights are kept as the model's file has them, where these are the precisions chosen of them and of experts */
    int32_t file_precision[2];
    bool relaxed;          /* take layouts that do not divide evenly, as published runs did */
    struct inference inference;
    const struct rollout *rollout; /* NULL: the job has none */
    struct effects effects;
};

/* The unit that a metric is shown in: "%" for shares. */
const char *metric_shown_unit(int metric);

/* The number of a metric, METRICS for none; of a name that is none, the nearest is told. */
int metric_find(const char *name);
void metric_missing(speedup_context *context, const struct place *place, const char *name);

/* Which way a metric is better. */
enum better { BETTER_NEITHER, BETTER_LESS, BETTER_MORE };
enum better metric_better(int metric);

/* Derives what follows from the model. */
void shape_measure(const struct model *model, struct shape *shape);

/* What follows from the precisions that the effects chose; told when the chip lacks one. */
void job_set_precisions(speedup_context *context, struct job *job, const struct place *place);

/* The peak that products in a precision run at, FLOP/s; 0, and told when `chosen`
 * says that somebody asked for it, where the chip has none. */
double job_peak(speedup_context *context, const struct job *job, enum precision precision, bool chosen,
                const struct place *place);

/* The same in silence. */
double peak_of(const struct accelerator *accelerator, enum precision precision);

/* What an inference job has of the model, and of the precisions chosen. */
void inference_measure(const struct model *model, struct inference *inference);
void inference_set_precisions(speedup_context *context, struct job *job, const struct place *place);

/* What a step waits for its host's memory: behind the work of every micro-batch, and once. `parameters` are those of a
 * rank, `row` the tokens of a row in time over those in memory, `passes` how often a micro-batch goes through the weights,
 * `stage` its seconds. */
struct offload {
    lanes each, once;
};

struct offload training_offload(const struct job *job, const lanes v[VARIABLES], const lanes e[TARGETS], lanes parameters, lanes row,
                                lanes passes, lanes stage);

/* Sequences of a micro-batch, with all of each example's. */
lanes training_sequences(const struct job *job, const lanes v[VARIABLES], const lanes e[TARGETS]);

/* Optimizer state of a trained parameter, B, before it is sharded: moments, and a wider copy. */
lanes training_state(const lanes e[TARGETS]);

/* Times, memory and money of serving or generating, for a block of layouts. */
void inference_answer(const struct job *job, const lanes v[VARIABLES], const lanes e[TARGETS], lanes out[METRICS]);

/* Time and memory of one step of training, for a block of layouts. `e` are the
 * values of the ledger's entries; metrics are written, none is read. */
void training_time(const struct job *job, const lanes v[VARIABLES], const lanes e[TARGETS], lanes out[METRICS]);
void training_memory(const struct job *job, const lanes v[VARIABLES], const lanes e[TARGETS], lanes out[METRICS]);

/* What stays of the training state from one update to the next. */
struct staying {
    lanes weights, gradients, optimizer, buffers;
};

/* Adds the completions of a step, and their memory beside what stays of the training state, to the metrics of memory; the
 * peak is the larger of the two. */
void rollout_join(const struct job *job, const lanes v[VARIABLES], const struct staying *staying, lanes out[METRICS]);

/* Share of the gap between mean and longest that the longest of n sequences leaves, mean. Lengths have the quantile function
 * longest - s (1 - p)^k, a generalized Pareto distribution that ends at the longest (Hosking and Wallis 1987; k = 1: uniform,
 * k to 0: exponential), and the longest of n leaves s G(n + 1) G(k + 1) / G(n + k + 1), G the gamma function. Of that,
 * G(n + 1) / G(n + 1 + k) is (n + (k + 1) / 2)^-k (Tricomi and Erdelyi 1951), taken relative to n = 1, where it is exact:
 * within 1 % of the longest. */
static inline double rows_left(double n, double k)
{
    return pow((k + 3) / (2 * (n - 1) + (k + 3)), k);
}

/* Tokens of the rows of a micro-batch of so many, each padded to the longest of them, and those that a token of it attends
 * over: mean square over mean. */
static inline void rows_of(const struct job *job, lanes sequences, lanes *tokens, lanes *attended)
{
    const struct rows *r = &job->rows;
    *tokens = lanes_of(r->tokens);
    *attended = lanes_of(job->sequence);
    if (r->shape <= 0)
        return;
    lanes n = lanes_max(sequences, lanes_of(1.0)), left, squares;
    double gap = r->gap * r->gap;
    LANES_EACH(left, rows_left(n[lane_], r->shape));
    LANES_EACH(squares, rows_left(n[lane_], 2 * r->shape));
    *tokens += r->gap * (1 - left);
    *attended = *tokens + ((gap + r->deviation * r->deviation) * squares - gap * left * left) / *tokens;
}

/* What follows from the axes of layouts: data-parallel ranks and accumulation. */
void layout_derive(const struct job *job, lanes v[VARIABLES]);

/* Which layouts are possible (rules: layout.def), with data-parallel ranks and accumulation that are what follows. */
void layout_possible(const struct job *job, const lanes v[VARIABLES], lane_mask *possible);

/* Both in one. */
void layout_complete(const struct job *job, lanes v[VARIABLES], lane_mask *possible);

/* Activations that one micro-batch leaves on a pipeline stage until its backward pass. */
void training_kept(const struct job *job, const lanes v[VARIABLES], const lanes e[TARGETS], lanes *bytes);

/* Watts and joules of an accelerator's work (energy.c). */
void energy_measure(struct job *job);
struct joules energy_joules(const struct energy *energy, const struct work *work);
lanes energy_watts(const struct energy *energy, const struct joules *joules, lanes seconds, double limit);
struct joules energy_at_rated(const struct energy *energy, const struct joules *joules, lanes seconds);
struct joules energy_at(const struct energy *energy, const struct joules *joules, lanes rate);
lane_mask energy_within(const struct energy *energy, const struct joules *joules, lanes rate, lanes seconds);

/* The whole run from the step and the power in it, and how sure it all is. */
void training_run(const struct job *job, const lanes v[VARIABLES], lanes out[METRICS]);

/* Does what is needed fit into an accelerator, and what is offloaded into its host? */
static inline lane_mask job_fits(const struct job *job, lanes needed, lanes host)
{
    return (needed <= job->memory) & (host <= job->host_memory);
}

/* P(peak > memory), from the metrics of a training job: dear, so only where somebody asks. */
void training_chance(const struct job *job, lanes out[METRICS]);

/* W of an accelerator that serves, and its share of the building. */
static inline double inference_watts(const struct job *job)
{
    return job->power * job->c[COEFFICIENT_POWER_FRACTION] * job->c[COEFFICIENT_POWER_OVERHEAD];
}

/* Money and energy of a million output tokens, of a request that takes so many seconds of accelerators. */
static inline void inference_money(const struct job *job, lanes request, lanes out[METRICS])
{
    lanes million = request / job->inference.output * 1e6;
    out[SPEEDUP_METRIC_COST] = million / 3600 * job->price;
    out[SPEEDUP_METRIC_ENERGY] = million * inference_watts(job) / 3.6e6;
}

/* One block of layouts from variables to all metrics, 0 where there is none of the kind.
 * Lanes that cannot be have a status, and 0 in all else. */
void job_evaluate(const struct job *job, const lanes v[VARIABLES], lanes out[METRICS]);

/* The same of the first lane's layout alone; returns its status. */
speedup_status job_values(const struct job *job, const lanes v[VARIABLES], double values[METRICS]);

#endif
