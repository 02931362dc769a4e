/* numdiff_complex.c -- the complex step: f(theta + ih) = f + ih f' + O(h^2), so with
 * h = 2^-100 the imaginary part over h *is* the derivative, and no digits cancel
 * (Squire and Trapp 1998).
 *
 * The network is evaluated in complex arithmetic, real and imaginary parts in
 * arrays of their own. h is so small that cos h = 1 and sin h = h to the last
 * bit, and that a product of two imaginary parts is lost in rounding; where
 * it would only be lost it is not computed. Below the changed parameter all
 * imaginary parts are 0, and not computed either. No derivative formula is used:
 * sigmoid is 1 / (1 + e^-z) in complex numbers.
 *
 * The error is bounded alongside (a running error analysis: Higham 2002, 3.3) for
 * the function as the forward pass rounds it.
 *
 * A forward pass with planted stages does not fit: they know real numbers only.
 */
#include "core/fmath.h"
#include "core/kernel.h"
#include "core/mem.h"
#include "diag/numdiff_eval.h"
#include "diag/numdiff_tiers.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#define H 0x1p-100
#define EPSILON 0x1p-53
#define TINY 0x1p-1022 /* what is smaller loses digits */

struct number {
    double re, im;
};

/* The imaginary part of a layer, and a bound on its error; n x width. */
struct wave {
    double *im, *error;
};

struct complex_step {
    struct bp_numdiff *numdiff; /* borrowed */
    const struct bp_loss_at *at;
    struct bp_eval eval;           /* the real part: its pass, at the point */
    double *absolute;              /* owned: |theta| */
    struct wave z, a;              /* owned: of the widest layer */
    double *spread;                /* owned: what reaches a layer, in absolute value */
    double *sample, *sample_error; /* owned: n: Im of each sample's loss */
    bool corner;                   /* a relu stood at 0 and was pushed */
    bool *sample_corner;           /* owned: n */
};

/* ---- complex arithmetic --------------------------------------------------- */

static struct number exp_of(struct number x)
{
    const double r = bp_exp(x.re);
    return (struct number){r, r * x.im};
}

static struct number expm1_of(struct number x)
{
    const double r = bp_expm1(x.re);
    return (struct number){r, (r + 1.0) * x.im};
}

static struct number plus(struct number x, double real)
{
    return (struct number){x.re + real, x.im};
}

static struct number over(struct number x, struct number y)
{
    return (struct number){x.re / y.re, (x.im * y.re - x.re * y.im) / (y.re * y.re)};
}

static struct number log_of(struct number x)
{
    return (struct number){bp_log(x.re), x.im / x.re};
}

static struct number negative(struct number x)
{
    return (struct number){-x.re, -x.im};
}

/* The exponent is never positive, so that nothing overflows. */
static struct number sigmoid_of(struct number z)
{
    const struct number one = {1.0, 0.0};
    if (z.re >= 0.0)
        return over(one, plus(exp_of(negative(z)), 1.0));
    const struct number e = exp_of(z);
    return over(e, plus(e, 1.0));
}

/* (e^2z - 1) / (e^2z + 1), for z <= 0, and odd */
static struct number tanh_of(struct number z)
{
    if (z.re > 0.0)
        return negative(tanh_of(negative(z)));
    const struct number e = expm1_of((struct number){2.0 * z.re, 2.0 * z.im});
    return over(e, plus(e, 2.0));
}

static struct number activation_of(const struct bp_layer *layer, struct number z)
{
    switch (layer->activation) {
    case BP_SIGMOID:
        return sigmoid_of(z);
    case BP_TANH:
        return tanh_of(z);
    case BP_RELU:
        return z.re > 0.0 ? z : isnan(z.re) ? z : (struct number){0.0, 0.0};
    case BP_LEAKY_RELU:
        return z.re <= 0.0 ? (struct number){layer->slope * z.re, layer->slope * z.im} : z;
    case BP_IDENTITY:
        return z;
    case BP_SOFTMAX:
    case BP_ACTIVATION_COUNT:
        break;
    }
    assert(0 && "an activation that is none, or needs the whole row");
    return z;
}

/* ---- one layer ------------------------------------------------------------ */

static const struct bp_layer *layer_of(const struct complex_step *step, size_t l)
{
    return &step->at->net->spec.layer[l];
}

