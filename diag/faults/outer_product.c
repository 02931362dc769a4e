/* outer_product.c -- what is got wrong in dW_l = sum over the batch of
 * delta_l a_{l-1}^T. */
#include "diag/faults/stage.h"
#include "diag/faults/tables.h"

#include "core/kernel.h"

#include <string.h>

static void outer(const struct bp_pass *pass, size_t l, const double *d, const double *a,
                  double *out)
{
    bp_kernel_outer(pass->n, width_of(pass, l - 1), width_of(pass, l), d, a, out);
}

static size_t count_of(const struct bp_pass *pass, size_t l)
{
    return width_of(pass, l) * width_of(pass, l - 1);
}

/* ---- the wrong factor ------------------------------------------------------ */

/* a_l (variant 0), a_{l-2} (1) or a_{l-3} (2) */
STAGE(other_activation)
{
    const int variant = planted(self)->variant;
    outer(pass, l, pass->delta[l], pass->a[variant == 0 ? l : l - 1 - (size_t)variant], out);
}

STAGE(pre_activation)
{
    (void)self;
    outer(pass, l, pass->delta[l], pass->z[l - 1], out);
}

STAGE(network_input)
{
    (void)self;
    outer(pass, l, pass->delta[l], pass->a[0], out);
}

/* dW_ij = sum delta_i */
STAGE(no_activation)
{
    (void)self;
    const size_t in = width_of(pass, l - 1);
    const size_t width = width_of(pass, l);
    for (size_t i = 0; i < width; i++) {
        double sum = 0.0;
        for (size_t s = 0; s < pass->n; s++)
            sum += pass->delta[l][s * width + i];
        fill(out + i * in, in, sum);
    }
}

/* delta_{l+1} (variant 0) or delta_{l+2} (1) */
STAGE(other_delta)
{
    outer(pass, l, pass->delta[l + 1 + (size_t)planted(self)->variant], pass->a[l - 1], out);
}

STAGE(error_for_delta)
{
    (void)self;
    outer(pass, l, pass->e[l], pass->a[l - 1], out);
}

/* a delta^T, in x out, written where delta a^T, out x in, is expected */
STAGE(transposed)
{
    (void)self;
    bp_kernel_outer(pass->n, width_of(pass, l), width_of(pass, l - 1), pass->a[l - 1],
                    pass->delta[l], out);
}

/* Row i of W's gradient times row i of W, entry by entry. */
STAGE(times_weight)
{
    const double *w = weights_of(pass, l);
    run_right(pass, l, self, out);
    for (size_t k = 0; k < count_of(pass, l); k++)
        out[k] *= w[k];
}

/* ---- not the whole batch --------------------------------------------------- */

/* The last sample (variants 0, 1) or the first (2, 3); 1 and 3 without the 1/N of
 * the mean, which scale will divide by. */
static size_t chosen_sample(const struct bp_pass *pass, int variant)
{
    return variant < 2 ? pass->n - 1 : 0;
}

static double undo_mean(const struct bp_pass *pass, int variant)
{
    return variant % 2 == 1 && pass->net->spec.reduction == BP_MEAN ? (double)pass->n : 1.0;
}

STAGE(one_sample)
{
    const int variant = planted(self)->variant;
    const size_t s = chosen_sample(pass, variant);
    const size_t in = width_of(pass, l - 1);
    const size_t width = width_of(pass, l);
    const double factor = undo_mean(pass, variant);
    bp_kernel_outer(1, in, width, pass->delta[l] + s * width, pass->a[l - 1] + s * in, out);
    if (factor != 1.0)
        multiply(out, in * width, factor);
}

STAGE(one_sample_of_bias)
{
    const int variant = planted(self)->variant;
    const size_t width = width_of(pass, l);
    const double *delta = pass->delta[l] + chosen_sample(pass, variant) * width;
    for (size_t i = 0; i < width; i++)
        out[i] = delta[i] * undo_mean(pass, variant);
}

/* ---- not the whole matrix -------------------------------------------------- */

/* The last row (variant 0) or the first (1) stays 0. */
STAGE(row_missing)
{
    const size_t in = width_of(pass, l - 1);
    run_right(pass, l, self, out);
    fill(out + (planted(self)->variant == 0 ? width_of(pass, l) - 1 : 0) * in, in, 0.0);
}

STAGE(column_missing)
{
    const size_t in = width_of(pass, l - 1);
    const size_t j = planted(self)->variant == 0 ? in - 1 : 0;
    run_right(pass, l, self, out);
    for (size_t i = 0; i < width_of(pass, l); i++)
        out[i * in + j] = 0.0;
}

STAGE(zero)
{
    (void)self;
    fill(out, count_of(pass, l), 0.0);
}

STAGE(zero_bias)
{
    (void)self;
    fill(out, width_of(pass, l), 0.0);
}

