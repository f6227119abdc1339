/* The `speedup` command: a YAML file in, an answer out. Uses the public interface
 * alone. Commands, options and exit codes stand in tables, which the help and the
 * man page are made from. */
#include "command.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    int code;
    const char *command, *text; /* the command that ends with it; NULL: all */
} exits[] = {
    {EXIT_FINE, NULL, "the answer was printed"},
    {EXIT_ERROR, NULL, "the input has errors; they are on standard error"},
    {EXIT_USAGE, NULL, "the command line is wrong"},
    {EXIT_WARN, "admit", "outside a limit, but a warning is enough"},
    {EXIT_WARN, "fit", "the job does not fit, and some of the usual means mend it"},
    {EXIT_REFUSE, "admit", "refused, also for errors of the scenario"},
    {EXIT_REFUSE, "fit", "the job does not fit, and none of the usual means mends it"},
    {EXIT_NO_PLAN, "plan", "no plan of the space is possible"},
};

static const struct {
    const char *name, *value, *takers, *text; /* the commands that take it; NULL: all */
} flags[] = {
    {"--json", NULL, NULL, "print JSON instead of text"},
    {"--set", "PATH=VALUE", "calibrate, estimate, compose, fit, plan", "put a value over the scenario, such as train.micro_batch=2; may be repeated"},
    {"--catalog", "FILE.yaml", NULL, "add a file of accelerators, systems, models or optimizations; may be repeated"},
    {"--top", "N", "plan", "how many of the best plans to print"},
    {"--pareto", "METRIC,METRIC", "plan", "print the Pareto front of these metrics too"},
    {"--systems", "ID,ID", "plan", "systems to choose from"},
    {"--objective", "WHAT", "plan", "time, cost, energy; of training accelerator-hours, of services throughput"},
    {"--deadline", "TIME", "plan", "longest run, such as 30d"},
    {"--tokens", "COUNT", "plan", "tokens of the run, such as 1.4T"},
    {"--request-rate", "RATE", "plan", "requests that a service must serve, such as '10 /s'"},
    {"--model", "ID|FILE", "estimate, fit, plan, catalog", "a model of the catalog, or its file: config.json, GGUF, safetensors beside a config.json, or the folder of a repository"},
    {"--hardware", "SYSTEM", "estimate, fit", "a system of the catalog, or cards: rtx-4090, '2x RTX 4090'"},
    {"--serve", "CONCURRENCYxPROMPTxOUTPUT", "estimate, plan", "a service, such as 64x1024x1024; with --request-rate 1024x1024"},
    {"--generate", "BATCHxPROMPTxOUTPUT", "estimate", "a static batch, such as 16x1024x256"},
    {"--train", "BATCHxSEQUENCE", "estimate, fit, plan", "a training step, such as 512x4096; estimated in bf16-mixed-precision unless --optimize says otherwise"},
    {"--stack", "ID", "estimate, fit, plan", "the software (serving-engine, for inference)"},
    {"--optimize", "ID,ID", "estimate, fit, plan", "optimizations, in their order, with numbers of theirs as in \"lora: {rank: 32}\"; of every plan, without choices"},
    {"--price", "ID|USD/h", "estimate, fit, plan", "price of an accelerator-hour, such as 2.50 USD/h"},
    {"--why", NULL, "plan", "also what binds the best plan, and what a little more of it is worth; searches the space anew"},
    {"--threads", "N", "plan", "threads to search with (1); the answer is the same for any number"},
    {"--largest", "KEY", "fit", "also the largest number of a key with which the job fits, such as micro_batch, sequence or lora.rank; may be repeated"},
    {"--time-limit", "TIME", "admit", "longest run, such as 36h or 21d"},
    {"--budget", "USD", "admit, plan", "most money, such as 20k; of a planned service, for an hour"},
    {"--accelerators", "N", "admit, estimate, fit, plan", "accelerators granted (admit), or of the job (estimate: the smallest power of two that fits; fit: 1; plan: open)"},
    {"--memory", "BYTES", "admit", "memory granted per accelerator, such as 80GiB"},
    {"--confidence", "P", "admit, fit", "probability of staying within the limits, or the memory (0.9)"},
    {"--slack", "SHARE", "admit", "share by which a limit may be missed with a warning (0)"},
    {"--warn-only", NULL, "admit", "never refuse"},
    {"--accelerator", "ID", "calibrate", "the accelerator that was measured; of speedup.measure's CSV it is found by the name of its GPU, and without it training rows are fitted for all they tell"},
    {"--job", "FILE.yaml", "calibrate", "the job that the CSV logs steps of: step_seconds, and columns of settings such as train.micro_batch"},
    {"--help", NULL, NULL, "print this help"},
    {"--version", NULL, NULL, "print the version"},
};

