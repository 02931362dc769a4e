/* taylor.h -- is the claimed gradient g the loss's gradient? The Taylor test:
 *
 *     r(h) = |f(theta + h d) - f(theta - h d) - 2 h g.d|
 *
 * falls as h^3 when g is right along d, and only as h when it is not (Farrell et
 * al. 2013), until rounding takes over. d is a random direction of length 1 (all
 * entries of one size, signs by chance) in the parameters of one layer.
 *
 * Cost: 22 evaluations of f a layer.
 */
#ifndef BP_TAYLOR_H
#define BP_TAYLOR_H

#include "core/mlp.h"

enum { BP_TAYLOR_STEPS = 11, BP_TAYLOR_LAYERS = 8 };

struct bp_taylor {
    double h[BP_TAYLOR_STEPS]; /* 1e-5 .. 1, rising */
    size_t layers;             /* the first ones, at most BP_TAYLOR_LAYERS */
    double residual[BP_TAYLOR_LAYERS][BP_TAYLOR_STEPS]; /* layer 1 at 0 */
};

/* grad: the claimed gradient (as theta) of net's loss at theta, on n samples. net is
 * not touched. BP_ENOMEM. */
enum bp_status bp_taylor_run(struct bp_taylor *taylor, const struct bp_mlp *net,
                             const double *theta, const double *grad, size_t n, const double *x,
                             const double *t);

#endif
