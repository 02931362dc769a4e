/* numdiff_eval.h -- evaluate a loss on a private copy of theta, as often as a tier
 * likes; whoever owns theta never sees it change.
 *
 * For the core's network the pass is at hand too: every stage is run as it stands
 * in the network, planted or not.
 */
#ifndef BP_NUMDIFF_EVAL_H
#define BP_NUMDIFF_EVAL_H

#include "diag/numdiff.h"

#include <stdint.h>

struct bp_eval {
    const struct bp_loss_at *at; /* borrowed */
    size_t n_theta;
    int bits;             /* f is computed to 2^-bits */
    double *theta;        /* owned: the copy; write here, then evaluate */
    struct bp_pass pass;  /* of the core's network; its theta is the copy */
    double loss, noise;   /* at the point itself */
    double *sample_loss;  /* owned: n */
    double *sample_noise; /* owned: n */
    uint64_t *side;       /* owned: n, of the point itself; NULL: no corners to see */
    size_t evaluations;
};

/* Copies theta, measures loss and noise, leaves the pass at the point. BP_ENOMEM,
 * or the black box's status. */
enum bp_status bp_eval_init(struct bp_eval *eval, const struct bp_loss_at *at,
                            struct bp_error *error);
void bp_eval_release(struct bp_eval *eval);

/* f at eval->theta as it is now. */
enum bp_status bp_eval_loss(struct bp_eval *eval, double *loss, struct bp_error *error);

/* The losses of the samples, from the pass as it is now. */
void bp_eval_samples(const struct bp_eval *eval, double *loss);

/* Hashes of the sides on which the pass's relu-like z lie: one a sample, or all
 * samples in one. Only where eval->side is not NULL. */
void bp_eval_sides(const struct bp_eval *eval, uint64_t *side);
uint64_t bp_eval_all_sides(const uint64_t *side, size_t n);

#endif
