/* Entries described by calls: what a catalog has of them is what YAML gives, and what is
 * wrong is told of the keys that were given. */
#include "helper.h"

#include <stdio.h>
#include <string.h>

struct given {
    const char *key, *text; /* NULL: the number */
    double number;
};

static speedup_entry *described(const char *kind, const char *id, const struct given *given)
{
    speedup_entry *made;
    assert_ok(speedup_entry_create(world.context, kind, id, &made));
    for (; given->key; given++)
        assert_ok(given->text ? speedup_entry_set_text(world.context, made, given->key, given->text)
                              : speedup_entry_set_number(world.context, made, given->key, given->number));
    return made;
}

static speedup_catalog *added(const speedup_catalog *base, const char *kind, const char *id, const struct given *given)
{
    speedup_entry *entry = described(kind, id, given);
    speedup_catalog *made;
    assert_ok(speedup_catalog_add(world.context, base, entry, &made));
    speedup_entry_destroy(entry);
    return made;
}

static const struct given accelerator[] = {
    {"name", "A chip: of \"ours\"", 0}, {"peak.bf16", "989 TFLOP/s", 0}, {"peak.fp8", NULL, 1979e12}, {"memory", NULL, 80e9},
    {"bandwidth", "3.35 TB/s", 0}, {"link", "450 GB/s", 0}, {"power", NULL, 700}, {"provenance", "fitted", 0},
    {"calibration.matmul_efficiency", NULL, 0.71}, {"calibration.step_seconds", "0.003", 0}, {NULL, NULL, 0}};
static const struct given machine[] = {{"accelerator", "own", 0}, {"accelerators_per_node", NULL, 8}, {"network", "400 GB/s", 0}, {NULL, NULL, 0}};
static const struct given model[] = {{"base", "llama-7b", 0}, {"layers", NULL, 24}, {"parameters", NULL, 5.13e9}, {"tied_embeddings", NULL, 0},
                                     {"attention.qk_norm", NULL, 1}, {"attention.qkv_bias", "true", 0}, {NULL, NULL, 0}};
static const struct given price[] = {{"accelerator", "own", 0}, {"tier", "spot", 0}, {"price", "1.25 USD/h", 0}, {NULL, NULL, 0}};

static const char own_job[] = "train: {model: own, system: own, stack: own, price: own, accelerators: 16, sequence: 2048, global_batch: 64, tokens: 1 B,\n"
                              "  optimizations: [bf16-mixed-precision]}";

static void described_entries_are_those_written(void **state)
{
    (void)state;
    speedup_catalog *written = extend(world.catalog,
        "accelerators: {own: {name: 'A chip: of \"ours\"', peak: {bf16: 989 TFLOP/s, fp8: 1979 TFLOP/s}, memory: 80 GB, bandwidth: 3.35 TB/s, link: 450 GB/s,\n"
        "  power: 700 W, provenance: fitted, calibration: {matmul_efficiency: 0.71, step_seconds: 0.003}}}\n"
        "systems: {own: {accelerator: own, accelerators_per_node: 8, network: 400 GB/s}}\n"
        "stacks: {own: {calibration: {layer_seconds: 0.0001}, always: [flash-attention-2, {activation-offload: {share: 0.25}}]}}\n"
        "models: {own: {base: llama-7b, layers: 24, parameters: 5.13e9, attention: {qk_norm: true, qkv_bias: true}}}\n"
        "prices: {own: {accelerator: own, tier: spot, price: 1.25 USD/h}}\n");
    speedup_catalog *chip = added(world.catalog, "accelerators", "own", accelerator), *system = added(chip, "systems", "own", machine);
    speedup_catalog *shape = added(system, "models", "own", model), *priced = added(shape, "prices", "own", price), *made;
    static const char *const share[] = {"share"};
    static const double quarter[] = {0.25};
    speedup_entry *stack;
    assert_ok(speedup_entry_create(world.context, "stacks", "own", &stack));
    assert_ok(speedup_entry_set_number(world.context, stack, "calibration.layer_seconds", 0.0001));
    assert_ok(speedup_entry_add(world.context, stack, "always", "flash-attention-2", NULL, NULL, 0));
    assert_ok(speedup_entry_add(world.context, stack, "always", "activation-offload", share, quarter, 1));
    assert_ok(speedup_catalog_add(world.context, priced, stack, &made));
    speedup_entry_destroy(stack);
    double expected[SPEEDUP_METRIC_COUNT], values[SPEEDUP_METRIC_COUNT];
    estimate_of(written, own_job, PLAIN, expected);
    estimate_of(made, own_job, PLAIN, values);
    for (int i = 0; i < SPEEDUP_METRIC_COUNT; i++)
        assert_bits(values[i], expected[i]);
    const char *id, *name;
    for (size_t i = 0; !speedup_catalog_at(made, "accelerators", i, &id, &name); i++)
        if (!strcmp(id, "own"))
            assert_string_equal(name, "A chip: of \"ours\"");
    speedup_catalog_unref(chip);
    speedup_catalog_unref(system);
    speedup_catalog_unref(shape);
    speedup_catalog_unref(priced);
    speedup_catalog_unref(made);
    speedup_catalog_unref(written);
}

