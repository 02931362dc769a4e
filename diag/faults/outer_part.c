/* outer_part.c -- a part of dW_l = sum over the batch of delta_l a_{l-1}^T is left
 * out: samples, rows, columns, or the whole layer. */
#include "diag/faults/sums.h"
#include "diag/faults/tables.h"

#include "core/kernel.h"

/* ---- not the whole batch --------------------------------------------------- */

STAGE(one_sample)
{
    const int variant = planted(self)->variant;
    const size_t s = chosen_sample(pass, variant);
    const size_t in = width_of(pass, l - 1);
    const size_t width = width_of(pass, l);
    const double factor = undo_mean(pass, variant);
    bp_kernel_outer(1, in, width, pass->delta[l] + s * width, pass->a[l - 1] + s * in, out);
    if (factor != 1.0)
        multiply(out, in * width, factor);
}

/* ---- not the whole matrix -------------------------------------------------- */

/* The last row (variant 0) or the first (1) stays 0. */
STAGE(row_missing)
{
    const size_t in = width_of(pass, l - 1);
    run_right(pass, l, self, out);
    fill(out + (planted(self)->variant == 0 ? width_of(pass, l) - 1 : 0) * in, in, 0.0);
}

STAGE(column_missing)
{
    const size_t in = width_of(pass, l - 1);
    const size_t j = planted(self)->variant == 0 ? in - 1 : 0;
    run_right(pass, l, self, out);
    for (size_t i = 0; i < width_of(pass, l); i++)
        out[i * in + j] = 0.0;
}

/* ---- where ----------------------------------------------------------------- */

/* Without any bias, weights are all there is. */
APPLIES(sampled_with_biases)
{
    for (size_t l = 1; l <= spec_of(setting)->layers; l++)
        if (has_bias(setting, l))
            return sampled(setting, variant, layer);
    return false;
}

APPLIES(rows)
{
    (void)variant;
    return wide(setting, layer) > 1;
}

APPLIES(columns)
{
    (void)variant;
    return wide(setting, layer - 1) > 1;
}

/* Variant 1: without the regulariser, too; only where there is one. */
APPLIES(skippable)
{
    (void)layer;
    return variant == 0 || spec_of(setting)->l2 != 0.0;
}

/* ---- plants ---------------------------------------------------------------- */

