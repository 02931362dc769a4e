/* columns_body.h -- the loops of columns.h; private to kernel_body.h, and compiled
 * with it for each instruction set.
 *
 * Columns come in multiples of 8, so that there is no end of a row to look after.
 */
#ifndef BP_COLUMNS_BODY_H
#define BP_COLUMNS_BODY_H

#include "core/fmath_body.h"
#include "core/kernel_table.h"

#define SMALL 0x1p-12

INLINE vec vec_zero(void)
{
    return vec_set(0.0);
}

INLINE vec vec_max(vec a, vec b)
{
    return vec_select(vec_less(a, b), b, a);
}

INLINE vec base_at(struct bp_base base, size_t k, size_t c)
{
    return base.by_column ? vec_load(base.x + c) : vec_set(base.x[k]);
}

/* Whether all |x| are below SMALL; NaN is no matter, it stays one either way. */
static bool all_small(size_t count, const double *x)
{
    double lane[LANES];
    vec top = vec_zero();
    for (size_t k = 0; k < count; k += LANES)
        top = vec_max(top, vec_abs(vec_load(x + k)));
    vec_store(lane, top);
    for (size_t k = 1; k < LANES; k++)
        lane[0] = lane[k] > lane[0] ? lane[k] : lane[0];
    return lane[0] < SMALL;
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
    for (size_t k = 0; k < rows; k++, a += cols)
        for (size_t c = 0; c < cols && !counts_nothing(loss, t, k); c += LANES)
            vec_store(sum + c,
                      vec_load(sum + c) + loss_term(loss, vec_load(a + c), base_at(t, k, c)));
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
        vec_store(change + c, vec_set(factor) * vec_load(change + c) - base_at(before, 0, c));
}

static void columns_scale(size_t rows, size_t cols, struct bp_base m, double *x)
{
    for (size_t k = 0; k < rows; k++, x += cols)
        for (size_t c = 0; c < cols; c += LANES)
            vec_store(x + c, vec_load(x + c) * base_at(m, k, c));
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
    for (size_t k = 0; k < rows; k++, z += cols)
        for (size_t c = 0; c < cols; c += LANES)
            mark_crossed(crossed + c, base_at(base, k, c), vec_load(z + c));
}

/* ---- changes -------------------------------------------------------------- */

/* e^d - 1, |d| < SMALL: d^4 / 120 is below 2^-54 of it. */
INLINE vec small_expm1(vec d)
{
    vec y = vec_fma(d, vec_set(0x1.5555555555555p-5), vec_set(0x1.5555555555555p-3));
    y = vec_fma(d, y, vec_set(0.5));
    return vec_fma(d * d, y, d);
}

/* tanh d, |d| < SMALL: what comes next, 17 d^6 / 315, is below 2^-76 of it. */
INLINE vec small_tanh(vec d)
{
    const vec d2 = d * d;
    const vec y = vec_fma(d2, vec_set(0x1.1111111111111p-3), vec_set(-0x1.5555555555555p-2));
    return vec_fma(d * d2, y, d);
}

/* 1 / (1 + x), |x| < SMALL: x^5 is below 2^-60. */
INLINE vec small_inverse(vec x)
{
    const vec one = vec_set(1.0);
    vec y = one - x;
    y = vec_fma(-x, y, one);
    y = vec_fma(-x, y, one);
    return vec_fma(-x, y, one);
}

/* ln(1 + x), |x| < SMALL: x^5 / 6 is below 2^-62 of it. */
INLINE vec small_log1p(vec x)
{
    vec y = vec_fma(x, vec_set(0x1.999999999999ap-3), vec_set(-0.25));
    y = vec_fma(x, y, vec_set(0x1.5555555555555p-2));
    y = vec_fma(x, y, vec_set(-0.5));
    return vec_fma(x * x, y, x);
}

