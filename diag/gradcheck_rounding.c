/* gradcheck_rounding.c -- see gradcheck_rounding.h. */
#include "diag/gradcheck_rounding.h"

#include "core/kernel.h"
#include "core/mem.h"

#include <math.h>
#include <string.h>

/* The values of a pass, and in a second one the bounds on their errors. */
struct analysis {
    const struct bp_loss_at *at;
    const struct bp_mlp *net;
    double p;
    bool same;
    struct bp_ops *ops;        /* owned: all right */
    struct bp_pass value;      /* with backward done */
    struct bp_pass bound;      /* z, a, e, delta, grad: errors of those */
    double *absolute;          /* owned: |theta| */
    double *grad, *size, *sum; /* owned with absolute: n_theta; 2 of n x widest */
};

static size_t width_of(const struct analysis *an, size_t l)
{
    return an->net->spec.layer[l].width;
}

static double growth(size_t terms)
{
    return sqrt((double)terms + 1.0);
}

static void absolute_of(size_t n, const double *x, double *y)
{
    for (size_t k = 0; k < n; k++)
        y[k] = fabs(x[k]);
}

/* ---- forward ---------------------------------------------------------------- */

/* errors of z_l: |W| (errors of a + p sqrt(m) |a|), and of the bias */
static void bound_z(struct analysis *an, size_t l)
{
    const size_t n = an->at->n, in = width_of(an, l - 1), out = width_of(an, l);
    const double *w = an->absolute + bp_mlp_weights(an->net, l)->offset;
    const struct bp_tensor *b = bp_mlp_biases(an->net, l);
    const double p = an->p * growth(in);
    for (size_t k = 0; k < n * in; k++)
        an->size[k] = p * fabs(an->value.a[l - 1][k]) + (l > 1 ? an->bound.a[l - 1][k] : 0.0);
    bp_kernel_affine(n, in, out, an->size, w, NULL, an->bound.z[l]);
    for (size_t k = 0; b != NULL && k < n * out; k++)
        an->bound.z[l][k] += p * an->absolute[b->offset + k % out];
}

static double steepest(const struct bp_layer *layer, double z, double a)
{
    return layer->activation == BP_SOFTMAX
               ? 1.0
               : fabs(bp_activation_slope(layer->activation, layer->slope, z, a));
}

static void bound_a(struct analysis *an, size_t l)
{
    const struct bp_layer *layer = &an->net->spec.layer[l];
    const size_t count = an->at->n * layer->width;
    for (size_t k = 0; k < count; k++) {
        const double z = an->value.z[l][k], a = an->value.a[l][k];
        /* slopes of softmax are at most a */
        const double slope =
            layer->activation == BP_SOFTMAX ? 2.0 * fabs(a) : steepest(layer, z, a);
        an->bound.a[l][k] = slope * an->bound.z[l][k] + 2.0 * an->p * fabs(a);
    }
}

static void bound_forward(struct analysis *an)
{
    for (size_t l = 1; l <= an->net->spec.layers; l++) {
        const size_t count = an->at->n * width_of(an, l);
        memset(an->bound.z[l], 0, count * sizeof(double));
        memset(an->bound.a[l], 0, count * sizeof(double));
        if (an->same)
            continue;
        bound_z(an, l);
        bound_a(an, l);
    }
}

/* ---- backward --------------------------------------------------------------- */

/* of f'(z), computed from a */
static double bound_of_slope(const struct analysis *an, const struct bp_layer *layer, double a,
                             double error)
{
    switch (layer->activation) {
    case BP_SIGMOID:
        return fabs(1.0 - 2.0 * a) * error + 2.0 * an->p * fabs(a);
    case BP_TANH:
        return 2.0 * fabs(a) * error + 2.0 * an->p;
    default:
        return 0.0;
    }
}

/* delta = e f' */
static void bound_product(struct analysis *an, size_t l)
{
    const struct bp_layer *layer = &an->net->spec.layer[l];
    for (size_t k = 0; k < an->at->n * layer->width; k++) {
        const double a = an->value.a[l][k], e = an->value.e[l][k];
        const double slope = steepest(layer, an->value.z[l][k], a);
        an->bound.delta[l][k] = slope * an->bound.e[l][k] +
                                fabs(e) * bound_of_slope(an, layer, a, an->bound.a[l][k]) +
                                2.0 * an->p * fabs(an->value.delta[l][k]);
    }
}

/* delta_k = a_k (e_k - sum of e a), one sample */
static void bound_softmax(struct analysis *an, size_t l, size_t s)
{
    const size_t width = width_of(an, l), at = s * width;
    double dot = 0.0, off = 0.0;
    for (size_t k = at; k < at + width; k++) {
        const double a = fabs(an->value.a[l][k]), e = fabs(an->value.e[l][k]);
        dot += a * e;
        off += a * an->bound.e[l][k] + e * an->bound.a[l][k];
    }
    off += an->p * growth(width) * dot;
    for (size_t k = at; k < at + width; k++) {
        const double a = fabs(an->value.a[l][k]), e = fabs(an->value.e[l][k]);
        an->bound.delta[l][k] =
            a * (an->bound.e[l][k] + off + 2.0 * an->p * (e + dot)) + an->bound.a[l][k] * (e + dot);
    }
}

