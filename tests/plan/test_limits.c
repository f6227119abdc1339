/* Limits, one a test and named by it: of what can be laid out, of what admission grants, and
 * of how large a space may be. tests/mutations breaks each and expects its test to tell. */
#include "../unit/helper.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static speedup_result *search(const speedup_space *space, speedup_counts *counts)
{
    speedup_result *result = NULL;
    assert_int_equal(speedup_space_search(world.context, space, 0, UINT64_MAX, 1, NULL, NULL, &result), SPEEDUP_OK);
    *counts = (speedup_counts){.struct_size = sizeof *counts};
    assert_int_equal(speedup_result_counts(result, counts), SPEEDUP_OK);
    return result;
}

/* --- what can be laid out --- */

#define MIXTRAL "model: mixtral-8x7b, "
#define LLAMA "model: llama-2-7b, "
#define TRAINING "sequence: 2048, global_batch: 64, optimizations: [bf16-mixed-precision, flash-attention-2, zero-1]"
#define SERVICE "prompt: 500, output: 100, concurrency: 16"

/* Of the two plans of a space, the first can be laid out and the second cannot. */
static void assert_divides_first_alone(const char *yaml)
{
    speedup_space *space = space_of(world.catalog, yaml);
    speedup_counts counts;
    assert_int_equal(speedup_space_size(space), 2);
    assert_int_equal(speedup_space_estimate(space, 0, NULL, 0, NULL, 0), SPEEDUP_OK);
    assert_int_equal(speedup_space_estimate(space, 1, NULL, 0, NULL, 0), SPEEDUP_DOES_NOT_DIVIDE);
    speedup_result_destroy(search(space, &counts));
    assert_int_equal(counts.not_dividing, 1);
    speedup_space_unref(space);
}

static void a_search_spreads_experts_over_no_more_ranks_than_a_stage_has(void **state)
{
    (void)state;
    assert_divides_first_alone("plan: {" MIXTRAL "systems: [dgx-h100], accelerators: 8, tensor: 1, pipeline: 4, expert: [2, 8], "
                               "virtual_stages: 1, micro_batch: 1, context: 1, " TRAINING "}");
    assert_divides_first_alone("plan: {" MIXTRAL "systems: [dgx-h100], accelerators: 8, tensor: 2, pipeline: 1, expert: [2, 4], "
                               "attention_data: 1, optimizations: [fp8-weights], " SERVICE "}");
}

static void a_search_has_no_more_stages_than_layers(void **state)
{
    (void)state;
    assert_divides_first_alone("plan: {" LLAMA "systems: [dgx-h100], accelerators: 128, tensor: 1, pipeline: [32, 64], "
                               "virtual_stages: 1, micro_batch: 1, context: 1, " TRAINING "}");
    assert_divides_first_alone("plan: {" LLAMA "systems: [dgx-h100], accelerators: 64, tensor: 1, pipeline: [32, 64], "
                               "attention_data: 1, optimizations: [fp8-weights], " SERVICE "}");
}

/* Of two layouts in columns, the first can be and the second cannot, and has no figures. */
static void assert_batch_takes_first_alone(const char *yaml, int32_t a, double a_value, int32_t b, const double b_values[2], int32_t m)
{
    speedup_scenario *scenario = scenario_of(world.catalog, yaml, PLAIN);
    double all_a[] = {a_value, a_value}, all_b[] = {b_values[0], b_values[1]}, status[2], value[2];
    const speedup_column inputs[] = {{sizeof *inputs, a, 0, all_a}, {sizeof *inputs, b, 0, all_b}},
                         outputs[] = {{sizeof *outputs, SPEEDUP_METRIC_STATUS, 0, status}, {sizeof *outputs, m, 0, value}};
    assert_int_equal(speedup_scenario_estimate_batch(scenario, inputs, 2, outputs, 2, 2, 1), SPEEDUP_OK);
    assert_true(status[0] == 0 && value[0] > 0);
    assert_true(status[1] == SPEEDUP_DOES_NOT_DIVIDE && value[1] == 0);
    speedup_scenario_unref(scenario);
}

