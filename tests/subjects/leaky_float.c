#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* leaky relu net, float, sgd one sample at a time */

#define NIN 3
#define NH1 6
#define NH2 5
#define NOUT 2
#define SLOPE 0.1f

static float W1[NH1][NIN], W2[NH2][NH1], W3[NOUT][NH2];
static float B1[NH1], B2[NH2], B3[NOUT];
static float H1[NH1], H2[NH2], O[NOUT];

static float lrelu(float v) { return v > 0 ? v : SLOPE * v; }

/* the sign of lrelu(v) is the sign of v, so the output will do */
static float lrelu_d(float out) { return out > 0 ? 1 : SLOPE; }

void nn_run(const float *in)
{
    int i, j;
    for (i = 0; i < NH1; i++) {
        H1[i] = B1[i];
        for (j = 0; j < NIN; j++) H1[i] += W1[i][j] * in[j];
        H1[i] = lrelu(H1[i]);
    }
    for (i = 0; i < NH2; i++) {
        H2[i] = B2[i];
        for (j = 0; j < NH1; j++) H2[i] += W2[i][j] * H1[j];
        H2[i] = lrelu(H2[i]);
    }
    for (i = 0; i < NOUT; i++) {
        O[i] = B3[i];
        for (j = 0; j < NH2; j++) O[i] += W3[i][j] * H2[j];
    }
}

void nn_train(const float *in, const float *target, float eta)
{
    float D3[NOUT], D2[NH2] = {0}, D1[NH1] = {0};
    int i, j;

    nn_run(in);
    for (i = 0; i < NOUT; i++)
        D3[i] = O[i] - target[i];
    for (i = 0; i < NOUT; i++)
        for (j = 0; j < NH2; j++) {
            D2[j] += W3[i][j] * D3[i];
            W3[i][j] -= eta * D3[i] * H2[j];
        }
    for (j = 0; j < NH2; j++)
        D2[j] *= lrelu_d(H2[j]);
    for (i = 0; i < NH2; i++)
        for (j = 0; j < NH1; j++) {
            D1[j] += W2[i][j] * D2[i];
            W2[i][j] -= eta * D2[i] * H1[j];
        }
    for (j = 0; j < NH1; j++)
        D1[j] *= lrelu_d(H1[j]);
    for (i = 0; i < NH1; i++)
        for (j = 0; j < NIN; j++)
            W1[i][j] -= eta * D1[i] * in[j];
    for (i = 0; i < NOUT; i++) B3[i] -= eta * D3[i];
    for (i = 0; i < NH2; i++) B2[i] -= eta * D2[i];
    for (i = 0; i < NH1; i++) B1[i] -= eta * D1[i];
}

static float u(float r) { return r * (2.0f * rand() / (float)RAND_MAX - 1.0f); }

int main(void)
{
    int i, j, n;
    float e = 0;
    srand(9);
    for (i = 0; i < NH1; i++) for (j = 0; j < NIN; j++) W1[i][j] = u(0.8f);
    for (i = 0; i < NH2; i++) for (j = 0; j < NH1; j++) W2[i][j] = u(0.6f);
    for (i = 0; i < NOUT; i++) for (j = 0; j < NH2; j++) W3[i][j] = u(0.6f);
    for (n = 1; n <= 30000; n++) {
        float in[NIN] = {u(1), u(1), u(1)}, t[NOUT] = {fabsf(in[0]), in[1] * in[2]};
        nn_train(in, t, 0.02f);
        e += 0.5f * ((O[0] - t[0]) * (O[0] - t[0]) + (O[1] - t[1]) * (O[1] - t[1]));
        if (n % 10000 == 0) {
            printf("%d %f\n", n, e / 10000);
            e = 0;
        }
    }
    return 0;
}

#ifdef BACKPROBE
#include "backprobe.h"

static int predict(void *self, const double *theta, const struct bp_batch *b, double *y)
{
    for (size_t s = 0; s < b->n; s++) {
        float in[NIN] = {b->x[3 * s], b->x[3 * s + 1], b->x[3 * s + 2]};
        nn_run(in);
        y[2 * s] = O[0];
        y[2 * s + 1] = O[1];
    }
    return 0;
}

static int step(void *self, const double *theta, const struct bp_batch *b, double rate, double *next)
{
    float in[NIN] = {b->x[0], b->x[1], b->x[2]}, t[NOUT] = {b->t[0], b->t[1]};
    nn_train(in, t, rate);
    return 0;
}

int backprobe_subject(struct bp_subject *s)
{
    static const struct bp_array arrays[] = {
        {1, BP_ARRAY_WEIGHTS, BP_OUT_IN, BP_FLOAT, W1}, {1, BP_ARRAY_BIASES, BP_OUT_IN, BP_FLOAT, B1},
        {2, BP_ARRAY_WEIGHTS, BP_OUT_IN, BP_FLOAT, W2}, {2, BP_ARRAY_BIASES, BP_OUT_IN, BP_FLOAT, B2},
        {3, BP_ARRAY_WEIGHTS, BP_OUT_IN, BP_FLOAT, W3}, {3, BP_ARRAY_BIASES, BP_OUT_IN, BP_FLOAT, B3},
    };
    s->abi = BACKPROBE_ABI;
    s->name = "leaky_float";
    s->network = "3-6-5-2 leaky-relu,leaky-relu,identity squared-error slope=0.1";
    s->arrays = arrays;
    s->n_arrays = 6;
    s->precision = BP_FLOAT;
    s->predict = predict;
    s->step = step;
    s->rate_kind = BP_RATE_GIVEN;
    s->step_kind = BP_STEP_SAMPLE;
    return 0;
}
#endif
