/* What makes a training job fit, and how large a job can be: figures held against scenarios made anew, and sets against
 * all that there are. */
#include "../unit/helper.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

static const double confidence = 0.9;

static speedup_remedies *remedies_of(const speedup_scenario *scenario)
{
    speedup_remedies *found;
    assert_ok(speedup_scenario_remedies(world.context, scenario, confidence, &found));
    return found;
}

static speedup_scenario *job_of(const speedup_catalog *catalog, const char *model, const char *system, int sequence, int batch, int micro_batch,
                                const char *optimizations)
{
    char text[1000];
    snprintf(text, sizeof text, "train: {model: %s, system: %s, accelerators: 1, sequence: %d, global_batch: %d, micro_batch: %d, stack: pytorch, "
             "optimizations: [%s]}", model, system, sequence, batch, micro_batch, optimizations);
    return scenario_of(catalog, text, PLAIN);
}

static double estimate(const speedup_scenario *scenario, double values[SPEEDUP_METRIC_COUNT])
{
    assert_ok(speedup_scenario_estimate(scenario, values, SPEEDUP_METRIC_COUNT));
    return values[SPEEDUP_METRIC_STEP_SECONDS];
}

/* By the definition, from the metrics alone. */
static bool fits(const speedup_scenario *scenario, double probability)
{
    double values[SPEEDUP_METRIC_COUNT];
    estimate(scenario, values);
    return values[SPEEDUP_METRIC_OUT_OF_MEMORY] <= 1 - probability + 1e-12 && values[SPEEDUP_METRIC_FITS] != 0;
}

static void every_set_fits_when_it_is_estimated_alone(void **state)
{
    (void)state;
    static const char *const chosen[] = {"bf16-mixed-precision", "", "bf16-mixed-precision, flash-attention-2, lora: {share: 0.01}", "sgd"};
    size_t sets = 0;
    for (size_t i = 0; i < sizeof chosen / sizeof *chosen; i++)
        for (int micro_batch = 1; micro_batch <= 16; micro_batch *= 4) {
            speedup_scenario *job_ = job_of(world.catalog, "llama-2-7b", "dgx-a100-40gb", 4096, 16, micro_batch, chosen[i]);
            speedup_remedies *found = remedies_of(job_);
            speedup_remedy own = {.struct_size = sizeof own}, row = own;
            assert_ok(speedup_remedies_without(found, &own));
            assert_true(own.lacking > 0 && !own.fits && !own.id_count && own.micro_batch == micro_batch);
            for (size_t k = 0; !speedup_remedies_at(found, k, &row); k++) {
                double values[SPEEDUP_METRIC_COUNT];
                speedup_scenario *mended;
                assert_ok(speedup_remedies_scenario(world.context, found, k, &mended));
                assert_bits(estimate(mended, values), row.step_seconds);
                assert_bits(values[SPEEDUP_METRIC_MEMORY_PEAK], row.memory_peak);
                assert_bits(values[SPEEDUP_METRIC_OUT_OF_MEMORY], row.out_of_memory);
                assert_true(row.fits && row.lacking == 0 && !row.status && fits(mended, confidence));
                double own_batch;
                assert_ok(speedup_scenario_variable(mended, SPEEDUP_VARIABLE_MICRO_BATCH, &own_batch));
                assert_true(own_batch == row.micro_batch && own_batch <= micro_batch);
                speedup_scenario_unref(mended);
                sets++;
            }
            speedup_remedies_destroy(found);
            speedup_scenario_unref(job_);
        }
    assert_true(sets > 20);
}