/* e^700 is enough of a change for anybody, and E stays finite. */
INLINE vec any_expm1(bool small, vec d)
{
    const vec most = vec_set(700.0);
    return small ? small_expm1(d) : vec_expm1(vec_select(vec_less(most, d), most, d));
}

INLINE vec sigmoid_change(bool small, vec s, vec d)
{
    const vec one = vec_set(1.0), e = any_expm1(small, d), slope = s * (one - s);
    return small ? slope * e * small_inverse(s * e) : slope * e / vec_fma(s, e, one);
}

INLINE vec tanh_change(bool small, vec t, vec d)
{
    const vec one = vec_set(1.0), e = small ? small_tanh(d) : vec_tanh(d);
    const vec slope = (one - t) * (one + t);
    return small ? slope * e * small_inverse(t * e) : slope * e / vec_fma(t, e, one);
}

INLINE vec relu_change(double slope, vec z, vec d)
{
    const vec zero = vec_zero(), s = vec_set(slope), after = z + d;
    const mask up = vec_less(zero, z), up_after = vec_less(zero, after);
    return vec_select(up, vec_select(up_after, d, s * after - z),
                      vec_select(up_after, after - s * z, s * d));
}

INLINE void sigmoid_rows(bool small, size_t cols, struct bp_base a, size_t k, const double *d,
                         double *out)
{
    for (size_t c = 0; c < cols; c += LANES)
        vec_store(out + c, sigmoid_change(small, base_at(a, k, c), vec_load(d + c)));
}

INLINE void tanh_rows(bool small, size_t cols, struct bp_base a, size_t k, const double *d,
                      double *out)
{
    for (size_t c = 0; c < cols; c += LANES)
        vec_store(out + c, tanh_change(small, base_at(a, k, c), vec_load(d + c)));
}

static void relu_rows(double slope, size_t rows, size_t cols, struct bp_base z, const double *d,
                      double *out, double *crossed)
{
    for (size_t k = 0; k < rows; k++, d += cols, out += cols)
        for (size_t c = 0; c < cols; c += LANES) {
            const vec before = base_at(z, k, c), change = vec_load(d + c);
            mark_crossed(crossed + c, before, before + change);
            vec_store(out + c, relu_change(slope, before, change));
        }
}

INLINE void softmax_columns(bool small, size_t rows, size_t cols, const double *a, const double *d,
                            double *out)
{
    for (size_t c = 0; c < cols; c += LANES) {
        vec sum = vec_zero();
        for (size_t k = 0; k < rows; k++) {
            const vec e = any_expm1(small, vec_load(d + k * cols + c));
            vec_store(out + k * cols + c, e);
            sum = vec_fma(vec_set(a[k]), e, sum);
        }
        for (size_t k = 0; k < rows; k++) {
            const vec e = vec_load(out + k * cols + c);
            vec_store(out + k * cols + c, vec_set(a[k]) * (e - sum) / (vec_set(1.0) + sum));
        }
    }
}

static void columns_change(enum bp_activation f, double slope, size_t rows, size_t cols,
                           struct bp_base z, struct bp_base a, const double *d, double *out,
                           double *crossed)
{
    if (f == BP_IDENTITY) {
        memmove(out, d, rows * cols * sizeof *out);
    } else if (f == BP_RELU || f == BP_LEAKY_RELU) {
        relu_rows(f == BP_RELU ? 0.0 : slope, rows, cols, z, d, out, crossed);
    } else if (f == BP_SOFTMAX) {
        if (all_small(rows * cols, d))
            softmax_columns(true, rows, cols, a.x, d, out);
        else
            softmax_columns(false, rows, cols, a.x, d, out);
    } else {
        for (size_t k = 0; k < rows; k++, d += cols, out += cols) {
            const bool small = all_small(cols, d);
            if (f == BP_SIGMOID && small)
                sigmoid_rows(true, cols, a, k, d, out);
            else if (f == BP_SIGMOID)
                sigmoid_rows(false, cols, a, k, d, out);
            else if (small)
                tanh_rows(true, cols, a, k, d, out);
            else
                tanh_rows(false, cols, a, k, d, out);
        }
    }
}

