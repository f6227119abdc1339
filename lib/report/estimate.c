/* The explained answer of a scenario. Knows metrics by number and optimizations by
 * their data alone. */
#include "report/report.h"

#include "estimate/scenario_parts.h"
#include "estimate/layout.h"
#include "plan/change.h"

#include "base/number.h"

#include <math.h>
#include <string.h>

/* What holds each term of time back, for "which resource binds". */
static const char *resource_of(int metric)
{
    switch (metric) {
    case SPEEDUP_METRIC_TIME_MATMUL:
    case SPEEDUP_METRIC_TIME_EXPERT:
    case SPEEDUP_METRIC_TIME_ATTENTION:
    case SPEEDUP_METRIC_TIME_HEAD:
        return "compute";
    case SPEEDUP_METRIC_TIME_POINTWISE:
    case SPEEDUP_METRIC_TIME_OPTIMIZER:
    case SPEEDUP_METRIC_TIME_CAST:
    case SPEEDUP_METRIC_TIME_ROLLOUT:
        return "memory bandwidth";
    case SPEEDUP_METRIC_TIME_TENSOR:
        return "link";
    case SPEEDUP_METRIC_TIME_CONTEXT:
    case SPEEDUP_METRIC_TIME_EXCHANGE:
    case SPEEDUP_METRIC_TIME_SEND:
    case SPEEDUP_METRIC_TIME_DATA:
        return "network";
    case SPEEDUP_METRIC_TIME_BUBBLE:
    case SPEEDUP_METRIC_TIME_IMBALANCE:
        return "pipeline";
    default:
        return "host";
    }
}

/* As the library lists it, but with shares shown as percentages. */
speedup_word report_word(int metric)
{
    speedup_word word = {.struct_size = sizeof word};
    speedup_metric_at((size_t)metric, &word);
    word.unit = metric_shown_unit(metric);
    return word;
}

void report_metric(struct arena *arena, struct node *parent, const double *values, int metric, const char *label,
                   double confidence)
{
    speedup_word word = report_word(metric);
    double low, high;
    speedup_metric_interval(values, METRICS, metric, confidence, &low, &high);
    put_interval(arena, parent, word.name, label, values[metric], low, high, word.unit);
}

/* What is short, and by how much: the accelerator's memory, or else its host's. */
static const char *shortage(struct arena *arena, const struct job *job, const double *values)
{
    double needed = values[SPEEDUP_METRIC_MEMORY_NEEDED] - job->memory, host = values[SPEEDUP_METRIC_MEMORY_HOST] - job->host_memory;
    return needed > 0 ? report_quantity(arena, "B", needed) : report_say(arena, "%s in the host", report_quantity(arena, "B", host));
}

#define BARELY 0.1 /* chance to run out of memory above which admission does not take it for granted that a job fits */

void report_fits(struct arena *arena, struct node *answer, const speedup_scenario *scenario, const double *values)
{
    const struct job *job = &scenario->job;
    double spare = values[SPEEDUP_METRIC_MEMORY_HEADROOM], have = spare < 0 ? job->memory : job->host_memory;
    bool fits = values[SPEEDUP_METRIC_FITS] != 0;
    put_bool(arena, answer, "fits", NULL, fits);
    put_text(arena, answer, "verdict", "fits",
             fits ? report_say(arena, "%s, with %s to spare of %s", values[SPEEDUP_METRIC_OUT_OF_MEMORY] > BARELY ? "barely" : "yes",
                               report_quantity(arena, "B", spare), report_quantity(arena, "B", job->memory))
                  : report_say(arena, "NO: it needs %s more than the %s there are", shortage(arena, job, values),
                               report_quantity(arena, "B", have)));
}

