/* call.c -- a call that does not depend on its arguments alone, or changes more than
 * its result. One gradient may be right; the same call again is not, or a batch is
 * not the mean of its samples.
 *
 * Where these are planted, what is left from the call before is read from the
 * array that is about to be written.
 */
#include "diag/faults/stage.h"
#include "diag/faults/tables.h"

#include <string.h>

/* ---- stages ---------------------------------------------------------------- */

/* sum / N is added to what the last call left */
STAGE(accumulated)
{
    (void)self;
    size_t count;
    const double *sum = pass->sum + bp_mlp_block(pass->net, l, &count);
    const double n = pass->net->spec.reduction == BP_MEAN ? (double)pass->n : 1.0;
    for (size_t k = 0; k < count; k++)
        out[k] += sum[k] / n;
}

/* z += W a + b, z not set to zero first */
STAGE(stale)
{
    (void)self;
    const size_t in = width_of(pass, l - 1);
    const size_t width = width_of(pass, l);
    const double *w = weights_of(pass, l);
    const double *b = biases_of(pass, l);
    for (size_t s = 0; s < pass->n; s++)
        for (size_t i = 0; i < width; i++) {
            double sum = b == NULL ? 0.0 : b[i];
            for (size_t j = 0; j < in; j++)
                sum += w[i * in + j] * pass->a[l - 1][s * in + j];
            out[s * width + i] += sum;
        }
}

/* A coin that falls otherwise when v did: mixes its bits (Steele, Lea and Flood
 * 2014). */
static bool coin(double v, size_t k)
{
    uint64_t bits;
    memcpy(&bits, &v, sizeof bits);
    bits += 0x9e3779b97f4a7c15u * (k + 1);
    bits = (bits ^ bits >> 30) * 0xbf58476d1ce4e5b9u;
    bits = (bits ^ bits >> 27) * 0x94d049bb133111ebu;
    return (bits >> 31 & 1) != 0;
}

/* A unit is 0 or twice its value, by what the last call left there. */
STAGE(dropped)
{
    (void)self;
    const struct bp_layer *layer = layer_of(pass, l);
    for (size_t k = 0; k < pass->n * layer->width; k++) {
        const double mask = coin(out[k], k) ? 2.0 : 0.0;
        out[k] = mask * bp_activation_at(layer->activation, layer->slope, pass->z[l][k]);
    }
}

/* The same mask in the derivative; a dropped unit is known by its 0. */
STAGE(dropped_derivative)
{
    (void)self;
    const struct bp_layer *layer = layer_of(pass, l);
    for (size_t k = 0; k < pass->n * layer->width; k++) {
        const double mask = pass->a[l][k] == 0.0 ? 0.0 : 2.0;
        out[k] = pass->e[l][k] * mask *
                 bp_activation_slope(layer->activation, layer->slope, pass->z[l][k],
                                     0.5 * pass->a[l][k]);
    }
}

/* The last number of the layer's W is never written. */
STAGE(forgotten)
{
    const size_t last = bp_mlp_weights(pass->net, l)->count - 1;
    const double left = out[last];
    run_right(pass, l, self, out);
    out[last] = left;
}

/* e less its mean over the batch */
STAGE(centred)
{
    const size_t width = width_of(pass, l);
    run_right(pass, l, self, out);
    for (size_t i = 0; i < width; i++) {
        double sum = 0.0;
        for (size_t s = 0; s < pass->n; s++)
            sum += out[s * width + i];
        for (size_t s = 0; s < pass->n; s++)
            out[s * width + i] -= sum / (double)pass->n;
    }
}

/* ---- plants ---------------------------------------------------------------- */

PLANT(plant_accumulated)
{
    put(ops, layer, BP_SCALE, accumulated, h);
}

PLANT(plant_stale)
{
    put(ops, layer, BP_AFFINE, stale, h);
}

PLANT(plant_dropped)
{
    put(ops, layer, BP_ACTIVATE, dropped, h);
    put(ops, layer, BP_DERIVATIVE, dropped_derivative, h);
}

PLANT(plant_forgotten)
{
    put(ops, layer, BP_OUTER_PRODUCT, forgotten, h);
}

PLANT(plant_centred)
{
    put(ops, layer, BP_DERIVATIVE, centred, h);
    put(ops, layer, BP_OUTPUT_DELTA, centred, h);
}

APPLIES(batch)
{
    (void)variant;
    (void)layer;
    return is_batch(setting);
}

/* ---- the table ------------------------------------------------------------- */

enum { EVERY = BP_AT_ANY | BP_AT_ALL };

