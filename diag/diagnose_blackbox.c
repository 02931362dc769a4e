/* diagnose_blackbox.c -- see diagnose_blackbox.h. */
#include "diag/diagnose_blackbox.h"

#include "core/mem.h"
#include "core/rng.h"
#include "diag/faults/fault.h"
#include "diag/gradcheck.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { POINTS = 3 };

/* One point: theta, the claim g, the numeric gradient n. */
struct point {
    double *theta, *g, *n;
    size_t samples;
    double tol; /* relative, of the comparison */
    bool agrees, tested;
};

struct box {
    struct bp_view *view;
    size_t n_theta;
    struct point point[POINTS];
    size_t n_points;
    double *block; /* owned */
};

static double norm(const double *v, size_t n)
{
    double sum = 0.0;
    for (size_t k = 0; k < n; k++)
        sum += v[k] * v[k];
    return sqrt(sum);
}

/* ---- looking --------------------------------------------------------------- */

static enum bp_status measure(struct box *box, struct point *point, const struct bp_batch *batch,
                              const struct bp_diagnose_options *options, struct bp_error *error)
{
    const struct bp_gradcheck_options how = {.rate = options->rate};
    struct bp_gradcheck check;
    const enum bp_status status =
        bp_gradcheck_view(&check, box->view, point->theta, batch, &how, error);
    if (status != BP_OK)
        return status;
    double noise = 0.0;
    for (size_t i = 0; i < check.n_tensors; i++)
        for (size_t j = 0; j < check.tensor[i].count; j++) {
            const struct bp_entry entry = bp_gradcheck_entry(&check, &check.tensor[i], j);
            point->g[check.tensor[i].first + j] = entry.backprop;
            point->n[check.tensor[i].first + j] = entry.numeric;
            noise += entry.tolerance * entry.tolerance;
        }
    const double size = norm(point->n, box->n_theta);
    point->samples = batch->n;
    point->tol = size > 0.0 ? fmax(1e-6, 4.0 * sqrt(noise) / size) : (double)INFINITY;
    point->agrees = check.outcome == BP_OUTCOME_AGREES;
    point->tested = size > 0.0 && point->tol < 0.05;
    bp_gradcheck_release(&check);
    return BP_OK;
}

/* The point itself, then two near it; the last with half of the batch, where the
 * subject can. */
static enum bp_status look_around(struct box *box, const double *theta,
                                  const struct bp_batch *batch,
                                  const struct bp_diagnose_options *options, struct bp_error *error)
{
    const bool can_move = !box->view->subject->theta_fixed;
    const bool can_choose = box->view->subject->data == NULL;
    struct bp_rng rng;
    bp_rng_seed(&rng, options->seed == 0 ? 20 : options->seed);
    enum bp_status status = BP_OK;
    for (size_t i = 0; i < (can_move ? POINTS : 1) && status == BP_OK; i++) {
        struct point *point = &box->point[i];
        struct bp_batch part = *batch;
        memcpy(point->theta, theta, box->n_theta * sizeof *theta);
        for (size_t k = 0; i > 0 && k < box->n_theta; k++)
            point->theta[k] += 0.3 * bp_rng_normal(&rng);
        bp_view_round(box->view, point->theta);
        if (i == POINTS - 1 && can_choose && batch->n > 1)
            part.n = (batch->n + 1) / 2;
        status = measure(box, point, &part, options, error);
        box->n_points++;
    }
    return status;
}

static enum bp_status open_box(struct box *box, struct bp_view *view)
{
    *box = (struct box){.view = view, .n_theta = view->n_theta};
    box->block = bp_mem_new(3 * POINTS * view->n_theta, sizeof *box->block);
    if (box->block == NULL)
        return BP_ENOMEM;
    for (size_t i = 0; i < POINTS; i++) {
        box->point[i].theta = box->block + 3 * i * view->n_theta;
        box->point[i].g = box->point[i].theta + view->n_theta;
        box->point[i].n = box->point[i].g + view->n_theta;
    }
    return BP_OK;
}

/* ---- judging --------------------------------------------------------------- */

