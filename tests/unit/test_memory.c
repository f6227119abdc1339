/* Memory running out: every public path with each allocation failing in turn. Nothing
 * crashes or leaks, the status says so, a call that succeeds all the same gives the
 * same answer, and the catalog underneath stays usable. */
#include "helper.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct failing {
    size_t calls, fail_at; /* the call that fails; 0 for none */
    bool forever;          /* and all that follow */
    size_t live;           /* blocks that are not released */
};

static bool fails(struct failing *f)
{
    f->calls++;
    return f->fail_at && (f->forever ? f->calls >= f->fail_at : f->calls == f->fail_at);
}

static void *allocate(void *user, size_t size)
{
    struct failing *f = user;
    if (fails(f))
        return NULL;
    f->live++;
    void *memory = malloc(size);
    memset(memory, 0xA5, size); /* nobody may count on zeros */
    return memory;
}

static void *resize(void *user, void *memory, size_t size)
{
    return fails(user) ? NULL : realloc(memory, size);
}

static void release(void *user, void *memory)
{
    struct failing *f = user;
    assert_non_null(memory);
    f->live--;
    free(memory);
}

/* A path through the library: what it makes it also ends; texts go to `out`. */
typedef speedup_status path(speedup_context *context, char *out);

enum { OUT = 200000 };

/* Takes over the text, and lays its characters behind those in `out`. */
static speedup_status keep(speedup_status status, speedup_text **text, char *out)
{
    if (!status) {
        assert_true(strlen(out) + strlen(speedup_text_get(*text)) < OUT);
        strcat(out, speedup_text_get(*text));
    }
    speedup_text_destroy(*text);
    return status;
}

static const char entries[] = "accelerators:\n  mine: {base: h100-sxm-80gb, peak: {fp8: 2000 TFLOP/s}, calibration: {matmul_efficiency: 0.7}}\n"
                              "systems:\n  mine: {base: dgx-h100, accelerator: mine}\n"
                              "stacks:\n  mine: {calibration: {step_seconds: 0.1}}\n"
                              "models:\n  mine: {base: llama-7b}\n"
                              "prices:\n  mine: {accelerator: mine, tier: spot, price: 1 USD/h}\n"
                              "optimizations:\n  mine: {excludes: [zero-3], supersedes: [zero-1], requires: {data: '> 1'}, "
                              "parameters: {a: 1, b: {value: 2}}, effects: {loss.bytes: a / b / data, matmul.flops: 'min(1, a)'}, claims: {throughput: 2}}\n";

static const char scenario_text[] = "optimizations:\n  own: {effects: {loss.bytes: 1 / data}}\n"
                                    "train:\n  model: llama-7b\n  system: dgx-a100-80gb\n  accelerators: 16\n  sequence: 2048\n"
                                    "  global_batch: 64\n  tokens: 1 T\n  price: 2 USD/h\n  calibration: {matmul_efficiency: 0.6}\n"
                                    "  published: {step_seconds: 5 s, source: somebody}\n"
                                    "  rollout: {prompt: 512, output: 512, stack: vllm, optimizations: [fp8-kv-cache]}\n"
                                    "  baseline: [bf16-mixed-precision]\n  optimizations: [own, flash-attention-2, zero-1-grouped: {group: 8}]\n";

static speedup_status create_catalog(speedup_context *context, char *out)
{
    speedup_catalog *catalog;
    speedup_status status = speedup_catalog_create(context, &catalog);
    if (!status)
        sprintf(out, "%zu", speedup_catalog_count(catalog, "models"));
    else
        assert_null(catalog);
    speedup_catalog_unref(catalog);
    return status;
}

static speedup_status extend_catalog(speedup_context *context, char *out)
{
    speedup_catalog *catalog;
    speedup_status status = speedup_catalog_extend(context, world.catalog, "own.yaml", entries, sizeof entries - 1, &catalog);
    if (!status)
        sprintf(out, "%zu", speedup_catalog_count(catalog, "optimizations"));
    else
        assert_null(catalog);
    speedup_catalog_unref(catalog);
    return status;
}

