/* Composition: one rule per entry of the ledger, who is superseded, what conflicts,
 * and the same bits from YAML, builder and callback. */
#include "helper.h"

#include "json.h"

#include <stdio.h>
#include <string.h>

/* A job with a list of optimizations of the test's own. */
static char *job_with(char *out, size_t room, const char *optimizations)
{
    snprintf(out, room,
             "train: {model: llama-7b, system: dgx-a100-80gb, accelerators: 16, sequence: 2048, global_batch: 64, "
             "micro_batch: 2, layout: {tensor: 2}, optimizations: [%s]}\n",
             optimizations);
    return out;
}

static void estimate_with(const speedup_catalog *catalog, const char *optimizations, double values[SPEEDUP_METRIC_COUNT])
{
    char yaml[2000];
    estimate_of(catalog, job_with(yaml, sizeof yaml, optimizations), PLAIN, values);
}

static speedup_status refused_with(const speedup_catalog *catalog, const char *optimizations)
{
    char yaml[2000];
    return refused_scenario(catalog, job_with(yaml, sizeof yaml, optimizations), PLAIN);
}

/* The value of one entry of the ledger, from the report of the composition. */
static double entry_of(const speedup_catalog *catalog, const char *optimizations, const char *target)
{
    char yaml[2000], path[80], name[100];
    speedup_text *text = NULL;
    speedup_scenario *scenario = scenario_of(catalog, job_with(yaml, sizeof yaml, optimizations), PLAIN);
    assert_ok(speedup_report_composition(world.context, scenario, SPEEDUP_FORMAT_JSON, &text));
    double value = -1;
    size_t count = json_count(speedup_text_get(text), "effects");
    for (size_t i = 0; i < count; i++) {
        snprintf(path, sizeof path, "effects[%zu].target", i);
        assert_true(json_string(speedup_text_get(text), path, name, sizeof name));
        if (strcmp(name, target))
            continue;
        snprintf(path, sizeof path, "effects[%zu].value", i);
        assert_true(json_number(speedup_text_get(text), path, &value));
    }
    speedup_text_destroy(text);
    speedup_scenario_unref(scenario);
    return value;
}

#define ROWS                                                                                                  \
    "optimizations:\n"                                                                                        \
    "  half: {effects: {loss.bytes: 1 / 2, memory.weights: 1 / 2, recompute.layer: 0.25}}\n"                   \
    "  third: {effects: {loss.bytes: 1 / 3, memory.weights: 1 / 3, recompute.layer: 0.75}}\n"                  \
    "  ranks: {effects: {loss.bytes: 1 / data, recompute.layer: 1 / data}}\n"

static void factors_on_one_work_multiply(void **state)
{
    (void)state;
    speedup_catalog *catalog = extend(world.catalog, ROWS);
    assert_bits(entry_of(catalog, "half", "loss.bytes"), 0.5);
    assert_bits(entry_of(catalog, "half, third", "loss.bytes"), 0.5 * (1.0 / 3));
    assert_bits(entry_of(catalog, "half, third, ranks", "loss.bytes"), 0.5 * (1.0 / 3) * (1.0 / 8));
    speedup_catalog_unref(catalog);
}

static void factors_on_a_memory_component_multiply(void **state)
{
    (void)state;
    speedup_catalog *catalog = extend(world.catalog, ROWS);
    double before[SPEEDUP_METRIC_COUNT], after[SPEEDUP_METRIC_COUNT];
    estimate_with(catalog, "", before);
    estimate_with(catalog, "half, third", after);
    assert_near(after[SPEEDUP_METRIC_MEMORY_WEIGHTS], before[SPEEDUP_METRIC_MEMORY_WEIGHTS] / 6, 1e-14);
    /* The total shrinks less: its other components stay. */
    assert_true(after[SPEEDUP_METRIC_MEMORY_PEAK] > before[SPEEDUP_METRIC_MEMORY_PEAK] / 6);
    speedup_catalog_unref(catalog);
}

static void of_overlaps_the_largest_holds(void **state)
{
    (void)state;
    speedup_catalog *catalog = extend(world.catalog, ROWS);
    assert_bits(entry_of(catalog, "half, third", "recompute.layer"), 0.75);
    assert_bits(entry_of(catalog, "third, half", "recompute.layer"), 0.75);
    assert_bits(entry_of(catalog, "third, ranks", "recompute.layer"), 0.75);
    assert_bits(entry_of(catalog, "ranks", "recompute.layer"), 0.125);
    speedup_catalog_unref(catalog);
}

