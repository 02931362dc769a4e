/* check.c -- mistakes of the gradient check itself: backpropagation may be right. */
#include "diag/faults/stage.h"
#include "diag/faults/tables.h"

/* Zero weights and biases: on XOR every derivative is exactly 0. */
static void at_zero(const struct bp_hypothesis *h, struct bp_init *init)
{
    (void)h;
    init->weights = (struct bp_fill){.scheme = BP_INIT_ZERO};
    init->biases = (struct bp_fill){.scheme = BP_INIT_ZERO};
}

#define PLANT_CHECK(name)                                                                          \
    static void name(const struct bp_hypothesis *h, struct bp_usercheck *check)

PLANT_CHECK(shows_weights)
{
    (void)h;
    check->shows_theta = true;
}

/* Variant 0: the cost is a sum where the gradient is a mean; 1: another factor. */
PLANT_CHECK(other_scale)
{
    if (h->variant == 0)
        check->loss_summed = true;
    else
        check->loss_factor = h->factor == 1.0 ? 2.0 : h->factor;
}

PLANT_CHECK(step_too_small)
{
    (void)h;
    check->step = 1e-14;
}

PLANT_CHECK(step_too_large)
{
    (void)h;
    check->step = 1.0;
}

PLANT_CHECK(one_sided)
{
    (void)h;
    check->one_sided = true;
    check->step = 1e-4;
}

PLANT_CHECK(magnitudes)
{
    (void)h;
    check->magnitudes = true;
}

PLANT_CHECK(not_restored)
{
    (void)h;
    check->keeps_moved = true;
    check->step = 1e-2;
}

PLANT_CHECK(other_data)
{
    (void)h;
    check->other_data = true;
}

PLANT_CHECK(single)
{
    (void)h;
    check->single = true;
}

static const char *const SCALE_VARIANT[] = {"cost summed, gradient averaged", "another constant"};

