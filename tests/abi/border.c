/* Every call that takes a struct or an array of structs, as an older or a newer program makes it: this is built with the
 * frozen headers of a version as well as with today's, and run with libraries whose structs are longer. Each struct has
 * a guard behind it, which the library must leave alone. */
#include <speedup/speedup.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OF_0_1 (SPEEDUP_VERSION_MAJOR == 0 && SPEEDUP_VERSION_MINOR == 1)
#if OF_0_1
#define speedup_text_destroy speedup_text_free
#define speedup_result_destroy speedup_result_free
#define NO_DESTROY
#else
#define NO_DESTROY , NULL
#endif

static const char job[] = "train: {model: llama-2-7b, system: dgx-h100, accelerators: 16, sequence: 4096, global_batch: 64, "
                          "tokens: 1e9, price: 2 USD/h, optimizations: [bf16-mixed-precision, flash-attention-2, zero-3]}";
static const char plan[] = "plan: {model: llama-2-7b, systems: [dgx-h100], accelerators: [8, 16], tokens: 1e9, prices: 2 USD/h, "
                           "deadline: 30 days, choices: [[fsdp]]}";
static const uint64_t mark = 0x5AFE5AFE5AFE5AFEu;
static speedup_context *context;
static speedup_catalog *catalog;
static speedup_scenario *scenario;
static const char *doing;
static int failures;

static void check(int good, const char *what, int line)
{
    if (!good) {
        printf("%s: not so in line %d: %s\n", doing, line, what);
        for (size_t i = 0; i < speedup_diagnostic_count(context); i++)
            printf("  %s\n", speedup_diagnostic_text(context, i));
        failures++;
    }
}
#define CHECK(good) check((good) != 0, #good, __LINE__)

#define GUARDED(type, name)                                                            \
    struct {                                                                           \
        type it;                                                                       \
        uint64_t guard;                                                                \
    } name = {.it = {.struct_size = sizeof(type)}, .guard = mark}

/* As the caller's memory was before: what the library leaves out is seen. */
#define FILLED(type, name)                             \
    GUARDED(type, name);                               \
    memset(&name.it, 0xEE, sizeof name.it);            \
    name.it.struct_size = sizeof name.it

static size_t allocations;

static void *allocate(void *user, size_t size)
{
    *(size_t *)user += 1;
    return malloc(size);
}

static void *resize(void *user, void *memory, size_t size)
{
    *(size_t *)user += 1;
    return realloc(memory, size);
}

static void release(void *user, void *memory)
{
    (void)user;
    free(memory);
}

static void an_allocator(void)
{
    GUARDED(speedup_allocator, own);
    own.it.user = &allocations;
    own.it.allocate = allocate;
    own.it.resize = resize;
    own.it.release = release;
    CHECK(speedup_context_create(&own.it, &context) == SPEEDUP_OK);
    CHECK(speedup_catalog_create(context, &catalog) == SPEEDUP_OK);
    CHECK(speedup_scenario_create(context, catalog, "job", job, strlen(job), NULL, 0, &scenario) == SPEEDUP_OK);
    CHECK(allocations > 3);
}

static void words(void)
{
    speedup_status (*const lists[])(size_t, speedup_word *) = {speedup_kind_at, speedup_target_at, speedup_rule_at,
                                                               speedup_variable_at, speedup_precision_at, speedup_metric_at};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        FILLED(speedup_word, word);
        CHECK(lists[i](0, &word.it) == SPEEDUP_OK);
        CHECK(word.it.struct_size == sizeof word.it && word.guard == mark);
        CHECK(*word.it.name && word.it.phase && word.it.rule && *word.it.unit && *word.it.text);
        CHECK(lists[i](100000, &word.it) == SPEEDUP_NOT_FOUND);
    }
}

