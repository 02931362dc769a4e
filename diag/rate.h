/* rate.h -- is the learning rate too small, or too large, for the epochs given?
 *
 * The same run, from the same start in the same order, at other rates: a few
 * powers of ten around the given one, each for as many epochs as the run had (or
 * fewer, when that would cost too much: epochs then says so). Beside them stands
 * what the curvature along the first step says: on a quadratic, descent along g is
 * stable for rates below 2 / lambda with lambda = g'Hg / g'g, and
 * fastest at 1 / lambda (LeCun et al. 1998, 5). H g is a difference of two gradients.
 *
 * Nothing of the run is touched; the trials have a network of their own.
 */
#ifndef BP_RATE_H
#define BP_RATE_H

#include "core/dataset.h"
#include "core/sgd.h"
#include "diag/finding.h"

enum { BP_TRIALS = 9 };

struct bp_trial {
    double rate;
    double loss; /* at the end, per sample over the data; NaN or infinite when it diverged */
    bool done;   /* below a tenth of the baseline, or 95 % right and below half of it */
};

enum bp_rate_verdict { BP_RATE_NEITHER, BP_RATE_TOO_SMALL, BP_RATE_TOO_LARGE };

struct bp_rate {
    size_t n;
    struct bp_trial trial[BP_TRIALS]; /* by rate, from small to large */
    size_t given;                     /* index of the run's own rate */
    size_t best;      /* index of the least loss; of a run that overshot, among smaller
                         rates where one gets it done */
    size_t epochs;    /* of each trial */
    double baseline;  /* loss of the best constant answer */
    double curvature; /* lambda; NaN where the gradient is 0 */
    enum bp_rate_verdict verdict;
    size_t enough; /* epochs with which the given rate gets done, ten or a hundred times
                      those given; 0: neither does, or the run needs none */
};

/* net: shape, stages and (as theta) the start; it is only read. observer: sees the epochs of
 * every trial, and can end none; NULL: nobody. BP_ENOMEM. */
enum bp_status bp_rate_run(struct bp_rate *rate, const struct bp_mlp *net, const double *start,
                           const struct bp_dataset *data, const struct bp_train *train,
                           const struct bp_observer *observer);

/* Adds rate-too-small or rate-too-large, or neither; and where more epochs alone get
 * there, a note, too-few-epochs, after it. BP_ENOMEM. */
enum bp_status bp_rate_findings(const struct bp_rate *rate, struct bp_findings *findings);

#endif
