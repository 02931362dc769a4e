/* checkup.c -- see checkup.h. */
#include "diag/checkup.h"

#include "core/init.h"
#include "core/mem.h"
#include "diag/attached.h"
#include "diag/columns.h"
#include "diag/diagnose.h"
#include "diag/faults/fault.h"
#include "diag/epoch.h"
#include "diag/gradreport.h"
#include "diag/outset.h"
#include "diag/owntrace.h"
#include "diag/report.h"
#include "diag/shard.h"
#include "diag/twocolumns.h"

#include <math.h>
#include <string.h>
#include <time.h>

enum { DRAWN_SAMPLES = 7 };

/* ---- where to look ------------------------------------------------------------------ */

/* Glorot weights and normal biases: every stage has something to do there. */
static void draw_theta(const struct bp_view *view, uint64_t seed, double *theta)
{
    struct bp_rng rng;
    bp_rng_seed(&rng, seed);
    if (!view->described) {
        for (size_t k = 0; k < view->n_theta; k++)
            theta[k] = 0.5 * bp_rng_normal(&rng);
    } else {
        const struct bp_fill glorot = {.scheme = BP_INIT_GLOROT};
        const struct bp_fill normal = {.scheme = BP_INIT_NORMAL, .sd = 0.5};
        for (size_t i = 0; i < view->twin.n_tensors; i++) {
            const struct bp_tensor *tensor = &view->twin.tensor[i];
            const double sd = tensor->role == BP_WEIGHTS
                                  ? bp_fill_sd(&glorot, tensor->cols, tensor->rows)
                                  : normal.sd;
            for (size_t k = 0; k < tensor->count; k++)
                theta[tensor->offset + k] = sd * bp_rng_normal(&rng);
        }
    }
    bp_view_round(view, theta);
}

/* Targets that suit the loss: one-hot for softmax, 0 or 1 for binary cross-entropy,
 * inside the output's range for squared error. */
static void draw_targets(const struct bp_view *view, struct bp_rng *rng, double *t)
{
    const size_t n_out = view->n_out;
    const struct bp_spec *spec = &view->twin.spec;
    for (size_t s = 0; s < DRAWN_SAMPLES; s++) {
        const size_t hot = bp_rng_below(rng, n_out);
        for (size_t k = 0; k < n_out; k++) {
            double *to = &t[s * n_out + k];
            if (view->described && (spec->loss == BP_SOFTMAX_CROSS_ENTROPY ||
                                    spec->layer[spec->layers].activation == BP_SOFTMAX))
                *to = k == hot ? 1.0 : 0.0;
            else if (view->described && spec->loss == BP_BINARY_CROSS_ENTROPY)
                *to = bp_rng_unit(rng) < 0.5 ? 0.0 : 1.0;
            else
                *to = bp_rng_uniform(rng, 0.1, 0.9);
        }
    }
}

static enum bp_status choose_data(struct bp_checkup *checkup, const struct bp_view *view,
                                  const struct bp_checkup_options *options, uint64_t seed)
{
    const struct bp_batch *given = options->batch != NULL ? options->batch : view->subject->data;
    checkup->n = given != NULL ? given->n : DRAWN_SAMPLES;
    checkup->x = bp_mem_new(checkup->n * view->n_in, sizeof(double));
    checkup->t = bp_mem_new(checkup->n * view->n_out, sizeof(double));
    if (checkup->x == NULL || checkup->t == NULL)
        return BP_ENOMEM;
    if (given != NULL) {
        memcpy(checkup->x, given->x, checkup->n * view->n_in * sizeof(double));
        memcpy(checkup->t, given->t, checkup->n * view->n_out * sizeof(double));
        return BP_OK;
    }
    struct bp_rng rng;
    bp_rng_seed(&rng, seed + 1);
    for (size_t k = 0; k < checkup->n * view->n_in; k++)
        checkup->x[k] = bp_rng_normal(&rng);
    draw_targets(view, &rng, checkup->t);
    bp_view_round_data(view, checkup->n * view->n_in, checkup->x);
    bp_view_round_data(view, checkup->n * view->n_out, checkup->t);
    return BP_OK;
}

