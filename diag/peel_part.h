/* peel_part.h -- the catalogue taken apart, for putting together stories of
 * several faults.
 *
 * Each hypothesis is run once at the probes, and is one of:
 *
 *     factor   every tensor it claims is a multiple of the right one: sign, N,
 *              1/N, a missing bias gradient (0), a layer skipped ... Only the
 *              pattern of multiples is kept, one number a tensor and probe
 *     world    it changes what does not come from the data (L2 missing, L2 on
 *              the biases, theta returned): an offset that is taken off the claim
 *              before anything else is looked at
 *     part     all else, cut into its layers: a table of one layer's stages, and
 *              which of them it replaces
 *
 * Nothing here knows a fault by name.
 */
#ifndef BP_PEEL_PART_H
#define BP_PEEL_PART_H

#include "diag/faults/fault.h"
#include "diag/probe_predict.h"

enum {
    BP_DELTA_SLOTS =
        1 << BP_LOSS_GRADIENT | 1 << BP_OUTPUT_DELTA | 1 << BP_PROPAGATE | 1 << BP_DERIVATIVE,
    BP_BLOCK_SLOTS = 1 << BP_OUTER_PRODUCT | 1 << BP_BIAS_SUM | 1 << BP_SCALE
};

struct bp_part {
    struct bp_hypothesis h; /* at one layer */
    unsigned slots;         /* which stages of that layer it replaces, one bit a slot */
    struct bp_ops ops;      /* of that layer; points at h */
};

struct bp_factor {
    struct bp_hypothesis h;
    double *pattern; /* [probe x n_tensors]; borrowed from the parts' block */
    bool free;       /* of any size: pattern is 1 or 2, and 2 stands for it */
};

struct bp_world {
    struct bp_hypothesis h; /* fault is NULL for the world as declared */
    double *pattern;        /* [probe x n_tensors]: what the data's part is multiplied by */
    bool free;              /* the offset goes with the factor, which is to be solved for */
    bool whole;             /* free, and the data's part goes with it too */
};

struct bp_parts {
    struct bp_part *part;
    size_t n_parts;
    struct bp_factor *factor; /* cheapest first; of those with one pattern only the first */
    size_t n_factors;
    struct bp_world *world; /* the declared one first, then the cheapest */
    size_t n_worlds;
    double *block; /* owned: patterns */
};

/* Whether a part is of layer l's delta (and perhaps of its dW and db too), or of its
 * dW and db alone; whether of one neuron. */
bool bp_part_is_delta(const struct bp_part *part, size_t l);
bool bp_part_is_block(const struct bp_part *part, size_t l);
bool bp_part_is_neuron(const struct bp_part *part);

/* Takes list[0 .. n-1] apart; forward faults are left out. BP_ENOMEM. */
enum bp_status bp_parts_init(struct bp_parts *parts, struct bp_predictor *p,
                             const struct bp_setting *setting, const struct bp_hypothesis *list,
                             size_t n);
void bp_parts_release(struct bp_parts *parts);

/* What the regularisers of ops claim at probe k where the data claim nothing:
 * n_theta numbers. */
void bp_world_offset(struct bp_predictor *p, size_t k, const struct bp_ops *ops, double *offset);

/* What a hypothesis alone multiplies each tensor by at probe k: pattern
 * [n_tensors]. False when it is no factor there. offset: n_theta numbers, what it
 * claims without any data. */
bool bp_factor_pattern(struct bp_predictor *p, size_t k, const struct bp_ops *ops, size_t top,
                       double *pattern, double *offset);

#endif
