/* gradient of the mean cross-entropy; hidden sums and derivative in one loop */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define NIN 3
#define NHID 5
#define NMID 4
#define NCLS 3

double **alloc2(int r, int c)
{
    double *block = calloc(r * c, sizeof *block), **rows = malloc(r * sizeof *rows);
    for (int i = 0; i < r; i++)
        rows[i] = block + i * c;
    return rows;
}

double **U, **V, **Q;            /* U[NHID][NIN+1], V[NMID][NHID+1], Q[NCLS][NMID+1]; bias last */
double **gU, **gV, **gQ;
double hid[NHID + 1], mid[NMID + 1], prob[NCLS], input[NIN + 1];

void make(void)
{
    U = alloc2(NHID, NIN + 1), gU = alloc2(NHID, NIN + 1);
    V = alloc2(NMID, NHID + 1), gV = alloc2(NMID, NHID + 1);
    Q = alloc2(NCLS, NMID + 1), gQ = alloc2(NCLS, NMID + 1);
    for (int i = 0; i < NHID * (NIN + 1); i++) U[0][i] = 1.6 * rand() / RAND_MAX - 0.8;
    for (int i = 0; i < NMID * (NHID + 1); i++) V[0][i] = 1.6 * rand() / RAND_MAX - 0.8;
    for (int i = 0; i < NCLS * (NMID + 1); i++) Q[0][i] = 1.6 * rand() / RAND_MAX - 0.8;
}

static double dot(const double *a, const double *b, int n)
{
    double s = 0;
    while (n-- > 0)
        s += *a++ * *b++;
    return s;
}

void feed(const double *x)
{
    double sum = 0;
    for (int i = 0; i < NIN; i++)
        input[i] = x[i];
    input[NIN] = hid[NHID] = mid[NMID] = 1;
    for (int i = 0; i < NHID; i++)
        hid[i] = tanh(dot(U[i], input, NIN + 1));
    for (int i = 0; i < NMID; i++)
        mid[i] = tanh(dot(V[i], hid, NHID + 1));
    for (int i = 0; i < NCLS; i++)
        sum += prob[i] = exp(dot(Q[i], mid, NMID + 1));
    for (int i = 0; i < NCLS; i++)
        prob[i] /= sum;
}

void gradients(const double *x, const double *t, int n)
{
    for (int i = 0; i < NHID * (NIN + 1); i++) gU[0][i] = 0;
    for (int i = 0; i < NMID * (NHID + 1); i++) gV[0][i] = 0;
    for (int i = 0; i < NCLS * (NMID + 1); i++) gQ[0][i] = 0;

    for (int s = 0; s < n; s++, x += NIN, t += NCLS) {
        double dq[NCLS], dv[NMID], du[NHID];
        feed(x);
        for (int i = 0; i < NCLS; i++) {
            dq[i] = (prob[i] - t[i]) / n;
            for (int j = 0; j <= NMID; j++)
                gQ[i][j] += dq[i] * mid[j];
        }
        for (int j = 0; j < NMID; j++) {
            dv[j] = 0;
            for (int i = 0; i < NCLS; i++) {
                dv[j] += Q[i][j] * dq[i];
                dv[j] *= 1 - mid[j] * mid[j];
            }
            for (int k = 0; k <= NHID; k++)
                gV[j][k] += dv[j] * hid[k];
        }
        for (int k = 0; k < NHID; k++) {
            du[k] = 0;
            for (int j = 0; j < NMID; j++) {
                du[k] += V[j][k] * dv[j];
                du[k] *= 1 - hid[k] * hid[k];
            }
            for (int i = 0; i <= NIN; i++)
                gU[k][i] += du[k] * input[i];
        }
    }
}

int main(void)
{
    static double x[60 * NIN], t[60 * NCLS];
    srand(88);
    make();
    for (int s = 0; s < 60; s++) {
        for (int i = 0; i < NIN; i++)
            x[NIN * s + i] = sin(1.7 * (s % 3) + i) + 0.6 * rand() / RAND_MAX;
        t[NCLS * s + s % 3] = 1;
    }
    for (int e = 0; e < 500; e++) {
        gradients(x, t, 60);
        for (int i = 0; i < NHID * (NIN + 1); i++) U[0][i] -= 0.5 * gU[0][i];
        for (int i = 0; i < NMID * (NHID + 1); i++) V[0][i] -= 0.5 * gV[0][i];
        for (int i = 0; i < NCLS * (NMID + 1); i++) Q[0][i] -= 0.5 * gQ[0][i];
    }
    double loss = 0;
    for (int s = 0; s < 60; s++) {
        feed(x + NIN * s);
        loss -= log(prob[s % 3]) / 60;
    }
    printf("loss %f\n", loss);
    return 0;
}

#ifdef BACKPROBE
#include <string.h>
#include "backprobe.h"

static int predict(void *self, const double *theta, const struct bp_batch *b, double *y)
{
    for (size_t s = 0; s < b->n; s++) {
        feed(b->x + NIN * s);
        memcpy(y + NCLS * s, prob, sizeof prob);
    }
    return 0;
}

static int gradient(void *self, const double *theta, const struct bp_batch *b, double *g)
{
    gradients(b->x, b->t, (int)b->n);
    return 0;
}

int backprobe_subject(struct bp_subject *s)
{
    static struct bp_array arrays[3];
    make();
    arrays[0] = (struct bp_array){1, BP_ARRAY_BIAS_LAST, BP_OUT_IN, BP_DOUBLE, U[0], gU[0]};
    arrays[1] = (struct bp_array){2, BP_ARRAY_BIAS_LAST, BP_OUT_IN, BP_DOUBLE, V[0], gV[0]};
    arrays[2] = (struct bp_array){3, BP_ARRAY_BIAS_LAST, BP_OUT_IN, BP_DOUBLE, Q[0], gQ[0]};
    s->abi = BACKPROBE_ABI;
    s->name = "row_reuse";
    s->network = "3-5-4-3 tanh,tanh,softmax softmax-cross-entropy mean";
    s->arrays = arrays;
    s->n_arrays = 3;
    s->predict = predict;
    s->gradient = gradient;
    return 0;
}
#endif
