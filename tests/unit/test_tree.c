/* YAML texts as bounded trees with places, and what is refused of YAML. */
#include "helper.h"

#include "yaml/tree.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static struct arena arena;
static struct yaml_tree tree;

static speedup_status read_bytes(const char *text, size_t length)
{
    diagnostics_clear(world.context);
    arena_end(&arena);
    arena_begin(&arena, &memory_default);
    return yaml_read(world.context, &arena, "t.yaml", text, length, &tree);
}

static speedup_status load(const char *text)
{
    return read_bytes(text, strlen(text));
}

static void refuses(const char *text, speedup_status code, uint32_t line, uint32_t column)
{
    speedup_status told = SPEEDUP_OK;
    uint32_t at_line = 0, at_column = 0;
    assert_int_equal(load(text), code);
    assert_int_equal(speedup_diagnostic_place(world.context, 0, &told, NULL, &at_line, &at_column), SPEEDUP_OK);
    assert_int_equal(told, code);
    assert_int_equal(at_line, line);
    assert_int_equal(at_column, column);
}

static void a_mapping_keeps_its_keys_in_order(void **state)
{
    (void)state;
    assert_ok(load("b: 1\na: [x, 'y z']\n"));
    const struct yaml_node *root = yaml_at(&tree, tree.root);
    assert_int_equal(root->kind, YAML_MAPPING);
    assert_int_equal(root->length, 2);
    assert_string_equal(yaml_text(&tree, root->first), "b");
    uint32_t list = yaml_find(&tree, tree.root, "a");
    assert_int_equal(yaml_at(&tree, list)->kind, YAML_SEQUENCE);
    assert_int_equal(yaml_at(&tree, list)->length, 2);
    uint32_t item = yaml_at(&tree, yaml_at(&tree, list)->first)->next;
    assert_string_equal(yaml_text(&tree, item), "y z");
    assert_int_equal(yaml_find(&tree, tree.root, "c"), 0);
    assert_int_equal(yaml_find(&tree, list, "a"), 0);
}

static void every_node_knows_its_line_and_column(void **state)
{
    (void)state;
    assert_ok(load("a: 1\n\xC3\xA4: {k: v}\n"));
    struct place place = yaml_place(&tree, yaml_find(&tree, yaml_find(&tree, tree.root, "\xC3\xA4"), "k"));
    assert_int_equal(place.line, 2);
    assert_int_equal(place.column, 8); /* characters, not bytes */
    assert_string_equal(place.file, "t.yaml");
}

static void quoted_scalars_are_not_plain(void **state)
{
    (void)state;
    assert_ok(load("[a, 'a', \"a\", '']"));
    uint32_t item = yaml_at(&tree, tree.root)->first;
    assert_int_equal(yaml_at(&tree, item)->plain, 1);
    item = yaml_at(&tree, item)->next;
    assert_int_equal(yaml_at(&tree, item)->plain, 0);
    item = yaml_at(&tree, item)->next;
    assert_int_equal(yaml_at(&tree, item)->plain, 0);
    item = yaml_at(&tree, item)->next;
    assert_int_equal(yaml_at(&tree, item)->length, 0);
}

static void a_byte_order_mark_is_skipped(void **state)
{
    (void)state;
    assert_ok(load("\xEF\xBB\xBF" "a: 1"));
    assert_int_equal(yaml_at(&tree, yaml_at(&tree, tree.root)->first)->column, 1);
}

static void windows_line_ends_are_line_ends(void **state)
{
    (void)state;
    assert_ok(load("a: 1\r\nb: x\r\n"));
    uint32_t b = yaml_find(&tree, tree.root, "b");
    assert_int_equal(yaml_at(&tree, b)->line, 2);
    assert_string_equal(yaml_text(&tree, b), "x");
    refuses("a: 1\r\na: 2\r\n", SPEEDUP_DUPLICATE_KEY, 2, 1);
}

static void empty_documents_are_refused(void **state)
{
    (void)state;
    assert_int_equal(load(""), SPEEDUP_EMPTY);
    assert_int_equal(load("\n\n# only a comment\n"), SPEEDUP_EMPTY);
    assert_int_equal(load("\xEF\xBB\xBF"), SPEEDUP_EMPTY);
}

static void all_duplicate_keys_are_told(void **state)
{
    (void)state;
    refuses("a: 1\nb: 2\na: 3\nc: {d: 1, d: 2}\n", SPEEDUP_DUPLICATE_KEY, 4, 11);
    assert_int_equal(speedup_diagnostic_count(world.context), 2);
    refuses("{a: 1, \"a\": 2}", SPEEDUP_DUPLICATE_KEY, 1, 8);
}

static void anchors_and_aliases_are_refused(void **state)
{
    (void)state;
    refuses("a: &x 1\nb: *x\n", SPEEDUP_ALIAS, 1, 4);
    refuses("a: &x [1]", SPEEDUP_ALIAS, 1, 4);
    refuses("a: &x {b: 1}", SPEEDUP_ALIAS, 1, 4);
    refuses("a: *x", SPEEDUP_ALIAS, 1, 4);
}

