/* Homework 3: multi layer perceptron with online learning  */
#include <stdio.h>
#include <stdlib.h>
#include <math.h>
#include <time.h>

#define INPUTS  4
#define HIDDEN1 5
#define HIDDEN2 4
#define OUTPUTS 3
#define EPOCHS  400

double x[INPUTS], ya[HIDDEN1], yb[HIDDEN2], y[OUTPUTS];
double w1[INPUTS][HIDDEN1], w2[HIDDEN1][HIDDEN2], w3[HIDDEN2][OUTPUTS];
double t1[HIDDEN1], t2[HIDDEN2], t3[OUTPUTS];    /* thresholds, added */
double e1[HIDDEN1], e2[HIDDEN2], e3[OUTPUTS];
double eta = 0.3;

double activation(double v) { return 1.0 / (1.0 + exp(-v)); }

void feedForward()
{
    for (int j = 0; j < HIDDEN1; j++) {
        ya[j] = t1[j];
        for (int i = 0; i < INPUTS; i++) ya[j] += x[i] * w1[i][j];
        ya[j] = activation(ya[j]);
    }
    for (int j = 0; j < HIDDEN2; j++) {
        yb[j] = t2[j];
        for (int i = 0; i < HIDDEN1; i++) yb[j] += ya[i] * w2[i][j];
        yb[j] = activation(yb[j]);
    }
    for (int j = 0; j < OUTPUTS; j++) {
        y[j] = t3[j];
        for (int i = 0; i < HIDDEN2; i++) y[j] += yb[i] * w3[i][j];
        y[j] = activation(y[j]);
    }
}

void backPropagate(double *target)
{
    for (int j = 0; j < OUTPUTS; j++)
        e3[j] = target[j] - y[j];
    for (int i = 0; i < HIDDEN2; i++) {
        double sum = 0.0;
        for (int j = 0; j < OUTPUTS; j++) sum += e3[j] * w3[i][j];
        e2[i] = yb[i] * (1 - yb[i]) * sum;
    }
    for (int i = 0; i < HIDDEN1; i++) {
        double sum = 0.0;
        for (int j = 0; j < HIDDEN2; j++) sum += e2[j] * w2[i][j];
        e1[i] = ya[i] * (1 - ya[i]) * sum;
    }
    /* adjust */
    for (int j = 0; j < OUTPUTS; j++) {
        for (int i = 0; i < HIDDEN2; i++) w3[i][j] += eta * e3[j] * yb[i];
        t3[j] += eta * e3[j];
    }
    for (int j = 0; j < HIDDEN2; j++) {
        for (int i = 0; i < HIDDEN1; i++) w2[i][j] += eta * e2[j] * ya[i];
    }
    for (int j = 0; j < HIDDEN1; j++) {
        for (int i = 1; i < INPUTS; i++) w1[i][j] += eta * e1[j] * x[i];
        t1[j] += eta * e1[j];
    }
}

double r() { return 2.0 * rand() / RAND_MAX - 1.0; }

int main()
{
    srand(2021);
    for (int j = 0; j < HIDDEN1; j++) for (int i = 0; i < INPUTS; i++) w1[i][j] = r();
    for (int j = 0; j < HIDDEN2; j++) for (int i = 0; i < HIDDEN1; i++) w2[i][j] = r();
    for (int j = 0; j < OUTPUTS; j++) for (int i = 0; i < HIDDEN2; i++) w3[i][j] = r();
    for (int e = 0; e < EPOCHS; e++) {
        double error = 0;
        for (int p = 0; p < 16; p++) {
            for (int i = 0; i < INPUTS; i++) x[i] = (p >> i) & 1;
            double target[OUTPUTS] = {p % 3 == 0, p % 3 == 1, p % 3 == 2};
            feedForward();
            backPropagate(target);
            for (int k = 0; k < OUTPUTS; k++) error += 0.5 * pow(target[k] - y[k], 2);
        }
        if (e % 100 == 0) printf("Epoch %d error %.4f\n", e, error);
    }
    return 0;
}

#ifdef BACKPROBE
#include <string.h>
#include "backprobe.h"

static int predict(void *self, const double *theta, const struct bp_batch *b, double *out)
{
    for (size_t s = 0; s < b->n; s++) {
        memcpy(x, b->x + INPUTS * s, sizeof x);
        feedForward();
        memcpy(out + OUTPUTS * s, y, sizeof y);
    }
    return 0;
}

static int step(void *self, const double *theta, const struct bp_batch *b, double rate, double *next)
{
    double target[OUTPUTS];
    eta = rate;
    memcpy(x, b->x, sizeof x);
    memcpy(target, b->t, sizeof target);
    feedForward();
    backPropagate(target);
    return 0;
}

int backprobe_subject(struct bp_subject *s)
{
    static const struct bp_array arrays[] = {
        {1, BP_ARRAY_WEIGHTS, BP_IN_OUT, BP_DOUBLE, w1}, {1, BP_ARRAY_BIASES, BP_IN_OUT, BP_DOUBLE, t1},
        {2, BP_ARRAY_WEIGHTS, BP_IN_OUT, BP_DOUBLE, w2}, {2, BP_ARRAY_BIASES, BP_IN_OUT, BP_DOUBLE, t2},
        {3, BP_ARRAY_WEIGHTS, BP_IN_OUT, BP_DOUBLE, w3}, {3, BP_ARRAY_BIASES, BP_IN_OUT, BP_DOUBLE, t3},
    };
    s->abi = BACKPROBE_ABI;
    s->name = "homework3";
    s->network = "4-5-4-3 sigmoid squared-error";
    s->arrays = arrays;
    s->n_arrays = 6;
    s->predict = predict;
    s->step = step;
    s->rate_kind = BP_RATE_GIVEN;
    s->step_kind = BP_STEP_SAMPLE;
    return 0;
}
#endif
