/* case_d.c -- mini-batches, an activation per layer, biases that start at zero.
 *
 * Its code is right. D1 (every weight zero) and D2 (every weight equal) are its
 * start, which the scenario sets. Weights are stored input by neuron.
 */
#include "scenarios/case.h"

#include "core/mem.h"

#include <string.h>

struct layer {
    size_t in, out;
    enum bp_activation f;
    double *w; /* w[j * out + i]: from input j to neuron i */
    double *b;
    double *z, *a, *delta, *dw, *db;
};

struct model {
    size_t n;
    struct layer *layer; /* [n] */
};

static void predict_one(struct model *m, const double *x)
{
    for (size_t l = 0; l < m->n; l++) {
        struct layer *layer = &m->layer[l];
        const double *in = l == 0 ? x : m->layer[l - 1].a;
        memcpy(layer->z, layer->b, layer->out * sizeof(double));
        for (size_t j = 0; j < layer->in; j++)
            for (size_t i = 0; i < layer->out; i++)
                layer->z[i] += in[j] * layer->w[j * layer->out + i];
        for (size_t i = 0; i < layer->out; i++)
            layer->a[i] = bp_activation_at(layer->f, BP_LEAKY_SLOPE, layer->z[i]);
    }
}

static double slope_at(const struct layer *layer, size_t i)
{
    return bp_activation_slope(layer->f, BP_LEAKY_SLOPE, layer->z[i], layer->a[i]);
}

static void learn_one(struct model *m, const double *x, const double *t)
{
    predict_one(m, x);
    for (size_t l = m->n; l-- > 0;) {
        struct layer *layer = &m->layer[l];
        for (size_t i = 0; i < layer->out; i++) {
            double e = 0.0;
            if (l + 1 == m->n)
                e = layer->a[i] - t[i];
            else
                for (size_t k = 0; k < m->layer[l + 1].out; k++)
                    e += m->layer[l + 1].w[i * m->layer[l + 1].out + k] * m->layer[l + 1].delta[k];
            layer->delta[i] = e * slope_at(layer, i);
        }
        const double *in = l == 0 ? x : m->layer[l - 1].a;
        for (size_t i = 0; i < layer->out; i++) {
            layer->db[i] += layer->delta[i];
            for (size_t j = 0; j < layer->in; j++)
                layer->dw[j * layer->out + i] += layer->delta[i] * in[j];
        }
    }
}

static int learn(void *self, const double *theta, const struct bp_batch *batch, double rate,
                 double *next)
{
    struct model *m = self;
    (void)theta;
    (void)next;
    for (size_t l = 0; l < m->n; l++) {
        memset(m->layer[l].dw, 0, m->layer[l].in * m->layer[l].out * sizeof(double));
        memset(m->layer[l].db, 0, m->layer[l].out * sizeof(double));
    }
    for (size_t s = 0; s < batch->n; s++)
        learn_one(m, batch->x + s * m->layer[0].in, batch->t + s * m->layer[m->n - 1].out);
    for (size_t l = 0; l < m->n; l++) {
        struct layer *layer = &m->layer[l];
        for (size_t k = 0; k < layer->in * layer->out; k++)
            layer->w[k] -= rate * layer->dw[k] / (double)batch->n;
        for (size_t i = 0; i < layer->out; i++)
            layer->b[i] -= rate * layer->db[i] / (double)batch->n;
    }
    return 0;
}

static int predict(void *self, const double *theta, const struct bp_batch *batch, double *y)
{
    struct model *m = self;
    const struct layer *last = &m->layer[m->n - 1];
    (void)theta;
    for (size_t s = 0; s < batch->n; s++) {
        predict_one(m, batch->x + s * m->layer[0].in);
        memcpy(y + s * last->out, last->a, last->out * sizeof *y);
    }
    return 0;
}

static void release(void *self)
{
    struct model *m = self;
    if (m == NULL)
        return;
    for (size_t l = 0; l < m->n && m->layer != NULL; l++)
        bp_mem_free(m->layer[l].w);
    bp_mem_free(m->layer);
    bp_mem_free(m);
}

/* One block a layer. */
static bool allocate(struct layer *layer)
{
    const size_t weights = layer->in * layer->out;
    double *at = bp_mem_new(2 * weights + 5 * layer->out, sizeof *at);
    layer->w = at;
    if (at == NULL)
        return false;
    layer->dw = at + weights;
    layer->b = layer->dw + weights;
    layer->db = layer->b + layer->out;
    layer->z = layer->db + layer->out;
    layer->a = layer->z + layer->out;
    layer->delta = layer->a + layer->out;
    return true;
}

static enum bp_status open_case(struct bp_case_program *program, const struct bp_spec *spec,
                                struct bp_error *error)
{
    if (spec->layer[spec->layers].activation == BP_SOFTMAX || spec->loss != BP_SQUARED_ERROR)
        return bp_error_set(error, BP_EINPUT,
                            "case-d: this program knows squared error only, no softmax");
    struct model *m = bp_mem_new(1, sizeof *m);
    program->self = m;
    program->release = release;
    if (m == NULL)
        return BP_ENOMEM;
    m->n = spec->layers;
    m->layer = bp_mem_new(m->n, sizeof *m->layer);
    struct bp_spec own = {0};
    bool all = m->layer != NULL && bp_spec_copy(&own, spec) == BP_OK;
    for (size_t l = 0; l < m->n && all; l++) {
        m->layer[l].in = spec->layer[l].width;
        m->layer[l].out = spec->layer[l + 1].width;
        m->layer[l].f = spec->layer[l + 1].activation;
        all = allocate(&m->layer[l]);
        if (!all)
            break;
        own.layer[l + 1].has_bias = true;
        own.layer[l + 1].slope = BP_LEAKY_SLOPE;
        bp_case_array(program, l + 1, BP_ARRAY_WEIGHTS, BP_IN_OUT, m->layer[l].w);
        bp_case_array(program, l + 1, BP_ARRAY_BIASES, BP_OUT_IN, m->layer[l].b);
    }
    if (all) {
        own.reduction = BP_MEAN;
        bp_spec_text(&own, program->network, sizeof program->network);
    }
    bp_spec_release(&own);
    program->subject.self = m;
    program->subject.predict = predict;
    program->subject.step = learn;
    return all ? BP_OK : BP_ENOMEM;
}

const struct bp_case bp_case_d = {
    .name = "d",
    .title = "case D: an activation per layer, equal weights",
    .n_faults = 0,
    .open = open_case,
};
