/* Measures what the library promises about its speed and size, as a table with the limits beside.
 * usage: bench SCENARIO.yaml STRIPPED_LIBRARY [--check]
 * With --check, exits with 1 where a limit is passed SLACK times over, for machines that are busy. */
#include <speedup/speedup.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

enum { SLACK = 3, REPEATS = 21, LAYOUTS = 4096, BRACKETS = 400000, BOMB = 488 };

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
    speedup_scenario *scenario;
    char *text;
    size_t length;
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

/* Layouts of all kinds, among them some that cannot be. */
static void run_batch(struct bench *bench)
{
    static double tensor[LAYOUTS], pipeline[LAYOUTS], micro_batch[LAYOUTS], seconds[LAYOUTS], peak[LAYOUTS],
        status[LAYOUTS];
    if (tensor[0] < 1)
        for (int i = 0; i < LAYOUTS; i++) {
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
    if (speedup_scenario_estimate_batch(bench->scenario, inputs, 3, outputs, 3, LAYOUTS, 1))
        stop("no batch");
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

static void show(struct bench *bench, const char *what, double value, double limit, const char *unit)
{
    printf("%-44s %12.5g %-11s", what, value, unit);
    if (limit > 0) {
        printf(" %8g %9.2f", limit, value / limit);
        bench->failures += value > limit * SLACK;
    }
    printf("\n");
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

int main(int argc, char **argv)
{
    if (argc < 3)
        stop("usage: bench SCENARIO.yaml STRIPPED_LIBRARY [--check]");
    struct bench bench = {0};
    struct stat library;
    if (stat(argv[2], &library))
        stop("no stripped library");
    const speedup_allocator counting = {
        .struct_size = sizeof counting, .allocate = allocate, .resize = resize, .release = release};
    bench.text = read_file(argv[1], &bench.length);
    if (speedup_context_create(&counting, &bench.context) || speedup_catalog_create(bench.context, &bench.catalog))
        stop("it does not begin");
    if (speedup_scenario_create(bench.context, bench.catalog, argv[1], bench.text, bench.length, NULL, 0,
                                &bench.scenario))
        stop(speedup_diagnostic_text(bench.context, 0));

    printf("libspeedup %s\n%-44s %12s %-11s %8s %9s\n", speedup_version(), "", "measured", "", "limit", "of limit");
    show(&bench, "catalog of all built-in data ready", 1e3 * measure(run_catalog, &bench, 1), 3, "ms");
    show(&bench, "scenario from YAML", 1e6 * measure(run_scenario, &bench, 100), 100, "us");
    size_t before = allocations;
    show(&bench, "one estimate", 1e6 * measure(run_estimate, &bench, 1000), 2, "us");
    double batch = measure(run_batch, &bench, 10);
    show(&bench, "estimates in a batch of mixed layouts", 1e-6 * LAYOUTS / batch, 0, "million/s");
    size_t made = allocations - before;
    show(&bench, "allocations in all estimates above", (double)made, 0, "");
    show(&bench, "alias bomb of 488 bytes refused", 1e3 * measure(run_bomb, &bench, 1), 10, "ms");
    show(&bench, "400,000 nested brackets refused", 1e3 * measure(run_brackets, &bench, 1), 10, "ms");
    show(&bench, "library, stripped", (double)library.st_size / 1000, 500, "KB");

    speedup_scenario_unref(bench.scenario);
    speedup_catalog_unref(bench.catalog);
    speedup_context_destroy(bench.context);
    free(bench.text);
    /* How many allocations does not depend on how busy the machine is. */
    return argc > 3 && !strcmp(argv[3], "--check") && (bench.failures || made);
}
