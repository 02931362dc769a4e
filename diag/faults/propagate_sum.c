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

/* What is added up over the whole layer, in one number for all its units: terms
 * t_ij W'_ij, where t is delta_i, or the weight's step s_ij = rate delta_i a_j (with the
 * slope at the network's input, where at_input), and W' is W, or W with the steps taken
 * already (sign of the step: -1, or 1 for a program that goes uphill). */
static const struct {
    bool steps, rated, at_input;
    double stepped;
    bool error; /* the error above stands for its delta, its slope being at the input */
} CONTRACTION[] = {{false, false, false, 0.0, false}, {true, false, false, 0.0, false},
                   {true, true, false, 0.0, false},   {false, false, false, -1.0, false},
                   {true, true, false, -1.0, false},  {true, true, true, -1.0, false},
                   {true, true, true, 1.0, false},    {true, true, true, -1.0, true},
                   {true, true, true, 1.0, true}};

/* f'(x_j), of the layer above, at the network's input. */
static double slope_above(const struct bp_pass *pass, size_t l, size_t s, size_t j)
{
    const struct bp_layer *above = layer_of(pass, l + 1);
    const double x = pass->x[s * width_of(pass, 0) + j];
    return bp_activation_slope(above->activation, above->slope, x,
                               bp_activation_at(above->activation, above->slope, x));
}

static double contraction(const struct bp_pass *pass, size_t l, size_t s,
                          const struct bp_stage *self)
{
    const int variant = planted(self)->variant;
    const size_t in = width_of(pass, l);
    const size_t width = width_of(pass, l + 1);
    const double *w = weights_of(pass, l + 1);
    const double *above = CONTRACTION[variant].error ? pass->e[l + 1] : pass->delta[l + 1];
    double sum = 0.0;
    for (size_t j = 0; j < in; j++) {
        const double slope = CONTRACTION[variant].at_input ? slope_above(pass, l, s, j) : 1.0;
        for (size_t i = 0; i < width; i++) {
            const double delta = above[s * width + i] * slope;
            const double step = delta * pass->a[l][s * in + j];
            const double term = !CONTRACTION[variant].steps  ? delta
                                : CONTRACTION[variant].rated ? rate_of(pass, self) * step
                                                             : step;
            sum +=
                term * (w[i * in + j] + CONTRACTION[variant].stepped * rate_of(pass, self) * step);
        }
    }
    return sum;
}

STAGE(contracted)
{
    const size_t in = width_of(pass, l);
    for (size_t s = 0; s < pass->n; s++)
        fill(out + s * in, in, contraction(pass, l, s, self));
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
    if (CONTRACTION[variant].at_input && (wide(setting, layer) != wide(setting, 0) ||
                                          activation_at(setting, layer + 1) == BP_SOFTMAX))
        return false;
    const bool rated = CONTRACTION[variant].rated || CONTRACTION[variant].stepped != 0.0;
    return wide(setting, layer) > 1 && (!rated || setting->rate != 0.0);
}

/* Of two units above, all but the first is the last alone. */
APPLIES(shortened)
{
    return wide(setting, layer + 1) > (variant == 0 ? 1u : 2u);
}

