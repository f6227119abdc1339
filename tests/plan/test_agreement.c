/* One home for the rules of layouts: whether a layout is possible, and every bit of what it
 * takes, is the same from a batch, a scenario, a space and admission, for any value of any
 * axis, sensible or not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <speedup/speedup.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t layouts = 100000;
static speedup_context *context;
static speedup_catalog *catalog;
static uint64_t seed = 20260101;

static uint32_t any(uint32_t count)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((seed >> 33) % count);
}

/* The axes by kind of job, as keys of a description; and what a job begins with. */
struct axis {
    const char *key;
    int32_t variable;
    double unsaid; /* where an axis stands that the kind of job does not have */
};

struct kind {
    const char *section, *begin; /* of a YAML text, without layout */
    struct axis axes[10];
    const char *plan; /* keys of a plan of the same job */
};

static const struct kind kinds[] = {
    {"train", "model: mixtral-8x7b, system: dgx-h100, sequence: 2048, global_batch: 96, price: 2 USD/h, optimizations: [bf16-mixed-precision]",
     {{"accelerators", SPEEDUP_VARIABLE_ACCELERATORS, 0}, {"layout.tensor", SPEEDUP_VARIABLE_TENSOR, 0},
      {"layout.pipeline", SPEEDUP_VARIABLE_PIPELINE, 0}, {"layout.context", SPEEDUP_VARIABLE_CONTEXT, 0},
      {"layout.expert", SPEEDUP_VARIABLE_EXPERT, 0}, {"layout.virtual_stages", SPEEDUP_VARIABLE_VIRTUAL_STAGES, 0},
      {"micro_batch", SPEEDUP_VARIABLE_MICRO_BATCH, 0}, {"layout.ends_as_layers", SPEEDUP_VARIABLE_ENDS_AS_LAYERS, 0},
      {NULL, SPEEDUP_VARIABLE_ATTENTION_DATA, 1}, {NULL, SPEEDUP_VARIABLE_CONCURRENCY, 0}},
     "model: mixtral-8x7b, systems: [dgx-h100], sequence: 2048, global_batch: 96, tokens: 196608, prices: 2 USD/h, optimizations: [bf16-mixed-precision]"},
    {"train", "model: llama-2-7b, system: dgx-a100-80gb, sequence: 2048, global_batch: 48, uneven: true, price: 2 USD/h, optimizations: [bf16-mixed-precision]",
     {{"accelerators", SPEEDUP_VARIABLE_ACCELERATORS, 0}, {"layout.tensor", SPEEDUP_VARIABLE_TENSOR, 0},
      {"layout.pipeline", SPEEDUP_VARIABLE_PIPELINE, 0}, {"layout.context", SPEEDUP_VARIABLE_CONTEXT, 0},
      {"layout.expert", SPEEDUP_VARIABLE_EXPERT, 0}, {"layout.virtual_stages", SPEEDUP_VARIABLE_VIRTUAL_STAGES, 0},
      {"micro_batch", SPEEDUP_VARIABLE_MICRO_BATCH, 0}, {"layout.ends_as_layers", SPEEDUP_VARIABLE_ENDS_AS_LAYERS, 0},
      {NULL, SPEEDUP_VARIABLE_ATTENTION_DATA, 1}, {NULL, SPEEDUP_VARIABLE_CONCURRENCY, 0}},
     "model: llama-2-7b, systems: [dgx-a100-80gb], sequence: 2048, global_batch: 48, tokens: 98304, uneven: true, prices: 2 USD/h, optimizations: [bf16-mixed-precision]"},
    {"train", "model: llama-2-7b, system: dgx-h100, sequence: {mean: 900, deviation: 700, longest: 4096}, global_batch: 48, price: 2 USD/h, optimizations: [bf16-mixed-precision]",
     {{"accelerators", SPEEDUP_VARIABLE_ACCELERATORS, 0}, {"layout.tensor", SPEEDUP_VARIABLE_TENSOR, 0},
      {"layout.pipeline", SPEEDUP_VARIABLE_PIPELINE, 0}, {"layout.context", SPEEDUP_VARIABLE_CONTEXT, 0},
      {"layout.expert", SPEEDUP_VARIABLE_EXPERT, 0}, {"layout.virtual_stages", SPEEDUP_VARIABLE_VIRTUAL_STAGES, 0},
      {"micro_batch", SPEEDUP_VARIABLE_MICRO_BATCH, 0}, {"layout.ends_as_layers", SPEEDUP_VARIABLE_ENDS_AS_LAYERS, 0},
      {NULL, SPEEDUP_VARIABLE_ATTENTION_DATA, 1}, {NULL, SPEEDUP_VARIABLE_CONCURRENCY, 0}},
     "model: llama-2-7b, systems: [dgx-h100], sequence: {mean: 900, deviation: 700, longest: 4096}, global_batch: 48, tokens: 43200, prices: 2 USD/h, optimizations: [bf16-mixed-precision]"},
    {"train", "model: mistral-7b, system: dgx-h100, sequence: {mean: 900, deviation: 700, longest: 8192}, packing: documents, global_batch: 48, price: 2 USD/h, optimizations: [bf16-mixed-precision, flash-attention-2]",
     {{"accelerators", SPEEDUP_VARIABLE_ACCELERATORS, 0}, {"layout.tensor", SPEEDUP_VARIABLE_TENSOR, 0},
      {"layout.pipeline", SPEEDUP_VARIABLE_PIPELINE, 0}, {"layout.context", SPEEDUP_VARIABLE_CONTEXT, 0},
      {"layout.expert", SPEEDUP_VARIABLE_EXPERT, 0}, {"layout.virtual_stages", SPEEDUP_VARIABLE_VIRTUAL_STAGES, 0},
      {"micro_batch", SPEEDUP_VARIABLE_MICRO_BATCH, 0}, {"layout.ends_as_layers", SPEEDUP_VARIABLE_ENDS_AS_LAYERS, 0},
      {NULL, SPEEDUP_VARIABLE_ATTENTION_DATA, 1}, {NULL, SPEEDUP_VARIABLE_CONCURRENCY, 0}},
     "model: mistral-7b, systems: [dgx-h100], sequence: {mean: 900, deviation: 700, longest: 8192}, packing: documents, global_batch: 48, tokens: 393216, prices: 2 USD/h, optimizations: [bf16-mixed-precision, flash-attention-2]"},
    {"serve", "model: mixtral-8x7b, system: dgx-h100, stack: vllm, prompt: 512, output: 128, price: 2 USD/h, optimizations: [fp8-weights]",
     {{"accelerators", SPEEDUP_VARIABLE_ACCELERATORS, 0}, {"layout.tensor", SPEEDUP_VARIABLE_TENSOR, 0},
      {"layout.pipeline", SPEEDUP_VARIABLE_PIPELINE, 0}, {NULL, SPEEDUP_VARIABLE_CONTEXT, 1},
      {"layout.expert", SPEEDUP_VARIABLE_EXPERT, 0}, {NULL, SPEEDUP_VARIABLE_VIRTUAL_STAGES, 1},
      {NULL, SPEEDUP_VARIABLE_MICRO_BATCH, 1}, {NULL, SPEEDUP_VARIABLE_ENDS_AS_LAYERS, 0},
      {"layout.attention_data", SPEEDUP_VARIABLE_ATTENTION_DATA, 0}, {"concurrency", SPEEDUP_VARIABLE_CONCURRENCY, 0}},
     "model: mixtral-8x7b, systems: [dgx-h100], stack: vllm, prompt: 512, output: 128, prices: 2 USD/h, optimizations: [fp8-weights]"},
    {"generate", "model: llama-2-7b, system: dgx-a100-80gb, prompt: 512, output: 128, optimizations: []",
     {{"accelerators", SPEEDUP_VARIABLE_ACCELERATORS, 0}, {"layout.tensor", SPEEDUP_VARIABLE_TENSOR, 0},
      {"layout.pipeline", SPEEDUP_VARIABLE_PIPELINE, 0}, {NULL, SPEEDUP_VARIABLE_CONTEXT, 1},
      {"layout.expert", SPEEDUP_VARIABLE_EXPERT, 0}, {NULL, SPEEDUP_VARIABLE_VIRTUAL_STAGES, 1},
      {NULL, SPEEDUP_VARIABLE_MICRO_BATCH, 1}, {NULL, SPEEDUP_VARIABLE_ENDS_AS_LAYERS, 0},
      {"layout.attention_data", SPEEDUP_VARIABLE_ATTENTION_DATA, 0}, {"batch", SPEEDUP_VARIABLE_CONCURRENCY, 0}},
     NULL},
};

