/* Somebody's program that can only train: single precision, weights in x out with the
 * bias in the last row, one sample a step. There is no gradient to be asked for. At the
 * end it is attached; -DWRONG has the mistake.
 *
 *     cc train.c $(pkg-config --cflags --libs backprobe) -lm */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NI 4
#define NH 6
#define NO 3

static float v[NI + 1][NH]; /* the last row: bias */
static float u[NH + 1][NO];
static float hid[NH], outp[NO];

static void run(const float *in)
{
    for (int h = 0; h < NH; h++) {
        float s = v[NI][h];
        for (int i = 0; i < NI; i++)
            s += in[i] * v[i][h];
        hid[h] = 1.0f / (1.0f + expf(-s));
    }
    for (int o = 0; o < NO; o++) {
        float s = u[NH][o];
        for (int h = 0; h < NH; h++)
            s += hid[h] * u[h][o];
        outp[o] = 1.0f / (1.0f + expf(-s));
    }
}

static void train(const float *in, const float *want, float lr)
{
    float err_o[NO], err_h[NH];
    run(in);
    for (int o = 0; o < NO; o++)
        err_o[o] = (want[o] - outp[o]) * outp[o] * (1.0f - outp[o]);
#ifdef WRONG
    for (int o = 0; o < NO; o++)
        for (int h = 0; h <= NH; h++)
            u[h][o] += lr * err_o[o] * (h < NH ? hid[h] : 1.0f);
#endif
    for (int h = 0; h < NH; h++) {
        err_h[h] = 0.0f;
        for (int o = 0; o < NO; o++)
            err_h[h] += u[h][o] * err_o[o];
        err_h[h] *= hid[h] * (1.0f - hid[h]);
    }
#ifndef WRONG
    for (int o = 0; o < NO; o++)
        for (int h = 0; h <= NH; h++)
            u[h][o] += lr * err_o[o] * (h < NH ? hid[h] : 1.0f);
#endif
    for (int h = 0; h < NH; h++)
        for (int i = 0; i <= NI; i++)
            v[i][h] += lr * err_h[h] * (i < NI ? in[i] : 1.0f);
}

/* ---- from here on: attached ------------------------------------------------------ */
#include <backprobe.h>

static int predict(void *self, const double *theta, const struct bp_batch *batch, double *y)
{
    for (size_t s = 0; s < batch->n; s++) {
        float in[NI];
        for (int i = 0; i < NI; i++)
            in[i] = (float)batch->x[s * NI + i];
        run(in);
        for (int o = 0; o < NO; o++)
            y[s * NO + o] = outp[o];
    }
    return 0;
}

static int step(void *self, const double *theta, const struct bp_batch *batch, double rate,
                double *next)
{
    float in[NI], want[NO];
    for (int i = 0; i < NI; i++)
        in[i] = (float)batch->x[i];
    for (int o = 0; o < NO; o++)
        want[o] = (float)batch->t[o];
    train(in, want, (float)rate);
    return 0;
}

int main(int argc, char **argv)
{
    const struct bp_array arrays[] = {{1, BP_ARRAY_BIAS_LAST, BP_IN_OUT, BP_FLOAT, v, NULL},
                                      {2, BP_ARRAY_BIAS_LAST, BP_IN_OUT, BP_FLOAT, u, NULL}};
    const struct bp_subject net = {.abi = BACKPROBE_ABI,
                                   .name = "train.c",
                                   .network = "4-6-3 sigmoid squared-error",
                                   .arrays = arrays,
                                   .n_arrays = 2,
                                   .precision = BP_FLOAT,
                                   .predict = predict,
                                   .step = step,
                                   .step_kind = BP_STEP_SAMPLE};
    return backprobe_main(&net, argc, argv);
}
