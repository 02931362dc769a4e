/* mini-batches out of one big array; relu hidden layer, two linear outputs */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { D = 3, H = 8, K = 2, N = 64, MB = 8 };

double inputs[N * D], targets[N * K];
double w[H][D], b[H], v[K][H], c[K];
double gw[H][D], gb[H], gv[K][H], gc[K];

double predict_one(const double *x, double *h, double *y)
{
    for (int i = 0; i < H; i++) {
        double z = b[i];
        for (int j = 0; j < D; j++)
            z += w[i][j] * x[j];
        h[i] = z > 0 ? z : 0;
    }
    for (int k = 0; k < K; k++) {
        y[k] = c[k];
        for (int i = 0; i < H; i++)
            y[k] += v[k][i] * h[i];
    }
    return y[0];
}

/* 1/2 mean squared error of n examples */
void grad(const double *X, const double *T, int n)
{
    double h[H], y[K];

    for (int i = 0; i < H; i++) {
        gb[i] = 0;
        for (int j = 0; j < D; j++)
            gw[i][j] = 0;
    }
    for (int k = 0; k < K; k++) {
        gc[k] = 0;
        for (int i = 0; i < H; i++)
            gv[k][i] = 0;
    }
    for (int s = 0; s < n; s++) {
        const double *x = &X[s * D], *t = &T[s];
        double d[K];
        predict_one(x, h, y);
        for (int k = 0; k < K; k++) {
            d[k] = (y[k] - t[k]) / n;
            gc[k] += d[k];
            for (int i = 0; i < H; i++)
                gv[k][i] += d[k] * h[i];
        }
        for (int i = 0; i < H; i++) {
            double e = 0;
            for (int k = 0; k < K; k++)
                e += v[k][i] * d[k];
            if (h[i] >= 0) {
                gb[i] += e;
                for (int j = 0; j < D; j++)
                    gw[i][j] += e * x[j];
            }
        }
    }
}

void sgd(double rate)
{
    for (int i = 0; i < H; i++) {
        b[i] -= rate * gb[i];
        for (int j = 0; j < D; j++)
            w[i][j] -= rate * gw[i][j];
    }
    for (int k = 0; k < K; k++) {
        c[k] -= rate * gc[k];
        for (int i = 0; i < H; i++)
            v[k][i] -= rate * gv[k][i];
    }
}

static double r(void) { return 2.0 * rand() / RAND_MAX - 1; }

int main(void)
{
    srand(38);
    for (int s = 0; s < N; s++) {
        double *x = &inputs[s * D];
        x[0] = r(), x[1] = r(), x[2] = r();
        targets[s * K] = fabs(x[0] - x[1]);
        targets[s * K + 1] = x[2] > 0 ? x[2] : -0.5 * x[0];
    }
    for (int i = 0; i < H; i++)
        for (int j = 0; j < D; j++)
            w[i][j] = r();
    for (int k = 0; k < K; k++)
        for (int i = 0; i < H; i++)
            v[k][i] = 0.5 * r();
    for (int e = 0; e < 300; e++)
        for (int s = 0; s < N; s += MB) {
            grad(&inputs[s * D], &targets[s * K], MB);
            sgd(0.05);
        }
    double h[H], y[K], mse = 0;
    for (int s = 0; s < N; s++) {
        predict_one(&inputs[s * D], h, y);
        for (int k = 0; k < K; k++)
            mse += pow(y[k] - targets[s * K + k], 2) / (N * K);
    }
    printf("mse %f\n", mse);
    return 0;
}

#ifdef BACKPROBE
#include "backprobe.h"

static int predict(void *self, const double *theta, const struct bp_batch *batch, double *y)
{
    double h[H];
    for (size_t s = 0; s < batch->n; s++)
        predict_one(batch->x + D * s, h, y + K * s);
    return 0;
}

static int gradient(void *self, const double *theta, const struct bp_batch *batch, double *g)
{
    grad(batch->x, batch->t, (int)batch->n);
    return 0;
}

int backprobe_subject(struct bp_subject *s)
{
    static const struct bp_array arrays[] = {
        {1, BP_ARRAY_WEIGHTS, BP_OUT_IN, BP_DOUBLE, w, gw}, {1, BP_ARRAY_BIASES, BP_OUT_IN, BP_DOUBLE, b, gb},
        {2, BP_ARRAY_WEIGHTS, BP_OUT_IN, BP_DOUBLE, v, gv}, {2, BP_ARRAY_BIASES, BP_OUT_IN, BP_DOUBLE, c, gc},
    };
    s->abi = BACKPROBE_ABI;
    s->name = "stride_relu";
    s->network = "3-8-2 relu,identity squared-error mean";
    s->arrays = arrays;
    s->n_arrays = 4;
    s->predict = predict;
    s->gradient = gradient;
    return 0;
}
#endif
