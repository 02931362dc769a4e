/* 3-5-4: learns parity, majority, and / nand of three bits */
#include <stdio.h>
#include <stdlib.h>
#include <math.h>

#define NX 3
#define NH 5
#define NY 4

double Wh[NH][NX], bh[NH];
double Wy[NY][NH], by[NY];
double h[NH], y[NY];

static double f(double s) { return 1.0 / (1.0 + exp(-s)); }
static double df(double o) { return o * (1.0 - o); }   /* o is already f(s) */

void propagate(const double *x)
{
    int i, j;
    for (j = 0; j < NH; j++) {
        double s = bh[j];
        for (i = 0; i < NX; i++)
            s += Wh[j][i] * x[i];
        h[j] = f(s);
    }
    for (j = 0; j < NY; j++) {
        double s = by[j];
        for (i = 0; i < NH; i++)
            s += Wy[j][i] * h[i];
        y[j] = f(s);
    }
}

void train(const double *x, const double *t, double rate)
{
    double dy[NY], dh[NH], err;
    int i, j;

    propagate(x);
    for (j = 0; j < NY; j++)
        dy[j] = (t[j] - y[j]) * df(y[j]);
    for (i = 0; i < NH; i++) {
        err = 0.0;
        for (j = 0; j < NY; j++)
            err = dy[j] * Wy[j][i];
        dh[i] = err * df(h[i]);
    }
    for (j = 0; j < NY; j++) {
        for (i = 0; i < NH; i++)
            Wy[j][i] += rate * dy[j] * h[i];
        by[j] += rate * dy[j];
    }
    for (j = 0; j < NH; j++) {
        for (i = 0; i < NX; i++)
            Wh[j][i] += rate * dh[j] * x[i];
        bh[j] += rate * dh[j];
    }
}

int main(void)
{
    int i, j, n;
    srand(77);
    for (j = 0; j < NH; j++) {
        for (i = 0; i < NX; i++)
            Wh[j][i] = 4.0 * rand() / RAND_MAX - 2.0;
        bh[j] = 2.0 * rand() / RAND_MAX - 1.0;
    }
    for (j = 0; j < NY; j++)
        for (i = 0; i < NH; i++)
            Wy[j][i] = 2.0 * rand() / RAND_MAX - 1.0;
    for (n = 0; n < 40000; n++) {
        int p = rand() % 8, ones = (p & 1) + (p >> 1 & 1) + (p >> 2);
        double x[NX] = {p & 1, p >> 1 & 1, p >> 2};
        double t[NY] = {ones & 1, ones > 1, ones == 3, ones != 3};
        train(x, t, 0.5);
    }
    for (n = 0; n < 8; n++) {
        double x[NX] = {n & 1, n >> 1 & 1, n >> 2};
        propagate(x);
        printf("%d  %.2f %.2f %.2f %.2f\n", n, y[0], y[1], y[2], y[3]);
    }
    return 0;
}

#ifdef BACKPROBE
#include "backprobe.h"

static int predict(void *self, const double *theta, const struct bp_batch *b, double *result)
{
    for (size_t s = 0; s < b->n; s++) {
        propagate(b->x + s * NX);
        for (int j = 0; j < NY; j++)
            result[s * NY + j] = y[j];
    }
    return 0;
}

static int step(void *self, const double *theta, const struct bp_batch *b, double rate, double *next)
{
    train(b->x, b->t, rate);
    return 0;
}

int backprobe_subject(struct bp_subject *s)
{
    static const struct bp_array arrays[] = {
        {1, BP_ARRAY_WEIGHTS, BP_OUT_IN, BP_DOUBLE, Wh, 0},
        {1, BP_ARRAY_BIASES, BP_OUT_IN, BP_DOUBLE, bh, 0},
        {2, BP_ARRAY_WEIGHTS, BP_OUT_IN, BP_DOUBLE, Wy, 0},
        {2, BP_ARRAY_BIASES, BP_OUT_IN, BP_DOUBLE, by, 0},
    };
    s->abi = BACKPROBE_ABI;
    s->name = "parity_steps";
    s->network = "3-5-4 sigmoid squared-error";
    s->arrays = arrays;
    s->n_arrays = 4;
    s->predict = predict;
    s->step = step;
    s->rate_kind = BP_RATE_GIVEN;
    s->step_kind = BP_STEP_SAMPLE;
    return 0;
}
#endif
