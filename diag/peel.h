/* peel.h -- which faults together explain a claimed gradient?
 *
 * From the output down, a layer at a time. Given the delta of the layer above (as
 * the story so far has it), each way to propagate and each derivative gives a
 * delta_l, and two witnesses speak for or against it: the claimed dW_l and db_l.
 * Both must be multiples of what delta_l gives (peel_fit.h), with the right outer
 * product and bias sum or with faulty ones:
 *
 *     none, or one faulty stage of the delta          x  none, or a faulty W, or b
 *     else two (propagate and derivative)             x  the same
 *     else one neuron's fault, alone or with another
 *     else unexplained: where the batch is no larger than the layer's inputs,
 *     delta_l is solved for in [dW_l | db_l] = delta_l^T [a_{l-1} | 1], and the
 *     search goes on below with that
 *
 * The BP_BEAM cheapest stories are kept. The multiples that are left over are
 * named at the end (peel_factor.h), and what does not come from the data is taken
 * off before the beginning (worlds, peel_part.h). A story with nothing
 * unexplained is only told if it predicts the whole claim at every probe.
 *
 * Cost: a few hundred layer passes for each layer and story.
 */
#ifndef BP_PEEL_H
#define BP_PEEL_H

#include "diag/peel_factor.h"

enum { BP_BEAM = 24, BP_STORY_MAX = 10, BP_STORIES_MAX = 12 };

enum bp_unexplained {
    BP_EXPLAINED,
    BP_DELTA_UNEXPLAINED,   /* dW_l and db_l fit some delta_l, but no known one */
    BP_WEIGHTS_UNEXPLAINED, /* db_l fits, dW_l does not */
    BP_BIASES_UNEXPLAINED,  /* dW_l fits, db_l does not */
    BP_SIZE_UNEXPLAINED,    /* dW_l and db_l are multiples of what is right, but of no known one */
    BP_LAYER_UNEXPLAINED    /* nothing fits */
};

struct bp_story {
    size_t n; /* faults as a person would count them: everywhere, or at a layer */
    struct bp_hypothesis h[BP_STORY_MAX];
    size_t n_unexplained;
    size_t unexplained_layer[BP_STORY_MAX];
    enum bp_unexplained unexplained[BP_STORY_MAX];
    double cost;
    double distance; /* of its prediction, over all tensors and probes; INFINITY when
                        something is unexplained */
    /* what it is made of, to predict with */
    size_t n_parts;
    struct bp_hypothesis part[BP_STORY_MAX]; /* each at one layer */
    size_t n_factors;
    struct bp_hypothesis factor[BP_FACTORS_MAX];
    bool free_factor[BP_FACTORS_MAX];
    struct bp_hypothesis world; /* fault is NULL for the world as declared */
};

struct bp_peeling {
    struct bp_story story[BP_STORIES_MAX]; /* cheapest first */
    size_t n;
    size_t witnesses; /* how often two witnesses were heard */
};

/* list[0 .. n-1]: the hypotheses of the setting. Leaves the predictor as it was
 * found. BP_ENOMEM. */
enum bp_status bp_peel_run(struct bp_peeling *peeling, struct bp_predictor *p,
                           const struct bp_setting *setting, const struct bp_hypothesis *list,
                           size_t n);

/* The largest distance of a story's predictions from the claims, over all tensors and
 * probes. BP_ENOMEM. */
enum bp_status bp_story_distance(const struct bp_story *story, struct bp_predictor *p,
                                 const struct bp_setting *setting, double *distance);

#endif
