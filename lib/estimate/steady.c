/* The load that an engine keeps: a batch in steady state, pools of prefill and decode, what
 * the targets allow, and a static batch. Knows what a pass costs by pass.c alone. */
#include "estimate/pass.h"

/* How many micro-batches go through the stages of a pipeline at once. */
lanes micro_batches(const struct split *at, lanes B)
{
    return lanes_max(lanes_min(at->p, B), ONE);
}

/* Chunks of prompts and micro-batches follow each other through p stages. A host that
 * launches ahead fills the queue of a stage that waits for those before it, and then
 * launches to none until that one works: of x micro-batches that a queue holds, every
 * ceil(x) take the stages one after the other, less what was launched before. */
lanes pipelined(const struct job *job, const struct split *at, const lanes e[TARGETS], lanes chunks, lanes micro)
{
    lanes held = at->p * (C(QUEUED_LAYERS) / job->inference.layers) / lanes_max(E(LAUNCH_COUNT), lanes_of(1e-3));
    lanes group = lanes_ceil(held), stalled = (at->p - 1 + group - held) / group;
    lanes every = lanes_max(lanes_max(stalled, at->p / C(QUEUED_BATCHES)), ONE);
    return ((micro * chunks - 1) * every + at->p) / (at->p * chunks);
}

lanes prompt_chunks(const struct job *job, const lanes e[TARGETS])
{
    return lanes_select(E(PREFILL_CHUNK) > 0, lanes_max(job->inference.prompt / lanes_max(E(PREFILL_CHUNK), ONE), ONE), ONE);
}

/* Tokens that a verified step gives, and its time over that of the step alone. */
lanes tokens_per_step(const lanes e[TARGETS])
{
    return 1 + E(SPECULATION_TOKENS);
}

lanes drafting(const lanes e[TARGETS])
{
    return E(SPECULATION_DRAFT) * E(SPECULATION_COST);
}

/* Time to first token: the prompt's own prefill, a share of the others that are found
 * waiting, clumps where all requests run in step, the host's time for every layer, the
 * step in flight, and waiting for room in the cache. */
static lanes first_token(const struct job *job, const lanes e[TARGETS], lanes asked, lanes admitted, const struct answer *a)
{
    const struct inference *m = &job->inference;
    lanes others = lanes_max(admitted - 1, ZERO), host = lanes_of(C(FIRST_TOKEN_LAYER) * m->layers);
    /* One finds long prompts at work more often than short ones (Pollaczek-Khinchine). */
    lanes queue = 1 + C(QUEUE_SHARE) * (admitted - 1 + (m->prompt_spread - 1) * others);
    lanes clump = m->fixed_lengths ? C(QUEUE_CLUMP) * (lanes_min(admitted, lanes_of(8.0)) - 1) / 2 : ZERO;
    lanes mixed = a->prompt * (queue + clump) + host * queue;
    /* Prompts of a wave run one after the other before any decode; a place in the middle. */
    lanes waves = a->prompt * (1 + 0.5 * (admitted - 1)) + host;
    bool in_waves = m->fixed_lengths && C(PREFILL_WAVES) > 0;
    /* A static batch waits until all its prompts are done. */
    lanes batched = a->prompt * (1 + others) + host;
    lanes continuous = lanes_min(E(BATCHING), ONE);
    lanes first = continuous * (in_waves ? waves : mixed) + (1 - continuous) * batched;
    return first + a->step + C(FIRST_TOKEN) + (asked / admitted - 1) * m->output * a->token;
}

/* Slots of a step whose token somebody wants: a static batch runs on to its longest
 * output, and continuous batching gives the slots that end early to new requests. */
static lanes occupied_slots(const struct job *job, const lanes e[TARGETS], lanes B)
{
    const struct inference *m = &job->inference;
    lanes own = m->output / (m->output + beyond_mean(job, B));
    return own + (1 - own) * (m->serving ? lanes_min(E(BATCHING), ONE) : ZERO);
}