static speedup_status extend_with_errors(speedup_context *context, char *out)
{
    static const char text[] = "optimizations:\n  a: {effects: {loss.byte: 1 +, matmul.flops: dat}, excluds: []}\nmodles: {}\n"
                               "models:\n  b: {base: lama, layers: many}\n  c: {base: c}\n";
    speedup_catalog *catalog;
    speedup_status status = speedup_catalog_extend(context, world.catalog, "bad.yaml", text, sizeof text - 1, &catalog);
    assert_null(catalog);
    assert_int_not_equal(status, SPEEDUP_OK);
    if (status == SPEEDUP_OUT_OF_MEMORY)
        return status;
    for (size_t i = 0; i < speedup_diagnostic_count(context); i++)
        strcat(strcat(out, speedup_diagnostic_text(context, i)), "\n");
    return SPEEDUP_OK;
}

static double half(void *user, const speedup_view *view)
{
    (void)user;
    return speedup_view_variable(view, SPEEDUP_VARIABLE_DATA) / 64;
}

/* The user pointers of callbacks that the library has, and those that it gave back. */
static int held;

static void give_back(void *user)
{
    --*(int *)user;
}

static speedup_status build_and_register(speedup_context *context, char *out)
{
    held = 0;
    speedup_optimization *o;
    speedup_catalog *catalog = NULL;
    speedup_status status = speedup_optimization_create(context, "mine", "Mine", &o);
    if (status) {
        assert_null(o);
        return status;
    }
    static const char *const parameters[] = {"a", "b", "c"};
    for (int i = 0; i < 3 && !status; i++)
        status = speedup_optimization_parameter(o, parameters[i], 1, 0, 2, "a number");
    if (!status)
        status = speedup_optimization_applies_to(o, "training");
    if (!status)
        status = speedup_optimization_set_source(o, "tests");
    if (!status)
        status = speedup_optimization_effect(o, "loss.bytes", "a * b * c");
    if (!status) {
        held++;
        status = speedup_optimization_callback(o, "matmul.flops@forward", half, &held, give_back);
        assert_int_equal(held, status ? 0 : 1);
    }
    if (!status)
        status = speedup_optimization_require(o, "data > 1");
    if (!status)
        status = speedup_optimization_exclude(o, "zero-3");
    if (!status)
        status = speedup_optimization_supersede(o, "zero-1");
    if (!status)
        status = speedup_optimization_claim(o, "throughput", 2, "tests");
    if (!status)
        status = speedup_catalog_register(context, world.catalog, o, &catalog);
    speedup_optimization_destroy(o);
    speedup_text *text = NULL;
    if (!status)
        status = keep(speedup_report_catalog(context, catalog, "optimizations", "mine", SPEEDUP_FORMAT_JSON, &text), &text, out);
    assert_int_equal(held, catalog ? 1 : 0);
    speedup_catalog_unref(catalog);
    assert_int_equal(held, 0);
    return status;
}

static speedup_status report_scenario(speedup_context *context, char *out)
{
    static const char *const settings[] = {"train.layout.tensor=2", "train.micro_batch=2"};
    speedup_scenario *scenario;
    speedup_status status = speedup_scenario_create(context, world.catalog, "s.yaml", scenario_text, sizeof scenario_text - 1,
                                                    settings, 2, &scenario);
    for (int32_t format = 0; format < 2; format++) {
        speedup_text *text = NULL;
        if (!status)
            status = keep(speedup_report_estimate(context, scenario, format, &text), &text, out);
        text = NULL;
        if (!status)
            status = keep(speedup_report_composition(context, scenario, format, &text), &text, out);
    }
    speedup_scenario_unref(scenario);
    return status;
}

static speedup_status attribute(speedup_context *context, char *out)
{
    speedup_scenario *scenario;
    speedup_status status =
        speedup_scenario_create(context, world.catalog, "s.yaml", scenario_text, sizeof scenario_text - 1, NULL, 0, &scenario);
    speedup_contribution contributions[8];
    size_t count = 8;
    for (size_t i = 0; i < count; i++)
        contributions[i] = (speedup_contribution){.struct_size = sizeof *contributions};
    if (!status)
        status = speedup_scenario_attribute(context, scenario, contributions, &count);
    for (size_t i = 0; !status && i < count; i++)
        sprintf(out + strlen(out), "%s %a %a %a\n", contributions[i].id, contributions[i].waterfall, contributions[i].marginal, contributions[i].shapley);
    speedup_scenario_unref(scenario);
    return status;
}

