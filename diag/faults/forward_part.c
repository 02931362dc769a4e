/* forward_part.c -- a forward pass that takes too much, or too little, into one sum:
 * softmax normalised over more than its sample, the first or last input of a layer left
 * out of z. */
#include "diag/faults/stage.h"
#include "diag/faults/tables.h"

#include "core/fmath.h"

#include <math.h>

/* ---- softmax over the batch ------------------------------------------------ */

/* exp(z) over its sum over the samples (variant 0), or over samples and units (1). */
static void normalise(const struct bp_pass *pass, size_t l, int variant, double *out)
{
    const size_t width = width_of(pass, l), count = pass->n * width;
    double top = -INFINITY, all = 0.0;
    for (size_t k = 0; k < count; k++)
        top = fmax(top, pass->z[l][k]);
    for (size_t k = 0; k < count; k++) {
        out[k] = bp_exp(pass->z[l][k] - top);
        all += out[k];
    }
    for (size_t i = 0; i < width; i++) {
        double sum = 0.0;
        for (size_t s = 0; s < pass->n; s++)
            sum += out[s * width + i];
        for (size_t s = 0; s < pass->n; s++)
            out[s * width + i] /= variant == 0 ? sum : all;
    }
}

STAGE(softmax_over_batch)
{
    normalise(pass, l, planted(self)->variant, out);
}

/* a - t of such an a, where predictions have the right one. */
STAGE(trained_over_batch)
{
    normalise(pass, l, planted(self)->variant, out);
    for (size_t k = 0; k < pass->n * width_of(pass, l); k++)
        out[k] = pass->net->spec.factor * (out[k] - pass->t[k]);
}

PLANT(plant_softmax_over_batch)
{
    put(ops, layer, BP_ACTIVATE, softmax_over_batch, h);
}

PLANT(plant_trained_over_batch)
{
    put(ops, layer, BP_OUTPUT_DELTA, trained_over_batch, h);
}

APPLIES(softmax_of_batch)
{
    (void)variant;
    return is_output(setting, layer) && activation_at(setting, layer) == BP_SOFTMAX &&
           is_batch(setting);
}

/* ---- one input less ---------------------------------------------------------- */

/* The first input (variants 0 and 2) or the last (1 and 3). */
static size_t left_out(const struct bp_pass *pass, size_t l, const struct bp_stage *self)
{
    return planted(self)->variant % 2 == 0 ? 0 : width_of(pass, l - 1) - 1;
}

STAGE(affine_with_one_less)
{
    const size_t in = width_of(pass, l - 1), width = width_of(pass, l);
    const size_t j = left_out(pass, l, self);
    const double *w = weights_of(pass, l), *b = biases_of(pass, l);
    for (size_t s = 0; s < pass->n; s++)
        for (size_t i = 0; i < width; i++) {
            double z = b == NULL ? 0.0 : b[i];
            for (size_t k = 0; k < in; k++)
                z += k == j ? 0.0 : w[i * in + k] * pass->a[l - 1][s * in + k];
            out[s * width + i] = z;
        }
}

STAGE(outer_with_one_less)
{
    const size_t in = width_of(pass, l - 1);
    run_right(pass, l, self, out);
    for (size_t i = 0; i < width_of(pass, l); i++)
        out[i * in + left_out(pass, l, self)] = 0.0;
}

/* Of layer l: nothing comes down to the unit that layer l + 1 leaves out. */
STAGE(propagate_with_one_less)
{
    const size_t width = width_of(pass, l);
    run_right(pass, l, self, out);
    for (size_t s = 0; s < pass->n; s++)
        out[s * width + left_out(pass, l + 1, self)] = 0.0;
}

PLANT(plant_one_less)
{
    put(ops, layer, BP_AFFINE, affine_with_one_less, h);
    if (h->variant < 2)
        return;
    put(ops, layer, BP_OUTER_PRODUCT, outer_with_one_less, h);
    if (layer > 1)
        put(ops, layer - 1, BP_PROPAGATE, propagate_with_one_less, h);
}

APPLIES(several_inputs)
{
    (void)variant;
    return wide(setting, layer - 1) > 1;
}

/* ---- the table --------------------------------------------------------------- */

