// 3x3 glyphs -> 5 classes. sigmoid hidden layers, softmax, cross entropy.
#include <stdio.h>
#include <stdlib.h>
#include <math.h>

const int N[4] = {9, 5, 5, 5};
double *w[4], *b[4], *gw[4], *gb[4], *a[4];

void setup(void)
{
  for (int l = 0; l < 4; l++) {
    a[l] = malloc(sizeof(double) * N[l]);
    if (l) {
      w[l] = malloc(sizeof(double) * N[l] * N[l-1]);
      gw[l] = malloc(sizeof(double) * N[l] * N[l-1]);
      b[l] = malloc(sizeof(double) * N[l]);
      gb[l] = malloc(sizeof(double) * N[l]);
      for (int i = 0; i < N[l] * N[l-1]; i++) w[l][i] = (rand() % 2001 - 1000) / 1000.0;
      for (int i = 0; i < N[l]; i++) b[l][i] = 0;
    }
  }
}

double *classify(const double *x)
{
  for (int i = 0; i < N[0]; i++) a[0][i] = x[i];
  for (int l = 1; l < 4; l++) {
    double sum = 0;
    for (int i = 0; i < N[l]; i++) {
      double z = b[l][i];
      // w is stored input by input: w[from * n_to + to]
      for (int j = 0; j < N[l-1]; j++) z += w[l][j * N[l] + i] * a[l-1][j];
      a[l][i] = l == 3 ? exp(z) : 1 / (1 + exp(-z));
      sum += a[l][i];
    }
    if (l == 3)
      for (int i = 0; i < N[3]; i++) a[3][i] /= sum;
  }
  return a[3];
}

// mean gradient of n examples
void gradients(const double *x, const double *t, int n)
{
  for (int l = 1; l < 4; l++) {
    for (int i = 0; i < N[l] * N[l-1]; i++) gw[l][i] = 0;
    for (int i = 0; i < N[l]; i++) gb[l][i] = 0;
  }
  for (int s = 0; s < n; s++) {
    double d[9], e[9];
    classify(x + 9 * s);
    for (int i = 0; i < 5; i++)
      d[i] = (a[3][i] - t[5 * s + i]) * a[3][i] * (1 - a[3][i]);
    for (int l = 3; l > 0; l--) {
      for (int i = 0; i < N[l]; i++) {
        gb[l][i] += d[i] / n;
        for (int j = 0; j < N[l-1]; j++) gw[l][j * N[l] + i] += d[i] * a[l-1][j] / n;
      }
      if (l == 1) break;
      for (int j = 0; j < N[l-1]; j++) {
        e[j] = 0;
        for (int i = 0; i < N[l]; i++) e[j] += d[i] * w[l][j * N[l] + i];
      }
      for (int j = 0; j < N[l-1]; j++) d[j] = e[j] * a[l][j] * (1 - a[l][j]);
    }
  }
}

int main(void)
{
  static double x[80 * 9], t[80 * 5];
  int glyph[5][9] = {{0,1,0,1,1,1,0,1,0}, {1,1,1,1,0,1,1,1,1}, {0,1,0,0,1,0,0,1,0}, {1,0,1,0,1,0,1,0,1}, {1,0,0,1,0,0,1,1,1}};
  srand(12);
  setup();
  for (int s = 0; s < 80; s++) {
    for (int i = 0; i < 9; i++) x[9 * s + i] = glyph[s % 5][i] + 0.4 * (rand() / (double)RAND_MAX - 0.5);
    t[5 * s + s % 5] = 1;
  }
  for (int epoch = 0; epoch < 500; epoch++) {
    gradients(x, t, 80);
    for (int l = 1; l < 4; l++) {
      for (int i = 0; i < N[l] * N[l-1]; i++) w[l][i] -= 1.0 * gw[l][i];
      for (int i = 0; i < N[l]; i++) b[l][i] -= 1.0 * gb[l][i];
    }
  }
  int ok = 0;
  for (int s = 0; s < 80; s++) {
    double *p = classify(x + 9 * s);
    int best = 0;
    for (int i = 1; i < 5; i++) if (p[i] > p[best]) best = i;
    ok += best == s % 5;
  }
  printf("%d of 80 right\n", ok);
  return 0;
}

#ifdef BACKPROBE
#include "backprobe.h"

static int predict(void *self, const double *theta, const struct bp_batch *batch, double *y)
{
  for (size_t s = 0; s < batch->n; s++) {
    double *p = classify(batch->x + 9 * s);
    for (int k = 0; k < 5; k++) y[5 * s + k] = p[k];
  }
  return 0;
}

static int gradient(void *self, const double *theta, const struct bp_batch *batch, double *g)
{
  gradients(batch->x, batch->t, batch->n);
  return 0;
}

int backprobe_subject(struct bp_subject *s)
{
  static struct bp_array arrays[6];
  setup();
  for (int k = 0; k < 6; k++) {
    int l = k / 2 + 1;
    arrays[k].layer = l;
    arrays[k].role = k % 2 ? BP_ARRAY_BIASES : BP_ARRAY_WEIGHTS;
    arrays[k].order = BP_IN_OUT;
    arrays[k].type = BP_DOUBLE;
    arrays[k].values = k % 2 ? b[l] : w[l];
    arrays[k].gradient = k % 2 ? gb[l] : gw[l];
  }
  s->abi = BACKPROBE_ABI;
  s->name = "glyphs_softmax";
  s->network = "9-5-5-5 sigmoid,sigmoid,softmax softmax-cross-entropy mean";
  s->arrays = arrays;
  s->n_arrays = 6;
  s->predict = predict;
  s->gradient = gradient;
  return 0;
}
#endif
