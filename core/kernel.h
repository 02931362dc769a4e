/* kernel.h -- the loops where the time goes: matrix products and activations.
 *
 * All matrices are row-major and dense. A batch is n rows, one a sample. Every
 * result is bit for bit the same for every instruction set, every number of
 * threads, and for a sample alone or among others: the order of summation is
 * fixed (j = 0, 1, 2, ... with fma), and only independent results are computed
 * side by side. (Of a NaN it is not promised which: sign and payload vary.)
 * Nothing is allocated; at most 32 KB of stack are used. Results must not
 * overlap arguments, unless said otherwise.
 *
 * The loops (kernel_body.h) are compiled once for each instruction set and
 * chosen when first used.
 */
#ifndef BP_KERNEL_H
#define BP_KERNEL_H

#include <stdbool.h>
#include <stddef.h>

/* z[n,i] = b[i] + sum_j a[n,j] w[i,j];   a: n x in, w: out x in, b: out or NULL,
 * z: n x out. */
void bp_kernel_affine(size_t n, size_t in, size_t out, const double *a, const double *w,
                      const double *b, double *z);

/* e[n,j] = sum_i d[n,i] w[i,j];          d: n x out, w: out x in, e: n x in. */
void bp_kernel_propagate(size_t n, size_t in, size_t out, const double *d, const double *w,
                         double *e);

/* g[i,j] = sum_n d[n,i] a[n,j];          d: n x out, a: n x in, g: out x in. */
void bp_kernel_outer(size_t n, size_t in, size_t out, const double *d, const double *a, double *g);

/* A step down a gradient: from where, how far, what the sums are divided by. Rows of width
 * in that are wanted next are fetched from memory meanwhile. */
struct bp_descent {
    const double *w; /* out x in */
    double rate, by;
    size_t n_ahead; /* or 0 */
    const double *const *ahead;
};

/* next[i,j] = w[i,j] - rate ((sum_n d[n,i] a[n,j]) / by): outer, divide and step in one go,
 * with their bits;                       next: out x in. */
void bp_kernel_descend(size_t n, size_t in, size_t out, const double *d, const double *a,
                       const struct bp_descent *how, double *next);

/* As affine, with the batch along the columns: z[i,c] = b[i] + sum_j w[i,j] a[j,c];
 * w: out x in, a: in x cols, b: out or NULL, z: out x cols. */
void bp_kernel_transform(size_t in, size_t out, size_t cols, const double *w, const double *a,
                         const double *b, double *z);

/* s[i] = sum_n d[n,i];                   d: n x out. */
void bp_kernel_column_sum(size_t n, size_t out, const double *d, double *s);

/* s[i] = sum_n d[n,i]^2;                 d: n x out. */
void bp_kernel_column_squares(size_t n, size_t out, const double *d, double *s);

/* Adds a batch to what columns have so far: sum of x, sum of |x|, the largest |x| (a NaN
 * is none), how many are 0;              x: n x out, the others: out. */
void bp_kernel_column_tally(size_t n, size_t out, const double *x, double *sum, double *size,
                            double *top, double *zeros);

/* y[k] = x[k] / n, correctly rounded as a division is (but where it is subnormal), y[k] = c
 * x[k], and out[k] = theta[k] - rate d[k], rounded twice. y may be x. */
void bp_kernel_divide(size_t count, const double *x, double n, double *y);
void bp_kernel_scaled(size_t count, const double *x, double c, double *y);
void bp_kernel_step(size_t count, const double *theta, double rate, const double *d, double *out);

/* y[k] = f(x[k]) for k = 0 .. count - 1; y may be x. */
void bp_kernel_exp(size_t count, const double *x, double *y);
void bp_kernel_expm1(size_t count, const double *x, double *y);
void bp_kernel_log(size_t count, const double *x, double *y);
void bp_kernel_log1p(size_t count, const double *x, double *y);
void bp_kernel_sigmoid(size_t count, const double *x, double *y);
void bp_kernel_tanh(size_t count, const double *x, double *y);

/* "avx512", "avx2" or "plain": what is used on this machine. The best that it has,
 * or what the environment variable BACKPROBE_KERNEL names, if it has that. */
const char *bp_kernel_name(void);

/* Tests and measurements: use the named one from now on (NULL: the best). False,
 * and nothing changes, when this machine does not have it. */
bool bp_kernel_choose(const char *name);

#endif