enum { AXES = 10, KINDS = sizeof kinds / sizeof *kinds };

/* Mostly what people write, at times what nobody should. */
static double random_value(const struct axis *axis)
{
    static const double strange[] = {0, 1.5, 3, 5, 7, 7.5, -1, -8, 1e6, 1e6 + 1, 1e7, 2e9, 1e300, 0.999999999, 31, 33, INFINITY, NAN};
    static const double usual[] = {1, 1, 1, 2, 2, 4, 8};
    static const double machines[] = {1, 2, 4, 8, 8, 16, 16, 24, 32, 48, 64};
    if (any(12) == 0)
        return strange[any(sizeof strange / sizeof *strange)];
    if (!axis->key)
        return axis->unsaid;
    if (axis->variable == SPEEDUP_VARIABLE_ACCELERATORS)
        return machines[any(sizeof machines / sizeof *machines)];
    if (axis->variable == SPEEDUP_VARIABLE_CONCURRENCY)
        return 1 + any(500);
    if (axis->variable == SPEEDUP_VARIABLE_ENDS_AS_LAYERS)
        return any(2);
    return usual[any(sizeof usual / sizeof *usual)];
}

static void random_layout(const struct kind *kind, double layout[AXES])
{
    for (int i = 0; i < AXES; i++)
        layout[i] = random_value(&kind->axes[i]);
}

