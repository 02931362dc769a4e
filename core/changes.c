/* changes.c -- see changes.h. The loops are in changes_body.h; here they are taken
 * from the instruction set in use. */
#include "core/changes.h"

#include "core/kernel_table.h"

void bp_changes_spread(size_t rows, size_t cols, const double *start, const double *w, size_t w_row,
                       const double *d, double *out)
{
    bp_kernel_chosen()->spread(rows, cols, start, w, w_row, d, out);
}

void bp_changes_spread_each(size_t rows, size_t cols, size_t used, const double *start,
                            const double *w, size_t w_row, const double *d, double *out,
                            size_t out_row)
{
    bp_kernel_chosen()->spread_each(rows, cols, used, start, w, w_row, d, out, out_row);
}

void bp_changes_value(enum bp_activation f, double slope, size_t rows, size_t cols, const double *z,
                      double *a)
{
    if (f == BP_SOFTMAX)
        bp_kernel_chosen()->softmax(rows, cols, z, a);
    else
        bp_activation_value(f, slope, rows, cols, z, a);
}

void bp_changes_loss(enum bp_loss loss, double factor, size_t rows, size_t cols, const double *a,
                     struct bp_base t, struct bp_base before, double *change)
{
    bp_kernel_chosen()->loss(loss, factor, rows, cols, a, t, before, change);
}

void bp_changes_change(enum bp_activation f, double slope, size_t rows, size_t cols,
                       struct bp_base z, struct bp_base a, const double *d, double *out,
                       double *crossed)
{
    bp_kernel_chosen()->change(f, slope, rows, cols, z, a, d, out, crossed);
}

void bp_changes_sides(size_t rows, size_t cols, struct bp_base base, const double *z,
                      double *crossed)
{
    bp_kernel_chosen()->sides(rows, cols, base, z, crossed);
}

void bp_changes_loss_change(enum bp_loss loss, double factor, size_t rows, size_t cols,
                            struct bp_base a, struct bp_base t, const double *d, double *change)
{
    bp_kernel_chosen()->loss_change(loss, factor, rows, cols, a, t, d, change);
}

void bp_changes_scale(size_t rows, size_t cols, struct bp_base m, double *x)
{
    bp_kernel_chosen()->scale(rows, cols, m, x);
}
