/*
 * Interface of a "black box" library: create, predict, train. The learning rate is
 * chosen inside. L2 on the weights. Cross-entropy, sigmoid units.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct ann ann;
struct ann {
    int n[4];
    double *w[3];        /* n[l+1] rows of n[l] weights */
    double *b[3];
    double *a[4], *e[4];
};

static const double ETA = 0.37, LAMBDA = 0.004;

ann *ann_create(int in, int h1, int h2, int out)
{
    ann *net = malloc(sizeof *net);
    int n[4] = {in, h1, h2, out};
    memcpy(net->n, n, sizeof n);
    for (int l = 0; l < 4; l++) {
        net->a[l] = malloc(n[l] * sizeof(double));
        net->e[l] = malloc(n[l] * sizeof(double));
    }
    for (int l = 0; l < 3; l++) {
        net->w[l] = malloc(n[l] * n[l + 1] * sizeof(double));
        net->b[l] = calloc(n[l + 1], sizeof(double));
        for (int k = 0; k < n[l] * n[l + 1]; k++)
            net->w[l][k] = (rand() / (double)RAND_MAX - 0.5) * 2;
    }
    return net;
}

const double *ann_predict(ann *net, const double *x)
{
    memcpy(net->a[0], x, net->n[0] * sizeof *x);
    for (int l = 0; l < 3; l++) {
        const double *w = net->w[l];
        for (int i = 0; i < net->n[l + 1]; i++) {
            double z = net->b[l][i];
            for (int j = 0; j < net->n[l]; j++)
                z += *w++ * net->a[l][j];
            net->a[l + 1][i] = 0.5 + 0.5 * tanh(z / 2);
        }
    }
    return net->a[3];
}

void ann_train(ann *net, const double *x, const double *t)
{
    ann_predict(net, x);
    for (int i = 0; i < net->n[3]; i++)
        net->e[3][i] = t[i] - net->a[3][i];
    for (int l = 2; l >= 0; l--) {
        double *w = net->w[l];
        for (int j = 0; j < net->n[l]; j++)
            net->e[l][j] = 0;
        for (int i = 0; i < net->n[l + 1]; i++)
            for (int j = 0; j < net->n[l]; j++, w++) {
                net->e[l][j] += *w * net->e[l + 1][i];
                *w += ETA * (net->e[l + 1][i] * net->a[l][j] - LAMBDA * *w);
            }
        for (int i = 0; i < net->n[l + 1]; i++)
            net->b[l][i] += ETA * net->e[l + 1][i];
        for (int j = 0; j < net->n[l]; j++)
            net->e[l][j] *= net->a[l][j] - net->a[l][j] * net->a[l][j];
    }
}

int main(void)
{
    int right = 0;
    srand(36);
    ann *net = ann_create(3, 6, 5, 2);
    for (int n = 0; n < 20000; n++) {
        double x[3], t[2];
        for (int i = 0; i < 3; i++)
            x[i] = 2.0 * rand() / RAND_MAX - 1;
        t[0] = x[0] > x[1];
        t[1] = x[0] + x[1] + x[2] > 0;
        const double *y = ann_predict(net, x);
        if (n >= 19000)
            right += ((y[0] > 0.5) == t[0]) + ((y[1] > 0.5) == t[1]);
        ann_train(net, x, t);
    }
    printf("%d of 2000 right\n", right);
    return 0;
}

#ifdef BACKPROBE
#include "backprobe.h"

static ann *net;

static int predict(void *self, const double *theta, const struct bp_batch *b, double *y)
{
    for (size_t s = 0; s < b->n; s++)
        memcpy(y + 2 * s, ann_predict(net, b->x + 3 * s), 2 * sizeof *y);
    return 0;
}

static int step(void *self, const double *theta, const struct bp_batch *b, double rate, double *next)
{
    ann_train(net, b->x, b->t);
    return 0;
}

int backprobe_subject(struct bp_subject *s)
{
    static struct bp_array arrays[6];
    net = ann_create(3, 6, 5, 2);
    for (int k = 0; k < 6; k++)
        arrays[k] = (struct bp_array){k / 2 + 1, k % 2 ? BP_ARRAY_BIASES : BP_ARRAY_WEIGHTS, BP_OUT_IN,
                                      BP_DOUBLE, k % 2 ? net->b[k / 2] : net->w[k / 2], NULL};
    s->abi = BACKPROBE_ABI;
    s->name = "hidden_rate";
    s->network = "3-6-5-2 sigmoid binary-cross-entropy l2=0.004";
    s->arrays = arrays;
    s->n_arrays = 6;
    s->predict = predict;
    s->step = step;
    s->rate_kind = BP_RATE_UNKNOWN;
    s->step_kind = BP_STEP_SAMPLE;
    return 0;
}
#endif
