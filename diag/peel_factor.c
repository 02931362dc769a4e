/* peel_factor.c -- see peel_factor.h. */
#include "diag/peel_factor.h"

#include <math.h>

struct search {
    const struct bp_parts *parts;
    const struct bp_predictor *p;
    const struct bp_fit *fit;
    struct bp_factoring now, best;
    bool any;
    size_t steps;
};

enum { STEPS_MAX = 100000 }; /* what is looked at before it is given up */

static double pattern_at(const struct search *s, size_t f, double size, size_t k, size_t i)
{
    const struct bp_factor *factor = &s->parts->factor[f];
    const double c = factor->pattern[k * s->p->net->n_tensors + i];
    if (!factor->free)
        return c;
    return c == 1.0 ? 1.0 : size;
}

static double product_at(const struct search *s, size_t k, size_t i)
{
    double product = 1.0;
    for (size_t j = 0; j < s->now.n; j++)
        product *= pattern_at(s, s->now.factor[j], s->now.size[j], k, i);
    return product;
}

static bool close_to(const struct search *s, double a, double b)
{
    return fabs(a - b) <= 16.0 * s->p->tol * (fabs(a) > fabs(b) ? fabs(a) : fabs(b));
}

static bool mended(const struct search *s, size_t i)
{
    const struct bp_fit *fit = &s->fit[i];
    if (fit->kind == BP_FIT_NONE || fit->kind == BP_FIT_FREE)
        return true;
    for (size_t k = 0; k < s->p->n; k++) {
        if (fit->kind == BP_FIT_ZERO) {
            if (product_at(s, k, i) != 0.0)
                return false;
        } else if (fit->seen[k] && !close_to(s, product_at(s, k, i), fit->ratio[k])) {
            return false;
        }
    }
    return true;
}

/* The first tensor from the output down that is not explained; n_tensors: none. */
static size_t first_broken(const struct search *s)
{
    for (size_t i = s->p->net->n_tensors; i-- > 0;)
        if (!mended(s, i))
            return i;
    return s->p->net->n_tensors;
}

static bool touches(const struct search *s, size_t f, size_t i)
{
    const size_t tensors = s->p->net->n_tensors;
    for (size_t k = 0; k < s->p->n; k++)
        if (s->parts->factor[f].pattern[k * tensors + i] != 1.0)
            return true;
    return false;
}

/* The size that a free factor must have to mend tensor i; false when it would
 * have to differ from probe to probe. */
static bool size_for(const struct search *s, size_t i, double *size)
{
    const struct bp_fit *fit = &s->fit[i];
    bool any = false;
    for (size_t k = 0; k < s->p->n && fit->kind == BP_FIT_RATIO; k++) {
        if (!fit->seen[k])
            continue;
        const double needed = fit->ratio[k] / product_at(s, k, i);
        if (!isfinite(needed) || (any && !close_to(s, needed, *size)))
            return false;
        if (!any)
            *size = needed;
        any = true;
    }
    return any;
}

static void deepen(struct search *s)
{
    const size_t broken = first_broken(s);
    if (broken == s->p->net->n_tensors) {
        s->best = s->now;
        s->any = true;
        return;
    }
    if (s->now.n == BP_FACTORS_MAX || ++s->steps > STEPS_MAX)
        return;
    for (size_t f = 0; f < s->parts->n_factors; f++) {
        const struct bp_factor *factor = &s->parts->factor[f];
        const double cost =
            BP_COST_OF_A_FAULT + factor->h.cost + (factor->free ? BP_COST_OF_ANY_FACTOR : 0.0);
        double size = 1.0;
        if (s->now.cost + cost >= s->best.cost || !touches(s, f, broken) ||
            (factor->free && !size_for(s, broken, &size)))
            continue;
        s->now.factor[s->now.n] = f;
        s->now.size[s->now.n++] = size;
        s->now.cost += cost;
        deepen(s);
        s->now.n--;
        s->now.cost -= cost;
    }
}

bool bp_factor_search(const struct bp_parts *parts, const struct bp_predictor *p,
                      const struct bp_fit *fit, double most, struct bp_factoring *found)
{
    struct search s = {.parts = parts, .p = p, .fit = fit, .best = {.cost = most}};
    deepen(&s);
    *found = s.best;
    return s.any;
}
