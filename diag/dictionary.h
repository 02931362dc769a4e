/* dictionary.h -- which single fault predicts the whole claimed gradient?
 *
 * Each hypothesis is planted in a copy of the stages, a backward pass is made at
 * every probe, and the prediction is set beside the claim. Its distance is the
 * largest over all tensors and probes (see probe_predict.h); it matches within
 * the tolerance. Among those that match, the commoner one comes first: whoever
 * shares a match with it is the same mathematics at these probes.
 *
 * A fault at layer l cannot change what the layers above it claim, so their
 * arrays are used again, and a hypothesis is dropped at the first tensor that is
 * further away than the nearest one known not to match. Cost: at most one
 * backward pass for each hypothesis and probe.
 *
 * Hypotheses with a factor of their own (see struct bp_hypothesis) are not tried
 * factor by factor: the factor is solved for first.
 */
#ifndef BP_DICTIONARY_H
#define BP_DICTIONARY_H

#include "diag/faults/fault.h"
#include "diag/probe_predict.h"

struct bp_match {
    struct bp_hypothesis h;
    double distance; /* the largest over tensors and probes */
    size_t tensor;   /* where that is */
    double forward;  /* distance of the predictions (0 where there is no forward stage in it) */
};

struct bp_dictionary {
    double right;           /* the distance of the right stages from the claim */
    struct bp_match *match; /* owned: those within tolerance, cheapest first */
    size_t n;
    struct bp_match next; /* the nearest that is not within tolerance */
    bool has_next;
    size_t tried;
};

/* Tries list[0 .. n-1]. Leaves the predictor as it was found. BP_ENOMEM. */
enum bp_status bp_dictionary_search(struct bp_dictionary *dictionary, struct bp_predictor *p,
                                    const struct bp_setting *setting,
                                    const struct bp_hypothesis *list, size_t n);
void bp_dictionary_release(struct bp_dictionary *dictionary);

/* The largest distance of what one hypothesis predicts, over all tensors and
 * probes, the predictions of a forward fault included. BP_ENOMEM. */
enum bp_status bp_dictionary_distance(struct bp_predictor *p, const struct bp_setting *setting,
                                      const struct bp_hypothesis *h, double *distance);

#endif
