#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <math.h>

/* Mini-batch: gradients of single examples are added up in dw/db, then applied. */

struct net {
    double w1[6][5], b1[6];
    double w2[3][6], b2[3];
    double dw1[6][5], db1[6];
    double dw2[3][6], db2[3];
};

static void evaluate(struct net *n, const double *x, double *h, double *p)
{
    double total = 0;
    for (int i = 0; i < 6; i++) {
        double z = n->b1[i];
        for (int j = 0; j < 5; j++)
            z += n->w1[i][j] * x[j];
        h[i] = tanh(z);
    }
    for (int i = 0; i < 3; i++) {
        double z = n->b2[i];
        for (int j = 0; j < 6; j++)
            z += n->w2[i][j] * h[j];
        p[i] = exp(z);
        total += p[i];
    }
    for (int i = 0; i < 3; i++)
        p[i] /= total;
}

static void accumulate(struct net *n, const double *x, const double *t)
{
    double h[6], p[3], d2[3], d1[6];
    evaluate(n, x, h, p);
    for (int i = 0; i < 3; i++)
        d2[i] = p[i] - t[i];
    for (int j = 0; j < 6; j++) {
        d1[j] = 0;
        for (int i = 0; i < 3; i++)
            d1[j] += d2[i] * n->w2[i][j];
        d1[j] *= 1 - h[j] * h[j];
    }
    for (int i = 0; i < 3; i++) {
        for (int j = 0; j < 6; j++)
            n->dw2[i][j] += d2[i] * h[j];
        n->db2[i] += d2[i];
    }
    for (int i = 0; i < 6; i++) {
        for (int j = 0; j < 5; j++)
            n->dw1[i][j] += d1[i] * x[j];
        n->db1[i] += d1[i];
    }
}

/* the gradient of the summed cross-entropy over a batch */
static void batch_gradient(struct net *n, double (*x)[5], double (*t)[3], int count)
{
    for (int s = 0; s < count; s++)
        accumulate(n, x[s], t[s]);
}

static void apply(struct net *n, double rate)
{
    for (int i = 0; i < 3; i++) {
        for (int j = 0; j < 6; j++)
            n->w2[i][j] -= rate * n->dw2[i][j];
        n->b2[i] -= rate * n->db2[i];
    }
    for (int i = 0; i < 6; i++) {
        for (int j = 0; j < 5; j++)
            n->w1[i][j] -= rate * n->dw1[i][j];
        n->b1[i] -= rate * n->db1[i];
    }
}

int main(void)
{
    static struct net n;
    double x[30][5], t[30][3];
    srand(17);
    for (int i = 0; i < 6; i++)
        for (int j = 0; j < 5; j++)
            n.w1[i][j] = rand() / (RAND_MAX / 0.8) - 0.4;
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 6; j++)
            n.w2[i][j] = rand() / (RAND_MAX / 0.8) - 0.4;
    memset(t, 0, sizeof t);
    for (int s = 0; s < 30; s++) {
        t[s][s % 3] = 1;
        for (int j = 0; j < 5; j++)
            x[s][j] = cos(s % 3 + j) + 0.2 * rand() / RAND_MAX;
    }
    for (int epoch = 0; epoch < 100; epoch++)
        for (int s = 0; s < 30; s += 10) {
            batch_gradient(&n, x + s, t + s, 10);
            apply(&n, 0.01);
        }
    double loss = 0, h[6], p[3];
    for (int s = 0; s < 30; s++) {
        evaluate(&n, x[s], h, p);
        loss -= log(p[s % 3]);
    }
    printf("cross entropy %f\n", loss);
    return 0;
}

#ifdef BACKPROBE
#include "backprobe.h"

static struct net mine;

static int predict(void *self, const double *theta, const struct bp_batch *batch, double *y)
{
    double h[6];
    for (size_t s = 0; s < batch->n; s++)
        evaluate(&mine, batch->x + 5 * s, h, y + 3 * s);
    return 0;
}

static int gradient(void *self, const double *theta, const struct bp_batch *batch, double *g)
{
    batch_gradient(&mine, (double (*)[5])batch->x, (double (*)[3])batch->t, (int)batch->n);
    return 0;
}

static const struct bp_array arrays[] = {
    {1, BP_ARRAY_WEIGHTS, BP_OUT_IN, BP_DOUBLE, mine.w1, mine.dw1},
    {1, BP_ARRAY_BIASES, BP_OUT_IN, BP_DOUBLE, mine.b1, mine.db1},
    {2, BP_ARRAY_WEIGHTS, BP_OUT_IN, BP_DOUBLE, mine.w2, mine.dw2},
    {2, BP_ARRAY_BIASES, BP_OUT_IN, BP_DOUBLE, mine.b2, mine.db2},
};

int backprobe_subject(struct bp_subject *s)
{
    s->abi = BACKPROBE_ABI;
    s->name = "accumulate";
    s->network = "5-6-3 tanh,softmax softmax-cross-entropy sum";
    s->arrays = arrays;
    s->n_arrays = 4;
    s->predict = predict;
    s->gradient = gradient;
    return 0;
}
#endif
