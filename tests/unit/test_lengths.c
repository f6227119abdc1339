/* Lengths of sequences in training: what padding, documents and joined rows must come to, whatever the figures are;
 * and what is longer than a model's window. */
#include "estimate/scenario.h"

#include "helper.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    TIME_ATTENTION = SPEEDUP_METRIC_TIME_ATTENTION,
    STEP = SPEEDUP_METRIC_STEP_SECONDS,
    PEAK = SPEEDUP_METRIC_MEMORY_PEAK
};

/* Fused attention whose rate no length changes, so that its time is its work. */
#define FUSED                                                                                                          \
    "optimizations: [bf16-mixed-precision, flash-attention-2], calibration: {fused_depth: 0, fused_depth_backward: 0, context_merge: 0}"
#define WRITTEN "optimizations: [bf16-mixed-precision]"

static void write_job(char yaml[1000], const char *model, const char *sequence, const char *also)
{
    snprintf(
        yaml, 1000,
        "train: {model: %s, system: dgx-h100, accelerators: 8, global_batch: 64, layout: {tensor: 2}, sequence: %s, %s}",
        model, sequence, also);
}

static void estimate(const char *sequence, const char *also, double v[SPEEDUP_METRIC_COUNT])
{
    char yaml[1000];
    write_job(yaml, "llama-3-1-8b", sequence, also);
    estimate_of(world.catalog, yaml, PLAIN, v);
}

static double of(const char *sequence, const char *also, int32_t metric)
{
    double v[SPEEDUP_METRIC_COUNT];
    estimate(sequence, also, v);
    return v[metric];
}

static void same(const double a[SPEEDUP_METRIC_COUNT], const double b[SPEEDUP_METRIC_COUNT])
{
    for (int i = 0; i < SPEEDUP_METRIC_COUNT; i++)
        assert_bits(a[i], b[i]);
}

static void one_length_is_the_same_bits_however_it_is_packed_or_written(void **state)
{
    (void)state;
    static const char *const ways[] = {"2048", "{mean: 2048}", "{mean: 2048, deviation: 0}",
                                       "{mean: 2048, deviation: 0, longest: 2048}", "{values: [2048]}"};
    static const char *const more[] = {FUSED, WRITTEN ", micro_batch: 4",
                                       FUSED ", micro_batch: 2, tokens: 1 B, price: 2 USD/h"};
    for (size_t m = 0; m < sizeof more / sizeof *more; m++) {
        double fixed[SPEEDUP_METRIC_COUNT], v[SPEEDUP_METRIC_COUNT];
        estimate("2048", more[m], fixed);
        for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
            for (int packing = 0; packing_names[packing]; packing++) {
                char also[400];
                snprintf(also, sizeof also, "packing: %s, %s", packing_names[packing], more[m]);
                estimate(ways[i], also, v);
                same(v, fixed);
            }
    }
}

/* Sequences one by one take the mean of tokens, and the mean of squares in attention. */
static void one_sequence_at_a_time_takes_the_mean(void **state)
{
    (void)state;
    double v[SPEEDUP_METRIC_COUNT], mean[SPEEDUP_METRIC_COUNT];
    estimate("{mean: 1000, deviation: 500, longest: 3000}", FUSED ", tokens: 1 B", v);
    estimate("1000", FUSED ", tokens: 1 B", mean);
    assert_near(v[TIME_ATTENTION], 1.25 * mean[TIME_ATTENTION], 1e-12);
    static const int alike[] = {SPEEDUP_METRIC_TIME_MATMUL, SPEEDUP_METRIC_TIME_POINTWISE, SPEEDUP_METRIC_TIME_HEAD,
                                SPEEDUP_METRIC_STEPS};
    for (size_t i = 0; i < sizeof alike / sizeof *alike; i++)
        assert_bits(v[alike[i]], mean[alike[i]]);
}