static void bound_output(struct analysis *an)
{
    const struct bp_spec *spec = &an->net->spec;
    const size_t l = spec->layers, count = an->at->n * width_of(an, l);
    const bool matched = bp_loss_is_matched(spec->loss, spec->layer[l].activation);
    for (size_t k = 0; k < count; k++) {
        const double a = an->value.a[l][k], t = an->at->t[k], e = an->value.e[l][k];
        const double off = an->bound.a[l][k] + 2.0 * an->p * (fabs(a) + fabs(t));
        /* a (1 - a), by which cross-entropies divide */
        const double room = spec->loss == BP_SQUARED_ERROR           ? 1.0
                            : spec->loss == BP_SOFTMAX_CROSS_ENTROPY ? fabs(a)
                                                                     : fabs(a * (1.0 - a));
        const double own =
            spec->loss == BP_SQUARED_ERROR ? spec->factor * off : 2.0 * fabs(e) * off / room;
        an->bound.e[l][k] = own;
        if (matched)
            an->bound.delta[l][k] = spec->factor * off;
    }
    if (matched)
        return;
    if (spec->layer[l].activation != BP_SOFTMAX)
        bound_product(an, l);
    else
        for (size_t s = 0; s < an->at->n; s++)
            bound_softmax(an, l, s);
}

/* errors of e_l: |W|^T (errors of delta + p sqrt(m) |delta|) */
static void bound_e(struct analysis *an, size_t l)
{
    const size_t n = an->at->n, out = width_of(an, l + 1);
    const double p = an->p * growth(out);
    for (size_t k = 0; k < n * out; k++)
        an->size[k] = an->bound.delta[l + 1][k] + p * fabs(an->value.delta[l + 1][k]);
    bp_kernel_propagate(n, width_of(an, l), out, an->size,
                        an->absolute + bp_mlp_weights(an->net, l + 1)->offset, an->bound.e[l]);
}

/* errors of dW, db: sums over the batch of what their terms are off by */
static void bound_gradient(struct analysis *an, size_t l)
{
    const size_t n = an->at->n, in = width_of(an, l - 1), out = width_of(an, l);
    const struct bp_tensor *w = bp_mlp_weights(an->net, l), *b = bp_mlp_biases(an->net, l);
    const double p = an->p * growth(n);
    double *dw = an->grad + w->offset;
    for (size_t k = 0; k < n * out; k++)
        an->size[k] = an->bound.delta[l][k] + p * fabs(an->value.delta[l][k]);
    absolute_of(n * in, an->value.a[l - 1], an->sum);
    bp_kernel_outer(n, in, out, an->size, an->sum, dw);
    if (b != NULL)
        bp_kernel_column_sum(n, out, an->size, an->grad + b->offset);
    if (l == 1 || an->same)
        return;
    double *extra = an->bound.sum + w->offset;
    absolute_of(n * out, an->value.delta[l], an->size);
    bp_kernel_outer(n, in, out, an->size, an->bound.a[l - 1], extra);
    for (size_t k = 0; k < w->count; k++)
        dw[k] += extra[k];
}

static void bound_backward(struct analysis *an)
{
    bound_output(an);
    bound_gradient(an, an->net->spec.layers);
    for (size_t l = an->net->spec.layers - 1; l >= 1; l--) {
        bound_e(an, l);
        bound_product(an, l);
        bound_gradient(an, l);
    }
}

/* ---- the whole -------------------------------------------------------------- */

static enum bp_status start(struct analysis *an)
{
    const struct bp_mlp *net = an->net;
    size_t widest = 0;
    for (size_t l = 0; l <= net->spec.layers; l++)
        widest = width_of(an, l) > widest ? width_of(an, l) : widest;
    const size_t numbers = 2 * net->n_theta + 2 * an->at->n * widest;
    an->ops = bp_mem_new(net->spec.layers + 1, sizeof *an->ops);
    an->absolute = bp_mem_new(numbers, sizeof *an->absolute);
    if (an->ops == NULL || an->absolute == NULL ||
        bp_pass_init(&an->value, net, an->at->n) != BP_OK ||
        bp_pass_init(&an->bound, net, an->at->n) != BP_OK)
        return BP_ENOMEM;
    an->grad = an->absolute + net->n_theta;
    an->size = an->grad + net->n_theta;
    an->sum = an->size + an->at->n * widest;
    for (size_t l = 0; l <= net->spec.layers; l++)
        an->ops[l] = *bp_ops_right();
    an->value.ops = an->ops;
    an->value.grad = an->grad;
    an->value.theta = an->at->theta != NULL ? an->at->theta : net->theta;
    absolute_of(net->n_theta, an->value.theta, an->absolute);
    return BP_OK;
}

/* A bound that is no number is no bound. */
static double bounded(double error)
{
    return isnan(error) ? INFINITY : BP_ROUNDING_MARGIN * error;
}

static void hand_out(const struct analysis *an, double *rounding)
{
    const struct bp_spec *spec = &an->net->spec;
    const double n = spec->reduction == BP_MEAN ? (double)an->at->n : 1.0;
    for (size_t k = 0; k < an->net->n_theta; k++)
        rounding[k] = bounded(an->grad[k] / n + 2.0 * an->p * spec->l2 * an->absolute[k]);
    rounding += an->net->n_theta;
    for (size_t l = 1; l <= spec->layers; l++)
        for (size_t k = 0; k < an->at->n * width_of(an, l); k++)
            *rounding++ = bounded(an->bound.delta[l][k]);
}

enum bp_status bp_gradcheck_rounding(const struct bp_loss_at *at, double p, bool same,
                                     double *rounding)
{
    struct analysis an = {.at = at, .net = at->net, .p = p, .same = same};
    const enum bp_status status = start(&an);
    if (status == BP_OK) {
        bp_pass_forward(&an.value, at->n, at->x);
        bp_pass_backward(&an.value, at->t);
        bound_forward(&an);
        bound_backward(&an);
        hand_out(&an, rounding);
    }
    bp_mem_free(an.ops);
    bp_mem_free(an.absolute);
    bp_pass_release(&an.value);
    bp_pass_release(&an.bound);
    return status;
}