static void a_batch_spreads_experts_over_no_more_ranks_than_a_stage_has(void **state)
{
    (void)state;
    assert_batch_takes_first_alone("train: {" MIXTRAL "system: dgx-h100, accelerators: 8, " TRAINING "}", SPEEDUP_VARIABLE_PIPELINE, 4,
                                   SPEEDUP_VARIABLE_EXPERT, (const double[]){2, 8}, SPEEDUP_METRIC_STEP_SECONDS);
}

static void a_batch_has_no_more_stages_than_layers(void **state)
{
    (void)state;
    assert_batch_takes_first_alone("train: {" LLAMA "system: dgx-h100, accelerators: 64, " TRAINING "}", SPEEDUP_VARIABLE_ACCELERATORS, 128,
                                   SPEEDUP_VARIABLE_PIPELINE, (const double[]){32, 64}, SPEEDUP_METRIC_STEP_SECONDS);
}

static void a_batch_of_services_has_no_more_stages_than_layers(void **state)
{
    (void)state;
    assert_batch_takes_first_alone("serve: {" LLAMA "system: dgx-h100, accelerators: 8, " SERVICE "}", SPEEDUP_VARIABLE_ACCELERATORS, 64,
                                   SPEEDUP_VARIABLE_PIPELINE, (const double[]){32, 64}, SPEEDUP_METRIC_TIME_PER_OUTPUT_TOKEN);
}

static void a_scenario_spreads_experts_over_no_more_ranks_than_a_stage_has(void **state)
{
    (void)state;
    assert_int_equal(refused_scenario(world.catalog, "train: {" MIXTRAL "system: dgx-h100, accelerators: 8, layout: {pipeline: 4, expert: 2}, " TRAINING "}", PLAIN), SPEEDUP_OK);
    assert_int_equal(refused_scenario(world.catalog, "train: {" MIXTRAL "system: dgx-h100, accelerators: 8, layout: {pipeline: 4, expert: 8}, " TRAINING "}", PLAIN),
                     SPEEDUP_DOES_NOT_DIVIDE);
    assert_non_null(strstr(speedup_diagnostic_text(world.context, 0), "ranks"));
    assert_int_equal(refused_scenario(world.catalog, "serve: {" MIXTRAL "system: dgx-h100, accelerators: 8, layout: {tensor: 2, expert: 2}, " SERVICE "}", PLAIN), SPEEDUP_OK);
    assert_int_equal(refused_scenario(world.catalog, "serve: {" MIXTRAL "system: dgx-h100, accelerators: 8, layout: {tensor: 2, expert: 4}, " SERVICE "}", PLAIN),
                     SPEEDUP_DOES_NOT_DIVIDE);
    assert_non_null(strstr(speedup_diagnostic_text(world.context, 0), "ranks"));
}

static void a_scenario_has_no_more_stages_than_layers(void **state)
{
    (void)state;
    assert_int_equal(refused_scenario(world.catalog, "train: {" LLAMA "system: dgx-h100, accelerators: 128, layout: {pipeline: 32}, " TRAINING "}", PLAIN), SPEEDUP_OK);
    assert_int_equal(refused_scenario(world.catalog, "train: {" LLAMA "system: dgx-h100, accelerators: 128, layout: {pipeline: 64}, " TRAINING "}", PLAIN),
                     SPEEDUP_DOES_NOT_DIVIDE);
    assert_non_null(strstr(speedup_diagnostic_text(world.context, 0), "layers"));
    assert_int_equal(refused_scenario(world.catalog, "serve: {" LLAMA "system: dgx-h100, accelerators: 64, layout: {pipeline: 64}, " SERVICE "}", PLAIN), SPEEDUP_DOES_NOT_DIVIDE);
    assert_non_null(strstr(speedup_diagnostic_text(world.context, 0), "layers"));
}

/* --- what a stopped search has not seen --- */

static int32_t stop_at_once(void *user, uint64_t done, uint64_t total)
{
    (void)user;
    (void)done;
    (void)total;
    return 1;
}

