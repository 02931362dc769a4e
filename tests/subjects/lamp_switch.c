/* A lamp with three switches: two hidden layers, sigmoid everywhere, one sample at a time.
 * The thresholds of the output have a mind of their own. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { SWITCHES = 3, FIRST = 6, SECOND = 4, LAMPS = 2 };

static double a[FIRST][SWITCHES], a0[FIRST];
static double b[SECOND][FIRST], b0[SECOND];
static double c[LAMPS][SECOND], c0[LAMPS];
static double p[FIRST], q[SECOND], lamp[LAMPS];

static double squash(double v)
{
    return 1.0 / (1.0 + exp(-v));
}

static void press(const double *s)
{
    for (int i = 0; i < FIRST; i++) {
        double v = a0[i];
        for (int j = 0; j < SWITCHES; j++)
            v += a[i][j] * s[j];
        p[i] = squash(v);
    }
    for (int i = 0; i < SECOND; i++) {
        double v = b0[i];
        for (int j = 0; j < FIRST; j++)
            v += b[i][j] * p[j];
        q[i] = squash(v);
    }
    for (int i = 0; i < LAMPS; i++) {
        double v = c0[i];
        for (int j = 0; j < SECOND; j++)
            v += c[i][j] * q[j];
        lamp[i] = squash(v);
    }
}

static void teach(const double *s, const double *want, double eta)
{
    double dc[LAMPS], db[SECOND], da[FIRST];
    press(s);
    for (int i = 0; i < LAMPS; i++)
        dc[i] = (want[i] - lamp[i]) * lamp[i] * (1 - lamp[i]);
    for (int i = 0; i < SECOND; i++) {
        double e = 0;
        for (int k = 0; k < LAMPS; k++)
            e += c[k][i] * dc[k];
        db[i] = e * q[i] * (1 - q[i]);
    }
    for (int i = 0; i < FIRST; i++) {
        double e = 0;
        for (int k = 0; k < SECOND; k++)
            e += b[k][i] * db[k];
        da[i] = e * p[i] * (1 - p[i]);
    }
    for (int i = 0; i < LAMPS; i++) {
        c0[i] = eta * dc[i];
        for (int j = 0; j < SECOND; j++)
            c[i][j] += eta * dc[i] * q[j];
    }
    for (int i = 0; i < SECOND; i++) {
        b0[i] += eta * db[i];
        for (int j = 0; j < FIRST; j++)
            b[i][j] += eta * db[i] * p[j];
    }
    for (int i = 0; i < FIRST; i++) {
        a0[i] += eta * da[i];
        for (int j = 0; j < SWITCHES; j++)
            a[i][j] += eta * da[i] * s[j];
    }
}

static void scatter(double *w, int n, unsigned *seed)
{
    for (int k = 0; k < n; k++) {
        *seed = *seed * 1103515245u + 12345u;
        w[k] = (double)(*seed >> 16 & 0x7fff) / 0x3fff - 1.0;
    }
}

static void start(void)
{
    unsigned seed = 77;
    scatter(&a[0][0], FIRST * SWITCHES, &seed);
    scatter(a0, FIRST, &seed);
    scatter(&b[0][0], SECOND * FIRST, &seed);
    scatter(b0, SECOND, &seed);
    scatter(&c[0][0], LAMPS * SECOND, &seed);
    scatter(c0, LAMPS, &seed);
}

#ifndef BACKPROBE
int main(void)
{
    start();
    for (int round = 0; round < 20000; round++) {
        const int k = round % 8;
        const double s[] = {k & 1, k >> 1 & 1, k >> 2};
        const double want[] = {(k ^ k >> 1 ^ k >> 2) & 1, k == 7};
        teach(s, want, 0.8);
    }
    for (int k = 0; k < 8; k++) {
        const double s[] = {k & 1, k >> 1 & 1, k >> 2};
        press(s);
        printf("%d%d%d  %.2f %.2f\n", k & 1, k >> 1 & 1, k >> 2, lamp[0], lamp[1]);
    }
    return 0;
}
#else
#include "backprobe.h"

static int see(void *self, const double *theta, const struct bp_batch *batch, double *y)
{
    (void)self, (void)theta;
    for (size_t k = 0; k < batch->n; k++) {
        press(batch->x + k * SWITCHES);
        for (int i = 0; i < LAMPS; i++)
            y[k * LAMPS + i] = lamp[i];
    }
    return 0;
}

static int once(void *self, const double *theta, const struct bp_batch *batch, double rate,
                double *next)
{
    (void)self, (void)theta, (void)next;
    teach(batch->x, batch->t, rate);
    return 0;
}

int backprobe_subject(struct bp_subject *subject)
{
    static const struct bp_array arrays[] = {
        {1, BP_ARRAY_WEIGHTS, BP_OUT_IN, BP_DOUBLE, a, NULL},
        {1, BP_ARRAY_BIASES, BP_OUT_IN, BP_DOUBLE, a0, NULL},
        {2, BP_ARRAY_WEIGHTS, BP_OUT_IN, BP_DOUBLE, b, NULL},
        {2, BP_ARRAY_BIASES, BP_OUT_IN, BP_DOUBLE, b0, NULL},
        {3, BP_ARRAY_WEIGHTS, BP_OUT_IN, BP_DOUBLE, c, NULL},
        {3, BP_ARRAY_BIASES, BP_OUT_IN, BP_DOUBLE, c0, NULL}};
    start();
    subject->abi = BACKPROBE_ABI;
    subject->name = "lamp_switch";
    subject->network = "3-6-4-2 sigmoid squared-error";
    subject->arrays = arrays;
    subject->n_arrays = 6;
    subject->predict = see;
    subject->step = once;
    subject->step_kind = BP_STEP_SAMPLE;
    return 0;
}
#endif
