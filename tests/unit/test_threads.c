/* Threads: one catalog and one scenario used by many at once, each thread with a
 * context of its own; and the threads of the library's own calls. Run under the thread sanitizer it proves more than it asserts. */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
#include "helper.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

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
           !speedup_scenario_estimate_batch(shared, &in, 1, &out, 1, LAYOUTS, 1) && !memcmp(step, expected_batch, sizeof step);
}

#define CALIBRATED WITH("train.calibration={data_latency: 8e-6}")

/* Everything a thread may do with what is shared; NULL when all went well. */
static void *work(void *unused)
{
    (void)unused;
    speedup_context *context;
    const char *wrong = NULL;
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
            if (speedup_scenario_create(context, catalog, "t", job, strlen(job), CALIBRATED, 1, &own) ||
                speedup_scenario_estimate(own, values, SPEEDUP_METRIC_COUNT) || memcmp(values, expected, sizeof values))
                wrong = "scenario";
            speedup_scenario_unref(own);
        } else if (round % 8 == 3 && speedup_scenario_create(context, catalog, "t", "train: {x: 1}", 13, NULL, 0, &scenario) != SPEEDUP_UNKNOWN_KEY)
            wrong = "diagnostics";
        speedup_text_destroy(text);
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
    shared = scenario_of(world.catalog, job, CALIBRATED);
    fill(tensor);
    const speedup_column in = {sizeof in, SPEEDUP_VARIABLE_TENSOR, 0, tensor}, out = {sizeof out, SPEEDUP_METRIC_STEP_SECONDS, 0, expected_batch};
    assert_ok(speedup_scenario_estimate(shared, expected, SPEEDUP_METRIC_COUNT));
    assert_ok(speedup_scenario_estimate_batch(shared, &in, 1, &out, 1, LAYOUTS, 1));
    assert_ok(speedup_report_estimate(world.context, shared, SPEEDUP_FORMAT_JSON, &text));
    expected_report = strdup(speedup_text_get(text));
    speedup_text_destroy(text);
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

/* Stands before pthread_create by the linker's --wrap: counts, and fails after a number of threads. */
int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start_at)(void *), void *user);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start_at)(void *), void *user);
static size_t created, creatable = SIZE_MAX;
static bool signals_reach_created;

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start_at)(void *), void *user)
{
    sigset_t blocked;
    if (created >= creatable)
        return EAGAIN;
    created++;
    pthread_sigmask(SIG_SETMASK, NULL, &blocked);
    signals_reach_created |= !sigismember(&blocked, SIGINT) || !sigismember(&blocked, SIGTERM);
    return __real_pthread_create(thread, attributes, start_at, user);
}

static void begin_creating(size_t most)
{
    created = 0;
    creatable = most;
    signals_reach_created = false;
}

enum { MANY = 10007, METRICS = SPEEDUP_METRIC_COUNT };

/* All metrics of many layouts, among them some that cannot be. */
static double *batch_of_many(const speedup_scenario *scenario, size_t count, uint32_t threads)
{
    static double tensor[MANY], pipeline[MANY], micro_batch[MANY];
    for (int i = 0; i < MANY; i++) {
        tensor[i] = 1 << i % 5;
        pipeline[i] = 1 + i / 5 % 7;
        micro_batch[i] = i % 1013 == 0 ? (double)NAN : 1 << i / 35 % 3;
    }
    const speedup_column in[] = {{sizeof *in, SPEEDUP_VARIABLE_TENSOR, 0, tensor},
                                 {sizeof *in, SPEEDUP_VARIABLE_PIPELINE, 0, pipeline},
                                 {sizeof *in, SPEEDUP_VARIABLE_MICRO_BATCH, 0, micro_batch}};
    speedup_column out[METRICS];
    double *values = calloc((size_t)METRICS * MANY, sizeof *values);
    for (int m = 0; m < METRICS; m++)
        out[m] = (speedup_column){sizeof *out, m, 0, values + (size_t)m * MANY};
    assert_int_equal(speedup_scenario_estimate_batch(scenario, in, 3, out, METRICS, count, threads), SPEEDUP_OK);
    return values;
}

static void assert_same_batch(const speedup_scenario *scenario, size_t count, uint32_t threads, const double *wanted)
{
    double *values = batch_of_many(scenario, count, threads);
    assert_memory_equal(values, wanted, (size_t)METRICS * MANY * sizeof *values);
    free(values);
}

static void a_batch_has_the_same_bits_on_any_number_of_threads(void **state)
{
    (void)state;
    static const uint32_t threads[] = {2, 3, 7, 256};
    static const size_t counts[] = {0, 1, 1023, 1024, 1025, 5000, MANY};
    speedup_scenario *scenario = scenario_of(world.catalog, job, PLAIN);
    for (size_t c = 0; c < sizeof counts / sizeof *counts; c++) {
        begin_creating(SIZE_MAX);
        double *alone = batch_of_many(scenario, counts[c], 1);
        assert_int_equal(created, 0);
        for (size_t i = 0; i < sizeof threads / sizeof *threads; i++) {
            begin_creating(SIZE_MAX);
            assert_same_batch(scenario, counts[c], threads[i], alone);
            assert_true(created < threads[i] && created <= counts[c] / 1024);
            assert_false(signals_reach_created);
        }
        free(alone);
    }
    assert_int_equal(created, MANY / 1024);
    speedup_scenario_unref(scenario);
}