/* Large enough that a search of a part of it can be stopped. */
static speedup_space *make_large_space(void)
{
    return space_of(world.catalog, "plan:\n  model: gpt-3-13b\n  systems: [dgx-a100-80gb]\n  accelerators: [8, 16, 32, 64]\n  sequence: 2048\n  global_batch: 4096\n"
                      "  tensor: [1, 2, 4, 8]\n  pipeline: [1, 2, 4, 5, 8, 10, 20]\n  micro_batch: [1, 2, 4, 8, 16, 32]\n"
                      "  optimizations: [bf16-mixed-precision]\n"
                      "  choices: [[none, flash-attention-1, flash-attention-2], [none, selective-checkpointing, activation-checkpointing],"
                      " [none, zero-1, fsdp], [none, kernel-fusion], [none, communication-overlap], [none, fused-optimizer]]\n");
}

/* What is proved of a result: the best, a bound of all, and how far the two may be apart. */
static double bound_of(const speedup_result *result, double *gap)
{
    double bound;
    assert_int_equal(speedup_result_gap(result, &bound, gap), SPEEDUP_OK);
    return bound;
}

static void a_stopped_search_does_not_prove_its_best(void **state)
{
    (void)state;
    speedup_space *space = make_large_space();
    speedup_result *stopped = NULL;
    assert_int_equal(speedup_space_search(world.context, space, 0, UINT64_MAX, 1, stop_at_once, NULL, &stopped), SPEEDUP_CANCELLED);
    double gap, unseen = bound_of(stopped, &gap), least;
    assert_true(gap > 0);
    assert_int_equal(speedup_space_bound(space, 0, UINT64_MAX, &least), SPEEDUP_OK);
    assert_true(unseen >= least);
    speedup_result_destroy(stopped);
    speedup_space_unref(space);
}

/* The bytes of a result; the caller's, until free(). */
static unsigned char *saved(const speedup_result *result, size_t *length)
{
    *length = speedup_result_save(result, NULL, 0);
    unsigned char *bytes = malloc(*length);
    assert_int_equal(speedup_result_save(result, bytes, *length), *length);
    return bytes;
}

static speedup_status load(const speedup_space *space, const unsigned char *bytes, size_t length)
{
    speedup_result *result = NULL;
    speedup_status status = speedup_result_load(world.context, space, bytes, length, &result);
    assert_true(!status == (result != NULL));
    assert_true(!status || speedup_diagnostic_count(world.context) == 1);
    speedup_result_destroy(result);
    return status;
}

/* Spaces that differ in nothing but what a plan of the same index takes. */
static void a_result_is_of_no_space_whose_plans_are_others(void **state)
{
    (void)state;
    static const char *const effects[] = {"1 / tensor", "1 / data", "tensor / 4"}, *const precisions[] = {"bf16-mixed-precision", "fp16-mixed-precision"};
    unsigned char *kept = NULL;
    size_t length = 0;
    for (size_t i = 0; i < 3; i++)
        for (size_t k = 0; k < 2; k++) {
            char own[200], yaml[400];
            snprintf(own, sizeof own, "optimizations: {own: {applies_to: [training], effects: {memory.logits: %s}, source: a test}}", effects[i]);
            snprintf(yaml, sizeof yaml, "plan: {" LLAMA "sequence: 2048, global_batch: 64, optimizations: [%s, own], systems: [dgx-h100], accelerators: [8], "
                     "tensor: [1, 2], pipeline: [1]}", precisions[k]);
            speedup_catalog *catalog = extend(world.catalog, own);
            speedup_space *space = space_of(catalog, yaml);
            if (!kept) {
                speedup_counts counts;
                speedup_result *result = search(space, &counts);
                kept = saved(result, &length);
                speedup_result_destroy(result);
            }
            assert_int_equal(load(space, kept, length), i || k ? SPEEDUP_INCONSISTENT : SPEEDUP_OK);
            speedup_space_unref(space);
            speedup_catalog_unref(catalog);
        }
    free(kept);
}

