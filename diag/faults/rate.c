/* rate.c -- steps, batches and budgets with which a right gradient does not arrive. */
#include "diag/faults/stage.h"
#include "diag/faults/tables.h"

#define PLANT_TRAIN(name) static void name(const struct bp_hypothesis *h, struct bp_train *train)

PLANT_TRAIN(too_large)
{
    (void)h;
    train->rate *= 1e3;
}

PLANT_TRAIN(too_small)
{
    (void)h;
    train->rate *= 1e-4;
}

PLANT_TRAIN(too_few)
{
    (void)h;
    train->epochs = train->epochs / 100 + 1;
}

static const struct bp_fault FAULT[] = {
    {.name = "rate-too-large",
     .title = "the steps overshoot: the loss jumps, oscillates or overflows",
     .help = "divide the rate by 10 until the loss goes down steadily",
     .kind = BP_KIND_RATE,
     .variants = 1,
     .plant_train = too_large},
    {.name = "rate-too-small",
     .title = "the steps are too small for the number of iterations given",
     .help =
         "multiply the rate by 10 until the loss no longer goes down steadily, then go back one",
     .kind = BP_KIND_RATE,
     .variants = 1,
     .plant_train = too_small},
    {.name = "too-few-epochs",
     .title = "training was ended while the loss was still going down",
     .help = "train longer, or with a larger rate",
     .kind = BP_KIND_RATE,
     .variants = 1,
     .plant_train = too_few},
    {.name = "batch-never-filled",
     .title = "the batch is larger than the data, or its remainder is dropped: samples never train",
     .help = "let the last batch of an epoch be smaller",
     .kind = BP_KIND_RATE,
     .variants = 1},
};

const struct bp_fault_table bp_faults_rate = {
    .title = "rate and budget", .n = COUNT(FAULT), .fault = FAULT};
