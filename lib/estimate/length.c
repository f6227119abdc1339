/* Lengths of sequences, prompts and outputs: a number, or how it varies, and the rows that sequences make. Knows no layout. */
#include "estimate/description.h"

#include <string.h>

/* Of a distribution an estimate needs three numbers, whichever way it is given. */
struct length_record {
    uint64_t present;
    double mean, deviation, longest;
    uint32_t values, shares;
};

enum { LENGTH_MEAN, LENGTH_DEVIATION, LENGTH_LONGEST, LENGTH_VALUES, LENGTH_SHARES }; /* rows of the table */

#define MOST_TOKENS 1e9
#define LENGTH_NUMBER(name_, least_, shown_, doc_)                                                            \
    {FIELD_WORDS(#name_, shown_, doc_), \
     .type = FIELD_NUMBER, .dimension = DIMENSION_COUNT, .least = least_, .most = MOST_TOKENS, \
     .offset = offsetof(struct length_record, name_)}

static const struct field length_fields[] = {
    LENGTH_NUMBER(mean, 1, "by values", "mean"),
    LENGTH_NUMBER(deviation, 0, "0", "standard deviation"),
    LENGTH_NUMBER(longest, 1, "no limit but the model's", "none is longer; of packed sequences, tokens of a row"),
    {FIELD_WORDS("values", "[512, 4096]", "lengths that there are, in place of mean, deviation and longest"),
     .type = FIELD_LIST, .offset = offsetof(struct length_record, values)},
    {FIELD_WORDS("shares", "[0.8, 0.2]", "share that has each of them; without it all have the same"),
     .type = FIELD_LIST, .offset = offsetof(struct length_record, shares)},
    {.key = NULL},
};
const struct record_table length_table = {
    "length", "Tokens of a sequence, a prompt or an output where they vary: a mean with its deviation, or values with their shares.", length_fields};

/* Mean, deviation and largest of values with shares. */
static void read_values(speedup_context *context, const struct yaml_tree *tree, const char *key, struct length_record *r)
{
    struct place place = yaml_place(tree, r->values);
    if (!expect_kind(context, tree, r->values, YAML_SEQUENCE, "values") ||
        (r->shares && !expect_kind(context, tree, r->shares, YAML_SEQUENCE, "shares")))
        return;
    uint32_t count = yaml_at(tree, r->values)->length, shares = r->shares ? yaml_at(tree, r->shares)->length : count;
    if (!count || count != shares) {
        problem(context, SPEEDUP_INCONSISTENT, &place, "'%s' has %u values and %u shares; each value takes a share", key,
                (unsigned)count, (unsigned)shares);
        return;
    }
    double whole = 0, sum = 0, squares = 0;
    uint32_t share_at = r->shares ? yaml_at(tree, r->shares)->first : 0;
    for (uint32_t at = yaml_at(tree, r->values)->first; at && !problems_full(context); at = yaml_at(tree, at)->next) {
        double value = 1, share = 1.0 / count;
        read_number(context, tree, at, "values", DIMENSION_COUNT, 1, MOST_TOKENS, &value);
        if (share_at) {
            read_number(context, tree, share_at, "shares", DIMENSION_NONE, 0, 1, &share);
            share_at = yaml_at(tree, share_at)->next;
        }
        whole += share;
        sum += share * value;
        squares += share * value * value;
        r->longest = share > 0 ? fmax(r->longest, value) : r->longest;
    }
    if (fabs(whole - 1) > 0.001)
        problem(context, SPEEDUP_INCONSISTENT, &place, "the shares of '%s' add up to %.4g, not to 1", key, whole);
    r->mean = sum / whole;
    r->deviation = sqrt(fmax(squares / whole - r->mean * r->mean, 0));
}

/* Takes mean, deviation and longest, if they can be together. */
static bool take_moments(speedup_context *context, const struct place *place, const char *key, bool values,
                         const struct length_record *r, struct length *length)
{
    size_t before = context->count + context->unlisted;
    if (r->longest > 0 && r->longest < r->mean)
        problem(context, SPEEDUP_INCONSISTENT, place, "the longest of '%s' is less than its mean", key);
    /* Between 1 and the longest no spread about the mean is wider than that of the two
     * ends (Bhatia and Davis 2000). */
    double widest = r->longest > 0 && !values ? sqrt((r->longest - r->mean) * (r->mean - 1)) : r->deviation;
    if (r->longest >= r->mean && r->deviation > widest)
        problem(context, SPEEDUP_INCONSISTENT, place, "a deviation of %.4g is more than lengths from 1 to %.0f with a mean of %.4g can have, %.4g",
                r->deviation, r->longest, r->mean, widest);
    *length = (struct length){r->mean, r->deviation, r->longest > 0 ? r->longest : r->deviation > 0 ? 0 : r->mean};
    return context->count + context->unlisted == before;
}

static bool length_read(speedup_context *context, struct arena *arena, const struct yaml_tree *tree, uint32_t node, const char *key, void *out)
{
    (void)arena;
    struct length *length = out;
    if (yaml_at(tree, node)->kind != YAML_MAPPING) {
        double tokens;
        if (!read_count(context, tree, node, key, 1, MOST_TOKENS, &tokens))
            return false;
        *length = (struct length){tokens, 0, tokens};
        return true;
    }
    struct length_record r = {0};
    size_t before = context->count + context->unlisted;
    record_read(context, tree, node, &length_table, NULL, &r);
    struct place place = yaml_place(tree, node);
    bool moments = r.present & (1u << LENGTH_MEAN | 1u << LENGTH_DEVIATION | 1u << LENGTH_LONGEST);
    bool values = r.present & (1u << LENGTH_VALUES | 1u << LENGTH_SHARES);
    if (FIELD_GIVEN(&r, LENGTH_VALUES) == FIELD_GIVEN(&r, LENGTH_MEAN) || (moments && values))
        problem(context, SPEEDUP_INCONSISTENT, &place, "'%s' takes either 'mean' or 'values'", key);
    else if (values)
        read_values(context, tree, key, &r);
    return context->count + context->unlisted == before && take_moments(context, &place, key, values, &r, length);
}

static bool length_set(speedup_context *context, struct arena *arena, const struct place *place, const char *key, const char *member,
                double value, void *out)
{
    (void)arena;
    struct length *length = out;
    const char *name = member ? member : key;
    const struct {
        const char *name;
        double least;
        double *at;
    } members[] = {{"mean", 1, &length->mean}, {"deviation", 0, &length->deviation}, {"longest", 1, &length->longest}};
    size_t i = 0;
    while (member && i < 3 && strcmp(members[i].name, member))
        i++;
    if (i == 3) {
        problem(context, SPEEDUP_UNKNOWN_KEY, place, "'%s' has a mean, a deviation and a longest, no '%.60s'", key, member);
        return false;
    }
    if (!check_number(context, place, name, DIMENSION_COUNT, members[i].least, MOST_TOKENS, !member, value))
        return false;
    bool whole = length->longest == length->mean; /* nobody has said how it varies */
    if (!member)
        *length = (struct length){value, 0, value};
    else
        *members[i].at = value;
    if (member && i < 2 && whole) /* a fixed length, or one that nothing but the model limits */
        length->longest = length->deviation > 0 ? 0 : length->mean;
    return true;
}

const struct field_value length_value = {"a number or a mapping", length_read, length_set};

void length_check(speedup_context *context, const struct place *place, const char *key, const struct length *length)
{
    struct length taken;
    const double rounded = 1 - 1e-9; /* a setting of values may have the widest spread that there is */
    const struct length_record r = {0, length->mean, length->deviation * rounded, length->longest, 0, 0};
    take_moments(context, place, key, false, &r, &taken);
}

/* ---- rows --------------------------------------------------------------------------- */

const char *const packing_names[] = {"padded", "documents", "joined", NULL};

/* Deviations from the mean at which lengths end that nothing limits: as good as an exponential distribution's. */
#define UNLIMITED 1000
/* Sequences, of which memory must hold the longest where nobody says how long it is. */
#define EPOCH 10000

/* Mean square over mean: what a token of them all has beside it in its sequence, itself among them. */
static double attended_by(const struct length *length)
{
    double deviation = length->deviation / length->mean;
    return length->mean * (1 + deviation * deviation);
}

double length_reaches(const struct length *length, enum packing packing)
{
    bool alike = packing == PACKING_DOCUMENTS && length->deviation <= 0;
    return length->longest > 0 && !alike ? length->longest : attended_by(length);
}

void length_check_packing(speedup_context *context, const struct place *place, enum packing packing, const struct length *length)
{
    if (packing == PACKING_PADDED || length->longest > 0)
        return;
    problem(context, SPEEDUP_INCONSISTENT, place, "'packing: %s' fills rows of the 'longest' tokens of 'sequence', which has none",
            packing_names[packing]);
    problem_remedy(context, "say how long a row is: sequence: {mean: %.0f, deviation: %.0f, longest: 8192}", length->mean,
                   length->deviation);
}

void length_rows(const struct length *length, enum packing packing, double window, double *attended, struct rows *rows)
{
    double mean = length->mean, deviation = length->deviation, square = attended_by(length);
    if (packing != PACKING_PADDED) {
        /* Rows are full: documents that are chosen to fill them leave less than a hundredth (arXiv 2107.02027, arXiv 2404.10830). */
        double row = length->longest;
        *attended = packing == PACKING_JOINED ? row : fmin(square, row);
        *rows = (struct rows){.tokens = row, .longest = row, .masked = row - *attended};
        return;
    }
    /* What nothing else limits ends where the model's window does. With gap and deviation known, k^2 / (2 k + 1) is the square
     * of their ratio (see rows_left). */
    double longest = length->longest > 0 ? length->longest : window >= square ? window : mean + UNLIMITED * deviation;
    double gap = fmin(longest - mean, UNLIMITED * deviation), ratio = gap > 0 ? deviation / gap * (deviation / gap) : 0;
    double shape = ratio + sqrt(ratio * ratio + ratio);
    *attended = square;
    *rows = (struct rows){.tokens = mean, .longest = length->longest, .gap = gap, .deviation = deviation, .shape = shape};
    if (!(rows->longest > 0))
        rows->longest = mean + gap * (1 - rows_left(EPOCH, shape));
}
