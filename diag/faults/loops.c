/* loops.c -- the formula is right, and its loop, index or buffer is not: what is
 * multiplied inside a sum, summed into one row, overwritten while it is read, or
 * kept from the last sample only.
 */
#include "diag/faults/stage.h"
#include "diag/faults/tables.h"

static double slope_at(const struct bp_pass *pass, size_t l, size_t s, size_t j)
{
    const struct bp_layer *layer = layer_of(pass, l);
    const size_t i = s * layer->width + j;
    return bp_activation_slope(layer->activation, layer->slope, pass->z[l][i], pass->a[l][i]);
}

/* ---- propagate ------------------------------------------------------------- */

/* One buffer for both layers: for i < j it holds delta_l already. */
STAGE(overwritten)
{
    (void)self;
    const size_t in = width_of(pass, l);
    const size_t up = width_of(pass, l + 1);
    const double *w = weights_of(pass, l + 1);
    for (size_t s = 0; s < pass->n; s++)
        for (size_t j = 0; j < in; j++) {
            double sum = 0.0;
            for (size_t i = 0; i < up; i++)
                sum += w[i * in + j] * (i < j ? out[s * in + i] * slope_at(pass, l, s, i)
                                              : pass->delta[l + 1][s * up + i]);
            out[s * in + j] = sum;
        }
}

/* ---- derivative ------------------------------------------------------------ */

/* delta_j = (((d_0 w_0j) f' + d_1 w_1j) f' + ...) f' */
STAGE(derivative_inside)
{
    (void)self;
    const size_t in = width_of(pass, l);
    const size_t up = width_of(pass, l + 1);
    const double *w = weights_of(pass, l + 1);
    for (size_t s = 0; s < pass->n; s++)
        for (size_t j = 0; j < in; j++) {
            const double slope = slope_at(pass, l, s, j);
            double sum = 0.0;
            for (size_t i = 0; i < up; i++)
                sum = (sum + pass->delta[l + 1][s * up + i] * w[i * in + j]) * slope;
            out[s * in + j] = sum;
            if (pass->mask[l] != NULL)
                out[s * in + j] *= pass->mask[l][s * in + j];
        }
}

/* f'(e), of the error itself (variant 0), or its formula in terms of the output,
 * given the error (1). */
STAGE(at_error)
{
    const struct bp_layer *layer = layer_of(pass, l);
    for (size_t i = 0; i < pass->n * layer->width; i++) {
        const double e = pass->e[l][i];
        const double f =
            planted(self)->variant == 0 ? bp_activation_at(layer->activation, layer->slope, e) : e;
        out[i] = e * bp_activation_slope(layer->activation, layer->slope, e, f);
        if (pass->mask[l] != NULL)
            out[i] *= pass->mask[l][i];
    }
}

/* tanh's (1 - a) (1 - a) for 1 - a a */
STAGE(bracket)
{
    (void)self;
    const struct bp_layer *layer = layer_of(pass, l);
    for (size_t i = 0; i < pass->n * layer->width; i++) {
        const double f = bp_activation_at(layer->activation, layer->slope, pass->z[l][i]);
        out[i] = pass->e[l][i] * (1.0 - f) * (1.0 - f);
        if (pass->mask[l] != NULL)
            out[i] *= pass->mask[l][i];
    }
}

/* ---- outer product, biases -------------------------------------------------- */

/* Every row of dW is the same array: the rows of all neurons added up. */
STAGE(shared_rows)
{
    const size_t in = width_of(pass, l - 1);
    const size_t width = width_of(pass, l);
    run_right(pass, l, self, out);
    for (size_t j = 0; j < in; j++) {
        double sum = 0.0;
        for (size_t i = 0; i < width; i++)
            sum += out[i * in + j];
        for (size_t i = 0; i < width; i++)
            out[i * in + j] = sum;
    }
}

/* delta_n a_N^T: the hidden activations of the batch's last sample for all. */
STAGE(last_activations)
{
    (void)self;
    const size_t in = width_of(pass, l - 1);
    const size_t width = width_of(pass, l);
    for (size_t i = 0; i < width; i++)
        for (size_t j = 0; j < in; j++) {
            double sum = 0.0;
            for (size_t s = 0; s < pass->n; s++)
                sum += pass->delta[l][s * width + i] *
                       pass->a[l - 1][(l == 1 ? s : pass->n - 1) * in + j];
            out[i * in + j] = sum;
        }
}