static const char *const OVER_VARIANT[] = {"over the samples (axis 0)", "over samples and units"};
static const char *const LESS_VARIANT[] = {
    "the first input, and the way back has it", "the last input, and the way back has it",
    "the first input, on the way back too", "the last input, on the way back too"};
static const double LESS_COST[] = {0.0, 0.0, 0.05, 0.05};
static const double OVER_COST[] = {0.0, 0.1};

static const struct bp_fault FAULT[] = {
    {.name = "softmax-over-batch",
     .title = "softmax is normalised over the batch: outputs depend on the other samples",
     .help = "divide by the sum over the units of one sample: axis=1, keepdims=True",
     .slot = BP_ACTIVATE,
     .cost = 0.3,
     .variants = 2,
     .variant = OVER_VARIANT,
     .variant_cost = OVER_COST,
     .extent = BP_AT_OUTPUT,
     .applies = softmax_of_batch,
     .plant = plant_softmax_over_batch,
     .page = {.right = "a[n,i] = exp z[n,i] / sum over k of exp z[n,k]",
              .wrong = "a[n,i] = exp z[n,i] / sum over m of exp z[m,i], or over everything",
              .shows = "A sample's outputs do not add up to 1, and change with what else is in the "
                       "batch; alone it is 1 everywhere. The largest of a row can still be the "
                       "right one, so that accuracy looks well.",
              .c_wrong = "for (n = 0; n < N; n++) sum[i] += e[n][i];",
              .c_right = "for (k = 0; k < K; k++) sum[n] += e[n][k];",
              .py_wrong = "e / np.sum(e, axis=0)       # or np.sum(e)",
              .py_right = "e / np.sum(e, axis=1, keepdims=True)",
              .confused = "sample-depends-on-others, which is how it is seen first; samples as "
                          "columns, where axis 0 is right."}},
    {.name = "softmax-over-batch-in-training",
     .title = "in training softmax is normalised over the batch, in predictions over the sample",
     .help = "divide by the sum over the units of one sample in training too",
     .slot = BP_OUTPUT_DELTA,
     .cost = 0.5,
     .variants = 2,
     .variant = OVER_VARIANT,
     .variant_cost = OVER_COST,
     .extent = BP_AT_OUTPUT,
     .applies = softmax_of_batch,
     .plant = plant_trained_over_batch,
     .page = {.right = "delta = a - t, a normalised over the units of each sample",
              .wrong = "delta = a' - t, a' normalised over the samples, or over everything",
              .shows = "Predictions of one sample at a time are right. In a batch the outputs that "
                       "are compared with the targets are N times too small: all biases are "
                       "pushed up.",
              .c_wrong = "softmax(z, N * K);",
              .c_right = "for (n = 0; n < N; n++) softmax(z + n * K, K);",
              .py_wrong = "A = np.exp(Z) / np.sum(np.exp(Z))    # Z holds the whole batch",
              .py_right = "A = np.exp(Z) / np.sum(np.exp(Z), axis=0)    # samples as columns",
              .confused = "softmax-over-batch, where predictions have it too."}},
    {.name = "input-left-out-of-forward",
     .title = "one input never reaches the layer: its loop is one short",
     .help = "let the sum of layer {l} run over all its inputs",
     .slot = BP_AFFINE,
     .cost = 0.4,
     .variants = COUNT(LESS_VARIANT),
     .variant = LESS_VARIANT,
     .variant_cost = LESS_COST,
     .extent = BP_AT_ANY | BP_AT_ALL,
     .applies = several_inputs,
     .plant = plant_one_less,
     .page = {.right = "z_i = sum over j of W[i,j] a_j",
              .wrong = "the same without its first, or last, j",
              .shows =
                  "Outputs are those of the described network with one column of W at 0. Where "
                  "the way back has the whole sum, that column learns and nothing comes of "
                  "it.",
              .c_wrong = "for (j = 1; j < n_in; j++) z += w[i][j] * a[j];",
              .c_right = "for (j = 0; j < n_in; j++) z += w[i][j] * a[j];",
              .py_wrong = "z = a[1:] @ W[:, 1:].T",
              .py_right = "z = a @ W.T",
              .confused = "column-never-filled and sum-one-short, where the forward pass is right; "
                          "a bias that is described as a column."}},
};

const struct bp_fault_table bp_faults_forward_part = {
    .title = "forward, sums", .n = COUNT(FAULT), .fault = FAULT};