static void threads_that_cannot_be_made_leave_their_work_to_the_others(void **state)
{
    (void)state;
    static const char plan[] = "plan: {model: llama-2-7b, systems: [dgx-h100], accelerators: [8, 16, 32], sequence: 4096, "
                               "global_batch: 64, tensor: [1, 2, 4, 8], pipeline: [1, 2, 4], micro_batch: [1, 2, 4], "
                               "optimizations: [bf16-mixed-precision, flash-attention-2]}";
    speedup_scenario *scenario = scenario_of(world.catalog, job, PLAIN);
    speedup_space *space = NULL;
    double *alone = batch_of_many(scenario, MANY, 1);
    assert_ok(speedup_space_create(world.context, world.catalog, "t", plan, sizeof plan - 1, NULL, 0, &space));
    for (size_t most = 0; most < 3; most++) {
        begin_creating(most);
        assert_same_batch(scenario, MANY, 7, alone);
        assert_int_equal(created, most);
        begin_creating(most);
        speedup_result *result = NULL;
        speedup_counts counts = {.struct_size = sizeof counts};
        assert_ok(speedup_space_search(world.context, space, 0, UINT64_MAX, 7, NULL, NULL, &result));
        assert_ok(speedup_result_counts(result, &counts));
        assert_int_equal(counts.searched, counts.size);
        assert_true(counts.feasible > 0);
        speedup_result_destroy(result);
    }
    begin_creating(SIZE_MAX);
    free(alone);
    speedup_space_unref(space);
    speedup_scenario_unref(scenario);
}

/* A host whose handler of SIGSEGV is part of its runtime, as of one that collects garbage by protected pages: here it
 * unprotects the page. */
static unsigned char *page;
static long page_size;
static pthread_t caller;
static volatile sig_atomic_t handled;
static atomic_int faulted_elsewhere, masked;

static void unprotect(int number)
{
    (void)number;
    handled++;
    mprotect(page, (size_t)page_size, PROT_READ | PROT_WRITE);
}

/* Valgrind takes a wrong access for an error, also one that is meant. */
static bool watched(void)
{
    const char *preloaded = getenv("LD_PRELOAD");
    return preloaded && strstr(preloaded, "vgpreload");
}

static double touch(void *user, const speedup_view *view)
{
    (void)user;
    if (pthread_equal(pthread_self(), caller))
        return speedup_view_variable(view, SPEEDUP_VARIABLE_DATA) > 0; /* the others take what is left */
    static const int own[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT};
    sigset_t blocked;
    pthread_sigmask(SIG_SETMASK, NULL, &blocked);
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (sigismember(&blocked, own[i]))
            atomic_fetch_add(&masked, 1);
    if (!sigismember(&blocked, SIGINT) || !sigismember(&blocked, SIGALRM))
        atomic_fetch_add(&masked, 1);
    if (!atomic_fetch_add(&faulted_elsewhere, 1) && !watched())
        *(volatile unsigned char *)page = 1;
    return 1;
}

static void a_fault_on_a_thread_of_the_library_reaches_the_programs_handler(void **state)
{
    (void)state;
    page_size = sysconf(_SC_PAGESIZE);
    page = mmap(NULL, (size_t)page_size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(page != MAP_FAILED);
    caller = pthread_self();
    struct sigaction action = {.sa_handler = unprotect}, before;
    sigemptyset(&action.sa_mask);
    assert_int_equal(sigaction(SIGSEGV, &action, &before), 0);
    speedup_optimization *own;
    speedup_catalog *catalog;
    assert_ok(speedup_optimization_create(world.context, "touch", NULL, &own));
    assert_ok(speedup_optimization_callback(own, "loss.bytes", touch, NULL, NULL));
    assert_ok(speedup_catalog_register(world.context, world.catalog, own, &catalog));
    speedup_optimization_destroy(own);
    speedup_scenario *scenario = scenario_of(catalog, job, WITH("train.optimizations=[bf16-mixed-precision, touch]"));
    begin_creating(SIZE_MAX);
    /* A thread may come too late for any share. */
    for (int round = 0; round < 100 && !atomic_load(&faulted_elsewhere); round++)
        free(batch_of_many(scenario, MANY, 4));
    assert_int_equal(sigaction(SIGSEGV, &before, NULL), 0);
    assert_true(atomic_load(&faulted_elsewhere) > 0);
    if (!watched()) {
        assert_int_equal(handled, 1);
        assert_int_equal(page[0], 1);
    }
    assert_int_equal(atomic_load(&masked), 0);
    speedup_scenario_unref(scenario);
    speedup_catalog_unref(catalog);
    munmap(page, (size_t)page_size);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_threads_get_the_same_answers),
        cmocka_unit_test(the_last_thread_ends_the_scenario),
        cmocka_unit_test(a_batch_has_the_same_bits_on_any_number_of_threads),
        cmocka_unit_test(threads_that_cannot_be_made_leave_their_work_to_the_others),
        cmocka_unit_test(a_fault_on_a_thread_of_the_library_reaches_the_programs_handler),
    };
    return cmocka_run_group_tests(tests, world_begin, world_end);
}
