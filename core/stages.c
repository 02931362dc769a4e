/* stages.c -- the right stages of backpropagation, one function each.
 *
 * Each reads the pass and writes only out (see struct bp_stage in mlp.h). None
 * calls another: what follows from a stage follows through the arrays alone.
 */
#include "core/mlp.h"

#include "core/kernel.h"
#include "core/loss.h"

#include <assert.h>
#include <string.h>

#define STAGE(name)                                                                                \
    static void name(const struct bp_pass *pass, size_t l, const struct bp_stage *self, double *out)

static size_t width_of(const struct bp_pass *pass, size_t l)
{
    return pass->net->spec.layer[l].width;
}

static const double *weights_of(const struct bp_pass *pass, size_t l)
{
    return pass->theta + bp_mlp_weights(pass->net, l)->offset;
}

/* z_l = W_l a_{l-1} + b_l */
STAGE(affine)
{
    (void)self;
    const struct bp_tensor *biases = bp_mlp_biases(pass->net, l);
    bp_kernel_affine(pass->n, width_of(pass, l - 1), width_of(pass, l), pass->a[l - 1],
                     weights_of(pass, l), biases == NULL ? NULL : pass->theta + biases->offset,
                     out);
}

/* a_l = f(z_l), times the mask where there is one */
STAGE(activate)
{
    (void)self;
    const struct bp_layer *layer = &pass->net->spec.layer[l];
    bp_activation_value(layer->activation, layer->slope, pass->n, layer->width, pass->z[l], out);
    if (pass->mask[l] != NULL)
        for (size_t k = 0; k < pass->n * layer->width; k++)
            out[k] *= pass->mask[l][k];
}

/* e_L = dL/da_L */
STAGE(loss_gradient)
{
    (void)self;
    const struct bp_spec *spec = &pass->net->spec;
    const size_t width = width_of(pass, l);
    for (size_t s = 0; s < pass->n; s++)
        bp_loss_gradient(spec->loss, spec->factor, width, pass->a[l] + s * width,
                         pass->t + s * width, out + s * width);
}

/* delta_i = sum_k e_k da_k/dz_i = a_i (e_i - sum_k e_k a_k) for one sample. Both
 * sums are of a's terms, so an output that has underflowed to 0 counts 0. */
static void through_softmax(size_t width, const double *a, const double *e, double *delta)
{
    double dot = 0.0;
    for (size_t k = 0; k < width; k++)
        dot += a[k] == 0.0 ? 0.0 : e[k] * a[k];
    for (size_t k = 0; k < width; k++)
        delta[k] = a[k] == 0.0 ? 0.0 : a[k] * (e[k] - dot);
}

/* delta_L = e_L through f_L. Where output and loss are matched the product is
 * c (a - t), without the division by a that e_L holds. For softmax cross-entropy
 * that takes sum_k t_k = 1; otherwise a_i sum_k t_k - t_i. */
STAGE(output_delta)
{
    (void)self;
    const struct bp_spec *spec = &pass->net->spec;
    const struct bp_layer *layer = &spec->layer[l];
    const size_t width = layer->width;
    for (size_t s = 0; s < pass->n; s++, out += width) {
        const double *z = pass->z[l] + s * width;
        const double *a = pass->a[l] + s * width;
        const double *e = pass->e[l] + s * width;
        const double *t = pass->t + s * width;
        if (bp_loss_is_matched(spec->loss, layer->activation)) {
            double total = 1.0;
            if (layer->activation == BP_SOFTMAX) {
                total = 0.0;
                for (size_t k = 0; k < width; k++)
                    total += t[k];
            }
            for (size_t k = 0; k < width; k++)
                out[k] = spec->factor * (a[k] * total - t[k]);
        } else if (layer->activation == BP_SOFTMAX) {
            through_softmax(width, a, e, out);
        } else {
            bp_activation_slopes(layer->activation, layer->slope, width, z, a, out);
            for (size_t k = 0; k < width; k++)
                out[k] = e[k] * out[k];
        }
    }
}

/* e_l = W_{l+1}^T delta_{l+1} */
STAGE(propagate)
{
    (void)self;
    bp_kernel_propagate(pass->n, width_of(pass, l), width_of(pass, l + 1), pass->delta[l + 1],
                        weights_of(pass, l + 1), out);
}

/* delta_l = e_l f'(z_l), times the mask where there is one (f is then taken
 * again, since a_l has the mask in it) */
STAGE(derivative)
{
    (void)self;
    const struct bp_layer *layer = &pass->net->spec.layer[l];
    const size_t count = pass->n * layer->width;
    const double *z = pass->z[l];
    const double *a = pass->a[l];
    const double *e = pass->e[l];
    const double *mask = pass->mask[l];
    if (mask != NULL) {
        bp_activation_value(layer->activation, layer->slope, pass->n, layer->width, z, out);
        bp_activation_slopes(layer->activation, layer->slope, count, z, out, out);
        for (size_t k = 0; k < count; k++)
            out[k] = e[k] * mask[k] * out[k];
        return;
    }
    bp_activation_slopes(layer->activation, layer->slope, count, z, a, out);
    for (size_t k = 0; k < count; k++)
        out[k] = e[k] * out[k];
}

