// batch training, relu + softmax, everything in flat float arrays, X is n x 4
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define I 4
#define H 8
#define C 3
#define MAXN 128

typedef struct {
    float W1[I * H], b1[H], W2[H * C], b2[C];
} params;

params P, G;
float A1[MAXN * H], Y[MAXN * C];

void forward(const float *X, int n)
{
    for (int s = 0; s < n; s++) {
        for (int h = 0; h < H; h++) {
            float z = P.b1[h];
            for (int i = 0; i < I; i++)
                z += X[s * I + i] * P.W1[i * H + h];
            A1[s * H + h] = z > 0 ? z : 0;
        }
        float mx = -INFINITY, sum = 0;
        for (int c = 0; c < C; c++) {
            float z = P.b2[c];
            for (int h = 0; h < H; h++)
                z += A1[s * H + h] * P.W2[h * C + c];
            Y[s * C + c] = z;
            if (z > mx) mx = z;
        }
        for (int c = 0; c < C; c++)
            sum += Y[s * C + c] = expf(Y[s * C + c] - mx);
        for (int c = 0; c < C; c++)
            Y[s * C + c] /= sum;
    }
}

void backward(const float *X, const float *T, int n)
{
    float dY[MAXN * C], dA1[MAXN * H];

    forward(X, n);
    memset(&G, 0, sizeof G);
    for (int k = 0; k < n * C; k++)
        dY[k] = (Y[k] - T[k]) / n;
    for (int h = 0; h < H; h++)
        for (int c = 0; c < C; c++)
            for (int s = 0; s < n; s++)
                G.W2[h * C + c] += A1[s * H + h] * dY[s * C + c];
    for (int c = 0; c < C; c++)
        for (int s = 0; s < n; s++)
            G.b2[c] += dY[s * C + c];
    for (int s = 0; s < n; s++)
        for (int h = 0; h < H; h++) {
            float d = 0;
            for (int c = 0; c < C; c++)
                d += dY[s * C + c] * P.W2[h * C + c];
            dA1[s * H + h] = A1[s * H + h] > 0 ? d : 0;
        }
    for (int s = 0; s < n; s++)
        for (int h = 0; h < H; h++) {
            G.b1[h] += dA1[s * H + h];
            for (int i = 0; i < I; i++)
                G.W1[i * H + h] += X[s * I + i] * dA1[s * H + h];
        }
}

int main(void)
{
    static float X[90 * I], T[90 * C];
    srand(55);
    for (int k = 0; k < I * H; k++) P.W1[k] = rand() / (float)RAND_MAX - 0.5f;
    for (int k = 0; k < H * C; k++) P.W2[k] = rand() / (float)RAND_MAX - 0.5f;
    for (int s = 0; s < 90; s++) {
        for (int i = 0; i < I; i++)
            X[s * I + i] = sinf(2.0f * (s % 3) + i) + 0.5f * (rand() / (float)RAND_MAX - 0.5f);
        T[s * C + s % 3] = 1;
    }
    for (int it = 0; it <= 400; it++) {
        backward(X, T, 90);
        float *p = (float *)&P, *g = (float *)&G;
        for (size_t k = 0; k < sizeof P / sizeof(float); k++)
            p[k] -= 0.3f * g[k];
        if (it % 100 == 0) {
            float loss = 0;
            for (int s = 0; s < 90; s++) loss -= logf(Y[s * C + s % 3]);
            printf("%d %f\n", it, loss / 90);
        }
    }
    return 0;
}

#ifdef BACKPROBE
#include "backprobe.h"

static float bx[MAXN * I], bt[MAXN * C];

static int load(const struct bp_batch *b)
{
    if (b->n > MAXN)
        return 1;
    for (size_t k = 0; k < b->n * I; k++) bx[k] = b->x[k];
    for (size_t k = 0; k < b->n * C; k++) bt[k] = b->t ? b->t[k] : 0;
    return 0;
}

static int predict(void *self, const double *theta, const struct bp_batch *b, double *y)
{
    if (load(b))
        return 1;
    forward(bx, b->n);
    for (size_t k = 0; k < b->n * C; k++) y[k] = Y[k];
    return 0;
}

static int gradient(void *self, const double *theta, const struct bp_batch *b, double *g)
{
    if (load(b))
        return 1;
    backward(bx, bt, b->n);
    return 0;
}

static const char *complaint(void *self)
{
    return "a batch holds at most 128 examples";
}

int backprobe_subject(struct bp_subject *s)
{
    static const struct bp_array arrays[] = {
        {1, BP_ARRAY_WEIGHTS, BP_IN_OUT, BP_FLOAT, P.W1, G.W1},
        {1, BP_ARRAY_BIASES, BP_IN_OUT, BP_FLOAT, P.b1, G.b1},
        {2, BP_ARRAY_WEIGHTS, BP_IN_OUT, BP_FLOAT, P.W2, G.W2},
        {2, BP_ARRAY_BIASES, BP_IN_OUT, BP_FLOAT, P.b2, G.b2},
    };
    s->abi = BACKPROBE_ABI;
    s->name = "relu_batch_float";
    s->network = "4-8-3 relu,softmax softmax-cross-entropy mean";
    s->arrays = arrays;
    s->n_arrays = 4;
    s->precision = BP_FLOAT;
    s->predict = predict;
    s->gradient = gradient;
    s->complaint = complaint;
    return 0;
}
#endif
