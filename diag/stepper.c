/* stepper.c -- see stepper.h. Steps of one size are in stepper_sizes.c, the step beside the
 * gradient in stepper_beside.c. */
#include "diag/stepper.h"

#include "core/mem.h"
#include "diag/diagnose_words.h"
#include "diag/faults/fault.h"
#include "diag/stepper_look.h"

#include <math.h>
#include <string.h>

double bp_step_largest(const double *numbers, size_t n)
{
    double top = 0.0;
    for (size_t k = 0; k < n; k++)
        top = fmax(top, fabs(numbers[k]));
    return top;
}

double bp_step_factor(const double *a, const double *b, size_t n, double *off)
{
    double product = 0.0, square = 0.0;
    for (size_t k = 0; k < n; k++) {
        product += a[k] * b[k];
        square += b[k] * b[k];
    }
    const double factor = square > 0.0 ? product / square : 0.0;
    *off = 0.0;
    for (size_t k = 0; k < n; k++)
        *off = fmax(*off, fabs(a[k] - factor * b[k]));
    return factor;
}

struct bp_finding *bp_step_add(struct bp_step_look *look, const char *name)
{
    struct bp_finding *finding = bp_findings_add(look->findings, BP_LOOK_UPDATE, name);
    const struct bp_fault *fault = bp_fault_find(name);
    if (finding == NULL)
        return NULL;
    finding->certainty = BP_CERTAIN;
    finding->layer = 0;
    if (fault != NULL) {
        bp_finding_title(finding, "%s", fault->title);
        bp_say_help(finding, &(struct bp_hypothesis){.fault = fault, .layer = BP_ALL_LAYERS});
    }
    return finding;
}

enum bp_status bp_step_take(struct bp_step_look *look, double rate, bool keep, double *g)
{
    struct bp_view *view = look->view;
    const bool kept = view->keep;
    const bool twice = view->momentum != 0.0; /* S2 - m S1 is free of the velocity */
    memset(g, 0, view->n_theta * sizeof *g);
    for (int k = twice ? 0 : 1; k < 2; k++) {
        view->keep = kept || keep;
        const enum bp_status status =
            bp_view_step(view, look->theta, look->batch, rate, look->next, look->error);
        view->keep = kept;
        if (status != BP_OK)
            return status;
        for (size_t i = 0; i < view->n_theta; i++)
            g[i] += (k == 0 ? -bp_view_momentum(view, i) : 1.0) *
                    ((look->theta[i] - look->next[i]) / rate);
    }
    return BP_OK;
}

/* ---- rates --------------------------------------------------------------------- */

/* a = G(r), b = G(r/2). The noise of b is twice that of a. */
static double rates_tolerance(const struct bp_step_look *look)
{
    const size_t n = look->view->n_theta;
    const double top = fmax(bp_step_largest(look->a, n), bp_step_largest(look->b, n));
    return 8.0 * look->noise + 64.0 * look->view->epsilon * top;
}

static enum bp_status say_rate(struct bp_step_look *look, bool twice)
{
    struct bp_finding *finding = bp_step_add(look, "rate-misapplied");
    if (finding == NULL)
        return BP_ENOMEM;
    const size_t n = look->view->n_theta;
    look->view->rate_power = twice ? 2 : 0;
    look->view->rate = 0.0; /* another is better now */
    const double one = bp_step_largest(look->a, n) * look->rate;
    const double half = bp_step_largest(look->b, n) * look->rate / 2.0;
    bp_finding_title(finding, twice ? "the rate is multiplied in twice"
                                    : "the rate is left out of the step");
    bp_finding_because(finding, "at rate %.4g the largest change is %.6g, at rate %.4g it is %.6g",
                       look->rate, one, look->rate / 2.0, half);
    if (!twice)
        bp_finding_help(finding, "multiply the gradient by the rate once; or describe the step's "
                                 "rate as fixed, or unknown, where it is meant to be its own");
    return BP_OK;
}

/* G(r) - G(r/2) along theta: S = r g + decay theta, so that the difference is
 * decay theta (1/r - 2/r). */