static void two_choices_must_agree_or_one_supersede(void **state)
{
    (void)state;
    speedup_catalog *catalog = extend(world.catalog, "optimizations:\n"
                                                     "  a: {effects: {weights.precision: bf16}}\n"
                                                     "  b: {effects: {weights.precision: fp16}}\n"
                                                     "  c: {effects: {weights.precision: bf16}}\n"
                                                     "  d: {effects: {weights.precision: fp16}, supersedes: [a]}\n");
    double values[SPEEDUP_METRIC_COUNT];
    assert_int_equal(refused_with(catalog, "a, b"), SPEEDUP_CHOICE_CONFLICT);
    assert_contains(speedup_diagnostic_message(world.context, 0), "'b' sets weights.precision to fp16, but 'a' sets it to bf16");
    estimate_with(catalog, "a, c", values);
    estimate_with(catalog, "a, d", values);
    speedup_catalog_unref(catalog);
}

static void what_is_superseded_has_no_effect(void **state)
{
    (void)state;
    speedup_catalog *catalog = extend(world.catalog, "optimizations:\n"
                                                     "  old: {effects: {loss.bytes: 0.5}, requires: {data: '> 1000'}}\n"
                                                     "  new: {effects: {loss.bytes: 0.25}, supersedes: [old]}\n");
    double alone[SPEEDUP_METRIC_COUNT], both[SPEEDUP_METRIC_COUNT];
    estimate_with(catalog, "new", alone);
    estimate_with(catalog, "old, new", both);
    assert_memory_equal(alone, both, sizeof both);
    estimate_with(catalog, "new, old", both);
    assert_memory_equal(alone, both, sizeof both);
    speedup_catalog_unref(catalog);
}

static void optimizations_that_exclude_each_other_are_refused(void **state)
{
    (void)state;
    speedup_catalog *catalog = extend(world.catalog, "optimizations:\n  a: {excludes: [b, not-there]}\n  b: {effects: {loss.bytes: 0.5}}\n");
    assert_int_equal(refused_with(catalog, "a, b"), SPEEDUP_EXCLUDED);
    assert_int_equal(refused_with(catalog, "b, a"), SPEEDUP_EXCLUDED);
    assert_string_equal(speedup_diagnostic_message(world.context, 0), "'b' and 'a' exclude each other; keep one of them");
    assert_int_equal(refused_with(catalog, "a, a"), SPEEDUP_EXCLUDED);
    assert_int_equal(refused_with(catalog, "a"), SPEEDUP_OK);
    speedup_catalog_unref(catalog);
}

static void requirements_on_the_machine_and_on_the_layout_are_checked(void **state)
{
    (void)state;
    speedup_catalog *catalog = extend(world.catalog, "optimizations:\n"
                                                     "  new-chip: {requires: {compute_capability: '>= 9.0'}}\n"
                                                     "  many: {requires: {data: '> 8', tensor * pipeline: '== 2'}}\n"
                                                     "  some: {requires: {data: '>= 8'}}\n");
    assert_int_equal(refused_with(catalog, "new-chip"), SPEEDUP_REQUIREMENT);
    assert_string_equal(speedup_diagnostic_message(world.context, 0), "'new-chip' requires compute_capability >= 9.0");
    assert_int_equal(refused_with(catalog, "many"), SPEEDUP_REQUIREMENT);
    assert_int_equal(speedup_diagnostic_count(world.context), 1);
    assert_int_equal(refused_with(catalog, "some"), SPEEDUP_OK);
    speedup_catalog_unref(catalog);
}

static void an_optimization_must_be_for_the_kind_of_job(void **state)
{
    (void)state;
    assert_int_equal(refused_with(world.catalog, "speculative-decoding"), SPEEDUP_NOT_APPLICABLE);
}

static void parameters_are_read_by_name_within_their_range(void **state)
{
    (void)state;
    speedup_catalog *catalog =
        extend(world.catalog, "optimizations:\n  p: {parameters: {share: {value: 0.5, most: 1}, other: 2}, effects: {loss.bytes: share / other}}\n");
    assert_bits(entry_of(catalog, "p", "loss.bytes"), 0.25);
    assert_bits(entry_of(catalog, "p: {share: 1}", "loss.bytes"), 0.5);
    assert_bits(entry_of(catalog, "p: {other: 8, share: 0.25}", "loss.bytes"), 0.03125);
    assert_int_equal(refused_with(catalog, "p: {share: 2}"), SPEEDUP_OUT_OF_RANGE);
    assert_int_equal(refused_with(catalog, "p: {shar: 1}"), SPEEDUP_UNKNOWN_PARAMETER);
    assert_contains(speedup_diagnostic_message(world.context, 0), "did you mean 'share'?");
    speedup_catalog_unref(catalog);
}