/* ---- changes of the loss -------------------------------------------------- */

/* weight * ln((p + d) / p), and 0 where the weight is 0. */
INLINE vec weighted_log_change(bool small, vec weight, vec p, vec d)
{
    const mask nothing = vec_less(vec_abs(weight), vec_set(0x1p-1074));
    const vec x = d / p;
    return vec_select(nothing, vec_zero(), weight * (small ? small_log1p(x) : vec_log1p(x)));
}

INLINE vec loss_change(enum bp_loss loss, bool small, vec a, vec t, vec d)
{
    const vec one = vec_set(1.0);
    if (loss == BP_SQUARED_ERROR)
        return d * vec_fma(vec_set(0.5), d, a - t);
    const vec first = weighted_log_change(small, t, a, d);
    if (loss == BP_SOFTMAX_CROSS_ENTROPY)
        return -first;
    return -(first + weighted_log_change(small, one - t, one - a, -d));
}

/* The arguments of the logarithms of a row are small. */
static bool ratios_small(enum bp_loss loss, size_t cols, struct bp_base a, size_t k,
                         const double *d)
{
    vec top = vec_zero();
    double lane[LANES];
    for (size_t c = 0; c < cols; c += LANES) {
        const vec p = base_at(a, k, c), q = vec_set(1.0) - p;
        vec ratio = vec_abs(vec_load(d + c) / p);
        if (loss == BP_BINARY_CROSS_ENTROPY)
            ratio = vec_max(ratio, vec_abs(vec_load(d + c) / q));
        top = vec_max(top, ratio);
    }
    vec_store(lane, top);
    for (size_t k2 = 1; k2 < LANES; k2++)
        lane[0] = lane[k2] > lane[0] ? lane[k2] : lane[0];
    return lane[0] < SMALL;
}

INLINE void add_row_change(enum bp_loss loss, bool small, size_t cols, struct bp_base a,
                           struct bp_base t, size_t k, const double *d, double *sum)
{
    for (size_t c = 0; c < cols; c += LANES)
        vec_store(sum + c, vec_load(sum + c) + loss_change(loss, small, base_at(a, k, c),
                                                           base_at(t, k, c), vec_load(d + c)));
}

static void row_change(enum bp_loss loss, size_t cols, struct bp_base a, struct bp_base t, size_t k,
                       const double *d, double *sum)
{
    if (loss == BP_SQUARED_ERROR) {
        add_row_change(BP_SQUARED_ERROR, true, cols, a, t, k, d, sum);
        return;
    }
    const bool small = ratios_small(loss, cols, a, k, d);
    if (loss == BP_BINARY_CROSS_ENTROPY && small)
        add_row_change(BP_BINARY_CROSS_ENTROPY, true, cols, a, t, k, d, sum);
    else if (loss == BP_BINARY_CROSS_ENTROPY)
        add_row_change(BP_BINARY_CROSS_ENTROPY, false, cols, a, t, k, d, sum);
    else if (small)
        add_row_change(BP_SOFTMAX_CROSS_ENTROPY, true, cols, a, t, k, d, sum);
    else
        add_row_change(BP_SOFTMAX_CROSS_ENTROPY, false, cols, a, t, k, d, sum);
}

static void columns_loss_change(enum bp_loss loss, double factor, size_t rows, size_t cols,
                                struct bp_base a, struct bp_base t, const double *d, double *change)
{
    for (size_t c = 0; c < cols; c++)
        change[c] = 0.0;
    for (size_t k = 0; k < rows; k++)
        if (!counts_nothing(loss, t, k))
            row_change(loss, cols, a, t, k, d + k * cols, change);
    for (size_t c = 0; c < cols; c++)
        change[c] *= factor;
}

#endif
