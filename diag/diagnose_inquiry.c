/* diagnose_inquiry.c -- see diagnose_inquiry.h. */
#include "diag/diagnose_inquiry.h"

#include <math.h>
#include <string.h>

static size_t width_in(const struct bp_inquiry *q)
{
    return q->net->spec.layer[0].width;
}

static size_t width_out(const struct bp_inquiry *q)
{
    return q->net->spec.layer[q->net->spec.layers].width;
}

/* ---- asking ---------------------------------------------------------------- */

static double norm(const double *v, size_t n)
{
    double sum = 0.0;
    for (size_t k = 0; k < n; k++)
        sum += v[k] * v[k];
    return sqrt(sum);
}

/* A claim whose size means nothing is brought to that of the right gradient's
 * output layer. */
static enum bp_status take_size(const struct bp_inquiry *q, struct bp_probe *probe, double *size)
{
    *size = 1.0;
    if (!probe->any_factor)
        return BP_OK;
    struct bp_predictor p;
    const enum bp_status status = bp_predictor_init(&p, q->net, q->net->ops, probe, 1);
    if (status != BP_OK)
        return status;
    size_t count;
    size_t block = bp_mlp_block(q->net, q->net->spec.layers, &count);
    if (norm(probe->g + block, count) == 0.0) {
        block = 0;
        count = q->net->n_theta;
    }
    const double ratio = norm(probe->g + block, count) / norm(p.right[0] + block, count);
    if (isfinite(ratio) && ratio > 0.0) {
        *size = ratio;
        probe->noise /= ratio;
        for (size_t k = 0; k < q->net->n_theta; k++)
            probe->g[k] /= ratio;
    }
    bp_predictor_release(&p);
    return BP_OK;
}

static void make_one_hot(struct bp_inquiry *q, struct bp_probe *probe)
{
    memset(probe->t, 0, probe->n * width_out(q) * sizeof *probe->t);
    for (size_t s = 0; s < probe->n; s++)
        probe->t[s * width_out(q) + bp_rng_below(&q->rng, width_out(q))] = 1.0;
}

static enum bp_status ask(struct bp_inquiry *q, struct bp_probe *probe, bool drawn, double *size,
                          struct bp_error *error)
{
    if (drawn && q->one_hot)
        make_one_hot(q, probe);
    enum bp_status status = bp_probe_ask_view(probe, q->view, q->rate, error);
    if (status == BP_ESUBJECT && drawn && !q->one_hot) {
        make_one_hot(q, probe);
        status = bp_probe_ask_view(probe, q->view, q->rate, error);
        q->one_hot = status == BP_OK;
    }
    return status == BP_OK ? take_size(q, probe, size) : status;
}

/* ---- drawing --------------------------------------------------------------- */

static void use_data(const struct bp_inquiry *q, struct bp_probe *probe,
                     const struct bp_batch *batch)
{
    memcpy(probe->x, batch->x, probe->n * width_in(q) * sizeof *probe->x);
    memcpy(probe->t, batch->t, probe->n * width_out(q) * sizeof *probe->t);
}

static void round_data(const struct bp_inquiry *q, struct bp_probe *probe)
{
    bp_view_round_data(q->view, probe->n * width_in(q), probe->x);
    bp_view_round_data(q->view, probe->n * width_out(q), probe->t);
}

/* Whether a claim comes from steps of one sample each: those of a batch would be
 * put together from several, and what a step does within itself would be lost. */
static bool is_one_by_one(const struct bp_view *view)
{
    return view->subject->gradient == NULL && view->subject->step_kind == BP_STEP_SAMPLE;
}

/* A random point; with the only batch that the subject can use, where it has one. */
static enum bp_status draw(struct bp_inquiry *q, struct bp_probe *probe, size_t n)
{
    const struct bp_batch *fixed = q->view->subject->data;
    const bool whole = fixed != NULL && !is_one_by_one(q->view);
    enum bp_status status = bp_probe_init(probe, q->net, whole ? fixed->n : n);
    if (status == BP_OK)
        status = bp_probe_draw(probe, q->net, &q->rng);
    if (status == BP_OK && fixed != NULL)
        use_data(q, probe, fixed);
    if (status == BP_OK)
        round_data(q, probe);
    return status;
}

/* The subject's own point, or the one asked for, with data of its own or drawn. */
static enum bp_status own_point(struct bp_inquiry *q, const struct bp_diagnose_options *options,
                                struct bp_error *error)
{
    const struct bp_batch *fixed = q->view->subject->data;
    const struct bp_batch *batch = fixed != NULL ? fixed : options->batch;
    const bool has_theta = options->theta != NULL || q->view->subject->theta != NULL;
    if (!has_theta || (batch == NULL && !q->view->subject->theta_fixed))
        return BP_OK;
    size_t n = batch == NULL ? 7 : batch->n;
    if (fixed == NULL && n > BP_OWN_SAMPLES)
        n = BP_OWN_SAMPLES;
    if (is_one_by_one(q->view))
        n = 1;
    struct bp_probe *probe = &q->probe[q->n];
    enum bp_status status = bp_probe_init(probe, q->net, n);
    if (status == BP_OK)
        status = bp_probe_draw(probe, q->net, &q->rng);
    if (status != BP_OK)
        return status;
    q->n++;
    if (batch != NULL)
        use_data(q, probe, batch);
    round_data(q, probe);
    if (options->theta != NULL)
        memcpy(probe->theta, options->theta, q->net->n_theta * sizeof *probe->theta);
    else
        (void)bp_view_start(q->view, probe->theta);
    return ask(q, probe, batch == NULL, &q->size[q->n - 1], error);
}

