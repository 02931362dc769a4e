#include <stdio.h>
#include <stdlib.h>
#include <math.h>

typedef struct { float *weights; float bias, output, error, delta; } neuron_t;
typedef struct { int count, inputs; neuron_t *neurons; } layer_t;
typedef struct { int count; layer_t *layers; float rate; } network_t;

static float frand(void) { return (float)rand() / RAND_MAX * 2 - 1; }

network_t *network_new(int count, const int *sizes)
{
    network_t *net = malloc(sizeof(network_t));
    net->count = count;
    net->rate = 0.3f;
    net->layers = malloc(count * sizeof(layer_t));
    for (int l = 0; l < count; l++) {
        layer_t *layer = &net->layers[l];
        layer->count = sizes[l + 1];
        layer->inputs = sizes[l];
        layer->neurons = malloc(layer->count * sizeof(neuron_t));
        for (int i = 0; i < layer->count; i++) {
            neuron_t *n = &layer->neurons[i];
            n->weights = malloc(layer->inputs * sizeof(float));
            for (int j = 0; j < layer->inputs; j++)
                n->weights[j] = frand();
            n->bias = frand();
        }
    }
    return net;
}

void network_run(network_t *net, const float *input)
{
    for (int l = 0; l < net->count; l++) {
        layer_t *layer = &net->layers[l];
        for (int i = 0; i < layer->count; i++) {
            neuron_t *n = &layer->neurons[i];
            float sum = n->bias;
            for (int j = 0; j < layer->inputs; j++)
                sum += n->weights[j] * (l == 0 ? input[j] : net->layers[l - 1].neurons[j].output);
            n->output = 1.0f / (1.0f + expf(-sum));
        }
    }
}

void network_learn(network_t *net, const float *input, const float *target)
{
    network_run(net, input);

    for (int l = net->count - 1; l >= 0; l--) {
        layer_t *layer = &net->layers[l];
        for (int i = 0; i < layer->count; i++) {
            neuron_t *n = &layer->neurons[i];
            n->error = 0;
            if (l == net->count - 1)
                n->error = target[i] - n->output;
            else {
                layer_t *next = &net->layers[l + 1];
                for (int k = 0; k < next->count; k++)
                    n->error += next->neurons[k].weights[i] * next->neurons[k].error;
            }
            n->delta = n->error * n->output * (1 - n->output);
        }
    }

    for (int l = 0; l < net->count; l++) {
        layer_t *layer = &net->layers[l];
        for (int i = 0; i < layer->count; i++) {
            neuron_t *n = &layer->neurons[i];
            for (int j = 0; j < layer->inputs; j++) {
                float in = l == 0 ? input[j] : net->layers[l - 1].neurons[j].output;
                n->weights[j] += net->rate * n->delta * in;
            }
            n->bias -= net->rate * n->delta;
        }
    }
}

int main(void)
{
    int sizes[] = {2, 4, 3, 2};
    network_t *net = network_new(3, sizes);
    float err = 0;
    srand(6);
    for (int i = 0; i < 20000; i++) {
        float in[2] = {frand(), frand()};
        float t[2] = {in[0] * in[1] > 0, in[0] > in[1]};
        network_learn(net, in, t);
        for (int k = 0; k < 2; k++)
            err += powf(t[k] - net->layers[2].neurons[k].output, 2) / 2;
        if (i % 5000 == 4999) {
            printf("%5d  mean error %.4f\n", i + 1, err / 5000);
            err = 0;
        }
    }
    return 0;
}

#ifdef BACKPROBE
#include "backprobe.h"

static network_t *subject;

/* per layer: weights neuron by neuron, then the biases */
static void put(const double *theta)
{
    for (int l = 0; l < subject->count; l++) {
        layer_t *layer = &subject->layers[l];
        for (int i = 0; i < layer->count; i++)
            for (int j = 0; j < layer->inputs; j++)
                layer->neurons[i].weights[j] = (float)*theta++;
        for (int i = 0; i < layer->count; i++)
            layer->neurons[i].bias = (float)*theta++;
    }
}

static void get(double *theta)
{
    for (int l = 0; l < subject->count; l++) {
        layer_t *layer = &subject->layers[l];
        for (int i = 0; i < layer->count; i++)
            for (int j = 0; j < layer->inputs; j++)
                *theta++ = layer->neurons[i].weights[j];
        for (int i = 0; i < layer->count; i++)
            *theta++ = layer->neurons[i].bias;
    }
}

static int predict(void *self, const double *theta, const struct bp_batch *b, double *y)
{
    put(theta);
    for (size_t s = 0; s < b->n; s++) {
        float in[2] = {b->x[2 * s], b->x[2 * s + 1]};
        network_run(subject, in);
        for (int k = 0; k < 2; k++)
            y[2 * s + k] = subject->layers[2].neurons[k].output;
    }
    return 0;
}

static int step(void *self, const double *theta, const struct bp_batch *b, double rate, double *next)
{
    float in[2] = {b->x[0], b->x[1]}, t[2] = {b->t[0], b->t[1]};
    put(theta);
    subject->rate = rate;
    network_learn(subject, in, t);
    get(next);
    return 0;
}

int backprobe_subject(struct bp_subject *s)
{
    static struct bp_array arrays[6];
    int sizes[] = {2, 4, 3, 2};
    subject = network_new(3, sizes);
    for (int l = 1; l <= 3; l++) {
        arrays[2 * l - 2] = (struct bp_array){l, BP_ARRAY_WEIGHTS, BP_OUT_IN, BP_FLOAT, NULL, NULL};
        arrays[2 * l - 1] = (struct bp_array){l, BP_ARRAY_BIASES, BP_OUT_IN, BP_FLOAT, NULL, NULL};
    }
    s->abi = BACKPROBE_ABI;
    s->name = "structs_layers";
    s->network = "2-4-3-2 sigmoid squared-error";
    s->arrays = arrays;
    s->n_arrays = 6;
    s->precision = BP_FLOAT;
    s->predict = predict;
    s->step = step;
    s->rate_kind = BP_RATE_GIVEN;
    s->step_kind = BP_STEP_SAMPLE;
    return 0;
}
#endif
