/* Admission under fire: random and mutated scenarios, requests and policies, each with a verdict that has its
 * reasons and figures, and no memory kept.
 * usage: admit COUNT [SEED]
 * Prints how many there were of each verdict; aborts, with the text, at the first that is not as promised. */
#include "harness.h"

#include <speedup/plan.h>
#include <speedup/speedup.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A text is at most ROOM bytes; an admission of one holds at most MOST_LIVE bytes at a time. */
enum { ROOM = 4096, MOST_LIVE = 4 << 20 };

static speedup_catalog *catalog;

/* splitmix64 (Steele, Lea and Flood, 2014) */
static uint64_t state;

static uint64_t next_random(void)
{
    uint64_t z = state += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

static size_t any(size_t below)
{
    return (size_t)(next_random() % below);
}

/* Memory is counted: each block knows its size. */
struct block {
    _Alignas(max_align_t) size_t size;
};

static size_t live, peak;

static void count(size_t gone, size_t come)
{
    live += come - gone;
    peak = live > peak ? live : peak;
}

static void *allocate(void *user, size_t size)
{
    (void)user;
    struct block *block = malloc(sizeof *block + size);
    if (!block)
        return NULL;
    block->size = size;
    count(0, size);
    return block + 1;
}

static void *resize(void *user, void *memory, size_t size)
{
    (void)user;
    size_t before = memory ? ((struct block *)memory)[-1].size : 0;
    struct block *block = realloc(memory ? (struct block *)memory - 1 : NULL, sizeof *block + size);
    if (!block)
        return NULL;
    block->size = size;
    count(before, size);
    return block + 1;
}

static void release(void *user, void *memory)
{
    (void)user;
    if (!memory)
        return;
    count(((struct block *)memory)[-1].size, 0);
    free((struct block *)memory - 1);
}

struct input {
    char text[ROOM + 1];
    size_t length;
};

static void add(struct input *input, const char *text)
{
    size_t length = strlen(text), room = ROOM - input->length;
    length = length < room ? length : room;
    memcpy(input->text + input->length, text, length);
    input->length += length;
}

#define PICK(list) ((list)[any(sizeof(list) / sizeof *(list))])

static const char *entry(const char *kind)
{
    const char *id = NULL, *name;
    speedup_catalog_at(catalog, kind, any(speedup_catalog_count(catalog, kind)), &id, &name);
    return id;
}

/* Mostly what a job may have, at times what none may. */
static const char *number(void)
{
    static const char *const good[] = {"1", "1", "1", "2", "2", "4", "8", "16", "64", "512", "1024", "2048", "1.4 T", "24", "3"};
    static const char *const bad[] = {"0", "-1", "nan", ".nan", "inf", "-.inf", "1e308", "1e-308", "1e999", "0.5", "99999999999999999999",
                                      "9007199254740993", "1 T", "0x10", "1_000", "1,5", "~", "''", "true", "[1, 2]", "{}", "-0",
                                      "1e15", "1000000000", "2147483648", "3 parsecs", "1/0", "é", "*a", "!!float 1"};
    return any(4) ? PICK(good) : PICK(bad);
}

static const char *amount(void)
{
    static const char *const amounts[] = {"2 USD/h", "0 USD/h", "1e300 USD/h", "1e-300 USD/h", "-2 USD/h", "nan USD/h", "2.5", "pricegpu-h100-2026"};
    return PICK(amounts);
}

static void add_key(struct input *input, const char *key, const char *value)
{
    add(input, key);
    add(input, ": ");
    add(input, value);
    add(input, ", ");
}

static void add_optimizations(struct input *input, bool training)
{
    static const char *const usual[] = {"", "bf16-mixed-precision, ", "bf16-mixed-precision, flash-attention-2, zero-3, activation-checkpointing, "};
    add(input, "optimizations: [");
    add(input, training ? PICK(usual) : any(2) ? "fp8-weights, " : "");
    for (size_t n = any(4) ? 0 : any(6); n; n--) {
        add(input, entry("optimizations"));
        add(input, ", ");
    }
    add(input, "], ");
}

/* A job that is one by its form: flow YAML of keys that there are. */
static void write_job(struct input *input)
{
    static const char *const sections[] = {"train", "train", "train", "serve", "generate"};
    static const char *const needed[][5] = {{"accelerators", "sequence", "global_batch"}, {"accelerators", "prompt", "output", "concurrency"},
                                            {"accelerators", "prompt", "output", "batch"}};
    static const char *const more[] = {"micro_batch", "checkpoint", "restart", "power_limit", "confidence", "uneven", "output_longest",
                                       "request_rate", "fixed_lengths", "sequense"};
    static const char *const degrees[] = {"tensor", "pipeline", "context", "expert", "virtual_stages", "attention_data"};
    static const char *const usual[] = {"llama-2-7b", "llama-2-70b", "mixtral-8x7b", "deepseek-v3"};
    size_t section = any(sizeof sections / sizeof *sections), job = section < 3 ? 0 : section - 2;
    add(input, sections[section]);
    add(input, ": {");
    add_key(input, "model", any(4) ? PICK(usual) : entry("models"));
    add_key(input, "system", any(4) ? "dgx-h100" : entry("systems"));
    for (size_t i = 0; needed[job][i]; i++)
        if (any(40))
            add_key(input, needed[job][i], any(8) ? "64" : number());
    for (size_t n = any(4) ? 0 : any(3); n; n--)
        add_key(input, PICK(more), number());
    if (any(2)) {
        add(input, "layout: {");
        for (size_t i = 0; i < sizeof degrees / sizeof *degrees; i++)
            if (any(16) == 0 || (i < 2 && any(2)))
                add_key(input, degrees[i], any(3) ? "2" : number());
        add(input, "}, ");
    }
    if (any(2) && !job)
        add_key(input, "tokens", any(4) ? "1.4 T" : number());
    if (any(2))
        add_key(input, "price", any(4) ? "2 USD/h" : amount());
    if (any(16) == 0)
        add_key(input, "stack", entry("stacks"));
    if (any(16) == 0) {
        add(input, "calibration: {");
        add_key(input, entry("coefficients"), number());
        add(input, "}, ");
    }
    add_optimizations(input, !job);
    add(input, "}\n");
    if (any(16) == 0) {
        static const char *const own[] = {"models: {mine: {base: llama-2-7b, layers: ", "systems: {mine: {base: dgx-h100, network: ",
                                          "accelerators: {mine: {base: h100-sxm, memory: ", "optimizations: {mine: {effects: {matmul.flops: "};
        add(input, PICK(own));
        add(input, number());
        add(input, "}}\n");
    }
}

/* What somebody who means harm, or nothing at all, makes of a text. */
static void mutate(struct input *input)
{
    static const char *const tokens[] = {"&a ", "*a", "!!binary ", "---\n", "...\n", "{", "}", "[", "]", ": ", "? ", "\t", "\r\n", "\"", "'", "#",
                                         "|\n", ">\n", "<<: ", "%YAML 1.1\n", "\xEF\xBB\xBF", "\xFF\xFE", "\xC0\x80", "\x01", "train: {", "nan", "-1", "1e999"};
    for (size_t n = 1 + any(3); n && input->length; n--) {
        size_t at = any(input->length), length = 1 + any(input->length - at < 40 ? input->length - at : 40);
        char *text = input->text;
        switch (any(6)) {
        case 0:
            text[at] = (char)any(256);
            break;
        case 1: /* without a part */
            memmove(text + at, text + at + length, input->length - at - length);
            input->length -= length;
            break;
        case 2: /* a part twice */
            if (input->length + length <= ROOM) {
                memmove(text + at + length, text + at, input->length - at);
                input->length += length;
            }
            break;
        case 3: /* only the beginning */
            input->length = at;
            break;
        default: {
            const char *token = PICK(tokens);
            size_t width = strlen(token);
            if (input->length + width <= ROOM) {
                memmove(text + at + width, text + at, input->length - at);
                memcpy(text + at, token, width);
                input->length += width;
            }
        }
        }
    }
}

static void write_input(struct input *input)
{
    input->length = 0;
    size_t kind = any(16);
    if (kind == 0)
        for (size_t n = any(200); n; n--)
            input->text[input->length++] = (char)any(256);
    else
        write_job(input);
    if (kind > 10)
        mutate(input);
    input->text[input->length] = '\0';
}

static double quantity(double usual)
{
    const double odd[] = {0, -0.0, -1, (double)NAN, (double)INFINITY, -(double)INFINITY, 1e308, 5e-324, 1e-12, 1};
    size_t kind = any(40);
    return kind < 20 ? 0 : kind < 38 ? usual * exp((double)any(4000) / 1000 - 2) : PICK(odd);
}

static bool askable(double number)
{
    return isfinite(number) && number >= 0;
}

static void check(const struct input *input, const speedup_request *request, const speedup_policy *policy, speedup_status status,
                  const speedup_verdict *v, const speedup_context *context)
{
    const char *text = input->text;
    bool valid = askable(request->accelerators) && askable(request->memory) && askable(request->time_limit) && askable(request->budget) &&
                 (!policy || (policy->confidence > 0 && policy->confidence < 1 && policy->slack >= 0 && policy->slack < 1e6));
    require((status == SPEEDUP_INVALID_ARGUMENT) == !valid, "what may be asked is taken, what may not is refused", text);
    require(v->verdict >= SPEEDUP_REFUSE && v->verdict <= SPEEDUP_ADMIT, "a verdict is one of three", text);
    require((v->verdict == SPEEDUP_ADMIT) == !v->reasons, "a verdict has its reasons, admission none", text);
    require(!status == !(v->reasons & SPEEDUP_REASON_INPUT), "errors of the input are a reason", text);
    require(!status || !valid || speedup_diagnostic_count(context), "a refused input has a diagnostic", text);
    require(!valid || !policy || !policy->warn_only || v->verdict != SPEEDUP_REFUSE, "a warning is enough where only warnings are wanted", text);
    const double figures[] = {v->memory, v->seconds, v->cost, v->out_of_memory, v->accelerators,
                              v->nearest_accelerators, v->nearest_memory, v->nearest_time_limit, v->nearest_budget, v->memory_low, v->memory_high,
                              v->seconds_low, v->seconds_high, v->cost_low, v->cost_high, v->first_token, v->token, v->load,
                              v->change_value, v->change_accelerators};
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++)
        require(askable(figures[i]), "figures are finite and not negative", text);
    require(v->out_of_memory <= 1, "a probability is at most 1", text);
    require(v->change < 0 ? v->change_value <= 0 : v->change_value >= 1 && v->change_accelerators >= 1 && !v->admissible && v->reasons & SPEEDUP_REASON_MEMORY,
            "a change is told where no request helps", text);
}