static speedup_status scenario_with_errors(speedup_context *context, char *out)
{
    static const char text[] = "train: {model: lama-7b, system: dgx-a100, accelerators: -5, sequenze: 1, optimizations: [zero-9, zero-1: {x: 1}]}\n";
    speedup_scenario *scenario;
    speedup_status status = speedup_scenario_create(context, world.catalog, "s.yaml", text, sizeof text - 1, WITH("train.micro_batch=x"), 1, &scenario);
    assert_null(scenario);
    assert_int_not_equal(status, SPEEDUP_OK);
    if (status == SPEEDUP_OUT_OF_MEMORY)
        return status;
    for (size_t i = 0; i < speedup_diagnostic_count(context); i++)
        strcat(strcat(out, speedup_diagnostic_text(context, i)), "\n");
    return SPEEDUP_OK;
}

static speedup_status audit(speedup_context *context, char *out)
{
    static const char text[] =
        "claims:\n  headlines: [{name: a, from: 1 day, to: 2 day, factor: 2}]\n"
        "  gains: [{name: t, quantity: throughput, overall: 2, rows: [{optimization: flash-attention-2, factor: 1.33, acts_on: [attention, x]}],"
        " job: {train: {model: llama-7b, system: dgx-a100-80gb, accelerators: 16, sequence: 2048, global_batch: 64, optimizations: [bf16-mixed-precision]}}}]\n"
        "  training_costs: {model: llama-2-7b, tokens: 1 T, sequence: 4096, global_batch: 64, rows: [{name: r, system: dgx-h100, accelerators: 64, "
        "days: 14 days, cost: 2 MUSD, precision: bf16, optimizations: [bf16-mixed-precision]}]}\n"
        "  serving_costs: [{name: s, cost: 1 USD}]\n  identities: [{name: i, claimed: 7, expression: phi ^ 4}]\n";
    speedup_status status = SPEEDUP_OK;
    for (int32_t format = 0; format < 2 && !status; format++) {
        speedup_text *report = NULL;
        status = keep(speedup_report_audit(context, world.catalog, "c.yaml", text, sizeof text - 1, format, &report), &report, out);
    }
    return status;
}

static speedup_status plan_of(speedup_context *context, const char *text, char *out)
{
    speedup_space *space = NULL;
    speedup_result *result = NULL;
    speedup_text *report = NULL;
    speedup_status status = speedup_space_create(context, world.catalog, "p.yaml", text, strlen(text), NULL, 0, &space);
    if (!status)
        status = speedup_space_search(context, space, 0, speedup_space_size(space), 1, NULL, NULL, &result);
    if (!status)
        status = keep(speedup_report_plan(context, result, SPEEDUP_FORMAT_JSON, &report), &report, out);
    report = NULL;
    if (!status)
        status = keep(speedup_report_plan_why(context, result, 1, SPEEDUP_FORMAT_TEXT, &report), &report, out);
    speedup_result_destroy(result);
    speedup_space_unref(space);
    return status;
}

static speedup_status plan(speedup_context *context, char *out)
{
    static const char text[] = "plan: {model: llama-7b, systems: [dgx-a100-80gb], accelerators: [16], sequence: 2048, global_batch: 64, "
                               "tensor: [1, 2], micro_batch: [1, 2], optimizations: [bf16-mixed-precision], choices: [[none, zero-1], [none, flash-attention-2]]}\n";
    return plan_of(context, text, out);
}

/* With what it leaves out taken from the catalog. */
static speedup_status plan_service(speedup_context *context, char *out)
{
    static const char text[] = "plan: {model: llama-2-7b, systems: [dgx-a100-80gb], concurrency: 8, tensor: [1, 2], pipeline: [1], "
                               "optimizations: [], choices: [[none, awq]], front: [cost, time_to_first_token], targets: {time_per_output_token: 1 us}}\n";
    return plan_of(context, text, out);
}

static speedup_status admit(speedup_context *context, char *out)
{
    const speedup_request request = {.struct_size = sizeof request, .accelerators = 16};
    speedup_verdict verdict = {.struct_size = sizeof verdict};
    speedup_status status = speedup_admit(context, world.catalog, job, strlen(job), &request, NULL, &verdict);
    if (!status)
        sprintf(out, "%d %u %a", verdict.verdict, verdict.reasons, verdict.memory);
    speedup_text *text = NULL;
    return status ? status : keep(speedup_report_verdict(context, &request, &verdict, SPEEDUP_FORMAT_JSON, &text), &text, out);
}

static const char served[] = "serve: {model: llama-2-7b, system: dgx-a100-80gb, accelerators: 1, prompt: 512, output: 128, concurrency: 16, price: 2 USD/h}\n";

