/* object.c -- a shared object as a subject: one neuron, L = 1/2 (w x - t)^2, which
 * does what the environment's OBJECT says. */
#include "backprobe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static double w[1], dw[1];
#ifdef NAMES_SHARED /* the address sanitizer gives an object no names of its own */
static
#endif
    double json_null[8] = {1.0}; /* also a name in a library that the host is linked with */

static int does(const char *what)
{
    const char *set = getenv("OBJECT");
    return set != NULL && strcmp(set, what) == 0;
}

static int predict(void *self, const double *theta, const struct bp_batch *batch, double *y)
{
    (void)self, (void)theta;
    printf("a print of its own\n");
    for (size_t s = 0; s < batch->n; s++)
        y[s] = w[0] * batch->x[s] * json_null[0];
    return does("fails") ? 3 : 0;
}

static int gradient(void *self, const double *theta, const struct bp_batch *batch, double *g)
{
    (void)self, (void)theta, (void)g;
    if (does("crashes"))
        abort();
    if (does("hangs"))
        for (;;)
            pause();
    if (does("meddles"))
        w[0] += 1.0;
    if (!does("accumulates"))
        dw[0] = 0.0;
    for (size_t s = 0; s < batch->n; s++)
        dw[0] += (w[0] * batch->x[s] - batch->t[s]) * batch->x[s] / (double)batch->n;
    return 0;
}

static const struct bp_array arrays[] = {
    {1, BP_ARRAY_WEIGHTS, BP_OUT_IN, BP_DOUBLE, w, dw},
};

int backprobe_subject(struct bp_subject *subject)
{
    subject->name = "object";
    subject->network = does("lies") ? "7 what" : "1-1 identity squared-error";
    subject->arrays = arrays;
    subject->n_arrays = 1;
    subject->predict = predict;
    subject->gradient = gradient;
    return does("refuses") ? 5 : 0;
}