/* Effects of the base keep reading the parameters that they were compiled with. */
static void parameters_of_a_base_stay_with_its_effects(void **state)
{
    (void)state;
    speedup_catalog *catalog = extend(world.catalog, "optimizations:\n"
                                                     "  p: {parameters: {a: 0.5, b: 0.25}, effects: {loss.bytes: b}}\n"
                                                     "  q: {base: p, parameters: {c: 0.125}}\n"
                                                     "  r: {base: p, parameters: {b: 0.75, d: 1}, effects: {loss.bytes: a * b * d}}\n");
    assert_bits(entry_of(catalog, "p", "loss.bytes"), 0.25);
    assert_bits(entry_of(catalog, "q", "loss.bytes"), 0.25);
    assert_bits(entry_of(catalog, "q: {b: 0.5}", "loss.bytes"), 0.5);
    assert_bits(entry_of(catalog, "r", "loss.bytes"), 0.375);
    speedup_catalog_unref(catalog);
}

static void an_effect_without_a_phase_acts_on_every_phase(void **state)
{
    (void)state;
    speedup_catalog *catalog =
        extend(world.catalog, "optimizations:\n  e: {effects: {attention.flops: 0.5, attention.flops@backward: 3}}\n");
    assert_bits(entry_of(catalog, "e", "attention.flops@forward"), 0.5);
    assert_bits(entry_of(catalog, "e", "attention.flops@backward"), 1.5);
    speedup_catalog_unref(catalog);
}

static void effects_are_checked_when_they_are_read(void **state)
{
    (void)state;
    assert_int_equal(refused_catalog(world.catalog, "optimizations:\n  e: {effects: {matmul.flop: 1}}\n"), SPEEDUP_UNKNOWN_TARGET);
    assert_contains(speedup_diagnostic_message(world.context, 0), "did you mean 'matmul.flops'?");
    assert_int_equal(refused_catalog(world.catalog, "optimizations:\n  e: {effects: {matmul.flops@sideways: 1}}\n"), SPEEDUP_UNKNOWN_TARGET);
    assert_int_equal(refused_catalog(world.catalog, "optimizations:\n  e: {effects: {loss.bytes: -1}}\n"), SPEEDUP_BAD_EFFECT);
    assert_int_equal(refused_catalog(world.catalog, "optimizations:\n  e: {effects: {loss.bytes: 1 / 0}}\n"), SPEEDUP_DIVISION_BY_ZERO);
    assert_int_equal(refused_catalog(world.catalog, "optimizations:\n  e: {effects: {loss.bytes: dat}}\n"), SPEEDUP_UNKNOWN_NAME);
    assert_int_equal(refused_catalog(world.catalog, "optimizations:\n  e: {effects: {matmul.precision: bf17}}\n"), SPEEDUP_UNKNOWN_CHOICE);
}

static void an_effect_that_fails_on_this_job_is_told(void **state)
{
    (void)state;
    speedup_catalog *catalog = extend(world.catalog, "optimizations:\n"
                                                     "  zero: {effects: {loss.bytes: 1 / experts}}\n"
                                                     "  negative: {effects: {loss.bytes: 1 - data}}\n");
    assert_int_equal(refused_with(catalog, "zero"), SPEEDUP_DIVISION_BY_ZERO);
    assert_int_equal(refused_with(catalog, "negative"), SPEEDUP_BAD_EFFECT);
    assert_int_equal(refused_with(catalog, "zero, negative"), SPEEDUP_DIVISION_BY_ZERO);
    speedup_catalog_unref(catalog);
}

static double by_data(void *user, const speedup_view *view)
{
    (void)user;
    return 1 / speedup_view_variable(view, SPEEDUP_VARIABLE_DATA);
}

static double constant(void *user, const speedup_view *view)
{
    (void)view;
    return *(const double *)user;
}

static double not_a_number(void *user, const speedup_view *view)
{
    (void)user;
    return speedup_view_variable(view, -1) / speedup_view_variable(view, 100000);
}

