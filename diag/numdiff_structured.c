/* numdiff_structured.c -- every weight really changed, but only what lies downstream
 * of its neuron worked out again.
 *
 *     W_l[i,j] + h:   z_l[s,i] + h a_{l-1}[s,j],  then up to the loss of sample s
 *
 * (ripple.h, recomputing). All weights of a neuron go side by side, with steps
 * and errors by the rules of numdiff_steps.h: the functions differentiated are
 *
 *     f_j(h) = sum over samples (L_s after - L_s before) [/ N]
 *              + lambda (w + h u_j / 2) h u_j,     theta_k = w + h u_j
 *
 * where u_j is a power of two at which z changes by about h. A sample in which
 * a_{l-1}[s,j] is 0 does not change, and is skipped; a weight whose input is
 * always 0 is known without an evaluation. Inputs of a sample that are the same
 * number (half of a picture's) change z by the same, to the bit: that is carried
 * up once. A neuron's delta is the same with its z changed in one sample.
 *
 * Neurons are shared out among threads; each result is one thread's work alone,
 * so that it does not depend on their number.
 */
#include "core/changes.h"
#include "core/kernel.h"
#include "core/mem.h"
#include "diag/numdiff_eval.h"
#include "diag/numdiff_inputs.h"
#include "diag/numdiff_steps.h"
#include "diag/numdiff_tiers.h"
#include "diag/ripple.h"

#include <math.h>
#include <string.h>

#define LEAST_STEP 0x1p-45 /* of z, in units in which 1 is large */

struct structured {
    struct bp_numdiff *numdiff; /* borrowed */
    const struct bp_loss_at *at;
    const struct bp_numdiff_options *options;
    struct bp_eval eval;
    struct bp_inputs inputs; /* of the layer in work */
    double batch_noise;      /* of the sum of the samples' losses */
    size_t n_workers;
    struct worker *worker; /* owned */
};

/* One thread's room. */
struct worker {
    struct structured *all; /* borrowed */
    struct bp_ripple ripple;
    struct bp_line line;
    size_t layer, neuron, sample; /* in work */
    struct bp_slice slice;        /* the neuron's parameters in work */
    double neuron_unit;           /* and its unit */
    size_t live, first; /* its weights with a live input; the first, among all live ones */
    double *memory;     /* owned: the arrays below */
    double *unit, *noise, *zero, *value, *error; /* [functions] */
    double *kind_change;                         /* [functions]: of the sample's different inputs */
    double *d, *change, *crossed;                /* [columns] */
    unsigned char *flags;                        /* owned: [functions] */
    bool *needed, *kind_crossed;                 /* [functions]; needed owns both */
    bool whole;                                  /* all of the neuron's functions are wanted */
    bool any_crossed;                            /* in the sample in work */
    size_t *column;                              /* owned: [columns]: whose change it is */
    uint64_t *side0;                             /* owned: [functions]: 0 */
    size_t evaluations;
};

static const struct bp_layer *layer_of(const struct structured *all, size_t l)
{
    return &all->at->net->spec.layer[l];
}

/* ---- parameters ----------------------------------------------------------- */

/* Carries `used` columns up. */
static void flush(struct worker *w, size_t used)
{
    const size_t cols = (used + BP_CHANGES_STEP - 1) / BP_CHANGES_STEP * BP_CHANGES_STEP;
    const struct bp_ripple_at at = {
        .layer = w->layer, .sample = w->sample, .neuron = w->neuron, .cols = cols};
    if (used == 0)
        return;
    for (size_t c = used; c < cols; c++)
        w->d[c] = 0.0;
    memset(w->crossed, 0, cols * sizeof *w->crossed);
    bp_ripple_run(&w->ripple, &at, w->d, w->change, w->crossed);
    for (size_t c = 0; c < used; c++) {
        w->kind_change[w->column[c]] = w->change[c];
        w->kind_crossed[w->column[c]] = w->crossed[c] != 0.0;
        w->any_crossed = w->any_crossed || w->crossed[c] != 0.0;
    }
}

