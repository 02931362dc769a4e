/* deep tanh net with constant width; weights in one 3-D array */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WID 4
#define DEEP 4

double w[DEEP + 1][WID][WID];    /* w[l] leads into layer l; w[0] is not used */
double gw[DEEP + 1][WID][WID];
double bias[DEEP + 1][WID], gbias[DEEP + 1][WID];
double x[DEEP + 1][WID], d[DEEP + 1][WID];

void forward(const double *in)
{
    memcpy(x[0], in, sizeof x[0]);
    for (int l = 1; l <= DEEP; l++)
        for (int i = 0; i < WID; i++) {
            double s = bias[l][i];
            for (int j = 0; j < WID; j++)
                s += w[l][i][j] * x[l - 1][j];
            x[l][i] = l == DEEP ? s : tanh(s);
        }
}

/* adds one sample's part of the gradient of 1/2 mean |out - t|^2 */
void backward(const double *t, double weight)
{
    for (int i = 0; i < WID; i++)
        d[DEEP][i] = weight * (x[DEEP][i] - t[i]);
    for (int l = DEEP - 1; l > 0; l--)
        for (int j = 0; j < WID; j++) {
            double s = 0;
            for (int i = 0; i < WID; i++)
                s += w[l][i][j] * d[l + 1][i];
            d[l][j] = s * (1 - x[l][j] * x[l][j]);
        }
    for (int l = 1; l <= DEEP; l++)
        for (int i = 0; i < WID; i++) {
            gbias[l][i] += d[l][i];
            for (int j = 0; j < WID - 1; j++)
                gw[l][i][j] += d[l][i] * x[l - 1][j];
        }
}

void gradient(const double *in, const double *t, int n)
{
    memset(gw, 0, sizeof gw);
    memset(gbias, 0, sizeof gbias);
    for (int s = 0; s < n; s++) {
        forward(in + s * WID);
        backward(t + s * WID, 1.0 / n);
    }
}

int main(void)
{
    double in[30 * WID], t[30 * WID], e = 0;
    srand(64);
    for (int l = 1; l <= DEEP; l++)
        for (int i = 0; i < WID * WID; i++)
            w[l][i / WID][i % WID] = 1.8 * rand() / RAND_MAX - 0.9;
    for (int i = 0; i < 30 * WID; i++)
        in[i] = 2.0 * rand() / RAND_MAX - 1;
    for (int i = 0; i < 30 * WID; i++)
        t[i] = in[i] * in[i ^ 1];
    for (int k = 0; k < 2000; k++) {
        gradient(in, t, 30);
        for (int l = 1; l <= DEEP; l++)
            for (int i = 0; i < WID; i++) {
                bias[l][i] -= 0.1 * gbias[l][i];
                for (int j = 0; j < WID; j++)
                    w[l][i][j] -= 0.1 * gw[l][i][j];
            }
    }
    for (int s = 0; s < 30; s++) {
        forward(in + s * WID);
        for (int i = 0; i < WID; i++)
            e += pow(x[DEEP][i] - t[s * WID + i], 2) / 60;
    }
    printf("error %f\n", e);
    return 0;
}

#ifdef BACKPROBE
#include "backprobe.h"

static int predict(void *self, const double *theta, const struct bp_batch *b, double *y)
{
    for (size_t s = 0; s < b->n; s++) {
        forward(b->x + s * WID);
        memcpy(y + s * WID, x[DEEP], sizeof x[DEEP]);
    }
    return 0;
}

static int gradient_call(void *self, const double *theta, const struct bp_batch *b, double *g)
{
    gradient(b->x, b->t, (int)b->n);
    return 0;
}

int backprobe_subject(struct bp_subject *s)
{
    static struct bp_array arrays[2 * DEEP];
    for (int l = 1; l <= DEEP; l++) {
        arrays[2 * l - 2] = (struct bp_array){l, BP_ARRAY_WEIGHTS, BP_OUT_IN, BP_DOUBLE, w[l], gw[l]};
        arrays[2 * l - 1] = (struct bp_array){l, BP_ARRAY_BIASES, BP_OUT_IN, BP_DOUBLE, bias[l], gbias[l]};
    }
    s->abi = BACKPROBE_ABI;
    s->name = "matrix_list";
    s->network = "4-4-4-4-4 tanh,tanh,tanh,identity squared-error mean";
    s->arrays = arrays;
    s->n_arrays = 2 * DEEP;
    s->predict = predict;
    s->gradient = gradient_call;
    return 0;
}
#endif
