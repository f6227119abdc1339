/* Numbers to text and back, the same under every locale: the C library does the
 * rounding, and its decimal point, whatever it is, is replaced by ours. */
#include "base/number.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST_NUMBER = 400, EXACT_DIGITS = 15, EXACT_POWER = 22 };

static const double powers_of_ten[EXACT_POWER + 1] = {
    1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
    1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool word_at(const char *text, size_t length, const char *word)
{
    size_t n = strlen(word);
    if (length < n)
        return false;
    for (size_t i = 0; i < n; i++)
        if ((text[i] | 0x20) != word[i])
            return false;
    return true;
}

/* The value by the C library, with the locale's own decimal point put in. */
static double by_library(const char *text, size_t length)
{
    char point[16], buffer[LONGEST_NUMBER + 32];
    int point_length = snprintf(point, sizeof point, "%.1f", 0.5) - 2;
    size_t at = 0;
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '.') {
            memcpy(buffer + at, point + 1, (size_t)point_length);
            at += (size_t)point_length;
        } else {
            buffer[at++] = text[i];
        }
    }
    buffer[at] = '\0';
    return strtod(buffer, NULL);
}

enum number_result number_parse(const char *text, size_t length, double *value, size_t *used)
{
    size_t i = 0;
    bool negative = false;
    if (i < length && (text[i] == '-' || text[i] == '+'))
        negative = text[i++] == '-';
    size_t word = i < length && text[i] == '.' ? i + 1 : i;
    if (word_at(text + word, length - word, "inf") || word_at(text + word, length - word, "nan"))
        return NUMBER_NOT_FINITE;

    uint64_t mantissa = 0;
    int digits = 0, point_digits = 0, exponent = 0;
    bool point = false, any = false;
    for (; i < length && (is_digit(text[i]) || (text[i] == '.' && !point)); i++) {
        if (text[i] == '.') {
            point = true;
            continue;
        }
        any = true;
        point_digits += point;
        if (digits || text[i] != '0')
            digits++;
        if (digits <= EXACT_DIGITS)
            mantissa = mantissa * 10 + (uint64_t)(text[i] - '0');
    }
    if (!any)
        return NUMBER_BAD;
    if (i + 1 < length && (text[i] == 'e' || text[i] == 'E')) {
        size_t j = i + 1;
        bool down = false;
        if (text[j] == '-' || text[j] == '+')
            down = text[j++] == '-';
        if (j < length && is_digit(text[j])) {
            for (; j < length && is_digit(text[j]); j++)
                if (exponent < 100000)
                    exponent = exponent * 10 + (text[j] - '0');
            if (down)
                exponent = -exponent;
            i = j;
        }
    }
    if (i > LONGEST_NUMBER)
        return NUMBER_BAD;
    *used = i;
    int power = exponent - point_digits;
    double magnitude;
    if (digits <= EXACT_DIGITS && power >= -EXACT_POWER && power <= EXACT_POWER) {
        /* Both factors are exact doubles, so one operation rounds correctly. */
        magnitude = power < 0 ? (double)mantissa / powers_of_ten[-power] : (double)mantissa * powers_of_ten[power];
        *value = negative ? -magnitude : magnitude;
    } else {
        *value = by_library(text, i);
    }
    return isfinite(*value) ? NUMBER_OK : NUMBER_NOT_FINITE;
}

/* Digits and decimal exponent of a finite number: "12345", 2 for 123.45. */
static void decompose(double value, int digits, char out[32], int *exponent)
{
    char buffer[64];
    snprintf(buffer, sizeof buffer, "%.*e", digits - 1, value);
    const char *e = strrchr(buffer, 'e');
    size_t n = 0;
    for (const char *c = buffer; c < e; c++)
        if (is_digit(*c))
            out[n++] = *c;
    out[n] = '\0';
    *exponent = (int)strtol(e + 1, NULL, 10);
}

static char *compose(char *buffer, bool negative, const char *digits, int exponent)
{
    char *out = buffer;
    size_t n = strlen(digits);
    while (n > 1 && digits[n - 1] == '0')
        n--;
    if (negative)
        *out++ = '-';
    if (exponent < -4 || exponent >= 16) {
        *out++ = digits[0];
        if (n > 1) {
            *out++ = '.';
            memcpy(out, digits + 1, n - 1);
            out += n - 1;
        }
        snprintf(out, 8, "e%d", exponent);
        return buffer;
    }
    if (exponent < 0) {
        *out++ = '0';
        *out++ = '.';
        for (int i = -1; i > exponent; i--)
            *out++ = '0';
        memcpy(out, digits, n);
        out += n;
    } else {
        for (int i = 0; i <= exponent; i++)
            *out++ = (size_t)i < n ? digits[i] : '0';
        if (n > (size_t)exponent + 1) {
            *out++ = '.';
            memcpy(out, digits + exponent + 1, n - (size_t)exponent - 1);
            out += n - (size_t)exponent - 1;
        }
    }
    *out = '\0';
    return buffer;
}

static char *not_finite(char *buffer, double value)
{
    return strcpy(buffer, isnan(value) ? "nan" : value < 0 ? "-inf" : "inf");
}

char *number_digits(char buffer[NUMBER_TEXT], double value, int digits)
{
    if (!isfinite(value))
        return not_finite(buffer, value);
    if (value == 0)
        return strcpy(buffer, "0");
    char text[32];
    int exponent;
    decompose(value, digits, text, &exponent);
    return compose(buffer, value < 0, text, exponent);
}

char *number_exact(char buffer[NUMBER_TEXT], double value)
{
    for (int digits = EXACT_DIGITS; digits < 17; digits++) {
        double back = 0;
        size_t used;
        number_digits(buffer, value, digits);
        if (number_parse(buffer, strlen(buffer), &back, &used) == NUMBER_OK && back == value)
            return buffer;
    }
    return number_digits(buffer, value, 17);
}

char *number_fixed(char buffer[NUMBER_TEXT], double value, int places)
{
    if (!isfinite(value))
        return not_finite(buffer, value);
    if (fabs(value) >= 1e15)
        return number_digits(buffer, value, 6);
    char library[NUMBER_TEXT];
    snprintf(library, sizeof library, "%.*f", places, value);
    char *out = buffer;
    bool point = false;
    for (const char *c = library; *c; c++) {
        if (is_digit(*c) || *c == '-') {
            *out++ = *c;
            point = false;
        } else if (!point) {
            *out++ = '.';
            point = true;
        }
    }
    *out = '\0';
    return buffer;
}
