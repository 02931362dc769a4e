/* diagnose.h -- which stage of backpropagation, in which layer or neuron, does what
 * in place of what?
 *
 *     rule out    equal calls give the same; every number is finite
 *     look        the claimed gradient at three probes and at the subject's own
 *                 point (probe.h), and its predictions there
 *     forward     predictions that are not the described network's: a fault of the
 *                 forward pass, or a layout described wrongly
 *     match       one fault (dictionary.h), or several together (peel.h)
 *     prove       at a probe drawn after the match
 *     say         as findings: name, place, certainty, evidence, what to change
 *
 * certain   the fault predicts the claims at a probe drawn after the match, to the
 *           subject's precision, and nothing else in the catalogue does
 * likely    it alone matches the probes, and there could be no new one
 * possible  others do as well: they are listed, with what would part them
 *
 * Without a description (no network, or no arrays) only numbers can be compared:
 * see diagnose_blackbox.h.
 *
 * Cost: some hundred backward passes over batches of 1 to 7, and a dozen calls of
 * the subject. Everything repeats with the seed.
 */
#ifndef BP_DIAGNOSE_H
#define BP_DIAGNOSE_H

#include "diag/finding.h"
#include "diag/subject.h"

#include <stdint.h>

struct bp_diagnose_options {
    uint64_t seed;       /* of the probes; 0: a fixed one */
    const double *theta; /* a point of interest, in core's order; NULL: the subject's own */
    const struct bp_batch *batch; /* data of interest; NULL: the subject's own */
    double rate;                  /* for steps; 0: one at which rounding does not drown g */
    bool single_only;             /* do not look for several faults together */
    bool forward_only;            /* what it predicts, and no more: its gradient says nothing */
};

/* Adds what it finds to out; nothing where the gradient is right. options: NULL for
 * all defaults. BP_ENOMEM; BP_ESUBJECT; BP_EUNSUPPORTED when there is no gradient
 * (nor a step) to look at. */
enum bp_status bp_diagnose_run(struct bp_view *view, const struct bp_diagnose_options *options,
                               struct bp_findings *out, struct bp_error *error);

/* The same for a network of core with whatever stages it holds, at its own theta
 * and the batch of options (neither is needed). */
enum bp_status bp_diagnose_net(struct bp_mlp *net, const struct bp_diagnose_options *options,
                               struct bp_findings *out, struct bp_error *error);

#endif
