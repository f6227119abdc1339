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

/* Requests of one length on an engine that takes waiting prompts before it decodes on stay in step. */
static bool in_step(const struct job *job)
{
    return job->inference.fixed_lengths && C(PREFILL_FIRST) > 0;
}

/* Time to first token. A request comes while a step runs, and finds long steps more often than short ones: where `joining`
 * prompts join a step, each of which adds D to the step S that there is without them, the mean of the squares of steps over
 * their mean is T + r D / (1 - r^2), r = the share of prompts in T; the next step takes all prompts that come during this
 * one (gated service: Takagi, Analysis of Polling Systems, 1986). Then the steps of its own prompt follow. */
static void first_token(const struct job *job, struct answer *a)
{
    const struct inference *m = &job->inference;
    lanes added = in_step(job) ? ZERO : a->joining * a->added, whole = a->step + added, r = added / whole;
    /* Alone, there is no step to wait for; in step, there is none between one's own and those of the others. */
    lanes busy = in_step(job) ? ZERO : lanes_min(a->others, ONE) * (0.5 + r);
    a->uneven = busy * a->arrivals * r * a->added / (1 - lanes_min(r * r, lanes_of(0.999)));
    a->wait = busy * whole + a->uneven;
    a->first = a->wait + a->before * a->added + a->chunks * a->step + a->passage * a->added + C(FIRST_TOKEN_STEPS) * whole +
               (C(FIRST_TOKEN) + m->client_latency);
}

/* Slots of a step whose token somebody wants: a static batch runs on to its longest
 * output, and continuous batching gives the slots that end early to new requests. */
static lanes occupied_slots(const struct job *job, const lanes e[TARGETS], lanes B)
{
    const struct inference *m = &job->inference;
    lanes own = m->output / (m->output + beyond_mean(job, B));
    return own + (1 - own) * (m->serving ? lanes_min(E(BATCHING), ONE) : ZERO);
}

/* Steps after the prompt's own, which give the first token. */
static lanes later_steps(const struct job *job, const lanes e[TARGETS])
{
    const double least = 0.1; /* one output alone decodes nothing: nearly */
    return fmax(job->inference.output - 1, least) / tokens_per_step(e);
}

/* Of the others as many can decode at once as bring no more prompts than a step takes. */
static lanes most_others(const struct job *job, const lanes e[TARGETS], lanes room)
{
    lanes most = E(PREFILL_CHUNK) / job->inference.prompt * later_steps(job, e), others = lanes_max(room - 1, ZERO);
    return lanes_select((most > 0) & (C(PREFILL_APART) == ZERO), lanes_min(others, most), others);
}

/* Steps in which a request decodes with so many others on average, and its life among them. Every one of the others brings
 * a prompt for each of its outputs: a request meets their prompts, and never its own. */
void decode_among(const struct job *job, const struct split *at, const lanes e[TARGETS], lanes others, struct answer *a)
{
    lanes B = others + 1, micro = micro_batches(at, B), v = tokens_per_step(e);
    struct pass together;
    decode(job, at, e, B / micro, &a->decode);
    a->step = pass_total(&a->decode) * (1 + drafting(e));
    /* Of requests in step, half of the prompts fall before a request's own first token. */
    double met = in_step(job) ? 0.5 : 1;
    lanes prompts = a->bring * others / later_steps(job, e);
    a->joining = met * prompts;
    a->before = (1 - met) * a->bring * others;
    /* Its own prompt shares steps with theirs. */
    a->together = lanes_min(B / later_steps(job, e), a->company);
    lanes at_once = lanes_max(met * a->bring * a->together, ONE);
    if (C(PREFILL_APART) > 0) {
        prefill(job, at, e, at_once, a->chunks, ZERO, &together);
        a->added = (pass_total(&together) + a->chunks * at->fixed) / at_once / at->p;
    } else {
        prefill(job, at, e, at_once, a->chunks, B / micro * (1 + E(SPECULATION_DRAFT)), &together);
        a->added = added(&together, a->chunks, &a->decode) / at_once / at->p;
    }
    a->interference = a->joining * a->added / v;
    a->token = a->step / v + a->interference;
    a->others = others;
    a->decoding = later_steps(job, e) * v * a->token;
    first_token(job, a);
    /* A static batch waits until all its prompts are done. */
    a->first += (1 - lanes_min(E(BATCHING), ONE)) * a->prompt * others;
}

/* A closed loop of so many requests, all of which have room. */
static void loop_of(const struct job *job, const lanes e[TARGETS], lanes admitted, struct answer *a)
{
    const struct inference *m = &job->inference;
    lanes clump = m->fixed_lengths && !in_step(job) ? C(QUEUE_CLUMP) * lanes_max(lanes_min(admitted, lanes_of(8.0)) - 1, ZERO) / 2 * a->added : ZERO;
    a->occupied = occupied_slots(job, e, admitted);
    a->first += lanes_min(E(BATCHING), ONE) * clump;
    lanes decoding = a->decoding / a->occupied, life = a->first + decoding;
    /* All of a static batch decode in step. */
    a->share = lanes_min(E(BATCHING), ONE) * (decoding / life) + 1 - lanes_min(E(BATCHING), ONE);
    a->requests = admitted / life;
}

