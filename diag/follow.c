/* follow.c -- see follow.h. */
#include "diag/follow.h"

#include <string.h>

struct follower {
    struct bp_view *view;
    struct bp_mlp *net;
    const struct bp_train *train;
    struct bp_feed feed;
    struct bp_pass pass;
    size_t steps, epochs;
};

/* Batches are copies: what they are of is not in a subject's reach. */
static enum bp_status set_up(struct follower *f, size_t n, const double *x, const double *t)
{
    const struct bp_spec *spec = &f->net->spec;
    const bool online = f->view->subject->step_kind == BP_STEP_SAMPLE;
    f->feed = (struct bp_feed){.x = x,
                               .t = t,
                               .n = n,
                               .n_in = spec->layer[0].width,
                               .n_out = spec->layer[spec->layers].width,
                               .batch = online ? 1 : f->train->batch,
                               .shuffle = f->train->shuffle};
    const enum bp_status status = bp_feed_init(&f->feed, f->train->seed);
    return status == BP_OK ? bp_pass_init(&f->pass, f->net, f->feed.batch) : status;
}

static void tear_down(struct follower *f)
{
    bp_feed_release(&f->feed);
    bp_pass_release(&f->pass);
}

static enum bp_status step(struct follower *f, size_t first, const struct bp_observer *observer,
                           double *loss, struct bp_error *error)
{
    struct bp_batch batch;
    batch.n = bp_feed_batch(&f->feed, first, &batch.x, &batch.t);
    bp_pass_forward(&f->pass, batch.n, batch.x);
    *loss = bp_pass_loss(&f->pass, batch.t);
    bp_pass_backward(&f->pass, batch.t);
    const enum bp_status status =
        bp_view_step(f->view, f->net->theta, &batch, f->train->rate, f->pass.next, error);
    if (status != BP_OK)
        return status;
    if (observer != NULL && observer->step != NULL) {
        const struct bp_step_view seen = {.step = f->steps,
                                          .epoch = f->epochs,
                                          .net = f->net,
                                          .pass = &f->pass,
                                          .loss = *loss,
                                          .rate = f->train->rate};
        observer->step(observer->self, &seen);
    }
    memcpy(f->net->theta, f->pass.next, f->net->n_theta * sizeof *f->net->theta);
    f->steps++;
    return BP_OK;
}

static enum bp_status epoch(struct follower *f, const struct bp_observer *observer, bool *more,
                            struct bp_error *error)
{
    const bool mean = f->net->spec.reduction == BP_MEAN;
    double total = 0.0;
    bp_feed_begin(&f->feed);
    for (size_t first = 0; first < f->feed.n; first += f->feed.batch) {
        double loss;
        const enum bp_status status = step(f, first, observer, &loss, error);
        if (status != BP_OK)
            return status;
        total += loss * (mean ? (double)f->pass.n : 1.0);
    }
    const struct bp_epoch_view seen = {
        .epoch = f->epochs, .steps = f->steps, .net = f->net, .loss = total / (double)f->feed.n};
    f->epochs++;
    *more = observer == NULL || observer->epoch == NULL || observer->epoch(observer->self, &seen);
    return BP_OK;
}

enum bp_status bp_follow_run(struct bp_view *view, struct bp_mlp *net, const struct bp_train *train,
                             size_t n, const double *x, const double *t,
                             const struct bp_observer *observer, struct bp_error *error)
{
    struct follower f = {.view = view, .net = net, .train = train};
    if (!view->described || !view->can_step)
        return bp_error_set(error, BP_EUNSUPPORTED,
                            "%s: it has no step to train by, or is not described",
                            view->subject->name);
    enum bp_status status = set_up(&f, n, x, t);
    bool more = true;
    for (size_t k = 0; k < train->epochs && more && status == BP_OK; k++)
        status = epoch(&f, observer, &more, error);
    tear_down(&f);
    return status;
}