STAGE(zero_block)
{
    (void)self;
    size_t count;
    bp_mlp_block(pass->net, l, &count);
    fill(out, count, 0.0);
}

/* ---- where ----------------------------------------------------------------- */

APPLIES(widths_agree)
{
    if (variant == 0)
        return wide(setting, layer) == wide(setting, layer - 1);
    const size_t below = 1 + (size_t)variant;
    return layer >= below && wide(setting, layer - below) == wide(setting, layer - 1);
}

APPLIES(activated_below)
{
    (void)variant;
    return layer >= 2 && (activation_at(setting, layer - 1) != BP_IDENTITY || setting->masked);
}

APPLIES(as_wide_as_network_input)
{
    (void)variant;
    return layer >= 2 && wide(setting, 0) == wide(setting, layer - 1);
}

APPLIES(as_wide_above)
{
    const size_t from = layer + 1 + (size_t)variant;
    return from <= spec_of(setting)->layers && wide(setting, from) == wide(setting, layer);
}

APPLIES(derived)
{
    (void)variant;
    return activation_at(setting, layer) != BP_IDENTITY ||
           (!is_output(setting, layer) && setting->masked);
}

APPLIES(both_wide)
{
    (void)variant;
    return wide(setting, layer) > 1 && wide(setting, layer - 1) > 1;
}

APPLIES(sampled)
{
    (void)layer;
    return is_batch(setting) && (variant % 2 == 0 || is_mean(setting));
}

APPLIES(rows)
{
    (void)variant;
    return wide(setting, layer) > 1;
}

APPLIES(columns)
{
    (void)variant;
    return wide(setting, layer - 1) > 1;
}

/* Variant 1: without the regulariser, too; only where there is one. */
APPLIES(skippable)
{
    (void)layer;
    return variant == 0 || spec_of(setting)->l2 != 0.0;
}

/* ---- plants ---------------------------------------------------------------- */