#define PLANT_OUTER(run)                                                                           \
    PLANT(plant_##run)                                                                             \
    {                                                                                              \
        put(ops, layer, BP_OUTER_PRODUCT, run, h);                                                 \
    }

PLANT_OUTER(one_sample)
PLANT_OUTER(row_missing)
PLANT_OUTER(column_missing)
PLANT_OUTER(zero)
PLANT_OUTER(times_n)
PLANT_OUTER(over_n)
PLANT_OUTER(negated)

PLANT(plant_one_sample_of_all)
{
    put(ops, layer, BP_OUTER_PRODUCT, one_sample, h);
    put(ops, layer, BP_BIAS_SUM, one_sample_of_bias, h);
}

PLANT(plant_skipped)
{
    put(ops, layer, BP_OUTER_PRODUCT, zero, h);
    put(ops, layer, BP_BIAS_SUM, zero, h);
    if (h->variant == 1)
        put(ops, layer, BP_REGULARISE, zero, h);
}

/* ---- the table ------------------------------------------------------------- */

enum { EVERY = BP_AT_ANY | BP_AT_ALL };

static const double SAMPLE_COST[] = {0.0, 0.05, 0.3, 0.3};
static const char *const END_VARIANT[] = {"the last", "the first"};
static const double END_COST[] = {0.0, 0.1};
static const char *const SKIP_VARIANT[] = {"what comes from the data",
                                           "the regulariser's part too"};
static const double SKIP_COST[] = {0.0, 0.05};

static const struct bp_fault FAULT[] = {
    {.name = "one-sample-in-weights",
     .title = "dW holds one sample of the batch only",
     .help = "add the samples up (+=), and set the sum to zero before the batch",
     .slot = BP_OUTER_PRODUCT,
     .cost = 0.3,
     .variants = 4,
     .variant = SAMPLE_VARIANT,
     .variant_cost = SAMPLE_COST,
     .extent = EVERY,
     .applies = sampled,
     .plant = plant_one_sample,
     .page = {.right = "dW = sum over n of delta_n a_n^T",
              .wrong = "dW = delta_N a_N^T, the last sample alone",
              .shows = "Right for a batch of one. dW does not change when any other sample does; "
                       "db does. Trains as if online on a part of the data.",
              .c_wrong = "dw[i][j] = delta[n][i] * a[n][j];",
              .c_right = "dw[i][j] += delta[n][i] * a[n][j];",
              .py_wrong = "dW = np.outer(delta[-1], a[-1])",
              .py_right = "dW = delta.T @ a",
              .confused = "one-sample-only, where db has lost the others too."}},
    {.name = "one-sample-only",
     .title = "the whole gradient holds one sample of the batch only",
     .help = "add the samples up (+=), and set the sums to zero before the batch",
     .slot = BP_OUTER_PRODUCT,
     .cost = 0.1,
     .variants = 4,
     .variant = SAMPLE_VARIANT,
     .variant_cost = SAMPLE_COST,
     .extent = EVERY,
     .applies = sampled_with_biases,
     .plant = plant_one_sample_of_all,
     .page = {.right = "gradient = sum over n of gradient_n",
              .wrong = "gradient = gradient_N, the last sample alone",
              .shows =
                  "Right for a batch of one; in larger ones every tensor is that of one sample, "
                  "divided by N or not. Full-batch training never sees the other examples.",
              .c_wrong = "for (n = 0; n < N; n++)\n    grad = backward(x[n]);",
              .c_right = "for (n = 0; n < N; n++)\n    grad += backward(x[n]);",
              .py_wrong = "for n in range(N): g = backward(x[n], t[n])",
              .py_right = "g = sum(backward(x[n], t[n]) for n in range(N))",
              .confused = "batch-mean-missing, where all samples are in and the ratio is N."}},
    {.name = "row-never-filled",
     .title = "one row of dW is never filled: a neuron's weights do not move",
     .help = "let the loop run over every neuron of layer {l}",
     .slot = BP_OUTER_PRODUCT,
     .cost = 0.2,
     .variants = 2,
     .variant = END_VARIANT,
     .variant_cost = END_COST,
     .extent = EVERY,
     .applies = rows,
     .plant = plant_row_missing,
     .page = {.right = "dW[i,:] = delta_i a^T for every i",
              .wrong = "dW[last,:] = 0",
              .shows = "One row is exactly 0 where numeric is not, and all else agrees: a neuron "
                       "whose weights never move. Its bias does, mostly.",
              .c_wrong = "for (i = 0; i < n_out - 1; i++)",
              .c_right = "for (i = 0; i < n_out; i++)",
              .py_wrong = "for i in range(1, n_out): dW[i] = delta[i] * a",
              .py_right = "for i in range(n_out): dW[i] = delta[i] * a",
              .confused = "neuron-delta-zero, where the layers below miss this neuron too; "
                          "units-dead, where numeric is 0 too."}},
    {.name = "column-never-filled",
     .title = "one column of dW is never filled: the weights of an input do not move",
     .help = "let the loop run over every input of layer {l}",
     .slot = BP_OUTER_PRODUCT,
     .cost = 0.2,
     .variants = 2,
     .variant = END_VARIANT,
     .variant_cost = END_COST,
     .extent = EVERY,
     .applies = columns,
     .plant = plant_column_missing,
     .page =
         {.right = "dW[:,j] = delta a_j for every j",
          .wrong = "dW[:,last] = 0",
          .shows = "One column is exactly 0 where numeric is not: one input of the layer is never "
                   "learned.",
          .c_wrong = "for (j = 0; j < n_in - 1; j++)",
          .c_right = "for (j = 0; j < n_in; j++)",
          .py_wrong = "for j in range(1, n_in): dW[:, j] = delta * a[j]",
          .py_right = "for j in range(n_in): dW[:, j] = delta * a[j]",
          .confused =
              "an input that is always 0, where the column is 0 in both; bias-column-left-in."}},
    {.name = "skipped-layer",
     .title = "the layer's gradient is never computed: its weights and biases do not move",
     .help = "let the loop over layers reach layer {l}",
     .slot = BP_OUTER_PRODUCT,
     .variants = 2,
     .variant = SKIP_VARIANT,
     .variant_cost = SKIP_COST,
     .extent = BP_AT_ANY,
     .applies = skippable,
     .plant = plant_skipped,
     .page = {.right = "for (l = L; l >= 1; l--)",
              .wrong = "for (l = L; l > 1; l--)",
              .shows =
                  "dW and db of one layer are exactly 0, numeric is not; every other tensor agrees "
                  "to all digits. It still learns something, with the layer at its start: accuracy "
                  "0.30 where 0.69 was reached in one case, and XOR with enough hidden units.",
              .c_wrong = "for (l = 2; l < n_layers; l++) grad(l);",
              .c_right = "for (l = 1; l < n_layers; l++) grad(l);",
              .py_wrong = "for l in range(2, len(weights)): ...",
              .py_right = "for l in range(2, len(sizes)): ...",
              .confused = "chain-cut, where all layers below are 0 too; update-skipped, where the "
                          "gradient is there and is not used."}},
    {.name = "weight-gradient-missing",
     .title = "dW is zero: only the biases of the layer move",
     .help = "compute dW of layer {l}: delta_i a_j",
     .slot = BP_OUTER_PRODUCT,
     .cost = 0.3,
     .variants = 1,
     .extent = EVERY,
     .applies = biased,
     .plant = plant_zero,
     .page = {.right = "dW = delta a^T",
              .wrong = "dW = 0",
              .shows = "dW is exactly 0, db agrees, and so do all layers below: delta is right and "
                       "only the product is missing.",
              .c_wrong = "db[i] += delta[i];",
              .c_right =
                  "db[i] += delta[i]; for (j = 0; j < n_in; j++) dw[i][j] += delta[i] * a[j];",
              .py_wrong = "db = delta.sum(0)",
              .py_right = "db = delta.sum(0); dW = delta.T @ a",
              .confused = "skipped-layer (db is 0 too); inputs of 0, where dW = 0 is right."}},
    {.name = "weights-summed-biases-averaged",
     .title = "dW is a sum over the batch, db a mean",
     .help = "divide dW by N as db is",
     .slot = BP_OUTER_PRODUCT,
     .variants = 1,
     .extent = EVERY,
     .applies = averaged_with_biases,
     .plant = plant_times_n,
     .page = {.right = "dW = 1/N sum, db = 1/N sum",
              .wrong = "dW = sum, db = 1/N sum",
              .shows = "Every dW is N times numeric, every db agrees; with a batch of one all "
                       "agree. Weights move N times too fast. Often the 1/N was written into the "
                       "line of the biases only.",
              .c_wrong = "db[i] /= N;",
              .c_right = "db[i] /= N; dw[i][j] /= N;",
              .py_wrong = "dW = delta.T @ a; db = delta.mean(0)",
              .py_right = "dW = delta.T @ a / N; db = delta.mean(0)",
              .confused = "batch-mean-missing, where db has the ratio N too; "
                          "biases-averaged-weights-summed, where the loss is a sum."}},
    {.name = "weights-averaged-biases-summed",
     .title = "dW is a mean over the batch, db and the loss a sum",
     .help = "do not divide dW by N when db is not",
     .slot = BP_OUTER_PRODUCT,
     .variants = 1,
     .extent = EVERY,
     .applies = summed_with_biases,
     .plant = plant_over_n,
     .page = {.right = "dW = sum, db = sum",
              .wrong = "dW = 1/N sum, db = sum",
              .shows = "Every dW is numeric / N, every db agrees; with a batch of one all agree.",
              .c_wrong = "dw[i][j] = sum / N;",
              .c_right = "dw[i][j] = sum;",
              .py_wrong = "dW = delta.T @ a / N; db = delta.sum(0)",
              .py_right = "dW = delta.T @ a; db = delta.sum(0)",
              .confused = "batch-mean-extra, where db is divided too; "
                          "biases-summed-weights-averaged, where the loss is a mean."}},
    {.name = "weights-sign-flipped",
     .title = "dW has the wrong sign: the weights step uphill, the biases do not",
     .help = "give dW the sign of db",
     .slot = BP_OUTER_PRODUCT,
     .cost = 0.2,
     .variants = 1,
     .extent = EVERY,
     .applies = biased,
     .plant = plant_negated,
     .page = {.right = "W' = W - rate dW, b' = b - rate db",
              .wrong = "W' = W + rate dW, b' = b - rate db",
              .shows = "The ratio is -1 in every dW, and every db agrees. Two lines of an update, "
                       "of which one was corrected when the error changed its sign.",
              .c_wrong = "w[i][j] += rate * dw[i][j]; b[i] -= rate * db[i];",
              .c_right = "w[i][j] -= rate * dw[i][j]; b[i] -= rate * db[i];",
              .py_wrong = "W += rate * dW; b -= rate * db",
              .py_right = "W -= rate * dW; b -= rate * db",
              .confused = "sign-flipped, where db has the wrong sign too; bias-sign-flipped, "
                          "where only db has it."}},
};

const struct bp_fault_table bp_faults_outer_part = {
    .title = "outer product, parts left out", .n = COUNT(FAULT), .fault = FAULT};
