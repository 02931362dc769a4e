/* numdiff_exact.c -- see numdiff_exact.h. */
#include "diag/numdiff_exact.h"

#include "core/changes.h"
#include "core/kernel.h"
#include "core/mem.h"
#include "diag/numdiff_inputs.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#define EPSILON 0x1p-53

static const struct bp_layer *layer_of(const struct bp_exact *exact, size_t l)
{
    return &exact->at->net->spec.layer[l];
}

static size_t widest_from(const struct bp_mlp *net, size_t l)
{
    size_t width = 0;
    for (; l <= net->spec.layers; l++)
        width = net->spec.layer[l].width > width ? net->spec.layer[l].width : width;
    return width;
}

double bp_exact_divisor(const struct bp_exact *exact)
{
    return exact->at->net->spec.reduction == BP_MEAN ? (double)exact->at->n : 1.0;
}

double bp_exact_loss(const struct bp_exact *exact)
{
    return bp_pass_loss(&exact->pass, exact->at->t);
}

double bp_exact_step(const struct bp_exact *exact)
{
    return exact->smooth ? BP_EXACT_FORWARD : BP_EXACT_STEP;
}

/* ---- deltas --------------------------------------------------------------- */

/* The columns of neurons i, i + 1, ... of a sample, as many as there is room for. */
static struct bp_ripple_at columns_at(const struct bp_exact *exact, const struct bp_exact_worker *w,
                                      size_t l, size_t sample, size_t i, size_t sides)
{
    const size_t width = layer_of(exact, l)->width, most = w->ripple.room / sides;
    const size_t each = width - i < most ? width - i : most;
    return (struct bp_ripple_at){
        .layer = l,
        .sample = sample,
        .neuron = i,
        .each = each,
        .sides = sides,
        .cols = sides * ((each + BP_CHANGES_STEP - 1) / BP_CHANGES_STEP * BP_CHANGES_STEP)};
}

/* Without corners one step forward is good, and the same for all samples. */
static void one_smooth_sample(struct bp_exact *exact, struct bp_exact_worker *w, size_t l,
                              size_t sample, const double *unit, const double *inverse)
{
    const size_t width = layer_of(exact, l)->width;
    double *delta = exact->delta + exact->at->n * exact->at->net->unit[l] + sample * width;
    for (size_t i = 0; i < width;) {
        const struct bp_ripple_at at = columns_at(exact, w, l, sample, i, 1);
        for (size_t c = 0; c < at.cols && w->first != i; c++)
            w->d[c] = c < at.each ? BP_EXACT_FORWARD * unit[i + c] : 0.0;
        w->first = i;
        bp_ripple_run(&w->ripple, &at, w->d, w->change, w->crossed);
        for (size_t c = 0; c < at.each; c++)
            delta[i + c] = w->change[c] * inverse[i + c];
        i += at.each;
    }
}

/* Steps both ways for the neurons of these columns that are open. */
static void both_ends(struct bp_exact_worker *w, const struct bp_ripple_at *at, double h,
                      const double *unit)
{
    const size_t part = at->cols / 2;
    memset(w->d, 0, at->cols * sizeof *w->d);
    memset(w->crossed, 0, at->cols * sizeof *w->crossed);
    for (size_t c = 0; c < at->each; c++)
        if (w->open[at->neuron + c]) {
            w->d[c] = h * unit[at->neuron + c];
            w->d[part + c] = -w->d[c];
        }
}

/* Takes what the two ends say of those that are open; true when some crossed. */
static bool take_ends(struct bp_exact *exact, struct bp_exact_worker *w,
                      const struct bp_ripple_at *at, double h, const double *unit, int turn)
{
    const size_t part = at->cols / 2, l = at->layer;
    const size_t block = exact->at->n * exact->at->net->unit[l] +
                         at->sample * layer_of(exact, l)->width + at->neuron;
    bool any = false;
    for (size_t c = 0; c < at->each; c++) {
        if (!w->open[at->neuron + c])
            continue;
        const double step = h * unit[at->neuron + c];
        const bool hit = w->crossed[c] + w->crossed[part + c] > 0.0;
        exact->delta[block + c] = (w->change[c] - w->change[part + c]) / (2.0 * step);
        exact->flags[block + c] = !hit ? (turn > 0 ? BP_NUM_SHRUNK : 0) : BP_NUM_KINK;
        if (hit) /* the slopes' difference, for want of anything better */
            exact->wrong[block + c] = fabs(w->change[c] + w->change[part + c]) / step;
        w->open[at->neuron + c] = hit;
        any = any || hit;
    }
    return any;
}

