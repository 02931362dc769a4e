// classic momentum: v = mu v - lr g;  w += v
#include <stdio.h>
#include <stdlib.h>
#include <math.h>
#include <string.h>

struct Layer {
    int nin, nout;
    double *w, *vw;      // w[in * nout + out]
    double *b, *vb;
    double *out, *grad;
};

struct Layer net[3];
double mu = 0.8, lr = 0.05;

void layer_init(struct Layer *l, int nin, int nout)
{
    l->nin = nin;
    l->nout = nout;
    l->w = calloc(nin * nout, sizeof(double));
    l->vw = calloc(nin * nout, sizeof(double));
    l->b = calloc(nout, sizeof(double));
    l->vb = calloc(nout, sizeof(double));
    l->out = calloc(nout, sizeof(double));
    l->grad = calloc(nout, sizeof(double));
    for (int k = 0; k < nin * nout; k++)
        l->w[k] = (rand() / (double)RAND_MAX - 0.5) * 2 * sqrt(3.0 / nin);
}

void build(void)
{
    layer_init(&net[0], 4, 7);
    layer_init(&net[1], 7, 4);
    layer_init(&net[2], 4, 3);
}

const double *propagate(const double *x)
{
    for (int n = 0; n < 3; n++) {
        struct Layer *l = &net[n];
        for (int o = 0; o < l->nout; o++)
            l->out[o] = l->b[o];
        for (int i = 0; i < l->nin; i++)
            for (int o = 0; o < l->nout; o++)
                l->out[o] += x[i] * l->w[i * l->nout + o];
        for (int o = 0; o < l->nout; o++)
            l->out[o] = n < 2 ? tanh(l->out[o]) : 1 / (1 + exp(-l->out[o]));
        x = l->out;
    }
    return x;
}

void learn(const double *x, const double *t)
{
    propagate(x);
    for (int o = 0; o < 3; o++) {
        double y = net[2].out[o];
        net[2].grad[o] = (y - t[o]) * y * (1 - y);
    }
    for (int n = 1; n >= 0; n--) {
        struct Layer *l = &net[n], *up = &net[n + 1];
        for (int i = 0; i < l->nout; i++) {
            double s = 0;
            for (int o = 0; o < up->nout; o++)
                s += up->w[i * up->nout + o] * up->grad[o];
            l->grad[i] = s * (1 - l->out[i] * l->out[i]);
        }
    }
    for (int n = 0; n < 3; n++) {
        struct Layer *l = &net[n];
        const double *in = n ? net[n - 1].out : x;
        for (int o = 0; o < l->nout; o++) {
            for (int i = 0; i < l->nin; i++) {
                int k = i * l->nout + o;
                l->vw[k] = mu * l->vw[k] - lr * l->grad[o] * in[i];
                l->w[k] += l->vw[k];
            }
            l->vb[o] = mu * l->vb[o] - lr * l->grad[o];
            l->b[o] += l->vb[o];
        }
    }
}

int main(void)
{
    double e = 0;
    srand(30);
    build();
    for (int n = 1; n <= 30000; n++) {
        double x[4], t[3];
        for (int i = 0; i < 4; i++)
            x[i] = rand() / (double)RAND_MAX * 2 - 1;
        t[0] = x[0] > x[1];
        t[1] = x[2] * x[3] > 0;
        t[2] = x[0] + x[1] + x[2] + x[3] > 0;
        learn(x, t);
        for (int o = 0; o < 3; o++)
            e += 0.5 * pow(net[2].out[o] - t[o], 2);
        if (n % 10000 == 0) {
            printf("%d %.4f\n", n, e / 10000);
            e = 0;
        }
    }
    return 0;
}

#ifdef BACKPROBE
#include "backprobe.h"

static int predict(void *self, const double *theta, const struct bp_batch *b, double *y)
{
    for (size_t s = 0; s < b->n; s++)
        memcpy(y + 3 * s, propagate(b->x + 4 * s), 3 * sizeof(double));
    return 0;
}

static int step(void *self, const double *theta, const struct bp_batch *b, double rate, double *next)
{
    lr = rate;
    learn(b->x, b->t);
    return 0;
}

static int reset(void *self)
{
    for (int n = 0; n < 3; n++) {
        memset(net[n].vw, 0, net[n].nin * net[n].nout * sizeof(double));
        memset(net[n].vb, 0, net[n].nout * sizeof(double));
    }
    return 0;
}

int backprobe_subject(struct bp_subject *s)
{
    static struct bp_array arrays[6];
    build();
    for (int n = 0; n < 3; n++) {
        arrays[2 * n] = (struct bp_array){n + 1, BP_ARRAY_WEIGHTS, BP_IN_OUT, BP_DOUBLE, net[n].w, NULL};
        arrays[2 * n + 1] = (struct bp_array){n + 1, BP_ARRAY_BIASES, BP_IN_OUT, BP_DOUBLE, net[n].b, NULL};
    }
    s->abi = BACKPROBE_ABI;
    s->name = "velocity";
    s->network = "4-7-4-3 tanh,tanh,sigmoid squared-error";
    s->arrays = arrays;
    s->n_arrays = 6;
    s->predict = predict;
    s->step = step;
    s->reset = reset;
    s->rate_kind = BP_RATE_GIVEN;
    s->step_kind = BP_STEP_SAMPLE;
    return 0;
}
#endif
