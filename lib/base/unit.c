/* Units: one table of suffixes by dimension, read when loading and when printing. */
#include "base/unit.h"

#include "base/number.h"

#include <math.h>
#include <string.h>

static const struct unit {
    char name[sizeof "USD/kWh"];
    uint8_t dimension;
    double factor;
} units[] = {
    {"k", DIMENSION_COUNT, 1e3},
    {"M", DIMENSION_COUNT, 1e6},
    {"B", DIMENSION_COUNT, 1e9},
    {"T", DIMENSION_COUNT, 1e12},

    {"B", DIMENSION_BYTES, 1},
    {"kB", DIMENSION_BYTES, 1e3},
    {"MB", DIMENSION_BYTES, 1e6},
    {"GB", DIMENSION_BYTES, 1e9},
    {"TB", DIMENSION_BYTES, 1e12},
    {"KiB", DIMENSION_BYTES, 1024.},
    {"MiB", DIMENSION_BYTES, 1048576.},
    {"GiB", DIMENSION_BYTES, 1073741824.},
    {"TiB", DIMENSION_BYTES, 1099511627776.},

    {"MB/s", DIMENSION_BYTES_PER_S, 1e6},
    {"GB/s", DIMENSION_BYTES_PER_S, 1e9},
    {"TB/s", DIMENSION_BYTES_PER_S, 1e12},
    {"Mbit/s", DIMENSION_BYTES_PER_S, 1e6 / 8},
    {"Gbit/s", DIMENSION_BYTES_PER_S, 1e9 / 8},
    {"Tbit/s", DIMENSION_BYTES_PER_S, 1e12 / 8},

    {"GFLOP/s", DIMENSION_FLOPS_PER_S, 1e9},
    {"TFLOP/s", DIMENSION_FLOPS_PER_S, 1e12},
    {"PFLOP/s", DIMENSION_FLOPS_PER_S, 1e15},

    {"ns", DIMENSION_SECONDS, 1e-9},
    {"us", DIMENSION_SECONDS, 1e-6},
    {"ms", DIMENSION_SECONDS, 1e-3},
    {"s", DIMENSION_SECONDS, 1},
    {"min", DIMENSION_SECONDS, 60},
    {"h", DIMENSION_SECONDS, 3600},
    {"d", DIMENSION_SECONDS, 86400},
    {"day", DIMENSION_SECONDS, 86400},
    {"days", DIMENSION_SECONDS, 86400},

    {"W", DIMENSION_WATTS, 1},
    {"kW", DIMENSION_WATTS, 1e3},
    {"MW", DIMENSION_WATTS, 1e6},

    {"USD", DIMENSION_USD, 1},
    {"kUSD", DIMENSION_USD, 1e3},
    {"MUSD", DIMENSION_USD, 1e6},
    {"USD/h", DIMENSION_USD_PER_HOUR, 1},
    {"USD/kWh", DIMENSION_USD_PER_KWH, 1},

    {"/s", DIMENSION_RATE, 1},
    {"/min", DIMENSION_RATE, 1. / 60},
    {"/h", DIMENSION_RATE, 1. / 3600},
    {"/day", DIMENSION_RATE, 1. / 86400},
};

enum { UNITS = sizeof units / sizeof *units };

const char *dimension_name(enum dimension dimension)
{
    static const char *const names[DIMENSION_COUNT_OF] = {
        "a plain number", "a count",  "a size in bytes", "a data rate",    "a rate of operations", "a time",
        "a power",        "an amount", "a price per hour", "a price per kWh", "a frequency",
    };
    return names[dimension];
}

enum dimension dimension_of(const char *unit)
{
    static const char *const si[DIMENSION_COUNT_OF] = {
        [DIMENSION_NONE] = "1",  [DIMENSION_BYTES] = "B", [DIMENSION_BYTES_PER_S] = "B/s",       [DIMENSION_FLOPS_PER_S] = "FLOP/s", [DIMENSION_SECONDS] = "s",
        [DIMENSION_WATTS] = "W", [DIMENSION_USD] = "USD", [DIMENSION_USD_PER_HOUR] = "USD/h", [DIMENSION_USD_PER_KWH] = "USD/kWh", [DIMENSION_RATE] = "1/s",
    };
    for (int d = 0; d < DIMENSION_COUNT_OF; d++)
        if (si[d] && !strcmp(si[d], unit))
            return (enum dimension)d;
    return DIMENSION_NONE;
}

