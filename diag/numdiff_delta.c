/* numdiff_delta.c -- delta form: every weight changed, both ways, by a step so small
 * that what a central difference leaves out lies below the last place.
 *
 * As the structured tier, with the differences carried up without subtracting
 * (ripple.h, exact; steps, corners and errors as in numdiff_exact.h). The error
 * of a weight is what its neuron's deltas may be off, times its inputs, and the
 * rounding of the sum over the batch:
 *
 *     wrong(W_l[i,j]) = sum over s of |a_{l-1}[s,j]| (wrong_l[s,i] + n 2^-53 |delta_l[s,i]|)
 */
#include "core/changes.h"
#include "core/kernel.h"
#include "core/mem.h"
#include "diag/numdiff_exact.h"
#include "diag/numdiff_inputs.h"
#include "diag/numdiff_tiers.h"

#include <math.h>
#include <string.h>

#define EPSILON 0x1p-53

struct delta_form {
    struct bp_numdiff *numdiff; /* borrowed */
    const struct bp_numdiff_options *options;
    struct bp_exact exact;
    struct bp_inputs inputs; /* of the layer in work */
    double *off, *size;      /* owned by off: wrong + rounding, n x widest; |a|, n x widest */
};

/* A neuron's parameters, in work by one thread. */
struct work {
    struct delta_form *form;
    struct bp_exact_worker *w;
    size_t layer, neuron, sample;
    struct bp_slice slice;
    double unit, h;
    size_t *column; /* borrowed from the caller's stack: whose column it is */
    size_t used;
};

/* Columns that are worked out together: both ends of half of them. */
enum { HALF = 256 };

/* ---- parameters ----------------------------------------------------------- */

static double unit_of(const struct work *work, size_t p)
{
    if (p == work->slice.weights)
        return work->unit;
    return work->unit * work->form->inputs.scale[work->slice.first + p];
}

/* sum collects what both ends differ by over h, bend what they have in common. */
static void flush(struct work *work)
{
    struct bp_exact_worker *w = work->w;
    const size_t part = (work->used + BP_CHANGES_STEP - 1) / BP_CHANGES_STEP * BP_CHANGES_STEP;
    const struct bp_ripple_at at = {
        .layer = work->layer, .sample = work->sample, .neuron = work->neuron, .cols = 2 * part};
    for (size_t c = work->used; c < part; c++)
        w->d[c] = 0.0;
    for (size_t c = 0; c < part; c++)
        w->d[part + c] = -w->d[c];
    memset(w->crossed, 0, at.cols * sizeof *w->crossed);
    bp_ripple_run(&w->ripple, &at, w->d, w->change, w->crossed);
    for (size_t c = 0; c < work->used; c++) {
        const size_t p = work->column[c];
        w->sum[p] += w->change[c] - w->change[part + c];
        w->bend[p] += w->change[c] + w->change[part + c];
        w->hit[p] = w->hit[p] || w->crossed[c] + w->crossed[part + c] > 0.0;
    }
    work->used = 0;
}

static void add_column(struct work *work, size_t p, double d)
{
    work->column[work->used] = p;
    work->w->d[work->used++] = d;
    if (work->used == HALF || 2 * (work->used + BP_CHANGES_STEP) > work->w->ripple.room)
        flush(work);
}

/* u_p h of every open parameter, in one sample. */
static void one_sample(struct work *work)
{
    const struct bp_inputs *inputs = &work->form->inputs;
    const struct bp_slice *slice = &work->slice;
    const double *scaled = inputs->scaled + work->sample * (inputs->width + 1);
    const size_t *list = inputs->list + work->sample * inputs->width;
    const size_t *same = inputs->same + work->sample * inputs->width;
    for (size_t k = 0; k < inputs->count[work->sample]; k++) {
        const size_t p = list[k] - slice->first;
        if (list[k] >= slice->first && p < slice->weights && work->w->open[p])
            add_column(work, p, work->h * work->unit * scaled[same[k]]);
    }
    if (slice->bias && work->w->open[slice->weights])
        add_column(work, slice->weights, work->h * work->unit);
    if (work->used > 0)
        flush(work);
}

static void tell(const struct work *work, size_t p, double step, bool hit, int turn)
{
    const struct delta_form *form = work->form;
    const struct bp_exact *exact = &form->exact;
    struct bp_numdiff *numdiff = form->numdiff;
    const double n = bp_exact_divisor(exact);
    const bool is_weight = p < work->slice.weights;
    const size_t k = is_weight ? work->slice.at + p : work->slice.bias_at;
    const double penalty = is_weight ? exact->at->net->spec.l2 * exact->theta[k] : 0.0;
    const bool skipped = is_weight && form->inputs.largest[work->slice.first + p] == 0.0;
    numdiff->value[k] = work->w->sum[p] / (2.0 * step * n) + penalty;
    numdiff->error[k] = numdiff->error[k] / n + 4.0 * EPSILON * fabs(penalty);
    numdiff->flags[k] = skipped ? BP_NUM_SKIPPED : hit ? BP_NUM_KINK : turn > 0 ? BP_NUM_SHRUNK : 0;
    if (hit)
        numdiff->error[k] += fabs(work->w->bend[p]) / (step * n);
}

