/* subject.h -- what is looked at: the built-in network, C callbacks, a shared
 * object, or a program over a pipe, all as one struct bp_subject (backprobe.h).
 *
 * This is the side that looks: it checks the description, moves parameters
 * between the subject's own layout and core's order, and turns whatever the
 * subject can do (predict, loss, gradient, step) into a loss and a claimed
 * gradient, with the precision that the claim has.
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
    double *scratch; /* n_theta numbers in the subject's order, twice */
    size_t calls;    /* made so far, of any kind */
    double epsilon;  /* of what it computes in: 2^-53 or 2^-24 */
};

/* A claimed gradient at one point, in core's order (or the subject's own where
 * it is not described). */
struct bp_claim {
    double *g;        /* n_theta, owned by the caller */
    double precision; /* the relative precision of a tensor of it: about epsilon for a
                         gradient, eps |theta| / (rate |g|) for one inferred from a step */
};

/* Checks sizes and description. BP_EINPUT with the reason; BP_ENOMEM. */
enum bp_status bp_view_open(struct bp_view *view, const struct bp_subject *subject,
                            struct bp_error *error);
void bp_view_close(struct bp_view *view);

/* All of these take theta, x, t in core's order and layout; BP_ESUBJECT (with the
 * subject's complaint) when a call fails; BP_EUNSUPPORTED when the subject cannot. */
enum bp_status bp_view_predict(struct bp_view *view, const double *theta,
                               const struct bp_batch *batch, double *y, struct bp_error *error);
/* Its own loss(), or that of its description on its predict(). */
enum bp_status bp_view_loss(struct bp_view *view, const double *theta, const struct bp_batch *batch,
                            double *loss, struct bp_error *error);
/* Its own gradient(), or (theta - theta') / rate from its step(). rate is used for
 * steps where the subject takes one. */
enum bp_status bp_view_gradient(struct bp_view *view, const double *theta,
                                const struct bp_batch *batch, double rate, struct bp_claim *claim,
                                struct bp_error *error);
enum bp_status bp_view_step(struct bp_view *view, const double *theta, const struct bp_batch *batch,
                            double rate, double *next, struct bp_error *error);

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
