/* The explained answer of an inference job: what requests wait for and cost, what a
 * token's time goes to, and what each optimization brings. */
#include "report/report.h"

#include <math.h>
#include <string.h>

struct shown {
    int metric;
    const char *label;
};

static void put_all(struct arena *arena, struct node *parent, const double *values, const struct shown *shown,
                    size_t count, double confidence)
{
    for (size_t i = 0; i < count; i++)
        report_metric(arena, parent, values, shown[i].metric, shown[i].label, confidence);
}

/* Money and energy of a million tokens, of prompts, of outputs alone, and of both. */
static void put_price(struct arena *arena, struct node *root, const speedup_scenario *scenario, const double *values)
{
    static const struct {
        const char *key, *name;
        int money, energy;
        double joules; /* in a unit of the metric of energy */
    } rows[] = {
        {"input", "input tokens", SPEEDUP_METRIC_COST_INPUT, SPEEDUP_METRIC_ENERGY_INPUT, 1},
        {"output", "output tokens", SPEEDUP_METRIC_COST_OUTPUT, SPEEDUP_METRIC_ENERGY_OUTPUT, 1},
        {"together", "output tokens with their prompts", SPEEDUP_METRIC_COST, SPEEDUP_METRIC_ENERGY, 3.6e6},
    };
    struct node *list = put_list(arena, root, "per_million", "A million tokens");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct node *row = put_object(arena, list, NULL, NULL);
        double low, high, joules = values[rows[i].energy] * rows[i].joules;
        put_text(arena, row, "of", "of", rows[i].name);
        if (scenario->job.price > 0) {
            speedup_metric_interval(values, METRICS, rows[i].money, scenario->confidence, &low, &high);
            put_interval(arena, row, "cost", "cost", values[rows[i].money], low, high, "USD");
        }
        speedup_metric_interval(values, METRICS, rows[i].energy, scenario->confidence, &low, &high);
        put_interval(arena, row, "joules", "energy", joules, low * rows[i].joules, high * rows[i].joules, "J");
        put_number(arena, row, "kilowatt_hours", "", joules / 3.6e6, "kWh");
        put_nulls(arena, row, KEYS_INFERENCE_MILLION);
    }
}

/* Is there room for all requests, and are the targets met? */
static void put_load(struct arena *arena, struct node *answer, const speedup_scenario *scenario, const double *values)
{
    const struct inference *m = &scenario->job.inference;
    double room = values[SPEEDUP_METRIC_MAX_CONCURRENCY], load = values[SPEEDUP_METRIC_LOAD];
    put_number(arena, answer, "max_concurrency", m->serving ? "most requests at once" : "largest batch", room, "1");
    if (values[SPEEDUP_METRIC_FITS] == 0)
        return;
    put_number(arena, answer, "load", NULL, load, "1");
    if (m->serving)
        put_text(arena, answer, "room", "room for all",
                 m->request_rate > 0 ? load > 1.01 ? "NO: requests arrive faster than they are served, and the queue grows without end" : "yes"
                 : load > 1 ? report_say(arena, "NO: %.0f requests are more than fit at once; the rest wait, each %s", scenario->variables[VARIABLE_CONCURRENCY][0],
                                          report_quantity(arena, "s", values[SPEEDUP_METRIC_QUEUE_SECONDS]))
                            : "yes");
    static const struct shown cache[] = {
        {SPEEDUP_METRIC_CACHE_BYTES, "memory for the cache"},
        {SPEEDUP_METRIC_CACHE_TOKENS, "tokens of cache"},
        {SPEEDUP_METRIC_LONGEST_REQUEST, "longest request"},
    };
    if (m->serving)
        put_all(arena, answer, values, cache, sizeof cache / sizeof *cache, scenario->confidence);
    if (m->first_target <= 0 && m->token_target <= 0)
        return;
    double most = values[SPEEDUP_METRIC_CONCURRENCY_AT_TARGETS], rate = values[SPEEDUP_METRIC_REQUESTS_AT_TARGETS];
    put_bool(arena, answer, "meets_targets", "meets its targets", values[SPEEDUP_METRIC_MEETS_TARGETS] != 0);
    put_number(arena, answer, "concurrency_at_targets", NULL, most, "1");
    put_number(arena, answer, "requests_per_second_at_targets", NULL, rate, "1/s");
    put_text(arena, answer, "load_at_targets", "most that meets them",
             most >= 1 ? report_say(arena, "%.0f requests at once, %s", most, report_quantity(arena, "1/s", rate)) : "none: one request alone misses them");
}