static void show(const struct kind *kind, const double layout[AXES])
{
    print_error("%s:", kind->section);
    for (int i = 0; i < AXES; i++)
        print_error(" %s %.17g", kind->axes[i].key ? kind->axes[i].key : "(unsaid)", layout[i]);
    print_error("\n");
}

/* The job with any layout: only its batch call is asked. */
static speedup_scenario *begin_batch(const struct kind *kind)
{
    char yaml[1000];
    speedup_scenario *scenario;
    snprintf(yaml, sizeof yaml, "%s: {%s, accelerators: 1%s}", kind->section, kind->begin,
             !strcmp(kind->section, "serve") ? ", concurrency: 1" : !strcmp(kind->section, "generate") ? ", batch: 1" : "");
    assert_int_equal(speedup_scenario_create(context, catalog, "batch", yaml, strlen(yaml), NULL, 0, &scenario), SPEEDUP_OK);
    return scenario;
}

enum { BLOCK = 1000 };
static double columns[AXES][BLOCK], answers[SPEEDUP_METRIC_COUNT][BLOCK];

static void estimate_block(const struct kind *kind, const speedup_scenario *scenario, uint32_t threads)
{
    speedup_column in[AXES], out[SPEEDUP_METRIC_COUNT];
    for (int i = 0; i < AXES; i++)
        in[i] = (speedup_column){.struct_size = sizeof *in, .id = kind->axes[i].variable, .values = columns[i]};
    for (int m = 0; m < SPEEDUP_METRIC_COUNT; m++)
        out[m] = (speedup_column){.struct_size = sizeof *out, .id = m, .values = answers[m]};
    assert_int_equal(speedup_scenario_estimate_batch(scenario, in, AXES, out, SPEEDUP_METRIC_COUNT, BLOCK, threads), SPEEDUP_OK);
}

/* The same by a description; false when a value or the layout is refused. */
static bool describe(const struct kind *kind, speedup_job *job, const double layout[AXES], double values[SPEEDUP_METRIC_COUNT])
{
    for (int i = 0; i < AXES; i++)
        if (!kind->axes[i].key ? layout[i] != kind->axes[i].unsaid
                               : speedup_job_set_number(context, job, kind->axes[i].key, layout[i]) != SPEEDUP_OK)
            return false;
    speedup_scenario *scenario;
    speedup_status status = speedup_scenario_create_job(context, catalog, job, &scenario);
    if (status) {
        assert_int_equal(status, SPEEDUP_DOES_NOT_DIVIDE);
        return false;
    }
    status = speedup_scenario_estimate(scenario, values, SPEEDUP_METRIC_COUNT);
    speedup_scenario_unref(scenario);
    return !status;
}

static void put_number(char *text, const char *key, double value)
{
    const char *name = strrchr(key, '.') ? strrchr(key, '.') + 1 : key;
    sprintf(text + strlen(text), ", %s: %.17g", name, value);
}