static void means_alone_are_differences_of_one(void **state)
{
    (void)state;
    speedup_scenario *job_ = job_of(world.catalog, "llama-2-7b", "dgx-a100-40gb", 2048, 8, 1, "bf16-mixed-precision");
    speedup_remedies *found = remedies_of(job_);
    speedup_remedy row = {.struct_size = sizeof row};
    size_t count = 0;
    for (; !speedup_remedies_means_at(found, count, &row); count++) {
        char chosen[200];
        double values[SPEEDUP_METRIC_COUNT];
        assert_true(row.id_count == 1);
        if (row.status)
            continue; /* needs a single micro-batch */
        snprintf(chosen, sizeof chosen, "%s%s", row.replaced_count ? "" : "bf16-mixed-precision, ", row.ids[0]);
        speedup_scenario *other = job_of(world.catalog, "llama-2-7b", "dgx-a100-40gb", 2048, 8, 1, chosen);
        assert_bits(estimate(other, values), row.step_seconds);
        assert_bits(values[SPEEDUP_METRIC_MEMORY_PEAK], row.memory_peak);
        assert_true(row.fits == fits(other, confidence));
        speedup_scenario_unref(other);
    }
    assert_true(count >= 7);
    speedup_remedies_destroy(found);
    speedup_scenario_unref(job_);
}

enum { MOST = 14 };

struct tried {
    double seconds; /* infinite where it does not fit */
    bool altered;
};

/* A set by the numbers of the means that apply, made anew from text; micro-batches from the largest on. */
static struct tried try_set(const speedup_remedy *means, size_t count, unsigned members, int micro_batch, int batch, const char *model, int sequence)
{
    char chosen[1000] = "";
    struct tried made = {(double)INFINITY, false};
    bool smaller = false, replaced = false;
    for (size_t i = 0; i < count; i++) {
        if (!(members >> i & 1))
            continue;
        smaller |= !means[i].id_count;
        replaced |= means[i].replaced_count > 0;
        made.altered |= means[i].alters_training != 0;
        if (means[i].id_count)
            snprintf(chosen + strlen(chosen), sizeof chosen - strlen(chosen), ", %s", means[i].ids[0]);
    }
    for (int m = micro_batch; m >= 1; m--) {
        char text[2000];
        speedup_scenario *scenario;
        if (batch % m || (m < micro_batch && !smaller))
            continue;
        snprintf(text, sizeof text, "train: {model: %s, system: dgx-a100-40gb, accelerators: 1, sequence: %d, global_batch: %d, micro_batch: %d, "
                 "stack: pytorch, optimizations: [%s%s]}", model, sequence, batch, m, replaced ? "" : "bf16-mixed-precision", chosen + (replaced ? 2 : 0));
        if (speedup_scenario_create(world.context, world.catalog, "set", text, strlen(text), NULL, 0, &scenario))
            return made;
        double values[SPEEDUP_METRIC_COUNT];
        double seconds = estimate(scenario, values);
        bool good = fits(scenario, confidence);
        speedup_scenario_unref(scenario);
        if (good) {
            made.seconds = seconds;
            return made;
        }
    }
    return made;
}

