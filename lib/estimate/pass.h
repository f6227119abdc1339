/* What the rooms of an inference estimate share: how a layout splits the work (pass.c), what
 * a pass costs and a rank holds (pass.c), the load that an engine keeps (steady.c), and the
 * metrics made of it (inference.c). Compiled twice, as they are.
 *
 * Symbols: T tokens of a step on a rank, B sequences that decode at once on a rank of
 * attention, S tokens of a sequence in the cache; n tensor-parallel degree, d ranks
 * that share the batch of attention out among them, p pipeline stages; L layers, h
 * hidden width. Times in seconds, sizes in bytes, rates per second. What the
 * coefficients (c[]) are and how they were found stands in data/coefficients. */
#ifndef ESTIMATE_PASS_H
#define ESTIMATE_PASS_H

#include "estimate/job.h"

/* Files that are compiled more than once have their names apart (see kernel.c). */
#ifdef KERNEL_NAME
#define vocabulary_head KERNEL_NAME(vocabulary_head)
#define exposed KERNEL_NAME(exposed)
#define cache_of_sequence KERNEL_NAME(cache_of_sequence)
#define pass_total KERNEL_NAME(pass_total)
#define prepare KERNEL_NAME(prepare)
#define launches KERNEL_NAME(launches)
#define decode KERNEL_NAME(decode)
#define prefill KERNEL_NAME(prefill)
#define added KERNEL_NAME(added)
#define beyond_mean KERNEL_NAME(beyond_mean)
#define least_runtime KERNEL_NAME(least_runtime)
#define hold KERNEL_NAME(hold)
#define engine_room KERNEL_NAME(engine_room)
#define longest_sequence KERNEL_NAME(longest_sequence)
#define micro_batches KERNEL_NAME(micro_batches)
#define pipelined KERNEL_NAME(pipelined)
#define prompt_chunks KERNEL_NAME(prompt_chunks)
#define tokens_per_step KERNEL_NAME(tokens_per_step)
#define drafting KERNEL_NAME(drafting)
#define decode_among KERNEL_NAME(decode_among)
#define closed_loop KERNEL_NAME(closed_loop)
#define open_loop KERNEL_NAME(open_loop)
#define prepare_pool KERNEL_NAME(prepare_pool)
#define two_pools KERNEL_NAME(two_pools)
#define load_at_targets KERNEL_NAME(load_at_targets)
#define deviations KERNEL_NAME(deviations)
#define static_batch KERNEL_NAME(static_batch)
#endif

#define C(name) (job->c[COEFFICIENT_##name])
#define E(name) (e[TARGET_##name])
#define V(name) (v[VARIABLE_##name])

#define ZERO lanes_of(0.0)
#define ONE lanes_of(1.0)

/* How near a search comes: far below what the model is off, so that it leaves no trace. */
#define SETTLED_SHARE 1e-6

/* What binds, as the metrics number it. */
enum { BOUND_BANDWIDTH, BOUND_PRODUCTS, BOUND_FIXED, BOUND_COMMUNICATION, BOUND_PREFILL, BOUND_DRAFT, BOUNDS };

/* How the entries of the ledger scale the products of a pass. */
struct scale {
    lanes bytes, work, expert_work, vector; /* vector: 1 in a decode step */
};

/* A collective: seconds whatever it carries, and for each byte of one rank's tokens. */
struct wire {
    lanes fixed, byte;
};

/* How a layout splits the work, and what does not change between its rounds. */
struct split {
    lanes n, d, p, ranks;     /* ranks: of one copy of the model in one stage */
    lanes copies;
    lanes of_n, of_ranks;     /* a rank's share */
    struct wire reduce, exchange; /* of all layers */
    struct scale decode;
    lanes cache_bytes, cache_seconds, cache_work; /* of one sequence in a decode step, and of one query of it */
    lanes fixed;              /* time of a step that does not follow from its tokens */
};

/* What a pass over all layers costs, by cause. */
struct pass {
    lanes matmul, head, expert, attention, tensor, exchange, fixed, launch;
    lanes reading; /* of all these, what memory bandwidth binds */
    lanes bytes;   /* read from memory on a rank */
};

/* What a rank holds. */
struct memory {
    lanes weights, runtime, sequence; /* sequence: cache reserved for one, all ranks of its attention in the same way */
    lanes cache, tokens;              /* bytes for the cache; tokens that it holds, of requests as they come */
    lanes capacity, most;             /* sequences on a rank of attention that have room, may be below 1; that run at once */
};

