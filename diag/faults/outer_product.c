/* outer_product.c -- what is got wrong in dW_l = sum over the batch of
 * delta_l a_{l-1}^T: the wrong factor. What leaves part of it out is in
 * outer_part.c. */
#include "diag/faults/stage.h"
#include "diag/faults/tables.h"

#include "core/kernel.h"

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

/* ---- where ----------------------------------------------------------------- */

/* a_0 for a later layer has its own entry. */
APPLIES(widths_agree)
{
    if (variant == 0)
        return wide(setting, layer) == wide(setting, layer - 1);
    const size_t below = 1 + (size_t)variant;
    return layer > below && wide(setting, layer - below) == wide(setting, layer - 1);
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

/* ---- the table ------------------------------------------------------------- */

enum { EVERY = BP_AT_ANY | BP_AT_ALL };

static const char *const ACTIVATION_VARIANT[] = {
    "the layer's own output", "the output of two layers below", "the output of three layers below"};
static const double ACTIVATION_COST[] = {0.0, 0.1, 0.3};
static const char *const DELTA_VARIANT[] = {"the next layer's", "that of two layers above"};
static const double DELTA_COST[] = {0.0, 0.2};

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
     .plant = plant_other_activation,
     .page = {.right = "dW_l = delta_l a_{l-1}^T",
              .wrong = "dW_l = delta_l a_l^T",
              .shows = "All db agree, dW of the layer does not: delta is right, its partner is "
                       "wrong. Another width crashes or reads beyond. A list of activations that "
                       "lacks the input shifts every layer.",
              .c_wrong = "dw[i][j] += delta[l][i] * a[l][j];",
              .c_right = "dw[i][j] += delta[l][i] * a[l - 1][j];",
              .py_wrong = "acts = []          # x is missing",
              .py_right = "acts = [x]",
              .confused = "network-input-for-activation, pre-activation-for-activation: in each, "
                          "db is right."}},
    {.name = "pre-activation-for-activation",
     .title = "z of the layer below is multiplied with delta, not its activation",
     .help = "use a = f(z) of the layer below",
     .slot = BP_OUTER_PRODUCT,
     .cost = 0.1,
     .variants = 1,
     .extent = EVERY,
     .applies = activated_below,
     .plant = plant_pre_activation,
     .page = {.right = "dW_l = delta_l a_{l-1}^T",
              .wrong = "dW_l = delta_l z_{l-1}^T",
              .shows = "db agrees, dW of every layer but the first does not. For relu it is right "
                       "where the unit below is on, and not 0 where it is off.",
              .c_wrong = "dw[i][j] += delta[i] * z_below[j];",
              .c_right = "dw[i][j] += delta[i] * a_below[j];",
              .py_wrong = "dW = delta.T @ zs[l - 1]",
              .py_right = "dW = delta.T @ acts[l - 1]",
              .confused = "activation-of-wrong-layer. Layer 1 agrees here, since x has no z."}},
    {.name = "network-input-for-activation",
     .title = "the network's input is multiplied with delta in a later layer",
     .help = "use the activation that came into layer {l}, not x",
     .slot = BP_OUTER_PRODUCT,
     .cost = 0.2,
     .variants = 1,
     .extent = EVERY,
     .applies = as_wide_as_network_input,
     .plant = plant_network_input,
     .page =
         {.right = "dW_l = delta_l a_{l-1}^T",
          .wrong = "dW_l = delta_l x^T",
          .shows =
              "Layer 1 and every db agree. It runs where a hidden layer is as wide as the input.",
          .c_wrong = "dw2[i][j] += delta2[i] * x[j];",
          .c_right = "dw2[i][j] += delta2[i] * hidden[j];",
          .py_wrong = "dW2 = delta2.T @ x",
          .py_right = "dW2 = delta2.T @ hidden",
          .confused = "activation-of-wrong-layer, pre-activation-for-activation: with other widths "
                      "only one of them runs."}},
    {.name = "activation-left-out",
     .title = "dW is delta alone, not multiplied by the incoming activation",
     .help = "multiply delta by the activation that came in: dW[i,j] = delta_i a_j",
     .slot = BP_OUTER_PRODUCT,
     .cost = 0.3,
     .variants = 1,
     .extent = EVERY,
     .plant = plant_no_activation,
     .page = {.right = "dW[i,j] = delta_i a_j",
              .wrong = "dW[i,j] = delta_i",
              .shows = "Every row of dW is constant, equal to db. Right where all inputs are 1; "
                       "with an input of 0 the weight moves and should not.",
              .c_wrong = "dw[i][j] += delta[i];",
              .c_right = "dw[i][j] += delta[i] * a[j];",
              .py_wrong = "dW += delta[:, None]",
              .py_right = "dW += np.outer(delta, a)",
              .confused = "inputs-constant, where all a are 1 and this is right."}},
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
     .plant = plant_other_delta,
     .page = {.right = "dW_l = delta_l a_{l-1}^T",
              .wrong = "dW_l = delta_{l+1} a_{l-1}^T",
              .shows = "dW of layer l is wrong, db right, in layers of one width. An index off by "
                       "one in the update loop.",
              .c_wrong = "dw[l][i][j] += delta[l + 1][i] * a[l - 1][j];",
              .c_right = "dw[l][i][j] += delta[l][i] * a[l - 1][j];",
              .py_wrong = "dW = deltas[l + 1].T @ acts[l - 1]",
              .py_right = "dW = deltas[l].T @ acts[l - 1]",
              .confused = "next-layers-delta-in-biases (db wrong, dW right); both together: the "
                          "list of deltas is shifted."}},
    {.name = "error-for-delta-in-weights",
     .title = "dW is made of the error before it was multiplied by f'",
     .help = "use delta = e * f'(z) in dW",
     .slot = BP_OUTER_PRODUCT,
     .cost = 0.2,
     .variants = 1,
     .extent = EVERY,
     .applies = derived,
     .plant = plant_error_for_delta,
     .page = {.right = "dW = delta a^T, delta = e f'(z)",
              .wrong = "dW = e a^T",
              .shows = "db and everything below agree, so delta exists and is right; this dW does "
                       "not use it. The ratio is 1/f' for a single sample.",
              .c_wrong = "dw[i][j] += error[i] * a[j];",
              .c_right = "dw[i][j] += delta[i] * a[j];",
              .py_wrong = "dW = error.T @ a",
              .py_right = "dW = delta.T @ a",
              .confused =
                  "missing-activation-derivative, where db and all layers below are wrong too."}},
    {.name = "outer-product-transposed",
     .title = "dW is a delta^T where delta a^T is stored",
     .help = "write delta_i a_j at the place of W[i,j]",
     .slot = BP_OUTER_PRODUCT,
     .variants = 1,
     .extent = EVERY,
     .applies = both_wide,
     .plant = plant_transposed,
     .page = {.right = "dW[i,j] = delta_i a_j",
              .wrong = "dW[i,j] = delta_j a_i (or stored with the other stride)",
              .shows = "The numbers of dW are all there, at other places: sorted, both columns "
                       "agree. db is right. A square layer runs; numpy refuses others, C does not.",
              .c_wrong = "dw[j * n_out + i] += delta[i] * a[j];",
              .c_right = "dw[i * n_in + j] += delta[i] * a[j];",
              .py_wrong = "dW = a.T @ delta      # W is out x in",
              .py_right = "dW = delta.T @ a",
              .confused = "weights-not-transposed, where everything below is wrong; a layout "
                          "described as in x out by mistake."}},
    {.name = "weight-gradient-times-weight",
     .title = "each dW is multiplied by its weight",
     .help = "dW[i,j] = delta_i a_j, without W[i,j]",
     .slot = BP_OUTER_PRODUCT,
     .cost = 0.6,
     .variants = 1,
     .extent = EVERY,
     .plant = plant_times_weight,
     .page = {.right = "dW[i,j] = delta_i a_j",
              .wrong = "dW[i,j] = delta_i a_j W[i,j]",
              .shows = "The ratio is the weight itself. A weight at 0 never moves, and steps "
                       "change sign with the weight.",
              .c_wrong = "dw[i][j] += delta[i] * a[j] * w[i][j];",
              .c_right = "dw[i][j] += delta[i] * a[j];",
              .py_wrong = "dW = (delta.T @ a) * W",
              .py_right = "dW = delta.T @ a",
              .confused = "weight-step-for-delta; regulariser faults, where a multiple of W is "
                          "added, not multiplied."}},
};

const struct bp_fault_table bp_faults_outer_product = {
    .title = "outer product", .n = COUNT(FAULT), .fault = FAULT};