/* Three ways to one row: with an effect that follows from the layout and a constant one. */
static speedup_catalog *with_builder(const speedup_catalog *base, bool callback)
{
    static double tenth = 0.1;
    speedup_optimization *o;
    speedup_catalog *catalog;
    assert_ok(speedup_optimization_create(world.context, "row", NULL, &o));
    assert_ok(speedup_optimization_applies_to(o, "training"));
    assert_ok(speedup_optimization_parameter(o, "share", 0.5, 0, 1, "a \"share\""));
    assert_ok(speedup_optimization_require(o, "data > 1"));
    assert_ok(speedup_optimization_exclude(o, "zero-3"));
    assert_ok(speedup_optimization_supersede(o, "zero-1"));
    assert_ok(speedup_optimization_set_source(o, "the tests"));
    assert_ok(speedup_optimization_claim(o, "memory.optimizer", 8, NULL));
    assert_ok(speedup_optimization_claim(o, "throughput", 1.1, "some: \"table\"\n"));
    assert_ok(speedup_optimization_effect(o, "recompute.layer", "share"));
    assert_ok(speedup_optimization_effect(o, "matmul.precision", "bf16"));
    if (callback) {
        assert_ok(speedup_optimization_callback(o, "memory.optimizer", by_data, NULL, NULL));
        assert_ok(speedup_optimization_callback(o, "loss.bytes", constant, &tenth, NULL));
    } else {
        assert_ok(speedup_optimization_effect(o, "memory.optimizer", "1 / data"));
        assert_ok(speedup_optimization_effect(o, "loss.bytes", "0.1"));
    }
    assert_ok(speedup_catalog_register(world.context, base, o, &catalog));
    speedup_optimization_destroy(o);
    return catalog;
}

static void yaml_builder_and_callback_give_the_same_bits_in_any_order(void **state)
{
    (void)state;
    static const char *const orders[] = {"row", "row, half, ranks", "half, row, ranks", "half, ranks, row",
                                         "ranks, row, half", "row: {share: 0.75}, third, kernel-fusion", "zero-1, row"};
    speedup_catalog *rows = extend(world.catalog, ROWS);
    speedup_catalog *catalogs[] = {
        extend(rows, "optimizations:\n  row: {applies_to: [training], parameters: {share: {value: 0.5, most: 1}}, "
                     "requires: {data: '> 1'}, excludes: [zero-3], supersedes: [zero-1], effects: {recompute.layer: share, "
                     "matmul.precision: bf16, memory.optimizer: 1 / data, loss.bytes: 0.1}}\n"),
        with_builder(rows, false), with_builder(rows, true)};
    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
        double values[3][SPEEDUP_METRIC_COUNT];
        for (int c = 0; c < 3; c++)
            estimate_with(catalogs[c], orders[i], values[c]);
        assert_memory_equal(values[0], values[1], sizeof values[0]);
        assert_memory_equal(values[0], values[2], sizeof values[0]);
    }
    for (int c = 0; c < 3; c++) {
        assert_int_equal(refused_with(catalogs[c], "row, zero-3"), SPEEDUP_EXCLUDED);
        speedup_catalog_unref(catalogs[c]);
    }
    speedup_catalog_unref(rows);
}

static void the_order_of_optimizations_changes_nothing_that_matters(void **state)
{
    (void)state;
    double one[SPEEDUP_METRIC_COUNT], other[SPEEDUP_METRIC_COUNT];
    estimate_with(world.catalog, "bf16-mixed-precision, flash-attention-2, kernel-fusion, zero-1, activation-checkpointing", one);
    estimate_with(world.catalog, "activation-checkpointing, zero-1, kernel-fusion, flash-attention-2, bf16-mixed-precision", other);
    for (int m = 0; m < SPEEDUP_METRIC_COUNT; m++)
        assert_near(one[m], other[m], 1e-12);
}

static speedup_status registered(speedup_optimization *o)
{
    speedup_catalog *catalog;
    speedup_status status = speedup_catalog_register(world.context, world.catalog, o, &catalog);
    speedup_catalog_unref(catalog);
    speedup_optimization_destroy(o);
    return status;
}

/* A row has each effect once, whether an expression or a function gives it. */
static void an_effect_is_given_once(void **state)
{
    (void)state;
    for (int functions = 0; functions <= 2; functions++) {
        speedup_optimization *o;
        assert_ok(speedup_optimization_create(world.context, "twice", NULL, &o));
        for (int i = 0; i < 2; i++)
            if (i < functions)
                assert_ok(speedup_optimization_callback(o, "loss.bytes", by_data, NULL, NULL));
            else
                assert_ok(speedup_optimization_effect(o, "loss.bytes", "1 / 2"));
        assert_int_equal(registered(o), SPEEDUP_DUPLICATE_KEY);
        assert_int_equal(speedup_diagnostic_count(world.context), 1);
        assert_contains(speedup_diagnostic_text(world.context, 0), "optimizations.twice.effects.loss.bytes: error[SPD-108]: 'loss.bytes' is given twice");
    }
    assert_int_equal(refused_catalog(world.catalog, "optimizations: {twice: {effects: {loss.bytes: 0.5, loss.bytes: 0.25}}}"), SPEEDUP_DUPLICATE_KEY);
}