/* The function of the k-th input of the sample in work; false when it is not wanted. */
static bool function_of(const struct worker *w, size_t k, size_t *p)
{
    const struct bp_inputs *inputs = &w->all->inputs;
    const size_t rank = inputs->rank[inputs->list[w->sample * inputs->width + k]];
    *p = rank - w->first;
    return rank >= w->first && *p < w->live && w->line.wanted[*p];
}

/* Which changes of z the functions that are wanted make; 0 is that of the bias. */
static void mark_needed(struct worker *w)
{
    const struct bp_inputs *inputs = &w->all->inputs;
    const size_t *same = inputs->same + w->sample * inputs->width;
    size_t p;
    memset(w->needed, w->whole, inputs->kinds[w->sample] * sizeof *w->needed);
    if (w->whole)
        return;
    w->needed[0] = w->slice.bias && w->line.wanted[w->live];
    for (size_t k = 0; k < inputs->count[w->sample]; k++)
        if (function_of(w, k, &p))
            w->needed[same[k]] = true;
}

static void carry_up(struct worker *w, double step)
{
    const struct bp_inputs *inputs = &w->all->inputs;
    const double *scaled = inputs->scaled + w->sample * (inputs->width + 1);
    size_t used = 0;
    w->any_crossed = false;
    for (size_t kind = 0; kind < inputs->kinds[w->sample]; kind++) {
        if (!w->needed[kind])
            continue;
        w->column[used] = kind;
        w->d[used++] = step * scaled[kind];
        if (used == w->ripple.room) {
            flush(w, used);
            used = 0;
        }
    }
    flush(w, used);
}

/* All weights of a neuron, without asking of each whether it is wanted. */
static void add_all(const struct worker *w, double *f)
{
    const struct bp_inputs *inputs = &w->all->inputs;
    const size_t at = w->sample * inputs->width, count = inputs->count[w->sample];
    const size_t *list = inputs->list + at, *same = inputs->same + at, *rank = inputs->rank;
    const double *change = w->kind_change;
    for (size_t k = 0; k < count; k++)
        f[rank[list[k]]] += change[same[k]];
}

static void add_wanted(const struct worker *w, double *f)
{
    const struct bp_inputs *inputs = &w->all->inputs;
    const size_t *same = inputs->same + w->sample * inputs->width;
    size_t p;
    for (size_t k = 0; k < inputs->count[w->sample]; k++)
        if (function_of(w, k, &p))
            f[p] += w->kind_change[same[k]];
}

static void mark_crossed(const struct worker *w, uint64_t *side)
{
    const struct bp_inputs *inputs = &w->all->inputs;
    const size_t *same = inputs->same + w->sample * inputs->width;
    size_t p;
    for (size_t k = 0; k < inputs->count[w->sample]; k++)
        if (function_of(w, k, &p))
            side[p] |= w->kind_crossed[same[k]];
    if (w->slice.bias)
        side[w->live] |= w->kind_crossed[0];
}

static void one_sample(struct worker *w, double h, double *f, uint64_t *side)
{
    mark_needed(w);
    carry_up(w, h * w->neuron_unit);
    if (w->whole)
        add_all(w, f);
    else
        add_wanted(w, f);
    if (w->slice.bias && w->line.wanted[w->live])
        f[w->live] += w->kind_change[0];
    if (w->any_crossed)
        mark_crossed(w, side);
}

/* Where the parameter of function p stands in theta. */
static size_t place_of(const struct worker *w, size_t p)
{
    if (p == w->live)
        return w->slice.bias_at;
    return w->slice.at + w->all->inputs.live[w->first + p] - w->slice.first;
}

static bool wants_all(const struct worker *w)
{
    const struct bp_inputs *inputs = &w->all->inputs;
    size_t p = 0;
    while (p < w->line.m && w->line.wanted[p])
        p++;
    return p == w->line.m && w->live == inputs->rank[inputs->width];
}

