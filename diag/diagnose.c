/* diagnose.c -- see diagnose.h. What is looked at is in diagnose_inquiry.c, what is
 * concluded in diagnose_match.c and diagnose_forward.c, what is said in
 * diagnose_words.c; here is the order of it. */
#include "diag/diagnose.h"

#include "core/mem.h"
#include "diag/diagnose_blackbox.h"
#include "diag/diagnose_words.h"

#include <math.h>

static bool has_zeros(const struct bp_predictor *p)
{
    for (size_t k = 0; k < p->n; k++)
        for (size_t l = 1; l <= p->net->spec.layers; l++)
            for (size_t j = 0; j < p->pass[k].n * p->net->spec.layer[l].width; j++)
                if (p->pass[k].z[l][j] == 0.0)
                    return true;
    return false;
}

/* At a probe drawn after the match, of which there may be none. */
static enum bp_status prove(struct bp_inquiry *q, struct bp_diagnosis *diagnosis,
                            const struct bp_ops *base, struct bp_error *error)
{
    struct bp_predictor fresh;
    enum bp_status status = bp_inquiry_fresh(q, error);
    if (status != BP_OK || q->fresh.n == 0)
        return status;
    status = bp_predictor_init(&fresh, q->net, base, &q->fresh, 1);
    if (status != BP_OK)
        return status;
    status = bp_diagnosis_prove(diagnosis, &fresh, &q->setting);
    bp_predictor_release(&fresh);
    return status;
}

/* What is left of several at a probe with large errors. */
static enum bp_status part(struct bp_inquiry *q, struct bp_diagnosis *diagnosis,
                           const struct bp_ops *base, struct bp_error *error)
{
    struct bp_predictor far;
    if (diagnosis->dictionary.n < 2)
        return BP_OK;
    enum bp_status status = bp_inquiry_far(q, error);
    if (status != BP_OK || q->fresh.n == 0)
        return status;
    status = bp_predictor_init(&far, q->net, base, &q->fresh, 1);
    if (status != BP_OK)
        return status;
    status = bp_diagnosis_part(diagnosis, &far, &q->setting);
    bp_predictor_release(&far);
    return status;
}

static enum bp_status match_and_say(struct bp_inquiry *q, const struct bp_forward *forward,
                                    const struct bp_diagnose_options *options,
                                    struct bp_findings *out, struct bp_error *error)
{
    struct bp_predictor p;
    struct bp_diagnosis diagnosis = {0};
    enum bp_status status = bp_predictor_init(&p, q->net, forward->base, q->probe, q->n);
    if (status != BP_OK)
        return status;
    q->setting.zeros = has_zeros(&p);
    const struct bp_match_options how = {.single_only = options->single_only};
    diagnosis.finite = diagnosis.healthy = options->forward_only;
    if (!options->forward_only)
        status = bp_diagnosis_match(&diagnosis, &p, &q->setting, &how);
    if (status == BP_OK && diagnosis.finite && !diagnosis.healthy)
        status = prove(q, &diagnosis, forward->base, error);
    if (status == BP_OK)
        status = part(q, &diagnosis, forward->base, error);
    const struct bp_account account = {
        .inquiry = q, .p = &p, .diagnosis = &diagnosis, .forward = forward};
    if (status == BP_OK)
        status = bp_say_forward(&account, out);
    if (status == BP_OK && !diagnosis.finite)
        status = bp_say_not_finite(&account, out);
    else if (status == BP_OK && !options->forward_only && bp_forward_is_known(forward))
        status = bp_say_diagnosis(&account, out);
    bp_diagnosis_release(&diagnosis);
    bp_predictor_release(&p);
    return status;
}

static enum bp_status look(struct bp_inquiry *q, const struct bp_diagnose_options *options,
                           struct bp_findings *out, struct bp_error *error)
{
    struct bp_forward forward;
    struct bp_layout_fit layout = {0};
    bool right = true;
    enum bp_status status = bp_forward_look(&forward, q);
    if (status == BP_OK)
        status = bp_forward_makes_right(q, q->net->ops, &right);
    if (status == BP_OK && !(forward.agrees && right) && q->view->subject->arrays != NULL)
        status = bp_layout_look(&layout, q);
    if (status == BP_OK && layout.found)
        status = bp_say_layout(&layout, forward.distance, out);
    else if (status == BP_OK)
        status = match_and_say(q, &forward, options, out, error);
    bp_forward_release(&forward);
    return status;
}

/* Steps that never move: whatever makes the gradient zero, and a step that is left out, are
 * the same then. */
static void doubt_zero(const struct bp_inquiry *q, struct bp_findings *out, size_t before)
{
    if (q->view->subject->gradient != NULL)
        return;
    for (size_t k = 0; k < q->n; k++)
        for (size_t i = 0; i < q->net->n_theta; i++)
            if (q->probe[k].g[i] != 0.0)
                return;
    for (size_t k = before; k < out->n; k++)
        if (!out->item[k].note && out->item[k].look == BP_LOOK_GRADIENT)
            out->item[k].certainty = BP_POSSIBLE;
}

enum bp_status bp_diagnose_run(struct bp_view *view, const struct bp_diagnose_options *options,
                               struct bp_findings *out, struct bp_error *error)
{
    static const struct bp_diagnose_options DEFAULT = {0};
    if (options == NULL)
        options = &DEFAULT;
    if (!view->can_differ && !view->can_step)
        return bp_error_set(error, BP_EUNSUPPORTED,
                            "diagnose: the subject has neither a gradient nor a step");
    if (!view->described)
        return bp_blackbox_look(view, options, out, error);
    struct bp_inquiry inquiry;
    enum bp_status status = bp_inquiry_init(&inquiry, view, options, error);
    if (status != BP_OK)
        return status;
    const size_t before = out->n;
    status = inquiry.steady ? look(&inquiry, options, out, error) : bp_say_unsteady(out);
    if (status == BP_OK)
        doubt_zero(&inquiry, out, before);
    bp_inquiry_release(&inquiry);
    return status;
}

enum bp_status bp_diagnose_net(struct bp_mlp *net, const struct bp_diagnose_options *options,
                               struct bp_findings *out, struct bp_error *error)
{
    struct bp_core_subject core;
    struct bp_view view;
    const bool has_batch = options != NULL && options->batch != NULL;
    const size_t capacity = has_batch && options->batch->n > 16 ? options->batch->n : 16;
    enum bp_status status = bp_core_subject_init(&core, net, capacity);
    if (status != BP_OK)
        return status;
    status = bp_view_open(&view, &core.subject, error);
    if (status == BP_OK) {
        status = bp_diagnose_run(&view, options, out, error);
        bp_view_close(&view);
    }
    bp_core_subject_release(&core);
    return status;
}