/* The two pools beside each other, and which of them the rate ends at. */
static void put_pools(struct arena *arena, struct node *root, const speedup_scenario *scenario, const double *values)
{
    const struct front *front = &scenario->job.inference.front;
    const lanes *v = scenario->variables;
    if (front->accelerators <= 0)
        return;
    /* The peak is that of the pool that lacks memory. */
    bool decode_known = values[SPEEDUP_METRIC_PREFILL_MEMORY] <= scenario->job.memory;
    const struct {
        const char *name;
        double accelerators, tensor, pipeline, attention_data, in_use, memory;
    } pools[] = {
        {"prefill", front->accelerators, front->tensor, front->pipeline, front->attention_data,
         values[SPEEDUP_METRIC_PREFILL_UTILIZATION], values[SPEEDUP_METRIC_PREFILL_MEMORY]},
        {"decode", v[VARIABLE_ACCELERATORS][0] - front->accelerators, v[VARIABLE_TENSOR][0], v[VARIABLE_PIPELINE][0],
         v[VARIABLE_ATTENTION_DATA][0], values[SPEEDUP_METRIC_DECODE_UTILIZATION], decode_known ? values[SPEEDUP_METRIC_MEMORY_PEAK] : NAN},
    };
    bool fits = values[SPEEDUP_METRIC_FITS] != 0;
    struct node *list = put_list(arena, root, "pools", "Pools");
    for (size_t i = 0; i < 2; i++) {
        struct node *row = put_object(arena, list, NULL, NULL);
        put_text(arena, row, "pool", "pool", pools[i].name);
        put_number(arena, row, "accelerators", "accelerators", pools[i].accelerators, "1");
        put_number(arena, row, "tensor", "tensor", pools[i].tensor, "1");
        put_number(arena, row, "pipeline", "pipeline", pools[i].pipeline, "1");
        put_number(arena, row, "attention_data", "attention data", pools[i].attention_data, "1");
        put_number(arena, row, "memory_peak", "memory", pools[i].memory, "B");
        put_number(arena, row, "utilization", "in use", fits ? pools[i].in_use : NAN, "%");
        put_number(arena, row, "requests_per_second", "serves at most", fits ? values[SPEEDUP_METRIC_REQUESTS_PER_SECOND] / pools[i].in_use : NAN, "1/s");
        put_text(arena, row, "limits", "limits the rate", !fits ? NULL : pools[i].in_use >= pools[1 - i].in_use ? "yes" : "no");
    }
}

/* How times differ from request to request. */
static void put_percentiles(struct arena *arena, struct node *root, const double *values)
{
    static const struct {
        int first; /* of three shares */
        const char *label;
    } times[] = {
        {SPEEDUP_METRIC_TIME_TO_FIRST_TOKEN_P50, "time to first token"},
        {SPEEDUP_METRIC_TIME_PER_OUTPUT_TOKEN_P50, "per output token"},
        {SPEEDUP_METRIC_REQUEST_SECONDS_P50, "whole request"},
    };
    struct node *list = put_list(arena, root, "percentiles", "Of the requests, so many take no longer");
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        const double *at = values + times[i].first;
        struct node *row = put_object(arena, list, NULL, NULL);
        put_text(arena, row, "time", "time", times[i].label);
        put_number(arena, row, "p50", "50 %", *at > 0 ? at[0] : NAN, "s");
        put_number(arena, row, "p90", "90 %", *at > 0 ? at[1] : NAN, "s");
        put_number(arena, row, "p99", "99 %", *at > 0 ? at[2] : NAN, "s");
    }
}