static speedup_status describe_entry(speedup_context *context, char *out)
{
    static const char *const names[] = {"share"};
    static const double half[] = {0.5};
    speedup_entry *entry;
    speedup_catalog *made = NULL;
    speedup_status status = speedup_entry_create(context, "stacks", "mine", &entry);
    if (status) {
        assert_null(entry);
        return status;
    }
    static char notes[100001];
    memset(notes, 'x', sizeof notes - 1);
    status = speedup_entry_set_number(context, entry, "calibration.step_seconds", 0.01);
    for (int i = 0; i < 4 && !status; i++) /* until what was replaced is dropped */
        status = speedup_entry_set_text(context, entry, "notes", notes);
    if (!status)
        status = speedup_entry_set_list(context, entry, "always");
    if (!status)
        status = speedup_entry_add(context, entry, "always", "activation-offload", names, half, 1);
    if (!status)
        status = speedup_entry_add_number(context, entry, "always", 1);
    if (!status)
        status = speedup_entry_set_list(context, entry, "always");
    if (!status)
        status = speedup_catalog_add(context, world.catalog, entry, &made);
    else
        assert_null(made);
    if (!status)
        sprintf(out, "%zu", speedup_catalog_count(made, "stacks"));
    speedup_entry_destroy(entry);
    speedup_catalog_unref(made);
    return status;
}

static speedup_status describe_space(speedup_context *context, char *out)
{
    static const char *const names[] = {"share"};
    static const double half[] = {0.5};
    speedup_space_builder *plan;
    speedup_space *space = NULL;
    speedup_status status = speedup_space_builder_create_file(context, EXAMPLES "/plan-llama-70b-serving.yaml", &plan);
    if (status) {
        assert_null(plan);
        return status;
    }
    status = speedup_space_builder_set_number(context, plan, "prompt", 500);
    if (!status)
        status = speedup_space_builder_set_number(context, plan, "prompt.deviation", 50);
    if (!status)
        status = speedup_space_builder_set_text(context, plan, "model", "llama-2-7b");
    if (!status)
        status = speedup_space_builder_set_list(context, plan, "choices");
    if (!status)
        status = speedup_space_builder_add(context, plan, "choices.0", "none", NULL, NULL, 0);
    if (!status)
        status = speedup_space_builder_add(context, plan, "choices.0.1", "activation-offload", names, half, 1);
    if (!status)
        status = speedup_space_builder_apply(context, plan, "plan.choices=[]");
    if (!status)
        status = speedup_space_builder_add_number(context, plan, "tensor", 1);
    if (!status)
        status = speedup_space_build(context, world.catalog, plan, &space);
    else
        assert_null(space);
    if (!status)
        sprintf(out, "%llu", (unsigned long long)speedup_space_size(space));
    speedup_space_builder_destroy(plan);
    speedup_space_unref(space);
    return status;
}

static speedup_status serve(speedup_context *context, char *out)
{
    speedup_text *text = NULL;
    return keep(speedup_answer(context, served, sizeof served - 1, &text), &text, out);
}

static speedup_status describe_job(speedup_context *context, char *out)
{
    static const char *const names[] = {"share"};
    static const double half[] = {0.5};
    speedup_job *described;
    speedup_scenario *scenario = NULL;
    double values[SPEEDUP_METRIC_COUNT];
    speedup_status status = speedup_job_create(context, "train", &described);
    if (!status)
        status = speedup_job_set_text(context, described, "model", "llama-2-7b");
    if (!status)
        status = speedup_job_set_text(context, described, "system", "dgx-a100-80gb");
    if (!status)
        status = speedup_job_set_number(context, described, "accelerators", 8);
    if (!status)
        status = speedup_job_set_number(context, described, "calibration.step_seconds", 0.01);
    if (!status)
        status = speedup_job_set_number(context, described, "global_batch", 8);
    if (!status)
        status = speedup_job_apply(context, described, "train.sequence=2048");
    if (!status)
        status = speedup_job_add(context, described, "optimizations", "activation-offload", names, half, 1);
    if (!status)
        status = speedup_scenario_create_job(context, world.catalog, described, &scenario);
    speedup_job_destroy(described);
    if (!status)
        status = speedup_scenario_estimate(scenario, values, SPEEDUP_METRIC_COUNT);
    if (!status)
        sprintf(out, "%a", values[SPEEDUP_METRIC_STEP_SECONDS]);
    speedup_scenario_unref(scenario);
    return status;
}

