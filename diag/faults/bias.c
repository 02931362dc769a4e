/* bias.c -- what is got wrong in db_l = sum over the batch of delta_l. */
#include "diag/faults/stage.h"
#include "diag/faults/tables.h"

#include "core/kernel.h"

#include <math.h>

STAGE(zero)
{
    (void)self;
    fill(out, width_of(pass, l), 0.0);
}

/* The last sample (variants 0, 1) or the first (2, 3); 1 and 3 not divided by N. */
STAGE(one_sample)
{
    const int variant = planted(self)->variant;
    const size_t width = width_of(pass, l);
    const double *delta = pass->delta[l] + (variant < 2 ? pass->n - 1 : 0) * width;
    const bool undo = variant % 2 == 1 && pass->net->spec.reduction == BP_MEAN;
    for (size_t i = 0; i < width; i++)
        out[i] = delta[i] * (undo ? (double)pass->n : 1.0);
}

STAGE(times_n)
{
    run_right(pass, l, self, out);
    multiply(out, width_of(pass, l), (double)pass->n);
}

STAGE(over_n)
{
    run_right(pass, l, self, out);
    multiply(out, width_of(pass, l), 1.0 / (double)pass->n);
}

STAGE(negated)
{
    run_right(pass, l, self, out);
    multiply(out, width_of(pass, l), -1.0);
}

/* One number, over the neurons too, for every bias. */
STAGE(over_everything)
{
    const size_t width = width_of(pass, l);
    double sum = 0.0;
    run_right(pass, l, self, out);
    for (size_t i = 0; i < width; i++)
        sum += out[i];
    fill(out, width, sum);
}

STAGE(error_for_delta)
{
    (void)self;
    bp_kernel_column_sum(pass->n, width_of(pass, l), pass->e[l], out);
}

/* delta_{l+1} (variant 0) or delta_{l+2} (1) */
STAGE(other_delta)
{
    const double *delta = pass->delta[l + 1 + (size_t)planted(self)->variant];
    bp_kernel_column_sum(pass->n, width_of(pass, l), delta, out);
}

STAGE(times_bias)
{
    const double *b = biases_of(pass, l);
    run_right(pass, l, self, out);
    for (size_t i = 0; i < width_of(pass, l); i++)
        out[i] *= b[i];
}

/* The mean as a whole number, towards zero; scale will divide by N. */
STAGE(whole_number)
{
    const double n = (double)pass->n;
    run_right(pass, l, self, out);
    for (size_t i = 0; i < width_of(pass, l); i++)
        out[i] = trunc(out[i] / n) * n;
}

/* ---- where ----------------------------------------------------------------- */

APPLIES(biased)
{
    (void)variant;
    return has_bias(setting, layer);
}

APPLIES(sampled)
{
    return has_bias(setting, layer) && is_batch(setting) && (variant % 2 == 0 || is_mean(setting));
}

APPLIES(averaged)
{
    (void)variant;
    return has_bias(setting, layer) && is_batch(setting) && is_mean(setting);
}

APPLIES(summed)
{
    (void)variant;
    return has_bias(setting, layer) && is_batch(setting) && !is_mean(setting);
}

APPLIES(wide_biased)
{
    (void)variant;
    return has_bias(setting, layer) && wide(setting, layer) > 1;
}

APPLIES(derived)
{
    (void)variant;
    return has_bias(setting, layer) && (activation_at(setting, layer) != BP_IDENTITY ||
                                        (!is_output(setting, layer) && setting->masked));
}

APPLIES(as_wide_above)
{
    const size_t from = layer + 1 + (size_t)variant;
    return has_bias(setting, layer) && from <= spec_of(setting)->layers &&
           wide(setting, from) == wide(setting, layer);
}

/* ---- plants ---------------------------------------------------------------- */

