/* What the parts of an audit share: sentences, lists of the document, judging one figure
 * by another, and jobs that stand in the document. Knows no kind of claim. */
#include "plan/auditor.h"

#include "base/number.h"

#include <stdio.h>
#include <string.h>

/* A figure agrees within half a percent; within five it may have been rounded. */
static const double agreement = 0.005, rounding = 0.05;

const char *auditor_say(const struct auditor *a, const char *format, ...)
{
    struct text text;
    text_begin(&text, &a->context->allocator);
    va_list arguments;
    va_start(arguments, format);
    text_vformat(&text, format, arguments);
    va_end(arguments);
    const char *kept = text.failed || !text.bytes ? NULL : arena_copy(a->arena, text.bytes, text.length);
    text_end(&text);
    if (!kept)
        a->arena->failed = true;
    return kept ? kept : "";
}

const char *auditor_digits(const struct auditor *a, double value, int count)
{
    char buffer[NUMBER_TEXT];
    return auditor_say(a, "%s", number_digits(buffer, value, count));
}

struct judgement auditor_compare(const struct auditor *a, double claimed, double computed, const char *what)
{
    double error = fabs(claimed / computed - 1);
    if (error <= agreement)
        return (struct judgement){VERDICT_AGREES, auditor_say(a, "%s is %s", what, auditor_digits(a, computed, 4))};
    if (error <= rounding)
        return (struct judgement){VERDICT_ROUNDING, auditor_say(a, "%s is %s", what, auditor_digits(a, computed, 4))};
    return (struct judgement){VERDICT_CONTRADICTS,
                              auditor_say(a, "%s is %s, not %s", what, auditor_digits(a, computed, 4), auditor_digits(a, claimed, 4))};
}

/* A list's items as an array of nodes; every one must be a mapping. */
size_t auditor_items(const struct auditor *a, uint32_t list, const char *what, uint32_t **items)
{
    *items = NULL;
    if (!list || !expect_kind(a->context, a->tree, list, YAML_SEQUENCE, what))
        return 0;
    size_t count = 0;
    *items = arena_zeroed(a->arena, yaml_at(a->tree, list)->length, sizeof **items);
    for (uint32_t item = *items ? yaml_at(a->tree, list)->first : 0; item; item = yaml_at(a->tree, item)->next)
        (*items)[count++] = item;
    return count;
}

void auditor_read(const struct auditor *a, uint32_t node, const struct record_table *table, void *record)
{
    record_read(a->context, a->tree, node, table, NULL, record);
    record_require(a->context, a->tree, node, table, record);
}

/* Texts of a list, ended by NULL. */
const char **auditor_names(const struct auditor *a, uint32_t list, const char *what, size_t *count)
{
    *count = 0;
    if (!list || !expect_kind(a->context, a->tree, list, YAML_SEQUENCE, what))
        return NULL;
    const char **names = arena_zeroed(a->arena, yaml_at(a->tree, list)->length + 1, sizeof *names);
    for (uint32_t item = names ? yaml_at(a->tree, list)->first : 0; item; item = yaml_at(a->tree, item)->next)
        if (read_text(a->context, a->tree, item, what, &names[*count]))
            ++*count;
    return names;
}

bool auditor_job(const struct auditor *a, uint32_t node, struct audited_job *job)
{
    *job = (struct audited_job){.catalog = NULL};
    if (!expect_kind(a->context, a->tree, node, YAML_MAPPING, "job"))
        return false;
    struct yaml_tree *tree = arena_zeroed(a->arena, 1, sizeof *tree);
    if (!tree)
        return no_memory(a->context) == SPEEDUP_OK;
    *tree = *a->tree;
    tree->root = node;
    uint32_t section = 0;
    if (catalog_with(a->context, a->catalog, tree, scenario_sections, &job->catalog))
        return false;
    struct job_description *d = &job->described;
    enum section found = scenario_section(a->context, tree, node, &section);
    if (found == SECTIONS)
        return false;
    description_begin(found, d);
    description_read(a->context, a->arena, tree, section, d);
    bool serving = found != SECTION_TRAIN;
    job->open_system = serving && !d->system;
    job->open_layout = serving && d->accelerators <= 0;
    job->open_load = serving && d->concurrency <= 0 && d->request_rate <= 0 && d->batch <= 0;
    return !a->context->first;
}

void auditor_job_end(struct audited_job *job)
{
    speedup_catalog_unref(job->catalog);
}

void auditor_place(struct audited_job *job, const char *system, double tensor, double load)
{
    struct job_description *d = &job->described, whole;
    description_begin(d->section, &whole);
    if (job->open_system)
        d->system = system;
    if (job->open_layout) {
        d->accelerators = tensor;
        d->layout = whole.layout;
        d->layout.tensor = tensor;
    }
    if (job->open_load)
        *(d->section == SECTION_SERVE ? &d->concurrency : &d->batch) = load;
    description_give(d, "system");
    description_give(d, "accelerators");
    description_give(d, d->section == SECTION_SERVE ? "concurrency" : "batch");
}

speedup_scenario *auditor_model(speedup_context *context, const struct audited_job *job)
{
    speedup_scenario *made = scenario_allocate(context), *scenario = NULL;
    if (!made)
        return NULL;
    made->asked = job->described;
    scenario_make(context, job->catalog, made, &scenario);
    return scenario;
}