static void put_answer(struct arena *arena, struct node *root, const speedup_scenario *scenario, const double *values)
{
    static const struct {
        int metric;
        const char *label;
    } shown[] = {
        {SPEEDUP_METRIC_STEP_SECONDS, "one step"},
        {SPEEDUP_METRIC_TOKENS_PER_SECOND_PER_ACCELERATOR, "per accelerator"},
        {SPEEDUP_METRIC_TOKENS_PER_SECOND, "in all"},
        {SPEEDUP_METRIC_MODEL_FLOPS_PER_SECOND, "model operations"},
        {SPEEDUP_METRIC_MODEL_UTILIZATION, "utilization (MFU)"},
        {SPEEDUP_METRIC_HARDWARE_UTILIZATION, NULL},
        {SPEEDUP_METRIC_MEMORY_PEAK, "peak memory"},
        {SPEEDUP_METRIC_MEMORY_NEEDED, "of it needed"},
        {SPEEDUP_METRIC_MEMORY_HEADROOM, NULL},
        {SPEEDUP_METRIC_OUT_OF_MEMORY, "out of memory"},
        {SPEEDUP_METRIC_POWER, "power of each"},
    };
    static const struct {
        int metric;
        const char *label;
    } run[] = {
        {SPEEDUP_METRIC_STEPS, "steps"},
        {SPEEDUP_METRIC_TIME_EVALUATION, "an evaluation"},
        {SPEEDUP_METRIC_RUN_SECONDS, "without failures"},
        {SPEEDUP_METRIC_RUN_EXPECTED_SECONDS, "expected"},
        {SPEEDUP_METRIC_ACCELERATOR_HOURS, "accelerator-hours"},
        {SPEEDUP_METRIC_COST, "cost"},
        {SPEEDUP_METRIC_ENERGY, "energy"},
    };
    struct node *answer = put_object(arena, root, "answer", "Answer");
    report_fits(arena, answer, scenario, values);
    for (size_t i = 0; i < sizeof shown / sizeof *shown; i++)
        report_metric(arena, answer, values, shown[i].metric,
                      shown[i].metric != SPEEDUP_METRIC_POWER || scenario->job.energy.rated > 0 ? shown[i].label : NULL,
                      scenario->confidence);
    put_number(arena, answer, "confidence", "intervals hold with", scenario->confidence, "%");
    if (scenario->job.tokens <= 0)
        return;
    struct node *whole = put_object(arena, root, "run", report_say(arena, "Whole run of %s", report_quantity(arena, "tokens", scenario->job.tokens)));
    for (size_t i = 0; i < sizeof run / sizeof *run; i++)
        if ((run[i].metric != SPEEDUP_METRIC_COST || scenario->job.price > 0) &&
            (run[i].metric != SPEEDUP_METRIC_TIME_EVALUATION || scenario->job.evaluation_every > 0))
            report_metric(arena, whole, values, run[i].metric, run[i].label, scenario->confidence);
    put_nulls(arena, whole, KEYS_TRAINING_RUN);
}

/* One term of the time of a step; none where it takes none. */
static void put_term(struct arena *arena, struct node *time, const double *values, int metric)
{
    if (values[metric] <= 0)
        return;
    speedup_word word = report_word(metric);
    struct node *row = put_object(arena, time, NULL, NULL);
    put_text(arena, row, "metric", NULL, word.name);
    put_text(arena, row, "term", "term", word.text);
    put_number(arena, row, "seconds", "time", values[metric], "s");
    put_number(arena, row, "share", "share", values[metric] / values[SPEEDUP_METRIC_STEP_SECONDS], "%");
    put_text(arena, row, "bound_by", "bound by", resource_of(metric));
}

/* What the completions of a step take, beside its update. */
static void put_rollout(struct arena *arena, struct node *root, const speedup_scenario *scenario, const double *values)
{
    if (!scenario->job.rollout)
        return;
    double seconds = values[SPEEDUP_METRIC_TIME_ROLLOUT], memory = values[SPEEDUP_METRIC_MEMORY_ROLLOUT];
    struct node *rollout = put_object(arena, root, "rollout", "Completions of a step");
    report_metric(arena, rollout, values, SPEEDUP_METRIC_TIME_ROLLOUT, "time", scenario->confidence);
    put_number(arena, rollout, "share", "share of the step", seconds / values[SPEEDUP_METRIC_STEP_SECONDS], "%");
    put_number(arena, rollout, "tokens_per_second", "completed", scenario->job.global_batch * scenario->job.rollout->engine->inference.output / seconds, "tokens/s");
    put_number(arena, rollout, "batch", "sequences at once", values[SPEEDUP_METRIC_BATCH], "1");
    put_number(arena, rollout, "memory_rollout", "memory meanwhile", memory, "B");
    put_text(arena, rollout, "peak_in", "peak memory is in the", memory >= values[SPEEDUP_METRIC_MEMORY_PEAK] ? "rollout" : "update");
}