static const struct bp_fault FAULT[] = {
    {.name = "check-prints-weights",
     .title = "the column headed gradient lists the parameters",
     .help = "print the gradient's array; then compare again",
     .kind = BP_KIND_CHECK,
     .variants = 1,
     .plant_check = shows_weights,
     .page = {.right = "columns: dL/dtheta, numeric",
              .wrong = "columns: theta, numeric",
              .shows = "The column equals the starting weights to every digit. Training by the "
                       "numeric gradient and by backprop does the same, so backprop is right: in "
                       "one well-known table b, w1, w2 were listed as the gradient.",
              .c_wrong = "printf(\"%g %g\\n\", w[k], numeric[k]);",
              .c_right = "printf(\"%g %g\\n\", dw[k], numeric[k]);",
              .py_wrong = "print(net.W.ravel(), numeric)",
              .py_right = "print(net.dW.ravel(), numeric)",
              .confused = "weights-as-gradient, where training uses them too."}},
    {.name = "check-on-other-scale",
     .title = "cost and gradient have different constants: every ratio is the same number",
     .help = "use one convention for both: 1/N in both or in neither, 1/2 in both or in neither",
     .kind = BP_KIND_CHECK,
     .variants = 2,
     .variant = SCALE_VARIANT,
     .plant_check = other_scale,
     .page = {.right = "cost and gradient both summed, or both averaged",
              .wrong = "cost summed, gradient averaged",
              .shows = "Every ratio is one and the same number: 1/N, 1/2 or 2. The cosine is 1. "
                       "Neither column is wrong; they are the gradients of two costs.",
              .c_wrong = "cost += 0.5 * e * e;  /* over N samples */  grad[k] /= N;",
              .c_right = "cost += 0.5 * e * e / N;                     grad[k] /= N;",
              .py_wrong = "cost = 0.5 * ((a - t)**2).sum(); dW = delta.T @ h / N",
              .py_right = "cost = 0.5 * ((a - t)**2).sum() / N; dW = delta.T @ h / N",
              .confused = "batch-mean-extra, the same seen from the other side."}},
    {.name = "check-step-too-small",
     .title = "the check's step is so small that rounding is all that is left",
     .help = "use a step of about 1e-5 times the parameter's size, and a central difference",
     .kind = BP_KIND_CHECK,
     .variants = 1,
     .plant_check = step_too_small,
     .page =
         {.right = "h about 1e-5 (central difference, double)",
          .wrong = "h = 1e-12 or less",
          .shows =
              "Numeric derivatives are multiples of eps |L| / h, jump between 0 and large numbers, "
              "and change with every h. The loss must change by more than its last digit.",
          .c_wrong = "const double h = 1e-15;",
          .c_right = "const double h = 1e-5;",
          .py_wrong = "h = np.finfo(float).eps",
          .py_right = "h = 1e-5",
          .confused = "check-drowns-in-rounding, where the loss is in float32."}},
    {.name = "check-step-too-large",
     .title = "the check's step is so large that the curve bends within it",
     .help = "use a step of about 1e-5 times the parameter's size, and a central difference",
     .kind = BP_KIND_CHECK,
     .variants = 1,
     .plant_check = step_too_large,
     .page = {.right = "h about 1e-5 (central difference, double)",
              .wrong = "h = 0.1 or 1",
              .shows = "Differences of a per cent or more, larger where the loss bends, and "
                       "smaller by a hundred when h is a tenth.",
              .c_wrong = "const double h = 0.1;",
              .c_right = "const double h = 1e-5;",
              .py_wrong = "h = 0.1",
              .py_right = "h = 1e-5",
              .confused = "a wrong gradient, whose difference does not change with h."}},
    {.name = "check-one-sided",
     .title = "the check takes a forward difference, whose error is as large as its step",
     .help = "use (loss(theta + h) - loss(theta - h)) / (2 h)",
     .kind = BP_KIND_CHECK,
     .variants = 1,
     .plant_check = one_sided,
     .page = {.right = "(L(theta + h) - L(theta - h)) / (2 h), error about h^2",
              .wrong = "(L(theta + h) - L(theta)) / h, error about h",
              .shows = "All entries differ a little, by h/2 times the second derivative: ten times "
                       "less with a tenth of h. With h = 1e-4 only four digits agree.",
              .c_wrong = "n = (loss(w + h) - loss(w)) / h;",
              .c_right = "n = (loss(w + h) - loss(w - h)) / (2.0 * h);",
              .py_wrong = "n = (L(w + h) - L(w)) / h",
              .py_right = "n = (L(w + h) - L(w - h)) / (2 * h)",
              .confused = "check-step-too-large, where a hundredth part goes with a tenth of h."}},
    {.name = "check-compares-magnitudes",
     .title = "the check compares without signs: a gradient that points uphill passes",
     .help = "compare |a - n|, not |a| with |n|, nor norms",
     .kind = BP_KIND_CHECK,
     .variants = 1,
     .plant_check = magnitudes,
     .page = {.right = "|a - n| <= tol max(|a|, |n|)",
              .wrong = "| |a| - |n| | <= tol, or norms compared",
              .shows = "The check passes, and the loss rises. A gradient with every sign turned "
                       "passes as well.",
              .c_wrong = "if (fabs(fabs(a) - fabs(n)) < tol)",
              .c_right = "if (fabs(a - n) <= tol * fmax(fabs(a), fabs(n)))",
              .py_wrong = "ok = abs(np.linalg.norm(a) - np.linalg.norm(n)) < tol",
              .py_right = "ok = np.all(np.abs(a - n) <= tol * np.maximum(abs(a), abs(n)))",
              .confused = "update-uphill, when a check passes and the loss rises."}},
    {.name = "check-does-not-restore",
     .title = "a perturbed parameter is not put back: later entries are taken elsewhere",
     .help = "save the parameter and put the saved value back",
     .kind = BP_KIND_CHECK,
     .variants = 1,
     .plant_check = not_restored,
     .page = {.right = "keep = w; w = keep + h; ...; w = keep",
              .wrong = "w += h; ...; (nothing)",
              .shows =
                  "The first entry agrees, and the difference grows with the entry's number. "
                  "Adding h and taking it off again leaves w changed in its last digits: save it.",
              .c_wrong = "w[k] += h; up = loss(); w[k] -= 2 * h; down = loss();",
              .c_right = "keep = w[k]; ...; w[k] = keep;",
              .py_wrong = "theta[k] += h; up = L(theta); theta[k] -= 2 * h; down = L(theta)",
              .py_right = "keep = theta[k]; ...; theta[k] = keep",
              .confused = "theta-changed-by-gradient, where the gradient does it."}},
    {.name = "check-on-other-data",
     .title = "loss and gradient are computed on different examples",
     .help = "give both the same batch, in the same order, with the same masks",
     .kind = BP_KIND_CHECK,
     .variants = 1,
     .plant_check = other_data,
     .page = {.right = "loss(theta, batch), gradient(theta, batch)",
              .wrong = "loss(theta, batch 1), gradient(theta, batch 2)",
              .shows = "Nothing agrees and no ratio is constant, at the output neither; with a "
                       "single example in the data all agree.",
              .c_wrong = "loss(net, test_x); gradient(net, train_x);",
              .c_right = "loss(net, train_x); gradient(net, train_x);",
              .py_wrong = "n = numeric(lambda w: L(w, X)); a = grad(w, next(batches))",
              .py_right = "xb = next(batches); n = numeric(lambda w: L(w, xb)); a = grad(w, xb)",
              .confused = "labels-shifted-by-one, labels-shuffled."}},
    {.name = "check-drowns-in-rounding",
     .title = "the loss is computed in float32: differences of it are mostly rounding",
     .help = "compute the check in double, or use a step of about 1e-2 and a loose tolerance",
     .kind = BP_KIND_CHECK,
     .variants = 1,
     .plant_check = single,
     .page = {.right = "the loss in double: 16 digits",
              .wrong = "the loss in float32: 7 digits",
              .shows = "With h = 1e-5 the difference has one or two digits left: relative errors "
                       "around 1e-2, of both signs, on every entry, and 0 for many.",
              .c_wrong = "float loss(const float *w);",
              .c_right = "double loss(const double *w);",
              .py_wrong = "X = X.astype(np.float32); check(h=1e-5)",
              .py_right = "X = X.astype(np.float64); check(h=1e-5)",
              .confused = "check-step-too-small, the same in double."}},
    {.name = "check-crosses-kink",
     .title = "a relu changes sides between theta - h and theta + h",
     .help = "shrink the step until no unit changes sides, or leave this entry out",
     .kind = BP_KIND_CHECK,
     .variants = 1,
     .plant_check = step_too_large,
     .page =
         {.right = "no unit changes sides between theta - h and theta + h",
          .wrong = "a relu's z has one sign at theta - h and the other at theta + h",
          .shows = "A few entries disagree, others agree to all digits; at a smaller h, or at "
                   "other weights, they agree as well.",
          .c_wrong = "n = (loss(w + h) - loss(w - h)) / (2.0 * h);",
          .c_right = "if (same_sides(w - h, w + h)) n = ...; else h /= 10;",
          .py_wrong = "n = (L(w + h) - L(w - h)) / (2 * h)",
          .py_right = "h = 1e-7 if (z(w - h) > 0).any() != (z(w + h) > 0).any() else h",
          .confused =
              "relu-derivative-inverted, relu-derivative-leaking: those do not go away with h."}},
    {.name = "check-is-vacuous",
     .title = "every derivative is zero here: right and wrong gradients both agree",
     .help = "check at random weights, with non-zero biases and several examples",
     .kind = BP_KIND_CHECK,
     .variants = 1,
     .plant_init = at_zero,
     .page = {.right = "at least one derivative of each tensor above the noise",
              .wrong = "all derivatives are 0, and 0 agrees with 0",
              .shows = "With zero weights on XOR, full batch, every derivative is exactly 0: a "
                       "flipped sign, a missing 1/N and a skipped layer all agree.",
              .c_wrong = "init_zero(net); check_gradient(net);",
              .c_right = "init_random(net, seed); check_gradient(net);",
              .py_wrong = "W[:] = 0; check()",
              .py_right = "W[:] = rng.normal(size=W.shape); check()",
              .confused = "a right gradient."}},
};

const struct bp_fault_table bp_faults_check = {
    .title = "the check itself", .n = COUNT(FAULT), .fault = FAULT};