static void results_come_back_from_their_bytes(void **state)
{
    (void)state;
    speedup_space *space = make_large_space(), *again = make_large_space(), *other = space_of(world.catalog, "plan: {" LLAMA TRAINING
        ", systems: [dgx-h100], accelerators: [8, 16], tensor: [1], pipeline: [1]}");
    uint64_t size = speedup_space_size(space);
    speedup_result *whole = NULL, *merged = NULL;
    assert_int_equal(speedup_space_search(world.context, space, 0, size, 1, NULL, NULL, &whole), SPEEDUP_OK);
    /* Four parts, each through its bytes and into a space made anew. */
    for (uint64_t part = 0; part < 4; part++) {
        speedup_result *one = NULL, *read = NULL, *both = NULL;
        size_t length;
        assert_int_equal(speedup_space_search(world.context, space, part * size / 4, (part + 1) * size / 4, 1, NULL, NULL, &one), SPEEDUP_OK);
        unsigned char *bytes = saved(one, &length);
        assert_int_equal(speedup_result_load(world.context, again, bytes, length, &read), SPEEDUP_OK);
        assert_int_equal(load(other, bytes, length), SPEEDUP_INCONSISTENT);
        if (merged)
            assert_int_equal(speedup_result_merge(world.context, merged, read, &both), SPEEDUP_OK);
        speedup_result_destroy(one);
        speedup_result_destroy(merged);
        merged = both ? both : read;
        if (both)
            speedup_result_destroy(read);
        free(bytes);
    }
    size_t length, count;
    unsigned char *one = saved(whole, &length), *parts = saved(merged, &count);
    assert_int_equal(length, count);
    assert_memory_equal(one, parts, length);
    /* Any change, anywhere, and any other length is seen. */
    for (size_t i = 0; i < length; i++) {
        one[i] ^= (unsigned char)(1 + i % 255);
        assert_int_equal(load(space, one, length), SPEEDUP_SYNTAX);
        one[i] = parts[i];
        assert_int_equal(load(space, one, i), SPEEDUP_SYNTAX);
    }
    assert_int_equal(speedup_result_save(NULL, one, length), 0);
    free(one);
    free(parts);
    speedup_result_destroy(whole);
    speedup_result_destroy(merged);
    speedup_space_unref(space);
    speedup_space_unref(again);
    speedup_space_unref(other);
}

static void a_merge_remembers_what_a_stopped_search_has_not_seen(void **state)
{
    (void)state;
    speedup_space *space = make_large_space();
    speedup_result *stopped = NULL, *rest = NULL, *last = NULL;
    uint64_t size = speedup_space_size(space), half = size / 2;
    assert_int_equal(speedup_space_search(world.context, space, 0, half, 1, stop_at_once, NULL, &stopped), SPEEDUP_CANCELLED);
    assert_int_equal(speedup_space_search(world.context, space, half, size - 100, 1, NULL, NULL, &rest), SPEEDUP_OK);
    assert_int_equal(speedup_space_search(world.context, space, size - 100, size, 1, NULL, NULL, &last), SPEEDUP_OK);
    double gap, unseen = bound_of(stopped, &gap), best = bound_of(rest, &gap);
    assert_true(gap == 0 && unseen < best);
    for (int turn = 0; turn < 2; turn++) {
        speedup_result *merged = NULL, *again = NULL;
        assert_int_equal(speedup_result_merge(world.context, turn ? stopped : rest, turn ? rest : stopped, &merged), SPEEDUP_OK);
        assert_true(bound_of(merged, &gap) == unseen && gap > 0);
        /* And what remembers is merged as well. */
        assert_int_equal(speedup_result_merge(world.context, turn ? merged : last, turn ? last : merged, &again), SPEEDUP_OK);
        assert_true(bound_of(again, &gap) == unseen && gap > 0);
        speedup_result_destroy(merged);
        speedup_result_destroy(again);
    }
    speedup_result_destroy(stopped);
    speedup_result_destroy(rest);
    speedup_result_destroy(last);
    speedup_space_unref(space);
}

/* --- admission --- */

static const double slack = 0.25;

static int32_t verdict_of(const char *yaml, const speedup_request *request, double with_slack, speedup_verdict *v)
{
    const speedup_policy policy = {.struct_size = sizeof policy, .confidence = 0.9, .slack = with_slack};
    *v = (speedup_verdict){.struct_size = sizeof *v};
    assert_ok(speedup_admit(world.context, world.catalog, yaml, strlen(yaml), request, &policy, v));
    return v->verdict;
}