static void no_part_of_a_set_is_as_good_and_none_is_faster(void **state)
{
    (void)state;
    struct random random = {7};
    static const char *const models[] = {"llama-2-7b", "llama-3-2-3b", "qwen2-5-7b", "llama-3-2-1b"};
    size_t mended = 0;
    for (int round = 0; round < 6; round++) {
        const char *model = models[random_below(&random, 4)];
        int sequence = 1024 << random_below(&random, 3), micro_batch = 1 << random_below(&random, 4), batch = 16;
        char text[1000];
        snprintf(text, sizeof text, "train: {model: %s, system: dgx-a100-40gb, accelerators: 1, sequence: %d, global_batch: %d, micro_batch: %d, "
                 "stack: pytorch, optimizations: [bf16-mixed-precision]}", model, sequence, batch, micro_batch);
        speedup_scenario *job_ = scenario_of(world.catalog, text, PLAIN);
        speedup_remedies *found = remedies_of(job_);
        speedup_remedy means[MOST], row = {.struct_size = sizeof row};
        size_t count = 0;
        for (size_t i = 0; !speedup_remedies_means_at(found, i, &row); i++)
            if (!row.status) {
                assert_true(count < MOST);
                means[count++] = row;
            }
        static struct tried tried[1 << MOST];
        double best[2] = {(double)INFINITY, (double)INFINITY};
        for (unsigned members = 0; members < 1u << count; members++) {
            tried[members] = try_set(means, count, members, micro_batch, batch, model, sequence);
            best[tried[members].altered] = fmin(best[tried[members].altered], tried[members].seconds);
        }
        double fastest[2] = {(double)INFINITY, (double)INFINITY};
        for (size_t k = 0; !speedup_remedies_at(found, k, &row); k++) {
            unsigned members = 0;
            for (size_t i = 0; i < count; i++) {
                bool has = !means[i].id_count && row.micro_batch < micro_batch;
                for (size_t id = 0; id < row.id_count && means[i].id_count; id++)
                    has |= !strcmp(row.ids[id], means[i].ids[0]);
                members |= (unsigned)has << i;
            }
            assert_bits(tried[members].seconds, row.step_seconds);
            for (unsigned part = members; part;) {
                part = (part - 1) & members;
                assert_true(row.step_seconds < 0.99 * tried[part].seconds);
            }
            fastest[row.alters_training] = fmin(fastest[row.alters_training], row.step_seconds);
            mended++;
        }
        /* What is told is within some hundredths of the best that there is: less is no reason for one means more. */
        if (tried[0].seconds < (double)INFINITY)
            assert_true(fastest[0] == (double)INFINITY);
        else if (best[0] < (double)INFINITY)
            assert_true(fastest[0] >= best[0] * (1 - 1e-9) && fastest[0] < best[0] * 1.1);
        else
            assert_true(fastest[0] == (double)INFINITY);
        speedup_remedies_destroy(found);
        speedup_scenario_unref(job_);
    }
    assert_true(mended > 10);
}

static void sets_are_few_ordered_and_simpler(void **state)
{
    (void)state;
    speedup_scenario *job_ = job_of(world.catalog, "llama-2-7b", "dgx-h100", 4096, 16, 16, "bf16-mixed-precision");
    speedup_remedies *found = remedies_of(job_);
    speedup_remedy row = {.struct_size = sizeof row}, last = {0};
    size_t count = 0, kinds[2] = {0, 0};
    for (; !speedup_remedies_at(found, count, &row); count++) {
        assert_true(!count || last.alters_training < row.alters_training ||
                    (last.alters_training == row.alters_training && last.step_seconds <= row.step_seconds));
        kinds[row.alters_training]++;
        last = row;
    }
    assert_true(kinds[0] && kinds[1] && kinds[0] <= 4 && kinds[1] <= 4);
    assert_int_equal(speedup_remedies_at(found, count, &row), SPEEDUP_NOT_FOUND);
    speedup_scenario *none;
    assert_int_equal(speedup_remedies_scenario(world.context, found, count, &none), SPEEDUP_NOT_FOUND);
    assert_null(none);
    speedup_remedies_destroy(found);
    speedup_scenario_unref(job_);
}

static void a_job_that_fits_lacks_nothing(void **state)
{
    (void)state;
    speedup_scenario *job_ = job_of(world.catalog, "llama-3-2-1b", "dgx-h100", 2048, 8, 1, "bf16-mixed-precision, flash-attention-2");
    speedup_remedies *found = remedies_of(job_);
    speedup_remedy row = {.struct_size = sizeof row};
    assert_ok(speedup_remedies_without(found, &row));
    assert_true(row.fits && row.lacking == 0);
    assert_int_equal(speedup_remedies_at(found, 0, &row), SPEEDUP_NOT_FOUND);
    bool has = false;
    for (size_t i = 0; !speedup_remedies_means_at(found, i, &row); i++)
        has |= row.status == SPEEDUP_EXISTS && !strcmp(row.ids[0], "flash-attention-2");
    assert_true(has);
    speedup_remedies_destroy(found);
    speedup_scenario_unref(job_);
}

