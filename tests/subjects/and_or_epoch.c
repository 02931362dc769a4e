/* AND, OR and XOR at once. epoch() goes over the four rows and updates after each. */
#include <stdio.h>
#include <stdlib.h>
#include <math.h>

#define LEARNING_RATE 0.6

double in[4][2] = {{0, 0}, {0, 1}, {1, 0}, {1, 1}};
double target[4][3] = {{0, 0, 0}, {0, 1, 1}, {0, 1, 1}, {1, 1, 0}};

double weight_ih[2][4], weight_ho[4][3], bias_hid[4], bias_out[3];
double hid[4], res[3];

#define SIG(v) (1.0 / (1.0 + exp(-(v))))

void compute(const double *x)
{
    for (int h = 0; h < 4; h++)
        hid[h] = SIG(bias_hid[h] + x[0] * weight_ih[0][h] + x[1] * weight_ih[1][h]);
    for (int o = 0; o < 3; o++) {
        double v = bias_out[o];
        for (int h = 0; h < 4; h++)
            v += hid[h] * weight_ho[h][o];
        res[o] = SIG(v);
    }
}

double epoch(void)
{
    double total = 0;
    for (int p = 0; p < 4; p++) {
        double dout[3], dhid[4];
        compute(in[p]);
        for (int o = 0; o < 3; o++) {
            double diff = target[p][o] - res[o];
            total += 0.5 * diff * diff;
            dout[o] = diff * res[o] * (1 - res[o]);
        }
        for (int h = 0; h < 4; h++) {
            double back = 0;
            for (int o = 0; o < 3; o++)
                back += dout[o] * weight_ho[h][o];
            dhid[h] = back * hid[h] * (1 - hid[h]);
        }
        for (int o = 0; o < 3; o++) {
            bias_out[o] += LEARNING_RATE * dout[o];
            for (int h = 0; h < 4; h++)
                weight_ho[h][o] += LEARNING_RATE * dout[o] * hid[h];
        }
        for (int h = 0; h < 4; h++) {
            bias_hid[h] += LEARNING_RATE * dhid[h];
            for (int i = 0; i < 2; i++)
                weight_ih[i][h] += LEARNING_RATE * dhid[h] * in[p][i];
        }
    }
    return total;
}

void randomize(void)
{
    srand(3);
    for (int h = 0; h < 4; h++) {
        weight_ih[0][h] = 2.0 * rand() / RAND_MAX - 1;
        weight_ih[1][h] = 2.0 * rand() / RAND_MAX - 1;
        bias_hid[h] = 2.0 * rand() / RAND_MAX - 1;
        for (int o = 0; o < 3; o++)
            weight_ho[h][o] = 2.0 * rand() / RAND_MAX - 1;
    }
}

int main(void)
{
    randomize();
    for (int e = 0; e < 4000; e++) {
        double err = epoch();
        if (e % 1000 == 0)
            printf("%d: %f\n", e, err);
    }
    for (int p = 0; p < 4; p++) {
        compute(in[p]);
        printf("%g %g: %.2f %.2f %.2f\n", in[p][0], in[p][1], res[0], res[1], res[2]);
    }
    return 0;
}

#ifdef BACKPROBE
#include "backprobe.h"

static int predict(void *self, const double *theta, const struct bp_batch *b, double *y)
{
    for (size_t s = 0; s < b->n; s++) {
        compute(b->x + 2 * s);
        for (int o = 0; o < 3; o++)
            y[3 * s + o] = res[o];
    }
    return 0;
}

static int step(void *self, const double *theta, const struct bp_batch *b, double rate, double *next)
{
    epoch();
    return 0;
}

int backprobe_subject(struct bp_subject *s)
{
    static const struct bp_batch data = {4, &in[0][0], &target[0][0]};
    static const struct bp_array arrays[] = {
        {1, BP_ARRAY_WEIGHTS, BP_IN_OUT, BP_DOUBLE, weight_ih, NULL},
        {1, BP_ARRAY_BIASES, BP_IN_OUT, BP_DOUBLE, bias_hid, NULL},
        {2, BP_ARRAY_WEIGHTS, BP_IN_OUT, BP_DOUBLE, weight_ho, NULL},
        {2, BP_ARRAY_BIASES, BP_IN_OUT, BP_DOUBLE, bias_out, NULL},
    };
    s->abi = BACKPROBE_ABI;
    s->name = "and_or_epoch";
    s->network = "2-4-3 sigmoid squared-error";
    s->arrays = arrays;
    s->n_arrays = 4;
    s->predict = predict;
    s->step = step;
    s->rate_kind = BP_RATE_FIXED;
    s->rate = LEARNING_RATE;
    s->step_kind = BP_STEP_EPOCH;
    s->data = &data;
    return 0;
}
#endif
