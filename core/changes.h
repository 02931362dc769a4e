/* changes.h -- one sample, many small changes, side by side: the loops that carry
 * a change of a neuron up through the layers.
 *
 * A block is rows x cols: a row is a neuron, a column is one change that is being
 * tried. cols is a multiple of BP_CHANGES_STEP (unused columns hold changes of 0).
 * What is the same for all columns (a neuron's own z, a, target) is one number a
 * row. Results of a column do not depend on the others, except that changes which
 * are all below 2^-27 are done by short series: what is worked out is the same to
 * rounding.
 *
 * "change" functions take and give differences without subtracting: with
 * E = e^d - 1 and T = tanh d (Rumelhart's s (1 - s) is the limit d -> 0),
 *
 *     sigmoid(z + d) - s = s (1 - s) E / (1 + s E)
 *     tanh(z + d) - t    = (1 - t^2) T / (1 + t T)
 *     softmax            a_k (E_k - S) / (1 + S),    S = sum_j a_j E_j
 *     squared error      c delta (a - t + delta / 2)
 *     -ln a              -ln(1 + delta / a)
 *
 * Bit for bit the same on every instruction set.
 */
#ifndef BP_CHANGES_H
#define BP_CHANGES_H

#include "core/activation.h"
#include "core/loss.h"

#include <stddef.h>

enum { BP_CHANGES_STEP = 8 };

/* Numbers that belong to the rows of a block, or (by_column; one row only) to its
 * columns. */
struct bp_base {
    const double *x;
    bool by_column;
};

/* out[k,c] = start[k] + w[k * w_row] d[c]; start may be NULL (0). */
void bp_changes_spread(size_t rows, size_t cols, const double *start, const double *w, size_t w_row,
                       const double *d, double *out);

/* out[k,c] = start[k] + w[k * w_row + c] d[c] for c < used, start[k] beyond; out's rows
 * lie out_row apart. */
void bp_changes_spread_each(size_t rows, size_t cols, size_t used, const double *start,
                            const double *w, size_t w_row, const double *d, double *out,
                            size_t out_row);

/* a = f(z) in each column; softmax is over the rows. a may be z. */
void bp_changes_value(enum bp_activation f, double slope, size_t rows, size_t cols, const double *z,
                      double *a);

/* change[c] = loss of column c, minus before. t: a number a row. */
void bp_changes_loss(enum bp_loss loss, double factor, size_t rows, size_t cols, const double *a,
                     struct bp_base t, struct bp_base before, double *change);

/* out = f(z + d) - f(z) without cancellation, from d and a = f(z) (before any mask). Where
 * a relu changes sides, crossed[c] becomes 1; it is left alone otherwise. out must not be d. */
void bp_changes_change(enum bp_activation f, double slope, size_t rows, size_t cols,
                       struct bp_base z, struct bp_base a, const double *d, double *out,
                       double *crossed);

/* crossed[c] becomes 1 where z[k,c] and base z are on different sides of 0. */
void bp_changes_sides(size_t rows, size_t cols, struct bp_base base, const double *z,
                      double *crossed);

/* change[c] = loss(a + d) - loss(a), without cancellation. */
void bp_changes_loss_change(enum bp_loss loss, double factor, size_t rows, size_t cols,
                            struct bp_base a, struct bp_base t, const double *d, double *change);

/* x[k,c] *= m[k]. */
void bp_changes_scale(size_t rows, size_t cols, struct bp_base m, double *x);

#endif