static bool all_agree(const struct box *box)
{
    for (size_t i = 0; i < box->n_points; i++)
        if (!box->point[i].agrees)
            return false;
    return true;
}

/* The best c and lambda with g = c n + lambda theta (lambda 0 unless asked); false
 * when it does not fit. */
static bool fit(const struct box *box, const struct point *point, bool decay, double *c,
                double *lambda)
{
    double nn = 0.0;
    double tt = 0.0;
    double nt = 0.0;
    double gn = 0.0;
    double gt = 0.0;
    for (size_t k = 0; k < box->n_theta; k++) {
        nn += point->n[k] * point->n[k];
        tt += point->theta[k] * point->theta[k];
        nt += point->n[k] * point->theta[k];
        gn += point->g[k] * point->n[k];
        gt += point->g[k] * point->theta[k];
    }
    const double det = nn * tt - nt * nt;
    *lambda = decay ? (nn * gt - nt * gn) / det : 0.0;
    *c = decay ? (tt * gn - nt * gt) / det : gn / nn;
    double rest = 0.0;
    for (size_t k = 0; k < box->n_theta; k++) {
        const double r = point->g[k] - *c * point->n[k] - *lambda * point->theta[k];
        rest += r * r;
    }
    return sqrt(rest) <= point->tol * fabs(*c) * sqrt(nn) + 1e-9 * norm(point->g, box->n_theta);
}

/* c over N as power says, the same at every point. */
static bool constant_over(const struct box *box, bool decay, int power, double *c, double *lambda)
{
    bool any = false;
    for (size_t i = 0; i < box->n_points; i++) {
        double one;
        double l;
        if (!box->point[i].tested)
            continue;
        if (!fit(box, &box->point[i], decay, &one, &l))
            return false;
        for (int k = 0; k < power; k++)
            one /= (double)box->point[i].samples;
        for (int k = 0; k > power; k--)
            one *= (double)box->point[i].samples;
        if (any && !(fabs(one - *c) <= 10.0 * box->point[i].tol * fabs(*c)))
            return false;
        *c = one;
        *lambda = l;
        any = true;
    }
    return any;
}

static const char *name_of_constant(double c, int power)
{
    static const struct {
        double c;
        int power;
        const char *name;
    } NAME[] = {{-1.0, 0, "sign-flipped"},     {1.0, 1, "batch-mean-missing"},
                {1.0, -1, "batch-mean-extra"}, {2.0, 0, "factor-two"},
                {0.5, 0, "factor-half"},       {0.0, 0, NULL}};
    for (size_t i = 0; NAME[i].name != NULL; i++)
        if (NAME[i].power == power && fabs(c - NAME[i].c) <= 1e-4 * fabs(NAME[i].c))
            return NAME[i].name;
    return "constant-factor";
}

/* ---- saying ---------------------------------------------------------------- */

static struct bp_finding *add(struct bp_findings *out, const char *name, double number)
{
    const struct bp_fault *fault = bp_fault_find(name);
    struct bp_finding *finding = bp_findings_add(out, BP_LOOK_GRADIENT, name);
    if (finding == NULL)
        return NULL;
    finding->certainty = BP_LIKELY;
    finding->layer = 0;
    finding->number = number;
    if (fault != NULL) {
        bp_finding_title(finding, "%s", fault->title);
        bp_finding_help(finding, "%s", fault->help);
    }
    return finding;
}

static bool equals_theta(const struct box *box)
{
    for (size_t i = 0; i < box->n_points; i++)
        for (size_t k = 0; k < box->n_theta; k++)
            if (!(fabs(box->point[i].g[k] - box->point[i].theta[k]) <=
                  1e-6 * fabs(box->point[i].theta[k])))
                return false;
    return true;
}

static bool is_zero(const struct box *box)
{
    for (size_t i = 0; i < box->n_points; i++)
        if (norm(box->point[i].g, box->n_theta) != 0.0)
            return false;
    return true;
}

