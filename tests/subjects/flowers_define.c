// 3 kinds of flowers, 4 measurements. One hidden layer. squared error 1/2 sum (o-t)^2
#include <stdio.h>
#include <stdlib.h>
#include <math.h>

#define NUM_IN   4
#define NUM_HID  5
#define NUM_OUT  3
#define LR       0.1
#define SIGMOID(x) (1.0/(1.0+exp(-(x))))

double w_ih[NUM_IN][NUM_HID];
double w_ho[NUM_HID][NUM_OUT];
double b_h[NUM_HID], b_o[NUM_OUT];
double hid[NUM_HID], outp[NUM_OUT];
double d_h[NUM_HID], d_o[NUM_OUT];

void forward(double in[NUM_IN])
{
	int i, j;
	for (j = 0; j < NUM_HID; j++) {
		double s = b_h[j];
		for (i = 0; i < NUM_IN; i++) s += in[i] * w_ih[i][j];
		hid[j] = SIGMOID(s);
	}
	for (j = 0; j < NUM_OUT; j++) {
		double s = b_o[j];
		for (i = 0; i < NUM_HID; i++) s += hid[i] * w_ho[i][j];
		outp[j] = SIGMOID(s);
	}
}

void train(double in[NUM_IN], double t[NUM_OUT])
{
	int i, j;

	forward(in);

	/* output layer */
	for (j = 0; j < NUM_OUT; j++) {
		d_o[j] = (t[j] - outp[j]) * outp[j] * (1 - outp[j]);
		for (i = 0; i < NUM_HID; i++)
			w_ho[i][j] += LR * d_o[j] * hid[i];
		b_o[j] += LR * d_o[j];
	}

	/* hidden layer */
	for (i = 0; i < NUM_HID; i++) {
		double s = 0;
		for (j = 0; j < NUM_OUT; j++)
			s += w_ho[i][j] * d_o[j];
		d_h[i] = s * hid[i] * (1 - hid[i]);
	}
	for (j = 0; j < NUM_HID; j++) {
		for (i = 0; i < NUM_IN; i++)
			w_ih[i][j] += LR * d_h[j] * in[i];
		b_h[j] += LR * d_h[j];
	}
}

void randomize(void)
{
	int i, j;
	for (i = 0; i < NUM_IN; i++)
		for (j = 0; j < NUM_HID; j++) w_ih[i][j] = rand() / (double)RAND_MAX - 0.5;
	for (i = 0; i < NUM_HID; i++)
		for (j = 0; j < NUM_OUT; j++) w_ho[i][j] = rand() / (double)RAND_MAX - 0.5;
}

int main(void)
{
	double centre[3][4] = {{5.0, 3.4, 1.5, 0.2}, {5.9, 2.8, 4.3, 1.3}, {6.6, 3.0, 5.6, 2.0}};
	int n, k, right = 0;

	srand(7);
	randomize();
	for (n = 0; n < 20000; n++) {
		double x[NUM_IN], t[NUM_OUT] = {0};
		int c = rand() % 3;
		for (k = 0; k < 4; k++)
			x[k] = (centre[c][k] + 0.6 * (rand() / (double)RAND_MAX - 0.5)) / 5.0;
		t[c] = 1;
		train(x, t);
		int best = 0;
		for (k = 1; k < 3; k++) if (outp[k] > outp[best]) best = k;
		if (n >= 19000 && best == c) right++;
	}
	printf("right in the last 1000: %d\n", right);
	return 0;
}

#ifdef BACKPROBE
#include <string.h>
#include "backprobe.h"

static int predict(void *self, const double *theta, const struct bp_batch *b, double *y)
{
	for (size_t s = 0; s < b->n; s++) {
		forward((double *)b->x + s * NUM_IN);
		memcpy(y + s * NUM_OUT, outp, sizeof outp);
	}
	return 0;
}

static int step(void *self, const double *theta, const struct bp_batch *b, double r, double *next)
{
	train((double *)b->x, (double *)b->t);
	return 0;
}

static const struct bp_array arrays[] = {
	{1, BP_ARRAY_WEIGHTS, BP_IN_OUT, BP_DOUBLE, w_ih, NULL},
	{1, BP_ARRAY_BIASES, BP_IN_OUT, BP_DOUBLE, b_h, NULL},
	{2, BP_ARRAY_WEIGHTS, BP_IN_OUT, BP_DOUBLE, w_ho, NULL},
	{2, BP_ARRAY_BIASES, BP_IN_OUT, BP_DOUBLE, b_o, NULL},
};

int backprobe_subject(struct bp_subject *s)
{
	s->abi = BACKPROBE_ABI;
	s->name = "flowers_define";
	s->network = "4-5-3 sigmoid squared-error";
	s->arrays = arrays;
	s->n_arrays = 4;
	s->precision = BP_DOUBLE;
	s->predict = predict;
	s->step = step;
	s->rate_kind = BP_RATE_FIXED;
	s->rate = LR;
	s->step_kind = BP_STEP_SAMPLE;
	return 0;
}
#endif
