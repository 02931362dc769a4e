/* probe.h -- at which points is a claimed gradient looked at?
 *
 * A probe is a point theta, a batch x, t and what the subject claims its gradient
 * to be there. One probe at a friendly point hides faults: with one sample a sum
 * is a mean, with zero biases a missing bias is right, where a tensor's gradient
 * is zero everything agrees. So three or more are drawn:
 *
 *     theta   normal, sd 1/sqrt(fan_in), biases of sd 1/2 and not zero
 *     x       normal
 *     t       suited to the loss and to the range of the output, asymmetric
 *     N       7, 1 and 5
 *
 * A draw at which some tensor's right gradient is exactly zero (a dead relu) is
 * drawn again, BP_PROBE_DRAWS times at most.
 *
 * Everything here is in the order of core's theta.
 */
#ifndef BP_PROBE_H
#define BP_PROBE_H

#include "core/mlp.h"
#include "core/rng.h"
#include "diag/subject.h"

enum { BP_PROBE_DRAWS = 12 };

struct bp_probe {
    size_t n;      /* samples */
    double *theta; /* n_theta */
    double *x;     /* n x inputs */
    double *t;     /* n x outputs */
    double *mask;  /* multipliers for dropout: layers 1 .. L-1, one after the other, each
                      n x width; all 1 unless masked */
    bool masked;
    double rate;     /* of the step that the claim is for; 0 when none is known */
    double *g;       /* n_theta: the claim */
    double *y;       /* n x outputs: what the subject predicts */
    bool predicted;  /* y is there */
    double epsilon;  /* of what the subject computes in: 2^-53 or 2^-24 */
    double noise;    /* absolute error of an entry of a claim that was inferred from a step; or 0 */
    bool inferred;   /* from a step */
    bool any_factor; /* the size of the claim means nothing */
};

/* Room for n samples of this network. BP_ENOMEM. */
enum bp_status bp_probe_init(struct bp_probe *probe, const struct bp_mlp *net, size_t n);
void bp_probe_release(struct bp_probe *probe);

/* Draws theta, x and t. BP_ENOMEM. */
enum bp_status bp_probe_draw(struct bp_probe *probe, const struct bp_mlp *net, struct bp_rng *rng);

/* Multiplies the targets of a squared error so that deltas are far above 1: what cuts them
 * to whole numbers, or takes their powers, is then no longer what leaves them out. */
void bp_probe_stretch(struct bp_probe *probe, const struct bp_mlp *net);

/* Draws a dropout mask for the hidden layers: each unit is kept with probability
 * keep, and then multiplied by 1 / keep. */
void bp_probe_mask(struct bp_probe *probe, const struct bp_mlp *net, double keep,
                   struct bp_rng *rng);

/* Lets a pass look at the probe: theta, x, t, rate, mask. */
void bp_probe_load(const struct bp_probe *probe, struct bp_pass *pass);

/* The claim (and the predictions) of a network with whatever stages ops[1 .. L]
 * hold. epsilon 2^-24: every stage's result is rounded to single precision.
 * BP_ENOMEM. */
enum bp_status bp_probe_ask_net(struct bp_probe *probe, const struct bp_mlp *net,
                                const struct bp_ops *ops, double epsilon);

/* The claim of a subject, and its predictions where it has any; theta is rounded to
 * what the subject can hold. rate: of a step; 0 leaves it to the view. BP_ESUBJECT. */
enum bp_status bp_probe_ask_view(struct bp_probe *probe, struct bp_view *view, double rate,
                                 struct bp_error *error);

#endif
