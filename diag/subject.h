/* subject.h -- what is looked at: the built-in network, C callbacks, a shared
 * object, or a program over a pipe, all as one struct bp_subject (backprobe.h).
 *
 * This is the side that looks: it checks the description, moves parameters
 * between the subject's own layout and core's order, and turns whatever the
 * subject can do (predict, loss, gradient, step) into a loss and a claimed
 * gradient, with the precision that the claim has:
 *
 *     gradient()              g as it is
 *     step()                  g = (theta - theta') / rate; rounding of theta'
 *                             leaves an error of eps max|theta'| / rate in an entry
 *     step() of one sample    the mean (or sum, as described) over the samples of
 *                             the batch, each stepped from the same theta
 *     step() of an epoch      2 G(rate/2) - G(rate): what the updates add up to as
 *                             the rate goes to 0; its size is a convention (how
 *                             many updates make an epoch), its direction is not
 *
 * A subject of floats cannot hold every theta. bp_view_round() rounds a point to
 * what it can hold, so that twin and subject see the same one; every call here
 * does so on its own copy first.
 */
#ifndef BP_SUBJECT_H
#define BP_SUBJECT_H

#include "backprobe.h"
#include "core/mlp.h"
#include "core/status.h"

/* A subject opened for looking. */
struct bp_view {
    const struct bp_subject *subject; /* borrowed */
    bool described;                   /* network and arrays are known, and fit each other */
    struct bp_mlp twin;               /* described: the same network in core; else empty */
    size_t n_theta, n_in, n_out;
    size_t *place;   /* [k]: where core's parameter k lies in the subject's theta; NULL
                        when not described */
    bool *negative;  /* [k]: it lies there with the other sign (a threshold); NULL when none
                        does */
    double *scratch; /* n_theta numbers in the subject's order, three times */
    double *found;   /* what its arrays held when it was opened, in its order; or NULL */
    size_t calls;    /* made so far, of any kind */
    double epsilon;  /* of what it computes in: 2^-53 or 2^-24 */
    bool narrow;     /* some of it is float */
    bool can_predict, can_lose, can_differ, can_step; /* which calls below work at all */
    double rate;     /* of steps where the caller gives 0; found at the first need */
    int rate_power;  /* its step goes with rate to this power: 1, or as stepper.h found: 0, 2 */
    double momentum; /* its steps carry this much over, and cannot be reset (stepper.h): taken out
                        of gradients */
    bool carries;    /* its steps carry something over that is no plain momentum */
    bool echoes;     /* its steps repeat a part of the one before, and no more (stepper.h): the
                        second of two is along g, its size means nothing */
    bool decays;     /* its rate shrinks from step to step (contract.h): sizes mean nothing */
    bool weights_carry; /* momentum: the weights alone have it */
    bool signs;         /* its step tells only the gradient's signs (stepper.h: sign-like) */
    bool early; /* its step uses updated weights too early (stepper.h): undone in gradients */
    /* For the checks that look at the calls themselves: */
    double fill;        /* what gradient buffers hold before a call; 0 */
    bool keep;          /* do not reset() before a step */
    bool keep_gradient; /* do not fill gradient buffers before a call */
    bool watch;         /* look whether predict, loss and gradient leave theta alone */
    size_t changed;     /* watch: how many parameters the last call changed */
    size_t changed_at;  /* watch: the first of them, in core's order */
};

/* A claimed gradient at one point, in core's order (or the subject's own where
 * it is not described). */
struct bp_claim {
    double *g;        /* n_theta, owned by the caller */
    double precision; /* relative to the largest |g|: about epsilon for a gradient,
                         eps |theta| / (rate |g|) for one inferred from a step */
    double noise;     /* absolute error of an entry by the rounding of theta'; 0 for a gradient */
    bool inferred;    /* from a step */
    bool any_factor;  /* its size means nothing (rate unknown, an epoch, constant undeclared) */
    double rate;      /* inferred: of the step */
};

