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
     .plant = plant_zero,
     .page = {.right = "delta_i = e_i f'(z_i) for every i",
              .wrong = "delta_k = 0 for one k",
              .shows = "Row k of dW and db[k] are exactly 0, numeric not; the layers below lack "
                       "this neuron's share. The rest of the layer agrees.",
              .c_wrong = "for (i = 0; i < n - 1; i++) delta[i] = e[i] * slope[i];",
              .c_right = "for (i = 0; i < n; i++) delta[i] = e[i] * slope[i];",
              .py_wrong = "delta[:-1] = (e * s)[:-1]",
              .py_right = "delta[:] = e * s",
              .confused = "units-dead, where numeric is 0 as well; row-never-filled, where the "
                          "layers below are right."}},
    {.name = "neuron-delta-sign-flipped",
     .title = "one neuron's delta has the wrong sign",
     .help = "treat this neuron as the others of its layer",
     .slot = BP_DERIVATIVE,
     .cost = 0.3,
     .variants = 1,
     .extent = ONE,
     .applies = several,
     .plant = plant_negated,
     .page = {.right = "delta_k = e_k f'(z_k)",
              .wrong = "delta_k = -e_k f'(z_k) for one k",
              .shows = "Row k of dW and db[k] have the ratio -1, the other rows 1; below, nothing "
                       "has a constant ratio.",
              .c_wrong = "delta[0] = -e[0] * slope[0];",
              .c_right = "delta[0] = e[0] * slope[0];",
              .py_wrong = "delta[:, 0] *= -1",
              .py_right = "delta = e * s",
              .confused = "layer-sign-flipped, where every row has -1."}},
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
     .plant = plant_copied,
     .page = {.right = "delta_k for row k",
              .wrong = "delta_{k+1} for row k",
              .shows = "Two rows of dW are equal, and so are their db. The two neurons take the "
                       "same step for ever.",
              .c_wrong = "delta[i] = e[i + 1] * slope[i + 1];",
              .c_right = "delta[i] = e[i] * slope[i];",
              .py_wrong = "delta = np.roll(delta, -1, axis=1)",
              .py_right = "delta = e * s",
              .confused =
                  "symmetric-weights, where neurons have equal steps because they are equal."}},
    {.name = "neuron-without-derivative",
     .title = "one neuron's delta is not multiplied by f'(z)",
     .help = "multiply every neuron's error by its f'(z)",
     .slot = BP_DERIVATIVE,
     .cost = 0.3,
     .variants = 1,
     .extent = ONE,
     .applies = curved,
     .plant = plant_underived,
     .page = {.right = "delta_k = e_k f'(z_k)",
              .wrong = "delta_k = e_k for one k",
              .shows = "One row of dW is off by 1/f', different for each sample; the others agree.",
              .c_wrong = "if (i > 0) delta[i] *= slope[i];",
              .c_right = "delta[i] *= slope[i];",
              .py_wrong = "delta[:, 1:] *= s[:, 1:]",
              .py_right = "delta *= s",
              .confused = "missing-activation-derivative, where the whole layer has none."}},
};

const struct bp_fault_table bp_faults_neuron = {
    .title = "one neuron", .n = COUNT(FAULT), .fault = FAULT};
