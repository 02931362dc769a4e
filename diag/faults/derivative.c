/* derivative.c -- what is got wrong in delta = e * f'(z), in hidden layers and at
 * the output.
 *
 * In a hidden layer the derivative stage is replaced, at the output the output
 * delta. There e is dL/da, so for sigmoid with cross-entropy the faults are
 * those of a program that multiplies dL/da by f' in so many steps.
 *
 * f below is f(z), before any dropout mask.
 */
#include "diag/faults/stage.h"
#include "diag/faults/tables.h"

/* What a wrong derivative may be made of. */
struct at {
    const struct bp_layer *layer;
    int variant;
    double z, f;
    double input;  /* of the layer, same index; 0 where the layer below is narrower */
    double next_z; /* of the layer above, same index; NaN-free 0 where there is none */
    double next_a;
};

static double entry(double *const *array, size_t layer, size_t s, size_t width, size_t k)
{
    return k < width ? array[layer][s * width + k] : 0.0;
}

/* delta = e * mask * slope(), for every sample and neuron. */
static void multiply_by(const struct bp_pass *pass, size_t l, const struct bp_stage *self,
                        double (*slope)(const struct at *at), double *out)
{
    const struct bp_layer *layer = layer_of(pass, l);
    const size_t below = width_of(pass, l - 1);
    const size_t above = l < last_of(pass) ? width_of(pass, l + 1) : 0;
    struct at at = {.layer = layer, .variant = planted(self)->variant};
    bp_activation_value(layer->activation, layer->slope, pass->n, layer->width, pass->z[l], out);
    for (size_t s = 0; s < pass->n; s++)
        for (size_t k = 0; k < layer->width; k++) {
            const size_t i = s * layer->width + k;
            at.z = pass->z[l][i];
            at.f = out[i];
            at.input = entry(pass->a, l - 1, s, below, k);
            at.next_z = above == 0 ? 0.0 : entry(pass->z, l + 1, s, above, k);
            at.next_a = above == 0 ? 0.0 : entry(pass->a, l + 1, s, above, k);
            out[i] = pass->e[l][i] * slope(&at);
            if (pass->mask[l] != NULL)
                out[i] *= pass->mask[l][i];
        }
}

/* f' written in terms of the output: a (1 - a), 1 - a^2, [a > 0]. */
static double formula(enum bp_activation f, double slope, double a)
{
    return bp_activation_slope(f, slope, a, a);
}

static double own_formula(const struct at *at, double a)
{
    return formula(at->layer->activation, at->layer->slope, a);
}

/* f'(v), with f(v) taken first. */
static double own_slope(const struct at *at, double v)
{
    const double f = bp_activation_at(at->layer->activation, at->layer->slope, v);
    return bp_activation_slope(at->layer->activation, at->layer->slope, v, f);
}

static double right_slope(const struct at *at)
{
    return bp_activation_slope(at->layer->activation, at->layer->slope, at->z, at->f);
}

