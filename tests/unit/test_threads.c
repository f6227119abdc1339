/* Threads: one catalog and one scenario used by many at once, each thread with a
 * context of its own. Run under the thread sanitizer it proves more than it asserts. */
#include "helper.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS = 8, ROUNDS = 40, LAYOUTS = 37 };

static speedup_scenario *shared;
static double expected[SPEEDUP_METRIC_COUNT], expected_batch[LAYOUTS];
static char *expected_report;
static pthread_barrier_t start;

static void fill(double tensor[LAYOUTS])
{
    for (int i = 0; i < LAYOUTS; i++)
        tensor[i] = 1 << i % 5;
}

static bool estimates_alike(void)
{
    double values[SPEEDUP_METRIC_COUNT], tensor[LAYOUTS], step[LAYOUTS];
    fill(tensor);
    const speedup_column in = {sizeof in, SPEEDUP_VARIABLE_TENSOR, 0, tensor}, out = {sizeof out, SPEEDUP_METRIC_STEP_SECONDS, 0, step};
    return !speedup_scenario_estimate(shared, values, SPEEDUP_METRIC_COUNT) && !memcmp(values, expected, sizeof values) &&
           !speedup_scenario_estimate_batch(shared, &in, 1, &out, 1, LAYOUTS) && !memcmp(step, expected_batch, sizeof step);
}

/* Everything a thread may do with what is shared; NULL when all went well. */
static void *work(void *unused)
{
    (void)unused;
    speedup_context *context;
    const char *wrong = NULL;
    const char *const calibrated[] = {"train.calibration={tensor_latency: 14e-6}"}; /* what it is anyway, but not generic */
    if (speedup_context_create(NULL, &context))
        return "context";
    pthread_barrier_wait(&start);
    for (int round = 0; round < ROUNDS && !wrong; round++) {
        speedup_scenario *scenario = speedup_scenario_ref(shared);
        speedup_catalog *catalog = speedup_catalog_ref(world.catalog), *extended = NULL;
        speedup_text *text = NULL;
        if (!estimates_alike())
            wrong = "estimate";
        else if (round % 8 == 0 && (speedup_report_estimate(context, scenario, SPEEDUP_FORMAT_JSON, &text) ||
                                    strcmp(speedup_text_get(text), expected_report)))
            wrong = "report";
        else if (round % 8 == 1 && (speedup_catalog_extend(context, catalog, "t", "models: {mine: {base: llama-7b}}", 32, &extended) ||
                                    speedup_catalog_count(extended, "models") != speedup_catalog_count(catalog, "models") + 1))
            wrong = "extension";
        else if (round % 8 == 2) {
            speedup_scenario *own = NULL;
            double values[SPEEDUP_METRIC_COUNT];
            if (speedup_scenario_create(context, catalog, "t", job, strlen(job), calibrated, 1, &own) ||
                speedup_scenario_estimate(own, values, SPEEDUP_METRIC_COUNT) || memcmp(values, expected, sizeof values))
                wrong = "scenario";
            speedup_scenario_unref(own);
        } else if (round % 8 == 3 && speedup_scenario_create(context, catalog, "t", "train: {x: 1}", 13, NULL, 0, &scenario) != SPEEDUP_UNKNOWN_KEY)
            wrong = "diagnostics";
        speedup_text_free(text);
        speedup_catalog_unref(extended);
        speedup_catalog_unref(catalog);
        speedup_scenario_unref(round % 8 == 3 && !wrong ? shared : scenario);
    }
    speedup_context_destroy(context);
    return (void *)(uintptr_t)wrong;
}

static void all_threads_get_the_same_answers(void **state)
{
    (void)state;
    double tensor[LAYOUTS];
    speedup_text *text = NULL;
    shared = scenario_of(world.catalog, job, PLAIN);
    fill(tensor);
    const speedup_column in = {sizeof in, SPEEDUP_VARIABLE_TENSOR, 0, tensor}, out = {sizeof out, SPEEDUP_METRIC_STEP_SECONDS, 0, expected_batch};
    assert_ok(speedup_scenario_estimate(shared, expected, SPEEDUP_METRIC_COUNT));
    assert_ok(speedup_scenario_estimate_batch(shared, &in, 1, &out, 1, LAYOUTS));
    assert_ok(speedup_report_estimate(world.context, shared, SPEEDUP_FORMAT_JSON, &text));
    expected_report = strdup(speedup_text_get(text));
    speedup_text_free(text);
    pthread_t threads[THREADS];
    assert_int_equal(pthread_barrier_init(&start, NULL, THREADS), 0);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, work, NULL), 0);
    for (int i = 0; i < THREADS; i++) {
        void *wrong;
        assert_int_equal(pthread_join(threads[i], &wrong), 0);
        if (wrong)
            fail_msg("%s", (const char *)wrong);
    }
    pthread_barrier_destroy(&start);
    free(expected_report);
    speedup_scenario_unref(shared);
}

static void *drop(void *scenario)
{
    double values[SPEEDUP_METRIC_COUNT];
    pthread_barrier_wait(&start);
    speedup_scenario_estimate(scenario, values, SPEEDUP_METRIC_COUNT);
    speedup_scenario_unref(scenario);
    return NULL;
}

static void the_last_thread_ends_the_scenario(void **state)
{
    (void)state;
    for (int round = 0; round < 50; round++) {
        pthread_t threads[4];
        speedup_scenario *scenario = scenario_of(world.catalog, job, PLAIN);
        assert_int_equal(pthread_barrier_init(&start, NULL, 4), 0);
        for (int i = 0; i < 4; i++)
            assert_int_equal(pthread_create(&threads[i], NULL, drop, speedup_scenario_ref(scenario)), 0);
        speedup_scenario_unref(scenario);
        for (int i = 0; i < 4; i++)
            assert_int_equal(pthread_join(threads[i], NULL), 0);
        pthread_barrier_destroy(&start);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_threads_get_the_same_answers),
        cmocka_unit_test(the_last_thread_ends_the_scenario),
    };
    return cmocka_run_group_tests(tests, world_begin, world_end);
}
