/* contract_batch.c -- is a batch made of its samples? See contract.h. */
#include "diag/contract_look.h"
#include "diag/stepper.h"

#include "core/mem.h"

#include <math.h>
#include <string.h>

/* Room for two samples. */
struct pair {
    double *x, *t;
    size_t n_in, n_out;
};

static enum bp_status pair_init(struct pair *pair, const struct bp_view *view)
{
    pair->n_in = view->n_in;
    pair->n_out = view->n_out;
    pair->x = bp_mem_new(2 * (view->n_in + view->n_out), sizeof *pair->x);
    pair->t = pair->x == NULL ? NULL : pair->x + 2 * view->n_in;
    return pair->x == NULL ? BP_ENOMEM : BP_OK;
}

/* Samples i and j of batch as a batch of their own. */
static struct bp_batch pair_of(struct pair *pair, const struct bp_batch *batch, size_t i, size_t j)
{
    memcpy(pair->x, batch->x + i * pair->n_in, pair->n_in * sizeof *pair->x);
    memcpy(pair->x + pair->n_in, batch->x + j * pair->n_in, pair->n_in * sizeof *pair->x);
    memcpy(pair->t, batch->t + i * pair->n_out, pair->n_out * sizeof *pair->t);
    memcpy(pair->t + pair->n_out, batch->t + j * pair->n_out, pair->n_out * sizeof *pair->t);
    return (struct bp_batch){2, pair->x, pair->t};
}

static struct bp_batch sample_of(const struct bp_view *view, const struct bp_batch *batch, size_t i)
{
    return (struct bp_batch){1, batch->x + i * view->n_in, batch->t + i * view->n_out};
}

/* ---- outputs ------------------------------------------------------------------- */

static enum bp_status say_output_depends(struct bp_look_at *look, size_t at, double alone)
{
    look->contract->samples_apart = false;
    struct bp_finding *finding = bp_look_add(look, "sample-depends-on-others");
    if (finding == NULL)
        return BP_ENOMEM;
    bp_finding_title(finding, "the outputs of a sample depend on the others in its batch");
    bp_finding_because(
        finding, "output %zu of sample %zu is %.9g alone, and %.9g in a batch of %zu",
        at % look->view->n_out, at / look->view->n_out, alone, look->y[0][at], look->batch->n);
    return BP_OK;
}

/* y of each of the first samples alone, beside y in the batch. */
static enum bp_status look_outputs(struct bp_look_at *look)
{
    struct bp_view *view = look->view;
    const size_t width = view->n_out;
    const size_t n = look->batch->n < 3 ? look->batch->n : 3;
    enum bp_status status =
        bp_view_predict(view, look->theta, look->batch, look->y[0], look->error);
    const double tol = 1024.0 * view->epsilon * bp_look_largest(look->y[0], look->batch->n * width);
    for (size_t s = 0; status == BP_OK && s < n; s++) {
        const struct bp_batch one = sample_of(view, look->batch, s);
        status = bp_view_predict(view, look->theta, &one, look->y[1], look->error);
        for (size_t k = 0; status == BP_OK && k < width; k++)
            if (!(fabs(look->y[1][k] - look->y[0][s * width + k]) <= tol) &&
                isfinite(look->y[1][k]))
                return say_output_depends(look, s * width + k, look->y[1][k]);
    }
    return status;
}

/* ---- gradients -------------------------------------------------------------------- */

static const size_t QUAD[4][2] = {{0, 1}, {2, 3}, {0, 3}, {2, 1}};
static const double SIGN[4] = {1.0, 1.0, -1.0, -1.0};

/* G(a,b) + G(c,d) - G(a,d) - G(c,b) into g[0]; the largest |G| of each tensor would be
 * too coarse a scale where tensors differ, so the scale is per entry of its tensor. */
static enum bp_status cross_talk(struct bp_look_at *look, struct pair *pair, double *scale)
{
    double *sum = look->g[0], *one = look->g[1];
    memset(sum, 0, look->view->n_theta * sizeof *sum);
    *scale = 0.0;
    double precision = 0.0;
    for (size_t k = 0; k < 4; k++) {
        const struct bp_batch batch = pair_of(pair, look->batch, QUAD[k][0], QUAD[k][1]);
        const enum bp_status status = bp_look_gradient(look, &batch, one);
        if (status != BP_OK)
            return status;
        for (size_t i = 0; i < look->view->n_theta; i++)
            sum[i] += SIGN[k] * one[i];
        *scale = fmax(*scale, bp_look_largest(one, look->view->n_theta));
        precision = fmax(precision, look->precision);
    }
    look->precision = precision;
    return BP_OK;
}

