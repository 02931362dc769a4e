/* diagnose_remarks.c -- the words for what is found before any matching: numbers
 * that are not finite, calls that differ, predictions that do. */
#include "diag/diagnose_words.h"

#include "core/fmath.h"
#include "core/mem.h"

#include <math.h>
#include <stdio.h>

enum bp_status bp_say_unsteady(struct bp_findings *out)
{
    struct bp_finding *finding = bp_findings_add(out, BP_LOOK_GRADIENT, "gradient-not-matched");
    if (finding == NULL)
        return BP_ENOMEM;
    finding->note = true;
    bp_finding_title(finding,
                     "two equal calls gave different gradients: there is nothing to match");
    return BP_OK;
}

enum bp_status bp_say_not_finite(const struct bp_account *account, struct bp_findings *out)
{
    const struct bp_diagnosis *diagnosis = account->diagnosis;
    const struct bp_mlp *net = account->inquiry->net;
    const struct bp_probe *probe = &account->inquiry->probe[diagnosis->bad_probe];
    const struct bp_fault *fault = bp_fault_find("gradient-not-finite");
    struct bp_finding *finding = bp_findings_add(out, BP_LOOK_GRADIENT, "gradient-not-finite");
    char name[BP_NAME_MAX];
    if (finding == NULL)
        return BP_ENOMEM;
    bp_mlp_name(net, diagnosis->bad_at, name);
    finding->certainty = BP_CERTAIN;
    finding->layer = (int)bp_mlp_tensor_of(net, diagnosis->bad_at)->layer;
    bp_finding_title(finding, "%s", fault->title);
    bp_finding_because(finding, "%s is %f, the first of them, with a batch of %zu", name,
                       probe->g[diagnosis->bad_at], probe->n);
    bp_finding_help(finding, "%s", fault->help);
    return BP_OK;
}

enum bp_status bp_say_layout(const struct bp_layout_fit *fit, double distance,
                             struct bp_findings *out)
{
    struct bp_finding *finding = bp_findings_add(out, BP_LOOK_FORWARD, "layout-described-wrongly");
    if (finding == NULL)
        return BP_ENOMEM;
    finding->certainty = BP_CERTAIN;
    finding->layer = fit->arrays == 1 ? (int)fit->layer : 0;
    bp_finding_title(finding, "the parameters lie in another order than the description says");
    bp_finding_because(finding, "layer %zu: described as %s, fits as %s%s", fit->layer,
                       fit->described, fit->fits,
                       fit->arrays > 1 ? "; the other arrays likewise" : "");
    bp_finding_because(finding,
                       "as described, predictions are off by up to %.3g; read the other "
                       "way, predictions and gradient are right",
                       distance);
    bp_finding_help(finding, "describe %s as %s", fit->arrays > 1 ? "the arrays" : "this array",
                    fit->fits);
    return BP_OK;
}

static enum bp_status say_forward_fault(const struct bp_account *account, size_t i,
                                        struct bp_findings *out)
{
    const struct bp_forward *forward = account->forward;
    const struct bp_hypothesis *h = &forward->h[i];
    struct bp_finding *finding = bp_findings_add(out, BP_LOOK_FORWARD, h->fault->name);
    if (finding == NULL)
        return BP_ENOMEM;
    finding->certainty = forward->n_same == 0 ? BP_CERTAIN : BP_LIKELY;
    finding->layer = h->layer == BP_ALL_LAYERS || h->layer == BP_HIDDEN_LAYERS ? 0 : (int)h->layer;
    bp_finding_title(finding, "%s", h->fault->title);
    if (h->fault->variants > 1 && h->fault->variant != NULL)
        bp_finding_because(finding, "in this way: %s", h->fault->variant[h->variant]);
    bp_finding_because(finding,
                       "predictions are off by up to %.3g from those of the described network; "
                       "with this in it they are the same at %zu probes",
                       forward->distance, account->inquiry->n);
    if (account->diagnosis != NULL && account->diagnosis->healthy)
        bp_finding_because(finding, "with that in place the gradient is right too");
    for (size_t k = 0; k < forward->n_same && forward->n == 1; k++) {
        char text[BP_HYPOTHESIS_TEXT_MAX];
        bp_say_hypothesis(&forward->same[k], account->inquiry->net->spec.layers, text, sizeof text);
        bp_finding_because(finding, "cannot be told from: %s", text);
    }
    bp_say_help(finding, h);
    return BP_OK;
}