static void documents_of_one_length_attend_over_their_share_of_the_row(void **state)
{
    (void)state;
    double square = of("8192", FUSED, TIME_ATTENTION);
    for (double length = 256; length <= 8192; length *= 2) {
        char sequence[100];
        snprintf(sequence, sizeof sequence, "{mean: %.0f, deviation: 0, longest: 8192}", length);
        assert_near(of(sequence, FUSED ", packing: documents", TIME_ATTENTION), square * length / 8192, 1e-12);
    }
    /* Of context-parallel ranks, each has its part. */
    const char *two = "packing: documents, layout: {context: 2, tensor: 2}",
               *sequence = "{mean: 1000, deviation: 600, longest: 8192}";
    char yaml[1000];
    double one = of(sequence, "packing: documents, " FUSED ", micro_batch: 2", TIME_ATTENTION);
    snprintf(
        yaml, sizeof yaml,
        "train: {model: llama-3-1-8b, system: dgx-h100, accelerators: 8, global_batch: 64, micro_batch: 2, sequence: %s, %s, " FUSED
        "}",
        sequence, two);
    assert_near(metric_of(world.catalog, yaml, PLAIN, TIME_ATTENTION), one, 1e-12);
}

static void documents_take_no_longer_than_joined_rows_which_are_full_sequences(void **state)
{
    (void)state;
    static const char *const more[] = {
        FUSED, WRITTEN, "optimizations: [bf16-mixed-precision, flash-attention-3, activation-checkpointing]"};
    double full[SPEEDUP_METRIC_COUNT], joined[SPEEDUP_METRIC_COUNT], documents[SPEEDUP_METRIC_COUNT];
    for (size_t m = 0; m < sizeof more / sizeof *more; m++) {
        estimate("8192", more[m], full);
        for (double mean = 50; mean < 8192; mean *= 1.7)
            for (double part = 0; part < 1; part += 0.3) {
                char sequence[100], also[400];
                snprintf(sequence, sizeof sequence, "{mean: %.0f, deviation: %.0f, longest: 8192}", mean,
                         part * sqrt((8192 - mean) * (mean - 1)));
                snprintf(also, sizeof also, "packing: joined, %s", more[m]);
                estimate(sequence, also, joined);
                same(joined, full);
                snprintf(also, sizeof also, "packing: documents, %s", more[m]);
                estimate(sequence, also, documents);
                assert_true(documents[STEP] <= joined[STEP] * (1 + 1e-12));
                assert_bits(documents[PEAK], joined[PEAK]);
                /* A square that is written out has all of the row; its mask only hides. */
                if (m == 1)
                    assert_near(documents[STEP], joined[STEP], 1e-12);
            }
    }
}

static void more_tokens_never_take_less(void **state)
{
    (void)state;
    static const char *const more[] = {FUSED, WRITTEN, FUSED ", micro_batch: 4", FUSED ", micro_batch: 16",
                                       FUSED ", packing: documents"};
    for (size_t m = 0; m < sizeof more / sizeof *more; m++) {
        double step = 0, peak = 0;
        for (double mean = 800; mean < 6000; mean *= 1.1) {
            char sequence[100];
            snprintf(sequence, sizeof sequence, "{mean: %.0f, deviation: 700%s}", mean,
                     m % 2 && m < 4 ? "" : ", longest: 8192");
            double v[SPEEDUP_METRIC_COUNT];
            estimate(sequence, more[m], v);
            assert_true(v[STEP] >= step && v[PEAK] >= peak);
            step = v[STEP];
            peak = v[PEAK];
        }
        step = peak = 0;
        for (double deviation = 0; deviation < 2300; deviation += 100) {
            char sequence[100];
            snprintf(sequence, sizeof sequence, "{mean: 1000, deviation: %.0f, longest: 8192}", deviation);
            double v[SPEEDUP_METRIC_COUNT];
            estimate(sequence, more[m], v);
            assert_true(v[STEP] >= step && v[PEAK] >= peak);
            step = v[STEP];
            peak = v[PEAK];
        }
        step = peak = 0;
        /* The longest of a few says little of the others; of many, and of rows, it says all. */
        for (double longest = 1700; longest < 1e5 && m > 2; longest *= 1.3) {
            char sequence[100];
            snprintf(sequence, sizeof sequence, "{mean: 1000, deviation: 700, longest: %.0f}", longest);
            double v[SPEEDUP_METRIC_COUNT];
            estimate(sequence, more[m], v);
            assert_true(v[STEP] >= step && v[PEAK] >= peak);
            step = v[STEP];
            peak = v[PEAK];
        }
    }
}