static void put_terms(struct arena *arena, struct node *root, const speedup_scenario *scenario, const double *values)
{
    (void)scenario;
    struct node *time = put_list(arena, root, "time", "Time of a step");
    put_term(arena, time, values, SPEEDUP_METRIC_TIME_ROLLOUT);
    for (int m = SPEEDUP_METRIC_TIME_MATMUL; m <= SPEEDUP_METRIC_TIME_FIXED; m++)
        put_term(arena, time, values, m);
    put_term(arena, time, values, SPEEDUP_METRIC_TIME_CAST);
}

void report_memory(struct arena *arena, struct node *root, const double *values)
{
    struct node *memory = put_list(arena, root, "memory", "Memory of the fullest accelerator");
    for (int m = SPEEDUP_METRIC_MEMORY_WEIGHTS; m <= SPEEDUP_METRIC_MEMORY_RUNTIME; m++) {
        if (values[m] <= 0)
            continue;
        speedup_word word = report_word(m);
        struct node *row = put_object(arena, memory, NULL, NULL);
        put_text(arena, row, "metric", NULL, word.name);
        put_text(arena, row, "component", "component", word.text);
        put_number(arena, row, "bytes", "size", values[m], "B");
        put_number(arena, row, "share", "share", values[m] / values[SPEEDUP_METRIC_MEMORY_PEAK], "%");
    }
    if (values[SPEEDUP_METRIC_MEMORY_HOST] > 0)
        put_number(arena, root, "memory_host", "host memory of a node", values[SPEEDUP_METRIC_MEMORY_HOST], "B");
}

static void put_waterfall(struct arena *arena, struct node *root, const speedup_scenario *scenario,
                          const struct waterfall_step *steps, size_t count)
{
    struct node *list = put_list(arena, root, "waterfall", "What each optimization brings, added in this order");
    const double *base = steps[0].values;
    for (size_t i = 0; i < count; i++) {
        const double *values = steps[i].values, *before = steps[i ? i - 1 : 0].values;
        double step = values[SPEEDUP_METRIC_STEP_SECONDS], peak = values[SPEEDUP_METRIC_MEMORY_PEAK];
        bool fits = values[SPEEDUP_METRIC_FITS] != 0;
        struct node *row = put_object(arena, list, NULL, NULL);
        put_text(arena, row, "optimization", "optimization", steps[i].added ? steps[i].added->head.id : "(baseline)");
        put_number(arena, row, "step_seconds", "one step", step, "s");
        put_number(arena, row, "gain", "gain", before[SPEEDUP_METRIC_STEP_SECONDS] / step, "x");
        put_number(arena, row, "cumulative", "cumulative", base[SPEEDUP_METRIC_STEP_SECONDS] / step, "x");
        put_number(arena, row, "memory_peak", "peak memory", peak, "B");
        put_number(arena, row, "memory_gain", "gain", before[SPEEDUP_METRIC_MEMORY_PEAK] / peak, "x");
        put_bool(arena, row, "fits", NULL, fits);
        report_step_reason(arena, row, scenario, &steps[i], before);
        const char *note = steps[i].superseded ? "superseded below" : "";
        put_text(arena, row, "note", "fits",
                 fits ? (*note ? report_say(arena, "yes; %s", note) : "yes")
                      : report_say(arena, "no, by %s%s%s", shortage(arena, &scenario->job, values), *note ? "; " : "", note));
    }
}

