/* sgd.c -- see sgd.h. */
#include "core/sgd.h"

#include "core/mem.h"

#include <math.h>
#include <string.h>

static bool in_range(const struct bp_train *train)
{
    return isfinite(train->rate) && train->momentum >= 0.0 && train->momentum < 1.0 &&
           train->weight_decay >= 0.0 && isfinite(train->weight_decay);
}

enum bp_status bp_sgd_init(struct bp_sgd *sgd, struct bp_mlp *net, const struct bp_train *train,
                           size_t n, const double *x, const double *t)
{
    *sgd = (struct bp_sgd){.net = net, .train = *train};
    if (n == 0 || !in_range(train))
        return BP_EINPUT;
    sgd->feed = (struct bp_feed){.x = x,
                                 .t = t,
                                 .n = n,
                                 .n_in = net->spec.layer[0].width,
                                 .n_out = net->spec.layer[net->spec.layers].width,
                                 .batch = train->batch,
                                 .shuffle = train->shuffle,
                                 .in_place = true};
    enum bp_status status = bp_feed_init(&sgd->feed, train->seed);
    if (status == BP_OK)
        status = bp_pass_init(&sgd->pass, net, sgd->feed.batch);
    if (status == BP_OK && train->momentum != 0.0) {
        sgd->velocity = bp_mem_new(net->n_theta, sizeof *sgd->velocity);
        status = sgd->velocity == NULL ? BP_ENOMEM : BP_OK;
    }
    if (status != BP_OK) {
        bp_sgd_release(sgd);
        return status;
    }
    sgd->pass.rate = train->rate;
    sgd->pass.decay = train->weight_decay;
    return BP_OK;
}

void bp_sgd_release(struct bp_sgd *sgd)
{
    bp_feed_release(&sgd->feed);
    bp_pass_release(&sgd->pass);
    bp_mem_free(sgd->velocity);
    *sgd = (struct bp_sgd){0};
}

static void aim(struct bp_sgd *sgd)
{
    sgd->pass.direction = sgd->pass.grad;
    if (sgd->velocity == NULL)
        return;
    for (size_t k = 0; k < sgd->net->n_theta; k++)
        sgd->velocity[k] = sgd->train.momentum * sgd->velocity[k] + sgd->pass.grad[k];
    sgd->pass.direction = sgd->velocity;
}

/* Backward and update, in one go where that can be. */
static void descend(struct bp_sgd *sgd, const double *t)
{
    if (sgd->velocity == NULL && bp_pass_descend(&sgd->pass, t, sgd->train.rate))
        return;
    bp_pass_backward(&sgd->pass, t);
    aim(sgd);
    bp_pass_update(&sgd->pass, sgd->train.rate);
}

/* What was next is theta, and the other way round. */
static void take_step(struct bp_sgd *sgd)
{
    double *before = sgd->net->theta;
    sgd->net->theta = sgd->pass.next;
    sgd->pass.next = before;
    sgd->pass.theta = sgd->net->theta;
}

/* Back to where theta was when the epoch began. */
static void come_home(struct bp_sgd *sgd, const double *home)
{
    if (sgd->net->theta == home)
        return;
    memcpy(sgd->pass.next, sgd->net->theta, sgd->net->n_theta * sizeof *sgd->net->theta);
    take_step(sgd);
}

static double step(struct bp_sgd *sgd, size_t first, const struct bp_observer *observer)
{
    const double *x, *t;
    const size_t n = bp_feed_batch(&sgd->feed, first, &x, &t);
    sgd->pass.n_ahead = sgd->feed.n_ahead;
    sgd->pass.ahead = sgd->feed.ahead;
    bp_pass_forward(&sgd->pass, n, x);
    const double loss = bp_pass_loss(&sgd->pass, t);
    descend(sgd, t);
    if (observer != NULL && observer->step != NULL) {
        const struct bp_step_view view = {.step = sgd->steps,
                                          .epoch = sgd->epochs,
                                          .net = sgd->net,
                                          .pass = &sgd->pass,
                                          .loss = loss,
                                          .rate = sgd->train.rate};
        observer->step(observer->self, &view);
    }
    take_step(sgd);
    sgd->steps++;
    return loss;
}

bool bp_sgd_epoch(struct bp_sgd *sgd, const struct bp_observer *observer)
{
    const double *home = sgd->net->theta;
    const bool mean = sgd->net->spec.reduction == BP_MEAN;
    double total = 0.0;
    bp_feed_begin(&sgd->feed);
    for (size_t first = 0; first < sgd->feed.n; first += sgd->feed.batch) {
        const double loss = step(sgd, first, observer);
        total += loss * (mean ? (double)sgd->pass.n : 1.0);
    }
    come_home(sgd, home);
    const struct bp_epoch_view view = {.epoch = sgd->epochs,
                                       .steps = sgd->steps,
                                       .net = sgd->net,
                                       .loss = total / (double)sgd->feed.n};
    sgd->epochs++;
    if (observer == NULL || observer->epoch == NULL)
        return true;
    return observer->epoch(observer->self, &view);
}

void bp_sgd_run(struct bp_sgd *sgd, const struct bp_observer *observer)
{
    for (size_t k = 0; k < sgd->train.epochs; k++)
        if (!bp_sgd_epoch(sgd, observer))
            return;
}
