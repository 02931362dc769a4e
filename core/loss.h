/* loss.h -- how far outputs a are from targets t, for one sample:
 *
 *     squared-error          c/2 sum_k (a_k - t_k)^2
 *     binary-cross-entropy   -c sum_k t_k ln a_k + (1 - t_k) ln(1 - a_k)
 *     softmax-cross-entropy  -c sum_k t_k ln a_k
 *
 * c is the declared constant (1 unless said otherwise); logarithms are natural,
 * so that cross-entropies are in nats. A term with weight 0 counts 0 even where
 * its logarithm is infinite.
 */
#ifndef BP_LOSS_H
#define BP_LOSS_H

#include "core/activation.h"

#define BP_LOSS_LIST(X)                                                                            \
    X(BP_SQUARED_ERROR, "squared-error")                                                           \
    X(BP_BINARY_CROSS_ENTROPY, "binary-cross-entropy")                                             \
    X(BP_SOFTMAX_CROSS_ENTROPY, "softmax-cross-entropy")

#define BP_LOSS_ENUM(name, text) name,
enum bp_loss { BP_LOSS_LIST(BP_LOSS_ENUM) BP_LOSS_COUNT };
#undef BP_LOSS_ENUM

/* How the samples of a batch are put together. */
enum bp_reduction { BP_MEAN, BP_SUM };

const char *bp_loss_name(enum bp_loss loss);

/* Also accepts usual other names (mse, bce, cross-entropy). */
bool bp_loss_parse(const char *text, enum bp_loss *loss);

/* The loss of one sample of width outputs. */
double bp_loss_value(enum bp_loss loss, double c, size_t width, const double *a, const double *t);

/* e = dL/da of one sample. */
void bp_loss_gradient(enum bp_loss loss, double c, size_t width, const double *a, const double *t,
                      double *e);

/* Whether output activation f and loss cancel to delta = c (a - t): sigmoid
 * with binary, softmax with softmax cross-entropy (Bishop 2006, 5.2). */
bool bp_loss_is_matched(enum bp_loss loss, enum bp_activation f);

#endif