/* A name in an expression means one thing. */
static void a_parameter_has_no_name_of_a_variable(void **state)
{
    (void)state;
    speedup_optimization *o;
    assert_ok(speedup_optimization_create(world.context, "hidden", NULL, &o));
    assert_ok(speedup_optimization_parameter(o, "tensor", 1, 0, 2, NULL));
    assert_int_equal(registered(o), SPEEDUP_BAD_NAME);
    assert_contains(speedup_diagnostic_text(world.context, 0), "'tensor' cannot name a parameter: expressions have a variable of that name");
    assert_int_equal(refused_catalog(world.catalog, "optimizations: {hidden: {parameters: {tensor: 1}, effects: {loss.bytes: tensor}}}"), SPEEDUP_BAD_NAME);
}

static void a_callback_that_gives_no_usable_value_is_told(void **state)
{
    (void)state;
    speedup_optimization *o;
    speedup_catalog *catalog;
    assert_ok(speedup_optimization_create(world.context, "bad", "Bad", &o));
    assert_ok(speedup_optimization_callback(o, "loss.bytes", not_a_number, NULL, NULL));
    assert_ok(speedup_catalog_register(world.context, world.catalog, o, &catalog));
    speedup_optimization_destroy(o);
    assert_int_equal(refused_with(catalog, "bad"), SPEEDUP_CALLBACK);
    speedup_catalog_unref(catalog);
}

struct counted {
    double value;
    int ended;
};

static double counted_value(void *user, const speedup_view *view)
{
    (void)view;
    const struct counted *counted = user;
    assert_int_equal(counted->ended, 0);
    return counted->value;
}

static void count_end(void *user)
{
    ((struct counted *)user)->ended++;
}

static void a_callback_gives_its_user_back_once_when_nobody_holds_it(void **state)
{
    (void)state;
    struct counted a = {.value = 0.5}, b = {.value = 0.25}, never = {0}, failed = {0};
    speedup_optimization *o, *unused;
    speedup_catalog *one, *other, *extended;
    assert_ok(speedup_optimization_create(world.context, "own", NULL, &o));
    assert_ok(speedup_optimization_callback(o, "loss.bytes", counted_value, &a, count_end));
    assert_ok(speedup_catalog_register(world.context, world.catalog, o, &one));
    assert_ok(speedup_optimization_callback(o, "memory.optimizer", counted_value, &b, count_end));
    assert_ok(speedup_catalog_register(world.context, world.catalog, o, &other));
    speedup_optimization_destroy(o);
    extended = extend(one, "models: {mine: {base: llama-7b}}");
    speedup_catalog_unref(one);
    speedup_catalog_unref(other);
    assert_int_equal(a.ended + b.ended, 0);
    speedup_scenario *scenario = scenario_of(extended, job, WITH("train.optimizations=[own]"));
    speedup_catalog_unref(extended);
    double values[SPEEDUP_METRIC_COUNT];
    assert_ok(speedup_scenario_estimate(scenario, values, SPEEDUP_METRIC_COUNT));
    assert_int_equal(a.ended + b.ended, 0);
    speedup_scenario_unref(scenario);
    assert_int_equal(a.ended, 1);
    assert_int_equal(b.ended, 1);
    /* One that no catalog takes in; and calls that fail. */
    assert_ok(speedup_optimization_create(world.context, "unused", NULL, &unused));
    assert_ok(speedup_optimization_callback(unused, "no.such", counted_value, &never, count_end));
    assert_int_equal(never.ended, 0);
    assert_int_equal(registered(unused), SPEEDUP_UNKNOWN_TARGET); /* which ends the optimization */
    assert_int_equal(never.ended, 1);
    assert_ok(speedup_optimization_create(world.context, "unused", NULL, &unused));
    assert_int_equal(speedup_optimization_callback(unused, "loss.bytes", NULL, &failed, count_end), SPEEDUP_INVALID_ARGUMENT);
    assert_int_equal(failed.ended, 1);
    assert_int_equal(speedup_optimization_callback(NULL, "loss.bytes", counted_value, &failed, count_end), SPEEDUP_INVALID_ARGUMENT);
    assert_int_equal(failed.ended, 2);
    speedup_optimization_destroy(unused);
    assert_int_equal(failed.ended, 2);
}

