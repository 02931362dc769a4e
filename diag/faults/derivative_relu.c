/* derivative_relu.c -- what is got wrong in a derivative that is a switch: relu's,
 * and a dropout mask's. */
#include "diag/faults/stage.h"
#include "diag/faults/tables.h"

/* delta = e * mask * slope(z), for every sample and neuron. */
static void multiply_by(const struct bp_pass *pass, size_t l, const struct bp_stage *self,
                        double (*slope)(double z, int variant), double *out)
{
    for (size_t k = 0; k < pass->n * width_of(pass, l); k++) {
        out[k] = pass->e[l][k] * slope(pass->z[l][k], planted(self)->variant);
        if (pass->mask[l] != NULL)
            out[k] *= pass->mask[l][k];
    }
}

#define SLOPE_STAGE(name)                                                                          \
    static double name##_slope(double z, int variant);                                             \
    STAGE(name)                                                                                    \
    {                                                                                              \
        multiply_by(pass, l, self, name##_slope, out);                                             \
    }                                                                                              \
    PLANT(plant_##name)                                                                            \
    {                                                                                              \
        put(ops, layer, BP_DERIVATIVE, name, h);                                                   \
        put(ops, layer, BP_OUTPUT_DELTA, name, h);                                                 \
    }                                                                                              \
    static double name##_slope(double z, int variant)

/* ---- relu and its kind ----------------------------------------------------- */

static const double LEAK[] = {0.01, 0.1, 0.2};

SLOPE_STAGE(leaking)
{
    return z > 0.0 ? 1.0 : LEAK[variant];
}

SLOPE_STAGE(inverted)
{
    (void)variant;
    return z > 0.0 ? 0.0 : 1.0;
}

SLOPE_STAGE(one_at_zero)
{
    (void)variant;
    return z >= 0.0 ? 1.0 : 0.0;
}

/* ---- dropout --------------------------------------------------------------- */

/* The derivative times something else than the mask m: 1 (variant 0: the mask is
 * missing), [m > 0] (1: its scale is), m^2 (2: it is there twice). */
STAGE(mask)
{
    const struct bp_layer *layer = layer_of(pass, l);
    const int variant = planted(self)->variant;
    bp_activation_value(layer->activation, layer->slope, pass->n, layer->width, pass->z[l], out);
    for (size_t k = 0; k < pass->n * layer->width; k++) {
        const double m = pass->mask[l] == NULL ? 1.0 : pass->mask[l][k];
        const double wrong = variant == 0 ? 1.0 : variant == 1 ? (double)(m > 0.0) : m * m;
        out[k] = pass->e[l][k] * wrong *
                 bp_activation_slope(layer->activation, layer->slope, pass->z[l][k], out[k]);
    }
}

PLANT(plant_mask)
{
    put(ops, layer, BP_DERIVATIVE, mask, h);
}

/* ---- where ----------------------------------------------------------------- */

APPLIES(relu)
{
    (void)variant;
    return activation_at(setting, layer) == BP_RELU;
}

APPLIES(relu_at_zero)
{
    return relu(setting, variant, layer) && setting->zeros;
}

APPLIES(masked)
{
    (void)variant;
    (void)layer;
    return setting->masked;
}

/* ---- the table ------------------------------------------------------------- */

enum { EVERY = BP_AT_ANY | BP_AT_ALL | BP_AT_ALL_HIDDEN };

static const char *const LEAK_VARIANT[] = {"0.01 below 0", "0.1 below 0", "0.2 below 0"};
static const double LEAK_COST[] = {0.0, 0.1, 0.2};
static const char *const MASK_VARIANT[] = {"no mask", "the mask without its scale",
                                           "the mask twice"};
static const double MASK_COST[] = {0.0, 0.1, 0.3};

static const struct bp_fault FAULT[] = {
    {.name = "relu-derivative-leaking",
     .title = "relu's derivative is not 0 below 0: leaky relu's was used",
     .help = "let delta be 0 where z <= 0, or use leaky relu forward too",
     .slot = BP_DERIVATIVE,
     .cost = 0.3,
     .variants = COUNT(LEAK),
     .variant = LEAK_VARIANT,
     .variant_cost = LEAK_COST,
     .extent = EVERY,
     .applies = relu,
     .plant = plant_leaking,
     .page = {.right = "relu: f' = 0 for z < 0",
              .wrong = "f' = 0.01 for z < 0",
              .shows = "Units that are on agree; units that are off have a small delta where "
                       "numeric says exactly 0. Count the zeros: numeric has more than backprop. "
                       "Trains well, since it even revives dead units.",
              .c_wrong = "slope = z[j] > 0.0 ? 1.0 : 0.01;",
              .c_right = "slope = z[j] > 0.0 ? 1.0 : 0.0;",
              .py_wrong = "slope = np.where(z > 0, 1, 0.01)",
              .py_right = "slope = (z > 0).astype(float)",
              .confused =
                  "wrong-activation-in-forward, where forward is leaky relu too and all agrees."}},
    {.name = "relu-derivative-inverted",
     .title = "relu passes delta where z <= 0 and stops it where z > 0",
     .help = "turn the comparison round: pass delta where z > 0",
     .slot = BP_DERIVATIVE,
     .cost = 0.3,
     .variants = 1,
     .extent = EVERY,
     .applies = relu,
     .plant = plant_inverted,
     .page = {.right = "f' = [z > 0]",
              .wrong = "f' = [z <= 0]",
              .shows =
                  "Delta is 0 exactly where numeric is not, and the reverse: no entry of both is "
                  "non-zero for one sample. The layers below learn from the units that are off.",
              .c_wrong = "if (z[j] > 0.0) delta[j] = 0.0;",
              .c_right = "if (z[j] <= 0.0) delta[j] = 0.0;",
              .py_wrong = "delta[z > 0] = 0",
              .py_right = "delta[z <= 0] = 0",
              .confused = "units-dead, where zeros are right."}},
    {.name = "relu-derivative-one-at-zero",
     .title = "relu's derivative is 1 where z is exactly 0",
     .help = "take 0 there (z > 0, not z >= 0), as most programs do; either is a subgradient",
     .slot = BP_DERIVATIVE,
     .cost = 0.3,
     .variants = 1,
     .extent = EVERY,
     .applies = relu_at_zero,
     .plant = plant_one_at_zero,
     .page = {.right = "f'(0) = 0 (by convention)",
              .wrong = "f'(0) = 1",
              .shows = "Only visible where some z is exactly 0: at zero weights, or on inputs of 0 "
                       "without bias. The loss has a corner there and no derivative; a numeric one "
                       "gives 1/2. Harmless, but all such units wake at once.",
              .c_wrong = "slope = z[j] >= 0.0;",
              .c_right = "slope = z[j] > 0.0;",
              .py_wrong = "slope = (z >= 0)",
              .py_right = "slope = (z > 0)",
              .confused = "a kink, which is no fault: at other weights everything agrees."}},
    {.name = "dropout-mask-wrong-in-backward",
     .title = "delta does not go through the dropout mask of the forward pass",
     .help = "multiply delta of layer {l} by the same mask, with its scale, once",
     .slot = BP_DERIVATIVE,
     .variants = 3,
     .variant = MASK_VARIANT,
     .variant_cost = MASK_COST,
     .extent = BP_AT_HIDDEN | BP_AT_ALL,
     .applies = masked,
     .plant = plant_mask,
     .page = {.right = "a = m f(z), delta = m e f'(z), m = 0 or 1/p",
              .wrong = "delta = e f'(z)",
              .shows = "With the masks held fixed, delta is not 0 for dropped units, or is off by "
                       "the scale 1/p for those kept. Without dropout all agrees. Trains, as if "
                       "with noise in the gradient.",
              .c_wrong = "delta[j] = e[j] * slope[j];",
              .c_right = "delta[j] = e[j] * slope[j] * mask[j];",
              .py_wrong = "delta = e * fprime(z)",
              .py_right = "delta = e * fprime(z) * mask",
              .confused =
                  "dropout-left-on: masks drawn anew in each call, so that two calls differ."}},
};

const struct bp_fault_table bp_faults_derivative_relu = {
    .title = "derivative, relu and dropout", .n = COUNT(FAULT), .fault = FAULT};
