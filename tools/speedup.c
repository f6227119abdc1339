/* The `speedup` command: a YAML file in, an answer out. Uses the public interface
 * alone. Commands, options and exit codes stand in tables, which the help and the
 * man page are made from. */
#include <speedup/speedup.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { EXIT_FINE = 0, EXIT_ERROR = 1, EXIT_USAGE = 2 };

static const struct {
    int code;
    const char *text;
} exits[] = {
    {EXIT_FINE, "the answer was printed"},
    {EXIT_ERROR, "the input has errors; they are on standard error"},
    {EXIT_USAGE, "the command line is wrong"},
};

struct options {
    bool json;
    const char *catalogs[32], *settings[64];
    size_t catalog_count, setting_count;
    const char *arguments[8];
    size_t argument_count;
};

static const struct {
    const char *name, *value, *text;
} flags[] = {
    {"--json", NULL, "print JSON instead of text"},
    {"--set", "PATH=VALUE", "put a value over the scenario, such as train.micro_batch=2; may be repeated"},
    {"--catalog", "FILE.yaml", "add a file of accelerators, systems, models or optimizations; may be repeated"},
    {"--help", NULL, "print this help"},
    {"--version", NULL, "print the version"},
};

enum { FLAGS = sizeof flags / sizeof *flags, EXITS = sizeof exits / sizeof *exits };

/* What every command works with. */
struct session {
    speedup_context *context;
    speedup_catalog *catalog;
    const struct options *options;
    int32_t format;
};

static int tell_problems(const struct session *session)
{
    size_t count = speedup_diagnostic_count(session->context);
    for (size_t i = 0; i < count; i++) {
        speedup_status code = 0;
        fprintf(stderr, "%s\n", speedup_diagnostic_text(session->context, i));
        speedup_diagnostic_place(session->context, i, &code, NULL, NULL, NULL);
        if (i + 1 == count && count <= 3)
            fprintf(stderr, "  hint: %s\n", speedup_status_remedy(code));
    }
    return EXIT_ERROR;
}

static int print(const struct session *session, speedup_status status, speedup_text *text)
{
    if (status && !text)
        return speedup_diagnostic_count(session->context)
                   ? tell_problems(session)
                   : (fprintf(stderr, "speedup: %s\n", speedup_status_text(status)), EXIT_ERROR);
    fputs(speedup_text_get(text), stdout);
    speedup_text_free(text);
    return fflush(stdout) || ferror(stdout) ? EXIT_ERROR : EXIT_FINE;
}

static speedup_status read_scenario(const struct session *session, speedup_scenario **scenario)
{
    const struct options *o = session->options;
    return speedup_scenario_create_file(session->context, session->catalog, o->arguments[0], o->settings,
                                        o->setting_count, scenario);
}

static int run_estimate(const struct session *session)
{
    speedup_scenario *scenario = NULL;
    speedup_text *text = NULL;
    speedup_status status = read_scenario(session, &scenario);
    if (!status)
        status = speedup_report_estimate(session->context, scenario, session->format, &text);
    speedup_scenario_unref(scenario);
    return print(session, status, text);
}

static int run_compose(const struct session *session)
{
    speedup_scenario *scenario = NULL;
    speedup_text *text = NULL;
    speedup_status status = read_scenario(session, &scenario);
    if (!status)
        status = speedup_report_composition(session->context, scenario, session->format, &text);
    speedup_scenario_unref(scenario);
    return print(session, status, text);
}

static int run_audit(const struct session *session)
{
    speedup_text *text = NULL;
    speedup_status status = speedup_report_audit_file(session->context, session->catalog,
                                                      session->options->arguments[0], session->format, &text);
    return print(session, status, text);
}

static int run_catalog(const struct session *session)
{
    const struct options *o = session->options;
    bool show = !strcmp(o->arguments[0], "show");
    if ((!show && strcmp(o->arguments[0], "list")) || (show && o->argument_count != 3) || o->argument_count > 3 ||
        (!show && o->argument_count > 2)) {
        fprintf(stderr, "speedup: write 'catalog list [KIND]' or 'catalog show KIND ID'\n");
        return EXIT_USAGE;
    }
    speedup_text *text = NULL;
    const char *kind = o->argument_count > 1 ? o->arguments[1] : NULL, *id = show ? o->arguments[2] : NULL;
    speedup_status status =
        speedup_report_catalog(session->context, session->catalog, kind, id, session->format, &text);
    return print(session, status, text);
}

