/* bias.c -- what is got wrong in db_l = sum over the batch of delta_l. */
#include "diag/faults/sums.h"
#include "diag/faults/tables.h"

#include "core/kernel.h"

#include <math.h>

/* One number, over the neurons too, for every bias. */
STAGE(over_everything)
{
    const size_t width = width_of(pass, l);
    double sum = 0.0, size = 0.0;
    run_right(pass, l, self, out);
    for (size_t i = 0; i < width; i++) {
        sum += out[i];
        size += fabs(out[i]);
    }
    fill(out, width, fabs(sum) <= 1e-6 * size ? 0.0 : sum); /* softmax's, but for rounding */
}

STAGE(error_for_delta)
{
    (void)self;
    bp_kernel_column_sum(pass->n, width_of(pass, l), pass->e[l], out);
}

/* delta_{l+1} (variant 0) or delta_{l+2} (1) */
STAGE(other_delta)
{
    const double *delta = pass->delta[l + 1 + (size_t)planted(self)->variant];
    bp_kernel_column_sum(pass->n, width_of(pass, l), delta, out);
}

STAGE(times_bias)
{
    const double *b = biases_of(pass, l);
    run_right(pass, l, self, out);
    for (size_t i = 0; i < width_of(pass, l); i++)
        out[i] *= b[i];
}

/* The mean as a whole number, towards zero; scale will divide by N. */
STAGE(whole_number)
{
    const double n = (double)pass->n;
    run_right(pass, l, self, out);
    for (size_t i = 0; i < width_of(pass, l); i++)
        out[i] = trunc(out[i] / n) * n;
}

/* ---- where ----------------------------------------------------------------- */

APPLIES(sampled_biased)
{
    return has_bias(setting, layer) && sampled(setting, variant, layer);
}

/* Under softmax too, where the deltas of a sample add up to 0 and this is a missing db: one
 * mistake in every layer is likelier than two. */
APPLIES(wide_biased)
{
    (void)variant;
    return has_bias(setting, layer) && wide(setting, layer) > 1;
}

APPLIES(derived)
{
    (void)variant;
    return has_bias(setting, layer) && (activation_at(setting, layer) != BP_IDENTITY ||
                                        (!is_output(setting, layer) && setting->masked));
}

APPLIES(as_wide_above)
{
    const size_t from = layer + 1 + (size_t)variant;
    return has_bias(setting, layer) && from <= spec_of(setting)->layers &&
           wide(setting, from) == wide(setting, layer);
}

/* ---- plants ---------------------------------------------------------------- */