/* Tokens that a micro-batch of n is padded to, and what its tokens attend over. */
static void padded(double mean, double deviation, double longest, double n, double *row, double *attended)
{
    struct job of = {.kind = JOB_TRAINING};
    const struct length length = {mean, deviation, longest};
    lanes rows, over;
    length_rows(&length, PACKING_PADDED, 0, &of.sequence, &of.rows);
    rows_of(&of, lanes_of(n), &rows, &over);
    *row = rows[0];
    *attended = over[0];
}

/* The same by integrating the distribution: longest - s (1 - p)^k, of which the largest of n has the density n p^(n - 1). */
static void integrate(double mean, double deviation, double longest, double n, double *row, double *attended)
{
    enum { PARTS = 200000 };
    double d = longest - mean, q = deviation * deviation / d / d, k = q + sqrt(q * q + q), first = 0, second = 0;
    for (int i = 0; i < PARTS; i++) {
        double p = pow((i + 0.5) / PARTS, 1 / n), x = longest - d * (k + 1) * pow(1 - p, k);
        first += x / PARTS;
        second += x * x / PARTS;
    }
    *row = first;
    *attended = second / first;
}

static void a_batch_is_padded_to_the_longest_that_is_expected_in_it(void **state)
{
    (void)state;
    double row, attended, expected, over;
    /* Even lengths from 0 on: their mean exactly. */
    for (double n = 1; n <= 1024; n *= 2) {
        padded(500, 500 / sqrt(3), 1000, n, &row, &attended);
        assert_near(row, 1000 * n / (n + 1), 1e-12);
        assert_near(attended, 1000 * (n + 1) / (n + 2), 0.01);
    }
    static const double lengths[][3] = {{900, 700, 4096}, {900, 700, 131072}, {3000, 900, 4096},
                                        {200, 60, 512},   {1000, 200, 1400},  {270, 150, 2048}};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
        for (double n = 1; n <= 256; n *= 2) {
            const double *l = lengths[i];
            padded(l[0], l[1], l[2], n, &row, &attended);
            integrate(l[0], l[1], l[2], n, &expected, &over);
            assert_near(row, expected, 0.01);
            assert_near(attended, over, 0.01);
            assert_true(row >= l[0] && row <= l[2] && attended >= row * (1 - 1e-12) && attended <= l[2] * (1 + 1e-12));
            /* No distribution has more (Hartley and David 1954; Gumbel 1954). */
            assert_true(row <= l[0] + l[1] * (n - 1) / sqrt(2 * n - 1) + 0.01 * row);
        }
    /* Without an end, an exponential one (Renyi 1953). */
    padded(1000, 400, 0, 8, &row, &attended);
    assert_near(row, 1000 + 400 * (1 / 2.0 + 1 / 3.0 + 1 / 4.0 + 1 / 5.0 + 1 / 6.0 + 1 / 7.0 + 1 / 8.0), 0.01);
}

static void memory_holds_the_longest(void **state)
{
    (void)state;
    static const char *const more[] = {FUSED ", micro_batch: 2", WRITTEN ", micro_batch: 2"};
    for (size_t m = 0; m < 2; m++) {
        assert_bits(of("{mean: 900, deviation: 500, longest: 4096}", more[m], PEAK), of("4096", more[m], PEAK));
        assert_bits(of("{mean: 900, deviation: 500, longest: 4096}", FUSED ", packing: documents", PEAK),
                    of("4096", FUSED, PEAK));
        double without = of("{mean: 900, deviation: 500}", more[m], PEAK);
        assert_true(without > of("3000", more[m], PEAK) && without < of("8192", more[m], PEAK));
    }
}

static void real_tokens_are_counted(void **state)
{
    (void)state;
    double v[SPEEDUP_METRIC_COUNT];
    estimate("{mean: 900, deviation: 500, longest: 4096}", FUSED ", micro_batch: 4, tokens: 1 B", v);
    assert_near(v[SPEEDUP_METRIC_TOKENS_PER_SECOND] * v[STEP], 64 * 900, 1e-12);
    assert_near(v[SPEEDUP_METRIC_STEPS], ceil(1e9 / (64 * 900)), 1e-12);
    double few = v[SPEEDUP_METRIC_MODEL_UTILIZATION];
    estimate("{mean: 900, deviation: 500, longest: 4096}", FUSED ", packing: documents, tokens: 1 B", v);
    assert_near(v[SPEEDUP_METRIC_TOKENS_PER_SECOND] * v[STEP], 64 * 4096, 1e-12);
    assert_near(v[SPEEDUP_METRIC_STEPS], ceil(1e9 / (64 * 4096)), 1e-12);
    assert_true(v[SPEEDUP_METRIC_MODEL_UTILIZATION] > few);
}

