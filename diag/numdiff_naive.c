/* numdiff_naive.c -- central and richardson, with the whole loss evaluated for each
 * step of each parameter: nothing is assumed but that the loss is smooth there.
 *
 * A parameter of layer l changes z_l by up to h max |a_{l-1}|, and the layer after
 * it by the weights in between: the unit in which its steps are taken is the
 * change that moves those by about 1.
 *
 * A neuron's delta: z_l[s,i] of all samples at once by h, then all that comes after
 * it, then each sample's own loss. That assumes that samples do not mix.
 */
#include "core/mem.h"
#include "diag/numdiff_eval.h"
#include "diag/numdiff_steps.h"
#include "diag/numdiff_tiers.h"

#include <math.h>
#include <string.h>

struct naive {
    struct bp_numdiff *numdiff; /* borrowed */
    const struct bp_loss_at *at;
    struct bp_eval eval;
    struct bp_line line;       /* of a parameter: m = 1 */
    struct bp_line delta_line; /* of a neuron: m = n */
    uint64_t side, *sides;     /* sides: owned, n */
    double *largest;           /* owned: of each column of a_0 .. a_{L-1}, layer after layer */
    double *gain;              /* owned: per unit, the largest weight that leaves it */
    double usual;              /* a black box's usual |theta| */
    double *base_z;            /* owned: z of one layer at the point */
    size_t k, layer, unit;     /* what is being changed */
    double saved;              /* theta[k] */
};

/* ---- units ---------------------------------------------------------------- */

static void column_max(const double *a, size_t n, size_t width, double *top)
{
    for (size_t s = 0; s < n; s++)
        for (size_t j = 0; j < width; j++)
            top[j] = fmax(top[j], fabs(a[s * width + j]));
}

/* Where layer l's columns of a start within largest. */
static double *columns(const struct naive *naive, size_t l)
{
    const struct bp_mlp *net = naive->at->net;
    return naive->largest + (l == 0 ? 0 : net->spec.layer[0].width + net->unit[l]);
}

static void measure_units(struct naive *naive)
{
    const struct bp_mlp *net = naive->at->net;
    for (size_t l = 0; l < net->spec.layers; l++)
        column_max(naive->eval.pass.a[l], naive->at->n, net->spec.layer[l].width,
                   columns(naive, l));
    for (size_t l = 2; l <= net->spec.layers; l++) {
        const struct bp_tensor *w = bp_mlp_weights(net, l);
        column_max(naive->eval.theta + w->offset, w->rows, w->cols, naive->gain + net->unit[l - 1]);
    }
}

/* 1 where there is nothing to go by. */
static double inverse(double size)
{
    return size > 0.0 && isfinite(size) ? 1.0 / size : 1.0;
}

static double unit_of_neuron(const struct naive *naive, size_t layer, size_t i)
{
    return fmin(1.0, inverse(naive->gain[naive->at->net->unit[layer] + i]));
}

static double unit_of_parameter(const struct naive *naive, size_t k)
{
    const struct bp_mlp *net = naive->at->net;
    if (net == NULL)
        return fmax(fabs(naive->eval.theta[k]), naive->usual);
    const struct bp_tensor *tensor = bp_mlp_tensor_of(net, k);
    const size_t at = k - tensor->offset;
    const double unit = unit_of_neuron(naive, tensor->layer, at / tensor->cols);
    if (tensor->role == BP_BIASES)
        return unit;
    return unit * inverse(columns(naive, tensor->layer - 1)[at % tensor->cols]);
}

/* Steps of this size and above change x exactly. */
static double least_step(double x)
{
    return x == 0.0 || !isfinite(x) ? 0x1p-1000 : ldexp(1.0, ilogb(x) - 51);
}

/* ---- parameters ----------------------------------------------------------- */

static enum bp_status parameter_at(void *self, double h, double *f, uint64_t *side,
                                   struct bp_error *error)
{
    struct naive *naive = self;
    naive->eval.theta[naive->k] = naive->saved + h;
    const enum bp_status status = bp_eval_loss(&naive->eval, f, error);
    if (status == BP_OK && side != NULL) {
        bp_eval_sides(&naive->eval, naive->sides);
        *side = bp_eval_all_sides(naive->sides, naive->at->n);
    }
    naive->eval.theta[naive->k] = naive->saved;
    return status;
}

