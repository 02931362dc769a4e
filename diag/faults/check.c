/* check.c -- mistakes of the gradient check itself: backpropagation may be right. */
#include "diag/faults/stage.h"
#include "diag/faults/tables.h"

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
     .plant_check = shows_weights},
    {.name = "check-on-other-scale",
     .title = "cost and gradient have different constants: every ratio is the same number",
     .help = "use one convention for both: 1/N in both or in neither, 1/2 in both or in neither",
     .kind = BP_KIND_CHECK,
     .variants = 2,
     .variant = SCALE_VARIANT,
     .plant_check = other_scale},
    {.name = "check-step-too-small",
     .title = "the check's step is so small that rounding is all that is left",
     .help = "use a step of about 1e-5 times the parameter's size, and a central difference",
     .kind = BP_KIND_CHECK,
     .variants = 1,
     .plant_check = step_too_small},
    {.name = "check-step-too-large",
     .title = "the check's step is so large that the curve bends within it",
     .help = "use a step of about 1e-5 times the parameter's size, and a central difference",
     .kind = BP_KIND_CHECK,
     .variants = 1,
     .plant_check = step_too_large},
    {.name = "check-one-sided",
     .title = "the check takes a forward difference, whose error is as large as its step",
     .help = "use (loss(theta + h) - loss(theta - h)) / (2 h)",
     .kind = BP_KIND_CHECK,
     .variants = 1,
     .plant_check = one_sided},
    {.name = "check-compares-magnitudes",
     .title = "the check compares without signs: a gradient that points uphill passes",
     .help = "compare |a - n|, not |a| with |n|, nor norms",
     .kind = BP_KIND_CHECK,
     .variants = 1,
     .plant_check = magnitudes},
    {.name = "check-does-not-restore",
     .title = "a perturbed parameter is not put back: later entries are taken elsewhere",
     .help = "save the parameter and put the saved value back",
     .kind = BP_KIND_CHECK,
     .variants = 1,
     .plant_check = not_restored},
    {.name = "check-on-other-data",
     .title = "loss and gradient are computed on different examples",
     .help = "give both the same batch, in the same order, with the same masks",
     .kind = BP_KIND_CHECK,
     .variants = 1,
     .plant_check = other_data},
    {.name = "check-drowns-in-rounding",
     .title = "the loss is computed in float32: differences of it are mostly rounding",
     .help = "compute the check in double, or use a step of about 1e-2 and a loose tolerance",
     .kind = BP_KIND_CHECK,
     .variants = 1,
     .plant_check = single},
    {.name = "check-crosses-kink",
     .title = "a relu changes sides between theta - h and theta + h",
     .help = "shrink the step until no unit changes sides, or leave this entry out",
     .kind = BP_KIND_CHECK,
     .variants = 1,
     .plant_check = step_too_large},
    {.name = "check-is-vacuous",
     .title = "every derivative is zero here: right and wrong gradients both agree",
     .help = "check at random weights, with non-zero biases and several examples",
     .kind = BP_KIND_CHECK,
     .variants = 1},
};

const struct bp_fault_table bp_faults_check = {
    .title = "the check itself", .n = COUNT(FAULT), .fault = FAULT};
