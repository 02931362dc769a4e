/* contract.c -- see contract.h. Repeats are in contract_repeat.c, samples and batches in
 * contract_batch.c. */
#include "diag/contract.h"

#include "core/mem.h"
#include "diag/contract_look.h"
#include "diag/faults/fault.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- shared ------------------------------------------------------------------ */

double bp_look_largest(const double *numbers, size_t n)
{
    double top = 0.0;
    for (size_t k = 0; k < n; k++)
        top = fmax(top, fabs(numbers[k]));
    return top;
}

enum bp_status bp_look_gradient(struct bp_look_at *look, const struct bp_batch *batch, double *g)
{
    struct bp_view *view = look->view;
    look->precision = view->epsilon;
    if (view->subject->gradient != NULL)
        return bp_view_own_gradient(view, look->theta, batch, g, look->error);
    struct bp_claim claim = {.g = g};
    const enum bp_status status =
        bp_view_gradient(view, look->theta, batch, 0.0, &claim, look->error);
    look->precision = claim.precision;
    return status;
}

struct bp_finding *bp_look_add(struct bp_look_at *look, const char *name)
{
    struct bp_finding *finding = bp_findings_add(look->findings, BP_LOOK_CONTRACT, name);
    const struct bp_fault *fault = bp_fault_find(name);
    if (finding == NULL)
        return NULL;
    finding->certainty = BP_CERTAIN; /* most of it is seen bit for bit */
    if (fault != NULL) {
        bp_finding_title(finding, "%s", fault->title);
        bp_finding_help(finding, "%s", fault->help);
    }
    return finding;
}

/* Written so that a NaN on one side only differs. */
static bool differ(double a, double b, double tol)
{
    return !(fabs(a - b) <= tol) && memcmp(&a, &b, sizeof a) != 0 && !(isnan(a) && isnan(b));
}

size_t bp_look_place(struct bp_look_at *look, struct bp_finding *finding, const double *a,
                     const double *b, double tol, char first[BP_NAME_MAX])
{
    const struct bp_view *view = look->view;
    size_t n = 0;
    int layer = BP_FINDING_NOWHERE;
    for (size_t k = 0; k < view->n_theta; k++) {
        if (!differ(a[k], b[k], tol))
            continue;
        if (n++ == 0)
            bp_view_name(view, k, first);
        if (!view->described)
            continue;
        const int here = (int)bp_mlp_tensor_of(&view->twin, k)->layer;
        layer = n == 1 || layer == here ? here : 0;
    }
    finding->layer = layer;
    return n;
}

/* ---- finite ------------------------------------------------------------------- */

static size_t first_not_finite(const double *numbers, size_t n)
{
    size_t k = 0;
    while (k < n && isfinite(numbers[k]))
        k++;
    return k;
}

static enum bp_status look_finite(struct bp_look_at *look)
{
    const struct bp_view *view = look->view;
    const size_t n = first_not_finite(look->g[0], view->n_theta);
    if (n == view->n_theta)
        return BP_OK;
    struct bp_finding *finding = bp_look_add(look, "gradient-not-finite");
    if (finding == NULL)
        return BP_ENOMEM;
    size_t bad = 0;
    for (size_t k = 0; k < view->n_theta; k++)
        bad += isfinite(look->g[0][k]) ? 0 : 1;
    char name[BP_NAME_MAX];
    bp_view_name(view, n, name);
    bp_finding_because(finding, "%zu of %zu entries; the first is %s: %g", bad, view->n_theta, name,
                       look->g[0][n]);
    return BP_OK;
}

static enum bp_status look_finite_outputs(struct bp_look_at *look)
{
    const struct bp_view *view = look->view;
    const size_t count = look->batch->n * view->n_out;
    const size_t n = first_not_finite(look->y[0], count);
    if (!view->can_predict || n == count)
        return BP_OK;
    struct bp_finding *finding = bp_look_add(look, "output-not-finite");
    if (finding == NULL)
        return BP_ENOMEM;
    bp_finding_title(finding, "an output is not a number");
    bp_finding_help(finding, "find where the forward pass overflows, or leaves an output unset");
    bp_finding_because(finding, "output %zu of sample %zu is %g", n % view->n_out, n / view->n_out,
                       look->y[0][n]);
    return BP_OK;
}

/* ---- theta --------------------------------------------------------------------- */

static enum bp_status changed(struct bp_look_at *look, const char *call)
{
    struct bp_view *view = look->view;
    if (view->changed == 0)
        return BP_OK;
    look->contract->leaves_theta = false;
    struct bp_finding *finding = bp_look_add(look, "theta-changed-by-gradient");
    if (finding == NULL)
        return BP_ENOMEM;
    if (strcmp(call, "gradient") != 0) {
        bp_finding_title(finding, "computing the %s changes the parameters",
                         strcmp(call, "loss") == 0 ? "loss" : "outputs");
        bp_finding_help(finding, "make no update inside %s(); put back what was perturbed", call);
    }
    char name[BP_NAME_MAX];
    bp_view_name(view, view->changed_at, name);
    bp_finding_because(finding, "after one %s(), %zu of %zu parameters are not what they were",
                       call, view->changed, view->n_theta);
    double *now = look->g[1];
    bp_view_now(view, now);
    bp_finding_because(finding, "%s was %.17g, and is %.17g", name, look->theta[view->changed_at],
                       now[view->changed_at]);
    view->changed = 0;
    return BP_OK;
}

