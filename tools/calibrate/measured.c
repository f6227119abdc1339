#include "measured.h"

#include <stdlib.h>
#include <string.h>

enum { REASON = 160, NEEDED = 5 };

/* Columns that rows of a kind need; of other kinds nothing is read. */
static const struct {
    const char *kind, *needs[NEEDED];
} kinds[] = {
    {"product", {"m", "n", "k", "seconds"}},
    {"grouped", {"m", "n", "k", "batch", "seconds"}},
    {"attention", {"batch", "heads", "seq", "width", "seconds"}},
    {"pass", {"bytes", "seconds"}},
    {"collective", {"bytes", "ranks", "seconds"}},
    {"block", {"m", "n", "k", "layers", "seconds"}},
    {"host", {"seconds"}},
    {"power", {"watts"}},
    {NULL, {NULL}},
};

bool is_measured(const struct csv *csv)
{
    static const char *const columns[] = {"kind", "name", "precision", "seconds"};
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        if (csv_column(csv, columns[i]) < 0)
            return false;
    return true;
}

static bool read_row(const struct csv *csv, size_t row, struct measured *out, char why[REASON])
{
    const struct {
        const char *column;
        double *to;
    } numbers[] = {
        {"m", &out->m},         {"n", &out->n},         {"k", &out->k},           {"batch", &out->batch}, {"heads", &out->heads},
        {"kv", &out->kv},       {"seq", &out->seq},     {"width", &out->width},   {"causal", &out->causal}, {"layers", &out->layers},
        {"bytes", &out->bytes}, {"ranks", &out->ranks}, {"seconds", &out->seconds}, {"spread", &out->spread}, {"watts", &out->watts},
    };
    *out = (struct measured){.kind = csv_text(csv, row, csv_column(csv, "kind")),
                             .name = csv_text(csv, row, csv_column(csv, "name")),
                             .precision = csv_text(csv, row, csv_column(csv, "precision"))};
    size_t k = 0;
    while (kinds[k].kind && strcmp(kinds[k].kind, out->kind))
        k++;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        if (!csv_number(csv, row, csv_column(csv, numbers[i].column), 0, why, REASON, numbers[i].to))
            return false;
        for (size_t n = 0; kinds[k].kind && n < NEEDED && kinds[k].needs[n]; n++)
            if (!strcmp(kinds[k].needs[n], numbers[i].column) && !(*numbers[i].to > 0)) {
                snprintf(why, REASON, "column '%s': a row of kind '%s' needs a number over 0", numbers[i].column, kinds[k].kind);
                return false;
            }
    }
    return true;
}

/* The number of a column of the first row. */
static double first_number(const struct csv *csv, const char *column)
{
    char why[REASON];
    double value = 0;
    return csv_number(csv, 0, csv_column(csv, column), 0, why, sizeof why, &value) ? value : 0;
}

static void read_machine(const struct csv *csv, struct measured_rows *rows)
{
    const struct {
        const char *column, **to;
    } words[] = {{"gpu", &rows->gpu},       {"torch", &rows->torch}, {"cuda", &rows->cuda},
                 {"driver", &rows->driver}, {"date", &rows->date},   {"processor", &rows->processor}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        *words[i].to = csv_text(csv, 0, csv_column(csv, words[i].column));
    rows->gpu_memory = first_number(csv, "memory_total");
    rows->capability = first_number(csv, "capability");
    rows->power_limit = first_number(csv, "power_limit");
}

bool measured_read(const struct csv *csv, FILE *errors, struct measured_rows *rows)
{
    *rows = (struct measured_rows){.rows = calloc(csv->rows + 1, sizeof *rows->rows)};
    int gpu = csv_column(csv, "gpu");
    if (!rows->rows) {
        fprintf(errors, "speedup: out of memory\n");
        return false;
    }
    read_machine(csv, rows);
    for (size_t i = 0; i < csv->rows; i++) {
        char why[REASON] = "";
        if (strcmp(csv_text(csv, i, gpu), rows->gpu)) {
            fprintf(errors, "%s:%zu: error: column 'gpu': rows of '%.60s' and of '%.60s'; give the rows of one machine at a time\n", csv->path,
                    csv->lines[i], rows->gpu, csv_text(csv, i, gpu));
            return false;
        }
        if (read_row(csv, i, &rows->rows[rows->count], why)) {
            rows->count++;
            continue;
        }
        fprintf(errors, "%s:%zu: row passed over: %s\n", csv->path, csv->lines[i], why);
        rows->bad++;
    }
    if (!rows->count)
        fprintf(errors, "%s: error: no row can be used\n", csv->path);
    return rows->count > 0;
}

void measured_free(struct measured_rows *rows)
{
    free(rows->rows);
    rows->rows = NULL;
}
