/* weight decay against overfitting.
 * J = -sum t ln p + DECAY/2 * sum w^2   (biases are not decayed)  */
#include <stdio.h>
#include <stdlib.h>
#include <math.h>

#define DECAY 0.02
#define RATE 0.05

#define N 3
#define M 8
#define K 3

double w1[N * M], c1[M];
double w2[M * K], c2[K];
double hid[M], p[K];

void fwd(const double *x)
{
    double z[K], big = -1e300, sum = 0;
    for (int m = 0; m < M; m++) {
        hid[m] = c1[m];
        for (int n = 0; n < N; n++)
            hid[m] += x[n] * w1[n * M + m];
        hid[m] = tanh(hid[m]);
    }
    for (int k = 0; k < K; k++) {
        z[k] = c2[k];
        for (int m = 0; m < M; m++)
            z[k] += hid[m] * w2[m * K + k];
        if (z[k] > big)
            big = z[k];
    }
    for (int k = 0; k < K; k++)
        sum += p[k] = exp(z[k] - big);
    for (int k = 0; k < K; k++)
        p[k] /= sum;
}

void step(const double *x, int label)
{
    double dz[K], dh[M];
    fwd(x);
    for (int k = 0; k < K; k++)
        dz[k] = p[k] - (k == label);
    for (int m = 0; m < M; m++) {
        dh[m] = 0;
        for (int k = 0; k < K; k++)
            dh[m] += w2[m * K + k] * dz[k];
        dh[m] *= 1 - hid[m] * hid[m];
    }
    for (int m = 0; m < M; m++)
        for (int k = 0; k < K; k++)
            w2[m * K + k] -= RATE * (hid[m] * dz[k] - DECAY * w2[m * K + k]);
    for (int n = 0; n < N; n++)
        for (int m = 0; m < M; m++)
            w1[n * M + m] -= RATE * (x[n] * dh[m] - DECAY * w1[n * M + m]);
    for (int k = 0; k < K; k++)
        c2[k] -= RATE * dz[k];
    for (int m = 0; m < M; m++)
        c1[m] -= RATE * dh[m];
}

int main(void)
{
    srand(41);
    for (int i = 0; i < N * M; i++)
        w1[i] = 0.5 * (2.0 * rand() / RAND_MAX - 1);
    for (int i = 0; i < M * K; i++)
        w2[i] = 0.5 * (2.0 * rand() / RAND_MAX - 1);
    int hits = 0;
    for (int it = 0; it < 3000; it++) {
        double x[N], best = -9;
        int label = 0;
        for (int n = 0; n < N; n++) {
            x[n] = 2.0 * rand() / RAND_MAX - 1;
            if (x[n] > best) {
                best = x[n];
                label = n;
            }
        }
        step(x, label);
        if (it >= 2000)
            hits += p[label] > p[(label + 1) % K] && p[label] > p[(label + 2) % K];
    }
    printf("which is largest: %d of the last 1000\n", hits);
    return 0;
}

#ifdef BACKPROBE
#include "backprobe.h"

static int predict(void *self, const double *theta, const struct bp_batch *b, double *y)
{
    for (size_t s = 0; s < b->n; s++) {
        fwd(b->x + N * s);
        for (int k = 0; k < K; k++)
            y[K * s + k] = p[k];
    }
    return 0;
}

/* the label is the hot one of the targets */
static int train_step(void *self, const double *theta, const struct bp_batch *b, double rate, double *next)
{
    int label = 0;
    while (label < K && b->t[label] != 1)
        label++;
    if (label == K)
        return 1;
    step(b->x, label);
    return 0;
}

static const char *complaint(void *self)
{
    return "the target must be one-hot: it is a label";
}

int backprobe_subject(struct bp_subject *s)
{
    static const struct bp_array arrays[] = {
        {1, BP_ARRAY_WEIGHTS, BP_IN_OUT, BP_DOUBLE, w1, NULL},
        {1, BP_ARRAY_BIASES, BP_IN_OUT, BP_DOUBLE, c1, NULL},
        {2, BP_ARRAY_WEIGHTS, BP_IN_OUT, BP_DOUBLE, w2, NULL},
        {2, BP_ARRAY_BIASES, BP_IN_OUT, BP_DOUBLE, c2, NULL},
    };
    s->abi = BACKPROBE_ABI;
    s->name = "own_decay";
    s->network = "3-8-3 tanh,softmax softmax-cross-entropy l2=0.02";
    s->arrays = arrays;
    s->n_arrays = 4;
    s->predict = predict;
    s->step = train_step;
    s->complaint = complaint;
    s->rate_kind = BP_RATE_FIXED;
    s->rate = RATE;
    s->step_kind = BP_STEP_SAMPLE;
    return 0;
}
#endif