static enum bp_status choose_point(struct bp_checkup *checkup, const struct bp_view *view,
                                   const struct bp_checkup_options *options, uint64_t seed)
{
    checkup->theta = bp_mem_new(view->n_theta, sizeof(double));
    if (checkup->theta == NULL)
        return BP_ENOMEM;
    if (options->theta != NULL)
        memcpy(checkup->theta, options->theta, view->n_theta * sizeof(double));
    else if (!bp_view_start(view, checkup->theta)) {
        draw_theta(view, seed, checkup->theta);
        checkup->drawn = true;
    }
    return BP_OK;
}

/* ---- the looks ------------------------------------------------------------------------- */

enum { BP_PATIENCE_S = 10, CALLS_A_PARAMETER = 6 };

/* Whether to try every parameter by the subject's own loss would take too long: by the
 * time that two calls take. A subject with a twin is not asked so often. */
static bool is_slow(const struct bp_checkup *checkup, struct bp_view *view)
{
    const struct bp_batch batch = {checkup->n, checkup->x, checkup->t};
    struct timespec began, ended;
    double loss;
    if (view->described || !view->can_lose)
        return false;
    clock_gettime(CLOCK_MONOTONIC, &began);
    for (int k = 0; k < 2; k++)
        if (bp_view_loss(view, checkup->theta, &batch, &loss, NULL) != BP_OK)
            return false;
    clock_gettime(CLOCK_MONOTONIC, &ended);
    const double call = 0.5 * ((double)(ended.tv_sec - began.tv_sec) +
                               1e-9 * (double)(ended.tv_nsec - began.tv_nsec));
    return call * CALLS_A_PARAMETER * (double)view->n_theta > BP_PATIENCE_S;
}

/* Wrong entries that no cause was named for are a finding of their own. */
static enum bp_status say_located(struct bp_checkup *checkup)
{
    char headline[BP_FINDING_LINE_MAX];
    if (!checkup->located || checkup->locate.outcome != BP_OUTCOME_DISAGREES ||
        bp_findings_count(&checkup->findings) > 0)
        return BP_OK;
    struct bp_finding *finding =
        bp_findings_add(&checkup->findings, BP_LOOK_GRADIENT, "unexplained-gradient");
    if (finding == NULL)
        return BP_ENOMEM;
    bp_locate_headline(&checkup->locate, headline, sizeof headline);
    finding->certainty = BP_CERTAIN;
    bp_finding_title(finding, "the gradient is wrong, and no known fault explains it");
    bp_finding_because(finding, "%s", headline);
    bp_finding_help(finding, "describe the network and its arrays: then causes can be named");
    return BP_OK;
}

static enum bp_status check_gradient(struct bp_checkup *checkup, struct bp_view *view,
                                     const struct bp_checkup_options *options, uint64_t seed,
                                     struct bp_error *error)
{
    const struct bp_batch batch = {checkup->n, checkup->x, checkup->t};
    struct bp_gradcheck_options how = {
        .numeric = {.tier = options->tier, .threads = options->threads},
        .rate = options->rate,
        .own_loss = options->own_loss};
    if (options->locate || (!options->own_loss && is_slow(checkup, view))) {
        const struct bp_locate_options few = {.seed = seed, .narrow = view->narrow};
        const enum bp_status found =
            bp_locate_view(&checkup->locate, view, checkup->theta, &batch, &few, error);
        checkup->located = found == BP_OK;
        return found;
    }
    if (options->shards > 0)
        bp_shard_range(options->shard, options->shards, view->n_theta, &how.numeric.first,
                       &how.numeric.count);
    enum bp_status status =
        bp_gradcheck_view(&checkup->check, view, checkup->theta, &batch, &how, error);
    if (status != BP_OK)
        return status;
    checkup->checked = true;
    if (checkup->check.outcome == BP_OUTCOME_DISAGREES ||
        bp_gradcheck_untested(&checkup->check) == 0 || checkup->drawn ||
        view->subject->theta_fixed || options->own_loss)
        return BP_OK;
    struct bp_gradcheck other;
    draw_theta(view, seed, checkup->theta);
    status = bp_gradcheck_view(&other, view, checkup->theta, &batch, &how, error);
    if (status != BP_OK)
        return status;
    bp_gradcheck_release(&checkup->check);
    checkup->check = other;
    checkup->drawn = true;
    return BP_OK;
}

