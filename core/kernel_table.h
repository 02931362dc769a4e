/* kernel_table.h -- what one compilation of kernel_body.h offers; private to
 * kernel.c and the kernel_<instruction set>.c files. */
#ifndef BP_KERNEL_TABLE_H
#define BP_KERNEL_TABLE_H

#include "core/changes.h"
#include "core/kernel.h"

#include <stdbool.h>
#include <stddef.h>

/* c[r,j] = start + sum_k a[r,k] b[k,j], for r < rows, k < depth, j < cols.
 * Element (r,k) of a is at a[r * a_row + k * a_step]; b's at b[k * b_step + j],
 * or b[j * b_step + k] when b_is_transposed. start is one number a column, one
 * a row, or 0. With descent c is a step along that. */
struct bp_product {
    size_t rows, depth, cols;
    const double *a, *b;
    size_t a_row, a_step, b_step;
    bool b_is_transposed;
    const double *start_cols, *start_rows; /* or NULL; not both */
    double *c;
    size_t c_row;
    const struct bp_descent *descent; /* or NULL */
};

typedef void bp_kernel_each(size_t count, const double *x, double *y);

struct bp_kernel_table {
    const char *name;
    void (*product)(const struct bp_product *p);
    void (*column_sum)(size_t n, size_t out, const double *d, double *s);
    void (*column_squares)(size_t n, size_t out, const double *d, double *s);
    void (*column_tally)(size_t n, size_t out, const double *x, double *sum, double *size,
                         double *top, double *zeros);
    void (*divide)(size_t count, const double *x, double n, double *y);
    void (*scaled)(size_t count, const double *x, double c, double *y);
    void (*step)(size_t count, const double *theta, double rate, const double *d, double *out);
    bp_kernel_each *exp, *expm1, *log, *log1p, *tanh, *sigmoid;
    /* as in changes.h */
    void (*spread)(size_t rows, size_t cols, const double *start, const double *w, size_t w_row,
                   const double *d, double *out);
    void (*spread_each)(size_t rows, size_t cols, size_t used, const double *start, const double *w,
                        size_t w_row, const double *d, double *out, size_t out_row);
    void (*softmax)(size_t rows, size_t cols, const double *z, double *a);
    void (*loss)(enum bp_loss loss, double factor, size_t rows, size_t cols, const double *a,
                 struct bp_base t, struct bp_base before, double *change);
    void (*change)(enum bp_activation f, double slope, size_t rows, size_t cols, struct bp_base z,
                   struct bp_base a, const double *d, double *out, double *crossed);
    void (*sides)(size_t rows, size_t cols, struct bp_base base, const double *z, double *crossed);
    void (*loss_change)(enum bp_loss loss, double factor, size_t rows, size_t cols,
                        struct bp_base a, struct bp_base t, const double *d, double *change);
    void (*scale)(size_t rows, size_t cols, struct bp_base m, double *x);
};

/* The one in use. */
const struct bp_kernel_table *bp_kernel_chosen(void);

extern const struct bp_kernel_table bp_kernel_plain;
#if defined(__x86_64__)
extern const struct bp_kernel_table bp_kernel_avx2, bp_kernel_avx512;
#endif

#endif