static speedup_optimization *begun(void)
{
    speedup_optimization *o;
    assert_ok(speedup_optimization_create(world.context, "mine", NULL, &o));
    return o;
}

static void the_builder_refuses_what_yaml_would(void **state)
{
    (void)state;
    speedup_optimization *o = (speedup_optimization *)(uintptr_t)1;
    assert_int_equal(speedup_optimization_create(world.context, "My Row", NULL, &o), SPEEDUP_BAD_NAME);
    assert_null(o);
    o = begun();
    assert_int_equal(speedup_optimization_applies_to(o, "cooking"), SPEEDUP_UNKNOWN_CHOICE);
    assert_int_equal(speedup_optimization_parameter(o, "a-b", 1, 0, 2, NULL), SPEEDUP_BAD_NAME);
    assert_int_equal(speedup_optimization_parameter(o, "a", 3, 0, 2, NULL), SPEEDUP_OUT_OF_RANGE);
    assert_int_equal(speedup_optimization_parameter(o, "a", 1, 0, 2, NULL), SPEEDUP_OK);
    assert_int_equal(speedup_optimization_parameter(o, "a", 1, 0, 2, NULL), SPEEDUP_EXISTS);
    assert_int_equal(speedup_optimization_claim(o, "throughput", 0, NULL), SPEEDUP_OUT_OF_RANGE);
    assert_int_equal(registered(o), SPEEDUP_OK);
    o = begun();
    assert_ok(speedup_optimization_effect(o, "loss.byte", "1"));
    assert_ok(speedup_optimization_effect(o, "loss.bytes", "1 +"));
    assert_ok(speedup_optimization_require(o, "data > "));
    assert_int_equal(registered(o), SPEEDUP_EXPRESSION);
    assert_int_equal(speedup_diagnostic_count(world.context), 3); /* all are told */
    o = begun();
    assert_ok(speedup_optimization_callback(o, "loss.byte", by_data, NULL, NULL));
    assert_int_equal(registered(o), SPEEDUP_UNKNOWN_TARGET);
    o = begun();
    assert_ok(speedup_optimization_callback(o, "matmul.precision", by_data, NULL, NULL));
    assert_int_equal(registered(o), SPEEDUP_BAD_EFFECT);
    o = begun();
    assert_ok(speedup_optimization_effect(o, "loss.bytes", "0.5"));
    assert_ok(speedup_optimization_effect(o, "loss.bytes", "0.5"));
    assert_int_equal(registered(o), SPEEDUP_DUPLICATE_KEY);
    o = begun();
    assert_ok(speedup_optimization_exclude(o, "Not A Name"));
    assert_int_equal(registered(o), SPEEDUP_BAD_NAME);
}

static void what_is_wrong_with_a_registered_optimization_names_its_key(void **state)
{
    (void)state;
    speedup_optimization *o = begun();
    assert_ok(speedup_optimization_exclude(o, "Not A Name"));
    assert_ok(speedup_optimization_parameter(o, "share", 0.5, 0, 1, ""));
    assert_ok(speedup_optimization_require(o, "dat > 1"));
    assert_ok(speedup_optimization_effect(o, "loss.bytes", "1 +"));
    assert_ok(speedup_optimization_effect(o, "matmul.precision", "bf61"));
    assert_ok(speedup_optimization_callback(o, "loss.byte", by_data, NULL, NULL));
    assert_ok(speedup_optimization_claim(o, "throughput", 1e-9, "\xFF"));
    assert_int_equal(registered(o), SPEEDUP_BAD_NAME);
    static const char *const told[] = {
        "<registered>: optimizations.mine.excludes: error[SPD-306]: 'Not A Name' is not a name of an optimization",
        "<registered>: optimizations.mine.parameters.share: error[SPD-110]: 'text' has no value",
        "<registered>: optimizations.mine.requires: error[SPD-403]: in 'dat > 1': nothing is named 'dat'; did you mean 'data'?",
        "<registered>: optimizations.mine.effects.loss.bytes: error[SPD-402]: in '1 +' at character 4: the expression ends too early",
        "<registered>: optimizations.mine.effects.matmul.precision: error[SPD-206]: 'bf61' is not a choice of 'matmul.precision'",
        "<registered>: optimizations.mine.effects.loss.byte: error[SPD-401]: an effect on an unknown target 'loss.byte'; did you mean 'loss.bytes'?",
        "<registered>: optimizations.mine.claims.throughput: error[SPD-204]: 'factor' is 1e-9",
        "<registered>: optimizations.mine.claims.throughput: error[SPD-103]: 'source' is not a text in UTF-8",
    };
    assert_int_equal(speedup_diagnostic_count(world.context), sizeof told / sizeof *told);
    for (size_t i = 0; i < sizeof told / sizeof *told; i++)
        assert_memory_equal(speedup_diagnostic_text(world.context, i), told[i], strlen(told[i]));
}

