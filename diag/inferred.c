/* inferred.c -- the gradient that a subject claims: its own, or the one that its
 * training step implies (see subject.h).
 *
 *     g = (theta - theta') / rate
 *
 * theta' is rounded to eps |theta'|, so g has an absolute error of about
 * eps max|theta| / rate. The larger the step, the less of g is lost; where the
 * rate may be chosen it is the power of two at which the largest change is
 *
 *     4 max|theta|         float: rounding costs two bits of g, not twenty
 *     2^-8 max|theta|      double: small enough that code which uses updated
 *                          weights too early is still seen as nearly right
 *
 * An epoch of several updates is taken at small rates r and r/2 and extrapolated
 * to 0: 2 G(r/2) - G(r) has an error of order r^2. A step that is known to use updated
 * weights too early (stepper.h) is, beside that, looked at as if it did not:
 * (8 G(r/4) - 6 G(r/2) + G(r)) / 3 has an error of order r^3.
 */
#include "diag/subject.h"

#include "core/mem.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <string.h>

static double largest(const double *numbers, size_t n)
{
    double top = 0.0;
    for (size_t k = 0; k < n; k++)
        top = fmax(top, fabs(numbers[k]));
    return top;
}

/* The power of two next below value. */
static double power_of_two(double value)
{
    int exponent;
    frexp(value, &exponent);
    return ldexp(1.0, exponent - 1);
}

/* How far the largest change goes, beside the largest |theta|. */
static double reach(const struct bp_view *view)
{
    if (view->subject->step_kind == BP_STEP_EPOCH)
        return view->narrow ? 0x1p-6 : 0x1p-14;
    if (view->early)
        return view->narrow ? 0x1p-3 : 0x1p-11;
    return view->narrow ? 4.0 : 0x1p-8;
}

/* What the step is along g: the rate; its square, or 1, in a program that multiplies it in
 * twice, or not at all. */
static double scale_of(const struct bp_view *view, double rate)
{
    return view->rate_power == 1 ? rate : view->rate_power == 2 ? rate * rate : 1.0;
}

/* A step as it would be without what it remembers of the one before: of two from the same
 * theta, S1 = r v1 and S2 = r (m v1 + g), so that r g = S2 - m S1. Where a part of the last
 * gradient alone is repeated, S2 = r g + m g is along g. */
static enum bp_status step_without_velocity(struct bp_view *view, const double *theta,
                                            const struct bp_batch *batch, double rate, double *next,
                                            struct bp_error *error)
{
    const size_t n = view->n_theta;
    double *first = bp_mem_new(n, sizeof *first);
    if (first == NULL)
        return bp_error_set(error, BP_ENOMEM, "subject: out of memory");
    enum bp_status status = bp_view_step(view, theta, batch, rate, first, error);
    if (status == BP_OK)
        status = bp_view_step(view, theta, batch, rate, next, error);
    for (size_t k = 0; status == BP_OK && k < n; k++)
        next[k] += bp_view_momentum(view, k) * (theta[k] - first[k]);
    bp_mem_free(first);
    return status;
}

/* g += what one step of a batch implies, times weight. */
static enum bp_status add_step(struct bp_view *view, const double *theta,
                               const struct bp_batch *batch, double rate, double weight, double *g,
                               double *next, struct bp_error *error)
{
    const enum bp_status status =
        view->momentum == 0.0 && !view->echoes
            ? bp_view_step(view, theta, batch, rate, next, error)
            : step_without_velocity(view, theta, batch, rate, next, error);
    if (status != BP_OK)
        return status;
    for (size_t k = 0; k < view->n_theta; k++)
        g[k] += weight * ((theta[k] - next[k]) / scale_of(view, rate));
    return BP_OK;
}

/* G(rate): from one call, or from one call a sample. */
static enum bp_status from_steps(struct bp_view *view, const double *theta,
                                 const struct bp_batch *batch, double rate, double *g, double *next,
                                 struct bp_error *error)
{
    memset(g, 0, view->n_theta * sizeof *g);
    if (view->subject->step_kind != BP_STEP_SAMPLE || batch->n == 1)
        return add_step(view, theta, batch, rate, 1.0, g, next, error);
    const bool sum = view->described && view->twin.spec.reduction == BP_SUM;
    const double weight = sum ? 1.0 : 1.0 / (double)batch->n;
    for (size_t s = 0; s < batch->n; s++) {
        const struct bp_batch one = {1, batch->x + s * view->n_in, batch->t + s * view->n_out};
        const enum bp_status status = add_step(view, theta, &one, rate, weight, g, next, error);
        if (status != BP_OK)
            return status;
    }
    return BP_OK;
}

