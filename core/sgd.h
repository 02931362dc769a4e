/* sgd.h -- gradient descent: one step, one epoch, a run; online, in mini-batches
 * or on the full batch.
 *
 *     v <- momentum v + grad            (v = grad without momentum; Polyak 1964,
 *                                        in the form that PyTorch's SGD uses)
 *     theta <- theta - rate (v + weight_decay W)
 *
 * The last batch of an epoch may be smaller; no sample is left out. Somebody may
 * watch: an observer is called after each step and each epoch with const views
 * of everything, and cannot change the run. Nothing is allocated after init.
 *
 * During an epoch theta lies now in the network's own array, now in the pass's
 * next, which change places at every step; at its end it is in the network's own
 * again. (Who watches finds it by the view's net->theta.)
 */
#ifndef BP_SGD_H
#define BP_SGD_H

#include "core/feed.h"
#include "core/mlp.h"

struct bp_train {
    double rate;
    double momentum;
    double weight_decay; /* decoupled; the loss's own L2 is in the spec */
    size_t batch;        /* samples a step; 0 or more than there are: all of them */
    size_t epochs;
    bool shuffle;  /* a new order for every epoch */
    uint64_t seed; /* of the order */
};

/* What an observer sees. pass holds z, a, e and delta of the batch just done, at
 * the theta before the step (pass->theta); net->theta is that before the step
 * still, pass->next that after it. sum, scaled and grad are written when asked
 * for, by bp_pass_gradient(view->pass): a step of right stages does without. */
struct bp_step_view {
    size_t step;  /* from 0, over the whole run */
    size_t epoch; /* from 0 */
    const struct bp_mlp *net;
    const struct bp_pass *pass;
    double loss; /* of this batch, before the step */
    double rate;
};

/* At the end of an epoch; theta is that after it. */
struct bp_epoch_view {
    size_t epoch; /* from 0: how many epochs were done before this one */
    size_t steps; /* done since the start of the run */
    const struct bp_mlp *net;
    double loss; /* mean over the epoch's samples, each at the theta it was seen with */
};

/* Either call may be NULL. Returning false from epoch ends the run early; that
 * is the only word an observer has. */
struct bp_observer {
    void *self;
    void (*step)(void *self, const struct bp_step_view *view);
    bool (*epoch)(void *self, const struct bp_epoch_view *view);
};

struct bp_sgd {
    struct bp_mlp *net; /* borrowed: trained in place */
    struct bp_train train;
    struct bp_feed feed;
    struct bp_pass pass;
    double *velocity;     /* as theta; NULL without momentum */
    size_t steps, epochs; /* done so far */
};

/* n samples; x: n x inputs, t: n x outputs. BP_ENOMEM; BP_EINPUT when a number
 * of train is out of range. */
enum bp_status bp_sgd_init(struct bp_sgd *sgd, struct bp_mlp *net, const struct bp_train *train,
                           size_t n, const double *x, const double *t);
void bp_sgd_release(struct bp_sgd *sgd);

/* One epoch; false when the observer asked to end. observer may be NULL. */
bool bp_sgd_epoch(struct bp_sgd *sgd, const struct bp_observer *observer);

/* train.epochs epochs, or until the observer asks to end. */
void bp_sgd_run(struct bp_sgd *sgd, const struct bp_observer *observer);

#endif