/* What mends a training job on the accelerators that it has; how many sets of means there are. */
static speedup_status put_remedies(speedup_context *context, struct arena *arena, struct node *root, const speedup_scenario *scenario,
                                   size_t *count)
{
    static const double confidence = 0.9; /* as admission asks */
    speedup_remedies *remedies;
    speedup_status status = speedup_scenario_remedies(context, scenario, confidence, &remedies);
    if (status)
        return status;
    double accelerators = scenario->variables[VARIABLE_ACCELERATORS][0];
    speedup_remedy own = {.struct_size = sizeof own};
    speedup_remedies_without(remedies, &own);
    put_number(arena, root, "lacking", NULL, own.lacking, "B");
    const char *where = accelerators > 1 ? report_say(arena, "%.0f accelerators", accelerators) : "one card";
    const char *said = report_say(arena, "%s, to fit with %.0f %%", report_lacking(arena, scenario, &own), 100 * confidence);
    *count = report_remedies(arena, root, remedies, report_say(arena, "Does not fit %s: %s", where, said));
    if (!*count)
        put_text(arena, root, "remedies_note", "to fit", report_say(arena, "it %s on %s, and no usual means mends that", said, where));
    speedup_remedies_destroy(remedies);
    return SPEEDUP_OK;
}

/* What to change so that the job fits. */
static speedup_status put_changes(speedup_context *context, struct arena *arena, struct node *root,
                                  const speedup_scenario *scenario, bool shown)
{
    struct change changes[MOST_CHANGES];
    size_t count;
    speedup_status status = plan_changes(context, scenario, arena, changes, &count);
    if (status)
        return status;
    struct node *list = put_list(arena, root, "changes", count && shown ? "Nearest changes that fit" : NULL);
    for (size_t i = 0; i < count; i++) {
        const struct change *change = &changes[i];
        struct node *row = put_object(arena, list, NULL, NULL);
        const char *degree = change->degree == VARIABLES ? NULL : variable_name((int)change->degree);
        const char *added = change->added ? change->added->head.id : NULL;
        const char *front = change->front > 0 ? report_say(arena, "prefill.tensor %.0f", change->front) : NULL;
        const char *said = degree ? report_say(arena, "%s %.0f", degree, change->value) : NULL, *more[] = {front, added};
        for (size_t k = 0; k < 2; k++)
            said = said && more[k] ? report_say(arena, "%s and %s", said, more[k]) : said ? said : more[k];
        put_text(arena, row, "change", "change", said);
        if (degree)
            put_number(arena, row, degree, NULL, change->value, "1");
        if (front)
            put_number(arena, row, "prefill_tensor", NULL, change->front, "1");
        if (added)
            put_text(arena, row, "optimization", NULL, added);
        put_number(arena, row, "accelerators", "accelerators", change->accelerators, "1");
        put_number(arena, row, "memory_peak", "peak memory", change->values[SPEEDUP_METRIC_MEMORY_PEAK], "B");
        put_number(arena, row, "tokens_per_second", "throughput", change->values[SPEEDUP_METRIC_TOKENS_PER_SECOND], "tokens/s");
        if (scenario->job.kind == JOB_INFERENCE)
            put_number(arena, row, "max_concurrency", "requests that fit", change->values[SPEEDUP_METRIC_MAX_CONCURRENCY], "1");
        put_nulls(arena, row, KEYS_ESTIMATE_CHANGE);
    }
    if (!count)
        put_text(arena, root, "changes_note", shown ? "to fit" : NULL, "no single change, nor one with an optimization of the catalog, is enough");
    return context->first;
}

static void put_published(struct arena *arena, struct node *root, const speedup_scenario *scenario,
                          const double *values)
{
    if (!scenario->asked.published.count)
        return;
    struct node *list = put_list(arena, root, "published", "Beside what was published");
    for (size_t i = 0; i < scenario->asked.published.count; i++) {
        const struct published *p = &scenario->asked.published.items[i];
        speedup_word word = report_word(p->metric);
        struct node *row = put_object(arena, list, NULL, NULL);
        put_text(arena, row, "metric", "metric", word.name);
        put_number(arena, row, "predicted", "predicted", values[p->metric], word.unit);
        put_number(arena, row, "published", "published", p->value, word.unit);
        put_number(arena, row, "difference", "difference", values[p->metric] / p->value - 1, "%");
    }
    if (scenario->asked.published.source)
        put_text(arena, root, "published_source", "source", scenario->asked.published.source);
}