/* The same as a text that somebody hands in: is it weighed at all? */
static bool admitted(const struct kind *kind, const double layout[AXES])
{
    char text[3000], inner[1000] = "";
    sprintf(text, "%s: {%s", kind->section, kind->begin);
    for (int i = 0; i < AXES; i++) {
        const char *key = kind->axes[i].key;
        if (!key && layout[i] != kind->axes[i].unsaid)
            return false;
        if (!key)
            continue;
        bool flag = kind->axes[i].variable == SPEEDUP_VARIABLE_ENDS_AS_LAYERS;
        if (flag && (layout[i] == 0 || layout[i] == 1))
            sprintf(inner + strlen(inner), ", ends_as_layers: %s", layout[i] != 0 ? "true" : "false");
        else
            put_number(strchr(key, '.') ? inner : text, key, layout[i]);
    }
    sprintf(text + strlen(text), ", layout: {%s}}", inner + (*inner ? 2 : 0));
    const speedup_request request = {.struct_size = sizeof request};
    speedup_verdict verdict = {.struct_size = sizeof verdict};
    return speedup_admit(context, catalog, text, strlen(text), &request, NULL, &verdict) == SPEEDUP_OK;
}

/* The same as the only plan of a space; false when it has none that is possible. */
static bool planned(const struct kind *kind, const double layout[AXES], double values[SPEEDUP_METRIC_COUNT])
{
    char text[3000];
    sprintf(text, "plan: {%s", kind->plan);
    for (int i = 0; i < AXES; i++) {
        const struct axis *axis = &kind->axes[i];
        if (!axis->key && layout[i] != axis->unsaid)
            return false;
        if (axis->key && axis->variable != SPEEDUP_VARIABLE_ENDS_AS_LAYERS)
            put_number(text, axis->key, layout[i]);
    }
    strcat(text, "}");
    speedup_space *space;
    if (speedup_space_create(context, catalog, "plan", text, strlen(text), NULL, 0, &space))
        return false;
    assert_int_equal(speedup_space_size(space), 1);
    speedup_status status = speedup_space_estimate(space, 0, NULL, 0, values, SPEEDUP_METRIC_COUNT);
    speedup_result *result;
    speedup_counts counts = {.struct_size = sizeof counts};
    assert_int_equal(speedup_space_search(context, space, 0, 1, 1, NULL, NULL, &result), SPEEDUP_OK);
    assert_int_equal(speedup_result_counts(result, &counts), SPEEDUP_OK);
    assert_int_equal(counts.not_dividing, status == SPEEDUP_DOES_NOT_DIVIDE);
    speedup_result_destroy(result);
    speedup_space_unref(space);
    return !status;
}

/* What a run has that the job of a batch does not say: its tokens, and so its length and money. */
static bool of_a_run(int metric)
{
    static const int run[] = {SPEEDUP_METRIC_STEPS, SPEEDUP_METRIC_RUN_SECONDS, SPEEDUP_METRIC_RUN_EXPECTED_SECONDS,
                              SPEEDUP_METRIC_ACCELERATOR_HOURS, SPEEDUP_METRIC_COST, SPEEDUP_METRIC_ENERGY};
    for (size_t i = 0; i < sizeof run / sizeof *run; i++)
        if (run[i] == metric)
            return true;
    return false;
}

static void agree(const struct kind *kind, size_t column, speedup_job *job, size_t *possible)
{
    double layout[AXES], values[SPEEDUP_METRIC_COUNT] = {0};
    for (int i = 0; i < AXES; i++)
        layout[i] = columns[i][column];
    bool is_possible = answers[SPEEDUP_METRIC_STATUS][column] == 0;
    *possible += is_possible;
    bool described = describe(kind, job, layout, values);
    if (described != is_possible) {
        show(kind, layout);
        fail_msg("possible by the batch: %d, by a scenario: %d", is_possible, described);
    }
    for (int m = 0; m < SPEEDUP_METRIC_COUNT; m++) {
        double expected = is_possible ? values[m] : m == SPEEDUP_METRIC_STATUS ? SPEEDUP_DOES_NOT_DIVIDE : 0;
        if (memcmp(&expected, &answers[m][column], sizeof expected)) {
            show(kind, layout);
            fail_msg("metric %d: %a by the batch, %a by a scenario", m, answers[m][column], expected);
        }
    }
    if (any(20) == 0)
        assert_int_equal(admitted(kind, layout), is_possible);
    bool flagged = kind->axes[7].key && layout[7] != 0; /* that ends stand for layers is not searched */
    if (kind->plan && !flagged && any(20) == 0) {
        double plan[SPEEDUP_METRIC_COUNT];
        if (planned(kind, layout, plan) != is_possible) {
            show(kind, layout);
            fail_msg("possible by the batch: %d, by a space: %d", is_possible, !is_possible);
        }
        for (int m = 0; m < SPEEDUP_METRIC_COUNT && is_possible; m++)
            if (!of_a_run(m) && memcmp(&plan[m], &answers[m][column], sizeof(double))) {
                show(kind, layout);
                fail_msg("metric %d: %a by the batch, %a by a space", m, answers[m][column], plan[m]);
            }
    }
}