STAGE(last_derivative)
{
    (void)self;
    const size_t width = width_of(pass, l);
    for (size_t s = 0; s < pass->n; s++)
        for (size_t j = 0; j < width; j++)
            out[s * width + j] = pass->e[l][s * width + j] * slope_at(pass, l, pass->n - 1, j) *
                                 (pass->mask[l] == NULL ? 1.0 : pass->mask[l][s * width + j]);
}

/* Only the last neuron's bias (variant 0), or the first's (1). */
STAGE(one_bias)
{
    const size_t width = width_of(pass, l);
    const size_t kept = planted(self)->variant == 0 ? width - 1 : 0;
    run_right(pass, l, self, out);
    for (size_t i = 0; i < width; i++)
        if (i != kept)
            out[i] = 0.0;
}

/* ---- planting --------------------------------------------------------------- */

PLANT(plant_derivative_inside)
{
    put(ops, layer, BP_DERIVATIVE, derivative_inside, h);
}

PLANT(plant_overwritten)
{
    put(ops, layer, BP_PROPAGATE, overwritten, h);
}

PLANT(plant_at_error)
{
    put(ops, layer, BP_DERIVATIVE, at_error, h);
}

PLANT(plant_bracket)
{
    put(ops, layer, BP_DERIVATIVE, bracket, h);
}

PLANT(plant_shared_rows)
{
    put(ops, layer, BP_OUTER_PRODUCT, shared_rows, h);
}

PLANT(plant_last_activations)
{
    put(ops, layer, BP_OUTER_PRODUCT, last_activations, h);
    put(ops, layer, BP_DERIVATIVE, last_derivative, h);
}

PLANT(plant_one_bias)
{
    put(ops, layer, BP_BIAS_SUM, one_bias, h);
}

/* ---- where ----------------------------------------------------------------- */

APPLIES(several_above)
{
    (void)variant;
    const enum bp_activation f = activation_at(setting, layer);
    return wide(setting, layer + 1) > 1 && (is_smooth(f) || f == BP_LEAKY_RELU);
}

/* The second neuron is the first to read what the first has written. */
APPLIES(shared_buffer)
{
    (void)variant;
    return wide(setting, layer) > 1;
}

APPLIES(curved_at_error)
{
    const enum bp_activation f = activation_at(setting, layer);
    return f != BP_IDENTITY && (variant == 0 || is_smooth(f));
}

APPLIES(tanh_only)
{
    (void)variant;
    return activation_at(setting, layer) == BP_TANH;
}

/* Softmax's deltas add up to 0. */
APPLIES(several)
{
    (void)variant;
    return wide(setting, layer) > 1 && activation_at(setting, layer) != BP_SOFTMAX;
}

APPLIES(several_biases)
{
    (void)variant;
    return wide(setting, layer) > 1 && has_bias(setting, layer);
}

APPLIES(batch_with_hidden)
{
    (void)variant;
    return is_batch(setting) && spec_of(setting)->layers > 1 &&
           (layer > 1 || !is_output(setting, 1));
}

/* ---- the table ------------------------------------------------------------- */

static const char *const ERROR_VARIANT[] = {"f' of the error", "the formula in a, given the error"};
static const char *const BIAS_VARIANT[] = {"the last neuron's", "the first neuron's"};
static const double SECOND_RARER[] = {0.0, 0.2};

