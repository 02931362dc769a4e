/* notes.c -- what reports say of a program that is no fault: pages for the names of notes,
 * so that no name in a report is without one. */
#include "diag/faults/stage.h"
#include "diag/faults/tables.h"

static const struct bp_fault FAULT[] = {
    {.name = "momentum",
     .title = "the step has momentum, and it is right",
     .help = "no fault; reset the velocity before a gradient is taken from a step",
     .kind = BP_KIND_NOTE,
     .variants = 1,
     .example = "",
     .page = {.right = "v' = momentum v + gradient, theta' = theta - rate v'",
              .wrong = "(theta - theta') / rate taken for the gradient, with v from a step before",
              .shows = "Of three steps from the same parameters, the second differs from the "
                       "first by a share of it, the same in every entry, and the third by that "
                       "share again. The share is the momentum. A gradient that is read off a "
                       "step is right only for the first step after the velocity was set to 0.",
              .c_wrong = "step(theta, x, t);    /* v is still of the last step */",
              .c_right = "memset(v, 0, sizeof v);\nstep(theta, x, t);",
              .py_wrong = "g = (theta - step(theta)) / rate",
              .py_right = "net.v[:] = 0\ng = (theta - step(theta)) / rate",
              .confused = "momentum-misapplied, where the share is not the same twice, or the "
                          "gradient is in it twice; accumulator-not-reset, where the whole last "
                          "gradient is added."}},
    {.name = "activation-scaled",
     .title = "the activation is taken of a multiple of z, or is itself multiplied",
     .help = "a = f(z), as described; or check it by its own loss (--own-loss)",
     .kind = BP_KIND_NOTE,
     .variants = 1,
     .example = "",
     .page = {.right = "a = f(z), a' = f'(z)",
              .wrong = "a = A f(k z), with A k f'(k z) on the way back, or with k forgotten there",
              .shows = "Predictions differ from the described network's, and are the same with one "
                       "A and one k everywhere. k is solved for. 2.71828^-z for exp(-z) is a k "
                       "of 0.9999993, which does no harm: then it is a note. 1.7159 tanh(2 z / 3) "
                       "is an activation of its own (LeCun 1998). Where a (1 - a) is used for its "
                       "derivative, each layer's delta lacks k.",
              .c_wrong = "a = 1.0 / (1.0 + pow(2.71828, -4.0 * z));",
              .c_right = "a = 1.0 / (1.0 + exp(-z));",
              .py_wrong = "a = 1 / (1 + np.exp(-beta * z)); d = e * a * (1 - a)",
              .py_right = "a = 1 / (1 + np.exp(-beta * z)); d = beta * e * a * (1 - a)",
              .confused = "wrong-activation-in-forward, another function; constant-factor, where "
                          "the outputs are right."}},
    {.name = "fixed-biases",
     .title = "its layers add constants that are no parameters",
     .help = "no fault, if they are not to be learnt; else make them parameters",
     .kind = BP_KIND_NOTE,
     .variants = 1,
     .example = "",
     .page = {.right = "z = W a, as described: no biases",
              .wrong = "z = W a + c, c a number in the program",
              .shows = "Predictions differ from those of the network without biases, and are the "
                       "same once a constant is added in each layer, or for each neuron. The "
                       "constants are solved for and printed; the gradient of the weights is then "
                       "looked at with them in place. Such a network trains, with boundaries that "
                       "cannot move where the constants do not let them.",
              .c_wrong = "z = sum + 0.35;",
              .c_right = "z = sum + b[i]; ... b[i] -= rate * delta[i];",
              .py_wrong = "z = W @ a + 0.35",
              .py_right = "z = W @ a + self.b",
              .confused = "biases-missing, where nothing is added; bias-gradient-missing, where "
                          "they are parameters and do not move."}},
    {.name = "predictions-are-decisions",
     .title = "its predictions are decisions, not the outputs that it trains with",
     .help = "let predict() return the outputs before they are rounded or compared",
     .kind = BP_KIND_NOTE,
     .variants = 1,
     .example = "",
     .page = {.right = "predict(x) = a of the last layer",
              .wrong = "predict(x) = round(a), a > 0.5, or the place of the largest",
              .shows = "Every prediction is what one rule makes of the described network's output: "
                       "rounded, above one half, above 0, or the largest of the sample. The "
                       "forward pass can be seen no closer than that; the gradient is looked at "
                       "with the described outputs.",
              .c_wrong = "y[k] = out[k] > 0.5;",
              .c_right = "y[k] = out[k];",
              .py_wrong = "probe.predict = lambda x: net.forward(x) > 0.5",
              .py_right = "probe.predict = net.forward",
              .confused = "rounded-prediction-in-error, where the error that is taken down is that "
                          "of the decision."}},
    {.name = "own-trace",
     .title = "the program's own z, a and delta, beside the right ones",
     .help = "look at the first of them that is off; what comes after it follows",
     .kind = BP_KIND_NOTE,
     .variants = 1,
     .example = "",
     .page = {.right = "z = W a + b, a = f(z), delta = e f'(z), as the description says",
              .wrong = "any of them off in a layer, where the one before is right",
              .shows = "A program that gives its own trace is compared stage by stage: z and a "
                       "from the first layer up, then delta from the last layer down, for the "
                       "same parameters and examples. The first that is off is named with its "
                       "layer, neuron and sample. Where all agree, what is wrong in a gradient "
                       "is in the products and sums: dW and db.",
              .c_wrong = "delta[l][i] = e[i];",
              .c_right = "delta[l][i] = e[i] * fprime(z[l][i]);",
              .py_wrong = "trace = dict(z=zs, a=acts, delta=errors)",
              .py_right = "trace = dict(z=zs, a=acts, delta=deltas)",
              .confused = "a delta with 1/N of the mean in it, which the note says and allows for; "
                          "output-not-activated-in-training, where the trace of training is "
                          "another than that of prediction."}},
    {.name = "epoch-is-right",
     .title = "a step is a whole epoch, and the right one",
     .help = "no fault; a step of one update would let its gradient be checked entry by entry",
     .kind = BP_KIND_NOTE,
     .variants = 1,
     .example = "",
     .page = {.right = "theta after N / batch updates, in the order of the examples",
              .wrong = "(theta - theta') / rate taken for the gradient at theta",
              .shows = "Some programs train a whole epoch a call, at a rate that is built in. What "
                       "theta moved by is then no gradient at one point: each update was made "
                       "where the last one ended. The described network is trained the same way, "
                       "with every size of batch that fits, and one of them ends at the same "
                       "parameters. That checks the gradient along the whole way.",
              .c_wrong = "train_epoch(net, data); /* theta - theta' = rate * gradient? */",
              .c_right = "train_batch(net, data, 0, n);",
              .py_wrong = "g = (theta - net.fit(x, t)) / rate",
              .py_right = "g = (theta - net.step(x, t)) / rate",
              .confused = "epoch-not-tested, where no order and size that was tried fits; "
                          "update-before-backprop, where one update is no gradient either."}},
    {.name = "epoch-not-tested",
     .title = "a step is several updates, and what they were made from is not known",
     .help = "attach a step of one update, or one whose rate can be chosen",
     .kind = BP_KIND_NOTE,
     .variants = 1,
     .example = "",
     .page = {.right = "one update a call, or a rate that can be made small",
              .wrong = "several updates a call, in an order of its own, at a fixed rate",
              .shows = "theta moves by no multiple of the gradient at theta, and no order and size "
                       "of batches that was tried makes the same epoch, with the right network or "
                       "with one known fault in it. A shuffle of its own does this, and so do two "
                       "faults at once. Nothing is said about the gradient: it cannot be seen.",
              .c_wrong = "shuffle(data); for (n = 0; n < N; n++) update(data[n]);",
              .c_right = "update(data[n]);     /* called from outside, in a known order */",
              .py_wrong = "def step(x, t): net.fit(x, t, epochs=1, shuffle=True)",
              .py_right = "def gradient(x, t): return net.backward(x, t)",
              .confused = "epoch-is-right, where the epoch could be made again; "
                          "unexplained-gradient, where the gradient is seen and is wrong."}},
};

const struct bp_fault_table bp_faults_notes = {
    .title = "notes: no faults", .n = COUNT(FAULT), .fault = FAULT};
