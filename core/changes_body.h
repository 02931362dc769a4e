/* changes_body.h -- the loops of changes.h; private to kernel_body.h, and compiled
 * with it for each instruction set.
 *
 * Columns come in multiples of 8, so that there is no end of a row to look after.
 */
#ifndef BP_CHANGES_BODY_H
#define BP_CHANGES_BODY_H

#include "core/fmath_body.h"
#include "core/kernel_table.h"

#define SMALL 0x1p-27

INLINE vec vec_zero(void)
{
    return vec_set(0.0);
}

INLINE vec vec_max(vec a, vec b)
{
    return vec_select(vec_less(a, b), b, a);
}

/* A row of base, or base of the columns: x[k] is fetched once, as far as it is one. */
INLINE vec base_of_row(struct bp_base base, size_t k)
{
    return base.by_column ? vec_zero() : vec_set(base.x[k]);
}

INLINE vec base_in(struct bp_base base, vec row, size_t c)
{
    return base.by_column ? vec_load(base.x + c) : row;
}

/* ---- values --------------------------------------------------------------- */

static void columns_spread(size_t rows, size_t cols, const double *start, const double *w,
                           size_t w_row, const double *d, double *out)
{
    for (size_t k = 0; k < rows; k++, out += cols) {
        const vec weight = vec_set(w[k * w_row]);
        const vec from = vec_set(start == NULL ? 0.0 : start[k]);
        for (size_t c = 0; c < cols; c += LANES)
            vec_store(out + c, vec_fma(weight, vec_load(d + c), from));
    }
}

static void columns_spread_each(size_t rows, size_t cols, size_t used, const double *start,
                                const double *w, size_t w_row, const double *d, double *out,
                                size_t out_row)
{
    for (size_t k = 0; k < rows; k++, out += out_row, w += w_row) {
        const vec from = vec_set(start == NULL ? 0.0 : start[k]);
        size_t c = 0;
        for (; c + LANES <= used; c += LANES)
            vec_store(out + c, vec_fma(vec_load(w + c), vec_load(d + c), from));
        if (c < used) {
            vec_store(out + c, vec_fma(vec_load_part(w + c, used - c), vec_load(d + c), from));
            c += LANES;
        }
        for (; c < cols; c += LANES)
            vec_store(out + c, from);
    }
}

static void columns_softmax(size_t rows, size_t cols, const double *z, double *a)
{
    for (size_t c = 0; c < cols; c += LANES) {
        vec top = vec_load(z + c), sum = vec_zero();
        for (size_t k = 1; k < rows; k++)
            top = vec_max(top, vec_load(z + k * cols + c));
        for (size_t k = 0; k < rows; k++) {
            const vec e = vec_exp(vec_load(z + k * cols + c) - top);
            vec_store(a + k * cols + c, e);
            sum += e;
        }
        for (size_t k = 0; k < rows; k++)
            vec_store(a + k * cols + c, vec_load(a + k * cols + c) / sum);
    }
}

/* weight * ln p, and 0 where the weight is 0. */
INLINE vec weighted_log(vec weight, vec p)
{
    const mask nothing = vec_less(vec_abs(weight), vec_set(0x1p-1074));
    return vec_select(nothing, vec_zero(), weight * vec_log(p));
}

INLINE vec loss_term(enum bp_loss loss, vec a, vec t)
{
    const vec one = vec_set(1.0);
    if (loss == BP_SQUARED_ERROR)
        return vec_set(0.5) * (a - t) * (a - t);
    if (loss == BP_SOFTMAX_CROSS_ENTROPY)
        return -weighted_log(t, a);
    return -(weighted_log(t, a) + weighted_log(one - t, one - a));
}

INLINE bool counts_nothing(enum bp_loss loss, struct bp_base t, size_t k)
{
    return loss == BP_SOFTMAX_CROSS_ENTROPY && !t.by_column && t.x[k] == 0.0;
}

INLINE void add_losses(enum bp_loss loss, size_t rows, size_t cols, const double *a,
                       struct bp_base t, double *sum)
{
    for (size_t k = 0; k < rows; k++, a += cols) {
        const vec row = base_of_row(t, k);
        for (size_t c = 0; c < cols && !counts_nothing(loss, t, k); c += LANES)
            vec_store(sum + c,
                      vec_load(sum + c) + loss_term(loss, vec_load(a + c), base_in(t, row, c)));
    }
}

static void columns_loss(enum bp_loss loss, double factor, size_t rows, size_t cols,
                         const double *a, struct bp_base t, struct bp_base before, double *change)
{
    for (size_t c = 0; c < cols; c++)
        change[c] = 0.0;
    if (loss == BP_SQUARED_ERROR)
        add_losses(BP_SQUARED_ERROR, rows, cols, a, t, change);
    else if (loss == BP_BINARY_CROSS_ENTROPY)
        add_losses(BP_BINARY_CROSS_ENTROPY, rows, cols, a, t, change);
    else
        add_losses(BP_SOFTMAX_CROSS_ENTROPY, rows, cols, a, t, change);
    for (size_t c = 0; c < cols; c += LANES)
        vec_store(change + c, vec_set(factor) * vec_load(change + c) -
                                  base_in(before, base_of_row(before, 0), c));
}

