// tanh net, float, bias is the last weight of each row
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define LAYERS 4
const int units[LAYERS] = {2, 4, 4, 2};
float weight[LAYERS - 1][4][5];
float value[LAYERS][5];
float delta[LAYERS][5];

float *run(const float *in)
{
    for (int i = 0; i < units[0]; i++)
        value[0][i] = in[i];
    for (int l = 1; l < LAYERS; l++) {
        value[l - 1][units[l - 1]] = 1.0f;
        for (int j = 0; j < units[l]; j++) {
            float sum = 0;
            for (int i = 0; i <= units[l - 1]; i++)
                sum += weight[l - 1][j][i] * value[l - 1][i];
            value[l][j] = tanhf(sum);
        }
    }
    return value[LAYERS - 1];
}

void train(const float *in, const float *target, float rate)
{
    int last = LAYERS - 1;
    run(in);
    for (int j = 0; j < units[last]; j++)
        delta[last][j] = (target[j] - value[last][j]) * (1 - value[last][j] * value[last][j]);
    for (int l = last - 1; l > 0; l--)
        for (int i = 0; i < units[l]; i++) {
            delta[l][i] = 0;
            for (int j = 0; j < units[l + 1]; j++)
                delta[l][i] += delta[l + 1][j] * weight[l][j][i];
            delta[l][i] *= 1 - value[l][i] * value[l][i];
        }
    for (int l = 1; l < LAYERS; l++)
        for (int j = 0; j < units[l]; j++)
            for (int i = 0; i < units[l - 1]; i++)
                weight[l - 1][j][i] += rate * delta[l][j] * value[l - 1][i];
}

int main(void)
{
    srand(5);
    for (int l = 0; l < LAYERS - 1; l++)
        for (int j = 0; j < 4; j++)
            for (int i = 0; i < 5; i++)
                weight[l][j][i] = (float)rand() / RAND_MAX - 0.5f;
    // polar to cartesian, small angles
    float e = 0;
    for (int n = 0; n < 30000; n++) {
        float in[2] = {(float)rand() / RAND_MAX, 2 * (float)rand() / RAND_MAX - 1};
        float t[2] = {0.9f * in[0] * cosf(in[1]), 0.9f * in[0] * sinf(in[1])};
        train(in, t, 0.05f);
        e = 0.999f * e + 0.001f * (powf(value[3][0] - t[0], 2) + powf(value[3][1] - t[1], 2));
    }
    printf("running error %g\n", e);
    return 0;
}

#ifdef BACKPROBE
#include "backprobe.h"

static int move(double *theta, int out)
{
    for (int l = 1; l < LAYERS; l++)
        for (int j = 0; j < units[l]; j++)
            for (int i = 0; i <= units[l - 1]; i++, theta++)
                if (out)
                    *theta = weight[l - 1][j][i];
                else
                    weight[l - 1][j][i] = *theta;
    return 0;
}

static int predict(void *self, const double *theta, const struct bp_batch *b, double *y)
{
    move((double *)theta, 0);
    for (size_t s = 0; s < b->n; s++) {
        float *r = run((float[]){b->x[2 * s], b->x[2 * s + 1]});
        y[2 * s] = r[0];
        y[2 * s + 1] = r[1];
    }
    return 0;
}

static int step(void *self, const double *theta, const struct bp_batch *b, double rate, double *next)
{
    move((double *)theta, 0);
    train((float[]){b->x[0], b->x[1]}, (float[]){b->t[0], b->t[1]}, rate);
    return move(next, 1);
}

int backprobe_subject(struct bp_subject *s)
{
    static const struct bp_array arrays[] = {
        {1, BP_ARRAY_BIAS_LAST, BP_OUT_IN, BP_FLOAT, NULL, NULL},
        {2, BP_ARRAY_BIAS_LAST, BP_OUT_IN, BP_FLOAT, NULL, NULL},
        {3, BP_ARRAY_BIAS_LAST, BP_OUT_IN, BP_FLOAT, NULL, NULL},
    };
    s->abi = BACKPROBE_ABI;
    s->name = "bias_last_float";
    s->network = "2-4-4-2 tanh squared-error";
    s->arrays = arrays;
    s->n_arrays = 3;
    s->precision = BP_FLOAT;
    s->predict = predict;
    s->step = step;
    s->rate_kind = BP_RATE_GIVEN;
    s->step_kind = BP_STEP_SAMPLE;
    return 0;
}
#endif