static enum bp_status look_at_steps(struct bp_checkup *checkup, struct bp_view *view,
                                    struct bp_error *error)
{
    const struct bp_batch batch = {checkup->n, checkup->x, checkup->t};
    const enum bp_status status =
        bp_epoch_run(view, checkup->theta, &batch, &checkup->findings, error);
    return status != BP_OK ? status
                           : bp_stepper_run(view, checkup->theta, &batch, &checkup->stepper,
                                            &checkup->findings, error);
}

/* A step at a fixed rate that is known, for certain, to be the right one but for weights
 * that are used too early: its gradient says nothing more. */
static bool explained_by_step(const struct bp_checkup *checkup, const struct bp_view *view)
{
    return checkup->stepper.early && view->subject->gradient == NULL &&
           view->subject->rate_kind == BP_RATE_FIXED;
}

/* Several updates at a rate that cannot be made small are no gradient, where a fault has been
 * found to make the same epoch, or nothing stands out of what is not known. */
static bool is_no_gradient(const struct bp_checkup *checkup, const struct bp_view *view)
{
    if (view->subject->gradient != NULL || view->subject->step_kind != BP_STEP_EPOCH ||
        view->subject->rate_kind == BP_RATE_GIVEN)
        return false;
    for (size_t k = 0; k < checkup->findings.n; k++)
        if (checkup->findings.item[k].look == BP_LOOK_UPDATE && !checkup->findings.item[k].note)
            return true;
    return checkup->checked && bp_gradcheck_untested(&checkup->check) == checkup->check.n_tensors;
}

static enum bp_status diagnose(struct bp_checkup *checkup, struct bp_view *view,
                               const struct bp_checkup_options *options, uint64_t seed,
                               struct bp_error *error)
{
    const struct bp_batch batch = {checkup->n, checkup->x, checkup->t};
    struct bp_diagnose_options how = {
        .seed = seed, .theta = options->theta, .batch = options->batch, .rate = options->rate};
    how.forward_only = is_no_gradient(checkup, view);
    if (!view->described) { /* it draws no probes of its own then */
        how.theta = checkup->theta;
        how.batch = &batch;
    }
    const enum bp_status status = bp_diagnose_run(view, &how, &checkup->findings, error);
    return status == BP_OK ? bp_twocolumns_run(view, &how, &checkup->findings, error) : status;
}

/* What is shown in place of the gradient is a matter of what shows it, not of backprop. */
static void blame_the_check(struct bp_findings *findings)
{
    const struct bp_fault *fault = bp_fault_find("check-prints-weights");
    for (size_t k = 0; k < findings->n; k++) {
        struct bp_finding *finding = &findings->item[k];
        if (strcmp(finding->name, "weights-as-gradient") != 0)
            continue;
        snprintf(finding->name, sizeof finding->name, "%s", fault->name);
        bp_finding_title(finding, "%s", fault->title);
        bp_finding_help(finding, "%s", fault->help);
    }
}

static bool has_finding(const struct bp_findings *findings, const char *name)
{
    for (size_t k = 0; k < findings->n; k++)
        if (strcmp(findings->item[k].name, name) == 0)
            return true;
    return false;
}