static enum bp_status parameters_at(void *self, double h, double *f, uint64_t *side,
                                    struct bp_error *error)
{
    (void)error;
    struct worker *w = self;
    const struct structured *all = w->all;
    const struct bp_spec *spec = &all->at->net->spec;
    const double n = spec->reduction == BP_MEAN ? (double)all->at->n : 1.0;
    memset(f, 0, w->line.m * sizeof *f);
    memset(side, 0, w->line.m * sizeof *side);
    w->whole = wants_all(w);
    for (w->sample = 0; w->sample < all->at->n; w->sample++)
        one_sample(w, h, f, side);
    if (n != 1.0)
        bp_kernel_divide(w->line.m, f, n, f);
    for (size_t p = 0; spec->l2 != 0.0 && p < w->live; p++) {
        const double step = h * w->unit[p];
        f[p] += spec->l2 * step * (all->eval.theta[place_of(w, p)] + 0.5 * step);
    }
    return BP_OK;
}

static void set_units(struct worker *w)
{
    const struct structured *all = w->all;
    const struct bp_inputs *inputs = &all->inputs;
    const double unit = bp_inputs_unit(all->at->net, all->eval.theta, w->layer, w->neuron);
    const double n = all->at->net->spec.reduction == BP_MEAN ? (double)all->at->n : 1.0;
    w->neuron_unit = unit;
    for (size_t p = 0; p < w->line.m; p++) {
        w->unit[p] = p < w->live ? unit * inputs->scale[inputs->live[w->first + p]] : unit;
        w->noise[p] = all->batch_noise / n;
    }
}

/* What was found for f_p is told of theta_k = w + h u_p. */
static void tell(struct worker *w, size_t p)
{
    struct bp_numdiff *numdiff = w->all->numdiff;
    const size_t k = place_of(w, p);
    numdiff->value[k] = w->value[p] / w->unit[p];
    numdiff->error[k] = w->error[p] / w->unit[p];
    numdiff->flags[k] = w->flags[p];
}

/* Weights whose input is always 0: the penalty alone. */
static void tell_skipped(struct worker *w)
{
    const struct structured *all = w->all;
    struct bp_numdiff *numdiff = all->numdiff;
    for (size_t j = w->slice.first; j < w->slice.first + w->slice.weights; j++) {
        const size_t k = w->slice.at + j - w->slice.first;
        if (all->inputs.largest[j] != 0.0)
            continue;
        numdiff->value[k] = all->at->net->spec.l2 * all->eval.theta[k];
        numdiff->error[k] = 0x1p-52 * fabs(numdiff->value[k]);
        numdiff->flags[k] = BP_NUM_SKIPPED;
    }
}

static void one_neuron(struct worker *w, size_t neuron)
{
    const struct structured *all = w->all;
    w->neuron = neuron;
    w->slice = bp_slice_of(all->numdiff, all->at->net, all->options, w->layer, neuron);
    w->first = all->inputs.rank[w->slice.first];
    w->live = all->inputs.rank[w->slice.first + w->slice.weights] - w->first;
    w->line.m = w->live + w->slice.bias;
    w->line.at = parameters_at;
    tell_skipped(w);
    if (w->line.m == 0)
        return;
    set_units(w);
    (void)bp_line_run(&w->line, NULL);
    for (size_t p = 0; p < w->line.m; p++)
        tell(w, p);
}

/* ---- deltas --------------------------------------------------------------- */

static enum bp_status deltas_at(void *self, double h, double *f, uint64_t *side,
                                struct bp_error *error)
{
    (void)error;
    struct worker *w = self;
    for (size_t i = 0; i < w->line.m; i += w->ripple.room) {
        const size_t each = w->line.m - i < w->ripple.room ? w->line.m - i : w->ripple.room;
        const size_t cols = (each + BP_CHANGES_STEP - 1) / BP_CHANGES_STEP * BP_CHANGES_STEP;
        const struct bp_ripple_at at = {.layer = w->layer,
                                        .sample = w->sample,
                                        .neuron = i,
                                        .each = each,
                                        .sides = 1,
                                        .cols = cols};
        for (size_t c = 0; c < cols; c++)
            w->d[c] = c < each ? h * w->unit[i + c] : 0.0;
        memset(w->crossed, 0, cols * sizeof *w->crossed);
        bp_ripple_run(&w->ripple, &at, w->d, w->change, w->crossed);
        for (size_t c = 0; c < each; c++) {
            f[i + c] = w->change[c];
            side[i + c] = w->crossed[c] != 0.0;
        }
    }
    return BP_OK;
}