static void one_sample(struct bp_exact *exact, struct bp_exact_worker *w, size_t l, size_t sample,
                       const double *unit)
{
    const size_t width = layer_of(exact, l)->width;
    for (size_t i = 0; i < width; i++)
        w->open[i] = true;
    for (size_t i = 0; i < width;) {
        const struct bp_ripple_at at = columns_at(exact, w, l, sample, i, 2);
        double h = BP_EXACT_STEP;
        for (int turn = 0; turn < BP_EXACT_TRIES; turn++, h *= 0x1p-20) {
            both_ends(w, &at, h, unit);
            bp_ripple_run(&w->ripple, &at, w->d, w->change, w->crossed);
            if (!take_ends(exact, w, &at, h, unit, turn))
                break;
        }
        i += at.each;
    }
}

/* ---- errors --------------------------------------------------------------- */

/* A bound on |dL/da_k| as it is summed up, over c. */
static double output_size(enum bp_loss loss, double a, double t)
{
    double size = 0.0;
    if (loss == BP_SQUARED_ERROR)
        return fabs(a) + fabs(t);
    if (t != 0.0)
        size += fabs(t / a);
    if (loss == BP_BINARY_CROSS_ENTROPY && t != 1.0)
        size += fabs((1.0 - t) / (1.0 - a));
    return size;
}

/* Through a softmax: a_i (x_i + sum_k a_k x_k). */
static void through_softmax(size_t width, const double *a, const double *x, double *out)
{
    double sum = 0.0;
    for (size_t k = 0; k < width; k++)
        sum += a[k] == 0.0 ? 0.0 : a[k] * x[k];
    for (size_t k = 0; k < width; k++)
        out[k] = a[k] == 0.0 ? 0.0 : a[k] * (x[k] + sum);
}

/* |f'|, and what 1 - s (or 1 - t) loses of it; with a mask in a, the most it can be. */
static double steepness(const struct bp_layer *layer, double z, double a, bool masked, double lost)
{
    if (layer->activation == BP_SIGMOID)
        return masked ? 0.25 + lost : a * (1.0 - a) + lost * a;
    if (layer->activation == BP_TANH)
        return masked ? 1.0 + lost : 1.0 - a * a + lost;
    return fabs(bp_activation_slope(layer->activation, layer->slope, z, a));
}

/* x: what is wrong with a of layer l (or its loss's size); out: with z. */
static void through_layer(const struct bp_exact *exact, size_t l, size_t s, double lost,
                          const double *x, double *out)
{
    const struct bp_layer *layer = layer_of(exact, l);
    const size_t at = s * layer->width;
    const double *a = exact->pass.a[l] + at, *z = exact->pass.z[l] + at;
    const double *mask = exact->pass.mask[l] == NULL ? NULL : exact->pass.mask[l] + at;
    if (layer->activation == BP_SOFTMAX) {
        through_softmax(layer->width, a, x, out);
        return;
    }
    for (size_t i = 0; i < layer->width; i++)
        out[i] = steepness(layer, z[i], a[i], mask != NULL, lost) * x[i];
    for (size_t i = 0; mask != NULL && i < layer->width; i++)
        out[i] *= fabs(mask[i]);
}

/* What no rounding of a and t accounts for: the curvature that a step forward leaves in a
 * squared error, and a change of an output that is nearly 0, which is below the normal
 * numbers and has few places left. */
