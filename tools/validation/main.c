/* `speedup-validate`: published measurements beside estimates of the same jobs. */
#include "validate.h"

#include "../command.h"
#include "words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name, *value, *text;
} flags[] = {
    {"--kind", "KIND", "training, serving, inference, ablation, or plans: the best plan around each training row (training)"},
    {"--leave-out", "WHAT", "fit anew without each 'source', 'model' or 'gpu', or tenth of the 'configuration's, and judge what was left out"},
    {"--json", NULL, "print JSON with every row instead of a scorecard"},
    {"--write", "FOLDER", "write the job of each row as a file that 'speedup estimate' takes"},
    {"--set", "PATH=VALUE", "put a value over every job, such as train.micro_batch=2; may be repeated"},
    {"--catalog", "FILE.yaml", "add a file of accelerators, systems, models or optimizations; may be repeated"},
    {"--threads", "N", "threads to search plans with (1)"},
    {"--words", "FOLDER", "the words of publications (those of the source tree)"},
    {"--help", NULL, "print this help"},
};
enum { FLAGS = sizeof flags / sizeof *flags };

static void print_help(FILE *to)
{
    fprintf(to, "usage: speedup-validate FILE.csv [OPTIONS]\n\nestimates beside published measurements, and how far they are off\n\noptions:\n");
    for (size_t i = 0; i < FLAGS; i++) {
        int width = fprintf(to, "  %s %s", flags[i].name, flags[i].value ? flags[i].value : "");
        fprintf(to, "%*s  %s\n", width < 24 ? 24 - width : 0, "", flags[i].text);
    }
}

static int usage(const char *what, const char *which)
{
    fprintf(stderr, "speedup-validate: %s '%s'; 'speedup-validate --help' lists what there is\n", what, which);
    return EXIT_USAGE;
}

static bool take(struct options *o, const char **words, const char *flag, const char *value)
{
    const struct {
        const char *flag, **to;
    } texts[] = {{"--kind", &o->kind}, {"--leave-out", &o->leave_out}, {"--write", &o->write}, {"--words", words}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (!strcmp(flag, texts[i].flag))
            return *texts[i].to = value, true;
    if (!strcmp(flag, "--set") && o->setting_count < sizeof o->settings / sizeof *o->settings)
        return o->settings[o->setting_count++] = value, true;
    if (!strcmp(flag, "--catalog") && o->catalog_count < sizeof o->catalogs / sizeof *o->catalogs)
        return o->catalogs[o->catalog_count++] = value, true;
    if (!strcmp(flag, "--threads") && strspn(value, "0123456789") == strlen(value)) {
        long threads = strtol(value, NULL, 10);
        o->threads = threads >= 1 && threads <= 256 ? (uint32_t)threads : 0;
        return o->threads != 0;
    }
    return false;
}

static int parse(int argc, char **argv, struct options *o, const char **words)
{
    for (int i = 1; i < argc; i++) {
        size_t flag = 0;
        while (flag < FLAGS && strcmp(flags[flag].name, argv[i]))
            flag++;
        if (flag == FLAGS) {
            if (argv[i][0] == '-' && argv[i][1])
                return usage("unknown option", argv[i]);
            if (o->argument_count)
                return usage("more than one file:", argv[i]);
            o->arguments[o->argument_count++] = argv[i];
        } else if (flags[flag].value) {
            if (i + 1 == argc)
                return usage("a value is missing after", argv[i]);
            if (!take(o, words, argv[i], argv[i + 1]))
                return usage(argv[i], argv[i + 1]);
            i++;
        } else {
            o->json = true;
        }
    }
    return EXIT_FINE;
}

int main(int argc, char **argv)
{
    struct options options = {.threads = 1};
    const char *folder = WORDS_SOURCE;
    for (int i = 1; i < argc; i++)
        if (!strcmp(argv[i], "--help")) {
            print_help(stdout);
            return EXIT_FINE;
        }
    int result = parse(argc, argv, &options, &folder);
    if (result)
        return result;
    if (!options.argument_count) {
        print_help(stderr);
        return EXIT_USAGE;
    }
    struct session session = {.options = &options};
    struct words words = {0};
    if (session_open(&session))
        result = tell_problems(&session);
    else if (!words_read(folder, session.catalog, stderr, &words))
        result = EXIT_ERROR;
    session.words = &words;
    if (!result)
        result = run_validate(&session);
    words_free(&words);
    session_close(&session);
    return result;
}