void dimension_list(enum dimension dimension, struct text *text)
{
    const char *between = "";
    for (size_t i = 0; i < UNITS; i++)
        if (units[i].dimension == dimension) {
            text_format(text, "%s%s", between, units[i].name);
            between = ", ";
        }
}

bool unit_factor(enum dimension dimension, const char *unit, size_t length, double *factor, enum dimension *other)
{
    *other = DIMENSION_NONE;
    for (size_t i = 0; i < UNITS; i++) {
        if (strlen(units[i].name) != length || memcmp(units[i].name, unit, length))
            continue;
        if (units[i].dimension == dimension) {
            *factor = units[i].factor;
            return true;
        }
        *other = units[i].dimension;
    }
    return false;
}

void dimension_put(struct text *text, enum dimension dimension, double value)
{
    char buffer[NUMBER_TEXT];
    const struct unit *best = NULL;
    double back;
    size_t used;
    for (size_t i = 0; i < UNITS; i++) {
        const struct unit *unit = &units[i];
        if (unit->dimension != dimension || (best && unit->factor <= best->factor) || (value != 0 ? unit->factor > fabs(value) : unit->factor != 1))
            continue;
        number_digits(buffer, value / unit->factor, 6);
        if (number_parse(buffer, strlen(buffer), &back, &used) == NUMBER_OK && back * unit->factor == value)
            best = unit;
    }
    text_put(text, number_digits(buffer, best ? value / best->factor : value, 6));
    if (best)
        text_format(text, " %s", best->name);
}

/* The largest step not above the value, from a table by unit. */
static const struct scale {
    char unit[sizeof "FLOP/s"];
    double from;
    double divisor;
    char shown[sizeof "T tokens"];
} scales[] = {
    {"B", 1099511627776., 1099511627776., "TiB"},
    {"B", 1073741824., 1073741824., "GiB"},
    {"B", 1048576., 1048576., "MiB"},
    {"B", 1024., 1024., "KiB"},
    {"s", 2 * 86400., 86400., "days"},
    {"s", 2 * 3600., 3600., "h"},
    {"s", 120., 60., "min"},
    {"s", 1., 1., "s"},
    {"s", 1e-3, 1e-3, "ms"},
    {"s", 0, 1e-6, "us"},
    {"FLOP/s", 1e15, 1e15, "PFLOP/s"},
    {"FLOP/s", 1e12, 1e12, "TFLOP/s"},
    {"FLOP/s", 1e9, 1e9, "GFLOP/s"},
    {"B/s", 1e12, 1e12, "TB/s"},
    {"B/s", 1e9, 1e9, "GB/s"},
    {"B/s", 1e6, 1e6, "MB/s"},
    {"W", 1e6, 1e6, "MW"},
    {"W", 1e3, 1e3, "kW"},
    {"J", 1e9, 1e9, "GJ"},
    {"J", 1e6, 1e6, "MJ"},
    {"J", 1e3, 1e3, "kJ"},
    {"kWh", 1e6, 1e6, "GWh"},
    {"kWh", 1e3, 1e3, "MWh"},
    {"USD", 1e6, 1e6, "MUSD"},
    {"USD", 1e4, 1e3, "kUSD"},
    {"tokens", 1e12, 1e12, "T tokens"},
    {"tokens", 1e9, 1e9, "B tokens"},
    {"tokens", 1e6, 1e6, "M tokens"},
};

void unit_put(struct text *text, const char *unit, double value)
{
    char buffer[NUMBER_TEXT];
    const char *shown = unit;
    double divisor = 1;
    for (size_t i = 0; i < sizeof scales / sizeof *scales; i++)
        if (!strcmp(scales[i].unit, unit) && fabs(value) >= scales[i].from && value != 0) {
            shown = scales[i].shown;
            divisor = scales[i].divisor;
            break;
        }
    if (!strcmp(unit, "1")) {
        /* Counts are exact; other plain numbers have four digits. */
        bool whole = value == floor(value) && fabs(value) < 1e15;
        text_put(text, whole ? number_fixed(buffer, value, 0) : number_digits(buffer, value, 4));
    } else if (!strcmp(unit, "%")) {
        /* Less than one in a million is nothing, to people. */
        text_format(text, "%s %%", number_digits(buffer, fabs(value) < 1e-6 ? 0 : value * 100, 3));
    } else {
        double part = value / divisor;
        text_put(text, fabs(part) >= 1000 ? number_fixed(buffer, part, 0) : number_digits(buffer, part, 4));
        text_format(text, " %s", shown);
    }
}
