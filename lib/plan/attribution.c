/* Attribution by adding optimizations one at a time. Knows no optimization by name. */
#include "plan/attribution.h"

#include <string.h>

speedup_status plan_waterfall(speedup_context *context, const speedup_scenario *scenario, struct arena *arena,
                              struct waterfall_step **steps, size_t *count)
{
    *count = scenario->selection_count - scenario->baseline_count + 1;
    *steps = arena_zeroed(arena, *count, sizeof **steps);
    if (!*steps)
        return no_memory(context);
    for (size_t i = 0; i < *count; i++) {
        struct waterfall_step *step = &(*steps)[i];
        size_t selected = scenario->baseline_count + i;
        struct job job;
        speedup_status status = scenario_prefix(context, scenario, arena, selected, &job);
        if (status)
            return status;
        lanes v[VARIABLES], out[METRICS];
        memcpy(v, scenario->variables, sizeof v);
        job_evaluate(&job, v, out);
        for (int m = 0; m < METRICS; m++)
            step->values[m] = out[m][0];
        if (i) {
            step->added = scenario->selections[selected - 1].optimization;
            step->superseded =
                selection_superseded(scenario->selections, scenario->selection_count, selected - 1);
        }
    }
    return SPEEDUP_OK;
}