void report_window(struct arena *arena, struct node *root, const speedup_scenario *scenario)
{
    if (scenario->beyond > 0)
        put_text(arena, root, "window_note", "note",
                 report_say(arena, "%.0f tokens are longer than the %.0f of '%s': %s", scenario->beyond, scenario->model->max_sequence,
                            scenario->model->head.id, WINDOW_REMEDY));
}

/* How long sequences are, and what their rows are made of; in a text where they vary. */
static void put_lengths(struct arena *arena, struct node *root, const speedup_scenario *scenario)
{
    const struct job *job = &scenario->job;
    const struct length *length = &scenario->asked.sequence;
    const lanes *v = scenario->variables;
    lanes row, attended;
    rows_of(job, job->global_batch / (v[VARIABLE_DATA] * v[VARIABLE_ACCUMULATION]), &row, &attended);
    bool shown = length->deviation > 0 || length->longest != length->mean, padded = scenario->asked.packing == PACKING_PADDED;
    struct node *lengths = put_object(arena, root, "lengths", shown ? "Lengths of sequences" : NULL);
    put_number(arena, lengths, "mean", "mean", length->mean, "tokens");
    put_number(arena, lengths, "deviation", "standard deviation", length->deviation, "tokens");
    put_number(arena, lengths, "longest", padded ? "longest, in memory" : "row, filled", job->rows.longest, "tokens");
    put_text(arena, lengths, "packing", "packing", packing_names[scenario->asked.packing]);
    put_number(arena, lengths, "row_tokens", padded ? "padded to, mean" : NULL, row[0], "tokens");
    put_number(arena, lengths, "attended_tokens", "attended over by a token, mean", attended[0], "tokens");
    put_number(arena, lengths, "padding", "padding", 1 - job->rows.tokens / row[0], "%");
}

/* Who names no precision gets fp32, as the frameworks do. */
static void put_precision_note(struct arena *arena, struct node *root, const speedup_scenario *scenario)
{
    const double *peak = scenario->accelerator->peak.rate;
    bool narrow = fmax(peak[PEAK_BF16], peak[PEAK_FP16]) > peak[PEAK_FP32];
    if (scenario->job.kind == JOB_TRAINING && narrow && scenario->job.effects.precision[TARGET_MATMUL_PRECISION] < 0)
        put_text(arena, root, "note", "note", "no optimization names a precision: weights and products are in fp32");
}

/* Parameters that adapters have, or others that are trained alone. */
static void put_trained(struct arena *arena, struct node *root, const speedup_scenario *scenario)
{
    double share = scenario->job.effects.base[TARGET_UPDATE_FLOPS], parameters = scenario->job.shape.parameters;
    bool some = share < 1;
    struct node *trained = put_object(arena, root, "trained", some ? "Trained" : NULL);
    put_number(arena, trained, "parameters", "parameters", share * parameters, "1");
    put_number(arena, trained, "share", "of the model's", share, "%");
}

bool report_has_variable(enum job_kind kind, enum variable variable)
{
    for (int axis = 0; axis < AXES; axis++)
        if (layout_axes[axis].variable == variable)
            return axis_has((enum axis)axis, kind);
    return variable != VARIABLE_ACCUMULATION || kind == JOB_TRAINING;
}

/* What the model's file says of its precision, and what was made of it; NULL for nothing. */
static const char *say_precision(struct arena *arena, const speedup_scenario *scenario)
{
    const int32_t *chosen = scenario->job.effects.precision;
    const char *taken = "";
    for (size_t i = 0; i < scenario->baseline_count; i++)
        if (scenario->selections[i].published)
            taken = scenario->selections[i].stands_in
                        ? report_say(arena, "%s%s%s (%s has no products for it)", taken, *taken ? ", " : "", scenario->selections[i].optimization->head.id,
                                     scenario->accelerator->head.id)
                        : report_say(arena, "%s%s%s", taken, *taken ? ", " : "", scenario->selections[i].optimization->head.id);
    if (!scenario->model->quantized)
        return NULL;
    if (scenario->job.kind == JOB_TRAINING)
        return has_narrow_weights(scenario->model)
                   ? report_say(arena, "the model's file has its weights quantized (%s), which training does not take: they are as its optimizations have them",
                                scenario->model->quantized) : NULL;
    if (*taken)
        return report_say(arena, "precision from the model's file (%s): %s; optimizations that are named override it", scenario->model->quantized, taken);
    bool none = chosen[TARGET_WEIGHTS_PRECISION] < 0 && chosen[TARGET_EXPERT_WEIGHTS_PRECISION] < 0;
    return none ? report_say(arena, "the model's file has its weights quantized (%s); no optimization says so, and they are taken in 16 bits",
                             scenario->model->quantized) : NULL;
}