static const struct bp_fault FAULT[] = {
    {.name = "accumulator-not-reset",
     .title = "gradients are added to those of the call before",
     .help = "set dW and db to zero before every batch",
     .kind = BP_KIND_CALL,
     .slot = BP_SCALE,
     .variants = 1,
     .extent = EVERY,
     .plant = plant_accumulated,
     .page =
         {.right = "dW = 0 before each batch",
          .wrong = "dW += ... from call to call",
          .shows =
              "The second of two equal calls returns exactly twice the first, the third three "
              "times. Training is like momentum that never fades: it overshoots and oscillates.",
          .c_wrong = "for (n = 0; n < N; n++) dw[k] += g[n][k];",
          .c_right = "memset(dw, 0, sizeof dw);\nfor (n = 0; n < N; n++) dw[k] += g[n][k];",
          .py_wrong = "self.dW += delta.T @ a",
          .py_right = "self.dW = delta.T @ a",
          .confused =
              "batch-mean-missing, which is the same in every call; momentum that is meant."}},
    {.name = "stale-forward-state",
     .title = "the forward pass starts from what the call before left in z",
     .help = "set z to b, or to zero, before adding up W a",
     .kind = BP_KIND_CALL,
     .slot = BP_AFFINE,
     .variants = 1,
     .extent = EVERY,
     .plant = plant_stale,
     .page = {.right = "z = W a + b",
              .wrong = "z += W a + b, from what the last call left",
              .shows = "The same input twice gives two outputs. The first call after the start may "
                       "be right.",
              .c_wrong = "for (j = 0; j < n_in; j++) z[i] += w[i][j] * a[j];",
              .c_right = "z[i] = b[i];\nfor (j = 0; j < n_in; j++) z[i] += w[i][j] * a[j];",
              .py_wrong = "self.z += a @ W.T + b",
              .py_right = "self.z = a @ W.T + b",
              .confused = "dropout-left-on, where the outputs jump and do not grow; "
                          "accumulator-not-reset, where outputs repeat and gradients do not."}},
    {.name = "dropout-left-on",
     .title = "the same call gives another result: units are dropped at random",
     .help = "switch dropout off, or fix its masks, while the gradient is checked",
     .kind = BP_KIND_CALL,
     .slot = BP_ACTIVATE,
     .variants = 1,
     .extent = BP_AT_HIDDEN | BP_AT_ALL,
     .plant = plant_dropped,
     .page = {.right = "for a check: no dropout, or the same masks in every call",
              .wrong = "new masks in every call",
              .shows =
                  "Two equal calls differ, by no fixed factor. The numeric derivative is then the "
                  "difference of two different networks, divided by a tiny step: enormous numbers.",
              .c_wrong = "loss(net); gradient(net);      /* each draws its masks */",
              .c_right = "net->dropout = 0.0; loss(net); gradient(net);",
              .py_wrong = "model.train(); check(model)",
              .py_right = "model.eval(); check(model)",
              .confused = "dropout-mask-wrong-in-backward, where the masks repeat and the "
                          "derivative is wrong."}},
    {.name = "calls-differ",
     .title = "the same call twice gives two results",
     .help = "find what the call reads besides its arguments: globals, a generator, old buffers",
     .kind = BP_KIND_CALL,
     .slot = BP_ACTIVATE,
     .variants = 1,
     .extent = BP_AT_HIDDEN | BP_AT_ALL,
     .plant = plant_dropped,
     .page = {.right = "f(theta, x) is a function",
              .wrong = "f(theta, x) depends on what was called before",
              .shows = "The same call twice does not give the same bits. Nothing else can be "
                       "concluded until it does.",
              .c_wrong = "static double h[MAX];   /* read before it is written */",
              .c_right = "double h[MAX] = {0};",
              .py_wrong = "def loss(theta): return run(theta, rng.permutation(data))",
              .py_right = "def loss(theta): return run(theta, data)",
              .confused =
                  "accumulator-not-reset, stale-forward-state, dropout-left-on: its usual causes; "
                  "threads that add in another order differ in the last digits only."}},
    {.name = "theta-changed-by-gradient",
     .title = "computing the gradient changes the parameters",
     .help = "make no update inside the gradient; put back what was perturbed",
     .kind = BP_KIND_CALL,
     .variants = 1,
     .page = {.right = "gradient(theta) leaves theta as it was",
              .wrong = "theta is another after the call",
              .shows = "theta read back after the call differs from that put in. Repeated calls "
                       "then walk; a numeric check compares two places.",
              .c_wrong = "gradient(net); /* ends with update(net) */",
              .c_right = "gradient(net); if (train) update(net);",
              .py_wrong = "def gradient(W): W -= rate * dW; return dW",
              .py_right = "def gradient(W): return dW",
              .confused = "check-does-not-restore, where the check leaves theta changed."}},
    {.name = "gradient-entry-forgotten",
     .title = "an entry of the gradient is never written: it keeps what was there",
     .help = "write every entry, also those that are zero",
     .kind = BP_KIND_CALL,
     .slot = BP_OUTER_PRODUCT,
     .variants = 1,
     .extent = EVERY,
     .plant = plant_forgotten,
     .page = {.right = "every entry is written in every call",
              .wrong = "one is left as it was",
              .shows = "The buffer is filled with a mark before the call, and the mark is still "
                       "there after it. The value seen depends on what was in memory.",
              .c_wrong = "double *grad = malloc(n * sizeof *grad);  /* some never set */",
              .c_right = "double *grad = calloc(n, sizeof *grad);   /* and find the loop */",
              .py_wrong = "grad = np.empty(n)",
              .py_right = "grad = np.zeros(n)",
              .confused = "row-never-filled, column-never-filled: the same with a 0 there."}},
    {.name = "sample-depends-on-others",
     .title = "a batch's gradient is not the mean, or sum, of its samples' gradients",
     .help = "find where one sample's numbers reach another's: a sum over the wrong axis, "
             "a buffer that is shared",
     .kind = BP_KIND_CALL,
     .slot = BP_DERIVATIVE,
     .variants = 1,
     .extent = EVERY,
     .applies = batch,
     .plant = plant_centred,
     .page = {.right = "gradient(batch) = mean, or sum, of the gradients of its samples",
              .wrong = "a sample's share changes with the others in the batch",
              .shows = "Each sample alone agrees, the batch does not. Or a sample's output changes "
                       "with its company.",
              .c_wrong = "for (k = 0; k < N * K; k++) sum += exp(z[k]);",
              .c_right = "for (k = 0; k < K; k++) sum += exp(z[n * K + k]);",
              .py_wrong = "a = e / e.sum()",
              .py_right = "a = e / e.sum(axis=1, keepdims=True)",
              .confused = "batch-mean-missing and one-sample-only, which a factor or a single "
                          "sample explains; batch normalisation, which is meant to do this."}},
};

const struct bp_fault_table bp_faults_call = {.title = "calls", .n = COUNT(FAULT), .fault = FAULT};