static enum bp_status say_cross_talk(struct bp_look_at *look, double scale, double tol)
{
    look->contract->samples_apart = false;
    struct bp_finding *finding = bp_look_add(look, "sample-depends-on-others");
    if (finding == NULL)
        return BP_ENOMEM;
    char name[BP_NAME_MAX];
    memset(look->g[1], 0, look->view->n_theta * sizeof *look->g[1]);
    const size_t n = bp_look_place(look, finding, look->g[0], look->g[1], tol, name);
    const double worst = bp_look_largest(look->g[0], look->view->n_theta);
    bp_finding_because(
        finding,
        "G(a,b) + G(c,d) - G(a,d) - G(c,b), which is 0 for any sum or mean, is up to "
        "%.3g (largest gradient %.3g)",
        worst, scale);
    bp_finding_because(finding, "in %zu of %zu entries; the first is %s", n, look->view->n_theta,
                       name);
    return BP_OK;
}

/* A step that uses updated weights too early mixes samples too, the less the smaller
 * the rate: at a sixteenth of it, is as much left? */
static enum bp_status goes_with_rate(struct bp_look_at *look, struct pair *pair, double before,
                                     bool *goes)
{
    struct bp_view *view = look->view;
    *goes = view->subject->gradient == NULL && view->subject->rate_kind != BP_RATE_GIVEN;
    if (view->subject->gradient != NULL || view->subject->rate_kind != BP_RATE_GIVEN)
        return BP_OK;
    double scale;
    const double rate = view->rate;
    view->rate = rate / 16.0;
    enum bp_status status = cross_talk(look, pair, &scale);
    *goes = bp_look_largest(look->g[0], view->n_theta) < 0.25 * before;
    view->rate = rate;
    if (status == BP_OK && !*goes) /* g[0] again as it was */
        status = cross_talk(look, pair, &scale);
    return status;
}

static enum bp_status look_cross_talk(struct bp_look_at *look, struct pair *pair)
{
    double scale;
    enum bp_status status = cross_talk(look, pair, &scale);
    if (status != BP_OK)
        return status;
    const double tol = scale * (1024.0 * look->view->epsilon + 64.0 * look->precision);
    const double worst = bp_look_largest(look->g[0], look->view->n_theta);
    look->contract->looked_samples = true;
    if (worst <= tol || !isfinite(scale))
        return BP_OK;
    struct bp_sign_step sign;
    if (look->view->subject->gradient == NULL &&
        bp_step_is_sign(look->view, look->theta, look->g[1], scale * look->precision, &sign)) {
        look->contract->looked_samples = false; /* signs of sums are no sums of signs */
        look->view->signs = true;
        return BP_OK;
    }
    bool goes;
    status = goes_with_rate(look, pair, worst, &goes);
    return status != BP_OK || goes ? status : say_cross_talk(look, scale, tol);
}

/* The same for the loss: L(a,b) + L(c,d) - L(a,d) - L(c,b). */
static enum bp_status look_loss_cross_talk(struct bp_look_at *look, struct pair *pair)
{
    double sum = 0.0, scale = 0.0, loss;
    for (size_t k = 0; k < 4; k++) {
        const struct bp_batch batch = pair_of(pair, look->batch, QUAD[k][0], QUAD[k][1]);
        const enum bp_status status =
            bp_view_loss(look->view, look->theta, &batch, &loss, look->error);
        if (status != BP_OK)
            return status;
        sum += SIGN[k] * loss;
        scale = fmax(scale, fabs(loss));
    }
    if (!(fabs(sum) > 1024.0 * look->view->epsilon * scale))
        return BP_OK;
    look->contract->samples_apart = false;
    struct bp_finding *finding = bp_look_add(look, "sample-depends-on-others");
    if (finding == NULL)
        return BP_ENOMEM;
    bp_finding_title(finding, "the loss of a sample depends on the others in its batch");
    bp_finding_because(finding,
                       "L(a,b) + L(c,d) - L(a,d) - L(c,b), which is 0 for any sum or mean, is %.3g "
                       "(largest loss %.3g)",
                       sum, scale);
    return BP_OK;
}

