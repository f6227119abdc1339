/* The value of every entry of the ledger, for a block of layouts: the constant part
 * and what follows from the layout, composed by the entry's rule. */
#include "compose/effects.h"

void effects_begin(const struct effects *effects, lanes out[TARGETS])
{
    for (int i = 0; i < TARGETS; i++)
        out[i] = lanes_of(effects->base[i]);
}

void effect_evaluate(const struct dynamic_effect *effect, const lanes *values, lanes *result)
{
    if (effect->value)
        expression_evaluate(effect->value, values, result);
    for (int lane = 0; lane < LANES && !effect->value; lane++) {
        const speedup_view view = {(const double *)values, lane, LANES};
        (*result)[lane] = effect->callback(effect->user, &view);
    }
    for (size_t i = 0; i < effect->condition_count; i++) {
        lanes met;
        expression_evaluate(&effect->conditions[i], values, &met);
        *result = lanes_select(met != 0, *result, lanes_of(target_base(effect->target)));
    }
}

void effects_evaluate(const struct effects *effects, const lanes variables_[VARIABLES], lanes out[TARGETS],
                      lanes *status)
{
    for (size_t i = 0; i < effects->dynamic_count; i++)
        out[effects->dynamic[i].target] = lanes_of(effects->base[effects->dynamic[i].target]);
    for (size_t i = 0; i < effects->dynamic_count; i++) {
        const struct dynamic_effect *effect = &effects->dynamic[i];
        const struct rule_info *rule = &rules[targets[effect->target].rule];
        lanes value, *at = &out[effect->target];
        effect_evaluate(effect, variables_, &value);
        lane_mask good = (value >= lanes_of(rule->least)) & (value <= lanes_of(rule->most));
        double code = effect->callback ? SPEEDUP_CALLBACK : SPEEDUP_BAD_EFFECT;
        *status = lanes_select(good | (*status != 0), *status, lanes_of(code));
        *at = targets[effect->target].rule == RULE_LARGEST ? lanes_max(*at, value) : *at * value;
    }
    for (size_t i = 0; i < effects->requirement_count; i++) {
        lanes met;
        expression_evaluate(&effects->requirements[i].condition, variables_, &met);
        *status = lanes_select((met != 0) | (*status != 0), *status, lanes_of((double)SPEEDUP_REQUIREMENT));
    }
}