static double left_out(const struct bp_exact *exact, const double *a, const double *t)
{
    const struct bp_spec *spec = &exact->at->net->spec;
    const size_t width = spec->layer[spec->layers].width;
    const double h = bp_exact_step(exact);
    double sum = 0.0;
    if (spec->loss == BP_SQUARED_ERROR)
        return exact->smooth ? fabs(spec->factor) * (double)width * h : 0.0;
    for (size_t k = 0; k < width; k++)
        if (t[k] != 0.0 && a[k] < 0x1p-900)
            sum += fabs(t[k]) * (0x1p-1074 / h / a[k]);
    return fabs(spec->factor) * sum;
}

static void output_errors(struct bp_exact *exact)
{
    const struct bp_spec *spec = &exact->at->net->spec;
    const size_t l = spec->layers, width = spec->layer[l].width;
    const double gamma = ((double)width + 32.0) * EPSILON * fabs(spec->factor);
    const bool matched = bp_loss_is_matched(spec->loss, spec->layer[l].activation);
    double *out = exact->bound;
    for (size_t s = 0; s < exact->at->n; s++, out += width) {
        const double *a = exact->pass.a[l] + s * width, *t = exact->at->t + s * width;
        const double lost = left_out(exact, a, t);
        double total = 0.0;
        for (size_t k = 0; k < width; k++) {
            exact->spread[k] = gamma * output_size(spec->loss, a[k], t[k]);
            total += fabs(t[k]);
        }
        if (!matched)
            through_layer(exact, l, s, 0.1, exact->spread, out);
        for (size_t k = 0; k < width && matched; k++)
            out[k] = gamma * (fabs(a[k]) * fmax(total, 1.0) + fabs(t[k]));
        for (size_t k = 0; k < width && lost > 0.0; k++)
            out[k] += lost;
    }
}

/* The recurrence of numdiff_exact.h. Where the layer above stands on a corner its
 * own delta is of no use, and what is wrong with it does not matter below: a
 * neuron under it is not changed through it alone, and marked itself if it is. */
static void hidden_errors(struct bp_exact *exact, size_t l)
{
    const struct bp_mlp *net = exact->at->net;
    const size_t n = exact->at->n, width = layer_of(exact, l)->width;
    const size_t above = layer_of(exact, l + 1)->width;
    const struct bp_tensor *w = bp_mlp_weights(net, l + 1);
    const double *delta = exact->delta + n * net->unit[l + 1];
    const double *wrong = exact->wrong + n * net->unit[l + 1];
    const double gamma = ((double)above + 32.0) * EPSILON;
    double *out = exact->bound;
    for (size_t k = 0; k < w->count; k++)
        exact->absolute[k] = fabs(exact->theta[w->offset + k]);
    for (size_t k = 0; k < n * above; k++)
        exact->spread[k] = wrong[k] + gamma * fabs(delta[k]);
    bp_kernel_propagate(n, width, above, exact->spread, exact->absolute, out);
    for (size_t s = 0; s < n; s++) {
        memcpy(exact->spread, out + s * width, width * sizeof *out);
        through_layer(exact, l, s, 2.0 / ((double)above + 32.0), exact->spread, out + s * width);
    }
}

/* ---- layers, from the top ------------------------------------------------- */

static void one_layer(struct bp_exact *exact, size_t l)
{
    const size_t width = layer_of(exact, l)->width;
    double *unit = exact->unit + exact->at->net->unit[l];
    double *inverse = exact->bound; /* free until the errors below */
    for (size_t i = 0; i < width; i++) {
        unit[i] = bp_inputs_unit(exact->at->net, exact->theta, l, i);
        inverse[i] = 1.0 / (BP_EXACT_FORWARD * unit[i]); /* a power of two, too */
    }
    for (size_t k = 0; k < exact->n_workers; k++) {
        exact->worker[k].first = SIZE_MAX;
        memset(exact->worker[k].open, 1, width * sizeof(bool));
    }
#pragma omp parallel for num_threads((int)exact->n_workers) schedule(static)
    for (size_t s = 0; s < exact->at->n; s++) {
        struct bp_exact_worker *w = &exact->worker[bp_thread()];
        if (exact->smooth)
            one_smooth_sample(exact, w, l, s, unit, inverse);
        else
            one_sample(exact, w, l, s, unit);
    }
}

