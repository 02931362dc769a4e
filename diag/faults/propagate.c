/* propagate.c -- what is got wrong on the way down: e_l = W_{l+1}^T delta_{l+1}.
 *
 * Here l is the layer that the error arrives at. W is W_{l+1}, out x in; a
 * program that reads the same numbers with the other stride sees W transposed.
 * Faults of the sum itself are in propagate_sum.c.
 */
#include "diag/faults/stage.h"
#include "diag/faults/tables.h"

#include "core/kernel.h"

/* ---- the wrong matrix ------------------------------------------------------ */

/* e = sum_i delta_i W'_ij, with W'_ij = w[j out + i]: the buffer of W read as its
 * transpose is. For a square W that is W itself in place of W^T. */
STAGE(not_transposed)
{
    (void)self;
    const size_t in = width_of(pass, l);
    const size_t width = width_of(pass, l + 1);
    bp_kernel_affine(pass->n, width, in, pass->delta[l + 1], weights_of(pass, l + 1), NULL, out);
}

/* Which layer's W stands for that of l + 1. */
static const int OTHER_LAYER[] = {0, 2, -1, 3, -2};

STAGE(other_weights)
{
    const size_t from = (size_t)((long)l + OTHER_LAYER[planted(self)->variant]);
    bp_kernel_propagate(pass->n, width_of(pass, l), width_of(pass, l + 1), pass->delta[l + 1],
                        weights_of(pass, from), out);
}

/* [b | W] without its last column (variant 0: the bias is the first column and was
 * left in), or [W | b] without its first (1). */
STAGE(bias_left_in)
{
    const size_t in = width_of(pass, l);
    const size_t width = width_of(pass, l + 1);
    const double *w = weights_of(pass, l + 1);
    const double *b = biases_of(pass, l + 1);
    const double sign = layer_of(pass, l + 1)->subtracts ? -1.0 : 1.0; /* the column as it lies */
    const int variant = planted(self)->variant;
    for (size_t s = 0; s < pass->n; s++)
        for (size_t j = 0; j < in; j++) {
            double sum = 0.0;
            for (size_t i = 0; i < width; i++) {
                const bool bias = variant == 0 ? j == 0 : j == in - 1;
                const double v = bias ? sign * b[i] : w[i * in + (variant == 0 ? j - 1 : j + 1)];
                sum += pass->delta[l + 1][s * width + i] * v;
            }
            out[s * in + j] = sum;
        }
}

/* What is taken down, error or delta of layer l + 1, through W - rate dW in place of W:
 * that layer was updated before its error went down. */
static void through_updated(const struct bp_pass *pass, size_t l, const double *what, double *out)
{
    const size_t in = width_of(pass, l);
    const size_t width = width_of(pass, l + 1);
    const double *w = weights_of(pass, l + 1);
    const double *g = pass->grad + bp_mlp_weights(pass->net, l + 1)->offset;
    for (size_t s = 0; s < pass->n; s++)
        for (size_t j = 0; j < in; j++) {
            double sum = 0.0;
            for (size_t i = 0; i < width; i++)
                sum += what[s * width + i] * (w[i * in + j] - pass->rate * g[i * in + j]);
            out[s * in + j] = sum;
        }
}

STAGE(updated_weights)
{
    (void)self;
    through_updated(pass, l, pass->delta[l + 1], out);
}

/* e_j = sum_i delta_i */
STAGE(no_weights)
{
    (void)self;
    const size_t in = width_of(pass, l);
    const size_t width = width_of(pass, l + 1);
    for (size_t s = 0; s < pass->n; s++) {
        double sum = 0.0;
        for (size_t i = 0; i < width; i++)
            sum += pass->delta[l + 1][s * width + i];
        fill(out + s * in, in, sum);
    }
}

/* ---- the wrong delta ------------------------------------------------------- */

/* delta_{l+2} (variant 0) or delta_{l+3} (1) */
STAGE(other_delta)
{
    const size_t from = l + 2 + (size_t)planted(self)->variant;
    bp_kernel_propagate(pass->n, width_of(pass, l), width_of(pass, l + 1), pass->delta[from],
                        weights_of(pass, l + 1), out);
}

/* e_{l+1}: f' lost on the way; through weights that are already updated (variant 1) */
STAGE(error_for_delta)
{
    if (planted(self)->variant == 1) {
        through_updated(pass, l, pass->e[l + 1], out);
        return;
    }
    bp_kernel_propagate(pass->n, width_of(pass, l), width_of(pass, l + 1), pass->e[l + 1],
                        weights_of(pass, l + 1), out);
}

/* The weight's step stands for delta. Per sample it is delta_i a_j (variant 0), or
 * rate delta_i a_j (1); from the batch, dW_ij (2), or rate dW_ij (3). */