/* What a command has in place of an option of another. */
static const struct {
    const char *flag, *command, *instead;
} instead[] = {
    {"--tokens", "estimate", "--set train.tokens=COUNT"},
    {"--tokens", "compose", "--set train.tokens=COUNT"},
    {"--systems", "estimate", "--hardware SYSTEM"},
    {"--hardware", "plan", "--systems ID,ID"},
    {"--deadline", "admit", "--time-limit TIME"},
    {"--time-limit", "plan", "--deadline TIME"},
};

enum { FLAGS = sizeof flags / sizeof *flags, EXITS = sizeof exits / sizeof *exits };

int print_report(const struct session *session, speedup_status status, speedup_text *text)
{
    if (status && !text)
        return speedup_diagnostic_count(session->context)
                   ? tell_problems(session)
                   : (fprintf(stderr, "speedup: %s\n", speedup_status_text(status)), EXIT_ERROR);
    fputs(speedup_text_get(text), stdout);
    speedup_text_destroy(text);
    return fflush(stdout) || ferror(stdout) ? EXIT_ERROR : EXIT_FINE;
}

const char *command_text(const char *path, const char *missing, size_t *length)
{
    static char text[1 << 20];
    FILE *file = fopen(path, "rb");
    *length = file ? fread(text, 1, sizeof text, file) : 0;
    bool whole = file && feof(file) && !ferror(file);
    if (file)
        fclose(file);
    if (!whole)
        fprintf(stderr, "speedup: '%s' %s\n", path, file ? "cannot be read, or is over 1 MiB" : missing);
    return whole ? text : NULL;
}

static speedup_status read_scenario(const struct session *session, speedup_scenario **scenario)
{
    const struct options *o = session->options;
    return speedup_scenario_create_file(session->context, session->catalog, o->arguments[0], o->settings,
                                        o->setting_count, scenario);
}

static int run_compose(const struct session *session)
{
    speedup_scenario *scenario = NULL;
    speedup_text *text = NULL;
    speedup_status status = read_scenario(session, &scenario);
    if (!status)
        status = speedup_report_composition(session->context, scenario, session->format, &text);
    speedup_scenario_unref(scenario);
    return print_report(session, status, text);
}

struct scale {
    const char *unit;
    double factor;
};

/* A number and its unit, "" where it may have none; a negative number when it is none of these. */
static double parse_scaled(const char *text, const struct scale *scales)
{
    double value = 0, place = 0;
    const char *c = text;
    for (; (*c >= '0' && *c <= '9') || (*c == '.' && place == 0); c++) {
        if (*c == '.') {
            place = 1;
            continue;
        }
        value = value * 10 + (*c - '0');
        place *= 10;
    }
    if (c == text)
        return -1;
    if (place > 1)
        value /= place;
    if (*c == 'e' && c[1] >= '0' && c[1] <= '9' && !c[2]) {
        for (int exponent = c[1] - '0'; exponent; exponent--)
            value *= 10;
        c += 2;
    }
    c += strspn(c, " ");
    while (scales->unit && strcmp(scales->unit, c))
        scales++;
    return scales->unit ? value * scales->factor : -1;
}

/* What is wrong with a job that is not trusted: where and what, without its text, which may be that of any file. */
static void tell_unquoted(const struct session *session)
{
    size_t count = speedup_diagnostic_count(session->context);
    for (size_t i = 0; i < count; i++) {
        const char *text = speedup_diagnostic_text(session->context, i), *message = speedup_diagnostic_message(session->context, i);
        const char *end = strstr(text, message);
        fprintf(stderr, "%.*s%s\n", end ? (int)(end - text) : 0, text, message);
        if (i + 1 == count && count <= 3)
            fprintf(stderr, "  hint: %s\n", speedup_diagnostic_remedy(session->context, i));
    }
}

