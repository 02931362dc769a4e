/* numdiff_node.h -- each neuron's delta numerically, then every weight by one product:
 *
 *     dL / dW_l[i,j] = sum over s of delta_l[s,i] a_{l-1}[s,j] [/ N] + lambda W
 *
 * The deltas and their errors are those of numdiff_exact.h: n_units numbers a
 * sample instead of n_theta, which is what makes an exhaustive check cost little
 * more than one backpropagation. The product is exact as z is affine in W; that
 * it is, is tried on the network's own stages (numdiff_spot.h) before the result
 * is given.
 *
 * The error of a weight is bounded by Cauchy and Schwarz,
 *
 *     sum over s of wrong[s,i] |a[s,j]|  <=  |wrong[:,i]| |a[:,j]|
 *
 * Cost: N n_units changes carried up, twice as many where an activation has a corner,
 * and about the products of one backpropagation.
 */
#ifndef BP_NUMDIFF_NODE_H
#define BP_NUMDIFF_NODE_H

#include "diag/numdiff_exact.h"

struct bp_node {
    struct bp_numdiff *numdiff; /* borrowed: where results go */
    struct bp_exact exact;
    double *rows, *columns; /* owned by rows: |wrong[:,i]| and |a[:,j]| of a layer */
};

/* The parts of the tier, for who runs it again and again: room for at's batch
 * (BP_ENOMEM), */
enum bp_status bp_node_init(struct bp_node *node, const struct bp_loss_at *at,
                            struct bp_numdiff *numdiff, int threads);
void bp_node_release(struct bp_node *node);

/* and every delta and every weight, without allocating and without the spot checks.
 * Writes numdiff's value, error and flags. */
void bp_node_run(struct bp_node *node);

#endif
