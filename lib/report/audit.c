/* An audit as a report. Knows the tables of an audit, and no claim. */
#include "report/report.h"

#include <string.h>

static void put_verdict(struct arena *arena, struct node *row, const struct judgement *judgement)
{
    put_text(arena, row, "verdict", "verdict", verdict_names[judgement->verdict]);
    put_text(arena, row, "why", "why", judgement->why);
}

static void put_known(struct arena *arena, struct node *row, const char *key, const char *label, double value,
                      const char *unit)
{
    if (value > 0)
        put_number(arena, row, key, label, value, unit);
    else
        put_text(arena, row, key, label, NULL);
}

static void put_headlines(struct arena *arena, struct node *root, const struct audit *audit)
{
    struct node *list = put_list(arena, root, "headlines", "Headlines");
    for (size_t i = 0; i < audit->headline_count; i++) {
        const struct headline *h = &audit->headlines[i];
        struct node *row = put_object(arena, list, NULL, NULL);
        put_text(arena, row, "name", "claim", h->name);
        put_text(arena, row, "from", "from", h->from);
        put_text(arena, row, "to", "to", h->to);
        put_number(arena, row, "claimed", "claimed", h->factor, "x");
        put_number(arena, row, "ratio", "ratio", h->implied, "x");
        if (h->modelled > 0) {
            put_number(arena, row, "modelled_from", NULL, h->modelled_from, "1");
            put_number(arena, row, "modelled_to", NULL, h->modelled_to, "1");
            put_text(arena, row, "configuration", NULL, h->configuration);
        }
        put_known(arena, row, "modelled", "modelled", h->modelled, "x");
        put_verdict(arena, row, &h->judgement);
        put_nulls(arena, row, KEYS_AUDIT_HEADLINE);
    }
}

/* What the parts of the whole would have to be for the product to be true. */
static void put_shares(struct arena *arena, struct node *table, const struct gains *g)
{
    struct node *parts = put_list(arena, table, "shares", report_say(arena, "Shares of the baseline that would make %s true", report_quantity(arena, "x", g->overall)));
    for (size_t p = 0; p < g->part_count; p++) {
        struct node *row = put_object(arena, parts, NULL, NULL);
        put_text(arena, row, "resource", "resource", g->parts[p].resource);
        put_number(arena, row, "factor", "shrinks by", g->parts[p].factor, "x");
        put_number(arena, row, "largest_share", "share at most", g->parts[p].largest_share, "%");
        if (g->modelled_effective > 0)
            put_number(arena, row, "modelled_share", "modelled share", g->parts[p].modelled_share, "%");
        put_nulls(arena, row, KEYS_AUDIT_SHARE);
    }
}

static void put_gains(struct arena *arena, struct node *parent, const struct gains *g)
{
    struct node *table = put_object(arena, parent, g->name, report_say(arena, "Gains claimed for %s (%s)", g->name, g->quantity));
    put_text(arena, table, "name", NULL, g->name);
    struct node *rows = put_list(arena, table, "rows", "");
    for (size_t i = 0; i < g->count; i++) {
        const struct gain *gain = &g->rows[i];
        struct node *row = put_object(arena, rows, NULL, NULL);
        put_text(arena, row, "optimization", "optimization", gain->name);
        put_number(arena, row, "factor", "claimed", gain->factor, "x");
        put_known(arena, row, "claimed_cumulative", "cumulative", gain->claimed_cumulative, "x");
        put_number(arena, row, "cumulative", "recomputed", gain->cumulative, "x");
        if (g->rows[0].modelled > 0) {
            put_known(arena, row, "modelled", "modelled", gain->modelled, "x");
            put_known(arena, row, "modelled_cumulative", "in all", gain->modelled_cumulative, "x");
        }
        put_verdict(arena, row, &gain->judgement);
        put_nulls(arena, row, KEYS_AUDIT_GAIN);
    }
    put_number(arena, table, "overall", "claimed in all", g->overall, "x");
    put_number(arena, table, "nominal", "product (nominal)", g->composition.nominal, "x");
    put_number(arena, table, "guaranteed", "guaranteed (min-bound)", g->composition.guaranteed, "x");
    if (g->modelled_effective > 0)
        put_number(arena, table, "effective", "effective, with the model's shares", g->modelled_effective, "x");
    if (g->configuration)
        put_text(arena, table, "configuration", "modelled on", g->configuration);
    put_verdict(arena, table, &g->judgement);
    bool bound = g->composition.nominal > g->overall * 1.05;
    if (bound)
        put_shares(arena, table, g);
    put_nulls(arena, table, KEYS_AUDIT_GAINS);
}