static int run_admit(const struct session *session)
{
    static const int codes[] = {EXIT_REFUSE, EXIT_WARN, EXIT_FINE};
    const struct options *o = session->options;
    size_t length;
    if (!command_text(o->arguments[0], "cannot be read", &length))
        return EXIT_ERROR;
    speedup_verdict verdict = {.struct_size = sizeof verdict};
    speedup_status status = speedup_admit_file(session->context, session->catalog, o->arguments[0], &o->request, &o->policy, &verdict);
    if (status == SPEEDUP_INVALID_ARGUMENT) {
        fprintf(stderr, "speedup: --confidence is over 0 and below 1, --slack not below 0\n");
        return EXIT_USAGE;
    }
    if (status)
        tell_unquoted(session);
    speedup_text *text = NULL;
    status = speedup_report_verdict(session->context, &o->request, &verdict, session->format, &text);
    int code = print_report(session, status, text);
    return code ? code : codes[verdict.verdict];
}

static int run_audit(const struct session *session)
{
    speedup_text *text = NULL;
    speedup_status status = speedup_report_audit_file(session->context, session->catalog,
                                                      session->options->arguments[0], session->format, &text);
    return print_report(session, status, text);
}

static int run_catalog(const struct session *session)
{
    const struct options *o = session->options;
    bool show = !strcmp(o->arguments[0], "show");
    speedup_text *text = NULL;
    if (show && o->model && o->argument_count == 1) {
        char id[128];
        speedup_catalog *more = NULL;
        int code = command_import(session, o->model, id, sizeof id, &more);
        if (!code) {
            speedup_status status = speedup_report_catalog(session->context, more, "models", id, session->format, &text);
            code = print_report(session, status, text);
        }
        speedup_catalog_unref(more);
        return code;
    }
    if ((!show && strcmp(o->arguments[0], "list")) || (show && o->argument_count != 3) || o->argument_count > 3 ||
        (!show && o->argument_count > 2)) {
        fprintf(stderr, "speedup: write 'catalog list [KIND]', 'catalog show KIND ID' or 'catalog show --model FILE'\n");
        return EXIT_USAGE;
    }
    const char *kind = o->argument_count > 1 ? o->arguments[1] : NULL, *id = show ? o->arguments[2] : NULL;
    speedup_status status =
        speedup_report_catalog(session->context, session->catalog, kind, id, session->format, &text);
    return print_report(session, status, text);
}

static int run_format(const struct session *session)
{
    speedup_text *text = NULL;
    speedup_status status = speedup_report_format(session->context, &text);
    return print_report(session, status, text);
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
            printf("%s\n  {\"name\": \"%s\", \"phase\": \"%s\", \"rule\": \"%s\", \"unit\": \"%s\", \"text\": \"%s\", \"better\": \"%s\", "
                   "\"interval\": \"%s\"}",
                   i ? "," : "", word.name, word.phase, word.rule, word.unit, word.text, word.better, word.interval);
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
    {"estimate", "[SCENARIO.yaml]", "what a job will take, term by term, and what each optimization brings", 0, 1, run_estimate},
    {"fit", "[SCENARIO.yaml]", "what a training job lacks to fit, which of the usual means mend it, and how large it can be", 0, 1, run_fit},
    {"compose", "SCENARIO.yaml", "how the optimizations of a job act together on the ledger", 1, 1, run_compose},
    {"audit", "CLAIMS.yaml", "a document of claims beside arithmetic and the model", 1, 1, run_audit},
    {"plan", "[PLAN.yaml]", "the best plans of a space of layouts, optimizations and systems", 0, 1, run_plan},
    {"admit", "SCENARIO.yaml", "whether a job stays within its request: admit, warn or refuse", 1, 1, run_admit},
    {"calibrate", "FILE.csv", "what was measured, as a catalog file for --catalog: kernels and host of speedup.measure, steps of a job, published rows", 1, 1, run_calibrate},
    {"catalog", "list [KIND] | show KIND ID", "what is known: accelerators, systems, models, optimizations, prices", 1, 3, run_catalog},
    {"metrics", "", "what an estimate answers", 0, 0, run_metrics},
    {"targets", "", "what an optimization can act on", 0, 0, run_targets},
    {"rules", "", "how effects on one target combine", 0, 0, run_rules},
    {"format", "", "the format of YAML files, as Markdown", 0, 0, run_format},
};

enum { COMMANDS = sizeof commands / sizeof *commands };

