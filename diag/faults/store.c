/* store.c -- what is got wrong when the step is stored: theta' = step, where theta' =
 * theta + step was meant. A gradient that is inferred from the step, (theta - theta') /
 * rate, then holds theta / rate, and nothing of it is known without the rate. */
#include "diag/faults/stage.h"
#include "diag/faults/tables.h"

/* theta' = -rate g (variants 0 to 2), or rate g (3 to 5): of all parameters, of the weights,
 * of the biases. */
STAGE(step_stored)
{
    const int variant = planted(self)->variant;
    const double sign = variant < 3 ? 1.0 : -1.0;
    size_t count;
    const size_t block = bp_mlp_block(pass->net, l, &count);
    const size_t weights = bp_mlp_weights(pass->net, l)->count;
    const size_t first = variant % 3 == 2 ? weights : 0;
    const size_t end = variant % 3 == 1 ? weights : count;
    run_right(pass, l, self, out);
    for (size_t k = first; k < end && pass->rate != 0.0; k++)
        out[k] = pass->theta[block + k] / pass->rate + sign * out[k];
}

PLANT(plant_step_stored)
{
    put(ops, layer, BP_REGULARISE, step_stored, h);
}

/* Without biases all parameters are the weights. */
APPLIES(stored)
{
    return setting->rate != 0.0 && (variant % 3 == 0 || has_bias(setting, layer));
}

static const char *const STORED_VARIANT[] = {
    "all, theta' = -rate gradient", "the weights, W' = -rate dW", "the biases, b' = -rate db",
    "all, theta' = rate gradient",  "the weights, W' = rate dW",  "the biases, b' = rate db"};
static const double STORED_COST[] = {0.0, 0.0, 0.0, 0.1, 0.1, 0.1};

static const struct bp_fault FAULT[] = {
    {.name = "step-stored-for-parameters",
     .title = "the step is stored in place of the parameters: what was learnt is lost",
     .help = "write theta -= rate * gradient, not theta = rate * gradient",
     .slot = BP_REGULARISE,
     .cost = 0.3,
     .variants = COUNT(STORED_VARIANT),
     .variant = STORED_VARIANT,
     .variant_cost = STORED_COST,
     .extent = BP_AT_ANY | BP_AT_ALL,
     .applies = stored,
     .plant = plant_step_stored,
     .page = {.right = "theta' = theta - rate * gradient",
              .wrong = "theta' = rate * gradient, with either sign",
              .shows = "After every step these parameters are as small as one step, whatever they "
                       "were before it. A check of the gradient function agrees; the gradient "
                       "inferred from a step is theta / rate and a little more. Biases that are "
                       "lost so leave the weights to learn alone, and the loss falls all the same.",
              .c_wrong = "b[i] = rate * delta[i];",
              .c_right = "b[i] += rate * delta[i];   /* delta of target - output */",
              .py_wrong = "self.b2 = alpha * db2",
              .py_right = "self.b2 = self.b2 - alpha * db2",
              .confused = "update-skipped, where they stay as they were; weight-decay-misapplied, "
                          "where a share of them is lost."}},
};

const struct bp_fault_table bp_faults_store = {
    .title = "storing the step", .n = COUNT(FAULT), .fault = FAULT};
