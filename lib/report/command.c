/* How a service that was estimated is started and measured: the texts of its software, filled. Knows no software. */
#include "report/report.h"

#include "catalog/command.h"

#include <math.h>
#include <string.h>

static const char *count(struct arena *arena, double value)
{
    return value > 0 ? report_say(arena, "%.0f", value) : NULL;
}

/* Tokens of the longest request, 0 where prompts have no longest that is known here. */
static double longest(const speedup_scenario *scenario)
{
    const struct inference *m = &scenario->job.inference;
    bool alike = m->output_spread <= 1;
    double most = scenario->model->max_sequence > 0 ? scenario->model->max_sequence : INFINITY;
    return m->prompt_spread > 1 ? 0 : fmin(m->prompt + (alike ? m->output : m->output_longest), most);
}

/* Values of the words, for one of several copies of the model. */
static void put_words(struct arena *arena, const speedup_scenario *scenario, const double *layout, const double *values,
                      const char *words[COMMAND_WORDS])
{
    const struct inference *m = &scenario->job.inference;
    double copies = fmax(layout[VARIABLE_DATA], 1), sequences = ceil(layout[VARIABLE_CONCURRENCY] / copies),
           rate = m->request_rate / copies;
    double in_flight = rate > 0 ? rate * values[SPEEDUP_METRIC_REQUEST_SECONDS] : sequences;
    lanes v[VARIABLES], e[TARGETS], status = lanes_of(0.0);
    for (int i = 0; i < VARIABLES; i++)
        v[i] = lanes_of(layout[i]);
    effects_begin(&scenario->job.effects, e);
    effects_evaluate(&scenario->job.effects, v, e, &status);
    const struct model *model = scenario->model;
    words[COMMAND_MODEL] = model->repository ? model->repository : model->head.id;
    words[COMMAND_ID] = model->head.id;
    words[COMMAND_TENSOR] = count(arena, layout[VARIABLE_TENSOR]);
    words[COMMAND_PIPELINE] = count(arena, layout[VARIABLE_PIPELINE]);
    words[COMMAND_ATTENTION_DATA] = count(arena, layout[VARIABLE_ATTENTION_DATA]);
    words[COMMAND_RANKS] = count(arena, layout[VARIABLE_TENSOR] * layout[VARIABLE_ATTENTION_DATA]);
    const struct job_description *d = &scenario->asked;
    double share = d->gpu_memory_utilization > 0 ? d->gpu_memory_utilization : d->mem_fraction_static > 0 ? d->mem_fraction_static : d->free_gpu_memory_fraction;
    words[COMMAND_MEMORY_SHARE] = share > 0 ? report_say(arena, "%.4g", share) : NULL;
    words[COMMAND_SEQUENCES] = d->max_num_seqs > 0 ? count(arena, d->max_num_seqs) : rate > 0 ? NULL : count(arena, sequences);
    words[COMMAND_BATCHED_TOKENS] = count(arena, e[TARGET_PREFILL_CHUNK][0]);
    words[COMMAND_MAX_LENGTH] = count(arena, d->max_model_len > 0 ? d->max_model_len : longest(scenario));
    words[COMMAND_CONTEXT] = rate > 0 ? NULL : count(arena, longest(scenario) * sequences);
    words[COMMAND_PROMPT] = count(arena, m->prompt);
    words[COMMAND_OUTPUT] = count(arena, m->output);
    words[COMMAND_RATE] = rate > 0 ? report_say(arena, "%.6g", rate) : NULL;
    words[COMMAND_REQUESTS] = in_flight > 0 ? count(arena, fmax(ceil(10 * in_flight), 10)) : NULL;
    words[COMMAND_EAGER] = e[TARGET_LAUNCH_SECONDS][0] >= 1 ? "eager" : NULL;
}

/* Has the job an optimization that acts, other than what its model's file has by itself? */
static bool has_optimization(const void *scenario_, const char *id, size_t length)
{
    const speedup_scenario *scenario = scenario_;
    for (size_t i = 0; i < scenario->selection_count; i++) {
        const struct selection *s = &scenario->selections[i];
        bool same = strlen(s->optimization->head.id) == length && !strncmp(s->optimization->head.id, id, length);
        if (same && !s->published && !selection_superseded(scenario->selections, scenario->selection_count, i))
            return true;
    }
    return false;
}

static void put_command(struct arena *arena, struct node *node, const char *key, const char *label, const char *text,
                        const char *const words[COMMAND_WORDS], const struct command_ids *ids)
{
    if (!text)
        return;
    struct text filled;
    text_begin(&filled, &arena->allocator);
    bool known = command_fill(text, words, ids, &filled);
    arena->failed |= filled.failed;
    if (known && !filled.failed)
        put_text(arena, node, key, label, report_say(arena, "%s", filled.bytes));
    text_end(&filled);
}

/* What the job has, and the command has no words for. */
static const char *unsaid(struct arena *arena, const speedup_scenario *scenario, const double *layout,
                          const char *command)
{
    const char *list =
        layout[VARIABLE_ATTENTION_DATA] > 1 && !strstr(command, "{attention_data}") ? "attention_data" : "";
    for (size_t i = 0; i < scenario->selection_count; i++) {
        const struct selection *s = &scenario->selections[i];
        const char *id = s->optimization->head.id;
        if (!s->always && has_optimization(scenario, id, strlen(id)) && !command_asks(command, id))
            list = report_say(arena, "%s%s%s", list, *list ? ", " : "", id);
    }
    return *list
               ? report_say(
                     arena,
                     "these commands say nothing of %s; weights of another format come with a file or repository that has them",
                     list)
               : NULL;
}

void report_commands(struct arena *arena, struct node *root, const speedup_scenario *scenario, const double *layout,
                     const double *values)
{
    const struct stack *stack = scenario->stack;
    const struct inference *m = &scenario->job.inference;
    if (!stack || !stack->command || !m->serving || m->front.accelerators > 0 || values[SPEEDUP_METRIC_FITS] == 0)
        return;
    const char *words[COMMAND_WORDS] = {NULL};
    struct command_ids ids = {has_optimization, scenario};
    put_words(arena, scenario, layout, values, words);
    struct node *node = put_object(arena, root, "commands", "Run and check it");
    double copies = layout[VARIABLE_DATA];
    put_number(arena, node, "copies", copies > 1 ? "each of so many copies" : NULL, copies, "1");
    put_command(arena, node, "serve", "server", stack->command, words, &ids);
    put_command(arena, node, "benchmark", "benchmark", stack->benchmark, words, &ids);
    const char *missing = unsaid(arena, scenario, layout, stack->command);
    if (missing)
        put_text(arena, node, "note", "note", missing);
    put_nulls(arena, node, KEYS_COMMANDS);
}