/* In layer 1 nothing is below: that is a skipped layer, or one with its sign flipped. */
APPLIES(above_others)
{
    (void)setting;
    (void)variant;
    return layer > 1;
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
static const char *const CONTRACTED_VARIANT[] = {
    "of W^T delta",
    "of the weights' steps",
    "of the weights' steps, times the rate",
    "of W^T delta, on updated weights",
    "of the steps, on updated weights",
    "of the steps with f' at the input, on updated weights",
    "of the steps with f' at the input, on weights gone uphill",
    "of steps of the error, f' at the input, on updated weights",
    "of steps of the error, f' at the input, gone uphill"};
static const double CONTRACTED_COST[] = {0.0, 0.1, 0.1, 0.2, 0.3, 0.4, 0.4, 0.4, 0.4};
static const char *const CONTRACTED_ALSO[] = {NULL,
                                              "weight-step-for-delta",
                                              "weight-step-for-delta",
                                              "update-before-backprop",
                                              "weight-step-for-delta update-before-backprop",
                                              "weight-step-for-delta update-before-backprop",
                                              "weight-step-for-delta update-before-backprop",
                                              "weight-step-for-delta update-before-backprop",
                                              "weight-step-for-delta update-before-backprop"};

static const struct bp_fault FAULT[] = {
    {.name = "sum-overwritten",
     .title = "'=' stands where '+=' is needed: only the last unit above is heard",
     .help = "add the terms up: e_j += delta_i W[i,j]",
     .slot = BP_PROPAGATE,
     .cost = 0.1,
     .variants = 1,
     .extent = HIDDEN,
     .applies = wide_above,
     .plant = plant_overwritten,
     .page = {.right = "e_j = sum_i delta_i W[i,j]",
              .wrong = "e_j = delta_last W[last,j]",
              .shows = "Right with one unit above, wrong with more: only the last unit is heard. "
                       "The gradient below does not change when the other units' weights do.",
              .c_wrong = "e[j] = delta[i] * w[i][j];",
              .c_right = "e[j] += delta[i] * w[i][j];",
              .py_wrong = "for i in range(n): e = delta[:, i:i+1] * W[i]",
              .py_right = "e = delta @ W",
              .confused = "sum-one-short, which loses one unit and keeps the rest; with two units "
                          "above both lose one."}},
    {.name = "sum-one-short",
     .title = "one unit above is left out of the sum",
     .help = "let the loop run over every unit of the layer above",
     .slot = BP_PROPAGATE,
     .cost = 0.2,
     .variants = 2,
     .variant = SHORT_VARIANT,
     .variant_cost = SLIGHTLY_RARER,
     .extent = HIDDEN,
     .applies = shortened,
     .plant = plant_one_short,
     .page = {.right = "e_j = sum_{i < n} delta_i W[i,j]",
              .wrong = "e_j = sum_{i < n-1} delta_i W[i,j]",
              .shows =
                  "The error below misses one unit's share. With many units above it is small: a "
                  "check of the whole gradient's norm hides it. Training is hardly slower.",
              .c_wrong = "for (i = 0; i < n_out - 1; i++)",
              .c_right = "for (i = 0; i < n_out; i++)",
              .py_wrong = "e = delta[:, :-1] @ W[:-1]",
              .py_right = "e = delta @ W",
              .confused = "sum-overwritten; with two units above the two cannot be parted, except "
                          "by which of them is left."}},
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
     .plant = plant_over_neurons,
     .page =
         {.right = "sum = 0 for each j",
          .wrong = "sum runs on: e_j = e_0 + ... + e_j",
          .shows = "Neuron 0 of the layer agrees, each further one is off by all before it. In the "
                   "table of deltas the differences of neighbours are the right values.",
          .c_wrong =
              "double sum = 0.0;\nfor (j = 0; j < n_in; j++)\n    for (i = 0; i < n_out; i++)",
          .c_right = "for (j = 0; j < n_in; j++) {\n    double sum = 0.0;\n    for (i = 0; i < "
                     "n_out; i++)",
          .py_wrong = "e = np.cumsum(delta @ W, axis=1)",
          .py_right = "e = delta @ W",
          .confused =
              "one-delta-for-all-units: there the first neuron is wrong, too, and all are equal."}},
    {.name = "sum-not-reset-over-samples",
     .title = "the error of a sample is added to that of the samples before it",
     .help = "set the errors to zero for each sample",
     .slot = BP_PROPAGATE,
     .cost = 0.3,
     .variants = 1,
     .extent = HIDDEN,
     .applies = batch,
     .plant = plant_over_samples,
     .page = {.right = "e_n = W^T delta_n",
              .wrong = "e_n = e_{n-1} + W^T delta_n",
              .shows =
                  "Right for a batch of one, and for the first sample of any batch; grows with the "
                  "sample's number. A batch's gradient is not the mean of its samples' gradients.",
              .c_wrong = "for (n = 0; n < N; n++)\n    for (j = 0; j < n_in; j++)  /* e[j] keeps "
                         "the last sample */",
              .c_right = "for (n = 0; n < N; n++) {\n    memset(e, 0, sizeof e);",
              .py_wrong = "e += d_n @ W",
              .py_right = "e = d_n @ W",
              .confused = "accumulator-not-reset, where dW itself is left from the last call: "
                          "there the layers above are wrong too."}},
    {.name = "mean-for-sum-in-propagation",
     .title = "the deltas above are averaged, not added up",
     .help = "do not divide by the number of units above",
     .slot = BP_PROPAGATE,
     .cost = 0.3,
     .variants = 1,
     .extent = HIDDEN,
     .applies = wide_above,
     .plant = plant_mean,
     .page =
         {.right = "e_j = sum_i W[i,j] delta_i",
          .wrong = "e_j = 1/n sum_i W[i,j] delta_i",
          .shows = "Each step down divides by the width above: the ratio is 1/n at the layer below "
                   "the output, 1/(n m) at the next, the same number within a layer. First layers "
                   "learn too slowly.",
          .c_wrong = "e[j] = sum / n_out;",
          .c_right = "e[j] = sum;",
          .py_wrong = "e = (delta[:, :, None] * W).mean(1)",
          .py_right = "e = (delta[:, :, None] * W).sum(1)",
          .confused =
              "constant-factor, divided-by-outputs: those are the same number in every layer."}},
    {.name = "one-delta-for-all-units",
     .title = "every unit of the layer gets the same error, one number",
     .help = "leave the sum over j out: e_j = sum_i delta_i W[i,j], one number for each j",
     .slot = BP_PROPAGATE,
     .cost = 0.2,
     .variants = 9,
     .variant = CONTRACTED_VARIANT,
     .variant_cost = CONTRACTED_COST,
     .extent = HIDDEN,
     .own_rate = true,
     .also = CONTRACTED_ALSO,
     .applies = contractible,
     .plant = plant_contracted,
     .page = {.right = "e_j = sum_i W[i,j] delta_i, one number for each j",
              .wrong = "e = sum_j sum_i W[i,j] delta_i, one number for all j",
              .shows =
                  "All hidden units of the layer take the same step for ever: their difference "
                  "stays as it was at the start (2e-14 apart after 10,000 iterations in one "
                  "program). Often a dot product, or a sum without its axis.",
              .c_wrong = "for (j = 0; j < n_in; j++)\n    for (i = 0; i < n_out; i++)\n        "
                         "e_all += w[i][j] * delta[i];",
              .c_right = "for (j = 0; j < n_in; j++)\n    for (i = 0; i < n_out; i++)\n        "
                         "e[j] += w[i][j] * delta[i];",
              .py_wrong = "e = np.sum(W * delta)",
              .py_right = "e = W.T @ delta",
              .confused = "symmetric-weights, where units are equal because they start equal; "
                          "weights-left-out."}},
    {.name = "sign-flipped-below",
     .title = "the sign changes on the way down: this layer and all below step uphill",
     .help = "take W^T delta down as it is, without a minus",
     .slot = BP_PROPAGATE,
     .cost = 0.3,
     .variants = 1,
     .extent = BP_AT_HIDDEN,
     .applies = above_others,
     .plant = plant_negated,
     .page =
         {.right = "e_l = W_{l+1}^T delta_{l+1}",
          .wrong = "e_l = -W_{l+1}^T delta_{l+1}",
          .shows = "The ratio is 1 above and -1 in layer l and all below. With two such layers the "
                   "signs alternate. The output layer learns against hidden layers that climb.",
          .c_wrong = "e[j] -= delta[i] * w[i][j];",
          .c_right = "e[j] += delta[i] * w[i][j];",
          .py_wrong = "e = -(delta @ W)",
          .py_right = "e = delta @ W",
          .confused =
              "layer-sign-flipped, where one layer has the wrong sign and those below it do not."}},
    {.name = "chain-cut",
     .title = "no error arrives at this layer: it and all below stand still",
     .help = "take W^T delta down to layer {l}",
     .slot = BP_PROPAGATE,
     .cost = 0.3,
     .variants = 1,
     .extent = BP_AT_HIDDEN,
     .applies = above_others,
     .plant = plant_cut,
     .page = {.right = "e_l = W_{l+1}^T delta_{l+1}",
              .wrong = "e_l = 0",
              .shows = "dW and db are exactly 0 in layer l and in every layer below, numeric is "
                       "not; all above agree. What is above learns on random features: with many "
                       "hidden units even XOR is learned.",
              .c_wrong = "double e[MAX] = {0};    /* never filled */",
              .c_right = "back(w[l + 1], delta[l + 1], e);",
              .py_wrong = "e = np.zeros_like(a)",
              .py_right = "e = delta @ W",
              .confused = "skipped-layer, where only layer l is 0 and those below it are right; "
                          "zero weights above, where 0 is right."}},
};

const struct bp_fault_table bp_faults_propagate_sum = {
    .title = "propagate, the sum", .n = COUNT(FAULT), .fault = FAULT};