/* The row of a means alone; its status is NOT_FOUND when it is none. */
static speedup_remedy row_of(const speedup_remedies *found, const char *id)
{
    speedup_remedy row = {.struct_size = sizeof row};
    for (size_t i = 0; !speedup_remedies_means_at(found, i, &row); i++)
        if (row.id_count && !strcmp(row.ids[0], id))
            return row;
    row.status = SPEEDUP_NOT_FOUND;
    return row;
}

static void usual_means_are_data(void **state)
{
    (void)state;
    speedup_catalog *catalog = extend(world.catalog, "optimizations:\n"
        "  ours: {mends: 1, effects: {memory.activations: 1 / 8, memory.scores: 0}}\n"
        "  theirs: {base: ours}\n"
        "  needy: {mends: 2, requires: {data: '> 1'}, effects: {memory.weights: 1 / 2}}\n"
        "  newest: {mends: 3, requires: {compute_capability: '>= 20'}, effects: {memory.weights: 1 / 2}}\n"
        "  stranger: {mends: 4, excludes: [kernel-fusion], effects: {memory.weights: 1 / 2}}\n"
        "  worse: {mends: 5, effects: {memory.weights: 1 / 2}}\n"
        "  better: {supersedes: [worse], effects: {memory.weights: 1 / 4}}\n"
        "  dear: {mends: 6, excludes: [flash-attention-2], effects: {memory.scores: 0}}\n");
    speedup_scenario *job_ = job_of(catalog, "llama-2-7b", "dgx-a100-40gb", 4096, 8, 1, "bf16-mixed-precision, kernel-fusion, better, flash-attention-2");
    speedup_remedies *found = remedies_of(job_);
    speedup_remedy first = {.struct_size = sizeof first};
    assert_ok(speedup_remedies_means_at(found, 0, &first));
    assert_string_equal(first.ids[0], "ours");
    assert_int_equal(row_of(found, "ours").status, SPEEDUP_OK);
    assert_int_equal(row_of(found, "theirs").status, SPEEDUP_NOT_FOUND);
    assert_int_equal(row_of(found, "better").status, SPEEDUP_NOT_FOUND);
    assert_int_equal(row_of(found, "needy").status, SPEEDUP_REQUIREMENT);
    assert_int_equal(row_of(found, "newest").status, SPEEDUP_REQUIREMENT);
    assert_int_equal(row_of(found, "stranger").status, SPEEDUP_EXCLUDED);
    assert_int_equal(row_of(found, "worse").status, SPEEDUP_EXISTS);
    assert_int_equal(row_of(found, "dear").status, SPEEDUP_EXCLUDED); /* flash-attention-2 is dearer, not cheaper */
    assert_string_equal(row_of(found, "pure-bf16").replaced[0], "bf16-mixed-precision");
    speedup_remedies_destroy(found);
    speedup_scenario_unref(job_);
    speedup_catalog_unref(catalog);
}

static void a_dearer_means_takes_the_place_of_a_cheaper_with_its_parameters(void **state)
{
    (void)state;
    char text[] = "train: {model: llama-2-13b, system: dgx-a100-40gb, accelerators: 1, sequence: 2048, global_batch: 8, stack: pytorch, "
                  "optimizations: [bf16-mixed-precision, flash-attention-2, lora: {share: 0.03}]}";
    speedup_scenario *job_ = scenario_of(world.catalog, text, PLAIN);
    speedup_remedies *found = remedies_of(job_);
    speedup_remedy row = row_of(found, "qlora");
    assert_int_equal(row.status, SPEEDUP_OK);
    assert_int_equal(row.replaced_count, 1);
    assert_string_equal(row.replaced[0], "lora");
    speedup_remedies_destroy(found);
    speedup_scenario_unref(job_);
    double peak = metric_of(world.catalog, text, WITH("train.optimizations=[bf16-mixed-precision, flash-attention-2, qlora: {share: 0.03}]"),
                            SPEEDUP_METRIC_MEMORY_PEAK);
    assert_bits(peak, row.memory_peak);
}