static int run_format(const struct session *session)
{
    speedup_text *text = NULL;
    speedup_status status = speedup_report_format(session->context, &text);
    return print(session, status, text);
}

/* A list of words of the library, as a table. */
static int list_words(const struct session *session, speedup_status (*at)(size_t, speedup_word *))
{
    speedup_word word = {.struct_size = sizeof word};
    int widest = 0;
    for (size_t i = 0; !at(i, &word); i++) {
        int width = (int)(strlen(word.name) + (*word.phase ? strlen(word.phase) + 1 : 0));
        widest = width > widest ? width : widest;
    }
    if (session->options->json)
        printf("[");
    for (size_t i = 0; !at(i, &word); i++) {
        if (session->options->json) {
            printf("%s\n  {\"name\": \"%s\", \"phase\": \"%s\", \"rule\": \"%s\", \"unit\": \"%s\", \"text\": \"%s\"}",
                   i ? "," : "", word.name, word.phase, word.rule, word.unit, word.text);
            continue;
        }
        int width = printf("%s%s%s", word.name, *word.phase ? "@" : "", word.phase);
        printf("%*s  %-9s  %s%s%s%s\n", widest - width, "", word.unit, word.text, *word.rule ? " (" : "", word.rule,
               *word.rule ? ")" : "");
    }
    if (session->options->json)
        printf("\n]\n");
    return EXIT_FINE;
}

static int run_metrics(const struct session *session)
{
    return list_words(session, speedup_metric_at);
}

static int run_targets(const struct session *session)
{
    return list_words(session, speedup_target_at);
}

static int run_rules(const struct session *session)
{
    return list_words(session, speedup_rule_at);
}

static const struct command {
    const char *name, *arguments, *text;
    size_t least, most;
    int (*run)(const struct session *session);
} commands[] = {
    {"estimate", "SCENARIO.yaml", "what a job will take, term by term, and what each optimization brings", 1, 1, run_estimate},
    {"compose", "SCENARIO.yaml", "how the optimizations of a job act together on the ledger", 1, 1, run_compose},
    {"audit", "CLAIMS.yaml", "a document of claims beside arithmetic and the model", 1, 1, run_audit},
    {"catalog", "list [KIND] | show KIND ID", "what is known: accelerators, systems, models, optimizations, prices", 1, 3, run_catalog},
    {"metrics", "", "what an estimate answers", 0, 0, run_metrics},
    {"targets", "", "what an optimization can act on", 0, 0, run_targets},
    {"rules", "", "how effects on one target combine", 0, 0, run_rules},
    {"format", "", "the format of YAML files, as Markdown", 0, 0, run_format},
};

enum { COMMANDS = sizeof commands / sizeof *commands };

static void print_help(FILE *to)
{
    fprintf(to, "usage: speedup COMMAND [ARGUMENTS] [OPTIONS]\n\ncommands:\n");
    for (size_t i = 0; i < COMMANDS; i++)
        fprintf(to, "  %-8s %-26s  %s\n", commands[i].name, commands[i].arguments, commands[i].text);
    fprintf(to, "\noptions:\n");
    for (size_t i = 0; i < FLAGS; i++) {
        int width = fprintf(to, "  %s %s", flags[i].name, flags[i].value ? flags[i].value : "");
        fprintf(to, "%*s  %s\n", width < 37 ? 37 - width : 0, "", flags[i].text);
    }
    fprintf(to, "\nexit codes:\n");
    for (size_t i = 0; i < EXITS; i++)
        fprintf(to, "  %d  %s\n", exits[i].code, exits[i].text);
}

