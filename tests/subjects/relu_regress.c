// regression with two relu layers, 3 inputs, 2 outputs
#include <stdio.h>
#include <stdlib.h>
#include <math.h>

#define IN 3
#define HA 7
#define HB 5
#define OUT 2

float W1[IN][HA], B1[HA], W2[HA][HB], B2[HB], W3[HB][OUT], B3[OUT];
float z1[HA], a1[HA], z2[HB], a2[HB], out[OUT];
float gW1[IN][HA], gB1[HA], gW2[HA][HB], gB2[HB], gW3[HB][OUT], gB3[OUT];

float relu(float x) { return x > 0 ? x : 0; }
float relu_d(float x) { return x > 0 ? 1 : 0; }

void predict(const float *x)
{
    for (int j = 0; j < HA; j++) {
        z1[j] = B1[j];
        for (int i = 0; i < IN; i++) z1[j] += x[i] * W1[i][j];
        a1[j] = relu(z1[j]);
    }
    for (int j = 0; j < HB; j++) {
        z2[j] = B2[j];
        for (int i = 0; i < HA; i++) z2[j] += a1[i] * W2[i][j];
        a2[j] = relu(z2[j]);
    }
    for (int j = 0; j < OUT; j++) {
        out[j] = B3[j];
        for (int i = 0; i < HB; i++) out[j] += a2[i] * W3[i][j];
    }
}

// loss = 1/2 |out - t|^2, one example
void backward(const float *x, const float *t)
{
    float e3[OUT], e2[HB], e1[HA];

    predict(x);
    for (int k = 0; k < OUT; k++) e3[k] = out[k] - t[k];

    for (int j = 0; j < HB; j++) {
        float s = 0;
        for (int k = 0; k < OUT; k++) s += W3[j][k] * e3[k];
        e2[j] = s * relu_d(s);
    }
    for (int j = 0; j < HA; j++) {
        float s = 0;
        for (int k = 0; k < HB - 1; k++) s += W2[j][k] * e2[k];
        e1[j] = s * relu_d(s);
    }

    for (int k = 0; k < OUT; k++) {
        for (int j = 0; j < HB; j++) gW3[j][k] = a2[j] * e3[k];
        gB3[k] = e3[k];
    }
    for (int k = 0; k < HB; k++) {
        for (int j = 0; j < HA; j++) gW2[j][k] = a1[j] * e2[k];
        gB2[k] = e2[k];
    }
    for (int k = 0; k < HA; k++) {
        for (int j = 0; j < IN; j++) gW1[j][k] = x[j] * e1[k];
        gB1[k] = e1[k];
    }
}

void descend(float lr)
{
    for (int k = 0; k < OUT; k++) {
        for (int j = 0; j < HB; j++) W3[j][k] -= lr * gW3[j][k];
        B3[k] -= lr * gB3[k];
    }
    for (int k = 0; k < HB; k++) {
        for (int j = 0; j < HA; j++) W2[j][k] -= lr * gW2[j][k];
        B2[k] -= lr * gB2[k];
    }
    for (int k = 0; k < HA; k++) {
        for (int j = 0; j < IN; j++) W1[j][k] -= lr * gW1[j][k];
        B1[k] -= lr * gB1[k];
    }
}

float r(void) { return rand() / (float)RAND_MAX - 0.5f; }

int main(void)
{
    srand(99);
    for (int j = 0; j < HA; j++) { for (int i = 0; i < IN; i++) W1[i][j] = 1.6f * r(); B1[j] = 0.1f; }
    for (int j = 0; j < HB; j++) { for (int i = 0; i < HA; i++) W2[i][j] = 1.2f * r(); B2[j] = 0.1f; }
    for (int j = 0; j < OUT; j++) for (int i = 0; i < HB; i++) W3[i][j] = 1.2f * r();
    double err = 0;
    for (int n = 0; n < 20000; n++) {
        float x[IN] = {2 * r(), 2 * r(), 2 * r()};
        float t[OUT] = {fabsf(x[0]) - x[1], x[2] * x[0]};
        backward(x, t);
        descend(0.01f);
        err = 0.999 * err + 0.001 * ((out[0] - t[0]) * (out[0] - t[0]) + (out[1] - t[1]) * (out[1] - t[1]));
        if (n % 5000 == 4999) printf("%d: %g\n", n + 1, err);
    }
    return 0;
}

#ifdef BACKPROBE
#include "backprobe.h"

static const struct bp_array arrays[] = {
    {1, BP_ARRAY_WEIGHTS, BP_IN_OUT, BP_FLOAT, W1, gW1}, {1, BP_ARRAY_BIASES, BP_IN_OUT, BP_FLOAT, B1, gB1},
    {2, BP_ARRAY_WEIGHTS, BP_IN_OUT, BP_FLOAT, W2, gW2}, {2, BP_ARRAY_BIASES, BP_IN_OUT, BP_FLOAT, B2, gB2},
    {3, BP_ARRAY_WEIGHTS, BP_IN_OUT, BP_FLOAT, W3, gW3}, {3, BP_ARRAY_BIASES, BP_IN_OUT, BP_FLOAT, B3, gB3},
};

static int bp_predict(void *self, const double *theta, const struct bp_batch *b, double *y)
{
    for (size_t s = 0; s < b->n; s++) {
        predict((float[]){b->x[3 * s], b->x[3 * s + 1], b->x[3 * s + 2]});
        for (int k = 0; k < OUT; k++) y[OUT * s + k] = out[k];
    }
    return 0;
}

// backward() does one example: add them up here, then the mean
static int bp_gradient(void *self, const double *theta, const struct bp_batch *b, double *g)
{
    const int size[] = {IN * HA, HA, HA * HB, HB, HB * OUT, OUT};
    int i, k, n;
    for (k = 0, n = 0; k < 6; k++) for (i = 0; i < size[k]; i++) g[n++] = 0;
    for (size_t s = 0; s < b->n; s++) {
        backward((float[]){b->x[3 * s], b->x[3 * s + 1], b->x[3 * s + 2]},
                 (float[]){b->t[2 * s], b->t[2 * s + 1]});
        for (k = 0, n = 0; k < 6; k++)
            for (i = 0; i < size[k]; i++) g[n++] += ((float *)arrays[k].gradient)[i] / b->n;
    }
    return 0;
}

int backprobe_subject(struct bp_subject *s)
{
    static struct bp_array a[6];
    for (int k = 0; k < 6; k++) { a[k] = arrays[k]; a[k].gradient = NULL; }
    s->abi = BACKPROBE_ABI;
    s->name = "relu_regress";
    s->network = "3-7-5-2 relu,relu,identity squared-error mean";
    s->arrays = a;
    s->n_arrays = 6;
    s->precision = BP_FLOAT;
    s->predict = bp_predict;
    s->gradient = bp_gradient;
    return 0;
}
#endif
