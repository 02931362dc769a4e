/* gradcheck_rounding.h -- how far may a right backprop be off, by rounding alone?
 *
 * A running error analysis (Wilkinson 1986; Higham 2002, 3.3): beside each number of
 * a right forward and backward pass goes a bound on its error, for arithmetic that
 * is precise to p. A sum of m terms is off by p sqrt(m) of their absolute values,
 * the usual growth; a function by its slope times its argument's error and 2 p of
 * its value; sigmoid's slope a (1 - a) by p a, which is all of it where a is 1.
 * All bounds are taken BP_ROUNDING_MARGIN times.
 *
 * Cost: two forward and two backward passes.
 */
#ifndef BP_GRADCHECK_ROUNDING_H
#define BP_GRADCHECK_ROUNDING_H

#include "diag/numdiff.h"

#define BP_ROUNDING_MARGIN 8.0

/* rounding: n_theta numbers for the gradient, then n n_units for the deltas, as in
 * struct bp_numdiff. at->net is a network (its planted stages are not used). same:
 * the claim comes from the same forward pass, bit for bit, as the numeric side;
 * else that pass is off by p too. BP_ENOMEM. */
enum bp_status bp_gradcheck_rounding(const struct bp_loss_at *at, double p, bool same,
                                     double *rounding);

#endif