static void activate_one(struct complex_step *step, size_t l, size_t s, size_t i)
{
    const struct bp_layer *layer = layer_of(step, l);
    const size_t at = s * layer->width + i;
    const struct number z = {step->eval.pass.z[l][at], step->z.im[at]};
    const struct number a = activation_of(layer, z);
    /* |f'| <= 1 for all of them but a leaky slope above 1 */
    const double steepest = z.im != 0.0 ? fabs(a.im / z.im) : fmax(1.0, fabs(layer->slope));
    step->a.im[at] = a.im;
    step->a.error[at] = 16.0 * EPSILON * fabs(a.im) + steepest * step->z.error[at] + TINY;
    if (bp_activation_has_kink(layer->activation) && z.re == 0.0 && z.im != 0.0)
        step->corner = step->sample_corner[s] = true;
}

/* a_i = e_i / S, e_i = exp(z_i - top), S their sum. */
static void softmax_row(struct complex_step *step, size_t l, size_t s)
{
    const size_t width = layer_of(step, l)->width;
    const double gamma = (double)(width + 16) * EPSILON;
    const double *z = step->eval.pass.z[l] + s * width;
    const double *im = step->z.im + s * width;
    const double *error = step->z.error + s * width;
    struct number sum = {0.0, 0.0};
    double size = 0.0, wrong = 0.0;
    double top = z[0];
    for (size_t k = 1; k < width; k++)
        top = fmax(top, z[k]);
    for (size_t k = 0; k < width; k++) {
        const struct number e = exp_of((struct number){z[k] - top, im[k]});
        sum = (struct number){sum.re + e.re, sum.im + e.im};
        size += fabs(e.im);
        wrong += e.re * error[k];
    }
    for (size_t i = 0; i < width; i++) {
        const struct number e = exp_of((struct number){z[i] - top, im[i]});
        const struct number a = over(e, sum);
        step->a.im[s * width + i] = a.im;
        step->a.error[s * width + i] =
            a.re * (gamma * (fabs(im[i]) + size / sum.re) + error[i] + wrong / sum.re) + TINY;
    }
}

static void mask_layer(struct complex_step *step, size_t l)
{
    const double *mask = step->eval.pass.mask[l];
    const size_t count = step->at->n * layer_of(step, l)->width;
    for (size_t k = 0; mask != NULL && k < count; k++) {
        step->a.im[k] *= mask[k];
        step->a.error[k] *= fabs(mask[k]);
    }
}

static void activate_layer(struct complex_step *step, size_t l)
{
    for (size_t s = 0; s < step->at->n; s++) {
        if (layer_of(step, l)->activation == BP_SOFTMAX)
            softmax_row(step, l, s);
        else
            for (size_t i = 0; i < layer_of(step, l)->width; i++)
                activate_one(step, l, s, i);
    }
    mask_layer(step, l);
}

/* Only column i of z was pushed; the other columns' imaginary parts are 0. */
static void activate_column(struct complex_step *step, size_t l, size_t i)
{
    const size_t count = step->at->n * layer_of(step, l)->width;
    if (layer_of(step, l)->activation == BP_SOFTMAX) {
        activate_layer(step, l);
        return;
    }
    memset(step->a.im, 0, count * sizeof(double));
    memset(step->a.error, 0, count * sizeof(double));
    for (size_t s = 0; s < step->at->n; s++)
        activate_one(step, l, s, i);
    mask_layer(step, l);
}

/* Im z_l = W Im a_{l-1} for a real W, with the error that this brings. */
static void affine_layer(struct complex_step *step, size_t l)
{
    const size_t in = layer_of(step, l - 1)->width;
    const size_t out = layer_of(step, l)->width;
    const size_t n = step->at->n;
    const size_t offset = bp_mlp_weights(step->at->net, l)->offset;
    const double gamma = (double)(in + 2) * EPSILON;
    for (size_t k = 0; k < n * in; k++)
        step->spread[k] = step->a.error[k] + gamma * fabs(step->a.im[k]);
    bp_kernel_affine(n, in, out, step->a.im, step->eval.theta + offset, NULL, step->z.im);
    bp_kernel_affine(n, in, out, step->spread, step->absolute + offset, NULL, step->z.error);
}

/* ---- the loss ------------------------------------------------------------- */

