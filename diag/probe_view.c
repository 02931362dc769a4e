/* probe_view.c -- a probe put to a subject. */
#include "diag/probe.h"

#include <math.h>

/* What is not known of a claim that comes from several updates. */
static double error_of_epoch(const struct bp_probe *probe, const struct bp_view *view,
                             const struct bp_claim *claim)
{
    double top = 0.0;
    if (!claim->inferred || view->subject->step_kind != BP_STEP_EPOCH)
        return 0.0;
    for (size_t k = 0; k < view->n_theta; k++)
        top = fmax(top, fabs(probe->g[k]));
    return claim->precision * top;
}

enum bp_status bp_probe_ask_view(struct bp_probe *probe, struct bp_view *view, double rate,
                                 struct bp_error *error)
{
    const struct bp_batch batch = {.n = probe->n, .x = probe->x, .t = probe->t};
    struct bp_claim claim = {.g = probe->g};
    bp_view_round(view, probe->theta);
    enum bp_status status = bp_view_gradient(view, probe->theta, &batch, rate, &claim, error);
    if (status != BP_OK)
        return status;
    probe->epsilon = view->epsilon;
    probe->noise = fmax(claim.noise, error_of_epoch(probe, view, &claim));
    probe->inferred = claim.inferred;
    probe->any_factor = claim.any_factor;
    probe->rate = claim.inferred                              ? claim.rate
                  : view->subject->rate_kind == BP_RATE_FIXED ? view->subject->rate
                                                              : rate;
    if (!view->can_predict)
        return BP_OK;
    status = bp_view_predict(view, probe->theta, &batch, probe->y, error);
    probe->predicted = status == BP_OK;
    return status == BP_EUNSUPPORTED ? BP_OK : status;
}
