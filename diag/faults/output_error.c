/* output_error.c -- what is got wrong in the error that backpropagation starts
 * from: delta_L = dL/da_L through f_L. Faults of f_L' itself are in derivative.c.
 *
 * err below is c (a - t), for squared error and where output and loss cancel;
 * otherwise dL/da. A wrong error goes through the output's derivative as the
 * right one would. What comes of an output and a loss that cancel is in
 * output_cancel.c.
 */
#include "diag/faults/stage.h"
#include "diag/faults/tables.h"

#include <math.h>

/* ---- one sample ------------------------------------------------------------ */

/* A row of errors becomes a row of deltas, in place (out is all that is written). */
static void through_output(const struct bp_pass *pass, size_t l, size_t s, double *row)
{
    const struct bp_spec *spec = &pass->net->spec;
    const struct bp_layer *layer = layer_of(pass, l);
    const double *z = pass->z[l] + s * layer->width;
    const double *a = pass->a[l] + s * layer->width;
    if (bp_loss_is_matched(spec->loss, layer->activation))
        return;
    double dot = 0.0;
    if (layer->activation == BP_SOFTMAX)
        for (size_t k = 0; k < layer->width; k++)
            dot += row[k] * a[k];
    for (size_t k = 0; k < layer->width; k++)
        row[k] = layer->activation == BP_SOFTMAX
                     ? a[k] * (row[k] - dot)
                     : row[k] * bp_activation_slope(layer->activation, layer->slope, z[k], a[k]);
}

/* err of output k, from its a and t. */
static double error_of(const struct bp_spec *spec, double a, double t)
{
    double e;
    if (spec->loss == BP_SQUARED_ERROR ||
        bp_loss_is_matched(spec->loss, spec->layer[spec->layers].activation))
        return spec->factor * (a - t);
    bp_loss_gradient(spec->loss, spec->factor, 1, &a, &t, &e);
    return e;
}

/* Every err replaced by wrong(), then taken through the output. */
static void replace_error(const struct bp_pass *pass, size_t l, double *out,
                          double (*wrong)(const struct bp_spec *spec, double a, double t))
{
    const size_t width = width_of(pass, l);
    for (size_t s = 0; s < pass->n; s++) {
        const size_t row = s * width;
        for (size_t k = 0; k < width; k++)
            out[row + k] = wrong(&pass->net->spec, pass->a[l][row + k], pass->t[row + k]);
        through_output(pass, l, s, out + row);
    }
}

