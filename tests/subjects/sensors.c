/* Five sensor readings, three alarm lamps. Own little library. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define SENSORS 5
#define CELLS 6
#define LAMPS 3

struct brain {
    float in[CELLS][SENSORS], in_bias[CELLS];
    float out[LAMPS][CELLS], out_bias[LAMPS];
    float cell[CELLS], lamp[LAMPS];
};

static float squash(float v) { return 1 / (1 + expf(-v)); }

void think(struct brain *b, const float *s)
{
    for (int c = 0; c < CELLS; c++) {
        float v = b->in_bias[c];
        for (int i = 0; i < SENSORS; i++)
            v += b->in[c][i] * s[i];
        b->cell[c] = squash(v);
    }
    for (int l = 0; l < LAMPS; l++) {
        float v = b->out_bias[l];
        for (int c = 1; c < CELLS; c++)
            v += b->out[l][c] * b->cell[c];
        b->lamp[l] = squash(v);
    }
}

/* squared error, 1/2 */
void correct(struct brain *b, const float *s, const float *want, float pace)
{
    float dl[LAMPS], dc[CELLS];
    think(b, s);
    for (int l = 0; l < LAMPS; l++)
        dl[l] = (want[l] - b->lamp[l]) * b->lamp[l] * (1 - b->lamp[l]);
    for (int c = 0; c < CELLS; c++) {
        dc[c] = 0;
        for (int l = 0; l < LAMPS; l++)
            dc[c] += dl[l] * b->out[l][c];
        dc[c] *= b->cell[c] * (1 - b->cell[c]);
    }
    for (int l = 0; l < LAMPS; l++) {
        for (int c = 0; c < CELLS; c++)
            b->out[l][c] += pace * dl[l] * b->cell[c];
        b->out_bias[l] += pace * dl[l];
    }
    for (int c = 0; c < CELLS; c++) {
        for (int i = 0; i < SENSORS; i++)
            b->in[c][i] += pace * dc[c] * s[i];
        b->in_bias[c] += pace * dc[c];
    }
}

static struct brain mind;

static float any(void) { return 2 * (rand() / (float)RAND_MAX) - 1; }

int main(void)
{
    float miss = 0;
    srand(51);
    for (int c = 0; c < CELLS; c++) {
        for (int i = 0; i < SENSORS; i++)
            mind.in[c][i] = any();
        for (int l = 0; l < LAMPS; l++)
            mind.out[l][c] = any();
    }
    for (int n = 1; n <= 30000; n++) {
        float s[SENSORS], want[LAMPS];
        for (int i = 0; i < SENSORS; i++)
            s[i] = any();
        want[0] = s[0] + s[1] > 0.5f;
        want[1] = s[2] > s[3];
        want[2] = s[4] * s[4] > 0.3f;
        correct(&mind, s, want, 0.3f);
        for (int l = 0; l < LAMPS; l++)
            miss += fabsf(want[l] - mind.lamp[l]);
        if (n % 10000 == 0) {
            printf("%d %.4f\n", n, miss / 30000);
            miss = 0;
        }
    }
    return 0;
}

#ifdef BACKPROBE
#include "backprobe.h"

static int predict(void *self, const double *theta, const struct bp_batch *b, double *y)
{
    for (size_t k = 0; k < b->n; k++) {
        float s[SENSORS];
        for (int i = 0; i < SENSORS; i++)
            s[i] = b->x[SENSORS * k + i];
        think(&mind, s);
        for (int l = 0; l < LAMPS; l++)
            y[LAMPS * k + l] = mind.lamp[l];
    }
    return 0;
}

static int step(void *self, const double *theta, const struct bp_batch *b, double rate, double *next)
{
    float s[SENSORS], want[LAMPS];
    for (int i = 0; i < SENSORS; i++)
        s[i] = b->x[i];
    for (int l = 0; l < LAMPS; l++)
        want[l] = b->t[l];
    correct(&mind, s, want, rate);
    return 0;
}

int backprobe_subject(struct bp_subject *s)
{
    static const struct bp_array arrays[] = {
        {1, BP_ARRAY_WEIGHTS, BP_OUT_IN, BP_FLOAT, mind.in, NULL},
        {1, BP_ARRAY_BIASES, BP_OUT_IN, BP_FLOAT, mind.in_bias, NULL},
        {2, BP_ARRAY_WEIGHTS, BP_OUT_IN, BP_FLOAT, mind.out, NULL},
        {2, BP_ARRAY_BIASES, BP_OUT_IN, BP_FLOAT, mind.out_bias, NULL},
    };
    s->abi = BACKPROBE_ABI;
    s->name = "sensors";
    s->network = "5-6-3 sigmoid squared-error";
    s->arrays = arrays;
    s->n_arrays = 4;
    s->precision = BP_FLOAT;
    s->predict = predict;
    s->step = step;
    s->rate_kind = BP_RATE_GIVEN;
    s->step_kind = BP_STEP_SAMPLE;
    return 0;
}
#endif
