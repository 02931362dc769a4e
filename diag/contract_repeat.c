/* contract_repeat.c -- do equal calls give equal results? If not, of what kind is
 * the difference? See contract.h. */
#include "diag/contract_look.h"

#include "core/mem.h"

#include <math.h>
#include <string.h>

enum { DRAWS = 48, DRIFT = 8 };

static bool same_bits(const double *a, const double *b, size_t n)
{
    return memcmp(a, b, n * sizeof *a) == 0;
}

/* Sums in another order each time: threads, or items of a set. 64 roundings of the largest
 * number are allowed. */
static bool same_but_for_rounding(const struct bp_look_at *look, const double *a, const double *b,
                                  size_t n)
{
    const double tol = 64.0 * look->view->epsilon * bp_look_largest(a, n);
    for (size_t k = 0; k < n; k++)
        if (!(fabs(a[k] - b[k]) <= tol))
            return false;
    return true;
}

/* ---- outputs ------------------------------------------------------------------ */

/* The share of turning points in sequences of DRIFT calls: about 2/3 for noise
 * (Kendall), near 0 for a drift. y: DRIFT x count. */
static double turning_share(const double *y, size_t count)
{
    size_t turns = 0, points = 0;
    for (size_t k = 0; k < count; k++)
        for (size_t call = 1; call + 1 < DRIFT; call++) {
            const double before = y[call * count + k] - y[(call - 1) * count + k];
            const double after = y[(call + 1) * count + k] - y[call * count + k];
            if (before == 0.0 || after == 0.0)
                continue;
            points++;
            turns += (before > 0.0) != (after > 0.0) ? 1 : 0;
        }
    return points == 0 ? 0.0 : (double)turns / (double)points;
}

/* How many different values one output takes in DRAWS calls, where all but two units of
 * each hidden layer are cut off: units dropped at random leave a few values only,
 * noise leaves as many as calls. 0: cannot be looked at. */
static enum bp_status count_values(struct bp_look_at *look, size_t *values)
{
    struct bp_view *view = look->view;
    const struct bp_mlp *twin = &view->twin;
    *values = 0;
    if (!view->described || twin->spec.layers < 2 || view->subject->theta_fixed)
        return BP_OK;
    double *theta = look->g[0];
    memcpy(theta, look->theta, view->n_theta * sizeof *theta);
    for (size_t l = 2; l <= twin->spec.layers; l++) {
        const struct bp_tensor *w = bp_mlp_weights(twin, l);
        for (size_t i = 0; i < w->rows; i++)
            for (size_t j = 2; j < w->cols; j++)
                theta[w->offset + i * w->cols + j] = 0.0;
    }
    double seen[DRAWS] = {0};
    for (size_t call = 0; call < DRAWS; call++) {
        const enum bp_status status =
            bp_view_predict(view, theta, look->batch, look->y[0], look->error);
        if (status != BP_OK)
            return status;
        size_t k = 0;
        while (k < *values && seen[k] != look->y[0][0])
            k++;
        if (k == *values)
            seen[(*values)++] = look->y[0][0];
    }
    return BP_OK;
}

static struct bp_finding *name_the_difference(struct bp_look_at *look, double turning,
                                              size_t values)
{
    struct bp_finding *finding;
    if (turning < 0.3) {
        finding = bp_look_add(look, "stale-forward-state");
        if (finding != NULL)
            bp_finding_because(finding,
                               "over %d equal calls the outputs drift: %.0f %% of the "
                               "changes turn back; of noise 67 %% do",
                               DRIFT, 100.0 * turning);
    } else if (values > 0 && values <= DRAWS / 2) {
        finding = bp_look_add(look, "dropout-left-on");
        if (finding != NULL)
            bp_finding_because(finding,
                               "with two units of each hidden layer connected, %d equal calls give "
                               "%zu different values: units are there or not",
                               DRAWS, values);
    } else {
        return bp_look_add(look, "calls-differ");
    }
    if (finding != NULL)
        finding->certainty = BP_LIKELY;
    return finding;
}

