/* update.c -- what is got wrong in theta' = theta - rate (direction + decay W): the
 * gradient is right, and what is done with it is not. A check at one point cannot
 * see it; theta' beside theta - rate * gradient can. */
#include "diag/faults/stage.h"
#include "diag/faults/tables.h"

#include <string.h>

/* ---- stages ---------------------------------------------------------------- */

struct part {
    size_t block, weights, count; /* of the layer in theta; of its weights; of all */
};

static struct part part_of(const struct bp_pass *pass, size_t l)
{
    struct part part;
    part.block = bp_mlp_block(pass->net, l, &part.count);
    part.weights = bp_mlp_weights(pass->net, l)->count;
    return part;
}

/* theta' = theta for all of the layer (variant 0), its weights (1), its biases (2). */
STAGE(skipped)
{
    const struct part part = part_of(pass, l);
    const int variant = planted(self)->variant;
    const size_t first = variant == 2 ? part.weights : 0;
    const size_t end = variant == 1 ? part.weights : part.count;
    run_right(pass, l, self, out);
    memcpy(out + first, pass->theta + part.block + first, (end - first) * sizeof *out);
}

/* theta' = theta + factor (right theta' - theta) */
static void stretched(const struct bp_pass *pass, size_t l, const struct bp_stage *self,
                      double factor, double *out)
{
    const struct part part = part_of(pass, l);
    run_right(pass, l, self, out);
    for (size_t k = 0; k < part.count; k++)
        out[k] = pass->theta[part.block + k] + factor * (out[k] - pass->theta[part.block + k]);
}

STAGE(doubled)
{
    stretched(pass, l, self, 2.0, out);
}

STAGE(uphill)
{
    stretched(pass, l, self, -1.0, out);
}

/* The rate is left out (variant 0), or is there twice (1). */
STAGE(rate)
{
    if (pass->rate != 0.0)
        stretched(pass, l, self, planted(self)->variant == 0 ? 1.0 / pass->rate : pass->rate, out);
    else
        run_right(pass, l, self, out);
}

/* The step is along the gradient (variant 0), or along gradient and velocity (1),
 * where the velocity, which holds the gradient, is meant. */
STAGE(momentum)
{
    const struct part part = part_of(pass, l);
    run_right(pass, l, self, out);
    for (size_t k = 0; k < part.count; k++) {
        const double g = pass->grad[part.block + k];
        const double v = pass->direction[part.block + k];
        out[k] += pass->rate * (planted(self)->variant == 0 ? v - g : -g);
    }
}

/* Decay grows the weights (variant 0), is on the biases too (1), is not multiplied
 * by the rate (2), is missing (3). */
STAGE(decay)
{
    const struct part part = part_of(pass, l);
    const double *theta = pass->theta + part.block;
    const double step = pass->rate * pass->decay;
    const double more[] = {2.0 * step, 0.0, step - pass->decay, step};
    run_right(pass, l, self, out);
    for (size_t k = 0; k < part.weights; k++)
        out[k] += more[planted(self)->variant] * theta[k];
    if (planted(self)->variant == 1)
        for (size_t k = part.weights; k < part.count; k++)
            out[k] -= step * theta[k];
}