static void slack_is_granted_once(void **state)
{
    (void)state;
    static const char trial[] = "train: {model: llama-2-13b, system: dgx-a100-80gb, accelerators: 64, tokens: 1 T, sequence: 4096, global_batch: 1024, "
                              "layout: {tensor: 2}, price: 2 USD/h, optimizations: [bf16-mixed-precision, flash-attention-2, sequence-parallelism, distributed-optimizer]}";
    const speedup_request nothing = {.struct_size = sizeof nothing};
    speedup_verdict v, other;
    assert_int_equal(verdict_of(trial, &nothing, 0, &v), SPEEDUP_ADMIT);
    /* By how much a need passes what is granted, and what becomes of it. */
    const struct {
        double over, slack;
        int32_t verdict;
    } cases[] = {
        {0.99, 0, SPEEDUP_ADMIT}, {1.01, 0, SPEEDUP_REFUSE}, {1.01, slack, SPEEDUP_WARN},
        {1.24, slack, SPEEDUP_WARN}, {1.26, slack, SPEEDUP_REFUSE}, {1.5, slack, SPEEDUP_REFUSE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const double over = cases[i].over;
        const speedup_request requests[] = {
            {.struct_size = sizeof nothing, .memory = v.memory / over},
            {.struct_size = sizeof nothing, .time_limit = v.seconds / over},
            {.struct_size = sizeof nothing, .budget = v.cost / over},
            {.struct_size = sizeof nothing, .accelerators = v.accelerators / over},
        };
        for (size_t r = 0; r < sizeof requests / sizeof *requests; r++)
            assert_int_equal(verdict_of(trial, &requests[r], cases[i].slack, &other), cases[i].verdict);
    }
}

static void slack_is_granted_once_to_the_targets_of_a_service(void **state)
{
    (void)state;
    static const char form[] = "serve: {model: llama-2-7b, system: dgx-h100, accelerators: 1, prompt: 500, output: 200, concurrency: 8, stack: vllm, "
                               "targets: {%s: %.9g s}}";
    static const char *const targets[] = {"time_to_first_token", "time_per_output_token"};
    const speedup_request nothing = {.struct_size = sizeof nothing};
    for (int i = 0; i < 2; i++) {
        char yaml[500];
        speedup_verdict v, other;
        snprintf(yaml, sizeof yaml, form, targets[i], 1000.0);
        assert_int_equal(verdict_of(yaml, &nothing, 0, &v), SPEEDUP_ADMIT);
        double takes = i ? v.token : v.first_token;
        const struct {
            double over;
            int32_t verdict;
        } cases[] = {{0.99, SPEEDUP_ADMIT}, {1.24, SPEEDUP_WARN}, {1.26, SPEEDUP_REFUSE}, {1.5, SPEEDUP_REFUSE}};
        for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
            snprintf(yaml, sizeof yaml, form, targets[i], takes / cases[c].over);
            assert_int_equal(verdict_of(yaml, &nothing, slack, &other), cases[c].verdict);
        }
    }
}

/* --- more accelerators --- */

/* The space of one number of accelerators. */
static speedup_space *make_crowded_space(int accelerators)
{
    char yaml[600];
    snprintf(yaml, sizeof yaml, "plan: {model: gpt-3-13b, systems: [dgx-a100-80gb], accelerators: [%d], sequence: 2048, global_batch: 64, tensor: 1, "
             "pipeline: 1, virtual_stages: 1, context: 1, micro_batch: 1, optimizations: [bf16-mixed-precision, flash-attention-2, zero-3]}", accelerators);
    return space_of(world.catalog, yaml);
}

