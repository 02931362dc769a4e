/* usercheck.c -- see usercheck.h. */
#include "diag/faults/usercheck.h"

#include "core/mem.h"

#include <math.h>
#include <string.h>

struct loop {
    const struct bp_usercheck *check;
    struct bp_pass pass;
    double *theta; /* a copy that may be spoilt */
    size_t n;
    const double *x, *t;
};

static double loss_at(struct loop *loop)
{
    const struct bp_usercheck *check = loop->check;
    const size_t n = check->other_data && loop->n > 1 ? loop->n / 2 : loop->n;
    bp_pass_forward(&loop->pass, n, loop->x);
    double loss = bp_pass_loss(&loop->pass, loop->t);
    if (check->loss_summed && loop->pass.net->spec.reduction == BP_MEAN)
        loss = (loss - bp_pass_penalty(&loop->pass)) * (double)n + bp_pass_penalty(&loop->pass);
    if (check->loss_factor != 0.0)
        loss *= check->loss_factor;
    return check->single ? (double)(float)loss : loss;
}

static double difference(struct loop *loop, size_t k)
{
    const double step = loop->check->step == 0.0 ? 1e-5 : loop->check->step;
    const double theta = loop->theta[k];
    loop->theta[k] = theta + step;
    const double above = loss_at(loop);
    loop->theta[k] = loop->check->one_sided ? theta : theta - step;
    const double below = loss_at(loop);
    loop->theta[k] = loop->check->keeps_moved ? theta + step : theta;
    return (above - below) / (loop->check->one_sided ? step : 2.0 * step);
}

static void both_columns(struct loop *loop, const struct bp_mlp *net, double *backprop,
                         double *numeric)
{
    loop->pass.theta = loop->theta;
    loop->pass.grad = backprop;
    bp_pass_forward(&loop->pass, loop->n, loop->x);
    bp_pass_backward(&loop->pass, loop->t);
    for (size_t k = 0; k < net->n_theta; k++)
        numeric[k] = difference(loop, k);
    if (loop->check->shows_theta)
        memcpy(backprop, net->theta, net->n_theta * sizeof *backprop);
    if (loop->check->magnitudes)
        for (size_t k = 0; k < net->n_theta; k++) {
            backprop[k] = fabs(backprop[k]);
            numeric[k] = fabs(numeric[k]);
        }
}

enum bp_status bp_usercheck_run(const struct bp_usercheck *check, const struct bp_mlp *net,
                                size_t n, const double *x, const double *t, double *backprop,
                                double *numeric)
{
    struct loop loop = {.check = check, .n = n, .x = x, .t = t};
    enum bp_status status = bp_pass_init(&loop.pass, net, n);
    loop.theta = bp_mem_new(net->n_theta, sizeof *loop.theta);
    if (status == BP_OK && loop.theta == NULL)
        status = BP_ENOMEM;
    if (status == BP_OK) {
        memcpy(loop.theta, net->theta, net->n_theta * sizeof *loop.theta);
        both_columns(&loop, net, backprop, numeric);
    }
    bp_mem_free(loop.theta);
    bp_pass_release(&loop.pass);
    return status;
}
