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
     .plant_network = mismatch},
    {.name = "too-few-hidden-units",
     .title = "the network is too small for the task: no weights could do it",
     .help = "add hidden units, or a hidden layer",
     .kind = BP_KIND_NETWORK,
     .variants = 1,
     .plant_network = narrow},
    {.name = "hidden-layers-linear",
     .title = "hidden layers without an activation: together they are one linear layer",
     .help = "give the hidden layers sigmoid, tanh or relu",
     .kind = BP_KIND_NETWORK,
     .variants = 1,
     .plant_network = linear},
    {.name = "biases-missing",
     .title = "the network has no biases: every boundary goes through the origin",
     .help = "add a bias to each neuron",
     .kind = BP_KIND_NETWORK,
     .variants = 1,
     .plant_network = unbiased},
};

const struct bp_fault_table bp_faults_network = {
    .title = "network", .n = COUNT(FAULT), .fault = FAULT};
