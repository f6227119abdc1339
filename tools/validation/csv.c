/* Reads comma-separated values in one pass over the file, cutting it in place. */
#include "csv.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_BYTES = 64 << 20, MOST_COLUMNS = 1000, SHOWN = 40 };

static bool tell(FILE *errors, const char *path, size_t line, const char *text)
{
    fprintf(errors, "%s:%zu: error: %s\n", path, line, text);
    return false;
}

/* The whole file, ended by a NUL. */
static char *slurp(const char *path, FILE *errors, size_t *length)
{
    FILE *file = fopen(path, "rb");
    char *bytes = NULL;
    size_t room = 0;
    *length = 0;
    while (file && !ferror(file) && !feof(file) && *length < MOST_BYTES) {
        if (room - *length < 65536) {
            room = room ? 2 * room : 1 << 18;
            char *more = realloc(bytes, room);
            if (!more)
                break;
            bytes = more;
        }
        *length += fread(bytes + *length, 1, room - *length - 1, file);
    }
    const char *why = !file || ferror(file) ? strerror(errno) : !feof(file) ? "more than 64 MiB" : NULL;
    if (file)
        fclose(file);
    if (why) {
        fprintf(errors, "%s: error: cannot be read: %s\n", path, why);
        free(bytes);
        return NULL;
    }
    bytes[*length] = 0;
    return bytes;
}

struct reader {
    struct csv *csv;
    FILE *errors;
    char *at, *end;
    size_t line, room, count; /* fields so far */
    bool pass_over;           /* lines that are no rows */
};

/* One field, cut out and unquoted; `*last` when the line ends behind it. */
static bool read_field(struct reader *r, const char **field, bool *last)
{
    char *to = r->at;
    size_t line = r->line;
    *field = to;
    if (r->at < r->end && *r->at == '"') {
        for (r->at++;; *to++ = *r->at++) {
            if (r->at == r->end)
                return tell(r->errors, r->csv->path, line, "a quote is opened and never closed");
            if (*r->at == '"' && *++r->at != '"')
                break;
            r->line += *r->at == '\n';
        }
        if (r->at < r->end && *r->at != ',' && *r->at != '\n' && *r->at != '\r')
            return tell(r->errors, r->csv->path, r->line, "text behind a closing quote");
    } else {
        while (r->at < r->end && *r->at != ',' && *r->at != '\n' && *r->at != '\r') {
            if (*r->at == '"')
                return tell(r->errors, r->csv->path, r->line, "a quote inside a field; quote the whole field and double it");
            r->at++;
        }
        to = r->at;
    }
    char stop = r->at < r->end ? *r->at : '\n';
    *last = stop != ',';
    if (stop == '\r' && (r->at + 1 == r->end || r->at[1] != '\n'))
        return tell(r->errors, r->csv->path, r->line, "a carriage return without a line feed");
    r->at += r->at < r->end ? 1 + (stop == '\r') : 0;
    r->line += *last;
    *to = 0;
    return true;
}

static bool add_field(struct reader *r, const char *field)
{
    if (r->count == r->room) {
        r->room = r->room ? 2 * r->room : 4096;
        const char **more = realloc(r->csv->fields, r->room * sizeof *more);
        if (!more)
            return tell(r->errors, r->csv->path, r->line, "out of memory");
        r->csv->fields = more;
    }
    r->csv->fields[r->count++] = field;
    return true;
}

static bool read_row(struct reader *r)
{
    struct csv *csv = r->csv;
    size_t first = r->count, line = r->line;
    bool last = false;
    while (!last) {
        const char *field;
        if (!read_field(r, &field, &last) || !add_field(r, field))
            return false;
        if (r->count - first > MOST_COLUMNS)
            return tell(r->errors, csv->path, line, "more than 1000 columns");
    }
    size_t count = r->count - first;
    if (!csv->columns) {
        csv->columns = count;
        return true;
    }
    if (count != csv->columns) {
        fprintf(r->errors, "%s:%zu: error: %zu fields, but the header has %zu\n", csv->path, line, count, csv->columns);
        return false;
    }
    if (csv->rows % 1024 == 0) {
        size_t *more = realloc(csv->lines, (csv->rows + 1024) * sizeof *more);
        if (!more)
            return tell(r->errors, csv->path, line, "out of memory");
        csv->lines = more;
    }
    csv->lines[csv->rows++] = line;
    return true;
}