static void an_entry_is_changed_and_added_again(void **state)
{
    (void)state;
    speedup_entry *entry = described("models", "own", model);
    speedup_catalog *made;
    double layers;
    for (double wanted = 24; wanted >= 22; wanted--) {
        assert_ok(speedup_entry_set_number(world.context, entry, "layers", wanted));
        assert_ok(speedup_entry_set_number(world.context, entry, "parameters", (0.27 + wanted * 0.2024) * 1e9));
        assert_ok(speedup_catalog_add(world.context, world.catalog, entry, &made));
        assert_ok(speedup_catalog_number(made, "models", "own", "layers", &layers));
        assert_bits(layers, wanted);
        speedup_catalog_unref(made);
    }
    speedup_entry_destroy(entry);
    speedup_entry_destroy(NULL);
}

static void all_that_is_wrong_is_told_at_once_of_its_keys(void **state)
{
    (void)state;
    static const struct given wrong[] = {
        {"peak.bf61", "989 TFLOP/s", 0}, {"memory", "80 GB/s", 0}, {"bandwidth", NULL, 1}, {"power", "700", 0}, {"vendor", NULL, 7},
        {"provenance", "guessed", 0}, {"calibration.matmul_eficiency", NULL, 0.7}, {"calibration.step_seconds", NULL, 0.0 / 0.0}, {NULL, NULL, 0}};
    static const char *const told[] = {
        "accelerators.own.peak.bf61: error[SPD-107]: unknown key 'bf61' in peak; did you mean 'bf16'?",
        "accelerators.own.memory: error[SPD-203]: 'GB/s' is a unit of a data rate; 'memory' takes a size in bytes: ",
        "accelerators.own.bandwidth: error[SPD-204]: 'bandwidth' is 1; it must be from 1 GB/s to ",
        "accelerators.own.power: error[SPD-202]: 'power' needs a unit: ",
        "accelerators.own.vendor: error[SPD-110]: 'vendor' takes a text, not a number",
        "accelerators.own.provenance: error[SPD-206]: 'guessed' is not a choice of 'provenance'",
        "accelerators.own.calibration.matmul_eficiency: error[SPD-301]: there is no coefficient 'matmul_eficiency'; did you mean 'matmul_efficiency'?",
        "accelerators.own.calibration.step_seconds: error[SPD-205]: 'step_seconds' must be a finite number, not 'nan'",
    };
    speedup_entry *entry = described("accelerators", "own", wrong);
    speedup_catalog *made = world.catalog;
    assert_int_equal(speedup_catalog_add(world.context, world.catalog, entry, &made), SPEEDUP_UNKNOWN_KEY);
    assert_null(made);
    char all[4000] = "";
    for (size_t i = 0; i < speedup_diagnostic_count(world.context); i++)
        strcat(strcat(all, speedup_diagnostic_text(world.context, i)), "\n");
    for (size_t i = 0; i < sizeof told / sizeof *told; i++)
        assert_contains(all, told[i]);
    speedup_entry_destroy(entry);
    assert_ok(speedup_entry_create(world.context, "models", "own", &entry));
    assert_int_equal(speedup_catalog_add(world.context, world.catalog, entry, &made), SPEEDUP_MISSING_KEY);
    assert_contains(speedup_diagnostic_text(world.context, 0), "models.own: error[SPD-109]: model lacks 'layers': transformer layers");
    assert_int_equal(speedup_diagnostic_count(world.context), 6);
    speedup_entry_destroy(entry);
}

static void an_entry_that_exists_says_that_it_replaces(void **state)
{
    (void)state;
    speedup_entry *entry;
    speedup_catalog *made;
    double layers;
    assert_ok(speedup_entry_create(world.context, "models", "llama-7b", &entry));
    assert_ok(speedup_entry_set_text(world.context, entry, "base", "llama-7b"));
    assert_ok(speedup_entry_set_number(world.context, entry, "max_sequence", 8192));
    assert_int_equal(speedup_catalog_add(world.context, world.catalog, entry, &made), SPEEDUP_EXISTS);
    assert_ok(speedup_entry_set_number(world.context, entry, "replaces", 1));
    assert_ok(speedup_catalog_add(world.context, world.catalog, entry, &made));
    assert_ok(speedup_catalog_number(made, "models", "llama-7b", "max_sequence", &layers));
    assert_bits(layers, 8192);
    assert_ok(speedup_entry_set_number(world.context, entry, "replaces", 2));
    speedup_catalog_unref(made);
    assert_int_equal(speedup_catalog_add(world.context, world.catalog, entry, &made), SPEEDUP_WRONG_TYPE);
    assert_contains(speedup_diagnostic_text(world.context, 0), "models.llama-7b.replaces: error[SPD-110]: 'replaces' is true or false, not '2'");
    speedup_entry_destroy(entry);
}

