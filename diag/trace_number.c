/* trace_number.c -- see trace_number.h. */
#include "diag/trace_number.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The least number that six digits round to 10^(k + 1). */
static double edge_of(int k)
{
    char text[32];
    snprintf(text, sizeof text, "9.999995e%d", k);
    const double edge = strtod(text, NULL);
    snprintf(text, sizeof text, "%.5e", edge);
    return text[0] == '1' ? edge : nextafter(edge, INFINITY);
}

void bp_numbers_init(struct bp_numbers *numbers)
{
    char text[32];
    for (int k = -BP_POWER_MAX; k <= BP_POWER_MAX; k++) {
        snprintf(text, sizeof text, "1e%d", k);
        numbers->power[k + BP_POWER_MAX] = strtod(text, NULL);
        snprintf(text, sizeof text, "e%+03d", k);
        memcpy(numbers->exponent[k + BP_POWER_MAX], text, 4);
        numbers->edge[k + BP_POWER_MAX] = edge_of(k);
    }
    for (int k = 0; k < BP_NUMBER_GROUPS; k++) {
        snprintf(text, sizeof text, "%03d%d.%02d", k, k / 100, k % 100);
        memcpy(numbers->follow[k], text, 3);
        memcpy(numbers->lead[k], text + 3, 4);
    }
}

char *bp_number_put_count(char *to, size_t value)
{
    char digits[24];
    size_t n = 0;
    if (value < 10) {
        *to = (char)('0' + value);
        return to + 1;
    }
    do {
        digits[n++] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    while (n > 0)
        *to++ = digits[--n];
    return to;
}

static uint64_t bits_of(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* 0, what is not finite, and what has no power in the table. */
static char *put_rare(char *to, double value)
{
    if (value == 0.0) {
        *to = '0';
        return to + 1;
    }
    return to + snprintf(to, BP_NUMBER_ROOM, isnan(value) ? "nan" : "%.5e", value);
}

/* power: that of two, with the 1023 that a double adds. floor(log10(2^power)): 315653 / 2^20
 * is log10(2) to 8 digits. */
static int power_of_ten(unsigned power)
{
    return (int)((power * 315653u + 48500u) >> 20) - 308;
}

/* Small enough to be a part of the loop that writes a row. */
static inline char *put(char *to, double value, const struct bp_numbers *numbers)
{
    enum { LOWEST = 1023 - 312, HIGHEST = 1023 + 312 }; /* 10^-94 .. 10^94 */
    static const double SURE = 0.5 - 1e-9;
    const uint64_t bits = bits_of(value);
    const unsigned power = (unsigned)(bits >> 52) & 0x7ff;
    if (power - LOWEST > HIGHEST - LOWEST)
        return put_rare(to, value);
    const double size = fabs(value);
    int ten = power_of_ten(power);
    ten += size >= numbers->edge[ten + BP_POWER_MAX];
    const double rounded = size * numbers->power[BP_POWER_MAX + 5 - ten] + 0.5;
    const int32_t digits = (int32_t)rounded;
    if (!(fabs(rounded - (double)digits - 0.5) < SURE))
        return put_rare(to, value);
    *to = '-';
    to += bits >> 63;
    memcpy(to, numbers->lead[(uint32_t)digits / 1000], 4);
    memcpy(to + 4, numbers->follow[(uint32_t)digits % 1000], 4);
    memcpy(to + 7, numbers->exponent[ten + BP_POWER_MAX], 4);
    return to + 11;
}

char *bp_number_put(char *to, double value, const struct bp_numbers *numbers)
{
    return put(to, value, numbers);
}

char *bp_number_put_row(char *to, size_t n, const double *value, const struct bp_numbers *numbers)
{
    for (size_t k = 0; k < n; k++) {
        to = put(to, value[k], numbers);
        *to++ = '\t';
    }
    return to;
}