static void one_sample_deltas(struct worker *w, size_t sample)
{
    const struct structured *all = w->all;
    struct bp_numdiff *numdiff = all->numdiff;
    const struct bp_mlp *net = all->at->net;
    const size_t width = layer_of(all, w->layer)->width;
    const size_t block = all->at->n * net->unit[w->layer] + sample * width;
    w->sample = sample;
    w->line.m = width;
    w->line.at = deltas_at;
    for (size_t i = 0; i < width; i++) {
        w->unit[i] = bp_inputs_unit(net, all->eval.theta, w->layer, i);
        w->noise[i] = all->eval.sample_noise[sample];
    }
    (void)bp_line_run(&w->line, NULL);
    for (size_t i = 0; i < width; i++) {
        numdiff->delta[block + i] = w->value[i] / w->unit[i];
        numdiff->delta_error[block + i] = w->error[i] / w->unit[i];
        numdiff->delta_flags[block + i] = w->flags[i];
    }
}

/* ---- memory --------------------------------------------------------------- */

static size_t functions_most(const struct bp_mlp *net)
{
    size_t most = 0;
    for (size_t l = 0; l <= net->spec.layers; l++)
        most = net->spec.layer[l].width > most ? net->spec.layer[l].width : most;
    return most + 1;
}

static enum bp_status worker_init(struct worker *w, struct structured *all)
{
    const size_t m = functions_most(all->at->net);
    w->all = all;
    if (bp_ripple_init(&w->ripple, &all->eval.pass, all->at->t, all->eval.sample_loss, false) !=
            BP_OK ||
        bp_line_init(&w->line, m) != BP_OK)
        return BP_ENOMEM;
    const size_t room = w->ripple.room;
    w->memory = bp_mem_new(6 * m + 3 * room, sizeof(double));
    w->needed = bp_mem_new(2 * m, sizeof *w->needed);
    w->flags = bp_mem_new(m, 1);
    w->column = bp_mem_new(room, sizeof *w->column);
    w->side0 = bp_mem_new(m, sizeof *w->side0);
    if (w->memory == NULL || w->flags == NULL || w->needed == NULL || w->column == NULL ||
        w->side0 == NULL)
        return BP_ENOMEM;
    double **array[] = {&w->unit,  &w->noise,       &w->zero, &w->value,
                        &w->error, &w->kind_change, &w->d};
    for (size_t k = 0; k < 7; k++)
        *array[k] = w->memory + k * m;
    w->kind_crossed = w->needed + m;
    w->change = w->d + room;
    w->crossed = w->change + room;
    return BP_OK;
}

static void set_line(struct worker *w)
{
    struct bp_line *line = &w->line;
    line->self = w;
    line->unit = 1.0;
    line->least = LEAST_STEP;
    line->bits = w->all->eval.bits;
    line->extrapolate = true;
    line->f0 = w->zero;
    line->noise = w->noise;
    line->side0 = w->side0;
    line->value = w->value;
    line->error = w->error;
    line->flags = w->flags;
}

static void worker_release(struct worker *w)
{
    bp_ripple_release(&w->ripple);
    bp_line_release(&w->line);
    bp_mem_free(w->memory);
    bp_mem_free(w->flags);
    bp_mem_free(w->needed);
    bp_mem_free(w->column);
    bp_mem_free(w->side0);
}

static void release(struct structured *all)
{
    for (size_t k = 0; all->worker != NULL && k < all->n_workers; k++)
        worker_release(&all->worker[k]);
    bp_mem_free(all->worker);
    bp_inputs_release(&all->inputs);
    bp_eval_release(&all->eval);
}