/* sum W_l = sum over the batch of delta_l a_{l-1}^T */
STAGE(outer_product)
{
    (void)self;
    bp_kernel_outer(pass->n, width_of(pass, l - 1), width_of(pass, l), pass->delta[l],
                    pass->a[l - 1], out);
}

/* sum b_l = sum over the batch of delta_l */
STAGE(bias_sum)
{
    (void)self;
    bp_kernel_column_sum(pass->n, width_of(pass, l), pass->delta[l], out);
}

/* What the sums are divided by: N for the mean, 1 for the sum. */
static double divisor(const struct bp_pass *pass)
{
    return pass->net->spec.reduction == BP_MEAN ? (double)pass->n : 1.0;
}

/* scaled = sum / N for the mean, sum for the sum */
STAGE(scale)
{
    (void)self;
    size_t count;
    const double *sum = pass->sum + bp_mlp_block(pass->net, l, &count);
    bp_kernel_divide(count, sum, divisor(pass), out);
}

/* grad = scaled + lambda W; biases are not regularised */
STAGE(regularise)
{
    (void)self;
    size_t count;
    const size_t block = bp_mlp_block(pass->net, l, &count);
    const size_t weights = bp_mlp_weights(pass->net, l)->count;
    const double lambda = pass->net->spec.l2;
    memcpy(out, pass->scaled + block, count * sizeof *out);
    if (lambda != 0.0)
        for (size_t k = 0; k < weights; k++)
            out[k] = pass->scaled[block + k] + lambda * pass->theta[block + k];
}

/* theta' = theta - rate (direction + decay W); the direction is the gradient, or
 * the velocity where there is momentum */
STAGE(update)
{
    (void)self;
    size_t count;
    const size_t block = bp_mlp_block(pass->net, l, &count);
    const size_t weights = bp_mlp_weights(pass->net, l)->count;
    const double *theta = pass->theta + block;
    const double *direction = pass->direction + block;
    bp_kernel_step(count, theta, pass->rate, direction, out);
    if (pass->decay != 0.0)
        for (size_t k = 0; k < weights; k++)
            out[k] = theta[k] - pass->rate * (direction[k] + pass->decay * theta[k]);
}

/* ---- several at once ------------------------------------------------------- */

/* theta' = theta - rate (delta_l a_{l-1}^T / N), and so for the biases */
void bp_ops_descend(const struct bp_pass *pass, size_t l)
{
    const size_t w = bp_mlp_weights(pass->net, l)->offset;
    const struct bp_tensor *biases = bp_mlp_biases(pass->net, l);
    const double by = divisor(pass);
    const struct bp_descent how = {.w = pass->theta + w,
                                   .rate = pass->rate,
                                   .by = by,
                                   .n_ahead = l == 1 ? pass->n_ahead : 0,
                                   .ahead = pass->ahead};
    bp_kernel_descend(pass->n, width_of(pass, l - 1), width_of(pass, l), pass->delta[l],
                      pass->a[l - 1], &how, pass->next + w);
    if (biases == NULL)
        return;
    const size_t b = biases->offset;
    bp_kernel_column_sum(pass->n, biases->count, pass->delta[l], pass->sum + b);
    bp_kernel_divide(biases->count, pass->sum + b, by, pass->scaled + b);
    bp_kernel_step(biases->count, pass->theta + b, pass->rate, pass->scaled + b, pass->next + b);
}

/* ---- the table ------------------------------------------------------------ */

static const struct bp_ops RIGHT = {{
#define RIGHT_STAGE(slot, f) [slot] = {f, NULL, &RIGHT.stage[slot]}
    RIGHT_STAGE(BP_AFFINE, affine),
    RIGHT_STAGE(BP_ACTIVATE, activate),
    RIGHT_STAGE(BP_LOSS_GRADIENT, loss_gradient),
    RIGHT_STAGE(BP_OUTPUT_DELTA, output_delta),
    RIGHT_STAGE(BP_PROPAGATE, propagate),
    RIGHT_STAGE(BP_DERIVATIVE, derivative),
    RIGHT_STAGE(BP_OUTER_PRODUCT, outer_product),
    RIGHT_STAGE(BP_BIAS_SUM, bias_sum),
    RIGHT_STAGE(BP_SCALE, scale),
    RIGHT_STAGE(BP_REGULARISE, regularise),
    RIGHT_STAGE(BP_UPDATE, update),
#undef RIGHT_STAGE
}};

const struct bp_ops *bp_ops_right(void)
{
    return &RIGHT;
}

bool bp_ops_is_right(const struct bp_ops *ops, size_t layer, enum bp_slot slot)
{
    return ops[layer].stage[slot].run == RIGHT.stage[slot].run;
}

const char *bp_slot_name(enum bp_slot slot)
{
#define BP_SLOT_TEXT(name, text) text,
    static const char *const NAME[] = {BP_SLOT_LIST(BP_SLOT_TEXT)};
#undef BP_SLOT_TEXT
    assert((unsigned)slot < BP_SLOTS);
    return NAME[slot];
}
