/* fmath.h -- exponentials and logarithms that give the same bits everywhere.
 *
 * glibc's exp, log and tanh choose their code by processor, so their last bit
 * moves from machine to machine. These are plain double arithmetic with explicit
 * fma: the same bits with gcc and clang, at -O0 and -O3, on every instruction
 * set, and for a number alone (here) or in an array (kernel.h, ten times
 * faster). Formulas and the source of their coefficients: fmath_body.h.
 *
 * Largest error seen against 64-bit long double, in units of the last place,
 * over the whole range of each (tests/check_fmath.c holds them to it):
 *
 *     exp 0.8   expm1 1.3   log 0.9   log1p 1.0   tanh 1.0   sigmoid 0.8
 *
 * Special values as in C11 Annex F: exp(-inf) = 0, log(0) = -inf,
 * log(x < 0) = NaN, NaN in gives NaN out.
 */
#ifndef BP_FMATH_H
#define BP_FMATH_H

double bp_exp(double x);
double bp_expm1(double x);
double bp_log(double x);
double bp_log1p(double x);
double bp_tanh(double x);

/* 1 / (1 + e^-x), without overflow at either end. */
double bp_sigmoid(double x);

#endif