/* Checks sizes and description. BP_EINPUT with the reason; BP_ENOMEM. */
enum bp_status bp_view_open(struct bp_view *view, const struct bp_subject *subject,
                            struct bp_error *error);
void bp_view_close(struct bp_view *view);

/* Takes back what was found out of what its steps carry over. */
void bp_view_forget_steps(struct bp_view *view);

/* The momentum of parameter k, in core's order. */
double bp_view_momentum(const struct bp_view *view, size_t k);

/* Parameters, or a gradient, from core's order to the subject's own, and back. */
void bp_view_to_own(const struct bp_view *view, const double *numbers, double *own);
void bp_view_from_own(const struct bp_view *view, const double *own, double *numbers);

/* Rounds theta (in core's order) to what the subject can hold. */
void bp_view_round(const struct bp_view *view, double *theta);
/* The same for inputs and targets. */
void bp_view_round_data(const struct bp_view *view, size_t n, double *values);

/* The subject's own starting point in core's order: its theta, or what its arrays held
 * when it was opened, unless that was all 0 (then they are taken for not set yet);
 * false when there is none. */
bool bp_view_start(const struct bp_view *view, double *theta);

/* All of these take theta, x, t in core's order and layout; BP_ESUBJECT (with the
 * subject's complaint) when a call fails; BP_EUNSUPPORTED when the subject cannot
 * do it at all, or not with this batch (its data is built in) or theta. */
enum bp_status bp_view_predict(struct bp_view *view, const double *theta,
                               const struct bp_batch *batch, double *y, struct bp_error *error);
/* Its own loss(), or that of its description on its predict(). */
enum bp_status bp_view_loss(struct bp_view *view, const double *theta, const struct bp_batch *batch,
                            double *loss, struct bp_error *error);
/* Its own gradient(), or what its step() says of it (above). rate is used for
 * steps where the subject takes one; 0: one at which rounding does not drown g. */
enum bp_status bp_view_gradient(struct bp_view *view, const double *theta,
                                const struct bp_batch *batch, double rate, struct bp_claim *claim,
                                struct bp_error *error);
/* Its own gradient() only, as the contract checks call it. */
enum bp_status bp_view_own_gradient(struct bp_view *view, const double *theta,
                                    const struct bp_batch *batch, double *g,
                                    struct bp_error *error);
/* Its step(); next may be theta. */
enum bp_status bp_view_step(struct bp_view *view, const double *theta, const struct bp_batch *batch,
                            double rate, double *next, struct bp_error *error);
/* The rate at which rounding costs a step's gradient least (inferred.c); found once. */
enum bp_status bp_view_step_rate(struct bp_view *view, const double *theta,
                                 const struct bp_batch *batch, double *rate,
                                 struct bp_error *error);
/* Its own z, a, delta of layers 1 .. L, one layer after the other, each n x width; any may be
 * NULL. What it does not give stays what bp_view_is_given() knows: a NaN like no other. */
enum bp_status bp_view_trace(struct bp_view *view, const double *theta,
                             const struct bp_batch *batch, double *z, double *a, double *delta,
                             struct bp_error *error);
bool bp_view_is_given(const double *numbers, size_t n);

/* The program's parameters as they lie in its arrays now, after a call with watch. */
void bp_view_now(const struct bp_view *view, double *theta);

/* The name of parameter k: "W1[3,17]", or "theta[17]" when not described. */
void bp_view_name(const struct bp_view *view, size_t k, char name[BP_NAME_MAX]);

/* The built-in network as a subject (described, level 3). net may have faults
 * planted in its stages; it is borrowed, and so is what the subject points to. */
struct bp_core_subject {
    struct bp_subject subject;
    struct bp_mlp *net; /* borrowed */
    struct bp_pass pass;
    struct bp_array *arrays;
    char network[BP_SPEC_TEXT_MAX];
};
enum bp_status bp_core_subject_init(struct bp_core_subject *core, struct bp_mlp *net,
                                    size_t capacity);
void bp_core_subject_release(struct bp_core_subject *core);

#endif