static enum bp_status look_decoupled(struct bp_step_look *look, double tol, bool *found)
{
    const size_t n = look->view->n_theta;
    double *d = look->c;
    for (size_t k = 0; k < n; k++)
        d[k] = look->a[k] - look->b[k];
    double all_off, off = 0.0;
    double decay = -look->rate * bp_step_factor(d, look->theta, n, &all_off);
    *found = all_off <= tol;
    if (!*found && look->view->described) { /* biases may be spared */
        double product = 0.0, square = 0.0;
        const struct bp_mlp *twin = &look->view->twin;
        for (size_t k = 0; k < n; k++)
            if (bp_mlp_tensor_of(twin, k)->role == BP_WEIGHTS) {
                product += d[k] * look->theta[k];
                square += look->theta[k] * look->theta[k];
            }
        for (size_t k = 0; k < n; k++) {
            const bool weight = bp_mlp_tensor_of(twin, k)->role == BP_WEIGHTS;
            const double fit = weight ? product / square * look->theta[k] : 0.0;
            off = fmax(off, fabs(d[k] - fit));
        }
        decay = -look->rate * product / square;
        *found = off <= tol;
    }
    if (!*found)
        return BP_OK;
    struct bp_finding *finding = bp_step_add(look, "weight-decay-misapplied");
    if (finding == NULL)
        return BP_ENOMEM;
    bp_finding_title(finding, "weight decay is not multiplied by the rate");
    bp_finding_because(finding,
                       "theta - theta' is rate * g + %.6g theta, at rate %.4g and at half of it",
                       decay, look->rate);
    return BP_OK;
}

static enum bp_status look_early(struct bp_step_look *look, double tol)
{
    const size_t n = look->view->n_theta;
    bool certain = false;
    double off;
    enum bp_status status = bp_step_is_early(look, look->a, &certain);
    if (status == BP_OK)
        status = bp_step_take(look, look->rate / 4.0, false, look->c);
    if (status != BP_OK)
        return status;
    double *ab = look->next;
    for (size_t k = 0; k < n; k++) {
        ab[k] = look->a[k] - look->b[k];
        look->c[k] = look->b[k] - look->c[k];
    }
    const double factor = bp_step_factor(ab, look->c, n, &off);
    const double lost = 4.0 * tol / bp_step_largest(look->c, n);
    if (!certain && !(factor > 1.3 - lost && factor < 3.0 + lost))
        return BP_OK;
    struct bp_finding *finding = bp_step_add(look, "update-before-backprop");
    if (finding == NULL)
        return BP_ENOMEM;
    look->stepper->early = look->view->early = true;
    look->view->rate = 0.0; /* another is better now */
    finding->certainty = certain ? BP_CERTAIN : BP_LIKELY;
    bp_finding_because(finding,
                       "the gradient that a step implies differs by %.3g between rates %.4g and "
                       "%.4g (largest gradient %.3g)",
                       bp_step_largest(ab, n), look->rate, look->rate / 2.0,
                       bp_step_largest(look->a, n));
    bp_finding_because(finding,
                       "between half and a quarter of the rate it differs by %.3g: the "
                       "difference goes with the rate",
                       bp_step_largest(look->c, n));
    if (certain)
        bp_finding_because(finding,
                           "the same network, updated layer by layer from the output down, "
                           "makes the same step");
    return BP_OK;
}

/* With one rate only: the step is not along the right gradient, but is that of the
 * twin updated too early, here and at another point. */
static enum bp_status look_early_at_one_rate(struct bp_step_look *look)
{
    const size_t n = look->view->n_theta;
    double off;
    const double factor = bp_step_factor(look->a, look->g, n, &off);
    if (!look->has_g || look->own_g || !look->view->described ||
        off + fabs(factor - 1.0) * bp_step_largest(look->g, n) <= rates_tolerance(look))
        return BP_OK;
    bool early;
    enum bp_status status = bp_step_is_early(look, look->a, &early);
    if (status != BP_OK || !early || look->view->subject->theta_fixed)
        return status;
    memcpy(look->c, look->theta, n * sizeof *look->c);
    for (size_t k = 0; k < n; k++)
        look->theta[k] *= 0.75;
    bp_view_round(look->view, look->theta);
    status = bp_step_take(look, look->rate, false, look->b);
    if (status == BP_OK)
        status = bp_step_is_early(look, look->b, &early);
    memcpy(look->theta, look->c, n * sizeof *look->c);
    if (status != BP_OK || !early)
        return status;
    look->stepper->early = look->view->early = true;
    look->view->rate = 0.0; /* another is better now */
    look->stepper->linear = false;
    struct bp_finding *finding = bp_step_add(look, "update-before-backprop");
    if (finding == NULL)
        return BP_ENOMEM;
    bp_finding_because(finding, "the step is up to %.3g off the right gradient (largest %.3g)", off,
                       bp_step_largest(look->g, n));
    bp_finding_because(finding, "the same network, updated layer by layer from the output down, "
                                "makes the same step, here and at another point");
    return BP_OK;
}