/* lost: how many times a's own rounding is off beside a itself. */
static double log_term(double weight, struct number a, double lost, double *wrong, double error)
{
    if (weight == 0.0)
        return 0.0;
    const double term = weight * log_of(a).im;
    *wrong += fabs(term) * EPSILON * (8.0 + lost) + fabs(weight / a.re) * error;
    return term;
}

static double loss_term(const struct bp_spec *spec, struct number a, double t, double *wrong,
                        double error)
{
    const struct number rest = {1.0 - a.re, -a.im};
    switch (spec->loss) {
    case BP_SQUARED_ERROR:
        *wrong += fabs(a.re - t) * (error + 8.0 * EPSILON * fabs(a.im));
        return (a.re - t) * a.im;
    case BP_BINARY_CROSS_ENTROPY:
        /* 1 - a has lost digits where a is near 1 */
        return -log_term(t, a, 1.0, wrong, error) -
               log_term(1.0 - t, rest, fabs(a.re / rest.re), wrong, error);
    case BP_SOFTMAX_CROSS_ENTROPY:
        return -log_term(t, a, 1.0, wrong, error);
    case BP_LOSS_COUNT:
        break;
    }
    assert(0 && "a loss that is none");
    return NAN;
}

static void sample_losses(struct complex_step *step)
{
    const struct bp_spec *spec = &step->at->net->spec;
    const size_t width = spec->layer[spec->layers].width;
    for (size_t s = 0; s < step->at->n; s++) {
        double sum = 0.0, wrong = 0.0, size = 0.0;
        for (size_t k = s * width; k < (s + 1) * width; k++) {
            const struct number a = {step->eval.pass.a[spec->layers][k], step->a.im[k]};
            const double term = loss_term(spec, a, step->at->t[k], &wrong, step->a.error[k]);
            sum += term;
            size += fabs(term);
        }
        wrong += (double)(width + 4) * EPSILON * size;
        step->sample[s] = spec->factor * sum / H;
        step->sample_error[s] = spec->factor * wrong / H;
    }
}

/* What was pushed at layer l goes up to the losses. */
static void carry_up(struct complex_step *step, size_t l, size_t column)
{
    const size_t last = step->at->net->spec.layers;
    activate_column(step, l, column);
    for (size_t m = l + 1; m <= last; m++) {
        affine_layer(step, m);
        activate_layer(step, m);
    }
    sample_losses(step);
    step->eval.evaluations++;
}

/* ---- parameters ----------------------------------------------------------- */

/* Im z_l[:,i] = h times what the parameter is multiplied by. */
static void push_parameter(struct complex_step *step, const struct bp_tensor *tensor, size_t at)
{
    const size_t width = tensor->rows;
    const size_t in = layer_of(step, tensor->layer - 1)->width;
    const size_t i = at / tensor->cols;
    const double *a = step->eval.pass.a[tensor->layer - 1];
    memset(step->z.im, 0, step->at->n * width * sizeof(double));
    memset(step->z.error, 0, step->at->n * width * sizeof(double));
    for (size_t s = 0; s < step->at->n; s++)
        step->z.im[s * width + i] =
            tensor->role == BP_BIASES ? H : H * a[s * in + at % tensor->cols];
    step->corner = false;
    carry_up(step, tensor->layer, i);
}

static void one_parameter(struct complex_step *step, size_t k)
{
    const struct bp_spec *spec = &step->at->net->spec;
    const struct bp_tensor *tensor = bp_mlp_tensor_of(step->at->net, k);
    const double n = spec->reduction == BP_MEAN ? (double)step->at->n : 1.0;
    double sum = 0.0, size = 0.0, wrong = 0.0;
    push_parameter(step, tensor, k - tensor->offset);
    for (size_t s = 0; s < step->at->n; s++) {
        sum += step->sample[s];
        size += fabs(step->sample[s]);
        wrong += step->sample_error[s];
    }
    /* Im of lambda/2 (w + ih)^2 is lambda w h */
    const double penalty = tensor->role == BP_WEIGHTS ? spec->l2 * step->eval.theta[k] : 0.0;
    struct bp_numdiff *numdiff = step->numdiff;
    numdiff->value[k] = sum / n + penalty;
    numdiff->error[k] =
        (wrong + ((double)step->at->n + 4.0) * EPSILON * size) / n + 4.0 * EPSILON * fabs(penalty);
    numdiff->flags[k] = step->corner ? BP_NUM_KINK : 0;
}

