/* XOR, and its opposite, from a fixed start so that runs can be repeated */
#include <stdio.h>
#include <math.h>

#define HIDDEN 4

float wh[HIDDEN][2], bh[HIDDEN], wo[2][HIDDEN], bo[2];
float h[HIDDEN], o[2];

float data[4][2] = {{0, 0}, {0, 1}, {1, 0}, {1, 1}};
float label[4][2] = {{0, 1}, {1, 0}, {1, 0}, {0, 1}};

void init_weights(void)
{
    for (int i = 0; i < HIDDEN; i++) {
        wh[i][0] = wh[i][1] = 0.5f;
        bh[i] = 0;
        wo[0][i] = wo[1][i] = 0.5f;
    }
    bo[0] = bo[1] = 0;
}

void forward(const float *x)
{
    for (int i = 0; i < HIDDEN; i++)
        h[i] = tanhf(bh[i] + wh[i][0] * x[0] + wh[i][1] * x[1]);
    for (int k = 0; k < 2; k++) {
        float s = bo[k];
        for (int i = 0; i < HIDDEN; i++)
            s += wo[k][i] * h[i];
        o[k] = 1 / (1 + expf(-s));
    }
}

void learn(const float *x, const float *t, float lr)
{
    float dk[2], di[HIDDEN];
    forward(x);
    for (int k = 0; k < 2; k++)
        dk[k] = (t[k] - o[k]) * o[k] * (1 - o[k]);
    for (int i = 0; i < HIDDEN; i++)
        di[i] = (wo[0][i] * dk[0] + wo[1][i] * dk[1]) * (1 - h[i] * h[i]);
    for (int k = 0; k < 2; k++) {
        for (int i = 0; i < HIDDEN; i++)
            wo[k][i] += lr * dk[k] * h[i];
        bo[k] += lr * dk[k];
    }
    for (int i = 0; i < HIDDEN; i++) {
        wh[i][0] += lr * di[i] * x[0];
        wh[i][1] += lr * di[i] * x[1];
        bh[i] += lr * di[i];
    }
}

int main(void)
{
    init_weights();
    for (int e = 0; e < 5000; e++)
        for (int p = 0; p < 4; p++)
            learn(data[p], label[p], 0.5f);
    for (int p = 0; p < 4; p++) {
        forward(data[p]);
        printf("%g %g -> %.3f %.3f\n", data[p][0], data[p][1], o[0], o[1]);
    }
    return 0;
}

#ifdef BACKPROBE
#include "backprobe.h"

static int predict(void *self, const double *theta, const struct bp_batch *b, double *y)
{
    for (size_t s = 0; s < b->n; s++) {
        float x[2] = {b->x[2 * s], b->x[2 * s + 1]};
        forward(x);
        y[2 * s] = o[0];
        y[2 * s + 1] = o[1];
    }
    return 0;
}

static int step(void *self, const double *theta, const struct bp_batch *b, double rate, double *next)
{
    float x[2] = {b->x[0], b->x[1]}, t[2] = {b->t[0], b->t[1]};
    learn(x, t, rate);
    return 0;
}

int backprobe_subject(struct bp_subject *s)
{
    static const struct bp_array arrays[] = {
        {1, BP_ARRAY_WEIGHTS, BP_OUT_IN, BP_FLOAT, wh}, {1, BP_ARRAY_BIASES, BP_OUT_IN, BP_FLOAT, bh},
        {2, BP_ARRAY_WEIGHTS, BP_OUT_IN, BP_FLOAT, wo}, {2, BP_ARRAY_BIASES, BP_OUT_IN, BP_FLOAT, bo},
    };
    static double start[HIDDEN * 5 + 2];
    double *p = start;
    init_weights();
    for (int i = 0; i < 2 * HIDDEN; i++) *p++ = (&wh[0][0])[i];
    for (int i = 0; i < HIDDEN; i++) *p++ = bh[i];
    for (int i = 0; i < 2 * HIDDEN; i++) *p++ = (&wo[0][0])[i];
    for (int i = 0; i < 2; i++) *p++ = bo[i];
    s->abi = BACKPROBE_ABI;
    s->name = "half_start";
    s->network = "2-4-2 tanh,sigmoid squared-error";
    s->arrays = arrays;
    s->n_arrays = 4;
    s->theta = start;
    s->precision = BP_FLOAT;
    s->predict = predict;
    s->step = step;
    s->rate_kind = BP_RATE_GIVEN;
    s->step_kind = BP_STEP_SAMPLE;
    return 0;
}
#endif