/* Steps of B sequences, and the life of a request among them. */
void decode_among(const struct job *job, const struct split *at, const lanes e[TARGETS], lanes B, struct answer *a)
{
    const struct inference *m = &job->inference;
    /* Requests of one length on an engine that prefills first: half of the prefills fall
     * before a request's own first token. */
    double met = m->fixed_lengths && C(PREFILL_FIRST) > 0 ? 0.5 : 1;
    B = lanes_max(B, lanes_of(0.5)); /* there is no step without a sequence */
    decode(job, at, e, B / micro_batches(at, B), &a->decode);
    a->step = pass_total(&a->decode) * (1 + drafting(e));
    a->interference = met * B / m->output * a->between;
    a->token = a->step / tokens_per_step(e) + a->interference;
    a->batch = B;
    a->decoding = m->output * a->token;
    a->share = a->decoding / (a->decoding + (1.5 * a->prompt + a->step) * lanes_min(E(BATCHING), ONE));
}

/* What `asked` requests in flight wait for, of which `admitted` have room. */
static void request_times(const struct job *job, const lanes e[TARGETS], lanes asked, lanes admitted, struct answer *a)
{
    a->in_flight = asked;
    a->occupied = occupied_slots(job, e, admitted);
    a->queue = (asked / admitted - 1) * a->decoding;
    a->first = first_token(job, e, asked, admitted, a);
    a->requests = asked / (a->first + a->decoding / a->occupied);
}

/* The batch that a load keeps is the one whose steps lead to it. First the guess that
 * follows from a step is taken, then the secant rule, within what is known to enclose
 * the answer. A lane that has settled stays as it is, whatever the others do. */
struct search {
    lanes at, low, high; /* the batch to look at next; what encloses the answer */
    lanes last, miss;    /* the batch before, and how far it was off */
    int round;
};

enum { ROUNDS = 12 };

/* Looks on when the batch missed by so much, in a measure that grows with it; false once
 * no lane needs to. `guess` is the batch that its steps lead to. */
static bool search_on(struct search *s, lanes miss, lanes guess)
{
    lanes B = s->at, step = B - s->last, rise = miss - s->miss, off = B - guess, close = SETTLED_SHARE * B;
    lane_mask settled = (off <= close) & (off >= -close);
    s->low = lanes_select(miss < 0, B, s->low);
    s->high = lanes_select(miss < 0, s->high, B);
    lanes slope = rise / lanes_select(step != 0, step, ONE), next = B - miss / lanes_select(slope > 0, slope, ONE);
    lane_mask usable = (slope > 0) & (next >= s->low) & (next <= s->high);
    /* Where the rule leads astray: as far again as the guess, to the end if both were short of it; else half-way. */
    lanes farther = guess * (guess / B);
    farther = lanes_select((miss < 0) & (s->miss < 0), lanes_min(farther, s->high), farther);
    farther = lanes_select((farther > s->low) & (farther <= s->high), farther, 0.5 * (s->low + s->high));
    next = s->round++ ? lanes_select(usable, next, farther) : guess;
    s->last = B;
    s->miss = miss;
    s->at = lanes_select(settled, B, next);
    return s->round < ROUNDS && !lanes_all(settled);
}

/* Steady state of a closed loop of `asked` requests on a rank of attention: by Little's
 * law, as many of them decode as decoding is of a request's life. A full cache fixes B. */
void closed_loop(const struct job *job, const struct split *at, const lanes e[TARGETS], lanes asked,
                 const struct memory *memory, struct answer *a)
{
    lanes admitted = lanes_min(asked, lanes_max(memory->capacity, ONE)), guess;
    struct search s = {.at = admitted, .high = admitted};
    do {
        decode_among(job, at, e, s.at, a);
        guess = lanes_select(admitted < asked, s.at, admitted * a->share);
    } while (search_on(&s, s.at - guess, guess));
    request_times(job, e, asked, admitted, a);
}

/* Requests that arrive at a rate: the closed loop that serves it, found by its batch, from
 * which the number in flight follows by the same law; or the largest that has room. */
void open_loop(const struct job *job, const struct split *at, const lanes e[TARGETS], lanes rate,
               const struct memory *memory, struct answer *a)
{
    const double first_batch = 8; /* where steps of experts and of dense layers both have left their ends */
    lanes most = lanes_max(memory->capacity, ONE), asked, wanted;
    struct search s = {.at = lanes_min(lanes_of(first_batch), most), .high = most};
    do {
        decode_among(job, at, e, s.at, a);
        asked = s.at / a->share;
        request_times(job, e, asked, asked, a);
        wanted = lanes_min(rate * (asked / a->requests), most);
    } while (search_on(&s, asked - wanted, wanted * a->share));
}