STAGE(weight_step)
{
    const int variant = planted(self)->variant;
    const size_t in = width_of(pass, l);
    const size_t width = width_of(pass, l + 1);
    const double *w = weights_of(pass, l + 1);
    const double *g = pass->grad + bp_mlp_weights(pass->net, l + 1)->offset;
    if (variant < 2)
        run_right(pass, l, self, out);
    for (size_t j = 0; j < in; j++) {
        double sum = 0.0;
        for (size_t i = 0; i < width; i++)
            sum += w[i * in + j] * g[i * in + j];
        for (size_t s = 0; s < pass->n; s++)
            out[s * in + j] = variant < 2 ? out[s * in + j] * pass->a[l][s * in + j] : sum;
    }
    if (variant % 2 == 1)
        multiply(out, pass->n * in, rate_of(pass, self));
}

/* ---- where: l is a hidden layer -------------------------------------------- */

APPLIES(both_wide)
{
    (void)variant;
    return wide(setting, layer) > 1 && wide(setting, layer + 1) > 1;
}

APPLIES(same_shape)
{
    const long from = (long)layer + OTHER_LAYER[variant];
    return from >= 1 && from <= (long)spec_of(setting)->layers &&
           wide(setting, (size_t)from) == wide(setting, layer + 1) &&
           wide(setting, (size_t)from - 1) == wide(setting, layer);
}

/* With one unit here both ways leave the bias alone. */
APPLIES(biased_above)
{
    return has_bias(setting, layer + 1) && (variant == 0 || wide(setting, layer) > 1);
}

APPLIES(with_rate)
{
    (void)variant;
    (void)layer;
    return setting->rate != 0.0;
}

APPLIES(as_wide_above)
{
    const size_t from = layer + 2 + (size_t)variant;
    return from <= spec_of(setting)->layers && wide(setting, from) == wide(setting, layer + 1);
}

/* At a matched output e is dL/da, which has 1 / f' in it. */
APPLIES(derived_above)
{
    return activation_at(setting, layer + 1) != BP_IDENTITY &&
           (variant == 0 || setting->rate != 0.0);
}

APPLIES(step_known)
{
    (void)layer;
    return (variant % 2 == 0 || setting->rate != 0.0) && (variant < 2 || is_batch(setting));
}

/* Under softmax the deltas of a sample add up to 0. */
APPLIES(unbalanced_above)
{
    (void)variant;
    return activation_at(setting, layer + 1) != BP_SOFTMAX;
}

/* ---- plants ---------------------------------------------------------------- */

