/* peel_fit.c -- see peel_fit.h. */
#include "diag/peel_fit.h"

#include <math.h>

void bp_fitting_add(struct bp_fitting *fitting, size_t k, size_t count, const double *predicted,
                    const double *claimed, double noise, double tol)
{
    double bb = 0.0;
    double uu = 0.0;
    double bu = 0.0;
    for (size_t j = 0; j < count; j++) {
        bb += predicted[j] * predicted[j];
        uu += claimed[j] * claimed[j];
        bu += predicted[j] * claimed[j];
    }
    if (!isfinite(bb) || !isfinite(uu)) {
        fitting->failed = true;
        return;
    }
    const bool b_zero = sqrt(bb) <= noise;
    const bool u_zero = sqrt(uu) <= noise;
    if (b_zero) {
        fitting->failed = fitting->failed || !u_zero;
        return;
    }
    if (u_zero) {
        fitting->zero = true;
        return;
    }
    fitting->nonzero = true;
    const double c = bu / bb;
    double rest = 0.0;
    for (size_t j = 0; j < count; j++) {
        const double d = claimed[j] - c * predicted[j];
        rest += d * d;
    }
    if (!(sqrt(rest) <= tol * sqrt(uu) + noise)) {
        fitting->failed = true;
        return;
    }
    fitting->fit.ratio[k] = c;
    fitting->fit.seen[k] = true;
}

static double power(double base, int exponent)
{
    double product = 1.0;
    for (int i = 0; i < (exponent < 0 ? -exponent : exponent); i++)
        product *= base;
    return exponent < 0 ? 1.0 / product : product;
}

static bool goes_as(int i, int j, const double *ratio, const bool *seen,
                    const struct bp_probe *probe, size_t n, double tol)
{
    double first = 0.0;
    bool any = false;
    for (size_t k = 0; k < n; k++) {
        if (!seen[k])
            continue;
        const double constant = ratio[k] / (power((double)probe[k].n, i) * power(probe[k].rate, j));
        if (!any)
            first = constant;
        any = true;
        if (!(fabs(constant - first) <= 4.0 * tol * fabs(first)))
            return false;
    }
    return true;
}

bool bp_fit_is_plausible(const double *ratio, const bool *seen, const struct bp_probe *probe,
                         size_t n, double tol)
{
    bool rates = true;
    for (size_t k = 0; k < n; k++)
        rates = rates && probe[k].rate != 0.0;
    for (int j = rates ? -1 : 0; j <= (rates ? 1 : 0); j++)
        for (int i = -2; i <= 2; i++)
            if (goes_as(i, j, ratio, seen, probe, n, tol))
                return true;
    return false;
}

struct bp_fit bp_fitting_end(const struct bp_fitting *fitting, const struct bp_predictor *p)
{
    struct bp_fit fit = fitting->fit;
    if (fitting->failed || (fitting->zero && fitting->nonzero))
        fit.kind = BP_FIT_NONE;
    else if (fitting->zero)
        fit.kind = BP_FIT_ZERO;
    else if (!fitting->nonzero)
        fit.kind = BP_FIT_FREE;
    else if (p->any_factor || bp_fit_is_plausible(fit.ratio, fit.seen, p->probe, p->n, p->tol))
        fit.kind = BP_FIT_RATIO;
    else
        fit.kind = BP_FIT_NONE;
    return fit;
}

bool bp_fit_is_one(const struct bp_fit *fit, size_t n, double tol)
{
    for (size_t k = 0; k < n; k++)
        if (fit->seen[k] && !(fabs(fit->ratio[k] - 1.0) <= 4.0 * tol))
            return false;
    return true;
}

bool bp_fit_same(const struct bp_fit *a, const struct bp_fit *b, size_t n, double tol)
{
    for (size_t k = 0; k < n; k++)
        if (a->seen[k] && b->seen[k] &&
            !(fabs(a->ratio[k] - b->ratio[k]) <= 8.0 * tol * fabs(a->ratio[k])))
            return false;
    return true;
}
