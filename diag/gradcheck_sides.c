/* gradcheck_sides.c -- the two sides of a gradient check: backprop's and the
 * numeric one, for the core's network and for a subject. See gradcheck.h. */
#include "diag/gradcheck.h"

#include "core/mem.h"
#include "core/rng.h"
#include "diag/gradcheck_rounding.h"

#include <math.h>
#include <string.h>

/* ---- the core's network --------------------------------------------------- */

/* One layer after the other, as struct bp_numdiff has them. */
static void copy_deltas(const struct bp_pass *pass, double *delta)
{
    const struct bp_mlp *net = pass->net;
    for (size_t l = 1; l <= net->spec.layers; l++)
        memcpy(delta + pass->n * net->unit[l], pass->delta[l],
               pass->n * net->spec.layer[l].width * sizeof *delta);
}

/* work: n_theta numbers for the gradient, then n n_units for the deltas. The
 * network's own grad is not written to. */
static enum bp_status core_backprop(const struct bp_mlp *net, size_t n, const double *x,
                                    const double *t, double *work)
{
    struct bp_pass pass;
    if (bp_pass_init(&pass, net, n) != BP_OK)
        return BP_ENOMEM;
    pass.grad = work;
    bp_pass_forward(&pass, n, x);
    bp_pass_backward(&pass, t);
    copy_deltas(&pass, work + net->n_theta);
    bp_pass_release(&pass);
    return BP_OK;
}

static const struct bp_numdiff_options *numeric_options(const struct bp_gradcheck_options *options)
{
    return options == NULL ? NULL : &options->numeric;
}

/* The claim beside numeric, which is taken over, whatever comes of it. */
static enum bp_status compare(struct bp_gradcheck *check, const struct bp_loss_at *at,
                              struct bp_numdiff *numeric, const struct bp_claim *claim,
                              const double *delta, bool same,
                              const struct bp_gradcheck_options *options)
{
    double *rounding = bp_mem_new(at->net->n_theta + at->n * at->net->n_units, sizeof *rounding);
    enum bp_status status = BP_ENOMEM;
    if (rounding != NULL)
        status = bp_gradcheck_rounding(at, claim->precision, same, rounding);
    if (status == BP_OK)
        status = bp_gradcheck_compare(check, at->net, numeric, claim, delta, rounding, options);
    bp_mem_free(rounding);
    bp_numdiff_release(numeric);
    return status;
}

enum bp_status bp_gradcheck_run(struct bp_gradcheck *check, const struct bp_mlp *net, size_t n,
                                const double *x, const double *t,
                                const struct bp_gradcheck_options *options, struct bp_error *error)
{
    *check = (struct bp_gradcheck){0};
    double *work = bp_mem_new(net->n_theta + n * net->n_units, sizeof *work);
    const struct bp_loss_at at = {.net = net, .n = n, .x = x, .t = t};
    const struct bp_claim claim = {.g = work, .precision = 0x1p-53};
    struct bp_numdiff numeric = {0};
    enum bp_status status = work == NULL ? BP_ENOMEM : core_backprop(net, n, x, t, work);
    if (status == BP_OK)
        status = bp_numdiff_run(&numeric, &at, numeric_options(options), error);
    if (status == BP_OK)
        status = compare(check, &at, &numeric, &claim, work + net->n_theta, true, options);
    bp_mem_free(work);
    if (status == BP_ENOMEM)
        bp_error_set(error, status, "gradient check: out of memory");
    return status;
}

/* ---- a subject ------------------------------------------------------------ */

enum { SLOPES = 3, SLOPE_SEED = 90210 };

/* What a check of a subject works with. theta and data are as the subject can
 * hold them. */
struct side {
    struct bp_view *view; /* borrowed */
    struct bp_batch batch;
    double *theta, *x, *t; /* one block, owned */
    double *g, *delta;     /* owned: the claim; delta NULL where it is not shown */
    struct bp_claim claim;
    double apart, loss_apart, slope_apart;
    size_t slopes;
};

