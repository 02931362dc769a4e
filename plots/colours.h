/* colours.h -- which colour is a number?
 *
 * Three scales, fixed in C so that every terminal shows the same: magnitudes
 * on a logarithmic scale in cividis (Nunez, Anderton and Renslow 2018), values
 * between two ends and signed values around 0 in ColorBrewer's RdBu (blue is
 * negative). A magnitude of exactly 0 is orange, not finite is green: neither
 * is on the scales.
 */
#ifndef BP_COLOURS_H
#define BP_COLOURS_H

#include "plots/script.h"

enum bp_scale_kind { BP_SCALE_SIGNED, BP_SCALE_LOG, BP_SCALE_BETWEEN };

struct bp_scale {
    enum bp_scale_kind kind;
    double lo, hi; /* signed: hi = the greatest |value|; log: both positive */
};

/* A scale for n values. */
struct bp_scale bp_scale_fit(enum bp_scale_kind kind, size_t n, const double *value);

/* The script's palette for maps on this scale (each map's panel may set its own). */
void bp_scale_palette(struct bp_script *to, const struct bp_scale *scale);

/* A matrix of values as the data block $name; cell [r][c] lies at
 * x0 + x_step c, y0 + y_step r. In a plain script each value is the letter that
 * stands for it: ".:-=+*#%@" for magnitudes, '=' '-' '.' '+' '#' for signs, '0'
 * exactly 0, '!' not finite. */
struct bp_map {
    const char *name;
    size_t rows, columns;
    double x0, x_step, y0, y_step;
    const double *value; /* [rows][columns], borrowed */
};

void bp_map_put(struct bp_script *to, const struct bp_map *map, const struct bp_scale *scale);

/* "$name matrix using ... with image" for the plot command. */
void bp_map_plot(struct bp_script *to, const struct bp_map *map);

/* Says in the panel, at x, y, what the colours off the scale mean, if any is there. */
void bp_scale_odd(struct bp_script *to, const struct bp_scale *scale, size_t n, const double *value,
                  double x, double y);

/* In a plain script: which letters stand for which values, under the title. To be
 * called before the panel's plot. */
void bp_scale_letters(struct bp_script *to, const struct bp_scale *scale);

/* A panel with the scale's colours and its ends' values; words name the unit. */
void bp_scale_bar(struct bp_script *to, const struct bp_scale *scale, double left, double bottom,
                  double top, const char *words);

#endif