static void what_the_software_always_has_can_be_replaced(void **state)
{
    (void)state;
    speedup_catalog *catalog = extend(world.catalog, "stacks:\n  own: {always: [bf16-mixed-precision]}\n");
    speedup_scenario *job_ = scenario_of(catalog, "train: {model: llama-2-7b, system: dgx-h100, accelerators: 1, sequence: 2048, global_batch: 4, "
                                         "stack: own, optimizations: [flash-attention-2, activation-checkpointing]}", PLAIN), *mended;
    speedup_remedies *found = remedies_of(job_);
    speedup_remedy row = {.struct_size = sizeof row};
    size_t k = 0;
    while (!speedup_remedies_at(found, k, &row) && !row.replaced_count)
        k++;
    assert_int_equal(row.replaced_count, 1);
    assert_ok(speedup_remedies_scenario(world.context, found, k, &mended));
    double values[SPEEDUP_METRIC_COUNT];
    assert_bits(estimate(mended, values), row.step_seconds);
    assert_bits(values[SPEEDUP_METRIC_MEMORY_PEAK], row.memory_peak);
    speedup_scenario_unref(mended);
    speedup_remedies_destroy(found);
    speedup_scenario_unref(job_);
    speedup_catalog_unref(catalog);
}

/* ---- The largest number ---- */

static double largest(const speedup_scenario *scenario, const char *key, int32_t *limit)
{
    double value;
    assert_ok(speedup_scenario_largest(world.context, scenario, key, confidence, &value, limit));
    return value;
}

static const char tuned[] = "train: {model: llama-3-1-8b, system: dgx-a100-40gb, accelerators: 1, sequence: 1000, global_batch: 12, micro_batch: 3, stack: pytorch, "
                            "optimizations: [bf16-mixed-precision, flash-attention-2, activation-checkpointing, lora: {share: 0.01}]}";

static bool fits_with(const char *yaml, const char *const *settings, double probability)
{
    speedup_scenario *scenario = scenario_of(world.catalog, yaml, settings);
    bool good = fits(scenario, probability);
    speedup_scenario_unref(scenario);
    return good;
}

static void the_largest_number_fits_and_the_next_does_not(void **state)
{
    (void)state;
    speedup_scenario *job_ = scenario_of(world.catalog, tuned, PLAIN);
    static const char *const keys[] = {"micro_batch", "train.micro_batch", "sequence"};
    double found[3];
    for (size_t k = 0; k < 3; k++) {
        int32_t limit = 0;
        double value = found[k] = largest(job_, keys[k], &limit);
        assert_int_equal(limit, SPEEDUP_LIMIT_MEMORY);
        for (int more = 0; more < 2; more++) {
            char number[60], batch[60] = "train.tokens=1";
            snprintf(number, sizeof number, "train.%s=%.0f", k == 2 ? "sequence" : "micro_batch", value + more);
            if (k != 2)
                snprintf(batch, sizeof batch, "train.global_batch=%.0f", 4 * (value + more));
            assert_int_equal(fits_with(tuned, WITH(number, batch), confidence), !more);
        }
    }
    assert_true(found[0] == found[1] && found[0] >= 1 && found[2] > 1000);
    speedup_scenario_unref(job_);
    /* A job that does not fit has smaller ones that do. */
    speedup_scenario *large = scenario_of(world.catalog, tuned, WITH("train.micro_batch=640", "train.global_batch=2560"));
    assert_true(largest(large, "micro_batch", NULL) == found[0]);
    speedup_scenario_unref(large);
    speedup_scenario *longer = scenario_of(world.catalog, tuned, WITH("train.sequence=100000"));
    assert_true(largest(longer, "sequence", NULL) == found[2]);
    speedup_scenario_unref(longer);
}