static void columns_scale(size_t rows, size_t cols, struct bp_base m, double *x)
{
    for (size_t k = 0; k < rows; k++, x += cols) {
        const vec row = base_of_row(m, k);
        for (size_t c = 0; c < cols; c += LANES)
            vec_store(x + c, vec_load(x + c) * base_in(m, row, c));
    }
}

/* ---- sides of a corner ---------------------------------------------------- */

INLINE vec side_of(vec z)
{
    return vec_select(vec_less(vec_zero(), z), vec_set(1.0), vec_zero());
}

INLINE void mark_crossed(double *crossed, vec before, vec after)
{
    const vec other = vec_abs(side_of(before) - side_of(after));
    vec_store(crossed, vec_max(vec_load(crossed), other));
}

static void columns_sides(size_t rows, size_t cols, struct bp_base base, const double *z,
                          double *crossed)
{
    for (size_t k = 0; k < rows; k++, z += cols) {
        const vec row = base_of_row(base, k);
        for (size_t c = 0; c < cols; c += LANES)
            mark_crossed(crossed + c, base_in(base, row, c), vec_load(z + c));
    }
}

/* ---- changes -------------------------------------------------------------- */

/* e^d - 1, |d| < SMALL: d^2 / 6 is below 2^-54 of it. */
INLINE vec small_expm1(vec d)
{
    return vec_fma(vec_set(0.5) * d, d, d);
}

/* ln(1 + x), |x| < SMALL: x^3 / 4 is below 2^-80 of it. */
INLINE vec small_log1p(vec x)
{
    return vec_fma(x * x, vec_fma(vec_set(0x1.5555555555555p-2), x, vec_set(-0.5)), x);
}

/* e^700 is enough of a change for anybody, and E stays finite. */
INLINE vec any_expm1(bool small, vec d)
{
    const vec most = vec_set(700.0);
    return small ? small_expm1(d) : vec_expm1(vec_select(vec_less(most, d), most, d));
}

/* For small d, to second order: E / (1 + s E) = d (1 + d (1/2 - s)), and T / (1 + t T) =
 * d (1 - t d); what comes next is below d^2 of it, 2^-54. */
INLINE vec sigmoid_change(bool small, vec s, vec d)
{
    const vec one = vec_set(1.0), slope = s * (one - s);
    if (small)
        return slope * d * vec_fma(d, vec_set(0.5) - s, one);
    const vec e = any_expm1(false, d);
    return slope * e / vec_fma(s, e, one);
}

INLINE vec tanh_change(bool small, vec t, vec d)
{
    const vec one = vec_set(1.0), slope = (one - t) * (one + t);
    if (small)
        return slope * d * vec_fnma(d, t, one);
    const vec e = vec_tanh(d);
    return slope * e / vec_fma(t, e, one);
}

INLINE vec relu_change(double slope, vec z, vec d)
{
    const vec zero = vec_zero(), s = vec_set(slope), after = z + d;
    const mask up = vec_less(zero, z), up_after = vec_less(zero, after);
    return vec_select(up, vec_select(up_after, d, s * after - z),
                      vec_select(up_after, after - s * z, s * d));
}

/* The change of one activation, by series or in full. */
INLINE vec change_of(enum bp_activation f, bool small, vec a, vec d)
{
    return f == BP_SIGMOID ? sigmoid_change(small, a, d) : tanh_change(small, a, d);
}

/* False when some |d| is too large for the series (a NaN is not: it stays one). */
INLINE bool bending_rows(enum bp_activation f, bool small, size_t rows, size_t cols,
                         struct bp_base a, const double *d, double *out)
{
    const vec most = vec_set(SMALL);
    mask large = vec_less(most, vec_zero());
    for (size_t k = 0; k < rows; k++, d += cols, out += cols) {
        const vec row = base_of_row(a, k);
        for (size_t c = 0; c < cols; c += LANES) {
            const vec x = vec_load(d + c);
            large = mask_or(large, vec_less(most, vec_abs(x)));
            vec_store(out + c, change_of(f, small, base_in(a, row, c), x));
        }
    }
    return !mask_any(large);
}

static void relu_rows(double slope, size_t rows, size_t cols, struct bp_base z, const double *d,
                      double *out, double *crossed)
{
    for (size_t k = 0; k < rows; k++, d += cols, out += cols) {
        const vec row = base_of_row(z, k);
        for (size_t c = 0; c < cols; c += LANES) {
            const vec before = base_in(z, row, c), change = vec_load(d + c);
            mark_crossed(crossed + c, before, before + change);
            vec_store(out + c, relu_change(slope, before, change));
        }
    }
}

