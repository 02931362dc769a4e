/* contract.h -- before any derivative: do the subject's calls keep what every
 * gradient check takes for granted?
 *
 *     repeats    two equal calls give equal results, bit for bit, or to the rounding of
 *                a sum whose order is not fixed (threads, sets). Otherwise:
 *                  call k is call 1 plus k - 1 times the same    accumulator-not-reset
 *                  successive changes shrink by one factor       a velocity (no fault)
 *                each step is a share just below 1 of the last a rate that decays (no fault)
 *                entries are 0 in some calls, and not in all   units dropped in the step: it
 *                                                              cannot be looked at (an error)
 *                  outputs drift to one side                     stale-forward-state
 *                  outputs come from a few values only           dropout-left-on
 *                  else                                          calls-differ
 *     writes     gradient buffers filled with NaN, and with ones, before the call:
 *                  an entry that keeps what was there            gradient-entry-forgotten
 *                  an entry that is 1 too large                  accumulator-not-reset
 *     theta      predict, loss and gradient leave it alone       theta-changed-by-gradient
 *     finite     loss, outputs and gradient are numbers          loss-not-finite, output-
 *                                                                and gradient-not-finite
 *     samples    y of a sample is the same alone and among others, and for four
 *                samples a, b, c, d
 *                  G(a,b) + G(c,d) = G(a,d) + G(c,b)
 *                which holds for any sum, mean or weighting by position, and fails
 *                when one sample reaches another's part; the loss likewise
 *                                                                sample-depends-on-others
 *     batch      G(a,a) = G(a), a mean, or 2 G(a), a sum; the same for the loss
 *
 * Cost: about 20 calls. A subject that can only step is looked at through its steps,
 * to their precision; there a dependence between samples that goes away with the rate is
 * that of weights updated too early, and is left to the step checks. theta and batch are the
 * caller's choice: a random point, and four or more samples that differ, show most.
 */
#ifndef BP_CONTRACT_H
#define BP_CONTRACT_H

#include "diag/finding.h"
#include "diag/subject.h"

/* How a batch of two equal samples relates to one of them. */
enum bp_reduces { BP_REDUCES_UNKNOWN, BP_REDUCES_MEAN, BP_REDUCES_SUM, BP_REDUCES_OTHERWISE };

/* What was seen, beside the findings. Not everything can be looked at in every
 * subject: false is "not looked at". */
struct bp_contract {
    bool looked_repeats, looked_writes, looked_theta, looked_samples;
    bool repeats;                                 /* bit for bit */
    bool rounds;                                  /* not so, but to rounding */
    bool leaves_theta, writes_all, samples_apart; /* and so on: all is well where looked at */
    bool random;     /* results are drawn: nothing else can be trusted */
    double velocity; /* momentum that steps carry over, where there is no reset(); or NaN */
    enum bp_reduces loss, gradient;
    size_t calls;
};

/* Looks, and adds what is wrong to findings. BP_ENOMEM, BP_ESUBJECT. */
enum bp_status bp_contract_run(struct bp_view *view, const double *theta,
                               const struct bp_batch *batch, struct bp_contract *contract,
                               struct bp_findings *findings, struct bp_error *error);

/* One line: "calls repeat bit for bit, theta unchanged, ...; 16 calls". */
void bp_contract_text(const struct bp_contract *contract, char *text, size_t size);

#endif
