/* stepper_sizes.c -- steps that are the same size in every entry: signs, as of Adam, with
 * or without a decay. See stepper.h.
 */
#include "diag/stepper_look.h"

#include <math.h>

enum decays { DECAYS_NONE, DECAYS_WEIGHTS, DECAYS_ALL };

/* What a decay adds to |S_k|, but for its factor. */
static double pull(const struct bp_view *view, const double *theta, const double *step,
                   enum decays decays, size_t k)
{
    if (decays == DECAYS_WEIGHTS && view->described &&
        bp_mlp_tensor_of(&view->twin, k)->role != BP_WEIGHTS)
        return 0.0;
    return step[k] < 0.0 ? -theta[k] : theta[k];
}

/* A parameter whose gradient is 0: it is moved by a decay alone. */
static bool is_unpushed(double step, double most)
{
    return fabs(step) < 0.25 * most;
}

/* Least squares of |S_k| = size + decay s_k theta_k. */
static void fit_sign(const struct bp_view *view, const double *theta, const double *step,
                     enum decays decays, struct bp_sign_step *found)
{
    double n = 0.0, x1 = 0.0, x2 = 0.0, y1 = 0.0, xy = 0.0;
    const double most = bp_step_largest(step, view->n_theta);
    *found = (struct bp_sign_step){.low = INFINITY};
    for (size_t k = 0; k < view->n_theta; k++) {
        const double size = fabs(step[k]), x = pull(view, theta, step, decays, k);
        if (size == 0.0 || is_unpushed(step[k], most))
            continue;
        n += 1.0;
        x1 += x;
        x2 += x * x;
        y1 += size;
        xy += x * size;
        found->low = fmin(found->low, size);
        found->high = fmax(found->high, size);
    }
    const double det = n * x2 - x1 * x1;
    found->moved = (size_t)n;
    found->decay = decays != DECAYS_NONE && det > 0.0 ? (n * xy - x1 * y1) / det : 0.0;
    found->size = n > 0.0 ? (y1 - found->decay * x1) / n : 0.0;
}

static bool fits_sign(const struct bp_view *view, const double *theta, const double *step,
                      double noise, enum decays decays, const struct bp_sign_step *found)
{
    const double most = bp_step_largest(step, view->n_theta);
    double worst = 0.0;
    for (size_t k = 0; k < view->n_theta; k++) {
        const double size = is_unpushed(step[k], most) ? 0.0 : found->size;
        const double off = fabs(step[k]) - size - found->decay * pull(view, theta, step, decays, k);
        worst = step[k] == 0.0 ? worst : fmax(worst, fabs(off));
    }
    return worst <= 0.01 * found->size + 2.0 * noise && 4.0 * noise <= 0.1 * found->size;
}

bool bp_step_is_sign(const struct bp_view *view, const double *theta, const double *step,
                     double noise, struct bp_sign_step *found)
{
    for (unsigned decays = DECAYS_NONE; decays <= DECAYS_ALL; decays++) {
        fit_sign(view, theta, step, (enum decays)decays, found);
        if (found->moved >= (decays == DECAYS_NONE ? 4 : 8) &&
            fits_sign(view, theta, step, noise, (enum decays)decays, found))
            return true;
    }
    return false;
}

enum bp_status bp_step_sizes(struct bp_step_look *look)
{
    struct bp_sign_step found;
    if (!bp_step_is_sign(look->view, look->theta, look->a, look->noise, &found))
        return BP_OK;
    look->view->signs = look->view->subject->gradient == NULL;
    look->stepper->sign_like = true;
    struct bp_finding *finding = bp_step_add(look, "sign-like-step");
    if (finding == NULL)
        return BP_ENOMEM;
    finding->note = true;
    bp_finding_title(finding, "every parameter moves equally far, as with Adam or Rprop");
    bp_finding_because(finding,
                       "%zu changes, all between %.6g and %.6g times the rate: of the "
                       "gradient, only signs can be compared",
                       found.moved, found.low, found.high);
    if (found.decay != 0.0)
        bp_finding_because(finding, "what is beside that is %.3g times the parameter: a decay",
                           found.decay);
    bp_finding_help(finding, "attach gradient() to have sizes checked, or a plain step");
    return BP_OK;
}