static void put_model_note(struct arena *arena, struct node *root, const speedup_scenario *scenario)
{
    const char *note = say_precision(arena, scenario);
    if (scenario->model->encoders > 0)
        note = report_say(arena, "%s%s%.0f M parameters of encoders count in memory, and not in times", note ? note : "", note ? "; " : "",
                          scenario->model->encoders / 1e6);
    if (note)
        put_text(arena, root, "note", "note", note);
}

speedup_status report_estimate_tree(speedup_context *context, const speedup_scenario *scenario, struct arena *arena,
                                    struct node *root)
{
    double values[METRICS];
    speedup_status status = speedup_scenario_estimate(scenario, values, METRICS);
    if (status) {
        lanes v[VARIABLES];
        memcpy(v, scenario->variables, sizeof v);
        effects_explain(context, arena, &scenario->job.effects, v);
        if (!context->first)
            problem(context, status, NULL, "this layout cannot be estimated: %s", speedup_status_text(status));
        return context->first;
    }
    bool training = scenario->job.kind == JOB_TRAINING, fits = values[SPEEDUP_METRIC_FITS] != 0;
    const lanes *v = scenario->variables;
    put_text(arena, root, "job", "", report_job(arena, scenario));
    put_text(arena, root, "kind", NULL, training ? "training" : "inference");
    put_model_note(arena, root, scenario);
    if (!training && scenario->job.inference.serving && !scenario->stack)
        put_text(arena, root, "stack_note", "note", "no 'stack' is given: of what an engine does, only what 'optimizations' name is counted");
    if (training && scenario->job.generic_stack)
        put_text(arena, root, "stack_note", "note",
                 scenario->stack ? report_say(arena, "training with '%s' was not measured: its intervals are wide", scenario->stack->head.id)
                                 : "no 'stack' is given: the software is taken as that of large published runs, and intervals are wide");
    if (training && scenario->job.generic)
        put_text(arena, root, "chip_note", "note",
                 report_say(arena, "no kernels were measured on '%s': its rates follow from its datasheet, and intervals are wide",
                            scenario->accelerator->head.id));
    put_precision_note(arena, root, scenario);
    if (training && values[SPEEDUP_METRIC_MEMORY_HOST] > 0 && !(scenario->system->host_memory > 0))
        put_text(arena, root, "host_note", "note",
                 report_say(arena, "how much memory a host of '%s' has is not known: %s of it are needed", scenario->system->head.id,
                            report_quantity(arena, "B", values[SPEEDUP_METRIC_MEMORY_HOST])));
    report_system(arena, root, scenario);
    report_window(arena, root, scenario);
    struct node *layout = put_object(arena, root, "layout", NULL);
    for (int i = 0; i < VARIABLES; i++)
        if (variables[i].scope == SCOPE_LAYOUT && report_has_variable(scenario->job.kind, (enum variable)i))
            put_number(arena, layout, variable_name(i), variable_name(i), v[i][0], "1");
    if (training)
        put_lengths(arena, root, scenario);
    if (training)
        put_trained(arena, root, scenario);
    struct waterfall_step *steps;
    size_t count;
    status = plan_waterfall(context, scenario, arena, &steps, &count);
    if (status)
        return status;
    (training ? put_answer : report_inference_answer)(arena, root, scenario, values);
    size_t mended = 0;
    if (!fits && training)
        status = put_remedies(context, arena, root, scenario, &mended);
    /* Nobody who has one card is told to have more of them as long as something else mends it. */
    if (!fits && !status)
        status = put_changes(context, arena, root, scenario, !mended || v[VARIABLE_ACCELERATORS][0] > 1);
    if (status)
        return status;
    put_rollout(arena, root, scenario, values);
    (training ? put_terms : report_inference_terms)(arena, root, scenario, values);
    report_memory(arena, root, values);
    (training ? put_waterfall : report_inference_waterfall)(arena, root, scenario, steps, count);
    put_published(arena, root, scenario, values);
    double at[VARIABLES];
    for (int i = 0; i < VARIABLES; i++)
        at[i] = v[i][0];
    report_commands(arena, root, scenario, at, values);
    put_nulls(arena, root, training ? KEYS_TRAINING : KEYS_INFERENCE);
    return context->first;
}

