/* All parameters in one block p[], offsets per layer, column-major matrices as in Fortran. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NLAY 3
static const int dim[NLAY + 1] = {5, 6, 4, 3};
#define NPARAM (6 * 5 + 6 + 4 * 6 + 4 + 3 * 4 + 3)

/* element (i,j) of an m-row matrix */
#define EL(a, m, i, j) (a)[(i) + (j) * (m)]

static void fw(const double *p, const double *x, double *z[], double *a[])
{
    const double *below = x;
    for (int l = 0; l < NLAY; l++) {
        int m = dim[l + 1], n = dim[l];
        const double *W = p, *b = p + m * n;
        for (int i = 0; i < m; i++)
            z[l][i] = b[i];
        for (int j = 0; j < n; j++)
            for (int i = 0; i < m; i++)
                z[l][i] += EL(W, m, i, j) * below[j];
        for (int i = 0; i < m; i++)
            a[l][i] = l < NLAY - 1 ? tanh(z[l][i]) : 1 / (1 + exp(-z[l][i]));
        below = a[l];
        p = b + m;
    }
}

/* adds the gradient of one sample's cross-entropy, times scale, to g */
static void bw(const double *p, const double *x, const double *t, double scale, double *g)
{
    double zb[NLAY][6], ab[NLAY][6], d[6], dn[6];
    double *z[NLAY] = {zb[0], zb[1], zb[2]}, *a[NLAY] = {ab[0], ab[1], ab[2]};
    fw(p, x, z, a);

    p += NPARAM;
    g += NPARAM;
    for (int i = 0; i < dim[NLAY]; i++)
        d[i] = a[NLAY - 1][i] - t[i];
    for (int l = NLAY - 1; l >= 0; l--) {
        int m = dim[l + 1], n = dim[l];
        const double *below = l ? a[l - 1] : x;
        p -= m * n + m;
        g -= m * n + m;
        for (int j = 0; j < n; j++) {
            dn[j] = 0;
            for (int i = 0; i < m; i++) {
                EL(g, m, i, j) += scale * d[i] * below[j];
                dn[j] += EL(p, m, i, j) * d[i];
            }
            if (l)
                dn[j] *= 1 - a[l - 1][j] * a[l - 1][j];
        }
        for (int i = 0; i < m; i++)
            g[m * n + i] += scale * d[i];
        memcpy(d, dn, sizeof d);
    }
}

int main(void)
{
    static double p[NPARAM], g[NPARAM], x[40][5], t[40][3];
    srand(27);
    for (int k = 0; k < NPARAM; k++)
        p[k] = 1.4 * rand() / RAND_MAX - 0.7;
    for (int s = 0; s < 40; s++) {
        for (int j = 0; j < 5; j++)
            x[s][j] = rand() % 2;
        t[s][0] = x[s][0] && x[s][1];
        t[s][1] = x[s][2] != x[s][3];
        t[s][2] = x[s][4] || x[s][0];
    }
    for (int e = 0; e < 2000; e++) {
        memset(g, 0, sizeof g);
        for (int s = 0; s < 40; s++)
            bw(p, x[s], t[s], 1.0 / 40, g);
        for (int k = 0; k < NPARAM; k++)
            p[k] -= 0.8 * g[k];
    }
    double zb[NLAY][6], ab[NLAY][6], loss = 0;
    double *z[NLAY] = {zb[0], zb[1], zb[2]}, *a[NLAY] = {ab[0], ab[1], ab[2]};
    for (int s = 0; s < 40; s++) {
        fw(p, x[s], z, a);
        for (int i = 0; i < 3; i++)
            loss -= log(t[s][i] ? a[2][i] : 1 - a[2][i]) / 40;
    }
    printf("loss %f\n", loss);
    return 0;
}

#ifdef BACKPROBE
#include "backprobe.h"

static int predict(void *self, const double *theta, const struct bp_batch *b, double *y)
{
    double zb[NLAY][6], ab[NLAY][6];
    double *z[NLAY] = {zb[0], zb[1], zb[2]}, *a[NLAY] = {ab[0], ab[1], ab[2]};
    for (size_t s = 0; s < b->n; s++) {
        fw(theta, b->x + 5 * s, z, a);
        memcpy(y + 3 * s, a[2], 3 * sizeof *y);
    }
    return 0;
}

static int gradient(void *self, const double *theta, const struct bp_batch *b, double *g)
{
    memset(g, 0, NPARAM * sizeof *g);
    for (size_t s = 0; s < b->n; s++)
        bw(theta, b->x + 5 * s, b->t + 3 * s, 1.0 / b->n, g);
    return 0;
}

/* column-major out x in is, seen by rows, in x out */
int backprobe_subject(struct bp_subject *s)
{
    static const struct bp_array arrays[] = {
        {1, BP_ARRAY_WEIGHTS, BP_IN_OUT, BP_DOUBLE, NULL, NULL}, {1, BP_ARRAY_BIASES, BP_IN_OUT, BP_DOUBLE, NULL, NULL},
        {2, BP_ARRAY_WEIGHTS, BP_IN_OUT, BP_DOUBLE, NULL, NULL}, {2, BP_ARRAY_BIASES, BP_IN_OUT, BP_DOUBLE, NULL, NULL},
        {3, BP_ARRAY_WEIGHTS, BP_IN_OUT, BP_DOUBLE, NULL, NULL}, {3, BP_ARRAY_BIASES, BP_IN_OUT, BP_DOUBLE, NULL, NULL},
    };
    s->abi = BACKPROBE_ABI;
    s->name = "one_block";
    s->network = "5-6-4-3 tanh,tanh,sigmoid binary-cross-entropy mean";
    s->arrays = arrays;
    s->n_arrays = 6;
    s->predict = predict;
    s->gradient = gradient;
    return 0;
}
#endif
