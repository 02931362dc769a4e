/* peel_witness.h -- what the claimed dW_l and db_l say of a delta_l. */
#ifndef BP_PEEL_WITNESS_H
#define BP_PEEL_WITNESS_H

#include "diag/peel_state.h"

/* What peeling works on: the claims without what does not come from the data. */
struct bp_peel {
    struct bp_predictor *p;
    const struct bp_parts *parts;
    const struct bp_setting *setting;
    double *target[BP_PROBES_MAX]; /* n_theta: claims, taken into the declared world */
    double *sum[BP_PROBES_MAX];    /* n_theta: the same before the division by N */
    double *work;                  /* n_theta */
    double *size;                  /* [probe x n_tensors]: of the targets' tensors */
    double *scaled;                /* n_theta */
    double *offset;                /* n_theta */
    struct bp_ops *ops;            /* owned: [L + 1] */
    size_t order[BP_PROBES_MAX];   /* probes, smallest batch first */
    size_t witnesses;
    double effort; /* numbers computed, about */
    double *block; /* owned */
};

/* Room, with the claims in the place of gradients and sums wherever a stage may
 * look them up. bp_peel_close() puts the predictor's passes back. BP_ENOMEM. */
enum bp_status bp_peel_open(struct bp_peel *peel, struct bp_predictor *p,
                            const struct bp_parts *parts, const struct bp_setting *setting);
void bp_peel_close(struct bp_peel *peel);

/* Takes the claims into a world: offset off, and divided by its pattern. size: of
 * a free one. Where the pattern is 0 so must the rest be: false when it is not. */
bool bp_peel_enter(struct bp_peel *peel, const struct bp_world *world, double size);

/* What does not come from the data at probe k, of a free world: at size 1. */
void bp_peel_offset(struct bp_peel *peel, const struct bp_world *world, double size, size_t k,
                    double *offset);

/* e and delta of layer l at the probes in use, into the passes, with the stages
 * of parts one and two (NULL: none). False when something is not finite. */
bool bp_peel_delta(struct bp_peel *peel, unsigned use, size_t l, const struct bp_part *one,
                   const struct bp_part *two);

/* Both witnesses on the delta that is in the passes: fit[0] for W_l, fit[1] for
 * b_l (free where there is none), with the stages of parts one and two. */
void bp_peel_hear(struct bp_peel *peel, unsigned use, size_t l, const struct bp_part *one,
                  const struct bp_part *two, struct bp_fit fit[2]);

/* Whether so much was tried that nothing more should be that costs much. */
bool bp_peel_tired(const struct bp_peel *peel);

/* db_l alone, which is cheap, with the bias sum of a part (NULL: the right one):
 * false when it speaks against the delta that is in the passes. */
bool bp_peel_biases_fit(struct bp_peel *peel, unsigned use, size_t l, const struct bp_part *part);

/* dW_L at probe k on the delta that is in the pass, with the stages of a part, into
 * its place in out. */
void bp_peel_weights(struct bp_peel *peel, size_t k, const struct bp_part *block, double *out);

/* delta_l from [dW_l | db_l] by least squares, into the passes, at the probes of
 * use where that can be done; those are returned. */
unsigned bp_peel_recover(struct bp_peel *peel, unsigned use, size_t l);

#endif
