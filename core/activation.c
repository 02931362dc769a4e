/* activation.c -- values and derivatives of the six activations. */
#include "core/activation.h"

#include "core/fmath.h"
#include "core/kernel.h"

#include <assert.h>
#include <math.h>
#include <string.h>

const char *bp_activation_name(enum bp_activation f)
{
#define BP_ACTIVATION_TEXT(name, text) text,
    static const char *const NAME[] = {BP_ACTIVATION_LIST(BP_ACTIVATION_TEXT)};
#undef BP_ACTIVATION_TEXT
    assert((unsigned)f < BP_ACTIVATION_COUNT);
    return NAME[f];
}

bool bp_activation_parse(const char *text, enum bp_activation *f)
{
    static const struct {
        const char *text;
        enum bp_activation f;
    } OTHER[] = {{"linear", BP_IDENTITY},
                 {"none", BP_IDENTITY},
                 {"logistic", BP_SIGMOID},
                 {"leaky_relu", BP_LEAKY_RELU},
                 {"leakyrelu", BP_LEAKY_RELU}};
    for (unsigned k = 0; k < BP_ACTIVATION_COUNT; k++)
        if (strcmp(text, bp_activation_name((enum bp_activation)k)) == 0) {
            *f = (enum bp_activation)k;
            return true;
        }
    for (size_t k = 0; k < sizeof OTHER / sizeof OTHER[0]; k++)
        if (strcmp(text, OTHER[k].text) == 0) {
            *f = OTHER[k].f;
            return true;
        }
    return false;
}

/* A row at a time: the largest z is taken off, so that no exponential
 * overflows. A NaN in a row makes the whole row NaN. */
static void softmax(size_t n, size_t width, const double *z, double *a)
{
    for (size_t s = 0; s < n; s++, z += width, a += width) {
        double top = z[0];
        for (size_t i = 1; i < width; i++)
            top = z[i] > top || isnan(z[i]) ? z[i] : top;
        for (size_t i = 0; i < width; i++)
            a[i] = z[i] - top;
        bp_kernel_exp(width, a, a);
        double sum = 0.0;
        for (size_t i = 0; i < width; i++)
            sum += a[i];
        for (size_t i = 0; i < width; i++)
            a[i] /= sum;
    }
}

void bp_activation_value(enum bp_activation f, double slope, size_t n, size_t width,
                         const double *z, double *a)
{
    const size_t count = n * width;
    switch (f) {
    case BP_IDENTITY:
        memmove(a, z, count * sizeof *a);
        return;
    case BP_SIGMOID:
        bp_kernel_sigmoid(count, z, a);
        return;
    case BP_TANH:
        bp_kernel_tanh(count, z, a);
        return;
    case BP_RELU: /* a NaN stays a NaN */
        for (size_t k = 0; k < count; k++)
            a[k] = z[k] <= 0.0 ? 0.0 : z[k];
        return;
    case BP_LEAKY_RELU:
        for (size_t k = 0; k < count; k++)
            a[k] = z[k] <= 0.0 ? slope * z[k] : z[k];
        return;
    case BP_SOFTMAX:
        softmax(n, width, z, a);
        return;
    case BP_ACTIVATION_COUNT:
        break;
    }
    assert(0 && "an activation that is none");
}

/* A NaN stays a NaN. */
static double ramp(double z, double below)
{
    return isnan(z) ? z : z > 0.0 ? 1.0 : below;
}

void bp_activation_slopes(enum bp_activation f, double slope, size_t count, const double *z,
                          const double *a, double *out)
{
    switch (f) {
    case BP_IDENTITY:
        for (size_t k = 0; k < count; k++)
            out[k] = 1.0;
        return;
    case BP_SIGMOID:
    case BP_SOFTMAX:
        for (size_t k = 0; k < count; k++)
            out[k] = a[k] * (1.0 - a[k]);
        return;
    case BP_TANH:
        for (size_t k = 0; k < count; k++)
            out[k] = 1.0 - a[k] * a[k];
        return;
    case BP_RELU:
        for (size_t k = 0; k < count; k++)
            out[k] = ramp(z[k], 0.0);
        return;
    case BP_LEAKY_RELU:
        for (size_t k = 0; k < count; k++)
            out[k] = ramp(z[k], slope);
        return;
    case BP_ACTIVATION_COUNT:
        break;
    }
    assert(0 && "an activation that is none");
}

double bp_activation_slope(enum bp_activation f, double slope, double z, double a)
{
    double out = NAN;
    bp_activation_slopes(f, slope, 1, &z, &a, &out);
    return out;
}

double bp_activation_at(enum bp_activation f, double slope, double z)
{
    double a = 0.0;
    assert(f != BP_SOFTMAX);
    bp_activation_value(f, slope, 1, 1, &z, &a);
    return a;
}

bool bp_activation_has_kink(enum bp_activation f)
{
    return f == BP_RELU || f == BP_LEAKY_RELU;
}
