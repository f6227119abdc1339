/* Error goldens: every NAME.yaml of a folder is read as its first line says
 * ("# as: scenario", "catalog", "claims", "plan", "import", then settings), and what
 * is told must be NAME.expected to the letter. Every status code must be told
 * somewhere: by a file, or by one of the functions below for what no file can raise.
 *
 *   run FOLDER            compare
 *   run FOLDER --update   write the expectations anew; read them before committing */
#include <speedup/speedup.h>

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LARGEST = 1 << 16, MOST_SETTINGS = 8, MOST_CODES = 1000 };

static speedup_context *context;
static speedup_catalog *catalog;
static bool seen[MOST_CODES]; /* codes that were told */

/* ---- What no file can raise ---- */

static void *no_allocate(void *user, size_t size)
{
    (void)user;
    (void)size;
    return NULL;
}

static void *no_resize(void *user, void *memory, size_t size)
{
    (void)user;
    (void)memory;
    (void)size;
    return NULL;
}

static void no_release(void *user, void *memory)
{
    (void)user;
    (void)memory;
}

static speedup_status out_of_memory(void)
{
    const speedup_allocator none = {sizeof none, NULL, no_allocate, no_resize, no_release};
    speedup_context *made;
    return speedup_context_create(&none, &made);
}

static speedup_status invalid_argument(void)
{
    return speedup_catalog_create(context, NULL);
}

static speedup_status not_found(void)
{
    double value;
    return speedup_catalog_number(catalog, "models", "no-such-model", "layers", &value);
}

static double minus_one(void *user, const speedup_view *view)
{
    (void)user;
    (void)view;
    return -1;
}

static const char job[] = "train: {model: llama-7b, system: dgx-a100-80gb, accelerators: 8, sequence: 2048, "
                          "global_batch: 8, optimizations: [own]}";

static speedup_status callback(void)
{
    speedup_optimization *own;
    speedup_catalog *with;
    speedup_scenario *scenario;
    speedup_status status = speedup_optimization_create(context, "own", NULL, &own);
    if (status)
        return status;
    status = speedup_optimization_callback(own, "loss.bytes", minus_one, NULL, NULL);
    if (!status)
        status = speedup_catalog_register(context, catalog, own, &with);
    speedup_optimization_destroy(own);
    if (status)
        return status;
    status = speedup_scenario_create(context, with, "job", job, sizeof job - 1, NULL, 0, &scenario);
    speedup_scenario_unref(scenario);
    speedup_catalog_unref(with);
    return status;
}

static int32_t stop(void *user, uint64_t done, uint64_t total)
{
    (void)user;
    (void)done;
    (void)total;
    return 1;
}

static speedup_status cancelled(void)
{
    static const char text[] = "plan: {model: llama-7b, systems: [dgx-a100-80gb], accelerators: [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024], "
                               "sequence: 2048, global_batch: 1024, tensor: [1, 2, 4, 8], pipeline: [1, 2, 4, 8], context: [1, 2, 4], micro_batch: [1, 2, 4, 8], "
                               "optimizations: [bf16-mixed-precision], choices: [[none, zero-1, zero-2, zero-3], [none, flash-attention-2], [none, kernel-fusion], "
                               "[none, activation-checkpointing, selective-checkpointing], [none, sequence-parallelism]]}";
    speedup_space *space;
    speedup_result *result;
    speedup_status status = speedup_space_create(context, catalog, "plan", text, sizeof text - 1, NULL, 0, &space);
    if (status)
        return status;
    status = speedup_space_search(context, space, 0, speedup_space_size(space), 1, stop, NULL, &result);
    speedup_result_destroy(result);
    speedup_space_unref(space);
    return status;
}

static speedup_status from_file(const char *path)
{
    speedup_catalog *made;
    return speedup_catalog_extend_file(context, catalog, path, &made);
}

static speedup_status unreadable(void)
{
    return from_file("no-such-folder/no-such-file.yaml");
}

static speedup_status not_a_file(void)
{
    return from_file(".");
}

/* As many of a part as make a text too large or with too many values. */
static speedup_status from_many(const char *part, size_t count)
{
    size_t length = strlen(part);
    char *text = malloc(count * length + 2);
    if (!text)
        return SPEEDUP_OUT_OF_MEMORY;
    text[0] = '[';
    for (size_t i = 0; i < count; i++)
        memcpy(text + 1 + i * length, part, length);
    speedup_catalog *made;
    speedup_status status = speedup_catalog_extend(context, catalog, "many", text, count * length + 1, &made);
    free(text);
    return status;
}

static speedup_status too_large(void)
{
    return from_many("a, ", 400000);
}

static speedup_status too_many_nodes(void)
{
    return from_many("a,", 200000);
}

static const struct {
    speedup_status code;
    speedup_status (*raise)(void);
} others[] = {
    {SPEEDUP_OUT_OF_MEMORY, out_of_memory}, {SPEEDUP_INVALID_ARGUMENT, invalid_argument}, {SPEEDUP_NOT_FOUND, not_found},
    {SPEEDUP_CALLBACK, callback},           {SPEEDUP_CANCELLED, cancelled},               {SPEEDUP_UNREADABLE, unreadable},
    {SPEEDUP_NOT_A_FILE, not_a_file},       {SPEEDUP_TOO_LARGE, too_large},               {SPEEDUP_TOO_MANY_NODES, too_many_nodes},
};

static int check_others(void)
{
    int wrong = 0;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        speedup_status status = others[i].raise();
        seen[others[i].code] = true;
        if (status == others[i].code)
            continue;
        printf("%s: got %d instead\n", speedup_status_name(others[i].code), (int)status);
        wrong++;
    }
    return wrong;
}

/* ---- What files raise ---- */

