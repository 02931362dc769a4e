/* XOR with neurons as structs */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define INPUTS 2
#define HIDDEN 3

typedef struct {
    double weights[4];
    double bias;
    double output;
    double delta;
} Neuron;

Neuron hidden[HIDDEN];
Neuron out;
double learning_rate = 0.8;

double sigmoid(double x)
{
    return 1.0 / (1.0 + exp(-x));
}

double sigmoid_derivative(double x)
{
    return sigmoid(x) * (1.0 - sigmoid(x));
}

double rnd(void)
{
    return 2.0 * rand() / RAND_MAX - 1.0;
}

void init(void)
{
    for (int i = 0; i < HIDDEN; i++) {
        for (int j = 0; j < INPUTS; j++)
            hidden[i].weights[j] = rnd();
        hidden[i].bias = rnd();
        out.weights[i] = rnd();
    }
    out.bias = rnd();
}

double feed_forward(const double *in)
{
    for (int i = 0; i < HIDDEN; i++) {
        double sum = hidden[i].bias;
        for (int j = 0; j < INPUTS; j++)
            sum += hidden[i].weights[j] * in[j];
        hidden[i].output = sigmoid(sum);
    }
    double sum = out.bias;
    for (int i = 0; i < HIDDEN; i++)
        sum += out.weights[i] * hidden[i].output;
    out.output = sigmoid(sum);
    return out.output;
}

void train(const double *in, double target)
{
    feed_forward(in);

    out.delta = (target - out.output) * sigmoid_derivative(out.output);
    for (int i = 0; i < HIDDEN; i++)
        hidden[i].delta = out.delta * out.weights[i] * sigmoid_derivative(hidden[i].output);

    for (int i = 0; i < HIDDEN; i++)
        out.weights[i] += learning_rate * out.delta * hidden[i].output;
    out.bias += learning_rate * out.delta;

    for (int i = 0; i < HIDDEN; i++) {
        for (int j = 0; j < INPUTS; j++)
            hidden[i].weights[j] += learning_rate * hidden[i].delta * in[j];
        hidden[i].bias += learning_rate * hidden[i].delta;
    }
}

int main(void)
{
    double x[4][2] = {{0, 0}, {0, 1}, {1, 0}, {1, 1}};
    double y[4] = {0, 1, 1, 0};

    srand(1);
    init();
    for (int epoch = 0; epoch < 5000; epoch++) {
        double err = 0;
        for (int s = 0; s < 4; s++) {
            train(x[s], y[s]);
            err += 0.5 * (y[s] - out.output) * (y[s] - out.output);
        }
        if (epoch % 1000 == 0)
            printf("epoch %d error %f\n", epoch, err);
    }
    for (int s = 0; s < 4; s++)
        printf("%g xor %g = %f\n", x[s][0], x[s][1], feed_forward(x[s]));
    return 0;
}

#ifdef BACKPROBE
#include "backprobe.h"

static void put(const double *theta)
{
    for (int i = 0; i < HIDDEN; i++)
        for (int j = 0; j < INPUTS; j++)
            hidden[i].weights[j] = *theta++;
    for (int i = 0; i < HIDDEN; i++)
        hidden[i].bias = *theta++;
    for (int i = 0; i < HIDDEN; i++)
        out.weights[i] = *theta++;
    out.bias = *theta;
}

static void get(double *theta)
{
    for (int i = 0; i < HIDDEN; i++)
        for (int j = 0; j < INPUTS; j++)
            *theta++ = hidden[i].weights[j];
    for (int i = 0; i < HIDDEN; i++)
        *theta++ = hidden[i].bias;
    for (int i = 0; i < HIDDEN; i++)
        *theta++ = out.weights[i];
    *theta = out.bias;
}

static int predict(void *self, const double *theta, const struct bp_batch *batch, double *y)
{
    put(theta);
    for (size_t s = 0; s < batch->n; s++)
        y[s] = feed_forward(batch->x + s * INPUTS);
    return 0;
}

static int step(void *self, const double *theta, const struct bp_batch *batch, double rate,
                double *next)
{
    put(theta);
    learning_rate = rate;
    train(batch->x, batch->t[0]);
    get(next);
    return 0;
}

static const struct bp_array arrays[] = {
    {1, BP_ARRAY_WEIGHTS, BP_OUT_IN, BP_DOUBLE, NULL, NULL},
    {1, BP_ARRAY_BIASES, BP_OUT_IN, BP_DOUBLE, NULL, NULL},
    {2, BP_ARRAY_WEIGHTS, BP_OUT_IN, BP_DOUBLE, NULL, NULL},
    {2, BP_ARRAY_BIASES, BP_OUT_IN, BP_DOUBLE, NULL, NULL},
};

int backprobe_subject(struct bp_subject *s)
{
    s->abi = BACKPROBE_ABI;
    s->name = "xor_neurons";
    s->network = "2-3-1 sigmoid squared-error";
    s->arrays = arrays;
    s->n_arrays = 4;
    s->precision = BP_DOUBLE;
    s->predict = predict;
    s->step = step;
    s->rate_kind = BP_RATE_GIVEN;
    s->step_kind = BP_STEP_SAMPLE;
    return 0;
}
#endif