/* The outputs of two equal calls differ: drift, a few values, or noise? */
static enum bp_status say_outputs_differ(struct bp_look_at *look)
{
    const size_t count = look->batch->n * look->view->n_out;
    size_t k = 0;
    while (same_bits(&look->y[0][k], &look->y[1][k], 1))
        k++;
    const double one = look->y[0][k], other = look->y[1][k];
    double *y = bp_mem_new(DRIFT * count, sizeof *y);
    enum bp_status status = y == NULL ? BP_ENOMEM : BP_OK;
    for (size_t call = 0; status == BP_OK && call < DRIFT; call++)
        status =
            bp_view_predict(look->view, look->theta, look->batch, y + call * count, look->error);
    const double turning = status == BP_OK ? turning_share(y, count) : 0.0;
    bp_mem_free(y);
    size_t values = 0;
    if (status == BP_OK)
        status = count_values(look, &values);
    if (status != BP_OK)
        return status;
    struct bp_finding *finding = name_the_difference(look, turning, values);
    if (finding == NULL)
        return BP_ENOMEM;
    bp_finding_because(finding,
                       "output %zu of sample %zu is %.17g, and at the next equal call %.17g",
                       k % look->view->n_out, k / look->view->n_out, one, other);
    look->contract->random = true;
    return BP_OK;
}

static enum bp_status outputs_repeat(struct bp_look_at *look)
{
    struct bp_view *view = look->view;
    for (size_t k = 0; k < 2; k++) {
        const enum bp_status status =
            bp_view_predict(view, look->theta, look->batch, look->y[k], look->error);
        if (status != BP_OK)
            return status;
    }
    look->contract->looked_repeats = true;
    if (same_bits(look->y[0], look->y[1], look->batch->n * view->n_out))
        return BP_OK;
    look->contract->repeats = false;
    look->contract->rounds =
        same_but_for_rounding(look, look->y[0], look->y[1], look->batch->n * view->n_out);
    return look->contract->rounds ? BP_OK : say_outputs_differ(look);
}

/* ---- gradients ------------------------------------------------------------------ */

/* How the change from b to c follows from that of a to b: the factor that fits best, and
 * how far the worst entry is off, beside the largest. */
static double factor_of_changes(const struct bp_look_at *look, const double *a, const double *b,
                                const double *c, double *off)
{
    const size_t n = look->view->n_theta;
    double product = 0.0, square = 0.0, top = 0.0;
    for (size_t k = 0; k < n; k++) {
        const double first = b[k] - a[k], second = c[k] - b[k];
        product += first * second;
        square += first * first;
        top = fmax(top, fmax(fabs(first), fabs(second)));
    }
    const double factor = product / square;
    *off = 0.0;
    for (size_t k = 0; k < n; k++)
        *off = fmax(*off, fabs(c[k] - b[k] - factor * (b[k] - a[k])) / top);
    return factor;
}

/* The relative error that differences of three gradients can have. */
static double tolerance(const struct bp_look_at *look)
{
    double top = 0.0, change = 0.0;
    for (size_t k = 0; k < look->view->n_theta; k++) {
        top = fmax(top, fabs(look->g[2][k]));
        change = fmax(change, fabs(look->g[1][k] - look->g[0][k]));
    }
    return 32.0 * fmax(look->precision, look->view->epsilon) * top / change;
}

static void say_first(struct bp_look_at *look, struct bp_finding *finding, const char *call)
{
    char name[BP_NAME_MAX];
    const size_t n = bp_look_place(look, finding, look->g[0], look->g[1], 0.0, name);
    for (size_t k = 0; k < look->view->n_theta; k++)
        if (!same_bits(&look->g[0][k], &look->g[1][k], 1)) {
            bp_finding_because(finding, "%s: %s is %.9g, at the next equal call %.9g, then %.9g",
                               call, name, look->g[0][k], look->g[1][k], look->g[2][k]);
            break;
        }
    bp_finding_because(finding, "%zu of %zu entries do not repeat", n, look->view->n_theta);
}

