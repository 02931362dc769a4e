/* forward_fit.h -- predictions that no fault of the catalogue explains: is it numbers in
 * the forward pass that the description does not have?
 *
 *     a = A f(k z)      of sigmoid, tanh and softmax, A and k the same everywhere: a
 *                       steeper unit, 1.7159 tanh(2/3 z), or 2.71828^-z for exp(-z)
 *     z = W a + c       in layers that are described without biases: c one number a
 *                       layer, or one a neuron
 *     y = round(a), [a > 1/2], sign(a), or 1 for the largest: decisions, not outputs
 *     y in steps        it does not change with theta: a table of values stands for f
 *
 * A, k and c are solved for (Levenberg 1944, Marquardt 1963), and taken only where all
 * predictions are then the same to rounding. What comes after is looked at with them in
 * place; of A k f'(k z) and f'(k z), the derivative with k and the one that forgets it,
 * the one that makes the gradient right is taken.
 *
 * Cost: some hundred forward passes at the probes, when predictions differ; none otherwise.
 */
#ifndef BP_FORWARD_FIT_H
#define BP_FORWARD_FIT_H

#include "diag/diagnose_inquiry.h"

enum bp_forward_number {
    BP_NUMBER_NONE,
    BP_NUMBER_SCALED,   /* value: A, k */
    BP_NUMBER_CONSTANT, /* constant: c, in the order of the units */
    BP_NUMBER_DECISIONS,
    BP_NUMBER_STEPS /* nothing can be put in place */
};

struct bp_forward_fit {
    enum bp_forward_number kind;
    double value[2];
    bool scaled_output; /* A is solved for too */
    bool bare;          /* the derivative is f'(k z), without A k */
    double *constant;   /* owned: [n_units] */
    bool by_layer;      /* constant: one number a layer */
    const char *decision;
};

/* p: at the probes, with the right stages. ops: [L + 1], gets the stages that fit, whose
 * params is fit: it must stay where it is. BP_ENOMEM. */
enum bp_status bp_forward_fit(struct bp_forward_fit *fit, const struct bp_inquiry *q,
                              struct bp_predictor *p, struct bp_ops *ops);
/* Whether the claimed gradients are those of these stages. BP_ENOMEM. */
enum bp_status bp_forward_makes_right(const struct bp_inquiry *q, const struct bp_ops *ops,
                                      bool *right);

void bp_forward_fit_release(struct bp_forward_fit *fit);

#endif
