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

static size_t batch_size(const struct bp_train *train, size_t n)
{
    return train->batch == 0 || train->batch > n ? n : train->batch;
}

enum bp_status bp_sgd_init(struct bp_sgd *sgd, struct bp_mlp *net, const struct bp_train *train,
                           size_t n, const double *x, const double *t)
{
    *sgd = (struct bp_sgd){.net = net, .train = *train, .x = x, .t = t, .n = n};
    if (n == 0 || !in_range(train))
        return BP_EINPUT;
    const size_t batch = batch_size(train, n);
    const size_t n_in = net->spec.layer[0].width;
    const size_t n_out = net->spec.layer[net->spec.layers].width;
    bp_rng_seed(&sgd->rng, train->seed);
    sgd->order = bp_mem_new(n, sizeof *sgd->order);
    sgd->batch_x = bp_mem_new(batch * n_in, sizeof *sgd->batch_x);
    sgd->batch_t = bp_mem_new(batch * n_out, sizeof *sgd->batch_t);
    if (train->momentum != 0.0)
        sgd->velocity = bp_mem_new(net->n_theta, sizeof *sgd->velocity);
    if (sgd->order == NULL || sgd->batch_x == NULL || sgd->batch_t == NULL ||
        (train->momentum != 0.0 && sgd->velocity == NULL) ||
        bp_pass_init(&sgd->pass, net, batch) != BP_OK) {
        bp_sgd_release(sgd);
        return BP_ENOMEM;
    }
    for (size_t k = 0; k < n; k++)
        sgd->order[k] = k;
    sgd->pass.rate = train->rate;
    sgd->pass.decay = train->weight_decay;
    return BP_OK;
}

void bp_sgd_release(struct bp_sgd *sgd)
{
    bp_pass_release(&sgd->pass);
    bp_mem_free(sgd->velocity);
    bp_mem_free(sgd->batch_x);
    bp_mem_free(sgd->batch_t);
    bp_mem_free(sgd->order);
    *sgd = (struct bp_sgd){0};
}

/* Inputs and targets are gathered by the same index, so they stay together. */
static void gather(struct bp_sgd *sgd, size_t first, size_t n)
{
    const size_t n_in = sgd->net->spec.layer[0].width;
    const size_t n_out = sgd->net->spec.layer[sgd->net->spec.layers].width;
    for (size_t k = 0; k < n; k++) {
        const size_t s = sgd->order[first + k];
        memcpy(sgd->batch_x + k * n_in, sgd->x + s * n_in, n_in * sizeof *sgd->x);
        memcpy(sgd->batch_t + k * n_out, sgd->t + s * n_out, n_out * sizeof *sgd->t);
    }
}

/* The batch as it lies in memory where no order mixes it, else gathered. */
static void batch_at(struct bp_sgd *sgd, size_t first, size_t n, const double **x, const double **t)
{
    if (sgd->train.shuffle) {
        gather(sgd, first, n);
        *x = sgd->batch_x;
        *t = sgd->batch_t;
    } else {
        *x = sgd->x + first * sgd->net->spec.layer[0].width;
        *t = sgd->t + first * sgd->net->spec.layer[sgd->net->spec.layers].width;
    }
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

static double step(struct bp_sgd *sgd, size_t first, size_t n, const struct bp_observer *observer)
{
    const double *x, *t;
    batch_at(sgd, first, n, &x, &t);
    bp_pass_forward(&sgd->pass, n, x);
    const double loss = bp_pass_loss(&sgd->pass, t);
    bp_pass_backward(&sgd->pass, t);
    aim(sgd);
    bp_pass_update(&sgd->pass, sgd->train.rate);
    if (observer != NULL && observer->step != NULL) {
        const struct bp_step_view view = {.step = sgd->steps,
                                          .epoch = sgd->epochs,
                                          .net = sgd->net,
                                          .pass = &sgd->pass,
                                          .loss = loss,
                                          .rate = sgd->train.rate};
        observer->step(observer->self, &view);
    }
    memcpy(sgd->net->theta, sgd->pass.next, sgd->net->n_theta * sizeof *sgd->net->theta);
    sgd->steps++;
    return loss;
}

bool bp_sgd_epoch(struct bp_sgd *sgd, const struct bp_observer *observer)
{
    const size_t batch = batch_size(&sgd->train, sgd->n);
    const bool mean = sgd->net->spec.reduction == BP_MEAN;
    double total = 0.0;
    if (sgd->train.shuffle)
        bp_rng_permutation(&sgd->rng, sgd->n, sgd->order);
    for (size_t first = 0; first < sgd->n; first += batch) {
        const size_t n = sgd->n - first < batch ? sgd->n - first : batch;
        total += step(sgd, first, n, observer) * (mean ? (double)n : 1.0);
    }
    const struct bp_epoch_view view = {
        .epoch = sgd->epochs, .steps = sgd->steps, .net = sgd->net, .loss = total / (double)sgd->n};
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