static void every_layout_is_one_thing_to_all(void **state)
{
    (void)state;
    size_t possible[KINDS] = {0};
    for (size_t done = 0; done < layouts; done += BLOCK) {
        const struct kind *kind = &kinds[done / BLOCK % KINDS];
        speedup_scenario *scenario = begin_batch(kind);
        for (size_t i = 0; i < BLOCK; i++) {
            double layout[AXES];
            random_layout(kind, layout);
            for (int a = 0; a < AXES; a++)
                columns[a][i] = layout[a];
        }
        estimate_block(kind, scenario, 1 + any(2));
        for (size_t i = 0; i < BLOCK; i++) {
            speedup_job *job;
            char setting[1000];
            assert_int_equal(speedup_job_create(context, kind->section, &job), SPEEDUP_OK);
            /* The keys of the text, one by one. */
            const char *at = kind->begin;
            while (*at) {
                size_t length = strcspn(at, ",");
                const char *open = strpbrk(at, "[{");
                if (open && open < at + length)
                    length = (size_t)(strchr(at, *open == '[' ? ']' : '}') - at) + 1;
                const char *colon = strchr(at, ':');
                snprintf(setting, sizeof setting, "%s.%.*s=%.*s", kind->section, (int)(colon - at), at, (int)(length - (size_t)(colon + 2 - at)), colon + 2);
                assert_int_equal(speedup_job_apply(context, job, setting), SPEEDUP_OK);
                at += length;
                at += strspn(at, ", ");
            }
            agree(kind, i, job, &possible[kind - kinds]);
            speedup_job_destroy(job);
        }
        speedup_scenario_unref(scenario);
    }
    for (size_t k = 0; k < KINDS; k++)
        assert_true(possible[k] > layouts / KINDS / 50); /* enough of both */
}

/* A column of data or accumulation must agree with the others. */
static void what_follows_from_a_layout_may_be_given_if_it_agrees(void **state)
{
    (void)state;
    speedup_scenario *scenario = begin_batch(&kinds[0]);
    double accelerators[] = {16, 16, 16, 16, 16, 16}, tensor[] = {2, 2, 2, 2, 2, 2}, data[] = {8, 4, 8.5, 8, 8, NAN};
    double accumulation[] = {12, 12, 12, 11, NAN, 12}, status[6], alone[6];
    speedup_column in[] = {{sizeof *in, SPEEDUP_VARIABLE_ACCELERATORS, 0, accelerators}, {sizeof *in, SPEEDUP_VARIABLE_TENSOR, 0, tensor},
                           {sizeof *in, SPEEDUP_VARIABLE_DATA, 0, data}, {sizeof *in, SPEEDUP_VARIABLE_ACCUMULATION, 0, accumulation}};
    speedup_column out = {sizeof out, SPEEDUP_METRIC_STATUS, 0, status}, seconds = {sizeof seconds, SPEEDUP_METRIC_STEP_SECONDS, 0, alone};
    assert_int_equal(speedup_scenario_estimate_batch(scenario, in, 4, &out, 1, 6, 1), SPEEDUP_OK);
    for (int i = 0; i < 6; i++)
        assert_int_equal(status[i], i ? SPEEDUP_DOES_NOT_DIVIDE : 0);
    /* Without accelerators they follow from data. */
    double followed[6];
    assert_int_equal(speedup_scenario_estimate_batch(scenario, in, 2, &seconds, 1, 1, 1), SPEEDUP_OK);
    seconds.values = followed;
    assert_int_equal(speedup_scenario_estimate_batch(scenario, in + 1, 2, &seconds, 1, 1, 1), SPEEDUP_OK);
    assert_memory_equal(followed, alone, sizeof(double));
    speedup_scenario_unref(scenario);
}

int main(int count, char **arguments)
{
    if (count > 1)
        layouts = strtoul(arguments[1], NULL, 10) * 40; /* of as many spaces */
    if (layouts < (size_t)KINDS * BLOCK)
        layouts = (size_t)KINDS * BLOCK; /* each kind once */
    if (speedup_context_create(NULL, &context) || speedup_catalog_create(context, &catalog))
        return 2;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_layout_is_one_thing_to_all),
        cmocka_unit_test(what_follows_from_a_layout_may_be_given_if_it_agrees),
    };
    int failed = cmocka_run_group_tests_name("agreement", tests, NULL, NULL);
    speedup_catalog_unref(catalog);
    speedup_context_destroy(context);
    return failed;
}
