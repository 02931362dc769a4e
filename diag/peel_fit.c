/* peel_fit.c -- see peel_fit.h. */
#include "diag/peel_fit.h"

#include <math.h>

/* The multiple c that fits every stride-th number best, and what it leaves. */
static void least_squares(const struct bp_fit_pair *pair, size_t stride, double *c, double *size,
                          double *rest)
{
    const size_t n = pair->count;
    double bb = 0.0;
    double bu = 0.0;
    for (size_t j = 0; j < n; j += stride) {
        const double b = pair->scale * pair->predicted[j];
        bb += b * b;
        bu += b * pair->claimed[j];
    }
    *c = bb > 0.0 ? bu / bb : 0.0;
    *size = sqrt(bb);
    double sum = 0.0;
    for (size_t j = 0; j < n; j += stride) {
        const double d = pair->claimed[j] - *c * (pair->scale * pair->predicted[j]);
        sum += d * d;
    }
    *rest = sqrt(sum);
}

enum { SOME = 100 };

/* What some numbers leave is no more than what all do. They are taken from all
 * over: one row of a single sample's dW is a multiple whatever delta is. */
static bool some_numbers_fit(const struct bp_fit_pair *pair, double allowed)
{
    double c;
    double size;
    double rest;
    if (pair->count <= 2 * SOME)
        return true;
    least_squares(pair, pair->count / SOME, &c, &size, &rest);
    return rest <= allowed;
}

void bp_fitting_add(struct bp_fitting *fitting, size_t k, const struct bp_fit_pair *pair,
                    double tol)
{
    const double allowed = tol * pair->size + pair->noise;
    double c;
    double size;
    double rest;
    if (!some_numbers_fit(pair, allowed)) {
        fitting->failed = true;
        return;
    }
    least_squares(pair, 1, &c, &size, &rest);
    if (!isfinite(size) || !isfinite(pair->size)) {
        fitting->failed = true;
    } else if (size <= pair->noise) {
        fitting->failed = fitting->failed || !(pair->size <= pair->noise);
    } else if (pair->size <= pair->noise) {
        fitting->zero = true;
        fitting->fit.seen[k] = true;
    } else {
        fitting->nonzero = true;
        fitting->failed = fitting->failed || !(rest <= allowed);
        fitting->fit.ratio[k] = c;
        fitting->fit.seen[k] = true;
    }
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
        if (!seen[k] || ratio[k] == 0.0)
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

/* Zero everywhere or nowhere, or as 1/N in whole numbers is: for N > 1 alone. */
static bool zeros_are_whole(const double *ratio, const bool *seen, const struct bp_probe *probe,
                            size_t n)
{
    bool zero = false;
    bool other = false;
    bool whole = true;
    for (size_t k = 0; k < n; k++) {
        if (!seen[k])
            continue;
        zero = zero || ratio[k] == 0.0;
        other = other || ratio[k] != 0.0;
        whole = whole && (ratio[k] == 0.0) == (probe[k].n > 1);
    }
    return !(zero && other) || whole;
}

bool bp_fit_is_plausible(const double *ratio, const bool *seen, const struct bp_probe *probe,
                         size_t n, double tol)
{
    bool rates = true;
    for (size_t k = 0; k < n; k++)
        rates = rates && probe[k].rate != 0.0;
    if (!zeros_are_whole(ratio, seen, probe, n))
        return false;
    for (int j = rates ? -1 : 0; j <= (rates ? 1 : 0); j++)
        for (int i = -2; i <= 2; i++)
            if (goes_as(i, j, ratio, seen, probe, n, tol))
                return true;
    return false;
}

struct bp_fit bp_fitting_end(const struct bp_fitting *fitting, const struct bp_predictor *p)
{
    struct bp_fit fit = fitting->fit;
    if (fitting->failed)
        fit.kind = BP_FIT_NONE;
    else if (fitting->zero && !fitting->nonzero)
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