#define PLANT_BIAS(run)                                                                            \
    PLANT(plant_##run)                                                                             \
    {                                                                                              \
        put(ops, layer, BP_BIAS_SUM, run, h);                                                      \
    }

PLANT_BIAS(zero)
PLANT_BIAS(one_sample_of_bias)
PLANT_BIAS(times_n)
PLANT_BIAS(over_n)
PLANT_BIAS(negated)
PLANT_BIAS(over_everything)
PLANT_BIAS(error_for_delta)
PLANT_BIAS(other_delta)
PLANT_BIAS(times_bias)
PLANT_BIAS(whole_number)

/* ---- the table ------------------------------------------------------------- */

enum { EVERY = BP_AT_ANY | BP_AT_ALL };

static const double SAMPLE_COST[] = {0.0, 0.0, 0.3, 0.3};
static const char *const DELTA_VARIANT[] = {"the next layer's", "that of two layers above"};
static const double DELTA_COST[] = {0.0, 0.2};

static const struct bp_fault FAULT[] = {
    {.name = "bias-gradient-missing",
     .title = "db is zero: the biases never move",
     .help = "the bias's gradient is delta, summed over the batch",
     .slot = BP_BIAS_SUM,
     .variants = 1,
     .extent = EVERY,
     .applies = biased,
     .plant = plant_zero,
     .page = {.right = "db = sum over n of delta_n",
              .wrong = "db = 0",
              .shows = "Every db is exactly 0 where numeric is not, every dW agrees. Training "
                       "works where no bias is needed; sigmoid(0) = 0.5 for the input 0 stays.",
              .c_wrong = "/* nothing */",
              .c_right = "db[i] += delta[i];",
              .py_wrong = "W -= rate * dW",
              .py_right = "W -= rate * dW; b -= rate * delta.sum(0)",
              .confused = "biases-missing, where the network has none; bias-left-out-of-forward, "
                          "where db = 0 is right."}},
    {.name = "one-sample-in-biases",
     .title = "db holds one sample of the batch only, dW all of them",
     .help = "add delta up over the batch for the biases too",
     .slot = BP_BIAS_SUM,
     .cost = 0.1,
     .variants = 4,
     .variant = SAMPLE_VARIANT,
     .variant_cost = SAMPLE_COST,
     .extent = EVERY,
     .applies = sampled_biased,
     .plant = plant_one_sample_of_bias,
     .page = {.right = "db = sum over n of delta_n",
              .wrong = "db = delta_N, the last sample's",
              .shows = "Right for a batch of one; db is off and dW right for larger ones. Often a "
                       "matrix product for dW, and a loop with '=' for db.",
              .c_wrong = "db[i] = delta[n][i];",
              .c_right = "db[i] += delta[n][i];",
              .py_wrong = "db = delta[-1]",
              .py_right = "db = delta.sum(axis=0)",
              .confused = "biases-summed-weights-averaged, where the ratio is N; "
                          "bias-summed-over-everything."}},
    {.name = "biases-summed-weights-averaged",
     .title = "db is a sum over the batch, dW a mean",
     .help = "divide db by N as dW is",
     .slot = BP_BIAS_SUM,
     .variants = 1,
     .extent = EVERY,
     .applies = averaged_with_biases,
     .plant = plant_times_n,
     .page = {.right = "dW = 1/N sum, db = 1/N sum",
              .wrong = "dW = 1/N sum, db = sum",
              .shows =
                  "Every db is N times numeric, every dW agrees; with a batch of one all agree. A "
                  "cosine over the whole gradient stays near 1. Biases move N times too fast.",
              .c_wrong = "dw[i][j] /= N;",
              .c_right = "dw[i][j] /= N; db[i] /= N;",
              .py_wrong = "dW = delta.T @ a / N; db = delta.sum(0)",
              .py_right = "dW = delta.T @ a / N; db = delta.sum(0) / N",
              .confused = "batch-mean-missing, where dW has the ratio N too."}},
    {.name = "biases-averaged-weights-summed",
     .title = "db is a mean over the batch, dW a sum",
     .help = "do not divide db by N when dW is not",
     .slot = BP_BIAS_SUM,
     .variants = 1,
     .extent = EVERY,
     .applies = summed_with_biases,
     .plant = plant_over_n,
     .page = {.right = "dW = sum, db = sum",
              .wrong = "dW = sum, db = 1/N sum",
              .shows = "Every db is numeric / N, every dW agrees; with a batch of one all agree. "
                       "Often mean(axis=0) for db beside a matrix product for dW.",
              .c_wrong = "db[i] = sum / N;",
              .c_right = "db[i] = sum;",
              .py_wrong = "dW = delta.T @ a; db = delta.mean(0)",
              .py_right = "dW = delta.T @ a; db = delta.sum(0)",
              .confused = "batch-mean-extra, where dW is divided too."}},
    {.name = "bias-summed-over-everything",
     .title = "delta is summed over the neurons too: every bias of the layer gets one number",
     .help = "sum over the batch only (axis 0), one number for each neuron",
     .slot = BP_BIAS_SUM,
     .cost = 0.2,
     .variants = 1,
     .extent = EVERY,
     .applies = wide_biased,
     .plant = plant_over_everything,
     .page = {.right = "db_i = sum over n of delta_{n,i}",
              .wrong = "db_i = sum over n and k of delta_{n,k}",
              .shows = "All biases of the layer have one and the same gradient, where numeric "
                       "differ. Right for a layer of one neuron.",
              .c_wrong = "for (i = 0; i < n_out; i++) total += delta[i];",
              .c_right = "for (i = 0; i < n_out; i++) db[i] += delta[i];",
              .py_wrong = "db = np.sum(delta)",
              .py_right = "db = np.sum(delta, axis=0)",
              .confused =
                  "one-delta-for-all-units, where delta itself is one number and dW wrong too."}},
    {.name = "error-for-delta-in-biases",
     .title = "db is made of the error before it was multiplied by f'",
     .help = "use delta = e * f'(z) in db",
     .slot = BP_BIAS_SUM,
     .cost = 0.2,
     .variants = 1,
     .extent = EVERY,
     .applies = derived,
     .plant = plant_error_for_delta,
     .page = {.right = "db = sum delta, delta = e f'(z)",
              .wrong = "db = sum e",
              .shows = "dW and everything below agree, db does not: by 1/f' for a single sample.",
              .c_wrong = "db[i] += error[i];",
              .c_right = "db[i] += delta[i];",
              .py_wrong = "db = error.sum(0)",
              .py_right = "db = delta.sum(0)",
              .confused = "missing-activation-derivative, where dW is off by the same factor."}},
    {.name = "bias-sign-flipped",
     .title = "db has the wrong sign: the biases step uphill",
     .help = "treat db as dW: the same delta, the same sign",
     .slot = BP_BIAS_SUM,
     .cost = 0.1,
     .variants = 1,
     .extent = EVERY,
     .applies = biased,
     .plant = plant_negated,
     .page = {.right = "b -= rate * db",
              .wrong = "b += rate * db",
              .shows = "Every db is minus numeric, every dW agrees. Biases climb while weights go "
                       "down; the loss falls, then rises.",
              .c_wrong = "db[i] -= delta[i];",
              .c_right = "db[i] += delta[i];",
              .py_wrong = "db = -delta.sum(0)",
              .py_right = "db = delta.sum(0)",
              .confused = "bias-subtracted-in-forward: with z = W a - b this sign is right."}},
    {.name = "next-layers-delta-in-biases",
     .title = "db is made of the next layer's delta",
     .help = "use layer {l}'s own delta",
     .slot = BP_BIAS_SUM,
     .cost = 0.2,
     .variants = 2,
     .variant = DELTA_VARIANT,
     .variant_cost = DELTA_COST,
     .extent = EVERY,
     .applies = as_wide_above,
     .plant = plant_other_delta,
     .page = {.right = "db_l = sum delta_l",
              .wrong = "db_l = sum delta_{l+1}",
              .shows = "db of one layer equals that of the next, where widths agree. dW is right.",
              .c_wrong = "db[l][i] += delta[l + 1][i];",
              .c_right = "db[l][i] += delta[l][i];",
              .py_wrong = "db = deltas[l + 1].sum(0)",
              .py_right = "db = deltas[l].sum(0)",
              .confused = "next-layers-delta-in-weights."}},
    {.name = "bias-gradient-times-bias",
     .title = "db is multiplied by the bias itself, as if that were an input",
     .help = "the input of a bias is 1: db = delta",
     .slot = BP_BIAS_SUM,
     .cost = 0.6,
     .variants = 1,
     .extent = EVERY,
     .applies = biased,
     .plant = plant_times_bias,
     .page = {.right = "db = sum delta",
              .wrong = "db = b sum delta",
              .shows = "The ratio is the bias itself: from zero biases they never move. The bias "
                       "was taken for an input: its input is 1.",
              .c_wrong = "db[i] += delta[i] * b[i];",
              .c_right = "db[i] += delta[i] * 1.0;",
              .py_wrong = "db = (delta * b).sum(0)",
              .py_right = "db = delta.sum(0)",
              .confused = "bias-gradient-missing; check at biases that are not 0."}},
    {.name = "bias-integer-division",
     .title = "db is divided by N in whole numbers: what is below 1 becomes 0",
     .help = "divide by a floating-point N",
     .slot = BP_BIAS_SUM,
     .cost = 0.4,
     .variants = 1,
     .extent = EVERY,
     .applies = averaged_with_biases,
     .plant = plant_whole_number,
     .page = {.right = "db = sum / N",
              .wrong = "db = (int) sum / N",
              .shows = "db is a whole number, nearly always 0, while dW agrees; where errors are "
                       "large it moves in jumps.",
              .c_wrong = "int sum = 0; db[i] = sum / N;",
              .c_right = "double sum = 0.0; db[i] = sum / (double)N;",
              .py_wrong = "db = delta.sum(0) // N",
              .py_right = "db = delta.sum(0) / N",
              .confused = "bias-gradient-missing, where large sums give 0 too."}},
};

const struct bp_fault_table bp_faults_bias = {
    .title = "bias sum", .n = COUNT(FAULT), .fault = FAULT};
