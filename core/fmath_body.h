/* fmath_body.h -- the mathematics of fmath.h on vectors; private to kernel_body.h.
 *
 * Range reduction is Cody and Waite's (1980): the part of the argument that is
 * a whole number of ln 2 is taken off in two pieces, high and low, with fma.
 * What is left is a polynomial. The coefficients were computed for this file by
 * Remez exchange in 60-digit arithmetic on the reduced interval and rounded to
 * double; the error of the rounded polynomial is beside each table.
 *
 * No branch depends on the data: special values are put in by selection at the
 * end, so that a lane's result depends on nothing but its own argument.
 */
#ifndef BP_FMATH_BODY_H
#define BP_FMATH_BODY_H

#include "core/kernel_lanes.h"

/* Added and taken off again, it rounds to a whole number, which is then also in
 * the low bits: 1.5 * 2^52. */
#define ROUND 0x1.8p52
#define LN2_HIGH 0x1.62e42fefa39efp-1
#define LN2_LOW 0x1.abc9e3b39803fp-56
#define LOG2_E 0x1.71547652b82fep+0

/* c[0] + c[1] x + ... + c[n-1] x^(n-1): the even and the odd terms are two
 * chains, so that one need not wait for the other. n is odd. */
INLINE vec poly(vec x, const double *c, size_t n)
{
    const vec x2 = x * x;
    vec even = vec_set(c[n - 1]), odd = vec_set(c[n - 2]);
    for (size_t k = n - 1; k >= 2; k -= 2)
        even = vec_fma(even, x2, vec_set(c[k - 2]));
    for (size_t k = n - 2; k >= 3; k -= 2)
        odd = vec_fma(odd, x2, vec_set(c[k - 2]));
    return vec_fma(odd, x, even);
}

/* 2^k from t = k + ROUND, |k| < 1023. */
INLINE vec pow2(vec t)
{
    return (vec)(((ivec)t << 52) + ivec_set(0x3ff0000000000000));
}

/* q(r) with e^r = 1 + r + r^2 q(r), |r| <= ln2 / 2: error below 2^-61 of e^r - 1. */
static const double EXP_Q[11] = {
    0x1.0000000000000p-1,  0x1.5555555555557p-3,  0x1.5555555555558p-5,  0x1.11111111100dfp-7,
    0x1.6c16c16c15204p-10, 0x1.a01a01abe65a2p-13, 0x1.a01a01acf85a8p-16, 0x1.71de0236d98fep-19,
    0x1.27e4ccd349660p-22, 0x1.af4dde6f205a5p-26, 0x1.1f8b43f7844b8p-29};

/* x = n ln2 + r + r_low; returns n. */
INLINE vec reduce_exp(vec x, vec *r, vec *r_low)
{
    const vec n = vec_fma(x, vec_set(LOG2_E), vec_set(ROUND)) - vec_set(ROUND);
    const vec high = vec_fma(n, vec_set(-LN2_HIGH), x);
    *r = vec_fma(n, vec_set(-LN2_LOW), high);
    *r_low = vec_fma(n, vec_set(-LN2_LOW), high - *r);
    return n;
}

/* A number and what rounding it took away. */
struct pair {
    vec high, low;
};

/* 2^n put on in two steps, the last of which rounds where the result is subnormal. */
struct scale {
    vec first, last;
};

/* |n| up to 1076. */
INLINE struct scale scale_any(vec n)
{
    const vec t = vec_fma(n, vec_set(0.5), vec_set(ROUND));
    return (struct scale){pow2(t), pow2(n - (t - vec_set(ROUND)) + vec_set(ROUND))};
}

/* -1076 <= n <= 0. */
INLINE struct scale scale_down(vec n)
{
    return (struct scale){pow2(n + vec_set(ROUND + 64.0)), vec_set(0x1p-64)};
}

/* e^r 2^n, with e^r = (1 + r) + (r^2 q + r_low), the first sum kept in two parts. */
INLINE struct pair exp_parts(vec r, vec r_low, struct scale scale)
{
    const vec one = vec_set(1.0), sum = one + r;
    const vec rest = vec_fma(r * r, poly(r, EXP_Q, 11), ((one - sum) + r) + r_low);
    const vec p = sum + rest;
    return (struct pair){p * scale.first * scale.last,
                         ((sum - p) + rest) * (scale.first * scale.last)};
}

/* Outside these bounds e^x is infinite or 0 in a double anyway. */
INLINE vec vec_exp(vec x)
{
    vec r, r_low;
    x = vec_at_least(vec_at_most(x, vec_set(710.0)), vec_set(-746.0));
    const vec n = reduce_exp(x, &r, &r_low);
    return exp_parts(r, r_low, scale_any(n)).high;
}

/* e^x - 1, for -40 <= x <= 710, is 2 (s (r + r^2 q + r_low) + s - 1/2) with
 * s = 2^(n-1): s - 1/2 + s r is kept in two parts, since for n = 1 and -1 most of
 * it cancels. */
INLINE struct pair expm1_pair(vec x)
{
    vec r, r_low;
    const vec two = vec_set(2.0);
    const vec n = reduce_exp(x, &r, &r_low);
    const vec s = pow2(n - vec_set(1.0) + vec_set(ROUND));
    const vec start = s - vec_set(0.5);
    const vec sum = vec_fma(s, r, start);
    const vec sum_low = vec_fma(s, r, (start - sum) + (s - (start + vec_set(0.5))));
    const vec rest = vec_fma(s, vec_fma(r * r, poly(r, EXP_Q, 11), r_low), sum_low);
    const vec half = sum + rest;
    return (struct pair){two * half, two * ((sum - half) + rest)};
}

