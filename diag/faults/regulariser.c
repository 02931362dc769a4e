/* regulariser.c -- what is got wrong in grad = scaled + lambda W, the gradient of
 * lambda/2 |W|^2 (biases not). */
#include "diag/faults/stage.h"
#include "diag/faults/tables.h"

/* out = scaled + factor lambda W */
static void decayed(const struct bp_pass *pass, size_t l, double lambda, double *out)
{
    size_t count;
    const size_t block = bp_mlp_block(pass->net, l, &count);
    const size_t weights = bp_mlp_weights(pass->net, l)->count;
    for (size_t k = 0; k < count; k++)
        out[k] = pass->scaled[block + k] + (k < weights ? lambda * pass->theta[block + k] : 0.0);
}

static double lambda_of(const struct bp_pass *pass)
{
    return pass->net->spec.l2;
}

#define LAMBDA_STAGE(name, lambda)                                                                 \
    STAGE(name)                                                                                    \
    {                                                                                              \
        (void)self;                                                                                \
        decayed(pass, l, lambda, out);                                                             \
    }                                                                                              \
    PLANT(plant_##name)                                                                            \
    {                                                                                              \
        put(ops, layer, BP_REGULARISE, name, h);                                                   \
    }

LAMBDA_STAGE(missing, 0.0)
LAMBDA_STAGE(doubled, 2.0 * lambda_of(pass))
LAMBDA_STAGE(halved, 0.5 * lambda_of(pass))
LAMBDA_STAGE(negated, -lambda_of(pass))
LAMBDA_STAGE(over_n, lambda_of(pass) / (double)pass->n)
LAMBDA_STAGE(times_n, lambda_of(pass) * (double)pass->n)
LAMBDA_STAGE(extra, planted(self)->factor)

STAGE(on_biases)
{
    const struct bp_tensor *biases = bp_mlp_biases(pass->net, l);
    const size_t weights = bp_mlp_weights(pass->net, l)->count;
    run_right(pass, l, self, out);
    if (biases != NULL)
        for (size_t k = 0; k < biases->count; k++)
            out[weights + k] += lambda_of(pass) * pass->theta[biases->offset + k];
}

/* lambda sign(W): the derivative of lambda |W| */
STAGE(absolute)
{
    const double *w = weights_of(pass, l);
    const size_t block = bp_mlp_weights(pass->net, l)->offset;
    run_right(pass, l, self, out);
    for (size_t k = 0; k < bp_mlp_weights(pass->net, l)->count; k++)
        out[k] = pass->scaled[block + k] +
                 lambda_of(pass) * ((double)(w[k] > 0.0) - (double)(w[k] < 0.0));
}

PLANT(plant_on_biases)
{
    put(ops, layer, BP_REGULARISE, on_biases, h);
}

PLANT(plant_absolute)
{
    put(ops, layer, BP_REGULARISE, absolute, h);
}

/* ---- where ----------------------------------------------------------------- */

APPLIES(regularised)
{
    (void)variant;
    (void)layer;
    return spec_of(setting)->l2 != 0.0;
}

APPLIES(regularised_batch)
{
    (void)variant;
    (void)layer;
    return spec_of(setting)->l2 != 0.0 && is_batch(setting);
}

APPLIES(regularised_biased)
{
    (void)variant;
    return spec_of(setting)->l2 != 0.0 && has_bias(setting, layer);
}

APPLIES(unregularised)
{
    (void)variant;
    (void)layer;
    return spec_of(setting)->l2 == 0.0;
}

/* ---- the table ------------------------------------------------------------- */

static const struct bp_fault FAULT[] = {
    {.name = "regulariser-missing",
     .title = "the loss has an L2 term, the gradient has not",
     .help = "add lambda W to dW",
     .slot = BP_REGULARISE,
     .variants = 1,
     .extent = BP_AT_ANY | BP_AT_ALL,
     .applies = regularised,
     .plant = plant_missing,
     .page = {.right = "dW + lambda W",
              .wrong = "dW",
              .shows = "backprop - numeric is -lambda W, weight by weight; biases agree. At small "
                       "weights and small lambda it is below many checks' tolerance.",
              .c_wrong = "grad[k] = g[k];",
              .c_right = "grad[k] = g[k] + lambda * w[k];",
              .py_wrong = "dW = delta.T @ a / N",
              .py_right = "dW = delta.T @ a / N + lam * W",
              .confused = "regulariser-not-in-cost, the same the other way round."}},
    {.name = "regulariser-doubled",
     .title = "the gradient of the L2 term is twice what the loss has",
     .help = "lambda/2 |W|^2 has the gradient lambda W",
     .slot = BP_REGULARISE,
     .cost = 0.1,
     .variants = 1,
     .extent = BP_AT_ALL,
     .applies = regularised,
     .plant = plant_doubled,
     .page = {.right = "lambda/2 |W|^2 has the gradient lambda W",
              .wrong = "2 lambda W",
              .shows = "backprop - numeric is +lambda W; biases agree. Weights are pulled in twice "
                       "as hard as the loss says.",
              .c_wrong = "grad[k] = g[k] + 2.0 * lambda * w[k];",
              .c_right = "grad[k] = g[k] + lambda * w[k];",
              .py_wrong = "dW += 2 * lam * W",
              .py_right = "dW += lam * W",
              .confused = "a loss that is meant to have lambda |W|^2: then the 1/2 in the loss is "
                          "what is wrong."}},
    {.name = "regulariser-halved",
     .title = "the gradient of the L2 term is half of what the loss has",
     .help = "lambda |W|^2 has the gradient 2 lambda W",
     .slot = BP_REGULARISE,
     .cost = 0.2,
     .variants = 1,
     .extent = BP_AT_ALL,
     .applies = regularised,
     .plant = plant_halved,
     .page = {.right = "lambda/2 |W|^2 has the gradient lambda W",
              .wrong = "lambda/2 W",
              .shows = "backprop - numeric is -lambda/2 W; biases agree. Weights are pulled in "
                       "half as hard as the loss says.",
              .c_wrong = "grad[k] = g[k] + 0.5 * lambda * w[k];",
              .c_right = "grad[k] = g[k] + lambda * w[k];",
              .py_wrong = "dW += 0.5 * lam * W",
              .py_right = "dW += lam * W",
              .confused = "regulariser-divided-by-batch at N = 2: another batch size parts them."}},
    {.name = "regulariser-sign-flipped",
     .title = "the L2 term's gradient is subtracted: it makes weights grow",
     .help = "add lambda W to the gradient",
     .slot = BP_REGULARISE,
     .cost = 0.2,
     .variants = 1,
     .extent = BP_AT_ALL,
     .applies = regularised,
     .plant = plant_negated,
     .page = {.right = "dW + lambda W",
              .wrong = "dW - lambda W",
              .shows = "backprop - numeric is -2 lambda W. Weights grow steadily, faster the "
                       "larger they are, though the data's part of the loss may fall.",
              .c_wrong = "grad[k] = g[k] - lambda * w[k];",
              .c_right = "grad[k] = g[k] + lambda * w[k];",
              .py_wrong = "dW -= lam * W",
              .py_right = "dW += lam * W",
              .confused = "regulariser-missing, half that difference."}},
    {.name = "regulariser-divided-by-batch",
     .title = "the L2 term's gradient is divided by N, the loss's L2 term is not",
     .help = "add lambda W after the division by N",
     .slot = BP_REGULARISE,
     .cost = 0.2,
     .variants = 1,
     .extent = BP_AT_ALL,
     .applies = regularised_batch,
     .plant = plant_over_n,
     .page = {.right = "1/N sum + lambda W",
              .wrong = "1/N (sum + lambda W)",
              .shows = "The L2 part is lambda/N: with a batch of one all agree, and the larger the "
                       "batch the weaker it is.",
              .c_wrong = "grad[k] = (sum[k] + lambda * w[k]) / N;",
              .c_right = "grad[k] = sum[k] / N + lambda * w[k];",
              .py_wrong = "dW = (delta.T @ a + lam * W) / N",
              .py_right = "dW = delta.T @ a / N + lam * W",
              .confused = "a loss whose L2 term is divided by N too: then all agree."}},
    {.name = "regulariser-once-a-sample",
     .title = "lambda W is added for every sample of the batch, in the loss it counts once",
     .help = "add lambda W once a batch, outside the loop over samples",
     .slot = BP_REGULARISE,
     .cost = 0.3,
     .variants = 1,
     .extent = BP_AT_ALL,
     .applies = regularised_batch,
     .plant = plant_times_n,
     .page = {.right = "sum over n of dW_n, + lambda W once",
              .wrong = "sum over n of (dW_n + lambda W)",
              .shows = "The L2 part is N lambda: with a batch of one all agree. Weights shrink too "
                       "fast, and the loss settles high.",
              .c_wrong = "for (n = 0; n < N; n++) grad[k] += g[n][k] + lambda * w[k];",
              .c_right = "for (n = 0; n < N; n++) grad[k] += g[n][k];\ngrad[k] += lambda * w[k];",
              .py_wrong = "dW = sum(g[n] + lam * W for n in range(N))",
              .py_right = "dW = sum(g) + lam * W",
              .confused = "regulariser-divided-by-batch, the same the other way."}},
    {.name = "regulariser-on-biases",
     .title = "lambda b is added to db, the loss's L2 term has no biases",
     .help = "leave the biases out, or put them into the loss too",
     .slot = BP_REGULARISE,
     .cost = 0.1,
     .variants = 1,
     .extent = BP_AT_ALL,
     .applies = regularised_biased,
     .plant = plant_on_biases,
     .page = {.right = "db",
              .wrong = "db + lambda b",
              .shows = "Weights agree; backprop - numeric of a bias is lambda b. Invisible while "
                       "biases are 0.",
              .c_wrong = "for (k = 0; k < n_theta; k++) grad[k] += lambda * theta[k];",
              .c_right = "for (k = 0; k < n_weights; k++) grad[k] += lambda * w[k];",
              .py_wrong = "g = [g + lam * p for g, p in zip(grads, params)]",
              .py_right = "dW += lam * W     # not db",
              .confused = "a loss that counts the biases too: then all agree."}},
    {.name = "regulariser-of-absolute-values",
     .title = "lambda sign(W) is added, the gradient of an L1 term; the loss has an L2 term",
     .help = "add lambda W, or put lambda |W| into the loss",
     .slot = BP_REGULARISE,
     .cost = 0.4,
     .variants = 1,
     .extent = BP_AT_ALL,
     .applies = regularised,
     .plant = plant_absolute,
     .page = {.right = "lambda/2 |W|^2 has the gradient lambda W",
              .wrong = "lambda sign(W)",
              .shows = "backprop - numeric is lambda (sign(W) - W): it depends on the weight "
                       "alone, and jumps at 0.",
              .c_wrong = "grad[k] += lambda * (w[k] > 0 ? 1 : -1);",
              .c_right = "grad[k] += lambda * w[k];",
              .py_wrong = "dW += lam * np.sign(W)",
              .py_right = "dW += lam * W",
              .confused = "regulariser-missing, regulariser-doubled: those are multiples of W."}},
    {.name = "regulariser-not-in-cost",
     .title = "the gradient has an L2 term, the loss has none",
     .help = "add lambda/2 |W|^2 to the loss that is printed and checked",
     .slot = BP_REGULARISE,
     .cost = 0.3,
     .variants = 1,
     .extent = BP_AT_ALL,
     .solved = true,
     .applies = unregularised,
     .plant = plant_extra,
     .page = {.right = "loss and gradient both with lambda/2 |W|^2, or both without",
              .wrong = "the gradient alone has lambda W",
              .shows = "backprop - numeric is lambda W with one and the same lambda for every "
                       "weight; biases agree. Training does what was meant; the printed cost rises "
                       "when weights are pulled in.",
              .c_wrong = "loss = data;",
              .c_right = "loss = data + 0.5 * lambda * sum_of_squares(w);",
              .py_wrong = "loss = data",
              .py_right = "loss = data + 0.5 * lam * (W**2).sum()",
              .confused =
                  "weight decay in the update, which belongs to the step and not to the loss."}},
};

const struct bp_fault_table bp_faults_regulariser = {
    .title = "regularise", .n = COUNT(FAULT), .fault = FAULT};
