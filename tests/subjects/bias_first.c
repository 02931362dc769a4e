/* The bias is weight 0 of every unit; activations carry a 1 in front. */
#include <stdio.h>
#include <stdlib.h>
#include <math.h>

enum { NI = 3, NH = 4, NO = 2 };

static double W1[NH][NI + 1], W2[NO][NH + 1];
static double G1[NH][NI + 1], G2[NO][NH + 1];
static double a0[NI + 1], a1[NH + 1], y[NO];

static double logistic(double v) { return 1 / (1 + exp(-v)); }

void propagate(const double *x)
{
    a0[0] = 1;
    for (int i = 0; i < NI; i++)
        a0[i + 1] = x[i];
    a1[0] = 1;
    for (int j = 0; j < NH; j++) {
        double v = 0;
        for (int i = 0; i <= NI; i++)
            v += W1[j][i] * a0[i];
        a1[j + 1] = logistic(v);
    }
    for (int k = 0; k < NO; k++) {
        double v = 0;
        for (int j = 0; j <= NH; j++)
            v += W2[k][j] * a1[j];
        y[k] = logistic(v);
    }
}

/* dE/dw for one pattern, E = 1/2 sum (y - t)^2 */
void gradient(const double *x, const double *t)
{
    double dk[NO], dj[NH];
    propagate(x);
    for (int k = 0; k < NO; k++)
        dk[k] = (y[k] - t[k]) * y[k] * (1 - y[k]);
    for (int j = 0; j < NH; j++) {
        double s = 0;
        for (int k = 0; k < NO; k++)
            s += W2[k][j] * dk[k];
        dj[j] = s * a1[j + 1] * (1 - a1[j + 1]);
    }
    for (int k = 0; k < NO; k++)
        for (int j = 0; j <= NH; j++)
            G2[k][j] = dk[k] * a1[j];
    for (int j = 0; j < NH; j++)
        for (int i = 0; i <= NI; i++)
            G1[j][i] = dj[j] * a0[i];
}

void learn(const double *x, const double *t, double eta)
{
    gradient(x, t);
    for (int k = 0; k < NO; k++)
        for (int j = 0; j <= NH; j++)
            W2[k][j] -= eta * G2[k][j];
    for (int j = 0; j < NH; j++)
        for (int i = 0; i <= NI; i++)
            W1[j][i] -= eta * G1[j][i];
}

int main(void)
{
    srand(11);
    for (int j = 0; j < NH; j++)
        for (int i = 0; i <= NI; i++)
            W1[j][i] = 2.0 * rand() / RAND_MAX - 1;
    for (int k = 0; k < NO; k++)
        for (int j = 0; j <= NH; j++)
            W2[k][j] = 2.0 * rand() / RAND_MAX - 1;
    /* full adder: sum and carry of three bits */
    for (int it = 0; it < 20000; it++) {
        int p = rand() & 7;
        double x[3] = {p & 1, p >> 1 & 1, p >> 2 & 1};
        int n = (p & 1) + (p >> 1 & 1) + (p >> 2 & 1);
        double t[2] = {n & 1, n >> 1};
        learn(x, t, 0.9);
    }
    for (int p = 0; p < 8; p++) {
        double x[3] = {p & 1, p >> 1 & 1, p >> 2 & 1};
        propagate(x);
        printf("%d%d%d -> %.2f %.2f\n", p & 1, p >> 1 & 1, p >> 2 & 1, y[0], y[1]);
    }
    return 0;
}

#ifdef BACKPROBE
#include "backprobe.h"

static int predict(void *self, const double *theta, const struct bp_batch *batch, double *out)
{
    for (size_t s = 0; s < batch->n; s++) {
        propagate(batch->x + s * NI);
        for (int k = 0; k < NO; k++)
            out[s * NO + k] = y[k];
    }
    return 0;
}

/* the program knows one pattern at a time: the mean over the batch is taken here */
static int mean_gradient(void *self, const double *theta, const struct bp_batch *batch, double *g)
{
    int n1 = NH * (NI + 1), n2 = NO * (NH + 1);
    for (int i = 0; i < n1 + n2; i++)
        g[i] = 0;
    for (size_t s = 0; s < batch->n; s++) {
        gradient(batch->x + s * NI, batch->t + s * NO);
        for (int i = 0; i < n1; i++)
            g[i] += (&G1[0][0])[i] / batch->n;
        for (int i = 0; i < n2; i++)
            g[n1 + i] += (&G2[0][0])[i] / batch->n;
    }
    return 0;
}

static const struct bp_array arrays[] = {
    {1, BP_ARRAY_BIAS_FIRST, BP_OUT_IN, BP_DOUBLE, W1, NULL},
    {2, BP_ARRAY_BIAS_FIRST, BP_OUT_IN, BP_DOUBLE, W2, NULL},
};

int backprobe_subject(struct bp_subject *s)
{
    s->abi = BACKPROBE_ABI;
    s->name = "bias_first";
    s->network = "3-4-2 sigmoid squared-error mean";
    s->arrays = arrays;
    s->n_arrays = 2;
    s->predict = predict;
    s->gradient = mean_gradient;
    return 0;
}
#endif