/* Keys and values of a prompt go from rank to rank, over the link within a scale-up domain
 * and else over each accelerator's share of the network, as fast as collectives do. The
 * pool's next prompt waits for whichever takes longer, prefill or moving the one before. */
void prepare_pool(const struct job *job, const struct split *at, const lanes v[VARIABLES], const lanes e[TARGETS],
                  const struct answer *a, struct pool *pool)
{
    const struct inference *m = &job->inference;
    struct split whole = {.n = ONE};
    lanes I = lanes_of(m->prompt), host = lanes_of(C(FIRST_TOKEN_LAYER) * m->layers);
    lanes sent = cache_of_sequence(job, &pool->at, I) / pool->at.p, received = cache_of_sequence(job, at, I) / at->p;
    double link = job->link * C(REDUCE_LINK), network = job->network / job->node * C(REDUCE_NETWORK);
    lanes seconds = lanes_max(sent, received) / lanes_select(V(ACCELERATORS) <= job->domain, lanes_of(link), lanes_of(network));
    pool->share = pool->at.d * pool->at.copies / (at->d * at->copies);
    pool->bytes = cache_of_sequence(job, &whole, I);
    pool->busy = lanes_max(a->prompt_stage + host, seconds);
    pool->most = pool->share / pool->busy;
    pool->transfer = exposed(seconds, E(CACHE_OVERLAP), a->prompt);
    pool->latency = a->prompt + host + pool->transfer + C(FIRST_TOKEN);
}

/* Mean wait for prefill when so much of the pool is in use: Pollaczek and Khinchine's for
 * requests that come at random to a rank (M/G/1; DistServe, arXiv 2401.09670, sec. 3.1,
 * has M/D/1, which this is for prompts of one length; prefill is taken to vary as they
 * do). `others` is the share of the requests in flight that an arrival finds there: 1 for
 * many (Bard 1979, Schweitzer 1979). */
static lanes prefill_wait(const struct job *job, const struct pool *pool, lanes in_use, lanes others)
{
    in_use = lanes_min(in_use, lanes_of(0.999));
    return others * in_use / (1 - in_use) * pool->busy * (job->inference.prompt_spread / 2);
}

/* Requests a second of a closed loop: asked = rate x (wait + life), with the wait above, is
 * a quadratic equation in the share of the pool that is in use. */
static lanes closed_rate(const struct job *job, const struct pool *pool, lanes asked, lanes others, lanes life)
{
    lanes a = pool->most * life, b = pool->share * others * (job->inference.prompt_spread / 2);
    return pool->most * 2 * asked / (a + asked + lanes_root((a - asked) * (a - asked) + 4 * b * asked));
}

/* Steady state of two pools (Splitwise, arXiv 2311.18677; DistServe): prefill does not come
 * between steps of decoding; requests come at `rate`, or `asked` are in flight when that
 * is 0. The batch follows from rate x time of decoding; the pool that is full limits both. */
void two_pools(const struct job *job, const struct split *at, const lanes e[TARGETS], lanes asked, double rate,
               const struct memory *memory, struct pool *pool, struct answer *a)
{
    lanes most = lanes_max(memory->capacity, ONE), ranks = at->d * at->copies, guess, life;
    lanes others = rate > 0 ? ONE : lanes_max(1 - 1 / (asked * ranks), ZERO);
    struct search s = {.at = most, .high = most};
    do {
        decode_among(job, at, e, s.at, a);
        pool->other_most = s.round ? pool->other_most : most / a->decoding;
        life = a->decoding + pool->latency + a->step;
        a->requests = rate > 0 ? lanes_min(rate / ranks, pool->most) : closed_rate(job, pool, asked, others, life);
        a->wanted = a->requests * a->decoding;
        guess = lanes_min(a->wanted, most);
    } while (search_on(&s, s.at - guess, guess));
    a->requests = guess / a->decoding;
    pool->in_use = a->requests / pool->most;
    pool->wait = prefill_wait(job, pool, pool->in_use, others);
    a->occupied = ONE;
    a->in_flight = rate > 0 ? a->requests * (life + pool->wait) : asked;
    /* Who is in flight and neither served nor decoding waits: for room where it is short, else for prefill. */
    lanes waiting = lanes_max(a->in_flight / a->requests - life, ZERO);
    pool->wait = lanes_select(a->wanted > most, lanes_min(pool->wait, waiting), waiting);
    a->queue = waiting - pool->wait;
    a->first = pool->latency + a->step + pool->wait + a->queue;
    a->gap = a->step;
}

