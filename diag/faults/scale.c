/* scale.c -- what is got wrong in the size of the gradient: mean or sum over the
 * batch, and factors.
 *
 * A constant factor leaves the direction right, and the rate absorbs it; it is
 * still said. Variant 0 scales the data's part of the gradient, variant 1 the
 * regulariser's part with it. Factors that have no name here are solved for
 * (constant-factor).
 */
#include "diag/faults/stage.h"
#include "diag/faults/tables.h"

/* ---- factors --------------------------------------------------------------- */

/* out = factor times what the right stage gives, over the layer's block. */
static void scaled_by(const struct bp_pass *pass, size_t l, const struct bp_stage *self,
                      double factor, double *out)
{
    size_t count;
    bp_mlp_block(pass->net, l, &count);
    run_right(pass, l, self, out);
    multiply(out, count, factor);
}

/* The same run in two slots: as scale (variant 0) and, where there is an L2 term
 * to be scaled with it, as regularise (variant 1). */
#define FACTOR_STAGE(name, value)                                                                  \
    STAGE(name)                                                                                    \
    {                                                                                              \
        scaled_by(pass, l, self, value, out);                                                      \
    }                                                                                              \
    PLANT(plant_##name)                                                                            \
    {                                                                                              \
        put(ops, layer, h->variant == 0 ? BP_SCALE : BP_REGULARISE, name, h);                      \
    }

static double outputs(const struct bp_pass *pass)
{
    return (double)width_of(pass, last_of(pass));
}

FACTOR_STAGE(times_n, (double)pass->n)
FACTOR_STAGE(over_n, 1.0 / (double)pass->n)
FACTOR_STAGE(doubled, 2.0)
FACTOR_STAGE(halved, 0.5)
FACTOR_STAGE(times_outputs, outputs(pass))
FACTOR_STAGE(over_outputs, 1.0 / outputs(pass))
FACTOR_STAGE(times_rate, rate_of(pass, self))
FACTOR_STAGE(minus_rate, -rate_of(pass, self))
FACTOR_STAGE(negated, -1.0)
FACTOR_STAGE(whole_number, (double)(1 / pass->n))

PLANT(plant_all_negated)
{
    put(ops, layer, BP_REGULARISE, negated, h);
}

/* Divided by a width where the mean over the batch was meant: a length taken along
 * the wrong axis. Variants 0, 1: the layer's inputs; 2, 3: its units; 1 and 3 the
 * weights alone. Where the loss is a sum, nothing was to be divided by. */
STAGE(over_width)
{
    const int variant = planted(self)->variant;
    const double meant = pass->net->spec.reduction == BP_MEAN ? (double)pass->n : 1.0;
    const size_t weights = bp_mlp_weights(pass->net, l)->count;
    size_t count;
    bp_mlp_block(pass->net, l, &count);
    run_right(pass, l, self, out);
    multiply(out, variant % 2 == 0 ? count : weights,
             meant / (double)width_of(pass, variant < 2 ? l - 1 : l));
}

PLANT(plant_over_width)
{
    put(ops, layer, BP_SCALE, over_width, h);
}

/* h->factor on all of the block (variant 0), with the regulariser (1), on the
 * weights alone (2), on the biases alone (3). */
STAGE(constant)
{
    const struct bp_hypothesis *h = planted(self);
    const size_t weights = bp_mlp_weights(pass->net, l)->count;
    size_t count;
    bp_mlp_block(pass->net, l, &count);
    run_right(pass, l, self, out);
    if (h->variant != 3)
        multiply(out, weights, h->factor);
    if (h->variant != 2)
        multiply(out + weights, count - weights, h->factor);
}

PLANT(plant_constant)
{
    put(ops, layer, h->variant == 1 ? BP_REGULARISE : BP_SCALE, constant, h);
}

/* Another factor of 2 (variant 0) or 1/2 (1) for every layer further down. */
STAGE(growing)
{
    run_right(pass, l, self, out);
    multiply(out, pass->n * width_of(pass, l), planted(self)->variant == 0 ? 2.0 : 0.5);
}

PLANT(plant_growing)
{
    put(ops, layer, BP_PROPAGATE, growing, h);
}

/* ---- where ----------------------------------------------------------------- */

/* Scaling the regulariser too is something else only where there is one. */
static bool part(const struct bp_setting *setting, int variant)
{
    return variant == 0 || spec_of(setting)->l2 != 0.0;
}

APPLIES(anywhere)
{
    (void)layer;
    return part(setting, variant);
}

APPLIES(averaged)
{
    (void)layer;
    return part(setting, variant) && is_batch(setting) && is_mean(setting);
}

APPLIES(batch)
{
    (void)layer;
    return part(setting, variant) && is_batch(setting);
}

APPLIES(several_outputs)
{
    (void)layer;
    return part(setting, variant) && wide(setting, spec_of(setting)->layers) > 1;
}

/* With one layer the number of its units is that of the outputs: divided-by-outputs. */
APPLIES(several_layers_or_inputs)
{
    const struct bp_spec *spec = spec_of(setting);
    return (variant < 2 || spec->layers > 1) && (variant % 2 == 0 || has_bias(setting, layer));
}

APPLIES(rated)
{
    (void)layer;
    return part(setting, variant) && setting->rate != 0.0;
}

/* One layer of several, or all of a gradient with a regulariser: the whole
 * gradient's sign without one is that of the error, sign-flipped. */
APPLIES(layer_of_several)
{
    (void)layer;
    return part(setting, variant) && spec_of(setting)->layers > 1;
}

APPLIES(regularised)
{
    (void)variant;
    (void)layer;
    return spec_of(setting)->l2 != 0.0;
}

APPLIES(factored)
{
    switch (variant) {
    case 1:
        return spec_of(setting)->l2 != 0.0;
    case 2:
    case 3:
        return has_bias(setting, layer);
    default:
        return true;
    }
}

/* ---- the table ------------------------------------------------------------- */

enum { EVERY = BP_AT_ANY | BP_AT_ALL };

static const char *const PART_VARIANT[] = {"the data's part", "with the regulariser's part"};
static const double DATA_FIRST[] = {0.0, 0.1};
static const double ALL_FIRST[] = {0.1, 0.0};
static const char *const CONSTANT_VARIANT[] = {"weights and biases", "with the regulariser's part",
                                               "the weights alone", "the biases alone"};
static const char *const WIDTH_VARIANT[] = {
    "the number of the layer's inputs", "the number of the layer's inputs, weights alone",
    "the number of the layer's units", "the number of the layer's units, weights alone"};
static const double WIDTH_COST[] = {0.0, 0.1, 0.1, 0.2};
static const double CONSTANT_COST[] = {0.0, 0.1, 0.3, 0.3};
static const char *const GROWING_VARIANT[] = {"2 a layer", "1/2 a layer"};

static const struct bp_fault FAULT[] = {
    {.name = "batch-mean-missing",
     .title = "the gradient is a sum over the batch, the loss a mean",
     .help = "divide the gradient by N, or declare the loss as a sum",
     .slot = BP_SCALE,
     .variants = 2,
     .variant = PART_VARIANT,
     .variant_cost = DATA_FIRST,
     .extent = EVERY,
     .applies = averaged,
     .plant = plant_times_n,
     .page = {.right = "gradient = 1/N sum over the batch",
              .wrong = "gradient = sum over the batch",
              .shows = "The ratio is N in every tensor, and 1 for a batch of one; the direction is "
                       "right. The rate that works depends on the batch size, and a full batch "
                       "needs one N times smaller.",
              .c_wrong = "grad[k] += g[k];",
              .c_right = "grad[k] += g[k] / N;",
              .py_wrong = "dW = delta.T @ a",
              .py_right = "dW = delta.T @ a / len(x)",
              .confused =
                  "biases-summed-weights-averaged, where only db has the ratio N; "
                  "check-on-other-scale: which of cost and gradient is meant is a convention."}},
    {.name = "batch-mean-extra",
     .title = "the gradient is divided by N once more than the loss",
     .help = "divide by N once; if the loss is a sum, not at all",
     .slot = BP_SCALE,
     .variants = 2,
     .variant = PART_VARIANT,
     .variant_cost = DATA_FIRST,
     .extent = EVERY,
     .applies = batch,
     .plant = plant_over_n,
     .page =
         {.right = "gradient = 1/N sum (or the sum, when the loss is a sum)",
          .wrong = "divided by N once more",
          .shows =
              "The ratio is 1/N in every tensor (0.25 for XOR's four examples), the cosine 1. "
              "Training is N times slower than the rate says, which looks like a rate too small.",
          .c_wrong = "delta[k] /= N; /* and again: */ grad[k] /= N;",
          .c_right = "grad[k] /= N;",
          .py_wrong = "delta = (a - t) / N; dW = delta.T @ h / N",
          .py_right = "delta = (a - t) / N; dW = delta.T @ h",
          .confused = "rate-too-small; cost summed and gradient averaged, which is this when the "
                      "cost is taken at its word."}},
    {.name = "factor-two",
     .title = "the gradient is twice that of the loss",
     .help = "match the constants: 1/2 (a - t)^2 has the derivative a - t",
     .slot = BP_SCALE,
     .cost = 0.1,
     .variants = 2,
     .variant = PART_VARIANT,
     .variant_cost = DATA_FIRST,
     .extent = EVERY,
     .applies = anywhere,
     .plant = plant_doubled,
     .page = {.right = "L = 1/2 (a - t)^2, dL/da = a - t",
              .wrong = "dL/da = 2 (a - t)",
              .shows = "The ratio is 2 in every tensor and for every batch. The direction is "
                       "right; the rate absorbs it.",
              .c_wrong = "e[k] = 2.0 * (a[k] - t[k]);",
              .c_right = "e[k] = a[k] - t[k];",
              .py_wrong = "e = 2 * (a - t)      # loss is 0.5 * (a - t)**2",
              .py_right = "e = a - t",
              .confused = "a batch of two summed, where the ratio is 2 as well: another batch size "
                          "parts them; update-doubled."}},
    {.name = "factor-half",
     .title = "the gradient is half that of the loss",
     .help = "match the constants: (a - t)^2 has the derivative 2 (a - t)",
     .slot = BP_SCALE,
     .cost = 0.1,
     .variants = 2,
     .variant = PART_VARIANT,
     .variant_cost = DATA_FIRST,
     .extent = EVERY,
     .applies = anywhere,
     .plant = plant_halved,
     .page = {.right = "L = (a - t)^2, dL/da = 2 (a - t)",
              .wrong = "dL/da = a - t",
              .shows = "The ratio is 1/2 in every tensor and for every batch. The direction is "
                       "right; the rate absorbs it.",
              .c_wrong = "e[k] = a[k] - t[k];     /* loss is (a - t)^2 */",
              .c_right = "e[k] = 2.0 * (a[k] - t[k]);",
              .py_wrong = "e = a - t             # loss is (a - t)**2",
              .py_right = "e = 2 * (a - t)",
              .confused = "batch-mean-extra at N = 2: another batch size parts them."}},
    {.name = "multiplied-by-outputs",
     .title = "the gradient is multiplied by the number of outputs",
     .help = "if the loss is a mean over the outputs, the gradient is too",
     .slot = BP_SCALE,
     .cost = 0.2,
     .variants = 2,
     .variant = PART_VARIANT,
     .variant_cost = DATA_FIRST,
     .extent = BP_AT_ALL,
     .applies = several_outputs,
     .plant = plant_times_outputs,
     .page = {.right = "L = sum over outputs, gradient of that sum",
              .wrong = "gradient times K, the number of outputs",
              .shows = "The ratio is K in every tensor, whatever the batch. The loss is a mean "
                       "over the outputs, mostly, and the gradient that of a sum.",
              .c_wrong = "loss /= n_out;       /* the gradient is not */",
              .c_right = "loss /= n_out; e[k] /= n_out;",
              .py_wrong = "loss = np.mean((a - t)**2); e = a - t",
              .py_right = "loss = np.mean((a - t)**2); e = 2 * (a - t) / a.size",
              .confused = "batch-mean-missing, where the ratio follows the batch."}},
    {.name = "divided-by-outputs",
     .title = "the gradient is divided by the number of outputs",
     .help = "the loss is a sum over the outputs: do not divide (or use a mean in both)",
     .slot = BP_SCALE,
     .cost = 0.2,
     .variants = 2,
     .variant = PART_VARIANT,
     .variant_cost = DATA_FIRST,
     .extent = BP_AT_ALL,
     .applies = several_outputs,
     .plant = plant_over_outputs,
     .page = {.right = "L = sum over outputs, gradient of that sum",
              .wrong = "gradient divided by K, the number of outputs",
              .shows = "The ratio is 1/K in every tensor, whatever the batch. Often a mean over "
                       "all of an array where one over its rows was meant.",
              .c_wrong = "e[k] = (a[k] - t[k]) / n_out;",
              .c_right = "e[k] = a[k] - t[k];",
              .py_wrong = "e = (a - t) / a.size",
              .py_right = "e = (a - t) / len(a)",
              .confused = "batch-mean-extra, where the ratio follows the batch."}},
    {.name = "divided-by-width",
     .title = "the gradient is divided by the width of a layer, not by the samples",
     .help = "divide by the number of samples: take it along the axis of the batch",
     .slot = BP_SCALE,
     .cost = 0.3,
     .variants = 4,
     .variant = WIDTH_VARIANT,
     .variant_cost = WIDTH_COST,
     .extent = BP_AT_ALL,
     .applies = several_layers_or_inputs,
     .plant = plant_over_width,
     .page = {.right = "gradient = 1/N sum over the batch of N samples",
              .wrong = "gradient = 1/n sum over the batch, n the layer's inputs (or its units)",
              .shows = "The ratio is N/n in each layer, another number in layers of other widths; "
                       "the direction within a layer is right. Wide layers learn too slowly: with "
                       "784 inputs and batches of 10 the first one 78 times.",
              .c_wrong = "dw[k] = sum[k] / layer->n_in;",
              .c_right = "dw[k] = sum[k] / n_samples;",
              .py_wrong = "m = a.shape[1]        # a is samples x inputs\ndW = delta.T @ a / m",
              .py_right = "m = a.shape[0]\ndW = delta.T @ a / m",
              .confused = "constant-factor and batch-mean-missing, where the ratio is the same in "
                          "every layer; a batch of n samples hides it."}},
    {.name = "rate-folded-in",
     .title = "the learning rate is in the gradient already",
     .help = "multiply by the rate in the update only",
     .slot = BP_SCALE,
     .variants = 2,
     .variant = PART_VARIANT,
     .variant_cost = ALL_FIRST,
     .extent = EVERY,
     .own_rate = true,
     .applies = rated,
     .plant = plant_times_rate,
     .page = {.right = "theta -= rate * gradient",
              .wrong = "the gradient holds the rate: delta = rate (a - t) f'(z)",
              .shows = "The ratio is the rate in every tensor. If the update multiplies by it "
                       "again, steps are rate^2: at 0.01 a hundred times too small.",
              .c_wrong = "delta[k] = rate * (a[k] - t[k]) * slope;",
              .c_right = "delta[k] = (a[k] - t[k]) * slope;",
              .py_wrong = "delta = rate * (a - t) * s",
              .py_right = "delta = (a - t) * s",
              .confused = "step-returned, with the sign turned as well; rate-too-small; another "
                          "rate parts them."}},
    {.name = "step-returned",
     .title = "the step, minus rate times gradient, stands where the gradient is expected",
     .help = "return the gradient; make the step of it in one place",
     .slot = BP_SCALE,
     .variants = 2,
     .variant = PART_VARIANT,
     .variant_cost = ALL_FIRST,
     .extent = BP_AT_ALL,
     .own_rate = true,
     .applies = rated,
     .plant = plant_minus_rate,
     .page = {.right = "gradient",
              .wrong = "-rate * gradient",
              .shows = "The ratio is minus the rate in every tensor. Returned to an update that "
                       "subtracts, it climbs.",
              .c_wrong = "grad[k] = -rate * g[k];",
              .c_right = "grad[k] = g[k];",
              .py_wrong = "return -rate * dW",
              .py_right = "return dW",
              .confused = "sign-flipped, where the ratio is -1; rate-folded-in."}},
    {.name = "integer-division-zero",
     .title = "1/N was computed in whole numbers, and is 0",
     .help = "write 1.0 / N",
     .slot = BP_SCALE,
     .variants = 2,
     .variant = PART_VARIANT,
     .variant_cost = DATA_FIRST,
     .extent = BP_AT_ALL,
     .applies = batch,
     .plant = plant_whole_number,
     .page = {.right = "1.0 / N",
              .wrong = "1 / N in whole numbers: 0 for N > 1",
              .shows = "Every number of the gradient is exactly 0, whatever the data; with a batch "
                       "of one all agree. The cost does not move by a bit.",
              .c_wrong = "double scale = 1 / n;",
              .c_right = "double scale = 1.0 / n;",
              .py_wrong = "dW = (1 // N) * (delta.T @ a)",
              .py_right = "dW = (1 / N) * (delta.T @ a)",
              .confused = "a start where the gradient is 0 by itself (zero weights on XOR): there "
                          "numeric is 0 as well; chain-cut."}},
    {.name = "layer-sign-flipped",
     .title = "one layer's gradient has the wrong sign: it alone steps uphill",
     .help = "give layer {l} the sign that the others have",
     .slot = BP_SCALE,
     .cost = 0.1,
     .variants = 2,
     .variant = PART_VARIANT,
     .variant_cost = DATA_FIRST,
     .extent = BP_AT_ANY,
     .applies = layer_of_several,
     .plant = plant_negated,
     .page = {.right = "theta_l -= rate * gradient_l for every l",
              .wrong = "theta_l += rate * gradient_l for one l",
              .shows =
                  "The ratio is -1 in one layer and 1 in all others, those below included. The "
                  "loss first falls, since the other layers learn, and then rises or wavers.",
              .c_wrong = "w2[k] += rate * dw2[k]; w1[k] -= rate * dw1[k];",
              .c_right = "w2[k] -= rate * dw2[k]; w1[k] -= rate * dw1[k];",
              .py_wrong = "grads = [dW1, -dW2]",
              .py_right = "grads = [dW1, dW2]",
              .confused = "sign-flipped-below, where every layer further down has -1 too."}},
    {.name = "gradient-negated",
     .title = "the whole gradient, with the regulariser's part, has the wrong sign",
     .help = "return +dL/dtheta, and subtract it",
     .slot = BP_REGULARISE,
     .cost = 0.05,
     .variants = 1,
     .extent = BP_AT_ALL,
     .applies = regularised,
     .plant = plant_all_negated,
     .page =
         {.right = "dL/dtheta",
          .wrong = "-dL/dtheta, the L2 term's part too",
          .shows =
              "Every ratio is -1, in the weights' decay too. The loss rises from the first step.",
          .c_wrong = "return -(g[k] + lambda * w[k]);",
          .c_right = "return g[k] + lambda * w[k];",
          .py_wrong = "return -(dW + lam * W)",
          .py_right = "return dW + lam * W",
          .confused = "sign-flipped, where the L2 term keeps its sign and the ratio of weights is "
                      "not quite -1."}},
    {.name = "factor-growing-by-layer",
     .title = "every layer further down has another factor: it comes in with each W^T delta",
     .help = "take the factor out of the loop over the layers",
     .slot = BP_PROPAGATE,
     .cost = 0.3,
     .variants = 2,
     .variant = GROWING_VARIANT,
     .variant_cost = DATA_FIRST,
     .extent = BP_AT_HIDDEN | BP_AT_ALL,
     .plant = plant_growing,
     .page = {.right = "e_l = W^T delta_{l+1}",
              .wrong = "e_l = 2 W^T delta_{l+1}",
              .shows = "The ratio is 1 at the output, 2 a layer below, 4 below that: each step "
                       "down brings the factor again. First layers are too fast (or too slow).",
              .c_wrong = "e[j] = 2.0 * sum;",
              .c_right = "e[j] = sum;",
              .py_wrong = "e = 2 * delta @ W",
              .py_right = "e = delta @ W",
              .confused = "factor-two, the same in every layer; mean-for-sum-in-propagation, whose "
                          "factors follow the widths."}},
    {.name = "constant-factor",
     .title = "the gradient is a constant times the right one",
     .help = "find the constant: a convention of the loss, or a factor too much",
     .slot = BP_SCALE,
     .cost = 1.0,
     .variants = 4,
     .variant = CONSTANT_VARIANT,
     .variant_cost = CONSTANT_COST,
     .extent = EVERY,
     .solved = true,
     .applies = factored,
     .plant = plant_constant,
     .page = {.right = "gradient",
              .wrong = "c * gradient",
              .shows =
                  "All ratios of the tensors named are one number, c, to all digits; the cosine is "
                  "1. Nothing is wrong with the direction; a rate divided by c does the same.",
              .c_wrong = "grad[k] *= c;",
              .c_right = "/* without c, or with c in the loss too */",
              .py_wrong = "dW = c * (delta.T @ a)",
              .py_right = "dW = delta.T @ a",
              .confused = "the factors that have names: N, 1/N, 2, 1/2, K, 1/K, the rate. Other "
                          "batch sizes and another rate tell which."}},
};

const struct bp_fault_table bp_faults_scale = {.title = "scale", .n = COUNT(FAULT), .fault = FAULT};
