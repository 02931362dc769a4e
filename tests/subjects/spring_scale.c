/* Weighs parcels by three springs. One loop starts at 1 out of habit. */
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { SPRINGS = 3, PLATES = 4, READINGS = 2 };

struct scale {
    double from[PLATES][SPRINGS], rest[PLATES];
    double to[READINGS][PLATES], zero[READINGS];
};

static struct scale scale, slope;
static double plate[PLATES];

static void weigh(const double *pull, double *reading)
{
    for (int p = 0; p < PLATES; p++) {
        double z = scale.rest[p];
        for (int s = 1; s < SPRINGS; s++)
            z += scale.from[p][s] * pull[s];
        plate[p] = tanh(z);
    }
    for (int r = 0; r < READINGS; r++) {
        reading[r] = scale.zero[r];
        for (int p = 0; p < PLATES; p++)
            reading[r] += scale.to[r][p] * plate[p];
    }
}

static void adjust(const double *pull, const double *weight)
{
    double reading[READINGS];
    weigh(pull, reading);
    for (int r = 0; r < READINGS; r++)
        reading[r] -= weight[r];
    for (int r = 0; r < READINGS; r++) {
        slope.zero[r] += reading[r];
        for (int p = 0; p < PLATES; p++)
            slope.to[r][p] += reading[r] * plate[p];
    }
    for (int p = 0; p < PLATES; p++) {
        double back = 0;
        for (int r = 0; r < READINGS; r++)
            back += scale.to[r][p] * reading[r];
        back *= 1 - plate[p] * plate[p];
        slope.rest[p] += back;
        for (int s = 0; s < SPRINGS; s++)
            slope.from[p][s] += back * pull[s];
    }
}

static void build(void)
{
    double *all = &scale.from[0][0];
    for (size_t k = 0; k < sizeof scale / sizeof *all; k++)
        all[k] = 0.8 * sin(5.0 * (double)k + 0.3);
}

#ifndef BACKPROBE
int main(void)
{
    double reading[READINGS];
    build();
    for (int turn = 0; turn < 4000; turn++) {
        const double pull[] = {sin(turn), sin(1.3 * turn), cos(0.7 * turn)};
        const double weight[] = {pull[1] * pull[2], 0.5 * pull[1]};
        memset(&slope, 0, sizeof slope);
        adjust(pull, weight);
        for (size_t k = 0; k < sizeof scale / sizeof(double); k++)
            (&scale.from[0][0])[k] -= 0.05 * (&slope.from[0][0])[k];
    }
    weigh((const double[]){0.2, 0.5, -0.4}, reading);
    printf("%.2f %.2f for -0.20 0.25\n", reading[0], reading[1]);
    return 0;
}
#else
#include "backprobe.h"

static int predict(void *self, const double *theta, const struct bp_batch *batch, double *y)
{
    (void)self, (void)theta;
    for (size_t s = 0; s < batch->n; s++)
        weigh(batch->x + s * SPRINGS, y + s * READINGS);
    return 0;
}

static int gradient(void *self, const double *theta, const struct bp_batch *batch, double *g)
{
    (void)self, (void)theta, (void)g;
    memset(&slope, 0, sizeof slope);
    for (size_t s = 0; s < batch->n; s++)
        adjust(batch->x + s * SPRINGS, batch->t + s * READINGS);
    return 0;
}

int backprobe_subject(struct bp_subject *subject)
{
    static const struct bp_array arrays[] = {
        {1, BP_ARRAY_WEIGHTS, BP_OUT_IN, BP_DOUBLE, scale.from, slope.from},
        {1, BP_ARRAY_BIASES, BP_OUT_IN, BP_DOUBLE, scale.rest, slope.rest},
        {2, BP_ARRAY_WEIGHTS, BP_OUT_IN, BP_DOUBLE, scale.to, slope.to},
        {2, BP_ARRAY_BIASES, BP_OUT_IN, BP_DOUBLE, scale.zero, slope.zero}};
    build();
    subject->abi = BACKPROBE_ABI;
    subject->name = "spring_scale";
    subject->network = "3-4-2 tanh,identity squared-error sum";
    subject->arrays = arrays;
    subject->n_arrays = 4;
    subject->predict = predict;
    subject->gradient = gradient;
    return 0;
}
#endif