enum bp_status bp_step_rates(struct bp_step_look *look)
{
    struct bp_stepper *stepper = look->stepper;
    const size_t n = look->view->n_theta;
    stepper->uses_rate = stepper->linear = true;
    if (look->view->subject->rate_kind != BP_RATE_GIVEN)
        return look_early_at_one_rate(look);
    enum bp_status status = bp_step_take(look, look->rate / 2.0, false, look->b);
    if (status != BP_OK || bp_step_largest(look->a, n) == 0.0)
        return status;
    const double tol = rates_tolerance(look);
    double off;
    const double factor = bp_step_factor(look->b, look->a, n, &off);
    if (fabs(factor - 1.0) * bp_step_largest(look->a, n) + off <= tol)
        return BP_OK;
    stepper->linear = false;
    if (off <= tol + 1e-6 * bp_step_largest(look->b, n) &&
        (fabs(factor - 2.0) <= 0.01 || fabs(factor - 0.5) <= 0.01)) {
        stepper->uses_rate = factor < 1.0;
        return say_rate(look, factor < 1.0);
    }
    bool found;
    status = look_decoupled(look, tol, &found);
    return status != BP_OK || found ? status : look_early(look, tol);
}

/* ---- three steps ------------------------------------------------------------------ */

static enum bp_status say_momentum(struct bp_step_look *look, double first, double second,
                                   bool fits)
{
    struct bp_finding *finding = bp_step_add(look, fits ? "momentum" : "momentum-misapplied");
    if (finding == NULL)
        return BP_ENOMEM;
    if (fits) {
        finding->note = true;
        bp_finding_title(finding, "the step has momentum %.4g", second);
        bp_finding_help(finding, "%s", "");
        look->stepper->momentum = second;
    }
    bp_finding_because(finding,
                       "of three steps from the same parameters, the second differs from the "
                       "first by %.4g of it",
                       first);
    bp_finding_because(finding, "the third differs from the second by %.4g of that", second);
    if (look->view->subject->reset == NULL && fits)
        bp_finding_help(finding, "give it a reset() that sets the velocity to 0, so that its steps "
                                 "can be looked at");
    return BP_OK;
}

/* A step at another point of theta first, so that what is kept is not of this one. */
static enum bp_status step_elsewhere(struct bp_step_look *look)
{
    struct bp_view *view = look->view;
    const bool kept = view->keep;
    for (size_t k = 0; k < view->n_theta; k++)
        look->next[k] = 0.5 * look->theta[k] + 0.1;
    bp_view_round(view, look->next);
    view->keep = true;
    const enum bp_status status =
        bp_view_step(view, look->next, look->batch, look->rate, look->next, look->error);
    view->keep = kept;
    return status;
}

/* Three steps from the same theta: a = S1, b = S2 - S1, c = S3 - S2, over the rate. */
static enum bp_status three_steps(struct bp_step_look *look)
{
    enum bp_status status = look->view->subject->reset == NULL ? step_elsewhere(look) : BP_OK;
    if (status == BP_OK)
        status = bp_step_take(look, look->rate, false, look->a);
    if (status == BP_OK)
        status = bp_step_take(look, look->rate, true, look->b);
    if (status == BP_OK)
        status = bp_step_take(look, look->rate, true, look->c);
    for (size_t k = 0; status == BP_OK && k < look->view->n_theta; k++) {
        look->c[k] -= look->b[k];
        look->b[k] -= look->a[k];
    }
    return status;
}

/* The second step is not the first, the third is the second: a part of the gradient before
 * is added, without what that one had from its own. */
static enum bp_status say_echo(struct bp_step_look *look)
{
    struct bp_finding *finding = bp_step_add(look, "momentum");
    if (finding == NULL)
        return BP_ENOMEM;
    look->view->echoes = true;
    finding->note = true;
    bp_finding_title(finding,
                     "the step has a part of the gradient before it in it, and of no other");
    bp_finding_because(finding, "of equal steps from the same parameters, the second differs from "
                                "the first, which came after another, and the third is the second");
    bp_finding_help(finding, "give it a reset() that sets what is kept to 0, so that the size of "
                             "its steps can be looked at");
    return BP_OK;
}

