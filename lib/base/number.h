/* Numbers to text and back, the same under every locale. */
#ifndef BASE_NUMBER_H
#define BASE_NUMBER_H

#include "base/text.h"

enum { NUMBER_TEXT = 40 }; /* room for any number as text */

enum number_result { NUMBER_OK, NUMBER_BAD, NUMBER_NOT_FINITE };

/* Reads the decimal number that the text begins with ("1.5e3"); `*used` is how
 * many bytes it took. inf, nan and overflow give NUMBER_NOT_FINITE. */
enum number_result number_parse(const char *text, size_t length, double *value, size_t *used);

/* The shortest text that reads back as the same double; returns the buffer. */
char *number_exact(char buffer[NUMBER_TEXT], double value);

/* At most `digits` significant digits, no exponent between 1e-4 and 1e15. */
char *number_digits(char buffer[NUMBER_TEXT], double value, int digits);

/* Always `places` after the point. */
char *number_fixed(char buffer[NUMBER_TEXT], double value, int places);

#endif
