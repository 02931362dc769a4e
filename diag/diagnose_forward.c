/* diagnose_forward.c -- see diagnose_forward.h. */
#include "diag/diagnose_forward.h"

#include "core/mem.h"

#include <math.h>
#include <string.h>

/* ---- stages ---------------------------------------------------------------- */

struct search {
    struct bp_predictor p;
    const struct bp_inquiry *q;
    struct bp_hypothesis *list; /* owned */
    size_t n;
    struct bp_ops *ops;
};

static bool is_forward(const struct bp_hypothesis *h)
{
    return h->fault->slot <= BP_ACTIVATE;
}

static void reset(const struct search *s)
{
    memcpy(s->ops, s->q->net->ops, (s->q->net->spec.layers + 1) * sizeof *s->ops);
}

/* Of what is planted in ops. */
static double distance(struct search *s)
{
    double worst = 0.0;
    for (size_t k = 0; k < s->p.n; k++) {
        bp_predictor_forward(&s->p, k, s->ops);
        worst = fmax(worst, bp_predictor_output_distance(&s->p, k));
    }
    return worst;
}

static bool fits(struct search *s, const struct bp_hypothesis *one, const struct bp_hypothesis *two)
{
    reset(s);
    bp_fault_plant(one, &s->q->setting, s->ops);
    if (two != NULL)
        bp_fault_plant(two, &s->q->setting, s->ops);
    return distance(s) <= s->p.tol;
}

static void find_one(struct search *s, struct bp_forward *forward)
{
    for (size_t i = 0; i < s->n; i++) {
        if (!is_forward(&s->list[i]) || !fits(s, &s->list[i], NULL))
            continue;
        if (forward->n == 0)
            forward->h[forward->n++] = s->list[i];
        else if (forward->n_same < 4)
            forward->same[forward->n_same++] = s->list[i];
    }
}

/* Of those that predict the outputs, those with which the gradient is right too; all,
 * where it is with none. */
static enum bp_status prefer_right(const struct search *s, struct bp_forward *forward)
{
    struct bp_hypothesis kept[5];
    size_t n = 0;
    for (size_t i = 0; i <= forward->n_same && forward->n_same > 0; i++) {
        const struct bp_hypothesis *h = i == 0 ? &forward->h[0] : &forward->same[i - 1];
        bool right;
        reset(s);
        bp_fault_plant(h, &s->q->setting, s->ops);
        const enum bp_status status = bp_forward_makes_right(s->q, s->ops, &right);
        if (status != BP_OK)
            return status;
        if (right)
            kept[n++] = *h;
    }
    if (n == 0)
        return BP_OK;
    forward->h[0] = kept[0];
    forward->n_same = n - 1;
    memcpy(forward->same, kept + 1, (n - 1) * sizeof *kept);
    return BP_OK;
}

/* Outputs that are one number whatever the point and the sample (all off, all saturated) are
 * what many a wrong forward pass predicts: they tell none of them apart. */
static bool outputs_vary(const struct search *s)
{
    const size_t width = s->q->net->spec.layer[s->q->net->spec.layers].width;
    for (size_t i = 0; i < s->p.n; i++)
        for (size_t j = 0; j < s->p.probe[i].n * width; j++)
            if (s->p.probe[i].predicted && s->p.probe[i].y[j] != s->p.probe[0].y[j % width])
                return true;
    return false;
}

static void find_two(struct search *s, struct bp_forward *forward)
{
    for (size_t i = 0; i < s->n && forward->n == 0; i++)
        for (size_t j = i + 1; j < s->n && forward->n == 0 && is_forward(&s->list[i]); j++)
            if (is_forward(&s->list[j]) && fits(s, &s->list[i], &s->list[j])) {
                forward->h[0] = s->list[i];
                forward->h[1] = s->list[j];
                forward->n = 2;
            }
}

static enum bp_status open_search(struct search *s, const struct bp_inquiry *q)
{
    *s = (struct search){.q = q};
    enum bp_status status = bp_predictor_init(&s->p, q->net, q->net->ops, q->probe, q->n);
    if (status == BP_OK)
        status = bp_fault_hypotheses(&q->setting, false, &s->list, &s->n);
    s->ops = bp_mem_new(q->net->spec.layers + 1, sizeof *s->ops);
    return s->ops == NULL ? BP_ENOMEM : status;
}

static void close_search(struct search *s)
{
    bp_predictor_release(&s->p);
    bp_mem_free(s->list);
    bp_mem_free(s->ops);
}

enum bp_status bp_forward_look(struct bp_forward *forward, const struct bp_inquiry *inquiry)
{
    struct search s;
    *forward = (struct bp_forward){0};
    enum bp_status status = open_search(&s, inquiry);
    const size_t slots = inquiry->net->spec.layers + 1;
    forward->base = bp_mem_new(slots, sizeof *forward->base);
    if (status == BP_OK && forward->base == NULL)
        status = BP_ENOMEM;
    if (status == BP_OK) {
        reset(&s);
        forward->distance = distance(&s);
        forward->agrees = forward->distance <= s.p.tol;
        const bool vary = outputs_vary(&s);
        if (!forward->agrees && vary)
            find_one(&s, forward);
        if (!forward->agrees && vary && forward->n == 0)
            find_two(&s, forward);
        status = prefer_right(&s, forward);
    }
    if (status == BP_OK) {
        memcpy(forward->base, inquiry->net->ops, slots * sizeof *forward->base);
        for (size_t i = 0; i < forward->n; i++)
            bp_fault_plant(&forward->h[i], &inquiry->setting, forward->base);
        if (!forward->agrees && forward->n == 0)
            status = bp_forward_fit(&forward->fit, inquiry, &s.p, forward->base);
    }
    close_search(&s);
    if (status != BP_OK)
        bp_forward_release(forward);
    return status;
}

bool bp_forward_is_known(const struct bp_forward *forward)
{
    return forward->agrees || forward->n > 0 ||
           (forward->fit.kind != BP_NUMBER_NONE && forward->fit.kind != BP_NUMBER_STEPS);
}

void bp_forward_release(struct bp_forward *forward)
{
    bp_forward_fit_release(&forward->fit);
    bp_mem_free(forward->base);
    *forward = (struct bp_forward){0};
}
