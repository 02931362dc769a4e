/* diagnose_forward.h -- does the subject predict what the described network does?
 *
 * Its predictions are compared with the twin's at every probe. Where they differ:
 *
 *     the layout   another order of an array, or the biases at its other end, may
 *                  make predictions and gradient right: then the description is
 *                  wrong, not the program. No call of the subject is needed: its
 *                  theta and gradient are only read otherwise
 *     the stages   one fault of the forward pass, or two, may predict the outputs:
 *                  what comes after is then looked at with those as given
 *
 *     numbers      scales or constants of its own, decisions: see forward_fit.h
 *
 * else the difference is reported with its size.
 */
#ifndef BP_DIAGNOSE_FORWARD_H
#define BP_DIAGNOSE_FORWARD_H

#include "diag/diagnose_inquiry.h"
#include "diag/forward_fit.h"

struct bp_forward {
    double distance; /* of the twin's outputs from the subject's, the largest */
    bool agrees;
    size_t n; /* faults that predict the outputs: 0, 1 or 2 */
    struct bp_hypothesis h[2];
    size_t n_same; /* how many single faults predict them as well */
    struct bp_hypothesis same[4];
    struct bp_forward_fit fit; /* else: numbers that are in no description */
    struct bp_ops *base;       /* owned: [L + 1], the right stages with h planted, or fit */
};

/* BP_ENOMEM. */
enum bp_status bp_forward_look(struct bp_forward *forward, const struct bp_inquiry *inquiry);
void bp_forward_release(struct bp_forward *forward);

/* Whether base predicts what the subject does, decisions taken for outputs: then its
 * gradient can be matched. */
bool bp_forward_is_known(const struct bp_forward *forward);

struct bp_layout_fit {
    bool found;
    char described[120], fits[120]; /* of the first array that differs */
    size_t layer;
    size_t arrays; /* how many are described wrongly */
};

/* Whether another layout makes predictions and gradient right. BP_ENOMEM. */
enum bp_status bp_layout_look(struct bp_layout_fit *fit, const struct bp_inquiry *inquiry);

#endif
