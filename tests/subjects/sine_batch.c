/* Learning sin(x): 1 input, two tanh layers, linear output, full batch. */
#include <stdio.h>
#include <stdlib.h>
#include <math.h>

#define H1 6
#define H2 5
#define ETA 0.05

double wa[H1], ba[H1];          /* input -> first */
double wb[H2][H1], bb[H2];      /* first -> second */
double wc[H2], bc;              /* second -> output */

double u[H1], v[H2];

double net(double x)
{
    double y = bc;
    for (int i = 0; i < H1; ++i)
        u[i] = tanh(wa[i] * x + ba[i]);
    for (int j = 0; j < H2; ++j) {
        double s = bb[j];
        for (int i = 0; i < H1; ++i)
            s += wb[j][i] * u[i];
        v[j] = tanh(s);
        y += wc[j] * v[j];
    }
    return y;
}

/* one descent step on 1/(2n) sum (y - t)^2 */
void step(const double *x, const double *t, int n)
{
    double gwa[H1] = {0}, gba[H1] = {0}, gwb[H2][H1] = {{0}}, gbb[H2] = {0}, gwc[H2] = {0}, gbc = 0;
    for (int s = 0; s < n; ++s) {
        double d = net(x[s]) - t[s];
        double dv[H2], du[H1] = {0};
        for (int j = 0; j < H2; ++j) {
            dv[j] = d * wc[j] * (1 - v[j] * v[j]);
            for (int i = 0; i < H1; ++i)
                du[i] += dv[j] * wb[j][i];
        }
        gbc += d;
        for (int j = 0; j < H2; ++j) {
            gwc[j] += d * v[j];
            gbb[j] += dv[j];
            for (int i = 0; i < H1; ++i)
                gwb[j][i] += dv[j] * u[i];
        }
        for (int i = 0; i < H1; ++i) {
            du[i] *= 1 - u[i] * u[i];
            gwa[i] += du[i] * x[s];
            gba[i] += du[i];
        }
    }
    bc -= ETA * gbc;
    for (int j = 0; j < H2; ++j) {
        wc[j] -= ETA * gwc[j] / n;
        bb[j] -= ETA * gbb[j];
        for (int i = 0; i < H1; ++i)
            wb[j][i] -= ETA * gwb[j][i] / n;
    }
    for (int i = 0; i < H1; ++i) {
        wa[i] -= ETA * gwa[i] / n;
        ba[i] -= ETA * gba[i];
    }
}

static double uniform(double r) { return r * (2.0 * rand() / RAND_MAX - 1); }

int main(void)
{
    double x[20], t[20];
    srand(2);
    for (int i = 0; i < H1; ++i) wa[i] = uniform(1), ba[i] = uniform(1);
    for (int j = 0; j < H2; ++j) {
        for (int i = 0; i < H1; ++i) wb[j][i] = uniform(0.6);
        wc[j] = uniform(0.6);
    }
    for (int s = 0; s < 20; ++s) x[s] = -3.0 + 6.0 * s / 19, t[s] = sin(x[s]);
    for (int e = 0; e < 3000; ++e) step(x, t, 20);
    for (int s = 0; s < 20; s += 3) printf("%6.3f %7.4f %7.4f\n", x[s], t[s], net(x[s]));
    return 0;
}

#ifdef BACKPROBE
#include "backprobe.h"

static int predict(void *self, const double *theta, const struct bp_batch *b, double *y)
{
    for (size_t s = 0; s < b->n; ++s) y[s] = net(b->x[s]);
    return 0;
}

static int one_step(void *self, const double *theta, const struct bp_batch *b, double rate, double *next)
{
    step(b->x, b->t, (int)b->n);
    return 0;
}

int backprobe_subject(struct bp_subject *s)
{
    static const struct bp_array arrays[] = {
        {1, BP_ARRAY_WEIGHTS, BP_OUT_IN, BP_DOUBLE, wa},  {1, BP_ARRAY_BIASES, BP_OUT_IN, BP_DOUBLE, ba},
        {2, BP_ARRAY_WEIGHTS, BP_OUT_IN, BP_DOUBLE, wb},  {2, BP_ARRAY_BIASES, BP_OUT_IN, BP_DOUBLE, bb},
        {3, BP_ARRAY_WEIGHTS, BP_OUT_IN, BP_DOUBLE, wc},  {3, BP_ARRAY_BIASES, BP_OUT_IN, BP_DOUBLE, &bc},
    };
    s->abi = BACKPROBE_ABI;
    s->name = "sine_batch";
    s->network = "1-6-5-1 tanh,identity squared-error mean";
    s->arrays = arrays;
    s->n_arrays = 6;
    s->predict = predict;
    s->step = one_step;
    s->rate_kind = BP_RATE_FIXED;
    s->rate = ETA;
    s->step_kind = BP_STEP_BATCH;
    return 0;
}
#endif