/* Means of its own alone, so that there are few sets. */
static speedup_status mend(speedup_context *context, char *out)
{
    static const char text[] = "optimizations:\n  mine: {mends: 1, effects: {memory.optimizer: 1 / 8}}\n"
                               "  other: {mends: 2, excludes: [bf16-mixed-precision], effects: {memory.gradients: 1 / 2, matmul.precision: bf16}}\n"
                               "train: {model: llama-2-7b, system: dgx-a100-80gb, accelerators: 1, sequence: 2048, global_batch: 4, micro_batch: 4, "
                               "optimizations: [bf16-mixed-precision, flash-attention-2, activation-checkpointing, activation-offload]}\n";
    static const char *const keys[] = {"sequence", "activation-offload.share"};
    speedup_scenario *scenario, *mended = NULL;
    speedup_remedies *remedies = NULL;
    speedup_text *report = NULL;
    speedup_remedy row = {.struct_size = sizeof row};
    double value = 0;
    speedup_status status = speedup_scenario_create(context, world.catalog, "mend.yaml", text, sizeof text - 1, NULL, 0, &scenario);
    if (!status)
        status = speedup_scenario_remedies(context, scenario, 0.9, &remedies);
    if (status)
        assert_null(remedies);
    if (!status)
        status = speedup_remedies_scenario(context, remedies, 0, &mended);
    if (!status)
        status = speedup_remedies_at(remedies, 0, &row);
    if (!status)
        status = speedup_scenario_largest(context, mended, "micro_batch", 0.9, &value, NULL);
    if (!status)
        sprintf(out, "%a %a", row.step_seconds, value);
    if (!status)
        status = keep(speedup_report_remedies(context, remedies, keys, 2, SPEEDUP_FORMAT_JSON, &report), &report, out);
    speedup_remedies_destroy(remedies);
    speedup_scenario_unref(mended);
    speedup_scenario_unref(scenario);
    return status;
}

static speedup_status import_model(speedup_context *context, char *out)
{
    static const char config[] = "{\"architectures\": [\"LlamaForCausalLM\"], \"model_type\": \"llama\", \"hidden_size\": 4096, \"intermediate_size\": 11008, "
                                 "\"num_attention_heads\": 32, \"num_hidden_layers\": 32, \"num_key_value_heads\": 32, \"vocab_size\": 32000, "
                                 "\"max_position_embeddings\": 4096, \"tie_word_embeddings\": false, \"hidden_act\": \"silu\", \"torch_dtype\": \"float16\"}";
    speedup_catalog *catalog;
    speedup_text *text = NULL;
    speedup_status status = speedup_catalog_import_model(context, world.catalog, "config.json", config, sizeof config - 1, "imported", &catalog);
    if (!status)
        status = keep(speedup_report_catalog(context, catalog, "models", "imported", SPEEDUP_FORMAT_JSON, &text), &text, out);
    speedup_catalog_unref(catalog);
    return status;
}

static speedup_status list_catalog(speedup_context *context, char *out)
{
    speedup_text *text = NULL;
    speedup_status status = keep(speedup_report_catalog(context, world.catalog, NULL, NULL, SPEEDUP_FORMAT_TEXT, &text), &text, out);
    text = NULL;
    if (!status)
        status = keep(speedup_report_catalog(context, world.catalog, "models", "llama-7b", SPEEDUP_FORMAT_TEXT, &text), &text, out);
    text = NULL;
    if (!status)
        status = keep(speedup_report_format(context, &text), &text, out);
    return status;
}

static speedup_status answer(speedup_context *context, char *out)
{
    speedup_text *text = NULL;
    return keep(speedup_answer(context, scenario_text, sizeof scenario_text - 1, &text), &text, out);
}

static speedup_status answer_with_errors(speedup_context *context, char *out)
{
    speedup_text *text = NULL;
    speedup_status status = speedup_answer(context, "train: {x: 1}", 13, &text);
    assert_int_not_equal(status, SPEEDUP_OK);
    if (status != SPEEDUP_OUT_OF_MEMORY)
        return keep(SPEEDUP_OK, &text, out);
    speedup_text_destroy(text);
    return status;
}

