/* square layers, no biases at all; cost = mean of squares over every output of every sample */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define S 4
#define L 3

double M[L][S][S];       /* M[l][from][to]; three layers, all S wide */
double dM[L][S][S];
double act[L + 1][S];

void apply(const double *x)
{
    for (int i = 0; i < S; i++)
        act[0][i] = x[i];
    for (int l = 0; l < L; l++)
        for (int to = 0; to < S; to++) {
            double sum = 0;
            for (int from = 0; from < S; from++)
                sum += act[l][from] * M[l][from][to];
            act[l + 1][to] = tanh(sum);
        }
}

void cost_gradient(const double *x, const double *t, int n)
{
    for (int k = 0; k < L * S * S; k++)
        (&dM[0][0][0])[k] = 0;
    for (int s = 0; s < n; s++) {
        double d[S], e[S];
        apply(x + S * s);
        /* d/dy of 1/(n S) (y-t)^2 */
        for (int i = 0; i < S; i++)
            e[i] = 2.0 / (n * S) * (act[L][i] - t[S * s + i]);
        for (int l = L - 1; l >= 0; l--) {
            for (int to = 0; to < S; to++)
                d[to] = e[to] / pow(cosh(atanh(act[l + 1][to])), 2);
            for (int from = 0; from < S; from++) {
                e[from] = 0;
                for (int to = 0; to < S; to++) {
                    e[from] += M[l][from][to] * d[to];
                    dM[l][from][to] += act[l][from] * d[to];
                }
            }
        }
    }
}

int main(void)
{
    double x[20 * S], t[20 * S], cost = 0;
    srand(21);
    for (int k = 0; k < L * S * S; k++)
        (&M[0][0][0])[k] = 1.6 * rand() / RAND_MAX - 0.8;
    for (int s = 0; s < 20; s++)
        for (int i = 0; i < S; i++)
            x[S * s + i] = 2.0 * rand() / RAND_MAX - 1;
    for (int s = 0; s < 20; s++)
        for (int i = 0; i < S; i++)
            t[S * s + i] = 0.8 * x[S * s + S - 1 - i];      /* reverse the order */
    for (int it = 0; it < 4000; it++) {
        cost_gradient(x, t, 20);
        for (int k = 0; k < L * S * S; k++)
            (&M[0][0][0])[k] -= 0.5 * (&dM[0][0][0])[k];
    }
    for (int s = 0; s < 20; s++) {
        apply(x + S * s);
        for (int i = 0; i < S; i++)
            cost += pow(act[L][i] - t[S * s + i], 2) / (20 * S);
    }
    printf("cost %g\n", cost);
    return 0;
}

#ifdef BACKPROBE
#include "backprobe.h"

static int predict(void *self, const double *theta, const struct bp_batch *b, double *y)
{
    for (size_t s = 0; s < b->n; s++) {
        apply(b->x + S * s);
        for (int i = 0; i < S; i++)
            y[S * s + i] = act[L][i];
    }
    return 0;
}

static int gradient(void *self, const double *theta, const struct bp_batch *b, double *g)
{
    cost_gradient(b->x, b->t, (int)b->n);
    return 0;
}

int backprobe_subject(struct bp_subject *s)
{
    static const struct bp_array arrays[] = {
        {1, BP_ARRAY_WEIGHTS, BP_IN_OUT, BP_DOUBLE, M[0], dM[0]},
        {2, BP_ARRAY_WEIGHTS, BP_IN_OUT, BP_DOUBLE, M[1], dM[1]},
        {3, BP_ARRAY_WEIGHTS, BP_IN_OUT, BP_DOUBLE, M[2], dM[2]},
    };
    s->abi = BACKPROBE_ABI;
    s->name = "no_bias";
    /* 2/4 of 1/2 (y-t)^2: the mean also runs over the four outputs */
    s->network = "4-4-4-4 tanh squared-error mean factor=0.5 no-bias";
    s->arrays = arrays;
    s->n_arrays = 3;
    s->predict = predict;
    s->gradient = gradient;
    return 0;
}
#endif
