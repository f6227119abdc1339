/* What the making of all jobs shares: how names, optimizations, prices and coefficients
 * of a description become a job. */
#ifndef ESTIMATE_SCENARIO_PARTS_H
#define ESTIMATE_SCENARIO_PARTS_H

#include "estimate/layout.h"
#include "estimate/scenario.h"

/* An optimization with its parameters, which live in the arena; false after telling what is wrong. */
bool selection_make(speedup_context *context, const speedup_catalog *catalog, enum job_kind job, struct arena *arena,
                    const struct choice *choice, struct selection *selection);

/* Does it choose how weights are kept, of whatever part? */
bool chooses_weights(const struct optimization *optimization);

/* Has the file of a model its weights narrower than in 16 bits? */
bool has_narrow_weights(const struct model *model);

/* Finds what the description names; all problems are told. */
void scenario_gather(speedup_context *context, speedup_scenario *scenario);

/* Makes the job of a description without problems; `layout` gives the layout's variables by number. */
speedup_status scenario_complete(speedup_context *context, speedup_scenario *scenario, const double layout[VARIABLES]);

/* Tells of a sequence longer than the window of a model; NULL for none. In training that is a warning alone, where positions
 * are not learned. False when it is longer. */
bool check_window(speedup_context *context, const struct model *model, enum job_kind kind, double tokens, const struct place *place);

/* The engine of a training job that has a rollout, as a scenario of its own that the job's owns. Of a job without problems. */
void rollout_make(speedup_context *context, speedup_scenario *scenario);

/* Has the software, or did somebody measure, anything of inference? */
bool stack_serves(const speedup_scenario *scenario);

/* The kinds of descriptions, each made into a job. */
speedup_status training_make(speedup_context *context, speedup_scenario *scenario);
speedup_status inference_make(speedup_context *context, speedup_scenario *scenario);

#endif