/* What b is of a: b = f a in every entry, to tol of the largest; NaN where it is not. */
static double factor_of_steps(const struct bp_look_at *look, const double *a, const double *b,
                              double tol)
{
    const size_t n = look->view->n_theta;
    double product = 0.0, square = 0.0;
    for (size_t k = 0; k < n; k++) {
        product += a[k] * b[k];
        square += a[k] * a[k];
    }
    const double factor = product / square, top = bp_look_largest(a, n);
    for (size_t k = 0; k < n; k++)
        if (!(fabs(b[k] - factor * a[k]) <= tol * top))
            return NAN;
    return factor;
}

/* Each step is a number just below 1 times the one before. */
static bool shrinks(const struct bp_look_at *look, const double *a, const double *b)
{
    const double tol = 32.0 * fmax(look->precision, look->view->epsilon);
    const double factor = factor_of_steps(look, a, b, tol);
    return factor > (look->view->subject->reset != NULL ? 0.5 : 0.95) && factor < 1.0 - tol;
}

/* Steps that shrink are those of a rate that decays, or of a velocity larger than its end,
 * left by a larger step: v = m v - rate g. Of a velocity all changes have one factor, m,
 * and the steps another. A rate that decays by a factor has it in both, and the changes of
 * 1 / (1 + d k) have factors that differ by about 2 d^2. g[3] is the call before g[0]. */
static bool is_velocity(const struct bp_look_at *look, double tol)
{
    double before_off, off;
    const double before = factor_of_changes(look, look->g[3], look->g[0], look->g[1], &before_off);
    const double factor = factor_of_changes(look, look->g[0], look->g[1], look->g[2], &off);
    const double step = factor_of_steps(look, look->g[0], look->g[1], INFINITY);
    const double decay = 1.0 - step;
    return before_off <= tol && off <= tol && 16.0 * tol <= decay * decay && factor < 1.0 - tol &&
           fabs(factor - before) <= 4.0 * tol && fabs(factor - step) > 16.0 * tol;
}

/* Whether entries come and go: they are exactly 0 in one call and not in the next. */
static bool units_are_dropped(const struct bp_look_at *look)
{
    size_t come = 0, differ = 0;
    for (size_t k = 0; k < look->view->n_theta; k++) {
        const double a = look->g[0][k], b = look->g[1][k], c = look->g[2][k];
        differ += a != b || b != c ? 1 : 0;
        come += (a == 0.0 || b == 0.0 || c == 0.0) && (a != 0.0 || b != 0.0 || c != 0.0) ? 1 : 0;
    }
    return come > 2 && 10 * come >= differ;
}

static enum bp_status say_dropped(const struct bp_look_at *look, const char *call)
{
    return bp_error_set(look->error, BP_EUNSUPPORTED,
                        "%s: %s() drops units at random (dropout): switch it off for the check, "
                        "nothing can be said of a gradient that is drawn",
                        look->view->subject->name, call);
}

/* The largest change between two of the steps, and g[4] with the next one. */
static enum bp_status next_change(struct bp_look_at *look, const double *before, double *after,
                                  double *change)
{
    const enum bp_status status = bp_look_gradient(look, look->batch, after);
    *change = 0.0;
    for (size_t k = 0; status == BP_OK && k < look->view->n_theta; k++)
        *change = fmax(*change, fabs(after[k] - before[k]));
    return status;
}

/* What a step remembers dies away, in whatever way: each change is less than half the one
 * before, or a rounding, five times in a row. (Of numbers that are drawn, one in two is.)
 * An epoch of several updates forgets so: a velocity is passed through all of them. */
