// sgd over a mini-batch with weight decay (weights only):  J = mean 1/2 |y-t|^2 + L2/2 |w|^2
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define L2 0.03f
#define STEP 0.1f
#define I 2
#define A 6
#define B 4
#define O 3

typedef float vec;

vec wa[I + 1][A], wb[A + 1][B], wo[B + 1][O];      // row 0 is the bias
vec ha[A], hb[B], o[O];

void net(const vec *x)
{
	for (int j = 0; j < A; j++) {
		vec z = wa[0][j];
		for (int i = 0; i < I; i++) z += x[i] * wa[i + 1][j];
		ha[j] = tanhf(z);
	}
	for (int j = 0; j < B; j++) {
		vec z = wb[0][j];
		for (int i = 0; i < A; i++) z += ha[i] * wb[i + 1][j];
		hb[j] = tanhf(z);
	}
	for (int j = 0; j < O; j++) {
		o[j] = wo[0][j];
		for (int i = 0; i < B; i++) o[j] += hb[i] * wo[i + 1][j];
	}
}

static void descend(vec *w, const vec *g, int rows, int cols, int n)
{
	for (int i = 0; i < rows * cols; i++)
		w[i] -= STEP * (g[i] / n + L2 * w[i]);
}

void train(const vec *x, const vec *t, int n)
{
	static vec ga[I + 1][A], gb[A + 1][B], go[B + 1][O];
	vec *g[3] = {&ga[0][0], &gb[0][0], &go[0][0]};
	const int size[3] = {(I + 1) * A, (A + 1) * B, (B + 1) * O};
	for (int k = 0; k < 3; k++)
		for (int i = 0; i < size[k]; i++) g[k][i] = 0;

	for (int s = 0; s < n; s++, x += I, t += O) {
		vec d[O], eb[B], ea[A];
		net(x);
		for (int j = 0; j < O; j++) {
			d[j] = o[j] - t[j];
			go[0][j] += d[j];
			for (int i = 0; i < B; i++) go[i + 1][j] += d[j] * hb[i];
		}
		for (int i = 0; i < B; i++) {
			vec s = 0;
			for (int j = 0; j < O; j++) s += wo[i + 1][j] * d[j];
			eb[i] = s * (1 - hb[i] * hb[i]);
		}
		for (int i = 0; i < A; i++) {
			vec s = 0;
			for (int j = 0; j < B; j++) s += wb[i + 1][j] * eb[j];
			ea[i] = s * (1 - ha[i]) * (1 - ha[i]);
		}
		for (int j = 0; j < B; j++) {
			gb[0][j] += eb[j];
			for (int i = 0; i < A; i++) gb[i + 1][j] += eb[j] * ha[i];
		}
		for (int j = 0; j < A; j++) {
			ga[0][j] += ea[j];
			for (int i = 0; i < I; i++) ga[i + 1][j] += ea[j] * x[i];
		}
	}
	descend(&wa[0][0], &ga[0][0], I + 1, A, n);
	descend(&wb[0][0], &gb[0][0], A + 1, B, n);
	descend(&wo[0][0], &go[0][0], B + 1, O, n);
}

static vec rnd(void) { return 1.2f * (rand() / (vec)RAND_MAX) - 0.6f; }

int main(void)
{
	static vec x[40 * I], t[40 * O];
	vec e = 0;
	srand(29);
	for (int i = 0; i < (I + 1) * A; i++) (&wa[0][0])[i] = rnd();
	for (int i = 0; i < (A + 1) * B; i++) (&wb[0][0])[i] = rnd();
	for (int i = 0; i < (B + 1) * O; i++) (&wo[0][0])[i] = rnd();
	for (int s = 0; s < 40; s++) {
		x[2 * s] = 3 * rnd(), x[2 * s + 1] = 3 * rnd();
		t[3 * s] = sinf(x[2 * s]), t[3 * s + 1] = x[2 * s + 1] > 0, t[3 * s + 2] = 0.3f * x[2 * s] * x[2 * s + 1];
	}
	for (int k = 0; k < 600; k++)
		for (int s = 0; s < 40; s += 8)
			train(x + I * s, t + O * s, 8);
	for (int s = 0; s < 40; s++) {
		net(x + I * s);
		for (int j = 0; j < O; j++) e += (o[j] - t[O * s + j]) * (o[j] - t[O * s + j]) / 80;
	}
	printf("error without decay %f\n", e);
	return 0;
}

#ifdef BACKPROBE
#include "backprobe.h"

static int predict(void *self, const double *theta, const struct bp_batch *b, double *y)
{
	for (size_t s = 0; s < b->n; s++) {
		vec x[I] = {b->x[I * s], b->x[I * s + 1]};
		net(x);
		for (int j = 0; j < O; j++) y[O * s + j] = o[j];
	}
	return 0;
}

static int step(void *self, const double *theta, const struct bp_batch *b, double rate, double *next)
{
	vec *x = malloc(b->n * I * sizeof *x), *t = malloc(b->n * O * sizeof *t);
	for (size_t k = 0; k < b->n * I; k++) x[k] = b->x[k];
	for (size_t k = 0; k < b->n * O; k++) t[k] = b->t[k];
	train(x, t, b->n);
	free(x);
	free(t);
	return 0;
}

int backprobe_subject(struct bp_subject *s)
{
	static const struct bp_array arrays[] = {
		{1, BP_ARRAY_BIAS_FIRST, BP_IN_OUT, BP_FLOAT, wa, NULL},
		{2, BP_ARRAY_BIAS_FIRST, BP_IN_OUT, BP_FLOAT, wb, NULL},
		{3, BP_ARRAY_BIAS_FIRST, BP_IN_OUT, BP_FLOAT, wo, NULL},
	};
	s->abi = BACKPROBE_ABI;
	s->name = "decay_float";
	s->network = "2-6-4-3 tanh,tanh,identity squared-error mean l2=0.03";
	s->arrays = arrays;
	s->n_arrays = 3;
	s->precision = BP_FLOAT;
	s->predict = predict;
	s->step = step;
	s->rate_kind = BP_RATE_FIXED;
	s->rate = STEP;
	s->step_kind = BP_STEP_BATCH;
	return 0;
}
#endif
