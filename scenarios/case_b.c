/* case_b.c -- a vectorised full-batch class: sigmoid everywhere, each layer's biases
 * in column 0 of its matrix, squared error or log loss, and a gradient check of its
 * own that prints two columns.
 *
 * B1  the check's column "backprop gradient" lists the parameters
 * B2  the cost is a sum over the examples, the gradient a mean
 * B3  1/N is an integer division, so that every gradient is 0 (not in the program as
 *     published; "repairing" bit 2 is leaving it out, which is the default)
 *
 * B4 (start), B5 (rate) and B6 (size) are the scenario's. Where the log loss is
 * chosen the delta is still squared error's.
 */
#include "scenarios/case.h"

#include "core/fmath.h"
#include "core/mem.h"

#include <string.h>

enum { B1 = 1, B2 = 2, LAYERS_MOST = 8 };

struct net {
    unsigned repaired;
    bool log_loss;
    size_t layers, width[LAYERS_MOST + 1];
    size_t n_theta, offset[LAYERS_MOST + 1];
    double *theta; /* matrix l at offset[l]: width[l] x (1 + width[l-1]), bias first */
    double *grad;
    size_t room;                                         /* examples that the arrays below hold */
    double *a[LAYERS_MOST + 1], *delta[LAYERS_MOST + 1]; /* examples x width */
};

static const double *row_of(const struct net *net, size_t l, size_t i)
{
    return net->theta + net->offset[l] + i * (1 + net->width[l - 1]);
}

static bool make_room(struct net *net, size_t n)
{
    if (n <= net->room)
        return true;
    for (size_t l = 0; l <= net->layers; l++) {
        bp_mem_free(net->a[l]);
        bp_mem_free(net->delta[l]);
        net->a[l] = bp_mem_new(n * net->width[l], sizeof(double));
        net->delta[l] = bp_mem_new(n * net->width[l], sizeof(double));
        if (net->a[l] == NULL || net->delta[l] == NULL) {
            net->room = 0;
            return false;
        }
    }
    net->room = n;
    return true;
}

static int forward(struct net *net, const struct bp_batch *batch)
{
    if (!make_room(net, batch->n))
        return 1;
    memcpy(net->a[0], batch->x, batch->n * net->width[0] * sizeof(double));
    for (size_t l = 1; l <= net->layers; l++)
        for (size_t s = 0; s < batch->n; s++)
            for (size_t i = 0; i < net->width[l]; i++) {
                const double *w = row_of(net, l, i);
                double z = w[0];
                for (size_t j = 0; j < net->width[l - 1]; j++)
                    z += w[1 + j] * net->a[l - 1][s * net->width[l - 1] + j];
                net->a[l][s * net->width[l] + i] = bp_sigmoid(z);
            }
    return 0;
}

static int predict(void *self, const double *theta, const struct bp_batch *batch, double *y)
{
    struct net *net = self;
    (void)theta;
    if (forward(net, batch) != 0)
        return 1;
    memcpy(y, net->a[net->layers], batch->n * net->width[net->layers] * sizeof *y);
    return 0;
}

/* The cost as the class has it: the sum over the examples. */
static int cost(void *self, const double *theta, const struct bp_batch *batch, double *loss)
{
    struct net *net = self;
    (void)theta;
    if (forward(net, batch) != 0)
        return 1;
    const double *a = net->a[net->layers];
    *loss = 0.0;
    for (size_t k = 0; k < batch->n * net->width[net->layers]; k++) {
        const double t = batch->t[k];
        if (net->log_loss)
            *loss -= t * bp_log(a[k]) + (1.0 - t) * bp_log(1.0 - a[k]);
        else
            *loss += 0.5 * (a[k] - t) * (a[k] - t);
    }
    return 0;
}

static void layer_gradient(struct net *net, size_t l, size_t n, double scale)
{
    const size_t in = net->width[l - 1], out = net->width[l];
    for (size_t i = 0; i < out; i++) {
        double *g = net->grad + net->offset[l] + i * (1 + in);
        memset(g, 0, (1 + in) * sizeof *g);
        for (size_t s = 0; s < n; s++) {
            g[0] += net->delta[l][s * out + i];
            for (size_t j = 0; j < in; j++)
                g[1 + j] += net->delta[l][s * out + i] * net->a[l - 1][s * in + j];
        }
        for (size_t j = 0; j <= in; j++)
            g[j] *= scale;
    }
}

