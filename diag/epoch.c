/* epoch.c -- see epoch.h. */
#include "diag/epoch.h"

#include "core/mem.h"
#include "core/rng.h"
#include "diag/faults/fault.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { SIZES_MOST = 12 };

/* Samples times parameters times sizes, up to which faults are tried: some seconds. */
static const double WORK_MOST = 2e7;

struct epoch {
    struct bp_view *view; /* borrowed, as are: */
    const struct bp_batch *batch;
    struct bp_error *error;
    struct bp_pass pass;
    struct bp_ops *ops;      /* owned: [0 .. L], with a fault in it */
    double *theta, *next;    /* the point, and where the subject's step leads */
    double *made;            /* where the twin's leads */
    double tol;              /* of an entry of next */
    size_t size[SIZES_MOST]; /* of batches, to be tried */
    size_t n_sizes;
};

/* Batches of 1, of all, and of sizes that leave no remainder, or are usual. */
static void choose_sizes(struct epoch *epoch)
{
    static const size_t usual[] = {2, 4, 5, 8, 10, 16, 20, 32, 50, 64};
    const size_t n = epoch->batch->n;
    epoch->size[epoch->n_sizes++] = 1;
    if (n > 1)
        epoch->size[epoch->n_sizes++] = n;
    for (size_t k = 0; k < sizeof usual / sizeof *usual; k++)
        if (usual[k] < n)
            epoch->size[epoch->n_sizes++] = usual[k];
}

/* One epoch of the twin, in order. */
static void make_epoch(struct epoch *epoch, const struct bp_ops *ops, size_t size)
{
    struct bp_pass *pass = &epoch->pass;
    const struct bp_view *view = epoch->view;
    const size_t n = view->n_theta;
    memcpy(epoch->made, epoch->theta, n * sizeof *epoch->made);
    pass->ops = ops;
    pass->theta = epoch->made;
    pass->rate = view->subject->rate;
    for (size_t s = 0; s < epoch->batch->n; s += size) {
        const size_t here = s + size <= epoch->batch->n ? size : epoch->batch->n - s;
        bp_pass_forward(pass, here, epoch->batch->x + s * view->n_in);
        bp_pass_backward(pass, epoch->batch->t + s * view->n_out);
        bp_pass_update(pass, view->subject->rate);
        memcpy(epoch->made, pass->next, n * sizeof *epoch->made);
    }
}

/* How far the twin's epoch is off, beside what may be. */
static double off_by(const struct epoch *epoch)
{
    double off = 0.0;
    for (size_t k = 0; k < epoch->view->n_theta; k++) {
        const double here = fabs(epoch->made[k] - epoch->next[k]);
        if (!(here <= off))
            off = here;
    }
    return off / epoch->tol;
}

/* The subject's step at a point: the given one, or another. */
static enum bp_status ask(struct epoch *epoch, const double *theta)
{
    struct bp_view *view = epoch->view;
    double top = 1.0, moved = 0.0;
    memcpy(epoch->theta, theta, view->n_theta * sizeof *theta);
    bp_view_round(view, epoch->theta);
    const enum bp_status status = bp_view_step(view, epoch->theta, epoch->batch,
                                               view->subject->rate, epoch->next, epoch->error);
    for (size_t k = 0; status == BP_OK && k < view->n_theta; k++) {
        top = fmax(top, fabs(epoch->next[k]));
        moved = fmax(moved, fabs(epoch->next[k] - epoch->theta[k]));
    }
    /* each update rounds theta, and the next one starts from there */
    epoch->tol = 64.0 * view->epsilon * (double)(epoch->batch->n + 1) * (top + moved);
    return status;
}

/* Whether a table of stages makes the epoch, and in what batches. */
static bool makes_it(struct epoch *epoch, const struct bp_ops *ops, size_t *size)
{
    for (size_t k = 0; k < epoch->n_sizes; k++) {
        make_epoch(epoch, ops, epoch->size[k]);
        if (off_by(epoch) <= 1.0) {
            *size = epoch->size[k];
            return true;
        }
    }
    return false;
}

static bool affordable(const struct epoch *epoch)
{
    return (double)epoch->batch->n * (double)epoch->view->n_theta * (double)epoch->n_sizes <=
           WORK_MOST;
}

/* ---- what is said --------------------------------------------------------------------- */

static enum bp_status say_right(const struct epoch *epoch, size_t size,
                                struct bp_findings *findings)
{
    struct bp_finding *finding = bp_findings_add(findings, BP_LOOK_UPDATE, "epoch-is-right");
    if (finding == NULL)
        return BP_ENOMEM;
    finding->note = true;
    finding->certainty = BP_CERTAIN;
    finding->layer = 0;
    bp_finding_title(finding, "a step is one epoch in order, and the right one");
    bp_finding_because(finding,
                       "the described network, updated at rate %g after every %zu of %zu samples, "
                       "ends at the same parameters",
                       epoch->view->subject->rate, size, epoch->batch->n);
    return BP_OK;
}