static enum bp_status random_points(struct bp_inquiry *q, struct bp_error *error)
{
    static const size_t BATCH[] = {7, 1, 5};
    const bool one = is_one_by_one(q->view);
    enum bp_status status = BP_OK;
    for (size_t i = 0; i < 3 && status == BP_OK; i++) {
        status = draw(q, &q->probe[q->n], one ? 1 : BATCH[i]);
        q->n++;
        if (status == BP_OK)
            status = ask(q, &q->probe[q->n - 1], q->view->subject->data == NULL, &q->size[q->n - 1],
                         error);
    }
    return status;
}

/* ---- the whole ------------------------------------------------------------- */

/* To rounding: a subject may draw its own order. */
static bool is_same(const struct bp_probe *a, const struct bp_probe *b, size_t n_theta)
{
    double apart = 0.0;
    for (size_t k = 0; k < n_theta; k++) {
        const double d = a->g[k] - b->g[k];
        apart += d * d;
    }
    return memcmp(a->g, b->g, n_theta * sizeof *a->g) == 0 ||
           sqrt(apart) <=
               0x1p10 * a->epsilon * norm(b->g, n_theta) + b->noise * sqrt((double)n_theta);
}

static enum bp_status ask_again(struct bp_inquiry *q, struct bp_error *error)
{
    struct bp_probe again;
    const struct bp_probe *first = &q->probe[0];
    double size;
    enum bp_status status = bp_probe_init(&again, q->net, first->n);
    if (status != BP_OK)
        return status;
    memcpy(again.theta, first->theta, q->net->n_theta * sizeof *again.theta);
    use_data(q, &again, &(struct bp_batch){first->n, first->x, first->t});
    status = ask(q, &again, false, &size, error);
    q->steady = status != BP_OK || is_same(&again, first, q->net->n_theta);
    bp_probe_release(&again);
    return status;
}

static void describe(struct bp_inquiry *q)
{
    q->setting = (struct bp_setting){.net = q->net};
    for (size_t k = 0; k < q->n; k++) {
        if (q->probe[k].n > q->setting.n)
            q->setting.n = q->probe[k].n;
        if (q->probe[k].rate != 0.0)
            q->setting.rate = q->probe[k].rate;
    }
}

enum bp_status bp_inquiry_init(struct bp_inquiry *inquiry, struct bp_view *view,
                               const struct bp_diagnose_options *options, struct bp_error *error)
{
    *inquiry = (struct bp_inquiry){.view = view, .net = &view->twin, .rate = options->rate};
    bp_rng_seed(&inquiry->rng, options->seed == 0 ? 20 : options->seed);
    enum bp_status status = own_point(inquiry, options, error);
    if (status == BP_OK && !view->subject->theta_fixed)
        status = random_points(inquiry, error);
    if (status == BP_OK && inquiry->n == 0)
        status = bp_error_set(error, BP_EUNSUPPORTED, "diagnose: there is no point to look at");
    if (status == BP_OK)
        status = ask_again(inquiry, error);
    describe(inquiry);
    if (status != BP_OK)
        bp_inquiry_release(inquiry);
    return status;
}

void bp_inquiry_release(struct bp_inquiry *inquiry)
{
    for (size_t k = 0; k < inquiry->n; k++)
        bp_probe_release(&inquiry->probe[k]);
    bp_probe_release(&inquiry->fresh);
    *inquiry = (struct bp_inquiry){0};
}

enum bp_status bp_inquiry_fresh(struct bp_inquiry *inquiry, struct bp_error *error)
{
    double size;
    if (inquiry->view->subject->theta_fixed || inquiry->fresh.n != 0)
        return BP_OK;
    const enum bp_status status =
        draw(inquiry, &inquiry->fresh, is_one_by_one(inquiry->view) ? 1 : 6);
    if (status != BP_OK)
        return status;
    return ask(inquiry, &inquiry->fresh, inquiry->view->subject->data == NULL, &size, error);
}

enum bp_status bp_inquiry_far(struct bp_inquiry *inquiry, struct bp_error *error)
{
    double size;
    const struct bp_subject *subject = inquiry->view->subject;
    if (subject->gradient == NULL || subject->data != NULL || subject->theta_fixed ||
        inquiry->one_hot || inquiry->net->spec.loss != BP_SQUARED_ERROR)
        return BP_OK;
    bp_probe_release(&inquiry->fresh);
    enum bp_status status = draw(inquiry, &inquiry->fresh, 6);
    if (status == BP_OK) {
        bp_probe_stretch(&inquiry->fresh, inquiry->net);
        status = ask(inquiry, &inquiry->fresh, false, &size, error);
    }
    if (status == BP_ESUBJECT) { /* it does not take such targets */
        bp_probe_release(&inquiry->fresh);
        status = BP_OK;
    }
    return status;
}
