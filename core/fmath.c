/* fmath.c -- one number at a time, on the kernels' vectors: the formulas are
 * written once, in fmath_body.h, so that alone or in an array a number has the
 * same image. */
#include "core/fmath.h"

#include "core/kernel.h"

#define ONE(name)                                                                                  \
    double bp_##name(double x)                                                                     \
    {                                                                                              \
        double y;                                                                                  \
        bp_kernel_##name(1, &x, &y);                                                               \
        return y;                                                                                  \
    }
ONE(exp)
ONE(expm1)
ONE(log)
ONE(log1p)
ONE(tanh)
ONE(sigmoid)
