/* The network as its author wrote it. -DWRONG has the mistake. */
#include "net.h"

#include <math.h>
#include <string.h>

double w1[H1][IN], b1[H1], w2[H2][H1], b2[H2], w3[OUT][H2], b3[OUT];
double dw1[H1][IN], db1[H1], dw2[H2][H1], db2[H2], dw3[OUT][H2], db3[OUT];
static double a1[H1], a2[H2];

void forward(const double *x, double *y)
{
    for (int i = 0; i < H1; i++) {
        double s = b1[i];
        for (int j = 0; j < IN; j++)
            s += w1[i][j] * x[j];
        a1[i] = tanh(s);
    }
    for (int i = 0; i < H2; i++) {
        double s = b2[i];
        for (int j = 0; j < H1; j++)
            s += w2[i][j] * a1[j];
        a2[i] = tanh(s);
    }
    for (int i = 0; i < OUT; i++) {
        double s = b3[i];
        for (int j = 0; j < H2; j++)
            s += w3[i][j] * a2[j];
        y[i] = 1 / (1 + exp(-s));
    }
}

void backward(int n, const double *x, const double *t)
{
    memset(dw1, 0, sizeof dw1), memset(db1, 0, sizeof db1);
    memset(dw2, 0, sizeof dw2), memset(db2, 0, sizeof db2);
    memset(dw3, 0, sizeof dw3), memset(db3, 0, sizeof db3);
    for (int s = 0; s < n; s++, x += IN, t += OUT) {
        double y[OUT], d3[OUT], d2[H2], d1[H1];
        forward(x, y);
        for (int i = 0; i < OUT; i++)
            d3[i] = (y[i] - t[i]) * y[i] * (1 - y[i]) / n;
        for (int j = 0; j < H2; j++) {
            d2[j] = 0;
            for (int i = 0; i < OUT; i++)
                d2[j] += w3[i][j] * d3[i];
            d2[j] *= 1 - a2[j] * a2[j];
        }
        for (int j = 0; j < H1; j++) {
            d1[j] = 0;
            for (int i = 0; i < H2; i++)
                d1[j] += w2[i][j] * d2[i];
#ifndef WRONG
            d1[j] *= 1 - a1[j] * a1[j];
#endif
        }
        for (int i = 0; i < OUT; i++) {
            db3[i] += d3[i];
            for (int j = 0; j < H2; j++)
                dw3[i][j] += d3[i] * a2[j];
        }
        for (int i = 0; i < H2; i++) {
            db2[i] += d2[i];
            for (int j = 0; j < H1; j++)
                dw2[i][j] += d2[i] * a1[j];
        }
        for (int i = 0; i < H1; i++) {
            db1[i] += d1[i];
            for (int j = 0; j < IN; j++)
                dw1[i][j] += d1[i] * x[j];
        }
    }
}
