/* symptoms.c -- what is seen of a run that does not get there. These are mostly signs of a
 * cause that lies earlier: in the gradient, the start, the data, the rate or the
 * network. Each is named by a rule over the run. */
#include "diag/faults/stage.h"
#include "diag/faults/tables.h"

#define PLANT_INIT(name) static void name(const struct bp_hypothesis *h, struct bp_init *init)
#define PLANT_TRAIN(name) static void name(const struct bp_hypothesis *h, struct bp_train *train)

PLANT_INIT(saturating)
{
    (void)h;
    init->weights = (struct bp_fill){.scheme = BP_INIT_NORMAL, .sd = 50.0};
}

PLANT_INIT(dying)
{
    (void)h;
    init->biases = (struct bp_fill){.scheme = BP_INIT_CONSTANT, .value = -30.0};
}

PLANT_INIT(vanishing)
{
    (void)h;
    init->weights = (struct bp_fill){.scheme = BP_INIT_NORMAL, .sd = 1e-3};
}

PLANT_INIT(exploding)
{
    (void)h;
    init->weights = (struct bp_fill){.scheme = BP_INIT_NORMAL, .sd = 10.0};
}

PLANT_TRAIN(overflowing)
{
    (void)h;
    train->rate *= 1e6;
}

PLANT_TRAIN(overshooting)
{
    (void)h;
    train->rate *= 30.0;
}

PLANT_TRAIN(creeping)
{
    (void)h;
    train->rate *= 1e-6;
}

/* The layer's first weight is never updated. */
STAGE(frozen)
{
    run_right(pass, l, self, out);
    out[0] = pass->theta[bp_mlp_weights(pass->net, l)->offset];
}

PLANT(plant_frozen)
{
    put(ops, layer, BP_UPDATE, frozen, h);
}

