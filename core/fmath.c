/* fmath.c -- see fmath.h. */
#include "core/fmath.h"

#include <math.h>

double bp_exp(double x)
{
    return exp(x);
}

double bp_expm1(double x)
{
    return expm1(x);
}

double bp_log(double x)
{
    return log(x);
}

double bp_log1p(double x)
{
    return log1p(x);
}

double bp_tanh(double x)
{
    return tanh(x);
}

double bp_sigmoid(double x)
{
    return 1.0 / (1.0 + bp_exp(-x));
}