static enum bp_status say_loss_not_finite(struct bp_look_at *look, double loss)
{
    struct bp_finding *finding = bp_look_add(look, "loss-not-finite");
    if (finding == NULL)
        return BP_ENOMEM;
    bp_finding_title(finding, "the loss is not a number");
    bp_finding_help(finding, "find which sample makes it so: a logarithm of 0, or an overflow");
    bp_finding_because(finding, "loss() says %g of %zu samples", loss, look->batch->n);
    return BP_OK;
}

static enum bp_status look_theta(struct bp_look_at *look)
{
    struct bp_view *view = look->view;
    double loss;
    enum bp_status status = BP_OK;
    view->watch = true;
    if (view->can_predict)
        status = bp_view_predict(view, look->theta, look->batch, look->y[0], look->error);
    if (status == BP_OK)
        status = changed(look, "predict");
    if (status == BP_OK && view->subject->loss != NULL) {
        status = bp_view_loss(view, look->theta, look->batch, &loss, look->error);
        if (status == BP_OK)
            status = changed(look, "loss");
        if (status == BP_OK && !isfinite(loss))
            status = say_loss_not_finite(look, loss);
    }
    if (status == BP_OK && view->subject->gradient != NULL) {
        status = bp_look_gradient(look, look->batch, look->g[0]);
        if (status == BP_OK)
            status = changed(look, "gradient");
    }
    view->watch = false;
    look->contract->looked_theta = true;
    return status;
}

/* ---- writes --------------------------------------------------------------------- */

static enum bp_status filled(struct bp_look_at *look, double fill, double *g)
{
    look->view->fill = fill;
    const enum bp_status status = bp_look_gradient(look, look->batch, g);
    look->view->fill = 0.0;
    return status;
}

static enum bp_status say_forgotten(struct bp_look_at *look, const double *nans,
                                    const double *zeros)
{
    struct bp_finding *finding = bp_look_add(look, "gradient-entry-forgotten");
    if (finding == NULL)
        return BP_ENOMEM;
    char first[BP_NAME_MAX];
    const size_t n = bp_look_place(look, finding, nans, zeros, INFINITY, first);
    bp_finding_because(finding,
                       "%zu of %zu entries keep the NaN that was put there before the call; the "
                       "first is %s",
                       n, look->view->n_theta, first);
    return BP_OK;
}

static enum bp_status say_added(struct bp_look_at *look, const double *ones, const double *zeros,
                                double tol)
{
    struct bp_finding *finding = bp_look_add(look, "accumulator-not-reset");
    if (finding == NULL)
        return BP_ENOMEM;
    char first[BP_NAME_MAX];
    const size_t n = bp_look_place(look, finding, ones, zeros, tol, first);
    bp_finding_because(finding,
                       "with ones in the gradient's arrays before the call, %zu of %zu entries are "
                       "1 larger; the first is %s",
                       n, look->view->n_theta, first);
    return BP_OK;
}

/* What a declared regulariser adds to an entry that nothing else was written to. */
static double decay_of(const struct bp_look_at *look, size_t k)
{
    const struct bp_view *view = look->view;
    if (!view->described || bp_mlp_tensor_of(&view->twin, k)->role != BP_WEIGHTS)
        return 0.0;
    return 0.0 + view->twin.spec.l2 * look->theta[k];
}

/* Filled with 0, 1 and NaN: an entry that is NaN was not written (it is 0, or what L2 adds, and is
 * not, as the fill is), or was added to (1 makes it 1 larger). */
static enum bp_status look_writes(struct bp_look_at *look)
{
    const size_t n = look->view->n_theta;
    double *zeros = look->g[0], *ones = look->g[1], *nans = look->g[2];
    if (look->view->subject->gradient == NULL)
        return BP_OK;
    enum bp_status status = filled(look, 0.0, zeros);
    if (status == BP_OK)
        status = filled(look, 1.0, ones);
    if (status == BP_OK)
        status = filled(look, NAN, nans);
    if (status != BP_OK)
        return status;
    look->contract->looked_writes = true;
    const double tol = 1e-6 + 64.0 * look->view->epsilon * bp_look_largest(zeros, n);
    size_t added = 0, forgotten = 0;
    for (size_t k = 0; k < n; k++) {
        const bool kept = isnan(nans[k]) && !isnan(zeros[k]);
        const bool unwritten = kept && zeros[k] == decay_of(look, k) && ones[k] != zeros[k];
        forgotten += unwritten ? 1 : 0;
        added += kept && !unwritten && fabs(ones[k] - zeros[k] - 1.0) <= tol ? 1 : 0;
        if (!unwritten)
            nans[k] = zeros[k]; /* for say_forgotten() */
    }
    look->contract->writes_all = forgotten == 0 || added > 0;
    if (added > 0) /* then an entry that is 0 was added to as well */
        return look->adds ? BP_OK : say_added(look, ones, zeros, 0.5);
    return forgotten > 0 ? say_forgotten(look, nans, zeros) : BP_OK;
}