/* People write 0.9, not 0.90000003. */
static double plain_number(double value, double error)
{
    const double plain = floor(value * 1e4 + 0.5) * 1e-4;
    return fabs(plain - value) <= error ? plain : value;
}

/* Whether the weights' steps change from one to the next, and the biases' do not. */
static bool is_of_weights_alone(const struct bp_step_look *look, double tol)
{
    const struct bp_view *view = look->view;
    bool biases_move = false;
    for (size_t k = 0; k < view->n_theta; k++) {
        if (!view->described || bp_mlp_tensor_of(&view->twin, k)->role == BP_WEIGHTS)
            continue;
        if (!(fabs(look->b[k]) <= tol && fabs(look->c[k]) <= tol))
            return false;
        biases_move = biases_move || fabs(look->a[k]) > 4.0 * tol;
    }
    return biases_move;
}

enum bp_status bp_step_velocity(struct bp_step_look *look)
{
    const size_t n = look->view->n_theta;
    const bool resets = look->view->subject->reset != NULL;
    const enum bp_status status = three_steps(look);
    const double top = bp_step_largest(look->a, n);
    if (status != BP_OK || top == 0.0)
        return status;
    const double tol = 8.0 * look->noise + 64.0 * look->view->epsilon * top;
    if (bp_step_largest(look->b, n) <= tol && bp_step_largest(look->c, n) <= tol)
        return BP_OK;
    look->stepper->has_state = !resets;
    if (!resets && bp_step_largest(look->c, n) <= tol)
        return say_echo(look);
    double first_off, second_off;
    const double first = bp_step_factor(look->b, look->a, n, &first_off);
    const double second = bp_step_factor(look->c, look->b, n, &second_off);
    const double lost = tol / bp_step_largest(look->b, n) + tol / top;
    if (!(second_off <= tol && second > 0.0 && second < 1.0 - lost))
        return BP_OK; /* a state of another kind: Adam's, or a gradient that is not reset */
    if (!resets) {
        look->view->momentum = plain_number(second, 4.0 * lost);
        look->view->weights_carry = is_of_weights_alone(look, tol);
        look->noise *= 16.0; /* two steps each, and what is not known of the momentum */
        return say_momentum(look, first, second, true);
    }
    if (!(first_off <= tol && first > 0.0))
        return BP_OK;
    return say_momentum(look, first, second, fabs(first - second) <= 4.0 * lost + 1e-6);
}

/* ---- an epoch that draws its order ---------------------------------------------------- */

/* How far epochs from the same theta are apart, the most of three pairs, beside the
 * largest G. */
static enum bp_status epochs_apart(struct bp_step_look *look, double rate, double *apart)
{
    const size_t n = look->view->n_theta;
    enum bp_status status = bp_step_take(look, rate, false, look->a);
    *apart = 0.0;
    for (int pair = 0; status == BP_OK && pair < 3; pair++) {
        status = bp_step_take(look, rate, false, look->b);
        for (size_t k = 0; status == BP_OK && k < n; k++)
            look->c[k] = look->a[k] - look->b[k];
        *apart = fmax(*apart, bp_step_largest(look->c, n) / bp_step_largest(look->a, n));
    }
    return status;
}

/* The order of the samples matters the less the smaller the rate. What does not go away is
 * not the order: samples are drawn, or inputs and targets are not shuffled together. */
static enum bp_status look_shuffle(struct bp_step_look *look)
{
    struct bp_view *view = look->view;
    double apart = 0.0, less = 0.0;
    enum bp_status status =
        bp_view_step_rate(view, look->theta, look->batch, &look->rate, look->error);
    if (status == BP_OK)
        status = epochs_apart(look, look->rate, &apart);
    if (status == BP_OK)
        status = epochs_apart(look, look->rate / 16.0, &less);
    if (status != BP_OK)
        return status;
    const double top = bp_step_largest(look->theta, view->n_theta);
    const double noise = 32.0 * view->epsilon * top / look->rate;
    if (!(less > 0.25 * apart) || !(less * bp_step_largest(look->a, view->n_theta) > 100.0 * noise))
        return BP_OK;
    struct bp_finding *finding = bp_step_add(look, "labels-shuffled");
    if (finding == NULL)
        return BP_ENOMEM;
    finding->certainty = BP_LIKELY;
    bp_finding_because(finding,
                       "epochs from the same parameters differ by %.2g of the gradient at rate "
                       "%.3g, and by %.2g at rate %.3g",
                       apart, look->rate, less, look->rate / 16.0);
    bp_finding_because(finding,
                       "the order of the samples would matter 16 times less: what differs is "
                       "which target goes with which input, or which samples are drawn");
    return BP_OK;
}