/* ---- mean or sum -------------------------------------------------------------------- */

static enum bp_reduces reduces(double twice, double once, double tol)
{
    return fabs(twice - once) <= tol         ? BP_REDUCES_MEAN
           : fabs(twice - 2.0 * once) <= tol ? BP_REDUCES_SUM
                                             : BP_REDUCES_OTHERWISE;
}

static double dot(const double *a, const double *b, size_t n)
{
    double sum = 0.0;
    for (size_t k = 0; k < n; k++)
        sum += a[k] * b[k];
    return sum;
}

/* Without the regulariser, which does not go with the batch. */
static double penalty(const struct bp_look_at *look)
{
    const struct bp_pass pass = {.net = &look->view->twin, .theta = look->theta};
    return look->view->described ? bp_pass_penalty(&pass) : 0.0;
}

static enum bp_status look_loss(struct bp_look_at *look, const struct bp_batch *twice,
                                const struct bp_batch *once)
{
    double two, one;
    enum bp_status status = bp_view_loss(look->view, look->theta, twice, &two, look->error);
    if (status == BP_OK)
        status = bp_view_loss(look->view, look->theta, once, &one, look->error);
    if (status == BP_OK)
        look->contract->loss = reduces(two - penalty(look), one - penalty(look),
                                       1024.0 * look->view->epsilon * (fabs(two) + penalty(look)));
    return status;
}

/* The pull of the regulariser on g, which does not go with the batch. */
static void take_regulariser_off(struct bp_look_at *look, double *g)
{
    const struct bp_mlp *twin = &look->view->twin;
    for (size_t l = 1; look->view->described && l <= twin->spec.layers; l++) {
        const struct bp_tensor *w = bp_mlp_weights(twin, l);
        for (size_t k = w->offset; k < w->offset + w->count; k++)
            g[k] -= twin->spec.l2 * look->theta[k];
    }
}

static enum bp_status look_reduction(struct bp_look_at *look, const struct bp_batch *twice,
                                     const struct bp_batch *once)
{
    const size_t n = look->view->n_theta;
    double *two = look->g[0], *one = look->g[1];
    enum bp_status status = bp_look_gradient(look, twice, two);
    double precision = look->precision;
    if (status == BP_OK)
        status = bp_look_gradient(look, once, one);
    if (status != BP_OK)
        return status;
    precision = 64.0 * fmax(precision, look->precision) + 1024.0 * look->view->epsilon;
    take_regulariser_off(look, two);
    take_regulariser_off(look, one);
    const double square = dot(one, one, n);
    const double ratio = dot(two, one, n) / square;
    if (square > 0.0 && isfinite(ratio))
        look->contract->gradient = reduces(ratio, 1.0, fmin(precision, 0.2));
    return BP_OK;
}

static enum bp_status look_batches(struct bp_look_at *look, struct pair *pair)
{
    struct bp_view *view = look->view;
    const struct bp_batch twice = pair_of(pair, look->batch, 0, 0);
    const struct bp_batch once = sample_of(view, look->batch, 0);
    enum bp_status status = BP_OK;
    if (view->subject->loss != NULL)
        status = look_loss(look, &twice, &once);
    if (status == BP_OK && view->can_differ)
        status = look_reduction(look, &twice, &once);
    /* from here on the pair holds other samples */
    if (status == BP_OK && view->subject->loss != NULL && look->batch->n >= 4)
        status = look_loss_cross_talk(look, pair);
    if (status == BP_OK && view->can_differ && look->batch->n >= 4)
        status = look_cross_talk(look, pair);
    return status;
}

enum bp_status bp_look_samples(struct bp_look_at *look)
{
    const struct bp_subject *subject = look->view->subject;
    if (subject->data != NULL || look->batch->n < 2)
        return BP_OK;
    const size_t before = look->findings->n;
    enum bp_status status = BP_OK;
    if (look->view->can_predict)
        status = look_outputs(look);
    /* steps of one sample are put together by us; an epoch is not a batch */
    if (status != BP_OK || look->findings->n > before || look->contract->velocity > 0.0 ||
        look->view->decays || (subject->gradient == NULL && subject->step_kind != BP_STEP_BATCH))
        return status;
    struct pair pair;
    status = pair_init(&pair, look->view);
    if (status == BP_OK)
        status = look_batches(look, &pair);
    bp_mem_free(pair.x);
    return status;
}
