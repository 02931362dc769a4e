/* whole.c -- something else than the gradient is returned or printed in its place. */
#include "diag/faults/stage.h"
#include "diag/faults/tables.h"

#include <math.h>
#include <string.h>

STAGE(weights)
{
    (void)self;
    size_t count;
    const size_t block = bp_mlp_block(pass->net, l, &count);
    memcpy(out, pass->theta + block, count * sizeof *out);
}

/* theta - rate * gradient */
STAGE(updated)
{
    size_t count;
    const size_t block = bp_mlp_block(pass->net, l, &count);
    run_right(pass, l, self, out);
    for (size_t k = 0; k < count; k++)
        out[k] = pass->theta[block + k] - pass->rate * out[k];
}

/* 0/0 in every number (variant 0), 1/0 (1) */
STAGE(not_finite)
{
    size_t count;
    bp_mlp_block(pass->net, l, &count);
    fill(out, count, planted(self)->variant == 0 ? (double)NAN : (double)INFINITY);
}

#define PLANT_WHOLE(run)                                                                           \
    PLANT(plant_##run)                                                                             \
    {                                                                                              \
        put(ops, layer, BP_REGULARISE, run, h);                                                    \
    }

PLANT_WHOLE(weights)
PLANT_WHOLE(updated)
PLANT_WHOLE(not_finite)

APPLIES(rated)
{
    (void)variant;
    (void)layer;
    return setting->rate != 0.0;
}

static const char *const FINITE_VARIANT[] = {"NaN", "infinity"};

static const struct bp_fault FAULT[] = {
    {.name = "weights-as-gradient",
     .title = "the parameters stand where the gradient is expected",
     .help = "return, or print, the gradient's array, not the parameters'",
     .slot = BP_REGULARISE,
     .cost = 0.2,
     .variants = 1,
     .extent = BP_AT_ALL,
     .plant = plant_weights},
    {.name = "updated-weights-as-gradient",
     .title = "the parameters after the step stand where the gradient is expected",
     .help = "return, or print, the gradient, and make the step apart from it",
     .slot = BP_REGULARISE,
     .cost = 0.2,
     .variants = 1,
     .extent = BP_AT_ALL,
     .applies = rated,
     .plant = plant_updated},
    {.name = "gradient-not-finite",
     .title = "the gradient holds NaN or infinity",
     .help = "find the first stage that is not finite: a logarithm of 0, 0/0, an overflow",
     .slot = BP_REGULARISE,
     .cost = 0.5,
     .variants = 2,
     .variant = FINITE_VARIANT,
     .extent = BP_AT_ANY | BP_AT_ALL,
     .plant = plant_not_finite},
};

const struct bp_fault_table bp_faults_whole = {
    .title = "whole gradient", .n = COUNT(FAULT), .fault = FAULT};
