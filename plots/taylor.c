/* taylor.c -- the remainders of the Taylor test, layer by layer. */
#include "plots/taylor.h"

#include "core/mem.h"
#include "core/rng.h"

#include <math.h>
#include <string.h>

struct test {
    struct bp_pass pass;
    const double *theta, *grad; /* the point, and what is claimed there */
    const double *x, *t;
    size_t n;
    double *moved, *direction; /* as theta; one block, owned */
};

static double loss_at(struct test *test, size_t first, size_t count, double h)
{
    memcpy(test->moved, test->theta, test->pass.net->n_theta * sizeof *test->moved);
    for (size_t k = first; k < first + count; k++)
        test->moved[k] += h * test->direction[k];
    test->pass.theta = test->moved;
    bp_pass_forward(&test->pass, test->n, test->x);
    return bp_pass_loss(&test->pass, test->t);
}

/* A direction of length 1 in layer l's block; returns g.d. */
static double choose_direction(struct test *test, size_t l, size_t first, size_t count)
{
    struct bp_rng rng;
    const double size = 1.0 / sqrt((double)count);
    double along = 0.0;
    bp_rng_seed(&rng, l);
    for (size_t k = first; k < first + count; k++) {
        test->direction[k] = bp_rng_unit(&rng) < 0.5 ? -size : size;
        along += test->grad[k] * test->direction[k];
    }
    return along;
}

static void run_layer(struct test *test, size_t l, const double *h, double *residual)
{
    size_t count;
    const size_t first = bp_mlp_block(test->pass.net, l, &count);
    const double along = choose_direction(test, l, first, count);
    for (size_t i = 0; i < BP_TAYLOR_STEPS; i++)
        residual[i] = fabs(loss_at(test, first, count, h[i]) - loss_at(test, first, count, -h[i]) -
                           2.0 * h[i] * along);
}

enum bp_status bp_taylor_run(struct bp_taylor *taylor, const struct bp_mlp *net,
                             const double *theta, const double *grad, size_t n, const double *x,
                             const double *t)
{
    struct test test = {.theta = theta, .grad = grad, .n = n, .x = x, .t = t};
    enum bp_status status = bp_pass_init(&test.pass, net, n);
    test.moved = bp_mem_new(2 * net->n_theta, sizeof *test.moved);
    if (status == BP_OK && test.moved == NULL)
        status = BP_ENOMEM;
    if (status == BP_OK) {
        test.direction = test.moved + net->n_theta;
        taylor->layers = net->spec.layers < BP_TAYLOR_LAYERS ? net->spec.layers : BP_TAYLOR_LAYERS;
        taylor->h[0] = 1e-5;
        for (size_t i = 1; i < BP_TAYLOR_STEPS; i++)
            taylor->h[i] = taylor->h[i - 1] * 3.1622776601683795; /* sqrt(10) */
        for (size_t l = 0; l < taylor->layers; l++)
            run_layer(&test, l + 1, taylor->h, taylor->residual[l]);
    }
    bp_pass_release(&test.pass);
    bp_mem_free(test.moved);
    return status;
}