/* What was said to be admitted is. */
static void check_nearest(speedup_context *context, const struct input *input, const speedup_policy *policy, const speedup_verdict *v)
{
    speedup_verdict again = {.struct_size = sizeof again};
    const speedup_request nearest = {sizeof nearest, v->nearest_accelerators, v->nearest_memory, v->nearest_time_limit, v->nearest_budget};
    speedup_status status = speedup_admit(context, catalog, input->text, input->length, &nearest, policy, &again);
    const uint32_t job = SPEEDUP_REASON_MEMORY | SPEEDUP_REASON_TARGETS | SPEEDUP_REASON_LOAD; /* that no request helps */
    require(!status && !(again.reasons & ~(v->reasons & job)), "the nearest request leaves reasons of the job alone", input->text);
    require(v->admissible == (again.verdict == SPEEDUP_ADMIT), "the nearest request is admitted where any is", input->text);
}

int main(int argc, char **argv)
{
    static const char *const verdicts[] = {"admitted", "warned", "refused"};
    static const char good[] = "train: {model: llama-2-7b, system: dgx-h100, accelerators: 64, sequence: 4096, global_batch: 512}";
    const speedup_allocator counting = {.struct_size = sizeof counting, .allocate = allocate, .resize = resize, .release = release};
    speedup_context *context;
    unsigned long long calls = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000;
    size_t seen[3] = {0}, wrong_text = 0, wrong_call = 0;
    state = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    if (speedup_context_create(&counting, &context) || speedup_catalog_create(context, &catalog))
        return 2;
    struct input *input = calloc(1, sizeof *input);
    const speedup_request nothing = {.struct_size = sizeof nothing};
    speedup_verdict first = {.struct_size = sizeof first};
    /* The context keeps its room for messages, which has its largest size after a long one. */
    require(input && !speedup_admit(context, catalog, good, sizeof good - 1, &nothing, NULL, &first), "it begins", NULL);
    size_t least = live, grown = 0;
    peak = live;
    for (unsigned long long call = 0; call < calls; call++) {
        write_input(input);
        const speedup_request request = {.struct_size = sizeof request, .accelerators = quantity(256), .memory = quantity(80e9),
                                         .time_limit = quantity(30 * 86400.0), .budget = quantity(1e6)};
        const double confidences[] = {0.9, 0.5, 0.99, 1e-17, 1 - 1e-16, 5e-324, 0, 1, -1, (double)NAN, (double)INFINITY};
        const double slacks[] = {0, 0.1, 0, 1e5, 1e6, -0.1, (double)NAN};
        const speedup_policy policy = {.struct_size = sizeof policy, .confidence = any(8) ? 0.9 : PICK(confidences),
                                       .slack = any(8) ? 0 : PICK(slacks), .warn_only = any(4) == 0};
        const speedup_policy *chosen = any(4) ? &policy : NULL;
        speedup_verdict verdict;
        memset(&verdict, 0xA5, sizeof verdict); /* what is left unwritten shows */
        verdict.struct_size = sizeof verdict;
        speedup_status status = speedup_admit(context, catalog, input->text, input->length, &request, chosen, &verdict);
        check(input, &request, chosen, status, &verdict, context);
        seen[verdict.verdict]++;
        wrong_call += status == SPEEDUP_INVALID_ARGUMENT;
        wrong_text += status && status != SPEEDUP_INVALID_ARGUMENT;
        if (!status) /* no diagnostics are kept */
            grown = live - least > grown ? live - least : grown;
        if (!status && call % 8 == 0)
            check_nearest(context, input, chosen, &verdict);
        require(peak - least <= MOST_LIVE && grown <= 1 << 16, "memory is bounded", input->text);
    }
    /* At the end nothing is left but what a context keeps for its next message. */
    speedup_catalog_unref(catalog);
    speedup_context_destroy(context);
    require(live == 0, "all memory is given back", NULL);
    printf("%llu admissions:", calls);
    for (int i = 0; i < 3; i++)
        printf(" %zu %s,", seen[i], verdicts[i]);
    printf(" %zu wrong texts, %zu wrong calls; at most %zu KB held at a time, %zu KB kept\n", wrong_text, wrong_call,
           (peak - least) / 1000, grown / 1000);
    free(input);
    return 0;
}
