/* Results as bytes, so that ranges of one space may be searched in other processes, on other machines, or at another time:
 * words of 64 bits, the lowest byte first. */
#include "plan/search.h"

#include "base/struct.h"

#include <string.h>

enum { SAVED_VERSION = 1, COUNTS = 8, HEAD = 5 };

static const uint64_t magic = UINT64_C(0x746c757365725053); /* "SPresult" */

/* FNV-1a over words (Fowler, Noll, Vo, RFC 9923). */
static const uint64_t basis = UINT64_C(0xcbf29ce484222325);

static uint64_t hashed(uint64_t hash, uint64_t word)
{
    for (int i = 0; i < 8; i++)
        hash = (hash ^ (word >> (8 * i) & 255)) * UINT64_C(0x100000001b3);
    return hash;
}

static uint64_t bits_of(double number)
{
    uint64_t bits;
    memcpy(&bits, &number, sizeof bits);
    return bits;
}

static double number_of(uint64_t bits)
{
    double number;
    memcpy(&number, &bits, sizeof number);
    return number;
}

static uint64_t hashed_numbers(uint64_t hash, const double *numbers, size_t count)
{
    for (size_t i = 0; i < count; i++)
        hash = hashed(hash, bits_of(numbers[i]));
    return hash;
}

static uint64_t hashed_expression(uint64_t hash, const struct expression *expression)
{
    for (int i = 0; expression && i < expression->count; i++) {
        const struct operation *o = &expression->operations[i];
        hash = hashed(hashed(hash, (uint64_t)o->code << 32 | (uint64_t)o->kind << 16 | o->index), bits_of(o->value));
    }
    return hash;
}

/* Of a function of the caller's, that there is one. */
static uint64_t hashed_effects(uint64_t hash, const struct effects *effects)
{
    hash = hashed_numbers(hash, effects->base, TARGETS);
    for (int i = 0; i < TARGETS; i++)
        hash = hashed(hash, (uint64_t)effects->precision[i]);
    for (size_t i = 0; i < effects->dynamic_count; i++) {
        const struct dynamic_effect *effect = &effects->dynamic[i];
        hash = hashed_expression(hashed(hash, effect->target), effect->value);
        for (size_t k = 0; k < effect->condition_count; k++)
            hash = hashed_expression(hash, &effect->conditions[k]);
    }
    for (size_t i = 0; i < effects->requirement_count; i++)
        hash = hashed_expression(hash, &effects->requirements[i].condition);
    return hash;
}

/* What makes a plan's index mean the same plan, of the same figures, with the same limits. */
static uint64_t space_mark(const speedup_space *space)
{
    uint64_t hash = hashed(hashed(hashed(basis, space->kind), (uint64_t)space->goal.metric), space->top);
    for (size_t i = 0; i < space->front_count; i++)
        hash = hashed(hash, (uint64_t)space->front[i].metric);
    hash = hashed_numbers(hash, space->limits, LIMITS);
    hash = hashed_numbers(hash, &space->confidence, 1);
    for (int axis = 0; axis < AXES; axis++)
        hash = hashed_numbers(hashed(hash, space->counts[axis]), space->values[axis], space->counts[axis]);
    for (size_t i = 0; i < space->program_count; i++) {
        const struct program *p = &space->programs[i];
        hash = hashed_numbers(hashed(hash, (uint64_t)p->why_not), (const double[]){p->per_hour, p->memory_margin}, 2);
        if (!p->scenario)
            continue;
        const struct job *job = &p->scenario->job;
        hash = hashed_numbers(hash, job->c, KNOWN_COEFFICIENTS);
        hash = hashed_effects(hashed(hash, bits_of(job->tokens)), &job->effects);
        for (int v = 0; v < VARIABLES; v++)
            hash = hashed(hash, bits_of(p->scenario->variables[v][0]));
    }
    return hash;
}

/* Words one after the other, as far as there is room, and how many there are. */
struct writer {
    unsigned char *at;
    size_t room, count;
    uint64_t hash;
};

static void put(struct writer *w, uint64_t word)
{
    for (int i = 0; i < 8 && w->count < w->room / 8; i++)
        w->at[8 * w->count + (size_t)i] = (unsigned char)(word >> (8 * i));
    w->count++;
    w->hash = hashed(w->hash, word);
}

static void put_found(struct writer *w, const struct found *found, size_t values)
{
    put(w, found->index);
    for (size_t i = 0; i < values; i++)
        put(w, bits_of(found->value[i]));
}

