/* usercheck.h -- the gradient check that people write for themselves, with the
 * mistakes that it can have: which two columns would it print?
 *
 *     numeric_k = (loss(theta + step e_k) - loss(theta - step e_k)) / (2 step)
 *
 * A check of its own can be wrong while backpropagation is right (case: the column
 * headed "backprop" lists the parameters). This one is right unless told otherwise;
 * each fault of check.c is one habit. The network must have right stages (or those
 * with a fault whose gradient is to be printed). Cost: two losses a parameter.
 */
#ifndef BP_USERCHECK_H
#define BP_USERCHECK_H

#include "core/mlp.h"

struct bp_usercheck {
    double step;        /* 1e-5 when 0 */
    bool one_sided;     /* (loss(theta + step) - loss(theta)) / step */
    bool shows_theta;   /* the parameters in the column of the gradient */
    bool magnitudes;    /* both columns without their signs */
    bool keeps_moved;   /* theta + step is not put back */
    bool other_data;    /* the loss of the first half of the batch only */
    bool single;        /* the loss is rounded to float */
    double loss_factor; /* the loss times this; 1 when 0 */
    bool loss_summed;   /* a sum over the batch, the gradient a mean */
};

/* n samples, x: n x inputs, t: n x outputs. backprop and numeric: n_theta numbers
 * each. theta is left bit for bit as found, whatever the habits. BP_ENOMEM. */
enum bp_status bp_usercheck_run(const struct bp_usercheck *check, const struct bp_mlp *net,
                                size_t n, const double *x, const double *t, double *backprop,
                                double *numeric);

#endif