/* One step for all that are open; those that crossed no corner are told. */
static bool one_turn(struct work *work, const double *unit, size_t m, int turn)
{
    struct bp_exact_worker *w = work->w;
    bool any = false;
    for (size_t p = 0; p < m; p++) {
        w->sum[p] = w->bend[p] = 0.0;
        w->hit[p] = false;
    }
    for (work->sample = 0; work->sample < work->form->exact.at->n; work->sample++)
        one_sample(work);
    for (size_t p = 0; p < m; p++) {
        if (!w->open[p])
            continue;
        w->open[p] = w->hit[p] && turn + 1 < BP_EXACT_TRIES;
        any = any || w->open[p];
        if (!w->open[p])
            tell(work, p, work->h * unit[p], w->hit[p], turn);
    }
    return any;
}

static void one_neuron(struct delta_form *form, size_t l, size_t neuron)
{
    const struct bp_mlp *net = form->exact.at->net;
    struct bp_exact_worker *w = &form->exact.worker[bp_thread()];
    size_t column[HALF];
    struct work work = {.form = form, .w = w, .layer = l, .neuron = neuron, .column = column};
    work.slice = bp_slice_of(form->numdiff, net, form->options, l, neuron);
    work.unit = bp_inputs_unit(net, form->exact.theta, l, neuron);
    const size_t m = work.slice.weights + work.slice.bias;
    for (size_t p = 0; p < m; p++) {
        w->open[p] = true;
        w->unit[p] = unit_of(&work, p);
    }
    work.h = BP_EXACT_STEP;
    for (int turn = 0; m > 0 && one_turn(&work, w->unit, m, turn); turn++)
        work.h *= 0x1p-20;
}

/* ---- errors --------------------------------------------------------------- */

/* Into numdiff->error, before the values: what a thread then reads and finishes. */
static void errors_of_layer(struct delta_form *form, size_t l)
{
    const struct bp_exact *exact = &form->exact;
    const struct bp_mlp *net = exact->at->net;
    const struct bp_tensor *w = bp_mlp_weights(net, l), *b = bp_mlp_biases(net, l);
    const size_t n = exact->at->n, block = n * net->unit[l];
    const double rounding = ((double)n + 4.0) * EPSILON;
    for (size_t k = 0; k < n * w->rows; k++) {
        const bool kink = (exact->flags[block + k] & BP_NUM_KINK) != 0; /* has its own */
        form->off[k] =
            (kink ? 0.0 : exact->wrong[block + k]) + rounding * fabs(exact->delta[block + k]);
    }
    for (size_t k = 0; k < n * w->cols; k++)
        form->size[k] = fabs(exact->pass.a[l - 1][k]);
    bp_kernel_outer(n, w->cols, w->rows, form->off, form->size, form->numdiff->error + w->offset);
    if (b != NULL)
        bp_kernel_column_sum(n, w->rows, form->off, form->numdiff->error + b->offset);
}

/* ---- the tier ------------------------------------------------------------- */

static void one_layer(struct delta_form *form, size_t l)
{
    const size_t width = form->exact.at->net->spec.layer[l].width;
    bp_inputs_read(&form->inputs, &form->exact.pass, l);
    errors_of_layer(form, l);
#pragma omp parallel for num_threads((int)form->exact.n_workers) schedule(dynamic)
    for (size_t i = 0; i < width; i++)
        one_neuron(form, l, i);
}

static size_t widest(const struct bp_mlp *net)
{
    size_t width = 0;
    for (size_t l = 0; l <= net->spec.layers; l++)
        width = net->spec.layer[l].width > width ? net->spec.layer[l].width : width;
    return width;
}

static enum bp_status make_room(struct delta_form *form)
{
    const struct bp_mlp *net = form->exact.at->net;
    const size_t count = form->exact.at->n * widest(net);
    form->off = bp_mem_new(2 * count, sizeof *form->off);
    form->size = form->off + count;
    return form->off == NULL ? BP_ENOMEM : bp_inputs_init(&form->inputs, net, form->exact.at->n);
}

static enum bp_status run(struct bp_numdiff *numdiff, const struct bp_loss_at *at,
                          const struct bp_numdiff_options *options, struct bp_error *error)
{
    (void)error;
    struct delta_form form = {.numdiff = numdiff, .options = options};
    enum bp_status status = bp_exact_init(&form.exact, at, numdiff, options->threads);
    if (status == BP_OK)
        status = make_room(&form);
    if (status == BP_OK) {
        bp_exact_run(&form.exact);
        bp_exact_tell(&form.exact, numdiff);
        numdiff->step = BP_EXACT_STEP;
        for (size_t l = 1; l <= at->net->spec.layers && !options->no_parameters; l++)
            one_layer(&form, l);
        numdiff->evaluations += 2 * numdiff->n_theta;
    }
    bp_mem_free(form.off);
    bp_inputs_release(&form.inputs);
    bp_exact_release(&form.exact);
    return status;
}

const struct bp_tier bp_tier_delta_form = {
    .id = BP_TIER_DELTA_FORM,
    .name = "delta-form",
    .assumes =
        "the forward pass of every layer is the right one; s (1 - s) and 1 - t^2 are trusted",
    .fits = bp_fits_right_forward,
    .run = run,
};