size_t speedup_result_save(const speedup_result *result, void *bytes, size_t room)
{
    if (!result)
        return 0;
    const speedup_counts *c = &result->counts;
    const uint64_t head[HEAD] = {magic, SAVED_VERSION, space_mark(result->space), result->best_count, result->front_count};
    const uint64_t counts[COUNTS] = {c->size, c->searched, c->conflicting, c->not_dividing, c->not_fitting, c->constrained, c->feasible, c->off_target};
    struct writer w = {.at = bytes, .room = bytes ? room : 0, .hash = basis};
    for (int i = 0; i < HEAD; i++)
        put(&w, head[i]);
    for (int i = 0; i < COUNTS; i++)
        put(&w, counts[i]);
    put(&w, bits_of(result->unseen));
    /* Once a plan is possible, what is near means nothing, and hangs on the division. */
    const struct found none = {{HUGE_VAL}, UINT64_MAX};
    for (int i = 0; i <= NEEDS; i++)
        put_found(&w, c->feasible ? &none : &result->near[i], 1);
    for (size_t i = 0; i < result->best_count; i++)
        put_found(&w, &result->best[i], 1);
    for (size_t i = 0; i < result->front_count; i++)
        put_found(&w, &result->front[i], result->space->front_count);
    put(&w, w.hash);
    return 8 * w.count;
}

struct words {
    const unsigned char *at;
    size_t left;
};

static uint64_t get(struct words *r)
{
    uint64_t word = 0;
    if (!r->left)
        return 0;
    for (int i = 0; i < 8; i++)
        word |= (uint64_t)r->at[i] << (8 * i);
    r->at += 8;
    r->left--;
    return word;
}

static struct found get_found(struct words *r, size_t values)
{
    struct found found = {.index = get(r)};
    for (size_t i = 0; i < values; i++)
        found.value[i] = number_of(get(r));
    return found;
}

/* A plan of the space, with figures; of what is near there may be none. */
static bool is_plan(const speedup_space *space, const struct found *found, bool may_lack)
{
    bool good = found->index < speedup_space_size(space) || (may_lack && found->index == UINT64_MAX);
    for (int i = 0; i < MOST_FRONT_METRICS; i++)
        good &= found->value[i] == found->value[i];
    return good;
}

static bool fill(speedup_result *made, struct words *r, size_t best, size_t front)
{
    speedup_counts *c = &made->counts;
    uint64_t *const counts[COUNTS] = {&c->size,        &c->searched,    &c->conflicting, &c->not_dividing,
                                      &c->not_fitting, &c->constrained, &c->feasible,    &c->off_target};
    bool good = true;
    for (int i = 0; i < COUNTS; i++)
        good &= (*counts[i] = get(r)) <= speedup_space_size(made->space);
    made->unseen = number_of(get(r));
    for (int i = 0; i <= NEEDS; i++) {
        made->near[i] = get_found(r, 1);
        good &= is_plan(made->space, &made->near[i], true);
    }
    for (size_t i = 0; i < best && good; i++) {
        struct found found = get_found(r, 1);
        good &= is_plan(made->space, &found, false);
        best_add(made, found.value[0], found.index);
    }
    for (size_t i = 0; i < front && good; i++) {
        struct found found = get_found(r, made->space->front_count);
        good &= is_plan(made->space, &found, false);
        front_add(made, &found);
    }
    return good && made->unseen == made->unseen;
}

speedup_status speedup_result_load(speedup_context *context, const speedup_space *space, const void *bytes, size_t length,
                                   speedup_result **result)
{
    if (result)
        *result = NULL;
    REQUIRE_GIVEN(context, context);
    REQUIRE_GIVEN(context, space);
    REQUIRE_GIVEN(context, bytes);
    REQUIRE_GIVEN(context, result);
    diagnostics_clear(context);
    struct place place = {.file = "<result>"};
    const size_t least = HEAD + COUNTS + 1 + 2 * (NEEDS + 1) + 1, words = length / 8;
    struct words all = {bytes, words}, r = all;
    uint64_t hash = basis, head[HEAD];
    for (size_t i = 1; i < words; i++)
        hash = hashed(hash, get(&all));
    for (int i = 0; i < HEAD; i++)
        head[i] = get(&r);
    if (length % 8 || words < least || head[0] != magic)
        problem(context, SPEEDUP_SYNTAX, &place, "these bytes are no result of a search, or are cut off");
    else if (head[1] != SAVED_VERSION)
        problem(context, SPEEDUP_SYNTAX, &place, "this result is of version %llu of the format; this library reads version %d",
                (unsigned long long)head[1], SAVED_VERSION);
    else if (get(&all) != hash)
        problem(context, SPEEDUP_SYNTAX, &place, "the bytes of this result were changed, or are cut off");
    else if (head[2] != space_mark(space))
        problem(context, SPEEDUP_INCONSISTENT, &place, "this is a result of another space: of another plan, catalog or library");
    if (context->first)
        return context->first;
    bool sized = head[3] <= space->top && head[4] <= words && words == least + 2 * head[3] + (1 + space->front_count) * head[4];
    speedup_result *made = sized ? result_allocate(&context->allocator, space) : NULL;
    if (sized && !made)
        return no_memory(context);
    bool good = sized && fill(made, &r, (size_t)head[3], (size_t)head[4]);
    if (good)
        front_reduce(made);
    if (!good)
        problem(context, SPEEDUP_SYNTAX, &place, "this result has plans that its space has not");
    else if (made->failed)
        no_memory(context);
    else
        *result = made;
    if (context->first)
        speedup_result_destroy(made);
    return context->first;
}
