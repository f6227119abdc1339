/* Tables of comma-separated values (RFC 4180) with a header line. Knows no column. */
#ifndef TOOLS_CSV_H
#define TOOLS_CSV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct csv {
    const char *path;      /* for messages */
    char *bytes;           /* the file; fields are cut out of it in place */
    const char **fields;   /* rows x columns, the header first */
    size_t *lines;         /* where each row begins */
    size_t columns, rows;  /* rows without the header */
    size_t bad;            /* lines passed over by csv_read_good() */
};

/* Reads a file. What is wrong is told to `errors` as path:line: text. Quotes may hold
 * commas, line ends and doubled quotes; lines may end in CR LF; empty lines are passed over. */
bool csv_read(const char *path, FILE *errors, struct csv *csv);
void csv_free(struct csv *csv);

/* The same, but a line that is no row is told and passed over: what a running job has written may be cut off. */
bool csv_read_good(const char *path, FILE *errors, struct csv *csv);

/* Index of a column by name, or -1. */
int csv_column(const struct csv *csv, const char *name);

/* Are all of these columns there? Those that are not are told. `names` ends with NULL. */
bool csv_require(const struct csv *csv, const char *const *names, FILE *errors);

/* A field, "" in a column that is not there. */
const char *csv_text(const struct csv *csv, size_t row, int column);

/* A number that is not negative, `otherwise` where the field is empty or says nan. False when it
 * is something else, which `why` then says. A count is whole, too. */
bool csv_number(const struct csv *csv, size_t row, int column, double otherwise, char *why, size_t room, double *value);
bool csv_count(const struct csv *csv, size_t row, int column, double otherwise, char *why, size_t room, double *value);

#endif
