/* forward for the whole batch first, then backward for the whole batch */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NI 4
#define NA 6
#define NB 5
#define NO 3
#define BATCH 16

typedef float real;

real wA[NA][NI], wB[NB][NA], wO[NO][NB], bA[NA], bB[NB], bO[NO];
real gA[NA][NI], gB[NB][NA], gO[NO][NB], hA[NA], hB[NB], hO[NO];  /* h*: gradients of the biases */

real la[NA], lb[NB];                 /* hidden layers */
real outputs[BATCH][NO];

void forward_one(const real *x, real *o)
{
    for (int i = 0; i < NA; i++) {
        real s = bA[i];
        for (int j = 0; j < NI; j++) s += wA[i][j] * x[j];
        la[i] = tanhf(s);
    }
    for (int i = 0; i < NB; i++) {
        real s = bB[i];
        for (int j = 0; j < NA; j++) s += wB[i][j] * la[j];
        lb[i] = tanhf(s);
    }
    for (int i = 0; i < NO; i++) {
        real s = bO[i];
        for (int j = 0; j < NB; j++) s += wO[i][j] * lb[j];
        o[i] = 1 / (1 + expf(-s));
    }
}

void forward_batch(const real (*x)[NI], int n)
{
    for (int s = 0; s < n; s++)
        forward_one(x[s], outputs[s]);
}

/* summed binary cross-entropy */
void backward_batch(const real (*x)[NI], const real (*t)[NO], int n)
{
    memset(gA, 0, sizeof gA), memset(gB, 0, sizeof gB), memset(gO, 0, sizeof gO);
    memset(hA, 0, sizeof hA), memset(hB, 0, sizeof hB), memset(hO, 0, sizeof hO);
    for (int s = 0; s < n; s++) {
        real dO[NO], dB[NB], dA[NA];
        for (int i = 0; i < NO; i++)
            dO[i] = outputs[s][i] - t[s][i];
        for (int j = 0; j < NB; j++) {
            real e = 0;
            for (int i = 0; i < NO; i++) e += wO[i][j] * dO[i];
            dB[j] = e * (1 - lb[j] * lb[j]);
        }
        for (int j = 0; j < NA; j++) {
            real e = 0;
            for (int i = 0; i < NB; i++) e += wB[i][j] * dB[i];
            dA[j] = e * (1 - la[j] * la[j]);
        }
        for (int i = 0; i < NO; i++) {
            for (int j = 0; j < NB; j++) gO[i][j] += dO[i] * lb[j];
            hO[i] += dO[i];
        }
        for (int i = 0; i < NB; i++) {
            for (int j = 0; j < NA; j++) gB[i][j] += dB[i] * la[j];
            hB[i] += dB[i];
        }
        for (int i = 0; i < NA; i++) {
            for (int j = 0; j < NI; j++) gA[i][j] += dA[i] * x[s][j];
            hA[i] += dA[i];
        }
    }
}

static void go(real *w, const real *g, int n, real eta) { for (int i = 0; i < n; i++) w[i] -= eta * g[i]; }
static void fill(real *w, int n) { for (int i = 0; i < n; i++) w[i] = 1.4f * rand() / (real)RAND_MAX - 0.7f; }

int main(void)
{
    real x[BATCH][NI], t[BATCH][NO], loss = 0;
    srand(44);
    fill(&wA[0][0], NA * NI), fill(&wB[0][0], NB * NA), fill(&wO[0][0], NO * NB);
    for (int s = 0; s < BATCH; s++) {
        for (int j = 0; j < NI; j++) x[s][j] = s >> j & 1 ? 1 : -1;
        t[s][0] = (s & 3) == 3;
        t[s][1] = (s & 4) != 0 || (s & 1);
        t[s][2] = (s & 1) == (s >> 3 & 1);
    }
    for (int e = 0; e < 1500; e++) {
        forward_batch((const real (*)[NI])x, BATCH);
        backward_batch((const real (*)[NI])x, (const real (*)[NO])t, BATCH);
        go(&wA[0][0], &gA[0][0], NA * NI, 0.02f), go(bA, hA, NA, 0.02f);
        go(&wB[0][0], &gB[0][0], NB * NA, 0.02f), go(bB, hB, NB, 0.02f);
        go(&wO[0][0], &gO[0][0], NO * NB, 0.02f), go(bO, hO, NO, 0.02f);
    }
    forward_batch((const real (*)[NI])x, BATCH);
    for (int s = 0; s < BATCH; s++)
        for (int i = 0; i < NO; i++) loss -= logf(1e-9f + (t[s][i] > 0 ? outputs[s][i] : 1 - outputs[s][i]));
    printf("loss %f\n", loss);
    return 0;
}

#ifdef BACKPROBE
#include "backprobe.h"

static real bx[BATCH][NI], bt[BATCH][NO];

static int predict(void *self, const double *theta, const struct bp_batch *b, double *y)
{
    for (size_t s = 0; s < b->n; s++) {
        real x[NI], o[NO];
        for (int j = 0; j < NI; j++) x[j] = b->x[NI * s + j];
        forward_one(x, o);
        for (int i = 0; i < NO; i++) y[NO * s + i] = o[i];
    }
    return 0;
}

static int gradient(void *self, const double *theta, const struct bp_batch *b, double *g)
{
    if (b->n > BATCH)
        return 1;
    for (size_t s = 0; s < b->n; s++) {
        for (int j = 0; j < NI; j++) bx[s][j] = b->x[NI * s + j];
        for (int i = 0; i < NO; i++) bt[s][i] = b->t[NO * s + i];
    }
    forward_batch((const real (*)[NI])bx, b->n);
    backward_batch((const real (*)[NI])bx, (const real (*)[NO])bt, b->n);
    return 0;
}

static const char *complaint(void *self)
{
    return "a batch holds at most 16 examples";
}

int backprobe_subject(struct bp_subject *s)
{
    static const struct bp_array arrays[] = {
        {1, BP_ARRAY_WEIGHTS, BP_OUT_IN, BP_FLOAT, wA, gA}, {1, BP_ARRAY_BIASES, BP_OUT_IN, BP_FLOAT, bA, hA},
        {2, BP_ARRAY_WEIGHTS, BP_OUT_IN, BP_FLOAT, wB, gB}, {2, BP_ARRAY_BIASES, BP_OUT_IN, BP_FLOAT, bB, hB},
        {3, BP_ARRAY_WEIGHTS, BP_OUT_IN, BP_FLOAT, wO, gO}, {3, BP_ARRAY_BIASES, BP_OUT_IN, BP_FLOAT, bO, hO},
    };
    s->abi = BACKPROBE_ABI;
    s->name = "phases";
    s->network = "4-6-5-3 tanh,tanh,sigmoid binary-cross-entropy sum";
    s->arrays = arrays;
    s->n_arrays = 6;
    s->precision = BP_FLOAT;
    s->predict = predict;
    s->gradient = gradient;
    s->complaint = complaint;
    return 0;
}
#endif
