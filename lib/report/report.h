/* What the reports share: finishing a tree as a text for the caller. */
#ifndef REPORT_REPORT_H
#define REPORT_REPORT_H

#include "plan/attribution.h"
#include "plan/audit.h"
#include "plan/fit.h"
#include "report/keys.h"

#include <speedup/report.h>

/* Renders the tree, or tells that memory ran out. */
speedup_status report_finish(speedup_context *context, const struct arena *arena, const struct node *root,
                             int32_t format, speedup_text **text);

/* A text of the caller's from a growing string, which it takes over. */
speedup_status report_hand_over(speedup_context *context, struct text *built, speedup_text **text);

/* The explained answer of a scenario, as a tree. */
speedup_status report_estimate_tree(speedup_context *context, const speedup_scenario *scenario, struct arena *arena,
                                    struct node *root);
speedup_status report_audit_tree(speedup_context *context, const struct audit *audit, struct arena *arena,
                                 struct node *root);

/* Parts that reports of all kinds of jobs have. A word is as the library lists it, but
 * with shares shown as percentages; a metric comes with its interval. */
speedup_word report_word(int metric);
void report_metric(struct arena *arena, struct node *parent, const double *values, int metric, const char *label,
                   double confidence);
void report_fits(struct arena *arena, struct node *answer, const speedup_scenario *scenario, const double *values);
void report_memory(struct arena *arena, struct node *root, const double *values);

/* Is a job trained on sequences longer than its model's window? */
void report_window(struct arena *arena, struct node *root, const speedup_scenario *scenario);

/* Does a kind of job have this variable of its layout? */
bool report_has_variable(enum job_kind kind, enum variable variable);

/* "LLaMA 65B on 8 x ...": the job in a line. */
const char *report_job(struct arena *arena, const speedup_scenario *scenario);

/* What a plain machine was taken for, where the job names no system. */
void report_system(struct arena *arena, struct node *root, const speedup_scenario *scenario);

/* What a job lacks, for a sentence; and the sets of means that mend it: how many there are. */
const char *report_lacking(struct arena *arena, const speedup_scenario *scenario, const speedup_remedy *own);
size_t report_remedies(struct arena *arena, struct node *root, const speedup_remedies *remedies, const char *title);

/* Parts of an inference job's own. */
void report_inference_answer(struct arena *arena, struct node *root, const speedup_scenario *scenario, const double *values);
void report_inference_terms(struct arena *arena, struct node *root, const speedup_scenario *scenario, const double *values);
void report_inference_waterfall(struct arena *arena, struct node *root, const speedup_scenario *scenario,
                                const struct waterfall_step *steps, size_t count);

/* How a service is started and measured, where its software's entry says so: one of the copies of a layout. */
void report_commands(struct arena *arena, struct node *root, const speedup_scenario *scenario, const double *layout, const double *values);

/* The reason of a contribution in words, made from its figures alone. */
const char *report_reason(struct arena *arena, const speedup_contribution *contribution);

/* The same of a step of a waterfall, for programs: the text has its figures beside it. */
void report_step_reason(struct arena *arena, struct node *row, const speedup_scenario *scenario,
                        const struct waterfall_step *step, const double *before);

/* Parts of a plan's report: why the best is the best; with threads to search again also
 * what binds it and what more of it is worth; without a plan, what would make one possible. */
void report_why(speedup_context *context, struct arena *arena, struct node *root, const speedup_result *result,
                uint32_t threads);

/* A plan as fields of a row; the figures alone. */
void report_plan_row(struct arena *arena, struct node *row, const speedup_space *space, uint64_t index);
void report_figures(struct arena *arena, struct node *row, const speedup_space *space, const double *values);

/* Formatted text in the arena, for labels and sentences. */
const char *report_say(struct arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A quantity for people, in the arena. */
const char *report_quantity(struct arena *arena, const char *unit, double value);

#endif