static enum bp_status own_loss(void *self, const double *theta, double *loss,
                               struct bp_error *error)
{
    const struct side *side = self;
    return bp_view_loss(side->view, theta, &side->batch, loss, error);
}

static enum bp_status start(struct side *side, struct bp_view *view, const double *theta,
                            const struct bp_batch *batch)
{
    const size_t n_x = batch->n * view->n_in, n_t = batch->n * view->n_out;
    *side = (struct side){.view = view, .apart = NAN, .loss_apart = NAN, .slope_apart = NAN};
    side->theta = bp_mem_new(view->n_theta + n_x + n_t, sizeof *side->theta);
    side->g = bp_mem_new(view->n_theta, sizeof *side->g);
    if (side->theta == NULL || side->g == NULL)
        return BP_ENOMEM;
    side->x = side->theta + view->n_theta;
    side->t = side->x + n_x;
    memcpy(side->theta, theta, view->n_theta * sizeof *theta);
    memcpy(side->x, batch->x, n_x * sizeof *side->x);
    memcpy(side->t, batch->t, n_t * sizeof *side->t);
    bp_view_round(view, side->theta);
    bp_view_round_data(view, n_x, side->x);
    bp_view_round_data(view, n_t, side->t);
    side->batch = (struct bp_batch){batch->n, side->x, side->t};
    side->claim = (struct bp_claim){.g = side->g};
    return BP_OK;
}

static void finish(struct side *side)
{
    bp_mem_free(side->theta);
    bp_mem_free(side->g);
    bp_mem_free(side->delta);
}

/* The claim: a gradient, and the deltas where the subject has them. */
static enum bp_status ask(struct side *side, double rate, struct bp_error *error)
{
    struct bp_view *view = side->view;
    enum bp_status status =
        bp_view_gradient(view, side->theta, &side->batch, rate, &side->claim, error);
    if (status != BP_OK || !view->described || view->subject->trace == NULL)
        return status;
    side->delta = bp_mem_new(side->batch.n * view->twin.n_units, sizeof *side->delta);
    if (side->delta == NULL)
        return BP_ENOMEM;
    status = bp_view_trace(view, side->theta, &side->batch, NULL, NULL, side->delta, error);
    if (status == BP_OK && !bp_view_is_given(side->delta, side->batch.n * view->twin.n_units)) {
        bp_mem_free(side->delta); /* a trace of z or a alone */
        side->delta = NULL;
    }
    return status;
}

/* ---- is the twin the same function? --------------------------------------- */

static double largest_fan_in(const struct bp_mlp *net)
{
    size_t fan = 1;
    for (size_t l = 0; l < net->spec.layers; l++)
        fan = net->spec.layer[l].width > fan ? net->spec.layer[l].width : fan;
    return (double)fan;
}

/* What rounding may do to an output, for numbers of about 1. */
static double output_rounding(const struct bp_view *view)
{
    return 64.0 * view->epsilon * sqrt(largest_fan_in(&view->twin)) *
           (double)view->twin.spec.layers;
}

/* The largest difference of predictions, beside 1 or the largest of them. */
static enum bp_status compare_predictions(struct side *side, const struct bp_pass *pass,
                                          struct bp_error *error)
{
    const size_t count = side->batch.n * side->view->n_out;
    double *y = bp_mem_new(count, sizeof *y);
    if (y == NULL)
        return BP_ENOMEM;
    const enum bp_status status = bp_view_predict(side->view, side->theta, &side->batch, y, error);
    const double *a = pass->a[side->view->twin.spec.layers];
    double top = 1.0, apart = 0.0;
    for (size_t k = 0; status == BP_OK && k < count; k++) {
        const double off = fabs(y[k] - a[k]);
        top = fmax(top, fabs(a[k]));
        apart = off <= apart ? apart : off; /* a NaN stays */
    }
    side->apart = apart / top;
    bp_mem_free(y);
    return status;
}

