/* propagate_sum.c -- what is got wrong in the sum of e_j = sum_i delta_i W[i,j]:
 * terms that are lost, sums that are not set to zero, factors, one number where a
 * vector is needed. l is the layer that the error arrives at. */
#include "diag/faults/stage.h"
#include "diag/faults/tables.h"

/* Only terms first .. end - 1 of the sum over the units above. */
static void part_of_sum(const struct bp_pass *pass, size_t l, size_t first, size_t end, double *out)
{
    const size_t in = width_of(pass, l);
    const size_t width = width_of(pass, l + 1);
    const double *w = weights_of(pass, l + 1);
    for (size_t s = 0; s < pass->n; s++)
        for (size_t j = 0; j < in; j++) {
            double sum = 0.0;
            for (size_t i = first; i < end; i++)
                sum += pass->delta[l + 1][s * width + i] * w[i * in + j];
            out[s * in + j] = sum;
        }
}

STAGE(overwritten)
{
    (void)self;
    const size_t width = width_of(pass, l + 1);
    part_of_sum(pass, l, width - 1, width, out);
}

/* The last term (variant 0) or the first (1) is left out. */
STAGE(one_short)
{
    const size_t skip_first = planted(self)->variant == 1;
    part_of_sum(pass, l, skip_first, width_of(pass, l + 1) - 1 + skip_first, out);
}

/* The sum goes on from neuron to neuron (variant 0: in each sample; 1: also from
 * sample to sample). */
STAGE(over_neurons)
{
    const size_t in = width_of(pass, l);
    const size_t row = planted(self)->variant == 0 ? in : pass->n * in;
    run_right(pass, l, self, out);
    for (size_t k = 1; k < pass->n * in; k++)
        if (k % row != 0)
            out[k] += out[k - 1];
}

STAGE(over_samples)
{
    const size_t in = width_of(pass, l);
    run_right(pass, l, self, out);
    for (size_t k = in; k < pass->n * in; k++)
        out[k] += out[k - in];
}

STAGE(mean)
{
    run_right(pass, l, self, out);
    multiply(out, pass->n * width_of(pass, l), 1.0 / (double)width_of(pass, l + 1));
}

/* Every unit of the layer gets the sum over the whole layer: of e_j (variant 0),
 * of the weights' steps delta_i a_j W_ij (1), times the rate (2). */
STAGE(contracted)
{
    const size_t in = width_of(pass, l);
    const int variant = planted(self)->variant;
    run_right(pass, l, self, out);
    for (size_t s = 0; s < pass->n; s++) {
        double sum = 0.0;
        for (size_t j = 0; j < in; j++)
            sum += out[s * in + j] * (variant == 0 ? 1.0 : pass->a[l][s * in + j]);
        fill(out + s * in, in, variant == 2 ? sum * pass->rate : sum);
    }
}

STAGE(negated)
{
    run_right(pass, l, self, out);
    multiply(out, pass->n * width_of(pass, l), -1.0);
}

STAGE(cut)
{
    (void)self;
    fill(out, pass->n * width_of(pass, l), 0.0);
}

/* ---- where: l is a hidden layer -------------------------------------------- */

APPLIES(wide_above)
{
    (void)variant;
    return wide(setting, layer + 1) > 1;
}

APPLIES(running)
{
    return variant == 0 ? wide(setting, layer) > 1 : is_batch(setting) && wide(setting, layer) > 1;
}

APPLIES(batch)
{
    (void)variant;
    (void)layer;
    return is_batch(setting);
}

APPLIES(contractible)
{
    return wide(setting, layer) > 1 && (variant != 2 || setting->rate != 0.0);
}

/* ---- plants ---------------------------------------------------------------- */

