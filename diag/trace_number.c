/* trace_number.c -- see trace_number.h. */
#include "diag/trace_number.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void bp_number_powers(double *table)
{
    for (int k = -BP_POWER_MAX; k <= BP_POWER_MAX; k++) {
        char text[16];
        snprintf(text, sizeof text, "1e%d", k);
        table[k + BP_POWER_MAX] = strtod(text, NULL);
    }
}

char *bp_number_put_count(char *to, size_t value)
{
    char digits[24];
    size_t n = 0;
    do {
        digits[n++] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    while (n > 0)
        *to++ = digits[--n];
    return to;
}

static char *put_text(char *to, const char *text)
{
    const size_t n = strlen(text);
    memcpy(to, text, n);
    return to + n;
}

/* floor(log10(2^two)) or one less, for a value from 2^two: 1233/4096 is just below
 * log10(2) = 0.30103, 1234/4096 just above. */
static int power_of_ten(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    const int two = (int)(bits >> 52) - 1023;
    return two >= 0 ? two * 1233 / 4096 : -((-two * 1234 + 4095) / 4096);
}

/* Six digits, the first of them not 0, and the power of ten of the first. */
static uint32_t six_digits(double value, int *exponent, const double *powers)
{
    int ten = power_of_ten(value);
    double scaled = value * powers[5 - ten + BP_POWER_MAX];
    while (scaled >= 999999.5) {
        ten++;
        scaled = value * powers[5 - ten + BP_POWER_MAX];
    }
    *exponent = ten;
    return (uint32_t)(scaled + 0.5);
}

static char *put_exponent(char *to, int exponent)
{
    *to++ = 'e';
    *to++ = exponent < 0 ? '-' : '+';
    const unsigned size = (unsigned)abs(exponent);
    if (size < 10)
        *to++ = '0';
    return bp_number_put_count(to, size);
}

char *bp_number_put(char *to, double value, const double *powers)
{
    if (value == 0.0)
        return put_text(to, "0");
    if (!isfinite(value))
        return put_text(to, isnan(value) ? "nan" : value > 0.0 ? "inf" : "-inf");
    const double size = fabs(value);
    if (!(size > 1e-290 && size < 1e290))
        return to + snprintf(to, BP_NUMBER_ROOM, "%.5e", value);
    int exponent;
    uint32_t digits = six_digits(size, &exponent, powers);
    if (value < 0.0)
        *to++ = '-';
    for (int k = 6; k >= 2; k--, digits /= 10)
        to[k] = (char)('0' + digits % 10);
    to[0] = (char)('0' + digits);
    to[1] = '.';
    return put_exponent(to + 7, exponent);
}
