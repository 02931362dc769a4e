/*
 * Logistic units, cross-entropy averaged over the batch.
 * Weight matrices are n_out x n_in, last column the bias.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct { int rows, cols; double *v; } mat;
#define AT(m, r, c) ((m).v[(r) * (m).cols + (c)])

mat W[2], D[2];
int widths[3] = {3, 5, 2};

mat mat_new(int rows, int cols)
{
    mat m = {rows, cols, calloc(rows * cols, sizeof(double))};
    return m;
}

void net_new(void)
{
    for (int l = 0; l < 2; l++) {
        W[l] = mat_new(widths[l + 1], widths[l] + 1);
        D[l] = mat_new(widths[l + 1], widths[l] + 1);
        for (int i = 0; i < W[l].rows * W[l].cols; i++)
            W[l].v[i] = rand() / (RAND_MAX + 1.0) - 0.5;
    }
}

void layer(mat w, const double *in, double *out)
{
    for (int r = 0; r < w.rows; r++) {
        double s = AT(w, r, w.cols - 1);
        for (int c = 0; c < w.cols - 1; c++)
            s += AT(w, r, c) * in[c];
        out[r] = 1 / (1 + exp(-s));
    }
}

void gradient(const double *x, const double *t, int n)
{
    double scale = 1 / n;
    double h[5], y[2], dy[2], dh[5];

    for (int l = 0; l < 2; l++)
        for (int i = 0; i < D[l].rows * D[l].cols; i++)
            D[l].v[i] = 0;
    for (int s = 0; s < n; s++, x += 3, t += 2) {
        layer(W[0], x, h);
        layer(W[1], h, y);
        for (int k = 0; k < 2; k++)
            dy[k] = scale * (y[k] - t[k]);
        for (int j = 0; j < 5; j++) {
            dh[j] = 0;
            for (int k = 0; k < 2; k++)
                dh[j] += AT(W[1], k, j) * dy[k];
            dh[j] *= h[j] * (1 - h[j]);
        }
        for (int k = 0; k < 2; k++) {
            for (int j = 0; j < 5; j++)
                AT(D[1], k, j) += dy[k] * h[j];
            AT(D[1], k, 5) += dy[k];
        }
        for (int j = 0; j < 5; j++) {
            for (int i = 0; i < 3; i++)
                AT(D[0], j, i) += dh[j] * x[i];
            AT(D[0], j, 3) += dh[j];
        }
    }
}

int main(void)
{
    double x[8 * 3], t[8 * 2], h[5], y[2];
    srand(1);
    net_new();
    for (int p = 0; p < 8; p++) {
        for (int b = 0; b < 3; b++)
            x[3 * p + b] = p >> b & 1;
        t[2 * p] = (p & 1) ^ (p >> 1 & 1);
        t[2 * p + 1] = (p & 1) && (p >> 2);
    }
    for (int it = 0; it < 2000; it++) {
        gradient(x, t, 8);
        for (int l = 0; l < 2; l++)
            for (int i = 0; i < W[l].rows * W[l].cols; i++)
                W[l].v[i] -= 2.0 * D[l].v[i];
    }
    for (int p = 0; p < 8; p++) {
        layer(W[0], x + 3 * p, h);
        layer(W[1], h, y);
        printf("%d %.3f (%g) %.3f (%g)\n", p, y[0], t[2 * p], y[1], t[2 * p + 1]);
    }
    return 0;
}

#ifdef BACKPROBE
#include "backprobe.h"

static int predict(void *self, const double *theta, const struct bp_batch *b, double *y)
{
    double h[5];
    for (size_t s = 0; s < b->n; s++) {
        layer(W[0], b->x + 3 * s, h);
        layer(W[1], h, y + 2 * s);
    }
    return 0;
}

static int gradient_call(void *self, const double *theta, const struct bp_batch *b, double *g)
{
    gradient(b->x, b->t, b->n);
    return 0;
}

int backprobe_subject(struct bp_subject *s)
{
    static struct bp_array arrays[2];
    net_new();
    for (int l = 0; l < 2; l++)
        arrays[l] = (struct bp_array){l + 1, BP_ARRAY_BIAS_LAST, BP_OUT_IN, BP_DOUBLE, W[l].v, D[l].v};
    s->abi = BACKPROBE_ABI;
    s->name = "mean_over_batch";
    s->network = "3-5-2 sigmoid binary-cross-entropy mean";
    s->arrays = arrays;
    s->n_arrays = 2;
    s->predict = predict;
    s->gradient = gradient_call;
    return 0;
}
#endif
