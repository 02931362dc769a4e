/* remarks.c -- what is said of a program that is not one of the known faults: how its
 * steps are made, how its parameters lie, and where nothing known explains it. */
#include "diag/faults/stage.h"
#include "diag/faults/tables.h"

#include <math.h>

/* theta' = theta - rate step(direction), entry by entry */
static void step_by(const struct bp_pass *pass, size_t l, double (*step)(double direction),
                    double *out)
{
    size_t count;
    const size_t block = bp_mlp_block(pass->net, l, &count);
    for (size_t k = 0; k < count; k++)
        out[k] = pass->theta[block + k] - pass->rate * step(pass->direction[block + k]);
}

static const double LIMIT = 0.01;

static double cut(double direction)
{
    return fmax(-LIMIT, fmin(LIMIT, direction));
}

static double sign(double direction)
{
    return (double)(direction > 0.0) - (double)(direction < 0.0);
}

STAGE(clipped)
{
    (void)self;
    step_by(pass, l, cut, out);
}

STAGE(sign_like)
{
    (void)self;
    step_by(pass, l, sign, out);
}

/* theta' less rate 0.05 W, which is in no description */
STAGE(decayed)
{
    const double *w = weights_of(pass, l);
    run_right(pass, l, self, out);
    for (size_t k = 0; k < bp_mlp_weights(pass->net, l)->count; k++)
        out[k] -= pass->rate * 0.05 * w[k];
}

/* 0/0 for the first unit of the first sample */
STAGE(not_finite)
{
    run_right(pass, l, self, out);
    out[0] = (double)NAN;
}