/* A kink has its own error already. */
static void errors_of_layer(struct bp_exact *exact, size_t l)
{
    const size_t at = exact->at->n * exact->at->net->unit[l];
    const size_t count = exact->at->n * layer_of(exact, l)->width;
    if (l == exact->at->net->spec.layers)
        output_errors(exact);
    else
        hidden_errors(exact, l);
    for (size_t k = 0; k < count; k++) {
        const bool kink = (exact->flags[at + k] & BP_NUM_KINK) != 0;
        exact->wrong[at + k] = (kink ? exact->wrong[at + k] : 0.0) + exact->bound[k];
    }
}

static void differentiate(struct bp_exact *exact)
{
    for (size_t l = exact->at->net->spec.layers; l >= 1; l--) {
        one_layer(exact, l);
        errors_of_layer(exact, l);
        exact->evaluations += (exact->smooth ? 1 : 2) * exact->at->n * layer_of(exact, l)->width;
    }
}

/* ---- memory --------------------------------------------------------------- */

enum bp_status bp_exact_pass(struct bp_pass *pass, const struct bp_mlp *net, const double *theta,
                             size_t n, double *memory)
{
    const size_t slots = net->spec.layers + 1;
    *pass = (struct bp_pass){.net = net, .ops = net->ops, .theta = theta, .capacity = n};
    pass->pointers = bp_mem_new(5 * slots, sizeof(double *));
    if (pass->pointers == NULL)
        return BP_ENOMEM;
    pass->z = pass->pointers;
    pass->a = pass->z + slots;
    pass->e = pass->a + slots;
    pass->delta = pass->e + slots;
    pass->mask = (const double **)(pass->delta + slots);
    for (size_t l = 1; l < slots; l++) {
        pass->z[l] = memory + n * net->unit[l];
        pass->a[l] = pass->z[l] + n * net->n_units;
    }
    return BP_OK;
}

static enum bp_status room_for_pass(struct bp_exact *exact)
{
    const struct bp_loss_at *at = exact->at;
    if (bp_exact_pass(&exact->pass, at->net, exact->theta, at->n, exact->memory) != BP_OK)
        return BP_ENOMEM;
    exact->pass.t = at->t;
    for (size_t l = 1; at->mask != NULL && l <= at->net->spec.layers; l++)
        exact->pass.mask[l] = at->mask[l];
    return BP_OK;
}

static size_t largest_above_first(const struct bp_mlp *net)
{
    size_t count = 0;
    for (size_t l = 2; l <= net->spec.layers; l++)
        count = bp_mlp_weights(net, l)->count > count ? bp_mlp_weights(net, l)->count : count;
    return count;
}

/* The deltas are the caller's where it has room for them. */
static enum bp_status room_for_deltas(struct bp_exact *exact, struct bp_numdiff *numdiff,
                                      double *own)
{
    const size_t units = exact->at->n * exact->at->net->n_units;
    if (numdiff->delta != NULL) {
        exact->delta = numdiff->delta;
        exact->wrong = numdiff->delta_error;
        exact->flags = numdiff->delta_flags;
        return BP_OK;
    }
    exact->delta = own;
    exact->wrong = own + units;
    exact->flags = exact->own_flags = bp_mem_new(units, 1);
    return exact->flags == NULL ? BP_ENOMEM : BP_OK;
}

