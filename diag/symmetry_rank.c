/* symmetry_rank.c -- singular values by one-sided Jacobi: pairs of columns are turned
 * until all are orthogonal; their lengths are the singular values. */
#include "diag/symmetry.h"

#include "core/fmath.h"

#include <math.h>

enum { SWEEPS = 30 };

/* Works on the shorter side: column c of the matrix, or row c when it is wide. */
struct vectors {
    double *m;
    size_t count, length, across, along; /* strides: from one to the next, within one */
};

static double dot(const struct vectors *v, size_t a, size_t b)
{
    double sum = 0.0;
    for (size_t k = 0; k < v->length; k++)
        sum = fma(v->m[a * v->across + k * v->along], v->m[b * v->across + k * v->along], sum);
    return sum;
}

static void turn(struct vectors *v, size_t a, size_t b, double c, double s)
{
    for (size_t k = 0; k < v->length; k++) {
        double *x = &v->m[a * v->across + k * v->along];
        double *y = &v->m[b * v->across + k * v->along];
        const double old = *x;
        *x = c * old - s * *y;
        *y = s * old + c * *y;
    }
}

/* Makes a pair orthogonal; whether it was not. */
static bool straighten(struct vectors *v, size_t a, size_t b)
{
    const double aa = dot(v, a, a), bb = dot(v, b, b), ab = dot(v, a, b);
    if (!(fabs(ab) > 1e-15 * sqrt(aa * bb)))
        return false;
    const double zeta = (bb - aa) / (2.0 * ab);
    const double t = (zeta >= 0.0 ? 1.0 : -1.0) / (fabs(zeta) + sqrt(1.0 + zeta * zeta));
    const double c = 1.0 / sqrt(1.0 + t * t);
    turn(v, a, b, c, c * t);
    return true;
}

static bool sweep(struct vectors *v)
{
    bool turned = false;
    for (size_t a = 0; a + 1 < v->count; a++)
        for (size_t b = a + 1; b < v->count; b++)
            turned = straighten(v, a, b) || turned;
    return turned;
}

size_t bp_numeric_rank(size_t rows, size_t cols, double *m, double *effective)
{
    struct vectors v = cols <= rows ? (struct vectors){m, cols, rows, 1, cols}
                                    : (struct vectors){m, rows, cols, cols, 1};
    for (int k = 0; k < SWEEPS && sweep(&v); k++)
        ;
    double top = 0.0, sum = 0.0, entropy = 0.0;
    for (size_t c = 0; c < v.count; c++) {
        const double sigma = sqrt(dot(&v, c, c));
        top = fmax(top, sigma);
        sum += sigma;
    }
    size_t rank = 0;
    for (size_t c = 0; c < v.count; c++) {
        const double sigma = sqrt(dot(&v, c, c));
        rank += sigma > BP_RANK_TOLERANCE * top;
        if (sigma > 0.0 && sum > 0.0)
            entropy -= sigma / sum * bp_log(sigma / sum);
    }
    if (effective != NULL)
        *effective = sum > 0.0 ? bp_exp(entropy) : 0.0;
    return rank;
}