static void accelerators_that_lack_are_sought_by_doubling(void **state)
{
    (void)state;
    speedup_counts counts = {0};
    int enough = 1;
    for (; enough <= 32 && !counts.feasible; enough *= 2) {
        speedup_space *space = make_crowded_space(2 * enough);
        speedup_result_destroy(search(space, &counts));
        speedup_space_unref(space);
    }
    assert_true(enough > 1 && enough <= 32 && counts.feasible);
    speedup_space *space = make_crowded_space(1);
    speedup_result *result = search(space, &counts);
    speedup_text *text = NULL;
    char told[60];
    assert_int_equal(counts.feasible, 0);
    assert_int_equal(speedup_report_plan(world.context, result, SPEEDUP_FORMAT_TEXT, &text), SPEEDUP_OK);
    snprintf(told, sizeof told, "Or %d accelerators", enough);
    assert_contains(speedup_text_get(text), told);
    speedup_text_destroy(text);
    speedup_result_destroy(result);
    speedup_space_unref(space);
}

/* --- huge spaces --- */

enum { MOST_TEXT = 1 << 19 };

/* A list of whole numbers from 1 on. */
static void write_axis(char *yaml, const char *name, int count)
{
    yaml += strlen(yaml);
    yaml += sprintf(yaml, "  %s: [1", name);
    for (int i = 2; i <= count; i++)
        yaml += sprintf(yaml, ", %d", i);
    strcpy(yaml, "]\n");
}

/* A space with so many values on each axis; 0: one. */
static char *write_large(int accelerators, int tensor, int pipeline, int context_, int expert, int chunks, int micro_batch)
{
    char *yaml = malloc(MOST_TEXT);
    assert_non_null(yaml);
    strcpy(yaml, "plan:\n  model: mixtral-8x7b\n  systems: [dgx-h100]\n  sequence: 2048\n  global_batch: 64\n  optimizations: [bf16-mixed-precision]\n");
    write_axis(yaml, "accelerators", accelerators);
    write_axis(yaml, "tensor", tensor);
    write_axis(yaml, "pipeline", pipeline);
    write_axis(yaml, "context", context_);
    write_axis(yaml, "expert", expert);
    write_axis(yaml, "virtual_stages", chunks);
    write_axis(yaml, "micro_batch", micro_batch);
    return yaml;
}

static void layouts_whose_number_would_wrap_are_too_many(void **state)
{
    (void)state;
    /* 2^64, which 64 bits take for none, and 2^65. */
    for (int chunks = 16; chunks <= 32; chunks *= 2) {
        char *yaml = write_large(4096, 4096, 4096, 4096, 4096, chunks, 1);
        assert_int_equal(refused_space(world.catalog, yaml), SPEEDUP_TOO_COMPLEX);
        free(yaml);
    }
}

static void a_space_has_at_most_two_to_the_forty_layouts(void **state)
{
    (void)state;
    char *yaml = write_large(1024, 1024, 1024, 1, 1, 1, 1024);
    speedup_space *space = space_of(world.catalog, yaml);
    assert_true(speedup_space_size(space) == UINT64_C(1) << 40);
    speedup_space_unref(space);
    free(yaml);
    yaml = write_large(1024, 1024, 1024, 1, 1, 1, 1025);
    assert_int_equal(refused_space(world.catalog, yaml), SPEEDUP_TOO_COMPLEX);
    free(yaml);
}

static void an_axis_has_at_most_4096_values(void **state)
{
    (void)state;
    char *yaml = write_large(4096, 1, 1, 1, 1, 1, 1);
    assert_int_equal(refused_space(world.catalog, yaml), SPEEDUP_OK);
    free(yaml);
    yaml = write_large(4097, 1, 1, 1, 1, 1, 1);
    assert_int_equal(refused_space(world.catalog, yaml), SPEEDUP_OUT_OF_RANGE);
    free(yaml);
}

/* So many lists of so many alternatives, all of them nothing. */
static void write_choices(char *yaml, const int *alternatives, size_t lists, int systems)
{
    yaml += sprintf(yaml, "plan:\n  model: llama-2-7b\n  accelerators: [8]\n  sequence: 2048\n  global_batch: 64\n  optimizations: [bf16-mixed-precision]\n"
                    "  systems: [dgx-h100");
    for (int i = 1; i < systems; i++)
        yaml += sprintf(yaml, ", dgx-h100");
    yaml += sprintf(yaml, "]\n  choices: [");
    for (size_t i = 0; i < lists; i++) {
        yaml += sprintf(yaml, "%s[none", i ? ", " : "");
        for (int n = 1; n < alternatives[i]; n++)
            yaml += sprintf(yaml, ", none");
        yaml += sprintf(yaml, "]");
    }
    strcpy(yaml, "]\n");
}

