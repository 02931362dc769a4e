/* blas_peer.c -- OpenBLAS, measured: answers "backprop widths ... n" with the seconds of
 * one forward and backward pass, the products by dgemm and the rest as ours. */
#include "core/kernel.h"

#include <cblas.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { LAYERS_MOST = 8, TIMES = 8 };

struct net {
    int layers, width[LAYERS_MOST + 1], n;
    double *w[LAYERS_MOST + 1], *b[LAYERS_MOST + 1], *g[LAYERS_MOST + 1], *gb[LAYERS_MOST + 1];
    double *a[LAYERS_MOST + 1], *d[LAYERS_MOST + 1], *t;
};

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double *numbers(int count, double size)
{
    double *x = malloc((size_t)count * sizeof *x);
    for (int k = 0; k < count; k++)
        x[k] = size * ((double)rand() / RAND_MAX - 0.5);
    return x;
}

static void make(struct net *net)
{
    for (int l = 0; l <= net->layers; l++) {
        net->a[l] = numbers(net->n * net->width[l], 1.0);
        net->d[l] = numbers(net->n * net->width[l], 1.0);
        if (l > 0) {
            net->w[l] = numbers(net->width[l] * net->width[l - 1], 0.2);
            net->g[l] = numbers(net->width[l] * net->width[l - 1], 0.0);
            net->b[l] = numbers(net->width[l], 0.2);
            net->gb[l] = numbers(net->width[l], 0.0);
        }
    }
    net->t = numbers(net->n * net->width[net->layers], 1.0);
}

static void forward(struct net *net)
{
    for (int l = 1; l <= net->layers; l++) {
        const int in = net->width[l - 1], out = net->width[l];
        for (int s = 0; s < net->n; s++)
            memcpy(net->a[l] + s * out, net->b[l], (size_t)out * sizeof(double));
        cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, net->n, out, in, 1.0, net->a[l - 1],
                    in, net->w[l], in, 1.0, net->a[l], out);
        bp_kernel_sigmoid((size_t)(net->n * out), net->a[l], net->a[l]);
    }
}

static void slopes(struct net *net, int l)
{
    for (int k = 0; k < net->n * net->width[l]; k++)
        net->d[l][k] *= net->a[l][k] * (1.0 - net->a[l][k]);
}

static void gradients(struct net *net, int l)
{
    const int in = net->width[l - 1], out = net->width[l];
    cblas_dgemm(CblasRowMajor, CblasTrans, CblasNoTrans, out, in, net->n, 1.0 / net->n, net->d[l],
                out, net->a[l - 1], in, 0.0, net->g[l], in);
    bp_kernel_column_sum((size_t)net->n, (size_t)out, net->d[l], net->gb[l]);
}

static void backward(struct net *net)
{
    const int last = net->layers;
    for (int k = 0; k < net->n * net->width[last]; k++)
        net->d[last][k] = net->a[last][k] - net->t[k];
    for (int l = last; l >= 1; l--) {
        slopes(net, l);
        gradients(net, l);
        if (l > 1)
            cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, net->n, net->width[l - 1],
                        net->width[l], 1.0, net->d[l], net->width[l], net->w[l], net->width[l - 1],
                        0.0, net->d[l - 1], net->width[l - 1]);
    }
}

/* The memory is kept: it is a short life. */
static double backprop(struct net *net)
{
    static struct net last;
    if (last.n != net->n || memcmp(last.width, net->width, sizeof net->width) != 0) {
        make(net);
        last = *net;
    }
    const double start = now();
    for (int k = 0; k < TIMES; k++) {
        forward(&last);
        backward(&last);
    }
    return (now() - start) / TIMES;
}

int main(void)
{
    char line[256];
    printf("%s\n", openblas_get_config());
    fflush(stdout);
    while (fgets(line, (int)sizeof line, stdin) != NULL) {
        struct net net = {0};
        int count = 0, number[LAYERS_MOST + 2];
        for (char *word = strtok(line + strlen("backprop"), " \n");
             word != NULL && count < LAYERS_MOST + 2; word = strtok(NULL, " \n"))
            number[count++] = atoi(word);
        if (count < 3)
            return 2;
        net.layers = count - 2;
        net.n = number[count - 1];
        memcpy(net.width, number, (size_t)(count - 1) * sizeof(int));
        printf("%.9g\n", backprop(&net));
        fflush(stdout);
    }
    return 0;
}