/* Below 2^-54 it is x to the last bit, also where x / 2 would be rounded. */
INLINE vec vec_expm1(vec x)
{
    const vec bounded = vec_at_least(vec_at_most(x, vec_set(710.0)), vec_set(-40.0));
    return vec_select(vec_less(vec_abs(x), vec_set(0x1p-54)), x, expm1_pair(bounded).high);
}

/* num / d, each in two parts: the remainder of the rounded quotient is exact with
 * fma, and is divided again. */
INLINE vec quotient(struct pair num, struct pair d)
{
    const vec inverse = vec_set(1.0) / d.high, q = num.high * inverse;
    const vec remainder = vec_fnma(q, d.high, num.high);
    return vec_fma(vec_fnma(q, d.low, num.low) + remainder, inverse, q);
}

/* 1 / (1 + e^-x), or e^x / (1 + e^x) for x < 0: the exponential is always of a
 * number <= 0, so that nothing overflows. */
INLINE vec vec_sigmoid(vec x)
{
    vec r, r_low;
    const vec one = vec_set(1.0), zero = vec_set(0.0);
    const mask negative = vec_less(x, zero);
    const vec n = reduce_exp(vec_at_least(vec_minus_abs(x), vec_set(-746.0)), &r, &r_low);
    const struct pair e = exp_parts(r, r_low, scale_down(n));
    const vec d = one + e.high;
    const struct pair num = {vec_select(negative, e.high, one), vec_select(negative, e.low, zero)};
    return quotient(num, (struct pair){d, ((one - d) + e.high) + e.low});
}

/* -E / (2 + E) with E = e^(-2 |x|) - 1, and the sign of x. */
INLINE vec vec_tanh(vec x)
{
    const vec two = vec_set(2.0), y = two * vec_minus_abs(x);
    const struct pair e = expm1_pair(vec_at_least(y, vec_set(-40.0)));
    const vec d = two + e.high;
    const vec t = quotient(e, (struct pair){d, ((two - d) + e.high) + e.low});
    return vec_select(vec_less(vec_abs(x), vec_set(0x1p-30)), x, vec_sign(vec_abs(t), x));
}

/* R(z) with 2 atanh(s) = 2 s + s z R(z), z = s^2 <= 0.0295: error below 2^-57 of
 * the whole. */
static const double LOG_R[7] = {0x1.5555555555558p-1, 0x1.999999999522ep-2, 0x1.2492492e02b3bp-2,
                                0x1.c71c62d1c32dap-3, 0x1.7462b9b9101c6p-3, 0x1.39fdc7b3fe50bp-3,
                                0x1.2b5f0c6c4db87p-3};

/* x = 2^k m with sqrt(1/2) <= m < sqrt(2), for a normal x > 0; returns m. The
 * exponent, without sign, is made a double by its bits: 2^52 + it. */
INLINE vec split(vec x, vec *k)
{
    const ivec bits = (ivec)x + ivec_set(0x3ff0000000000000 - 0x3fe6a09e667f3bcd);
    const ivec biased = (ivec)(bits >> 52) & ivec_set(0x7ff);
    *k = (vec)(biased | ivec_set(0x4330000000000000)) - vec_set(0x1p52 + 1023.0);
    return (vec)((bits & ivec_set(0x000fffffffffffff)) + ivec_set(0x3fe6a09e667f3bcd));
}

/* k ln2 + ln(1 + f + f_low): with s = f / (2 + f) and h = f^2 / 2,
 * ln(1 + f) = 2 atanh(s) = f - (h - s (h + z R)). f_low is far below f. */
INLINE vec log_of(vec k, vec f, vec f_low)
{
    const vec s = f / (vec_set(2.0) + f), z = s * s;
    const vec h = vec_set(0.5) * f * f;
    const vec small = vec_fma(k, vec_set(0x1.a39ef35793c76p-33), f_low);
    const vec tail = vec_fma(s, vec_fma(z, poly(z, LOG_R, 7), h), small);
    return vec_fma(k, vec_set(0x1.62e42fee00000p-1), f - (h - tail));
}

/* ln x for x > 0; -infinity at 0; NaN below; x itself when NaN or infinite. */
INLINE vec log_ends(vec x, vec y, vec zero)
{
    const vec inf = vec_set((double)INFINITY);
    y = vec_select(vec_less(zero, x), y, vec_set((double)NAN));
    y = vec_select(vec_less(vec_abs(x - zero), vec_set(0x1p-1074)), -inf, y);
    return vec_select(vec_less(x, inf), y, x);
}

INLINE vec vec_log(vec x)
{
    vec k;
    const mask small = vec_less(x, vec_set(0x1p-1022));
    const vec m = split(vec_select(small, x * vec_set(0x1p54), x), &k);
    k = k - vec_select(small, vec_set(54.0), vec_set(0.0));
    return log_ends(x, log_of(k, m - vec_set(1.0), vec_set(0.0)), vec_set(0.0));
}

/* ln(u + c) with u = 1 + x rounded and c what the rounding took (Knuth's two-sum). */
INLINE vec vec_log1p(vec x)
{
    vec k;
    const vec one = vec_set(1.0), u = one + x, v = u - one;
    const vec c = (one - (u - v)) + (x - v);
    const vec m = split(u, &k), most = vec_set(1000.0); /* by then c counts nothing */
    const vec c_scaled = c * pow2(vec_set(ROUND) - vec_select(vec_less(k, most), k, most));
    const vec f = (m - one) + c_scaled;
    const vec f_low = ((m - one) - f) + c_scaled;
    const vec y = log_ends(x, log_of(k, f, f_low), vec_set(-1.0));
    return vec_select(vec_less(vec_abs(x), vec_set(0x1p-54)), x, y);
}

#endif
