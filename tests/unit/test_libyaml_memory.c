/* Memory running out inside libyaml, which takes it from malloc: the linker puts these
 * functions in malloc's place for the whole program. */
#include "helper.h"

#include <stdlib.h>
#include <string.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
char *__real_strdup(const char *text);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
char *__wrap_strdup(const char *text);

static size_t calls, fail_at;
static bool forever;

static bool fails(void)
{
    calls++;
    return fail_at && (forever ? calls >= fail_at : calls == fail_at);
}

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
    return fails() ? NULL : __real_realloc(memory, size);
}

char *__wrap_strdup(const char *text)
{
    return fails() ? NULL : __real_strdup(text);
}

/* The library's own memory never fails here, so what fails is libyaml's. */
static void *allocate(void *user, size_t size)
{
    (void)user;
    return __real_malloc(size);
}

static void *resize(void *user, void *memory, size_t size)
{
    (void)user;
    return __real_realloc(memory, size);
}

static void release(void *user, void *memory)
{
    (void)user;
    free(memory);
}

static void survives(const char *yaml, speedup_status expected)
{
    const speedup_allocator allocator = {sizeof allocator, NULL, allocate, resize, release};
    speedup_context *context;
    assert_int_equal(speedup_context_create(&allocator, &context), SPEEDUP_OK);
    for (int all = 0; all < 2; all++) {
        size_t failed = 0;
        for (size_t n = 1;; n++) {
            speedup_scenario *scenario;
            forever = all;
            calls = 0;
            fail_at = n;
            speedup_status status = speedup_scenario_create(context, world.catalog, "t", yaml, strlen(yaml), NULL, 0, &scenario);
            fail_at = 0;
            speedup_scenario_unref(scenario);
            if (calls < n) {
                assert_int_equal(status, expected);
                break;
            }
            if (status != expected)
                assert_int_equal(status, SPEEDUP_OUT_OF_MEMORY);
            failed += status == SPEEDUP_OUT_OF_MEMORY;
        }
        assert_true(failed > 5);
    }
    speedup_context_destroy(context);
}

static void libyaml_without_memory_is_told(void **state)
{
    (void)state;
    survives(job, SPEEDUP_OK);
}

static void libyaml_without_memory_in_a_broken_text_is_told(void **state)
{
    (void)state;
    survives("a: [1, {b: \"c\\n\", d: |\n  e\n", SPEEDUP_SYNTAX);
    survives("a: &anchor !tag 'b'", SPEEDUP_ALIAS);
    survives("%TAG ! tag:x,2000:\n---\na: 1\n---\nb: 2\n", SPEEDUP_SEVERAL_DOCUMENTS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(libyaml_without_memory_is_told),
        cmocka_unit_test(libyaml_without_memory_in_a_broken_text_is_told),
    };
    return cmocka_run_group_tests(tests, world_begin, world_end);
}
