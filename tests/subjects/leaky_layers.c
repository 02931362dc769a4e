/* fully connected layers as a linked chain, leaky relu, mean squared error
 * cost = 1/(2m) * sum over the batch of |y - t|^2
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ALPHA 0.05

typedef struct layer {
    int in, out, linear;
    double **W;         /* W[out][in] */
    double *b, *z, *a, *delta;
    double **dW, *db;
    struct layer *prev, *next;
} layer;

static double **matrix(int r, int c)
{
    double **m = malloc(r * sizeof *m);
    for (int i = 0; i < r; i++)
        m[i] = calloc(c, sizeof **m);
    return m;
}

layer *add_layer(layer *prev, int in, int out, int linear)
{
    layer *l = calloc(1, sizeof *l);
    assert(!prev || prev->out == in);
    l->in = in;
    l->out = out;
    l->linear = linear;
    l->W = matrix(out, in);
    l->dW = matrix(out, in);
    l->b = calloc(out, sizeof(double));
    l->db = calloc(out, sizeof(double));
    l->z = calloc(out, sizeof(double));
    l->a = calloc(out, sizeof(double));
    l->delta = calloc(out, sizeof(double));
    l->prev = prev;
    if (prev)
        prev->next = l;
    for (int i = 0; i < out; i++)
        for (int j = 0; j < in; j++)
            l->W[i][j] = (2.0 * rand() / RAND_MAX - 1.0) * 0.7;
    return l;
}

double leaky(double z) { return z >= 0 ? z : ALPHA * z; }
double leaky_prime(double z) { return z >= 0 ? 1 : 0; }

double *forward(layer *first, const double *x)
{
    layer *l = first;
    for (;;) {
        const double *in = l->prev ? l->prev->a : x;
        for (int i = 0; i < l->out; i++) {
            l->z[i] = l->b[i];
            for (int j = 0; j < l->in; j++)
                l->z[i] += l->W[i][j] * in[j];
            l->a[i] = l->linear ? l->z[i] : leaky(l->z[i]);
        }
        if (!l->next)
            return l->a;
        l = l->next;
    }
}

void backward(layer *last, const double *x, const double *t)
{
    for (layer *l = last; l; l = l->prev) {
        for (int i = 0; i < l->out; i++) {
            if (l == last)
                l->delta[i] = l->a[i] - t[i];
            else {
                l->delta[i] = 0;
                for (int k = 0; k < l->next->out; k++)
                    l->delta[i] += l->next->W[k][i] * l->next->delta[k];
            }
            if (!l->linear)
                l->delta[i] *= leaky_prime(l->z[i]);
        }
        for (int i = 0; i < l->out; i++) {
            for (int j = 0; j < l->in; j++)
                l->dW[i][j] += l->delta[i] * (l->prev ? l->prev->a[j] : x[j]);
            l->db[i] += l->delta[i];
        }
    }
}

void clear_grads(layer *first)
{
    for (layer *l = first; l; l = l->next) {
        for (int i = 0; i < l->out; i++)
            memset(l->dW[i], 0, l->in * sizeof(double));
        memset(l->db, 0, l->out * sizeof(double));
    }
}

/* the gradient over a batch of m examples */
void batch(layer *first, layer *last, const double *x, const double *t, int m)
{
    clear_grads(first);
    for (int s = 0; s < m; s++) {
        forward(first, x + s * first->in);
        backward(last, x + s * first->in, t + s * last->out);
    }
}

void update(layer *first, double rate)
{
    for (layer *l = first; l; l = l->next)
        for (int i = 0; i < l->out; i++) {
            for (int j = 0; j < l->in; j++)
                l->W[i][j] -= rate * l->dW[i][j];
            l->b[i] -= rate * l->db[i];
        }
}

int main(void)
{
    double x[40 * 3], t[40 * 2];
    srand(8);
    layer *l1 = add_layer(NULL, 3, 6, 0);
    layer *l2 = add_layer(l1, 6, 4, 0);
    layer *l3 = add_layer(l2, 4, 2, 1);
    for (int s = 0; s < 40; s++) {
        for (int j = 0; j < 3; j++)
            x[3 * s + j] = 2.0 * rand() / RAND_MAX - 1;
        t[2 * s] = x[3 * s] * x[3 * s + 1];
        t[2 * s + 1] = x[3 * s + 2] > 0 ? 1 : -1;
    }
    for (int e = 0; e < 800; e++) {
        batch(l1, l3, x, t, 40);
        update(l1, 0.004);
    }
    double cost = 0;
    for (int s = 0; s < 40; s++) {
        double *y = forward(l1, x + 3 * s);
        for (int k = 0; k < 2; k++)
            cost += (y[k] - t[2 * s + k]) * (y[k] - t[2 * s + k]) / 80;
    }
    printf("cost %f\n", cost);
    return 0;
}

#ifdef BACKPROBE
#include "backprobe.h"

static layer *first, *last;

/* W is one malloc a row, so theta is copied in and gradients out */
static void put(const double *theta)
{
    for (layer *l = first; l; l = l->next) {
        for (int i = 0; i < l->out; i++, theta += l->in)
            memcpy(l->W[i], theta, l->in * sizeof *theta);
        memcpy(l->b, theta, l->out * sizeof *theta);
        theta += l->out;
    }
}

static int predict(void *self, const double *theta, const struct bp_batch *b, double *y)
{
    put(theta);
    for (size_t s = 0; s < b->n; s++)
        memcpy(y + 2 * s, forward(first, b->x + 3 * s), 2 * sizeof *y);
    return 0;
}

static int gradient(void *self, const double *theta, const struct bp_batch *b, double *g)
{
    put(theta);
    batch(first, last, b->x, b->t, (int)b->n);
    for (layer *l = first; l; l = l->next) {
        for (int i = 0; i < l->out; i++, g += l->in)
            memcpy(g, l->dW[i], l->in * sizeof *g);
        memcpy(g, l->db, l->out * sizeof *g);
        g += l->out;
    }
    return 0;
}

int backprobe_subject(struct bp_subject *s)
{
    static struct bp_array arrays[6];
    layer *second;
    for (int k = 0; k < 6; k++)
        arrays[k] = (struct bp_array){.layer = k / 2 + 1, .role = k % 2 ? BP_ARRAY_BIASES : BP_ARRAY_WEIGHTS,
                                      .order = BP_OUT_IN, .type = BP_DOUBLE};
    first = add_layer(NULL, 3, 6, 0);
    second = add_layer(first, 6, 4, 0);
    last = add_layer(second, 4, 2, 1);
    s->abi = BACKPROBE_ABI;
    s->name = "leaky_layers";
    s->network = "3-6-4-2 leaky-relu,leaky-relu,identity squared-error mean slope=0.05";
    s->arrays = arrays;
    s->n_arrays = 6;
    s->predict = predict;
    s->gradient = gradient;
    return 0;
}
#endif
