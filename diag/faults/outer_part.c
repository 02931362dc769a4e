/* outer_part.c -- a part of dW_l = sum over the batch of delta_l a_{l-1}^T is left
 * out: samples, rows, columns, or the whole layer. */
#include "diag/faults/stage.h"
#include "diag/faults/tables.h"

#include "core/kernel.h"

static size_t count_of(const struct bp_pass *pass, size_t l)
{
    return width_of(pass, l) * width_of(pass, l - 1);
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

static const char *const SAMPLE_VARIANT[] = {"the last, divided by N", "the last, not divided by N",
                                             "the first, divided by N",
                                             "the first, not divided by N"};
static const double SAMPLE_COST[] = {0.0, 0.05, 0.3, 0.3};
static const char *const END_VARIANT[] = {"the last", "the first"};
static const double END_COST[] = {0.0, 0.1};
static const char *const SKIP_VARIANT[] = {"but for the regulariser", "the regulariser too"};
static const double SKIP_COST[] = {0.0, 0.05};

static const struct bp_fault FAULT[] = {
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

const struct bp_fault_table bp_faults_outer_part = {
    .title = "outer product, parts left out", .n = COUNT(FAULT), .fault = FAULT};
