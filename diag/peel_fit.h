/* peel_fit.h -- is a claimed tensor a multiple of a predicted one, at every probe?
 *
 * With prediction b and claim u of a tensor at probe k, c_k = <b, u> / <b, b>
 * fits when |u - c_k b| <= tol |u| + noise. The ratios c_k are what scale faults
 * leave behind (-1, N, 1/N, the rate, ...): they are solved for here, and named
 * elsewhere. A ratio is believed when over the probes it goes as
 *
 *     c_k = C N_k^i rate_k^j,     i in -2 .. 2, j in -1 .. 1
 *
 * or is 0 for N > 1 alone (1/N in whole numbers), so that a tensor of one number,
 * which is a multiple of anything, cannot match whatever it is beside.
 */
#ifndef BP_PEEL_FIT_H
#define BP_PEEL_FIT_H

#include "diag/probe_predict.h"

enum bp_fit_kind {
    BP_FIT_NONE, /* no multiple */
    BP_FIT_FREE, /* both are zero at every probe: nothing can be said */
    BP_FIT_ZERO, /* the claim is zero, the prediction is not */
    BP_FIT_RATIO /* ratio[k] wherever seen[k] */
};

struct bp_fit {
    enum bp_fit_kind kind;
    double ratio[BP_PROBES_MAX];
    bool seen[BP_PROBES_MAX];
};

/* A fit that is being made, probe by probe. */
struct bp_fitting {
    struct bp_fit fit;
    bool failed;
    bool zero, nonzero; /* some claim was zero, or was not, where the prediction was not */
};

/* A tensor of a prediction beside one of a claim, at one probe. */
struct bp_fit_pair {
    size_t count;
    const double *predicted; /* before it is multiplied by scale */
    double scale;
    const double *claimed;
    double size;  /* |claimed| */
    double noise; /* the claim's absolute one */
};

/* Adds one probe. Most wrong predictions are turned away by some of their numbers. */
void bp_fitting_add(struct bp_fitting *fitting, size_t k, const struct bp_fit_pair *pair,
                    double tol);

/* What has come of it. Where the size of claims means nothing, any ratio is
 * believed. */
struct bp_fit bp_fitting_end(const struct bp_fitting *fitting, const struct bp_predictor *p);

/* Whether the ratios go as N and rate may, or are the same everywhere. */
bool bp_fit_is_plausible(const double *ratio, const bool *seen, const struct bp_probe *probe,
                         size_t n, double tol);

/* Whether a ratio is 1 wherever it is seen. */
bool bp_fit_is_one(const struct bp_fit *fit, size_t n, double tol);

/* Whether two fits have the same ratios wherever both are seen. */
bool bp_fit_same(const struct bp_fit *a, const struct bp_fit *b, size_t n, double tol);

#endif