/* Accelerators work no more than all the time: on what a prompt adds, and on the steps that it shares with others. */
static lanes most_requests(const struct answer *a)
{
    return 1 / (a->bring * a->added + (1 - a->bring) * a->prompt_stage + a->step / (a->together * a->occupied));
}

/* What a closed loop serves at most. Who meets the prompts of the others meets one more at most; prompts that steps have no
 * room for wait. */
static void bound_loop(const struct job *job, const lanes e[TARGETS], lanes admitted, struct answer *a)
{
    a->requests = lanes_min(a->requests, most_requests(a));
    lanes life = a->first + a->decoding / a->occupied, excess = admitted / a->requests - life;
    excess = lanes_select(excess > life * 1e-12, excess, ZERO); /* however it was rounded */
    lanes met = lanes_min(excess, a->bring * a->added);
    lanes later = met * a->occupied / (later_steps(job, e) * tokens_per_step(e));
    a->first += excess - met;
    a->interference += later;
    a->token += later;
    a->decoding += met * a->occupied;
    a->batch = a->requests * a->decoding / a->occupied;
}

/* Those that a run starts with come at once, and wait for each other's prompts. */
static void start_run(const struct job *job, lanes admitted, struct answer *a)
{
    const struct inference *m = &job->inference;
    if (m->requests <= 0)
        return;
    lanes first = lanes_min(admitted, lanes_of(m->requests)) / m->requests;
    a->first += first * C(RUN_START) * lanes_max(admitted - 1, ZERO) * a->prompt_stage;
    a->requests = admitted / (a->first + a->decoding / a->occupied);
}

/* The batch that a load keeps is the one whose steps lead to it. First the guess that
 * follows from a step is taken, then the secant rule, within what is known to enclose
 * the answer. A lane that has settled stays as it is, whatever the others do. */
struct search {
    lanes at, low, high; /* the batch to look at next; what encloses the answer */
    lanes last, miss;    /* the batch before, and how far it was off */
    int round, more; /* more: beyond the usual */
};

enum { ROUNDS = 12, MORE_ROUNDS = 40 }; /* more where a rate is nearly what is served at most */

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
    return s->round < ROUNDS + s->more && !lanes_all(settled);
}

/* Steady state of a closed loop of `asked` requests on a rank of attention: by Little's law a request meets as many of the
 * others decoding as decoding is of a request's life. Who has no room in the cache waits for it. */
void closed_loop(const struct job *job, const struct split *at, const lanes e[TARGETS], lanes asked,
                 const struct memory *memory, struct answer *a)
{
    lanes admitted = lanes_min(asked, lanes_max(memory->most, ONE)), high = 1 + most_others(job, e, admitted), guess;
    struct search s = {.at = high, .high = high};
    a->company = admitted;
    do {
        decode_among(job, at, e, s.at - 1, a);
        loop_of(job, e, admitted, a);
        guess = in_step(job) ? high : lanes_min(1 + lanes_max(admitted - 1, ZERO) * a->share, high);
    } while (search_on(&s, s.at - guess, guess));
    bound_loop(job, e, admitted, a);
    start_run(job, admitted, a);
    a->in_flight = asked;
    a->queue = (asked - admitted) / a->requests;
    a->first += a->queue;
}

/* Requests that arrive at a rate: one meets as many others decoding as come in the time that it decodes; as far as there is
 * room for all in flight, and steps take up the prompts. */
void open_loop(const struct job *job, const struct split *at, const lanes e[TARGETS], lanes rate,
               const struct memory *memory, struct answer *a)
{
    const double first_batch = 8; /* where steps of experts and of dense layers both have left their ends */
    lanes most = lanes_max(memory->most, ONE), high = 1 + most_others(job, e, most + 1), guess, others, life;
    double run = job->inference.requests;
    a->company = most;
    /* What is more than steps can serve keeps all in flight that have room; else a load is what its steps lead to. */
    decode_among(job, at, e, high - 1, a);
    a->occupied = occupied_slots(job, e, high);
    lane_mask full = most_requests(a) <= rate;
    struct search s = {.at = lanes_select(full, high, lanes_min(lanes_of(first_batch), high)), .high = high, .more = MORE_ROUNDS};
    do {
        decode_among(job, at, e, s.at - 1, a);
        a->occupied = occupied_slots(job, e, s.at);
        life = a->first + a->decoding / a->occupied;
        /* All of a static batch decode in step. */
        lanes continuous = lanes_min(E(BATCHING), ONE), with = continuous * a->decoding + (1 - continuous) * life, room = most / life * with;
        others = rate * with;
        /* A run of few requests fills up, and empties: a part of it has fewer in flight. */
        if (run > 0)
            others *= (1 - lanes_min(others / run, ONE) / 3) * (1 - 1 / run);
        guess = lanes_min(1 + lanes_select(full, room, lanes_min(others, room)), high);
    } while (search_on(&s, s.at - guess, guess));
    a->requests = lanes_min(lanes_select(full, most_requests(a), rate + ZERO), most / life);
    a->in_flight = a->requests * life;
    a->batch = a->requests * a->decoding / a->occupied;
    a->queue = ZERO;
}

