/* case_a.c -- mini-batch descent with lists of weights, biases and activations, as
 * in a well-known online book's network class; sigmoid, squared error.
 *
 * A1  the loop over the earlier layers runs to the number of weight matrices where
 *     the number of layers was needed: the first layer gets no gradient
 * A2  the list of activations does not begin with the input: counted from the end
 *     it is right for every layer but the first, which gets its own activation
 */
#include "scenarios/case.h"

#include "core/fmath.h"
#include "core/mem.h"

#include <string.h>

enum { A1 = 1, A2 = 2, LAYERS_MOST = 8 };

struct network {
    unsigned repaired;
    size_t num_layers; /* the input counts */
    size_t sizes[LAYERS_MOST + 1];
    double *weights[LAYERS_MOST], *biases[LAYERS_MOST]; /* weights[k]: sizes[k+1] x sizes[k] */
    double *nabla_w[LAYERS_MOST], *nabla_b[LAYERS_MOST];
    double *input;
    double *activations[LAYERS_MOST]; /* of layer k + 1 */
    double *delta, *above;
};

static double sigmoid_prime(double a)
{
    return a * (1.0 - a);
}

static void feed_forward(struct network *net, const double *x)
{
    memcpy(net->input, x, net->sizes[0] * sizeof *x);
    for (size_t k = 0; k + 1 < net->num_layers; k++) {
        const double *in = k == 0 ? net->input : net->activations[k - 1];
        for (size_t i = 0; i < net->sizes[k + 1]; i++) {
            double z = net->biases[k][i];
            for (size_t j = 0; j < net->sizes[k]; j++)
                z += net->weights[k][i * net->sizes[k] + j] * in[j];
            net->activations[k][i] = bp_sigmoid(z);
        }
    }
}

/* The activation that goes into matrix k, looked up in the list. */
static const double *activation_into(const struct network *net, size_t k, size_t *count)
{
    if (k > 0) {
        /* cppcheck-suppress arrayIndexOutOfBoundsCond ; k is below LAYERS_MOST */
        *count = net->sizes[k];
        return net->activations[k - 1];
    }
    if (net->repaired & A2) {
        *count = net->sizes[0];
        return net->input;
    }
    *count = net->sizes[1]; /* the list begins with layer 1 */
    return net->activations[0];
}

static void add_gradient(struct network *net, size_t k)
{
    size_t count;
    const double *a = activation_into(net, k, &count);
    for (size_t i = 0; i < net->sizes[k + 1]; i++) {
        net->nabla_b[k][i] += net->delta[i];
        for (size_t j = 0; j < net->sizes[k]; j++)
            net->nabla_w[k][i * net->sizes[k] + j] += net->delta[i] * a[j % count];
    }
}

static void backprop(struct network *net, const double *x, const double *y)
{
    const size_t matrices = net->num_layers - 1;
    feed_forward(net, x);
    const double *out = net->activations[matrices - 1];
    for (size_t i = 0; i < net->sizes[matrices]; i++)
        net->delta[i] = (out[i] - y[i]) * sigmoid_prime(out[i]);
    add_gradient(net, matrices - 1);
    const size_t end = net->repaired & A1 ? net->num_layers : matrices;
    for (size_t l = 2; l < end; l++) {
        const size_t k = matrices - l; /* this matrix; k + 1 is the one above */
        memcpy(net->above, net->delta, net->sizes[k + 2] * sizeof *net->above);
        for (size_t i = 0; i < net->sizes[k + 1]; i++) {
            double sum = 0.0;
            for (size_t m = 0; m < net->sizes[k + 2]; m++)
                sum += net->weights[k + 1][m * net->sizes[k + 1] + i] * net->above[m];
            net->delta[i] = sum * sigmoid_prime(net->activations[k][i]);
        }
        add_gradient(net, k);
    }
}

static int update_mini_batch(void *self, const double *theta, const struct bp_batch *batch,
                             double eta, double *next)
{
    struct network *net = self;
    (void)theta;
    (void)next;
    for (size_t k = 0; k + 1 < net->num_layers; k++) {
        memset(net->nabla_w[k], 0, net->sizes[k + 1] * net->sizes[k] * sizeof(double));
        memset(net->nabla_b[k], 0, net->sizes[k + 1] * sizeof(double));
    }
    for (size_t s = 0; s < batch->n; s++)
        backprop(net, batch->x + s * net->sizes[0], batch->t + s * net->sizes[net->num_layers - 1]);
    const double scale = eta / (double)batch->n;
    for (size_t k = 0; k + 1 < net->num_layers; k++) {
        for (size_t i = 0; i < net->sizes[k + 1] * net->sizes[k]; i++)
            net->weights[k][i] -= scale * net->nabla_w[k][i];
        for (size_t i = 0; i < net->sizes[k + 1]; i++)
            net->biases[k][i] -= scale * net->nabla_b[k][i];
    }
    return 0;
}