#define PLANT_UPDATE(run)                                                                          \
    PLANT(plant_##run)                                                                             \
    {                                                                                              \
        put(ops, layer, BP_UPDATE, run, h);                                                        \
    }

PLANT_UPDATE(skipped)
PLANT_UPDATE(doubled)
PLANT_UPDATE(uphill)
PLANT_UPDATE(rate)
PLANT_UPDATE(momentum)
PLANT_UPDATE(decay)

/* ---- the table ------------------------------------------------------------- */

APPLIES(biased)
{
    return variant == 0 || has_bias(setting, layer);
}

APPLIES(decay_on_something)
{
    return variant != 1 || has_bias(setting, layer);
}

enum { EVERY = BP_AT_ANY | BP_AT_ALL };

static const char *const SKIPPED_VARIANT[] = {"weights and biases", "the weights", "the biases"};
static const char *const RATE_VARIANT[] = {"the rate is left out", "the rate is there twice"};
static const char *const MOMENTUM_VARIANT[] = {
    "the velocity is never used", "the gradient is added to the velocity's step again"};
static const char *const DECAY_VARIANT[] = {"it makes the weights grow", "it is on the biases too",
                                            "it is not multiplied by the rate", "it is missing"};

static const struct bp_fault FAULT[] = {
    {.name = "update-skipped",
     .title = "parameters are not updated though their gradient is right",
     .help = "write theta - rate * gradient back, for every tensor",
     .kind = BP_KIND_UPDATE,
     .slot = BP_UPDATE,
     .variants = 3,
     .variant = SKIPPED_VARIANT,
     .extent = EVERY,
     .applies = biased,
     .plant = plant_skipped,
     .page = {.right = "theta' = theta - rate * gradient",
              .wrong = "theta' = theta",
              .shows = "The gradient agrees; theta after the step equals theta before it, bit for "
                       "bit. The loss does not move, or only the other tensors' share of it.",
              .c_wrong = "new_w[k] = w[k] - rate * dw[k];   /* never copied back */",
              .c_right = "w[k] -= rate * dw[k];",
              .py_wrong = "W = W - rate * dW      # a local name; self.W stays",
              .py_right = "self.W -= rate * dW",
              .confused =
                  "skipped-layer and bias-gradient-missing, where the gradient itself is 0."}},
    {.name = "update-doubled",
     .title = "each step is made twice",
     .help = "update once a batch",
     .kind = BP_KIND_UPDATE,
     .slot = BP_UPDATE,
     .variants = 1,
     .extent = EVERY,
     .plant = plant_doubled,
     .page =
         {.right = "theta' = theta - rate * gradient",
          .wrong = "theta' = theta - 2 rate * gradient",
          .shows =
              "(theta' - theta) / (-rate * gradient) is 2 everywhere. Like a rate twice as large.",
          .c_wrong = "update(net); train_step(net);  /* which updates, too */",
          .c_right = "train_step(net);",
          .py_wrong = "W -= rate * dW; W -= rate * dW",
          .py_right = "W -= rate * dW",
          .confused = "factor-two, where the gradient is doubled and a check sees it."}},
    {.name = "update-uphill",
     .title = "the step is added: the loss is climbed",
     .help = "subtract rate * gradient",
     .kind = BP_KIND_UPDATE,
     .slot = BP_UPDATE,
     .variants = 1,
     .extent = EVERY,
     .plant = plant_uphill,
     .page = {.right = "theta' = theta - rate * gradient",
              .wrong = "theta' = theta + rate * gradient",
              .shows = "The gradient agrees; (theta' - theta) / (-rate * gradient) is -1. The loss "
                       "rises from the first step. Right where the error is target minus output: "
                       "one minus, in one place.",
              .c_wrong = "w[k] += rate * dw[k];",
              .c_right = "w[k] -= rate * dw[k];",
              .py_wrong = "W += rate * dW",
              .py_right = "W -= rate * dW",
              .confused = "sign-flipped; both together cancel."}},
    {.name = "rate-misapplied",
     .title = "the rate is left out of the step, or multiplied in twice",
     .help = "multiply the gradient by the rate once, in the update",
     .kind = BP_KIND_UPDATE,
     .slot = BP_UPDATE,
     .variants = 2,
     .variant = RATE_VARIANT,
     .extent = EVERY,
     .plant = plant_rate,
     .page = {.right = "theta' = theta - rate * gradient",
              .wrong = "theta' = theta - gradient, or theta - rate^2 * gradient",
              .shows = "theta' - theta does not follow the rate, or follows its square. A change "
                       "of the rate does nothing, or far too much.",
              .c_wrong = "w[k] -= dw[k];",
              .c_right = "w[k] -= rate * dw[k];",
              .py_wrong = "W -= dW",
              .py_right = "W -= rate * dW",
              .confused = "rate-folded-in, where the gradient holds the rate; rate-too-large."}},
    {.name = "momentum-misapplied",
     .title = "momentum does not do what it should: the step is not along the velocity",
     .help = "v = momentum * v + gradient; theta = theta - rate * v",
     .kind = BP_KIND_UPDATE,
     .slot = BP_UPDATE,
     .variants = 2,
     .variant = MOMENTUM_VARIANT,
     .extent = EVERY,
     .plant = plant_momentum,
     .example = "",
     .page = {.right = "v = m v + gradient, theta' = theta - rate v",
              .wrong = "the velocity is kept and not used, or the gradient is added to it twice",
              .shows = "The first step agrees, since v is the gradient; the second is not along "
                       "the velocity. Two steps in a row show it, one does not.",
              .c_wrong = "v[k] = m * v[k] + g[k]; w[k] -= rate * g[k];",
              .c_right = "v[k] = m * v[k] + g[k]; w[k] -= rate * v[k];",
              .py_wrong = "v = m * v + g; W -= rate * g",
              .py_right = "v = m * v + g; W -= rate * v",
              .confused = "the other usual form, v = m v - rate * gradient, which makes the same "
                          "steps at a fixed rate."}},
    {.name = "weight-decay-misapplied",
     .title = "weight decay is applied to the wrong thing, or with the wrong sign",
     .help = "theta = theta - rate * (gradient + decay * W); biases do not decay",
     .kind = BP_KIND_UPDATE,
     .slot = BP_UPDATE,
     .variants = 4,
     .variant = DECAY_VARIANT,
     .extent = EVERY,
     .applies = decay_on_something,
     .plant = plant_decay,
     .example = "",
     .page =
         {.right = "theta' = theta - rate (gradient + decay W)",
          .wrong = "decay with the wrong sign, on the biases, without the rate, or not at all",
          .shows = "theta' - theta + rate * gradient is a multiple of theta: the multiple and the "
                   "tensors that have it tell which.",
          .c_wrong = "w[k] -= rate * g[k] + decay * w[k];",
          .c_right = "w[k] -= rate * (g[k] + decay * w[k]);",
          .py_wrong = "W -= rate * dW + decay * W",
          .py_right = "W -= rate * (dW + decay * W)",
          .confused =
              "an L2 term in the loss, which is in the gradient and goes through the momentum."}},
};

const struct bp_fault_table bp_faults_update = {
    .title = "update", .n = COUNT(FAULT), .fault = FAULT};