static void claims_and_shares(void)
{
    static const char *const weights[] = {"memory.weights"}, *const both[] = {"memory.weights", "memory.kv"};
    const speedup_claim claims[] = {{.struct_size = sizeof *claims, .resources = weights, .resource_count = 1, .factor = 4},
                                    {.struct_size = sizeof *claims, .resources = both, .resource_count = 2, .factor = 2}};
    const speedup_share shares[] = {{.struct_size = sizeof *shares, .resource = weights[0], .share = 0.5},
                                    {.struct_size = sizeof *shares, .resource = both[1], .share = 0.5}};
    FILLED(speedup_composition, all);
    CHECK(speedup_claims_compose(claims, 2, shares, 2, &all.it) == SPEEDUP_OK);
    CHECK(all.it.nominal == 8 && all.it.guaranteed == 2 && all.it.most == 8 && all.it.effective == 1 / (0.5 / 8 + 0.5 / 2));
    CHECK(all.it.struct_size == sizeof all.it && all.guard == mark);
}

static void columns(void)
{
    double tensor[] = {1, 2, 4, 8}, micro_batch[] = {1, 1, 1, 1}, seconds[4], peak[4], status[4];
    const speedup_column in[] = {{.struct_size = sizeof *in, .id = SPEEDUP_VARIABLE_TENSOR, .values = tensor},
                                 {.struct_size = sizeof *in, .id = SPEEDUP_VARIABLE_MICRO_BATCH, .values = micro_batch}};
    const speedup_column out[] = {{.struct_size = sizeof *out, .id = SPEEDUP_METRIC_STEP_SECONDS, .values = seconds},
                                  {.struct_size = sizeof *out, .id = SPEEDUP_METRIC_MEMORY_PEAK, .values = peak},
                                  {.struct_size = sizeof *out, .id = SPEEDUP_METRIC_STATUS, .values = status}};
    double values[SPEEDUP_METRIC_COUNT];
    CHECK(speedup_scenario_estimate_batch(scenario, in, 2, out, 3, 4, 1) == SPEEDUP_OK);
    CHECK(speedup_scenario_estimate(scenario, values, SPEEDUP_METRIC_COUNT) == SPEEDUP_OK);
    CHECK(seconds[0] == values[SPEEDUP_METRIC_STEP_SECONDS] && peak[0] == values[SPEEDUP_METRIC_MEMORY_PEAK] && status[0] == 0);
    CHECK(seconds[1] != seconds[0] && seconds[3] > 0);
}

static void counts_and_worths(void)
{
    enum { ROOM = SPEEDUP_RESOURCE_COUNT };
    speedup_space *space = NULL;
    speedup_result *result = NULL;
    speedup_text *text = NULL;
    FILLED(speedup_counts, counts);
    struct {
        speedup_worth it[ROOM];
        uint64_t guard;
    } worths = {.it = {{.struct_size = sizeof *worths.it}}, .guard = mark};
    size_t count = ROOM;
    CHECK(speedup_space_create(context, catalog, "plan", plan, strlen(plan), NULL, 0, &space) == SPEEDUP_OK);
    CHECK(speedup_space_search(context, space, 0, UINT64_MAX, 1, NULL, NULL, &result) == SPEEDUP_OK);
    CHECK(speedup_result_counts(result, &counts.it) == SPEEDUP_OK);
    CHECK(counts.it.struct_size == sizeof counts.it && counts.guard == mark);
    CHECK(counts.it.size == speedup_space_size(space) && counts.it.searched == counts.it.size && counts.it.feasible > 0);
    CHECK(counts.it.conflicting + counts.it.not_dividing + counts.it.not_fitting + counts.it.constrained + counts.it.feasible +
              counts.it.off_target == counts.it.size);
    CHECK(speedup_result_worth(context, result, 1, worths.it, &count) == SPEEDUP_OK);
    CHECK(count > 4 && count < ROOM && worths.guard == mark);
    for (size_t i = 0; i < count; i++) {
        CHECK(worths.it[i].struct_size == sizeof *worths.it && worths.it[i].reserved == 0);
        CHECK(i == 0 || worths.it[i].resource > worths.it[i - 1].resource);
        CHECK(worths.it[i].more > 0 && worths.it[i].gain >= 0 && worths.it[i].index < counts.it.size);
    }
    CHECK(worths.it[count].struct_size == 0);
    CHECK(speedup_report_plan(context, result, SPEEDUP_FORMAT_JSON, &text) == SPEEDUP_OK && strstr(speedup_text_get(text), "\"best\""));
    speedup_text_destroy(text);
    speedup_result_destroy(result);
    speedup_space_unref(space);
}

