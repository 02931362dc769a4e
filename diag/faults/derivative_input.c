/* derivative_input.c -- the derivative is taken at the network's input x, one number
 * for each weight: dW[i,j] = err_i f'(x_j) a_j. It runs by accident, where a layer has
 * as many inputs as the network: 2 hidden units on 2 inputs. */
#include "diag/faults/stage.h"
#include "diag/faults/tables.h"

/* f'(x_j) of sample s. */
static double slope_at_input(const struct bp_pass *pass, size_t l, size_t s, size_t j)
{
    const struct bp_layer *layer = layer_of(pass, l);
    const double x = pass->x[s * width_of(pass, 0) + j];
    return bp_activation_slope(layer->activation, layer->slope, x,
                               bp_activation_at(layer->activation, layer->slope, x));
}

/* What is multiplied by f'(x_j): the error; at the output, beside another fault of the
 * error (variant 1), whatever its delta is. */
STAGE(product_with_slope_at_input)
{
    const size_t in = width_of(pass, l - 1);
    const size_t width = width_of(pass, l);
    const bool output = l == last_of(pass);
    const double *error = output && planted(self)->variant == 1 ? pass->delta[l] : pass->e[l];
    fill(out, width * in, 0.0);
    for (size_t s = 0; s < pass->n; s++)
        for (size_t j = 0; j < in; j++) {
            const double slope = slope_at_input(pass, l, s, j);
            for (size_t i = 0; i < width; i++)
                out[i * in + j] += error[s * width + i] * slope * pass->a[l - 1][s * in + j];
        }
}

APPLIES(as_wide_as_network_input)
{
    (void)variant;
    return wide(setting, layer - 1) == wide(setting, 0) &&
           is_smooth(activation_at(setting, layer)) &&
           !(is_output(setting, layer) && is_matched(setting));
}

PLANT(plant_at_network_input)
{
    put(ops, layer, BP_OUTER_PRODUCT, product_with_slope_at_input, h);
}

static const char *const INPUT_VARIANT[] = {"in place of f'(z)",
                                            "beside another error at the output"};
static const double INPUT_COST[] = {0.0, 0.1};

static const struct bp_fault FAULT[] = {
    {.name = "derivative-at-network-input",
     .title = "the derivative is taken at the network's input, one number for each weight",
     .help = "take f' at the neuron's own z: one number for each neuron",
     .slot = BP_OUTER_PRODUCT,
     .cost = 0.5,
     .variants = 2,
     .variant = INPUT_VARIANT,
     .variant_cost = INPUT_COST,
     .extent = BP_AT_ANY | BP_AT_ALL,
     .applies = as_wide_as_network_input,
     .plant = plant_at_network_input,
     .page = {.right = "dW[i,j] = err_i f'(z_i) a_j",
              .wrong = "dW[i,j] = err_i f'(x_j) a_j",
              .shows =
                  "It runs only where the layer has as many inputs as the network: for 2 hidden "
                  "units on 2 inputs, not for 1, 3 or 4. The ratio depends on the input "
                  "alone, column by column.",
              .c_wrong = "dw[i][j] = err[i] * slope(x[j]) * h[j];",
              .c_right = "dw[i][j] = err[i] * slope(z[i]) * h[j];",
              .py_wrong = "delta = err * f_prime(x); dW = delta * h",
              .py_right = "delta = err * f_prime(z); dW = np.outer(delta, h)",
              .confused = "derivative-at-layer-input, which takes one number for each neuron."}},
};

const struct bp_fault_table bp_faults_derivative_input = {
    .title = "derivative, at the network's input", .n = COUNT(FAULT), .fault = FAULT};