static const struct bp_fault FAULT[] = {
    {.name = "derivative-inside-the-sum",
     .title = "the sum is multiplied by f' after every term, not once at its end",
     .help = "sum over the layer above first, then multiply by f'(z) once",
     .slot = BP_DERIVATIVE,
     .cost = 0.5,
     .variants = 1,
     .extent = BP_AT_HIDDEN | BP_AT_ALL,
     .applies = several_above,
     .plant = plant_derivative_inside,
     .page = {.right = "delta_j = f'(z_j) sum_i delta_i w_ij",
              .wrong = "delta_j = (((delta_0 w_0j) f' + delta_1 w_1j) f' + ...) f'",
              .shows = "Only the last term is right, earlier ones shrink with every term after "
                       "them. With one neuron above it is right. It trains, slowly.",
              .c_wrong = "for (i = 0; i < n; i++) {\n    d[j] += w[i][j] * up[i];\n    d[j] *= "
                         "a[j] * (1 - a[j]);\n}",
              .c_right =
                  "for (i = 0; i < n; i++) d[j] += w[i][j] * up[i];\nd[j] *= a[j] * (1 - a[j]);",
              .py_wrong =
                  "for i in range(n):\n    d[j] += w[i][j] * up[i]\n    d[j] *= a[j] * (1 - a[j])",
              .py_right =
                  "for i in range(n):\n    d[j] += w[i][j] * up[i]\nd[j] *= a[j] * (1 - a[j])",
              .confused = "derivative-squared, which is the same for two neurons above whose first "
                          "term is the only one."}},
    {.name = "overwritten-while-read",
     .title = "the layer's deltas are written into the buffer that the sum still reads",
     .help = "give each layer a buffer of its own, or copy the deltas of the layer above first",
     .slot = BP_PROPAGATE,
     .cost = 0.5,
     .variants = 1,
     .extent = BP_AT_HIDDEN | BP_AT_ALL,
     .applies = shared_buffer,
     .plant = plant_overwritten,
     .page = {.right = "e_j = sum_i w_ij delta_i of the layer above",
              .wrong = "e_j = sum_i w_ij err_i, where err_0 .. err_{j-1} are this layer's already",
              .shows = "Neuron 0 is right, each one after it has one term more that is wrong.",
              .c_wrong = "for (j ...) { for (i ...) s += w[i][j] * err[i]; err[j] = s * slope; }",
              .c_right = "for (j ...) { for (i ...) s += w[i][j] * up[i]; err[j] = s * slope; }",
              .py_wrong =
                  "for j in range(m):\n    err[j] = sum(w[i][j] * err[i] for i in up) * slope[j]",
              .py_right =
                  "for j in range(m):\n    new[j] = sum(w[i][j] * err[i] for i in up) * slope[j]",
              .confused = "sum-not-reset-over-neurons, where neuron 0 is right too."}},
    {.name = "derivative-at-error",
     .title = "f' is taken of the error that came down, not of z",
     .help = "multiply e by f'(z) of layer {l}: the forward pass's z, not e",
     .slot = BP_DERIVATIVE,
     .cost = 0.4,
     .variants = 2,
     .variant = ERROR_VARIANT,
     .variant_cost = SECOND_RARER,
     .extent = BP_AT_HIDDEN | BP_AT_ALL,
     .applies = curved_at_error,
     .plant = plant_at_error,
     .page = {.right = "delta = e * f'(z)",
              .wrong = "delta = e * f'(e)",
              .shows = "For relu negative errors vanish, so no unit is ever told to do more. For "
                       "sigmoid e is small and f'(e) is 1/4 for all, so it trains.",
              .c_wrong = "delta[j] = sum * relu_prime(sum);",
              .c_right = "delta[j] = sum * relu_prime(z[j]);",
              .py_wrong = "delta = e * relu_prime(e)",
              .py_right = "delta = e * relu_prime(z)",
              .confused =
                  "derivative-at-activated-value and derivative-formula-on-z, which take it "
                  "of a and of z."}},
    {.name = "derivative-misplaced-bracket",
     .title = "the derivative is (1 - a) (1 - a) in place of 1 - a a",
     .help = "tanh' is 1 - a^2: square a first, then subtract",
     .slot = BP_DERIVATIVE,
     .cost = 0.4,
     .variants = 1,
     .extent = BP_AT_HIDDEN | BP_AT_ALL,
     .applies = tanh_only,
     .plant = plant_bracket,
     .page = {.right = "tanh: 1 - a^2",
              .wrong = "(1 - a)^2",
              .shows = "The ratio is (1 - a) / (1 + a): near 1 for small a, up to infinity where a "
                       "is near -1. Signs are right, so it trains, unevenly.",
              .c_wrong = "delta[j] = e[j] * (1 - a[j]) * (1 - a[j]);",
              .c_right = "delta[j] = e[j] * (1 - a[j] * a[j]);",
              .py_wrong = "delta = e * (1 - a) ** 2",
              .py_right = "delta = e * (1 - a ** 2)",
              .confused = "one-minus-a-as-derivative, which has one bracket only."}},
    {.name = "rows-share-one-array",
     .title = "every row of dW is the same array: the rows of all neurons are added up in it",
     .help = "make a new row for every neuron: [[0.0] * n for _ in range(m)], not [[0.0] * n] * m",
     .slot = BP_OUTER_PRODUCT,
     .cost = 0.4,
     .variants = 1,
     .extent = BP_AT_ANY | BP_AT_ALL,
     .applies = several,
     .plant = plant_shared_rows,
     .page = {.right = "dW_i = delta_i a^T for each row i",
              .wrong = "dW_i = (sum_k delta_k) a^T for every row i",
              .shows = "All rows of dW are equal to the bit, while db is right. All neurons of the "
                       "layer get the same step.",
              .c_wrong = "for (i = 0; i < m; i++) row[i] = shared;",
              .c_right = "for (i = 0; i < m; i++) row[i] = calloc(n, sizeof *row[i]);",
              .py_wrong = "dW = [[0.0] * n] * m",
              .py_right = "dW = [[0.0] * n for _ in range(m)]",
              .confused = "bias-summed-over-everything, which is the same in db; "
                          "one-delta-for-all-units, where db is equal too."}},
    {.name = "activations-of-last-sample",
     .title = "forward kept the last sample's activations only, backward uses them for all",
     .help = "keep a row of activations for each sample, or go back after each sample",
     .slot = BP_OUTER_PRODUCT,
     .cost = 0.6,
     .variants = 1,
     .extent = BP_AT_ALL,
     .applies = batch_with_hidden,
     .plant = plant_last_activations,
     .page = {.right = "dW = sum_n delta_n a_n^T, delta_n with f'(z_n)",
              .wrong = "dW = sum_n delta_n a_N^T, delta_n with f'(z_N)",
              .shows = "A batch of one is right. For more, only output deltas and biases, and the "
                       "inputs in dW of layer 1, are of the right samples.",
              .c_wrong =
                  "for (n ...) forward(x[n]);\nfor (n ...) backward(n);  /* h[]: the last */",
              .c_right = "for (n ...) { forward(x[n]); backward(n); }",
              .py_wrong = "out = [forward(x) for x in X]   # self.h is the last one's\nfor n in "
                          "range(N):\n    backward(n)",
              .py_right = "for n in range(N):\n    out = forward(X[n])\n    backward(n)",
              .confused = "one-sample-in-weights, where the deltas are of one sample too."}},
    {.name = "one-bias-only",
     .title = "one neuron's bias has a gradient, the others of the layer have none",
     .help = "put the line for db into the loop over the neurons of layer {l}",
     .slot = BP_BIAS_SUM,
     .cost = 0.4,
     .variants = 2,
     .variant = BIAS_VARIANT,
     .variant_cost = SECOND_RARER,
     .extent = BP_AT_ANY | BP_AT_ALL,
     .applies = several_biases,
     .plant = plant_one_bias,
     .page = {.right = "db_i = sum_n delta_ni for every neuron i",
              .wrong = "db_i only for the last i",
              .shows = "db is 0 in all numbers but one, which is right; dW is right. It trains, "
                       "as long as the other biases start where they may stay.",
              .c_wrong = "for (i = 0; i < m; i++)\n    for (j = 0; j < n; j++) dw[i][j] += d[i] * "
                         "a[j];\ndb[i - 1] += d[i - 1];",
              .c_right = "for (i = 0; i < m; i++) {\n    for (j = 0; j < n; j++) dw[i][j] += d[i] "
                         "* a[j];\n    db[i] += d[i];\n}",
              .py_wrong = "for i in range(m):\n    dw[i] += d[i] * a\ndb[i] += d[i]",
              .py_right = "for i in range(m):\n    dw[i] += d[i] * a\n    db[i] += d[i]",
              .confused = "bias-gradient-missing, where it is none at all."}},
};

const struct bp_fault_table bp_faults_loops = {
    .title = "loops and buffers", .n = COUNT(FAULT), .fault = FAULT};
