/* network.c -- networks that cannot do what is asked of them, however they train. */
#include "diag/faults/stage.h"
#include "diag/faults/tables.h"

#define PLANT_NETWORK(name) static void name(const struct bp_hypothesis *h, struct bp_spec *spec)

/* Cross-entropy of outputs that may be negative. */
PLANT_NETWORK(mismatch)
{
    (void)h;
    spec->loss = BP_BINARY_CROSS_ENTROPY;
    spec->layer[spec->layers].activation = BP_TANH;
}

PLANT_NETWORK(narrow)
{
    (void)h;
    for (size_t l = 1; l < spec->layers; l++)
        spec->layer[l].width = 1;
}

PLANT_NETWORK(linear)
{
    (void)h;
    for (size_t l = 1; l < spec->layers; l++)
        spec->layer[l].activation = BP_IDENTITY;
}

PLANT_NETWORK(unbiased)
{
    (void)h;
    for (size_t l = 1; l <= spec->layers; l++)
        spec->layer[l].has_bias = false;
}

static const struct bp_fault FAULT[] = {
    {.name = "loss-and-activation-mismatch",
     .title = "the loss and the output activation do not belong together",
     .help = "sigmoid with binary cross-entropy, softmax with softmax cross-entropy, identity with "
             "squared error",
     .kind = BP_KIND_NETWORK,
     .variants = 1,
     .plant_network = mismatch,
     .page = {.right = "sigmoid with binary cross-entropy, softmax with its own, identity with "
                       "squared error",
              .wrong = "tanh with cross-entropy: the logarithm of a negative number",
              .shows = "NaN, or a loss that cannot be compared, or a gradient that vanishes where "
                       "the output is wrong and sure.",
              .c_wrong = "loss -= t[k] * log(tanh(z[k]));",
              .c_right = "loss -= t[k] * log(sigmoid(z[k])) + (1 - t[k]) * log(1 - sigmoid(z[k]));",
              .py_wrong = "a = np.tanh(z); L = -(t * np.log(a)).sum()",
              .py_right =
                  "a = 1 / (1 + np.exp(-z)); L = -(t * np.log(a) + (1-t) * np.log(1-a)).sum()",
              .confused =
                  "extra-output-derivative, where they belong together and delta does not."}},
    {.name = "too-few-hidden-units",
     .title = "the network is too small for the task: no weights could do it",
     .help = "add hidden units, or a hidden layer",
     .kind = BP_KIND_NETWORK,
     .variants = 1,
     .plant_network = narrow,
     .page = {.right = "enough units for the task: two hidden ones for XOR",
              .wrong = "one neuron, 2-1, on XOR",
              .shows = "The loss settles at the best that one line can do: 1/2 a sample set for "
                       "XOR (0.5 everywhere). Every run, every rate, every start ends there.",
              .c_wrong = "int sizes[] = {2, 1};",
              .c_right = "int sizes[] = {2, 4, 1};",
              .py_wrong = "sizes = [2, 1]",
              .py_right = "sizes = [2, 4, 1]",
              .confused = "symmetric-weights, where there are enough units and they act as one; "
                          "local-minimum, where some starts succeed."}},
    {.name = "hidden-layers-linear",
     .title = "hidden layers without an activation: together they are one linear layer",
     .help = "give the hidden layers sigmoid, tanh or relu",
     .kind = BP_KIND_NETWORK,
     .variants = 1,
     .plant_network = linear,
     .page = {.right = "a = f(z), f not linear",
              .wrong = "a = z in every hidden layer",
              .shows = "W2 (W1 x + b1) + b2 is one linear layer: XOR cannot be learned, at any "
                       "width or depth. The gradient is right.",
              .c_wrong = "hidden[i] = z[i];",
              .c_right = "hidden[i] = tanh(z[i]);",
              .py_wrong = "h = x @ W1.T + b1",
              .py_right = "h = np.tanh(x @ W1.T + b1)",
              .confused =
                  "missing-activation-derivative, where the forward pass has its activation."}},
    {.name = "biases-missing",
     .title = "the network has no biases: every boundary goes through the origin",
     .help = "add a bias to each neuron",
     .kind = BP_KIND_NETWORK,
     .variants = 1,
     .plant_network = unbiased,
     .example = "backprobe run scenarios/and.conf --plant biases-missing",
     .page = {.right = "z = W a + b",
              .wrong = "z = W a",
              .shows = "Every boundary goes through the origin, and sigmoid gives 0.5 for the "
                       "input 0 in every unit. AND and XOR on 0/1 suffer most.",
              .c_wrong = "z[i] = dot(w[i], a);",
              .c_right = "z[i] = dot(w[i], a) + b[i];",
              .py_wrong = "z = a @ W.T",
              .py_right = "z = a @ W.T + b",
              .confused = "bias-gradient-missing, where there are biases that never move."}},
};

const struct bp_fault_table bp_faults_network = {
    .title = "network", .n = COUNT(FAULT), .fault = FAULT};