/* A window is wider than documents within it. */
static void windows_do_not_reach_beyond_documents(void **state)
{
    (void)state;
    char one[1000], rows[1000];
    write_job(one, "mistral-7b", "1024", FUSED);
    write_job(rows, "mistral-7b", "{mean: 1024, deviation: 0, longest: 32768}", FUSED ", packing: documents");
    assert_near(metric_of(world.catalog, rows, PLAIN, TIME_ATTENTION),
                32 * metric_of(world.catalog, one, PLAIN, TIME_ATTENTION), 1e-12);
    write_job(one, "mistral-7b", "16384", FUSED);
    write_job(rows, "mistral-7b", "{mean: 16384, deviation: 0, longest: 32768}", FUSED ", packing: documents");
    assert_near(metric_of(world.catalog, rows, PLAIN, TIME_ATTENTION),
                2 * metric_of(world.catalog, one, PLAIN, TIME_ATTENTION), 1e-12);
}

static void what_is_longer_than_the_window_is_warned_of(void **state)
{
    (void)state;
    char yaml[1000];
    speedup_text *text;
    write_job(yaml, "llama-2-7b", "8192", FUSED);
    speedup_scenario *scenario = scenario_of(world.catalog, yaml, PLAIN);
    assert_int_equal(speedup_diagnostic_count(world.context), 1);
    assert_contains(speedup_diagnostic_text(world.context, 0),
                    "warning[SPD-504]: 8192 tokens are longer than the 4096 of 'llama-2-7b'");
    assert_contains(speedup_diagnostic_remedy(world.context, 0), "rope scaling");
    for (int32_t format = SPEEDUP_FORMAT_TEXT; format <= SPEEDUP_FORMAT_JSON; format++) {
        assert_ok(speedup_report_estimate(world.context, scenario, format, &text));
        assert_contains(speedup_text_get(text),
                        "8192 tokens are longer than the 4096 of 'llama-2-7b': stretch its positions");
        speedup_text_destroy(text);
    }
    const speedup_request request = {.struct_size = sizeof request};
    speedup_verdict verdict = {.struct_size = sizeof verdict};
    assert_ok(speedup_admit(world.context, world.catalog, yaml, strlen(yaml), &request, NULL, &verdict));
    assert_true(verdict.notes & SPEEDUP_NOTE_LONG);
    assert_ok(speedup_report_verdict(world.context, &request, &verdict, SPEEDUP_FORMAT_TEXT, &text));
    assert_contains(speedup_text_get(text), "longer than the model's window");
    speedup_text_destroy(text);
    speedup_scenario_unref(scenario);
    /* Documents of one length are no longer than that, however long the row. */
    write_job(yaml, "llama-2-7b", "{mean: 2048, deviation: 0, longest: 65536}", FUSED ", packing: documents");
    speedup_scenario_unref(scenario_of(world.catalog, yaml, PLAIN));
    assert_int_equal(speedup_diagnostic_count(world.context), 0);
    write_job(yaml, "gpt-2-xl", "2048", FUSED);
    assert_int_equal(refused_scenario(world.catalog, yaml, PLAIN), SPEEDUP_TOO_LONG);
}

