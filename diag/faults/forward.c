/* forward.c -- what is got wrong in z = W a + b and a = f(z), with a gradient that
 * is consistent with it: right for what was computed, wrong for what was meant.
 *
 * What follows from a wrong affine or activation is replaced with it: the bias
 * sum, the way down, the outer product, the derivative.
 */
#include "diag/faults/stage.h"
#include "diag/faults/tables.h"

#include "core/kernel.h"

/* ---- biases ---------------------------------------------------------------- */

static void affine_with(const struct bp_pass *pass, size_t l, double sign, double *out)
{
    const double *b = biases_of(pass, l);
    const size_t width = width_of(pass, l);
    bp_kernel_affine(pass->n, width_of(pass, l - 1), width, pass->a[l - 1], weights_of(pass, l),
                     NULL, out);
    if (sign != 0.0 && b != NULL)
        for (size_t k = 0; k < pass->n * width; k++)
            out[k] += sign * b[k % width];
}

STAGE(affine_without_bias)
{
    (void)self;
    affine_with(pass, l, 0.0, out);
}

STAGE(affine_minus_bias)
{
    (void)self;
    affine_with(pass, l, -1.0, out);
}

STAGE(bias_of_nothing)
{
    (void)self;
    fill(out, width_of(pass, l), 0.0);
}

STAGE(bias_negated)
{
    run_right(pass, l, self, out);
    multiply(out, width_of(pass, l), -1.0);
}

PLANT(plant_without_bias)
{
    put(ops, layer, BP_AFFINE, affine_without_bias, h);
    put(ops, layer, BP_BIAS_SUM, bias_of_nothing, h);
}

PLANT(plant_minus_bias)
{
    put(ops, layer, BP_AFFINE, affine_minus_bias, h);
    put(ops, layer, BP_BIAS_SUM, bias_negated, h);
}

/* ---- W transposed ---------------------------------------------------------- */

/* z_i = sum_j W'_ij a_j + b_i with W'_ij = w[j out + i], W's buffer read with the
 * other stride: W^T for a square W. */
STAGE(affine_transposed)
{
    (void)self;
    const double *b = biases_of(pass, l);
    const size_t width = width_of(pass, l);
    bp_kernel_propagate(pass->n, width, width_of(pass, l - 1), pass->a[l - 1], weights_of(pass, l),
                        out);
    if (b != NULL)
        for (size_t k = 0; k < pass->n * width; k++)
            out[k] += b[k % width];
}

/* Of layer l: the way through W_{l+1}'. */
STAGE(propagate_transposed)
{
    (void)self;
    bp_kernel_affine(pass->n, width_of(pass, l + 1), width_of(pass, l), pass->delta[l + 1],
                     weights_of(pass, l + 1), NULL, out);
}

STAGE(outer_transposed)
{
    (void)self;
    bp_kernel_outer(pass->n, width_of(pass, l), width_of(pass, l - 1), pass->a[l - 1],
                    pass->delta[l], out);
}

PLANT(plant_transposed)
{
    put(ops, layer, BP_AFFINE, affine_transposed, h);
    put(ops, layer, BP_OUTER_PRODUCT, outer_transposed, h);
    if (layer > 1)
        put(ops, layer - 1, BP_PROPAGATE, propagate_transposed, h);
}

/* ---- another activation ---------------------------------------------------- */

static const enum bp_activation OTHER[] = {BP_SIGMOID, BP_TANH, BP_RELU, BP_IDENTITY,
                                           BP_LEAKY_RELU};

static enum bp_activation used(const struct bp_stage *self)
{
    return OTHER[planted(self)->variant];
}

STAGE(activate_other)
{
    const size_t width = width_of(pass, l);
    bp_activation_value(used(self), BP_LEAKY_SLOPE, pass->n, width, pass->z[l], out);
    if (pass->mask[l] != NULL)
        for (size_t k = 0; k < pass->n * width; k++)
            out[k] *= pass->mask[l][k];
}

/* e f'(z), of the activation that was used; for the output too. */
STAGE(derivative_of_used)
{
    const size_t width = width_of(pass, l);
    bp_activation_value(used(self), BP_LEAKY_SLOPE, pass->n, width, pass->z[l], out);
    for (size_t k = 0; k < pass->n * width; k++) {
        const double mask = pass->mask[l] == NULL ? 1.0 : pass->mask[l][k];
        out[k] = pass->e[l][k] * mask *
                 bp_activation_slope(used(self), BP_LEAKY_SLOPE, pass->z[l][k], out[k]);
    }
}

PLANT(plant_activation)
{
    put(ops, layer, BP_ACTIVATE, activate_other, h);
    put(ops, layer, BP_DERIVATIVE, derivative_of_used, h);
    put(ops, layer, BP_OUTPUT_DELTA, derivative_of_used, h);
}

/* ---- where ----------------------------------------------------------------- */

APPLIES(biased)
{
    (void)variant;
    return has_bias(setting, layer);
}

APPLIES(both_wide)
{
    (void)variant;
    return wide(setting, layer) > 1 && wide(setting, layer - 1) > 1;
}