/* The answer of one layout, for one rank of attention. */
struct answer {
    lanes first, token, step, queue, gap, interference, batch, in_flight, requests, occupied;
    lanes others, joining, before; /* others that decode when one does; their prompts that join a step, and that come before one's own first token */
    lanes added, wait, uneven;      /* time that a prompt adds to its steps; before them; what it meets more, where prompts come unevenly */
    lanes spread, token_spread, life_spread; /* standard deviations of `first`, `token` and a request's life */
    lanes decoding, share; /* from a request's first token to its last: time, and share of its life */
    lanes wanted;               /* sequences that would decode at once, had they room */
    lanes prompt, prompt_stage; /* prefill of a prompt, or of the static batch; of one prompt in one stage */
    lanes chunks, passage;      /* steps that a prompt takes; its way through all stages, over its time in one */
    lanes company, together;    /* requests whose prompts may share a step, at most, and do, with one's own */
    lanes bring;                /* of a prompt, what comes between steps of decoding */
    lanes arrivals;             /* how unevenly requests come: 1 at random */
    struct pass decode, prefill;
};

/* A pool that does prefill alone, as a rank of attention of the decode pool sees it. */
struct pool {
    struct split at;
    struct memory memory;
    lanes share;           /* ranks of attention of this pool for one of the other */
    lanes busy, most;      /* seconds that a prompt takes a rank; prompts a second, for a rank that decodes */
    lanes other_most;      /* requests a second of a rank that decodes, with its cache full */
    lanes bytes, transfer; /* of a prompt's keys and values; the time that shows */
    lanes latency;         /* from a request to its first token, but for what it waits */
    lanes wait, in_use;    /* for prefill; share of `most` */
};

/* pass.c */
void vocabulary_head(const struct job *job, const struct split *at, lanes tokens, const struct scale *scale, struct pass *pass);
lanes exposed(lanes communication, lanes overlap, lanes work);
lanes cache_of_sequence(const struct job *job, const struct split *at, lanes S);
lanes pass_total(const struct pass *pass);
void prepare(const struct job *job, const lanes e[TARGETS], struct split *at);
void launches(const struct job *job, const lanes e[TARGETS], struct pass *pass);
void decode(const struct job *job, const struct split *at, const lanes e[TARGETS], lanes B, struct pass *pass);
void prefill(const struct job *job, const struct split *at, const lanes e[TARGETS], lanes sequences, lanes steps, lanes beside, struct pass *pass);
lanes added(const struct pass *prompts, lanes steps, const struct pass *decode);
lanes beyond_mean(const struct job *job, lanes n);
lanes longest_sequence(const struct job *job, const struct split *at, const lanes e[TARGETS], lanes cache);
lanes engine_room(const struct job *job, const lanes e[TARGETS]);
double least_runtime(const struct job *job);
void hold(const struct job *job, const struct split *at, const lanes e[TARGETS], lanes room, lanes tokens, struct memory *memory);

/* steady.c */
lanes micro_batches(const struct split *at, lanes B);
lanes pipelined(const struct job *job, const struct split *at, const lanes e[TARGETS], lanes chunks, lanes micro);
lanes prompt_chunks(const struct job *job, const lanes e[TARGETS]);
lanes tokens_per_step(const lanes e[TARGETS]);
lanes drafting(const lanes e[TARGETS]);
void decode_among(const struct job *job, const struct split *at, const lanes e[TARGETS], lanes others, struct answer *a);
void closed_loop(const struct job *job, const struct split *at, const lanes e[TARGETS], lanes asked, const struct memory *memory, struct answer *a);
void open_loop(const struct job *job, const struct split *at, const lanes e[TARGETS], lanes rate, const struct memory *memory, struct answer *a);
void prepare_pool(const struct job *job, const struct split *at, const lanes v[VARIABLES], const lanes e[TARGETS], const struct answer *a, struct pool *pool);
void two_pools(const struct job *job, const struct split *at, const lanes e[TARGETS], lanes asked, double rate, const struct memory *memory, struct pool *pool, struct answer *a);
void load_at_targets(const struct job *job, const struct split *at, const lanes e[TARGETS], const struct memory *memory, const struct pool *pool, struct answer a, lanes out[METRICS]);
void deviations(const struct job *job, const struct split *at, const lanes e[TARGETS], struct answer *a);
void static_batch(const struct job *job, const struct split *at, const lanes e[TARGETS], lanes sequences, struct answer *a);

#endif