static enum bp_status compare_losses(struct side *side, struct bp_error *error)
{
    struct bp_view *view = side->view;
    struct bp_pass pass;
    if (bp_pass_init(&pass, &view->twin, side->batch.n) != BP_OK)
        return BP_ENOMEM;
    pass.theta = side->theta;
    bp_pass_forward(&pass, side->batch.n, side->x);
    const double twin_loss = bp_pass_loss(&pass, side->t);
    double loss = twin_loss;
    enum bp_status status = BP_OK;
    if (view->can_predict)
        status = compare_predictions(side, &pass, error);
    if (status == BP_OK && view->can_lose && !side->claim.any_factor)
        status = bp_view_loss(view, side->theta, &side->batch, &loss, error);
    side->loss_apart = loss == twin_loss ? 0.0 : fabs(loss - twin_loss) / fabs(twin_loss);
    bp_pass_release(&pass);
    return status;
}

struct ray {
    struct side *side;
    const double *direction;
    double *point;
};

static enum bp_status along(void *self, const double *h, double *loss, struct bp_error *error)
{
    const struct ray *ray = self;
    for (size_t k = 0; k < ray->side->view->n_theta; k++)
        ray->point[k] = ray->side->theta[k] + h[0] * ray->direction[k];
    return own_loss(ray->side, ray->point, loss, error);
}

/* The slope along one random direction of signs, the subject's against the twin's. */
static enum bp_status one_slope(struct side *side, const struct bp_numdiff *numeric,
                                struct bp_rng *rng, double *work, struct bp_error *error)
{
    const size_t n = side->view->n_theta;
    const double origin = 0.0;
    double slope = 0.0, size = 0.0, wrong = 0.0;
    bool kink = false;
    for (size_t k = 0; k < n; k++) {
        work[k] = bp_rng_next(rng) >> 63 ? 1.0 : -1.0;
        slope += work[k] * numeric->value[k];
        size += fabs(numeric->value[k]);
        wrong += numeric->error[k] * numeric->error[k];
        kink = kink || (numeric->flags[k] & BP_NUM_KINK) != 0;
    }
    struct ray ray = {side, work, work + n};
    const struct bp_loss_at at = {.call = along,
                                  .self = &ray,
                                  .n_theta = 1,
                                  .n = side->batch.n,
                                  .epsilon = side->view->epsilon,
                                  .theta = &origin};
    struct bp_numdiff own;
    const enum bp_status status = bp_numdiff_run(&own, &at, NULL, error);
    if (status != BP_OK)
        return status;
    if (!kink && (own.flags[0] & BP_NUM_KINK) == 0) {
        const double tolerance =
            10.0 * (own.error[0] + sqrt(wrong)) + 16.0 * side->view->epsilon * size;
        const double apart = fabs(own.value[0] - slope);
        const double ratio = apart == 0.0 ? 0.0 : apart / tolerance;
        side->slopes++;
        if (!(ratio <= side->slope_apart))
            side->slope_apart = ratio;
    }
    bp_numdiff_release(&own);
    return status;
}

/* Only the subject's own loss() says more than its predictions did. */
static enum bp_status compare_slopes(struct side *side, const struct bp_numdiff *numeric,
                                     struct bp_error *error)
{
    struct bp_rng rng;
    if (!side->view->can_lose || side->claim.any_factor)
        return BP_OK;
    double *work = bp_mem_new(2 * side->view->n_theta, sizeof *work);
    if (work == NULL)
        return BP_ENOMEM;
    enum bp_status status = BP_OK;
    bp_rng_seed(&rng, SLOPE_SEED);
    for (int k = 0; k < SLOPES && status == BP_OK; k++)
        status = one_slope(side, numeric, &rng, work, error);
    bp_mem_free(work);
    return status;
}

static bool twin_is_close(const struct side *side)
{
    const double rounding = output_rounding(side->view);
    const bool predicts = !side->view->can_predict || side->apart <= rounding;
    return predicts && (side->loss_apart <= 8.0 * rounding || side->claim.any_factor);
}

