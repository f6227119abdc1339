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

/* The joules at the rated power, whose limit may have slowed products down already. */
struct joules energy_at_rated(const struct energy *energy, const struct joules *joules, lanes seconds)
{
    lanes most = (kept(energy, energy->rated) - energy->idle) * seconds - joules->fixed;
    return (struct joules){.clocked = lanes_min(joules->clocked, lanes_max(most, lanes_of(0.0))), .fixed = joules->fixed};
}

/* The same where products run at a share of that rate: voltage follows the clock, and energy its square. */
struct joules energy_at(const struct energy *energy, const struct joules *joules, lanes rate)
{
    lanes share;
    LANES_EACH(share, pow(rate[lane_], energy->rate));
    return (struct joules){.clocked = joules->clocked * share, .fixed = joules->fixed};
}

/* Does a step keep the job's limit with products at that rate? */
lane_mask energy_within(const struct energy *energy, const struct joules *joules, lanes rate, lanes seconds)
{
    struct joules at = energy_at(energy, joules, rate);
    return energy->idle * seconds + at.clocked + at.fixed <= kept(energy, energy->limit) * seconds;
}