static void a_registered_optimization_has_no_more_parts_than_a_row(void **state)
{
    (void)state;
    speedup_optimization *o = begun();
    for (int i = 0; i < 257; i++)
        assert_ok(speedup_optimization_require(o, "data > 1"));
    assert_int_equal(registered(o), SPEEDUP_TOO_MANY_NODES);
    o = begun();
    assert_ok(speedup_optimization_claim(o, "throughput", 2, NULL));
    assert_ok(speedup_optimization_claim(o, "throughput", 2, NULL));
    assert_int_equal(registered(o), SPEEDUP_DUPLICATE_KEY);
}

static void a_registered_optimization_is_shown_like_its_row(void **state)
{
    (void)state;
    speedup_catalog *catalogs[] = {
        extend(world.catalog,
               "optimizations:\n  row: {source: the tests, applies_to: [training], parameters: {share: {value: 0.5, least: 0, "
               "most: 1, text: 'a \"share\"'}}, requires: {data: '> 1'}, excludes: [zero-3], supersedes: [zero-1], effects: "
               "{recompute.layer: share, matmul.precision: bf16, memory.optimizer: 1 / data, loss.bytes: 0.1}, claims: "
               "{memory.optimizer: 8, throughput: {factor: 1.1, source: \"some: \\\"table\\\"\\n\"}}}\n"),
        with_builder(world.catalog, false)};
    for (int32_t format = 0; format < 2; format++) {
        speedup_text *shown[2];
        for (int c = 0; c < 2; c++)
            assert_ok(speedup_report_catalog(world.context, catalogs[c], "optimizations", "row", format, &shown[c]));
        assert_string_equal(speedup_text_get(shown[0]), speedup_text_get(shown[1]));
        speedup_text_destroy(shown[0]);
        speedup_text_destroy(shown[1]);
    }
    /* A row may be based on one that was registered. */
    speedup_catalog *based = extend(catalogs[1], "optimizations:\n  other: {base: row, excludes: [zero-2]}\n");
    assert_int_equal(refused_with(based, "other, zero-2"), SPEEDUP_EXCLUDED);
    speedup_catalog_unref(based);
    for (int c = 0; c < 2; c++)
        speedup_catalog_unref(catalogs[c]);
}

static void a_builder_may_require_much_of_one_name(void **state)
{
    (void)state;
    speedup_optimization *o = begun();
    speedup_catalog *catalog;
    assert_ok(speedup_optimization_require(o, "gated")); /* not 0 is met */
    assert_ok(speedup_optimization_require(o, "data > 1"));
    assert_ok(speedup_optimization_require(o, "data<8"));
    assert_ok(speedup_optimization_require(o, "if(data > 1, experts, gated) == 3"));
    assert_ok(speedup_catalog_register(world.context, world.catalog, o, &catalog));
    speedup_optimization_destroy(o);
    assert_int_equal(refused_with(catalog, "mine"), SPEEDUP_REQUIREMENT);
    assert_int_equal(speedup_diagnostic_count(world.context), 2);
    speedup_catalog_unref(catalog);
}

static void an_id_that_exists_is_not_registered_again(void **state)
{
    (void)state;
    speedup_optimization *o;
    assert_ok(speedup_optimization_create(world.context, "zero-1", NULL, &o));
    assert_int_equal(registered(o), SPEEDUP_EXISTS);
}

static void a_builder_text_cannot_break_out_of_its_row(void **state)
{
    (void)state;
    static const char nasty[] = "\"}\n  evil: {effects: {loss.bytes: 0}}\n#\\ \t\x7F";
    speedup_optimization *o;
    speedup_catalog *catalog;
    assert_ok(speedup_optimization_create(world.context, "mine", nasty, &o));
    assert_ok(speedup_optimization_set_source(o, nasty));
    assert_ok(speedup_optimization_parameter(o, "a", 1, 0, 2, nasty));
    assert_ok(speedup_optimization_claim(o, nasty, 2, nasty));
    assert_ok(speedup_catalog_register(world.context, world.catalog, o, &catalog));
    speedup_optimization_destroy(o);
    assert_int_equal(speedup_catalog_count(catalog, "optimizations"), speedup_catalog_count(world.catalog, "optimizations") + 1);
    for (size_t i = 0;; i++) {
        const char *id, *name;
        assert_int_equal(speedup_catalog_at(catalog, "optimizations", i, &id, &name), SPEEDUP_OK);
        if (!strcmp(id, "mine")) {
            assert_string_equal(name, nasty);
            break;
        }
    }
    speedup_catalog_unref(catalog);
}

