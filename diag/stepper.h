/* stepper.h -- what does a training step do, beyond theta' = theta - rate * g?
 *
 * With S(r) = theta - theta' for a step at rate r, and G(r) = S(r) / r:
 *
 *     two rates         S the same                              rate-misapplied (left out)
 *                       G goes with r                           rate-misapplied (twice)
 *                       G(r) - G(r/2) along theta               weight-decay-misapplied
 *                                                               (not multiplied by the rate)
 *                       G(r) - G(r/2) = 2 (G(r/2) - G(r/4))     update-before-backprop
 *     three steps       S1, S2, S3 from the same theta, after one reset():
 *                       S2 - S1 = m S1, S3 - S2 = m (S2 - S1)   momentum m
 *                       two different m                         momentum-misapplied
 *                     (without reset() two differences tell m, and S2 - m S1 is what a
 *                     step without velocity would be)
 *     a gradient        the subject's own, else the twin's right one, g:
 *                       S = 0, all or some tensors              update-skipped
 *                       S = 2 r g, beside the subject's own     update-doubled
 *                       S = -r g                                update-uphill
 *                       G - g along theta                       weight decay: undeclared, or
 *                                                               weight-decay-misapplied
 *                       |G| stays where |g| grows               clipping
 *     sizes             every |S_k| the same, whatever g        a sign-like step (Adam, Rprop)
 *
 *     two epochs        that draw their order, at two rates: what differs and does not go
 *                       away with the rate is not the order     labels-shuffled
 *
 * What is not wrong, but must be known (momentum, clipping, undeclared decay, a
 * sign-like step) is a finding with note set.
 *
 * Where update-before-backprop, rate-misapplied or a velocity without reset() is found, the
 * view is told (early, rate_power, momentum), so that gradients inferred from then on are those
 * that the steps would have without it.
 *
 * Steps of one sample are looked at with one sample; other epochs and unknown rates are
 * not looked at. Noise is that of the steps: 2 eps max|theta'| / r.
 */
#ifndef BP_STEPPER_H
#define BP_STEPPER_H

#include "diag/finding.h"
#include "diag/subject.h"

struct bp_stepper {
    bool looked;     /* there is a step, and it can be looked at */
    double rate;     /* the largest that was used */
    bool linear;     /* S goes with the rate */
    bool uses_rate;  /* S is another at another rate (or the rate cannot be chosen) */
    bool early;      /* it uses updated weights before backprop is done */
    bool sign_like;  /* equal sizes whatever g: only signs can be compared */
    bool has_state;  /* steps differ, and there is no reset() */
    double momentum; /* 0: none */
    double decay;    /* G = g + decay W beyond what is described; 0: none */
    bool decay_on_biases;
    double clip; /* |G| is kept below this; infinity: it is not */
    size_t calls;
};

/* Whether a step is as long in every parameter whatever its gradient: |S_k| = size + decay
 * s_k theta_k, s_k the sign of S_k, for two numbers (decay of weights alone, where it is
 * known which those are; 0: none), to 2 % of size. step holds S / rate; noise is that of an
 * entry. Parameters that stand still are left out. */
struct bp_sign_step {
    size_t moved;
    double size, decay;
    double low, high; /* of |S_k| */
};
bool bp_step_is_sign(const struct bp_view *view, const double *theta, const double *step,
                     double noise, struct bp_sign_step *found);

/* Looks, and adds what is wrong to findings (look "update"). theta and batch as for
 * bp_contract_run(). BP_ENOMEM, BP_ESUBJECT. */
enum bp_status bp_stepper_run(struct bp_view *view, const double *theta,
                              const struct bp_batch *batch, struct bp_stepper *stepper,
                              struct bp_findings *findings, struct bp_error *error);

#endif
