/* run.c -- what is seen of a run that does not get there. These are mostly signs of a
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

static const struct bp_fault FAULT[] = {
    {.name = "loss-at-start-off",
     .title = "the loss before the first step is far from that of a guess",
     .help = "compare with the expected loss: ln C for C classes; look at start and scale",
     .kind = BP_KIND_RUN,
     .variants = 1,
     .plant_init = saturating},
    {.name = "activations-alike-at-start",
     .title = "a layer's activations are the same for every input at the start",
     .help = "look at the spread of the starting weights and of the inputs",
     .kind = BP_KIND_RUN,
     .variants = 1,
     .plant_init = vanishing},
    {.name = "loss-not-finite",
     .title = "the loss became NaN or infinite",
     .help = "lower the rate; look for the logarithm of 0 and for data that is not finite",
     .kind = BP_KIND_RUN,
     .variants = 1,
     .plant_train = overflowing},
    {.name = "loss-rising",
     .title = "the loss goes up",
     .help = "check the gradient's sign first, then lower the rate",
     .kind = BP_KIND_RUN,
     .variants = 1,
     .plant_train = overshooting},
    {.name = "loss-oscillating",
     .title = "the loss goes up and down without getting lower",
     .help = "lower the rate, or use larger batches",
     .kind = BP_KIND_RUN,
     .variants = 1,
     .plant_train = overshooting},
    {.name = "parameter-never-changes",
     .title = "a parameter is the same after the run as before it",
     .help = "check that its gradient is computed, and that the update reaches it",
     .kind = BP_KIND_RUN,
     .variants = 1},
    {.name = "units-saturated",
     .title = "units sit where their activation is flat, and hardly learn",
     .help = "start with smaller weights of both signs; scale the inputs",
     .kind = BP_KIND_RUN,
     .variants = 1,
     .plant_init = saturating},
    {.name = "units-dead",
     .title = "relu units are off for every example, and cannot come back",
     .help = "lower the rate; use He's start with biases of 0; or leaky relu",
     .kind = BP_KIND_RUN,
     .variants = 1,
     .plant_init = dying},
    {.name = "delta-vanishing",
     .title = "delta shrinks on the way down: the first layers hardly learn",
     .help = "use relu, or a start that keeps the spread (Glorot, He), or fewer layers",
     .kind = BP_KIND_RUN,
     .variants = 1,
     .plant_init = vanishing},
    {.name = "delta-exploding",
     .title = "delta grows on the way down: the first layers jump",
     .help = "start with smaller weights; clip the gradient; lower the rate",
     .kind = BP_KIND_RUN,
     .variants = 1,
     .plant_init = exploding},
    {.name = "updates-too-small",
     .title = "steps are tiny beside the weights, and the loss is far from its end",
     .help = "raise the rate",
     .kind = BP_KIND_RUN,
     .variants = 1,
     .plant_train = creeping},
    {.name = "updates-too-large",
     .title = "steps are as large as the weights",
     .help = "lower the rate",
     .kind = BP_KIND_RUN,
     .variants = 1,
     .plant_train = overshooting},
    {.name = "outputs-alike",
     .title = "the output is (almost) the same for every input",
     .help = "look for saturation, a dead layer, or a start without spread",
     .kind = BP_KIND_RUN,
     .variants = 1,
     .plant_train = creeping},
    {.name = "one-class-predicted",
     .title = "every example is put into the same class",
     .help = "look at the balance of the classes, then for outputs that are alike",
     .kind = BP_KIND_RUN,
     .variants = 1,
     .plant_train = creeping},
    {.name = "generalises-badly",
     .title = "it does much better on the training examples than on others",
     .help = "more data, fewer parameters, L2, or stop earlier",
     .kind = BP_KIND_RUN,
     .variants = 1},
    {.name = "loss-stuck",
     .title = "the loss stays where it is, above what can be reached",
     .help = "compare it with the known plateaus; check gradient, start and rate in that order",
     .kind = BP_KIND_RUN,
     .variants = 1,
     .plant_train = creeping},
    {.name = "local-minimum",
     .title = "the run ended in a minimum that is not the best one; nothing is wrong with the code",
     .help = "start again with another seed, or add hidden units",
     .kind = BP_KIND_RUN,
     .variants = 1},
};

const struct bp_fault_table bp_faults_run = {.title = "run", .n = COUNT(FAULT), .fault = FAULT};