/* Of one command what it takes; of NULL everything. */
static void print_help(FILE *to, const struct command *command)
{
    if (command) {
        fprintf(to, "usage: speedup %s %s%s[OPTIONS]\n\n%s\n", command->name, command->arguments, *command->arguments ? " " : "", command->text);
    } else {
        fprintf(to, "usage: speedup COMMAND [ARGUMENTS] [OPTIONS]\n\ncommands:\n");
        for (size_t i = 0; i < COMMANDS; i++)
            fprintf(to, "  %-9s %-26s  %s\n", commands[i].name, commands[i].arguments, commands[i].text);
    }
    fprintf(to, "\noptions:\n");
    for (size_t i = 0; i < FLAGS; i++) {
        const char *takers = command ? NULL : flags[i].takers;
        if (command && flags[i].takers && !strstr(flags[i].takers, command->name))
            continue;
        int width = fprintf(to, "  %s %s", flags[i].name, flags[i].value ? flags[i].value : "");
        fprintf(to, "%*s  %s%s%s\n", width < 38 ? 38 - width : 0, "", takers ? takers : "", takers ? ": " : "", flags[i].text);
    }
    fprintf(to, "\nexit codes:\n");
    for (size_t i = 0; i < EXITS; i++) {
        if (command && exits[i].command && strcmp(exits[i].command, command->name))
            continue;
        const char *of = command ? NULL : exits[i].command;
        fprintf(to, "  %d  %s%s%s\n", exits[i].code, of ? of : "", of ? ": " : "", exits[i].text);
    }
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
        printf(".TP\n\\fB\\%s\\fR %s\n%s%s%s\n", flags[i].name, flags[i].value ? flags[i].value : "",
               flags[i].takers ? flags[i].takers : "", flags[i].takers ? ": " : "", flags[i].text);
    printf(".SH EXIT STATUS\n");
    for (size_t i = 0; i < EXITS; i++)
        printf(".TP\n%d\n%s%s%s\n", exits[i].code, exits[i].command ? exits[i].command : "", exits[i].command ? ": " : "", exits[i].text);
}

/* Prints a candidate for the word that is being typed, of which `head` stands already. */
static void complete(const char *word, size_t head, const char *candidate)
{
    if (!strncmp(word + head, candidate, strlen(word + head)))
        printf("%.*s%s\n", (int)head, word, candidate);
}

static void complete_ids(const struct session *session, const char *kind, const char *word, size_t head)
{
    const char *id;
    for (size_t i = 0; !speedup_catalog_at(session->catalog, kind, i, &id, NULL); i++)
        complete(word, head, id);
}

/* What may stand for the last of these words, a line each; nothing where only a person or the folder knows. Shells ask this. */
static int print_completions(const struct session *session, int count, char **words)
{
    static const struct {
        const char *flag, *kind;
    } values[] = {
        {"--model", "models"},       {"--hardware", "systems"},        {"--hardware", "accelerators"},    {"--systems", "systems"},
        {"--stack", "stacks"},       {"--optimize", "optimizations"},  {"--accelerator", "accelerators"}, {"--price", "prices"},
    };
    const char *word = words[count - 1], *before = count > 1 ? words[count - 2] : "", *comma = strrchr(word, ',');
    const size_t head = comma ? (size_t)(comma - word) + 1 : 0; /* of a list */
    if (count == 1) {
        for (size_t i = 0; i < COMMANDS; i++)
            complete(word, 0, commands[i].name);
        complete(word, 0, "--help");
        complete(word, 0, "--version");
        return EXIT_FINE;
    }
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        if (!strcmp(before, values[i].flag))
            complete_ids(session, values[i].kind, word, head);
    for (size_t i = 0; i < FLAGS; i++)
        if (flags[i].value && !strcmp(before, flags[i].name))
            return EXIT_FINE;
    for (size_t i = 0; *word == '-' && i < FLAGS; i++)
        if (!flags[i].takers || strstr(flags[i].takers, words[0]))
            complete(word, 0, flags[i].name);
    if (strcmp(words[0], "catalog") || *word == '-')
        return EXIT_FINE;
    speedup_word kind = {.struct_size = sizeof kind};
    if (count == 2) {
        complete(word, 0, "list");
        complete(word, 0, "show");
    } else if (count == 3) {
        for (size_t i = 0; !speedup_kind_at(i, &kind); i++)
            complete(word, 0, kind.name);
    } else if (count == 4 && !strcmp(words[1], "show")) {
        complete_ids(session, words[2], word, 0);
    }
    return EXIT_FINE;
}

static int usage_error(const char *what, const char *which)
{
    fprintf(stderr, "speedup: %s '%s'; 'speedup --help' lists what there is\n", what, which);
    return EXIT_USAGE;
}