/* ---- all ---------------------------------------------------------------------------- */

static bool can_look(const struct bp_view *view)
{
    const struct bp_subject *subject = view->subject;
    return subject->step != NULL && subject->step_kind != BP_STEP_EPOCH && !subject->shuffles &&
           subject->rate_kind != BP_RATE_UNKNOWN && !view->decays;
}

static bool draws_its_order(const struct bp_view *view)
{
    const struct bp_subject *subject = view->subject;
    return subject->step != NULL && subject->shuffles && subject->step_kind == BP_STEP_EPOCH &&
           subject->rate_kind == BP_RATE_GIVEN;
}

static enum bp_status open_look(struct bp_step_look *look, const double *theta)
{
    const size_t n = look->view->n_theta;
    double *block = bp_mem_new(6 * n, sizeof *block);
    if (block == NULL)
        return BP_ENOMEM;
    double **arrays[] = {&look->theta, &look->g, &look->a, &look->b, &look->c, &look->next};
    for (size_t k = 0; k < 6; k++)
        *arrays[k] = block + k * n;
    memcpy(look->theta, theta, n * sizeof *theta);
    bp_view_round(look->view, look->theta);
    return BP_OK;
}

/* The first step: its rate is the subject's, or the one at which rounding costs least. */
static enum bp_status first_step(struct bp_step_look *look)
{
    struct bp_view *view = look->view;
    const size_t n = view->n_theta;
    look->rate = view->subject->rate;
    if (view->subject->rate_kind == BP_RATE_GIVEN) {
        const enum bp_status status =
            bp_view_step_rate(view, look->theta, look->batch, &look->rate, look->error);
        if (status != BP_OK)
            return status;
    }
    const enum bp_status status = bp_step_take(look, look->rate, false, look->a);
    const double top = fmax(bp_step_largest(look->theta, n), bp_step_largest(look->next, n));
    look->noise = 2.0 * view->epsilon * top / fabs(look->rate);
    look->stepper->rate = look->rate;
    return status;
}

static enum bp_status look_at_all(struct bp_step_look *look)
{
    const struct bp_stepper *stepper = look->stepper;
    enum bp_status status = first_step(look);
    if (status == BP_OK)
        status = bp_step_reference(look);
    if (status == BP_OK)
        status = bp_step_sizes(look);
    if (status != BP_OK || stepper->sign_like)
        return status;
    status = bp_step_velocity(look);
    if (status != BP_OK || (stepper->has_state && look->view->momentum == 0.0))
        return status; /* an echo's size says nothing of the rate */
    status = bp_step_take(look, look->rate, false, look->a);
    if (status == BP_OK)
        status = bp_step_rates(look);
    if (status == BP_OK && stepper->linear && look->has_g)
        status = bp_step_beside_gradient(look);
    return status;
}

/* As after a run that diverged: no difference of two steps is more than rounding there. */
static bool overflows(const double *theta, size_t n)
{
    double square = 0.0;
    for (size_t k = 0; k < n; k++)
        square += theta[k] * theta[k];
    return !isfinite(square);
}

enum bp_status bp_stepper_run(struct bp_view *view, const double *theta,
                              const struct bp_batch *batch, struct bp_stepper *stepper,
                              struct bp_findings *findings, struct bp_error *error)
{
    *stepper = (struct bp_stepper){.clip = INFINITY};
    const bool draws = draws_its_order(view);
    if ((!can_look(view) && !draws) || overflows(theta, view->n_theta))
        return BP_OK;
    stepper->looked = !draws;
    const bool one = view->subject->step_kind == BP_STEP_SAMPLE;
    const struct bp_batch first = {one ? 1 : batch->n, batch->x, batch->t};
    struct bp_step_look look = {.view = view,
                                .batch = view->subject->data != NULL ? batch : &first,
                                .stepper = stepper,
                                .findings = findings,
                                .error = error};
    const size_t before = view->calls;
    enum bp_status status = open_look(&look, theta);
    if (status == BP_OK)
        status = draws ? look_shuffle(&look) : look_at_all(&look);
    bp_mem_free(look.theta);
    stepper->calls = view->calls - before;
    return status == BP_ENOMEM ? bp_error_set(error, status, "step: out of memory") : status;
}