/* The word of a verdict in its report. */
static int says(const speedup_request *request, const speedup_verdict *verdict, const char *word)
{
    speedup_text *text = NULL;
    char wanted[40];
    snprintf(wanted, sizeof wanted, "\"verdict\": \"%s\"", word);
    int found = speedup_report_verdict(context, request, verdict, SPEEDUP_FORMAT_JSON, &text) == SPEEDUP_OK &&
                strstr(speedup_text_get(text), wanted);
    speedup_text_destroy(text);
    return found;
}

static void requests_policies_and_verdicts(void)
{
    GUARDED(speedup_request, request);
    GUARDED(speedup_policy, policy);
    FILLED(speedup_verdict, verdict);
    policy.it.confidence = 0.9;
    CHECK(speedup_admit(context, catalog, job, strlen(job), &request.it, NULL, &verdict.it) == SPEEDUP_OK);
    CHECK(verdict.it.struct_size == sizeof verdict.it && verdict.guard == mark);
    CHECK(verdict.it.verdict == SPEEDUP_ADMIT && !verdict.it.reasons && verdict.it.admissible == 1 && verdict.it.change == -1);
    CHECK(verdict.it.seconds_low < verdict.it.seconds && verdict.it.accelerators == 16 && verdict.it.change_accelerators == 0);
    CHECK(says(&request.it, &verdict.it, "admit"));
    double cost = verdict.it.cost;
    request.it.budget = cost * 0.95;
    CHECK(speedup_admit(context, catalog, job, strlen(job), &request.it, &policy.it, &verdict.it) == SPEEDUP_OK);
    CHECK(verdict.it.verdict == SPEEDUP_REFUSE && verdict.it.reasons == SPEEDUP_REASON_BUDGET && verdict.it.nearest_budget == cost);
    CHECK(says(&request.it, &verdict.it, "refuse"));
    policy.it.slack = 0.1;
    CHECK(speedup_admit(context, catalog, job, strlen(job), &request.it, &policy.it, &verdict.it) == SPEEDUP_OK);
    CHECK(verdict.it.verdict == SPEEDUP_WARN && says(&request.it, &verdict.it, "warn"));
    CHECK(speedup_admit(context, catalog, "train: {}", 9, &request.it, NULL, &verdict.it) != SPEEDUP_OK);
    CHECK(verdict.it.verdict == SPEEDUP_REFUSE && verdict.it.reasons == SPEEDUP_REASON_INPUT);
    CHECK(speedup_admit(context, catalog, job, strlen(job), NULL, NULL, &verdict.it) == SPEEDUP_INVALID_ARGUMENT);
    CHECK(verdict.it.verdict == SPEEDUP_REFUSE && verdict.guard == mark);
}