#define PLANT_OUTER(run)                                                                           \
    PLANT(plant_##run)                                                                             \
    {                                                                                              \
        put(ops, layer, BP_OUTER_PRODUCT, run, h);                                                 \
    }

PLANT_OUTER(other_activation)
PLANT_OUTER(pre_activation)
PLANT_OUTER(network_input)
PLANT_OUTER(no_activation)
PLANT_OUTER(other_delta)
PLANT_OUTER(error_for_delta)
PLANT_OUTER(transposed)
PLANT_OUTER(times_weight)
PLANT_OUTER(one_sample)
PLANT_OUTER(row_missing)
PLANT_OUTER(column_missing)
PLANT_OUTER(zero)

PLANT(plant_one_sample_of_all)
{
    put(ops, layer, BP_OUTER_PRODUCT, one_sample, h);
    put(ops, layer, BP_BIAS_SUM, one_sample_of_bias, h);
}

PLANT(plant_skipped)
{
    put(ops, layer, BP_OUTER_PRODUCT, zero, h);
    put(ops, layer, BP_BIAS_SUM, zero_bias, h);
    if (h->variant == 1)
        put(ops, layer, BP_REGULARISE, zero_block, h);
}

/* ---- the table ------------------------------------------------------------- */

enum { EVERY = BP_AT_ANY | BP_AT_ALL };

static const char *const ACTIVATION_VARIANT[] = {
    "the layer's own output", "the output of two layers below", "the output of three layers below"};
static const double ACTIVATION_COST[] = {0.0, 0.1, 0.3};
static const char *const DELTA_VARIANT[] = {"the next layer's", "that of two layers above"};
static const double DELTA_COST[] = {0.0, 0.2};
static const char *const SAMPLE_VARIANT[] = {"the last, divided by N", "the last, not divided by N",
                                             "the first, divided by N",
                                             "the first, not divided by N"};
static const double SAMPLE_COST[] = {0.0, 0.05, 0.3, 0.3};
static const char *const END_VARIANT[] = {"the last", "the first"};
static const double END_COST[] = {0.0, 0.1};
static const char *const SKIP_VARIANT[] = {"but for the regulariser", "the regulariser too"};
static const double SKIP_COST[] = {0.0, 0.05};

static const struct bp_fault FAULT[] = {
    {.name = "activation-of-wrong-layer",
     .title = "another layer's activation is multiplied with delta",
     .help = "dW of layer {l} is its delta times the activation that came into it",
     .slot = BP_OUTER_PRODUCT,
     .variants = 3,
     .variant = ACTIVATION_VARIANT,
     .variant_cost = ACTIVATION_COST,
     .extent = EVERY,
     .applies = widths_agree,
     .plant = plant_other_activation},
    {.name = "pre-activation-for-activation",
     .title = "z of the layer below is multiplied with delta, not its activation",
     .help = "use a = f(z) of the layer below",
     .slot = BP_OUTER_PRODUCT,
     .cost = 0.1,
     .variants = 1,
     .extent = EVERY,
     .applies = activated_below,
     .plant = plant_pre_activation},
    {.name = "network-input-for-activation",
     .title = "the network's input is multiplied with delta in a later layer",
     .help = "use the activation that came into layer {l}, not x",
     .slot = BP_OUTER_PRODUCT,
     .cost = 0.2,
     .variants = 1,
     .extent = EVERY,
     .applies = as_wide_as_network_input,
     .plant = plant_network_input},
    {.name = "activation-left-out",
     .title = "dW is delta alone, not multiplied by the incoming activation",
     .help = "multiply delta by the activation that came in: dW[i,j] = delta_i a_j",
     .slot = BP_OUTER_PRODUCT,
     .cost = 0.3,
     .variants = 1,
     .extent = EVERY,
     .plant = plant_no_activation},
    {.name = "next-layers-delta-in-weights",
     .title = "dW is made of the next layer's delta",
     .help = "use layer {l}'s own delta",
     .slot = BP_OUTER_PRODUCT,
     .cost = 0.1,
     .variants = 2,
     .variant = DELTA_VARIANT,
     .variant_cost = DELTA_COST,
     .extent = EVERY,
     .applies = as_wide_above,
     .plant = plant_other_delta},
    {.name = "error-for-delta-in-weights",
     .title = "dW is made of the error before it was multiplied by f'",
     .help = "use delta = e * f'(z) in dW",
     .slot = BP_OUTER_PRODUCT,
     .cost = 0.2,
     .variants = 1,
     .extent = EVERY,
     .applies = derived,
     .plant = plant_error_for_delta},
    {.name = "outer-product-transposed",
     .title = "dW is a delta^T where delta a^T is stored",
     .help = "write delta_i a_j at the place of W[i,j]",
     .slot = BP_OUTER_PRODUCT,
     .variants = 1,
     .extent = EVERY,
     .applies = both_wide,
     .plant = plant_transposed},
    {.name = "one-sample-in-weights",
     .title = "dW holds one sample of the batch only",
     .help = "add the samples up (+=), and set the sum to zero before the batch",
     .slot = BP_OUTER_PRODUCT,
     .cost = 0.3,
     .variants = 4,
     .variant = SAMPLE_VARIANT,
     .variant_cost = SAMPLE_COST,
     .extent = EVERY,
     .applies = sampled,
     .plant = plant_one_sample},
    {.name = "one-sample-only",
     .title = "the whole gradient holds one sample of the batch only",
     .help = "add the samples up (+=), and set the sums to zero before the batch",
     .slot = BP_OUTER_PRODUCT,
     .cost = 0.1,
     .variants = 4,
     .variant = SAMPLE_VARIANT,
     .variant_cost = SAMPLE_COST,
     .extent = EVERY,
     .applies = sampled,
     .plant = plant_one_sample_of_all},
    {.name = "row-never-filled",
     .title = "one row of dW is never filled: a neuron's weights do not move",
     .help = "let the loop run over every neuron of layer {l}",
     .slot = BP_OUTER_PRODUCT,
     .cost = 0.2,
     .variants = 2,
     .variant = END_VARIANT,
     .variant_cost = END_COST,
     .extent = EVERY,
     .applies = rows,
     .plant = plant_row_missing},
    {.name = "column-never-filled",
     .title = "one column of dW is never filled: the weights of an input do not move",
     .help = "let the loop run over every input of layer {l}",
     .slot = BP_OUTER_PRODUCT,
     .cost = 0.2,
     .variants = 2,
     .variant = END_VARIANT,
     .variant_cost = END_COST,
     .extent = EVERY,
     .applies = columns,
     .plant = plant_column_missing},
    {.name = "weight-gradient-times-weight",
     .title = "each dW is multiplied by its weight",
     .help = "dW[i,j] = delta_i a_j, without W[i,j]",
     .slot = BP_OUTER_PRODUCT,
     .cost = 0.6,
     .variants = 1,
     .extent = EVERY,
     .plant = plant_times_weight},
    {.name = "skipped-layer",
     .title = "the layer's gradient is never computed: its weights and biases do not move",
     .help = "let the loop over layers reach layer {l}",
     .slot = BP_OUTER_PRODUCT,
     .variants = 2,
     .variant = SKIP_VARIANT,
     .variant_cost = SKIP_COST,
     .extent = BP_AT_ANY,
     .applies = skippable,
     .plant = plant_skipped},
    {.name = "weight-gradient-missing",
     .title = "dW is zero: only the biases of the layer move",
     .help = "compute dW of layer {l}: delta_i a_j",
     .slot = BP_OUTER_PRODUCT,
     .cost = 0.3,
     .variants = 1,
     .extent = EVERY,
     .plant = plant_zero},
};

const struct bp_fault_table bp_faults_outer_product = {
    .title = "outer product", .n = COUNT(FAULT), .fault = FAULT};