#define PLANT_PROPAGATE(run)                                                                       \
    PLANT(plant_##run)                                                                             \
    {                                                                                              \
        put(ops, layer, BP_PROPAGATE, run, h);                                                     \
    }

PLANT_PROPAGATE(not_transposed)
PLANT_PROPAGATE(other_weights)
PLANT_PROPAGATE(bias_left_in)
PLANT_PROPAGATE(updated_weights)
PLANT_PROPAGATE(no_weights)
PLANT_PROPAGATE(other_delta)
PLANT_PROPAGATE(error_for_delta)
PLANT_PROPAGATE(weight_step)

/* ---- the table ------------------------------------------------------------- */

enum { HIDDEN = BP_AT_HIDDEN | BP_AT_ALL };

static const char *const LAYER_VARIANT[] = {"the layer's own W", "W of two layers above",
                                            "W of the layer below", "W of three layers above",
                                            "W of two layers below"};
static const double LAYER_COST[] = {0.0, 0.3, 0.3, 0.3, 0.3};
static const char *const BIAS_VARIANT[] = {"bias first, last column cut off",
                                           "bias last, first column cut off"};
static const double SLIGHTLY_RARER[] = {0.0, 0.05};
static const char *const DELTA_VARIANT[] = {"delta of two layers above",
                                            "delta of three layers above"};
static const double DELTA_COST[] = {0.0, 0.2};
static const char *const ERROR_VARIANT[] = {"through W", "through W updated already"};
static const char *const ERROR_ALSO[] = {"", "update-before-backprop"};
static const double ERROR_COST[] = {0.0, 0.4};
static const char *const STEP_VARIANT[] = {"delta a of each sample", "rate delta a of each sample",
                                           "dW of the batch", "rate dW of the batch"};
static const double STEP_COST[] = {0.0, 0.05, 0.1, 0.15};

static const struct bp_fault FAULT[] = {
    {.name = "weights-not-transposed",
     .title = "the error is taken down through W, not through W transposed",
     .help = "use W^T: e_j = sum_i delta_i W[i,j]",
     .slot = BP_PROPAGATE,
     .variants = 1,
     .extent = HIDDEN,
     .applies = both_wide,
     .plant = plant_not_transposed,
     .page =
         {.right = "e_j = sum_i delta_i W[i,j]",
          .wrong = "e_j = sum_i delta_i W[j,i] (or W's buffer read with the other stride)",
          .shows =
              "The output layer agrees to all digits, everything below is wrong with no constant "
              "ratio. A square W runs without complaint; another shape crashes in numpy and reads "
              "the wrong numbers in C. It still learns something, since the output layer does.",
          .c_wrong = "e[j] += delta[i] * w[j * n_out + i];",
          .c_right = "e[j] += delta[i] * w[i * n_in + j];",
          .py_wrong = "e = delta @ W.T   # W is out x in",
          .py_right = "e = delta @ W",
          .confused = "weights-of-wrong-layer; outer-product-transposed, where delta is right and "
                      "only dW is stored wrong."}},
    {.name = "weights-of-wrong-layer",
     .title = "the error is taken down through another layer's W",
     .help = "layer {l}'s error comes through the W of the layer above it",
     .slot = BP_PROPAGATE,
     .cost = 0.1,
     .variants = COUNT(OTHER_LAYER),
     .variant = LAYER_VARIANT,
     .variant_cost = LAYER_COST,
     .extent = HIDDEN,
     .applies = same_shape,
     .plant = plant_other_weights,
     .page = {.right = "e_l = W_{l+1}^T delta_{l+1}",
              .wrong = "e_l = W_l^T delta_{l+1}",
              .shows = "As weights-not-transposed: right at the output, wrong below, in networks "
                       "whose layers have one shape. In others it crashes. Usually an index that "
                       "starts at 0 for weights and at 1 for layers.",
              .c_wrong = "e[j] += delta[i] * w[l][i][j];",
              .c_right = "e[j] += delta[i] * w[l + 1][i][j];",
              .py_wrong = "e = delta @ W[l]",
              .py_right = "e = delta @ W[l + 1]",
              .confused = "weights-not-transposed; both vanish from sight when all W are alike: "
                          "check at random weights."}},
    {.name = "bias-column-left-in",
     .title = "the bias column stays in W on the way down, and a weight's is cut off",
     .help = "cut off the column of the biases, and no other, before W^T delta",
     .slot = BP_PROPAGATE,
     .cost = 0.2,
     .variants = 2,
     .variant = BIAS_VARIANT,
     .variant_cost = SLIGHTLY_RARER,
     .extent = HIDDEN,
     .applies = biased_above,
     .plant = plant_bias_left_in,
     .page = {.right = "e_j = sum_i delta_i W[i,j], W without its bias column",
              .wrong = "the bias column takes the place of W's first (or last) column",
              .shows =
                  "The layers below are wrong by one place: e_0 comes from the bias, e_1 from W's "
                  "column 0. With zero biases the first error is 0. The output layer agrees.",
              .c_wrong = "e[j] += delta[i] * wb[i][j];      /* column 0 is the bias */",
              .c_right = "e[j] += delta[i] * wb[i][j + 1];",
              .py_wrong = "e = (delta @ Wb)[:, :-1]",
              .py_right = "e = (delta @ Wb)[:, 1:]    # bias is column 0",
              .confused = "weights-not-transposed. Setting the biases to 0 and to 1 parts them: "
                          "this one changes with b."}},
    {.name = "update-before-backprop",
     .title = "the layer above was updated before its error was taken down",
     .help = "compute every delta first, then update every layer",
     .slot = BP_PROPAGATE,
     .variants = 1,
     .extent = HIDDEN,
     .applies = with_rate,
     .plant = plant_updated_weights,
     .page = {.right = "all delta first, then theta -= rate * gradient",
              .wrong = "W_{l+1} -= rate * dW_{l+1}, then e_l = W_{l+1}^T delta_{l+1}",
              .shows =
                  "A check of the gradient function at one point agrees. The gradient inferred "
                  "from a step differs below the output layer, by an amount proportional to the "
                  "rate: 3e-4 at 0.01, 3e-2 at 1, 0.4 at 10 in one case. It trains at small rates.",
              .c_wrong = "update(layer[2]); backward(layer[1]); update(layer[1]);",
              .c_right = "backward(layer[2]); backward(layer[1]); update_all();",
              .py_wrong = "W2 -= rate * dW2; e1 = d2 @ W2",
              .py_right = "e1 = d2 @ W2; W2 -= rate * dW2",
              .confused = "weights-not-transposed and the like, which do not depend on the rate: "
                          "two rates part them."}},
    {.name = "delta-of-wrong-layer",
     .title = "another layer's delta is taken down",
     .help = "layer {l}'s error comes from the delta of the layer right above it",
     .slot = BP_PROPAGATE,
     .cost = 0.2,
     .variants = 2,
     .variant = DELTA_VARIANT,
     .variant_cost = DELTA_COST,
     .extent = HIDDEN,
     .applies = as_wide_above,
     .plant = plant_other_delta,
     .page = {.right = "e_l = W_{l+1}^T delta_{l+1}",
              .wrong = "e_l = W_{l+1}^T delta_{l+2}",
              .shows = "Layers l + 1 and above agree, l and below do not, where the widths let it "
                       "run. Often one delta buffer that is overwritten, or not yet written.",
              .c_wrong = "e = back(w[l + 1], delta[l + 2]);",
              .c_right = "e = back(w[l + 1], delta[l + 1]);",
              .py_wrong = "e = deltas[l + 2] @ W[l + 1]",
              .py_right = "e = deltas[l + 1] @ W[l + 1]",
              .confused = "weights-of-wrong-layer; error-propagated-for-delta, where the right "
                          "layer's e goes down."}},
    {.name = "error-propagated-for-delta",
     .title = "the error is taken down before it was multiplied by f': one derivative is lost",
     .help = "take delta = e * f'(z) down, not e",
     .slot = BP_PROPAGATE,
     .cost = 0.1,
     .variants = 2,
     .variant = ERROR_VARIANT,
     .variant_cost = ERROR_COST,
     .also = ERROR_ALSO,
     .extent = HIDDEN,
     .applies = derived_above,
     .plant = plant_error_for_delta,
     .page =
         {.right = "delta_{l+1} = e_{l+1} f'(z_{l+1}), then e_l = W_{l+1}^T delta_{l+1}",
          .wrong = "e_l = W_{l+1}^T e_{l+1}",
          .shows = "dW and db of layer l + 1 agree, since delta is used there; all below are "
                   "wrong. With sigmoid each such step is 4 times too large or more, so that the "
                   "first layers learn too fast.",
          .c_wrong = "sum += next->error[i] * next->w[i][j];",
          .c_right = "sum += next->delta[i] * next->w[i][j];",
          .py_wrong = "e1 = e2 @ W2",
          .py_right = "e1 = (e2 * fprime(z2)) @ W2",
          .confused =
              "missing-activation-derivative, where the layer that has no f' is wrong itself."}},
    {.name = "weight-step-for-delta",
     .title = "the hidden error is built from the weights' step, not from delta",
     .help = "keep delta apart from rate * delta * a, and take delta down",
     .slot = BP_PROPAGATE,
     .cost = 0.2,
     .variants = 4,
     .variant = STEP_VARIANT,
     .variant_cost = STEP_COST,
     .extent = HIDDEN,
     .own_rate = true,
     .applies = step_known,
     .plant = plant_weight_step,
     .page = {.right = "e_j = sum_i W[i,j] delta_i",
              .wrong = "e_j = sum_i W[i,j] (rate delta_i a_j)",
              .shows = "The hidden error is scaled by the activation and, mostly, by the rate: "
                       "hidden layers learn 1/rate times too slowly. The ratio is a_j times the "
                       "rate, different for each hidden unit and sample.",
              .c_wrong = "step[i][j] = rate * delta[i] * h[j]; e[j] += w[i][j] * step[i][j];",
              .c_right = "e[j] += w[i][j] * delta[i];",
              .py_wrong = "step = rate * np.outer(delta, h); e = (W * step).sum(0)",
              .py_right = "e = W.T @ delta",
              .confused = "rate-folded-in, where the output layer has the rate too. One number for "
                          "all hidden units: one-delta-for-all-units."}},
    {.name = "weights-left-out",
     .title = "the deltas above are added up without their weights",
     .help = "weight each delta: e_j = sum_i delta_i W[i,j]",
     .slot = BP_PROPAGATE,
     .cost = 0.3,
     .variants = 1,
     .extent = HIDDEN,
     .applies = unbalanced_above,
     .plant = plant_no_weights,
     .page = {.right = "e_j = sum_i W[i,j] delta_i",
              .wrong = "e_j = sum_i delta_i",
              .shows = "Every unit of a hidden layer gets the same error. The output layer agrees. "
                       "Hidden units part only by their f'(z), so they become alike in training.",
              .c_wrong = "e[j] += delta[i];",
              .c_right = "e[j] += delta[i] * w[i][j];",
              .py_wrong = "e = delta.sum(1, keepdims=True)",
              .py_right = "e = delta @ W",
              .confused = "one-delta-for-all-units, whose one number has the weights in it."}},
};

const struct bp_fault_table bp_faults_propagate = {
    .title = "propagate", .n = COUNT(FAULT), .fault = FAULT};
