/* neuron.c -- one neuron's delta is wrong, the others of its layer are right: a
 * loop that stops short, an index that is off by one. */
#include "diag/faults/stage.h"
#include "diag/faults/tables.h"

/* The right deltas, with neuron k's replaced by factor times those of neuron from. */
static void replace(const struct bp_pass *pass, size_t l, const struct bp_stage *self, size_t from,
                    double factor, double *out)
{
    const size_t width = width_of(pass, l);
    const size_t k = planted(self)->neuron;
    run_right(pass, l, self, out);
    for (size_t s = 0; s < pass->n; s++)
        out[s * width + k] = factor * out[s * width + from];
}

STAGE(zero)
{
    const size_t width = width_of(pass, l);
    run_right(pass, l, self, out);
    for (size_t s = 0; s < pass->n; s++)
        out[s * width + planted(self)->neuron] = 0.0;
}

STAGE(negated)
{
    replace(pass, l, self, planted(self)->neuron, -1.0, out);
}

/* The next neuron's (variant 0), or the last one's (1). */
STAGE(copied)
{
    const size_t width = width_of(pass, l);
    const size_t step = planted(self)->variant == 0 ? 1 : width - 1;
    replace(pass, l, self, (planted(self)->neuron + step) % width, 1.0, out);
}

/* e in place of e f'(z) */
STAGE(underived)
{
    const size_t width = width_of(pass, l);
    run_right(pass, l, self, out);
    for (size_t s = 0; s < pass->n; s++) {
        const size_t i = s * width + planted(self)->neuron;
        out[i] = pass->e[l][i] * (pass->mask[l] == NULL ? 1.0 : pass->mask[l][i]);
    }
}

#define PLANT_NEURON(run)                                                                          \
    PLANT(plant_##run)                                                                             \
    {                                                                                              \
        put(ops, layer, BP_DERIVATIVE, run, h);                                                    \
        put(ops, layer, BP_OUTPUT_DELTA, run, h);                                                  \
    }

PLANT_NEURON(zero)
PLANT_NEURON(negated)
PLANT_NEURON(copied)
PLANT_NEURON(underived)

/* ---- where ----------------------------------------------------------------- */

/* A layer of one neuron has its own entries. */
APPLIES(several)
{
    (void)variant;
    return wide(setting, layer) > 1;
}

/* Of two neurons the next is the last. */
APPLIES(neighbour)
{
    return wide(setting, layer) > (variant == 0 ? 1u : 2u);
}

APPLIES(curved)
{
    return several(setting, variant, layer) && activation_at(setting, layer) != BP_IDENTITY &&
           activation_at(setting, layer) != BP_SOFTMAX;
}

/* ---- the table ------------------------------------------------------------- */

enum { ONE = BP_AT_ANY | BP_AT_NEURON };

static const char *const COPY_VARIANT[] = {"the next neuron's", "the neuron's before it"};
static const double COPY_COST[] = {0.0, 0.1};

static const struct bp_fault FAULT[] = {
    {.name = "neuron-delta-zero",
     .title = "one neuron's delta is zero: it does not learn, nor do its weights below",
     .help = "let the loop over neurons reach this one",
     .slot = BP_DERIVATIVE,
     .cost = 0.3,
     .variants = 1,
     .extent = ONE,
     .applies = several,
     .plant = plant_zero},
    {.name = "neuron-delta-sign-flipped",
     .title = "one neuron's delta has the wrong sign",
     .help = "treat this neuron as the others of its layer",
     .slot = BP_DERIVATIVE,
     .cost = 0.3,
     .variants = 1,
     .extent = ONE,
     .applies = several,
     .plant = plant_negated},
    {.name = "neuron-delta-of-neighbour",
     .title = "one neuron gets the delta of its neighbour",
     .help = "check the index of delta in layer {l}",
     .slot = BP_DERIVATIVE,
     .cost = 0.3,
     .variants = 2,
     .variant = COPY_VARIANT,
     .variant_cost = COPY_COST,
     .extent = ONE,
     .applies = neighbour,
     .plant = plant_copied},
    {.name = "neuron-without-derivative",
     .title = "one neuron's delta is not multiplied by f'(z)",
     .help = "multiply every neuron's error by its f'(z)",
     .slot = BP_DERIVATIVE,
     .cost = 0.3,
     .variants = 1,
     .extent = ONE,
     .applies = curved,
     .plant = plant_underived},
};

const struct bp_fault_table bp_faults_neuron = {
    .title = "one neuron", .n = COUNT(FAULT), .fault = FAULT};