static void tags_are_refused(void **state)
{
    (void)state;
    refuses("a: !!str 1", SPEEDUP_TAG, 1, 4);
    refuses("a: !mine [1]", SPEEDUP_TAG, 1, 4);
    refuses("a: !!map {b: 1}", SPEEDUP_TAG, 1, 4);
}

static void a_second_document_is_refused(void **state)
{
    (void)state;
    refuses("a: 1\n---\nb: 2\n", SPEEDUP_SEVERAL_DOCUMENTS, 2, 1);
    assert_ok(load("---\na: 1\n...\n"));
}

static void a_key_is_plain_text(void **state)
{
    (void)state;
    refuses("? [a]\n: b\n", SPEEDUP_WRONG_TYPE, 1, 3);
    refuses("{{a: 1}: 2}", SPEEDUP_WRONG_TYPE, 1, 2);
}

static void tabs_are_no_indentation(void **state)
{
    (void)state;
    refuses("a:\n\tb: 1\n", SPEEDUP_SYNTAX, 2, 1);
}

static void broken_yaml_is_refused_where_it_breaks(void **state)
{
    (void)state;
    refuses("a: 1\n'b\n", SPEEDUP_SYNTAX, 2, 1); /* where the quote begins that is never closed */
    refuses("b: 1\na: [1, 2\nc: 3\n", SPEEDUP_SYNTAX, 2, 4);
    refuses("a: 1\n b: 2\n", SPEEDUP_SYNTAX, 2, 3);
    refuses("%YAML 9.9\n---\na: 1\n", SPEEDUP_SYNTAX, 1, 1);
}

static void what_is_no_utf8_text_is_refused(void **state)
{
    (void)state;
    refuses("a: x\nb: \xFF\n", SPEEDUP_NOT_TEXT, 2, 4);
    refuses("a: \x01", SPEEDUP_NOT_TEXT, 1, 4);
    assert_int_equal(load("\xFE\xFF\x61\x62"), SPEEDUP_NOT_TEXT); /* UTF-16 */
    assert_int_equal(read_bytes("a: \0b", 5), SPEEDUP_NOT_TEXT);
    refuses("a: \"\\0\"", SPEEDUP_NOT_TEXT, 1, 4);
    refuses("\"a\\0b\": 1", SPEEDUP_NOT_TEXT, 1, 1);
    refuses("a: \xC3\xA4\xFF", SPEEDUP_NOT_TEXT, 1, 5); /* counted in characters */
}

/* `count` times `part` between two ends. */
static char *repeated(const char *begin, const char *part, size_t count, const char *end)
{
    size_t length = strlen(part);
    char *text = malloc(strlen(begin) + count * length + strlen(end) + 1), *at = text;
    at = stpcpy(at, begin);
    for (size_t i = 0; i < count; i++)
        at = stpcpy(at, part);
    strcpy(at, end);
    return text;
}

static speedup_status read_repeated(const char *begin, const char *part, size_t count, const char *end)
{
    char *text = repeated(begin, part, count, end);
    speedup_status status = load(text);
    free(text);
    return status;
}

static void nesting_is_bounded(void **state)
{
    (void)state;
    char deep[100] = "";
    for (int i = 0; i < YAML_DEEPEST; i++)
        strcat(deep, "[");
    for (int i = 0; i < YAML_DEEPEST; i++)
        strcat(deep, "]");
    assert_ok(load(deep));
    assert_int_equal(read_repeated("", "[", YAML_DEEPEST + 1, ""), SPEEDUP_TOO_DEEP);
    assert_int_equal(read_repeated("", "{a: ", YAML_DEEPEST + 1, ""), SPEEDUP_TOO_DEEP);
}

static double milliseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* libyaml is quadratic in depth and aliases grow exponentially: both end at once. */
static void bombs_are_refused_at_once(void **state)
{
    (void)state;
    double start = milliseconds();
    assert_int_equal(read_repeated("", "[", 400000, ""), SPEEDUP_TOO_DEEP);
    assert_int_equal(load("a: &a [x,x]\nb: &b [*a,*a]\nc: &c [*b,*b]\n"), SPEEDUP_ALIAS);
    assert_true(milliseconds() - start < 1000); /* generous, for sanitizers; the benchmark has the real bound */
}

static void nodes_are_bounded(void **state)
{
    (void)state;
    assert_ok(read_repeated("[", "1,", YAML_MOST_NODES - 2, "]"));
    assert_int_equal(read_repeated("[", "1,", YAML_MOST_NODES + 1, "]"), SPEEDUP_TOO_MANY_NODES);
}

static void bytes_are_bounded(void **state)
{
    (void)state;
    assert_ok(read_repeated("#", "x", YAML_MOST_BYTES - 6, "\na: 1"));
    assert_int_equal(read_repeated("#", "x", YAML_MOST_BYTES, "\na: 1"), SPEEDUP_TOO_LARGE);
}