static void put_training(struct arena *arena, struct node *root, const struct audit *audit)
{
    struct node *list = put_list(arena, root, "training_costs", "Runs: money, and what each accelerator would have to do");
    for (size_t i = 0; i < audit->training_count; i++) {
        const struct training_cost *c = &audit->training[i];
        struct node *row = put_object(arena, list, NULL, NULL);
        put_text(arena, row, "name", "row", c->name);
        put_number(arena, row, "accelerators", "accelerators", c->accelerators, "1");
        put_number(arena, row, "claimed_seconds", "claimed", c->days, "s");
        put_number(arena, row, "claimed_cost", "for", c->cost, "USD");
        put_number(arena, row, "usd_per_hour", "an hour", c->per_hour, "USD");
        put_known(arena, row, "price_low", NULL, c->price_low, "USD");
        put_known(arena, row, "price_high", NULL, c->price_high, "USD");
        put_number(arena, row, "needed_flops_per_second", "must sustain", c->needed, "FLOP/s");
        put_number(arena, row, "over_peak", "over peak", c->needed / c->peak, "x");
        put_text(arena, row, "precision", "in", c->precision);
        put_interval(arena, row, "modelled_seconds", NULL, c->modelled_days, c->modelled_low, c->modelled_high, "s");
        put_known(arena, row, "modelled", "modelled", c->modelled_days, "s");
        put_bool(arena, row, "modelled_fits", "fits", c->modelled_fits);
        put_text(arena, row, "configuration", NULL, c->configuration);
        put_number(arena, row, "modelled_cost", NULL, c->modelled_cost, "USD");
        put_verdict(arena, row, &c->judgement);
    }
}

static void put_serving(struct arena *arena, struct node *root, const struct audit *audit)
{
    struct node *list = put_list(arena, root, "serving_costs", "Inference: cost of a million tokens, or tokens a second");
    for (size_t i = 0; i < audit->serving_count; i++) {
        const struct serving_cost *c = &audit->serving[i];
        struct node *row = put_object(arena, list, NULL, NULL);
        put_text(arena, row, "name", "row", c->name);
        put_number(arena, row, "claimed", "claimed", c->claimed, c->unit);
        if (c->modelled > 0)
            put_interval(arena, row, "modelled", "modelled", c->modelled, c->low, c->high, c->unit);
        else
            put_text(arena, row, "modelled", "modelled", NULL);
        put_known(arena, row, "usd_per_hour", NULL, c->price, "USD");
        put_text(arena, row, "configuration", NULL, c->configuration);
        put_verdict(arena, row, &c->judgement);
    }
}

static void put_identities(struct arena *arena, struct node *root, const struct audit *audit)
{
    struct node *list = put_list(arena, root, "identities", "Identities");
    for (size_t i = 0; i < audit->identity_count; i++) {
        const struct identity *d = &audit->identities[i];
        struct node *row = put_object(arena, list, NULL, NULL);
        put_text(arena, row, "name", "of", d->name);
        put_known(arena, row, "claimed", "claimed", d->claimed, "1");
        put_text(arena, row, "expression", "expression", d->expression);
        put_known(arena, row, "value", "value", d->value, "1");
        if (d->value > 0)
            put_number(arena, row, "error", "error", d->error, "%");
        put_known(arena, row, "exponent", "exact exponent", d->exponent, "1");
        put_verdict(arena, row, &d->judgement);
        put_nulls(arena, row, KEYS_AUDIT_IDENTITY);
    }
}

speedup_status report_audit_tree(speedup_context *context, const struct audit *audit, struct arena *arena,
                                 struct node *root)
{
    put_text(arena, root, "title", "", audit->title ? audit->title : "Claims");
    if (audit->source)
        put_text(arena, root, "source", NULL, audit->source);
    if (audit->headline_count)
        put_headlines(arena, root, audit);
    struct node *gains = audit->gains_count ? put_object(arena, root, "gains", "Gains that are said to compose") : NULL;
    for (size_t i = 0; i < audit->gains_count; i++)
        put_gains(arena, gains, &audit->gains[i]);
    if (audit->training_count)
        put_training(arena, root, audit);
    if (audit->serving_count)
        put_serving(arena, root, audit);
    if (audit->identity_count)
        put_identities(arena, root, audit);
    put_nulls(arena, root, KEYS_AUDIT);
    return context->first;
}

/* The document as text, or else the file at a path. */
static speedup_status audit_document(speedup_context *context, const speedup_catalog *catalog, const char *name,
                                     const char *yaml, size_t length, int32_t format, speedup_text **text)
{
    diagnostics_clear(context);
    struct arena arena;
    struct yaml_tree tree;
    struct audit audit;
    arena_begin(&arena, &context->allocator);
    struct node *root = report_begin(&arena);
    speedup_status status = yaml ? yaml_read(context, &arena, name, yaml, length, &tree)
                                 : yaml_read_file(context, &arena, name, &tree);
    if (!status && root && !plan_audit(context, catalog, &arena, &tree, &audit))
        report_audit_tree(context, &audit, &arena, root);
    status = report_finish(context, &arena, root, format, text);
    arena_end(&arena);
    return status;
}

speedup_status speedup_report_audit(speedup_context *context, const speedup_catalog *catalog, const char *name,
                                    const char *yaml, size_t length, int32_t format, speedup_text **text)
{
    if (text)
        *text = NULL;
    REQUIRE_GIVEN(context, context);
    REQUIRE_GIVEN(context, catalog);
    REQUIRE_GIVEN(context, text);
    REQUIRE_ROOM(context, yaml, length);
    return audit_document(context, catalog, name ? name : "<text>", yaml ? yaml : "", length, format, text);
}

speedup_status speedup_report_audit_file(speedup_context *context, const speedup_catalog *catalog, const char *path,
                                         int32_t format, speedup_text **text)
{
    if (text)
        *text = NULL;
    REQUIRE_GIVEN(context, context);
    REQUIRE_GIVEN(context, catalog);
    REQUIRE_GIVEN(context, path);
    REQUIRE_GIVEN(context, text);
    return audit_document(context, catalog, path, NULL, 0, format, text);
}
