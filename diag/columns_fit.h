/* columns_fit.h -- the numeric column of a check, fitted: a multiple of the gradient,
 * a sum over samples, whole numbers of the loss's last digit, differences at some h.
 * Only the columns*.c files include this. */
#ifndef BP_COLUMNS_FIT_H
#define BP_COLUMNS_FIT_H

#include "diag/columns.h"
#include "diag/faults/usercheck.h"

/* The backprop column is what it seems when it is off by less than this times its
 * largest number: people print six digits or so, and compute in float32. */
#define BP_COLUMNS_TOL 1e-5

struct bp_columns_work {
    const struct bp_columns *columns;
    size_t count;   /* of parameters */
    double *g;      /* the right gradient */
    double *tried;  /* a column that a habit would print */
    double *other;  /* the other column of that */
    double *sample; /* n x count: gradients of the samples, without the reduction */
    double *system; /* n x (n + 1): normal equations */
    struct bp_pass pass;
    double loss;
    double tol; /* of the numeric column: twice its rounding when printed, 2e-7 at least */
    enum bp_status status; /* of the habits that were tried */
};

enum bp_status bp_columns_open(struct bp_columns_work *work, const struct bp_columns *columns);
void bp_columns_close(struct bp_columns_work *work);

/* The factor c for which c * base is nearest to column, and how far off it is then,
 * beside the column's largest number. */
double bp_columns_factor(size_t count, const double *base, const double *column, double *off);

/* Whether the numeric column is a sum of the samples' gradients, each with a weight of
 * its own: weight[n]. False where
 * samples cannot be parted. */
bool bp_columns_samples(struct bp_columns_work *work, double *weight);

/* Whether all numbers of the column are whole multiples of quantum = ulp(loss) / h, or
 * / (2 h), that is not small beside them, for some h that is a power of 10. */
bool bp_columns_quantum(const struct bp_columns_work *work, bool single, double *step,
                        double *quantum);

/* The h at which a check with this habit would print the column (times *factor): the
 * step in habit is set. False when there is none. */
bool bp_columns_step(struct bp_columns_work *work, struct bp_usercheck *habit, double *factor);

/* How many entries have a unit with a kink that changes sides between theta - h and
 * theta + h, and whether all others agree with factor * g. */
size_t bp_columns_crossed(struct bp_columns_work *work, double h, double factor, bool *others);

#endif