/* ---- all ------------------------------------------------------------------------- */

static enum bp_status open_look(struct bp_look_at *look)
{
    const size_t n = look->view->n_theta;
    const size_t outputs = look->batch->n * look->view->n_out;
    double *block = bp_mem_new((BP_LOOK_GRADIENTS + 1) * n + 2 * outputs, sizeof *block);
    if (block == NULL)
        return BP_ENOMEM;
    double *theta = block + BP_LOOK_GRADIENTS * n + 2 * outputs;
    memcpy(theta, look->theta, n * sizeof *theta);
    bp_view_round(look->view, theta);
    look->theta = theta;
    for (size_t k = 0; k < BP_LOOK_GRADIENTS; k++)
        look->g[k] = block + k * n;
    look->y[0] = block + BP_LOOK_GRADIENTS * n;
    look->y[1] = look->y[0] + outputs;
    return BP_OK;
}

/* Where gradients are added to what the subject keeps to itself, nothing that needs
 * two of them can be looked at. */
static enum bp_status adds_for_good(struct bp_look_at *look, bool *adds)
{
    *adds = look->adds;
    if (!look->adds || look->view->subject->gradient == NULL)
        return BP_OK;
    enum bp_status status = bp_look_gradient(look, look->batch, look->g[0]);
    if (status == BP_OK)
        status = bp_look_gradient(look, look->batch, look->g[1]);
    *adds = memcmp(look->g[0], look->g[1], look->view->n_theta * sizeof(double)) != 0;
    return status;
}

static enum bp_status look_at_all(struct bp_look_at *look)
{
    /* cppcheck-suppress uninitvar ; a table of functions, initialised here */
    enum bp_status (*const parts[])(struct bp_look_at *) = {look_theta, look_finite_outputs,
                                                            bp_look_repeats, look_writes};
    for (size_t k = 0; k < sizeof parts / sizeof *parts; k++) {
        const enum bp_status status = parts[k](look);
        if (status != BP_OK)
            return status;
        if (look->contract->random)
            return BP_OK;
    }
    bool adds;
    enum bp_status status = adds_for_good(look, &adds);
    if (status != BP_OK || adds)
        return status;
    if (look->view->can_differ) {
        status = bp_look_gradient(look, look->batch, look->g[0]);
        if (status == BP_OK)
            status = look_finite(look);
        if (status != BP_OK)
            return status;
    }
    return bp_look_samples(look);
}

enum bp_status bp_contract_run(struct bp_view *view, const double *theta,
                               const struct bp_batch *batch, struct bp_contract *contract,
                               struct bp_findings *findings, struct bp_error *error)
{
    *contract = (struct bp_contract){
        .velocity = NAN, .leaves_theta = true, .writes_all = true, .samples_apart = true};
    struct bp_look_at look = {.view = view,
                              .theta = theta,
                              .batch = batch,
                              .contract = contract,
                              .findings = findings,
                              .error = error};
    const size_t before = view->calls;
    enum bp_status status = open_look(&look);
    if (status == BP_OK)
        status = look_at_all(&look);
    bp_mem_free(look.g[0]);
    contract->calls = view->calls - before;
    return status == BP_ENOMEM ? bp_error_set(error, status, "contract: out of memory") : status;
}

static void say(char *text, size_t size, const char *words)
{
    const size_t used = strlen(text);
    snprintf(text + used, size - used, "%s%s", used == 0 ? "" : ", ", words);
}

void bp_contract_text(const struct bp_contract *contract, char *text, size_t size)
{
    static const char *const reduces[] = {"", "a batch is the mean", "a batch is the sum",
                                          "a batch is neither mean nor sum"};
    text[0] = '\0';
    if (contract->looked_repeats)
        say(text, size,
            contract->repeats  ? "calls repeat bit for bit"
            : contract->rounds ? "calls repeat, but for rounding"
                               : "calls do not repeat");
    if (contract->looked_theta)
        say(text, size, contract->leaves_theta ? "theta is left alone" : "theta is changed");
    if (contract->looked_writes)
        say(text, size, contract->writes_all ? "every entry is written" : "not all is written");
    if (contract->looked_samples)
        say(text, size, contract->samples_apart ? "samples are apart" : "samples mix");
    if (contract->gradient != BP_REDUCES_UNKNOWN)
        say(text, size, reduces[contract->gradient]);
    const size_t used = strlen(text);
    snprintf(text + used, size - used, " (%zu calls)", contract->calls);
}
