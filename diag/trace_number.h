/* trace_number.h -- numbers as text, fast and the same everywhere.
 *
 * printf takes some 300 ns for a double; a trace of every step writes 160 of them in
 * the time of 35,000 ns that a step takes. Six digits need no more than a product
 * with a power of ten and an integer: about 10 ns.
 */
#ifndef BP_TRACE_NUMBER_H
#define BP_TRACE_NUMBER_H

#include <stddef.h>

enum { BP_NUMBER_ROOM = 32 /* bytes that either may take */ };

/* 10^k for k = -300 .. 300; table has BP_POWERS numbers. */
enum { BP_POWER_MAX = 300, BP_POWERS = 2 * BP_POWER_MAX + 1 };
void bp_number_powers(double *table);

/* "-1.23456e-05", "0", "nan"; the end. Six digits, to half a unit of the last or a
 * little more. */
char *bp_number_put(char *to, double value, const double *powers);

/* "1234"; the end. */
char *bp_number_put_count(char *to, size_t value);

#endif