/* The numbers of their own check, beside ours at the same place. */
static enum bp_status look_at_columns(struct bp_checkup *checkup, struct bp_view *view,
                                      const double *theirs, struct bp_error *error)
{
    const struct bp_batch batch = {checkup->n, checkup->x, checkup->t};
    double *numeric = bp_mem_new(2 * view->n_theta, sizeof *numeric);
    if (numeric == NULL)
        return BP_ENOMEM;
    struct bp_claim claim = {.g = numeric + view->n_theta};
    bp_view_from_own(view, theirs, numeric);
    memcpy(view->twin.theta, checkup->theta, view->n_theta * sizeof *view->twin.theta);
    enum bp_status status =
        view->subject->gradient == NULL
            ? BP_OK
            : bp_view_gradient(view, checkup->theta, &batch, 0.0, &claim, error);
    const struct bp_columns columns = {.net = &view->twin,
                                       .n = batch.n,
                                       .x = batch.x,
                                       .t = batch.t,
                                       .backprop = view->subject->gradient == NULL ? NULL : claim.g,
                                       .numeric = numeric};
    if (status == BP_OK)
        status = bp_columns_run(&columns, &checkup->findings, NULL);
    if (status == BP_OK && has_finding(&checkup->findings, "check-prints-weights"))
        blame_the_check(&checkup->findings);
    bp_mem_free(numeric);
    return status;
}

/* Whether two looks (the gradient, the steps) found the same; one may know no place. */
static bool are_twins(const struct bp_finding *a, const struct bp_finding *b)
{
    return strcmp(a->name, b->name) == 0 && a->look != b->look &&
           (a->layer <= 0 || b->layer <= 0 || a->layer == b->layer);
}

/* They become one finding: the place that is known, the evidence of both. */
static void merge_twins(struct bp_findings *findings)
{
    size_t kept = 0;
    for (size_t k = 0; k < findings->n; k++) {
        const struct bp_finding *later = &findings->item[k];
        struct bp_finding *twin = NULL;
        for (size_t i = 0; i < kept && twin == NULL; i++)
            if (are_twins(&findings->item[i], later))
                twin = &findings->item[i];
        if (twin == NULL) {
            findings->item[kept++] = *later;
            continue;
        }
        if (later->certainty > twin->certainty)
            twin->certainty = later->certainty;
        if (twin->layer <= 0) {
            twin->layer = later->layer;
            twin->neuron = later->neuron;
        }
        for (size_t i = 0; i < later->n_because; i++)
            bp_finding_because(twin, "%s", later->because[i]);
    }
    findings->n = kept;
}

static int find_finding(const struct bp_findings *findings, enum bp_look look, const char *name)
{
    for (size_t k = 0; k < findings->n; k++)
        if (findings->item[k].look == look && strcmp(findings->item[k].name, name) == 0)
            return (int)k;
    return -1;
}

/* A gradient that mixes samples does so because of a cause that is named, where one is;
 * outputs that mix samples are themselves the cause of what they do not agree with. */
static void order_mixing(struct bp_findings *findings)
{
    const int mixing = find_finding(findings, BP_LOOK_CONTRACT, "sample-depends-on-others");
    const int forward = find_finding(findings, BP_LOOK_FORWARD, "unexplained-predictions");
    if (mixing < 0)
        return;
    if (forward >= 0) {
        findings->item[forward].follows = mixing;
        return;
    }
    const int batch = find_finding(findings, BP_LOOK_FORWARD, "softmax-over-batch");
    if (batch >= 0) {
        findings->item[mixing].follows = batch;
        return;
    }
    for (size_t k = 0; k < findings->n; k++) {
        const struct bp_finding *cause = &findings->item[k];
        if (cause->look == BP_LOOK_GRADIENT && cause->certainty == BP_CERTAIN && !cause->note &&
            cause->follows < 0 && strncmp(cause->name, "unexplained", 11) != 0) {
            findings->item[mixing].follows = (int)k;
            return;
        }
    }
}

static bool has_own_data(const struct bp_view *view, const struct bp_checkup_options *options)
{
    return options->batch != NULL || view->subject->data != NULL;
}

static void draw_one_hot(struct bp_checkup *checkup, const struct bp_view *view)
{
    for (size_t k = 0; k < checkup->n * view->n_out; k++)
        checkup->t[k] = k % view->n_out == (k / view->n_out) % view->n_out ? 1.0 : 0.0;
}

/* A program that takes labels refuses targets that are not one-hot: it is asked again with
 * such. */