/* The man page, in roff, from the same tables. */
static void print_man(void)
{
    printf(".TH SPEEDUP 1 \"\" \"speedup %s\"\n.SH NAME\nspeedup \\- what an LLM training or serving job will take\n"
           ".SH SYNOPSIS\n.B speedup\n.I COMMAND\n[\\fIARGUMENTS\\fR] [\\fIOPTIONS\\fR]\n.SH COMMANDS\n",
           speedup_version());
    for (size_t i = 0; i < COMMANDS; i++)
        printf(".TP\n\\fB%s\\fR %s\n%s\n", commands[i].name, commands[i].arguments, commands[i].text);
    printf(".SH OPTIONS\n");
    for (size_t i = 0; i < FLAGS; i++)
        printf(".TP\n\\fB\\%s\\fR %s\n%s\n", flags[i].name, flags[i].value ? flags[i].value : "", flags[i].text);
    printf(".SH EXIT STATUS\n");
    for (size_t i = 0; i < EXITS; i++)
        printf(".TP\n%d\n%s\n", exits[i].code, exits[i].text);
}

static int usage_error(const char *what, const char *which)
{
    fprintf(stderr, "speedup: %s '%s'; 'speedup --help' lists what there is\n", what, which);
    return EXIT_USAGE;
}

static int parse(int argc, char **argv, struct options *o)
{
    for (int i = 2; i < argc; i++) {
        bool takes = !strcmp(argv[i], "--set") || !strcmp(argv[i], "--catalog");
        if (takes && i + 1 == argc)
            return usage_error("a value is missing after", argv[i]);
        if (!strcmp(argv[i], "--json"))
            o->json = true;
        else if (!strcmp(argv[i], "--set") && o->setting_count < sizeof o->settings / sizeof *o->settings)
            o->settings[o->setting_count++] = argv[++i];
        else if (!strcmp(argv[i], "--catalog") && o->catalog_count < sizeof o->catalogs / sizeof *o->catalogs)
            o->catalogs[o->catalog_count++] = argv[++i];
        else if (argv[i][0] == '-' && argv[i][1])
            return usage_error("unknown option", argv[i]);
        else if (o->argument_count < sizeof o->arguments / sizeof *o->arguments)
            o->arguments[o->argument_count++] = argv[i];
        else
            return usage_error("too many arguments at", argv[i]);
    }
    return EXIT_FINE;
}

static speedup_status open_catalog(struct session *session)
{
    speedup_status status = speedup_catalog_create(session->context, &session->catalog);
    for (size_t i = 0; i < session->options->catalog_count && !status; i++) {
        speedup_catalog *more;
        status = speedup_catalog_extend_file(session->context, session->catalog, session->options->catalogs[i], &more);
        if (!status) {
            speedup_catalog_unref(session->catalog);
            session->catalog = more;
        }
    }
    return status;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        print_help(stderr);
        return EXIT_USAGE;
    }
    if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "help")) {
        print_help(stdout);
        return EXIT_FINE;
    }
    if (!strcmp(argv[1], "--version")) {
        printf("speedup %s\n", speedup_version());
        return EXIT_FINE;
    }
    if (!strcmp(argv[1], "man")) {
        print_man();
        return EXIT_FINE;
    }
    const struct command *command = commands;
    while (command < commands + COMMANDS && strcmp(command->name, argv[1]))
        command++;
    if (command == commands + COMMANDS)
        return usage_error("unknown command", argv[1]);
    for (int i = 2; i < argc; i++)
        if (!strcmp(argv[i], "--help")) {
            print_help(stdout);
            return EXIT_FINE;
        }
    struct options options = {0};
    int result = parse(argc, argv, &options);
    if (result)
        return result;
    if (options.argument_count < command->least || options.argument_count > command->most) {
        fprintf(stderr, "usage: speedup %s %s\n", command->name, command->arguments);
        return EXIT_USAGE;
    }
    struct session session = {.options = &options, .format = options.json ? SPEEDUP_FORMAT_JSON : SPEEDUP_FORMAT_TEXT};
    if (speedup_context_create(NULL, &session.context)) {
        fprintf(stderr, "speedup: out of memory\n");
        return EXIT_ERROR;
    }
    result = open_catalog(&session) ? tell_problems(&session) : command->run(&session);
    speedup_catalog_unref(session.catalog);
    speedup_context_destroy(session.context);
    return result;
}
