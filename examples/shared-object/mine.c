/* A softmax classifier with one hidden layer, as a shared object; -DWRONG has the
 * mistake.
 *
 *     cc -shared -fPIC mine.c -o mine.so -lm
 *     backprobe check --subject ./mine.so */
#include <backprobe.h>

#include <math.h>
#include <string.h>

#define D 5
#define H 7
#define C 4

static struct {
    double w[H][D], b[H], v[C][H], c[C];
} p, g; /* parameters, and their gradient: the same struct */

static void probabilities(const double *x, double *h, double *y)
{
    double sum = 0;
    for (int i = 0; i < H; i++) {
        h[i] = p.b[i];
        for (int j = 0; j < D; j++)
            h[i] += p.w[i][j] * x[j];
        if (h[i] < 0)
            h[i] = 0;
    }
    for (int k = 0; k < C; k++) {
        double z = p.c[k];
        for (int i = 0; i < H; i++)
            z += p.v[k][i] * h[i];
        sum += y[k] = exp(z);
    }
    for (int k = 0; k < C; k++)
        y[k] /= sum;
}

static void backprop(const double *x, const double *t)
{
    double h[H], y[C];
    probabilities(x, h, y);
    for (int k = 0; k < C; k++) {
        g.c[k] += y[k] - t[k];
        for (int i = 0; i < H; i++)
            g.v[k][i] += (y[k] - t[k]) * h[i];
    }
    for (int i = 0; i < H; i++) {
        double e = 0;
        for (int k = 0; k < C; k++)
            e += (y[k] - t[k]) * p.v[k][i];
        if (h[i] == 0)
            continue;
        g.b[i] += e;
        for (int j = 0; j < D; j++)
            g.w[i][j] += e * x[j];
    }
}

static int predict(void *self, const double *theta, const struct bp_batch *batch, double *y)
{
    double h[H];
    for (size_t s = 0; s < batch->n; s++)
        probabilities(batch->x + s * D, h, y + s * C);
    return 0;
}

static int gradient(void *self, const double *theta, const struct bp_batch *batch, double *unused)
{
#ifndef WRONG
    memset(&g, 0, sizeof g);
#endif
    for (size_t s = 0; s < batch->n; s++)
        backprop(batch->x + s * D, batch->t + s * C);
    return 0;
}

static const struct bp_array arrays[] = {{1, BP_ARRAY_WEIGHTS, BP_OUT_IN, BP_DOUBLE, p.w, g.w},
                                         {1, BP_ARRAY_BIASES, BP_OUT_IN, BP_DOUBLE, p.b, g.b},
                                         {2, BP_ARRAY_WEIGHTS, BP_OUT_IN, BP_DOUBLE, p.v, g.v},
                                         {2, BP_ARRAY_BIASES, BP_OUT_IN, BP_DOUBLE, p.c, g.c}};

int backprobe_subject(struct bp_subject *subject)
{
    subject->abi = BACKPROBE_ABI;
    subject->name = "mine.so";
    subject->network = "5-7-4 relu,softmax softmax-cross-entropy sum";
    subject->arrays = arrays;
    subject->n_arrays = 4;
    subject->predict = predict;
    subject->gradient = gradient;
    return 0;
}