static void contributions(void)
{
    enum { ROOM = 8 };
    struct {
        speedup_contribution it[ROOM];
        uint64_t guard;
    } c = {.it = {{.struct_size = sizeof *c.it}}, .guard = mark};
    double product = 1, shares = 0;
    size_t count = ROOM;
    CHECK(speedup_scenario_attribute(context, scenario, c.it, &count) == SPEEDUP_OK);
    CHECK(count == 3 && c.guard == mark);
    for (size_t i = 0; i < count; i++) {
        speedup_text *text = NULL;
        CHECK(c.it[i].struct_size == sizeof *c.it && c.it[i].reserved == 0);
        product *= c.it[i].waterfall;
        shares += c.it[i].shapley;
        CHECK(speedup_report_contribution(context, &c.it[i], &text) == SPEEDUP_OK && *speedup_text_get(text));
        speedup_text_destroy(text);
    }
    CHECK(!strcmp(c.it[0].id, "bf16-mixed-precision") && !strcmp(c.it[2].id, "zero-3"));
    CHECK(fabs(shares - log(product)) < 1e-9);
    CHECK(c.it[3].struct_size == 0);
    count = 2;
    CHECK(speedup_scenario_next(context, scenario, c.it, &count) == SPEEDUP_OK);
    CHECK(count == 2 && c.it[0].marginal >= c.it[1].marginal && c.it[1].struct_size == sizeof *c.it);
    CHECK(!strcmp(c.it[2].id, "zero-3"));
}

static double halved(void *user, const speedup_view *view)
{
    *(int *)user += 1;
    return speedup_view_variable(view, SPEEDUP_VARIABLE_DATA) > 1 ? 0.5 : 1;
}

static void count_lines(void *user, speedup_status code, const char *text)
{
    *(int *)user += code == SPEEDUP_UNKNOWN_TARGET && *text;
}

static void functions(void)
{
    static const char with_own[] = "train: {model: llama-2-7b, system: dgx-h100, accelerators: 16, sequence: 4096, "
                                   "global_batch: 64, optimizations: [zero-3, own]}";
    speedup_optimization *own = NULL, *wrong = NULL;
    speedup_catalog *with = NULL, *none = NULL;
    speedup_scenario *made = NULL;
    int calls = 0, lines = 0;
    double values[SPEEDUP_METRIC_COUNT];
    CHECK(speedup_context_set_log(context, count_lines, &lines NO_DESTROY) == SPEEDUP_OK);
    CHECK(speedup_optimization_create(context, "own", NULL, &own) == SPEEDUP_OK);
    CHECK(speedup_optimization_callback(own, "loss.bytes", halved, &calls NO_DESTROY) == SPEEDUP_OK);
    CHECK(speedup_catalog_register(context, catalog, own, &with) == SPEEDUP_OK);
    CHECK(speedup_scenario_create(context, with, "own", with_own, strlen(with_own), NULL, 0, &made) == SPEEDUP_OK);
    CHECK(speedup_scenario_estimate(made, values, SPEEDUP_METRIC_COUNT) == SPEEDUP_OK && calls > 0);
    CHECK(speedup_optimization_create(context, "wrong", NULL, &wrong) == SPEEDUP_OK);
    CHECK(speedup_optimization_callback(wrong, "no.such.target", halved, &calls NO_DESTROY) == SPEEDUP_OK);
    CHECK(speedup_catalog_register(context, catalog, wrong, &none) == SPEEDUP_UNKNOWN_TARGET && lines == 1);
    speedup_optimization_destroy(wrong);
    speedup_optimization_destroy(own);
    speedup_scenario_unref(made);
    speedup_catalog_unref(with);
}

int main(void)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } all[] = {
        {"an allocator", an_allocator},
        {"words", words},
        {"claims and shares", claims_and_shares},
        {"columns", columns},
        {"counts and worths", counts_and_worths},
        {"requests, policies and verdicts", requests_policies_and_verdicts},
        {"contributions", contributions},
        {"functions", functions},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        doing = all[i].name;
        all[i].run();
    }
    speedup_scenario_unref(scenario);
    speedup_catalog_unref(catalog);
    speedup_context_destroy(context);
    printf("headers %d.%d.%d, library %s: %d failures\n", SPEEDUP_VERSION_MAJOR, SPEEDUP_VERSION_MINOR, SPEEDUP_VERSION_PATCH,
           speedup_version(), failures);
    return failures != 0;
}
