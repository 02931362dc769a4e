/* separable.c -- see separable.h. */
#include "diag/separable.h"

#include <math.h>

enum { ITERATIONS = 20000 };

/* Below this share of the first point's norm, the least norm counts as 0. */
#define SMALL 1e-3

static double sign_of(const struct bp_dataset *data, size_t s)
{
    return bp_dataset_label(data, s) == 0 ? -1.0 : 1.0;
}

/* s (x, 1) . v */
static double product(const struct bp_dataset *data, size_t s, const double *v)
{
    double sum = v[data->n_in];
    for (size_t k = 0; k < data->n_in; k++)
        sum += data->x[s * data->n_in + k] * v[k];
    return sign_of(data, s) * sum;
}

/* v becomes the point of least norm between v and sample s's; its squared norm. */
static double step_towards(const struct bp_dataset *data, size_t s, double *v)
{
    double to_p = 0.0, length = 0.0;
    for (size_t k = 0; k <= data->n_in; k++) {
        const double p = sign_of(data, s) * (k < data->n_in ? data->x[s * data->n_in + k] : 1.0);
        to_p += v[k] * (v[k] - p);
        length += (v[k] - p) * (v[k] - p);
    }
    const double share = length > 0.0 ? to_p / length : 0.0;
    const double step = share > 1.0 ? 1.0 : share < 0.0 ? 0.0 : share;
    double squares = 0.0;
    for (size_t k = 0; k <= data->n_in; k++) {
        const double p = sign_of(data, s) * (k < data->n_in ? data->x[s * data->n_in + k] : 1.0);
        v[k] += step * (p - v[k]);
        squares += v[k] * v[k];
    }
    return squares;
}

enum bp_separable bp_separable_run(const struct bp_dataset *data, double *v)
{
    for (size_t k = 0; k < data->n_in; k++)
        v[k] = sign_of(data, 0) * data->x[k];
    v[data->n_in] = sign_of(data, 0);
    const double start = product(data, 0, v);
    for (int i = 0; i < ITERATIONS; i++) {
        size_t worst = 0;
        double least = INFINITY;
        for (size_t s = 0; s < data->n; s++) {
            const double d = product(data, s, v);
            if (d < least) {
                least = d;
                worst = s;
            }
        }
        if (least > 0.0)
            return BP_SEPARABLE_YES;
        if (step_towards(data, worst, v) <= SMALL * SMALL * start)
            return BP_SEPARABLE_NO;
    }
    return BP_SEPARABLE_UNKNOWN;
}