/* How much requests differ from the mean. The first token waits a part of a step, evenly spread, for prompts that come unevenly
 * (the deviation is half as much again as the mean, by simulation), and for those that join its own steps. Tokens of a request
 * differ by the prompts that it meets and by the sequences that run beside it; a step that each of them makes longer keeps
 * requests longer, so that a load varies more than arrivals do (processor sharing: Kleinrock, Queueing Systems II, 1976). */
void deviations(const struct job *job, const struct split *at, const lanes e[TARGETS], struct answer *a)
{
    const struct inference *m = &job->inference;
    struct pass alone;
    lanes steps = later_steps(job, e), added = a->added, whole = a->step + a->joining * added, r = a->joining * added / whole, left = 1 - lanes_min(r, lanes_of(0.999));
    decode(job, at, e, ONE, &alone);
    lanes one = lanes_max(a->step - pass_total(&alone) * (1 + drafting(e)), ZERO) / lanes_max(a->others, ONE); /* of a step, for each sequence */
    lanes joined = a->arrivals * a->joining * added * added / (1 - lanes_min(r * r, lanes_of(0.999)));
    lanes waits = whole * whole / 12 + 2.25 * a->uneven * a->uneven + 1.5 * joined + (m->prompt_spread - 1) * added * added;
    a->spread = lanes_root(waits);
    lanes met = added / steps, kept = lanes_min(a->others * one / whole / left, lanes_of(0.95));
    lanes each = a->arrivals * met * met + met * one + 2.0 / 3 * one * one;
    lanes token = lanes_root(a->others * each / (1 - kept)) / left / tokens_per_step(e);
    a->token_spread = token;
    lanes tokens = a->decoding / a->token, lengths = (m->output_spread - 1) * a->decoding * a->decoding;
    a->life_spread = lanes_root(waits + tokens * tokens * token * token + lengths);
}

/* Keys and values of a prompt go from rank to rank, over the link within a scale-up domain
 * and else over each accelerator's share of the network, as fast as collectives do. The
 * pool's next prompt waits for whichever takes longer, prefill or moving the one before. */
void prepare_pool(const struct job *job, const struct split *at, const lanes v[VARIABLES], const lanes e[TARGETS],
                  const struct answer *a, struct pool *pool)
{
    const struct inference *m = &job->inference;
    struct split whole = {.n = ONE};
    lanes I = lanes_of(m->prompt), host = lanes_of(C(FIRST_TOKEN));
    lanes sent = cache_of_sequence(job, &pool->at, I) / pool->at.p, received = cache_of_sequence(job, at, I) / at->p;
    double link = job->link * C(REDUCE_LINK), network = job->network / job->node * C(REDUCE_NETWORK);
    lanes seconds = lanes_max(sent, received) / lanes_select(V(ACCELERATORS) <= job->domain, lanes_of(link), lanes_of(network));
    pool->share = pool->at.d * pool->at.copies / (at->d * at->copies);
    pool->bytes = cache_of_sequence(job, &whole, I);
    pool->busy = lanes_max(a->prompt_stage, seconds);
    pool->most = pool->share / pool->busy;
    pool->transfer = exposed(seconds, E(CACHE_OVERLAP), a->prompt);
    pool->latency = a->prompt + host + pool->transfer;
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
    lanes most = lanes_max(memory->most, ONE), ranks = at->d * at->copies, guess, life;
    lanes others = rate > 0 ? ONE : lanes_max(1 - 1 / (asked * ranks), ZERO);
    struct search s = {.at = most, .high = most};
    do {
        decode_among(job, at, e, lanes_max(s.at - 1, ZERO), a);
        a->batch = s.at;
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
    lanes waiting = a->in_flight / a->requests - life;
    waiting = lanes_select(waiting > life * 1e-12, waiting, ZERO); /* one alone waits for nobody, however it was rounded */
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
    lanes most = lanes_max(memory->most, ONE), ranks = at->d * at->copies, best = ZERO, rate = ZERO, worst, asked;
    lanes high = pool ? most : 1 + most_others(job, e, most);
    struct search s = {.at = pool ? lanes_min(most, pool->most * a.decoding) : high, .high = high};
    a.company = most;
    do {
        decode_among(job, at, e, s.at - 1, &a);
        if (pool) {
            worst = lanes_max(s.at / most, behind_pool(job, at, pool, s.at, &a, &asked));
        } else {
            lanes first = a.first;
            asked = s.at;
            for (int round = 0; round < 4; round++) {
                a.first = first;
                loop_of(job, e, asked, &a);
                asked = 1 + a.others / a.share;
            }
            bound_loop(job, e, asked, &a);
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
    prefill(job, at, e, sequences / micro, chunks, ZERO, &a->prefill);
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
