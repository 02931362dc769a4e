/* locate_confirm.c -- is this entry wrong? It alone moves (see locate_search.h). */
#include "diag/locate_search.h"

#include <math.h>

static double entry_step(const struct bp_prober *p, const struct bp_region *region, double reach)
{
    if (p->eval.at->net != NULL)
        return bp_probe_first(p, region);
    int exponent;
    frexp(reach * sqrt((double)p->tensor[region->tensor].cols), &exponent);
    return ldexp(1.0, exponent - 1);
}

enum bp_status bp_entry_try(struct bp_locate *locate, struct bp_prober *p, size_t tensor, size_t i,
                            double reach, struct bp_wrong_entry *entry, bool *wrong,
                            struct bp_error *error)
{
    const struct bp_located_tensor *t = &p->tensor[tensor];
    const struct bp_region region = {tensor, i / t->cols, 1, i % t->cols, 1};
    const size_t k = t->first + i;
    struct bp_residual r;
    size_t *spent = p->spent;
    p->spent = &locate->confirming;
    const enum bp_status status =
        bp_probe_settle(p, &region, entry_step(p, &region, reach), &r, error);
    p->spent = spent;
    if (status != BP_OK)
        return status;
    const double d = bp_prober_direction(p, tensor, k);
    *entry = (struct bp_wrong_entry){.k = k,
                                     .tensor = tensor,
                                     .backprop = p->scale * p->g[k],
                                     .error = r.error / fabs(d),
                                     .tolerance = r.tolerance / fabs(d)};
    entry->numeric = entry->backprop - r.value / d;
    *wrong = !r.kink && bp_residual_fails(&r);
    return BP_OK;
}

bool bp_entry_is_named(const struct bp_locate *locate, size_t k)
{
    for (size_t w = 0; w < locate->n_wrong; w++)
        if (locate->wrong[w].k == k)
            return true;
    return false;
}

static void name_entry(const struct bp_locate *locate, struct bp_wrong_entry *entry)
{
    if (locate->net != NULL)
        bp_mlp_name(locate->net, entry->k, entry->name);
    else
        snprintf(entry->name, sizeof entry->name, "theta[%zu]", entry->k);
}

enum bp_status bp_entry_confirm(struct bp_locate *locate, struct bp_prober *p, size_t tensor,
                                size_t i, double reach, bool *wrong, struct bp_error *error)
{
    struct bp_wrong_entry entry;
    *wrong = bp_entry_is_named(locate, p->tensor[tensor].first + i);
    if (*wrong)
        return BP_OK;
    const enum bp_status status = bp_entry_try(locate, p, tensor, i, reach, &entry, wrong, error);
    if (status != BP_OK || !*wrong)
        return status;
    name_entry(locate, &entry);
    if (locate->n_wrong < BP_LOCATE_MOST)
        locate->wrong[locate->n_wrong++] = entry;
    else
        locate->exhausted = true;
    return BP_OK;
}