static enum bp_status one_parameter(struct naive *naive, size_t k, struct bp_error *error)
{
    struct bp_line *line = &naive->line;
    naive->k = k;
    naive->saved = naive->eval.theta[k];
    line->unit = unit_of_parameter(naive, k);
    line->least = ldexp(least_step(naive->saved), 53 - line->bits);
    line->argument = ldexp(fabs(naive->saved), -line->bits);
    line->value = &naive->numdiff->value[k];
    line->error = &naive->numdiff->error[k];
    line->flags = &naive->numdiff->flags[k];
    return bp_line_run(line, error);
}

static enum bp_status parameters(struct naive *naive, const struct bp_numdiff_options *options,
                                 struct bp_error *error)
{
    size_t first;
    const size_t end = bp_numdiff_range(naive->numdiff, options, &first);
    enum bp_status status = BP_OK;
    for (size_t k = first; k < end && status == BP_OK; k++)
        status = one_parameter(naive, k, error);
    if (status == BP_OK && naive->at->net == NULL) {
        double loss; /* a program that keeps theta is left with the right one */
        status = bp_eval_loss(&naive->eval, &loss, error);
    }
    return status;
}

/* ---- deltas --------------------------------------------------------------- */

static void rerun_from(struct naive *naive)
{
    struct bp_pass *pass = &naive->eval.pass;
    const struct bp_stage *activate = &pass->ops[naive->layer].stage[BP_ACTIVATE];
    activate->run(pass, naive->layer, activate, pass->a[naive->layer]);
    bp_pass_forward_from(pass, naive->layer + 1);
    naive->eval.evaluations++;
}

static enum bp_status delta_at(void *self, double h, double *f, uint64_t *side,
                               struct bp_error *error)
{
    (void)error;
    struct naive *naive = self;
    const size_t width = naive->at->net->spec.layer[naive->layer].width;
    double *z = naive->eval.pass.z[naive->layer];
    for (size_t s = 0; s < naive->at->n; s++)
        z[s * width + naive->unit] = naive->base_z[s * width + naive->unit] + h;
    rerun_from(naive);
    bp_eval_samples(&naive->eval, f);
    if (side != NULL)
        bp_eval_sides(&naive->eval, side);
    return BP_OK;
}

/* One neuron: its column of z is changed, and put back. */
static enum bp_status one_neuron(struct naive *naive, struct bp_error *error)
{
    const size_t n = naive->at->n;
    const size_t width = naive->at->net->spec.layer[naive->layer].width;
    const size_t block = n * naive->at->net->unit[naive->layer];
    struct bp_line *line = &naive->delta_line;
    double *value = line->value, *wrong = line->error;
    double top = 0.0;
    for (size_t s = 0; s < n; s++)
        top = fmax(top, fabs(naive->base_z[s * width + naive->unit]));
    line->unit = unit_of_neuron(naive, naive->layer, naive->unit);
    line->least = least_step(top);
    line->argument = ldexp(top, -line->bits);
    const enum bp_status status = bp_line_run(line, error);
    for (size_t s = 0; s < n; s++) {
        const size_t at = s * width + naive->unit;
        naive->eval.pass.z[naive->layer][at] = naive->base_z[at];
        naive->numdiff->delta[block + at] = value[s];
        naive->numdiff->delta_error[block + at] = wrong[s];
        naive->numdiff->delta_flags[block + at] = line->flags[s];
    }
    return status;
}

static enum bp_status deltas(struct naive *naive, struct bp_error *error)
{
    const struct bp_mlp *net = naive->at->net;
    struct bp_pass *pass = &naive->eval.pass;
    enum bp_status status = BP_OK;
    bp_pass_forward(pass, naive->at->n, naive->at->x);
    for (naive->layer = 1; naive->layer <= net->spec.layers; naive->layer++) {
        const size_t width = net->spec.layer[naive->layer].width;
        memcpy(naive->base_z, pass->z[naive->layer], naive->at->n * width * sizeof(double));
        for (naive->unit = 0; naive->unit < width && status == BP_OK; naive->unit++)
            status = one_neuron(naive, error);
        rerun_from(naive);
    }
    return status;
}

/* ---- the two tiers -------------------------------------------------------- */

static size_t widest(const struct bp_mlp *net)
{
    size_t width = 0;
    for (size_t l = 1; l <= net->spec.layers; l++)
        width = net->spec.layer[l].width > width ? net->spec.layer[l].width : width;
    return width;
}