#define ERROR_STAGE(name)                                                                          \
    static double name##_error(const struct bp_spec *spec, double a, double t);                    \
    STAGE(name)                                                                                    \
    {                                                                                              \
        (void)self;                                                                                \
        replace_error(pass, l, out, name##_error);                                                 \
    }                                                                                              \
    static double name##_error(const struct bp_spec *spec, double a, double t)

/* ---- wrong errors ---------------------------------------------------------- */

/* t - a */
STAGE(flipped)
{
    run_right(pass, l, self, out);
    multiply(out, pass->n * width_of(pass, l), -1.0);
}

ERROR_STAGE(absolute)
{
    return fabs(error_of(spec, a, t));
}

ERROR_STAGE(squared)
{
    return spec->factor * (a - t) * (a - t);
}

static double cost_of_output(const struct bp_spec *spec, double a, double t)
{
    return bp_loss_value(spec->loss, spec->factor, 1, &a, &t);
}

ERROR_STAGE(without_target)
{
    (void)t;
    return spec->factor * a;
}

/* The cost of output k (variant 2), of the sample (1) or of the batch (3) as its
 * error; variant 2 leaves out the derivative, too. */
STAGE(cost_as_delta)
{
    const struct bp_spec *spec = &pass->net->spec;
    const size_t width = width_of(pass, l);
    const int variant = planted(self)->variant;
    const double batch = variant == 3 ? bp_pass_loss(pass, pass->t) - bp_pass_penalty(pass) : 0.0;
    for (size_t s = 0; s < pass->n; s++) {
        const double *a = pass->a[l] + s * width;
        const double *t = pass->t + s * width;
        double *row = out + s * width;
        const double sample = bp_loss_value(spec->loss, spec->factor, width, a, t);
        for (size_t k = 0; k < width; k++)
            row[k] = variant == 1   ? sample
                     : variant == 3 ? batch
                                    : cost_of_output(spec, a[k], t[k]);
        if (variant != 2)
            through_output(pass, l, s, row);
    }
}

/* f'(z) alone */
STAGE(without_error)
{
    (void)self;
    const struct bp_layer *layer = layer_of(pass, l);
    for (size_t k = 0; k < pass->n * layer->width; k++)
        out[k] = bp_activation_slope(layer->activation, layer->slope, pass->z[l][k], pass->a[l][k]);
}

/* -c t (1 - a): the t ln a term's share of c (a - t) */
ERROR_STAGE(only_target_term)
{
    return -spec->factor * t * (1.0 - a);
}

/* The class that the output stands for, as 0 or 1 (rounded), or the larger of -1
 * and 1 (variant 1: by sign); for softmax the largest output. */
static double decided(const struct bp_layer *layer, const double *a, size_t k, int variant)
{
    if (layer->activation == BP_SOFTMAX) {
        for (size_t i = 0; i < layer->width; i++)
            if (a[i] > a[k] || (i < k && a[i] == a[k]))
                return 0.0;
        return 1.0;
    }
    return variant == 1 ? (a[k] > 0.0 ? 1.0 : -1.0) : rint(a[k]);
}

STAGE(rounded)
{
    const struct bp_layer *layer = layer_of(pass, l);
    for (size_t s = 0; s < pass->n; s++) {
        const size_t row = s * layer->width;
        for (size_t k = 0; k < layer->width; k++)
            out[row + k] = error_of(&pass->net->spec,
                                    decided(layer, pass->a[l] + row, k, planted(self)->variant),
                                    pass->t[row + k]);
        through_output(pass, l, s, out + row);
    }
}

/* The target of the next sample (variant 1: of the one before). */
STAGE(shifted)
{
    const size_t width = width_of(pass, l);
    const size_t step = planted(self)->variant == 0 ? 1 : pass->n - 1;
    for (size_t s = 0; s < pass->n; s++) {
        const double *t = pass->t + (s + step) % pass->n * width;
        for (size_t k = 0; k < width; k++)
            out[s * width + k] = error_of(&pass->net->spec, pass->a[l][s * width + k], t[k]);
        through_output(pass, l, s, out + s * width);
    }
}

/* int error = t - a: what stands before the point */
ERROR_STAGE(whole)
{
    return trunc(error_of(spec, a, t));
}

/* t[n + k] for t[n width + k]: rows of targets one number apart */
STAGE(misaligned)
{
    (void)self;
    const size_t width = width_of(pass, l);
    for (size_t s = 0; s < pass->n; s++) {
        for (size_t k = 0; k < width; k++)
            out[s * width + k] =
                error_of(&pass->net->spec, pass->a[l][s * width + k], pass->t[s + k]);
        through_output(pass, l, s, out + s * width);
    }
}

/* Training compares z with the target; f' then has the formula in terms of a
 * applied to z (variant 0), or is left out with f (1). */
STAGE(not_activated)
{
    const struct bp_layer *layer = layer_of(pass, l);
    for (size_t i = 0; i < pass->n * layer->width; i++) {
        const double z = pass->z[l][i];
        out[i] = pass->net->spec.factor * (z - pass->t[i]);
        if (planted(self)->variant == 0)
            out[i] *= bp_activation_slope(layer->activation, layer->slope, z, z);
    }
}

/* ---- where ----------------------------------------------------------------- */

static bool is_usual(const struct bp_setting *setting)
{
    return spec_of(setting)->loss == BP_SQUARED_ERROR || is_matched(setting);
}

APPLIES(usual_loss)
{
    (void)variant;
    (void)layer;
    return is_usual(setting);
}

APPLIES(matched)
{
    (void)variant;
    (void)layer;
    return is_matched(setting);
}

/* One number for every output is nothing behind softmax's Jacobian. */
APPLIES(cost)
{
    const bool derived = !is_matched(setting) && activation_at(setting, layer) != BP_IDENTITY;
    const bool lost = derived && activation_at(setting, layer) == BP_SOFTMAX;
    switch (variant) {
    case 1:
        return wide(setting, layer) > 1 && !lost;
    case 2:
        return derived;
    case 3:
        return is_batch(setting) && !lost;
    default:
        return true;
    }
}

APPLIES(derived)
{
    (void)variant;
    return spec_of(setting)->loss == BP_SQUARED_ERROR &&
           activation_at(setting, layer) != BP_IDENTITY;
}

APPLIES(decision)
{
    const enum bp_activation f = activation_at(setting, layer);
    return is_usual(setting) && (variant == 0 || f == BP_TANH || f == BP_IDENTITY);
}

APPLIES(neighbours)
{
    (void)layer;
    return setting->n > (variant == 0 ? 1u : 2u);
}

APPLIES(several_rows)
{
    (void)variant;
    return is_batch(setting) && wide(setting, layer) > 1;
}

APPLIES(smooth_output)
{
    const bool smooth = is_smooth(activation_at(setting, layer));
    return smooth &&
           (spec_of(setting)->loss == BP_SQUARED_ERROR || (variant == 1 && is_matched(setting)));
}

/* ---- plants ---------------------------------------------------------------- */

#define PLANT_OUTPUT(run)                                                                          \
    PLANT(plant_##run)                                                                             \
    {                                                                                              \
        put(ops, layer, BP_OUTPUT_DELTA, run, h);                                                  \
    }

PLANT_OUTPUT(flipped)
PLANT_OUTPUT(cost_as_delta)
PLANT_OUTPUT(absolute)
PLANT_OUTPUT(squared)
PLANT_OUTPUT(without_target)
PLANT_OUTPUT(without_error)
PLANT_OUTPUT(only_target_term)
PLANT_OUTPUT(rounded)
PLANT_OUTPUT(shifted)
PLANT_OUTPUT(whole)
PLANT_OUTPUT(misaligned)
PLANT_OUTPUT(not_activated)

/* ---- the table ------------------------------------------------------------- */

static const char *const COST_VARIANT[] = {
    "each output's own cost", "the sample's cost for every output",
    "each output's own cost, and no derivative", "the batch's cost for every output"};
static const double COST_VARIANT_COST[] = {0.0, 0.1, 0.2, 0.3};
static const char *const DECISION_VARIANT[] = {"rounded", "by its sign, -1 or 1"};
static const char *const SHIFT_VARIANT[] = {"the next sample's target", "the last sample's target"};
static const char *const ACTIVATED_VARIANT[] = {"with the formula for the derivative, given z",
                                                "without a derivative"};
static const double SECOND_RARER[] = {0.0, 0.1};

static const struct bp_fault FAULT[] = {
    {.name = "sign-flipped",
     .title = "the error is target minus output: every gradient points the wrong way",
     .help = "take output minus target (or keep target minus output, and add the step)",
     .slot = BP_OUTPUT_DELTA,
     .variants = 1,
     .extent = BP_AT_OUTPUT,
     .plant = plant_flipped,
     .page = {.right = "delta_L = (a - t) f'(z), theta -= rate * gradient",
              .wrong = "delta_L = (t - a) f'(z), theta -= rate * gradient",
              .shows =
                  "Every ratio backprop / numeric is -1, to all digits. In training the loss rises "
                  "from the first step, and outputs run away from their targets. With an update "
                  "that adds, target minus output is right: then only a check sees the sign.",
              .c_wrong = "delta[k] = (t[k] - a[k]) * a[k] * (1.0 - a[k]);",
              .c_right = "delta[k] = (a[k] - t[k]) * a[k] * (1.0 - a[k]);",
              .py_wrong = "delta = (t - a) * a * (1 - a)",
              .py_right = "delta = (a - t) * a * (1 - a)",
              .confused = "update-uphill, where the gradient is right and the step is added; "
                          "gradient-negated, where an L2 term is negated with it."}},
    {.name = "cost-value-as-delta",
     .title = "the cost's value stands where its derivative is needed",
     .help = "use dL/da, which for squared error is output minus target",
     .slot = BP_OUTPUT_DELTA,
     .cost = 0.7,
     .variants = 4,
     .variant = COST_VARIANT,
     .variant_cost = COST_VARIANT_COST,
     .extent = BP_AT_OUTPUT,
     .applies = cost,
     .plant = plant_cost_as_delta,
     .page = {.right = "delta = (a - t) f'(z)",
              .wrong = "delta = 1/2 (a - t)^2 f'(z)",
              .shows =
                  "The ratio backprop / numeric is (a - t)/2 for each sample: no constant, and its "
                  "sign follows the error. The delta is never negative, so outputs are pushed to "
                  "one side whatever the target: with a step that is added, all climb to 1.",
              .c_wrong = "delta[k] = 0.5 * (a[k] - t[k]) * (a[k] - t[k]) * slope;",
              .c_right = "delta[k] = (a[k] - t[k]) * slope;",
              .py_wrong = "delta = 0.5 * (a - t)**2 * a * (1 - a)",
              .py_right = "delta = (a - t) * a * (1 - a)",
              .confused = "squared-error-as-error (no 1/2) and absolute-error-as-error (|a - t|): "
                          "all lose the sign, and the size of the ratio parts them."}},
    {.name = "squared-error-as-error",
     .title = "the error is squared, so its sign is lost",
     .help = "use output minus target, not its square",
     .slot = BP_OUTPUT_DELTA,
     .cost = 0.8,
     .variants = 1,
     .extent = BP_AT_OUTPUT,
     .plant = plant_squared,
     .page = {.right = "err = a - t",
              .wrong = "err = (a - t)^2",
              .shows = "The ratio backprop / numeric is a - t, sample by sample. Small errors make "
                       "smaller steps than they should, and negative ones step the wrong way: "
                       "outputs drift to one side.",
              .c_wrong = "err = pow(a[k] - t[k], 2);",
              .c_right = "err = a[k] - t[k];",
              .py_wrong = "err = (a - t)**2",
              .py_right = "err = a - t",
              .confused = "cost-value-as-delta, which has a 1/2 besides."}},
    {.name = "absolute-error-as-error",
     .title = "the error's absolute value is used, so its sign is lost",
     .help = "use output minus target with its sign",
     .slot = BP_OUTPUT_DELTA,
     .cost = 1.0,
     .variants = 1,
     .extent = BP_AT_OUTPUT,
     .plant = plant_absolute,
     .page = {.right = "err = a - t",
              .wrong = "err = |a - t|",
              .shows =
                  "The ratio is 1 where the output is above its target and -1 where it is below: "
                  "half the samples climb. Magnitudes all agree, so a check without signs passes.",
              .c_wrong = "err = fabs(a[k] - t[k]);",
              .c_right = "err = a[k] - t[k];",
              .py_wrong = "err = np.abs(a - t)",
              .py_right = "err = a - t",
              .confused = "sign-flipped, where the ratio is -1 for all; a loss that is meant to be "
                          "|a - t| has the derivative sign(a - t), not this."}},
    {.name = "cross-entropy-half-missing",
     .title = "only the t ln a term of the cross-entropy was differentiated",
     .help = "for sigmoid or softmax with cross-entropy the output delta is output minus target",
     .slot = BP_OUTPUT_DELTA,
     .cost = 0.7,
     .variants = 1,
     .extent = BP_AT_OUTPUT,
     .applies = matched,
     .plant = plant_only_target_term,
     .page = {.right = "L = -(t ln a + (1 - t) ln(1 - a)), delta = a - t",
              .wrong = "L = -t ln a, delta = -t (1 - a)",
              .shows =
                  "The delta is exactly 0 where the target is 0. Trained so, all outputs go to 1, "
                  "and the loss looks good if it has the same half missing. For softmax the other "
                  "half comes through the Jacobian: this is what its diagonal alone gives.",
              .c_wrong = "delta[k] = -t[k] * (1.0 - a[k]);",
              .c_right = "delta[k] = a[k] - t[k];",
              .py_wrong = "delta = -t * (1 - a)",
              .py_right = "delta = a - t",
              .confused = "target-not-subtracted and missing-activation-derivative at the output; "
                          "here the zeros at t = 0 tell."}},
    {.name = "error-left-out",
     .title = "the output delta is the derivative f'(z) alone, without the error",
     .help = "multiply f'(z) by output minus target",
     .slot = BP_OUTPUT_DELTA,
     .cost = 1.0,
     .variants = 1,
     .extent = BP_AT_OUTPUT,
     .applies = derived,
     .plant = plant_without_error,
     .page = {.right = "delta = (a - t) f'(z)",
              .wrong = "delta = f'(z)",
              .shows = "The delta does not depend on the target: changing t changes nothing. All "
                       "outputs are pushed down, whatever they should be.",
              .c_wrong = "delta[k] = a[k] * (1.0 - a[k]);",
              .c_right = "delta[k] = (a[k] - t[k]) * a[k] * (1.0 - a[k]);",
              .py_wrong = "delta = a * (1 - a)",
              .py_right = "delta = (a - t) * a * (1 - a)",
              .confused = "target-not-subtracted, which does not see the target either but is "
                          "proportional to a."}},
    {.name = "target-not-subtracted",
     .title = "the output stands where output minus target is needed",
     .help = "subtract the target",
     .slot = BP_OUTPUT_DELTA,
     .cost = 1.0,
     .variants = 1,
     .extent = BP_AT_OUTPUT,
     .applies = usual_loss,
     .plant = plant_without_target,
     .page =
         {.right = "err = a - t",
          .wrong = "err = a",
          .shows = "The gradient does not change with the targets. Outputs go to 0 for every "
                   "example; where most targets are 0 that looks like learning.",
          .c_wrong = "err = a[k];",
          .c_right = "err = a[k] - t[k];",
          .py_wrong = "delta = a * a * (1 - a)",
          .py_right = "delta = (a - t) * a * (1 - a)",
          .confused =
              "error-left-out (not proportional to a); labels that are all 0, where a is a - t."}},
    {.name = "rounded-prediction-in-error",
     .title = "the error is taken from the decided class, not from the output",
     .help = "use the output itself in the error; decide the class only to count hits",
     .slot = BP_OUTPUT_DELTA,
     .cost = 1.1,
     .variants = 2,
     .variant = DECISION_VARIANT,
     .variant_cost = SECOND_RARER,
     .extent = BP_AT_OUTPUT,
     .applies = decision,
     .plant = plant_rounded,
     .page =
         {.right = "err = a - t",
          .wrong = "err = round(a) - t",
          .shows = "The delta is exactly 0 for every example that is classified right, and jumps "
                   "for the others, as in the perceptron. Training stops once all are just right, "
                   "or never settles. The numeric gradient is smooth.",
          .c_wrong = "err = (a[k] > 0.5 ? 1.0 : 0.0) - t[k];",
          .c_right = "err = a[k] - t[k];",
          .py_wrong = "err = (a > 0.5) - t",
          .py_right = "err = a - t",
          .confused =
              "labels-shifted-by-one: there the deltas that are wrong are not those that are 0."}},
    {.name = "labels-shifted-by-one",
     .title = "each output is compared with its neighbour's target",
     .help = "index inputs and targets alike",
     .slot = BP_OUTPUT_DELTA,
     .cost = 1.0,
     .variants = 2,
     .variant = SHIFT_VARIANT,
     .variant_cost = SECOND_RARER,
     .extent = BP_AT_OUTPUT,
     .applies = neighbours,
     .plant = plant_shifted,
     .page = {.right = "err_n = a_n - t_n",
              .wrong = "err_n = a_n - t_{n+1}",
              .shows =
                  "Right for a batch of one, wrong for every larger one. A sample's delta goes by "
                  "its neighbour's target. Loss settles at the base rate, as with shuffled labels.",
              .c_wrong = "err = a[n][k] - t[n + 1][k];",
              .c_right = "err = a[n][k] - t[n][k];",
              .py_wrong = "err = a - np.roll(t, -1, axis=0)",
              .py_right = "err = a - t",
              .confused = "labels-shuffled, where the data itself is wrong and gradient and loss "
                          "agree; one-sample-only, which is also right for a batch of one."}},
    {.name = "error-cut-to-integer",
     .title = "the error is stored in a whole number: all behind the point is lost",
     .help = "declare the error as double",
     .slot = BP_OUTPUT_DELTA,
     .cost = 0.8,
     .variants = 1,
     .extent = BP_AT_OUTPUT,
     .applies = usual_loss,
     .plant = plant_whole,
     .page = {.right = "err = a - t",
              .wrong = "err = whole number of (a - t), towards 0",
              .shows = "With outputs and targets between 0 and 1 every gradient is exactly 0 and "
                       "nothing ever moves; with larger targets it jumps by ones.",
              .c_wrong = "int error = target[k] - output[k];",
              .c_right = "double error = target[k] - output[k];",
              .py_wrong = "error = int(target - output)",
              .py_right = "error = target - output",
              .confused = "integer-division-zero, which is right for a batch of one; "
                          "rounded-prediction-in-error, where the output is rounded."}},
    {.name = "targets-misaligned",
     .title = "rows of targets are read one number apart, not one row apart",
     .help = "the targets of sample n begin at t[n * outputs]",
     .slot = BP_OUTPUT_DELTA,
     .cost = 0.8,
     .variants = 1,
     .extent = BP_AT_OUTPUT,
     .applies = several_rows,
     .plant = plant_misaligned,
     .page = {.right = "t_n = t[n * outputs + k]",
              .wrong = "t_n = t[n + k]",
              .shows = "The first sample is right, all others have targets of other samples. A "
                       "batch of one, or one output, hides it.",
              .c_wrong = "const double *t = &T[n];",
              .c_right = "const double *t = &T[n * OUTPUTS];",
              .py_wrong = "t = T.ravel()[n:n + outputs]",
              .py_right = "t = T[n]",
              .confused = "labels-shifted-by-one, where whole rows are moved."}},
    {.name = "output-not-activated-in-training",
     .title = "training compares z with the target, predictions have the activation",
     .help = "apply the output's activation in training as in predict()",
     .slot = BP_OUTPUT_DELTA,
     .cost = 0.8,
     .variants = 2,
     .variant = ACTIVATED_VARIANT,
     .variant_cost = SECOND_RARER,
     .extent = BP_AT_OUTPUT,
     .applies = smooth_output,
     .plant = plant_not_activated,
     .page = {.right = "err = a - t with a = f(z), then f'(z)",
              .wrong = "err = z - t, then y (1 - y) of y = z",
              .shows = "Predictions are right for the parameters, and get worse: the error has the "
                       "wrong size, and the derivative the wrong sign where z is not in 0 .. 1.",
              .c_wrong = "y = dot(w, h);\ndelta = (y - t) * y * (1 - y);",
              .c_right = "y = sigmoid(dot(w, h));\ndelta = (y - t) * y * (1 - y);",
              .py_wrong = "y = h @ W\ndelta = (y - t) * y * (1 - y)",
              .py_right = "y = sigmoid(h @ W)\ndelta = (y - t) * y * (1 - y)",
              .confused = "derivative-formula-on-z, where the error is right."}},
};

const struct bp_fault_table bp_faults_output_error = {
    .title = "output delta", .n = COUNT(FAULT), .fault = FAULT};
