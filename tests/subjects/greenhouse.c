/* Opens the windows of a greenhouse: temperature, sun and wind in, two windows out.
 * Each layer corrects itself while the error passes through it. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#define SENSORS 3
#define NODES 5
#define WINDOWS 2
#define STEP 0.4

struct box {
    double w[NODES][SENSORS + 1]; /* the last one: bias */
    double v[WINDOWS][NODES + 1];
    double node[NODES], window[WINDOWS];
};

static struct box house;

static double between(double x)
{
    return 1.0 / (1.0 + exp(-x));
}

static void decide(struct box *h, const double *in)
{
    for (int n = 0; n < NODES; n++) {
        double x = h->w[n][SENSORS];
        for (int s = 0; s < SENSORS; s++)
            x += h->w[n][s] * in[s];
        h->node[n] = between(x);
    }
    for (int o = 0; o < WINDOWS; o++) {
        double x = h->v[o][NODES];
        for (int n = 0; n < NODES; n++)
            x += h->v[o][n] * h->node[n];
        h->window[o] = between(x);
    }
}

static void correct(struct box *h, const double *in, const double *right)
{
    double miss[WINDOWS], blame[NODES] = {0};
    decide(h, in);
    for (int o = 0; o < WINDOWS; o++) {
        miss[o] = right[o] - h->window[o];
        const double d = STEP * miss[o] * h->window[o] * (1 - h->window[o]);
        h->v[o][NODES] += d;
        for (int n = 0; n < NODES; n++) {
            h->v[o][n] += d * h->node[n];
            blame[n] += miss[o] * h->v[o][n];
        }
    }
    for (int n = 0; n < NODES; n++) {
        const double d = STEP * blame[n] * h->node[n] * (1 - h->node[n]);
        h->w[n][SENSORS] += d;
        for (int s = 0; s < SENSORS; s++)
            h->w[n][s] += d * in[s];
    }
}

static void plant(struct box *h)
{
    memset(h, 0, sizeof *h);
    for (int n = 0; n < NODES; n++)
        for (int s = 0; s <= SENSORS; s++)
            h->w[n][s] = sin(1.7 * n + 2.9 * s + 0.4);
    for (int o = 0; o < WINDOWS; o++)
        for (int n = 0; n <= NODES; n++)
            h->v[o][n] = cos(2.3 * o + 1.1 * n);
}

#ifndef BACKPROBE
int main(void)
{
    plant(&house);
    for (int day = 0; day < 30000; day++) {
        const double in[] = {fmod(day * 0.37, 1.0), fmod(day * 0.61, 1.0), fmod(day * 0.83, 1.0)};
        const double right[] = {in[0] > 0.6 && in[2] < 0.7, in[1] > 0.5};
        correct(&house, in, right);
    }
    decide(&house, (double[]){0.9, 0.2, 0.1});
    printf("hot and still: %.2f %.2f\n", house.window[0], house.window[1]);
    return 0;
}
#else
#include "backprobe.h"

static int predict(void *self, const double *theta, const struct bp_batch *batch, double *y)
{
    (void)self, (void)theta;
    for (size_t k = 0; k < batch->n; k++) {
        decide(&house, batch->x + k * SENSORS);
        memcpy(y + k * WINDOWS, house.window, sizeof house.window);
    }
    return 0;
}

static int step(void *self, const double *theta, const struct bp_batch *batch, double rate,
                double *next)
{
    (void)self, (void)theta, (void)rate, (void)next;
    correct(&house, batch->x, batch->t);
    return 0;
}

int backprobe_subject(struct bp_subject *subject)
{
    static const struct bp_array arrays[] = {
        {1, BP_ARRAY_BIAS_LAST, BP_OUT_IN, BP_DOUBLE, house.w, NULL},
        {2, BP_ARRAY_BIAS_LAST, BP_OUT_IN, BP_DOUBLE, house.v, NULL}};
    plant(&house);
    subject->abi = BACKPROBE_ABI;
    subject->name = "greenhouse";
    subject->network = "3-5-2 sigmoid squared-error";
    subject->arrays = arrays;
    subject->n_arrays = 2;
    subject->predict = predict;
    subject->step = step;
    subject->step_kind = BP_STEP_SAMPLE;
    subject->rate_kind = BP_RATE_FIXED;
    subject->rate = STEP;
    return 0;
}
#endif