static void ways_to_choose_whose_number_would_wrap_are_too_many(void **state)
{
    (void)state;
    char yaml[5000];
    int two[65];
    for (size_t i = 0; i < 65; i++)
        two[i] = 2;
    for (size_t lists = 15; lists <= 65; lists += 50) {
        write_choices(yaml, two, lists, 1);
        assert_int_equal(refused_space(world.catalog, yaml), SPEEDUP_TOO_COMPLEX);
    }
    write_choices(yaml, two, 64, 1);
    assert_int_equal(refused_space(world.catalog, yaml), SPEEDUP_TOO_COMPLEX);
}

static void a_space_has_at_most_20000_programs(void **state)
{
    (void)state;
    char yaml[5000];
    /* 3 x 59 x 113 is one too many, and none of its parts is. */
    write_choices(yaml, (const int[]){59, 113}, 2, 3);
    assert_int_equal(refused_space(world.catalog, yaml), SPEEDUP_TOO_COMPLEX);
    write_choices(yaml, (const int[]){40, 125}, 2, 4);
    speedup_space *space = space_of(world.catalog, yaml);
    assert_true(speedup_space_size(space) % 20000 == 0 && speedup_space_size(space) > 0);
    speedup_space_unref(space);
}

static void a_space_that_would_take_long_is_not_answered_in_one_call(void **state)
{
    (void)state;
    char *yaml = write_large(2049, 2048, 1, 1, 1, 1, 1);
    speedup_text *json = NULL;
    assert_int_equal(speedup_answer(world.context, yaml, strlen(yaml), &json), SPEEDUP_TOO_COMPLEX);
    assert_non_null(strstr(speedup_text_get(json), "speedup_space_search"));
    /* It has no place, and says so. */
    assert_non_null(strstr(speedup_text_get(json), "\"file\": null"));
    assert_non_null(strstr(speedup_text_get(json), "\"line\": null"));
    assert_non_null(strstr(speedup_text_get(json), "\"column\": null"));
    speedup_text_destroy(json);
    free(yaml);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_search_spreads_experts_over_no_more_ranks_than_a_stage_has),
        cmocka_unit_test(a_search_has_no_more_stages_than_layers),
        cmocka_unit_test(a_batch_spreads_experts_over_no_more_ranks_than_a_stage_has),
        cmocka_unit_test(a_batch_has_no_more_stages_than_layers),
        cmocka_unit_test(a_batch_of_services_has_no_more_stages_than_layers),
        cmocka_unit_test(a_scenario_spreads_experts_over_no_more_ranks_than_a_stage_has),
        cmocka_unit_test(a_scenario_has_no_more_stages_than_layers),
        cmocka_unit_test(a_stopped_search_does_not_prove_its_best),
        cmocka_unit_test(results_come_back_from_their_bytes),
        cmocka_unit_test(a_result_is_of_no_space_whose_plans_are_others),
        cmocka_unit_test(a_merge_remembers_what_a_stopped_search_has_not_seen),
        cmocka_unit_test(slack_is_granted_once),
        cmocka_unit_test(slack_is_granted_once_to_the_targets_of_a_service),
        cmocka_unit_test(accelerators_that_lack_are_sought_by_doubling),
        cmocka_unit_test(layouts_whose_number_would_wrap_are_too_many),
        cmocka_unit_test(a_space_has_at_most_two_to_the_forty_layouts),
        cmocka_unit_test(an_axis_has_at_most_4096_values),
        cmocka_unit_test(ways_to_choose_whose_number_would_wrap_are_too_many),
        cmocka_unit_test(a_space_has_at_most_20000_programs),
        cmocka_unit_test(a_space_that_would_take_long_is_not_answered_in_one_call),
    };
    return cmocka_run_group_tests(tests, world_begin, world_end);
}
