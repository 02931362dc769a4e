/* follow.c -- see follow.h. */
#include "diag/follow.h"

#include "core/mem.h"

#include <string.h>

struct follower {
    struct bp_view *view;
    struct bp_mlp *net;
    const struct bp_train *train;
    const double *x, *t;
    size_t n, batch;
    struct bp_pass pass;
    struct bp_rng rng;
    size_t *order;
    double *batch_x, *batch_t;
    size_t steps, epochs;
};

static enum bp_status set_up(struct follower *f)
{
    const struct bp_spec *spec = &f->net->spec;
    const size_t asked = f->train->batch == 0 ? f->n : f->train->batch;
    f->batch = f->view->subject->step_kind == BP_STEP_SAMPLE ? 1 : asked < f->n ? asked : f->n;
    bp_rng_seed(&f->rng, f->train->seed);
    f->order = bp_mem_new(f->n, sizeof *f->order);
    f->batch_x = bp_mem_new(f->batch * spec->layer[0].width, sizeof *f->batch_x);
    f->batch_t = bp_mem_new(f->batch * spec->layer[spec->layers].width, sizeof *f->batch_t);
    if (f->order == NULL || f->batch_x == NULL || f->batch_t == NULL)
        return BP_ENOMEM;
    for (size_t k = 0; k < f->n; k++)
        f->order[k] = k;
    return bp_pass_init(&f->pass, f->net, f->batch);
}

static void tear_down(struct follower *f)
{
    bp_pass_release(&f->pass);
    bp_mem_free(f->order);
    bp_mem_free(f->batch_x);
    bp_mem_free(f->batch_t);
}

static void gather(struct follower *f, size_t first, size_t n)
{
    const size_t n_in = f->net->spec.layer[0].width;
    const size_t n_out = f->net->spec.layer[f->net->spec.layers].width;
    for (size_t k = 0; k < n; k++) {
        const size_t s = f->order[first + k];
        memcpy(f->batch_x + k * n_in, f->x + s * n_in, n_in * sizeof *f->x);
        memcpy(f->batch_t + k * n_out, f->t + s * n_out, n_out * sizeof *f->t);
    }
}

static enum bp_status step(struct follower *f, size_t first, size_t n,
                           const struct bp_observer *observer, double *loss, struct bp_error *error)
{
    gather(f, first, n);
    bp_pass_forward(&f->pass, n, f->batch_x);
    *loss = bp_pass_loss(&f->pass, f->batch_t);
    bp_pass_backward(&f->pass, f->batch_t);
    const struct bp_batch batch = {n, f->batch_x, f->batch_t};
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
    if (f->train->shuffle)
        bp_rng_permutation(&f->rng, f->n, f->order);
    for (size_t first = 0; first < f->n; first += f->batch) {
        const size_t n = f->n - first < f->batch ? f->n - first : f->batch;
        double loss;
        const enum bp_status status = step(f, first, n, observer, &loss, error);
        if (status != BP_OK)
            return status;
        total += loss * (mean ? (double)n : 1.0);
    }
    const struct bp_epoch_view seen = {
        .epoch = f->epochs, .steps = f->steps, .net = f->net, .loss = total / (double)f->n};
    f->epochs++;
    *more = observer == NULL || observer->epoch == NULL || observer->epoch(observer->self, &seen);
    return BP_OK;
}

enum bp_status bp_follow_run(struct bp_view *view, struct bp_mlp *net, const struct bp_train *train,
                             size_t n, const double *x, const double *t,
                             const struct bp_observer *observer, struct bp_error *error)
{
    struct follower f = {.view = view, .net = net, .train = train, .x = x, .t = t, .n = n};
    if (!view->described || !view->can_step)
        return bp_error_set(error, BP_EUNSUPPORTED,
                            "%s: it has no step to train by, or is not described",
                            view->subject->name);
    enum bp_status status = set_up(&f);
    bool more = true;
    for (size_t k = 0; k < train->epochs && more && status == BP_OK; k++)
        status = epoch(&f, observer, &more, error);
    tear_down(&f);
    return status;
}
