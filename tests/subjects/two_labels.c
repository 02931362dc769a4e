/* Two independent yes/no questions about a point: sigmoid outputs, log loss. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define X 4
#define H 6
#define Y 2

struct model {
    double v[H][X + 1];   /* v[h][X] is the bias */
    double w[Y][H + 1];
};

static struct model m;
static double hidden[H + 1], prob[Y];

static double sig(double t) { return 1. / (1. + exp(-t)); }

void answer(const struct model *m, const double x[X])
{
    for (int h = 0; h < H; h++) {
        double z = m->v[h][X];
        for (int i = 0; i < X; i++)
            z += m->v[h][i] * x[i];
        hidden[h] = tanh(z);
    }
    hidden[H] = 1;
    for (int k = 0; k < Y; k++) {
        double z = 0;
        for (int h = 0; h <= H; h++)
            z += m->w[k][h] * hidden[h];
        prob[k] = sig(z);
    }
}

/* fills g with the gradient of -sum t log p + (1-t) log(1-p) */
void grad(const struct model *m, const double x[X], const double t[Y], struct model *g)
{
    double dy[Y], dh;

    answer(m, x);
    for (int k = 0; k < Y; k++) {
        dy[k] = (prob[k] - t[k]) * prob[k] * (1 - prob[k]);
        for (int h = 0; h <= H; h++)
            g->w[k][h] = dy[k] * hidden[h];
    }
    for (int h = 0; h < H; h++) {
        dh = 0;
        for (int k = 0; k < Y; k++)
            dh += dy[k] * m->w[k][h];
        for (int i = 0; i < X; i++)
            g->v[h][i] = dh * x[i];
        g->v[h][X] = dh;
    }
}

int main(void)
{
    struct model g;
    double *pm = (double *)&m, *pg = (double *)&g;
    size_t n = sizeof m / sizeof(double);
    double loss = 0;

    srand(4);
    for (size_t i = 0; i < n; i++)
        pm[i] = rand() / (double)RAND_MAX - .5;
    for (int it = 0; it < 10000; it++) {
        double x[X], t[Y];
        for (int i = 0; i < X; i++)
            x[i] = 2. * rand() / RAND_MAX - 1;
        t[0] = x[0] + x[1] > 0;
        t[1] = x[2] * x[2] + x[3] * x[3] < .5;
        grad(&m, x, t, &g);
        for (size_t i = 0; i < n; i++)
            pm[i] -= 0.2 * pg[i];
        for (int k = 0; k < Y; k++)
            loss -= log(t[k] ? prob[k] : 1 - prob[k]);
        if (it % 2000 == 1999) {
            printf("%d %f\n", it + 1, loss / 2000);
            loss = 0;
        }
    }
    return 0;
}

#ifdef BACKPROBE
#include <string.h>
#include "backprobe.h"

static int predict(void *self, const double *theta, const struct bp_batch *batch, double *y)
{
    struct model now;
    memcpy(&now, theta, sizeof now);
    for (size_t s = 0; s < batch->n; s++) {
        answer(&now, batch->x + X * s);
        memcpy(y + Y * s, prob, sizeof prob);
    }
    return 0;
}

static int gradient(void *self, const double *theta, const struct bp_batch *batch, double *g)
{
    struct model now, one;
    size_t n = sizeof now / sizeof *g;
    memcpy(&now, theta, sizeof now);
    memset(g, 0, sizeof now);
    for (size_t s = 0; s < batch->n; s++) {
        grad(&now, batch->x + X * s, batch->t + Y * s, &one);
        for (size_t i = 0; i < n; i++)
            g[i] += ((double *)&one)[i];
    }
    return 0;
}

int backprobe_subject(struct bp_subject *s)
{
    static const struct bp_array arrays[] = {
        {1, BP_ARRAY_BIAS_LAST, BP_OUT_IN, BP_DOUBLE, NULL, NULL},
        {2, BP_ARRAY_BIAS_LAST, BP_OUT_IN, BP_DOUBLE, NULL, NULL},
    };
    s->abi = BACKPROBE_ABI;
    s->name = "two_labels";
    s->network = "4-6-2 tanh,sigmoid binary-cross-entropy sum";
    s->arrays = arrays;
    s->n_arrays = 2;
    s->predict = predict;
    s->gradient = gradient;
    return 0;
}
#endif