static enum bp_status dies_away(struct bp_look_at *look, bool *dies)
{
    const size_t n = look->view->n_theta;
    const double least = 64.0 * look->view->epsilon * bp_look_largest(look->g[2], n);
    double last = INFINITY, change = 0.0;
    *dies = true;
    for (size_t k = 0; k < n; k++)
        change = fmax(change, fabs(look->g[2][k] - look->g[1][k]));
    for (int call = 0; call < 5 && *dies; call++) {
        *dies = change <= 0.5 * last || change <= least;
        last = change;
        double *before = call % 2 == 0 ? look->g[2] : look->g[3];
        double *after = call % 2 == 0 ? look->g[3] : look->g[2];
        look->view->keep_gradient = true;
        const enum bp_status status = next_change(look, before, after, &change);
        look->view->keep_gradient = false;
        if (status != BP_OK)
            return status;
    }
    return BP_OK;
}

static enum bp_status say_gradients_differ(struct bp_look_at *look)
{
    const char *call = look->view->subject->gradient != NULL ? "gradient" : "step";
    double off;
    const double factor = factor_of_changes(look, look->g[0], look->g[1], look->g[2], &off);
    const double tol = tolerance(look);
    const bool regular = off <= tol && tol < 0.1;
    if (look->view->subject->gradient == NULL && shrinks(look, look->g[0], look->g[1]) &&
        shrinks(look, look->g[1], look->g[2]) && !is_velocity(look, tol)) {
        look->view->decays = true;
        return BP_OK;
    }
    if (units_are_dropped(look))
        return say_dropped(look, call);
    if (regular && look->view->subject->gradient == NULL && factor > 0.0 && factor < 1.0 - tol) {
        look->contract->velocity = factor;
        return BP_OK;
    }
    if (look->view->subject->gradient == NULL && look->view->subject->reset == NULL &&
        look->view->subject->step_kind == BP_STEP_EPOCH) {
        bool dies;
        const enum bp_status status = dies_away(look, &dies);
        if (status != BP_OK || dies) {
            look->contract->velocity = 0.5;
            return status;
        }
    }
    const bool adds = regular && fabs(factor - 1.0) <= tol;
    struct bp_finding *finding = bp_look_add(look, adds ? "accumulator-not-reset" : "calls-differ");
    if (finding == NULL)
        return BP_ENOMEM;
    say_first(look, finding, call);
    if (adds)
        bp_finding_because(finding, "each call adds the same again (to %.0e of it)",
                           fmax(off, 1e-16));
    look->contract->random = !adds;
    look->adds = adds;
    return BP_OK;
}

/* A step of one sample is repeated with one: over seven, a velocity of 0.3 has died away. */
static enum bp_status gradients_repeat(struct bp_look_at *look)
{
    struct bp_view *view = look->view;
    const bool one = view->subject->gradient == NULL && view->subject->step_kind == BP_STEP_SAMPLE;
    const struct bp_batch batch = {one ? 1 : look->batch->n, look->batch->x, look->batch->t};
    view->keep_gradient = true;
    enum bp_status status = bp_look_gradient(look, &batch, look->g[3]);
    for (size_t k = 0; status == BP_OK && k < 3; k++)
        status = bp_look_gradient(look, &batch, look->g[k]);
    view->keep_gradient = false;
    if (status != BP_OK)
        return status;
    look->contract->looked_repeats = true;
    if (same_bits(look->g[0], look->g[1], view->n_theta) &&
        same_bits(look->g[1], look->g[2], view->n_theta))
        return BP_OK;
    look->contract->repeats = false;
    look->contract->rounds = view->subject->gradient != NULL &&
                             same_but_for_rounding(look, look->g[0], look->g[1], view->n_theta) &&
                             same_but_for_rounding(look, look->g[1], look->g[2], view->n_theta);
    return look->contract->rounds ? BP_OK : say_gradients_differ(look);
}

enum bp_status bp_look_repeats(struct bp_look_at *look)
{
    enum bp_status status = BP_OK;
    look->contract->repeats = true;
    if (look->view->can_predict)
        status = outputs_repeat(look);
    if (status == BP_OK && !look->contract->random && look->view->can_differ &&
        !look->view->subject->shuffles)
        status = gradients_repeat(look);
    return status;
}
