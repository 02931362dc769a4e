/* axis.h -- which range does an axis need, and is it logarithmic?
 *
 * Values are shown to it; what is not finite is counted and left out. A
 * logarithmic axis is used when it is wanted and the positive values span a
 * factor of 20 or more; it then runs over whole decades, at most 18 of them,
 * and what is 0 or less is drawn on its lower edge.
 */
#ifndef BP_AXIS_H
#define BP_AXIS_H

#include "plots/script.h"

#include <stdbool.h>
#include <stddef.h>

struct bp_axis {
    double lo, hi;
    bool log;
    size_t seen, not_finite;
    double least; /* positive value; 0: none */
};

/* Accepts {0} as an axis that has seen nothing. */
void bp_axis_see(struct bp_axis *axis, size_t n, const double *value);

/* Settles the range; with nothing seen it is 0 .. 1. */
void bp_axis_fit(struct bp_axis *axis, bool want_log);

/* Where a value lies: 0 at the lower end, 1 at the upper, cut to these. */
double bp_axis_place(const struct bp_axis *axis, double value);

/* The value as it is drawn: itself, or the edge if it lies outside; NaN stays. */
double bp_axis_clip(const struct bp_axis *axis, double value);

/* The script's lines for it: range, scale, tics; which: 'x' or 'y'. */
void bp_axis_set(struct bp_script *to, char which, const struct bp_axis *axis);

/* Moves places apart that are closer than gap, keeping their order, within 0 .. 1. n <= 16. */
void bp_axis_spread(double *place, size_t n, double gap);

/* Log to base 10, for figures. */
double bp_axis_log10(double value);

#endif
