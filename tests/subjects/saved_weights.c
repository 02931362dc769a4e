/* Layers are updated from the top down, each from the weights it had before. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RATE 0.2f

static float w1[5][3], w2[4][6], w3[2][5];     /* last column: bias */
static float s1[5], s2[4], s3[2];

static float g(float x) { return 1.0f / (1.0f + expf(-x)); }

static void run(const float in[2])
{
    for (int i = 0; i < 5; i++)
        s1[i] = g(w1[i][0] * in[0] + w1[i][1] * in[1] + w1[i][2]);
    for (int i = 0; i < 4; i++) {
        float z = w2[i][5];
        for (int j = 0; j < 5; j++)
            z += w2[i][j] * s1[j];
        s2[i] = g(z);
    }
    for (int i = 0; i < 2; i++) {
        float z = w3[i][4];
        for (int j = 0; j < 4; j++)
            z += w3[i][j] * s2[j];
        s3[i] = g(z);
    }
}

static void improve(const float in[2], const float want[2])
{
    float old3[2][5], old2[4][6], d3[2], d2[4], d1[5];

    run(in);
    memcpy(old3, w3, sizeof w3);
    memcpy(old2, w2, sizeof w2);

    for (int i = 0; i < 2; i++) {
        d3[i] = (s3[i] - want[i]) * s3[i] * (1 - s3[i]);
        for (int j = 0; j < 4; j++)
            w3[i][j] -= RATE * d3[i] * s2[j];
        w3[i][4] -= RATE * d3[i];
    }
    for (int i = 0; i < 4; i++) {
        d2[i] = s2[i] * (1 - s2[i]) * (old3[0][i] * d3[0] + old3[1][i] * d3[1]);
        for (int j = 0; j < 5; j++)
            w2[i][j] -= RATE * d2[i] * s1[j];
        w2[i][5] -= RATE * d2[i];
    }
    for (int i = 0; i < 5; i++) {
        d1[i] = 0;
        for (int k = 0; k < 4; k++)
            d1[i] += old2[k][i] * d2[k];
        d1[i] *= s1[i] * (1 - s1[i]);
        w1[i][0] -= RATE * d1[i] * in[0];
        w1[i][1] -= RATE * d1[i] * in[1];
        w1[i][2] -= RATE * d1[i];
    }
}

static void scatter(float *w, int n)
{
    while (n-- > 0)
        *w++ = 2.0f * rand() / (float)RAND_MAX - 1.0f;
}

int main(void)
{
    srand(10);
    scatter(&w1[0][0], 15);
    scatter(&w2[0][0], 24);
    scatter(&w3[0][0], 10);
    float sum = 0;
    for (int n = 0; n < 40000; n++) {
        float in[2] = {rand() / (float)RAND_MAX, rand() / (float)RAND_MAX};
        float want[2] = {in[0] * in[1], 0.5f * (in[0] + in[1])};
        improve(in, want);
        sum += fabsf(s3[0] - want[0]) + fabsf(s3[1] - want[1]);
        if (n % 10000 == 9999) {
            printf("%d  mean |error| %.4f\n", n + 1, sum / 20000);
            sum = 0;
        }
    }
    return 0;
}

#ifdef BACKPROBE
#include "backprobe.h"

static int predict(void *self, const double *theta, const struct bp_batch *b, double *y)
{
    for (size_t s = 0; s < b->n; s++) {
        float in[2] = {b->x[2 * s], b->x[2 * s + 1]};
        run(in);
        y[2 * s] = s3[0];
        y[2 * s + 1] = s3[1];
    }
    return 0;
}

static int step(void *self, const double *theta, const struct bp_batch *b, double rate, double *next)
{
    float in[2] = {b->x[0], b->x[1]}, want[2] = {b->t[0], b->t[1]};
    improve(in, want);
    return 0;
}

int backprobe_subject(struct bp_subject *s)
{
    static const struct bp_array arrays[] = {
        {1, BP_ARRAY_BIAS_LAST, BP_OUT_IN, BP_FLOAT, w1, NULL},
        {2, BP_ARRAY_BIAS_LAST, BP_OUT_IN, BP_FLOAT, w2, NULL},
        {3, BP_ARRAY_BIAS_LAST, BP_OUT_IN, BP_FLOAT, w3, NULL},
    };
    s->abi = BACKPROBE_ABI;
    s->name = "saved_weights";
    s->network = "2-5-4-2 sigmoid squared-error";
    s->arrays = arrays;
    s->n_arrays = 3;
    s->precision = BP_FLOAT;
    s->predict = predict;
    s->step = step;
    s->rate_kind = BP_RATE_FIXED;
    s->rate = RATE;
    s->step_kind = BP_STEP_SAMPLE;
    return 0;
}
#endif
