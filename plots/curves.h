/* curves.h -- several curves in one panel, each named at its right end.
 *
 * Long curves are thinned to the least and the greatest of each stretch, so
 * that no spike is lost. Where a value is not finite the curve stops, and a
 * line says from when on.
 */
#ifndef BP_CURVES_H
#define BP_CURVES_H

#include "plots/axis.h"
#include "plots/ink.h"

struct bp_stroke {
    const char *name;
    size_t n;
    const double *x, *y; /* borrowed */
    enum bp_ink ink;
    bool dashed, points; /* points: with a mark at each value */
};

struct bp_curves {
    size_t n;
    const struct bp_stroke *curve;
    struct bp_axis x, y; /* fitted */
    const char *x_words, *y_words;
    double tall;      /* the panel's share of the figure's height; 0: nearly all */
    const char *what; /* "loss": what is not finite, or missing */
};

/* Plots into the panel that was set; labels already set are kept. */
void bp_curves_plot(struct bp_script *to, const struct bp_curves *curves);

#endif
