/* whole.c -- something else than the gradient is returned or printed in its place. */
#include "diag/faults/stage.h"
#include "diag/faults/tables.h"

#include <math.h>
#include <string.h>

STAGE(weights)
{
    (void)self;
    size_t count;
    const size_t block = bp_mlp_block(pass->net, l, &count);
    memcpy(out, pass->theta + block, count * sizeof *out);
}

/* theta - rate * gradient */
STAGE(updated)
{
    size_t count;
    const size_t block = bp_mlp_block(pass->net, l, &count);
    run_right(pass, l, self, out);
    for (size_t k = 0; k < count; k++)
        out[k] = pass->theta[block + k] - rate_of(pass, self) * out[k];
}

/* 0/0 in every number (variant 0), 1/0 (1) */
STAGE(not_finite)
{
    size_t count;
    bp_mlp_block(pass->net, l, &count);
    fill(out, count, planted(self)->variant == 0 ? (double)NAN : (double)INFINITY);
}

#define PLANT_WHOLE(run)                                                                           \
    PLANT(plant_##run)                                                                             \
    {                                                                                              \
        put(ops, layer, BP_REGULARISE, run, h);                                                    \
    }

PLANT_WHOLE(weights)
PLANT_WHOLE(updated)
PLANT_WHOLE(not_finite)

APPLIES(rated)
{
    (void)variant;
    (void)layer;
    return setting->rate != 0.0;
}

static const char *const FINITE_VARIANT[] = {"NaN", "infinity"};

static const struct bp_fault FAULT[] = {
    {.name = "weights-as-gradient",
     .title = "the parameters stand where the gradient is expected",
     .help = "return, or print, the gradient's array, not the parameters'",
     .slot = BP_REGULARISE,
     .cost = 0.2,
     .variants = 1,
     .extent = BP_AT_ALL,
     .plant = plant_weights,
     .page = {.right = "gradient",
              .wrong = "theta",
              .shows = "The column headed gradient equals the parameters to the last digit, and "
                       "does not change with the data. If training uses it, every weight just "
                       "shrinks: theta (1 - rate).",
              .c_wrong = "memcpy(out, net->w, sizeof net->w);",
              .c_right = "memcpy(out, net->dw, sizeof net->dw);",
              .py_wrong = "return np.concatenate([W.ravel() for W in net.W])",
              .py_right = "return np.concatenate([dW.ravel() for dW in net.dW])",
              .confused = "check-prints-weights, where training uses the right gradient and only "
                          "the check's column is wrong."}},
    {.name = "updated-weights-as-gradient",
     .title = "the parameters after the step stand where the gradient is expected",
     .help = "return, or print, the gradient, and make the step apart from it",
     .slot = BP_REGULARISE,
     .cost = 0.2,
     .variants = 1,
     .extent = BP_AT_ALL,
     .own_rate = true,
     .applies = rated,
     .plant = plant_updated,
     .page = {.right = "gradient",
              .wrong = "theta - rate * gradient",
              .shows = "The column headed gradient is close to the parameters, off by rate times "
                       "the gradient.",
              .c_wrong = "w[k] -= rate * dw[k]; return w;",
              .c_right = "return dw;",
              .py_wrong = "W = W - rate * dW; return W",
              .py_right = "return dW",
              .confused = "weights-as-gradient, where it is theta to the last digit."}},
    {.name = "gradient-not-finite",
     .title = "the gradient holds NaN or infinity",
     .help = "find the first stage that is not finite: a logarithm of 0, 0/0, an overflow",
     .slot = BP_REGULARISE,
     .cost = 0.5,
     .variants = 2,
     .variant = FINITE_VARIANT,
     .extent = BP_AT_ANY | BP_AT_ALL,
     .plant = plant_not_finite,
     .page = {.right = "finite numbers",
              .wrong = "NaN or infinity",
              .shows = "One NaN spreads to every weight in two steps; the printed loss may be the "
                       "last thing to show it. A comparison with NaN is never true, so a check "
                       "written as error > tol passes.",
              .c_wrong = "e[k] = -t[k] / a[k];            /* a = 0: -inf, then 0 * inf = NaN */",
              .c_right =
                  "delta[k] = a[k] - t[k];         /* sigmoid and cross-entropy, cancelled */",
              .py_wrong = "e = -t / a; delta = e * a * (1 - a)",
              .py_right = "delta = a - t",
              .confused =
                  "loss-not-finite from a rate too large, where the first steps are finite."}},
};

const struct bp_fault_table bp_faults_whole = {
    .title = "whole gradient", .n = COUNT(FAULT), .fault = FAULT};