static enum bp_status attach_and_look(struct bp_checkup *checkup, struct bp_view *view,
                                      struct bp_error *error)
{
    const struct bp_batch batch = {checkup->n, checkup->x, checkup->t};
    const enum bp_status status = bp_attached_run(view, checkup->theta, &batch, error);
    return status != BP_OK ? status
                           : bp_contract_run(view, checkup->theta, &batch, &checkup->contract,
                                             &checkup->findings, error);
}

static enum bp_status look_at_calls(struct bp_checkup *checkup, struct bp_view *view,
                                    const struct bp_checkup_options *options,
                                    struct bp_error *error)
{
    const enum bp_status status = attach_and_look(checkup, view, error);
    if (status != BP_ESUBJECT || has_own_data(view, options) || view->n_out < 2 ||
        bp_findings_count(&checkup->findings) > 0)
        return status;
    draw_one_hot(checkup, view);
    bp_findings_release(&checkup->findings);
    return attach_and_look(checkup, view, error);
}

/* Of a step that tells only signs the sizes are no finding. Where every sign is the right
 * one, there is no other cause to look for. */
static bool signs_agree(const struct bp_checkup *checkup, const struct bp_view *view)
{
    const struct bp_gradcheck *check = &checkup->check;
    if (!view->signs || !checkup->checked)
        return false;
    for (size_t k = 0; k < check->n_theta; k++)
        if (check->verdict[k] == BP_DISAGREE && check->backprop[k] * check->numeric.value[k] < 0.0)
            return false;
    return true;
}

static void leave_sizes_out(struct bp_checkup *checkup)
{
    struct bp_findings *findings = &checkup->findings;
    for (size_t k = 0; k < findings->n; k++)
        if (strcmp(findings->item[k].name, "sign-like-step") == 0)
            bp_finding_because(&findings->item[k], "all of them are those of the right gradient");
    bp_gradcheck_release(&checkup->check);
    checkup->checked = false;
}

static bool is_unaccounted(const struct bp_checkup *checkup)
{
    return checkup->checked && checkup->check.outcome == BP_OUTCOME_DISAGREES &&
           checkup->findings.n == 0; /* a note may say why: decisions, an epoch */
}

/* Derivatives that disagree, and no cause at any probe: a program that takes the number of a
 * class makes something else of targets that are not one-hot. It is asked again with such;
 * what disagrees then too is said to be wrong. Not of epochs: how far their extrapolation is
 * off is not known. */
static enum bp_status settle(struct bp_checkup *checkup, struct bp_view *view,
                             const struct bp_checkup_options *options, uint64_t seed,
                             struct bp_error *error)
{
    const bool epoch = view->subject->gradient == NULL && view->subject->step_kind == BP_STEP_EPOCH;
    if (!is_unaccounted(checkup) || options->shards > 0 || epoch)
        return BP_OK;
    if (!has_own_data(view, options) && view->n_out > 1) {
        draw_one_hot(checkup, view);
        bp_gradcheck_release(&checkup->check);
        checkup->checked = false;
        const enum bp_status status = check_gradient(checkup, view, options, seed, error);
        if (status != BP_OK || !is_unaccounted(checkup))
            return status;
    }
    struct bp_finding *finding =
        bp_findings_add(&checkup->findings, BP_LOOK_GRADIENT, "unexplained-gradient");
    if (finding == NULL)
        return BP_ENOMEM;
    finding->certainty = BP_LIKELY;
    bp_finding_because(finding, "%zu of %zu derivatives disagree here; at drawn points none does",
                       checkup->check.verdicts[BP_DISAGREE], checkup->check.n_theta);
    return BP_OK;
}

