/* Measures what the library promises about its speed and size, as a table with the limits beside.
 * usage: bench SCENARIO.yaml SERVING.yaml PLAN.yaml STRIPPED_LIBRARY [--check]
 * With --check, exits with 1 where a limit is passed SLACK times over, for machines that are busy. */
#include <speedup/plan.h>
#include <speedup/speedup.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

enum { SLACK = 3, REPEATS = 21, LAYOUTS = 4096, MANY_LAYOUTS = 1 << 15, PAIRS = 101, ADMISSIONS = 20000, BRACKETS = 400000, BOMB = 488 };

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* Allocations are counted, so that an estimate can be seen to make none. */
static size_t allocations;

static void *allocate(void *user, size_t size)
{
    (void)user;
    allocations++;
    return malloc(size);
}

static void *resize(void *user, void *memory, size_t size)
{
    (void)user;
    allocations++;
    return realloc(memory, size);
}

static void release(void *user, void *memory)
{
    (void)user;
    free(memory);
}

struct bench {
    speedup_context *context;
    speedup_catalog *catalog;
    speedup_scenario *scenario, *serving, *many_optimizations;
    speedup_space *space;
    char *text;
    size_t length;
    uint32_t threads; /* of a batch */
    size_t layouts;
    size_t failures;
};