#define SLOPE_STAGE(name)                                                                          \
    static double name##_slope(const struct at *at);                                               \
    STAGE(name)                                                                                    \
    {                                                                                              \
        multiply_by(pass, l, self, name##_slope, out);                                             \
    }                                                                                              \
    PLANT(plant_##name)                                                                            \
    {                                                                                              \
        put(ops, layer, BP_DERIVATIVE, name, h);                                                   \
        put(ops, layer, BP_OUTPUT_DELTA, name, h);                                                 \
    }                                                                                              \
    static double name##_slope(const struct at *at)

/* ---- wrong derivatives ----------------------------------------------------- */

SLOPE_STAGE(missing)
{
    (void)at;
    return 1.0;
}

SLOPE_STAGE(at_activation)
{
    return own_slope(at, at->f);
}

SLOPE_STAGE(formula_on_z)
{
    return own_formula(at, at->z);
}

/* Another activation g: its formula on the output, g'(z), or g'(a). */
static const struct {
    enum bp_activation g;
    enum { FORMULA_ON_A, SLOPE_AT_Z, SLOPE_AT_A } of;
} OTHER[] = {{BP_SIGMOID, FORMULA_ON_A},    {BP_TANH, FORMULA_ON_A},  {BP_RELU, FORMULA_ON_A},
             {BP_LEAKY_RELU, FORMULA_ON_A}, {BP_SIGMOID, SLOPE_AT_Z}, {BP_TANH, SLOPE_AT_Z},
             {BP_SIGMOID, SLOPE_AT_A},      {BP_TANH, SLOPE_AT_A}};

SLOPE_STAGE(other)
{
    const enum bp_activation g = OTHER[at->variant].g;
    const double v = OTHER[at->variant].of == SLOPE_AT_Z ? at->z : at->f;
    const double a =
        OTHER[at->variant].of == FORMULA_ON_A ? v : bp_activation_at(g, BP_LEAKY_SLOPE, v);
    return bp_activation_slope(g, BP_LEAKY_SLOPE, v, a);
}

SLOPE_STAGE(one_minus_a)
{
    return 1.0 - at->f;
}

/* Variant 0: the formula in terms of the output, on the input; 1: f'(input). */
SLOPE_STAGE(at_input)
{
    return at->variant == 0 ? own_formula(at, at->input) : own_slope(at, at->input);
}

/* Variant 0: the formula on the next layer's a; 1: f' at the next layer's z. */
SLOPE_STAGE(at_next)
{
    return at->variant == 0 ? own_formula(at, at->next_a) : own_slope(at, at->next_z);
}

SLOPE_STAGE(twice)
{
    return right_slope(at) * right_slope(at);
}

SLOPE_STAGE(value)
{
    return at->f;
}

/* ---- where ----------------------------------------------------------------- */

APPLIES(curved)
{
    (void)variant;
    return activation_at(setting, layer) != BP_IDENTITY;
}

APPLIES(elementwise)
{
    const enum bp_activation f = activation_at(setting, layer);
    (void)variant;
    return f != BP_IDENTITY && f != BP_SOFTMAX;
}

APPLIES(smooth)
{
    (void)variant;
    return is_smooth(activation_at(setting, layer));
}

/* At a matched output e has 1 / f' in it, and twice is the extra derivative. */
APPLIES(squarable)
{
    const enum bp_activation f = activation_at(setting, layer);
    (void)variant;
    return (is_smooth(f) || f == BP_LEAKY_RELU) &&
           !(is_output(setting, layer) && is_matched(setting));
}

/* [a > 0] is 1 for every sigmoid: that is the derivative missing. With no activation
 * a is z. */
APPLIES(another)
{
    const enum bp_activation f = activation_at(setting, layer), g = OTHER[variant].g;
    if (f == BP_SOFTMAX || f == g || (f == BP_SIGMOID && g >= BP_RELU) ||
        (f == BP_IDENTITY && OTHER[variant].of == SLOPE_AT_A))
        return false;
    return !(f == BP_RELU && g == BP_LEAKY_RELU); /* that is the leak */
}

/* relu's formula on outputs that are all above 0 is 1: the derivative missing. */
static bool always_on(const struct bp_setting *setting, size_t layer, size_t from)
{
    const enum bp_activation f = activation_at(setting, from);
    return from > 0 && !is_smooth(activation_at(setting, layer)) &&
           (f == BP_SIGMOID || f == BP_SOFTMAX);
}

/* relu's formula and its slope are the same switch. */
APPLIES(as_wide_as_input)
{
    return elementwise(setting, variant, layer) &&
           wide(setting, layer - 1) == wide(setting, layer) &&
           (variant == 0 || is_smooth(activation_at(setting, layer))) &&
           !always_on(setting, layer, layer - 1);
}

/* With the same activation above, the formula on its a is f' at its z. */
APPLIES(as_wide_as_next)
{
    return !is_output(setting, layer) && elementwise(setting, variant, layer) &&
           wide(setting, layer + 1) == wide(setting, layer) &&
           (variant == 0 ? !always_on(setting, layer, layer + 1)
                         : activation_at(setting, layer) != activation_at(setting, layer + 1));
}

/* At a matched output dL/da would have to be spelt out; at others any loss does. */
static bool cross_entropy(const struct bp_setting *setting, int variant, enum bp_loss *loss)
{
    const enum bp_activation f = activation_at(setting, spec_of(setting)->layers);
    (void)variant;
    if (spec_of(setting)->loss != BP_SQUARED_ERROR || (f != BP_SIGMOID && f != BP_SOFTMAX))
        return false;
    *loss = f == BP_SIGMOID ? BP_BINARY_CROSS_ENTROPY : BP_SOFTMAX_CROSS_ENTROPY;
    return true;
}

/* ---- the table ------------------------------------------------------------- */

enum { EVERY = BP_AT_ANY | BP_AT_ALL | BP_AT_ALL_HIDDEN };

static const char *const OTHER_VARIANT[] = {
    "sigmoid's, a (1 - a)", "tanh's, 1 - a^2", "relu's, [a > 0]", "leaky relu's, 0.01 below 0",
    "sigmoid's, at z",      "tanh's, at z",    "sigmoid's, at a", "tanh's, at a"};
static const double OTHER_COST[] = {0.0, 0.0, 0.0, 0.2, 0.1, 0.1, 0.2, 0.2};
static const char *const INPUT_VARIANT[] = {"the formula for the output, on the input",
                                            "f' at the input"};
static const char *const NEXT_VARIANT[] = {"the formula on the next layer's activation",
                                           "f' at the next layer's z"};
static const double SECOND_RARER[] = {0.0, 0.1};

static const struct bp_fault FAULT[] = {
    {.name = "missing-activation-derivative",
     .title = "delta is not multiplied by the activation's derivative",
     .help = "multiply the error of layer {l} by f'(z), elementwise",
     .slot = BP_DERIVATIVE,
     .variants = 1,
     .extent = EVERY,
     .applies = curved,
     .plant = plant_missing,
     .of_loss = cross_entropy,
     .page =
         {.right = "delta = e * f'(z)",
          .wrong = "delta = e",
          .shows =
              "The ratio backprop / numeric is 1/f': at least 4 for sigmoid, different for every "
              "neuron and sample, so no constant. All layers below are off too. At the output of "
              "squared error it is exactly cross-entropy's gradient, and trains well.",
          .c_wrong = "delta[j] = e[j];",
          .c_right = "delta[j] = e[j] * a[j] * (1.0 - a[j]);",
          .py_wrong = "delta = e",
          .py_right = "delta = e * a * (1 - a)",
          .confused = "derivative-of-other-activation with relu's, which is 1 for every sigmoid; "
                      "error-propagated-for-delta, where this layer's own dW is right."}},
    {.name = "derivative-at-activated-value",
     .title = "the derivative is taken at a = f(z), not at z: f is applied twice",
     .help = "call f' with z, or use the formula in terms of a: a (1 - a), 1 - a^2",
     .slot = BP_DERIVATIVE,
     .variants = 1,
     .extent = EVERY,
     .applies = smooth,
     .plant = plant_at_activation,
     .page = {.right = "f'(z)",
              .wrong = "f'(a) = f'(f(z))",
              .shows = "For sigmoid the ratio is 0.94 near z = 0 and grows without bound where the "
                       "unit is sure: f'(a) never falls below 0.19. Trains much the same, which is "
                       "why it stays unseen.",
              .c_wrong = "delta[j] = e[j] * sigmoid_prime(a[j]);  /* calls sigmoid itself */",
              .c_right = "delta[j] = e[j] * sigmoid_prime(z[j]);",
              .py_wrong = "delta = e * sigmoid_prime(a)",
              .py_right = "delta = e * sigmoid_prime(z)",
              .confused =
                  "derivative-formula-on-z, the mistake the other way round: a (1 - a) given z."}},
    {.name = "derivative-formula-on-z",
     .title = "the formula for the derivative in terms of a is applied to z",
     .help = "give a (1 - a), or 1 - a^2, the activated value a",
     .slot = BP_DERIVATIVE,
     .cost = 0.1,
     .variants = 1,
     .extent = EVERY,
     .applies = smooth,
     .plant = plant_formula_on_z,
     .page =
         {.right = "a (1 - a), a = f(z)",
          .wrong = "z (1 - z)",
          .shows =
              "The slope can be negative and larger than 1: wherever z < 0 or z > 1 the delta has "
              "the wrong sign. Training is erratic or stalls; larger weights make it worse.",
          .c_wrong = "delta[j] = e[j] * z[j] * (1.0 - z[j]);",
          .c_right = "delta[j] = e[j] * a[j] * (1.0 - a[j]);",
          .py_wrong = "delta = e * z * (1 - z)",
          .py_right = "delta = e * a * (1 - a)",
          .confused = "derivative-at-activated-value, which is always positive; "
                      "derivative-at-layer-input, the same formula on x."}},
    {.name = "derivative-of-other-activation",
     .title = "the derivative belongs to another activation than the forward pass uses",
     .help = "use the derivative of the activation that layer {l} has",
     .slot = BP_DERIVATIVE,
     .cost = 0.2,
     .variants = COUNT(OTHER),
     .variant = OTHER_VARIANT,
     .variant_cost = OTHER_COST,
     .extent = EVERY,
     .applies = another,
     .plant = plant_other,
     .page = {.right = "forward f, backward f'",
              .wrong = "forward f, backward g'",
              .shows = "The ratio depends on a alone: for tanh with sigmoid's formula it is a (1 - "
                       "a) / (1 - a^2) = a / (1 + a), negative for a < 0. Usually left from a "
                       "program for another activation.",
              .c_wrong = "delta[j] = e[j] * a[j] * (1.0 - a[j]);   /* sigmoid's; f is tanh */",
              .c_right = "delta[j] = e[j] * (1.0 - a[j] * a[j]);",
              .py_wrong = "delta = e * a * (1 - a)     # f is tanh",
              .py_right = "delta = e * (1 - a**2)",
              .confused = "wrong-activation-in-forward, where f and f' belong together and the "
                          "description is at odds."}},
    {.name = "one-minus-a-as-derivative",
     .title = "the derivative is 1 - a, half of the formula",
     .help = "the derivative is a (1 - a) for sigmoid, 1 - a^2 for tanh",
     .slot = BP_DERIVATIVE,
     .cost = 0.3,
     .variants = 1,
     .extent = EVERY,
     .applies = smooth,
     .plant = plant_one_minus_a,
     .page = {.right = "sigmoid: a (1 - a)",
              .wrong = "1 - a",
              .shows = "The ratio is 1/a: large for units near 0, close to 1 for units near 1. "
                       "Signs are right, so it trains, unevenly.",
              .c_wrong = "delta[j] = e[j] * (1.0 - a[j]);",
              .c_right = "delta[j] = e[j] * a[j] * (1.0 - a[j]);",
              .py_wrong = "delta = e * (1 - a)",
              .py_right = "delta = e * a * (1 - a)",
              .confused =
                  "activation-for-derivative, the other half of the formula (ratio 1/(1 - a))."}},
    {.name = "derivative-at-layer-input",
     .title = "the derivative is taken at the layer's input, not at its z",
     .help = "take f' at z = W a + b of layer {l}",
     .slot = BP_DERIVATIVE,
     .cost = 0.1,
     .variants = 2,
     .variant = INPUT_VARIANT,
     .variant_cost = SECOND_RARER,
     .extent = EVERY,
     .applies = as_wide_as_input,
     .plant = plant_at_input,
     .page =
         {.right = "f'(z), z = W x + b",
          .wrong = "f'(x)",
          .shows = "It runs only where the layer is as wide as its input: for 2 hidden units on 2 "
                   "inputs, not for 3. On inputs 0 and 1 the formula x (1 - x) is 0: nothing below "
                   "moves. The ratio depends on the input alone, not on the weights.",
          .c_wrong = "delta[j] = e[j] * sigmoid_prime(x[j]);",
          .c_right = "delta[j] = e[j] * sigmoid_prime(z[j]);",
          .py_wrong = "delta = e * sigmoid_prime(x)",
          .py_right = "delta = e * sigmoid_prime(x @ W.T + b)",
          .confused =
              "derivative-formula-on-z. Change the width of the layer: this one no longer runs."}},
    {.name = "derivative-at-next-layer",
     .title = "the derivative is taken at the next layer's values",
     .help = "take f' at layer {l}'s own z",
     .slot = BP_DERIVATIVE,
     .cost = 0.2,
     .variants = 2,
     .variant = NEXT_VARIANT,
     .variant_cost = SECOND_RARER,
     .extent = EVERY,
     .applies = as_wide_as_next,
     .plant = plant_at_next,
     .page = {.right = "f'(z_l)",
              .wrong = "f'(z_{l+1})",
              .shows = "An index off by one among layers of one width. Right where all layers' z "
                       "are alike, wrong elsewhere; the layer above agrees.",
              .c_wrong = "delta[l][j] = e[j] * slope(a[l + 1][j]);",
              .c_right = "delta[l][j] = e[j] * slope(a[l][j]);",
              .py_wrong = "delta = e * fprime(zs[l + 1])",
              .py_right = "delta = e * fprime(zs[l])",
              .confused = "derivative-at-layer-input, the same a layer further down; "
                          "activation-of-wrong-layer, where dW alone is wrong."}},
    {.name = "derivative-squared",
     .title = "delta is multiplied by the derivative twice",
     .help = "multiply by f'(z) once",
     .slot = BP_DERIVATIVE,
     .cost = 0.4,
     .variants = 1,
     .extent = EVERY,
     .applies = squarable,
     .plant = plant_twice,
     .page = {.right = "delta = e f'(z)",
              .wrong = "delta = e f'(z)^2",
              .shows = "The ratio is f' itself, at most 1/4 for sigmoid: like vanishing gradients, "
                       "but from a network of two layers on. Often multiplied once where e is made "
                       "and again where delta is.",
              .c_wrong = "e[j] *= slope[j]; delta[j] = e[j] * slope[j];",
              .c_right = "delta[j] = e[j] * slope[j];",
              .py_wrong = "e = (d @ W) * s; delta = e * s",
              .py_right = "delta = (d @ W) * s",
              .confused = "extra-output-derivative, the same at an output whose derivative had "
                          "cancelled; delta-vanishing, where the gradient is right."}},
    {.name = "activation-for-derivative",
     .title = "delta is multiplied by f(z), not by f'(z)",
     .help = "call the derivative, not the activation",
     .slot = BP_DERIVATIVE,
     .cost = 0.4,
     .variants = 1,
     .extent = EVERY,
     .applies = elementwise,
     .plant = plant_value,
     .page = {.right = "delta = e f'(z)",
              .wrong = "delta = e f(z)",
              .shows = "The ratio is f / f': 1/(1 - a) for sigmoid. For tanh the sign is wrong "
                       "wherever a < 0. For relu delta is scaled by the activation.",
              .c_wrong = "delta[j] = e[j] * sigmoid(z[j]);",
              .c_right = "delta[j] = e[j] * sigmoid_prime(z[j]);",
              .py_wrong = "delta = e * sigmoid(z)",
              .py_right = "delta = e * sigmoid_prime(z)",
              .confused =
                  "one-minus-a-as-derivative (ratio 1/a); activation-left-out, which is in dW."}},
};

const struct bp_fault_table bp_faults_derivative = {
    .title = "derivative", .n = COUNT(FAULT), .fault = FAULT};