/* What was measured near the point can miss what the outputs' rounding does farther off. */
static void measure_noise(struct structured *all)
{
    const struct bp_spec *spec = &all->at->net->spec;
    const size_t width = spec->layer[spec->layers].width;
    double squares = 0.0;
    for (size_t s = 0; s < all->at->n; s++) {
        const double least =
            0x1p-53 * bp_output_noise(spec, all->eval.pass.a[spec->layers] + s * width,
                                      all->at->t + s * width, all->worker[0].unit);
        double *noise = &all->eval.sample_noise[s];
        *noise = *noise > least ? *noise : least;
        squares += *noise * *noise;
    }
    all->batch_noise = sqrt(squares);
}

static enum bp_status make_ready(struct structured *all, struct bp_error *error)
{
    enum bp_status status = bp_eval_init(&all->eval, all->at, error);
    all->n_workers = bp_threads(all->options->threads);
    if (status == BP_OK)
        status = bp_inputs_init(&all->inputs, all->at->net, all->at->n);
    if (status != BP_OK)
        return status;
    all->worker = bp_mem_new(all->n_workers, sizeof *all->worker);
    for (size_t k = 0; all->worker != NULL && k < all->n_workers; k++) {
        if (worker_init(&all->worker[k], all) != BP_OK)
            return BP_ENOMEM;
        set_line(&all->worker[k]);
    }
    if (all->worker == NULL)
        return BP_ENOMEM;
    measure_noise(all);
    return BP_OK;
}

/* ---- the tier ------------------------------------------------------------- */

static void one_layer(struct structured *all, size_t l)
{
    const size_t width = layer_of(all, l)->width;
    bp_inputs_read(&all->inputs, &all->eval.pass, l);
#pragma omp parallel for num_threads((int)all->n_workers) schedule(dynamic)
    for (size_t i = 0; i < width; i++) {
        struct worker *w = &all->worker[bp_thread()];
        w->layer = l;
        one_neuron(w, i);
    }
    if (all->numdiff->delta == NULL)
        return;
#pragma omp parallel for num_threads((int)all->n_workers) schedule(dynamic)
    for (size_t s = 0; s < all->at->n; s++) {
        struct worker *w = &all->worker[bp_thread()];
        w->layer = l;
        one_sample_deltas(w, s);
    }
}

static enum bp_status run(struct bp_numdiff *numdiff, const struct bp_loss_at *at,
                          const struct bp_numdiff_options *options, struct bp_error *error)
{
    struct structured all = {.numdiff = numdiff, .at = at, .options = options};
    const enum bp_status status = make_ready(&all, error);
    if (status == BP_OK) {
        numdiff->loss = all.eval.loss;
        numdiff->noise = all.eval.noise;
        for (size_t l = 1; l <= at->net->spec.layers; l++)
            one_layer(&all, l);
        numdiff->step = all.worker[0].line.step;
        numdiff->evaluations = all.eval.evaluations;
        for (size_t k = 0; k < all.n_workers; k++)
            numdiff->evaluations += all.worker[k].line.evaluations;
    }
    release(&all);
    return status;
}

/* Activations to work out, with the products above the next layer as eighths of one:
 * 3e8 take about half a second. Above that the node tier is the default. */
static bool pays(const struct bp_loss_at *at)
{
    const struct bp_spec *spec = &at->net->spec;
    double above = 0.0, total = 0.0;
    for (size_t l = spec->layers; l >= 1; l--) {
        const double width = (double)spec->layer[l].width;
        total += ((double)spec->layer[l - 1].width + 1.0) * width * (1.0 + above);
        above += width * (l < spec->layers ? 1.0 + (double)spec->layer[l + 1].width / 8.0 : 1.0);
    }
    return 6.0 * (double)at->n * total <= 3e8;
}

const struct bp_tier bp_tier_structured = {
    .id = BP_TIER_STRUCTURED,
    .name = "structured",
    .assumes =
        "the forward pass of every layer is the right one; the loss is smooth between the steps",
    .fits = bp_fits_right_forward,
    .run = run,
    .pays = pays,
};