static enum bp_status make_room(struct bp_exact *exact, struct bp_numdiff *numdiff)
{
    const struct bp_mlp *net = exact->at->net;
    const size_t n = exact->at->n, units = n * net->n_units, widest = widest_from(net, 1);
    if (units / n != net->n_units || widest > SIZE_MAX / 64 / n)
        return BP_ENOMEM;
    const size_t absolute = largest_above_first(net), own = numdiff->delta == NULL ? 2 * units : 0;
    exact->memory =
        bp_mem_room(2 * units + net->n_units + n + absolute + 2 * n * widest + own, sizeof(double));
    if (exact->memory == NULL)
        return BP_ENOMEM;
    exact->unit = exact->memory + 2 * units;
    exact->loss = exact->unit + net->n_units;
    exact->absolute = exact->loss + n;
    exact->spread = exact->absolute + absolute;
    exact->bound = exact->spread + n * widest;
    if (room_for_deltas(exact, numdiff, exact->bound + n * widest) != BP_OK)
        return BP_ENOMEM;
    return room_for_pass(exact);
}

static enum bp_status worker_init(struct bp_exact_worker *w, const struct bp_exact *exact)
{
    const size_t m = widest_from(exact->at->net, 0) + 1;
    if (bp_ripple_init(&w->ripple, &exact->pass, exact->at->t, exact->loss, true) != BP_OK)
        return BP_ENOMEM;
    w->d = bp_mem_new(3 * w->ripple.room, sizeof *w->d);
    w->sum = bp_mem_new(3 * m, sizeof *w->sum);
    w->open = bp_mem_new(2 * m, sizeof *w->open);
    if (w->d == NULL || w->sum == NULL || w->open == NULL)
        return BP_ENOMEM;
    w->change = w->d + w->ripple.room;
    w->crossed = w->change + w->ripple.room;
    w->bend = w->sum + m;
    w->unit = w->bend + m;
    w->hit = w->open + m;
    return BP_OK;
}

static enum bp_status make_workers(struct bp_exact *exact, int threads)
{
    exact->n_workers = bp_threads(threads);
    exact->worker = bp_mem_new(exact->n_workers, sizeof *exact->worker);
    for (size_t k = 0; exact->worker != NULL && k < exact->n_workers; k++)
        if (worker_init(&exact->worker[k], exact) != BP_OK)
            return BP_ENOMEM;
    return exact->worker == NULL ? BP_ENOMEM : BP_OK;
}

enum bp_status bp_exact_init(struct bp_exact *exact, const struct bp_loss_at *at,
                             struct bp_numdiff *numdiff, int threads)
{
    *exact = (struct bp_exact){.at = at, .theta = at->theta == NULL ? at->net->theta : at->theta};
    exact->smooth = true;
    for (size_t l = 1; l <= at->net->spec.layers; l++)
        if (bp_activation_has_kink(at->net->spec.layer[l].activation))
            exact->smooth = false;
    if (make_room(exact, numdiff) != BP_OK || make_workers(exact, threads) != BP_OK) {
        bp_exact_release(exact);
        return BP_ENOMEM;
    }
    return BP_OK;
}

void bp_exact_run(struct bp_exact *exact)
{
    const struct bp_loss_at *at = exact->at;
    exact->evaluations = 0;
    bp_pass_forward(&exact->pass, at->n, at->x);
    for (size_t s = 0; s < at->n; s++)
        exact->loss[s] = bp_pass_sample_loss(&exact->pass, at->t, s);
    differentiate(exact);
}

void bp_exact_release(struct bp_exact *exact)
{
    for (size_t k = 0; exact->worker != NULL && k < exact->n_workers; k++) {
        bp_ripple_release(&exact->worker[k].ripple);
        bp_mem_free(exact->worker[k].d);
        bp_mem_free(exact->worker[k].sum);
        bp_mem_free(exact->worker[k].open);
    }
    bp_mem_free(exact->worker);
    bp_mem_free(exact->memory);
    bp_mem_free(exact->own_flags);
    bp_mem_free(exact->pass.pointers);
    *exact = (struct bp_exact){0};
}

void bp_exact_tell(const struct bp_exact *exact, struct bp_numdiff *numdiff)
{
    numdiff->loss = bp_exact_loss(exact);
    numdiff->noise = EPSILON * fabs(numdiff->loss);
    numdiff->step = bp_exact_step(exact);
    numdiff->evaluations = exact->evaluations;
}