static enum bp_status say_untested(const struct epoch *epoch, struct bp_findings *findings)
{
    struct bp_finding *finding = bp_findings_add(findings, BP_LOOK_UPDATE, "epoch-not-tested");
    if (finding == NULL)
        return BP_ENOMEM;
    finding->note = true;
    finding->layer = 0;
    bp_finding_title(finding,
                     "a step is several updates at a fixed rate: its gradient cannot be seen");
    bp_finding_because(finding,
                       "no order and size of batches that was tried makes the same epoch, "
                       "with the right network%s",
                       affordable(epoch) ? " or with one fault in it"
                                         : "; there are too many samples to try faults");
    bp_finding_help(finding, "attach a step of one update, or one whose rate can be chosen");
    return BP_OK;
}

static enum bp_status say_fault(const struct bp_hypothesis *h, size_t size,
                                struct bp_findings *findings)
{
    struct bp_finding *finding = bp_findings_add(findings, BP_LOOK_UPDATE, h->fault->name);
    if (finding == NULL)
        return BP_ENOMEM;
    finding->certainty = BP_LIKELY;
    finding->layer = h->layer == BP_ALL_LAYERS ? 0 : (int)h->layer;
    bp_finding_title(finding, "%s", h->fault->title);
    if (h->fault->variant != NULL)
        bp_finding_because(finding, "in this way: %s", h->fault->variant[h->variant]);
    bp_finding_because(
        finding,
        "a right network with this in it, updated after every %zu samples, makes the "
        "same epoch, here and at another point; without it, it does not",
        size);
    return BP_OK;
}

/* ---- faults ------------------------------------------------------------------------------ */

static void plant(struct epoch *epoch, const struct bp_hypothesis *h,
                  const struct bp_setting *setting)
{
    for (size_t l = 0; l <= epoch->view->twin.spec.layers; l++)
        epoch->ops[l] = *bp_ops_right();
    bp_fault_plant(h, setting, epoch->ops);
}

/* At another point too: drawn, the same every time. */
static enum bp_status confirm(struct epoch *epoch, size_t size, bool *holds)
{
    struct bp_rng rng;
    struct bp_view *view = epoch->view;
    double *other = epoch->view->twin.grad; /* free while nothing is checked */
    bp_rng_seed(&rng, 3);
    for (size_t k = 0; k < view->n_theta; k++)
        other[k] = 0.6 * bp_rng_normal(&rng);
    const enum bp_status status = ask(epoch, other);
    make_epoch(epoch, epoch->ops, size);
    *holds = status == BP_OK && off_by(epoch) <= 1.0;
    return status;
}

static enum bp_status try_faults(struct epoch *epoch, struct bp_findings *findings, bool *found)
{
    if (!affordable(epoch))
        return BP_OK;
    const struct bp_setting setting = {
        .net = &epoch->view->twin, .n = epoch->batch->n, .rate = epoch->view->subject->rate};
    struct bp_hypothesis *list;
    size_t n;
    enum bp_status status = bp_fault_hypotheses(&setting, false, &list, &n);
    if (status != BP_OK)
        return status;
    for (size_t k = 0; k < n && status == BP_OK && !*found; k++) {
        size_t size;
        plant(epoch, &list[k], &setting);
        if (list[k].fault->solved || !makes_it(epoch, epoch->ops, &size))
            continue;
        status = confirm(epoch, size, found);
        if (status == BP_OK && *found)
            status = say_fault(&list[k], size, findings);
    }
    bp_mem_free(list);
    return status;
}

/* ---- all ----------------------------------------------------------------------------------- */

static bool is_meant(const struct bp_view *view)
{
    const struct bp_subject *subject = view->subject;
    return subject->step != NULL && subject->gradient == NULL && view->described &&
           subject->step_kind == BP_STEP_EPOCH && subject->rate_kind == BP_RATE_FIXED &&
           !subject->shuffles && !subject->theta_fixed;
}

static enum bp_status open_epoch(struct epoch *epoch)
{
    const struct bp_mlp *twin = &epoch->view->twin;
    const size_t n = twin->n_theta;
    epoch->theta = bp_mem_new(3 * n, sizeof *epoch->theta);
    epoch->ops = bp_mem_new(twin->spec.layers + 1, sizeof *epoch->ops);
    if (epoch->theta == NULL || epoch->ops == NULL)
        return BP_ENOMEM;
    epoch->next = epoch->theta + n;
    epoch->made = epoch->next + n;
    choose_sizes(epoch);
    return bp_pass_init(&epoch->pass, twin, epoch->batch->n);
}

static enum bp_status look(struct epoch *epoch, const double *theta, struct bp_findings *findings)
{
    size_t size;
    enum bp_status status = ask(epoch, theta);
    if (status != BP_OK)
        return status;
    if (makes_it(epoch, epoch->view->twin.ops, &size))
        return say_right(epoch, size, findings);
    bool found = false;
    status = try_faults(epoch, findings, &found);
    return status != BP_OK || found ? status : say_untested(epoch, findings);
}

enum bp_status bp_epoch_run(struct bp_view *view, const double *theta, const struct bp_batch *batch,
                            struct bp_findings *findings, struct bp_error *error)
{
    if (!is_meant(view))
        return BP_OK;
    struct epoch epoch = {.view = view, .batch = batch, .error = error};
    enum bp_status status = open_epoch(&epoch);
    if (status == BP_OK)
        status = look(&epoch, theta, findings);
    bp_pass_release(&epoch.pass);
    bp_mem_free(epoch.ops);
    bp_mem_free(epoch.theta);
    return status == BP_ENOMEM ? bp_error_set(error, status, "epoch: out of memory") : status;
}
