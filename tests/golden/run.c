/* Golden outputs of the speedup command: every line "NAME: arguments" of a list is
 * run, and what it prints must be the file NAME. In arguments, @ stands for the
 * folder of the examples. Numbers may differ in the last bits that another C
 * library's exp, log or pow rounds otherwise; all else is exact.
 *
 *   run SPEEDUP EXAMPLES FOLDER            compare
 *   run SPEEDUP EXAMPLES FOLDER --update   write the files anew; read them before committing */
#include <ctype.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LARGEST = 1 << 20, LONGEST_LINE = 2000 };

static const double rounding = 1e-12;

static char *read_all(FILE *stream)
{
    char *text = stream ? malloc(LARGEST + 1) : NULL;
    size_t length = text ? fread(text, 1, LARGEST, stream) : 0;
    if (text)
        text[length] = '\0';
    return text;
}

/* Where two texts differ; NULL when they say the same. */
static const char *difference(const char *a, const char *b)
{
    while (*a || *b) {
        if (isdigit((unsigned char)*a) && isdigit((unsigned char)*b)) {
            char *end_a, *end_b;
            double x = strtod(a, &end_a), y = strtod(b, &end_b);
            if (fabs(x - y) > rounding * fmax(fabs(x), fabs(y)))
                return b;
            a = end_a;
            b = end_b;
        } else if (*a++ != *b++) {
            return b - 1;
        }
    }
    return NULL;
}

static void show_lines(const char *title, const char *text, const char *at)
{
    const char *from = at;
    while (from > text && from[-1] != '\n')
        from--;
    printf("  %s: %.*s\n", title, (int)strcspn(from, "\n"), from);
}

/* The arguments with @ replaced. */
static void build_command(char *out, size_t room, const char *speedup, const char *examples, const char *arguments)
{
    size_t used = (size_t)snprintf(out, room, "'%s' ", speedup);
    for (const char *c = arguments; *c && *c != '\n' && used + strlen(examples) + 2 < room; c++) {
        if (*c == '@')
            used += (size_t)snprintf(out + used, room - used, "%s", examples);
        else
            out[used++] = *c;
    }
    out[used] = '\0';
}

static int check(const char *path, const char *command, bool update)
{
    FILE *pipe = popen(command, "r");
    char *printed = read_all(pipe), *expected = NULL;
    int wrong = !pipe || pclose(pipe) != 0 || !printed || !*printed;
    if (wrong) {
        printf("%s: the command failed: %s\n", path, command);
    } else if (update) {
        FILE *file = fopen(path, "wb");
        wrong = !file || fputs(printed, file) < 0;
        if (file)
            wrong |= fclose(file) != 0;
    } else {
        FILE *file = fopen(path, "rb");
        expected = read_all(file);
        if (file)
            fclose(file);
        const char *at = expected ? difference(expected, printed) : printed;
        wrong = at != NULL;
        if (at) {
            printf("%s: differs (run the update-golden target if that is meant)\n", path);
            show_lines("got", printed, at);
        }
        const char *back = wrong && expected ? difference(printed, expected) : NULL;
        if (back)
            show_lines("expected", expected, back);
    }
    free(printed);
    free(expected);
    return wrong;
}

int main(int count, char **arguments)
{
    if (count < 4)
        return 2;
    const char *speedup = arguments[1], *examples = arguments[2], *folder = arguments[3];
    char path[2 * LONGEST_LINE], line[LONGEST_LINE], command[3 * LONGEST_LINE];
    snprintf(path, sizeof path, "%.2000s/cases.txt", folder);
    FILE *cases = fopen(path, "r");
    int wrong = !cases, run = 0;
    while (cases && fgets(line, sizeof line, cases)) {
        char *colon = strchr(line, ':');
        if (line[0] == '#' || !colon)
            continue;
        *colon = '\0';
        snprintf(path, sizeof path, "%.1900s/%s", folder, line);
        build_command(command, sizeof command, speedup, examples, colon + 2);
        wrong += check(path, command, count > 4 && !strcmp(arguments[4], "--update"));
        run++;
    }
    if (cases)
        fclose(cases);
    printf("%d outputs, %d wrong\n", run, wrong);
    return wrong != 0 || run == 0;
}