static int predict(void *self, const double *theta, const struct bp_batch *batch, double *y)
{
    struct network *net = self;
    const size_t n_out = net->sizes[net->num_layers - 1];
    (void)theta;
    for (size_t s = 0; s < batch->n; s++) {
        feed_forward(net, batch->x + s * net->sizes[0]);
        memcpy(y + s * n_out, net->activations[net->num_layers - 2], n_out * sizeof *y);
    }
    return 0;
}

static void release(void *self)
{
    struct network *net = self;
    if (net == NULL)
        return;
    for (size_t k = 0; k < LAYERS_MOST; k++) {
        double *owned[] = {net->weights[k], net->biases[k], net->nabla_w[k], net->nabla_b[k],
                           net->activations[k]};
        for (size_t i = 0; i < sizeof owned / sizeof owned[0]; i++)
            bp_mem_free(owned[i]);
    }
    bp_mem_free(net->input);
    bp_mem_free(net->delta);
    bp_mem_free(net->above);
    bp_mem_free(net);
}

static bool allocate(struct network *net)
{
    size_t most = 0;
    for (size_t k = 0; k < net->num_layers; k++)
        most = net->sizes[k] > most ? net->sizes[k] : most;
    net->input = bp_mem_new(net->sizes[0], sizeof(double));
    net->delta = bp_mem_new(most, sizeof(double));
    net->above = bp_mem_new(most, sizeof(double));
    bool all = net->input != NULL && net->delta != NULL && net->above != NULL;
    for (size_t k = 0; k + 1 < net->num_layers && all; k++) {
        const size_t out = net->sizes[k + 1];
        net->weights[k] = bp_mem_new(out * net->sizes[k], sizeof(double));
        net->nabla_w[k] = bp_mem_new(out * net->sizes[k], sizeof(double));
        net->biases[k] = bp_mem_new(out, sizeof(double));
        net->nabla_b[k] = bp_mem_new(out, sizeof(double));
        net->activations[k] = bp_mem_new(out, sizeof(double));
        all = net->weights[k] != NULL && net->nabla_w[k] != NULL && net->biases[k] != NULL &&
              net->nabla_b[k] != NULL && net->activations[k] != NULL;
    }
    return all;
}

static enum bp_status open_case(struct bp_case_program *program, const struct bp_spec *spec,
                                struct bp_error *error)
{
    if (spec->layers > LAYERS_MOST)
        return bp_error_set(error, BP_EINPUT, "case-a: at most %d layers", LAYERS_MOST);
    struct network *net = bp_mem_new(1, sizeof *net);
    program->self = net;
    program->release = release;
    if (net == NULL)
        return BP_ENOMEM;
    net->repaired = program->repaired;
    net->num_layers = spec->layers + 1;
    for (size_t l = 0; l <= spec->layers; l++)
        net->sizes[l] = spec->layer[l].width;
    if (!allocate(net))
        return BP_ENOMEM;
    struct bp_spec own;
    if (bp_spec_copy(&own, spec) != BP_OK)
        return BP_ENOMEM;
    for (size_t l = 1; l <= own.layers; l++) {
        own.layer[l].activation = BP_SIGMOID;
        own.layer[l].has_bias = true;
        bp_case_array(program, l, BP_ARRAY_WEIGHTS, BP_OUT_IN, net->weights[l - 1]);
        bp_case_array(program, l, BP_ARRAY_BIASES, BP_OUT_IN, net->biases[l - 1]);
    }
    own.loss = BP_SQUARED_ERROR;
    own.reduction = BP_MEAN;
    bp_spec_text(&own, program->network, sizeof program->network);
    bp_spec_release(&own);
    program->subject.self = net;
    program->subject.predict = predict;
    program->subject.step = update_mini_batch;
    return BP_OK;
}

const struct bp_case bp_case_a = {
    .name = "a",
    .title = "case A: mini-batch descent on digits",
    .fault = {{"A1", "the loop over layers ends one short"},
              {"A2", "the list of activations lacks the input"}},
    .n_faults = 2,
    .open = open_case,
};