/* Runs a path with allocation n failing for n = 1, 2, 3 ... until none is left to fail. */
static void survives(path *run)
{
    char *reference = calloc(1, OUT), *out = calloc(1, OUT);
    double before[SPEEDUP_METRIC_COUNT], after[SPEEDUP_METRIC_COUNT];
    estimate_of(world.catalog, job, PLAIN, before);
    for (int forever = 0; forever < 2; forever++) {
        size_t failed = 0;
        for (size_t n = 0;; n++) { /* 0 is the reference */
            struct failing f = {.fail_at = n, .forever = forever};
            const speedup_allocator allocator = {sizeof allocator, &f, allocate, resize, release};
            speedup_context *context = NULL;
            out[0] = '\0';
            speedup_status status = speedup_context_create(&allocator, &context);
            if (status)
                assert_null(context);
            else
                status = run(context, out);
            speedup_context_destroy(context);
            assert_int_equal(f.live, 0);
            if (!n) {
                assert_int_equal(status, SPEEDUP_OK);
                strcpy(reference, out);
                continue;
            }
            if (status)
                assert_int_equal(status, SPEEDUP_OUT_OF_MEMORY);
            else
                assert_string_equal(out, reference);
            failed += status != 0;
            if (f.calls < n)
                break;
        }
        assert_true(failed > 0);
    }
    estimate_of(world.catalog, job, PLAIN, after);
    assert_memory_equal(before, after, sizeof before);
    free(reference);
    free(out);
}

#define SURVIVES(name)                  \
    static void name##_survives(void **state) \
    {                                   \
        (void)state;                    \
        survives(name);                 \
    }
SURVIVES(create_catalog)
SURVIVES(describe_job)
SURVIVES(describe_entry)
SURVIVES(describe_space)
SURVIVES(extend_catalog)
SURVIVES(extend_with_errors)
SURVIVES(build_and_register)
SURVIVES(report_scenario)
SURVIVES(attribute)
SURVIVES(scenario_with_errors)
SURVIVES(audit)
SURVIVES(plan)
SURVIVES(plan_service)
SURVIVES(admit)
SURVIVES(serve)
SURVIVES(import_model)
SURVIVES(mend)
SURVIVES(list_catalog)
SURVIVES(answer)
SURVIVES(answer_with_errors)

static void estimates_allocate_nothing(void **state)
{
    (void)state;
    struct failing f = {0};
    const speedup_allocator allocator = {sizeof allocator, &f, allocate, resize, release};
    speedup_context *context;
    speedup_scenario *scenario;
    double values[SPEEDUP_METRIC_COUNT], tensor[100], out[100];
    assert_int_equal(speedup_context_create(&allocator, &context), SPEEDUP_OK);
    assert_int_equal(speedup_scenario_create(context, world.catalog, "t", job, strlen(job), NULL, 0, &scenario), SPEEDUP_OK);
    size_t calls = f.calls;
    for (int i = 0; i < 100; i++) {
        tensor[i] = 1 << i % 5;
        assert_int_equal(speedup_scenario_estimate(scenario, values, SPEEDUP_METRIC_COUNT), SPEEDUP_OK);
    }
    const speedup_column in = {sizeof in, SPEEDUP_VARIABLE_TENSOR, 0, tensor}, result = {sizeof in, SPEEDUP_METRIC_STEP_SECONDS, 0, out};
    assert_int_equal(speedup_scenario_estimate_batch(scenario, &in, 1, &result, 1, 100, 1), SPEEDUP_OK);
    assert_int_equal(f.calls, calls);
    speedup_scenario_unref(scenario);
    speedup_context_destroy(context);
    assert_int_equal(f.live, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(create_catalog_survives), cmocka_unit_test(describe_job_survives),     cmocka_unit_test(extend_catalog_survives),
        cmocka_unit_test(describe_entry_survives), cmocka_unit_test(describe_space_survives),
        cmocka_unit_test(extend_with_errors_survives), cmocka_unit_test(build_and_register_survives),
        cmocka_unit_test(report_scenario_survives),    cmocka_unit_test(attribute_survives),
        cmocka_unit_test(scenario_with_errors_survives), cmocka_unit_test(audit_survives),
        cmocka_unit_test(plan_service_survives),
        cmocka_unit_test(plan_survives),               cmocka_unit_test(admit_survives),
        cmocka_unit_test(serve_survives),              cmocka_unit_test(import_model_survives),
        cmocka_unit_test(mend_survives),
        cmocka_unit_test(list_catalog_survives),       cmocka_unit_test(answer_survives),
        cmocka_unit_test(answer_with_errors_survives), cmocka_unit_test(estimates_allocate_nothing),
    };
    return cmocka_run_group_tests(tests, world_begin, world_end);
}