static char *load(const char *folder, const char *name, const char *ending, size_t *length)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s%s", folder, name, ending);
    FILE *file = fopen(path, "rb");
    char *text = file ? malloc(LARGEST + 1) : NULL;
    *length = text ? fread(text, 1, LARGEST, file) : 0;
    if (text)
        text[*length] = '\0';
    if (file)
        fclose(file);
    return text;
}

/* Reads a text as its kind; returns what was told, one after the other. */
static char *tell(const char *name, const char *text, size_t length, const char *kind, const char *const *settings, size_t setting_count)
{
    char file[300];
    snprintf(file, sizeof file, "%s.yaml", name);
    speedup_status status = SPEEDUP_OK;
    if (!strcmp(kind, "catalog")) {
        speedup_catalog *made;
        status = speedup_catalog_extend(context, catalog, file, text, length, &made);
        speedup_catalog_unref(made);
    } else if (!strcmp(kind, "import")) {
        speedup_catalog *made;
        status = speedup_catalog_import_model(context, catalog, file, text, length, "imported", &made);
        speedup_catalog_unref(made);
    } else if (!strcmp(kind, "claims")) {
        speedup_text *made;
        status = speedup_report_audit(context, catalog, file, text, length, SPEEDUP_FORMAT_TEXT, &made);
        speedup_text_destroy(made);
    } else if (!strcmp(kind, "plan")) {
        speedup_space *made;
        status = speedup_space_create(context, catalog, file, text, length, settings, setting_count, &made);
        speedup_space_unref(made);
    } else {
        speedup_scenario *made;
        status = speedup_scenario_create(context, catalog, file, text, length, settings, setting_count, &made);
        speedup_scenario_unref(made);
    }
    char *told = malloc(LARGEST);
    if (!told)
        return NULL;
    strcpy(told, status ? "" : "no error\n");
    for (size_t i = 0; i < speedup_diagnostic_count(context); i++) {
        speedup_status code;
        const char *diagnostic = speedup_diagnostic_text(context, i);
        speedup_diagnostic_place(context, i, &code, NULL, NULL, NULL);
        seen[code] = true;
        if (strlen(told) + strlen(diagnostic) + 2 < LARGEST)
            strcat(strcat(told, diagnostic), "\n");
        /* What to do is shown where it is not what the code always has. */
        const char *remedy = speedup_diagnostic_remedy(context, i);
        if (remedy && strcmp(remedy, speedup_status_remedy(code)) && strlen(told) + strlen(remedy) + 10 < LARGEST)
            strcat(strcat(strcat(told, "  hint: "), remedy), "\n");
    }
    return told;
}

/* The words of "# as: kind setting setting ..." in the first line. */
static size_t read_head(const char *text, char *head, size_t room, const char **kind, const char **settings)
{
    static const char mark[] = "# as: ";
    const char *start = strstr(text, mark);
    snprintf(head, room, "%s", start ? start + sizeof mark - 1 : "scenario");
    head[strcspn(head, "\r\n")] = '\0';
    *kind = strtok(head, " ");
    size_t count = 0;
    for (char *word; count < MOST_SETTINGS && (word = strtok(NULL, " "));)
        settings[count++] = word;
    return count;
}

static int check(const char *folder, const char *name, bool update)
{
    size_t length, expected_length, setting_count;
    char head[1000];
    const char *kind, *settings[MOST_SETTINGS];
    char *text = load(folder, name, ".yaml", &length), *told = NULL;
    char *expected = load(folder, name, ".expected", &expected_length);
    int wrong = 1;
    if (text) {
        setting_count = read_head(text, head, sizeof head, &kind, settings);
        told = tell(name, text, length, kind, settings, setting_count);
    }
    if (told && update) {
        char path[1024];
        snprintf(path, sizeof path, "%s/%s.expected", folder, name);
        FILE *file = fopen(path, "wb");
        wrong = !file || fputs(told, file) < 0;
        if (file)
            wrong |= fclose(file) != 0;
    } else if (told) {
        wrong = !expected || strcmp(told, expected) != 0;
        if (wrong)
            printf("--- %s: expected\n%s+++ got\n%s", name, expected ? expected : "(no file)\n", told);
    }
    free(text);
    free(told);
    free(expected);
    return wrong;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int check_all(const char *folder, bool update)
{
    char *names[1000];
    size_t count = 0;
    int wrong = 0;
    DIR *open = opendir(folder);
    for (struct dirent *entry; open && (entry = readdir(open)) && count < 1000;) {
        size_t length = strlen(entry->d_name);
        if (length > 5 && !strcmp(entry->d_name + length - 5, ".yaml"))
            names[count++] = strndup(entry->d_name, length - 5);
    }
    if (open)
        closedir(open);
    qsort(names, count, sizeof *names, compare_names);
    for (size_t i = 0; i < count; i++) {
        wrong += check(folder, names[i], update);
        free(names[i]);
    }
    printf("%zu files, %d wrong\n", count, wrong);
    return wrong + (count < 60);
}

static int check_codes(void)
{
    int missing = 0;
    speedup_status code;
    for (size_t i = 0; speedup_status_at(i, &code) == SPEEDUP_OK; i++)
        if (code && !seen[code]) {
            printf("no case tells %s (%d)\n", speedup_status_name(code), (int)code);
            missing++;
        }
    return missing;
}

int main(int count, char **arguments)
{
    if (count < 2 || speedup_context_create(NULL, &context) || speedup_catalog_create(context, &catalog))
        return 2;
    int wrong = check_all(arguments[1], count > 2 && !strcmp(arguments[2], "--update"));
    wrong += check_others();
    wrong += check_codes();
    speedup_catalog_unref(catalog);
    speedup_context_destroy(context);
    return wrong != 0;
}
