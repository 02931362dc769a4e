/* microcontroller version: fixed buffers, float, no malloc */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAXW 4
#define DEPTH 4

static const uint8_t width[DEPTH + 1] = {4, 4, 4, 4, 3};
static float W[DEPTH][MAXW][MAXW];   /* [layer][to][from] */
static float B[DEPTH][MAXW];
static float A[DEPTH + 1][MAXW];
static float err[MAXW];              /* shared by all layers to save RAM */

static float act(float x) { return 1 / (1 + expf(-x)); }

void nn_forward(const float *x)
{
    memcpy(A[0], x, width[0] * sizeof(float));
    for (uint8_t l = 0; l < DEPTH; l++)
        for (uint8_t o = 0; o < width[l + 1]; o++) {
            float s = B[l][o];
            for (uint8_t i = 0; i < width[l]; i++)
                s += W[l][o][i] * A[l][i];
            A[l + 1][o] = act(s);
        }
}

void nn_train(const float *x, const float *t, float lr)
{
    nn_forward(x);
    for (uint8_t o = 0; o < width[DEPTH]; o++)
        err[o] = (A[DEPTH][o] - t[o]) * A[DEPTH][o] * (1 - A[DEPTH][o]);

    for (int8_t l = DEPTH - 1; l >= 0; l--) {
        float d[MAXW];
        memcpy(d, err, sizeof d);
        if (l > 0)
            for (uint8_t i = 0; i < width[l]; i++) {
                float s = 0;
                for (uint8_t o = 0; o < width[l + 1]; o++)
                    s += W[l][o][i] * err[o];
                err[i] = s * A[l][i] * (1 - A[l][i]);
            }
        for (uint8_t o = 0; o < width[l + 1]; o++) {
            for (uint8_t i = 0; i < width[l]; i++)
                W[l][o][i] -= lr * d[o] * A[l][i];
            B[l][o] -= lr * d[o];
        }
    }
}

int main(void)
{
    srand(15);
    for (int l = 0; l < DEPTH; l++)
        for (int o = 0; o < MAXW; o++)
            for (int i = 0; i < MAXW; i++)
                W[l][o][i] = 3.0f * (rand() / (float)RAND_MAX - 0.5f);
    float e = 0;
    for (int n = 0; n < 30000; n++) {
        int c = rand() % 3;
        float x[4], t[3] = {0};
        for (int i = 0; i < 4; i++)
            x[i] = (i == c || i == c + 1) + 0.2f * rand() / RAND_MAX;
        t[c] = 1;
        nn_train(x, t, 0.5f);
        for (int k = 0; k < 3; k++)
            e += (A[DEPTH][k] - t[k]) * (A[DEPTH][k] - t[k]);
        if (n % 10000 == 9999) {
            printf("%d %f\n", n + 1, e / 10000);
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
        float x[4];
        for (int i = 0; i < 4; i++)
            x[i] = b->x[4 * s + i];
        nn_forward(x);
        for (int k = 0; k < 3; k++)
            y[3 * s + k] = A[DEPTH][k];
    }
    return 0;
}

static int step(void *self, const double *theta, const struct bp_batch *b, double rate, double *next)
{
    float x[4] = {b->x[0], b->x[1], b->x[2], b->x[3]}, t[3] = {b->t[0], b->t[1], b->t[2]};
    nn_train(x, t, rate);
    return 0;
}

int backprobe_subject(struct bp_subject *s)
{
    static const struct bp_array arrays[] = {
        {1, BP_ARRAY_WEIGHTS, BP_OUT_IN, BP_FLOAT, W[0], 0}, {1, BP_ARRAY_BIASES, BP_OUT_IN, BP_FLOAT, B[0], 0},
        {2, BP_ARRAY_WEIGHTS, BP_OUT_IN, BP_FLOAT, W[1], 0}, {2, BP_ARRAY_BIASES, BP_OUT_IN, BP_FLOAT, B[1], 0},
        {3, BP_ARRAY_WEIGHTS, BP_OUT_IN, BP_FLOAT, W[2], 0}, {3, BP_ARRAY_BIASES, BP_OUT_IN, BP_FLOAT, B[2], 0},
        {4, BP_ARRAY_WEIGHTS, BP_OUT_IN, BP_FLOAT, W[3], 0}, {4, BP_ARRAY_BIASES, BP_OUT_IN, BP_FLOAT, B[3], 0},
    };
    s->abi = BACKPROBE_ABI;
    s->name = "buffers_float";
    s->network = "4-4-4-4-3 sigmoid squared-error";
    s->arrays = arrays;
    s->n_arrays = 8;
    s->precision = BP_FLOAT;
    s->predict = predict;
    s->step = step;
    s->rate_kind = BP_RATE_GIVEN;
    s->step_kind = BP_STEP_SAMPLE;
    return 0;
}
#endif
