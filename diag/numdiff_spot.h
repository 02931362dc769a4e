/* numdiff_spot.h -- is z really affine in W, and are the deltas really deltas?
 *
 * The node tier gets every weight from numeric deltas by one product,
 *
 *     dL_s / dW_l[i,j] = delta_l[s,i] a_{l-1}[s,j],
 *
 * which holds when z_l = W_l a_{l-1} + b_l. Here that is tried on a few samples, in
 * two ways that know nothing of each other:
 *
 *     directions   all of a tensor is moved by h r_i c_j, r and c random, and the
 *                  network's own stages are run as they stand, from that layer up:
 *                  set beside sum over s, i of delta_l[s,i] r_i (c . a_{l-1}[s])
 *     weights      a few weights of a neuron and its bias by the structured tier's
 *                  recomputing (ripple.h), which trusts no identity of the deltas
 *
 * A direction is first looked at with one small step forward, then with one back: where
 * either says what the deltas say, to 1e-5 of the size of its terms, nothing is left to
 * ask. Only where neither does are steps chosen and errors estimated (central
 * differences, numdiff_steps.h) before anything is said against it.
 *
 * Layers are tried from the top: who stands above the first to fail is right.
 *
 * Cost where nothing is wrong: one forward pass of up to BP_SPOT_SAMPLES samples a
 * tensor, from its layer up, and one copy of
 * theta into memory that is there.
 */
#ifndef BP_NUMDIFF_SPOT_H
#define BP_NUMDIFF_SPOT_H

#include "diag/numdiff_exact.h"

enum { BP_SPOT_SAMPLES = 4, BP_SPOT_WEIGHTS = 7 };

/* What was seen. */
struct bp_spot {
    size_t tried;    /* directions and weights that gave an answer */
    size_t unclear;  /* those that a corner or a number that is not finite spoilt */
    double farthest; /* largest difference, relative to the tolerance; above 1 is caught */
};

/* BP_EUNSUPPORTED, and a line that names the tensor or the weight, where the product
 * does not hold; BP_ENOMEM. exact has been run; theta is room for n_theta numbers, to be
 * moved. */
enum bp_status bp_spot_run(struct bp_spot *spot, const struct bp_exact *exact, double *theta,
                           struct bp_error *error);

#endif