#define PLANT_PROPAGATE(run)                                                                       \
    PLANT(plant_##run)                                                                             \
    {                                                                                              \
        put(ops, layer, BP_PROPAGATE, run, h);                                                     \
    }

PLANT_PROPAGATE(overwritten)
PLANT_PROPAGATE(one_short)
PLANT_PROPAGATE(over_neurons)
PLANT_PROPAGATE(over_samples)
PLANT_PROPAGATE(mean)
PLANT_PROPAGATE(contracted)
PLANT_PROPAGATE(negated)
PLANT_PROPAGATE(cut)

/* ---- the table ------------------------------------------------------------- */

enum { HIDDEN = BP_AT_HIDDEN | BP_AT_ALL };

static const double SLIGHTLY_RARER[] = {0.0, 0.05};
static const char *const SHORT_VARIANT[] = {"the last term", "the first term"};
static const char *const RUNNING_VARIANT[] = {"within a sample", "over the samples too"};
static const double RUNNING_COST[] = {0.0, 0.2};
static const char *const CONTRACTED_VARIANT[] = {"of W^T delta", "of the weights' steps",
                                                 "of the weights' steps, times the rate"};
static const double CONTRACTED_COST[] = {0.0, 0.1, 0.1};
static const char *const CONTRACTED_ALSO[] = {NULL, "weight-step-for-delta",
                                              "weight-step-for-delta"};

static const struct bp_fault FAULT[] = {
    {.name = "sum-overwritten",
     .title = "'=' stands where '+=' is needed: only the last unit above is heard",
     .help = "add the terms up: e_j += delta_i W[i,j]",
     .slot = BP_PROPAGATE,
     .cost = 0.1,
     .variants = 1,
     .extent = HIDDEN,
     .applies = wide_above,
     .plant = plant_overwritten},
    {.name = "sum-one-short",
     .title = "one unit above is left out of the sum",
     .help = "let the loop run over every unit of the layer above",
     .slot = BP_PROPAGATE,
     .cost = 0.2,
     .variants = 2,
     .variant = SHORT_VARIANT,
     .variant_cost = SLIGHTLY_RARER,
     .extent = HIDDEN,
     .applies = wide_above,
     .plant = plant_one_short},
    {.name = "sum-not-reset-over-neurons",
     .title = "the sum is not set to zero for each neuron: it runs on",
     .help = "set the sum to zero inside the loop over neurons",
     .slot = BP_PROPAGATE,
     .cost = 0.2,
     .variants = 2,
     .variant = RUNNING_VARIANT,
     .variant_cost = RUNNING_COST,
     .extent = HIDDEN,
     .applies = running,
     .plant = plant_over_neurons},
    {.name = "sum-not-reset-over-samples",
     .title = "the error of a sample is added to that of the samples before it",
     .help = "set the errors to zero for each sample",
     .slot = BP_PROPAGATE,
     .cost = 0.3,
     .variants = 1,
     .extent = HIDDEN,
     .applies = batch,
     .plant = plant_over_samples},
    {.name = "mean-for-sum-in-propagation",
     .title = "the deltas above are averaged, not added up",
     .help = "do not divide by the number of units above",
     .slot = BP_PROPAGATE,
     .cost = 0.3,
     .variants = 1,
     .extent = HIDDEN,
     .applies = wide_above,
     .plant = plant_mean},
    {.name = "one-delta-for-all-units",
     .title = "every unit of the layer gets the same error, one number",
     .help = "leave the sum over j out: e_j = sum_i delta_i W[i,j], one number for each j",
     .slot = BP_PROPAGATE,
     .cost = 0.2,
     .variants = 3,
     .variant = CONTRACTED_VARIANT,
     .variant_cost = CONTRACTED_COST,
     .extent = HIDDEN,
     .also = CONTRACTED_ALSO,
     .applies = contractible,
     .plant = plant_contracted},
    {.name = "sign-flipped-below",
     .title = "the sign changes on the way down: this layer and all below step uphill",
     .help = "take W^T delta down as it is, without a minus",
     .slot = BP_PROPAGATE,
     .cost = 0.3,
     .variants = 1,
     .extent = HIDDEN,
     .applies = NULL,
     .plant = plant_negated},
    {.name = "chain-cut",
     .title = "no error arrives at this layer: it and all below stand still",
     .help = "take W^T delta down to layer {l}",
     .slot = BP_PROPAGATE,
     .cost = 0.3,
     .variants = 1,
     .extent = BP_AT_HIDDEN,
     .applies = NULL,
     .plant = plant_cut},
};

const struct bp_fault_table bp_faults_propagate_sum = {
    .title = "propagate, the sum", .n = COUNT(FAULT), .fault = FAULT};