#define PLANT_STAGE(slot, run)                                                                     \
    PLANT(plant_##run)                                                                             \
    {                                                                                              \
        put(ops, layer, slot, run, h);                                                             \
    }

PLANT_STAGE(BP_UPDATE, clipped)
PLANT_STAGE(BP_UPDATE, sign_like)
PLANT_STAGE(BP_UPDATE, decayed)
PLANT_STAGE(BP_ACTIVATE, not_finite)

/* ---- the table ------------------------------------------------------------- */

enum { EVERY = BP_AT_ANY | BP_AT_ALL };

static const struct bp_fault FAULT[] = {
    {.name = "gradient-clipped",
     .title = "gradients are cut, or shortened, before the step",
     .help = "no fault where it is meant; switch it off while the gradient is checked",
     .kind = BP_KIND_UPDATE,
     .slot = BP_UPDATE,
     .variants = 1,
     .extent = EVERY,
     .plant = plant_clipped,
     .example = "",
     .page = {.right = "theta' = theta - rate * gradient",
              .wrong = "theta' = theta - rate * cut(gradient), each entry or the norm limited",
              .shows =
                  "Small gradients give the step expected, large ones always the same length. Two "
                  "points with gradients of another size show it. Often meant, against explosion.",
              .c_wrong = "g = fmax(-limit, fmin(limit, g));",
              .c_right = "/* as it is, or with a limit far above what is seen */",
              .py_wrong = "g = np.clip(g, -0.01, 0.01)",
              .py_right = "g = np.clip(g, -5, 5)",
              .confused = "sign-like-step, where small gradients are stretched as well; "
                          "rate-too-small, which slows all alike."}},
    {.name = "sign-like-step",
     .title = "every parameter moves equally far, whatever its gradient",
     .help = "no fault for Adam or Rprop; give the gradient itself to have its size checked",
     .kind = BP_KIND_UPDATE,
     .slot = BP_UPDATE,
     .variants = 1,
     .extent = EVERY,
     .plant = plant_sign_like,
     .example = "",
     .page = {.right = "theta' = theta - rate * gradient",
              .wrong = "theta' = theta - rate * sign(gradient), or gradient over its own size",
              .shows = "Every entry moves by the same amount. Adam's first step, Rprop and sign "
                       "descent do this on purpose; sizes of the gradient cannot be checked from "
                       "such a step, signs can.",
              .c_wrong = "w[k] -= rate * (g[k] > 0 ? 1 : -1);",
              .c_right = "w[k] -= rate * g[k];",
              .py_wrong = "W -= rate * np.sign(g)",
              .py_right = "W -= rate * g",
              .confused = "gradient-clipped with a tiny limit."}},
    {.name = "weight-decay-undeclared",
     .title = "the step has weight decay that the description does not mention",
     .help = "describe it (l2=...), where it is meant",
     .kind = BP_KIND_UPDATE,
     .slot = BP_UPDATE,
     .variants = 1,
     .extent = EVERY,
     .plant = plant_decayed,
     .example = "",
     .page = {.right = "step and description both with decay, or both without",
              .wrong = "theta' = theta - rate (gradient + decay W), decay not described",
              .shows = "theta - theta' less rate times gradient is the same multiple of every "
                       "weight. Found from the step alone; the gradient itself may well be right.",
              .c_wrong = "w[k] -= rate * (g[k] + decay * w[k]);",
              .c_right = "w[k] -= rate * g[k];",
              .py_wrong = "W -= rate * (g + 0.05 * W)",
              .py_right = "W -= rate * g      # or describe it: l2=0.05",
              .confused = "regulariser-not-in-cost, where the gradient has it; "
                          "weight-decay-misapplied, where it is described and done wrongly."}},
    {.name = "output-not-finite",
     .title = "an output is NaN or infinite",
     .help = "find where the forward pass overflows, or leaves an output unset",
     .kind = BP_KIND_CALL,
     .slot = BP_ACTIVATE,
     .variants = 1,
     .extent = BP_AT_OUTPUT,
     .plant = plant_not_finite,
     .page =
         {.right = "finite outputs for finite inputs",
          .wrong = "NaN or infinity",
          .shows =
              "Look at the first layer where it appears: exp of a large z (sigmoid and softmax "
              "written without care), 0/0 in a normalisation, or an output that is never written.",
          .c_wrong = "a = exp(z) / (1.0 + exp(z));",
          .c_right = "a = 1.0 / (1.0 + exp(-z));",
          .py_wrong = "a = np.exp(z) / np.exp(z).sum()",
          .py_right = "e = np.exp(z - z.max()); a = e / e.sum()",
          .confused = "data-not-finite, where the input is not finite; loss-not-finite."}},
    {.name = "layout-described-wrongly",
     .title = "the parameters lie in another order than the description says",
     .help = "describe the array as it is stored: in x out or out x in, bias first or last",
     .kind = BP_KIND_UNKNOWN,
     .variants = 1,
     .page = {.right = "description: W1 is out x in",
              .wrong = "W1 is stored in x out, or with its bias as column 0",
              .shows = "Predictions differ from those of the described network, and agree when an "
                       "array is read the other way; then the gradient agrees as well. Nothing is "
                       "wrong with the program.",
              .c_wrong = "w[j * n_out + i]     /* described as out x in */",
              .c_right = "w[i * n_in + j]      /* or describe it as in x out */",
              .py_wrong = "W.ravel()            # W is in x out",
              .py_right = "W.T.ravel()          # as described",
              .confused = "weights-transposed-in-forward, where the program itself is at odds with "
                          "what was meant."}},
    {.name = "unexplained-predictions",
     .title = "the program does not predict what the described network does",
     .help = "check the description, then the forward pass by hand on one sample",
     .kind = BP_KIND_UNKNOWN,
     .variants = 1,
     .page = {.right = "predictions of the described network",
              .wrong = "others, in no way that is known",
              .shows = "Left-out or negated biases, a transposed W, another activation and other "
                       "layouts were tried, and none fits. Calculate one sample by hand: the first "
                       "z that differs tells the layer.",
              .c_wrong = "/* the description says tanh; the program scales it */",
              .c_right = "a[i] = tanh(z[i]);",
              .py_wrong = "h = 1.7159 * np.tanh(2 / 3 * z)",
              .py_right = "h = np.tanh(z)",
              .confused = "layout-described-wrongly, bias-left-out-of-forward and the other "
                          "forward faults, which are named where they fit."}},
    {.name = "unexplained-gradient",
     .title = "the gradient is wrong, and no known fault explains it",
     .help = "compare delta and activations of the layer named with a calculation by hand",
     .kind = BP_KIND_UNKNOWN,
     .variants = 1,
     .page = {.right = "the gradient of the loss",
              .wrong = "none of the known ways to get it wrong",
              .shows = "The layer is named where agreement ends: all above it is right. What was "
                       "ruled out is listed, with the nearest. Compare that layer's delta, then "
                       "its dW, with a calculation by hand for one sample.",
              .c_wrong = "delta[j] = something(e[j], z[j]);",
              .c_right = "delta[j] = e[j] * fprime(z[j]);",
              .py_wrong = "delta = something(e, z)",
              .py_right = "delta = e * fprime(z)",
              .confused = "more than three faults at once, each of them known: repair what is "
                          "named from the output down, and look again."}},
    {.name = "gradient-not-matched",
     .title = "no cause was looked for: the gradient is not the same twice",
     .help = "make equal calls give equal results first",
     .kind = BP_KIND_UNKNOWN,
     .variants = 1,
     .page = {.right = "equal calls, equal results",
              .wrong = "the gradient differs from call to call",
              .shows = "Matching a gradient that is not the same twice would name chance. The "
                       "finding above this one says how the calls differ.",
              .c_wrong = "gradient(net); gradient(net);    /* two results */",
              .c_right = "seed(net, 1); gradient(net); seed(net, 1); gradient(net);",
              .py_wrong = "g1 = grad(W, x); g2 = grad(W, x)     # differ",
              .py_right = "rng = np.random.default_rng(1); g1 = grad(W, x)",
              .confused = "calls-differ, dropout-left-on, accumulator-not-reset: its causes."}},
};

const struct bp_fault_table bp_faults_remarks = {
    .title = "remarks", .n = COUNT(FAULT), .fault = FAULT};