static enum bp_status say_constant(const struct box *box, double c, int power,
                                   struct bp_findings *out)
{
    struct bp_finding *finding = add(out, name_of_constant(c, power), c);
    if (finding == NULL)
        return BP_ENOMEM;
    bp_finding_because(finding,
                       "all %zu numbers are %.6g%s times the numeric derivative, at %zu points",
                       box->n_theta, c,
                       power == 1    ? " N"
                       : power == -1 ? " / N"
                                     : "",
                       box->n_points);
    return BP_OK;
}

/* The runs of entries that are wrong at the first point. */
static enum bp_status say_entries(const struct box *box, struct bp_findings *out)
{
    const struct point *point = &box->point[0];
    struct bp_finding *finding = add(out, "unexplained-gradient", (double)NAN);
    char runs[BP_FINDING_LINE_MAX] = "";
    const double scale = norm(point->n, box->n_theta) / sqrt((double)box->n_theta);
    size_t wrong = 0;
    size_t zero = 0;
    if (finding == NULL)
        return BP_ENOMEM;
    for (size_t k = 0; k < box->n_theta; k++) {
        const size_t first = k;
        while (k < box->n_theta && !(fabs(point->g[k] - point->n[k]) <=
                                     10.0 * point->tol * (fabs(point->n[k]) + scale)))
            zero += point->g[k++] == 0.0;
        wrong += k - first;
        const size_t n = strlen(runs);
        if (k > first && n + 60 < sizeof runs)
            snprintf(runs + n, sizeof runs - n, k - first > 1 ? "%s%zu-%zu" : "%s%zu",
                     n > 0 ? ", " : "", first, k - 1);
    }
    finding->certainty = BP_CERTAIN;
    bp_finding_title(finding, "the gradient is not that of the loss");
    bp_finding_because(finding, "%zu of %zu numbers are wrong, %zu of them exactly 0", wrong,
                       box->n_theta, zero);
    bp_finding_because(finding, "they are theta[%s]", runs);
    bp_finding_because(finding, "ruled out: a constant factor, an L2 term, theta itself");
    bp_finding_help(finding, "describe the network and its arrays: then layer and stage are named");
    return BP_OK;
}

static enum bp_status judge(struct box *box, struct bp_findings *out)
{
    static const int POWER[] = {0, 1, -1};
    double c = 1.0;
    double lambda = 0.0;
    if (all_agree(box))
        return BP_OK;
    if (equals_theta(box))
        return add(out, "weights-as-gradient", (double)NAN) == NULL ? BP_ENOMEM : BP_OK;
    if (is_zero(box))
        return add(out, "integer-division-zero", (double)NAN) == NULL ? BP_ENOMEM : BP_OK;
    for (size_t i = 0; i < 3; i++)
        if (constant_over(box, false, POWER[i], &c, &lambda))
            return say_constant(box, c, POWER[i], out);
    if (constant_over(box, true, 0, &c, &lambda) && fabs(c - 1.0) < 1e-3) {
        struct bp_finding *finding = add(out, "regulariser-not-in-cost", lambda);
        if (finding == NULL)
            return BP_ENOMEM;
        bp_finding_because(finding, "gradient minus numeric is %.6g theta in every number", lambda);
        return BP_OK;
    }
    return say_entries(box, out);
}

enum bp_status bp_blackbox_look(struct bp_view *view, const struct bp_diagnose_options *options,
                                struct bp_findings *out, struct bp_error *error)
{
    const double *theta = options->theta != NULL ? options->theta : view->subject->theta;
    const struct bp_batch *batch = options->batch != NULL ? options->batch : view->subject->data;
    if (theta == NULL || batch == NULL || !view->can_lose)
        return bp_error_set(error, BP_EUNSUPPORTED,
                            "diagnose: a subject without a description needs a loss, theta and "
                            "data; %s is missing",
                            theta == NULL   ? "theta"
                            : batch == NULL ? "data"
                                            : "loss");
    struct box box;
    enum bp_status status = open_box(&box, view);
    if (status == BP_OK)
        status = look_around(&box, theta, batch, options, error);
    if (status == BP_OK)
        status = judge(&box, out);
    bp_mem_free(box.block);
    return status;
}