#define PLANT_BIAS(run)                                                                            \
    PLANT(plant_##run)                                                                             \
    {                                                                                              \
        put(ops, layer, BP_BIAS_SUM, run, h);                                                      \
    }

PLANT_BIAS(zero)
PLANT_BIAS(one_sample)
PLANT_BIAS(times_n)
PLANT_BIAS(over_n)
PLANT_BIAS(negated)
PLANT_BIAS(over_everything)
PLANT_BIAS(error_for_delta)
PLANT_BIAS(other_delta)
PLANT_BIAS(times_bias)
PLANT_BIAS(whole_number)

/* ---- the table ------------------------------------------------------------- */

enum { EVERY = BP_AT_ANY | BP_AT_ALL };

static const char *const SAMPLE_VARIANT[] = {"the last, divided by N", "the last, not divided by N",
                                             "the first, divided by N",
                                             "the first, not divided by N"};
static const double SAMPLE_COST[] = {0.0, 0.0, 0.3, 0.3};
static const char *const DELTA_VARIANT[] = {"the next layer's", "that of two layers above"};
static const double DELTA_COST[] = {0.0, 0.2};

static const struct bp_fault FAULT[] = {
    {.name = "bias-gradient-missing",
     .title = "db is zero: the biases never move",
     .help = "the bias's gradient is delta, summed over the batch",
     .slot = BP_BIAS_SUM,
     .variants = 1,
     .extent = EVERY,
     .applies = biased,
     .plant = plant_zero},
    {.name = "one-sample-in-biases",
     .title = "db holds one sample of the batch only, dW all of them",
     .help = "add delta up over the batch for the biases too",
     .slot = BP_BIAS_SUM,
     .cost = 0.1,
     .variants = 4,
     .variant = SAMPLE_VARIANT,
     .variant_cost = SAMPLE_COST,
     .extent = EVERY,
     .applies = sampled,
     .plant = plant_one_sample},
    {.name = "biases-summed-weights-averaged",
     .title = "db is a sum over the batch, dW a mean",
     .help = "divide db by N as dW is",
     .slot = BP_BIAS_SUM,
     .variants = 1,
     .extent = EVERY,
     .applies = averaged,
     .plant = plant_times_n},
    {.name = "biases-averaged-weights-summed",
     .title = "db is a mean over the batch, dW a sum",
     .help = "do not divide db by N when dW is not",
     .slot = BP_BIAS_SUM,
     .variants = 1,
     .extent = EVERY,
     .applies = summed,
     .plant = plant_over_n},
    {.name = "bias-summed-over-everything",
     .title = "delta is summed over the neurons too: every bias of the layer gets one number",
     .help = "sum over the batch only (axis 0), one number for each neuron",
     .slot = BP_BIAS_SUM,
     .cost = 0.2,
     .variants = 1,
     .extent = EVERY,
     .applies = wide_biased,
     .plant = plant_over_everything},
    {.name = "error-for-delta-in-biases",
     .title = "db is made of the error before it was multiplied by f'",
     .help = "use delta = e * f'(z) in db",
     .slot = BP_BIAS_SUM,
     .cost = 0.2,
     .variants = 1,
     .extent = EVERY,
     .applies = derived,
     .plant = plant_error_for_delta},
    {.name = "bias-sign-flipped",
     .title = "db has the wrong sign: the biases step uphill",
     .help = "treat db as dW: the same delta, the same sign",
     .slot = BP_BIAS_SUM,
     .cost = 0.1,
     .variants = 1,
     .extent = EVERY,
     .applies = biased,
     .plant = plant_negated},
    {.name = "next-layers-delta-in-biases",
     .title = "db is made of the next layer's delta",
     .help = "use layer {l}'s own delta",
     .slot = BP_BIAS_SUM,
     .cost = 0.2,
     .variants = 2,
     .variant = DELTA_VARIANT,
     .variant_cost = DELTA_COST,
     .extent = EVERY,
     .applies = as_wide_above,
     .plant = plant_other_delta},
    {.name = "bias-gradient-times-bias",
     .title = "db is multiplied by the bias itself, as if that were an input",
     .help = "the input of a bias is 1: db = delta",
     .slot = BP_BIAS_SUM,
     .cost = 0.6,
     .variants = 1,
     .extent = EVERY,
     .applies = biased,
     .plant = plant_times_bias},
    {.name = "bias-integer-division",
     .title = "db is divided by N in whole numbers: what is below 1 becomes 0",
     .help = "divide by a floating-point N",
     .slot = BP_BIAS_SUM,
     .cost = 0.4,
     .variants = 1,
     .extent = EVERY,
     .applies = averaged,
     .plant = plant_whole_number},
};

const struct bp_fault_table bp_faults_bias = {
    .title = "bias sum", .n = COUNT(FAULT), .fault = FAULT};
