/* Power and energy of a step: an idle accelerator, joules of an operation and of a byte, and the
 * power limit that sets the clock of products. Knows no layout, model or chip by name.
 * How the numbers of a chip are found stands in data/coefficients/power.yaml. */
#include "estimate/job.h"

struct joules energy_joules(const struct energy *energy, const struct work *work)
{
    return (struct joules){
        .clocked = energy->linear * work->linear + energy->expert * work->expert + energy->head * work->head +
                   energy->attention * work->attention,
        .fixed = energy->moving * work->moving + energy->wire * work->wire,
    };
}

/* The power at which the controller of a chip keeps its mean. */
static double kept(const struct energy *energy, double limit)
{
    return energy->held * limit;
}

/* Near the limit the clock falls until the limit holds, so nothing draws more. */
lanes energy_watts(const struct energy *energy, const struct joules *joules, lanes seconds, double limit)
{
    return lanes_min(energy->idle + (joules->clocked + joules->fixed) / seconds, lanes_of(kept(energy, limit)));
}

/* What is left of the joules at the clock that the rated power allows. */
struct joules energy_at_rated(const struct energy *energy, const struct joules *joules, lanes seconds)
{
    lanes most = (kept(energy, energy->rated) - energy->idle) * seconds - joules->fixed;
    return (struct joules){.clocked = lanes_min(joules->clocked, lanes_max(most, lanes_of(0.0))), .fixed = joules->fixed};
}

/* The same at a lower clock: energy of an operation falls with voltage. */
struct joules energy_at(const struct energy *energy, const struct joules *joules, lanes clock)
{
    lanes share;
    LANES_EACH(share, pow(clock[lane_], energy->clock));
    return (struct joules){.clocked = joules->clocked * share, .fixed = joules->fixed};
}

/* Does a step at a clock keep the job's limit? */
lane_mask energy_within(const struct energy *energy, const struct joules *joules, lanes clock, lanes seconds)
{
    struct joules at = energy_at(energy, joules, clock);
    return energy->idle * seconds + at.clocked + at.fixed <= kept(energy, energy->limit) * seconds;
}
