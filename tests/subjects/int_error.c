/* Polynomial features to three outputs, tanh hidden units, linear out. */
#include <stdio.h>
#include <stdlib.h>
#include <math.h>

#define NUM_INPUTS 2
#define NUM_HIDDEN 5
#define NUM_OUTPUTS 3

struct network {
    double hidden_weights[NUM_INPUTS][NUM_HIDDEN];
    double hidden_bias[NUM_HIDDEN];
    double output_weights[NUM_HIDDEN][NUM_OUTPUTS];
    double output_bias[NUM_OUTPUTS];
    double hidden[NUM_HIDDEN];
    double output[NUM_OUTPUTS];
} net;

void forward(struct network *n, const double *input)
{
    int i, j;
    for (j = 0; j < NUM_HIDDEN; j++) {
        double activation = n->hidden_bias[j];
        for (i = 0; i < NUM_INPUTS; i++)
            activation += input[i] * n->hidden_weights[i][j];
        n->hidden[j] = tanh(activation);
    }
    for (j = 0; j < NUM_OUTPUTS; j++) {
        n->output[j] = n->output_bias[j];
        for (i = 0; i < NUM_HIDDEN; i++)
            n->output[j] += n->hidden[i] * n->output_weights[i][j];
    }
}

void train(struct network *n, const double *input, const double *target, double lr)
{
    double delta_output[NUM_OUTPUTS], delta_hidden[NUM_HIDDEN];
    int error;
    int i, j;

    forward(n, input);

    for (j = 0; j < NUM_OUTPUTS; j++) {
        error = target[j] - n->output[j];
        delta_output[j] = error;
    }
    for (i = 0; i < NUM_HIDDEN; i++) {
        double sum = 0;
        for (j = 0; j < NUM_OUTPUTS; j++)
            sum += delta_output[j] * n->output_weights[i][j];
        delta_hidden[i] = sum * (1 - n->hidden[i] * n->hidden[i]);
    }
    for (j = 0; j < NUM_OUTPUTS; j++) {
        n->output_bias[j] += lr * delta_output[j];
        for (i = 0; i < NUM_HIDDEN; i++)
            n->output_weights[i][j] += lr * delta_output[j] * n->hidden[i];
    }
    for (j = 0; j < NUM_HIDDEN; j++) {
        n->hidden_bias[j] += lr * delta_hidden[j];
        for (i = 0; i < NUM_INPUTS; i++)
            n->hidden_weights[i][j] += lr * delta_hidden[j] * input[i];
    }
}

double rand_weight(void) { return (double)rand() / RAND_MAX * 2.0 - 1.0; }

int main(void)
{
    int i, j, n;
    double err = 0;
    srand(100);
    for (j = 0; j < NUM_HIDDEN; j++) {
        for (i = 0; i < NUM_INPUTS; i++) net.hidden_weights[i][j] = rand_weight();
        for (i = 0; i < NUM_OUTPUTS; i++) net.output_weights[j][i] = rand_weight();
    }
    for (n = 1; n <= 20000; n++) {
        double x[2] = {rand_weight(), rand_weight()};
        double t[3] = {3 * x[0] * x[1], 2 * x[0] - x[1], 2 * x[1] * x[1]};
        train(&net, x, t, 0.02);
        for (i = 0; i < 3; i++)
            err += (t[i] - net.output[i]) * (t[i] - net.output[i]) / 2;
        if (n % 5000 == 0) {
            printf("%d  %f\n", n, err / 5000);
            err = 0;
        }
    }
    return 0;
}

#ifdef BACKPROBE
#include "backprobe.h"

static int predict(void *self, const double *theta, const struct bp_batch *b, double *y)
{
    for (size_t s = 0; s < b->n; s++) {
        forward(&net, b->x + NUM_INPUTS * s);
        for (int j = 0; j < NUM_OUTPUTS; j++)
            y[NUM_OUTPUTS * s + j] = net.output[j];
    }
    return 0;
}

static int step(void *self, const double *theta, const struct bp_batch *b, double rate, double *next)
{
    train(&net, b->x, b->t, rate);
    return 0;
}

int backprobe_subject(struct bp_subject *s)
{
    static const struct bp_array arrays[] = {
        {1, BP_ARRAY_WEIGHTS, BP_IN_OUT, BP_DOUBLE, net.hidden_weights, NULL},
        {1, BP_ARRAY_BIASES, BP_IN_OUT, BP_DOUBLE, net.hidden_bias, NULL},
        {2, BP_ARRAY_WEIGHTS, BP_IN_OUT, BP_DOUBLE, net.output_weights, NULL},
        {2, BP_ARRAY_BIASES, BP_IN_OUT, BP_DOUBLE, net.output_bias, NULL},
    };
    s->abi = BACKPROBE_ABI;
    s->name = "int_error";
    s->network = "2-5-3 tanh,identity squared-error";
    s->arrays = arrays;
    s->n_arrays = 4;
    s->predict = predict;
    s->step = step;
    s->rate_kind = BP_RATE_GIVEN;
    s->step_kind = BP_STEP_SAMPLE;
    return 0;
}
#endif
