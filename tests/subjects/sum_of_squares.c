/* Curve fitting. E = sum over points and outputs of (y - t)^2, no half, no mean. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* parameters of one layer: n_out rows of n_in + 1 numbers, the bias first */
#define ROW(w, i, n_in) ((w) + (i) * ((n_in) + 1))

#define A 2
#define B 6
#define C 3
#define NPAR (B * (A + 1) + C * (B + 1))

double par[NPAR], der[NPAR];

void model(const double *p, const double *x, double *h, double *y)
{
    const double *w1 = p, *w2 = p + B * (A + 1);
    for (int i = 0; i < B; i++) {
        double s = ROW(w1, i, A)[0];
        for (int j = 0; j < A; j++)
            s += ROW(w1, i, A)[1 + j] * x[j];
        h[i] = tanh(s);
    }
    for (int i = 0; i < C; i++) {
        y[i] = ROW(w2, i, B)[0];
        for (int j = 0; j < B; j++)
            y[i] += ROW(w2, i, B)[1 + j] * h[j];
    }
}

double derivatives(const double *p, const double *x, const double *t, int n, double *g)
{
    const double *w2 = p + B * (A + 1);
    double *g1 = g, *g2 = g + B * (A + 1), E = 0;

    memset(g, 0, NPAR * sizeof *g);
    for (; n > 0; n--, x += A, t += C) {
        double h[B], y[C], back[B] = {0};
        model(p, x, h, y);
        for (int i = 0; i < C; i++) {
            double d = 2 * (y[i] - t[i]);
            E += (y[i] - t[i]) * (y[i] - t[i]);
            ROW(g2, i, B)[0] += d;
            for (int j = 0; j < B; j++) {
                ROW(g2, i, B)[1 + j] += d * h[j];
                back[j] += d * ROW(w2, i, B)[1 + j];
            }
        }
        for (int i = 0; i < B; i++) {
            double d = back[i] * (1 - h[i]) * (1 + h[i]);
            ROW(g1, i, A)[0] += d;
            for (int j = 0; j < A; j++)
                ROW(g1, i, A)[1 + j] += d * x[j];
        }
    }
    return E;
}

int main(void)
{
    double x[50 * A], t[50 * C], E = 0;
    srand(66);
    for (int i = 0; i < NPAR; i++)
        par[i] = rand() / (double)RAND_MAX - 0.5;
    for (int s = 0; s < 50; s++) {
        double u = x[2 * s] = 2.0 * rand() / RAND_MAX - 1, v = x[2 * s + 1] = 2.0 * rand() / RAND_MAX - 1;
        t[3 * s] = u * v;
        t[3 * s + 1] = u * u - v;
        t[3 * s + 2] = sin(2 * u);
    }
    for (int it = 0; it < 3000; it++) {
        E = derivatives(par, x, t, 50, der);
        for (int i = 0; i < NPAR; i++)
            par[i] -= 0.001 * der[i];
    }
    printf("E = %f\n", E);
    return 0;
}

#ifdef BACKPROBE
#include "backprobe.h"

static int loss(void *self, const double *theta, const struct bp_batch *b, double *value)
{
    double g[NPAR];
    *value = derivatives(theta, b->x, b->t, (int)b->n, g);
    return 0;
}

static int predict(void *self, const double *theta, const struct bp_batch *b, double *y)
{
    double h[B];
    for (size_t s = 0; s < b->n; s++)
        model(theta, b->x + A * s, h, y + C * s);
    return 0;
}

static int gradient(void *self, const double *theta, const struct bp_batch *b, double *g)
{
    derivatives(theta, b->x, b->t, (int)b->n, g);
    return 0;
}

int backprobe_subject(struct bp_subject *s)
{
    static const struct bp_array arrays[] = {
        {1, BP_ARRAY_BIAS_FIRST, BP_OUT_IN, BP_DOUBLE, NULL, NULL},
        {2, BP_ARRAY_BIAS_FIRST, BP_OUT_IN, BP_DOUBLE, NULL, NULL},
    };
    s->abi = BACKPROBE_ABI;
    s->name = "sum_of_squares";
    s->network = "2-6-3 tanh,identity squared-error sum factor=2";
    s->arrays = arrays;
    s->n_arrays = 2;
    s->loss = loss;
    s->predict = predict;
    s->gradient = gradient;
    return 0;
}
#endif