static void what_memory_does_not_limit_is_said(void **state)
{
    (void)state;
    speedup_scenario *job_ = scenario_of(world.catalog, tuned, WITH("train.model=tinyllama-1-1b", "train.system=dgx-h200", "train.micro_batch=1"));
    int32_t limit = 0;
    double window;
    assert_ok(speedup_catalog_number(world.catalog, "models", "tinyllama-1-1b", "max_sequence", &window));
    assert_true(largest(job_, "sequence", &limit) == window && limit == SPEEDUP_LIMIT_WINDOW);
    assert_true(largest(job_, "global_batch", &limit) == 1e9 && limit == SPEEDUP_LIMIT_RANGE);
    assert_true(largest(job_, "tokens", &limit) == 1e18 && limit == SPEEDUP_LIMIT_RANGE); /* doubles have not all numbers there */
    assert_true(largest(job_, "lora.share", &limit) == 1 && limit == SPEEDUP_LIMIT_RANGE);
    assert_true(largest(job_, "layout.tensor", &limit) == 1 && limit == SPEEDUP_LIMIT_RULE);
    speedup_scenario_unref(job_);
    /* Eight ranks of sequences: only numbers that divide. */
    speedup_scenario *spread = scenario_of(world.catalog, tuned, WITH("train.model=llama-2-7b", "train.accelerators=4", "train.layout.context=4", "train.sequence=1024"));
    double longest = largest(spread, "sequence", &limit);
    assert_true(fmod(longest, 4) == 0 && longest > 1024);
    speedup_scenario_unref(spread);
}

static void a_service_has_a_largest_load(void **state)
{
    (void)state;
    static const char text[] = "serve: {model: llama-2-7b, system: dgx-a100-40gb, accelerators: 1, prompt: 1024, output: 512, concurrency: 8}";
    speedup_scenario *service = scenario_of(world.catalog, text, PLAIN);
    double value = largest(service, "concurrency", NULL);
    for (int more = 0; more < 2; more++) {
        char setting[60];
        double values[SPEEDUP_METRIC_COUNT];
        snprintf(setting, sizeof setting, "serve.concurrency=%.0f", value + more);
        estimate_of(world.catalog, text, WITH(setting), values);
        assert_int_equal(values[SPEEDUP_METRIC_LOAD] <= 1, !more);
    }
    speedup_remedies *none;
    assert_int_equal(speedup_scenario_remedies(world.context, service, confidence, &none), SPEEDUP_NOT_APPLICABLE);
    assert_null(none);
    speedup_scenario_unref(service);
}

static void keys_that_are_none_are_told(void **state)
{
    (void)state;
    speedup_scenario *job_ = scenario_of(world.catalog, tuned, PLAIN);
    static const struct {
        const char *key, *said;
        speedup_status status;
    } wrong[] = {
        {"micro_bach", "did you mean 'micro_batch'?", SPEEDUP_UNKNOWN_KEY},
        {"train.sequenze", "did you mean 'sequence'?", SPEEDUP_UNKNOWN_KEY},
        {"lora.shar", "did you mean 'share'?", SPEEDUP_UNKNOWN_PARAMETER},
        {"qlora.share", "the job has no 'qlora'", SPEEDUP_UNKNOWN_KEY},
        {"model", "takes a text, not a number", SPEEDUP_WRONG_TYPE},
        {"", "", SPEEDUP_UNKNOWN_KEY},
        {".", "", SPEEDUP_UNKNOWN_KEY},
        {"layout", "", SPEEDUP_WRONG_TYPE},
        {"confidence", "", SPEEDUP_OUT_OF_RANGE},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        double value = 7;
        assert_int_equal(speedup_scenario_largest(world.context, job_, wrong[i].key, confidence, &value, NULL), wrong[i].status);
        assert_true(value == 0);
        assert_contains(speedup_diagnostic_message(world.context, 0), wrong[i].said);
    }
    speedup_scenario_unref(job_);
    speedup_scenario *huge = scenario_of(world.catalog, tuned, WITH("train.model=llama-3-1-405b"));
    double value;
    assert_int_equal(speedup_scenario_largest(world.context, huge, "sequence", confidence, &value, NULL), SPEEDUP_NOT_FOUND);
    assert_contains(speedup_diagnostic_message(world.context, 0), "with no 'sequence' the job fits");
    speedup_scenario_unref(huge);
}