static enum bp_status look(struct bp_checkup *checkup, struct bp_view *view,
                           const struct bp_checkup_options *options, uint64_t seed,
                           struct bp_error *error)
{
    const struct bp_batch batch = {checkup->n, checkup->x, checkup->t};
    if (options->shard > 1) /* the rest is shard 1's */
        return check_gradient(checkup, view, options, seed, error);
    enum bp_status status = look_at_calls(checkup, view, options, error);
    bp_contract_text(&checkup->contract, checkup->contract_text, sizeof checkup->contract_text);
    if (status != BP_OK || checkup->contract.random)
        return status;
    /* a step first: what it does beyond its gradient must be known to infer that */
    if (view->can_step && view->subject->gradient == NULL)
        status = look_at_steps(checkup, view, error);
    if (status == BP_OK)
        status = check_gradient(checkup, view, options, seed, error);
    const bool signs = status == BP_OK && signs_agree(checkup, view);
    if (signs)
        leave_sizes_out(checkup);
    if (status == BP_OK && !signs && !explained_by_step(checkup, view))
        status = diagnose(checkup, view, options, seed, error);
    if (status == BP_OK)
        status = settle(checkup, view, options, seed, error);
    if (status == BP_OK && options->numeric != NULL && view->described && !checkup->drawn)
        status = look_at_columns(checkup, view, options->numeric, error);
    if (status == BP_OK && view->can_step && view->subject->gradient != NULL)
        status = look_at_steps(checkup, view, error);
    if (status == BP_OK)
        merge_twins(&checkup->findings);
    if (status == BP_OK)
        status = say_located(checkup);
    if (status == BP_OK)
        order_mixing(&checkup->findings);
    if (status == BP_OK && checkup->checked && checkup->check.outcome == BP_OUTCOME_DISAGREES)
        status = bp_owntrace_run(view, checkup->theta, &batch, &checkup->findings, error);
    if (status == BP_OK)
        status = bp_outset_run(view, &batch, &checkup->findings);
    if (status == BP_OK && checkup->checked && checkup->check.outcome == BP_OUTCOME_AGREES)
        status = bp_outset_rate(view, &checkup->findings);
    return status;
}

enum bp_status bp_checkup_run(struct bp_checkup *checkup, struct bp_view *view,
                              const struct bp_checkup_options *options, struct bp_error *error)
{
    static const struct bp_checkup_options DEFAULTS = {0};
    *checkup = (struct bp_checkup){0};
    if (options == NULL)
        options = &DEFAULTS;
    const uint64_t seed = options->seed == 0 ? 20260101u : options->seed;
    enum bp_status status = choose_data(checkup, view, options, seed);
    if (status == BP_OK)
        status = choose_point(checkup, view, options, seed);
    if (status == BP_OK)
        status = look(checkup, view, options, seed, error);
    checkup->calls = view->calls;
    if (status == BP_ENOMEM)
        bp_error_set(error, status, "%s: out of memory", view->subject->name);
    if (status != BP_OK)
        bp_checkup_release(checkup);
    return status;
}

void bp_checkup_release(struct bp_checkup *checkup)
{
    if (checkup->checked)
        bp_gradcheck_release(&checkup->check);
    if (checkup->located)
        bp_locate_release(&checkup->locate);
    bp_findings_release(&checkup->findings);
    bp_mem_free(checkup->theta);
    bp_mem_free(checkup->x);
    bp_mem_free(checkup->t);
    *checkup = (struct bp_checkup){0};
}

/* ---- words ------------------------------------------------------------------------------- */

enum bp_status bp_checkup_text(FILE *out, const struct bp_checkup *checkup,
                               const struct bp_checkup_style *style)
{
    const struct bp_gradreport_style gradient = {.all = style->all, .colour = style->colour};
    bp_report_wrap(out, 0, "contract    ", checkup->contract_text);
    fputc('\n', out);
    if (checkup->located)
        bp_locate_text(out, &checkup->locate, style->colour);
    if (checkup->checked)
        bp_gradreport_brief(out, &checkup->check, &gradient);
    if (checkup->findings.n > 0) {
        fputc('\n', out);
        bp_report_text(out, &checkup->findings, style->colour);
    }
    if (checkup->checked) {
        const enum bp_status status = bp_gradreport_details(out, &checkup->check, &gradient);
        if (status != BP_OK)
            return status;
    }
    fputc('\n', out);
    bp_report_summary(out, style->name, &checkup->findings, style->colour);
    return BP_OK;
}