/* The closed loop in which B sequences decode behind a prefill pool, and the share of the
 * pool in use over the share at which waiting for it uses up the target; both follow from
 * the wait above. */
static lanes behind_pool(const struct job *job, const struct split *at, const struct pool *pool, lanes B, struct answer *a,
                         lanes *asked)
{
    const struct inference *m = &job->inference;
    lanes ranks = at->d * at->copies, soonest = pool->latency + a->step, life = a->decoding + soonest;
    a->requests = B / a->decoding;
    lanes in_use = a->requests / pool->most, wait = prefill_wait(job, pool, in_use, ONE), b = a->requests * (life + wait);
    *asked = 0.5 * (b + lanes_root(lanes_max(b * b - 4 * a->requests * wait / ranks, ZERO)));
    if (m->first_target <= 0)
        return in_use;
    lanes others = 1 - 1 / lanes_max(*asked * ranks, ONE), one = pool->busy * (m->prompt_spread / 2) * others;
    lanes left = m->first_target - soonest, allowed = left / lanes_max(left + one, lanes_of(1e-12));
    return lanes_select(left > 0, lanes_max(in_use, in_use / allowed), 1 + soonest);
}

/* The largest closed loop that meets the targets and has room, by its batch; `pool` is NULL
 * where the same accelerators prefill. */
void load_at_targets(const struct job *job, const struct split *at, const lanes e[TARGETS], const struct memory *memory,
                     const struct pool *pool, struct answer a, lanes out[METRICS])
{
    const struct inference *m = &job->inference;
    const double close = 1 + 1e-5; /* a search ends on either side */
    lanes most = lanes_max(memory->capacity, ONE), ranks = at->d * at->copies, best = ZERO, rate = ZERO, worst, asked;
    struct search s = {.at = pool ? lanes_min(most, pool->most * a.decoding) : most, .high = most};
    do {
        decode_among(job, at, e, s.at, &a);
        if (pool) {
            worst = lanes_max(s.at / most, behind_pool(job, at, pool, s.at, &a, &asked));
        } else {
            asked = s.at / a.share;
            request_times(job, e, asked, asked, &a);
            worst = asked / most;
            if (m->first_target > 0)
                worst = lanes_max(worst, a.first / m->first_target);
        }
        if (m->token_target > 0)
            worst = lanes_max(worst, a.token / m->token_target);
        lane_mask better = (worst <= close) & (asked > best);
        best = lanes_select(better, asked, best);
        rate = lanes_select(better, a.requests, rate);
    } while (search_on(&s, worst - 1, s.at / worst));
    best = lanes_floor(lanes_min(best * ranks * close, lanes_of(1e12)));
    out[SPEEDUP_METRIC_CONCURRENCY_AT_TARGETS] = best;
    out[SPEEDUP_METRIC_REQUESTS_AT_TARGETS] = lanes_select(best >= 1, rate * ranks, ZERO);
}

/* A static batch of `sequences` on a rank of attention, from prompts to last tokens. */
void static_batch(const struct job *job, const struct split *at, const lanes e[TARGETS], lanes sequences,
                  struct answer *a)
{
    const struct inference *m = &job->inference;
    struct scale plain = {ONE, ONE, ONE, ZERO};
    lanes micro = micro_batches(at, sequences), chunks = prompt_chunks(job, e);
    prefill(job, at, e, sequences / micro, chunks, &a->prefill);
    vocabulary_head(job, at, sequences / micro, &plain, &a->prefill);
    a->prefill.fixed = at->fixed * chunks;
    launches(job, e, &a->prefill);
    a->prompt = pass_total(&a->prefill) * pipelined(job, at, e, chunks, micro);
    a->prompt_stage = pass_total(&a->prefill) * micro / sequences / at->p;
    decode(job, at, e, sequences / micro, &a->decode);
    a->step = pass_total(&a->decode) * (1 + drafting(e));
    a->token = a->step / tokens_per_step(e);
    a->interference = a->queue = ZERO;
    a->wanted = sequences;
    a->gap = a->step;
    a->first = a->prompt;
    a->batch = a->in_flight = sequences;
    a->occupied = occupied_slots(job, e, sequences);
    a->requests = sequences / (a->first + (m->output + beyond_mean(job, sequences) - 1) * a->token);
}
