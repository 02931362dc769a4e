/* numdiff.h -- what are the derivatives of this loss, found by evaluating it?
 *
 * A derivative never comes without an estimate of its own error, truncation plus
 * rounding:
 *
 *     central      (f(x + h) - f(x - h)) / 2h                error O(h^2)
 *     richardson   the same at h, 2h and 4h, extrapolated    error O(h^6)
 *     complex      Im f(x + ih) / h, h = 2^-100              error: rounding only
 *
 * (Richardson 1911; Squire and Trapp 1998.) Which steps are taken, and how the
 * errors are estimated, is in numdiff_steps.h. f is the core's network on a
 * batch, or any function of theta.
 *
 * Where the network's forward pass is core's own, only what lies downstream of a
 * change need be worked out again, and these are preferred:
 *
 *     structured   richardson, downstream of each weight's neuron only (numdiff_structured.c)
 *     delta-form   exact differences, no cancellation                  (numdiff_delta.c)
 *     node         exact differences of each z, weights by one product (numdiff_node.h)
 *
 * structured is the independent one: it uses nothing but the forward pass, and is
 * the default while it takes under about half a second; node is beyond that.
 *
 * A way to do it is a *tier*: one row of the table in numdiff.c, with a name,
 * what it assumes, and a function that fills a struct bp_numdiff. More tiers are
 * more rows. The default is the first row that fits the loss and pays.
 *
 * Cost: central 4, richardson 6 evaluations a parameter, more where the step has
 * to be changed; O(n_theta + N * n_units) memory. theta is never written to: the
 * tiers work on a copy, and a black box's last call is at theta itself.
 */
#ifndef BP_NUMDIFF_H
#define BP_NUMDIFF_H

#include "core/mlp.h"
#include "core/status.h"

#include <stdbool.h>
#include <stddef.h>

/* ---- of what -------------------------------------------------------------- */

/* A loss and the point at which to differentiate it. Either net (with a batch),
 * or call. All pointers are borrowed. */
struct bp_loss_at {
    const struct bp_mlp *net;  /* its stages may be planted; NULL for a black box */
    size_t n;                  /* samples; of a black box: 0 where it is not known */
    const double *x, *t;       /* n x inputs, n x outputs */
    const double *const *mask; /* dropout multipliers as in struct bp_pass, or NULL */

    /* black box: BP_OK, or a status with a line in error */
    enum bp_status (*call)(void *self, const double *theta, double *loss, struct bp_error *error);
    void *self;
    size_t n_theta; /* of a black box; that of net otherwise */
    double epsilon; /* relative precision of a black box: 2^-53 or 2^-24; 0 is 2^-53 */

    const double *theta; /* the point; NULL: net->theta */
};

/* ---- the derivatives ------------------------------------------------------ */

enum bp_numdiff_flag {
    BP_NUM_KINK = 1,    /* a corner lay between the two ends, for every step tried */
    BP_NUM_SHRUNK = 2,  /* the step was shrunk to get past a corner */
    BP_NUM_SKIPPED = 4, /* known without an evaluation (an input that is always 0) */
    BP_NUM_LEFT_OUT = 8 /* outside the range that was asked for */
};

struct bp_tier;

struct bp_numdiff {
    const struct bp_tier *tier; /* what made it */
    size_t n_theta, n_units, n; /* n_units is 0 for a black box */
    double loss;                /* f(theta) */
    double noise;               /* of f: standard deviation of its rounding */
    double step;                /* the usual h, for the report; 0 where there is none */
    size_t shared;              /* evaluations of those that no one parameter needed */
    size_t evaluations;         /* of f, or of as much of it as the tier needs */
    size_t spots;               /* directions along which the tier tried its assumptions */

    double *value, *error; /* [n_theta] */
    unsigned char *flags;

    /* d L_s / d z_l[s,i] of the loss of sample s alone (no 1/N): layer l starts at
     * n * net->unit[l] and is n x width. NULL for a black box or when not wanted. */
    double *delta, *delta_error;
    unsigned char *delta_flags;
};

/* ---- tiers ---------------------------------------------------------------- */

enum bp_tier_id {
    BP_TIER_AUTO, /* the default for this loss */
    BP_TIER_CENTRAL,
    BP_TIER_RICHARDSON,
    BP_TIER_COMPLEX,
    BP_TIER_STRUCTURED,
    BP_TIER_DELTA_FORM,
    BP_TIER_NODE,
    BP_TIER_IDS
};

struct bp_numdiff_options {
    enum bp_tier_id tier;
    bool no_parameters; /* only the deltas */
    bool no_deltas;
    size_t first, count; /* only parameters first .. first + count - 1; count 0: all */
    int threads;         /* for tiers that can; 0: one */
};

struct bp_tier {
    enum bp_tier_id id;
    const char *name;    /* "richardson" */
    const char *assumes; /* "the loss is smooth between the steps" */
    bool (*fits)(const struct bp_loss_at *at);
    /* fills value, error, flags and the deltas; loss, noise and n's are there */
    enum bp_status (*run)(struct bp_numdiff *numdiff, const struct bp_loss_at *at,
                          const struct bp_numdiff_options *options, struct bp_error *error);
    bool (*pays)(const struct bp_loss_at *at); /* cheap enough for a default; NULL: always */
};

/* NULL when no tier has this id, or no tier fits (BP_TIER_AUTO). */
const struct bp_tier *bp_tier_find(enum bp_tier_id id, const struct bp_loss_at *at);

/* By name, for the command line; "auto" too. false when it is none. */
bool bp_tier_parse(const char *text, enum bp_tier_id *id);

/* ---- calls ---------------------------------------------------------------- */

/* options may be NULL. BP_ENOMEM; BP_EUNSUPPORTED when the tier does not fit this
 * loss; a black box's own status. */
enum bp_status bp_numdiff_run(struct bp_numdiff *numdiff, const struct bp_loss_at *at,
                              const struct bp_numdiff_options *options, struct bp_error *error);
void bp_numdiff_release(struct bp_numdiff *numdiff);

/* The parameters that options ask for: first <= k < the value returned. */
size_t bp_numdiff_range(const struct bp_numdiff *numdiff, const struct bp_numdiff_options *options,
                        size_t *first);

/* Whether every affine and activate stage of net is the right one. */
bool bp_forward_is_right(const struct bp_mlp *net);

#endif