static int backward(struct net *net, const struct bp_batch *batch)
{
    if (forward(net, batch) != 0)
        return 1;
    const double scale = net->repaired & B2 ? 1.0 : 1.0 / (double)batch->n;
    for (size_t l = net->layers; l >= 1; l--) {
        const size_t out = net->width[l];
        for (size_t s = 0; s < batch->n; s++)
            for (size_t i = 0; i < out; i++) {
                double e = 0.0;
                if (l == net->layers)
                    e = net->a[l][s * out + i] - batch->t[s * out + i];
                else
                    for (size_t m = 0; m < net->width[l + 1]; m++)
                        e += row_of(net, l + 1, m)[1 + i] *
                             net->delta[l + 1][s * net->width[l + 1] + m];
                const double a = net->a[l][s * out + i];
                net->delta[l][s * out + i] = e * a * (1.0 - a);
            }
        layer_gradient(net, l, batch->n, scale);
    }
    return 0;
}

/* What its check prints under "backprop gradient". */
static int printed_gradient(void *self, const double *theta, const struct bp_batch *batch,
                            double *g)
{
    struct net *net = self;
    (void)theta;
    if (backward(net, batch) != 0)
        return 1;
    memcpy(g, net->repaired & B1 ? net->grad : net->theta, net->n_theta * sizeof *g);
    return 0;
}

static int descend(void *self, const double *theta, const struct bp_batch *batch, double rate,
                   double *next)
{
    struct net *net = self;
    (void)theta;
    (void)next;
    if (backward(net, batch) != 0)
        return 1;
    for (size_t k = 0; k < net->n_theta; k++)
        net->theta[k] -= rate * net->grad[k];
    return 0;
}

static void release(void *self)
{
    struct net *net = self;
    if (net == NULL)
        return;
    for (size_t l = 0; l <= LAYERS_MOST; l++) {
        bp_mem_free(net->a[l]);
        bp_mem_free(net->delta[l]);
    }
    bp_mem_free(net->theta);
    bp_mem_free(net->grad);
    bp_mem_free(net);
}

static enum bp_status open_case(struct bp_case_program *program, const struct bp_spec *spec,
                                struct bp_error *error)
{
    if (spec->layers > LAYERS_MOST)
        return bp_error_set(error, BP_EINPUT, "case-b: at most %d layers", LAYERS_MOST);
    struct net *net = bp_mem_new(1, sizeof *net);
    program->self = net;
    program->release = release;
    if (net == NULL)
        return BP_ENOMEM;
    net->repaired = program->repaired;
    net->log_loss = spec->loss == BP_BINARY_CROSS_ENTROPY;
    net->layers = spec->layers;
    for (size_t l = 0; l <= spec->layers; l++) {
        net->width[l] = spec->layer[l].width;
        net->offset[l] = net->n_theta;
        net->n_theta += l == 0 ? 0 : net->width[l] * (1 + net->width[l - 1]);
    }
    net->theta = bp_mem_new(net->n_theta, sizeof(double));
    net->grad = bp_mem_new(net->n_theta, sizeof(double));
    struct bp_spec own = {0};
    if (net->theta == NULL || net->grad == NULL || bp_spec_copy(&own, spec) != BP_OK)
        return BP_ENOMEM;
    for (size_t l = 1; l <= own.layers; l++) {
        own.layer[l].activation = BP_SIGMOID;
        own.layer[l].has_bias = true;
        bp_case_array(program, l, BP_ARRAY_BIAS_FIRST, BP_OUT_IN, net->theta + net->offset[l]);
    }
    own.loss = net->log_loss ? BP_BINARY_CROSS_ENTROPY : BP_SQUARED_ERROR;
    own.reduction = BP_SUM;
    bp_spec_text(&own, program->network, sizeof program->network);
    bp_spec_release(&own);
    program->subject.self = net;
    program->subject.predict = predict;
    program->subject.loss = cost;
    program->subject.gradient = printed_gradient;
    program->subject.step = descend;
    return BP_OK;
}

const struct bp_case bp_case_b = {
    .name = "b",
    .title = "case B: a vectorised full-batch class",
    .fault = {{"B1", "its check prints the weights under 'backprop gradient'"},
              {"B2", "the cost is a sum, the gradient a mean"}},
    .n_faults = 2,
    .open = open_case,
};