/* 2.71828 for e is k = log(2.71828). */
static void say_scaled(const struct bp_forward_fit *fit, struct bp_finding *finding)
{
    const double k = fit->value[1];
    if (fit->scaled_output)
        bp_finding_because(finding, "with %.7g f(%.7g z) for f(z) in every layer they are the same",
                           fit->value[0], k);
    else
        bp_finding_because(finding,
                           "with f(%.10g z) for f(z) in every layer they are the same: exp(z) is "
                           "%.8g to the power of z there",
                           k, bp_exp(k));
    finding->note = !fit->scaled_output && fabs(k - 1.0) < 1e-4;
    if (fit->bare)
        bp_finding_because(finding, "its derivative is taken without the factor %.7g",
                           fit->value[0] * k);
}

static void say_constants(const struct bp_account *account, const struct bp_forward_fit *fit,
                          struct bp_finding *finding)
{
    const struct bp_mlp *net = account->inquiry->net;
    finding->note = true;
    for (size_t l = 1; l <= net->spec.layers; l++) {
        const double *c = fit->constant + net->unit[l];
        double low = c[0], high = c[0];
        for (size_t i = 1; i < net->spec.layer[l].width; i++) {
            low = fmin(low, c[i]);
            high = fmax(high, c[i]);
        }
        if (low == high)
            bp_finding_because(finding, "layer %zu adds %.7g: with that predictions are the same",
                               l, low);
        else
            bp_finding_because(finding,
                               "layer %zu adds %.4g to %.4g: with those predictions are the same",
                               l, low, high);
    }
}

/* Numbers that are in no description. */
static enum bp_status say_fit(const struct bp_account *account, const struct bp_forward_fit *fit,
                              struct bp_findings *out)
{
    const char *name = fit->kind == BP_NUMBER_SCALED     ? "activation-scaled"
                       : fit->kind == BP_NUMBER_CONSTANT ? "fixed-biases"
                                                         : "predictions-are-decisions";
    const struct bp_fault *fault = bp_fault_find(name);
    struct bp_finding *finding = bp_findings_add(out, BP_LOOK_FORWARD, name);
    if (finding == NULL)
        return BP_ENOMEM;
    finding->certainty = BP_CERTAIN;
    finding->layer = 0;
    bp_finding_title(finding, "%s", fault->title);
    bp_finding_because(finding,
                       "predictions are off by up to %.3g from those of the described network",
                       account->forward->distance);
    if (fit->kind == BP_NUMBER_SCALED) {
        say_scaled(fit, finding);
    } else if (fit->kind == BP_NUMBER_CONSTANT) {
        say_constants(account, fit, finding);
    } else {
        finding->note = true;
        bp_finding_because(finding, "each is what its output makes by one rule: %s", fit->decision);
    }
    if (account->diagnosis != NULL && account->diagnosis->healthy)
        bp_finding_because(finding, "with that in place the gradient is right too");
    bp_finding_help(finding, "%s", fault->help);
    return BP_OK;
}

enum bp_status bp_say_forward(const struct bp_account *account, struct bp_findings *out)
{
    const struct bp_forward *forward = account->forward;
    enum bp_status status = BP_OK;
    if (forward->agrees)
        return BP_OK;
    for (size_t i = 0; i < forward->n && status == BP_OK; i++)
        status = say_forward_fault(account, i, out);
    if (forward->n > 0 || status != BP_OK)
        return status;
    if (bp_forward_is_known(forward))
        return say_fit(account, &forward->fit, out);
    struct bp_finding *finding = bp_findings_add(out, BP_LOOK_FORWARD, "unexplained-predictions");
    if (finding == NULL)
        return BP_ENOMEM;
    finding->certainty = BP_CERTAIN;
    bp_finding_title(finding, "the program does not predict what the described network does");
    bp_finding_because(finding, "predictions are off by up to %.3g", forward->distance);
    bp_finding_because(finding, "ruled out: biases left out or subtracted, W transposed, another "
                                "activation, one or two of them; another layout");
    if (account->diagnosis != NULL && account->diagnosis->healthy)
        bp_finding_because(finding, "yet the gradient is that of the described network");
    if (forward->fit.kind == BP_NUMBER_STEPS) {
        bp_finding_because(finding, "parameters that move by 1e-9 of themselves move no output: a "
                                    "table of values, or a rounding, stands for the activation");
        bp_finding_help(finding, "for the check, compute the activation itself");
    } else {
        bp_finding_help(finding,
                        "check the description, then the forward pass by hand on one sample");
    }
    return BP_OK;
}