static bool all_finite(const double *numbers, size_t n)
{
    for (size_t k = 0; k < n; k++)
        if (!isfinite(numbers[k]))
            return false;
    return true;
}

/* The rate at which a change as large as g at this rate would be reach() times the
 * largest parameter. Nothing moved: larger; beyond numbers: smaller. */
static double better_rate(const struct bp_view *view, const double *theta, const double *g,
                          double rate)
{
    const double top = largest(g, view->n_theta);
    if (!all_finite(g, view->n_theta))
        return rate * 0x1p-10;
    if (top == 0.0)
        return rate * 0x1p10;
    const double want = reach(view) * fmax(largest(theta, view->n_theta), 1e-3) / top;
    return power_of_two(fmin(fmax(view->rate_power == 2 ? sqrt(want) : want, 0x1p-40), 0x1p40));
}

/* Finds view->rate; g and next are scratch. One look is enough for one update, whose
 * size goes with the rate; an epoch at too large a rate says little of one at a
 * smaller. */
static enum bp_status choose_rate(struct bp_view *view, const double *theta,
                                  const struct bp_batch *batch, double *g, double *next,
                                  struct bp_error *error)
{
    double rate = 1.0;
    for (int tries = 0; tries < 8; tries++) {
        const enum bp_status status = from_steps(view, theta, batch, rate, g, next, error);
        if (status != BP_OK)
            return status;
        const bool sound = all_finite(g, view->n_theta) && largest(g, view->n_theta) > 0.0;
        const double better = better_rate(view, theta, g, rate);
        const bool near = better < 8.0 * rate && better > 0.125 * rate;
        rate = better;
        if (sound && (near || view->subject->step_kind != BP_STEP_EPOCH))
            break;
    }
    view->rate = rate;
    return BP_OK;
}

static enum bp_status pick_rate(struct bp_view *view, const double *theta,
                                const struct bp_batch *batch, double *rate, double *g, double *next,
                                struct bp_error *error)
{
    const struct bp_subject *subject = view->subject;
    if (subject->rate_kind == BP_RATE_FIXED)
        *rate = subject->rate;
    else if (subject->rate_kind == BP_RATE_UNKNOWN)
        *rate = 1.0;
    else if (!(*rate > 0.0)) {
        enum bp_status status = BP_OK;
        if (view->rate == 0.0)
            status = choose_rate(view, theta, batch, g, next, error);
        *rate = view->rate;
        return status;
    }
    return BP_OK;
}

enum bp_status bp_view_step_rate(struct bp_view *view, const double *theta,
                                 const struct bp_batch *batch, double *rate, struct bp_error *error)
{
    enum bp_status status = BP_OK;
    if (view->rate == 0.0) {
        double *work = bp_mem_new(2 * view->n_theta, sizeof *work);
        if (work == NULL)
            return bp_error_set(error, BP_ENOMEM, "subject: out of memory");
        status = choose_rate(view, theta, batch, work, work + view->n_theta, error);
        bp_mem_free(work);
    }
    *rate = view->rate;
    return status;
}

/* An epoch: extrapolate to rate 0 where the rate can be chosen. spread is how far
 * the two rates are apart, beside the largest |g|. */
static enum bp_status extrapolate(struct bp_view *view, const double *theta,
                                  const struct bp_batch *batch, double rate, double *g,
                                  double *half, double *next, double *spread,
                                  struct bp_error *error)
{
    const enum bp_status status = from_steps(view, theta, batch, 0.5 * rate, half, next, error);
    if (status != BP_OK)
        return status;
    double apart = 0.0;
    for (size_t k = 0; k < view->n_theta; k++) {
        apart = fmax(apart, fabs(half[k] - g[k]));
        g[k] = 2.0 * half[k] - g[k];
    }
    *spread = apart / largest(g, view->n_theta);
    return BP_OK;
}