/* The same answer as admission's, at any confidence. */
static void a_job_fits_when_admission_lets_it_in(void **state)
{
    (void)state;
    const speedup_request request = {.struct_size = sizeof request};
    for (int sequence = 500; sequence < 16000; sequence += 1500)
        for (double c = 0.05; c < 1; c += 0.15) {
            char text[1000];
            snprintf(text, sizeof text, "train: {model: llama-3-1-8b, system: dgx-a100-40gb, accelerators: 1, sequence: %d, global_batch: 1, stack: pytorch, "
                     "optimizations: [bf16-mixed-precision, flash-attention-2, lora]}", sequence);
            const speedup_policy policy = {.struct_size = sizeof policy, .confidence = c};
            speedup_verdict verdict = {.struct_size = sizeof verdict};
            assert_ok(speedup_admit(world.context, world.catalog, text, strlen(text), &request, &policy, &verdict));
            speedup_scenario *job_ = scenario_of(world.catalog, text, PLAIN);
            speedup_remedies *found;
            speedup_remedy own = {.struct_size = sizeof own};
            assert_ok(speedup_scenario_remedies(world.context, job_, c, &found));
            assert_ok(speedup_remedies_without(found, &own));
            assert_int_equal(own.fits, verdict.verdict == SPEEDUP_ADMIT);
            speedup_remedies_destroy(found);
            speedup_scenario_unref(job_);
        }
}

/* A plan is a scenario like any other: with the layout that a search chose. */
static void the_plan_of_a_search_can_be_mended(void **state)
{
    (void)state;
    speedup_space *space = space_of(world.catalog, "plan: {model: llama-2-7b, systems: [dgx-a100-40gb], accelerators: [4], sequence: 4096, global_batch: 64, "
                                    "tensor: [2], pipeline: [1, 2], micro_batch: [4], optimizations: [bf16-mixed-precision], choices: []}\n");
    for (uint64_t index = 0; index < speedup_space_size(space); index++) {
        speedup_scenario *plan, *mended;
        speedup_remedy row = {.struct_size = sizeof row};
        double values[SPEEDUP_METRIC_COUNT], pipeline[2];
        if (speedup_space_scenario(world.context, space, index, &plan))
            continue;
        speedup_remedies *found = remedies_of(plan);
        assert_ok(speedup_remedies_at(found, 0, &row));
        assert_ok(speedup_remedies_scenario(world.context, found, 0, &mended));
        assert_bits(estimate(mended, values), row.step_seconds);
        assert_ok(speedup_scenario_variable(plan, SPEEDUP_VARIABLE_PIPELINE, &pipeline[0]));
        assert_ok(speedup_scenario_variable(mended, SPEEDUP_VARIABLE_PIPELINE, &pipeline[1]));
        assert_true(pipeline[0] == pipeline[1]);
        assert_true(largest(mended, "micro_batch", NULL) >= row.micro_batch);
        speedup_scenario_unref(mended);
        speedup_remedies_destroy(found);
        speedup_scenario_unref(plan);
    }
    speedup_space_unref(space);
}

enum { THREADS = 4 };

struct worker {
    const speedup_scenario *scenario;
    double sum;
};

