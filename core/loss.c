/* loss.c -- values and gradients of the three losses. */
#include "core/loss.h"

#include "core/fmath.h"

#include <assert.h>
#include <math.h>
#include <string.h>

const char *bp_loss_name(enum bp_loss loss)
{
#define BP_LOSS_TEXT(name, text) text,
    static const char *const NAME[] = {BP_LOSS_LIST(BP_LOSS_TEXT)};
#undef BP_LOSS_TEXT
    assert((unsigned)loss < BP_LOSS_COUNT);
    return NAME[loss];
}

bool bp_loss_parse(const char *text, enum bp_loss *loss)
{
    static const struct {
        const char *text;
        enum bp_loss loss;
    } OTHER[] = {{"mse", BP_SQUARED_ERROR},
                 {"sse", BP_SQUARED_ERROR},
                 {"bce", BP_BINARY_CROSS_ENTROPY},
                 {"log-loss", BP_BINARY_CROSS_ENTROPY},
                 {"cross-entropy", BP_SOFTMAX_CROSS_ENTROPY}};
    for (unsigned k = 0; k < BP_LOSS_COUNT; k++)
        if (strcmp(text, bp_loss_name((enum bp_loss)k)) == 0) {
            *loss = (enum bp_loss)k;
            return true;
        }
    for (size_t k = 0; k < sizeof OTHER / sizeof OTHER[0]; k++)
        if (strcmp(text, OTHER[k].text) == 0) {
            *loss = OTHER[k].loss;
            return true;
        }
    return false;
}

/* weight * ln(p), where nothing times minus infinity is nothing. */
static double weighted_log(double weight, double p)
{
    return weight == 0.0 ? 0.0 : weight * bp_log(p);
}

static double weighted_inverse(double weight, double p)
{
    return weight == 0.0 ? 0.0 : weight / p;
}

double bp_loss_value(enum bp_loss loss, double c, size_t width, const double *a, const double *t)
{
    double sum = 0.0;
    for (size_t k = 0; k < width; k++)
        switch (loss) {
        case BP_SQUARED_ERROR:
            sum += 0.5 * (a[k] - t[k]) * (a[k] - t[k]);
            break;
        case BP_BINARY_CROSS_ENTROPY:
            sum -= weighted_log(t[k], a[k]) + weighted_log(1.0 - t[k], 1.0 - a[k]);
            break;
        case BP_SOFTMAX_CROSS_ENTROPY:
            sum -= weighted_log(t[k], a[k]);
            break;
        case BP_LOSS_COUNT:
            assert(0 && "a loss that is none");
        }
    return c * sum;
}

void bp_loss_gradient(enum bp_loss loss, double c, size_t width, const double *a, const double *t,
                      double *e)
{
    for (size_t k = 0; k < width; k++)
        switch (loss) {
        case BP_SQUARED_ERROR:
            e[k] = c * (a[k] - t[k]);
            break;
        case BP_BINARY_CROSS_ENTROPY:
            e[k] = c * (weighted_inverse(1.0 - t[k], 1.0 - a[k]) - weighted_inverse(t[k], a[k]));
            break;
        case BP_SOFTMAX_CROSS_ENTROPY:
            e[k] = -c * weighted_inverse(t[k], a[k]);
            break;
        case BP_LOSS_COUNT:
            assert(0 && "a loss that is none");
        }
}

bool bp_loss_is_matched(enum bp_loss loss, enum bp_activation f)
{
    return (loss == BP_BINARY_CROSS_ENTROPY && f == BP_SIGMOID) ||
           (loss == BP_SOFTMAX_CROSS_ENTROPY && f == BP_SOFTMAX);
}
