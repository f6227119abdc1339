/* What the unit tests share: a context with the built-in catalog, and short ways
 * from YAML to a scenario and its metrics. */
#ifndef TESTS_HELPER_H
#define TESTS_HELPER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <speedup/speedup.h>

#include <stdbool.h>

/* One for all tests of a program; made by world_begin, ended by world_end. */
struct world {
    speedup_context *context;
    speedup_catalog *catalog;
};
extern struct world world;
int world_begin(void **state);
int world_end(void **state);

/* A training job small enough for every test: 7B on 16 A100, tensor 2, data 8. */
extern const char job[];

/* Settings "path=value", ended by NULL, to put over a job. */
#define WITH(...) ((const char *const[]){__VA_ARGS__, NULL})
#define PLAIN ((const char *const[]){NULL})

/* These fail the test, with the diagnostics, when the library refuses. */
speedup_catalog *extend(const speedup_catalog *base, const char *yaml);
speedup_scenario *scenario_of(const speedup_catalog *catalog, const char *yaml, const char *const *settings);
void estimate_of(const speedup_catalog *catalog, const char *yaml, const char *const *settings,
                 double values[SPEEDUP_METRIC_COUNT]);
double metric_of(const speedup_catalog *catalog, const char *yaml, const char *const *settings, int32_t metric);
speedup_space *space_of(const speedup_catalog *catalog, const char *yaml);

/* These expect refusal: the code of the first problem. */
speedup_status refused_catalog(const speedup_catalog *base, const char *yaml);
speedup_status refused_scenario(const speedup_catalog *catalog, const char *yaml, const char *const *settings);
speedup_status refused_space(const speedup_catalog *catalog, const char *yaml);

/* Fails the test unless the status is SPEEDUP_OK; shows the diagnostics. */
#define assert_ok(status) assert_ok_at((status), __FILE__, __LINE__)
void assert_ok_at(speedup_status status, const char *file, int line);

#define assert_bits(a, b) assert_bits_at((a), (b), __FILE__, __LINE__)
void assert_bits_at(double a, double b, const char *file, int line);

/* Equal up to a relative error. */
#define assert_near(a, b, error) assert_near_at((a), (b), (error), __FILE__, __LINE__)
void assert_near_at(double a, double b, double error, const char *file, int line);

#define assert_contains(text, part) assert_contains_at((text), (part), __FILE__, __LINE__)
void assert_contains_at(const char *text, const char *part, const char *file, int line);

/* A small fixed sequence of random numbers, the same on every machine. */
struct random {
    uint64_t state;
};
uint64_t random_next(struct random *random);
double random_between(struct random *random, double least, double most);
uint64_t random_below(struct random *random, uint64_t count);

#endif
