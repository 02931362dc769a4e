/* The smallest network there is: one neuron learns AND. */
#include <stdio.h>
#include <math.h>

double w[2] = {0.1, -0.2};
double b = 0.05;

double out(const double *x)
{
    return 1 / (1 + exp(-(w[0] * x[0] + w[1] * x[1] + b)));
}

void train(const double *x, double target)
{
    const double rate = 0.5;
    double y = out(x);
    double delta = (y - target) * y * (1 - y);
    w[0] -= rate * delta * x[0];
    w[1] -= rate * delta * x[1];
    b -= rate * delta;
}

int main(void)
{
    double x[4][2] = {{0, 0}, {0, 1}, {1, 0}, {1, 1}};
    int i, n;
    for (n = 0; n < 5000; n++)
        for (i = 0; i < 4; i++)
            train(x[i], i == 3);
    for (i = 0; i < 4; i++)
        printf("%g AND %g = %.3f\n", x[i][0], x[i][1], out(x[i]));
    return 0;
}

#ifdef BACKPROBE
#include "backprobe.h"

static int predict(void *self, const double *theta, const struct bp_batch *batch, double *y)
{
    for (size_t s = 0; s < batch->n; s++)
        y[s] = out(batch->x + 2 * s);
    return 0;
}

static int step(void *self, const double *theta, const struct bp_batch *batch, double r, double *next)
{
    train(batch->x, *batch->t);
    return 0;
}

int backprobe_subject(struct bp_subject *s)
{
    static const struct bp_array arrays[] = {
        {1, BP_ARRAY_WEIGHTS, BP_OUT_IN, BP_DOUBLE, w, NULL},
        {1, BP_ARRAY_BIASES, BP_OUT_IN, BP_DOUBLE, &b, NULL},
    };
    s->abi = BACKPROBE_ABI;
    s->name = "and_neuron";
    s->network = "2-1 sigmoid squared-error";
    s->arrays = arrays;
    s->n_arrays = 2;
    s->predict = predict;
    s->step = step;
    s->rate_kind = BP_RATE_FIXED;
    s->rate = 0.5;
    s->step_kind = BP_STEP_SAMPLE;
    return 0;
}
#endif
