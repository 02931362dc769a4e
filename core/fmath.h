/* fmath.h -- exponentials and logarithms that give the same bits everywhere.
 *
 * glibc's exp, log and tanh choose their code by processor, so their last bit
 * moves from machine to machine. These are written in plain double arithmetic
 * with explicit fma and nothing else; libm gives sqrt and fma only, which are
 * exact by IEEE 754.
 */
#ifndef BP_FMATH_H
#define BP_FMATH_H

/* Special values as in C11 Annex F: exp(-inf) = 0, log(0) = -inf,
 * log(x < 0) = NaN, NaN in gives NaN out. */
double bp_exp(double x);
double bp_expm1(double x);
double bp_log(double x);
double bp_log1p(double x);
double bp_tanh(double x);

/* 1 / (1 + e^-x), without overflow at either end. */
double bp_sigmoid(double x);

#endif
