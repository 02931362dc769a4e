/* diagnose_layout.c -- is the layout of the parameters described wrongly? See
 * diagnose_forward.h.
 *
 * With s the subject's theta, place what the description says and place' what
 * another one would, core's theta reads theta'[k] = s[place'[k]] where it read
 * theta[k] = s[place[k]]: a permutation, which the gradient goes through too.
 */
#include "diag/diagnose_forward.h"

#include "core/mem.h"
#include "diag/layout.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

struct trial {
    const struct bp_inquiry *q;
    struct bp_array *arrays;              /* owned: the description, changed */
    size_t *place;                        /* owned: of it */
    double *scratch;                      /* owned: n_theta */
    struct bp_probe probe[BP_PROBES_MAX]; /* owned: the probes, read otherwise */
};

static enum bp_array_order other_order(enum bp_array_order order)
{
    return order == BP_OUT_IN ? BP_IN_OUT : BP_OUT_IN;
}

static enum bp_array_role other_role(enum bp_array_role role)
{
    return role == BP_ARRAY_BIAS_FIRST        ? BP_ARRAY_BIAS_LAST
           : role == BP_ARRAY_BIAS_LAST       ? BP_ARRAY_BIAS_FIRST
           : role == BP_ARRAY_THRESHOLD_FIRST ? BP_ARRAY_THRESHOLD_LAST
           : role == BP_ARRAY_THRESHOLD_LAST  ? BP_ARRAY_THRESHOLD_FIRST
                                              : role;
}

/* core's array of the description, read as the changed one has it. */
static void reread(const struct trial *t, double *numbers)
{
    const struct bp_view *view = t->q->view;
    bp_view_to_own(view, numbers, t->scratch);
    for (size_t k = 0; k < view->n_theta; k++) {
        const bool negative = view->negative != NULL && view->negative[k];
        numbers[k] = negative ? -t->scratch[t->place[k]] : t->scratch[t->place[k]];
    }
}

static double worst_of(const struct bp_predictor *p)
{
    double worst = 0.0;
    for (size_t k = 0; k < p->n; k++) {
        worst = fmax(worst, bp_predictor_output_distance(p, k));
        for (size_t i = 0; i < p->net->n_tensors; i++)
            worst = fmax(worst, bp_predictor_between(p, k, i, p->right[k], p->probe[k].g));
    }
    return worst;
}

static enum bp_status fits(struct trial *t, bool *right)
{
    const struct bp_inquiry *q = t->q;
    const size_t bytes = q->net->n_theta * sizeof(double);
    bp_layout_places(q->net, t->arrays, q->view->subject->n_arrays, t->place);
    for (size_t k = 0; k < q->n; k++) {
        memcpy(t->probe[k].theta, q->probe[k].theta, bytes);
        memcpy(t->probe[k].g, q->probe[k].g, bytes);
        reread(t, t->probe[k].theta);
        reread(t, t->probe[k].g);
    }
    struct bp_predictor p;
    const enum bp_status status = bp_predictor_init(&p, q->net, q->net->ops, t->probe, q->n);
    if (status != BP_OK)
        return status;
    *right = worst_of(&p) <= p.tol;
    bp_predictor_release(&p);
    return BP_OK;
}

/* Candidate c: the order, the end of the biases, or both, of all arrays; then the
 * same of each. */
static bool change(const struct trial *t, size_t c)
{
    const struct bp_subject *subject = t->q->view->subject;
    const size_t kind = c % 3;
    const size_t which = c / 3;
    bool changed = false;
    for (size_t i = 0; i < subject->n_arrays; i++) {
        struct bp_array *array = &t->arrays[i];
        *array = subject->arrays[i];
        if (which != 0 && which != i + 1)
            continue;
        if (kind != 1 && bp_layout_added(array->role) != BP_ARRAY_BIASES) {
            array->order = other_order(array->order);
            changed = true;
        }
        if (kind != 0) {
            changed = changed || other_role(array->role) != array->role;
            array->role = other_role(array->role);
        }
    }
    return changed;
}

static void describe(const struct trial *t, struct bp_layout_fit *fit)
{
    const struct bp_subject *subject = t->q->view->subject;
    fit->found = true;
    for (size_t i = 0; i < subject->n_arrays; i++) {
        const struct bp_array *was = &subject->arrays[i];
        if (was->order == t->arrays[i].order && was->role == t->arrays[i].role)
            continue;
        if (fit->arrays++ > 0)
            continue;
        fit->layer = (size_t)was->layer;
        snprintf(fit->described, sizeof fit->described, "%s", bp_layout_text(was));
        snprintf(fit->fits, sizeof fit->fits, "%s", bp_layout_text(&t->arrays[i]));
    }
}

static enum bp_status open_trial(struct trial *t, const struct bp_inquiry *q)
{
    const struct bp_subject *subject = q->view->subject;
    *t = (struct trial){.q = q};
    t->arrays = bp_mem_new(subject->n_arrays, sizeof *t->arrays);
    t->place = bp_mem_new(q->net->n_theta, sizeof *t->place);
    t->scratch = bp_mem_new((2 * q->n + 1) * q->net->n_theta, sizeof *t->scratch);
    if (t->arrays == NULL || t->place == NULL || t->scratch == NULL)
        return BP_ENOMEM;
    for (size_t k = 0; k < q->n; k++) {
        t->probe[k] = q->probe[k];
        t->probe[k].theta = t->scratch + (2 * k + 1) * q->net->n_theta;
        t->probe[k].g = t->probe[k].theta + q->net->n_theta;
    }
    return BP_OK;
}

static void close_trial(struct trial *t)
{
    bp_mem_free(t->arrays);
    bp_mem_free(t->place);
    bp_mem_free(t->scratch);
}

enum bp_status bp_layout_look(struct bp_layout_fit *fit, const struct bp_inquiry *inquiry)
{
    struct trial t;
    *fit = (struct bp_layout_fit){0};
    enum bp_status status = open_trial(&t, inquiry);
    const size_t candidates = 3 * (inquiry->view->subject->n_arrays + 1);
    for (size_t c = 0; c < candidates && status == BP_OK && !fit->found; c++) {
        bool right = false;
        if (!change(&t, c))
            continue;
        status = fits(&t, &right);
        if (right)
            describe(&t, fit);
    }
    close_trial(&t);
    return status;
}
