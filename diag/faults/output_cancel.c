/* output_cancel.c -- what is got wrong where output and loss cancel to a delta of
 * output minus target, or where softmax is differentiated on its own. */
#include "diag/faults/stage.h"
#include "diag/faults/tables.h"

/* delta times f' once more */
STAGE(extra_derivative)
{
    const struct bp_layer *layer = layer_of(pass, l);
    run_right(pass, l, self, out);
    for (size_t k = 0; k < pass->n * layer->width; k++)
        out[k] *=
            bp_activation_slope(layer->activation, layer->slope, pass->z[l][k], pass->a[l][k]);
}

/* delta through softmax's Jacobian once more */
STAGE(extra_jacobian)
{
    run_right(pass, l, self, out);
    const size_t width = width_of(pass, l);
    for (size_t s = 0; s < pass->n; s++, out += width) {
        const double *a = pass->a[l] + s * width;
        double dot = 0.0;
        for (size_t k = 0; k < width; k++)
            dot += out[k] * a[k];
        for (size_t k = 0; k < width; k++)
            out[k] = a[k] * (out[k] - dot);
    }
}

/* e_k a_k (1 - a_k): each output as if it did not depend on the other z */
STAGE(diagonal)
{
    (void)self;
    for (size_t k = 0; k < pass->n * width_of(pass, l); k++)
        out[k] = pass->e[l][k] * pass->a[l][k] * (1.0 - pass->a[l][k]);
}

/* ---- where ----------------------------------------------------------------- */

APPLIES(matched)
{
    (void)variant;
    (void)layer;
    return is_matched(setting);
}

APPLIES(softmax_matched)
{
    (void)variant;
    return is_matched(setting) && activation_at(setting, layer) == BP_SOFTMAX;
}

APPLIES(softmax_unmatched)
{
    (void)variant;
    return !is_matched(setting) && activation_at(setting, layer) == BP_SOFTMAX;
}

static bool right_for_squared_error(const struct bp_setting *setting, int variant,
                                    enum bp_loss *loss)
{
    (void)setting;
    (void)variant;
    *loss = BP_SQUARED_ERROR;
    return true;
}

static bool right_for_squared_error_of_sigmoid(const struct bp_setting *setting, int variant,
                                               enum bp_loss *loss)
{
    const size_t last = spec_of(setting)->layers;
    return activation_at(setting, last) == BP_SIGMOID &&
           right_for_squared_error(setting, variant, loss);
}

/* ---- plants ---------------------------------------------------------------- */

#define PLANT_OUTPUT(run)                                                                          \
    PLANT(plant_##run)                                                                             \
    {                                                                                              \
        put(ops, layer, BP_OUTPUT_DELTA, run, h);                                                  \
    }

PLANT_OUTPUT(extra_derivative)
PLANT_OUTPUT(extra_jacobian)
PLANT_OUTPUT(diagonal)

/* ---- the table ------------------------------------------------------------- */

static const struct bp_fault FAULT[] = {
    {.name = "extra-output-derivative",
     .title = "cross-entropy's output delta is multiplied by f'(z), which had cancelled",
     .help = "with this loss the output delta is output minus target; drop the derivative",
     .slot = BP_OUTPUT_DELTA,
     .cost = 0.5,
     .variants = 1,
     .extent = BP_AT_OUTPUT,
     .applies = matched,
     .plant = plant_extra_derivative,
     .of_loss = right_for_squared_error_of_sigmoid,
     .page = {.right = "cross-entropy with sigmoid: delta = a - t",
              .wrong = "delta = (a - t) a (1 - a)",
              .shows = "The ratio backprop / numeric is a (1 - a), at most 1/4, smallest where the "
                       "output is surest. It is exactly the gradient of squared error. It trains, "
                       "but a confident mistake is hardly corrected.",
              .c_wrong = "delta[k] = (a[k] - t[k]) * a[k] * (1.0 - a[k]);",
              .c_right = "delta[k] = a[k] - t[k];",
              .py_wrong = "delta = (a - t) * a * (1 - a)",
              .py_right = "delta = a - t",
              .confused =
                  "missing-activation-derivative at the output, its mirror: squared error with the "
                  "delta of cross-entropy. Which one it is depends on the loss that you print."}},
    {.name = "extra-softmax-jacobian",
     .title = "output minus target is taken through softmax's Jacobian, which had cancelled",
     .help = "with softmax cross-entropy the output delta is output minus target, nothing more",
     .slot = BP_OUTPUT_DELTA,
     .cost = 0.7,
     .variants = 1,
     .extent = BP_AT_OUTPUT,
     .applies = softmax_matched,
     .plant = plant_extra_jacobian,
     .of_loss = right_for_squared_error,
     .page = {.right = "cross-entropy with softmax: delta = a - t",
              .wrong = "delta_i = a_i (d_i - sum_k d_k a_k), d = a - t",
              .shows = "Each row of deltas is taken through softmax once more. It is exactly the "
                       "gradient of squared error on softmax. It trains slowly, and hardly "
                       "corrects confident mistakes.",
              .c_wrong = "delta[i] = a[i] * (d[i] - dot(d, a, n));",
              .c_right = "delta[i] = a[i] - t[i];",
              .py_wrong = "d = a - t; delta = a * (d - (d * a).sum(1, keepdims=True))",
              .py_right = "delta = a - t",
              .confused =
                  "extra-output-derivative, which multiplies by the diagonal a (1 - a) alone."}},
    {.name = "softmax-diagonal-only",
     .title = "softmax is differentiated as if each output depended on its own z alone",
     .help = "use the whole Jacobian: delta_i = a_i (e_i - sum_k e_k a_k)",
     .slot = BP_OUTPUT_DELTA,
     .cost = 0.5,
     .variants = 1,
     .extent = BP_AT_OUTPUT,
     .applies = softmax_unmatched,
     .plant = plant_diagonal,
     .page = {.right = "delta_i = a_i (e_i - sum_k e_k a_k)",
              .wrong = "delta_i = e_i a_i (1 - a_i)",
              .shows =
                  "Each output is treated as if it were a sigmoid. The deltas of a sample do not "
                  "add up to 0, as they must under softmax: that is the quickest way to see it.",
              .c_wrong = "delta[i] = e[i] * a[i] * (1.0 - a[i]);",
              .c_right = "delta[i] = a[i] * (e[i] - dot(e, a, n));",
              .py_wrong = "delta = e * a * (1 - a)",
              .py_right = "delta = a * (e - (e * a).sum(1, keepdims=True))",
              .confused =
                  "missing-activation-derivative, where e itself is the delta. With softmax "
                  "cross-entropy the diagonal alone is cross-entropy-half-missing."}},
};

const struct bp_fault_table bp_faults_output_cancel = {
    .title = "output delta, where output and loss cancel", .n = COUNT(FAULT), .fault = FAULT};