void report_inference_answer(struct arena *arena, struct node *root, const speedup_scenario *scenario, const double *values)
{
    static const struct shown times[] = {
        {SPEEDUP_METRIC_TIME_TO_FIRST_TOKEN, "time to first token"},
        {SPEEDUP_METRIC_TIME_PER_OUTPUT_TOKEN, "per output token"},
        {SPEEDUP_METRIC_REQUEST_SECONDS, "whole request"},
        {SPEEDUP_METRIC_PREFILL_SECONDS, "prefill"},
        {SPEEDUP_METRIC_DECODE_SECONDS, "decode step"},
        {SPEEDUP_METRIC_LONGEST_GAP, "longest gap"},
        {SPEEDUP_METRIC_TOKENS_PER_SECOND_PER_ACCELERATOR, "per accelerator"},
        {SPEEDUP_METRIC_TOKENS_PER_SECOND, "in all"},
        {SPEEDUP_METRIC_REQUESTS_PER_SECOND, "requests"},
        {SPEEDUP_METRIC_BATCH, "batch"},
        {SPEEDUP_METRIC_OCCUPANCY, "occupancy"},
        {SPEEDUP_METRIC_BANDWIDTH_USED, "memory bandwidth used"},
    };
    struct node *answer = put_object(arena, root, "answer", "Answer");
    bool fits = values[SPEEDUP_METRIC_FITS] != 0;
    report_fits(arena, answer, scenario, values);
    put_load(arena, answer, scenario, values);
    static const struct shown between[] = {
        {SPEEDUP_METRIC_PREFILL_QUEUE_SECONDS, "wait for prefill"},
        {SPEEDUP_METRIC_TRANSFER_SECONDS, "moving the cache"},
        {SPEEDUP_METRIC_TRANSFER_BYTES, "cache of a prompt"},
    };
    if (fits && scenario->job.inference.front.accelerators > 0)
        put_all(arena, answer, values, between, sizeof between / sizeof *between, scenario->confidence);
    for (size_t i = 0; fits && i < sizeof times / sizeof *times; i++) {
        if (values[times[i].metric] > 0)
            report_metric(arena, answer, values, times[i].metric, times[i].label, scenario->confidence);
        else /* a queue that grows without end has no mean wait */
            put_text(arena, answer, report_word(times[i].metric).name, times[i].label, NULL);
    }
    static const struct shown memory[] = {
        {SPEEDUP_METRIC_MEMORY_PEAK, "peak memory"},
        {SPEEDUP_METRIC_MEMORY_HEADROOM, NULL},
        {SPEEDUP_METRIC_OUT_OF_MEMORY, "out of memory"},
    };
    put_all(arena, answer, values, memory, sizeof memory / sizeof *memory, scenario->confidence);
    put_number(arena, answer, "confidence", "intervals hold with", scenario->confidence, "%");
    put_nulls(arena, answer, KEYS_INFERENCE_ANSWER);
    put_pools(arena, root, scenario, values);
    if (fits && scenario->job.inference.serving)
        put_percentiles(arena, root, values);
    if (fits)
        put_price(arena, root, scenario, values);
}

/* A term's own resources: those that it shrinks with when there is more of them. */
static void more_of(struct job *job, bool bandwidth, double factor)
{
    struct inference *m = &job->inference;
    struct format *formats[] = {&m->attention_format, &m->feed_forward_format, &m->expert_format, &m->head_format};
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        *(bandwidth ? &formats[i]->read : &formats[i]->work) /= factor;
    if (bandwidth) {
        job->bandwidth *= factor;
        m->cache_read /= factor;
    } else {
        m->cache_rate *= factor;
    }
}

static void resources(const speedup_scenario *scenario, const double *values, const char *bound[METRICS])
{
    const double factor = 1.001; /* a small step, so that it tells the slope */
    static const int wires[] = {SPEEDUP_METRIC_TIME_TENSOR, SPEEDUP_METRIC_TIME_EXCHANGE};
    static const int products[] = {SPEEDUP_METRIC_TIME_MATMUL, SPEEDUP_METRIC_TIME_EXPERT, SPEEDUP_METRIC_TIME_ATTENTION,
                                   SPEEDUP_METRIC_TIME_HEAD};
    lanes v[VARIABLES], wider[METRICS], faster[METRICS], linked[METRICS];
    memcpy(v, scenario->variables, sizeof v);
    /* The batch must stay as it is, or all terms would move with it: small steps do that. */
    struct job job = scenario->job;
    more_of(&job, true, factor);
    job_evaluate(&job, v, wider);
    job = scenario->job;
    more_of(&job, false, factor);
    job_evaluate(&job, v, faster);
    job = scenario->job;
    job.link *= factor;
    job.network *= factor;
    job_evaluate(&job, v, linked);
    for (int m = 0; m < METRICS; m++)
        bound[m] = "host and kernel latency";
    for (size_t i = 0; i < sizeof products / sizeof *products; i++)
        bound[products[i]] = wider[products[i]][0] <= faster[products[i]][0] ? "memory bandwidth" : "compute";
    for (size_t i = 0; i < sizeof wires / sizeof *wires; i++)
        bound[wires[i]] = values[wires[i]] - linked[wires[i]][0] > (factor - 1) / 2 * values[wires[i]] ? "link and network" : "latency of collectives";
    bound[SPEEDUP_METRIC_TIME_LAUNCH] = "host";
    bound[SPEEDUP_METRIC_TIME_INTERFERENCE] = "prefill";
    bound[SPEEDUP_METRIC_TIME_DRAFT] = "draft model";
}

/* What a phase spends most on, as the metrics number it. */
static const char *binding(double number)
{
    static const char *const names[] = {NULL, "memory bandwidth", "compute", "fixed time", "communication", "prefill of others", "drafting"};
    return number >= 1 && number < sizeof names / sizeof *names ? names[(int)number] : NULL;
}