/* Keeps the name that is nearer to the word. */
static void offer(const char *word, const char *name, const char **nearest, size_t *least)
{
    size_t distance = command_distance(word, name);
    if (distance < *least) {
        *least = distance;
        *nearest = name;
    }
}

/* A word that is none of these; the nearest is told where it may be meant. */
static int unknown_command(const char *word)
{
    const char *nearest = NULL;
    size_t least = 3;
    for (size_t i = 0; i < COMMANDS; i++)
        offer(word, commands[i].name, &nearest, &least);
    for (size_t i = 0; i < FLAGS && !nearest; i++)
        if (!strcmp(flags[i].name, word)) {
            fprintf(stderr, "speedup: a command stands in front of '%s'; 'speedup --help' lists them\n", word);
            return EXIT_USAGE;
        }
    if (!nearest)
        return usage_error(*word == '-' ? "unknown option" : "unknown command", word);
    fprintf(stderr, "speedup: unknown command '%s'; did you mean '%s'?\n", word, nearest);
    return EXIT_USAGE;
}

static int unknown_option(const char *command, const char *word)
{
    const char *nearest = NULL;
    size_t least = 3;
    for (size_t i = 0; i < FLAGS; i++)
        if (!flags[i].takers || strstr(flags[i].takers, command))
            offer(word, flags[i].name, &nearest, &least);
    if (!nearest)
        fprintf(stderr, "speedup: unknown option '%s'; 'speedup %s --help' lists what there is\n", word, command);
    else
        fprintf(stderr, "speedup: unknown option '%s'; did you mean '%s'?\n", word, nearest);
    return EXIT_USAGE;
}

static int foreign_option(const char *command, const char *flag, const char *takers)
{
    fprintf(stderr, "speedup: '%s' takes no %s; it is an option of %s", command, flag, takers);
    for (size_t i = 0; i < sizeof instead / sizeof *instead; i++)
        if (!strcmp(instead[i].flag, flag) && !strcmp(instead[i].command, command))
            fprintf(stderr, ". Write %s", instead[i].instead);
    fprintf(stderr, "\n");
    return EXIT_USAGE;
}

static int value_error(const char *flag, const char *value)
{
    fprintf(stderr, "speedup: %s cannot be '%s'; 'speedup --help' says what it takes\n", flag, value);
    return EXIT_USAGE;
}

/* Keeps a key of a plan that an option gives: --top 5. */
static bool add_key(struct options *o, const char *key, const char *value, bool list)
{
    if (o->key_count == sizeof o->keys / sizeof *o->keys)
        return false;
    o->keys[o->key_count++] = (struct plan_key){key, value, list, o->setting_count};
    return true;
}