static void what_cannot_be_a_call_changes_nothing(void **state)
{
    (void)state;
    static const char *const keys[] = {"", ".", "layers.", ".layers", "layers..x", "layers.x", "attention.kind.x", "attention\xff"};
    speedup_entry *entry = described("models", "own", model), *none;
    speedup_catalog *made;
    assert_ok(speedup_entry_set_text(world.context, entry, "attention.kind", "standard"));
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        assert_int_equal(speedup_entry_set_number(world.context, entry, keys[i], 1), i == 7 ? SPEEDUP_NOT_TEXT : SPEEDUP_UNKNOWN_KEY);
    assert_int_equal(speedup_entry_set_text(world.context, entry, "name", ""), SPEEDUP_WRONG_TYPE);
    assert_int_equal(speedup_entry_set_text(world.context, entry, "name", "\xc3"), SPEEDUP_NOT_TEXT);
    assert_contains(speedup_diagnostic_text(world.context, 0), "models.own.name: error");
    assert_ok(speedup_catalog_add(world.context, world.catalog, entry, &made));
    speedup_catalog_unref(made);
    speedup_entry_destroy(entry);
    assert_int_equal(speedup_entry_create(world.context, "modles", "own", &none), SPEEDUP_UNKNOWN_CHOICE);
    assert_null(none);
    assert_contains(speedup_diagnostic_text(world.context, 0), "did you mean 'models'?");
    assert_int_equal(speedup_entry_create(world.context, "optimizations", "own", &none), SPEEDUP_UNKNOWN_CHOICE);
    assert_contains(speedup_diagnostic_text(world.context, 0), "speedup_optimization_create()");
    assert_int_equal(speedup_entry_create(world.context, "models", "Own", &none), SPEEDUP_BAD_NAME);
    assert_int_equal(speedup_entry_create(world.context, "models", "", &none), SPEEDUP_BAD_NAME);
}

/* Nothing in a text is read as YAML. */
static void a_text_stays_a_text(void **state)
{
    (void)state;
    static const char text[] = "x\n  layers: 1 # \"'{[&*!|>%@`\t: -";
    speedup_entry *entry = described("models", "own", model);
    speedup_catalog *made;
    const char *id, *name = "";
    assert_ok(speedup_entry_set_text(world.context, entry, "name", text));
    assert_ok(speedup_catalog_add(world.context, world.catalog, entry, &made));
    for (size_t i = 0; !speedup_catalog_at(made, "models", i, &id, &name) && strcmp(id, "own") != 0; i++)
        continue;
    assert_string_equal(name, text);
    speedup_catalog_unref(made);
    speedup_entry_destroy(entry);
}

/* Values that others took the place of are dropped; more than there may be at once is refused. */
static void a_description_is_bounded(void **state)
{
    (void)state;
    speedup_entry *entry = described("models", "own", model);
    speedup_catalog *made;
    double value;
    for (int i = 0; i <= 300000; i++) {
        assert_int_equal(speedup_entry_set_number(world.context, entry, "max_sequence", 1 + i), SPEEDUP_OK);
        assert_int_equal(speedup_entry_set_text(world.context, entry, "notes", i % 2 ? "a text" : "another text"), SPEEDUP_OK);
    }
    assert_ok(speedup_catalog_add(world.context, world.catalog, entry, &made));
    assert_ok(speedup_catalog_number(made, "models", "own", "max_sequence", &value));
    assert_bits(value, 300001);
    speedup_catalog_unref(made);
    static char large[5 << 20];
    memset(large, 'x', sizeof large - 1);
    assert_int_equal(speedup_entry_set_text(world.context, entry, "notes", large), SPEEDUP_TOO_LARGE);
    assert_ok(speedup_catalog_add(world.context, world.catalog, entry, &made));
    speedup_catalog_unref(made);
    static const char *names[100000];
    static double values[100000];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        names[i] = "n";
    assert_int_equal(speedup_entry_add(world.context, entry, "many", "id", names, values, sizeof names / sizeof *names), SPEEDUP_TOO_MANY_NODES);
    assert_ok(speedup_catalog_add(world.context, world.catalog, entry, &made));
    speedup_catalog_unref(made);
    speedup_entry_destroy(entry);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(described_entries_are_those_written),
        cmocka_unit_test(an_entry_is_changed_and_added_again),
        cmocka_unit_test(all_that_is_wrong_is_told_at_once_of_its_keys),
        cmocka_unit_test(an_entry_that_exists_says_that_it_replaces),
        cmocka_unit_test(what_cannot_be_a_call_changes_nothing),
        cmocka_unit_test(a_text_stays_a_text),
        cmocka_unit_test(a_description_is_bounded),
    };
    return cmocka_run_group_tests_name("entry", tests, world_begin, world_end);
}