INLINE bool softmax_columns(bool small, size_t rows, size_t cols, const double *a, const double *d,
                            double *out)
{
    const vec most = vec_set(SMALL);
    mask large = vec_less(most, vec_zero());
    for (size_t c = 0; c < cols; c += LANES) {
        vec sum = vec_zero();
        for (size_t k = 0; k < rows; k++) {
            const vec x = vec_load(d + k * cols + c), e = any_expm1(small, x);
            large = mask_or(large, vec_less(most, vec_abs(x)));
            vec_store(out + k * cols + c, e);
            sum = vec_fma(vec_set(a[k]), e, sum);
        }
        for (size_t k = 0; k < rows; k++) {
            const vec e = vec_load(out + k * cols + c);
            vec_store(out + k * cols + c, vec_set(a[k]) * (e - sum) / (vec_set(1.0) + sum));
        }
    }
    return !mask_any(large);
}

/* The series are tried first: they are nearly always enough. */
static void columns_change(enum bp_activation f, double slope, size_t rows, size_t cols,
                           struct bp_base z, struct bp_base a, const double *d, double *out,
                           double *crossed)
{
    if (f == BP_IDENTITY)
        memcpy(out, d, rows * cols * sizeof *out);
    else if (f == BP_RELU || f == BP_LEAKY_RELU)
        relu_rows(f == BP_RELU ? 0.0 : slope, rows, cols, z, d, out, crossed);
    else if (f == BP_SOFTMAX && !softmax_columns(true, rows, cols, a.x, d, out))
        (void)softmax_columns(false, rows, cols, a.x, d, out);
    else if (f == BP_SIGMOID && !bending_rows(BP_SIGMOID, true, rows, cols, a, d, out))
        (void)bending_rows(BP_SIGMOID, false, rows, cols, a, d, out);
    else if (f == BP_TANH && !bending_rows(BP_TANH, true, rows, cols, a, d, out))
        (void)bending_rows(BP_TANH, false, rows, cols, a, d, out);
}

/* ---- changes of the loss -------------------------------------------------- */

/* weight * ln((p + d) / p), and 0 where the weight is 0. */
INLINE vec weighted_log_change(bool small, vec weight, vec p, vec d, mask *large)
{
    const mask nothing = vec_less(vec_abs(weight), vec_set(0x1p-1074));
    const vec x = vec_select(nothing, vec_zero(), d / p);
    *large = mask_or(*large, vec_less(vec_set(SMALL), vec_abs(x)));
    return weight * (small ? small_log1p(x) : vec_log1p(x));
}

INLINE vec loss_change(enum bp_loss loss, bool small, vec a, vec t, vec d, mask *large)
{
    const vec one = vec_set(1.0);
    if (loss == BP_SQUARED_ERROR)
        return d * vec_fma(vec_set(0.5), d, a - t);
    const vec first = weighted_log_change(small, t, a, d, large);
    if (loss == BP_SOFTMAX_CROSS_ENTROPY)
        return -first;
    return -(first + weighted_log_change(small, one - t, one - a, -d, large));
}

/* False when an argument of a logarithm is too far from 1 for the series. */
INLINE bool add_changes(enum bp_loss loss, bool small, size_t rows, size_t cols, struct bp_base a,
                        struct bp_base t, const double *d, double *sum)
{
    mask large = vec_less(vec_set(1.0), vec_zero());
    memset(sum, 0, cols * sizeof *sum);
    for (size_t k = 0; k < rows; k++, d += cols) {
        const vec a_row = base_of_row(a, k), t_row = base_of_row(t, k);
        for (size_t c = 0; c < cols && !counts_nothing(loss, t, k); c += LANES)
            vec_store(sum + c, vec_load(sum + c) + loss_change(loss, small, base_in(a, a_row, c),
                                                               base_in(t, t_row, c),
                                                               vec_load(d + c), &large));
    }
    return !mask_any(large);
}

static void columns_loss_change(enum bp_loss loss, double factor, size_t rows, size_t cols,
                                struct bp_base a, struct bp_base t, const double *d, double *change)
{
    if (loss == BP_SQUARED_ERROR)
        (void)add_changes(BP_SQUARED_ERROR, true, rows, cols, a, t, d, change);
    else if (loss == BP_BINARY_CROSS_ENTROPY &&
             !add_changes(BP_BINARY_CROSS_ENTROPY, true, rows, cols, a, t, d, change))
        (void)add_changes(BP_BINARY_CROSS_ENTROPY, false, rows, cols, a, t, d, change);
    else if (loss == BP_SOFTMAX_CROSS_ENTROPY &&
             !add_changes(BP_SOFTMAX_CROSS_ENTROPY, true, rows, cols, a, t, d, change))
        (void)add_changes(BP_SOFTMAX_CROSS_ENTROPY, false, rows, cols, a, t, d, change);
    for (size_t c = 0; c < cols; c += LANES)
        vec_store(change + c, vec_set(factor) * vec_load(change + c));
}

#endif
