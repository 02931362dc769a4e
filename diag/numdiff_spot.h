/* numdiff_spot.h -- is z really affine in W, and are the deltas really deltas?
 *
 * The node tier gets every weight from numeric deltas by one product,
 *
 *     dL_s / dW_l[i,j] = delta_l[s,i] a_{l-1}[s,j],
 *
 * which holds when z_l = W_l a_{l-1} + b_l. Here that is tried on a few samples,
 * by nothing but the network's own stages as they stand: for each tensor one
 * random direction of +-1 in all its entries, and one entry alone, the loss is
 * differentiated along it (central differences, numdiff_steps.h) and set beside
 *
 *     sum over s, i of delta_l[s,i] (V a_{l-1}[s])_i
 *
 * Cost: for each tensor two times four forward passes of up to BP_SPOT_SAMPLES
 * samples, from its layer up; memory n_theta.
 */
#ifndef BP_NUMDIFF_SPOT_H
#define BP_NUMDIFF_SPOT_H

#include "diag/numdiff_exact.h"

enum { BP_SPOT_SAMPLES = 4 };

/* What was seen. */
struct bp_spot {
    size_t tried;    /* directions that gave an answer */
    size_t unclear;  /* directions that a corner or a number that is not finite spoilt */
    double farthest; /* largest difference, relative to the tolerance; above 1 is caught */
};

/* BP_EUNSUPPORTED, and a line that names the tensor, where the product does not
 * hold; BP_ENOMEM. */
enum bp_status bp_spot_run(struct bp_spot *spot, const struct bp_exact *exact,
                           struct bp_error *error);

#endif