speedup_status speedup_report_estimate(speedup_context *context, const speedup_scenario *scenario, int32_t format,
                                       speedup_text **text)
{
    if (text)
        *text = NULL;
    REQUIRE_GIVEN(context, context);
    REQUIRE_GIVEN(context, scenario);
    REQUIRE_GIVEN(context, text);
    diagnostics_clear(context);
    struct arena arena;
    arena_begin(&arena, &context->allocator);
    struct node *root = report_begin(&arena);
    if (root)
        report_estimate_tree(context, scenario, &arena, root);
    speedup_status status = report_finish(context, &arena, root, format, text);
    arena_end(&arena);
    return status;
}

speedup_status speedup_report_composition(speedup_context *context, const speedup_scenario *scenario, int32_t format,
                                          speedup_text **text)
{
    if (text)
        *text = NULL;
    REQUIRE_GIVEN(context, context);
    REQUIRE_GIVEN(context, scenario);
    REQUIRE_GIVEN(context, text);
    diagnostics_clear(context);
    struct arena arena;
    arena_begin(&arena, &context->allocator);
    struct node *root = report_begin(&arena);
    const struct selection *selections = scenario->selections;
    struct node *list = put_list(&arena, root, "optimizations", "Optimizations");
    for (size_t i = 0; i < scenario->selection_count; i++) {
        struct node *row = put_object(&arena, list, NULL, NULL);
        bool superseded = selection_superseded(selections, scenario->selection_count, i);
        put_text(&arena, row, "id", "id", selections[i].optimization->head.id);
        bool acts = selection_acts(&arena, &selections[i], &scenario->fixed, scenario->variables);
        put_text(&arena, row, "state", "state", superseded ? "superseded" : acts ? "active" : "not here");
        put_text(&arena, row, "name", "name", selections[i].optimization->head.name);
    }
    lanes v[VARIABLES], e[TARGETS], status_lanes = lanes_of(0.0);
    memcpy(v, scenario->variables, sizeof v);
    effects_begin(&scenario->job.effects, e);
    effects_evaluate(&scenario->job.effects, v, e, &status_lanes);
    struct node *entries = put_list(&arena, root, "effects", "Entries of the ledger that they act on");
    for (int t = 0; t < TARGETS; t++) {
        bool chosen = targets[t].rule == RULE_CHOOSE && scenario->job.effects.precision[t] >= 0;
        bool changed = targets[t].rule != RULE_CHOOSE && e[t][0] != target_base((enum target)t);
        if (!chosen && !changed)
            continue;
        struct node *row = put_object(&arena, entries, NULL, NULL);
        put_text(&arena, row, "target", "entry", *targets[t].phase ? report_say(&arena, "%s@%s", target_name(t), targets[t].phase) : target_name(t));
        put_text(&arena, row, "rule", "rule", rules[targets[t].rule].name);
        if (chosen)
            put_text(&arena, row, "choice", "choice", precision_names[scenario->job.effects.precision[t]]);
        else
            put_number(&arena, row, "value", "value", e[t][0], "1");
        put_text(&arena, row, "text", "what it is", target_text(t));
        put_nulls(&arena, row, KEYS_COMPOSITION_EFFECT);
    }
    speedup_status status = report_finish(context, &arena, root, format, text);
    arena_end(&arena);
    return status;
}
