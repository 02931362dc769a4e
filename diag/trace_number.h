/* trace_number.h -- numbers as text, fast and the same everywhere.
 *
 * printf takes some 300 ns for a double; a trace of every step writes hundreds of them
 * in the time of some 20,000 ns that a step takes. Six digits need no more than a
 * product with a power of ten, an integer, and two texts of three digits looked up:
 * about 4 ns.
 *
 * The text is that of printf's %.5e, with 0 for both zeros. The product is off by less
 * than 1e-9 of the last digit; where that could decide how the last digit is rounded
 * (once in some 10^9 numbers, and at exact halves), printf itself is asked.
 */
#ifndef BP_TRACE_NUMBER_H
#define BP_TRACE_NUMBER_H

#include <stddef.h>

enum {
    BP_NUMBER_ROOM = 32, /* bytes that either may write, beyond the end too */
    BP_POWER_MAX = 99,   /* 10^k for k = -99 .. 99; numbers beyond are rare */
    BP_POWERS = 2 * BP_POWER_MAX + 1,
    BP_NUMBER_GROUPS = 1000 /* of three digits */
};

struct bp_numbers {
    double power[BP_POWERS];
    double edge[BP_POWERS];           /* the least number that six digits round to 10^(k + 1) */
    char exponent[BP_POWERS][4];      /* "e-05" */
    char lead[BP_NUMBER_GROUPS][4];   /* "1.23" */
    char follow[BP_NUMBER_GROUPS][4]; /* "456" */
};
void bp_numbers_init(struct bp_numbers *numbers);

/* "-1.23456e-05", "0", "nan"; the end. */
char *bp_number_put(char *to, double value, const struct bp_numbers *numbers);

/* n of them, each with a tab behind it; the end. */
char *bp_number_put_row(char *to, size_t n, const double *value, const struct bp_numbers *numbers);

/* "1234"; the end. */
char *bp_number_put_count(char *to, size_t value);

#endif