/* Derivatives from the twin; trusted tells whether they may be used. */
static enum bp_status try_twin(struct side *side, struct bp_numdiff *numeric,
                               const struct bp_gradcheck_options *options, bool *trusted,
                               struct bp_error *error)
{
    const struct bp_loss_at at = {.net = &side->view->twin,
                                  .n = side->batch.n,
                                  .x = side->x,
                                  .t = side->t,
                                  .theta = side->theta};
    *trusted = false;
    enum bp_status status = compare_losses(side, error);
    if (status != BP_OK || !twin_is_close(side))
        return status;
    status = bp_numdiff_run(numeric, &at, numeric_options(options), error);
    if (status == BP_OK)
        status = compare_slopes(side, numeric, error);
    *trusted = side->slopes == 0 || side->slope_apart <= 1.0;
    if (!*trusted || status != BP_OK)
        bp_numdiff_release(numeric);
    return status;
}

static enum bp_status from_own_loss(struct side *side, struct bp_numdiff *numeric,
                                    const struct bp_gradcheck_options *options,
                                    struct bp_error *error)
{
    const struct bp_loss_at at = {.n = side->batch.n,
                                  .call = own_loss,
                                  .self = side,
                                  .n_theta = side->view->n_theta,
                                  .epsilon = side->view->epsilon,
                                  .theta = side->theta};
    struct bp_numdiff_options own =
        options != NULL ? options->numeric : (struct bp_numdiff_options){0};
    const struct bp_tier *tier = bp_tier_find(own.tier, &at);
    if (tier == NULL || !tier->fits(&at))
        own.tier = BP_TIER_AUTO;
    return bp_numdiff_run(numeric, &at, &own, error);
}

static enum bp_status derive(struct side *side, struct bp_numdiff *numeric,
                             const struct bp_gradcheck_options *options, bool *twin,
                             struct bp_error *error)
{
    *twin = false;
    if (side->view->described && (options == NULL || !options->own_loss)) {
        const enum bp_status status = try_twin(side, numeric, options, twin, error);
        if (status != BP_OK || *twin)
            return status;
    }
    return from_own_loss(side, numeric, options, error);
}

/* An inferred claim's precision beside its noise, which is told apart: of what is
 * left, or of the arithmetic. */
static double own_precision(const struct side *side)
{
    const struct bp_claim *claim = &side->claim;
    double top = 0.0;
    for (size_t k = 0; k < side->view->n_theta; k++)
        top = fmax(top, fabs(claim->g[k]));
    return claim->precision > 1.001 * claim->noise / top ? claim->precision : side->view->epsilon;
}

static enum bp_status check_side(struct bp_gradcheck *check, struct side *side,
                                 const struct bp_gradcheck_options *options, struct bp_error *error)
{
    struct bp_numdiff numeric = {0};
    bool twin;
    enum bp_status status = ask(side, options == NULL ? 0.0 : options->rate, error);
    if (status == BP_OK)
        status = derive(side, &numeric, options, &twin, error);
    if (status != BP_OK)
        return status;
    side->claim.precision = own_precision(side);
    const struct bp_mlp *net = side->view->described ? &side->view->twin : NULL;
    if (twin)
        status = compare(
            check,
            &(struct bp_loss_at){
                .net = net, .n = side->batch.n, .x = side->x, .t = side->t, .theta = side->theta},
            &numeric, &side->claim, side->delta, false, options);
    else
        status =
            bp_gradcheck_compare(check, net, &numeric, &side->claim, side->delta, NULL, options);
    if (status != BP_OK)
        return status;
    check->of = twin ? BP_NUMERIC_TWIN : BP_NUMERIC_OWN_LOSS;
    check->apart = side->apart;
    check->loss_apart = side->loss_apart;
    check->slope_apart = side->slope_apart;
    check->slopes = side->slopes;
    return BP_OK;
}

enum bp_status bp_gradcheck_view(struct bp_gradcheck *check, struct bp_view *view,
                                 const double *theta, const struct bp_batch *batch,
                                 const struct bp_gradcheck_options *options, struct bp_error *error)
{
    struct side side;
    *check = (struct bp_gradcheck){0};
    enum bp_status status = start(&side, view, theta, batch);
    if (status == BP_OK)
        status = check_side(check, &side, options, error);
    finish(&side);
    if (status == BP_ENOMEM)
        bp_error_set(error, status, "gradient check: out of memory");
    return status;
}