static speedup_status read_path(const char *path)
{
    diagnostics_clear(world.context);
    return yaml_read_file(world.context, &arena, path, &tree);
}

static void a_file_is_read_like_a_text(void **state)
{
    (void)state;
    char path[] = "/tmp/speedup-test-XXXXXX";
    int file = mkstemp(path);
    assert_true(file >= 0);
    assert_int_equal(write(file, "a: 1\n", 5), 5);
    assert_ok(read_path(path));
    assert_string_equal(yaml_text(&tree, yaml_find(&tree, tree.root, "a")), "1");
    assert_int_equal(ftruncate(file, YAML_MOST_BYTES + 1), 0);
    assert_int_equal(read_path(path), SPEEDUP_TOO_LARGE);
    close(file);
    if (geteuid() != 0) { /* root may read everything */
        chmod(path, 0);
        assert_int_equal(read_path(path), SPEEDUP_UNREADABLE);
    }
    unlink(path);
}

static void what_is_no_readable_file_is_refused(void **state)
{
    (void)state;
    assert_int_equal(read_path("/tmp"), SPEEDUP_NOT_A_FILE);
    assert_int_equal(read_path("/dev/null"), SPEEDUP_NOT_A_FILE);
    assert_int_equal(read_path("/nonexistent/file.yaml"), SPEEDUP_UNREADABLE);
    assert_contains(speedup_diagnostic_text(world.context, 0), "there is no such file");
    assert_int_equal(read_path("/dev/null/x"), SPEEDUP_UNREADABLE);
}

static atomic_bool swapping;

/* Puts a pipe where a file is, and the file back, as long as it may. */
static void *swap_them(void *folder)
{
    char file[100], pipe[100], aside[100];
    snprintf(file, sizeof file, "%s/file", (const char *)folder);
    snprintf(pipe, sizeof pipe, "%s/pipe", (const char *)folder);
    snprintf(aside, sizeof aside, "%s/aside", (const char *)folder);
    while (atomic_load(&swapping)) {
        link(file, aside);
        rename(pipe, file);
        link(file, pipe);
        rename(aside, file);
    }
    return NULL;
}

/* A pipe that nobody writes to once stopped the program for good. */
static void a_pipe_put_in_place_of_a_file_is_not_waited_for(void **state)
{
    (void)state;
    char folder[] = "/tmp/speedup-test-XXXXXX", path[100], pipe[100];
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/file", folder);
    snprintf(pipe, sizeof pipe, "%s/pipe", folder);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs("a: 1\n", file);
    fclose(file);
    assert_int_equal(mkfifo(pipe, 0600), 0);
    assert_int_equal(read_path(pipe), SPEEDUP_NOT_A_FILE);
    atomic_store(&swapping, true);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, swap_them, folder), 0);
    double start = milliseconds();
    for (size_t kinds[2] = {0}; milliseconds() - start < 2000 && (kinds[0] < 2000 || kinds[1] < 2000);) {
        speedup_status status = read_path(path);
        assert_true(status == SPEEDUP_OK || status == SPEEDUP_NOT_A_FILE);
        kinds[status == SPEEDUP_OK]++;
        arena_end(&arena);
        arena_begin(&arena, &memory_default);
    }
    atomic_store(&swapping, false);
    pthread_join(thread, NULL);
    char aside[100];
    snprintf(aside, sizeof aside, "%s/aside", folder);
    unlink(aside);
    unlink(pipe);
    unlink(path);
    rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_mapping_keeps_its_keys_in_order),
        cmocka_unit_test(every_node_knows_its_line_and_column),
        cmocka_unit_test(quoted_scalars_are_not_plain),
        cmocka_unit_test(a_byte_order_mark_is_skipped),
        cmocka_unit_test(windows_line_ends_are_line_ends),
        cmocka_unit_test(empty_documents_are_refused),
        cmocka_unit_test(all_duplicate_keys_are_told),
        cmocka_unit_test(anchors_and_aliases_are_refused),
        cmocka_unit_test(tags_are_refused),
        cmocka_unit_test(a_second_document_is_refused),
        cmocka_unit_test(a_key_is_plain_text),
        cmocka_unit_test(tabs_are_no_indentation),
        cmocka_unit_test(broken_yaml_is_refused_where_it_breaks),
        cmocka_unit_test(what_is_no_utf8_text_is_refused),
        cmocka_unit_test(nesting_is_bounded),
        cmocka_unit_test(bombs_are_refused_at_once),
        cmocka_unit_test(nodes_are_bounded),
        cmocka_unit_test(bytes_are_bounded),
        cmocka_unit_test(a_file_is_read_like_a_text),
        cmocka_unit_test(what_is_no_readable_file_is_refused),
        cmocka_unit_test(a_pipe_put_in_place_of_a_file_is_not_waited_for),
    };
    arena_begin(&arena, &memory_default);
    int failed = cmocka_run_group_tests(tests, world_begin, world_end);
    arena_end(&arena);
    return failed;
}