static bool check_header(const struct csv *csv, FILE *errors)
{
    for (size_t i = 0; i < csv->columns; i++)
        for (size_t j = 0; j < i; j++)
            if (!strcmp(csv->fields[i], csv->fields[j])) {
                fprintf(errors, "%s:1: error: two columns are called '%.*s'\n", csv->path, SHOWN, csv->fields[i]);
                return false;
            }
    return true;
}

/* To the line after a bad one; false where there is no way on. */
static bool pass_over(struct reader *r, size_t fields, size_t line)
{
    if (!r->pass_over || !r->csv->columns || r->count < fields)
        return false;
    r->count = fields;
    if (r->line == line) {
        while (r->at < r->end && *r->at != '\n')
            r->at++;
        r->at += r->at < r->end;
        r->line++;
    }
    r->csv->bad++;
    return true;
}

static bool read_all(const char *path, FILE *errors, struct csv *csv, bool good_alone)
{
    size_t length;
    *csv = (struct csv){.path = path, .bytes = slurp(path, errors, &length)};
    if (!csv->bytes)
        return false;
    char *nul = memchr(csv->bytes, 0, length);
    struct reader r = {.csv = csv, .errors = errors, .at = csv->bytes, .end = csv->bytes + length, .line = 1,
                       .pass_over = good_alone};
    if (length >= 3 && !memcmp(csv->bytes, "\xef\xbb\xbf", 3))
        r.at += 3; /* a byte order mark, as spreadsheets write it */
    bool good = !nul || tell(errors, path, 1, "not a text file: it holds a NUL");
    while (good && r.at < r.end) {
        if (*r.at == '\n' || (*r.at == '\r' && r.at[1] == '\n')) {
            r.at += *r.at == '\r' ? 2 : 1;
            r.line++;
            continue;
        }
        size_t fields = r.count, line = r.line;
        good = read_row(&r) || pass_over(&r, fields, line);
        if (good && csv->rows == 0)
            good = check_header(csv, errors);
    }
    if (good && !csv->columns)
        good = tell(errors, path, 1, "no header line: the file is empty");
    else if (good && !csv->rows)
        good = tell(errors, path, r.line, "no rows behind the header");
    if (!good)
        csv_free(csv);
    return good;
}

bool csv_read(const char *path, FILE *errors, struct csv *csv)
{
    return read_all(path, errors, csv, false);
}

bool csv_read_good(const char *path, FILE *errors, struct csv *csv)
{
    return read_all(path, errors, csv, true);
}

void csv_free(struct csv *csv)
{
    free(csv->bytes);
    free(csv->fields);
    free(csv->lines);
    *csv = (struct csv){.path = csv->path};
}

int csv_column(const struct csv *csv, const char *name)
{
    for (size_t i = 0; i < csv->columns; i++)
        if (!strcmp(csv->fields[i], name))
            return (int)i;
    return -1;
}

bool csv_require(const struct csv *csv, const char *const *names, FILE *errors)
{
    bool all = true;
    for (; *names; names++)
        if (csv_column(csv, *names) < 0) {
            fprintf(errors, "%s:1: error: column '%s' is missing\n", csv->path, *names);
            all = false;
        }
    return all;
}

const char *csv_text(const struct csv *csv, size_t row, int column)
{
    return column < 0 ? "" : csv->fields[(row + 1) * csv->columns + (size_t)column];
}

/* Says in `why` what a field is. */
static bool say(const struct csv *csv, size_t row, int column, const char *what, char *why, size_t room)
{
    snprintf(why, room, "column '%.*s': '%.*s' %s", SHOWN, csv->fields[column], SHOWN, csv_text(csv, row, column), what);
    return false;
}

bool csv_number(const struct csv *csv, size_t row, int column, double otherwise, char *why, size_t room, double *value)
{
    const char *text = csv_text(csv, row, column);
    *value = otherwise;
    if (!*text || !strcmp(text, "nan"))
        return true;
    char *end;
    double number = strtod(text, &end); /* the tool never sets a locale */
    /* Nothing that is measured is further from 1, and the ratio of two stays a number. */
    const double most = 1e30;
    if (*end || end == text || !isfinite(number))
        return say(csv, row, column, "is not a number", why, room);
    if (number < 0)
        return say(csv, row, column, "is negative", why, room);
    if (number != 0 && !(number < most && number > 1 / most))
        return say(csv, row, column, "is out of range: from 1e-30 to 1e30", why, room);
    *value = number;
    return true;
}

bool csv_count(const struct csv *csv, size_t row, int column, double otherwise, char *why, size_t room, double *value)
{
    if (!csv_number(csv, row, column, otherwise, why, room, value))
        return false;
    return *value == floor(*value) || say(csv, row, column, "is not whole", why, room);
}
