// 2-6-4-2, sigmoid, sgd. Loss: 1/2 * sum of squares
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

struct perceptron {
	int n;
	double w[8], bias, dw[8], dbias;
	double out, delta;
};

struct perceptron l1[6], l2[4], l3[2];

static void init_layer(struct perceptron *p, int count, int n)
{
	for (int i = 0; i < count; i++) {
		p[i].n = n;
		for (int j = 0; j < n; j++)
			p[i].w[j] = rand() / (double)RAND_MAX * 4 - 2;
		p[i].bias = rand() / (double)RAND_MAX * 2 - 1;
	}
}

static void setup(void)
{
	init_layer(l1, 6, 2);
	init_layer(l2, 4, 6);
	init_layer(l3, 2, 4);
}

static void eval(struct perceptron *p, int count, const double *in, double *out)
{
	for (int i = 0; i < count; i++) {
		double s = p[i].bias;
		for (int j = 0; j < p[i].n; j++)
			s += p[i].w[j] * in[j];
		out[i] = p[i].out = 1 / (1 + exp(-s));
	}
}

static void run(const double *x, double *h1, double *h2, double *y)
{
	eval(l1, 6, x, h1);
	eval(l2, 4, h1, h2);
	eval(l3, 2, h2, y);
}

static void backprop_hidden(struct perceptron *p, int count, const struct perceptron *up, int nup)
{
	for (int i = 0; i < count; i++) {
		p[i].delta = 0;
		for (int k = 0; k < nup; k++)
			p[i].delta += up[k].delta * up[k].w[i];
		p[i].delta *= p[i].out * (1 - p[i].out);
	}
}

static void changes(struct perceptron *p, int count, const double *in, double lr)
{
	for (int i = 0; i < count; i++) {
		for (int j = 0; j < p[i].n; j++)
			p[i].dw[j] = lr * p[i].delta * in[j];
		p[i].dbias = lr * p[i].delta;
	}
}

static void commit(struct perceptron *p, int count, double lr)
{
	for (int i = 0; i < count; i++) {
		for (int j = 0; j < p[i].n; j++)
			p[i].w[j] -= lr * p[i].dw[j];
		p[i].bias -= lr * p[i].dbias;
	}
}

void teach(const double *x, const double *t, double lr)
{
	double h1[6], h2[4], y[2];

	run(x, h1, h2, y);
	for (int k = 0; k < 2; k++)
		l3[k].delta = (y[k] - t[k]) * y[k] * (1 - y[k]);
	backprop_hidden(l2, 4, l3, 2);
	backprop_hidden(l1, 6, l2, 4);
	changes(l3, 2, h2, lr);
	changes(l2, 4, h1, lr);
	changes(l1, 6, x, lr);
	commit(l3, 2, lr);
	commit(l2, 4, lr);
	commit(l1, 6, lr);
}

int main(void)
{
	double h1[6], h2[4], y[2], err = 0;
	srand(72);
	setup();
	for (int n = 1; n <= 50000; n++) {
		double x[2] = {rand() / (double)RAND_MAX * 2 - 1, rand() / (double)RAND_MAX * 2 - 1};
		double t[2] = {x[0] * x[0] + x[1] * x[1] < 0.5, x[0] > x[1]};
		teach(x, t, 0.5);
		run(x, h1, h2, y);
		err += (pow(y[0] - t[0], 2) + pow(y[1] - t[1], 2)) / 2;
		if (n % 10000 == 0) {
			printf("%d %.4f\n", n, err / 10000);
			err = 0;
		}
	}
	return 0;
}

#ifdef BACKPROBE
#include "backprobe.h"

static double *move(struct perceptron *p, int count, double *theta, int out)
{
	for (int i = 0; i < count; i++) {
		for (int j = 0; j < p[i].n; j++, theta++)
			if (out) *theta = p[i].w[j]; else p[i].w[j] = *theta;
		if (out) *theta = p[i].bias; else p[i].bias = *theta;
		theta++;
	}
	return theta;
}

static void move_all(double *theta, int out)
{
	move(l3, 2, move(l2, 4, move(l1, 6, theta, out), out), out);
}

static int predict(void *self, const double *theta, const struct bp_batch *b, double *y)
{
	double h1[6], h2[4];
	move_all((double *)theta, 0);
	for (size_t s = 0; s < b->n; s++)
		run(b->x + 2 * s, h1, h2, y + 2 * s);
	return 0;
}

static int step(void *self, const double *theta, const struct bp_batch *b, double rate, double *next)
{
	move_all((double *)theta, 0);
	teach(b->x, b->t, rate);
	move_all(next, 1);
	return 0;
}

int backprobe_subject(struct bp_subject *s)
{
	static const struct bp_array arrays[] = {
		{1, BP_ARRAY_BIAS_LAST, BP_OUT_IN, BP_DOUBLE},
		{2, BP_ARRAY_BIAS_LAST, BP_OUT_IN, BP_DOUBLE},
		{3, BP_ARRAY_BIAS_LAST, BP_OUT_IN, BP_DOUBLE},
	};
	setup();
	s->abi = BACKPROBE_ABI;
	s->name = "rate_inside";
	s->network = "2-6-4-2 sigmoid squared-error";
	s->arrays = arrays;
	s->n_arrays = 3;
	s->predict = predict;
	s->step = step;
	s->rate_kind = BP_RATE_GIVEN;
	s->step_kind = BP_STEP_SAMPLE;
	return 0;
}
#endif