static void stop(const char *what)
{
    fprintf(stderr, "bench: %s\n", what);
    exit(2);
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Seconds of one call: the median of many, each of `calls` calls. */
static double measure(void (*run)(struct bench *), struct bench *bench, int calls)
{
    double seconds[REPEATS];
    run(bench);
    for (int i = 0; i < REPEATS; i++) {
        double begin = now();
        for (int call = 0; call < calls; call++)
            run(bench);
        seconds[i] = (now() - begin) / calls;
    }
    qsort(seconds, REPEATS, sizeof *seconds, compare);
    return seconds[REPEATS / 2];
}

static void run_catalog(struct bench *bench)
{
    speedup_catalog *catalog;
    if (speedup_catalog_create(bench->context, &catalog))
        stop("no catalog");
    speedup_catalog_unref(catalog);
}

static void run_scenario(struct bench *bench)
{
    speedup_scenario *scenario;
    if (speedup_scenario_create(bench->context, bench->catalog, "scenario.yaml", bench->text, bench->length, NULL, 0,
                                &scenario))
        stop(speedup_diagnostic_text(bench->context, 0));
    speedup_scenario_unref(scenario);
}

static void run_estimate(struct bench *bench)
{
    double values[SPEEDUP_METRIC_COUNT];
    if (speedup_scenario_estimate(bench->scenario, values, SPEEDUP_METRIC_COUNT))
        stop("no estimate");
}

static void run_serving_estimate(struct bench *bench)
{
    double values[SPEEDUP_METRIC_COUNT];
    if (speedup_scenario_estimate(bench->serving, values, SPEEDUP_METRIC_COUNT))
        stop("no estimate of serving");
}

/* Layouts of all kinds, among them some that cannot be. */
static void run_batch(struct bench *bench)
{
    static double tensor[MANY_LAYOUTS], pipeline[MANY_LAYOUTS], micro_batch[MANY_LAYOUTS], seconds[MANY_LAYOUTS],
        peak[MANY_LAYOUTS], status[MANY_LAYOUTS];
    if (tensor[0] < 1)
        for (int i = 0; i < MANY_LAYOUTS; i++) {
            tensor[i] = 1 << i % 4;
            pipeline[i] = 1 << i / 4 % 5;
            micro_batch[i] = 1 << i / 20 % 4;
        }
    const speedup_column inputs[] = {
        {.struct_size = sizeof *inputs, .id = SPEEDUP_VARIABLE_TENSOR, .values = tensor},
        {.struct_size = sizeof *inputs, .id = SPEEDUP_VARIABLE_PIPELINE, .values = pipeline},
        {.struct_size = sizeof *inputs, .id = SPEEDUP_VARIABLE_MICRO_BATCH, .values = micro_batch},
    };
    const speedup_column outputs[] = {
        {.struct_size = sizeof *outputs, .id = SPEEDUP_METRIC_STEP_SECONDS, .values = seconds},
        {.struct_size = sizeof *outputs, .id = SPEEDUP_METRIC_MEMORY_PEAK, .values = peak},
        {.struct_size = sizeof *outputs, .id = SPEEDUP_METRIC_STATUS, .values = status},
    };
    if (speedup_scenario_estimate_batch(bench->scenario, inputs, 3, outputs, 3, bench->layouts, bench->threads))
        stop("no batch");
}

/* How many times faster two threads are than one: the best of many, as others may use the machine too. */
static double measure_threads(struct bench *bench)
{
    double best[2] = {1e9, 1e9};
    bench->layouts = MANY_LAYOUTS;
    for (int i = 0; i < 2 * PAIRS; i++) {
        bench->threads = i % 2 ? 2 : 1;
        double begin = now();
        run_batch(bench);
        double seconds = now() - begin;
        best[i % 2] = seconds < best[i % 2] ? seconds : best[i % 2];
    }
    return best[0] / best[1];
}

static void run_admission(struct bench *bench)
{
    const speedup_request request = {.struct_size = sizeof request, .time_limit = 90 * 86400.0, .budget = 5e6};
    speedup_verdict verdict = {.struct_size = sizeof verdict};
    if (speedup_admit(bench->context, bench->catalog, bench->text, bench->length, &request, NULL, &verdict))
        stop(speedup_diagnostic_text(bench->context, 0));
}

/* Seconds of an admission, each call by itself: the median, and what 1 of 100 takes longer than. */
static void measure_admission(struct bench *bench, double *median, double *late)
{
    static double seconds[ADMISSIONS];
    for (int i = 0; i < ADMISSIONS; i++) {
        double begin = now();
        run_admission(bench);
        seconds[i] = now() - begin;
    }
    qsort(seconds, ADMISSIONS, sizeof *seconds, compare);
    *median = seconds[ADMISSIONS / 2];
    *late = seconds[ADMISSIONS / 100 * 99];
}

static void run_attribution(struct bench *bench)
{
    speedup_contribution contributions[16] = {{.struct_size = sizeof *contributions}};
    size_t count = 16;
    if (speedup_scenario_attribute(bench->context, bench->many_optimizations, contributions, &count) || count != 12)
        stop("no attribution over 12 optimizations");
}

static void run_search(struct bench *bench)
{
    speedup_result *result;
    if (speedup_space_search(bench->context, bench->space, 0, speedup_space_size(bench->space), 2, NULL, NULL, &result))
        stop("no search");
    speedup_result_destroy(result);
}

static void refuse(struct bench *bench, const char *text, size_t length)
{
    speedup_catalog *catalog;
    if (!speedup_catalog_extend(bench->context, bench->catalog, "bad.yaml", text, length, &catalog))
        stop("bad input was taken");
}

/* Each line an anchor of nine aliases of the line before: 9^n values, were they followed. */
static void run_bomb(struct bench *bench)
{
    static char text[1024];
    if (!*text) {
        size_t at = (size_t)sprintf(text, "a: &a [x,x,x,x,x,x,x,x,x]\n");
        for (int c = 'b'; at < BOMB; c++)
            at += (size_t)sprintf(text + at, "%c: &%c [*%c,*%c,*%c,*%c,*%c,*%c,*%c,*%c,*%c]\n", c, c, c - 1, c - 1,
                                  c - 1, c - 1, c - 1, c - 1, c - 1, c - 1, c - 1);
    }
    refuse(bench, text, BOMB);
}

static void run_brackets(struct bench *bench)
{
    static char text[BRACKETS];
    memset(text, '[', sizeof text);
    refuse(bench, text, sizeof text);
}

/* A limit is the most that a value may be; 0 is none. */
static void show(struct bench *bench, const char *what, double value, double limit, const char *unit)
{
    printf("%-44s %12.5g %-11s", what, value, unit);
    if (limit > 0) {
        printf(" %8g %9.2f", limit, value / limit);
        bench->failures += value > limit * SLACK;
    }
    printf("\n");
}

/* Here it is the least. */
static void show_least(struct bench *bench, const char *what, double value, double limit, const char *unit)
{
    printf("%-44s %12.5g %-11s %8g %9.2f\n", what, value, unit, limit, limit / value);
    bench->failures += value < limit / SLACK;
}

static char *read_file(const char *path, size_t *length)
{
    struct stat about;
    FILE *file = fopen(path, "rb");
    if (!file || stat(path, &about))
        stop("the scenario cannot be read");
    char *text = malloc((size_t)about.st_size + 1);
    if (!text)
        stop("out of memory");
    *length = fread(text, 1, (size_t)about.st_size, file);
    fclose(file);
    return text;
}

static speedup_scenario *make_scenario(struct bench *bench, const char *name, const char *text, size_t length)
{
    speedup_scenario *scenario;
    if (speedup_scenario_create(bench->context, bench->catalog, name, text, length, NULL, 0, &scenario))
        stop(speedup_diagnostic_text(bench->context, 0));
    return scenario;
}

static void begin(struct bench *bench, char **argv)
{
    static const char many[] = "train: {model: gpt-3-175b, system: dgx-a100-80gb, accelerators: 64, sequence: 2048, global_batch: 1536, "
                               "layout: {tensor: 8, pipeline: 4, virtual_stages: 2}, optimizations: [bf16-mixed-precision, kernel-fusion, "
                               "flash-attention-2, selective-checkpointing, distributed-optimizer, sequence-parallelism, "
                               "communication-overlap, tensor-overlap, optimizer-offload, activation-offload, fused-optimizer, cuda-graphs]}";
    const speedup_allocator counting = {
        .struct_size = sizeof counting, .allocate = allocate, .resize = resize, .release = release};
    if (speedup_context_create(&counting, &bench->context) || speedup_catalog_create(bench->context, &bench->catalog))
        stop("it does not begin");
    bench->text = read_file(argv[1], &bench->length);
    bench->scenario = make_scenario(bench, argv[1], bench->text, bench->length);
    size_t length;
    char *text = read_file(argv[2], &length);
    bench->serving = make_scenario(bench, argv[2], text, length);
    free(text);
    text = read_file(argv[3], &length);
    if (speedup_space_create(bench->context, bench->catalog, argv[3], text, length, NULL, 0, &bench->space))
        stop(speedup_diagnostic_text(bench->context, 0));
    free(text);
    bench->many_optimizations = make_scenario(bench, "many", many, sizeof many - 1);
}

static void end(struct bench *bench)
{
    speedup_scenario_unref(bench->many_optimizations);
    speedup_scenario_unref(bench->serving);
    speedup_scenario_unref(bench->scenario);
    speedup_space_unref(bench->space);
    speedup_catalog_unref(bench->catalog);
    speedup_context_destroy(bench->context);
    free(bench->text);
}

int main(int argc, char **argv)
{
    if (argc < 5)
        stop("usage: bench SCENARIO.yaml SERVING.yaml PLAN.yaml STRIPPED_LIBRARY [--check]");
    struct bench bench = {.threads = 1, .layouts = LAYOUTS};
    struct stat library;
    if (stat(argv[4], &library))
        stop("no stripped library");
    begin(&bench, argv);

    printf("libspeedup %s\n%-44s %12s %-11s %8s %9s\n", speedup_version(), "", "measured", "", "limit", "of limit");
    show(&bench, "catalog of all built-in data ready", 1e3 * measure(run_catalog, &bench, 1), 3, "ms");
    show(&bench, "scenario from YAML", 1e6 * measure(run_scenario, &bench, 100), 100, "us");
    double median, late;
    measure_admission(&bench, &median, &late);
    show(&bench, "admission of a YAML of 1 KB, median", 1e6 * median, 20, "us");
    show(&bench, "admission of a YAML of 1 KB, 99 of 100", 1e6 * late, 50, "us");
    size_t before = allocations;
    show(&bench, "one estimate of training", 1e6 * measure(run_estimate, &bench, 1000), 1, "us");
    show(&bench, "one estimate of serving", 1e6 * measure(run_serving_estimate, &bench, 1000), 2, "us");
    double batch = measure(run_batch, &bench, 10);
    show_least(&bench, "estimates in a batch of mixed layouts", 1e-6 * LAYOUTS / batch, 5, "million/s");
    show_least(&bench, "a batch on two threads, against one", measure_threads(&bench), 1.8, "times");
    size_t made = allocations - before;
    show(&bench, "allocations in all estimates above", (double)made, 0, "");
    show(&bench, "attribution over 12 optimizations", 1e3 * measure(run_attribution, &bench, 1), 20, "ms");
    printf("%-44s %12.5g %-11s\n", "plans in the space of GPT-3 175B", 1e-6 * (double)speedup_space_size(bench.space), "million");
    show(&bench, "search of them all on two threads", measure(run_search, &bench, 1), 1, "s");
    show(&bench, "alias bomb of 488 bytes refused", 1e3 * measure(run_bomb, &bench, 1), 10, "ms");
    show(&bench, "400,000 nested brackets refused", 1e3 * measure(run_brackets, &bench, 1), 10, "ms");
    show(&bench, "library, stripped", (double)library.st_size / 1000, 700, "KB");

    end(&bench);
    /* How many allocations does not depend on how busy the machine is. */
    return argc > 5 && !strcmp(argv[5], "--check") && (bench.failures || made);
}
