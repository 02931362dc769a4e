/* kernel.c -- see kernel.h. */
#include "core/kernel.h"

#include "core/fmath.h"

#include <math.h>

void bp_kernel_affine(size_t n, size_t in, size_t out, const double *a, const double *w,
                      const double *b, double *z)
{
    for (size_t s = 0; s < n; s++)
        for (size_t i = 0; i < out; i++) {
            double sum = b == NULL ? 0.0 : b[i];
            for (size_t j = 0; j < in; j++)
                sum = fma(a[s * in + j], w[i * in + j], sum);
            z[s * out + i] = sum;
        }
}

void bp_kernel_propagate(size_t n, size_t in, size_t out, const double *d, const double *w,
                         double *e)
{
    for (size_t s = 0; s < n; s++)
        for (size_t j = 0; j < in; j++) {
            double sum = 0.0;
            for (size_t i = 0; i < out; i++)
                sum = fma(d[s * out + i], w[i * in + j], sum);
            e[s * in + j] = sum;
        }
}

void bp_kernel_outer(size_t n, size_t in, size_t out, const double *d, const double *a, double *g)
{
    for (size_t i = 0; i < out; i++)
        for (size_t j = 0; j < in; j++) {
            double sum = 0.0;
            for (size_t s = 0; s < n; s++)
                sum = fma(d[s * out + i], a[s * in + j], sum);
            g[i * in + j] = sum;
        }
}

void bp_kernel_column_sum(size_t n, size_t out, const double *d, double *s)
{
    for (size_t i = 0; i < out; i++) {
        double sum = 0.0;
        for (size_t r = 0; r < n; r++)
            sum += d[r * out + i];
        s[i] = sum;
    }
}

#define EACH(name, f)                                             \
    void name(size_t count, const double *x, double *y)           \
    {                                                             \
        for (size_t k = 0; k < count; k++)                        \
            y[k] = f(x[k]);                                       \
    }
EACH(bp_kernel_exp, bp_exp)
EACH(bp_kernel_expm1, bp_expm1)
EACH(bp_kernel_sigmoid, bp_sigmoid)
EACH(bp_kernel_tanh, bp_tanh)

const char *bp_kernel_name(void)
{
    return "plain";
}