/* At the output only under squared error: cross-entropy needs outputs in (0, 1). */
APPLIES(another)
{
    const enum bp_activation f = activation_at(setting, layer);
    return f != OTHER[variant] && f != BP_SOFTMAX &&
           (!is_output(setting, layer) || spec_of(setting)->loss == BP_SQUARED_ERROR);
}

/* ---- the table ------------------------------------------------------------- */

enum { EVERY = BP_AT_ANY | BP_AT_ALL };

static const char *const OTHER_VARIANT[] = {"sigmoid", "tanh", "relu", "none", "leaky relu"};
static const double OTHER_COST[] = {0.0, 0.0, 0.0, 0.0, 0.3};

static const struct bp_fault FAULT[] = {
    {.name = "bias-left-out-of-forward",
     .title = "the forward pass has no biases; the gradient is consistent with that",
     .help = "add b in layer {l}: z = W a + b",
     .slot = BP_AFFINE,
     .cost = 0.3,
     .variants = 1,
     .extent = EVERY,
     .applies = biased,
     .plant = plant_without_bias,
     .page = {.right = "z = W a + b",
              .wrong = "z = W a",
              .shows =
                  "The subject's outputs differ from those of the network as described, and agree "
                  "again when b is set to 0. db is exactly 0 for that layer. Trains, but every "
                  "unit's boundary goes through the origin; sigmoid(0) = 0.5 for the input 0.",
              .c_wrong = "double z = 0.0;",
              .c_right = "double z = b[i];",
              .py_wrong = "z = a @ W.T",
              .py_right = "z = a @ W.T + b",
              .confused = "bias-gradient-missing, where the forward pass is right and only db is "
                          "0; biases-missing, where the network is meant to have none."}},
    {.name = "bias-subtracted-in-forward",
     .title = "the forward pass subtracts the bias (a threshold); the gradient is consistent",
     .help = "add b in layer {l}: z = W a + b; or describe it as a threshold",
     .slot = BP_AFFINE,
     .cost = 0.4,
     .variants = 1,
     .extent = EVERY,
     .applies = biased,
     .plant = plant_minus_bias,
     .page = {.right = "z = W a + b",
              .wrong = "z = W a - b",
              .shows = "The outputs agree with the described network's when b changes its sign. db "
                       "has the opposite sign, consistently: as a threshold it trains as well. "
                       "Only a description with b added makes it wrong.",
              .c_wrong = "z[i] -= b[i];",
              .c_right = "z[i] += b[i];",
              .py_wrong = "z = a @ W.T - b",
              .py_right = "z = a @ W.T + b",
              .confused = "bias-sign-flipped, where the forward pass adds b and only db is "
                          "negated: that one climbs."}},
    {.name = "weights-transposed-in-forward",
     .title = "the forward pass reads W transposed; the gradient is consistent with that",
     .help = "z_i = sum_j W[i,j] a_j in layer {l}; or describe W as in x out",
     .slot = BP_AFFINE,
     .cost = 0.3,
     .variants = 1,
     .extent = EVERY,
     .applies = both_wide,
     .plant = plant_transposed,
     .page = {.right = "z_i = sum_j W[i,j] a_j",
              .wrong = "z_i = sum_j W[j,i] a_j (or W's buffer read with the other stride)",
              .shows = "The outputs differ from the described network's, and agree when W is read "
                       "transposed. The gradient is right for what is computed, so it trains; it "
                       "is the description (in x out, or out x in) that is at odds.",
              .c_wrong = "z[i] += w[j * n_out + i] * a[j];",
              .c_right = "z[i] += w[i * n_in + j] * a[j];",
              .py_wrong = "z = a @ W",
              .py_right = "z = a @ W.T    # W is out x in",
              .confused = "weights-not-transposed, where only the way back is wrong, and a layout "
                          "described wrongly."}},
    {.name = "wrong-activation-in-forward",
     .title = "the layer uses another activation than was meant; the gradient is consistent",
     .help = "use the activation that was meant in layer {l}, or describe the one that is used",
     .slot = BP_ACTIVATE,
     .cost = 0.3,
     .variants = COUNT(OTHER),
     .variant = OTHER_VARIANT,
     .variant_cost = OTHER_COST,
     .extent = BP_AT_ANY,
     .applies = another,
     .plant = plant_activation,
     .page = {.right = "a = f(z), f as described",
              .wrong = "a = g(z), g another activation, with g' in the way back",
              .shows =
                  "The outputs differ from the described network's already at layer l; gradient "
                  "and loss agree with each other. It trains as the network that it is.",
              .c_wrong = "a[i] = tanh(z[i]);",
              .c_right = "a[i] = 1.0 / (1.0 + exp(-z[i]));",
              .py_wrong = "a = np.tanh(z)",
              .py_right = "a = 1 / (1 + np.exp(-z))",
              .confused = "derivative-of-other-activation, where the forward pass is as described "
                          "and only f' is another's."}},
};

const struct bp_fault_table bp_faults_forward = {
    .title = "forward", .n = COUNT(FAULT), .fault = FAULT};