static enum bp_status room_for_net(struct naive *naive)
{
    const struct bp_mlp *net = naive->at->net;
    const size_t n = naive->at->n;
    struct bp_line *line = &naive->delta_line;
    naive->largest = bp_mem_new(net->spec.layer[0].width + 2 * net->n_units, sizeof(double));
    naive->sides = bp_mem_new(n, sizeof *naive->sides);
    naive->base_z = bp_mem_new(n * widest(net), sizeof(double));
    double *results = bp_mem_new(2 * n, sizeof *results);
    unsigned char *flags = bp_mem_new(n, 1);
    if (bp_line_init(line, n) != BP_OK)
        *line = (struct bp_line){0};
    line->value = results;
    line->flags = flags;
    if (naive->largest == NULL || naive->sides == NULL || naive->base_z == NULL ||
        results == NULL || flags == NULL || line->f == NULL)
        return BP_ENOMEM;
    line->error = results + n;
    naive->gain = naive->largest + net->spec.layer[0].width + net->n_units;
    return BP_OK;
}

static void set_line(struct naive *naive, struct bp_line *line, bool extrapolate)
{
    line->self = naive;
    line->bits = naive->eval.bits;
    line->extrapolate = extrapolate;
    line->at = line == &naive->line ? parameter_at : delta_at;
    line->f0 = line == &naive->line ? &naive->eval.loss : naive->eval.sample_loss;
    line->noise = line == &naive->line ? &naive->eval.noise : naive->eval.sample_noise;
    if (naive->eval.side != NULL)
        line->side0 = line == &naive->line ? &naive->side : naive->eval.side;
}

static void measure_usual(struct naive *naive)
{
    double squares = 0.0;
    for (size_t k = 0; k < naive->eval.n_theta; k++)
        squares += naive->eval.theta[k] * naive->eval.theta[k];
    naive->usual = squares > 0.0 ? sqrt(squares / (double)naive->eval.n_theta) : 1.0;
}

static enum bp_status make_ready(struct naive *naive, bool extrapolate, struct bp_error *error)
{
    enum bp_status status = bp_eval_init(&naive->eval, naive->at, error);
    if (status == BP_OK)
        status = bp_line_init(&naive->line, 1);
    if (status == BP_OK && naive->at->net != NULL)
        status = room_for_net(naive);
    if (status != BP_OK)
        return status;
    if (naive->at->net != NULL)
        measure_units(naive);
    else
        measure_usual(naive);
    if (naive->eval.side != NULL)
        naive->side = bp_eval_all_sides(naive->eval.side, naive->at->n);
    set_line(naive, &naive->line, extrapolate);
    if (naive->at->net != NULL)
        set_line(naive, &naive->delta_line, extrapolate);
    return BP_OK;
}

static void release(struct naive *naive)
{
    bp_mem_free(naive->largest);
    bp_mem_free(naive->sides);
    bp_mem_free(naive->base_z);
    bp_mem_free(naive->delta_line.value);
    bp_mem_free(naive->delta_line.flags);
    bp_line_release(&naive->line);
    bp_line_release(&naive->delta_line);
    bp_eval_release(&naive->eval);
}

static enum bp_status run(struct bp_numdiff *numdiff, const struct bp_loss_at *at,
                          const struct bp_numdiff_options *options, bool extrapolate,
                          struct bp_error *error)
{
    struct naive naive = {.numdiff = numdiff, .at = at};
    enum bp_status status = make_ready(&naive, extrapolate, error);
    if (status == BP_OK) {
        numdiff->loss = naive.eval.loss;
        numdiff->noise = naive.eval.noise;
        /* and a black box's last call, which is at theta itself */
        numdiff->shared = naive.eval.evaluations + (at->net == NULL ? 1 : 0);
        status = parameters(&naive, options, error);
        numdiff->step = naive.line.step;
    }
    if (status == BP_OK && numdiff->delta != NULL)
        status = deltas(&naive, error);
    numdiff->evaluations = naive.eval.evaluations;
    release(&naive);
    return status;
}

static bool fits_all(const struct bp_loss_at *at)
{
    (void)at;
    return true;
}

static enum bp_status run_central(struct bp_numdiff *numdiff, const struct bp_loss_at *at,
                                  const struct bp_numdiff_options *options, struct bp_error *error)
{
    return run(numdiff, at, options, false, error);
}

static enum bp_status run_richardson(struct bp_numdiff *numdiff, const struct bp_loss_at *at,
                                     const struct bp_numdiff_options *options,
                                     struct bp_error *error)
{
    return run(numdiff, at, options, true, error);
}

const struct bp_tier bp_tier_central = {
    .id = BP_TIER_CENTRAL,
    .name = "central",
    .assumes = "the loss is smooth between the steps",
    .fits = fits_all,
    .run = run_central,
};
const struct bp_tier bp_tier_richardson = {
    .id = BP_TIER_RICHARDSON,
    .name = "richardson",
    .assumes = "the loss is smooth between the steps",
    .fits = fits_all,
    .run = run_richardson,
};
