/* Calibrations: values of coefficients that an accelerator, a stack or a job brings. */
#include "catalog/catalog.h"

#include <string.h>

void calibration_read(speedup_context *context, const speedup_catalog *catalog, struct arena *arena,
                      const struct yaml_tree *tree, uint32_t node, struct calibration *calibration)
{
    if (!node || !expect_kind(context, tree, node, YAML_MAPPING, "calibration"))
        return;
    uint32_t inherited = calibration->count, own = yaml_at(tree, node)->length;
    struct setting *settings = arena_zeroed(arena, inherited + own, sizeof *settings);
    if (!settings)
        return;
    if (inherited)
        memcpy(settings, calibration->settings, inherited * sizeof *settings);
    calibration->settings = settings;
    for (uint32_t key = yaml_at(tree, node)->first; key && !problems_full(context);
         key = yaml_at(tree, yaml_at(tree, key)->next)->next) {
        const char *id = yaml_text(tree, key);
        const struct coefficient *coefficient =
            (const struct coefficient *)catalog_find(catalog, KIND_COEFFICIENT, id);
        if (!coefficient) {
            struct place place = yaml_place(tree, key);
            catalog_missing(context, catalog, KIND_COEFFICIENT, id, &place);
            continue;
        }
        double value;
        if (!read_number(context, tree, yaml_at(tree, key)->next, id, DIMENSION_NONE, coefficient->least,
                         coefficient->most, &value))
            continue;
        uint32_t at = 0;
        while (at < inherited && settings[at].slot != coefficient->slot)
            at++;
        settings[at < inherited ? at : calibration->count++] = (struct setting){coefficient->slot, value};
    }
}