static void *work(void *user)
{
    struct worker *worker = user;
    speedup_context *context;
    speedup_remedies *found = NULL;
    speedup_remedy row = {.struct_size = sizeof row};
    double value = 0;
    if (speedup_context_create(NULL, &context))
        return NULL;
    for (int i = 0; i < 20; i++) {
        if (speedup_scenario_remedies(context, worker->scenario, confidence, &found) ||
            speedup_scenario_largest(context, worker->scenario, "micro_batch", confidence, &value, NULL) != SPEEDUP_NOT_FOUND)
            break;
        for (size_t k = 0; !speedup_remedies_at(found, k, &row); k++)
            worker->sum += row.step_seconds;
        speedup_remedies_destroy(found);
    }
    speedup_context_destroy(context);
    return NULL;
}

static void threads_share_a_scenario(void **state)
{
    (void)state;
    speedup_scenario *job_ = job_of(world.catalog, "llama-2-7b", "dgx-a100-40gb", 4096, 8, 8, "bf16-mixed-precision");
    struct worker workers[THREADS];
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){job_, 0};
        assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < THREADS; i++)
        assert_true(workers[i].sum > 0 && workers[i].sum == workers[0].sum);
    speedup_scenario_unref(job_);
}

/* Means of an untrusted text take no more time than others. */
static void many_means_of_many_effects_are_bounded(void **state)
{
    (void)state;
    static char text[200000];
    strcpy(text, "optimizations:\n");
    for (int i = 0; i < 60; i++) {
        snprintf(text + strlen(text), sizeof text - strlen(text), "  own-%d: {mends: %d, effects: {", i, i + 1);
        speedup_word word = {.struct_size = sizeof word};
        for (size_t target = 0; !speedup_target_at(target, &word); target++)
            if (!strcmp(word.rule, "multiply"))
                snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s%s: 1 - 0.0001 * tensor, ", word.name, *word.phase ? "@" : "", word.phase);
        strcat(text, "}}\n");
    }
    speedup_catalog *catalog = extend(world.catalog, text);
    speedup_scenario *job_ = job_of(catalog, "llama-3-1-405b", "dgx-a100-40gb", 4096, 8, 8, "bf16-mixed-precision");
    speedup_remedies *found = remedies_of(job_);
    speedup_remedy row = {.struct_size = sizeof row};
    assert_int_equal(speedup_remedies_at(found, 0, &row), SPEEDUP_NOT_FOUND);
    assert_ok(speedup_remedies_means_at(found, 59, &row));
    speedup_remedies_destroy(found);
    speedup_scenario_unref(job_);
    speedup_catalog_unref(catalog);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_set_fits_when_it_is_estimated_alone),
        cmocka_unit_test(means_alone_are_differences_of_one),
        cmocka_unit_test(no_part_of_a_set_is_as_good_and_none_is_faster),
        cmocka_unit_test(sets_are_few_ordered_and_simpler),
        cmocka_unit_test(a_job_that_fits_lacks_nothing),
        cmocka_unit_test(usual_means_are_data),
        cmocka_unit_test(a_dearer_means_takes_the_place_of_a_cheaper_with_its_parameters),
        cmocka_unit_test(what_the_software_always_has_can_be_replaced),
        cmocka_unit_test(the_largest_number_fits_and_the_next_does_not),
        cmocka_unit_test(what_memory_does_not_limit_is_said),
        cmocka_unit_test(a_service_has_a_largest_load),
        cmocka_unit_test(keys_that_are_none_are_told),
        cmocka_unit_test(a_job_fits_when_admission_lets_it_in),
        cmocka_unit_test(the_plan_of_a_search_can_be_mended),
        cmocka_unit_test(threads_share_a_scenario),
        cmocka_unit_test(many_means_of_many_effects_are_bounded),
    };
    return cmocka_run_group_tests(tests, world_begin, world_end);
}
