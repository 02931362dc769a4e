/* budget.c -- steps, batches and budgets with which a right gradient does not arrive. */
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
     .plant_train = too_large,
     .page =
         {.right = "rate below about 2 / curvature",
          .wrong = "steps that jump over the valley",
          .shows = "The loss goes up and down, or overflows; steps are as large as the weights. At "
                   "a tenth of the rate it goes down steadily.",
          .c_wrong = "const double rate = 10.0;",
          .c_right = "const double rate = 0.5;",
          .py_wrong = "rate = 10",
          .py_right = "rate = 0.5",
          .confused =
              "update-uphill and sign-flipped, where a smaller rate rises as well, only slower."}},
    {.name = "rate-too-small",
     .title = "the steps are too small for the number of iterations given",
     .help =
         "multiply the rate by 10 until the loss no longer goes down steadily, then go back one",
     .kind = BP_KIND_RATE,
     .variants = 1,
     .plant_train = too_small,
     .page = {.right = "a rate at which the loss falls visibly",
              .wrong = "0.01 / N, and 10,000 iterations",
              .shows = "The loss falls steadily and hardly at all: 0.508 to 0.500 in 10,000 "
                       "iterations on XOR; update-to-weight ratios below 1e-4. With a rate 100 "
                       "times larger it is learned.",
              .c_wrong = "const double rate = 0.01 / N;",
              .c_right = "const double rate = 1.0;",
              .py_wrong = "rate = 0.01",
              .py_right = "rate = 1.0",
              .confused = "local-minimum and loss-stuck, where a larger rate does not help; "
                          "batch-mean-extra, which makes the rate small."}},
    {.name = "too-few-epochs",
     .title = "training was ended while the loss was still going down",
     .help = "train longer, or with a larger rate",
     .kind = BP_KIND_RATE,
     .variants = 1,
     .plant_train = too_few,
     .page = {.right = "train until the loss no longer falls",
              .wrong = "ended while it still falls",
              .shows = "The last part of the loss curve still goes down. XOR by 2-2-1 with rate "
                       "0.01 takes 100,000 iterations; after 10,000 nearly every run looks failed.",
              .c_wrong = "for (epoch = 0; epoch < 100; epoch++)",
              .c_right = "for (epoch = 0; epoch < 10000; epoch++)",
              .py_wrong = "for epoch in range(100):",
              .py_right = "for epoch in range(10000):",
              .confused = "rate-too-small: rate times iterations is what counts."}},
    {.name = "batch-never-filled",
     .title = "the batch is larger than the data, or its remainder is dropped: samples never train",
     .help = "let the last batch of an epoch be smaller",
     .kind = BP_KIND_RATE,
     .variants = 1,
     .page = {.right = "the last batch may be smaller",
              .wrong = "only full batches are trained on",
              .shows =
                  "With a batch larger than the data nothing ever moves, without a word; with a "
                  "remainder the same samples are left out for ever, unless the order changes.",
              .c_wrong = "for (i = 0; i + batch <= n; i += batch)",
              .c_right = "for (i = 0; i < n; i += batch) step(i, min(batch, n - i));",
              .py_wrong = "for i in range(len(X) // batch):",
              .py_right = "for i in range(0, len(X), batch):",
              .confused = "update-skipped, where batches are trained on and not applied."}},
};

const struct bp_fault_table bp_faults_budget = {
    .title = "rate and budget", .n = COUNT(FAULT), .fault = FAULT};
