/*
 * Small multi-layer perceptron, all weights in one malloc'ed block per layer.
 * w[l][i * n_in + j] is the weight from unit j of the layer below to unit i.
 * Hidden units tanh, output softmax, cross entropy averaged over the batch.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    int nlayers;      /* number of weight layers */
    int size[8];      /* size[0] is the input */
    float *w[8], *b[8];
    float *gw[8], *gb[8];
    float *act[8];
    float *delta[8];
} mlp;

void mlp_create(mlp *m, int nlayers, const int *size)
{
    m->nlayers = nlayers;
    for (int l = 0; l <= nlayers; l++) {
        m->size[l] = size[l];
        m->act[l] = malloc(size[l] * sizeof(float));
        m->delta[l] = malloc(size[l] * sizeof(float));
        if (l == 0)
            continue;
        int n = size[l] * size[l - 1];
        m->w[l] = malloc(n * sizeof(float));
        m->gw[l] = malloc(n * sizeof(float));
        m->b[l] = calloc(size[l], sizeof(float));
        m->gb[l] = malloc(size[l] * sizeof(float));
        for (int i = 0; i < n; i++)
            m->w[l][i] = (rand() / (float)RAND_MAX - 0.5f) * 2.0f / sqrtf((float)size[l - 1]);
    }
}

const float *mlp_forward(mlp *m, const float *x)
{
    memcpy(m->act[0], x, m->size[0] * sizeof(float));
    for (int l = 1; l <= m->nlayers; l++) {
        int nin = m->size[l - 1], nout = m->size[l];
        for (int i = 0; i < nout; i++) {
            float s = m->b[l][i];
            for (int j = 0; j < nin; j++)
                s += m->w[l][i * nin + j] * m->act[l - 1][j];
            m->act[l][i] = l < m->nlayers ? tanhf(s) : s;
        }
    }
    /* softmax */
    int L = m->nlayers, n = m->size[L];
    float max = m->act[L][0], sum = 0;
    for (int i = 1; i < n; i++)
        if (m->act[L][i] > max)
            max = m->act[L][i];
    for (int i = 0; i < n; i++) {
        m->act[L][i] = expf(m->act[L][i] - max);
        sum += m->act[L][i];
    }
    for (int i = 0; i < n; i++)
        m->act[L][i] /= sum;
    return m->act[L];
}

/* gradient of the mean cross entropy of n examples, left in gw and gb */
void mlp_gradient(mlp *m, const float *x, const float *t, int n)
{
    int L = m->nlayers;
    for (int l = 1; l <= L; l++) {
        memset(m->gw[l], 0, m->size[l] * m->size[l - 1] * sizeof(float));
        memset(m->gb[l], 0, m->size[l] * sizeof(float));
    }
    for (int s = 0; s < n; s++) {
        mlp_forward(m, x + s * m->size[0]);
        for (int i = 0; i < m->size[L]; i++)
            m->delta[L][i] = m->act[L][i] - t[s * m->size[L] + i];
        for (int l = L - 1; l >= 1; l--) {
            int here = m->size[l], above = m->size[l + 1];
            for (int j = 0; j < here; j++) {
                float e = 0;
                for (int i = 0; i < above; i++)
                    e += m->w[l + 1][j * above + i] * m->delta[l + 1][i];
                m->delta[l][j] = e * (1 - m->act[l][j] * m->act[l][j]);
            }
        }
        for (int l = 1; l <= L; l++) {
            int nin = m->size[l - 1];
            for (int i = 0; i < m->size[l]; i++) {
                for (int j = 0; j < nin; j++)
                    m->gw[l][i * nin + j] += m->delta[l][i] * m->act[l - 1][j] / n;
                m->gb[l][i] += m->delta[l][i] / n;
            }
        }
    }
}

void mlp_update(mlp *m, float rate)
{
    for (int l = 1; l <= m->nlayers; l++) {
        for (int i = 0; i < m->size[l] * m->size[l - 1]; i++)
            m->w[l][i] -= rate * m->gw[l][i];
        for (int i = 0; i < m->size[l]; i++)
            m->b[l][i] -= rate * m->gb[l][i];
    }
}

int main(void)
{
    int size[] = {4, 5, 5, 5};
    mlp m;
    static float x[60 * 4], t[60 * 5];
    srand(3);
    mlp_create(&m, 3, size);
    for (int s = 0; s < 60; s++) {
        int c = s % 5;
        for (int j = 0; j < 4; j++)
            x[s * 4 + j] = ((c >> (j % 3)) & 1) + 0.3f * (rand() / (float)RAND_MAX - 0.5f);
        t[s * 5 + c] = 1;
    }
    for (int epoch = 0; epoch < 300; epoch++) {
        mlp_gradient(&m, x, t, 60);
        mlp_update(&m, 0.5f);
    }
    float loss = 0;
    for (int s = 0; s < 60; s++)
        loss -= logf(mlp_forward(&m, x + 4 * s)[s % 5]) / 60;
    printf("loss %f\n", loss);
    return 0;
}

#ifdef BACKPROBE
#include "backprobe.h"

static mlp probe;

static int predict(void *self, const double *theta, const struct bp_batch *batch, double *y)
{
    float x[4];
    for (size_t s = 0; s < batch->n; s++) {
        for (int j = 0; j < 4; j++)
            x[j] = batch->x[s * 4 + j];
        mlp_forward(&probe, x);
        for (int i = 0; i < 5; i++)
            y[s * 5 + i] = probe.act[3][i];
    }
    return 0;
}

static int gradient(void *self, const double *theta, const struct bp_batch *batch, double *g)
{
    float *x = malloc(batch->n * 4 * sizeof *x), *t = malloc(batch->n * 5 * sizeof *t);
    for (size_t i = 0; i < batch->n * 4; i++)
        x[i] = batch->x[i];
    for (size_t i = 0; i < batch->n * 5; i++)
        t[i] = batch->t[i];
    mlp_gradient(&probe, x, t, batch->n);
    free(x);
    free(t);
    return 0;
}

int backprobe_subject(struct bp_subject *s)
{
    static struct bp_array arrays[6];
    mlp_create(&probe, 3, (int[]){4, 5, 5, 5});
    for (int l = 1; l <= 3; l++) {
        arrays[2 * l - 2] = (struct bp_array){l, BP_ARRAY_WEIGHTS, BP_OUT_IN, BP_FLOAT,
                                              probe.w[l], probe.gw[l]};
        arrays[2 * l - 1] = (struct bp_array){l, BP_ARRAY_BIASES, BP_OUT_IN, BP_FLOAT,
                                              probe.b[l], probe.gb[l]};
    }
    s->abi = BACKPROBE_ABI;
    s->name = "flat_mlp";
    s->network = "4-5-5-5 tanh,softmax softmax-cross-entropy mean";
    s->arrays = arrays;
    s->n_arrays = 6;
    s->precision = BP_FLOAT;
    s->predict = predict;
    s->gradient = gradient;
    return 0;
}
#endif
