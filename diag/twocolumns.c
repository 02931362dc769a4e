/* twocolumns.c -- see twocolumns.h. */
#include "diag/twocolumns.h"

#include "diag/faults/fault.h"

#include <stdio.h>
#include <string.h>

static struct bp_finding *find(struct bp_findings *findings, const char *name)
{
    for (size_t k = 0; k < findings->n; k++)
        if (strcmp(findings->item[k].name, name) == 0)
            return &findings->item[k];
    return NULL;
}

/* Faults that leave the direction right: the stages are right, a constant is not. */
static bool is_scale(const char *name)
{
    static const char *const SCALE[] = {
        "batch-mean-missing",    "batch-mean-extra",   "factor-two",     "factor-half",
        "multiplied-by-outputs", "divided-by-outputs", "constant-factor"};
    for (size_t k = 0; k < sizeof SCALE / sizeof *SCALE; k++)
        if (strcmp(name, SCALE[k]) == 0)
            return true;
    return false;
}

/* What the steps show is nothing, or one constant factor. */
static bool steps_are_right(const struct bp_findings *steps, const struct bp_finding **scale)
{
    *scale = NULL;
    for (size_t k = 0; k < steps->n; k++) {
        if (steps->item[k].note)
            continue;
        if (*scale != NULL || !is_scale(steps->item[k].name))
            return false;
        *scale = &steps->item[k];
    }
    return true;
}

static void rename_finding(struct bp_finding *finding, const char *name)
{
    const struct bp_fault *fault = bp_fault_find(name);
    snprintf(finding->name, sizeof finding->name, "%s", name);
    finding->look = BP_LOOK_CHECK;
    if (fault != NULL) {
        bp_finding_title(finding, "%s", fault->title);
        bp_finding_help(finding, "%s", fault->help);
    }
}

static enum bp_status add_scale(struct bp_findings *findings, const struct bp_finding *scale)
{
    struct bp_finding *added = bp_findings_add(findings, BP_LOOK_CHECK, "check-on-other-scale");
    if (added == NULL)
        return BP_ENOMEM;
    added->certainty = scale->certainty;
    added->number = scale->number;
    rename_finding(added, "check-on-other-scale");
    bp_finding_because(added, "the steps are %s: %s", scale->name, scale->title);
    for (size_t k = 0; k < scale->n_because; k++)
        bp_finding_because(added, "%s", scale->because[k]);
    return BP_OK;
}

static enum bp_status compare(struct bp_findings *findings, const struct bp_findings *steps)
{
    const struct bp_finding *scale;
    struct bp_finding *shown = find(findings, "weights-as-gradient");
    if (!steps_are_right(steps, &scale) || shown == NULL)
        return BP_OK;
    rename_finding(shown, "check-prints-weights");
    bp_finding_because(shown, "the steps it takes are along the right gradient: backprop is right");
    return scale == NULL ? BP_OK : add_scale(findings, scale);
}

enum bp_status bp_twocolumns_run(struct bp_view *view, const struct bp_diagnose_options *options,
                                 struct bp_findings *findings, struct bp_error *error)
{
    if (view->subject->gradient == NULL || view->subject->step == NULL ||
        bp_findings_count(findings) == 0)
        return BP_OK;
    struct bp_subject steps_only = *view->subject;
    struct bp_findings steps = {0};
    struct bp_view other;
    steps_only.gradient = NULL;
    enum bp_status status = bp_view_open(&other, &steps_only, error);
    if (status != BP_OK)
        return status;
    status = bp_diagnose_run(&other, options, &steps, error);
    view->calls += other.calls;
    bp_view_close(&other);
    if (status == BP_OK)
        status = compare(findings, &steps);
    bp_findings_release(&steps);
    return status;
}