static void a_calibration_of_the_job_goes_before_all_others(void **state)
{
    (void)state;
    double coarse = metric_of(world.catalog, job, WITH("train.calibration={matmul_efficiency: 0.4, matmul_seconds: 0}"), SPEEDUP_METRIC_TIME_MATMUL);
    double fine = metric_of(world.catalog, job, WITH("train.calibration={matmul_efficiency: 0.8, matmul_seconds: 0}"), SPEEDUP_METRIC_TIME_MATMUL);
    assert_near(coarse, 2 * fine, 1e-12);
}

static void a_factor_of_the_site_scales_every_part_of_a_step(void **state)
{
    (void)state;
    static const int32_t parts[] = {SPEEDUP_METRIC_STEP_SECONDS, SPEEDUP_METRIC_TIME_MATMUL,    SPEEDUP_METRIC_TIME_ATTENTION, SPEEDUP_METRIC_TIME_POINTWISE,
                                    SPEEDUP_METRIC_TIME_HEAD,    SPEEDUP_METRIC_TIME_LAUNCH,    SPEEDUP_METRIC_TIME_DATA,      SPEEDUP_METRIC_TIME_CAST,
                                    SPEEDUP_METRIC_TIME_FIXED,   SPEEDUP_METRIC_TIME_OPTIMIZER, SPEEDUP_METRIC_TIME_BUBBLE};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        assert_near(metric_of(world.catalog, job, WITH("train.calibration={site_factor: 1.25}"), parts[i]),
                    1.25 * metric_of(world.catalog, job, NULL, parts[i]), 1e-12);
    assert_near(metric_of(world.catalog, job, WITH("train.calibration={site_factor: 1.25}"), SPEEDUP_METRIC_TOKENS_PER_SECOND),
                metric_of(world.catalog, job, NULL, SPEEDUP_METRIC_TOKENS_PER_SECOND) / 1.25, 1e-12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(factors_on_one_work_multiply),
        cmocka_unit_test(factors_on_a_memory_component_multiply),
        cmocka_unit_test(of_overlaps_the_largest_holds),
        cmocka_unit_test(two_choices_must_agree_or_one_supersede),
        cmocka_unit_test(what_is_superseded_has_no_effect),
        cmocka_unit_test(optimizations_that_exclude_each_other_are_refused),
        cmocka_unit_test(requirements_on_the_machine_and_on_the_layout_are_checked),
        cmocka_unit_test(an_optimization_must_be_for_the_kind_of_job),
        cmocka_unit_test(parameters_are_read_by_name_within_their_range),
        cmocka_unit_test(parameters_of_a_base_stay_with_its_effects),
        cmocka_unit_test(an_effect_without_a_phase_acts_on_every_phase),
        cmocka_unit_test(effects_are_checked_when_they_are_read),
        cmocka_unit_test(an_effect_that_fails_on_this_job_is_told),
        cmocka_unit_test(yaml_builder_and_callback_give_the_same_bits_in_any_order),
        cmocka_unit_test(the_order_of_optimizations_changes_nothing_that_matters),
        cmocka_unit_test(a_callback_gives_its_user_back_once_when_nobody_holds_it),
        cmocka_unit_test(an_effect_is_given_once),
        cmocka_unit_test(a_parameter_has_no_name_of_a_variable),
        cmocka_unit_test(a_callback_that_gives_no_usable_value_is_told),
        cmocka_unit_test(the_builder_refuses_what_yaml_would),
        cmocka_unit_test(what_is_wrong_with_a_registered_optimization_names_its_key),
        cmocka_unit_test(a_registered_optimization_has_no_more_parts_than_a_row),
        cmocka_unit_test(a_registered_optimization_is_shown_like_its_row),
        cmocka_unit_test(a_builder_may_require_much_of_one_name),
        cmocka_unit_test(an_id_that_exists_is_not_registered_again),
        cmocka_unit_test(a_builder_text_cannot_break_out_of_its_row),
        cmocka_unit_test(a_calibration_of_the_job_goes_before_all_others),
        cmocka_unit_test(a_factor_of_the_site_scales_every_part_of_a_step),
    };
    return cmocka_run_group_tests(tests, world_begin, world_end);
}