static void calls_say_lengths_as_texts_do(void **state)
{
    (void)state;
    char yaml[1000];
    double v[SPEEDUP_METRIC_COUNT], expected[SPEEDUP_METRIC_COUNT];
    speedup_job *made;
    speedup_scenario *scenario;
    write_job(yaml, "llama-3-1-8b", "{mean: 900, deviation: 500, longest: 4096}", "packing: documents");
    estimate_of(world.catalog, yaml, PLAIN, expected);
    assert_ok(speedup_job_create(world.context, "train", &made));
    assert_ok(speedup_job_set_text(world.context, made, "model", "llama-3-1-8b"));
    assert_ok(speedup_job_set_text(world.context, made, "system", "dgx-h100"));
    assert_ok(speedup_job_set_text(world.context, made, "packing", "documents"));
    const struct {
        const char *key;
        double value;
    } numbers[] = {{"accelerators", 8},    {"global_batch", 64},        {"layout.tensor", 2},
                   {"sequence.mean", 900}, {"sequence.deviation", 500}, {"sequence.longest", 4096}};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        assert_ok(speedup_job_set_number(world.context, made, numbers[i].key, numbers[i].value));
    assert_ok(speedup_scenario_create_job(world.context, world.catalog, made, &scenario));
    assert_ok(speedup_scenario_estimate(scenario, v, SPEEDUP_METRIC_COUNT));
    same(v, expected);
    speedup_scenario_unref(scenario);
    estimate_of(world.catalog, yaml,
                WITH("train.sequence={mean: 900, deviation: 500, longest: 4096}", "train.packing=documents"), v);
    same(v, expected);
    assert_ok(speedup_job_set_number(world.context, made, "sequence.longest", 800));
    assert_int_equal(speedup_scenario_create_job(world.context, world.catalog, made, &scenario), SPEEDUP_INCONSISTENT);
    assert_int_equal(speedup_job_set_text(world.context, made, "packing", "paded"), SPEEDUP_UNKNOWN_CHOICE);
    assert_contains(speedup_diagnostic_text(world.context, 0), "did you mean 'padded'?");
    speedup_job_destroy(made);
}

/* The bound knows no padding, so that the best is found whichever the micro-batch. */
static void a_search_finds_the_best_of_padded_plans(void **state)
{
    (void)state;
    speedup_space *space = space_of(
        world.catalog,
        "plan: {model: llama-2-7b, systems: [dgx-h100], accelerators: [8, 16], global_batch: 256, tokens: 1 B,\n"
        "  sequence: {mean: 700, deviation: 600, longest: 4096}, micro_batch: [1, 2, 4, 8, 16], tensor: [1, 2, 4], pipeline: [1, 2],\n"
        "  objective: time, choices: [[none, activation-checkpointing]], optimizations: [bf16-mixed-precision, flash-attention-2]}");
    double best = INFINITY, v[SPEEDUP_METRIC_COUNT];
    uint64_t index;
    for (uint64_t i = 0; i < speedup_space_size(space); i++)
        if (!speedup_space_estimate(space, i, NULL, 0, v, SPEEDUP_METRIC_COUNT) &&
            v[SPEEDUP_METRIC_OUT_OF_MEMORY] < 0.1)
            best = fmin(best, v[SPEEDUP_METRIC_RUN_EXPECTED_SECONDS]);
    speedup_result *result;
    assert_ok(speedup_space_search(world.context, space, 0, speedup_space_size(space), 1, NULL, NULL, &result));
    assert_ok(speedup_result_best(result, 0, &index));
    assert_ok(speedup_space_estimate(space, index, NULL, 0, v, SPEEDUP_METRIC_COUNT));
    assert_near(v[SPEEDUP_METRIC_RUN_EXPECTED_SECONDS], best, 1e-12);
    speedup_result_destroy(result);
    speedup_space_unref(space);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_length_is_the_same_bits_however_it_is_packed_or_written),
        cmocka_unit_test(one_sequence_at_a_time_takes_the_mean),
        cmocka_unit_test(documents_of_one_length_attend_over_their_share_of_the_row),
        cmocka_unit_test(documents_take_no_longer_than_joined_rows_which_are_full_sequences),
        cmocka_unit_test(more_tokens_never_take_less),
        cmocka_unit_test(a_batch_is_padded_to_the_longest_that_is_expected_in_it),
        cmocka_unit_test(memory_holds_the_longest),
        cmocka_unit_test(real_tokens_are_counted),
        cmocka_unit_test(windows_do_not_reach_beyond_documents),
        cmocka_unit_test(what_is_longer_than_the_window_is_warned_of),
        cmocka_unit_test(calls_say_lengths_as_texts_do),
        cmocka_unit_test(a_search_finds_the_best_of_padded_plans),
    };
    return cmocka_run_group_tests(tests, world_begin, world_end);
}
