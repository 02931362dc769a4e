/* Binary classification with regularisation:
 *   J = -1/m sum [ t log y + (1-t) log(1-y) ] + lambda/2 sum w^2
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { IN = 3, HID = 5 };
static const double lambda = 0.01;

typedef struct {
    double w[HID][IN], b[HID];
    double v[HID], c;
} weights_t;

static double sigma(double z)
{
    return z >= 0 ? 1 / (1 + exp(-z)) : exp(z) / (1 + exp(z));
}

static double output(const weights_t *p, const double *x, double *h)
{
    double z = p->c;
    for (int i = 0; i < HID; i++) {
        double s = p->b[i];
        for (int j = 0; j < IN; j++)
            s += p->w[i][j] * x[j];
        h[i] = sigma(s);
        z += p->v[i] * h[i];
    }
    return sigma(z);
}

static void gradient_of_J(const weights_t *p, const double (*x)[IN], const double *t, int m, weights_t *g)
{
    double h[HID];

    g->c = 0;
    for (int i = 0; i < HID; i++) {
        g->v[i] = lambda * p->v[i];
        g->b[i] = 0;
        for (int j = 0; j < IN; j++)
            g->w[i][j] = lambda * p->w[i][j];
    }
    for (int s = 0; s < m; s++) {
        double e = (output(p, x[s], h) - t[s]) / m;
        g->c += e;
        for (int i = 0; i < HID; i++) {
            double d = e * p->v[i] * h[i] * (1 - h[i]);
            g->v[i] += e * h[i];
            g->b[i] += d;
            for (int j = 0; j < IN; j++)
                g->w[i][j] += d * x[s][j];
        }
    }
}

int main(void)
{
    static weights_t p, g;
    double x[60][IN], t[60], h[HID];
    srand(14);
    for (int i = 0; i < HID; i++) {
        for (int j = 0; j < IN; j++)
            p.w[i][j] = 2.0 * rand() / RAND_MAX - 1;
        p.v[i] = 2.0 * rand() / RAND_MAX - 1;
    }
    for (int s = 0; s < 60; s++) {
        for (int j = 0; j < IN; j++)
            x[s][j] = 2.0 * rand() / RAND_MAX - 1;
        t[s] = x[s][0] + 0.5 * x[s][1] - x[s][2] > 0;
    }
    for (int it = 0; it < 2000; it++) {
        gradient_of_J(&p, (const double (*)[IN])x, t, 60, &g);
        double *pp = (double *)&p, *pg = (double *)&g;
        for (unsigned k = 0; k < sizeof p / sizeof(double); k++)
            pp[k] -= 1.0 * pg[k];
    }
    int right = 0;
    for (int s = 0; s < 60; s++)
        right += (output(&p, x[s], h) > 0.5) == (t[s] > 0.5);
    printf("%d of 60\n", right);
    return 0;
}

#ifdef BACKPROBE
#include "backprobe.h"

static int predict(void *self, const double *theta, const struct bp_batch *b, double *y)
{
    double h[HID];
    for (size_t s = 0; s < b->n; s++)
        y[s] = output((const weights_t *)theta, b->x + IN * s, h);
    return 0;
}

static int gradient(void *self, const double *theta, const struct bp_batch *b, double *g)
{
    gradient_of_J((const weights_t *)theta, (const double (*)[IN])b->x, b->t, b->n, (weights_t *)g);
    return 0;
}

int backprobe_subject(struct bp_subject *s)
{
    static const struct bp_array arrays[] = {
        {1, BP_ARRAY_WEIGHTS, BP_OUT_IN, BP_DOUBLE, NULL, NULL},
        {1, BP_ARRAY_BIASES, BP_OUT_IN, BP_DOUBLE, NULL, NULL},
        {2, BP_ARRAY_WEIGHTS, BP_OUT_IN, BP_DOUBLE, NULL, NULL},
        {2, BP_ARRAY_BIASES, BP_OUT_IN, BP_DOUBLE, NULL, NULL},
    };
    s->abi = BACKPROBE_ABI;
    s->name = "logloss_decay";
    s->network = "3-5-1 sigmoid binary-cross-entropy mean l2=0.01";
    s->arrays = arrays;
    s->n_arrays = 4;
    s->predict = predict;
    s->gradient = gradient;
    return 0;
}
#endif