void report_inference_terms(struct arena *arena, struct node *root, const speedup_scenario *scenario, const double *values)
{
    static const int terms[] = {SPEEDUP_METRIC_TIME_MATMUL,    SPEEDUP_METRIC_TIME_EXPERT, SPEEDUP_METRIC_TIME_ATTENTION,
                                SPEEDUP_METRIC_TIME_HEAD,      SPEEDUP_METRIC_TIME_TENSOR, SPEEDUP_METRIC_TIME_EXCHANGE,
                                SPEEDUP_METRIC_TIME_LAUNCH,    SPEEDUP_METRIC_TIME_FIXED,  SPEEDUP_METRIC_TIME_DRAFT,
                                SPEEDUP_METRIC_TIME_INTERFERENCE};
    if (values[SPEEDUP_METRIC_FITS] == 0)
        return;
    const char *bound[METRICS];
    resources(scenario, values, bound);
    struct node *time = put_list(arena, root, "time", "Time between two tokens of a request");
    for (size_t i = 0; i < sizeof terms / sizeof *terms; i++) {
        if (values[terms[i]] <= 0)
            continue;
        speedup_word word = report_word(terms[i]);
        struct node *row = put_object(arena, time, NULL, NULL);
        put_text(arena, row, "metric", NULL, word.name);
        put_text(arena, row, "term", "term", word.text);
        put_number(arena, row, "seconds", "time", values[terms[i]], "s");
        put_number(arena, row, "share", "share", values[terms[i]] / values[SPEEDUP_METRIC_TIME_PER_OUTPUT_TOKEN], "%");
        put_text(arena, row, "bound_by", "bound by", bound[terms[i]]);
    }
    struct node *phases = put_object(arena, root, "bound_by", "What binds");
    put_text(arena, phases, "prefill", "prefill", binding(values[SPEEDUP_METRIC_PREFILL_BOUND]));
    put_text(arena, phases, "decode", "decode", binding(values[SPEEDUP_METRIC_DECODE_BOUND]));
}

/* A quotient where both are known. */
static double over(double a, double b)
{
    return a > 0 && b > 0 ? a / b : NAN;
}

void report_inference_waterfall(struct arena *arena, struct node *root, const speedup_scenario *scenario,
                                const struct waterfall_step *steps, size_t count)
{
    struct node *list = put_list(arena, root, "waterfall", "What each optimization brings, added in this order");
    /* What does not fit has no times: the first and the last step that did are compared with. */
    const double *base = NULL, *before = NULL;
    for (size_t i = 0; i < count; i++) {
        const double *values = steps[i].values;
        bool fits = values[SPEEDUP_METRIC_FITS] != 0;
        double token = values[SPEEDUP_METRIC_TIME_PER_OUTPUT_TOKEN], rate = values[SPEEDUP_METRIC_TOKENS_PER_SECOND];
        base = base ? base : fits ? values : NULL;
        before = before ? before : base;
        struct node *row = put_object(arena, list, NULL, NULL);
        put_text(arena, row, "optimization", "optimization", steps[i].added ? steps[i].added->head.id : "(baseline)");
        put_number(arena, row, "time_per_output_token", "per token", fits ? token : NAN, "s");
        put_number(arena, row, "token_gain", "gain", fits ? over(before[SPEEDUP_METRIC_TIME_PER_OUTPUT_TOKEN], token) : NAN, "x");
        put_number(arena, row, "token_cumulative", "cumulative", fits ? over(base[SPEEDUP_METRIC_TIME_PER_OUTPUT_TOKEN], token) : NAN, "x");
        put_number(arena, row, "tokens_per_second", "throughput", fits ? rate : NAN, "tokens/s");
        put_number(arena, row, "gain", "gain", fits ? over(rate, before[SPEEDUP_METRIC_TOKENS_PER_SECOND]) : NAN, "x");
        put_number(arena, row, "cumulative", "cumulative", fits ? over(rate, base[SPEEDUP_METRIC_TOKENS_PER_SECOND]) : NAN, "x");
        put_number(arena, row, "max_concurrency", "requests that fit", values[SPEEDUP_METRIC_MAX_CONCURRENCY], "1");
        put_number(arena, row, "memory_peak", NULL, values[SPEEDUP_METRIC_MEMORY_PEAK], "B");
        put_bool(arena, row, "fits", NULL, fits);
        report_step_reason(arena, row, scenario, &steps[i], before);
        const char *note = steps[i].superseded ? "; superseded below" : "";
        put_text(arena, row, "note", "fits",
                 fits ? report_say(arena, "yes%s", note)
                      : report_say(arena, "no, by %s%s", report_quantity(arena, "B", -values[SPEEDUP_METRIC_MEMORY_HEADROOM]), note));
        before = fits ? values : before;
    }
}