/* What is not known of g, beyond rounding: the updates within an epoch. */
static enum bp_status epoch_error(struct bp_view *view, const double *theta,
                                  const struct bp_batch *batch, struct bp_claim *claim,
                                  double *work, double *error_of_g, struct bp_error *error)
{
    *error_of_g = 0.0;
    if (view->subject->step_kind != BP_STEP_EPOCH)
        return BP_OK;
    claim->any_factor = true;
    if (view->subject->rate_kind != BP_RATE_GIVEN) {
        const double moved = claim->rate * largest(claim->g, view->n_theta);
        *error_of_g = fmin(1.0, moved / largest(theta, view->n_theta));
        return BP_OK;
    }
    double spread = 0.0;
    const enum bp_status status = extrapolate(view, theta, batch, claim->rate, claim->g, work,
                                              work + view->n_theta, &spread, error);
    *error_of_g = view->subject->shuffles ? spread : 4.0 * spread * spread;
    claim->noise = 3.0 * claim->noise + *error_of_g * largest(claim->g, view->n_theta);
    return status;
}

/* What the step would be if every gradient were there before the first update. */
static enum bp_status undo_early(struct bp_view *view, const double *theta,
                                 const struct bp_batch *batch, struct bp_claim *claim, double *work,
                                 double *error_of_g, struct bp_error *error)
{
    const size_t n = view->n_theta;
    double *half = work, *quarter = work + n, *next = work + 2 * n;
    enum bp_status status = from_steps(view, theta, batch, 0.5 * claim->rate, half, next, error);
    if (status == BP_OK)
        status = from_steps(view, theta, batch, 0.25 * claim->rate, quarter, next, error);
    if (status != BP_OK)
        return status;
    double apart = 0.0;
    for (size_t k = 0; k < n; k++) {
        const double two = 2.0 * quarter[k] - half[k];
        claim->g[k] = (8.0 * quarter[k] - 6.0 * half[k] + claim->g[k]) / 3.0;
        apart = fmax(apart, fabs(claim->g[k] - two));
    }
    /* quarter's noise is 4 times that of G(r), and counts 8/3 */
    claim->noise = 12.0 * claim->noise + 0.5 * apart;
    *error_of_g = 0.5 * apart / fmax(largest(claim->g, n), DBL_MIN);
    return BP_OK;
}

static enum bp_status infer(struct bp_view *view, const double *theta, const struct bp_batch *batch,
                            struct bp_claim *claim, double *work, struct bp_error *error)
{
    double *point = work + 3 * view->n_theta;
    memcpy(point, theta, view->n_theta * sizeof *point);
    bp_view_round(view, point);
    double *next = work + view->n_theta;
    enum bp_status status = pick_rate(view, point, batch, &claim->rate, claim->g, next, error);
    if (status == BP_OK)
        status = from_steps(view, point, batch, claim->rate, claim->g, next, error);
    if (status != BP_OK)
        return status;
    claim->inferred = true;
    claim->any_factor = claim->any_factor || view->decays || view->echoes ||
                        view->rate_power == 0 || view->subject->rate_kind == BP_RATE_UNKNOWN;
    const double top = fmax(largest(point, view->n_theta), largest(next, view->n_theta));
    claim->noise = 2.0 * view->epsilon * top / fabs(scale_of(view, claim->rate));
    if (view->momentum != 0.0) /* two steps, and what is not known of the momentum */
        claim->noise *= 16.0;
    double beyond = 0.0;
    status = view->early && view->subject->rate_kind == BP_RATE_GIVEN
                 ? undo_early(view, point, batch, claim, work, &beyond, error)
                 : epoch_error(view, point, batch, claim, work, &beyond, error);
    claim->precision = fmax(fmax(view->epsilon, beyond),
                            claim->noise / fmax(largest(claim->g, view->n_theta), DBL_MIN));
    return status;
}

enum bp_status bp_view_gradient(struct bp_view *view, const double *theta,
                                const struct bp_batch *batch, double rate, struct bp_claim *claim,
                                struct bp_error *error)
{
    *claim = (struct bp_claim){.g = claim->g,
                               .rate = rate,
                               .precision = view->epsilon,
                               .any_factor = view->subject->constant_undeclared != 0};
    if (view->subject->gradient != NULL) {
        claim->rate = 0.0;
        return bp_view_own_gradient(view, theta, batch, claim->g, error);
    }
    if (view->subject->step == NULL)
        return bp_error_set(error, BP_EUNSUPPORTED, "%s: it has neither gradient nor step",
                            view->subject->name != NULL ? view->subject->name : "subject");
    double *work = bp_mem_new(4 * view->n_theta, sizeof *work);
    if (work == NULL)
        return bp_error_set(error, BP_ENOMEM, "subject: out of memory");
    const enum bp_status status = infer(view, theta, batch, claim, work, error);
    bp_mem_free(work);
    return status;
}