static const struct bp_fault FAULT[] = {
    {.name = "loss-at-start-off",
     .title = "the loss before the first step is far from that of a guess",
     .help = "compare with the expected loss: ln C for C classes; look at start and scale",
     .kind = BP_KIND_RUN,
     .variants = 1,
     .plant_init = saturating,
     .page =
         {.right = "the first loss near that of a guess: ln C for C classes",
          .wrong = "ten times that, or a tenth",
          .shows =
              "Seen before the first step. Far above: outputs are sure and wrong (weights or "
              "inputs too large). Far below: targets leak into the inputs, or the loss is scaled.",
          .c_wrong = "w[k] = normal(&rng);",
          .c_right = "w[k] = normal(&rng) / sqrt(fan_in);",
          .py_wrong = "assert loss < 100",
          .py_right = "assert abs(loss - np.log(C)) < 1",
          .confused = "check-on-other-scale: a sum over the batch is N times a mean."}},
    {.name = "activations-alike-at-start",
     .title = "a layer's activations are the same for every input at the start",
     .help = "look at the spread of the starting weights and of the inputs",
     .kind = BP_KIND_RUN,
     .variants = 1,
     .plant_init = vanishing,
     .page = {.right = "activations that differ from input to input",
              .wrong = "the same for all inputs",
              .shows = "The spread over the data of each unit of a layer is below 1e-3 of its "
                       "range: what lies above cannot tell the inputs apart.",
              .c_wrong = "w[k] = 1e-6 * normal(&rng);",
              .c_right = "w[k] = normal(&rng) / sqrt(fan_in);",
              .py_wrong = "W = 1e-6 * rng.normal(size=shape)",
              .py_right = "W = rng.normal(size=shape) / np.sqrt(n_in)",
              .confused =
                  "symmetric-weights, where units are alike among themselves, not over inputs."}},
    {.name = "loss-not-finite",
     .title = "the loss became NaN or infinite",
     .help = "lower the rate; look for the logarithm of 0 and for data that is not finite",
     .kind = BP_KIND_RUN,
     .variants = 1,
     .plant_train = overflowing,
     .page = {.right = "a finite loss",
              .wrong = "NaN or infinity",
              .shows =
                  "The first step at which it holds is given. Before it: look whether the loss was "
                  "growing (rate), jumped (data, logarithm of 0), or was NaN from the first step.",
              .c_wrong = "loss -= t * log(a);",
              .c_right = "loss -= t * log(fmax(a, 1e-300));",
              .py_wrong = "L = -(t * np.log(a)).sum()",
              .py_right = "L = -(t * np.log(np.maximum(a, 1e-300))).sum()",
              .confused = "data-not-finite; gradient-not-finite, where the loss is still finite."}},
    {.name = "loss-rising",
     .title = "the loss goes up",
     .help = "check the gradient's sign first, then lower the rate",
     .kind = BP_KIND_RUN,
     .variants = 1,
     .plant_train = overshooting,
     .page = {.right = "the loss falls",
              .wrong = "it rises, to more than half as much again as its least",
              .shows = "From the first step on: a sign, in the gradient or in the update. After "
                       "falling first: a rate too large, or one layer's sign.",
              .c_wrong = "w[k] += rate * dw[k];",
              .c_right = "w[k] -= rate * dw[k];",
              .py_wrong = "W += rate * dW",
              .py_right = "W -= rate * dW",
              .confused = "noise between mini-batches, which has no trend."}},
    {.name = "loss-oscillating",
     .title = "the loss goes up and down without getting lower",
     .help = "lower the rate, or use larger batches",
     .kind = BP_KIND_RUN,
     .variants = 1,
     .plant_train = overshooting,
     .page = {.right = "the loss falls, with less and less noise",
              .wrong = "up and down by the same amount",
              .shows = "Every other step goes back: the steps are about twice the distance to the "
                       "valley's bottom. Halve the rate and see.",
              .c_wrong = "const double rate = 5.0;",
              .c_right = "const double rate = 1.0;",
              .py_wrong = "rate = 5.0",
              .py_right = "rate = 1.0",
              .confused = "mini-batch noise, which larger batches cure; accumulator-not-reset."}},
    {.name = "parameter-never-changes",
     .title = "a parameter is the same after the run as before it",
     .help = "check that its gradient is computed, and that the update reaches it",
     .kind = BP_KIND_RUN,
     .slot = BP_UPDATE,
     .variants = 1,
     .extent = BP_AT_ANY | BP_AT_ALL,
     .plant = plant_frozen,
     .example = "",
     .page = {.right = "every parameter moves",
              .wrong = "one is bit for bit the same after the run",
              .shows = "Its gradient was exactly 0 at every step, or no update reached it. The "
                       "gradient check tells which.",
              .c_wrong = "for (i = 1; i < n; i++) w[i] -= rate * dw[i];",
              .c_right = "for (i = 0; i < n; i++) w[i] -= rate * dw[i];",
              .py_wrong = "W[1:] -= rate * dW[1:]",
              .py_right = "W -= rate * dW",
              .confused = "skipped-layer, row-never-filled, update-skipped: its causes; an input "
                          "that is always 0, where it is right."}},
    {.name = "units-saturated",
     .title = "units sit where their activation is flat, and hardly learn",
     .help = "start with smaller weights of both signs; scale the inputs",
     .kind = BP_KIND_RUN,
     .variants = 1,
     .plant_init = saturating,
     .page = {.right = "z mostly where f' is above a hundredth of its maximum",
              .wrong = "|z| so large that f' is next to 0",
              .shows = "f' below 1 % of its maximum (|z| above 6 for sigmoid) on most samples: "
                       "delta is multiplied by almost 0, and nothing below learns. Fine at the end "
                       "of a run that succeeded.",
              .c_wrong = "w[k] = uniform(&rng, 0.0, 1.0);",
              .c_right = "w[k] = uniform(&rng, -1.0, 1.0) / sqrt(fan_in);",
              .py_wrong = "W = rng.random(shape)",
              .py_right = "W = rng.uniform(-1, 1, shape) / np.sqrt(n_in)",
              .confused = "its causes: one-signed-weights, start-badly-scaled, inputs-unscaled."}},
    {.name = "units-dead",
     .title = "relu units are off for every example, and cannot come back",
     .help = "lower the rate; use He's start with biases of 0; or leaky relu",
     .kind = BP_KIND_RUN,
     .variants = 1,
     .plant_init = dying,
     .page = {.right = "a relu unit that is on for some examples",
              .wrong = "z < 0 for every example",
              .shows = "Its output and its delta are 0 on all data: it never moves again. A step "
                       "too large, or a bias far below 0, does this.",
              .c_wrong = "const double rate = 1.0;     /* with relu */",
              .c_right = "const double rate = 0.01;",
              .py_wrong = "a = np.maximum(0, z)",
              .py_right = "a = np.where(z > 0, z, 0.01 * z)",
              .confused =
                  "neuron-delta-zero and relu-derivative-inverted, where numeric is not 0."}},
    {.name = "delta-vanishing",
     .title = "delta shrinks on the way down: the first layers hardly learn",
     .help = "use relu, or a start that keeps the spread (Glorot, He), or fewer layers",
     .kind = BP_KIND_RUN,
     .variants = 1,
     .plant_init = vanishing,
     .page = {.right = "mean |delta| of the first layer within a factor of 1000 of the last's",
              .wrong = "less than that",
              .shows = "Each sigmoid multiplies delta by 1/4 at most: ten layers by a millionth. "
                       "The last layers learn, the first stand still.",
              .c_wrong = "hidden = sigmoid; layers = 10;",
              .c_right = "hidden = relu; layers = 10;   /* He's start */",
              .py_wrong = "a = 1 / (1 + np.exp(-z))",
              .py_right = "a = np.maximum(0, z)",
              .confused = "derivative-squared and mean-for-sum-in-propagation, where the gradient "
                          "is wrong; chain-cut, exactly 0."}},
    {.name = "delta-exploding",
     .title = "delta grows on the way down: the first layers jump",
     .help = "start with smaller weights; clip the gradient; lower the rate",
     .kind = BP_KIND_RUN,
     .variants = 1,
     .plant_init = exploding,
     .example = "",
     .page = {.right = "mean |delta| of the first layer within a factor of 1000 of the last's",
              .wrong = "more than that",
              .shows = "Weights above 1 multiply delta at each step down. The first layers jump, "
                       "then the loss is not finite.",
              .c_wrong = "w[k] = 3.0 * normal(&rng);",
              .c_right = "w[k] = normal(&rng) / sqrt(fan_in);",
              .py_wrong = "W = 3 * rng.normal(size=shape)",
              .py_right = "W = rng.normal(size=shape) / np.sqrt(n_in)",
              .confused = "factor-growing-by-layer and missing-activation-derivative, where the "
                          "gradient is wrong."}},
    {.name = "updates-too-small",
     .title = "steps are tiny beside the weights, and the loss is far from its end",
     .help = "raise the rate",
     .kind = BP_KIND_RUN,
     .variants = 1,
     .plant_train = creeping,
     .page = {.right = "|step| / |weights| about 1e-3",
              .wrong = "below 1e-4 while the loss is far from its end",
              .shows = "A thousand steps change the weights by less than a tenth. In a run that "
                       "has converged the same ratio is normal.",
              .c_wrong = "const double rate = 1e-5;",
              .c_right = "const double rate = 0.1;",
              .py_wrong = "rate = 1e-5",
              .py_right = "rate = 0.1",
              .confused = "rate-too-small, its usual cause; batch-mean-extra, rate-folded-in."}},
    {.name = "updates-too-large",
     .title = "steps are as large as the weights",
     .help = "lower the rate",
     .kind = BP_KIND_RUN,
     .variants = 1,
     .plant_train = overshooting,
     .page = {.right = "|step| / |weights| about 1e-3",
              .wrong = "above 1/2",
              .shows = "Each step replaces the weights more than it corrects them; the loss jumps, "
                       "and units die or saturate.",
              .c_wrong = "const double rate = 10.0;",
              .c_right = "const double rate = 0.1;",
              .py_wrong = "rate = 10.0",
              .py_right = "rate = 0.1",
              .confused = "weights next to 0 at the start, where the ratio is large for some steps "
                          "and no harm."}},
    {.name = "outputs-alike",
     .title = "the output is (almost) the same for every input",
     .help = "look for saturation, a dead layer, or a start without spread",
     .kind = BP_KIND_RUN,
     .variants = 1,
     .plant_train = creeping,
     .page =
         {.right = "outputs that differ from input to input",
          .wrong = "(almost) the same output for all of them",
          .shows = "The spread of the outputs over the data is below 1 % of that of the targets: "
                   "the network answers the mean target. The loss is the base rate: XOR 1/8 a "
                   "sample, K classes 1/2 (1 - 1/K).",
          .c_wrong = "w[k] = 0.1 + 0.1 * normal(&rng);",
          .c_right = "w[k] = normal(&rng);",
          .py_wrong = "W = rng.normal(0.1, 0.1, shape)",
          .py_right = "W = rng.normal(0, 1, shape)",
          .confused =
              "its causes: near-equal-weights, units-saturated, rate-too-small, labels-shuffled."}},
    {.name = "one-class-predicted",
     .title = "every example is put into the same class",
     .help = "look at the balance of the classes, then for outputs that are alike",
     .kind = BP_KIND_RUN,
     .variants = 1,
     .plant_train = creeping,
     .page =
         {.right = "predictions of every class",
          .wrong = "one class for all examples",
          .shows =
              "Accuracy equals that class's share. Outputs may differ and still fall on one side.",
          .c_wrong = "printf(\"%g\\n\", accuracy);",
          .c_right = "print_confusion(hits);   /* by class */",
          .py_wrong = "print(acc)",
          .py_right = "print(np.bincount(y.argmax(1), minlength=C))",
          .confused = "classes-imbalanced and outputs-alike, its causes."}},
    {.name = "generalises-badly",
     .title = "it does much better on the training examples than on others",
     .help = "more data, fewer parameters, L2, or stop earlier",
     .kind = BP_KIND_RUN,
     .variants = 1,
     .page = {.right = "about the same accuracy on new examples",
              .wrong = "a gap of a quarter or more",
              .shows = "Training is right; the network has learned the examples by heart.",
              .c_wrong = "int sizes[] = {784, 1000, 10};  /* 500 examples */",
              .c_right = "int sizes[] = {784, 30, 10};",
              .py_wrong = "train(X, t, epochs=10000)",
              .py_right = "train(X, t, epochs=best_on(validation))",
              .confused = "labels-shuffled, where new examples are at chance; inputs scaled in "
                          "training and not in testing."}},
    {.name = "loss-stuck",
     .title = "the loss stays where it is, above what can be reached",
     .help = "compare it with the known plateaus; check gradient, start and rate in that order",
     .kind = BP_KIND_RUN,
     .variants = 1,
     .plant_train = creeping,
     .page = {.right = "the loss goes on falling",
              .wrong = "it stays, above what can be reached",
              .shows = "Plateaus that tell, as total cost: XOR 1/2 (constant, or one neuron), 1/3 "
                       "(one effective hidden unit), 1/4 (a trap of 2-2-1); AND 0.375 (base rate).",
              .c_wrong = "printf(\"%g\\n\", loss);",
              .c_right = "printf(\"%g, base rate %g\\n\", loss, base);",
              .py_wrong = "print(loss)",
              .py_right = "print(loss, \"base rate\", 0.5 * ((t - t.mean(0))**2).sum())",
              .confused = "a run that is done; too-few-epochs, where it still falls."}},
    {.name = "local-minimum",
     .title = "the run ended in a minimum that is not the best one; nothing is wrong with the code",
     .help = "start again with another seed, or add hidden units",
     .kind = BP_KIND_RUN,
     .variants = 1,
     .page = {.right = "another start learns it",
              .wrong = "this start ends at 1/4 or 1/3",
              .shows = "XOR by 2-2-1 sigmoid fails from about a quarter of the starts, with a "
                       "perfect gradient. Other seeds succeed; more hidden units always do.",
              .c_wrong = "srand(1); int sizes[] = {2, 2, 1};",
              .c_right = "srand(2); int sizes[] = {2, 4, 1};",
              .py_wrong = "rng = np.random.default_rng(1); sizes = [2, 2, 1]",
              .py_right = "rng = np.random.default_rng(2); sizes = [2, 4, 1]",
              .confused = "symmetric-weights and too-few-hidden-units, where every start fails."}},
};

const struct bp_fault_table bp_faults_symptoms = {
    .title = "run", .n = COUNT(FAULT), .fault = FAULT};
