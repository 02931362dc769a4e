/* Classifies three spiral arms. relu, relu, softmax. Single precision. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define D0 2
#define D1 8
#define D2 6
#define D3 3

static float w1[D1 * D0], w2[D2 * D1], w3[D3 * D2], b1[D1], b2[D2], b3[D3];
static float gw1[D1 * D0], gw2[D2 * D1], gw3[D3 * D2], gb1[D1], gb2[D2], gb3[D3];

static void dense(const float *w, const float *b, const float *x, float *z, int n_out, int n_in)
{
    for (int o = 0; o < n_out; o++) {
        z[o] = b[o];
        for (int i = 0; i < n_in; i++)
            z[o] += w[o * n_in + i] * x[i];
    }
}

static void relu(float *z, int n)
{
    for (int i = 0; i < n; i++)
        if (z[i] < 0)
            z[i] = 0;
}

static void softmax(float *z, int n)
{
    float m = z[0], s = 0;
    for (int i = 1; i < n; i++)
        m = fmaxf(m, z[i]);
    for (int i = 0; i < n; i++)
        s += z[i] = expf(z[i] - m);
    for (int i = 0; i < n; i++)
        z[i] /= s;
}

static void forward(const float *x, float *h1, float *h2, float *p)
{
    dense(w1, b1, x, h1, D1, D0);
    relu(h1, D1);
    dense(w2, b2, h1, h2, D2, D1);
    relu(h2, D2);
    dense(w3, b3, h2, p, D3, D2);
    softmax(p, D3);
}

static void grads(const float *d, const float *x, float *gw, float *gb, int n_out, int n_in, int N)
{
    for (int o = 0; o < n_out; o++) {
        gb[o] += d[o] / N;
        for (int i = 0; i < n_in; i++)
            gw[o * n_in + i] += d[o] * x[i] / N;
    }
}

static void back(const float *w, const float *d, const float *h, float *dx, int n_out, int n_in)
{
    for (int i = 0; i < n_in; i++) {
        dx[i] = 0;
        for (int o = 0; o < n_out; o++)
            dx[i] += w[o * n_in + i] * d[o];
        if (h[i] <= 0)
            dx[i] = 0;
    }
}

static void zero(float *g, int n)
{
    while (n--)
        *g++ = 0;
}

/* mean cross-entropy over N points */
void backprop(const float *X, const float *T, int N)
{
    float h1[D1], h2[D2], p[D3], d1[D1], d2[D2];
    zero(gw1, D1 * D0), zero(gw2, D2 * D1), zero(gw3, D3 * D2);
    zero(gb1, D1), zero(gb2, D2), zero(gb3, D3);
    for (int s = 0; s < N; s++) {
        const float *x = X + s * D0, *t = T + s * D3;
        forward(x, h1, h2, p);
        for (int k = 0; k < D3; k++)
            p[k] = (p[k] - t[k]) / N;
        back(w3, p, h2, d2, D3, D2);
        back(w2, d2, h1, d1, D2, D1);
        grads(p, h2, gw3, gb3, D3, D2, N);
        grads(d2, h1, gw2, gb2, D2, D1, N);
        grads(d1, x, gw1, gb1, D1, D0, N);
    }
}

static void descend(float *w, const float *g, int n, float lr)
{
    for (int i = 0; i < n; i++)
        w[i] -= lr * g[i];
}

static void he(float *w, int n, int fan_in)
{
    for (int i = 0; i < n; i++) {
        float u = (rand() + 1.0f) / (RAND_MAX + 2.0f), v = rand() / (float)RAND_MAX;
        w[i] = sqrtf(-2 * logf(u)) * cosf(6.2831853f * v) * sqrtf(2.0f / fan_in);
    }
}

int main(void)
{
    static float X[90 * D0], T[90 * D3];
    srand(23);
    he(w1, D1 * D0, D0), he(w2, D2 * D1, D1), he(w3, D3 * D2, D2);
    for (int s = 0; s < 90; s++) {
        float r = (s / 3) / 30.0f, a = 4 * r + 2.0944f * (s % 3);
        X[2 * s] = r * sinf(a), X[2 * s + 1] = r * cosf(a);
        T[3 * s + s % 3] = 1;
    }
    for (int e = 0; e <= 1000; e++) {
        backprop(X, T, 90);
        descend(w1, gw1, D1 * D0, 1), descend(b1, gb1, D1, 1);
        descend(w2, gw2, D2 * D1, 1), descend(b2, gb2, D2, 1);
        descend(w3, gw3, D3 * D2, 1), descend(b3, gb3, D3, 1);
        if (e % 250 == 0) {
            float loss = 0, h1[D1], h2[D2], p[D3];
            for (int s = 0; s < 90; s++) {
                forward(X + 2 * s, h1, h2, p);
                loss -= logf(p[s % 3] + 1e-12f) / 90;
            }
            printf("%4d %f\n", e, loss);
        }
    }
    return 0;
}

#ifdef BACKPROBE
#include "backprobe.h"

static int predict(void *self, const double *theta, const struct bp_batch *b, double *y)
{
    for (size_t s = 0; s < b->n; s++) {
        float x[D0] = {b->x[2 * s], b->x[2 * s + 1]}, h1[D1], h2[D2], p[D3];
        forward(x, h1, h2, p);
        for (int k = 0; k < D3; k++)
            y[D3 * s + k] = p[k];
    }
    return 0;
}

static int gradient(void *self, const double *theta, const struct bp_batch *b, double *g)
{
    float X[64 * D0], T[64 * D3];
    if (b->n > 64)
        return 1;
    for (size_t i = 0; i < b->n * D0; i++)
        X[i] = b->x[i];
    for (size_t i = 0; i < b->n * D3; i++)
        T[i] = b->t[i];
    backprop(X, T, b->n);
    return 0;
}

static const struct bp_array arrays[] = {
    {1, BP_ARRAY_WEIGHTS, BP_OUT_IN, BP_FLOAT, w1, gw1},
    {1, BP_ARRAY_BIASES, BP_OUT_IN, BP_FLOAT, b1, gb1},
    {2, BP_ARRAY_WEIGHTS, BP_OUT_IN, BP_FLOAT, w2, gw2},
    {2, BP_ARRAY_BIASES, BP_OUT_IN, BP_FLOAT, b2, gb2},
    {3, BP_ARRAY_WEIGHTS, BP_OUT_IN, BP_FLOAT, w3, gw3},
    {3, BP_ARRAY_BIASES, BP_OUT_IN, BP_FLOAT, b3, gb3},
};

static const char *complaint(void *self)
{
    return "a batch holds at most 64 examples";
}

int backprobe_subject(struct bp_subject *s)
{
    s->abi = BACKPROBE_ABI;
    s->name = "spiral_float";
    s->network = "2-8-6-3 relu,relu,softmax softmax-cross-entropy mean";
    s->arrays = arrays;
    s->n_arrays = 6;
    s->precision = BP_FLOAT;
    s->predict = predict;
    s->gradient = gradient;
    s->complaint = complaint;
    return 0;
}
#endif