/* An option with a value; false when the value cannot be used. */
static bool take_value(struct options *o, const char *flag, const char *value)
{
    static const struct scale none[] = {{"", 1}, {NULL, 0}};
    static const struct scale times[] = {{"s", 1}, {"m", 60}, {"min", 60}, {"h", 3600}, {"d", 86400}, {"day", 86400}, {"days", 86400}, {NULL, 0}};
    static const struct scale money[] = {{"", 1}, {"USD", 1}, {"k", 1e3}, {"kUSD", 1e3}, {"M", 1e6}, {"MUSD", 1e6}, {NULL, 0}};
    static const struct scale sizes[] = {{"B", 1}, {"k", 1e3}, {"kB", 1e3}, {"M", 1e6}, {"MB", 1e6}, {"MiB", 0x1p20}, {"G", 1e9}, {"GB", 1e9},
                                         {"GiB", 0x1p30}, {"T", 1e12}, {"TB", 1e12}, {"TiB", 0x1p40}, {NULL, 0}};
    const struct {
        const char *flag;
        const struct scale *scales;
        double *to;
    } numbers[] = {
        {"--time-limit", times, &o->request.time_limit},    {"--budget", money, &o->request.budget},
        {"--accelerators", none, &o->request.accelerators}, {"--memory", sizes, &o->request.memory},
        {"--confidence", none, &o->policy.confidence},      {"--slack", none, &o->policy.slack},
    };
    if (!strcmp(flag, "--set") && o->setting_count < sizeof o->settings / sizeof *o->settings)
        return o->settings[o->setting_count++] = value, true;
    if (!strcmp(flag, "--catalog") && o->catalog_count < sizeof o->catalogs / sizeof *o->catalogs)
        return o->catalogs[o->catalog_count++] = value, true;
    if (!strcmp(flag, "--largest") && o->largest_count < sizeof o->largest / sizeof *o->largest)
        return o->largest[o->largest_count++] = value, true;
    static const struct {
        const char *flag, *key;
        bool list;
    } keys[] = {
        {"--top", "top", false},           {"--pareto", "front", true},   {"--systems", "systems", true},
        {"--objective", "objective", false}, {"--deadline", "deadline", false}, {"--tokens", "tokens", false},
        {"--request-rate", "request_rate", false},
    };
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (!strcmp(flag, keys[i].flag))
            return add_key(o, keys[i].key, value, keys[i].list);
    const struct {
        const char *flag, **to;
    } texts[] = {
        {"--accelerator", &o->accelerator}, {"--job", &o->job}, {"--model", &o->model}, {"--hardware", &o->hardware}, {"--stack", &o->stack},
        {"--serve", &o->serve},             {"--generate", &o->generate}, {"--train", &o->train}, {"--optimize", &o->optimize},
        {"--price", &o->price},
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (!strcmp(flag, texts[i].flag))
            return *texts[i].to = value, true;
    if (!strcmp(flag, "--threads")) {
        double threads = parse_scaled(value, none);
        o->threads = threads >= 1 && threads <= 256 ? (uint32_t)threads : 0;
        return o->threads != 0;
    }
    if (!strcmp(flag, "--accelerators") && (strspn(value, "0123456789") != strlen(value) || !strtol(value, NULL, 10)))
        return false;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (!strcmp(flag, numbers[i].flag))
            return (*numbers[i].to = parse_scaled(value, numbers[i].scales)) >= 0;
    return false;
}

static int parse(int argc, char **argv, struct options *o)
{
    for (int i = 2; i < argc; i++) {
        size_t flag = 0;
        while (flag < FLAGS && strcmp(flags[flag].name, argv[i]))
            flag++;
        if (flag == FLAGS && argv[i][0] == '-' && argv[i][1])
            return unknown_option(argv[1], argv[i]);
        if (flag < FLAGS && flags[flag].takers && !strstr(flags[flag].takers, argv[1]))
            return foreign_option(argv[1], argv[i], flags[flag].takers);
        if (flag == FLAGS) {
            if (o->argument_count == sizeof o->arguments / sizeof *o->arguments)
                return usage_error("too many arguments at", argv[i]);
            o->arguments[o->argument_count++] = argv[i];
        } else if (flags[flag].value) {
            if (i + 1 == argc)
                return usage_error("a value is missing after", argv[i]);
            if (!take_value(o, argv[i], argv[i + 1]))
                return value_error(argv[i], argv[i + 1]);
            i++;
        } else if (!strcmp(argv[i], "--json")) {
            o->json = true;
        } else if (!strcmp(argv[i], "--why")) {
            o->why = true;
        } else if (!strcmp(argv[i], "--warn-only")) {
            o->policy.warn_only = 1;
        }
    }
    return EXIT_FINE;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        print_help(stderr, NULL);
        return EXIT_USAGE;
    }
    if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "help")) {
        print_help(stdout, NULL);
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
    if (!strcmp(argv[1], "complete") && argc > 2) {
        struct session session = {.options = &(struct options){0}};
        int code = session_open(&session) ? tell_problems(&session) : print_completions(&session, argc - 2, argv + 2);
        session_close(&session);
        return code;
    }
    const struct command *command = commands;
    while (command < commands + COMMANDS && strcmp(command->name, argv[1]))
        command++;
    if (command == commands + COMMANDS)
        return unknown_command(argv[1]);
    for (int i = 2; i < argc; i++)
        if (!strcmp(argv[i], "--help")) {
            print_help(stdout, command);
            return EXIT_FINE;
        }
    struct options options = {.threads = 1,
                              .request = {.struct_size = sizeof options.request},
                              .policy = {.struct_size = sizeof options.policy, .confidence = 0.9}};
    int result = parse(argc, argv, &options);
    if (result)
        return result;
    if (options.argument_count < command->least || options.argument_count > command->most) {
        fprintf(stderr, "usage: speedup %s %s\n", command->name, command->arguments);
        return EXIT_USAGE;
    }
    struct session session = {.options = &options, .format = options.json ? SPEEDUP_FORMAT_JSON : SPEEDUP_FORMAT_TEXT};
    result = session_open(&session) ? tell_problems(&session) : command->run(&session);
    session_close(&session);
    return result;
}