/* ---- deltas --------------------------------------------------------------- */

static void one_neuron(struct complex_step *step, size_t l, size_t i)
{
    const size_t n = step->at->n;
    const size_t width = layer_of(step, l)->width;
    const size_t block = n * step->at->net->unit[l];
    memset(step->z.im, 0, n * width * sizeof(double));
    memset(step->z.error, 0, n * width * sizeof(double));
    memset(step->sample_corner, 0, n * sizeof *step->sample_corner);
    for (size_t s = 0; s < n; s++)
        step->z.im[s * width + i] = H;
    carry_up(step, l, i);
    for (size_t s = 0; s < n; s++) {
        const size_t at = block + s * width + i;
        step->numdiff->delta[at] = step->sample[s];
        step->numdiff->delta_error[at] = step->sample_error[s];
        step->numdiff->delta_flags[at] = step->sample_corner[s] ? BP_NUM_KINK : 0;
    }
}

/* ---- the tier ------------------------------------------------------------- */

static enum bp_status make_room(struct complex_step *step)
{
    const struct bp_spec *spec = &step->at->net->spec;
    const size_t n = step->at->n;
    size_t width = 0;
    for (size_t l = 1; l <= spec->layers; l++)
        width = spec->layer[l].width > width ? spec->layer[l].width : width;
    const size_t size = n * width;
    step->absolute = bp_mem_new(step->eval.n_theta, sizeof(double));
    step->z.im = bp_mem_new(2 * size, sizeof(double));
    step->a.im = bp_mem_new(2 * size, sizeof(double));
    step->spread = bp_mem_new(size, sizeof(double));
    step->sample = bp_mem_new(2 * n, sizeof(double));
    step->sample_corner = bp_mem_new(n, sizeof *step->sample_corner);
    if (step->absolute == NULL || step->z.im == NULL || step->a.im == NULL ||
        step->spread == NULL || step->sample == NULL || step->sample_corner == NULL)
        return BP_ENOMEM;
    step->z.error = step->z.im + size;
    step->a.error = step->a.im + size;
    step->sample_error = step->sample + n;
    for (size_t k = 0; k < step->eval.n_theta; k++)
        step->absolute[k] = fabs(step->eval.theta[k]);
    return BP_OK;
}

static void release(struct complex_step *step)
{
    bp_mem_free(step->absolute);
    bp_mem_free(step->z.im);
    bp_mem_free(step->a.im);
    bp_mem_free(step->spread);
    bp_mem_free(step->sample);
    bp_mem_free(step->sample_corner);
    bp_eval_release(&step->eval);
}

static void differentiate(struct complex_step *step, const struct bp_numdiff_options *options)
{
    const struct bp_spec *spec = &step->at->net->spec;
    size_t first;
    const size_t end = bp_numdiff_range(step->numdiff, options, &first);
    for (size_t k = first; k < end; k++)
        one_parameter(step, k);
    for (size_t l = 1; step->numdiff->delta != NULL && l <= spec->layers; l++)
        for (size_t i = 0; i < spec->layer[l].width; i++)
            one_neuron(step, l, i);
}

static enum bp_status run_complex(struct bp_numdiff *numdiff, const struct bp_loss_at *at,
                                  const struct bp_numdiff_options *options, struct bp_error *error)
{
    struct complex_step step = {.numdiff = numdiff, .at = at};
    enum bp_status status = bp_eval_init(&step.eval, at, error);
    if (status == BP_OK)
        status = make_room(&step);
    if (status == BP_OK) {
        numdiff->loss = step.eval.loss;
        numdiff->noise = step.eval.noise;
        numdiff->step = H;
        differentiate(&step, options);
    }
    numdiff->evaluations = step.eval.evaluations;
    release(&step);
    return status;
}

static bool fits_right_forward(const struct bp_loss_at *at)
{
    return at->net != NULL && bp_forward_is_right(at->net);
}

const struct bp_tier bp_tier_complex = {
    .id = BP_TIER_COMPLEX,
    .name = "complex",
    .assumes = "the forward pass of every layer is the right one",
    .fits = fits_right_forward,
    .run = run_complex,
};
