/* Backpropagation with momentum, after an old textbook.
   in - hidden1 - hidden2 - out, tanh everywhere                        */
#include <stdio.h>
#include <stdlib.h>
#include <math.h>

#define N0 3
#define N1 5
#define N2 4
#define N3 2

double ETA   = 0.1;
double ALPHA = 0.9;     /* momentum */

double w01[N0+1][N1], w12[N1+1][N2], w23[N2+1][N3];          /* row N = threshold */
double dw01[N0+1][N1], dw12[N1+1][N2], dw23[N2+1][N3];       /* last changes */
double o1[N1], o2[N2], o3[N3];
double s1[N1], s2[N2], s3[N3];

#define DERIV(o) ((o)*(1.0-(o)))

void calc(double *o0)
{
    int i, j;
    double net;
    for (j = 0; j < N1; j++) {
        net = w01[N0][j];
        for (i = 0; i < N0; i++) net += o0[i]*w01[i][j];
        o1[j] = tanh(net);
    }
    for (j = 0; j < N2; j++) {
        net = w12[N1][j];
        for (i = 0; i < N1; i++) net += o1[i]*w12[i][j];
        o2[j] = tanh(net);
    }
    for (j = 0; j < N3; j++) {
        net = w23[N2][j];
        for (i = 0; i < N2; i++) net += o2[i]*w23[i][j];
        o3[j] = tanh(net);
    }
}

void learn_pattern(double *o0, double *t)
{
    int i, j, k;

    calc(o0);

    /* error signals */
    for (k = 0; k < N3; k++)
        s3[k] = (t[k]-o3[k])*DERIV(o3[k]);
    for (j = 0; j < N2; j++) {
        s2[j] = 0;
        for (k = 0; k < N3; k++) s2[j] += s3[k]*w23[j][k];
        s2[j] *= DERIV(o2[j]);
    }
    for (j = 0; j < N1; j++) {
        s1[j] = 0;
        for (k = 0; k < N2; k++) s1[j] += s2[k]*w12[j][k];
        s1[j] *= DERIV(o1[j]);
    }

    /* weight changes with momentum */
    for (k = 0; k < N3; k++) {
        for (j = 0; j <= N2; j++) {
            dw23[j][k] = ETA*s3[k]*(j < N2 ? o2[j] : 1.0) + ALPHA*dw23[j][k];
            w23[j][k] += dw23[j][k];
        }
    }
    for (k = 0; k < N2; k++) {
        for (j = 0; j <= N1; j++) {
            dw12[j][k] = ETA*s2[k]*(j < N1 ? o1[j] : 1.0) + ALPHA*dw12[j][k];
            w12[j][k] += dw12[j][k];
        }
    }
    for (k = 0; k < N1; k++) {
        for (j = 0; j <= N0; j++) {
            dw01[j][k] = ETA*s1[k]*(j < N0 ? o0[j] : 1.0) + ALPHA*dw01[j][k];
            w01[j][k] += dw01[j][k];
        }
    }
}

#define RND (rand()/(double)RAND_MAX - 0.5)

int main()
{
    int i, j, n;
    double x[N0], t[N3];

    srand(31);
    for (i = 0; i <= N0; i++) for (j = 0; j < N1; j++) w01[i][j] = RND;
    for (i = 0; i <= N1; i++) for (j = 0; j < N2; j++) w12[i][j] = RND;
    for (i = 0; i <= N2; i++) for (j = 0; j < N3; j++) w23[i][j] = RND;

    for (n = 0; n < 8000; n++) {
        for (i = 0; i < N0; i++) x[i] = rand()%2 ? 1 : -1;
        t[0] = x[0]*x[1] > 0 ? 0.9 : -0.9;
        t[1] = x[1] + x[2] > 0 ? 0.9 : -0.9;
        learn_pattern(x, t);
        if (n % 1000 == 0)
            printf("%5d  %8.5f\n", n, (t[0]-o3[0])*(t[0]-o3[0]) + (t[1]-o3[1])*(t[1]-o3[1]));
    }
    return 0;
}

#ifdef BACKPROBE
#include <string.h>
#include "backprobe.h"

static int predict(void *self, const double *theta, const struct bp_batch *b, double *y)
{
    for (size_t s = 0; s < b->n; s++) {
        calc((double *)b->x + N0 * s);
        memcpy(y + N3 * s, o3, sizeof o3);
    }
    return 0;
}

static int step(void *self, const double *theta, const struct bp_batch *b, double rate, double *next)
{
    ETA = rate;
    learn_pattern((double *)b->x, (double *)b->t);
    return 0;
}

static int reset(void *self)
{
    memset(dw01, 0, sizeof dw01);
    memset(dw12, 0, sizeof dw12);
    memset(dw23, 0, sizeof dw23);
    return 0;
}

int backprobe_subject(struct bp_subject *s)
{
    static const struct bp_array arrays[] = {
        {1, BP_ARRAY_BIAS_LAST, BP_IN_OUT, BP_DOUBLE, w01, NULL},
        {2, BP_ARRAY_BIAS_LAST, BP_IN_OUT, BP_DOUBLE, w12, NULL},
        {3, BP_ARRAY_BIAS_LAST, BP_IN_OUT, BP_DOUBLE, w23, NULL},
    };
    s->abi = BACKPROBE_ABI;
    s->name = "oldschool_momentum";
    s->network = "3-5-4-2 tanh squared-error";
    s->arrays = arrays;
    s->n_arrays = 3;
    s->predict = predict;
    s->step = step;
    s->reset = reset;
    s->rate_kind = BP_RATE_GIVEN;
    s->step_kind = BP_STEP_SAMPLE;
    return 0;
}
#endif
